package clock_test

import (
	"strings"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
)

func TestZone(t *testing.T) {
	for range 2 { // read, then kept
		z, ok := clock.Zone("America/New_York")
		if _, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).In(z).Zone(); !ok || offset != -4*3600 {
			t.Errorf("New York is %d seconds from Greenwich in summer", offset)
		}
	}
	for _, name := range []string{"", "Local", "Mars/Olympus", "+08:00", "GMT+8", "../etc/passwd", "/etc/localtime", "北京", strings.Repeat("a", 100)} {
		if _, ok := clock.Zone(name); ok {
			t.Errorf("%q is a zone", name)
		}
	}
}
