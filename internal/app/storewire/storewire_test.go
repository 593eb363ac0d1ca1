package storewire_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/app/storewire"
	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/order"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// shop is a store with real books, wallets, points, coupons, flash sales and stock; payments are booked at once.
type shop struct {
	*checkout.Service
	db       *store.DB
	clock    *clock.Manual
	books    *ledger.Service
	wallets  *wallet.Service
	points   *loyalty.Service
	promos   *promo.Service
	flash    *flash.Service
	groups   *groupbuy.Service
	presales *presale.Service
	coupon   string // a promotion: 5 yuan off, from nothing
}

// cash books what WeChat Pay would.
type cash struct{ books *ledger.Service }

func (cash) Release(context.Context, *store.Tx, string, string) error { return nil }

func (c cash) Refund(ctx context.Context, tx *store.Tx, key, sale string, fen int64, finished bool, _ string) error {
	from := money.Deferred
	if finished {
		from = money.SalesReturns
	}
	return c.books.Post(ctx, tx, money.Entry{Key: key, At: start, Reason: "payment.refunded", Order: sale, Moves: []money.Move{{Debit: from, Credit: money.Wechat, Fen: fen}}})
}

// deposits books what WeChat Pay would for deposits.
type deposits struct {
	storewire.Deposits
	books *ledger.Service
}

func (d deposits) GiveBackCash(ctx context.Context, tx *store.Tx, key, booking string, fen int64, _ string) error {
	return d.books.Post(ctx, tx, money.Entry{Key: key, At: start, Reason: "payment.refunded", Order: booking, Moves: []money.Move{{Debit: money.Deposits, Credit: money.Wechat, Fen: fen}}})
}

func (deposits) Release(context.Context, *store.Tx, string, string) error { return nil }

