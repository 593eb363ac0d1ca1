package promo

import (
	"context"
	"maps"
	"sync"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/pricing"
)

// Service keeps what the brand offers.
type Service struct {
	db   *store.DB
	now  clock.Clock
	zone *time.Location
	kick chan struct{}

	mu    sync.Mutex
	book  *book
	terms map[versioned]pricing.Coupon // never change once they are written
}

// book is the rules as they were after a number of changes.
type book struct {
	changes int64
	rules   pricing.Rules
}

type versioned struct {
	promotion string
	version   int64
}

// NewService returns the service; days end where they end in the zone.
func NewService(db *store.DB, now clock.Clock, zone *time.Location) *Service {
	return &Service{db: db, now: now, zone: zone, kick: make(chan struct{}, 1), terms: map[versioned]pricing.Coupon{}}
}

// List returns a page of promotions.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) { return list(ctx, s.db, f) }

// Get returns a promotion, or a NotFound error.
func (s *Service) Get(ctx context.Context, promotion string) (Promotion, error) {
	return byID(ctx, s.db, promotion)
}

// Versions returns what a promotion was, the newest first.
func (s *Service) Versions(ctx context.Context, promotion string) ([]Promotion, error) {
	if _, err := byID(ctx, s.db, promotion); err != nil {
		return nil, err
	}
	return versions(ctx, s.db, promotion)
}

// Figures returns how many coupons of promotions are where, by promotion.
func (s *Service) Figures(ctx context.Context, promotions []string) (map[string]Figures, error) {
	return figures(ctx, s.db, promotions)
}

// Create makes a promotion.
func (s *Service) Create(ctx context.Context, d Draft, by string) (Promotion, error) {
	if err := d.check(); err != nil {
		return Promotion{}, err
	}
	now := s.instant()
	p := Promotion{ID: id.New("prm"), Kind: d.Kind, Version: 1, CreatedAt: now}
	p.write(d, now, by)
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := store.Insert(ctx, tx, "promotions", p); err != nil {
			return err
		}
		return keep(ctx, tx, p)
	})
	return p, err
}

func (p *Promotion) write(d Draft, at time.Time, by string) {
	p.Name, p.Note, p.StartsAt, p.EndsAt, p.Terms, p.ChangedAt, p.ChangedBy = d.Name, d.Note, d.StartsAt, d.EndsAt, d.Terms, at, by
}

// instant is now as the store keeps it.
func (s *Service) instant() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Change makes the next version of a promotion; its kind stays. Coupons that people hold keep what they promised. A stale
// author gets a Conflict.
func (s *Service) Change(ctx context.Context, promotion string, seen int64, d Draft, by string) (Promotion, error) {
	if err := d.check(); err != nil {
		return Promotion{}, err
	}
	return s.revise(ctx, promotion, seen, func(p *Promotion) error {
		if p.Kind != d.Kind {
			return invalid("kind", "promo.kind_stays", "a %s does not become another kind", p.Kind)
		}
		p.write(d, p.ChangedAt, by)
		return nil
	}, by)
}

// Stop takes a promotion off the offer, or puts it back. Coupons that people hold stay good.
func (s *Service) Stop(ctx context.Context, promotion string, stopped bool, by string) (Promotion, error) {
	p, err := byID(ctx, s.db, promotion)
	if err != nil || p.Stopped == stopped {
		return p, err
	}
	return s.revise(ctx, promotion, p.Version, func(p *Promotion) error {
		p.Stopped = stopped
		return nil
	}, by)
}

func (s *Service) revise(ctx context.Context, promotion string, seen int64, change func(p *Promotion) error, by string) (p Promotion, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if p, err = byID(ctx, tx, promotion); err != nil {
			return err
		}
		p.ChangedAt, p.ChangedBy = s.instant(), by
		if err := change(&p); err != nil {
			return err
		}
		p.Version = seen + 1
		return replace(ctx, tx, p, seen)
	})
	return p, err
}

// General is what holds for every cart.
type General struct {
	Stacking pricing.Stacking `json:"stacking"`
	Balance  pricing.Balance  `json:"balance"`
}

// setting is the name of General among the settings.
const setting = "promo"

// usual is General until somebody changes it: one coupon, flash prices with no other reduction, all of given balance.
var usual = General{
	Stacking: pricing.Stacking{MaxCoupons: 1, Excludes: [][2]pricing.Kind{
		{pricing.KindFlash, pricing.KindReduction}, {pricing.KindFlash, pricing.KindCouponFull}, {pricing.KindFlash, pricing.KindCouponDiscount},
		{pricing.KindGroup, pricing.KindReduction}, {pricing.KindGroup, pricing.KindCouponFull}, {pricing.KindGroup, pricing.KindCouponDiscount},
	}},
	Balance: pricing.Balance{GiftMaxShare: 10000},
}

// General returns what holds for every cart, and its version.
func (s *Service) General(ctx context.Context) (General, int64, error) {
	return settings.Get(ctx, s.db, setting, usual)
}

// SetGeneral changes what holds for every cart; seen is the version the author saw.
func (s *Service) SetGeneral(ctx context.Context, g General, seen int64, by string) (version int64, err error) {
	if err := g.Stacking.Validate(); err != nil {
		return 0, in("stacking", err)
	}
	if g.Balance.GiftMaxShare < 0 || g.Balance.GiftMaxShare > 10000 {
		return 0, invalid("balance.gift_max_share", "promo.share", "a share is between 0 and 10000 ten-thousandths")
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, had, err := settings.Get(ctx, tx, setting, usual); err != nil {
			return err
		} else if had != seen {
			return errs.New(errs.Conflict, "promo.changed", "somebody changed this since you opened it").With("version", had)
		}
		if version, err = settings.Put(ctx, tx, setting, g, by, s.instant()); err != nil {
			return err
		}
		return changed(ctx, tx)
	})
	return version, err
}

