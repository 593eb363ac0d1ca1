package promo_test

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
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

// openCoupon makes a coupon that customers may claim themselves.
func openCoupon(t *testing.T, s *promo.Service, name string, from time.Time, terms promo.CouponTerms) string {
	t.Helper()
	terms.Gives.Kind, terms.Gives.OffFen, terms.Valid, terms.Open = pricing.KindCouponFull, 500, promo.Validity{Days: 30}, true
	p, err := s.Create(t.Context(), promo.Draft{Kind: promo.Coupons, Name: name, StartsAt: from, Terms: promo.Terms{Coupon: &terms}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// TestClaimedByAllFingersAtOnce: a customer presses twice, her phone sends again, and many want the last ones: each request gets one
// coupon, nobody more than she may, and no more are given than there are, in all and for a layer.
func TestClaimedByAllFingersAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		clk := clock.NewManual(time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC))
		s := promo.NewService(db, clk.Now, time.UTC)
		id := openCoupon(t, s, "十张", time.Time{}, promo.CouponTerms{Gives: pricing.Coupon{For: pricing.Audience{Layers: []string{"vip", "new"}}},
			Limits: promo.Limits{Total: 10, PerPerson: 1, PerLayer: map[string]int64{"new": 3}}})
		var given, refused atomic.Int64
		var mu sync.Mutex
		same := map[string]string{}
		var wg sync.WaitGroup
		for n := range 60 {
			customer := uint32(n%20) + 1
			layer := []string{"vip", "new", "silent"}[customer%3]
			wg.Go(func() {
				request := fmt.Sprintf("press-%d-%d", customer, n/40) // two of three presses are the same request
				c, err := s.Claim(ctx, promo.Claiming{Request: request, Promotion: id, Person: promo.Person{Customer: customer, Layer: layer}})
				switch errs.KindOf(err) {
				case "":
					given.Add(1)
					mu.Lock()
					if had, ok := same[request]; ok && had != c.ID {
						t.Errorf("%s got two coupons", request)
					}
					same[request] = c.ID
					mu.Unlock()
					if layer == "silent" {
						t.Error("a coupon for others was claimed")
					}
				case errs.Denied, errs.Limited:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		type count struct {
			N      int64 `db:"n"`
			People int64 `db:"people"`
		}
		c, err := store.One[count](ctx, db, `SELECT COUNT(*) AS n, COUNT(DISTINCT customer) AS people FROM coupons`)
		if err != nil || c.N != c.People || c.N > 10 || c.N == 0 || given.Load()+refused.Load() != 60 {
			t.Errorf("%+v, %d given, %d refused, %v", c, given.Load(), refused.Load(), err)
		}
		left, err := store.One[int64](ctx, db, `SELECT n FROM coupon_counts WHERE promotion_id = ? AND key = 'layer/new'`, id)
		if err != nil || left > 3 {
			t.Errorf("%d of a layer that may have 3, %v", left, err)
		}
	})
}

// TestOpenings: who may claim sees what is open, what is not yet and what has gone, never what is for others.
func TestOpenings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		now := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
		clk := clock.NewManual(now)
		s := promo.NewService(db, clk.Now, time.UTC)
		all := openCoupon(t, s, "人人", time.Time{}, promo.CouponTerms{})
		soon := openCoupon(t, s, "明天", now.Add(24*time.Hour), promo.CouponTerms{})
		last := openCoupon(t, s, "一张", time.Time{}, promo.CouponTerms{Limits: promo.Limits{Total: 1}})
		vip := openCoupon(t, s, "贵宾", time.Time{}, promo.CouponTerms{Gives: pricing.Coupon{For: pricing.Audience{Layers: []string{"vip"}, Levels: []string{"gold"}}}})
		over := openCoupon(t, s, "停了", time.Time{}, promo.CouponTerms{})
		if _, err := s.Stop(ctx, over, true, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Claim(ctx, promo.Claiming{Request: "r", Promotion: last, Person: promo.Person{Customer: 7}}); err != nil {
			t.Fatal(err)
		}
		seen := func(layer string) (out string) {
			t.Helper()
			open, err := s.Openings(ctx, db, layer, []string{vip, last, over, soon, "prm_none", all})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range open {
				out += o.Name + " " + string(o.State) + " "
				if len(o.Gives.For.Layers) > 0 || o.Name == "贵宾" && (o.For("silver") || !o.For("gold")) {
					t.Errorf("%+v", o)
				}
			}
			return out
		}
		if got := seen(""); got != "一张 none_left 明天 not_yet 人人 open " {
			t.Error(got)
		}
		if got := seen("vip"); got != "贵宾 open 一张 none_left 明天 not_yet 人人 open " {
			t.Error(got)
		}
		had, err := s.Had(ctx, db, 7, []string{all, last})
		if err != nil || len(had) != 1 || had[last].Got != 1 || had[last].Usable != 1 {
			t.Errorf("%+v, %v", had, err)
		}
		clk.Advance(31 * 24 * time.Hour)
		if n, err := s.Usable(ctx, db, 7); err != nil || n != 0 {
			t.Error(n, err)
		}
	})
}
