package product

import (
	"cmp"
	"context"
	"slices"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// Bounds of the question where buyers come from and go to.
const (
	mostLinks    = 15 // products and channels of a picture
	mostFirsts   = 200
	DefaultValue = 180 // days of a life that first products are compared by
	maxValue     = 730
)

// Link is people who went one way.
type Link struct {
	From   Ref     `json:"from" doc:"A channel by its name, or a product; ? where it is not known; without an id, all others"`
	To     Ref     `json:"to"`
	People int64   `json:"people"`
	Share  float64 `json:"share" doc:"Of all people who left from there"`
}

// First is what became of people who began with a product.
type First struct {
	Ref
	People   int64 `json:"people" doc:"Whose first basket in the whole history held it, in the period"`
	Again    Share `json:"again" doc:"Of those who began long enough ago: who ordered again within those days"`
	ValueFen Mean  `json:"value_fen" doc:"What one of those paid within those days, the first basket among it"`
}

// Journeys is where buyers come from and go to, over all products.
type Journeys struct {
	Period Days    `json:"period"`
	Days   int     `json:"value_days" doc:"Days of a life that values are told of"`
	People int64   `json:"people" doc:"Who bought for the first time in the period"`
	Firsts []First `json:"firsts" doc:"By people, most first"`
	Left   int     `json:"left" doc:"First products with fewer people"`
	Entry  []Link  `json:"entry" doc:"From the channel that people first arrived by to the product that they bought first"`
	Next   []Link  `json:"next" doc:"From a product to those of the next basket of the same customer, in the period"`
}

// Flow is where the buyers of one product come from and go to.
type Flow struct {
	Ref
	Period Days    `json:"period"`
	People int64   `json:"people" doc:"Who bought it in the period; each counts once, by the first time"`
	Entry  []Part  `json:"entry" doc:"By the channel that they had first arrived by"`
	Last   []Part  `json:"last" doc:"By the channel that they had last arrived by before they bought it"`
	Before []Part  `json:"before" doc:"What was in the basket before; without an id: nobody had bought anything in the period"`
	With   []Part  `json:"with" doc:"What else was in that basket"`
	After  []Part  `json:"after" doc:"What was in the next basket; without an id: there was none yet"`
	Curve  []Point `json:"curve" doc:"By day: the share of purchases that were followed by another of the same"`
	Repeat Repeat  `json:"repeat"`
}

// Part is a part of the people.
type Part struct {
	Ref
	People int64   `json:"people"`
	Share  float64 `json:"share"`
}

const (
	rowLine  warehouse.Kind = 0
	rowTouch warehouse.Kind = 1
)

var flowFacts = []string{event.OrderLine, event.TouchMade}

// entered is the channel of a customer's first arrival up to ts, else the one that her profile names.
func entered(b *warehouse.Block, person, from, to int, ts int64) (first, last uint32) {
	for i := from; i < to && b.TS[i] <= ts; i++ {
		if b.Kind[i] == rowTouch && b.Channel[i] != 0 {
			if first == 0 {
				first = b.Channel[i]
			}
			last = b.Channel[i]
		}
	}
	if first == 0 {
		first = b.People[person].Source
		last = first
	}
	return first, last
}

type journeyQuestion struct {
	Period Days
	Days   int
}

// beginning is what a worker knows of people who began with a product.
type beginning struct {
	people, long, again int64
	sum, squares        float64
}

// once counts customers who do something, each once.
type once struct {
	n    int64
	last uint32
}

func (o once) with(number uint32) once {
	if o.last == number {
		return o
	}
	return once{o.n + 1, number}
}

type journeying struct {
	firsts  places
	all     []beginning
	entry   map[[2]uint32]int64
	next    map[[2]uint32]once
	leaving map[uint32]once
	people  int64
	buffer  []uint32
	last    []uint32
	now     []uint32
}

// Journeys tells which product people begin with, by which channel they came to it, what they are worth after and what they buy next. A period
// that is left out is the last year; valueDays 0 is DefaultValue.
func (s *Service) Journeys(ctx context.Context, period Days, valueDays int) (Journeys, error) {
	if valueDays == 0 {
		valueDays = DefaultValue
	}
	if valueDays < 1 || valueDays > maxValue {
		return Journeys{}, errs.New(errs.Invalid, "product.value_days", "between 1 and %d days", maxValue).At("days")
	}
	period, p, err := s.period(period, 365)
	if err != nil {
		return Journeys{}, err
	}
	return ask(ctx, s, journeyQuestion{period, valueDays}, func(ctx context.Context) (Journeys, error) { return s.journeys(ctx, period, p, valueDays) })
}

// mostNext is among how many products, those in most baskets, transitions are counted: their number bounds memory.
const mostNext = 300

func (s *Service) journeys(ctx context.Context, period Days, p span, valueDays int) (Journeys, error) {
	sh, err := s.shelf(ctx)
	if err != nil {
		return Journeys{}, err
	}
	counts, err := s.popular(ctx, sh, p)
	if err != nil {
		return Journeys{}, err
	}
	var often places
	for _, c := range counts.Units[:min(len(counts.Units), mostNext)] {
		often.of(c.Unit)
	}
	present, long := s.now().UnixMicro(), int64(valueDays)*dayMicros
	folds, err := walk(ctx, s.w, warehouse.ScanSpec{
		Facts: flowFacts, Columns: warehouse.ColumnAmount | warehouse.ColumnProduct | warehouse.ColumnChannel, AsOf: present,
	}, func() *journeying {
		return &journeying{entry: map[[2]uint32]int64{}, next: map[[2]uint32]once{}, leaving: map[uint32]once{}}
	}, func(f *journeying, number uint32, b *warehouse.Block, from, to int) {
		f.customer(sh, &often, number, b, from, to, p, present, long)
	})
	if err != nil {
		return Journeys{}, err
	}
	return s.tellJourneys(ctx, sh, Journeys{Period: period, Days: valueDays}, folds)
}

// customer counts one customer's way. f.buffer is what baskets lends.
func (f *journeying) customer(sh *shelf, often *places, number uint32, b *warehouse.Block, from, to int, p span, present, long int64) {
	begun, again := int64(0), false
	f.last = f.last[:0]
	var first []uint32
	f.buffer = sh.baskets(b, from, to, f.buffer, func(ts int64, _, _ int, units []uint32) {
		if begun == 0 {
			begun = ts
			if p.has(ts) {
				f.now = append(f.now[:0], units...)
				first = f.now
			}
		} else if ts-begun <= long {
			again = true
		}
		if !p.has(ts) {
			return
		}
		for _, u := range f.last {
			if often.lookup(u) < 0 {
				continue
			}
			f.leaving[u] = f.leaving[u].with(number)
			for _, v := range units {
				if often.lookup(v) >= 0 {
					way := [2]uint32{u, v}
					f.next[way] = f.next[way].with(number)
				}
			}
		}
		f.last = append(f.last[:0], units...)
	})
	if len(first) == 0 {
		return
	}
	f.people++
	value := 0.0
	for i := from; i < to; i++ {
		if b.Kind[i] == rowLine && b.TS[i]-begun <= long {
			value += float64(b.Amount[i])
		}
	}
	block := personOf(b, from)
	channel, _ := entered(b, block, from, to, begun)
	for _, u := range first {
		at, added := f.firsts.of(u)
		if added {
			f.all = append(f.all, beginning{})
		}
		o := &f.all[at]
		o.people++
		if present-begun > long {
			o.long++
			o.sum += value
			o.squares += value * value
			if again {
				o.again++
			}
		}
		f.entry[[2]uint32{channel, u}]++
	}
}

// personOf is the place, in a block, of the customer whose rows begin at from and are not none.
func personOf(b *warehouse.Block, from int) int {
	at, _ := slices.BinarySearch(b.Start, uint32(from)+1)
	return at - 1
}

func (s *Service) tellJourneys(ctx context.Context, sh *shelf, out Journeys, folds []*journeying) (Journeys, error) {
	sum := folds[0]
	for _, f := range folds[1:] {
		sum.people += f.people
		for i, u := range f.firsts.units {
			at, added := sum.firsts.of(u)
			if added {
				sum.all = append(sum.all, beginning{})
			}
			o, n := &sum.all[at], f.all[i]
			o.people += n.people
			o.long += n.long
			o.again += n.again
			o.sum += n.sum
			o.squares += n.squares
		}
		for k, n := range f.entry {
			sum.entry[k] += n
		}
		for k, n := range f.next {
			sum.next[k] = once{n: sum.next[k].n + n.n}
		}
		for k, n := range f.leaving {
			sum.leaving[k] = once{n: sum.leaving[k].n + n.n}
		}
	}
	out.People = sum.people
	order := make([]int, len(sum.all))
	var named []uint32
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(sum.all[j].people, sum.all[i].people), cmp.Compare(sum.firsts.units[i], sum.firsts.units[j]))
	})
	if len(order) > mostFirsts {
		out.Left = len(order) - mostFirsts
		order = order[:mostFirsts]
	}
	for _, i := range order {
		named = append(named, sum.firsts.units[i])
	}
	for k := range sum.next {
		named = append(named, k[0], k[1])
	}
	refs, err := s.refs(ctx, sh, unique(named))
	if err != nil {
		return Journeys{}, err
	}
	out.Firsts = []First{}
	for _, i := range order {
		o := sum.all[i]
		out.Firsts = append(out.Firsts, First{Ref: refs[sum.firsts.units[i]], People: o.people, Again: share(o.again, o.long), ValueFen: mean(o.long, o.sum, o.squares)})
	}
	out.Entry = s.entryLinks(sum.entry, refs)
	out.Next = nextLinks(sum.next, sum.leaving, refs)
	return out, nil
}

