package app

import (
	"context"
	"net/http"
	"time"

	"huoshui/internal/app/paywire"
	"huoshui/internal/app/storewire"
	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/reconcile"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/clock"
	"huoshui/internal/wechat/pay"
	"huoshui/internal/wechat/simulator"
)

// buildFinance makes the books and all that moves money: wallets, points, payments by WeChat Pay (the simulator until a
// merchant is entered) and their reconciliation. Who sells calls Services.Payments.Hear.
func (a *App) buildFinance(ctx context.Context) error {
	s, now := &a.Services, a.Clock.Now
	s.Books = ledger.NewService(a.DB, now, a.Audience.Zone())
	s.Wallets = wallet.NewService(a.DB, s.Books, now)
	s.Points = loyalty.NewService(a.DB, s.Books, now)
	merchant, ok, err := paywire.LoadMerchant(ctx, a.DB, a.Keys)
	if err != nil {
		return err
	}
	var through http.RoundTripper // nil: the real WeChat Pay
	if !ok {
		keys, err := simulator.LoadKeys(ctx, a.DB, a.Keys, clock.System())
		if err != nil {
			return err
		}
		s.PaySimulator = simulator.NewPay(a.DB, keys, now, nil)
		merchant, through = paywire.Merchant(keys), s.PaySimulator
	}
	s.WechatPay, err = pay.New(ctx, merchant, through, func() string { return a.BaseURL() + "/api/v1/pay/wechat/notify" })
	if err != nil {
		return err
	}
	s.Payments = payment.NewService(a.DB, paywire.Gateway{Client: s.WechatPay}, s.Books, s.Wallets, now, a.Log)
	s.Reconcile = reconcile.NewService(a.DB, paywire.Bills{Client: s.WechatPay}, s.Payments, s.Books, now)
	s.Audit = func(ctx context.Context) ([]ledger.Result, error) {
		return ledger.Audit(ctx, a.DB, append(paywire.Checks(), storewire.Checks()...)...)
	}
	s.SaveMerchant = func(ctx context.Context, f paywire.MerchantForm, by string) error {
		return paywire.SaveMerchant(ctx, a.DB, a.Keys, f, by, clock.System())
	}
	return nil
}

// runPaySimulator sends the simulator's notifications; nothing when WeChat Pay is the real one.
func (a *App) runPaySimulator(ctx context.Context) error {
	if a.Services.PaySimulator == nil {
		<-ctx.Done()
		return nil
	}
	return a.Services.PaySimulator.Run(ctx)
}

// runExpiry takes away gift money and points that are over, every minute.
func (a *App) runExpiry(ctx context.Context) error {
	const most = 500
	for ctx.Err() == nil {
		wait := time.Minute
		for _, expire := range []func(context.Context, int) (int, error){a.Services.Wallets.Expire, a.Services.Points.Expire} {
			n, err := expire(ctx, most)
			if err != nil && ctx.Err() == nil {
				a.Log.WarnContext(ctx, "expiry", "error", err)
			}
			if n == most {
				wait = 0
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}
