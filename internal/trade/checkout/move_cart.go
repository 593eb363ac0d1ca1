package checkout

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"huoshui/internal/platform/store"
)

// movedCart is the cart of a customer who turned out to be another, as it was, and what of it the other's took.
type movedCart struct {
	ChangedAt time.Time   `json:"changed_at"`
	Told      bool        `json:"told"`
	Lines     []movedLine `json:"lines"`
}

type movedLine struct {
	SKU       string    `json:"sku"`
	Quantity  int64     `json:"quantity"`
	Chosen    bool      `json:"chosen"`
	ChangedAt time.Time `json:"changed_at"`
	Took      int64     `json:"took"` // units that the other cart had room for
}

type cartHead struct {
	Owner     string    `db:"owner"`
	ChangedAt time.Time `db:"changed_at"`
	Told      bool      `db:"told"`
}

// moveCarts puts what lies in the cart of each key of to into its value's: of a SKU in both the units add up, to as many as a cart holds.
func moveCarts(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]*movedCart, error) {
	out := map[uint32]*movedCart{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(to)), 1000) {
		owners := make([]string, len(part))
		for i, n := range part {
			owners[i] = CartOf(n)
		}
		var w store.Where
		store.In(&w, "owner", owners)
		heads, err := store.All[cartHead](ctx, tx, `SELECT * FROM carts`+w.SQL()+` ORDER BY owner`, w.Args()...)
		if err != nil {
			return nil, err
		}
		for _, h := range heads {
			from := customerOf(h.Owner)
			if out[from], err = moveCart(ctx, tx, h, CartOf(to[from])); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func moveCart(ctx context.Context, tx *store.Tx, from cartHead, into string) (*movedCart, error) {
	_, err := tx.Exec(ctx, `INSERT INTO carts (owner, changed_at, told) VALUES (?, ?, ?) ON CONFLICT (owner) DO UPDATE SET told = carts.told AND excluded.told,
		changed_at = CASE WHEN excluded.changed_at > carts.changed_at THEN excluded.changed_at ELSE carts.changed_at END`, into, from.ChangedAt, from.Told)
	if err != nil { // it is held from here on, as when something is put into it
		return nil, err
	}
	lines, err := store.All[cartRow](ctx, tx, `SELECT * FROM cart_lines WHERE owner = ? ORDER BY changed_at DESC, sku`, from.Owner)
	if err != nil {
		return nil, err
	}
	there, err := store.All[cartRow](ctx, tx, `SELECT * FROM cart_lines WHERE owner = ?`, into)
	if err != nil {
		return nil, err
	}
	had := make(map[string]cartRow, len(there))
	for _, l := range there {
		had[l.SKU] = l
	}
	moved := &movedCart{ChangedAt: from.ChangedAt, Told: from.Told, Lines: make([]movedLine, len(lines))}
	for i, l := range lines {
		one := movedLine{SKU: l.SKU, Quantity: l.Quantity, Chosen: l.Chosen, ChangedAt: l.ChangedAt}
		o, both := had[l.SKU]
		if both || len(had) < maxInCart {
			one.Took = min(l.Quantity, maxOfASKU-o.Quantity)
			sum := cartRow{Owner: into, SKU: l.SKU, Quantity: o.Quantity + one.Took, Chosen: l.Chosen || o.Chosen, ChangedAt: l.ChangedAt}
			if o.ChangedAt.After(l.ChangedAt) {
				sum.ChangedAt = o.ChangedAt
			}
			had[l.SKU] = sum
			if _, err := store.InsertAll(ctx, tx, "cart_lines", []cartRow{sum},
				`ON CONFLICT (owner, sku) DO UPDATE SET quantity = excluded.quantity, chosen = excluded.chosen, changed_at = excluded.changed_at`); err != nil {
				return nil, err
			}
		}
		moved.Lines[i] = one
	}
	return moved, emptyCart(ctx, tx, from.Owner)
}

func emptyCart(ctx context.Context, tx *store.Tx, owner string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM cart_lines WHERE owner = ?`, owner); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM carts WHERE owner = ?`, owner)
	return err
}

// returnCart gives a cart back as it was, and takes out of the holder's what came from it and still lies there.
func returnCart(ctx context.Context, tx *store.Tx, from, holder uint32, c *movedCart) error {
	if c == nil {
		return nil
	}
	owners := []string{CartOf(from), CartOf(holder)}
	slices.SortFunc(owners, cmp.Compare[string])
	for _, owner := range owners { // in one order, whoever holds them
		if _, err := tx.Exec(ctx, `INSERT INTO carts (owner, changed_at, told) VALUES (?, ?, ?) ON CONFLICT (owner) DO UPDATE SET told = carts.told`, owner, c.ChangedAt, c.Told); err != nil {
			return err
		}
	}
	rows := make([]cartRow, len(c.Lines))
	for i, l := range c.Lines {
		rows[i] = cartRow{Owner: CartOf(from), SKU: l.SKU, Quantity: l.Quantity, Chosen: l.Chosen, ChangedAt: l.ChangedAt}
		if l.Took == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM cart_lines WHERE owner = ? AND sku = ? AND quantity <= ?`, CartOf(holder), l.SKU, l.Took); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE cart_lines SET quantity = quantity - ? WHERE owner = ? AND sku = ?`, l.Took, CartOf(holder), l.SKU); err != nil {
			return err
		}
	}
	_, err := store.InsertAll(ctx, tx, "cart_lines", rows, `ON CONFLICT (owner, sku) DO NOTHING`)
	return err
}
