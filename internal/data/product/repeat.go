package product

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/warehouse"
)

// Bounds of the question whether something is bought again.
const (
	DefaultHorizon = 90  // days within which it counts as bought again
	maxHorizon     = 365 // also the longest gap that a cycle is told from
	mostProducts   = 1000
	fewGaps        = 20 // fewer purchases that came again say nothing of a cycle
)

// Cycle is after how many days something is bought again, by those who do: the median with its interval.
type Cycle struct {
	Gaps   int64   `json:"gaps" doc:"Purchases that were followed by another of the same"`
	Open   int64   `json:"open" doc:"Purchases that were not followed yet"`
	Median float64 `json:"median" doc:"Days; of those who buy again within a year, with those who may still come taken into account; 0 when too few did"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Q1     float64 `json:"q1" doc:"A quarter has come again by then"`
	Q3     float64 `json:"q3" doc:"Three quarters have"`
	Seen   float64 `json:"seen" doc:"The plain median of the gaps that were seen: too short where people have not had the time to come again"`
}

// Repeat is whether and when a product is bought again.
type Repeat struct {
	Ref
	Buyers    int64 `json:"buyers" doc:"People who bought it in the period"`
	Repeaters int64 `json:"repeaters" doc:"Those who bought it on two days or more"`
	Rate      Share `json:"rate" doc:"Of those whose first purchase lies at least the horizon back: who bought it again within the horizon"`
	Cycle     Cycle `json:"cycle"`
	SetDays   int64 `json:"set_days" doc:"The re-buy interval that the catalogue names; 0 when none"`
	Suggested int64 `json:"suggested_days" doc:"Days after which to remind; 0 when too few came again to say"`
	SalesFen  int64 `json:"sales_fen"`
	DueNow    int64 `json:"due" doc:"People who bought it once or more and whose last purchase is longer ago than the cycle, but less than three cycles"`
}

// Repeats is whether products are bought again.
type Repeats struct {
	Period  Days     `json:"period"`
	Horizon int      `json:"horizon_days"`
	All     Repeat   `json:"all" doc:"The store as a whole: any product after any"`
	Lines   []Repeat `json:"lines" doc:"By buyers, most first"`
	Left    int      `json:"left" doc:"Products with fewer buyers, which are left out"`
}

// spells counts, by days, purchases that were followed after so many, and those that nobody followed so long.
type spells struct{ followed, open [maxHorizon + 1]int64 }

func (s *spells) add(o *spells) {
	for d := range s.followed {
		s.followed[d] += o.followed[d]
		s.open[d] += o.open[d]
	}
}

// Point is a place of a curve.
type Point struct {
	Day   int     `json:"day"`
	Share float64 `json:"share" doc:"Of purchases: followed by another of the same within so many days"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// curve is the share that came again within 0 … maxHorizon days: one minus the survival function of Kaplan & Meier (1958) with Greenwood's
// variance and the interval on the log-log scale (Kalbfleisch & Prentice). It ends where nobody is left to be followed.
func (s *spells) curve() []Point {
	var at int64
	for d := range s.followed {
		at += s.followed[d] + s.open[d]
	}
	z := distuv.UnitNormal.Quantile(1 - (1-level)/2)
	out := []Point{}
	survival, variance := 1.0, 0.0
	for d := 0; d <= maxHorizon && at > 0; d++ {
		if e := s.followed[d]; e > 0 {
			survival *= 1 - float64(e)/float64(at)
			if at > e {
				variance += float64(e) / (float64(at) * float64(at-e))
			}
		}
		p := Point{Day: d, Share: 1 - survival}
		switch {
		case survival >= 1:
		case survival <= 0:
			p.Low, p.High = p.Share, 1
		default:
			width := z * math.Sqrt(variance) / math.Abs(math.Log(survival))
			p.Low, p.High = 1-math.Pow(survival, math.Exp(-width)), 1-math.Pow(survival, math.Exp(width))
		}
		out = append(out, p)
		at -= s.followed[d] + s.open[d]
	}
	return out
}

// cycle reads the quantiles of those who come again off the curve. The interval of the median takes the shares at the ranks of order statistics
// that hold the median of as many values as there are gaps; without open purchases it is exactly theirs.
func (s *spells) cycle() Cycle {
	var c Cycle
	for d := range s.followed {
		c.Gaps += s.followed[d]
		c.Open += s.open[d]
	}
	c.Seen = s.seen(0.5)
	low, high, ok := medianRanks(c.Gaps)
	if !ok || c.Gaps < fewGaps {
		return c
	}
	curve := s.curve()
	all := curve[len(curve)-1].Share
	day := func(share float64) float64 {
		for _, p := range curve {
			if p.Share >= all*share*(1-1e-12) {
				return float64(p.Day)
			}
		}
		return float64(curve[len(curve)-1].Day)
	}
	n := float64(c.Gaps)
	c.Q1, c.Median, c.Q3 = day(0.25), day(0.5), day(0.75)
	c.Low, c.High = day(float64(low)/n), day(float64(high)/n)
	return c
}

// seen is a quantile of the gaps that were seen, as a place between the middle two of an even number.
func (s *spells) seen(q float64) float64 {
	var n int64
	for _, k := range s.followed {
		n += k
	}
	if n == 0 {
		return 0
	}
	at := func(rank int64) float64 { // from 0
		for d, k := range s.followed {
			if rank -= k; rank < 0 {
				return float64(d)
			}
		}
		return maxHorizon
	}
	place := q * float64(n-1)
	i := int64(place)
	low := at(i)
	if float64(i) == place {
		return low
	}
	return low + (place-float64(i))*(at(i+1)-low)
}

// counted is a product in a first pass: how many baskets and buyers it has.
type countedUnit struct {
	Unit            uint32
	Baskets, Buyers int64
	Sales, Units    int64
}

type popularity struct {
	Baskets int64 // of all products
	Buyers  int64
	Units   []countedUnit // by baskets, most first
}

type popular struct {
	places
	all     []countedUnit
	last    []uint32 // the last buyer
	baskets int64
	buyers  int64
	buffer  []uint32
}

// popular counts baskets and buyers of every product.
func (s *Service) popular(ctx context.Context, sh *shelf, p span) (popularity, error) {
	folds, err := walk(ctx, s.w, s.lines(p), func() *popular { return &popular{} }, func(f *popular, number uint32, b *warehouse.Block, from, to int) {
		before := f.baskets
		f.buffer = sh.baskets(b, from, to, f.buffer, func(_ int64, first, last int, units []uint32) {
			f.baskets++
			for _, u := range units {
				at, added := f.of(u)
				if added {
					f.all, f.last = append(f.all, countedUnit{Unit: u}), append(f.last, 0)
				}
				f.all[at].Baskets++
				if f.last[at] != number {
					f.last[at] = number
					f.all[at].Buyers++
				}
			}
			for i := first; i < last; i++ {
				if b.Kind[i] == kindLine && b.Product[i] != 0 {
					c := &f.all[f.lookup(sh.unit(b.Product[i]))]
					c.Sales += b.Amount[i]
					c.Units += b.Quantity[i]
				}
			}
		})
		if f.baskets > before {
			f.buyers++
		}
	})
	if err != nil {
		return popularity{}, err
	}
	var out popularity
	var merged places
	for _, f := range folds {
		out.Baskets += f.baskets
		out.Buyers += f.buyers
		for _, c := range f.all {
			at, added := merged.of(c.Unit)
			if added {
				out.Units = append(out.Units, countedUnit{Unit: c.Unit})
			}
			o := &out.Units[at]
			o.Baskets += c.Baskets
			o.Buyers += c.Buyers
			o.Sales += c.Sales
			o.Units += c.Units
		}
	}
	slices.SortFunc(out.Units, func(a, b countedUnit) int {
		return cmp.Or(cmp.Compare(b.Baskets, a.Baskets), cmp.Compare(a.Unit, b.Unit))
	})
	return out, nil
}

// lines is a scan of what was sold in a period.
func (s *Service) lines(p span) warehouse.ScanSpec {
	return warehouse.ScanSpec{
		Facts: lineFacts, Columns: warehouse.ColumnAmount | warehouse.ColumnQuantity | warehouse.ColumnProduct, Since: p.from, AsOf: p.to - 1,
	}
}

// repeated is what a worker knows of one product, with the customer at hand.
type repeated struct {
	first, all                 spells
	repeaters, followed, again int64
	number                     uint32
	firstDay, lastDay          int64
	days                       int64
	recent                     [3*maxHorizon + 1]int64 // customers by how many days ago they last bought it
}

// buy is a purchase of a customer on a day.
func (r *repeated) buy(number uint32, day, today, horizon int64) (began bool) {
	if r.number != number {
		r.number, r.firstDay, r.lastDay, r.days = number, day, day, 1
		return true
	}
	gap := day - r.lastDay
	if gap <= 0 {
		return false
	}
	r.all.end(gap, true)
	if r.days == 1 {
		r.first.end(gap, true)
		r.repeaters++
		if today-r.firstDay >= horizon && gap <= horizon {
			r.again++
		}
	}
	r.days++
	r.lastDay = day
	return false
}

// leave ends what is open of a customer.
func (r *repeated) leave(today, horizon int64) {
	open := today - r.lastDay
	r.all.end(open, false)
	if r.days == 1 {
		r.first.end(open, false)
	}
	if today-r.firstDay >= horizon {
		r.followed++
	}
	r.recent[min(max(open, 0), int64(len(r.recent)-1))]++
}

// end counts a gap of days; longer than is followed, it is one that was not followed so long.
func (s *spells) end(days int64, followed bool) {
	switch {
	case days > maxHorizon:
		s.open[maxHorizon]++
	case followed:
		s.followed[days]++
	default:
		s.open[max(days, 0)]++
	}
}

func (r *repeated) merge(o *repeated) {
	r.first.add(&o.first)
	r.all.add(&o.all)
	r.repeaters += o.repeaters
	r.followed += o.followed
	r.again += o.again
	for d := range r.recent {
		r.recent[d] += o.recent[d]
	}
}

// repeating counts a worker's customers; products are those of wanted, in its places, and last the store as a whole.
type repeating struct {
	all  []repeated
	open []int // of the customer at hand
}

// dayOf is the number of the business day of an instant; days in which clocks are changed count as 24 hours, which may move midnight by one.
func (s *Service) dayOf(p span) func(ts int64) int64 {
	return func(ts int64) int64 { return (ts - p.from) / dayMicros }
}

type repeatQuestion struct {
	Period  Days
	Horizon int
}

// Repeats tells whether and when products are bought again, those with most buyers first. A period that is left out is the last year; horizon 0
// is DefaultHorizon.
func (s *Service) Repeats(ctx context.Context, period Days, horizon, limit int) (Repeats, error) {
	if horizon == 0 {
		horizon = DefaultHorizon
	}
	if horizon < 1 || horizon > maxHorizon {
		return Repeats{}, errs.New(errs.Invalid, "product.horizon", "between 1 and %d days", maxHorizon).At("horizon")
	}
	period, p, err := s.period(period, 365)
	if err != nil {
		return Repeats{}, err
	}
	out, err := ask(ctx, s, repeatQuestion{period, horizon}, func(ctx context.Context) (Repeats, error) {
		return s.repeats(ctx, period, p, horizon)
	})
	if err == nil && limit > 0 && len(out.Lines) > limit {
		out.Left += len(out.Lines) - limit
		out.Lines = out.Lines[:limit]
	}
	return out, err
}

func (s *Service) repeats(ctx context.Context, period Days, p span, horizon int) (Repeats, error) {
	sh, err := s.shelf(ctx)
	if err != nil {
		return Repeats{}, err
	}
	counts, err := s.popular(ctx, sh, p)
	if err != nil {
		return Repeats{}, err
	}
	slices.SortStableFunc(counts.Units, func(a, b countedUnit) int { return cmp.Compare(b.Buyers, a.Buyers) })
	out := Repeats{Period: period, Horizon: horizon, Lines: []Repeat{}}
	total := countedUnit{Buyers: counts.Buyers}
	for _, c := range counts.Units {
		total.Sales += c.Sales
	}
	if len(counts.Units) > mostProducts {
		out.Left = len(counts.Units) - mostProducts
		counts.Units = counts.Units[:mostProducts]
	}
	units := make([]uint32, len(counts.Units))
	for i, c := range counts.Units {
		units[i] = c.Unit
	}
	all, err := s.repeated(ctx, sh, p, units, horizon)
	if err != nil {
		return Repeats{}, err
	}
	refs, err := s.refs(ctx, sh, units)
	if err != nil {
		return Repeats{}, err
	}
	for i, u := range units {
		l := all[i].line(counts.Units[i])
		l.Ref = refs[u]
		if g := sh.goods[u]; g != nil {
			l.SetDays = g.RebuyDays
		}
		out.Lines = append(out.Lines, l)
	}
	out.All = all[len(units)].line(total)
	return out, nil
}

func (r *repeated) line(c countedUnit) Repeat {
	l := Repeat{Buyers: c.Buyers, Repeaters: r.repeaters, Rate: share(r.again, r.followed), Cycle: r.all.cycle(), SalesFen: c.Sales}
	if l.Cycle.Median > 0 {
		l.Suggested = int64(math.Ceil(l.Cycle.Median))
		for d := l.Suggested; d < min(3*l.Suggested, int64(len(r.recent)-1)); d++ {
			l.DueNow += r.recent[d]
		}
	}
	return l
}

// repeated counts gaps between days of purchase of products, and of the store as a whole, which comes last.
func (s *Service) repeated(ctx context.Context, sh *shelf, p span, units []uint32, horizon int) ([]*repeated, error) {
	var wanted places
	for _, u := range units {
		wanted.of(u)
	}
	day, today := s.dayOf(p), s.dayOf(p)(s.present(p)-1)
	folds, err := walk(ctx, s.w, s.lines(p), func() *repeating { return &repeating{all: make([]repeated, len(units)+1)} },
		func(f *repeating, number uint32, b *warehouse.Block, from, to int) {
			f.open = f.open[:0]
			for i := from; i < to; i++ {
				d := day(b.TS[i])
				if f.all[len(units)].buy(number, d, today, int64(horizon)) {
					f.open = append(f.open, len(units))
				}
				if b.Product[i] == 0 {
					continue
				}
				if at := wanted.lookup(sh.unit(b.Product[i])); at >= 0 && f.all[at].buy(number, d, today, int64(horizon)) {
					f.open = append(f.open, at)
				}
			}
			for _, at := range f.open {
				f.all[at].leave(today, int64(horizon))
			}
		})
	if err != nil {
		return nil, err
	}
	out := make([]*repeated, len(units)+1)
	for i := range out {
		out[i] = &folds[0].all[i]
		for _, f := range folds[1:] {
			out[i].merge(&f.all[i])
		}
	}
	return out, nil
}
