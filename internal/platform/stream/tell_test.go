package stream_test

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"huoshui/internal/platform/stream"
)

func TestWhatIsToldIsHeard(t *testing.T) {
	s, err := stream.Open(t.Context(), stream.Config{Dir: t.TempDir()}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	heard := make(chan string, 1)
	stop, err := s.Hear("weather", func(body []byte) { heard <- string(body) })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tell("weather", []byte("rain")); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-heard:
		if got != "rain" {
			t.Errorf("heard %q", got)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody heard it")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if s.Shared() {
		t.Error("an embedded stream is one process's")
	}
}
