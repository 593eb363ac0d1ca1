package storewire_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/app/storewire"
	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
	"huoshui/internal/trade/quota"
)

// advance is a presale of K2 (49.00): 45.00, a deposit of 10.00 that counts for 15.00.
func (s *shop) advance(t testing.TB, keep bool, units, perPerson int64) presale.Full {
	t.Helper()
	p, err := s.presales.Create(t.Context(), s.draft(t, keep, units, perPerson), "stf_1")
	if err == nil {
		p, err = s.presales.Publish(t.Context(), p.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *shop) draft(t testing.TB, keep bool, units, perPerson int64) presale.Draft {
	t.Helper()
	items, err := catalog.Items(t.Context(), s.db, []string{"K2"})
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock.Now()
	return presale.Draft{
		Name: "年货预售", Goods: items["K2"].GoodsID, Keep: keep, PerPerson: perPerson, Items: []presale.ItemDraft{{SKU: "K2", PriceFen: 4500, DepositFen: 1000, WorthFen: 1500, Units: units}},
		StartsAt: now, EndsAt: now.Add(24 * time.Hour), TailStartsAt: now.Add(24 * time.Hour), TailEndsAt: now.Add(48 * time.Hour), ShipBy: now.Add(96 * time.Hour),
	}
}

func (s *shop) book(ctx context.Context, who uint32, request string, p *presale.Full, units, balance int64) (presale.Booking, error) {
	return s.presales.Book(ctx, who, request, presale.Wish{Presale: p.ID, SKU: "K2", Units: units, Balance: balance, Agreed: true, Version: p.Version, DepositFen: 1000 * units})
}

// payDeposit does what a payment of a deposit does when its notification is good.
func (s *shop) payDeposit(ctx context.Context, b presale.Booking) error {
	payment := "pay_" + b.ID
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := s.books.Post(ctx, tx, money.Entry{Key: payment, At: s.clock.Now(), OrToday: true, Reason: "payment.paid", Order: b.ID, Moves: []money.Move{{Debit: money.Wechat, Credit: money.Deferred, Fen: b.CashFen}}}); err != nil {
			return err
		}
		return s.presales.DepositPaid(ctx, tx, b.ID, payment, b.CashFen, s.clock.Now())
	})
}

// tail orders what a deposit was paid for, at the price that is quoted.
func (s *shop) tail(ctx context.Context, who uint32, request string, b presale.Booking, w checkout.Wish) (checkout.Sale, error) {
	w.Lines, w.Address, w.Form = line(b.SKU, b.Units), home, checkout.Form{Kind: presale.Kind, Offer: b.Presale, Booking: b.ID}
	p, err := s.Preview(ctx, who, w)
	if err != nil {
		return checkout.Sale{}, err
	}
	return s.Place(ctx, who, request, w, p.Quote.TotalFen)
}

// presalesSettled lets presales go on until nothing is left to do, however often their process dies.
func (s *shop) presalesSettled(t testing.TB, random *rand.Rand) {
	t.Helper()
	for range 2000 {
		p := presale.NewService(presale.Parts{DB: s.db, Now: s.clock.Now, Books: s.books, People: s.presales.People, Money: frailMoney{s.presales.Money, random}}) // another process
		p.Hear(&frail{s.Service, random})
		n, err := p.Tick(t.Context())
		if err != nil && !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		if err == nil && n == 0 {
			return
		}
	}
	t.Fatal("presales are never settled")
}

// frailMoney dies now and then in the middle of giving money back.
type frailMoney struct {
	presale.Money
	random *rand.Rand
}

func (f frailMoney) GiveBackBalance(ctx context.Context, tx *store.Tx, key, spend string, fen int64, by string) error {
	if err := f.Money.GiveBackBalance(ctx, tx, key, spend, fen, by); err != nil || f.random.IntN(4) > 0 {
		return err
	}
	return errDied
}

func (f frailMoney) GiveBackCash(ctx context.Context, tx *store.Tx, key, booking string, fen int64, by string) error {
	if err := f.Money.GiveBackCash(ctx, tx, key, booking, fen, by); err != nil || f.random.IntN(4) > 0 {
		return err
	}
	return errDied
}

func (s *shop) told(t testing.TB) string {
	t.Helper()
	told, err := store.All[string](t.Context(), s.db, `SELECT facts FROM outbox WHERE noun = 'presale'`)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(told, "")
}

func wants(t *testing.T, err error, code string) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%v instead of %s", err, code)
	}
}

