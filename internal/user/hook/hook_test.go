package hook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/webhook"
)

var quiet = slog.New(slog.DiscardHandler)

const ours, theirs = "seg_ours", "seg_theirs"

// receiver is another system: it keeps what it took, in order, and refuses when it is told to.
type receiver struct {
	t      *testing.T
	server *httptest.Server
	secret string

	mu      sync.Mutex
	answer  func(n int) int // status of the n-th request
	n       int
	taken   []Change
	bodies  map[string]string // by Idempotency-Key
	largest int
	tests   int
}

func listen(t *testing.T, secret string) *receiver {
	r := &receiver{t: t, secret: secret, bodies: map[string]string{}, answer: func(int) int { return 200 }}
	r.server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // it was given up
	}
	at, _ := strconv.ParseInt(req.Header.Get(webhook.TimestampHeader), 10, 64)
	if got := req.Header.Get(webhook.SignatureHeader); got != webhook.Sign([]byte(r.secret), at, body) {
		r.t.Errorf("signature %q", got)
	}
	var in Request
	if err := json.Unmarshal(body, &in); err != nil {
		r.t.Error(err)
	}
	key := req.Header.Get(webhook.KeyHeader)
	if key == "" || key != in.ID || in.Segment.ID != ours || in.Segment.Name != "鲜粮老客" || in.Segment.Version != 1 {
		r.t.Errorf("key %q of %+v", key, in)
	}
	changes, _ := json.Marshal(in.Changes)
	if before, again := r.bodies[key]; again && before != string(changes) {
		r.t.Errorf("another body under the key %s", key)
	}
	r.bodies[key] = string(changes)
	r.n++
	status := r.answer(r.n)
	if status == 200 {
		if in.Type == "segment.test" {
			r.tests++
		}
		r.taken = append(r.taken, in.Changes...)
		r.largest = max(r.largest, len(in.Changes))
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "said "+strconv.Itoa(status))
}

func (r *receiver) took() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.taken)
}

// last is the change that was taken last, "" before the first.
func (r *receiver) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.taken) == 0 {
		return ""
	}
	return r.taken[len(r.taken)-1].ID
}

func (r *receiver) will(answer func(n int) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer, r.n = answer, 0
}

// house is what a service needs.
type house struct {
	t      *testing.T
	db     *store.DB
	stream *stream.Stream
	keys   *secret.Keys
	sent   int
}

