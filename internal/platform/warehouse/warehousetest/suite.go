package warehousetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
)

// Engine is what every warehouse engine must do, as the product uses it.
type Engine interface {
	Load(ctx context.Context, messages []stream.Message) error
	Scan(ctx context.Context, spec warehouse.ScanSpec, fn func(worker int, b *warehouse.Block) error) (warehouse.Watermark, error)
	Compact(ctx context.Context) error
	SaveState(ctx context.Context, s *warehouse.State) error
	LoadState(ctx context.Context) (*warehouse.State, error)
	Happenings(ctx context.Context, customer uint32, names []string, below warehouse.Cursor, limit int) ([]warehouse.Happening, error)
	Watermark() warehouse.Watermark
	Latest(ctx context.Context, customers []uint32, names []string) (map[uint32]warehouse.Happening, error)
	Code(text string) uint32
	Text(code uint32) string
}

// Conform is the suite that every engine must pass; open returns an empty warehouse of the engine.
func Conform(t *testing.T, open func(t *testing.T) Engine) {
	for name, test := range map[string]func(*testing.T, Engine){
		"a scan shows every fact in order, before and after compaction": scanShowsEveryFact,
		"orders are shown with what was added to them later":            ordersAreWhole,
		"the newest attributes win and erased stays erased":             newestAttributesWin,
		"each message counts once":                                      messagesCountOnce,
		"the state comes back":                                          stateComesBack,
		"happenings page through everything, newest first":              happeningsPage,
		"the latest fact of each of some customers":                     latestOfEach,
		"facts follow merges and come back with splits":                 factsFollowMerges,
		"properties of facts are read with them":                        propertiesAreRead,
		"events of any name are one kind":                               anyEventIsOneKind,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

var day = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

// seen is a fact as a scan shows it.
type seen struct {
	Customer uint32
	TS       int64
	Name     string
	Amount   int64
	Category string
}

func scan(t *testing.T, w Engine, spec warehouse.ScanSpec) ([]seen, map[uint32]warehouse.Person) {
	t.Helper()
	if spec.AsOf == 0 {
		spec.AsOf = day.AddDate(10, 0, 0).UnixMicro()
	}
	spec.Columns |= warehouse.ColumnAmount | warehouse.ColumnCategory
	var mu sync.Mutex
	var out []seen
	people := map[uint32]warehouse.Person{}
	_, err := w.Scan(t.Context(), spec, func(_ int, b *warehouse.Block) error {
		mu.Lock()
		defer mu.Unlock()
		for at := b.From; at < b.To; at++ {
			n := at
			if spec.Pick != nil {
				n = spec.Pick[at]
			}
			if p := b.People[at-b.From]; p.Known {
				people[n] = p
			}
			last := int64(0)
			for i := b.Start[at-b.From]; i < b.Start[at-b.From+1]; i++ {
				if b.TS[i] < last {
					return errors.New("facts out of time order")
				}
				last = b.TS[i]
				out = append(out, seen{n, b.TS[i], spec.Facts[b.Kind[i]], b.Amount[i], w.Text(b.Category[i])})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sortSeen(out)
	return out, people
}

// picked checks that a scan of some customers shows what a scan of everybody showed of them.
func picked(t *testing.T, w Engine, spec warehouse.ScanSpec, all []seen) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(len(all)), 9))
	spec.Pick, spec.Only = []uint32{}, nil
	for n := range w.Watermark().Through + 3 { // also who is nobody
		if random.IntN(3) == 0 {
			spec.Pick = append(spec.Pick, n+1)
		}
	}
	got, _ := scan(t, w, spec)
	want := slices.DeleteFunc(slices.Clone(all), func(s seen) bool { return !slices.Contains(spec.Pick, s.Customer) })
	if d := gocmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatal("picked", d)
	}
}

func sortSeen(all []seen) {
	slices.SortFunc(all, func(a, b seen) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.TS, b.TS), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Category, b.Category))
	})
}

