package order

import (
	"context"
	"fmt"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
)

// Detail is an order with its lines, each with its product's name, and its refunds.
type Detail struct {
	Order
	Lines   []NamedLine  `json:"lines"`
	Refunds []Refund     `json:"refunds"`
	First   *event.Touch `json:"first_touch,omitempty" doc:"How the person had first arrived when the order was paid"`
	Last    *event.Touch `json:"last_touch,omitempty" doc:"And last; left out where that is not known"`
}

// NamedLine is a line with the name of what was bought.
type NamedLine struct {
	Line
	Name     string `db:"name" json:"name"`
	Category string `db:"category" json:"category"`
}

// Get returns an order with its lines and refunds.
func Get(ctx context.Context, q store.Querier, orderID string) (Detail, error) {
	var d Detail
	var err error
	if d.Order, err = store.One[Order](ctx, q, `SELECT * FROM orders WHERE id = ?`, orderID); err != nil {
		if errs.Is(err, errs.NotFound) {
			return d, errs.New(errs.NotFound, "order.not_found", "there is no such order")
		}
		return d, err
	}
	d.Lines, err = store.All[NamedLine](ctx, q, `SELECT l.*, COALESCE(p.name, '') AS name, COALESCE(p.category, '') AS category
		FROM order_lines l LEFT JOIN products p ON p.code = l.product WHERE l.order_id = ? ORDER BY l.amount_fen DESC, l.key`, orderID)
	if err != nil {
		return d, fmt.Errorf("lines of %s: %w", orderID, err)
	}
	if d.Refunds, err = store.All[Refund](ctx, q, `SELECT * FROM refunds WHERE order_id = ? ORDER BY refunded_at, number, key`, orderID); err != nil {
		return d, err
	}
	d.First, d.Last, err = arrivalOf(ctx, q, orderID)
	return d, err
}

// Found is an order that a search found, and whose it is.
type Found struct {
	Order
	CustomerID string `db:"customer_id" json:"customer_id"`
	Name       string `db:"name" json:"name" doc:"The customer's; empty when it is not known"`
}

// Find returns the orders whose number begins with the text, or whose id it is, by number; none for an empty text.
func Find(ctx context.Context, q store.Querier, text string, limit int) ([]Found, error) {
	if text == "" {
		return []Found{}, nil
	}
	return store.All[Found](ctx, q, `SELECT o.*, c.id AS customer_id, c.name AS name FROM orders o JOIN customers c ON c.number = o.customer
		WHERE (o.number >= ? AND o.number < ?) OR o.id = ? ORDER BY o.number, o.id LIMIT ?`, text, text+"\U0010FFFF", text, limit)
}

// OfCustomer returns the latest orders of a customer below an order id's time and id ("" for the first page).
func OfCustomer(ctx context.Context, q store.Querier, customer uint32, below string, limit int) ([]Order, error) {
	var w store.Where
	w.And("customer = ?", customer)
	if below != "" {
		w.And("(paid_at, id) < (SELECT b.paid_at, b.id FROM orders b WHERE b.id = ?)", below)
	}
	return store.All[Order](ctx, q, `SELECT * FROM orders`+w.SQL()+` ORDER BY paid_at DESC, id DESC LIMIT ?`, w.Args(limit)...)
}

// ProductsByCode returns the products with the codes; at most 5,000 codes.
func ProductsByCode(ctx context.Context, q store.Querier, codes []string) ([]Product, error) {
	var w store.Where
	store.In(&w, "code", codes)
	return store.All[Product](ctx, q, `SELECT * FROM products`+w.SQL(), w.Args()...)
}

// FindProducts returns products whose code or name contains the text, by code.
func FindProducts(ctx context.Context, q store.Querier, text string, limit int) ([]Product, error) {
	like := "%" + store.Like(text) + "%"
	return store.All[Product](ctx, q, `SELECT * FROM products WHERE LOWER(code) LIKE LOWER(?) ESCAPE '\' OR LOWER(name) LIKE LOWER(?) ESCAPE '\' ORDER BY code LIMIT ?`, like, like, limit)
}
