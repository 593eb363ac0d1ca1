package storewire

import (
	"context"
	"errors"

	"huoshui/internal/finance/payment"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/presale"
)

// Payments implements checkout.Payments, and asks customers for what is left to pay.
type Payments struct {
	Payments *payment.Service
	Presales *presale.Service
}

// Release implements checkout.Payments.
func (p Payments) Release(ctx context.Context, tx *store.Tx, sale, reason string) error {
	return p.Payments.Release(ctx, tx, sale, reason, "")
}

// Refund implements checkout.Payments.
func (p Payments) Refund(ctx context.Context, tx *store.Tx, key, sale string, fen int64, finished bool, by string) error {
	_, err := p.Payments.GiveBack(ctx, tx, payment.GiveBack{RequestID: key, Order: sale, Fen: fen, Against: against(finished), Reason: "refund", By: by})
	return err
}

// Ask makes the payment of a customer's unpaid sale, or finds the one that was made, and leads to WeChat's cashier.
func (p Payments) Ask(ctx context.Context, db *store.DB, sale checkout.Sale, method payment.Method, openid string) (payment.Cashier, error) {
	if sale.State != checkout.Unpaid {
		return payment.Cashier{}, errs.New(errs.Conflict, "sale.state", "a sale that is %s cannot be paid", sale.State).With("state", string(sale.State))
	}
	until := sale.DueAt
	if sale.Form.Kind == presale.Kind { // the order stays a little longer, for news of what was paid in time
		tail, err := p.Presales.PayableUntil(ctx, sale.Form.Booking)
		if err != nil {
			return payment.Cashier{}, err
		}
		if tail.Before(until) {
			until = tail
		}
	}
	var made payment.Payment
	err := db.Tx(ctx, func(tx *store.Tx) (err error) {
		made, err = p.Payments.Start(ctx, tx, payment.Start{
			RequestID: sale.ID + "/" + string(method), Order: sale.ID, Customer: sale.Customer, Method: method, Fen: sale.CashFen,
			Description: sale.Title(), ExpiresAt: until, Layer: sale.Layer,
		})
		return err
	})
	if err != nil {
		return payment.Cashier{}, err
	}
	return p.Payments.Cashier(ctx, made.ID, sale.Customer, openid)
}

// Orders implements payment.Orders: sales and bookings hear of their payments.
type Orders struct {
	Sales    *checkout.Service
	Presales *presale.Service
}

// Paid implements payment.Orders. A sale that was closed, or paid by another payment, does not want it.
func (o Orders) Paid(ctx context.Context, tx *store.Tx, p payment.Payment) (wanted bool, err error) {
	if presale.Booked(p.Order) {
		err = o.Presales.DepositPaid(ctx, tx, p.Order, p.ID, p.AmountFen, p.PaidAt)
	} else {
		_, err = o.Sales.Paid(ctx, tx, p.Order, p.ID, p.AmountFen, p.PaidAt)
	}
	var e *errs.Error
	if errors.As(err, &e) && (e.Code == "sale.state" || e.Code == "sale.amount") {
		return false, nil
	}
	return err == nil, err
}
