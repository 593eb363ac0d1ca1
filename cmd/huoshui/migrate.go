package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/store"
)

var migrateCommand = command{
	summary: "Bring the store's tables up to date",
	usage:   "[--data DIR | --store URL] [--json]",
	run: func(ctx context.Context, e *env, args []string) (err error) {
		f := newFlags(e, "migrate")
		format := f.formatFlag(formatText, formatJSON)
		_, cfg, err := f.parse(args, 0)
		if err != nil {
			return err
		}
		if cfg.Store == "" { // PostgreSQL has a lock of its own; the file in the directory needs the directory's
			lock, err := config.Acquire(cfg.Data)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, lock.Release()) }()
		}
		db, err := store.Open(ctx, app.StoreURL(cfg))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		applied, err := store.Migrate(ctx, db)
		if err != nil {
			return err
		}
		if applied == nil {
			applied = []string{}
		}
		if *format == formatJSON {
			return json.NewEncoder(e.stdout).Encode(map[string]any{"engine": db.Engine(), "applied": applied})
		}
		for _, name := range applied {
			fmt.Fprintln(e.stdout, "applied", name)
		}
		fmt.Fprintf(e.stdout, "%s is up to date\n", db.Engine())
		return nil
	},
}
