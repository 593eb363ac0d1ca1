package promo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Person is who claims a coupon.
type Person struct {
	Customer uint32
	Level    string
	Layer    string
}

// Claiming asks for one coupon. The same request asks for the same coupon.
type Claiming struct {
	Request   string
	Promotion string
	Person    Person
	Campaign  string
}

// fact tells what became of a coupon; once is what makes it happen only once.
func (c *Coupon) fact(name, once string, at time.Time) event.Fact {
	props, err := json.Marshal(map[string]string{"promotion": c.Promotion, "order": c.Order})
	if err != nil {
		props = nil // two texts are always JSON
	}
	return event.Fact{ID: c.ID + "/" + once, Name: name, Customer: c.Customer, At: at, Subject: c.ID, Campaign: c.Campaign, Props: props}
}

func (c *Coupon) claimed() event.Fact {
	f := c.fact(event.CouponClaimed, "claimed", c.ClaimedAt)
	f.Detail = c.Source
	return f
}

// couponOf returns the coupon that a request has given, or NotFound.
func couponOf(ctx context.Context, q store.Querier, coupon string) (Coupon, error) {
	return store.One[Coupon](ctx, q, `SELECT * FROM coupons WHERE id = ?`, coupon)
}

// Claim gives a customer a coupon that is open to her. Repeating a request returns the coupon it gave. Asking for one that
// is not offered (any more, yet, or to her) is Denied; for one too many Limited.
func (s *Service) Claim(ctx context.Context, c Claiming) (out Coupon, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		out, err = s.ClaimIn(ctx, tx, c)
		return err
	})
	return s.orHad(ctx, c, out, err)
}

// orHad returns the coupon that the same request got at the same moment, when that is why it failed.
func (s *Service) orHad(ctx context.Context, c Claiming, out Coupon, err error) (Coupon, error) {
	if errs.Is(err, errs.Conflict) {
		if had, e := couponOf(ctx, s.db, c.coupon()); e == nil {
			return had, nil
		}
	}
	return out, err
}

// coupon is the id of the coupon that the request gives.
func (c Claiming) coupon() string {
	return id.From("cpn", "claim", c.Request, c.Promotion, fmt.Sprint(c.Person.Customer))
}

// ClaimIn is Claim in a transaction; the same request at the same moment is a Conflict.
func (s *Service) ClaimIn(ctx context.Context, tx *store.Tx, c Claiming) (Coupon, error) {
	return s.claim(ctx, tx, c, SourceClaim, "")
}

func (s *Service) claim(ctx context.Context, tx *store.Tx, c Claiming, source, cause string) (Coupon, error) {
	if c.Request == "" || c.Person.Customer == 0 {
		return Coupon{}, errs.New(errs.Invalid, "promo.request", "a claim has a request id and a customer")
	}
	if had, err := couponOf(ctx, tx, c.coupon()); err == nil || !errs.Is(err, errs.NotFound) {
		return had, err
	}
	p, err := byID(ctx, tx, c.Promotion)
	if err != nil {
		return Coupon{}, err
	}
	now := s.instant()
	if err := p.open(c.Person, source, now); err != nil {
		return Coupon{}, err
	}
	h := p.give(c.Person.Customer, now)
	h.ID, h.Source, h.Cause, h.Campaign = c.coupon(), source, cause, c.Campaign
	if err := s.countOne(ctx, tx, &p, c.Person.Layer, now); err != nil {
		return Coupon{}, err
	}
	if err := insertOne(ctx, tx, &h, p.Terms.Coupon.Limits.PerPerson); err != nil {
		return Coupon{}, err
	}
	return h, outbox.Append(ctx, tx, h.claimed())
}

// open reports why a person may not claim a coupon by herself, or by a code.
func (p *Promotion) open(who Person, source string, now time.Time) error {
	t := p.Terms.Coupon
	switch {
	case t == nil || source == SourceClaim && !t.Open:
		return errs.New(errs.Denied, "coupon.not_open", "this is not to be claimed")
	case p.Stopped || !p.EndsAt.IsZero() && !now.Before(p.EndsAt) || !t.Valid.Until.IsZero() && !now.Before(t.Valid.Until):
		return errs.New(errs.Denied, "coupon.over", "this is over")
	case now.Before(p.StartsAt):
		return errs.New(errs.Denied, "coupon.not_yet", "this has not begun")
	case len(t.Gives.For.Levels) > 0 && !slices.Contains(t.Gives.For.Levels, who.Level), len(t.Gives.For.Layers) > 0 && !slices.Contains(t.Gives.For.Layers, who.Layer):
		return errs.New(errs.Denied, "coupon.not_for", "this is for others")
	}
	return nil
}

// give returns a coupon as a customer gets it.
func (p *Promotion) give(customer uint32, now time.Time) Coupon {
	c := Coupon{Promotion: p.ID, Version: p.Version, Customer: customer, State: Unused, ClaimedAt: now}
	c.ValidFrom, c.ValidUntil = p.Terms.Coupon.Valid.window(now)
	return c
}

