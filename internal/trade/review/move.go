package review

import (
	"context"
	"encoding/json"
	"slices"

	"huoshui/internal/platform/store"
)

// Mover moves reviews between customers who turn out to be one, and back, and makes those of who is forgotten nameless.
type Mover struct{}

// MoveCustomers gives the reviews of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "reviews", "id", "", to)
	if err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives reviews back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "reviews", "id", ids, holder, from)
}

// EraseCustomers leaves stars and words, which say of goods and no longer of whom; name, pictures and the consent to use them elsewhere go.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for part := range slices.Chunk(numbers, 1000) {
		var w store.Where
		store.In(&w, "customer", part)
		if _, err := tx.Exec(ctx, `UPDATE reviews SET customer = 0, author = '', anonymous = TRUE, consent = FALSE, pictures = '[]', has_pictures = FALSE, follow_pictures = '[]'`+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}
