package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// Undo takes a merge back: who went gets back the keys, the profile, the sums and the rows that the merge moved, as far
// as they are still with whoever stands for the one who stayed. What came after the merge stays there, unless it belongs to
// something that goes back (a refund of an order). The two are kept apart from now on. Merges may be undone in any order.
func (s *Service) Undo(ctx context.Context, mergeID, by string) (m Merge, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := gate(ctx, tx); err != nil {
			return err
		}
		if m, err = mergeByID(ctx, tx, mergeID); err != nil {
			return err
		}
		if !m.UndoneAt.IsZero() {
			return errs.New(errs.Conflict, "identity.undone", "the merge has been undone already")
		}
		m.UndoneAt, m.UndoneBy = s.now().UTC().Truncate(time.Microsecond), by
		if err := s.split(ctx, tx, &m); err != nil {
			return fmt.Errorf("undo merge: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE identity_merges SET undone_at = ?, undone_by = ? WHERE id = ?`, m.UndoneAt, by, m.ID); err != nil {
			return err
		}
		return bumpGeneration(ctx, tx)
	})
	return m, err
}

func mergeByID(ctx context.Context, q store.Querier, mergeID string) (Merge, error) {
	m, err := store.One[Merge](ctx, q, `SELECT * FROM identity_merges WHERE id = ?`, mergeID)
	if errs.Is(err, errs.NotFound) {
		return m, errs.New(errs.NotFound, "identity.no_merge", "there is no such merge")
	}
	return m, err
}

// path returns the merges that are in force from a customer on: into whom, into whom that one, and so on.
func path(ctx context.Context, q store.Querier, number uint32) (out []Merge, err error) {
	for {
		m, err := store.One[Merge](ctx, q, `SELECT * FROM identity_merges WHERE from_number = ? AND undone_at IS NULL`, int64(number))
		if errs.Is(err, errs.NotFound) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out, number = append(out, m), m.To
	}
}

