package warehouse_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// The loader, stopped and started over a real stream, ends with every fact once, also those published twice.
func TestLoaderOverTheStream(t *testing.T) {
	log := quiet()
	dir := t.TempDir()
	s, err := stream.Open(t.Context(), stream.Config{Dir: filepath.Join(dir, "stream")}, log)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const rounds, perRound = 4, 60
	want := 0
	for round := range rounds {
		w := warehousetest.OpenAt(t, filepath.Join(dir, "warehouse.duckdb"))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx, s) }()
		var out []stream.Message
		for i := range perRound {
			m := stream.Message{ID: fmt.Sprintf("m%d.%d", round, i), Noun: "order"}
			for j := range 10 {
				m.Facts = append(m.Facts, event.Fact{ID: fmt.Sprintf("%s.%d", m.ID, j), Name: event.OrderPaid, Customer: uint32(1 + j), At: day, Amount: 1})
			}
			want += 10
			out = append(out, m)
			if i%7 == 0 { // the relay died after publishing and publishes again, outside the stream's own window
				m.ID += " again"
				m.Maybe = true
				out = append(out, m)
			}
		}
		if err := s.Publish(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		last, err := s.LastSeq(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if round%2 == 1 { // stop somewhere in the middle; the next round goes on from there
			wait(t, w, last/2)
		} else {
			wait(t, w, last)
		}
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if round == rounds-1 {
			finish(t, w, s, last, want)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func wait(t *testing.T, w *warehouse.Warehouse, seq uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := w.WaitFor(ctx, seq); err != nil {
		t.Fatal(err)
	}
}

func finish(t *testing.T, w *warehouse.Warehouse, s *stream.Stream, last uint64, want int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { _ = w.Run(ctx, s) }() // ends with the test
	wait(t, w, last)
	type counts struct {
		Rows int `db:"n"`
		IDs  int `db:"ids"`
	}
	got, err := warehouse.One[counts](t.Context(), w, "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM facts")
	if err != nil || got != (counts{want, want}) {
		t.Fatalf("%+v, want %d: %v", got, want, err)
	}
}

func TestAnotherStreamIsRefused(t *testing.T) {
	w := warehousetest.Open(t)
	warehousetest.Load(t, w, event.Fact{Name: event.OrderPaid, Customer: 1, At: day})
	s, err := stream.Open(t.Context(), stream.Config{Dir: t.TempDir()}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := w.Run(t.Context(), s); errs.KindOf(err) != errs.Conflict {
		t.Fatal(err)
	}
}
