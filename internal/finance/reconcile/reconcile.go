// Package reconcile holds a day's bill of WeChat Pay against our payments and the books, line by line, and says of every
// difference what caused it and what to do.
package reconcile

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"huoshui/internal/finance/payment"
	"huoshui/internal/platform/id"
)

// BillLine is a line of the bill: a payment, or a refund when RefundNo is set.
type BillLine struct {
	At            time.Time
	AppID, MchID  string
	TransactionID string
	No            string
	TradeType     string
	State         string
	Fen           int64
	RefundID      string
	RefundNo      string
	RefundFen     int64
	RefundState   string
	FeeFen        int64
}

// Bill is the bill of a day.
type Bill struct {
	Day       string
	SHA1      string
	Lines     []BillLine
	PaidFen   int64
	RefundFen int64
	FeeFen    int64
}

// Causes of differences.
const (
	Unknown      = "unknown"       // the bill has what we never asked for: money that belongs to nothing
	NotHeard     = "not_heard"     // it was paid, and we do not know it yet
	NotInBill    = "not_in_bill"   // we have it, the bill has not
	Amount       = "amount"        // the amounts differ
	OtherDay     = "other_day"     // we have it on another day
	NotBooked    = "not_booked"    // we have it, the books have not
	BookedAmount = "booked_amount" // the books have another amount
	BookedLater  = "booked_later"  // the day was closed when we heard of it: booked on a later one
	BookedAlone  = "booked_alone"  // the books have what neither the bill nor we have on that day
	Duplicate    = "duplicate"     // the bill has it twice
	Foreign      = "foreign"       // another merchant's or app's
	Fee          = "fee"           // the fee of the day was booked with another amount
)

// Actions that a difference asks for.
const (
	None  = "none"  // nothing: it explains itself
	Ask   = "ask"   // ask WeChat how it stands, and take the answer
	Claim = "claim" // book the money as unclaimed until somebody knows whose it is
	Look  = "look"  // a person must look
)

// Difference is one line that does not agree.
type Difference struct {
	ID        string    `db:"id" json:"id"`
	Day       string    `db:"day" json:"day"`
	Kind      string    `db:"kind" json:"kind" enum:"payment,refund,fee"`
	No        string    `db:"number" json:"number" doc:"Payment"`
	RefundNo  string    `db:"refund_number" json:"refund_number"`
	Order     string    `db:"order_id" json:"order"`
	BillFen   int64     `db:"bill_fen" json:"bill_fen"`
	OurFen    int64     `db:"our_fen" json:"our_fen"`
	BookFen   int64     `db:"book_fen" json:"book_fen"`
	Cause     string    `db:"cause" json:"cause"`
	Action    string    `db:"action" json:"action" enum:"none,ask,claim,look"`
	Detail    string    `db:"detail" json:"detail" doc:"The day or the state that explains it"`
	State     string    `db:"state" json:"state" enum:"open,settled"`
	Note      string    `db:"note" json:"note"`
	SettledBy string    `db:"settled_by" json:"settled_by"`
	SettledAt time.Time `db:"settled_at" json:"settled_at,omitzero"`
}

// Report is what a reconciliation came to.
type Report struct {
	Day           string       `db:"day" json:"day"`
	RanAt         time.Time    `db:"ran_at" json:"ran_at"`
	RanBy         string       `db:"ran_by" json:"ran_by"`
	BillHash      string       `db:"bill_hash" json:"bill_hash" doc:"SHA-1 of the bill's file; empty when the day has none"`
	BillLines     int64        `db:"bill_lines" json:"bill_lines"`
	BillPaidFen   int64        `db:"bill_paid_fen" json:"bill_paid_fen"`
	BillRefundFen int64        `db:"bill_refund_fen" json:"bill_refund_fen"`
	BillFeeFen    int64        `db:"bill_fee_fen" json:"bill_fee_fen"`
	OurLines      int64        `db:"our_lines" json:"our_lines"`
	OurPaidFen    int64        `db:"our_paid_fen" json:"our_paid_fen"`
	OurRefundFen  int64        `db:"our_refund_fen" json:"our_refund_fen"`
	BookInFen     int64        `db:"book_in_fen" json:"book_in_fen" doc:"Debited to the account wechat that day by payments"`
	BookOutFen    int64        `db:"book_out_fen" json:"book_out_fen" doc:"Credited to it by refunds"`
	Differences   []Difference `db:"-" json:"differences"`
}

