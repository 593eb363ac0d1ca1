package pricing

import (
	"maps"
	"slices"

	"huoshui/internal/platform/errs"
)

// FreightKey names the freight among what is given back.
const FreightKey = "@freight"

// Money is what is given back, by where it came from.
type Money struct {
	CashFen      int64 `json:"cash_fen"`
	PrincipalFen int64 `json:"principal_fen"`
	GiftFen      int64 `json:"gift_fen"`
	Points       int64 `json:"points"`
	DepositFen   int64 `json:"deposit_fen,omitempty" doc:"Of a deposit that was paid before"`
}

// Fen is the money in it; points are not money.
func (m Money) Fen() int64 { return m.CashFen + m.PrincipalFen + m.GiftFen + m.DepositFen }

func (m Money) plus(o Money) Money {
	return Money{m.CashFen + o.CashFen, m.PrincipalFen + o.PrincipalFen, m.GiftFen + o.GiftFen, m.Points + o.Points, m.DepositFen + o.DepositFen}
}

func (m Money) less(o Money) Money {
	return Money{m.CashFen - o.CashFen, m.PrincipalFen - o.PrincipalFen, m.GiftFen - o.GiftFen, m.Points - o.Points, m.DepositFen - o.DepositFen}
}

// Given is what has been given back of one line.
type Given struct {
	Quantity int64 `json:"quantity"`
	Money
}

// Giving is what is to be given back now: units of lines by their keys, and the freight as one unit of FreightKey; or of a
// line an amount without units, for goods that stay with the customer.
type Giving struct {
	Units   map[string]int64 `json:"units,omitempty"`
	Amounts map[string]int64 `json:"amounts_fen,omitempty"`
}

// Refund is what a Giving comes to.
type Refund struct {
	Lines []RefundLine `json:"lines" doc:"By key"`
	Money
	Coupons []string `json:"coupons" doc:"Ids of coupons that come back: everything they were used for has now come back"`
}

// RefundLine is what is given back for one line.
type RefundLine struct {
	Key      string `json:"key"`
	SKU      string `json:"sku" doc:"Empty for freight"`
	Quantity int64  `json:"quantity"`
	Money
}

