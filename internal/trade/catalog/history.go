package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Version is goods as they were saved once.
type Version struct {
	Version int64      `json:"version"`
	Draft   GoodsDraft `json:"draft"`
	By      string     `json:"by"`
	At      time.Time  `json:"at"`
}

type versionRow struct {
	GoodsID string    `db:"goods_id"`
	Version int64     `db:"version"`
	Draft   string    `db:"draft"`
	By      string    `db:"made_by"`
	At      time.Time `db:"at"`
}

func keepVersion(ctx context.Context, tx *store.Tx, g *Goods, d *GoodsDraft) error {
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("goods: %w", err)
	}
	return store.Insert(ctx, tx, "goods_versions", versionRow{g.ID, g.Version, string(body), g.ChangedBy, g.ChangedAt})
}

// Versions returns the latest versions of goods, the latest first; at most 100.
func (s *Service) Versions(ctx context.Context, goodsID string) ([]Version, error) {
	out := []Version{}
	err := store.Each(ctx, s.db, `SELECT * FROM goods_versions WHERE goods_id = ? ORDER BY version DESC LIMIT 100`, []any{goodsID}, func(r versionRow) error {
		v := Version{Version: r.Version, By: r.By, At: r.At}
		if err := json.Unmarshal([]byte(r.Draft), &v.Draft); err != nil {
			return fmt.Errorf("version %d of goods %s: %w", r.Version, goodsID, err)
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// Pair is goods that are shown beside others.
type Pair struct {
	Other  string  `db:"other" json:"other" doc:"Id of the goods"`
	Title  string  `db:"title" json:"title"`
	Status string  `db:"status" json:"status"`
	Source string  `db:"source" json:"source" enum:"hand,basket" doc:"Chosen by hand, or bought together"`
	Lift   float64 `db:"lift" json:"lift" doc:"How much likelier they are bought together than apart; 0 when chosen by hand"`
}

// MostPairs is how many goods can be shown beside others.
const MostPairs = 12

// Pairs returns what is shown beside goods, in its order.
func (s *Service) Pairs(ctx context.Context, goodsID string) ([]Pair, error) {
	return store.All[Pair](ctx, s.db, `SELECT p.other, g.title, g.status, p.source, p.lift FROM goods_pairs p JOIN goods g ON g.id = p.other WHERE p.goods_id = ? ORDER BY p.place, p.other`, goodsID)
}

// Beside returns the goods on sale that are shown beside goods, in their order, without their SKUs.
func (s *Service) Beside(ctx context.Context, goodsID string) ([]Goods, error) {
	return store.All[Goods](ctx, s.db, `SELECT g.* FROM goods_pairs p JOIN goods g ON g.id = p.other WHERE p.goods_id = ? AND g.status = ? ORDER BY p.place, p.other`, goodsID, On)
}

// SetPairs says what is shown beside goods, instead of what was.
func (s *Service) SetPairs(ctx context.Context, goodsID string, pairs []Pair) error {
	if len(pairs) > MostPairs {
		return invalid("pairs", "goods.pairs", "at most %d goods are shown beside others", MostPairs)
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := get(ctx, tx, goodsID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM goods_pairs WHERE goods_id = ?`, goodsID); err != nil {
			return err
		}
		for i, p := range pairs {
			if p.Other == goodsID || slices.ContainsFunc(pairs[:i], func(o Pair) bool { return o.Other == p.Other }) {
				return invalid(fmt.Sprintf("pairs.%d", i), "goods.pairs", "goods are paired with others, each once")
			}
			if _, err := get(ctx, tx, p.Other); errs.Is(err, errs.NotFound) {
				return invalid(fmt.Sprintf("pairs.%d", i), "goods.pairs", "there are no goods %q", p.Other)
			} else if err != nil {
				return err
			}
			source := "hand"
			if p.Source == "basket" {
				source = "basket"
			}
			if _, err := tx.Exec(ctx, `INSERT INTO goods_pairs (goods_id, other, source, place, lift) VALUES (?, ?, ?, ?, ?)`, goodsID, p.Other, source, int64(i), max(p.Lift, 0)); err != nil {
				return err
			}
		}
		return nil
	})
}

// SKUs returns the SKUs of goods that are sold, by the goods' id, in their order. At most 500 goods.
func (s *Service) SKUs(ctx context.Context, goods []string) (map[string][]SKU, error) {
	var w store.Where
	store.In(&w, "goods_id", goods)
	w.And("gone = FALSE")
	out := map[string][]SKU{}
	err := store.Each(ctx, s.db, `SELECT * FROM skus`+w.SQL()+` ORDER BY goods_id, place, code`, w.Args(), func(k SKU) error {
		out[k.GoodsID] = append(out[k.GoodsID], k)
		return nil
	})
	return out, err
}

// OrderCategories sets the order of the children of a parent ("" is the first level).
func (s *Service) OrderCategories(ctx context.Context, parent string, ids []string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		for i, c := range ids {
			n, err := tx.Exec(ctx, `UPDATE goods_categories SET place = ? WHERE id = ? AND parent = ?`, int64(i), c, parent)
			if err == nil && n == 0 {
				err = errs.New(errs.NotFound, "category.not_found", "there is no category %q here", c)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
