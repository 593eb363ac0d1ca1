package promo

import (
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/store"
	"huoshui/internal/trade/pricing"
)

// Opening is a coupon that may be claimed, as those see it who may.
type Opening struct {
	Promotion string         `json:"promotion"`
	Name      string         `json:"name"`
	Gives     pricing.Coupon `json:"gives" doc:"Without who it is for"`
	Valid     Validity       `json:"valid"`
	StartsAt  time.Time      `json:"starts_at,omitzero" doc:"From when it can be claimed"`
	EndsAt    time.Time      `json:"ends_at,omitzero"`
	State     OpeningState   `json:"state" enum:"open,not_yet,none_left"`
	PerPerson int64          `json:"per_person" doc:"0 is no limit"`
	Levels    []string       `json:"-"`
}

// OpeningState says whether a coupon can be claimed now.
type OpeningState string

// The states of an opening.
const (
	OpeningOpen OpeningState = "open"
	OpeningSoon OpeningState = "not_yet"
	OpeningGone OpeningState = "none_left"
)

// Openings returns those of the promotions that somebody in a layer may claim a coupon of, in the order in which they are named.
// What is over, stopped, not to be claimed or for other layers is left out; who may by her level is said in Levels.
func (s *Service) Openings(ctx context.Context, q store.Querier, layer string, promotions []string) ([]Opening, error) {
	if len(promotions) == 0 {
		return nil, nil
	}
	var w store.Where
	store.In(&w, "id", promotions)
	offered, err := store.All[Promotion](ctx, q, `SELECT * FROM promotions`+w.SQL(), w.Args()...)
	if err != nil {
		return nil, err
	}
	type count struct {
		Promotion string `db:"promotion_id"`
		Key       string `db:"key"`
		N         int64  `db:"n"`
	}
	var c store.Where
	store.In(&c, "promotion_id", promotions)
	given := map[[2]string]int64{}
	err = store.Each(ctx, q, `SELECT promotion_id, key, n FROM coupon_counts`+c.SQL(), c.Args(), func(r count) error {
		given[[2]string{r.Promotion, r.Key}] = r.N
		return nil
	})
	if err != nil {
		return nil, err
	}
	now := s.instant()
	out := make([]Opening, 0, len(offered))
	for i := range offered {
		p := &offered[i]
		t := p.Terms.Coupon
		// one for a level is judged for each customer
		who := Person{Layer: layer}
		if t != nil && len(t.Gives.For.Levels) > 0 {
			who.Level = t.Gives.For.Levels[0]
		}
		state, at := OpeningOpen, now
		if now.Before(p.StartsAt) {
			state, at = OpeningSoon, p.StartsAt
		}
		if p.open(who, SourceClaim, at) != nil {
			continue
		}
		o := Opening{Promotion: p.ID, Name: p.Name, Gives: t.Gives, Valid: t.Valid, StartsAt: p.StartsAt, EndsAt: p.EndsAt, State: state, PerPerson: t.Limits.PerPerson, Levels: t.Gives.For.Levels}
		o.Gives.For = pricing.Audience{}
		for _, k := range s.counts(p, layer, now) {
			if k.limit > 0 && given[[2]string{p.ID, k.key}] >= k.limit {
				o.State = OpeningGone
			}
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Opening) int {
		return slices.Index(promotions, a.Promotion) - slices.Index(promotions, b.Promotion)
	})
	return out, nil
}

// Had is how many coupons of a promotion a customer got, and how many of them she can use.
type Had struct {
	Promotion string `db:"promotion_id" json:"promotion"`
	Got       int64  `db:"got" json:"got"`
	Usable    int64  `db:"usable" json:"usable"`
}

// Had returns what a customer has of promotions; one of which she never got a coupon is missing.
func (s *Service) Had(ctx context.Context, q store.Querier, customer uint32, promotions []string) (map[string]Had, error) {
	out := map[string]Had{}
	if len(promotions) == 0 {
		return out, nil
	}
	var w store.Where
	w.And("customer = ?", int64(customer))
	store.In(&w, "promotion_id", promotions)
	err := store.Each(ctx, q, `SELECT promotion_id, COUNT(*) AS got, CAST(SUM(CASE WHEN state = 'unused' AND valid_until > ? THEN 1 ELSE 0 END) AS BIGINT) AS usable
		FROM coupons`+w.SQL()+` GROUP BY promotion_id`, append([]any{s.instant()}, w.Args()...), func(h Had) error {
		out[h.Promotion] = h
		return nil
	})
	return out, err
}

// Usable returns how many coupons a customer can use now or later.
func (s *Service) Usable(ctx context.Context, q store.Querier, customer uint32) (int64, error) {
	return store.One[int64](ctx, q, `SELECT COUNT(*) FROM coupons WHERE customer = ? AND state = 'unused' AND valid_until > ?`, int64(customer), s.instant())
}

// For reports whether the coupon is for who has a level.
func (o *Opening) For(level string) bool {
	return len(o.Levels) == 0 || slices.Contains(o.Levels, level)
}
