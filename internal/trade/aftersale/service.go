package aftersale

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/photo"
	"huoshui/internal/trade/pricing"
)

// Insurer pays what sending goods back cost into customers' balances. Keys are idempotency keys.
type Insurer interface {
	Insure(ctx context.Context, tx *store.Tx, key string, customer uint32, sale, layer string, fen int64, by string) error
}

// Service keeps cases.
type Service struct {
	db      *store.DB
	sales   *checkout.Service
	insurer Insurer
	now     func() time.Time
}

// NewService returns the cases in db.
func NewService(db *store.DB, sales *checkout.Service, insurer Insurer, now func() time.Time) *Service {
	return &Service{db, sales, insurer, now}
}

// maxPictures is how many pictures a case shows for each thing that is said.
const maxPictures = 9

// Wish is what is asked for.
type Wish struct {
	Sale     string   `json:"sale" minLength:"1" maxLength:"64" doc:"Id of the order"`
	Kind     Kind     `json:"kind" enum:"refund,return,exchange"`
	Lines    []Line   `json:"lines" minItems:"1" maxItems:"50"`
	Reason   string   `json:"reason" enum:"no_reason,quality,damaged,wrong,not_as_described,not_received,not_wanted,other"`
	Words    string   `json:"words,omitempty" maxLength:"500"`
	Pictures []string `json:"pictures,omitempty" maxItems:"9" doc:"Ids of one's own pictures"`
}

// rules returns the rules in force.
func (s *Service) rules(ctx context.Context, q store.Querier) (Rules, error) {
	r, _, err := settings.Get(ctx, q, SettingName, DefaultRules())
	return r, err
}

// Rules returns the rules in force.
func (s *Service) Rules(ctx context.Context) (Rules, error) { return s.rules(ctx, s.db) }

// SetRules puts rules in force, for what is asked from now on.
func (s *Service) SetRules(ctx context.Context, r Rules, by string) error {
	if err := r.Check(); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := settings.Put(ctx, tx, SettingName, r, by, s.now())
		return err
	})
}

// Open makes a case of what a customer asks, once per sale and request: the same again returns the case it made. Units that she has not,
// or asked about already, are a Conflict "after_sale.units"; when its time is over, "after_sale.late", which staff may override with a
// reason (customer 0).
func (s *Service) Open(ctx context.Context, customer uint32, request string, w Wish, override, by string) (c Case, err error) {
	if request == "" || len(request) > 64 {
		return c, errs.New(errs.Invalid, "after_sale.request", "a request has an id of up to 64 bytes").At("request")
	}
	if err := w.check(); err != nil {
		return c, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		sale, err := checkout.Hold(ctx, tx, w.Sale, customer)
		if err != nil {
			return err
		}
		if c, err = store.One[Case](ctx, tx, `SELECT * FROM after_sales WHERE sale = ? AND request = ?`, sale.ID, request); err == nil || !errs.Is(err, errs.NotFound) {
			return err
		}
		c, err = s.open(ctx, tx, &sale, customer, request, w, override, by)
		return err
	})
	return c, err
}

func (w *Wish) check() error {
	w.Words = strings.TrimSpace(w.Words)
	switch {
	case machines[w.Kind] == nil:
		return errs.New(errs.Invalid, "after_sale.kind", "there is no kind %q", w.Kind).At("kind")
	case !slices.Contains(Reasons, w.Reason):
		return errs.New(errs.Invalid, "after_sale.reason", "there is no reason %q", w.Reason).At("reason")
	case utf8.RuneCountInString(w.Words) > 500 || !utf8.ValidString(w.Words):
		return errs.New(errs.Invalid, "after_sale.words", "at most 500 characters").At("words")
	case len(w.Lines) == 0 || len(w.Lines) > 50:
		return errs.New(errs.Invalid, "after_sale.lines", "a case names 1 to 50 lines").At("lines")
	}
	for i, l := range w.Lines {
		twice := slices.ContainsFunc(w.Lines[:i], func(o Line) bool { return o.Key == l.Key && o.SKU == l.SKU })
		if twice || l.Quantity < 1 || l.Quantity > 999 || (w.Kind == Exchange) != (l.To != "") {
			return errs.New(errs.Invalid, "after_sale.lines", "a line is named once, with its units, and with another SKU when it is exchanged").At(fmt.Sprintf("lines.%d", i))
		}
	}
	return nil
}

