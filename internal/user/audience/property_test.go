package audience

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// What properties are called and say, in facts and in questions.
var (
	propNames = []string{"price", "词", "odd/na~me\"'"}
	propTexts = []string{
		`12.5`, `-3`, `0`, `1e2`, `12.50`, `2.00005`, `"12.5"`, `" 7 "`, `"0x10"`, `"奶粉 Stage"`, `"a\"b"`, `""`, `true`, `false`, `"true"`, `null`, `[]`,
		`["奶粉",12.5,""]`, `{"price":3}`, `123456789012`, `[null]`,
	}
	propWords = []string{"", "12.5", "100", "奶粉 Stage", `a"b`, "true", "奶粉"}
)

func genProps(t *rapid.T) json.RawMessage {
	props := map[string]json.RawMessage{}
	for _, name := range propNames {
		if rapid.IntRange(0, 3).Draw(t, "has property") > 0 {
			props[name] = json.RawMessage(rapid.SampledFrom(propTexts).Draw(t, "says"))
		}
	}
	text, _ := json.Marshal(props)
	return text
}

func genRange(t *rapid.T) *Range {
	a, b := float64(rapid.IntRange(-40, 1010).Draw(t, "a"))/10, float64(rapid.IntRange(-40, 1010).Draw(t, "b"))/10
	r := &Range{}
	if rapid.IntRange(0, 2).Draw(t, "from") > 0 {
		low := min(a, b)
		r.Min = &low
	}
	if high := max(a, b); r.Min == nil || rapid.Bool().Draw(t, "to") {
		r.Max = &high
	}
	return r
}

func genProperty(t *rapid.T) Property {
	p := Property{Name: rapid.SampledFrom(propNames).Draw(t, "property"), Not: rapid.IntRange(0, 3).Draw(t, "not") == 0}
	switch rapid.IntRange(0, 4).Draw(t, "way") {
	case 0:
		p.In = some(t, propWords)
	case 1:
		p.Contains = some(t, []string{"奶粉", "STAGE", "2.5", "\"", "r"})
	case 2:
		r := genRange(t)
		p.Min, p.Max = r.Min, r.Max
	case 3:
		is := rapid.Bool().Draw(t, "is")
		p.Is = &is
	case 4:
		p.Present = true
	}
	return p
}

// reads is what the naive evaluator makes of a property: its texts, and its number, nil where it has none.
func reads(f event.Fact, name string) (texts []string, number *big.Rat, truth string, there bool) {
	var all map[string]any
	d := json.NewDecoder(strings.NewReader(string(f.Props)))
	d.UseNumber()
	if d.Decode(&all) != nil {
		return []string{""}, nil, "", false
	}
	word := func(v any) string {
		switch v := v.(type) {
		case string:
			return v
		case json.Number:
			var f float64
			_ = json.Unmarshal([]byte(v), &f)
			text, _ := json.Marshal(f)
			return string(text)
		case bool:
			if v {
				return "true"
			}
			return "false"
		}
		return ""
	}
	v := all[name]
	switch v := v.(type) {
	case nil:
		return []string{""}, nil, "", false
	case map[string]any:
		return nil, nil, "", true
	case []any:
		for _, one := range v {
			if w := word(one); w != "" {
				texts = append(texts, w)
			}
		}
		if len(v) == 0 {
			return []string{""}, nil, "", false
		}
		return texts, nil, "", true
	}
	w := word(v)
	if w == "true" || w == "false" {
		truth = w
	}
	if digits := strings.TrimSpace(w); truth == "" && digits != "" && !strings.ContainsAny(digits, "xX_/") {
		number, _ = new(big.Rat).SetString(digits)
	}
	if number != nil && new(big.Rat).Abs(number).Cmp(big.NewRat(1e11, 1)) > 0 {
		number = nil
	}
	if number != nil { // to four places, halves away from zero
		number, _ = new(big.Rat).SetString(number.FloatString(4))
	}
	return []string{w}, number, truth, w != ""
}

func inRange(r *Range, number *big.Rat) bool {
	return (r.Min == nil || number.Cmp(new(big.Rat).SetFloat64(*r.Min)) >= 0 || number.FloatString(4) == new(big.Rat).SetFloat64(*r.Min).FloatString(4)) &&
		(r.Max == nil || number.Cmp(new(big.Rat).SetFloat64(*r.Max)) <= 0 || number.FloatString(4) == new(big.Rat).SetFloat64(*r.Max).FloatString(4))
}

