package warehouse

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
)

// All runs simple SQL and returns its rows: T is a scalar, or a struct whose fields are tagged `db:"column"`.
// A string field tagged `db:"column,text"` holds a dictionary code in the warehouse and its text here; time.Time is
// microseconds in the warehouse. A text in a condition is passed as w.Code(text). Give sums as CAST(SUM(x) AS BIGINT).
func All[T any](ctx context.Context, w *Warehouse, query string, args ...any) ([]T, error) {
	out := []T{}
	err := Each(ctx, w, query, args, func(row T) error {
		out = append(out, row)
		return nil
	})
	return out, err
}

// One is All for exactly one row; errs.NotFound when there is none.
func One[T any](ctx context.Context, w *Warehouse, query string, args ...any) (T, error) {
	rows, err := All[T](ctx, w, query, args...)
	if err != nil || len(rows) == 0 {
		var zero T
		if err == nil {
			err = errs.New(errs.NotFound, "warehouse.no_row", "there is no such row")
		}
		return zero, err
	}
	return rows[0], nil
}

// Each is All row by row. fn must not query the warehouse.
func Each[T any](ctx context.Context, w *Warehouse, query string, args []any, fn func(T) error) error {
	var row T
	begin := func(columns []string) ([]any, error) { return w.cells(reflect.ValueOf(&row).Elem(), columns) }
	var stopped error
	err := w.engine.query(ctx, query, args, begin, func() error {
		stopped = fn(row)
		return stopped
	})
	if err == nil || stopped != nil {
		return stopped
	}
	return fmt.Errorf("warehouse: %w", err)
}

// Numbers runs a query whose one column is customer numbers and returns them as a set, much faster than row by row.
func (w *Warehouse) Numbers(ctx context.Context, query string) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := w.engine.numbers(ctx, query, out)
	if err != nil {
		return nil, fmt.Errorf("warehouse: %w", err)
	}
	return out, nil
}

var timeType = reflect.TypeFor[time.Time]()

// cells pairs the columns of an answer with the fields of a row.
func (w *Warehouse) cells(row reflect.Value, columns []string) ([]any, error) {
	if row.Kind() != reflect.Struct || row.Type() == timeType {
		return []any{&cell{to: row}}, nil
	}
	fields := map[string]*cell{}
	var gather func(v reflect.Value)
	gather = func(v reflect.Value) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			tag := f.Tag.Get("db")
			if tag == "" && f.Anonymous && f.Type.Kind() == reflect.Struct {
				gather(v.Field(i))
			}
			name, option, _ := strings.Cut(tag, ",")
			if name == "" || name == "-" {
				continue
			}
			c := &cell{to: v.Field(i)}
			if option == "text" {
				c.dict = w.dict
			}
			fields[name] = c
		}
	}
	gather(row)
	out := make([]any, len(columns))
	for i, name := range columns {
		c, ok := fields[name]
		if !ok {
			return nil, fmt.Errorf("warehouse: %s has no field for column %s", row.Type(), name)
		}
		out[i] = c
	}
	return out, nil
}

// cell scans one column; NULL leaves the zero value.
type cell struct {
	to   reflect.Value
	dict *dict
}

// Scan implements sql.Scanner.
func (c *cell) Scan(src any) error {
	if src == nil {
		c.to.SetZero()
		return nil
	}
	if b, ok := src.(*big.Int); ok { // the engine's 128-bit sum
		src = b.Int64()
	}
	v := reflect.ValueOf(src)
	switch {
	case c.dict != nil:
		if !v.CanUint() {
			return fmt.Errorf("a dictionary code is stored as %T", src)
		}
		c.to.SetString(c.dict.text(uint32(v.Uint())))
	case c.to.Type() == timeType:
		if !v.CanInt() {
			return fmt.Errorf("a time is stored as %T", src)
		}
		if v.Int() == 0 {
			c.to.SetZero()
		} else {
			c.to.Set(reflect.ValueOf(time.UnixMicro(v.Int()).UTC()))
		}
	case c.to.Kind() == reflect.String && v.Kind() != reflect.String:
		if b, ok := src.([]byte); ok {
			c.to.SetString(string(b))
			return nil
		}
		return fmt.Errorf("a %T does not go into a %s", src, c.to.Type())
	case c.to.Kind() == reflect.Bool && v.CanUint(): // an engine without truth values
		c.to.SetBool(v.Uint() != 0)
	case v.CanConvert(c.to.Type()):
		c.to.Set(v.Convert(c.to.Type()))
	default:
		return fmt.Errorf("a %T does not go into a %s", src, c.to.Type())
	}
	return nil
}

