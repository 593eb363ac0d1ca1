package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"sync"

	"github.com/duckdb/duckdb-go/v2"
)

// dict maps texts to codes, so that facts hold numbers. Code 0 is "". New codes are given by the writer and become
// visible when its transaction has committed.
type dict struct {
	mu    sync.RWMutex
	codes map[string]uint32
	texts []string

	fresh map[string]uint32 // given in the open transaction; writer only
	order []string
}

func openDict(ctx context.Context, c *sql.Conn) (*dict, error) {
	d := &dict{codes: map[string]uint32{"": 0}, texts: []string{""}, fresh: map[string]uint32{}}
	rows, err := c.QueryContext(ctx, "SELECT code, text FROM dict ORDER BY code")
	if err != nil {
		return nil, fmt.Errorf("warehouse dictionary: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var code uint32
		var text string
		if err := rows.Scan(&code, &text); err != nil {
			return nil, fmt.Errorf("warehouse dictionary: %w", err)
		}
		if int(code) != len(d.texts) {
			return nil, fmt.Errorf("warehouse dictionary: code %d where %d was due; rebuild the warehouse", code, len(d.texts))
		}
		d.codes[text] = code
		d.texts = append(d.texts, text)
	}
	return d, rows.Err()
}

func (d *dict) code(text string) uint32 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if c, ok := d.codes[text]; ok {
		return c
	}
	return NoCode
}

func (d *dict) text(code uint32) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if int(code) < len(d.texts) {
		return d.texts[code]
	}
	return ""
}

// give returns the code of a text, a new one where needed; only the writer calls it, inside its transaction.
func (d *dict) give(text string) uint32 {
	if text == "" {
		return 0
	}
	if c, ok := d.codes[text]; ok { // the writer alone writes codes, so it may read them bare
		return c
	}
	if c, ok := d.fresh[text]; ok {
		return c
	}
	c := uint32(len(d.texts) + len(d.order))
	d.fresh[text] = c
	d.order = append(d.order, text)
	return c
}

// save writes the codes given in this transaction.
func (d *dict) save(c *sql.Conn) error {
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

// settle makes the fresh codes visible after the commit, or forgets them.
func (d *dict) settle(committed bool) {
	if committed && len(d.order) > 0 {
		d.mu.Lock()
		for _, text := range d.order {
			d.codes[text] = uint32(len(d.texts))
			d.texts = append(d.texts, text)
		}
		d.mu.Unlock()
	}
	clear(d.fresh)
	d.order = d.order[:0]
}

// appending opens an appender on a table within the connection's transaction.
func appending(c *sql.Conn, table string, fn func(*duckdb.Appender) error) error {
	return raw(c, func(dc driver.Conn) error {
		a, err := duckdb.NewAppenderFromConn(dc, "", table)
		if err != nil {
			return fmt.Errorf("append to %s: %w", table, err)
		}
		if err := fn(a); err != nil {
			a.Clear() //nolint:errcheck // the transaction is rolled back whole
			a.Close() //nolint:errcheck
			return fmt.Errorf("append to %s: %w", table, err)
		}
		if err := a.Close(); err != nil {
			return fmt.Errorf("append to %s: %w", table, err)
		}
		return nil
	})
}
