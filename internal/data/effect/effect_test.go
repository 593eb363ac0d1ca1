package effect_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/data/effect"
	"huoshui/internal/marketing/experiment"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// book is what the rest of the house knows: campaigns, strategies, and the names of people.
type book struct {
	plans     []effect.Plan
	playbooks []effect.Playbook
	erased    uint32
}

func (b *book) Campaigns(context.Context) ([]effect.Plan, error)      { return b.plans, nil }
func (b *book) Strategies(context.Context) ([]effect.Playbook, error) { return b.playbooks, nil }
func (b *book) Faces(_ context.Context, customers []uint32) (map[uint32]effect.Person, error) {
	out := map[uint32]effect.Person{}
	for _, n := range customers {
		if n != b.erased {
			out[n] = effect.Person{ID: fmt.Sprint("cus_", n), Number: n}
		}
	}
	return out, nil
}

var begin = time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)

// world is random facts of a few campaigns, and what a reader with pencil and paper would count.
type world struct {
	facts   []event.Fact
	want    map[string]*count // by campaign
	windows map[string]time.Duration
}

type count struct {
	steps              effect.Steps
	reach, holdout     experiment.Outcome
	gmv, cost, overlap int64
	buyers, heldBuyers []uint32
}

func makeWorld(seed uint64, people int) world {
	rng := rand.New(rand.NewPCG(seed, 7))
	w := world{want: map[string]*count{}, windows: map[string]time.Duration{"cmp_1": 14 * 24 * time.Hour, "cmp_2": 14 * 24 * time.Hour, "cmp_3": 5 * 24 * time.Hour}}
	starts := map[string]time.Time{"cmp_1": begin, "cmp_2": begin.Add(4 * 24 * time.Hour), "cmp_3": begin.Add(30 * 24 * time.Hour)}
	strategy := map[string]string{"cmp_1": "str_1", "cmp_2": "str_1", "cmp_3": ""}
	for c := range w.windows {
		w.want[c] = &count{}
	}
	for n := uint32(1); n <= uint32(people); n++ {
		type purchase struct {
			at     time.Time
			amount int64
		}
		var bought []purchase
		for range rng.IntN(4) {
			p := purchase{begin.Add(time.Duration(rng.Int64N(int64(50*24*time.Hour))) - 5*24*time.Hour), 1 + rng.Int64N(30000)}
			bought = append(bought, p)
			w.facts = append(w.facts, event.Fact{Name: event.OrderPaid, Customer: n, At: p.at, Amount: p.amount, Subject: "ord"})
		}
		arms := map[string]experiment.Arm{}
		for _, c := range []string{"cmp_1", "cmp_2", "cmp_3"} {
			if rng.IntN(3) == 0 {
				continue
			}
			want := w.want[c]
			arm := experiment.Assign(c, n, 20)
			arms[c] = arm
			at := starts[c]
			fact := event.Fact{Customer: n, At: at, Campaign: c, Strategy: strategy[c], Channel: "phone"}
			add := func(name string, after time.Duration, detail string, amount int64) {
				f := fact
				f.Name, f.Detail, f.Amount, f.At = name, detail, amount, at.Add(after)
				w.facts = append(w.facts, f)
			}
			add(event.CampaignAssigned, 0, string(arm), 0)
			o := experiment.Outcome{People: 1}
			for _, p := range bought {
				if !p.at.Before(at) && p.at.Before(at.Add(w.windows[c])) {
					o.Converted = 1
					o.Revenue += float64(p.amount)
				}
			}
			o.RevenueSquares = o.Revenue * o.Revenue
			want.steps.Covered++
			into := &want.reach
			if arm == experiment.Holdout {
				want.steps.Holdout++
				into = &want.holdout
				if o.Converted == 1 {
					want.heldBuyers = append(want.heldBuyers, n)
				}
			}
			into.People += o.People
			into.Converted += o.Converted
			into.Revenue += o.Revenue
			into.RevenueSquares += o.RevenueSquares
			if arm == experiment.Holdout {
				continue
			}
			if o.Converted == 1 {
				want.buyers = append(want.buyers, n)
			}
			want.gmv += int64(o.Revenue)
			want.steps.Planned++
			want.steps.Converted += o.Converted
			add(event.MessagePlanned, 0, "", 0)
			switch rng.IntN(5) {
			case 0:
				add(event.MessageRefused, time.Minute, "cap_person_week", 0)
				want.steps.Refused++
			case 1:
				add(event.MessageSent, time.Minute, "", 8)
				add(event.MessageFailed, time.Hour, "bounced", 0)
				want.steps.Sent++
				want.steps.Failed++
				want.cost += 8
			default:
				add(event.MessageSent, time.Minute, "", 8)
				add(event.MessageDelivered, 2*time.Minute, "", 0)
				want.steps.Sent++
				want.steps.Reached++
				want.cost += 8
				if rng.IntN(2) == 0 {
					add(event.MessageOpened, time.Hour, "", 0)
					add(event.MessageOpened, 2*time.Hour, "", 0)
					want.steps.Opened++
					if rng.IntN(2) == 0 {
						add(event.MessageClicked, 3*time.Hour, "", 0)
						want.steps.Clicked++
					}
				}
				if rng.IntN(20) == 0 {
					add(event.MessageUnsubscribed, 4*time.Hour, "", 0)
					want.steps.Unsubscribed++
				}
			}
		}
		_, one := arms["cmp_1"]
		_, two := arms["cmp_2"]
		if one && arms["cmp_2"] == experiment.Reach { // their windows overlap; the third begins later
			w.want["cmp_1"].overlap++
		}
		if two && arms["cmp_1"] == experiment.Reach {
			w.want["cmp_2"].overlap++
		}
	}
	rng.Shuffle(len(w.facts), func(i, j int) { w.facts[i], w.facts[j] = w.facts[j], w.facts[i] })
	return w
}

