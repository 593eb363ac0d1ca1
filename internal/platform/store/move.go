package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// moveChunk is how many rows or customers one statement of a move names.
const moveChunk = 5000

// owned is a row with the customer it names.
type owned struct {
	ID       string `db:"id"`
	Customer uint32 `db:"customer"`
}

// MoveRows gives the rows of a table, of which column customer names a customer and column id is unique, of each key of to
// to its value, those that meet condition ("" for all). It returns the ids that were moved, by key.
func MoveRows(ctx context.Context, tx *Tx, table, id, condition string, to map[uint32]uint32) (map[uint32][]string, error) {
	out := map[uint32][]string{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(to)), moveChunk) {
		var w Where
		In(&w, "customer", part)
		if condition != "" {
			w.And(condition)
		}
		err := Each(ctx, tx, `SELECT `+id+` AS id, customer FROM `+table+w.SQL()+` ORDER BY `+id, w.Args(), func(o owned) error {
			out[o.Customer] = append(out[o.Customer], o.ID)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("move %s: %w", table, err)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(out)) {
		if err := GiveRows(ctx, tx, table, id, out[from], from, to[from]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// GiveRows gives those of the rows that are one customer's to another.
func GiveRows(ctx context.Context, tx *Tx, table, id string, ids []string, from, to uint32) error {
	for part := range slices.Chunk(ids, moveChunk) {
		var w Where
		w.And("customer = ?", int64(from))
		In(&w, id, part)
		if _, err := tx.Exec(ctx, `UPDATE `+table+` SET customer = ?`+w.SQL(), append([]any{int64(to)}, w.Args()...)...); err != nil {
			return fmt.Errorf("move %s: %w", table, err)
		}
	}
	return nil
}

// FreeRequests renames the requests of rows that are about to move to a customer who made one of the same name: of a table that is unique by
// customer and request, with a column id. It returns what they were called, by id, for GiveRequests.
func FreeRequests(ctx context.Context, tx *Tx, table string, to map[uint32]uint32) (map[string]string, error) {
	type named struct {
		ID       string `db:"id"`
		Customer uint32 `db:"customer"`
		Request  string `db:"request"`
	}
	read := func(people []uint32) (rows []named, err error) {
		for part := range slices.Chunk(people, moveChunk) {
			var w Where
			In(&w, "customer", part)
			some, err := All[named](ctx, tx, `SELECT id, customer, request FROM `+table+w.SQL()+` ORDER BY id`, w.Args()...)
			if err != nil {
				return nil, fmt.Errorf("move %s: %w", table, err)
			}
			rows = append(rows, some...)
		}
		return rows, nil
	}
	moving, err := read(slices.Sorted(maps.Keys(to)))
	if err != nil || len(moving) == 0 {
		return nil, err
	}
	stay := map[uint32]bool{}
	for _, r := range moving {
		stay[to[r.Customer]] = true
	}
	there, err := read(slices.Sorted(maps.Keys(stay)))
	if err != nil {
		return nil, err
	}
	type made struct {
		customer uint32
		request  string
	}
	has := make(map[made]bool, len(there)+len(moving))
	for _, r := range there {
		has[made{r.Customer, r.Request}] = true
	}
	old := map[string]string{}
	for _, r := range moving {
		key := made{to[r.Customer], r.Request}
		if !has[key] {
			has[key] = true
			continue
		}
		old[r.ID] = r.Request
		if _, err := tx.Exec(ctx, `UPDATE `+table+` SET request = ? WHERE id = ?`, "merged/"+r.ID, r.ID); err != nil {
			return nil, fmt.Errorf("move %s: %w", table, err)
		}
	}
	return old, nil
}

// RequestsOf is what FreeRequests returned of some rows; nil for none.
func RequestsOf(old map[string]string, ids []string) map[string]string {
	var out map[string]string
	for _, id := range ids {
		if name, renamed := old[id]; renamed {
			if out == nil {
				out = map[string]string{}
			}
			out[id] = name
		}
	}
	return out
}

// GiveRequests gives the requests of a customer's rows the names back that FreeRequests took.
func GiveRequests(ctx context.Context, tx *Tx, table string, customer uint32, old map[string]string) error {
	for _, id := range slices.Sorted(maps.Keys(old)) {
		if _, err := tx.Exec(ctx, `UPDATE `+table+` SET request = ? WHERE id = ? AND customer = ?`, old[id], id, int64(customer)); err != nil {
			return fmt.Errorf("move %s: %w", table, err)
		}
	}
	return nil
}

// Records turns what was moved into JSON, by customer.
func Records[T any](by map[uint32]T) (map[uint32]json.RawMessage, error) {
	out := make(map[uint32]json.RawMessage, len(by))
	for n, what := range by {
		text, err := json.Marshal(what)
		if err != nil {
			return nil, err
		}
		out[n] = text
	}
	return out, nil
}
