package audience

import (
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// Range implements Fold.
func (f *leafFold) Range(from, to uint32) (func(*Timeline), func()) {
	r := &leafRun{f: f, base: from &^ 63, stride: len(f.leaves) + 1}
	r.width = int(to-r.base+63) >> 6
	r.room = f.room()
	r.words = slices.Grow(r.words[:0], r.width*r.stride)[:r.width*r.stride]
	clear(r.words)
	return r.see, r.done
}

// leafRun is the fold's work on one range. The bits of 64 neighbouring people lie together for all leaves: one person touches
// many leaves and the next person the same.
type leafRun struct {
	f      *leafFold
	base   uint32
	width  int // in words
	stride int // leaves, then the universe
	*room

	row []uint64 // the words of the person's 64
	bit uint64
	day dayer
}

// room is the memory of a run, which the next one takes over: fresh memory costs more than what is done in it.
type room struct {
	words   []uint64 // width × stride
	hits    [][]int32
	touched []int32
	ts      []int64 // of the hits of one filter
	sums    []int64 // running sums over them, sums[0] = 0
	units   []int64

	matching matching
	instants [][]int64 // of the hits of each filter, where known
	known    []bool
	dues     []leafDue
}

// room returns memory that no run uses.
func (f *leafFold) room() *room {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.rooms)
	if n == 0 {
		return &room{hits: make([][]int32, len(f.filters))}
	}
	r := f.rooms[n-1]
	f.rooms = f.rooms[:n-1]
	return r
}

func (r *leafRun) set(leaf int32) { r.row[leaf] |= r.bit }

func (r *leafRun) setAll(leaves []int32) {
	for _, l := range leaves {
		r.set(l)
	}
}

func (r *leafRun) see(t *Timeline) {
	off := t.Customer - r.base
	at := int(off>>6) * r.stride
	r.row, r.bit = r.words[at:at+r.stride], 1<<(off&63)
	r.set(int32(len(r.f.leaves)))
	if r.f.people.any {
		r.person(&t.Person)
	}
	for i, k := range t.Kind {
		if int(k) >= len(r.f.kinds) {
			continue
		}
		plan := &r.f.kinds[k]
		if t.TS[i] < plan.since {
			continue
		}
		for _, at := range plan.plain {
			r.hit(t, at, i)
		}
		for _, column := range plan.indexed {
			for _, at := range plan.byCode[column].get(t.code(column)[i]) {
				r.hit(t, at, i)
			}
		}
	}
	if len(r.f.sequences) > 0 {
		r.follow(t)
	}
	for _, at := range r.touched {
		r.settle(t, &r.f.filters[at], r.hits[at])
		r.hits[at] = r.hits[at][:0]
	}
	r.touched = r.touched[:0]
}

// follow answers the sequences whose first step the person has taken.
func (r *leafRun) follow(t *Timeline) {
	clear(r.known)
	if r.instants == nil {
		r.instants, r.known = make([][]int64, len(r.hits)), make([]bool, len(r.hits))
	}
	hits := func(at int32) []int64 {
		if !r.known[at] {
			r.known[at] = true
			ts := r.instants[at][:0]
			for _, h := range r.hits[at] {
				ts = append(ts, t.TS[h])
			}
			r.instants[at] = ts
		}
		return r.instants[at]
	}
	for _, at := range r.touched {
		for _, i := range r.f.filters[at].leads {
			s := &r.f.sequences[i]
			yes, at := r.matching.holds(s.sequence, r.f.asOf, r.f.zone, hits)
			if yes {
				r.set(s.leaf)
			} else if at != always {
				r.dues = append(r.dues, leafDue{s.leaf, deadline{at, t.Customer}})
			}
		}
	}
}

