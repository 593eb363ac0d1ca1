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

// Report is what a refresh did.
type Report struct {
	AsOf     time.Time `json:"as_of"`
	Seq      uint64    `json:"watermark"`
	People   int64     `json:"people"`
	Segments int       `json:"segments"`
	Entered  int64     `json:"entered"`
	Left     int64     `json:"left"`
	Seconds  float64   `json:"seconds"`
}

// Refresh walks everybody once for all segments and the layering together, saves the state, the snapshot of layers and who is in
// which segment, and says as facts who entered and left. It runs after an import and every night. A refresh that
// dies is simply run again: what it had announced it does not announce twice.
func (s *Service) Refresh(ctx context.Context, asOf time.Time) (Report, error) {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	s.renewed = true
	begin := time.Now()
	segments, err := store.All[Segment](ctx, s.db, `SELECT * FROM segments WHERE archived = ? AND kind = 'dynamic' ORDER BY id`, false)
	if err != nil {
		return Report{}, err
	}
	q := s.question(nil)
	for _, seg := range segments {
		q.Conditions = append(q.Conditions, *seg.Condition)
	}
	answer, err := s.pass(ctx, asOf, q)
	if err != nil {
		return Report{}, fmt.Errorf("refresh: %w", err)
	}
	r := Report{AsOf: asOf, Seq: answer.Seq, People: int64(answer.Universe.GetCardinality()), Segments: len(segments)}
	for i, seg := range segments {
		entered, left, err := s.renew(ctx, seg, answer.People[i], asOf)
		if err != nil {
			return r, fmt.Errorf("refresh segment %s: %w", seg.ID, err)
		}
		r.Entered += entered
		r.Left += left
	}
	r.Seconds = time.Since(begin).Seconds()
	return r, nil
}

// RefreshNow is Refresh as of the business's present.
func (s *Service) RefreshNow(ctx context.Context) (Report, error) { return s.Refresh(ctx, s.now()) }

// pass answers the question and computes and saves the layering, all in one walk.
func (s *Service) pass(ctx context.Context, asOf time.Time, q Question) (*Answer, error) {
	if s.layering == nil {
		return s.engine.Evaluate(ctx, asOf, q)
	}
	layers, err := s.layering.Prepare(ctx, asOf)
	if err != nil {
		return nil, err
	}
	answer, err := s.engine.Refresh(ctx, asOf, q, layers)
	if err != nil {
		return nil, err
	}
	return answer, layers.Save(ctx, asOf, answer.Seq)
}

// Refresh answers the question and computes the layering in one walk, conditions on layers by the new layers, and saves the
// state in the warehouse. It stores nothing else.
func (e *Engine) Refresh(ctx context.Context, asOf time.Time, q Question, layers LayerPass) (*Answer, error) {
	var state *State
	answer, err := e.evaluate(ctx, asOf, q, &company{
		folds: []Fold{layers},
		between: func(ctx context.Context, universe *roaring.Bitmap) (err error) {
			if state, err = layers.Finish(ctx, universe); err != nil {
				return err
			}
			if err := e.w.SaveState(ctx, state); err != nil {
				return err
			}
			e.setState(newSnapshot(state))
			return nil
		},
	})
	return answer, err
}

// renewFacts is about how many facts one transaction of a refresh holds at most.
const renewFacts = 5000

// renew replaces a segment's members chunk by chunk; who entered and left is announced in the transaction that
// replaces the chunk, so that it is said exactly once.
func (s *Service) renew(ctx context.Context, seg Segment, people *roaring.Bitmap, asOf time.Time) (entered, left int64, err error) {
	before, err := members(ctx, s.db, seg.ID)
	if err != nil {
		return 0, 0, err
	}
	return s.replace(ctx, seg, before, people, asOf)
}

// replace is renew of a segment whose members before are known.
func (s *Service) replace(ctx context.Context, seg Segment, before, people *roaring.Bitmap, asOf time.Time) (entered, left int64, err error) {
	came, gone := roaring.AndNot(people, before), roaring.AndNot(before, people)
	size := DaySize{SegmentID: seg.ID, Day: asOf.In(s.engine.zone).Format(time.DateOnly), Size: int64(people.GetCardinality()), Version: seg.Version}
	for chunks := chunksOf(came, gone); len(chunks) > 0; {
		var done int
		var part DaySize
		err := s.db.Tx(ctx, func(tx *store.Tx) error {
			done, part = 0, size // the transaction may be tried again
			now, err := segmentByID(ctx, tx, seg.ID)
			if err != nil || now.Version != seg.Version { // its words changed meanwhile, and its members with them
				done = len(chunks)
				return err
			}
			for done < len(chunks) && part.Entered+part.Left < renewFacts {
				c := chunks[done]
				done++
				in, out := chunkOf(came, c), chunkOf(gone, c)
				part.Entered += int64(in.GetCardinality())
				part.Left += int64(out.GetCardinality())
				if err := announce(ctx, tx, seg, event.SegmentEntered, in, asOf); err != nil {
					return err
				}
				if err := announce(ctx, tx, seg, event.SegmentLeft, out, asOf); err != nil {
					return err
				}
				if err := putChunk(ctx, tx, seg.ID, c, chunkOf(people, c)); err != nil {
					return err
				}
			}
			return putSize(ctx, tx, part)
		})
		if err != nil {
			return entered, left, err
		}
		chunks = chunks[done:]
		entered += part.Entered
		left += part.Left
	}
	return entered, left, s.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE segments SET size = ?, as_of = ?, computed = ? WHERE id = ? AND version = ?`, size.Size, asOf, seg.Version, seg.ID, seg.Version)
		if err != nil || n == 0 {
			return err
		}
		return putSize(ctx, tx, size)
	})
}

func announce(ctx context.Context, tx *store.Tx, seg Segment, name string, people *roaring.Bitmap, at time.Time) error {
	if people.IsEmpty() {
		return nil
	}
	facts := make([]event.Fact, 0, people.GetCardinality())
	for it := people.Iterator(); it.HasNext(); {
		n := it.Next()
		facts = append(facts, event.Fact{
			ID:   id.From("fact", name, seg.ID, strconv.FormatUint(uint64(n), 10), strconv.FormatInt(at.UnixMicro(), 10)),
			Name: name, Customer: n, At: at, Subject: seg.ID,
		})
	}
	return outbox.Append(ctx, tx, facts...)
}