// countOne counts a coupon against the limits of its promotion, or says that one is reached.
func (s *Service) countOne(ctx context.Context, tx *store.Tx, p *Promotion, layer string, now time.Time) error {
	for _, c := range s.counts(p, layer, now) {
		left, err := take(ctx, tx, p.ID, c.key, 1, c.limit)
		if err != nil {
			return err
		}
		if left == 0 {
			return errs.New(errs.Limited, "coupon.none_left", "there are none left").With("limit", c.key)
		}
	}
	return nil
}

type counted struct {
	key   string
	limit int64 // 0 is none
}

// counts are what a coupon of a promotion counts against, always in the same order.
func (s *Service) counts(p *Promotion, layer string, now time.Time) []counted {
	l := p.Terms.Coupon.Limits
	out := []counted{{"total", l.Total}}
	if l.PerDay > 0 {
		out = append(out, counted{"day/" + now.In(s.zone).Format(time.DateOnly), l.PerDay})
	}
	if n, ok := l.PerLayer[layer]; ok {
		out = append(out, counted{"layer/" + layer, n})
	}
	return out
}

// take counts up to n more and returns how many the limit allowed (0 is no limit). Others who count the same wait.
func take(ctx context.Context, tx *store.Tx, promotion, key string, n, limit int64) (int64, error) {
	if _, err := tx.Exec(ctx, `INSERT INTO coupon_counts (promotion_id, key, n) VALUES (?, ?, 0) ON CONFLICT (promotion_id, key) DO NOTHING`, promotion, key); err != nil {
		return 0, err
	}
	had, err := store.One[int64](ctx, tx, `UPDATE coupon_counts SET n = n + ? WHERE promotion_id = ? AND key = ? RETURNING n`, n, promotion, key)
	if err != nil || limit == 0 || had <= limit {
		return n, err
	}
	over := min(had-limit, n)
	_, err = tx.Exec(ctx, `UPDATE coupon_counts SET n = n - ? WHERE promotion_id = ? AND key = ?`, over, promotion, key)
	return n - over, err
}