func open(t testing.TB, db *store.DB) *shop {
	t.Helper()
	s := wire(db)
	if _, err := s.promos.Create(t.Context(), promo.Draft{Kind: promo.Reduction, Name: "满 100 减 10.01", Terms: promo.Terms{Reduction: &pricing.Reduction{Steps: []pricing.Step{{FromFen: 10000, OffFen: 1001}}}}}, ""); err != nil {
		t.Fatal(err)
	}
	off, err := s.promos.Create(t.Context(), promo.Draft{Kind: promo.Coupons, Name: "5 元", Terms: promo.Terms{Coupon: &promo.CouponTerms{
		Gives: pricing.Coupon{Kind: pricing.KindCouponFull, OffFen: 500}, Valid: promo.Validity{Days: 30}, Open: true,
	}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	s.coupon = off.ID
	freight, err := s.promos.Create(t.Context(), promo.Draft{Kind: promo.Freight, Name: "全国", Terms: promo.Terms{Freight: &pricing.Freights{By: pricing.ByPiece, Regions: []pricing.Region{{First: 1, FirstFen: 800, More: 1, MoreFen: 200}}}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	rules := checkout.DefaultRules()
	rules.Freight = freight.ID
	err = db.Tx(t.Context(), func(tx *store.Tx) error {
		_, err := settings.Put(t.Context(), tx, checkout.SettingName, rules, "", start)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	goods := catalog.NewService(db, s.clock.Now)
	for i, price := range []int64{1, 999, 4900, 12345} {
		code := fmt.Sprint("K", i)
		kind := catalog.KindPhysical
		if i == 3 {
			kind = catalog.KindVirtual
		}
		g, err := goods.Create(t.Context(), catalog.GoodsDraft{Title: code, Kind: kind, SKUs: []catalog.SKU{{Code: code, PriceFen: price}}}, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := goods.SetStatus(t.Context(), g.ID, catalog.On, ""); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// wire makes the services on a store and changes nothing in it.
func wire(db *store.DB) *shop {
	keys, err := secret.Load(base64.StdEncoding.EncodeToString(make([]byte, 32)), "")
	if err != nil {
		panic(err)
	}
	clk := clock.NewManual(start)
	books := ledger.NewService(db, clk.Now, time.UTC)
	s := &shop{db: db, clock: clk, books: books, wallets: wallet.NewService(db, books, clk.Now), points: loyalty.NewService(db, books, clk.Now),
		promos: promo.NewService(db, clk.Now, time.UTC), flash: flash.NewService(db, clk.Now), groups: groupbuy.NewService(db, clk.Now)}
	people := storewire.People{Now: clk.Now}
	s.presales = presale.NewService(presale.Parts{DB: db, Now: clk.Now, Books: books, People: storewire.Bookers{People: people},
		Money: deposits{storewire.Deposits{Wallet: storewire.Wallet{Wallets: s.wallets, Now: clk.Now}, Promos: s.promos}, books}})
	s.Service = checkout.NewService(checkout.Parts{
		DB: db, Now: clk.Now, Settler: order.NewSettler(), Books: books, People: people, Offers: storewire.Offers{Promos: s.promos, Flash: s.flash, Groups: s.groups, Presales: s.presales}, Payments: cash{books}, Deposits: s.presales,
		Wallet: storewire.Wallet{Wallets: s.wallets, Now: clk.Now}, Points: storewire.Points{Accounts: s.points, Now: clk.Now}, Keys: keys,
	})
	s.presales.Hear(s.Service)
	return s
}

func (s *shop) customers(t testing.TB, n int) {
	t.Helper()
	err := s.db.Tx(t.Context(), func(tx *store.Tx) error {
		for i := 1; i <= n; i++ {
			if _, err := tx.Exec(t.Context(), `INSERT INTO customers (id, number, code, name, phone, email, gender, birthday, province, city, source, store, owner, level,
				registered_at, registered_known, orders, spent_fen, refunded_fen, erased, created_at, updated_at)
				VALUES (?, ?, '', '', '', '', '', '', '', '', '', '', '', '', 0, FALSE, 0, 0, 0, FALSE, 0, 0)`, fmt.Sprint("cus_", i), i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *shop) stock(t testing.TB, sku string, n int64) {
	t.Helper()
	err := s.db.Tx(t.Context(), func(tx *store.Tx) error {
		return inventory.Change(t.Context(), tx, inventory.Online, inventory.Received, id.New("r"), "", "", []inventory.Item{{SKU: sku, Quantity: n}}, start)
	})
	if err != nil {
		t.Fatal(err)
	}
}

var home = checkout.Address{Name: "王女士", Phone: "13800000000", Region: "440300", Street: "一路 1 号"}

// pay does what a payment does when its notification is good.
func (s *shop) pay(ctx context.Context, sale checkout.Sale) error {
	payment := "pay_" + sale.ID
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := s.books.Post(ctx, tx, money.Entry{Key: payment, At: s.clock.Now(), Reason: "payment.paid", Order: sale.ID, Moves: []money.Move{{Debit: money.Wechat, Credit: money.Deferred, Fen: sale.CashFen}}}); err != nil {
			return err
		}
		_, err := s.Paid(ctx, tx, sale.ID, payment, sale.CashFen, s.clock.Now())
		return err
	})
}

// sound checks that stock and books add up, that every ended sale left nothing behind, and that orders equal the sales.
func (s *shop) sound(ctx context.Context, t interface {
	Helper()
	Fatalf(string, ...any)
},
) {
	t.Helper()
	results, err := ledger.Audit(ctx, s.db, storewire.Checks()...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, r := range results {
		if len(r.Differences) > 0 {
			t.Fatalf("%s: %+v", r.Name, r.Differences)
		}
	}
	type sums struct {
		Sales    int64 `db:"sales"`
		Orders   int64 `db:"orders"`
		People   int64 `db:"people"`
		Refunded int64 `db:"refunded"`
		Back     int64 `db:"back"`
	}
	got, err := store.One[sums](ctx, s.db, `SELECT
		(SELECT CAST(COALESCE(SUM(total_fen), 0) AS BIGINT) FROM sales WHERE order_id <> '') AS sales,
		(SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM orders) AS orders,
		(SELECT CAST(COALESCE(SUM(spent_fen), 0) AS BIGINT) FROM customers) AS people,
		(SELECT CAST(COALESCE(SUM(refunded_fen), 0) AS BIGINT) FROM orders) AS refunded,
		(SELECT CAST(COALESCE(SUM(refunded_fen), 0) AS BIGINT) FROM sales) AS back`)
	if err != nil || got.Sales != got.Orders || got.Orders != got.People || got.Refunded != got.Back {
		t.Fatalf("%+v, %v", got, err)
	}
}

func line(sku string, n int64) []pricing.CartLine { return []pricing.CartLine{{SKU: sku, Quantity: n}} }

func TestSaleFromCartToFinish(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 2)
		s.stock(t, "K2", 10)
		if err := s.Put(ctx, checkout.GuestCart("tok"), "K2", 3, true); err != nil {
			t.Fatal(err)
		}
		if err := s.Adopt(ctx, "tok", 1); err != nil {
			t.Fatal(err)
		}
		cart, err := s.Cart(ctx, checkout.CartOf(1))
		if err != nil || len(cart) != 1 || cart[0].Quantity != 3 || cart[0].Free != 10 || !cart[0].Sold {
			t.Fatalf("%+v, %v", cart, err)
		}
		w := checkout.Wish{Lines: line("K2", 3), Address: home}
		p, err := s.Preview(ctx, 1, w)
		if err != nil || p.Quote.TotalFen != 3*4900-1001+1200 {
			t.Fatalf("%+v, %v", p.Quote, err)
		}
		if _, err := s.Place(ctx, 1, "req", w, p.Quote.TotalFen-1); !errs.Is(err, errs.Conflict) {
			t.Errorf("placed at a price nobody saw: %v", err)
		}
		sale, err := s.Place(ctx, 1, "req", w, p.Quote.TotalFen)
		if err != nil || sale.State != checkout.Unpaid {
			t.Fatalf("%+v, %v", sale, err)
		}
		if again, err := s.Place(ctx, 1, "req", w, p.Quote.TotalFen); err != nil || again.ID != sale.ID {
			t.Errorf("%+v, %v", again, err)
		}
		if cart, err := s.Cart(ctx, checkout.CartOf(1)); err != nil || len(cart) != 0 {
			t.Errorf("%+v, %v", cart, err)
		}
		if _, err := s.Get(ctx, 2, sale.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's sale was shown: %v", err)
		}
		if _, err := s.Close(ctx, 2, sale.ID, checkout.ByCustomer); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's sale was closed: %v", err)
		}
		if _, err := s.Ship(ctx, sale.ID, "顺丰", "SF1"); !errs.Is(err, errs.Conflict) {
			t.Errorf("sent unpaid: %v", err)
		}
		err = db.Tx(ctx, func(tx *store.Tx) error {
			_, err := s.Paid(ctx, tx, sale.ID, "pay_x", sale.CashFen-1, start)
			return err
		})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("paid with another amount: %v", err)
		}
		for range 2 { // a notification comes twice
			if err := s.pay(ctx, sale); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Close(ctx, 1, sale.ID, checkout.ByCustomer); !errs.Is(err, errs.Conflict) {
			t.Errorf("closed though paid: %v", err)
		}
		if _, err := s.Ship(ctx, sale.ID, "顺丰", "SF1"); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(11 * 24 * time.Hour)
		if n, err := s.Tick(ctx); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		if sale, err = s.Get(ctx, 1, sale.ID); err != nil || sale.State != checkout.Finished || sale.EarnedFen != sale.TotalFen {
			t.Fatalf("%+v, %v", sale, err)
		}
		has, err := loyalty.Get(ctx, db, 1, s.clock.Now())
		if err != nil || has.Points != sale.TotalFen/100 {
			t.Errorf("%+v, %v", has, err)
		}
		back, err := s.GiveBack(ctx, sale.ID, "ret", pricing.Giving{Units: map[string]int64{"K2": 1}}, []inventory.Item{{SKU: "K2", Quantity: 1}}, "stf_1")
		if err != nil || back.Fen() != (3*4900-1001)/3 {
			t.Fatalf("%+v, %v", back, err)
		}
		if again, err := s.GiveBack(ctx, sale.ID, "ret", pricing.Giving{Units: map[string]int64{"K2": 1}}, nil, "stf_1"); err != nil || again.Fen() != back.Fen() {
			t.Errorf("%+v, %v", again, err)
		}
		if _, err := s.GiveBack(ctx, sale.ID, "ret2", pricing.Giving{Units: map[string]int64{"K2": 3}}, nil, "stf_1"); !errs.Is(err, errs.Invalid) {
			t.Errorf("more came back than was bought: %v", err)
		}
		s.sound(ctx, t)
	})
}

// TestUnpaidIsGivenBack closes by the clock: reminded once, then stock, points and balance are as before.
func TestUnpaidIsGivenBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 1)
		s.stock(t, "K2", 5)
		err := db.Tx(ctx, func(tx *store.Tx) error {
			if _, err := s.points.Earn(ctx, tx, loyalty.Earn{Key: "e", Customer: 1, Points: 1000, Reason: "gift"}); err != nil {
				return err
			}
			_, err := s.wallets.TopUp(ctx, tx, wallet.TopUp{Key: "t", Customer: 1, PrincipalFen: 2000, GiftFen: 500})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w := checkout.Wish{Lines: line("K2", 5), Address: home, Points: 1000, Balance: 99999}
		p, err := s.Preview(ctx, 1, w)
		if err != nil || p.Quote.PointsFen != 1000 || p.Quote.PrincipalFen+p.Quote.GiftFen != 2500 {
			t.Fatalf("%+v, %v", p.Quote, err)
		}
		sale, err := s.Place(ctx, 1, "req", w, p.Quote.TotalFen)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(11 * time.Minute)
		for _, want := range []int{1, 0} {
			if n, err := s.Tick(ctx); err != nil || n != want {
				t.Fatal(n, err)
			}
		}
		s.clock.Advance(20 * time.Minute)
		if n, err := s.Tick(ctx); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if sale, err = s.Get(ctx, 1, sale.ID); err != nil || sale.State != checkout.Closed || sale.CloseReason != checkout.ByTimeout {
			t.Errorf("%+v, %v", sale, err)
		}
		if err := s.pay(ctx, sale); !errs.Is(err, errs.Conflict) {
			t.Errorf("paid though closed: %v", err)
		}
		points, err := loyalty.Get(ctx, db, 1, s.clock.Now())
		if err != nil || points.Points != 1000 {
			t.Errorf("%+v, %v", points, err)
		}
		has, err := wallet.Get(ctx, db, 1, s.clock.Now())
		if err != nil || has.PrincipalFen != 2000 || has.GiftFen != 500 {
			t.Errorf("%+v, %v", has, err)
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"K2"})
		if err != nil || levels["K2"].Free() != 5 {
			t.Errorf("%+v, %v", levels, err)
		}
		s.sound(ctx, t)
	})
}

// TestTwoThousandBuyers want 100 units at once, each in a request that comes twice: exactly 100 are paid.
func TestTwoThousandBuyers(t *testing.T) {
	buyers := 2000
	if testing.Short() {
		buyers = 300
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, buyers)
		s.stock(t, "K0", 100)
		p, err := s.Preview(ctx, 1, checkout.Wish{Lines: line("K0", 1), Address: home})
		if err != nil {
			t.Fatal(err)
		}
		var paid, refused atomic.Int64
		var wg sync.WaitGroup
		gate := make(chan struct{}, 64)
		for i := range buyers {
			wg.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				w := checkout.Wish{Lines: line("K0", 1), Address: home}
				var sales [2]checkout.Sale
				var fails [2]error
				var both sync.WaitGroup
				for j := range 2 {
					both.Go(func() { sales[j], fails[j] = s.Place(ctx, uint32(i+1), "req", w, p.Quote.TotalFen) })
				}
				both.Wait()
				if fails[0] != nil || fails[1] != nil {
					if !errs.Is(fails[0], errs.Conflict) || !errs.Is(fails[1], errs.Conflict) {
						t.Errorf("%v, %v", fails[0], fails[1])
					}
					refused.Add(1)
					return
				}
				if sales[0].ID != sales[1].ID {
					t.Errorf("one request made two sales")
				}
				if err := s.pay(ctx, sales[0]); err != nil {
					t.Error(err)
				}
				paid.Add(1)
			})
		}
		wg.Wait()
		if paid.Load() != 100 || refused.Load() != int64(buyers-100) {
			t.Errorf("%d paid, %d refused", paid.Load(), refused.Load())
		}
		s.sound(ctx, t)
	})
}

// TestRandomSales lets random customers do random things and looks at the books after each.
func TestRandomSales(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 3)
		for i := range 4 {
			s.stock(t, fmt.Sprint("K", i), 1_000_000)
		}
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			who := rapid.Uint32Range(1, 3).Draw(rt, "who")
			err := db.Tx(ctx, func(tx *store.Tx) error {
				if _, err := s.points.Earn(ctx, tx, loyalty.Earn{Key: fmt.Sprint("e", round), Customer: who, Points: rapid.Int64Range(1, 3000).Draw(rt, "points"), Reason: "gift"}); err != nil {
					return err
				}
				_, err := s.wallets.TopUp(ctx, tx, wallet.TopUp{Key: fmt.Sprint("t", round), Customer: who, PrincipalFen: rapid.Int64Range(1, 5000).Draw(rt, "principal"), GiftFen: rapid.Int64Range(0, 999).Draw(rt, "gift")})
				return err
			})
			if err != nil {
				rt.Fatal(err)
			}
			if _, err := s.promos.Claim(ctx, promo.Claiming{Request: fmt.Sprint("c", round), Promotion: s.coupon, Person: promo.Person{Customer: who}}); err != nil {
				rt.Fatal(err)
			}
			w := checkout.Wish{Address: home, Best: rapid.Bool().Draw(rt, "best"), Points: rapid.Int64Range(0, 5000).Draw(rt, "use"), Balance: rapid.SampledFrom([]int64{0, 0, 777, 1e9}).Draw(rt, "balance")}
			for i := range rapid.IntRange(1, 3).Draw(rt, "lines") {
				w.Lines = append(w.Lines, pricing.CartLine{SKU: fmt.Sprint("K", (round+i)%4), Quantity: rapid.Int64Range(1, 7).Draw(rt, "n")})
			}
			p, err := s.Preview(ctx, who, w)
			if err != nil {
				rt.Fatal(err)
			}
			sale, err := s.Place(ctx, who, fmt.Sprint("r", round), w, p.Quote.TotalFen)
			if err != nil {
				rt.Fatal(err)
			}
			for i := range rapid.IntRange(1, 6).Draw(rt, "steps") {
				switch rapid.IntRange(0, 4).Draw(rt, "what") {
				case 0:
					err = s.pay(ctx, sale)
				case 1:
					_, err = s.Close(ctx, who, sale.ID, checkout.ByCustomer)
				case 2:
					_, err = s.Ship(ctx, sale.ID, "", "T")
				case 3:
					_, err = s.Finish(ctx, who, sale.ID)
				case 4:
					l := rapid.SampledFrom(sale.Quote.Lines).Draw(rt, "line")
					giving := pricing.Giving{Units: map[string]int64{l.Key: rapid.Int64Range(1, l.Quantity).Draw(rt, "units")}}
					if rapid.Bool().Draw(rt, "freight") && sale.Quote.Freight.PayFen > 0 {
						giving.Units[pricing.FreightKey] = 1
					}
					if rapid.IntRange(0, 3).Draw(rt, "amount") == 0 && l.PayFen > 0 {
						giving = pricing.Giving{Amounts: map[string]int64{l.Key: rapid.Int64Range(1, l.PayFen).Draw(rt, "fen")}}
					}
					_, err = s.GiveBack(ctx, sale.ID, fmt.Sprint(i), giving, nil, "")
				}
				if err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Invalid) {
					rt.Fatal(err)
				}
			}
			s.sound(ctx, rt)
		})
	})
}

