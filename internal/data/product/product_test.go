package product_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/data/effect"
	"huoshui/internal/data/product"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	warehousetest.StopClickHouse()
	os.Exit(code)
}

var zone = time.FixedZone("business", 8*3600)

// now is the business's present in all tests; the periods end on the day before.
var now = time.Date(2026, 6, 30, 10, 0, 0, 0, zone)

func day(n int) time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, zone).AddDate(0, 0, n) }

// shelves is a catalogue: two SKUs of one goods, and one that nobody sells.
type shelves struct{}

func (shelves) Goods(context.Context) ([]product.Goods, error) {
	return []product.Goods{
		{ID: "gds_milk", Title: "奶粉", Category: "奶粉", Role: "profit", RebuyDays: 30, SKUs: []product.SKU{{Code: "a1", PriceFen: 100, CostFen: 40}, {Code: "a2", PriceFen: 100, CostFen: 40}}},
		{ID: "gds_none", Title: "无人问津", SKUs: []product.SKU{{Code: "never"}}},
	}, nil
}

func (shelves) Names(_ context.Context, codes []string) (map[string]product.Named, error) {
	out := map[string]product.Named{}
	for _, c := range codes {
		out[c] = product.Named{Name: "品 " + c, Category: "其他"}
	}
	return out, nil
}

func (shelves) Faces(_ context.Context, numbers []uint32) (map[uint32]effect.Person, error) {
	out := map[uint32]effect.Person{}
	for _, n := range numbers {
		out[n] = effect.Person{ID: fmt.Sprint(n), Number: n}
	}
	return out, nil
}

func service(w *warehouse.Warehouse) *product.Service {
	return product.NewService(w, shelves{}, shelves{}, func() time.Time { return now }, zone)
}

// each runs a test on both engines.
func each(t *testing.T, test func(t *testing.T, w *warehouse.Warehouse)) {
	t.Run("duckdb", func(t *testing.T) { test(t, warehousetest.Open(t)) })
	t.Run("clickhouse", func(t *testing.T) {
		test(t, warehousetest.OpenClickHouse(t, warehousetest.ClickHouseServers(t, 1).Address()))
	})
}

// unit is the product of a code, as the catalogue says.
func unit(code string) string {
	if code == "a1" || code == "a2" {
		return "gds_milk"
	}
	return code
}

type row struct {
	customer uint32
	at       time.Time
	name     string
	product  string
	channel  string
	amount   int64
	units    int64
}

// history is random facts: lines of orders, looks, arrivals, of customers and of visitors whom nobody knows.
func history(r *rand.Rand, people int) []row {
	codes := []string{"a1", "a2", "b", "c", "d", "e"}
	channels := []string{"douyin", "wechat", ""}
	var out []row
	for n := range uint32(people) {
		customer := n + 1
		if r.IntN(6) == 0 {
			customer += warehouse.FirstVisitor
		}
		for range r.IntN(4) {
			out = append(out, row{customer: customer, at: day(r.IntN(170)).Add(time.Duration(r.IntN(3)) * time.Hour), name: event.TouchMade, channel: channels[r.IntN(3)]})
		}
		for range r.IntN(8) {
			out = append(out, row{customer: customer, at: day(r.IntN(170)).Add(time.Duration(r.IntN(3)) * time.Hour), name: []string{event.ProductViewed, event.PageViewed}[r.IntN(2)], product: append(codes, "")[r.IntN(7)], channel: channels[r.IntN(3)]})
		}
		if customer >= warehouse.FirstVisitor {
			continue
		}
		used := map[time.Time]bool{}
		for range r.IntN(6) {
			at := day(r.IntN(170)).Add(time.Duration(r.IntN(3))*time.Hour + time.Minute)
			if used[at] {
				continue
			}
			used[at] = true
			for range 1 + r.IntN(4) {
				out = append(out, row{customer: customer, at: at, name: event.OrderLine, product: codes[r.IntN(6)], channel: channels[r.IntN(2)], amount: int64(r.IntN(1000)), units: int64(r.IntN(4))})
			}
		}
	}
	return out
}

