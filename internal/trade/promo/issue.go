package promo

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Issue is a coupon given to many people. It is worked off in the background; whoever may have no more is left out.
type Issue struct {
	ID         string    `db:"id" json:"id" doc:"The request that asked for it"`
	Promotion  string    `db:"promotion_id" json:"promotion"`
	Version    int64     `db:"version" json:"version"`
	Audience   string    `db:"audience" json:"audience" doc:"Segment, or empty when people were named"`
	Campaign   string    `db:"campaign" json:"campaign"`
	Total      int64     `db:"total" json:"total"`
	Next       int64     `db:"next" json:"-"`
	Given      int64     `db:"given" json:"given"`
	LeftOut    int64     `db:"left_out" json:"left_out" doc:"Had as many as they may, or there were none left"`
	MadeBy     string    `db:"made_by" json:"made_by"`
	MadeAt     time.Time `db:"made_at" json:"made_at"`
	FinishedAt time.Time `db:"finished_at" json:"finished_at,omitzero"`
}

// issueColumns are the columns of an Issue: all but the people.
const issueColumns = `id, promotion_id, version, audience, campaign, total, next, given, left_out, made_by, made_at, finished_at`

// stored is an issue with its people.
type stored struct {
	Issue
	People []byte `db:"people"`
}

// Issuing asks to give a coupon to people.
type Issuing struct {
	Request   string
	Promotion string
	People    *roaring.Bitmap
	Audience  string
	Campaign  string
}

// Issue begins to give a coupon to people, and returns at once. Repeating a request returns what it began, whoever is in
// the audience by then.
func (s *Service) Issue(ctx context.Context, in Issuing, by string) (out Issue, err error) {
	if in.Request == "" || len(in.Request) > 64 {
		return out, invalid("request_id", "promo.request", "say which request this is, in at most 64 letters")
	}
	if had, err := store.One[Issue](ctx, s.db, `SELECT `+issueColumns+` FROM coupon_issues WHERE id = ?`, in.Request); !errs.Is(err, errs.NotFound) {
		if err == nil && had.Promotion != in.Promotion {
			return had, errs.New(errs.Conflict, "promo.request_used", "this request gave another coupon")
		}
		return had, err
	}
	if in.People == nil || in.People.IsEmpty() {
		return out, invalid("segment", "promo.nobody", "there is nobody to give it to")
	}
	people, err := in.People.ToBytes()
	if err != nil {
		return out, err
	}
	p, err := byID(ctx, s.db, in.Promotion)
	if err != nil {
		return out, err
	}
	now := s.instant()
	t := p.Terms.Coupon
	if t == nil || p.Stopped || !t.Valid.Until.IsZero() && !now.Before(t.Valid.Until) {
		return out, errs.New(errs.Conflict, "coupon.over", "this coupon is not given any more")
	}
	row := stored{Issue{ID: in.Request, Promotion: p.ID, Version: p.Version, Audience: in.Audience, Campaign: in.Campaign, Total: int64(in.People.GetCardinality()), MadeBy: by, MadeAt: now}, people}
	err = s.db.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "coupon_issues", row) })
	if errs.Is(err, errs.Conflict) { // the same request at the same time
		return store.One[Issue](ctx, s.db, `SELECT `+issueColumns+` FROM coupon_issues WHERE id = ?`, in.Request)
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
	return row.Issue, err
}

// Issues returns the issues of a promotion, the newest first; at most 200.
func (s *Service) Issues(ctx context.Context, promotion string) ([]Issue, error) {
	return store.All[Issue](ctx, s.db, `SELECT `+issueColumns+` FROM coupon_issues WHERE promotion_id = ? ORDER BY made_at DESC, id DESC LIMIT 200`, promotion)
}

// GetIssue returns an issue by the request that asked for it.
func (s *Service) GetIssue(ctx context.Context, request string) (Issue, error) {
	i, err := store.One[Issue](ctx, s.db, `SELECT `+issueColumns+` FROM coupon_issues WHERE id = ?`, request)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "promo.no_issue", "no coupon was given by this request")
	}
	return i, err
}

// IssuedFor returns the people that an issue was for, whether or not they got a coupon.
func (s *Service) IssuedFor(ctx context.Context, request string) (*roaring.Bitmap, error) {
	row, err := store.One[stored](ctx, s.db, `SELECT * FROM coupon_issues WHERE id = ?`, request)
	if err != nil {
		return nil, err
	}
	people := roaring.New()
	return people, people.UnmarshalBinary(row.People)
}

// IssuedTo returns the people who got a coupon of an issue.
func (s *Service) IssuedTo(ctx context.Context, request string) (*roaring.Bitmap, error) {
	i, err := s.GetIssue(ctx, request)
	if err != nil {
		return nil, err
	}
	out := roaring.New()
	return out, store.Each(ctx, s.db, `SELECT customer FROM coupons WHERE promotion_id = ? AND source = ? AND cause = ?`, []any{i.Promotion, SourceIssue, i.ID}, func(n uint32) error {
		out.Add(n)
		return nil
	})
}

// issueChunk is how many people get their coupon in one transaction.
const issueChunk = 1000

