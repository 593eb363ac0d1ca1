package app

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/app/identitywire"
	"huoshui/internal/app/importwire"
	"huoshui/internal/data/importing"
	"huoshui/internal/platform/settings"
	"huoshui/internal/trade/order"
	"huoshui/internal/user/consent"
	"huoshui/internal/user/customer"
)

// buildImports makes customers, who is who, orders and the import that brings them.
func (a *App) buildImports(ctx context.Context) error {
	name, _, err := settings.Get(ctx, a.DB, "zone", "Asia/Shanghai")
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("setting zone: %w", err)
	}
	a.Services.Customers = customer.NewService(a.DB)
	a.Services.Orders = order.NewService(a.DB)
	a.Services.Identity = identitywire.New(a.DB, a.Clock.Now)
	a.Services.Imports = importwire.New(a.DB, a.Services.Identity, consent.NewService(a.DB, a.Clock.Now), a.Clock.Now, a.Log, importing.Config{
		Dir: a.Config.Path("imports"), Zone: zone, Ended: a.Services.Segments.Kick, // what came in changes who is in which layer
	})
	return nil
}
