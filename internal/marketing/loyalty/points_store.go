package loyalty

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// lock takes an account for this transaction alone, made if need be.
func lock(ctx context.Context, tx *store.Tx, customer uint32, now time.Time) (Account, error) {
	return store.One[Account](ctx, tx, `INSERT INTO points_accounts (customer, points, owed, version, updated_at) VALUES (?, 0, 0, 1, ?)
		ON CONFLICT (customer) DO UPDATE SET version = points_accounts.version + 1 RETURNING *`, int64(customer), now)
}

func moveByKey(ctx context.Context, q store.Querier, key string) (*Move, error) {
	m, err := store.One[Move](ctx, q, `SELECT * FROM points_moves WHERE key = ?`, key)
	if errs.Is(err, errs.NotFound) {
		return nil, nil //nolint:nilnil // nothing is an answer here
	}
	return &m, err
}

// batchesOf returns what is left of a customer's batches, in the order in which they are used: first to expire, first used.
func batchesOf(ctx context.Context, q store.Querier, customer uint32) ([]Batch, error) {
	return store.All[Batch](ctx, q, `SELECT * FROM points_batches WHERE customer = ? AND left_points > 0 ORDER BY expires_at IS NULL, expires_at, id`, int64(customer))
}

func changeBatch(ctx context.Context, tx *store.Tx, batch string, points, value int64) error {
	_, err := tx.Exec(ctx, `UPDATE points_batches SET left_points = left_points + ?, value_left_fen = value_left_fen + ? WHERE id = ?`, points, value, batch)
	return err
}

// Get returns a customer's account without the points that are over; a zero account when she never had one.
func Get(ctx context.Context, q store.Querier, customer uint32, now time.Time) (Account, error) {
	a, err := store.One[Account](ctx, q, `SELECT customer, CAST(points - COALESCE((SELECT SUM(left_points) FROM points_batches b
			WHERE b.customer = points_accounts.customer AND b.left_points > 0 AND b.expires_at <= ?), 0) AS BIGINT) AS points, owed, version, updated_at
		FROM points_accounts WHERE customer = ?`, now, int64(customer))
	if errs.Is(err, errs.NotFound) {
		return Account{Customer: customer}, nil
	}
	return a, err
}

// Batches returns a customer's batches that are left, the one that expires first first.
func Batches(ctx context.Context, q store.Querier, customer uint32, now time.Time) ([]Batch, error) {
	return store.All[Batch](ctx, q, `SELECT * FROM points_batches WHERE customer = ? AND left_points > 0 AND (expires_at IS NULL OR expires_at > ?) ORDER BY expires_at IS NULL, expires_at, id`, int64(customer), now)
}

// Statement returns a page of a customer's moves, newest first, below the id of the last of the page before.
func Statement(ctx context.Context, q store.Querier, customer uint32, below string, limit int) ([]Move, error) {
	var w store.Where
	w.And("customer = ?", int64(customer))
	if below != "" {
		w.And("id < ?", below)
	}
	return store.All[Move](ctx, q, `SELECT * FROM points_moves`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(limit)...)
}

// OfOrder returns the moves of an order, oldest first.
func OfOrder(ctx context.Context, q store.Querier, order string) ([]Move, error) {
	return store.All[Move](ctx, q, `SELECT * FROM points_moves WHERE order_id = ? ORDER BY id`, order)
}

// Totals is what all accounts hold.
type Totals struct {
	Accounts int64 `db:"accounts" json:"accounts" doc:"Accounts that hold any"`
	Points   int64 `db:"points" json:"points"`
	Owed     int64 `db:"owed" json:"owed"`
	ValueFen int64 `db:"value_fen" json:"value_fen" doc:"What they were worth when they were given"`
}

// Sums returns what all accounts hold.
func Sums(ctx context.Context, q store.Querier) (Totals, error) {
	return store.One[Totals](ctx, q, `SELECT COUNT(*) FILTER (WHERE points > 0) AS accounts, CAST(COALESCE(SUM(points), 0) AS BIGINT) AS points, CAST(COALESCE(SUM(owed), 0) AS BIGINT) AS owed,
		CAST(COALESCE((SELECT SUM(value_left_fen) FROM points_batches WHERE left_points > 0), 0) AS BIGINT) AS value_fen FROM points_accounts`)
}

// Apart is an account that is not what its own lines or batches add up to.
type Apart struct {
	Customer uint32 `db:"customer"`
	Want     int64  `db:"want"`
	Got      int64  `db:"got"`
}

// Disagree returns accounts whose points are not the sum of their batches, or of their lines; none, when all is well.
func Disagree(ctx context.Context, q store.Querier) ([]Apart, error) {
	return store.All[Apart](ctx, q, `SELECT a.customer, a.points AS want, CAST(COALESCE(SUM(b.left_points), 0) AS BIGINT) AS got
			FROM points_accounts a LEFT JOIN points_batches b ON b.customer = a.customer GROUP BY a.customer, a.points HAVING a.points <> COALESCE(SUM(b.left_points), 0)
		UNION ALL SELECT a.customer, a.points AS want, CAST(COALESCE(SUM(m.points), 0) AS BIGINT) AS got
			FROM points_accounts a LEFT JOIN points_moves m ON m.customer = a.customer GROUP BY a.customer, a.points, a.owed
			HAVING a.points <> COALESCE(SUM(m.points), 0) OR a.owed <> COALESCE(SUM(m.owed), 0)
		UNION ALL SELECT b.customer, 0 AS want, CAST(SUM(b.value_left_fen) AS BIGINT) AS got FROM points_batches b WHERE b.left_points = 0 AND b.value_left_fen <> 0 GROUP BY b.customer LIMIT 100`)
}
