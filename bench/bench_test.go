package bench

import (
	"testing"
)

// The benchmarks run at a small size and agree with SQL on every condition of the sample.
func TestBenchmarksAgreeWithSQL(t *testing.T) {
	say := func(format string, args ...any) { t.Logf(format, args...) }
	r, err := Audience(t.Context(), AudienceSpec{People: 3000, Facts: 30_000, Conditions: 40, Sample: 40, Dir: t.TempDir()}, say)
	if err != nil {
		t.Fatal(err)
	}
	if r.RefreshSeconds <= 0 || r.TimesFaster <= 0 || r.PeakMemoryMB <= 0 || r.Leaves < 40 {
		t.Fatalf("%+v", r)
	}
	s, err := Segment(t.Context(), 3000, 15_000, t.TempDir(), say)
	if err != nil {
		t.Fatal(err)
	}
	if s.Matched == 0 || s.EditRead != 1 {
		t.Fatalf("%+v", s)
	}
}
