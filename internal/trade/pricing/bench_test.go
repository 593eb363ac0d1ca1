package pricing

import (
	"fmt"
	"math"
	"testing"
)

// bigCart is 50 lines under 20 rules that nearly all apply: 2 member prices, 3 flash prices, 3 bundles, 8 reductions,
// 3 coupons and points.
func bigCart() (Cart, Rules) {
	r := Rules{Items: map[string]Item{}, Templates: map[string]Freights{"std": {ID: "std", By: ByWeight, Regions: []Region{{First: 1000, FirstFen: 800, More: 1000, MoreFen: 200}}}}}
	c := Cart{Region: "440305", Points: 5000, Balance: math.MaxInt64, Customer: Customer{Level: "gold", Layer: "vip", Points: 9000, PrincipalFen: 20000, GiftFen: 3000}}
	for i := range 50 {
		sku := fmt.Sprintf("sku-%03d", i*37%50)
		r.Items[sku] = Item{Product: fmt.Sprintf("p-%02d", i/2), Categories: []string{fmt.Sprintf("cat-%d", i%7), "all"}, PriceFen: int64(990 + 317*i), WeightGram: int64(100 + 7*i), Freight: "std"}
		c.Lines = append(c.Lines, CartLine{sku, int64(1 + i%3)})
	}
	category := func(i int) Scope {
		return Scope{Categories: []string{fmt.Sprintf("cat-%d", i%7), fmt.Sprintf("cat-%d", (i+3)%7)}}
	}
	for i := range 2 {
		r.Members = append(r.Members, Member{ID: fmt.Sprintf("m%d", i), For: Audience{Levels: []string{"gold"}}, Scope: category(i), Rate: int64(9500 - 100*i)})
	}
	for i := range 3 {
		r.Flash = append(r.Flash, Flash{ID: fmt.Sprintf("f%d", i), SKU: fmt.Sprintf("sku-%03d", i), PriceFen: 100, PerPerson: 1, Left: 9})
		r.Bundles = append(r.Bundles, Bundle{ID: fmt.Sprintf("b%d", i), Items: []BundleItem{{fmt.Sprintf("sku-%03d", 10+2*i), 1}, {fmt.Sprintf("sku-%03d", 11+2*i), 1}}, PriceFen: 1000})
	}
	for i := range 8 {
		scope := category(i)
		if i == 0 {
			scope = Scope{ExceptProducts: []string{"p-01", "p-02", "p-03"}}
		}
		r.Reductions = append(r.Reductions, Reduction{ID: fmt.Sprintf("r%d", i), Scope: scope, Steps: []Step{{FromFen: 10000, OffFen: 500}, {FromFen: 30000, OffFen: 2000}}, Priority: int64(i % 3)})
	}
	for i := range 3 {
		c.Coupons = append(c.Coupons, Coupon{ID: fmt.Sprintf("c%d", i), Rule: fmt.Sprintf("d%d", i), Kind: []Kind{KindCouponFull, KindCouponDiscount, KindCouponFreight}[i], ThresholdFen: 5000, OffFen: 1000, Rate: 9000})
		c.Use = append(c.Use, c.Coupons[i].ID)
	}
	r.Points = &Points{StepPoints: 100, StepFen: 100, MaxShare: 3000}
	r.Balance.GiftMaxShare = 2000
	r.Stacking.MaxCoupons = 3
	return c, r
}

func TestTheBigCartIsWhatItSays(t *testing.T) {
	c, r := bigCart()
	q := quoted(t, c, r)
	if len(c.Lines) != 50 || len(q.Applied) < 19 || len(q.Coupons) != 3 || q.Points == 0 || q.GiftFen == 0 {
		t.Errorf("%d applied: %+v", len(q.Applied), q.Applied)
	}
}

func BenchmarkQuote(b *testing.B) {
	c, r := bigCart()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Quote(c, r, noon); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuoteBestOfTwentyCoupons(b *testing.B) {
	c, r := bigCart()
	c.Best, c.Use = true, nil
	for i := len(c.Coupons); i < 20; i++ {
		c.Coupons = append(c.Coupons, Coupon{ID: fmt.Sprintf("c%02d", i), Rule: fmt.Sprintf("d%d", i), Kind: KindCouponFull, ThresholdFen: int64(1000 * i), OffFen: int64(90 * i), Scope: Scope{Categories: []string{fmt.Sprintf("cat-%d", i%7)}}})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Quote(c, r, noon); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefundOf(b *testing.B) {
	c, r := bigCart()
	q, err := Quote(c, r, noon)
	if err != nil {
		b.Fatal(err)
	}
	all := q.All(nil, true)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := RefundOf(&q, nil, all); err != nil {
			b.Fatal(err)
		}
	}
}
