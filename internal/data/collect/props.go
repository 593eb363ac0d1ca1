package collect

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"huoshui/internal/platform/event"
)

// property is a member of a JSON object: its name, and its value as it came.
type property struct{ name, raw string }

// properties are an event's, each name once.
type properties []property

// readProps reads an object's members; of two of one name the last counts. nil for what is no object.
func readProps(object []byte) properties {
	if len(object) == 0 || !gjson.ValidBytes(object) {
		return nil
	}
	return membersOf(gjson.ParseBytes(object))
}

// membersOf is readProps of JSON that was found to be valid.
func membersOf(object gjson.Result) properties {
	if !object.IsObject() {
		return nil
	}
	p := make(properties, 0, 12)
	object.ForEach(func(name, v gjson.Result) bool {
		p = append(p, property{name.Str, v.Raw})
		return true
	})
	return p.distinct()
}

// distinct leaves the last of the properties of one name.
func (p properties) distinct() properties {
	const few = 24 // members that are compared with each other faster than looked up
	if len(p) > few {
		last := make(map[string]int, len(p))
		for i, one := range p {
			last[one.name] = i
		}
		if len(last) == len(p) {
			return p
		}
		out := p[:0]
		for i, one := range p {
			if last[one.name] == i {
				out = append(out, one)
			}
		}
		return out
	}
	for i := 0; i < len(p); i++ {
		if slices.ContainsFunc(p[i+1:], func(later property) bool { return later.name == p[i].name }) {
			p = slices.Delete(p, i, i+1)
			i--
		}
	}
	return p
}

// traitProps are the traits of an event as properties, for the dictionary.
func traitProps(ops []TraitOp) properties {
	p := make(properties, len(ops))
	for i, op := range ops {
		p[i] = property{op.Name, string(op.Value)}
	}
	return p.distinct()
}

// json is the object of the properties, their names in order.
func (p properties) json() json.RawMessage {
	sorted := slices.Clone(p)
	slices.SortFunc(sorted, func(a, b property) int { return strings.Compare(a.name, b.name) })
	size := 2
	for _, one := range sorted {
		size += len(one.name) + len(one.raw) + 4
	}
	b := append(make([]byte, 0, size), '{')
	for i, one := range sorted {
		if i > 0 {
			b = append(b, ',')
		}
		if printable(one.name) {
			b = append(append(append(b, '"'), one.name...), '"')
		} else {
			b = append(b, quoted(one.name)...)
		}
		b = append(append(b, ':'), one.raw...)
	}
	return append(b, '}')
}

// printable reports whether a text stands in JSON as it is.
func printable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func (p properties) find(name string) int {
	return slices.IndexFunc(p, func(one property) bool { return one.name == name })
}

func (p properties) has(name string) bool { return p.find(name) >= 0 }

func (p *properties) drop(name string) {
	if i := p.find(name); i >= 0 {
		*p = slices.Delete(*p, i, i+1)
	}
}

// rename gives properties the names of a rule; one that is there already stays as it is.
func (p properties) rename(names map[string]string) {
	for from, to := range names {
		if i := p.find(from); i >= 0 && !p.has(to) {
			p[i].name = to
		}
	}
}

// word is a property as text: a string or a number.
func (p properties) word(name string) string {
	i := p.find(name)
	if i < 0 || p[i].raw == "" {
		return ""
	}
	switch c := p[i].raw[0]; {
	case c == '"':
		return strings.TrimSpace(gjson.Parse(p[i].raw).Str)
	case c == '-' || c >= '0' && c <= '9':
		return p[i].raw
	default:
		return ""
	}
}

// take returns the first of the properties that is there, at most n bytes, and takes it off when all of it went.
func (p *properties) take(n int, names ...string) string {
	for _, name := range names {
		if s := p.word(name); s != "" {
			cut := clip(s, n)
			if cut == s {
				p.drop(name)
			}
			return cut
		}
	}
	return ""
}

