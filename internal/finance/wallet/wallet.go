// Package wallet keeps what customers have with us: principal, which is their money, and gifts, which are ours until they are
// spent. Every change is booked in the same transaction; the ledger's accounts wallet_principal and wallet_gift are the
// sums of these tables. A wallet never goes below zero: it is locked while it changes, and the tables' checks agree.
package wallet

import (
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/money"
)

// SettingName is where Rules are kept.
const SettingName = "wallet"

// Orders in which principal and gift are spent.
const (
	PrincipalFirst = "principal_first" // the gift is spent last: nobody spends it and then asks for her money back
	GiftFirst      = "gift_first"
	Proportional   = "proportional" // in the proportion of the two, rounded down for principal
)

// Rules are how wallets work.
type Rules struct {
	SpendOrder       string `json:"spend_order" enum:"principal_first,gift_first,proportional" doc:"What is spent first"`
	GiftDays         int64  `json:"gift_days" minimum:"0" maximum:"3650" doc:"How long a gift lasts; 0 is for ever"`
	ReturnedGiftDays int64  `json:"returned_gift_days" minimum:"0" maximum:"365" doc:"A gift that comes back with a refund lasts at least so many days more"`
}

// Default returns the rules of a brand that has not set any.
func Default() Rules { return Rules{SpendOrder: PrincipalFirst, GiftDays: 365, ReturnedGiftDays: 7} }

// Check says what is wrong with rules.
func (r Rules) Check() error {
	switch {
	case r.SpendOrder != PrincipalFirst && r.SpendOrder != GiftFirst && r.SpendOrder != Proportional:
		return errs.New(errs.Invalid, "wallet.spend_order", "there is no such order of spending").At("spend_order")
	case r.GiftDays < 0 || r.GiftDays > 3650:
		return errs.New(errs.Invalid, "wallet.days", "days are between 0 and 3650").At("gift_days")
	case r.ReturnedGiftDays < 0 || r.ReturnedGiftDays > 365:
		return errs.New(errs.Invalid, "wallet.days", "days are between 0 and 365").At("returned_gift_days")
	}
	return nil
}

// Wallet is what a customer has. One who never had any has a zero wallet.
type Wallet struct {
	Customer     uint32    `db:"customer" json:"customer"`
	PrincipalFen int64     `db:"principal_fen" json:"principal_fen"`
	GiftFen      int64     `db:"gift_fen" json:"gift_fen"`
	Frozen       bool      `db:"frozen" json:"frozen" doc:"Nothing is spent or paid out"`
	FrozenWhy    string    `db:"frozen_why" json:"frozen_why"`
	Version      int64     `db:"version" json:"-"`
	UpdatedAt    time.Time `db:"updated_at" json:"updated_at"`
}

// Total returns principal and gift together.
func (w Wallet) Total() int64 { return w.PrincipalFen + w.GiftFen }

