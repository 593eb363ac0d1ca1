package wallet_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

type purse struct {
	*wallet.Service
	db  *store.DB
	now *clock.Manual
}

func open(db *store.DB) purse {
	now := clock.NewManual(start)
	return purse{wallet.NewService(db, ledger.NewService(db, now.Now, time.UTC), now.Now), db, now}
}

func (p purse) topUp(c wallet.TopUp) (m wallet.Move, err error) {
	err = p.db.Tx(context.Background(), func(tx *store.Tx) error { m, err = p.TopUp(context.Background(), tx, c); return err })
	return m, err
}

func (p purse) spend(c wallet.Spend) (m wallet.Move, err error) {
	err = p.db.Tx(context.Background(), func(tx *store.Tx) error { m, err = p.Spend(context.Background(), tx, c); return err })
	return m, err
}

func (p purse) refund(c wallet.Refund) (m wallet.Move, err error) {
	err = p.db.Tx(context.Background(), func(tx *store.Tx) error { m, err = p.Refund(context.Background(), tx, c); return err })
	return m, err
}

func (p purse) withdraw(c wallet.Withdraw) (m wallet.Move, err error) {
	err = p.db.Tx(context.Background(), func(tx *store.Tx) error { m, err = p.Withdraw(context.Background(), tx, c); return err })
	return m, err
}

func (p purse) holds(t testing.TB, customer uint32, principal, gift int64) {
	t.Helper()
	w, err := wallet.Get(context.Background(), p.db, customer, p.now.Now())
	if err != nil || w.PrincipalFen != principal || w.GiftFen != gift {
		t.Errorf("wallet %d holds %d + %d, want %d + %d, %v", customer, w.PrincipalFen, w.GiftFen, principal, gift, err)
	}
}

// fatal is what a test and a property have in common.
type fatal interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// agrees checks that the books are balanced and equal to the wallets, and the wallets to their lines and lots.
func agrees(t fatal, db *store.DB) {
	t.Helper()
	ctx := context.Background()
	sums, err := wallet.Sums(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	results, err := ledger.Audit(ctx, db,
		ledger.Equal("principal", money.WalletPrincipal, func(context.Context, store.Querier) (int64, error) { return sums.PrincipalFen, nil }),
		ledger.Equal("gift", money.WalletGift, func(context.Context, store.Querier) (int64, error) { return sums.GiftFen, nil }))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		for _, d := range r.Differences {
			t.Errorf("%+v", d)
		}
	}
	apart, err := wallet.Disagree(ctx, db)
	if err != nil || len(apart) > 0 {
		t.Errorf("%+v, %v", apart, err)
	}
}

