package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"
)

// SQLite writes one transaction at a time and waits for the disk at the end of each. Transactions that are asked for while
// another one runs therefore share its wait: each runs in its turn behind a savepoint of its own, and one commit keeps all that
// succeeded. Every caller still hears of success only when what it wrote is on disk.
const (
	mostTogether    = 64
	longestTogether = 20 * time.Millisecond
)

// errParted says that a neighbour's failure undid the whole shared transaction: what was asked for must run again, alone.
var errParted = errors.New("store: the shared transaction was undone")

// together lets transactions share commits.
type together struct {
	turn    chan struct{} // holds one token; who has it may use what follows
	waiting atomic.Int32  // who wants the turn
	tx      *sql.Tx       // the running shared transaction, nil when there is none
	began   time.Time
	members []chan error // who waits for its commit
}

func newTogether() *together {
	g := &together{turn: make(chan struct{}, 1)}
	g.turn <- struct{}{}
	return g
}

// run runs fn in its turn and waits until what it wrote is committed, shared with nobody when alone. The shared transaction
// outlives the contexts of those in it, so statements are not interrupted; a context that has ended is noticed between them.
func (g *together) run(ctx context.Context, db *DB, alone bool, fn func(tx *Tx) error) error {
	g.waiting.Add(1)
	select {
	case <-g.turn:
		g.waiting.Add(-1)
	case <-ctx.Done():
		g.waiting.Add(-1)
		go func() { // whoever ran before may have left the commit to us
			<-g.turn
			g.pass(true)
		}()
		return ctx.Err()
	}
	tx, committed, err := g.join(ctx, db, alone, fn)
	if err != nil {
		return err
	}
	if err := <-committed; err != nil {
		return db.dialect.classify(err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

func (g *together) join(ctx context.Context, db *DB, alone bool, fn func(tx *Tx) error) (*Tx, chan error, error) {
	defer func() { g.pass(alone) }() // also when fn panics
	if alone && g.tx != nil {
		g.commit()
	}
	tx, err := g.step(ctx, db, fn)
	if err != nil {
		return nil, nil, err
	}
	committed := make(chan error, 1)
	g.members = append(g.members, committed)
	return tx, committed, nil
}

// pass commits what is due and gives the turn to the next.
func (g *together) pass(now bool) {
	if g.tx != nil && (now || g.waiting.Load() == 0 || len(g.members) >= mostTogether || time.Since(g.began) > longestTogether) {
		g.commit()
	}
	g.turn <- struct{}{}
}

// step runs fn inside the shared transaction, which it begins when there is none; what a failing fn wrote is gone.
func (g *together) step(ctx context.Context, db *DB, fn func(tx *Tx) error) (*Tx, error) {
	lasting := context.WithoutCancel(ctx)
	if g.tx == nil {
		tx, err := db.write.BeginTx(lasting, nil)
		if err != nil {
			return nil, db.dialect.classify(err)
		}
		g.tx, g.began = tx, time.Now()
	}
	shared := len(g.members) > 0
	if shared {
		if _, err := g.tx.ExecContext(lasting, "SAVEPOINT member"); err != nil {
			g.part()
			return nil, errParted
		}
	}
	kept := false
	defer func() {
		if !kept { // failed or panicking
			g.undo(shared)
		}
	}()
	tx := &Tx{inner: liteTx{g.tx}, dialect: db.dialect, lasting: true}
	if err := fn(tx); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if shared {
		if _, err := g.tx.ExecContext(lasting, "RELEASE member"); err != nil {
			return nil, errParted
		}
	}
	kept = true
	return tx, nil
}

// undo takes back what the member whose turn it is wrote. SQLite itself undoes a whole transaction when the disk is full or
// fails: then the savepoint is gone, and everyone else's work with it.
func (g *together) undo(shared bool) {
	if !shared {
		g.part()
		return
	}
	for _, q := range []string{"ROLLBACK TO member", "RELEASE member"} {
		if _, err := g.tx.ExecContext(context.Background(), q); err != nil {
			g.part()
			return
		}
	}
}

// part gives the shared transaction up: everyone who waits for it runs again.
func (g *together) part() {
	_ = g.tx.Rollback() // what led here is what matters
	g.answer(errParted)
}

func (g *together) commit() {
	err := g.tx.Commit()
	if err != nil {
		_ = g.tx.Rollback() // a commit that failed may leave it open
		if len(g.members) > 1 {
			err = errParted // one may have spoilt it for the others
		}
	}
	g.answer(err)
}

func (g *together) answer(err error) {
	for _, m := range g.members {
		m <- err
	}
	g.tx, g.members = nil, nil
}
