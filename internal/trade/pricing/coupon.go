package pricing

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Reasons why a coupon cannot be used.
const (
	CouponNotHeld    = "coupon.not_held"
	CouponNotYet     = "coupon.not_yet"
	CouponEnded      = "coupon.ended"
	CouponNotFor     = "coupon.not_for"    // another level or layer
	CouponNoGoods    = "coupon.no_goods"   // nothing in the cart is in its scope, or all of it is excluded
	CouponTooLittle  = "coupon.too_little" // below its threshold
	CouponNoSaving   = "coupon.no_saving"  // it would take nothing off
	CouponNotWith    = "coupon.not_with"   // another coupon that is used
	CouponOneTooMany = "coupon.one_too_many"
)

// couponNodes bounds the choices that the search for the best coupons sees. Twenty coupons, three at a time, are 1,350.
const couponNodes = 20_000

// ticket is a coupon that may be used, with what it saves alone.
type ticket struct {
	*Coupon
	in     []int32 // portions
	saving int64
}

// coupons chooses and applies coupons: those asked for, or the best of those held.
func (q *quoter) coupons() {
	q.quote.Exact = true
	if len(q.cart.Coupons) == 0 && len(q.cart.Use) == 0 {
		return
	}
	var chosen []*ticket
	if q.cart.Best {
		tickets, _ := q.tickets(q.held())
		chosen, q.quote.Exact = q.best(tickets)
	} else {
		chosen = q.asked()
	}
	if len(chosen) == 0 {
		return
	}
	slices.SortFunc(chosen, q.inOrder)
	w := q.wallet()
	w.use(chosen, func(c *ticket, amounts []int64, fen int64) {
		code, values := c.text()
		at := q.apply(c.Kind, c.ID, code, values)
		if c.Kind == KindCouponFreight {
			q.offFreight(at, fen)
		} else {
			for n, i := range c.in {
				q.off1(int(i), at, c.Kind, amounts[n])
			}
		}
		q.quote.Coupons = append(q.quote.Coupons, UsedCoupon{ID: c.ID, Rule: c.Rule, Fen: q.applied[at].Fen, Return: cmp.Or(c.Return, ReturnWhole)})
	})
}

// held returns the coupons of the cart, each id once.
func (q *quoter) held() []*Coupon {
	out := make([]*Coupon, 0, len(q.cart.Coupons))
	for i := range q.cart.Coupons {
		out = append(out, &q.cart.Coupons[i])
	}
	slices.SortStableFunc(out, func(a, b *Coupon) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b *Coupon) bool { return a.ID == b.ID })
}

// asked returns the coupons that were asked for and can be used together; of two that cannot, the one that saves more.
func (q *quoter) asked() (chosen []*ticket) {
	held := q.held()
	var want []*Coupon
	for _, id := range slices.Compact(slices.Sorted(slices.Values(q.cart.Use))) {
		i, ok := slices.BinarySearchFunc(held, id, func(c *Coupon, id string) int { return strings.Compare(c.ID, id) })
		if !ok {
			q.quote.Refused = append(q.quote.Refused, Refused{Coupon: id, Code: CouponNotHeld})
			continue
		}
		want = append(want, held[i])
	}
	tickets, refused := q.tickets(want)
	chosen = make([]*ticket, 0, len(tickets))
	q.quote.Refused = append(q.quote.Refused, refused...)
	w := q.wallet()
	for i := range tickets {
		t := &tickets[i]
		refused := q.meets(chosen, t)
		if refused.Code == "" {
			if with := append(chosen, t); len(chosen) == 0 || w.good(with) {
				chosen = with
				continue
			}
			refused = Refused{Coupon: t.ID, Code: CouponNoSaving}
		}
		q.quote.Refused = append(q.quote.Refused, refused)
	}
	slices.SortStableFunc(q.quote.Refused, func(a, b Refused) int { return strings.Compare(a.Coupon, b.Coupon) })
	return chosen
}

// tickets returns those of the coupons that can be used alone, the most saving first, and why the others cannot.
func (q *quoter) tickets(coupons []*Coupon) ([]ticket, []Refused) {
	out := make([]ticket, 0, len(coupons))
	var refused []Refused
	w := q.wallet()
	for _, c := range coupons {
		t, code, values := q.ticket(c)
		if code == "" {
			saving, ok := w.saving([]*ticket{&t})
			switch {
			case !ok:
				code = CouponTooLittle
			case saving == 0:
				code = CouponNoSaving
			}
			t.saving = saving
		}
		if code != "" {
			refused = append(refused, Refused{Coupon: c.ID, Code: code, Values: values})
			continue
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b ticket) int {
		return cmp.Or(cmp.Compare(b.saving, a.saving), sooner(a.When.Until, b.When.Until), strings.Compare(a.ID, b.ID))
	})
	return out, refused
}

