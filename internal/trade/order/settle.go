package order

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// chunk is how many values one lookup names.
const chunk = 5000

// Settler records orders and refunds in sets. It remembers which products it has stored; safe for concurrent use.
type Settler struct {
	mu       sync.Mutex
	products map[string]bool
	arrived  Arrived // nil: nobody knows
}

// NewSettler returns a Settler.
func NewSettler() *Settler { return &Settler{products: map[string]bool{}} }

// Known returns the orders of a channel that are stored already, by number.
func Known(ctx context.Context, q store.Querier, channel string, numbers []string) (map[string]Order, error) {
	known := make(map[string]Order, len(numbers))
	for part := range slices.Chunk(numbers, chunk) {
		var w store.Where
		w.And("channel = ?", channel)
		store.In(&w, "number", part)
		err := store.Each(ctx, q, `SELECT * FROM orders`+w.SQL(), w.Args(), func(o Order) error {
			known[o.Number] = o
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("known orders: %w", err)
		}
	}
	return known, nil
}

// KnownLines returns the keys of the lines of the orders, by order id.
func KnownLines(ctx context.Context, q store.Querier, known map[string]Order) (map[string]map[string]bool, error) {
	ids := make([]string, 0, len(known))
	for _, o := range known {
		ids = append(ids, o.ID)
	}
	slices.Sort(ids)
	keys := map[string]map[string]bool{}
	type row struct {
		OrderID string `db:"order_id"`
		Key     string `db:"key"`
	}
	for part := range slices.Chunk(ids, chunk) {
		var w store.Where
		store.In(&w, "order_id", part)
		err := store.Each(ctx, q, `SELECT order_id, key FROM order_lines`+w.SQL(), w.Args(), func(r row) error {
			if keys[r.OrderID] == nil {
				keys[r.OrderID] = map[string]bool{}
			}
			keys[r.OrderID][r.Key] = true
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("known lines: %w", err)
		}
	}
	return keys, nil
}

// settling collects what one Settle writes.
type settling struct {
	channel, importID string
	now               time.Time
	made              []Order
	lines             []Line
	grown             []growth
	refunds           []Refund
	facts             []event.Fact
	products          map[string]Product
	sums              map[uint32]*Sum
}

// growth is what a known order gained.
type growth struct {
	id                       string
	amount, quantity, refund int64
}

// Settle records orders of one channel, each at most once in all: a new order with its lines and the facts of both;
// for a known one the lines that are new, with an order.amended fact when they add to its amount; and what has newly
// been given back. known must come from Known in the same transaction. outcomes[i] answers incoming[i]; sums is what
// to add to each customer's.
func (s *Settler) Settle(ctx context.Context, tx *store.Tx, channel, importID string, known map[string]Order, incoming []Incoming, now time.Time) (outcomes []Outcome, sums map[uint32]*Sum, err error) {
	keys, err := KnownLines(ctx, tx, known)
	if err != nil {
		return nil, nil, err
	}
	w := settling{channel: channel, importID: importID, now: now.UTC().Truncate(time.Microsecond), products: map[string]Product{}, sums: map[uint32]*Sum{}}
	outcomes = make([]Outcome, len(incoming))
	for i, in := range incoming {
		if o, ok := known[in.Number]; ok {
			outcomes[i] = w.amend(o, keys[o.ID], in)
		} else {
			outcomes[i] = w.create(in)
		}
	}
	if err := s.write(ctx, tx, &w); err != nil {
		return nil, nil, fmt.Errorf("settle orders: %w", err)
	}
	return outcomes, w.sums, nil
}

func (w *settling) sum(customer uint32) *Sum {
	s := w.sums[customer]
	if s == nil {
		s = &Sum{}
		w.sums[customer] = s
	}
	return s
}

func (s *Sum) order(at time.Time) {
	s.Orders++
	if s.FirstAt.IsZero() || at.Before(s.FirstAt) {
		s.FirstAt = at
	}
	if at.After(s.LastAt) {
		s.LastAt = at
	}
}

func (w *settling) create(in Incoming) Outcome {
	o := Order{
		ID: id.New("ord"), Channel: w.channel, Number: in.Number, Customer: in.Customer, PaidAt: in.PaidAt.UTC().Truncate(time.Microsecond),
		AmountFen: in.AmountFen, AmountFixed: in.Fixed, Quantity: in.Quantity, Store: in.Store, ImportID: w.importID, CreatedAt: w.now,
	}
	out := Outcome{OrderID: o.ID, Created: true, NewLines: make([]bool, len(in.Lines))}
	seen := make(map[string]bool, len(in.Lines))
	var lines []event.Fact
	for i, l := range in.Lines {
		if seen[l.Key] {
			continue
		}
		seen[l.Key], out.NewLines[i] = true, true
		w.line(o.ID, l)
		o.Quantity += l.Quantity
		if !in.Fixed {
			o.AmountFen += l.AmountFen
		}
		if l.Product != "" {
			lines = append(lines, o.lineFact(l))
		}
	}
	out.AddedFen = o.AmountFen
	w.refund(&o, in.RefundedFen, in.PaidAt, &out)
	o.RefundedFen = out.RefundedFen
	w.made = append(w.made, o)
	paid := o.paidFact()
	w.facts = append(append(w.facts, paid), lines...)
	s := w.sum(o.Customer)
	s.order(o.PaidAt)
	s.SpentFen += o.AmountFen
	return out
}

// amend adds to a known order what is new.
func (w *settling) amend(o Order, have map[string]bool, in Incoming) Outcome {
	out := Outcome{OrderID: o.ID, NewLines: make([]bool, len(in.Lines))}
	var grown growth
	seen := map[string]bool{}
	for i, l := range in.Lines {
		if have[l.Key] || seen[l.Key] {
			continue
		}
		seen[l.Key], out.NewLines[i] = true, true
		w.line(o.ID, l)
		if !o.AmountFixed {
			grown.amount += l.AmountFen
			grown.quantity += l.Quantity
		}
		if l.Product != "" {
			w.facts = append(w.facts, o.lineFact(l))
		}
	}
	if grown.amount != 0 || grown.quantity != 0 {
		w.facts = append(w.facts, o.amendedFact(w.importID, grown.amount, grown.quantity))
	}
	out.AddedFen = grown.amount
	w.sum(o.Customer).SpentFen += grown.amount
	o.AmountFen += grown.amount
	w.refund(&o, in.RefundedFen, o.PaidAt, &out)
	grown.refund = out.RefundedFen
	if grown != (growth{}) {
		grown.id = o.ID
		w.grown = append(w.grown, grown)
	}
	return out
}

func (w *settling) line(orderID string, l IncomingLine) {
	w.lines = append(w.lines, Line{OrderID: orderID, Key: l.Key, Product: l.Product, Quantity: l.Quantity, AmountFen: l.AmountFen})
	if l.Product != "" {
		if p := w.products[l.Product]; p.Name == "" || p.Category == "" {
			w.products[l.Product] = Product{Code: l.Product, Name: firstOf(p.Name, l.Name), Category: firstOf(p.Category, l.Category)}
		}
	}
}

// refund brings what has been given back up to the source's total.
func (w *settling) refund(o *Order, total int64, at time.Time, out *Outcome) {
	if total <= o.RefundedFen {
		return
	}
	if total > o.AmountFen {
		out.RefundRejected = true
		return
	}
	r := Refund{
		Channel: w.channel, Number: o.Number, Key: fmt.Sprintf("total:%d", total), OrderID: o.ID, Customer: o.Customer,
		AmountFen: total - o.RefundedFen, RefundedAt: at.UTC().Truncate(time.Microsecond), ImportID: w.importID,
	}
	w.refunds = append(w.refunds, r)
	w.facts = append(w.facts, r.fact())
	w.sum(o.Customer).RefundedFen += r.AmountFen
	out.RefundedFen = r.AmountFen
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (s *Settler) write(ctx context.Context, tx *store.Tx, w *settling) error {
	if err := store.InsertLater(ctx, tx, "orders", w.made, ""); err != nil {
		return err
	}
	if err := s.arrivalsOf(ctx, tx, w); err != nil {
		return err
	}
	if err := store.InsertLater(ctx, tx, "order_lines", w.lines, ""); err != nil {
		return err
	}
	if err := store.InsertLater(ctx, tx, "refunds", w.refunds, ""); err != nil {
		return err
	}
	if err := grow(ctx, tx, w.grown); err != nil {
		return err
	}
	if err := s.learnProducts(ctx, tx, w.products); err != nil {
		return err
	}
	return outbox.Append(ctx, tx, w.facts...)
}

func grow(ctx context.Context, tx *store.Tx, all []growth) error {
	slices.SortFunc(all, func(a, b growth) int { return compare(a.id, b.id) })
	for part := range slices.Chunk(all, 1000) {
		args := make([]any, 0, 4*len(part))
		for _, g := range part {
			args = append(args, g.id, g.amount, g.quantity, g.refund)
		}
		_, err := tx.Exec(ctx, `WITH v (id, amount, quantity, refund) AS (VALUES `+values(len(part), "CAST(? AS TEXT)", "CAST(? AS BIGINT)", "CAST(? AS BIGINT)", "CAST(? AS BIGINT)")+`)
			UPDATE orders SET amount_fen = orders.amount_fen + v.amount, quantity = orders.quantity + v.quantity,
				refunded_fen = orders.refunded_fen + v.refund FROM v WHERE orders.id = v.id`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// values returns n rows of placeholders for a VALUES list; the first row carries the casts that type the columns.
func values(n int, casts ...string) string {
	first, other := "(", "("
	for i, c := range casts {
		if i > 0 {
			first, other = first+", ", other+", "
		}
		first, other = first+c, other+"?"
	}
	out := make([]byte, 0, n*(len(other)+3))
	out = append(append(out, first...), ')')
	for range n - 1 {
		out = append(append(append(out, ", "...), other...), ')')
	}
	return string(out)
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// learnProducts stores products not stored before by this Settler, and their first name and category.
func (s *Settler) learnProducts(ctx context.Context, tx *store.Tx, products map[string]Product) error {
	s.mu.Lock()
	fresh := make([]Product, 0, len(products))
	for code, p := range products {
		if !s.products[code] {
			fresh = append(fresh, p)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(fresh, func(a, b Product) int { return compare(a.Code, b.Code) })
	err := store.InsertLater(ctx, tx, "products", fresh, `ON CONFLICT (code) DO UPDATE SET
		name = CASE WHEN products.name = '' THEN excluded.name ELSE products.name END,
		category = CASE WHEN products.category = '' THEN excluded.category ELSE products.category END`)
	if err != nil {
		return err
	}
	tx.AfterCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.products) > 1_000_000 {
			clear(s.products)
		}
		for _, p := range fresh {
			if p.Name != "" {
				s.products[p.Code] = true
			}
		}
	})
	return nil
}
