package order

import (
	"context"

	"huoshui/internal/platform/store"
)

// Service answers questions about orders for the edge. Orders are made by a Settler.
type Service struct{ db *store.DB }

// NewService returns the service.
func NewService(db *store.DB) *Service { return &Service{db} }

// Get returns an order with its lines and refunds, or a NotFound error.
func (s *Service) Get(ctx context.Context, orderID string) (Detail, error) {
	return Get(ctx, s.db, orderID)
}

// OfCustomer returns a customer's orders, latest first, below an order if one is given.
func (s *Service) OfCustomer(ctx context.Context, customer uint32, below string, limit int) ([]Order, error) {
	return OfCustomer(ctx, s.db, customer, below, limit)
}

// Products returns the products with the codes, by code.
func (s *Service) Products(ctx context.Context, codes []string) (map[string]Product, error) {
	all, err := ProductsByCode(ctx, s.db, codes)
	out := make(map[string]Product, len(all))
	for _, p := range all {
		out[p.Code] = p
	}
	return out, err
}

// Find returns the orders whose number begins with the text, or whose id it is.
func (s *Service) Find(ctx context.Context, text string, limit int) ([]Found, error) {
	return Find(ctx, s.db, text, limit)
}

// FindProducts returns products whose code or name contains the text.
func (s *Service) FindProducts(ctx context.Context, text string, limit int) ([]Product, error) {
	return FindProducts(ctx, s.db, text, limit)
}

// Numbers returns the numbers that orders have in their channels, by id; at most 5,000 ids.
func (s *Service) Numbers(ctx context.Context, ids []string) (map[string]string, error) {
	type row struct {
		ID     string `db:"id"`
		Number string `db:"number"`
	}
	var w store.Where
	store.In(&w, "id", ids)
	out := make(map[string]string, len(ids))
	err := store.Each(ctx, s.db, `SELECT id, number FROM orders`+w.SQL(), w.Args(), func(r row) error {
		out[r.ID] = r.Number
		return nil
	})
	return out, err
}
