package presale

import (
	"context"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/quota"
)

// round is how many bookings one round looks at.
const round = 500

// Run does what time does, until ctx ends: closes bookings whose deposit nobody paid, tells that tails are due, and lets every deposit
// follow a presale that is over.
func (s *Service) Run(ctx context.Context) error {
	return clock.Every(ctx, time.Second, s.Tick)
}

// Tick does one round and returns how much it did. Whenever it is interrupted, the next one goes on.
func (s *Service) Tick(ctx context.Context) (int, error) {
	now := s.Now()
	late, err := store.All[string](ctx, s.DB, `SELECT id FROM presale_bookings WHERE state = 'unpaid' AND due_at <= ? ORDER BY due_at, id LIMIT ?`, now, round)
	if err != nil {
		return 0, err
	}
	for _, b := range late {
		if err := s.end(ctx, b, ByTimeout); err != nil {
			return 0, err
		}
	}
	done := len(late)
	open, err := store.All[Presale](ctx, s.DB, `SELECT * FROM presales WHERE settled = FALSE AND (stopped_at IS NOT NULL OR published_at IS NOT NULL AND tail_starts_at <= ?) ORDER BY id`, now)
	if err != nil {
		return done, err
	}
	for _, p := range open {
		var n int
		if state := p.StateAt(now); state == Stopped || state == Ended && !now.Before(p.TailEndsAt.Add(Grace)) {
			n, err = s.settle(ctx, &p)
		} else if state == Tail {
			n, err = s.tell(ctx, p.ID, now)
		}
		if done += n; err != nil {
			return done, err
		}
	}
	return done, nil
}

// tell says once of every booking that its tail can be paid now.
func (s *Service) tell(ctx context.Context, presale string, now time.Time) (n int, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		all, err := store.All[Booking](ctx, tx, `SELECT * FROM presale_bookings WHERE presale = ? AND state = 'deposited' AND told = FALSE ORDER BY id LIMIT ?`+tx.SkipLocked(), presale, round)
		if err != nil || len(all) == 0 {
			return err
		}
		n = len(all)
		ids, facts := make([]string, n), make([]event.Fact, n)
		for i := range all {
			ids[i], facts[i] = all[i].ID, all[i].fact(event.PresaleTailDue, now, all[i].DepositFen, presale)
		}
		var w store.Where
		store.In(&w, "id", ids)
		if _, err := tx.Exec(ctx, `UPDATE presale_bookings SET told = TRUE`+w.SQL(), w.Args()...); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, facts...)
	})
	return n, err
}

// settle lets bookings follow a presale that is over, each in a transaction of its own.
func (s *Service) settle(ctx context.Context, p *Presale) (int, error) {
	ids, err := store.All[string](ctx, s.DB, `SELECT id FROM presale_bookings WHERE presale = ? AND state IN ('unpaid', 'deposited') ORDER BY id LIMIT ?`, p.ID, round)
	if err != nil {
		return 0, err
	}
	why := ByTimeout
	if !p.StoppedAt.IsZero() {
		why = ByStop
	}
	for _, b := range ids {
		if err := s.end(ctx, b, why); err != nil {
			return 0, err
		}
	}
	if len(ids) > 0 {
		return len(ids), nil
	}
	_, err = s.DB.Exec(ctx, `UPDATE presales SET settled = TRUE WHERE id = ? AND NOT EXISTS (SELECT 1 FROM presale_bookings b WHERE b.presale = presales.id AND b.state IN ('unpaid', 'deposited'))`, p.ID)
	return 1, err
}

// end ends a booking that is not paid, or whose tail is not. The order that was to pay the tail is closed first; one that is being paid at
// this moment is left to the next round.
func (s *Service) end(ctx context.Context, booking, why string) error {
	b, err := one(ctx, s.DB, booking, 0, "")
	if err != nil {
		return err
	}
	if b.State == Deposited && b.Sale != "" {
		if err := s.sales.CloseUnpaid(ctx, b.Sale, Kind); errs.Is(err, errs.Conflict) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		b, err := one(ctx, tx, booking, 0, tx.Hold())
		if err != nil {
			return err
		}
		if b.State == Unpaid {
			return s.closeUnpaid(ctx, tx, &b, why)
		}
		if b.State != Deposited || b.Sale != "" {
			return nil
		}
		p, err := get(ctx, tx, b.Presale)
		if err != nil {
			return err
		}
		switch now := s.Now(); { // again, now that it is held: it may have been paid late, or the presale extended
		case !p.StoppedAt.IsZero():
			return s.giveUp(ctx, tx, &b, ByStop, "")
		case now.Before(p.TailEndsAt.Add(Grace)):
			return nil
		case !p.Keep:
			return s.giveUp(ctx, tx, &b, ByTimeout, "")
		}
		return s.forfeit(ctx, tx, &b)
	})
}

// Held is what deposits there are of bookings whose tail is not paid, and of the balance for bookings that are not paid: what the books
// hold as deposits.
func Held(ctx context.Context, q store.Querier) (int64, error) {
	return store.One[int64](ctx, q, `SELECT CAST(COALESCE(SUM(CASE WHEN state = 'deposited' THEN deposit_fen WHEN state = 'unpaid' THEN wallet_fen ELSE 0 END), 0) AS BIGINT) FROM presale_bookings`)
}

// Check returns presales that took other units than their bookings have, that are settled though a booking did not follow, bookings that
// gave back another amount than they should, and people who have other units than counted; none when all is well.
func Check(ctx context.Context, q store.Querier) ([]string, error) {
	wrong, err := store.All[string](ctx, q, `SELECT i.presale || ' ' || i.sku FROM presale_items i
		LEFT JOIN (SELECT presale, sku, SUM(units) AS units FROM presale_bookings WHERE state IN ('unpaid', 'deposited', 'done') GROUP BY presale, sku) b ON b.presale = i.presale AND b.sku = i.sku
		WHERE i.taken <> COALESCE(b.units, 0) ORDER BY 1 LIMIT 1000`)
	if err != nil {
		return nil, err
	}
	left, err := store.All[string](ctx, q, `SELECT b.id FROM presale_bookings b JOIN presales p ON p.id = b.presale
		WHERE p.settled = TRUE AND b.state IN ('unpaid', 'deposited') OR b.state IN ('returned', 'refunded') AND b.returned_fen <> b.deposit_fen OR b.state IN ('unpaid', 'deposited', 'closed', 'forfeited') AND b.returned_fen <> 0
			OR b.state = 'done' AND b.sale = '' ORDER BY b.id LIMIT 1000`)
	if err != nil {
		return nil, err
	}
	people, err := quota.Check(ctx, q)
	return append(append(wrong, left...), people...), err
}
