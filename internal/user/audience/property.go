package audience

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"huoshui/internal/platform/warehouse"
)

// Property is a test of what a fact says beside its columns: one of in, contains, min and max, is or present, turned round by not.
//
//	{"name": "keyword", "contains": ["奶粉"]}     its text holds one of these, capitals or not
//	{"name": "utm_source", "in": ["douyin", ""]}  its text is one of these; "" is a fact without the property
//	{"name": "price", "min": 9.9, "max": 100}     its number lies within
//	{"name": "is_gift", "is": true}               it is true, or false
//	{"name": "coupon", "present": true}           it is there, and neither null nor empty
//
// A list has the texts of all its elements. A text that is written as a number has that number.
type Property struct {
	Name     string   `json:"name"`
	In       []string `json:"in,omitempty"`
	Contains []string `json:"contains,omitempty"`
	Min      *float64 `json:"min,omitempty"` // like Max and Range a decimal of at most four places
	Max      *float64 `json:"max,omitempty"`
	Is       *bool    `json:"is,omitempty"`
	Present  bool     `json:"present,omitempty"`
	Not      bool     `json:"not,omitempty"`
}

// Range bounds a number of a property, both ends included; a missing one does not bind.
type Range struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// Numbers of properties are exact to four places, as int64 in ten thousandths; greater ones than mostNumber are not numbers.
const (
	places     = 10_000
	mostNumber = 1e11
	maxProps   = 20
)

// scaled is a decimal in ten thousandths, rounded half away from zero.
func scaled(f float64) int64 { return int64(math.Round(f * places)) }

func (p *Property) check(path string) error {
	if err := checkPropertyName(path+".name", p.Name); err != nil {
		return err
	}
	ways := 0
	for _, way := range []bool{p.In != nil, p.Contains != nil, p.Min != nil || p.Max != nil, p.Is != nil, p.Present} {
		if way {
			ways++
		}
	}
	switch {
	case ways != 1:
		return invalid(path, "a property is asked for with one of in, contains, min and max, is or present")
	case p.In != nil:
		return checkValues(path+".in", p.In, true)
	case p.Contains != nil:
		return checkValues(path+".contains", p.Contains, false)
	case p.Min != nil || p.Max != nil:
		return (&Range{p.Min, p.Max}).check(path)
	}
	return nil
}

func checkPropertyName(path, name string) error {
	if name == "" || len(name) > 200 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '�' }) {
		return invalid(path, "the name of a property is needed")
	}
	return nil
}

func (r *Range) check(path string) error {
	if r == nil || r.Min == nil && r.Max == nil {
		return invalid(path+".min", "min or max is needed")
	}
	for side, f := range map[string]*float64{".min": r.Min, ".max": r.Max} {
		if f == nil {
			continue
		}
		if math.Abs(*f) > mostNumber {
			return invalid(path+side, "a number of a property is at most %.0f", float64(mostNumber))
		}
		if _, decimals, _ := strings.Cut(strconv.FormatFloat(*f, 'f', -1, 64), "."); len(decimals) > 4 {
			return invalid(path+side, "at most four decimal places")
		}
	}
	if r.Min != nil && r.Max != nil && *r.Min > *r.Max {
		return invalid(path+".max", "max is less than min")
	}
	return nil
}

func (r *Range) limits() (low, high int64) {
	low, high = never, always
	if r.Min != nil {
		low = scaled(*r.Min)
	}
	if r.Max != nil {
		high = scaled(*r.Max)
	}
	return low, high
}

// said is what a property of one fact says.
type said struct {
	texts   []string // one; of a list any number
	number  int64    // in ten thousandths; never where it is none
	truth   *bool
	present bool
}

var decimal = regexp.MustCompile(`^[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?$`)

// read understands the JSON text of a property.
func read(text string) said {
	s := said{number: never}
	var v any
	if text != "" && json.Unmarshal([]byte(text), &v) != nil { // numbers beyond all bounds too
		v = nil
	}
	if list, ok := v.([]any); ok {
		for _, one := range list {
			if word := wordOf(one); word != "" {
				s.texts = append(s.texts, word)
			}
		}
		s.present = len(list) > 0
		if !s.present {
			s.texts = []string{""}
		}
		return s
	}
	word := wordOf(v)
	s.texts = []string{word}
	s.present = word != ""
	switch v := v.(type) {
	case map[string]any:
		s.present, s.texts = true, nil
	case float64:
		s.number = numberOf(v)
	case bool:
		s.truth = &v
	case string:
		if decimal.MatchString(strings.TrimSpace(v)) {
			if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
				s.number = numberOf(f)
			}
		}
		if v == "true" || v == "false" {
			truth := v == "true"
			s.truth = &truth
		}
	}
	return s
}