// TestPresale walks from the deposit, by balance and cash, over the tail, with a coupon, points and balance, to what comes back after it was
// received: to the fen, and to where each came from.
func TestPresale(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 2)
		s.stock(t, "K2", 10)
		err := db.Tx(ctx, func(tx *store.Tx) error {
			if _, err := s.points.Earn(ctx, tx, loyalty.Earn{Key: "e", Customer: 1, Points: 300, Reason: "gift"}); err != nil {
				return err
			}
			_, err := s.wallets.TopUp(ctx, tx, wallet.TopUp{Key: "t", Customer: 1, PrincipalFen: 1000, GiftFen: 333, From: money.Bank})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		coupon, err := s.promos.Claim(ctx, promo.Claiming{Request: "c", Promotion: s.coupon, Person: promo.Person{Customer: 1}})
		if err != nil {
			t.Fatal(err)
		}
		p := s.advance(t, true, 5, 3)
		if _, err := s.presales.Book(ctx, 1, "r", presale.Wish{Presale: p.ID, SKU: "K2", Units: 2, Version: p.Version, DepositFen: 2000}); !errs.Is(err, errs.Invalid) {
			t.Errorf("booked without agreeing: %v", err)
		}
		_, err = s.presales.Book(ctx, 1, "r", presale.Wish{Presale: p.ID, SKU: "K2", Units: 2, Agreed: true, Version: p.Version + 1, DepositFen: 2000})
		wants(t, err, "presale.changed")
		_, err = s.book(ctx, 1, "many", &p, 4, 0)
		wants(t, err, "presale.enough")
		b, err := s.book(ctx, 1, "r", &p, 2, 777)
		if err != nil || b.DepositFen != 2000 || b.WalletFen != 777 || b.CashFen != 1223 || b.State != presale.Unpaid {
			t.Fatalf("%+v, %v", b, err)
		}
		if again, err := s.book(ctx, 1, "r", &p, 2, 777); err != nil || again.ID != b.ID {
			t.Errorf("%+v, %v", again, err)
		}
		s.sound(ctx, t)
		err = db.Tx(ctx, func(tx *store.Tx) error {
			return s.presales.DepositPaid(ctx, tx, b.ID, "pay_x", b.CashFen-1, s.clock.Now())
		})
		wants(t, err, "sale.amount")
		for range 2 { // a notification comes twice
			if err := s.payDeposit(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		err = db.Tx(ctx, func(tx *store.Tx) error {
			return s.presales.DepositPaid(ctx, tx, b.ID, "pay_other", b.CashFen, s.clock.Now())
		})
		wants(t, err, "sale.state")
		if got := s.moved(t, money.Deposits); got != -2000 {
			t.Errorf("%d fen of deposits", got)
		}
		_, err = s.tail(ctx, 1, "early", b, checkout.Wish{})
		wants(t, err, "presale.early")
		_, err = s.presales.Cancel(ctx, 1, b.ID)
		wants(t, err, "presale.kept")
		if _, err := s.presales.Cancel(ctx, 2, b.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's booking was cancelled: %v", err)
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"K2"})
		if err != nil || levels["K2"].Free() != 8 {
			t.Errorf("%+v, %v", levels, err)
		}

		s.clock.Advance(24 * time.Hour)
		s.presalesSettled(t, rand.New(rand.NewPCG(1, 1)))
		s.presalesSettled(t, rand.New(rand.NewPCG(1, 2)))
		if n := strings.Count(s.told(t), `"name":"presale.tail_due"`); n != 1 {
			t.Errorf("told %d times that the tail is due", n)
		}
		if _, err := s.tail(ctx, 2, "r", b, checkout.Wish{}); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's tail: %v", err)
		}
		sale, err := s.tail(ctx, 1, "t1", b, checkout.Wish{Coupons: []string{coupon.ID}, Points: 300, Balance: 400})
		if err != nil {
			t.Fatal(err)
		}
		// 2 × 45.00 – 5.00 coupon – 2 × 5.00 expansion – 3.00 points + 10.00 freight; of it 20.00 deposit and 4.00 balance.
		if q := sale.Quote; q.TotalFen != 9000-500-1000-300+1000 || q.DepositFen != 2000 || q.PrincipalFen+q.GiftFen != 400 || sale.CashFen != q.TotalFen-2400 {
			t.Errorf("%+v", sale.Quote)
		}
		_, err = s.tail(ctx, 1, "t2", b, checkout.Wish{})
		wants(t, err, "presale.ordered")
		if _, err := s.Close(ctx, 1, sale.ID, checkout.ByCustomer); err != nil { // she chooses otherwise
			t.Fatal(err)
		}
		s.sound(ctx, t)
		if sale, err = s.tail(ctx, 1, "t3", b, checkout.Wish{Coupons: []string{coupon.ID}, Points: 300, Balance: 400}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.pay(ctx, sale); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.moved(t, money.Deposits); got != 0 {
			t.Errorf("%d fen of deposits", got)
		}
		s.sound(ctx, t)
		if _, err := s.Ship(ctx, sale.ID, "顺丰", "SF1"); err != nil {
			t.Fatal(err)
		}
		if sale, err = s.Finish(ctx, 1, sale.ID); err != nil {
			t.Fatal(err)
		}
		if got, want := -s.moved(t, money.Revenue), int64(2*4900); got != want {
			t.Errorf("revenue of %d fen, not %d", got, want)
		}
		s.sound(ctx, t)
		key := sale.Quote.Lines[0].Key
		back, err := s.GiveBack(ctx, sale.ID, "one", pricing.Giving{Units: map[string]int64{key: 1}}, nil, "stf_1")
		if err != nil || back.DepositFen == 0 {
			t.Fatalf("%+v, %v", back, err)
		}
		s.sound(ctx, t)
		if err := s.GiveAllBack(ctx, sale.ID, "rest", "stf_1"); err != nil {
			t.Fatal(err)
		}
		s.sound(ctx, t)
		has, err := wallet.Get(ctx, db, 1, s.clock.Now())
		if err != nil || has.PrincipalFen != 1000 || has.GiftFen != 333 {
			t.Errorf("%+v, %v", has, err)
		}
		if got := s.moved(t, money.Wechat); got != 0 {
			t.Errorf("%d fen were not given back", got)
		}
		if b, err = s.presales.Booking(ctx, 1, b.ID); err != nil || b.State != presale.Refunded || b.ReturnedFen != 2000 {
			t.Errorf("%+v, %v", b, err)
		}
	})
}