func load(t testing.TB, w *warehouse.Warehouse, rows []row) {
	t.Helper()
	facts := make([]event.Fact, len(rows))
	for i, r := range rows {
		category := ""
		if r.product != "" && r.name == event.OrderLine {
			category = "cat-" + unit(r.product)
		}
		facts[i] = event.Fact{Name: r.name, Customer: r.customer, At: r.at, Product: r.product, Category: category, Channel: r.channel, Amount: r.amount, Quantity: r.units}
	}
	warehousetest.Load(t, w, facts...)
}

// basket is an order as a naive reader sees it.
type basket struct {
	customer uint32
	at       time.Time
	units    []string
}

func basketsOf(rows []row) []basket {
	found := map[string]*basket{}
	var keys []string
	for _, r := range rows {
		if r.name != event.OrderLine {
			continue
		}
		k := fmt.Sprintf("%010d %s", r.customer, r.at.UTC().Format(time.RFC3339Nano))
		if found[k] == nil {
			found[k] = &basket{customer: r.customer, at: r.at}
			keys = append(keys, k)
		}
		if !slices.Contains(found[k].units, unit(r.product)) {
			found[k].units = append(found[k].units, unit(r.product))
		}
	}
	slices.Sort(keys)
	out := make([]basket, len(keys))
	for i, k := range keys {
		out[i] = *found[k]
	}
	return out
}

var (
	base    = product.Days{From: "2026-01-10", To: "2026-02-28"}
	current = product.Days{From: "2026-03-01", To: "2026-05-20"}
)

func in(d product.Days, at time.Time) bool {
	text := at.In(zone).Format(time.DateOnly)
	return text >= d.From && text <= d.To
}

func TestSwingsAreThoseOfANaiveReader(t *testing.T) {
	each(t, func(t *testing.T, w *warehouse.Warehouse) {
		rows := history(rand.New(rand.NewPCG(1, 2)), 300)
		load(t, w, rows)
		s := service(w)
		for by, keyOf := range map[string]func(row) string{
			product.ByProduct: func(r row) string { return unit(r.product) }, product.ByChannel: func(r row) string { return r.channel },
		} {
			got, err := s.Swings(t.Context(), by, base, current, 0)
			if err != nil {
				t.Fatal(err)
			}
			checkSwings(t, s, got, rows, keyOf)
		}
	})
}

func checkSwings(t *testing.T, s *product.Service, got product.Swings, rows []row, keyOf func(row) string) {
	t.Helper()
	for _, l := range append(got.Lines, got.Total) {
		is := func(r row) bool { return l.Key == keyOf(r) }
		total := l.Key == "" && l.Base == got.Total.Base
		if total {
			is = func(row) bool { return true }
		}
		for p, d := range []product.Days{got.Base, got.Current} {
			have := []product.Figures{l.Base, l.Current}[p]
			var want product.Figures
			visitors, strangers, buyers, orders := map[uint32]bool{}, map[string]bool{}, map[uint32]bool{}, map[string]bool{}
			for _, r := range rows {
				if !in(d, r.at) || !is(r) {
					continue
				}
				switch r.name {
				case event.OrderLine:
					visitors[r.customer], buyers[r.customer] = true, true
					orders[fmt.Sprint(r.customer, r.at)] = true
					want.SalesFen += r.amount
					want.Units += r.units
				case event.ProductViewed, event.PageViewed:
					if keyOf(r) == "" && !total {
						continue
					}
					if r.customer < warehouse.FirstVisitor {
						visitors[r.customer] = true
					} else if code := fmt.Sprint(r.customer); !strangers[code] {
						strangers[code] = true
					}
				}
			}
			want.Visitors, want.Buyers, want.Orders = int64(len(visitors)+len(strangers)), int64(len(buyers)), int64(len(orders))
			want.Seen = have.Seen
			if l.Key == "gds_milk" { // a visitor of both SKUs may count twice
				want.Visitors = max(want.Visitors, min(have.Visitors, want.Visitors+int64(len(strangers))))
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Fatalf("%s %q %d: %s", got.By, l.Key, p, diff)
			}
		}
		var sum int64
		for _, c := range l.Causes {
			sum += c.EffectFen
		}
		if sum != l.ChangeFen || l.ChangeFen != l.Current.SalesFen-l.Base.SalesFen {
			t.Fatalf("%q: causes sum to %d, the change is %d", l.Key, sum, l.ChangeFen)
		}
		if total || l.Key == "" {
			continue
		}
		people, err := s.People(t.Context(), product.Group{Who: product.WhoBuyers, By: got.By, Product: l.Key, Period: got.Current})
		if err != nil || int64(people.GetCardinality()) != l.Current.Buyers {
			t.Fatalf("%q: %v people behind %d, %v", l.Key, people.GetCardinality(), l.Current.Buyers, err)
		}
	}
}

