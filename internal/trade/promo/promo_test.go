package promo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

var start = time.Date(2026, 11, 10, 4, 0, 0, 0, time.UTC)

// tenOff is a coupon of 10.00 off from 100.00, good for a week.
func tenOff() promo.Draft {
	return promo.Draft{Kind: promo.Coupons, Name: "满100减10", Terms: promo.Terms{Coupon: &promo.CouponTerms{
		Gives: pricing.Coupon{Kind: pricing.KindCouponFull, ThresholdFen: 10000, OffFen: 1000}, Valid: promo.Validity{Days: 7}, Open: true,
	}}}
}

type world struct {
	t   *testing.T
	db  *store.DB
	clk *clock.Manual
	*promo.Service
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clk := clock.NewManual(start)
		test(t, &world{t, db, clk, promo.NewService(db, clk.Now, time.UTC)})
	})
}

func (w *world) make(d promo.Draft) promo.Promotion {
	w.t.Helper()
	p, err := w.Create(w.t.Context(), d, "stf_1")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) claim(promotion string, customer uint32) promo.Coupon {
	w.t.Helper()
	c, err := w.Claim(w.t.Context(), promo.Claiming{Request: fmt.Sprintf("%s-%d", promotion, customer), Promotion: promotion, Person: promo.Person{Customer: customer}})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) tx(f func(tx *store.Tx) error) error { return w.db.Tx(w.t.Context(), f) }

func (w *world) lock(order string, customer uint32, uses ...promo.Use) error {
	return w.tx(func(tx *store.Tx) error { return w.Lock(w.t.Context(), tx, order, customer, uses) })
}

