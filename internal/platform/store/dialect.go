package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"huoshui/internal/platform/errs"
)

// dialect is everything in which the engines differ: expressions and rewrites, never facts about the engine.
type dialect struct {
	name string
	// rebind turns "?" into the engine's placeholders.
	rebind func(q string) string
	// ddl turns the common column types into the engine's.
	ddl func(q string) string
	// lock takes the migration lock inside a transaction.
	lock string
	// share and exclude take a lock by its number until the transaction ends: many may share it, one alone may exclude the
	// others. "" where the writer is alone already.
	share, exclude string
	// hold ends a SELECT whose rows stay as they are until the transaction ends.
	hold string
	// skipLocked ends a SELECT that claims rows for a worker.
	skipLocked string
	// maxArgs is how many placeholders one statement may have.
	maxArgs int
}

var sqlite = dialect{
	name:    "sqlite",
	rebind:  func(q string) string { return q },
	ddl:     sqliteDDL,
	lock:    "SELECT 1", // transactions begin immediate: the writer is alone already
	maxArgs: 30000,
}

var postgres = dialect{
	name:       "postgres",
	rebind:     rebindPostgres,
	ddl:        postgresDDL,
	lock:       "SELECT pg_advisory_xact_lock(4850210)",
	share:      "SELECT pg_advisory_xact_lock_shared($1)",
	exclude:    "SELECT pg_advisory_xact_lock($1)",
	hold:       " FOR UPDATE",
	skipLocked: " FOR UPDATE SKIP LOCKED",
	maxArgs:    60000,
}

var (
	blobType    = regexp.MustCompile(`\bBLOB\b`)
	integerType = regexp.MustCompile(`\b(BIGINT|BOOLEAN)\b`)
	textType    = regexp.MustCompile(`\bTEXT\b`)
	realType    = regexp.MustCompile(`\bDOUBLE PRECISION\b`)
	tableEnd    = regexp.MustCompile(`(?m)^\);`)
	appendOnly  = regexp.MustCompile(`(?m)^APPEND ONLY (\w+);$`) // a table whose rows are never changed nor deleted
)

func sqliteDDL(q string) string {
	q = appendOnly.ReplaceAllString(q, `CREATE TRIGGER ${1}_kept BEFORE UPDATE ON $1 BEGIN SELECT RAISE(ABORT, '$1 is append-only'); END;
CREATE TRIGGER ${1}_stays BEFORE DELETE ON $1 BEGIN SELECT RAISE(ABORT, '$1 is append-only'); END;`)
	q = integerType.ReplaceAllString(q, "INTEGER")
	q = realType.ReplaceAllString(q, "REAL")
	return tableEnd.ReplaceAllString(q, ") STRICT;")
}

// postgresDDL makes texts compare by their bytes, as in SQLite and in Go, whatever language the database was made for:
// ids are paged and cut into ranges by that order.
func postgresDDL(q string) string {
	q = appendOnly.ReplaceAllString(q, `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23514'; END $$$$;
CREATE TRIGGER ${1}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON $1 FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`)
	return textType.ReplaceAllString(blobType.ReplaceAllString(q, "BYTEA"), `TEXT COLLATE "C"`)
}

// lowered is what a search compares a column with; both sides must take the same letters for capitals.
var lowered = strings.NewReplacer("LOWER(?)", `LOWER(CAST(? AS TEXT) COLLATE "C")`)

var rebound sync.Map // SQL text → SQL text with $n; texts are constants and builders with few shapes

func rebindPostgres(q string) string {
	if !strings.Contains(q, "?") {
		return q
	}
	if r, ok := rebound.Load(q); ok {
		return r.(string)
	}
	var b strings.Builder
	text := lowered.Replace(q)
	n, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	if len(q) < 4096 { // long multi-row statements would fill the cache with one-off shapes
		rebound.Store(q, b.String())
	}
	return b.String()
}

// classify maps a driver's error to one of ours, once, here.
func (d dialect) classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var pg *pgconn.PgError
	var lite sqlite3.Error
	switch {
	case errors.As(err, &pg):
		switch pg.Code {
		case "23505":
			return errs.Wrap(errs.Conflict, "store.duplicate", err)
		case "23503", "23514", "23502", "22001", "22003", "22P02", "22021":
			return errs.Wrap(errs.Invalid, "store.constraint", err)
		case "53300", "57P01", "57P02", "57P03":
			return errs.Wrap(errs.Unavailable, "store.unavailable", err)
		}
	case errors.As(err, &lite):
		switch lite.ExtendedCode {
		case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintRowID:
			return errs.Wrap(errs.Conflict, "store.duplicate", err)
		}
		switch lite.Code {
		case sqlite3.ErrConstraint:
			return errs.Wrap(errs.Invalid, "store.constraint", err)
		case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrFull:
			return errs.Wrap(errs.Unavailable, "store.unavailable", err)
		}
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.As(err, new(*pgconn.ConnectError)), pgconn.SafeToRetry(err):
		return errs.Wrap(errs.Unavailable, "store.unavailable", err)
	}
	return err
}

// retryable reports whether the whole transaction may be tried again.
func (d dialect) retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") || pgconn.SafeToRetry(err) // the server never heard of it
}

// Hold ends a SELECT whose rows nobody else may change until tx ends; it waits for who holds them. On SQLite the writer
// is alone.
func (tx *Tx) Hold() string { return tx.dialect.hold }

// SkipLocked ends a SELECT that claims rows in tx: other workers pass over them. On SQLite the writer is alone.
func (tx *Tx) SkipLocked() string { return tx.dialect.skipLocked }

// Share takes a named lock that many transactions may hold at once, until the transaction ends: later statements wait while one
// of them holds it alone. On SQLite the writer is alone anyway.
func (tx *Tx) Share(ctx context.Context, name string) error {
	return tx.take(ctx, tx.dialect.share, name)
}

// Exclude takes a named lock alone, until the transaction ends: later statements wait until nobody else holds it.
func (tx *Tx) Exclude(ctx context.Context, name string) error {
	return tx.take(ctx, tx.dialect.exclude, name)
}

func (tx *Tx) take(ctx context.Context, statement, name string) error {
	if statement == "" {
		return nil
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(name)) // a hash does not fail
	return tx.Later(ctx, statement, int64(sum.Sum64()))
}
