package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// Heat lies in a table of its own beside the state: it has rows only for who has any.
const heatTable = `(customer UINTEGER NOT NULL, heat USMALLINT NOT NULL)`

var heatSchema = arrow.NewSchema([]arrow.Field{
	{Name: "customer", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "heat", Type: arrow.PrimitiveTypes.Uint16},
}, nil)

// insertHeat replaces the table heat by that of a state.
func insertHeat(ctx context.Context, dc driver.Conn, a *duckdb.Arrow, s *State) error {
	var pick []uint32
	for n, heat := range s.Heat {
		if heat > 0 && s.Present[n] {
			pick = append(pick, uint32(n))
		}
	}
	columns := []arrow.Array{
		fixed(pick, arrow.PrimitiveTypes.Uint32, func(n uint32) uint32 { return n }, arrow.Uint32Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Uint16, func(n uint32) uint16 { return s.Heat[n] }, arrow.Uint16Traits.CastToBytes),
	}
	batch := array.NewRecordBatch(heatSchema, columns, int64(len(pick)))
	defer batch.Release()
	for _, c := range columns {
		c.Release()
	}
	reader, err := array.NewRecordReader(heatSchema, []arrow.RecordBatch{batch})
	if err != nil {
		return err
	}
	defer reader.Release()
	release, err := a.RegisterView(reader, "heat_arrow")
	if err != nil {
		return err
	}
	defer release()
	for _, q := range []string{
		"CREATE OR REPLACE TABLE heat " + heatTable, "INSERT INTO heat SELECT * FROM heat_arrow", "DROP VIEW heat_arrow",
	} {
		if _, err := dc.(driver.ExecerContext).ExecContext(ctx, q, nil); err != nil {
			return err
		}
	}
	return nil
}

// loadHeat reads the table heat into a state.
func (w *Warehouse) loadHeat(ctx context.Context, c *sql.Conn, s *State) error {
	var tables int
	err := c.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'heat'`).Scan(&tables)
	if err != nil || tables == 0 { // no refresh has made it
		return err
	}
	return raw(c, func(dc driver.Conn) error {
		a, err := duckdb.NewArrowFromConn(dc)
		if err != nil {
			return err
		}
		s.Heat = make([]uint16, len(s.Present))
		return (&reader{arrow: a}).each(ctx, "SELECT customer, heat FROM heat", func(rec arrow.RecordBatch) {
			heat := rec.Column(1).(*array.Uint16)
			for i, n := range rec.Column(0).(*array.Uint32).Uint32Values() {
				if n <= s.Through() {
					s.Heat[n] = heat.Value(i)
				}
			}
		})
	})
}
