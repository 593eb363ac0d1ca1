package pricing

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawn is a random shop and somebody with a cart in it. Names are few, so that rules and goods meet.
type drawn struct {
	t *rapid.T
	n int
}

func (d *drawn) int(most int64, what string) int64 { return rapid.Int64Range(0, most).Draw(d.t, what) }
func (d *drawn) one(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(d.t, what)
}
func (d *drawn) yes(what string) bool { return rapid.Bool().Draw(d.t, what) }
func (d *drawn) id(prefix string) string {
	d.n++
	return fmt.Sprintf("%s%02d", prefix, d.n)
}

func (d *drawn) amount(what string) int64 {
	return rapid.OneOf(rapid.Int64Range(0, 300), rapid.Int64Range(0, 30000), rapid.Just(int64(9999))).Draw(d.t, what)
}

func (d *drawn) window() Window {
	switch d.int(9, "window") {
	case 0:
		return Window{From: noon.Add(time.Hour)}
	case 1:
		return Window{Until: noon}
	}
	return Window{}
}

func (d *drawn) audience() (a Audience) {
	switch d.int(5, "audience") {
	case 0:
		a.Levels = []string{d.one("level", "gold", "silver")}
	case 1:
		a.Layers = []string{d.one("layer", "vip", "new")}
	}
	return a
}

var skus = []string{"a", "b", "c", "d", "e", "f", "g"}

func (d *drawn) scope() (s Scope) {
	names := func(what string, from ...string) []string {
		return rapid.SliceOfN(rapid.SampledFrom(from), 0, 2).Draw(d.t, what)
	}
	switch d.int(4, "scope") {
	case 0:
		s.SKUs = names("skus", skus...)
	case 1:
		s.Products, s.ExceptSKUs = names("products", "p0", "p1", "p2"), names("except", skus...)
	case 2:
		s.Categories, s.ExceptProducts = names("categories", "x", "y", "z"), names("except products", "p0", "p1")
	case 3:
		s.ExceptCategories = names("except categories", "x", "y")
	}
	return s
}

func (d *drawn) coupon() Coupon {
	c := Coupon{ID: d.id("k"), Rule: d.one("rule", "r1", "r2", "r3", "r4", "r5"), When: d.window(), For: d.audience(), Scope: d.scope()}
	c.Kind = Kind(d.one("kind", "coupon_full", "coupon_discount", "coupon_freight", "coupon_gift"))
	if d.yes("threshold") {
		c.ThresholdFen = d.amount("threshold fen")
	}
	switch c.Kind {
	case KindCouponFull:
		c.OffFen = d.amount("off")
	case KindCouponFreight:
		c.OffFen = d.int(1, "part") * d.amount("off")
	case KindCouponDiscount:
		c.Rate, c.CapFen = d.int(10000, "rate"), d.int(1, "capped")*d.amount("cap")
	case KindCouponGift:
		c.Units, c.CapFen = d.int(4, "units"), d.int(1, "capped")*d.amount("cap")
	}
	c.Group, c.Alone, c.PerOrder = d.one("group", "", "", "g", "h"), d.int(8, "alone") == 0, d.int(3, "per order")
	c.Return = Return(d.one("return", "", "whole", "never"))
	return c
}

