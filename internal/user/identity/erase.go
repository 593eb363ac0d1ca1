package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/named"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// Erased is what an erasure did.
type Erased struct {
	ID      string    `json:"id" doc:"Of the customer, whose empty row stays so that nobody else is given the number"`
	Numbers []uint32  `json:"numbers" doc:"Hers and those of everybody who had been merged into her"`
	Keys    int       `json:"keys" doc:"What she was known by, now nobody's"`
	At      time.Time `json:"at"`
}

// Erase forgets a customer, with everybody who had been merged into her, for good: who she is, what she is known by, what was said of her
// and by her, wherever it is kept. What was bought stays without a name, since the books need it. The warehouse forgets by the fact that
// is told. A key that was hers is a stranger's when it is seen again.
func (s *Service) Erase(ctx context.Context, idOrNumber string) (out Erased, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := gate(ctx, tx); err != nil {
			return err
		}
		asked, err := customer.Get(ctx, tx, idOrNumber)
		if err != nil {
			return err
		}
		n, err := survivor(ctx, tx, asked.Number)
		if err != nil {
			return err
		}
		numbers, err := store.All[uint32](ctx, tx, `WITH RECURSIVE down (n) AS (
			SELECT number FROM customers WHERE number = ? UNION ALL SELECT c.number FROM down JOIN customers c ON c.merged_into = down.n)
			SELECT n FROM down ORDER BY n`, int64(n))
		if err != nil {
			return err
		}
		people, err := customer.Lock(ctx, tx, numbers)
		if err != nil {
			return err
		}
		if people[n].Erased {
			return errs.New(errs.Conflict, "identity.erased", "customer %d has been erased", n).With("customer", n)
		}
		out = Erased{ID: people[n].ID, Numbers: numbers, At: s.now().UTC().Truncate(time.Microsecond)}
		for _, name := range slices.Sorted(maps.Keys(s.followers)) {
			if err := s.followers[name].EraseCustomers(ctx, tx, numbers); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := s.forgetTexts(ctx, tx, people, numbers); err != nil {
			return err
		}
		if out.Keys, err = forgetKeys(ctx, tx, numbers); err != nil {
			return err
		}
		if err := forgetHistory(ctx, tx, numbers); err != nil {
			return err
		}
		facts, err := blank(people, out.At)
		if err != nil {
			return err
		}
		if err := customer.WriteWhole(ctx, tx, values(people, out.At)); err != nil {
			return err
		}
		if err := bumpGeneration(ctx, tx); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, facts...)
	})
	if err != nil {
		return Erased{}, fmt.Errorf("erase: %w", err)
	}
	return out, nil
}

// forgetTexts takes away what came of people and was refused, where they are named by a key that is theirs alone.
func (s *Service) forgetTexts(ctx context.Context, tx *store.Tx, people map[uint32]*customer.Customer, numbers []uint32) error {
	var of store.Where
	store.In(&of, "customer", numbers)
	names, err := store.All[string](ctx, tx, `SELECT value FROM identity_keys`+of.SQL(), of.Args()...)
	if err != nil {
		return err
	}
	for _, c := range people {
		names = append(names, c.Code, c.Phone, c.Email)
	}
	for _, f := range s.texts {
		if err := f.Forget(ctx, tx, named.Of(names)); err != nil {
			return fmt.Errorf("what was refused: %w", err)
		}
	}
	return nil
}

// forgetKeys takes away all that people are known by, with the accounts and devices that were seen with it, and returns how much that was.
func forgetKeys(ctx context.Context, tx *store.Tx, numbers []uint32) (int, error) {
	var of store.Where
	store.In(&of, "customer", numbers)
	keys, err := store.All[customer.Key](ctx, tx, `SELECT kind, value FROM identity_keys`+of.SQL(), of.Args()...)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		for _, q := range []string{`DELETE FROM identity_claims WHERE kind = ? AND value = ?`, `DELETE FROM identity_conflicts WHERE key_kind = ? AND key_value = ?`} {
			if _, err := tx.Exec(ctx, q, k.Kind, k.Value); err != nil {
				return 0, err
			}
		}
		if account(k.Kind) {
			if _, err := tx.Exec(ctx, `DELETE FROM identity_claims WHERE claim = ?`, k.Kind+":"+k.Value); err != nil {
				return 0, err
			}
		}
	}
	for _, table := range []string{"identity_keys", "identity_devices", "customer_traits"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+of.SQL(), of.Args()...); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

// forgetHistory takes away who people were confused with. That they were merged stays, without what it says of them.
func forgetHistory(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for _, side := range []string{"a", "b"} {
		var w store.Where
		store.In(&w, side, numbers)
		for _, table := range []string{"identity_conflicts", "identity_apart"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+w.SQL(), w.Args()...); err != nil {
				return err
			}
		}
	}
	var w store.Where
	store.In(&w, "from_number", numbers)
	_, err := tx.Exec(ctx, `UPDATE identity_merges SET record = '{}', reason = ''`+w.SQL(), w.Args()...)
	return err
}

// blank takes all out of profiles that says who somebody is, and returns the facts that tell the warehouse.
func blank(people map[uint32]*customer.Customer, at time.Time) ([]event.Fact, error) {
	props, err := json.Marshal(event.Attributes{Erased: true})
	if err != nil {
		return nil, err
	}
	var facts []event.Fact
	for _, n := range slices.Sorted(maps.Keys(people)) {
		c := people[n]
		*c = customer.Customer{
			ID: c.ID, Number: c.Number, RegisteredAt: c.RegisteredAt, Orders: c.Orders, SpentFen: c.SpentFen, RefundedFen: c.RefundedFen,
			FirstOrderAt: c.FirstOrderAt, LastOrderAt: c.LastOrderAt, Erased: true, MergedInto: c.MergedInto, CreatedAt: c.CreatedAt,
		}
		facts = append(facts, event.Fact{ID: id.New("fct"), Name: event.CustomerChanged, Customer: n, At: at, Subject: c.ID, Props: props})
	}
	return facts, nil
}
