package audience

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"huoshui/internal/platform/warehouse"
)

// PropertyName is a property that facts of a name have, as far as some of them show.
type PropertyName struct {
	Name  string   `json:"name"`
	Count int64    `json:"count" doc:"In how many of the facts that were looked at"`
	Types []string `json:"types" doc:"What it holds, the most frequent first: text, number, bool, list or object"`
}

// lookedAt is how many facts Properties and PropertyValues look at: half of them recent ones where there are so many.
const lookedAt = 4000

// Properties returns the properties that facts of a name have, the most frequent first.
func (s *Service) Properties(ctx context.Context, fact string) ([]PropertyName, error) {
	type census struct {
		n     int64
		types map[string]int64
	}
	all := map[string]*census{}
	err := s.eachProps(ctx, fact, func(props map[string]json.RawMessage) {
		for name, text := range props {
			c := all[name]
			if c == nil {
				c = &census{types: map[string]int64{}}
				all[name] = c
			}
			c.n++
			if kind := typeOf(text); kind != "" {
				c.types[kind]++
			}
		}
	})
	out := []PropertyName{}
	for name, c := range all {
		one := PropertyName{Name: name, Count: c.n, Types: []string{}}
		for kind := range c.types {
			one.Types = append(one.Types, kind)
		}
		slices.SortFunc(one.Types, func(a, b string) int { return cmp.Or(cmp.Compare(c.types[b], c.types[a]), cmp.Compare(a, b)) })
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b PropertyName) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return out, err
}

// PropertyValues returns what a property says that holds search in it, the most frequent first.
func (s *Service) PropertyValues(ctx context.Context, fact, property, search string, limit int) ([]Word, error) {
	counts := map[string]int64{}
	search = strings.ToLower(search)
	err := s.eachProps(ctx, fact, func(props map[string]json.RawMessage) {
		for _, text := range read(string(props[property])).texts {
			if text != "" && len(text) <= 200 && strings.Contains(strings.ToLower(text), search) {
				counts[text]++
			}
		}
	})
	out := []Word{}
	for text, n := range counts {
		out = append(out, Word{text, n})
	}
	slices.SortFunc(out, func(a, b Word) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text)) })
	return out[:min(limit, len(out))], err
}

// eachProps shows the properties of some facts of a name.
func (s *Service) eachProps(ctx context.Context, fact string, see func(map[string]json.RawMessage)) error {
	type row struct {
		Customer uint32 `db:"customer"`
		TS       int64  `db:"ts"`
		Props    string `db:"props"`
	}
	seen := map[row]bool{}
	recent := s.now().AddDate(0, 0, -7).UnixMicro()
	for _, since := range []int64{recent, never} {
		err := warehouse.Each(ctx, s.engine.w, `SELECT customer, ts, props FROM facts WHERE kind = ? AND ts >= ? AND props <> '' LIMIT ?`,
			[]any{s.engine.w.Code(fact), since, lookedAt / 2}, func(r row) error {
				if seen[r] {
					return nil
				}
				seen[r] = true
				var props map[string]json.RawMessage
				if json.Unmarshal([]byte(r.Props), &props) == nil {
					see(props)
				}
				return nil
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// typeOf is what a JSON text holds; "" is null.
func typeOf(text json.RawMessage) string {
	switch text[0] {
	case '"':
		return "text"
	case '{':
		return "object"
	case '[':
		return "list"
	case 't', 'f':
		return "bool"
	case 'n':
		return ""
	default:
		return "number"
	}
}
