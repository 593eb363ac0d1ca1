package audience

import (
	"container/heap"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
)

// Live segments, and what an asker has followed live, follow what people do. Whenever facts have been loaded, and when an answer
// ripens because time passed in which somebody did not do something, the people concerned are read again, nobody else, and who
// entered or left is said as facts. When answers ripen stands in a wheel that is made again after a restart by one look at everybody,
// which comes also when a day begins, since windows of days have moved then.

const (
	liveGather = 50 * time.Millisecond // facts that come close together are looked at together
	liveRetry  = time.Second
	// somebody is read alone when fewer than one in this many are concerned, all together otherwise
	liveShare = 20
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
	along    Asking
	answers  []*roaring.Bitmap // to what was asked along
	day      time.Time         // of the last look at everybody; zero: everybody is to be looked at
	concern  concerned
	wheel    wheel
}

// concerned is whom facts were loaded of since the last look.
type concerned struct {
	mu       sync.Mutex
	people   *roaring.Bitmap
	everyone bool
	bell     chan struct{}
}

func (c *concerned) hear(what warehouse.Change) {
	c.mu.Lock()
	if what.Customers == nil {
		c.everyone = true
	} else {
		c.people.AddMany(what.Customers)
	}
	c.mu.Unlock()
	select {
	case c.bell <- struct{}{}:
	default:
	}
}

// take returns whom to look at and forgets them; back gives them again.
func (c *concerned) take() (people *roaring.Bitmap, everyone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	people, everyone = c.people, c.everyone
	c.people, c.everyone = roaring.New(), false
	return people, everyone
}

func (c *concerned) back(people *roaring.Bitmap, everyone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people.Or(people)
	c.everyone = c.everyone || everyone
}

// wheel holds when answers ripen, the soonest first, each deadline once.
type wheel struct {
	order []deadline
	there map[deadline]bool
}

// Len implements heap.Interface, as do Less, Swap, Push and Pop.
func (w *wheel) Len() int { return len(w.order) }

// Less implements heap.Interface.
func (w *wheel) Less(i, j int) bool { return w.order[i].at < w.order[j].at }

// Swap implements heap.Interface.
func (w *wheel) Swap(i, j int) { w.order[i], w.order[j] = w.order[j], w.order[i] }

// Push implements heap.Interface.
func (w *wheel) Push(x any) { w.order = append(w.order, x.(deadline)) }

// Pop implements heap.Interface.
func (w *wheel) Pop() any {
	last := w.order[len(w.order)-1]
	w.order = w.order[:len(w.order)-1]
	return last
}

func (w *wheel) add(all []deadline) {
	for _, d := range all {
		if !w.there[d] {
			w.there[d] = true
			heap.Push(w, d)
		}
	}
}

// ripe takes off whose time has come.
func (w *wheel) ripe(asOf int64, into *roaring.Bitmap) {
	for len(w.order) > 0 && w.order[0].at <= asOf {
		d := heap.Pop(w).(deadline)
		delete(w.there, d)
		into.Add(d.customer)
	}
}

func (w *wheel) restart(all []deadline) {
	w.order, w.there = w.order[:0], map[deadline]bool{}
	w.add(all)
}

// RunLive keeps live segments up to date until ctx ends. Without a live segment it does nothing.
func (s *Service) RunLive(ctx context.Context, log *slog.Logger) error {
	l := &living{concern: concerned{people: roaring.New(), bell: make(chan struct{}, 1)}}
	s.engine.w.Hear(l.concern.hear)
	again, pause := true, time.Duration(0)
	for {
		wait := time.NewTimer(s.untilDue(l, again))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-s.words:
			again = true
		case <-l.concern.bell:
		case <-wait.C:
		}
		wait.Stop()
		select { // let facts gather, and others work for as long as the last look took
		case <-time.After(max(pause, liveGather)):
		case <-ctx.Done():
			return nil
		}
		begin := time.Now()
		err := s.look(ctx, l, again)
		again, pause = err != nil, time.Since(begin)
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "live segments; the look comes again", "error", err)
		}
	}
}

