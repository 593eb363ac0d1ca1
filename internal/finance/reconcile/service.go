package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huoshui/internal/finance/payment"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
)

// Bills fetches bills. A day without one is NotFound.
type Bills interface {
	MchID() string
	AppID() string
	TradeBill(ctx context.Context, day string) (Bill, error)
}

// Payments asks WeChat how a payment or a refund stands, and takes the answer.
type Payments interface {
	Ask(ctx context.Context, paymentID string) error
	AskRefund(ctx context.Context, refundID string) error
}

// Books is where money is booked.
type Books interface {
	Post(ctx context.Context, tx *store.Tx, e money.Entry) error
}

// Service reconciles.
type Service struct {
	db       *store.DB
	bills    Bills
	payments Payments
	books    Books
	now      clock.Clock
}

// NewService returns the reconciliation of what is in db.
func NewService(db *store.DB, bills Bills, payments Payments, books Books, now clock.Clock) *Service {
	return &Service{db: db, bills: bills, payments: payments, books: books, now: now}
}

// Zone is the one in which WeChat Pay's days begin and end.
var Zone = time.FixedZone("Asia/Shanghai", 8*3600)

func refundID(no string) string {
	refund, _, _ := strings.Cut(no, "-")
	return refund
}

// Run reconciles a day (YYYY-MM-DD) that is over, books its fees, and keeps the report; running again replaces it, but for
// what somebody has settled.
func (s *Service) Run(ctx context.Context, day, by string) (Report, error) {
	from, err := time.ParseInLocation(time.DateOnly, day, Zone)
	if err != nil {
		return Report{}, errs.New(errs.Invalid, "reconcile.day", "a day is written YYYY-MM-DD").At("day")
	}
	to := from.AddDate(0, 0, 1)
	if s.now().Before(to) {
		return Report{}, errs.New(errs.Invalid, "reconcile.not_over", "%s is not over", day).At("day")
	}
	bill, err := s.bills.TradeBill(ctx, day)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return Report{}, fmt.Errorf("bill of %s: %w", day, err)
	}
	r := Report{
		Day: day, RanAt: s.now(), RanBy: by, BillHash: bill.SHA1, BillLines: int64(len(bill.Lines)), BillPaidFen: bill.PaidFen, BillRefundFen: bill.RefundFen, BillFeeFen: bill.FeeFen,
	}
	sides, duplicates, err := s.gather(ctx, &r, bill, from, to)
	if err != nil {
		return Report{}, fmt.Errorf("reconcile %s: %w", day, err)
	}
	r.Differences = compare(day, s.bills.MchID(), s.bills.AppID(), sides, duplicates)
	err = s.db.Tx(ctx, func(tx *store.Tx) error { return s.keep(ctx, tx, r, from) })
	if errs.Is(err, errs.Conflict) { // the fee is booked already, with another amount
		r.Differences = append(r.Differences, feeDifference(day, bill.FeeFen))
		err = s.db.Tx(ctx, func(tx *store.Tx) error { return keep(ctx, tx, r) })
	}
	if err != nil {
		return Report{}, fmt.Errorf("reconcile %s: %w", day, err)
	}
	return Get(ctx, s.db, day)
}

