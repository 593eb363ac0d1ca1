package tag

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/layer"
)

type bench struct {
	*Service
	db       *store.DB
	w        *warehouse.Warehouse
	clock    *clock.Manual
	segments *audience.Service
	group    string
}

var start = time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC) // 11:00 in Shanghai

func newBench(t *testing.T, db *store.DB) *bench {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{db: db, w: warehousetest.Open(t), clock: clock.NewManual(start)}
	engine := audience.NewEngine(b.w, zone)
	b.segments = audience.NewService(db, engine, b.clock.Now, layer.NewService(db, engine, b.clock.Now, zone))
	b.Service = NewService(db, b.segments, b.clock.Now, nil)
	g, err := b.AddGroup(t.Context(), "行为", "")
	if err != nil {
		t.Fatal(err)
	}
	b.group = g.ID
	return b
}

func (b *bench) people(t *testing.T, numbers ...uint32) {
	t.Helper()
	var facts []event.Fact
	for _, n := range numbers {
		facts = append(facts, warehousetest.Person(n, b.clock.Now().AddDate(0, -3, 0), event.Attributes{City: "杭州"}))
	}
	warehousetest.Load(t, b.w, facts...)
}

func (b *bench) does(t *testing.T, facts ...event.Fact) {
	t.Helper()
	for i := range facts {
		if facts[i].At.IsZero() {
			facts[i].At = b.clock.Now()
		}
	}
	warehousetest.Load(t, b.w, facts...)
}

