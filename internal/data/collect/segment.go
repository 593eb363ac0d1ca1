package collect

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// segmentTypes are the types of Segment's calls, and the letters that its browser library uses for them in paths.
var segmentTypes = map[string]string{
	"identify": "identify", "track": "track", "page": "page", "screen": "screen", "group": "group", "alias": "alias",
	"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias",
}

// segment decodes a request of Segment's HTTP API: the path says which call, or that it is a batch. A path "pixel/track"
// is a call whose body is the base64 of the query's data.
func (d *decoder) segment() {
	body, path := d.env.Body, d.env.Path
	if kind, ok := strings.CutPrefix(path, "pixel/"); ok {
		path = kind
		query, _ := url.ParseQuery(d.env.Query) // what can be read of it is enough
		body = unbase64(query.Get("data"))
	}
	var root gjson.Result
	if readable(body) {
		root = gjson.ParseBytes(body)
	}
	if !root.IsObject() {
		d.reject("invalid_json", "the body is no JSON object", string(body))
		return
	}
	batch := segmentBatch{sent: isoTime(root.Get("sentAt"))}
	if kind, single := segmentTypes[path]; single {
		d.segmentItem(&batch, kind, root, 0)
		return
	}
	batch.context = root.Get("context")
	if c := batch.context.Raw; len(c) > MaxEvent || look(c).depth > maxDepth {
		d.reject("too_large", "context of the batch", c)
		return
	}
	items := root.Get("batch")
	if !items.IsArray() {
		d.reject("no_batch", "batch is no list", root.Raw)
		return
	}
	n := 0
	items.ForEach(func(_, item gjson.Result) bool {
		if n == MaxItems {
			d.reject("too_many", "more than "+strconv.Itoa(MaxItems)+" events", item.Raw)
			return true
		}
		d.segmentItem(&batch, "", item, n)
		n++
		return true
	})
}

// segmentBatch is what the items of a batch have in common.
type segmentBatch struct {
	context gjson.Result
	sent    time.Time
}

// segmentCall is an item with its members found in one pass.
type segmentCall struct {
	kind, event, name, user, anonymous, group, previous, message string
	at                                                           gjson.Result
	properties, traits, context                                  gjson.Result
}

func readCall(item gjson.Result) segmentCall {
	var c segmentCall
	item.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "type":
			c.kind = v.Str
		case "event":
			c.event = text(v)
		case "name":
			c.name = text(v)
		case "userId":
			c.user = text(v)
		case "anonymousId":
			c.anonymous = text(v)
		case "groupId":
			c.group = text(v)
		case "previousId":
			c.previous = text(v)
		case "messageId":
			c.message = text(v)
		case "timestamp":
			c.at = v
		case "originalTimestamp":
			if !c.at.Exists() {
				c.at = v
			}
		case "properties":
			c.properties = v
		case "traits":
			c.traits = v
		case "context":
			c.context = v
		}
		return true
	})
	return c
}

// segmentItem decodes one call; kind is the path's, "" where the item says it.
func (d *decoder) segmentItem(batch *segmentBatch, kind string, item gjson.Result, index int) {
	if !item.IsObject() {
		d.reject("not_an_object", "an item of the batch is no object", item.Raw)
		return
	}
	if d.oversize(item.Raw) {
		return
	}
	c := readCall(item)
	if kind == "" {
		kind = segmentTypes[c.kind]
	}
	ev := d.event("")
	if at := isoTime(c.at); !at.IsZero() {
		ev.At = d.moment(at, batch.sent)
	}
	ev.Key = c.message
	if !sane(ev.Key, 100) {
		ev.Key = d.place(index)
		if c.message != "" {
			ev.Key = fingerprint("id:", c.message)
		}
	}
	d.segmentContext(&ev.Context, batch.context)
	d.segmentContext(&ev.Context, c.context)
	d.surroundings(&ev, c.context.Get("direct").Bool() || batch.context.Get("direct").Bool())
	d.key(&ev, KeyUser, c.user)
	d.key(&ev, KeyDevice, c.anonymous)
	d.externalIDs(&ev, c.context.Get("externalIds"))
	props := c.properties
	switch kind {
	case "track":
		ev.Kind, ev.Name = Track, strings.TrimSpace(c.event)
	case "page", "screen":
		ev.Kind, ev.Name = View, strings.TrimSpace(c.name)
		if ev.Name == "" {
			ev.Name = clip(strings.TrimSpace(text(props.Get("name"))), maxName)
		}
		d.pageProps(&ev.Context, props)
	case "identify":
		ev.Kind = Identify
		if !c.traits.Exists() {
			c.traits = c.context.Get("traits")
		}
		d.segmentTraits(&ev, c.traits)
	case "group":
		ev.Kind = Identify
		if !sane(c.group, maxKey) {
			d.reject("no_group", "group without groupId", item.Raw)
			return
		}
		ev.trait("set", "group_id", quoted(c.group))
		props = c.traits // they are the group's, not the person's
	case "alias":
		ev.Kind = Bind
		if !d.key(&ev, KeyDevice, c.previous) {
			d.reject("no_previous", "alias without previousId", item.Raw)
			return
		}
	default:
		d.reject("unknown_type", clip(c.kind, 50), item.Raw)
		return
	}
	if props.IsObject() {
		ev.Props = clean(props.Raw)
	}
	d.add(ev, item.Raw)
}

