package checkout

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// Limits of a cart.
const (
	maxInCart  = 100
	maxOfASKU  = 999
	cartPrefix = "c:"
)

// CartOf is the owner of a customer's cart.
func CartOf(customer uint32) string { return cartPrefix + strconv.FormatUint(uint64(customer), 10) }

// GuestCart is the owner of the cart of somebody who has not signed in, by the token her browser keeps.
func GuestCart(token string) string { return "g:" + token }

// customerOf returns whose cart it is, 0 for a guest's.
func customerOf(owner string) uint32 {
	n, err := strconv.ParseUint(strings.TrimPrefix(owner, cartPrefix), 10, 32)
	if err != nil || !strings.HasPrefix(owner, cartPrefix) {
		return 0
	}
	return uint32(n)
}

// CartLine is a line of a cart with what a page shows of it.
type CartLine struct {
	SKU      string       `json:"sku"`
	Quantity int64        `json:"quantity"`
	Chosen   bool         `json:"chosen" doc:"Ticked to be bought"`
	Item     catalog.Item `json:"item"`
	Sold     bool         `json:"sold" doc:"False when it cannot be bought any more"`
	Free     int64        `json:"free" doc:"Units that can still be promised, at most 999"`
}

type cartRow struct {
	Owner     string    `db:"owner"`
	SKU       string    `db:"sku"`
	Quantity  int64     `db:"quantity"`
	Chosen    bool      `db:"chosen"`
	ChangedAt time.Time `db:"changed_at"`
}

// Cart returns what lies in a cart, last touched first.
func (s *Service) Cart(ctx context.Context, owner string) ([]CartLine, error) {
	rows, err := store.All[cartRow](ctx, s.DB, `SELECT * FROM cart_lines WHERE owner = ? ORDER BY changed_at DESC, sku LIMIT ?`, owner, maxInCart)
	if err != nil {
		return nil, err
	}
	skus := make([]string, len(rows))
	for i, r := range rows {
		skus[i] = r.SKU
	}
	items, err := catalog.Items(ctx, s.DB, skus)
	if err != nil {
		return nil, err
	}
	levels, err := inventory.Levels(ctx, s.DB, inventory.Online, skus)
	if err != nil {
		return nil, err
	}
	out := make([]CartLine, len(rows))
	for i, r := range rows {
		out[i] = CartLine{SKU: r.SKU, Quantity: r.Quantity, Chosen: r.Chosen, Item: items[r.SKU], Sold: items[r.SKU].Sold(), Free: min(levels[r.SKU].Free(), maxOfASKU)}
	}
	return out, nil
}

// Put sets how many of a SKU lie in a cart, and whether it is ticked; 0 takes it out. What is added is a fact of a customer.
func (s *Service) Put(ctx context.Context, owner, sku string, quantity int64, chosen bool) error {
	if quantity < 0 || quantity > maxOfASKU {
		return errs.New(errs.Invalid, "cart.quantity", "a cart holds up to %d of one SKU", maxOfASKU).At("quantity").With("most", maxOfASKU)
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		items, err := catalog.Items(ctx, tx, []string{sku})
		if err != nil {
			return err
		}
		item, ok := items[sku]
		if !ok || quantity > 0 && !item.Sold() {
			return errs.New(errs.Conflict, "sale.not_sold", "SKU %q is not sold", sku).At("sku").With("sku", sku)
		}
		return s.put(ctx, tx, owner, item, quantity, chosen)
	})
}

