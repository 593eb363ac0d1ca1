package order

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// candidate is a line that a refund may belong to.
type candidate struct {
	OrderID          string    `db:"order_id"`
	Key              string    `db:"key"`
	Product          string    `db:"product"`
	Quantity         int64     `db:"quantity"`
	AmountFen        int64     `db:"amount_fen"`
	RefundedQuantity int64     `db:"refunded_quantity"`
	RefundedFen      int64     `db:"refunded_fen"`
	Customer         uint32    `db:"customer"`
	Number           string    `db:"number"`
	PaidAt           time.Time `db:"paid_at"`
	OrderAmount      int64     `db:"order_amount"`
	OrderRefunded    int64     `db:"order_refunded"`
}

type wanted struct {
	customer uint32
	product  string
}

// bought is what one order holds of one product.
type bought struct {
	order *orderState
	lines []*candidate
}

// orderState is shared by the products of an order, so that refunds together never pass what was paid.
type orderState struct {
	id, number       string
	paidAt           time.Time
	amount, refunded int64
	added            int64
}

// Refund records refunds in their order in time: each goes to the order the source names, or else to the person's
// latest earlier order that has as many units of the product, and as much money paid for them, left. One already
// recorded is a duplicate; one that finds no order is unmatched and changes nothing. outcomes[i] answers incoming[i].
func (s *Settler) Refund(ctx context.Context, tx *store.Tx, channel, importID string, incoming []IncomingRefund) (outcomes []RefundOutcome, sums map[uint32]*Sum, err error) {
	done, err := recorded(ctx, tx, channel, incoming)
	if err != nil {
		return nil, nil, fmt.Errorf("refunds: %w", err)
	}
	choices, err := candidates(ctx, tx, channel, incoming)
	if err != nil {
		return nil, nil, fmt.Errorf("refunds: %w", err)
	}
	outcomes, sums = make([]RefundOutcome, len(incoming)), map[uint32]*Sum{}
	var refunds []Refund
	var facts []event.Fact
	touched := map[*candidate]bool{}
	states := map[*orderState]bool{}
	for i, in := range incoming {
		key := [2]string{in.Number, in.Key}
		if done[key] {
			outcomes[i].Result = RefundDuplicate
			continue
		}
		b := choose(choices[wanted{in.Customer, in.Product}], in)
		if b == nil {
			outcomes[i].Result = RefundUnmatched
			continue
		}
		done[key] = true
		for _, l := range b.take(in.Quantity, in.AmountFen) {
			touched[l] = true
		}
		states[b.order] = true
		outcomes[i] = RefundOutcome{RefundAccepted, b.order.id}
		r := Refund{
			Channel: channel, Number: in.Number, Key: in.Key, OrderID: b.order.id, Customer: in.Customer, Product: in.Product,
			Quantity: in.Quantity, AmountFen: in.AmountFen, RefundedAt: in.At.UTC().Truncate(time.Microsecond), ImportID: importID,
		}
		refunds, facts = append(refunds, r), append(facts, r.fact())
		if sums[in.Customer] == nil {
			sums[in.Customer] = &Sum{}
		}
		sums[in.Customer].RefundedFen += in.AmountFen
	}
	if _, err := store.InsertAll(ctx, tx, "refunds", refunds, ""); err != nil {
		return nil, nil, fmt.Errorf("refunds: %w", err)
	}
	if err := writeLines(ctx, tx, touched); err != nil {
		return nil, nil, fmt.Errorf("refunds: %w", err)
	}
	grown := make([]growth, 0, len(states))
	for o := range states {
		grown = append(grown, growth{id: o.id, refund: o.added})
	}
	if err := grow(ctx, tx, grown); err != nil {
		return nil, nil, fmt.Errorf("refunds: %w", err)
	}
	return outcomes, sums, outbox.Append(ctx, tx, facts...)
}

