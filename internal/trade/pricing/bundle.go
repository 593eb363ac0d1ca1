package pricing

import (
	"cmp"
	"slices"
	"strings"
)

// flashed is how many units of a piece are sold at flash price, by which rule.
type flashed struct {
	rule  int32
	units int64
}

// flashes chooses for every piece the lowest flash price below its member price and takes the units it is good for.
func (q *quoter) flashes() []flashed {
	if len(q.rules.Flash) == 0 {
		return nil
	}
	var out []flashed
	for r := range q.rules.Flash {
		f := &q.rules.Flash[r]
		if !q.holds(f.When, f.For) || f.PriceFen < 0 {
			continue
		}
		i, ok := slices.BinarySearchFunc(q.pieces, f.SKU, func(p piece, sku string) int { return strings.Compare(p.sku, sku) })
		if !ok || f.PriceFen >= q.pieces[i].unit {
			continue
		}
		units := q.pieces[i].quantity
		if f.PerPerson > 0 {
			units = min(units, f.PerPerson-max(f.Bought, 0))
		}
		if f.Left >= 0 {
			units = min(units, f.Left)
		}
		if units <= 0 {
			continue
		}
		if out == nil {
			out = make([]flashed, len(q.pieces))
		}
		if have := out[i]; have.units > 0 {
			other := &q.rules.Flash[have.rule]
			if c := cmp.Or(cmp.Compare(other.PriceFen, f.PriceFen), strings.Compare(other.ID, f.ID)); c <= 0 {
				continue
			}
		}
		out[i] = flashed{int32(r), units}
	}
	for i := range out {
		q.pieces[i].left -= out[i].units
	}
	return out
}

// applyFlash takes the difference to the flash price off the portions that flashes chose.
func (q *quoter) applyFlash(flash []flashed) {
	if flash == nil {
		return
	}
	for i := range q.portions {
		p := &q.portions[i]
		f := flash[p.piece]
		if !p.flash {
			continue
		}
		rule := &q.rules.Flash[f.rule]
		kind := rule.kind()
		at := q.apply(kind, rule.ID, "price."+string(kind), Values{PriceFen: rule.PriceFen, Units: p.quantity})
		q.off1(i, at, kind, (q.pieces[p.piece].item.PriceFen-rule.PriceFen)*p.quantity)
	}
}

// set is a bundle that a cart can hold, and how many times it does.
type set struct {
	rule   int32
	needs  []need
	saving int64 // of one
	limit  int64
	count  int64
}

// need is units of a piece in one set.
type need struct {
	piece int32
	units int64
}

// Bounds of the search for the best sets: the nodes it sees, and the bundles it looks at, the most saving ones.
const (
	bundleNodes = 2000
	maxSets     = 64
)

// bundles forms sets of the units that are not sold at flash price, so that together they save the most. It searches
// every combination, those with most of the most saving bundle first, up to bundleNodes steps, and keeps the best it
// saw: with few bundles that is the best there is, and it is never worse than taking the most saving bundle as often as
// it fits, then the next.
func (q *quoter) bundles() ([]set, []Bundle) {
	var sets []set
	for r := range q.rules.Bundles {
		if s, ok := q.setOf(r); ok {
			sets = append(sets, s)
		}
	}
	if len(sets) == 0 {
		return nil, nil
	}
	rules := q.rules.Bundles
	slices.SortFunc(sets, func(a, b set) int {
		return cmp.Or(cmp.Compare(b.saving, a.saving), strings.Compare(rules[a.rule].ID, rules[b.rule].ID))
	})
	sets = sets[:min(len(sets), maxSets)]
	search := setSearch{q: q, sets: sets, now: make([]int64, len(sets)), best: make([]int64, len(sets)), most: -1}
	search.from(0, 0)
	for i := range sets {
		sets[i].count = search.best[i]
		for _, n := range sets[i].needs {
			q.pieces[n.piece].left -= n.units * sets[i].count
		}
	}
	slices.SortFunc(sets, func(a, b set) int { return strings.Compare(rules[a.rule].ID, rules[b.rule].ID) })
	return sets, rules
}

// setOf returns a bundle as a set, if the cart can hold one and saves by it.
func (q *quoter) setOf(r int) (set, bool) {
	rule := &q.rules.Bundles[r]
	if !q.holds(rule.When, rule.For) || rule.PriceFen < 0 || len(rule.Items) == 0 {
		return set{}, false
	}
	s := set{rule: int32(r), limit: rule.Limit}
	var sum int64
	for _, item := range rule.Items {
		i, ok := slices.BinarySearchFunc(q.pieces, item.SKU, func(p piece, sku string) int { return strings.Compare(p.sku, sku) })
		if !ok || item.Quantity <= 0 || q.pieces[i].member >= 0 && q.excludes[KindBundle.place()]&KindMember.bit() != 0 {
			return set{}, false
		}
		n := slices.IndexFunc(s.needs, func(n need) bool { return n.piece == int32(i) })
		if n < 0 {
			n = len(s.needs)
			s.needs = append(s.needs, need{piece: int32(i)})
		}
		if item.Quantity > q.pieces[i].left-s.needs[n].units {
			return set{}, false
		}
		s.needs[n].units += item.Quantity
		sum += item.Quantity * q.pieces[i].unit
	}
	s.saving = sum - rule.PriceFen
	return s, s.saving > 0
}

// setSearch walks the combinations of sets.
type setSearch struct {
	q         *quoter
	sets      []set
	now, best []int64
	most      int64
	nodes     int
}

func (s *setSearch) fits(i int) int64 {
	n := int64(MaxQuantity * MaxLines)
	if s.sets[i].limit > 0 {
		n = s.sets[i].limit
	}
	for _, need := range s.sets[i].needs {
		n = min(n, s.q.pieces[need.piece].left/need.units)
	}
	return n
}

func (s *setSearch) from(i int, saved int64) {
	s.nodes++
	if i == len(s.sets) {
		if saved > s.most {
			s.most = saved
			copy(s.best, s.now)
		}
		return
	}
	could := saved
	for k := i; k < len(s.sets); k++ {
		could += s.fits(k) * s.sets[k].saving
	}
	if could <= s.most {
		return
	}
	for n := s.fits(i); n >= 0 && s.nodes < bundleNodes; n-- {
		s.take(i, n)
		s.now[i] = n
		s.from(i+1, saved+n*s.sets[i].saving)
		s.now[i] = 0
		s.take(i, -n)
	}
}

func (s *setSearch) take(i int, n int64) {
	for _, need := range s.sets[i].needs {
		s.q.pieces[need.piece].left -= need.units * n
	}
}

// applySets takes what sets save off their portions, in proportion to what each costs.
func (q *quoter) applySets(sets []set, rules []Bundle) {
	for i := range sets {
		s := &sets[i]
		if s.count == 0 {
			continue
		}
		rule := &rules[s.rule]
		q.sel = q.sel[:0]
		for p := range q.portions {
			if q.portions[p].how == rule.ID && !q.portions[p].flash {
				q.sel = append(q.sel, int32(p))
			}
		}
		at := q.apply(KindBundle, rule.ID, codeBundle, Values{PriceFen: rule.PriceFen, Times: s.count})
		q.offAll(q.sel, at, KindBundle, s.saving*s.count)
	}
}
