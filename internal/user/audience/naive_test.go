package audience

import (
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
	refs   map[string]Condition
	asOf   time.Time
	zone   *time.Location
}

type standing struct {
	layer, stage, class string
	r, f, m             int64
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
	case *rfmSpec:
		st := w.state[n]
		return (s.Class == nil || slices.Contains(s.Class, st.class)) &&
			(s.R == nil || st.r > 0 && within(s.R, st.r)) && (s.F == nil || st.f > 0 && within(s.F, st.f)) && (s.M == nil || st.m > 0 && within(s.M, st.m))
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
	return (f.MinAmount == nil || fact.Amount >= *f.MinAmount) && (f.MaxAmount == nil || fact.Amount <= *f.MaxAmount)
}
