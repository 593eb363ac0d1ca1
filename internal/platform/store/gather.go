package store

import (
	"context"
	"errors"
)

// Gather runs reads that do not need each other's answers. Where the engine is a server away, their first statements go there
// together, then their second ones: a dozen small questions cost one trip. Each read asks with the Querier that it is given and
// nothing else, reads one answer at a time, and writes to nothing that another one uses. The error is that of the first that
// failed, in the order in which they are named.
func Gather(ctx context.Context, q Querier, reads ...func(q Querier) error) error {
	switch q := q.(type) {
	case *DB:
		if q.pool == nil {
			return q.Snapshot(ctx, func(one Querier) error { return inTurn(one, reads) })
		}
		conn, err := q.pool.Acquire(ctx)
		if err != nil {
			return q.dialect.classify(err)
		}
		defer conn.Release()
		return atOnce(ctx, &pgTx{conn: conn.Conn()}, reads) // no transaction: each answer is of its own moment
	case *Tx:
		if t, ok := q.inner.(*pgTx); ok {
			return atOnce(ctx, t, reads)
		}
	}
	return inTurn(q, reads)
}

func inTurn(q Querier, reads []func(q Querier) error) error {
	for _, read := range reads {
		if err := read(q); err != nil {
			return err
		}
	}
	return nil
}

// question is what one of the reads asks, or that it has ended.
type question struct {
	sql    string
	args   []any
	answer chan answer // nil: the read has ended
	panic  any         // what it ended with, if not well
}

type answer struct {
	rows rows
	err  error
}

// asker is the Querier of one of the reads. Its questions wait until each of the others has asked something too, or has ended.
type asker struct{ asks chan<- *question }

func (a asker) query(_ context.Context, q string, args []any) (rows, error) {
	mine := &question{sql: postgres.rebind(q), args: bind(args), answer: make(chan answer, 1)}
	a.asks <- mine
	got := <-mine.answer
	return got.rows, postgres.classify(got.err)
}

// Exec implements Querier: what is gathered only reads.
func (asker) Exec(context.Context, string, ...any) (int64, error) {
	return 0, errors.New("store: gathered reads do not write")
}

func atOnce(ctx context.Context, t *pgTx, reads []func(q Querier) error) error {
	asks, fails := make(chan *question, len(reads)), make([]error, len(reads))
	for i, read := range reads {
		go func() {
			end := &question{}
			defer func() {
				end.panic = recover()
				asks <- end
			}()
			fails[i] = read(asker{asks})
		}()
	}
	var panicked any
	for running := len(reads); running > 0; {
		asked := make([]*question, 0, running)
		for range running {
			if q := <-asks; q.answer != nil {
				asked = append(asked, q)
			} else if running--; q.panic != nil {
				panicked = q.panic
			}
		}
		if len(asked) > 0 {
			t.gather(ctx, asked)
		}
	}
	if panicked != nil {
		panic(panicked)
	}
	for _, err := range fails {
		if err != nil {
			return err
		}
	}
	return nil
}
