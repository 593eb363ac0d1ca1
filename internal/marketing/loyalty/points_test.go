package loyalty_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// tally is a set of books that only adds up; the real ones are checked together with points in internal/app.
type tally struct {
	sync.Mutex
	fen map[money.Account]int64
}

func (b *tally) Post(_ context.Context, tx *store.Tx, e money.Entry) error {
	for _, m := range e.Moves {
		if m.Fen < 0 {
			return fmt.Errorf("%+v", e)
		}
	}
	tx.AfterCommit(func() {
		b.Lock()
		defer b.Unlock()
		for _, m := range e.Moves {
			b.fen[m.Debit] += m.Fen
			b.fen[m.Credit] -= m.Fen
		}
	})
	return nil
}

type card struct {
	*loyalty.Service
	db    *store.DB
	now   *clock.Manual
	books *tally
}

func open(db *store.DB) card {
	now, books := clock.NewManual(start), &tally{fen: map[money.Account]int64{}}
	return card{loyalty.NewService(db, books, now.Now), db, now, books}
}

func within[C any](c card, do func(context.Context, *store.Tx, C) (loyalty.Move, error), words C) (m loyalty.Move, err error) {
	err = c.db.Tx(context.Background(), func(tx *store.Tx) error { m, err = do(context.Background(), tx, words); return err })
	return m, err
}

func (c card) set(t testing.TB, rules loyalty.Rules) {
	t.Helper()
	if err := rules.Check(); err != nil {
		t.Fatal(err)
	}
	err := c.db.Tx(t.Context(), func(tx *store.Tx) error {
		_, err := settings.Put(t.Context(), tx, loyalty.SettingName, rules, "stf", c.now.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c card) holds(t testing.TB, customer uint32, points, owed int64) {
	t.Helper()
	a, err := loyalty.Get(context.Background(), c.db, customer, c.now.Now())
	if err != nil || a.Points != points || a.Owed != owed {
		t.Errorf("%d has %d points and owes %d, want %d and %d, %v", customer, a.Points, a.Owed, points, owed, err)
	}
}

// fatal is what a test and a property have in common.
type fatal interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// agrees checks that the books' account is the value of the batches, and every account its lines and batches.
func (c card) agrees(t fatal) {
	t.Helper()
	sums, err := loyalty.Sums(context.Background(), c.db)
	if err != nil {
		t.Fatal(err)
	}
	c.books.Lock()
	defer c.books.Unlock()
	if sums.ValueFen != -c.books.fen[money.Points] {
		t.Errorf("batches are worth %d, the account is %d", sums.ValueFen, -c.books.fen[money.Points])
	}
	apart, err := loyalty.Disagree(context.Background(), c.db)
	if err != nil || len(apart) > 0 {
		t.Errorf("%+v, %v", apart, err)
	}
}

func TestRules(t *testing.T) {
	r := loyalty.Default()
	r.LevelPercent["gold"] = 150
	r.LevelPercent["none"] = 0
	for _, c := range []struct {
		paid  int64
		level string
		want  int64
	}{{9999, "", 99}, {9999, "gold", 149}, {10000, "gold", 150}, {99, "", 0}, {-5, "", 0}, {10000, "none", 0}, {1 << 60, "", 0}} {
		if got := r.Earned(c.paid, c.level); got != c.want {
			t.Errorf("%d fen at %q earn %d, want %d", c.paid, c.level, got, c.want)
		}
	}
	if got := r.Worth(1234); got != 1234 {
		t.Error(got)
	}
	for _, bad := range []func(*loyalty.Rules){
		func(r *loyalty.Rules) { r.FenPerPoint = 0 }, func(r *loyalty.Rules) { r.FenPer100Points = -1 }, func(r *loyalty.Rules) { r.MostPercent = 101 },
		func(r *loyalty.Rules) { r.Days = -1 }, func(r *loyalty.Rules) { r.ReturnedDays = 366 }, func(r *loyalty.Rules) { r.LevelPercent["x"] = -1 },
	} {
		r := loyalty.Default()
		if bad(&r); !errs.Is(r.Check(), errs.Invalid) {
			t.Errorf("%+v", r)
		}
	}
}

func TestBurnAndReturn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := open(db)
		if _, err := within(c, c.Earn, loyalty.Earn{Key: "e1", Customer: 7, Points: 1000, Reason: "order", Order: "ord_0"}); err != nil {
			t.Fatal(err)
		}
		dear := loyalty.Default()
		dear.FenPer100Points = 50 // from now on a point pays half of what it was given at
		c.set(t, dear)
		if _, err := within(c, c.Burn, loyalty.Burn{Key: "b1", Customer: 7, Points: 301, Fen: 301, Order: "ord_1"}); !errs.Is(err, errs.Conflict) {
			t.Errorf("an old quote: %v", err)
		}
		m, err := within(c, c.Burn, loyalty.Burn{Key: "b1", Customer: 7, Points: 301, Fen: 150, Order: "ord_1"})
		if err != nil || m.Points != -301 || m.ValueFen != -301 || m.PointsAfter != 699 {
			t.Fatalf("%+v, %v", m, err)
		}
		if again, err := within(c, c.Burn, loyalty.Burn{Key: "b1", Customer: 7, Points: 301, Fen: 150, Order: "ord_1"}); err != nil || again.ID != m.ID {
			t.Errorf("%+v, %v", again, err)
		}
		if _, err := within(c, c.Burn, loyalty.Burn{Key: "b2", Customer: 7, Points: 700, Fen: 350, Order: "ord_1"}); !errs.Is(err, errs.Conflict) {
			t.Errorf("more than there is: %v", err)
		}
		if fen := c.books.fen[money.Deferred]; fen != -150 {
			t.Errorf("deferred %d", fen)
		}
		for i, r := range []struct {
			points int64
			want   errs.Kind
		}{{100, ""}, {201, ""}, {1, errs.Conflict}, {0, errs.Invalid}, {-1, errs.Invalid}} {
			burnt, err := loyalty.OfOrder(t.Context(), db, "ord_1")
			if err != nil {
				t.Fatal(err)
			}
			fen := int64(0)
			if r.want == "" {
				fen = burnt[0].Part(r.points)
			}
			if _, err := within(c, c.Return, loyalty.Return{Key: fmt.Sprint("r", i), Burn: "b1", Points: r.points, Fen: fen}); errs.KindOf(err) != r.want {
				t.Errorf("%d points: %v", r.points, err)
			}
		}
		c.holds(t, 7, 1000, 0)
		if c.books.fen[money.Deferred] != 0 || c.books.fen[money.Points] != -1000 {
			t.Errorf("%+v", c.books.fen)
		}
		if _, err := within(c, c.Return, loyalty.Return{Key: "r8", Burn: "e1", Points: 1}); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		c.agrees(t)
	})
}