func TestSpendAndRefund(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(db)
		if _, err := p.topUp(wallet.TopUp{Key: "t1", Customer: 7, PrincipalFen: 10000, GiftFen: 2000}); err != nil {
			t.Fatal(err)
		}
		first, err := p.spend(wallet.Spend{Key: "s1", Customer: 7, Fen: 10500, Order: "ord_1"})
		if err != nil || first.PrincipalFen != -10000 || first.GiftFen != -500 || first.GiftAfter != 1500 {
			t.Fatalf("%+v, %v", first, err)
		}
		if again, err := p.spend(wallet.Spend{Key: "s1", Customer: 7, Fen: 10500, Order: "ord_1"}); err != nil || again.ID != first.ID {
			t.Errorf("again: %+v, %v", again, err)
		}
		if _, err := p.spend(wallet.Spend{Key: "s1", Customer: 7, Fen: 1, Order: "ord_1"}); !errs.Is(err, errs.Conflict) {
			t.Errorf("the key with another amount: %v", err)
		}
		for name, c := range map[string]struct {
			spend wallet.Spend
			want  errs.Kind
		}{
			"more than there is": {wallet.Spend{Key: "s2", Customer: 7, Fen: 1501, Order: "ord_2"}, errs.Conflict},
			"nothing":            {wallet.Spend{Key: "s3", Customer: 7, Fen: 0, Order: "ord_2"}, errs.Invalid},
			"negative":           {wallet.Spend{Key: "s4", Customer: 7, Fen: -5, Order: "ord_2"}, errs.Invalid},
			"nobody's":           {wallet.Spend{Key: "s5", Customer: 0, Fen: 5, Order: "ord_2"}, errs.Invalid},
			"a stranger's":       {wallet.Spend{Key: "s6", Customer: 8, Fen: 5, Order: "ord_2"}, errs.Conflict},
		} {
			if _, err := p.spend(c.spend); !errs.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		p.holds(t, 7, 0, 1500)
		for i, c := range []struct{ fen, principal, gift int64 }{{3333, 3174, 159}, {1, 1, 0}, {7166, 6825, 341}} {
			m, err := p.refund(wallet.Refund{Key: fmt.Sprint("r", i), Spend: "s1", Fen: c.fen})
			if err != nil || m.PrincipalFen != c.principal || m.GiftFen != c.gift || m.Order != "ord_1" {
				t.Errorf("%+v, %v; want %+v", m, err, c)
			}
		}
		if again, err := p.refund(wallet.Refund{Key: "r0", Spend: "s1", Fen: 3333}); err != nil || again.PrincipalFen != 3174 {
			t.Errorf("%+v, %v", again, err)
		}
		if _, err := p.refund(wallet.Refund{Key: "r9", Spend: "s1", Fen: 1}); !errs.Is(err, errs.Conflict) {
			t.Errorf("more than was spent: %v", err)
		}
		for _, spend := range []string{"t1", "r1", "none", ""} {
			if _, err := p.refund(wallet.Refund{Key: "r8", Spend: spend, Fen: 1}); !errs.Is(err, errs.NotFound) {
				t.Errorf("refund of %q: %v", spend, err)
			}
		}
		p.holds(t, 7, 10000, 2000)
		if b, err := ledger.BalanceOf(t.Context(), db, money.Deferred); err != nil || b != 0 {
			t.Errorf("deferred %d, %v", b, err)
		}
		lines, err := wallet.Statement(t.Context(), db, 7, "", 3)
		if err != nil || len(lines) != 3 || lines[0].PrincipalAfter != 10000 {
			t.Fatalf("%+v, %v", lines, err)
		}
		if rest, err := wallet.Statement(t.Context(), db, 7, lines[2].ID, 10); err != nil || len(rest) != 2 || rest[1].Kind != wallet.TopUpKind {
			t.Errorf("%+v, %v", rest, err)
		}
		agrees(t, db)
	})
}

