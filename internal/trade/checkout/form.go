package checkout

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// Form is how something is bought when it is not bought plainly.
type Form struct {
	Kind    string `json:"kind,omitempty" enum:"group,presale" doc:"group: together with others; presale: the tail of a deposit"`
	Offer   string `json:"offer,omitempty" maxLength:"64" doc:"What is offered: the group offer"`
	Group   string `json:"group,omitempty" maxLength:"64" doc:"The group that is joined; empty opens one"`
	Booking string `json:"booking,omitempty" maxLength:"64" doc:"Of a presale: what the deposit was paid for"`
}

// Terms are what a form of selling makes of a sale.
type Terms struct {
	Group string    // the group that was joined, or opened
	PayBy time.Time // when it is closed unpaid; zero: by the store's times
	Held  bool      // once paid it is not to be sent until Unhold
}

// under puts a sale under the terms of its form.
func (s *Sale) under(t Terms) {
	s.Held = t.Held
	if t.Group != "" {
		s.Form.Group = t.Group
	}
	if !t.PayBy.IsZero() && t.PayBy.Before(s.DueAt) {
		s.DueAt = t.PayBy
	}
}

// unheld is a Conflict for a sale that is not to be sent yet.
func (s *Sale) unheld() error {
	if s.Held {
		return errs.New(errs.Conflict, "sale.held", "its group is not complete: it cannot be sent yet")
	}
	return nil
}

// ByGroup says that a sale was closed because its group's time was over.
const ByGroup = "group"

// ByPresale is the form of a sale that pays a presale's tail, and says that it was closed because the presale is over.
const ByPresale = "presale"

// Unhold lets a sale be sent: its group is complete. Again, or of one that ended, it changes nothing.
func (s *Service) Unhold(ctx context.Context, saleID string) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		sale, err := held(ctx, tx, saleID, 0)
		if err != nil || !sale.Held {
			return err
		}
		sale.Held = false
		return save(ctx, tx, sale)
	})
}

// CloseUnpaid ends a sale that nobody paid; one that was paid is a Conflict.
func (s *Service) CloseUnpaid(ctx context.Context, saleID, reason string) error {
	_, err := s.Close(ctx, 0, saleID, reason)
	return err
}

// GiveAllBack gives back what is left of a paid sale: all units, freight and money, once per request; its goods are to be sold again.
// One that was given back already stays so.
func (s *Service) GiveAllBack(ctx context.Context, saleID, request, by string) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		sale, err := held(ctx, tx, saleID, 0)
		if err != nil || sale.State == Refunded {
			return err
		}
		before, err := givenOf(ctx, tx, saleID)
		if err != nil {
			return err
		}
		giving := pricing.Giving{Units: map[string]int64{}}
		var restock []inventory.Item
		for _, l := range sale.Quote.Lines {
			if n := l.Quantity - before[l.Key].Quantity; n > 0 {
				giving.Units[l.Key] = n
				restock = append(restock, inventory.Item{SKU: l.SKU, Quantity: n})
			}
		}
		if before[pricing.FreightKey].Quantity == 0 && sale.Quote.Freight.PayFen > 0 {
			giving.Units[pricing.FreightKey] = 1
		}
		_, err = s.GiveBackTx(ctx, tx, saleID, request, giving, restock, by)
		return err
	})
}
