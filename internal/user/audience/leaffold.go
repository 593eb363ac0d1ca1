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

	kinds     []kindPlan
	filters   []filterPlan
	sequences []sequencePlan
	asOf      int64
	people    peoplePlan
	zone      *time.Location
	universe  *roaring.Bitmap

	mu    sync.Mutex
	out   []*roaring.Bitmap // per leaf
	dues  [][]deadline      // per leaf: when its answer for somebody changes by itself
	pages map[uint32]*page  // by the upper half of their people's numbers
	rooms []*room           // free
	blank [][]uint64        // free words of pages
}

// kindPlan is which filters a fact of one kind may touch.
type kindPlan struct {
	plain   []int32      // without conditions on columns, or only on amounts
	byCode  [6]codeTable // by the value of the filter's first column
	indexed []int        // the columns for which byCode holds something
	since   int64        // facts before it are in no window
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

// sequencePlan is a compiled sequence; its steps know their filters' places.
type sequencePlan struct {
	*sequence
	leaf int32
}

// deadline is when an answer for somebody may change without a new fact.
type deadline struct {
	at       int64
	customer uint32
}

// filterPlan is a compiled filter with its leaves.
type filterPlan struct {
	tests     []codeTest // beyond the one that byCode made
	min, max  int64
	amounts   bool // amounts must lie in min…max
	sumAmount bool
	sumUnits  bool
	since     int64        // facts before it are in no window
	spans     []span       // of windows, by from, the latest first
	windows   []windowPlan // likewise
	leads     []int32      // sequences that begin with it
}

type codeTest struct {
	column int
	set    map[uint32]struct{}
}

// windowPlan holds the leaves of one filter and one window.
type windowPlan struct {
	span
	asks []ask
}

// ask is the leaves of one measure.
type ask struct {
	code measureCode
	bounds
}

// measureCode is a measure as a small number.
type measureCode uint8

const (
	ofCount measureCode = iota
	ofDays
	ofAmount
	ofUnits
	ofAverage
	ofFirst
	ofLast
	ofSinceFirst
	ofSinceLast
)

var measureCodes = map[string]measureCode{
	MeasureCount: ofCount, MeasureDays: ofDays, MeasureAmount: ofAmount, MeasureQuantity: ofUnits, MeasureAverage: ofAverage,
	MeasureFirst: ofFirst, MeasureLast: ofLast, MeasureSinceFirst: ofSinceFirst, MeasureSinceLast: ofSinceLast,
}

// bounds is tests of one value: those that hold for nobody by default, by low, and the others.
type bounds struct {
	rising []test
	zero   []test
}

func (b *bounds) add(t test) {
	if t.zero {
		b.zero = append(b.zero, t)
		return
	}
	at, _ := slices.BinarySearchFunc(b.rising, t, func(a, b test) int { return cmp.Compare(a.low, b.low) })
	b.rising = slices.Insert(b.rising, at, t)
}

// test is a leaf's bounds on its measure.
type test struct {
	low, high int64
	leaf      int32
	zero      bool
}

// peoplePlan is which leaves an attribute may touch.
type peoplePlan struct {
	codes    [7]codeTable // attributeNames
	phone    []int32
	email    []int32
	joined   bounds
	aged     bounds
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
	f.pages = map[uint32]*page{}
	f.out = make([]*roaring.Bitmap, len(f.leaves))
	for i := range f.out {
		f.out[i] = roaring.New()
	}
	f.kinds = make([]kindPlan, len(p.kinds))
	f.asOf, f.dues = p.AsOf.UnixMicro(), make([][]deadline, len(f.leaves))
	byKey := map[string]int32{}
	place := func(from *filter) int32 {
		at, ok := byKey[from.key]
		if !ok {
			at = int32(len(f.filters))
			byKey[from.key] = at
			f.addFilter(p, from)
		}
		return at
	}
	for i, l := range f.leaves {
		switch {
		case l.sequence != nil:
			f.addSequence(l.sequence, int32(i), place)
		case l.filter == nil:
			f.people.add(p, l, int32(i))
		default:
			f.filters[place(l.filter)].add(l, int32(i))
		}
	}
	for i := range f.filters {
		f.filters[i].settled()
	}
	for i := range f.kinds {
		f.kinds[i].settled(f.filters)
	}
	return nil
}

// addSequence finds the places of a sequence's filters in this fold; the plan is the fold's own, as places differ from fold to fold.
func (f *leafFold) addSequence(from *sequence, leaf int32, place func(*filter) int32) {
	s := &sequence{window: from.window, steps: slices.Clone(from.steps)}
	look := func(one *filter) int32 {
		at := place(one)
		f.filters[at].since = min(f.filters[at].since, s.window.from)
		return at
	}
	for i := range s.steps {
		one := &s.steps[i]
		one.at, one.withoutAt = look(one.filter), nil
		for _, w := range one.without {
			one.withoutAt = append(one.withoutAt, look(w))
		}
	}
	first := &f.filters[s.steps[0].at]
	first.leads = append(first.leads, int32(len(f.sequences)))
	f.sequences = append(f.sequences, sequencePlan{s, leaf})
}

func (f *leafFold) addFilter(p *Pass, from *filter) {
	at := int32(len(f.filters))
	plan := filterPlan{min: never, max: always, since: always}
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
			if !slices.Contains(kind.indexed, column) {
				kind.indexed = append(kind.indexed, column)
			}
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

func (f *filterPlan) add(l *leaf, leaf int32) {
	i := slices.IndexFunc(f.windows, func(w windowPlan) bool { return w.span == l.window })
	if i < 0 {
		i = len(f.windows)
		f.windows = append(f.windows, windowPlan{span: l.window})
	}
	w := &f.windows[i]
	code := measureCodes[l.measure]
	f.sumAmount = f.sumAmount || code == ofAmount || code == ofAverage
	f.sumUnits = f.sumUnits || code == ofUnits
	at := slices.IndexFunc(w.asks, func(a ask) bool { return a.code == code })
	if at < 0 {
		at = len(w.asks)
		w.asks = append(w.asks, ask{code: code})
	}
	w.asks[at].add(test{l.low, l.high, leaf, l.zero})
}

// settled orders the windows when all are there.
func (f *filterPlan) settled() {
	slices.SortFunc(f.windows, func(a, b windowPlan) int { return cmp.Compare(b.from, a.from) })
	f.spans = make([]span, len(f.windows))
	for i, w := range f.windows {
		f.spans[i] = w.span
	}
	if n := len(f.spans); n > 0 {
		f.since = min(f.since, f.spans[n-1].from)
	}
}

// settled finds the earliest fact that a filter of the kind looks at.
func (k *kindPlan) settled(filters []filterPlan) {
	k.since = always
	look := func(places []int32) {
		for _, at := range places {
			k.since = min(k.since, filters[at].since)
		}
	}
	look(k.plain)
	for i := range k.byCode {
		for _, places := range k.byCode[i].low {
			look(places)
		}
		for _, places := range k.byCode[i].high {
			look(places)
		}
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
		q.joined.add(test{low: l.window.from, high: l.window.to - 1, leaf: at})
	case l.aged:
		q.aged.add(test{low: l.low, high: l.high, leaf: at})
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
