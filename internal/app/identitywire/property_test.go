package identitywire_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

// wrong lists what must never be found in a store, by what it would mean.
var wrong = map[string]string{
	"a key of somebody who was merged away or is not there": `SELECT COUNT(*) FROM identity_keys k LEFT JOIN customers c ON c.number = k.customer
		WHERE k.customer > 0 AND k.customer < 2147483648 AND (c.number IS NULL OR c.merged_into IS NOT NULL)`,
	"a key of nobody that is not blocked":      `SELECT COUNT(*) FROM identity_keys WHERE customer = 0 AND state = ''`,
	"an order of somebody who was merged away": `SELECT COUNT(*) FROM orders o JOIN customers c ON c.number = o.customer WHERE c.merged_into IS NOT NULL`,
	"sums that are not those of the orders": `SELECT COUNT(*) FROM customers c LEFT JOIN (SELECT customer, COUNT(*) AS n, SUM(amount_fen) AS fen, MIN(paid_at) AS a, MAX(paid_at) AS b FROM orders GROUP BY customer) o
		ON o.customer = c.number WHERE c.orders <> COALESCE(o.n, 0) OR c.spent_fen <> COALESCE(o.fen, 0) OR COALESCE(c.first_order_at, 0) <> COALESCE(o.a, 0) OR COALESCE(c.last_order_at, 0) <> COALESCE(o.b, 0)`,
	"somebody merged away without a merge in force": `SELECT COUNT(*) FROM customers c WHERE (c.merged_into IS NOT NULL) <> (c.erased = TRUE)
		OR (c.merged_into IS NOT NULL AND NOT EXISTS (SELECT 1 FROM identity_merges m WHERE m.from_number = c.number AND m.to_number = c.merged_into AND m.undone_at IS NULL))`,
	"a merge in force of somebody who is not merged away": `SELECT COUNT(*) FROM identity_merges m JOIN customers c ON c.number = m.from_number WHERE m.undone_at IS NULL AND c.merged_into IS NULL`,
	"a merge into somebody who came later":                `SELECT COUNT(*) FROM identity_merges WHERE to_number >= from_number`,
	"numbers that are not dense":                          `SELECT COUNT(*) FROM counters WHERE name = 'customer' AND value <> (SELECT COUNT(*) FROM customers)`,
}

func (w *world) holds(rt *rapid.T) {
	for what, q := range wrong {
		n, err := store.One[int64](context.Background(), w.db, q)
		if err != nil {
			rt.Fatal(err)
		}
		if n != 0 {
			rt.Fatalf("%d times %s", n, what)
		}
	}
}

// whole is all that a merge and its undoing must leave as it was.
func (w *world) whole(rt *rapid.T) (out []string) {
	for _, q := range []string{
		`SELECT kind || '=' || value || ' ' || customer FROM identity_keys ORDER BY kind, value`,
		`SELECT id || ' ' || customer FROM orders ORDER BY id`,
		`SELECT number || ' ' || name || '/' || phone || '/' || email || '/' || city || ' ' || registered_at || ' ' || orders || ' ' || spent_fen || ' ' || COALESCE(merged_into, 0) FROM customers ORDER BY number`,
		`SELECT customer || ' ' || traits FROM customer_traits WHERE traits <> '{}' ORDER BY customer`,
	} {
		rows, err := store.All[string](context.Background(), w.db, q)
		if err != nil {
			rt.Fatal(err)
		}
		out = append(out, rows...)
	}
	return out
}