// The causes of any swing sum to it, and a factor that alone moved has all of it.
func TestDecompose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		figure := rapid.OneOf(rapid.Float64Range(0, 1e6), rapid.Just(0.0), rapid.Just(math.NaN()))
		a, b := rapid.SliceOfN(figure, 4, 4).Draw(t, "a"), rapid.SliceOfN(figure, 4, 4).Draw(t, "b")
		change := rapid.Int64Range(-1e15, 1e15).Draw(t, "change")
		var sum int64
		for _, e := range product.Decompose(a, b, change) {
			sum += e
		}
		if sum != change {
			t.Fatalf("the causes sum to %d, not %d", sum, change)
		}
		k := rapid.IntRange(0, 3).Draw(t, "alone")
		one, other := rapid.SliceOfN(rapid.Float64Range(1, 30), 4, 4).Draw(t, "one"), rapid.Float64Range(1, 30).Draw(t, "other")
		two := slices.Clone(one)
		two[k] = other
		product4 := func(x []float64) float64 { return x[0] * x[1] * x[2] * x[3] }
		change = int64(math.Round(product4(two) - product4(one)))
		for i, e := range product.Decompose(one, two, change) {
			if d := e - change; i == k && max(d, -d) > 1 || i != k && max(e, -e) > 1 {
				t.Fatalf("factor %d of %d: %d of %d", i, k, e, change)
			}
		}
	})
	// 100 visitors, 10 % of whom buy 2 at 50 yuan, become 200, of whom 5 % buy 2 at 60: by hand, the visitors bring
	// 100 × 2 × (⅓·.1·5000 + ⅙·.05·5000 + ⅙·.1·6000 + ⅓·.05·6000), and so on.
	got := product.Decompose([]float64{100, .1, 2, 5000}, []float64{200, .05, 2, 6000}, 20_000)
	if diff := cmp.Diff([]int64{81_666, -83_333, 0, 21_667}, got); diff != "" && got[0] != 81_667 {
		t.Fatal(got)
	}
}

func TestRepeatsAreThoseOfANaiveReader(t *testing.T) {
	each(t, func(t *testing.T, w *warehouse.Warehouse) {
		rows := history(rand.New(rand.NewPCG(3, 4)), 300)
		load(t, w, rows)
		s := service(w)
		period := product.Days{From: "2026-01-01", To: "2026-06-10"}
		got, err := s.Repeats(t.Context(), period, 40, 0)
		if err != nil {
			t.Fatal(err)
		}
		end, _ := time.ParseInLocation(time.DateOnly, period.To, zone)
		number := func(at time.Time) int {
			return int(at.In(zone).Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, zone)).Hours()) / 24
		}
		today := number(end)
		if len(got.Lines) != 5 {
			t.Fatal(len(got.Lines), "products")
		}
		for _, l := range append(got.Lines, got.All) {
			days := map[uint32][]int{}
			for _, r := range rows {
				if r.name == event.OrderLine && in(period, r.at) && (l.ID == "" || unit(r.product) == l.ID) {
					days[r.customer] = append(days[r.customer], number(r.at))
				}
			}
			var repeaters, followed, again, gaps, open int64
			for n, d := range days {
				slices.Sort(d)
				d = slices.Compact(d)
				days[n] = d
				gaps, open = gaps+int64(len(d)-1), open+1
				if len(d) > 1 {
					repeaters++
				}
				if today-d[0] >= 40 {
					followed++
					if len(d) > 1 && d[1]-d[0] <= 40 {
						again++
					}
				}
			}
			if l.Buyers != int64(len(days)) || l.Repeaters != repeaters || l.Rate.Of != followed || l.Rate.N != again || l.Cycle.Gaps != gaps || l.Cycle.Open != open {
				t.Fatalf("%q: %+v; want %d %d %d/%d gaps %d open %d", l.ID, l, len(days), repeaters, again, followed, gaps, open)
			}
			if l.Suggested == 0 {
				t.Fatalf("%q has no cycle", l.ID)
			}
			due := int64(0)
			for _, d := range days {
				if since := int64(today - d[len(d)-1]); since >= l.Suggested && since < 3*l.Suggested {
					due++
				}
			}
			if l.DueNow != due {
				t.Fatalf("%q: %d are due, not %d", l.ID, l.DueNow, due)
			}
			if l.ID == "" {
				continue
			}
			for who, want := range map[string]int64{product.WhoRepeat: repeaters, product.WhoDue: due} {
				people, err := s.People(t.Context(), product.Group{Who: who, Product: l.ID, Period: period, Days: int(l.Suggested)})
				if err != nil || int64(people.GetCardinality()) != want {
					t.Fatalf("%q %s: %d people, want %d, %v", l.ID, who, people.GetCardinality(), want, err)
				}
			}
		}
	})
}

