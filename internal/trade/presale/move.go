package presale

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
	"huoshui/internal/trade/quota"
)

// Mover moves bookings between customers who turn out to be one, and back.
type Mover struct{}

// moved is what a customer had.
type moved struct {
	Bookings []string          `json:"bookings"`
	Requests map[string]string `json:"requests,omitempty"` // of bookings whose request the other had made too: what it was called
}

// MoveCustomers gives the bookings of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	old, err := store.FreeRequests(ctx, tx, "presale_bookings", to)
	if err != nil {
		return nil, err
	}
	by, err := store.MoveRows(ctx, tx, "presale_bookings", "id", "", to)
	if err != nil {
		return nil, err
	}
	all := make(map[uint32]moved, len(by))
	for from, ids := range by {
		all[from] = moved{Bookings: ids, Requests: store.RequestsOf(old, ids)}
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
	return store.Records(all)
}

// ReturnCustomer gives bookings back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, record json.RawMessage) error {
	var had moved
	if err := json.Unmarshal(record, &had); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "presale_bookings", "id", had.Bookings, holder, from); err != nil {
		return err
	}
	if err := store.GiveRequests(ctx, tx, "presale_bookings", from, had.Requests); err != nil {
		return err
	}
	return quota.Recount(ctx, tx, []uint32{from, holder})
}

// EraseCustomers leaves bookings alone: they hold numbers, which the books need, and no name.
func (Mover) EraseCustomers(context.Context, *store.Tx, []uint32) error { return nil }
