package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"huoshui/internal/platform/errs"
)

// field is one column of a struct: where it sits and how it is stored.
type field struct {
	column string
	index  []int
	json   bool // stored as JSON text
	null   bool // the zero value is stored as NULL
	time   bool // stored as microseconds UTC
}

// plan is how a struct type meets its columns.
type plan struct {
	fields []field
	byName map[string]int
}

var plans sync.Map // reflect.Type → *plan

var timeType = reflect.TypeFor[time.Time]()

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{byName: map[string]int{}}
	p.add(t, nil)
	plans.Store(t, p)
	return p
}

func (p *plan) add(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int{}, at...), i)
		tag, tagged := f.Tag.Lookup("db")
		if !tagged {
			if f.Anonymous && f.Type.Kind() == reflect.Struct {
				p.add(f.Type, index)
			}
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" || name == "" {
			continue
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, field{
			column: name, index: index, time: f.Type == timeType,
			json: options == "json", null: options == "null",
		})
	}
}

// value returns what is stored for the field.
func (f field) value(row reflect.Value) (any, error) {
	v := row.FieldByIndex(f.index)
	switch {
	case f.time:
		return micros(v.Interface().(time.Time)), nil
	case f.json:
		b, err := json.Marshal(v.Interface())
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.column, err)
		}
		return string(b), nil
	case f.null && v.IsZero():
		return nil, nil
	case v.Kind() == reflect.String:
		return v.String(), nil // named string types
	}
	return v.Interface(), nil
}

// cell scans one column into a Go value; NULL leaves the zero value.
type cell struct {
	to   reflect.Value
	json bool
	time bool
}

// Scan implements sql.Scanner.
func (c *cell) Scan(src any) error {
	if src == nil {
		c.to.SetZero()
		return nil
	}
	if c.time {
		n, ok := src.(int64)
		if !ok {
			return fmt.Errorf("a time is stored as %T", src)
		}
		c.to.Set(reflect.ValueOf(time.UnixMicro(n).UTC()))
		return nil
	}
	if c.to.Kind() == reflect.Interface {
		c.to.Set(reflect.ValueOf(src))
		return nil
	}
	if c.json {
		var b []byte
		switch s := src.(type) {
		case string:
			b = []byte(s)
		case []byte:
			b = s
		default:
			return fmt.Errorf("JSON is stored as %T", src)
		}
		return json.Unmarshal(b, c.to.Addr().Interface())
	}
	switch s := src.(type) {
	case string:
		if c.to.Kind() == reflect.String {
			c.to.SetString(s)
			return nil
		}
	case []byte:
		switch {
		case c.to.Kind() == reflect.String:
			c.to.SetString(string(s))
			return nil
		case c.to.Kind() == reflect.Slice && c.to.Type().Elem().Kind() == reflect.Uint8:
			c.to.SetBytes(append([]byte(nil), s...))
			return nil
		}
	case int64:
		switch {
		case c.to.CanInt() && !c.to.OverflowInt(s):
			c.to.SetInt(s)
			return nil
		case c.to.CanUint() && s >= 0 && !c.to.OverflowUint(uint64(s)):
			c.to.SetUint(uint64(s))
			return nil
		case c.to.Kind() == reflect.Bool:
			c.to.SetBool(s != 0)
			return nil
		case c.to.CanFloat():
			c.to.SetFloat(float64(s))
			return nil
		}
	case float64:
		if c.to.CanFloat() {
			c.to.SetFloat(s)
			return nil
		}
	case bool:
		if c.to.Kind() == reflect.Bool {
			c.to.SetBool(s)
			return nil
		}
	}
	return fmt.Errorf("cannot read %T into %s", src, c.to.Type())
}

// Each runs a query and calls fn for every row, in order, holding one row at a time. T is a struct with db tags
// (every column of the result must have a field) or a single-column value.
func Each[T any](ctx context.Context, q Querier, query string, args []any, fn func(T) error) (err error) {
	rows, err := q.query(ctx, query, args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	var row T
	dest, err := destinations(reflect.ValueOf(&row).Elem(), columns)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := fn(row); err != nil {
			return err
		}
		var zero T
		row = zero
	}
	return rows.Err()
}

