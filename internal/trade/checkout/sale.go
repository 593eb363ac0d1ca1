// Package checkout sells: carts become sales, sales are paid, sent and finished, or closed, and what comes back is given back.
// A decision is a pure function of the sale and the event; acting on it is one transaction in which stock, coupons, points,
// wallet, books and facts change together or not at all.
package checkout

import (
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/pricing"
)

// State is where a sale stands.
type State string

// The states of a sale.
const (
	Unpaid   State = "unpaid"   // placed: stock is promised, coupons, points and balance are taken
	Paid     State = "paid"     // to be sent, picked up or handed out
	Shipped  State = "shipped"  // on its way
	Finished State = "finished" // received, or nothing was left to do
	Closed   State = "closed"   // never paid: everything was given back
	Refunded State = "refunded" // everything that was paid was given back
)

// step is what can happen to a sale.
type step string

const (
	pay    step = "pay"
	ship   step = "ship"
	finish step = "finish"
	closes step = "close"
	refund step = "refund" // the last of it
)

// steps is the state machine: what happens to what, and what it is then.
var steps = map[State]map[step]State{
	Unpaid:   {pay: Paid, closes: Closed},
	Paid:     {ship: Shipped, finish: Finished, refund: Refunded},
	Shipped:  {finish: Finished, refund: Refunded},
	Finished: {refund: Refunded},
}

// after returns the state after a step, or a Conflict that says where the sale stands.
func (s State) after(what step) (State, error) {
	next, ok := steps[s][what]
	if !ok {
		return s, errs.New(errs.Conflict, "sale.state", "a sale that is %s cannot %s", s, what).With("state", string(s))
	}
	return next, nil
}

// Address is where goods are sent.
type Address struct {
	Name   string `json:"name" maxLength:"40"`
	Phone  string `json:"phone" maxLength:"20"`
	Region string `json:"region" maxLength:"12" doc:"GB/T 2260 code"`
	Place  string `json:"place" maxLength:"60" doc:"Province, city and district in words"`
	Street string `json:"street" maxLength:"120"`
}

// Line is a line of a sale in words: what the quotation's line of the same key was.
type Line struct {
	Key      string `json:"key"`
	SKU      string `json:"sku"`
	Goods    string `json:"goods"`
	Name     string `json:"name"`
	Picture  string `json:"picture"`
	Category string `json:"category" doc:"The category's name"`
	Kind     string `json:"kind"`
}

// Sale is an order of the brand's own store.
type Sale struct {
	ID          string            `db:"id" json:"id"`
	Number      string            `db:"number" json:"number"`
	Customer    uint32            `db:"customer" json:"customer"`
	Request     string            `db:"request" json:"-"`
	State       State             `db:"state" json:"state" enum:"unpaid,paid,shipped,finished,closed,refunded"`
	Quote       pricing.Quotation `db:"quote,json" json:"quote"`
	Lines       []Line            `db:"lines,json" json:"lines"`
	Address     Address           `db:"address,json" json:"address"`
	Remark      string            `db:"remark" json:"remark"`
	Layer       string            `db:"layer" json:"layer" doc:"The customer's layer when it was placed"`
	TotalFen    int64             `db:"total_fen" json:"total_fen"`
	CashFen     int64             `db:"cash_fen" json:"cash_fen" doc:"Of it by WeChat Pay"`
	RefundedFen int64             `db:"refunded_fen" json:"refunded_fen"`
	EarnedFen   int64             `db:"earned_fen" json:"earned_fen" doc:"What its points were earned on"`
	OrderID     string            `db:"order_id" json:"order_id" doc:"The paid order; empty before"`
	Payment     string            `db:"payment" json:"payment"`
	Carrier     string            `db:"carrier" json:"carrier"`
	Tracking    string            `db:"tracking" json:"tracking"`
	CloseReason string            `db:"close_reason" json:"close_reason" doc:"customer, timeout, staff, group or presale"`
	Warned      bool              `db:"warned" json:"-"`
	Delivery    string            `db:"delivery" json:"delivery" enum:"ship,pickup" doc:"How its goods reach the buyer; pickup: the place is in the address"`
	PhoneTail   string            `db:"phone_tail" json:"-"`
	Waiting     int64             `db:"waiting" json:"waiting" doc:"Codes of virtual goods that it still waits for"`
	Form        Form              `db:"form,json" json:"form,omitzero" doc:"How it was bought when not plainly"`
	Held        bool              `db:"held" json:"held" doc:"Paid, and not to be sent yet: its group is not complete"`
	DueAt       time.Time         `db:"due_at" json:"due_at,omitzero" doc:"When it is closed unpaid, or finished by itself"`
	PlacedAt    time.Time         `db:"placed_at" json:"placed_at"`
	PaidAt      time.Time         `db:"paid_at" json:"paid_at,omitzero"`
	ShippedAt   time.Time         `db:"shipped_at" json:"shipped_at,omitzero"`
	FinishedAt  time.Time         `db:"finished_at" json:"finished_at,omitzero"`
	ClosedAt    time.Time         `db:"closed_at" json:"closed_at,omitzero"`
	Codes       []Code            `json:"codes,omitempty" doc:"Its codes; only its buyer sees them whole"`
}

