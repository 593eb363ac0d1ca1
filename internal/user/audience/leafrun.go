package audience

import (
	"math/bits"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/warehouse"
)

// Range implements Fold.
func (f *leafFold) Range(from, to uint32) (func(*Timeline), func()) {
	r := &leafRun{f: f, base: from &^ 63}
	r.width = int(to-r.base+63) >> 6
	r.room = f.room()
	n := r.width << 6 * f.words
	r.words = slices.Grow(r.words[:0], n)[:n]
	clear(r.words)
	return r.see, r.done
}

// leafRun is the fold's work on one range. The bits of one person lie together, so that many leaves are answered at once.
type leafRun struct {
	f     *leafFold
	base  uint32
	width int // people / 64
	*room

	row   []uint64         // the words of the person
	block *warehouse.Block // of the people whose hits wait
	wait  int              // how many people that are
	day   dayer
}

// room is the memory of a run, which the next one takes over: fresh memory costs more than what is done in it.
type room struct {
	words []uint64 // leafFold.words of every person
	hits  [][]hit  // by filter, of the people who wait
	sel   []uint64

	matching matching
	visiting visiting
	instants [][]int64 // of the person's hits of each filter, where known
	known    []bool
	dues     []leafDue
}

// hit is a fact that a filter matched.
type hit struct {
	person uint32 // from the first of the range
	row    uint32 // of the block
	cell   int32
}

// waiting people wait until their hits are looked at filter by filter: what a filter needs stays at hand.
const waiting = 1024

// room returns memory that no run uses.
func (f *leafFold) room() *room {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.rooms)
	if n == 0 {
		return &room{hits: make([][]hit, len(f.filters))}
	}
	r := f.rooms[n-1]
	f.rooms = f.rooms[:n-1]
	return r
}

func (r *leafRun) set(bit int32) { r.row[bit>>6] |= 1 << (bit & 63) }

func (r *leafRun) setAll(bits []int32) {
	for _, b := range bits {
		r.set(b)
	}
}

func (r *leafRun) see(t *Timeline) {
	at := int(t.Customer-r.base) * r.f.words
	r.row = r.words[at : at+r.f.words]
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
		h := hit{t.Customer - r.base, t.first + uint32(i), int32(r.f.cells.reached(t.TS[i]))}
		r.touched(t, plan.plain, i, h)
		for _, column := range plan.indexed {
			r.touched(t, plan.byCode[column].get(t.code(column)[i]), i, h)
		}
	}
	if len(r.f.sequences)+len(r.f.edges)+len(r.f.visits) > 0 {
		r.follow(t)
	}
	r.block = t.block
	if r.wait++; r.wait == waiting {
		r.settle()
	}
}

// settle answers the leaves of the people who wait.
func (r *leafRun) settle() {
	for at := range r.hits {
		f, hits := &r.f.filters[at], r.hits[at]
		for f.width > 0 && len(hits) > 0 {
			n, person := 1, hits[0].person
			for n < len(hits) && hits[n].person == person {
				n++
			}
			row := r.words[int(person)*r.f.words+f.first:][:f.width]
			if n == 1 {
				r.settleOne(f, row, hits[:1])
			} else {
				r.settleOpen(f, row, hits[:n])
				r.settleShut(f, row, hits[:n])
			}
			hits = hits[n:]
		}
		r.hits[at] = r.hits[at][:0]
	}
	r.wait = 0
}

