package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

type kind string

type sample struct {
	ID    string         `db:"id"`
	Kind  kind           `db:"kind"`
	Phone string         `db:"phone,null"`
	N     uint32         `db:"n"`
	Score float64        `db:"score"`
	On    bool           `db:"is_on"`
	At    time.Time      `db:"at"`
	Spec  map[string]int `db:"spec,json"`
	Blob  []byte         `db:"blob"`
}

const samples = `CREATE TABLE samples (id TEXT PRIMARY KEY, kind TEXT NOT NULL, phone TEXT UNIQUE, n BIGINT NOT NULL,
	score DOUBLE PRECISION NOT NULL, is_on BOOLEAN NOT NULL, at BIGINT, spec TEXT NOT NULL, blob `

func prepare(t *testing.T, db *store.DB) {
	t.Helper()
	blob := map[string]string{"sqlite": "BLOB)", "postgres": "BYTEA)"}[db.Engine()]
	if _, err := db.Exec(t.Context(), samples+blob); err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		prepare(t, db)
		want := []sample{
			{ID: "a", Kind: "x", N: 1 << 31, Score: 1.5, On: true, At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Spec: map[string]int{"q": 1}, Blob: []byte{0, 1, 255}},
			{ID: "b?'", Kind: "", Phone: "138", Spec: map[string]int{}, Blob: nil},
		}
		for i := range 1300 { // more than one chunk
			want = append(want, sample{ID: "c" + string(rune('0'+i/1000)) + string(rune('0'+i/100%10)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10)), Spec: map[string]int{}})
		}
		err := db.Tx(t.Context(), func(tx *store.Tx) error {
			n, err := store.InsertAll(t.Context(), tx, "samples", want, "")
			if n != int64(len(want)) {
				t.Errorf("wrote %d of %d", n, len(want))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := store.All[sample](t.Context(), db, "SELECT * FROM samples ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		one, err := store.One[string](t.Context(), db, "SELECT id FROM samples WHERE id = ? AND '?' = '?'", "b?'")
		if err != nil || one != "b?'" {
			t.Errorf("One = %q, %v", one, err)
		}
		if _, err := store.One[sample](t.Context(), db, "SELECT * FROM samples WHERE id = ?", "zz"); !errs.Is(err, errs.NotFound) {
			t.Errorf("missing row: %v", err)
		}
	})
}

func TestConflictAndRollback(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		prepare(t, db)
		ran := false
		err := db.Tx(t.Context(), func(tx *store.Tx) error {
			tx.AfterCommit(func() { ran = true })
			if err := store.Insert(t.Context(), tx, "samples", sample{ID: "a", Phone: "1"}); err != nil {
				return err
			}
			return store.Insert(t.Context(), tx, "samples", sample{ID: "b", Phone: "1"})
		})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("second phone: %v", err)
		}
		if n, err := store.One[int64](t.Context(), db, "SELECT COUNT(*) FROM samples"); err != nil || n != 0 || ran {
			t.Errorf("after rollback: %d rows, %v, hook ran %v", n, err, ran)
		}
		_, err = db.Exec(t.Context(), "INSERT INTO samples (id, kind, n, score, is_on, spec) VALUES (?, NULL, 0, 0, ?, '{}')", "x", false)
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("NULL kind: %v", err)
		}
	})
}

func TestWritersDoNotLoseUpdates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 10 {
					if _, err := db.Exec(context.Background(), "INSERT INTO counters (name, value) VALUES ('n', 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n, err := store.One[int](t.Context(), db, "SELECT value FROM counters WHERE name = ?", "n"); err != nil || n != 200 {
			t.Errorf("counted %d, %v", n, err)
		}
	})
}

func TestMigrateTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		applied, err := store.Migrate(t.Context(), db)
		if err != nil || len(applied) != 0 {
			t.Errorf("again: %v, %v", applied, err)
		}
	})
}

func TestClosedStoreFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, _ *store.DB) {
		db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/x.db")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(t.Context(), func(*store.Tx) error { return nil }); err == nil {
			t.Error("a closed store began a transaction")
		}
		if _, err := store.All[int](t.Context(), db, "SELECT 1"); err == nil {
			t.Error("a closed store answered")
		}
	})
}

func TestCancelledTx(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Tx(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO counters (name, value) VALUES ('x', 1)"); err != nil {
				return err
			}
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("commit of a cancelled transaction: %v", err)
		}
		if n, err := store.One[int](t.Context(), db, "SELECT COUNT(*) FROM counters"); err != nil || n != 0 {
			t.Errorf("kept %d rows, %v", n, err)
		}
	})
}