// TestPresaleEnds: of two who do not pay the tail, one agreed to lose the deposit and the other did not; a third paid in the last moment.
func TestPresaleEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 3)
		s.stock(t, "K2", 10)
		random := rand.New(rand.NewPCG(3, 3))
		first, second := s.draft(t, true, 5, 3), s.draft(t, false, 5, 3)
		second.StartsAt, second.EndsAt = first.EndsAt, first.EndsAt.Add(time.Hour)
		second.TailStartsAt, second.TailEndsAt, second.ShipBy = second.EndsAt, second.EndsAt.Add(time.Hour), second.EndsAt.Add(time.Hour)
		var sales []presale.Full
		for _, d := range []presale.Draft{first, second} {
			p, err := s.presales.Create(ctx, d, "")
			if err == nil {
				p, err = s.presales.Publish(ctx, p.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			sales = append(sales, p)
		}
		lost, err := s.book(ctx, 1, "r", &sales[0], 1, 0)
		if err == nil {
			err = s.payDeposit(ctx, lost)
		}
		if err != nil {
			t.Fatal(err)
		}
		late, err := s.book(ctx, 3, "r", &sales[0], 1, 0)
		if err == nil {
			err = s.payDeposit(ctx, late)
		}
		if err != nil {
			t.Fatal(err)
		}
		never, err := s.book(ctx, 2, "r", &sales[0], 2, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(presale.PayWithin + time.Second)
		s.presalesSettled(t, random)
		if err := s.payDeposit(ctx, never); !errs.Is(err, errs.Conflict) {
			t.Errorf("paid though it was closed: %v", err)
		}
		s.clock.Advance(24 * time.Hour)
		kept, err := s.book(ctx, 2, "k", &sales[1], 1, 0)
		if err == nil {
			err = s.payDeposit(ctx, kept)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(2 * time.Hour)
		s.presalesSettled(t, random)
		s.clock.Advance(48*time.Hour - presale.PayWithin - time.Second - 26*time.Hour - time.Second) // a second before the end
		sale, err := s.tail(ctx, 3, "t", late, checkout.Wish{})
		if err != nil || !sale.DueAt.Equal(sales[0].TailEndsAt.Add(presale.Grace)) {
			t.Fatalf("%v, %v", sale.DueAt, err)
		}
		s.clock.Advance(2 * time.Second)
		s.presalesSettled(t, random) // the end has come; news of the payment has not
		_, err = s.tail(ctx, 1, "t", lost, checkout.Wish{})
		wants(t, err, "presale.over")
		if err := s.pay(ctx, sale); err != nil {
			t.Errorf("paid in time, told late: %v", err)
		}
		s.clock.Advance(presale.Grace)
		s.presalesSettled(t, random)
		for id, want := range map[string]presale.BookingState{lost.ID: presale.Forfeited, never.ID: presale.Closed, kept.ID: presale.Returned, late.ID: presale.Done} {
			if b, err := s.presales.Booking(ctx, 0, id); err != nil || b.State != want {
				t.Errorf("%+v is not %s: %v", b, want, err)
			}
		}
		if got := -s.moved(t, money.DepositForfeited); got != 1000 {
			t.Errorf("%d fen forfeited", got)
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"K2"})
		if err != nil || levels["K2"].Free() != 9 {
			t.Errorf("%+v, %v", levels, err)
		}
		for _, name := range []string{"presale.forfeited", "presale.returned", "presale.tail_paid"} {
			if n := strings.Count(s.told(t), `"name":"`+name+`"`); n != 1 {
				t.Errorf("%s told %d times", name, n)
			}
		}
		if p, err := s.presales.Get(ctx, sales[0].ID); err != nil || !p.Settled || p.State != presale.Ended || p.Numbers.Deposits != 2 || p.Numbers.Tails != 1 || p.Numbers.ForfeitedFen != 1000 || p.Numbers.SalesFen != sale.TotalFen {
			t.Errorf("%+v, %v", p, err)
		}
		s.sound(ctx, t)
	})
}