// TestOneCouponFiveOrders: five orders at once with the same coupon; one gets it. Cancelled, it comes back; above the amount, it
// takes off no more than there is.
func TestOneCouponFiveOrders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 1)
		s.stock(t, "K0", 100)
		held, err := s.promos.Claim(ctx, promo.Claiming{Request: "c", Promotion: s.coupon, Person: promo.Person{Customer: 1}})
		if err != nil {
			t.Fatal(err)
		}
		w := checkout.Wish{Lines: line("K0", 1), Coupons: []string{held.ID}, Address: home}
		p, err := s.Preview(ctx, 1, w)
		if err != nil || p.Quote.GoodsFen != 0 || p.Quote.TotalFen != 800 {
			t.Fatalf("%+v, %v", p.Quote, err) // 0.01 of goods: the coupon is worth 0.01, and pays no freight
		}
		for round := range 2 {
			var sales [5]checkout.Sale
			var fails [5]error
			var wg sync.WaitGroup
			for i := range 5 {
				wg.Go(func() { sales[i], fails[i] = s.Place(ctx, 1, fmt.Sprint("r", round, i), w, p.Quote.TotalFen) })
			}
			wg.Wait()
			got := -1
			for i := range 5 {
				if fails[i] == nil && got < 0 {
					got = i
				} else if !errs.Is(fails[i], errs.Conflict) {
					t.Errorf("%v", fails[i])
				}
			}
			if got < 0 {
				t.Fatal("nobody got it")
			}
			if _, err := s.Close(ctx, 1, sales[got].ID, checkout.ByCustomer); err != nil {
				t.Fatal(err)
			}
		}
		s.sound(ctx, t)
	})
}

