package promo

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
)

// Mover moves coupons between customers who turn out to be one, and back.
type Mover struct{}

// MoveCustomers gives the coupons of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "coupons", "id", "", to)
	if err != nil {
		return nil, err
	}
	return store.Records(by)
}

// EraseCustomers leaves coupons alone: they hold amounts, which the books need, and no name.
func (Mover) EraseCustomers(context.Context, *store.Tx, []uint32) error { return nil }

// ReturnCustomer gives coupons back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "coupons", "id", ids, holder, from)
}
