package ledger

import (
	"context"
	"fmt"

	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
)

// Difference is something that should be equal and is not.
type Difference struct {
	Check string `db:"-" json:"check"`
	What  string `db:"what" json:"what" doc:"The account, order or customer concerned"`
	Want  int64  `db:"want" json:"want_fen" doc:"What the owner's own table says"`
	Got   int64  `db:"got" json:"got_fen" doc:"What the books say"`
}

// Check is one comparison of the books with what owns the money: wallets, points, payments.
type Check struct {
	Name string
	Run  func(ctx context.Context, q store.Querier) ([]Difference, error)
}

// Result is what became of one check.
type Result struct {
	Name        string       `json:"name"`
	Differences []Difference `json:"differences"`
}

// Audit runs the books' own checks and then others over one picture of the store, and returns every result.
func Audit(ctx context.Context, db *store.DB, others ...Check) ([]Result, error) {
	own := []Check{
		{"trial balance", trialIsZero}, {"entries and their moves", entriesHoldTheirMoves}, {"closed days", closesHold}, {"order trails", trailsHold},
	}
	var out []Result
	err := db.Snapshot(ctx, func(q store.Querier) error {
		out = nil
		for _, c := range append(own, others...) {
			found, err := c.Run(ctx, q)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			if found == nil {
				found = []Difference{}
			}
			for i := range found {
				found[i].Check = c.Name
			}
			out = append(out, Result{c.Name, found})
		}
		return nil
	})
	return out, err
}

// lastDay is after every day.
const lastDay = "9999-12-31"

func trialIsZero(ctx context.Context, q store.Querier) ([]Difference, error) {
	trial, err := TrialBalance(ctx, q, "0001-01-01", lastDay)
	if err != nil || trial.DifferenceFen == 0 {
		return nil, err
	}
	return []Difference{{What: "all accounts", Got: trial.DifferenceFen}}, nil
}

// entriesHoldTheirMoves: no move was lost or added, and each stands on the day of its entry.
func entriesHoldTheirMoves(ctx context.Context, q store.Querier) ([]Difference, error) {
	return store.All[Difference](ctx, q, `SELECT e.id AS what, e.total_fen AS want, CAST(COALESCE(SUM(m.amount_fen), 0) AS BIGINT) AS got
		FROM ledger_entries e LEFT JOIN ledger_moves m ON m.entry_id = e.id AND m.day = e.day GROUP BY e.id, e.total_fen, e.moves
		HAVING e.total_fen <> COALESCE(SUM(m.amount_fen), 0) OR e.moves <> COUNT(m.n) LIMIT 100`)
}

// closesHold: the balances kept at the last close are the sum of all moves up to it.
func closesHold(ctx context.Context, q store.Querier) ([]Difference, error) {
	return store.All[Difference](ctx, q, `SELECT b.account AS what, b.debit_fen - b.credit_fen AS want, CAST(
			COALESCE((SELECT SUM(m.amount_fen) FROM ledger_moves m WHERE m.debit = b.account AND m.day <= b.day), 0)
			- COALESCE((SELECT SUM(m.amount_fen) FROM ledger_moves m WHERE m.credit = b.account AND m.day <= b.day), 0) AS BIGINT) AS got
		FROM ledger_balances b WHERE b.day = (SELECT MAX(day) FROM ledger_closes)
		AND b.debit_fen - b.credit_fen <> COALESCE((SELECT SUM(m.amount_fen) FROM ledger_moves m WHERE m.debit = b.account AND m.day <= b.day), 0)
			- COALESCE((SELECT SUM(m.amount_fen) FROM ledger_moves m WHERE m.credit = b.account AND m.day <= b.day), 0)`)
}

// trailsHold: of no order more was finished or given back than was received for it.
func trailsHold(ctx context.Context, q store.Querier) ([]Difference, error) {
	return store.All[Difference](ctx, q, `SELECT e.order_id || ' ' || s.account AS what, 0 AS want, CAST(SUM(s.fen) AS BIGINT) AS got
		FROM (SELECT entry_id, credit AS account, amount_fen AS fen FROM ledger_moves WHERE credit IN (?, ?)
			UNION ALL SELECT entry_id, debit AS account, -amount_fen AS fen FROM ledger_moves WHERE debit IN (?, ?)) s
		JOIN ledger_entries e ON e.id = s.entry_id WHERE e.order_id <> '' GROUP BY e.order_id, s.account HAVING SUM(s.fen) < 0 ORDER BY 1 LIMIT 100`,
		string(money.Deferred), string(money.RefundsPayable), string(money.Deferred), string(money.RefundsPayable))
}

// Equal returns a check that the balance of a liability is what its owner's table adds up to.
func Equal(name string, account money.Account, total func(ctx context.Context, q store.Querier) (int64, error)) Check {
	return Check{name, func(ctx context.Context, q store.Querier) ([]Difference, error) {
		want, err := total(ctx, q)
		if err != nil {
			return nil, err
		}
		balance, err := BalanceOf(ctx, q, account)
		if err != nil || want == -balance {
			return nil, err
		}
		return []Difference{{What: string(account), Want: want, Got: -balance}}, nil
	}}
}
