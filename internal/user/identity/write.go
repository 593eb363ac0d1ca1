package identity

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// write stores what Resolve found out, and appends the facts.
func (s *Service) write(r *resolving) error {
	facts, err := r.visitorFacts()
	if err != nil {
		return err
	}
	changed, err := r.writeCustomers()
	if err != nil {
		return err
	}
	facts = append(facts, changed...)
	for _, step := range []func() error{r.writeCounters, r.writeKeys, r.writeVisitors, r.writeTraits, r.writeConflicts} {
		if err := step(); err != nil {
			return err
		}
	}
	if _, err := store.InsertAll(r.ctx, r.tx, "identity_devices", r.deviceRows, "ON CONFLICT (value, customer) DO NOTHING"); err != nil {
		return err
	}
	if err := outbox.Append(r.ctx, r.tx, facts...); err != nil {
		return err
	}
	if len(r.merges) > 0 {
		merges := make([]Merge, len(r.merges))
		for i, m := range r.merges {
			merges[i] = Merge{From: m.from, To: m.to, Cause: causeKeys, Reason: m.reason, Source: m.source}
		}
		if err := s.mergeAll(r.ctx, r.tx, merges, r.now); err != nil {
			return err
		}
	}
	if r.moved {
		return bumpGeneration(r.ctx, r.tx)
	}
	return nil
}

// writeCustomers stores customers and returns their facts; whoever takes part in a merge is told of by that.
func (r *resolving) writeCustomers() (facts []event.Fact, err error) {
	merges := map[uint32]bool{}
	for _, m := range r.merges {
		merges[m.from], merges[m.to] = true, true
	}
	var made, changed []customer.Customer
	for _, n := range r.order {
		c := r.known[n]
		c.UpdatedAt = r.now
		if c.RegisteredAt.IsZero() {
			c.RegisteredAt = r.now
		}
		if !merges[n] {
			fact, err := c.Fact(r.now)
			if err != nil {
				return nil, err
			}
			facts = append(facts, fact)
		}
		if r.made[n] {
			made = append(made, *c)
		} else {
			changed = append(changed, *c)
		}
	}
	return facts, customer.Write(r.ctx, r.tx, made, changed)
}