func (d *drawn) rules() Rules {
	r := Rules{Items: map[string]Item{}, Templates: map[string]Freights{}}
	for i, sku := range skus {
		item := Item{Product: fmt.Sprintf("p%d", i/2), PriceFen: d.amount("price"), WeightGram: d.int(3000, "weight"), Freight: d.one("template", "", "t1", "t2")}
		if d.yes("category") {
			item.Categories = []string{d.one("category name", "x", "y", "z"), "all"}
		}
		r.Items[sku] = item
	}
	for range d.int(3, "members") {
		m := Member{ID: d.id("m"), When: d.window(), For: d.audience(), Scope: d.scope(), Rate: d.int(10001, "rate")}
		if d.yes("priced") {
			m.Prices = map[string]int64{d.one("sku", skus...): d.amount("member price")}
		}
		r.Members = append(r.Members, m)
	}
	for range d.int(3, "flashes") {
		r.Flash = append(r.Flash, Flash{ID: d.id("f"), When: d.window(), SKU: d.one("sku", skus...), PriceFen: d.amount("flash price"),
			PerPerson: d.int(3, "per person"), Bought: d.int(2, "bought"), Left: d.int(9, "left") - 1})
	}
	for range d.int(4, "bundles") {
		b := Bundle{ID: d.id("b"), When: d.window(), For: d.audience(), PriceFen: d.amount("bundle price"), Limit: d.int(2, "limit")}
		for range 1 + d.int(2, "items") {
			b.Items = append(b.Items, BundleItem{d.one("sku", skus...), d.int(3, "units")})
		}
		r.Bundles = append(r.Bundles, b)
	}
	for range d.int(5, "reductions") {
		m := Reduction{ID: d.id("m"), When: d.window(), For: d.audience(), Scope: d.scope(), Each: d.yes("each"), MaxTimes: d.int(3, "times"),
			Group: d.one("group", "", "g", "h"), Priority: d.int(2, "priority")}
		for range 1 + d.int(2, "steps") {
			s := Step{FromFen: d.amount("from")}
			if d.yes("by rate") {
				s.Rate = d.int(10001, "rate")
			} else {
				s.OffFen = d.amount("off") - 20 // rules that make no sense too
			}
			if d.yes("by units") {
				s.FromFen, s.FromUnits = 0, d.int(5, "units")
			}
			m.Steps = append(m.Steps, s)
		}
		r.Reductions = append(r.Reductions, m)
	}
	for _, id := range []string{"t1", "t2"} {
		r.Templates[id] = Freights{ID: id, By: d.one("by", ByPiece, ByWeight, ByAmount), Regions: []Region{{
			First: d.int(1000, "first"), FirstFen: d.amount("first fen"), More: d.int(500, "more"), MoreFen: d.int(500, "more fen"),
			Steps: []FreightStep{{0, d.amount("step")}, {5000, 100}}, FreeOverFen: d.int(1, "free") * d.amount("free over"),
		}}, FreeLevels: []string{"gold"}[:d.int(1, "free levels")]}
	}
	if d.yes("points rule") {
		r.Points = &Points{StepPoints: 1 + d.int(200, "step points"), StepFen: 1 + d.int(150, "step fen"), MaxShare: d.int(10000, "share"), MinFen: d.int(500, "min"), Scope: d.scope()}
	}
	r.Balance.GiftMaxShare = d.int(10000, "gift share")
	if d.int(2, "deposit") == 0 {
		fen := d.amount("deposit")
		r.Deposit = &Deposit{ID: "d", Fen: fen, WorthFen: fen + d.amount("expansion")}
	}
	for range d.int(3, "excludes") {
		pair := rapid.SliceOfN(rapid.SampledFrom(kinds[:]), 2, 2).Draw(d.t, "pair")
		r.Stacking.Excludes = append(r.Stacking.Excludes, [2]Kind{pair[0], pair[1]})
	}
	r.Stacking.MaxCoupons, r.Stacking.MaxReductions = d.int(4, "coupons"), d.int(3, "max reductions")
	return r
}

func (d *drawn) cart() Cart {
	c := Cart{Region: d.one("region", "", "11", "4403"), Points: d.int(50000, "points"), Balance: rapid.OneOf(rapid.Just(int64(0)), rapid.Just(int64(math.MaxInt64)), rapid.Int64Range(-5, 20000)).Draw(d.t, "balance")}
	c.Customer = Customer{Level: d.one("level", "", "gold", "silver"), Layer: d.one("layer", "", "vip", "new"), Points: d.int(50000, "held"),
		PrincipalFen: d.amount("principal"), GiftFen: d.amount("gift")}
	for range 1 + d.int(6, "lines") {
		c.Lines = append(c.Lines, CartLine{d.one("sku", skus...), 1 + d.int(6, "quantity")})
	}
	for range d.int(6, "coupons") {
		k := d.coupon()
		c.Coupons = append(c.Coupons, k)
		if d.yes("use") {
			c.Use = append(c.Use, k.ID)
		}
	}
	if d.int(9, "staff") == 0 {
		free := d.amount("freight")
		c.Staff = &Staff{ID: "log", OffFen: d.amount("off") - 50, FreightFen: &free}
	}
	return c
}

