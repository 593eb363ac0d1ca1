package audience

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/store"
)

// Mover keeps saved lists right when customers turn out to be one: whoever stays takes the place of who goes. Dynamic
// segments follow by themselves.
type Mover struct{}

// listed is what moving back needs: the lists the one who went was in, and those that the other came into by that.
type listed struct {
	In    []string `json:"in"`
	Added []string `json:"added,omitempty"`
}

// MoveCustomers replaces each key of to by its value in every static segment.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	ids, err := store.All[string](ctx, tx, `SELECT id FROM segments WHERE kind = 'static' ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return segmentRoll.Move(ctx, tx, ids, to, resize)
}

// ReturnCustomer puts who leaves back on the lists, and takes the holder off those that she came into only by the merge.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	return segmentRoll.Return(ctx, tx, from, holder, moved, resize)
}

// EraseCustomers takes people off every list.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	return segmentRoll.Erase(ctx, tx, numbers)
}

// Erase takes people off every list, announcing nobody.
func (r Roll) Erase(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	type row struct {
		List   string `db:"list"`
		People []byte `db:"people"`
	}
	gone := roaring.BitmapOf(numbers...)
	for _, c := range chunksOf(gone) {
		rows, err := store.All[row](ctx, tx, `SELECT `+string(r)+`_id AS list, people FROM `+string(r)+`_members WHERE chunk = ?`, c)
		if err != nil {
			return err
		}
		for _, one := range rows {
			people := roaring.New()
			if err := people.UnmarshalBinary(one.People); err != nil {
				return fmt.Errorf("members of %s, chunk %d: %w", one.List, c, err)
			}
			n := people.AndCardinality(gone)
			if n == 0 {
				continue
			}
			people.AndNot(gone)
			if err := r.put(ctx, tx, one.List, c, people); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE `+string(r)+`s SET size = size - ? WHERE id = ?`, int64(n), one.List); err != nil {
				return err
			}
		}
	}
	return nil
}

func resize(ctx context.Context, tx *store.Tx, id string, size int64) error {
	_, err := tx.Exec(ctx, `UPDATE segments SET size = ? WHERE id = ?`, size, id)
	return err
}

// Resize notes how many are on a list.
type Resize func(ctx context.Context, tx *store.Tx, list string, size int64) error

// Move replaces each key of to by its value on lists that people or files filled, announcing nobody: whoever stays was meant. It
// returns what Return needs, by key.
func (r Roll) Move(ctx context.Context, tx *store.Tx, lists []string, to map[uint32]uint32, resize Resize) (map[uint32]json.RawMessage, error) {
	by := map[uint32]listed{}
	from := slices.Sorted(maps.Keys(to))
	for _, id := range lists {
		all, err := r.People(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		touched := roaring.New()
		for _, n := range from {
			if !all.Contains(n) {
				continue
			}
			rec := by[n]
			rec.In = append(rec.In, id)
			all.Remove(n)
			if all.CheckedAdd(to[n]) {
				rec.Added = append(rec.Added, id)
			}
			touched.AddMany([]uint32{n, to[n]})
			by[n] = rec
		}
		if err := r.resized(ctx, tx, id, all, touched, resize); err != nil {
			return nil, err
		}
	}
	return store.Records(by)
}

// resized stores the parts of a list that hold somebody of touched, and its size.
func (r Roll) resized(ctx context.Context, tx *store.Tx, id string, all, touched *roaring.Bitmap, resize Resize) error {
	if touched.IsEmpty() {
		return nil
	}
	if err := r.PutTouched(ctx, tx, id, all, touched); err != nil {
		return err
	}
	return resize(ctx, tx, id, int64(all.GetCardinality()))
}

// Return puts who leaves back on the lists that Move took her off, and takes the holder off those that she came into only by that.
func (r Roll) Return(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage, resize Resize) error {
	var rec listed
	if err := json.Unmarshal(moved, &rec); err != nil {
		return err
	}
	for _, id := range rec.In {
		all, err := r.People(ctx, tx, id)
		if err != nil {
			return err
		}
		all.Add(from)
		if slices.Contains(rec.Added, id) {
			all.Remove(holder)
		}
		if err := r.resized(ctx, tx, id, all, roaring.BitmapOf(from, holder), resize); err != nil {
			return err
		}
	}
	return nil
}
