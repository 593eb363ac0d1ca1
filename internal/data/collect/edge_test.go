package collect_test

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"huoshui/internal/data/collect"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// ground is an edge over a real store and a log in memory.
type ground struct {
	*testing.T
	db      *store.DB
	log     *memory
	sources *collect.Sources
	url     string
	web     collect.SourceView
	server  collect.SourceView
	hook    collect.SourceView
	behind  int64
}

func newGround(t *testing.T, db *store.DB) *ground {
	t.Helper()
	keys, err := secret.Load("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := &ground{T: t, db: db, log: &memory{}, sources: collect.NewSources(db, keys, clock.System)}
	accept := collect.NewAccepter(g.log, func() int64 { return g.behind })
	edge := collect.NewEdge(g.sources, accept, collect.EdgeOptions{
		Log: slog.New(slog.DiscardHandler), Now: clock.System, Remote: func(*http.Request) string { return "203.0.113.9" },
	})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !edge.Takes(r) {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		edge.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { srv.Close(); accept.Close() })
	g.url = srv.URL
	make := func(d collect.SourceDraft) collect.SourceView {
		v, err := g.sources.Create(t.Context(), d, "staff_1")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	g.web = make(collect.SourceDraft{Name: "Shop", Kind: collect.Browser, Origins: []string{"https://shop.example", "https://*.brand.example"}})
	g.server = make(collect.SourceDraft{Name: "Backend", Kind: collect.Server})
	g.hook = make(collect.SourceDraft{Name: "ERP", Kind: collect.Hook, Mapping: &collect.Mapping{Name: "type", Keys: []collect.MappedKey{{Kind: "user", Path: "user"}}}})
	return g
}

// send makes a request and returns status, body and header; head is pairs of names and values.
func (g *ground) send(method, path, body string, head ...string) (int, string, http.Header) {
	g.Helper()
	r, err := http.NewRequestWithContext(g.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.Fatal(err)
	}
	for i := 0; i < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		g.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		g.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

func zipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, s)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWhoMaySendAndWhatIsAnswered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newGround(t, db)
		basic := func(key string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":")) }
		call := `{"type":"track","event":"x","userId":"u"}`
		inBody := `{"batch":[` + call + `],"writeKey":"` + g.server.WriteKey + `"}`
		record := url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(`{"_track_id":1,"time":` + strconv.FormatInt(time.Now().UnixMilli(), 10) + `,"type":"track","event":"x","distinct_id":"d","properties":{}}`)))
		for _, c := range []struct {
			what, method, path, body string
			head                     []string
			status, kept             int
		}{
			{"Basic", "POST", "/v1/track", call, []string{"Authorization", basic(g.server.WriteKey)}, 200, 1},
			{"Bearer", "POST", "/v1/track", call, []string{"Authorization", "Bearer " + g.server.WriteKey}, 200, 1},
			{"X-Write-Key", "POST", "/v1/t", call, []string{"X-Write-Key", g.server.WriteKey + ":secret"}, 200, 1},
			{"query", "POST", "/t?writeKey=" + g.server.WriteKey, call, nil, 200, 1},
			{"body", "POST", "/v1/batch", inBody, []string{"Content-Type", "text/plain"}, 200, 1},
			{"body beside another's token", "POST", "/b", inBody, []string{"Authorization", "Bearer oauth"}, 200, 1},
			{"import", "POST", "/v1/import", inBody, nil, 200, 1},
			{"gzip", "POST", "/v1/batch", zipped(t, inBody), []string{"Content-Encoding", "gzip"}, 200, 1},
			{"no key", "POST", "/v1/track", call, nil, 401, 0},
			{"unknown key", "POST", "/v1/track", call, []string{"Authorization", basic("nope")}, 401, 0},
			{"a webhook's key", "POST", "/v1/track", call, []string{"Authorization", basic(g.hook.WriteKey)}, 401, 0},
			{"broken JSON", "POST", "/v1/track", `{"event":`, []string{"Authorization", basic(g.server.WriteKey)}, 400, 0},
			{"oversize", "POST", "/v1/batch", `{"batch":[],"x":"` + strings.Repeat("x", 500<<10) + `"}`, []string{"Authorization", basic(g.server.WriteKey)}, 400, 0},
			{"zip bomb", "POST", "/v1/batch", zipped(t, `{"batch":[],"x":"`+strings.Repeat("x", 64<<20)+`"}`), []string{"Content-Encoding", "gzip", "Authorization", basic(g.server.WriteKey)}, 400, 0},
			{"too many", "POST", "/v1/batch", `{"batch":[` + strings.Repeat("{},", 2500) + `{}]}`, []string{"Authorization", basic(g.server.WriteKey)}, 400, 0},
			{"its origin", "POST", "/v1/t", call, []string{"Authorization", basic(g.web.WriteKey), "Origin", "https://shop.example"}, 200, 1},
			{"a subdomain", "POST", "/v1/t", call, []string{"Authorization", basic(g.web.WriteKey), "Origin", "https://m.brand.example"}, 200, 1},
			{"another origin", "POST", "/v1/t", call, []string{"Authorization", basic(g.web.WriteKey), "Origin", "https://evilbrand.example"}, 403, 0},
			{"pixel", "GET", "/v1/pixel/track.gif?data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(`{"writeKey":"`+g.server.WriteKey+`","event":"x","userId":"u"}`))), "", nil, 200, 1},
			{"settings", "GET", "/v1/projects/" + g.web.WriteKey + "/settings", "", nil, 200, 0},
			{"settings of nobody", "GET", "/v1/projects/nope/settings", "", nil, 404, 0},
			{"Sensors POST", "POST", "/sa?project=default&token=" + g.server.WriteKey, "data=" + record + "&ext=crc%3D5", nil, 200, 1},
			{"Sensors gif POST", "POST", "/sa.gif?token=" + g.server.WriteKey, "data_list=" + record + "&gzip=0", nil, 200, 1},
			{"Sensors image", "GET", "/sa.gif?token=" + g.server.WriteKey + "&data=" + record, "", nil, 200, 1},
			{"Sensors by project", "GET", "/sa?project=" + g.server.WriteKey + "&data=" + record, "", nil, 200, 1},
			{"Sensors without data", "POST", "/sa?token=" + g.server.WriteKey, "x=1", nil, 400, 0},
			{"Sensors debug", "POST", "/debug?token=" + g.server.WriteKey, "data=" + record, nil, 200, 1},
			{"Sensors dry run", "POST", "/debug?token=" + g.server.WriteKey, "data=" + record, []string{"Dry-Run", "true"}, 200, 0},
			{"Sensors debug of nonsense", "POST", "/debug?token=" + g.server.WriteKey, "data=e30%3D", nil, 400, 0},
			{"preflight", "OPTIONS", "/v1/t", "", []string{"Origin", "https://shop.example", "Access-Control-Request-Method", "POST"}, 204, 0},
			{"a page of the console", "GET", "/t", "", nil, 418, 0},
			{"a tracking link", "POST", "/t/u/token", "", nil, 418, 0},
		} {
			before := len(g.log.entries)
			status, body, head := g.send(c.method, c.path, c.body, c.head...)
			if kept := len(g.log.entries) - before; status != c.status || kept != c.kept {
				t.Errorf("%s: %d %s, kept %d", c.what, status, body, kept)
			}
			for i := 0; i < len(c.head); i += 2 {
				if c.head[i] == "Origin" && head.Get("Access-Control-Allow-Origin") != c.head[i+1] {
					t.Errorf("%s: %v", c.what, head)
				}
			}
			if c.what == "preflight" && !strings.Contains(head.Get("Access-Control-Allow-Headers"), "X-Retry-Count") {
				t.Errorf("%v", head)
			}
		}
		for _, e := range g.log.envelopes(t) {
			if events, bad := e.Decode(&g.server.Source); len(events) != 1 || len(bad) != 0 {
				t.Errorf("%+v: %v %v", e, events, bad)
			}
		}
		if s := g.sources.Stats(g.server.ID); s.Accepted != s.Events || s.Accepted < 10 || s.Refused == 0 || s.LastAt.IsZero() {
			t.Errorf("%+v", s)
		}
	})
}

