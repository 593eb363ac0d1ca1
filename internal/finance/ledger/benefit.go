package ledger

import (
	"context"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
)

// Benefit is what was given to customers over some days, of one campaign or layer ("" for none), in fen.
type Benefit struct {
	Name           string `db:"name" json:"name" doc:"Campaign or layer; empty for what belongs to none"`
	DiscountsFen   int64  `db:"discounts" json:"discounts_fen"`
	CouponsFen     int64  `db:"coupons" json:"coupons_fen"`
	GiftsFen       int64  `db:"gifts" json:"gifts_fen" doc:"Wallet gifts given"`
	PointsFen      int64  `db:"points" json:"points_fen" doc:"Points given, less those taken back"`
	PrizesFen      int64  `db:"prizes" json:"prizes_fen"`
	GiftBreakage   int64  `db:"gift_breakage" json:"gift_breakage_fen" doc:"Gifts that expired unused"`
	PointsBreakage int64  `db:"points_breakage" json:"points_breakage_fen"`
	ReceivedFen    int64  `db:"received" json:"received_fen" doc:"Received for orders at gross price, less what was given back: what the benefits are a share of"`
}

// Benefits returns what was given over some days by "campaign" or "layer", largest first.
func Benefits(ctx context.Context, q store.Querier, from, to, by string) ([]Benefit, error) {
	if by != "campaign" && by != "layer" {
		return nil, errs.New(errs.Invalid, "ledger.dimension", "by campaign or by layer").At("by")
	}
	args := []any{}
	sum := func(name string, sign string, a money.Account) string {
		args = append(args, string(a), string(a))
		return `CAST(COALESCE(SUM(CASE WHEN debit = ? THEN ` + sign + `amount_fen WHEN credit = ? THEN -(` + sign + `amount_fen) ELSE 0 END), 0) AS BIGINT) AS ` + name
	}
	query := `SELECT ` + by + ` AS name, ` + sum("discounts", "", money.Discounts) + `, ` + sum("coupons", "", money.CouponCost) + `, ` + sum("gifts", "", money.GiftCost) + `, ` +
		sum("points", "", money.PointsCost) + `, ` + sum("prizes", "", money.PrizeCost) + `, ` + sum("gift_breakage", "-", money.GiftBreakage) + `, ` +
		sum("points_breakage", "-", money.PointsBreakage)
	args = append(args, string(money.Deferred), string(money.Revenue), string(money.FreightIncome), string(money.Deferred), string(money.Revenue), string(money.FreightIncome), string(money.SalesReturns))
	query += `, CAST(COALESCE(SUM(CASE WHEN credit = ? THEN amount_fen WHEN debit = ? OR debit = ? THEN 0 WHEN debit = ? AND credit <> ? AND credit <> ? THEN -amount_fen
		WHEN debit = ? THEN -amount_fen ELSE 0 END), 0) AS BIGINT) AS received FROM ledger_moves WHERE day >= ? AND day <= ? GROUP BY ` + by
	rows, err := store.All[Benefit](ctx, q, `SELECT * FROM (`+query+`) given ORDER BY discounts + coupons + gifts + points DESC, name LIMIT 500`, append(args, from, to)...)
	if err != nil {
		return nil, err
	}
	out := rows[:0]
	for _, b := range rows {
		if b != (Benefit{Name: b.Name}) {
			out = append(out, b)
		}
	}
	return out, nil
}
