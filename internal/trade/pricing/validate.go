package pricing

import (
	"fmt"
	"slices"

	"huoshui/internal/platform/errs"
)

// wrong is an Invalid error of a rule's field.
func wrong(field, code, format string, args ...any) error {
	return errs.New(errs.Invalid, code, format, args...).At(field)
}

// fen reports whether an amount can be one.
func fen(n int64) bool { return n >= 0 && n <= MaxFen }

// Validate reports the first thing that is wrong with a window.
func (w Window) Validate() error {
	if !w.Until.IsZero() && !w.Until.After(w.From) {
		return wrong("when.until", "promo.window", "it ends before it begins")
	}
	return nil
}

// Validate reports the first thing that is wrong with a member price.
func (m Member) Validate() error {
	if err := m.When.Validate(); err != nil {
		return err
	}
	if m.Rate < 0 || m.Rate > 10000 || m.Rate == 0 && len(m.Prices) == 0 {
		return wrong("rate", "promo.rate", "a rate is 1 to 10000 ten-thousandths")
	}
	if len(m.For.Levels)+len(m.For.Layers) == 0 {
		return wrong("for.levels", "promo.nobody", "say for which levels or layers")
	}
	if len(m.Prices) > 5000 {
		return wrong("prices_fen", "promo.too_many", "at most 5000 prices")
	}
	for sku, price := range m.Prices {
		if sku == "" || !fen(price) {
			return wrong("prices_fen", "promo.amount", "%q has no price that can be", sku)
		}
	}
	return nil
}

// Validate reports the first thing that is wrong with a bundle.
func (b Bundle) Validate() error {
	if err := b.When.Validate(); err != nil {
		return err
	}
	if len(b.Items) == 0 || len(b.Items) > 50 {
		return wrong("items", "promo.bundle_items", "a bundle has 1 to 50 goods")
	}
	units := int64(0)
	for i, item := range b.Items {
		if item.SKU == "" || item.Quantity < 1 || item.Quantity > 1000 {
			return wrong(fmt.Sprintf("items[%d]", i), "promo.bundle_item", "a bundle has 1 to 1000 units of a SKU")
		}
		if slices.ContainsFunc(b.Items[:i], func(o BundleItem) bool { return o.SKU == item.SKU }) {
			return wrong(fmt.Sprintf("items[%d]", i), "promo.bundle_twice", "%q is there twice", item.SKU)
		}
		units += item.Quantity
	}
	if units < 2 {
		return wrong("items", "promo.bundle_items", "a bundle has at least two units")
	}
	if !fen(b.PriceFen) || b.Limit < 0 || b.Limit > MaxQuantity {
		return wrong("price_fen", "promo.amount", "that is no price or limit")
	}
	return nil
}

// Validate reports the first thing that is wrong with a reduction.
func (r Reduction) Validate() error {
	if err := r.When.Validate(); err != nil {
		return err
	}
	if len(r.Steps) == 0 || len(r.Steps) > 20 || r.Each && len(r.Steps) != 1 {
		return wrong("steps", "promo.steps", "a reduction has 1 to 20 steps, and one of every so much has one")
	}
	if r.MaxTimes < 0 || len(r.Group) > 64 || r.Priority < -1000 || r.Priority > 1000 {
		return wrong("priority", "promo.amount", "a priority is between -1000 and 1000")
	}
	for i, s := range r.Steps {
		field := fmt.Sprintf("steps[%d]", i)
		switch {
		case !fen(s.FromFen) || !fen(s.OffFen) || s.FromUnits < 0 || s.FromUnits > MaxQuantity || s.Rate < 0 || s.Rate > 9999:
			return wrong(field, "promo.amount", "that is no amount")
		case (s.FromFen > 0) == (s.FromUnits > 0):
			return wrong(field, "promo.step_from", "a step counts from an amount or from units")
		case (s.OffFen > 0) == (s.Rate > 0):
			return wrong(field, "promo.step_off", "a step takes an amount off or leaves a rate")
		case s.FromFen > 0 && s.OffFen > s.FromFen:
			return wrong(field, "promo.step_above", "it takes off more than what it counts from")
		case r.Each && s.OffFen == 0:
			return wrong(field, "promo.step_off", "every so much takes an amount off")
		case i > 0 && ((s.FromFen > 0) != (r.Steps[i-1].FromFen > 0) || s.FromFen+s.FromUnits <= r.Steps[i-1].FromFen+r.Steps[i-1].FromUnits):
			return wrong(field, "promo.step_order", "steps rise, and count the same")
		}
	}
	return nil
}

