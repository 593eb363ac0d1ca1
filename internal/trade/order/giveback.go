package order

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Back is what is given back of one line of an order; Key is empty for what belongs to no line, such as freight.
type Back struct {
	Key       string
	Product   string
	Quantity  int64
	AmountFen int64
}

// GiveBack records a refund of an order whose parts are known, under a number of its own, and returns what to add to the
// customer's sum. More than was paid, of the order or of a line, is a Conflict and changes nothing.
func GiveBack(ctx context.Context, tx *store.Tx, o Order, number string, parts []Back, at time.Time) (*Sum, error) {
	sum := &Sum{}
	var refunds []Refund
	facts := make([]event.Fact, 0, len(parts))
	for _, p := range parts {
		r := Refund{Channel: o.Channel, Number: number, Key: p.Key, OrderID: o.ID, Customer: o.Customer, Product: p.Product, Quantity: p.Quantity, AmountFen: p.AmountFen, RefundedAt: at.UTC().Truncate(time.Microsecond)}
		refunds, facts = append(refunds, r), append(facts, r.fact())
		sum.RefundedFen += p.AmountFen
		if p.Key == "" {
			continue
		}
		n, err := tx.Exec(ctx, `UPDATE order_lines SET refunded_quantity = refunded_quantity + ?, refunded_fen = refunded_fen + ?
			WHERE order_id = ? AND key = ? AND refunded_quantity + ? <= quantity AND refunded_fen + ? <= amount_fen`, p.Quantity, p.AmountFen, o.ID, p.Key, p.Quantity, p.AmountFen)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errs.New(errs.Conflict, "refund.above_paid", "more than was paid for line %q", p.Key).With("key", p.Key)
		}
	}
	n, err := tx.Exec(ctx, `UPDATE orders SET refunded_fen = refunded_fen + ? WHERE id = ? AND refunded_fen + ? <= amount_fen`, sum.RefundedFen, o.ID, sum.RefundedFen)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errs.New(errs.Conflict, "refund.above_paid", "more than was paid for the order")
	}
	if _, err := store.InsertAll(ctx, tx, "refunds", refunds, ""); err != nil {
		return nil, err
	}
	return sum, outbox.Append(ctx, tx, facts...)
}
