// Package inventory knows what lies where and promises it to orders. Every change is one guarded UPDATE in the caller's
// transaction, so that under any concurrency nothing is promised twice; every change of what lies there is a row that stays.
package inventory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Online is the place that the brand's own store sells from.
const Online = "online"

// Reasons of a movement.
const (
	Received = "received" // goods came in
	Sold     = "sold"     // a paid order took them
	Returned = "returned" // came back and can be sold again
	Counted  = "counted"  // a count found more or fewer
	Lost     = "lost"     // broken, expired, stolen
)

// Item is a number of units of a SKU.
type Item struct {
	SKU      string
	Quantity int64
}

// Level is what lies of a SKU at a place.
type Level struct {
	SKU    string `db:"sku" json:"sku"`
	Place  string `db:"place" json:"place"`
	OnHand int64  `db:"on_hand" json:"on_hand" doc:"Units that lie there"`
	Held   int64  `db:"held" json:"held" doc:"Of these promised to orders that are not paid yet"`
}

// Free is what can still be promised.
func (l Level) Free() int64 { return l.OnHand - l.Held }

// Move is a change of what lies at a place.
type Move struct {
	ID        string    `db:"id" json:"id"`
	SKU       string    `db:"sku" json:"sku"`
	Place     string    `db:"place" json:"place"`
	Quantity  int64     `db:"quantity" json:"quantity" doc:"Units; negative when they left"`
	Reason    string    `db:"reason" json:"reason"`
	Reference string    `db:"reference" json:"reference" doc:"The order, return or request that caused it"`
	Note      string    `db:"note" json:"note"`
	By        string    `db:"made_by" json:"by"`
	At        time.Time `db:"at" json:"at"`
}

type hold struct {
	Reference string    `db:"reference"`
	SKU       string    `db:"sku"`
	Place     string    `db:"place"`
	Quantity  int64     `db:"quantity"`
	State     string    `db:"state"`
	At        time.Time `db:"at"`
}

// summed adds up the items of one SKU, in the order of SKUs, in which all transactions take them so that none waits for another
// in a ring.
func summed(items []Item) ([]Item, error) {
	all := slices.Clone(items)
	slices.SortStableFunc(all, func(a, b Item) int { return cmp.Compare(a.SKU, b.SKU) })
	out := all[:0]
	for _, it := range all {
		if it.SKU == "" || it.Quantity <= 0 || it.Quantity > 1e9 {
			return nil, errs.New(errs.Invalid, "inventory.quantity", "%d units of SKU %q cannot be moved", it.Quantity, it.SKU).With("sku", it.SKU)
		}
		if n := len(out); n > 0 && out[n-1].SKU == it.SKU {
			out[n-1].Quantity += it.Quantity
			continue
		}
		out = append(out, it)
	}
	return out, nil
}

// Reserve promises items to a reference, all or none. Too few of one is a Conflict "inventory.short" that names the SKU and
// how many are left. A reference is promised to once.
func Reserve(ctx context.Context, tx *store.Tx, reference, place string, items []Item, now time.Time) error {
	all, err := summed(items)
	if err != nil {
		return err
	}
	holds, wants := make([]hold, len(all)), make([][]any, len(all))
	for i, it := range all {
		holds[i] = hold{reference, it.SKU, place, it.Quantity, "held", now}
		wants[i] = []any{it.Quantity, it.SKU, place, it.Quantity}
	}
	if err := store.InsertLater(ctx, tx, "stock_holds", holds, ""); err != nil {
		return err
	}
	touched, err := tx.ExecEach(ctx, `UPDATE stock SET held = held + ? WHERE sku = ? AND place = ? AND on_hand - held >= ?`, wants)
	if err != nil {
		return err
	}
	for i, n := range touched {
		if n == 0 {
			return short(ctx, tx, all[i], place)
		}
	}
	return nil
}

func short(ctx context.Context, tx *store.Tx, it Item, place string) error {
	left, err := store.One[int64](ctx, tx, `SELECT on_hand - held FROM stock WHERE sku = ? AND place = ?`, it.SKU, place)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	return errs.New(errs.Conflict, "inventory.short", "only %d of %q are left, %d were asked for", left, it.SKU, it.Quantity).
		With("sku", it.SKU).With("left", left).With("wanted", it.Quantity)
}

// settle ends the promises that still stand of a reference.
func settle(ctx context.Context, tx *store.Tx, reference, state string) ([]hold, error) {
	holds, err := store.All[hold](ctx, tx, `UPDATE stock_holds SET state = ? WHERE reference = ? AND state = 'held' RETURNING *`, state, reference)
	slices.SortFunc(holds, func(a, b hold) int { return cmp.Compare(a.SKU, b.SKU) }) // the order in which all take them
	return holds, err
}

// Take lets what was promised to a reference leave the stock: it is paid. It reports false, and changes nothing, when
// nothing is promised any more.
func Take(ctx context.Context, tx *store.Tx, reference string, now time.Time) (bool, error) {
	holds, err := settle(ctx, tx, reference, "taken")
	if err != nil || len(holds) == 0 {
		return false, err
	}
	moves := make([]Move, len(holds))
	for i, h := range holds {
		if err := tx.Later(ctx, `UPDATE stock SET on_hand = on_hand - ?, held = held - ? WHERE sku = ? AND place = ?`, h.Quantity, h.Quantity, h.SKU, h.Place); err != nil {
			return false, err
		}
		moves[i] = Move{ID: id.New("stm"), SKU: h.SKU, Place: h.Place, Quantity: -h.Quantity, Reason: Sold, Reference: reference, At: now}
	}
	err = store.InsertLater(ctx, tx, "stock_moves", moves, "")
	return err == nil, err
}

