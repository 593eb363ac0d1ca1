package audience

import (
	"context"
	"log/slog"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
)

// Live segments, and what an asker has followed live, follow what people do. Whenever facts have been loaded, and when an answer ripens because time passed in which
// somebody did not do something, the people concerned are read again and who entered or left is said as facts. Nobody else is
// looked at: the engine remembers every leaf's answer. When each answer ripens is found again after a restart, with the first look.

const (
	liveGather = 50 * time.Millisecond // facts that come close together are looked at together
	liveRetry  = time.Second
)

// reworded tells RunLive that segments were made, changed or put away.
func (s *Service) reworded() {
	select {
	case s.words <- struct{}{}:
	default:
	}
}

// living is the live segments and who is in them.
type living struct {
	segments []Segment
	people   map[string]*roaring.Bitmap // by segment, as the store has it
	along    Asking                     // what else follows
	due      time.Time                  // when an answer ripens; zero when none will today
}

// RunLive keeps live segments up to date until ctx ends. Without a live segment it does nothing.
func (s *Service) RunLive(ctx context.Context, log *slog.Logger) error {
	loaded := make(chan struct{}, 1)
	s.engine.w.Hear(func(warehouse.Change) {
		select {
		case loaded <- struct{}{}:
		default:
		}
	})
	l, again, retry := living{}, true, false
	for {
		wait := time.NewTimer(s.untilDue(&l, again || retry))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-s.words:
			again = true
		case <-loaded:
			select {
			case <-time.After(liveGather):
			case <-ctx.Done():
			}
		case <-wait.C:
		}
		wait.Stop()
		select { // what came while gathering is looked at now
		case <-loaded:
		default:
		}
		if err := s.look(ctx, &l, again); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "live segments; the look comes again", "error", err)
			retry = true
			continue
		}
		again, retry = false, false
	}
}

// untilDue is how long nothing changes by itself: until an answer ripens or the day ends.
func (s *Service) untilDue(l *living, soon bool) time.Duration {
	if soon {
		return liveRetry
	}
	if len(l.segments)+len(l.along.Conditions) == 0 {
		return time.Hour
	}
	now := s.now()
	wait := Midnight(now, s.engine.zone).AddDate(0, 0, 1).Sub(now)
	if !l.due.IsZero() {
		wait = min(wait, l.due.Sub(now))
	}
	return max(wait, liveGather)
}

// look answers the live segments once; again reads their words and members anew.
func (s *Service) look(ctx context.Context, l *living, again bool) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	if again || s.renewed {
		if err := s.readLiving(ctx, l); err != nil {
			return err
		}
		s.renewed = false
	}
	if len(l.segments)+len(l.along.Conditions) == 0 || s.engine.w.Watermark().Through == 0 {
		return nil
	}
	asOf := s.now()
	answer, err := s.together(ctx, asOf, l.segments, l.along, func(q Question) (*Answer, error) { return s.engine.Evaluate(ctx, asOf, q) })
	if err != nil {
		return err
	}
	l.due = answer.Due
	for i, seg := range l.segments {
		before, people := l.people[seg.ID], answer.People[i]
		if before == people || before.Equals(people) {
			continue
		}
		if _, _, err := s.replace(ctx, seg, before, people, asOf); err != nil {
			l.people[seg.ID], _ = members(ctx, s.db, seg.ID) // some of it may have been written
			return err
		}
		l.people[seg.ID] = people
	}
	return nil
}

// readLiving reads the live segments and their members.
func (s *Service) readLiving(ctx context.Context, l *living) error {
	segments, err := store.All[Segment](ctx, s.db, `SELECT * FROM segments WHERE archived = ? AND kind = 'dynamic' AND live = ? ORDER BY id`, false, true)
	if err != nil {
		return err
	}
	people := map[string]*roaring.Bitmap{}
	for _, seg := range segments {
		if people[seg.ID], err = members(ctx, s.db, seg.ID); err != nil {
			return err
		}
	}
	along, err := s.ask(ctx, s.now(), true)
	if err != nil {
		return err
	}
	l.segments, l.people, l.along = segments, people, along
	return nil
}
