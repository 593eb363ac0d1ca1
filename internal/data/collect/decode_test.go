package collect_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/data/collect"
)

var (
	received = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	page     = &collect.Source{ID: "src_page", Kind: collect.Browser}
	server   = &collect.Source{ID: "src_server", Kind: collect.Server, Trusted: true}
)

func segment(path, body string) *collect.Envelope {
	return &collect.Envelope{Protocol: collect.Segment, Source: "src_1", Path: path, ReceivedAt: received, IP: "203.0.113.9", UserAgent: "Mozilla/5.0", Body: []byte(body)}
}

func sensors(record string) *collect.Envelope {
	form := url.Values{"data": {base64.StdEncoding.EncodeToString([]byte(record))}}
	return &collect.Envelope{Protocol: collect.Sensors, Source: "src_1", Path: "sa", ReceivedAt: received, IP: "203.0.113.9", UserAgent: "Mozilla/5.0", Body: []byte(form.Encode())}
}

// one decodes an envelope that tells exactly one event.
func one(t *testing.T, e *collect.Envelope, src *collect.Source) collect.Event {
	t.Helper()
	events, bad := e.Decode(src)
	if len(events) != 1 || len(bad) != 0 {
		t.Fatalf("%d events, bad %+v", len(events), bad)
	}
	return events[0]
}

func TestSegmentBatchOfAnalyticsNode(t *testing.T) {
	e := segment("batch", `{"batch":[{"timestamp":"2026-11-22T07:59:58.000Z","integrations":{},"type":"track","event":"Order Completed","userId":"u1",
		"properties":{"total":12.5},"context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"}},"messageId":"node-next-1-a"},
		{"type":"page","anonymousId":"a1","name":"首页","messageId":"m2","context":{"page":{"url":"https://shop.example/","title":"首页"}}}],
		"context":{"campaign":{"source":"wx"},"ip":"198.51.100.4"},"writeKey":"WK1","sentAt":"2026-11-22T07:59:59.000Z"}`)
	events, bad := e.Decode(server)
	if len(bad) != 0 {
		t.Fatal(bad)
	}
	want := []collect.Event{
		{Key: "node-next-1-a", Source: "src_1", Kind: collect.Track, Name: "Order Completed", Keys: []collect.Key{{Kind: "user", Value: "u1"}},
			At: received.Add(-time.Second), ReceivedAt: received, Props: json.RawMessage(`{"total":12.5}`),
			Context: collect.Context{Library: "@segment/analytics-node 3.1.0", IP: "198.51.100.4", UTMSource: "wx"}},
		{Key: "m2", Source: "src_1", Kind: collect.View, Name: "首页", Keys: []collect.Key{{Kind: "device", Value: "a1"}}, At: received, ReceivedAt: received,
			Context: collect.Context{IP: "198.51.100.4", UTMSource: "wx", URL: "https://shop.example/", Title: "首页"}},
	}
	if d := cmp.Diff(want, events); d != "" {
		t.Error(d)
	}
}

func TestStrangersCannotTakeSomebodysKeys(t *testing.T) {
	body := `{"userId":"u9","anonymousId":"a1","traits":{"phone":"13800138000","email":"Li@Example.com","unionid":"o1"},"messageId":"m"}`
	ev := one(t, segment("i", body), page)
	if d := cmp.Diff([]collect.Key{{Kind: "user", Value: "u9"}, {Kind: "device", Value: "a1"}}, ev.Keys); d != "" {
		t.Error(d)
	}
	if len(ev.Traits) != 3 {
		t.Errorf("traits %v", ev.Traits)
	}
	ev = one(t, segment("identify", body), server)
	want := []collect.Key{{Kind: "user", Value: "u9"}, {Kind: "unionid", Value: "o1"}, {Kind: "phone", Value: "13800138000"}, {Kind: "email", Value: "li@example.com"}, {Kind: "device", Value: "a1"}}
	if d := cmp.Diff(want, ev.Keys); d != "" {
		t.Error(d)
	}
	bind := `{"_track_id":1,"time":1795334390000,"type":"track_id_bind","event":"$BindID","distinct_id":"u9","identities":{"$identity_login_id":"u9","$identity_mobile":"13800138000"},"properties":{}}`
	if ev = one(t, sensors(bind), page); len(ev.Keys) != 1 || ev.Keys[0].Kind != "user" || len(ev.Traits) != 1 {
		t.Errorf("keys %v traits %v", ev.Keys, ev.Traits)
	}
	if ev = one(t, sensors(bind), server); len(ev.Keys) != 2 {
		t.Errorf("keys %v", ev.Keys)
	}
	_, bad := sensors(`{"_track_id":1,"time":1795334390000,"type":"profile_delete","distinct_id":"u9"}`).Decode(page)
	if len(bad) != 1 || bad[0].Reason != "not_trusted" {
		t.Errorf("bad %+v", bad)
	}
}

