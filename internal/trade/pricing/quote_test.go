package pricing

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/errs"
)

var noon = time.Date(2026, 11, 11, 4, 0, 0, 0, time.UTC)

// shop is a catalogue of three goods: tea 100.00, cup 40.00, tray 9.99.
func shop() Rules {
	return Rules{Items: map[string]Item{
		"tea":  {Product: "p-tea", Categories: []string{"drink", "leaf"}, PriceFen: 10000, WeightGram: 600, Freight: "std"},
		"cup":  {Product: "p-cup", Categories: []string{"ware"}, PriceFen: 4000, WeightGram: 300, Freight: "std"},
		"tray": {Product: "p-tray", Categories: []string{"ware"}, PriceFen: 999, WeightGram: 250, Freight: "std"},
		"gift": {Product: "p-card", PriceFen: 5000},
	}, Templates: map[string]Freights{"std": {ID: "std", By: ByWeight, Regions: []Region{
		{First: 1000, FirstFen: 1000, More: 500, MoreFen: 300, FreeOverFen: 50000},
		{Codes: []string{"65", "54"}, First: 1000, FirstFen: 2500, More: 500, MoreFen: 1200},
		{Codes: []string{"71"}, No: true},
	}}}, Balance: Balance{GiftMaxShare: 10000}}
}

func cart(lines ...CartLine) Cart { return Cart{Lines: lines} }

func quoted(t *testing.T, c Cart, r Rules) Quotation {
	t.Helper()
	q, err := Quote(c, r, noon)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, &q)
	return q
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// sound checks what is true of every quotation.
func sound(t failer, q *Quotation) {
	t.Helper()
	var list, goods, points, gift, principal, cash, deposit int64
	takes := make([]int64, len(q.Applied))
	for _, l := range q.Lines {
		if l.Quantity < 1 || l.PayFen < 0 || l.GiftFen < 0 || l.PrincipalFen < 0 || l.CashFen < 0 || l.Points < 0 || l.DepositFen < 0 {
			t.Fatalf("negative: %+v", l)
		}
		left := l.ListFen
		for _, a := range l.Adjustments {
			if a.Fen <= 0 {
				t.Fatalf("adjustment %+v of %+v", a, l)
			}
			left -= a.Fen
			takes[a.Applied] += a.Fen
		}
		if left != l.PayFen || l.ListFen != l.UnitFen*l.Quantity || l.GiftFen+l.PrincipalFen+l.CashFen+l.DepositFen != l.PayFen {
			t.Fatalf("list %d less adjustments is %d, pay %d: %+v", l.ListFen, left, l.PayFen, l)
		}
		list, goods, points = list+l.ListFen, goods+l.PayFen, points+l.Points
		gift, principal, cash, deposit = gift+l.GiftFen, principal+l.PrincipalFen, cash+l.CashFen, deposit+l.DepositFen
	}
	f := q.Freight
	left := f.ListFen
	for _, a := range f.Adjustments {
		left -= a.Fen
		takes[a.Applied] += a.Fen
	}
	if left != f.PayFen || f.PayFen < 0 || f.GiftFen+f.PrincipalFen+f.CashFen+f.DepositFen != f.PayFen || f.DepositFen < 0 || f.GiftFen < 0 || f.PrincipalFen < 0 || f.CashFen < 0 {
		t.Fatalf("freight %+v", f)
	}
	for i, a := range q.Applied {
		if takes[i] != a.Fen || a.Code == "" {
			t.Fatalf("%+v took %d", a, takes[i])
		}
	}
	if list != q.ListFen || goods != q.GoodsFen || goods+f.PayFen != q.TotalFen || points != q.Points ||
		gift+f.GiftFen != q.GiftFen || principal+f.PrincipalFen != q.PrincipalFen || cash+f.CashFen != q.CashFen ||
		deposit+f.DepositFen != q.DepositFen || q.GiftFen+q.PrincipalFen+q.CashFen+q.DepositFen != q.TotalFen {
		t.Fatalf("sums of %+v", q)
	}
}

// pays returns what every line comes to, by key.
func pays(q Quotation) map[string]int64 {
	out := map[string]int64{}
	for _, l := range q.Lines {
		out[l.Key] = l.PayFen
	}
	return out
}

