package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/experiment"
	"huoshui/internal/marketing/policy"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// active is a campaign that is being carried out, with what its messages need.
type active struct {
	Campaign
	stopped  *atomic.Bool // paused or cancelled: nothing more is handed over; shared by all copies
	said     map[string]*content.Compiled
	excluded []exclusion
	ruled    []string        // the policy's own lists among the excluded: others are in force once they differ
	people   *roaring.Bitmap // the frozen audience, while it is being planned
}

type exclusion struct {
	name   string
	people *roaring.Bitmap
}

// in returns the exclusion list a person is in, or "".
func (a *active) in(customer uint32) string {
	for _, e := range a.excluded {
		if e.people.Contains(customer) {
			return e.name
		}
	}
	return ""
}

const (
	planBatch = 2000
	atRest    = time.Second // how often timers are looked at when nobody rings
)

// Run carries campaigns out until ctx ends: one loop that starts, freezes, plans and ends them, and one queue for each
// channel, so that a slow or dead destination holds up nobody else. When it returns, what was handed over is recorded.
func (s *Service) Run(ctx context.Context) error {
	err := s.run(ctx)
	if ctx.Err() != nil && err != nil {
		s.Log.InfoContext(ctx, "campaigns stopped", "error", err) // what broke off because we were asked to stop
		return nil
	}
	return err
}

func (s *Service) run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return errors.New("campaigns are already running in this process")
	}
	defer s.running.Store(false)
	if err := s.reconcile(ctx); err != nil {
		return err
	}
	if err := s.refresh(ctx); err != nil { // before any queue goes by what an earlier run knew
		return err
	}
	defer func() {
		if err := s.journal.Close(); err != nil {
			s.Log.Warn("sending journal", "error", err)
		}
	}()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.loop(ctx, "campaigns", s.step) })
	g.Go(func() error { return s.beat(ctx) })
	for _, name := range []string{channel.Phone, channel.Task} {
		g.Go(func() error {
			return s.loop(ctx, name, func(ctx context.Context) (bool, error) { return s.stepLocal(ctx, name) })
		})
	}
	for _, name := range []string{channel.Email, channel.Webhook} {
		g.Go(func() error { return s.runRemote(ctx, name) })
	}
	return g.Wait()
}

// loop calls step until ctx ends, at once again while there is work, and backs off while it fails.
func (s *Service) loop(ctx context.Context, name string, step func(context.Context) (bool, error)) error {
	wait := atRest
	for ctx.Err() == nil {
		rung := s.kick.listen()
		worked, err := step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.Log.WarnContext(ctx, "campaign loop", "loop", name, "error", err)
			pause(ctx, nil, wait)
			wait = min(wait*2, time.Minute)
			continue
		case !worked:
			pause(ctx, rung, atRest)
		}
		wait = atRest
	}
	return nil
}

// Drain does everything that is due now and returns when nothing is left that could go before the clock moves. It runs
// the loops itself when Run is not running in this process.
func (s *Service) Drain(ctx context.Context) error {
	if !s.running.Load() {
		inner, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- s.Run(inner) }()
		err := s.quiet(ctx, ended)
		stop()
		return errors.Join(err, <-ended)
	}
	return s.quiet(ctx, nil)
}

func (s *Service) quiet(ctx context.Context, ended chan error) error {
	s.kick.ring()
	for wait := 2 * time.Millisecond; ; wait = min(wait*2, 100*time.Millisecond) {
		due, err := s.due(ctx)
		if err != nil || !due {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended: // never, when nil
			ended <- nil
			return fmt.Errorf("campaigns stopped: %w", err)
		case <-time.After(wait):
		}
	}
}

