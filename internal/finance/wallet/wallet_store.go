package wallet

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// lock takes a wallet for this transaction alone, made if need be.
func lock(ctx context.Context, tx *store.Tx, customer uint32, now time.Time) (Wallet, error) {
	return store.One[Wallet](ctx, tx, `INSERT INTO wallets (customer, principal_fen, gift_fen, frozen, frozen_why, version, updated_at) VALUES (?, 0, 0, FALSE, '', 1, ?)
		ON CONFLICT (customer) DO UPDATE SET version = wallets.version + 1 RETURNING *`, int64(customer), now)
}

func moveByKey(ctx context.Context, q store.Querier, key string) (*Move, error) {
	m, err := store.One[Move](ctx, q, `SELECT * FROM wallet_moves WHERE key = ?`, key)
	if errs.Is(err, errs.NotFound) {
		return nil, nil //nolint:nilnil // nothing is an answer here
	}
	return &m, err
}

// lotsOf returns what is left of a customer's gifts, in the order in which they are used: first to expire, first used.
func lotsOf(ctx context.Context, q store.Querier, customer uint32) ([]Lot, error) {
	return store.All[Lot](ctx, q, `SELECT * FROM wallet_lots WHERE customer = ? AND left_fen > 0 ORDER BY expires_at IS NULL, expires_at, id`, int64(customer))
}

// changeLot adds to what is left of a lot; until, when given, is how long it lasts at least.
func changeLot(ctx context.Context, tx *store.Tx, lot string, fen int64, until time.Time) error {
	if until.IsZero() {
		_, err := tx.Exec(ctx, `UPDATE wallet_lots SET left_fen = left_fen + ? WHERE id = ?`, fen, lot)
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE wallet_lots SET left_fen = left_fen + ?, expires_at = CASE WHEN expires_at < ? THEN CAST(? AS BIGINT) ELSE expires_at END WHERE id = ?`, fen, until, until, lot)
	return err
}

// Get returns a customer's wallet without the gifts that are over; a zero wallet when she never had one.
func Get(ctx context.Context, q store.Querier, customer uint32, now time.Time) (Wallet, error) {
	w, err := store.One[Wallet](ctx, q, `SELECT customer, principal_fen, CAST(gift_fen - COALESCE((SELECT SUM(left_fen) FROM wallet_lots l
			WHERE l.customer = wallets.customer AND l.left_fen > 0 AND l.expires_at <= ?), 0) AS BIGINT) AS gift_fen, frozen, frozen_why, version, updated_at
		FROM wallets WHERE customer = ?`, now, int64(customer))
	if errs.Is(err, errs.NotFound) {
		return Wallet{Customer: customer}, nil
	}
	return w, err
}

// Lots returns a customer's gifts that are left, the one that expires first first.
func Lots(ctx context.Context, q store.Querier, customer uint32, now time.Time) ([]Lot, error) {
	return store.All[Lot](ctx, q, `SELECT * FROM wallet_lots WHERE customer = ? AND left_fen > 0 AND (expires_at IS NULL OR expires_at > ?) ORDER BY expires_at IS NULL, expires_at, id`, int64(customer), now)
}

// Statement returns a page of a customer's moves, newest first, below the id of the last of the page before.
func Statement(ctx context.Context, q store.Querier, customer uint32, below string, limit int) ([]Move, error) {
	var w store.Where
	w.And("customer = ?", int64(customer))
	if below != "" {
		w.And("id < ?", below)
	}
	return store.All[Move](ctx, q, `SELECT * FROM wallet_moves`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(limit)...)
}

// OfOrder returns the moves of an order, oldest first.
func OfOrder(ctx context.Context, q store.Querier, order string) ([]Move, error) {
	return store.All[Move](ctx, q, `SELECT * FROM wallet_moves WHERE order_id = ? ORDER BY id`, order)
}

// Totals is what all wallets hold.
type Totals struct {
	Wallets      int64 `db:"wallets" json:"wallets" doc:"Wallets that hold anything"`
	PrincipalFen int64 `db:"principal_fen" json:"principal_fen"`
	GiftFen      int64 `db:"gift_fen" json:"gift_fen"`
}

// Sums returns what all wallets hold.
func Sums(ctx context.Context, q store.Querier) (Totals, error) {
	return store.One[Totals](ctx, q, `SELECT COUNT(*) FILTER (WHERE principal_fen + gift_fen > 0) AS wallets,
		CAST(COALESCE(SUM(principal_fen), 0) AS BIGINT) AS principal_fen, CAST(COALESCE(SUM(gift_fen), 0) AS BIGINT) AS gift_fen FROM wallets`)
}

// Apart is a wallet that is not what its own lines or lots add up to.
type Apart struct {
	Customer uint32 `db:"customer"`
	Want     int64  `db:"want"`
	Got      int64  `db:"got"`
}

// Disagree returns wallets whose gifts are not the sum of their lots, or whose amounts are not the sum of their lines; none,
// when all is well.
func Disagree(ctx context.Context, q store.Querier) ([]Apart, error) {
	return store.All[Apart](ctx, q, `SELECT w.customer, w.gift_fen AS want, CAST(COALESCE(SUM(l.left_fen), 0) AS BIGINT) AS got
			FROM wallets w LEFT JOIN wallet_lots l ON l.customer = w.customer GROUP BY w.customer, w.gift_fen HAVING w.gift_fen <> COALESCE(SUM(l.left_fen), 0)
		UNION ALL SELECT w.customer, w.principal_fen + w.gift_fen AS want, CAST(COALESCE(SUM(m.principal_fen + m.gift_fen), 0) AS BIGINT) AS got
			FROM wallets w LEFT JOIN wallet_moves m ON m.customer = w.customer GROUP BY w.customer, w.principal_fen, w.gift_fen
			HAVING w.principal_fen + w.gift_fen <> COALESCE(SUM(m.principal_fen + m.gift_fen), 0) LIMIT 100`)
}