// follow answers the sequences whose first step the person has taken, what her first or last facts were like, and what of her sessions.
func (r *leafRun) follow(t *Timeline) {
	clear(r.known)
	if r.instants == nil {
		r.instants, r.known = make([][]int64, len(r.hits)), make([]bool, len(r.hits))
	}
	person := t.Customer - r.base
	own := func(at int32) []hit { // the person's are the last that came
		all := r.hits[at]
		first := len(all)
		for first > 0 && all[first-1].person == person {
			first--
		}
		return all[first:]
	}
	hits := func(at int32) []int64 {
		if !r.known[at] {
			r.known[at] = true
			ts := r.instants[at][:0]
			for _, h := range own(at) {
				ts = append(ts, t.block.TS[h.row])
			}
			r.instants[at] = ts
		}
		return r.instants[at]
	}
	for i := range r.f.sequences {
		s := &r.f.sequences[i]
		if len(hits(s.steps[0].at)) == 0 {
			continue
		}
		var yes bool
		var at int64
		if s.same < 0 {
			yes, at = r.matching.holds(s.sequence, r.f.asOf, r.f.zone, hits)
		} else {
			yes, at = r.sameHolds(t, s.sequence, own)
		}
		if yes {
			r.set(r.f.bits[s.leaf])
		} else if at != always {
			r.dues = append(r.dues, leafDue{s.leaf, deadline{at, t.Customer}})
		}
	}
	for _, e := range r.f.edges {
		if e.holds(hits) {
			r.set(r.f.bits[e.leaf])
		}
	}
	if len(r.f.visits) == 0 {
		return
	}
	sessions := r.visiting.sessions(t, &r.f.visiting, hits(r.f.visiting.arrivals), r.f.zone)
	for _, v := range r.f.visits {
		if len(sessions) > 0 && v.holds(sessions, t) != r.f.leaves[v.leaf].zero {
			r.set(r.f.bits[v.leaf])
		}
	}
}

