package loyalty

import (
	"context"
	"fmt"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// Books is where changes are booked.
type Books interface {
	Post(ctx context.Context, tx *store.Tx, e money.Entry) error
}

// Service changes points accounts.
type Service struct {
	db    *store.DB
	books Books
	now   clock.Clock
}

// NewService returns the points in db.
func NewService(db *store.DB, books Books, now clock.Clock) *Service {
	return &Service{db: db, books: books, now: now}
}

// Earn gives points and returns the line of the statement. What the customer owes is paid from them at once. The same key
// again returns the line it made, and is a Conflict with other words.
func (s *Service) Earn(ctx context.Context, tx *store.Tx, c Earn) (Move, error) {
	if c.Points <= 0 || c.Points > mostPoints {
		return Move{}, errs.New(errs.Invalid, "points.amount", "points are above zero").At("points")
	}
	a, done, err := s.begin(ctx, tx, c.Customer, c.Key, EarnKind, c.Points)
	if err != nil || done != nil {
		return found(done), err
	}
	rules, _, err := settings.Get(ctx, tx, SettingName, Default())
	if err != nil {
		return Move{}, err
	}
	now := s.now()
	if c.ExpiresAt.IsZero() && rules.Days > 0 {
		c.ExpiresAt = now.AddDate(0, 0, int(rules.Days))
	}
	if !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(now) {
		return Move{}, errs.New(errs.Invalid, "points.expired", "the points would have expired already").At("expires_at")
	}
	value := rules.Worth(c.Points)
	m := Move{ID: id.New("pmv"), Key: c.Key, Kind: EarnKind, Points: c.Points, ValueFen: value, Order: c.Order, Reason: c.Reason, By: c.By}
	batch := Batch{
		ID: batchOf(m.ID), Customer: c.Customer, Points: c.Points, Left: c.Points, ValueFen: value, ValueLeftFen: value, ExpiresAt: c.ExpiresAt,
		Order: c.Order, Campaign: c.Campaign, Layer: c.Layer, CreatedAt: now,
	}
	if err := store.Insert(ctx, tx, "points_batches", batch); err != nil {
		return Move{}, fmt.Errorf("earn points: %w", err)
	}
	m, err = s.finish(ctx, tx, &a, m, money.Entry{
		Reason: "points.earned", Campaign: c.Campaign, Layer: c.Layer, Moves: []money.Move{{Debit: money.PointsCost, Credit: money.Points, Fen: value}},
	})
	if err != nil {
		return Move{}, err
	}
	return m, s.payOwed(ctx, tx, a)
}

// batchOf is the batch that an earning made.
func batchOf(move string) string { return id.From("bat", move) }

// Burn uses points as money for an order. Fewer than asked is a Conflict "points.short" and changes nothing. The same key
// again returns the line it made.
func (s *Service) Burn(ctx context.Context, tx *store.Tx, c Burn) (Move, error) {
	if c.Points <= 0 || c.Points > mostPoints {
		return Move{}, errs.New(errs.Invalid, "points.amount", "points are above zero").At("points")
	}
	if c.Order == "" {
		return Move{}, fmt.Errorf("loyalty: points are burned for an order: %+v", c)
	}
	a, done, err := s.begin(ctx, tx, c.Customer, c.Key, BurnKind, -c.Points)
	if err != nil || done != nil {
		return found(done), err
	}
	rules, _, err := settings.Get(ctx, tx, SettingName, Default())
	if err != nil {
		return Move{}, err
	}
	if c.Fen != rules.Worth(c.Points) {
		return Move{}, errs.New(errs.Conflict, "points.rate_changed", "what points pay has changed; quote again")
	}
	if c.Points > a.Points {
		return Move{}, errs.New(errs.Conflict, "points.short", "there are fewer points than that")
	}
	batches, err := batchesOf(ctx, tx, c.Customer)
	if err != nil {
		return Move{}, err
	}
	uses, value := take(batches, c.Points)
	m := Move{ID: id.New("pmv"), Key: c.Key, Kind: BurnKind, Points: -c.Points, Fen: c.Fen, ValueFen: -value, Order: c.Order, Reason: "order"}
	m, err = s.finish(ctx, tx, &a, m, money.Entry{
		Reason: "points.burned", Campaign: c.Campaign, Layer: c.Layer,
		Moves: []money.Move{
			{Debit: money.Points, Credit: money.Deferred, Fen: min(value, c.Fen)},
			{Debit: money.Points, Credit: money.PointsCost, Fen: max(0, value-c.Fen)},
			{Debit: money.PointsCost, Credit: money.Deferred, Fen: max(0, c.Fen-value)},
		},
	})
	if err != nil {
		return Move{}, err
	}
	for i, u := range uses {
		uses[i].Move = m.ID
		if err := changeBatch(ctx, tx, u.Batch, -u.Points, -u.Value); err != nil {
			return Move{}, err
		}
	}
	_, err = store.InsertAll(ctx, tx, "points_uses", uses, "")
	return m, err
}

// Return gives points of a burning back to the batches they came from, with what they paid taken back. More than was burned,
// or than they paid, is a Conflict "points.return_above". The same key again returns the line it made.
func (s *Service) Return(ctx context.Context, tx *store.Tx, c Return) (Move, error) {
	burnt, err := moveByKey(ctx, tx, c.Burn)
	if err != nil {
		return Move{}, err
	}
	if burnt == nil || burnt.Kind != BurnKind {
		return Move{}, errs.New(errs.NotFound, "points.no_burning", "there is no such use of points")
	}
	a, done, err := s.begin(ctx, tx, burnt.Customer, c.Key, ReturnKind, c.Points)
	if err != nil || done != nil {
		return found(done), err
	}
	if burnt, err = moveByKey(ctx, tx, c.Burn); err != nil { // again, now that the account is locked
		return Move{}, err
	}
	switch {
	case c.Points < 0 || c.Fen < 0 || c.Points+c.Fen == 0:
		return Move{}, errs.New(errs.Invalid, "points.amount", "points are above zero").At("points")
	case burnt.BackPoints+c.Points > -burnt.Points || burnt.BackFen+c.Fen > burnt.Fen:
		return Move{}, errs.New(errs.Conflict, "points.return_above", "more than was used cannot be given back")
	}
	if _, err := tx.Exec(ctx, `UPDATE points_moves SET back_points = back_points + ?, back_fen = back_fen + ? WHERE id = ?`, c.Points, c.Fen, burnt.ID); err != nil {
		return Move{}, fmt.Errorf("return points: %w", err)
	}
	value, err := s.giveBack(ctx, tx, burnt.ID, c.Points)
	if err != nil {
		return Move{}, err
	}
	against := c.Against
	if against == "" {
		against = money.Deferred
	}
	m := Move{ID: id.New("pmv"), Key: c.Key, Kind: ReturnKind, Points: c.Points, Fen: c.Fen, ValueFen: value, Order: burnt.Order, Reason: "refund", By: c.By}
	m, err = s.finish(ctx, tx, &a, m, money.Entry{
		Reason: "points.returned",
		Moves: []money.Move{
			{Debit: against, Credit: money.Points, Fen: min(value, c.Fen)},
			{Debit: against, Credit: money.PointsCost, Fen: max(0, c.Fen-value)},
			{Debit: money.PointsCost, Credit: money.Points, Fen: max(0, value-c.Fen)},
		},
	})
	if err != nil {
		return Move{}, err
	}
	return m, s.payOwed(ctx, tx, a)
}

// giveBack puts points of a burning back into its batches, the one used last first, and returns their value. A batch that is
// over, or soon will be, lasts as many days more as the rules say.
func (s *Service) giveBack(ctx context.Context, tx *store.Tx, burning string, points int64) (value int64, err error) {
	rules, _, err := settings.Get(ctx, tx, SettingName, Default())
	if err != nil {
		return 0, err
	}
	until := s.now().AddDate(0, 0, int(rules.ReturnedDays))
	uses, err := store.All[use](ctx, tx, `SELECT u.* FROM points_uses u JOIN points_batches b ON b.id = u.batch_id WHERE u.move_id = ? AND u.back_points < u.points
		ORDER BY b.expires_at IS NULL DESC, b.expires_at DESC, b.id DESC`, burning)
	if err != nil {
		return 0, err
	}
	for _, u := range uses {
		n := min(u.Points-u.Back, points)
		if n == 0 {
			break
		}
		v := money.Share(u.Value, u.Back+n, u.Points) - u.BackValue
		if _, err := tx.Exec(ctx, `UPDATE points_uses SET back_points = back_points + ?, back_value_fen = back_value_fen + ? WHERE move_id = ? AND batch_id = ?`, n, v, burning, u.Batch); err != nil {
			return 0, err
		}
		if err := changeBatch(ctx, tx, u.Batch, n, v); err != nil {
			return 0, err
		}
		if _, err := tx.Exec(ctx, `UPDATE points_batches SET expires_at = ? WHERE id = ? AND expires_at < ?`, until, u.Batch, until); err != nil {
			return 0, err
		}
		points, value = points-n, value+v
	}
	if points > 0 {
		return 0, fmt.Errorf("loyalty: %d points of %s have no batch to go back to", points, burning)
	}
	return value, nil
}

// Revoke takes points of an earning back: from its own batch, then from the others; what has been used already is owed.
// More than was earned is a Conflict "points.revoke_above". The same key again returns the line it made.
func (s *Service) Revoke(ctx context.Context, tx *store.Tx, c Revoke) (Move, error) {
	earned, err := moveByKey(ctx, tx, c.Earn)
	if err != nil {
		return Move{}, err
	}
	if earned == nil || earned.Kind != EarnKind {
		return Move{}, errs.New(errs.NotFound, "points.no_earning", "there is no such earning")
	}
	if c.Points <= 0 {
		return Move{}, errs.New(errs.Invalid, "points.amount", "points are above zero").At("points")
	}
	a, done, err := s.begin(ctx, tx, earned.Customer, c.Key, RevokeKind, -c.Points)
	if err != nil || done != nil {
		return found(done), err
	}
	n, err := tx.Exec(ctx, `UPDATE points_moves SET back_points = back_points + ? WHERE id = ? AND back_points + ? <= points`, c.Points, earned.ID, c.Points)
	if err != nil {
		return Move{}, fmt.Errorf("revoke points: %w", err)
	}
	if n == 0 {
		return Move{}, errs.New(errs.Conflict, "points.revoke_above", "more than was earned cannot be taken back")
	}
	return s.takeBack(ctx, tx, &a, Move{Key: c.Key, Order: earned.Order, Reason: "refund", By: c.By}, c.Points, min(c.Points, a.Points), batchOf(earned.ID))
}

// payOwed takes from an account what it owes, as far as it has it.
func (s *Service) payOwed(ctx context.Context, tx *store.Tx, a Account) error {
	n := min(a.Owed, a.Points)
	if n == 0 {
		return nil
	}
	_, err := s.takeBack(ctx, tx, &a, Move{Reason: "owed"}, 0, n, "")
	return err
}

// takeBack takes points out of batches, the given one first, and writes the line: wanted is what was to be taken back, taken
// is what can be; the difference is owed, or paid when nothing was wanted.
func (s *Service) takeBack(ctx context.Context, tx *store.Tx, a *Account, m Move, wanted, taken int64, first string) (Move, error) {
	batches, err := batchesOf(ctx, tx, a.Customer)
	if err != nil {
		return Move{}, err
	}
	for i, b := range batches {
		if b.ID == first {
			copy(batches[1:i+1], batches[:i])
			batches[0] = b
			break
		}
	}
	uses, value := take(batches, taken)
	for _, u := range uses {
		if err := changeBatch(ctx, tx, u.Batch, -u.Points, -u.Value); err != nil {
			return Move{}, err
		}
	}
	m.ID, m.Kind, m.Points, m.Owed, m.ValueFen = id.New("pmv"), RevokeKind, -taken, wanted-taken, -value
	if m.Key == "" {
		m.Key = "owed/" + m.ID
	}
	return s.finish(ctx, tx, a, m, money.Entry{Reason: "points.revoked", Moves: []money.Move{{Debit: money.Points, Credit: money.PointsCost, Fen: value}}})
}

// Expire takes away points that are over, of at most so many accounts, and returns of how many. Each account is a
// transaction of its own. Call it again until it returns less than most.
func (s *Service) Expire(ctx context.Context, most int) (int, error) {
	due, err := store.All[uint32](ctx, s.db, `SELECT DISTINCT customer FROM points_batches WHERE left_points > 0 AND expires_at IS NOT NULL AND expires_at <= ? LIMIT ?`, s.now(), most)
	if err != nil {
		return 0, err
	}
	for _, customer := range due {
		err := s.db.Tx(ctx, func(tx *store.Tx) error {
			a, err := lock(ctx, tx, customer, s.now())
			if err != nil {
				return err
			}
			return s.expire(ctx, tx, &a)
		})
		if err != nil {
			return 0, fmt.Errorf("expire points of %d: %w", customer, err)
		}
	}
	return len(due), nil
}

// begin locks an account, takes away its points that are over, and returns it; or the line that the key made before.
func (s *Service) begin(ctx context.Context, tx *store.Tx, customer uint32, key string, kind Kind, points int64) (Account, *Move, error) {
	if customer == 0 || key == "" {
		return Account{}, nil, errs.New(errs.Invalid, "points.nobody", "points belong to a customer")
	}
	a, err := lock(ctx, tx, customer, s.now())
	if err != nil {
		return a, nil, err
	}
	done, err := moveByKey(ctx, tx, key)
	if err != nil {
		return a, nil, err
	}
	if done != nil {
		if done.Kind != kind || done.Customer != customer || done.Points-max(0, done.Owed) != points {
			return a, nil, errs.New(errs.Conflict, "points.key_reused", "the request was made before with other words")
		}
		return a, done, nil
	}
	return a, nil, s.expire(ctx, tx, &a)
}

func found(m *Move) Move {
	if m == nil {
		return Move{}
	}
	return *m
}

// expire takes away the points of a locked account that are over.
func (s *Service) expire(ctx context.Context, tx *store.Tx, a *Account) error {
	if a.Points == 0 {
		return nil
	}
	batches, err := store.All[Batch](ctx, tx, `SELECT * FROM points_batches WHERE customer = ? AND left_points > 0 AND expires_at <= ? ORDER BY expires_at, id`, int64(a.Customer), s.now())
	if err != nil || len(batches) == 0 {
		return err
	}
	m := Move{ID: id.New("pmv"), Kind: ExpireKind, Reason: "expired"}
	m.Key = "expire/" + m.ID
	var moves []money.Move
	for _, b := range batches {
		if err := changeBatch(ctx, tx, b.ID, -b.Left, -b.ValueLeftFen); err != nil {
			return err
		}
		m.Points, m.ValueFen = m.Points-b.Left, m.ValueFen-b.ValueLeftFen
		moves = append(moves, money.Move{Debit: money.Points, Credit: money.PointsBreakage, Fen: b.ValueLeftFen, Campaign: b.Campaign, Layer: b.Layer})
	}
	_, err = s.finish(ctx, tx, a, m, money.Entry{Reason: "points.expired", Moves: moves})
	return err
}

// finish writes the line, the account, the books and the fact of a change.
func (s *Service) finish(ctx context.Context, tx *store.Tx, a *Account, m Move, e money.Entry) (Move, error) {
	a.Points, a.Owed = a.Points+m.Points, a.Owed+m.Owed
	m.Customer, m.At, m.PointsAfter = a.Customer, s.now(), a.Points
	if _, err := tx.Exec(ctx, `UPDATE points_accounts SET points = ?, owed = ?, updated_at = ? WHERE customer = ?`, a.Points, a.Owed, m.At, int64(a.Customer)); err != nil {
		return Move{}, fmt.Errorf("points %s: %w", m.Kind, err)
	}
	if err := store.Insert(ctx, tx, "points_moves", m); err != nil {
		return Move{}, fmt.Errorf("points %s: %w", m.Kind, err)
	}
	e.Key, e.At, e.Customer, e.Order, e.Ref, e.By = "points/"+m.ID, m.At, m.Customer, m.Order, m.ID, m.By
	if err := s.books.Post(ctx, tx, e); err != nil {
		return Move{}, err
	}
	return m, outbox.Append(ctx, tx, m.fact())
}