func TestSegmentCalls(t *testing.T) {
	for _, c := range []struct {
		path, body, kind, name string
		keys                   int
		bad                    string
	}{
		{"t", `{"event":"x","userId":7}`, collect.Track, "x", 1, ""},
		{"track", `{"event":"x"}`, "", "", 0, "no_identity"},
		{"track", `{"userId":"u"}`, "", "", 0, "no_event_name"},
		{"p", `{"anonymousId":"a","properties":{"name":"cart","url":"https://s.example/c"}}`, collect.View, "cart", 1, ""},
		{"s", `{"anonymousId":"a","name":"Home"}`, collect.View, "Home", 1, ""},
		{"g", `{"userId":"u","groupId":"g1","traits":{"size":3}}`, collect.Identify, "", 1, ""},
		{"g", `{"userId":"u"}`, "", "", 0, "no_group"},
		{"a", `{"userId":"u","previousId":"a"}`, collect.Bind, "", 2, ""},
		{"batch", `{"batch":[{"type":"nope","userId":"u"}]}`, "", "", 0, "unknown_type"},
		{"batch", `{"batch":[17]}`, "", "", 0, "not_an_object"},
		{"batch", `{"batch":{}}`, "", "", 0, "no_batch"},
		{"track", `{"event":"` + strings.Repeat("x", 33<<10) + `","userId":"u"}`, "", "", 0, "too_large"},
		{"track", `{"event":"x","userId":"u","properties":{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}`, "", "", 0, "too_deep"},
		{"track", `{"event":`, "", "", 0, "invalid_json"},
		{"track", `{"event":"x\u0000y","userId":"u"}`, "", "", 0, "bad_name"},
	} {
		events, bad := segment(c.path, c.body).Decode(server)
		switch {
		case c.bad != "":
			if len(bad) != 1 || bad[0].Reason != c.bad || len(events) != 0 {
				t.Errorf("%.60s: %d events, bad %.200v", c.body, len(events), bad)
			}
		case len(events) != 1 || events[0].Kind != c.kind || events[0].Name != c.name || len(events[0].Keys) != c.keys:
			t.Errorf("%.60s: %+v, bad %v", c.body, events, bad)
		}
	}
}

func TestAnEventWithoutIDHasOneKeyHoweverOftenItIsRead(t *testing.T) {
	e := segment("batch", `{"batch":[{"type":"track","event":"x","userId":"u"},{"type":"track","event":"x","userId":"u"}]}`)
	first, _ := e.Decode(server)
	again, _ := e.Decode(server)
	if d := cmp.Diff(first, again); d != "" || first[0].Key == first[1].Key {
		t.Errorf("%s\n%s %s", d, first[0].Key, first[1].Key)
	}
	e.ReceivedAt = received.Add(time.Millisecond)
	if later, _ := e.Decode(server); later[0].Key == first[0].Key {
		t.Error("another request has the same key")
	}
}

func TestClockSkew(t *testing.T) {
	for _, c := range []struct {
		at, sent string
		want     time.Time
	}{
		{"2026-11-22T03:00:00Z", "2026-11-22T03:00:10Z", received.Add(-10 * time.Second)}, // a clock five hours slow
		{"2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z", received.Add(-time.Hour)},        // years fast
		{"2026-11-22T07:00:00Z", "", received.Add(-time.Hour)},
		{"2027-11-22T07:00:00Z", "", received},                     // the future
		{"2026-11-22T07:00:10Z", "2026-11-22T07:00:00Z", received}, // after it was sent
		{"yesterday", "2026-11-22T07:00:00Z", received},
		{"1970-01-01T00:00:01Z", "", received},
		{"1795332600000", "", received.Add(-10*time.Minute - 0)},
	} {
		at := `"` + c.at + `"`
		if c.at[0] == '1' && !strings.Contains(c.at, "-") {
			at = "1795333800000"
		}
		ev := one(t, segment("track", `{"event":"x","userId":"u","timestamp":`+at+`,"sentAt":"`+c.sent+`"}`), server)
		if !ev.At.Equal(c.want) {
			t.Errorf("%s sent %s: %s, want %s", c.at, c.sent, ev.At, c.want)
		}
	}
}

