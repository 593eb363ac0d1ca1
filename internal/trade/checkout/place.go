package checkout

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// Wish is what a customer asks to buy. She says no prices.
type Wish struct {
	Lines   []pricing.CartLine `json:"lines" minItems:"1" maxItems:"100"`
	Coupons []string           `json:"coupons,omitempty" maxItems:"10" doc:"Ids of coupons to use"`
	Best    bool               `json:"best,omitempty" doc:"Use the best coupons instead"`
	Points  int64              `json:"points,omitempty" minimum:"0" doc:"At most so many points"`
	Balance int64              `json:"balance_fen,omitempty" minimum:"0" doc:"At most so much of the balance"`
	Address Address            `json:"address"`
	Remark  string             `json:"remark,omitempty" maxLength:"200"`
	Form    Form               `json:"form,omitzero" doc:"How it is bought when not plainly"`
	Pickup  bool               `json:"pickup,omitempty" doc:"She comes for it, where the store says; no address is needed and sending costs nothing"`
}

// Preview is what a wish would cost now.
type Preview struct {
	Quote  pricing.Quotation `json:"quote"`
	Lines  []Line            `json:"lines"`
	Offers []pricing.Offer   `json:"offers" doc:"What each coupon she holds would save, or why it cannot be used"`
	Pickup string            `json:"pickup" doc:"Where it can be picked up; empty when it cannot"`
}

// Preview quotes a wish and changes nothing.
func (s *Service) Preview(ctx context.Context, customer uint32, w Wish) (Preview, error) {
	return s.preview(ctx, customer, s.stored(customer), w, s.Now())
}

// buyer finds out who buys.
type buyer func(ctx context.Context, q store.Querier) (Buyer, error)

// stored is a customer as she is stored.
func (s *Service) stored(customer uint32) buyer {
	return func(ctx context.Context, q store.Querier) (Buyer, error) { return s.People.Buyer(ctx, q, customer) }
}

// priced is a wish with all that it was priced by.
type priced struct {
	who   Buyer
	cart  pricing.Cart
	rules pricing.Rules
	items map[string]catalog.Item
	quote pricing.Quotation
	lines []Line
	times Rules
}

// free is what goods are sent by that name no freight template: for nothing.
var free = pricing.Freights{ID: catalog.StoreFreight, By: pricing.ByPiece, Regions: []pricing.Region{{First: 1, More: 1}}}

