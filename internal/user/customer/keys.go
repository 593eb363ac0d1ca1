package customer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"huoshui/internal/platform/store"
)

// chunk is how many values one lookup names.
const chunk = 5000

// KeyRow is a key with whose it is: a customer's, a visitor's (from FirstVisitor on), or nobody's (0) with the State why.
type KeyRow struct {
	Key
	Customer uint32    `db:"customer" json:"-"`
	State    string    `db:"state" json:"state,omitempty" enum:",blocked,shared" doc:"Why it is used for nobody"`
	Source   string    `db:"source" json:"source" doc:"Who told it first"`
	Since    time.Time `db:"since" json:"since,omitzero"`
	SeenAt   time.Time `db:"seen_at" json:"seen_at,omitzero" doc:"Last seen, exact to the day"`
}

// FirstVisitor is the lowest number of a visitor: somebody whom only devices tell apart, who is in no universe.
const FirstVisitor uint32 = 1 << 31

// KeyRows returns those of the keys that are known.
func KeyRows(ctx context.Context, q store.Querier, keys map[Key]bool) (map[Key]*KeyRow, error) {
	byKind := map[string][]string{}
	for k := range keys {
		byKind[k.Kind] = append(byKind[k.Kind], k.Value)
	}
	rows := make(map[Key]*KeyRow, len(keys))
	for kind, values := range byKind {
		slices.Sort(values)
		for part := range slices.Chunk(values, chunk) {
			var w store.Where
			w.And("kind = ?", kind)
			store.In(&w, "value", part)
			err := store.Each(ctx, q, `SELECT * FROM identity_keys`+w.SQL(), w.Args(), func(k KeyRow) error {
				rows[k.Key] = &k
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

// Known returns the customers with the numbers, however many.
func Known(ctx context.Context, q store.Querier, numbers []uint32) (map[uint32]*Customer, error) {
	known := make(map[uint32]*Customer, len(numbers))
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

// Write stores customers that were made, and the profiles of those that changed; their sums are not touched.
func Write(ctx context.Context, tx *store.Tx, made, changed []Customer) error {
	if _, err := store.InsertAll(ctx, tx, "customers", made, ""); err != nil {
		return err
	}
	_, err := store.InsertAll(ctx, tx, "customers", changed, `ON CONFLICT (id) DO UPDATE SET `+profile)
	return err
}

// Lock returns the customers with the numbers; until tx ends nobody else changes them.
func Lock(ctx context.Context, tx *store.Tx, numbers []uint32) (map[uint32]*Customer, error) {
	numbers = slices.Clone(numbers)
	slices.Sort(numbers)
	for part := range slices.Chunk(numbers, chunk) {
		var w store.Where
		store.In(&w, "number", part)
		if _, err := tx.Exec(ctx, `UPDATE customers SET updated_at = updated_at`+w.SQL(), w.Args()...); err != nil {
			return nil, err
		}
	}
	return Known(ctx, tx, numbers)
}

// WriteWhole stores customers that were locked, their sums and whether they are merged included.
func WriteWhole(ctx context.Context, tx *store.Tx, changed []Customer) error {
	_, err := store.InsertAll(ctx, tx, "customers", changed, `ON CONFLICT (id) DO UPDATE SET `+profile+`, owner = excluded.owner,
		orders = excluded.orders, spent_fen = excluded.spent_fen, refunded_fen = excluded.refunded_fen,
		first_order_at = excluded.first_order_at, last_order_at = excluded.last_order_at,
		erased = excluded.erased, merged_into = excluded.merged_into`)
	return err
}

const profile = `code = excluded.code, name = excluded.name, phone = excluded.phone,
	email = excluded.email, gender = excluded.gender, birthday = excluded.birthday, province = excluded.province,
	city = excluded.city, source = excluded.source, store = excluded.store, level = excluded.level, zone = excluded.zone,
	registered_at = excluded.registered_at, registered_known = excluded.registered_known, updated_at = excluded.updated_at`

// Strongest returns the keys with the strongest first, equals in the order they came; each once.
func Strongest(keys []Key) []Key {
	out := make([]Key, 0, len(keys))
	for _, k := range keys {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	slices.SortStableFunc(out, func(a, b Key) int { return cmp.Compare(Strength(b.Kind), Strength(a.Kind)) })
	return out
}

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
		err := tx.Later(ctx, `WITH v (number, orders, spent, refunded, first_at, last_at) AS (VALUES `+values+`)
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

// Find says who people are without making or changing anybody: the customer of the strongest key that is known, 0 for
// nobody.
func Find(ctx context.Context, q store.Querier, people []Person) ([]uint32, error) {
	keys := map[Key]bool{}
	for _, p := range people {
		for _, k := range p.Keys {
			keys[k] = true
		}
	}
	rows, err := KeyRows(ctx, q, keys)
	if err != nil {
		return nil, fmt.Errorf("find customers: %w", err)
	}
	out := make([]uint32, len(people))
	for i, p := range people {
		for _, k := range Strongest(p.Keys) {
			if row := rows[k]; row != nil && row.Customer != 0 && row.Customer < FirstVisitor {
				out[i] = row.Customer
				break
			}
		}
	}
	return out, nil
}