func (p *Property) passes(f event.Fact) bool {
	texts, number, truth, there := reads(f, p.Name)
	var yes bool
	switch {
	case p.In != nil:
		yes = slices.ContainsFunc(texts, func(w string) bool { return slices.Contains(p.In, w) })
	case p.Contains != nil:
		for _, w := range texts {
			for _, part := range p.Contains {
				yes = yes || strings.Contains(strings.ToLower(w), strings.ToLower(part))
			}
		}
	case p.Is != nil:
		yes = truth == map[bool]string{true: "true", false: "false"}[*p.Is]
	case p.Present:
		yes = there
	default:
		yes = number != nil && inRange(&Range{p.Min, p.Max}, number)
	}
	return yes != p.Not
}

// figured is a property_… measure of facts in the plainest form.
func figured(s *factsSpec, facts []event.Fact) bool {
	var all []*big.Rat
	sum := new(big.Rat)
	for _, f := range facts {
		if _, number, _, _ := reads(f, s.Property); number != nil {
			all = append(all, number)
			sum.Add(sum, number)
		}
	}
	if s.Measure == MeasurePropertySum {
		return inRange(s.Value, sum)
	}
	if len(all) == 0 {
		return false
	}
	slices.SortFunc(all, func(a, b *big.Rat) int { return a.Cmp(b) })
	switch s.Measure {
	case MeasurePropertyMin:
		return inRange(s.Value, all[0])
	case MeasurePropertyMax:
		return inRange(s.Value, all[len(all)-1])
	}
	bound := func(f float64) *big.Rat { // sum to compare with
		exact, _ := new(big.Rat).SetString(new(big.Rat).SetFloat64(f).FloatString(4))
		return exact.Mul(exact, big.NewRat(int64(len(all)), 1))
	}
	return (s.Value.Min == nil || sum.Cmp(bound(*s.Value.Min)) >= 0) && (s.Value.Max == nil || sum.Cmp(bound(*s.Value.Max)) <= 0)
}

// More tests of one property than a column of a scan has bits are all answered.
func TestManyTestsOfOneProperty(t *testing.T) {
	var leaves []*leaf
	for i := range 200 {
		low := float64(i)
		c := Condition{"facts", &factsSpec{Fact: event.PageViewed, Where: &Filter{Props: []Property{{Name: "n", Min: &low}}}, Measure: MeasureCount, Bounds: Bounds{Min: new(int64)}}}
		leaves = append(leaves, leafOf(c, now, shanghai))
	}
	plan := propsOf(leaves)
	if len(plan.list) != 4 || len(plan.tests) != 200 {
		t.Fatalf("%d columns for %d tests", len(plan.list), len(plan.tests))
	}
	held := 0
	for _, test := range plan.tests {
		if plan.list[test.column].Read("99.5")&test.bit != 0 {
			held++
		}
	}
	if held != 100 {
		t.Errorf("%d of 200 bounds hold, want 100", held)
	}
}

// What asks of properties, in numbers that make it meet its edges.
func genPropertyCondition(t *rapid.T) Condition {
	s := &factsSpec{Fact: rapid.SampledFrom(factNames[:2]).Draw(t, "fact"), Measure: MeasureCount}
	if rapid.Bool().Draw(t, "windowed") {
		s.Window = genWindow(t)
	}
	if rapid.IntRange(0, 2).Draw(t, "tested") == 0 {
		s.Where = &Filter{Props: []Property{genProperty(t)}}
		s.Bounds = genBounds(t, 0, 3)
		return Condition{"facts", s}
	}
	s.Measure, s.Property = rapid.SampledFrom(propertyMeasures).Draw(t, "measure"), "price"
	low := float64(rapid.IntRange(-6, 60).Draw(t, "low")) / 2
	high := low + rapid.SampledFrom([]float64{0.5, 5, 100}).Draw(t, "span")
	s.Value = &Range{&low, &high}
	return Condition{"facts", s}
}

func TestPropertiesAgreeWithNaiveEvaluator(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{people: map[uint32]event.Attributes{}, asOf: now, zone: shanghai}
		for n := uint32(1); n <= 12; n++ {
			w.people[n] = event.Attributes{}
		}
		wh := warehousetest.Memory(t)
		defer wh.Close()
		for n, a := range w.people {
			warehousetest.Load(t, wh, warehousetest.Person(n, now, a))
		}
		var conditions []Condition
		for range 12 {
			conditions = append(conditions, genPropertyCondition(rt))
		}
		w.load(rt, t, wh, 0)
		e := NewEngine(wh, shanghai)
		check(rt, t, w, e, conditions)
		w.load(rt, t, wh, 1)
		check(rt, t, w, e, conditions)
	})
}
