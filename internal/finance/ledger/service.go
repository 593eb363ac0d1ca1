package ledger

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
)

// Service keeps the books of one brand.
type Service struct {
	db   *store.DB
	now  clock.Clock
	zone *time.Location
}

// NewService returns the books in db; zone is where business days begin and end.
func NewService(db *store.DB, now clock.Clock, zone *time.Location) *Service {
	return &Service{db: db, now: now, zone: zone}
}

// closing is the lock between those who book and the one who closes days.
const closing = "ledger close"

// Post books an entry in the transaction that causes it. An entry whose key is booked already changes nothing, unless
// it moves other amounts: then it is a Conflict. Moves of 0 fen are left out; an entry without moves is none. A closed day
// is a Conflict "ledger.day_closed", or the entry is booked today when it says OrToday.
func (s *Service) Post(ctx context.Context, tx *store.Tx, e money.Entry) error {
	now := s.now()
	row, moves, err := newEntry(e, id.New("ent"), now, s.zone)
	if err != nil || len(moves) == 0 {
		return err
	}
	if err := tx.Share(ctx, closing); err != nil {
		return fmt.Errorf("post %s: %w", e.Key, err)
	}
	for {
		written, err := insertEntry(ctx, tx, row)
		if err != nil {
			return fmt.Errorf("post %s: %w", e.Key, err)
		}
		if written {
			break
		}
		booked, found, err := byKey(ctx, tx, e.Key)
		switch today := Day(now, s.zone); {
		case err != nil:
			return fmt.Errorf("post %s: %w", e.Key, err)
		case found && (booked.TotalFen != row.TotalFen || booked.Count != row.Count || booked.Reason != row.Reason):
			return errs.New(errs.Conflict, "ledger.key_reused", "entry %s is booked already with other amounts", e.Key)
		case found:
			return nil
		case e.OrToday && row.Day < today:
			row.Day = today
			for i := range moves {
				moves[i].Day = today
			}
		default:
			return errs.New(errs.Conflict, "ledger.day_closed", "%s is closed: book a correction on a later day", row.Day).With("day", row.Day)
		}
	}
	if err := insertMoves(ctx, tx, moves); err != nil {
		return fmt.Errorf("post %s: %w", e.Key, err)
	}
	return nil
}

// Close closes a business day and every day before it: no entry is booked on them any more, and their balances are kept.
// A day that is not over is Invalid; one that is closed is a Conflict.
func (s *Service) Close(ctx context.Context, day, by, note string) (Closed, error) {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return Closed{}, errs.New(errs.Invalid, "ledger.day", "a day is written YYYY-MM-DD").At("day")
	}
	now := s.now()
	if day >= Day(now, s.zone) {
		return Closed{}, errs.New(errs.Invalid, "ledger.day_not_over", "%s is not over", day).At("day")
	}
	var out Closed
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Exclude(ctx, closing); err != nil {
			return err
		}
		last, err := LastClosed(ctx, tx)
		if err != nil {
			return err
		}
		if day <= last {
			return errs.New(errs.Conflict, "ledger.already_closed", "%s is closed already", day).At("day")
		}
		balances, err := cumulative(ctx, tx, day)
		if err != nil {
			return err
		}
		if out, err = between(ctx, tx, last, day); err != nil {
			return err
		}
		out.Day, out.At, out.By, out.Note = day, now, by, note
		if err := store.Insert(ctx, tx, "ledger_closes", out); err != nil {
			return err
		}
		_, err = store.InsertAll(ctx, tx, "ledger_balances", balances, "")
		return err
	})
	if err != nil {
		return Closed{}, fmt.Errorf("close %s: %w", day, err)
	}
	return out, nil
}

// Correct books an entry by hand. It is dated now, must say why, and names who books it.
func (s *Service) Correct(ctx context.Context, c Correction, by string) (Entry, error) {
	if c.Note == "" {
		return Entry{}, errs.New(errs.Invalid, "ledger.note", "say why it is booked").At("note")
	}
	if len(c.Moves) == 0 {
		return Entry{}, errs.New(errs.Invalid, "ledger.empty", "an entry moves something").At("moves")
	}
	e := money.Entry{
		Key: "correction/" + c.RequestID, At: s.now(), Reason: "ledger.corrected", Order: c.Order, Ref: c.Ref, Customer: c.Customer,
		Campaign: c.Campaign, Layer: c.Layer, By: by, Note: c.Note,
	}
	for _, m := range c.Moves {
		if m.Fen <= 0 {
			return Entry{}, errs.New(errs.Invalid, "ledger.amount", "an amount is above zero").At("moves")
		}
		if controlled[m.Debit] || controlled[m.Credit] {
			return Entry{}, errs.New(errs.Invalid, "ledger.controlled", "wallets, points and payments keep these accounts; change them there").At("moves")
		}
		e.Moves = append(e.Moves, money.Move{Debit: m.Debit, Credit: m.Credit, Fen: m.Fen})
	}
	var out Entry
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := s.Post(ctx, tx, e); err != nil {
			return err
		}
		var err error
		out, _, err = byKey(ctx, tx, e.Key)
		return err
	})
	return out, err
}

// controlled are the accounts that equal tables of their own; a correction by hand would part them.
var controlled = map[money.Account]bool{money.WalletPrincipal: true, money.WalletGift: true, money.Points: true, money.RefundsPayable: true}

// Correction is an entry that somebody books by hand.
type Correction struct {
	RequestID string           `json:"request_id" minLength:"8" maxLength:"64" doc:"Repeating it books nothing more"`
	Order     string           `json:"order,omitempty" maxLength:"64"`
	Ref       string           `json:"ref,omitempty" maxLength:"64"`
	Customer  uint32           `json:"customer,omitempty"`
	Campaign  string           `json:"campaign,omitempty" maxLength:"64"`
	Layer     string           `json:"layer,omitempty" maxLength:"64"`
	Note      string           `json:"note" minLength:"1" maxLength:"500" doc:"Why it is booked"`
	Moves     []CorrectionMove `json:"moves" minItems:"1" maxItems:"20"`
}

// CorrectionMove is one move of a Correction.
type CorrectionMove struct {
	Debit  money.Account `json:"debit" maxLength:"40"`
	Credit money.Account `json:"credit" maxLength:"40"`
	Fen    int64         `json:"amount_fen" minimum:"1" maximum:"1000000000000"`
}

// Zone returns where business days begin and end.
func (s *Service) Zone() *time.Location { return s.zone }

// Today returns the business day that is running.
func (s *Service) Today() string { return Day(s.now(), s.zone) }

// DB returns the store the books are in, for reading.
func (s *Service) DB() *store.DB { return s.db }
