package audience

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/event"
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
	along, err := s.ask(ctx, asOf, false)
	if err != nil {
		return Report{}, fmt.Errorf("refresh: %w", err)
	}
	answer, err := s.together(ctx, asOf, segments, along,
		func(q Question) (*Answer, error) { return s.pass(ctx, asOf, q, along) },
		func(q Question) (*Answer, error) { return s.engine.Evaluate(ctx, asOf, q) })
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

// pass answers the question and computes and saves the layering, all in one walk; folds that were asked along look on.
func (s *Service) pass(ctx context.Context, asOf time.Time, q Question, along Asking) (*Answer, error) {
	if s.layering == nil && len(along.Folds) == 0 {
		return s.engine.Evaluate(ctx, asOf, q)
	}
	if s.layering == nil {
		return s.engine.evaluate(ctx, asOf, q, &company{folds: along.Folds})
	}
	layers, err := s.layering.Prepare(ctx, asOf)
	if err != nil {
		return nil, err
	}
	answer, err := s.engine.refresh(ctx, asOf, q, layers, along)
	if err != nil {
		return nil, err
	}
	return answer, layers.Save(ctx, asOf, answer.Seq)
}

// Refresh answers the question and computes the layering in one walk, conditions on layers by the new layers, and saves the
// state in the warehouse. It stores nothing else.
func (e *Engine) Refresh(ctx context.Context, asOf time.Time, q Question, layers LayerPass) (*Answer, error) {
	return e.refresh(ctx, asOf, q, layers, Asking{})
}

func (e *Engine) refresh(ctx context.Context, asOf time.Time, q Question, layers LayerPass, along Asking) (*Answer, error) {
	return e.evaluate(ctx, asOf, q, &company{
		folds: append([]Fold{layers}, along.Folds...),
		state: func(ctx context.Context, universe *roaring.Bitmap) (*State, error) {
			state, err := layers.Finish(ctx, universe)
			if err == nil && along.Fill != nil {
				along.Fill(state)
			}
			return state, err
		},
	})
}

// renew replaces a segment's members; who entered and left is announced.
func (s *Service) renew(ctx context.Context, seg Segment, people *roaring.Bitmap, asOf time.Time) (entered, left int64, err error) {
	before, err := members(ctx, s.db, seg.ID)
	if err != nil {
		return 0, 0, err
	}
	return s.replace(ctx, seg, before, people, asOf)
}

// replace is renew of a segment whose members before are known.
func (s *Service) replace(ctx context.Context, seg Segment, before, people *roaring.Bitmap, asOf time.Time) (entered, left int64, err error) {
	return segmentRoll.Replace(ctx, s.db, s.turn(seg, asOf), before, people)
}

// turn is a segment going over to other people.
func (s *Service) turn(seg Segment, asOf time.Time) Turn {
	return Turn{
		List: seg.ID, Version: seg.Version, At: asOf, Day: asOf.In(s.engine.zone).Format(time.DateOnly),
		Current: func(ctx context.Context, tx *store.Tx) (bool, error) {
			now, err := segmentByID(ctx, tx, seg.ID)
			return now.Version == seg.Version, err
		},
		Fact: func(_ uint32, came bool) event.Fact {
			if came {
				return event.Fact{Name: event.SegmentEntered, Subject: seg.ID}
			}
			return event.Fact{Name: event.SegmentLeft, Subject: seg.ID}
		},
		Done: func(ctx context.Context, tx *store.Tx, size DaySize) error {
			_, err := tx.Exec(ctx, `UPDATE segments SET size = ?, as_of = ?, computed = ? WHERE id = ? AND version = ?`, size.Size, asOf, seg.Version, seg.ID, seg.Version)
			return err
		},
	}
}
