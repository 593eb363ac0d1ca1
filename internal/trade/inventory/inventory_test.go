package inventory_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/inventory"
)

var at = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func change(ctx context.Context, db *store.DB, reference, sku string, n int64) error {
	return db.Tx(ctx, func(tx *store.Tx) error {
		return inventory.Change(ctx, tx, inventory.Online, inventory.Received, reference, "", "", []inventory.Item{{SKU: sku, Quantity: n}}, at)
	})
}

func level(t *testing.T, db *store.DB, sku string) inventory.Level {
	t.Helper()
	all, err := inventory.Levels(t.Context(), db, inventory.Online, []string{sku})
	if err != nil {
		t.Fatal(err)
	}
	return all[sku]
}

// TestOversell is the field's oldest bug: 300 buyers of 1 to 3 units, two SKUs in both orders, 100 of each.
func TestOversell(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for _, sku := range []string{"a", "b"} {
			if err := change(ctx, db, "first", sku, 100); err != nil {
				t.Fatal(err)
			}
		}
		var sold atomic.Int64
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				reference := fmt.Sprint("order", i)
				items := []inventory.Item{{SKU: "a", Quantity: 1}, {SKU: "b", Quantity: int64(i%3 + 1)}}
				if i%2 == 0 {
					items[0], items[1] = items[1], items[0]
				}
				err := db.Tx(ctx, func(tx *store.Tx) error { return inventory.Reserve(ctx, tx, reference, inventory.Online, items, at) })
				if errs.Is(err, errs.Conflict) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				err = db.Tx(ctx, func(tx *store.Tx) error {
					if i%7 == 0 {
						return inventory.Release(ctx, tx, reference)
					}
					taken, err := inventory.Take(ctx, tx, reference, at)
					if err == nil && taken {
						tx.AfterCommit(func() { sold.Add(int64(i%3 + 1)) })
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		b := level(t, db, "b")
		if b.OnHand+sold.Load() != 100 || b.Held != 0 || sold.Load() < 50 {
			t.Errorf("%+v, sold %d", b, sold.Load())
		}
		if diff, err := inventory.Check(ctx, db); err != nil || len(diff) > 0 {
			t.Errorf("%+v, %v", diff, err)
		}
	})
}

// TestTakenOnce takes and releases one promise from many sides at once.
func TestTakenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if err := change(ctx, db, "first", "a", 10); err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			return inventory.Reserve(ctx, tx, "o", inventory.Online, []inventory.Item{{SKU: "a", Quantity: 4}}, at)
		}); err != nil {
			t.Fatal(err)
		}
		var taken atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				err := db.Tx(ctx, func(tx *store.Tx) error {
					if i%2 == 0 {
						return inventory.Release(ctx, tx, "o")
					}
					ok, err := inventory.Take(ctx, tx, "o", at)
					if ok {
						tx.AfterCommit(func() { taken.Add(1) })
					}
					return err
				})
				if err != nil && !errs.Is(err, errs.Conflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if l := level(t, db, "a"); l.Held != 0 || l.OnHand != 10-4*taken.Load() || taken.Load() > 1 {
			t.Errorf("%+v, taken %d times", l, taken.Load())
		}
	})
}

func TestChangeOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for range 2 {
			if err := change(ctx, db, "delivery 1", "a", 5); err != nil {
				t.Fatal(err)
			}
		}
		if l := level(t, db, "a"); l.OnHand != 5 {
			t.Errorf("%+v", l)
		}
		if err := change(ctx, db, "broken", "a", -6); !errs.Is(err, errs.Conflict) {
			t.Errorf("more left than lay there: %v", err)
		}
		for _, n := range []int64{0, 2e9, -2e9} {
			if err := change(ctx, db, "odd", "a", n); !errs.Is(err, errs.Invalid) {
				t.Errorf("%d: %v", n, err)
			}
		}
		count := func(reference string, n int64) error {
			return db.Tx(ctx, func(tx *store.Tx) error {
				return inventory.Count(ctx, tx, inventory.Online, reference, "", "", "a", n, at)
			})
		}
		if err := count("c1", 3); err != nil {
			t.Error(err)
		}
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			return inventory.Reserve(ctx, tx, "o", inventory.Online, []inventory.Item{{SKU: "a", Quantity: 2}}, at)
		}); err != nil {
			t.Error(err)
		}
		if err := count("c2", 1); !errs.Is(err, errs.Conflict) {
			t.Errorf("counted fewer than promised: %v", err)
		}
		if l := level(t, db, "a"); l.OnHand != 3 || l.Held != 2 || l.Free() != 1 {
			t.Errorf("%+v", l)
		}
		if moves, err := inventory.Moves(ctx, db, "a", inventory.Online, "", 10); err != nil || len(moves) != 2 {
			t.Errorf("%+v, %v", moves, err)
		}
	})
}

// TestStockAddsUp does random things and compares the level with a plain count after each.
func TestStockAddsUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, round := t.Context(), 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			sku := fmt.Sprint("s", round)
			hand, held := int64(0), map[string]int64{}
			for i := range rapid.IntRange(1, 25).Draw(rt, "steps") {
				n := rapid.Int64Range(1, 6).Draw(rt, "n")
				reference := fmt.Sprint(sku, "-", rapid.IntRange(0, 5).Draw(rt, "order"))
				sum := int64(0)
				for _, h := range held {
					sum += h
				}
				_ = db.Tx(ctx, func(tx *store.Tx) error {
					var err error
					switch rapid.IntRange(0, 3).Draw(rt, "what") {
					case 0:
						if err = inventory.Change(ctx, tx, inventory.Online, inventory.Received, fmt.Sprint("r", i), "", "", []inventory.Item{{SKU: sku, Quantity: n}}, at); err == nil {
							hand += n
						}
					case 1:
						err = inventory.Reserve(ctx, tx, reference, inventory.Online, []inventory.Item{{SKU: sku, Quantity: n}}, at)
						if _, again := held[reference]; err == nil {
							if again || hand-sum < n {
								rt.Errorf("%s was promised %d of %d", reference, n, hand-sum)
							}
							held[reference] = n
						}
					case 2:
						var ok bool
						if ok, err = inventory.Take(ctx, tx, reference, at); ok {
							hand -= held[reference]
							held[reference] = 0
						}
					case 3:
						if err = inventory.Release(ctx, tx, reference); err == nil && held[reference] > 0 {
							held[reference] = 0
						}
					}
					return err
				})
				sum = 0
				for _, h := range held {
					sum += h
				}
				if l := level(t, db, sku); l.OnHand != hand || l.Held != sum {
					rt.Fatalf("%+v, want %d and %d", l, hand, sum)
				}
			}
		})
		if diff, err := inventory.Check(ctx, db); err != nil || len(diff) > 0 {
			t.Errorf("%+v, %v", diff, err)
		}
	})
}
