package audience

import (
	"testing"
	"time"
)

func TestRefreshIsDue(t *testing.T) {
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var d due
	steps := []struct {
		after   time.Duration
		version uint64
		kick    bool
		want    bool
		why     string
	}{
		{0, 5, false, true, "facts are there and none was ever refreshed"},
		{time.Minute, 5, false, false, "nothing new"},
		{2 * time.Minute, 6, false, false, "facts came, but the last refresh is young"},
		{3 * time.Minute, 7, true, false, "kicked, but facts still come"},
		{3*time.Minute + 2*time.Second, 7, false, true, "they have ceased"},
		{3*time.Minute + 4*time.Second, 8, false, false, "more come while the kick is in force"},
		{3*time.Minute + 6*time.Second, 8, false, true, "and cease again"},
		{5 * time.Minute, 9, false, false, "the kick is over and the refresh young"},
		{14 * time.Minute, 9, false, true, "the refresh is old"},
		{60 * time.Minute, 9, false, false, "nothing new, however long"},
	}
	for _, s := range steps {
		now := start.Add(s.after)
		if s.kick {
			d.hot = now.Add(hotFor)
		}
		got := d.look(s.version, now)
		if got != s.want {
			t.Fatalf("after %s: %v; %s", s.after, got, s.why)
		}
		if got {
			d.version, d.at = s.version, now
		}
	}
}
