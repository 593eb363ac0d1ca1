package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Service keeps launches and carries them out.
type Service struct {
	Parts
	ticking sync.Mutex // one Tick at a time in a process; two processes may meet at a step and do it under one id
}

// NewService returns the service.
func NewService(p Parts) *Service { return &Service{Parts: p} }

func (s *Service) instant() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// doer returns who carries a kind of action out, nil when nobody does.
func (s *Service) doer(k Kind) Doer {
	if k == NextWave {
		return nextWave{s}
	}
	return s.Doers[k]
}

func asError(err error, to **errs.Error) bool { return errors.As(err, to) }

func byID(ctx context.Context, q store.Querier, launchID string) (Launch, error) {
	l, err := store.One[Launch](ctx, q, `SELECT * FROM launches WHERE id = ?`, launchID)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "launch.not_found", "there is no such launch")
	}
	return l, err
}

func stale(l *Launch) error {
	return errs.New(errs.Conflict, "launch.state", "the launch is %s", l.State).With("state", string(l.State))
}

// Create makes a draft.
func (s *Service) Create(ctx context.Context, w Writing, by string) (Launch, error) {
	return s.insert(ctx, id.New("lch"), w, "", 1, by)
}

func (s *Service) insert(ctx context.Context, launchID string, w Writing, parent string, wave int64, by string) (Launch, error) {
	if err := w.shape(); err != nil {
		return Launch{}, err
	}
	now := s.instant()
	l := Launch{ID: launchID, State: Draft, Parent: parent, Wave: wave, Revision: 1, By: by, CreatedAt: now, ChangedAt: now}
	l.write(w)
	return l, s.DB.Tx(ctx, func(tx *store.Tx) error {
		if err := store.Insert(ctx, tx, "launches", l); err != nil {
			return err
		}
		return putGoods(ctx, tx, &l)
	})
}

func putGoods(ctx context.Context, tx *store.Tx, l *Launch) error {
	if _, err := tx.Exec(ctx, `DELETE FROM launch_goods WHERE launch = ?`, l.ID); err != nil {
		return err
	}
	type row struct {
		Launch string `db:"launch"`
		Goods  string `db:"goods"`
	}
	goods := slices.Compact(slices.Sorted(slices.Values(l.Goods)))
	rows := make([]row, len(goods))
	for i, g := range goods {
		rows[i] = row{l.ID, g}
	}
	_, err := store.InsertAll(ctx, tx, "launch_goods", rows, "")
	return err
}

