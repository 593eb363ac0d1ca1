package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/duckdb/duckdb-go/v2"
)

// stateSchema is the columns of the table state_rows.
var stateSchema = arrow.NewSchema([]arrow.Field{
	{Name: "customer", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "codes", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "recency_days", Type: arrow.PrimitiveTypes.Int32},
	{Name: "frequency", Type: arrow.PrimitiveTypes.Int32},
	{Name: "monetary", Type: arrow.PrimitiveTypes.Int64},
	{Name: "orders", Type: arrow.PrimitiveTypes.Int32},
	{Name: "spent", Type: arrow.PrimitiveTypes.Int64},
	{Name: "last_order_ts", Type: arrow.PrimitiveTypes.Int64},
	{Name: "last_seen_ts", Type: arrow.PrimitiveTypes.Int64},
}, nil)

// Where scores and places of codes lie in the column codes, in bits.
const (
	scoreBits   = 3
	shiftR      = 0
	shiftF      = 3
	shiftM      = 6
	shiftClass  = 9
	shiftStage  = 17
	shiftLayer  = 25
	shiftReason = 33
)

// packed is the column codes of a customer.
func (s *State) packed(n uint32) uint64 {
	return uint64(s.R[n])<<shiftR | uint64(s.F[n])<<shiftF | uint64(s.M[n])<<shiftM | uint64(s.Class[n])<<shiftClass |
		uint64(s.Stage[n])<<shiftStage | uint64(s.Layer[n])<<shiftLayer | uint64(s.Reason[n])<<shiftReason
}

// openState makes the view state where there is none. In an older file state is a table; the next refresh fills the new one.
func (w *Warehouse) openState(ctx context.Context) error {
	var tables, views int
	err := w.writer.QueryRowContext(ctx, `SELECT COUNT(*) FILTER (WHERE table_type <> 'VIEW'), COUNT(*) FILTER (WHERE table_type = 'VIEW')
		FROM information_schema.tables WHERE table_name = 'state'`).Scan(&tables, &views)
	if err == nil && tables > 0 {
		_, err = w.writer.ExecContext(ctx, "DROP TABLE state")
	}
	if err == nil && views == 0 {
		_, err = w.writer.ExecContext(ctx, stateView(NewState(0, 0)))
	}
	if err != nil {
		return fmt.Errorf("warehouse state: %w", err)
	}
	return nil
}