type leafDue struct {
	leaf int32
	deadline
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
	if t.TS[i] < f.since {
		return
	}
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
	if len(f.spans) == 0 {
		return
	}
	ts := r.ts[:0]
	for _, h := range hits {
		ts = append(ts, t.TS[h])
	}
	r.ts = ts
	if f.sumAmount {
		r.sums = running(r.sums, hits, t.Amount)
	}
	if f.sumUnits {
		r.units = running(r.units, hits, t.Quantity)
	}
	last := ts[len(ts)-1]
	low := len(ts) // windows come with the latest beginning first, so the first fact inside only moves down
	for i, w := range f.spans {
		if last < w.from {
			continue
		}
		for low > 0 && ts[low-1] >= w.from {
			low--
		}
		high := len(ts)
		if last >= w.to {
			if ts[low] >= w.to {
				continue
			}
			high, _ = slices.BinarySearch(ts, w.to)
		}
		r.window(t, &f.windows[i], hits, low, high)
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

// window answers the leaves of one window from the facts inside it, hits[low:high], never none.
func (r *leafRun) window(t *Timeline, w *windowPlan, hits []int32, low, high int) {
	for i := range w.asks {
		a := &w.asks[i]
		switch a.code {
		case ofCount:
			r.check(&a.bounds, int64(high-low))
		case ofAmount:
			r.check(&a.bounds, r.sums[high]-r.sums[low])
		case ofUnits:
			r.check(&a.bounds, r.units[high]-r.units[low])
		case ofAverage:
			r.average(&a.bounds, r.sums[high]-r.sums[low], int64(high-low))
		case ofDays:
			r.check(&a.bounds, r.day.count(t.TS, hits[low:high], r.f.zone))
		case ofFirst:
			r.check(&a.bounds, edge(t, hits[low:high], 0, 1))
		case ofLast:
			r.check(&a.bounds, edge(t, hits[low:high], high-low-1, -1))
		case ofSinceFirst:
			r.check(&a.bounds, r.ts[low])
		case ofSinceLast:
			r.check(&a.bounds, r.ts[high-1])
		}
	}
}

// average compares sum/n with bounds that are whole fen: sum/n ≥ low ⇔ ⌊sum/n⌋ ≥ low, sum/n ≤ high ⇔ ⌈sum/n⌉ ≤ high.
func (r *leafRun) average(b *bounds, sum, n int64) {
	down := floorDiv(sum, n)
	up := down
	if down*n != sum {
		up++
	}
	for i := range b.rising {
		one := &b.rising[i]
		if down < one.low {
			break
		}
		if up <= one.high {
			r.set(one.leaf)
		}
	}
}

func (r *leafRun) check(b *bounds, value int64) {
	for i := range b.rising {
		one := &b.rising[i]
		if value < one.low {
			break
		}
		if value <= one.high {
			r.set(one.leaf)
		}
	}
	for i := range b.zero {
		one := &b.zero[i]
		if value < one.low || value > one.high {
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
		r.check(&q.joined, p.Registered)
	}
	if p.Birthday == 0 {
		return
	}
	if q.birthday != nil {
		r.setAll(q.birthday[p.Birthday%10000])
	}
	if age := years(p.Birthday, q.today); age >= 0 {
		r.check(&q.aged, age)
	}
}

// pageWords is how many words a page has for each leaf: those of a container of a bitmap.
const pageWords = 1 << 16 / 64

// page gathers the words of 65,536 people, each leaf's together, from the ranges that lie in it.
type page struct {
	words []uint64 // leaves, then the universe: pageWords each
	left  int      // words that have not come
}

// done hands the words of the range to the pages they belong to. Ranges share no word.
func (r *leafRun) done() {
	for at := 0; at < r.width; {
		number, first := r.base>>16, int(r.base>>6)%pageWords+at
		number, first = number+uint32(first/pageWords), first%pageWords
		n := min(pageWords-first, r.width-at)
		p := r.f.page(number, r.stride)
		r.turn(p, at, first, n)
		r.f.came(number, p, n)
		at += n
	}
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	for _, d := range r.dues {
		r.f.dues[d.leaf] = append(r.f.dues[d.leaf], d.deadline)
	}
	r.dues = r.dues[:0]
	r.f.rooms = append(r.f.rooms, r.room)
}

// turn writes the range's words at … at+n−1 to a page from its word first on.
func (r *leafRun) turn(p *page, at, first, n int) {
	const together = 8 // words of a cache line
	for leaf := 0; leaf < r.stride; leaf += together {
		m := min(together, r.stride-leaf)
		for i := range n {
			from, to := r.words[(at+i)*r.stride+leaf:][:m], p.words[leaf*pageWords+first+i:]
			for j, word := range from {
				if word != 0 {
					to[j*pageWords] = word
				}
			}
		}
	}
}

// page returns a page by its number.
func (f *leafFold) page(number uint32, stride int) *page {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.pages[number]
	if p == nil {
		p = &page{left: pageWords}
		if n := len(f.blank); n > 0 {
			p.words, f.blank = f.blank[n-1], f.blank[:n-1]
			clear(p.words)
		} else {
			p.words = make([]uint64, stride*pageWords)
		}
		f.pages[number] = p
	}
	return p
}

// came says that n words of a page are there; a page that is whole becomes sets.
func (f *leafFold) came(number uint32, p *page, n int) {
	f.mu.Lock()
	p.left -= n
	whole := p.left == 0
	if whole {
		delete(f.pages, number)
	}
	f.mu.Unlock()
	if whole {
		f.gather(number, p)
	}
}

// finish makes sets of the pages that are not whole; call it when the pass is over.
func (f *leafFold) finish() {
	for number, p := range f.pages {
		f.gather(number, p)
	}
	f.pages, f.blank, f.rooms = nil, nil, nil
}

// gather adds a page to the sets.
func (f *leafFold) gather(number uint32, p *page) {
	part := make([]*roaring.Bitmap, len(f.leaves)+1)
	for i := range part {
		part[i] = bitmap(p.words[i*pageWords:(i+1)*pageWords], number)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blank = append(f.blank, p.words)
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

// bitmap makes a set of a page's words; nil for the empty set.
func bitmap(words []uint64, number uint32) *roaring.Bitmap {
	for len(words) > 0 && words[len(words)-1] == 0 {
		words = words[:len(words)-1]
	}
	if len(words) == 0 {
		return nil
	}
	b := roaring.FromDense(words, true)
	if number > 0 {
		b = roaring.AddOffset64(b, int64(number)<<16)
	}
	return b
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
