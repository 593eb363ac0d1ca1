package groupbuy

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
	"huoshui/internal/trade/quota"
)

// Mover moves seats between customers who turn out to be one, and back. Two seats of one group stay two: both were paid.
type Mover struct{}

// MoveCustomers gives the seats of each key of to to its value, except those in a group where the other sits: these stay where they are.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by := map[uint32][]string{}
	var people []uint32
	for from, into := range to {
		sales, err := store.All[string](ctx, tx, `SELECT s.sale FROM group_seats s WHERE s.customer = ? AND NOT EXISTS
			(SELECT 1 FROM group_seats o WHERE o.group_id = s.group_id AND o.customer = ? AND o.state IN ('taken', 'paid') AND s.state IN ('taken', 'paid')) ORDER BY s.sale`, int64(from), int64(into))
		if err != nil {
			return nil, err
		}
		if len(sales) == 0 {
			continue
		}
		by[from] = sales
		if err := store.GiveRows(ctx, tx, "group_seats", "sale", sales, from, into); err != nil {
			return nil, err
		}
		people = append(people, from, into)
	}
	if err := quota.Recount(ctx, tx, people); err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives seats back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var sales []string
	if err := json.Unmarshal(moved, &sales); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "group_seats", "sale", sales, holder, from); err != nil {
		return err
	}
	return quota.Recount(ctx, tx, []uint32{from, holder})
}

// EraseCustomers leaves seats alone: they hold numbers, which the books need, and no name.
func (Mover) EraseCustomers(context.Context, *store.Tx, []uint32) error { return nil }