// TestWhateverHappens draws sightings, purchases, merges and their undoing in any order.
func TestWhateverHappens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			names := 0
			key := rapid.Custom(func(rt *rapid.T) customer.Key {
				kind := rapid.SampledFrom([]string{"phone", "unionid", "user", "email", "openid", "external", "device"}).Draw(rt, "kind")
				return customer.Key{Kind: kind, Value: fmt.Sprintf("r%d:%d", run, rapid.IntRange(1, 4).Draw(rt, "value"))}
			})
			seen := map[uint32]bool{}
			someone := func(rt *rapid.T, label string) uint32 {
				all := make([]uint32, 0, len(seen))
				for n := range customersOf(seen) {
					all = append(all, n)
				}
				if len(all) == 0 {
					return 0
				}
				c, err := customer.NewService(w.db).Get(context.Background(), fmt.Sprint(minOf(all)+uint32(rapid.IntRange(0, len(all)-1).Draw(rt, label))))
				if err != nil {
					rt.Fatal(err)
				}
				return c.Number
			}
			for range rapid.IntRange(3, 25).Draw(rt, "steps") {
				switch rapid.IntRange(0, 6).Draw(rt, "what") {
				case 0, 1, 2, 3:
					batch := make([]identity.Sighting, rapid.IntRange(1, 4).Draw(rt, "batch"))
					for i := range batch {
						names++
						batch[i].Keys = rapid.SliceOfN(key, 1, 3).Draw(rt, "keys")
						batch[i].Unbind = rapid.IntRange(0, 9).Draw(rt, "unbind") == 0
						if names%2 == 0 {
							batch[i].Name = fmt.Sprintf("名%d", names)
						}
						batch[i].Traits = []identity.Trait{{Op: "set_once", Name: fmt.Sprintf("t%d", names%3), Value: []byte(fmt.Sprint(names))}}
					}
					for i, n := range w.resolve(batch...) {
						if n == 0 && !batch[i].Unbind && !w.blocked(rt, batch[i].Keys) {
							rt.Fatalf("%v is nobody", batch[i].Keys)
						}
						seen[n] = true
					}
				case 4:
					if n := someone(rt, "buyer"); n != 0 {
						names++
						w.sell(n, fmt.Sprintf("%d-%d", run, names), int64(names))
					}
				case 5:
					a, b := someone(rt, "a"), someone(rt, "b")
					if a == b {
						continue
					}
					before := w.whole(rt)
					m, err := w.who.Merge(context.Background(), fmt.Sprint(a), fmt.Sprint(b), "drawn", "stf")
					if err != nil {
						rt.Fatal(err)
					}
					if rapid.Bool().Draw(rt, "at once undone") {
						w.holds(rt)
						if _, err := w.who.Undo(context.Background(), m.ID, "stf"); err != nil {
							rt.Fatal(err)
						}
						if after := w.whole(rt); fmt.Sprint(before) != fmt.Sprint(after) {
							rt.Fatalf("merging %d and %d and splitting them:\n%v\n%v", a, b, before, after)
						}
					}
				case 6:
					all := w.merges()
					if len(all) == 0 {
						continue
					}
					m := all[rapid.IntRange(0, min(len(all), 8)-1).Draw(rt, "merge")]
					_, err := w.who.Undo(context.Background(), m.ID, "stf")
					if undone := !m.UndoneAt.IsZero(); undone != errs.Is(err, errs.Conflict) || !undone && err != nil {
						rt.Fatalf("undo %+v: %v", m, err)
					}
				}
				w.holds(rt)
			}
		})
	})
}

func customersOf(seen map[uint32]bool) map[uint32]bool {
	out := map[uint32]bool{}
	for n := range seen {
		if n > 0 && n < customer.FirstVisitor {
			out[n] = true
		}
	}
	return out
}

func minOf(all []uint32) uint32 {
	m := all[0]
	for _, n := range all {
		m = min(m, n)
	}
	return m
}

// blocked reports whether every key is used for nobody.
func (w *world) blocked(rt *rapid.T, keys []customer.Key) bool {
	all := map[customer.Key]bool{}
	for _, k := range keys {
		all[k] = true
	}
	rows, err := customer.KeyRows(context.Background(), w.db, all)
	if err != nil {
		rt.Fatal(err)
	}
	for k := range all {
		if rows[k] != nil && rows[k].State == "" {
			return false
		}
	}
	return true
}