// recorded returns the (number, key) of the refunds that are stored already.
func recorded(ctx context.Context, q store.Querier, channel string, incoming []IncomingRefund) (map[[2]string]bool, error) {
	numbers := make([]string, 0, len(incoming))
	for _, in := range incoming {
		numbers = append(numbers, in.Number)
	}
	slices.Sort(numbers)
	done := map[[2]string]bool{}
	type row struct {
		Number string `db:"number"`
		Key    string `db:"key"`
	}
	for part := range slices.Chunk(slices.Compact(numbers), chunk) {
		var w store.Where
		w.And("channel = ?", channel)
		store.In(&w, "number", part)
		err := store.Each(ctx, q, `SELECT number, key FROM refunds`+w.SQL(), w.Args(), func(r row) error {
			done[[2]string{r.Number, r.Key}] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return done, nil
}

// candidates returns what the people hold of the products, latest order first.
func candidates(ctx context.Context, q store.Querier, channel string, incoming []IncomingRefund) (map[wanted][]*bought, error) {
	var people []uint32
	want := map[wanted]bool{}
	for _, in := range incoming {
		people = append(people, in.Customer)
		want[wanted{in.Customer, in.Product}] = true
	}
	slices.Sort(people)
	choices := map[wanted][]*bought{}
	states := map[string]*orderState{}
	index := map[[2]string]*bought{}
	for part := range slices.Chunk(slices.Compact(people), 1000) {
		products := map[string]bool{}
		for k := range want {
			if _, in := slices.BinarySearch(part, k.customer); in {
				products[k.product] = true
			}
		}
		var w store.Where
		w.And("o.channel = ?", channel)
		store.In(&w, "o.customer", part)
		store.In(&w, "l.product", keysOf(products))
		w.And("l.refunded_quantity < l.quantity")
		err := store.Each(ctx, q, `SELECT l.*, o.customer, o.number, o.paid_at, o.amount_fen AS order_amount, o.refunded_fen AS order_refunded
			FROM orders o JOIN order_lines l ON l.order_id = o.id`+w.SQL()+` ORDER BY o.paid_at DESC, o.id DESC, l.key`, w.Args(), func(c candidate) error {
			k := wanted{c.Customer, c.Product}
			if !want[k] {
				return nil
			}
			o := states[c.OrderID]
			if o == nil {
				o = &orderState{id: c.OrderID, number: c.Number, paidAt: c.PaidAt, amount: c.OrderAmount, refunded: c.OrderRefunded}
				states[c.OrderID] = o
			}
			b := index[[2]string{c.OrderID, c.Product}]
			if b == nil {
				b = &bought{order: o}
				index[[2]string{c.OrderID, c.Product}] = b
				choices[k] = append(choices[k], b)
			}
			b.lines = append(b.lines, &c)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return choices, nil
}

func keysOf(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// choose returns the order named by the refund, or the latest one before it, that can bear it.
func choose(all []*bought, in IncomingRefund) *bought {
	var best *bought
	for _, b := range all {
		if b.order.paidAt.After(in.At) || !b.bears(in.Quantity, in.AmountFen) {
			continue
		}
		if in.Order != "" && b.order.number == in.Order {
			return b
		}
		if best == nil {
			best = b
		}
	}
	return best
}

func (b *bought) bears(quantity, amount int64) bool {
	var units, money int64
	for _, l := range b.lines {
		units += l.Quantity - l.RefundedQuantity
		money += l.AmountFen - l.RefundedFen
	}
	return quantity > 0 && units >= quantity && money >= amount && b.order.amount-b.order.refunded >= amount
}

// take gives back quantity units and amount fen from the lines and returns those that changed.
func (b *bought) take(quantity, amount int64) (changed []*candidate) {
	b.order.refunded += amount
	b.order.added += amount
	for _, l := range b.lines {
		q, a := min(quantity, l.Quantity-l.RefundedQuantity), min(amount, l.AmountFen-l.RefundedFen)
		if q == 0 && a == 0 {
			continue
		}
		l.RefundedQuantity += q
		l.RefundedFen += a
		quantity -= q
		amount -= a
		changed = append(changed, l)
	}
	return changed
}

func writeLines(ctx context.Context, tx *store.Tx, touched map[*candidate]bool) error {
	lines := make([]*candidate, 0, len(touched))
	for l := range touched {
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.OrderID, b.OrderID), cmp.Compare(a.Key, b.Key))
	})
	for part := range slices.Chunk(lines, 1000) {
		args := make([]any, 0, 4*len(part))
		for _, l := range part {
			args = append(args, l.OrderID, l.Key, l.RefundedQuantity, l.RefundedFen)
		}
		_, err := tx.Exec(ctx, `WITH v (order_id, key, quantity, amount) AS (VALUES `+values(len(part), "CAST(? AS TEXT)", "CAST(? AS TEXT)", "CAST(? AS BIGINT)", "CAST(? AS BIGINT)")+`)
			UPDATE order_lines SET refunded_quantity = v.quantity, refunded_fen = v.amount
			FROM v WHERE order_lines.order_id = v.order_id AND order_lines.key = v.key`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}