func TestOverloadAndOutagesAreToBeRetried(t *testing.T) {
	g := newGround(t, storetest.Open(t))
	post := func() (int, http.Header) {
		status, _, head := g.send("POST", "/v1/track", `{"event":"x","userId":"u"}`, "X-Write-Key", g.server.WriteKey)
		return status, head
	}
	g.behind = 1 << 40
	if status, head := post(); status != 429 || head.Get("Retry-After") != "1" || head.Get("X-RateLimit-Reset") != "1" {
		t.Errorf("overload: %d %v", status, head)
	}
	g.behind = 0
	g.log.gate = make(chan error, 1)
	g.log.gate <- errors.New("fsync failed")
	if status, head := post(); status != 503 || head.Get("Retry-After") == "" {
		t.Errorf("a failed append: %d", status)
	}
	close(g.log.gate)
	if status, _ := post(); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	g.db.Close()
	if status, _ := post(); status != 200 {
		t.Errorf("a known key while the store is away: %d", status)
	}
	if status, _, _ := g.send("POST", "/v1/track", `{"event":"x","userId":"u"}`, "X-Write-Key", "unknown"); status != 503 {
		t.Errorf("an unknown key while the store is away: %d", status)
	}
}

func TestWebhooksAreSigned(t *testing.T) {
	g := newGround(t, storetest.Open(t))
	body := `{"type":"Order Paid","user":"u1"}`
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(g.hook.Secret, "whsec_"))
	if err != nil || len(key) != 32 {
		t.Fatal(err, g.hook.Secret)
	}
	send := func(id string, at time.Time, signedBody string) int {
		stamp := strconv.FormatInt(at.Unix(), 10)
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "." + signedBody))
		status, _, _ := g.send("POST", "/hooks/"+g.hook.ID, body, "webhook-id", id, "webhook-timestamp", stamp,
			"webhook-signature", "v1,AAAA v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		return status
	}
	now := time.Now()
	for _, c := range []struct {
		what string
		got  int
		want int
	}{
		{"signed", send("msg_1", now, body), 204},
		{"again", send("msg_1", now.Add(-time.Minute), body), 204},
		{"old", send("msg_2", now.Add(-time.Hour), body), 401},
		{"another body", send("msg_3", now, "{}"), 401},
		{"no id", send("", now, body), 401},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d", c.what, c.got)
		}
	}
	if status, _, _ := g.send("POST", "/hooks/"+g.server.ID, body); status != 404 {
		t.Errorf("of a source that is none: %d", status)
	}
	all := g.log.envelopes(t)
	if len(all) != 2 {
		t.Fatalf("%d kept", len(all))
	}
	first, _ := all[0].Decode(&g.hook.Source)
	again, _ := all[1].Decode(&g.hook.Source)
	if len(first) != 1 || len(again) != 1 || first[0].Key != again[0].Key || first[0].Name != "Order Paid" {
		t.Errorf("%+v %+v", first, again)
	}
}

