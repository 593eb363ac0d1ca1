package collect

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// visit is how long the same arrival, told again, is the same.
const visit = 30 * time.Minute

// Arrivals are how a person first and last arrived.
type Arrivals = event.Arrivals

type touchRow struct {
	Customer uint32    `db:"customer"`
	FirstAt  time.Time `db:"first_at"`
	First    Touch     `db:"first_touch,json"`
	LastAt   time.Time `db:"last_at"`
	Last     Touch     `db:"last_touch,json"`
}

// told is a touch of a person.
type told struct {
	customer uint32
	touch    Touch
}

// same reports whether two touches tell of one arrival: the same words, on the same visit.
func same(t, o Touch) bool { return alike(t, o) && t.At.Sub(o.At).Abs() < visit }

// alike reports whether two touches say the same words.
func alike(t, o Touch) bool {
	t.At, t.Landing, t.Via = o.At, o.Landing, o.Via
	return t == o
}

// take puts a touch into its place: it may be the first or the last, told in any order.
func (r *touchRow) take(t Touch) (changed bool) {
	if r.FirstAt.IsZero() || t.At.Before(r.FirstAt) {
		r.First, r.FirstAt, changed = t, t.At, true
	}
	if r.LastAt.IsZero() || t.At.After(r.LastAt) && !same(t, r.Last) {
		r.Last, r.LastAt, changed = t, t.At, true
	}
	return changed
}

// Touches returns how those of the numbers arrived who came by something. At most some thousand numbers at once.
func Touches(ctx context.Context, q store.Querier, numbers []uint32) (map[uint32]Arrivals, error) {
	rows, err := touchRows(ctx, q, numbers)
	out := make(map[uint32]Arrivals, len(rows))
	for n, r := range rows {
		out[n] = Arrivals{First: r.First, Last: r.Last}
	}
	return out, err
}

// Arrivals returns how a customer first and last arrived; nil where she came by nothing that said so.
func (d *Desk) Arrivals(ctx context.Context, customer uint32) (*Arrivals, error) {
	all, err := Touches(ctx, d.db, []uint32{customer})
	if a, ok := all[customer]; ok {
		return &a, err
	}
	return nil, err
}

func touchRows(ctx context.Context, q store.Querier, numbers []uint32) (map[uint32]*touchRow, error) {
	out := map[uint32]*touchRow{}
	if len(numbers) == 0 {
		return out, nil
	}
	var w store.Where
	store.In(&w, "customer", numbers)
	err := store.Each(ctx, q, `SELECT * FROM touches`+w.SQL(), w.Args(), func(r touchRow) error {
		out[r.Customer] = &r
		return nil
	})
	return out, err
}

// saveTouches keeps what is new of touches, and says it as facts.
func saveTouches(ctx context.Context, tx *store.Tx, all []told) error {
	var numbers []uint32
	listed := map[uint32]bool{}
	for _, t := range all {
		if t.customer != 0 && !listed[t.customer] {
			listed[t.customer] = true
			numbers = append(numbers, t.customer)
		}
	}
	rows := map[uint32]*touchRow{}
	for len(numbers) > 0 {
		n := min(len(numbers), 1000)
		some, err := touchRows(ctx, tx, numbers[:n])
		if err != nil {
			return err
		}
		for k, r := range some {
			rows[k] = r
		}
		numbers = numbers[n:]
	}
	var order []uint32
	var facts []event.Fact
	changed := map[uint32]bool{}
	for _, t := range all {
		if t.customer == 0 {
			continue
		}
		r := rows[t.customer]
		if r == nil {
			r = &touchRow{Customer: t.customer}
			rows[t.customer] = r
		}
		detail := event.NewTouch
		if !r.LastAt.IsZero() && alike(t.touch, r.Last) {
			detail = event.AgainTouch
		}
		if !r.take(t.touch) {
			continue
		}
		n, at := strconv.FormatUint(uint64(t.customer), 10), strconv.FormatInt(t.touch.At.UnixMicro(), 10)
		facts = append(facts, t.touch.Fact(id.From("touch", n, at, t.touch.Source, t.touch.Medium, t.touch.Campaign, t.touch.Referrer), t.customer, detail))
		if !changed[t.customer] {
			changed[t.customer] = true
			order = append(order, t.customer)
		}
	}
	if err := writeTouches(ctx, tx, rows, order); err != nil {
		return err
	}
	return outbox.Append(ctx, tx, facts...)
}

func writeTouches(ctx context.Context, tx *store.Tx, rows map[uint32]*touchRow, order []uint32) error {
	out := make([]touchRow, len(order))
	for i, n := range order {
		out[i] = *rows[n]
	}
	_, err := store.InsertAll(ctx, tx, "touches", out, `ON CONFLICT (customer) DO UPDATE SET first_at = excluded.first_at,
		first_touch = excluded.first_touch, last_at = excluded.last_at, last_touch = excluded.last_touch`)
	return err
}

// MoveTouches gives each key's arrivals to its value, in the transaction that makes the two one person, and returns by key
// those it had.
func MoveTouches(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]Arrivals, error) {
	moved := map[uint32]Arrivals{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(to)), 1000) {
		numbers := slices.Clone(part)
		for _, from := range part {
			numbers = append(numbers, to[from])
		}
		rows, err := touchRows(ctx, tx, numbers)
		if err != nil {
			return nil, err
		}
		var order []uint32
		for _, from := range part {
			gone := rows[from]
			if gone == nil || to[from] == from {
				continue
			}
			moved[from] = Arrivals{First: gone.First, Last: gone.Last}
			r := rows[to[from]]
			if r == nil {
				r = &touchRow{Customer: to[from]}
				rows[to[from]] = r
			}
			r.take(gone.First)
			r.take(gone.Last)
			if !slices.Contains(order, r.Customer) {
				order = append(order, r.Customer)
			}
			if err := forgetTouches(ctx, tx, from); err != nil {
				return nil, err
			}
		}
		if err := writeTouches(ctx, tx, rows, order); err != nil {
			return nil, err
		}
	}
	return moved, nil
}

// TouchMover moves arrivals between customers who turn out to be one, and back.
type TouchMover struct{}

// MoveCustomers gives the arrivals of each key of to to its value.
func (TouchMover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	moved, err := MoveTouches(ctx, tx, to)
	if err != nil {
		return nil, err
	}
	return store.Records(moved)
}

// ReturnCustomer gives somebody the arrivals back that were moved; whoever held them meanwhile keeps them too, since which
// of them came after the merge cannot be told.
func (TouchMover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, _ uint32, moved json.RawMessage) error {
	var a Arrivals
	if err := json.Unmarshal(moved, &a); err != nil {
		return err
	}
	row := touchRow{Customer: from, FirstAt: a.First.At, First: a.First, LastAt: a.Last.At, Last: a.Last}
	return writeTouches(ctx, tx, map[uint32]*touchRow{from: &row}, []uint32{from})
}

// EraseCustomers forgets how people arrived.
func (TouchMover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	var w store.Where
	store.In(&w, "customer", numbers)
	_, err := tx.Exec(ctx, `DELETE FROM touches`+w.SQL(), w.Args()...)
	return err
}

// forgetTouches takes a number's arrivals away.
func forgetTouches(ctx context.Context, tx *store.Tx, number uint32) error {
	_, err := tx.Exec(ctx, `DELETE FROM touches WHERE customer = ?`, number)
	return err
}
