package customer

import (
	"context"

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

// Get returns a customer by id or number, or a NotFound error.
func (s *Service) Get(ctx context.Context, idOrNumber string) (Customer, error) {
	return Get(ctx, s.db, idOrNumber)
}

// Keys returns what a customer is known by.
func (s *Service) Keys(ctx context.Context, number uint32) ([]Key, error) {
	return Keys(ctx, s.db, number)
}

// Facets returns the commonest values to filter a list by.
func (s *Service) Facets(ctx context.Context) (Facets, error) { return ListFacets(ctx, s.db) }
