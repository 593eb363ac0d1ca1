package audience

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// chunk is one row of a segment's members.
type chunk struct {
	SegmentID string `db:"segment_id"`
	Chunk     int64  `db:"chunk"`
	People    []byte `db:"people"`
}

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
	out := roaring.New()
	err := store.Each(ctx, q, `SELECT * FROM segment_members WHERE segment_id = ? ORDER BY chunk`, []any{id}, func(c chunk) error {
		b, err := c.read()
		if err == nil {
			out.Or(b)
		}
		return err
	})
	return out, err
}

func (c chunk) read() (*roaring.Bitmap, error) {
	b := roaring.New()
	if err := b.UnmarshalBinary(c.People); err != nil {
		return nil, fmt.Errorf("members of %s, chunk %d: %w", c.SegmentID, c.Chunk, err)
	}
	return b, nil
}

// chunksOf returns the chunks in which any of the bitmaps holds somebody, ascending.
func chunksOf(bitmaps ...*roaring.Bitmap) []int64 {
	var out []int64
	for it := roaring.FastOr(bitmaps...).Iterator(); it.HasNext(); {
		c := int64(it.Next() >> 16)
		out = append(out, c)
		if c == 1<<16-1 {
			break
		}
		it.AdvanceIfNeeded(uint32(c+1) << 16)
	}
	return out
}

// chunkOf is the part of a bitmap that lies in a chunk.
func chunkOf(b *roaring.Bitmap, c int64) *roaring.Bitmap {
	window := roaring.New()
	window.AddRange(uint64(c)<<16, uint64(c+1)<<16)
	window.And(b)
	return window
}

// putChunk replaces a chunk of a segment's members; an empty one goes.
func putChunk(ctx context.Context, tx *store.Tx, id string, c int64, people *roaring.Bitmap) error {
	if people.IsEmpty() {
		_, err := tx.Exec(ctx, `DELETE FROM segment_members WHERE segment_id = ? AND chunk = ?`, id, c)
		return err
	}
	people.RunOptimize()
	data, err := people.ToBytes()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO segment_members (segment_id, chunk, people) VALUES (?, ?, ?)
		ON CONFLICT (segment_id, chunk) DO UPDATE SET people = excluded.people`, id, c, data)
	return err
}

// putMembers replaces all of a segment's members.
func putMembers(ctx context.Context, tx *store.Tx, id string, people *roaring.Bitmap) error {
	if _, err := tx.Exec(ctx, `DELETE FROM segment_members WHERE segment_id = ?`, id); err != nil {
		return err
	}
	for _, c := range chunksOf(people) {
		if err := putChunk(ctx, tx, id, c, chunkOf(people, c)); err != nil {
			return err
		}
	}
	return nil
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

// putSize notes the size of a day, adding to what came and went earlier that day.
func putSize(ctx context.Context, tx *store.Tx, d DaySize) error {
	_, err := tx.Exec(ctx, `INSERT INTO segment_sizes (segment_id, day, size, entered, left_, version) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (segment_id, day) DO UPDATE SET size = excluded.size, version = excluded.version,
			entered = segment_sizes.entered + excluded.entered, left_ = segment_sizes.left_ + excluded.left_`,
		d.SegmentID, d.Day, d.Size, d.Entered, d.Left, d.Version)
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
