package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/pricing"
)

// Note is what staff write of a sale for each other.
type Note struct {
	ID   string    `db:"id" json:"id"`
	Sale string    `db:"sale" json:"-"`
	Text string    `db:"text" json:"text"`
	By   string    `db:"made_by" json:"by"`
	At   time.Time `db:"at" json:"at"`
}

// GivenBack is what was given back of a sale at once.
type GivenBack struct {
	Request string         `json:"request"`
	Refund  pricing.Refund `json:"refund"`
	By      string         `json:"by"`
	At      time.Time      `json:"at"`
}

// File is a sale with all that was done about it.
type File struct {
	Sale
	Given   map[string]pricing.Given `json:"given" doc:"What has been given back of each line, by its key; @freight for the freight"`
	Refunds []GivenBack              `json:"refunds" doc:"In their order"`
	Notes   []Note                   `json:"notes" doc:"The latest first"`
	Uses    []Use                    `json:"uses" doc:"Uses of its codes, in their order"`
}

// File returns a sale, whosever it is, with all that was done about it; its codes only with their ends.
func (s *Service) File(ctx context.Context, saleID string) (File, error) {
	sale, err := one(ctx, s.DB, saleID, 0)
	if err != nil {
		return File{}, err
	}
	f := File{Sale: sale, Refunds: []GivenBack{}}
	if f.Sale.Codes, err = s.Codes(ctx, &sale, false); err != nil {
		return f, err
	}
	if f.Uses, err = s.Uses(ctx, saleID); err != nil {
		return f, err
	}
	if f.Given, err = givenOf(ctx, s.DB, saleID); err != nil {
		return f, err
	}
	if f.Notes, err = store.All[Note](ctx, s.DB, `SELECT * FROM sale_notes WHERE sale = ? ORDER BY at DESC, id DESC LIMIT 200`, saleID); err != nil {
		return f, err
	}
	type row struct {
		Request string    `db:"request"`
		Refund  string    `db:"refund"`
		By      string    `db:"made_by"`
		At      time.Time `db:"at"`
	}
	err = store.Each(ctx, s.DB, `SELECT request, refund, made_by, at FROM sale_refunds WHERE sale = ? ORDER BY at, request`, []any{saleID}, func(r row) error {
		back := GivenBack{Request: r.Request, By: r.By, At: r.At}
		if err := json.Unmarshal([]byte(r.Refund), &back.Refund); err != nil {
			return fmt.Errorf("refund of %s: %w", saleID, err)
		}
		f.Refunds = append(f.Refunds, back)
		return nil
	})
	return f, err
}

// Whole returns a sale of a customer with its codes.
func (s *Service) Whole(ctx context.Context, customer uint32, saleID string) (Sale, error) {
	sale, err := one(ctx, s.DB, saleID, customer)
	if err != nil {
		return sale, err
	}
	if sale.OrderID != "" && sale.State != Refunded {
		sale.Codes, err = s.Codes(ctx, &sale, true)
	}
	return sale, err
}

// WouldGive says what giving part of a sale back would come to, and changes nothing.
func (s *Service) WouldGive(ctx context.Context, saleID string, giving pricing.Giving) (pricing.Refund, error) {
	sale, err := one(ctx, s.DB, saleID, 0)
	if err != nil {
		return pricing.Refund{}, err
	}
	if sale.OrderID == "" || sale.State == Refunded {
		return pricing.Refund{}, errs.New(errs.Conflict, "sale.state", "nothing of a sale that is %s can be given back", sale.State).With("state", string(sale.State))
	}
	before, err := givenOf(ctx, s.DB, saleID)
	if err != nil {
		return pricing.Refund{}, err
	}
	return pricing.RefundOf(&sale.Quote, before, giving)
}

// AddNote writes a note of a sale.
func (s *Service) AddNote(ctx context.Context, saleID, text, by string) (Note, error) {
	n := Note{ID: id.New("nte"), Sale: saleID, Text: strings.TrimSpace(text), By: by, At: s.Now()}
	if n.Text == "" || utf8.RuneCountInString(n.Text) > 500 {
		return n, errs.New(errs.Invalid, "sale.note", "a note has 1 to 500 characters").At("text")
	}
	if _, err := one(ctx, s.DB, saleID, 0); err != nil {
		return n, err
	}
	return n, s.DB.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "sale_notes", n) })
}

// CloseFor cancels an unpaid sale for a reason that staff write down with it.
func (s *Service) CloseFor(ctx context.Context, saleID, why, by string) (sale Sale, err error) {
	why = strings.TrimSpace(why)
	if why == "" || utf8.RuneCountInString(why) > 200 {
		return sale, errs.New(errs.Invalid, "sale.close_reason", "say why, in up to 200 characters").At("reason")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if sale, err = s.close(ctx, tx, 0, saleID, ByStaff); err != nil {
			return err
		}
		return store.Insert(ctx, tx, "sale_notes", Note{ID: id.New("nte"), Sale: saleID, Text: why, By: by, At: s.Now()})
	})
	return sale, err
}

// ByNumber returns the sale of a number, or NotFound.
func (s *Service) ByNumber(ctx context.Context, number string) (Sale, error) {
	sale, err := store.One[Sale](ctx, s.DB, `SELECT * FROM sales WHERE number = ?`, number)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "sale.not_found", "there is no such order")
	}
	return sale, err
}
