package stream_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huoshui/internal/platform/stream"
)

func TestLogKeepsOrderOverRestart(t *testing.T) {
	dir := t.TempDir()
	open := func() (*stream.Stream, *stream.Log) {
		s, err := stream.Open(t.Context(), stream.Config{Dir: dir}, quiet)
		if err != nil {
			t.Fatal(err)
		}
		l, err := s.Log(t.Context(), stream.LogConfig{Name: "EVENTS", MaxAge: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return s, l
	}
	s, l := open()
	for i := range 50 {
		if seq, err := l.Append(t.Context(), fmt.Append(nil, i)); err != nil || seq != uint64(i+1) {
			t.Fatalf("entry %d at %d, %v", i, seq, err)
		}
	}
	s.Close()
	s, l = open()
	defer s.Close()
	if last, err := l.LastSeq(t.Context()); err != nil || last != 50 {
		t.Fatalf("last %d, %v", last, err)
	}
	if last, err := s.LastSeq(t.Context()); err != nil || last != 0 {
		t.Fatalf("the log's entries are facts: %d, %v", last, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	next, failed := 10, false
	err := l.Read(ctx, 11, 7, func(_ context.Context, batch []stream.Entry) error {
		if next > 20 && !failed {
			failed = true
			return fmt.Errorf("down")
		}
		for _, e := range batch {
			if string(e.Body) != fmt.Sprint(next) || e.Seq != uint64(next+1) {
				t.Errorf("entry %q at %d, want %d", e.Body, e.Seq, next)
			}
			next++
		}
		if next == 50 {
			cancel()
		}
		return nil
	})
	if err != nil || next != 50 || !failed {
		t.Errorf("read up to %d, failed %v, %v", next, failed, err)
	}
}
