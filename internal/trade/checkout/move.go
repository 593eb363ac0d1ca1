package checkout

import (
	"bytes"
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
)

// Mover moves sales and carts between customers who turn out to be one, and back, and forgets where an erased customer lived.
type Mover struct{}

// moved is what a customer had.
type moved struct {
	Sales    []string          `json:"sales,omitempty"`
	Requests map[string]string `json:"requests,omitempty"` // of sales whose request the other had made too: what it was called
	Cart     *movedCart        `json:"cart,omitempty"`
}

// MoveCustomers gives the sales of each key of to to its value, and puts what lies in its cart into the other's.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	old, err := store.FreeRequests(ctx, tx, "sales", to)
	if err != nil {
		return nil, err
	}
	by, err := store.MoveRows(ctx, tx, "sales", "id", "", to)
	if err != nil {
		return nil, err
	}
	carts, err := moveCarts(ctx, tx, to)
	if err != nil {
		return nil, err
	}
	all := map[uint32]moved{}
	for from, ids := range by {
		all[from] = moved{Sales: ids, Requests: store.RequestsOf(old, ids)}
	}
	for from, cart := range carts {
		one := all[from]
		one.Cart = cart
		all[from] = one
	}
	return store.Records(all)
}

// ReturnCustomer gives sales back that are still the holder's, and the cart as it was.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, record json.RawMessage) error {
	var had moved
	into := any(&had)
	if bytes.HasPrefix(record, []byte("[")) { // a merge from before carts moved
		into = &had.Sales
	}
	if err := json.Unmarshal(record, into); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "sales", "id", had.Sales, holder, from); err != nil {
		return err
	}
	if err := store.GiveRequests(ctx, tx, "sales", from, had.Requests); err != nil {
		return err
	}
	return returnCart(ctx, tx, from, holder, had.Cart)
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
