package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/finance/ledger"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

var (
	start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	zone  = time.FixedZone("CST", 8*3600)
)

func books(db *store.DB) (*ledger.Service, *clock.Manual) {
	now := clock.NewManual(start)
	return ledger.NewService(db, now.Now, zone), now
}

func post(ctx context.Context, db *store.DB, s *ledger.Service, e money.Entry) error {
	return db.Tx(ctx, func(tx *store.Tx) error { return s.Post(ctx, tx, e) })
}

func paid(key string, at time.Time, fen int64) money.Entry {
	return money.Entry{Key: key, At: at, Reason: "order.paid", Order: "ord_" + key, Customer: 7, Moves: []money.Move{{Debit: money.Wechat, Credit: money.Deferred, Fen: fen}}}
}

func TestPostOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, _ := books(db)
		e := paid("1", start, 900)
		e.Moves = append(e.Moves, money.Move{Debit: money.CouponCost, Credit: money.Deferred, Fen: 100, Campaign: "cam_1", Layer: "vip"}, money.Move{Debit: money.Points, Credit: money.Deferred})
		for range 2 {
			if err := post(ctx, db, s, e); err != nil {
				t.Fatal(err)
			}
		}
		trail, err := ledger.Trail(ctx, db, "ord_1")
		if err != nil || len(trail) != 1 || len(trail[0].Moves) != 2 || trail[0].TotalFen != 1000 || trail[0].Day != "2026-03-01" {
			t.Fatalf("%+v, %v", trail, err)
		}
		if m := trail[0].Moves[1]; m.Customer != 7 || m.Campaign != "cam_1" || m.Layer != "vip" {
			t.Errorf("%+v", m)
		}
		e.Moves[0].Fen = 901
		if err := post(ctx, db, s, e); !errs.Is(err, errs.Conflict) {
			t.Errorf("the key with another amount: %v", err)
		}
		for name, bad := range map[string]money.Move{
			"negative": {Debit: money.Wechat, Credit: money.Deferred, Fen: -1}, "no account": {Debit: "x", Credit: money.Deferred, Fen: 1},
			"to itself": {Debit: money.Wechat, Credit: money.Wechat, Fen: 1}, "too much": {Debit: money.Wechat, Credit: money.Deferred, Fen: 1 << 60},
		} {
			if err := post(ctx, db, s, money.Entry{Key: name, At: start, Reason: "x.y", Moves: []money.Move{bad}}); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := post(ctx, db, s, money.Entry{Key: "nothing", At: start, Reason: "x.y", Moves: []money.Move{{Debit: money.Wechat, Credit: money.Deferred}}}); err != nil {
			t.Errorf("nothing: %v", err)
		}
		if all, _, err := ledger.Journal(ctx, db, "", "", "", "", 10); err != nil || len(all) != 1 {
			t.Errorf("%d entries, %v", len(all), err)
		}
	})
}

func TestBookedIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, _ := books(db)
		if err := post(ctx, db, s, paid("1", start, 900)); err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{
			`UPDATE ledger_entries SET note = 'x'`, `DELETE FROM ledger_entries`, `UPDATE ledger_moves SET amount_fen = 1`, `DELETE FROM ledger_moves WHERE n = 1`,
			`INSERT INTO ledger_moves (entry_id, n, day, debit, credit, amount_fen, customer, campaign, layer) VALUES ('ent_none', 1, '2026-03-01', 'bank', 'wechat', 1, 0, '', '')`,
			`INSERT INTO ledger_moves (entry_id, n, day, debit, credit, amount_fen, customer, campaign, layer) SELECT id, 9, day, 'bank', 'bank', 1, 0, '', '' FROM ledger_entries`,
			`INSERT INTO ledger_moves (entry_id, n, day, debit, credit, amount_fen, customer, campaign, layer) SELECT id, 9, day, 'bank', 'wechat', 0, 0, '', '' FROM ledger_entries`,
		} {
			if n, err := db.Exec(ctx, q); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %d rows, %v", q, n, err)
			}
		}
	})
}