// knownTraits are traits that name a person, and the kind of key they are.
var knownTraits = map[string]string{
	"phone": KeyPhone, "mobile": KeyPhone, "email": KeyEmail, "unionid": KeyUnion, "unionId": KeyUnion, "union_id": KeyUnion,
	"openid": KeyOpen, "external_userid": KeyExternalUser, "card": KeyCard, "card_no": KeyCard, "member_card": KeyCard,
}

// segmentTraits turns traits into operations; null takes a trait off. Of a trusted source, those that name a person are
// keys as well.
func (d *decoder) segmentTraits(ev *Event, traits gjson.Result) {
	if !traits.IsObject() {
		return
	}
	traits.ForEach(func(name, v gjson.Result) bool {
		if !sane(name.Str, maxName) {
			return true
		}
		if v.Type == gjson.Null {
			ev.trait("unset", strings.Clone(name.Str), nil)
			return true
		}
		ev.trait("set", strings.Clone(name.Str), clean(v.Raw))
		if kind, ok := knownTraits[name.Str]; ok && d.src.Trusted {
			d.key(ev, kind, text(v))
		}
		return true
	})
}

// externalIDs reads context.externalIds, which trusted sources use for keys that have no place of their own.
func (d *decoder) externalIDs(ev *Event, ids gjson.Result) {
	if !ids.IsArray() || !d.src.Trusted {
		return
	}
	ids.ForEach(func(_, one gjson.Result) bool {
		if kind, ok := knownTraits[one.Get("type").Str]; ok {
			d.key(ev, kind, text(one.Get("id")))
		}
		return len(ev.Keys) < 10
	})
}

// segmentContext lays what a context says over what is known.
func (d *decoder) segmentContext(c *Context, from gjson.Result) {
	if !from.IsObject() {
		return
	}
	set := func(to *string, v gjson.Result, n int) {
		if s := label(v, n); s != "" {
			*to = s
		}
	}
	from.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "ip":
			set(&c.IP, v, 64)
		case "userAgent":
			set(&c.UserAgent, v, 500)
		case "library":
			if s := strings.TrimSpace(label(v.Get("name"), 80) + " " + label(v.Get("version"), 40)); s != "" {
				c.Library = s
			}
		case "os":
			if s := strings.TrimSpace(label(v.Get("name"), 40) + " " + label(v.Get("version"), 40)); s != "" {
				c.OS = s
			}
		case "page":
			set(&c.URL, v.Get("url"), 2000)
			set(&c.Title, v.Get("title"), 300)
			set(&c.Referrer, v.Get("referrer"), 2000)
		case "campaign":
			set(&c.UTMSource, v.Get("source"), 200)
			set(&c.UTMMedium, v.Get("medium"), 200)
			set(&c.UTMCampaign, v.Get("name"), 200)
			set(&c.UTMContent, v.Get("content"), 200)
			set(&c.UTMTerm, v.Get("term"), 200)
		case "sessionId", "session_id":
			set(&c.Session, v, 100)
		}
		return true
	})
}

// pageProps fills what a page call says of the page in its properties.
func (d *decoder) pageProps(c *Context, props gjson.Result) {
	for _, p := range []struct {
		to   *string
		name string
		n    int
	}{{&c.URL, "url", 2000}, {&c.Title, "title", 300}, {&c.Referrer, "referrer", 2000}} {
		if *p.to == "" {
			*p.to = label(props.Get(p.name), p.n)
		}
	}
}

// surroundings adds what the connection says when it is the person's own: a browser's, an app's, or one that says so.
func (d *decoder) surroundings(ev *Event, direct bool) {
	if direct || d.src.Kind == Browser || d.src.Kind == MobileApp || strings.HasPrefix(ev.Context.Library, "analytics.js") {
		ev.Context.IP = d.env.IP
		if ev.Context.UserAgent == "" {
			ev.Context.UserAgent = clip(d.env.UserAgent, 500)
		}
	}
}

// isoTime reads a time of a client: ISO 8601, or Unix seconds or milliseconds; the zero time when it is none.
func isoTime(v gjson.Result) time.Time {
	switch v.Type {
	case gjson.String:
		if t, err := time.Parse(time.RFC3339Nano, v.Str); err == nil {
			return t.UTC()
		}
		for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999Z0700", "2006-01-02 15:04:05.999", time.DateOnly} {
			if t, err := time.Parse(layout, v.Str); err == nil {
				return t.UTC()
			}
		}
	case gjson.Number:
		return unixTime(v.Num)
	}
	return time.Time{}
}

// unixTime reads seconds or milliseconds since 1970; the zero time for what is neither.
func unixTime(n float64) time.Time {
	switch {
	case n >= 1e8 && n < 1e11:
		return time.UnixMicro(int64(n * 1e6)).UTC()
	case n >= 1e11 && n < 1e14:
		return time.UnixMicro(int64(n * 1e3)).UTC()
	default:
		return time.Time{}
	}
}

// unbase64 reads base64 of either alphabet, padded or not, with spaces for pluses as careless forms have it; nil for what
// is none.
func unbase64(s string) []byte {
	s = strings.TrimRight(strings.NewReplacer(" ", "+", "-", "+", "_", "/").Replace(strings.TrimSpace(s)), "=")
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