// How goods reach a buyer.
const (
	ByShip   = "ship"
	ByPickup = "pickup"
)

// balance is what of a sale the wallet paid.
func (s *Sale) balance() int64 { return s.Quote.PrincipalFen + s.Quote.GiftFen }

// quantity is the units of a sale.
func (s *Sale) quantity() int64 {
	var n int64
	for _, l := range s.Quote.Lines {
		n += l.Quantity
	}
	return n
}

// given is what has been given back of a line.
type given struct {
	Sale         string `db:"sale"`
	Key          string `db:"key"`
	Quantity     int64  `db:"quantity"`
	CashFen      int64  `db:"cash_fen"`
	PrincipalFen int64  `db:"principal_fen"`
	GiftFen      int64  `db:"gift_fen"`
	Points       int64  `db:"points"`
	DepositFen   int64  `db:"deposit_fen"`
}

// Rules are the times of a store, and by what it sends.
type Rules struct {
	PayMinutes     int64  `json:"pay_minutes" minimum:"1" maximum:"4320" doc:"After which a sale that is not paid is closed"`
	WarnMinutes    int64  `json:"warn_minutes" minimum:"0" maximum:"4320" doc:"So long before that the customer may be reminded: the fact order.unpaid; 0 is never"`
	FinishDays     int64  `json:"finish_days" minimum:"1" maximum:"90" doc:"After which what was sent counts as received"`
	AbandonMinutes int64  `json:"abandon_minutes" minimum:"5" maximum:"10080" doc:"After which a cart that nobody touched counts as left: the fact cart.abandoned"`
	Freight        string `json:"freight" maxLength:"64" doc:"The freight template of goods that name none; empty: sending costs nothing"`
	Pickup         string `json:"pickup" maxLength:"120" doc:"Where orders can be picked up, as customers read it; empty: nowhere"`
	LowStock       int64  `json:"low_stock" minimum:"0" maximum:"1000000" doc:"So few units or less that can still be sold count as low stock"`
}

// DefaultRules are the rules until somebody sets others.
func DefaultRules() Rules {
	return Rules{PayMinutes: 30, WarnMinutes: 20, FinishDays: 10, AbandonMinutes: 120, LowStock: 10}
}

// Check reports the first thing that is wrong with rules.
func (r Rules) Check() error {
	bad := func(field string, value, least, most int64) error {
		if value < least || value > most {
			return errs.New(errs.Invalid, "store.times", "%s is between %d and %d", field, least, most).At(field)
		}
		return nil
	}
	for _, err := range []error{
		bad("pay_minutes", r.PayMinutes, 1, 4320), bad("warn_minutes", r.WarnMinutes, 0, 4320), bad("finish_days", r.FinishDays, 1, 90), bad("abandon_minutes", r.AbandonMinutes, 5, 10080),
		bad("low_stock", r.LowStock, 0, 1e6),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// SettingName is under which Rules are kept.
const SettingName = "store.times"

// Title is what a sale is called at a cashier: its first line, and that there are more.
func (s *Sale) Title() string {
	switch len(s.Lines) {
	case 0:
		return s.Number
	case 1:
		return s.Lines[0].Name
	}
	return s.Lines[0].Name + " 等"
}
