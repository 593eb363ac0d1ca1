package campaign

import (
	"context"
	"encoding/json"

	"huoshui/internal/marketing/policy"
	"huoshui/internal/platform/store"
)

// Mover moves what was said to customers who turn out to be one, and back: messages that have come to an end, the simulated
// handset's, and the counts of restraint. A message still on its way is not moved: it was drawn for somebody who is no
// customer of her own any more, and the policy refuses it. Frozen audiences stay as they were drawn.
type Mover struct{}

// moved is what moving back needs.
type moved struct {
	Messages []string         `json:"messages,omitempty"`
	Handset  []string         `json:"handset,omitempty"`
	Contacts []policy.Counted `json:"contacts,omitempty"`
}

// MoveCustomers gives what was said to each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	messages, err := store.MoveRows(ctx, tx, "messages", "id", "state NOT IN ('queued', 'sending')", to)
	if err != nil {
		return nil, err
	}
	handset, err := store.MoveRows(ctx, tx, "phone_messages", "id", "", to)
	if err != nil {
		return nil, err
	}
	contacts, err := policy.Join(ctx, tx, to)
	if err != nil {
		return nil, err
	}
	by := map[uint32]moved{}
	for n := range to {
		if m := (moved{messages[n], handset[n], contacts[n]}); len(m.Messages)+len(m.Handset)+len(m.Contacts) > 0 {
			by[n] = m
		}
	}
	return store.Records(by)
}

// EraseCustomers takes away what messages said to people; that there were messages stays, since their effect is measured. One that is
// still on its way is refused by the policy.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	var w store.Where
	store.In(&w, "customer", numbers)
	for _, q := range []string{`DELETE FROM phone_messages`, `DELETE FROM contacts`} {
		if _, err := tx.Exec(ctx, q+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}

// ReturnCustomer gives back what is still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, record json.RawMessage) error {
	var m moved
	if err := json.Unmarshal(record, &m); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "messages", "id", m.Messages, holder, from); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "phone_messages", "id", m.Handset, holder, from); err != nil {
		return err
	}
	return policy.Part(ctx, tx, holder, m.Contacts)
}