func (s *Service) put(ctx context.Context, tx *store.Tx, owner string, item catalog.Item, quantity int64, chosen bool) error {
	now := s.Now()
	if err := touch(ctx, tx, owner, now); err != nil { // holds the cart until the transaction ends
		return err
	}
	had, err := store.One[int64](ctx, tx, `SELECT quantity FROM cart_lines WHERE owner = ? AND sku = ?`, owner, item.Code)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if quantity == 0 {
		_, err = tx.Exec(ctx, `DELETE FROM cart_lines WHERE owner = ? AND sku = ?`, owner, item.Code)
	} else {
		_, err = store.InsertAll(ctx, tx, "cart_lines", []cartRow{{owner, item.Code, quantity, chosen, now}},
			`ON CONFLICT (owner, sku) DO UPDATE SET quantity = excluded.quantity, chosen = excluded.chosen, changed_at = excluded.changed_at`)
	}
	if err != nil {
		return err
	}
	if had == 0 {
		n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM cart_lines WHERE owner = ?`, owner)
		if err != nil {
			return err
		}
		if n > maxInCart {
			return errs.New(errs.Conflict, "cart.full", "a cart holds %d different SKUs", maxInCart).With("most", maxInCart)
		}
	}
	customer := customerOf(owner)
	if customer == 0 || had == quantity {
		return nil
	}
	name, changed := event.CartAdded, quantity-had
	if changed < 0 {
		name, changed = event.CartRemoved, -changed
	}
	return outbox.Append(ctx, tx, event.Fact{
		ID: fmt.Sprintf("%s/%s/%d/%d", owner, item.Code, now.UnixMicro(), quantity), Name: name, Customer: customer, At: now, Subject: owner,
		Product: item.Code, Category: item.CategoryName, Amount: item.PriceFen * changed, Quantity: changed, Channel: Channel,
	})
}

func touch(ctx context.Context, tx *store.Tx, owner string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO carts (owner, changed_at, told) VALUES (?, ?, FALSE) ON CONFLICT (owner) DO UPDATE SET changed_at = excluded.changed_at, told = FALSE`, owner, now)
	return err
}

// Adopt moves a guest's cart into the cart of the customer she signed in as: of a SKU in both the larger number stays.
func (s *Service) Adopt(ctx context.Context, token string, customer uint32) error {
	from, to := GuestCart(token), CartOf(customer)
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		rows, err := store.All[cartRow](ctx, tx, `SELECT * FROM cart_lines WHERE owner = ? ORDER BY changed_at, sku`, from)
		if err != nil || len(rows) == 0 {
			return err
		}
		skus := make([]string, len(rows))
		for i, r := range rows {
			skus[i] = r.SKU
		}
		items, err := catalog.Items(ctx, tx, skus)
		if err != nil {
			return err
		}
		for _, r := range rows {
			had, err := store.One[int64](ctx, tx, `SELECT quantity FROM cart_lines WHERE owner = ? AND sku = ?`, to, r.SKU)
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			if item, ok := items[r.SKU]; ok && r.Quantity > had {
				if err := s.put(ctx, tx, to, item, r.Quantity, r.Chosen); err != nil && !errs.Is(err, errs.Conflict) { // a full cart stays as it is
					return err
				}
			}
		}
		if _, err := tx.Exec(ctx, `DELETE FROM cart_lines WHERE owner = ?`, from); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM carts WHERE owner = ?`, from)
		return err
	})
}

// bought takes what was ordered out of the customer's cart.
func bought(ctx context.Context, tx *store.Tx, customer uint32, lines []pricing.CartLine, now time.Time) error {
	skus := make([]string, len(lines))
	for i, l := range lines {
		skus[i] = l.SKU
	}
	var w store.Where
	w.And("owner = ?", CartOf(customer))
	store.In(&w, "sku", skus)
	err := tx.Later(ctx, `INSERT INTO carts (owner, changed_at, told) SELECT CAST(? AS TEXT), CAST(? AS BIGINT), FALSE WHERE EXISTS (SELECT 1 FROM cart_lines`+w.SQL()+`)
		ON CONFLICT (owner) DO UPDATE SET changed_at = excluded.changed_at, told = FALSE`, append([]any{CartOf(customer), now}, w.Args()...)...)
	if err != nil {
		return err
	}
	return tx.Later(ctx, `DELETE FROM cart_lines`+w.SQL(), w.Args()...)
}
