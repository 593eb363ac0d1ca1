package content

import (
	"sort"
	"strings"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
)

// Values are a person's values of the variables, by name. An absent or empty value is a missing one.
type Values map[string]string

// Variable is something about a person, or about the offer, that a text may name as {{name}} or {{name|fallback}}.
type Variable struct {
	Name   string `json:"name"`
	Always bool   `json:"always" doc:"Everybody has a value; all other variables need a fallback in the text"`
	Sample string `json:"sample" doc:"What it looks like, for a preview with nobody chosen"`
	Source string `json:"source" enum:"person,orders,offer,brand" doc:"Where the value comes from"`
}

// Variables are all the names a text may use, in the order an editor offers them.
func Variables() []Variable {
	return []Variable{
		{"name", false, "小满", "person"},
		{"city", false, "杭州", "person"},
		{"store", false, "西湖店", "person"},
		{"level", false, "金卡", "person"},
		{"owner", false, "店长", "person"},
		{"last_product", false, "冻干双拼猫粮 2kg", "orders"},
		{"last_order_date", false, "2026-03-08", "orders"},
		{"days_since_order", false, "36", "orders"},
		{"order_count", false, "3", "orders"},
		{"total_spent", false, "864.00", "orders"},
		{"benefit", false, "满 199 减 40", "offer"},
		{"coupon", false, "HS40", "offer"},
		{"brand", true, "", "brand"},
		{"link", true, "", "brand"},
	}
}

var variables = func() map[string]Variable {
	m := map[string]Variable{}
	for _, v := range Variables() {
		m[v.Name] = v
	}
	return m
}()

// Private-use runes that stand for variables while a text is compiled; a text that contains one is refused.
const (
	markText = '\uE000' // a variable where words stand
	markLink = '\uE001' // a link's address begins
	markSep  = '\uE002' // ends a number
	markEnd  = '\uE003' // a link's address ends
)

// hole is a place in a text where a variable goes.
type hole struct {
	name        string
	fallback    string
	hasFallback bool
}

// value is what the person has, else the fallback.
func (h hole) value(v Values) (string, error) {
	if s := v[h.name]; s != "" {
		return s, nil
	}
	if h.hasFallback {
		return h.fallback, nil
	}
	return "", errs.New(errs.Invalid, "content.value_missing", "there is no value for {{%s}} and the text gives no fallback", h.name).With("variable", h.name)
}

// parse reads {{name}} and {{name|fallback}}; it returns the text with each of them replaced by markText, its number
// and markSep, and the list they number. The grammar is strict: an unknown name, a missing fallback where one is
// needed, or a brace that does not close is an Invalid error that tells line and column (both from 1, in characters).
// "\{{" and "\}}" write braces.
func parse(src string) (string, []hole, error) {
	if i := strings.IndexFunc(src, func(r rune) bool { return r >= markText && r <= markEnd }); i >= 0 {
		return "", nil, templateError("content.character", src, i, "a private-use character is not allowed")
	}
	if !utf8.ValidString(src) {
		return "", nil, errs.New(errs.Invalid, "content.character", "the text is not valid UTF-8").With("line", 1).With("column", 1)
	}
	var out strings.Builder
	var holes []hole
	for i := 0; i < len(src); {
		switch rest := src[i:]; {
		case strings.HasPrefix(rest, `\{{`), strings.HasPrefix(rest, `\}}`):
			out.WriteString(rest[1:3])
			i += 3
		case strings.HasPrefix(rest, "}}"):
			return "", nil, templateError("content.brace_unopened", src, i, "}} closes nothing")
		case strings.HasPrefix(rest, "{{"):
			end := strings.Index(rest, "}}")
			if end < 0 || strings.ContainsAny(rest[:end], "\n") || strings.Contains(rest[2:end], "{{") {
				return "", nil, templateError("content.brace_unclosed", src, i, "{{ is not closed by }} on its line")
			}
			h, err := parseHole(src, i, rest[2:end])
			if err != nil {
				return "", nil, err
			}
			out.WriteRune(markText)
			out.WriteString(itoa(len(holes)))
			out.WriteRune(markSep)
			holes = append(holes, h)
			i += end + 2
		default:
			out.WriteByte(src[i])
			i++
		}
	}
	return out.String(), holes, nil
}

func parseHole(src string, at int, inside string) (hole, error) {
	name, fallback, has := strings.Cut(inside, "|")
	h := hole{strings.TrimSpace(name), strings.TrimSpace(fallback), has}
	known, ok := variables[h.name]
	switch {
	case h.name == "":
		return h, templateError("content.variable_empty", src, at, "{{ }} names no variable")
	case !ok:
		return h, templateError("content.variable_unknown", src, at, "there is no variable %q", h.name).With("variable", h.name).With("known", nearest(h.name))
	case !has && !known.Always:
		return h, templateError("content.fallback_missing", src, at, "not everybody has {{%s}}: write {{%s|something}}", h.name, h.name).With("variable", h.name)
	}
	return h, nil
}

func templateError(code, src string, at int, format string, args ...any) *errs.Error {
	before := src[:at]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return errs.New(errs.Invalid, code, format, args...).With("line", line).With("column", column)
}

// nearest is the known variable that a misspelled name is closest to, by edit distance.
func nearest(name string) string {
	names := make([]string, 0, len(variables))
	for n := range variables {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := distance(name, names[i]), distance(name, names[j])
		return a < b || a == b && names[i] < names[j]
	})
	return names[0]
}

// distance is the number of single-character edits between two words (V. I. Levenshtein, 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
