package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// edge is the API over a real store, with a few routes of its own, and a browser.
type edge struct {
	t        *testing.T
	db       *store.DB
	api      *API
	server   *httptest.Server
	client   *http.Client
	log      *bytes.Buffer
	password string
}

func newEdge(t *testing.T, o Options) *edge {
	t.Helper()
	// Not storetest.Open: the test of the closed database closes it.
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := store.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	accounts := staff.NewService(db, clock.System)
	admin, _, err := accounts.FirstAdmin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := &edge{t: t, db: db, log: &bytes.Buffer{}, password: admin.Password}
	o.Log = slog.New(slog.NewTextHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	e.api = New(&Services{Staff: accounts, Sessions: auth.NewSessions(db, accounts, clock.System)}, o)
	e.routes()
	e.server = httptest.NewServer(e.api.Handler())
	t.Cleanup(e.server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	e.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return e
}

const internalCause = "dial tcp 10.0.0.7:5432: password authentication failed for user app"

type sample struct {
	Name string   `json:"name" minLength:"2"`
	Tags []string `json:"tags"`
}

// routes adds what the tests need to the product's own.
func (e *edge) routes() {
	get(e.api, "/api/v1/test/errors/{kind}", "test_error", Public, func(_ context.Context, in *struct {
		Kind string `path:"kind"`
	}) (None, error) {
		cause := errors.New(internalCause)
		switch in.Kind {
		case "plain":
			return None{}, cause
		case "wrapped":
			return None{}, fmt.Errorf("load: %w", errs.Wrap(errs.Unavailable, "store.unavailable", cause))
		case "panic":
			panic(internalCause)
		case "field":
			return None{}, errs.New(errs.Invalid, "sample.bad", "no good").With("min", 3).At("name")
		}
		return None{}, errs.New(errs.Kind(in.Kind), "sample."+in.Kind, "said to the caller")
	})
	post(e.api, "/api/v1/test/echo", "test_echo", SignedIn, func(_ context.Context, in *struct{ Body sample }) (sample, error) {
		return in.Body, nil
	})
	get(e.api, "/api/v1/test/large", "test_large", Public, func(context.Context, *struct{}) (sample, error) {
		return sample{Name: strings.Repeat("活水", 5000)}, nil
	})
	post(e.api, "/api/v1/test/campaigns", "test_send", staff.CampaignsSend, func(context.Context, *struct{}) (None, error) {
		return None{}, nil
	})
	raw(e.api, "POST", "/api/v1/test/upload", "test_upload", SignedIn, "text/plain", func(w http.ResponseWriter, r *http.Request) error {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(w, n)
		return err
	}, maxBody(100))
	raw(e.api, "GET", "/api/v1/test/broken", "test_broken", Public, "text/plain", func(w http.ResponseWriter, _ *http.Request) error {
		fmt.Fprint(w, strings.Repeat("x", 4000))
		return errors.New(internalCause)
	})
}

type answer struct {
	status  int
	header  http.Header
	body    string
	problem Problem
}

// call sends a JSON body (nil for none) and returns the answer; headers are name, value, …
func (e *edge) call(method, path string, body any, headers ...string) answer {
	e.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			e.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(e.t.Context(), method, e.server.URL+path, reader)
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := e.client.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, body: string(text)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		if err := json.Unmarshal(text, &a.problem); err != nil {
			e.t.Fatalf("%s: %v", text, err)
		}
	}
	return a
}

// want fails unless the answer has the status and, for a problem, the code.
func (e *edge) want(a answer, status int, code string) {
	e.t.Helper()
	if a.status != status || a.problem.Code != code {
		e.t.Fatalf("%d %q, want %d %q\n%s\n%s", a.status, a.problem.Code, status, code, a.body, e.log)
	}
	if code != "" && (a.problem.RequestID == "" || a.problem.RequestID != a.header.Get("X-Request-Id") || a.problem.Status != status) {
		e.t.Fatalf("problem without its request: %s", a.body)
	}
}

// signIn signs the administrator in with a password of her own.
func (e *edge) signIn() {
	e.t.Helper()
	e.want(e.call("POST", "/api/v1/session", credentials{"admin", e.password}), 200, "")
	e.want(e.call("PUT", "/api/v1/session/password", map[string]string{"old": e.password, "password": "a good password"}), 204, "")
	e.password = "a good password"
}

func TestNoCauseReachesAStranger(t *testing.T) {
	e := newEdge(t, Options{})
	e.signIn()
	if err := e.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, a := range []answer{
		e.call("GET", "/api/v1/session", nil),
		e.call("GET", "/api/v1/staff", nil),
		e.call("POST", "/api/v1/session", credentials{"admin", "x"}),
		e.call("POST", "/api/v1/test/upload", "x"),
		e.call("GET", "/api/v1/test/errors/plain", nil),
		e.call("GET", "/api/v1/test/errors/wrapped", nil),
		e.call("GET", "/api/v1/test/errors/panic", nil),
	} {
		if a.status < 500 || a.problem.Code == "" || a.problem.RequestID == "" {
			t.Errorf("%d %s", a.status, a.body)
		}
		for _, secret := range []string{"sql", "database", "closed", "10.0.0.7", "authentication", "goroutine", "SELECT"} {
			if strings.Contains(a.body, secret) {
				t.Errorf("%q is told: %s", secret, a.body)
			}
		}
	}
	for _, logged := range []string{"database is closed", internalCause} {
		if !strings.Contains(e.log.String(), logged) {
			t.Errorf("%q is not in the log", logged)
		}
	}
}

func TestKindsBecomeStatuses(t *testing.T) {
	e := newEdge(t, Options{})
	for kind, status := range map[errs.Kind]int{
		errs.Invalid: 422, errs.NotFound: 404, errs.Conflict: 409, errs.Denied: 403, errs.Limited: 429, errs.Unavailable: 503,
	} {
		a := e.call("GET", "/api/v1/test/errors/"+string(kind), nil)
		e.want(a, status, "sample."+string(kind))
		if a.problem.Detail != "said to the caller" {
			t.Errorf("%s: %s", kind, a.body)
		}
	}
	a := e.call("GET", "/api/v1/test/errors/field", nil)
	if a.problem.Field != "name" || a.problem.Params["min"] != 3.0 {
		t.Errorf("%s", a.body)
	}
	e.want(e.call("GET", "/api/v1/nowhere", nil), 404, "request.no_route")
}

// A browser that goes to another page is no failure: its request is told of quietly, whatever broke because of it, and
// does not count as one. A failure that somebody waits for stays an error.
func TestDroppedRequestsAreQuiet(t *testing.T) {
	var counted []int
	e := newEdge(t, Options{Observe: func(_, _ string, status int, _ time.Duration) { counted = append(counted, status) }})
	ask := func(kind string, gone bool) string {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if gone {
			cancel()
		}
		e.log.Reset()
		e.api.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/api/v1/test/errors/"+kind, nil))
		return e.log.String()
	}
	for _, kind := range []string{"plain", "wrapped"} {
		if log := ask(kind, true); strings.Contains(log, "level=ERROR") || strings.Contains(log, "level=WARN") || !strings.Contains(log, "status=499") {
			t.Errorf("%s, dropped: %s", kind, log)
		}
	}
	if log := ask("plain", false); strings.Count(log, "level=ERROR") != 2 || !strings.Contains(log, internalCause) {
		t.Errorf("waited for: %s", log)
	}
	if log := ask("panic", true); !strings.Contains(log, "level=ERROR") {
		t.Errorf("a panic is an error, whoever waits: %s", log)
	}
	if fmt.Sprint(counted) != "[499 499 500 503]" {
		t.Error(counted)
	}
}

func TestShapes(t *testing.T) {
	e := newEdge(t, Options{})
	e.signIn()
	a := e.call("POST", "/api/v1/test/echo", `{"name":"ab","tags":["x"],"other":1}`)
	e.want(a, 422, "request.invalid") // unknown properties are refused
	if len(a.problem.Errors) != 1 || a.problem.Errors[0].Field != "body.other" {
		t.Errorf("%s", a.body)
	}
	e.want(e.call("POST", "/api/v1/test/echo", `{"name":"a","tags":[]}`), 422, "request.invalid")
	e.want(e.call("POST", "/api/v1/test/echo", `{"name":"ab","tags":null}`), 422, "request.invalid") // lists are not null
	e.want(e.call("POST", "/api/v1/test/echo", `{"name":`), 400, "request.invalid")
	e.want(e.call("POST", "/api/v1/test/echo", `{"name":"`+strings.Repeat("x", 2<<20)+`","tags":[]}`), 413, "request.too_large")
	e.want(e.call("POST", "/api/v1/test/upload", strings.Repeat("x", 101)), 413, "request.too_large")
	e.want(e.call("POST", "/api/v1/test/upload", strings.Repeat("x", 100)), 200, "")
	if a = e.call("POST", "/api/v1/test/echo", `{"name":"ab","tags":[]}`); strings.Contains(a.body, "$schema") || strings.TrimSpace(a.body) != `{"name":"ab","tags":[]}` {
		t.Errorf("%s", a.body)
	}
}

func TestBrokenAnswerIsSeenToBeBroken(t *testing.T) {
	e := newEdge(t, Options{})
	res, err := e.client.Get(e.server.URL + "/api/v1/test/broken")
	if err == nil {
		defer res.Body.Close()
		if _, err = io.ReadAll(res.Body); err == nil {
			t.Fatal("half an answer passed for a whole one")
		}
	}
}

// Result is a type whose name another package has too.
type Result struct {
	A string `json:"a"`
}

func TestSchemaNames(t *testing.T) {
	document, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI    string `json:"openapi"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
		Paths map[string]map[string]struct {
			Permission string `json:"x-permission"`
			Summary    string `json:"summary"`
			ID         string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	for _, name := range []string{"Problem", "PageStaffAccount", "StaffAccount", "AuthStaff"} {
		if doc.Components.Schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
	known := map[string]bool{"public": true, "signed in": true, "customer": true, "customer or guest": true}
	for _, p := range staff.Permissions(staff.Admin) {
		known[string(p)] = true
	}
	ids := map[string]string{}
	for path, item := range doc.Paths {
		for method, op := range item {
			if !known[op.Permission] {
				t.Errorf("%s %s needs %q, which no role has", method, path, op.Permission)
			}
			if ids[op.ID] != "" {
				t.Errorf("%s is the name of %s %s and of %s", op.ID, method, path, ids[op.ID])
			}
			ids[op.ID] = method + " " + path
			if op.Summary == "" {
				t.Errorf("%s %s has no summary", method, path)
			}
		}
	}
}

func TestSigningIn(t *testing.T) {
	e := newEdge(t, Options{})
	e.want(e.call("GET", "/api/v1/session", nil), 401, "auth.sign_in")
	if a := e.call("GET", "/api/v1/session?ask=true", nil); a.status != 200 || !strings.Contains(a.body, `"id":""`) {
		t.Errorf("a stranger who asks: %d %s", a.status, a.body)
	}
	e.want(e.call("GET", "/api/v1/staff", nil), 401, "auth.sign_in")
	e.want(e.call("POST", "/api/v1/session", credentials{"admin", "wrong"}), 403, "auth.wrong")
	a := e.call("POST", "/api/v1/session", credentials{"admin", e.password})
	e.want(a, 200, "")
	cookie := a.header.Get("Set-Cookie")
	for _, part := range []string{"huoshui_session=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %s", cookie, part)
		}
	}
	e.want(e.call("GET", "/api/v1/session", nil), 200, "")
	e.want(e.call("GET", "/api/v1/staff", nil), 403, "auth.must_change") // the one-time password opens nothing else
	e.want(e.call("PUT", "/api/v1/session/password", map[string]string{"old": e.password, "password": "a good password"}), 204, "")
	e.want(e.call("GET", "/api/v1/staff", nil), 200, "")
	a = e.call("DELETE", "/api/v1/session", nil)
	if e.want(a, 204, ""); !strings.Contains(a.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("cookie %q stays", a.header.Get("Set-Cookie"))
	}
	e.want(e.call("GET", "/api/v1/session", nil), 401, "auth.sign_in")
}

func TestCookieOverHTTPS(t *testing.T) {
	e := newEdge(t, Options{Secure: true})
	a := e.call("POST", "/api/v1/session", credentials{"admin", e.password})
	cookie := a.header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-huoshui_session=") || !strings.Contains(cookie, "Secure") {
		t.Errorf("cookie %q", cookie)
	}
	if a.header.Get("Strict-Transport-Security") == "" {
		t.Error("https is not insisted on")
	}
	token, _, _ := strings.Cut(strings.TrimPrefix(cookie, "__Host-huoshui_session="), ";")
	e.want(e.call("GET", "/api/v1/session", nil, "Cookie", "__Host-huoshui_session="+token), 200, "")
}

func TestRolesAtTheDoor(t *testing.T) {
	e := newEdge(t, Options{})
	e.signIn()
	a := e.call("POST", "/api/v1/staff", map[string]string{"login": "guide", "name": "导购", "role": "guide"})
	e.want(a, 201, "")
	var issued staff.Issued
	if err := json.Unmarshal([]byte(a.body), &issued); err != nil || issued.Password == "" {
		t.Fatalf("%s", a.body)
	}
	if strings.Contains(a.body, "argon2") {
		t.Fatal("the hash is told")
	}
	e.want(e.call("POST", "/api/v1/test/campaigns", nil), 204, "")
	e.want(e.call("POST", "/api/v1/staff/"+issued.Account.ID+"/password", nil), 200, "")
	e.want(e.call("PUT", "/api/v1/staff/"+issued.Account.ID, map[string]any{"role": "cook"}), 422, "request.invalid")

	guide := newEdge(t, Options{})
	guide.server, guide.api, guide.db = e.server, e.api, e.db
	reset, err := e.api.Services.Staff.Reset(t.Context(), issued.Account.ID)
	if err != nil {
		t.Fatal(err)
	}
	guide.want(guide.call("POST", "/api/v1/session", credentials{"guide", reset.Password}), 200, "")
	guide.want(guide.call("PUT", "/api/v1/session/password", map[string]string{"old": reset.Password, "password": "guides own one"}), 204, "")
	guide.want(guide.call("POST", "/api/v1/test/campaigns", nil), 403, "auth.forbidden")
	guide.want(guide.call("POST", "/api/v1/staff", map[string]string{"login": "x2", "name": "x", "role": "admin"}), 403, "auth.forbidden")

	closed := false
	if _, err := e.api.Services.Staff.Change(t.Context(), issued.Account.ID, staff.Change{Active: &closed}); err != nil {
		t.Fatal(err)
	}
	guide.want(guide.call("GET", "/api/v1/session", nil), 401, "auth.sign_in") // at once, not when the cookie ends
}

func TestAnotherSiteIsRefused(t *testing.T) {
	e := newEdge(t, Options{})
	e.signIn()
	e.want(e.call("POST", "/api/v1/test/campaigns", nil, "Sec-Fetch-Site", "cross-site"), 403, "request.cross_origin")
	e.want(e.call("POST", "/api/v1/test/campaigns", nil, "Origin", "https://elsewhere.example"), 403, "request.cross_origin")
	e.want(e.call("POST", "/api/v1/test/campaigns", nil, "Sec-Fetch-Site", "same-origin"), 204, "")
	e.want(e.call("POST", "/api/v1/test/campaigns", nil, "Origin", e.server.URL), 204, "")
	e.want(e.call("GET", "/api/v1/session", nil, "Sec-Fetch-Site", "cross-site"), 200, "")
}

func TestWhatStaffDidIsRecorded(t *testing.T) {
	e := newEdge(t, Options{})
	e.signIn()
	e.want(e.call("POST", "/api/v1/test/campaigns", nil), 204, "")
	e.want(e.call("POST", "/api/v1/staff", map[string]string{"login": "admin", "name": "x", "role": "guide"}), 409, "staff.login_taken")
	e.want(e.call("POST", "/api/v1/test/upload", "x"), 200, "")
	e.want(e.call("GET", "/api/v1/staff", nil), 200, "")
	var page Page[staff.Record]
	if err := json.Unmarshal([]byte(e.call("GET", "/api/v1/audit?limit=3", nil).body), &page); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range page.Items {
		got = append(got, fmt.Sprintf("%s %s %d", r.Login, r.Action, r.Status))
		if r.RequestID == "" || r.Remote != "127.0.0.1" || time.Since(r.At) > time.Minute {
			t.Errorf("%+v", r)
		}
	}
	want := []string{"admin test_upload 200", "admin create_staff 409", "admin test_send 204"}
	if strings.Join(got, "; ") != strings.Join(want, "; ") || page.Next == "" {
		t.Fatalf("%v, next %q", got, page.Next)
	}
}

func TestSignInIsLimited(t *testing.T) {
	e := newEdge(t, Options{})
	for range 20 {
		e.want(e.call("POST", "/api/v1/session", credentials{"nobody", "x"}), 403, "auth.wrong")
	}
	for range 20 { // a slow machine may have earned a try or two meanwhile
		if a := e.call("POST", "/api/v1/session", credentials{"nobody", "x"}); a.status == http.StatusTooManyRequests {
			if e.want(a, 429, "auth.too_many"); a.header.Get("Retry-After") == "" {
				t.Error("when to try again is not said")
			}
			return
		}
	}
	t.Error("nothing limits how often one tries")
}

func TestLimiterForgets(t *testing.T) {
	l := newLimiter(1, 1)
	for i := range maxKeys + 100 {
		l.take(fmt.Sprint(i))
	}
	if len(l.byKey) > maxKeys {
		t.Fatalf("%d keys", len(l.byKey))
	}
}

func TestLink(t *testing.T) {
	e := newEdge(t, Options{})
	e.signIn()
	me, err := e.api.Services.Staff.ByLogin(t.Context(), "admin")
	if err != nil {
		t.Fatal(err)
	}
	e.client.Jar.SetCookies(must(url.Parse(e.server.URL)), []*http.Cookie{{Name: cookieName, Value: "", Path: "/", MaxAge: -1}})
	token, err := e.api.Services.Sessions.IssueLink(t.Context(), me.ID, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time the page was reloaded
		e.want(e.call("GET", "/api/v1/session/link/"+token, nil), 303, "")
		e.want(e.call("GET", "/api/v1/session", nil), 200, "")
	}
	if strings.Contains(e.log.String(), token) || !strings.Contains(e.log.String(), "/api/v1/session/link/{token}") {
		t.Error("the log tells the token of a link")
	}
	e.client.Jar, _ = cookiejar.New(nil)
	e.want(e.call("GET", "/api/v1/session/link/"+token, nil), 303, "")
	e.want(e.call("GET", "/api/v1/session", nil), 401, "auth.sign_in")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestHeadersAndCompression(t *testing.T) {
	e := newEdge(t, Options{})
	a := e.call("GET", "/healthz", nil, "X-Request-Id", "from-the-proxy-1")
	if a.header.Get("X-Request-Id") != "from-the-proxy-1" || a.body != "ok\n" {
		t.Errorf("%v %q", a.header, a.body)
	}
	if a = e.call("GET", "/healthz", nil, "X-Request-Id", "bad id\t"); a.header.Get("X-Request-Id") == "bad id\t" {
		t.Error("a harmful id was taken")
	}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"} {
		if a.header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	a = e.call("GET", "/api/v1/test/large", nil, "Accept-Encoding", "gzip")
	if a.header.Get("Content-Encoding") != "gzip" || len(a.body) > 2000 {
		t.Fatalf("%v, %d bytes", a.header, len(a.body))
	}
	zip, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(zip)
	if err != nil || !strings.Contains(string(plain), "活水活水") {
		t.Fatalf("%v", err)
	}
	if a = e.call("GET", "/api/v1/roles", nil, "Accept-Encoding", "gzip"); a.header.Get("Content-Encoding") != "" {
		t.Error("a small answer was compressed")
	}
	if a = e.call("HEAD", "/api/v1/test/large", nil, "Accept-Encoding", "gzip"); a.status != 200 {
		t.Errorf("HEAD: %d", a.status)
	}
}

func TestReadiness(t *testing.T) {
	sick := error(nil)
	e := newEdge(t, Options{Health: func(context.Context) map[string]error {
		return map[string]error{"store": nil, "warehouse": sick}
	}})
	if a := e.call("GET", "/readyz", nil); a.status != 200 || !strings.Contains(a.body, `"ready":true`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	sick = errors.New(internalCause)
	if a := e.call("GET", "/readyz", nil); a.status != 503 || strings.Contains(a.body, "10.0.0.7") {
		t.Errorf("%d %s", a.status, a.body)
	}
	e.signIn()
	if a := e.call("GET", "/api/v1/system", nil); a.status != 200 || strings.Contains(a.body, "10.0.0.7") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestDocsNeedNothingFromElsewhere(t *testing.T) {
	e := newEdge(t, Options{})
	for path, part := range map[string]string{"/api/docs": "/api/docs.js", "/api/docs.js": "/api/openapi.json", "/api/openapi.json": `"openapi"`} {
		a := e.call("GET", path, nil)
		if a.status != 200 || !strings.Contains(a.body, part) {
			t.Errorf("%s: %d", path, a.status)
		}
		if path != "/api/openapi.json" && strings.Contains(a.body, "//cdn") || strings.Contains(a.body, `src="http`) {
			t.Errorf("%s fetches from elsewhere", path)
		}
	}
}

func TestRoutesOnPostgres(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := newEdge(t, Options{})
		accounts := staff.NewService(db, clock.System)
		admin, _, err := accounts.FirstAdmin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		*e.api.Services = Services{Staff: accounts, Sessions: auth.NewSessions(db, accounts, clock.System)}
		e.password = admin.Password
		e.signIn()
		e.want(e.call("GET", "/api/v1/staff?q=adm&all=true", nil), 200, "")
		e.want(e.call("GET", "/api/v1/staff/stf_none", nil), 404, "staff.not_found")
		e.want(e.call("GET", "/api/v1/audit", nil), 200, "")
	})
}

// A proxy on the same machine that nobody said to trust does not open the measurements to whoever comes through it.
func TestMetricsAreForTheMachine(t *testing.T) {
	e := newEdge(t, Options{Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "n 1\n") })})
	for forwarded, want := range map[string]int{"": http.StatusOK, "203.0.113.9": http.StatusUnauthorized} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = "127.0.0.1:5000"
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		w := httptest.NewRecorder()
		e.api.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("through %q: %d, want %d", forwarded, w.Code, want)
		}
	}
}
