// Package bench measures Huoshui against its peers in one run and prints ratios. Data is made by the warehouse's own engine from a hash,
// so it is the same in every run.
package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/audience"
)

// asOf is the present of the data.
var asOf = time.Date(2026, 6, 15, 2, 0, 0, 0, time.UTC)

// zone is the business zone of the data: what the product's default is, without daylight saving.
var zone = time.FixedZone("Asia/Shanghai", 8*3600)

const (
	days       = 730 // of history
	categories = 24
	products   = 400
	cities     = 30
	looseShare = 20 // one fact in this many came after the last compaction
)

var channels = []string{"tmall", "douyin", "youzan", "store"}

// config is how the benchmarks open a warehouse: the engine gets as much memory as it would on a small server.
func config(path string, memoryMB int) warehouse.Config {
	return warehouse.Config{Path: path, MemoryMB: memoryMB}
}

// open makes a warehouse with people and facts in a new folder below dir. What it leaves is what a brand in operation has: facts
// clustered by the background compaction, and one in twenty that came since.
func open(ctx context.Context, dir string, people, facts int64, memoryMB int) (w *warehouse.Warehouse, done func() error, err error) {
	folder, err := os.MkdirTemp(dir, "huoshui-bench-")
	if err != nil {
		return nil, nil, err
	}
	w, err = warehouse.Open(ctx, config(filepath.Join(folder, "warehouse.duckdb"), memoryMB), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return nil, nil, err
	}
	done = func() error {
		if err := w.Close(); err != nil {
			return err
		}
		return os.RemoveAll(folder)
	}
	loose := facts / looseShare
	steps := []func() error{
		func() error { return fillPeople(ctx, w, people) },
		func() error { return fillFacts(ctx, w, people, 0, facts-loose) },
		func() error { return w.Compact(ctx) },
		func() error { return fillFacts(ctx, w, people, facts-loose, facts) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			_ = done() // the first error is the one to tell
			return nil, nil, err
		}
	}
	return w, done, nil
}

// pick is an SQL expression for one of n codes, by a hash of the row number and a salt. Low numbers are more frequent, as in life.
func pick(codes []uint32, salt int) string {
	list := make([]string, len(codes))
	for i, c := range codes {
		list[i] = fmt.Sprint(c)
	}
	return fmt.Sprintf("CAST(list_extract([%s], 1 + CAST(floor(%d * power(%s, 1.6)) AS BIGINT)) AS UINTEGER)", strings.Join(list, ","), len(codes), uniform(salt))
}

// uniform is an SQL expression in [0, 1).
func uniform(salt int) string {
	return fmt.Sprintf("((hash(i, %d) %% 1000003) / 1000003.0)", salt)
}

func coded(code func(string) uint32, prefix string, n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = code(fmt.Sprintf("%s%d", prefix, i+1))
	}
	return out
}

func fillPeople(ctx context.Context, w *warehouse.Warehouse, people int64) error {
	return w.Fill(ctx, func(code func(string) uint32) []string {
		return []string{fmt.Sprintf(`INSERT INTO people SELECT CAST(i AS UINTEGER), %d, 0, %d - CAST(%s * %d AS BIGINT) * 1000000,
			CAST(1960 + floor(%s * 45) AS INTEGER) * 10000 + 615, %s, 0, %s, %s, 0, 0, %s, CAST(floor(%s * 4) AS UINTEGER)
			FROM range(1, %d) t(i)`,
			asOf.UnixMicro(), asOf.UnixMicro(), uniform(1), days*86400, uniform(2),
			pick([]uint32{code("f"), code("m"), 0}, 3), pick(coded(code, "city", cities), 4),
			pick([]uint32{code("tmall"), code("douyin"), code("youzan"), code("store")}, 5),
			pick(coded(code, "level", 4), 6), uniform(7), people+1)}
	})
}

