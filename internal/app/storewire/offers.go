package storewire

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
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

// Rules implements checkout.Offers.
func (o Offers) Rules(ctx context.Context, q store.Querier, customer uint32, skus []string, form checkout.Form, now time.Time) (pricing.Rules, []pricing.Coupon, error) {
	var rules pricing.Rules
	var prices []pricing.Flash
	var deposit *presale.Terms
	var held []pricing.Coupon
	err := store.Gather(ctx, q, func(q store.Querier) (err error) {
		rules, err = o.Promos.Rules(ctx, q)
		return err
	}, func(q store.Querier) (err error) {
		switch form.Kind {
		case "":
			prices, err = o.Flash.Offers(ctx, q, customer, skus, now)
		case groupbuy.Kind:
			var price pricing.Flash
			price, err = o.Groups.Price(ctx, q, form.Offer, form.Group, customer, now)
			if err == nil && (len(skus) != 1 || skus[0] != price.SKU) {
				err = errs.New(errs.Invalid, "group.one", "a group buys one SKU").At("lines").With("sku", price.SKU)
			}
			prices = []pricing.Flash{price}
		case presale.Kind:
			var terms presale.Terms
			terms, err = o.Presales.Price(ctx, q, form.Booking, customer, now)
			if err == nil && (len(skus) != 1 || skus[0] != terms.Price.SKU) {
				err = errs.New(errs.Invalid, "presale.one", "a deposit is for one SKU").At("lines").With("sku", terms.Price.SKU)
			}
			prices, deposit = []pricing.Flash{terms.Price}, &terms
		default:
			err = errs.New(errs.Invalid, "sale.form", "there is no form %q", form.Kind).At("form.kind")
		}
		return err
	}, func(q store.Querier) (err error) {
		held, err = o.Promos.Wallet(ctx, q, customer)
		return err
	})
	rules.Flash = prices
	if deposit != nil {
		rules.Deposit = &deposit.Deposit
	}
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
