package hook

import (
	"context"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

func hookByID(ctx context.Context, q store.Querier, id string) (Hook, error) {
	h, err := store.One[Hook](ctx, q, `SELECT * FROM segment_hooks WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return h, errs.New(errs.NotFound, "hook.not_found", "there is no such webhook")
	}
	return h, err
}

func hooksOf(ctx context.Context, q store.Querier, segment string) ([]Hook, error) {
	return store.All[Hook](ctx, q, `SELECT * FROM segment_hooks WHERE segment_id = ? ORDER BY id`, segment)
}

func activeHooks(ctx context.Context, q store.Querier) ([]Hook, error) {
	return store.All[Hook](ctx, q, `SELECT * FROM segment_hooks WHERE state = 'active' ORDER BY id`)
}

func deliveriesOf(ctx context.Context, q store.Querier, hook string) ([]Delivery, error) {
	return store.All[Delivery](ctx, q, `SELECT * FROM segment_hook_deliveries WHERE hook_id = ? ORDER BY id DESC LIMIT ?`, hook, keptTries)
}

// decided writes what a person decided about a hook that was read at a version.
func decided(ctx context.Context, tx *store.Tx, h Hook, read int64) error {
	n, err := tx.Exec(ctx, `UPDATE segment_hooks SET name = ?, url = ?, secret = ?, allow_private = ?, state = ?, seq = ?, failing_since = ?, tries = ?,
		next_at = ?, error = ?, version = ?, updated_at = ? WHERE id = ? AND version = ?`,
		h.Name, h.URL, h.Sealed, h.AllowPrivate, h.State, h.Seq, nil, 0, nil, "", read+1, h.UpdatedAt, h.ID, read)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "hook.changed", "somebody else has just changed this webhook")
	}
	return err
}

// tried writes what became of a request, and keeps the newest deliveries. A hook that a person has changed meanwhile stays as
// she has it: whatever was delivered then comes again.
func tried(ctx context.Context, tx *store.Tx, h Hook, d Delivery) error {
	if err := store.Insert(ctx, tx, "segment_hook_deliveries", d); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM segment_hook_deliveries WHERE hook_id = ? AND id NOT IN (
		SELECT id FROM segment_hook_deliveries WHERE hook_id = ? ORDER BY id DESC LIMIT ?)`, h.ID, h.ID, keptTries)
	if err != nil || d.Test {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE segment_hooks SET state = ?, seq = ?, failing_since = ?, tries = ?, next_at = ?, error = ?, delivered = ?, delivered_at = ?
		WHERE id = ? AND version = ?`,
		h.State, h.Seq, h.FailingSince, h.Tries, h.NextAt, h.Error, h.Delivered, h.DeliveredAt, h.ID, h.Version)
	return err
}

// passed writes that a hook has come on in the stream without anything to deliver.
func passed(ctx context.Context, q *store.DB, h Hook) error {
	_, err := q.Exec(ctx, `UPDATE segment_hooks SET seq = ? WHERE id = ? AND version = ?`, h.Seq, h.ID, h.Version)
	return err
}
