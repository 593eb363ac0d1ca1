package checkout

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
)

// Mover moves sales between customers who turn out to be one, and back, and forgets where an erased customer lived.
type Mover struct{}

// MoveCustomers gives the sales of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "sales", "id", "", to)
	if err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives sales back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "sales", "id", ids, holder, from)
}

// EraseCustomers takes addresses, remarks, carts and sign-ins away; what was sold stays for the books.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	nowhere, err := json.Marshal(Address{})
	if err != nil {
		return err
	}
	for _, n := range numbers {
		for _, q := range []struct {
			text string
			args []any
		}{
			{`UPDATE sales SET address = ?, remark = '', phone_tail = '' WHERE customer = ?`, []any{string(nowhere), int64(n)}},
			{`DELETE FROM sale_notes WHERE sale IN (SELECT id FROM sales WHERE customer = ?)`, []any{int64(n)}},
			{`DELETE FROM cart_lines WHERE owner = ?`, []any{CartOf(n)}},
			{`DELETE FROM carts WHERE owner = ?`, []any{CartOf(n)}},
			{`DELETE FROM customer_sessions WHERE customer = ?`, []any{int64(n)}},
		} {
			if _, err := tx.Exec(ctx, q.text, q.args...); err != nil {
				return err
			}
		}
	}
	return nil
}
