package audience

import (
	"sort"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

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
