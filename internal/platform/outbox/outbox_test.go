package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/stream"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func facts(from, n int) []event.Fact {
	out := make([]event.Fact, n)
	for i := range out {
		out[i] = event.Fact{ID: fmt.Sprint("f", from+i), Name: event.OrderPaid, Customer: 7, At: time.Unix(int64(i+1), 5000), Amount: 100}
	}
	return out
}

func add(t *testing.T, db *store.DB, fs ...event.Fact) {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *store.Tx) error { return outbox.Append(t.Context(), tx, fs...) }); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *stream.Stream {
	t.Helper()
	s, err := stream.Open(t.Context(), stream.Config{Dir: dir}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFactsReachEveryReaderOnceInOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := open(t, t.TempDir())
		defer s.Close()
		relay := outbox.NewRelay(db, s, quiet)
		add(t, db, facts(0, 1200)...)
		add(t, db, event.Fact{ID: "m", Name: event.MessageSent, At: time.Unix(1, 0)})
		if err := relay.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := outbox.Depth(t.Context(), db); err != nil || n != 0 {
			t.Fatalf("outbox holds %d, %v", n, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var orders, messages int
		err := s.Read(ctx, 1, 2, func(_ context.Context, batch []stream.Message) error {
			for _, m := range batch {
				for _, f := range m.Facts {
					switch f.Name {
					case event.OrderPaid:
						if f.ID != fmt.Sprint("f", orders) {
							t.Errorf("fact %s at place %d", f.ID, orders)
						}
						orders++
					case event.MessageSent:
						messages++
					}
				}
			}
			if orders == 1200 && messages == 1 {
				cancel()
			}
			return nil
		})
		if err != nil || orders != 1200 || messages != 1 {
			t.Errorf("read %d orders, %d messages, %v", orders, messages, err)
		}
	})
}

func TestRowsFromBeforeAreMarkedMaybe(t *testing.T) {
	db := storetest.Open(t)
	s := open(t, t.TempDir())
	defer s.Close()
	add(t, db, facts(0, 1)...)
	relay := outbox.NewRelay(db, s, quiet) // as after a restart: the row may have gone out before
	if _, err := relay.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, db, facts(1, 1)...)
	if _, err := relay.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var maybe []bool
	if err := s.Read(ctx, 1, 10, func(_ context.Context, batch []stream.Message) error {
		for _, m := range batch {
			maybe = append(maybe, m.Maybe)
		}
		if len(maybe) == 2 {
			cancel()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(maybe) != 2 || !maybe[0] || maybe[1] {
		t.Errorf("marks %v", maybe)
	}
}

func TestReaderOfSomeNounsGoesOnWhereItWas(t *testing.T) {
	db := storetest.Open(t)
	dir := t.TempDir()
	s := open(t, dir)
	relay := outbox.NewRelay(db, s, quiet)
	for i := range 20 {
		add(t, db, facts(i, 1)...)
		add(t, db, event.Fact{ID: fmt.Sprint("m", i), Name: event.MessageSent, At: time.Unix(1, 0)})
	}
	if err := relay.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	var heard []string
	position := uint64(0)
	hear := func(s *stream.Stream, until int, fail bool) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := s.ReadOf(ctx, []string{"order"}, position+1, 4, func(_ context.Context, batch []stream.Message) error {
			if fail {
				fail = false
				return errors.New("down")
			}
			for _, m := range batch {
				heard = append(heard, m.Facts[0].ID)
				position = m.Seq
			}
			if len(heard) >= until {
				cancel()
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	hear(s, 8, true)
	s.Close()
	s = open(t, dir)
	defer s.Close()
	hear(s, 20, false)
	if len(heard) != 20 {
		t.Errorf("heard %d of 20", len(heard))
	}
	for i, f := range heard {
		if f != fmt.Sprint("f", i) {
			t.Errorf("%s at place %d", f, i)
		}
	}
}

func TestAppendRefusesNamelessFacts(t *testing.T) {
	db := storetest.Open(t)
	err := db.Tx(t.Context(), func(tx *store.Tx) error {
		return outbox.Append(t.Context(), tx, event.Fact{ID: "x", Name: "nonoun", At: time.Now()})
	})
	if err == nil {
		t.Error("a fact without a noun went in")
	}
}
