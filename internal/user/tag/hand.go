package tag

import (
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

// Marked is what putting a tag on people came to.
type Marked struct {
	People  int64 `json:"people" doc:"How many were named"`
	Changed int64 `json:"changed" doc:"How many carry the tag now, or no longer, who did not before, or did"`
}

// Mark puts a tag on people by hand, or takes it off. expect is how many the person was told would change, and it must still be so
// (within what happened meanwhile, that is exactly); negative does not ask.
func (s *Service) Mark(ctx context.Context, tagID string, people *roaring.Bitmap, add bool, expect int64, dry bool, why Why) (Marked, error) {
	t, err := byID(ctx, s.db, tagID)
	if err != nil {
		return Marked{}, err
	}
	if !t.byHand() || t.Archived {
		return Marked{}, errs.New(errs.Conflict, "tag.not_by_hand", "a tag of kind %s is put on nobody by hand", t.Kind)
	}
	before, err := roll.People(ctx, s.db, tagID)
	if err != nil {
		return Marked{}, err
	}
	after := roaring.AndNot(before, people)
	if add {
		after = roaring.Or(before, people)
	}
	m := Marked{People: int64(people.GetCardinality()), Changed: int64(roaring.Xor(before, after).GetCardinality())}
	if dry || m.Changed == 0 {
		return m, nil
	}
	if expect >= 0 && expect != m.Changed {
		return m, errs.New(errs.Conflict, "tag.count_changed", "%d people would change now, not %d", m.Changed, expect).With("count", m.Changed)
	}
	defer s.segments.Reworded()
	if m.Changed > 1000 {
		_, _, err = s.replace(ctx, t, before, after, s.now(), always(why))
		return m, err
	}
	touched := roaring.Xor(before, after)
	return m, s.db.Tx(ctx, func(tx *store.Tx) error { return s.mark(ctx, tx, t, touched, add, s.now(), always(why)) })
}

// mark is a few people coming to carry a tag or ceasing to, in a transaction of the caller's; it looks at who carries it anew.
func (s *Service) mark(ctx context.Context, tx *store.Tx, t Tag, people *roaring.Bitmap, add bool, at time.Time, why func(uint32) Why) error {
	now, err := roll.People(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	var touched *roaring.Bitmap
	size := audience.DaySize{Day: at.In(s.zone).Format(time.DateOnly), Version: t.Version}
	if add {
		touched = roaring.AndNot(people, now)
		now.Or(people)
		size.Entered = int64(touched.GetCardinality())
	} else {
		touched = roaring.And(people, now)
		now.AndNot(people)
		size.Left = int64(touched.GetCardinality())
	}
	if touched.IsEmpty() {
		return nil
	}
	size.Size = int64(now.GetCardinality())
	facts := make([]event.Fact, 0, touched.GetCardinality())
	for it := touched.Iterator(); it.HasNext(); {
		n := it.Next()
		f := fact(t, add, why(n))
		f.ID, f.Customer, f.At = id.New("fact"), n, at
		facts = append(facts, f)
	}
	if err := outbox.Append(ctx, tx, facts...); err != nil {
		return err
	}
	if err := roll.PutTouched(ctx, tx, t.ID, now, touched); err != nil {
		return err
	}
	if err := roll.PutSize(ctx, tx, t.ID, size); err != nil {
		return err
	}
	turn := audience.Turn{At: at}
	return settled(t, turn)(ctx, tx, size)
}
