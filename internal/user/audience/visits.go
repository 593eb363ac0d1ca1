package audience

import (
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// A session is what somebody did on one source without a pause of half an hour; it ends at midnight of the business zone too, and when she
// arrives by another link. It is found in the ordered facts whenever it is asked for: what comes late, and what comes to somebody by a
// merge, falls into its place, which a session that was told once and for all could not.
//
//	sessions {"window": {"last_days": 30}, "measure": "count", "min": 3,
//	          "entry": {"channel": ["douyin"], "props": [{"name": "url", "contains": ["/618"]}]},  what it began with
//	          "pages": {"min": 5}, "minutes": {"max": 1}, "bounce": false}
//
// It is made of what is told of her visits, the brand's own events (event.…) among it. It lies in the window that it began in. Pages are page.viewed and product.viewed; its length is from its first fact to its last;
// a bounce is a single page and nothing else. measure: count, pages and minutes (sums), average_pages, average_minutes, since_last (whole
// days). Minutes are compared exactly, not rounded.
type sessionsSpec struct {
	Window  *Window `json:"window,omitempty"`
	Entry   *Filter `json:"entry,omitempty"`
	Pages   *Bounds `json:"pages,omitempty"`
	Minutes *Bounds `json:"minutes,omitempty"`
	Bounce  *bool   `json:"bounce,omitempty"`
	Measure string  `json:"measure,omitempty"`
	Bounds
}

// Measures of sessions.
const (
	SessionsCount          = "count"
	SessionsPages          = "pages"
	SessionsMinutes        = "minutes"
	SessionsAveragePages   = "average_pages"
	SessionsAverageMinutes = "average_minutes"
	SessionsSinceLast      = "since_last"
)

var sessionMeasures = []string{SessionsCount, SessionsPages, SessionsMinutes, SessionsAveragePages, SessionsAverageMinutes, SessionsSinceLast}

const (
	pause         = int64(30 * time.Minute / time.Microsecond)
	minute        = int64(time.Minute / time.Microsecond)
	mostMinutes   = 1_000_000_000
	propertyOfVia = "via" // the source that told of a fact
)

// visited are the facts that sessions are made of, pages first, the brand's own events last.
var visited = []string{event.PageViewed, event.ProductViewed, event.CartAdded, event.CartRemoved, event.CheckoutStarted, warehouse.AnyEvent}

const pageKinds = 2 // of visited

func (s *sessionsSpec) check(path string) error {
	if s.Measure == "" {
		s.Measure = SessionsCount
	}
	if !slices.Contains(sessionMeasures, s.Measure) {
		return invalid(path+".measure", "there is no measure %q of sessions; known are %s", s.Measure, strings.Join(sessionMeasures, ", "))
	}
	if s.Window != nil {
		if err := s.Window.check(path + ".window"); err != nil {
			return err
		}
	}
	if s.Entry != nil {
		if err := s.Entry.check(path + ".entry"); err != nil {
			return err
		}
	}
	bounds := map[string]*Bounds{"": &s.Bounds}
	if s.Pages != nil {
		bounds[".pages"] = s.Pages
	}
	if s.Minutes != nil {
		bounds[".minutes"] = s.Minutes
	}
	for name, b := range bounds {
		if err := b.check(path + name); err != nil {
			return err
		}
		for side, v := range map[string]*int64{".min": b.Min, ".max": b.Max} {
			if v != nil && (*v < -mostMinutes || *v > mostMinutes) {
				return invalid(path+name+side, "at most %d", mostMinutes)
			}
		}
	}
	return nil
}

// visits is a sessionsSpec resolved as of a day.
type visits struct {
	window         span
	entry          *Filter
	pages, minutes *Bounds
	bounce         *bool
	measure        string
	min, max       *int64
	asOf           time.Time

	leaf int32
	test rowTest // of entry
}

func (s *sessionsSpec) resolve(asOf time.Time, zone *time.Location) *visits {
	return &visits{
		window: s.Window.resolve(asOf, zone), entry: s.Entry.sorted(), pages: s.Pages, minutes: s.Minutes, bounce: s.Bounce,
		measure: s.Measure, min: s.Min, max: s.Max, asOf: asOf.In(zone),
	}
}

func (v *visits) key() []any {
	key := []any{v.window.from, v.window.to, v.entry, v.pages, v.minutes, v.bounce, v.measure, v.min, v.max}
	if v.measure == SessionsSinceLast {
		key = append(key, v.asOf.Format(time.DateOnly))
	}
	return append(key, v.asOf.Location().String())
}

// filters are what a pass must read: the facts that sessions are made of, and the arrivals by another link that begin one.
func (v *visits) filters() []*filter {
	out := make([]*filter, 0, len(visited)+1)
	for _, fact := range visited {
		out = append(out, newFilter(fact, v.entry))
	}
	return append(out, newArrivals)
}

var newArrivals = newFilter(event.TouchMade, &Filter{Detail: []string{event.NewTouch}})

// rowTest is a filter to put to single rows, whatever its columns.
type rowTest struct {
	min, max int64
	amounts  bool
	codes    []codeTest
	props    []propTest
}

func newRowTest(p *Pass, where *Filter, props map[string]propTest) rowTest {
	t := rowTest{min: never, max: always}
	if where == nil {
		return t
	}
	if where.MinAmount != nil {
		t.min, t.amounts = *where.MinAmount, true
	}
	if where.MaxAmount != nil {
		t.max, t.amounts = *where.MaxAmount, true
	}
	for column, values := range where.lists() {
		if values == nil {
			continue
		}
		set := map[uint32]struct{}{}
		for _, v := range values {
			if c := p.Code(v); c != NoCode {
				set[c] = struct{}{}
			}
		}
		t.codes = append(t.codes, codeTest{column, set})
	}
	for _, one := range where.Props {
		t.props = append(t.props, props[one.key()])
	}
	return t
}

func (test *rowTest) passes(t *Timeline, i int) bool {
	if test.amounts && (t.Amount[i] < test.min || t.Amount[i] > test.max) {
		return false
	}
	for _, one := range test.codes {
		if _, ok := one.set[t.code(one.column)[i]]; !ok {
			return false
		}
	}
	for _, one := range test.props {
		if t.block.Props[one.column][int(t.first)+i]&one.bit == 0 {
			return false
		}
	}
	return true
}

// visitPlan is what a fold with leaves of sessions knows of its pass.
type visitPlan struct {
	visited  []uint8 // by kind: 1 another deed, 2 a page
	via      int     // column
	arrivals int32   // filter
}

// session is a session of a person; its facts at its first instant are rows of the timeline.
type session struct {
	via         int64
	first, last int64
	day         int64
	pages       int64
	deeds       int64
	began       []int32 // rows at the first instant
}

// visiting finds sessions, reusing its buffers.
type visiting struct {
	all  []session
	open []int // of all, one for each source
	day  dayer
}

// sessions finds the sessions of a timeline; arrivals are the instants at which the person came by another link, ascending.
func (v *visiting) sessions(t *Timeline, plan *visitPlan, arrivals []int64, zone *time.Location) []session {
	v.all, v.open = v.all[:0], v.open[:0]
	via := t.block.Props[plan.via]
	for i, k := range t.Kind {
		if int(k) >= len(plan.visited) || plan.visited[k] == 0 {
			continue
		}
		ts, source := t.TS[i], via[int(t.first)+i]
		at := slices.IndexFunc(v.open, func(at int) bool { return v.all[at].via == source })
		var s *session
		if at >= 0 {
			s = &v.all[v.open[at]]
		}
		day := v.day.number(ts, zone)
		if s == nil || ts != s.first && (ts-s.last >= pause || day != s.day || arrived(arrivals, ts)) {
			n := len(v.all)
			if n < cap(v.all) {
				v.all = v.all[:n+1]
			} else {
				v.all = append(v.all, session{})
			}
			s = &v.all[n]
			*s = session{via: source, first: ts, day: day, began: s.began[:0]}
			if at >= 0 {
				v.open[at] = n
			} else {
				v.open = append(v.open, n)
			}
		}
		s.last = ts
		s.deeds++
		if plan.visited[k] == 2 {
			s.pages++
		}
		if ts == s.first {
			s.began = append(s.began, int32(i))
		}
	}
	return v.all
}

func arrived(arrivals []int64, ts int64) bool {
	_, yes := slices.BinarySearch(arrivals, ts)
	return yes
}

// holds answers from a person's sessions.
func (v *visits) holds(all []session, t *Timeline) bool {
	var n, pages, length int64
	last := never
	for i := range all {
		s := &all[i]
		if s.first < v.window.from || s.first >= v.window.to || v.bounce != nil && *v.bounce != (s.pages == 1 && s.deeds == 1) ||
			!within64(v.pages, s.pages, 1) || !within64(v.minutes, s.last-s.first, minute) ||
			v.entry != nil && !slices.ContainsFunc(s.began, func(i int32) bool { return v.test.passes(t, int(i)) }) {
			continue
		}
		n++
		pages += s.pages
		length += s.last - s.first
		last = max(last, s.first)
	}
	bounds := &Bounds{v.min, v.max}
	switch v.measure {
	case SessionsCount:
		return within64(bounds, n, 1)
	case SessionsPages:
		return within64(bounds, pages, 1)
	case SessionsMinutes:
		return within64(bounds, length, minute)
	}
	if n == 0 {
		return false
	}
	switch v.measure {
	case SessionsAveragePages:
		return within64(bounds, pages, n)
	case SessionsAverageMinutes:
		return within64(bounds, length, n*minute)
	}
	y, m, d := time.UnixMicro(last).In(v.asOf.Location()).Date()
	ty, tm, td := v.asOf.Date()
	days := time.Date(ty, tm, td, 0, 0, 0, 0, time.UTC).Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour)
	return within64(bounds, int64(days), 1)
}

// within64 says whether a value lies within bounds counted in units.
func within64(b *Bounds, value, unit int64) bool {
	return b == nil || (b.Min == nil || floorDiv(value, unit) >= *b.Min) && (b.Max == nil || -floorDiv(-value, unit) <= *b.Max)
}

// zero says whether a leaf of sessions holds for who has none.
func (v *visits) zero() bool {
	return (v.measure == SessionsCount || v.measure == SessionsPages || v.measure == SessionsMinutes) && within64(&Bounds{v.min, v.max}, 0, 1)
}

// wordHash tells texts of a property apart; 0 is none.
func wordHash(text string) int64 {
	s := read(text)
	if !s.present {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(s.texts, "\x00")))
	return int64(h.Sum64()) | 1
}
