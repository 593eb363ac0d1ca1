package audience

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// leafFold answers any number of leaves in one pass. Leaves are indexed by what can make them true: a fact touches only
// the filters of its kind that its columns match, a filter that was touched settles only its own leaves, and an attribute
// touches only the leaves that name its value. Each leaf gathers the people who differ from its zero answer.
type leafFold struct {
	leaves []*leaf

	kinds    []kindPlan
	filters  []filterPlan
	people   peoplePlan
	zone     *time.Location
	universe *roaring.Bitmap

	mu  sync.Mutex
	out []*roaring.Bitmap // per leaf
}

// kindPlan is which filters a fact of one kind may touch.
type kindPlan struct {
	plain   []int32      // without conditions on columns, or only on amounts
	byCode  [6]codeTable // by the value of the filter's first column
	indexed bool         // byCode holds something
}

// codeTable is a list of places for each of some dictionary codes. Low codes, which most are, lie in a slice.
type codeTable struct {
	low  [][]int32
	high map[uint32][]int32
}

const lowCodes = 1 << 16

func (c *codeTable) add(code uint32, at int32) {
	if code >= lowCodes {
		if c.high == nil {
			c.high = map[uint32][]int32{}
		}
		c.high[code] = append(c.high[code], at)
		return
	}
	for int(code) >= len(c.low) {
		c.low = append(c.low, nil)
	}
	c.low[code] = append(c.low[code], at)
}

func (c *codeTable) get(code uint32) []int32 {
	if int(code) < len(c.low) {
		return c.low[code]
	}
	if c.high == nil {
		return nil
	}
	return c.high[code]
}

func (c *codeTable) empty() bool { return c.low == nil && c.high == nil }

// filterPlan is a compiled filter with its leaves.
type filterPlan struct {
	tests     []codeTest // beyond the one that byCode made
	min, max  int64
	amounts   bool // amounts must lie in min…max
	sumAmount bool
	sumUnits  bool
	windows   []windowPlan // by from, the latest first
}

type codeTest struct {
	column int
	set    map[uint32]struct{}
}

// windowPlan holds the leaves of one filter and one window, by measure.
type windowPlan struct {
	span
	count, days, amount, units, average, first, last, sinceFirst, sinceLast []test
}

// test is a leaf's bounds on its measure.
type test struct {
	low, high int64
	leaf      int32
	zero      bool
}

func (t test) differs(v int64) bool { return (v >= t.low && v <= t.high) != t.zero }

// peoplePlan is which leaves an attribute may touch.
type peoplePlan struct {
	codes    [7]codeTable // attributeNames
	phone    []int32
	email    []int32
	joined   []test
	aged     []test
	birthday map[int32][]int32 // month*100+day
	today    int32             // year*10000+month*100+day
	any      bool
}

// Needs implements Fold.
func (f *leafFold) Needs() Needs { return needsOf(f.leaves) }

// Begin implements Fold.
func (f *leafFold) Begin(p *Pass) error {
	f.zone = p.Zone
	f.universe = roaring.New()
	f.out = make([]*roaring.Bitmap, len(f.leaves))
	for i := range f.out {
		f.out[i] = roaring.New()
	}
	f.kinds = make([]kindPlan, len(p.kinds))
	byKey := map[string]int{}
	for i, l := range f.leaves {
		if l.filter == nil {
			f.people.add(p, l, int32(i))
			continue
		}
		at, ok := byKey[l.filter.key]
		if !ok {
			at = len(f.filters)
			byKey[l.filter.key] = at
			f.addFilter(p, l.filter)
		}
		f.filters[at].add(l, int32(i))
	}
	for i := range f.filters {
		slices.SortFunc(f.filters[i].windows, func(a, b windowPlan) int { return cmp.Compare(b.from, a.from) })
	}
	return nil
}

