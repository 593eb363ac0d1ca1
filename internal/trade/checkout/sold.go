package checkout

import (
	"cmp"
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// soldChange is units of a SKU that goods.sold does not hold yet.
type soldChange struct {
	ID    string `db:"id"`
	SKU   string `db:"sku"`
	Units int64  `db:"units"`
}

// countSold notes that units of a sale's lines were sold (sign 1) or came back (-1); nil is all of them. It only adds rows: no
// two sales wait for each other because they sell the same goods.
func countSold(ctx context.Context, tx *store.Tx, sale *Sale, units map[string]int64, sign int64) error {
	var rows []soldChange
	for _, l := range sale.Quote.Lines {
		n := l.Quantity
		if units != nil {
			n = units[l.Key]
		}
		if n > 0 {
			rows = append(rows, soldChange{id.New("sld"), l.SKU, sign * n})
		}
	}
	return store.InsertLater(ctx, tx, "sold_changes", rows, "")
}

// foldSold adds what was noted to the goods, each note once.
func (s *Service) foldSold(ctx context.Context, _ Rules, _ time.Time) (n int, err error) {
	if some, err := store.All[string](ctx, s.DB, `SELECT id FROM sold_changes LIMIT 1`); err != nil || len(some) == 0 {
		return 0, err
	}
	type sum struct {
		Goods string
		Units int64
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		rows, err := store.All[soldChange](ctx, tx, `SELECT * FROM sold_changes ORDER BY id LIMIT ?`+tx.SkipLocked(), 10*due)
		if err != nil || len(rows) == 0 {
			return err
		}
		n = len(rows)
		bySKU, ids := map[string]int64{}, make([]string, len(rows))
		for i, r := range rows {
			bySKU[r.SKU] += r.Units
			ids[i] = r.ID
		}
		var skus []string
		for sku := range bySKU {
			skus = append(skus, sku)
		}
		var w store.Where
		store.In(&w, "code", skus)
		type home struct {
			Code  string `db:"code"`
			Goods string `db:"goods_id"`
		}
		homes, err := store.All[home](ctx, tx, `SELECT code, goods_id FROM skus`+w.SQL(), w.Args()...)
		if err != nil {
			return err
		}
		byGoods := map[string]int64{}
		for _, h := range homes {
			byGoods[h.Goods] += bySKU[h.Code]
		}
		var sums []sum
		for goods, units := range byGoods {
			sums = append(sums, sum{goods, units})
		}
		slices.SortFunc(sums, func(a, b sum) int { return cmp.Compare(a.Goods, b.Goods) })
		for _, g := range sums {
			if _, err := tx.Exec(ctx, `UPDATE goods SET sold = sold + ? WHERE id = ?`, g.Units, g.Goods); err != nil {
				return err
			}
		}
		var gone store.Where
		store.In(&gone, "id", ids)
		_, err = tx.Exec(ctx, `DELETE FROM sold_changes`+gone.SQL(), gone.Args()...)
		return err
	})
	return n, err
}
