package storewire

import (
	"context"

	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/aftersale"
)

// Insurer implements aftersale.Insurer: the freight of what came back goes to the customer's balance, at the cost of the insurance.
type Insurer struct{ Wallets *wallet.Service }

// Insure implements aftersale.Insurer.
func (i Insurer) Insure(ctx context.Context, tx *store.Tx, key string, number uint32, _, layer string, fen int64, by string) error {
	_, err := i.Wallets.TopUp(ctx, tx, wallet.TopUp{Key: key, Customer: number, PrincipalFen: fen, From: money.FreightInsurance, Ref: key, Layer: layer, By: by})
	return err
}

// afterSaleChecks hold the cases of after-sale against what was given back, promised and insured.
func afterSaleChecks() []ledger.Check {
	return []ledger.Check{
		{Name: "after-sale and what was given back", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			apart, err := aftersale.Check(ctx, q)
			var out []ledger.Difference
			for _, d := range apart {
				out = append(out, ledger.Difference{What: d.Case, Want: d.Want, Got: d.Got})
			}
			return out, err
		}},
		{Name: "freight insurance and its cases", Run: func(ctx context.Context, q store.Querier) ([]ledger.Difference, error) {
			return store.All[ledger.Difference](ctx, q, `SELECT c.id AS what, c.insured_fen AS want, COALESCE(m.fen, 0) AS got FROM after_sales c
				LEFT JOIN (SELECT e.ref, CAST(SUM(m.amount_fen) AS BIGINT) AS fen FROM ledger_entries e JOIN ledger_moves m ON m.entry_id = e.id WHERE m.debit = 'freight_insurance' GROUP BY e.ref) m
					ON m.ref = c.id || '/insured'
				WHERE c.insured_fen > 0 AND c.insured_fen <> COALESCE(m.fen, 0) ORDER BY c.id LIMIT 1000`)
		}},
	}
}
