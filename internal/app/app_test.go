package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
)

// settings returns a configuration with a data directory of its own and a free port.
func settings(t testing.TB) config.Config {
	t.Helper()
	c := config.Default()
	c.Data = t.TempDir()
	c.Listen = "127.0.0.1:0"
	return c
}

// output is written by a server and read by its test.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// running is a server and a browser that looks at it.
type running struct {
	t        testing.TB
	base     string
	client   *http.Client
	notice   *output
	log      *output
	stop     func() // ends the server and fails the test if it did not end well
	password string
}

// serve runs app.Run on a free port until the test ends.
func serve(t testing.TB, cfg config.Config) *running {
	t.Helper()
	r := &running{t: t, notice: &output{}, log: &output{}}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- app.Run(ctx, cfg, app.Options{
			Log:    slog.New(slog.NewTextHandler(r.log, nil)),
			Notice: r.notice,
			Ready:  func(url string) { ready <- url },
		})
	}()
	r.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the server ended with %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the server does not stop")
		}
	})
	t.Cleanup(r.stop)
	select {
	case r.base = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("the server did not start: %v\n%s", err, r.log)
	case <-time.After(time.Minute):
		t.Fatalf("the server did not start in a minute\n%s", r.log)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r.client = &http.Client{Jar: jar, Timeout: time.Minute}
	return r
}

// call sends body as JSON (nil for none; an io.Reader as it is) and decodes the answer into out, if that is given.
func (r *running) call(method, path string, body, out any, want int) {
	r.t.Helper()
	var reader io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case io.Reader:
		reader, kind = b, "application/octet-stream"
	default:
		text, err := json.Marshal(b)
		if err != nil {
			r.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, r.base+path, reader)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if res.StatusCode != want {
		r.t.Fatalf("%s %s: %d, want %d\n%s\n%s", method, path, res.StatusCode, want, text, r.log)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			r.t.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
}

var shown = regexp.MustCompile(`(?m)^\s+password\s+(\S+)$`)

// signIn uses the one-time password that the first start showed, and chooses another.
func (r *running) signIn() {
	r.t.Helper()
	found := shown.FindStringSubmatch(r.notice.String())
	if found == nil {
		r.t.Fatalf("no password in %q", r.notice)
	}
	r.password = "a password of her own"
	r.call("POST", "/api/v1/session", map[string]string{"login": "admin", "password": found[1]}, nil, 200)
	r.call("PUT", "/api/v1/session/password", map[string]string{"old": found[1], "password": r.password}, nil, 204)
}

func TestFirstStartShowsThePasswordOnce(t *testing.T) {
	cfg := settings(t)
	first := serve(t, cfg)
	first.signIn()
	var state struct {
		Engines []struct {
			Name string `json:"name"`
			OK   bool   `json:"ok"`
		} `json:"engines"`
	}
	first.call("GET", "/api/v1/system", nil, &state, 200)
	if len(state.Engines) != 3 || !state.Engines[0].OK || !state.Engines[1].OK || !state.Engines[2].OK {
		t.Fatalf("%+v", state)
	}
	first.call("GET", "/readyz", nil, nil, 200)
	first.call("GET", "/metrics", nil, nil, 200) // not JSON, so not decoded
	if strings.Contains(first.log.String(), first.password) || strings.Contains(first.log.String(), shown.FindStringSubmatch(first.notice.String())[1]) {
		t.Error("the password is in the log")
	}
	first.stop()

	second := serve(t, cfg)
	if second.notice.String() != "" {
		t.Fatalf("shown again: %s", second.notice)
	}
	second.call("POST", "/api/v1/session", map[string]string{"login": "admin", "password": first.password}, nil, 200)
}

func TestOneServerPerDataDirectory(t *testing.T) {
	cfg := settings(t)
	serve(t, cfg)
	err := app.Run(t.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, config.ErrInUse) || !strings.Contains(err.Error(), cfg.Data) {
		t.Fatalf("a second server: %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := settings(t)
	cfg.Listen = l.Addr().String()
	if err := app.Run(t.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler), Notice: io.Discard}); err == nil || !strings.Contains(err.Error(), "listen") {
		t.Fatalf("%v", err)
	}
}

// TestStopsInAnyState ends the server at moments from before its first line to long after it answers; each time it must
// end without an error and leave a directory that the next start takes.
func TestStopsInAnyState(t *testing.T) {
	cfg := settings(t)
	for _, after := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 40 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond, time.Second} {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		ended := make(chan error, 1)
		go func() {
			ended <- app.Run(ctx, cfg, app.Options{Log: slog.New(slog.DiscardHandler), Notice: io.Discard})
		}()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("stopped after %v: %v", after, err)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("does not stop after %v", after)
		}
		cancel()
	}
	serve(t, cfg).call("GET", "/readyz", nil, nil, 200)
}

// TestRequestsFinishWhenStopping begins a slow upload, stops the server, and finishes it.
func TestRequestsFinishWhenStopping(t *testing.T) {
	r := serve(t, settings(t))
	r.signIn()
	body, more := io.Pipe()
	answered := make(chan int, 1)
	go func() {
		req, err := http.NewRequestWithContext(context.Background(), "POST", r.base+"/api/v1/staff", body)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := r.client.Do(req)
		if err != nil {
			t.Error(err)
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	fmt.Fprint(more, `{"login":"late","name":"`)
	time.Sleep(50 * time.Millisecond)
	stopped := make(chan struct{})
	go func() { r.stop(); close(stopped) }()
	time.Sleep(50 * time.Millisecond)
	fmt.Fprint(more, `late","role":"guide"}`)
	more.Close()
	if code := <-answered; code != http.StatusCreated {
		t.Fatalf("answered %d", code)
	}
	<-stopped
}

// TestFactsReachTheWarehouse follows facts from a transaction to the warehouse, on both stores.
func TestFactsReachTheWarehouse(t *testing.T) {
	cfg := settings(t)
	fact := func(n int) event.Fact {
		return event.Fact{ID: id.From("evt", fmt.Sprint(n)), Name: event.OrderPaid, Customer: uint32(n), At: time.Date(2026, 3, 1, 0, 0, n, 0, time.UTC), Amount: 100}
	}
	quiet := app.Options{Log: slog.New(slog.DiscardHandler)}
	err := app.Do(t.Context(), cfg, quiet, func(ctx context.Context, a *app.App) error {
		return a.DB.Tx(ctx, func(tx *store.Tx) error {
			var facts []event.Fact
			for n := 1; n <= 1200; n++ {
				facts = append(facts, fact(n))
			}
			return outbox.Append(ctx, tx, facts...)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = app.Do(t.Context(), cfg, quiet, func(ctx context.Context, a *app.App) error {
		n, err := warehouse.One[int64](ctx, a.Warehouse, `SELECT COUNT(*) FROM facts`)
		if err != nil {
			return err
		}
		if n != 1200 {
			t.Errorf("%d facts in the warehouse", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("the work failed")
	if err := app.Do(t.Context(), cfg, quiet, func(context.Context, *app.App) error { return failed }); !errors.Is(err, failed) {
		t.Fatalf("%v", err)
	}
}
