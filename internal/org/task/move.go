package task

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/store"
)

// Mover moves tasks, open and closed, between customers who turn out to be one, and back.
type Mover struct{}

// MoveCustomers gives the tasks about each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "tasks", "id", "", to)
	if err != nil {
		return nil, err
	}
	return store.Records(by)
}

// EraseCustomers takes the words out of the tasks about people, and those that are still to be done off the list.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	var w store.Where
	store.In(&w, "customer", numbers)
	if _, err := tx.Exec(ctx, `DELETE FROM tasks`+w.SQL()+` AND state = 'open'`, w.Args()...); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE tasks SET title = '', text = '', note = ''`+w.SQL(), w.Args()...)
	return err
}

// ReturnCustomer gives tasks back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "tasks", "id", ids, holder, from)
}