func TestRevoke(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := open(db)
		earn := func(key string, points int64) {
			t.Helper()
			if _, err := within(c, c.Earn, loyalty.Earn{Key: key, Customer: 7, Points: points, Order: "ord_" + key}); err != nil {
				t.Fatal(err)
			}
		}
		earn("e1", 100)
		earn("e2", 50)
		if _, err := within(c, c.Burn, loyalty.Burn{Key: "b1", Customer: 7, Points: 120, Fen: 120, Order: "ord_9"}); err != nil {
			t.Fatal(err)
		}
		m, err := within(c, c.Revoke, loyalty.Revoke{Key: "v1", Earn: "e1", Points: 70}) // 30 are left, of e2
		if err != nil || m.Points != -30 || m.Owed != 40 {
			t.Errorf("%+v, %v", m, err)
		}
		if again, err := within(c, c.Revoke, loyalty.Revoke{Key: "v1", Earn: "e1", Points: 70}); err != nil || again.ID != m.ID {
			t.Errorf("%+v, %v", again, err)
		}
		if _, err := within(c, c.Revoke, loyalty.Revoke{Key: "v2", Earn: "e1", Points: 31}); !errs.Is(err, errs.Conflict) {
			t.Errorf("more than was earned: %v", err)
		}
		c.holds(t, 7, 0, 40)
		earn("e3", 25)
		c.holds(t, 7, 0, 15)
		if _, err := within(c, c.Return, loyalty.Return{Key: "r1", Burn: "b1", Points: 20, Fen: 20}); err != nil {
			t.Fatal(err)
		}
		c.holds(t, 7, 5, 0)
		c.agrees(t)
	})
}

func TestExpiryFirstInFirstOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := open(db)
		for i, days := range []int{30, 10, 20} {
			if _, err := within(c, c.Earn, loyalty.Earn{Key: fmt.Sprint("e", i), Customer: 7, Points: 100, ExpiresAt: start.AddDate(0, 0, days)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := within(c, c.Burn, loyalty.Burn{Key: "b1", Customer: 7, Points: 150, Fen: 150, Order: "ord_1"}); err != nil {
			t.Fatal(err)
		}
		c.now.Set(start.AddDate(0, 0, 25))
		c.holds(t, 7, 100, 0)
		if _, err := within(c, c.Burn, loyalty.Burn{Key: "b2", Customer: 7, Points: 101, Fen: 101, Order: "ord_2"}); !errs.Is(err, errs.Conflict) {
			t.Errorf("expired points were used: %v", err)
		}
		if n, err := c.Expire(t.Context(), 10); err != nil || n != 1 {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := c.Expire(t.Context(), 10); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
		if fen := c.books.fen[money.PointsBreakage]; fen != -50 {
			t.Errorf("breakage %d", fen)
		}
		if _, err := within(c, c.Return, loyalty.Return{Key: "r1", Burn: "b1", Points: 150, Fen: 150}); err != nil {
			t.Fatal(err)
		}
		c.holds(t, 7, 250, 0) // all of it came back, for a week
		c.now.Advance(7 * 24 * time.Hour)
		c.holds(t, 7, 0, 0)
		c.agrees(t)
	})
}

// TestPointsRace: macrozheng/mall issue 299. Of many orders at once that use the same points, as many succeed as there are
// points for, and the account is never below zero.
func TestPointsRace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := open(db)
		for i := range 3 {
			if _, err := within(c, c.Earn, loyalty.Earn{Key: fmt.Sprint("e", i), Customer: 7, Points: 350}); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		var done atomic.Int64
		for i := range 50 {
			wg.Go(func() {
				_, err := within(c, c.Burn, loyalty.Burn{Key: fmt.Sprint("b", i), Customer: 7, Points: 100, Fen: 100, Order: fmt.Sprint("ord_", i)})
				switch {
				case err == nil:
					done.Add(1)
				case !errs.Is(err, errs.Conflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if done.Load() != 10 {
			t.Errorf("%d succeeded", done.Load())
		}
		c.holds(t, 7, 50, 0)
		c.agrees(t)
	})
}

// TestStreams runs random streams of everything that happens to points, with rules that change.
func TestStreams(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := open(db)
		mover := loyalty.Mover{Now: c.now.Now}
		var earns, burns []string
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			if n > 400 {
				return
			}
			rules := loyalty.Default()
			rules.FenPer100Points = rapid.SampledFrom([]int64{0, 33, 100, 170}).Draw(rt, "rate")
			c.set(t, rules)
			for range rapid.IntRange(1, 8).Draw(rt, "steps") {
				n++
				key, customer := fmt.Sprint("k", n), uint32(rapid.IntRange(1, 3).Draw(rt, "customer"))
				points := rapid.Int64Range(1, 900).Draw(rt, "points")
				pick := func(from []string) string { return from[rapid.IntRange(0, len(from)-1).Draw(rt, "of")] }
				var err error
				switch what := rapid.IntRange(0, 9).Draw(rt, "what"); {
				case what < 3:
					if _, err = within(c, c.Earn, loyalty.Earn{Key: key, Customer: customer, Points: points, ExpiresAt: c.now.Now().AddDate(0, 0, rapid.IntRange(1, 20).Draw(rt, "days"))}); err == nil {
						earns = append(earns, key)
					}
				case what < 5:
					if _, err = within(c, c.Burn, loyalty.Burn{Key: key, Customer: customer, Points: points, Fen: rules.Worth(points), Order: "ord_" + key}); err == nil {
						burns = append(burns, key)
					}
				case what == 5 && len(burns) > 0:
					burn := pick(burns)
					was, e := store.One[loyalty.Move](t.Context(), db, `SELECT * FROM points_moves WHERE key = ?`, burn)
					if e != nil {
						rt.Fatal(e)
					}
					if points = min(points, -was.Points-was.BackPoints); points > 0 {
						_, err = within(c, c.Return, loyalty.Return{Key: key, Burn: burn, Points: points, Fen: was.Part(points)})
					}
				case what == 6 && len(earns) > 0:
					_, err = within(c, c.Revoke, loyalty.Revoke{Key: key, Earn: pick(earns), Points: points})
				case what == 7:
					c.now.Advance(5 * 24 * time.Hour)
					if rapid.Bool().Draw(rt, "sweep") {
						_, err = c.Expire(t.Context(), 100)
					}
				case what == 8:
					other := customer%3 + 1
					err = db.Tx(t.Context(), func(tx *store.Tx) error {
						records, err := mover.MoveCustomers(t.Context(), tx, map[uint32]uint32{customer: other})
						if err != nil || records[customer] == nil || !rapid.Bool().Draw(rt, "undo") {
							return err
						}
						if _, err := c.Burn(t.Context(), tx, loyalty.Burn{Key: key, Customer: other, Points: 300, Fen: rules.Worth(300), Order: "ord_m"}); err != nil && !errs.Is(err, errs.Conflict) {
							return err
						}
						return mover.ReturnCustomer(t.Context(), tx, customer, other, records[customer])
					})
				}
				if err != nil && !errs.Is(err, errs.Conflict) {
					rt.Fatal(err)
				}
			}
			c.agrees(rt)
		})
		if bad, err := store.All[string](t.Context(), db, `SELECT m.id FROM points_moves m LEFT JOIN points_uses u ON u.move_id = m.id WHERE m.kind = 'burn'
			GROUP BY m.id, m.points, m.back_points HAVING COALESCE(SUM(u.points), 0) <> -m.points OR COALESCE(SUM(u.back_points), 0) <> m.back_points`); err != nil || len(bad) > 0 {
			t.Errorf("%q, %v", bad, err)
		}
	})
}
