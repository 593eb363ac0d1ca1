package launchwire

import (
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/marketing/launch"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/promo"
	"huoshui/internal/trade/storefront"
)

// Coupons lets launches give coupons.
type Coupons struct{ Promos *promo.Service }

// Prefix implements launch.Doer.
func (Coupons) Prefix() string { return "lci" }

// Check implements launch.Doer.
func (c Coupons) Check(ctx context.Context, o launch.Order) ([]launch.Fault, error) {
	p, err := c.Promos.Get(ctx, o.Action.Coupon)
	if err != nil {
		return faultAt(err, "coupon")
	}
	t := p.Terms.Coupon
	switch {
	case t == nil:
		return []launch.Fault{fault("coupon", "launch.no_coupon", "it is no coupon", false)}, nil
	case p.Stopped || !t.Valid.Until.IsZero() && !o.From.Before(t.Valid.Until):
		return []launch.Fault{fault("coupon", "coupon.over", "this coupon is not given any more by then", false)}, nil
	}
	return nil, nil
}

// Do implements launch.Doer.
func (c Coupons) Do(ctx context.Context, o launch.Order) error {
	_, err := c.Promos.Issue(ctx, promo.Issuing{Request: o.ID, Promotion: o.Action.Coupon, People: o.People, Campaign: o.Launch.ID}, o.By)
	return err
}

// Undo implements launch.Doer: what was given stays given.
func (Coupons) Undo(context.Context, string) error { return nil }

// Standing implements launch.Doer.
func (c Coupons) Standing(ctx context.Context, id string) (launch.Standing, error) {
	i, err := c.Promos.GetIssue(ctx, id)
	if err != nil {
		return launch.Standing{}, err
	}
	out := launch.Standing{State: "sending", Done: i.Given, Total: i.Total}
	if !i.FinishedAt.IsZero() {
		out.State = "done"
	}
	return out, nil
}

// Covered implements launch.Coverer.
func (c Coupons) Covered(ctx context.Context, id string) (*roaring.Bitmap, error) {
	return c.Promos.IssuedFor(ctx, id)
}

// Reached implements launch.Coverer.
func (c Coupons) Reached(ctx context.Context, id string) (*roaring.Bitmap, error) {
	return c.Promos.IssuedTo(ctx, id)
}

// inside names what of a window lies outside a stage.
func inside(o launch.Order, from, until time.Time) []launch.Fault {
	if from.Before(o.Stage.BeginsAt) || until.After(o.Stage.EndsAt) {
		return []launch.Fault{fault("offer.existing", "launch.offer_outside", "its window is not within the stage", false)}
	}
	return nil
}

// sells reports whether a SKU is one of the launch's.
func sells(o launch.Order, sku string) bool {
	for _, g := range o.Goods {
		for _, k := range g.SKUs {
			if k.Code == sku {
				return true
			}
		}
	}
	return false
}

func name(o launch.Order) string {
	n := []rune(o.Name)
	return string(n[:min(len(n), 40)])
}

// Flash lets launches open flash sales.
type Flash struct {
	Sales *flash.Service
	Now   func() time.Time
}

// Prefix implements launch.Doer.
func (Flash) Prefix() string { return "fls" }

// Check implements launch.Doer.
func (f Flash) Check(ctx context.Context, o launch.Order) ([]launch.Fault, error) {
	offer := o.Action.Offer
	if offer.Existing == "" {
		_, err := f.Sales.Checked(f.draft(o))
		return faultAt(err, "offer")
	}
	sale, err := f.Sales.Get(ctx, offer.Existing)
	if err != nil {
		return faultAt(err, "offer.existing")
	}
	out := inside(o, sale.StartsAt, sale.EndsAt)
	if sale.Stopped {
		out = append(out, fault("offer.existing", "launch.offer_over", "it was stopped", false))
	}
	if !sells(o, sale.SKU) {
		out = append(out, fault("offer.existing", "launch.other_goods", "it sells other goods", false))
	}
	return out, nil
}

func (f Flash) draft(o launch.Order) flash.Draft {
	a := o.Action.Offer
	return flash.Draft{Name: name(o), SKU: a.SKU, PriceFen: a.PriceFen, StartsAt: o.From, EndsAt: o.Until, Units: a.Units, PerPerson: a.PerPerson, AtOnce: a.AtOnce}
}

// Do implements launch.Doer. One that is there already begins by itself.
func (f Flash) Do(ctx context.Context, o launch.Order) error {
	if o.Action.Offer.Existing == "" {
		_, err := f.Sales.CreateAs(ctx, o.ID, f.draft(o), o.By)
		return err
	}
	sale, err := f.Sales.Get(ctx, o.ID)
	if err == nil && sale.Stopped {
		err = errs.New(errs.Conflict, "launch.offer_over", "it was stopped")
	}
	return err
}

// Undo implements launch.Doer.
func (f Flash) Undo(ctx context.Context, id string) error { return f.Sales.Stop(ctx, id) }