// Edit replaces a draft that its author saw at a revision.
func (s *Service) Edit(ctx context.Context, launchID string, seen int64, w Writing) (Launch, error) {
	if err := w.shape(); err != nil {
		return Launch{}, err
	}
	var l Launch
	err := s.DB.Tx(ctx, func(tx *store.Tx) (err error) {
		if l, err = byID(ctx, tx, launchID); err != nil {
			return err
		}
		if l.State != Draft {
			return stale(&l)
		}
		if l.Revision != seen {
			return errs.New(errs.Conflict, "launch.changed", "somebody changed this launch since you opened it").With("revision", l.Revision)
		}
		keepLearned(&l, w.Stages)
		l.write(w)
		l.Revision, l.ChangedAt = seen+1, s.instant()
		goods, err := json.Marshal(l.Goods)
		if err != nil {
			return err
		}
		stages, err := json.Marshal(l.Stages)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE launches SET name = ?, goods = ?, stages = ?, begins_at = ?, reserve_until = ?, sale_at = ?, ends_at = ?, revision = ?, changed_at = ?
			WHERE id = ? AND revision = ? AND state = 'draft'`, l.Name, string(goods), string(stages), l.BeginsAt, l.ReserveUntil, l.SaleAt, l.EndsAt, l.Revision, l.ChangedAt, l.ID, seen)
		if err == nil && n == 0 {
			err = stale(&l)
		}
		if err != nil {
			return err
		}
		return putGoods(ctx, tx, &l)
	})
	return l, err
}

// keepLearned takes over what the wave before brought: nobody writes that.
func keepLearned(had *Launch, stages []Stage) {
	for i := range stages {
		st := &stages[i]
		st.Last = nil
		if before := had.stage(st.Kind); before != nil {
			st.Last = before.Last
		}
		for j := range st.Actions {
			st.Actions[j].Learned = nil
			if _, before := had.action(st.Actions[j].ID); before != nil && before.Kind == st.Actions[j].Kind {
				st.Actions[j].Learned = before.Learned
			}
		}
	}
}

// Discard deletes a draft.
func (s *Service) Discard(ctx context.Context, launchID string) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		l, err := byID(ctx, tx, launchID)
		if err != nil {
			return err
		}
		if l.State != Draft {
			return stale(&l)
		}
		for _, q := range []string{`DELETE FROM launch_goods WHERE launch = ?`, `DELETE FROM launches WHERE id = ? AND state = 'draft'`} {
			if _, err := tx.Exec(ctx, q, launchID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Get returns one launch.
func (s *Service) Get(ctx context.Context, launchID string) (Launch, error) {
	return byID(ctx, s.DB, launchID)
}

// Filter narrows a list of launches.
type Filter struct {
	State State
	Q     string // part of the name
	After string
	Limit int
}

// List returns a page of launches, newest first, the cursor of the next and how many there are in all.
func (s *Service) List(ctx context.Context, f Filter) ([]Launch, string, int64, error) {
	var w store.Where
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.Q != "" {
		w.And(`LOWER(name) LIKE LOWER(?) ESCAPE '\'`, "%"+store.Like(f.Q)+"%")
	}
	total, err := store.One[int64](ctx, s.DB, `SELECT COUNT(*) FROM launches`+w.SQL(), w.Args()...)
	if err != nil {
		return nil, "", 0, err
	}
	if f.After != "" {
		w.And("id < ?", f.After)
	}
	all, err := store.All[Launch](ctx, s.DB, `SELECT * FROM launches`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if err != nil || len(all) <= f.Limit {
		return all, "", total, err
	}
	return all[:f.Limit], all[f.Limit-1].ID, total, nil
}

// Start fixes a draft that has no fault and lets it begin at its time. From here on it does not change.
func (s *Service) Start(ctx context.Context, launchID string, seen int64, by string) (Launch, error) {
	l, err := byID(ctx, s.DB, launchID)
	if err != nil {
		return l, err
	}
	if l.State != Draft {
		return l, stale(&l)
	}
	found, err := s.check(ctx, &l)
	if err != nil {
		return l, err
	}
	if !found.Ready {
		n := 0
		for _, f := range found.Faults {
			if !f.Warning {
				n++
			}
		}
		return l, errs.New(errs.Invalid, "launch.faults", "%d things are missing or contradict; see check", n).With("n", n)
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE launches SET state = 'scheduled', made_by = ?, changed_at = ? WHERE id = ? AND state = 'draft' AND revision = ? AND revision = ?`, by, s.instant(), l.ID, l.Revision, seen)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "launch.changed", "somebody changed this launch since you opened it").With("revision", l.Revision)
		}
		_, err = store.InsertAll(ctx, tx, "launch_steps", l.steps(), "")
		return err
	})
	if err != nil {
		return l, err
	}
	return byID(ctx, s.DB, launchID)
}

// steps are all the turns of a launch's actions.
func (l *Launch) steps() []Step {
	var out []Step
	for i := range l.Stages {
		st := &l.Stages[i]
		for j := range st.Actions {
			a := &st.Actions[j]
			for n, w := range a.turns() {
				due := a.due(st, w)
				out = append(out, Step{
					ID: id.From("lst", l.ID, a.ID, strconv.Itoa(n)), Launch: l.ID, Stage: st.Kind, Action: a.ID, Wave: int64(n), Kind: a.Kind,
					DueAt: due, UntilAt: st.EndsAt, State: Waiting, NextAt: due,
				})
			}
		}
	}
	return out
}

// Unschedule makes a launch that has not begun a draft again.
func (s *Service) Unschedule(ctx context.Context, launchID string) error {
	return s.move(ctx, launchID, Draft, []State{Scheduled}, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM launch_steps WHERE launch = ?`, launchID)
		return err
	})
}

// Pause stops a launch: nothing more is begun, and messages on their way wait. What sells goes on selling.
func (s *Service) Pause(ctx context.Context, launchID string) error {
	return s.move(ctx, launchID, Paused, []State{Running}, nil)
}