func build(t *testing.T, db *store.DB) *house {
	t.Helper()
	s, err := stream.Open(t.Context(), stream.Config{Dir: t.TempDir()}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	keys, err := secret.Load("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	err = db.Tx(t.Context(), func(tx *store.Tx) error {
		for id, name := range map[string]string{ours: "鲜粮老客", theirs: "别的"} {
			if _, err := tx.Exec(t.Context(), `INSERT INTO segments (id, name, note, kind, condition, version, size, computed, created_by, created_at, updated_at, archived)
				VALUES (?, ?, '', 'static', 'null', 1, 0, 1, '', 0, 0, ?)`, id, name, false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &house{t: t, db: db, stream: s, keys: keys}
}

func (h *house) service(now clock.Clock) *Service {
	s := NewService(h.db, h.stream, h.keys, now)
	s.rest = time.Millisecond
	return s
}

// run delivers until the function that it returns is called.
func (h *house) run(s *Service) (stop func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, quiet) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
	h.t.Cleanup(stop)
	return stop
}

// happen lets people come and go: in ours person 1 enters, leaves and so on, and everybody else enters once; and as many in theirs.
func (h *house) happen(messages, perMessage int) {
	h.t.Helper()
	for range messages {
		m := stream.Message{ID: fmt.Sprint("m", h.sent), Noun: "segment"}
		for range perMessage {
			name := event.SegmentEntered
			customer := uint32(h.sent + 10)
			if h.sent%3 == 0 {
				customer = 1
				if h.sent%2 == 1 {
					name = event.SegmentLeft
				}
			}
			for _, segment := range []string{theirs, ours} {
				m.Facts = append(m.Facts, event.Fact{ID: fmt.Sprint(segment, h.sent), Name: name, Customer: customer, At: time.Unix(int64(h.sent), 0).UTC(), Subject: segment})
			}
			h.sent++
		}
		if err := h.stream.Publish(h.t.Context(), []stream.Message{m}); err != nil {
			h.t.Fatal(err)
		}
	}
}

// exact checks that what was taken is what happened from a place on, all of it, in order, once or, where the answer was lost, again.
func (h *house) exact(taken []Change, from int) {
	h.t.Helper()
	next := from
	for i, c := range taken {
		if n, err := strconv.Atoi(strings.TrimPrefix(c.ID, ours)); err == nil && n >= from && n < next {
			next = n // again, and all that followed
		}
		if c.ID != fmt.Sprint(ours, next) {
			h.t.Fatalf("%s at place %d, want the %d-th", c.ID, i, next)
		}
		next++
	}
	if next != h.sent {
		h.t.Errorf("taken up to %d of %d", next, h.sent)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come", what)
		}
	}
}

const shared = "a secret of sixteen or more"

func (h *house) make(s *Service, r *receiver) Hook {
	h.t.Helper()
	one, shown, err := s.Create(h.t.Context(), ours, Draft{Name: "数据中台", URL: r.server.URL + "/in?token=x", Secret: shared, AllowPrivate: true}, "usr")
	if err != nil || shown != shared {
		h.t.Fatal(shown, err)
	}
	return one
}

func TestChangesComeInOrderThroughFailuresAndRestarts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		r := listen(t, shared)
		h.happen(2, 5) // before the hook is there: nobody hears of it
		before := h.sent
		s := h.service(clock.System)
		one := h.make(s, r)
		r.will(func(n int) int { return []int{500, 200, 429, 302, 404, 200, 503}[n%7] })
		stop := h.run(s)
		h.happen(20, 90)
		until(t, "a part of the changes", func() bool { return r.took() > 500 })
		stop()
		s = h.service(clock.System)
		stop = h.run(s)
		h.happen(3, 400) // messages of more than one request
		// some come again after a restart, so it is the last one that says that all have come
		until(t, "the rest", func() bool { return r.last() == fmt.Sprint(ours, h.sent-1) })
		until(t, "the position", func() bool {
			all, err := s.List(t.Context(), ours, false)
			return err == nil && all[0].Delivered >= int64(h.sent-before) && all[0].Error == ""
		})
		stop()
		if r.largest > perRequest || r.largest < 100 {
			t.Errorf("a request of %d changes", r.largest)
		}
		h.exact(r.taken, before)
		all, err := s.List(t.Context(), ours, false)
		if err != nil || all[0].Error != "" || all[0].Tries != 0 || all[0].Delivered < int64(h.sent-before) || strings.Contains(all[0].URL, "token") {
			t.Errorf("%+v, %v", all, err)
		}
		tries, err := s.Deliveries(t.Context(), one.ID)
		if err != nil || len(tries) > keptTries || !strings.HasPrefix(tries[0].Said, "said") {
			t.Errorf("%d tries, %v", len(tries), err)
		}
	})
}