// price quotes a wish of a customer by what is stored; of what she says only SKUs, quantities and choices count.
func (s *Service) price(ctx context.Context, q store.Querier, customer uint32, find buyer, w Wish, now time.Time) (priced, error) {
	var d priced
	skus := make([]string, 0, len(w.Lines))
	for _, l := range w.Lines {
		skus = append(skus, l.SKU)
	}
	var held []pricing.Coupon
	err := store.Gather(ctx, q, func(q store.Querier) (err error) {
		d.who, err = find(ctx, q)
		return err
	}, func(q store.Querier) (err error) {
		if d.items, err = catalog.Items(ctx, q, skus); err != nil {
			return err
		}
		for i, l := range w.Lines {
			if item, ok := d.items[l.SKU]; !ok || !item.Sold() && w.Form.Kind != ByPresale { // what a deposit was paid for is sold, whatever else is
				return errs.New(errs.Conflict, "sale.not_sold", "SKU %q is not sold", l.SKU).At(fmt.Sprintf("lines.%d", i)).With("sku", l.SKU)
			}
		}
		return nil
	}, func(q store.Querier) (err error) {
		d.times, _, err = settings.Get(ctx, q, SettingName, DefaultRules())
		if err == nil && w.Pickup && d.times.Pickup == "" {
			err = errs.New(errs.Conflict, "sale.no_pickup", "the store has no place where orders are picked up").At("pickup")
		}
		return err
	}, func(q store.Querier) (err error) {
		d.rules, held, err = s.Offers.Rules(ctx, q, customer, skus, w.Form, now)
		return err
	})
	if err != nil {
		return d, err
	}
	who := d.who
	d.rules.Templates = maps.Clone(d.rules.Templates) // the lists are shared
	sends, ok := d.rules.Templates[d.times.Freight]
	if !ok || d.times.Freight == "" {
		sends = free
	}
	d.rules.Templates[catalog.StoreFreight] = sends
	d.rules.Items = make(map[string]pricing.Item, len(d.items))
	for code, item := range d.items {
		freight := item.FreightTemplate()
		if w.Pickup {
			freight = ""
		}
		d.rules.Items[code] = pricing.Item{Product: item.GoodsID, Categories: item.Categories(), PriceFen: item.PriceFen, WeightGram: item.WeightG, Freight: freight}
	}
	d.cart = pricing.Cart{
		Customer: pricing.Customer{Level: who.Level, Layer: who.Layer}, Lines: w.Lines, Region: w.Address.Region,
		Coupons: held, Use: w.Coupons, Best: w.Best, Points: max(w.Points, 0), Balance: max(w.Balance, 0),
	}
	if d.cart.Points > 0 {
		if d.rules.Points, d.cart.Customer.Points, err = s.Points.Rules(ctx, q, who.Number); err != nil {
			return d, err
		}
	}
	if d.cart.Balance > 0 {
		if d.cart.Customer.PrincipalFen, d.cart.Customer.GiftFen, err = s.Wallet.Balance(ctx, q, who.Number); err != nil {
			return d, err
		}
	}
	if d.quote, err = pricing.Quote(d.cart, d.rules, now); err != nil {
		return d, err
	}
	d.lines = make([]Line, len(d.quote.Lines))
	for i, l := range d.quote.Lines {
		item := d.items[l.SKU]
		d.lines[i] = Line{Key: l.Key, SKU: l.SKU, Goods: item.GoodsID, Name: item.Name(), Picture: item.Cover(), Category: item.CategoryName, Kind: item.Kind}
	}
	return d, nil
}

// sent reports whether something of a sale goes to an address.
func sent(lines []Line) bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return l.Kind == catalog.KindPhysical || l.Kind == catalog.KindConsumable })
}

func (a *Address) check(needed bool) error {
	for field, v := range map[string]*string{"name": &a.Name, "phone": &a.Phone, "region": &a.Region, "place": &a.Place, "street": &a.Street} {
		*v = strings.TrimSpace(*v)
		if needed && *v == "" && field != "place" {
			return errs.New(errs.Invalid, "sale.address", "an address has a %s", field).At("address."+field).With("field", field)
		}
		if utf8.RuneCountInString(*v) > 120 {
			return errs.New(errs.Invalid, "sale.address", "the %s is too long", field).At("address."+field).With("field", field)
		}
	}
	return nil
}

// Place makes a sale of a wish: one per customer and request, the same request again returns the sale it made. seenFen is the
// total that the customer was shown; another total now is a Conflict ("sale.price_changed"), so that nobody pays what she has
// not seen. Too little stock, a coupon, points or balance that went meanwhile are Conflicts that name it; nothing is half done.
// A sale that leaves nothing to pay is paid at once.
func (s *Service) Place(ctx context.Context, customer uint32, request string, w Wish, seenFen int64) (Sale, error) {
	if request == "" || len(request) > 64 {
		return Sale{}, errs.New(errs.Invalid, "sale.request", "a request has an id of up to 64 bytes").At("request")
	}
	if utf8.RuneCountInString(w.Remark) > 200 {
		return Sale{}, errs.New(errs.Invalid, "sale.remark", "a remark has at most 200 characters").At("remark")
	}
	for attempt := 1; ; attempt++ {
		sale, err := s.placeOnce(ctx, customer, request, w, seenFen)
		if err == nil || !errs.Is(err, errs.Conflict) {
			return sale, err
		}
		if made, again := byRequest(ctx, s.DB, customer, request); again == nil { // from two connections at once: the other made it
			return made, nil
		}
		var e *errs.Error
		if attempt == 3 || !errors.As(err, &e) || e.Code != "store.duplicate" { // another sale got the same number
			return sale, err
		}
	}
}

