package checkout_test

import (
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
