package audience

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/event"
)

// leafFold answers any number of leaves in one pass. Leaves are indexed by what can make them true: a fact touches only
// the filters of its kind that its columns match, a filter that was touched settles only its own leaves, and an attribute
// touches only the leaves that name its value. Each leaf gathers the people who differ from its zero answer.
type leafFold struct {
	leaves []*leaf
	bits   []int32 // of leaves; filters' lie together
	words  int     // of a person: the leaves' bits, then the universe's

	kinds     []kindPlan
	cells     ladder // stretches of time that no window begins or ends in
	filters   []filterPlan
	sequences []sequencePlan
	edges     []*edgePlan
	visits    []*visits
	visiting  visitPlan
	asOf      int64
	people    peoplePlan
	zone      *time.Location
	numbers   map[string]int // the columns of properties by name
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
	plain   []touch             // without conditions on columns, or only on amounts
	byCode  [6]codeTable[touch] // by the value of the filter's first column
	indexed []int               // the columns for which byCode holds something
	since   int64               // facts before it are in no window
}

// touch is a filter that a fact may match, by its place, and what most facts fail at.
type touch struct {
	since int64 // earlier facts are in no window
	at    int32
	bare  bool // nothing else is looked at
}

// codeTable is a list for each of some dictionary codes. Low codes, which most are, lie in a slice.
type codeTable[T any] struct {
	low  [][]T
	high map[uint32][]T
}

const lowCodes = 1 << 16

func (c *codeTable[T]) add(code uint32, one T) {
	if code >= lowCodes {
		if c.high == nil {
			c.high = map[uint32][]T{}
		}
		c.high[code] = append(c.high[code], one)
		return
	}
	for int(code) >= len(c.low) {
		c.low = append(c.low, nil)
	}
	c.low[code] = append(c.low[code], one)
}

func (c *codeTable[T]) get(code uint32) []T {
	if int(code) < len(c.low) {
		return c.low[code]
	}
	if c.high == nil {
		return nil
	}
	return c.high[code]
}

func (c *codeTable[T]) empty() bool { return c.low == nil && c.high == nil }

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

// filterPlan is a compiled filter with its leaves, whose bits lie in width words of a person's from word first on.
type filterPlan struct {
	tests    []codeTest // beyond the one that byCode made
	props    []propTest
	min, max int64
	amounts  bool // amounts must lie in min…max
	since    int64
	asked    []*leaf // with their bits
	bits     []int32

	first, width int
	asks         []ask
	sumAmount    bool
	sumUnits     bool

	// Windows that no fact can be too late for are nested: those that hold a fact are all from some place on, the latest
	// beginning first. rest has, for every place, the leaves of the windows from there on.
	open  []int64 // beginnings
	rest  []uint64
	enter []int32 // by cell: the first place that holds its facts

	shut   []shutWindow
	inside []uint64 // by cell: which shut windows hold its facts
	within int      // words of inside for a cell
	single []uint64 // by cell: the leaves of all windows that hold its facts
}

type codeTest struct {
	column int
	set    map[uint32]struct{}
}

// shutWindow is a window that ends, and what its leaves ask.
type shutWindow struct {
	span
	first, end int32 // the cells of its facts
	leaves     []uint64
	asks       []ask
}

// ask is the answers of leaves to one measure, whatever their windows.
type ask struct {
	measured
	answers
}

// measured is a measure, and asking the leaves' bounds on it, in the order in which they came.
type measured struct {
	code   measureCode
	column int // of the property it measures
}

type asking struct {
	order []measured
	tests map[measured][]test
}

func (a *asking) add(of measured, t test) {
	if a.tests == nil {
		a.tests = map[measured][]test{}
	}
	if a.tests[of] == nil {
		a.order = append(a.order, of)
	}
	a.tests[of] = append(a.tests[of], t)
}

func (a *asking) asks(width int) []ask {
	out := make([]ask, len(a.order))
	for i, of := range a.order {
		out[i] = ask{of, newAnswers(a.tests[of], width)}
	}
	return out
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
	ofPropertySum
	ofPropertyAverage
	ofPropertyMin
	ofPropertyMax
)

var measureCodes = map[string]measureCode{
	MeasureCount: ofCount, MeasureDays: ofDays, MeasureAmount: ofAmount, MeasureQuantity: ofUnits, MeasureAverage: ofAverage,
	MeasureFirst: ofFirst, MeasureLast: ofLast, MeasureSinceFirst: ofSinceFirst, MeasureSinceLast: ofSinceLast,
	MeasurePropertySum: ofPropertySum, MeasurePropertyAverage: ofPropertyAverage, MeasurePropertyMin: ofPropertyMin, MeasurePropertyMax: ofPropertyMax,
}

