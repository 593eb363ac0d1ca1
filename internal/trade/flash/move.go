package flash

import (
	"context"
	"encoding/json"
	"slices"

	"huoshui/internal/platform/store"
)

// Mover moves what people had of flash sales when they turn out to be one, and back. A place in a waiting room does not move: who
// stays is asked to come in again.
type Mover struct{}

// MoveCustomers gives what each key of to had to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "flash_takes", "sale", "", to)
	if err != nil {
		return nil, err
	}
	var all []uint32
	for from, into := range to {
		if err := quit(ctx, tx, from); err != nil {
			return nil, err
		}
		if len(by[from]) > 0 {
			all = append(all, from, into)
		}
	}
	if err := recount(ctx, tx, all); err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives back what is still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var sales []string
	if err := json.Unmarshal(moved, &sales); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "flash_takes", "sale", sales, holder, from); err != nil {
		return err
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