// wordOf is a text, number or truth as a text; a number as short as it can be written.
func wordOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func numberOf(f float64) int64 {
	if math.Abs(f) > mostNumber {
		return never
	}
	return scaled(f)
}

// compiled is a test ready to be put to many facts.
func (p *Property) compiled() func(*said) bool {
	var test func(*said) bool
	switch {
	case p.In != nil:
		in := map[string]bool{}
		for _, text := range p.In {
			in[text] = true
		}
		test = func(s *said) bool { return slices.ContainsFunc(s.texts, func(text string) bool { return in[text] }) }
	case p.Contains != nil:
		parts := make([]string, len(p.Contains))
		for i, part := range p.Contains {
			parts[i] = strings.ToLower(part)
		}
		test = func(s *said) bool {
			return slices.ContainsFunc(s.texts, func(text string) bool {
				text = strings.ToLower(text)
				return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
			})
		}
	case p.Is != nil:
		is := *p.Is
		test = func(s *said) bool { return s.truth != nil && *s.truth == is }
	case p.Present:
		test = func(s *said) bool { return s.present }
	default:
		low, high := (&Range{p.Min, p.Max}).limits()
		test = func(s *said) bool { return s.number != never && s.number >= low && s.number <= high }
	}
	if p.Not {
		return func(s *said) bool { return !test(s) }
	}
	return test
}

func (p Property) sorted() Property {
	p.In, p.Contains = sortedValues(p.In), sortedValues(p.Contains)
	return p
}

// propColumns is where a scan puts what leaves ask of properties: many tests of one property are the bits of one column, each number is
// a column of its own.
type propColumns struct {
	list    []warehouse.Prop
	tests   map[string]propTest // by the test's hash
	numbers map[string]int      // by name
	via     int                 // of hashes of the source that told of a fact, where there are leaves of sessions
}

// propTest says that a bit of a column must be set.
type propTest struct {
	column int
	bit    int64
}

const bitsOfColumn = 63

// propsOf lays out the columns of leaves, always the same for the same leaves.
func propsOf(leaves []*leaf) propColumns {
	out := propColumns{tests: map[string]propTest{}, numbers: map[string]int{}}
	open := map[string]int{} // by name: the column of tests that has room
	var tests [][]func(*said) bool
	add := func(name, fact string) int {
		out.list, tests = append(out.list, warehouse.Prop{Name: name, Facts: []string{fact}}), append(tests, nil)
		return len(out.list) - 1
	}
	also := func(column int, fact string) {
		if to := &out.list[column].Facts; !slices.Contains(*to, fact) {
			*to = append(*to, fact)
		}
	}
	for _, l := range leaves {
		if l.visits != nil && !slices.ContainsFunc(out.list, func(p warehouse.Prop) bool { return p.Read != nil }) {
			out.via = add(propertyOfVia, visited[0])
			out.list[out.via].Facts, out.list[out.via].Read = visited, wordHash
		}
		for _, f := range l.filters() {
			for _, p := range f.props() {
				key := p.key()
				if place, there := out.tests[key]; there {
					also(place.column, f.fact)
					continue
				}
				column, there := open[p.Name]
				if !there || len(tests[column]) == bitsOfColumn {
					column = add(p.Name, f.fact)
					open[p.Name] = column
				}
				also(column, f.fact)
				out.tests[key] = propTest{column, 1 << len(tests[column])}
				tests[column] = append(tests[column], p.compiled())
			}
		}
		if l.property == "" {
			continue
		}
		if column, there := out.numbers[l.property]; there {
			also(column, l.filter.fact)
		} else {
			out.numbers[l.property] = add(l.property, l.filter.fact)
		}
	}
	for i, all := range tests {
		if out.list[i].Read != nil {
			continue
		}
		out.list[i].Read = func(text string) int64 { return read(text).number }
		if all != nil {
			out.list[i].Read = func(text string) (bits int64) {
				s := read(text)
				for i, test := range all {
					if test(&s) {
						bits |= 1 << i
					}
				}
				return bits
			}
		}
	}
	return out
}

func (p *Property) key() string { return hash("property", p) }

// props are the tests of properties of a filter.
func (f *filter) props() []Property {
	if f.where == nil {
		return nil
	}
	return f.where.Props
}

// figures gathers a number of a property over facts; facts without one do not count.
type figures struct {
	n, sum      int64
	least, most int64
}

func (f *figures) add(number int64) {
	if number == never {
		return
	}
	if f.n == 0 || number < f.least {
		f.least = number
	}
	if f.n == 0 || number > f.most {
		f.most = number
	}
	f.n++
	f.sum = plus(f.sum, number)
}

// plus adds, stopping at the greatest and the least that there are.
func plus(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return always
	case a < 0 && b < 0 && sum >= 0:
		return never + 1
	default:
		return sum
	}
}
