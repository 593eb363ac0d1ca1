package launchwire

import (
	"context"
	"time"

	"huoshui/internal/marketing/launch"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/presale"
)

// Presales lets launches publish presales that are planned already.
type Presales struct {
	Sales *presale.Service
	Now   func() time.Time
}

// Prefix implements launch.Doer; a launch never makes a presale itself.
func (Presales) Prefix() string { return "pre" }

// Check implements launch.Doer.
func (p Presales) Check(ctx context.Context, o launch.Order) ([]launch.Fault, error) {
	had, err := p.Sales.Get(ctx, o.Action.Offer.Existing)
	if err != nil {
		return faultAt(err, "offer.existing")
	}
	out := inside(o, had.StartsAt, had.EndsAt)
	if had.State == presale.Stopped || had.State == presale.Ended {
		out = append(out, fault("offer.existing", "launch.offer_over", "it was stopped, or is over", false))
	}
	ours := false
	for _, g := range o.Goods {
		ours = ours || g.ID == had.Goods
	}
	if !ours {
		out = append(out, fault("offer.existing", "launch.other_goods", "it sells other goods", false))
	}
	if had.PublishedAt.IsZero() {
		found, err := p.Sales.Review(ctx, had.ID)
		if err != nil {
			return out, err
		}
		for _, f := range found {
			out = append(out, launch.Fault{Field: "offer.existing", Code: f.Code, Message: f.Code, Warning: !f.Hard, Params: map[string]any{"sku": f.SKU, "want": f.Want, "have": f.Have}})
		}
	}
	for i := range o.Launch.Stages {
		if s := &o.Launch.Stages[i]; s.Kind == launch.Sale && (had.TailStartsAt.Before(s.BeginsAt) || had.TailEndsAt.After(s.EndsAt)) {
			out = append(out, fault("offer.existing", "launch.tail_outside", "its tail is not paid within the sale", true))
		}
	}
	return out, nil
}

// Do implements launch.Doer.
func (p Presales) Do(ctx context.Context, o launch.Order) error {
	full, err := p.Sales.Open(ctx, o.ID)
	if err == nil && (full.State == presale.Stopped || full.State == presale.Ended) {
		err = errs.New(errs.Conflict, "launch.offer_over", "it was stopped, or is over")
	}
	return err
}

// Undo implements launch.Doer: every deposit that is held goes back.
func (p Presales) Undo(ctx context.Context, id string) error {
	_, err := p.Sales.Stop(ctx, id)
	return unlessMoved(err) // one that ended by itself stays
}

// Standing implements launch.Doer.
func (p Presales) Standing(ctx context.Context, id string) (launch.Standing, error) {
	had, err := p.Sales.Get(ctx, id)
	out := launch.Standing{State: string(had.State), Done: had.Numbers.Units}
	for _, it := range had.Items {
		out.Total += it.Units
	}
	return out, err
}
