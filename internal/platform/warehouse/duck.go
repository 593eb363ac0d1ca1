package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"

	"huoshui/internal/platform/errs"
)

// duck is a warehouse in one file of DuckDB. One connection writes, a capped pool of others reads.
type duck struct {
	w       *Warehouse
	db      *sql.DB
	readers chan *sql.Conn
	all     []*sql.Conn
	writer  *sql.Conn
	path    string          // "" where all is in memory
	kept    memoryState     // used there
	away    *roaring.Bitmap // numbers that went into another; replaced, never changed

	timelines atomic.Pointer[timelines] // of the last compaction; nil where they are not written yet

	disorder atomic.Bool // facts were found not to lie as the last compaction wrote them: nothing is taken to until the next
}

// openDuck opens or creates the file of a configuration.
func openDuck(ctx context.Context, w *Warehouse, cfg Config) (e *duck, err error) {
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
	e = &duck{w: w, path: cfg.Path, db: sql.OpenDB(connector), readers: make(chan *sql.Conn, cfg.Readers)}
	opened := e // a return of an error sets e to nil before what is deferred runs
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	if e.writer, err = e.db.Conn(ctx); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "warehouse.unavailable", err)
	}
	for _, q := range duckSettings(cfg) {
		if _, err := e.writer.ExecContext(ctx, q); err != nil {
			return nil, fmt.Errorf("warehouse: %s: %w", q, err)
		}
	}
	for _, q := range duckSchema {
		if _, err := e.writer.ExecContext(ctx, q); err != nil {
			return nil, fmt.Errorf("warehouse schema: %w", err)
		}
	}
	if err := e.dropOldState(ctx); err != nil {
		return nil, err
	}
	for range cfg.Readers {
		c, err := e.db.Conn(ctx)
		if err != nil {
			return nil, errs.Wrap(errs.Unavailable, "warehouse.unavailable", err)
		}
		e.all = append(e.all, c)
		e.readers <- c
	}
	if err := openDict(ctx, e.writer, w.dict); err != nil {
		return nil, err
	}
	if e.away, err = openAway(ctx, e.writer); err != nil {
		return nil, err
	}
	return e, errors.Join(e.refreshMark(ctx), e.openTimelines(ctx))
}

func (e *duck) close() error {
	var all []error
	if t := e.timelines.Swap(nil); t != nil {
		all = append(all, t.file.Close())
	}
	for _, c := range e.all {
		all = append(all, c.Close())
	}
	if e.writer != nil {
		all = append(all, e.writer.Close())
	}
	return errors.Join(append(all, e.db.Close())...)
}

