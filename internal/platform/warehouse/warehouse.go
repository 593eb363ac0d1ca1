// Package warehouse keeps all facts at rest, columnar: DuckDB in one file. It is a projection of the store and the
// stream and can be rebuilt from them. One goroutine writes, a capped pool of connections reads.
package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/duckdb/duckdb-go/v2"

	"huoshui/internal/platform/errs"
)

// Config says where the warehouse is and what it may use.
type Config struct {
	Path     string // file; "" keeps everything in memory
	TempDir  string // where sorts spill; "" is Path+".tmp"
	MemoryMB int    // the engine's own limit; 0 is 1024
	Threads  int    // 0 is the number of CPUs
	Readers  int    // connections for reading; 0 is 4
}

// Warehouse is an open warehouse. Safe for concurrent use.
type Warehouse struct {
	db      *sql.DB
	dialect dialect
	log     *slog.Logger
	readers chan *sql.Conn
	all     []*sql.Conn
	dict    *dict

	write  sync.Mutex // one writer at a time
	writer *sql.Conn
	away   *roaring.Bitmap // numbers that went into another; replaced, never changed
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
func Open(ctx context.Context, cfg Config, log *slog.Logger) (w *Warehouse, err error) {
	if cfg.MemoryMB == 0 {
		cfg.MemoryMB = 1024
	}
	if cfg.Readers == 0 {
		cfg.Readers = 4
	}
	if cfg.TempDir == "" && cfg.Path != "" {
		cfg.TempDir = cfg.Path + ".tmp"
	}
	if cfg.Path != "" {
		if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o700); err != nil {
			return nil, fmt.Errorf("warehouse: %w", err)
		}
	}
	connector, err := duckdb.NewConnector(cfg.Path, nil)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "warehouse.unavailable", err)
	}
	w = &Warehouse{
		db: sql.OpenDB(connector), dialect: duckDialect, log: log,
		readers: make(chan *sql.Conn, cfg.Readers), changed: make(chan struct{}),
	}
	opened := w // a return of an error sets w to nil before what is deferred runs
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.Close())
		}
	}()
	if w.writer, err = w.db.Conn(ctx); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "warehouse.unavailable", err)
	}
	for _, q := range w.dialect.settings(cfg) {
		if _, err := w.writer.ExecContext(ctx, q); err != nil {
			return nil, fmt.Errorf("warehouse: %s: %w", q, err)
		}
	}
	for _, q := range w.dialect.schema {
		if _, err := w.writer.ExecContext(ctx, q); err != nil {
			return nil, fmt.Errorf("warehouse schema: %w", err)
		}
	}
	if err := w.openState(ctx); err != nil {
		return nil, err
	}
	for range cfg.Readers {
		c, err := w.db.Conn(ctx)
		if err != nil {
			return nil, errs.Wrap(errs.Unavailable, "warehouse.unavailable", err)
		}
		w.all = append(w.all, c)
		w.readers <- c
	}
	if w.dict, err = openDict(ctx, w.writer); err != nil {
		return nil, err
	}
	if w.away, err = openAway(ctx, w.writer); err != nil {
		return nil, err
	}
	if err := w.refreshMark(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// Close waits for the writer and closes every connection; the file is checkpointed.
// Closing again does nothing.
func (w *Warehouse) Close() error {
	w.write.Lock()
	defer w.write.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	var all []error
	for _, c := range w.all {
		all = append(all, c.Close())
	}
	if w.writer != nil {
		all = append(all, w.writer.Close())
	}
	return errors.Join(append(all, w.db.Close())...)
}

// Ping reports whether the warehouse answers.
func (w *Warehouse) Ping(ctx context.Context) error {
	return w.reader(ctx, func(c *sql.Conn) error {
		var one int
		return c.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
}

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

func (w *Warehouse) refreshMark(ctx context.Context) error {
	var m Watermark
	var fromFacts, fromPeople uint32
	err := errors.Join(
		w.writer.QueryRowContext(ctx, "SELECT CAST(MAX(seq) AS UBIGINT) FROM loaded").Scan(&m.Seq),
		w.writer.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(MAX(ts), 0), COALESCE(MAX(customer) FILTER (WHERE customer < "+strconv.FormatUint(uint64(FirstVisitor), 10)+"), 0) FROM facts").Scan(&m.Facts, &m.Latest, &fromFacts),
		w.writer.QueryRowContext(ctx, "SELECT COALESCE(MAX(customer), 0) FROM people").Scan(&fromPeople),
	)
	if err != nil {
		return fmt.Errorf("warehouse watermark: %w", err)
	}
	m.Through = max(fromFacts, fromPeople)
	w.advance(m, nil)
	return nil
}

// reader lends a connection of the pool.
func (w *Warehouse) reader(ctx context.Context, fn func(*sql.Conn) error) error {
	select {
	case c := <-w.readers:
		defer func() { w.readers <- c }()
		return fn(c)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writing runs fn in a transaction of the writer; callers hold the write lock.
func (w *Warehouse) writing(ctx context.Context, fn func(c *sql.Conn) error) error {
	if _, err := w.writer.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
		return fmt.Errorf("warehouse: %w", err)
	}
	if err := fn(w.writer); err != nil {
		// the caller's context may be what ended it; the transaction must end in any case
		_, rollback := w.writer.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, rollback)
	}
	if _, err := w.writer.ExecContext(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return fmt.Errorf("warehouse commit: %w", err)
	}
	return nil
}

// raw gives the driver's own connection.
func raw(c *sql.Conn, fn func(driver.Conn) error) error {
	return c.Raw(func(v any) error { return fn(v.(driver.Conn)) })
}