func TestPairsAreThoseOfANaiveReader(t *testing.T) {
	each(t, func(t *testing.T, w *warehouse.Warehouse) {
		rows := history(rand.New(rand.NewPCG(5, 6)), 400)
		load(t, w, rows)
		s := service(w)
		got, err := s.Pairs(t.Context(), product.PairsAsked{Period: current, Least: 6})
		if err != nil {
			t.Fatal(err)
		}
		together, alone, n := map[[2]string]int64{}, map[string]int64{}, int64(0)
		for _, b := range basketsOf(rows) {
			if !in(current, b.at) {
				continue
			}
			n++
			slices.Sort(b.units)
			for i, u := range b.units {
				alone[u]++
				for _, v := range b.units[i+1:] {
					together[[2]string{u, v}]++
				}
			}
		}
		want := 0
		for _, k := range together {
			if k >= 6 {
				want++
			}
		}
		if got.Baskets != n || len(got.Pairs) != want || want < 5 {
			t.Fatal(got.Baskets, n, len(got.Pairs), want)
		}
		for _, p := range got.Pairs {
			k := []string{p.A.ID, p.B.ID}
			slices.Sort(k)
			both := together[[2]string{k[0], k[1]}]
			a, b := alone[p.A.ID], alone[p.B.ID]
			if p.Baskets != both || p.WithA != a || p.WithB != b || math.Abs(p.Lift-float64(both)*float64(n)/float64(a*b)) > 1e-9 || p.AtoB.Rate != float64(both)/float64(a) || p.Support != float64(both)/float64(n) {
				t.Fatalf("%+v; want %d of %d, %d of %d", p, both, a, b, n)
			}
			people, err := s.People(t.Context(), product.Group{Who: product.WhoPair, Product: p.A.ID, Other: p.B.ID, Period: current})
			if err != nil || people.GetCardinality() == 0 || people.GetCardinality() > uint64(both) {
				t.Fatal(people.GetCardinality(), err)
			}
		}
		some, err := s.Pairs(t.Context(), product.PairsAsked{Period: current, Least: 6, Product: "gds_milk", Limit: 2})
		if err != nil || len(some.Pairs) != 2 || some.Pairs[0].A.ID != "gds_milk" || !some.Pairs[0].A.Goods {
			t.Fatal(some, err)
		}
	})
}

