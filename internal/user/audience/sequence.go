package audience

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A sequence is a leaf of its own kind: what somebody did in a row, in time.
//
//	sequence {"steps": [{"fact": "product.viewed", "where": {"category": ["奶粉"]}, "days_running": 3},
//	                    {"fact": "cart.added", "within": {"days": 1}, "without": [{"fact": "order.paid"}]},
//	                    {"fact": "order.paid", "not": true, "within": {"hours": 2}}],
//	          "window": {"last_days": 30}}
//
// It holds when there are facts, one for each step, each strictly later than the one before it and at most within later, with none of
// without strictly between. A first step with days_running is the first fact of a calendar day that has such facts on it and on
// each of the days_running−1 days before it. A last step that is not a fact holds when within has passed since the step before it
// without such a fact, its last instant included; without within, when there has been none since. All steps but that one lie in the window.
//
// With "same": "campaign" all of these facts are of one campaign, whichever: sent a message of a campaign and did not open one of that
// campaign within two days. Likewise product, category, channel and strategy; facts that name none are left out.
type sequenceSpec struct {
	Steps  []step  `json:"steps"`
	Window *Window `json:"window,omitempty"`
	Same   string  `json:"same,omitempty"`
}

type step struct {
	Fact        string    `json:"fact"`
	Where       *Filter   `json:"where,omitempty"`
	DaysRunning int       `json:"days_running,omitempty"`
	Not         bool      `json:"not,omitempty"`
	Within      *Duration `json:"within,omitempty"`
	Without     []absence `json:"without,omitempty"`
}

// absence is facts that must not be there.
type absence struct {
	Fact  string  `json:"fact"`
	Where *Filter `json:"where,omitempty"`
}

// Duration is a length of time; its parts add up. A day is 24 hours.
type Duration struct {
	Days    int `json:"days,omitempty"`
	Hours   int `json:"hours,omitempty"`
	Minutes int `json:"minutes,omitempty"`
}

func (d *Duration) micros() int64 {
	if d == nil {
		return always
	}
	return (time.Duration(d.Days)*24*time.Hour + time.Duration(d.Hours)*time.Hour + time.Duration(d.Minutes)*time.Minute).Microseconds()
}

const (
	maxSteps   = 10
	maxRunning = 90
)

func (s *sequenceSpec) check(path string) error {
	switch n := len(s.Steps); {
	case n == 0:
		return invalid(path+".steps", "at least one step is needed")
	case n > maxSteps:
		return invalid(path+".steps", "at most %d steps", maxSteps)
	}
	for i := range s.Steps {
		if err := s.Steps[i].check(path+".steps["+strconv.Itoa(i)+"]", i == 0, i == len(s.Steps)-1); err != nil {
			return err
		}
	}
	if s.Same != "" && !slices.Contains(sameNames, s.Same) {
		return invalid(path+".same", "there is no %q that facts share; known are %s", s.Same, strings.Join(sameNames, ", "))
	}
	if s.Window != nil {
		return s.Window.check(path + ".window")
	}
	return nil
}

// sameNames are the columns that the facts of a sequence may have to share.
var sameNames = filterNames[:len(filterNames)-1]

func (s *step) check(path string, first, last bool) error {
	if err := checkFact(path, s.Fact, s.Where); err != nil {
		return err
	}
	switch {
	case s.DaysRunning < 0 || s.DaysRunning > maxRunning:
		return invalid(path+".days_running", "between 1 and %d days", maxRunning)
	case s.DaysRunning > 0 && !first:
		return invalid(path+".days_running", "only the first step can be days running")
	case s.Not && (first || !last):
		return invalid(path+".not", "only the last step can be something that was not done, after another; between steps use without")
	case first && s.Within != nil:
		return invalid(path+".within", "the first step has nothing before it")
	case (first || s.Not) && len(s.Without) > 0:
		return invalid(path+".without", "there is nothing between this step and the one before it")
	}
	if s.Within != nil {
		if d := *s.Within; d.Days < 0 || d.Hours < 0 || d.Minutes < 0 || d.Days > maxDays || d.Hours > maxDays || d.Minutes > maxDays || s.Within.micros() == 0 {
			return invalid(path+".within", "a length of time above zero is needed")
		}
	}
	for i, w := range s.Without {
		if err := checkFact(path+".without["+strconv.Itoa(i)+"]", w.Fact, w.Where); err != nil {
			return err
		}
	}
	return nil
}