// untilDue is how long nothing changes by itself: until an answer ripens or the day ends.
func (s *Service) untilDue(l *living, soon bool) time.Duration {
	if soon {
		return liveRetry
	}
	if l.empty() {
		return time.Hour
	}
	now := s.now()
	wait := Midnight(now, s.engine.zone).AddDate(0, 0, 1).Sub(now)
	if len(l.wheel.order) > 0 {
		wait = min(wait, time.UnixMicro(l.wheel.order[0].at).Sub(now))
	}
	return max(wait, 0)
}

func (l *living) empty() bool { return len(l.segments)+len(l.along.Conditions) == 0 }

// look answers the live segments once; again reads their words and members anew.
func (s *Service) look(ctx context.Context, l *living, again bool) (err error) {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	people, everyone := l.concern.take()
	defer func() {
		if err != nil {
			l.concern.back(people, everyone)
		}
	}()
	if again || s.renewed {
		if err := s.readLiving(ctx, l); err != nil {
			return err
		}
		everyone, s.renewed = true, false
	}
	mark := s.engine.w.Watermark()
	if l.empty() || mark.Through == 0 {
		return nil
	}
	asOf := s.now()
	l.wheel.ripe(asOf.UnixMicro(), people)
	if today := Midnight(asOf, s.engine.zone); everyone || !l.day.Equal(today) || people.GetCardinality()*liveShare > uint64(mark.Through) {
		everyone = true
		evaluate := func(q Question) (*Answer, error) { return s.engine.Evaluate(ctx, asOf, q) }
		answer, err := s.together(ctx, asOf, l.segments, l.along, evaluate, evaluate)
		if err != nil {
			return err
		}
		l.wheel.restart(answer.dues)
		l.day, l.answers = today, answer.People[len(l.segments):]
		return s.replaceAll(ctx, l, answer.People, asOf)
	}
	if people.IsEmpty() {
		return nil
	}
	return s.lookAt(ctx, l, people, asOf)
}

// lookAt answers for some people only.
func (s *Service) lookAt(ctx context.Context, l *living, people *roaring.Bitmap, asOf time.Time) error {
	now := func(before, found *roaring.Bitmap) *roaring.Bitmap {
		had := roaring.And(before, people)
		if had.Equals(found) {
			return before
		}
		out := roaring.AndNot(before, had)
		out.Or(found)
		return out
	}
	answers := slices.Clone(l.answers)
	among := func(q Question) (*Answer, error) { return s.engine.among(ctx, asOf, people, q) }
	answer, err := s.together(ctx, asOf, l.segments, l.along, func(q Question) (*Answer, error) {
		answer, err := among(q)
		if err != nil {
			return answer, err
		}
		for i, found := range answer.People[len(l.segments):] {
			answers[i] = now(answers[i], found)
			answer.People[len(l.segments)+i] = answers[i] // whoever asked along is told everybody
		}
		return answer, nil
	}, among)
	if err != nil {
		return err
	}
	l.answers = answers
	l.wheel.add(answer.dues)
	all := make([]*roaring.Bitmap, len(l.segments))
	for i, seg := range l.segments {
		all[i] = now(l.people[seg.ID], answer.People[i])
	}
	return s.replaceAll(ctx, l, all, asOf)
}

// replaceAll writes who is in the live segments now, where that has changed.
func (s *Service) replaceAll(ctx context.Context, l *living, all []*roaring.Bitmap, asOf time.Time) (err error) {
	defer func() {
		if err != nil { // some of it may have been written: everybody is looked at again, against the store
			s.renewed = true
		}
	}()
	var changes []Change
	for i, seg := range l.segments {
		if before := l.people[seg.ID]; before != all[i] && !before.Equals(all[i]) {
			changes = append(changes, Change{s.turn(seg, asOf), before, all[i]})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	done, err := segmentRoll.ReplaceTogether(ctx, s.db, changes)
	for i := 0; !done && err == nil && i < len(changes); i++ {
		_, _, err = segmentRoll.Replace(ctx, s.db, changes[i].Turn, changes[i].Before, changes[i].People)
	}
	if err == nil {
		for _, c := range changes {
			l.people[c.List] = c.People
		}
	}
	return err
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