func TestSpendOrders(t *testing.T) {
	db := storetest.Open(t)
	p := open(db)
	for i, c := range []struct {
		order           string
		principal, gift int64
	}{{wallet.PrincipalFirst, 300, 0}, {wallet.GiftFirst, 200, 100}, {wallet.Proportional, 272, 28}} {
		rules := wallet.Default()
		rules.SpendOrder = c.order
		if err := rules.Check(); err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(t.Context(), func(tx *store.Tx) error {
			_, err := settings.Put(t.Context(), tx, wallet.SettingName, rules, "stf", start)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		customer := uint32(i + 1)
		if _, err := p.topUp(wallet.TopUp{Key: fmt.Sprint("t", i), Customer: customer, PrincipalFen: 1000, GiftFen: 100}); err != nil {
			t.Fatal(err)
		}
		m, err := p.spend(wallet.Spend{Key: fmt.Sprint("s", i), Customer: customer, Fen: 300, Order: "ord_1"})
		if err != nil || m.PrincipalFen != -c.principal || m.GiftFen != -c.gift {
			t.Errorf("%s: %+v, %v", c.order, m, err)
		}
	}
	if err := (wallet.Rules{SpendOrder: "luck"}).Check(); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
	agrees(t, db)
}

func TestGiftsExpireInTheirOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(db)
		for i, days := range []int{30, 10, 20} {
			if _, err := p.topUp(wallet.TopUp{Key: fmt.Sprint("t", i), Customer: 7, GiftFen: 100, ExpiresAt: start.AddDate(0, 0, days), Campaign: fmt.Sprint("cam_", days)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.spend(wallet.Spend{Key: "s1", Customer: 7, Fen: 150, Order: "ord_1"}); err != nil { // all of day 10, half of day 20
			t.Fatal(err)
		}
		p.now.Set(start.AddDate(0, 0, 25))
		p.holds(t, 7, 0, 100)
		if _, err := p.spend(wallet.Spend{Key: "s2", Customer: 7, Fen: 101, Order: "ord_2"}); !errs.Is(err, errs.Conflict) {
			t.Errorf("an expired gift was spent: %v", err)
		}
		if n, err := p.Expire(t.Context(), 10); err != nil || n != 1 {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := p.Expire(t.Context(), 10); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := p.refund(wallet.Refund{Key: "r1", Spend: "s1", Fen: 150}); err != nil {
			t.Fatal(err)
		}
		p.holds(t, 7, 0, 250) // both came back for a week
		p.now.Advance(7 * 24 * time.Hour)
		p.holds(t, 7, 0, 0)
		if _, err := p.topUp(wallet.TopUp{Key: "t9", Customer: 7, GiftFen: 1, ExpiresAt: start}); !errs.Is(err, errs.Invalid) {
			t.Errorf("a gift that is over: %v", err)
		}
		if _, err := p.Expire(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		lines, _, err := ledger.Statement(t.Context(), db, ledger.Filter{Account: money.GiftBreakage, Campaign: "cam_20"}, "", 10)
		if err != nil || len(lines) != 2 || lines[0].AmountFen+lines[1].AmountFen != -100 {
			t.Errorf("%+v, %v", lines, err)
		}
		agrees(t, db)
	})
}

func TestFrozen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(db)
		if _, err := p.topUp(wallet.TopUp{Key: "t1", Customer: 7, PrincipalFen: 500}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.spend(wallet.Spend{Key: "s1", Customer: 7, Fen: 100, Order: "ord_1"}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Freeze(t.Context(), 7, true, ""); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		if w, err := p.Freeze(t.Context(), 7, true, "lost phone"); err != nil || !w.Frozen || w.PrincipalFen != 400 {
			t.Errorf("%+v, %v", w, err)
		}
		if _, err := p.spend(wallet.Spend{Key: "s2", Customer: 7, Fen: 1, Order: "ord_1"}); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		if _, err := p.withdraw(wallet.Withdraw{Key: "w1", Customer: 7, Fen: 1}); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		if _, err := p.refund(wallet.Refund{Key: "r1", Spend: "s1", Fen: 100}); err != nil {
			t.Error(err)
		}
		if w, err := p.Freeze(t.Context(), 7, false, ""); err != nil || w.Frozen {
			t.Errorf("%+v, %v", w, err)
		}
		if _, err := p.withdraw(wallet.Withdraw{Key: "w2", Customer: 7, Fen: 501}); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		if _, err := p.withdraw(wallet.Withdraw{Key: "w3", Customer: 7, Fen: 500}); err != nil {
			t.Error(err)
		}
		p.holds(t, 7, 0, 0)
		agrees(t, db)
	})
}

// Fifty spend at once what suffices for twenty: exactly twenty succeed.
func TestFiftyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(db)
		if _, err := p.topUp(wallet.TopUp{Key: "t1", Customer: 7, PrincipalFen: 1500, GiftFen: 550}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var done atomic.Int64
		for i := range 50 {
			wg.Go(func() {
				_, err := p.spend(wallet.Spend{Key: fmt.Sprint("s", i), Customer: 7, Fen: 100, Order: fmt.Sprint("ord_", i)})
				switch {
				case err == nil:
					done.Add(1)
				case !errs.Is(err, errs.Conflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if done.Load() != 20 {
			t.Errorf("%d succeeded", done.Load())
		}
		p.holds(t, 7, 0, 50)
		for i := range 20 { // and the same request twenty times at once is one
			wg.Go(func() {
				if _, err := p.topUp(wallet.TopUp{Key: "once", Customer: 8, PrincipalFen: 5, GiftFen: 1}); err != nil {
					t.Error(i, err)
				}
			})
		}
		wg.Wait()
		p.holds(t, 8, 5, 1)
		agrees(t, db)
	})
}

// TestStreams runs random streams of everything that happens to wallets: at every step the books are balanced, the accounts
// equal the wallets, and of every spending what came back is what it took.
func TestStreams(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(db)
		mover := wallet.Mover{Now: p.now.Now}
		type spending struct {
			key  string
			left int64
		}
		var spends []spending
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			if n > 400 {
				return
			}
			rules := wallet.Default()
			rules.SpendOrder = rapid.SampledFrom([]string{wallet.PrincipalFirst, wallet.GiftFirst, wallet.Proportional}).Draw(rt, "rules")
			if err := db.Tx(t.Context(), func(tx *store.Tx) error {
				_, err := settings.Put(t.Context(), tx, wallet.SettingName, rules, "stf", p.now.Now())
				return err
			}); err != nil {
				rt.Fatal(err)
			}
			for range rapid.IntRange(1, 8).Draw(rt, "steps") {
				n++
				key, customer := fmt.Sprint("k", n), uint32(rapid.IntRange(1, 3).Draw(rt, "customer"))
				var err error
				switch rapid.IntRange(0, 7).Draw(rt, "what") {
				case 0, 1:
					_, err = p.topUp(wallet.TopUp{Key: key, Customer: customer, PrincipalFen: rapid.Int64Range(0, 9999).Draw(rt, "p"), GiftFen: rapid.Int64Range(1, 999).Draw(rt, "g"),
						ExpiresAt: p.now.Now().AddDate(0, 0, rapid.IntRange(1, 20).Draw(rt, "days"))})
				case 2, 3:
					fen := rapid.Int64Range(1, 5000).Draw(rt, "fen")
					if _, err = p.spend(wallet.Spend{Key: key, Customer: customer, Fen: fen, Order: "ord_" + key}); err == nil {
						spends = append(spends, spending{key, fen})
					}
				case 4, 5:
					if len(spends) == 0 {
						continue
					}
					i := rapid.IntRange(0, len(spends)-1).Draw(rt, "spend")
					fen := rapid.Int64Range(1, 5000).Draw(rt, "back")
					if _, err = p.refund(wallet.Refund{Key: key, Spend: spends[i].key, Fen: fen}); err == nil {
						spends[i].left -= fen
					}
					if spends[i].left < 0 {
						rt.Fatalf("%d above what was spent came back", -spends[i].left)
					}
				case 6:
					p.now.Advance(5 * 24 * time.Hour)
					if rapid.Bool().Draw(rt, "sweep") {
						_, err = p.Expire(t.Context(), 100)
					}
				case 7:
					other := customer%3 + 1
					err = db.Tx(t.Context(), func(tx *store.Tx) error {
						records, err := mover.MoveCustomers(t.Context(), tx, map[uint32]uint32{customer: other})
						if err != nil || records[customer] == nil || !rapid.Bool().Draw(rt, "undo") {
							return err
						}
						if _, err := p.Spend(t.Context(), tx, wallet.Spend{Key: key, Customer: other, Fen: 700, Order: "ord_m"}); err != nil && !errs.Is(err, errs.Conflict) {
							return err
						}
						return mover.ReturnCustomer(t.Context(), tx, customer, other, records[customer])
					})
				}
				if err != nil && !errs.Is(err, errs.Conflict) {
					rt.Fatal(err)
				}
			}
			agrees(rt, db)
		})
		type apart struct {
			Move string `db:"id"`
		}
		bad, err := store.All[apart](t.Context(), db, `SELECT m.id FROM wallet_moves m LEFT JOIN wallet_uses u ON u.move_id = m.id WHERE m.kind = 'spend'
			GROUP BY m.id, m.gift_fen, m.back_gift_fen HAVING COALESCE(SUM(u.amount_fen), 0) <> -m.gift_fen OR COALESCE(SUM(u.back_fen), 0) <> m.back_gift_fen`)
		if err != nil || len(bad) > 0 {
			t.Errorf("%+v, %v", bad, err)
		}
	})
}
