package collect

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Limits of Sensors' records; what is wider is no record of an SDK's.
const (
	sensorsPast   = 2 * 366 * 24 * time.Hour // how old a record may be that has no time_free
	sensorsFuture = time.Hour
	sensorsText   = 8192 // bytes of a string property
	sensorsList   = 500  // items of a list property
	maxInflated   = 4 << 20
)

var (
	sensorsName = regexp.MustCompile(`^[a-zA-Z_$][a-zA-Z\d_$]{0,99}$`)
	// sensorsReserved are names that 神策 keeps for itself.
	sensorsReserved = regexp.MustCompile(`(?i)^(distinct_id|original_id|time|properties|id|first_id|second_id|users|events|event|user_id|date|datetime|user_group.*|user_tag.*)$`)
)

// errInflate says that a gzip body is broken or far larger than a request may be.
var errInflate = errors.New("gzip is damaged or too large")

// sensors decodes a request of a 神策 SDK: a form, in the body or the query, of data or data_list.
func (d *decoder) sensors() {
	records, err := sensorsPayload(d.env.Body, d.env.Query)
	if err != nil {
		d.reject("invalid_json", err.Error(), string(d.env.Body))
		return
	}
	root := gjson.ParseBytes(records)
	if root.IsObject() {
		d.sensorsRecord(root, 0)
		return
	}
	n := 0
	root.ForEach(func(_, record gjson.Result) bool {
		if n == MaxItems {
			d.reject("too_many", "more than "+strconv.Itoa(MaxItems)+" events", record.Raw)
			return true
		}
		d.sensorsRecord(record, n)
		n++
		return true
	})
}

// sensorsForm returns the parameters of a request: those of the body, which is a query string whatever its type says,
// else the URL's.
func sensorsForm(body []byte, query string) url.Values {
	if bytes.HasPrefix(body, []byte("data")) || bytes.Contains(body, []byte("&data")) || bytes.HasPrefix(body, []byte("gzip=")) || bytes.HasPrefix(body, []byte("crc=")) || bytes.HasPrefix(body, []byte("ext=")) {
		form, _ := url.ParseQuery(string(body)) // what can be read of it is enough
		if form.Has("data") || form.Has("data_list") {
			return form
		}
	}
	form, _ := url.ParseQuery(query)
	return form
}

// sensorsPayload returns the JSON of a request: an object or a list. Some senders post the JSON as it is.
func sensorsPayload(body []byte, query string) ([]byte, error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		body = trimmed
	} else {
		form := sensorsForm(body, query)
		data := form.Get("data_list")
		if data == "" {
			data = form.Get("data")
		}
		if data == "" {
			return nil, errors.New("neither data nor data_list")
		}
		body = []byte(data)
		if data[0] != '{' && data[0] != '[' {
			if body = unbase64(data); body == nil {
				return nil, errors.New("data is no base64")
			}
		}
		if len(body) > 2 && body[0] == 0x1f && body[1] == 0x8b {
			var err error
			if body, err = inflate(bytes.NewReader(body), maxInflated); err != nil {
				return nil, err
			}
		}
	}
	if !readable(body) {
		return nil, errors.New("data is no JSON")
	}
	if root := gjson.ParseBytes(body); !root.IsObject() && !root.IsArray() {
		return nil, errors.New("data is neither an object nor a list")
	}
	return body, nil
}

// inflate unpacks gzip up to a number of bytes.
func inflate(r io.Reader, most int64) ([]byte, error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return nil, errInflate
	}
	out, err := io.ReadAll(io.LimitReader(zip, most+1))
	if err != nil || int64(len(out)) > most {
		return nil, errInflate
	}
	return out, nil
}

// sensorsSum is the number that the JS SDK sends as ext=crc=…: Java's hash of the base64 text.
func sensorsSum(data string) int32 {
	var h int32
	for i := range len(data) {
		h = h*31 + int32(data[i])
	}
	return h
}

// sensorsRecord is a record with its members found in one pass.
type sensorsCall struct {
	kind, event, distinct, original, login, anonymous, item, itemType, track string
	time, flush, timeFree                                                    gjson.Result
	identities, properties, lib                                              gjson.Result
}

