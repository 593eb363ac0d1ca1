package launch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// how often Run looks, by the machine's clock, and how many steps it takes at once.
const (
	atRest    = 2 * time.Second
	stepBatch = 100
)

// Run carries launches out until ctx ends.
func (s *Service) Run(ctx context.Context, log *slog.Logger) error {
	wait := atRest
	for ctx.Err() == nil {
		n, err := s.Tick(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.WarnContext(ctx, "launches", "error", err)
			wait = min(2*wait, time.Minute)
		case n > 0:
			wait = 0
		default:
			wait = atRest
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = max(wait, atRest)
	}
	return nil
}

// Tick does what is due now and returns how much that was. What one step meets holds up no other; whatever it returns, Tick may be
// called again.
func (s *Service) Tick(ctx context.Context) (n int, err error) {
	s.ticking.Lock()
	defer s.ticking.Unlock()
	now := s.instant()
	begun, err := s.DB.Exec(ctx, `UPDATE launches SET state = 'running', started_at = ?, changed_at = ? WHERE state = 'scheduled' AND begins_at <= ?`, now, now, now)
	if err != nil {
		return 0, err
	}
	n += int(begun)
	var all []error
	for _, part := range []struct {
		of string
		do func(context.Context, *Step) (bool, error)
	}{
		{`l.state = 'running' AND s.state IN ('waiting', 'doing') AND s.next_at <= ?`, s.carry},
		{`l.state = 'paused' AND s.state IN ('waiting', 'doing', 'done') AND s.kind = 'message' AND s.made <> '' AND s.held = FALSE AND l.changed_at <= ?`, s.hold},
		{`l.state = 'running' AND s.held = TRUE AND l.changed_at <= ?`, s.release},
		{`l.state = 'cancelled' AND (s.state IN ('waiting', 'doing') OR s.state IN ('done', 'skipped') AND s.kind NOT IN ('coupons', 'next')) AND l.changed_at <= ?`, s.undo},
	} {
		steps, err := store.All[Step](ctx, s.DB, `SELECT s.* FROM launch_steps s JOIN launches l ON l.id = s.launch WHERE `+part.of+` ORDER BY s.next_at, s.due_at, s.id LIMIT ?`, now, stepBatch)
		if err != nil {
			return n, errors.Join(append(all, err)...)
		}
		for i := range steps {
			did, err := part.do(ctx, &steps[i])
			if err != nil {
				all = append(all, fmt.Errorf("launch step %s: %w", steps[i].ID, err))
			}
			if did {
				n++
			}
			if ctx.Err() != nil {
				return n, ctx.Err()
			}
		}
	}
	ended, err := s.DB.Exec(ctx, `UPDATE launches SET state = 'finished', ended_at = ?, changed_at = ? WHERE state = 'running' AND ends_at <= ?
		AND NOT EXISTS (SELECT 1 FROM launch_steps s WHERE s.launch = launches.id AND s.state IN ('waiting', 'doing'))`, now, now, now)
	return n + int(ended), errors.Join(append(all, err)...)
}

// order is what a doer is told.
func (s *Service) order(l *Launch, st *Stage, a *Action, wave int64, goods []Goods) Order {
	return Order{Launch: l, Stage: st, Action: a, Wave: wave, Goods: goods, From: a.due(st, a.turns()[wave]), Until: st.EndsAt, By: l.By, Name: l.Name}
}

// carry does one step whose turn has come. The id of what it makes is stored before it is made; only when it has been made is that noted.
func (s *Service) carry(ctx context.Context, st *Step) (bool, error) {
	now := s.instant()
	if !now.Before(st.UntilAt) {
		reason := "launch.late"
		if st.Reason != "" {
			reason = st.Reason // why it could not be done in time
		}
		_, err := s.DB.Exec(ctx, `UPDATE launch_steps SET state = 'missed', reason = ?, done_at = ? WHERE id = ? AND state IN ('waiting', 'doing')`, reason, now, st.ID)
		return true, err
	}
	l, err := byID(ctx, s.DB, st.Launch)
	if err != nil {
		return false, err
	}
	stage, action := l.action(st.Action)
	doer := s.doer(st.Kind)
	if action == nil || doer == nil {
		return true, s.refused(ctx, st, errs.New(errs.Conflict, "launch.cannot", "nobody can do that here"))
	}
	made := id.New(doer.Prefix())
	if o := action.Offer; o != nil && o.Existing != "" {
		made = o.Existing
	}
	var claimed []Step
	err = s.DB.Tx(ctx, func(tx *store.Tx) (err error) {
		claimed, err = store.All[Step](ctx, tx, `UPDATE launch_steps SET state = 'doing', made = CASE WHEN made = '' THEN ? ELSE made END, attempts = attempts + 1
			WHERE id = ? AND state IN ('waiting', 'doing') AND EXISTS (SELECT 1 FROM launches l WHERE l.id = launch_steps.launch AND l.state = 'running') RETURNING *`, made, st.ID)
		return err
	})
	if err != nil || len(claimed) == 0 {
		return false, err
	}
	st = &claimed[0]
	people, err := s.act(ctx, &l, stage, action, st, doer)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, errNobody):
		_, err := s.DB.Exec(ctx, `UPDATE launch_steps SET state = 'skipped', reason = 'launch.nobody', detail = '', done_at = ? WHERE id = ? AND state = 'doing'`, now, st.ID)
		return true, err
	case err != nil:
		return true, s.refused(ctx, st, err)
	}
	_, err = s.DB.Exec(ctx, `UPDATE launch_steps SET state = 'done', reason = '', detail = '', people = ?, done_at = ? WHERE id = ? AND state = 'doing'`, people, now, st.ID)
	return true, err
}

