package app

import (
	"context"
	"fmt"
	"sync"

	"huoshui/internal/app/storewire"
	"huoshui/internal/data/collect"
	"huoshui/internal/finance/payment"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/address"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/order"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/storefront"
	"huoshui/internal/user/signin"
)

// buildTrade makes the brand's own store: what it sells, how it sells, and how customers come in.
func (a *App) buildTrade() {
	s, now := &a.Services, a.Clock.Now
	s.Goods = catalog.NewService(a.DB, now)
	s.Addresses = address.NewService(a.DB, now)
	s.Flash = flash.NewService(a.DB, now)
	s.Groups = groupbuy.NewService(a.DB, now)
	s.TextMessages = &textMessages{app: a}
	s.SignIn = signin.NewService(a.DB, s.Identity, s.TextMessages, a.Keys, now)
	wallet, points := storewire.Wallet{Wallets: s.Wallets, Now: now}, storewire.Points{Accounts: s.Points, Now: now}
	people := storewire.People{Now: now, Layer: a.layerNow}
	s.Presales = presale.NewService(presale.Parts{
		DB: a.DB, Now: now, Books: s.Books, People: storewire.Bookers{People: people}, Money: storewire.Deposits{Wallet: wallet, Promos: s.Promo, Payments: s.Payments},
	})
	cash := storewire.Payments{Payments: s.Payments, Presales: s.Presales}
	s.Sales = checkout.NewService(checkout.Parts{
		DB: a.DB, Now: now, Settler: order.NewSettler().Asking(collect.Touches), Books: s.Books,
		Wallet: wallet, Points: points,
		Offers: storewire.Offers{Promos: s.Promo, Flash: s.Flash, Groups: s.Groups, Presales: s.Presales}, People: people, Payments: cash, Deposits: s.Presales, Keys: a.Keys,
	})
	s.Storefront = storefront.NewService(storefront.Parts{
		DB: a.DB, Now: now, Promos: s.Promo, People: storewire.Visitors{People: people, DB: a.DB, Wallet: wallet, Points: points},
	})
	s.Payments.Hear(storewire.Orders{Sales: s.Sales, Presales: s.Presales})
	s.Groups.Hear(s.Sales)
	s.Presales.Hear(s.Sales)
	s.AskDeposit = func(ctx context.Context, b presale.Booking, title string, method payment.Method, openid string) (payment.Cashier, error) {
		return cash.AskDeposit(ctx, a.DB, b, title, method, openid)
	}
	s.Ask = func(ctx context.Context, sale checkout.Sale, method payment.Method, openid string) (payment.Cashier, error) {
		return cash.Ask(ctx, a.DB, sale, method, openid)
	}
}

// layerNow is the layer that the newest refresh put a customer in, looked up in memory. A sale goes on when it is not known.
func (a *App) layerNow(ctx context.Context, customer uint32) string {
	of, err := known{a}.layers(ctx)
	if err != nil {
		a.Log.WarnContext(ctx, "a customer's layer", "error", err)
		return ""
	}
	return of(customer)
}

// textMessages sends codes by SMS. Until a provider is set up there is only the simulated phone of the demo brand.
type textMessages struct {
	app *App

	mu   sync.Mutex
	last map[string]string
}

// SendCode implements signin.Sender.
func (t *textMessages) SendCode(ctx context.Context, phone, code string) error {
	if !t.app.isDemo {
		return errs.New(errs.Unavailable, "shop.no_sms", "the store cannot send text messages yet")
	}
	brand, _, err := t.app.Services.Contents.Brand(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil || len(t.last) > 10_000 {
		t.last = map[string]string{}
	}
	t.last[phone] = fmt.Sprintf("【%s】您的验证码是 %s，5 分钟内有效，请勿告诉他人。", brand.Name, code)
	return nil
}

// Last returns the last text that the simulated phone of a number got, "" when there was none.
func (t *textMessages) Last(phone string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last[phone]
}