// entryLinks are the ways from channels to first products, the small ones of each side together.
func (s *Service) entryLinks(entry map[[2]uint32]int64, refs map[uint32]Ref) []Link {
	channels, products := map[uint32]int64{}, map[uint32]int64{}
	for k, n := range entry {
		channels[k[0]] += n
		products[k[1]] += n
	}
	keep := func(of map[uint32]int64) map[uint32]bool {
		keys := byCount(of)
		out := map[uint32]bool{}
		for _, k := range keys[:min(len(keys), mostLinks)] {
			out[k] = true
		}
		return out
	}
	bigChannels, bigProducts := keep(channels), keep(products)
	type way struct{ from, to Ref }
	sums, leaving := map[way]int64{}, map[Ref]int64{}
	for k, n := range entry {
		from, to := Ref{ID: "?", Name: ""}, Ref{}
		if k[0] != 0 && bigChannels[k[0]] {
			from = Ref{ID: s.w.Text(k[0]), Name: s.w.Text(k[0])}
		} else if k[0] != 0 {
			from = Ref{}
		}
		if bigProducts[k[1]] {
			to = refs[k[1]]
		}
		sums[way{from, to}] += n
		leaving[from] += n
	}
	out := []Link{}
	for w, n := range sums {
		out = append(out, Link{From: w.from, To: w.to, People: n, Share: float64(n) / float64(leaving[w.from])})
	}
	sortLinks(out)
	return out
}