// TestPresaleStops: the brand stops it with deposits held, an order open to pay a tail, and one tail paid. Whatever dies meanwhile, every
// deposit goes back once, to where it came from; the paid order goes on.
func TestPresaleStops(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		const people = 12
		s.customers(t, people)
		s.stock(t, "K2", 100)
		p := s.advance(t, true, 50, 3)
		var bookings []presale.Booking
		for who := uint32(1); who <= people; who++ {
			err := db.Tx(ctx, func(tx *store.Tx) error {
				_, err := s.wallets.TopUp(ctx, tx, wallet.TopUp{Key: fmt.Sprint("t", who), Customer: who, PrincipalFen: 5000, GiftFen: int64(who), From: money.Bank})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			b, err := s.book(ctx, who, "r", &p, 1+int64(who)%3, 300*int64(who%5))
			if err == nil && b.CashFen > 0 && who != 7 { // she has not paid yet
				err = s.payDeposit(ctx, b)
			}
			if err != nil {
				t.Fatal(err)
			}
			bookings = append(bookings, b)
		}
		if _, err := s.presales.OpenTail(ctx, p.ID); err != nil {
			t.Fatal(err)
		}
		paid, err := s.tail(ctx, 1, "t", bookings[0], checkout.Wish{})
		if err == nil {
			err = s.pay(ctx, paid)
		}
		if err != nil {
			t.Fatal(err)
		}
		open, err := s.tail(ctx, 2, "t", bookings[1], checkout.Wish{Balance: 100})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if p, err = s.presales.Stop(ctx, p.ID); err != nil || p.State != presale.Stopped {
				t.Fatal(p.State, err)
			}
		}
		if err := s.payDeposit(ctx, bookings[6]); !errs.Is(err, errs.Conflict) {
			t.Errorf("a deposit was taken though it was stopped: %v", err)
		}
		s.presalesSettled(t, rand.New(rand.NewPCG(5, 5)))
		if err := s.pay(ctx, open); !errs.Is(err, errs.Conflict) {
			t.Errorf("a tail was taken though it was stopped: %v", err)
		}
		for i, b := range bookings {
			want := presale.Returned
			switch i {
			case 0:
				want = presale.Done
			case 6:
				want = presale.Closed
			}
			if now, err := s.presales.Booking(ctx, 0, b.ID); err != nil || now.State != want {
				t.Errorf("%+v is not %s: %v", now, want, err)
			}
			if i == 0 {
				continue
			}
			if has, err := wallet.Get(ctx, db, b.Customer, s.clock.Now()); err != nil || has.PrincipalFen != 5000 || has.GiftFen != int64(b.Customer) {
				t.Errorf("%+v, %v", has, err)
			}
		}
		if got, want := s.moved(t, money.Wechat), bookings[0].CashFen+paid.CashFen; got != want {
			t.Errorf("%d fen are there, not %d", got, want)
		}
		if _, err := s.Ship(ctx, paid.ID, "顺丰", "SF1"); err != nil {
			t.Error(err)
		}
		s.sound(ctx, t)
	})
}

