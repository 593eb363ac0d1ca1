package audience

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Roll is where a kind of list keeps who is on each of its lists, as roaring bitmaps of 65,536 customer numbers a row, and how many
// were on it by day. Its name is that of the tables: "segment" has segment_members and segment_sizes with the column segment_id.
type Roll string

// The rolls.
const (
	segmentRoll Roll = "segment"
	TagRoll     Roll = "tag"
)

// chunk is one row of a list's members.
type chunk struct {
	Chunk  int64  `db:"chunk"`
	People []byte `db:"people"`
}

// People reads who is on a list. The bitmap is the caller's own.
func (r Roll) People(ctx context.Context, q store.Querier, list string) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := store.Each(ctx, q, `SELECT chunk, people FROM `+string(r)+`_members WHERE `+string(r)+`_id = ? ORDER BY chunk`, []any{list}, func(c chunk) error {
		b := roaring.New()
		if err := b.UnmarshalBinary(c.People); err != nil {
			return fmt.Errorf("members of %s, chunk %d: %w", list, c.Chunk, err)
		}
		out.Or(b)
		return nil
	})
	return out, err
}

// Lists returns the ids of the lists that a customer is on.
func (r Roll) Lists(ctx context.Context, q store.Querier, customer uint32) ([]string, error) {
	type row struct {
		List   string `db:"list"`
		People []byte `db:"people"`
	}
	out := []string{}
	err := store.Each(ctx, q, `SELECT `+string(r)+`_id AS list, people FROM `+string(r)+`_members WHERE chunk = ? ORDER BY 1`, []any{int64(customer >> 16)}, func(one row) error {
		b := roaring.New()
		if err := b.UnmarshalBinary(one.People); err != nil {
			return fmt.Errorf("members of %s: %w", one.List, err)
		}
		if b.Contains(customer) {
			out = append(out, one.List)
		}
		return nil
	})
	return out, err
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

// put replaces a chunk of a list's members; an empty one goes.
func (r Roll) put(ctx context.Context, tx *store.Tx, list string, c int64, people *roaring.Bitmap) error {
	if people.IsEmpty() {
		_, err := tx.Exec(ctx, `DELETE FROM `+string(r)+`_members WHERE `+string(r)+`_id = ? AND chunk = ?`, list, c)
		return err
	}
	people.RunOptimize()
	data, err := people.ToBytes()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO `+string(r)+`_members (`+string(r)+`_id, chunk, people) VALUES (?, ?, ?)
		ON CONFLICT (`+string(r)+`_id, chunk) DO UPDATE SET people = excluded.people`, list, c, data)
	return err
}

// Put replaces everybody on a list, announcing nobody.
func (r Roll) Put(ctx context.Context, tx *store.Tx, list string, people *roaring.Bitmap) error {
	if _, err := tx.Exec(ctx, `DELETE FROM `+string(r)+`_members WHERE `+string(r)+`_id = ?`, list); err != nil {
		return err
	}
	for _, c := range chunksOf(people) {
		if err := r.put(ctx, tx, list, c, chunkOf(people, c)); err != nil {
			return err
		}
	}
	return nil
}

// PutTouched stores the parts of a list that hold somebody of touched.
func (r Roll) PutTouched(ctx context.Context, tx *store.Tx, list string, all, touched *roaring.Bitmap) error {
	for _, c := range chunksOf(touched) {
		if err := r.put(ctx, tx, list, c, chunkOf(all, c)); err != nil {
			return err
		}
	}
	return nil
}

// PutSize notes the size of a day, adding to what came and went earlier that day.
func (r Roll) PutSize(ctx context.Context, tx *store.Tx, list string, d DaySize) error {
	sizes := string(r) + "_sizes"
	_, err := tx.Exec(ctx, `INSERT INTO `+sizes+` (`+string(r)+`_id, day, size, entered, left_, version) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (`+string(r)+`_id, day) DO UPDATE SET size = excluded.size, version = excluded.version,
			entered = `+sizes+`.entered + excluded.entered, left_ = `+sizes+`.left_ + excluded.left_`,
		list, d.Day, d.Size, d.Entered, d.Left, d.Version)
	return err
}

// Sizes returns the sizes of a list by day, the newest first, at most as many days as limit that have one.
func (r Roll) Sizes(ctx context.Context, q store.Querier, list string, limit int) ([]DaySize, error) {
	return store.All[DaySize](ctx, q, `SELECT day, size, entered, left_, version FROM `+string(r)+`_sizes WHERE `+string(r)+`_id = ? ORDER BY day DESC LIMIT ?`, list, limit)
}

// renewFacts is about how many facts one transaction of a turn holds at most.
const renewFacts = 5000

// Turn is one list going over to other people, who are announced.
type Turn struct {
	List    string
	Version int64 // of the list's words
	At      time.Time
	Day     string // YYYY-MM-DD of the business zone
	// Current says whether the list's words are still of that version; read in the transaction that writes.
	Current func(ctx context.Context, tx *store.Tx) (bool, error)
	// Fact is what is said of somebody who came or went: Name, Subject and what else it holds; ID, Customer and At are filled in.
	Fact func(customer uint32, came bool) event.Fact
	// Done is called in the last transaction, when all of people are on the list.
	Done func(ctx context.Context, tx *store.Tx, size DaySize) error
}

// Replace puts people on a list instead of before, chunk by chunk; who came and went is announced in the transaction that replaces
// the chunk, so that it is said exactly once whenever the process dies. When the words have changed meanwhile, it stops.
func (r Roll) Replace(ctx context.Context, db *store.DB, t Turn, before, people *roaring.Bitmap) (came, gone int64, err error) {
	in, out := roaring.AndNot(people, before), roaring.AndNot(before, people)
	size := DaySize{Day: t.Day, Size: int64(people.GetCardinality()), Version: t.Version}
	for chunks := chunksOf(in, out); len(chunks) > 0; {
		var done int
		var part DaySize
		err := db.Tx(ctx, func(tx *store.Tx) error {
			done, part = 0, size // the transaction may be tried again
			current, err := t.Current(ctx, tx)
			if err != nil || !current {
				done = len(chunks)
				return err
			}
			for done < len(chunks) && part.Entered+part.Left < renewFacts {
				c := chunks[done]
				done++
				entered, left := chunkOf(in, c), chunkOf(out, c)
				part.Entered += int64(entered.GetCardinality())
				part.Left += int64(left.GetCardinality())
				if err := t.announce(ctx, tx, entered, true); err != nil {
					return err
				}
				if err := t.announce(ctx, tx, left, false); err != nil {
					return err
				}
				if err := r.put(ctx, tx, t.List, c, chunkOf(people, c)); err != nil {
					return err
				}
			}
			return r.PutSize(ctx, tx, t.List, part)
		})
		if err != nil {
			return came, gone, err
		}
		chunks = chunks[done:]
		came += part.Entered
		gone += part.Left
	}
	return came, gone, db.Tx(ctx, func(tx *store.Tx) error {
		current, err := t.Current(ctx, tx)
		if err != nil || !current {
			return err
		}
		if err := t.Done(ctx, tx, DaySize{Day: t.Day, Size: size.Size, Entered: came, Left: gone, Version: t.Version}); err != nil {
			return err
		}
		return r.PutSize(ctx, tx, t.List, size)
	})
}

// Change is one list going over from the people before to others.
type Change struct {
	Turn
	Before, People *roaring.Bitmap
}

// ReplaceTogether is Replace of several lists in one transaction, where it need not announce more people than one holds; false where it
// must, and nothing is done.
func (r Roll) ReplaceTogether(ctx context.Context, db *store.DB, changes []Change) (bool, error) {
	type step struct {
		*Change
		in, out *roaring.Bitmap
	}
	steps, n := make([]step, len(changes)), uint64(0)
	for i := range changes {
		c := &changes[i]
		steps[i] = step{c, roaring.AndNot(c.People, c.Before), roaring.AndNot(c.Before, c.People)}
		n += steps[i].in.GetCardinality() + steps[i].out.GetCardinality()
	}
	if n > renewFacts {
		return false, nil
	}
	return true, db.Tx(ctx, func(tx *store.Tx) error {
		var facts []event.Fact
		for _, s := range steps {
			current, err := s.Current(ctx, tx)
			if err != nil {
				return err
			}
			if !current {
				continue
			}
			facts = append(append(facts, s.facts(s.in, true)...), s.facts(s.out, false)...)
			if err := r.PutTouched(ctx, tx, s.List, s.People, roaring.Or(s.in, s.out)); err != nil {
				return err
			}
			size := DaySize{
				Day: s.Day, Size: int64(s.People.GetCardinality()), Entered: int64(s.in.GetCardinality()), Left: int64(s.out.GetCardinality()), Version: s.Version,
			}
			if err := s.Done(ctx, tx, size); err != nil {
				return err
			}
			if err := r.PutSize(ctx, tx, s.List, size); err != nil {
				return err
			}
		}
		return outbox.Append(ctx, tx, facts...)
	})
}

// announce appends a fact for each of some people.
func (t *Turn) announce(ctx context.Context, tx *store.Tx, people *roaring.Bitmap, came bool) error {
	return outbox.Append(ctx, tx, t.facts(people, came)...)
}

// facts are what is said of some people.
func (t *Turn) facts(people *roaring.Bitmap, came bool) []event.Fact {
	facts := make([]event.Fact, 0, people.GetCardinality())
	for it := people.Iterator(); it.HasNext(); {
		n := it.Next()
		f := t.Fact(n, came)
		f.ID = id.From("fact", f.Name, t.List, strconv.FormatUint(uint64(n), 10), strconv.FormatInt(t.At.UnixMicro(), 10))
		f.Customer, f.At = n, t.At
		facts = append(facts, f)
	}
	return facts
}
