package identity

import (
	"cmp"
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

// Merge is one customer gone into another: the row, and the answer.
type Merge struct {
	ID       string    `db:"id" json:"id"`
	From     uint32    `db:"from_number" json:"from" doc:"Number of the customer who went"`
	FromID   string    `db:"from_id" json:"from_id"`
	To       uint32    `db:"to_number" json:"to" doc:"Number of the customer who stayed"`
	ToID     string    `db:"to_id" json:"to_id"`
	Cause    string    `db:"cause" json:"cause" enum:"keys,decision,hand" doc:"keys: seen together; decision: a conflict was decided so; hand: somebody merged them"`
	Reason   string    `db:"reason" json:"reason"`
	Source   string    `db:"source" json:"source" doc:"Who told of the keys"`
	By       string    `db:"merged_by" json:"by" doc:"Staff id; empty for keys"`
	At       time.Time `db:"merged_at" json:"at"`
	UndoneBy string    `db:"undone_by" json:"undone_by"`
	UndoneAt time.Time `db:"undone_at" json:"undone_at,omitzero"`
	Record   record    `db:"record,json" json:"-"`
}

// record is what undoing a merge needs.
type record struct {
	Keys   []customer.Key             `json:"keys,omitempty"`
	Filled map[string]string          `json:"filled,omitempty"` // fields of the profile that the other gave
	Traits map[string]json.RawMessage `json:"traits,omitempty"` // attributes that the other gave
	// Registration of the one who stayed, before and after, where the other's is older.
	Before *registration              `json:"before,omitempty"`
	After  *registration              `json:"after,omitempty"`
	Moved  map[string]json.RawMessage `json:"moved,omitempty"` // by follower
}

type registration struct {
	At    time.Time `json:"at"`
	Known bool      `json:"known"`
}

// absorb fills what one profile lacks from another's and notes it.
func (rec *record) absorb(to, from *customer.Customer) {
	for _, f := range fields {
		if have, other := fieldOf(to, f), *fieldOf(from, f); *have == "" && other != "" {
			*have = other
			if rec.Filled == nil {
				rec.Filled = map[string]string{}
			}
			rec.Filled[f] = other
		}
	}
	if from.RegisteredKnown && !to.RegisteredKnown || from.RegisteredKnown == to.RegisteredKnown && from.RegisteredAt.Before(to.RegisteredAt) {
		if rec.Before == nil {
			rec.Before = &registration{to.RegisteredAt, to.RegisteredKnown}
		}
		rec.After = &registration{from.RegisteredAt, from.RegisteredKnown}
		to.RegisteredAt, to.RegisteredKnown = from.RegisteredAt, from.RegisteredKnown
	}
}

// release takes back what a merge filled, as far as it is still so.
func (rec *record) release(c *customer.Customer) {
	for f, v := range rec.Filled {
		if have := fieldOf(c, f); *have == v {
			*have = ""
		}
	}
	if rec.After != nil && c.RegisteredAt.Equal(rec.After.At) && c.RegisteredKnown == rec.After.Known {
		c.RegisteredAt, c.RegisteredKnown = rec.Before.At, rec.Before.Known
	}
}

// survivor follows merges to the customer who stands for a number now.
func survivor(ctx context.Context, q store.Querier, number uint32) (uint32, error) {
	return store.One[uint32](ctx, q, `WITH RECURSIVE up (n, next) AS (
		SELECT number, merged_into FROM customers WHERE number = ?
		UNION ALL SELECT c.number, c.merged_into FROM up JOIN customers c ON c.number = up.next)
		SELECT n FROM up WHERE next IS NULL`, int64(number))
}

// Merge makes two customers one by hand. Either may be named by id or number; it does not matter which is named first.
func (s *Service) Merge(ctx context.Context, a, b, reason, by string) (m Merge, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := gate(ctx, tx); err != nil {
			return err
		}
		one, err := customer.Get(ctx, tx, a)
		if err != nil {
			return err
		}
		other, err := customer.Get(ctx, tx, b)
		if err != nil {
			return err
		}
		m, err = s.mergePair(ctx, tx, Merge{From: one.Number, To: other.Number, Cause: causeHand, Reason: reason, By: by})
		return err
	})
	return m, err
}

