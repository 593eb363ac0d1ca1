package audience

import (
	"cmp"
	"slices"
	"sort"
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

// Range implements Fold.
func (f *leafFold) Range(from, to uint32) (func(*Timeline), func()) {
	r := &leafRun{f: f, base: from &^ 63, sums: make([]int64, 1, 64)}
	if to-from >= 1<<16 {
		r.base = from &^ (1<<16 - 1)
	}
	r.width = int(to-r.base+63) >> 6
	r.words = make([]uint64, r.width*(len(f.leaves)+1))
	r.hits = make([][]int32, len(f.filters))
	return r.see, r.done
}

// leafRun is the fold's work on one range.
type leafRun struct {
	f       *leafFold
	base    uint32
	width   int
	words   []uint64 // per leaf, then the universe
	hits    [][]int32
	touched []int32
	sums    []int64 // running sums over the hits of one filter, sums[0] = 0
	units   []int64

	word int
	bit  uint64
	day  dayer
}

func (r *leafRun) set(leaf int32) { r.words[int(leaf)*r.width+r.word] |= r.bit }

func (r *leafRun) setAll(leaves []int32) {
	for _, l := range leaves {
		r.set(l)
	}
}

func (r *leafRun) see(t *Timeline) {
	off := t.Customer - r.base
	r.word, r.bit = int(off>>6), 1<<(off&63)
	r.set(int32(len(r.f.leaves)))
	if r.f.people.any {
		r.person(&t.Person)
	}
	for i, k := range t.Kind {
		if int(k) >= len(r.f.kinds) {
			continue
		}
		plan := &r.f.kinds[k]
		for _, at := range plan.plain {
			r.hit(t, at, i)
		}
		if plan.indexed {
			r.indexed(t, plan, i)
		}
	}
	for _, at := range r.touched {
		r.settle(t, &r.f.filters[at], r.hits[at])
		r.hits[at] = r.hits[at][:0]
	}
	r.touched = r.touched[:0]
}

func (r *leafRun) indexed(t *Timeline, plan *kindPlan, i int) {
	for column := range plan.byCode {
		codes := &plan.byCode[column]
		if codes.empty() {
			continue
		}
		for _, at := range codes.get(t.code(column)[i]) {
			r.hit(t, at, i)
		}
	}
}

// code returns a column of codes by its place in filterNames.
func (t *Timeline) code(column int) []uint32 {
	switch column {
	case 0:
		return t.Product
	case 1:
		return t.Category
	case 2:
		return t.Channel
	case 3:
		return t.Campaign
	case 4:
		return t.Strategy
	}
	return t.Detail
}

func (r *leafRun) hit(t *Timeline, at int32, i int) {
	f := &r.f.filters[at]
	if f.amounts && (t.Amount[i] < f.min || t.Amount[i] > f.max) {
		return
	}
	for _, test := range f.tests {
		if _, ok := test.set[t.code(test.column)[i]]; !ok {
			return
		}
	}
	if len(r.hits[at]) == 0 {
		r.touched = append(r.touched, at)
	}
	r.hits[at] = append(r.hits[at], int32(i))
}

// settle answers the leaves of a filter from the facts it matched, never none.
func (r *leafRun) settle(t *Timeline, f *filterPlan, hits []int32) {
	if f.sumAmount {
		r.sums = running(r.sums, hits, t.Amount)
	}
	if f.sumUnits {
		r.units = running(r.units, hits, t.Quantity)
	}
	last := t.TS[hits[len(hits)-1]]
	low := len(hits) // windows come with the latest beginning first, so the first fact inside only moves down
	for i := range f.windows {
		w := &f.windows[i]
		if last < w.from {
			continue
		}
		for low > 0 && t.TS[hits[low-1]] >= w.from {
			low--
		}
		high := len(hits)
		if last >= w.to {
			high = sort.Search(len(hits), func(i int) bool { return t.TS[hits[i]] >= w.to })
		}
		if low < high {
			r.window(t, w, hits[low:high], low, high)
		}
	}
}

func running(sums []int64, hits []int32, values []int64) []int64 {
	sums = append(sums[:0], 0)
	sum := int64(0)
	for _, h := range hits {
		sum += values[h]
		sums = append(sums, sum)
	}
	return sums
}

// window answers the leaves of one window from the facts inside it, never none.
func (r *leafRun) window(t *Timeline, w *windowPlan, hits []int32, low, high int) {
	n := int64(len(hits))
	r.check(w.count, n)
	if len(w.amount) > 0 {
		r.check(w.amount, r.sums[high]-r.sums[low])
	}
	if len(w.units) > 0 {
		r.check(w.units, r.units[high]-r.units[low])
	}
	if len(w.average) > 0 {
		sum := r.sums[high] - r.sums[low]
		down := floorDiv(sum, n)
		up := -floorDiv(-sum, n)
		for _, one := range w.average { // bounds are whole fen: sum/n ≥ low ⇔ ⌊sum/n⌋ ≥ low
			if down >= one.low && up <= one.high {
				r.set(one.leaf)
			}
		}
	}
	if len(w.days) > 0 {
		r.check(w.days, r.day.count(t.TS, hits, r.f.zone))
	}
	if len(w.first) > 0 {
		r.check(w.first, edge(t, hits, 0, 1))
	}
	if len(w.last) > 0 {
		r.check(w.last, edge(t, hits, len(hits)-1, -1))
	}
	r.check(w.sinceFirst, t.TS[hits[0]])
	r.check(w.sinceLast, t.TS[hits[len(hits)-1]])
}

func (r *leafRun) check(tests []test, value int64) {
	for _, one := range tests {
		if one.differs(value) {
			r.set(one.leaf)
		}
	}
}

// edge is the greatest amount among the facts of the same instant as hits[at], going by step.
func edge(t *Timeline, hits []int32, at, step int) int64 {
	ts, most := t.TS[hits[at]], t.Amount[hits[at]]
	for at += step; at >= 0 && at < len(hits) && t.TS[hits[at]] == ts; at += step {
		most = max(most, t.Amount[hits[at]])
	}
	return most
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func (r *leafRun) person(p *Person) {
	q := &r.f.people
	for i, code := range [...]uint32{p.Gender, p.Province, p.City, p.Source, p.Store, p.Owner, p.Level} {
		if !q.codes[i].empty() {
			r.setAll(q.codes[i].get(code))
		}
	}
	if p.Flags&FlagPhone != 0 {
		r.setAll(q.phone)
	}
	if p.Flags&FlagEmail != 0 {
		r.setAll(q.email)
	}
	if p.Registered != 0 {
		r.check(q.joined, p.Registered)
	}
	if p.Birthday == 0 {
		return
	}
	if q.birthday != nil {
		r.setAll(q.birthday[p.Birthday%10000])
	}
	if age := years(p.Birthday, q.today); age >= 0 {
		r.check(q.aged, age)
	}
}

func (r *leafRun) done() {
	f := r.f
	part := make([]*roaring.Bitmap, len(f.leaves)+1)
	for i := range part {
		words := r.words[i*r.width : (i+1)*r.width]
		for len(words) > 0 && words[len(words)-1] == 0 {
			words = words[:len(words)-1]
		}
		if len(words) == 0 {
			continue
		}
		part[i] = roaring.FromDense(words, true)
		if r.base > 0 {
			part[i] = roaring.AddOffset64(part[i], int64(r.base))
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, b := range part {
		switch {
		case b == nil:
		case i == len(f.leaves):
			f.universe.Or(b)
		default:
			f.out[i].Or(b)
		}
	}
}

// dayer tells calendar days quickly: the zone's offset is asked again only where it changes.
type dayer struct {
	from, to int64 // seconds between which offset holds
	offset   int64
}

const secondsADay = 86_400

// number is the count of days since 1970-01-01 in the zone.
func (d *dayer) number(micros int64, zone *time.Location) int64 {
	s := floorDiv(micros, 1_000_000)
	if s < d.from || s >= d.to {
		at := time.Unix(s, 0).In(zone)
		_, offset := at.Zone()
		begin, end := at.ZoneBounds()
		d.offset, d.from, d.to = int64(offset), never, always
		if !begin.IsZero() {
			d.from = begin.Unix()
		}
		if !end.IsZero() {
			d.to = end.Unix()
		}
	}
	return floorDiv(s+d.offset, secondsADay)
}

// count is how many distinct days the facts fall on.
func (d *dayer) count(ts []int64, hits []int32, zone *time.Location) int64 {
	n, last := int64(0), never
	for _, h := range hits {
		if day := d.number(ts[h], zone); day != last {
			n++
			last = day
		}
	}
	return n
}