func draw(t *rapid.T) (Cart, Rules) {
	d := &drawn{t: t}
	r := d.rules()
	return d.cart(), r
}

func quote(t *rapid.T, c Cart, r Rules) Quotation {
	q, err := Quote(c, r, noon)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return q
}

// due is what a cart costs before points, which are money too.
func due(q Quotation) int64 { return q.TotalFen + q.PointsFen }

func TestQuotationsAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := draw(t)
		c.Best = rapid.Bool().Draw(t, "best")
		q := quote(t, c, r)
		sound(t, &q)
		if q.PrincipalFen > c.Customer.PrincipalFen || q.GiftFen > c.Customer.GiftFen || q.Points > c.Customer.Points || q.Points > c.Points ||
			q.GiftFen+q.PrincipalFen > max(c.Balance, 0) {
			t.Fatalf("spends what is not there: %+v", q)
		}
		seen := map[string]int64{}
		for _, l := range q.Lines {
			seen[l.SKU] += l.Quantity
		}
		want := map[string]int64{}
		for _, l := range c.Lines {
			want[l.SKU] += l.Quantity
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTheOrderOfLinesAndRulesIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := draw(t)
		c.Best = rapid.Bool().Draw(t, "best")
		first := quote(t, c, r)
		if again := quote(t, c, r); !cmp.Equal(first, again) {
			t.Fatal(cmp.Diff(first, again))
		}
		other, ruled := c, r
		other.Lines = rapid.Permutation(c.Lines).Draw(t, "lines")
		other.Coupons = rapid.Permutation(c.Coupons).Draw(t, "held")
		other.Use = rapid.Permutation(c.Use).Draw(t, "used")
		ruled.Reductions = rapid.Permutation(r.Reductions).Draw(t, "reductions")
		ruled.Bundles = rapid.Permutation(r.Bundles).Draw(t, "bundles")
		ruled.Flash = rapid.Permutation(r.Flash).Draw(t, "flash")
		if again := quote(t, other, ruled); !cmp.Equal(first, again) {
			t.Fatal(cmp.Diff(first, again))
		}
		ruled.Members = rapid.Permutation(r.Members).Draw(t, "members")
		if again := quote(t, other, ruled); due(first) != due(again) || !cmp.Equal(pays(first), pays(again)) {
			t.Fatal(cmp.Diff(first, again))
		}
		// A line in two halves is the line.
		split := other
		split.Lines = nil
		for _, l := range c.Lines {
			if l.Quantity > 1 {
				split.Lines, l.Quantity = append(split.Lines, CartLine{l.SKU, l.Quantity - 1}), 1
			}
			split.Lines = append(split.Lines, l)
		}
		if again := quote(t, split, ruled); !cmp.Equal(pays(first), pays(again)) {
			t.Fatal(cmp.Diff(first, again))
		}
	})
}

// Goods come back in any parts, in any order, with amounts given for goods that stay in between: all of it is what was paid.
func TestRefundsOfEveryPartitionAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := draw(t)
		c.Best = true
		q := quote(t, c, r)
		given := map[string]Given{}
		var sum Money
		coupons := []string{}
		amounts := rapid.Bool().Draw(t, "amounts")
		for step := 0; ; step++ {
			left := q.All(given, true)
			if len(left.Units) == 0 {
				break
			}
			now := Giving{Units: map[string]int64{}, Amounts: map[string]int64{}}
			keys := make([]string, 0, len(left.Units))
			for k := range left.Units {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			for _, k := range keys {
				if step > 20 {
					now.Units[k] = left.Units[k]
				} else if n := rapid.Int64Range(0, left.Units[k]).Draw(t, "units"); n > 0 {
					now.Units[k] = n
				} else if amounts && k != FreightKey && rapid.Bool().Draw(t, "an amount") {
					now.Amounts[k] = 1
				}
			}
			out, err := RefundOf(&q, given, now)
			if err != nil {
				if len(now.Amounts) > 0 { // nothing was left of the line
					continue
				}
				t.Fatal(err)
			}
			lines := Money{}
			for _, l := range out.Lines {
				if l.CashFen < 0 || l.PrincipalFen < 0 || l.GiftFen < 0 || l.Points < 0 {
					t.Fatalf("%+v", out)
				}
				lines = lines.plus(l.Money)
				had := given[l.Key]
				given[l.Key] = Given{had.Quantity + l.Quantity, had.Money.plus(l.Money)}
			}
			if lines != out.Money {
				t.Fatalf("%+v", out)
			}
			sum = sum.plus(out.Money)
			coupons = append(coupons, out.Coupons...)
		}
		if want := (Money{q.CashFen, q.PrincipalFen, q.GiftFen, q.Points, q.DepositFen}); sum != want {
			t.Fatalf("paid %+v, given back %+v", want, sum)
		}
		want := []string{}
		for _, k := range q.Coupons {
			if k.Return == ReturnWhole {
				want = append(want, k.ID)
			}
		}
		slices.Sort(coupons)
		slices.Sort(want)
		if !slices.Equal(want, coupons) {
			t.Fatalf("coupons %v came back, %v should", coupons, want)
		}
	})
}