// due reports whether anything is left to do at this instant.
func (s *Service) due(ctx context.Context) (bool, error) {
	now := s.Now()
	n, err := store.One[int](ctx, s.DB, `SELECT COUNT(*) FROM (SELECT id FROM campaigns WHERE
		(state = 'scheduled' AND scheduled_at <= ?) OR state = 'freezing' OR (state = 'sending' AND NOT planned) LIMIT 1) AS t`, now)
	if err != nil || n > 0 {
		return n > 0, err
	}
	n, err = store.One[int](ctx, s.DB, `SELECT COUNT(*) FROM (SELECT id FROM messages WHERE state = 'sending' LIMIT 1) AS t`)
	if err != nil || n > 0 {
		return n > 0, err
	}
	n, err = store.One[int](ctx, s.DB, `SELECT COUNT(*) FROM (SELECT id FROM campaigns WHERE state = 'cancelled'
		AND EXISTS (SELECT 1 FROM messages m WHERE m.campaign_id = campaigns.id AND m.state = 'queued') LIMIT 1) AS t`)
	if err != nil || n > 0 {
		return n > 0, err
	}
	sending, err := store.All[Campaign](ctx, s.DB, `SELECT * FROM campaigns WHERE state = 'sending'`)
	if err != nil {
		return false, err
	}
	set, _, err := channel.Load(ctx, s.DB)
	if err != nil {
		return false, err
	}
	for _, c := range sending {
		var open []any
		for _, ch := range c.Plan.Channels {
			if slices.Contains(set.Enabled(), ch) && !s.isBroken(ch) {
				open = append(open, ch)
			}
		}
		// One statement sees one instant: asked one after the other, a message claimed in between would be in neither state.
		var w store.Where
		store.In(&w, "channel", open)
		n, err := store.One[int](ctx, s.DB, `SELECT COUNT(*) FROM (SELECT id FROM messages WHERE campaign_id = ? AND
			(state = 'sending' OR (state = 'queued' AND due_at <= ? AND `+strings.TrimPrefix(w.SQL(), " WHERE ")+`)) LIMIT 1) AS t`,
			append([]any{c.ID, now}, w.Args()...)...)
		if err != nil || n > 0 {
			return n > 0, err
		}
		counts, err := countsOf(ctx, s.DB, c.ID)
		if err != nil || remaining(counts) == 0 {
			return true, err // all messages at their end, and not yet called done
		}
	}
	return false, nil
}

// isBroken reports whether a remote channel is known to be out of reach now.
func (s *Service) isBroken(ch string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken[ch] != ""
}

// step does one round of everything that is not sending.
func (s *Service) step(ctx context.Context) (worked bool, err error) {
	if err := s.refresh(ctx); err != nil {
		return false, err
	}
	started, err := s.startDue(ctx)
	if err != nil {
		return false, err
	}
	if started {
		if err := s.refresh(ctx); err != nil {
			return false, err
		}
	}
	worked = started
	for _, a := range s.snapshot() {
		before := s.troubles[a.ID]
		if time.Now().Before(before.until) {
			continue
		}
		did, err := s.advance(ctx, a)
		if err != nil && ctx.Err() != nil {
			return worked, err
		}
		if err != nil { // it rests, and holds up no other
			wait := min(max(2*before.wait, atRest), time.Minute)
			s.troubles[a.ID] = trouble{wait, time.Now().Add(wait)}
			s.Log.WarnContext(ctx, "campaign cannot go on", "campaign", a.ID, "error", err)
			continue
		}
		delete(s.troubles, a.ID)
		worked = worked || did
	}
	return worked, nil
}

// trouble is how long a campaign rests that could not go on, by the machine's clock.
type trouble struct {
	wait  time.Duration
	until time.Time
}

// refresh reads the settings and which campaigns are being carried out.
func (s *Service) refresh(ctx context.Context) error {
	set, err := loadSetup(ctx, s.DB)
	if err != nil {
		return err
	}
	rows, err := store.All[Campaign](ctx, s.DB, `SELECT * FROM campaigns WHERE state IN ('freezing', 'sending', 'paused')
		OR (state = 'cancelled' AND EXISTS (SELECT 1 FROM messages m WHERE m.campaign_id = campaigns.id AND m.state = 'queued')) ORDER BY started_at NULLS LAST, id`)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setup = set
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row.ID] = true
		if old, ok := s.active[row.ID]; ok {
			stopped := row.State != Sending
			was := old.stopped.Swap(stopped)
			ruled := old.excluded == nil || slices.Equal(old.ruled, set.rules.ExcludeSegments)
			if old.State == row.State && old.Planned == row.Planned && old.Frozen == row.Frozen && old.Cursor == row.Cursor && was == stopped && ruled {
				continue
			}
			a := &active{Campaign: row, stopped: old.stopped, said: old.said, people: old.people}
			if ruled {
				a.excluded, a.ruled = old.excluded, old.ruled
			}
			s.active[row.ID] = a
			continue
		}
		a := &active{Campaign: row, stopped: &atomic.Bool{}, said: map[string]*content.Compiled{}}
		a.stopped.Store(row.State != Sending)
		if row.Plan.Says != nil {
			for _, ch := range row.Plan.Channels {
				if a.said[ch], err = row.Plan.Says.For(ch, row.Plan.language()); err != nil {
					return fmt.Errorf("%s: %w", row.ID, err)
				}
			}
		}
		s.active[row.ID] = a
	}
	for id, a := range s.active {
		if !seen[id] {
			a.stopped.Store(true)
			delete(s.active, id)
		}
	}
	return nil
}

