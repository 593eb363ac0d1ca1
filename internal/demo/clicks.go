package demo

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/platform/id"
)

// PageEvent is something a person does on the brand's own H5 shop, as the SDK in its pages tells it.
type PageEvent struct {
	ID       string // the same when it is told again
	At       time.Time
	Name     string // of the event, as Segment's e-commerce events are called
	Device   string
	Card     string // member card of who is signed in; empty before she is
	SKU      string
	Product  string
	Category string
	Fen      int64
	Quantity int64
	Campaign string // utm_source she came by, empty for none
}

// Clicks is where the H5 shop's SDK sends to.
type Clicks interface {
	// Told returns when the clicks are on disk; one that was told before counts once.
	Told(ctx context.Context, clicks []PageEvent) error
}

// PagesChannel is the sales channel of the shop whose pages tell what people do.
const PagesChannel = "youzan"

const (
	clickDays  = 2               // of the history of a new brand that its pages told
	strollEach = 8 * time.Second // between two visits while no days are made to pass
)

// sources are what brings people to the shop, by place in a die.
var sources = [...]string{"", "", "", "wechat", "wechat", "xiaohongshu", "douyin"}

// clicksOf are what people did on the H5 shop: a look at a product, with a sign-in now and then, and what went into the
// cart before an order.
func (s *Service) clicksOf(acts []Act, since time.Time) []PageEvent {
	var out []PageEvent
	for _, a := range acts {
		if shops[a.Shop].Channel != PagesChannel || a.At.Before(since) {
			continue
		}
		switch a.Kind {
		case Visit:
			out = append(out, s.look(a.Person, a.Product, a.At)...)
		case Buy:
			for i, l := range a.Lines {
				c := click(a.Person, l.Product, a.At.Add(-time.Duration(i+1)*time.Minute), "Product Added")
				c.Fen, c.Quantity = l.Fen, int64(l.Quantity)
				out = append(out, c)
			}
			out = append(out, click(a.Person, a.Lines[0].Product, a.At.Add(-20*time.Second), "Checkout Started"))
		}
	}
	return out
}

// look is a visit: of one in three the shop does not know at first who it is.
func (s *Service) look(person, product int, at time.Time) []PageEvent {
	r := roll(s.world.opt.Seed, forClicks, person, int(at.Unix()))
	c := click(person, product, at, "Product Viewed")
	c.Campaign = sources[r.intn(len(sources))]
	if !r.chance(1.0 / 3) {
		return []PageEvent{c}
	}
	c.Card = ""
	in := click(person, product, at.Add(25*time.Second), "Signed In")
	in.SKU, in.Product, in.Category, in.Fen = "", "", "", 0
	return []PageEvent{c, in}
}

func click(person, product int, at time.Time, name string) PageEvent {
	it := products[product]
	return PageEvent{
		ID: id.From("clk", Key(person), name, at.UTC().Format(time.RFC3339), it.SKU), At: at, Name: name, Device: fmt.Sprintf("h5-%06d", person), Card: Key(person),
		SKU: it.SKU, Product: it.Name, Category: it.Category, Fen: it.Fen, Quantity: 1,
	}
}

// tell hands the owed clicks to the product; before the world is kept, so that a day that is lived again tells them again.
func (s *Service) tell(ctx context.Context) error {
	if s.doors.Clicks == nil {
		return nil
	}
	since := s.clock.Now().AddDate(0, 0, -clickDays)
	clicks := append(s.clicksOf(s.owed.visits, since), s.clicksOf(s.owed.orders, since)...)
	if len(clicks) == 0 {
		return nil
	}
	return s.doors.Clicks.Told(ctx, clicks)
}

// stroll lets somebody look at something now. It is outside the world: nothing that happens in it depends on this.
func (s *Service) stroll(ctx context.Context) error {
	if s.doors.Clicks == nil || !s.mu.TryLock() { // days are passing
		return nil
	}
	defer s.mu.Unlock()
	if s.world == nil || len(s.numbers) == 0 {
		return nil
	}
	now := s.clock.Now()
	r := roll(s.world.opt.Seed, forClicks, 0, int(now.Unix()))
	person, product := r.intn(len(s.numbers)), r.intn(len(products))
	clicks := s.look(person, product, now)
	if r.chance(0.2) {
		clicks = append(clicks, click(person, product, now, "Product Added"))
	}
	return s.doors.Clicks.Told(ctx, clicks)
}