func (s *Service) open(ctx context.Context, tx *store.Tx, sale *checkout.Sale, customer uint32, request string, w Wish, override, by string) (Case, error) {
	rules, err := s.rules(ctx, tx)
	if err != nil {
		return Case{}, err
	}
	others, given, err := s.around(ctx, tx, sale.ID)
	if err != nil {
		return Case{}, err
	}
	now, has := s.now(), left(sale.Lines, sale.Quote.Lines, given, others)
	if override != "" && customer == 0 {
		rules.Days = 36500
	}
	c := Case{
		ID: id.New("afs"), Sale: sale.ID, SaleNumber: sale.Number, Customer: sale.Customer, Request: request, Kind: w.Kind, State: Requested, Lines: w.Lines, Reason: w.Reason,
		Words: w.Words, Pictures: orEmpty(w.Pictures), MadeBy: by, Refund: pricing.Refund{Lines: []pricing.RefundLine{}, Coupons: []string{}}, MadeAt: now, ChangedAt: now, DueAt: rules.due(Requested, now),
	}
	if customer == 0 {
		c.Override = override
	}
	if c.Number, err = number(now); err != nil {
		return c, err
	}
	for i := range c.Lines {
		l, at := &c.Lines[i], fmt.Sprintf("lines.%d", i)
		place := slices.IndexFunc(sale.Lines, func(o checkout.Line) bool { return o.Key == l.Key })
		if place < 0 {
			return c, errs.New(errs.Invalid, "after_sale.lines", "the order has no such line").At(at)
		}
		if kinds := rules.kinds(sale, sale.Lines[place], now); !slices.Contains(kinds, w.Kind) {
			return c, errs.New(errs.Conflict, "after_sale.late", "that cannot be asked of this line, or no more").At(at).With("state", string(sale.State))
		}
		if n := has[unit{l.Key, l.SKU}]; l.Quantity > n {
			return c, errs.New(errs.Conflict, "after_sale.units", "%d units are left to ask about", n).At(at).With("left", n)
		}
		l.Name, l.Picture, l.Good, l.ToName = sale.Lines[place].Name, sale.Lines[place].Picture, 0, ""
	}
	if err := s.named(ctx, tx, sale, &c); err != nil {
		return c, err
	}
	if w.Kind != Refund {
		c.CoverFen = rules.cover(sale)
	}
	if err := photo.Use(ctx, tx, sale.Customer, c.ID, c.Pictures, maxPictures); err != nil {
		return c, err
	}
	if err := store.Insert(ctx, tx, "after_sales", c); err != nil {
		return c, err
	}
	who := ByCustomer
	if customer == 0 {
		who = ByStaff
	}
	return c, s.note(ctx, tx, &c, sale, Past{Request: "request", Step: Request, Who: who, By: by, Note: c.Words, Pictures: c.Pictures}, event.AfterSaleRequested)
}

// named gives the SKUs of a case's lines their names, and refuses an exchange for what is not sold, of other goods, or of another price.
func (s *Service) named(ctx context.Context, tx *store.Tx, sale *checkout.Sale, c *Case) error {
	var skus []string
	for _, l := range c.Lines {
		skus = append(skus, l.SKU, l.To)
	}
	items, err := catalog.Items(ctx, tx, skus)
	if err != nil {
		return err
	}
	for i := range c.Lines {
		l := &c.Lines[i]
		has, known := items[l.SKU]
		if known {
			if !slices.ContainsFunc(sale.Lines, func(o checkout.Line) bool { return o.Key == l.Key && o.SKU == l.SKU }) {
				l.Name = has.Name() // it was exchanged before
			}
		}
		if c.Kind != Exchange {
			continue
		}
		to, ok := items[l.To]
		if !ok || !to.Sold() || !known || to.GoodsID != has.GoodsID || to.PriceFen != has.PriceFen {
			return errs.New(errs.Conflict, "after_sale.exchange", "it can be exchanged for another SKU of the same goods and the same price").At(fmt.Sprintf("lines.%d.to", i))
		}
		l.ToName = to.Name()
	}
	return nil
}

// number is what people call a case.
func number(now time.Time) (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1e6))
	if err != nil {
		return "", fmt.Errorf("after-sale: %w", err)
	}
	return fmt.Sprintf("S%s%06d", now.Format("060102150405"), n), nil
}

