package pricing

import "huoshui/internal/platform/errs"

// finish writes the quotation.
func (q *quoter) finish() (Quotation, error) {
	out := &q.quote
	out.Currency, out.At, out.Freight = Currency, q.now, q.freight
	// The adjustments of all lines lie in one block, those of a line together, in the order of application.
	n := len(q.portions)
	ends := make([]int32, n+2)
	for _, t := range q.takings {
		ends[t.portion+1]++
	}
	for i := 1; i <= n; i++ {
		ends[i] += ends[i-1]
	}
	starts := func(i int32) int32 { // freight lies first
		if i < 0 {
			return 0
		}
		return ends[i]
	}
	all, next := make([]Adjustment, len(q.takings)), make([]int32, n+1)
	for _, t := range q.takings {
		all[starts(t.portion)+next[t.portion+1]] = Adjustment{int(t.applied), t.fen}
		next[t.portion+1]++
	}
	out.Freight.Adjustments = all[:ends[0]:ends[0]]
	out.Lines = make([]Line, n)
	for i := range q.portions {
		p := &q.portions[i]
		m := &q.pieces[p.piece]
		l := &out.Lines[i]
		*l = Line{Key: m.sku, SKU: m.sku, Product: m.item.Product, Quantity: p.quantity, UnitFen: m.item.PriceFen,
			ListFen: m.item.PriceFen * p.quantity, PayFen: p.amount, Adjustments: all[ends[i]:ends[i+1]:ends[i+1]]}
		if p.how != "" {
			l.Key = m.sku + "@" + p.how
		}
		out.GoodsFen += p.amount
	}
	if len(q.portions) > len(q.pieces) {
		seen := make(map[string]bool, n)
		for i := range out.Lines {
			if seen[out.Lines[i].Key] {
				return Quotation{}, errs.New(errs.Invalid, "pricing.same_ids", "two rules have the id of %q", out.Lines[i].Key)
			}
			seen[out.Lines[i].Key] = true
		}
	}
	out.Applied = q.applied
	out.TotalFen = out.GoodsFen + out.Freight.PayFen
	if out.TotalFen > MaxFen {
		return Quotation{}, errs.New(errs.Invalid, "pricing.too_large", "this cart comes to more than can be counted").At("lines")
	}
	if out.Coupons == nil {
		out.Coupons = []UsedCoupon{}
	}
	if out.Refused == nil {
		out.Refused = []Refused{}
	}
	q.pay()
	return *out, nil
}

// pay splits the total over the means of payment, and each of them and the points over the lines and the freight.
func (q *quoter) pay() {
	out, c := &q.quote, q.cart.Customer
	if d := q.rules.Deposit; d != nil {
		out.DepositFen = min(max(d.Fen, 0), out.TotalFen)
	}
	wish := min(max(q.cart.Balance, 0), out.TotalFen-out.DepositFen)
	out.GiftFen = min(wish, max(c.GiftFen, 0), share(out.TotalFen, q.rules.Balance.GiftMaxShare))
	out.PrincipalFen = min(wish-out.GiftFen, max(c.PrincipalFen, 0))
	out.CashFen = out.TotalFen - out.DepositFen - out.GiftFen - out.PrincipalFen
	n := len(out.Lines)
	numbers := make([]int64, 2*(n+1))
	weights, parts := numbers[:n+1], numbers[n+1:]
	for i := range out.Lines {
		weights[i] = out.Lines[i].PayFen
	}
	weights[n] = out.Freight.PayFen
	spread := func(total int64, set func(i int) *int64) {
		if total == 0 {
			return
		}
		q.rests = split(total, weights, parts, q.rests)
		for i := range weights {
			*set(i) = parts[i]
			weights[i] -= parts[i]
		}
	}
	spread(out.DepositFen, func(i int) *int64 {
		if i == n {
			return &out.Freight.DepositFen
		}
		return &out.Lines[i].DepositFen
	})
	spread(out.GiftFen, func(i int) *int64 {
		if i == n {
			return &out.Freight.GiftFen
		}
		return &out.Lines[i].GiftFen
	})
	spread(out.PrincipalFen, func(i int) *int64 {
		if i == n {
			return &out.Freight.PrincipalFen
		}
		return &out.Lines[i].PrincipalFen
	})
	for i := range out.Lines {
		out.Lines[i].CashFen = weights[i]
	}
	out.Freight.CashFen = weights[n]
	if out.Points == 0 {
		return
	}
	// Points are split as the money they took off.
	for i := range out.Lines {
		weights[i] = 0
		for _, a := range out.Lines[i].Adjustments {
			if q.applied[a.Applied].Kind == KindPoints {
				weights[i] = a.Fen
			}
		}
	}
	q.rests = split(out.Points, weights[:n], parts[:n], q.rests)
	for i := range out.Lines {
		out.Lines[i].Points = parts[i]
	}
}
