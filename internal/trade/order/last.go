package order

import (
	"context"

	"huoshui/internal/platform/store"
)

// LastProducts adds to names, by customer number, the product that each customer bought last: of her newest order the
// line that cost most, by its name where the catalogue has one. Who bought nothing is not added; at most 5,000 customers.
func LastProducts(ctx context.Context, q store.Querier, customers []uint32, names map[uint32]string) error {
	type row struct {
		Customer uint32 `db:"customer"`
		Product  string `db:"product"`
	}
	var w store.Where
	store.In(&w, "c.number", customers)
	return store.Each(ctx, q, `SELECT customer, product FROM (
			SELECT c.number AS customer, COALESCE(NULLIF(p.name, ''), l.product) AS product,
				ROW_NUMBER() OVER (PARTITION BY c.number ORDER BY o.id DESC, l.amount_fen DESC, l.key) AS place
			FROM customers c
			JOIN orders o ON o.customer = c.number AND o.paid_at = c.last_order_at
			JOIN order_lines l ON l.order_id = o.id
			LEFT JOIN products p ON p.code = l.product`+w.SQL()+`
		) ranked WHERE place = 1`, w.Args(), func(r row) error {
		names[r.Customer] = r.Product
		return nil
	})
}
