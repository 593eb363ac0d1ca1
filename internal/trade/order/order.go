// Package order holds what was sold: orders, their lines and their refunds, each known by its number in the channel
// that sold it, so that hearing of it twice changes nothing. Amounts are integer fen.
package order

import (
	"fmt"
	"time"

	"huoshui/internal/platform/event"
)

// Order is one paid order.
type Order struct {
	ID          string    `db:"id" json:"id"`
	Channel     string    `db:"channel" json:"channel" doc:"Sales channel"`
	Number      string    `db:"number" json:"number" doc:"The order's number in its channel"`
	Customer    uint32    `db:"customer" json:"customer" doc:"Dense customer number"`
	PaidAt      time.Time `db:"paid_at" json:"paid_at"`
	AmountFen   int64     `db:"amount_fen" json:"amount_fen" doc:"Paid; refunds not taken off"`
	AmountFixed bool      `db:"amount_fixed" json:"amount_fixed" doc:"The amount came with the order: lines learnt later do not add to it"`
	Quantity    int64     `db:"quantity" json:"quantity" doc:"Units"`
	RefundedFen int64     `db:"refunded_fen" json:"refunded_fen"`
	Store       string    `db:"store" json:"store"`
	ImportID    string    `db:"import_id" json:"import_id"`
	CreatedAt   time.Time `db:"created_at" json:"created_at"`
}

// Line is one line of an order.
type Line struct {
	OrderID          string `db:"order_id" json:"order_id"`
	Key              string `db:"key" json:"key" doc:"Tells the line from the others of its order"`
	Product          string `db:"product" json:"product"`
	Quantity         int64  `db:"quantity" json:"quantity"`
	AmountFen        int64  `db:"amount_fen" json:"amount_fen"`
	RefundedQuantity int64  `db:"refunded_quantity" json:"refunded_quantity"`
	RefundedFen      int64  `db:"refunded_fen" json:"refunded_fen"`
}

// Refund is money given back for an order.
type Refund struct {
	Channel    string    `db:"channel" json:"channel"`
	Number     string    `db:"number" json:"number" doc:"The refund's own number in its channel, or the order's"`
	Key        string    `db:"key" json:"key"`
	OrderID    string    `db:"order_id" json:"order_id"`
	Customer   uint32    `db:"customer" json:"customer"`
	Product    string    `db:"product" json:"product" doc:"Empty when the whole order was meant"`
	Quantity   int64     `db:"quantity" json:"quantity"`
	AmountFen  int64     `db:"amount_fen" json:"amount_fen"`
	RefundedAt time.Time `db:"refunded_at" json:"refunded_at"`
	ImportID   string    `db:"import_id" json:"import_id"`
}

// Product is something that has been sold.
type Product struct {
	Code     string `db:"code" json:"code"`
	Name     string `db:"name" json:"name"`
	Category string `db:"category" json:"category"`
}

// Incoming is an order as a source tells it, all its lines together.
type Incoming struct {
	Number   string
	Customer uint32    // ignored when the order is known: it keeps its customer
	PaidAt   time.Time // ignored when the order is known
	// AmountFen is what was paid, when the source says so for the order as a whole (Fixed); otherwise lines add up.
	AmountFen int64
	Fixed     bool
	Quantity  int64 // units, when the source tells of the order as a whole, without lines
	Store     string
	Lines     []IncomingLine
	// RefundedFen is how much of the order has been given back in all, as far as the source knows; 0 when it says nothing.
	RefundedFen int64
}

// IncomingLine is one line of an Incoming order.
type IncomingLine struct {
	Key       string
	Product   string
	Name      string
	Category  string
	Quantity  int64
	AmountFen int64
}

// Outcome says what became of an Incoming order.
type Outcome struct {
	OrderID  string
	Created  bool
	NewLines []bool // per incoming line: false is a duplicate
	// RefundedFen is what was newly given back; RefundRejected says that the source's total is above what was paid.
	RefundedFen    int64
	RefundRejected bool
	AddedFen       int64 // what the order's amount grew by
}

// IncomingRefund is money given back that does not say for which order, or only the order's number.
type IncomingRefund struct {
	Number    string // the refund's number in its channel
	Key       string // tells it from others of the same number
	Order     string // the number of the order it belongs to, when the source says so
	Customer  uint32
	Product   string
	Quantity  int64 // units given back, > 0
	AmountFen int64 // ≥ 0
	At        time.Time
}

// Results of a refund.
const (
	RefundAccepted  = "accepted"
	RefundDuplicate = "duplicate"
	RefundUnmatched = "unmatched" // no earlier order of the person has so much of the product left
)

// RefundOutcome says what became of an IncomingRefund.
type RefundOutcome struct {
	Result  string
	OrderID string
}

// Sum is what settled orders and refunds add up to for one customer.
type Sum struct {
	Orders      int64     `db:"orders"`
	SpentFen    int64     `db:"spent_fen"`
	RefundedFen int64     `db:"refunded_fen"`
	FirstAt     time.Time `db:"first_at"`
	LastAt      time.Time `db:"last_at"`
}

func (o Order) paidFact() event.Fact {
	return event.Fact{
		ID: o.ID + "/paid", Name: event.OrderPaid, Customer: o.Customer, At: o.PaidAt, Subject: o.ID,
		Amount: o.AmountFen, Quantity: o.Quantity, Channel: o.Channel,
	}
}

func (o Order) lineFact(l IncomingLine) event.Fact {
	return event.Fact{
		ID: o.ID + "/line/" + l.Key, Name: event.OrderLine, Customer: o.Customer, At: o.PaidAt, Subject: o.ID,
		Amount: l.AmountFen, Quantity: l.Quantity, Product: l.Product, Category: l.Category, Channel: o.Channel,
	}
}

// amendedFact tells what lines learnt by an import add to an order that was settled before; what it came to is in the id,
// because one import may add in more than one batch.
func (o Order) amendedFact(importID string, amount, quantity int64) event.Fact {
	return event.Fact{
		ID: fmt.Sprintf("%s/amended/%s/%d", o.ID, importID, o.AmountFen), Name: event.OrderAmended, Customer: o.Customer, At: o.PaidAt,
		Subject: o.ID, Amount: amount, Quantity: quantity, Channel: o.Channel,
	}
}

func (r Refund) fact() event.Fact {
	return event.Fact{
		ID: fmt.Sprintf("%s/refund/%s/%s", r.OrderID, r.Number, r.Key), Name: event.OrderRefunded, Customer: r.Customer,
		At: r.RefundedAt, Subject: r.OrderID, Amount: r.AmountFen, Quantity: r.Quantity, Product: r.Product, Channel: r.Channel,
	}
}
