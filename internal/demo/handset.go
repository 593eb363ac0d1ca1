package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Owner is a customer whose phone one may hold.
type Owner struct {
	ID       string    `json:"id"`
	Number   uint32    `json:"-"`
	Name     string    `json:"name"`
	Layer    string    `json:"layer" doc:"Layer code; empty before the first refresh"`
	City     string    `json:"city"`
	Level    string    `json:"level"`
	Messages int64     `json:"messages" doc:"Messages on the phone"`
	Unread   int64     `json:"unread"`
	LastAt   time.Time `json:"last_at,omitzero" doc:"When the newest message came"`
}

// Received is a message on the phone.
type Received struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	Image     string    `json:"image"`
	URL       string    `json:"url"`
	Action    string    `json:"action" doc:"What the button says"`
	ArrivedAt time.Time `json:"arrived_at"`
	OpenedAt  time.Time `json:"opened_at,omitzero"`
	ClickedAt time.Time `json:"clicked_at,omitzero"`
}

// Handset is what the simulated phone shows.
type Handset interface {
	// Owners returns customers whose name, phone or id holds search and who are in the layer ("" for any), those with
	// the newest messages first.
	Owners(ctx context.Context, search, layer string, limit int) ([]Owner, error)
	// Owner returns one customer, NotFound when there is none.
	Owner(ctx context.Context, customerID string) (Owner, error)
	// Inbox returns the messages on a phone, newest first.
	Inbox(ctx context.Context, customer uint32, limit int) ([]Received, error)
}

// Ware is a product as the phone's shop shows it.
type Ware struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Category string `json:"category"`
	PriceFen int64  `json:"price_fen" doc:"List price"`
	NowFen   int64  `json:"now_fen" doc:"Price today"`
	Pet      string `json:"pet" enum:"cat,dog"`
}

// Wares returns the catalogue at the prices of the day that holds at: for one of the brand's own people first what
// they keep to and then what else suits their pet, one of each shelf in turn; then the rest.
func (s *Service) Wares(at time.Time, customer uint32) []Ware {
	_, _, price := season(at)
	own := taste{cat | dog, -1}
	s.show.Lock()
	if i, ok := s.person[customer]; ok {
		own = s.tastes[i]
	}
	s.show.Unlock()
	out := make([]Ware, 0, len(products))
	for _, i := range own.order() {
		p := products[i]
		w := Ware{p.SKU, p.Name, p.Category, p.Fen, fenAt(i, price), "cat"}
		if p.For == dog {
			w.Pet = "dog"
		}
		out = append(out, w)
	}
	return out
}

// taste is what somebody would like to see first.
type taste struct {
	pet  pet
	food int // product; -1 for none
}

// order lists all products, the ones for this taste first.
func (t taste) order() []int {
	var out []int
	add := func(i int) {
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	if t.food >= 0 {
		add(t.food)
	}
	for nth := range products {
		for _, role := range [...]int{treat, litter, food, toy} {
			if s := shelf(t.pet, role); nth < len(s) {
				add(s[nth])
			}
		}
	}
	for i := range products {
		add(i)
	}
	return out
}

// Look records that the owner of a phone looked at a product.
func (s *Service) Look(ctx context.Context, customer uint32, sku string) error {
	i := slices.IndexFunc(products, func(p product) bool { return p.SKU == sku })
	if i < 0 {
		return errs.New(errs.NotFound, "demo.no_product", "there is no product %q", sku)
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		return outbox.Append(ctx, tx, event.Fact{ID: id.New("viw"), Name: event.PageViewed, Customer: customer,
			At: s.clock.Now(), Subject: sku, Product: sku, Category: products[i].Category, Channel: shops[2].Channel})
	})
}

// Bought is an order placed on the phone.
type Bought struct {
	Order     string `json:"order"`
	AmountFen int64  `json:"amount_fen"`
}

// BuyNow places an order for one piece of a product in the brand's own mall, reported like every order.
// The customer must be one of the brand's: Invalid otherwise. While days pass nobody can buy by hand: Conflict.
func (s *Service) BuyNow(ctx context.Context, customer uint32, sku string) (Bought, error) {
	if !s.mu.TryLock() {
		return Bought{}, errs.New(errs.Conflict, "demo.running", "days are passing already")
	}
	defer s.mu.Unlock()
	at := slices.IndexFunc(products, func(p product) bool { return p.SKU == sku })
	if at < 0 {
		return Bought{}, errs.New(errs.NotFound, "demo.no_product", "there is no product %q", sku)
	}
	i, ok := s.person[customer]
	if !ok || s.world == nil {
		return Bought{}, errs.New(errs.Invalid, "demo.not_ours", "only customers of the demo brand can buy on the phone")
	}
	now := s.clock.Now().Truncate(time.Second)
	_, _, price := season(now)
	l := &s.world.lives[i]
	l.Orders++
	act := Act{At: now, Kind: Buy, Person: i, Shop: 2, Lines: []line{{at, 1, fenAt(at, price)}}}
	act.Number = orderNumber(shops[2].Channel, now, i, l.Orders)
	l.Spent, l.Last, l.Alive = l.Spent+total(act.Lines), now, true
	if err := s.doors.Shop.Record(ctx, nil, []Sale{saleOf(act)}); err != nil {
		return Bought{}, fmt.Errorf("phone order: %w", err)
	}
	return Bought{act.Number, total(act.Lines)}, s.keep(ctx, true)
}

// Phone returns what the phones show.
func (s *Service) Phone() Handset { return s.doors.Handset }

// Reach returns what a person can do with a message.
func (s *Service) Reach() Reach { return s.doors.Reach }