func TestSensorsRecords(t *testing.T) {
	const when = `"time":1795334390000`
	for _, c := range []struct {
		record string
		kind   string
		keys   []collect.Key
		traits []collect.TraitOp
		bad    string
	}{
		{`{"_track_id":1,` + when + `,"type":"track","event":"Buy","distinct_id":"d1","properties":{"$is_login_id":true,"n":1}}`, collect.Track, []collect.Key{{Kind: "user", Value: "d1"}}, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"track","event":"$pageview","distinct_id":"d1","anonymous_id":"d1","identities":{"$identity_cookie_id":"d1"},"properties":{"$title":"首页"}}`, collect.View, []collect.Key{{Kind: "device", Value: "d1"}}, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"track_signup","event":"$SignUp","distinct_id":"u1","login_id":"u1","anonymous_id":"c1","original_id":"c1","identities":{"$identity_cookie_id":"c1","$identity_login_id":"u1","$identity_anonymous_id":"c1"},"properties":{}}`,
			collect.Bind, []collect.Key{{Kind: "user", Value: "u1"}, {Kind: "device", Value: "c1"}}, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"track_signup","event":"$SignUp","distinct_id":"u1","original_id":"c1","properties":{}}`,
			collect.Bind, []collect.Key{{Kind: "user", Value: "u1"}, {Kind: "device", Value: "c1"}, {Kind: "device", Value: "u1"}}, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"track_id_unbind","event":"$UnbindID","distinct_id":"u1","identities":{"$identity_mobile":"13800138000"},"properties":{}}`,
			collect.Unbind, []collect.Key{{Kind: "phone", Value: "13800138000"}}, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"track","event":"Buy","distinct_id":"$identity_mobile+13800138000","identities":{"$identity_mobile":"13800138000"},"properties":{}}`,
			collect.Track, []collect.Key{{Kind: "phone", Value: "13800138000"}}, nil, ""},
		{`{"_track_id":1,"version":"2.0","schema":"events",` + when + `,"type":"track","event":"Buy","properties":{"distinct_id":"u1","identities":{"$identity_login_id":"u1"},"n":1}}`,
			collect.Track, []collect.Key{{Kind: "user", Value: "u1"}}, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"profile_set","distinct_id":"d1","properties":{"city":"杭州"}}`, collect.Identify, []collect.Key{{Kind: "device", Value: "d1"}}, []collect.TraitOp{{Op: "set", Name: "city", Value: json.RawMessage(`"杭州"`)}}, ""},
		{`{"_track_id":1,` + when + `,"type":"profile_set_once","distinct_id":"d1","properties":{"a":1}}`, collect.Identify, []collect.Key{{Kind: "device", Value: "d1"}}, []collect.TraitOp{{Op: "set_once", Name: "a", Value: json.RawMessage(`1`)}}, ""},
		{`{"_track_id":1,` + when + `,"type":"profile_increment","distinct_id":"d1","properties":{"a":1}}`, collect.Identify, []collect.Key{{Kind: "device", Value: "d1"}}, []collect.TraitOp{{Op: "inc", Name: "a", Value: json.RawMessage(`1`)}}, ""},
		{`{"_track_id":1,` + when + `,"type":"profile_append","distinct_id":"d1","properties":{"a":["x"]}}`, collect.Identify, []collect.Key{{Kind: "device", Value: "d1"}}, []collect.TraitOp{{Op: "append", Name: "a", Value: json.RawMessage(`["x"]`)}}, ""},
		{`{"_track_id":1,` + when + `,"type":"profile_unset","distinct_id":"d1","properties":{"age":true}}`, collect.Identify, []collect.Key{{Kind: "device", Value: "d1"}}, []collect.TraitOp{{Op: "unset", Name: "age"}}, ""},
		{`{"_track_id":1,` + when + `,"type":"profile_delete","distinct_id":"d1","properties":{}}`, collect.Identify, []collect.Key{{Kind: "device", Value: "d1"}}, []collect.TraitOp{{Op: "unset", Name: "*"}}, ""},
		{`{"_track_id":1,` + when + `,"type":"item_set","item_type":"sku","item_id":"s1","properties":{"price":9}}`, collect.Item, nil, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"item_delete","item_type":"sku","item_id":"s1","properties":{}}`, collect.Item, nil, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"profile_increment","distinct_id":"d1","properties":{"a":"x"}}`, "", nil, nil, "bad_value"},
		{`{"_track_id":1,` + when + `,"type":"track","event":"1st","distinct_id":"d1","properties":{}}`, "", nil, nil, "bad_name"},
		{`{"_track_id":1,` + when + `,"type":"track","event":"users","distinct_id":"d1","properties":{}}`, "", nil, nil, "bad_name"},
		{`{"_track_id":1,` + when + `,"type":"track","event":"x","distinct_id":"d1","properties":{"user_group_a":1}}`, "", nil, nil, "bad_name"},
		{`{"_track_id":1,` + when + `,"type":"track","event":"x","distinct_id":"d1","properties":{"a":{"b":1}}}`, "", nil, nil, "bad_value"},
		{`{"_track_id":1,` + when + `,"type":"track","event":"x","distinct_id":"d1","properties":{"a":[1]}}`, "", nil, nil, "bad_value"},
		{`{"_track_id":1,"time":1,"type":"track","event":"x","distinct_id":"d1","properties":{}}`, "", nil, nil, "bad_time"},
		{`{"_track_id":1,"time":1595334390000,"type":"track","event":"x","distinct_id":"d1","properties":{}}`, "", nil, nil, "time_out_of_range"},
		{`{"_track_id":1,"time":1595334390000,"time_free":true,"type":"track","event":"x","distinct_id":"d1","properties":{}}`, collect.Track, []collect.Key{{Kind: "device", Value: "d1"}}, nil, ""},
		{`{"_track_id":1,` + when + `,"type":"track","event":"x","distinct_id":"","properties":{}}`, "", nil, nil, "bad_distinct_id"},
		{`{"_track_id":1,` + when + `,"type":"dance","distinct_id":"d1"}`, "", nil, nil, "unknown_type"},
	} {
		events, bad := sensors(c.record).Decode(server)
		if c.bad != "" {
			if len(bad) != 1 || bad[0].Reason != c.bad {
				t.Errorf("%s: %+v %+v", c.record, events, bad)
			}
			continue
		}
		if len(events) != 1 || events[0].Kind != c.kind {
			t.Errorf("%s: %+v %+v", c.record, events, bad)
			continue
		}
		if d := cmp.Diff(c.keys, events[0].Keys) + cmp.Diff(c.traits, events[0].Traits); d != "" {
			t.Errorf("%s: %s", c.record, d)
		}
	}
}