// TestPresaleRush: two thousand people want a hundred units, each in a request that comes twice; exactly a hundred deposits are paid.
func TestPresaleRush(t *testing.T) {
	buyers := 2000
	if testing.Short() {
		buyers = 300
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, buyers)
		s.stock(t, "K2", 1000)
		for seed := range uint64(2) {
			random := rand.New(rand.NewPCG(seed, 7))
			p := s.advance(t, true, 100, 2)
			var units, refused atomic.Int64
			var wg sync.WaitGroup
			gate := make(chan struct{}, 64)
			for _, i := range random.Perm(buyers) {
				n := int64(1)
				if random.IntN(10) == 0 {
					n = 2
				}
				wg.Go(func() {
					gate <- struct{}{}
					defer func() { <-gate }()
					who := uint32(i + 1)
					var got [2]presale.Booking
					var fails [2]error
					var both sync.WaitGroup
					for j := range 2 {
						both.Go(func() { got[j], fails[j] = s.book(ctx, who, fmt.Sprint("r", seed), &p, n, 0) })
					}
					both.Wait()
					if fails[0] != nil || fails[1] != nil {
						if !errs.Is(fails[0], errs.Conflict) || !errs.Is(fails[1], errs.Conflict) {
							t.Errorf("%v, %v", fails[0], fails[1])
						}
						refused.Add(1)
						return
					}
					if got[0].ID != got[1].ID {
						t.Error("one request made two bookings")
					}
					if err := s.payDeposit(ctx, got[0]); err != nil {
						t.Error(err)
					}
					units.Add(n)
				})
			}
			wg.Wait()
			if units.Load() != 100 { // enough of them want one
				t.Errorf("deposits for %d units", units.Load())
			}
			if now, err := s.presales.Get(ctx, p.ID); err != nil || now.Numbers.Units != units.Load() || now.Items[0].Taken != units.Load() {
				t.Errorf("%+v, %v", now, err)
			}
			s.sound(ctx, t)
			if _, err := s.presales.Stop(ctx, p.ID); err != nil {
				t.Fatal(err)
			}
			for n := 1; n > 0; {
				var err error
				if n, err = s.presales.Tick(ctx); err != nil {
					t.Fatal(err)
				}
			}
			s.sound(ctx, t)
		}
		if got := s.moved(t, money.Wechat); got != 0 {
			t.Errorf("%d fen were not given back", got)
		}
	})
}

