package flash

import (
	"context"
	"time"

	"huoshui/internal/platform/store"
)

// Taken is what somebody took of a flash sale.
type Taken struct {
	Sale     string    `db:"sale" json:"sale" doc:"The order's id"`
	Number   string    `db:"number" json:"number" doc:"The order's number"`
	State    string    `db:"state" json:"state" doc:"Where the order stands"`
	Customer uint32    `db:"customer" json:"customer"`
	Units    int64     `db:"units" json:"units"`
	Given    bool      `db:"given" json:"given" doc:"It was given back: the order was never paid"`
	At       time.Time `db:"placed_at" json:"at"`
}

// Result is what became of a flash sale.
type Result struct {
	Paid    int64 `db:"paid" json:"paid" doc:"Units of paid orders"`
	Held    int64 `db:"held" json:"held" doc:"Units of orders that are not paid yet"`
	Given   int64 `db:"given" json:"given" doc:"Units that were taken and given back"`
	People  int64 `db:"people" json:"people" doc:"Customers with a paid order"`
	PaidFen int64 `db:"paid_fen" json:"paid_fen" doc:"What the paid units brought at the flash price"`
}

// Results returns what became of a flash sale, and its latest orders.
func (s *Service) Results(ctx context.Context, flash string, limit int) (Result, []Taken, error) {
	r, err := store.One[Result](ctx, s.db, `SELECT
		CAST(COALESCE(SUM(CASE WHEN t.given = FALSE AND s.order_id <> '' THEN t.units ELSE 0 END), 0) AS BIGINT) AS paid,
		CAST(COALESCE(SUM(CASE WHEN t.given = FALSE AND s.order_id = '' THEN t.units ELSE 0 END), 0) AS BIGINT) AS held,
		CAST(COALESCE(SUM(CASE WHEN t.given = TRUE THEN t.units ELSE 0 END), 0) AS BIGINT) AS given,
		COUNT(DISTINCT CASE WHEN t.given = FALSE AND s.order_id <> '' THEN s.customer END) AS people,
		CAST(COALESCE(SUM(CASE WHEN t.given = FALSE AND s.order_id <> '' THEN t.units * f.price_fen ELSE 0 END), 0) AS BIGINT) AS paid_fen
		FROM flash_takes t JOIN sales s ON s.id = t.sale JOIN flash_sales f ON f.id = t.flash WHERE t.flash = ?`, flash)
	if err != nil {
		return r, nil, err
	}
	all, err := store.All[Taken](ctx, s.db, `SELECT t.sale, s.number, s.state, s.customer, t.units, t.given, s.placed_at FROM flash_takes t JOIN sales s ON s.id = t.sale
		WHERE t.flash = ? ORDER BY s.placed_at DESC, t.sale DESC LIMIT ?`, flash, limit)
	return r, all, err
}