// TestFlash: forty people want ten units at a price of one fen, each as many as one person may and one more.
func TestFlash(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 40)
		s.stock(t, "K2", 1000)
		f, err := s.flash.Create(ctx, flash.Draft{Name: "秒杀", SKU: "K2", PriceFen: 1, StartsAt: start, EndsAt: start.Add(time.Hour), Units: 10, PerPerson: 2}, "")
		if err != nil {
			t.Fatal(err)
		}
		w := checkout.Wish{Lines: line("K2", 2), Address: home}
		var paid atomic.Int64
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				who := uint32(i + 1)
				sale, err := s.Place(ctx, who, "r", w, 2+1000)
				if errs.Is(err, errs.Conflict) { // gone, or no longer at the price that was shown
					return
				}
				if err == nil {
					err = s.pay(ctx, sale)
				}
				if err != nil {
					t.Error(err)
					return
				}
				paid.Add(1)
				if p, err := s.Preview(ctx, who, w); err != nil || p.Quote.GoodsFen != 2*4900 {
					t.Errorf("a third unit at the flash price: %+v, %v", p.Quote, err)
				}
			})
		}
		wg.Wait()
		if wrong, err := flash.Check(ctx, db); err != nil || len(wrong) > 0 || paid.Load() != 5 {
			t.Errorf("%v, %v; %d paid of %+v", wrong, err, paid.Load(), f)
		}
		s.sound(ctx, t)
	})
}

// BenchmarkCheckout is a complete checkout: quote, place, pay; 64 buyers at once, goods of their own.
func BenchmarkCheckout(b *testing.B) {
	db := storetest.Open(b)
	s := open(b, db)
	s.customers(b, 10000)
	s.stock(b, "K2", 1e9)
	s.stock(b, "K1", 1e9)
	w := checkout.Wish{Lines: []pricing.CartLine{{SKU: "K1", Quantity: 1}, {SKU: "K2", Quantity: 2}}, Address: home}
	p, err := s.Preview(b.Context(), 1, w)
	if err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			sale, err := s.Place(b.Context(), uint32(i%10000+1), fmt.Sprint("r", i), w, p.Quote.TotalFen)
			if err == nil {
				err = s.pay(b.Context(), sale)
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
}