// RefundOf says what to give back of an order for some of its units, given what has been given back before, by key.
//
// Of a line of n units the first k are worth k/n of each means of payment and of its points, rounded down; what is given
// for units is the difference to what was given before. So it does not matter in which parts and in what order goods come
// back: all of them together are exactly what was paid, and no part is ever more. An amount that was given without units
// comes off what units of the line are worth later. It fails with an Invalid error for units or money that are not there.
func RefundOf(q *Quotation, given map[string]Given, now Giving) (Refund, error) {
	lines := make(map[string]*Line, len(q.Lines)+1)
	for i := range q.Lines {
		lines[q.Lines[i].Key] = &q.Lines[i]
	}
	f := q.Freight
	lines[FreightKey] = &Line{Key: FreightKey, Quantity: 1, PayFen: f.PayFen, CashFen: f.CashFen, PrincipalFen: f.PrincipalFen, GiftFen: f.GiftFen, DepositFen: f.DepositFen}
	for key, g := range given {
		l := lines[key]
		if l == nil || g.Quantity < 0 || g.Quantity > l.Quantity || !within(g.Money, l.paid()) {
			return Refund{}, errs.New(errs.Invalid, "refund.given_wrong", "what is said to be given back of %q was never paid", key).At("given")
		}
	}
	out := Refund{Lines: []RefundLine{}, Coupons: []string{}}
	after := maps.Clone(given)
	if after == nil {
		after = map[string]Given{}
	}
	keys := slices.Sorted(maps.Keys(now.Units))
	for key := range now.Amounts {
		if _, both := now.Units[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		l := lines[key]
		if l == nil {
			return Refund{}, errs.New(errs.Invalid, "refund.unknown_line", "the order has no line %q", key).At("units").With("key", key)
		}
		had := after[key]
		r := RefundLine{Key: key, SKU: l.SKU}
		if units, ok := now.Units[key]; ok {
			if units < 1 || units > l.Quantity-had.Quantity {
				return Refund{}, errs.New(errs.Invalid, "refund.units", "of %q %d units can still be given back", key, l.Quantity-had.Quantity).
					At("units").With("key", key).With("left", l.Quantity-had.Quantity)
			}
			r.Quantity = units
			r.Money = positive(l.first(had.Quantity + units).less(had.Money))
		}
		if fen, ok := now.Amounts[key]; ok {
			left := l.paid().less(had.Money).less(r.Money)
			if fen < 1 || fen > left.Fen() {
				return Refund{}, errs.New(errs.Invalid, "refund.above_paid", "of %q %d fen can still be given back", key, left.Fen()).
					At("amounts_fen").With("key", key).With("left_fen", left.Fen())
			}
			r.Money = r.Money.plus(left.part(fen))
		}
		after[key] = Given{had.Quantity + r.Quantity, had.Money.plus(r.Money)}
		out.Lines = append(out.Lines, r)
		out.Money = out.Money.plus(r.Money)
	}
	out.Coupons = q.comingBack(given, after)
	return out, nil
}

// paid returns all that was paid for the line.
func (l *Line) paid() Money {
	return Money{l.CashFen, l.PrincipalFen, l.GiftFen, l.Points, l.DepositFen}
}

// first returns what the first k units of a line are worth.
func (l *Line) first(k int64) Money {
	part := func(fen int64) int64 { return mulDiv(fen, k, l.Quantity) }
	return Money{part(l.CashFen), part(l.PrincipalFen), part(l.GiftFen), part(l.Points), part(l.DepositFen)}
}

// within reports whether every part of m is between nothing and that of most.
func within(m, most Money) bool {
	in := func(a, b int64) bool { return a >= 0 && a <= b }
	return in(m.CashFen, most.CashFen) && in(m.PrincipalFen, most.PrincipalFen) && in(m.GiftFen, most.GiftFen) && in(m.Points, most.Points) && in(m.DepositFen, most.DepositFen)
}

// positive returns m without what is below nothing.
func positive(m Money) Money {
	return Money{max(m.CashFen, 0), max(m.PrincipalFen, 0), max(m.GiftFen, 0), max(m.Points, 0), max(m.DepositFen, 0)}
}

// part returns an amount of the money, of each means of payment in proportion; no points.
func (m Money) part(fen int64) Money {
	weights, parts := [4]int64{m.CashFen, m.PrincipalFen, m.GiftFen, m.DepositFen}, [4]int64{}
	split(fen, weights[:], parts[:], nil)
	return Money{CashFen: parts[0], PrincipalFen: parts[1], GiftFen: parts[2], DepositFen: parts[3]}
}

// comingBack returns the coupons all of whose goods have come back now, and had not before.
func (q *Quotation) comingBack(before, after map[string]Given) []string {
	whole := func(state map[string]Given, coupon string) bool {
		at := slices.IndexFunc(q.Applied, func(a Applied) bool { return a.Rule == coupon && a.Kind.isCoupon() })
		if at < 0 {
			return false
		}
		if q.Applied[at].Kind != KindCouponFreight {
			for i := range q.Lines {
				l := &q.Lines[i]
				used := slices.ContainsFunc(l.Adjustments, func(a Adjustment) bool { return a.Applied == at })
				if used && state[l.Key].Quantity < l.Quantity {
					return false
				}
			}
			return true
		}
		// A coupon for freight comes back with all the goods: the freight it paid may be nothing, and never given back.
		for i := range q.Lines {
			if state[q.Lines[i].Key].Quantity < q.Lines[i].Quantity {
				return false
			}
		}
		return true
	}
	out := []string{}
	for _, c := range q.Coupons {
		if c.Return != ReturnNever && whole(after, c.ID) && !whole(before, c.ID) {
			out = append(out, c.ID)
		}
	}
	slices.Sort(out)
	return out
}

// isCoupon reports whether a kind is a coupon.
func (k Kind) isCoupon() bool {
	p := k.place()
	return p >= KindCouponGift.place() && p <= KindCouponFreight.place()
}

// All returns the Giving of everything that has not been given back, with the freight or without.
func (q *Quotation) All(given map[string]Given, freight bool) Giving {
	out := Giving{Units: map[string]int64{}}
	for i := range q.Lines {
		l := &q.Lines[i]
		if left := l.Quantity - given[l.Key].Quantity; left > 0 {
			out.Units[l.Key] = left
		}
	}
	if freight && given[FreightKey].Quantity == 0 {
		out.Units[FreightKey] = 1
	}
	return out
}
