// Package store is the truth: one SQL text for SQLite and PostgreSQL. What the two engines differ in is in
// dialect.go and nowhere else. A transaction is a parameter, never hidden in a context.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib" // the "pgx" driver too
	_ "github.com/mattn/go-sqlite3"  // the "sqlite3" driver
)

// Querier runs statements: a *DB (its own short transaction each) or a *Tx.
type Querier interface {
	query(ctx context.Context, sql string, args []any) (*sql.Rows, error)
	// Exec runs a statement and returns how many rows it touched.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
}

// DB is an open store. Safe for concurrent use.
type DB struct {
	write   *sql.DB // SQLite: one connection, transactions begin immediate
	read    *sql.DB // SQLite: query_only connections; PostgreSQL: the same pool as write
	dialect dialect
	url     string
	shared  *together // how transactions share commits; nil where the engine does so itself
}

// Tx is a running transaction. Inside DB.Tx use only this.
type Tx struct {
	tx      *sql.Tx
	dialect dialect
	lasting bool // statements outlive their contexts, since others share the transaction
	after   []func()
}

// Open opens the store at a URL: "sqlite:PATH" or "postgres://…". It does not migrate.
func Open(ctx context.Context, rawURL string) (*DB, error) {
	var db *DB
	var err error
	switch {
	case strings.HasPrefix(rawURL, "sqlite:"):
		db, err = openSQLite(strings.TrimPrefix(rawURL, "sqlite:"))
	case strings.HasPrefix(rawURL, "postgres://"), strings.HasPrefix(rawURL, "postgresql://"):
		db, err = openPostgres(rawURL)
	default:
		return nil, fmt.Errorf("store: URL must begin with sqlite: or postgres://")
	}
	if err != nil {
		return nil, err
	}
	db.url = rawURL
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), db.Close())
	}
	return db, nil
}

func openSQLite(path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	dsn := func(extra string) string {
		return "file:" + (&url.URL{Path: path}).EscapedPath() +
			"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000&_foreign_keys=on&_cache_size=-65536&_stmt_cache_size=100" + extra
	}
	write, err := sql.Open("sqlite3", dsn("&_txlock=immediate"))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	write.SetMaxOpenConns(1)
	write.SetMaxIdleConns(1)
	read, err := sql.Open("sqlite3", dsn("&_query_only=true"))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	return &DB{write: write, read: read, dialect: sqlite, shared: newTogether()}, nil
}

func openPostgres(rawURL string) (*DB, error) {
	cfg, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	for name, value := range map[string]string{
		"random_page_cost": "1.1", // what is asked for often lies in memory or on an SSD: rows are found by their index
		"jit":              "off", // compiling a short query takes longer than running it
	} {
		if _, said := cfg.RuntimeParams[name]; !said {
			cfg.RuntimeParams[name] = value
		}
	}
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16) // fewer would close connections, and forget what they prepared, whenever work pauses
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return &DB{write: pool, read: pool, dialect: postgres}, nil
}

// Ping reports whether the store answers a write connection and a read connection.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.write.PingContext(ctx); err != nil {
		return db.dialect.classify(err)
	}
	return db.dialect.classify(db.read.PingContext(ctx))
}

// Engine names the engine: "sqlite" or "postgres". For showing, not for deciding.
func (db *DB) Engine() string { return db.dialect.name }

// Close closes every connection.
func (db *DB) Close() error {
	if db.read == db.write {
		return db.write.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// Tx runs fn in a transaction: all of it happens, or nothing. fn may run again when PostgreSQL reports a
// serialisation failure or a deadlock, or when a transaction that shares SQLite's commit fails, so it must have no effect
// outside the transaction.
func (db *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := db.once(ctx, attempt > 1, fn)
		again := errors.Is(err, errParted) || db.dialect.retryable(err)
		if err == nil || attempt == 5 || !again {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt*attempt) * 5 * time.Millisecond):
		}
	}
}

func (db *DB) once(ctx context.Context, alone bool, fn func(tx *Tx) error) (err error) {
	if db.shared != nil {
		return db.shared.run(ctx, db, alone, fn)
	}
	inner, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return db.dialect.classify(err)
	}
	tx := &Tx{tx: inner, dialect: db.dialect}
	defer func() {
		if p := recover(); p != nil {
			_ = inner.Rollback() // the panic is what matters
			panic(p)
		}
	}()
	if err := fn(tx); err != nil {
		if back := inner.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) {
			return errors.Join(err, back)
		}
		return err
	}
	if err := inner.Commit(); err != nil {
		// Of a context that ended, database/sql rolls back by itself, and then says only that the transaction is done.
		if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
			return ctx.Err()
		}
		return db.dialect.classify(err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// Snapshot runs fn over one unchanging picture of the store, while others go on writing. fn reads only.
func (db *DB) Snapshot(ctx context.Context, fn func(q Querier) error) (err error) {
	inner, err := db.read.BeginTx(ctx, &sql.TxOptions{Isolation: db.dialect.snapshot, ReadOnly: true})
	if err != nil {
		return db.dialect.classify(err)
	}
	defer func() {
		if back := inner.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) {
			err = errors.Join(err, back)
		}
	}()
	return fn(&Tx{tx: inner, dialect: db.dialect})
}

// AfterCommit runs f once the transaction has committed; not when it rolls back.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

func (db *DB) query(ctx context.Context, q string, args []any) (*sql.Rows, error) {
	rows, err := db.read.QueryContext(ctx, db.dialect.rebind(q), bind(args)...)
	return rows, db.dialect.classify(err)
}

func (tx *Tx) query(ctx context.Context, q string, args []any) (*sql.Rows, error) {
	if tx.lasting {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ctx = context.WithoutCancel(ctx)
	}
	rows, err := tx.tx.QueryContext(ctx, tx.dialect.rebind(q), bind(args)...)
	return rows, tx.dialect.classify(err)
}

// Exec runs one statement in its own transaction and returns how many rows it touched.
func (db *DB) Exec(ctx context.Context, q string, args ...any) (n int64, err error) {
	err = db.Tx(ctx, func(tx *Tx) error {
		n, err = tx.Exec(ctx, q, args...)
		return err
	})
	return n, err
}

// Exec runs one statement and returns how many rows it touched.
func (tx *Tx) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	if tx.lasting {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		ctx = context.WithoutCancel(ctx)
	}
	res, err := tx.tx.ExecContext(ctx, tx.dialect.rebind(q), bind(args)...)
	if err != nil {
		return 0, tx.dialect.classify(err)
	}
	return res.RowsAffected()
}

// bind turns Go values into what both engines store: times become microseconds, the zero time NULL.
func bind(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if t, ok := a.(time.Time); ok {
			out[i] = micros(t)
			continue
		}
		out[i] = a
	}
	return out
}

func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}
