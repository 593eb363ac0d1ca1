package storewire_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// sell places and pays a wish at what it costs now.
func (s *shop) sell(t *testing.T, customer uint32, request string, w checkout.Wish) checkout.Sale {
	t.Helper()
	p, err := s.Preview(t.Context(), customer, w)
	if err != nil {
		t.Fatal(err)
	}
	sale, err := s.Place(t.Context(), customer, request, w, p.Quote.TotalFen)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.pay(t.Context(), sale); err != nil {
		t.Fatal(err)
	}
	if sale, err = s.Whole(t.Context(), customer, sale.ID); err != nil {
		t.Fatal(err)
	}
	return sale
}

// rules changes the rules of the store.
func (s *shop) rules(t *testing.T, change func(*checkout.Rules)) {
	t.Helper()
	err := s.db.Tx(t.Context(), func(tx *store.Tx) error {
		r, _, err := settings.Get(t.Context(), tx, checkout.SettingName, checkout.DefaultRules())
		if err != nil {
			return err
		}
		change(&r)
		_, err = settings.Put(t.Context(), tx, checkout.SettingName, r, "", start)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// kind adds goods of a kind with one SKU.
func (s *shop) kind(t *testing.T, kind, sku string) {
	t.Helper()
	goods := catalog.NewService(s.db, s.clock.Now)
	g, err := goods.Create(t.Context(), catalog.GoodsDraft{Title: sku, Kind: kind, SKUs: []catalog.SKU{{Code: sku, PriceFen: 5000}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := goods.SetStatus(t.Context(), g.ID, catalog.On, ""); err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestPickedUpByItsCode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 2)
		s.stock(t, "K2", 10)
		w := checkout.Wish{Lines: line("K2", 2), Pickup: true, Address: checkout.Address{Name: "王女士", Phone: "13800001234"}}
		if _, err := s.Preview(ctx, 1, w); code(err) != "sale.no_pickup" {
			t.Fatalf("picked up nowhere: %v", err)
		}
		s.rules(t, func(r *checkout.Rules) { r.Pickup = "南山店，海德一道 1 号" })
		sale := s.sell(t, 1, "req", w)
		if sale.State != checkout.Paid || sale.Quote.Freight.PayFen != 0 || sale.Address.Place != "南山店，海德一道 1 号" || len(sale.Codes) != 1 || len(sale.Codes[0].Code) != 12 {
			t.Fatalf("%+v", sale)
		}
		secret := sale.Codes[0].Code
		if file, err := s.File(ctx, sale.ID); err != nil || len(file.Codes) != 1 || file.Codes[0].Code != "••••"+secret[8:] {
			t.Errorf("staff see %+v, %v", file.Codes, err)
		}
		if _, err := s.Whole(ctx, 2, sale.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another saw it: %v", err)
		}
		if _, err := s.Ship(ctx, sale.ID, "顺丰", "SF1"); code(err) != "sale.pickup" {
			t.Errorf("sent though it is picked up: %v", err)
		}
		if _, err := s.Redeem(ctx, "000000000001", "r0", 1, "stf_1"); code(err) != "code.unknown" {
			t.Errorf("a guess: %v", err)
		}
		if r, err := s.Look(ctx, secret[:4]+" "+secret[4:8]+" "+secret[8:]); err != nil || r.Kind != checkout.CodePickup || r.Left != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		var wins sync.Map
		var all sync.WaitGroup
		for i := range 6 { // at several counters at once
			all.Go(func() {
				if _, err := s.Redeem(ctx, secret, fmt.Sprint("counter", i), 1, "stf_1"); err == nil {
					wins.Store(i, true)
				}
			})
		}
		all.Wait()
		won, n := 0, 0
		wins.Range(func(k, _ any) bool { won, n = k.(int), n+1; return true })
		if n != 1 {
			t.Fatalf("handed out %d times", n)
		}
		if r, err := s.Redeem(ctx, secret, fmt.Sprint("counter", won), 1, "stf_1"); err != nil || r.Uses != 1 || r.Sale.State != checkout.Finished {
			t.Errorf("the same again: %+v, %v", r, err)
		}
		if _, err := s.Redeem(ctx, secret, "later", 1, "stf_1"); code(err) != "code.used" {
			t.Errorf("used twice: %v", err)
		}
		if found, err := s.List(ctx, checkout.Filter{Tail: "1234", Delivery: checkout.ByPickup}); err != nil || found.Total != 1 {
			t.Errorf("%+v, %v", found, err)
		}
		s.sound(ctx, t)
	})
}

func TestVirtualCodesAreHandedOutOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 8)
		if _, err := s.AddCodes(ctx, "K2", []string{"A"}, "stf_1"); code(err) != "codes.sku" {
			t.Fatalf("codes of what is sent: %v", err)
		}
		list := []string{"", "GIFT-0001", "GIFT-0001"}
		for i := range 5 {
			list = append(list, fmt.Sprintf("GIFT-1%03d", i))
		}
		batch, err := s.AddCodes(ctx, "K3", list, "stf_1")
		if err != nil || batch.Added != 6 || batch.Known != 1 || batch.Refuse != 1 {
			t.Fatalf("%+v, %v", batch, err)
		}
		if again, err := s.AddCodes(ctx, "K3", list, "stf_1"); err != nil || again.Added != 0 || again.Known != 7 {
			t.Fatalf("%+v, %v", again, err)
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"K3"})
		if err != nil || levels["K3"].Free() != 6 {
			t.Fatalf("%+v, %v", levels, err)
		}
		s.stock(t, "K3", 4) // somebody counted more than there are codes
		sales := make([]checkout.Sale, 8)
		for i := range sales {
			sales[i] = s.sell(t, uint32(i+1), "req", checkout.Wish{Lines: line("K3", 1)})
		}
		seen := map[string]bool{}
		finished := 0
		for _, sale := range sales {
			for _, c := range sale.Codes {
				if seen[c.Code] || c.Kind != checkout.CodeVirtual {
					t.Errorf("%+v was handed out twice", c)
				}
				seen[c.Code] = true
			}
			if sale.State == checkout.Finished {
				finished++
			} else if sale.State != checkout.Paid || sale.Waiting != 1 {
				t.Errorf("%+v", sale)
			}
		}
		if finished != 6 || len(seen) != 6 {
			t.Fatalf("%d finished, %d codes", finished, len(seen))
		}
		if _, err := s.GiveBack(ctx, sales[7].ID, "ret", pricing.Giving{Units: map[string]int64{"K3": 1}}, nil, "stf_1"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddCodes(ctx, "K3", []string{"LATE-1", "LATE-2"}, "stf_1"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		served, err := s.Whole(ctx, 7, sales[6].ID)
		if err != nil || served.State != checkout.Finished || len(served.Codes) != 1 || served.Codes[0].Code != "LATE-1" {
			t.Errorf("%+v, %v", served, err)
		}
		if back, err := s.Whole(ctx, 8, sales[7].ID); err != nil || back.State != checkout.Refunded || len(back.Codes) != 0 {
			t.Errorf("%+v, %v", back, err)
		}
		pools, err := s.Pools(ctx, []string{"K3"})
		if err != nil || len(pools) != 1 || pools[0].Free != 1 || pools[0].Handed != 7 {
			t.Errorf("%+v, %v", pools, err)
		}
		if shown, err := s.PoolCodes(ctx, "K3", "", 50); err != nil || len(shown) != 8 || shown[0].Code != "••••T" && shown[0].Code != "••••2" && shown[0].Code != "••••-2" {
			t.Errorf("%+v, %v", shown, err)
		}
		s.sound(ctx, t)
	})
}