// TestTailAgainstTheClock: tails are paid while the clock closes their orders and takes the deposits. Of each exactly one thing happened.
func TestTailAgainstTheClock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const people = 40
		ctx, s := t.Context(), open(t, db)
		s.customers(t, people)
		s.stock(t, "K2", 100)
		p := s.advance(t, true, 50, 1)
		bookings := make([]presale.Booking, people)
		for i := range bookings {
			b, err := s.book(ctx, uint32(i+1), "r", &p, 1, 0)
			if err == nil {
				err = s.payDeposit(ctx, b)
			}
			if err != nil {
				t.Fatal(err)
			}
			bookings[i] = b
		}
		s.clock.Advance(48*time.Hour - time.Second)
		sales := make([]checkout.Sale, people)
		for i, b := range bookings {
			var err error
			if sales[i], err = s.tail(ctx, b.Customer, "t", b, checkout.Wish{}); err != nil {
				t.Fatal(err)
			}
		}
		s.clock.Advance(time.Second + presale.Grace)
		var paid atomic.Int64
		var wg sync.WaitGroup
		for _, sale := range sales {
			wg.Go(func() {
				switch err := s.pay(ctx, sale); {
				case err == nil:
					paid.Add(1)
				case !errs.Is(err, errs.Conflict):
					t.Error(err)
				}
			})
		}
		for range 2 {
			wg.Go(func() {
				if _, err := s.Tick(ctx); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := s.presales.Tick(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s.presalesSettled(t, rand.New(rand.NewPCG(11, 11)))
		now, err := s.presales.Get(ctx, p.ID)
		if err != nil || now.Numbers.Tails != paid.Load() || now.Numbers.Forfeited != people-paid.Load() || !now.Settled {
			t.Errorf("%d paid, %+v, %v", paid.Load(), now.Numbers, err)
		}
		if got, want := -s.moved(t, money.DepositForfeited), 1000*(people-paid.Load()); got != want {
			t.Errorf("%d fen forfeited, not %d", got, want)
		}
		s.sound(ctx, t)
	})
}

// TestRandomPresales lets random people do random things with presales while time passes, and looks at the books after each.
func TestRandomPresales(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 3)
		s.stock(t, "K2", 1_000_000)
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			who := rapid.Uint32Range(1, 3).Draw(rt, "who")
			err := db.Tx(ctx, func(tx *store.Tx) error {
				if _, err := s.points.Earn(ctx, tx, loyalty.Earn{Key: fmt.Sprint("e", round), Customer: who, Points: rapid.Int64Range(1, 900).Draw(rt, "points"), Reason: "gift"}); err != nil {
					return err
				}
				_, err := s.wallets.TopUp(ctx, tx, wallet.TopUp{Key: fmt.Sprint("t", round), Customer: who, PrincipalFen: rapid.Int64Range(1, 900).Draw(rt, "principal"), GiftFen: rapid.Int64Range(0, 999).Draw(rt, "gift")})
				return err
			})
			if err != nil {
				rt.Fatal(err)
			}
			if _, err := s.promos.Claim(ctx, promo.Claiming{Request: fmt.Sprint("c", round), Promotion: s.coupon, Person: promo.Person{Customer: who}}); err != nil {
				rt.Fatal(err)
			}
			d := s.draft(t, rapid.Bool().Draw(rt, "keep"), 20, 7)
			it := &d.Items[0]
			it.PriceFen = rapid.Int64Range(3, 4900).Draw(rt, "price")
			it.DepositFen = rapid.Int64Range(1, it.PriceFen-1).Draw(rt, "deposit")
			it.WorthFen = rapid.Int64Range(it.DepositFen, it.PriceFen-1).Draw(rt, "worth")
			p, err := s.presales.Create(ctx, d, "")
			if err == nil {
				p, err = s.presales.Publish(ctx, p.ID)
			}
			if err != nil {
				rt.Fatal(err)
			}
			n := rapid.Int64Range(1, 7).Draw(rt, "units")
			b, err := s.presales.Book(ctx, who, fmt.Sprint("r", round), presale.Wish{Presale: p.ID, SKU: "K2", Units: n, Balance: rapid.SampledFrom([]int64{0, 333, 1e9}).Draw(rt, "balance"), Agreed: true, Version: p.Version, DepositFen: n * it.DepositFen})
			if err != nil {
				rt.Fatal(err)
			}
			var sale checkout.Sale
			for i := range rapid.IntRange(2, 12).Draw(rt, "steps") {
				switch rapid.SampledFrom([]string{"deposit", "deposit", "tail", "tail", "tail", "pay", "pay", "cancel", "close", "return", "stop", "wait", "tick", "ship", "finish", "give", "give", "give"}).Draw(rt, "what") {
				case "deposit":
					if b.CashFen > 0 {
						err = s.payDeposit(ctx, b)
					}
				case "tail":
					if _, err = s.presales.OpenTail(ctx, p.ID); err != nil {
						break
					}
					made, tailErr := s.tail(ctx, who, fmt.Sprint("t", round, "/", i), b, checkout.Wish{Best: rapid.Bool().Draw(rt, "best"), Points: rapid.Int64Range(0, 900).Draw(rt, "use"), Balance: rapid.SampledFrom([]int64{0, 0, 77, 1e9}).Draw(rt, "spend")})
					if err = tailErr; err == nil {
						sale = made
					}
				case "pay":
					if sale.CashFen > 0 {
						err = s.pay(ctx, sale)
					}
				case "cancel":
					_, err = s.presales.Cancel(ctx, who, b.ID)
				case "close":
					if sale.ID != "" {
						_, err = s.Close(ctx, who, sale.ID, checkout.ByCustomer)
					}
				case "return":
					_, err = s.presales.Return(ctx, b.ID, "stf_1")
				case "stop":
					_, err = s.presales.Stop(ctx, p.ID)
				case "wait":
					s.clock.Advance(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 30 * time.Hour, 50 * time.Hour}).Draw(rt, "time"))
				case "tick":
					if _, err = s.Tick(ctx); err == nil {
						_, err = s.presales.Tick(ctx)
					}
				case "ship":
					_, err = s.Ship(ctx, sale.ID, "", "T")
				case "finish":
					_, err = s.Finish(ctx, who, sale.ID)
				case "give":
					if sale.ID == "" {
						break
					}
					l := sale.Quote.Lines[0]
					giving := pricing.Giving{Units: map[string]int64{l.Key: rapid.Int64Range(1, l.Quantity).Draw(rt, "back")}}
					if rapid.Bool().Draw(rt, "freight") && sale.Quote.Freight.PayFen > 0 {
						giving.Units[pricing.FreightKey] = 1
					}
					if rapid.IntRange(0, 3).Draw(rt, "amount") == 0 && l.PayFen > 0 {
						giving = pricing.Giving{Amounts: map[string]int64{l.Key: rapid.Int64Range(1, l.PayFen).Draw(rt, "fen")}}
					}
					_, err = s.GiveBack(ctx, sale.ID, fmt.Sprint(i), giving, nil, "")
				}
				if err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.NotFound) {
					rt.Fatal(err)
				}
				s.sound(ctx, rt)
			}
			// It ends, and everything that is left comes back: nothing is left of it.
			if _, err := s.presales.Stop(ctx, p.ID); err != nil && !errs.Is(err, errs.Conflict) {
				rt.Fatal(err)
			}
			s.clock.Advance(60 * 24 * time.Hour)
			for range 5 {
				if _, err := s.Tick(ctx); err != nil {
					rt.Fatal(err)
				}
				if _, err := s.presales.Tick(ctx); err != nil {
					rt.Fatal(err)
				}
			}
			s.sound(ctx, rt)
			if now, err := s.presales.Booking(ctx, 0, b.ID); err != nil || now.State == presale.Unpaid || now.State == presale.Deposited {
				rt.Fatalf("%+v, %v", now, err)
			}
		})
	})
}

