package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/telemetry"
	"huoshui/internal/platform/warehouse"
)

var warehouseCommand = command{
	summary: "Move the warehouse from the data directory to ClickHouse, and compare every row; called again it goes on where it was",
	usage:   "move --to clickhouse://host:port/database [--data DIR] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "warehouse")
		to := f.String("to", "", "clickhouse://host:port/database; more host:port, with commas between, for more shards")
		format := f.formatFlag(formatText, formatJSON)
		words, cfg, err := f.parse(args, 1)
		if err != nil {
			return err
		}
		if words[0] != "move" {
			return usagef("want move, got %q", words[0])
		}
		if !warehouse.IsClickHouse(*to) {
			return usagef("want --to clickhouse://host:port/database")
		}
		begin := time.Now()
		moved, err := moveWarehouse(ctx, cfg, *to, e.stderr)
		if err != nil {
			return err
		}
		seconds := time.Since(begin).Seconds()
		if *format == formatJSON {
			return json.NewEncoder(e.stdout).Encode(struct {
				warehouse.Moved
				Seconds float64 `json:"seconds"`
			}{moved, seconds})
		}
		_, err = fmt.Fprintf(e.stdout, "%d facts and %d versions of people are in ClickHouse as they are here (checksum %s), in %.1f s.\nFrom now on: huoshui serve --data %s --warehouse '%s'\nThe file %s is not needed any more.\n",
			moved.Facts, moved.People, moved.Checksum, seconds, cfg.Data, *to, app.WarehousePath(cfg))
		return err
	},
}

// moveWarehouse moves the file of a data directory that nobody works on, telling say of its progress.
func moveWarehouse(ctx context.Context, cfg config.Config, to string, say io.Writer) (moved warehouse.Moved, err error) {
	path := app.WarehousePath(cfg)
	if warehouse.IsClickHouse(path) {
		return moved, usagef("the warehouse is in ClickHouse already: leave --warehouse and HUOSHUI_WAREHOUSE out, or name the file to move")
	}
	if _, err := os.Stat(path); err != nil {
		return moved, fmt.Errorf("there is no warehouse to move: %w", err)
	}
	lock, err := config.Acquire(cfg.Data)
	if errors.Is(err, config.ErrInUse) {
		return moved, fmt.Errorf("a server works on %s and has the warehouse open; stop it, move, and start it with --warehouse: %w", cfg.Data, err)
	}
	if err != nil {
		return moved, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	log := telemetry.NewLog(say, cfg.LogFormat, cfg.LogLevel)
	from, err := warehouse.Open(ctx, warehouse.Config{Path: path, MemoryMB: int(cfg.WarehouseBytes() >> 20)}, log)
	if err != nil {
		return moved, fmt.Errorf("open the warehouse to move: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	return warehouse.Move(ctx, from, to, log, func(done, total int64, what string) {
		fmt.Fprintf(say, "%s: %d of %d rows\n", what, done, total)
	})
}