// Open counts the differences that wait for somebody.
func (r Report) Open() int {
	n := 0
	for _, d := range r.Differences {
		if d.State == "open" && d.Action != None {
			n++
		}
	}
	return n
}

// booked is what the books have of a payment or refund on the account wechat.
type booked struct {
	Ref string `db:"ref"`
	Day string `db:"day"`
	Fen int64  `db:"fen"` // in positive, out negative
}

// side is everything known of one number.
type side struct {
	bill  *BillLine
	ours  *payment.Flow // within the day
	known *payment.Flow // at any time
	books []booked      // on any day
}

// key tells payments and refunds apart.
type key struct{ no, refund string }

// ref is what the books name it by: the payment, or the refund without its attempt.
func (k key) ref() string {
	if k.refund == "" {
		return k.no
	}
	return refundID(k.refund)
}

// compare finds the differences of a day; sides are by key, duplicates are lines the bill has more than once.
func compare(day, mchID, appID string, sides map[key]*side, duplicates []BillLine) []Difference {
	var out []Difference
	add := func(k key, s *side, cause, action, detail string) {
		d := Difference{Day: day, Kind: "payment", No: k.no, RefundNo: k.refund, Cause: cause, Action: action, Detail: detail, State: "open"}
		if k.refund != "" {
			d.Kind = "refund"
		}
		if s.bill != nil {
			d.BillFen = s.bill.amount()
		}
		if s.known != nil {
			d.OurFen, d.Order = s.known.Fen, s.known.Order
		}
		for _, b := range s.books {
			d.BookFen += max(b.Fen, -b.Fen)
		}
		d.ID = id.From("dif", day, k.no, k.refund, cause)
		out = append(out, d)
	}
	keys := slices.SortedFunc(maps.Keys(sides), func(a, b key) int { return cmp.Or(cmp.Compare(a.no, b.no), cmp.Compare(a.refund, b.refund)) })
	for _, k := range keys {
		s := sides[k]
		switch {
		case s.bill != nil && (s.bill.MchID != mchID || s.bill.AppID != appID):
			add(k, s, Foreign, Look, s.bill.MchID)
		case s.bill != nil && s.known == nil:
			add(k, s, Unknown, Claim, s.bill.TransactionID)
		case s.bill != nil && s.known.At.IsZero():
			add(k, s, NotHeard, Ask, s.known.State)
		case s.bill != nil && s.bill.amount() != s.known.Fen:
			add(k, s, Amount, Look, "")
		case s.bill != nil && s.ours == nil:
			add(k, s, OtherDay, Look, s.known.At.Format(time.RFC3339))
		case s.bill == nil && s.ours != nil:
			add(k, s, NotInBill, Ask, s.ours.State)
		case s.bill == nil:
			add(k, s, BookedAlone, None, day)
		default:
			compareBooks(day, k, s, add)
		}
	}
	for _, l := range duplicates {
		add(key{l.No, l.RefundNo}, &side{bill: &l}, Duplicate, Look, l.TransactionID)
	}
	return out
}

// compareBooks compares what bill and payments agree on with the books.
func compareBooks(day string, k key, s *side, add func(key, *side, string, string, string)) {
	sum := int64(0)
	for _, b := range s.books {
		sum += max(b.Fen, -b.Fen)
	}
	switch {
	case len(s.books) == 0:
		add(k, s, NotBooked, Look, "")
	case sum != s.known.Fen:
		add(k, s, BookedAmount, Look, "")
	case s.books[0].Day != day:
		add(k, s, BookedLater, None, s.books[0].Day)
	}
}

// amount is what the line moved.
func (l BillLine) amount() int64 {
	if l.RefundNo != "" {
		return l.RefundFen
	}
	return l.Fen
}