// mergePair merges two customers who are themselves, whatever keys say.
func (s *Service) mergePair(ctx context.Context, tx *store.Tx, m Merge) (Merge, error) {
	if m.From == m.To {
		return m, errs.New(errs.Invalid, "identity.same", "a customer cannot be merged with herself")
	}
	m.From, m.To = max(m.From, m.To), min(m.From, m.To)
	if _, err := tx.Exec(ctx, `DELETE FROM identity_apart WHERE a = ? AND b = ?`, int64(m.To), int64(m.From)); err != nil {
		return m, err
	}
	all := []Merge{m}
	if err := s.mergeAll(ctx, tx, all, s.now().UTC().Truncate(time.Microsecond)); err != nil {
		return m, err
	}
	return all[0], bumpGeneration(ctx, tx)
}

// mergeAll merges customers in the order given: as many at a time as do not depend on one another.
func (s *Service) mergeAll(ctx context.Context, tx *store.Tx, all []Merge, now time.Time) error {
	people := map[uint32]*customer.Customer{} // as they are in the end
	var facts []event.Fact
	for rest := all; len(rest) > 0; {
		n := independent(rest)
		if err := s.mergeSome(ctx, tx, rest[:n], people, now); err != nil {
			return fmt.Errorf("merge: %w", err)
		}
		for _, m := range rest[:n] {
			facts = append(facts, event.Fact{ID: m.ID, Name: event.CustomerMerged, Customer: m.From, At: now, Subject: m.ToID, Quantity: int64(m.To)})
		}
		rest = rest[n:]
	}
	changed, err := changedFacts(people, now)
	if err != nil {
		return err
	}
	return outbox.Append(ctx, tx, append(facts, changed...)...)
}

// independent is how many merges from the first on have nobody who both goes and stays.
func independent(all []Merge) int {
	goes, stays := map[uint32]bool{}, map[uint32]bool{}
	for i, m := range all {
		if stays[m.From] || goes[m.To] || goes[m.From] {
			return i
		}
		goes[m.From], stays[m.To] = true, true
	}
	return len(all)
}

func changedFacts(people map[uint32]*customer.Customer, now time.Time) ([]event.Fact, error) {
	facts := make([]event.Fact, 0, len(people))
	for _, n := range slices.Sorted(maps.Keys(people)) {
		f, err := people[n].Fact(now)
		if err != nil {
			return nil, err
		}
		f.ID = id.New("fct") // the customer may have changed at this very instant already
		facts = append(facts, f)
	}
	return facts, nil
}

// mergeSome merges customers, none of whom both goes and stays.
func (s *Service) mergeSome(ctx context.Context, tx *store.Tx, some []Merge, people map[uint32]*customer.Customer, now time.Time) error {
	to, numbers := map[uint32]uint32{}, map[uint32]bool{}
	for _, m := range some {
		to[m.From] = m.To
		numbers[m.From], numbers[m.To] = true, true
	}
	locked, err := customer.Lock(ctx, tx, sorted(numbers))
	if err != nil {
		return err
	}
	for n := range numbers {
		switch c := locked[n]; {
		case c == nil:
			return errs.New(errs.NotFound, "customer.not_found", "there is no such customer")
		case c.MergedInto != 0:
			return errs.New(errs.Conflict, "identity.merged", "customer %d has been merged into another already", n).With("customer", n)
		case c.Erased:
			return errs.New(errs.Conflict, "identity.erased", "customer %d has been erased", n).With("customer", n)
		}
	}
	records := make(map[uint32]*record, len(some))
	for i := range some {
		records[some[i].From] = &some[i].Record
	}
	if err := s.moveRows(ctx, tx, to, records); err != nil {
		return err
	}
	var subjects []string
	for i := range some {
		m := &some[i]
		a, b := locked[m.To], locked[m.From]
		m.ID, m.FromID, m.ToID, m.At = id.New("mrg"), b.ID, a.ID, now
		m.Record.absorb(a, b)
		add(a, b)
		b.MergedInto, b.Erased, a.UpdatedAt, b.UpdatedAt = a.Number, true, now, now
		subjects = append(subjects, fmt.Sprintf("pair/%d/%d", m.To, m.From))
	}
	changed := make([]customer.Customer, 0, len(locked))
	for _, n := range slices.Sorted(maps.Keys(locked)) {
		changed = append(changed, *locked[n])
		people[n] = locked[n]
	}
	if err := customer.WriteWhole(ctx, tx, changed); err != nil {
		return err
	}
	for part := range slices.Chunk(subjects, 5000) {
		var w store.Where
		store.In(&w, "subject", part)
		w.And("state = 'open'")
		if _, err := tx.Exec(ctx, `UPDATE identity_conflicts SET state = 'merged', decided_at = ?`+w.SQL(), append([]any{now}, w.Args()...)...); err != nil {
			return err
		}
	}
	_, err = store.InsertAll(ctx, tx, "identity_merges", some, "")
	return err
}