// Validate reports the first thing that is wrong with what a coupon promises; its id and window are of the one coupon.
func (c Coupon) Validate() error {
	if !fen(c.ThresholdFen) || !fen(c.OffFen) || !fen(c.CapFen) || c.ThresholdUnits < 0 || c.ThresholdUnits > MaxQuantity || len(c.Group) > 64 {
		return wrong("threshold_fen", "promo.amount", "that is no amount")
	}
	if c.PerOrder < 0 || c.PerOrder > 10 {
		return wrong("per_order", "promo.per_order", "an order takes at most 10 coupons of a kind")
	}
	if c.Return != "" && c.Return != ReturnWhole && c.Return != ReturnNever {
		return wrong("return", "promo.return", "a coupon comes back whole or never")
	}
	switch c.Kind {
	case KindCouponFull:
		if c.OffFen == 0 || c.Rate != 0 || c.Units != 0 {
			return wrong("off_fen", "promo.coupon_full", "a full-reduction coupon takes an amount off")
		}
	case KindCouponDiscount:
		if c.Rate < 1 || c.Rate > 9999 || c.OffFen != 0 || c.Units != 0 {
			return wrong("rate", "promo.coupon_discount", "a discount coupon leaves 1 to 9999 ten-thousandths to pay")
		}
	case KindCouponFreight:
		if c.Rate != 0 || c.CapFen != 0 || c.Units != 0 {
			return wrong("off_fen", "promo.coupon_freight", "a freight coupon has an amount, or none for all of it")
		}
	case KindCouponGift:
		if c.Rate != 0 || c.OffFen != 0 || c.Units < 0 || c.Units > 1000 {
			return wrong("units", "promo.coupon_gift", "a gift coupon gives 1 to 1000 units")
		}
		if len(c.Scope.SKUs)+len(c.Scope.Products)+len(c.Scope.Categories) == 0 {
			return wrong("scope", "promo.gift_scope", "say which goods it is good for")
		}
	default:
		return wrong("kind", "promo.coupon_kind", "there is no coupon of kind %q", c.Kind)
	}
	return nil
}

// Validate reports the first thing that is wrong with a freight template.
func (t Freights) Validate() error {
	if !slices.Contains([]string{ByPiece, ByWeight, ByAmount}, t.By) {
		return wrong("by", "promo.freight_by", "freight counts by piece, weight or amount")
	}
	if len(t.Regions) == 0 || len(t.Regions) > 200 {
		return wrong("regions", "promo.regions", "a template has 1 to 200 regions")
	}
	seen := map[string]bool{}
	for i, r := range t.Regions {
		field := fmt.Sprintf("regions[%d]", i)
		codes := r.Codes
		if len(codes) == 0 {
			codes = []string{""}
		}
		for _, c := range codes {
			if seen[c] {
				return wrong(field, "promo.region_twice", "%q is there twice", c)
			}
			seen[c] = true
		}
		if !fen(r.FirstFen) || !fen(r.MoreFen) || !fen(r.FreeOverFen) || r.First < 0 || r.More < 0 || r.FreeOverUnits < 0 || r.MoreFen > 0 && r.More == 0 {
			return wrong(field, "promo.amount", "that is no amount")
		}
		if !r.No && t.By == ByAmount && len(r.Steps) == 0 {
			return wrong(field, "promo.steps", "freight by amount has steps")
		}
		for n, s := range r.Steps {
			if !fen(s.FromFen) || !fen(s.Fen) || n == 0 && s.FromFen != 0 || n > 0 && s.FromFen <= r.Steps[n-1].FromFen {
				return wrong(field, "promo.step_order", "steps begin at nothing and rise")
			}
		}
	}
	return nil
}

// Validate reports the first thing that is wrong with how points pay.
func (p Points) Validate() error {
	if p.StepPoints < 1 || p.StepFen < 1 || p.StepPoints > 1_000_000 || p.StepFen > 1_000_000 || p.MaxShare < 0 || p.MaxShare > 10000 || !fen(p.MinFen) {
		return wrong("points", "promo.points", "points are worth 1 to 1000000 fen a step, up to all of the goods")
	}
	return nil
}

// Validate reports the first thing that is wrong with what goes with what.
func (s Stacking) Validate() error {
	if s.MaxCoupons < 0 || s.MaxCoupons > 10 || s.MaxReductions < 0 || s.MaxReductions > 100 || len(s.Excludes) > 40 {
		return wrong("max_coupons", "promo.stacking", "an order takes at most 10 coupons and 100 reductions")
	}
	for i, pair := range s.Excludes {
		if pair[0].place() < 0 || pair[1].place() < 0 || pair[0] == pair[1] {
			return wrong(fmt.Sprintf("excludes[%d]", i), "promo.excludes", "two different kinds exclude each other")
		}
	}
	return nil
}
