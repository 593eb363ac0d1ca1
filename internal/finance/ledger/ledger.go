// Package ledger keeps the books: double entry, only ever added to, in integer fen, booked in the transaction that causes
// the movement. A move carries both its sides, so the trial balance is zero by construction, in the database too; triggers
// refuse to change or delete what is booked. docs/ledger.md explains the chart and how every business event is booked.
//
// No row is updated when money moves: a balance is the sum of the moves since the last closed day, on top of the balances
// kept at that close. Checkouts therefore never wait for each other at an account.
package ledger

import (
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
)

// Entry is one booked entry.
type Entry struct {
	ID       string    `db:"id" json:"id"`
	Key      string    `db:"key" json:"key" doc:"Idempotency key"`
	Day      string    `db:"day" json:"day" doc:"Business day, YYYY-MM-DD"`
	At       time.Time `db:"at" json:"at" doc:"When it happened"`
	PostedAt time.Time `db:"posted_at" json:"posted_at" doc:"When it was booked"`
	Reason   string    `db:"reason" json:"reason"`
	Order    string    `db:"order_id" json:"order" doc:"Order id, or empty"`
	Ref      string    `db:"ref" json:"ref" doc:"What it is about beside the order"`
	Customer uint32    `db:"customer" json:"customer" doc:"Dense customer number; 0 for nobody"`
	By       string    `db:"posted_by" json:"by" doc:"Staff id; empty for the system"`
	Note     string    `db:"note" json:"note"`
	Count    int64     `db:"moves" json:"-"`
	TotalFen int64     `db:"total_fen" json:"total_fen" doc:"Sum of its moves"`
}

// Move is one booked move of an entry.
type Move struct {
	Entry     string        `db:"entry_id" json:"entry"`
	N         int64         `db:"n" json:"n"`
	Day       string        `db:"day" json:"day"`
	Debit     money.Account `db:"debit" json:"debit"`
	Credit    money.Account `db:"credit" json:"credit"`
	AmountFen int64         `db:"amount_fen" json:"amount_fen"`
	Customer  uint32        `db:"customer" json:"customer"`
	Campaign  string        `db:"campaign" json:"campaign"`
	Layer     string        `db:"layer" json:"layer"`
}

// Day returns the business day of a time in a zone, YYYY-MM-DD.
func Day(at time.Time, zone *time.Location) string { return at.In(zone).Format(time.DateOnly) }

// mostFen bounds one move: far above any order, far below what a sum could overflow at.
const mostFen = 1 << 50

// newEntry checks what is to be booked and returns its rows; no rows when it moves nothing.
func newEntry(e money.Entry, id string, now time.Time, zone *time.Location) (Entry, []Move, error) {
	if e.Key == "" || e.Reason == "" || e.At.IsZero() {
		return Entry{}, nil, fmt.Errorf("ledger: an entry needs a key, a reason and a time: %+v", e)
	}
	row := Entry{
		ID: id, Key: e.Key, Day: Day(e.At, zone), At: e.At.UTC(), PostedAt: now, Reason: e.Reason, Order: e.Order, Ref: e.Ref,
		Customer: e.Customer, By: e.By, Note: e.Note,
	}
	var moves []Move
	for _, m := range e.Moves {
		if m.Fen == 0 {
			continue
		}
		_, debit := byAccount[m.Debit]
		_, credit := byAccount[m.Credit]
		if !debit || !credit || m.Debit == m.Credit || m.Fen < 0 || m.Fen > mostFen {
			return Entry{}, nil, errs.New(errs.Invalid, "ledger.move", "a move of %d fen from %q to %q cannot be booked", m.Fen, m.Credit, m.Debit)
		}
		moves = append(moves, Move{
			Entry: id, N: int64(len(moves) + 1), Day: row.Day, Debit: m.Debit, Credit: m.Credit, AmountFen: m.Fen,
			Customer: either(m.Customer, e.Customer), Campaign: either(m.Campaign, e.Campaign), Layer: either(m.Layer, e.Layer),
		})
		row.TotalFen += m.Fen
	}
	row.Count = int64(len(moves))
	return row, moves, nil
}

func either[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}