// Whatever language the database was made for, texts compare by their bytes, as in SQLite and in Go: ids are paged and
// cut into ranges by that order.
func TestTextsCompareByBytes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		type counter struct {
			Name  string `db:"name"`
			Value int64  `db:"value"`
		}
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			_, err := store.InsertAll(ctx, tx, "counters", []counter{{"a-2", 0}, {"A-1", 0}, {"a~", 0}, {"b", 0}, {"É", 0}}, "")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string][]string{
			`SELECT name FROM counters ORDER BY name`:                                         {"A-1", "a-2", "a~", "b", "É"},
			`SELECT name FROM counters WHERE name > 'a-' AND name < 'a-~' ORDER BY name`:      {"a-2"},
			`SELECT name FROM counters WHERE LOWER(name) LIKE LOWER(?) ESCAPE '\' ORDER BY 1`: {"É"},
		} {
			var args []any
			if strings.Contains(query, "?") {
				args = append(args, "É")
			}
			got, err := store.All[string](ctx, db, query, args...)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %q, %v; want %q", query, got, err, want)
			}
		}
	})
}

// TestTogether has many transactions share commits, some failing, panicking or losing their context: what succeeded is kept,
// nothing else is, and nobody waits for ever.
func TestTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if _, err := db.Exec(t.Context(), "INSERT INTO counters (name, value) VALUES ('sum', 0)"); err != nil {
			t.Fatal(err)
		}
		failed := errors.New("as asked")
		var kept atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				defer func() {
					if p := recover(); (p != nil) != (i%5 == 3) {
						t.Errorf("%d: panic %v", i, p)
					}
				}()
				noted := false
				err := db.Tx(ctx, func(tx *store.Tx) error {
					tx.AfterCommit(func() { noted = true })
					if _, err := tx.Exec(ctx, "INSERT INTO counters (name, value) VALUES (?, 1)", fmt.Sprint("n", i)); err != nil {
						return err
					}
					if _, err := tx.Exec(ctx, "UPDATE counters SET value = value + 1 WHERE name = 'sum'"); err != nil {
						return err
					}
					switch i % 5 {
					case 1:
						return failed
					case 2:
						cancel()
					case 3:
						panic("as asked")
					case 4: // a statement that fails, and a transaction that goes on to fail
						_, err := tx.Exec(ctx, "INSERT INTO counters (name, value) VALUES ('sum', 0)")
						return err
					}
					return nil
				})
				switch i % 5 {
				case 0:
					if err != nil || !noted {
						t.Errorf("%d: %v, noted %v", i, err, noted)
					}
					kept.Add(1)
				case 1:
					if !errors.Is(err, failed) || noted {
						t.Errorf("%d: %v, noted %v", i, err, noted)
					}
				case 2:
					if !errors.Is(err, context.Canceled) || noted {
						t.Errorf("%d: %v, noted %v", i, err, noted)
					}
				case 4:
					if !errs.Is(err, errs.Conflict) || noted {
						t.Errorf("%d: %v, noted %v", i, err, noted)
					}
				}
			})
		}
		// some give up while they wait for their turn; PostgreSQL may have committed what it no longer answers
		for range 50 {
			if db.Engine() != "sqlite" {
				break
			}
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				err := db.Tx(ctx, func(tx *store.Tx) error {
					_, err := tx.Exec(ctx, "UPDATE counters SET value = value + 1 WHERE name = 'sum'")
					return err
				})
				if err == nil {
					kept.Add(1)
				}
			})
		}
		wg.Wait()
		sum, err := store.One[int64](t.Context(), db, "SELECT value FROM counters WHERE name = 'sum'")
		if err != nil || sum != kept.Load() {
			t.Errorf("sum %d, kept %d, %v", sum, kept.Load(), err)
		}
		rows, err := store.One[int64](t.Context(), db, "SELECT COUNT(*) FROM counters WHERE name LIKE 'n%'")
		if err != nil || rows != 40 {
			t.Errorf("%d rows, %v", rows, err)
		}
	})
}

// BenchmarkTx commits small transactions from 64 writers.
func BenchmarkTx(b *testing.B) {
	db := storetest.Open(b)
	b.SetParallelism(32)
	var n atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := db.Exec(b.Context(), "INSERT INTO counters (name, value) VALUES (?, 1)", fmt.Sprint("b", n.Add(1))); err != nil {
				b.Error(err)
			}
		}
	})
}

// Rows of a table that is only added to are neither changed nor deleted, by whatever statement.
func TestAppendOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if _, err := db.Exec(ctx, `INSERT INTO ledger_closes (day, closed_at, closed_by, note, entries, total_fen) VALUES ('2026-03-01', 0, '', '', 0, 0)`); err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{`UPDATE ledger_closes SET note = 'x'`, `DELETE FROM ledger_closes`} {
			if _, err := db.Exec(ctx, q); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}

