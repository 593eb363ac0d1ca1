package collect

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"huoshui/internal/platform/files"
)

// beijing is the zone of times that name none in what Chinese systems send.
var beijing = time.FixedZone("UTC+8", 8*3600)

// webhook decodes another system's JSON by the source's mapping. The envelope's query carries the delivery's id, if the
// sender gave one.
func (d *decoder) webhook() {
	body := d.env.Body
	if !readable(body) {
		d.reject("invalid_json", "the body is no JSON", string(body))
		return
	}
	root := gjson.ParseBytes(body)
	if d.src.Mapping.Each != "" {
		root = at(root, d.src.Mapping.Each)
	}
	if !root.IsArray() {
		d.webhookItem(root, 0)
		return
	}
	n := 0
	root.ForEach(func(_, item gjson.Result) bool {
		if n == MaxItems {
			d.reject("too_many", "more than "+strconv.Itoa(MaxItems)+" events", item.Raw)
			return true
		}
		d.webhookItem(item, n)
		n++
		return true
	})
}

// at returns what a mapping's path leads to; of a path that begins with "=", the constant after it.
func at(item gjson.Result, path string) gjson.Result {
	switch {
	case path == "":
		return gjson.Result{}
	case path[0] == '=':
		return gjson.Result{Type: gjson.String, Str: path[1:], Raw: string(quoted(path[1:]))}
	default:
		return item.Get(path)
	}
}

func (d *decoder) webhookItem(item gjson.Result, index int) {
	m := d.src.Mapping
	if !item.IsObject() {
		d.reject("not_an_object", "there is no object where the mapping says", item.Raw)
		return
	}
	if d.oversize(item.Raw) {
		return
	}
	ev := d.event(Track)
	switch kind := text(at(item, m.Kind)); kind {
	case "", Track:
	case View, Identify:
		ev.Kind = kind
	default:
		d.reject("unknown_type", clip(kind, 50), item.Raw)
		return
	}
	ev.Name = strings.TrimSpace(text(at(item, m.Name)))
	if t := hookTime(at(item, m.At)); !t.IsZero() {
		ev.At = d.moment(t, time.Time{})
	}
	ev.Key = d.place(index)
	if id := text(at(item, m.ID)); id != "" {
		ev.Key = fingerprint("id:", id, ev.Name)
	} else if d.env.Query != "" {
		ev.Key = fingerprint("delivery:", d.env.Query, strconv.Itoa(index))
	}
	for _, k := range m.Keys {
		d.key(&ev, k.Kind, text(at(item, k.Path)))
	}
	for _, t := range m.Traits {
		if v := at(item, t.Path); v.Exists() && v.Type != gjson.Null {
			ev.trait("set", t.Name, clean(v.Raw))
		}
	}
	fen, hasAmount := amountFen(text(at(item, m.Amount)), m.Unit)
	switch {
	case len(m.Props) > 0 || hasAmount && len(m.Props) == 0 && m.Amount != "":
		props := map[string]json.RawMessage{}
		if len(m.Props) == 0 {
			item.ForEach(func(name, v gjson.Result) bool {
				props[name.Str] = json.RawMessage(v.Raw)
				return true
			})
		}
		for _, p := range m.Props {
			if v := at(item, p.Path); v.Exists() {
				props[p.Name] = json.RawMessage(v.Raw)
			}
		}
		if hasAmount {
			props["amount_fen"] = json.RawMessage(strconv.FormatInt(fen, 10))
		}
		raw, err := json.Marshal(props)
		if err != nil {
			d.reject("bad_properties", "the properties cannot be written", item.Raw)
			return
		}
		ev.Props = clean(string(raw))
	default:
		ev.Props = clean(item.Raw)
	}
	d.add(ev, item.Raw)
}

// hookTime reads a time of another system: a text in any usual form, in Beijing time where it names no zone, or a number.
func hookTime(v gjson.Result) time.Time {
	if v.Type == gjson.String {
		if t, err := time.Parse(time.RFC3339Nano, v.Str); err == nil {
			return t.UTC()
		}
		if len(v.Str) > 40 {
			return time.Time{}
		}
		if t, err := files.Time(v.Str, beijing); err == nil {
			return t
		}
	}
	return isoTime(v)
}

// amountFen reads an amount of yuan or fen exactly, a half fen rounded away from zero; false for what is none, or beyond
// a hundred billion yuan.
func amountFen(s, unit string) (int64, bool) {
	if s == "" || len(s) > 40 || strings.ContainsAny(s, "eE/_xXpP") {
		return 0, false
	}
	r, ok := new(big.Rat).SetString(strings.ReplaceAll(s, ",", ""))
	if !ok {
		return 0, false
	}
	if unit != "fen" {
		r.Mul(r, big.NewRat(100, 1))
	}
	n, err := strconv.ParseInt(r.FloatString(0), 10, 64)
	if err != nil || n > 1e13 || n < -1e13 {
		return 0, false
	}
	return n, true
}
