package collect

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Limits of the dictionary, which make it safe to let anybody's browser write into it.
const (
	maxNames     = 2000 // names of events of one source
	maxPropNames = 200  // names of properties of one event
	maxSamples   = 5    // values kept of a property
	maxLooks     = 20   // values looked at for them, of each time the dictionary is stored
	maxSample    = 60   // bytes of one
	keepDays     = 400  // days of volumes
)

// Names of what is no event of a name: in the dictionary beside the events.
const (
	nameView     = "$view"
	nameIdentify = "$identify"
	nameBind     = "$bind"
	nameUnbind   = "$unbind"
	nameItem     = "$item"
)

// entryName is the dictionary's name of an event, which rules know it by.
func entryName(e *Event) string {
	switch e.Kind {
	case View:
		return nameView
	case Identify:
		return nameIdentify
	case Bind:
		return nameBind
	case Unbind:
		return nameUnbind
	case Item:
		return nameItem
	default:
		return e.Name
	}
}

// census is what was counted since the dictionary was last stored. It is written down with every batch, so that a crash
// loses nothing of it and counts nothing twice.
type census struct {
	Flush  uint64                            `json:"flush"` // number of the flush that will store it
	Names  map[string]map[string]*nameCensus `json:"names,omitempty"`
	Counts map[string]map[string]dayOutcomes `json:"counts,omitempty"` // by source and day
	size   int
}

type dayOutcomes map[string]int64

type nameCensus struct {
	N     int64                  `json:"n"`
	First time.Time              `json:"first"`
	Last  time.Time              `json:"last"`
	Days  map[string]int64       `json:"days"`
	Props map[string]*propCensus `json:"props,omitempty"`
}

type propCensus struct {
	N       int64            `json:"n"`
	First   time.Time        `json:"first"`
	Last    time.Time        `json:"last"`
	Types   map[string]int64 `json:"types"`
	Samples []string         `json:"samples,omitempty"`
}

func newCensus(flush uint64) *census {
	return &census{Flush: flush, Names: map[string]map[string]*nameCensus{}, Counts: map[string]map[string]dayOutcomes{}}
}

// empty reports whether there is nothing to store.
func (t *census) empty() bool { return len(t.Names) == 0 && len(t.Counts) == 0 }

// count adds to an outcome of a source on a day.
func (t *census) count(source, day, outcome string, n int64) {
	days := t.Counts[source]
	if days == nil {
		days = map[string]dayOutcomes{}
		t.Counts[source] = days
	}
	if days[day] == nil {
		days[day] = dayOutcomes{}
	}
	days[day][outcome] += n
}

// observe adds an event of a name; named are its properties, none for one that is blocked.
func (t *census) observe(source, name, day string, at time.Time, named properties) {
	names := t.Names[source]
	if names == nil {
		names = map[string]*nameCensus{}
		t.Names[source] = names
	}
	e := names[name]
	if e == nil {
		e = &nameCensus{First: at, Days: map[string]int64{}, Props: map[string]*propCensus{}}
		names[strings.Clone(name)] = e
		t.size++
	}
	e.N++
	e.Days[day]++
	e.First, e.Last = earlier(e.First, at), later(e.Last, at)
	for _, one := range named {
		p := e.Props[one.name]
		if p == nil {
			p = &propCensus{First: at, Types: map[string]int64{}}
			e.Props[strings.Clone(one.name)] = p
			t.size++
		}
		p.N++
		p.First, p.Last = earlier(p.First, at), later(p.Last, at)
		kind := typeOf(one.raw)
		p.Types[kind]++
		if len(p.Samples) < maxSamples && p.N <= maxLooks {
			p.Samples = addSample(p.Samples, one.name, kind, one.raw)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// typeOf is the type of a JSON value as analysts name it.
func typeOf(v string) string {
	if len(v) == 0 {
		return "null"
	}
	switch v[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "list"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	default:
		return "number"
	}
}

// personal are parts of names of properties whose values describe a person: no sample of them is kept.
var personal = regexp.MustCompile(`(?i)(phone|mobile|tel$|mail|name$|address|addr|id_?card|passport|openid|unionid|birthday|password|token|secret|姓名|手机|电话|邮箱|地址|身份证|密码)`)

// Harmless says that a value of a property may be shown as an example: it does not describe a person, as far as can be told.
func Harmless(prop, value string) bool { return !personal.MatchString(prop) && mask(value) == value }

// addSample keeps a value as an example, masked where it looks like somebody's phone, e-mail or card.
func addSample(samples []string, prop, kind, v string) []string {
	if kind != "string" && kind != "number" && kind != "bool" || personal.MatchString(prop) || len(v) > 6*maxSample {
		return samples
	}
	s := v
	if kind == "string" {
		s = gjson.Parse(v).Str
	}
	s = clip(mask(s), maxSample)
	if s == "" || slices.Contains(samples, s) {
		return samples
	}
	return append(samples, strings.Clone(s))
}

var (
	mailLike  = regexp.MustCompile(`[^\s@"'<>]+@[^\s@"'<>]+`)
	digitLike = regexp.MustCompile(`\+?\d[\d -]{6,}[\dXx]`)
	dateLike  = regexp.MustCompile(`^(19|20)\d\d-[01]\d-[0-3]\d( [0-2]\d)?$`)
)

// mask hides what looks like an e-mail address, a phone number or an identity card within a text.
func mask(s string) string {
	s = mailLike.ReplaceAllStringFunc(s, func(m string) string {
		at := strings.IndexByte(m, '@')
		_, first := utf8.DecodeRuneInString(m)
		return m[:first] + "***" + m[at:at+1] + "***"
	})
	return digitLike.ReplaceAllStringFunc(s, func(m string) string {
		digits := 0
		for i := range len(m) {
			if m[i] >= '0' && m[i] <= '9' {
				digits++
			}
		}
		if digits < 8 || dateLike.MatchString(m) {
			return m
		}
		return m[:3] + "****" + m[len(m)-2:]
	})
}

// bookOfNames knows the names that are in the dictionary, to keep it within its limits.
type bookOfNames map[string]map[string]map[string]bool // source → name → properties

// admit adds a name and its properties, or says which limit they are beyond. Nothing is added then.
func (b bookOfNames) admit(source, name string, props properties) (reason string) {
	names := b[source]
	if names == nil {
		names = map[string]map[string]bool{}
		b[strings.Clone(source)] = names
	}
	known, there := names[name]
	if !there && len(names) >= maxNames {
		return "too_many_names"
	}
	more := 0
	for _, p := range props {
		if !known[p.name] {
			if !sane(p.name, maxName) {
				return "bad_property"
			}
			more++
		}
	}
	if len(known)+more > maxPropNames {
		return "too_many_properties"
	}
	if known == nil {
		known = map[string]bool{}
		names[strings.Clone(name)] = known
	}
	if more > 0 {
		for _, p := range props {
			if !known[p.name] {
				known[strings.Clone(p.name)] = true
			}
		}
	}
	return ""
}

// encode is the census as it is written down.
func (t *census) encode() ([]byte, error) {
	if t.empty() {
		return nil, nil
	}
	return json.Marshal(t)
}
