package layer_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/layer"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// noon is the middle of a day n days before the day of the tests' present.
func noon(daysAgo int) time.Time {
	return time.Date(2025, 6, 30-daysAgo, 12, 0, 0, 0, shanghai)
}

// world is a warehouse of facts, an engine over it and the service over both.
type world struct {
	*testing.T
	db      *store.DB
	w       *warehouse.Warehouse
	engine  *audience.Engine
	clock   *clock.Manual
	service *layer.Service
	seq     uint64
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w, err := warehouse.Open(t.Context(), warehouse.Config{Path: filepath.Join(t.TempDir(), "w.duckdb")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	c := clock.NewManual(noon(0).UTC())
	engine := audience.NewEngine(w, shanghai)
	return &world{T: t, db: db, w: w, engine: engine, clock: c, service: layer.NewService(db, engine, c.Now, shanghai)}
}

func (w *world) load(facts ...event.Fact) {
	w.Helper()
	for i := range facts {
		facts[i].ID = fmt.Sprintf("f%d-%d", w.seq, i)
	}
	w.seq++
	if err := w.w.Load(w.Context(), []stream.Message{{Seq: w.seq, Facts: facts}}); err != nil {
		w.Fatal(err)
	}
}

// join makes a customer who registered days ago.
func (w *world) join(customer uint32, daysAgo int) {
	w.Helper()
	props, err := json.Marshal(event.Attributes{Registered: noon(daysAgo)})
	if err != nil {
		w.Fatal(err)
	}
	w.load(event.Fact{Name: event.CustomerChanged, Customer: customer, At: noon(daysAgo), Props: props})
}

func (w *world) buy(customer uint32, fen int64, daysAgo ...int) {
	w.Helper()
	for _, d := range daysAgo {
		w.load(event.Fact{Name: event.OrderPaid, Customer: customer, At: noon(d), Amount: fen})
	}
}

// refresh is what the audience engine does with a layer pass.
func (w *world) refresh() *warehouse.State {
	w.Helper()
	ctx := w.Context()
	pass, err := w.service.Prepare(ctx, w.clock.Now())
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.engine.Walk(ctx, w.clock.Now(), pass); err != nil {
		w.Fatal(err)
	}
	state, err := pass.Finish(ctx, nil)
	if err != nil {
		w.Fatal(err)
	}
	if err := pass.Save(ctx, w.clock.Now(), w.seq); err != nil {
		w.Fatal(err)
	}
	if err := w.w.SaveState(ctx, state); err != nil {
		w.Fatal(err)
	}
	return state
}

func (w *world) people(f layer.Filter) []uint32 {
	w.Helper()
	found, _, err := w.service.Find(w.Context(), f)
	if err != nil {
		w.Fatal(err)
	}
	return found.ToArray()
}

func sizes(list []layer.Count) map[string]int64 {
	out := map[string]int64{}
	for _, c := range list {
		if c.People > 0 {
			out[c.Code] = c.People
		}
	}
	return out
}

// small is a brand of six customers, one of each sort.
func small(w *world) {
	w.join(1, 300)
	w.buy(1, 300_00, 120, 90, 60, 30, 10) // ¥1,500: VIP
	w.join(2, 3)                          // new, not bought
	w.join(3, 200)
	w.buy(3, 100_00, 100, 50, 8) // regular
	w.join(4, 200)
	w.buy(4, 100_00, 150, 40) // silent
	w.join(5, 400)
	w.buy(5, 100_00, 300) // lost
	w.join(6, 20)
	w.buy(6, 100_00, 5) // new, first order
}

func TestARefreshPutsEverybodyInOneLayerAndCanBeDrilled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		small(w)
		w.refresh()
		o, err := w.service.Overview(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{"vip": 1, "potential": 1, "new": 2, "silent": 1, "lost": 1}
		if diff := cmp.Diff(want, sizes(o.Layers)); diff != "" {
			t.Fatal(diff)
		}
		if o.Snapshot.Day != "2025-06-30" || o.Snapshot.People != 6 || o.Result.Buyers != 5 {
			t.Fatalf("%+v", o.Snapshot)
		}
		if len(o.Trend) != 5 || o.Compared != nil {
			t.Fatalf("trend %+v, compared %+v", o.Trend, o.Compared)
		}
		for code, people := range map[string][]uint32{"vip": {1}, "new": {2, 6}, "lost": {5}} {
			if diff := cmp.Diff(people, w.people(layer.Filter{Layer: code})); diff != "" {
				t.Error(code, diff)
			}
		}
		if diff := cmp.Diff([]uint32{6}, w.people(layer.Filter{Layer: "new", Reason: "new.first_order"})); diff != "" {
			t.Error(diff)
		}
		m, err := w.service.Matrix(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		var inCells int64
		for _, c := range m.Cells {
			inCells += c.People
			got := w.people(layer.Filter{R: fmt.Sprint(c.R), F: fmt.Sprint(c.F), M: fmt.Sprint(c.M)})
			if int64(len(got)) != c.People {
				t.Errorf("cell %+v has %v", c, got)
			}
		}
		if inCells != 5 {
			t.Errorf("%d people in the matrix", inCells)
		}
		if diff := cmp.Diff([]uint32{1, 3, 4, 5, 6}, w.people(layer.Filter{M: "12345"})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOnePersonIsExplainedAsEverybodyWasDecided(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	if o, err := w.service.Overview(t.Context(), ""); err != nil || o.Snapshot.Day != "" || o.Layers == nil || o.Trend == nil {
		t.Errorf("before the first snapshot: %+v, %v", o, err)
	}
	small(w)
	if err := w.service.Reconstruct(t.Context(), "2025-05-31"); err != nil {
		t.Fatal(err)
	}
	state := w.refresh()
	for n := uint32(1); n <= 6; n++ {
		why, err := w.service.Explain(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := layer.StandingOf(state, n)
		if diff := cmp.Diff(want, why.Standing); diff != "" {
			t.Error(diff)
		}
	}
	why, err := w.service.Explain(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	wantNumbers := layer.Numbers{
		RegisteredDays: 200, FirstOrderDays: 150, NoOrderDays: 40, QuietDays: 40, SpentWindowFen: 200_00, WindowDays: 365,
		HighSpendFen: 1000_00, MonthlyFen: 200_00 * 30 / 110, MeanGapDays: 110, ActivityDays: 7,
	}
	if diff := cmp.Diff(wantNumbers, why.Numbers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]layer.Stood{{Day: "2025-05-31", Layer: "potential"}, {Day: "2025-06-30", Layer: "silent"}}, why.History); diff != "" {
		t.Error(diff)
	}
	if _, err := w.service.Explain(t.Context(), 99); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}

func TestPeopleArePagedBySpending(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	small(w)
	w.refresh()
	everybody, _, err := w.service.Find(t.Context(), layer.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var got []uint32
	for after := ""; ; {
		page, next, err := w.service.Page(t.Context(), everybody, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page {
			got = append(got, s.Customer)
		}
		if next == "" {
			break
		}
		after = next
	}
	if diff := cmp.Diff([]uint32{1, 3, 4, 5, 6, 2}, got); diff != "" {
		t.Fatal(diff)
	}
	if _, _, err := w.service.Page(t.Context(), everybody, "x", 2); !errs.Is(err, errs.Invalid) {
		t.Fatal(err)
	}
}

func TestMigrationAndWhoIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		small(w)
		w.refresh()
		if facts := outboxFacts(t, db); len(facts) != 0 {
			t.Fatalf("the first snapshot announces %v", facts)
		}
		w.clock.Advance(26 * 24 * time.Hour)
		w.load(event.Fact{Name: event.OrderPaid, Customer: 4, At: w.clock.Now().Add(-time.Hour), Amount: 100_00})
		w.load(event.Fact{Name: event.OrderPaid, Customer: 1, At: w.clock.Now().Add(-time.Hour), Amount: 100_00})
		w.join(7, -20)
		w.refresh()
		m, err := w.service.Migration(t.Context(), "2025-07-01", "")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int64{}
		for _, move := range m.Moves {
			got[move.From+">"+move.To] = move.People
		}
		// 6: a month has passed since the only order; 3: 34 days without an order; 4 came back; 7 is new.
		want := map[string]int64{"vip>vip": 1, "new>new": 1, "new>silent": 1, "potential>silent": 1, "silent>potential": 1, "lost>lost": 1, ">new": 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if m.From != "2025-06-30" || m.To != "2025-07-26" || m.Up != 1 || m.Down != 2 || !m.Reversed || !m.SameDefinition {
			t.Fatalf("%+v", m)
		}
		told := map[uint32]string{}
		for _, f := range outboxFacts(t, db) {
			told[f.Customer] = f.Detail
		}
		if diff := cmp.Diff(map[uint32]string{3: "potential>silent", 4: "silent>potential", 6: "new>silent", 7: ">new"}, told); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff([]uint32{4}, w.people(layer.Filter{Layer: "potential", FromDay: "2025-06-30", FromLayer: "silent"})); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]uint32{7}, w.people(layer.Filter{FromDay: "2025-06-30", FromLayer: "none"})); diff != "" {
			t.Error(diff)
		}
		w.refresh() // again on the same day: nothing new to tell
		if n := len(outboxFacts(t, db)); n != 4 {
			t.Errorf("%d facts after a refresh without change", n)
		}
	})
}

func outboxFacts(t *testing.T, db *store.DB) []event.Fact {
	t.Helper()
	rows, err := store.All[string](t.Context(), db, `SELECT facts FROM outbox ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	var all []event.Fact
	for _, row := range rows {
		var facts []event.Fact
		if err := json.Unmarshal([]byte(row), &facts); err != nil {
			t.Fatal(err)
		}
		all = append(all, facts...)
	}
	return all
}

func TestTheDefinitionIsDataWithAHistory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		small(w)
		w.refresh()
		def := layer.Default()
		def.Layers.VIP.MinSpentFen = 250_00
		p, err := w.service.Preview(t.Context(), def)
		if err != nil {
			t.Fatal(err)
		}
		want := []layer.Move{
			{From: "potential", To: "vip", People: 1, Samples: []uint32{3}},
		}
		if diff := cmp.Diff(want, p.Moves); diff != "" || p.Moved != 1 || p.People != 6 {
			t.Fatal(p.People, p.Moved, diff)
		}
		if got := w.people(layer.Filter{Layer: "vip"}); len(got) != 1 {
			t.Fatalf("a preview moved %v", got)
		}
		saved, err := w.service.SaveDefinition(t.Context(), def, 0, "staff_1")
		if err != nil || saved.Version != 1 {
			t.Fatal(saved.Version, err)
		}
		if _, err := w.service.SaveDefinition(t.Context(), def, 0, "staff_2"); !errs.Is(err, errs.Conflict) {
			t.Fatalf("saving over somebody's work: %v", err)
		}
		def.Activity.Days = 0
		if _, err := w.service.SaveDefinition(t.Context(), def, 1, "staff_1"); !errs.Is(err, errs.Invalid) {
			t.Fatalf("saving nonsense: %v", err)
		}
		versions, err := w.service.Versions(t.Context())
		if err != nil || len(versions) != 1 || versions[0].Definition.Layers.VIP.MinSpentFen != 250_00 {
			t.Fatal(versions, err)
		}
		w.clock.Advance(24 * time.Hour)
		w.refresh()
		o, err := w.service.Overview(t.Context(), "")
		if err != nil || o.Snapshot.DefinitionVersion != 1 {
			t.Fatal(o.Snapshot, err)
		}
		before, err := w.service.Overview(t.Context(), "2025-06-30")
		if err != nil || before.Snapshot.DefinitionVersion != 0 || before.Snapshot.Definition.Layers.VIP.MinSpentFen != 1000_00 {
			t.Fatal("the old snapshot lost its definition", err)
		}
	})
}

func TestReconstruct(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	small(w)
	days := w.service.MonthEnds(3)
	if diff := cmp.Diff([]string{"2025-03-31", "2025-04-30", "2025-05-31"}, days); diff != "" {
		t.Fatal(diff)
	}
	if err := w.service.Reconstruct(t.Context(), days...); err != nil {
		t.Fatal(err)
	}
	w.refresh()
	o, err := w.service.Overview(t.Context(), "2025-05-31")
	if err != nil || !o.Snapshot.Reconstructed || o.Snapshot.People != 4 {
		t.Fatalf("%+v %v", o.Snapshot, err) // 2 and 6 were not there yet
	}
	if o.Compared == nil || o.Compared.Day != "2025-04-30" {
		t.Errorf("%+v", o.Compared)
	}
	if err := w.service.Reconstruct(t.Context(), "2025-07-01"); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
	if n := len(outboxFacts(t, w.db)); n != 0 {
		t.Errorf("reconstructed days announce %d people", n)
	}
	if _, err := w.service.Overview(t.Context(), "2020-01-01"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}

// TestThePassAgreesWithCountingByHand compares the pass over random timelines with the same definitions computed
// person by person from the list of facts, in the slowest way.
func TestThePassAgreesWithCountingByHand(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{event.OrderPaid, event.OrderRefunded, event.PageViewed, event.MessageOpened, event.MessageSent, event.OrderLine}
	const people = 400
	byPerson := map[uint32][]event.Fact{}
	var all []event.Fact
	for n := uint32(1); n <= people; n++ {
		w.join(n, random.IntN(500)-10)
		for range random.IntN(12) {
			f := event.Fact{
				Name: names[random.IntN(len(names))], Customer: n, Amount: random.Int64N(900_00),
				At: noon(0).Add(-time.Duration(random.Int64N(int64(500 * 24 * time.Hour)))).Add(5 * 24 * time.Hour).Truncate(time.Microsecond),
			}
			all = append(all, f)
			if f.Name == event.OrderPaid && random.IntN(3) == 0 { // a line more came to light: the order is one, and larger
				more := f
				more.Name, more.Amount = event.OrderAmended, random.Int64N(200_00)
				all = append(all, more)
				f.Amount += more.Amount
			}
			byPerson[n] = append(byPerson[n], f)
		}
	}
	w.load(all...)
	def := layer.Default()
	def.RFM.WindowDays, def.RFM.NetRefunds = 200, true
	passes, err := w.service.Compute(t.Context(), w.clock.Now(), def)
	if err != nil {
		t.Fatal(err)
	}
	got := passes[0].State()
	day := func(at time.Time) int {
		y, m, d := at.In(shanghai).Date()
		return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	}
	today := day(w.clock.Now())
	for n, facts := range byPerson {
		facts = slices.DeleteFunc(facts, func(f event.Fact) bool { return f.At.After(w.clock.Now()) })
		want := layer.Standing{Customer: n, RecencyDays: -1}
		for _, f := range facts {
			inWindow := today-day(f.At) < 200
			switch f.Name {
			case event.OrderPaid:
				want.Orders++
				want.SpentFen += f.Amount
				if r := int32(today - day(f.At)); want.RecencyDays < 0 || r < want.RecencyDays {
					want.RecencyDays = r
				}
				if inWindow {
					want.Frequency++
					want.MonetaryFen += f.Amount
				}
			case event.OrderRefunded:
				if inWindow {
					want.MonetaryFen -= f.Amount
				}
			}
		}
		want.MonetaryFen = max(want.MonetaryFen, 0)
		have, present := layer.StandingOf(got, n)
		if !present {
			continue // registered after the day, and nothing done before
		}
		narrow := layer.Standing{
			Customer: n, RecencyDays: have.RecencyDays, Frequency: have.Frequency, MonetaryFen: have.MonetaryFen,
			Orders: have.Orders, SpentFen: have.SpentFen,
		}
		if diff := cmp.Diff(want, narrow); diff != "" {
			t.Fatal(diff)
		}
		if (have.Frequency > 0) != (have.R > 0 && have.Class != "") {
			t.Fatalf("%+v: scores without orders, or orders without scores", have)
		}
		if have.Layer == "" || have.Stage == "" || have.Reason == "" {
			t.Fatalf("%+v is nowhere", have)
		}
	}
}

var _ layer.Engine = (*audience.Engine)(nil)

// TestWarning tells who is about to leave and by what sign, against a week before, and when that raises an alert.
func TestWarning(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		if got, err := newWorld(t, db).service.Warning(t.Context()); err != nil || len(got.Signs) != 0 || got.People != 0 {
			t.Errorf("before the first refresh: %+v, %v", got, err)
		}
		small(w)
		w.join(7, 40) // at risk of being lost, never bought
		w.join(8, 300)
		w.buy(8, 100_00, 50, 43, 36, 29) // weekly, and away for 29 days
		w.join(9, 300)
		w.buy(9, 400_00, 90, 80, 70, 32) // spends like a VIP, away for 32 days
		if err := w.service.Reconstruct(t.Context(), "2025-06-23"); err != nil {
			t.Fatal(err)
		}
		w.refresh()
		who := map[string][]uint32{}
		for _, code := range append([]string{""}, audience.Warnings...) {
			found, _, err := w.service.WhoWarned(t.Context(), code, "")
			if err != nil {
				t.Fatal(err)
			}
			who[code] = found.ToArray()
		}
		if diff := cmp.Diff(map[string][]uint32{"": {4, 7, 8, 9}, "pseudo_vip": {9}, "overdue": {8}, "at_risk": {4, 9}, "never_bought": {7}}, who); diff != "" {
			t.Error(diff)
		}
		got, err := w.service.Warning(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.People != 4 || got.SpentFen != 2200_00 || got.Since != "2025-06-23" || got.NoOrderDays != 5 {
			t.Errorf("%+v", got)
		}
		want := []layer.Warned{{"pseudo_vip", 1, 1600_00, 0}, {"overdue", 1, 400_00, 1}, {"at_risk", 2, 1800_00, 1}, {"never_bought", 1, 0, 2}}
		if diff := cmp.Diff(want, got.Signs); diff != "" {
			t.Error(diff)
		}
		if len(got.Alert.Raised) != 0 {
			t.Errorf("two people raise an alert: %v", got.Alert.Raised)
		}
		rule := layer.AlertRule{On: true, Signs: []string{"at_risk", "never_bought"}, Min: 1, GrowthPct: 50}
		if err := w.service.SetAlert(t.Context(), rule, got.Alert.Version, "stf"); err != nil {
			t.Fatal(err)
		}
		if err := w.service.SetAlert(t.Context(), rule, got.Alert.Version, "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("an old version: %v", err)
		}
		if got, err = w.service.Warning(t.Context()); err != nil || !slices.Equal(got.Alert.Raised, []string{"at_risk"}) {
			t.Errorf("%+v, %v", got.Alert, err)
		}
		for _, bad := range []layer.AlertRule{{Signs: []string{"at_risk"}}, {Signs: []string{"tired"}, Min: 1}, {Min: 1}} {
			if err := w.service.SetAlert(t.Context(), bad, 1, "stf"); !errs.Is(err, errs.Invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
}