// peoplePlan is which leaves an attribute may touch.
type peoplePlan struct {
	codes    [7]codeTable[int32] // attributeNames
	phone    []int32
	email    []int32
	tests    struct{ joined, aged []test }
	joined   answers
	aged     answers
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
	f.place(p)
	var edges []int64
	for i := range f.filters {
		edges = f.filters[i].settled(f.asOf, f.numbers, edges)
	}
	f.cells = newLadder(edges)
	for i := range f.filters {
		f.filters[i].locate(&f.cells)
	}
	for i := range f.kinds {
		f.kinds[i].settled(f.filters)
	}
	f.people.settled()
	return nil
}

// place gives every leaf its filters and its bit: those of attributes and sequences first, then filter by filter.
func (f *leafFold) place(p *Pass) {
	props := propsOf(f.leaves)
	for key, test := range props.tests {
		test.column += p.props
		props.tests[key] = test
	}
	f.numbers = map[string]int{}
	for name, column := range props.numbers {
		f.numbers[name] = column + p.props
	}
	byKey := map[string]int32{}
	place := func(from *filter) int32 {
		at, ok := byKey[from.key]
		if !ok {
			at = int32(len(f.filters))
			byKey[from.key] = at
			f.addFilter(p, from, props.tests)
		}
		return at
	}
	f.bits = make([]int32, len(f.leaves))
	next := int32(0)
	for i, l := range f.leaves {
		if l.filter != nil {
			plan := &f.filters[place(l.filter)]
			plan.asked, plan.bits = append(plan.asked, l), append(plan.bits, int32(i)) // for the moment the leaf's place
			continue
		}
		f.bits[i] = next
		switch {
		case l.sequence != nil:
			f.addSequence(l.sequence, int32(i), place)
		case l.edge != nil:
			f.addEdge(l.edge, int32(i), place)
		case l.visits != nil:
			f.addVisits(p, l.visits, int32(i), props, place)
		default:
			f.people.add(p, l, next)
		}
		next++
	}
	for i := range f.filters {
		plan := &f.filters[i]
		for j, leaf := range plan.bits {
			f.bits[leaf], plan.bits[j] = next, next
			next++
		}
	}
	f.words = int(next)/64 + 1
}

// addEdge finds the places of its filters in this fold.
func (f *leafFold) addEdge(from *edgePlan, leaf int32, place func(*filter) int32) {
	e := *from
	e.leaf, e.at, e.likeAt = leaf, place(e.all), place(e.like)
	for _, at := range []int32{e.at, e.likeAt} {
		f.filters[at].since = min(f.filters[at].since, e.window.from)
	}
	f.edges = append(f.edges, &e)
}

// addVisits readies what sessions are found and looked at with.
func (f *leafFold) addVisits(p *Pass, from *visits, leaf int32, props propColumns, place func(*filter) int32) {
	v := *from
	v.leaf, v.test = leaf, newRowTest(p, v.entry, props.tests)
	f.visits = append(f.visits, &v)
	f.visiting.visited = make([]uint8, len(p.kinds))
	for i, fact := range visited {
		f.visiting.visited[p.Kind(fact)] = 1
		if i < pageKinds {
			f.visiting.visited[p.Kind(fact)] = 2
		}
	}
	for name, kind := range p.kinds { // those that other leaves name
		if strings.HasPrefix(name, event.CustomPrefix) {
			f.visiting.visited[kind] = 1
		}
	}
	f.visiting.via, f.visiting.arrivals = props.via+p.props, place(newArrivals)
	at := &f.filters[f.visiting.arrivals]
	at.since = min(at.since, v.window.from)
}

// addSequence finds the places of a sequence's filters in this fold; the plan is the fold's own, as places differ from fold to fold.
func (f *leafFold) addSequence(from *sequence, leaf int32, place func(*filter) int32) {
	s := &sequence{window: from.window, steps: slices.Clone(from.steps), same: from.same}
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
	f.sequences = append(f.sequences, sequencePlan{s, leaf})
}

func (f *leafFold) addFilter(p *Pass, from *filter, props map[string]propTest) {
	at := int32(len(f.filters))
	plan := filterPlan{min: never, max: always, since: always}
	kind := &f.kinds[p.Kind(from.fact)]
	for _, one := range from.props() {
		plan.props = append(plan.props, props[one.key()])
	}
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
				kind.byCode[column].add(c, touch{at: at})
			}
		}
	}
	if !placed {
		kind.plain = append(kind.plain, touch{at: at})
	}
	f.filters = append(f.filters, plan)
}

