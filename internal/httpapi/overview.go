package httpapi

import (
	"context"
	"time"

	"huoshui/internal/data/metric"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// business is what every page must know to tell times.
type business struct {
	Zone string    `json:"zone" example:"Asia/Shanghai" doc:"Where the business counts its days"`
	Next string    `json:"next_zone" doc:"The zone from the next start on; the same when nobody has chosen another"`
	Now  time.Time `json:"now" doc:"The business's present; ahead of the machine's in a demo brand"`
	Demo bool      `json:"demo" doc:"This is a demo brand"`
}

// registerOverview: the business's present and the course of its sales.
func registerOverview(a *API) {
	state := func(ctx context.Context) (business, error) {
		now, zone := a.Services.Metrics.Present()
		next, _, err := settings.Get(ctx, a.Services.Campaigns.DB, "zone", zone.String())
		return business{Zone: zone.String(), Next: next, Now: now, Demo: a.Services.Demo != nil}, err
	}
	get(a, "/api/v1/business", "get_business", SignedIn, func(ctx context.Context, _ *struct{}) (business, error) {
		return state(ctx)
	}, summary("The business's zone and present"))
	type change struct {
		Body struct {
			Zone string `json:"zone" maxLength:"64" doc:"IANA name"`
		}
	}
	put(a, "/api/v1/business", "change_business", staff.SettingsWrite, func(ctx context.Context, in *change) (business, error) {
		if _, ok := clock.Zone(in.Body.Zone); !ok {
			return business{}, errs.New(errs.Invalid, "business.zone", "there is no time zone %q", in.Body.Zone).At("zone")
		}
		err := a.Services.Campaigns.DB.Tx(ctx, func(tx *store.Tx) error {
			_, err := settings.Put(ctx, tx, "zone", in.Body.Zone, auth.From(ctx).ID, clock.System())
			return err
		})
		if err != nil {
			return business{}, err
		}
		return state(ctx)
	}, summary("Choose where the business counts its days, from the next start on"))

	type period struct {
		Days  int    `query:"days" minimum:"1" maximum:"400" default:"30"`
		Until string `query:"until" format:"date" doc:"Last day, inclusive; yesterday, and today so far, when left out"`
	}
	get(a, "/api/v1/sales", "get_sales", staff.EffectRead, func(ctx context.Context, in *period) (metric.Sales, error) {
		return a.Services.Metrics.Sales(ctx, in.Days, in.Until)
	}, summary("Orders, buyers and money by day, and the period before"))
}
