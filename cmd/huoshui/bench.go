package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"huoshui/bench"
)

var benchCommand = command{
	summary: "Measure a refresh or a segment against the warehouse's own engine, live segments, taking events in, sending to a local sink, an import, checkouts, the store's home, or a rush for few units",
	usage:   "audience|segment|live|ingest|send|import|checkout|home|flash [--people N] [--facts N] [--conditions N] [--sample N] [--seconds S] [--batch N] [--profile DIR] [--buyers N] [--units N] [--store sqlite|postgres://… to sell from] [--dir DIR] [--warehouse clickhouse://…] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "bench")
		people := f.Int64("people", 0, "how many people (default: 1 million; for segment 500,000)")
		facts := f.Int64("facts", 0, "how many facts (default: 10 million; for segment 2.5 million)")
		conditions := f.Int("conditions", 200, "how many random conditions one refresh answers, or live segments there are")
		sample := f.Int("sample", 20, "how many of them are also asked one by one as SQL; 0 asks none")
		connections := f.Int("connections", 4, "how many SMTP connections send uses at once")
		lines := f.Int64("lines", 0, "how many order lines to import (default: 1 million)")
		seconds := f.Float64("seconds", 10, "how long each measurement of ingest lasts")
		batch := f.Int("batch", 0, "events in a request that ingest measures: 100, 20 or 1 (default: each)")
		profile := f.String("profile", "", "a folder for profiles of processor and memory (ingest, checkout)")
		buyers := f.Int("buyers", 0, "how many buy at once (default: 64; for flash 2,000)")
		units := f.Int64("units", 100, "how many units a flash sale has")
		file := f.String("file", "", "a file of orders to import instead of a made one")
		dir := f.String("dir", "", "where the made data goes while it is needed (default: the system's temporary folder)")
		format := f.formatFlag(formatText, formatJSON)
		words, cfg, err := f.parse(args, 1)
		if err != nil {
			return err
		}
		if *people < 0 || *facts < 0 || *conditions < 1 || *sample < 0 || *people > 1<<31 {
			return usagef("numbers must be positive")
		}
		full := os.Getenv("SCALE") == "full"
		say := func(format string, args ...any) { fmt.Fprintf(e.stderr, format+"\n", args...) }
		var result any
		switch words[0] {
		case "audience":
			result, err = bench.Audience(ctx, bench.AudienceSpec{
				People: sized(*people, 1_000_000, full), Facts: sized(*facts, 10_000_000, full), Conditions: *conditions, Sample: *sample, Dir: *dir, Warehouse: cfg.Warehouse,
			}, say)
		case "segment":
			result, err = bench.Segment(ctx, sized(*people, 500_000, false), sized(*facts, 2_500_000, false), *dir, say)
		case "live":
			result, err = bench.Live(ctx, bench.LiveSpec{
				People: sized(*people, 1_000_000, false), Facts: sized(*facts, 20_000_000, false), PerSecond: 5000, Segments: *conditions, Seconds: 20, Estimates: 100, Dir: *dir,
			}, say)
		case "ingest":
			result, err = bench.Ingest(ctx, bench.IngestSpec{People: int(sized(*people, 200_000, false)), Seconds: *seconds, Batch: *batch, Dir: *dir, Profile: *profile}, say)
		case "load": // what ingest starts beside itself
			result, err = bench.Load(ctx, os.Stdin)
			*format = formatJSON
		case "import":
			result, err = bench.Import(ctx, bench.ImportSpec{Lines: sized(*lines, 1_000_000, full), File: *file, Dir: *dir}, say)
		case "send":
			result, err = bench.Send(ctx, bench.SendSpec{People: sized(*people, 500_000, false), Connections: *connections, Dir: *dir}, say)
		case "checkout":
			result, err = bench.Checkout(ctx, bench.CheckoutSpec{Store: cfg.Store, Buyers: int(sized(int64(*buyers), 64, false)), Seconds: *seconds, Dir: *dir, Profile: *profile}, say)
		case "home":
			result, err = bench.Home(ctx, bench.HomeSpec{Store: cfg.Store, PerSecond: 1000, Seconds: *seconds, Dir: *dir}, say)
		case "flash":
			result, err = bench.Flash(ctx, bench.CheckoutSpec{Store: cfg.Store, Buyers: int(sized(int64(*buyers), 2000, false)), Units: *units, Dir: *dir}, say)
		default:
			return usagef("there is no benchmark %q; there are audience, segment, live, ingest, send, import, checkout, home and flash", words[0])
		}
		if err != nil || *format != formatJSON {
			return err
		}
		out := json.NewEncoder(e.stdout)
		out.SetIndent("", "  ")
		return out.Encode(result)
	},
}

// sized is the number asked for, or the default, ten times as large at full scale.
func sized(asked, normal int64, full bool) int64 {
	switch {
	case asked > 0:
		return asked
	case full:
		return 10 * normal
	}
	return normal
}