// insertOne writes a coupon unless its customer has as many of the promotion as she may: then it is Limited. Of two that
// are claimed at once the second meets the guard of the first, and is counted again.
func insertOne(ctx context.Context, tx *store.Tx, c *Coupon, limit int64) error {
	for try := int64(0); try < 100; try++ {
		n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM coupons WHERE promotion_id = ? AND customer = ?`, c.Promotion, int64(c.Customer))
		if err != nil {
			return err
		}
		if limit > 0 && n >= limit {
			return errs.New(errs.Limited, "coupon.has_it", "a person has at most %d", limit).With("limit", limit)
		}
		c.Guard = guard(c.Promotion, c.Customer, n+1+try)
		written, err := store.InsertAll(ctx, tx, "coupons", []Coupon{*c}, "ON CONFLICT DO NOTHING")
		if err != nil || written == 1 {
			return err
		}
		if _, err := couponOf(ctx, tx, c.ID); err == nil {
			return errs.New(errs.Conflict, "promo.same_request", "the same request is being answered")
		}
	}
	return errs.New(errs.Conflict, "coupon.busy", "too many claims at once; try again")
}

// guard is the text of a person's n-th coupon of a promotion.
func guard(promotion string, customer uint32, n int64) string {
	return fmt.Sprintf("%s/%d/%d", promotion, customer, n)
}

// Use is a coupon that an order uses, and what it takes off.
type Use struct {
	Coupon string `json:"coupon"`
	Fen    int64  `json:"fen"`
}

// Cost is what finance needs to know of a coupon that was used, or came back.
type Cost struct {
	Coupon    string
	Promotion string
	Version   int64
	Customer  uint32
	Campaign  string
	Order     string
	Fen       int64
	WasUsed   bool // of one that came back: the order had been paid
}

func (c *Coupon) cost() Cost {
	return Cost{Coupon: c.ID, Promotion: c.Promotion, Version: c.Version, Customer: c.Customer, Campaign: c.Campaign, Order: c.Order, Fen: c.SavedFen, WasUsed: c.State == Used}
}

// Lock gives coupons to an order that is placed, all of them or none: each must be the customer's, unused and good now,
// else it is a Conflict that names it. Doing it twice for the same order changes nothing.
func (s *Service) Lock(ctx context.Context, tx *store.Tx, order string, customer uint32, uses []Use) error {
	now := s.instant()
	for _, u := range inOrder(uses) {
		if order == "" || u.Fen < 0 {
			return errs.New(errs.Invalid, "coupon.use", "a coupon takes an amount off an order")
		}
		n, err := tx.Exec(ctx, `UPDATE coupons SET state = 'locked', order_id = ?, saved_fen = ?, locked_at = ?
			WHERE id = ? AND customer = ? AND state = 'unused' AND valid_from <= ? AND valid_until > ?`, order, u.Fen, now, u.Coupon, int64(customer), now, now)
		if err != nil {
			return err
		}
		if n == 0 {
			if had, err := couponOf(ctx, tx, u.Coupon); err == nil && had.Order == order && had.Customer == customer && had.State == Locked && had.SavedFen == u.Fen {
				continue
			}
			return errs.New(errs.Conflict, "coupon.taken", "the coupon is used already, over, or not yours").With("coupon", u.Coupon)
		}
	}
	return nil
}

// inOrder sorts uses by coupon, so that two orders that want the same coupons do not wait for each other.
func inOrder(uses []Use) []Use {
	out := slices.Clone(uses)
	slices.SortFunc(out, func(a, b Use) int {
		if a.Coupon < b.Coupon {
			return -1
		}
		return 1
	})
	return out
}

// Redeem uses the coupons that an order holds, because it was paid, and returns what they cost. Doing it twice changes
// nothing and returns nothing.
func (s *Service) Redeem(ctx context.Context, tx *store.Tx, order string) ([]Cost, error) {
	now := s.instant()
	used, err := store.All[Coupon](ctx, tx, `UPDATE coupons SET state = 'used', used_at = ? WHERE order_id = ? AND state = 'locked' RETURNING *`, now, order)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(used, byCoupon)
	costs, facts := make([]Cost, len(used)), make([]event.Fact, len(used))
	for i := range used {
		costs[i] = used[i].cost()
		facts[i] = used[i].fact(event.CouponUsed, fmt.Sprintf("used/%s/%d", order, used[i].Returns), now)
		facts[i].Amount = used[i].SavedFen
	}
	return costs, outbox.Append(ctx, tx, facts...)
}

func byCoupon(a, b Coupon) int {
	if a.ID < b.ID {
		return -1
	}
	return 1
}

// Return gives coupons that an order holds or used back to their holder, all of them when none is named, and returns what
// they had cost. One that is over by then expires at once after. Doing it twice changes nothing and returns nothing.
func (s *Service) Return(ctx context.Context, tx *store.Tx, order string, coupons ...string) ([]Cost, error) {
	now := s.instant()
	var where store.Where
	where.And("order_id = ?", order)
	where.And("state IN ('locked', 'used')")
	if len(coupons) > 0 {
		store.In(&where, "id", coupons)
	}
	held, err := store.All[Coupon](ctx, tx, `SELECT * FROM coupons`+where.SQL()+` ORDER BY id`, where.Args()...)
	if err != nil {
		return nil, err
	}
	costs, facts := make([]Cost, 0, len(held)), make([]event.Fact, 0, len(held))
	for i := range held {
		c := &held[i]
		n, err := tx.Exec(ctx, `UPDATE coupons SET state = 'unused', order_id = NULL, saved_fen = 0, locked_at = NULL, used_at = NULL, returns = returns + 1
			WHERE id = ? AND order_id = ? AND state = ?`, c.ID, order, string(c.State))
		if err != nil {
			return nil, err
		}
		if n == 0 { // somebody was first
			continue
		}
		costs = append(costs, c.cost())
		f := c.fact(event.CouponReturned, fmt.Sprintf("returned/%s/%d", order, c.Returns), now)
		f.Amount, f.Detail = c.SavedFen, string(c.State)
		facts = append(facts, f)
	}
	return costs, outbox.Append(ctx, tx, facts...)
}

// expireChunk is how many coupons expire in one transaction.
const expireChunk = 1000

// Expire ends the unused coupons whose time is over and returns how many there were.
func (s *Service) Expire(ctx context.Context) (total int64, err error) {
	for {
		n := int64(0)
		err := s.db.Tx(ctx, func(tx *store.Tx) error {
			now := s.instant()
			over, err := store.All[Coupon](ctx, tx, `SELECT * FROM coupons WHERE state = 'unused' AND valid_until <= ? ORDER BY valid_until, id LIMIT ?`+tx.SkipLocked(), now, expireChunk)
			if err != nil || len(over) == 0 {
				return err
			}
			ids, facts := make([]string, len(over)), make([]event.Fact, len(over))
			for i := range over {
				ids[i] = over[i].ID
				facts[i] = over[i].fact(event.CouponExpired, fmt.Sprintf("expired/%d", over[i].Returns), over[i].ValidUntil)
			}
			var where store.Where
			store.In(&where, "id", ids)
			where.And("state = 'unused'")
			if n, err = tx.Exec(ctx, `UPDATE coupons SET state = 'expired'`+where.SQL(), where.Args()...); err != nil {
				return err
			}
			if n != int64(len(over)) {
				return fmt.Errorf("expire: %d of %d coupons", n, len(over)) // they are locked: nobody can have taken them
			}
			return outbox.Append(ctx, tx, facts...)
		})
		if err != nil {
			return total, err
		}
		if total += n; n < expireChunk {
			return total, nil
		}
	}
}