var errNobody = errors.New("nobody")

// act does a step; with people, for those whose turn it is.
func (s *Service) act(ctx context.Context, l *Launch, stage *Stage, a *Action, st *Step, doer Doer) (int64, error) {
	goods, err := s.Trade.Goods(ctx, l.Goods)
	if err != nil {
		return 0, err
	}
	o := s.order(l, stage, a, st.Wave, goods)
	o.ID, o.Step = st.Made, st.ID
	if a.peopled() {
		if o.People, err = s.turn(ctx, l, a, st.Wave); err != nil {
			return 0, err
		}
		if o.People.IsEmpty() {
			return 0, errNobody
		}
		return int64(o.People.GetCardinality()), doer.Do(ctx, o)
	}
	return 0, doer.Do(ctx, o)
}

// refused notes why a step could not be done and when it is tried again: after half a minute, then twice as long each time, up to an hour.
func (s *Service) refused(ctx context.Context, st *Step, why error) error {
	reason, detail := "launch.failed", ""
	var e *errs.Error
	if asError(why, &e) && errs.KindOf(why) != errs.Internal {
		reason, detail = e.Code, e.Message
	}
	wait := time.Hour
	if st.Attempts < 8 {
		wait = min(wait, 30*time.Second<<max(st.Attempts-1, 0))
	}
	_, err := s.DB.Exec(ctx, `UPDATE launch_steps SET state = 'waiting', reason = ?, detail = ?, next_at = ? WHERE id = ? AND state IN ('waiting', 'doing')`, reason, detail, s.instant().Add(wait), st.ID)
	if reason == "launch.failed" {
		return errors.Join(why, err) // told to the log: it is ours
	}
	return err
}

// hold lets what a paused launch has begun wait.
func (s *Service) hold(ctx context.Context, st *Step) (bool, error) { return s.pause(ctx, st, true) }

// release lets what was held go on.
func (s *Service) release(ctx context.Context, st *Step) (bool, error) {
	return s.pause(ctx, st, false)
}

func (s *Service) pause(ctx context.Context, st *Step, paused bool) (bool, error) {
	p, ok := s.doer(st.Kind).(Pauser)
	if !ok {
		return false, nil
	}
	did, err := p.Pause(ctx, st.Made, paused)
	if err != nil || paused && !did {
		return false, err
	}
	_, err = s.DB.Exec(ctx, `UPDATE launch_steps SET held = ? WHERE id = ?`, paused, st.ID)
	return true, err
}

// undo takes back what a cancelled launch has begun.
func (s *Service) undo(ctx context.Context, st *Step) (bool, error) {
	state := Dropped
	if doer := s.doer(st.Kind); doer != nil && st.Made != "" {
		_, err := doer.Standing(ctx, st.Made)
		there := err == nil
		if err != nil && !errs.Is(err, errs.NotFound) {
			return false, err
		}
		if err := doer.Undo(ctx, st.Made); err != nil && !errs.Is(err, errs.NotFound) {
			return false, err
		}
		switch {
		case there && !undoable(st.Kind):
			state = Done
		case there && st.State != Skipped:
			state = Undone
		}
	}
	n, err := s.DB.Exec(ctx, `UPDATE launch_steps SET state = ?, held = FALSE WHERE id = ? AND state = ?`, string(state), st.ID, string(st.State))
	return n > 0, err
}

// undoable reports whether something can be taken back of what an action did.
func undoable(k Kind) bool { return k != GiveCoupons && k != NextWave }

// Resolve returns whom a step is for now, as the audience of a campaign.
func (s *Service) Resolve(ctx context.Context, stepID string) (*roaring.Bitmap, error) {
	st, err := store.One[Step](ctx, s.DB, `SELECT * FROM launch_steps WHERE id = ?`, stepID)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.NotFound, "launch.no_step", "there is no such step of a launch")
	}
	if err != nil {
		return nil, err
	}
	l, err := byID(ctx, s.DB, st.Launch)
	if err != nil {
		return nil, err
	}
	_, a := l.action(st.Action)
	if a == nil || !a.peopled() {
		return nil, errs.New(errs.NotFound, "launch.no_step", "there is no such step of a launch")
	}
	return s.turn(ctx, &l, a, st.Wave)
}

// turn returns whose turn it is in a wave of an action: those of its layers, or everybody else, without whom it was done for before.
func (s *Service) turn(ctx context.Context, l *Launch, a *Action, wave int64) (*roaring.Bitmap, error) {
	people, err := s.audience(ctx, l, a)
	if err != nil || len(a.Waves) == 0 {
		return people, err
	}
	if layers := a.Waves[wave].Layers; len(layers) > 0 {
		in := roaring.New()
		for _, code := range layers {
			some, err := s.People.Resolve(ctx, "layer", code)
			if err != nil {
				return nil, err
			}
			in.Or(some)
		}
		people.And(in)
	}
	if wave == 0 {
		return people, nil
	}
	before, err := store.All[Step](ctx, s.DB, `SELECT * FROM launch_steps WHERE launch = ? AND action = ? AND wave < ? AND made <> ''`, l.ID, a.ID, wave)
	if err != nil {
		return nil, err
	}
	coverer, ok := s.doer(a.Kind).(Coverer)
	for i := range before {
		if !ok {
			break
		}
		had, err := coverer.Covered(ctx, before[i].Made)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		people.AndNot(had)
	}
	return people, nil
}
