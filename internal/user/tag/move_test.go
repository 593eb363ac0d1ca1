package tag

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// TestBeliefsFollow merges people of whom a fuzzy tag believes something, and takes it back.
func TestBeliefsFollow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		fuzzy := b.create(t, Draft{Name: "断奶期", Kind: ByBelief, Fuzzy: &Fuzzy{HalfLifeDays: 10, Threshold: 0.6, Evidence: []Evidence{{Weight: 0.4, Keywords: &Keywords{Words: []string{"断奶"}}}}}})
		inTx := func(f func(tx *store.Tx) error) {
			t.Helper()
			if err := db.Tx(ctx, f); err != nil {
				t.Fatal(err)
			}
		}
		learns := func(n uint32, weight float64, at time.Time) {
			inTx(func(tx *store.Tx) error {
				return learn(ctx, tx, fuzzy, []uint32{n}, weight, at, always(Why{Code: "belief"}))
			})
		}
		beliefs := func() map[uint32]belief {
			out := map[uint32]belief{}
			if err := store.Each(ctx, db, `SELECT * FROM tag_beliefs`, nil, func(b belief) error { out[b.Customer] = b; return nil }); err != nil {
				t.Fatal(err)
			}
			return out
		}
		met := fuzzy.ID + "/rule"
		meet := func(want ...uint32) {
			t.Helper()
			got, err := roll.People(ctx, db, met)
			if d := cmp.Diff(want, got.ToArray()); d != "" || err != nil {
				t.Errorf("who met the rule: %s, %v", d, err)
			}
		}
		learns(1, 0.4, start)
		learns(2, 0.5, start.AddDate(0, 0, 10))
		learns(3, 0.7, start)
		inTx(func(tx *store.Tx) error {
			if err := roll.Put(ctx, tx, met, roaring.BitmapOf(2, 7)); err != nil {
				return err
			}
			return roll.Put(ctx, tx, fuzzy.ID, roaring.BitmapOf(3))
		})
		was := beliefs()
		var records map[uint32]json.RawMessage
		inTx(func(tx *store.Tx) (err error) {
			records, err = Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{2: 1, 3: 4})
			return err
		})
		now := beliefs()
		if c := now[1].Confidence; len(now) != 2 || math.Abs(c-(1-0.8*0.5)) > 1e-9 || !now[1].At.Equal(start.AddDate(0, 0, 10)) {
			t.Fatalf("0.4 faded to 0.2 and 0.5 make 0.6: %+v", now)
		}
		if now[4].Confidence != 0.7 {
			t.Errorf("she takes over what was believed: %+v", now[4])
		}
		b.carried(t, fuzzy.ID, 4)
		meet(1, 7)

		learns(4, 0.5, start.AddDate(0, 0, 10)) // 0.7 faded to 0.35, and 0.5: 0.675
		for from, holder := range map[uint32]uint32{2: 1, 3: 4} {
			inTx(func(tx *store.Tx) error { return Mover{}.ReturnCustomer(ctx, tx, from, holder, records[from]) })
		}
		back := beliefs()
		if d := cmp.Diff(was, map[uint32]belief{1: back[1], 2: back[2], 3: back[3]}); d != "" {
			t.Errorf("merging and splitting changed a belief: %s", d)
		}
		if math.Abs(back[4].Confidence-0.5) > 1e-9 {
			t.Errorf("what she gave herself is left: %+v", back[4])
		}
		b.carried(t, fuzzy.ID, 3)
		meet(2, 7)
	})
}

// TestDecisionsFollow keeps what a person decided about either of two who turn out to be one.
func TestDecisionsFollow(t *testing.T) {
	f := &Fuzzy{HalfLifeDays: 10, Threshold: 0.6}
	for _, c := range []struct{ gone, stays, want string }{{"yes", "", "yes"}, {"yes", "no", "no"}, {"", "no", "no"}, {"", "", ""}} {
		gone, stays := belief{Tag: "t", Customer: 2, At: start, Pinned: c.gone}, belief{Tag: "t", Customer: 1, At: start, Pinned: c.stays}
		after := together(f, gone, &stays, 1)
		if after.Pinned != c.want || after.Customer != 1 {
			t.Errorf("%+v: %+v", c, after)
		}
		if left := parted(f, after, joined{gone, &stays, after}); left.Pinned != c.stays {
			t.Errorf("%+v apart again: %+v", c, left)
		}
		after.Confidence = 0.3 // learnt since
		if left := parted(f, after, joined{gone, &stays, together(f, gone, &stays, 1)}); left.Pinned != c.stays || math.Abs(left.Confidence-0.3) > 1e-9 {
			t.Errorf("%+v apart later: %+v", c, left)
		}
	}
}