func readRecord(r gjson.Result) sensorsCall {
	var c sensorsCall
	read := func(name, v gjson.Result) bool {
		switch name.Str {
		case "type":
			c.kind = v.Str
		case "event":
			c.event = text(v)
		case "distinct_id":
			c.distinct = text(v)
		case "original_id":
			c.original = text(v)
		case "login_id":
			c.login = text(v)
		case "anonymous_id":
			c.anonymous = text(v)
		case "item_id", "id", "detail_id":
			c.item = strings.TrimPrefix(text(v), "SENSORS_ID:")
		case "item_type", "schema", "detail_type":
			c.itemType = text(v)
		case "_track_id":
			c.track = text(v)
		case "time":
			c.time = v
		case "_flush_time":
			c.flush = v
		case "time_free":
			c.timeFree = v
		case "identities":
			c.identities = v
		case "properties":
			c.properties = v
		case "lib":
			c.lib = v
		}
		return true
	}
	r.ForEach(read)
	if r.Get("version").Exists() && c.properties.IsObject() { // 2.0: who it is stands among the properties
		c.properties.ForEach(func(name, v gjson.Result) bool {
			switch name.Str {
			case "distinct_id":
				c.distinct = text(v)
			case "identities":
				c.identities = v
			}
			return true
		})
		if c.distinct == "" && (c.itemType == "users" || c.itemType == "events") {
			c.distinct = c.item
		}
	}
	return c
}

// sensorsKinds are the record types and what they are to us.
var sensorsKinds = map[string]string{
	"track": Track, "track_signup": Bind, "track_id_bind": Bind, "track_id_unbind": Unbind, "bind": Bind, "unbind": Unbind,
	"profile_set": Identify, "profile_set_once": Identify, "profile_increment": Identify, "profile_append": Identify,
	"profile_unset": Identify, "profile_delete": Identify,
	"item_set": Item, "item_delete": Item, "detail_set": Item, "detail_delete": Item,
}

// sensorsViews are the events that say that a page or a screen was shown.
var sensorsViews = map[string]bool{"$pageview": true, "$MPViewScreen": true, "$AppViewScreen": true}

// sensorsRecord decodes one record.
func (d *decoder) sensorsRecord(r gjson.Result, index int) {
	if !r.IsObject() {
		d.reject("not_an_object", "a record is no object", r.Raw)
		return
	}
	if d.oversize(r.Raw) {
		return
	}
	c := readRecord(r)
	kind, known := sensorsKinds[c.kind]
	if !known {
		d.reject("unknown_type", clip(c.kind, 50), r.Raw)
		return
	}
	if reason, detail := c.wrong(kind); reason != "" {
		d.reject(reason, detail, r.Raw)
		return
	}
	ev := d.event(kind)
	at := unixTime(c.time.Num)
	if at.IsZero() {
		d.reject("bad_time", clip(c.time.Raw, 50), r.Raw)
		return
	}
	ev.At = d.moment(at, unixTime(c.flush.Num))
	if free := c.timeFree.Exists() && c.timeFree.Type != gjson.Null; !free {
		if age := d.env.ReceivedAt.Sub(at); ev.At.Before(d.env.ReceivedAt.Add(-sensorsPast)) || !c.flush.Exists() && age < -sensorsFuture {
			d.reject("time_out_of_range", at.Format(time.RFC3339), r.Raw)
			return
		}
	}
	ev.Key = d.place(index)
	if c.track != "" {
		what := c.event
		if what == "" {
			what = c.kind + " " + c.itemType + " " + c.item
		}
		ev.Key = fingerprint("sa:", c.distinct, c.track, c.time.Raw, what)
	}
	if kind == Item {
		d.sensorsItem(ev, c, r.Raw)
		return
	}
	d.sensorsKeys(&ev, c)
	d.sensorsContext(&ev, c)
	switch kind {
	case Identify:
		if !d.sensorsTraits(&ev, c, r.Raw) {
			return
		}
	default:
		ev.Name = c.event
		if sensorsViews[c.event] {
			ev.Kind = View
		}
		if c.properties.IsObject() {
			ev.Props = clean(c.properties.Raw)
		}
	}
	d.add(ev, r.Raw)
}

// wrong returns why a record breaks 神策's rules, "" when it keeps them.
func (c *sensorsCall) wrong(kind string) (reason, detail string) {
	if kind != Item {
		if len(c.distinct) > maxKey || c.distinct == "" && !c.identities.IsObject() {
			return "bad_distinct_id", "distinct_id must have 1 to 255 characters"
		}
	}
	if kind == Track || kind == Bind || kind == Unbind {
		if c.event == "" && kind == Track {
			return "no_event_name", "the event has no name"
		}
		if c.event != "" && (!sensorsName.MatchString(c.event) || sensorsReserved.MatchString(c.event)) {
			return "bad_name", "event " + strconv.Quote(clip(c.event, 100))
		}
	}
	if c.properties.Exists() && !c.properties.IsObject() {
		return "bad_properties", "properties is no object"
	}
	c.properties.ForEach(func(name, v gjson.Result) bool {
		if name.Str == "identities" || name.Str == "distinct_id" || name.Str == "user_id" { // 2.0 has them here
			return true
		}
		if !nameFits(name.Str) || sensorsReserved.MatchString(name.Str) {
			reason, detail = "bad_name", "property "+strconv.Quote(clip(name.Str, 100))
			return false
		}
		if problem := valueProblem(v); problem != "" {
			reason, detail = "bad_value", "property "+clip(name.Str, 100)+": "+problem
		}
		return reason == ""
	})
	return reason, detail
}

