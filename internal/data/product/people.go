package product

import (
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/data/effect"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/warehouse"
)

// Who may be asked for.
const (
	WhoVisitors = "visitors" // looked at it or bought it
	WhoBuyers   = "buyers"
	WhoLooked   = "looked"  // looked and did not buy
	WhoRepeat   = "repeat"  // bought it on two days or more
	WhoDue      = "due"     // last bought it longer ago than Days, but less than three times as long
	WhoPair     = "pair"    // bought it and Other in one basket
	WhoWithout  = "without" // bought it, never Other: whom to recommend that to
	WhoFirst    = "first"   // it was in their first basket ever, which was in the period
	WhoEntry    = "entry"   // the same, and they had first arrived by Channel
	WhoBefore   = "before"  // Other was in the basket before their first one with it; without Other, there was none
	WhoAfter    = "after"   // Other was in the basket after; without Other, there is none yet
	WhoCame     = "came"    // bought it, having first arrived by Channel
	WhoLast     = "last"    // bought it, having last arrived by Channel
	WhoNext     = "next"    // had Other in the basket that followed one with it
)

// Group is some people behind a number: those of Who about a product, category or channel in a period.
type Group struct {
	Who     string
	By      string // of visitors, buyers and looked: what Product is; ByProduct unless said
	Product string // product id; a category or channel of ByCategory or ByChannel; "" with those for what has none, else anything
	Other   string // product id
	Channel string
	Period  Days
	Days    int
}

// fallback is how many days a period has, by who is asked for, when none is given: as the page that shows the number.
func (g Group) fallback() int {
	switch g.Who {
	case WhoPair, WhoWithout:
		return DefaultDays
	case WhoVisitors, WhoBuyers, WhoLooked:
		return 30
	}
	return 365
}

// People returns the customers of a group. Visitors whom nobody knows by name are in the numbers and not in groups.
func (s *Service) People(ctx context.Context, g Group) (*roaring.Bitmap, error) {
	period, p, err := s.period(g.Period, g.fallback())
	if err != nil {
		return nil, err
	}
	g.Period = period
	if g.By == "" {
		g.By = ByProduct
	}
	return ask(ctx, s, g, func(ctx context.Context) (*roaring.Bitmap, error) { return s.find(ctx, g, p) })
}

// Faces returns what lists show of people, in the order of numbers; those who are gone are left out.
func (s *Service) Faces(ctx context.Context, numbers []uint32) ([]effect.Person, error) {
	faces, err := s.people.Faces(ctx, numbers)
	out := make([]effect.Person, 0, len(numbers))
	for _, n := range numbers {
		if p, ok := faces[n]; ok {
			out = append(out, p)
		}
	}
	return out, err
}

// finder decides about one customer. It is used by one worker.
type finder struct {
	sh           *shelf
	g            Group
	p            span
	unit, other  uint32 // NoCode is anything
	channel, key uint32
	keyOf        func(*warehouse.Block, int) uint32
	day          func(int64) int64
	today        int64
	way          flowing
	buffer, last []uint32
}

func (s *Service) find(ctx context.Context, g Group, p span) (*roaring.Bitmap, error) {
	sh, err := s.shelf(ctx)
	if err != nil {
		return nil, err
	}
	f := finder{sh: sh, g: g, p: p, unit: warehouse.NoCode, other: warehouse.NoCode, key: s.w.Code(g.Product), channel: s.w.Code(g.Channel), keyOf: sh.keyOf(g.By, sh.categories()), day: s.dayOf(p)}
	f.today = f.day(s.present(p) - 1)
	if g.Product != "" && g.By == ByProduct {
		if f.unit = sh.find(g.Product); f.unit == warehouse.NoCode {
			return nil, errNoProduct(g.Product)
		}
		f.key = f.unit
	}
	if g.Other != "" {
		if f.other = sh.find(g.Other); f.other == warehouse.NoCode {
			return nil, errNoProduct(g.Other)
		}
	}
	spec := warehouse.ScanSpec{Columns: warehouse.ColumnProduct | warehouse.ColumnCategory | warehouse.ColumnChannel, Since: p.from, AsOf: p.to - 1}
	decide, err := f.question(&spec)
	if err != nil {
		return nil, err
	}
	type found struct {
		finder
		people *roaring.Bitmap
	}
	folds, err := walk(ctx, s.w, spec, func() *found { return &found{f, roaring.New()} }, func(f *found, number uint32, b *warehouse.Block, from, to int) {
		if decide(&f.finder, b, from, to) {
			f.people.Add(number)
		}
	})
	if err != nil {
		return nil, err
	}
	out := roaring.New()
	for _, f := range folds {
		out.Or(f.people)
	}
	return out, nil
}

