package reconcile

import (
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
)

// reasons of entries by which payments and refunds move the account wechat.
var reasons = []string{"payment.paid", "wallet.topped_up", "refund.arrived"}

const bookedSQL = `SELECT e.ref, m.day, CAST(SUM(CASE WHEN m.debit = ? THEN m.amount_fen ELSE -m.amount_fen END) AS BIGINT) AS fen
	FROM ledger_entries e JOIN ledger_moves m ON m.entry_id = e.id`

func booking(w *store.Where) {
	w.And("m.debit = ? OR m.credit = ?", string(money.Wechat), string(money.Wechat))
	store.In(w, "e.reason", reasons)
}

// bookedOn returns what payments and refunds moved on the account wechat on a day.
func bookedOn(ctx context.Context, q store.Querier, day string) ([]booked, error) {
	var w store.Where
	w.And("e.day = ?", day)
	booking(&w)
	return store.All[booked](ctx, q, bookedSQL+w.SQL()+` GROUP BY e.ref, m.day ORDER BY e.ref`, append([]any{string(money.Wechat)}, w.Args()...)...)
}

// bookedAs returns what payments and refunds moved on the account wechat, on whatever day.
func bookedAs(ctx context.Context, q store.Querier, refs []string) ([]booked, error) {
	var out []booked
	for part := range slices.Chunk(refs, 1000) {
		keys := make([]string, 0, 2*len(part))
		for _, r := range part {
			keys = append(keys, "payment/"+r, "refund/"+r+"/done")
		}
		var w store.Where
		store.In(&w, "e.key", keys)
		booking(&w)
		some, err := store.All[booked](ctx, q, bookedSQL+w.SQL()+` GROUP BY e.ref, m.day ORDER BY e.ref`, append([]any{string(money.Wechat)}, w.Args()...)...)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		// A top-up is booked by the wallet, under the line of its statement.
		w = store.Where{}
		store.In(&w, "v.key", prefixed("payment/", part))
		booking(&w)
		some, err = store.All[booked](ctx, q, bookedSQL+` JOIN wallet_moves v ON e.key = 'wallet/' || v.id`+w.SQL()+` GROUP BY e.ref, m.day ORDER BY e.ref`, append([]any{string(money.Wechat)}, w.Args()...)...)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

func prefixed(prefix string, all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = prefix + s
	}
	return out
}

// keep replaces the report of a day and its open differences.
func keep(ctx context.Context, tx *store.Tx, r Report) error {
	if _, err := tx.Exec(ctx, `DELETE FROM reconciliations WHERE day = ?`, r.Day); err != nil {
		return err
	}
	if err := store.Insert(ctx, tx, "reconciliations", r); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM reconcile_differences WHERE day = ? AND state = 'open'`, r.Day); err != nil {
		return err
	}
	_, err := store.InsertAll(ctx, tx, "reconcile_differences", r.Differences, "ON CONFLICT (id) DO NOTHING")
	return err
}

func feeDifference(day string, fee int64) Difference {
	return Difference{ID: id.From("dif", day, Fee), Day: day, Kind: "fee", BillFen: fee, Cause: Fee, Action: Look, State: "open"}
}

func find(ctx context.Context, q store.Querier, differenceID string) (Difference, error) {
	d, err := store.One[Difference](ctx, q, `SELECT * FROM reconcile_differences WHERE id = ?`, differenceID)
	if errs.Is(err, errs.NotFound) {
		return d, errs.New(errs.NotFound, "reconcile.no_difference", "there is no such difference")
	}
	return d, err
}

func settle(ctx context.Context, tx *store.Tx, differenceID, by, note string, at time.Time) error {
	n, err := tx.Exec(ctx, `UPDATE reconcile_differences SET state = 'settled', note = ?, settled_by = ?, settled_at = ? WHERE id = ? AND state = 'open'`, note, by, at, differenceID)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "reconcile.settled", "it is settled already")
	}
	return err
}

// Get returns the report of a day with its differences.
func Get(ctx context.Context, q store.Querier, day string) (Report, error) {
	r, err := store.One[Report](ctx, q, `SELECT * FROM reconciliations WHERE day = ?`, day)
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "reconcile.none", "%s was not reconciled", day)
	}
	if err != nil {
		return r, err
	}
	r.Differences, err = store.All[Difference](ctx, q, `SELECT * FROM reconcile_differences WHERE day = ? ORDER BY state, cause, number, refund_number`, day)
	return r, err
}

// Summary is a reconciled day in a list.
type Summary struct {
	Report
	OpenDifferences int64 `db:"open_differences" json:"open_differences" doc:"That wait for somebody"`
	All             int64 `db:"all_differences" json:"all_differences"`
}

// List returns reconciled days, latest first, below a day ("" for the first page), without their differences.
func List(ctx context.Context, q store.Querier, below string, limit int) ([]Summary, error) {
	var w store.Where
	if below != "" {
		w.And("r.day < ?", below)
	}
	out, err := store.All[Summary](ctx, q, `SELECT r.*, (SELECT COUNT(*) FROM reconcile_differences d WHERE d.day = r.day AND d.state = 'open' AND d.action <> 'none') AS open_differences,
		(SELECT COUNT(*) FROM reconcile_differences d WHERE d.day = r.day) AS all_differences FROM reconciliations r`+w.SQL()+` ORDER BY r.day DESC LIMIT ?`, w.Args(limit)...)
	for i := range out {
		out[i].Differences = []Difference{}
	}
	return out, err
}