// add moves the sums of purchases.
func add(to, from *customer.Customer) {
	to.Orders += from.Orders
	to.SpentFen += from.SpentFen
	to.RefundedFen += from.RefundedFen
	if to.FirstOrderAt.IsZero() || !from.FirstOrderAt.IsZero() && from.FirstOrderAt.Before(to.FirstOrderAt) {
		to.FirstOrderAt = from.FirstOrderAt
	}
	if from.LastOrderAt.After(to.LastOrderAt) {
		to.LastOrderAt = from.LastOrderAt
	}
	bought(from, customer.Purchases{})
}

func bought(c *customer.Customer, p customer.Purchases) {
	c.Orders, c.SpentFen, c.RefundedFen, c.FirstOrderAt, c.LastOrderAt = p.Orders, p.SpentFen, p.RefundedFen, p.FirstAt, p.LastAt
}

// moveRows moves everything that names the customers who go, beside the customers themselves.
func (s *Service) moveRows(ctx context.Context, tx *store.Tx, to map[uint32]uint32, records map[uint32]*record) error {
	from := slices.Sorted(maps.Keys(to))
	for part := range slices.Chunk(from, 5000) {
		var w store.Where
		store.In(&w, "customer", part)
		err := store.Each(ctx, tx, `SELECT kind, value, customer FROM identity_keys`+w.SQL()+` ORDER BY customer, kind, value`, w.Args(), func(k customer.KeyRow) error {
			records[k.Customer].Keys = append(records[k.Customer].Keys, k.Key)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := repoint(ctx, tx, "identity_keys", to); err != nil {
		return err
	}
	if err := moveNotes(ctx, tx, to); err != nil {
		return err
	}
	if err := mergeTraits(ctx, tx, to, records); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s.followers)) {
		moved, err := s.followers[name].MoveCustomers(ctx, tx, to)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for n, what := range moved {
			if records[n].Moved == nil {
				records[n].Moved = map[string]json.RawMessage{}
			}
			records[n].Moved[name] = what
		}
	}
	return nil
}

// moveNotes lets who stays inherit the devices that were seen and the pairs that are kept apart.
func moveNotes(ctx context.Context, tx *store.Tx, to map[uint32]uint32) error {
	return eachMove(to, func(values string, args []any) error {
		for _, q := range []string{
			`INSERT INTO identity_devices (value, customer) SELECT d.value, v.b FROM v JOIN identity_devices d ON d.customer = v.a WHERE TRUE ON CONFLICT (value, customer) DO NOTHING`,
			`INSERT INTO identity_apart (a, b) SELECT CASE WHEN v.b < p.b THEN v.b ELSE p.b END, CASE WHEN v.b < p.b THEN p.b ELSE v.b END
				FROM v JOIN identity_apart p ON p.a = v.a WHERE p.b <> v.b ON CONFLICT (a, b) DO NOTHING`,
			`INSERT INTO identity_apart (a, b) SELECT CASE WHEN v.b < p.a THEN v.b ELSE p.a END, CASE WHEN v.b < p.a THEN p.a ELSE v.b END
				FROM v JOIN identity_apart p ON p.b = v.a WHERE p.a <> v.b ON CONFLICT (a, b) DO NOTHING`,
		} {
			if _, err := tx.Exec(ctx, `WITH v (a, b) AS (VALUES `+values+`) `+q, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

func mergeTraits(ctx context.Context, tx *store.Tx, to map[uint32]uint32, records map[uint32]*record) error {
	from, err := traitsOf(ctx, tx, slices.Sorted(maps.Keys(to)))
	if err != nil || len(from) == 0 {
		return err
	}
	stays := map[uint32]bool{}
	for _, row := range from {
		stays[to[row.Customer]] = true
	}
	have, err := traitsOf(ctx, tx, sorted(stays))
	if err != nil {
		return err
	}
	all := map[uint32]map[string]json.RawMessage{}
	for _, row := range have {
		all[row.Customer] = row.Traits
	}
	slices.SortFunc(from, func(a, b traitRow) int { return cmp.Compare(a.Customer, b.Customer) })
	for _, row := range from {
		n := to[row.Customer]
		if all[n] == nil {
			all[n] = map[string]json.RawMessage{}
		}
		for _, t := range once(row.Traits) {
			if _, changed := apply(nil, all[n], t); changed {
				rec := records[row.Customer]
				if rec.Traits == nil {
					rec.Traits = map[string]json.RawMessage{}
				}
				rec.Traits[t.Name] = t.Value
			}
		}
	}
	var rows []traitRow
	for _, n := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, traitRow{n, all[n]})
	}
	return putTraits(ctx, tx, rows)
}