func house() *book {
	return &book{
		plans: []effect.Plan{{ID: "cmp_1", Name: "一", Strategy: "str_1", HoldoutPct: 20}, {ID: "cmp_2", Name: "二", Strategy: "str_1", HoldoutPct: 20},
			{ID: "cmp_3", Name: "三", HoldoutPct: 20}, {ID: "cmp_4", Name: "还没发", Strategy: "str_1", HoldoutPct: 10}},
		playbooks: []effect.Playbook{{ID: "str_1", NameZH: "唤回", NameEN: "Recall", Layer: "silent", WindowDays: 14}, {ID: "str_2", NameZH: "关怀", Layer: "vip"}},
	}
}

func open(t *testing.T, w world, b *book, now time.Time) (*effect.Service, *clock.Manual) {
	t.Helper()
	db, wh, clk := storetest.Open(t), warehousetest.Open(t), clock.NewManual(now)
	for part := range slices.Chunk(w.facts, 5000) {
		warehousetest.Load(t, wh, part...)
	}
	s := effect.NewService(db, wh, b, b, clk.Now)
	d := effect.DefaultDefinition()
	d.WindowDays = 5 // what cmp_3, which follows no strategy, goes by
	if err := s.Define(t.Context(), d, "stf_1"); err != nil {
		t.Fatal(err)
	}
	return s, clk
}

