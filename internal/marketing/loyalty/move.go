package loyalty

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Mover moves points between customers who turn out to be one, and back. What all accounts hold together stays the same, so
// nothing is booked.
type Mover struct{ Now func() time.Time }

// moved is what undoing a merge needs.
type moved struct {
	Lines   []string `json:"lines,omitempty"`
	Batches []string `json:"batches,omitempty"`
}

// MoveCustomers gives the account of each key of to, with its statement and batches, to its value.
func (m Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	lines, err := store.MoveRows(ctx, tx, "points_moves", "id", "", to)
	if err != nil {
		return nil, err
	}
	batches, err := store.MoveRows(ctx, tx, "points_batches", "id", "", to)
	if err != nil {
		return nil, err
	}
	by := map[uint32]moved{}
	for _, from := range slices.Sorted(maps.Keys(to)) {
		if len(lines[from]) == 0 && len(batches[from]) == 0 {
			continue
		}
		by[from] = moved{lines[from], batches[from]}
		if err := m.settle(ctx, tx, from, to[from]); err != nil {
			return nil, err
		}
	}
	return store.Records(by)
}

// ReturnCustomer gives an account back as it was, less what the holder used of it meanwhile.
func (m Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, record json.RawMessage) error {
	var was moved
	if err := json.Unmarshal(record, &was); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "points_moves", "id", was.Lines, holder, from); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "points_batches", "id", was.Batches, holder, from); err != nil {
		return err
	}
	return m.settle(ctx, tx, from, holder)
}

// EraseCustomers changes nothing: points say nothing of a person, and the books need them.
func (Mover) EraseCustomers(context.Context, *store.Tx, []uint32) error { return nil }

// settle makes two accounts what their batches and lines add up to. Where the one was drawn on while it held the other's
// points, a line on both says how many stay there.
func (m Mover) settle(ctx context.Context, tx *store.Tx, a, b uint32) error {
	type held struct {
		Customer uint32 `db:"customer"`
		Points   int64  `db:"points"`
		Owed     int64  `db:"owed"`
		Batches  int64  `db:"batches"`
	}
	now := m.Now()
	var both [2]held
	for i, n := range []uint32{a, b} {
		if _, err := lock(ctx, tx, n, now); err != nil {
			return err
		}
		var err error
		both[i], err = store.One[held](ctx, tx, `SELECT customer, CAST(COALESCE((SELECT SUM(m.points) FROM points_moves m WHERE m.customer = points_accounts.customer), 0) AS BIGINT) AS points,
			CAST(COALESCE((SELECT SUM(m.owed) FROM points_moves m WHERE m.customer = points_accounts.customer), 0) AS BIGINT) AS owed,
			CAST(COALESCE((SELECT SUM(b.left_points) FROM points_batches b WHERE b.customer = points_accounts.customer), 0) AS BIGINT) AS batches FROM points_accounts WHERE customer = ?`, int64(n))
		if err != nil {
			return err
		}
	}
	points := both[0].Points - both[0].Batches // what goes from a to b
	owed := max(0, -both[1].Owed) - max(0, -both[0].Owed)
	for i, sign := range []int64{-1, 1} {
		h := both[i]
		h.Points, h.Owed = h.Points+sign*points, h.Owed+sign*owed
		if points != 0 || owed != 0 {
			moveID := id.New("pmv")
			line := Move{ID: moveID, Key: "merge/" + moveID, Customer: h.Customer, Kind: MergeKind, Points: sign * points, Owed: sign * owed, PointsAfter: h.Points, Reason: "merge", At: now}
			if err := store.Insert(ctx, tx, "points_moves", line); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE points_accounts SET points = ?, owed = ?, updated_at = ? WHERE customer = ?`, h.Points, h.Owed, now, int64(h.Customer)); err != nil {
			return err
		}
	}
	return nil
}