// count is a whole number that is not negative; 0 for anything else. It stays in the properties unless it is one.
func (p *properties) count(name string) int64 {
	s := p.word(name)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n < 0 || n > 1e9 || n != math.Trunc(n) {
		return 0
	}
	p.drop(name)
	return int64(n)
}

// amount is the money of an event in fen, half up, and whether it told any. What is in another currency is not counted
// and stays in the properties.
func (p *properties) amount(name string, quantity int64) (fen int64, told bool) {
	if !p.yuan() {
		return 0, false
	}
	if s := p.word("amount_fen"); s != "" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 && n <= 100*maxAmount {
			p.drop("amount_fen")
			return n, true
		}
	}
	names := []string{"revenue", "total", "value", "amount", "price"}
	switch name {
	case event.CartAdded, event.CartRemoved, event.ProductViewed:
		if n, ok := fenOf(p.word("price")); ok {
			if name != event.ProductViewed && quantity > 1 && n <= 100*maxAmount/quantity {
				return n * quantity, true // the price stays in the properties: it is another number
			}
			p.drop("price")
			return n, true
		}
		names = []string{"value", "amount", "total"}
	}
	for _, name := range names {
		if n, ok := fenOf(p.word(name)); ok {
			p.drop(name)
			return n, true
		}
	}
	return 0, false
}

func (p properties) yuan() bool {
	switch strings.ToUpper(p.word("currency")) {
	case "", "CNY", "RMB", "￥", "¥":
		return true
	}
	return false
}

// line is one product of an event that names several.
type line struct {
	product, category string
	amount, quantity  int64
	rest              json.RawMessage
}

// lines takes the products of an event off its properties; those beyond maxLines are left out.
func (p *properties) lines() []line {
	i := p.find("products")
	if i < 0 {
		return nil
	}
	list := gjson.Parse((*p)[i].raw)
	if !list.IsArray() {
		return nil
	}
	home, whole, n := p.yuan(), true, 0
	var out []line
	list.ForEach(func(_, item gjson.Result) bool {
		if whole = item.IsObject() || item.Type == gjson.Null; !whole {
			return false
		}
		if n++; item.Type == gjson.Null || n > maxLines {
			return true
		}
		one := membersOf(item)
		var l line
		l.product, l.category = one.take(maxColumn, "sku", "product_id", "productId", "id"), one.take(maxColumn, "category")
		l.quantity = max(one.count("quantity"), 1)
		if home {
			l.amount, _ = one.amount(event.CartAdded, l.quantity)
		}
		l.rest = one.json()
		out = append(out, l)
		return true
	})
	if !whole || n == 0 {
		return nil
	}
	p.drop("products")
	return out
}

// said calls what somebody said "text", whatever the source calls it.
func (p *properties) said() {
	for _, name := range []string{"text", "message", "content", "comment", "answer", "body"} {
		if i := p.find(name); i >= 0 && strings.HasPrefix((*p)[i].raw, `"`) {
			text := (*p)[i].raw
			p.drop(name)
			p.drop("text")
			*p = append(*p, property{"text", text})
			return
		}
	}
}

// context adds what is told of the surroundings, where the event says nothing itself. Address and browser stay out.
func (p *properties) context(e *Event) {
	c := &e.Context
	add := func(name, v string) {
		if v != "" && !p.has(name) {
			*p = append(*p, property{name, string(quoted(v))})
		}
	}
	add("url", c.URL)
	add("title", c.Title)
	add("referrer", c.Referrer)
	add("os", c.OS)
	add("session", c.Session)
	add("utm_source", c.UTMSource)
	add("utm_medium", c.UTMMedium)
	add("utm_campaign", c.UTMCampaign)
	add("utm_content", c.UTMContent)
	add("utm_term", c.UTMTerm)
	add("via", e.Source)
	if e.Kind == View {
		add("page", e.Name)
	}
}