// A hook that is gone for long dies where all can see it, holds up no other, and goes on where it was when it is started again.
func TestHookDiesAndIsStartedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := build(t, db)
		broken, sound := listen(t, shared), listen(t, shared)
		now := clock.NewManual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
		s := h.service(now.Now)
		one, two := h.make(s, broken), h.make(s, sound)
		broken.will(func(int) int { now.Advance(13 * time.Hour); return 500 })
		stop := h.run(s)
		h.happen(3, 10)
		state := func() Hook {
			got, err := hookByID(t.Context(), db, one.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		until(t, "its end", func() bool { return state().State == Dead })
		until(t, "what the other hears", func() bool { return sound.took() == h.sent })
		if got := state(); got.Error != "HTTP 500" || got.Tries < 6 || got.Delivered != 0 {
			t.Errorf("%+v", got)
		}
		broken.will(func(int) int { return 200 })
		h.happen(1, 10)
		got := state()
		if _, err := s.Pause(t.Context(), one.ID, got.Version, false, false); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Pause(t.Context(), one.ID, got.Version, true, false); !errs.Is(err, errs.Conflict) {
			t.Errorf("over somebody else's change: %v", err)
		}
		until(t, "what it missed", func() bool { return broken.took() == h.sent })

		// Paused it hears nothing; skipping it does not hear of that either.
		until(t, "what the other hears", func() bool { return sound.took() == h.sent })
		h2, err := s.Pause(t.Context(), two.ID, two.Version, true, false)
		if err != nil {
			t.Fatal(err)
		}
		at := h.sent
		stop() // a pause holds also after a restart
		stop = h.run(s)
		h.happen(1, 5)
		until(t, "what the first hears", func() bool { return broken.took() >= h.sent })
		if sound.took() != at {
			t.Error("a paused one hears")
		}
		if _, err = s.Pause(t.Context(), two.ID, h2.Version, false, true); err != nil {
			t.Fatal(err)
		}
		skipped := h.sent
		h.happen(1, 5)
		until(t, "what came after", func() bool { return sound.took() == at+5 && broken.took() >= h.sent })
		h.exact(broken.taken, 0)
		h.exact(sound.taken[at:], skipped)

		// Gone says that it wants no more.
		sound.will(func(int) int { return 410 })
		h.happen(1, 1)
		until(t, "the end of the second", func() bool {
			got, err := hookByID(t.Context(), db, two.ID)
			return err == nil && got.State == Dead
		})
		if err := s.Remove(t.Context(), two.ID); err != nil {
			t.Error(err)
		}
		if _, err := s.Deliveries(t.Context(), two.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("after the end: %v", err)
		}
		stop()
	})
}

func TestTryAndRefusals(t *testing.T) {
	db := storetest.Open(t)
	h := build(t, db)
	s := h.service(clock.System)
	r := listen(t, shared)
	one := h.make(s, r)
	d, err := s.Try(t.Context(), one.ID)
	if err != nil || !d.OK || !d.Test || r.tests != 1 || len(r.taken) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	changed, err := s.Change(t.Context(), one.ID, one.Version, Draft{Name: "内网", URL: r.server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if d, err = s.Try(t.Context(), one.ID); err != nil || d.OK || d.Status != 0 || !strings.Contains(d.Said, "inside this machine's network") || r.tests != 1 {
		t.Errorf("inside: %+v, %v", d, err)
	}
	if sealed, err := h.keys.Open(purpose, changed.Sealed); err != nil || string(sealed) != shared {
		t.Errorf("the secret is lost: %v", err)
	}
	all, err := s.Deliveries(t.Context(), one.ID)
	if err != nil || len(all) != 2 || strings.Contains(all[0].Said, "http://") {
		t.Errorf("%+v, %v", all, err)
	}
	for name, bad := range map[string]Draft{
		"name": {URL: "https://x"}, "url": {Name: "a", URL: "ftp://x"}, "user": {Name: "a", URL: "https://a:b@x"}, "secret": {Name: "a", URL: "https://x", Secret: "short"},
	} {
		if _, _, err := s.Create(t.Context(), ours, bad, ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := s.Create(t.Context(), "seg_none", Draft{Name: "a", URL: "https://x"}, ""); !errs.Is(err, errs.NotFound) {
		t.Errorf("of no segment: %v", err)
	}
	if _, made, err := s.Create(t.Context(), ours, Draft{Name: "a", URL: "https://x"}, ""); err != nil || len(made) < 40 {
		t.Errorf("secret %q, %v", made, err)
	}
	for range mostOfOne - 2 {
		if _, _, err := s.Create(t.Context(), ours, Draft{Name: "a", URL: "https://x"}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Create(t.Context(), ours, Draft{Name: "a", URL: "https://x"}, ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("one too many: %v", err)
	}
}

func TestWaitsAndCuts(t *testing.T) {
	for tries, want := range map[int64]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 10: 512 * time.Second, 11: longWait, 60: longWait, 1 << 40: longWait} {
		if got := waitAfter(firstWait, tries); got != want {
			t.Errorf("after %d: %s", tries, got)
		}
	}
	var all []heard
	for i := range perRequest + 10 {
		all = append(all, heard{seq: uint64(i / 400)})
	}
	if n, position := cut(all, 99); n != perRequest || position != 0 {
		t.Errorf("%d up to %d", n, position)
	}
	if n, position := cut(all[perRequest:], 99); n != 10 || position != 99 {
		t.Errorf("%d up to %d", n, position)
	}
}