// sameHolds follows a sequence whose facts share a column, once for each value of it.
func (r *leafRun) sameHolds(t *Timeline, s *sequence, own func(at int32) []hit) (yes bool, due int64) {
	column := t.code(s.same)
	shared := func(h hit) uint32 { return column[h.row-t.first] }
	var done []uint32
	due = always
	for _, begun := range own(s.steps[0].at) {
		code := shared(begun)
		if code == 0 || slices.Contains(done, code) {
			continue
		}
		done = append(done, code)
		instants := map[int32][]int64{}
		yes, at := r.matching.holds(s, r.f.asOf, r.f.zone, func(at int32) []int64 {
			ts, known := instants[at]
			if !known {
				for _, h := range own(at) {
					if shared(h) == code {
						ts = append(ts, t.block.TS[h.row])
					}
				}
				instants[at] = ts
			}
			return ts
		})
		if yes {
			return true, always
		}
		due = min(due, at)
	}
	return false, due
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

// touched notes a fact, the i-th of the person, with those of the filters that match it.
func (r *leafRun) touched(t *Timeline, filters []touch, i int, h hit) {
	for _, one := range filters {
		if t.TS[i] >= one.since && (one.bare || r.matches(&r.f.filters[one.at], t, i, h)) {
			r.hits[one.at] = append(r.hits[one.at], h)
		}
	}
}

// matches says whether a fact has what a filter asks of its columns.
func (r *leafRun) matches(f *filterPlan, t *Timeline, i int, h hit) bool {
	if f.amounts && (t.Amount[i] < f.min || t.Amount[i] > f.max) {
		return false
	}
	for _, test := range f.tests {
		if _, ok := test.set[t.code(test.column)[i]]; !ok {
			return false
		}
	}
	for _, test := range f.props {
		if t.block.Props[test.column][h.row]&test.bit == 0 {
			return false
		}
	}
	return true
}

// settleOne answers the leaves of all windows from the only fact a filter matched: those that hold it hold the same.
func (r *leafRun) settleOne(f *filterPlan, row []uint64, hits []hit) {
	leaves := f.single[int(hits[0].cell)*f.width:][:f.width]
	var any uint64
	for _, word := range leaves {
		any |= word
	}
	if any == 0 {
		return
	}
	var sum, units int64
	if f.sumAmount {
		sum = r.block.Amount[hits[0].row]
	}
	if f.sumUnits {
		units = r.block.Quantity[hits[0].row]
	}
	r.answer(f.asks, row, leaves, hits, sum, units)
}

// settleOpen answers the leaves of open windows from the facts a filter matched, never none: going back in time, the
// windows that hold a fact but not the one before it all hold the same facts.
func (r *leafRun) settleOpen(f *filterPlan, row []uint64, hits []hit) {
	r.sel = slices.Grow(r.sel[:0], f.width)[:f.width]
	var sum, units int64
	at := f.enter[hits[len(hits)-1].cell]
	for i := len(hits) - 1; i >= 0; i-- {
		if int(at) == len(f.open) { // before all windows
			return
		}
		if f.sumAmount {
			sum += r.block.Amount[hits[i].row]
		}
		if f.sumUnits {
			units += r.block.Quantity[hits[i].row]
		}
		next := int32(len(f.open))
		if i > 0 {
			next = f.enter[hits[i-1].cell]
		}
		if next == at {
			continue
		}
		here, there := f.rest[int(at)*f.width:][:len(row)], f.rest[int(next)*f.width:][:len(row)]
		for w := range r.sel {
			r.sel[w] = here[w] &^ there[w]
		}
		r.answer(f.asks, row, r.sel, hits[i:], sum, units)
		at = next
	}
}

// settleShut answers the leaves of the other windows.
func (r *leafRun) settleShut(f *filterPlan, row []uint64, hits []hit) {
	for word := range f.within {
		var in uint64
		for _, h := range hits {
			in |= f.inside[int(h.cell)*f.within+word]
		}
		for ; in != 0; in &= in - 1 {
			w := &f.shut[word<<6+bits.TrailingZeros64(in)]
			part := hits
			for part[0].cell < w.first {
				part = part[1:]
			}
			for part[len(part)-1].cell >= w.end {
				part = part[:len(part)-1]
			}
			var sum, units int64
			for _, h := range part {
				if f.sumAmount {
					sum += r.block.Amount[h.row]
				}
				if f.sumUnits {
					units += r.block.Quantity[h.row]
				}
			}
			r.answer(w.asks, row, w.leaves, part, sum, units)
		}
	}
}

// answer sets those of the leaves that hold, or for zero leaves do not, given the facts of their window, never none.
func (r *leafRun) answer(asks []ask, row, leaves []uint64, hits []hit, sum, units int64) {
	for i := range asks {
		a := &asks[i]
		var value int64
		switch a.code {
		case ofCount:
			value = int64(len(hits))
		case ofAmount:
			value = sum
		case ofUnits:
			value = units
		case ofAverage:
			value = average(sum, int64(len(hits)))
		case ofDays:
			value = r.day.count(r.block.TS, hits, r.f.zone)
		case ofFirst:
			value = edge(r.block, hits, 0, 1)
		case ofLast:
			value = edge(r.block, hits, len(hits)-1, -1)
		case ofSinceFirst:
			value = r.block.TS[hits[0].row]
		case ofSinceLast:
			value = r.block.TS[hits[len(hits)-1].row]
		default:
			var known bool
			if value, known = property(r.block.Props[a.column], hits, a.code); !known {
				continue
			}
		}
		mask := a.of(value)[:len(row)]
		leaves := leaves[:len(row)]
		for w := range row {
			row[w] |= mask[w] & leaves[w]
		}
	}
}

// property is a measure of the numbers that facts have in a column; false where it has no value.
func property(column []int64, hits []hit, code measureCode) (int64, bool) {
	var f figures
	for _, h := range hits {
		f.add(column[h.row])
	}
	switch {
	case code == ofPropertySum:
		return f.sum, true
	case f.n == 0:
		return 0, false
	case code == ofPropertyAverage:
		return average(f.sum, f.n), true
	case code == ofPropertyMin:
		return f.least, true
	}
	return f.most, true
}

// average is sum/n as a number to compare with twice a bound in whole fen: even when it is whole, and odd between.
func average(sum, n int64) int64 {
	down := floorDiv(sum, n)
	if down*n != sum {
		return 2*down + 1
	}
	return 2 * down
}

// edge is the greatest amount among the facts of the same instant as hits[at], going by step.
func edge(b *warehouse.Block, hits []hit, at, step int) int64 {
	ts, most := b.TS[hits[at].row], b.Amount[hits[at].row]
	for at += step; at >= 0 && at < len(hits) && b.TS[hits[at].row] == ts; at += step {
		most = max(most, b.Amount[hits[at].row])
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
		r.add(q.joined.of(p.Registered))
	}
	if p.Birthday == 0 {
		return
	}
	if q.birthday != nil {
		r.setAll(q.birthday[p.Birthday%10000])
	}
	if age := years(p.Birthday, q.today); age >= 0 {
		r.add(q.aged.of(age))
	}
}

// add sets the bits of a mask that begins at the person's first word.
func (r *leafRun) add(mask []uint64) {
	for w, bits := range mask {
		r.row[w] |= bits
	}
}

// pageWords is how many words a page has for each leaf: those of a container of a bitmap.
const pageWords = 1 << 16 / 64

// page gathers the words of 65,536 people, each leaf's together, from the ranges that lie in it.
type page struct {
	words []uint64 // leaves by their bits, then the universe: pageWords each
	left  int      // words that have not come
}

// done hands the bits of the range to the pages they belong to. Ranges share no word of a page.
func (r *leafRun) done() {
	r.settle()
	for at := 0; at < r.width; {
		place := int(r.base>>6) + at
		number, first := uint32(place/pageWords), place%pageWords
		n := min(pageWords-first, r.width-at)
		p := r.f.page(number)
		for word := range r.f.words {
			for i := 0; i < n; i += together {
				r.turn(p, word, at+i, first+i, min(together, n-i))
			}
		}
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

const together = 8 // words of a cache line

// turn makes words of 64 people for one leaf out of words of one person for 64 leaves: of n times 64 people from at on, for one word of
// theirs, to a page from its word first on.
func (r *leafRun) turn(p *page, word, at, first, n int) {
	var square [64]uint64
	var lines [64][together]uint64
	for i := range n {
		people := r.words[(at+i)<<6*r.f.words+word:]
		for j := range square {
			square[j] = people[j*r.f.words]
		}
		transpose(&square)
		for j := range square {
			lines[j][i] = square[j]
		}
	}
	for j := range min(64, len(r.f.leaves)+1-word<<6) {
		copy(p.words[(word<<6+j)*pageWords+first:], lines[j][:n])
	}
}

// transpose swaps rows and columns of a square of bits (Warren, Hacker's Delight, 7–3).
func transpose(x *[64]uint64) {
	mask := uint64(1<<32 - 1)
	for j := 32; j != 0; j, mask = j>>1, mask^mask<<(j>>1) {
		for k := 0; k < 64; k = (k + j + 1) &^ j {
			t := (x[k]>>j ^ x[k+j]) & mask
			x[k] ^= t << j
			x[k+j] ^= t
		}
	}
}

// page returns a page by its number.
func (f *leafFold) page(number uint32) *page {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.pages[number]
	if p == nil {
		p = &page{left: pageWords}
		if n := len(f.blank); n > 0 {
			p.words, f.blank = f.blank[n-1], f.blank[:n-1]
			clear(p.words)
		} else {
			p.words = make([]uint64, (len(f.leaves)+1)*pageWords)
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
		bit := i
		if i < len(f.leaves) {
			bit = int(f.bits[i])
		}
		part[i] = bitmap(p.words[bit*pageWords:(bit+1)*pageWords], number)
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
	if number == 0 {
		return roaring.FromDense(words, true)
	}
	return roaring.AddOffset64(roaring.FromDense(words, false), int64(number)<<16) // which copies
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
func (d *dayer) count(ts []int64, hits []hit, zone *time.Location) int64 {
	n, last := int64(0), never
	for _, h := range hits {
		if day := d.number(ts[h.row], zone); day != last {
			n++
			last = day
		}
	}
	return n
}
