package checkout

import (
	"context"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// due is how many sales or carts one round looks at.
const due = 500

// Run does what time does, until ctx ends: closes sales that nobody paid, reminds of those that soon will be closed, finishes
// what was sent long ago, tells of carts that were left, hands out virtual codes that came since, and counts what was sold.
func (s *Service) Run(ctx context.Context) error {
	return clock.Every(ctx, time.Second, s.Tick)
}

// Tick does one round and returns how much it did.
func (s *Service) Tick(ctx context.Context) (int, error) {
	times, _, err := settings.Get(ctx, s.DB, SettingName, DefaultRules())
	if err != nil {
		return 0, err
	}
	done := 0
	for _, round := range []func(context.Context, Rules, time.Time) (int, error){s.closeDue, s.warn, s.tellLeft, s.serveWaiting, s.foldSold} {
		n, err := round(ctx, times, s.Now())
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// closeDue closes or finishes the sales whose time has come, each in a transaction of its own.
func (s *Service) closeDue(ctx context.Context, _ Rules, now time.Time) (int, error) {
	type row struct {
		ID    string `db:"id"`
		State State  `db:"state"`
	}
	rows, err := store.All[row](ctx, s.DB, `SELECT id, state FROM sales WHERE due_at <= ? ORDER BY due_at, id LIMIT ?`, now, due)
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		if r.State == Unpaid {
			_, err = s.Close(ctx, 0, r.ID, ByTimeout)
		} else {
			_, err = s.Finish(ctx, 0, r.ID)
		}
		if err != nil && !errs.Is(err, errs.Conflict) { // it was paid, or ended, meanwhile
			return 0, err
		}
	}
	return len(rows), nil
}

// warn tells once of every sale that will soon be closed unpaid.
func (s *Service) warn(ctx context.Context, times Rules, now time.Time) (n int, err error) {
	if times.WarnMinutes <= 0 || times.WarnMinutes >= times.PayMinutes {
		return 0, nil
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		sales, err := store.All[Sale](ctx, tx, `SELECT * FROM sales WHERE due_at > ? AND due_at <= ? AND state = 'unpaid' AND warned = FALSE ORDER BY due_at, id LIMIT ?`+tx.SkipLocked(),
			now, now.Add(time.Duration(times.WarnMinutes)*time.Minute), due)
		if err != nil {
			return err
		}
		n = len(sales)
		for _, sale := range sales {
			if _, err := tx.Exec(ctx, `UPDATE sales SET warned = TRUE WHERE id = ?`, sale.ID); err != nil {
				return err
			}
			if err := outbox.Append(ctx, tx, sale.fact(event.OrderUnpaid, now, "")); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// tellLeft tells once of every cart that nobody touched for a while.
func (s *Service) tellLeft(ctx context.Context, times Rules, now time.Time) (n int, err error) {
	type row struct {
		Owner     string    `db:"owner"`
		ChangedAt time.Time `db:"changed_at"`
		Units     int64     `db:"units"`
		Fen       int64     `db:"fen"`
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		owners, err := store.All[string](ctx, tx, `SELECT owner FROM carts WHERE told = FALSE AND changed_at <= ? ORDER BY changed_at LIMIT ?`+tx.SkipLocked(),
			now.Add(-time.Duration(times.AbandonMinutes)*time.Minute), due)
		if err != nil {
			return err
		}
		n = len(owners)
		for _, owner := range owners {
			if _, err := tx.Exec(ctx, `UPDATE carts SET told = TRUE WHERE owner = ?`, owner); err != nil {
				return err
			}
			customer := customerOf(owner)
			r, err := store.One[row](ctx, tx, `SELECT c.owner, c.changed_at, CAST(COALESCE(SUM(l.quantity), 0) AS BIGINT) AS units, CAST(COALESCE(SUM(l.quantity * k.price_fen), 0) AS BIGINT) AS fen
				FROM carts c LEFT JOIN cart_lines l ON l.owner = c.owner LEFT JOIN skus k ON k.code = l.sku WHERE c.owner = ? GROUP BY c.owner, c.changed_at`, owner)
			if err != nil {
				return err
			}
			if customer == 0 || r.Units == 0 {
				continue
			}
			err = outbox.Append(ctx, tx, event.Fact{
				ID: owner + "/left/" + r.ChangedAt.UTC().Format(time.RFC3339Nano), Name: event.CartAbandoned, Customer: customer, At: now, Subject: owner,
				Amount: r.Fen, Quantity: r.Units, Channel: Channel,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
