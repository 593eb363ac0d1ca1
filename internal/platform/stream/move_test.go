package stream_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/stream/streamtest"
)

// all reads a stream's facts and a log's entries up to their ends, as text with positions. end is where the entries do, 0 for
// their last position: it may be one that was deleted.
func all(t *testing.T, cfg stream.Config, end uint64) (facts, entries []string) {
	t.Helper()
	s, err := stream.Open(t.Context(), cfg, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	log, err := s.Log(t.Context(), stream.LogConfig{Name: "EVENTS", MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ends := [2]uint64{}
	if ends[0], err = s.LastSeq(t.Context()); err == nil {
		ends[1], err = log.LastSeq(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if end != 0 {
		ends[1] = end
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_ = s.Read(ctx, 1, 100, func(_ context.Context, batch []stream.Message) error {
		for _, m := range batch {
			facts = append(facts, fmt.Sprint(m.Seq, m.ID, m.Maybe, m.Facts))
		}
		if batch[len(batch)-1].Seq >= ends[0] {
			cancel()
		}
		return nil
	})
	ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_ = log.Read(ctx, 1, 100, func(_ context.Context, batch []stream.Entry) error {
		for _, e := range batch {
			entries = append(entries, fmt.Sprint(e.Seq, string(e.Body)))
		}
		if batch[len(batch)-1].Seq >= ends[1] {
			cancel()
		}
		return nil
	})
	return facts, entries
}

// write adds facts and entries whose numbers begin at from; of the facts some come a second time, marked.
func write(t *testing.T, cfg stream.Config, from, n int) {
	t.Helper()
	s, err := stream.Open(t.Context(), cfg, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	log, err := s.Log(t.Context(), stream.LogConfig{Name: "EVENTS", MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		m := message(from + i)
		m.Maybe = i%7 == 0
		if err := s.Publish(t.Context(), []stream.Message{m}); err != nil {
			t.Fatal(err)
		}
		if _, err := log.Append(t.Context(), fmt.Append(nil, from+i)); err != nil {
			t.Fatal(err)
		}
	}
}

// age makes what a stream has forgotten the ids of its messages and lost some of them, as one in use for long has.
func age(t *testing.T, dir string) {
	t.Helper()
	c := streamtest.Embedded(t, dir)
	defer c.Close()
	c.Do(func(ctx context.Context, js jetstream.JetStream) error {
		events, err := js.Stream(ctx, "EVENTS")
		if err != nil {
			return err
		}
		if err := events.Purge(ctx, jetstream.WithPurgeSequence(21)); err != nil {
			return err
		}
		for _, seq := range []uint64{40, 41, 60} {
			if err := events.DeleteMsg(ctx, seq); err != nil {
				return err
			}
		}
		facts, err := js.Stream(ctx, "FACTS")
		if err != nil {
			return err
		}
		cfg := facts.CachedInfo().Config
		cfg.Duplicates = 100 * time.Millisecond
		_, err = js.UpdateStream(ctx, cfg)
		return err
	})
}

func TestMoveKeepsPositions(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	old := stream.Config{Dir: t.TempDir()}
	write(t, old, 0, 60)
	age(t, old.Dir)
	// Ids that come again beyond the window, as a relay's do that heard no answer for long.
	raw := streamtest.Embedded(t, old.Dir)
	raw.Do(func(ctx context.Context, js jetstream.JetStream) error {
		time.Sleep(200 * time.Millisecond)
		for _, i := range []int{3, 4} {
			if _, err := js.Publish(ctx, "facts.order", fmt.Appendf(nil, `[{"id":"f%d","name":"order.paid","at":"1970-01-01T00:00:09Z"}]`, i), jetstream.WithMsgID(fmt.Sprint("m", i))); err != nil {
				return err
			}
		}
		return nil
	})
	raw.Close()
	wantFacts, wantEntries := all(t, old, 59)
	if len(wantFacts) != 62 || len(wantEntries) != 37 || !strings.HasPrefix(wantFacts[61], "62m4") {
		t.Fatal(len(wantFacts), len(wantEntries), wantFacts)
	}

	c := streamtest.Start(t, streamtest.Options{})
	to := stream.Config{URL: c.URL()}
	s, err := stream.Open(t.Context(), to, quiet) // as doctor does: an empty one is no obstacle
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	moved, err := stream.Move(t.Context(), old, to, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if moved[0].Name != "FACTS" || moved[0].Messages != 62 || moved[0].Last != 62 || moved[1].First != 21 || moved[1].Last != 60 || moved[1].Messages != 37 {
		t.Errorf("%+v", moved)
	}
	if _, err := stream.Open(t.Context(), old, quiet); !errs.Is(err, errs.Conflict) {
		t.Errorf("the old one opens: %v", err)
	}
	facts, entries := all(t, to, 59)
	same(t, "facts", facts, wantFacts)
	same(t, "entries", entries, wantEntries)
	if again, err := stream.Move(t.Context(), old, to, quiet); err != nil || again[0].Copied != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}

	write(t, to, 100, 10)
	wantFacts, wantEntries = all(t, to, 0)
	if len(wantFacts) != 72 {
		t.Error(len(wantFacts))
	}
	back, err := stream.Move(t.Context(), to, old, quiet)
	if err != nil || back[0].Copied != 10 || back[1].Copied != 10 {
		t.Fatalf("back: %+v, %v", back, err)
	}
	facts, entries = all(t, old, 0)
	same(t, "facts that came back", facts, wantFacts)
	same(t, "entries that came back", entries, wantEntries)
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d %s, want %d", len(got), what, len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %s at place %d, want %s", what, got[i], i, want[i])
			return
		}
	}
}

// A move that is interrupted again and again, and loses a server each time, ends where one that is not would have.
func TestMoveIsTakenUpAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	old := stream.Config{Dir: t.TempDir()}
	write(t, old, 0, 3000)
	want, _ := all(t, old, 0)
	c := streamtest.Start(t, streamtest.Options{})
	to := stream.Config{URL: c.URL()}
	for i, millis := range []int{150, 300} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(millis)*time.Millisecond)
		_, err := stream.Move(ctx, old, to, quiet)
		cancel()
		if err == nil {
			t.Log("it was over too soon")
			break
		}
		c.Kill(i)
		c.Restart(i)
	}
	if _, err := stream.Open(t.Context(), to, quiet); err == nil || !strings.Contains(err.Error(), "half a copy") {
		t.Errorf("half a copy opens: %v", err)
	}
	moved, err := stream.Move(t.Context(), old, to, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", moved)
	got, _ := all(t, to, 0)
	same(t, "facts", got, want)

	other := stream.Config{Dir: t.TempDir()}
	write(t, other, 0, 3)
	if _, err := stream.Move(t.Context(), other, to, quiet); !errs.Is(err, errs.Conflict) {
		t.Errorf("onto another's: %v", err)
	}
}