func TestFlowsAreThoseOfANaiveReader(t *testing.T) {
	each(t, func(t *testing.T, w *warehouse.Warehouse) {
		rows := history(rand.New(rand.NewPCG(7, 8)), 300)
		load(t, w, rows)
		s := service(w)
		got, err := s.Flow(t.Context(), "gds_milk", current, 0)
		if err != nil {
			t.Fatal(err)
		}
		all := basketsOf(rows)
		people, before, after, came := int64(0), map[string]int64{}, map[string]int64{}, map[string]int64{}
		for n := uint32(1); n <= 300; n++ {
			var prior, next []string
			var at time.Time
			for _, b := range all {
				switch {
				case b.customer != n || !in(current, b.at):
				case !at.IsZero() && next == nil:
					next = b.units
				case at.IsZero() && slices.Contains(b.units, "gds_milk"):
					at = b.at
				case at.IsZero():
					prior = b.units
				}
			}
			if at.IsZero() {
				continue
			}
			people++
			count := func(into map[string]int64, units []string) {
				if len(units) == 0 {
					into[""]++
				}
				for _, u := range units {
					into[u]++
				}
			}
			count(before, prior)
			count(after, next)
			first, firstAt := "", time.Time{}
			for _, r := range rows {
				if r.customer == n && r.name == event.TouchMade && r.channel != "" && !r.at.After(at) && (firstAt.IsZero() || r.at.Before(firstAt)) {
					first, firstAt = r.channel, r.at
				}
			}
			came[first]++
		}
		parts := func(all []product.Part) map[string]int64 {
			out := map[string]int64{}
			for _, p := range all {
				out[p.ID] = p.People
			}
			return out
		}
		if got.People != people || people < 50 {
			t.Fatal(got.People, people)
		}
		for _, d := range []string{cmp.Diff(before, parts(got.Before)), cmp.Diff(after, parts(got.After)), cmp.Diff(entries(came), entries(parts(got.Entry)))} {
			if d != "" {
				t.Fatal(d)
			}
		}
		for who, counts := range map[string]map[string]int64{product.WhoBefore: before, product.WhoAfter: after} {
			for other, want := range counts {
				found, err := s.People(t.Context(), product.Group{Who: who, Product: "gds_milk", Other: other, Period: current})
				if err != nil || int64(found.GetCardinality()) != want {
					t.Fatalf("%s %q: %d people, want %d, %v", who, other, found.GetCardinality(), want, err)
				}
			}
		}
		checkJourneys(t, s, rows, all)
	})
}

// entries adds up what ties of time leave open: two arrivals at one instant may stand in either order.
func entries(counts map[string]int64) int64 {
	n := int64(0)
	for _, k := range counts {
		n += k
	}
	return n
}

func checkJourneys(t *testing.T, s *product.Service, rows []row, all []basket) {
	t.Helper()
	got, err := s.Journeys(t.Context(), current, 60)
	if err != nil {
		t.Fatal(err)
	}
	firsts, long, value := map[string]int64{}, map[string]int64{}, map[string]int64{}
	seen := map[uint32]bool{}
	people := int64(0)
	for _, b := range all {
		if seen[b.customer] {
			continue
		}
		seen[b.customer] = true
		if !in(current, b.at) {
			continue
		}
		people++
		spent := int64(0)
		for _, r := range rows {
			if r.name == event.OrderLine && r.customer == b.customer && r.at.Sub(b.at) <= 60*24*time.Hour {
				spent += r.amount
			}
		}
		for _, u := range b.units {
			firsts[u]++
			if now.Sub(b.at) > 60*24*time.Hour {
				long[u]++
				value[u] += spent
			}
		}
	}
	if got.People != people || len(got.Firsts) != len(firsts) {
		t.Fatal(got.People, people, len(got.Firsts), len(firsts))
	}
	for _, f := range got.Firsts {
		if f.People != firsts[f.ID] || f.ValueFen.N != long[f.ID] || math.Abs(f.ValueFen.Mean*float64(max(1, f.ValueFen.N))-float64(value[f.ID])) > 1e-3 || f.ValueFen.Low > f.ValueFen.Mean {
			t.Fatalf("%+v; want %d, %d of %d", f, firsts[f.ID], value[f.ID], long[f.ID])
		}
	}
	for _, l := range got.Next[:3] {
		found, err := s.People(t.Context(), product.Group{Who: product.WhoNext, Product: l.From.ID, Other: l.To.ID, Period: current})
		if err != nil || int64(found.GetCardinality()) != l.People {
			t.Fatalf("%+v: %d people, %v", l, found.GetCardinality(), err)
		}
	}
	for _, l := range got.Entry {
		channel := strings.TrimPrefix(l.From.ID, "?")
		found, err := s.People(t.Context(), product.Group{Who: product.WhoEntry, Product: l.To.ID, Channel: channel, Period: current})
		if err != nil || int64(found.GetCardinality()) != l.People {
			t.Fatalf("%+v: %d people, %v", l, found.GetCardinality(), err)
		}
	}
}

