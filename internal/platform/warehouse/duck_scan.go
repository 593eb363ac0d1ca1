package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2"
)

func (e *duck) snapshot(ctx context.Context, n int) (*snapshot, error) {
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
	mark, clustered, err := e.begin(ctx, conns)
	if err != nil {
		end()
		return nil, err
	}
	sn := &snapshot{mark: mark, end: end}
	for _, c := range conns {
		sn.sources = append(sn.sources, &duckSource{c})
	}
	if mark.Facts-clustered <= mostLoose {
		row := strconv.FormatInt(clustered, 10)
		sn.apart = &loose{count: int(mark.Facts - clustered), is: "rowid >= " + row, not: "rowid < " + row}
	}
	return sn, nil
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

// begin begins a read transaction on every connection, all seeing the same state of the warehouse. clustered is how many
// of the first rows of facts the last compaction wrote.
func (e *duck) begin(ctx context.Context, conns []*sql.Conn) (mark Watermark, clustered int64, err error) {
	start := func(c *sql.Conn) (seq uint64, clustered int64, err error) {
		if _, err := c.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
			return 0, 0, err
		}
		return seq, clustered, c.QueryRowContext(ctx, "SELECT seq, clustered_facts FROM loaded").Scan(&seq, &clustered)
	}
	try := func() (mark Watermark, clustered int64, same bool, err error) {
		before := e.w.Watermark()
		for i, c := range conns {
			seq, rows, err := start(c)
			if err != nil {
				return mark, 0, false, err
			}
			if seq != before.Seq || i > 0 && rows != clustered {
				return mark, 0, false, nil
			}
			clustered = rows
		}
		return before, clustered, e.w.Watermark() == before, nil
	}
	for range 20 {
		mark, clustered, same, err := try()
		if err != nil || same {
			return mark, clustered, err
		}
		for _, c := range conns { // not every one may have begun
			_, _ = c.ExecContext(ctx, "ROLLBACK")
		}
	}
	e.w.write.Lock() // the writer is too quick: ask it to wait
	defer e.w.write.Unlock()
	mark, clustered, same, err := try()
	if err == nil && !same {
		err = errors.New("warehouse: the watermark moved without a writer")
	}
	return mark, clustered, err
}
