package order

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
)

// Arrived tells how those of the numbers first and last arrived who came by something; at most some thousand numbers at once.
type Arrived func(ctx context.Context, q store.Querier, numbers []uint32) (map[uint32]event.Arrivals, error)

// Asking makes new orders keep how their people had arrived by then.
func (s *Settler) Asking(how Arrived) *Settler {
	s.arrived = how
	return s
}

type arrivalRow struct {
	OrderID string       `db:"order_id"`
	First   *event.Touch `db:"first_touch,json"`
	Last    *event.Touch `db:"last_touch,json"`
}

// arrivalsOf adds to new orders and their facts how their people had arrived. An arrival after the order was paid says nothing of it; which
// came before that one is not known any more.
func (s *Settler) arrivalsOf(ctx context.Context, tx *store.Tx, w *settling) error {
	if s.arrived == nil || len(w.made) == 0 {
		return nil
	}
	people := map[uint32]bool{}
	for _, o := range w.made {
		people[o.Customer] = true
	}
	known := map[uint32]event.Arrivals{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(people)), chunk) {
		some, err := s.arrived(ctx, tx, part)
		if err != nil {
			return err
		}
		maps.Copy(known, some)
	}
	var rows []arrivalRow
	props := map[string]json.RawMessage{} // by order
	for _, o := range w.made {
		a, ok := known[o.Customer]
		if !ok || a.First.At.After(o.PaidAt) {
			continue
		}
		row, words := arrivalRow{OrderID: o.ID, First: &a.First}, a.First.Words("first_")
		if !a.Last.At.After(o.PaidAt) {
			row.Last = &a.Last
			maps.Copy(words, a.Last.Words("last_"))
		}
		rows = append(rows, row)
		props[o.ID], _ = json.Marshal(words) // texts always marshal
	}
	for i := range w.facts {
		if f := &w.facts[i]; f.Name == event.OrderPaid && props[f.Subject] != nil {
			f.Props = props[f.Subject]
		}
	}
	return store.InsertLater(ctx, tx, "order_arrivals", rows, "")
}

// arrivalOf returns how the person of an order had arrived; nil where that is not known.
func arrivalOf(ctx context.Context, q store.Querier, orderID string) (first, last *event.Touch, err error) {
	row, err := store.One[arrivalRow](ctx, q, `SELECT * FROM order_arrivals WHERE order_id = ?`, orderID)
	if errs.Is(err, errs.NotFound) {
		return nil, nil, nil
	}
	return row.First, row.Last, err
}

// forgetArrivals takes away how people came to their orders.
func forgetArrivals(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	var all []error
	for part := range slices.Chunk(numbers, chunk) {
		var w store.Where
		store.In(&w, "customer", part)
		_, err := tx.Exec(ctx, `DELETE FROM order_arrivals WHERE order_id IN (SELECT id FROM orders`+w.SQL()+`)`, w.Args()...)
		all = append(all, err)
	}
	return errors.Join(all...)
}
