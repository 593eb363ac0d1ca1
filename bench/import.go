package bench

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the "duckdb" driver

	"huoshui/internal/app/identitywire"
	"huoshui/internal/app/importwire"
	"huoshui/internal/data/importing"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/consent"
)

// ImportSpec is what to import.
type ImportSpec struct {
	Lines int64  // order lines of the file that is made, about three an order
	File  string // a file of one's own instead
	Dir   string // where file and store go while they are needed
}

// ImportResult is what taking a file in took, beside DuckDB reading and storing the same file as it is: one checks
// every cell, finds customers and orders, refuses what was taken before and writes the facts; the other copies.
type ImportResult struct {
	Lines          int64   `json:"lines"`
	FileMB         float64 `json:"file_mb"`
	Accepted       int64   `json:"lines_accepted"`
	Seconds        float64 `json:"seconds"` // from upload to done, synced
	LinesPerSecond float64 `json:"lines_per_second"`
	AgainSeconds   float64 `json:"again_seconds"` // the same file once more: everything is a duplicate
	DuckDBSeconds  float64 `json:"duckdb_seconds"`
	DuckDBPerSec   float64 `json:"duckdb_lines_per_second"`
	TimesDuckDB    float64 `json:"times_duckdb"` // our seconds over DuckDB's
	PeakMemoryMB   int64   `json:"peak_memory_mb"`
	StoreMB        float64 `json:"store_mb"`
}

// Import measures an import into a new SQLite store against DuckDB's CSV reader plus insert on the same file.
func Import(ctx context.Context, spec ImportSpec, say func(string, ...any)) (r ImportResult, err error) {
	dir, err := os.MkdirTemp(spec.Dir, "huoshui-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := spec.File
	if path == "" {
		path = filepath.Join(dir, "orders.csv")
		if err := makeOrders(path, spec.Lines); err != nil {
			return r, err
		}
	}
	stat, err := os.Stat(path)
	if err != nil {
		return r, err
	}
	r.FileMB = float64(stat.Size()) / (1 << 20)
	say("%s: %.0f MB", filepath.Base(path), r.FileMB)
	if err := importOurs(ctx, dir, path, &r); err != nil {
		return r, err
	}
	say("huoshui  %8.1f s  %9.0f lines/s, again %.1f s, %d MB at most", r.Seconds, r.LinesPerSecond, r.AgainSeconds, r.PeakMemoryMB)
	if err := importDuckDB(ctx, dir, path, &r); err != nil {
		return r, err
	}
	r.TimesDuckDB = r.Seconds / r.DuckDBSeconds
	say("DuckDB   %8.1f s  %9.0f lines/s; ours takes %.1f times as long", r.DuckDBSeconds, r.DuckDBPerSec, r.TimesDuckDB)
	return r, nil
}

// makeOrders writes a file of order lines: three to an order, an order in four of a person new to the file.
func makeOrders(path string, lines int64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := w.WriteString("order_no,customer_id,paid_at,sku,product_name,quantity,price\n"); err != nil {
		return err
	}
	begin := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		order := i / 3
		person := (order * 2654435761) % (lines/12 + 1)
		at := begin.Add(time.Duration(order%43_200_000) * time.Second)
		_, err := fmt.Fprintf(w, "%09d,c%07d,%s,SKU%04d,Product %04d,%d,%d.%02d\n",
			order, person, at.Format(time.DateTime), (i*7919)%5000, (i*7919)%5000, 1+i%4, 5+i%200, i%100)
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

func importOurs(ctx context.Context, dir, path string, r *ImportResult) (err error) {
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "store.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := store.Migrate(ctx, db); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	s := importwire.New(db, identitywire.New(db, clock.System), consent.NewService(db, clock.System), clock.System, log, importing.Config{Dir: filepath.Join(dir, "imports"), Zone: time.UTC})
	once := func() (importing.Counts, float64, error) {
		began := time.Now()
		f, err := os.Open(path)
		if err != nil {
			return importing.Counts{}, 0, err
		}
		defer func() { _ = f.Close() }() // read only: nothing can be lost
		imp, err := s.Upload(ctx, importing.TargetOrders, filepath.Base(path), f, "")
		if err != nil {
			return importing.Counts{}, 0, err
		}
		if imp.Spec.Channel == "" {
			imp.Spec.Channel = "bench"
			if imp, err = s.Configure(ctx, imp.ID, imp.Format, imp.Spec); err != nil {
				return importing.Counts{}, 0, err
			}
		}
		if _, err = s.Start(ctx, imp.ID); err != nil {
			return importing.Counts{}, 0, err
		}
		imp, err = s.Execute(ctx, imp.ID, nil)
		return imp.Result(), time.Since(began).Seconds(), err
	}
	most := newPeak()
	c, seconds, err := once()
	r.PeakMemoryMB = most.megabytes()
	if err != nil {
		return err
	}
	r.Lines, r.Accepted, r.Seconds, r.LinesPerSecond = c.LinesRead, c.LinesAccepted, seconds, float64(c.LinesRead)/seconds
	if c, r.AgainSeconds, err = once(); err != nil {
		return err
	}
	if c.LinesAccepted != 0 {
		return fmt.Errorf("the second import accepted %d lines", c.LinesAccepted)
	}
	if stat, err := os.Stat(filepath.Join(dir, "store.db")); err == nil {
		r.StoreMB = float64(stat.Size()) / (1 << 20)
	}
	return nil
}

func importDuckDB(ctx context.Context, dir, path string, r *ImportResult) (err error) {
	db, err := sql.Open("duckdb", filepath.Join(dir, "peer.duckdb")+"?threads=2")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	began := time.Now()
	if _, err := db.ExecContext(ctx, `CREATE TABLE lines AS SELECT * FROM read_csv(?, header = true) LIMIT 0`, path); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO lines SELECT * FROM read_csv(?, header = true)`, path); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `CHECKPOINT`); err != nil {
		return err
	}
	r.DuckDBSeconds = time.Since(began).Seconds()
	var n int64
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM lines`).Scan(&n); err != nil {
		return err
	}
	if n != r.Lines {
		return fmt.Errorf("DuckDB read %d lines, we read %d", n, r.Lines)
	}
	r.DuckDBPerSec = float64(n) / r.DuckDBSeconds
	return nil
}
