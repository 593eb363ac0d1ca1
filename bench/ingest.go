package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/data/collect"
	appconfig "huoshui/internal/platform/config"
	"huoshui/internal/platform/stream"
)

// IngestSpec is how hard to push.
type IngestSpec struct {
	Seconds float64 // of each measurement
	People  int     // who the events are about
	Dir     string  // where the data goes while it is needed
}

// IngestResult is what the product takes in over HTTP with everything behind it running: an answer means that the request
// is on disk. The load comes from a process of its own on the same machine.
type IngestResult struct {
	Batch100PerSecond float64 `json:"batch100_per_second"` // events, 100 in a request, 24 connections
	Batch20PerSecond  float64 `json:"batch20_per_second"`  // events, 20 in a request, 48 connections
	SinglePerSecond   float64 `json:"single_per_second"`   // events, one in a request, 128 connections
	Batch100P99       float64 `json:"batch100_p99_ms"`
	Batch20P99        float64 `json:"batch20_p99_ms"`
	SingleP99         float64 `json:"single_p99_ms"`
	Refused           int64   `json:"refused"`          // requests that were answered 429 or 503, and sent again
	RawPerSecond      float64 `json:"raw_per_second"`   // events, when 24 publishers put the same requests of 100 into a JetStream as they are, synced
	RawRatio          float64 `json:"raw_ratio"`        // batch100 against that
	MemoryMB          int64   `json:"memory_mb"`        // resident at the peak, of the whole product
	MemoryLaterMB     int64   `json:"memory_later_mb"`  // and when all was worked off
	Behind            int64   `json:"behind_entries"`   // of the log, that the pipeline had not worked off when the load ended
	CatchUp           float64 `json:"catch_up_seconds"` // until it had
	Accepted          int64   `json:"accepted_events"`
}

// Ingest measures the taking in of events.
func Ingest(ctx context.Context, spec IngestSpec, say func(string, ...any)) (out IngestResult, err error) {
	dir, err := os.MkdirTemp(spec.Dir, "huoshui-ingest-")
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if out.RawPerSecond, err = rawPublish(ctx, filepath.Join(dir, "raw"), spec); err != nil {
		return out, err
	}
	say("raw JetStream, requests of 100 events, synced: %.0f events/s", out.RawPerSecond)
	err = served(ctx, filepath.Join(dir, "data"), func(a *app.App, base string) error {
		return ingest(ctx, a, base, spec, say, &out)
	})
	out.RawRatio = out.Batch100PerSecond / out.RawPerSecond
	return out, err
}

// served runs the whole product while fn does.
func served(ctx context.Context, dir string, fn func(a *app.App, base string) error) error {
	cfg := appconfig.Default()
	cfg.Data, cfg.Listen, cfg.LogLevel = dir, "127.0.0.1:0", "warn"
	ready := make(chan string, 1)
	a, err := app.Open(ctx, cfg, app.Options{Quiet: true, Ready: func(base string) { ready <- base }})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(serving) }()
	select {
	case base := <-ready:
		err = fn(a, base)
		stop()
		err = errors.Join(err, <-ended)
	case err = <-ended:
		stop()
	}
	return errors.Join(err, a.Close())
}