func TestSensorsEncodings(t *testing.T) {
	const list = `[{"_track_id":7,"time":1795334390000,"type":"track","event":"A","distinct_id":"d","properties":{"$lib":"Go","$ip":"198.51.100.7"}},` +
		`{"_track_id":8,"time":1795334390000,"type":"track","event":"B","distinct_id":"d","properties":{}}]`
	flat, packed := base64.StdEncoding.EncodeToString([]byte(list)), base64.StdEncoding.EncodeToString([]byte(zipped(t, list)))
	for name, e := range map[string]*collect.Envelope{
		"Go SDK":         {Body: []byte("data_list=" + url.QueryEscape(packed) + "&gzip=1")},
		"sniffed":        {Body: []byte("gzip=0&data_list=" + url.QueryEscape(packed))},
		"bare pluses":    {Body: []byte("data_list=" + packed)},
		"plain":          {Body: []byte("ext=crc%3D1&data_list=" + url.QueryEscape(flat))},
		"image":          {Query: "project=default&data_list=" + url.QueryEscape(flat)},
		"JSON as it is":  {Body: []byte(list)},
		"data of a list": {Body: []byte("data=" + url.QueryEscape(flat))},
	} {
		e.Protocol, e.Source, e.ReceivedAt = collect.Sensors, "src_1", received
		events, bad := e.Decode(server)
		if len(events) != 2 || len(bad) != 0 || events[0].Context.IP != "198.51.100.7" || events[0].Key == events[1].Key {
			t.Errorf("%s: %+v %+v", name, events, bad)
		}
	}
	bomb := zipped(t, "["+strings.Repeat(" ", 64<<20)+"]")
	e := &collect.Envelope{Protocol: collect.Sensors, Body: []byte("gzip=1&data_list=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(bomb)))), ReceivedAt: received}
	if events, bad := e.Decode(server); len(events) != 0 || len(bad) != 1 {
		t.Errorf("a bomb: %d events, %d bad", len(events), len(bad))
	}
}

func TestWebhookByMapping(t *testing.T) {
	src := &collect.Source{ID: "src_h", Kind: collect.Hook, Trusted: true, Mapping: collect.Mapping{
		Each: "data.orders", Name: "=Order Paid", ID: "no", At: "paid", Amount: "total",
		Keys:   []collect.MappedKey{{Kind: "phone", Path: "buyer.mobile"}, {Kind: "user", Path: "buyer.id"}},
		Traits: []collect.MappedAs{{Name: "city", Path: "buyer.city"}},
		Props:  []collect.MappedAs{{Name: "sku", Path: "lines.0.sku"}},
	}}
	e := &collect.Envelope{Protocol: collect.Webhook, Source: "src_h", ReceivedAt: received, Body: []byte(
		`{"data":{"orders":[{"no":"T1","paid":"2026-11-22 15:30:00","total":"19.99","buyer":{"id":5,"mobile":"+86 138 0013 8000","city":"杭州"},"lines":[{"sku":"s1"}]},{"no":"T2"}]}}`)}
	events, bad := e.Decode(src)
	if len(events) != 1 || len(bad) != 1 || bad[0].Reason != "no_identity" {
		t.Fatalf("%+v %+v", events, bad)
	}
	ev := events[0]
	if ev.Name != "Order Paid" || !ev.At.Equal(received.Add(-30*time.Minute)) || string(ev.Props) != `{"amount_fen":1999,"sku":"s1"}` {
		t.Errorf("%+v %s", ev, ev.Props)
	}
	if d := cmp.Diff([]collect.Key{{Kind: "user", Value: "5"}, {Kind: "phone", Value: "13800138000"}}, ev.Keys); d != "" {
		t.Error(d)
	}
}

func TestHostileValuesAreMadeHarmless(t *testing.T) {
	ev := one(t, segment("track", `{"event":"x","userId":"u","properties":{"a":"n\u0000ul","b":1e999,"c":"`+"\xff"+`","d":1,"d":2,"e":"\ud800"}}`), server)
	var props map[string]any
	if err := json.Unmarshal(ev.Props, &props); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]any{"a": "nul", "b": "1e999", "c": "\uFFFD", "d": 2.0, "e": "\uFFFD"}, props); d != "" {
		t.Error(d)
	}
}

