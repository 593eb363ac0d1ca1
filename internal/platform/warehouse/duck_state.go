package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"
)

// dropOldState drops what older versions kept the state in; the next refresh fills the new table.
func (e *duck) dropOldState(ctx context.Context) error {
	old, err := e.writer.QueryContext(ctx, `SELECT CASE WHEN table_type = 'VIEW' THEN 'VIEW ' ELSE 'TABLE ' END || table_name
		FROM information_schema.tables WHERE table_name IN ('state', 'state_rows', 'heat') ORDER BY table_name`)
	if err != nil {
		return fmt.Errorf("warehouse state: %w", err)
	}
	defer old.Close()
	var steps []string
	for old.Next() {
		var what string
		if err := old.Scan(&what); err != nil {
			return fmt.Errorf("warehouse state: %w", err)
		}
		steps = append(steps, "DROP "+what)
	}
	if err := errors.Join(old.Err(), old.Close()); err != nil {
		return fmt.Errorf("warehouse state: %w", err)
	}
	for _, q := range steps {
		if _, err := e.writer.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("warehouse state: %s: %w", q, err)
		}
	}
	return nil
}

func (e *duck) saveState(ctx context.Context, asOf int64, bodies [][]byte) error {
	return e.writing(ctx, func(c *sql.Conn) error {
		for _, q := range []string{`DROP TABLE state_chunks`, stateTable} {
			if _, err := c.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return appending(c, "state_chunks", func(a *duckdb.Appender) error {
			for chunk, body := range bodies {
				if body == nil {
					continue
				}
				if err := a.AppendRow(uint32(chunk), asOf, body); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (e *duck) loadState(ctx context.Context, take func(chunk uint32, asOf int64, body []byte) error) error {
	return e.reader(ctx, func(c *sql.Conn) error {
		rows, err := c.QueryContext(ctx, "SELECT chunk, as_of, body FROM state_chunks ORDER BY chunk DESC")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var chunk uint32
			var asOf int64
			var body sql.RawBytes
			if err := rows.Scan(&chunk, &asOf, &body); err != nil {
				return err
			}
			if err := take(chunk, asOf, body); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
