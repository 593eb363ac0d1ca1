package pricing

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
)

// Texts that an Applied names.
const (
	codeMemberRate    = "price.member_rate"
	codeMemberPrice   = "price.member_price"
	codeBundle        = "price.bundle"
	codeReduction     = "price.reduction_off"
	codeReductionRate = "price.reduction_rate"
	codeReductionEach = "price.reduction_each"
	codeGift          = "price.coupon_gift"
	codeFull          = "price.coupon_full"
	codeDiscount      = "price.coupon_discount"
	codeFreight       = "price.coupon_freight"
	codeStaff         = "price.staff"
	codeStaffFreight  = "price.staff_freight"
	codeFreeLevel     = "price.free_level"
	codePoints        = "price.points"
	codeDeposit       = "price.deposit"
)

// piece is all units of one SKU in a cart.
type piece struct {
	sku      string
	item     Item
	quantity int64
	unit     int64 // what one costs a member
	member   int32 // place of the member rule in force, -1 for none
	fixed    bool  // by a price, not by a rate
	left     int64 // units that are not sold in a special way yet
}

// portion is units of a piece that are sold the same way: a quoted line to be.
type portion struct {
	piece    int32
	quantity int64
	amount   int64 // what is left to pay
	taken    uint16
	groups   uint64 // of reductions that it took part in
	how      string // id of the flash sale or bundle
	flash    bool   // of a flash sale
}

// taking is what one Applied took off one portion; portion -1 is freight.
type taking struct {
	portion, applied int32
	fen              int64
}

// quoter holds one quote in the making.
type quoter struct {
	cart     *Cart
	rules    *Rules
	now      time.Time
	pieces   []piece
	portions []portion
	applied  []Applied
	takings  []taking
	excludes [len(kinds)]uint16
	groups   []string
	scope    scoper
	sel      []int32 // portions chosen for a rule
	weights  []int64
	parts    []int64
	rests    []rest
	freight  Freight
	tried    *wallet
	quote    Quotation
}

// Quote says what a cart costs at an instant, by the rules. It fails, with an Invalid error that names the line, on a
// cart that cannot be: unknown SKUs, quantities below one, amounts that are too large, a place nothing is sent to.
// Rules that make no sense do nothing: see the Validate methods, which say so when they are made.
func Quote(cart Cart, rules Rules, now time.Time) (Quotation, error) {
	q := &quoter{cart: &cart, rules: &rules, now: now}
	if err := q.take(); err != nil {
		return Quotation{}, err
	}
	q.members()
	q.divide()
	if err := q.reductions(); err != nil {
		return Quotation{}, err
	}
	if err := q.sendingCost(); err != nil {
		return Quotation{}, err
	}
	q.coupons()
	q.staff()
	q.deposit()
	q.points()
	return q.finish()
}

// take reads the cart: lines of the same SKU become one piece, in the order of SKUs.
func (q *quoter) take() error {
	switch {
	case q.cart.Currency != "" && q.cart.Currency != Currency:
		return errs.New(errs.Invalid, "pricing.currency", "amounts are in %s, not in %q", Currency, q.cart.Currency).At("currency")
	case len(q.cart.Lines) == 0:
		return errs.New(errs.Invalid, "pricing.empty", "there is nothing in the cart").At("lines")
	case len(q.cart.Lines) > MaxLines:
		return errs.New(errs.Invalid, "pricing.too_many_lines", "a cart has at most %d lines", MaxLines).At("lines")
	}
	if len(q.cart.Coupons) > MaxCoupons {
		return errs.New(errs.Invalid, "pricing.too_many_coupons", "at most %d coupons are looked at", MaxCoupons).At("coupons")
	}
	lines := slices.Clone(q.cart.Lines)
	for i, l := range lines {
		if l.Quantity < 1 || l.Quantity > MaxQuantity {
			return errs.New(errs.Invalid, "pricing.quantity", "a quantity is between 1 and %d", MaxQuantity).At(at("lines", i, "quantity")).With("sku", l.SKU)
		}
	}
	slices.SortFunc(lines, func(a, b CartLine) int { return strings.Compare(a.SKU, b.SKU) })
	q.pieces = make([]piece, 0, len(lines))
	for _, l := range lines {
		if n := len(q.pieces); n > 0 && q.pieces[n-1].sku == l.SKU {
			q.pieces[n-1].quantity += l.Quantity
			continue
		}
		q.pieces = append(q.pieces, piece{sku: l.SKU, quantity: l.Quantity, member: -1})
	}
	var total int64
	for i := range q.pieces {
		p := &q.pieces[i]
		item, ok := q.rules.Items[p.sku]
		if !ok || p.sku == "" || p.sku[0] == '@' { // the key of freight begins so
			return errs.New(errs.Invalid, "pricing.unknown_sku", "%q is not sold", p.sku).At("lines").With("sku", p.sku)
		}
		if item.PriceFen < 0 || item.PriceFen > MaxFen || item.WeightGram < 0 || item.WeightGram > MaxFen {
			return errs.New(errs.Invalid, "pricing.item", "%q has no price or weight that can be", p.sku).At("lines").With("sku", p.sku)
		}
		amount, ok := product(item.PriceFen, p.quantity, MaxFen-total)
		if !ok {
			return errs.New(errs.Invalid, "pricing.too_large", "this cart comes to more than can be counted").At("lines")
		}
		total += amount
		p.item, p.unit, p.left = item, item.PriceFen, p.quantity
	}
	q.quote.ListFen = total
	for _, pair := range q.rules.Stacking.Excludes {
		if a, b := pair[0].place(), pair[1].place(); a >= 0 && b >= 0 {
			q.excludes[a] |= 1 << b
			q.excludes[b] |= 1 << a
		}
	}
	return nil
}

