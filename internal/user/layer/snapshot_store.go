package layer

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// keepDays is for how long every day's people are kept; older days keep them for the first of a month only, and counts for
// ever.
const keepDays = 400

// putSnapshot replaces the snapshot of its day.
func putSnapshot(ctx context.Context, tx *store.Tx, snap Snapshot, sets []set) error {
	if _, err := tx.Exec(ctx, `DELETE FROM layer_sets WHERE day = ?`, snap.Day); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM layer_snapshots WHERE day = ?`, snap.Day); err != nil {
		return err
	}
	if err := store.Insert(ctx, tx, "layer_snapshots", snap); err != nil {
		return err
	}
	for i := range sets {
		sets[i].Day = snap.Day
		packed, err := sets[i].bitmap.ToBytes()
		if err != nil {
			return fmt.Errorf("pack bitmap: %w", err)
		}
		sets[i].Numbers = packed
	}
	_, err := store.InsertAll(ctx, tx, "layer_sets", sets, "")
	return err
}

// thin drops what old days no longer need: the people behind reasons and cells of every day but the newest, and all people
// of days beyond keepDays that are not the first of a month.
func thin(ctx context.Context, tx *store.Tx, newest string) error {
	day, err := time.Parse(time.DateOnly, newest)
	if err != nil {
		return fmt.Errorf("day of snapshot: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE layer_sets SET numbers = NULL WHERE day < ? AND kind IN ('reason', 'cell') AND numbers IS NOT NULL`, newest)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE layer_sets SET numbers = NULL WHERE day < ? AND day NOT LIKE '%-01' AND numbers IS NOT NULL`,
		day.AddDate(0, 0, -keepDays).Format(time.DateOnly))
	return err
}

// snapshotOn returns the newest snapshot not after the day ("" for the newest of all), or NotFound.
func snapshotOn(ctx context.Context, q store.Querier, day string) (Snapshot, error) {
	var where store.Where
	if day != "" {
		where.And("day <= ?", day)
	}
	snap, err := store.One[Snapshot](ctx, q, `SELECT * FROM layer_snapshots`+where.SQL()+` ORDER BY day DESC LIMIT 1`, where.Args()...)
	if errs.Is(err, errs.NotFound) {
		return snap, errs.New(errs.NotFound, "layer.no_snapshot", "no snapshot on or before %s", day).At("day").With("day", day)
	}
	return snap, err
}

// counts returns people and value of the sets of one kind on one day.
func counts(ctx context.Context, q store.Querier, day string, kind Kind) ([]Count, error) {
	return store.All[Count](ctx, q, `SELECT code, people, value_fen FROM layer_sets WHERE day = ? AND kind = ?`, day, kind)
}

// numbers returns the people of one set; NotFound when the day no longer has them.
func numbers(ctx context.Context, q store.Querier, day string, kind Kind, code string) (*roaring.Bitmap, error) {
	packed, err := store.One[[]byte](ctx, q, `SELECT numbers FROM layer_sets WHERE day = ? AND kind = ? AND code = ?`, day, kind, code)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.Invalid, "layer.no_such_set", "there is no %s %q on %s", kind, code, day).At(string(kind))
	}
	if err != nil {
		return nil, err
	}
	if packed == nil {
		return nil, errs.New(errs.NotFound, "layer.people_dropped", "only the counts of %s are kept", day).With("day", day)
	}
	b, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("%s %s of %s: %w", kind, code, day, err)
	}
	return b, nil
}

// unpack reads a bitmap; it may go on using packed.
func unpack(packed []byte) (*roaring.Bitmap, error) {
	b := roaring.New()
	if _, err := b.FromBuffer(packed); err != nil {
		return nil, fmt.Errorf("unpack bitmap: %w", err)
	}
	return b, nil
}

// Point is one day of a layer's history.
type Point struct {
	Day           string `db:"day" json:"day"`
	Code          string `db:"code" json:"code"`
	People        int64  `db:"people" json:"people"`
	ValueFen      int64  `db:"value_fen" json:"value_fen"`
	Reconstructed bool   `db:"reconstructed" json:"reconstructed"`
}

// series returns the layers' sizes of the days from…to.
func series(ctx context.Context, q store.Querier, from, to string) ([]Point, error) {
	return store.All[Point](ctx, q, `
		SELECT s.day, s.code, s.people, s.value_fen, n.reconstructed
		FROM layer_sets s JOIN layer_snapshots n ON n.day = s.day
		WHERE s.kind = 'layer' AND s.day >= ? AND s.day <= ? ORDER BY s.day, s.code`, from, to)
}

// snapshotDays returns the days there are snapshots of, newest first.
func snapshotDays(ctx context.Context, q store.Querier, limit int) ([]SnapshotDay, error) {
	return store.All[SnapshotDay](ctx, q, `SELECT day, people, reconstructed, definition_version FROM layer_snapshots ORDER BY day DESC LIMIT ?`, limit)
}

// SnapshotDay names a day that can be compared with another.
type SnapshotDay struct {
	Day               string `db:"day" json:"day"`
	People            int64  `db:"people" json:"people"`
	Reconstructed     bool   `db:"reconstructed" json:"reconstructed"`
	DefinitionVersion int64  `db:"definition_version" json:"definition_version"`
}