// question is how the group decides about a customer, and which facts it needs for that.
func (f *finder) question(spec *warehouse.ScanSpec) (func(f *finder, b *warehouse.Block, from, to int) bool, error) {
	spec.Facts = flowFacts
	needed := func(product, other bool) error {
		if product && f.unit == warehouse.NoCode {
			return errs.New(errs.Invalid, "product.product", "of which product").At("product")
		}
		if other && f.other == warehouse.NoCode {
			return errs.New(errs.Invalid, "product.other", "with which other product").At("other")
		}
		return nil
	}
	switch f.g.Who {
	case WhoVisitors, WhoBuyers, WhoLooked:
		spec.Facts = bothFacts
		return (*finder).looked, nil
	case WhoRepeat:
		return (*finder).repeated, nil
	case WhoDue:
		if f.g.Days < 1 || f.g.Days > maxHorizon {
			return nil, errs.New(errs.Invalid, "product.days", "between 1 and %d days", maxHorizon).At("days")
		}
		return (*finder).due, needed(true, false)
	case WhoPair, WhoWithout:
		return (*finder).paired, needed(true, true)
	case WhoFirst, WhoEntry:
		spec.Since = 0
		return (*finder).began, nil
	case WhoBefore, WhoAfter, WhoCame, WhoLast:
		spec.Since = 0
		return (*finder).around, needed(true, false)
	case WhoNext:
		return (*finder).followed, needed(true, true)
	}
	return nil, errs.New(errs.Invalid, "product.who", "there is no group %q", f.g.Who).At("who")
}

// looked decides by looks and purchases in the period, as swings and roles count them.
func (f *finder) looked(b *warehouse.Block, from, to int) bool {
	bought, looked := false, false
	everything := f.g.Product == "" && f.g.By == ByProduct
	for i := from; i < to; i++ {
		if everything || f.keyOf(b, i) == f.key {
			if b.Kind[i] == kindLine {
				bought = true
			} else if everything || f.key != 0 {
				looked = true
			}
		}
	}
	switch f.g.Who {
	case WhoBuyers:
		return bought
	case WhoLooked:
		return looked && !bought
	}
	return bought || looked
}

// isOf says whether a row is a line of the product, or of anything where none is asked for.
func (f *finder) isOf(b *warehouse.Block, i int) bool {
	return b.Kind[i] == kindLine && (f.unit == warehouse.NoCode || b.Product[i] != 0 && f.sh.unit(b.Product[i]) == f.unit)
}

func (f *finder) repeated(b *warehouse.Block, from, to int) bool {
	first := int64(-1)
	for i := from; i < to; i++ {
		if f.isOf(b, i) {
			d := f.day(b.TS[i])
			if first >= 0 && d > first {
				return true
			}
			if first < 0 {
				first = d
			}
		}
	}
	return false
}

func (f *finder) due(b *warehouse.Block, from, to int) bool {
	for i := to - 1; i >= from; i-- {
		if f.isOf(b, i) {
			open := f.today - f.day(b.TS[i])
			return open >= int64(f.g.Days) && open < min(3*int64(f.g.Days), 3*maxHorizon)
		}
	}
	return false
}

func (f *finder) paired(b *warehouse.Block, from, to int) bool {
	one, other, both := false, false, false
	f.buffer = f.sh.baskets(b, from, to, f.buffer, func(_ int64, _, _ int, units []uint32) {
		x, y := slices.Contains(units, f.unit), slices.Contains(units, f.other)
		one, other, both = one || x, other || y, both || x && y
	})
	if f.g.Who == WhoPair {
		return both
	}
	return one && !other
}

func (f *finder) began(b *warehouse.Block, from, to int) bool {
	var begun int64
	is := false
	f.buffer = f.sh.baskets(b, from, to, f.buffer, func(ts int64, _, _ int, units []uint32) {
		if begun == 0 {
			begun = ts
			is = f.p.has(ts) && (f.unit == warehouse.NoCode || slices.Contains(units, f.unit))
		}
	})
	if !is || f.g.Who == WhoFirst {
		return is
	}
	channel, _ := entered(b, personOf(b, from), from, to, begun)
	return channel == f.channel
}

func (f *finder) around(b *warehouse.Block, from, to int) bool {
	at, ok := f.way.way(f.sh, f.unit, b, from, to, f.p)
	if !ok {
		return false
	}
	in := func(units []uint32) bool {
		if f.g.Other == "" {
			return len(units) == 0
		}
		return slices.Contains(units, f.other)
	}
	switch f.g.Who {
	case WhoBefore:
		return in(f.way.prior)
	case WhoAfter:
		return in(f.way.next)
	}
	first, last := entered(b, personOf(b, from), from, to, at)
	if f.g.Who == WhoCame {
		return first == f.channel
	}
	return last == f.channel
}

func (f *finder) followed(b *warehouse.Block, from, to int) bool {
	is := false
	f.last = f.last[:0]
	f.buffer = f.sh.baskets(b, from, to, f.buffer, func(_ int64, _, _ int, units []uint32) {
		is = is || slices.Contains(f.last, f.unit) && slices.Contains(units, f.other)
		f.last = append(f.last[:0], units...)
	})
	return is
}