func orEmpty(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

// around returns the other cases of a sale and what was given back of it.
func (s *Service) around(ctx context.Context, q store.Querier, sale string) ([]Case, map[string]pricing.Given, error) {
	all, err := store.All[Case](ctx, q, `SELECT * FROM after_sales WHERE sale = ? ORDER BY made_at, id`, sale)
	if err != nil {
		return nil, nil, err
	}
	given, err := checkout.Given(ctx, q, sale)
	return all, given, err
}

// note writes a step down with its facts.
func (s *Service) note(ctx context.Context, tx *store.Tx, c *Case, sale *checkout.Sale, p Past, facts ...string) error {
	p.ID, p.Case, p.State, p.At = id.New("afp"), c.ID, c.State, s.now()
	p.Pictures = orEmpty(p.Pictures)
	if err := store.Insert(ctx, tx, "after_sale_steps", p); err != nil {
		return err
	}
	props, err := json.Marshal(map[string]any{"kind": c.Kind, "reason": c.Reason, "order": sale.OrderID, "text": p.Note})
	if err != nil {
		return fmt.Errorf("after-sale: %w", err)
	}
	var all []event.Fact
	for _, name := range facts {
		f := event.Fact{ID: p.ID + "/" + name, Name: name, Customer: c.Customer, At: p.At, Subject: c.ID, Channel: checkout.Channel, Detail: string(c.Kind), Amount: c.RefundFen, Props: props}
		if name == event.AfterSaleClosed {
			f.Detail = p.Who
		}
		if len(c.Lines) == 1 {
			f.Product = c.Lines[0].SKU
		}
		for _, l := range c.Lines {
			f.Quantity += l.Quantity
		}
		all = append(all, f)
	}
	return outbox.Append(ctx, tx, all...)
}

// Do is a step to do.
type Do struct {
	Case     string
	Customer uint32 // who it must be of; 0: any, for staff and the clock
	Who      string
	By       string // staff id
	Request  string // idempotency key: the same again changes nothing
	Step     Step
	Note     string
	Pictures []string
	Carrier  string
	Tracking string
	// FreightFen is what sending back cost; of Receive, when not nil, what the insurance pays.
	FreightFen *int64
	Freight    *bool            // whether the order's freight comes back too; nil: as usual
	Amounts    map[string]int64 // of a refund whose goods stay: money by line, instead of units
	Good       []int64          // of Receive: units of each line that can be sold again; missing: all
}

// Do does a step, once per case and request. What cannot be done now is a Conflict.
func (s *Service) Do(ctx context.Context, d Do) (c Case, err error) {
	if d.Request == "" || len(d.Request) > 64 {
		return c, errs.New(errs.Invalid, "after_sale.request", "a request has an id of up to 64 bytes").At("request")
	}
	d.Note, d.Carrier, d.Tracking = strings.TrimSpace(d.Note), strings.TrimSpace(d.Carrier), strings.TrimSpace(d.Tracking)
	if err := d.check(); err != nil {
		return c, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if c, err = one(ctx, tx, d.Case, d.Customer); err != nil {
			return err
		}
		sale, err := checkout.Hold(ctx, tx, c.Sale, 0) // whoever gives back, or asks, holds the sale
		if err != nil {
			return err
		}
		if c, err = one(ctx, tx, d.Case, d.Customer); err != nil { // it may have changed until then
			return err
		}
		n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM after_sale_steps WHERE case_id = ? AND request = ?`, c.ID, d.Request)
		if err != nil || n > 0 {
			return err
		}
		return s.do(ctx, tx, &c, &sale, d)
	})
	return c, err
}

func (d *Do) check() error {
	need := func(ok bool, field, code string) error {
		if ok {
			return nil
		}
		return errs.New(errs.Invalid, code, "%s is missing or too long", field).At(field)
	}
	if err := need(utf8.RuneCountInString(d.Note) <= 500 && utf8.ValidString(d.Note), "note", "after_sale.words"); err != nil {
		return err
	}
	switch d.Step {
	case Refuse, Ask, Reject, Answer:
		return need(d.Note != "" || len(d.Pictures) > 0, "note", "after_sale.note")
	case Send, Replace:
		return need(d.Tracking != "" && len(d.Tracking) <= 64 && len(d.Carrier) <= 40, "tracking", "sale.tracking")
	}
	return nil
}

func (s *Service) do(ctx context.Context, tx *store.Tx, c *Case, sale *checkout.Sale, d Do) error {
	next, e, err := decide(c.Kind, c.State, d.Step, d.Who)
	if err != nil {
		return err
	}
	rules, err := s.rules(ctx, tx)
	if err != nil {
		return err
	}
	now := s.now()
	if e.arrive {
		if err := s.arrive(ctx, tx, c, sale, d, now); err != nil {
			return err
		}
	}
	if e.give {
		if err := s.give(ctx, tx, c, sale, d); err != nil {
			return err
		}
	}
	if err := s.promise(ctx, tx, c, e, now); err != nil {
		return err
	}
	switch d.Step {
	case Send:
		c.Carrier, c.Tracking = d.Carrier, d.Tracking
		if d.FreightFen != nil {
			c.FreightFen = min(max(*d.FreightFen, 0), 1_000_000)
		}
	case Replace:
		c.NewCarrier, c.NewTracking = d.Carrier, d.Tracking
	case Answer:
		if err := photo.Use(ctx, tx, c.Customer, c.ID+"/"+d.Request, d.Pictures, maxPictures); err != nil {
			return err
		}
	}
	c.State, c.DueAt, c.ChangedAt, c.Trouble = next, rules.due(next, now), now, ""
	if next.Ended() {
		c.EndedAt = now
	}
	if err := save(ctx, tx, c); err != nil {
		return err
	}
	if d.Step != Answer {
		d.Pictures = nil
	}
	return s.note(ctx, tx, c, sale, Past{Request: d.Request, Step: d.Step, Who: d.Who, By: d.By, Note: d.Note, Pictures: d.Pictures}, factsOf(d.Step, next)...)
}

// factsOf are the facts that a step tells.
func factsOf(what Step, next State) []string {
	var out []string
	switch what {
	case Agree:
		out = append(out, event.AfterSaleAgreed)
	case Lapse:
		if next == Refunded || next == Awaiting {
			out = append(out, event.AfterSaleAgreed)
		}
	case Ask:
		out = append(out, event.AfterSaleAsked)
	case Send:
		out = append(out, event.AfterSaleSent)
	case Receive:
		out = append(out, event.AfterSaleReceived)
	}
	switch next {
	case Refunded:
		out = append(out, event.AfterSaleRefunded)
	case Replaced:
		out = append(out, event.AfterSaleReplaced)
	case Refused:
		out = append(out, event.AfterSaleRefused)
	case Cancelled, Closed:
		out = append(out, event.AfterSaleClosed)
	}
	return out
}

// promise reserves, releases or takes the goods that an exchange sends.
func (s *Service) promise(ctx context.Context, tx *store.Tx, c *Case, e effect, now time.Time) error {
	switch {
	case e.reserve:
		items := make([]inventory.Item, len(c.Lines))
		for i, l := range c.Lines {
			items[i] = inventory.Item{SKU: l.To, Quantity: l.Quantity}
		}
		return inventory.Reserve(ctx, tx, c.ID, inventory.Online, items, now)
	case e.release:
		return inventory.Release(ctx, tx, c.ID)
	case e.take:
		taken, err := inventory.Take(ctx, tx, c.ID, now)
		if err == nil && !taken {
			err = fmt.Errorf("after-sale %s: its goods are not promised any more", c.ID)
		}
		return err
	}
	return nil
}

// arrive takes goods that came back to the stock, as far as they can be sold again, and lets the insurance pay.
func (s *Service) arrive(ctx context.Context, tx *store.Tx, c *Case, sale *checkout.Sale, d Do, now time.Time) error {
	if len(d.Good) > 0 && len(d.Good) != len(c.Lines) {
		return errs.New(errs.Invalid, "after_sale.good", "say of each line how many can be sold again").At("good")
	}
	var back []inventory.Item
	for i := range c.Lines {
		l := &c.Lines[i]
		l.Good = l.Quantity
		if len(d.Good) > 0 {
			l.Good = d.Good[i]
		}
		if l.Good < 0 || l.Good > l.Quantity {
			return errs.New(errs.Invalid, "after_sale.good", "of line %d up to %d can be sold again", i+1, l.Quantity).At(fmt.Sprintf("good.%d", i))
		}
		back = add(back, l.SKU, l.Good)
	}
	if len(back) > 0 {
		if err := inventory.Change(ctx, tx, inventory.Online, inventory.Returned, c.ID, "", d.By, back, now); err != nil {
			return err
		}
	}
	fen := c.FreightFen
	if d.FreightFen != nil {
		fen = *d.FreightFen
	}
	fen = min(max(fen, 0), c.CoverFen)
	if fen == 0 {
		return nil
	}
	paid, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM after_sales WHERE sale = ? AND insured_fen > 0`, sale.ID)
	if err != nil || paid > 0 { // once for an order
		return err
	}
	c.InsuredFen = fen
	return s.insurer.Insure(ctx, tx, c.ID+"/insured", c.Customer, sale.ID, sale.Layer, fen, d.By)
}

func add(items []inventory.Item, sku string, n int64) []inventory.Item {
	if n == 0 {
		return items
	}
	for i := range items {
		if items[i].SKU == sku {
			items[i].Quantity += n
			return items
		}
	}
	return append(items, inventory.Item{SKU: sku, Quantity: n})
}

// give gives a case's money, points and coupons back. What was never sent is in the stock again.
func (s *Service) give(ctx context.Context, tx *store.Tx, c *Case, sale *checkout.Sale, d Do) error {
	given, err := checkout.Given(ctx, tx, sale.ID)
	if err != nil {
		return err
	}
	unsent := sale.ShippedAt.IsZero()
	if len(d.Amounts) > 0 {
		if c.Kind != Refund || unsent && sale.FinishedAt.IsZero() {
			return errs.New(errs.Invalid, "after_sale.amounts", "an amount without units is for goods that stay with the customer").At("amounts_fen")
		}
		for key := range d.Amounts {
			if !slices.ContainsFunc(c.Lines, func(l Line) bool { return l.Key == key }) {
				return errs.New(errs.Invalid, "after_sale.amounts", "the case has no line %q", key).At("amounts_fen")
			}
		}
	}
	c.Freight = c.withFreight(sale, given, d.Amounts, d.Freight)
	giving := c.giving(d.Amounts, c.Freight)
	var restock []inventory.Item
	if c.Kind == Refund && unsent && len(d.Amounts) == 0 {
		for _, l := range c.Lines {
			if !slices.ContainsFunc(sale.Lines, func(o checkout.Line) bool { return o.Key == l.Key && o.Kind == catalog.KindVirtual }) {
				restock = add(restock, l.SKU, l.Quantity)
			}
		}
	}
	out, err := s.sales.GiveBackTx(ctx, tx, sale.ID, c.ID, giving, restock, d.By)
	var e *errs.Error
	if errors.As(err, &e) && e.Kind == errs.Invalid && len(d.Amounts) == 0 {
		return errs.New(errs.Conflict, "after_sale.given_already", "some of it was given back meanwhile: %s", e.Message)
	}
	if err != nil {
		return err
	}
	c.Refund, c.RefundFen = out, out.Fen()
	return nil
}

// withFreight says whether the freight comes back with a case; wish is what staff said, nil for nothing.
func (c *Case) withFreight(sale *checkout.Sale, given map[string]pricing.Given, amounts map[string]int64, wish *bool) bool {
	can, does, must := freight(sale, given, c.giving(amounts, false).Units, c.Reason)
	switch {
	case must:
		return true
	case wish != nil:
		return *wish && can
	}
	return does
}

// save writes what may change of a case.
func save(ctx context.Context, tx *store.Tx, c *Case) error {
	lines, err := json.Marshal(c.Lines)
	if err != nil {
		return fmt.Errorf("after-sale: %w", err)
	}
	refund, err := json.Marshal(c.Refund)
	if err != nil {
		return fmt.Errorf("after-sale: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE after_sales SET state = ?, lines = ?, freight = ?, refund = ?, refund_fen = ?, freight_fen = ?, insured_fen = ?, carrier = ?, tracking = ?,
		new_carrier = ?, new_tracking = ?, trouble = ?, due_at = ?, changed_at = ?, ended_at = ? WHERE id = ?`,
		string(c.State), string(lines), c.Freight, string(refund), c.RefundFen, c.FreightFen, c.InsuredFen, c.Carrier, c.Tracking, c.NewCarrier, c.NewTracking, c.Trouble, c.DueAt, c.ChangedAt, c.EndedAt, c.ID)
	return err
}

// one reads a case; a customer other than 0 must be who asked.
func one(ctx context.Context, q store.Querier, caseID string, customer uint32) (Case, error) {
	c, err := store.One[Case](ctx, q, `SELECT * FROM after_sales WHERE id = ?`, caseID)
	if errs.Is(err, errs.NotFound) || err == nil && customer != 0 && c.Customer != customer {
		return Case{}, errs.New(errs.NotFound, "after_sale.not_found", "there is no such case")
	}
	return c, err
}
