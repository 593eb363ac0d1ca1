package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"huoshui/internal/app"
	"huoshui/internal/platform/money"
	"huoshui/internal/user/layer"
)

var layersCommand = command{
	summary: "Put every customer in one layer and print how many are in each, and why",
	usage:   "[--data DIR] [--as-of YYYY-MM-DD] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "layers")
		asOf := f.String("as-of", "", "the day that days are counted to, itself included (default: now)")
		format := f.formatFlag(formatText, formatJSON)
		_, cfg, err := f.parse(args, 0)
		if err != nil {
			return err
		}
		return app.Do(ctx, cfg, app.Options{}, func(ctx context.Context, a *app.App) error {
			in, err := a.Services.Layers.Definition(ctx)
			if err != nil {
				return err
			}
			pass, err := computeOne(ctx, a, *asOf, in.Definition)
			if err != nil {
				return err
			}
			tally, people, err := pass.Tally(ctx)
			if err != nil {
				return err
			}
			if *format == formatText {
				return printLayers(e.stdout, pass.Day(), people, tally)
			}
			out := json.NewEncoder(e.stdout)
			out.SetIndent("", "  ")
			return out.Encode(map[string]any{
				"as_of": pass.Day(), "definition_version": in.Version, "preset": in.Definition.Preset, "people": people,
				"layers": tally.Layers, "stages": tally.Stages, "classes": tally.Classes, "reasons": tally.Reasons, "flags": tally.Flags,
				"result": tally.Result,
			})
		})
	},
}

func printLayers(w io.Writer, day string, people int64, tally layer.Tally) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%s\tpeople\tshare\tspent\t\n", day)
	line := func(c layer.Count) {
		fmt.Fprintf(out, "%s\t%d\t%.1f %%\t%s\t\n", c.Code, c.People, 100*float64(c.People)/float64(max(people, 1)), money.Format(c.ValueFen))
	}
	for i, list := range [][]layer.Count{tally.Layers, tally.Reasons, tally.Flags} {
		if i > 0 {
			fmt.Fprint(out, "\t\t\t\t\n")
		}
		for _, c := range list {
			if i == 0 || c.People > 0 {
				line(c)
			}
		}
	}
	return out.Flush()
}
