package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// save writes what was gathered and the position of the last message in one transaction.
func (e *duck) save(ctx context.Context, l *loading) error {
	l.away = e.away
	if len(l.moves) > 0 {
		l.away = e.away.Clone()
	}
	if err := e.writing(ctx, func(c *sql.Conn) error { return l.save(ctx, c) }); err != nil {
		return err
	}
	e.away = l.away
	return nil
}

func (l *loading) save(ctx context.Context, c *sql.Conn) error {
	if err := l.give(ctx, c); err != nil {
		return err
	}
	known, err := l.known(ctx, c)
	if err != nil {
		return err
	}
	err = appending(c, "facts", func(a *duckdb.Appender) error {
		for _, r := range l.rows {
			if r.maybe && known[r.key] {
				continue
			}
			if l.maybe[r.key] {
				known[r.key] = true
			}
			if err := l.append(a, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := l.saveMoves(ctx, c); err != nil {
		return err
	}
	if err := l.savePeople(ctx, c); err != nil {
		return err
	}
	if err := saveDict(c, l.w.dict); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "UPDATE loaded SET seq = "+strconv.FormatUint(l.mark.Seq, 10))
	return err
}

func (l *loading) append(a *duckdb.Appender, r row) error {
	d, f := l.w.dict, r.f
	l.mark.Facts++
	if l.erased[r.customer] {
		f.Props = nil
	}
	l.mark.Latest = max(l.mark.Latest, r.ts)
	return a.AppendRow(r.customer, r.ts, d.give(f.Name), r.id, f.Subject, f.Amount, f.Quantity,
		d.give(f.Product), d.give(f.Category), d.give(f.Channel), d.give(f.Campaign), d.give(f.Strategy), d.give(f.Detail),
		string(f.Props), r.born)
}

// known returns which of the doubtful facts are in the warehouse already.
func (l *loading) known(ctx context.Context, c *sql.Conn) (map[key]bool, error) {
	found := map[key]bool{}
	if len(l.maybe) == 0 {
		return found, nil
	}
	numbers := map[uint32]bool{}
	first, last := int64(1<<63-1), int64(-1<<63)
	for k := range l.maybe {
		numbers[k.customer] = true
		first, last = min(first, k.ts), max(last, k.ts)
	}
	list := make([]string, 0, len(numbers))
	for n := range numbers {
		list = append(list, strconv.FormatUint(uint64(n), 10))
	}
	rows, err := c.QueryContext(ctx, "SELECT id, customer, ts FROM facts WHERE ts >= ? AND ts <= ? AND customer IN ("+strings.Join(list, ", ")+")", first, last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		if err := rows.Scan(&k.id, &k.customer, &k.ts); err != nil {
			return nil, err
		}
		if l.maybe[k] {
			found[k] = true
		}
	}
	return found, rows.Err()
}

func (l *loading) savePeople(ctx context.Context, c *sql.Conn) error {
	if len(l.people) == 0 {
		return nil
	}
	for n := range l.erased {
		// what described the person goes at once; amounts and counts stay, without words
		for _, q := range []string{
			"DELETE FROM people WHERE customer = ?",
			"UPDATE facts SET props = '' WHERE customer = ? AND props <> ''",
		} {
			if _, err := c.ExecContext(ctx, q, n); err != nil {
				return err
			}
		}
	}
	return appending(c, "people", func(a *duckdb.Appender) error {
		d := l.w.dict
		for _, v := range l.people {
			if l.erased[v.n] && !v.a.Erased {
				continue
			}
			err := a.AppendRow(v.n, v.ts, v.seq, v.registered(), Birthday(v.a.Birthday),
				d.give(v.a.Gender), d.give(v.a.Province), d.give(v.a.City), d.give(v.a.Source), d.give(v.a.Store),
				d.give(v.a.Owner), d.give(v.a.Level), v.flags())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// openDict reads the codes that are kept.
func openDict(ctx context.Context, c *sql.Conn, d *dict) error {
	rows, err := c.QueryContext(ctx, "SELECT code, text FROM dict ORDER BY code")
	if err != nil {
		return fmt.Errorf("warehouse dictionary: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var code uint32
		var text string
		if err := rows.Scan(&code, &text); err != nil {
			return fmt.Errorf("warehouse dictionary: %w", err)
		}
		if err := d.take(code, text); err != nil {
			return err
		}
	}
	return rows.Err()
}

// saveDict writes the codes given in this transaction.
func saveDict(c *sql.Conn, d *dict) error {
	if len(d.order) == 0 {
		return nil
	}
	return appending(c, "dict", func(a *duckdb.Appender) error {
		for i, text := range d.order {
			if err := a.AppendRow(uint32(len(d.texts)+i), text); err != nil {
				return err
			}
		}
		return nil
	})
}