func (w *world) redeem(order string) (costs []promo.Cost) {
	w.t.Helper()
	err := w.tx(func(tx *store.Tx) (err error) {
		costs, err = w.Redeem(w.t.Context(), tx, order)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return costs
}

func (w *world) giveBack(order string, coupons ...string) (costs []promo.Cost) {
	w.t.Helper()
	err := w.tx(func(tx *store.Tx) (err error) {
		costs, err = w.Return(w.t.Context(), tx, order, coupons...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return costs
}

// facts returns the names of the facts in the outbox, and fails when an id is there twice.
func (w *world) facts() (names []string) {
	w.t.Helper()
	seen := map[string]bool{}
	bodies, err := store.All[string](w.t.Context(), w.db, `SELECT facts FROM outbox ORDER BY id`)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range bodies {
		var all []event.Fact
		if err := json.Unmarshal([]byte(b), &all); err != nil {
			w.t.Fatal(err)
		}
		for _, f := range all {
			if seen[f.ID] {
				w.t.Errorf("fact %s twice", f.ID)
			}
			seen[f.ID] = true
			names = append(names, fmt.Sprintf("%s %s %d", f.Name, f.Detail, f.Amount))
		}
	}
	return names
}

func (w *world) state(coupon string) promo.State {
	w.t.Helper()
	s, err := store.One[string](w.t.Context(), w.db, `SELECT state FROM coupons WHERE id = ?`, coupon)
	if err != nil {
		w.t.Fatal(err)
	}
	return promo.State(s)
}

func TestLifeOfACoupon(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.make(tenOff())
		c := w.claim(p.ID, 7)
		if again := w.claim(p.ID, 7); !cmp.Equal(c, again) {
			t.Fatal(cmp.Diff(c, again))
		}
		if c.State != promo.Unused || !c.ValidUntil.Equal(start.Add(7*24*time.Hour)) {
			t.Fatalf("%+v", c)
		}
		use := promo.Use{Coupon: c.ID, Fen: 1000}
		for name, err := range map[string]error{
			"another's": w.lock("o1", 8, use), "unknown": w.lock("o1", 7, promo.Use{Coupon: "cpn_none"}),
		} {
			if !errs.Is(err, errs.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.lock("o1", 7, promo.Use{Coupon: c.ID, Fen: -1}); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		for range 2 { // placing again is placing once
			if err := w.lock("o1", 7, use); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.lock("o2", 7, use); !errs.Is(err, errs.Conflict) {
			t.Errorf("locked twice: %v", err)
		}
		if got := w.giveBack("o2"); len(got) != 0 || w.state(c.ID) != promo.Locked {
			t.Errorf("another order gave it back: %+v", got)
		}
		// coupon not returned on cancel
		if got := w.giveBack("o1"); len(got) != 1 || got[0].Fen != 1000 || got[0].WasUsed || w.state(c.ID) != promo.Unused {
			t.Errorf("%+v", got)
		}
		if got := w.giveBack("o1"); len(got) != 0 {
			t.Errorf("back twice: %+v", got)
		}
		if err := w.lock("o2", 7, use); err != nil {
			t.Fatal(err)
		}
		if got := w.redeem("o2"); len(got) != 1 || got[0].Fen != 1000 || got[0].Order != "o2" || got[0].Promotion != p.ID {
			t.Errorf("%+v", got)
		}
		if got := w.redeem("o2"); len(got) != 0 {
			t.Errorf("cost twice: %+v", got)
		}
		if got := w.giveBack("o2", "cpn_other"); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		if got := w.giveBack("o2", c.ID); len(got) != 1 || !got[0].WasUsed || got[0].Fen != 1000 {
			t.Errorf("%+v", got)
		}
		w.clk.Advance(8 * 24 * time.Hour)
		if err := w.lock("o3", 7, use); !errs.Is(err, errs.Conflict) {
			t.Errorf("over: %v", err)
		}
		if n, err := w.Expire(t.Context()); err != nil || n != 1 || w.state(c.ID) != promo.Expired {
			t.Errorf("%d %v", n, err)
		}
		if n, err := w.Expire(t.Context()); err != nil || n != 0 {
			t.Errorf("%d %v", n, err)
		}
		want := []string{"coupon.claimed claim 0", "coupon.returned locked 1000", "coupon.used  1000", "coupon.returned used 1000", "coupon.expired  0"}
		if diff := cmp.Diff(want, w.facts()); diff != "" {
			t.Error(diff)
		}
		f, err := w.Figures(t.Context(), []string{p.ID})
		if err != nil || f[p.ID] != (promo.Figures{Given: 1, Expired: 1}) {
			t.Errorf("%+v %v", f, err)
		}
	})
}

// Named after what open shops lose: one coupon, five concurrent orders.
func TestOneCouponInConcurrentOrders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, orders := range []int{5, 50} {
			for round := range 4 {
				p := w.make(tenOff())
				c := w.claim(p.ID, 7)
				other := w.claim(w.make(tenOff()).ID, 7)
				var won atomic.Int64
				var all sync.WaitGroup
				for i := range orders {
					all.Go(func() {
						order := fmt.Sprintf("o-%d-%d-%d", orders, round, i)
						uses := []promo.Use{{Coupon: c.ID, Fen: 1000}, {Coupon: other.ID, Fen: 1}}
						if i%2 == 1 {
							slices.Reverse(uses)
						}
						switch err := w.lock(order, 7, uses...); {
						case err == nil:
							won.Add(1)
							if err := w.tx(func(tx *store.Tx) error {
								costs, err := w.Redeem(t.Context(), tx, order)
								if err == nil && len(costs) != 2 {
									err = fmt.Errorf("%+v", costs)
								}
								return err
							}); err != nil {
								t.Error(err)
							}
						case !errs.Is(err, errs.Conflict):
							t.Error(err)
						}
					})
				}
				all.Wait()
				if won.Load() != 1 || w.state(c.ID) != promo.Used {
					t.Fatalf("%d of %d orders used one coupon", won.Load(), orders)
				}
			}
		}
		used := 0
		for _, f := range w.facts() {
			if strings.HasPrefix(f, event.CouponUsed) {
				used++
			}
		}
		if used != 16 {
			t.Errorf("%d facts of use", used)
		}
	})
}

func TestLimitsHoldWhenManyClaimAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		d := tenOff()
		d.Terms.Coupon.Limits = promo.Limits{Total: 20, PerDay: 12, PerPerson: 2, PerLayer: map[string]int64{"vip": 3}}
		p := w.make(d)
		claims := func(n int, who func(i int) promo.Person) (got int64) {
			var given atomic.Int64
			var all sync.WaitGroup
			day := w.clk.Now().Unix()
			for i := range n {
				all.Go(func() {
					_, err := w.Claim(t.Context(), promo.Claiming{Request: fmt.Sprintf("r%d-%d", day, i), Promotion: p.ID, Person: who(i)})
					if err == nil {
						given.Add(1)
					} else if !errs.Is(err, errs.Limited) && !errs.Is(err, errs.Conflict) {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return given.Load()
		}
		if n := claims(20, func(int) promo.Person { return promo.Person{Customer: 1} }); n != 2 {
			t.Errorf("one person has %d", n)
		}
		if n := claims(0, nil); n != 0 {
			t.Error(n)
		}
		w.clk.Advance(time.Second)
		if n := claims(20, func(i int) promo.Person { return promo.Person{Customer: uint32(100 + i), Layer: "vip"} }); n != 3 {
			t.Errorf("the layer has %d", n)
		}
		w.clk.Advance(time.Second)
		if n := claims(30, func(i int) promo.Person { return promo.Person{Customer: uint32(200 + i)} }); n != 7 {
			t.Errorf("%d more today", n)
		}
		w.clk.Advance(24 * time.Hour)
		if n := claims(30, func(i int) promo.Person { return promo.Person{Customer: uint32(300 + i)} }); n != 8 {
			t.Errorf("%d more in all", n)
		}
		// The same request from many hands is one claim.
		q := w.make(tenOff())
		var all sync.WaitGroup
		ids := make([]string, 20)
		for i := range ids {
			all.Go(func() {
				c, err := w.Claim(t.Context(), promo.Claiming{Request: "same", Promotion: q.ID, Person: promo.Person{Customer: 5}})
				if err != nil {
					t.Error(err)
				}
				ids[i] = c.ID
			})
		}
		all.Wait()
		if slices.Sort(ids); ids[0] == "" || len(slices.Compact(ids)) != 1 {
			t.Errorf("%v", ids)
		}
		if n, err := store.One[int64](t.Context(), w.db, `SELECT n FROM coupon_counts WHERE promotion_id = ?`, q.ID); err != nil || n != 1 {
			t.Errorf("%d counted, %v", n, err)
		}
	})
}

func TestWhoMayClaim(t *testing.T) {
	db := storetest.Open(t)
	w := &world{t, db, clock.NewManual(start), nil}
	w.Service = promo.NewService(db, w.clk.Now, time.UTC)
	d := tenOff()
	d.StartsAt, d.EndsAt = start.Add(time.Hour), start.Add(2*time.Hour)
	d.Terms.Coupon.Gives.For = pricing.Audience{Levels: []string{"gold"}, Layers: []string{"vip"}}
	p := w.make(d)
	closed := tenOff()
	closed.Terms.Coupon.Open = false
	ask := func(promotion string, who promo.Person) string {
		_, err := w.Claim(t.Context(), promo.Claiming{Request: "r", Promotion: promotion, Person: who})
		var e *errs.Error
		if errors.As(err, &e) {
			return e.Code
		}
		return ""
	}
	right := promo.Person{Customer: 1, Level: "gold", Layer: "vip"}
	if got := ask(w.make(closed).ID, right); got != "coupon.not_open" {
		t.Error(got)
	}
	if got := ask("prm_none", right); got != "promo.not_found" {
		t.Error(got)
	}
	if got := ask(p.ID, right); got != "coupon.not_yet" {
		t.Error(got)
	}
	w.clk.Advance(time.Hour)
	if got := ask(p.ID, promo.Person{Customer: 1, Level: "gold", Layer: "new"}); got != "coupon.not_for" {
		t.Error(got)
	}
	if got := ask(p.ID, promo.Person{Customer: 1, Layer: "vip"}); got != "coupon.not_for" {
		t.Error(got)
	}
	if got := ask(p.ID, right); got != "" {
		t.Error(got)
	}
	w.clk.Advance(time.Hour)
	if got := ask(p.ID, promo.Person{Customer: 2, Level: "gold", Layer: "vip"}); got != "coupon.over" {
		t.Error(got)
	}
}

func TestWhatPeopleHoldDoesNotChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.make(tenOff())
		w.claim(p.ID, 7)
		d := p.Draft()
		d.Terms.Coupon.Gives.OffFen = 500
		w.clk.Advance(time.Minute)
		p2, err := w.Change(ctx, p.ID, 1, d, "stf_2")
		if err != nil || p2.Version != 2 {
			t.Fatalf("%+v %v", p2, err)
		}
		if _, err := w.Change(ctx, p.ID, 1, d, "stf_3"); !errs.Is(err, errs.Conflict) {
			t.Errorf("a stale author was not told: %v", err)
		}
		w.claim(p.ID, 8)
		if p2, err = w.Stop(ctx, p.ID, true, "stf_2"); err != nil || !p2.Stopped || p2.Version != 3 {
			t.Fatalf("%+v %v", p2, err)
		}
		if _, err := w.Claim(ctx, promo.Claiming{Request: "late", Promotion: p.ID, Person: promo.Person{Customer: 9}}); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		for customer, off := range map[uint32]int64{7: 1000, 8: 500} {
			held, err := w.Wallet(ctx, w.db, customer)
			if err != nil || len(held) != 1 || held[0].OffFen != off || held[0].Rule != p.ID || held[0].Kind != pricing.KindCouponFull {
				t.Errorf("%d: %+v %v", customer, held, err)
			}
			of, err := w.Of(ctx, customer)
			if err != nil || len(of) != 1 || of[0].Gives.OffFen != off || of[0].Name != "满100减10" {
				t.Errorf("%+v %v", of, err)
			}
		}
		if vs, err := w.Versions(ctx, p.ID); err != nil || len(vs) != 3 || vs[2].Terms.Coupon.Gives.OffFen != 1000 {
			t.Errorf("%+v %v", vs, err)
		}
		page, next, err := w.Holders(ctx, p.ID, "", "", 1)
		if err != nil || len(page) != 1 || page[0].Customer != 8 {
			t.Fatalf("%+v %v", page, err)
		}
		if page, next, err = w.Holders(ctx, p.ID, promo.Unused, next, 1); err != nil || len(page) != 1 || page[0].Customer != 7 || next != "" {
			t.Errorf("%+v %q %v", page, next, err)
		}
		live, err := w.List(ctx, promo.Filter{Kinds: []promo.Kind{promo.Coupons}})
		if err != nil || live.Total != 0 {
			t.Errorf("%+v %v", live, err)
		}
	})
}

func TestRulesAreReadOnceAndNeverStale(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		quote := func() int64 {
			t.Helper()
			r, err := w.Rules(ctx, w.db)
			if err != nil {
				t.Fatal(err)
			}
			r.Items = map[string]pricing.Item{"tea": {PriceFen: 10000}, "cup": {PriceFen: 5000}}
			q, err := pricing.Quote(pricing.Cart{Lines: []pricing.CartLine{{SKU: "tea", Quantity: 2}, {SKU: "cup", Quantity: 1}}, Customer: pricing.Customer{Level: "gold"}}, r, w.clk.Now())
			if err != nil {
				t.Fatal(err)
			}
			return q.TotalFen
		}
		if got := quote(); got != 25000 {
			t.Error(got)
		}
		p := w.make(promo.Draft{Kind: promo.Reduction, Name: "满200减20", EndsAt: start.Add(time.Hour), Terms: promo.Terms{Reduction: &pricing.Reduction{Steps: []pricing.Step{{FromFen: 20000, OffFen: 2000}}}}})
		if got := quote(); got != 23000 {
			t.Error(got)
		}
		w.make(promo.Draft{Kind: promo.Member, Name: "金卡九折", Terms: promo.Terms{Member: &pricing.Member{For: pricing.Audience{Levels: []string{"gold"}}, Rate: 9000}}})
		w.make(promo.Draft{Kind: promo.Bundle, Name: "茶+杯", Terms: promo.Terms{Bundle: &pricing.Bundle{Items: []pricing.BundleItem{{SKU: "tea", Quantity: 1}, {SKU: "cup", Quantity: 1}}, PriceFen: 12000}}})
		if got := quote(); got != 9000+12000-2000 {
			t.Error(got)
		}
		if _, err := w.Stop(ctx, p.ID, true, "stf"); err != nil || quote() != 21000 {
			t.Errorf("%d %v", quote(), err)
		}
		if _, err := w.Stop(ctx, p.ID, false, "stf"); err != nil || quote() != 19000 {
			t.Errorf("%d %v", quote(), err)
		}
		g, version, err := w.General(ctx)
		if err != nil || version != 0 {
			t.Fatal(version, err)
		}
		g.Stacking.Excludes = append(g.Stacking.Excludes, [2]pricing.Kind{pricing.KindBundle, pricing.KindReduction})
		if version, err = w.SetGeneral(ctx, g, 0, "stf"); err != nil || version != 1 || quote() != 21000 {
			t.Errorf("%d %v", quote(), err)
		}
		if _, err = w.SetGeneral(ctx, g, 0, "stf"); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		w.clk.Advance(2 * time.Hour)
		if got := quote(); got != 21000 {
			t.Error(got)
		}
	})
}

func TestIssueToASegmentOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := tenOff()
		d.Terms.Coupon.Limits = promo.Limits{PerPerson: 1, Total: 2600}
		p := w.make(d)
		w.claim(p.ID, 50)
		people := roaring.New()
		people.AddRange(1, 2501)
		people.Add(math.MaxUint32)
		in := promo.Issuing{Request: "req-1", Promotion: p.ID, People: people, Audience: "seg_1", Campaign: "cam_1"}
		first, err := w.Issue(ctx, in, "stf")
		if err != nil || first.Total != 2501 {
			t.Fatalf("%+v %v", first, err)
		}
		in.People = roaring.BitmapOf(9999)
		if again, err := w.Issue(ctx, in, "stf"); err != nil || !cmp.Equal(first, again) {
			t.Fatalf("%v %s", err, cmp.Diff(first, again))
		}
		for {
			worked, err := w.WorkOff(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !worked {
				break
			}
		}
		all, err := w.Issues(ctx, p.ID)
		if err != nil || len(all) != 1 || all[0].Given != 2500 || all[0].LeftOut != 1 || all[0].FinishedAt.IsZero() {
			t.Fatalf("%+v %v", all, err)
		}
		// 99 are left of the total.
		more := roaring.New()
		more.AddRange(5000, 5200)
		if _, err := w.Issue(ctx, promo.Issuing{Request: "req-2", Promotion: p.ID, People: more}, "stf"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.WorkOff(ctx); err != nil {
			t.Fatal(err)
		}
		f, err := w.Figures(ctx, []string{p.ID})
		if err != nil || f[p.ID].Given != 2600 || f[p.ID].Unused != 2600 {
			t.Errorf("%+v %v", f, err)
		}
		if got := len(w.facts()); got != 2600 {
			t.Errorf("%d facts", got)
		}
		for name, bad := range map[string]promo.Issuing{
			"nobody": {Request: "r", Promotion: p.ID, People: roaring.New()}, "no request": {Promotion: p.ID, People: more}, "another coupon": {Request: "req-1", Promotion: "prm_x", People: more},
		} {
			if _, err := w.Issue(ctx, bad, "stf"); !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestCodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		d := tenOff()
		d.Terms.Coupon.Open = false
		p := w.make(d)
		b, err := w.AddBatch(ctx, p.ID, promo.NewBatch{Name: "小红书", Count: 300, Campaign: "cam_9"}, "stf")
		if err != nil || b.Codes != 300 || b.Left != 300 {
			t.Fatalf("%+v %v", b, err)
		}
		var file bytes.Buffer
		if err := w.ExportCodes(ctx, &file, b.ID); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(file.String()), "\n")
		if len(lines) != 301 || lines[0] != "\ufeffcode,uses_left,last_used" {
			t.Fatalf("%d lines, %q", len(lines), lines[0])
		}
		shown, _, _ := strings.Cut(lines[1], ",")
		if len(shown) != 19 {
			t.Fatal(shown)
		}
		typed := " " + strings.ToLower(strings.ReplaceAll(shown, "-", " ")) + " "
		c, err := w.ClaimCode(ctx, "r1", strings.ReplaceAll(strings.ReplaceAll(typed, "0", "o"), "1", "l"), promo.Person{Customer: 3})
		if err != nil || c.Source != promo.SourceCode || c.Campaign != "cam_9" || c.Cause != b.ID {
			t.Fatalf("%+v %v", c, err)
		}
		if again, err := w.ClaimCode(ctx, "r1", shown, promo.Person{Customer: 3}); err != nil || again.ID != c.ID {
			t.Errorf("%+v %v", again, err)
		}
		if _, err := w.ClaimCode(ctx, "r2", shown, promo.Person{Customer: 4}); !errs.Is(err, errs.Denied) {
			t.Errorf("one code twice: %v", err)
		}
		for _, wrong := range []string{"", "x", "0000-0000-0000-0000", "'; DROP TABLE coupons; --", strings.Repeat("A", 5000)} {
			if _, err := w.ClaimCode(ctx, "r3", wrong, promo.Person{Customer: 4}); !errs.Is(err, errs.NotFound) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		// One code that many may use, and as many ask for it at once as it is not good for.
		own, err := w.AddBatch(ctx, p.ID, promo.NewBatch{Name: "口令", Code: "Hello2026", Uses: 5}, "stf")
		if err != nil || own.Left != 5 {
			t.Fatalf("%+v %v", own, err)
		}
		var won atomic.Int64
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if _, err := w.ClaimCode(t.Context(), "many", "HELLO 2026", promo.Person{Customer: uint32(1000 + i)}); err == nil {
					won.Add(1)
				} else if !errs.Is(err, errs.Denied) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 5 {
			t.Errorf("%d of 5", won.Load())
		}
		if _, err := w.AddBatch(ctx, p.ID, promo.NewBatch{Name: "x", Code: "he11o-2026"}, "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("the same code: %v", err)
		}
		in, err := w.ImportCodes(ctx, p.ID, promo.NewBatch{Name: "旧系统"}, strings.NewReader("ABCD-0001,a\nabcd0001,b\nHello2026,c\n?!,d\nWXYZ-0002,e\n"), "stf")
		if err != nil || in.Batch.Codes != 2 || in.Rows != 5 || in.Broken != 1 || in.Doubled != 2 {
			t.Errorf("%+v %v", in, err)
		}
		headed, err := w.ImportCodes(ctx, p.ID, promo.NewBatch{Name: "有表头"}, strings.NewReader("券码,备注\nQWER-0003,a\nQWER-0004,b\n"), "stf")
		if err != nil || headed.Batch.Codes != 2 || headed.Rows != 2 || headed.Broken != 0 {
			t.Errorf("%+v %v", headed, err)
		}
		if err := w.StopBatch(ctx, in.Batch.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.ClaimCode(ctx, "r9", "wxyz0002", promo.Person{Customer: 4}); !errs.Is(err, errs.Denied) {
			t.Errorf("stopped: %v", err)
		}
		batches, err := w.Batches(ctx, p.ID)
		if err != nil || len(batches) != 4 {
			t.Fatalf("%+v %v", batches, err)
		}
		for _, b := range batches {
			if want := map[string]int64{"小红书": 299, "口令": 0, "旧系统": 2, "有表头": 2}[b.Name]; b.Left != want {
				t.Errorf("%s: %d left", b.Name, b.Left)
			}
		}
	})
}

func TestBadDraftsAreRefusedByField(t *testing.T) {
	s := promo.NewService(storetest.Open(t), clock.System, time.UTC)
	for field, spoil := range map[string]func(*promo.Draft){
		"name":                             func(d *promo.Draft) { d.Name = "  " },
		"ends_at":                          func(d *promo.Draft) { d.StartsAt, d.EndsAt = start, start },
		"terms":                            func(d *promo.Draft) { d.Kind = promo.Bundle },
		"terms.coupon.gives.kind":          func(d *promo.Draft) { d.Terms.Coupon.Gives.Kind = "flash" },
		"terms.coupon.gives.off_fen":       func(d *promo.Draft) { d.Terms.Coupon.Gives.OffFen = 0 },
		"terms.coupon.gives.threshold_fen": func(d *promo.Draft) { d.Terms.Coupon.Gives.ThresholdFen = -1 },
		"terms.coupon.valid":               func(d *promo.Draft) { d.Terms.Coupon.Valid = promo.Validity{} },
		"terms.coupon.valid.until":         func(d *promo.Draft) { d.Terms.Coupon.Valid = promo.Validity{From: start.Add(1), Until: start} },
		"terms.coupon.limits":              func(d *promo.Draft) { d.Terms.Coupon.Limits.PerPerson = 2000 },
		"terms.coupon.limits.per_layer":    func(d *promo.Draft) { d.Terms.Coupon.Limits.PerLayer = map[string]int64{"": 1} },
		"terms.reduction.steps": func(d *promo.Draft) {
			*d = promo.Draft{Kind: promo.Reduction, Name: "x", Terms: promo.Terms{Reduction: &pricing.Reduction{}}}
		},
		"terms.reduction.steps[1]": func(d *promo.Draft) {
			*d = promo.Draft{Kind: promo.Reduction, Name: "x", Terms: promo.Terms{Reduction: &pricing.Reduction{Steps: []pricing.Step{{FromFen: 200, OffFen: 10}, {FromFen: 100, OffFen: 20}}}}}
		},
		"terms.reduction.steps[0]": func(d *promo.Draft) {
			*d = promo.Draft{Kind: promo.Reduction, Name: "x", Terms: promo.Terms{Reduction: &pricing.Reduction{Steps: []pricing.Step{{FromFen: 100, OffFen: 101}}}}}
		},
		"terms.bundle.items": func(d *promo.Draft) {
			*d = promo.Draft{Kind: promo.Bundle, Name: "x", Terms: promo.Terms{Bundle: &pricing.Bundle{Items: []pricing.BundleItem{{SKU: "a", Quantity: 1}}}}}
		},
		"terms.member.for.levels": func(d *promo.Draft) {
			*d = promo.Draft{Kind: promo.Member, Name: "x", Terms: promo.Terms{Member: &pricing.Member{Rate: 9000}}}
		},
		"terms.freight.regions": func(d *promo.Draft) {
			*d = promo.Draft{Kind: promo.Freight, Name: "x", Terms: promo.Terms{Freight: &pricing.Freights{By: pricing.ByPiece}}}
		},
	} {
		d := tenOff()
		spoil(&d)
		_, err := s.Create(t.Context(), d, "stf")
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestCouponsFollowTheirHolder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		d := tenOff()
		d.Terms.Coupon.Limits.PerPerson = 3
		p := w.make(d)
		a, _ := w.claim(p.ID, 1), w.claim(p.ID, 2)
		var moved map[uint32]json.RawMessage
		if err := w.tx(func(tx *store.Tx) (err error) {
			moved, err = promo.Mover{}.MoveCustomers(t.Context(), tx, map[uint32]uint32{1: 2})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if held, err := w.Wallet(t.Context(), w.db, 2); err != nil || len(held) != 2 {
			t.Fatalf("%+v %v", held, err)
		}
		for i, want := range []errs.Kind{"", errs.Limited} { // she has two of three
			if _, err := w.Claim(t.Context(), promo.Claiming{Request: fmt.Sprint(i), Promotion: p.ID, Person: promo.Person{Customer: 2}}); errs.KindOf(err) != want {
				t.Errorf("%d: %v", i, err)
			}
		}
		if err := w.tx(func(tx *store.Tx) error { return promo.Mover{}.ReturnCustomer(t.Context(), tx, 1, 2, moved[1]) }); err != nil {
			t.Fatal(err)
		}
		if held, err := w.Wallet(t.Context(), w.db, 1); err != nil || len(held) != 1 || held[0].ID != a.ID {
			t.Errorf("%+v %v", held, err)
		}
		// Her third is free again, though the guard of a third was given out before.
		if _, err := w.Claim(t.Context(), promo.Claiming{Request: "x", Promotion: p.ID, Person: promo.Person{Customer: 2}}); err != nil {
			t.Error(err)
		}
	})
}
