// Package store is the truth: one SQL text for SQLite and PostgreSQL. What the two engines differ in is in
// dialect.go, and how each is spoken to in together.go and postgres.go, and nowhere else. A transaction is a parameter, never hidden in a context.
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

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mattn/go-sqlite3"
)

// Querier runs statements: a *DB (its own short transaction each) or a *Tx.
type Querier interface {
	query(ctx context.Context, sql string, args []any) (rows, error)
	// Exec runs a statement and returns how many rows it touched.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
}

// rows is an answer that is being read; *sql.Rows is one.
type rows interface {
	Columns() ([]string, error)
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// DB is an open store. Safe for concurrent use.
type DB struct {
	write   *sql.DB       // SQLite: one connection, transactions begin immediate
	read    *sql.DB       // SQLite: query_only connections
	shared  *together     // SQLite: how transactions share commits
	pool    *pgxpool.Pool // PostgreSQL
	dialect dialect
	url     string
}

// Tx is a running transaction. Inside DB.Tx use only this.
type Tx struct {
	inner   inner
	dialect dialect
	lasting bool // statements outlive their contexts, since others share the transaction
	after   []func()
}

// inner is an engine's own transaction.
type inner interface {
	query(ctx context.Context, sql string, args []any) (rows, error)
	exec(ctx context.Context, sql string, args []any) (int64, error)
	execLater(ctx context.Context, sql string, args []any) error
	execEach(ctx context.Context, sql string, lists [][]any) ([]int64, error)
}

// liteTx is a transaction on SQLite. A statement there is a call, so that none waits for another.
type liteTx struct{ *sql.Tx }

func (t liteTx) query(ctx context.Context, q string, args []any) (rows, error) {
	r, err := t.QueryContext(ctx, q, args...) //nolint:rowserrcheck // Each asks for it
	if err != nil {                           // no *sql.Rows that is nil in an interface that is not
		return nil, err
	}
	return r, nil
}

func (t liteTx) exec(ctx context.Context, q string, args []any) (int64, error) {
	r, err := t.ExecContext(ctx, q, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t liteTx) execEach(ctx context.Context, q string, lists [][]any) (touched []int64, err error) {
	touched = make([]int64, len(lists))
	for i, args := range lists {
		if touched[i], err = t.exec(ctx, q, args); err != nil {
			return nil, err
		}
	}
	return touched, nil
}

func (t liteTx) execLater(ctx context.Context, q string, args []any) error {
	_, err := t.exec(ctx, q, args)
	return err
}

// Open opens the store at a URL: "sqlite:PATH" or "postgres://…". It does not migrate.
func Open(ctx context.Context, rawURL string) (*DB, error) {
	var db *DB
	var err error
	switch {
	case strings.HasPrefix(rawURL, "sqlite:"):
		db, err = openSQLite(strings.TrimPrefix(rawURL, "sqlite:"))
	case strings.HasPrefix(rawURL, "postgres://"), strings.HasPrefix(rawURL, "postgresql://"):
		db, err = openPostgres(ctx, rawURL)
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

// writer is the driver of SQLite's one writing connection. What a savepoint may have to undo is kept in memory: past 64 kB of it, what most
// members of a shared transaction change, SQLite would write a temporary file.
const writer = "sqlite3 writer"

func init() {
	sql.Register(writer, &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		_, err := c.Exec("PRAGMA temp_store = MEMORY", nil)
		return err
	}})
}

func openSQLite(path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	dsn := func(extra string) string {
		return "file:" + (&url.URL{Path: path}).EscapedPath() +
			"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000&_foreign_keys=on&_cache_size=-65536&_stmt_cache_size=100" + extra
	}
	write, err := sql.Open(writer, dsn("&_txlock=immediate"))
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

// Ping reports whether the store answers a write connection and a read connection.
func (db *DB) Ping(ctx context.Context) error {
	if db.pool != nil {
		return db.dialect.classify(db.pool.Ping(ctx))
	}
	if err := db.write.PingContext(ctx); err != nil {
		return db.dialect.classify(err)
	}
	return db.dialect.classify(db.read.PingContext(ctx))
}

// Engine names the engine: "sqlite" or "postgres". For showing, not for deciding.
func (db *DB) Engine() string { return db.dialect.name }

// Close closes every connection.
func (db *DB) Close() error {
	if db.pool != nil {
		db.pool.Close()
		return nil
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
	tx, err := db.onServer(ctx, "begin", func(tx *Tx, inner *pgTx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return db.dialect.classify(inner.commit(ctx))
	})
	if err != nil {
		return err
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// onServer runs fn in a transaction on PostgreSQL, which is rolled back unless fn commits it.
func (db *DB) onServer(ctx context.Context, begin string, fn func(tx *Tx, inner *pgTx) error) (*Tx, error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return nil, db.dialect.classify(err)
	}
	defer conn.Release() // one that is not at rest is closed
	inner := beginPG(conn.Conn(), begin)
	tx := &Tx{inner: inner, dialect: db.dialect}
	defer func() {
		if p := recover(); p != nil {
			_ = inner.rollback() // the panic is what matters
			panic(p)
		}
	}()
	if err := fn(tx, inner); err != nil {
		if back := inner.rollback(); back != nil {
			err = errors.Join(err, back)
		}
		return nil, err
	}
	return tx, nil
}

// Snapshot runs fn over one unchanging picture of the store, while others go on writing. fn reads only.
func (db *DB) Snapshot(ctx context.Context, fn func(q Querier) error) (err error) {
	if db.pool != nil {
		_, err := db.onServer(ctx, "begin isolation level repeatable read read only", func(tx *Tx, inner *pgTx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return inner.rollback()
		})
		return err
	}
	inner, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return db.dialect.classify(err)
	}
	defer func() {
		if back := inner.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) {
			err = errors.Join(err, back)
		}
	}()
	return fn(&Tx{inner: liteTx{inner}, dialect: db.dialect})
}

// AfterCommit runs f once the transaction has committed; not when it rolls back.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

func (db *DB) query(ctx context.Context, q string, args []any) (rows, error) {
	if db.pool != nil {
		r, err := db.pool.Query(ctx, db.dialect.rebind(q), bind(args)...)
		return &pgRows{Rows: r}, db.dialect.classify(err)
	}
	r, err := db.read.QueryContext(ctx, db.dialect.rebind(q), bind(args)...) //nolint:rowserrcheck // Each asks for it
	if err != nil {
		return nil, db.dialect.classify(err)
	}
	return r, nil
}

func (tx *Tx) query(ctx context.Context, q string, args []any) (rows, error) {
	ctx, err := tx.within(ctx)
	if err != nil {
		return nil, err
	}
	r, err := tx.inner.query(ctx, tx.dialect.rebind(q), bind(args))
	return r, tx.dialect.classify(err)
}

// within is the context of a statement.
func (tx *Tx) within(ctx context.Context) (context.Context, error) {
	if !tx.lasting {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
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
	ctx, err := tx.within(ctx)
	if err != nil {
		return 0, err
	}
	n, err := tx.inner.exec(ctx, tx.dialect.rebind(q), bind(args))
	return n, tx.dialect.classify(err)
}

// Later is Exec for who does not ask how many rows were touched. The statement runs before every later one of the transaction; where
// the engine is a server away it goes there together with the next of them or the commit, which then also tell its error.
func (tx *Tx) Later(ctx context.Context, q string, args ...any) error {
	ctx, err := tx.within(ctx)
	if err != nil {
		return err
	}
	return tx.dialect.classify(tx.inner.execLater(ctx, tx.dialect.rebind(q), bind(args)))
}

// ExecEach runs one statement with each of the lists of arguments, in their order, and returns how many rows each touched.
func (tx *Tx) ExecEach(ctx context.Context, q string, lists [][]any) ([]int64, error) {
	ctx, err := tx.within(ctx)
	if err != nil {
		return nil, err
	}
	bound := make([][]any, len(lists))
	for i, args := range lists {
		bound[i] = bind(args)
	}
	touched, err := tx.inner.execEach(ctx, tx.dialect.rebind(q), bound)
	return touched, tx.dialect.classify(err)
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
