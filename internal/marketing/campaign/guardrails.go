package campaign

import (
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Guardrails are what a strategy forbids the campaigns that follow it; zero forbids nothing.
type Guardrails struct {
	RestDays       int     `json:"rest_days,omitempty" doc:"Who was in a campaign of the strategy within so many days is left out"`
	SkipBoughtDays int     `json:"skip_bought_days,omitempty" doc:"Who bought within so many days is left out"`
	StopUnsubPct   float64 `json:"stop_unsubscribe_pct,omitempty" doc:"The campaign pauses when more than this share of those it was sent to unsubscribes"`
	CostCapFen     int64   `json:"cost_cap_fen,omitempty" doc:"Channels that cost more for one person are not taken over from the strategy"`
}

// Buyers knows who bought lately.
type Buyers interface {
	BoughtSince(ctx context.Context, since time.Time) (*roaring.Bitmap, error)
}

// unsubscribesMatterFrom is how many messages must be out before a share of unsubscribes means anything.
const unsubscribesMatterFrom = 50

// spare takes out of an audience whom the guardrails leave alone, and returns how many. It happens before the draw, and
// rest is counted from the assignment for both arms: a holdout that alone came back would not be comparable.
func (s *Service) spare(ctx context.Context, p Plan, people *roaring.Bitmap, at time.Time) (int64, error) {
	before := people.GetCardinality()
	if days := p.Guard.SkipBoughtDays; days > 0 && s.Buyers != nil {
		bought, err := s.Buyers.BoughtSince(ctx, at.AddDate(0, 0, -days))
		if err != nil {
			return 0, err
		}
		people.AndNot(bought)
	}
	if days := p.Guard.RestDays; days > 0 && p.Strategy != "" {
		recent, err := store.All[Campaign](ctx, s.DB, `SELECT * FROM campaigns WHERE frozen = ? AND started_at > ?`, true, at.AddDate(0, 0, -days))
		if err != nil {
			return 0, err
		}
		for _, c := range recent {
			if c.Plan.Strategy != p.Strategy {
				continue
			}
			assigned, err := loadAudience(ctx, s.DB, c.ID)
			if err != nil {
				return 0, err
			}
			people.AndNot(assigned)
		}
	}
	return int64(before - people.GetCardinality()), nil
}

// affordable drops the channels that cost more than the cap, but never all of them.
func affordable(channels []string, cap int64, prices channel.Settings) []string {
	if cap <= 0 {
		return channels
	}
	var out []string
	for _, c := range channels {
		if prices.CostFen(c) <= cap {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return channels
	}
	return out
}

// watchUnsubscribes pauses a campaign that more people walk away from than its strategy allows.
func (s *Service) watchUnsubscribes(ctx context.Context, campaignID string) error {
	c, err := byID(ctx, s.DB, campaignID)
	if err != nil || c.State != Sending || c.Plan.Guard.StopUnsubPct <= 0 {
		return err
	}
	counts, err := countsOf(ctx, s.DB, campaignID)
	if err != nil {
		return err
	}
	var sent, left int64
	for _, n := range counts {
		switch n.Step {
		case stepSent:
			sent += n.N
		case stepUnsubscribed:
			left += n.N
		}
	}
	if sent < unsubscribesMatterFrom || float64(left)*100 <= c.Plan.Guard.StopUnsubPct*float64(sent) {
		return nil
	}
	err = s.change(ctx, campaignID, Paused, `note = ?`, "campaign.unsubscribes")
	if errs.Is(err, errs.Conflict) { // it came to its end meanwhile: nothing is left to stop
		return nil
	}
	return err
}
