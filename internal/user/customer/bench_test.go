package customer_test

import (
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/customer"
)

// BenchmarkList asks for pages of a million customers as the console does.
func BenchmarkList(b *testing.B) {
	db := storetest.Open(b)
	if err := db.Tx(b.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(b.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
			INSERT INTO customers (id, number, code, name, phone, email, gender, birthday, province, city, source, store, owner, level, registered_at,
				registered_known, orders, spent_fen, refunded_fen, first_order_at, last_order_at, erased, created_at, updated_at)
			SELECT 'cus_' || i, i, 'c' || i, '客' || (i * 7919 % 99991), '13' || (100000000 + i), '', '', '', '', 'city' || (i * i % 300), 'source' || (i % 5), '', '', '',
				1600000000000000 + i * 7919 % 1000003 * 60000000, TRUE, i % 7, i * 7919 % 500009, 0, NULL,
				CASE WHEN i % 7 > 0 THEN 1700000000000000 + i * 104729 % 1000003 * 30000000 END, FALSE, 0, 0 FROM n`)
		if err == nil {
			_, err = tx.Exec(b.Context(), `INSERT INTO identity_keys (kind, value, customer) SELECT 'phone', phone, number FROM customers`)
		}
		return err
	}); err != nil {
		b.Fatal(err)
	}
	vip, rare := roaring.New(), roaring.New()
	for i := uint32(1); i <= 1_000_000; i++ {
		if i%9 == 0 {
			vip.Add(i)
		}
		if i%50_000 == 0 {
			rare.Add(i)
		}
	}
	first, err := customer.List(b.Context(), db, customer.Filter{}, "-recent", "", 50)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		f     customer.Filter
		sort  string
		after string
	}{
		{"recent", customer.Filter{}, "-recent", ""},
		{"recent_next", customer.Filter{}, "-recent", first.Next},
		{"spent_up", customer.Filter{}, "spent", ""},
		{"name", customer.Filter{Search: "客777"}, "-recent", ""},
		{"part_of_name", customer.Filter{Search: "9991"}, "-recent", ""},
		{"nobody", customer.Filter{Search: "zzzz"}, "-recent", ""},
		{"phone", customer.Filter{Search: "13100777"}, "-recent", ""},
		{"code", customer.Filter{Search: "c500000"}, "-recent", ""},
		{"city", customer.Filter{City: "city4"}, "-spent", ""},
		{"no_such_city", customer.Filter{City: "nowhere"}, "-spent", ""},
		{"layer", customer.Filter{Within: []*roaring.Bitmap{vip}}, "-spent", ""},
		{"rare_segment", customer.Filter{Within: []*roaring.Bitmap{rare}}, "-registered", ""},
		{"layer_in_city", customer.Filter{City: "city4", Within: []*roaring.Bitmap{vip}}, "-recent", ""},
		{"spent_range", customer.Filter{SpentMin: 100, SpentMax: 200}, "-recent", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := customer.List(b.Context(), db, c.f, c.sort, c.after, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("facets", func(b *testing.B) {
		for b.Loop() {
			if _, err := customer.ListFacets(b.Context(), db); err != nil {
				b.Fatal(err)
			}
		}
	})
}
