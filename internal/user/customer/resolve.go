package customer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// chunk is how many values one lookup names.
const chunk = 5000

// Resolve finds or makes the customer of every person, learns what is new, and appends customer.changed for each
// customer made or changed: set-based, a handful of statements for thousands of people. refs[i] answers people[i]; a
// person without any key is nobody: a zero Ref.
func Resolve(ctx context.Context, tx *store.Tx, people []Person, now time.Time) ([]Ref, error) {
	now = now.UTC().Truncate(time.Microsecond)
	owners, err := keyOwners(ctx, tx, people)
	if err != nil {
		return nil, err
	}
	known, err := byNumber(ctx, tx, owners)
	if err != nil {
		return nil, err
	}
	r := resolving{owners: owners, known: known, dirty: map[uint32]bool{}, created: map[uint32]bool{}, now: now}
	fresh := r.countUnknown(people)
	if r.next, err = reserve(ctx, tx, fresh); err != nil {
		return nil, err
	}
	refs := make([]Ref, len(people))
	for i, p := range people {
		refs[i] = r.resolve(p)
	}
	if err := r.write(ctx, tx); err != nil {
		return nil, fmt.Errorf("customers: %w", err)
	}
	return refs, nil
}

type resolving struct {
	owners  map[Key]uint32
	known   map[uint32]*Customer
	keys    []keyRow
	dirty   map[uint32]bool
	created map[uint32]bool
	order   []uint32
	next    uint32
	now     time.Time
}

type keyRow struct {
	Kind     string `db:"kind"`
	Value    string `db:"value"`
	Customer uint32 `db:"customer"`
}