// split gives back what a merge moved.
func (s *Service) split(ctx context.Context, tx *store.Tx, m *Merge) error {
	further, err := path(ctx, tx, m.To)
	if err != nil {
		return err
	}
	holder, numbers := m.To, map[uint32]bool{m.From: true, m.To: true}
	for _, f := range further {
		holder = f.To
		numbers[f.To] = true
	}
	people, err := customer.Lock(ctx, tx, sorted(numbers))
	if err != nil {
		return err
	}
	if people[holder].Erased {
		return errs.New(errs.Conflict, "identity.erased", "customer %d has been erased", holder).With("customer", holder)
	}
	if err := returnKeys(ctx, tx, m.Record.Keys, m.From, holder); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(m.Record.Moved)) {
		f := s.followers[name]
		if f == nil {
			return fmt.Errorf("nobody returns %s", name)
		}
		if err := f.ReturnCustomer(ctx, tx, m.From, holder, m.Record.Moved[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := s.releaseProfiles(ctx, tx, m, further, people); err != nil {
		return err
	}
	from := people[m.From]
	from.MergedInto, from.Erased = 0, false
	sums, err := s.buying.Sums(ctx, tx, []uint32{m.From, holder})
	if err != nil {
		return err
	}
	bought(from, customer.Purchases{})
	bought(people[holder], customer.Purchases{})
	for _, p := range sums {
		bought(people[p.Number], p)
	}
	if err := customer.WriteWhole(ctx, tx, values(people, m.UndoneAt)); err != nil {
		return err
	}
	for _, other := range []uint32{m.To, holder} {
		if err := keepApart(ctx, tx, m.From, other); err != nil {
			return err
		}
	}
	told := map[uint32]*customer.Customer{m.From: from, holder: people[holder]}
	changed, err := changedFacts(told, m.UndoneAt)
	if err != nil {
		return err
	}
	gone := event.Fact{ID: id.New("fct"), Name: event.CustomerSplit, Customer: m.From, At: m.UndoneAt, Subject: from.ID, Quantity: int64(m.To)}
	return outbox.Append(ctx, tx, append([]event.Fact{gone}, changed...)...)
}

func values(people map[uint32]*customer.Customer, now time.Time) []customer.Customer {
	out := make([]customer.Customer, 0, len(people))
	for _, n := range slices.Sorted(maps.Keys(people)) {
		people[n].UpdatedAt = now
		out = append(out, *people[n])
	}
	return out
}

// returnKeys gives keys back that are still the holder's.
func returnKeys(ctx context.Context, tx *store.Tx, keys []customer.Key, to, holder uint32) error {
	byKind := map[string][]string{}
	for _, k := range keys {
		byKind[k.Kind] = append(byKind[k.Kind], k.Value)
	}
	for kind, all := range byKind {
		for part := range slices.Chunk(all, 5000) {
			var w store.Where
			w.And("kind = ? AND customer = ?", kind, int64(holder))
			store.In(&w, "value", part)
			if _, err := tx.Exec(ctx, `UPDATE identity_keys SET customer = ?`+w.SQL(), append([]any{int64(to)}, w.Args()...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// releaseProfiles takes back what the merge gave to the profile and the attributes of everybody on the way to the holder,
// and lets those who are still merged into them fill the gaps.
func (s *Service) releaseProfiles(ctx context.Context, tx *store.Tx, m *Merge, further []Merge, people map[uint32]*customer.Customer) error {
	rec, on, since := m.Record, m.To, m.ID
	for i := -1; i < len(further); i++ {
		if i >= 0 { // only what was passed on goes on
			rec = passed(rec, &further[i].Record)
			on, since = further[i].To, further[i].ID
		}
		rec.release(people[on])
		if err := releaseTraits(ctx, tx, on, rec); err != nil {
			return err
		}
		if i >= 0 {
			if err := putRecord(ctx, tx, further[i]); err != nil {
				return err
			}
		}
		if err := s.refill(ctx, tx, m.ID, since, rec, people[on]); err != nil {
			return err
		}
	}
	return nil
}

// passed returns what of a merge's gifts a further merge passed on, and takes it from that one's record.
func passed(rec record, by *record) record {
	var out record
	for f, v := range rec.Filled {
		if by.Filled[f] == v {
			if out.Filled == nil {
				out.Filled = map[string]string{}
			}
			out.Filled[f] = v
			delete(by.Filled, f)
		}
	}
	for name, v := range rec.Traits {
		if other, ok := by.Traits[name]; ok && bytes.Equal(other, v) {
			if out.Traits == nil {
				out.Traits = map[string]json.RawMessage{}
			}
			out.Traits[name] = v
			delete(by.Traits, name)
		}
	}
	if rec.After != nil && by.After != nil && rec.After.At.Equal(by.After.At) && rec.After.Known == by.After.Known {
		out.Before, out.After = by.Before, by.After
		by.Before, by.After = nil, nil
	}
	return out
}

func putRecord(ctx context.Context, tx *store.Tx, m Merge) error {
	text, err := json.Marshal(m.Record)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE identity_merges SET record = ? WHERE id = ?`, string(text), m.ID)
	return err
}

func releaseTraits(ctx context.Context, tx *store.Tx, n uint32, rec record) error {
	if len(rec.Traits) == 0 {
		return nil
	}
	rows, err := traitsOf(ctx, tx, []uint32{n})
	if err != nil || len(rows) == 0 {
		return err
	}
	for name, v := range rec.Traits {
		if bytes.Equal(rows[0].Traits[name], v) {
			delete(rows[0].Traits, name)
		}
	}
	return putTraits(ctx, tx, rows)
}

// refill lets customers who were merged into another since the merge that gave, beside the one who leaves, fill the gaps of
// the profile again. What those before them could fill they had filled: a gap that was left is one that was made later, as
// by unbinding a phone.
func (s *Service) refill(ctx context.Context, tx *store.Tx, leaves, since string, gave record, c *customer.Customer) error {
	if len(gave.Filled) == 0 && gave.After == nil {
		return nil
	}
	others, err := store.All[Merge](ctx, tx, `SELECT * FROM identity_merges WHERE to_number = ? AND undone_at IS NULL AND id <> ? AND id >= ? ORDER BY id`, int64(c.Number), leaves, since)
	if err != nil {
		return err
	}
	for _, m := range others {
		known, err := customer.Known(ctx, tx, []uint32{m.From})
		if err != nil {
			return err
		}
		if b := m.Record.Before; b != nil && gave.After != nil && b.At.Equal(gave.After.At) && b.Known == gave.After.Known {
			m.Record.Before = gave.Before // what it will give back is not the leaving one's
		}
		if err := forgetUnbound(ctx, tx, c.Number, known[m.From]); err != nil {
			return err
		}
		m.Record.absorb(c, known[m.From])
		if err := putRecord(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

// forgetUnbound leaves out of a profile the phone and the e-mail whose keys are no longer those of the customer n, who would
// take them: somebody said that they are nobody's, or they became another's.
func forgetUnbound(ctx context.Context, q store.Querier, n uint32, c *customer.Customer) error {
	for kind, field := range map[string]*string{customer.KeyPhone: &c.Phone, customer.KeyEmail: &c.Email} {
		if *field == "" {
			continue
		}
		gone, err := store.One[int64](ctx, q, `SELECT COUNT(*) FROM identity_keys WHERE kind = ? AND value = ? AND customer <> ? AND state = ''`, kind, *field, int64(n))
		if err != nil {
			return err
		}
		if gone > 0 {
			*field = ""
		}
	}
	return nil
}