// holds reports whether a rule is in force for the person.
func (q *quoter) holds(w Window, a Audience) bool { return w.Holds(q.now) && a.has(q.cart.Customer) }

func (a Audience) has(c Customer) bool {
	return (len(a.Levels) == 0 || slices.Contains(a.Levels, c.Level)) && (len(a.Layers) == 0 || slices.Contains(a.Layers, c.Layer))
}

// members finds the lowest member price of every piece; of equal ones the rule with the lower id.
func (q *quoter) members() {
	for r := range q.rules.Members {
		rule := &q.rules.Members[r]
		if !q.holds(rule.When, rule.For) {
			continue
		}
		in := q.scope.pieces(q.pieces, &rule.Scope)
		for i := range q.pieces {
			p := &q.pieces[i]
			if in != nil && !in[i] {
				continue
			}
			price, fixed := rule.Prices[p.sku]
			ok := fixed
			if !ok && rule.Rate > 0 && rule.Rate <= 10000 {
				price, ok = rated(p.item.PriceFen, rule.Rate), true
			}
			if !ok || price < 0 || price >= p.item.PriceFen {
				continue
			}
			if price < p.unit || price == p.unit && rule.ID < q.rules.Members[p.member].ID {
				p.unit, p.member, p.fixed = price, int32(r), fixed
			}
		}
	}
}

// divide sells every unit at flash price, in a bundle, or neither.
func (q *quoter) divide() {
	flash := q.flashes()
	sets, bundles := q.bundles()
	q.portions = make([]portion, 0, len(q.pieces)+len(flash)+2*len(sets))
	for i := range q.pieces {
		p := &q.pieces[i]
		if p.left > 0 {
			q.portions = append(q.portions, portion{piece: int32(i), quantity: p.left, amount: p.left * p.item.PriceFen})
		}
		if flash != nil && flash[i].units > 0 {
			q.portions = append(q.portions, portion{piece: int32(i), quantity: flash[i].units, amount: flash[i].units * p.item.PriceFen, how: q.rules.Flash[flash[i].rule].ID, flash: true})
		}
		for s := range sets {
			for _, need := range sets[s].needs {
				if sets[s].count > 0 && need.piece == int32(i) {
					n := need.units * sets[s].count
					q.portions = append(q.portions, portion{piece: int32(i), quantity: n, amount: n * p.item.PriceFen, how: bundles[sets[s].rule].ID})
				}
			}
		}
	}
	n := len(q.portions)
	q.takings = make([]taking, 0, n*(4+len(q.rules.Reductions)/3))
	q.applied = make([]Applied, 0, 3+len(q.rules.Members)+len(sets)+len(q.rules.Reductions)+len(q.cart.Use))
	numbers := make([]int64, 2*n)
	q.weights, q.parts, q.sel, q.rests = numbers[:0:n], numbers[n:], make([]int32, 0, n), make([]rest, 0, n+1)
	q.applyMembers()
	q.applyFlash(flash)
	q.applySets(sets, bundles)
}