// gather puts together, by number, what the bill, payments and books know of a day.
func (s *Service) gather(ctx context.Context, r *Report, bill Bill, from, to time.Time) (map[key]*side, []BillLine, error) {
	sides, byRef := map[key]*side{}, map[string]*side{}
	at := func(k key) *side {
		if sides[k] == nil {
			sides[k] = &side{}
			byRef[k.ref()] = sides[k]
		}
		return sides[k]
	}
	var duplicates []BillLine
	for _, l := range bill.Lines {
		one := at(key{l.No, l.RefundNo})
		if one.bill != nil {
			duplicates = append(duplicates, l)
			continue
		}
		one.bill = &l
	}
	flows, err := payment.Flows(ctx, s.db, from, to)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range flows {
		one := at(key{f.No, f.RefundNo})
		one.ours, one.known = &f, &f
		r.OurLines++
		if f.RefundNo == "" {
			r.OurPaidFen += f.Fen
		} else {
			r.OurRefundFen += f.Fen
		}
	}
	for k, one := range sides {
		if one.known != nil {
			continue
		}
		f, found, err := payment.FlowOf(ctx, s.db, k.no, k.refund)
		if err != nil {
			return nil, nil, err
		}
		if found {
			one.known = &f
		}
	}
	onDay, err := bookedOn(ctx, s.db, r.Day)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range onDay {
		if b.Fen > 0 {
			r.BookInFen += b.Fen
		} else {
			r.BookOutFen -= b.Fen
		}
		if byRef[b.Ref] == nil {
			at(key{no: b.Ref})
		}
		byRef[b.Ref].books = append(byRef[b.Ref].books, b)
	}
	var missing []string
	for k, one := range sides {
		if len(one.books) == 0 {
			missing = append(missing, k.ref())
		}
	}
	slices.Sort(missing)
	elsewhere, err := bookedAs(ctx, s.db, missing)
	for _, b := range elsewhere {
		byRef[b.Ref].books = append(byRef[b.Ref].books, b)
	}
	return sides, duplicates, err
}

// keep books the fee of the day and keeps the report.
func (s *Service) keep(ctx context.Context, tx *store.Tx, r Report, day time.Time) error {
	err := s.books.Post(ctx, tx, money.Entry{
		Key: "reconcile/" + r.Day + "/fee", At: day.Add(24*time.Hour - time.Second), OrToday: true, Reason: "payment.fee", Ref: r.Day, By: r.RanBy,
		Moves: []money.Move{{Debit: money.PaymentFee, Credit: money.Wechat, Fen: max(0, r.BillFeeFen)}, {Debit: money.Wechat, Credit: money.PaymentFee, Fen: max(0, -r.BillFeeFen)}},
	})
	if err != nil {
		return err
	}
	return keep(ctx, tx, r)
}

// Ask asks WeChat about a difference and takes the answer, then reconciles the day again.
func (s *Service) Ask(ctx context.Context, differenceID, by string) (Report, error) {
	d, err := find(ctx, s.db, differenceID)
	if err != nil {
		return Report{}, err
	}
	if d.Action != Ask {
		return Report{}, errs.New(errs.Conflict, "reconcile.not_to_ask", "WeChat cannot answer that")
	}
	if d.RefundNo != "" {
		err = s.payments.AskRefund(ctx, refundID(d.RefundNo))
	} else {
		err = s.payments.Ask(ctx, d.No)
	}
	if err != nil {
		return Report{}, err
	}
	return s.Run(ctx, d.Day, by)
}

// Claim books money that belongs to nothing as unclaimed, and settles the difference.
func (s *Service) Claim(ctx context.Context, differenceID, by, note string) (Difference, error) {
	d, err := find(ctx, s.db, differenceID)
	if err != nil {
		return d, err
	}
	if d.Action != Claim || d.State != "open" {
		return d, errs.New(errs.Conflict, "reconcile.not_to_claim", "that is not unclaimed money")
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		m := money.Move{Debit: money.Wechat, Credit: money.Unclaimed, Fen: d.BillFen}
		if d.Kind == "refund" {
			m.Debit, m.Credit = m.Credit, m.Debit
		}
		if err := s.books.Post(ctx, tx, money.Entry{Key: "reconcile/" + d.ID, At: s.now(), Reason: "payment.unclaimed", Ref: d.No, By: by, Note: note, Moves: []money.Move{m}}); err != nil {
			return err
		}
		return settle(ctx, tx, d.ID, by, note, s.now())
	})
	if err != nil {
		return d, err
	}
	return find(ctx, s.db, d.ID)
}

// Settle says that somebody has dealt with a difference, and how.
func (s *Service) Settle(ctx context.Context, differenceID, by, note string) (Difference, error) {
	if note == "" {
		return Difference{}, errs.New(errs.Invalid, "reconcile.note", "say how it was settled").At("note")
	}
	if _, err := find(ctx, s.db, differenceID); err != nil {
		return Difference{}, err
	}
	if err := s.db.Tx(ctx, func(tx *store.Tx) error { return settle(ctx, tx, differenceID, by, note, s.now()) }); err != nil {
		return Difference{}, err
	}
	return find(ctx, s.db, differenceID)
}
