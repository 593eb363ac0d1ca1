package flash

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"huoshui/internal/platform/store"
)

// Mover moves what people had of flash sales when they turn out to be one, and back: units, and places in waiting rooms. Of two places in
// one room the better stays.
type Mover struct{}

// moved is what a customer had.
type moved struct {
	Sales  []string         `json:"sales,omitempty"`
	Places map[string]int64 `json:"places,omitempty"` // by flash sale: those that the other took over
}

// MoveCustomers gives what each key of to had to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "flash_takes", "sale", "", to)
	if err != nil {
		return nil, err
	}
	all := map[uint32]moved{}
	var people []uint32
	for from, sales := range by {
		all[from] = moved{Sales: sales}
		people = append(people, from, to[from])
	}
	if err := recount(ctx, tx, people); err != nil {
		return nil, err
	}
	var places []ticket
	for part := range slices.Chunk(slices.Sorted(maps.Keys(to)), 1000) {
		var w store.Where
		store.In(&w, "customer", part)
		w.And("state IN ('waiting', 'admitted')")
		some, err := store.All[ticket](ctx, tx, `SELECT * FROM flash_queue`+w.SQL(), w.Args()...)
		if err != nil {
			return nil, err
		}
		places = append(places, some...)
	}
	slices.SortFunc(places, func(a, b ticket) int { return cmp.Or(cmp.Compare(a.Flash, b.Flash), cmp.Compare(a.Place, b.Place)) })
	for _, t := range places {
		took, err := takeOver(ctx, tx, t.Flash, t.Customer, to[t.Customer])
		if err != nil {
			return nil, err
		}
		if took > 0 {
			one := all[t.Customer]
			if one.Places == nil {
				one.Places = map[string]int64{}
			}
			one.Places[t.Flash] = took
			all[t.Customer] = one
		}
	}
	return store.Records(all)
}

// takeOver gives a person's place in a room to another, who keeps her own where that is better, and returns it; 0 where it is given up.
func takeOver(ctx context.Context, tx *store.Tx, flash string, from, into uint32) (int64, error) {
	if err := lock(ctx, tx, flash); err != nil {
		return 0, err
	}
	mine, err := ticketOf(ctx, tx, flash, from)
	if err != nil || !mine.stands() { // it may have ended before the sale was held
		return 0, err
	}
	hers, err := ticketOf(ctx, tx, flash, into)
	if err != nil {
		return 0, err
	}
	enough, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM flash_people p JOIN flash_sales s ON s.id = p.flash WHERE p.flash = ? AND p.customer = ? AND p.units >= s.per_person`, flash, int64(into))
	if err != nil {
		return 0, err
	}
	if enough > 0 || hers.stands() && !mine.before(hers) {
		return 0, out(ctx, tx, flash, from)
	}
	if hers.stands() {
		if err := out(ctx, tx, flash, into); err != nil {
			return 0, err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM flash_queue WHERE flash = ? AND customer = ?`, flash, int64(into)); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `UPDATE flash_queue SET customer = ? WHERE flash = ? AND customer = ?`, int64(into), flash, int64(from))
	return mine.Place, err
}

// stands reports whether a place counts.
func (t *ticket) stands() bool { return t.State == Waiting || t.State == Admitted }

// before reports whether a place is better than another.
func (t *ticket) before(o ticket) bool {
	if (t.State == Admitted) != (o.State == Admitted) {
		return t.State == Admitted
	}
	return t.Place < o.Place
}

// ReturnCustomer gives back what is still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, record json.RawMessage) error {
	var had moved
	into := any(&had)
	if bytes.HasPrefix(record, []byte("[")) { // a merge from before places moved
		into = &had.Sales
	}
	if err := json.Unmarshal(record, into); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "flash_takes", "sale", had.Sales, holder, from); err != nil {
		return err
	}
	for _, flash := range slices.Sorted(maps.Keys(had.Places)) {
		if err := lock(ctx, tx, flash); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE flash_queue SET customer = ? WHERE flash = ? AND customer = ? AND place = ? AND state IN ('waiting', 'admitted')
			AND NOT EXISTS (SELECT 1 FROM flash_queue o WHERE o.flash = flash_queue.flash AND o.customer = ?)`, int64(from), flash, int64(holder), had.Places[flash], int64(from)); err != nil {
			return err
		}
	}
	return recount(ctx, tx, []uint32{from, holder})
}

// EraseCustomers takes people out of waiting rooms; how many units they had stays, as their orders do.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for _, n := range numbers {
		if err := quit(ctx, tx, n); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM flash_queue WHERE customer = ?`, int64(n)); err != nil {
			return err
		}
	}
	return nil
}

// quit takes a person out of every waiting room.
func quit(ctx context.Context, tx *store.Tx, customer uint32) error {
	rooms, err := store.All[string](ctx, tx, `SELECT flash FROM flash_queue WHERE customer = ? AND state IN ('waiting', 'admitted') ORDER BY flash`, int64(customer))
	if err != nil {
		return err
	}
	for _, flash := range rooms {
		if err := out(ctx, tx, flash, customer); err != nil {
			return err
		}
	}
	return nil
}

// recount makes the sums of people what their orders took.
func recount(ctx context.Context, tx *store.Tx, people []uint32) error {
	slices.Sort(people)
	for part := range slices.Chunk(slices.Compact(people), 1000) {
		var w store.Where
		store.In(&w, "customer", part)
		if _, err := tx.Exec(ctx, `DELETE FROM flash_people`+w.SQL(), w.Args()...); err != nil {
			return err
		}
		w.And("given = FALSE")
		if _, err := tx.Exec(ctx, `INSERT INTO flash_people (flash, customer, units) SELECT flash, customer, CAST(SUM(units) AS BIGINT) FROM flash_takes`+w.SQL()+` GROUP BY flash, customer`, w.Args()...); err != nil {
			return err
		}
	}
	return nil
}