func destinations(row reflect.Value, columns []string) ([]any, error) {
	if row.Kind() != reflect.Struct || row.Type() == timeType {
		if len(columns) != 1 {
			return nil, fmt.Errorf("store: %d columns for one %s", len(columns), row.Type())
		}
		return []any{&cell{to: row, time: row.Type() == timeType}}, nil
	}
	p := planOf(row.Type())
	dest := make([]any, len(columns))
	for i, name := range columns {
		at, ok := p.byName[name]
		if !ok {
			return nil, fmt.Errorf("store: %s has no field for column %q", row.Type(), name)
		}
		f := p.fields[at]
		dest[i] = &cell{to: row.FieldByIndex(f.index), json: f.json, time: f.time}
	}
	return dest, nil
}

// All returns every row of a query; an empty result is an empty slice, never nil.
func All[T any](ctx context.Context, q Querier, query string, args ...any) ([]T, error) {
	out := []T{}
	err := Each(ctx, q, query, args, func(row T) error {
		out = append(out, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// One returns the only row of a query, or a NotFound error.
func One[T any](ctx context.Context, q Querier, query string, args ...any) (T, error) {
	var found []T
	err := Each(ctx, q, query, args, func(row T) error {
		found = append(found, row)
		return nil
	})
	var zero T
	switch {
	case err != nil:
		return zero, err
	case len(found) == 0:
		return zero, errs.Wrap(errs.NotFound, "store.not_found", sql.ErrNoRows)
	case len(found) > 1:
		return zero, fmt.Errorf("store: %d rows where one was promised", len(found))
	}
	return found[0], nil
}

// Insert writes one row from a struct with db tags. A unique violation is a Conflict.
func Insert[T any](ctx context.Context, tx *Tx, table string, row T) error {
	_, err := InsertAll(ctx, tx, table, []T{row}, "")
	return err
}

// InsertAll writes rows with as few statements as the engine allows, with an optional suffix such as
// "ON CONFLICT (id) DO NOTHING", and returns how many rows were written.
func InsertAll[T any](ctx context.Context, tx *Tx, table string, rows []T, suffix string) (int64, error) {
	var written int64
	err := insert(tx, table, rows, suffix, func(q string, args []any) error {
		n, err := tx.Exec(ctx, q, args...)
		written += n
		return err
	})
	return written, err
}

// InsertLater is InsertAll for who does not ask how many rows were written; of when it is done and tells its error see Later.
func InsertLater[T any](ctx context.Context, tx *Tx, table string, rows []T, suffix string) error {
	return insert(tx, table, rows, suffix, func(q string, args []any) error { return tx.Later(ctx, q, args...) })
}

func insert[T any](tx *Tx, table string, rows []T, suffix string, exec func(q string, args []any) error) error {
	if len(rows) == 0 {
		return nil
	}
	p := planOf(reflect.TypeFor[T]())
	if len(p.fields) == 0 {
		return fmt.Errorf("store: %s has no db tags", reflect.TypeFor[T]())
	}
	columns := make([]string, len(p.fields))
	for i, f := range p.fields {
		columns[i] = f.column
	}
	head := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES "
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	// A few fixed chunk sizes keep the number of statement texts small, so prepared statements are reused.
	most := min(tx.dialect.maxArgs/len(columns), 1000)
	for len(rows) > 0 {
		n := 1
		for _, size := range []int{1000, 250, 50, 10, 5, 3, 2} {
			if size <= most && len(rows) >= size {
				n = size
				break
			}
		}
		args := make([]any, 0, n*len(columns))
		for i := range n {
			v := reflect.ValueOf(&rows[i]).Elem()
			for _, f := range p.fields {
				a, err := f.value(v)
				if err != nil {
					return err
				}
				args = append(args, a)
			}
		}
		q := head + strings.TrimSuffix(strings.Repeat(one+", ", n), ", ")
		if suffix != "" {
			q += " " + suffix
		}
		if err := exec(q, args); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// Where builds a WHERE clause; its zero value matches everything.
type Where struct {
	parts []string
	args  []any
}

// And adds a condition that must also hold.
func (w *Where) And(condition string, args ...any) {
	w.parts = append(w.parts, "("+condition+")")
	w.args = append(w.args, args...)
}

// In adds "column IN (values)"; no values match nothing.
func In[T any](w *Where, column string, values []T) {
	if len(values) == 0 {
		w.And("1 = 0")
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.And(column+" IN ("+Marks(len(values))+")", args...)
}

// SQL returns " WHERE …", or "" when there is no condition.
func (w *Where) SQL() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// Args returns the arguments, followed by extra.
func (w *Where) Args(extra ...any) []any {
	return append(append([]any{}, w.args...), extra...)
}

// Marks returns n placeholders, comma separated.
func Marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// Like escapes a text for "LOWER(a) LIKE LOWER(?) ESCAPE '\'"; add % where wanted.
func Like(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
