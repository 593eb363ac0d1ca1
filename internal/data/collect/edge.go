package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/webhook"
)

// Limits of the edge.
const (
	segmentBody  = 500 << 10 // bytes of a request, unpacked
	sensorsBody  = 2 << 20
	webhookBody  = 1 << 20
	holdingBytes = 128 << 20 // of requests that are being read or wait for their append
	readTimeout  = 15 * time.Second
	hookSkew     = 5 * time.Minute // how far a webhook's timestamp may be from now
	keepBuffer   = 256 << 10       // larger buffers are not kept for the next request
)

// pixel is a transparent picture of one point.
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;"

// Edge answers SDKs and webhooks: it finds out whose a request is, checks that it can be read, and has it made durable
// before it says so.
type Edge struct {
	sources *Sources
	accept  *Accepter
	log     *slog.Logger
	now     clock.Clock
	remote  func(*http.Request) string
	observe func(method, route string, status int, took time.Duration)

	holding atomic.Int64
	crc     atomic.Int64
	buffers sync.Pool
}

// EdgeOptions are what an Edge needs from outside.
type EdgeOptions struct {
	Log     *slog.Logger
	Now     clock.Clock                                                // business time
	Remote  func(*http.Request) string                                 // the client's address, after trusted proxies
	Observe func(method, route string, status int, took time.Duration) // called after every request; may be nil
}

// NewEdge returns the edge over sources and what makes their requests durable.
func NewEdge(sources *Sources, accept *Accepter, o EdgeOptions) *Edge {
	e := &Edge{sources: sources, accept: accept, log: o.Log, now: o.Now, remote: o.Remote, observe: o.Observe}
	e.buffers.New = func() any { b := make([]byte, 0, 8<<10); return &b }
	return e
}

// door is one of the ways in.
type door struct {
	protocol Protocol
	path     string // what the envelope is told of it
	route    string // for metrics
	serve    func(*Edge, http.ResponseWriter, *http.Request, door)
}

// doorOf returns the way in that a request takes; false when it is none of ours. Segment's calls may lack /v1, since
// SDKs add only the call to the host that they are given.
func doorOf(method, path string) (door, bool) {
	switch path {
	case "/sa", "/sa.gif":
		return door{Sensors, "sa", "/sa", (*Edge).serveSensors}, true
	case "/debug":
		return door{Sensors, "debug", "/debug", (*Edge).serveSensors}, true
	}
	if id, ok := strings.CutPrefix(path, "/hooks/"); ok && id != "" && !strings.Contains(id, "/") {
		return door{Webhook, id, "/hooks/{source}", (*Edge).serveHook}, true
	}
	call, versioned := strings.CutPrefix(path, "/v1/")
	if !versioned {
		call = strings.TrimPrefix(path, "/")
	}
	switch call {
	case "batch", "b", "import":
		call = "batch"
	default:
		if key, ok := strings.CutPrefix(call, "projects/"); ok && versioned && strings.HasSuffix(key, "/settings") {
			return door{Segment, strings.TrimSuffix(key, "/settings"), "/v1/projects/{key}/settings", (*Edge).serveSettings}, true
		}
		if kind, ok := strings.CutPrefix(call, "pixel/"); ok && versioned {
			if segmentTypes[strings.TrimSuffix(kind, ".gif")] != "" {
				return door{Segment, "pixel/" + strings.TrimSuffix(kind, ".gif"), "/v1/pixel", (*Edge).servePixel}, true
			}
			return door{}, false
		}
		if segmentTypes[call] == "" {
			return door{}, false
		}
	}
	if method != http.MethodPost && method != http.MethodOptions {
		return door{}, false
	}
	return door{Segment, call, "/v1/" + call, (*Edge).serveSegment}, true
}

// Takes reports whether a request is for this edge.
func (e *Edge) Takes(r *http.Request) bool {
	_, ok := doorOf(r.Method, r.URL.Path)
	return ok
}

// ServeHTTP answers a request that Takes said yes to.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d, ok := doorOf(r.Method, r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	began := time.Now()
	seen := &answer{ResponseWriter: w}
	cors(w.Header(), r)
	switch r.Method {
	case http.MethodOptions:
		seen.WriteHeader(http.StatusNoContent)
	case http.MethodPost, http.MethodGet, http.MethodHead:
		d.serve(e, seen, r, d)
	default:
		seen.WriteHeader(http.StatusMethodNotAllowed)
	}
	if e.observe != nil {
		e.observe(r.Method, d.route, seen.status, time.Since(began))
	}
}

// answer remembers the status.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(code int) {
	a.status = code
	a.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// cors lets pages of any site send; which may is the source's to say once the key is known. No cookies are involved.