func fillFacts(ctx context.Context, w *warehouse.Warehouse, people, from, to int64) error {
	if from == to {
		return nil
	}
	const step = 20_000_000 // rows of one statement
	for at := from; at < to; at += step {
		err := w.Fill(ctx, func(code func(string) uint32) []string {
			kinds := []uint32{code(event.PageViewed), code(event.OrderLine), code(event.OrderPaid), code(event.MessageOpened)}
			channel := make([]uint32, len(channels))
			for i, c := range channels {
				channel[i] = code(c)
			}
			// half the facts belong to anybody, half to the busier ones
			customer := fmt.Sprintf("1 + CAST(floor(%d * power(%s, 1 + (i %% 2))) AS UINTEGER)", people, uniform(11))
			return []string{fmt.Sprintf(`INSERT INTO facts SELECT %s, %d - CAST(%s * %d AS BIGINT) * 1000000, %s, hash(i), '',
				CAST(500 + 20000 * power(%s, 3) AS BIGINT), CAST(1 + floor(%s * 3) AS BIGINT), %s, %s, %s, 0, 0, 0, '', 0
				FROM range(%d, %d) t(i)`,
				customer, asOf.UnixMicro(), uniform(12), days*86400, pick(kinds, 13), uniform(14), uniform(15),
				pick(coded(code, "sku", products), 16), pick(coded(code, "category", categories), 17), pick(channel, 18),
				at, min(at+step, to))}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// conditions returns n random conditions as an operator might write them, always the same for a seed.
func conditions(n int, seed uint64) ([]audience.Condition, error) {
	r := rand.New(rand.NewPCG(seed, 20260615))
	out := make([]audience.Condition, n)
	for i := range out {
		parts := make([]string, 1+r.IntN(3))
		for j := range parts {
			parts[j] = leaf(r)
			if r.IntN(6) == 0 {
				parts[j] = `{"kind":"not","spec":{"of":` + parts[j] + `}}`
			}
		}
		kind := "and"
		if r.IntN(4) == 0 {
			kind = "or"
		}
		c, err := audience.ParseCondition([]byte(`{"kind":"` + kind + `","spec":{"of":[` + strings.Join(parts, ",") + `]}}`))
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func leaf(r *rand.Rand) string {
	window := fmt.Sprintf(`"window":{"last_days":%d}`, []int{3, 7, 14, 15, 30, 60, 90, 180, 365}[r.IntN(9)])
	if r.IntN(5) == 0 {
		from := asOf.AddDate(0, 0, -30-r.IntN(400))
		window = fmt.Sprintf(`"window":{"from":%q,"to":%q}`, from.Format(time.DateOnly), from.AddDate(0, 0, 7+r.IntN(60)).Format(time.DateOnly))
	}
	category := fmt.Sprintf(`"where":{"category":["category%d"]}`, 1+r.IntN(categories))
	switch r.IntN(10) {
	case 0, 1:
		return fmt.Sprintf(`{"kind":"facts","spec":{"fact":"order.paid",%s,"measure":"amount","min":%d}}`, window, 1000*(1+r.IntN(50)))
	case 2:
		return fmt.Sprintf(`{"kind":"facts","spec":{"fact":"order.paid",%s,"min":%d}}`, window, 1+r.IntN(4))
	case 3:
		return fmt.Sprintf(`{"kind":"facts","spec":{"fact":"order.line",%s,%s,"measure":"quantity","min":%d}}`, category, window, 1+r.IntN(4))
	case 4:
		return fmt.Sprintf(`{"kind":"facts","spec":{"fact":"page.viewed",%s,%s,"min":%d}}`, category, window, 1+r.IntN(3))
	case 5:
		return fmt.Sprintf(`{"kind":"facts","spec":{"fact":"message.opened",%s,"max":0}}`, window)
	case 6:
		return fmt.Sprintf(`{"kind":"facts","spec":{"fact":"order.paid","measure":"since_last","min":%d,"max":%d}}`, 5+r.IntN(60), 70+r.IntN(300))
	case 7:
		return fmt.Sprintf(`{"kind":"facts","spec":{"fact":"order.paid",%s,"measure":"average_amount","min":%d}}`, window, 1000*(1+r.IntN(10)))
	case 8:
		return fmt.Sprintf(`{"kind":"attribute","spec":{"name":"city","in":["city%d","city%d"]}}`, 1+r.IntN(cities), 1+r.IntN(cities))
	}
	return fmt.Sprintf(`{"kind":"registered","spec":{"last_days":%d}}`, 30*(1+r.IntN(20)))
}