// snapshot lists the active campaigns, the oldest first.
func (s *Service) snapshot() []*active {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*active, 0, len(s.active))
	for _, a := range s.active {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *active) int {
		if c := a.StartedAt.Compare(b.StartedAt); c != 0 {
			return c
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return out
}

func (s *Service) settings() setup {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setup
}

func (s *Service) startDue(ctx context.Context) (bool, error) {
	now := s.Now()
	ids, err := store.All[string](ctx, s.DB, `SELECT id FROM campaigns WHERE state = 'scheduled' AND scheduled_at <= ? ORDER BY scheduled_at, id`, now)
	if err != nil {
		return false, err
	}
	for _, one := range ids {
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			_, err := move(ctx, tx, one, Freezing, now, "")
			return err
		})
		if err != nil {
			return false, err
		}
	}
	return len(ids) > 0, nil
}

// advance does the next thing of one campaign, beside sending.
func (s *Service) advance(ctx context.Context, a *active) (bool, error) {
	switch {
	case a.State == Cancelled:
		return s.sweep(ctx, a)
	case a.State == Paused:
		return false, nil
	case !a.Frozen:
		return true, s.freeze(ctx, a)
	case a.excluded == nil:
		rules := s.settings().rules
		excluded, err := s.exclusionsOf(ctx, rules, a.Plan)
		if err != nil {
			return false, err
		}
		s.replace(a, func(n *active) { n.excluded, n.ruled = excluded, rules.ExcludeSegments })
		s.kick.ring()
		return true, nil
	case !a.Planned:
		return true, s.plan(ctx, a)
	default:
		return s.finish(ctx, a)
	}
}

// replace puts a changed copy of an active campaign in its place, unless a newer one is there.
func (s *Service) replace(a *active, change func(*active)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[a.ID] != a {
		return
	}
	n := &active{Campaign: a.Campaign, stopped: a.stopped, said: a.said, excluded: a.excluded, ruled: a.ruled, people: a.people}
	change(n)
	s.active[a.ID] = n
}

