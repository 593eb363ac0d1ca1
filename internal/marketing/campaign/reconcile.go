package campaign

import (
	"context"
	"time"

	"huoshui/internal/marketing/channel"
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
	requeued, recorded := 0, 0
	for {
		rows, err := store.All[Message](ctx, s.DB, `SELECT * FROM messages WHERE state = 'sending' AND claimed_by = ? LIMIT ?`, s.journal.Worker(), planBatch)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		campaigns := map[string]*active{}
		outcomes := make([]outcome, 0, len(rows))
		for _, m := range rows {
			a, ok := campaigns[m.Campaign]
			if !ok {
				c, err := byID(ctx, s.DB, m.Campaign)
				if err != nil {
					return err
				}
				a = &active{Campaign: c}
				campaigns[m.Campaign] = a
			}
			o := outcome{claim: claim{Message: m, a: a, at: s.Now()}}
			if taken[m.ID] {
				o.sent, o.delivered = true, m.Channel == channel.Webhook
				recorded++
			} else {
				o.returned = true
				requeued++
			}
			outcomes = append(outcomes, o)
		}
		err = s.DB.Tx(ctx, func(tx *store.Tx) error {
			if err := policy.Gate(ctx, tx); err != nil {
				return err
			}
			return s.record(ctx, tx, outcomes, set, s.Now())
		})
		if err != nil {
			return err
		}
	}
	if requeued+recorded > 0 {
		s.Log.InfoContext(ctx, "took up sending where it was broken off", "recorded_as_sent", recorded, "queued_again", requeued, "begun_and_not_heard_of", len(begun))
	}
	if err := s.adopt(ctx); err != nil {
		return err
	}
	return s.journal.Begin()
}

const (
	beatEvery = 30 * time.Second
	lostAfter = 10 * time.Minute // a sender that has not been seen for so long has lost its machine, and its journal
)

// adopt puts back the messages of senders that are gone for good.
func (s *Service) adopt(ctx context.Context) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO senders (worker, seen_at) VALUES (?, ?) ON CONFLICT (worker) DO UPDATE SET seen_at = excluded.seen_at`, s.journal.Worker(), time.Now()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE messages SET state = 'queued', claimed_by = NULL WHERE state = 'sending'
			AND claimed_by IN (SELECT worker FROM senders WHERE seen_at < ?)`, time.Now().Add(-lostAfter))
		return err
	})
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
