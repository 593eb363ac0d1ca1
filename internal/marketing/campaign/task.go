package campaign

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// TaskClosed records, in the transaction that closes a staff task, what became of the message that asked for it: it was
// delivered when staff spoke to the person, else it failed for a reason. The message stays "sent" (it was handed over),
// so a failure is a fact, the row's reason and a count of its own, and no step of the queue. A task that no campaign
// asked for concerns nobody here.
func (s *Service) TaskClosed(ctx context.Context, tx *store.Tx, message string, done bool, reason string, at time.Time) error {
	m, a, err := find(ctx, tx, message)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if done {
		if err := bump(ctx, tx, map[countKey]int64{{a.ID, m.Channel, stepDelivered, ""}: 1}); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, s.fact(a, m, event.MessageDelivered, at))
	}
	if _, err := tx.Exec(ctx, `UPDATE messages SET reason = ? WHERE id = ?`, reason, m.ID); err != nil {
		return err
	}
	if err := bump(ctx, tx, map[countKey]int64{{a.ID, m.Channel, stepUndone, reason}: 1}); err != nil {
		return err
	}
	f := s.fact(a, m, event.MessageFailed, at)
	f.Detail = reason
	return outbox.Append(ctx, tx, f)
}
