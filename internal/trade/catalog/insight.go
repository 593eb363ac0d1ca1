package catalog

import (
	"context"

	"huoshui/internal/platform/store"
)

// All returns all goods with every SKU they ever had, for those who count over the whole catalogue.
func (s *Service) All(ctx context.Context) ([]Goods, error) {
	all, err := store.All[Goods](ctx, s.db, `SELECT * FROM goods ORDER BY id`)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(all))
	for i, g := range all {
		at[g.ID] = i
	}
	err = store.Each(ctx, s.db, `SELECT * FROM skus ORDER BY goods_id, place, code`, nil, func(k SKU) error {
		if i, ok := at[k.GoodsID]; ok {
			all[i].SKUs = append(all[i].SKUs, k)
		}
		return nil
	})
	return all, err
}

// Change revises one thing about goods as they are now; the SKUs that are sold stay as they are.
func (s *Service) Change(ctx context.Context, goodsID, by string, change func(*GoodsDraft)) (Goods, error) {
	g, err := s.Get(ctx, goodsID)
	if err != nil {
		return Goods{}, err
	}
	d := GoodsDraft{
		Title: g.Title, Subtitle: g.Subtitle, Category: g.Category, Kind: g.Kind, Role: g.Role, Specs: g.Specs, Pictures: g.Pictures,
		Points: g.Points, Detail: g.Detail, RebuyDays: g.RebuyDays, Freight: g.Freight,
	}
	for _, k := range g.SKUs {
		if !k.Gone {
			d.SKUs = append(d.SKUs, k)
		}
	}
	change(&d)
	return s.Revise(ctx, goodsID, g.Version, d, by)
}

// AddPair shows goods beside others because they are bought together; who was chosen already moves to no other place. The last of
// MostPairs gives way.
func (s *Service) AddPair(ctx context.Context, goodsID, other string, lift float64) error {
	pairs, err := s.Pairs(ctx, goodsID)
	if err != nil {
		return err
	}
	for i := range pairs {
		if pairs[i].Other == other {
			pairs[i].Lift = lift
			return s.SetPairs(ctx, goodsID, pairs)
		}
	}
	if len(pairs) >= MostPairs {
		pairs = pairs[:MostPairs-1]
	}
	return s.SetPairs(ctx, goodsID, append(pairs, Pair{Other: other, Source: "basket", Lift: lift}))
}