// Release takes a promise back; one that is not there, or was taken, is left as it is.
func Release(ctx context.Context, tx *store.Tx, reference string) error {
	holds, err := settle(ctx, tx, reference, "released")
	for _, h := range holds {
		if _, err := tx.Exec(ctx, `UPDATE stock SET held = held - ? WHERE sku = ? AND place = ?`, h.Quantity, h.SKU, h.Place); err != nil {
			return err
		}
	}
	return err
}

// Forget removes the ended promises of a reference, so that it can be promised to again: a payment came after its order was closed.
func Forget(ctx context.Context, tx *store.Tx, reference string) error {
	_, err := tx.Exec(ctx, `DELETE FROM stock_holds WHERE reference = ? AND state = 'released'`, reference)
	return err
}

// Change moves units in (positive) or out (negative) for a reason; a reference changes a SKU once for one reason, and again
// changes nothing. More than is free cannot leave: Conflict "inventory.short".
func Change(ctx context.Context, tx *store.Tx, place, reason, reference, note, by string, items []Item, now time.Time) error {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(a.SKU, b.SKU) })
	for i, it := range items {
		if it.SKU == "" || it.Quantity == 0 || it.Quantity > 1e9 || it.Quantity < -1e9 || i > 0 && items[i-1].SKU == it.SKU {
			return errs.New(errs.Invalid, "inventory.quantity", "%d units of SKU %q cannot be moved", it.Quantity, it.SKU).With("sku", it.SKU)
		}
		m := Move{ID: id.New("stm"), SKU: it.SKU, Place: place, Quantity: it.Quantity, Reason: reason, Reference: reference, Note: note, By: by, At: now}
		n, err := store.InsertAll(ctx, tx, "stock_moves", []Move{m}, "ON CONFLICT DO NOTHING")
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO stock (sku, place, on_hand, held) VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING`, it.SKU, place); err != nil {
			return err
		}
		n, err = tx.Exec(ctx, `UPDATE stock SET on_hand = on_hand + ? WHERE sku = ? AND place = ? AND on_hand + ? >= held`, it.Quantity, it.SKU, place, it.Quantity)
		if err != nil {
			return err
		}
		if n == 0 {
			return short(ctx, tx, Item{it.SKU, -it.Quantity}, place)
		}
	}
	return nil
}

// Count sets what a count found to lie at a place. Fewer than are promised is a Conflict.
func Count(ctx context.Context, tx *store.Tx, place, reference, note, by string, sku string, found int64, now time.Time) error {
	if found < 0 || found > 1e9 {
		return errs.New(errs.Invalid, "inventory.quantity", "a count of %d is not possible", found).With("sku", sku)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO stock (sku, place, on_hand, held) VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING`, sku, place); err != nil {
		return err
	}
	now0, err := store.One[int64](ctx, tx, `SELECT on_hand FROM stock WHERE sku = ? AND place = ?`+tx.Hold(), sku, place)
	if err != nil || now0 == found {
		return err
	}
	return Change(ctx, tx, place, Counted, reference, note, by, []Item{{sku, found - now0}}, now)
}

// Levels returns what lies of the SKUs at a place, by SKU; one that never lay there is missing. At most 5,000.
func Levels(ctx context.Context, q store.Querier, place string, skus []string) (map[string]Level, error) {
	var w store.Where
	w.And("place = ?", place)
	store.In(&w, "sku", skus)
	out := make(map[string]Level, len(skus))
	err := store.Each(ctx, q, `SELECT * FROM stock`+w.SQL(), w.Args(), func(l Level) error {
		out[l.SKU] = l
		return nil
	})
	return out, err
}

// Moves returns the latest changes of a SKU at a place below one of them ("" for the first page).
func Moves(ctx context.Context, q store.Querier, sku, place, below string, limit int) ([]Move, error) {
	var w store.Where
	w.And("sku = ? AND place = ?", sku, place)
	if below != "" {
		w.And("(at, id) < (SELECT b.at, b.id FROM stock_moves b WHERE b.id = ?)", below)
	}
	return store.All[Move](ctx, q, `SELECT * FROM stock_moves`+w.SQL()+` ORDER BY at DESC, id DESC LIMIT ?`, w.Args(limit)...)
}

// Difference is a level that its movements or promises do not add up to.
type Difference struct {
	SKU    string `db:"sku" json:"sku"`
	Place  string `db:"place" json:"place"`
	OnHand int64  `db:"on_hand" json:"on_hand"`
	Moved  int64  `db:"moved" json:"moved" doc:"What the movements add up to"`
	Held   int64  `db:"held" json:"held"`
	Holds  int64  `db:"holds" json:"holds" doc:"What the standing promises add up to"`
}

// Check returns the levels that do not equal the sum of their movements and promises; none when all is well.
func Check(ctx context.Context, q store.Querier) ([]Difference, error) {
	return store.All[Difference](ctx, q, `SELECT s.sku, s.place, s.on_hand, s.held, CAST(COALESCE(m.sum, 0) AS BIGINT) AS moved, CAST(COALESCE(h.sum, 0) AS BIGINT) AS holds
		FROM stock s
		LEFT JOIN (SELECT sku, place, SUM(quantity) AS sum FROM stock_moves GROUP BY sku, place) m ON m.sku = s.sku AND m.place = s.place
		LEFT JOIN (SELECT sku, place, SUM(quantity) AS sum FROM stock_holds WHERE state = 'held' GROUP BY sku, place) h ON h.sku = s.sku AND h.place = s.place
		WHERE s.on_hand <> COALESCE(m.sum, 0) OR s.held <> COALESCE(h.sum, 0) ORDER BY s.sku, s.place LIMIT 1000`)
}
