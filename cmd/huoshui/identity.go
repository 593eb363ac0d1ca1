package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"huoshui/internal/app"
	"huoshui/internal/user/identity"
)

var identityCommand = command{
	summary: "Print how well customers are known: kinds of key, complete profiles, visitors and conflicts",
	usage:   "coverage [--data DIR] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "identity")
		format := f.formatFlag(formatText, formatJSON)
		words, cfg, err := f.parse(args, 1)
		if err != nil {
			return err
		}
		if words[0] != "coverage" {
			return usagef("want coverage, got %q", words[0])
		}
		return app.Do(ctx, cfg, app.Options{}, func(ctx context.Context, a *app.App) error {
			all, err := a.Services.Identity.Coverage(ctx)
			if err != nil {
				return err
			}
			if *format == formatText {
				return printCoverage(e.stdout, all)
			}
			out := json.NewEncoder(e.stdout)
			out.SetIndent("", "  ")
			return out.Encode(all)
		})
	},
}

func printCoverage(w io.Writer, all identity.Overall) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name string, n int64, pct float64) { fmt.Fprintf(out, "%s\t%d\t%.1f %%\t\n", name, n, pct) }
	line("customers", all.Customers, 100)
	for _, k := range all.Kinds {
		line(k.Kind, k.Customers, k.Pct)
	}
	line("phone or unionid", all.Strong, all.StrongPct)
	line("complete profile", all.Complete, all.Pct)
	fmt.Fprint(out, "\t\t\t\n")
	for _, s := range all.Sources {
		name := s.Source
		if name == "" {
			name = "-"
		}
		line("complete, "+name, s.Complete, s.Pct)
	}
	fmt.Fprint(out, "\t\t\t\n")
	for _, c := range []struct {
		name string
		n    int64
	}{{"visitors", all.Visitors}, {"open conflicts", all.OpenConflicts}, {"merges", all.Merges}, {"blocked keys", all.Blocked}} {
		fmt.Fprintf(out, "%s\t%d\t\t\n", c.name, c.n)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\ncomplete: %s\n", strings.Join(all.Definition, ", "))
	return err
}
