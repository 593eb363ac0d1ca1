package campaign

import (
	"context"
	"slices"
	"time"

	"huoshui/internal/marketing/policy"
	"huoshui/internal/platform/store"
)

// reconcile settles what the process before this one left behind: messages marked as sending by this directory, and
// those of a directory that has been silent for a day. See the package's comment for what becomes of each.
func (s *Service) reconcile(ctx context.Context) error {
	begun, taken, err := s.journal.Restore()
	if err != nil {
		return err
	}
	set, err := loadSetup(ctx, s.DB)
	if err != nil {
		return err
	}
	requeued, recorded, err := s.putBack(ctx, set, taken, `claimed_by = ?`, s.journal.Worker())
	if err != nil {
		return err
	}
	if requeued+recorded > 0 {
		s.Log.InfoContext(ctx, "took up sending where it was broken off", "recorded_as_sent", recorded, "queued_again", requeued, "begun_and_not_heard_of", len(begun))
	}
	if err := s.adopt(ctx); err != nil {
		return err
	}
	return s.journal.Begin()
}

// putBack ends the claims on messages that the condition names: what was taken is recorded as sent, the rest goes back
// into its queue and no longer counts against anybody. It returns how many went back and how many were recorded.
func (s *Service) putBack(ctx context.Context, set setup, taken map[string]bool, condition string, args ...any) (requeued, recorded int, err error) {
	for {
		var back, sent int
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			back, sent = 0, 0
			if err := policy.Gate(ctx, tx); err != nil {
				return err
			}
			rows, err := store.All[Message](ctx, tx, `SELECT * FROM messages WHERE state = 'sending' AND `+condition+` LIMIT ?`, append(slices.Clone(args), planBatch)...)
			if err != nil {
				return err
			}
			campaigns := map[string]*active{}
			outcomes := make([]outcome, 0, len(rows))
			for _, m := range rows {
				a, ok := campaigns[m.Campaign]
				if !ok {
					c, err := byID(ctx, tx, m.Campaign)
					if err != nil {
						return err
					}
					a = &active{Campaign: c}
					campaigns[m.Campaign] = a
				}
				o := outcome{claim: claim{Message: m, a: a, at: s.Now()}}
				if taken[m.ID] {
					o.sent, o.delivered = true, true
					sent++
				} else {
					o.returned = true
					back++
				}
				outcomes = append(outcomes, o)
			}
			return s.record(ctx, tx, outcomes, set, s.Now())
		})
		if err != nil || back+sent == 0 {
			return requeued, recorded, err
		}
		requeued, recorded = requeued+back, recorded+sent
	}
}

const (
	beatEvery = 30 * time.Second
	lostAfter = 10 * time.Minute // a sender that has not been seen for so long has lost its machine, and its journal
)

// adopt says that this sender lives, and puts back the messages of senders that are gone for good.
func (s *Service) adopt(ctx context.Context) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO senders (worker, seen_at) VALUES (?, ?) ON CONFLICT (worker) DO UPDATE SET seen_at = excluded.seen_at`, s.journal.Worker(), time.Now())
	if err != nil {
		return err
	}
	gone := []any{time.Now().Add(-lostAfter)}
	left, err := store.One[int](ctx, s.DB, `SELECT COUNT(*) FROM messages WHERE state = 'sending' AND claimed_by IN (SELECT worker FROM senders WHERE seen_at < ?)`, gone...)
	if err != nil || left == 0 {
		return err
	}
	set, err := loadSetup(ctx, s.DB)
	if err != nil {
		return err
	}
	_, _, err = s.putBack(ctx, set, nil, `claimed_by IN (SELECT worker FROM senders WHERE seen_at < ?)`, gone...)
	return err
}

// beat says now and then that this sender lives, takes over from those that do not, and drops counts of contacts that
// no cap can ask for any more.
func (s *Service) beat(ctx context.Context) error {
	for forgot := (time.Time{}); ctx.Err() == nil; {
		if now := s.Now(); now.Sub(forgot) > 24*time.Hour {
			if err := policy.Forget(ctx, s.DB, now); err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "sender", "error", err)
			}
			forgot = now
		}
		pause(ctx, nil, beatEvery)
		if ctx.Err() != nil {
			return nil
		}
		if err := s.adopt(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "sender", "error", err)
		}
	}
	return nil
}
