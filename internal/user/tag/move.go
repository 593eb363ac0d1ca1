package tag

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
)

// Mover keeps tags right that people, files and what was said put on customers who turn out to be one. Tags that are computed follow
// by themselves.
type Mover struct{}

// MoveCustomers replaces each key of to by its value among the carriers of such tags.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	ids, err := store.All[string](ctx, tx, `SELECT id FROM tags WHERE kind IN ('manual', 'import', 'keyword') ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return roll.Move(ctx, tx, ids, to, resize)
}

// ReturnCustomer gives who leaves her tags back, and takes those off the holder that she came to carry only by the merge.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	return roll.Return(ctx, tx, from, holder, moved, resize)
}

func resize(ctx context.Context, tx *store.Tx, id string, size int64) error {
	_, err := tx.Exec(ctx, `UPDATE tags SET size = ? WHERE id = ?`, size, id)
	return err
}
