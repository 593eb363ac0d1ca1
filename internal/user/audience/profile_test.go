package audience

import (
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/warehouse/warehousetest"
)

func TestProfileHoldsASegmentAgainstEverybody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, nil)
		ctx := t.Context()
		var facts []event.Fact
		for n := uint32(1); n <= 400; n++ { // of 100 in 杭州 80 paid, of 300 in 上海 20
			city := "上海"
			if n <= 100 {
				city = "杭州"
			}
			facts = append(facts, warehousetest.Person(n, b.clock.Now(), event.Attributes{City: city, Erased: n == 400}))
			if n <= 80 || n > 100 && n <= 120 {
				facts = append(facts, event.Fact{Name: event.OrderPaid, Customer: n, At: b.clock.Now(), Amount: 1})
			}
		}
		warehousetest.Load(t, b.w, facts...)
		seg, err := b.Create(ctx, draft(t, "近七天下单", recent), "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Profile(ctx, seg.ID, []Labelled{{"tag", "tag_1", "奶粉", roaring.BitmapOf(1, 2, 101, 300)}})
		if err != nil {
			t.Fatal(err)
		}
		want := Profile{People: 100, Universe: 399, Dimensions: []Dimension{
			{"city", []Trait{{"杭州", "", 80, 100, 319.2, true}, {"上海", "", 20, 299, 26.7, true}}},
			{"tag", []Trait{{"tag_1", "奶粉", 3, 4, 299.3, false}}},
		}}
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Profile{}, "TookMS")); d != "" {
			t.Fatal(d)
		}
	})
}

func TestCompareCutsSegmentsIntoPartsThatShareNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, nil)
		ctx := t.Context()
		b.paid(t, 1, 20)
		var ids []string
		for _, people := range []*roaring.Bitmap{roaring.BitmapOf(1, 2, 3, 4, 5), roaring.BitmapOf(4, 5, 6), roaring.BitmapOf(5, 7, 8, 9)} {
			seg, err := b.CreateStatic(ctx, Draft{Name: "名单"}, people, "stf_1")
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, seg.ID)
		}
		got, err := b.Compare(ctx, ids)
		if err != nil {
			t.Fatal(err)
		}
		want := Comparison{
			Sizes: map[string]int64{ids[0]: 5, ids[1]: 3, ids[2]: 4}, Union: 9,
			Parts: []Part{
				{In: ids[:1], People: 3}, {In: ids[2:], People: 3}, {In: ids[1:2], People: 1}, {In: ids[:2], People: 1}, {In: ids, People: 1},
			},
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Part{})); d != "" {
			t.Fatal(d)
		}
		who, err := b.PartOf(ctx, ids, []string{ids[1], ids[0]})
		if err != nil || !cmp.Equal(who.ToArray(), []uint32{4}) {
			t.Fatal(who, err)
		}
		if who, err = b.PartOf(ctx, ids, []string{ids[1], ids[2]}); err != nil || !who.IsEmpty() {
			t.Fatal(who, err)
		}
		if _, err = b.PartOf(ctx, ids[:2], ids[2:]); !errs.Is(err, errs.Invalid) {
			t.Fatal(err)
		}
		if _, err = b.Compare(ctx, []string{ids[0], ids[0]}); !errs.Is(err, errs.Invalid) {
			t.Fatal(err)
		}
	})
}
