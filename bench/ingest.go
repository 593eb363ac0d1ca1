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
	"runtime"
	"runtime/pprof"
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
	Batch   int     // events in a request; 0 measures 100, 20 and 1
	People  int     // who the events are about
	Dir     string  // where the data goes while it is needed
	Profile string  // folder for processor profiles of the measurements and of what holds memory after them; "" writes none
}

// IngestResult is what the product takes in over HTTP with everything behind it running: an answer means that the request
// is on disk. The load comes from a process of its own on the same machine.
type IngestResult struct {
	Batch100PerSecond float64       `json:"batch100_per_second,omitempty"` // events, 100 in a request, 24 connections
	Batch20PerSecond  float64       `json:"batch20_per_second,omitempty"`  // events, 20 in a request, 48 connections
	SinglePerSecond   float64       `json:"single_per_second,omitempty"`   // events, one in a request, 128 connections
	Batch100P99       float64       `json:"batch100_p99_ms,omitempty"`
	Batch20P99        float64       `json:"batch20_p99_ms,omitempty"`
	SingleP99         float64       `json:"single_p99_ms,omitempty"`
	Refused           int64         `json:"refused"`                  // requests that were answered 429 or 503, and sent again
	RawPerSecond      float64       `json:"raw_per_second,omitempty"` // events, when 24 publishers put the same requests of 100 into a JetStream as they are, synced
	RawRatio          float64       `json:"raw_ratio,omitempty"`      // batch100 against that
	Accepted          int64         `json:"accepted_events"`
	Stages            []IngestStage `json:"stages"`
	Memory            []int64       `json:"memory_mb"`       // resident, of the whole product, every 10 s from the first request until all was worked off
	MemoryFirst       int64         `json:"memory_first_mb"` // average of the first quarter of these
	MemoryLast        int64         `json:"memory_last_mb"`  // and of the last
	MemoryPeak        int64         `json:"memory_peak_mb"`
	CPUs              int           `json:"cpus"`
}

