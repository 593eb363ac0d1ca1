package storewire

import (
	"context"

	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/promo"
)

// Deposits implements presale.Money by wallets and payments.
type Deposits struct {
	Wallet   Wallet
	Promos   *promo.Service
	Payments *payment.Service // nil in tests that book payments themselves
}

// Most implements presale.Money: of balance that was given no more than it may pay of an order.
func (d Deposits) Most(ctx context.Context, q store.Querier, number uint32, fen int64) (int64, error) {
	principal, gift, err := d.Wallet.Balance(ctx, q, number)
	if err != nil || principal+gift == 0 {
		return 0, err
	}
	rules, err := d.Promos.Rules(ctx, q)
	if err != nil {
		return 0, err
	}
	return principal + min(gift, money.Share(fen, rules.Balance.GiftMaxShare, 10000)), nil
}

// Spend implements presale.Money.
func (d Deposits) Spend(ctx context.Context, tx *store.Tx, number uint32, key, booking, layer string, fen int64) error {
	return d.Wallet.Spend(ctx, tx, number, key, booking, layer, fen)
}

// GiveBackBalance implements presale.Money.
func (d Deposits) GiveBackBalance(ctx context.Context, tx *store.Tx, key, spend string, fen int64, by string) error {
	_, err := d.Wallet.Wallets.Refund(ctx, tx, wallet.Refund{Key: key, Spend: spend, Fen: fen, Against: money.Deposits, By: by})
	return err
}

// GiveBackCash implements presale.Money.
func (d Deposits) GiveBackCash(ctx context.Context, tx *store.Tx, key, booking string, fen int64, by string) error {
	_, err := d.Payments.GiveBack(ctx, tx, payment.GiveBack{RequestID: key, Order: booking, Fen: fen, Against: money.Deposits, Reason: "presale", By: by})
	return err
}

// Release implements presale.Money.
func (d Deposits) Release(ctx context.Context, tx *store.Tx, booking, reason string) error {
	return d.Payments.Release(ctx, tx, booking, reason, "")
}

// AskDeposit makes the payment of a customer's unpaid deposit, or finds the one that was made, and leads to WeChat's cashier.
func (p Payments) AskDeposit(ctx context.Context, db *store.DB, b presale.Booking, title string, method payment.Method, openid string) (payment.Cashier, error) {
	if b.State != presale.Unpaid {
		return payment.Cashier{}, errs.New(errs.Conflict, "sale.state", "a booking that is %s cannot be paid", b.State).With("state", string(b.State))
	}
	var made payment.Payment
	err := db.Tx(ctx, func(tx *store.Tx) (err error) {
		made, err = p.Payments.Start(ctx, tx, payment.Start{
			RequestID: b.ID + "/" + string(method), Order: b.ID, Customer: b.Customer, Method: method, Fen: b.CashFen, Description: title, ExpiresAt: b.DueAt, Layer: b.Layer,
		})
		return err
	})
	if err != nil {
		return payment.Cashier{}, err
	}
	return p.Payments.Cashier(ctx, made.ID, b.Customer, openid)
}

// Bookers implements presale.People by the buyers of the store.
type Bookers struct{ People checkout.People }

// Layer implements presale.People.
func (b Bookers) Layer(ctx context.Context, q store.Querier, number uint32) (string, error) {
	who, err := b.People.Buyer(ctx, q, number)
	return who.Layer, err
}
