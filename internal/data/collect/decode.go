package collect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"huoshui/internal/platform/files"
)

// Kinds of key.
const (
	KeyUser         = "user"            // the brand's own login id: userId, $identity_login_id
	KeyDevice       = "device"          // a browser, app or handset: anonymousId, cookie id, android_id, idfv …
	KeyPhone        = "phone"           // as files.Phone writes it
	KeyEmail        = "email"           // lower case
	KeyUnion        = "unionid"         // of a WeChat open platform account
	KeyOpen         = "openid"          // "appid:openid"
	KeyExternalUser = "external_userid" // of WeCom
	KeyCard         = "card"            // member card number
)

// Limits of what is understood.
const (
	MaxEvent = 32 << 10 // bytes of one event
	MaxItems = 2500     // events of one request
	maxName  = 200      // bytes of a name of an event, a trait or a page
	maxKey   = 255      // bytes of a key
	maxDepth = 32       // nesting of an event
	maxProps = 500      // traits of one event
)

// Decode turns an envelope into the events it tells and the parts that cannot be understood. src is the source that sent
// it, nil when it is gone: it is believed nothing then. Decode is pure: the same envelope always gives the same events,
// keys included, and no input makes it fail.
//
// A source that is not trusted names people by user and device alone: what else it says they are known by becomes traits.
// The keys of an Unbind are those that somebody has no longer. A trait operation "unset" of the name "*" takes off all.
func (e *Envelope) Decode(src *Source) (events []Event, bad []Bad) {
	d := decoder{env: e, src: src}
	if src == nil {
		d.src = &Source{ID: e.Source}
	}
	switch e.Protocol {
	case Segment:
		d.segment()
	case Sensors:
		d.sensors()
	case Webhook:
		d.webhook()
	default:
		d.reject("unknown_protocol", string(e.Protocol), string(e.Body))
	}
	return d.events, d.bad
}

// decoder is one run of Decode.
type decoder struct {
	env    *Envelope
	src    *Source
	hash   string // of the envelope, where an event has no id of its own; made when first needed
	events []Event
	bad    []Bad
}

// reject keeps a part that cannot be understood.
func (d *decoder) reject(reason, detail, raw string) {
	b := json.RawMessage(strings.Clone(raw))
	if !json.Valid(b) || !utf8.Valid(b) {
		b, _ = json.Marshal(strings.ToValidUTF8(raw, "\uFFFD")) // a string can always be written
	}
	d.bad = append(d.bad, Bad{Reason: reason, Detail: clip(detail, 300), Raw: b})
}

// place is the key of the event at an index of an envelope that gives none: the same when the envelope is read again,
// another for a request that says the same at another time.
func (d *decoder) place(index int) string {
	if d.hash == "" {
		h := sha256.New()
		h.Write([]byte(d.env.ReceivedAt.UTC().Format(time.RFC3339Nano) + "\x00" + d.env.IP + "\x00" + d.env.Path + "\x00" + d.env.Query + "\x00"))
		h.Write(d.env.Body)
		d.hash = hex.EncodeToString(h.Sum(nil)[:16])
	}
	return "at:" + d.hash + ":" + strconv.Itoa(index)
}

// fingerprint shortens what may be long to a key.
func fingerprint(prefix string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return prefix + hex.EncodeToString(sum[:16])
}

// event returns an event with what all of them have.
func (d *decoder) event(kind string) Event {
	return Event{Kind: kind, Source: d.env.Source, ReceivedAt: d.env.ReceivedAt, At: d.env.ReceivedAt}
}

// key adds a key to an event. Of a source that is not trusted, keys other than user and device become traits; a value
// that is no key of its kind is left out. It reports whether the value was used.
func (d *decoder) key(ev *Event, kind, value string) bool {
	value = strings.TrimSpace(value)
	if !sane(value, maxKey) {
		return false
	}
	if !d.src.Trusted && kind != KeyUser && kind != KeyDevice {
		ev.trait("set", kind, quoted(value))
		return true
	}
	var err error
	switch kind {
	case KeyPhone:
		value, err = files.Phone(value)
	case KeyEmail:
		value, err = files.Email(value)
	}
	if err != nil || value == "" {
		return false
	}
	for _, k := range ev.Keys {
		if k.Kind == kind && k.Value == value {
			return true
		}
	}
	ev.Keys = append(ev.Keys, Key{kind, value})
	return true
}

// rank orders keys from strong to weak, keeping the order of those of one kind.
func (ev *Event) rank() {
	if len(ev.Keys) < 2 {
		return
	}
	sorted := make([]Key, 0, len(ev.Keys))
	for _, kind := range KeyKinds() {
		for _, k := range ev.Keys {
			if k.Kind == kind {
				sorted = append(sorted, k)
			}
		}
	}
	ev.Keys = sorted
}

// trait adds a change of a trait, once for every name and operation.
func (ev *Event) trait(op, name string, value json.RawMessage) {
	for i := range ev.Traits {
		if ev.Traits[i].Name == name && ev.Traits[i].Op == op {
			ev.Traits[i].Value = value
			return
		}
	}
	ev.Traits = append(ev.Traits, TraitOp{Op: op, Name: name, Value: value})
}

