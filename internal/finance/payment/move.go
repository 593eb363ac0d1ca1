package payment

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
)

// Mover moves payments between customers who turn out to be one, and back.
type Mover struct{}

// moved is what undoing a merge needs.
type moved struct {
	Payments []string `json:"payments,omitempty"`
	Refunds  []string `json:"refunds,omitempty"`
}

// MoveCustomers gives the payments and refunds of each key of to, to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	payments, err := store.MoveRows(ctx, tx, "payments", "id", "", to)
	if err != nil {
		return nil, err
	}
	refunds, err := store.MoveRows(ctx, tx, "payment_refunds", "id", "", to)
	if err != nil {
		return nil, err
	}
	by := map[uint32]moved{}
	for from := range to {
		if m := (moved{payments[from], refunds[from]}); len(m.Payments)+len(m.Refunds) > 0 {
			by[from] = m
		}
	}
	return store.Records(by)
}

// ReturnCustomer gives them back as far as they are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, record json.RawMessage) error {
	var was moved
	if err := json.Unmarshal(record, &was); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "payments", "id", was.Payments, holder, from); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "payment_refunds", "id", was.Refunds, holder, from)
}

// EraseCustomers takes away who paid; that it was paid stays for the books.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	var w store.Where
	store.In(&w, "customer", numbers)
	_, err := tx.Exec(ctx, `UPDATE payments SET openid = ''`+w.SQL(), w.Args()...)
	return err
}
