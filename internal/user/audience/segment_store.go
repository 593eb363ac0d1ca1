package audience

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

func segmentByID(ctx context.Context, q store.Querier, id string) (Segment, error) {
	s, err := store.One[Segment](ctx, q, `SELECT * FROM segments WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return s, errs.New(errs.NotFound, "segment.not_found", "there is no segment %s", id)
	}
	return s, err
}

// listSegments returns a page of segments below the cursor, the latest changed first, and how many there are in all.
func listSegments(ctx context.Context, q store.Querier, search string, archived bool, below Segment, limit int) ([]Segment, int64, error) {
	var w store.Where
	w.And("archived = ?", archived)
	if search != "" {
		w.And(`LOWER(name) LIKE LOWER(?) ESCAPE '\'`, "%"+store.Like(search)+"%")
	}
	total, err := store.One[int64](ctx, q, `SELECT COUNT(*) FROM segments`+w.SQL(), w.Args()...)
	if err != nil {
		return nil, 0, err
	}
	if below.ID != "" {
		w.And("(updated_at, id) < (?, ?)", below.UpdatedAt, below.ID)
	}
	all, err := store.All[Segment](ctx, q, `SELECT * FROM segments`+w.SQL()+` ORDER BY updated_at DESC, id DESC LIMIT ?`, w.Args(limit)...)
	return all, total, err
}

// members reads a segment's people.
func members(ctx context.Context, q store.Querier, id string) (*roaring.Bitmap, error) {
	return segmentRoll.People(ctx, q, id)
}

func putSegment(ctx context.Context, tx *store.Tx, s Segment, was int64) error {
	condition, err := json.Marshal(s.Condition)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE segments SET name = ?, note = ?, condition = ?, version = ?, size = ?, as_of = ?, computed = ?, updated_at = ?, archived = ?, live = ?
		WHERE id = ? AND version = ?`, s.Name, s.Note, string(condition), s.Version, s.Size, s.AsOf, s.Computed, s.UpdatedAt, s.Archived, s.Live, s.ID, was)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "segment.changed", "somebody else has changed this segment; look at it again")
	}
	return err
}

// usedBy returns the names of live segments that refer to a segment.
func usedBy(ctx context.Context, q store.Querier, id string) ([]string, error) {
	all, err := store.All[Segment](ctx, q, `SELECT * FROM segments WHERE archived = ? AND kind = 'dynamic' AND condition LIKE ? ESCAPE '\'`, false, "%"+store.Like(id)+"%")
	var names []string
	for _, s := range all {
		if slices.Contains(s.Condition.Segments(), id) {
			names = append(names, s.Name)
		}
	}
	return names, err
}