func scanShowsEveryFact(t *testing.T, w Engine) {
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{event.OrderPaid, event.PageViewed, event.MessageOpened}
	var want []seen
	load := func(n int) {
		var facts []event.Fact
		for range n {
			f := event.Fact{
				Name: names[random.IntN(3)], Customer: 1 + uint32(random.IntN(300)),
				At:     day.Add(time.Duration(random.IntN(1000)) * time.Hour),
				Amount: random.Int64N(1000), Category: fmt.Sprint("c", random.IntN(5)),
			}
			facts = append(facts, f)
			if f.Name != event.MessageOpened {
				want = append(want, seen{f.Customer, f.At.UnixMicro(), f.Name, f.Amount, f.Category})
			}
		}
		Load(t, w, facts...)
		sortSeen(want)
	}
	for range 20 {
		load(500)
	}
	asked := []string{"never.seen", event.OrderPaid, event.PageViewed}
	for _, rows := range []int{1 << 20, 500} { // one block, and many
		got, _ := scan(t, w, warehouse.ScanSpec{Facts: asked, Rows: rows})
		if d := gocmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	}
	picked(t, w, warehouse.ScanSpec{Facts: asked}, want)
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, _ := scan(t, w, warehouse.ScanSpec{Facts: asked, Rows: 700})
	if d := gocmp.Diff(want, got); d != "" {
		t.Fatal("after compaction", d)
	}
	picked(t, w, warehouse.ScanSpec{Facts: asked}, want)
	for _, n := range []int{300, 9000} { // some that came since, and more than there were
		load(n)
		for _, rows := range []int{1 << 20, 700} {
			got, _ = scan(t, w, warehouse.ScanSpec{Facts: asked, Rows: rows})
			if d := gocmp.Diff(want, got); d != "" {
				t.Fatal("since the compaction came", n, d)
			}
		}
		picked(t, w, warehouse.ScanSpec{Facts: asked}, want)
	}
	asOf := day.Add(500 * time.Hour).UnixMicro()
	only := []uint32{3, 77, 250}
	got, _ = scan(t, w, warehouse.ScanSpec{Facts: asked, Rows: 700, AsOf: asOf, Only: only})
	got = slices.DeleteFunc(got, func(s seen) bool { return !slices.Contains(only, s.Customer) })
	want = slices.DeleteFunc(want, func(s seen) bool { return s.TS > asOf || !slices.Contains(only, s.Customer) })
	if d := gocmp.Diff(want, got); d != "" {
		t.Fatal("as of, only some", d)
	}
	all, _ := scan(t, w, warehouse.ScanSpec{Facts: asked, AsOf: asOf})
	picked(t, w, warehouse.ScanSpec{Facts: asked, AsOf: asOf}, all)
	since := day.Add(200 * time.Hour).UnixMicro()
	all = slices.DeleteFunc(all, func(s seen) bool { return s.TS < since })
	picked(t, w, warehouse.ScanSpec{Facts: asked, AsOf: asOf, Since: since}, all)
}

