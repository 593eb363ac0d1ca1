package customer

import (
	"context"
	"strconv"

	"huoshui/internal/platform/store"
)

// Service answers questions about customers for the edge. Customers are made by Resolve.
type Service struct{ db *store.DB }

// NewService returns the service.
func NewService(db *store.DB) *Service { return &Service{db} }

// List returns a page of the customers that match; see List.
func (s *Service) List(ctx context.Context, f Filter, by, after string, limit int) (Page, error) {
	return List(ctx, s.db, f, by, after, limit)
}

// Get returns a customer by id or number, or a NotFound error; for one who was merged into another, that other.
func (s *Service) Get(ctx context.Context, idOrNumber string) (Customer, error) {
	c, err := Get(ctx, s.db, idOrNumber)
	for err == nil && c.MergedInto != 0 {
		c, err = Get(ctx, s.db, strconv.FormatUint(uint64(c.MergedInto), 10))
	}
	return c, err
}

// Keys returns what a customer is known by.
func (s *Service) Keys(ctx context.Context, number uint32) ([]Key, error) {
	return Keys(ctx, s.db, number)
}

// Facets returns the commonest values to filter a list by.
func (s *Service) Facets(ctx context.Context) (Facets, error) { return ListFacets(ctx, s.db) }

// ByNumbers returns the customers with the numbers, those merged into others as they are; unknown numbers are left out.
func (s *Service) ByNumbers(ctx context.Context, numbers []uint32) (map[uint32]*Customer, error) {
	return Known(ctx, s.db, numbers)
}