func (r *resolving) writeCounters() error {
	if r.last != r.given {
		if _, err := r.tx.Exec(r.ctx, `UPDATE counters SET value = ? WHERE name = 'customer'`, r.last); err != nil {
			return err
		}
	}
	if r.lastVisitor == r.givenVisitor {
		return nil
	}
	_, err := r.tx.Exec(r.ctx, `INSERT INTO counters (name, value) VALUES ('visitor', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, r.lastVisitor)
	return err
}

func (r *resolving) writeKeys() error {
	var rows []customer.KeyRow
	gone := map[string][]string{}
	for k := range r.keyWrites {
		if row := r.keys[k]; row.Customer != 0 || row.State != "" {
			rows = append(rows, *row)
		} else {
			gone[k.Kind] = append(gone[k.Kind], k.Value)
		}
	}
	for kind, values := range gone {
		if err := dropKeys(r.ctx, r.tx, kind, values); err != nil {
			return err
		}
	}
	return putKeys(r.ctx, r.tx, rows)
}

func dropKeys(ctx context.Context, tx *store.Tx, kind string, values []string) error {
	for part := range slices.Chunk(values, 5000) {
		var w store.Where
		w.And("kind = ?", kind)
		store.In(&w, "value", part)
		if _, err := tx.Exec(ctx, `DELETE FROM identity_keys`+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}

// putKeys stores keys whole, in the order of the index.
func putKeys(ctx context.Context, tx *store.Tx, rows []customer.KeyRow) error {
	slices.SortFunc(rows, func(a, b customer.KeyRow) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value, b.Value))
	})
	_, err := store.InsertAll(ctx, tx, "identity_keys", rows, `ON CONFLICT (kind, value) DO UPDATE SET customer = excluded.customer,
		state = excluded.state, source = excluded.source, since = excluded.since, seen_at = excluded.seen_at`)
	return err
}

// visitorTarget is the customer, or the last visitor, that a visitor became, before merges of customers.
func (r *resolving) visitorTarget(n uint32) uint32 {
	for n >= customer.FirstVisitor && r.to[n] != 0 {
		n = r.to[n]
	}
	return n
}

func (r *resolving) visitorFacts() ([]event.Fact, error) {
	facts := make([]event.Fact, len(r.visitors))
	for i, v := range r.visitors {
		facts[i] = event.Fact{ID: id.New("fct"), Name: event.CustomerMerged, Customer: v.from, At: r.now, Quantity: int64(v.to)}
		if c := r.known[v.to]; c != nil {
			facts[i].Subject = c.ID
		}
	}
	return facts, nil
}

// writeVisitors gives the devices of visitors who became known to whom they became.
func (r *resolving) writeVisitors() error {
	to := make(map[uint32]uint32, len(r.visitors))
	for _, v := range r.visitors {
		to[v.from] = r.visitorTarget(v.to)
		delete(r.traitsDirty, v.from)
	}
	if err := repoint(r.ctx, r.tx, "identity_keys", to); err != nil {
		return err
	}
	return forget(r.ctx, r.tx, "customer_traits", to)
}

// eachMove calls fn with the pairs as the text and arguments of VALUES, some thousand at a time, in one order.
func eachMove(to map[uint32]uint32, fn func(values string, args []any) error) error {
	from := make([]uint32, 0, len(to))
	for n := range to {
		from = append(from, n)
	}
	slices.Sort(from)
	for part := range slices.Chunk(from, 2000) {
		args := make([]any, 0, 2*len(part))
		for _, n := range part {
			args = append(args, int64(n), int64(to[n]))
		}
		values := "(CAST(? AS BIGINT), CAST(? AS BIGINT))" + strings.Repeat(", (?, ?)", len(part)-1)
		if err := fn(values, args); err != nil {
			return err
		}
	}
	return nil
}

// repoint replaces the customer of a table's rows.
func repoint(ctx context.Context, tx *store.Tx, table string, to map[uint32]uint32) error {
	return eachMove(to, func(values string, args []any) error {
		_, err := tx.Exec(ctx, `WITH v (a, b) AS (VALUES `+values+`) UPDATE `+table+` SET customer = v.b FROM v WHERE `+table+`.customer = v.a`, args...)
		return err
	})
}

// forget removes the rows of those who moved.
func forget(ctx context.Context, tx *store.Tx, table string, to map[uint32]uint32) error {
	return eachMove(to, func(values string, args []any) error {
		_, err := tx.Exec(ctx, `WITH v (a, b) AS (VALUES `+values+`) DELETE FROM `+table+` WHERE customer IN (SELECT a FROM v)`, args...)
		return err
	})
}

func (r *resolving) writeTraits() error {
	var rows []traitRow
	for _, n := range sorted(r.traitsDirty) {
		rows = append(rows, traitRow{n, r.traits[n]})
	}
	return putTraits(r.ctx, r.tx, rows)
}

func putTraits(ctx context.Context, tx *store.Tx, rows []traitRow) error {
	_, err := store.InsertAll(ctx, tx, "customer_traits", rows, "ON CONFLICT (customer) DO UPDATE SET traits = excluded.traits")
	return err
}

func traitsOf(ctx context.Context, q store.Querier, numbers []uint32) ([]traitRow, error) {
	var out []traitRow
	for part := range slices.Chunk(numbers, 5000) {
		var w store.Where
		store.In(&w, "customer", part)
		rows, err := store.All[traitRow](ctx, q, `SELECT * FROM customer_traits`+w.SQL(), w.Args()...)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// Traits returns the attributes that sources set about a customer beside the profile; an empty map for none.
func (s *Service) Traits(ctx context.Context, number uint32) (map[string]json.RawMessage, error) {
	rows, err := traitsOf(ctx, s.db, []uint32{number})
	if err != nil || len(rows) == 0 {
		return map[string]json.RawMessage{}, err
	}
	return rows[0].Traits, nil
}
