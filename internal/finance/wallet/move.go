package wallet

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Mover moves wallets between customers who turn out to be one, and back. What all wallets hold together stays the same, so
// nothing is booked.
type Mover struct{ Now func() time.Time }

// moved is what undoing a merge needs.
type moved struct {
	Lines []string `json:"lines,omitempty"`
	Lots  []string `json:"lots,omitempty"`
}

// MoveCustomers gives the wallet of each key of to, with its statement and gifts, to its value. A frozen wallet freezes the
// one it goes into.
func (m Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	lines, err := store.MoveRows(ctx, tx, "wallet_moves", "id", "", to)
	if err != nil {
		return nil, err
	}
	lots, err := store.MoveRows(ctx, tx, "wallet_lots", "id", "", to)
	if err != nil {
		return nil, err
	}
	by := map[uint32]moved{}
	for _, from := range slices.Sorted(maps.Keys(to)) {
		frozen, err := store.All[Wallet](ctx, tx, `SELECT * FROM wallets WHERE customer = ? AND frozen`, int64(from))
		if err != nil {
			return nil, err
		}
		if len(lines[from]) == 0 && len(lots[from]) == 0 && len(frozen) == 0 {
			continue
		}
		by[from] = moved{lines[from], lots[from]}
		if err := m.settle(ctx, tx, from, to[from]); err != nil {
			return nil, err
		}
		for _, f := range frozen {
			if _, err := tx.Exec(ctx, `UPDATE wallets SET frozen = TRUE, frozen_why = ? WHERE customer = ?`, f.FrozenWhy, int64(to[from])); err != nil {
				return nil, err
			}
		}
	}
	return store.Records(by)
}

// ReturnCustomer gives a wallet back as it was, less what the holder spent of it meanwhile.
func (m Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, record json.RawMessage) error {
	var was moved
	if err := json.Unmarshal(record, &was); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "wallet_moves", "id", was.Lines, holder, from); err != nil {
		return err
	}
	if err := store.GiveRows(ctx, tx, "wallet_lots", "id", was.Lots, holder, from); err != nil {
		return err
	}
	return m.settle(ctx, tx, from, holder)
}

// EraseCustomers takes the words away that somebody wrote about wallets; the amounts stay for the books.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for part := range slices.Chunk(numbers, 5000) {
		var w store.Where
		store.In(&w, "customer", part)
		if _, err := tx.Exec(ctx, `UPDATE wallet_moves SET note = ''`+w.SQL(), w.Args()...); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE wallets SET frozen_why = ''`+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}

// settle makes two wallets what their lots and lines add up to. Where the one was drawn on while it held the other's money,
// a line on both says how much stays there.
func (m Mover) settle(ctx context.Context, tx *store.Tx, a, b uint32) error {
	type held struct {
		Customer  uint32 `db:"customer"`
		Principal int64  `db:"principal_fen"`
		Gift      int64  `db:"gift_fen"`
		Lots      int64  `db:"lots"`
	}
	now := m.Now()
	var both [2]held
	for i, n := range []uint32{a, b} {
		if _, err := lock(ctx, tx, n, now); err != nil {
			return err
		}
		var err error
		both[i], err = store.One[held](ctx, tx, `SELECT customer, CAST(COALESCE((SELECT SUM(m.principal_fen) FROM wallet_moves m WHERE m.customer = wallets.customer), 0) AS BIGINT) AS principal_fen,
			CAST(COALESCE((SELECT SUM(m.gift_fen) FROM wallet_moves m WHERE m.customer = wallets.customer), 0) AS BIGINT) AS gift_fen,
			CAST(COALESCE((SELECT SUM(l.left_fen) FROM wallet_lots l WHERE l.customer = wallets.customer), 0) AS BIGINT) AS lots FROM wallets WHERE customer = ?`, int64(n))
		if err != nil {
			return err
		}
	}
	principal := max(0, -both[1].Principal) - max(0, -both[0].Principal) // what goes from a to b
	gift := both[0].Gift - both[0].Lots
	for i, sign := range []int64{-1, 1} {
		h := both[i]
		h.Principal, h.Gift = h.Principal+sign*principal, h.Gift+sign*gift
		if principal != 0 || gift != 0 {
			moveID := id.New("wmv")
			line := Move{
				ID: moveID, Key: "merge/" + moveID, Customer: h.Customer, Kind: MergeKind, PrincipalFen: sign * principal, GiftFen: sign * gift,
				PrincipalAfter: h.Principal, GiftAfter: h.Gift, At: now,
			}
			if err := store.Insert(ctx, tx, "wallet_moves", line); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE wallets SET principal_fen = ?, gift_fen = ?, updated_at = ? WHERE customer = ?`, h.Principal, h.Gift, now, int64(h.Customer)); err != nil {
			return err
		}
	}
	return nil
}