// Resume lets a paused launch go on; what its stages have missed meanwhile stays undone.
func (s *Service) Resume(ctx context.Context, launchID string) error {
	return s.move(ctx, launchID, Running, []State{Paused}, nil)
}

// Cancel ends a launch for good; what can be taken back is, see Undoing.
func (s *Service) Cancel(ctx context.Context, launchID string) error {
	return s.move(ctx, launchID, Cancelled, []State{Scheduled, Running, Paused}, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE launches SET ended_at = ? WHERE id = ?`, s.instant(), launchID)
		return err
	})
}

// Retry lets the steps of a launch that were refused be tried at once.
func (s *Service) Retry(ctx context.Context, launchID string) error {
	if _, err := byID(ctx, s.DB, launchID); err != nil {
		return err
	}
	_, err := s.DB.Exec(ctx, `UPDATE launch_steps SET next_at = ? WHERE launch = ? AND state IN ('waiting', 'doing') AND due_at <= ?`, s.instant(), launchID, s.instant())
	return err
}

// move changes where a launch stands, with what belongs to it in the same transaction.
func (s *Service) move(ctx context.Context, launchID string, to State, from []State, also func(*store.Tx) error) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		var w store.Where
		w.And("id = ?", launchID)
		words := make([]string, len(from))
		for i, f := range from {
			words[i] = string(f)
		}
		store.In(&w, "state", words)
		n, err := tx.Exec(ctx, `UPDATE launches SET state = ?, changed_at = ?`+w.SQL(), append([]any{string(to), s.instant()}, w.Args()...)...)
		if err != nil {
			return err
		}
		if n == 0 {
			l, err := byID(ctx, tx, launchID)
			if err != nil {
				return err
			}
			return stale(&l)
		}
		if also == nil {
			return nil
		}
		return also(tx)
	})
}

// Undoing is what would become of one step if the launch were cancelled.
type Undoing struct {
	Step     Step     `json:"step"`
	Standing Standing `json:"standing"`
	Does     string   `json:"does" enum:"drop,stop,keep" doc:"drop: it is not done any more; stop: what is left of it is taken back; keep: it cannot be taken back"`
}

// Undoes tells what cancelling a launch would take back, and what it cannot.
func (s *Service) Undoes(ctx context.Context, launchID string) ([]Undoing, error) {
	steps, err := s.stepsOf(ctx, launchID)
	if err != nil {
		return nil, err
	}
	out := []Undoing{}
	for _, st := range steps {
		u := Undoing{Step: st}
		switch {
		case st.State == Waiting && st.Made == "":
			u.Does = "drop"
		case st.State != Done && st.State != Doing && st.State != Waiting:
			continue
		case !undoable(st.Kind):
			u.Does = "keep"
		default:
			u.Does = "stop"
		}
		if u.Standing, err = s.standing(ctx, &st); err != nil {
			return nil, err
		}
		if u.Does == "stop" && slices.Contains([]string{"done", "over", "stopped", "gone", "cancelled"}, u.Standing.State) {
			u.Does = "keep" // nothing is left of it to stop
		}
		out = append(out, u)
	}
	return out, nil
}

func (s *Service) standing(ctx context.Context, st *Step) (Standing, error) {
	doer := s.doer(st.Kind)
	if st.Made == "" || doer == nil {
		return Standing{}, nil
	}
	now, err := doer.Standing(ctx, st.Made)
	if errs.Is(err, errs.NotFound) {
		err = nil
	}
	return now, err
}

// stepsOf are the steps of a launch by when their turn comes; those of one instant in no order.
func (s *Service) stepsOf(ctx context.Context, launchID string) ([]Step, error) {
	return store.All[Step](ctx, s.DB, `SELECT * FROM launch_steps WHERE launch = ? ORDER BY due_at, id`, launchID)
}

// busy returns another launch that sells some of the same goods at the same time, "" when there is none.
func (s *Service) busy(ctx context.Context, l *Launch) (string, error) {
	if len(l.Goods) == 0 {
		return "", nil
	}
	var w store.Where
	w.And("l.id <> ? AND l.state IN ('scheduled', 'running', 'paused') AND l.begins_at < ? AND l.ends_at > ?", l.ID, l.EndsAt, l.BeginsAt)
	store.In(&w, "g.goods", l.Goods)
	names, err := store.All[string](ctx, s.DB, `SELECT DISTINCT l.name FROM launches l JOIN launch_goods g ON g.launch = l.id`+w.SQL()+` ORDER BY l.name LIMIT 1`, w.Args()...)
	if err != nil || len(names) == 0 {
		return "", err
	}
	return names[0], nil
}

// Next makes the draft of the next wave: the same a number of days later, with what this one brought.
func (s *Service) Next(ctx context.Context, launchID string, days int64, by string) (Launch, error) {
	return s.next(ctx, id.New("lch"), launchID, days, by)
}

func (s *Service) next(ctx context.Context, newID, launchID string, days int64, by string) (Launch, error) {
	if days < 1 || days > 730 {
		return Launch{}, errs.New(errs.Invalid, "launch.days", "the next wave is 1 to 730 days later").At("days")
	}
	l, err := byID(ctx, s.DB, launchID)
	if err != nil {
		return l, err
	}
	steps, err := s.stepsOf(ctx, launchID)
	if err != nil {
		return l, err
	}
	learned, err := s.learn(ctx, &l, steps)
	if err != nil {
		return l, err
	}
	w := Writing{Name: waveName(l.Name, l.Wave+1), Goods: l.Goods}
	for i := range l.Stages {
		st := l.Stages[i]
		figures := learned.stages[st.Kind]
		next := Stage{Kind: st.Kind, BeginsAt: s.shift(st.BeginsAt, days), EndsAt: s.shift(st.EndsAt, days), Goal: st.Goal, Last: &figures, Actions: []Action{}}
		if st.Goal != nil { // what was reached is what may be hoped for, where it was more
			next.Goal = &Goal{st.Goal.Measure, max(st.Goal.Target, figures.Of(st.Goal.Measure))}
		}
		for _, a := range st.Actions {
			if learned.failed[a.ID] {
				continue // it was never carried out
			}
			if a.Offer != nil && a.Offer.Existing != "" {
				if a.Offer, err = s.copyOffer(ctx, a.Kind, a.Offer.Existing); err != nil {
					return l, err
				}
			}
			a.Learned = learned.actions[a.ID]
			next.Actions = append(next.Actions, a)
		}
		w.Stages = append(w.Stages, next)
	}
	return s.insert(ctx, newID, w, l.ID, l.Wave+1, by)
}

// shift is an instant some days later at the same time of day.
func (s *Service) shift(t time.Time, days int64) time.Time {
	return t.In(s.Zone).AddDate(0, 0, int(days)).UTC()
}

func (s *Service) copyOffer(ctx context.Context, k Kind, existing string) (*Offer, error) {
	c, ok := s.doer(k).(Copier)
	if !ok {
		return &Offer{}, nil
	}
	o, err := c.Copy(ctx, existing)
	if errs.Is(err, errs.NotFound) {
		return &Offer{}, nil
	}
	return &o, err
}

// waveName is a name with the number of its wave.
func waveName(name string, wave int64) string {
	base := []rune(name)
	for i := len(base) - 1; i >= 0; i-- {
		if base[i] == '·' {
			base = base[:i]
			break
		}
	}
	for len(base) > 0 && base[len(base)-1] == ' ' {
		base = base[:len(base)-1]
	}
	return string(base[:min(len(base), 48)]) + fmt.Sprintf(" · 第 %d 波", wave)
}

// nextWave is the Doer of the loop.
type nextWave struct{ s *Service }

func (nextWave) Prefix() string { return "lch" }

func (nextWave) Check(context.Context, Order) ([]Fault, error) { return nil, nil }

func (n nextWave) Do(ctx context.Context, o Order) error {
	if _, err := byID(ctx, n.s.DB, o.ID); !errs.Is(err, errs.NotFound) {
		return err
	}
	_, err := n.s.next(ctx, o.ID, o.Launch.ID, o.Action.Days, o.By)
	if errs.Is(err, errs.Conflict) {
		if _, there := byID(ctx, n.s.DB, o.ID); there == nil {
			return nil
		}
	}
	return err
}

func (nextWave) Undo(context.Context, string) error { return nil } // a draft does nothing by itself

func (n nextWave) Standing(ctx context.Context, launchID string) (Standing, error) {
	l, err := byID(ctx, n.s.DB, launchID)
	return Standing{State: string(l.State)}, err
}
