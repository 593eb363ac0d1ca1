package order

import (
	"context"
	"encoding/json"
	"slices"

	"huoshui/internal/platform/store"
)

// Mover moves orders between customers who turn out to be one, and back.
type Mover struct{}

// MoveCustomers gives the orders of each key of to, with their refunds, to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "orders", "id", "", to)
	if err != nil {
		return nil, err
	}
	for _, ids := range by {
		if err := refundsFollow(ctx, tx, ids); err != nil {
			return nil, err
		}
	}
	return store.Records(by)
}

// EraseCustomers leaves orders alone, which hold amounts and goods that the books need, and no name; how people came to them goes.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	return forgetArrivals(ctx, tx, numbers)
}

// ReturnCustomer gives orders back that are still the holder's, with all their refunds.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "orders", "id", ids, holder, from); err != nil {
		return err
	}
	return refundsFollow(ctx, tx, ids)
}

// refundsFollow gives the refunds of orders to the orders' customers.
func refundsFollow(ctx context.Context, tx *store.Tx, orders []string) error {
	for part := range slices.Chunk(orders, chunk) {
		var w store.Where
		store.In(&w, "order_id", part)
		if _, err := tx.Exec(ctx, `UPDATE refunds SET customer = (SELECT o.customer FROM orders o WHERE o.id = refunds.order_id)`+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}

// SumsOf adds up the orders of customers; who has none is left out.
func SumsOf(ctx context.Context, q store.Querier, numbers []uint32) (map[uint32]Sum, error) {
	type row struct {
		Customer uint32 `db:"customer"`
		Sum
	}
	out := map[uint32]Sum{}
	for part := range slices.Chunk(numbers, chunk) {
		var w store.Where
		store.In(&w, "customer", part)
		err := store.Each(ctx, q, `SELECT customer, COUNT(*) AS orders, CAST(SUM(amount_fen) AS BIGINT) AS spent_fen, CAST(SUM(refunded_fen) AS BIGINT) AS refunded_fen,
			MIN(paid_at) AS first_at, MAX(paid_at) AS last_at FROM orders`+w.SQL()+` GROUP BY customer`, w.Args(), func(r row) error {
			out[r.Customer] = r.Sum
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
