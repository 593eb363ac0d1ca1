package checkout

import (
	"context"
	"time"

	"huoshui/internal/platform/store"
	"huoshui/internal/trade/pricing"
)

// Trial is a cart that staff try: whose it would be, and when.
type Trial struct {
	Customer uint32    // 0: nobody in particular, of the level and layer
	Level    string    // of nobody in particular
	Layer    string    // of nobody in particular
	At       time.Time // by the offers that hold then; zero: now
}

// Try quotes a wish as Preview does, for a customer or for somebody of a level and layer, and changes nothing.
func (s *Service) Try(ctx context.Context, t Trial, w Wish) (Preview, error) {
	find := s.stored(t.Customer)
	if t.Customer == 0 {
		find = func(context.Context, store.Querier) (Buyer, error) { return Buyer{Level: t.Level, Layer: t.Layer}, nil }
	}
	if t.At.IsZero() {
		t.At = s.Now()
	}
	return s.preview(ctx, t.Customer, find, w, t.At)
}

func (s *Service) preview(ctx context.Context, customer uint32, find buyer, w Wish, at time.Time) (Preview, error) {
	d, err := s.price(ctx, s.DB, customer, find, w, at)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Quote: d.quote, Lines: d.lines, Pickup: d.times.Pickup}
	p.Offers, _, err = pricing.Offers(d.cart, d.rules, at)
	return p, err
}