// sooner orders ends of validity; no end is last.
func sooner(a, b time.Time) int {
	switch {
	case a.IsZero() || b.IsZero():
		return cmp.Compare(btoi(a.IsZero()), btoi(b.IsZero()))
	default:
		return a.Compare(b)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ticket finds the goods that a coupon is good for, or why there are none.
func (q *quoter) ticket(c *Coupon) (t ticket, code string, v Values) {
	t.Coupon = c
	place := c.Kind.place()
	switch {
	case q.now.Before(c.When.From):
		return t, CouponNotYet, v
	case !c.When.Holds(q.now):
		return t, CouponEnded, v
	case !c.For.has(q.cart.Customer):
		return t, CouponNotFor, v
	case place < KindCouponGift.place() || place > KindCouponFreight.place():
		return t, CouponNoSaving, v
	}
	base, units := q.choose(&c.Scope, c.Kind, 0)
	if len(q.sel) == 0 {
		return t, CouponNoGoods, v
	}
	if c.Kind == KindCouponFreight || c.Kind == KindCouponGift {
		base, units = 0, 0
		for i := range q.portions {
			base, units = base+q.portions[i].amount, units+q.portions[i].quantity
		}
	}
	if base < c.ThresholdFen || units < c.ThresholdUnits {
		return t, CouponTooLittle, Values{ThresholdFen: c.ThresholdFen, Units: c.ThresholdUnits, MissingFen: max(c.ThresholdFen-base, 0)}
	}
	t.in = slices.Clone(q.sel)
	return t, "", v
}

// text returns what is said of a coupon that is used.
func (c *Coupon) text() (string, Values) {
	v := Values{ThresholdFen: c.ThresholdFen, OffFen: c.OffFen, CapFen: c.CapFen, Rate: c.Rate, Units: c.Units}
	switch c.Kind {
	case KindCouponGift:
		v.Units = max(c.Units, 1)
		return codeGift, v
	case KindCouponFull:
		return codeFull, v
	case KindCouponDiscount:
		return codeDiscount, v
	default:
		return codeFreight, v
	}
}

// inOrder orders coupons as they are applied: by kind, then by rule, then by id.
func (q *quoter) inOrder(a, b *ticket) int {
	return cmp.Or(cmp.Compare(a.Kind.place(), b.Kind.place()), strings.Compare(a.Rule, b.Rule), strings.Compare(a.ID, b.ID))
}

// meets says why a coupon does not go with those chosen; an empty code is that it does.
func (q *quoter) meets(chosen []*ticket, t *ticket) Refused {
	alike := int64(1)
	for _, c := range chosen {
		if c.Alone || t.Alone || c.Group != "" && c.Group == t.Group || q.excludes[c.Kind.place()]&t.Kind.bit() != 0 {
			return Refused{t.ID, CouponNotWith, Values{Other: c.ID}}
		}
		if c.Rule == t.Rule {
			alike++
		}
	}
	if int64(len(chosen)) >= max(q.rules.Stacking.MaxCoupons, 1) || alike > max(t.PerOrder, 1) {
		return Refused{Coupon: t.ID, Code: CouponOneTooMany}
	}
	return Refused{}
}

// wallet tries sets of coupons on what the goods come to.
type wallet struct {
	q       *quoter
	start   []int64 // what portions come to before coupons
	amounts []int64 // and while a set is tried
	base    []int64 // what thresholds look at
	free    []int64 // units that gifts made free
	weights []int64
	parts   []int64
	set     []*ticket
}

// wallet returns the wallet of the quote; what portions come to before coupons is what they come to when it is first asked for.
func (q *quoter) wallet() *wallet {
	if q.tried != nil {
		return q.tried
	}
	n := len(q.portions)
	numbers := make([]int64, 6*n)
	next := func() []int64 {
		out := numbers[:n:n]
		numbers = numbers[n:]
		return out
	}
	w := &wallet{q: q, start: next(), amounts: next(), base: next(), free: next(), weights: next(), parts: next()}
	for i := range q.portions {
		w.start[i] = q.portions[i].amount
	}
	q.tried = w
	return w
}

// saving returns what a set of coupons takes off together; false when one of them is below its threshold or takes
// nothing off.
func (w *wallet) saving(set []*ticket) (sum int64, ok bool) {
	w.set = append(w.set[:0], set...)
	slices.SortFunc(w.set, w.q.inOrder)
	ok = w.use(w.set, func(_ *ticket, _ []int64, fen int64) { sum += fen })
	return sum, ok
}

// good reports whether every coupon of a set takes something off.
func (w *wallet) good(set []*ticket) bool {
	_, ok := w.saving(set)
	return ok
}

// use applies coupons in order and tells what each takes off, by the portions in its scope. It stops, and returns false,
// at one that is below its threshold or takes nothing off.
func (w *wallet) use(ordered []*ticket, tell func(t *ticket, parts []int64, fen int64)) bool {
	copy(w.amounts, w.start)
	clear(w.free)
	copy(w.base, w.amounts)
	freight := w.q.freight.PayFen
	gifts := true
	for _, t := range ordered {
		if gifts && t.Kind != KindCouponGift {
			gifts = false
			copy(w.base, w.amounts)
		}
		var fen int64
		parts := w.parts[:len(t.in)]
		switch t.Kind {
		case KindCouponGift:
			fen = w.gift(t, parts)
		case KindCouponFreight:
			if fen = freight; t.OffFen > 0 {
				fen = min(fen, t.OffFen)
			}
			freight -= fen
			if w.total() < t.ThresholdFen {
				return false
			}
		default:
			fen = w.money(t, parts)
		}
		if fen <= 0 {
			return false
		}
		if t.Kind != KindCouponFreight {
			for n, i := range t.in {
				w.amounts[i] -= parts[n]
			}
		}
		tell(t, parts, fen)
	}
	return true
}

func (w *wallet) total() (sum int64) {
	for _, b := range w.base {
		sum += b
	}
	return sum
}

// money returns what a full-reduction or discount coupon takes off, split over its portions.
func (w *wallet) money(t *ticket, parts []int64) int64 {
	var base, left int64
	w.weights = w.weights[:0]
	for _, i := range t.in {
		base += w.base[i]
		left += w.amounts[i]
		w.weights = append(w.weights, w.amounts[i])
	}
	if base < t.ThresholdFen {
		return 0
	}
	fen := t.OffFen
	if t.Kind == KindCouponDiscount {
		fen = 0
		if t.Rate > 0 && t.Rate < 10000 {
			fen = share(left, 10000-t.Rate)
		}
		if t.CapFen > 0 {
			fen = min(fen, t.CapFen)
		}
	}
	fen = min(max(fen, 0), left)
	w.q.rests = split(fen, w.weights, parts, w.q.rests)
	return fen
}

// gift makes the dearest units of a coupon's goods free that other gifts have left.
func (w *wallet) gift(t *ticket, parts []int64) (fen int64) {
	clear(parts)
	for units := max(t.Units, 1); units > 0; {
		best := -1
		for n, i := range t.in {
			if parts[n] > 0 || w.free[i] >= w.q.portions[i].quantity || w.amounts[i] == 0 {
				continue
			}
			if best < 0 || w.dearer(i, t.in[best]) {
				best = n
			}
		}
		if best < 0 {
			break
		}
		i := t.in[best]
		quantity := w.q.portions[i].quantity
		n := min(units, quantity-w.free[i])
		// What the first free+n units come to, less what the first free did.
		part := mulDiv(w.start[i], w.free[i]+n, quantity) - mulDiv(w.start[i], w.free[i], quantity)
		w.free[i] += n
		units -= n
		if t.CapFen > 0 {
			part = min(part, t.CapFen-fen)
		}
		if parts[best] = part; part == 0 {
			break
		}
		fen += part
	}
	return fen
}

// dearer reports whether a unit of portion a costs more than one of b.
func (w *wallet) dearer(a, b int32) bool {
	qa, qb := w.q.portions[a].quantity, w.q.portions[b].quantity
	return w.start[a]/qa > w.start[b]/qb || w.start[a]/qa == w.start[b]/qb && w.start[a]%qa*qb > w.start[b]%qb*qa
}

// best returns the set of coupons that takes the most off goods and freight, and whether every other choice was seen.
// It walks the sets, the most saving coupons first, and leaves out what cannot beat the best so far: a set never saves
// more than its coupons do one by one. Of sets that save the same, the one found first is kept: fewer coupons, then
// those that save more alone, then those that end sooner.
func (q *quoter) best(tickets []ticket) ([]*ticket, bool) {
	s := couponSearch{q: q, w: q.wallet(), tickets: tickets, size: int(max(q.rules.Stacking.MaxCoupons, 1))}
	// Of coupons that are alike, only as many matter as one order takes.
	kept := tickets[:0:0]
	for _, t := range tickets {
		alike := int64(0)
		for _, k := range kept {
			if k.Rule == t.Rule && alikeTickets(&k, &t) {
				alike++
			}
		}
		if alike < max(t.PerOrder, 1) {
			kept = append(kept, t)
		}
	}
	s.tickets = kept
	for _, t := range kept {
		if t.Kind == KindCouponGift {
			s.slack = max(s.slack, int64(len(t.in)))
		}
	}
	s.from(0, nil, 0)
	return s.best, s.nodes <= couponNodes
}

// alikeTickets reports whether two coupons of a rule promise the same.
func alikeTickets(a, b *ticket) bool {
	return a.Kind == b.Kind && a.ThresholdFen == b.ThresholdFen && a.OffFen == b.OffFen && a.Rate == b.Rate && a.CapFen == b.CapFen &&
		a.Units == b.Units && a.Group == b.Group && a.Alone == b.Alone && a.PerOrder == b.PerOrder && slices.Equal(a.in, b.in)
}

type couponSearch struct {
	q       *quoter
	w       *wallet
	tickets []ticket
	size    int
	slack   int64 // by how much a coupon may save more among others than alone: the fractions of a fen of units that gifts take
	best    []*ticket
	most    int64
	nodes   int
}

func (s *couponSearch) from(i int, chosen []*ticket, sum int64) {
	for ; i < len(s.tickets); i++ {
		t := &s.tickets[i]
		could := sum
		for k := i; k < len(s.tickets) && k < i+s.size-len(chosen); k++ {
			could += s.tickets[k].saving + s.slack
		}
		if could <= s.most || s.nodes > couponNodes {
			return
		}
		if s.q.meets(chosen, t).Code != "" {
			continue
		}
		s.nodes++
		with := append(chosen[:len(chosen):len(chosen)], t)
		saving, ok := t.saving, true
		if len(with) > 1 {
			saving, ok = s.w.saving(with)
		}
		if !ok {
			continue // nor does any set that holds this one
		}
		if saving > s.most {
			s.most, s.best = saving, with
		}
		if len(with) < s.size {
			s.from(i+1, with, sum+t.saving+s.slack)
		}
	}
}

// Offer is what a coupon that a person holds would do for a cart.
type Offer struct {
	Coupon string `json:"coupon"`
	Fen    int64  `json:"fen" doc:"What it would take off alone"`
	Code   string `json:"code,omitempty" doc:"Why it cannot be used; empty when it can"`
	Values Values `json:"values"`
	Best   bool   `json:"best,omitempty" doc:"One of the best choice"`
}

// Offers says of every coupon held what it would do for the cart, those that can be used first, the most saving of them
// first, and which of them are the best choice together. exact is false when there were too many choices to see all
// (more than 20,000 after those that cannot win were left out). It fails as Quote does.
func Offers(cart Cart, rules Rules, now time.Time) (offers []Offer, exact bool, err error) {
	q := &quoter{cart: &cart, rules: &rules, now: now}
	if err := q.take(); err != nil {
		return nil, false, err
	}
	q.members()
	q.divide()
	if err := q.reductions(); err != nil {
		return nil, false, err
	}
	if err := q.sendingCost(); err != nil {
		return nil, false, err
	}
	tickets, refused := q.tickets(q.held())
	best, exact := q.best(tickets)
	offers = make([]Offer, 0, len(tickets)+len(refused))
	for i := range tickets {
		t := &tickets[i]
		offers = append(offers, Offer{Coupon: t.ID, Fen: t.saving, Best: slices.ContainsFunc(best, func(b *ticket) bool { return b.ID == t.ID })})
	}
	for _, r := range refused {
		offers = append(offers, Offer{Coupon: r.Coupon, Code: r.Code, Values: r.Values})
	}
	return offers, exact, nil
}