func TestEveryStepInOrder(t *testing.T) {
	r := shop()
	r.Members = []Member{{ID: "gold", For: Audience{Levels: []string{"gold"}}, Rate: 9000, Prices: map[string]int64{"cup": 3500}}}
	r.Flash = []Flash{{ID: "f1", SKU: "tray", PriceFen: 100, PerPerson: 1, Left: -1}}
	r.Bundles = []Bundle{{ID: "b1", Items: []BundleItem{{"tea", 1}, {"cup", 2}}, PriceFen: 15000}}
	r.Reductions = []Reduction{{ID: "m1", Steps: []Step{{FromFen: 20000, OffFen: 2000}, {FromFen: 99900, OffFen: 20000}}}}
	r.Points = &Points{StepPoints: 100, StepFen: 100, MaxShare: 1000}
	c := cart(CartLine{"tray", 3}, CartLine{"tea", 2}, CartLine{"cup", 2})
	c.Customer = Customer{Level: "gold", Points: 1234, PrincipalFen: 5000, GiftFen: 2000}
	c.Region, c.Points, c.Balance = "440300", 9999, math.MaxInt64
	c.Coupons = []Coupon{{ID: "c1", Rule: "r1", Kind: KindCouponFull, ThresholdFen: 10000, OffFen: 1000}}
	c.Use = []string{"c1"}
	q := quoted(t, c, r)
	// member: tea 90.00, cup 35.00, tray 8.99 (9.99 × 0.9 = 8.991); flash: one tray at 1.00; bundle: tea+2 cups 160.00 → 150.00
	// goods: tea 90 + bundle 150 + trays 17.98 + 1.00 = 258.98; −20.00 = 238.98; −10.00 = 228.98; points: 10% in whole yuan 22.00, of 12.00 held
	var kinds []Kind
	var fens []int64
	for _, a := range q.Applied {
		kinds, fens = append(kinds, a.Kind), append(fens, a.Fen)
	}
	if diff := cmp.Diff([]Kind{KindMember, KindMember, KindFlash, KindBundle, KindReduction, KindCouponFull, KindPoints}, kinds); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{1000, 2200, 899, 1000, 2000, 1000, 1200}, fens); diff != "" {
		t.Error(diff)
	}
	// weight 2×600+2×300+3×250 = 2550 g: 10.00 + 4×3.00
	if q.GoodsFen != 21698 || q.Freight.PayFen != 2200 || q.Points != 1200 || q.GiftFen != 2000 || q.PrincipalFen != 5000 || q.CashFen != 16898 {
		t.Errorf("%+v", q)
	}
	if len(q.Lines) != 5 || q.Lines[0].Key != "cup@b1" || q.Lines[4].Key != "tray@f1" {
		t.Errorf("%v", pays(q))
	}
}