// A snapshot does not see what is written while it reads.
func TestSnapshot(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		err := db.Snapshot(ctx, func(q store.Querier) error {
			for range 2 {
				if n, err := store.One[int](ctx, q, "SELECT COUNT(*) FROM counters"); err != nil || n != 0 {
					t.Errorf("%d counters, %v", n, err)
				}
				if _, err := db.Exec(ctx, "INSERT INTO counters (name, value) VALUES ('x', 1) ON CONFLICT (name) DO NOTHING"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := store.One[int](ctx, db, "SELECT COUNT(*) FROM counters"); err != nil || n != 1 {
			t.Errorf("%d counters, %v", n, err)
		}
	})
}

func TestGatheredReads(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		number := func(to *int64, n int64) func(q store.Querier) error {
			return func(q store.Querier) (err error) {
				*to, err = store.One[int64](ctx, q, `SELECT CAST(? AS BIGINT)`, n)
				return err
			}
		}
		check := func(t *testing.T, q store.Querier) {
			t.Helper()
			var a, b, c, d int64
			err := store.Gather(ctx, q, number(&a, 1), func(q store.Querier) error {
				if err := number(&b, 2)(q); err != nil { // a question, then some more
					return err
				}
				return store.Gather(ctx, q, number(&c, b+1), number(&d, b+2), func(store.Querier) error { return nil })
			}, func(store.Querier) error { return nil })
			if err != nil || a != 1 || b != 2 || c != 3 || d != 4 {
				t.Errorf("%d %d %d %d, %v", a, b, c, d, err)
			}
		}
		check(t, db)
		if err := db.Tx(ctx, func(tx *store.Tx) error { check(t, tx); return nil }); err != nil {
			t.Error(err)
		}
		first, second := errors.New("first"), errors.New("second")
		err := store.Gather(ctx, db, number(new(int64), 1), func(store.Querier) error { return first }, func(store.Querier) error { return second })
		if !errors.Is(err, first) {
			t.Errorf("failed with %v", err)
		}
		err = store.Gather(ctx, db, number(new(int64), 1), func(q store.Querier) error {
			_, err := store.All[int64](ctx, q, `SELECT nothing FROM nowhere`)
			return err
		}, number(new(int64), 1))
		if err == nil {
			t.Error("a wrong question was answered")
		}
		var some []int64
		err = store.Gather(ctx, db, func(q store.Querier) (err error) {
			some, err = store.All[int64](ctx, q, `SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 ORDER BY n`)
			return err
		}, func(q store.Querier) error { // not read to its end
			return store.Each(ctx, q, `SELECT 1 AS n UNION ALL SELECT 2`, nil, func(int64) error { return second })
		})
		if !errors.Is(err, second) || len(some) != 3 {
			t.Errorf("%v, %v", some, err)
		}
		defer func() {
			if p := recover(); p != "ended" {
				t.Errorf("a panic became %v", p)
			}
			check(t, db) // nothing is left open
		}()
		_ = store.Gather(ctx, db, number(new(int64), 1), func(q store.Querier) error {
			return store.Gather(ctx, q, number(new(int64), 1), func(store.Querier) error { panic("ended") })
		})
	})
}

func TestStatementsThatWait(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if _, err := db.Exec(ctx, `CREATE TABLE waits (id TEXT PRIMARY KEY, n BIGINT NOT NULL)`); err != nil {
			t.Fatal(err)
		}
		type row struct {
			ID string `db:"id"`
			N  int64  `db:"n"`
		}
		count := func(q store.Querier) int64 {
			n, err := store.One[int64](ctx, q, `SELECT COUNT(*) FROM waits`)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		err := db.Tx(ctx, func(tx *store.Tx) error {
			for i := range 250 {
				if err := store.InsertLater(ctx, tx, "waits", []row{{fmt.Sprint("r", i), 1}}, ""); err != nil {
					return err
				}
			}
			if n := count(tx); n != 250 {
				t.Errorf("a later statement sees %d rows", n)
			}
			touched, err := tx.ExecEach(ctx, `UPDATE waits SET n = n + ? WHERE id = ?`, [][]any{{1, "r1"}, {1, "none"}, {1, "r1"}})
			if err != nil || len(touched) != 3 || touched[0] != 1 || touched[1] != 0 || touched[2] != 1 {
				t.Errorf("touched %v, %v", touched, err)
			}
			return tx.Later(ctx, `UPDATE waits SET n = n * ? WHERE id = ?`, 10, "r1") // goes with the commit
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := store.One[int64](ctx, db, `SELECT n FROM waits WHERE id = 'r1'`); err != nil || n != 30 {
			t.Errorf("n is %d, %v", n, err)
		}
		err = db.Tx(ctx, func(tx *store.Tx) error {
			if err := store.InsertLater(ctx, tx, "waits", []row{{"new", 1}}, ""); err != nil {
				return err
			}
			return store.InsertLater(ctx, tx, "waits", []row{{"r1", 1}}, "")
		})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("a row that is there: %v", err)
		}
		failed := errors.New("failed")
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			if err := store.InsertLater(ctx, tx, "waits", []row{{"other", 1}}, ""); err != nil {
				return err
			}
			return failed
		}); !errors.Is(err, failed) {
			t.Error(err)
		}
		if n := count(db); n != 250 {
			t.Errorf("%d rows stayed", n)
		}
	})
}