// Standing implements launch.Doer.
func (f Flash) Standing(ctx context.Context, id string) (launch.Standing, error) {
	s, err := f.Sales.Get(ctx, id)
	return launch.Standing{State: standing(s.Stopped, s.StartsAt, s.EndsAt, f.Now()), Done: s.Taken, Total: s.Units}, err
}

// Copy implements launch.Copier.
func (f Flash) Copy(ctx context.Context, id string) (launch.Offer, error) {
	s, err := f.Sales.Get(ctx, id)
	return launch.Offer{SKU: s.SKU, PriceFen: s.PriceFen, Units: s.Units, PerPerson: s.PerPerson, AtOnce: s.AtOnce}, err
}

func standing(stopped bool, from, until, now time.Time) string {
	switch {
	case stopped:
		return "stopped"
	case now.Before(from):
		return "soon"
	case now.Before(until):
		return "on"
	}
	return "over"
}

// Groups lets launches open group offers.
type Groups struct {
	Offers *groupbuy.Service
	Now    func() time.Time
}

// Prefix implements launch.Doer.
func (Groups) Prefix() string { return "gof" }

// Check implements launch.Doer.
func (g Groups) Check(ctx context.Context, o launch.Order) ([]launch.Fault, error) {
	offer := o.Action.Offer
	if offer.Existing == "" {
		return faultAt(g.Offers.Checked(ctx, g.draft(o)), "offer")
	}
	had, err := g.Offers.Get(ctx, offer.Existing)
	if err != nil {
		return faultAt(err, "offer.existing")
	}
	out := inside(o, had.StartsAt, had.EndsAt)
	if had.Stopped {
		out = append(out, fault("offer.existing", "launch.offer_over", "it was stopped", false))
	}
	if !sells(o, had.SKU) {
		out = append(out, fault("offer.existing", "launch.other_goods", "it sells other goods", false))
	}
	return out, nil
}

func (g Groups) draft(o launch.Order) groupbuy.Draft {
	a := o.Action.Offer
	return groupbuy.Draft{Name: name(o), SKU: a.SKU, PriceFen: a.PriceFen, Size: a.Size, Hours: a.Hours, PerPerson: a.PerPerson, StartsAt: o.From, EndsAt: o.Until}
}

// Do implements launch.Doer. One that is there already begins by itself.
func (g Groups) Do(ctx context.Context, o launch.Order) error {
	if o.Action.Offer.Existing == "" {
		_, err := g.Offers.CreateAs(ctx, o.ID, g.draft(o), o.By)
		return err
	}
	had, err := g.Offers.Get(ctx, o.ID)
	if err == nil && had.Stopped {
		err = errs.New(errs.Conflict, "launch.offer_over", "it was stopped")
	}
	return err
}

// Undo implements launch.Doer.
func (g Groups) Undo(ctx context.Context, id string) error { return g.Offers.Stop(ctx, id) }

// Standing implements launch.Doer.
func (g Groups) Standing(ctx context.Context, id string) (launch.Standing, error) {
	o, err := g.Offers.Count(ctx, id)
	return launch.Standing{State: standing(o.Stopped, o.StartsAt, o.EndsAt, g.Now()), Done: o.Members}, err
}

// Copy implements launch.Copier.
func (g Groups) Copy(ctx context.Context, id string) (launch.Offer, error) {
	o, err := g.Offers.Get(ctx, id)
	return launch.Offer{SKU: o.SKU, PriceFen: o.PriceFen, PerPerson: o.PerPerson, Size: o.Size, Hours: o.Hours}, err
}

// Pages lets launches show versions of store pages.
type Pages struct {
	Store *storefront.Service
	Now   func() time.Time
}

// Prefix implements launch.Doer.
func (Pages) Prefix() string { return "rls" }

// Check implements launch.Doer.
func (p Pages) Check(ctx context.Context, o launch.Order) ([]launch.Fault, error) {
	had, err := p.Store.Get(ctx, o.Action.Page.Page)
	if err != nil {
		return faultAt(err, "page.page")
	}
	if had.Latest == 0 || o.Action.Page.Version > had.Latest {
		return []launch.Fault{fault("page.version", "page.no_version", "the page has no such version", false)}, nil
	}
	if o.Action.Page.Version == 0 && had.Unsaid {
		return []launch.Fault{fault("page.version", "launch.page_draft", "its draft is not a version yet: the newest version is shown without it", true)}, nil
	}
	return nil, nil
}

// Do implements launch.Doer.
func (p Pages) Do(ctx context.Context, o launch.Order) error {
	return p.Store.Show(ctx, o.ID, o.Action.Page.Page, o.Action.Page.Version, o.From, o.Until, o.By)
}

// Undo implements launch.Doer: what was shown before comes back.
func (p Pages) Undo(ctx context.Context, id string) error {
	r, err := p.Store.Release(ctx, id)
	if err != nil || r.Cancelled {
		return err
	}
	_, err = p.Store.Cancel(ctx, r.Page, id)
	return err
}

// Standing implements launch.Doer.
func (p Pages) Standing(ctx context.Context, id string) (launch.Standing, error) {
	r, err := p.Store.Release(ctx, id)
	return launch.Standing{State: standing(r.Cancelled, r.StartsAt, r.EndsAt, p.Now())}, err
}