func (s *Service) placeOnce(ctx context.Context, customer uint32, request string, w Wish, seenFen int64) (sale Sale, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		var d priced
		made, now := false, s.Now()
		err := store.Gather(ctx, tx, func(q store.Querier) (err error) {
			if sale, err = byRequest(ctx, q, customer, request); err == nil {
				made, err = true, errMade
			} else if errs.Is(err, errs.NotFound) {
				err = nil
			}
			return err
		}, func(q store.Querier) (err error) {
			d, err = s.price(ctx, q, customer, s.stored(customer), w, now)
			return err
		})
		if err != nil {
			if made {
				return nil
			}
			return err
		}
		sale, err = s.place(ctx, tx, d, request, w, seenFen, now)
		return err
	})
	return sale, err
}

// errMade says that the sale of a request is there already.
var errMade = errors.New("checkout: the sale was made before")

func (s *Service) place(ctx context.Context, tx *store.Tx, d priced, request string, w Wish, seenFen int64, now time.Time) (Sale, error) {
	who, customer := d.who, d.who.Number
	q := &d.quote
	if w.Form.Kind == "" {
		w.Form = Form{}
	}
	switch {
	case len(q.Refused) > 0:
		r := q.Refused[0]
		return Sale{}, errs.New(errs.Conflict, "sale.coupon_refused", "coupon %s cannot be used: %s", r.Coupon, r.Code).With("coupon", r.Coupon).With("why", r.Code)
	case q.TotalFen != seenFen:
		return Sale{}, errs.New(errs.Conflict, "sale.price_changed", "it costs %d fen now, not %d", q.TotalFen, seenFen).With("total_fen", q.TotalFen)
	}
	if err := w.Address.check(sent(d.lines) && !w.Pickup); err != nil {
		return Sale{}, err
	}
	delivery := ByShip
	if w.Pickup && sent(d.lines) {
		delivery = ByPickup
		w.Address.Place, w.Address.Street, w.Address.Region = d.times.Pickup, "", ""
	}
	sale := Sale{
		ID: id.New("sal"), Number: number(now), Customer: customer, Request: request, State: Unpaid, Quote: *q, Lines: d.lines, Address: w.Address,
		Remark: w.Remark, Layer: who.Layer, TotalFen: q.TotalFen, CashFen: q.CashFen, PlacedAt: now, DueAt: now.Add(time.Duration(d.times.PayMinutes) * time.Minute),
		Delivery: delivery, PhoneTail: tail(w.Address.Phone), Form: w.Form,
	}
	items := make([]inventory.Item, len(q.Lines))
	for i, l := range q.Lines {
		items[i] = inventory.Item{SKU: l.SKU, Quantity: l.Quantity}
	}
	terms, err := s.Offers.Take(ctx, tx, who, sale.ID, w.Form, q, now) // offers before stock, always: none waits for another in a ring
	if err != nil {
		return Sale{}, err
	}
	sale.under(terms)
	if err := inventory.Reserve(ctx, tx, sale.ID, inventory.Online, items, now); err != nil {
		return Sale{}, err
	}
	if q.Points > 0 {
		if err := s.Points.Burn(ctx, tx, customer, sale.ID+"/points", sale.ID, who.Layer, q.Points, q.PointsFen); err != nil {
			return Sale{}, err
		}
	}
	if fen := sale.balance(); fen > 0 {
		if err := s.Wallet.Spend(ctx, tx, customer, sale.ID+"/wallet", sale.ID, who.Layer, fen); err != nil {
			return Sale{}, err
		}
	}
	if err := store.InsertLater(ctx, tx, "sales", []Sale{sale}, ""); err != nil {
		return Sale{}, err
	}
	if err := bought(ctx, tx, customer, w.Lines, now); err != nil {
		return Sale{}, err
	}
	if err := outbox.Append(ctx, tx, sale.fact(event.OrderPlaced, now, "")); err != nil {
		return Sale{}, err
	}
	if sale.CashFen == 0 {
		return s.paid(ctx, tx, sale, "", now)
	}
	return sale, nil
}