// freeze stores who is in the audience, once; the campaign's start is this instant.
func (s *Service) freeze(ctx context.Context, a *active) error {
	people, err := s.Audience.Resolve(ctx, a.Plan.Audience.Kind, a.Plan.Audience.ID)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) {
		s.Log.WarnContext(ctx, "campaign audience", "campaign", a.ID, "error", err)
		return s.change(ctx, a.ID, Cancelled, `ended_at = ?, planned = ?, note = ?`, s.Now(), true, "campaign.no_audience")
	}
	if err != nil {
		return err
	}
	people.Remove(0)
	now := s.Now()
	if _, err := s.spare(ctx, a.Plan, people, now); err != nil {
		return err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE campaigns SET state = 'sending', frozen = ?, started_at = ?, audience = ?, updated_at = ?
			WHERE id = ? AND NOT frozen AND state IN ('freezing', 'sending')`, true, now, int64(people.GetCardinality()), now, a.ID)
		if err != nil || n == 0 {
			return err
		}
		return saveAudience(ctx, tx, a.ID, people, now)
	})
	if err != nil {
		return err
	}
	return s.refresh(ctx)
}

// exclusionsOf resolves the segments that the policy or the campaign leaves out.
func (s *Service) exclusionsOf(ctx context.Context, rules policy.Rules, plan Plan) ([]exclusion, error) {
	out := []exclusion{}
	for _, segment := range append(slices.Clone(rules.ExcludeSegments), plan.Exclude...) {
		people, err := s.Audience.Resolve(ctx, "segment", segment)
		if errs.Is(err, errs.NotFound) {
			continue // a segment that is gone excludes nobody
		}
		if err != nil {
			return nil, err
		}
		out = append(out, exclusion{segment, people})
	}
	return out, nil
}

// plan assigns the next batch of people: a fact for everyone, a message for those to be reached. The cursor moves in
// the same transaction, so a crash repeats nothing.
func (s *Service) plan(ctx context.Context, a *active) error {
	if a.people == nil {
		people, err := loadAudience(ctx, s.DB, a.ID)
		if err != nil {
			return err
		}
		a.people = people
	}
	batch := make([]uint32, 0, planBatch)
	it := a.people.Iterator()
	it.AdvanceIfNeeded(a.Cursor + 1)
	for it.HasNext() && len(batch) < planBatch {
		batch = append(batch, it.Next())
	}
	last := len(batch) < planBatch
	cursor := a.Cursor
	if len(batch) > 0 {
		cursor = batch[len(batch)-1]
	}
	var reach, holdout int64
	facts := make([]event.Fact, 0, 2*len(batch))
	messages := make([]Message, 0, len(batch))
	enabled := s.settings().channels.Enabled()
	begin := max(0, slices.IndexFunc(a.Plan.Channels, func(c string) bool { return slices.Contains(enabled, c) }))
	first := a.Plan.Channels[begin]
	for _, n := range batch {
		arm := experiment.Assign(a.Plan.Salt, n, a.Plan.HoldoutPct)
		fact := event.Fact{Customer: n, At: a.StartedAt, Campaign: a.ID, Strategy: a.Plan.Strategy}
		fact.ID, fact.Name, fact.Subject, fact.Detail = MessageID(a.ID, n, 0)+".assigned", event.CampaignAssigned, a.ID, string(arm)
		facts = append(facts, fact)
		if arm == experiment.Holdout {
			holdout++
			continue
		}
		reach++
		m := Message{ID: MessageID(a.ID, n, begin), Campaign: a.ID, Customer: n, Channel: first, State: "queued", DueAt: a.StartedAt}
		messages = append(messages, m)
		facts = append(facts, s.fact(a, m, event.MessagePlanned, a.StartedAt))
	}
	err := s.DB.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE campaigns SET cursor = ?, planned = ?, reach = reach + ?, holdout = holdout + ?, updated_at = ?
			WHERE id = ? AND cursor = ? AND NOT planned AND state = 'sending'`, cursor, last, reach, holdout, s.Now(), a.ID, a.Cursor)
		if err != nil || n == 0 {
			return err // another process was first, or somebody stopped it: refresh tells
		}
		if _, err := store.InsertAll(ctx, tx, "messages", messages, ""); err != nil {
			return err
		}
		if err := bump(ctx, tx, map[countKey]int64{{a.ID, first, stepPlanned, ""}: reach}); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, facts...)
	})
	if err != nil {
		return err
	}
	if last {
		s.replace(a, func(n *active) { n.people = nil })
	}
	s.kick.ring()
	return s.refresh(ctx)
}

// fact is a fact about a message; its id says which message and which step.
func (s *Service) fact(a *active, m Message, name string, at time.Time) event.Fact {
	return event.Fact{
		ID: m.ID + name[len("message"):], Name: name, Customer: m.Customer, At: at, Subject: m.ID,
		Channel: m.Channel, Campaign: a.ID, Strategy: a.Plan.Strategy,
	}
}

// sweep ends the messages that a cancelled campaign left in its queues.
func (s *Service) sweep(ctx context.Context, a *active) (bool, error) {
	var n int
	err := s.DB.Tx(ctx, func(tx *store.Tx) error {
		if err := policy.Gate(ctx, tx); err != nil { // so that no queue claims them meanwhile
			return err
		}
		rows, err := store.All[Message](ctx, tx, `SELECT * FROM messages WHERE campaign_id = ? AND state = 'queued' LIMIT ?`, a.ID, planBatch)
		if err != nil {
			return err
		}
		n = len(rows)
		counts := map[countKey]int64{}
		ids := make([]string, len(rows))
		for i, m := range rows {
			ids[i] = m.ID
			counts[countKey{a.ID, m.Channel, stepCancelled, ""}]++
			if held(m) {
				counts[countKey{a.ID, m.Channel, stepHeld, m.Reason}]--
			}
		}
		if err := setAll(ctx, tx, ids, `state = 'cancelled'`); err != nil {
			return err
		}
		return bump(ctx, tx, counts)
	})
	return n > 0, err
}

// held reports whether a queued message waits because the policy said so.
func held(m Message) bool { return m.Reason == policy.ReasonQuiet || m.Reason == policy.ReasonQuota }

// finish calls a campaign done when every message has come to its end.
func (s *Service) finish(ctx context.Context, a *active) (bool, error) {
	counts, err := countsOf(ctx, s.DB, a.ID)
	if err != nil || remaining(counts) > 0 {
		return false, err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		_, err := move(ctx, tx, a.ID, Done, s.Now(), `ended_at = ?`, s.Now())
		return err
	})
	if err != nil {
		return false, err
	}
	return true, s.refresh(ctx)
}
