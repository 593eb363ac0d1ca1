package storewire

import (
	"context"
	"maps"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

// Offers implements checkout.Offers by promotions, flash sales, groups and presales.
type Offers struct {
	Promos   *promo.Service
	Flash    *flash.Service
	Groups   *groupbuy.Service
	Presales *presale.Service
}

// free is what goods are sent by that name no freight template: for nothing.
var free = pricing.Freights{ID: catalog.StoreFreight, By: pricing.ByPiece, Regions: []pricing.Region{{First: 1, More: 1}}}

// Rules implements checkout.Offers.
func (o Offers) Rules(ctx context.Context, q store.Querier, who checkout.Buyer, skus []string, form checkout.Form, now time.Time) (pricing.Rules, []pricing.Coupon, error) {
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
	switch form.Kind {
	case "":
		rules.Flash, err = o.Flash.Offers(ctx, q, who.Number, skus, now)
	case groupbuy.Kind:
		var price pricing.Flash
		price, err = o.Groups.Price(ctx, q, form.Offer, form.Group, who.Number, now)
		if err == nil && (len(skus) != 1 || skus[0] != price.SKU) {
			err = errs.New(errs.Invalid, "group.one", "a group buys one SKU").At("lines").With("sku", price.SKU)
		}
		rules.Flash = []pricing.Flash{price}
	case presale.Kind:
		var terms presale.Terms
		terms, err = o.Presales.Price(ctx, q, form.Booking, who.Number, now)
		if err == nil && (len(skus) != 1 || skus[0] != terms.Price.SKU) {
			err = errs.New(errs.Invalid, "presale.one", "a deposit is for one SKU").At("lines").With("sku", terms.Price.SKU)
		}
		rules.Flash, rules.Deposit = []pricing.Flash{terms.Price}, &terms.Deposit
	default:
		err = errs.New(errs.Invalid, "sale.form", "there is no form %q", form.Kind).At("form.kind")
	}
	if err != nil {
		return rules, nil, err
	}
	held, err := o.Promos.Wallet(ctx, q, who.Number)
	return rules, held, err
}

// Take implements checkout.Offers.
func (o Offers) Take(ctx context.Context, tx *store.Tx, who checkout.Buyer, sale string, form checkout.Form, q *pricing.Quotation, now time.Time) (terms checkout.Terms, err error) {
	if len(q.Coupons) > 0 {
		uses := make([]promo.Use, len(q.Coupons))
		for i, c := range q.Coupons {
			uses[i] = promo.Use{Coupon: c.ID, Fen: c.Fen}
		}
		if err := o.Promos.Lock(ctx, tx, sale, who.Number, uses); err != nil {
			return terms, err
		}
	}
	units, together := map[string]int64{}, map[pricing.Kind]int64{}
	for _, l := range q.Lines {
		for _, a := range l.Adjustments {
			if by := q.Applied[a.Applied]; by.Kind == pricing.KindFlash {
				units[by.Rule] += l.Quantity
			} else {
				together[by.Kind] += l.Quantity
			}
		}
	}
	if len(units) > 0 {
		if err := o.Flash.Take(ctx, tx, sale, who.Number, units); err != nil {
			return terms, err
		}
	}
	var all int64
	for _, l := range q.Lines {
		all += l.Quantity
	}
	if form.Kind == presale.Kind {
		terms.PayBy, err = o.Presales.Take(ctx, tx, form.Booking, sale, who.Number, all, q.DepositFen, now)
	}
	if form.Kind == groupbuy.Kind {
		if n := together[pricing.KindGroup]; n == 0 || n < all { // another price is lower, or more units than one person may have
			return terms, errs.New(errs.Conflict, "group.enough", "not all of it is at the group's price")
		}
		terms.Held = true
		terms.Group, terms.PayBy, err = o.Groups.Join(ctx, tx, form.Offer, form.Group, sale, who.Number, all, now)
	}
	return terms, err
}

// Paid implements checkout.Offers.
func (o Offers) Paid(ctx context.Context, tx *store.Tx, sale string, form checkout.Form, now time.Time) error {
	if form.Kind == groupbuy.Kind {
		if err := o.Groups.Paid(ctx, tx, sale, now); err != nil {
			return err
		}
	}
	if form.Kind == presale.Kind {
		if err := o.Presales.Paid(ctx, tx, form.Booking, sale, now); err != nil {
			return err
		}
	}
	_, err := o.Promos.Redeem(ctx, tx, sale)
	return err
}

// Left implements checkout.Offers.
func (o Offers) Left(ctx context.Context, tx *store.Tx, sale string, form checkout.Form, now time.Time) error {
	if form.Kind == groupbuy.Kind {
		return o.Groups.Left(ctx, tx, sale, now)
	}
	if form.Kind == presale.Kind {
		return o.Presales.Left(ctx, tx, form.Booking, sale, now)
	}
	return nil
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
