package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// AppendFacts adds the JSON of facts to b, as encoding/json would write it, without its cost: every fact is written once
// and read by everything that hears the stream. An error is for a time or properties that cannot be written.
func AppendFacts(b []byte, facts []Fact) ([]byte, error) {
	b = append(b, '[')
	for i := range facts {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendFact(b, &facts[i]); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendFact(b []byte, f *Fact) ([]byte, error) {
	if y := f.At.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("fact %s: its year is %d", f.ID, y)
	}
	b = appendText(append(b, `{"id":`...), f.ID)
	b = appendText(append(b, `,"name":`...), f.Name)
	b = appendNumber(b, `,"customer":`, int64(f.Customer))
	b = append(b, `,"at":"`...)
	b = append(f.At.AppendFormat(b, time.RFC3339Nano), '"')
	b = appendMember(b, `,"subject":`, f.Subject)
	b = appendNumber(b, `,"amount":`, f.Amount)
	b = appendNumber(b, `,"quantity":`, f.Quantity)
	b = appendMember(b, `,"product":`, f.Product)
	b = appendMember(b, `,"category":`, f.Category)
	b = appendMember(b, `,"channel":`, f.Channel)
	b = appendMember(b, `,"campaign":`, f.Campaign)
	b = appendMember(b, `,"strategy":`, f.Strategy)
	b = appendMember(b, `,"detail":`, f.Detail)
	if len(f.Props) > 0 {
		if !gjson.ValidBytes(f.Props) {
			return nil, fmt.Errorf("fact %s: its properties are no JSON", f.ID)
		}
		b = append(append(b, `,"props":`...), f.Props...)
	}
	return append(b, '}'), nil
}

func appendMember(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	return appendText(append(b, name...), text)
}

func appendNumber(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), n, 10)
}

// appendText adds a JSON string; one that needs no escaping as it is.
func appendText(b []byte, s string) []byte {
	wide := false
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			return appendEscaped(b, s)
		}
		wide = wide || c >= utf8.RuneSelf
	}
	if wide && !utf8.ValidString(s) {
		return appendEscaped(b, s)
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendEscaped(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // a string can always be written
	return append(b, text...)
}

// ParseFacts reads what AppendFacts wrote, and any other JSON of facts.
func ParseFacts(b []byte) ([]Fact, error) {
	if facts, ok := parseFast(b); ok {
		return facts, nil
	}
	var facts []Fact
	err := json.Unmarshal(b, &facts)
	return facts, err
}

var nameMember = []byte(`"name":"`)

// Mentions says whether what AppendFacts wrote may hold a fact of one of the names, at a small part of the cost of ParseFacts. It may
// say so of facts that hold none, but never hides one.
func Mentions(b []byte, names map[string]bool) bool {
	for {
		at := bytes.Index(b, nameMember)
		if at < 0 {
			return false
		}
		b = b[at+len(nameMember):]
		end := bytes.IndexByte(b, '"')
		if end < 0 {
			return false
		}
		if names[string(b[:end])] || bytes.IndexByte(b[:end], '\\') >= 0 { // what is escaped would have to be read
			return true
		}
		b = b[end:]
	}
}

// parseFast reads JSON of the members that facts have, of the types that they have; false for anything else.
func parseFast(b []byte) (facts []Fact, ok bool) {
	if !gjson.ValidBytes(b) {
		return nil, false
	}
	root := gjson.ParseBytes(b)
	if !root.IsArray() {
		return nil, false
	}
	ok = true
	var before Fact // neighbours have names in common: one text for all of them
	root.ForEach(func(_, one gjson.Result) bool {
		f := Fact{}
		if ok = one.IsObject() && parseFact(one, &f, &before); ok {
			facts = append(facts, f)
			before = f
		}
		return ok
	})
	return facts, ok
}

func parseFact(one gjson.Result, f, before *Fact) (ok bool) {
	ok = true
	text := func(to *string, v gjson.Result, like string) {
		switch {
		case v.Type != gjson.String:
			ok = false
		case v.Str == like:
			*to = like
		default:
			*to = strings.Clone(v.Str) // not the whole message
		}
	}
	number := func(to *int64, v gjson.Result) {
		n, err := strconv.ParseInt(v.Raw, 10, 64)
		*to, ok = n, ok && err == nil
	}
	one.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "id":
			text(&f.ID, v, "")
		case "name":
			text(&f.Name, v, before.Name)
		case "customer":
			n, err := strconv.ParseUint(v.Raw, 10, 32)
			f.Customer, ok = uint32(n), ok && err == nil
		case "at":
			at, err := time.Parse(time.RFC3339, v.Str)
			f.At, ok = at, ok && v.Type == gjson.String && err == nil
		case "subject":
			text(&f.Subject, v, before.Subject)
		case "amount":
			number(&f.Amount, v)
		case "quantity":
			number(&f.Quantity, v)
		case "product":
			text(&f.Product, v, before.Product)
		case "category":
			text(&f.Category, v, before.Category)
		case "channel":
			text(&f.Channel, v, before.Channel)
		case "campaign":
			text(&f.Campaign, v, before.Campaign)
		case "strategy":
			text(&f.Strategy, v, before.Strategy)
		case "detail":
			text(&f.Detail, v, before.Detail)
		case "props":
			f.Props = json.RawMessage(v.Raw)
		default:
			ok = false
		}
		return ok
	})
	return ok
}