// applyMembers takes the member discount off every portion but those at flash price.
func (q *quoter) applyMembers() {
	for r := range q.rules.Members {
		rule := &q.rules.Members[r]
		places := [2]int32{-1, -1} // by rate, by price
		for i := range q.portions {
			p := &q.pieces[q.portions[i].piece]
			if p.member != int32(r) || q.portions[i].flash {
				continue
			}
			place, code, values := &places[0], codeMemberRate, Values{Rate: rule.Rate, Level: q.cart.Customer.Level}
			if p.fixed {
				place, code, values = &places[1], codeMemberPrice, Values{Level: q.cart.Customer.Level}
			}
			if *place < 0 {
				*place = q.apply(KindMember, rule.ID, code, values)
			}
			q.off1(i, *place, KindMember, (p.item.PriceFen-p.unit)*q.portions[i].quantity)
		}
	}
}

// apply notes a rule that changes the price and returns its place.
func (q *quoter) apply(kind Kind, rule, code string, v Values) int32 {
	q.applied = append(q.applied, Applied{Kind: kind, Rule: rule, Code: code, Values: v})
	return int32(len(q.applied) - 1)
}

// off1 takes an amount off one portion, at most what is left of it.
func (q *quoter) off1(i int, applied int32, kind Kind, fen int64) {
	p := &q.portions[i]
	p.taken |= kind.bit()
	fen = min(fen, p.amount)
	if fen <= 0 {
		return
	}
	p.amount -= fen
	q.applied[applied].Fen += fen
	q.takings = append(q.takings, taking{int32(i), applied, fen})
}

// offAll takes total off the portions in sel, in proportion to what is left of each.
func (q *quoter) offAll(sel []int32, applied int32, kind Kind, total int64) {
	q.weights = q.weights[:0]
	for _, i := range sel {
		q.weights = append(q.weights, q.portions[i].amount)
	}
	parts := q.parts[:len(sel)]
	q.rests = split(total, q.weights, parts, q.rests)
	for n, i := range sel {
		q.off1(int(i), applied, kind, parts[n])
	}
}

// choose fills sel with the portions in a scope that a kind may still change, and returns what they come to.
func (q *quoter) choose(scope *Scope, kind Kind, groups uint64) (base, units int64) {
	q.sel = q.sel[:0]
	in := q.scope.pieces(q.pieces, scope)
	excluded := q.excludes[kind.place()]
	for i := range q.portions {
		p := &q.portions[i]
		if p.amount > 0 && p.taken&excluded == 0 && p.groups&groups == 0 && (in == nil || in[p.piece]) {
			q.sel = append(q.sel, int32(i))
			base += p.amount
			units += p.quantity
		}
	}
	return base, units
}

// reductions applies full-reductions by priority.
func (q *quoter) reductions() error {
	rules := q.rules.Reductions
	if len(rules) == 0 {
		return nil
	}
	order := make([]int32, 0, len(rules))
	for i := range rules {
		if q.holds(rules[i].When, rules[i].For) {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(rules[a].Priority, rules[b].Priority), strings.Compare(rules[a].ID, rules[b].ID))
	})
	var used int64
	for _, i := range order {
		rule := &rules[i]
		if limit := q.rules.Stacking.MaxReductions; limit > 0 && used >= limit {
			break
		}
		var group uint64
		if rule.Group != "" {
			g := slices.Index(q.groups, rule.Group)
			if g < 0 {
				g = len(q.groups)
				q.groups = append(q.groups, rule.Group)
			}
			if g >= 64 {
				return errs.New(errs.Invalid, "pricing.too_many_groups", "reductions have at most 64 groups")
			}
			group = 1 << g
		}
		base, units := q.choose(&rule.Scope, KindReduction, group)
		off, code, values := rule.off(base, units)
		if off <= 0 {
			continue
		}
		used++
		q.offAll(q.sel, q.apply(KindReduction, rule.ID, code, values), KindReduction, min(off, base))
		for _, p := range q.sel {
			q.portions[p].groups |= group
		}
	}
	return nil
}