func (e *duck) ping(ctx context.Context) error {
	return e.reader(ctx, func(c *sql.Conn) error {
		var one int
		return c.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
}

func (e *duck) name() string { return "DuckDB" }

func (e *duck) serverCPU(context.Context) (float64, error) { return 0, nil }

func (e *duck) dialect() dialect { return duckDialect }

func (e *duck) ready(context.Context) error { return nil }

// pace: a commit costs the same for one fact and for a thousand, and what is published together comes within moments. Live
// segments wait for it.
func (e *duck) pace() pace { return pace{messages: 256, rest: 25 * time.Millisecond} }

func (e *duck) refreshMark(ctx context.Context) error {
	var m Watermark
	var fromFacts, fromPeople uint32
	err := errors.Join(
		e.writer.QueryRowContext(ctx, "SELECT CAST(MAX(seq) AS UBIGINT) FROM loaded").Scan(&m.Seq),
		e.writer.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(MAX(ts), 0), COALESCE(MAX(customer) FILTER (WHERE customer < "+strconv.FormatUint(uint64(FirstVisitor), 10)+"), 0) FROM facts").Scan(&m.Facts, &m.Latest, &fromFacts),
		e.writer.QueryRowContext(ctx, "SELECT COALESCE(MAX(customer), 0) FROM people").Scan(&fromPeople),
	)
	if err != nil {
		return fmt.Errorf("warehouse watermark: %w", err)
	}
	m.Through = max(fromFacts, fromPeople)
	e.w.advance(m, nil)
	return nil
}

// reader lends a connection of the pool.
func (e *duck) reader(ctx context.Context, fn func(*sql.Conn) error) error {
	select {
	case c := <-e.readers:
		defer func() { e.readers <- c }()
		return fn(c)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writing runs fn in a transaction of the writer; callers hold the write lock.
func (e *duck) writing(ctx context.Context, fn func(c *sql.Conn) error) error {
	if _, err := e.writer.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
		return fmt.Errorf("warehouse: %w", err)
	}
	if err := fn(e.writer); err != nil {
		// the caller's context may be what ended it; the transaction must end in any case
		_, rollback := e.writer.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, rollback)
	}
	if _, err := e.writer.ExecContext(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return fmt.Errorf("warehouse commit: %w", err)
	}
	return nil
}

func (e *duck) query(ctx context.Context, q string, args []any, begin func(columns []string) ([]any, error), row func() error) error {
	return e.reader(ctx, func(c *sql.Conn) error {
		rows, err := c.QueryContext(ctx, q, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		cells, err := begin(columns)
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := rows.Scan(cells...); err != nil {
				return err
			}
			if err := row(); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

func (e *duck) numbers(ctx context.Context, q string, into *roaring.Bitmap) error {
	return e.reader(ctx, func(c *sql.Conn) error {
		return raw(c, func(dc driver.Conn) error {
			a, err := duckdb.NewArrowFromConn(dc)
			if err != nil {
				return err
			}
			return eachBatch(ctx, a, q, func(rec arrow.RecordBatch) {
				into.AddMany(rec.Column(0).(*array.Uint32).Uint32Values())
			})
		})
	})
}

func (e *duck) factsOf(customer uint32) string {
	return "(SELECT * FROM facts WHERE customer = " + number(customer) + ")"
}

func (e *duck) fill(ctx context.Context, statements []string) error {
	err := e.writing(ctx, func(c *sql.Conn) error {
		if err := saveDict(c, e.w.dict); err != nil {
			return err
		}
		for _, q := range statements {
			if _, err := c.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	e.w.dict.settle(err == nil)
	if err != nil {
		return err
	}
	return e.refreshMark(ctx)
}

// raw gives the driver's own connection.
func raw(c *sql.Conn, fn func(driver.Conn) error) error {
	return c.Raw(func(v any) error { return fn(v.(driver.Conn)) })
}

// appending opens an appender on a table within the connection's transaction.
func appending(c *sql.Conn, table string, fn func(*duckdb.Appender) error) error {
	return raw(c, func(dc driver.Conn) error {
		a, err := duckdb.NewAppenderFromConn(dc, "", table)
		if err != nil {
			return fmt.Errorf("append to %s: %w", table, err)
		}
		if err := fn(a); err != nil {
			a.Clear() //nolint:errcheck // the transaction is rolled back whole
			a.Close() //nolint:errcheck
			return fmt.Errorf("append to %s: %w", table, err)
		}
		if err := a.Close(); err != nil {
			return fmt.Errorf("append to %s: %w", table, err)
		}
		return nil
	})
}

var duckSchema = []string{
	`CREATE TABLE IF NOT EXISTS facts (
		customer UINTEGER NOT NULL, ts BIGINT NOT NULL, kind UINTEGER NOT NULL, id UBIGINT NOT NULL,
		subject VARCHAR, amount BIGINT NOT NULL, quantity BIGINT NOT NULL,
		product UINTEGER NOT NULL, category UINTEGER NOT NULL, channel UINTEGER NOT NULL,
		campaign UINTEGER NOT NULL, strategy UINTEGER NOT NULL, detail UINTEGER NOT NULL, props VARCHAR)`,
	`ALTER TABLE facts ADD COLUMN IF NOT EXISTS born UINTEGER DEFAULT 0`, // last, since an older file lacks it
	`CREATE TABLE IF NOT EXISTS merged (away UINTEGER NOT NULL, owner UINTEGER NOT NULL)`,
	peopleTable("people"),
	`CREATE TABLE IF NOT EXISTS dict (code UINTEGER NOT NULL, text VARCHAR NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS loaded (seq UBIGINT NOT NULL, clustered_facts BIGINT NOT NULL, clustered_people BIGINT NOT NULL)`,
	`INSERT INTO loaded (seq, clustered_facts, clustered_people) SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM loaded)`,
	// customers whom facts moved to or from since the last compaction; an older file, which did not note them, counts as never compacted
	`UPDATE loaded SET clustered_facts = 0 WHERE NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'moved')`,
	`CREATE TABLE IF NOT EXISTS moved (customer UINTEGER NOT NULL)`,
	`ALTER TABLE loaded ADD COLUMN IF NOT EXISTS compaction UBIGINT DEFAULT 0`, // a mark of the last one
	fmt.Sprintf(`UPDATE loaded SET compaction = %d WHERE compaction = 0`, newCompaction()),
}

func duckSettings(cfg Config) []string {
	threads := cfg.Threads
	if threads == 0 {
		threads = runtime.NumCPU()
	}
	s := []string{
		fmt.Sprintf("SET memory_limit = '%dMB'", cfg.MemoryMB),
		fmt.Sprintf("SET threads = %d", threads),
		"SET checkpoint_threshold = '64MB'",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
	}
	if cfg.TempDir != "" {
		s = append(s, "SET temp_directory = "+quote(cfg.TempDir))
	}
	return s
}

// peopleTable is the DDL of the versions of customers' attributes; see Person for the meaning of the columns.
func peopleTable(name string) string {
	return `CREATE TABLE IF NOT EXISTS ` + name + ` (
		customer UINTEGER NOT NULL, ts BIGINT NOT NULL, seq UBIGINT NOT NULL,
		registered BIGINT NOT NULL, birthday INTEGER NOT NULL,
		gender UINTEGER NOT NULL, province UINTEGER NOT NULL, city UINTEGER NOT NULL, source UINTEGER NOT NULL,
		store UINTEGER NOT NULL, owner UINTEGER NOT NULL, level UINTEGER NOT NULL, flags UINTEGER NOT NULL)`
}