// settled lays out windows and measures when all leaves are there, and adds the windows' edges to those of other filters.
func (f *filterPlan) settled(asOf int64, numbers map[string]int, edges []int64) []int64 {
	if len(f.asked) == 0 { // only sequences look at it
		return edges
	}
	f.first = int(f.bits[0]) >> 6
	f.width = int(f.bits[len(f.bits)-1])>>6 - f.first + 1
	var tests asking    // of all windows
	var inside []asking // of each that is shut
	opens := map[int64][]uint64{}
	for i, l := range f.asked {
		code, bit := measureCodes[l.measure], f.bits[i]-int32(f.first)<<6
		f.sumAmount = f.sumAmount || code == ofAmount || code == ofAverage
		f.sumUnits = f.sumUnits || code == ofUnits
		t := test{l.low, l.high, bit, l.zero}
		if code == ofAverage || code == ofPropertyAverage {
			t.low, t.high = twice(l.low), twice(l.high)
		}
		of := measured{code: code}
		if l.property != "" {
			of.column = numbers[l.property]
		}
		tests.add(of, t)
		f.since = min(f.since, l.window.from)
		edges = append(edges, l.window.from)
		if l.window.to > asOf {
			if opens[l.window.from] == nil {
				opens[l.window.from] = make([]uint64, f.width)
				f.open = append(f.open, l.window.from)
			}
			opens[l.window.from][bit>>6] |= 1 << (bit & 63)
			continue
		}
		edges = append(edges, l.window.to)
		at := slices.IndexFunc(f.shut, func(w shutWindow) bool { return w.span == l.window })
		if at < 0 {
			at = len(f.shut)
			f.shut = append(f.shut, shutWindow{span: l.window, leaves: make([]uint64, f.width)})
			inside = append(inside, asking{})
		}
		f.shut[at].leaves[bit>>6] |= 1 << (bit & 63)
		inside[at].add(of, t)
	}
	f.asks = tests.asks(f.width)
	for i := range f.shut {
		f.shut[i].asks = inside[i].asks(f.width)
	}
	slices.SortFunc(f.open, func(a, b int64) int { return cmp.Compare(b, a) })
	f.rest = make([]uint64, (len(f.open)+1)*f.width)
	for i := len(f.open) - 1; i >= 0; i-- {
		for w := range f.width {
			f.rest[i*f.width+w] = f.rest[(i+1)*f.width+w] | opens[f.open[i]][w]
		}
	}
	return edges
}

// locate says for every cell which windows its facts lie in.
func (f *filterPlan) locate(cells *ladder) {
	n := len(cells.points) + 1
	f.within = (len(f.shut) + 63) / 64
	for i := range f.shut {
		w := &f.shut[i]
		w.first, w.end = int32(cells.reached(w.from)), int32(cells.reached(w.to))
	}
	f.enter, f.inside, f.single = make([]int32, n), make([]uint64, n*f.within), make([]uint64, n*f.width)
	for cell := range n {
		begin := never
		if cell > 0 {
			begin = cells.points[cell-1]
		}
		f.enter[cell] = int32(len(f.open))
		for i, from := range f.open {
			if from <= begin {
				f.enter[cell] = int32(i)
				break
			}
		}
		single := f.single[cell*f.width:][:f.width]
		copy(single, f.rest[int(f.enter[cell])*f.width:])
		for i := range f.shut {
			w := &f.shut[i]
			if w.from > begin || begin >= w.to {
				continue
			}
			f.inside[cell*f.within+i>>6] |= 1 << (i & 63)
			for word, leaves := range w.leaves {
				single[word] |= leaves
			}
		}
	}
}

// settled notes what the filters of the kind look at.
func (k *kindPlan) settled(filters []filterPlan) {
	k.since = always
	look := func(all []touch) {
		for i := range all {
			f := &filters[all[i].at]
			all[i].since, all[i].bare = f.since, !f.amounts && len(f.tests)+len(f.props) == 0
			k.since = min(k.since, f.since)
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
		q.tests.joined = append(q.tests.joined, test{low: l.window.from, high: l.window.to - 1, bit: at})
	case l.aged:
		q.tests.aged = append(q.tests.aged, test{low: l.low, high: l.high, bit: at})
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

func (q *peoplePlan) settled() {
	width := 1
	for _, t := range append(slices.Clone(q.tests.joined), q.tests.aged...) {
		width = max(width, int(t.bit)>>6+1)
	}
	q.joined, q.aged = newAnswers(q.tests.joined, width), newAnswers(q.tests.aged, width)
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

// rename puts people's numbers in the place of their places in a list, in everything that was found.
func (f *leafFold) rename(numbers []uint32) {
	named := func(b *roaring.Bitmap) *roaring.Bitmap {
		all := b.ToArray()
		for i, at := range all {
			all[i] = numbers[at]
		}
		return roaring.BitmapOf(all...)
	}
	f.universe = named(f.universe)
	for i, b := range f.out {
		f.out[i] = named(b)
	}
	for _, dues := range f.dues {
		for i := range dues {
			dues[i].customer = numbers[dues[i].customer]
		}
	}
}