// nextLinks are the most frequent ways from one basket to the next.
func nextLinks(next map[[2]uint32]once, leaving map[uint32]once, refs map[uint32]Ref) []Link {
	out := []Link{}
	for k, n := range next {
		out = append(out, Link{From: refs[k[0]], To: refs[k[1]], People: n.n, Share: float64(n.n) / float64(leaving[k[0]].n)})
	}
	sortLinks(out)
	return out[:min(len(out), 100)]
}

func sortLinks(all []Link) {
	slices.SortFunc(all, func(a, b Link) int {
		return cmp.Or(cmp.Compare(b.People, a.People), cmp.Compare(a.From.ID, b.From.ID), cmp.Compare(a.To.ID, b.To.ID))
	})
}

// byCount are keys, those with the greatest counts first.
func byCount(of map[uint32]int64) []uint32 {
	keys := make([]uint32, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b uint32) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) })
	return keys
}

type flowQuestion struct {
	Period  Days
	Product string
	Horizon int
}

type flowing struct {
	people                           int64
	entry, last, before, with, after map[uint32]int64
	buffer                           []uint32
	prior, own, next                 []uint32
}

// errNoProduct is the answer to a product that nobody ever bought or looked at.
func errNoProduct(id string) error {
	return errs.New(errs.NotFound, "product.not_found", "nobody has bought or looked at %q", id)
}

// Flow tells where the buyers of a product come from and go to, and when they buy it again.
func (s *Service) Flow(ctx context.Context, product string, period Days, horizon int) (Flow, error) {
	if horizon == 0 {
		horizon = DefaultHorizon
	}
	if horizon < 1 || horizon > maxHorizon {
		return Flow{}, errs.New(errs.Invalid, "product.horizon", "between 1 and %d days", maxHorizon).At("horizon")
	}
	period, p, err := s.period(period, 365)
	if err != nil {
		return Flow{}, err
	}
	return ask(ctx, s, flowQuestion{period, product, horizon}, func(ctx context.Context) (Flow, error) { return s.flow(ctx, product, period, p, horizon) })
}