func TestClose(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, now := books(db)
		for i := range 3 {
			if err := post(ctx, db, s, paid(fmt.Sprint(i), start.AddDate(0, 0, i), 100)); err != nil {
				t.Fatal(err)
			}
		}
		now.Set(start.AddDate(0, 0, 2))
		for day, want := range map[string]errs.Kind{"2026-03-03": errs.Invalid, "2026-3-1": errs.Invalid, "": errs.Invalid} {
			if _, err := s.Close(ctx, day, "stf_1", ""); !errs.Is(err, want) {
				t.Errorf("close %q: %v", day, err)
			}
		}
		closed, err := s.Close(ctx, "2026-03-02", "stf_1", "checked")
		if err != nil || closed.Entries != 2 || closed.TotalFen != 200 {
			t.Fatalf("%+v, %v", closed, err)
		}
		if _, err := s.Close(ctx, "2026-03-01", "stf_1", ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("close again: %v", err)
		}
		late := paid("late", start, 50)
		if err := post(ctx, db, s, late); !errs.Is(err, errs.Conflict) {
			t.Errorf("a closed day took an entry: %v", err)
		}
		if err := post(ctx, db, s, paid("1", start.AddDate(0, 0, 1), 100)); err != nil {
			t.Errorf("a repetition after the close: %v", err)
		}
		late.OrToday = true
		if err := post(ctx, db, s, late); err != nil {
			t.Fatal(err)
		}
		if got, err := ledger.Trail(ctx, db, "ord_late"); err != nil || got[0].Day != "2026-03-03" || !got[0].At.Equal(start) || got[0].Moves[0].Day != "2026-03-03" {
			t.Errorf("%+v, %v", got, err)
		}
		if b, err := ledger.BalanceOf(ctx, db, money.Wechat); err != nil || b != 350 {
			t.Errorf("%d, %v", b, err)
		}
		trial, err := ledger.TrialBalance(ctx, db, "2026-03-02", "2026-03-03")
		if err != nil || trial.DifferenceFen != 0 || trial.DebitFen != 250 || trial.CreditFen != 250 || trial.ClosedThrough != "2026-03-02" {
			t.Fatalf("%+v, %v", trial, err)
		}
		if w := trial.Accounts[0]; w.Account != money.Wechat || w.OpeningFen != 100 || w.DebitFen != 250 || w.ClosingFen != 350 {
			t.Errorf("%+v", w)
		}
		clean(t, db)
	})
}

func clean(t testing.TB, db *store.DB) {
	t.Helper()
	results, err := ledger.Audit(context.Background(), db)
	if err != nil || len(results) < 4 {
		t.Fatal(results, err)
	}
	for _, r := range results {
		if len(r.Differences) > 0 {
			t.Errorf("%s: %+v", r.Name, r.Differences)
		}
	}
}

