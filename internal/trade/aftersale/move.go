package aftersale

import (
	"context"
	"encoding/json"
	"slices"

	"huoshui/internal/platform/store"
)

// Mover moves cases between customers who turn out to be one, and back, and forgets what an erased customer said.
type Mover struct{}

// MoveCustomers gives the cases of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "after_sales", "id", "", to)
	if err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives cases back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "after_sales", "id", ids, holder, from)
}

// EraseCustomers takes words, pictures and tracking numbers away; what was given back stays for the books.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for part := range slices.Chunk(numbers, 1000) {
		var w store.Where
		store.In(&w, "customer", part)
		if _, err := tx.Exec(ctx, `UPDATE after_sale_steps SET note = '', pictures = '[]' WHERE case_id IN (SELECT id FROM after_sales`+w.SQL()+`)`, w.Args()...); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE after_sales SET words = '', pictures = '[]', override = '', carrier = '', tracking = '', new_carrier = '', new_tracking = ''`+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}