func TestSourcesLive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newGround(t, db)
		ctx := t.Context()
		post := func(key string) int {
			status, _, _ := g.send("POST", "/v1/track", `{"event":"x","userId":"u"}`, "X-Write-Key", key)
			return status
		}
		next, err := g.sources.Rotate(ctx, g.server.ID, time.Hour, "staff_1")
		if err != nil || next.WriteKey == g.server.WriteKey || post(next.WriteKey) != 200 || post(g.server.WriteKey) != 200 {
			t.Errorf("rotated with grace: %v", err)
		}
		last, err := g.sources.Rotate(ctx, g.server.ID, 0, "staff_1")
		if err != nil || post(last.WriteKey) != 200 || post(next.WriteKey) != 401 || post(g.server.WriteKey) != 401 {
			t.Errorf("rotated at once: %v", err)
		}
		if _, err := g.sources.Pause(ctx, g.server.ID, true, "staff_1"); err != nil {
			t.Fatal(err)
		}
		before := len(g.log.entries)
		if status := post(last.WriteKey); status != 200 || len(g.log.entries) != before {
			t.Errorf("paused: %d", status)
		}
		hook, err := g.sources.Rotate(ctx, g.hook.ID, 0, "staff_1")
		if err != nil || hook.Secret == g.hook.Secret || hook.Secret == "" {
			t.Errorf("%v %+v", err, hook)
		}
		shown, err := g.sources.Get(ctx, g.hook.ID, false)
		if err != nil || shown.Secret != "" || len(shown.WriteKey) > 8 {
			t.Errorf("shown to anybody: %+v %v", shown, err)
		}
		if _, err := g.sources.Update(ctx, g.server.ID, collect.SourceDraft{Name: "B", Kind: collect.Browser}, ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("another kind: %v", err)
		}
		trusted := false
		changed, err := g.sources.Update(ctx, g.server.ID, collect.SourceDraft{Name: "后端", Kind: collect.Server, Protocols: []collect.Protocol{collect.Sensors}, Trusted: &trusted}, "staff_2")
		if err != nil || changed.Name != "后端" || changed.Trusted || changed.WriteKey != last.WriteKey || !changed.Paused || changed.ChangedBy != "staff_2" {
			t.Errorf("%+v %v", changed, err)
		}
		if status := post(last.WriteKey); status != 403 {
			t.Errorf("a protocol it does not speak: %d", status)
		}
		for _, d := range []collect.SourceDraft{
			{Name: " ", Kind: collect.Server},
			{Name: "x", Kind: "toaster"},
			{Name: "x", Kind: collect.Server, Protocols: []collect.Protocol{collect.Webhook}},
			{Name: "x", Kind: collect.Browser, Origins: []string{"shop.example"}},
			{Name: "x", Kind: collect.Hook},
			{Name: "x", Kind: collect.Hook, Mapping: &collect.Mapping{Name: "a.#(b==1)"}},
			{Name: "x", Kind: collect.Hook, Mapping: &collect.Mapping{Name: "a", Keys: []collect.MappedKey{{Kind: "shoe", Path: "b"}}}},
		} {
			if _, err := g.sources.Create(ctx, d, ""); !errs.Is(err, errs.Invalid) {
				t.Errorf("%+v: %v", d, err)
			}
		}
		all, err := g.sources.List(ctx, true)
		if err != nil || len(all) != 3 {
			t.Errorf("%d sources, %v", len(all), err)
		}
	})
}
