package catalog_test

import (
	"testing"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/catalog"
)

// What is seen in figures is set without touching anything else, as a version; pairs are added behind those that are there.
func TestChangeAndPair(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, clk := t.Context(), clock.NewManual(start)
		s := catalog.NewService(db, clk.Now)
		one, err := s.Create(ctx, milk(), "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		d := milk()
		d.Title = "别的"
		d.SKUs[0].Code, d.SKUs[1].Code = "OTHER-200", "OTHER-400"
		other, err := s.Create(ctx, d, "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Change(ctx, one.ID, "stf_2", func(d *catalog.GoodsDraft) { d.Role = catalog.RoleImage })
		if err != nil || got.Role != catalog.RoleImage || got.Version != one.Version+1 || len(got.SKUs) != 2 || got.SKUs[1].PriceFen != 8900 || got.RebuyDays != 30 {
			t.Fatalf("%+v, %v", got, err)
		}
		for _, lift := range []float64{2, 3} { // the second time only the figure changes
			if err := s.AddPair(ctx, one.ID, other.ID, lift); err != nil {
				t.Fatal(err)
			}
		}
		pairs, err := s.Pairs(ctx, one.ID)
		if err != nil || len(pairs) != 1 || pairs[0].Lift != 3 || pairs[0].Source != "basket" {
			t.Fatalf("%+v, %v", pairs, err)
		}
		if err := s.AddPair(ctx, one.ID, one.ID, 2); err == nil {
			t.Error("goods are paired with themselves")
		}
		all, err := s.All(ctx)
		if err != nil || len(all) != 2 || len(all[0].SKUs) != 2 || len(all[1].SKUs) != 2 {
			t.Fatalf("%+v, %v", all, err)
		}
	})
}
