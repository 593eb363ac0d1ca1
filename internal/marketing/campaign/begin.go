package campaign

import (
	"context"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// NewIDPrefix is what ids of campaigns begin with.
const NewIDPrefix = "cmp"

// Complete is a plan as it would be launched, with what it says; its error names the field that is not fit for that.
func (s *Service) Complete(ctx context.Context, plan Plan) (Plan, error) {
	return s.complete(ctx, Campaign{Plan: plan})
}

// Begin launches a plan at once, under an id that its caller has made and keeps: again, it changes nothing and returns what it made.
func (s *Service) Begin(ctx context.Context, campaignID, name string, plan Plan, by string) (Campaign, error) {
	had, err := byID(ctx, s.DB, campaignID)
	if !errs.Is(err, errs.NotFound) {
		return had, err
	}
	now := s.Now()
	c := Campaign{ID: campaignID, Name: strings.TrimSpace(name), State: Scheduled, ScheduledAt: now, Plan: plan, CreatedBy: by, CreatedAt: now, UpdatedAt: now}
	if c.Plan, err = s.complete(ctx, c); err != nil {
		return c, err
	}
	if !c.Plan.Deadline.IsZero() && c.Plan.Deadline.Before(now) {
		return c, errs.New(errs.Invalid, "campaign.deadline", "the deadline is before the start").At("plan.deadline")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "campaigns", c) })
	if errs.Is(err, errs.Conflict) { // the same at the same time
		return byID(ctx, s.DB, campaignID)
	}
	s.kick.ring()
	return c, err
}

// Assigned returns who was in the frozen audience of a campaign, reached or held out; NotFound before it is frozen.
func (s *Service) Assigned(ctx context.Context, campaignID string) (*roaring.Bitmap, error) {
	return loadAudience(ctx, s.DB, campaignID)
}

// SentTo returns whom a message of a campaign was sent.
func (s *Service) SentTo(ctx context.Context, campaignID string) (*roaring.Bitmap, error) {
	prefix := "msg_" + strings.TrimPrefix(campaignID, "cmp_") + "-"
	out := roaring.New()
	err := store.Each(ctx, s.DB, `SELECT customer FROM messages WHERE id > ? AND id < ? AND state = 'sent'`, []any{prefix, prefix + "~"}, func(n uint32) error {
		out.Add(n)
		return nil
	})
	return out, err
}
