package store

import (
	"fmt"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
)

// Cursor names the place of a row in a list by an instant and id: what a client passes as after to get the rows behind it.
func Cursor(at time.Time, id string) string { return fmt.Sprintf("%d.%s", at.UnixMicro(), id) }

// ReadCursor returns the microseconds and the id that a Cursor names; Invalid "request.cursor" for what is none.
func ReadCursor(after string) (micros int64, id string, err error) {
	at, id, ok := strings.Cut(after, ".")
	if _, err := fmt.Sscan(at, &micros); err != nil || !ok {
		return 0, "", errs.New(errs.Invalid, "request.cursor", "the cursor is not one of ours").At("after")
	}
	return micros, id, nil
}
