package tag

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// Compare is the statistics of effects: what share more of those reached bought than of those held back, with a 95% interval.
type Compare func(reached, reachedBought, held, heldBought int64) (lift, low, high float64)

// boughtWithin is how long after its beginning an order counts for a campaign.
const boughtWithin = 14 * 24 * time.Hour

// Effects returns, for every campaign that names a tag, what reaching people changed among the tag's carriers and among the others
// in the campaign, by who carries it now.
func (s *Service) Effects(ctx context.Context, tagID string, compare Compare) ([]Effect, error) {
	uses, err := s.Uses(ctx)
	if err != nil {
		return nil, err
	}
	carriers, err := s.Carriers(ctx, tagID)
	if err != nil {
		return nil, err
	}
	out := []Effect{}
	for _, use := range uses[tagID] {
		if use.Kind != "campaign" {
			continue
		}
		people, err := s.campaigned(ctx, use.ID)
		if err != nil {
			return nil, err
		}
		var inside, outside [4]int64 // reached, of them bought, held back, of them bought
		for _, p := range people {
			to := &outside
			if carriers.Contains(p.Customer) {
				to = &inside
			}
			place := 0
			if p.Arm != "reach" {
				place = 2
			}
			to[place]++
			if p.Bought {
				to[place+1]++
			}
		}
		out = append(out, Effect{Campaign: use.ID, Name: use.Name, Inside: measured(inside, compare), Outside: measured(outside, compare)})
	}
	return out, nil
}

func measured(n [4]int64, compare Compare) Measure {
	m := Measure{People: n[0] + n[2], Known: n[0] > 0 && n[2] > 0}
	if m.Known {
		m.Lift, m.Low, m.High = compare(n[0], n[1], n[2], n[3])
	}
	return m
}

// assigned is somebody in a campaign, and whether she bought in time.
type assigned struct {
	Customer uint32 `db:"customer"`
	Arm      string `db:"detail,text"`
	Bought   bool   `db:"bought"`
}

func (s *Service) campaigned(ctx context.Context, campaign string) ([]assigned, error) {
	w := s.segments.Engine().Warehouse()
	code := func(text string) string { return strconv.FormatUint(uint64(w.Code(text)), 10) }
	all, err := warehouse.All[assigned](ctx, w, fmt.Sprintf(`SELECT a.customer AS customer, a.detail AS detail, COUNT(CASE WHEN o.paid > a.ts AND o.paid <= a.ts + %d THEN 1 END) > 0 AS bought
		FROM (SELECT customer, detail, ts FROM facts WHERE kind = %s AND campaign = %s) AS a
		LEFT JOIN (SELECT customer, ts AS paid FROM facts WHERE kind = %s) AS o ON o.customer = a.customer
		GROUP BY a.customer, a.detail`,
		boughtWithin.Microseconds(), code(event.CampaignAssigned), code(campaign), code(event.OrderPaid)))
	if err != nil {
		return nil, fmt.Errorf("effect of campaign %s: %w", campaign, err)
	}
	return all, nil
}