// nameFits is sensorsName without the cost of a regular expression.
func nameFits(s string) bool {
	if s == "" || len(s) > 100 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// valueProblem says what is wrong with a property: it may be a number, a truth value, a text or a list of texts.
func valueProblem(v gjson.Result) string {
	switch {
	case v.Type == gjson.String && len(v.Str) > sensorsText:
		return fmt.Sprintf("a text of %d bytes", len(v.Str))
	case v.IsObject():
		return "an object"
	case v.IsArray():
		n, problem := 0, ""
		v.ForEach(func(_, item gjson.Result) bool {
			if n++; item.Type != gjson.String {
				problem = "a list of other things than texts"
			} else if n > sensorsList {
				problem = fmt.Sprintf("a list of more than %d", sensorsList)
			}
			return problem == ""
		})
		return problem
	}
	return ""
}

// identityKinds are the identities of ID-Mapping 3 and the kind of key they are; one that is not here and ends in _id is a
// device's.
var identityKinds = map[string]string{
	"$identity_login_id": KeyUser,
	"$identity_mobile":   KeyPhone, "$identity_email": KeyEmail,
	"$identity_mp_unionid": KeyUnion, "$identity_wechat_unionid": KeyUnion, "$identity_unionid": KeyUnion,
	"$identity_mp_openid": KeyOpen, "$identity_wechat_openid": KeyOpen, "$identity_openid": KeyOpen,
	"$identity_external_userid": KeyExternalUser, "$identity_card": KeyCard,
	"$identity_cookie_id": KeyDevice, "$identity_anonymous_id": KeyDevice, "$identity_android_id": KeyDevice,
	"$identity_android_uuid": KeyDevice, "$identity_ios_uuid": KeyDevice, "$identity_idfv": KeyDevice, "$identity_idfa": KeyDevice,
	"$identity_oaid": KeyDevice, "$identity_imei": KeyDevice, "$identity_mp_id": KeyDevice, "$identity_device_id": KeyDevice,
	"$identity_distinct_id": KeyDevice, "$identity_harmony_uuid": KeyDevice,
}

// sensorsKeys finds whose a record is. An identity that we have no kind of becomes a trait.
func (d *decoder) sensorsKeys(ev *Event, c sensorsCall) {
	login := c.login
	n := 0
	c.identities.ForEach(func(name, v gjson.Result) bool {
		n++
		value := text(v)
		kind, known := identityKinds[name.Str]
		switch {
		case known && kind == KeyUser:
			login = value
			d.key(ev, KeyUser, value)
		case known:
			d.key(ev, kind, value)
		case nameFits(name.Str) && sane(value, maxKey):
			ev.trait("set", strings.TrimPrefix(name.Str, "$"), quoted(value))
		}
		return n < 20
	})
	if ev.Kind == Unbind {
		if n == 0 {
			d.key(ev, KeyDevice, c.original)
		}
		return // only what is named is taken off
	}
	d.key(ev, KeyUser, c.login)
	d.key(ev, KeyDevice, c.anonymous)
	signup := c.kind == "track_signup"
	switch {
	case c.distinct == "" || composed(c.distinct, c.identities):
	case c.distinct == login:
	case signup || c.properties.Get(`\$is_login_id`).Bool():
		d.key(ev, KeyUser, c.distinct)
	default:
		d.key(ev, KeyDevice, c.distinct)
	}
	if signup {
		d.key(ev, KeyDevice, c.original)
		if login == "" { // a sender that knows no identities names the person by this alone from now on, without saying that it is a login
			d.key(ev, KeyDevice, c.distinct)
		}
	}
}

// composed reports whether a server SDK made the distinct_id of an identity, for want of a login id: name+value.
func composed(distinct string, identities gjson.Result) bool {
	name, value, ok := strings.Cut(distinct, "+")
	return ok && identities.IsObject() && text(identities.Get(gjson.Escape(name))) == value
}

// sensorsTraits turns a profile record into operations; false when it was rejected.
func (d *decoder) sensorsTraits(ev *Event, c sensorsCall, raw string) bool {
	op := map[string]string{"profile_set": "set", "profile_set_once": "set_once", "profile_increment": "inc", "profile_append": "append", "profile_unset": "unset"}[c.kind]
	if c.kind == "profile_delete" {
		if !d.src.Trusted {
			d.reject("not_trusted", "only a trusted source may delete a profile", raw)
			return false
		}
		ev.trait("unset", "*", nil)
		return true
	}
	problem := ""
	c.properties.ForEach(func(name, v gjson.Result) bool {
		if name.Str == "identities" || name.Str == "distinct_id" || name.Str == "user_id" || name.Str == "$is_login_id" {
			return true
		}
		key := strings.Clone(name.Str)
		switch {
		case op == "unset":
			ev.trait(op, key, nil)
		case v.Type == gjson.Null:
		case op == "inc" && v.Type != gjson.Number:
			problem = key + " is no number"
		case op == "append" && v.Type == gjson.String:
			ev.trait(op, key, clean("["+v.Raw+"]"))
		case op == "append" && !v.IsArray():
			problem = key + " is no list"
		default:
			ev.trait(op, key, clean(v.Raw))
			if kind, ok := knownTraits[strings.TrimPrefix(key, "$")]; ok && d.src.Trusted && op != "inc" && op != "append" {
				d.key(ev, kind, text(v))
			}
		}
		return problem == ""
	})
	if problem != "" {
		d.reject("bad_value", clip(problem, 200), raw)
		return false
	}
	return true
}

// sensorsItem is a record of a thing: Name is its type, Props its attributes with item_id.
func (d *decoder) sensorsItem(ev Event, c sensorsCall, raw string) {
	if !sane(c.item, maxKey) || !sane(c.itemType, maxName) {
		d.reject("no_item", "item_type or item_id is missing", raw)
		return
	}
	ev.Name = c.itemType
	props := `{"item_id":` + string(quoted(c.item))
	if strings.HasSuffix(c.kind, "_delete") {
		props += `,"$deleted":true`
	}
	if inner := strings.TrimSpace(c.properties.Raw); c.properties.IsObject() && strings.TrimSpace(inner[1:len(inner)-1]) != "" {
		props += "," + inner[1:]
	} else {
		props += "}"
	}
	ev.Props = clean(props)
	d.add(ev, raw)
}

// sensorsContext reads the preset properties.
func (d *decoder) sensorsContext(ev *Event, c sensorsCall) {
	x := &ev.Context
	lib, version := c.lib.Get(`\$lib`), c.lib.Get(`\$lib_version`)
	osName, osVersion := "", ""
	latest := Context{}
	c.properties.ForEach(func(name, v gjson.Result) bool {
		if name.Str == "" || name.Str[0] != '$' {
			return true
		}
		switch name.Str {
		case "$lib":
			lib = v
		case "$lib_version":
			version = v
		case "$os":
			osName = label(v, 40)
		case "$os_version":
			osVersion = label(v, 40)
		case "$ip":
			x.IP = label(v, 64)
		case "$user_agent":
			x.UserAgent = label(v, 500)
		case "$url":
			x.URL = label(v, 2000)
		case "$url_path", "$screen_name":
			if x.URL == "" {
				x.URL = label(v, 2000)
			}
		case "$title":
			x.Title = label(v, 300)
		case "$referrer":
			x.Referrer = label(v, 2000)
		case "$utm_source":
			x.UTMSource = label(v, 200)
		case "$utm_medium":
			x.UTMMedium = label(v, 200)
		case "$utm_campaign":
			x.UTMCampaign = label(v, 200)
		case "$utm_content":
			x.UTMContent = label(v, 200)
		case "$utm_term":
			x.UTMTerm = label(v, 200)
		case "$latest_utm_source":
			latest.UTMSource = label(v, 200)
		case "$latest_utm_medium":
			latest.UTMMedium = label(v, 200)
		case "$latest_utm_campaign":
			latest.UTMCampaign = label(v, 200)
		case "$latest_utm_content":
			latest.UTMContent = label(v, 200)
		case "$latest_utm_term":
			latest.UTMTerm = label(v, 200)
		case "$latest_referrer":
			latest.Referrer = label(v, 2000)
		case "$is_first_day":
			x.FirstDay = v.Bool()
		case "$event_session_id", "$session_id":
			x.Session = label(v, 100)
		}
		return true
	})
	x.Library = strings.TrimSpace(label(lib, 80) + " " + label(version, 40))
	x.OS = strings.TrimSpace(osName + " " + osVersion)
	for _, p := range []struct {
		to   *string
		from string
	}{{&x.UTMSource, latest.UTMSource}, {&x.UTMMedium, latest.UTMMedium}, {&x.UTMCampaign, latest.UTMCampaign}, {&x.UTMContent, latest.UTMContent},
		{&x.UTMTerm, latest.UTMTerm}, {&x.Referrer, latest.Referrer}} {
		if *p.to == "" {
			*p.to = p.from
		}
	}
	if x.IP == "" {
		d.surroundings(ev, false)
	} else if x.UserAgent == "" && (d.src.Kind == Browser || d.src.Kind == MobileApp) {
		x.UserAgent = clip(d.env.UserAgent, 500)
	}
}