// One ordered pass counts what pencil and paper count.
func TestTheBoardCountsEverything(t *testing.T) {
	for seed := range uint64(3) {
		w := makeWorld(seed, 2000)
		s, _ := open(t, w, house(), begin.Add(100*24*time.Hour))
		lines, err := s.Campaigns(t.Context(), nil)
		if err != nil || len(lines) != 3 || lines[0].ID != "cmp_3" {
			t.Fatalf("%+v %v", lines, err)
		}
		for _, l := range lines {
			want := w.want[l.ID]
			if diff := cmp.Diff(want.steps, l.Steps); diff != "" {
				t.Errorf("%s steps: %s", l.ID, diff)
			}
			if l.GMVFen != want.gmv || l.CostFen != want.cost || l.Overlap != want.overlap || l.OpenPeople != 0 {
				t.Errorf("%s: gmv %d (%d) cost %d (%d) overlap %d (%d) open %d", l.ID, l.GMVFen, want.gmv, l.CostFen, want.cost, l.Overlap, want.overlap, l.OpenPeople)
			}
			near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) })
			if diff := cmp.Diff(want.reach, l.Result.Reach, near); diff != "" {
				t.Errorf("%s reach: %s", l.ID, diff)
			}
			if diff := cmp.Diff(want.holdout, l.Result.Holdout, near); diff != "" {
				t.Errorf("%s holdout: %s", l.ID, diff)
			}
			if !l.Result.Settled || l.Result.SRM.Mismatch || l.Result.Conversion == nil {
				t.Errorf("%s: %+v", l.ID, l.Result)
			}
		}
	}
}