func TestAuditSees(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, _ := books(db)
		if err := post(ctx, db, s, paid("1", start, 100)); err != nil {
			t.Fatal(err)
		}
		if err := post(ctx, db, s, money.Entry{Key: "2", At: start, Reason: "order.finished", Order: "ord_1", Moves: []money.Move{{Debit: money.Deferred, Credit: money.Revenue, Fen: 130}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(ctx, `INSERT INTO ledger_moves (entry_id, n, day, debit, credit, amount_fen, customer, campaign, layer) SELECT id, 7, day, 'bank', 'wechat', 5, 0, '', '' FROM ledger_entries WHERE key = '1'`); err != nil {
			t.Fatal(err)
		}
		results, err := ledger.Audit(ctx, db, ledger.Equal("points", money.Points, func(context.Context, store.Querier) (int64, error) { return 3, nil }))
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, r := range results {
			for _, d := range r.Differences {
				found = append(found, fmt.Sprintf("%s %d %d", d.Check, d.Want, d.Got))
			}
		}
		if want := []string{"entries and their moves 100 105", "order trails 0 -30", "points 3 0"}; !slices.Equal(found, want) {
			t.Errorf("%q", found)
		}
	})
}

// Nothing lands on a day after it is closed, however close and booking race.
func TestCloseWhileBooking(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, now := books(db)
		now.Set(start.AddDate(0, 0, 1))
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 12 {
					e := paid(fmt.Sprintf("%d-%d", w, i), start, 1)
					e.OrToday = true
					if err := post(ctx, db, s, e); err != nil {
						t.Error(err)
					}
				}
			})
		}
		closed, err := s.Close(ctx, "2026-03-01", "stf_1", "")
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		n, err := store.One[int64](ctx, db, `SELECT COUNT(*) FROM ledger_entries WHERE day = '2026-03-01'`)
		if err != nil || n != closed.Entries {
			t.Errorf("%d on the closed day, %d when it was closed, %v", n, closed.Entries, err)
		}
		clean(t, db)
	})
}

// TestBooks posts random entries over some days with closes between: the trial balance is zero at every step, statements
// page through every move once, and their running balances end in the account's.
func TestBooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, now := books(db)
		var accounts []money.Account
		for _, a := range ledger.Chart() {
			accounts = append(accounts, a.Account)
		}
		accounts = accounts[:6]
		want := map[money.Account]int64{}
		lines := map[money.Account]int{}
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			if n > 150 {
				return // the books only grow
			}
			for range rapid.IntRange(1, 4).Draw(rt, "entries") {
				n++
				e := money.Entry{Key: fmt.Sprint(n), At: now.Now(), Reason: "x.y", Customer: uint32(n % 3)}
				for range rapid.IntRange(1, 4).Draw(rt, "moves") {
					i := rapid.IntRange(0, 5).Draw(rt, "debit")
					j := (i + rapid.IntRange(1, 5).Draw(rt, "credit")) % 6
					m := money.Move{Debit: accounts[i], Credit: accounts[j], Fen: rapid.Int64Range(0, 1_000_000).Draw(rt, "fen")}
					e.Moves = append(e.Moves, m)
					want[m.Debit] += m.Fen
					want[m.Credit] -= m.Fen
					if m.Fen > 0 {
						lines[m.Debit]++
						lines[m.Credit]++
					}
				}
				if err := post(ctx, db, s, e); err != nil {
					rt.Fatal(err)
				}
			}
			if rapid.IntRange(0, 5).Draw(rt, "close") == 0 {
				day := s.Today()
				now.Advance(24 * time.Hour)
				if _, err := s.Close(ctx, day, "stf_1", ""); err != nil {
					rt.Fatal(err)
				}
			}
			trial, err := ledger.TrialBalance(ctx, db, "2026-01-01", "2027-12-31")
			if err != nil || trial.DifferenceFen != 0 || trial.DebitFen != trial.CreditFen {
				rt.Fatalf("%+v, %v", trial, err)
			}
		})
		for _, a := range accounts {
			if b, err := ledger.BalanceOf(ctx, db, a); err != nil || b != want[a] {
				t.Errorf("%s: %d, want %d, %v", a, b, want[a], err)
			}
			seen, after, balance := 0, "", want[a]
			for {
				page, next, err := ledger.Statement(ctx, db, ledger.Filter{Account: a}, after, 7)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range page {
					if l.BalanceFen != balance {
						t.Fatalf("%s: %+v, want balance %d", a, l, balance)
					}
					balance -= l.AmountFen
				}
				seen += len(page)
				if after = next; next == "" {
					break
				}
			}
			if seen != lines[a] || balance != 0 {
				t.Errorf("%s: %d of %d lines, %d left", a, seen, lines[a], balance)
			}
		}
		clean(t, db)
	})
}
