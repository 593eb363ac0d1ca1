package warehouse

import (
	"context"
	"io"
	"log/slog"
)

// ErrDisorder is errDisorder.
var ErrDisorder = errDisorder

// FailLoads has a load into ClickHouse ask fn before each of its steps.
func (w *Warehouse) FailLoads(fn func(step string) error) {
	w.engine.(*clickhouse).fail = fn
}

// Apart is how many numbers have rows elsewhere than at whom they belong to.
func (w *Warehouse) Apart() int { return len(w.engine.(*clickhouse).view.Load().places.apart) }

// MoveFailing is Move that asks fail after each batch of a step.
func MoveFailing(ctx context.Context, from *Warehouse, address string, fail func(step int) error) (Moved, error) {
	to, err := Open(ctx, Config{Path: address, moving: true}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return Moved{}, err
	}
	defer to.Close() //nolint:errcheck // it only reads by then
	m := &moving{from: from.engine.(*duck), to: to.engine.(*clickhouse), progress: func(int64, int64, string) {}, fail: fail}
	to.write.Lock()
	defer to.write.Unlock()
	return m.run(ctx)
}

// HasTimelines says whether facts are read from the file of timelines.
func HasTimelines(w *Warehouse) bool { return w.engine.(*duck).timelines.Load() != nil }

// DropTimelines has facts read from the table.
func DropTimelines(w *Warehouse) { w.engine.(*duck).timelines.Store(nil) }

// Tidy does what a loader does when nothing more waits.
func Tidy(ctx context.Context, w *Warehouse) error { return w.engine.compactIfDue(ctx) }
