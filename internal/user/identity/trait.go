package identity

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/user/customer"
)

// Trait changes one attribute of a person.
type Trait struct {
	Op    string          `json:"op" enum:"set,set_once,inc,append,unset"`
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value,omitempty"`
}

// Limits of what a source may set about one person; what is beyond is dropped.
const (
	maxTraits     = 200
	maxTraitBytes = 8 << 10
	maxAllBytes   = 64 << 10
	maxListItems  = 500
)

var traitName = regexp.MustCompile(`^[\p{L}_$][\p{L}\p{N}_$ .:-]{0,99}$`)

// profileTraits are names that sources use for what the profile has.
var profileTraits = map[string]string{
	"name": "name", "fullname": "name", "nickname": "name", "gender": "gender", "sex": "gender", "birthday": "birthday", "birthdate": "birthday",
	"province": "province", "city": "city", "level": "level", "memberlevel": "level", "phone": "phone", "mobile": "phone", "phonenumber": "phone", "email": "email",
}

// profileField returns the field of the profile that a trait means, or "".
func profileField(name string) string {
	return profileTraits[strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "$")), "_", "")]
}

// profileValue puts a trait's value in the form the profile has; false for one that it cannot hold.
func profileValue(field string, raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var n json.Number
		if json.Unmarshal(raw, &n) != nil {
			return "", false
		}
		text = n.String()
	}
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > 200 || strings.ContainsAny(text, "\x00\n\r") {
		return "", false
	}
	switch field {
	case "gender":
		switch strings.ToLower(text) {
		case "f", "female", "woman", "女", "女性", "2":
			return "f", true
		case "m", "male", "man", "男", "男性", "1":
			return "m", true
		}
		return "", false
	case "birthday":
		return birthday(text)
	}
	return text, true
}

func birthday(text string) (string, bool) {
	if len(text) > 10 && (text[10] == 'T' || text[10] == ' ') {
		text = text[:10]
	}
	text = strings.NewReplacer("/", "-", ".", "-", "年", "-", "月", "-", "日", "").Replace(text)
	for _, layout := range []string{"2006-1-2", "20060102"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1900 {
			return t.Format(time.DateOnly), true
		}
	}
	if t, err := time.Parse("2006-1-2", "2000-"+text); err == nil {
		return "0000" + t.Format(time.DateOnly)[4:], true
	}
	return "", false
}

// fieldOf is where the profile keeps a field.
func fieldOf(c *customer.Customer, field string) *string {
	switch field {
	case "code":
		return &c.Code
	case "name":
		return &c.Name
	case "phone":
		return &c.Phone
	case "email":
		return &c.Email
	case "gender":
		return &c.Gender
	case "birthday":
		return &c.Birthday
	case "province":
		return &c.Province
	case "city":
		return &c.City
	case "source":
		return &c.Source
	case "store":
		return &c.Store
	case "owner":
		return &c.Owner
	case "level":
		return &c.Level
	}
	return &c.Zone
}

// fields are those that a merge fills from the other side.
var fields = []string{"code", "name", "phone", "email", "gender", "birthday", "province", "city", "source", "store", "owner", "level", "zone"}

// apply changes a profile (nil for a visitor, whose traits are all kept as attributes) and the attributes beside it, and
// reports what of them changed. Phone and e-mail are filled when empty, never replaced: keys decide about them.
func apply(c *customer.Customer, attrs map[string]json.RawMessage, t Trait) (profile, other bool) {
	if field := profileField(t.Name); c != nil && field != "" {
		return applyProfile(c, field, t), false
	}
	if !traitName.MatchString(t.Name) {
		return false, false
	}
	was, have := attrs[t.Name]
	value := t.Value
	switch t.Op {
	case "unset":
		delete(attrs, t.Name)
		return false, have
	case "set":
	case "set_once":
		if have {
			return false, false
		}
	case "inc":
		value = sum(was, value)
	case "append":
		value = union(was, value)
	default:
		return false, false
	}
	if value = compact(value); len(value) == 0 || len(value) > maxTraitBytes || !have && len(attrs) >= maxTraits || bytes.Equal(value, was) {
		return false, false
	}
	if size := len(t.Name) + len(value); size+allBytes(attrs)-len(was) > maxAllBytes {
		return false, false
	}
	attrs[t.Name] = value
	return false, true
}

func applyProfile(c *customer.Customer, field string, t Trait) bool {
	to := fieldOf(c, field)
	contact := field == "phone" || field == "email"
	switch {
	case t.Op == "unset" && !contact && *to != "":
		*to = ""
		return true
	case t.Op != "set" && t.Op != "set_once", *to != "" && (contact || t.Op == "set_once"):
		return false
	}
	value, ok := profileValue(field, t.Value)
	if !ok || value == *to {
		return false
	}
	*to = value
	return true
}

func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil || b.String() == "null" {
		return nil
	}
	return b.Bytes()
}

func allBytes(attrs map[string]json.RawMessage) (n int) {
	for name, v := range attrs {
		n += len(name) + len(v)
	}
	return n
}

// sum adds numbers; what is no number counts as none.
func sum(was, by json.RawMessage) json.RawMessage {
	var a, b float64
	if json.Unmarshal(by, &b) != nil {
		return nil
	}
	_ = json.Unmarshal(was, &a) // absent, or of another type: begins at nothing
	return strconv.AppendFloat(nil, a+b, 'f', -1, 64)
}

// union adds to a list of texts what is not in it yet.
func union(was, by json.RawMessage) json.RawMessage {
	var list, more []string
	_ = json.Unmarshal(was, &list) // absent, or of another type: begins empty
	if json.Unmarshal(by, &more) != nil {
		var one string
		if json.Unmarshal(by, &one) != nil {
			return nil
		}
		more = []string{one}
	}
	for _, m := range more {
		if !slices.Contains(list, m) && len(list) < maxListItems {
			list = append(list, m)
		}
	}
	out, err := json.Marshal(list)
	if err != nil {
		return nil
	}
	return out
}

// once turns attributes into traits that fill what is missing, in the order of their names.
func once(attrs map[string]json.RawMessage) []Trait {
	var out []Trait
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		out = append(out, Trait{Op: "set_once", Name: name, Value: attrs[name]})
	}
	return out
}