// FactsOf is the facts of one customer as SQL, in place of "facts" after FROM: engines find them quickly, also where merges moved them.
func (w *Warehouse) FactsOf(customer uint32) string { return w.engine.factsOf(customer) }

// ServerCPU is the processor time that the servers of the warehouse have used since they started, in seconds; 0 where the engine
// is part of this process.
func (w *Warehouse) ServerCPU(ctx context.Context) (float64, error) { return w.engine.serverCPU(ctx) }

// Happening is one fact of a customer as a person reads it.
type Happening struct {
	At       time.Time `db:"ts" json:"at"`
	Name     string    `db:"kind,text" json:"name"`
	ID       uint64    `db:"id" json:"-"`
	Subject  string    `db:"subject" json:"subject,omitempty"`
	Amount   int64     `db:"amount" json:"amount_fen,omitempty"`
	Quantity int64     `db:"quantity" json:"quantity,omitempty"`
	Product  string    `db:"product,text" json:"product,omitempty"`
	Category string    `db:"category,text" json:"category,omitempty"`
	Channel  string    `db:"channel,text" json:"channel,omitempty"`
	Campaign string    `db:"campaign,text" json:"campaign,omitempty"`
	Strategy string    `db:"strategy,text" json:"strategy,omitempty"`
	Detail   string    `db:"detail,text" json:"detail,omitempty"`
	Props    string    `db:"props" json:"props,omitempty"`
}

// Cursor is where a page of happenings ended; the zero value begins at the newest.
type Cursor struct {
	TS int64
	ID uint64
}

// Happenings returns a customer's facts, newest first, below the cursor, of the given names (all when empty).
func (w *Warehouse) Happenings(ctx context.Context, customer uint32, names []string, below Cursor, limit int) ([]Happening, error) {
	q := "SELECT ts, kind, id, subject, amount, quantity, product, category, channel, campaign, strategy, detail, props FROM " + w.FactsOf(customer) + " AS facts WHERE 1 = 1"
	args := []any{}
	if len(names) > 0 {
		codes := make([]string, 0, len(names))
		for _, n := range names {
			codes = append(codes, number(w.Code(n)))
		}
		q += " AND kind IN (" + strings.Join(codes, ", ") + ")"
	}
	if below != (Cursor{}) {
		q += " AND (ts < ? OR ts = ? AND id < " + strconv.FormatUint(below.ID, 10) + ")" // database/sql takes no high bit
		args = append(args, below.TS, below.TS)
	}
	return All[Happening](ctx, w, q+" ORDER BY ts DESC, id DESC LIMIT ?", append(args, limit)...)
}

// Latest returns the newest fact, of the given names, of each of some customers, by number: one scan for all of them, of whom there are at most
// MostPicked. Who has none is left out. ID, Subject and Props are not filled in.
func (w *Warehouse) Latest(ctx context.Context, customers []uint32, names []string) (map[uint32]Happening, error) {
	out := map[uint32]Happening{}
	pick := slices.Compact(slices.Sorted(slices.Values(customers)))
	if len(pick) == 0 {
		return out, nil
	}
	columns := ColumnAmount | ColumnQuantity
	for i := range codeColumns {
		columns |= ColumnProduct << i
	}
	_, err := w.Scan(ctx, ScanSpec{Pick: pick, Facts: names, Columns: columns, AsOf: math.MaxInt64, Workers: 1}, func(_ int, b *Block) error {
		for i, n := range pick {
			from, to := b.Start[i], b.Start[i+1]
			if from == to {
				continue
			}
			at := to - 1
			out[n] = Happening{
				At: time.UnixMicro(b.TS[at]).UTC(), Name: names[b.Kind[at]], Amount: b.Amount[at], Quantity: b.Quantity[at],
				Product: w.Text(b.Product[at]), Category: w.Text(b.Category[at]), Channel: w.Text(b.Channel[at]),
				Campaign: w.Text(b.Campaign[at]), Strategy: w.Text(b.Strategy[at]), Detail: w.Text(b.Detail[at]),
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("latest facts: %w", err)
	}
	return out, nil
}