// Every number leads to exactly the people it counts, page by page, and the curve ends at the totals.
func TestNumbersLeadToTheirPeople(t *testing.T) {
	w := makeWorld(9, 1500)
	b := house()
	s, _ := open(t, w, b, begin.Add(100*24*time.Hour))
	report, err := s.Campaign(t.Context(), "cmp_1")
	if err != nil {
		t.Fatal(err)
	}
	st, want := report.Steps, w.want["cmp_1"]
	for number, n := range map[string]int64{
		"covered": st.Covered, "holdout": st.Holdout, "planned": st.Planned, "refused": st.Refused, "sent": st.Sent, "reached": st.Reached,
		"opened": st.Opened, "clicked": st.Clicked, "failed": st.Failed, "unsubscribed": st.Unsubscribed, "converted": st.Converted,
		"converted_holdout": report.Result.Holdout.Converted,
	} {
		var all []uint32
		for after := uint32(0); ; {
			page, next, err := s.PeopleOf(t.Context(), []string{"cmp_1"}, number, after, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page {
				all = append(all, p.Number)
			}
			if after = next; next == 0 {
				break
			}
		}
		if int64(len(all)) != n || !slices.IsSorted(all) {
			t.Errorf("%s: %d people behind %d", number, len(all), n)
		}
		if number == "converted" && !slices.Equal(all, want.buyers) || number == "converted_holdout" && !slices.Equal(all, want.heldBuyers) {
			t.Errorf("%s leads to other people", number)
		}
	}
	last := report.Curve[len(report.Curve)-1]
	if len(report.Curve) != 14 || last.ReachBought != st.Converted || last.HoldoutBought != report.Result.Holdout.Converted || last.Partial {
		t.Errorf("the curve ends at %+v", last)
	}
	if math.Abs(last.ReachFen-report.Result.Reach.Mean()) > 1e-6 {
		t.Errorf("the curve's revenue ends at %v, the arm has %v", last.ReachFen, report.Result.Reach.Mean())
	}
	if len(report.Channels) != 1 || report.Channels[0].Channel != "phone" || report.Channels[0].Reached != st.Reached || report.Refusals[0].N != st.Refused {
		t.Errorf("%+v %+v", report.Channels, report.Refusals)
	}
	b.erased = want.buyers[0]
	page, _, err := s.PeopleOf(t.Context(), []string{"cmp_1"}, "converted", 0, 1)
	if err != nil || len(page) != 1 || page[0].Number != want.buyers[1] {
		t.Errorf("%+v %v", page, err)
	}
	if _, _, err := s.PeopleOf(t.Context(), []string{"cmp_1"}, "everything", 0, 1); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
}

// A strategy's effect is the average of its campaigns' own comparisons, and it speaks only of closed windows.
func TestStrategiesWaitForTheirWindows(t *testing.T) {
	w := makeWorld(4, 3000)
	s, clk := open(t, w, house(), begin.Add(6*24*time.Hour)) // both windows open
	board, err := s.Board(t.Context())
	if err != nil || len(board.Strategies) != 1 {
		t.Fatalf("%+v %v", board, err)
	}
	line := board.Strategies[0]
	if line.ID != "str_1" || line.Name != "唤回" || line.Layer != "silent" || line.Campaigns != 2 || line.Measured != "all" || line.OpenPeople != line.Steps.Covered {
		t.Errorf("%+v", line)
	}
	if line.Result.Verdict != experiment.Unknown || line.Result.Reason != experiment.WindowOpen {
		t.Errorf("spoke before its time: %s %s", line.Result.Verdict, line.Result.Reason)
	}
	report, err := s.Campaign(t.Context(), "cmp_2")
	if err != nil || len(report.Curve) != 2 || report.Curve[0].Partial || report.Curve[1].Partial {
		t.Errorf("%+v %v", report.Curve, err)
	}
	clk.Set(begin.Add(15 * 24 * time.Hour)) // the first has closed
	if board, err = s.Board(t.Context()); err != nil {
		t.Fatal(err)
	}
	line = board.Strategies[0]
	if line.Measured != "closed" || line.OpenPeople != w.want["cmp_2"].steps.Covered || line.Result.Reach.People != w.want["cmp_1"].reach.People || !line.Result.Settled {
		t.Errorf("%+v", line)
	}
	clk.Set(begin.Add(100 * 24 * time.Hour))
	r, err := s.Strategy(t.Context(), "str_1")
	if err != nil || r.Measured != "all" || len(r.Lines) != 2 || r.Lines[0].ID != "cmp_2" || r.OrdersMissing {
		t.Errorf("%+v %v", r.Line, err)
	}
	one, two := w.want["cmp_1"], w.want["cmp_2"]
	n1, n2 := float64(one.steps.Covered), float64(two.steps.Covered)
	want := (n1*(one.reach.Rate()-one.holdout.Rate()) + n2*(two.reach.Rate()-two.holdout.Rate())) / (n1 + n2)
	if math.Abs(r.Result.Conversion.Estimate-want) > 1e-12 {
		t.Errorf("effect %v, want %v", r.Result.Conversion.Estimate, want)
	}
	if none, err := s.Strategy(t.Context(), "str_2"); err != nil || none.Steps.Covered != 0 || none.Result.Reason != experiment.NothingMeasured {
		t.Errorf("%+v %v", none, err)
	}
	if empty, err := s.Campaign(t.Context(), "cmp_4"); err != nil || empty.Name != "还没发" || empty.Result.Reason != experiment.NothingMeasured || len(empty.Curve) != 0 {
		t.Errorf("%+v %v", empty, err)
	}
	if _, err := s.Campaign(t.Context(), "cmp_none"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if _, err := s.Strategy(t.Context(), "str_none"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}

func TestRefundsAreNettedWhenAsked(t *testing.T) {
	w := world{facts: []event.Fact{
		{Name: event.CampaignAssigned, Customer: 1, At: begin, Campaign: "cmp_1", Detail: "reach"},
		{Name: event.OrderPaid, Customer: 1, At: begin.Add(time.Hour), Amount: 10000},
		{Name: event.OrderAmended, Customer: 1, At: begin.Add(time.Hour), Amount: 500}, // the order has a line more
		{Name: event.OrderRefunded, Customer: 1, At: begin.Add(2 * time.Hour), Amount: 4000},
		{Name: event.OrderRefunded, Customer: 1, At: begin.Add(20 * 24 * time.Hour), Amount: 1000}, // after the window
	}}
	s, _ := open(t, w, house(), begin.Add(30*24*time.Hour))
	gross, err := s.Campaign(t.Context(), "cmp_1")
	if err != nil || gross.GMVFen != 10500 || gross.Steps.Converted != 1 || !gross.OrdersMissing {
		t.Fatalf("%+v %v", gross.Line, err)
	}
	d := effect.DefaultDefinition()
	d.NetRefunds = true
	if err := s.Define(t.Context(), d, "stf_1"); err != nil {
		t.Fatal(err)
	}
	if net, err := s.Campaign(t.Context(), "cmp_1"); err != nil || net.GMVFen != 6500 || net.Steps.Converted != 1 {
		t.Errorf("%+v %v", net.Line, err)
	}
	d.MarginPct = 0
	if err := s.Define(t.Context(), d, "stf_1"); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
}

func TestAnEmptyHouseHasAnEmptyBoard(t *testing.T) {
	s, _ := open(t, world{}, &book{}, begin)
	board, err := s.Board(t.Context())
	if err != nil || len(board.Strategies) != 0 {
		t.Errorf("%+v %v", board, err)
	}
}

// BenchmarkBoard is the pass behind the board: every fact of everybody, once. 200,000 people, two campaigns each.
func BenchmarkBoard(b *testing.B) {
	wh := warehousetest.Open(b)
	const people = 200_000
	var facts []event.Fact
	for n := uint32(1); n <= people; n++ {
		for i, c := range []string{"cmp_1", "cmp_2"} {
			at := begin.Add(time.Duration(i) * 24 * time.Hour)
			arm := experiment.Assign(c, n, 10)
			facts = append(facts, event.Fact{Name: event.CampaignAssigned, Customer: n, At: at, Campaign: c, Detail: string(arm)})
			if arm == experiment.Reach {
				facts = append(facts, event.Fact{Name: event.MessageSent, Customer: n, At: at, Campaign: c, Channel: "phone", Amount: 4},
					event.Fact{Name: event.MessageDelivered, Customer: n, At: at, Campaign: c, Channel: "phone"})
			}
		}
		facts = append(facts, event.Fact{Name: event.OrderPaid, Customer: n, At: begin.Add(time.Duration(n%600) * time.Hour), Amount: 9900})
	}
	for part := range slices.Chunk(facts, 20000) {
		warehousetest.Load(b, wh, part...)
	}
	h := house()
	s := effect.NewService(storetest.Open(b), wh, h, h, clock.NewManual(begin.Add(60*24*time.Hour)).Now)
	for b.Loop() {
		s.Forget()
		if _, err := s.Board(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(facts))*float64(b.N)/b.Elapsed().Seconds(), "facts/s")
}

// Asking first for a campaign that has covered nobody leaves the board as it is for whoever asks next.
func TestAnEmptyCampaignDoesNotEmptyTheBoard(t *testing.T) {
	s, _ := open(t, makeWorld(5, 300), house(), begin.Add(100*24*time.Hour))
	if r, err := s.Campaign(t.Context(), "cmp_4"); err != nil || r.Steps.Covered != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	if lines, err := s.Campaigns(t.Context(), nil); err != nil || len(lines) != 3 {
		t.Errorf("%d campaigns on the board, %v", len(lines), err)
	}
}

// What a campaign without a holdout cost is no part of what the measured ones returned.
func TestUnmeasuredCampaignsAreNoCostOfTheMeasured(t *testing.T) {
	w := makeWorld(11, 3000)
	w.facts = slices.DeleteFunc(w.facts, func(f event.Fact) bool { return f.Campaign == "cmp_2" && f.Detail == "holdout" })
	s, _ := open(t, w, house(), begin.Add(100*24*time.Hour))
	one, err := s.Campaign(t.Context(), "cmp_1")
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Strategy(t.Context(), "str_1")
	if err != nil {
		t.Fatal(err)
	}
	if one.Result.ROI == nil || all.CostFen <= one.CostFen {
		t.Fatalf("%+v, %+v", one.Line, all.Line)
	}
	if d := cmp.Diff(one.Result.ROI, all.Result.ROI); d != "" {
		t.Error(d)
	}
}