func cors(h http.Header, r *http.Request) {
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["Cache-Control"] = []string{"no-store"}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	h["Access-Control-Allow-Origin"] = []string{origin}
	h["Vary"] = []string{"Origin"}
	h["Access-Control-Expose-Headers"] = []string{"Retry-After, X-RateLimit-Reset"}
	if r.Method == http.MethodOptions {
		h["Access-Control-Allow-Methods"] = []string{"GET, POST, OPTIONS"}
		h["Access-Control-Allow-Headers"] = []string{"Content-Type, Content-Encoding, Authorization, X-Retry-Count, X-Write-Key, Dry-Run"}
		h["Access-Control-Max-Age"] = []string{"86400"}
	}
}

// refusal is an answer that is not a success.
type refusal struct {
	status int
	reason string
	later  bool // the same request may succeed later
}

// Error implements error.
func (r *refusal) Error() string { return r.reason }

var (
	errNoKey    = &refusal{http.StatusUnauthorized, "the write key is not known", false}
	errBadJSON  = &refusal{http.StatusBadRequest, "the body is not valid JSON", false}
	errTooLarge = &refusal{http.StatusBadRequest, "the request is too large", false}
	errTooMany  = &refusal{http.StatusBadRequest, "the batch has more than 2500 events", false}
	errOrigin   = &refusal{http.StatusForbidden, "the source does not take events from this origin", false}
	errProtocol = &refusal{http.StatusForbidden, "the source does not speak this protocol", false}
	errSigned   = &refusal{http.StatusUnauthorized, "the signature is missing, wrong or too old", false}
	errBusy     = &refusal{http.StatusTooManyRequests, "too many events just now; send them again later", true}
	errAway     = &refusal{http.StatusServiceUnavailable, "events cannot be kept just now; send them again later", true}
)

// refuse answers an error. What SDKs are to send again says when.
func (e *Edge) refuse(w http.ResponseWriter, r *http.Request, src *Source, err error) {
	id := ""
	if src != nil {
		id = src.ID
	}
	e.sources.tally(id).refused.Add(1)
	var no *refusal
	switch {
	case errors.As(err, &no):
	case errs.Is(err, errs.Limited):
		no = errBusy
	default:
		no = errAway
		if r.Context().Err() == nil {
			e.log.WarnContext(r.Context(), "events refused", "path", r.URL.Path, "error", err)
		}
	}
	if no.later {
		w.Header()["Retry-After"] = []string{"1"}
		w.Header()["X-Ratelimit-Reset"] = []string{"1"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "error": no.reason}) // the client has gone: nobody to tell
}

// body reads a request's body into a buffer that give takes back; most is how large it may be when unpacked. What all
// requests hold together is bounded.
func (e *Edge) body(w http.ResponseWriter, r *http.Request, most int64) (body []byte, give func(), err error) {
	packed := r.Header.Get("Content-Encoding") == "gzip"
	size := r.ContentLength
	if size > most {
		return nil, nil, errTooLarge
	}
	if size < 0 || packed {
		size = most
	}
	if e.holding.Add(size) > holdingBytes {
		e.holding.Add(-size)
		return nil, nil, errBusy
	}
	buffer := e.buffers.Get().(*[]byte)
	give = func() {
		e.holding.Add(-size)
		if cap(*buffer) <= keepBuffer {
			e.buffers.Put(buffer)
		}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // a connection without one is a test's
	*buffer, err = readInto((*buffer)[:0], r.Body, most)
	if err == nil && (packed || len(*buffer) > 2 && (*buffer)[0] == 0x1f && (*buffer)[1] == 0x8b) {
		var plain []byte
		if plain, err = inflate(bytes.NewReader(*buffer), most); err == nil {
			return plain, give, nil
		}
		err = errTooLarge
	}
	if err != nil {
		give()
		return nil, nil, err
	}
	return *buffer, give, nil
}

// readInto reads all of r, at most a number of bytes, behind what is in b.
func readInto(b []byte, r io.Reader, most int64) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > most:
			return b, errTooLarge
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return b, &refusal{http.StatusRequestTimeout, "the body did not come", true}
		}
	}
}

// keys are the write keys that a request's head names, in the order in which they count.
func headKeys(r *http.Request, query url.Values) []string {
	var keys []string
	add := func(key string) {
		if key != "" {
			keys = append(keys, key)
		}
	}
	if user, _, ok := r.BasicAuth(); ok {
		add(user)
	}
	if auth := r.Header.Get("Authorization"); len(auth) > 7 && strings.EqualFold(auth[:7], "bearer ") {
		add(strings.TrimSpace(auth[7:]))
	}
	key, _, _ := strings.Cut(r.Header.Get("X-Write-Key"), ":")
	add(key)
	for _, name := range []string{"writeKey", "writekey", "token", "project"} {
		add(query.Get(name))
	}
	return keys
}

