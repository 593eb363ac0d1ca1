package main

import (
	"context"
	"encoding/json"
	"fmt"

	"huoshui/internal/app"
	"huoshui/internal/app/paywire"
	"huoshui/internal/app/storewire"
	"huoshui/internal/finance/ledger"
	"huoshui/internal/platform/store"
)

var ledgerCommand = command{
	summary: "Check the books: trial balance, order trails, and that wallets, points and payments equal their accounts",
	usage:   "check [--data DIR] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "ledger")
		format := f.formatFlag(formatText, formatJSON)
		words, cfg, err := f.parse(args, 1)
		if err != nil {
			return err
		}
		if words[0] != "check" {
			return usagef("there is no ledger %q; there is ledger check", words[0])
		}
		// It reads beside a running server: one picture of the store, without claiming the data directory.
		db, err := store.Open(ctx, app.StoreURL(cfg))
		if err != nil {
			return err
		}
		defer db.Close() //nolint:errcheck // nothing was written
		results, err := ledger.Audit(ctx, db, append(paywire.Checks(), storewire.Checks()...)...)
		if err != nil {
			return err
		}
		differences := 0
		for _, r := range results {
			differences += len(r.Differences)
		}
		if *format == formatJSON {
			out := json.NewEncoder(e.stdout)
			out.SetIndent("", "  ")
			if err := out.Encode(map[string]any{"differences": differences, "checks": results}); err != nil {
				return err
			}
		} else {
			for _, r := range results {
				fmt.Fprintf(e.stdout, "%-28s %d differences\n", r.Name, len(r.Differences))
				for _, d := range r.Differences {
					fmt.Fprintf(e.stdout, "    %s: %d here, %d in the books\n", d.What, d.Want, d.Got)
				}
			}
		}
		if differences > 0 {
			return fmt.Errorf("%d differences", differences)
		}
		return nil
	},
}
