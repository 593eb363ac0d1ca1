package checkout_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/checkout"
)

// Sales go with a merge and come back; an erased customer's address is nowhere.
func TestSalesFollow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		err := db.Tx(ctx, func(tx *store.Tx) error {
			if err := store.Insert(ctx, tx, "sales", checkout.Sale{ID: "s", Number: "n", Customer: 1, Request: "r", State: checkout.Paid, Address: checkout.Address{Street: "MARK"}, Remark: "MARK", PlacedAt: time.Unix(1, 0)}); err != nil {
				return err
			}
			moved, err := checkout.Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{1: 2})
			if err != nil {
				return err
			}
			if n, err := store.One[int64](ctx, tx, `SELECT customer FROM sales`); err != nil || n != 2 {
				t.Error(n, err)
			}
			if err := (checkout.Mover{}).ReturnCustomer(ctx, tx, 1, 2, moved[1]); err != nil {
				return err
			}
			return checkout.Mover{}.EraseCustomers(ctx, tx, []uint32{1})
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := store.One[int64](ctx, db, `SELECT COUNT(*) FROM sales WHERE customer = 1 AND address NOT LIKE '%MARK%' AND remark = ''`); err != nil || n != 1 {
			t.Error(n, err)
		}
	})
}

// Two who are one made requests of the same name, and each has a cart: nothing is lost, and a merge that is undone gives all of it back.
func TestSameRequestsAndCartsFollow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		sale := func(id string, customer uint32, request string) checkout.Sale {
			return checkout.Sale{ID: id, Number: id, Customer: customer, Request: request, State: checkout.Paid, PlacedAt: time.Unix(1, 0)}
		}
		tell := func(q string, args ...any) string {
			t.Helper()
			all, err := store.All[string](ctx, db, q, args...)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(all, " ")
		}
		sales := func() string {
			return tell(`SELECT id || ':' || CAST(customer AS TEXT) || ':' || request FROM sales ORDER BY id`)
		}
		carts := func() string {
			return tell(`SELECT owner || ':' || sku || ':' || CAST(quantity AS TEXT) FROM cart_lines WHERE sku NOT LIKE 'x%' ORDER BY owner, sku`)
		}
		heads := func() string {
			return tell(`SELECT owner || ':' || CAST(changed_at AS TEXT) FROM carts ORDER BY owner`)
		}
		run := func(fn func(tx *store.Tx) error) {
			t.Helper()
			if err := db.Tx(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		run(func(tx *store.Tx) error {
			for _, s := range []checkout.Sale{sale("a", 1, "same"), sale("b", 2, "same"), sale("c", 3, "same"), sale("d", 1, "own")} {
				if err := store.Insert(ctx, tx, "sales", s); err != nil {
					return err
				}
			}
			for _, q := range []string{
				`INSERT INTO carts (owner, changed_at, told) VALUES ('c:1', 20, TRUE), ('c:2', 10, TRUE), ('c:3', 5, FALSE)`,
				`INSERT INTO cart_lines (owner, sku, quantity, chosen, changed_at) VALUES ('c:1', 'tea', 3, TRUE, 20), ('c:1', 'nuts', 600, FALSE, 19), ('c:2', 'nuts', 500, TRUE, 10), ('c:3', 'tea', 1, TRUE, 5)`,
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
		before := [3]string{sales(), carts(), heads()}
		var moved map[uint32]json.RawMessage
		run(func(tx *store.Tx) (err error) {
			moved, err = checkout.Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{1: 2, 3: 2})
			return err
		})
		if got := sales(); got != "a:2:merged/a b:2:same c:2:merged/c d:2:own" {
			t.Error(got)
		}
		if got := carts(); got != "c:2:nuts:999 c:2:tea:4" {
			t.Error(got)
		}
		if got := heads(); got != "c:2:20" {
			t.Error(got)
		}
		run(func(tx *store.Tx) error {
			for _, from := range []uint32{3, 1} {
				if err := (checkout.Mover{}).ReturnCustomer(ctx, tx, from, 2, moved[from]); err != nil {
					return err
				}
			}
			return nil
		})
		if after := [3]string{sales(), carts(), "c:1:20 c:2:20 c:3:5"}; after[0] != before[0] || after[1] != before[1] || after[2] != heads() {
			t.Errorf("%v, then %v and %s", before, after, heads())
		}
		run(func(tx *store.Tx) error { // a merge from before carts moved
			if _, err := tx.Exec(ctx, `UPDATE sales SET customer = 2 WHERE id = 'd'`); err != nil {
				return err
			}
			return checkout.Mover{}.ReturnCustomer(ctx, tx, 1, 2, json.RawMessage(`["d"]`))
		})
		if got := sales(); got != before[0] {
			t.Error(got)
		}
	})
}

// A cart that is full takes no more SKUs, and gives back no more than it took.
func TestAFullCartStaysWithinItsLimits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		count := func(owner string) (n int64) {
			t.Helper()
			n, err := store.One[int64](ctx, db, `SELECT COUNT(*) FROM cart_lines WHERE owner = ?`, owner)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		err := db.Tx(ctx, func(tx *store.Tx) error {
			for owner, n := range map[string]int{"c:1": 3, "c:2": 99} {
				if _, err := tx.Exec(ctx, `INSERT INTO carts (owner, changed_at, told) VALUES (?, 1, FALSE)`, owner); err != nil {
					return err
				}
				for i := range n {
					if _, err := tx.Exec(ctx, `INSERT INTO cart_lines (owner, sku, quantity, chosen, changed_at) VALUES (?, ?, 1, TRUE, ?)`, owner, fmt.Sprintf("%s-%d", owner, i), int64(i)); err != nil {
						return err
					}
				}
			}
			moved, err := checkout.Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{1: 2})
			if err != nil {
				return err
			}
			if n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM cart_lines WHERE owner = 'c:2'`); err != nil || n != 100 {
				t.Error(n, err)
			}
			return checkout.Mover{}.ReturnCustomer(ctx, tx, 1, 2, moved[1])
		})
		if err != nil || count("c:1") != 3 || count("c:2") != 99 {
			t.Error(count("c:1"), count("c:2"), err)
		}
	})
}
