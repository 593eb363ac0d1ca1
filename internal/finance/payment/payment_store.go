package payment

import (
	"context"
	"errors"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

var (
	errNoPayment = errs.New(errs.NotFound, "payment.not_found", "there is no such payment")
	errNoRefund  = errs.New(errs.NotFound, "payment.no_refund", "there is no such refund")
)

// code returns the code of an error of ours.
func code(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "internal"
}

// refundOfNo returns the refund's id of a number at WeChat Pay.
func refundOfNo(no string) string {
	refund, _, _ := strings.Cut(no, "-")
	return refund
}

// lockOrder takes the payments of an order for this transaction alone, in a fixed order.
func lockOrder(ctx context.Context, tx *store.Tx, order string) ([]Payment, error) {
	return ofOrder(ctx, tx, order, tx.Hold())
}

// Get returns one payment.
func Get(ctx context.Context, q store.Querier, paymentID string) (Payment, error) {
	p, err := store.One[Payment](ctx, q, `SELECT * FROM payments WHERE id = ?`, paymentID)
	if errs.Is(err, errs.NotFound) {
		return p, errNoPayment
	}
	return p, err
}

// OfOrder returns the payments of an order, oldest first.
func OfOrder(ctx context.Context, q store.Querier, order string) ([]Payment, error) {
	return ofOrder(ctx, q, order, "")
}

func ofOrder(ctx context.Context, q store.Querier, order, hold string) ([]Payment, error) {
	if order == "" {
		return []Payment{}, nil
	}
	return store.All[Payment](ctx, q, `SELECT * FROM payments WHERE order_id = ? AND order_id <> '' ORDER BY id`+hold, order)
}

// RefundsOfOrder returns the refunds of an order, oldest first.
func RefundsOfOrder(ctx context.Context, q store.Querier, order string) ([]Refund, error) {
	if order == "" {
		return []Refund{}, nil
	}
	return store.All[Refund](ctx, q, `SELECT * FROM payment_refunds WHERE order_id = ? AND order_id <> '' ORDER BY id`, order)
}

// PaidFen returns what was paid of an order, and what of it was decided to be given back.
func PaidFen(ctx context.Context, q store.Querier, order string) (paid, refunded int64, err error) {
	payments, err := OfOrder(ctx, q, order)
	for _, p := range payments {
		if p.State == Paid {
			paid, refunded = paid+p.AmountFen, refunded+p.RefundedFen
		}
	}
	return paid, refunded, err
}

// List returns a page of payments, newest first, below the id of the last of the page before; state "" is any.
func List(ctx context.Context, q store.Querier, state State, below string, limit int) ([]Payment, error) {
	var w store.Where
	if state != "" {
		w.And("state = ?", string(state))
	}
	if below != "" {
		w.And("id < ?", below)
	}
	return store.All[Payment](ctx, q, `SELECT * FROM payments`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(limit)...)
}

// Refunds returns a page of refunds, newest first, below the id of the last of the page before; trouble chooses those that
// wait for a person.
func Refunds(ctx context.Context, q store.Querier, trouble bool, below string, limit int) ([]Refund, error) {
	var w store.Where
	if trouble {
		w.And("state IN ('abnormal', 'closed', 'refused')")
	}
	if below != "" {
		w.And("id < ?", below)
	}
	return store.All[Refund](ctx, q, `SELECT * FROM payment_refunds`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(limit)...)
}

// Owed returns what refunds are decided and not yet with the customer: the ledger's account refunds_payable.
func Owed(ctx context.Context, q store.Querier) (int64, error) {
	return store.One[int64](ctx, q, `SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM payment_refunds WHERE state <> 'success'`)
}

// Flow is a payment or a refund by WeChat Pay that was made in a span of time.
type Flow struct {
	No            string    `db:"no"`        // number at WeChat Pay
	RefundNo      string    `db:"refund_no"` // of a refund
	TransactionID string    `db:"transaction_id"`
	Order         string    `db:"order_id"`
	Fen           int64     `db:"fen"`
	State         string    `db:"state"`
	At            time.Time `db:"at"`
}

// Flows returns what was paid by WeChat Pay, and given back, from one time up to another.
func Flows(ctx context.Context, q store.Querier, from, to time.Time) ([]Flow, error) {
	return store.All[Flow](ctx, q, `SELECT id AS no, '' AS refund_no, COALESCE(transaction_id, '') AS transaction_id, order_id, amount_fen AS fen, state, paid_at AS at
			FROM payments WHERE paid_at >= ? AND paid_at < ? AND method <> 'balance'
		UNION ALL SELECT r.payment_id AS no, CASE WHEN r.attempt > 1 THEN r.id || '-' || r.attempt ELSE r.id END AS refund_no, COALESCE(p.transaction_id, '') AS transaction_id, r.order_id, r.amount_fen AS fen, r.state, r.done_at AS at
			FROM payment_refunds r JOIN payments p ON p.id = r.payment_id WHERE r.done_at >= ? AND r.done_at < ? AND p.method <> 'balance' AND r.refund_id <> ''`, from, to, from, to)
}

// FlowOf returns the payment, or the refund when refundNo is given, as it stands now; false when we know none.
func FlowOf(ctx context.Context, q store.Querier, no, refundNo string) (Flow, bool, error) {
	p, err := Get(ctx, q, no)
	if errs.Is(err, errs.NotFound) {
		return Flow{}, false, nil
	}
	if err != nil || refundNo == "" {
		return Flow{No: p.ID, TransactionID: p.TransactionID, Order: p.Order, Fen: p.AmountFen, State: string(p.State), At: p.PaidAt}, err == nil, err
	}
	r, err := store.One[Refund](ctx, q, `SELECT * FROM payment_refunds WHERE id = ?`, refundOfNo(refundNo))
	if errs.Is(err, errs.NotFound) {
		return Flow{}, false, nil
	}
	return Flow{No: r.Payment, RefundNo: refundNo, TransactionID: p.TransactionID, Order: r.Order, Fen: r.AmountFen, State: string(r.State), At: r.DoneAt}, err == nil, err
}

// Notice is a notification whose signature held.
type Notice struct {
	ID        string    `db:"id" json:"id"`
	Kind      string    `db:"kind" json:"kind"`
	Number    string    `db:"number" json:"number"`
	AmountFen int64     `db:"amount_fen" json:"amount_fen"`
	Verdict   string    `db:"verdict" json:"verdict" doc:"taken, or the code of why not"`
	Times     int64     `db:"times" json:"times"`
	FirstAt   time.Time `db:"first_at" json:"first_at"`
	LastAt    time.Time `db:"last_at" json:"last_at"`
}

// Refused returns notifications that were not taken, latest first.
func Refused(ctx context.Context, q store.Querier, limit int) ([]Notice, error) {
	return store.All[Notice](ctx, q, `SELECT * FROM payment_notices WHERE verdict <> 'taken' ORDER BY last_at DESC, id LIMIT ?`, limit)
}

// Apart is a payment that its books do not equal.
type Apart struct {
	What string `db:"what"`
	Want int64  `db:"want"`
	Got  int64  `db:"got"`
}

// Disagree returns payments that the books hold with another amount or not at all, and refunds above what was paid; none,
// when all is well.
func Disagree(ctx context.Context, q store.Querier) ([]Apart, error) {
	return store.All[Apart](ctx, q, `SELECT p.id AS what, p.amount_fen AS want, COALESCE(e.total_fen, 0) AS got FROM payments p LEFT JOIN ledger_entries e ON e.key = 'payment/' || p.id
			WHERE p.state = 'paid' AND p.purpose = 'order' AND p.method <> 'balance' AND (e.total_fen IS NULL OR e.total_fen <> p.amount_fen)
		UNION ALL SELECT p.id, p.amount_fen, CAST(COALESCE(SUM(r.amount_fen), 0) AS BIGINT) FROM payments p LEFT JOIN payment_refunds r ON r.payment_id = p.id
			GROUP BY p.id, p.amount_fen, p.refunded_fen HAVING p.refunded_fen <> COALESCE(SUM(r.amount_fen), 0) LIMIT 100`)
}
