package aftersale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// due is how many cases one round looks at.
const due = 200

// Run does what time does, until ctx ends: agrees to what nobody decided, closes what nobody answered or sent back; and what else is to be
// done now and then.
func (s *Service) Run(ctx context.Context, also ...func(context.Context) (int, error)) error {
	return clock.Every(ctx, 2*time.Second, append(also, s.Tick)...)
}

// Tick does one round and returns at how many cases it looked. A case that cannot be agreed to by itself waits for staff, and says why.
func (s *Service) Tick(ctx context.Context) (int, error) {
	type row struct {
		ID    string    `db:"id"`
		DueAt time.Time `db:"due_at"`
	}
	rows, err := store.All[row](ctx, s.db, `SELECT id, due_at FROM after_sales WHERE due_at <= ? AND state IN ('requested', 'asked', 'awaiting') ORDER BY due_at, id LIMIT ?`, s.now(), due)
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		_, err := s.Do(ctx, Do{Case: r.ID, Who: ByClock, Step: Lapse, Request: fmt.Sprintf("lapse/%d", r.DueAt.UnixMicro())})
		var e *errs.Error
		if errors.As(err, &e) && (e.Kind == errs.Conflict || e.Kind == errs.Invalid) {
			_, err = s.db.Exec(ctx, `UPDATE after_sales SET trouble = ?, due_at = NULL, changed_at = ? WHERE id = ? AND due_at = ? AND state IN ('requested', 'asked', 'awaiting')`, e.Code, s.now(), r.ID, r.DueAt)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
