// Package paywire joins payments to WeChat Pay, the real one or the simulator.
package paywire

import (
	"context"
	"fmt"

	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/reconcile"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/wechat/pay"
	"huoshui/internal/wechat/simulator"
)

// Gateway is WeChat Pay as payments speak of it.
type Gateway struct{ *pay.Client }

// JSAPI implements payment.Gateway.
func (g Gateway) JSAPI(ctx context.Context, b payment.Bill) (string, payment.Launch, error) {
	prepay, launch, err := g.Client.JSAPI(ctx, pay.Order(b))
	return prepay, payment.Launch(launch), err
}

// Native implements payment.Gateway.
func (g Gateway) Native(ctx context.Context, b payment.Bill) (string, error) {
	return g.Client.Native(ctx, pay.Order(b))
}

// Query implements payment.Gateway.
func (g Gateway) Query(ctx context.Context, no string) (payment.Transaction, error) {
	t, err := g.Client.Query(ctx, no)
	return payment.Transaction(t), err
}

// Refund implements payment.Gateway.
func (g Gateway) Refund(ctx context.Context, no, refundNo, reason string, fen, total int64) (payment.GatewayRefund, error) {
	r, err := g.Client.Refund(ctx, no, refundNo, reason, fen, total)
	return payment.GatewayRefund(r), err
}

// QueryRefund implements payment.Gateway.
func (g Gateway) QueryRefund(ctx context.Context, refundNo string) (payment.GatewayRefund, error) {
	r, err := g.Client.QueryRefund(ctx, refundNo)
	return payment.GatewayRefund(r), err
}

// Bills fetches WeChat Pay's bills.
type Bills struct{ *pay.Client }

// TradeBill implements reconcile.Bills.
func (b Bills) TradeBill(ctx context.Context, day string) (reconcile.Bill, error) {
	bill, err := b.Client.TradeBill(ctx, day)
	out := reconcile.Bill{Day: bill.Day, SHA1: bill.SHA1, Lines: make([]reconcile.BillLine, len(bill.Lines)), PaidFen: bill.PaidFen, RefundFen: bill.RefundFen, FeeFen: bill.FeeFen}
	for i, l := range bill.Lines {
		out.Lines[i] = reconcile.BillLine(l)
	}
	return out, err
}

// Merchant is who the simulator pays.
func Merchant(k simulator.Keys) pay.Merchant {
	return pay.Merchant{MchID: k.MchID, AppID: k.AppID, Serial: k.Serial, PrivateKey: k.Merchant, APIv3Key: k.APIv3Key, PublicKeyID: k.PublicKeyID, PublicKey: &k.Platform.PublicKey}
}

// Take gives payments the news of a notification that was verified.
func Take(ctx context.Context, payments *payment.Service, n pay.Notice) error {
	if n.Refund != nil {
		return payments.RefundNotified(ctx, n.ID, payment.GatewayRefund(*n.Refund))
	}
	return payments.Notified(ctx, n.ID, payment.Transaction(*n.Transaction))
}

// Checks compare the books with wallets, points and payments.
func Checks() []ledger.Check {
	return []ledger.Check{
		ledger.Equal("wallet principal", money.WalletPrincipal, func(ctx context.Context, q store.Querier) (int64, error) {
			sums, err := wallet.Sums(ctx, q)
			return sums.PrincipalFen, err
		}),
		ledger.Equal("wallet gifts", money.WalletGift, func(ctx context.Context, q store.Querier) (int64, error) {
			sums, err := wallet.Sums(ctx, q)
			return sums.GiftFen, err
		}),
		ledger.Equal("points", money.Points, func(ctx context.Context, q store.Querier) (int64, error) {
			sums, err := loyalty.Sums(ctx, q)
			return sums.ValueFen, err
		}),
		ledger.Equal("refunds payable", money.RefundsPayable, payment.Owed),
		{Name: "wallets and their lines", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			apart, err := wallet.Disagree(ctx, q)
			return differences(apart, func(a wallet.Apart) ledger.Difference {
				return ledger.Difference{What: fmt.Sprint("customer ", a.Customer), Want: a.Want, Got: a.Got}
			}), err
		}},
		{Name: "points and their batches", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			apart, err := loyalty.Disagree(ctx, q)
			return differences(apart, func(a loyalty.Apart) ledger.Difference {
				return ledger.Difference{What: fmt.Sprint("customer ", a.Customer), Want: a.Want, Got: a.Got}
			}), err
		}},
		{Name: "payments and their entries", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			apart, err := payment.Disagree(ctx, q)
			return differences(apart, func(a payment.Apart) ledger.Difference {
				return ledger.Difference{What: a.What, Want: a.Want, Got: a.Got}
			}), err
		}},
	}
}

func differences[T any](apart []T, say func(T) ledger.Difference) []ledger.Difference {
	out := make([]ledger.Difference, len(apart))
	for i, a := range apart {
		out[i] = say(a)
	}
	return out
}
