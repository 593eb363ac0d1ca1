// Package warehouse keeps all facts at rest, columnar: DuckDB in one file, or ClickHouse on one machine or sharded by customer over
// several. It is a projection of the store and the stream and can be rebuilt from them. One goroutine writes, many read.
package warehouse

import (
	"context"
	"log/slog"
	"sync"
)

// Config says where the warehouse is and what it may use.
type Config struct {
	Path     string // file, or clickhouse://host:port/database; "" keeps everything in memory
	TempDir  string // where sorts spill; "" is Path+".tmp"
	MemoryMB int    // the engine's own limit; 0 is 1024
	Threads  int    // 0 is the number of CPUs
	Readers  int    // connections for reading; 0 is 4, for ClickHouse 8

	moving bool // opened by Move
}

// Warehouse is an open warehouse. Safe for concurrent use.
type Warehouse struct {
	engine engine
	log    *slog.Logger
	dict   *dict

	write  sync.Mutex // one writer at a time
	closed bool

	mu      sync.Mutex // guards what follows
	mark    Watermark
	changed chan struct{} // closed and replaced when the watermark moves
	hear    []func(Change)
}

// Watermark says how far the warehouse has come.
type Watermark struct {
	Seq     uint64 // stream position loaded; 0 is nothing
	Through uint32 // greatest customer number seen in facts or people, visitors left out
	Facts   int64  // rows of facts
	Latest  int64  // time of the newest fact, microseconds UTC
	// Version moves with every commit that can change an answer, also those outside the stream (a bulk load).
	Version uint64
}

// Change is what one load brought.
type Change struct {
	Mark      Watermark
	Customers []uint32 // whose facts or attributes came; may repeat
}

// Open opens or creates a warehouse.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Warehouse, error) {
	w := &Warehouse{log: log, dict: newDict(), changed: make(chan struct{})}
	var err error
	if IsClickHouse(cfg.Path) {
		w.engine, err = openClickHouse(ctx, w, cfg)
	} else {
		w.engine, err = openDuck(ctx, w, cfg)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Close waits for the writer and closes every connection; a file is checkpointed.
// Closing again does nothing.
func (w *Warehouse) Close() error {
	w.write.Lock()
	defer w.write.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	return w.engine.close()
}

// Engine is what the warehouse runs on, for people to read.
func (w *Warehouse) Engine() string { return w.engine.name() }

// Ping reports whether the warehouse answers.
func (w *Warehouse) Ping(ctx context.Context) error { return w.engine.ping(ctx) }

// Watermark returns how far the warehouse has come.
func (w *Warehouse) Watermark() Watermark {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mark
}

// WaitFor returns when the stream position seq has been loaded, or with the context's error.
func (w *Warehouse) WaitFor(ctx context.Context, seq uint64) error {
	for {
		w.mu.Lock()
		reached, changed := w.mark.Seq >= seq, w.changed
		w.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Hear calls fn after every commit that brought facts or attributes, on the writer's goroutine: fn must be quick.
func (w *Warehouse) Hear(fn func(Change)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hear = append(w.hear, fn)
}

// Code returns the dictionary code of a text: 0 for "", NoCode for a text never seen.
func (w *Warehouse) Code(text string) uint32 { return w.dict.code(text) }

// Text returns the text of a code, "" for 0 and for a code never given.
func (w *Warehouse) Text(code uint32) string { return w.dict.text(code) }

// advance publishes a new watermark; callers hold the write lock.
func (w *Warehouse) advance(mark Watermark, customers []uint32) {
	w.mu.Lock()
	mark.Version = w.mark.Version + 1
	w.mark = mark
	close(w.changed)
	w.changed = make(chan struct{})
	hear := w.hear
	w.mu.Unlock()
	for _, fn := range hear {
		fn(Change{Mark: mark, Customers: customers})
	}
}
