package audience

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

type bench struct {
	*Service
	db    *store.DB
	w     *warehouse.Warehouse
	clock *clock.Manual
}

func newBench(t *testing.T, db *store.DB, layering Layering) bench {
	w := warehousetest.Open(t)
	c := clock.NewManual(now)
	return bench{NewService(db, NewEngine(w, shanghai), c.Now, layering), db, w, c}
}

// paid is people n…m registering, and paying once.
func (b bench) paid(t *testing.T, from, to uint32) {
	t.Helper()
	var facts []event.Fact
	for n := from; n <= to; n++ {
		facts = append(facts, warehousetest.Person(n, b.clock.Now(), event.Attributes{City: "杭州"}),
			event.Fact{Name: event.OrderPaid, Customer: n, At: b.clock.Now(), Amount: int64(n)})
	}
	warehousetest.Load(t, b.w, facts...)
}

func (b bench) announced(t *testing.T) map[string][]uint32 {
	t.Helper()
	out := map[string][]uint32{}
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
			out[f.Name] = append(out[f.Name], f.Customer)
		}
	}
	return out
}

const recent = `{"kind":"facts","spec":{"fact":"order.paid","window":{"last_days":7},"min":1}}`

func draft(t *testing.T, name, condition string) Draft {
	t.Helper()
	c := parsed(t, condition)
	return Draft{Name: name, Condition: &c}
}

func TestRefreshSaysWhoEnteredAndLeftOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, nil)
		ctx := t.Context()
		b.paid(t, 1, 3)
		seg, err := b.Create(ctx, draft(t, "近七天下单", recent), "stf_1")
		if err != nil || seg.Size != 3 || seg.Kind != Dynamic || seg.Version != 1 {
			t.Fatal(seg, err)
		}
		b.clock.Advance(5 * 24 * time.Hour)
		b.paid(t, 3, 4)
		b.paid(t, 70_000, 70_001) // another chunk
		if got := b.announced(t); len(got) > 0 {
			t.Fatal("creating announced", got)
		}
		for range 2 { // the second finds nothing new
			if _, err := b.Refresh(ctx, b.clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		b.clock.Advance(2 * 24 * time.Hour)
		r, err := b.Refresh(ctx, b.clock.Now())
		if err != nil || r.Left != 2 || r.Entered != 0 || r.People != 6 {
			t.Fatal(r, err)
		}
		want := map[string][]uint32{event.SegmentEntered: {4, 70_000, 70_001}, event.SegmentLeft: {1, 2}}
		if d := cmp.Diff(want, b.announced(t)); d != "" {
			t.Fatal(d)
		}
		days, err := b.History(ctx, seg.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantDays := []DaySize{
			{"2026-03-02", 3, 0, 0, 1}, {"2026-03-07", 6, 3, 0, 1}, {"2026-03-09", 4, 0, 2, 1},
		}
		if d := cmp.Diff(wantDays, days); d != "" {
			t.Fatal(d)
		}
		saved, err := members(ctx, db, seg.ID)
		if err != nil || !cmp.Equal(saved.ToArray(), []uint32{3, 4, 70_000, 70_001}) {
			t.Fatal(saved, err)
		}
		if seg, err = b.Get(ctx, seg.ID); err != nil || seg.Size != 4 || !seg.AsOf.Equal(b.clock.Now()) {
			t.Fatal(seg, err)
		}
	})
}

func TestChangeKeepsEveryVersionAndMovesNobodyAloud(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, nil)
		ctx := t.Context()
		b.paid(t, 1, 9)
		seg, err := b.Create(ctx, draft(t, "甲", recent), "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		d := draft(t, "乙", `{"kind":"facts","spec":{"fact":"order.paid","measure":"amount","min":5}}`)
		changed, err := b.Change(ctx, seg.ID, 1, d, "stf_2")
		if err != nil || changed.Version != 2 || changed.Size != 5 {
			t.Fatal(changed, err)
		}
		if _, err := b.Change(ctx, seg.ID, 1, d, "stf_3"); errs.KindOf(err) != errs.Conflict {
			t.Fatal("a stale change was taken", err)
		}
		if _, err := b.Refresh(ctx, b.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if got := b.announced(t); len(got) > 0 {
			t.Fatal("announced", got)
		}
		versions, err := b.Versions(ctx, seg.ID)
		if err != nil || len(versions) != 2 || versions[0].Name != "乙" || versions[1].Name != "甲" || versions[1].Condition.String() != parsed(t, recent).String() || versions[0].By != "stf_2" {
			t.Fatal(versions, err)
		}
		list, next, total, err := b.List(ctx, "乙", false, "", 10)
		if err != nil || len(list) != 1 || next != "" || total != 1 || list[0].Condition == nil {
			t.Fatal(list, next, total, err)
		}
	})
}

func TestSegmentsReferToEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, nil)
		ctx := t.Context()
		b.paid(t, 1, 9)
		a, err := b.Create(ctx, draft(t, "下过单", recent), "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		list, err := b.CreateStatic(ctx, Draft{Name: "名单"}, roaring.BitmapOf(2, 4, 99), "stf_1")
		if err != nil || list.Size != 3 {
			t.Fatal(list, err)
		}
		both, err := b.Create(ctx, draft(t, "不在名单", `{"kind":"and","spec":{"of":[{"kind":"segment","spec":{"id":"`+a.ID+`"}},{"kind":"not","spec":{"of":{"kind":"segment","spec":{"id":"`+list.ID+`"}}}}]}}`), "stf_1")
		if err != nil || both.Size != 7 {
			t.Fatal(both, err)
		}
		circle := draft(t, "圈", `{"kind":"segment","spec":{"id":"`+both.ID+`"}}`)
		var e *errs.Error
		if _, err := b.Change(ctx, a.ID, 1, circle, "stf_1"); !errors.As(err, &e) || e.Code != "segment.cycle" {
			t.Fatal("a circle was taken", err)
		}
		if _, err := b.Archive(ctx, list.ID, true); errs.KindOf(err) != errs.Conflict {
			t.Fatal("a segment in use was put away", err)
		}
		if _, err := b.Archive(ctx, both.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Archive(ctx, list.ID, true); err != nil {
			t.Fatal(err)
		}
		people, err := b.Resolve(ctx, "segment", a.ID)
		if err != nil || people.GetCardinality() != 9 {
			t.Fatal(people, err)
		}
		if _, err := b.Resolve(ctx, "layer", "gold"); errs.KindOf(err) != errs.Invalid {
			t.Fatal(err)
		}
		frozen, err := b.Freeze(ctx, draft(t, "冻结", recent), "stf_1")
		if err != nil || frozen.Kind != Static || frozen.Size != 9 {
			t.Fatal(frozen, err)
		}
		sizes, shared, err := b.Overlaps(ctx, []string{a.ID, frozen.ID})
		if err != nil || sizes[a.ID] != 9 || len(shared) != 1 || shared[0].People != 9 {
			t.Fatal(sizes, shared, err)
		}
		estimate, err := b.Estimate(ctx, parsed(t, recent), 3)
		if err != nil || estimate.People != 9 || estimate.Universe != 9 || len(estimate.Sample) != 3 {
			t.Fatal(estimate, err)
		}
	})
}

// halves puts people of even number in layer vip, others in lost.
type halves struct {
	saved int
	seen  map[uint32]int
}

func (h *halves) Needs() Needs                                          { return Needs{Facts: []string{event.OrderPaid}} }
func (h *halves) Begin(*Pass) error                                     { h.seen = map[uint32]int{}; return nil }
func (h *halves) Prepare(context.Context, time.Time) (LayerPass, error) { return h, nil }
func (h *halves) Save(context.Context, time.Time, uint64) error         { h.saved++; return nil }
func (h *halves) Range(uint32, uint32) (func(*Timeline), func())        { return h.see, func() {} }
func (h *halves) see(t *Timeline)                                       { h.seen[t.Customer] = t.Len() }
func (h *halves) Finish(_ context.Context, u *roaring.Bitmap) (*State, error) {
	s := warehouse.NewState(u.Maximum(), now.UnixMicro())
	s.Layers = append(s.Layers, "vip", "lost")
	for it := u.Iterator(); it.HasNext(); {
		n := it.Next()
		s.Present[n], s.Layer[n] = true, uint8(1+n%2)
	}
	return s, nil
}

func TestRefreshComputesLayersInTheSamePassAndSegmentsSeeThem(t *testing.T) {
	h := &halves{}
	b := newBench(t, storetest.Open(t), h)
	ctx := t.Context()
	b.paid(t, 1, 9)
	seg, err := b.Create(ctx, draft(t, "贵宾下单", `{"kind":"and","spec":{"of":[`+recent+`,{"kind":"layer","spec":{"in":["vip"]}}]}}`), "stf_1")
	if err != nil || seg.Size != 0 {
		t.Fatal(seg, err)
	}
	r, err := b.Refresh(ctx, b.clock.Now())
	if err != nil || r.Entered != 4 || h.saved != 1 || len(h.seen) != 9 || h.seen[9] != 1 {
		t.Fatal(r, err, h)
	}
	fresh := NewEngine(b.w, shanghai) // a new process reads the layers back
	answer, err := fresh.Evaluate(ctx, now, Question{Conditions: []Condition{parsed(t, `{"kind":"layer","spec":{"in":["lost"]}}`)}})
	if err != nil || !cmp.Equal(answer.People[0].ToArray(), []uint32{1, 3, 5, 7, 9}) {
		t.Fatal(answer, err)
	}
}