// TestPresaleTerms: what is wrong with a draft is said by field; what people agreed to stays; what would be promised twice is not published.
func TestPresaleTerms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 1)
		s.stock(t, "K2", 3)
		for field, change := range map[string]func(d *presale.Draft){
			"name":                func(d *presale.Draft) { d.Name = " " },
			"goods":               func(d *presale.Draft) { d.Goods = "" },
			"items":               func(d *presale.Draft) { d.Items = nil },
			"items.0.sku":         func(d *presale.Draft) { d.Items[0].SKU = "K1" }, // of other goods
			"items.0.price_fen":   func(d *presale.Draft) { d.Items[0].PriceFen = 4901 },
			"items.0.deposit_fen": func(d *presale.Draft) { d.Items[0].DepositFen = 4500 },
			"items.0.worth_fen":   func(d *presale.Draft) { d.Items[0].WorthFen = 999 },
			"items.0.units":       func(d *presale.Draft) { d.Items[0].Units = 0 },
			"per_person":          func(d *presale.Draft) { d.PerPerson = 0 },
			"starts_at":           func(d *presale.Draft) { d.StartsAt = time.Time{} },
			"ends_at":             func(d *presale.Draft) { d.EndsAt = d.StartsAt },
			"tail_starts_at":      func(d *presale.Draft) { d.TailStartsAt = d.EndsAt.Add(-1) },
			"tail_ends_at":        func(d *presale.Draft) { d.TailEndsAt = d.TailStartsAt },
			"ship_by":             func(d *presale.Draft) { d.ShipBy = d.StartsAt },
		} {
			d := s.draft(t, true, 5, 3)
			change(&d)
			var e *errs.Error
			if _, err := s.presales.Create(ctx, d, ""); !errors.As(err, &e) || e.Kind != errs.Invalid || e.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		d := s.draft(t, true, 5, 3)
		p, err := s.presales.Create(ctx, d, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.book(ctx, 1, "r", &p, 1, 0); !errs.Is(err, errs.NotFound) {
			t.Errorf("booked a draft: %v", err)
		}
		if found, err := s.presales.Review(ctx, p.ID); err != nil || len(found) != 1 || found[0].Code != "presale.check_stock" || found[0].Want != 5 || found[0].Have != 3 {
			t.Errorf("%+v, %v", found, err)
		}
		d.Items[0].DepositFen, d.StartsAt = 500, d.StartsAt.Add(time.Hour)
		if p, err = s.presales.Update(ctx, p.ID, d, p.Version); err != nil || p.Items[0].DepositFen != 500 {
			t.Fatalf("%+v, %v", p, err)
		}
		d.Items[0].DepositFen = 1000
		_, err = s.presales.Update(ctx, p.ID, d, p.Version-1)
		wants(t, err, "presale.changed")
		if p, err = s.presales.Update(ctx, p.ID, d, p.Version); err != nil {
			t.Fatal(err)
		}
		for range 2 { // from now on, and again
			if p, err = s.presales.Open(ctx, p.ID); err != nil || p.State != presale.On || !p.StartsAt.Equal(start) {
				t.Fatalf("%+v, %v", p, err)
			}
		}
		other, err := s.presales.Create(ctx, s.draft(t, true, 5, 3), "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.presales.Publish(ctx, other.ID)
		wants(t, err, "presale.check_meets")
		if _, err := s.book(ctx, 1, "r", &p, 1, 0); err != nil {
			t.Fatal(err)
		}
		d.StartsAt = p.StartsAt
		for field, change := range map[string]func(d *presale.Draft){
			"keep":                func(d *presale.Draft) { d.Keep = false },
			"items.0.worth_fen":   func(d *presale.Draft) { d.Items[0].WorthFen = 1600 },
			"items.0.deposit_fen": func(d *presale.Draft) { d.Items[0].DepositFen = 900 },
			"items.0.units":       func(d *presale.Draft) { d.Items[0].Units = 4 },
			"tail_starts_at":      func(d *presale.Draft) { d.TailStartsAt = d.TailStartsAt.Add(time.Hour) },
			"tail_ends_at":        func(d *presale.Draft) { d.TailEndsAt = d.TailEndsAt.Add(-time.Hour) },
			"ship_by":             func(d *presale.Draft) { d.ShipBy = d.ShipBy.Add(time.Hour) },
		} {
			changed := d
			changed.Items = append([]presale.ItemDraft(nil), d.Items...)
			change(&changed)
			var e *errs.Error
			if _, err := s.presales.Update(ctx, p.ID, changed, p.Version); !errors.As(err, &e) || e.Code != "presale.locked" || e.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		d.Name, d.Items[0].Units, d.TailEndsAt = "加量", 9, d.TailEndsAt.Add(time.Hour)
		if p, err = s.presales.Update(ctx, p.ID, d, p.Version); err != nil || p.Items[0].Units != 9 || p.Items[0].Taken != 1 || p.Name != "加量" {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

// TestBookingsMerge: two customers turn out to be one, and then not: bookings, and what each had of the presale, follow.
func TestBookingsMerge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 2)
		s.stock(t, "K2", 10)
		p := s.advance(t, false, 9, 3)
		for who := uint32(1); who <= 2; who++ {
			b, err := s.book(ctx, who, fmt.Sprint("r", who), &p, int64(who), 0)
			if err == nil {
				err = s.payDeposit(ctx, b)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		had := func() (one, two int64) {
			var err error
			if one, err = quota.Had(ctx, db, p.ID, 1); err == nil {
				two, err = quota.Had(ctx, db, p.ID, 2)
			}
			if err != nil {
				t.Fatal(err)
			}
			return one, two
		}
		err := db.Tx(ctx, func(tx *store.Tx) error {
			moved, err := presale.Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{2: 1})
			if err != nil {
				return err
			}
			n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM presale_bookings WHERE customer = 1`)
			if err != nil || n != 2 {
				t.Error(n, err)
			}
			if one, err := quota.Had(ctx, tx, p.ID, 1); err != nil || one != 3 {
				t.Error(one, err)
			}
			return presale.Mover{}.ReturnCustomer(ctx, tx, 2, 1, moved[2])
		})
		if one, two := had(); err != nil || one != 1 || two != 2 {
			t.Errorf("%d and %d units after they parted, %v", one, two, err)
		}
		s.sound(ctx, t)
	})
}

var _ presale.Money = storewire.Deposits{}

// TestPresaleDepositNews: what payments tell of deposits is wanted once, of the very amount, by a booking that waits for it; anything else goes back.
func TestPresaleDepositNews(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 2)
		s.stock(t, "K2", 10)
		p := s.advance(t, true, 5, 3)
		orders := storewire.Orders{Sales: s.Service, Presales: s.presales}
		told := func(b presale.Booking, id string, fen int64) (wanted bool) {
			t.Helper()
			err := db.Tx(ctx, func(tx *store.Tx) (err error) {
				news := payment.Payment{ID: id, Order: b.ID, AmountFen: fen, PaidAt: s.clock.Now()}
				if err = s.books.Post(ctx, tx, money.Entry{Key: id, At: s.clock.Now(), Reason: "payment.paid", Order: b.ID, Moves: []money.Move{{Debit: money.Wechat, Credit: money.Deferred, Fen: fen}}}); err != nil {
					return err
				}
				if wanted, err = orders.Paid(ctx, tx, news); err != nil || wanted {
					return err
				}
				return s.books.Post(ctx, tx, money.Entry{Key: id + "/late", At: s.clock.Now(), Reason: "refund.decided", Order: b.ID, Moves: []money.Move{{Debit: money.Deferred, Credit: money.Wechat, Fen: fen}}})
			})
			if err != nil {
				t.Fatal(err)
			}
			return wanted
		}
		b, err := s.book(ctx, 1, "r", &p, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		if told(b, "pay_forged", b.CashFen+1) {
			t.Error("another amount was wanted")
		}
		if !told(b, "pay_1", b.CashFen) || told(b, "pay_2", b.CashFen) {
			t.Error("a deposit is wanted once")
		}
		gone, err := s.book(ctx, 2, "r", &p, 1, 0)
		if err == nil {
			gone, err = s.presales.Cancel(ctx, 2, gone.ID)
		}
		if err != nil || gone.State != presale.Closed {
			t.Fatal(gone.State, err)
		}
		if told(gone, "pay_3", gone.CashFen) {
			t.Error("a deposit of a booking that was let go was wanted")
		}
		if got := s.moved(t, money.Wechat); got != b.CashFen {
			t.Errorf("%d fen are there, not %d", got, b.CashFen)
		}
		s.sound(ctx, t)
	})
}