// WorkOff gives the coupons of the oldest issue that waits to its next people and reports whether there was one.
func (s *Service) WorkOff(ctx context.Context) (worked bool, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		worked = false
		all, err := store.All[stored](ctx, tx, `SELECT * FROM coupon_issues WHERE finished_at IS NULL ORDER BY made_at, id LIMIT 1`+tx.SkipLocked())
		if err != nil || len(all) == 0 {
			return err
		}
		worked = true
		return s.workOff(ctx, tx, &all[0])
	})
	return worked, err
}

func (s *Service) workOff(ctx context.Context, tx *store.Tx, issue *stored) error {
	people := roaring.New()
	if _, err := people.FromBuffer(issue.People); err != nil {
		return fmt.Errorf("issue %s: %w", issue.ID, err)
	}
	from := people.Iterator()
	from.AdvanceIfNeeded(uint32(issue.Next)) //nolint:gosec // below 1<<32 as long as anybody is left
	var numbers []uint32
	for len(numbers) < issueChunk && from.HasNext() {
		numbers = append(numbers, from.Next())
	}
	more := from.HasNext()
	p, err := asOf(ctx, tx, issue.Promotion, issue.Version)
	if err != nil {
		return err
	}
	given, err := s.giveAll(ctx, tx, &p, issue, numbers)
	if err != nil {
		return err
	}
	next, finished := issue.Next, any(nil)
	if len(numbers) > 0 {
		next = int64(numbers[len(numbers)-1]) + 1
	}
	if !more {
		finished = s.instant()
	}
	n, err := tx.Exec(ctx, `UPDATE coupon_issues SET next = ?, given = given + ?, left_out = left_out + ?, finished_at = ? WHERE id = ? AND next = ? AND finished_at IS NULL`,
		next, given, int64(len(numbers))-given, finished, issue.ID, issue.Next)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "promo.changed", "issue %s is worked off by somebody else", issue.ID)
	}
	return err
}

// giveAll gives a coupon to each of the people who may have one more, as far as limits go, and returns how many got it.
func (s *Service) giveAll(ctx context.Context, tx *store.Tx, p *Promotion, issue *stored, numbers []uint32) (int64, error) {
	if len(numbers) == 0 {
		return 0, nil
	}
	type row struct {
		Customer uint32 `db:"customer"`
		N        int64  `db:"n"`
	}
	have := map[uint32]int64{}
	var where store.Where
	where.And("promotion_id = ?", p.ID)
	store.In(&where, "customer", numbers)
	err := store.Each(ctx, tx, `SELECT customer, COUNT(*) AS n FROM coupons`+where.SQL()+` GROUP BY customer`, where.Args(), func(r row) error {
		have[r.Customer] = r.N
		return nil
	})
	if err != nil {
		return 0, err
	}
	now := s.instant()
	limit := p.Terms.Coupon.Limits.PerPerson
	var rows []Coupon
	for _, n := range numbers {
		if limit > 0 && have[n] >= limit {
			continue
		}
		c := p.give(n, now)
		c.ID, c.Guard = id.From("cpn", "issue", issue.ID, fmt.Sprint(n)), guard(p.ID, n, have[n]+1)
		c.Source, c.Cause, c.Campaign = SourceIssue, issue.ID, issue.Campaign
		rows = append(rows, c)
	}
	allowed := int64(len(rows))
	for _, c := range s.counts(p, "", now) { // whose layer it is was asked when the audience was made
		if allowed == 0 {
			break
		}
		left, err := take(ctx, tx, p.ID, c.key, allowed, c.limit)
		if err != nil {
			return 0, err
		}
		allowed = left
	}
	rows = rows[:allowed]
	written, err := store.InsertAll(ctx, tx, "coupons", rows, "ON CONFLICT DO NOTHING")
	if err != nil {
		return 0, err
	}
	if written < allowed { // some claimed one at the same moment: tell only of those who got it by this
		if rows, err = given(ctx, tx, rows); err != nil {
			return 0, err
		}
	}
	facts := make([]event.Fact, len(rows))
	for i := range rows {
		facts[i] = rows[i].claimed()
	}
	return written, outbox.Append(ctx, tx, facts...)
}

// given returns those of the coupons that are in the store.
func given(ctx context.Context, q store.Querier, rows []Coupon) ([]Coupon, error) {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	var where store.Where
	store.In(&where, "id", ids)
	return store.All[Coupon](ctx, q, `SELECT * FROM coupons`+where.SQL(), where.Args()...)
}

// Run works issues off and ends coupons whose time is over, until ctx ends.
func (s *Service) Run(ctx context.Context, log *slog.Logger) error {
	const atRest, between = 2 * time.Second, time.Minute
	swept := time.Time{}
	for ctx.Err() == nil {
		worked, err := s.WorkOff(ctx)
		wait := atRest
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.WarnContext(ctx, "coupons are not given", "error", err)
		case worked:
			wait = 0
		}
		if now := time.Now(); now.Sub(swept) > between { // real time: how often we look, not what we see
			swept = now
			if n, err := s.Expire(ctx); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "coupons do not expire", "error", err)
			} else if n > 0 {
				log.InfoContext(ctx, "coupons expired", "coupons", n)
			}
		}
		select {
		case <-ctx.Done():
		case <-s.kick:
		case <-time.After(wait):
		}
	}
	return nil
}