func checkFact(path, fact string, where *Filter) error {
	if !factName.MatchString(fact) {
		return invalid(path+".fact", "%q is no name of a fact; an example is order.paid", fact)
	}
	if where != nil {
		return where.check(path + ".where")
	}
	return nil
}

// sequence is a sequenceSpec resolved as of a day.
type sequence struct {
	steps  []stepPlan
	window span
	same   int // column all facts share by its place in filterNames; −1 for none
}

// stepPlan is a step with its filters; in a pass filter and without are their places in the fold.
type stepPlan struct {
	*filter
	running int
	not     bool
	within  int64 // microseconds
	without []*filter

	at        int32
	withoutAt []int32
}

func (s *sequenceSpec) resolve(asOf time.Time, zone *time.Location) *sequence {
	out := &sequence{window: s.Window.resolve(asOf, zone), same: slices.Index(sameNames, s.Same)}
	for _, one := range s.Steps {
		plan := stepPlan{filter: newFilter(one.Fact, one.Where), running: one.DaysRunning, not: one.Not, within: one.Within.micros()}
		for _, w := range one.Without {
			plan.without = append(plan.without, newFilter(w.Fact, w.Where))
		}
		out.steps = append(out.steps, plan)
	}
	return out
}

// key is what makes two sequences the same question.
func (s *sequence) key() []any {
	out := []any{s.window.from, s.window.to, s.same}
	for _, one := range s.steps {
		without := make([]string, len(one.without))
		for i, w := range one.without {
			without[i] = w.key
		}
		out = append(out, []any{one.filter.key, one.running, one.not, one.within, without})
	}
	return out
}

// filters are all filters of a sequence.
func (s *sequence) filters() []*filter {
	var out []*filter
	for _, one := range s.steps {
		out = append(append(out, one.filter), one.without...)
	}
	return out
}

// matching follows sequences along one person's facts, reusing its buffers.
type matching struct {
	now  []int64 // instants at which the sequence has come as far as the step before
	next []int64
	day  dayer
}

// holds says whether a sequence holds for a person as of an instant. hits gives the instants of the facts a filter lets through,
// ascending, none after asOf. due is when the answer may become yes without a new fact; always when it will not.
func (m *matching) holds(s *sequence, asOf int64, zone *time.Location, hits func(at int32) []int64) (yes bool, due int64) {
	inside := s.window.of
	first := &s.steps[0]
	m.now = append(m.now[:0], inside(hits(first.at))...)
	if first.running > 1 {
		m.now = m.running(m.now, first.running, zone)
	}
	for i := 1; i < len(s.steps) && len(m.now) > 0; i++ {
		one := &s.steps[i]
		if one.not {
			return m.absent(hits(one.at), one.within, asOf)
		}
		m.next = m.next[:0]
		before := 0 // m.now[:before] are strictly earlier
		for _, t := range inside(hits(one.at)) {
			for before < len(m.now) && m.now[before] < t {
				before++
			}
			if before == 0 {
				continue
			}
			from := m.now[before-1] // the latest leaves the least room for what must not be between
			if t-from <= one.within && !slices.ContainsFunc(one.withoutAt, func(at int32) bool { return between(hits(at), from, t) }) {
				m.next = append(m.next, t)
			}
		}
		m.now, m.next = m.next, m.now
	}
	return len(m.now) > 0, always
}

// absent says whether after one of the instants reached nothing came for as long as within.
func (m *matching) absent(ts []int64, within, asOf int64) (yes bool, due int64) {
	due = always
	after := 0
	for _, from := range m.now {
		for after < len(ts) && ts[after] <= from {
			after++
		}
		until := always
		if within != always {
			until = from + within
		}
		if after < len(ts) && ts[after] <= until {
			continue
		}
		if within == always || until <= asOf {
			return true, always
		}
		due = min(due, until)
	}
	return false, due
}

// between says whether one of the instants lies strictly between two.
func between(ts []int64, from, to int64) bool {
	at, _ := slices.BinarySearch(ts, from+1)
	return at < len(ts) && ts[at] < to
}

// running keeps the first instants of days that end a run of n days with facts on each.
func (m *matching) running(ts []int64, n int, zone *time.Location) []int64 {
	kept := ts[:0] // never overtakes what is read
	length, last := 0, never
	for _, t := range ts {
		day := m.day.number(t, zone)
		if day == last {
			continue
		}
		if last != never && day == last+1 {
			length++
		} else {
			length = 1
		}
		last = day
		if length >= n {
			kept = append(kept, t)
		}
	}
	return kept
}