func TestRoles(t *testing.T) {
	each(t, func(t *testing.T, w *warehouse.Warehouse) {
		var rows []row
		buy := func(n uint32, d int, code string, amount int64) {
			rows = append(rows, row{customer: n, at: day(d).Add(time.Minute), name: event.OrderLine, product: code, amount: amount, units: 1})
		}
		look := func(n uint32, d int, code string) {
			rows = append(rows, row{customer: n, at: day(d), name: event.ProductViewed, product: code})
		}
		for n := uint32(1); n <= 120; n++ {
			look(n, 100, "b") // cheap, everybody begins with it
			buy(n, 100, "b", 500)
			if n%3 == 0 {
				look(n, 110, "a1") // earns, second
				buy(n, 110, "a1", 200)
			}
			look(n, 112, "c") // dear, looked at by all
			if n%10 == 0 {
				buy(n, 112, "c", 90_000)
			}
			if n%2 == 0 {
				look(n, 114, "d")
				buy(n, 114, "d", 300)
			}
		}
		load(t, w, rows)
		got, err := service(w).Roles(t.Context(), product.Days{From: "2026-01-01", To: "2026-06-10"}, product.Thresholds{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"b": product.RoleTraffic, "c": product.RoleImage, "gds_milk": product.RoleProfit, "d": ""}
		for _, l := range got.Lines {
			if l.Suggested != want[l.ID] {
				t.Errorf("%s is %q: %+v by %+v", l.ID, l.Suggested, l, got.Thresholds)
			}
			if l.ID == "gds_milk" && (!l.CostKnown || math.Abs(l.Margin-.8) > 1e-9 || l.Role != "profit" || l.Visitors != 40 || l.Buyers != 40) {
				t.Errorf("%+v", l)
			}
		}
		if len(got.Lines) != 4 {
			t.Fatal(len(got.Lines))
		}
	})
}

func TestImpossibleQuestions(t *testing.T) {
	s := service(warehousetest.Memory(t))
	ctx := t.Context()
	invalid := func(_ any, err error) {
		t.Helper()
		if errs.KindOf(err) != errs.Invalid {
			t.Error(err)
		}
	}
	invalid(s.Swings(ctx, "colour", product.Days{}, product.Days{}, 0))
	invalid(s.Swings(ctx, product.ByProduct, current, current, 0))
	invalid(s.Repeats(ctx, product.Days{From: "yesterday"}, 0, 0))
	invalid(s.Repeats(ctx, product.Days{From: "2026-05-01", To: "2026-04-01"}, 0, 0))
	invalid(s.Repeats(ctx, product.Days{From: "1990-05-01", To: "2026-04-01"}, 0, 0))
	invalid(s.Repeats(ctx, product.Days{}, 1000, 0))
	invalid(s.Journeys(ctx, product.Days{}, 9999))
	invalid(s.People(ctx, product.Group{Who: "everybody"}))
	invalid(s.People(ctx, product.Group{Who: product.WhoPair}))
	if _, err := s.Flow(ctx, "nothing", product.Days{}, 0); errs.KindOf(err) != errs.NotFound {
		t.Error(err)
	}
	for _, ask := range []func() error{
		func() error {
			_, err := s.Swings(ctx, product.ByProduct, product.Days{}, product.Days{}, 0)
			return err
		},
		func() error { _, err := s.Repeats(ctx, product.Days{}, 0, 0); return err },
		func() error { _, err := s.Pairs(ctx, product.PairsAsked{}); return err },
		func() error { _, err := s.Journeys(ctx, product.Days{}, 0); return err },
		func() error { _, err := s.Roles(ctx, product.Days{}, product.Thresholds{}, 0); return err },
	} {
		if err := ask(); err != nil {
			t.Error("an empty warehouse:", err)
		}
	}
}