// check holds for whatever comes out of any input.
func check(t *testing.T, e *collect.Envelope) {
	t.Helper()
	for _, src := range []*collect.Source{nil, page, server} {
		events, bad := e.Decode(src)
		for _, ev := range events {
			if ev.Key == "" || !utf8.ValidString(ev.Key) || !utf8.ValidString(ev.Name) || len(ev.Keys) == 0 && ev.Kind != collect.Item || ev.At.After(ev.ReceivedAt) {
				t.Fatalf("event %+v", ev)
			}
			for _, k := range ev.Keys {
				if k.Value == "" || strings.ContainsRune(k.Value, 0) || src != server && k.Kind != "user" && k.Kind != "device" {
					t.Fatalf("key %+v", k)
				}
			}
			raw, err := json.Marshal(ev)
			if err != nil || !utf8.Valid(raw) {
				t.Fatalf("%v: %q", err, ev.Props)
			}
			var v struct{ Props map[string]any }
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatalf("%v: %s", err, raw)
			}
		}
		for _, b := range bad {
			if b.Reason == "" || !json.Valid(b.Raw) {
				t.Fatalf("bad %+v", b)
			}
		}
		again, _ := e.Decode(src)
		if d := cmp.Diff(events, again); d != "" {
			t.Fatal(d)
		}
	}
}

func FuzzSegment(f *testing.F) {
	for _, path := range []string{"batch", "t", "i", "pixel/track"} {
		f.Add(path, "data=e30", []byte(`{"batch":[{"type":"track","event":"x","userId":"u","properties":{"a":[1,{"b":null}]},"traits":{"phone":"13800138000"},"timestamp":1e12}],"sentAt":"2026-01-01T00:00:00Z"}`))
	}
	f.Fuzz(func(t *testing.T, path, query string, body []byte) {
		check(t, &collect.Envelope{Protocol: collect.Segment, Source: "s", Path: path, Query: query, ReceivedAt: received, Body: body})
	})
}

func FuzzSensors(f *testing.F) {
	f.Add("data=e30", []byte(`[{"_track_id":7,"time":1795334390000,"type":"track_signup","event":"A","distinct_id":"d","identities":{"$identity_mobile":"1"},"properties":{"$lib":"Go"}}]`))
	f.Add("", []byte(`{"version":"2.0","time":1795334390000,"type":"item_set","schema":"x","id":"SENSORS_ID:1","properties":{}}`))
	f.Fuzz(func(t *testing.T, query string, body []byte) {
		check(t, &collect.Envelope{Protocol: collect.Sensors, Source: "s", Path: "sa", Query: query, ReceivedAt: received, Body: body})
	})
}
