package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/customer"
)

var rebuildCommand = command{
	summary: "Throw the warehouse away and make it again from the stream and the store",
	usage:   "[--data DIR] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "rebuild")
		format := f.formatFlag(formatText, formatJSON)
		_, cfg, err := f.parse(args, 0)
		if err != nil {
			return err
		}
		begin := time.Now()
		if err := dropWarehouse(ctx, cfg); err != nil {
			return err
		}
		return app.Do(ctx, cfg, app.Options{}, func(ctx context.Context, a *app.App) error {
			if err := a.Settle(ctx); err != nil {
				return err
			}
			missing, err := retellCustomers(ctx, a)
			if err != nil {
				return err
			}
			if err := a.Settle(ctx); err != nil {
				return err
			}
			report, err := a.Services.Segments.RefreshNow(ctx)
			if err != nil {
				return err
			}
			mark := a.Warehouse.Watermark()
			out := map[string]any{
				"facts": mark.Facts, "watermark": mark.Seq, "people": report.People, "customers_from_store": missing, "segments": report.Segments,
				"seconds": time.Since(begin).Seconds(),
			}
			if *format == formatJSON {
				return json.NewEncoder(e.stdout).Encode(out)
			}
			_, err = fmt.Fprintf(e.stdout, "%d facts of %d people in %.1f s; %d people came from the store alone\n", mark.Facts, report.People, time.Since(begin).Seconds(), missing)
			return err
		})
	},
}

// dropWarehouse deletes the files, or the tables, of the warehouse while nobody else can have them open.
func dropWarehouse(ctx context.Context, cfg config.Config) (err error) {
	lock, err := config.Acquire(cfg.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	path := app.WarehousePath(cfg)
	if warehouse.IsClickHouse(path) {
		return warehouse.DropClickHouse(ctx, path)
	}
	for _, file := range []string{path + ".wal", path, path + ".state", path + ".timelines"} { // the log first: a log without its file would be replayed into nothing
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("rebuild: %w", err)
		}
	}
	return os.RemoveAll(path + ".tmp")
}

// retellCustomers announces the customers that the stream did not tell of, as when it was lost, and returns how many.
func retellCustomers(ctx context.Context, a *app.App) (int, error) {
	told := roaring.New()
	err := warehouse.Each(ctx, a.Warehouse, "SELECT customer FROM people", nil, func(n uint32) error {
		told.Add(n)
		return nil
	})
	if err != nil {
		return 0, err
	}
	numbers, err := store.All[uint32](ctx, a.DB, `SELECT number FROM customers ORDER BY number`)
	if err != nil {
		return 0, err
	}
	known := roaring.BitmapOf(numbers...)
	known.AndNot(told)
	missing := known.ToArray()
	for at := 0; at < len(missing); at += 1000 {
		customers, err := customer.ByNumbers(ctx, a.DB, missing[at:min(at+1000, len(missing))])
		if err != nil {
			return 0, err
		}
		facts := make([]event.Fact, 0, len(customers))
		for _, c := range customers {
			props, err := json.Marshal(c.Attributes())
			if err != nil {
				return 0, err
			}
			facts = append(facts, event.Fact{ID: id.New("fact"), Name: event.CustomerChanged, Customer: c.Number, At: c.UpdatedAt, Subject: c.ID, Props: props})
		}
		if err := a.DB.Tx(ctx, func(tx *store.Tx) error { return outbox.Append(ctx, tx, facts...) }); err != nil {
			return 0, err
		}
	}
	return len(missing), nil
}
