package store

import (
	"testing"
	"time"

	"huoshui/internal/platform/errs"
)

func TestCursor(t *testing.T) {
	at := time.Date(2026, 3, 1, 2, 3, 4, 5000, time.UTC)
	micros, id, err := ReadCursor(Cursor(at, "sal_1.x"))
	if err != nil || micros != at.UnixMicro() || id != "sal_1.x" {
		t.Errorf("%d %q, %v", micros, id, err)
	}
	for _, bad := range []string{"", "1", "x.sal", ".sal"} {
		if _, _, err := ReadCursor(bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