// way fills the baskets around the first one with a product: the one before, it, and the next; false when there is none in the period.
func (f *flowing) way(sh *shelf, unit uint32, b *warehouse.Block, from, to int, p span) (at int64, ok bool) {
	f.prior, f.own, f.next = f.prior[:0], f.own[:0], f.next[:0]
	done := false
	f.buffer = sh.baskets(b, from, to, f.buffer, func(ts int64, _, _ int, units []uint32) {
		switch {
		case done || !p.has(ts):
		case ok:
			f.next, done = append(f.next, units...), true
		case slices.Contains(units, unit):
			f.own, at, ok = append(f.own, units...), ts, true
		default:
			f.prior = append(f.prior[:0], units...)
		}
	})
	return at, ok
}

func (s *Service) flow(ctx context.Context, product string, period Days, p span, horizon int) (Flow, error) {
	sh, err := s.shelf(ctx)
	if err != nil {
		return Flow{}, err
	}
	unit := sh.find(product)
	if unit == warehouse.NoCode {
		return Flow{}, errNoProduct(product)
	}
	folds, err := walk(ctx, s.w, warehouse.ScanSpec{
		Facts: flowFacts, Columns: warehouse.ColumnAmount | warehouse.ColumnProduct | warehouse.ColumnChannel, AsOf: p.to - 1,
	}, func() *flowing {
		return &flowing{entry: map[uint32]int64{}, last: map[uint32]int64{}, before: map[uint32]int64{}, with: map[uint32]int64{}, after: map[uint32]int64{}}
	}, func(f *flowing, _ uint32, b *warehouse.Block, from, to int) {
		at, ok := f.way(sh, unit, b, from, to, p)
		if !ok {
			return
		}
		f.people++
		first, last := entered(b, personOf(b, from), from, to, at)
		f.entry[first]++
		f.last[last]++
		count := func(into map[uint32]int64, units []uint32) {
			if len(units) == 0 {
				into[0]++
			}
			for _, u := range units {
				into[u]++
			}
		}
		count(f.before, f.prior)
		count(f.after, f.next)
		for _, u := range f.own {
			if u != unit {
				f.with[u]++
			}
		}
	})
	if err != nil {
		return Flow{}, err
	}
	sum := folds[0]
	for _, f := range folds[1:] {
		sum.people += f.people
		for _, both := range [][2]map[uint32]int64{{sum.entry, f.entry}, {sum.last, f.last}, {sum.before, f.before}, {sum.with, f.with}, {sum.after, f.after}} {
			for k, n := range both[1] {
				both[0][k] += n
			}
		}
	}
	return s.tellFlow(ctx, sh, Flow{Period: period, People: sum.people}, unit, p, horizon, sum)
}

func (s *Service) tellFlow(ctx context.Context, sh *shelf, out Flow, unit uint32, p span, horizon int, sum *flowing) (Flow, error) {
	named := []uint32{unit}
	for _, m := range []map[uint32]int64{sum.before, sum.with, sum.after} {
		keys := byCount(m)
		named = append(named, keys[:min(len(keys), mostLinks+1)]...)
	}
	named = slices.DeleteFunc(unique(named), func(u uint32) bool { return u == 0 })
	refs, err := s.refs(ctx, sh, named)
	if err != nil {
		return Flow{}, err
	}
	parts := func(of map[uint32]int64, channel bool) []Part {
		all := []Part{}
		keys := byCount(of)
		for _, k := range keys[:min(len(keys), mostLinks)] {
			r := refs[k]
			if channel {
				r = Ref{ID: s.w.Text(k), Name: s.w.Text(k)}
			}
			all = append(all, Part{Ref: r, People: of[k], Share: float64(of[k]) / float64(max(1, sum.people))})
		}
		return all
	}
	out.Ref = refs[unit]
	out.Entry, out.Last = parts(sum.entry, true), parts(sum.last, true)
	out.Before, out.With, out.After = parts(sum.before, false), parts(sum.with, false), parts(sum.after, false)
	again, err := s.repeated(ctx, sh, p, []uint32{unit}, horizon)
	if err != nil {
		return Flow{}, err
	}
	out.Curve = again[0].all.curve()
	out.Repeat = again[0].line(countedUnit{Unit: unit, Buyers: sum.people})
	out.Repeat.Ref = out.Ref
	if g := sh.goods[unit]; g != nil {
		out.Repeat.SetDays = g.RebuyDays
	}
	return out, nil
}
