package audience

import (
	"math"
	"slices"
	"time"

	"huoshui/internal/platform/event"
)

// world is people and facts in the plainest form, for an evaluator that shares nothing with the engine.
type world struct {
	people map[uint32]event.Attributes
	facts  []event.Fact
	state  map[uint32]standing
	lists  map[string][]uint32
	tags   map[string][]uint32
	refs   map[string]Condition
	asOf   time.Time
	zone   *time.Location
}

type standing struct {
	layer, stage, class string
	warnings            []string
	r, f, m             int64
	spent               int64
	orders              int32
}

func (w *world) date(t time.Time) time.Time {
	y, m, d := t.In(w.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (w *world) daysAgo(t time.Time) int64 {
	return int64(w.date(w.asOf).Sub(w.date(t)).Hours() / 24)
}

func (w *world) inside(win *Window, t time.Time) bool {
	if win == nil {
		return true
	}
	day := w.date(t).Format(time.DateOnly)
	return (win.LastDays == 0 || w.daysAgo(t) < int64(win.LastDays)) && (win.From == "" || day >= win.From) && (win.To == "" || day <= win.To)
}

func within(b *Bounds, v int64) bool {
	return b == nil || (b.Min == nil || v >= *b.Min) && (b.Max == nil || v <= *b.Max)
}

func (w *world) holds(n uint32, c Condition) bool {
	p, known := w.people[n]
	if !known || p.Erased {
		return false
	}
	switch s := c.Spec.(type) {
	case *everyoneSpec:
		return true
	case *listSpec:
		for _, child := range s.Of {
			if w.holds(n, child) != (c.Kind == "and") {
				return c.Kind == "or"
			}
		}
		return c.Kind == "and"
	case *notSpec:
		return !w.holds(n, s.Of)
	case *attributeSpec:
		value := map[string]string{"gender": p.Gender, "province": p.Province, "city": p.City, "source": p.Source, "store": p.Store, "owner": p.Owner, "level": p.Level}[s.Name]
		return slices.Contains(s.In, value)
	case *contactSpec:
		return s.Has == "phone" && p.HasPhone || s.Has == "email" && p.HasEmail
	case *Window:
		return !p.Registered.IsZero() && w.inside(s, p.Registered)
	case *Bounds:
		if p.Birthday == "" || p.Birthday[:4] == "0000" {
			return false
		}
		born, _ := time.Parse(time.DateOnly, p.Birthday)
		today := w.date(w.asOf)
		age := int64(today.Year() - born.Year())
		if today.Month() < born.Month() || today.Month() == born.Month() && today.Day() < born.Day() {
			age--
		}
		return age >= 0 && within(s, age)
	case *birthdaySpec:
		for i := range s.NextDays {
			day := w.date(w.asOf).AddDate(0, 0, i)
			md := day.Format("01-02")
			if p.Birthday != "" && (p.Birthday[5:] == md || p.Birthday[5:] == "02-29" && md == "02-28" && day.AddDate(0, 0, 1).Month() == time.March) {
				return true
			}
		}
		return false
	case *layerSpec:
		return slices.Contains(s.In, w.state[n].layer)
	case *stageSpec:
		return slices.Contains(s.In, w.state[n].stage)
	case *warningSpec:
		return slices.ContainsFunc(s.In, func(code string) bool { return slices.Contains(w.state[n].warnings, code) })
	case *rfmSpec:
		st := w.state[n]
		return (s.Class == nil || slices.Contains(s.Class, st.class)) &&
			(s.R == nil || st.r > 0 && within(s.R, st.r)) && (s.F == nil || st.f > 0 && within(s.F, st.f)) && (s.M == nil || st.m > 0 && within(s.M, st.m))
	case *firstSpec:
		return w.edge(n, &s.edgeSpec, false)
	case *lastSpec:
		return w.edge(n, &s.edgeSpec, true)
	case *sessionsSpec:
		return w.visits(n, s)
	case *sequenceSpec:
		if s.Same != "" {
			return w.same(n, s)
		}
		return w.follows(n, s, 0, time.Time{})
	case *topSpec:
		return w.top(n, s)
	case *bucketSpec:
		return slices.Contains(s.In, bucket(salted(s.Salt), n, s.Of))
	case *tagSpec:
		return slices.ContainsFunc(s.In, func(id string) bool { return slices.Contains(w.tags[id], n) })
	case *segmentSpec:
		if members, ok := w.lists[s.ID]; ok {
			return slices.Contains(members, n)
		}
		return w.holds(n, w.refs[s.ID])
	case *factsSpec:
		return w.measured(n, s)
	}
	panic("unknown condition " + c.Kind)
}

func (w *world) measured(n uint32, s *factsSpec) bool {
	var got []event.Fact
	for _, f := range w.facts {
		if f.Customer == n && f.Name == s.Fact && !f.At.After(w.asOf) && w.inside(s.Window, f.At) && passes(s.Where, f) {
			got = append(got, f)
		}
	}
	slices.SortStableFunc(got, func(a, b event.Fact) int { return a.At.Compare(b.At) })
	sum, units, days := int64(0), int64(0), map[time.Time]bool{}
	for _, f := range got {
		sum += f.Amount
		units += f.Quantity
		days[w.date(f.At)] = true
	}
	switch s.Measure {
	case MeasureCount:
		return within(&s.Bounds, int64(len(got)))
	case MeasureAmount:
		return within(&s.Bounds, sum)
	case MeasureQuantity:
		return within(&s.Bounds, units)
	case MeasureDays:
		return within(&s.Bounds, int64(len(days)))
	case MeasurePropertySum, MeasurePropertyAverage, MeasurePropertyMin, MeasurePropertyMax:
		return figured(s, got)
	}
	if len(got) == 0 {
		return false
	}
	first, last := got[0], got[len(got)-1]
	for _, f := range got {
		if f.At.Equal(first.At) && f.Amount > first.Amount {
			first = f
		}
		if f.At.Equal(last.At) && f.Amount > last.Amount {
			last = f
		}
	}
	switch s.Measure {
	case MeasureAverage:
		count := int64(len(got))
		return (s.Min == nil || sum >= *s.Min*count) && (s.Max == nil || sum <= *s.Max*count)
	case MeasureFirst:
		return within(&s.Bounds, first.Amount)
	case MeasureLast:
		return within(&s.Bounds, last.Amount)
	case MeasureSinceFirst:
		return within(&s.Bounds, w.daysAgo(first.At))
	case MeasureSinceLast:
		return within(&s.Bounds, w.daysAgo(last.At))
	}
	panic("unknown measure " + s.Measure)
}

// of returns the facts of a person that a filter lets through, in time order.
func (w *world) of(n uint32, fact string, where *Filter) []event.Fact {
	var got []event.Fact
	for _, f := range w.facts {
		if f.Customer == n && f.Name == fact && !f.At.After(w.asOf) && passes(where, f) {
			got = append(got, f)
		}
	}
	slices.SortStableFunc(got, func(a, b event.Fact) int { return a.At.Compare(b.At) })
	return got
}

// follows tries every way to go on with a sequence from a step, the one before it having been at before.
func (w *world) follows(n uint32, s *sequenceSpec, at int, before time.Time) bool {
	if at == len(s.Steps) {
		return true
	}
	one := s.Steps[at]
	all := w.of(n, one.Fact, one.Where)
	limit := func() time.Duration { return time.Duration(one.Within.micros()) * time.Microsecond }
	if one.Not {
		for _, f := range all {
			if f.At.After(before) && (one.Within == nil || f.At.Sub(before) <= limit()) {
				return false
			}
		}
		return one.Within == nil || !before.Add(limit()).After(w.asOf)
	}
	for _, f := range all {
		if !w.inside(s.Window, f.At) || at > 0 && (!f.At.After(before) || one.Within != nil && f.At.Sub(before) > limit()) {
			continue
		}
		if at == 0 && one.DaysRunning > 1 && !w.running(all, f, one.DaysRunning, s.Window) {
			continue
		}
		clear := true
		for _, absent := range one.Without {
			for _, g := range w.of(n, absent.Fact, absent.Where) {
				clear = clear && (!g.At.After(before) || !g.At.Before(f.At))
			}
		}
		if clear && w.follows(n, s, at+1, f.At) {
			return true
		}
	}
	return false
}

// running says whether f is the first of its day and on each of the days before there is one too.
func (w *world) running(all []event.Fact, f event.Fact, days int, window *Window) bool {
	for back := range days {
		day := w.date(f.At).AddDate(0, 0, -back)
		there := false
		for _, g := range all {
			if w.inside(window, g.At) && w.date(g.At).Equal(day) {
				there = true
				if back == 0 && g.At.Before(f.At) {
					return false
				}
			}
		}
		if !there {
			return false
		}
	}
	return true
}

func (w *world) top(n uint32, s *topSpec) bool {
	value := func(n uint32) int64 {
		if s.By == "orders" {
			return int64(w.state[n].orders)
		}
		return w.state[n].spent
	}
	all, better := int64(0), int64(0)
	for m := range w.state {
		if value(m) > 0 {
			all++
			if value(m) > value(n) || value(m) == value(n) && m < n {
				better++
			}
		}
	}
	want := int64(s.Count)
	if want == 0 {
		want = int64(math.Ceil(float64(all) * s.Percent / 100))
	}
	return value(n) > 0 && better < want
}

func passes(f *Filter, fact event.Fact) bool {
	if f == nil {
		return true
	}
	values := []string{fact.Product, fact.Category, fact.Channel, fact.Campaign, fact.Strategy, fact.Detail}
	for i, list := range f.lists() {
		if list != nil && !slices.Contains(list, values[i]) {
			return false
		}
	}
	for _, p := range f.Props {
		if !p.passes(fact) {
			return false
		}
	}
	return (f.MinAmount == nil || fact.Amount >= *f.MinAmount) && (f.MaxAmount == nil || fact.Amount <= *f.MaxAmount)
}
