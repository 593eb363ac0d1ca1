package flash_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/flash"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func open(t *testing.T, db *store.DB, units, perPerson int64) (*flash.Service, flash.Sale, *clock.Manual) {
	t.Helper()
	clk := clock.NewManual(start)
	if _, err := catalog.NewService(db, clk.Now).Create(t.Context(), catalog.GoodsDraft{Title: "A", Kind: catalog.KindPhysical, SKUs: []catalog.SKU{{Code: "A", PriceFen: 9900}}}, ""); err != nil {
		t.Fatal(err)
	}
	s := flash.NewService(db, clk.Now)
	sale, err := s.Create(t.Context(), flash.Draft{Name: "一元秒杀", SKU: "A", PriceFen: 100, StartsAt: start, EndsAt: start.Add(time.Hour), Units: units, PerPerson: perPerson}, "")
	if err != nil {
		t.Fatal(err)
	}
	return s, sale, clk
}

func TestNoMoreThanThereAre(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, sale, _ := open(t, db, 20, 2)
		var had [40]atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				who := uint32(i%40 + 1)
				err := db.Tx(ctx, func(tx *store.Tx) error {
					return s.Take(ctx, tx, fmt.Sprint("s", i), who, map[string]int64{sale.ID: 1})
				})
				switch {
				case err == nil:
					had[who-1].Add(1)
				case !errs.Is(err, errs.Conflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		total := int64(0)
		for i := range had {
			if total += had[i].Load(); had[i].Load() > 2 {
				t.Errorf("one person has %d", had[i].Load())
			}
		}
		if total != 20 {
			t.Errorf("%d of 20", total)
		}
		if wrong, err := flash.Check(ctx, db); err != nil || len(wrong) > 0 {
			t.Errorf("%v, %v", wrong, err)
		}
	})
}

func TestGivenBackToOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, sale, clk := open(t, db, 1, 1)
		take := func(of string, who uint32) error {
			return db.Tx(ctx, func(tx *store.Tx) error { return s.Take(ctx, tx, of, who, map[string]int64{sale.ID: 1}) })
		}
		if err := take("s1", 1); err != nil {
			t.Fatal(err)
		}
		if err := take("s2", 2); !errs.Is(err, errs.Conflict) {
			t.Errorf("more than there are: %v", err)
		}
		for range 2 {
			if err := db.Tx(ctx, func(tx *store.Tx) error { return s.Return(ctx, tx, "s1") }); err != nil {
				t.Fatal(err)
			}
		}
		offers, err := s.Offers(ctx, db, 2, []string{"A", "B"}, clk.Now())
		if err != nil || len(offers) != 1 || offers[0].Left != 1 || offers[0].Bought != 0 || offers[0].PriceFen != 100 {
			t.Errorf("%+v, %v", offers, err)
		}
		if err := take("s2", 2); err != nil {
			t.Error(err)
		}
		if wrong, err := flash.Check(ctx, db); err != nil || len(wrong) > 0 {
			t.Errorf("%v, %v", wrong, err)
		}
		clk.Advance(2 * time.Hour)
		if offers, err := s.Offers(ctx, db, 2, []string{"A"}, clk.Now()); err != nil || len(offers) != 0 {
			t.Errorf("%+v, %v", offers, err)
		}
		for field, spoil := range map[string]func(*flash.Draft){
			"sku": func(d *flash.Draft) { d.SKU = "none" }, "units": func(d *flash.Draft) { d.Units = 0 }, "ends_at": func(d *flash.Draft) { d.EndsAt = d.StartsAt },
			"price_fen": func(d *flash.Draft) { d.PriceFen = 0 }, "name": func(d *flash.Draft) { d.Name = "" }, "per_person": func(d *flash.Draft) { d.PerPerson = 0 },
		} {
			d := flash.Draft{Name: "n", SKU: "A", PriceFen: 1, StartsAt: clk.Now(), EndsAt: clk.Now().Add(time.Hour), Units: 1, PerPerson: 1}
			spoil(&d)
			if _, err := s.Create(ctx, d, ""); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}