func keyOwners(ctx context.Context, q store.Querier, people []Person) (map[Key]uint32, error) {
	byKind := map[string]map[string]bool{}
	for _, p := range people {
		for _, k := range p.Keys {
			if byKind[k.Kind] == nil {
				byKind[k.Kind] = map[string]bool{}
			}
			byKind[k.Kind][k.Value] = true
		}
	}
	owners := map[Key]uint32{}
	for kind, set := range byKind {
		values := make([]string, 0, len(set))
		for v := range set {
			values = append(values, v)
		}
		slices.Sort(values)
		for part := range slices.Chunk(values, chunk) {
			var w store.Where
			w.And("kind = ?", kind)
			store.In(&w, "value", part)
			err := store.Each(ctx, q, `SELECT kind, value, customer FROM identity_keys`+w.SQL(), w.Args(), func(k keyRow) error {
				owners[Key{k.Kind, k.Value}] = k.Customer
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return owners, nil
}

func byNumber(ctx context.Context, q store.Querier, owners map[Key]uint32) (map[uint32]*Customer, error) {
	known := map[uint32]*Customer{}
	var numbers []uint32
	for _, n := range owners {
		if known[n] == nil {
			known[n] = &Customer{}
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for part := range slices.Chunk(numbers, chunk) {
		rows, err := ByNumbers(ctx, q, part)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			known[c.Number] = &c
		}
	}
	return known, nil
}

// countUnknown is an upper bound of how many people will be made.
func (r *resolving) countUnknown(people []Person) (n uint32) {
	for _, p := range people {
		if len(p.Keys) > 0 && r.find(p) == 0 {
			n++
		}
	}
	return n
}

// reserve takes n numbers from the counter and returns the first. Numbers that are not used are given back by write.
func reserve(ctx context.Context, tx *store.Tx, n uint32) (uint32, error) {
	if n == 0 {
		return 0, nil
	}
	last, err := store.One[int64](ctx, tx, `INSERT INTO counters (name, value) VALUES ('customer', ?)
		ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value`, int64(n))
	if err != nil {
		return 0, err
	}
	return uint32(last) - n + 1, nil
}

func (r *resolving) find(p Person) uint32 {
	for _, k := range p.Keys {
		if n := r.owners[k]; n != 0 {
			return n
		}
	}
	return 0
}

func (r *resolving) resolve(p Person) Ref {
	if len(p.Keys) == 0 {
		return Ref{}
	}
	ref := Ref{Number: r.find(p)}
	if ref.Number == 0 {
		ref.Number, ref.Created = r.next, true
		r.next++
		r.known[ref.Number] = &Customer{ID: id.New("cus"), Number: ref.Number, RegisteredAt: time.Time{}, CreatedAt: r.now}
		r.created[ref.Number] = true
		r.order = append(r.order, ref.Number)
	}
	// Only keys that are free or already this person's are learnt.
	mine := p
	mine.Keys = nil
	for _, k := range p.Keys {
		switch r.owners[k] {
		case ref.Number:
			mine.Keys = append(mine.Keys, k)
		case 0:
			r.owners[k] = ref.Number
			r.keys = append(r.keys, keyRow{k.Kind, k.Value, ref.Number})
			mine.Keys = append(mine.Keys, k)
			ref.Changed = !ref.Created
		default:
			ref.Conflict = true
		}
	}
	c := r.known[ref.Number]
	if c.learn(mine) {
		if !r.created[ref.Number] && !r.dirty[ref.Number] {
			r.dirty[ref.Number] = true
			r.order = append(r.order, ref.Number)
		}
		ref.Changed = !ref.Created
	}
	return ref
}

// write stores what was made and changed, and the facts of it.
func (r *resolving) write(ctx context.Context, tx *store.Tx) error {
	var made, changed []Customer
	facts := make([]event.Fact, 0, len(r.order))
	for _, n := range r.order {
		c := r.known[n]
		c.UpdatedAt = r.now
		if c.RegisteredAt.IsZero() {
			c.RegisteredAt = r.now
		}
		fact, err := c.fact(r.now)
		if err != nil {
			return err
		}
		facts = append(facts, fact)
		if r.created[n] {
			made = append(made, *c)
		} else {
			changed = append(changed, *c)
		}
	}
	if _, err := store.InsertAll(ctx, tx, "customers", made, ""); err != nil {
		return err
	}
	if _, err := store.InsertAll(ctx, tx, "customers", changed, replaceProfile); err != nil {
		return err
	}
	if _, err := store.InsertAll(ctx, tx, "identity_keys", r.keys, ""); err != nil {
		return err
	}
	// Several records of one new person take one number; the rest goes back, so that numbers stay dense. The
	// counter's row is locked by this transaction since reserve.
	if len(made) > 0 {
		if _, err := tx.Exec(ctx, `UPDATE counters SET value = ? WHERE name = 'customer'`, int64(r.next)-1); err != nil {
			return err
		}
	}
	return outbox.Append(ctx, tx, facts...)
}

const replaceProfile = `ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, phone = excluded.phone,
	email = excluded.email, gender = excluded.gender, birthday = excluded.birthday, province = excluded.province,
	city = excluded.city, source = excluded.source, store = excluded.store, level = excluded.level, zone = excluded.zone,
	registered_at = excluded.registered_at, registered_known = excluded.registered_known, updated_at = excluded.updated_at`

// Purchases is what settled orders add to one person's sums; amounts in fen.
type Purchases struct {
	Number      uint32
	Orders      int64
	SpentFen    int64
	RefundedFen int64
	FirstAt     time.Time // earliest order; zero when there is none
	LastAt      time.Time // latest order; zero when there is none
}

// Bought adds purchases and refunds to the sums of their people, in the transaction that stores the orders.
func Bought(ctx context.Context, tx *store.Tx, all []Purchases, now time.Time) error {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Purchases) int { return int(int64(a.Number) - int64(b.Number)) }) // PostgreSQL: locks in one order
	for part := range slices.Chunk(all, 1000) {
		args := make([]any, 0, len(part)*7)
		values := ""
		for i, p := range part {
			mark := "(?, ?, ?, ?, ?, ?)"
			if i == 0 {
				mark = "(CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT))"
			} else {
				mark = ", " + mark
			}
			values += mark
			args = append(args, int64(p.Number), p.Orders, p.SpentFen, p.RefundedFen, p.FirstAt, p.LastAt)
		}
		_, err := tx.Exec(ctx, `WITH v (number, orders, spent, refunded, first_at, last_at) AS (VALUES `+values+`)
			UPDATE customers SET orders = customers.orders + v.orders, spent_fen = customers.spent_fen + v.spent,
				refunded_fen = customers.refunded_fen + v.refunded,
				first_order_at = CASE WHEN customers.first_order_at IS NULL OR v.first_at < customers.first_order_at THEN COALESCE(v.first_at, customers.first_order_at) ELSE customers.first_order_at END,
				last_order_at = CASE WHEN customers.last_order_at IS NULL OR v.last_at > customers.last_order_at THEN COALESCE(v.last_at, customers.last_order_at) ELSE customers.last_order_at END,
				updated_at = ?
			FROM v WHERE customers.number = v.number`, append(args, now)...)
		if err != nil {
			return fmt.Errorf("purchases: %w", err)
		}
	}
	return nil
}

// Find says who people are without making or changing anybody: the number of the first key that is known, 0 for nobody.
func Find(ctx context.Context, q store.Querier, people []Person) ([]uint32, error) {
	owners, err := keyOwners(ctx, q, people)
	if err != nil {
		return nil, fmt.Errorf("find customers: %w", err)
	}
	r := resolving{owners: owners}
	out := make([]uint32, len(people))
	for i, p := range people {
		out[i] = r.find(p)
	}
	return out, nil
}