// tail is the last four digits of a phone number.
func tail(phone string) string {
	d := digits(phone)
	return d[max(len(d)-4, 0):]
}

// number is what people call a sale: its time, and digits that nobody can guess.
func number(now time.Time) string {
	n, err := rand.Int(rand.Reader, big.NewInt(1e6))
	if err != nil {
		panic(err) // the system has no random numbers: nothing that is made now could be trusted
	}
	return fmt.Sprintf("%s%03d%06d", now.Format("060102150405"), now.Nanosecond()/1e6, n)
}

func (s *Sale) fact(name string, at time.Time, detail string) event.Fact {
	return event.Fact{
		ID: s.ID + "/" + name, Name: name, Customer: s.Customer, At: at, Subject: s.ID, Amount: s.TotalFen, Quantity: s.quantity(), Channel: Channel, Detail: detail,
	}
}

func byRequest(ctx context.Context, q store.Querier, customer uint32, request string) (Sale, error) {
	return store.One[Sale](ctx, q, `SELECT * FROM sales WHERE customer = ? AND request = ?`, customer, request)
}

// Get returns a sale of a customer; another's is NotFound, as one that does not exist.
func (s *Service) Get(ctx context.Context, customer uint32, saleID string) (Sale, error) {
	return one(ctx, s.DB, saleID, customer)
}

// Any returns a sale, whosever it is: for staff.
func (s *Service) Any(ctx context.Context, saleID string) (Sale, error) {
	return one(ctx, s.DB, saleID, 0)
}

// one reads a sale; a customer other than 0 must be its buyer.
func one(ctx context.Context, q store.Querier, saleID string, customer uint32) (Sale, error) {
	return readOne(ctx, q, saleID, customer, "")
}

func readOne(ctx context.Context, q store.Querier, saleID string, customer uint32, hold string) (Sale, error) {
	sale, err := store.One[Sale](ctx, q, `SELECT * FROM sales WHERE id = ?`+hold, saleID)
	if errs.Is(err, errs.NotFound) || err == nil && customer != 0 && sale.Customer != customer {
		return Sale{}, errs.New(errs.NotFound, "sale.not_found", "there is no such order")
	}
	return sale, err
}

// held reads a sale and keeps it as it is until the transaction ends.
func held(ctx context.Context, tx *store.Tx, saleID string, customer uint32) (Sale, error) {
	return readOne(ctx, tx, saleID, customer, tx.Hold())
}

// save writes what may change of a sale.
func save(ctx context.Context, tx *store.Tx, s Sale) error {
	address, err := json.Marshal(s.Address)
	if err != nil {
		return fmt.Errorf("sale: %w", err)
	}
	return tx.Later(ctx, `UPDATE sales SET state = ?, address = ?, refunded_fen = ?, earned_fen = ?, order_id = ?, payment = ?, carrier = ?, tracking = ?, close_reason = ?, waiting = ?, held = ?,
		due_at = ?, paid_at = ?, shipped_at = ?, finished_at = ?, closed_at = ? WHERE id = ?`,
		string(s.State), string(address), s.RefundedFen, s.EarnedFen, s.OrderID, s.Payment, s.Carrier, s.Tracking, s.CloseReason, s.Waiting, s.Held, s.DueAt, s.PaidAt, s.ShippedAt, s.FinishedAt, s.ClosedAt, s.ID)
}

// discounts books what the brand took off: it counts as received, and as what it is.
func (s *Sale) discounts(at time.Time) money.Entry {
	e := money.Entry{Key: s.ID + "/discounts", At: at, OrToday: true, Reason: "order.discounted", Order: s.ID, Customer: s.Customer, Layer: s.Layer}
	for _, a := range s.Quote.Applied {
		switch {
		case a.Kind == pricing.KindPoints: // booked where points are
		case isCoupon(a.Kind):
			e.Moves = append(e.Moves, money.Move{Debit: money.CouponCost, Credit: money.Deferred, Fen: a.Fen})
		default:
			e.Moves = append(e.Moves, money.Move{Debit: money.Discounts, Credit: money.Deferred, Fen: a.Fen})
		}
	}
	return e
}