// off returns what a reduction takes off goods that come to base, with its text.
func (r *Reduction) off(base, units int64) (fen int64, code string, v Values) {
	if r.Each {
		if len(r.Steps) == 0 || r.Steps[0].OffFen <= 0 {
			return 0, "", v
		}
		s := r.Steps[0]
		times := int64(0)
		switch {
		case s.FromFen > 0:
			times = base / s.FromFen
		case s.FromUnits > 0:
			times = units / s.FromUnits
		}
		if r.MaxTimes > 0 {
			times = min(times, r.MaxTimes)
		}
		off, ok := product(s.OffFen, times, base)
		if !ok {
			off = base
		}
		return off, codeReductionEach, Values{ThresholdFen: s.FromFen, Units: s.FromUnits, OffFen: s.OffFen, Times: times}
	}
	for i := len(r.Steps) - 1; i >= 0; i-- {
		s := r.Steps[i]
		if base < s.FromFen || units < s.FromUnits || base == 0 {
			continue
		}
		if s.OffFen > 0 {
			return min(s.OffFen, base), codeReduction, Values{ThresholdFen: s.FromFen, Units: s.FromUnits, OffFen: s.OffFen}
		}
		if s.Rate > 0 && s.Rate < 10000 {
			return share(base, 10000-s.Rate), codeReductionRate, Values{ThresholdFen: s.FromFen, Units: s.FromUnits, Rate: s.Rate}
		}
		return 0, "", v
	}
	return 0, "", v
}

// staff takes off what a person took off by hand, and sets the freight she set.
func (q *quoter) staff() {
	by := q.cart.Staff
	if by == nil {
		return
	}
	if base, _ := q.choose(&Scope{}, KindStaff, 0); by.OffFen > 0 && base > 0 {
		q.offAll(q.sel, q.apply(KindStaff, by.ID, codeStaff, Values{OffFen: by.OffFen}), KindStaff, min(by.OffFen, base))
	}
	if by.FreightFen != nil && *by.FreightFen >= 0 && *by.FreightFen < q.freight.PayFen {
		at := q.apply(KindStaff, by.ID, codeStaffFreight, Values{PriceFen: *by.FreightFen})
		q.offFreight(at, q.freight.PayFen-*by.FreightFen)
	}
}

// deposit takes off what a deposit counts for beyond what it was, whatever else was taken off: it was promised when it was paid.
func (q *quoter) deposit() {
	d := q.rules.Deposit
	if d == nil || d.Fen < 0 || d.WorthFen <= d.Fen || d.WorthFen > MaxFen {
		return
	}
	q.sel = q.sel[:0]
	var base int64
	for i := range q.portions {
		if p := &q.portions[i]; p.amount > 0 {
			q.sel = append(q.sel, int32(i))
			base += p.amount
		}
	}
	if base > 0 {
		q.offAll(q.sel, q.apply(KindDeposit, d.ID, codeDeposit, Values{PriceFen: d.Fen, OffFen: d.WorthFen}), KindDeposit, min(d.WorthFen-d.Fen, base))
	}
}

// points takes off what points pay: whole steps, within the person's points, her wish and the share that is allowed.
func (q *quoter) points() {
	rule := q.rules.Points
	wish := min(q.cart.Points, q.cart.Customer.Points)
	if rule == nil || wish <= 0 || rule.StepPoints <= 0 || rule.StepFen <= 0 || !rule.For.has(q.cart.Customer) {
		return
	}
	base, _ := q.choose(&rule.Scope, KindPoints, 0)
	if base < rule.MinFen {
		return
	}
	steps := min(wish/rule.StepPoints, share(base, rule.MaxShare)/rule.StepFen)
	if steps <= 0 {
		return
	}
	q.quote.Points, q.quote.PointsFen = steps*rule.StepPoints, steps*rule.StepFen
	q.offAll(q.sel, q.apply(KindPoints, "points", codePoints, Values{Points: q.quote.Points, OffFen: q.quote.PointsFen}), KindPoints, q.quote.PointsFen)
}

// offFreight takes an amount off the freight, at most what is left of it.
func (q *quoter) offFreight(applied int32, fen int64) {
	if fen = min(fen, q.freight.PayFen); fen > 0 {
		q.freight.PayFen -= fen
		q.applied[applied].Fen += fen
		q.takings = append(q.takings, taking{-1, applied, fen})
	}
}
