package audience

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"time"

	"huoshui/internal/platform/warehouse"
)

const (
	never  = int64(math.MinInt64)
	always = int64(math.MaxInt64)
)

// span is a stretch of instants [from, to), in microseconds.
type span struct{ from, to int64 }

// resolve turns a window into instants, as of a day.
func (w *Window) resolve(asOf time.Time, zone *time.Location) span {
	s := span{never, always}
	if w == nil {
		return s
	}
	if w.LastDays > 0 {
		y, m, d := asOf.In(zone).Date()
		s.from = time.Date(y, m, d-w.LastDays+1, 0, 0, 0, 0, zone).UnixMicro()
	}
	if w.From != "" { // the dates were checked when the condition was read
		t, _ := time.ParseInLocation(time.DateOnly, w.From, zone)
		s.from = t.UnixMicro()
	}
	if w.To != "" {
		t, _ := time.ParseInLocation(time.DateOnly, w.To, zone)
		s.to = t.AddDate(0, 0, 1).UnixMicro()
	}
	return s
}

func (b *Bounds) limits() (low, high int64) {
	low, high = never, always
	if b == nil {
		return
	}
	if b.Min != nil {
		low = *b.Min
	}
	if b.Max != nil {
		high = *b.Max
	}
	return
}

// leaf is a condition that one look at a person's timeline answers, with its window resolved. Two leaves of the same key are
// the same question and share one bitmap.
type leaf struct {
	key string
	// what of facts
	filter   *filter // nil: a question about attributes
	measure  string
	property string // whose numbers the measure looks at
	window   span
	low      int64
	high     int64
	zero     bool // it holds for people without a matching fact; the fold gathers who differs from this

	sequence *sequence // nil: no sequence
	edge     *edgePlan // nil: no first or last
	visits   *visits   // nil: no sessions

	attribute *attributeSpec
	contact   *contactSpec
	born      *birthdaySpec
	aged      bool // low, high: years
	joined    bool // window: registered
}

// filter is a fact name with conditions on its columns, shared by the leaves that ask it.
type filter struct {
	key   string
	fact  string
	where *Filter
}

// timed says that the answer may change while time passes within a day and nothing happens.
func (l *leaf) timed() bool {
	return l.sequence != nil && l.sequence.steps[len(l.sequence.steps)-1].not
}

func newFilter(fact string, where *Filter) *filter {
	f := &filter{fact: fact, where: where.sorted()}
	f.key = hash(fact, f.where)
	return f
}

// leafOf resolves a leaf condition as of a day; nil for kinds that no timeline answers.
func leafOf(c Condition, asOf time.Time, zone *time.Location) *leaf {
	l := &leaf{}
	var dated any // what makes the key move from day to day
	day := asOf.In(zone).Format(time.DateOnly)
	switch s := c.Spec.(type) {
	case *attributeSpec:
		l.attribute = &attributeSpec{Name: s.Name, In: sortedValues(s.In)}
		dated = l.attribute
	case *contactSpec:
		l.contact, dated = s, s
	case *birthdaySpec:
		l.born, dated = s, []any{s, day}
	case *Window:
		l.joined, l.window = true, s.resolve(asOf, zone)
		dated = []int64{l.window.from, l.window.to}
	case *Bounds:
		l.aged = true
		l.low, l.high = s.limits()
		dated = []any{l.low, l.high, day}
	case *sequenceSpec:
		l.sequence = s.resolve(asOf, zone)
		dated = []any{l.sequence.key(), zone.String()}
	case *firstSpec:
		l.edge = s.resolve(false, asOf, zone)
		dated = l.edge.key()
	case *lastSpec:
		l.edge = s.resolve(true, asOf, zone)
		dated = l.edge.key()
	case *sessionsSpec:
		l.visits = s.resolve(asOf, zone)
		l.zero, dated = l.visits.zero(), l.visits.key()
	case *factsSpec:
		l.facts(s, asOf, zone)
		dated = []any{l.filter.key, l.measure, l.window.from, l.window.to, l.low, l.high}
		if l.property != "" {
			dated = append(dated.([]any), l.property)
		}
		if l.measure == MeasureDays {
			dated = append(dated.([]any), zone.String())
		}
	default:
		return nil
	}
	l.key = hash(c.Kind, dated)
	return l
}

