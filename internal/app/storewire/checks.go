package storewire

import (
	"context"

	"huoshui/internal/finance/ledger"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/presale"
)

// Checks hold what the store sells against its own movements, and the books against its orders.
func Checks() []ledger.Check {
	return append(afterSaleChecks(), []ledger.Check{
		{Name: "stock and its movements", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			apart, err := inventory.Check(ctx, q)
			var out []ledger.Difference
			for _, d := range apart {
				if d.OnHand != d.Moved {
					out = append(out, ledger.Difference{What: "units of " + d.SKU, Want: d.OnHand, Got: d.Moved})
				}
				if d.Held != d.Holds {
					out = append(out, ledger.Difference{What: "promised units of " + d.SKU, Want: d.Held, Got: d.Holds})
				}
			}
			return out, err
		}},
		{Name: "flash sales and who took", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			wrong, err := flash.Check(ctx, q)
			var out []ledger.Difference
			for _, f := range wrong {
				out = append(out, ledger.Difference{What: f})
			}
			return out, err
		}},
		{Name: "groups and their members", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			wrong, err := groupbuy.Check(ctx, q)
			var out []ledger.Difference
			for _, g := range wrong {
				out = append(out, ledger.Difference{What: g})
			}
			return out, err
		}},
		{Name: "presales and their bookings", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			wrong, err := presale.Check(ctx, q)
			var out []ledger.Difference
			for _, p := range wrong {
				out = append(out, ledger.Difference{What: p})
			}
			return out, err
		}},
		ledger.Equal("deposits and their bookings", money.Deposits, presale.Held),
		{Name: "what ended orders hold", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			return store.All[ledger.Difference](ctx, q, `SELECT s.id AS what, CAST(0 AS BIGINT) AS want, d.fen AS got FROM sales s JOIN (
					SELECT e.order_id, CAST(SUM(CASE WHEN m.credit = 'deferred' THEN m.amount_fen ELSE 0 END) - SUM(CASE WHEN m.debit = 'deferred' THEN m.amount_fen ELSE 0 END) AS BIGINT) AS fen
					FROM ledger_entries e JOIN ledger_moves m ON m.entry_id = e.id WHERE e.order_id <> '' GROUP BY e.order_id
				) d ON d.order_id = s.id WHERE s.state IN ('finished', 'closed', 'refunded') AND d.fen <> 0 ORDER BY s.id LIMIT 1000`)
		}},
		{Name: "sales and their orders", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			return store.All[ledger.Difference](ctx, q, `SELECT s.id AS what, s.total_fen - s.refunded_fen AS want, COALESCE(o.amount_fen - o.refunded_fen, 0) AS got
				FROM sales s LEFT JOIN orders o ON o.id = s.order_id WHERE s.order_id <> '' AND s.total_fen - s.refunded_fen <> COALESCE(o.amount_fen - o.refunded_fen, 0) ORDER BY s.id LIMIT 1000`)
		}},
	}...)
}
