package pricing

import (
	"slices"
	"strings"

	"huoshui/internal/platform/errs"
)

// sendingCost computes the freight: what each template asks for its goods, together.
func (q *quoter) sendingCost() error {
	if q.cart.Region == "" {
		return nil
	}
	q.freight.Known = true
	var done []string
	free := int64(0)
	for i := range q.pieces {
		id := q.pieces[i].item.Freight
		if id == "" || slices.Contains(done, id) {
			continue
		}
		done = append(done, id)
		t, ok := q.rules.Templates[id]
		if !ok {
			return errs.New(errs.Invalid, "pricing.unknown_freight", "%q is sent by a freight template that does not exist", q.pieces[i].sku).With("sku", q.pieces[i].sku)
		}
		region := t.region(q.cart.Region)
		if region == nil || region.No {
			return errs.New(errs.Invalid, "pricing.not_delivered", "%q is not sent there", q.pieces[i].sku).At("region").With("sku", q.pieces[i].sku)
		}
		units, grams, amount, ok := q.measure(id)
		fen := int64(0)
		if ok {
			fen, ok = region.cost(t.By, units, grams, amount)
		}
		if !ok || fen > MaxFen-q.freight.ListFen {
			return errs.New(errs.Invalid, "pricing.too_large", "this cart comes to more than can be counted").At("lines")
		}
		q.freight.ListFen += fen
		if len(t.FreeLevels) > 0 && slices.Contains(t.FreeLevels, q.cart.Customer.Level) {
			free += fen
		}
	}
	q.freight.PayFen = q.freight.ListFen
	if free > 0 {
		q.offFreight(q.apply(KindMember, "freight", codeFreeLevel, Values{Level: q.cart.Customer.Level}), free)
	}
	return nil
}

// measure returns what the goods of a template come to.
func (q *quoter) measure(id string) (units, grams, amount int64, ok bool) {
	for i := range q.portions {
		p := &q.portions[i]
		item := &q.pieces[p.piece].item
		if item.Freight != id {
			continue
		}
		weight, fits := product(item.WeightGram, p.quantity, MaxFen-grams)
		if !fits {
			return 0, 0, 0, false
		}
		units, grams, amount = units+p.quantity, grams+weight, amount+p.amount
	}
	return units, grams, amount, true
}

// region returns what a template says of a place: the entry with the longest code that the place's begins with.
func (t *Freights) region(code string) *Region {
	var best *Region
	longest := -1
	for i := range t.Regions {
		r := &t.Regions[i]
		if len(r.Codes) == 0 && longest < 0 {
			best, longest = r, 0
		}
		for _, c := range r.Codes {
			if c != "" && len(c) > longest && strings.HasPrefix(code, c) {
				best, longest = r, len(c)
			}
		}
	}
	return best
}

// cost returns what sending so much costs; false when that is more than can be counted.
func (r *Region) cost(by string, units, grams, amount int64) (int64, bool) {
	if r.FreeOverFen > 0 && amount >= r.FreeOverFen || r.FreeOverUnits > 0 && units >= r.FreeOverUnits {
		return 0, true
	}
	measure := units
	switch by {
	case ByAmount:
		fen := int64(0)
		for _, s := range r.Steps {
			if amount >= s.FromFen {
				fen = s.Fen
			}
		}
		return max(fen, 0), fen <= MaxFen
	case ByWeight:
		measure = grams
	}
	fen := max(r.FirstFen, 0)
	if fen > MaxFen {
		return 0, false
	}
	if over := measure - max(r.First, 0); over > 0 && r.More > 0 && r.MoreFen > 0 {
		times := (over-1)/r.More + 1
		more, ok := product(times, r.MoreFen, MaxFen-fen)
		if !ok {
			return 0, false
		}
		fen += more
	}
	return fen, true
}
