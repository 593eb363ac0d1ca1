package audience

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What may stand in the spec of each kind of leaf; errors name the path.

func (*everyoneSpec) check(string) error { return nil }

func (s *attributeSpec) check(path string) error {
	if !slices.Contains(attributeNames, s.Name) {
		return invalid(path+".name", "there is no attribute %q; known are %s", s.Name, strings.Join(attributeNames, ", "))
	}
	return checkValues(path+".in", s.In, true)
}

func checkValues(path string, values []string, emptyAllowed bool) error {
	if len(values) == 0 {
		return invalid(path, "at least one value is needed")
	}
	if len(values) > maxValues {
		return invalid(path, "at most %d values; make a static list of more", maxValues)
	}
	for i, v := range values {
		if v == "" && !emptyAllowed {
			return invalid(path+"["+strconv.Itoa(i)+"]", "a value is empty")
		}
	}
	return nil
}

func (s *contactSpec) check(path string) error {
	if s.Has != "phone" && s.Has != "email" {
		return invalid(path+".has", "only phone and email can be asked for")
	}
	return nil
}

func (s *birthdaySpec) check(path string) error {
	if s.NextDays < 1 || s.NextDays > 366 {
		return invalid(path+".next_days", "between 1 and 366 days")
	}
	return nil
}

func (w *Window) check(path string) error {
	dated := w.From != "" || w.To != ""
	switch {
	case w.LastDays != 0 && dated:
		return invalid(path, "either last_days or from and to")
	case w.LastDays == 0 && !dated:
		return invalid(path, "last_days, or from, or to is needed")
	case w.LastDays < 0 || w.LastDays > maxDays:
		return invalid(path+".last_days", "between 1 and %d days", maxDays)
	}
	for field, text := range map[string]string{".from": w.From, ".to": w.To} {
		if text == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return invalid(path+field, "%q is no date; write it as 2026-01-31", text)
		}
	}
	if w.From != "" && w.To != "" && w.From > w.To {
		return invalid(path+".to", "the end is before the beginning")
	}
	return nil
}

func (b *Bounds) check(path string) error {
	if b.Min == nil && b.Max == nil {
		return invalid(path+".min", "min or max is needed")
	}
	if b.Min != nil && b.Max != nil && *b.Min > *b.Max {
		return invalid(path+".max", "max is less than min")
	}
	return nil
}

func (s *layerSpec) check(path string) error { return checkCodes(path+".in", s.In, Layers) }
func (s *tagSpec) check(path string) error   { return checkValues(path+".in", s.In, false) }

func (s *stageSpec) check(path string) error { return checkCodes(path+".in", s.In, Stages) }

func (s *warningSpec) check(path string) error { return checkCodes(path+".in", s.In, Warnings) }

func checkCodes(path string, values, known []string) error {
	if len(values) == 0 {
		return invalid(path, "at least one value is needed")
	}
	for i, v := range values {
		if !slices.Contains(known, v) {
			return invalid(path+"["+strconv.Itoa(i)+"]", "there is no %q; known are %s", v, strings.Join(known, ", "))
		}
	}
	return nil
}

func (s *rfmSpec) check(path string) error {
	if s.Class == nil && s.R == nil && s.F == nil && s.M == nil {
		return invalid(path, "class, r, f or m is needed")
	}
	if s.Class != nil {
		if err := checkCodes(path+".class", s.Class, Classes); err != nil {
			return err
		}
	}
	for name, b := range map[string]*Bounds{".r": s.R, ".f": s.F, ".m": s.M} {
		if b == nil {
			continue
		}
		if err := b.check(path + name); err != nil {
			return err
		}
		for side, v := range map[string]*int64{".min": b.Min, ".max": b.Max} {
			if v != nil && (*v < 1 || *v > 5) {
				return invalid(path+name+side, "a score is between 1 and 5")
			}
		}
	}
	return nil
}

var factName = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[^\x00-\x1f\x7f]{1,120}$`) // the part after the dot may be a source's own words

func (s *factsSpec) check(path string) error {
	if err := checkFact(path, s.Fact, s.Where); err != nil {
		return err
	}
	if s.Measure == "" {
		s.Measure = MeasureCount
	}
	ofProperty := slices.Contains(propertyMeasures, s.Measure)
	if !ofProperty && !slices.Contains(measures, s.Measure) {
		return invalid(path+".measure", "there is no measure %q; known are %s, %s", s.Measure, strings.Join(measures, ", "), strings.Join(propertyMeasures, ", "))
	}
	if s.Window != nil {
		if err := s.Window.check(path + ".window"); err != nil {
			return err
		}
	}
	switch {
	case ofProperty && (s.Min != nil || s.Max != nil):
		return invalid(path+".min", "what bounds a property is value")
	case ofProperty:
		if err := checkPropertyName(path+".property", s.Property); err != nil {
			return err
		}
		return s.Value.check(path + ".value")
	case s.Property != "" || s.Value != nil:
		return invalid(path+".property", "the measure %s looks at no property", s.Measure)
	}
	return s.Bounds.check(path)
}

func (f *Filter) check(path string) error {
	none := true
	for i, values := range f.lists() {
		if values == nil {
			continue
		}
		none = false
		if err := checkValues(path+"."+filterNames[i], values, true); err != nil {
			return err
		}
	}
	if f.MinAmount != nil || f.MaxAmount != nil {
		none = false
		if f.MinAmount != nil && f.MaxAmount != nil && *f.MinAmount > *f.MaxAmount {
			return invalid(path+".max_amount_fen", "max is less than min")
		}
	}
	if len(f.Props) > maxProps {
		return invalid(path+".props", "at most %d tests of properties", maxProps)
	}
	for i := range f.Props {
		none = false
		if err := f.Props[i].check(path + ".props[" + strconv.Itoa(i) + "]"); err != nil {
			return err
		}
	}
	if none {
		return invalid(path, "an empty filter; leave it out")
	}
	return nil
}

// filterNames are the columns of a filter in the order of lists and of the warehouse's code columns.
var filterNames = [...]string{"product", "category", "channel", "campaign", "strategy", "detail"}

func (f *Filter) lists() [6][]string {
	return [6][]string{f.Product, f.Category, f.Channel, f.Campaign, f.Strategy, f.Detail}
}

func (s *segmentSpec) check(path string) error {
	if s.ID == "" {
		return invalid(path+".id", "the id of a segment is needed")
	}
	return nil
}
