package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/stream/streamtest"
)

func TestMain(m *testing.M) {
	streamtest.Serve()
	os.Exit(m.Run())
}

var quiet = slog.New(slog.DiscardHandler)

func message(i int) stream.Message {
	return stream.Message{ID: fmt.Sprint("m", i), Noun: "order", Facts: []event.Fact{{ID: fmt.Sprint("f", i), Name: event.OrderPaid, Customer: 1, At: time.Unix(int64(i), 0).UTC()}}}
}

// TestClusterLosesNothing kills the leaders of the stream and of the log, one after the other, while both are written to and
// read: what was acknowledged is read by every reader, once and in order.
func TestClusterLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers many times")
	}
	c := streamtest.Start(t, streamtest.Options{})
	s, err := stream.Open(t.Context(), stream.Config{URL: c.URL()}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	log, err := s.Log(t.Context(), stream.LogConfig{Name: "EVENTS", MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	c.Do(func(ctx context.Context, js jetstream.JetStream) error {
		for _, name := range []string{"FACTS", "EVENTS"} {
			s, err := js.Stream(ctx, name)
			if err != nil {
				return err
			}
			if n := s.CachedInfo().Config.Replicas; n != 3 {
				t.Errorf("%s has %d copies", name, n)
			}
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	writing, done := context.WithCancel(ctx)
	var writers, readers sync.WaitGroup
	published, appended := 0, []string{}
	writers.Go(func() {
		for writing.Err() == nil {
			var batch []stream.Message
			for i := range 20 {
				batch = append(batch, message(published+i))
			}
			for ctx.Err() == nil { // as the relay does: the same again until it is acknowledged
				if err := s.Publish(ctx, batch); err == nil {
					break
				}
			}
			published += len(batch)
			time.Sleep(2 * time.Millisecond)
		}
	})
	writers.Go(func() {
		for i := 0; writing.Err() == nil; i++ {
			body := fmt.Sprint(i)
			if _, err := log.Append(ctx, []byte(body)); err == nil {
				appended = append(appended, body)
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	var mu sync.Mutex
	var facts []string
	entries := map[string]int{}
	var last string
	readers.Go(func() {
		_ = s.Read(ctx, 1, 64, func(_ context.Context, batch []stream.Message) error {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range batch {
				facts = append(facts, m.ID)
			}
			return nil
		})
	})
	readers.Go(func() {
		_ = log.Read(ctx, 1, 64, func(_ context.Context, batch []stream.Entry) error {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range batch {
				entries[string(e.Body)]++
				last = string(e.Body)
			}
			return nil
		})
	})
	progress := func() int {
		mu.Lock()
		defer mu.Unlock()
		return min(len(facts), len(entries))
	}
	for round := range 3 {
		before := progress()
		for progress() < before+100 {
			if ctx.Err() != nil {
				t.Fatal("nothing goes on")
			}
			time.Sleep(10 * time.Millisecond)
		}
		victim := c.Leader([]string{"FACTS", "EVENTS"}[round%2])
		c.Kill(victim)
		began := time.Now()
		for before = progress(); progress() < before+100; time.Sleep(10 * time.Millisecond) { // it goes on with two
			if ctx.Err() != nil {
				t.Fatal("nothing goes on without one server")
			}
		}
		t.Logf("round %d: without server %d again at work after %s", round, victim, time.Since(began).Round(100*time.Millisecond))
		c.Restart(victim)
		c.Whole("FACTS")
		c.Whole("EVENTS")
	}
	done()
	writers.Wait()
	t.Logf("%d messages, %d entries", published, len(appended))
	for ctx.Err() == nil {
		mu.Lock()
		ended := len(facts) >= published && last >= "" && entries[appended[len(appended)-1]] > 0
		mu.Unlock()
		if ended {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	readers.Wait()
	if len(facts) != published {
		t.Errorf("%d messages read, want %d", len(facts), published)
	}
	for i, id := range facts {
		if id != fmt.Sprint("m", i) {
			t.Fatalf("%s at place %d", id, i)
		}
	}
	for _, body := range appended {
		if entries[body] != 1 {
			t.Errorf("entry %s is there %d times", body, entries[body])
		}
	}
}

// TestClusterWithoutMajority stops two of three: nothing is acknowledged, callers hear so in time, and all goes on when they
// are back.
func TestClusterWithoutMajority(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers many times")
	}
	c := streamtest.Start(t, streamtest.Options{})
	s, err := stream.Open(t.Context(), stream.Config{URL: c.URL()}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	log, err := s.Log(t.Context(), stream.LogConfig{Name: "EVENTS", MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(t.Context(), []byte("a")); err != nil {
		t.Fatal(err)
	}
	c.Kill(0)
	c.Kill(1)
	soon, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := log.Append(soon, []byte("b")); !errs.Is(err, errs.Unavailable) {
		t.Errorf("without a majority: %v", err)
	}
	if err := s.Ping(soon); err == nil {
		t.Error("it says that it is there")
	}
	c.Restart(0)
	c.Restart(1)
	if _, err := log.Append(t.Context(), []byte("c")); err != nil {
		t.Errorf("with all of them back: %v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var read []string
	if err := log.Read(ctx, 1, 10, func(_ context.Context, batch []stream.Entry) error {
		for _, e := range batch {
			if read = append(read, string(e.Body)); string(e.Body) == "c" {
				stop()
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(read, ""); got != "ac" && got != "abc" {
		t.Errorf("read %q", got)
	}
}

func TestServersThatCannotKeepItAreRefused(t *testing.T) {
	small := streamtest.Start(t, streamtest.Options{Servers: 1, Payload: 1 << 20})
	if _, err := stream.Open(t.Context(), stream.Config{URL: small.URL()}, quiet); err == nil || !strings.Contains(err.Error(), "max_payload") {
		t.Errorf("messages of a megabyte at most: %v", err)
	}
	for _, url := range []string{"nats://", "http://x", "nats://a,,b"} {
		if _, err := stream.Open(t.Context(), stream.Config{URL: url}, quiet); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", url, err)
		}
	}
	lone := streamtest.Start(t, streamtest.Options{Servers: 1})
	s, err := stream.Open(t.Context(), stream.Config{URL: lone.URL()}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Publish(t.Context(), []stream.Message{message(1)}); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Publish(ended, []stream.Message{message(2)}); !errors.Is(err, context.Canceled) && !errs.Is(err, errs.Unavailable) {
		t.Errorf("after the end: %v", err)
	}
}
