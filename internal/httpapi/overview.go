package httpapi

import (
	"context"
	"time"

	"huoshui/internal/data/metric"
	"huoshui/internal/org/staff"
)

// business is what every page must know to tell times.
type business struct {
	Zone string    `json:"zone" example:"Asia/Shanghai" doc:"Where the business counts its days"`
	Now  time.Time `json:"now" doc:"The business's present; ahead of the machine's in a demo brand"`
	Demo bool      `json:"demo" doc:"This is a demo brand"`
}

// registerOverview: the business's present and the course of its sales.
func registerOverview(a *API) {
	get(a, "/api/v1/business", "get_business", SignedIn, func(_ context.Context, _ *struct{}) (business, error) {
		now, zone := a.Services.Metrics.Present()
		return business{Zone: zone.String(), Now: now, Demo: a.Services.Demo != nil}, nil
	}, summary("The business's zone and present"))

	type period struct {
		Days  int    `query:"days" minimum:"1" maximum:"400" default:"30"`
		Until string `query:"until" format:"date" doc:"Last day, inclusive; yesterday, and today so far, when left out"`
	}
	get(a, "/api/v1/sales", "get_sales", staff.EffectRead, func(ctx context.Context, in *period) (metric.Sales, error) {
		return a.Services.Metrics.Sales(ctx, in.Days, in.Until)
	}, summary("Orders, buyers and money by day, and the period before"))
}