func TestServiceIsRedeemedUnitByUnit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 1)
		s.kind(t, catalog.KindService, "BATH")
		s.stock(t, "BATH", 20)
		sale := s.sell(t, 1, "req", checkout.Wish{Lines: line("BATH", 5)})
		if sale.State != checkout.Paid || len(sale.Codes) != 1 || sale.Codes[0].Uses != 5 {
			t.Fatalf("%+v", sale)
		}
		secret := sale.Codes[0].Code
		for range 2 {
			if r, err := s.Redeem(ctx, secret, "visit1", 2, "stf_1"); err != nil || r.Uses != 2 || r.Sale.State != checkout.Paid {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		if _, err := s.GiveBack(ctx, sale.ID, "ret", pricing.Giving{Units: map[string]int64{"BATH": 2}}, nil, "stf_1"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Redeem(ctx, secret, "visit2", 2, "stf_1"); code(err) != "code.used" {
			t.Errorf("redeemed what came back: %v", err)
		}
		r, err := s.Redeem(ctx, secret, "visit3", 1, "stf_1")
		if err != nil || r.Left != 0 || r.Sale.State != checkout.Finished {
			t.Errorf("%+v, %v", r, err)
		}
		if whole, err := s.Whole(ctx, 1, sale.ID); err != nil || whole.Codes[0].Uses != 3 || whole.Codes[0].Used != 3 {
			t.Errorf("%+v, %v", whole.Codes, err)
		}
		s.sound(ctx, t)
	})
}

// TestSoldIsCounted: many sales at once, and what came back of one.
func TestSoldIsCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 6)
		s.stock(t, "K2", 100)
		var first checkout.Sale
		for i := range uint32(6) {
			sale := s.sell(t, i+1, "req", checkout.Wish{Lines: line("K2", 2), Address: home})
			if i == 0 {
				first = sale
			}
		}
		if _, err := s.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		sold := func() int64 {
			n, err := store.One[int64](ctx, db, `SELECT g.sold FROM goods g JOIN skus k ON k.goods_id = g.id WHERE k.code = 'K2'`)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := sold(); n != 12 {
			t.Fatalf("%d were sold", n)
		}
		if _, err := s.GiveBack(ctx, first.ID, "ret", pricing.Giving{Units: map[string]int64{"K2": 1}}, nil, ""); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := s.Tick(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if n := sold(); n != 11 {
			t.Fatalf("%d were sold after one came back", n)
		}
	})
}