// Rules returns what carts are priced by: everything offered now or later, without items, flash prices and points, which
// are not ours. It is shared by all who ask: change none of its lists.
func (s *Service) Rules(ctx context.Context, q store.Querier) (pricing.Rules, error) {
	n, err := store.One[int64](ctx, q, `SELECT n FROM promotion_changes WHERE id = 1`)
	if err != nil {
		return pricing.Rules{}, err
	}
	s.mu.Lock()
	had := s.book
	s.mu.Unlock()
	if had != nil && had.changes == n {
		return had.rules, nil
	}
	rules, err := readRules(ctx, q, s.now())
	if err != nil {
		return pricing.Rules{}, err
	}
	s.mu.Lock()
	s.book = &book{n, rules}
	s.mu.Unlock()
	return rules, nil
}

// Now is the service's clock.
func (s *Service) Now() time.Time { return s.now() }

// readRules reads the rules that have not ended.
func readRules(ctx context.Context, q store.Querier, now time.Time) (pricing.Rules, error) {
	rules := pricing.Rules{Templates: map[string]pricing.Freights{}}
	err := store.Each(ctx, q, `SELECT * FROM promotions WHERE kind <> 'coupon' AND (NOT stopped OR kind = 'freight') AND (ends_at IS NULL OR ends_at > ?) ORDER BY id`, []any{now}, func(p Promotion) error {
		switch t := p.Terms; {
		case t.Reduction != nil:
			t.Reduction.ID, t.Reduction.When = p.ID, p.window()
			rules.Reductions = append(rules.Reductions, *t.Reduction)
		case t.Bundle != nil:
			t.Bundle.ID, t.Bundle.When = p.ID, p.window()
			rules.Bundles = append(rules.Bundles, *t.Bundle)
		case t.Member != nil:
			t.Member.ID, t.Member.When = p.ID, p.window()
			rules.Members = append(rules.Members, *t.Member)
		case t.Freight != nil: // a stopped one still serves the goods that name it
			t.Freight.ID = p.ID
			rules.Templates[p.ID] = *t.Freight
		}
		return nil
	})
	if err != nil {
		return rules, err
	}
	g, _, err := settings.Get(ctx, q, setting, usual)
	rules.Stacking, rules.Balance = g.Stacking, g.Balance
	return rules, err
}

// Wallet returns the coupons a customer can use now or later, as pricing reads them, the soonest to end first; at most
// pricing.MaxCoupons.
func (s *Service) Wallet(ctx context.Context, q store.Querier, customer uint32) ([]pricing.Coupon, error) {
	held, err := usable(ctx, q, customer, s.now(), pricing.MaxCoupons)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	terms, err := s.promises(ctx, q, held)
	if err != nil {
		return nil, err
	}
	out := make([]pricing.Coupon, len(held))
	for i, h := range held {
		out[i] = terms[versioned{h.Promotion, h.Version}]
		out[i].ID, out[i].When = h.ID, pricing.Window{From: h.ValidFrom, Until: h.ValidUntil}
	}
	return out, nil
}

// promises returns what coupons promise, by promotion and version.
func (s *Service) promises(ctx context.Context, q store.Querier, held []Coupon) (map[versioned]pricing.Coupon, error) {
	out := make(map[versioned]pricing.Coupon, len(held))
	missing := map[versioned]bool{}
	s.mu.Lock()
	for _, h := range held {
		key := versioned{h.Promotion, h.Version}
		if c, ok := s.terms[key]; ok {
			out[key] = c
		} else {
			missing[key] = true
		}
	}
	s.mu.Unlock()
	for key := range missing {
		p, err := asOf(ctx, q, key.promotion, key.version)
		if err != nil {
			return nil, err
		}
		c := p.Terms.Coupon.Gives
		c.Rule = key.promotion
		out[key] = c
	}
	s.mu.Lock()
	maps.Copy(s.terms, out)
	s.mu.Unlock()
	return out, nil
}

// Holding is a coupon with what it promises.
type Holding struct {
	Coupon
	Name  string         `json:"name"`
	Gives pricing.Coupon `json:"gives"`
}

// Of returns the coupons a customer holds or held, those she can use first; at most 500.
func (s *Service) Of(ctx context.Context, customer uint32) ([]Holding, error) {
	held, err := ofCustomer(ctx, s.db, customer, 500)
	if err != nil {
		return nil, err
	}
	return s.holdings(ctx, held)
}

// Holders returns who holds coupons of a promotion, the newest first.
func (s *Service) Holders(ctx context.Context, promotion string, state State, after string, limit int) ([]Coupon, string, error) {
	if _, err := byID(ctx, s.db, promotion); err != nil {
		return nil, "", err
	}
	return holders(ctx, s.db, promotion, state, after, limit)
}

func (s *Service) holdings(ctx context.Context, held []Coupon) ([]Holding, error) {
	out := make([]Holding, len(held))
	terms, err := s.promises(ctx, s.db, held)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for i, h := range held {
		if _, ok := names[h.Promotion]; !ok {
			p, err := byID(ctx, s.db, h.Promotion)
			if err != nil {
				return nil, err
			}
			names[h.Promotion] = p.Name
		}
		out[i] = Holding{Coupon: h, Name: names[h.Promotion], Gives: terms[versioned{h.Promotion, h.Version}]}
	}
	return out, nil
}