// SaveState replaces the view state and what it shows, all at once.
func (w *Warehouse) SaveState(ctx context.Context, s *State) error {
	w.write.Lock()
	defer w.write.Unlock()
	reader := &stateReader{state: s}
	err := w.writing(ctx, func(c *sql.Conn) error {
		return raw(c, func(dc driver.Conn) error { return insertState(ctx, dc, reader) })
	})
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

func insertState(ctx context.Context, dc driver.Conn, reader *stateReader) error {
	a, err := duckdb.NewArrowFromConn(dc)
	if err != nil {
		return err
	}
	exec := func(q string) error {
		_, err := dc.(driver.ExecerContext).ExecContext(ctx, q, nil)
		return err
	}
	release, err := a.RegisterView(reader, "state_arrow")
	if err != nil {
		return err
	}
	defer release()
	for _, q := range []string{
		"DROP TABLE IF EXISTS state_next", stateTable("state_next"),
		"INSERT INTO state_next SELECT * FROM state_arrow",
		"DROP VIEW state_arrow", "DROP TABLE state_rows", "ALTER TABLE state_next RENAME TO state_rows", stateView(reader.state),
	} {
		if err := exec(q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	if reader.state.Heat == nil {
		return nil
	}
	if err := insertHeat(ctx, dc, a, reader.state); err != nil {
		return fmt.Errorf("heat: %w", err)
	}
	return nil
}

// LoadState reads the view state back.
func (w *Warehouse) LoadState(ctx context.Context) (*State, error) {
	var through uint32
	var asOf int64
	var out *State
	err := w.reader(ctx, func(c *sql.Conn) error {
		err := c.QueryRowContext(ctx, "SELECT COALESCE(MAX(customer), 0), COALESCE(MAX(as_of), 0) FROM state").Scan(&through, &asOf)
		if err != nil {
			return err
		}
		err = raw(c, func(dc driver.Conn) error {
			a, err := duckdb.NewArrowFromConn(dc)
			if err != nil {
				return err
			}
			out = NewState(max(through, w.Watermark().Through), asOf)
			return (&reader{arrow: a}).each(ctx, "SELECT * FROM state", out.take)
		})
		if err != nil {
			return err
		}
		return w.loadHeat(ctx, c, out)
	})
	if err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	return out, nil
}

func (s *State) take(rec arrow.RecordBatch) {
	customer := rec.Column(0).(*array.Uint32).Uint32Values()
	small := [...][]uint8{s.R, s.F, s.M}
	for i, n := range customer {
		if n > s.Through() {
			continue // written after the size was read
		}
		s.Present[n] = true
		for j := range small {
			small[j][n] = rec.Column(1 + j).(*array.Uint8).Value(i)
		}
		s.Class[n] = uint8(place(&s.Classes, rec.Column(4).(*array.String).Value(i)))
		s.RecencyDays[n] = rec.Column(5).(*array.Int32).Value(i)
		s.Frequency[n] = rec.Column(6).(*array.Int32).Value(i)
		s.Monetary[n] = rec.Column(7).(*array.Int64).Value(i)
		s.Stage[n] = uint8(place(&s.Stages, rec.Column(8).(*array.String).Value(i)))
		s.Layer[n] = uint8(place(&s.Layers, rec.Column(9).(*array.String).Value(i)))
		s.Reason[n] = uint16(place(&s.Reasons, rec.Column(10).(*array.String).Value(i)))
		s.Orders[n] = rec.Column(11).(*array.Int32).Value(i)
		s.Spent[n] = rec.Column(12).(*array.Int64).Value(i)
		s.LastOrder[n] = rec.Column(13).(*array.Int64).Value(i)
		s.LastSeen[n] = rec.Column(14).(*array.Int64).Value(i)
	}
}

// place returns where text stands in the list, adding a copy of it at the end when it is new. Lists are short.
func place(list *[]string, text string) int {
	for i, t := range *list {
		if t == text {
			return i
		}
	}
	*list = append(*list, string([]byte(text)))
	return len(*list) - 1
}

// stateReader gives a state to the engine as Arrow batches, people only.
type stateReader struct {
	state *State
	at    uint32
	now   arrow.RecordBatch
}

const stateBatch = 1 << 17

// Retain and Release implement array.RecordReader; the reader lives as long as its caller.
func (r *stateReader) Retain() {}

// Release implements array.RecordReader.
func (r *stateReader) Release() {}

// Schema implements array.RecordReader.
func (r *stateReader) Schema() *arrow.Schema { return stateSchema }

// RecordBatch implements array.RecordReader.
func (r *stateReader) RecordBatch() arrow.RecordBatch { return r.now }

// Record implements array.RecordReader.
func (r *stateReader) Record() arrow.RecordBatch { return r.now }

// Err implements array.RecordReader.
func (r *stateReader) Err() error { return nil }

// Next implements array.RecordReader.
func (r *stateReader) Next() bool {
	if r.now != nil {
		r.now.Release()
		r.now = nil
	}
	s := r.state
	var pick []uint32
	for ; r.at < uint32(len(s.Present)) && len(pick) < stateBatch; r.at++ {
		if s.Present[r.at] {
			pick = append(pick, r.at)
		}
	}
	if len(pick) == 0 {
		return false
	}
	columns := []arrow.Array{
		fixed(pick, arrow.PrimitiveTypes.Uint32, func(n uint32) uint32 { return n }, arrow.Uint32Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Uint64, s.packed, arrow.Uint64Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Int32, func(n uint32) int32 { return s.RecencyDays[n] }, arrow.Int32Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Int32, func(n uint32) int32 { return s.Frequency[n] }, arrow.Int32Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Int64, func(n uint32) int64 { return s.Monetary[n] }, arrow.Int64Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Int32, func(n uint32) int32 { return s.Orders[n] }, arrow.Int32Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Int64, func(n uint32) int64 { return s.Spent[n] }, arrow.Int64Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Int64, func(n uint32) int64 { return s.LastOrder[n] }, arrow.Int64Traits.CastToBytes),
		fixed(pick, arrow.PrimitiveTypes.Int64, func(n uint32) int64 { return s.LastSeen[n] }, arrow.Int64Traits.CastToBytes),
	}
	r.now = array.NewRecordBatch(stateSchema, columns, int64(len(pick)))
	for _, c := range columns {
		c.Release()
	}
	return true
}

func fixed[T any](pick []uint32, t arrow.DataType, value func(uint32) T, bytes func([]T) []byte) arrow.Array {
	values := make([]T, len(pick))
	for i, n := range pick {
		values[i] = value(n)
	}
	data := array.NewData(t, len(pick), []*memory.Buffer{nil, memory.NewBufferBytes(bytes(values))}, nil, 0, 0)
	defer data.Release()
	return array.MakeFromData(data)
}
