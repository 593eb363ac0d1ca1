package audience

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// genVisit is a fact of a session: close to others in time, on one of two sources, sometimes with an arrival at the same instant.
func genVisit(t *rapid.T) []event.Fact {
	minutes := rapid.Int64Range(0, 3*24*60/10).Draw(t, "ten minutes") * 10
	at := time.Date(2026, 2, 27, 16, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
	n := rapid.Uint32Range(1, 4).Draw(t, "customer")
	f := event.Fact{
		Name: rapid.SampledFrom(slices.Concat([]string{event.OrderPaid, "event.Searched", "event.赞", "event.Searched"}, visited[:5])).Draw(t, "name"), Customer: n, At: at,
		Channel: rapid.SampledFrom(channels).Draw(t, "channel"), Amount: rapid.Int64Range(0, 3).Draw(t, "amount"),
		Props: json.RawMessage(rapid.SampledFrom([]string{`{"via":"h5","url":"/a"}`, `{"via":"h5","url":"/b"}`, `{"via":"app"}`, `{}`}).Draw(t, "props")),
	}
	if rapid.IntRange(0, 5).Draw(t, "arrives") > 0 {
		return []event.Fact{f}
	}
	touch := event.Touch{At: at, Source: "douyin"}
	return []event.Fact{f, touch.Fact("", n, rapid.SampledFrom([]string{event.NewTouch, event.AgainTouch}).Draw(t, "new"))}
}

func genSessions(t *rapid.T) *sessionsSpec {
	s := &sessionsSpec{Measure: rapid.SampledFrom(sessionMeasures).Draw(t, "measure"), Bounds: genBounds(t, 0, 4)}
	if s.Measure == SessionsMinutes || s.Measure == SessionsAverageMinutes {
		s.Bounds = genBounds(t, 0, 60)
	}
	if rapid.Bool().Draw(t, "windowed") {
		s.Window = &Window{LastDays: rapid.IntRange(1, 4).Draw(t, "days")}
	}
	switch rapid.IntRange(0, 4).Draw(t, "narrowed") {
	case 0:
		b := genBounds(t, 0, 3)
		s.Pages = &b
	case 1:
		b := genBounds(t, 0, 40)
		s.Minutes = &b
	case 2:
		bounce := rapid.Bool().Draw(t, "bounce")
		s.Bounce = &bounce
	case 3:
		s.Entry = rapid.SampledFrom([]*Filter{
			{Channel: []string{"douyin"}}, {Props: []Property{{Name: "url", Contains: []string{"/A"}}}}, {MinAmount: new(int64), Channel: []string{"tmall"}},
		}).Draw(t, "entry")
	}
	return s
}

// sat is a session in the plainest form.
type sat struct{ facts []event.Fact }

func (s *sat) pages() (n int64) {
	for _, f := range s.facts {
		if f.Name == event.PageViewed || f.Name == event.ProductViewed {
			n++
		}
	}
	return n
}

func (s *sat) length() time.Duration { return s.facts[len(s.facts)-1].At.Sub(s.facts[0].At) }

// sittings finds the sessions of a person by looking, source by source, whether each instant goes on with the one before.
func (w *world) sittings(n uint32) (out []*sat) {
	by := map[string][]event.Fact{}
	arrivals := map[time.Time]bool{}
	for _, f := range w.facts {
		if f.Customer != n || f.At.After(w.asOf) {
			continue
		}
		if f.Name == event.TouchMade && f.Detail == event.NewTouch {
			arrivals[f.At] = true
		}
		if slices.Contains(visited, f.Name) || strings.HasPrefix(f.Name, "event.") {
			var props struct{ Via string }
			_ = json.Unmarshal(f.Props, &props)
			by[props.Via] = append(by[props.Via], f)
		}
	}
	for _, facts := range by {
		slices.SortStableFunc(facts, func(a, b event.Fact) int { return a.At.Compare(b.At) })
		var s *sat
		for _, f := range facts {
			if s != nil {
				before := s.facts[len(s.facts)-1].At
				if !f.At.Equal(before) && (f.At.Sub(before) >= 30*time.Minute || !w.date(f.At).Equal(w.date(before)) || arrivals[f.At]) {
					s = nil
				}
			}
			if s == nil {
				s = &sat{}
				out = append(out, s)
			}
			s.facts = append(s.facts, f)
		}
	}
	return out
}

func (w *world) visits(n uint32, s *sessionsSpec) bool {
	var count, pages int64
	var length time.Duration
	var last time.Time
	for _, one := range w.sittings(n) {
		begin := one.facts[0].At
		ok := w.inside(s.Window, begin) && within(s.Pages, one.pages()) && (s.Bounce == nil || *s.Bounce == (len(one.facts) == 1 && one.pages() == 1))
		if s.Minutes != nil {
			ok = ok && (s.Minutes.Min == nil || one.length() >= time.Duration(*s.Minutes.Min)*time.Minute) && (s.Minutes.Max == nil || one.length() <= time.Duration(*s.Minutes.Max)*time.Minute)
		}
		if s.Entry != nil {
			ok = ok && slices.ContainsFunc(one.facts, func(f event.Fact) bool { return f.At.Equal(begin) && passes(s.Entry, f) })
		}
		if !ok {
			continue
		}
		count++
		pages += one.pages()
		length += one.length()
		if begin.After(last) {
			last = begin
		}
	}
	minutes := func(of time.Duration, by int64) bool {
		return (s.Min == nil || of >= time.Duration(*s.Min*by)*time.Minute) && (s.Max == nil || of <= time.Duration(*s.Max*by)*time.Minute)
	}
	switch s.Measure {
	case SessionsCount:
		return within(&s.Bounds, count)
	case SessionsPages:
		return within(&s.Bounds, pages)
	case SessionsMinutes:
		return minutes(length, 1)
	}
	if count == 0 {
		return false
	}
	switch s.Measure {
	case SessionsAveragePages:
		return (s.Min == nil || pages >= *s.Min*count) && (s.Max == nil || pages <= *s.Max*count)
	case SessionsAverageMinutes:
		return minutes(length, count)
	case SessionsSinceLast:
		return within(&s.Bounds, w.daysAgo(last))
	}
	panic(s.Measure)
}

// edge is what the first or last fact of a name was like.
func (w *world) edge(n uint32, s *edgeSpec, last bool) bool {
	var all []event.Fact
	for _, f := range w.of(n, s.Fact, nil) {
		if w.inside(s.Window, f.At) {
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return false
	}
	at := all[0].At
	if last {
		at = all[len(all)-1].At
	}
	return slices.ContainsFunc(all, func(f event.Fact) bool { return f.At.Equal(at) && passes(s.Where, f) })
}

// same follows a sequence whose facts share a column, for every value there is.
func (w *world) same(n uint32, s *sequenceSpec) bool {
	column := func(f event.Fact) string {
		return [...]string{f.Product, f.Category, f.Channel, f.Campaign, f.Strategy}[slices.Index(sameNames, s.Same)]
	}
	tried := map[string]bool{"": true}
	for _, f := range w.facts {
		if value := column(f); !tried[value] {
			tried[value] = true
			only := *w
			only.facts = slices.DeleteFunc(slices.Clone(w.facts), func(f event.Fact) bool { return column(f) != value })
			if only.follows(n, s, 0, time.Time{}) {
				return true
			}
		}
	}
	return false
}

func TestSessionsAgreeWithNaiveEvaluator(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{people: map[uint32]event.Attributes{}, asOf: now, zone: shanghai}
		wh := warehousetest.Memory(t)
		defer wh.Close()
		for n := uint32(1); n <= 5; n++ { // the last never comes
			w.people[n] = event.Attributes{}
			warehousetest.Load(t, wh, warehousetest.Person(n, now, w.people[n]))
		}
		var conditions []Condition
		for range 10 {
			conditions = append(conditions, Condition{"sessions", genSessions(rt)})
		}
		if rapid.Bool().Draw(rt, "an event is also asked for by its name") {
			conditions = append(conditions, parsed(t, `{"kind":"facts","spec":{"fact":"event.Searched","where":{"props":[{"name":"url","contains":["/A"]}]},"min":1}}`))
		}
		e := NewEngine(wh, shanghai)
		for batch := range 3 {
			var facts []event.Fact
			for range rapid.IntRange(1, 40).Draw(rt, "visits") {
				for _, f := range genVisit(rt) {
					f.ID = fmt.Sprintf("%d.%d", batch, len(facts))
					facts = append(facts, f)
				}
			}
			w.facts = append(w.facts, facts...)
			warehousetest.Load(t, wh, facts...)
			if rapid.Bool().Draw(rt, "compacted") {
				if err := wh.Compact(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
			check(rt, t, w, e, conditions)
		}
	})
}
