package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

func (e *duck) snapshot(ctx context.Context, n int) (*snapshot, error) {
	kept := e.timelines.Load() // before the snapshot begins: whoever moved while they were written is noted in it
	conns, err := e.lend(ctx, n)
	if err != nil {
		return nil, err
	}
	end := func() {
		for _, c := range conns {
			_, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // a read transaction has nothing to lose
			e.readers <- c
		}
	}
	mark, c, err := e.begin(ctx, conns)
	if err != nil {
		end()
		return nil, err
	}
	sn := &snapshot{mark: mark, end: end, whole: true, clustered: c}
	for _, c := range conns {
		sn.sources = append(sn.sources, &duckSource{c})
	}
	if c.moved > 0 {
		// left out where rows are read: leaving them out in SQL is a join, and a join does not keep the order of rows
		sn.moved = roaring.New()
		err := sn.sources[0].each(ctx, "SELECT customer FROM moved", func(b arrow.RecordBatch) {
			sn.moved.AddMany(b.Column(0).(*array.Uint32).Uint32Values())
		})
		if err != nil {
			end()
			return nil, err
		}
	}
	if kept != nil && kept.mark == c.compaction && kept.rows == c.rows {
		sn.timelines = kept
		sn.broken = func() { e.timelines.CompareAndSwap(kept, nil) }
	}
	if sn.loose = int(mark.Facts - c.rows + c.movedRows(mark)); sn.loose > mostLoose || e.disorder.Load() {
		return sn, nil
	}
	sn.disorder = func() { e.disorder.Store(true) }
	middle := (c.rows + mark.Facts) / 2
	sn.ordered = fmt.Sprintf("rowid < %d", c.rows)
	sn.apart = []string{fmt.Sprintf("rowid >= %d AND rowid < %d", c.rows, middle), fmt.Sprintf("rowid >= %d", max(c.rows, middle))}
	if c.moved > 0 {
		sn.apart = append(sn.apart, sn.ordered+" AND customer IN (SELECT customer FROM moved)")
	}
	return sn, nil
}

// clustered says what lies by customer and time.
type clustered struct {
	rows  int64 // the first rows of facts, which the last compaction wrote
	moved int64 // but for those of how many customers that facts moved to or from since

	compaction uint64 // its mark
}

// movedRows is about how many rows that is.
func (c clustered) movedRows(mark Watermark) int64 {
	return c.moved * mark.Facts / (int64(mark.Through) + 1)
}

// duckSource reads on one connection, within its transaction.
type duckSource struct{ conn *sql.Conn }

func (s *duckSource) rows(table string, from, to uint32, some []uint32) (customer, rows string) {
	rows = "FROM " + table + " WHERE TRUE"
	if to > from {
		rows += " AND customer >= " + number(from) + " AND customer < " + number(to)
	}
	if some != nil {
		rows += " AND " + among(some)
	}
	return "customer", rows
}

func (s *duckSource) each(ctx context.Context, q string, fn func(arrow.RecordBatch)) error {
	return raw(s.conn, func(dc driver.Conn) error {
		a, err := duckdb.NewArrowFromConn(dc)
		if err != nil {
			return err
		}
		return eachBatch(ctx, a, q, fn)
	})
}

func eachBatch(ctx context.Context, a *duckdb.Arrow, q string, fn func(arrow.RecordBatch)) error {
	rows, err := a.QueryContext(ctx, q)
	if err != nil {
		return err
	}
	defer rows.Release()
	for rows.Next() {
		fn(rows.RecordBatch())
	}
	return rows.Err()
}

// lend takes one connection, and more up to n when they are free at once.
func (e *duck) lend(ctx context.Context, n int) ([]*sql.Conn, error) {
	var conns []*sql.Conn
	select {
	case c := <-e.readers:
		conns = append(conns, c)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for len(conns) < n {
		select {
		case c := <-e.readers:
			conns = append(conns, c)
		default:
			return conns, nil
		}
	}
	return conns, nil
}

// begin begins a read transaction on every connection, all seeing the same state of the warehouse.
func (e *duck) begin(ctx context.Context, conns []*sql.Conn) (mark Watermark, c clustered, err error) {
	start := func(conn *sql.Conn) (seq uint64, c clustered, err error) {
		if _, err := conn.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
			return 0, c, err
		}
		err = conn.QueryRowContext(ctx, "SELECT seq, clustered_facts, (SELECT COUNT(*) FROM moved), compaction FROM loaded").Scan(&seq, &c.rows, &c.moved, &c.compaction)
		return seq, c, err
	}
	try := func() (mark Watermark, c clustered, same bool, err error) {
		before := e.w.Watermark()
		for i, conn := range conns {
			seq, now, err := start(conn)
			if err != nil {
				return mark, c, false, err
			}
			if seq != before.Seq || i > 0 && now != c {
				return mark, c, false, nil
			}
			c = now
		}
		return before, c, e.w.Watermark() == before, nil
	}
	for range 20 {
		mark, c, same, err := try()
		if err != nil || same {
			return mark, c, err
		}
		for _, conn := range conns { // not every one may have begun
			_, _ = conn.ExecContext(ctx, "ROLLBACK")
		}
	}
	e.w.write.Lock() // the writer is too quick: ask it to wait
	defer e.w.write.Unlock()
	mark, c, same, err := try()
	if err == nil && !same {
		err = errors.New("warehouse: the watermark moved without a writer")
	}
	return mark, c, err
}
