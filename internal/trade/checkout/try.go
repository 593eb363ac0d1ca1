package checkout

import (
	"context"
	"time"

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
	who := Buyer{Level: t.Level, Layer: t.Layer}
	if t.Customer != 0 {
		var err error
		if who, err = s.People.Buyer(ctx, s.DB, t.Customer); err != nil {
			return Preview{}, err
		}
	}
	if t.At.IsZero() {
		t.At = s.Now()
	}
	return s.preview(ctx, who, w, t.At)
}

func (s *Service) preview(ctx context.Context, who Buyer, w Wish, at time.Time) (Preview, error) {
	d, err := s.price(ctx, s.DB, who, w, at)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Quote: d.quote, Lines: d.lines, Pickup: d.times.Pickup}
	p.Offers, _, err = pricing.Offers(d.cart, d.rules, at)
	return p, err
}
