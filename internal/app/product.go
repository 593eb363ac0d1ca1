package app

import (
	"context"

	"huoshui/internal/data/product"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/order"
)

// buildProducts makes the analytics of what sells.
func (a *App) buildProducts() {
	a.Services.Products = product.NewService(a.Warehouse, shelves{a.DB, a.Services.Goods}, known{a}, a.Clock.Now, a.Audience.Zone())
}

// shelves tells product analytics what is sold.
type shelves struct {
	db    *store.DB
	goods *catalog.Service
}

// Goods implements product.Catalogue.
func (s shelves) Goods(ctx context.Context) ([]product.Goods, error) {
	categories, err := s.goods.Categories(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(categories))
	for _, c := range categories {
		names[c.ID] = c.Name
	}
	all, err := s.goods.All(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]product.Goods, len(all))
	for i, g := range all {
		out[i] = product.Goods{ID: g.ID, Title: g.Title, Category: names[g.Category], Role: g.Role, RebuyDays: g.RebuyDays}
		for _, k := range g.SKUs {
			out[i].SKUs = append(out[i].SKUs, product.SKU{Code: k.Code, PriceFen: k.PriceFen, CostFen: k.CostFen})
		}
	}
	return out, nil
}

// Names implements product.Catalogue.
func (s shelves) Names(ctx context.Context, codes []string) (map[string]product.Named, error) {
	all, err := order.ProductsByCode(ctx, s.db, codes)
	out := make(map[string]product.Named, len(all))
	for _, p := range all {
		out[p.Code] = product.Named{Name: p.Name, Category: p.Category}
	}
	return out, err
}
