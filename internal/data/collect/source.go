package collect

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/webhook"
)

// SourceKind says where a source runs, and with that how far it is believed.
type SourceKind string

// Kinds of source.
const (
	Browser   SourceKind = "browser" // a page of the brand's: its key can be read by anybody
	MobileApp SourceKind = "app"     // an app or mini program: its key can be taken out of it
	Server    SourceKind = "server"  // a server of the brand's: its key is a secret
	Hook      SourceKind = "webhook" // another system's notifications, signed, read by a mapping
)

// Source is something that sends events with a key of its own.
type Source struct {
	ID        string     `db:"id" json:"id"`
	Name      string     `db:"name" json:"name"`
	Kind      SourceKind `db:"kind" json:"kind" enum:"browser,app,server,webhook" doc:"Where it runs: a page, an app or mini program, a server, or another system's notifications"`
	Protocols []Protocol `db:"protocols,json" json:"protocols" enum:"segment,sensors,webhook" doc:"The languages it may speak; a webhook speaks only its own"`
	WriteKey  string     `db:"write_key" json:"write_key" doc:"What the SDK is given. Shown whole to those who may change sources, else its last four characters"`
	Secret    string     `db:"secret,null" json:"secret,omitempty" doc:"What a webhook signs its requests with (Standard Webhooks, whsec_…); shown only to those who may change sources"`
	Origins   []string   `db:"origins,json" json:"origins" doc:"Pages that a browser may send from, as https://shop.example.com; * in front of a domain stands for its subdomains; empty: any"`
	Trusted   bool       `db:"trusted" json:"trusted" doc:"Its word on phone, e-mail, unionid and card decides who somebody is; of one that is not trusted they become traits"`
	Paused    bool       `db:"paused" json:"paused" doc:"Its requests are answered with success and kept out"`
	Mapping   Mapping    `db:"mapping,json" json:"mapping" doc:"Of a webhook: where in its JSON what is found"`
	Channel   string     `db:"channel" json:"channel" doc:"The sales channel that it belongs to, as orders name it; empty: what it tells carries the utm_source, else the source's name"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	ChangedAt time.Time  `db:"changed_at" json:"changed_at"`
	ChangedBy string     `db:"changed_by" json:"changed_by" doc:"Staff id"`
}

// speaks reports whether the source may use a protocol.
func (s *Source) speaks(p Protocol) bool { return slices.Contains(s.Protocols, p) }

// allows reports whether a browser may send from an origin, as its Origin header says it. A program sends none.
func (s *Source) allows(origin string) bool {
	if origin == "" || len(s.Origins) == 0 {
		return true
	}
	scheme, host, ok := strings.Cut(origin, "://")
	for _, o := range s.Origins {
		if o == origin {
			return true
		}
		wantScheme, wantHost, _ := strings.Cut(o, "://")
		if domain, wild := strings.CutPrefix(wantHost, "*."); ok && wild && scheme == wantScheme && strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// masked returns the source as those see it who may not change it.
func (s Source) masked() Source {
	if n := len(s.WriteKey); n > 4 {
		s.WriteKey = "…" + s.WriteKey[n-4:]
	}
	s.Secret = ""
	return s
}

// SourceDraft is what a person says of a source.
type SourceDraft struct {
	Name      string     `json:"name" minLength:"1" maxLength:"100"`
	Kind      SourceKind `json:"kind" enum:"browser,app,server,webhook" doc:"Cannot change later"`
	Protocols []Protocol `json:"protocols,omitempty" maxItems:"3" enum:"segment,sensors,webhook" doc:"Left out: segment and sensors, or webhook for a webhook"`
	Origins   []string   `json:"origins,omitempty" maxItems:"50" doc:"Pages that a browser may send from; empty: any"`
	Trusted   *bool      `json:"trusted,omitempty" doc:"Left out: true for a server and a webhook, whose keys are secrets, false for the others"`
	Mapping   *Mapping   `json:"mapping,omitempty" doc:"Of a webhook"`
	Channel   string     `json:"channel,omitempty" maxLength:"40" doc:"The sales channel that it belongs to, as orders name it: then what is looked at and what is bought are of one channel"`
}

// Mapping says where in a webhook's JSON what is found. Paths are dotted names, with numbers for places in lists:
// "data.items.0.sku". A path that begins with "=" is a constant: "=Order Paid".
type Mapping struct {
	Each   string      `json:"each,omitempty" maxLength:"200" doc:"Path of the list whose items are events; empty: the body is one event, or a list of them"`
	Kind   string      `json:"kind,omitempty" maxLength:"200" doc:"Path or constant: track, view or identify; empty: track"`
	Name   string      `json:"name,omitempty" maxLength:"200" doc:"Path or constant of the event's name"`
	ID     string      `json:"id,omitempty" maxLength:"200" doc:"Path of what a repetition has in common; empty: the delivery's webhook-id"`
	At     string      `json:"at,omitempty" maxLength:"200" doc:"Path of the time: RFC 3339, Unix seconds or milliseconds, or YYYY-MM-DD hh:mm:ss in Beijing time; empty: when it came"`
	Amount string      `json:"amount,omitempty" maxLength:"200" doc:"Path of an amount of money, which becomes the property amount_fen"`
	Unit   string      `json:"unit,omitempty" enum:"yuan,fen" doc:"What the amount is in; empty: yuan"`
	Keys   []MappedKey `json:"keys,omitempty" maxItems:"10" doc:"What the person is known by, strongest first"`
	Traits []MappedAs  `json:"traits,omitempty" maxItems:"100"`
	Props  []MappedAs  `json:"props,omitempty" maxItems:"200" doc:"Properties of the event; empty: the whole item"`
}

// MappedKey is one key of a person in a webhook's JSON.
type MappedKey struct {
	Kind string `json:"kind" enum:"user,device,phone,email,unionid,openid,external_userid,card"`
	Path string `json:"path" minLength:"1" maxLength:"200"`
}

// MappedAs gives what is at a path a name.
type MappedAs struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
	Path string `json:"path" minLength:"1" maxLength:"200"`
}

// pathShape is a path that gjson reads literally: names and places, none of its wildcards, queries or modifiers.
var pathShape = regexp.MustCompile(`^[\p{L}\p{N}_$-]+(\.[\p{L}\p{N}_$-]+)*$`)

func checkPath(path, field string, constant bool) error {
	if path == "" || constant && strings.HasPrefix(path, "=") || pathShape.MatchString(path) {
		return nil
	}
	return errs.New(errs.Invalid, "source.bad_path", "%q is no path: names with dots between them", path).At(field)
}

func (m Mapping) check() error {
	for field, path := range map[string]string{"mapping.each": m.Each, "mapping.id": m.ID, "mapping.at": m.At, "mapping.amount": m.Amount} {
		if err := checkPath(path, field, false); err != nil {
			return err
		}
	}
	for field, path := range map[string]string{"mapping.kind": m.Kind, "mapping.name": m.Name} {
		if err := checkPath(path, field, true); err != nil {
			return err
		}
	}
	for _, k := range m.Keys {
		if err := checkPath(k.Path, "mapping.keys", false); err != nil {
			return err
		}
		if !slices.Contains(KeyKinds(), k.Kind) {
			return errs.New(errs.Invalid, "source.bad_key_kind", "there is no kind of key %q", k.Kind).At("mapping.keys")
		}
	}
	for _, all := range [][]MappedAs{m.Traits, m.Props} {
		for _, a := range all {
			if err := checkPath(a.Path, "mapping.props", true); err != nil {
				return err
			}
			if !sane(a.Name, maxName) {
				return errs.New(errs.Invalid, "source.bad_name", "%q is no name", a.Name).At("mapping.props")
			}
		}
	}
	return nil
}

// take sets what a person says, after checking it.
func (s *Source) take(d SourceDraft) error {
	s.Name = strings.TrimSpace(d.Name)
	if s.Name == "" || utf8.RuneCountInString(s.Name) > 100 {
		return errs.New(errs.Invalid, "source.bad_name", "a source needs a name of at most 100 characters").At("name")
	}
	s.Channel = strings.TrimSpace(d.Channel)
	if s.Channel != "" && (!sane(s.Channel, maxColumn) || utf8.RuneCountInString(s.Channel) > 40) {
		return errs.New(errs.Invalid, "source.bad_channel", "a channel is named in at most 40 characters").At("channel")
	}
	known := []SourceKind{Browser, MobileApp, Server, Hook}
	if !slices.Contains(known, d.Kind) {
		return errs.New(errs.Invalid, "source.bad_kind", "there is no kind of source %q", d.Kind).At("kind")
	}
	s.Kind = d.Kind
	s.Protocols = d.Protocols
	if len(s.Protocols) == 0 {
		s.Protocols = []Protocol{Segment, Sensors}
	}
	if s.Kind == Hook {
		s.Protocols = []Protocol{Webhook}
	}
	for _, p := range s.Protocols {
		if p != Segment && p != Sensors && (p != Webhook || s.Kind != Hook) {
			return errs.New(errs.Invalid, "source.bad_protocol", "such a source does not speak %q", p).At("protocols")
		}
	}
	s.Origins = []string{}
	for _, o := range d.Origins {
		o = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(o), "/"))
		scheme, host, ok := strings.Cut(o, "://")
		if !ok || scheme == "" || host == "" || strings.ContainsAny(host, "/?#@ ") || len(o) > 200 {
			return errs.New(errs.Invalid, "source.bad_origin", "%q is no origin, as https://shop.example.com", o).At("origins")
		}
		s.Origins = append(s.Origins, o)
	}
	s.Trusted = s.Kind == Server || s.Kind == Hook
	if d.Trusted != nil {
		s.Trusted = *d.Trusted
	}
	s.Mapping = Mapping{}
	if d.Mapping != nil {
		s.Mapping = *d.Mapping
	}
	if s.Kind == Hook && s.Mapping.Name == "" && s.Mapping.Kind != "="+Identify {
		return errs.New(errs.Invalid, "source.no_mapping", "a webhook needs to know where the event's name is").At("mapping.name")
	}
	return s.Mapping.check()
}

// KeyKinds lists the kinds of key an event may carry, in order of strength.
func KeyKinds() []string {
	return []string{KeyUser, KeyUnion, KeyOpen, KeyExternalUser, KeyCard, KeyPhone, KeyEmail, KeyDevice}
}

var keyAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newSecret returns a signing secret as Standard Webhooks writes it.
func newSecret() string {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // the platform has no randomness: nothing can go on
	}
	return webhook.StandardPrefix + base64.StdEncoding.EncodeToString(b[:])
}

// newKey returns a word that nobody guesses: 160 bits.
func newKey(prefix string) string {
	var b [20]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // the platform has no randomness: nothing can go on
	}
	return prefix + "_" + keyAlphabet.EncodeToString(b[:])
}
