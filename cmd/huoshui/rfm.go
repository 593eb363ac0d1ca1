package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"huoshui/internal/app"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/layer"
)

var rfmCommand = command{
	summary: "Score every buyer by recency, frequency and money, and print the scores",
	usage:   "[--data DIR] [--as-of YYYY-MM-DD] [--method quantile|kmeans|manual] [--window DAYS] [--format csv|json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "rfm")
		asOf := f.String("as-of", "", "the day that days are counted to, itself included (default: now)")
		method := f.String("method", "", "how breaks are found: quantile, kmeans or manual (default: as the definition in force says)")
		window := f.Int("window", -1, "count the orders of the last so many days; 0 counts all (default: as the definition in force says)")
		format := f.formatFlag(formatCSV, formatJSON)
		_, cfg, err := f.parse(args, 0)
		if err != nil {
			return err
		}
		if m := layer.Method(*method); m != "" && m != layer.Quantile && m != layer.KMeans && m != layer.Manual {
			return usagef("--method is quantile, kmeans or manual, not %q", m)
		}
		return app.Do(ctx, cfg, app.Options{}, func(ctx context.Context, a *app.App) error {
			in, err := a.Services.Layers.Definition(ctx)
			if err != nil {
				return err
			}
			def := in.Definition
			if *method != "" {
				def.RFM.Method = layer.Method(*method)
			}
			if *window >= 0 {
				def.RFM.WindowDays = *window
			}
			pass, err := computeOne(ctx, a, *asOf, def)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(e.stdout)
			if *format == formatJSON {
				err = printScoresJSON(ctx, a.DB, out, pass)
			} else {
				err = printScoresCSV(ctx, a.DB, out, pass)
			}
			if err != nil {
				return err
			}
			return out.Flush()
		})
	},
}

// computeOne waits until the warehouse has every fact, then computes one definition as of the end of a day.
func computeOne(ctx context.Context, a *app.App, day string, def layer.Definition) (*layer.Pass, error) {
	if err := a.Settle(ctx); err != nil {
		return nil, err
	}
	asOf, err := a.Services.Layers.EndOf(day)
	if err != nil {
		return nil, err
	}
	passes, err := a.Services.Layers.Compute(ctx, asOf, def)
	if err != nil {
		return nil, err
	}
	return passes[0], nil
}

// eachBuyer calls fn for everybody with scores, in ascending order of customer number, with the id the person is known
// by where they came from, or our own id when there is none.
func eachBuyer(ctx context.Context, q store.Querier, pass *layer.Pass, fn func(code string, s layer.Standing) error) error {
	const batch = 2000
	state := pass.State()
	var numbers []uint32
	flush := func() error {
		customers, err := customer.ByNumbers(ctx, q, numbers)
		if err != nil {
			return err
		}
		codes := make(map[uint32]string, len(customers))
		for _, c := range customers {
			codes[c.Number] = c.Code
			if c.Code == "" {
				codes[c.Number] = c.ID
			}
		}
		for _, n := range numbers {
			s, _ := layer.StandingOf(state, n)
			if err := fn(codes[n], s); err != nil {
				return err
			}
		}
		numbers = numbers[:0]
		return nil
	}
	for n := range state.Present {
		if state.R[n] == 0 {
			continue
		}
		if numbers = append(numbers, uint32(n)); len(numbers) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func printScoresCSV(ctx context.Context, q store.Querier, w io.Writer, pass *layer.Pass) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"customer", "recency_days", "frequency", "monetary_fen", "r", "f", "m", "class"}); err != nil {
		return err
	}
	err := eachBuyer(ctx, q, pass, func(code string, s layer.Standing) error {
		return out.Write([]string{
			code, strconv.Itoa(int(s.RecencyDays)), strconv.Itoa(int(s.Frequency)), strconv.FormatInt(s.MonetaryFen, 10),
			strconv.Itoa(int(s.R)), strconv.Itoa(int(s.F)), strconv.Itoa(int(s.M)), s.Class,
		})
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// score is one line of the JSON answer.
type score struct {
	Customer    string `json:"customer"`
	RecencyDays int32  `json:"recency_days"`
	Frequency   int32  `json:"frequency"`
	MonetaryFen int64  `json:"monetary_fen"`
	R           uint8  `json:"r"`
	F           uint8  `json:"f"`
	M           uint8  `json:"m"`
	Class       string `json:"class"`
}

// printScoresJSON writes one object: the cuts, and a customer on each line.
func printScoresJSON(ctx context.Context, q store.Querier, w io.Writer, pass *layer.Pass) error {
	head, err := json.Marshal(pass.Result().Cuts)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "{\"as_of\":%q,\"buyers\":%d,\"cuts\":%s,\"customers\":[", pass.Day(), pass.Result().Buyers, head); err != nil {
		return err
	}
	before := "\n"
	err = eachBuyer(ctx, q, pass, func(code string, s layer.Standing) error {
		line, err := json.Marshal(score{code, s.RecencyDays, s.Frequency, s.MonetaryFen, s.R, s.F, s.M, s.Class})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s%s", before, line)
		before = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, "\n]}")
	return err
}
