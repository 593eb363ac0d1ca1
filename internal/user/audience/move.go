package audience

import (
	"context"
	"encoding/json"
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
	by := map[uint32]listed{}
	from := slices.Sorted(maps.Keys(to))
	for _, id := range ids {
		all, err := members(ctx, tx, id)
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
		if err := putTouched(ctx, tx, id, all, touched); err != nil {
			return nil, err
		}
	}
	return store.Records(by)
}

// putTouched stores the parts of a list that hold somebody of touched, and its size.
func putTouched(ctx context.Context, tx *store.Tx, id string, all, touched *roaring.Bitmap) error {
	if touched.IsEmpty() {
		return nil
	}
	if err := segmentRoll.PutTouched(ctx, tx, id, all, touched); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE segments SET size = ? WHERE id = ?`, int64(all.GetCardinality()), id)
	return err
}

// ReturnCustomer puts who leaves back on the lists, and takes the holder off those that she came into only by the merge.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var rec listed
	if err := json.Unmarshal(moved, &rec); err != nil {
		return err
	}
	for _, id := range rec.In {
		all, err := members(ctx, tx, id)
		if err != nil {
			return err
		}
		all.Add(from)
		if slices.Contains(rec.Added, id) {
			all.Remove(holder)
		}
		if err := putTouched(ctx, tx, id, all, roaring.BitmapOf(from, holder)); err != nil {
			return err
		}
	}
	return nil
}
