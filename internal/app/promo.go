package app

import "huoshui/internal/trade/promo"

// buildPromo makes what the brand offers, and its coupons.
func (a *App) buildPromo() {
	a.Services.Promo = promo.NewService(a.DB, a.Clock.Now, a.Audience.Zone())
}