// anyEventIsOneKind checks that events of the brand's own come under one kind but for those that are named, each with its properties.
func anyEventIsOneKind(t *testing.T, w Engine) {
	at := func(hours int) time.Time { return day.Add(time.Duration(hours) * time.Hour) }
	spec := warehouse.ScanSpec{Facts: []string{warehouse.AnyEvent, "event.named", event.PageViewed}, AsOf: at(1000).UnixMicro(), Props: []warehouse.Prop{
		{Facts: []string{warehouse.AnyEvent}, Name: "via", Read: func(text string) int64 { return int64(len(text)) }},
	}}
	var want []string
	for round, name := range []string{"event.one", "event.named", event.PageViewed, "event.二", event.OrderPaid, "event.one"} {
		Load(t, w, event.Fact{ID: fmt.Sprint(round), Name: name, Customer: 7, At: at(round), Category: "event.of no kind", Props: []byte(`{"via":"` + strings.Repeat("x", round+1) + `"}`)})
		if name != event.OrderPaid {
			length := round + 3 // with its quotes
			if name == event.PageViewed {
				length = 0
			}
			want = append(want, fmt.Sprint(max(slices.Index(spec.Facts, name), 0), " ", length))
		}
		for _, pick := range [][]uint32{nil, {3, 7}} {
			var got []string
			spec.Pick = pick
			if _, err := w.Scan(t.Context(), spec, func(_ int, b *warehouse.Block) error {
				for i, kind := range b.Kind {
					got = append(got, fmt.Sprint(int(kind), " ", b.Props[0][i]))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(want, got); d != "" {
				t.Fatal(round, pick, d)
			}
		}
		if round%2 == 1 {
			if err := w.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// ordersAreWhole checks that order.amended is in its order.paid, in every order of arrival, before and after compaction.
func ordersAreWhole(t *testing.T, w Engine) {
	at := func(hours int) time.Time { return day.Add(time.Duration(hours) * time.Hour) }
	paid := func(n uint32, hours int, fen int64, channel string) event.Fact {
		return event.Fact{ID: fmt.Sprint("p", n, ".", hours, channel), Name: event.OrderPaid, Customer: n, At: at(hours), Amount: fen, Channel: channel}
	}
	more := func(n uint32, hours int, fen int64, channel, of string) event.Fact {
		return event.Fact{ID: fmt.Sprint("a", n, ".", hours, channel, of), Name: event.OrderAmended, Customer: n, At: at(hours), Amount: fen, Channel: channel}
	}
	load := func(seq uint64, facts ...event.Fact) {
		t.Helper()
		if err := w.Load(t.Context(), []stream.Message{{ID: fmt.Sprint("m", seq), Seq: seq, Facts: facts}}); err != nil {
			t.Fatal(err)
		}
	}
	load(1, paid(1, 1, 100, "tmall"), paid(1, 2, 200, "tmall"), paid(2, 1, 10, "tmall"), paid(2, 1, 20, "store"), paid(3, 5, 7, ""),
		event.Fact{ID: "v", Name: event.PageViewed, Customer: 1, At: at(2)})
	load(2, more(1, 2, 30, "tmall", "x"), more(1, 2, 3, "tmall", "y"), more(2, 1, 5, "store", "x"), more(1, 1, 1, "tmall", "x"))
	check := func(spec warehouse.ScanSpec, want ...seen) {
		t.Helper()
		if got, _ := scan(t, w, spec); !gocmp.Equal(want, got) {
			t.Error(gocmp.Diff(want, got))
		}
		if spec.From == 0 {
			picked(t, w, spec, want)
		}
	}
	for range 2 {
		check(warehouse.ScanSpec{Facts: []string{event.PageViewed, event.OrderPaid}, Columns: warehouse.ColumnChannel},
			seen{1, at(1).UnixMicro(), event.OrderPaid, 101, ""}, seen{1, at(2).UnixMicro(), event.OrderPaid, 233, ""},
			seen{1, at(2).UnixMicro(), event.PageViewed, 0, ""}, seen{2, at(1).UnixMicro(), event.OrderPaid, 10, ""},
			seen{2, at(1).UnixMicro(), event.OrderPaid, 25, ""}, seen{3, at(5).UnixMicro(), event.OrderPaid, 7, ""})
		check(warehouse.ScanSpec{Facts: []string{event.OrderAmended, event.OrderPaid}, From: 2, Columns: warehouse.ColumnChannel},
			seen{2, at(1).UnixMicro(), event.OrderAmended, 5, ""}, seen{2, at(1).UnixMicro(), event.OrderPaid, 10, ""},
			seen{2, at(1).UnixMicro(), event.OrderPaid, 25, ""}, seen{3, at(5).UnixMicro(), event.OrderPaid, 7, ""})
		if err := w.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func factsFollowMerges(t *testing.T, w Engine) {
	random := rand.New(rand.NewPCG(5, 6))
	const visitor = warehouse.FirstVisitor
	numbers := []uint32{1, 2, 3, 4, 5, 6, 40, visitor, visitor + 1, visitor + 2}
	into := map[uint32]uint32{} // merges in force
	owner := func(n uint32) uint32 {
		for into[n] != 0 {
			n = into[n]
		}
		return n
	}
	type told struct {
		of uint32
		seen
	}
	var all []told
	Load(t, w, event.Fact{Name: event.OrderPaid, Customer: 60, At: day})
	for round := range 40 {
		var facts []event.Fact
		for range 1 + random.IntN(12) {
			n := numbers[random.IntN(len(numbers))]
			switch random.IntN(6) {
			case 0:
				if to := numbers[random.IntN(len(numbers))]; into[n] == 0 && owner(to) != n && to < visitor {
					into[n] = to
					facts = append(facts, event.Fact{Name: event.CustomerMerged, Customer: n, Quantity: int64(to), At: day})
				}
			case 1:
				if into[n] != 0 {
					facts = append(facts, event.Fact{Name: event.CustomerSplit, Customer: n, Quantity: int64(into[n]), At: day})
					delete(into, n)
				}
			default: // also of numbers that have gone: it was on its way
				f := event.Fact{Name: event.PageViewed, Customer: n, At: day.Add(time.Duration(len(all)+random.IntN(50)) * time.Minute), Amount: int64(len(all))}
				all = append(all, told{n, seen{0, f.At.UnixMicro(), f.Name, f.Amount, ""}})
				facts = append(facts, f)
			}
		}
		if len(facts) > 0 {
			Load(t, w, facts...)
		}
		if round%7 == 6 {
			if err := w.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var want []seen
		for _, one := range all {
			if one.Customer = owner(one.of); one.Customer < visitor {
				want = append(want, one.seen)
			}
		}
		sortSeen(want)
		got, _ := scan(t, w, warehouse.ScanSpec{Facts: []string{event.PageViewed}, Rows: 20})
		if d := gocmp.Diff(want, got); d != "" {
			t.Fatalf("round %d: %s", round, d)
		}
		picked(t, w, warehouse.ScanSpec{Facts: []string{event.PageViewed}}, want)
		if through := w.Watermark().Through; through != 60 {
			t.Fatalf("through %d", through)
		}
	}
}

func newestAttributesWin(t *testing.T, w Engine) {
	Load(t, w,
		Person(1, day.Add(2*time.Hour), event.Attributes{City: "杭州", Birthday: "0000-02-29", HasPhone: true, Registered: day}),
		Person(1, day.Add(time.Hour), event.Attributes{City: "旧"}),
		Person(2, day, event.Attributes{City: "北京"}),
		event.Fact{Name: event.OrderPaid, Customer: 2, At: day, Amount: 7, Props: []byte(`{"note":"private"}`)},
	)
	Load(t, w, Person(2, day.Add(time.Hour), event.Attributes{Erased: true}))
	Load(t, w, Person(2, day.Add(2*time.Hour), event.Attributes{City: "上海"}))
	check := func() {
		t.Helper()
		facts, people := scan(t, w, warehouse.ScanSpec{Facts: []string{event.OrderPaid}})
		if p := people[1]; w.Text(p.City) != "杭州" || p.Birthday != 229 || p.Flags != warehouse.FlagPhone || p.Registered != day.UnixMicro() {
			t.Fatalf("%+v", p)
		}
		if p := people[2]; !p.Gone() {
			t.Fatalf("%+v", p)
		}
		if len(facts) != 1 || facts[0].Amount != 7 {
			t.Fatal(facts)
		}
	}
	check()
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	check()
}

func messagesCountOnce(t *testing.T, w Engine) {
	fact := func(id string) event.Fact {
		return event.Fact{ID: id, Name: event.OrderPaid, Customer: 1, At: day, Amount: 1}
	}
	load := func(ms ...stream.Message) {
		t.Helper()
		if err := w.Load(t.Context(), ms); err != nil {
			t.Fatal(err)
		}
	}
	one := stream.Message{Seq: 1, Facts: []event.Fact{fact("a"), fact("b")}}
	load(one)
	load(one) // delivered again
	load(
		stream.Message{Seq: 2, Maybe: true, Facts: []event.Fact{fact("a"), fact("c")}}, // published again after a crash
		stream.Message{Seq: 3, Maybe: true, Facts: []event.Fact{fact("c"), fact("d")}},
		stream.Message{Seq: 4, Facts: []event.Fact{fact("e")}},
		stream.Message{Seq: 5, Maybe: true, Facts: []event.Fact{fact("e")}},
	)
	facts, _ := scan(t, w, warehouse.ScanSpec{Facts: []string{event.OrderPaid}})
	if len(facts) != 5 {
		t.Fatal(facts)
	}
	if m := w.Watermark(); m.Seq != 5 || m.Facts != 5 || m.Through != 1 || m.Latest != day.UnixMicro() {
		t.Fatalf("%+v", m)
	}
}

func stateComesBack(t *testing.T, w Engine) {
	const n = 300_000 // more than one batch
	s := warehouse.NewState(n, day.UnixMicro())
	s.Classes = append(s.Classes, "champion", "keep")
	s.Layers = append(s.Layers, "vip", "lost")
	s.Stages = append(s.Stages, "mature")
	s.Reasons = append(s.Reasons, "spend")
	for i := uint32(1); i <= n; i++ {
		if i%7 == 0 {
			continue
		}
		s.Present[i] = true
		s.R[i], s.F[i], s.M[i] = uint8(i%6), uint8(i%5), uint8(i%4)
		s.Class[i], s.Layer[i], s.Stage[i], s.Reason[i] = uint8(i%3), uint8(i%3), uint8(i%2), uint16(i%2)
		s.RecencyDays[i], s.Frequency[i], s.Orders[i] = int32(i%400)-1, int32(i%50), int32(i%60)
		s.Monetary[i], s.Spent[i], s.LastOrder[i], s.LastSeen[i] = int64(i)*3, int64(i)*5, day.UnixMicro()+int64(i), day.UnixMicro()-int64(i)
	}
	for range 2 {
		if err := w.SaveState(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.LoadState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Present {
		a := fmt.Sprint(s.Present[i], s.R[i], s.F[i], s.M[i], s.Classes[s.Class[i]], s.Layers[s.Layer[i]], s.Stages[s.Stage[i]], s.Reasons[s.Reason[i]],
			s.RecencyDays[i], s.Frequency[i], s.Orders[i], s.Monetary[i], s.Spent[i], s.LastOrder[i], s.LastSeen[i])
		b := fmt.Sprint(got.Present[i], got.R[i], got.F[i], got.M[i], got.Classes[got.Class[i]], got.Layers[got.Layer[i]], got.Stages[got.Stage[i]], got.Reasons[got.Reason[i]],
			got.RecencyDays[i], got.Frequency[i], got.Orders[i], got.Monetary[i], got.Spent[i], got.LastOrder[i], got.LastSeen[i])
		if a != b {
			t.Fatalf("customer %d: %s, want %s", i, b, a)
		}
	}
}

func happeningsPage(t *testing.T, w Engine) {
	for i := range 25 {
		Load(t, w, event.Fact{Name: event.PageViewed, Customer: 5, At: day.Add(time.Duration(i/3) * time.Hour), Subject: fmt.Sprint(i), Product: "猫粮"})
	}
	var got []string
	below := warehouse.Cursor{}
	for {
		page, err := w.Happenings(t.Context(), 5, []string{event.PageViewed}, below, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, h := range page {
			if h.Name != event.PageViewed || h.Product != "猫粮" {
				t.Fatalf("%+v", h)
			}
			got = append(got, h.Subject)
		}
		last := page[len(page)-1]
		below = warehouse.Cursor{TS: last.At.UnixMicro(), ID: last.ID}
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != 25 {
		t.Fatal(got)
	}
}

func latestOfEach(t *testing.T, w Engine) {
	at := func(hours int) time.Time { return day.Add(time.Duration(hours) * time.Hour) }
	Load(t, w,
		event.Fact{Name: event.PageViewed, Customer: 5, At: at(3), Product: "猫粮"},
		event.Fact{Name: event.CartAdded, Customer: 5, At: at(2), Product: "猫砂"},
		event.Fact{Name: event.MessageSent, Customer: 5, At: at(9)},
		event.Fact{Name: event.OrderPaid, Customer: 7, At: at(1), Amount: 900, Channel: "tmall"},
		event.Fact{Name: event.MessageSent, Customer: 8, At: at(1)},
		event.Fact{Name: event.PageViewed, Customer: 9, At: at(1)},
	)
	got, err := w.Latest(t.Context(), []uint32{8, 7, 5, 5, 70}, []string{event.PageViewed, event.CartAdded, event.OrderPaid})
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint32]warehouse.Happening{
		5: {At: at(3), Name: event.PageViewed, Product: "猫粮"},
		7: {At: at(1), Name: event.OrderPaid, Amount: 900, Channel: "tmall"},
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	if none, err := w.Latest(t.Context(), nil, []string{event.PageViewed}); err != nil || len(none) != 0 {
		t.Fatal(none, err)
	}
}