func (l *leaf) facts(s *factsSpec, asOf time.Time, zone *time.Location) {
	l.filter = newFilter(s.Fact, s.Where)
	l.measure = s.Measure
	l.window = s.Window.resolve(asOf, zone)
	l.low, l.high = s.limits()
	switch s.Measure {
	case MeasureCount, MeasureDays, MeasureAmount, MeasureQuantity:
		l.zero = l.low <= 0 && l.high >= 0
	case MeasurePropertySum, MeasurePropertyAverage, MeasurePropertyMin, MeasurePropertyMax:
		l.property = s.Property
		l.low, l.high = s.Value.limits()
		l.zero = s.Measure == MeasurePropertySum && l.low <= 0 && l.high >= 0
	case MeasureSinceFirst, MeasureSinceLast: // days back become instants: since ≥ min is before, since ≤ max is after
		y, m, d := asOf.In(zone).Date()
		midnight := func(back int64) int64 {
			back = min(max(back, -maxDays), 10*maxDays)
			return time.Date(y, m, d-int(back), 0, 0, 0, 0, zone).UnixMicro()
		}
		low, high := never, always
		if s.Max != nil {
			low = midnight(*s.Max)
		}
		if s.Min != nil {
			high = midnight(*s.Min-1) - 1
		}
		l.low, l.high = low, high
	}
}

func (f *Filter) sorted() *Filter {
	if f == nil {
		return nil
	}
	c := *f
	for _, list := range []*[]string{&c.Product, &c.Category, &c.Channel, &c.Campaign, &c.Strategy, &c.Detail} {
		*list = sortedValues(*list)
	}
	c.Props = make([]Property, len(f.Props))
	for i, p := range f.Props {
		c.Props[i] = p.sorted()
	}
	return &c
}

func sortedValues(values []string) []string {
	if values == nil {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

func hash(kind string, spec any) string {
	text, err := json.Marshal(spec)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	sum := sha256.Sum256(append([]byte(kind+"\x00"), text...))
	return kind + ":" + hex.EncodeToString(sum[:12])
}

// needs is what the leaves read.
func needsOf(leaves []*leaf) Needs {
	n := Needs{Since: always, Plain: true, Props: propsOf(leaves).list}
	for _, l := range leaves {
		switch {
		case l.sequence != nil:
			for _, f := range l.sequence.filters() {
				n.facts(f, l.sequence.window)
			}
			if l.sequence.same >= 0 {
				n.Columns |= warehouse.ColumnProduct << l.sequence.same
			}
		case l.edge != nil:
			n.facts(l.edge.all, l.edge.window)
			n.facts(l.edge.like, l.edge.window)
		case l.visits != nil:
			for _, f := range l.visits.filters() {
				n.facts(f, l.visits.window)
			}
		case l.filter == nil:
			n.Plain = false
		default:
			n.facts(l.filter, l.window)
			switch l.measure {
			case MeasureAmount, MeasureAverage, MeasureFirst, MeasureLast:
				n.Columns |= Amount
			case MeasureQuantity:
				n.Columns |= Quantity
			}
		}
	}
	return n
}

// filters are all filters of a leaf.
func (l *leaf) filters() []*filter {
	switch {
	case l.sequence != nil:
		return l.sequence.filters()
	case l.edge != nil:
		return []*filter{l.edge.all, l.edge.like}
	case l.visits != nil:
		return l.visits.filters()
	case l.filter != nil:
		return []*filter{l.filter}
	}
	return nil
}

// facts adds what a filter reads in a window.
func (n *Needs) facts(f *filter, window span) {
	n.Since = min(n.Since, max(window.from, 0))
	if !slices.Contains(n.Facts, f.fact) {
		n.Facts = append(n.Facts, f.fact)
	}
	if f.where == nil {
		return
	}
	for i, values := range f.where.lists() {
		if values != nil {
			n.Columns |= warehouse.ColumnProduct << i
		}
	}
	if f.where.MinAmount != nil || f.where.MaxAmount != nil {
		n.Columns |= Amount
	}
}