// IngestStage is one measurement. The next one begins when what it left has been worked off.
type IngestStage struct {
	Batch        int     `json:"batch"` // events in a request
	PerSecond    float64 `json:"per_second"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	LoadCPU      float64 `json:"load_cpu_us_per_event"`        // processor time of the process that sends
	ServerCPU    float64 `json:"server_cpu_us_per_event"`      // of the product, all that it does behind the answer included
	EdgeShare    float64 `json:"server_cpu_us_until_answered"` // of the product while requests came, for each event answered
	RequestsEach float64 `json:"requests_per_sync"`            // that one entry of the log, which is one sync, held
	Behind       int64   `json:"behind_entries"`               // of the log, that the pipeline had not worked off when the load ended
	CatchUp      float64 `json:"catch_up_seconds"`             // until it had
}

// Ingest measures the taking in of events.
func Ingest(ctx context.Context, spec IngestSpec, say func(string, ...any)) (out IngestResult, err error) {
	dir, err := os.MkdirTemp(spec.Dir, "huoshui-ingest-")
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if spec.Batch == 0 || spec.Batch == 100 {
		if out.RawPerSecond, err = rawPublish(ctx, filepath.Join(dir, "raw"), spec); err != nil {
			return out, err
		}
		say("raw JetStream, requests of 100 events, synced: %.0f events/s", out.RawPerSecond)
	}
	err = served(ctx, filepath.Join(dir, "data"), func(a *app.App, base string) error {
		return ingest(ctx, a, base, spec, say, &out)
	})
	if out.RawPerSecond > 0 {
		out.RawRatio = out.Batch100PerSecond / out.RawPerSecond
	}
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
	series := newSeries(10 * time.Second)
	for _, m := range []struct {
		batch, connections int
		rate, p99          *float64
	}{{100, 24, &out.Batch100PerSecond, &out.Batch100P99}, {20, 48, &out.Batch20PerSecond, &out.Batch20P99}, {1, 128, &out.SinglePerSecond, &out.SingleP99}} {
		if spec.Batch != 0 && spec.Batch != m.batch {
			continue
		}
		finish, err := profile(spec.Profile, strconv.Itoa(m.batch))
		if err != nil {
			return err
		}
		load := LoadSpec{URL: base, Key: src.WriteKey, Batch: m.batch, Connections: m.connections, People: spec.People, Seconds: spec.Seconds}
		stage, refused, err := ingestStage(ctx, a, src.ID, load)
		if err = errors.Join(err, finish()); err != nil {
			return err
		}
		*m.rate, *m.p99 = stage.PerSecond, stage.P99
		out.Refused += refused
		out.Stages = append(out.Stages, stage)
		say("%d in a request, %d connections: %.0f events/s, p50 %.1f ms, p99 %.1f ms, %d refused; %.1f requests a sync", m.batch, m.connections, stage.PerSecond, stage.P50, stage.P99, refused, stage.RequestsEach)
		say("  processor: %.1f µs an event to send, %.1f µs to take in and work off; behind by %d entries, caught up in %.1f s; %d MB", stage.LoadCPU, stage.ServerCPU, stage.Behind, stage.CatchUp, resident()>>20)
	}
	out.MemoryPeak = memory.megabytes()
	out.Memory = series.end()
	out.MemoryFirst, out.MemoryLast = quarters(out.Memory)
	out.CPUs = runtime.NumCPU()
	out.Accepted = a.Services.Sources.Stats(src.ID).Events
	return nil
}

// ingestStage lets one load run, then waits until the pipeline has worked it off.
func ingestStage(ctx context.Context, a *app.App, source string, load LoadSpec) (stage IngestStage, refused int64, err error) {
	log, err := a.Stream.Log(ctx, stream.LogConfig{Name: collect.LogName, MaxAge: collect.LogAge})
	if err != nil {
		return stage, 0, err
	}
	before, err := log.LastSeq(ctx)
	if err != nil {
		return stage, 0, err
	}
	accepted, cpu := a.Services.Sources.Stats(source), cpuSeconds()
	result, err := loadApart(ctx, load)
	if err != nil {
		return stage, 0, err
	}
	ended, answered := time.Now(), cpuSeconds()
	last, err := log.LastSeq(ctx)
	if err != nil {
		return stage, 0, err
	}
	stage.Behind = int64(last - min(last, a.Services.Pipeline.Progress().Position))
	for a.Services.Pipeline.Progress().Position < last {
		select {
		case <-ctx.Done():
			return stage, 0, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	stage.CatchUp = time.Since(ended).Seconds()
	now := a.Services.Sources.Stats(source)
	events := float64(now.Events - accepted.Events)
	stage.Batch, stage.PerSecond, stage.P50, stage.P99 = load.Batch, result.PerSecond, result.P50, result.P99
	stage.LoadCPU, stage.EdgeShare, stage.ServerCPU = 1e6*result.CPU/events, 1e6*(answered-cpu)/events, 1e6*(cpuSeconds()-cpu)/events
	stage.RequestsEach = float64(now.Accepted-accepted.Accepted) / float64(last-before)
	return stage, result.Refused, nil
}

// profile follows where the processors' time goes until finish is called, which also writes down what holds memory then.
func profile(dir, name string) (finish func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu-"+name+".pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(dir, "heap-"+name+".pprof"))
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		return errors.Join(cpu.Close(), pprof.WriteHeapProfile(heap), heap.Close())
	}, nil
}

// series notes the resident memory at regular times.
type series struct {
	stop, done chan struct{}
	megabytes  []int64
}

func newSeries(every time.Duration) *series {
	s := &series{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-tick.C:
				s.megabytes = append(s.megabytes, resident()>>20)
			}
		}
	}()
	return s
}

// end returns what was noted, and the present.
func (s *series) end() []int64 {
	close(s.stop)
	<-s.done
	return append(s.megabytes, resident()>>20)
}

// quarters are the averages of the first and the last quarter.
func quarters(all []int64) (first, last int64) {
	n := max(len(all)/4, 1)
	for i := range n {
		first += all[i]
		last += all[len(all)-1-i]
	}
	return first / int64(n), last / int64(n)
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
	CPU       float64 `json:"cpu_seconds"` // of the process that sent
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
	out.P50, out.P99, out.CPU = at(.50), at(.99), cpuSeconds()
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