func (b *bench) refresh(t *testing.T) {
	t.Helper()
	if _, err := b.segments.RefreshNow(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) create(t *testing.T, d Draft) Tag {
	t.Helper()
	d.Group = b.group
	tag, err := b.Create(t.Context(), d, "stf_1")
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func (b *bench) carried(t *testing.T, id string, want ...uint32) {
	t.Helper()
	got, err := b.Carriers(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(roaring.BitmapOf(want...).ToArray(), got.ToArray()); d != "" {
		t.Fatalf("carriers of %s: %s", id, d)
	}
}

// said is the facts of the outbox in order, as "name customer tag detail why".
func (b *bench) said(t *testing.T) (out []string) {
	t.Helper()
	rows, err := store.All[string](t.Context(), b.db, `SELECT facts FROM outbox ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		var facts []event.Fact
		if err := json.Unmarshal([]byte(r), &facts); err != nil {
			t.Fatal(err)
		}
		for _, f := range facts {
			if f.Name != event.TagAdded && f.Name != event.TagRemoved {
				continue
			}
			var props struct{ Why Why }
			if err := json.Unmarshal(f.Props, &props); err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%s %d %s %s", f.Name, f.Customer, f.Detail, props.Why.Code))
		}
	}
	return out
}

func condition(t *testing.T, text string) *audience.Condition {
	t.Helper()
	c, err := audience.ParseCondition([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &c
}

const bought = `{"kind":"facts","spec":{"fact":"order.paid","window":{"last_days":7},"min":1}}`

func TestByHand(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		tag := b.create(t, Draft{Name: " 宝妈 ", Kind: Manual})
		if tag.Name != "宝妈" || tag.Colour != "water" {
			t.Fatal(tag)
		}
		hand := Why{Code: "hand", By: "stf_1"}
		some := roaring.BitmapOf(1, 2, 70_000)
		m, err := b.Mark(ctx, tag.ID, some, true, -1, true, hand)
		if err != nil || m != (Marked{3, 3}) {
			t.Fatal(m, err)
		}
		b.carried(t, tag.ID) // it was only asked
		if _, err := b.Mark(ctx, tag.ID, some, true, 2, false, hand); errs.KindOf(err) != errs.Conflict {
			t.Fatal(err)
		}
		for range 2 {
			if m, err = b.Mark(ctx, tag.ID, some, true, m.Changed, false, hand); err != nil {
				t.Fatal(err)
			}
			m.Changed = 0
		}
		if _, err := b.Mark(ctx, tag.ID, roaring.BitmapOf(2, 3), false, -1, false, hand); err != nil {
			t.Fatal(err)
		}
		b.carried(t, tag.ID, 1, 70_000)
		want := []string{"tag.added 1 manual hand", "tag.added 2 manual hand", "tag.added 70000 manual hand", "tag.removed 2 manual hand"}
		if d := cmp.Diff(want, b.said(t)); d != "" {
			t.Fatal(d)
		}
		if tag, err = b.Get(ctx, tag.ID); err != nil || tag.Size != 2 || !tag.MovedAt.Equal(start) {
			t.Fatal(tag, err)
		}
		days, err := b.History(ctx, tag.ID)
		if err != nil || len(days) != 1 || days[0] != (audience.DaySize{Day: "2026-03-02", Size: 2, Entered: 3, Left: 1, Version: 1}) {
			t.Fatal(days, err)
		}
	})
}

func TestRuleFollowsRefreshAndSegmentsFollowTheRule(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.people(t, 1, 2, 3)
		b.does(t, event.Fact{Name: event.OrderPaid, Customer: 1, Amount: 100})
		tag := b.create(t, Draft{Name: "近期下单", Kind: Rule, Cycle: Daily, Rule: condition(t, bought)})
		b.carried(t, tag.ID, 1)
		seg, err := b.segments.Create(ctx, audience.Draft{Name: "他们", Condition: condition(t, `{"kind":"tag","spec":{"in":["`+tag.ID+`"]}}`)}, "stf_1")
		if err != nil || seg.Size != 1 {
			t.Fatal(seg, err)
		}
		b.clock.Advance(5 * 24 * time.Hour)
		b.does(t, event.Fact{Name: event.OrderPaid, Customer: 2, Amount: 100})
		b.refresh(t)
		b.carried(t, tag.ID, 1, 2)
		if seg, err = b.segments.Get(ctx, seg.ID); err != nil || seg.Size != 2 {
			t.Fatal("the segment lags behind its tag", seg, err)
		}
		b.clock.Advance(3 * 24 * time.Hour)
		b.refresh(t)
		b.refresh(t)
		b.carried(t, tag.ID, 2)
		want := []string{"tag.added 1 rule rule", "tag.added 2 rule rule", "tag.removed 1 rule rule"}
		if d := cmp.Diff(want, b.said(t)); d != "" {
			t.Fatal(d)
		}
		if _, err := b.Archive(ctx, tag.ID, true); errs.KindOf(err) != errs.Conflict {
			t.Fatal("a tag in use was put away", err)
		}
		tag, err = b.Change(ctx, tag.ID, 1, Draft{Group: b.group, Name: "近期下单", Cycle: Daily, Rule: condition(t, `{"kind":"everyone"}`)}, "stf_2")
		if err != nil || tag.Version != 2 || tag.Size != 3 {
			t.Fatal(tag, err)
		}
		if said := b.said(t); said[3] != "tag.added 1 definition words" || len(said) != 5 {
			t.Fatal(said)
		}
	})
}

func TestMonthlyWaitsForTheFirst(t *testing.T) {
	db := storetest.Open(t)
	b := newBench(t, db)
	b.people(t, 1, 2)
	tag := b.create(t, Draft{Name: "月度", Kind: Rule, Cycle: Monthly, Rule: condition(t, bought)})
	b.does(t, event.Fact{Name: event.OrderPaid, Customer: 1, Amount: 1})
	b.refresh(t)
	b.carried(t, tag.ID) // told this month already, when it was made
	b.clock.Advance(30 * 24 * time.Hour)
	b.does(t, event.Fact{Name: event.OrderPaid, Customer: 2, Amount: 1})
	b.refresh(t)
	b.carried(t, tag.ID, 2)
}

func TestStatisticsExcludeOneAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.people(t, 1, 2, 3)
		line := func(n uint32, category string, fen int64) event.Fact {
			return event.Fact{Name: event.OrderLine, Customer: n, Category: category, Amount: fen, Quantity: 1}
		}
		b.does(t, line(1, "猫粮", 300), line(1, "狗粮", 100), line(2, "狗粮", 100), line(2, "狗粮", 100), line(3, "猫粮", 100),
			event.Fact{Name: event.OrderPaid, Customer: 1, Amount: 400}, event.Fact{Name: event.OrderPaid, Customer: 2, Amount: 200})
		favourite := b.create(t, Draft{Name: "偏好", Kind: ByStatistic, Statistic: &Statistic{Measure: FavouriteCategory, Days: 90, Least: 2}})
		basket := b.create(t, Draft{Name: "客单", Kind: ByStatistic, Statistic: &Statistic{Measure: AverageBasket, Days: 90, Least: 1, Bounds: []int64{250, 1000}}})
		hour := b.create(t, Draft{Name: "时段", Kind: ByStatistic, Statistic: &Statistic{Measure: UsualHour, Days: 90, Least: 1}})
		browse := b.create(t, Draft{Name: "高频浏览未转化", Kind: ByStatistic, Statistic: &Statistic{Measure: BrowseNoBuy, Days: 90, Least: 2}})
		b.does(t, event.Fact{Name: event.PageViewed, Customer: 3}, event.Fact{Name: event.PageViewed, Customer: 3, At: start.Add(-time.Hour)},
			event.Fact{Name: event.PageViewed, Customer: 3, At: start.Add(-14 * time.Hour)})
		b.refresh(t)
		values := func(family Tag) map[string][]uint32 {
			t.Helper()
			all, err := valuesOf(ctx, db, family.ID)
			if err != nil {
				t.Fatal(err)
			}
			out := map[string][]uint32{}
			for v, tag := range all {
				people, err := roll.People(ctx, db, tag.ID)
				if err != nil || int64(people.GetCardinality()) != tag.Size {
					t.Fatal(tag, err)
				}
				out[v] = people.ToArray()
			}
			return out
		}
		if d := cmp.Diff(map[string][]uint32{"猫粮": {1}, "狗粮": {2}}, values(favourite)); d != "" {
			t.Fatal(d)
		}
		if d := cmp.Diff(map[string][]uint32{"¥2.5–¥10": {1}, "<¥2.5": {2}}, values(basket)); d != "" {
			t.Fatal(d)
		}
		if d := cmp.Diff(map[string][]uint32{"09:00–12:00": {3}}, values(hour)); d != "" {
			t.Fatal(d)
		}
		b.carried(t, browse.ID, 3)
		b.carried(t, favourite.ID, 1, 2)
		b.clock.Advance(24 * time.Hour)
		b.does(t, line(2, "猫粮", 900))
		b.refresh(t)
		if d := cmp.Diff(map[string][]uint32{"猫粮": {1, 2}, "狗粮": {}}, values(favourite)); d != "" {
			t.Fatal(d)
		}
		of, err := b.Of(ctx, 2)
		if err != nil || len(of) != 2 || of[0].Tag.Name != "偏好:猫粮" && of[1].Tag.Name != "偏好:猫粮" {
			t.Fatal(of, err)
		}
	})
}

func TestHeatCoolsAndIsAsked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.people(t, 1, 2)
		b.does(t, event.Fact{Name: event.OrderPaid, Customer: 1, Amount: 1}, event.Fact{Name: event.PageViewed, Customer: 1},
			event.Fact{Name: event.PageViewed, Customer: 2, At: start.AddDate(0, 0, -7)})
		b.refresh(t)
		state, err := b.segments.Engine().State(ctx)
		if err != nil || state.HeatOf(1) != 110 || state.HeatOf(2) != 5 {
			t.Fatal(state.HeatOf(1), state.HeatOf(2), err)
		}
		hot := func() []uint32 {
			people, err := b.segments.People(ctx, *condition(t, `{"kind":"heat","spec":{"min":6}}`))
			if err != nil {
				t.Fatal(err)
			}
			return people.ToArray()
		}
		if got := hot(); !cmp.Equal(got, []uint32{1}) {
			t.Fatal(got)
		}
		loaded, err := b.w.LoadState(ctx)
		if err != nil || loaded.HeatOf(1) != 110 || loaded.HeatOf(2) != 5 {
			t.Fatal(loaded.HeatOf(1), err)
		}
		b.clock.Advance(7 * 24 * time.Hour)
		b.refresh(t)
		if got := hot(); len(got) != 0 {
			t.Fatal(got)
		}
		h := DefaultHeat()
		h.Weights[event.OrderPaid] = 100
		if v, err := b.DefineHeat(ctx, h, "stf_1"); err != nil || v != 1 {
			t.Fatal(v, err)
		}
		b.refresh(t)
		if got := hot(); !cmp.Equal(got, []uint32{1}) {
			t.Fatal(got)
		}
	})
}

func TestSaidPutsTagsOnceAndFuzzyFades(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.people(t, 1, 2, 3)
		allergic := b.create(t, Draft{Name: "过敏", Kind: Keyword, Keywords: &Keywords{Words: []string{"过敏", "湿疹"}}})
		weaning := b.create(t, Draft{Name: "断奶期", Kind: ByBelief, Fuzzy: &Fuzzy{HalfLifeDays: 10, Threshold: 0.6, Evidence: []Evidence{
			{Weight: 0.5, Keywords: &Keywords{Words: []string{"断奶"}}}, {Weight: 0.5, Rule: condition(t, bought)},
		}}})
		text := func(n uint32, text string) event.Fact {
			props, _ := json.Marshal(map[string]string{"text": text})
			return event.Fact{Name: event.MessageReceived, Customer: n, At: b.clock.Now(), Props: props}
		}
		body, err := event.AppendFacts(nil, []event.Fact{text(1, "宝宝有湿疹"), text(2, "我家不过敏"), text(3, "想断奶了")})
		if err != nil {
			t.Fatal(err)
		}
		batch := []stream.Bare{{Seq: 3, Body: []byte(`[{"name":"page.viewed"}]`)}, {Seq: 4, Body: []byte("broken")}, {Seq: 5, Body: body}}
		for range 2 { // what comes again counts once
			if err := b.hear(ctx, batch); err != nil {
				t.Fatal(err)
			}
		}
		b.carried(t, allergic.ID, 1)
		b.carried(t, weaning.ID) // one hint is not enough
		b.does(t, event.Fact{Name: event.OrderPaid, Customer: 3, Amount: 1})
		b.refresh(t)
		b.refresh(t) // the same order is no new evidence
		b.carried(t, weaning.ID, 3)
		of, err := b.Of(ctx, 3)
		if err != nil || len(of) != 1 || of[0].Confidence < 0.749 || of[0].Confidence > 0.751 {
			t.Fatal(of, err)
		}
		b.clock.Advance(4 * 24 * time.Hour) // 0.75·2^(−0.4) = 0.57
		b.refresh(t)
		b.carried(t, weaning.ID)
		if err := b.Pin(ctx, weaning.ID, 3, "yes", "stf_1"); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(100 * 24 * time.Hour)
		b.refresh(t)
		b.carried(t, weaning.ID, 3)
		want := []string{"tag.added 1 keyword said", "tag.added 3 fuzzy belief", "tag.removed 3 fuzzy belief", "tag.added 3 manual hand"}
		if d := cmp.Diff(want, b.said(t)); d != "" {
			t.Fatal(d)
		}
	})
}

func TestAuditDrawsTheSameAndCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		tag := b.create(t, Draft{Name: "抽查", Kind: Manual})
		people := roaring.New()
		people.AddRange(1, 300)
		if _, err := b.Mark(ctx, tag.ID, people, true, -1, false, Why{Code: "hand"}); err != nil {
			t.Fatal(err)
		}
		a, err := b.StartAudit(ctx, tag.ID, "种子", "stf_1")
		if err != nil || a.Sampled != 50 || a.People != 299 {
			t.Fatal(a, err)
		}
		other, err := b.StartAudit(ctx, tag.ID, "种子", "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		_, one, err := b.Audit(ctx, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, two, err := b.Audit(ctx, other.ID)
		if err != nil {
			t.Fatal(err)
		}
		for i := range one {
			if one[i].Customer != two[i].Customer {
				t.Fatal("the same seed draws others")
			}
			verdict := "right"
			if i%10 == 0 {
				verdict = "wrong"
			}
			if a, err = b.Judge(ctx, a.ID, int64(i), verdict, "stf_2"); err != nil {
				t.Fatal(err)
			}
		}
		if a.Judged != 50 || a.Right != 45 || a.FinishedAt.IsZero() {
			t.Fatal(a)
		}
	})
}

func TestWorthFindsTwinsAndUse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.people(t, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
		one, two, three := b.create(t, Draft{Name: "甲", Kind: Manual}), b.create(t, Draft{Name: "乙", Kind: Manual}), b.create(t, Draft{Name: "丙", Kind: Manual})
		for tag, people := range map[string]*roaring.Bitmap{
			one.ID: roaring.BitmapOf(1, 2, 3, 4, 5, 6), two.ID: roaring.BitmapOf(1, 2, 3, 4, 5), three.ID: roaring.BitmapOf(7, 8),
		} {
			if _, err := b.Mark(ctx, tag, people, true, -1, false, Why{Code: "hand"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.segments.Create(ctx, audience.Draft{Name: "用甲", Condition: condition(t, `{"kind":"tag","spec":{"in":["`+one.ID+`"]}}`)}, "s"); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(40 * 24 * time.Hour)
		all, err := b.Worths(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, w := range all {
			got[w.Tag] = w.Flags
		}
		want := map[string][]string{one.ID: {FlagStill, FlagDuplicate}, two.ID: {FlagUnused, FlagStill, FlagDuplicate}, three.ID: {FlagUnused, FlagStill}}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestTagsFollowWhoTurnsOutToBeOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		tag := b.create(t, Draft{Name: "种子用户", Kind: Manual})
		if _, err := b.Mark(ctx, tag.ID, roaring.BitmapOf(1, 70_000), true, -1, false, Why{Code: "hand"}); err != nil {
			t.Fatal(err)
		}
		var moved map[uint32]json.RawMessage
		err := db.Tx(ctx, func(tx *store.Tx) (err error) {
			moved, err = Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{1: 2})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		b.carried(t, tag.ID, 2, 70_000)
		if err := db.Tx(ctx, func(tx *store.Tx) error { return Mover{}.ReturnCustomer(ctx, tx, 1, 2, moved[1]) }); err != nil {
			t.Fatal(err)
		}
		b.carried(t, tag.ID, 1, 70_000)
	})
}

func TestFileSaysWhatItCouldNotDo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.create(t, Draft{Name: "种子用户", Kind: Import})
		b.create(t, Draft{Name: "近期下单", Kind: Rule, Rule: condition(t, bought)})
		err := db.Tx(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO identity_keys (kind, value, customer, state, source, since, seen_at) VALUES ('phone', '13800000001', 7, '', 'test', 1, 1)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := b.FileFrom(ctx, strings.NewReader("手机,标签\n+86 138 0000 0001,种子用户\n13800000002,种子用户\n13800000001,没有的\n13800000001,近期下单\n"), "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		want := Filed{Rows: 4, Changed: 1, Rejected: []Rejected{
			{2, "13800000002", "种子用户", "no_customer"}, {3, "13800000001", "没有的", "no_tag"}, {4, "13800000001", "近期下单", "not_by_hand"},
		}}
		if d := cmp.Diff(want, out); d != "" {
			t.Fatal(d)
		}
	})
}