func ingest(ctx context.Context, a *app.App, base string, spec IngestSpec, say func(string, ...any), out *IngestResult) error {
	src, err := a.Services.Sources.Create(ctx, collect.SourceDraft{Name: "bench", Kind: collect.Server}, "bench")
	if err != nil {
		return err
	}
	memory := newPeak()
	for _, m := range []struct {
		batch, connections int
		rate, p99          *float64
	}{{100, 24, &out.Batch100PerSecond, &out.Batch100P99}, {20, 48, &out.Batch20PerSecond, &out.Batch20P99}, {1, 128, &out.SinglePerSecond, &out.SingleP99}} {
		load, err := loadApart(ctx, LoadSpec{URL: base, Key: src.WriteKey, Batch: m.batch, Connections: m.connections, People: spec.People, Seconds: spec.Seconds})
		if err != nil {
			return err
		}
		*m.rate, *m.p99 = load.PerSecond, load.P99
		out.Refused += load.Refused
		say("%d in a request, %d connections: %.0f events/s, p50 %.1f ms, p99 %.1f ms, %d refused; %d MB", m.batch, m.connections, load.PerSecond, load.P50, load.P99, load.Refused, resident()>>20)
	}
	out.MemoryMB = memory.megabytes()
	out.Accepted = a.Services.Sources.Stats(src.ID).Events
	began := time.Now()
	log, err := a.Stream.Log(ctx, stream.LogConfig{Name: collect.LogName, MaxAge: collect.LogAge})
	if err != nil {
		return err
	}
	last, err := log.LastSeq(ctx)
	if err != nil {
		return err
	}
	out.Behind = int64(last - min(last, a.Services.Pipeline.Progress().Position))
	for a.Services.Pipeline.Progress().Position < last {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	out.CatchUp = time.Since(began).Seconds()
	out.MemoryLaterMB = resident() >> 20
	say("behind by %d entries, caught up in %.1f s", out.Behind, out.CatchUp)
	return nil
}

// rawPublish puts the same requests into a stream as they are and returns events per second.
func rawPublish(ctx context.Context, dir string, spec IngestSpec) (float64, error) {
	s, err := stream.Open(ctx, stream.Config{Dir: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer s.Close()
	log, err := s.Log(ctx, stream.LogConfig{Name: "RAW"})
	if err != nil {
		return 0, err
	}
	var n atomic.Int64
	var failed atomic.Pointer[error]
	began := time.Now()
	until := began.Add(time.Duration(spec.Seconds * float64(time.Second)))
	var all sync.WaitGroup
	for c := range 24 {
		all.Go(func() {
			r := newRequests(LoadSpec{Batch: 100, People: spec.People, URL: "http://raw"}, c)
			for time.Now().Before(until) {
				if _, err := log.Append(ctx, r.next()[r.head:]); err != nil {
					failed.Store(&err)
					return
				}
				n.Add(100)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(n.Load()) / time.Since(began).Seconds(), nil
}

// LoadSpec is what one process of load sends.
type LoadSpec struct {
	URL         string  `json:"url"`
	Key         string  `json:"key"`
	Batch       int     `json:"batch"` // events in a request; 1 posts to /v1/track
	Connections int     `json:"connections"`
	People      int     `json:"people"`
	Seconds     float64 `json:"seconds"`
}

// LoadResult is what came of it.
type LoadResult struct {
	PerSecond float64 `json:"per_second"` // events answered with success
	P50       float64 `json:"p50_ms"`     // of a request, from its first byte to the end of the answer
	P99       float64 `json:"p99_ms"`
	Refused   int64   `json:"refused"`
}

// loadApart runs Load in a process of its own.
func loadApart(ctx context.Context, spec LoadSpec) (out LoadResult, err error) {
	self, err := os.Executable()
	if err != nil {
		return out, err
	}
	in, err := json.Marshal(spec)
	if err != nil {
		return out, err
	}
	cmd := exec.CommandContext(ctx, self, "bench", "load")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	answer, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("load: %w", err)
	}
	return out, json.Unmarshal(answer, &out)
}

// Load sends requests over connections that stay open, each as soon as the one before is answered, and reads the spec from
// in; the result is its answer. What is refused is sent again after a while.
func Load(ctx context.Context, in io.Reader) (out LoadResult, err error) {
	var spec LoadSpec
	if err := json.NewDecoder(in).Decode(&spec); err != nil {
		return out, err
	}
	began := time.Now()
	until := began.Add(time.Duration(spec.Seconds * float64(time.Second)))
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	for c := range spec.Connections {
		all.Go(func() {
			some, refused, e := connection(ctx, spec, c, until)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, some...)
			out.Refused += refused
			err = errors.Join(err, e)
		})
	}
	all.Wait()
	if err != nil || len(took) == 0 {
		return out, errors.Join(err, errors.New("nothing was answered"))
	}
	slices.Sort(took)
	at := func(p float64) float64 {
		return float64(took[min(len(took)-1, int(math.Ceil(p*float64(len(took)))))].Microseconds()) / 1000
	}
	out.PerSecond = float64(len(took)*spec.Batch) / time.Since(began).Seconds()
	out.P50, out.P99 = at(.50), at(.99)
	return out, nil
}

func connection(ctx context.Context, spec LoadSpec, c int, until time.Time) (took []time.Duration, refused int64, err error) {
	u, err := url.Parse(spec.URL)
	if err != nil {
		return nil, 0, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	r := newRequests(spec, c)
	answers := bufio.NewReader(conn)
	for time.Now().Before(until) {
		request := r.next()
		for {
			began := time.Now()
			if _, err := conn.Write(request); err != nil {
				return took, refused, err
			}
			status, err := readAnswer(answers)
			if err != nil {
				return took, refused, err
			}
			if status == 200 {
				took = append(took, time.Since(began))
				break
			}
			if status != 429 && status != 503 {
				return took, refused, fmt.Errorf("answered %d", status)
			}
			refused++
			if !time.Now().Before(until) {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return took, refused, nil
}

// readAnswer reads an answer to its end; much cheaper than net/http, so that the load takes little of the machine.
func readAnswer(r *bufio.Reader) (status int, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0, fmt.Errorf("answer %q: %w", line, err)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := 0
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := strings.Cut(string(line), ":"); ok && strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return 0, err
			}
		}
	}
	_, err = r.Discard(length)
	return status, err
}

// requests makes a connection's requests: one text in which ids, people and times are overwritten.
type requests struct {
	text   []byte
	head   int // bytes before the body
	ids    []int
	users  []int
	people int
	seed   uint64
	n      uint64
}

const (
	idDigits   = 18
	userDigits = 8
)

func newRequests(spec LoadSpec, c int) *requests {
	names := []string{"Product Viewed", "Product Added", "Checkout Started", "Order Completed", "Coupon Shown"}
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	item := func(i int) string {
		return `{"timestamp":"` + now + `","integrations":{},"type":"track","event":"` + names[i%len(names)] + `","userId":"u` + strings.Repeat("0", userDigits) +
			`","properties":{"product_id":"sku-` + strconv.Itoa(1000+i) + `","category":"护肤","price":` + strconv.Itoa(59+i) + `.5,"quantity":1,"currency":"CNY","channel":"app"}` +
			`,"context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"},"ip":"203.0.113.7"},"messageId":"node-next-` + strings.Repeat("0", idDigits) +
			`","_metadata":{"nodeVersion":"20.19.0","jsRuntime":"node"}}`
	}
	path, body := "/v1/track", item(c)
	if spec.Batch > 1 {
		items := make([]string, spec.Batch)
		for i := range items {
			items[i] = item(i)
		}
		path, body = "/v1/batch", `{"batch":[`+strings.Join(items, ",")+`],"writeKey":"`+spec.Key+`","sentAt":"`+now+`"}`
	}
	host := strings.TrimPrefix(spec.URL, "http://")
	head := "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nUser-Agent: analytics-node-next/latest\r\nX-Write-Key: " + spec.Key +
		"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	r := &requests{text: []byte(head + body), head: len(head), people: max(spec.People, 1), seed: uint64(time.Now().UnixNano()/1000%1e9)*1000 + uint64(c)}
	for at := 0; ; {
		i := bytes.Index(r.text[at:], []byte(`"userId":"u`))
		if i < 0 {
			break
		}
		at += i + len(`"userId":"u`)
		r.users = append(r.users, at)
		at += bytes.Index(r.text[at:], []byte("node-next-")) + len("node-next-")
		r.ids = append(r.ids, at)
	}
	return r
}

// next returns the next request, which is good until the one after it.
func (r *requests) next() []byte {
	for i := range r.ids {
		r.n++
		digits(r.text[r.ids[i]:r.ids[i]+idDigits], (r.seed*1e6+r.n)%1e18)
		digits(r.text[r.users[i]:r.users[i]+userDigits], (r.n*2654435761+r.seed*40503)%uint64(r.people))
	}
	return r.text
}

func digits(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}
