package presale

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
	"huoshui/internal/trade/quota"
)

// Mover moves bookings between customers who turn out to be one, and back.
type Mover struct{}

// MoveCustomers gives the bookings of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "presale_bookings", "id", "", to)
	if err != nil {
		return nil, err
	}
	var people []uint32
	for from, into := range to {
		if len(by[from]) > 0 {
			people = append(people, from, into)
		}
	}
	if err := quota.Recount(ctx, tx, people); err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives bookings back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "presale_bookings", "id", ids, holder, from); err != nil {
		return err
	}
	return quota.Recount(ctx, tx, []uint32{from, holder})
}

// EraseCustomers leaves bookings alone: they hold numbers, which the books need, and no name.
func (Mover) EraseCustomers(context.Context, *store.Tx, []uint32) error { return nil }
