package collect_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/data/collect"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/stream"
)

// memory is a log whose appends end when they are let through.
type memory struct {
	mu      sync.Mutex
	entries [][]byte
	gate    chan error // each append takes one; nil: none waits
}

func (m *memory) Append(_ context.Context, body []byte) (uint64, error) {
	if m.gate != nil {
		if err := <-m.gate; err != nil {
			return 0, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, append([]byte(nil), body...))
	return uint64(len(m.entries)), nil
}

func (m *memory) envelopes(t *testing.T) (out []collect.Envelope) {
	t.Helper()
	for _, e := range m.entries {
		some, err := collect.Open(e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, some...)
	}
	return out
}

func request(n int) collect.Envelope {
	return collect.Envelope{Protocol: collect.Segment, Source: "src_1", Path: "track", Query: "q=1", ReceivedAt: received.Add(time.Duration(n)), IP: "203.0.113.9", UserAgent: "ua", Body: fmt.Append(nil, `{"n":`, n, `}`)}
}

func TestRequestsThatComeTogetherShareAnAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{gate: make(chan error)}
		a := collect.NewAccepter(log, nil)
		var all sync.WaitGroup
		for n := range 1000 {
			all.Go(func() {
				if err := a.Accept(t.Context(), request(n)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(log.gate)
		all.Wait()
		a.Close()
		if len(log.entries) > 4 {
			t.Errorf("%d entries", len(log.entries))
		}
		got := map[string]bool{}
		for _, e := range log.envelopes(t) {
			got[string(e.Body)] = true
			if e.Query != "q=1" || e.Source != "src_1" || e.UserAgent != "ua" || e.ReceivedAt.Location() != time.UTC {
				t.Fatalf("%+v", e)
			}
		}
		if len(got) != 1000 {
			t.Errorf("%d requests", len(got))
		}
		if err := a.Accept(t.Context(), request(1)); !errs.Is(err, errs.Unavailable) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestWhatIsTooMuchIsRefusedAndWhatWasTakenIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{gate: make(chan error)}
		a := collect.NewAccepter(log, nil)
		e := request(1)
		e.Body = make([]byte, 500<<10)
		var mu sync.Mutex
		kept, refused := 0, 0
		var all sync.WaitGroup
		for range 200 { // 100 MB
			all.Go(func() {
				err := a.Accept(t.Context(), e)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					kept++
				case errors.Is(err, collect.ErrOverload):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if w := a.Waiting(); w > 32<<20 {
			t.Errorf("%d bytes wait", w)
		}
		close(log.gate)
		all.Wait()
		a.Close()
		if kept+refused != 200 || refused == 0 || len(log.envelopes(t)) != kept || a.Waiting() != 0 {
			t.Errorf("kept %d, refused %d, in the log %d", kept, refused, len(log.envelopes(t)))
		}
	})
}

func TestACancelledRequestIsTakenBackUnlessItIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{gate: make(chan error)}
		a := collect.NewAccepter(log, nil)
		answers := make(chan error, 3)
		for n := range 2 { // both appends are busy with these
			go func() { answers <- a.Accept(t.Context(), request(n)) }()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { answers <- a.Accept(ctx, request(2)) }()
		synctest.Wait()
		cancel()
		if err := <-answers; !errors.Is(err, context.Canceled) {
			t.Errorf("taken back: %v", err)
		}
		close(log.gate)
		for range 2 {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		a.Close()
		if n := len(log.envelopes(t)); n != 2 {
			t.Errorf("%d in the log", n)
		}
	})
}

func TestAFailedAppendIsNoSuccess(t *testing.T) {
	log := &memory{gate: make(chan error, 1)}
	a := collect.NewAccepter(log, nil)
	defer a.Close()
	log.gate <- errors.New("fsync: no space left on device")
	if err := a.Accept(t.Context(), request(1)); !errs.Is(err, errs.Unavailable) {
		t.Errorf("%v", err)
	}
	log.gate <- nil
	if err := a.Accept(t.Context(), request(1)); err != nil {
		t.Errorf("the next: %v", err)
	}
}

func TestNothingIsTakenWhileThePipelineIsFarBehind(t *testing.T) {
	behind := int64(1 << 30)
	a := collect.NewAccepter(&memory{}, func() int64 { return behind })
	defer a.Close()
	if err := a.Accept(t.Context(), request(1)); !errors.Is(err, collect.ErrOverload) {
		t.Errorf("%v", err)
	}
	behind = 0
	if err := a.Accept(t.Context(), request(1)); err != nil {
		t.Error(err)
	}
}

func TestWhatWasAnsweredIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	open := func() (*stream.Stream, *stream.Log) {
		s, err := stream.Open(t.Context(), stream.Config{Dir: dir}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		l, err := s.Log(t.Context(), stream.LogConfig{Name: collect.LogName, MaxAge: collect.LogAge})
		if err != nil {
			t.Fatal(err)
		}
		return s, l
	}
	s, l := open()
	a := collect.NewAccepter(l, nil)
	var mu sync.Mutex
	answered, some := map[string]bool{}, make(chan struct{})
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			for k := range 10 {
				e := request(n*10 + k)
				if a.Accept(t.Context(), e) == nil {
					mu.Lock()
					answered[string(e.Body)] = true
					if len(answered) == 100 {
						close(some)
					}
					mu.Unlock()
				}
			}
		})
	}
	<-some
	s.Close() // the engine goes away in the middle: what is answered from now on is an error
	all.Wait()
	a.Close()
	s, l = open()
	defer s.Close()
	last, err := l.LastSeq(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if last > 0 {
		err = l.Read(ctx, 1, 100, func(_ context.Context, batch []stream.Entry) error {
			for _, entry := range batch {
				some, err := collect.Open(entry.Body)
				if err != nil {
					t.Error(err)
				}
				for _, e := range some {
					delete(answered, string(e.Body))
				}
				if entry.Seq == last {
					cancel()
				}
			}
			return nil
		})
	}
	if err != nil || len(answered) != 0 {
		t.Errorf("%d were answered and are gone; %v", len(answered), err)
	}
}

func FuzzOpen(f *testing.F) {
	log := &memory{}
	a := collect.NewAccepter(log, nil)
	if err := a.Accept(f.Context(), request(1)); err != nil {
		f.Fatal(err)
	}
	a.Close()
	f.Add(log.entries[0])
	f.Add([]byte("HE\x01\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, entry []byte) {
		some, err := collect.Open(entry)
		if err != nil && (len(some) != 0 || !errors.Is(err, collect.ErrEntry)) {
			t.Fatal(err)
		}
	})
}

func TestADamagedEntryIsSeen(t *testing.T) {
	log := &memory{}
	a := collect.NewAccepter(log, nil)
	want := request(7)
	if err := a.Accept(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if d := cmp.Diff([]collect.Envelope{want}, log.envelopes(t)); d != "" {
		t.Error(d)
	}
	for i := range log.entries[0] {
		broken := append([]byte(nil), log.entries[0]...)
		broken[i] ^= 4
		if _, err := collect.Open(broken); !errors.Is(err, collect.ErrEntry) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}