// add checks what all protocols have in common and keeps the event.
func (d *decoder) add(ev Event, raw string) {
	switch {
	case len(ev.Keys) == 0 && ev.Kind != Item:
		d.reject("no_identity", "nothing says whose it is", raw)
		return
	case ev.Kind == Track && ev.Name == "":
		d.reject("no_event_name", "the event has no name", raw)
		return
	case ev.Name != "" && !sane(ev.Name, maxName):
		d.reject("bad_name", "event "+strconv.Quote(clip(ev.Name, 100)), raw)
		return
	case len(ev.Traits) > maxProps:
		d.reject("too_many_traits", strconv.Itoa(len(ev.Traits)), raw)
		return
	}
	ev.rank()
	d.events = append(d.events, ev)
}

// sane reports whether a text may stand as a name or a key: there, at most n bytes, nothing that cannot be written.
func sane(s string, n int) bool {
	if s == "" || len(s) > n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == 0x7f {
			return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
		}
	}
	return true
}

// text returns a value that is a string or a number as text; "" for anything else.
func text(v gjson.Result) string {
	switch v.Type {
	case gjson.String:
		return v.Str
	case gjson.Number:
		return v.Raw
	default:
		return ""
	}
}

// label is text for showing: valid, without control characters, at most n bytes.
func label(v gjson.Result, n int) string {
	return clip(text(v), n)
}

// clip makes a text showable: valid, without control characters, at most n bytes.
func clip(s string, n int) string {
	if sane(s, n) {
		return s
	}
	if len(s) > 4*n {
		s = s[:4*n]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func quoted(s string) json.RawMessage {
	if printable(s) {
		b := make([]byte, 0, len(s)+2)
		return append(append(append(b, '"'), s...), '"')
	}
	b, _ := json.Marshal(s) // a string can always be written
	return b
}

// shape is what a look over a piece of valid JSON finds.
type shape struct {
	depth   int
	unclean bool // has what some readers refuse: invalid UTF-8, NUL, numbers beyond float64
}

// look goes over valid JSON once.
func look(raw string) shape {
	var s shape
	depth, inside, wide := 0, false, false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if inside {
			switch {
			case c == '"':
				inside = false
			case c == '\\':
				i++
				if i+4 < len(raw) && raw[i] == 'u' && (raw[i+1:i+5] == "0000" || raw[i+1] == 'd' || raw[i+1] == 'D') {
					s.unclean = true // NUL, or half of a pair, which may lack the other
				}
			case c >= utf8.RuneSelf:
				wide = true
			}
			continue
		}
		switch c {
		case '"':
			inside = true
		case '{', '[':
			depth++
			s.depth = max(s.depth, depth)
		case '}', ']':
			depth--
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			from := i
			for i+1 < len(raw) && (raw[i+1] >= '0' && raw[i+1] <= '9' || raw[i+1] == '.' || raw[i+1] == 'e' || raw[i+1] == 'E' || raw[i+1] == '+' || raw[i+1] == '-') {
				i++
			}
			if n := raw[from : i+1]; len(n) > 300 || strings.ContainsAny(n, "eE") {
				if _, err := strconv.ParseFloat(n, 64); err != nil {
					s.unclean = true
				}
			}
		}
	}
	s.unclean = s.unclean || wide && !utf8.ValidString(raw)
	return s
}

// clean copies valid JSON, with what some readers refuse made harmless: NULs and broken characters are replaced, numbers
// beyond float64 become text, the last of two members of one name stays.
func clean(raw string) json.RawMessage {
	if !look(raw).unclean {
		return json.RawMessage(raw)
	}
	dec := json.NewDecoder(strings.NewReader(strings.ToValidUTF8(raw, "\uFFFD")))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return json.RawMessage("null")
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(harmless(v)) != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSpace(out.Bytes())
}

func harmless(v any) any {
	noNUL := func(s string) string { return strings.ReplaceAll(s, "\x00", "") }
	switch v := v.(type) {
	case string:
		return noNUL(v)
	case json.Number:
		if _, err := v.Float64(); err != nil {
			return v.String()
		}
		return v
	case []any:
		for i := range v {
			v[i] = harmless(v[i])
		}
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			out[noNUL(name)] = harmless(value)
		}
		return out
	default:
		return v
	}
}

// oversize rejects what is too large or too deep to look into.
func (d *decoder) oversize(raw string) bool {
	if len(raw) > MaxEvent {
		d.reject("too_large", strconv.Itoa(len(raw))+" bytes; an event may have "+strconv.Itoa(MaxEvent), raw)
		return true
	}
	if n := look(raw).depth; n > maxDepth {
		d.reject("too_deep", strconv.Itoa(n)+" levels; an event may have "+strconv.Itoa(maxDepth), raw)
		return true
	}
	return false
}

// readable reports whether a text is JSON that may be looked into: valid, and not so deep that looking hurts.
func readable(body []byte) bool {
	if bytes.Count(body, []byte{'['})+bytes.Count(body, []byte{'{'}) > 1000 {
		return json.Valid(body) // it limits the depth; slower
	}
	return gjson.ValidBytes(body)
}

// moment corrects a client's time by what its clock was off when it sent: receivedAt − (sentAt − at), bounded by the
// present. Without sentAt the client is believed.
func (d *decoder) moment(at, sent time.Time) time.Time {
	received := d.env.ReceivedAt
	if !sent.IsZero() {
		at = received.Add(-sent.Sub(at))
	}
	if at.After(received) || at.Year() < 2000 {
		return received
	}
	return at.UTC()
}