// Lot is one gift.
type Lot struct {
	ID        string    `db:"id" json:"id"`
	Customer  uint32    `db:"customer" json:"customer"`
	AmountFen int64     `db:"amount_fen" json:"amount_fen"`
	LeftFen   int64     `db:"left_fen" json:"left_fen"`
	ExpiresAt time.Time `db:"expires_at" json:"expires_at,omitzero" doc:"Absent: never"`
	Campaign  string    `db:"campaign" json:"campaign"`
	Layer     string    `db:"layer" json:"layer"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
}

// Kind is what changed a wallet.
type Kind string

// The kinds of moves.
const (
	TopUpKind    Kind = "topup"
	SpendKind    Kind = "spend"
	RefundKind   Kind = "refund"
	ExpireKind   Kind = "expire"
	WithdrawKind Kind = "withdraw"
	MergeKind    Kind = "merge" // two customers turned out to be one, or one two
)

// Move is one line of a wallet's statement. Amounts are signed: spending is negative.
type Move struct {
	ID               string    `db:"id" json:"id"`
	Key              string    `db:"key" json:"-"`
	Customer         uint32    `db:"customer" json:"customer"`
	Kind             Kind      `db:"kind" json:"kind"`
	PrincipalFen     int64     `db:"principal_fen" json:"principal_fen"`
	GiftFen          int64     `db:"gift_fen" json:"gift_fen"`
	PrincipalAfter   int64     `db:"principal_after" json:"principal_after_fen"`
	GiftAfter        int64     `db:"gift_after" json:"gift_after_fen"`
	Order            string    `db:"order_id" json:"order"`
	Ref              string    `db:"ref" json:"ref"`
	Note             string    `db:"note" json:"note"`
	By               string    `db:"made_by" json:"by" doc:"Staff id; empty for the customer or the system"`
	At               time.Time `db:"at" json:"at"`
	BackPrincipalFen int64     `db:"back_principal_fen" json:"back_principal_fen" doc:"Of a spending: what was given back of it"`
	BackGiftFen      int64     `db:"back_gift_fen" json:"back_gift_fen"`
}

// use is what a spending took of a lot.
type use struct {
	Move string `db:"move_id"`
	Lot  string `db:"lot_id"`
	Fen  int64  `db:"amount_fen"`
	Back int64  `db:"back_fen"`
}

// TopUp puts money into a wallet, a gift, or both.
type TopUp struct {
	Key          string // idempotency key: the payment, the request
	Customer     uint32
	PrincipalFen int64
	GiftFen      int64
	ExpiresAt    time.Time     // of the gift; zero: by the rules
	From         money.Account // where the principal came from: money.Wechat (also when empty), money.Bank
	Ref          string        // payment id
	Campaign     string
	Layer        string
	By, Note     string
}

// Spend pays for an order.
type Spend struct {
	Key      string // idempotency key
	Customer uint32
	Fen      int64 // > 0
	Order    string
	Ref      string // payment id
	Campaign string
	Layer    string
}

// Refund gives part or all of a spending back to where it came from.
type Refund struct {
	Key     string        // idempotency key
	Spend   string        // Key of the spending
	Fen     int64         // > 0; all refunds of a spending are never above it
	Against money.Account // money.Deferred (also when empty), money.SalesReturns once the order was finished
	Ref     string
	By      string
}

// Withdraw pays principal out to the customer.
type Withdraw struct {
	Key      string
	Customer uint32
	Fen      int64         // > 0
	To       money.Account // money.Bank (also when empty) or money.Wechat
	By, Note string
}

// parts says how an amount is spent. It is Invalid when the wallet has less.
func (r Rules) parts(w Wallet, fen int64) (principal, gift int64, err error) {
	if fen <= 0 {
		return 0, 0, errs.New(errs.Invalid, "wallet.amount", "an amount is above zero").At("amount_fen")
	}
	if w.Frozen {
		return 0, 0, errs.New(errs.Conflict, "wallet.frozen", "the wallet is frozen")
	}
	if fen > w.Total() {
		return 0, 0, errs.New(errs.Conflict, "wallet.short", "the wallet holds less than that")
	}
	switch r.SpendOrder {
	case GiftFirst:
		principal = max(0, fen-w.GiftFen)
	case Proportional:
		principal = max(money.Share(fen, w.PrincipalFen, w.Total()), fen-w.GiftFen)
	default:
		principal = min(fen, w.PrincipalFen)
	}
	return principal, fen - principal, nil
}

// take takes an amount from lots in their order and returns what of each.
func take(lots []Lot, fen int64) []use {
	var out []use
	for _, l := range lots {
		if n := min(l.LeftFen, fen); n > 0 {
			out = append(out, use{Lot: l.ID, Fen: n})
			fen -= n
		}
	}
	return out
}

// back says what a refund gives back of a spending: to principal and to gifts in the proportion of what was spent, rounded so
// that all refunds together are exact.
func (m Move) back(fen int64) (principal, gift int64, err error) {
	spent, given := -m.PrincipalFen-m.GiftFen, m.BackPrincipalFen+m.BackGiftFen
	if fen <= 0 {
		return 0, 0, errs.New(errs.Invalid, "wallet.amount", "an amount is above zero").At("amount_fen")
	}
	if fen > spent-given {
		return 0, 0, errs.New(errs.Conflict, "wallet.refund_above", "more than was spent cannot be given back")
	}
	principal = money.Share(-m.PrincipalFen, given+fen, spent) - m.BackPrincipalFen
	return principal, fen - principal, nil
}

// fact tells what changed a wallet; the amount is what it moved, positive.
func (m Move) fact() event.Fact {
	name := map[Kind]string{
		TopUpKind: event.WalletToppedUp, SpendKind: event.WalletSpent, RefundKind: event.WalletRefunded,
		ExpireKind: event.WalletExpired, WithdrawKind: event.WalletWithdrawn,
	}[m.Kind]
	amount := m.PrincipalFen + m.GiftFen
	subject := m.Order
	if subject == "" {
		subject = m.ID
	}
	return event.Fact{ID: m.ID, Name: name, Customer: m.Customer, At: m.At, Subject: subject, Amount: max(amount, -amount)}
}

func (t TopUp) check() error {
	if t.Key == "" || t.Customer == 0 {
		return fmt.Errorf("wallet: a top-up needs a key and a customer: %+v", t)
	}
	if t.PrincipalFen < 0 || t.GiftFen < 0 || t.PrincipalFen+t.GiftFen == 0 || t.PrincipalFen > mostFen || t.GiftFen > mostFen {
		return errs.New(errs.Invalid, "wallet.amount", "an amount is above zero").At("amount_fen")
	}
	return nil
}

// mostFen bounds one top-up: 100 million yuan.
const mostFen = 10_000_000_000