// query parses what can be read of a URL's query; nil without one.
func query(r *http.Request) url.Values {
	if r.URL.RawQuery == "" {
		return nil
	}
	values, _ := url.ParseQuery(r.URL.RawQuery) // what can be read of it is enough
	return values
}

// whose returns the source of a request, or why it may not send.
func (e *Edge) whose(r *http.Request, p Protocol, keys []string) (*Source, error) {
	if len(keys) == 0 {
		return nil, errNoKey
	}
	src, err := e.sources.byKey(r.Context(), keys)
	switch {
	case err != nil:
		return nil, err
	case src == nil || src.Kind == Hook: // a webhook signs; its key alone opens nothing
		return nil, errNoKey
	case !src.speaks(p):
		return src, errProtocol
	case !src.allows(origin(r)):
		return src, errOrigin
	}
	return src, nil
}

// origin is the page a request comes from, as scheme and host; "" for a program's.
func origin(r *http.Request) string {
	if o := r.Header.Get("Origin"); o != "" && o != "null" {
		return strings.ToLower(o)
	}
	if u, err := url.Parse(r.Referer()); err == nil && u.Host != "" {
		return strings.ToLower(u.Scheme + "://" + u.Host)
	}
	return ""
}

// keep makes a request durable and counts it.
func (e *Edge) keep(ctx context.Context, src *Source, env Envelope, events int) error {
	if src.Paused {
		e.sources.tally(src.ID).refused.Add(1)
		return nil
	}
	if err := e.accept.Accept(ctx, env); err != nil {
		return err
	}
	t := e.sources.tally(src.ID)
	t.accepted.Add(1)
	t.events.Add(int64(events))
	t.lastAt.Store(env.ReceivedAt.UnixMicro())
	return nil
}

func (e *Edge) envelope(r *http.Request, d door, src *Source, body []byte) Envelope {
	return Envelope{
		Protocol: d.protocol, Source: src.ID, Path: d.path, ReceivedAt: e.now().UTC(),
		IP: e.remote(r), UserAgent: clip(r.UserAgent(), 1000), Body: body,
	}
}

// serveSegment answers Segment's calls.
func (e *Edge) serveSegment(w http.ResponseWriter, r *http.Request, d door) {
	body, give, err := e.body(w, r, segmentBody)
	if err != nil {
		e.refuse(w, r, nil, err)
		return
	}
	defer give()
	src, err := e.segmentKept(r, d, body)
	if err != nil {
		e.refuse(w, r, src, err)
		return
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, `{"success":true}`) // the client has gone: it sends again
}

func (e *Edge) segmentKept(r *http.Request, d door, body []byte) (*Source, error) {
	valid := readable(body)
	keys := headKeys(r, query(r))
	if valid {
		if key := gjson.GetBytes(body, "writeKey"); key.Type == gjson.String && key.Str != "" {
			keys = append(keys, key.Str)
		}
	}
	src, err := e.whose(r, Segment, keys)
	switch {
	case !valid && (err == nil || errors.Is(err, errNoKey)):
		return src, errBadJSON
	case err != nil:
		return src, err
	}
	events := 1
	if d.path == "batch" {
		if events = int(gjson.GetBytes(body, "batch.#").Int()); events > MaxItems {
			return src, errTooMany
		}
	}
	return src, e.keep(r.Context(), src, e.envelope(r, d, src, body), events)
}

// servePixel answers a call that is a picture: the picture comes whatever happens, unless the call is to be sent again.
func (e *Edge) servePixel(w http.ResponseWriter, r *http.Request, d door) {
	q := query(r)
	data := unbase64(q.Get("data"))
	keys := headKeys(r, q)
	if !readable(data) {
		e.refuse(w, r, nil, errBadJSON)
		return
	}
	if key := gjson.GetBytes(data, "writeKey"); key.Type == gjson.String && key.Str != "" {
		keys = append(keys, key.Str)
	}
	src, err := e.whose(r, Segment, keys)
	if err == nil {
		env := e.envelope(r, d, src, nil)
		env.Query = r.URL.RawQuery
		err = e.keep(r.Context(), src, env, 1)
	}
	if err != nil {
		e.refuse(w, r, src, err)
		return
	}
	picture(w)
}

func picture(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, pixel) // the client has gone: nobody to tell
}

// serveSettings answers the loader of Segment's browser library: where to send to.
func (e *Edge) serveSettings(w http.ResponseWriter, r *http.Request, d door) {
	src, err := e.sources.byKey(r.Context(), []string{d.path})
	if err == nil && (src == nil || !src.speaks(Segment)) {
		err = &refusal{http.StatusNotFound, "the write key is not known", false}
	}
	if err != nil {
		e.refuse(w, r, src, err)
		return
	}
	protocol := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		protocol = "https"
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client has gone: nobody to tell
		"integrations": map[string]any{"Segment.io": map[string]any{
			"apiKey": d.path, "apiHost": r.Host + "/v1", "protocol": protocol, "unbundledIntegrations": []string{}, "addBundledMetadata": false,
		}},
	})
}

