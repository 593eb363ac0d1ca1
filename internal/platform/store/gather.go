package store

import (
	"context"
	"errors"
	"sync/atomic"
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
	case asker:
		return q.gather(reads)
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

// question is what one of the reads asks, or that it has ended, or that it gathers reads of its own and goes on after them.
type question struct {
	sql    string
	args   []any
	answer chan answer // nil: it asks nothing
	reads  int         // how many it gathers
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

// gather lets reads ask in the place of the one that gathers them.
func (a asker) gather(reads []func(q Querier) error) error {
	if len(reads) == 0 {
		return nil
	}
	a.asks <- &question{reads: len(reads)}
	fails := make([]error, len(reads))
	panics := make([]any, len(reads))
	var left atomic.Int64
	left.Store(int64(len(reads)))
	done := make(chan struct{})
	for i, read := range reads {
		go func() {
			defer func() {
				panics[i] = recover()
				if left.Add(-1) == 0 {
					close(done) // the one that gathers goes on in the place of the last
				} else {
					a.asks <- &question{}
				}
			}()
			fails[i] = read(a)
		}()
	}
	<-done
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return first(fails)
}

func first(fails []error) error {
	for _, err := range fails {
		if err != nil {
			return err
		}
	}
	return nil
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
		for waiting := running; waiting > 0; waiting-- {
			switch q := <-asks; {
			case q.answer != nil:
				asked = append(asked, q)
			case q.reads > 0:
				running, waiting = running+q.reads-1, waiting+q.reads
			default:
				running--
				if q.panic != nil {
					panicked = q.panic
				}
			}
		}
		if len(asked) > 0 {
			t.gather(ctx, asked)
		}
	}
	if panicked != nil {
		panic(panicked)
	}
	return first(fails)
}