func (f *leafFold) addFilter(p *Pass, from *filter) {
	at := int32(len(f.filters))
	plan := filterPlan{min: never, max: always}
	kind := &f.kinds[p.Kind(from.fact)]
	placed := false
	if w := from.where; w != nil {
		if w.MinAmount != nil {
			plan.min, plan.amounts = *w.MinAmount, true
		}
		if w.MaxAmount != nil {
			plan.max, plan.amounts = *w.MaxAmount, true
		}
		for column, values := range w.lists() {
			if values == nil {
				continue
			}
			set := map[uint32]struct{}{}
			for _, v := range values {
				if c := p.Code(v); c != NoCode {
					set[c] = struct{}{}
				}
			}
			if placed {
				plan.tests = append(plan.tests, codeTest{column, set})
				continue
			}
			placed = true
			kind.indexed = true
			for c := range set {
				kind.byCode[column].add(c, at)
			}
		}
	}
	if !placed {
		kind.plain = append(kind.plain, at)
	}
	f.filters = append(f.filters, plan)
}

func (f *filterPlan) add(l *leaf, at int32) {
	i := slices.IndexFunc(f.windows, func(w windowPlan) bool { return w.span == l.window })
	if i < 0 {
		i = len(f.windows)
		f.windows = append(f.windows, windowPlan{span: l.window})
	}
	w := &f.windows[i]
	t := test{l.low, l.high, at, l.zero}
	switch l.measure {
	case MeasureCount:
		w.count = append(w.count, t)
	case MeasureDays:
		w.days = append(w.days, t)
	case MeasureAmount:
		w.amount = append(w.amount, t)
		f.sumAmount = true
	case MeasureQuantity:
		w.units = append(w.units, t)
		f.sumUnits = true
	case MeasureAverage:
		w.average = append(w.average, t)
		f.sumAmount = true
	case MeasureFirst:
		w.first = append(w.first, t)
	case MeasureLast:
		w.last = append(w.last, t)
	case MeasureSinceFirst:
		w.sinceFirst = append(w.sinceFirst, t)
	case MeasureSinceLast:
		w.sinceLast = append(w.sinceLast, t)
	}
}

func (q *peoplePlan) add(p *Pass, l *leaf, at int32) {
	q.any = true
	y, m, d := p.AsOf.In(p.Zone).Date()
	q.today = int32(y*10000 + int(m)*100 + d)
	switch {
	case l.attribute != nil:
		i := slices.Index(attributeNames, l.attribute.Name)
		for _, v := range l.attribute.In {
			if c := p.Code(v); c != NoCode {
				q.codes[i].add(c, at)
			}
		}
	case l.contact != nil && l.contact.Has == "phone":
		q.phone = append(q.phone, at)
	case l.contact != nil:
		q.email = append(q.email, at)
	case l.joined:
		q.joined = append(q.joined, test{low: l.window.from, high: l.window.to - 1, leaf: at})
	case l.aged:
		q.aged = append(q.aged, test{low: l.low, high: l.high, leaf: at})
	case l.born != nil:
		if q.birthday == nil {
			q.birthday = map[int32][]int32{}
		}
		for i := range l.born.NextDays {
			day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
			for _, on := range celebrated(day) {
				if !slices.Contains(q.birthday[on], at) {
					q.birthday[on] = append(q.birthday[on], at)
				}
			}
		}
	}
}

// celebrated returns the birthdays, as month*100+day, that fall on a day: 29 February falls on the 28th of a common year.
func celebrated(day time.Time) []int32 {
	on := []int32{int32(day.Month())*100 + int32(day.Day())}
	if on[0] == 228 && day.AddDate(0, 0, 1).Day() == 1 {
		on = append(on, 229)
	}
	return on
}

// years is the age in whole years on a day, both as year*10000+month*100+day; −1 when the year is unknown.
func years(birthday, today int32) int64 {
	if birthday < 10000 {
		return -1
	}
	return int64((today - birthday) / 10000) // the dates as numbers: month and day carry into the year
}
