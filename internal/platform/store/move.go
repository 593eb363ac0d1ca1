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
