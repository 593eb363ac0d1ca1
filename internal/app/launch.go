package app

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/app/launchwire"
	"huoshui/internal/marketing/launch"
)

// buildLaunches makes the object that drives the others: campaigns, coupons, flash sales, groups, presales and pages.
func (a *App) buildLaunches() {
	s, now, zone := &a.Services, a.Clock.Now, a.Audience.Zone()
	s.Launches = launch.NewService(launch.Parts{
		DB: a.DB, Now: now, Zone: zone,
		Trade:  launchwire.Trade{DB: a.DB, Catalog: s.Goods},
		People: launchwire.People{Segments: s.Segments, Products: s.Products, Zone: zone},
		Doers: map[launch.Kind]launch.Doer{
			launch.SendMessage: launchwire.Messages{DB: a.DB, Campaigns: s.Campaigns, BaseURL: a.BaseURL},
			launch.GiveCoupons: launchwire.Coupons{Promos: s.Promo},
			launch.OpenFlash:   launchwire.Flash{Sales: s.Flash, Now: now},
			launch.OpenGroups:  launchwire.Groups{Offers: s.Groups, Now: now},
			launch.OpenPresale: launchwire.Presales{Sales: s.Presales, Now: now},
			launch.ShowPage:    launchwire.Pages{Store: s.Storefront, Now: now},
		},
	})
}

// audiences tells campaigns who is in what they are for: segments and their like, and whose turn it is in a launch.
type audiences struct{ app *App }

// Resolve implements campaign.Audience.
func (a audiences) Resolve(ctx context.Context, kind, id string) (*roaring.Bitmap, error) {
	if kind == "launch" {
		return a.app.Services.Launches.Resolve(ctx, id)
	}
	return a.app.Services.Segments.Resolve(ctx, kind, id)
}