// Named after what open shops lose money by.
func TestRegressionsOfTheField(t *testing.T) {
	t.Run("coupon above amount never makes the payable negative", func(t *testing.T) {
		c := cart(CartLine{"tray", 1})
		c.Coupons = []Coupon{{ID: "c1", Kind: KindCouponFull, OffFen: 5000}}
		c.Use = []string{"c1"}
		if q := quoted(t, c, shop()); q.TotalFen != 0 || q.Coupons[0].Fen != 999 {
			t.Errorf("%+v", q)
		}
	})
	t.Run("fee adjusted after leaves no stale payable", func(t *testing.T) {
		c := cart(CartLine{"tea", 1}, CartLine{"cup", 1})
		c.Region, c.Balance, c.Customer.PrincipalFen = "11", 3000, 99999
		before := quoted(t, c, shop())
		free := int64(0)
		c.Staff = &Staff{ID: "log-1", OffFen: 1400, FreightFen: &free}
		after := quoted(t, c, shop())
		if before.CashFen-after.CashFen != 1400+before.Freight.PayFen || after.Freight.PayFen != 0 || after.TotalFen != 12600 {
			t.Errorf("%d → %d of %+v", before.CashFen, after.CashFen, after)
		}
		c.Staff.OffFen = math.MaxInt64
		if q := quoted(t, c, shop()); q.TotalFen != 0 {
			t.Errorf("%+v", q)
		}
		dear := int64(math.MaxInt64)
		c.Staff = &Staff{ID: "log-2", OffFen: -5000, FreightFen: &dear}
		if q := quoted(t, c, shop()); q.TotalFen != before.TotalFen {
			t.Errorf("staff raised a price: %+v", q)
		}
	})
	t.Run("one coupon is used once in an order", func(t *testing.T) {
		c := cart(CartLine{"tea", 1})
		one := Coupon{ID: "c1", Kind: KindCouponFull, OffFen: 1000, PerOrder: 5}
		c.Coupons, c.Use = []Coupon{one, one, one}, []string{"c1", "c1", "c1"}
		r := shop()
		r.Stacking.MaxCoupons = 5
		if q := quoted(t, c, r); q.TotalFen != 9000 || len(q.Coupons) != 1 {
			t.Errorf("%+v", q)
		}
	})
	t.Run("refund above paid", func(t *testing.T) {
		q := quoted(t, cart(CartLine{"tea", 3}), shop())
		for name, now := range map[string]Giving{
			"units":         {Units: map[string]int64{"tea": 4}},
			"nothing":       {Units: map[string]int64{"tea": 0}},
			"negative":      {Units: map[string]int64{"tea": -1}},
			"amount":        {Amounts: map[string]int64{"tea": 30001}},
			"amount, units": {Units: map[string]int64{"tea": 2}, Amounts: map[string]int64{"tea": 10001}},
			"line":          {Units: map[string]int64{"cup": 1}},
			"no freight":    {Units: map[string]int64{FreightKey: 2}},
		} {
			if _, err := RefundOf(&q, nil, now); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		first, err := RefundOf(&q, nil, Giving{Units: map[string]int64{"tea": 2}})
		if err != nil || first.Fen() != 20000 {
			t.Fatalf("%+v %v", first, err)
		}
		given := map[string]Given{"tea": {Quantity: 2, Money: first.Money}}
		if _, err := RefundOf(&q, given, Giving{Units: map[string]int64{"tea": 2}}); !errs.Is(err, errs.Invalid) {
			t.Errorf("five of three units: %v", err)
		}
		if _, err := RefundOf(&q, map[string]Given{"tea": {Quantity: 1, Money: Money{CashFen: 30001}}}, Giving{}); !errs.Is(err, errs.Invalid) {
			t.Errorf("a false past: %v", err)
		}
	})
	t.Run("points beyond what she has", func(t *testing.T) {
		r := shop()
		r.Points = &Points{StepPoints: 100, StepFen: 100, MaxShare: 10000}
		c := cart(CartLine{"tea", 1})
		c.Points, c.Customer.Points = 9000, 250
		if q := quoted(t, c, r); q.Points != 200 || q.TotalFen != 9800 {
			t.Errorf("%+v", q)
		}
		c.Points = -100
		if q := quoted(t, c, r); q.Points != 0 || q.TotalFen != 10000 {
			t.Errorf("%+v", q)
		}
	})
}

func TestHostileCartsAreRefusedInWords(t *testing.T) {
	many := make([]CartLine, MaxLines+1)
	for i := range many {
		many[i] = CartLine{"tea", 1}
	}
	bad := shop()
	bad.Items["dear"] = Item{PriceFen: MaxFen}
	bad.Items["minus"] = Item{PriceFen: -1}
	bad.Items["lost"] = Item{PriceFen: 1, Freight: "nowhere"}
	bad.Items["@freight"] = Item{PriceFen: 1}
	bad.Items["lead"] = Item{PriceFen: 1, WeightGram: MaxFen, Freight: "std"}
	for code, c := range map[string]Cart{
		"pricing.currency":         {Currency: "USD", Lines: []CartLine{{"tea", 1}}},
		"pricing.empty":            {},
		"pricing.too_many_lines":   {Lines: many},
		"pricing.quantity":         cart(CartLine{"tea", 0}),
		"pricing.unknown_sku":      cart(CartLine{"tea", 1}, CartLine{"nothing", 1}),
		"pricing.too_large":        cart(CartLine{"dear", 2}),
		"pricing.item":             cart(CartLine{"minus", 2}),
		"pricing.unknown_freight":  {Region: "11", Lines: []CartLine{{"lost", 1}}},
		"pricing.not_delivered":    {Region: "710000", Lines: []CartLine{{"tea", 1}}},
		"pricing.too_many_coupons": {Lines: []CartLine{{"tea", 1}}, Coupons: make([]Coupon, MaxCoupons+1)},
	} {
		_, err := Quote(c, bad, noon)
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, c := range []Cart{
		cart(CartLine{"tea", -1}), cart(CartLine{"tea", MaxQuantity + 1}), cart(CartLine{"tea", math.MaxInt64}), cart(CartLine{"", 1}), cart(CartLine{"@freight", 1}),
		{Region: "11", Lines: []CartLine{{"lead", 1000}}}, cart(CartLine{"dear", 1}, CartLine{"dear", 1}),
	} {
		if _, err := Quote(c, bad, noon); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestFullReductions(t *testing.T) {
	for name, one := range map[string]struct {
		rules    []Reduction
		stacking Stacking
		want     int64
	}{
		"ladder below":       {[]Reduction{{ID: "a", Steps: []Step{{FromFen: 30000, OffFen: 3000}}}}, Stacking{}, 28000},
		"ladder last":        {[]Reduction{{ID: "a", Steps: []Step{{FromFen: 10000, OffFen: 1000}, {FromFen: 28000, OffFen: 4000}}}}, Stacking{}, 24000},
		"each":               {[]Reduction{{ID: "a", Each: true, Steps: []Step{{FromFen: 10000, OffFen: 1000}}}}, Stacking{}, 26000},
		"each, at most once": {[]Reduction{{ID: "a", Each: true, MaxTimes: 1, Steps: []Step{{FromFen: 10000, OffFen: 1000}}}}, Stacking{}, 27000},
		"units, rate":        {[]Reduction{{ID: "a", Steps: []Step{{FromUnits: 2, Rate: 8000}}}}, Stacking{}, 22400},
		"category":           {[]Reduction{{ID: "a", Scope: Scope{Categories: []string{"ware"}}, Steps: []Step{{FromFen: 5000, OffFen: 1000}}}}, Stacking{}, 27000},
		"excluded":           {[]Reduction{{ID: "a", Scope: Scope{Categories: []string{"ware"}, ExceptProducts: []string{"p-cup"}}, Steps: []Step{{FromFen: 5000, OffFen: 1000}}}}, Stacking{}, 28000},
		"two of a group":     {[]Reduction{{ID: "b", Group: "g", Steps: []Step{{FromFen: 1, OffFen: 100}}}, {ID: "a", Group: "g", Steps: []Step{{FromFen: 1, OffFen: 50}}}}, Stacking{}, 27950},
		"priority":           {[]Reduction{{ID: "b", Group: "g", Priority: -1, Steps: []Step{{FromFen: 1, OffFen: 100}}}, {ID: "a", Group: "g", Steps: []Step{{FromFen: 1, OffFen: 50}}}}, Stacking{}, 27900},
		"at most one":        {[]Reduction{{ID: "b", Steps: []Step{{FromFen: 1, OffFen: 100}}}, {ID: "a", Steps: []Step{{FromFen: 1, OffFen: 50}}}}, Stacking{MaxReductions: 1}, 27950},
		"not yet":            {[]Reduction{{ID: "a", When: Window{From: noon.Add(1)}, Steps: []Step{{FromFen: 1, OffFen: 100}}}}, Stacking{}, 28000},
		"just over":          {[]Reduction{{ID: "a", When: Window{Until: noon}, Steps: []Step{{FromFen: 1, OffFen: 100}}}}, Stacking{}, 28000},
		"layer":              {[]Reduction{{ID: "a", For: Audience{Layers: []string{"vip"}}, Steps: []Step{{FromFen: 1, OffFen: 100}}}}, Stacking{}, 28000},
		"senseless":          {[]Reduction{{ID: "a", Steps: []Step{{OffFen: -100}, {Rate: 20000}}}, {ID: "b", Each: true}, {ID: "c", Each: true, Steps: []Step{{OffFen: 5}}}}, Stacking{}, 28000},
		"enormous":           {[]Reduction{{ID: "a", Each: true, Steps: []Step{{FromFen: 1, OffFen: math.MaxInt64}}}}, Stacking{}, 0},
	} {
		r := shop()
		r.Reductions, r.Stacking = one.rules, one.stacking
		if q := quoted(t, cart(CartLine{"tea", 2}, CartLine{"cup", 2}), r); q.TotalFen != one.want {
			t.Errorf("%s: %d, want %d", name, q.TotalFen, one.want)
		}
	}
}

func TestCoupons(t *testing.T) {
	for name, one := range map[string]struct {
		coupons []Coupon
		n       int64
		want    int64
		refused string
	}{
		"discount":             {[]Coupon{{ID: "a", Kind: KindCouponDiscount, Rate: 8800}}, 1, 24640 + 2200, ""},
		"discount, capped":     {[]Coupon{{ID: "a", Kind: KindCouponDiscount, Rate: 5000, CapFen: 3000}}, 1, 25000 + 2200, ""},
		"freight":              {[]Coupon{{ID: "a", Kind: KindCouponFreight}}, 1, 28000, ""},
		"freight, part":        {[]Coupon{{ID: "a", Kind: KindCouponFreight, OffFen: 500}}, 1, 28000 + 1700, ""},
		"gift":                 {[]Coupon{{ID: "a", Kind: KindCouponGift, Scope: Scope{SKUs: []string{"cup"}}}}, 1, 24000 + 2200, ""},
		"gift, dearest":        {[]Coupon{{ID: "a", Kind: KindCouponGift, Units: 3, Scope: Scope{SKUs: []string{"cup", "tea"}}}}, 1, 4000 + 2200, ""},
		"gift counts not":      {[]Coupon{{ID: "a", Kind: KindCouponGift, Scope: Scope{SKUs: []string{"tea"}}}, {ID: "b", Kind: KindCouponFull, Rule: "f", ThresholdFen: 20000, OffFen: 100}}, 2, 18000 + 2200, CouponNoSaving},
		"too little":           {[]Coupon{{ID: "a", Kind: KindCouponFull, ThresholdFen: 28001, OffFen: 100}}, 1, 28000 + 2200, CouponTooLittle},
		"goods in scope only":  {[]Coupon{{ID: "a", Kind: KindCouponFull, Scope: Scope{SKUs: []string{"cup"}}, ThresholdFen: 8001, OffFen: 100}}, 1, 28000 + 2200, CouponTooLittle},
		"no goods":             {[]Coupon{{ID: "a", Kind: KindCouponFull, Scope: Scope{SKUs: []string{"tray"}}, OffFen: 100}}, 1, 28000 + 2200, CouponNoGoods},
		"another level":        {[]Coupon{{ID: "a", Kind: KindCouponFull, For: Audience{Levels: []string{"gold"}}, OffFen: 100}}, 1, 28000 + 2200, CouponNotFor},
		"not yet":              {[]Coupon{{ID: "a", Kind: KindCouponFull, When: Window{From: noon.Add(1)}, OffFen: 100}}, 1, 28000 + 2200, CouponNotYet},
		"ended":                {[]Coupon{{ID: "a", Kind: KindCouponFull, When: Window{Until: noon}, OffFen: 100}}, 1, 28000 + 2200, CouponEnded},
		"one at a time":        {[]Coupon{{ID: "a", Rule: "x", Kind: KindCouponFull, OffFen: 100}, {ID: "b", Rule: "y", Kind: KindCouponFull, OffFen: 200}}, 1, 27800 + 2200, CouponOneTooMany},
		"two":                  {[]Coupon{{ID: "a", Rule: "x", Kind: KindCouponFull, OffFen: 100}, {ID: "b", Rule: "y", Kind: KindCouponFull, OffFen: 200}}, 2, 27700 + 2200, ""},
		"one of a rule":        {[]Coupon{{ID: "a", Rule: "x", Kind: KindCouponFull, OffFen: 100}, {ID: "b", Rule: "x", Kind: KindCouponFull, OffFen: 100}}, 2, 27900 + 2200, CouponOneTooMany},
		"two of a rule":        {[]Coupon{{ID: "a", Rule: "x", PerOrder: 2, Kind: KindCouponFull, OffFen: 100}, {ID: "b", Rule: "x", PerOrder: 2, Kind: KindCouponFull, OffFen: 100}}, 2, 27800 + 2200, ""},
		"one of a group":       {[]Coupon{{ID: "a", Rule: "x", Group: "g", Kind: KindCouponFull, OffFen: 100}, {ID: "b", Rule: "y", Group: "g", Kind: KindCouponFull, OffFen: 200}}, 2, 27800 + 2200, CouponNotWith},
		"alone":                {[]Coupon{{ID: "a", Rule: "x", Alone: true, Kind: KindCouponFull, OffFen: 100}, {ID: "b", Rule: "y", Kind: KindCouponFull, OffFen: 200}}, 2, 27800 + 2200, CouponNotWith},
		"full before discount": {[]Coupon{{ID: "a", Rule: "x", Kind: KindCouponDiscount, Rate: 9000}, {ID: "b", Rule: "y", Kind: KindCouponFull, OffFen: 8000}}, 2, 18000 + 2200, ""},
	} {
		r := shop()
		r.Stacking.MaxCoupons = one.n
		c := cart(CartLine{"tea", 2}, CartLine{"cup", 2})
		r.Items["tea"] = Item{Product: "p-tea", Categories: []string{"drink"}, PriceFen: 10000, WeightGram: 1200, Freight: "std"} // 3000 g: 10.00 + 4×3.00
		c.Region, c.Coupons = "31", one.coupons
		for _, k := range one.coupons {
			c.Use = append(c.Use, k.ID)
		}
		q := quoted(t, c, r)
		if q.TotalFen != one.want || (len(q.Refused) > 0) != (one.refused != "") || one.refused != "" && q.Refused[0].Code != one.refused {
			t.Errorf("%s: %d, want %d; %+v", name, q.TotalFen, one.want, q.Refused)
		}
	}
}

func TestExclusions(t *testing.T) {
	r := shop()
	r.Flash = []Flash{{ID: "f", SKU: "tea", PriceFen: 100, PerPerson: 2, Bought: 1, Left: 5}}
	r.Reductions = []Reduction{{ID: "m", Steps: []Step{{FromFen: 100, Rate: 5000}}}}
	c := cart(CartLine{"tea", 2})
	if q := quoted(t, c, r); q.TotalFen != 5050 {
		t.Errorf("%v", pays(q))
	}
	r.Stacking.Excludes = [][2]Kind{{KindReduction, KindFlash}}
	if q := quoted(t, c, r); q.TotalFen != 5100 || pays(q)["tea@f"] != 100 {
		t.Errorf("%v", pays(q))
	}
	r.Flash[0].Left = 0
	if q := quoted(t, c, r); q.TotalFen != 10000 {
		t.Errorf("sold out: %v", pays(q))
	}
	// A coupon that does not meet reductions has nothing left to be good for.
	c.Coupons, c.Use = []Coupon{{ID: "k", Kind: KindCouponFull, OffFen: 500}}, []string{"k"}
	r.Stacking.Excludes = append(r.Stacking.Excludes, [2]Kind{KindCouponFull, KindReduction})
	if q := quoted(t, c, r); q.TotalFen != 10000 || q.Refused[0].Code != CouponNoGoods {
		t.Errorf("%+v", q)
	}
}

func TestBundlesTakeTheBestSets(t *testing.T) {
	r := Rules{Items: map[string]Item{"a": {PriceFen: 1000}, "b": {PriceFen: 1000}, "c": {PriceFen: 1000}, "d": {PriceFen: 1000}}}
	// Greedy takes abc (saves 900) and is left with d; ab + cd together save 1400.
	r.Bundles = []Bundle{
		{ID: "x", Items: []BundleItem{{"a", 1}, {"b", 1}, {"c", 1}}, PriceFen: 2100},
		{ID: "y", Items: []BundleItem{{"a", 1}, {"b", 1}}, PriceFen: 1300},
		{ID: "z", Items: []BundleItem{{"c", 1}, {"d", 1}}, PriceFen: 1300},
		{ID: "dear", Items: []BundleItem{{"c", 1}, {"d", 1}}, PriceFen: 2000},
	}
	if q := quoted(t, cart(CartLine{"a", 1}, CartLine{"b", 1}, CartLine{"c", 1}, CartLine{"d", 1}), r); q.TotalFen != 2600 {
		t.Errorf("%v", pays(q))
	}
	r.Bundles[1].Limit = 1
	if q := quoted(t, cart(CartLine{"a", 3}, CartLine{"b", 3}), r); q.TotalFen != 5300 {
		t.Errorf("%v", pays(q))
	}
	// A hundred thousand sets of two bundles are more than can be looked at: it still ends, and takes the better one.
	r.Bundles[1].Limit = 0
	if q := quoted(t, cart(CartLine{"a", 100_000}, CartLine{"b", 100_000}, CartLine{"c", 100_000}), r); q.TotalFen != 100_000*2100 {
		t.Errorf("%v", pays(q))
	}
}

func TestFreight(t *testing.T) {
	r := shop()
	r.Templates["pcs"] = Freights{ID: "pcs", By: ByPiece, FreeLevels: []string{"gold"}, Regions: []Region{{First: 2, FirstFen: 500, More: 3, MoreFen: 100, FreeOverUnits: 10}}}
	r.Templates["amt"] = Freights{ID: "amt", By: ByAmount, Regions: []Region{{Steps: []FreightStep{{0, 1500}, {5000, 800}, {9900, 0}}}}}
	item := r.Items["cup"]
	item.Freight = "pcs"
	r.Items["cup"] = item
	item = r.Items["tray"]
	item.Freight = "amt"
	r.Items["tray"] = item
	for _, one := range []struct {
		region, level string
		lines         []CartLine
		want          int64
	}{
		{"31", "", []CartLine{{"tea", 1}}, 1000},
		{"31", "", []CartLine{{"tea", 2}}, 1300},
		{"6501", "", []CartLine{{"tea", 2}}, 3700},
		{"31", "", []CartLine{{"tea", 5}}, 0},
		{"31", "", []CartLine{{"cup", 2}}, 500},
		{"31", "", []CartLine{{"cup", 3}}, 600},
		{"31", "", []CartLine{{"cup", 6}}, 700},
		{"31", "", []CartLine{{"cup", 10}}, 0},
		{"31", "gold", []CartLine{{"cup", 3}, {"tea", 1}}, 1000},
		{"31", "", []CartLine{{"tray", 1}}, 1500},
		{"31", "", []CartLine{{"tray", 6}}, 800},
		{"31", "", []CartLine{{"tray", 10}}, 0},
		{"31", "", []CartLine{{"gift", 10}}, 0},
		{"", "", []CartLine{{"tea", 1}}, 0},
	} {
		c := cart(one.lines...)
		c.Region, c.Customer.Level = one.region, one.level
		if q := quoted(t, c, r); q.Freight.PayFen != one.want || q.Freight.Known != (one.region != "") {
			t.Errorf("%+v: %+v", one, q.Freight)
		}
	}
}

func TestRefundGivesCouponsBackWithTheLastGoods(t *testing.T) {
	r := shop()
	r.Stacking.MaxCoupons = 3
	c := cart(CartLine{"tea", 2}, CartLine{"cup", 1})
	c.Region = "31"
	c.Coupons = []Coupon{
		{ID: "all", Rule: "1", Kind: KindCouponFull, OffFen: 1000}, {ID: "cup", Rule: "2", Kind: KindCouponDiscount, Scope: Scope{SKUs: []string{"cup"}}, Rate: 9000},
		{ID: "post", Rule: "3", Kind: KindCouponFreight, Return: ReturnNever},
	}
	c.Use = []string{"all", "cup", "post"}
	q := quoted(t, c, r)
	first, err := RefundOf(&q, nil, Giving{Units: map[string]int64{"cup": 1, "tea": 1}})
	if err != nil || !cmp.Equal(first.Coupons, []string{"cup"}) {
		t.Fatalf("%+v %v", first, err)
	}
	given := map[string]Given{}
	for _, l := range first.Lines {
		given[l.Key] = Given{l.Quantity, l.Money}
	}
	last, err := RefundOf(&q, given, q.All(given, true))
	if err != nil || !cmp.Equal(last.Coupons, []string{"all"}) || first.Fen()+last.Fen() != q.TotalFen {
		t.Fatalf("%+v %v", last, err)
	}
}
