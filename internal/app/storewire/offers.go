package storewire

import (
	"context"
	"maps"
	"time"

	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

// Offers implements checkout.Offers by promotions and flash sales.
type Offers struct {
	Promos *promo.Service
	Flash  *flash.Service
}

// free is what goods are sent by that name no freight template: for nothing.
var free = pricing.Freights{ID: catalog.StoreFreight, By: pricing.ByPiece, Regions: []pricing.Region{{First: 1, More: 1}}}

// Rules implements checkout.Offers.
func (o Offers) Rules(ctx context.Context, q store.Querier, who checkout.Buyer, skus []string, now time.Time) (pricing.Rules, []pricing.Coupon, error) {
	rules, err := o.Promos.Rules(ctx, q)
	if err != nil {
		return rules, nil, err
	}
	rules.Templates = maps.Clone(rules.Templates) // the lists are shared
	times, _, err := settings.Get(ctx, q, checkout.SettingName, checkout.DefaultRules())
	if err != nil {
		return rules, nil, err
	}
	rules.Templates[catalog.StoreFreight] = free
	if t, ok := rules.Templates[times.Freight]; ok && times.Freight != "" {
		rules.Templates[catalog.StoreFreight] = t
	}
	if rules.Flash, err = o.Flash.Offers(ctx, q, who.Number, skus, now); err != nil {
		return rules, nil, err
	}
	held, err := o.Promos.Wallet(ctx, q, who.Number)
	return rules, held, err
}

// Take implements checkout.Offers.
func (o Offers) Take(ctx context.Context, tx *store.Tx, who checkout.Buyer, sale string, q *pricing.Quotation, _ time.Time) error {
	if len(q.Coupons) > 0 {
		uses := make([]promo.Use, len(q.Coupons))
		for i, c := range q.Coupons {
			uses[i] = promo.Use{Coupon: c.ID, Fen: c.Fen}
		}
		if err := o.Promos.Lock(ctx, tx, sale, who.Number, uses); err != nil {
			return err
		}
	}
	units := map[string]int64{}
	for _, l := range q.Lines {
		for _, a := range l.Adjustments {
			if by := q.Applied[a.Applied]; by.Kind == pricing.KindFlash {
				units[by.Rule] += l.Quantity
			}
		}
	}
	if len(units) == 0 {
		return nil
	}
	return o.Flash.Take(ctx, tx, sale, who.Number, units)
}

// Paid implements checkout.Offers.
func (o Offers) Paid(ctx context.Context, tx *store.Tx, sale string, _ time.Time) error {
	_, err := o.Promos.Redeem(ctx, tx, sale)
	return err
}

// Return implements checkout.Offers.
func (o Offers) Return(ctx context.Context, tx *store.Tx, sale string, coupons []string, all bool, _ time.Time) error {
	if all || len(coupons) > 0 {
		if _, err := o.Promos.Return(ctx, tx, sale, coupons...); err != nil {
			return err
		}
	}
	if all {
		return o.Flash.Return(ctx, tx, sale)
	}
	return nil
}
