package app

import (
	"context"

	"huoshui/internal/app/storewire"
	"huoshui/internal/trade/aftersale"
	"huoshui/internal/trade/photo"
	"huoshui/internal/trade/review"
)

// buildAfterSale makes what comes after a sale: cases, reviews, and the pictures that customers show with them.
func (a *App) buildAfterSale() {
	s, now := &a.Services, a.Clock.Now
	s.Photos = photo.NewService(a.DB, now)
	s.AfterSale = aftersale.NewService(a.DB, s.Sales, storewire.Insurer{Wallets: s.Wallets}, now)
	s.Reviews = review.NewService(a.DB, s.Sales, storewire.Reviewers{Points: s.Points}, storewire.Quotes{Contents: s.Contents}, now)
}

// runAfterSale lets the times of cases pass, and removes pictures that nobody shows.
func (a *App) runAfterSale(ctx context.Context) error {
	return a.Services.AfterSale.Run(ctx, a.Services.Photos.Sweep)
}