// serveSensors answers 神策 SDKs: at /sa and /sa.gif, and at /debug, which says what is wrong and with Dry-Run: true keeps
// nothing.
func (e *Edge) serveSensors(w http.ResponseWriter, r *http.Request, d door) {
	body, give, err := e.body(w, r, sensorsBody)
	if err != nil {
		e.refuse(w, r, nil, err)
		return
	}
	defer give()
	src, err := e.sensorsKept(r, d, body)
	if err != nil {
		e.refuse(w, r, src, err)
		return
	}
	switch {
	case d.path == "debug":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "{}") // what the JS SDK takes for success
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusOK)
	default:
		picture(w)
	}
}

func (e *Edge) sensorsKept(r *http.Request, d door, body []byte) (*Source, error) {
	body = unparted(r, body)
	q := query(r)
	src, err := e.whose(r, Sensors, headKeys(r, q))
	if err != nil {
		return src, err
	}
	records, err := sensorsPayload(body, r.URL.RawQuery)
	if err != nil {
		return src, &refusal{http.StatusBadRequest, err.Error(), false}
	}
	e.sum(body, q)
	events := 1
	if records[0] == '[' {
		events = int(gjson.GetBytes(records, "#").Int())
	}
	if events > MaxItems {
		return src, errTooMany
	}
	env := e.envelope(r, d, src, body)
	if len(body) == 0 {
		env.Query = r.URL.RawQuery
	}
	if d.path == "debug" {
		if _, bad := env.Decode(src); len(bad) > 0 {
			return src, &refusal{http.StatusBadRequest, bad[0].Reason + ": " + bad[0].Detail, false}
		}
		if r.Header.Get("Dry-Run") == "true" {
			return src, nil
		}
	}
	return src, e.keep(r.Context(), src, env, events)
}

// sum counts the requests whose ext=crc=… is not the data's: advice, no reason to drop anything.
func (e *Edge) sum(body []byte, q url.Values) {
	form := q
	if len(body) > 0 {
		form = sensorsForm(body, "")
	}
	if crc, ok := strings.CutPrefix(form.Get("ext"), "crc="); ok {
		if want, err := strconv.ParseInt(crc, 10, 64); err != nil || int32(want) != sensorsSum(form.Get("data")) && int32(want) != sensorsSum(form.Get("data_list")) {
			e.crc.Add(1)
		}
	}
}

// BadSums returns how many requests came whose checksum was not their data's, since the start.
func (e *Edge) BadSums() int64 { return e.crc.Load() }

// unparted turns a multipart form, which beacons may send, into the query string that all others send.
func unparted(r *http.Request, body []byte) []byte {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return body
	}
	form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(int64(len(body)) + 1)
	if err != nil {
		return body
	}
	defer form.RemoveAll() //nolint:errcheck // all of it is in memory
	return []byte(url.Values(form.Value).Encode())
}

// serveHook answers another system's notification, signed by Standard Webhooks (standardwebhooks.com): webhook-id,
// webhook-timestamp, and webhook-signature, the base64 of the HMAC-SHA256 of "id.timestamp.body".
func (e *Edge) serveHook(w http.ResponseWriter, r *http.Request, d door) {
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	src, err := e.sources.ByID(r.Context(), d.path)
	if err == nil && (src == nil || src.Kind != Hook) {
		err = &refusal{http.StatusNotFound, "there is no such webhook", false}
	}
	if err != nil {
		e.refuse(w, r, nil, err)
		return
	}
	body, give, err := e.body(w, r, webhookBody)
	if err != nil {
		e.refuse(w, r, src, err)
		return
	}
	defer give()
	if err := e.hookKept(r, d, src, body); err != nil {
		e.refuse(w, r, src, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (e *Edge) hookKept(r *http.Request, d door, src *Source, body []byte) error {
	id, stamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	if !sane(id, maxKey) || !webhook.SignedStandard(src.Secret, id, stamp, body, r.Header.Get("Webhook-Signature")) {
		return errSigned
	}
	sent, err := strconv.ParseInt(stamp, 10, 64)
	if now := time.Now().Unix(); err != nil || sent < now-int64(hookSkew/time.Second) || sent > now+int64(hookSkew/time.Second) {
		return errSigned
	}
	if !readable(body) {
		return errBadJSON
	}
	d.path = "hook"
	env := e.envelope(r, d, src, body)
	env.Query = id // it is signed, so that a delivery that is played again has the same keys
	return e.keep(r.Context(), src, env, 1)
}