// What is worth a unit does not depend on what came back before it, only on how many.
func TestRefundsDoNotDependOnTheirPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := draw(t)
		q := quote(t, c, r)
		l := q.Lines[rapid.IntRange(0, len(q.Lines)-1).Draw(t, "line")]
		k := rapid.Int64Range(1, l.Quantity).Draw(t, "units")
		at, err := RefundOf(&q, nil, Giving{Units: map[string]int64{l.Key: k}})
		if err != nil {
			t.Fatal(err)
		}
		var sum Money
		for n := range k {
			one, err := RefundOf(&q, map[string]Given{l.Key: {n, sum}}, Giving{Units: map[string]int64{l.Key: 1}})
			if err != nil {
				t.Fatal(err)
			}
			sum = sum.plus(one.Money)
		}
		if sum != at.Money {
			t.Fatalf("%d at once %+v, one by one %+v", k, at.Money, sum)
		}
	})
}

// better returns a coupon that is at least as good as c.
func better(d *drawn, c Coupon) Coupon {
	switch c.ThresholdFen -= min(c.ThresholdFen, d.amount("lower")); c.Kind {
	case KindCouponFull:
		c.OffFen += d.amount("more")
	case KindCouponDiscount:
		if c.Rate > 0 {
			c.Rate = max(c.Rate-d.int(3000, "rate"), 1)
		}
		c.CapFen += min(c.CapFen, 1) * d.amount("cap")
	case KindCouponFreight:
		c.OffFen += min(c.OffFen, 1) * d.amount("more")
	case KindCouponGift:
		c.CapFen += min(c.CapFen, 1) * d.amount("cap")
	}
	return c
}

func TestABetterCouponNeverRaisesThePrice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := draw(t)
		c.Best, c.Staff = true, nil
		d := &drawn{t: t, n: 50}
		before := quote(t, c, r)
		more := c
		more.Coupons = append(slices.Clone(c.Coupons), d.coupon())
		if after := quote(t, more, r); due(after) > due(before) {
			t.Fatalf("one more coupon: %d → %d", due(before), due(after))
		}
		if len(c.Coupons) == 0 {
			return
		}
		one := c
		one.Best = false
		i := rapid.IntRange(0, len(c.Coupons)-1).Draw(t, "which")
		one.Coupons, one.Use = slices.Clone(c.Coupons), []string{c.Coupons[i].ID}
		alone := quote(t, one, r)
		one.Coupons[i] = better(d, one.Coupons[i])
		if after := quote(t, one, r); due(after) > due(alone) {
			t.Fatalf("a better coupon %+v: %d → %d", one.Coupons[i], due(alone), due(after))
		}
	})
}

func TestBestCouponsAgainstEveryChoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := draw(t)
		c.Staff = nil
		c.Best, c.Use = true, nil
		best := quote(t, c, r)
		if !best.Exact {
			t.Fatal("six coupons are not too many")
		}
		c.Best = false
		for mask := range 1 << len(c.Coupons) {
			c.Use = c.Use[:0]
			for i, k := range c.Coupons {
				if mask>>i&1 == 1 {
					c.Use = append(c.Use, k.ID)
				}
			}
			if q := quote(t, c, r); due(q) < due(best) {
				t.Fatalf("%v comes to %d, the best %+v to %d", c.Use, due(q), best.Coupons, due(best))
			}
		}
		offers, exact, err := Offers(c, r, noon)
		if err != nil || !exact || len(offers) != len(c.Coupons) {
			t.Fatalf("%+v %v %v", offers, exact, err)
		}
		chosen := []string{}
		for _, o := range offers {
			if o.Best {
				chosen = append(chosen, o.Coupon)
			}
		}
		used := []string{}
		for _, k := range best.Coupons {
			used = append(used, k.ID)
		}
		slices.Sort(chosen)
		slices.Sort(used)
		if !slices.Equal(chosen, used) {
			t.Fatalf("offered %v, used %v", chosen, used)
		}
	})
}

// The same by another road: what a rule that no longer holds does, and what a rule for others does, is nothing.
func TestRulesForOthersDoNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := draw(t)
		q := quote(t, c, r)
		for i := range r.Members {
			if m := &r.Members[i]; !m.When.Holds(noon) || len(m.For.Levels) > 0 && m.For.Levels[0] != c.Customer.Level {
				m.Rate, m.Prices = 1, nil
			}
		}
		for i := range r.Reductions {
			if m := &r.Reductions[i]; !m.When.Holds(noon) || len(m.For.Layers) > 0 && m.For.Layers[0] != c.Customer.Layer {
				m.Steps = []Step{{OffFen: math.MaxInt64}}
			}
		}
		if again := quote(t, c, r); !cmp.Equal(q, again) {
			t.Fatal(cmp.Diff(q, again))
		}
	})
}

func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, MaxFen/64)), 1, 60).Draw(t, "weights")
		var sum int64
		for _, w := range weights {
			sum += w
		}
		total := rapid.Int64Range(0, sum).Draw(t, "total")
		parts := make([]int64, len(weights))
		split(total, weights, parts, nil)
		var got int64
		for i, p := range parts {
			got += p
			if p < 0 || p > weights[i] {
				t.Fatalf("%d of %d", p, weights[i])
			}
			if exact := float64(total) * (float64(weights[i]) / float64(max(sum, 1))); math.Abs(float64(p)-exact) > 1+exact*1e-9 {
				t.Fatalf("%d is not near %f", p, exact)
			}
			for k, w := range weights {
				if w > weights[i] && parts[k] < p || w == weights[i] && k < i && parts[k] < p {
					t.Fatalf("%v of %v: %d got less than %d", parts, weights, k, i)
				}
			}
		}
		if got != total {
			t.Fatalf("%d of %d", got, total)
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add("tea,2;cup,1", int64(100), int64(50), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, text string, quantity, off, price int64) {
		r := shop()
		r.Items["odd"] = Item{PriceFen: price, WeightGram: off, Freight: "std"}
		r.Reductions = []Reduction{{ID: "m", Each: true, Steps: []Step{{FromFen: quantity, OffFen: off}}}, {ID: "n", Steps: []Step{{FromFen: off, Rate: quantity}}}}
		r.Points = &Points{StepPoints: quantity, StepFen: off, MaxShare: price}
		c := Cart{Region: text, Points: price, Balance: off, Customer: Customer{Points: price, GiftFen: quantity, PrincipalFen: off}, Coupons: []Coupon{
			{ID: "a", Kind: KindCouponFull, ThresholdFen: off, OffFen: price}, {ID: "b", Kind: KindCouponGift, Units: quantity, CapFen: off}, {ID: "c", Kind: KindCouponDiscount, Rate: off},
		}, Best: true, Staff: &Staff{OffFen: off, FreightFen: &quantity}}
		for _, word := range strings.Split(text, ";") {
			sku, _, _ := strings.Cut(word, ",")
			c.Lines = append(c.Lines, CartLine{sku, quantity}, CartLine{"odd", 1})
		}
		if q, err := Quote(c, r, noon); err == nil {
			sound(t, &q)
			if _, err := RefundOf(&q, nil, q.All(nil, true)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
