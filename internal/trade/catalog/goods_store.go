package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Service keeps the catalogue.
type Service struct {
	db  *store.DB
	now func() time.Time
}

// NewService returns the service.
func NewService(db *store.DB, now func() time.Time) *Service { return &Service{db, now} }

// Filter narrows a list of goods; its zero value lists everything.
type Filter struct {
	Search   string // words of the title, pinyin or its initials, a SKU's code
	Category string // a category, with its children
	Status   string
	Role     string
	Kind     string
	Low      *int64 // only goods with a SKU of which no more than so many can still be sold online
	Sort     string // "" last changed first, "price", "-price", "sold", "new"
	After    string // cursor: Next of the page before
	Limit    int    // 1–200; 0 means 50
}

// Page is a page of goods without their SKUs.
type Page struct {
	Items []Goods `json:"items"`
	Next  string  `json:"next,omitempty"`
	Total int64   `json:"total"`
}

// orders are the ways of sorting: the column and whether it falls.
var orders = map[string]struct {
	column  string
	falling bool
	value   func(Goods) int64
}{
	"":       {"changed_at", true, func(g Goods) int64 { return g.ChangedAt.UnixMicro() }},
	"new":    {"created_at", true, func(g Goods) int64 { return g.CreatedAt.UnixMicro() }},
	"sold":   {"sold", true, func(g Goods) int64 { return g.Sold }},
	"price":  {"low_fen", false, func(g Goods) int64 { return g.LowFen }},
	"-price": {"low_fen", true, func(g Goods) int64 { return g.LowFen }},
}

// List returns a page of goods.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	order, ok := orders[f.Sort]
	if !ok {
		return Page{}, errs.New(errs.Invalid, "request.sort", "goods cannot be sorted by %q", f.Sort).At("sort")
	}
	var w store.Where
	for word := range strings.FieldsSeq(strings.ToLower(f.Search)) {
		w.And(`words LIKE ? ESCAPE '\'`, "%"+store.Like(word)+"%")
	}
	if f.Category != "" {
		w.And("category IN (SELECT c.id FROM goods_categories c WHERE c.id = ? OR c.parent = ?)", f.Category, f.Category)
	}
	if f.Status != "" {
		w.And("status = ?", f.Status)
	}
	if f.Role != "" {
		w.And("role = ?", f.Role)
	}
	if f.Kind != "" {
		w.And("kind = ?", f.Kind)
	}
	if f.Low != nil {
		w.And("id IN (SELECT k.goods_id FROM skus k LEFT JOIN stock s ON s.sku = k.code AND s.place = 'online' WHERE k.gone = FALSE AND COALESCE(s.on_hand - s.held, 0) <= ?)", *f.Low)
	}
	var page Page
	var err error
	if page.Total, err = store.One[int64](ctx, s.db, `SELECT COUNT(*) FROM goods`+w.SQL(), w.Args()...); err != nil {
		return page, err
	}
	compare, way := ">", "ASC"
	if order.falling {
		compare, way = "<", "DESC"
	}
	if f.After != "" {
		at, last, ok := strings.Cut(f.After, ".")
		var n int64
		if _, err := fmt.Sscan(at, &n); err != nil || !ok {
			return page, errs.New(errs.Invalid, "request.cursor", "the cursor is not one of ours").At("after")
		}
		w.And("("+order.column+", id) "+compare+" (?, ?)", n, last)
	}
	page.Items, err = store.All[Goods](ctx, s.db, `SELECT * FROM goods`+w.SQL()+` ORDER BY `+order.column+" "+way+", id "+way+` LIMIT ?`, w.Args(f.Limit+1)...)
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = fmt.Sprintf("%d.%s", order.value(last), last.ID)
	}
	return page, err
}

// Get returns goods with their SKUs, or a NotFound error.
func (s *Service) Get(ctx context.Context, goodsID string) (Goods, error) {
	return get(ctx, s.db, goodsID)
}

func get(ctx context.Context, q store.Querier, goodsID string) (Goods, error) {
	g, err := store.One[Goods](ctx, q, `SELECT * FROM goods WHERE id = ?`, goodsID)
	if errs.Is(err, errs.NotFound) {
		return g, errs.New(errs.NotFound, "goods.not_found", "there are no goods %q", goodsID)
	}
	if err != nil {
		return g, err
	}
	g.SKUs, err = store.All[SKU](ctx, q, `SELECT * FROM skus WHERE goods_id = ? ORDER BY place, code`, goodsID)
	return g, err
}

// Create saves new goods as a draft that nobody sees yet.
func (s *Service) Create(ctx context.Context, d GoodsDraft, by string) (Goods, error) {
	return s.save(ctx, id.New("gds"), 0, d, by)
}

// Revise saves the next version of goods; seen is the version that was opened, and a newer one is a Conflict. A SKU that the
// draft no longer has is gone: it is kept for the orders that name it.
func (s *Service) Revise(ctx context.Context, goodsID string, seen int64, d GoodsDraft, by string) (Goods, error) {
	return s.save(ctx, goodsID, seen, d, by)
}

func (s *Service) save(ctx context.Context, goodsID string, seen int64, d GoodsDraft, by string) (g Goods, err error) {
	if err := d.check(); err != nil {
		return g, err
	}
	now := s.now()
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		category := ""
		if d.Category != "" {
			c, err := store.One[Category](ctx, tx, `SELECT * FROM goods_categories WHERE id = ?`, d.Category)
			if errs.Is(err, errs.NotFound) {
				return invalid("category", "goods.category", "there is no category %q", d.Category)
			} else if err != nil {
				return err
			}
			category = c.Name
		}
		g = Goods{
			ID: goodsID, Title: d.Title, Subtitle: d.Subtitle, Category: d.Category, Kind: d.Kind, Role: d.Role, Status: Draft, Specs: d.Specs,
			Pictures: d.Pictures, Points: d.Points, Detail: d.Detail, RebuyDays: d.RebuyDays, Freight: d.Freight, Words: d.words(),
			LowFen: low(d.SKUs), Version: seen + 1, CreatedAt: now, ChangedAt: now, ChangedBy: by,
		}
		if seen == 0 {
			if err := store.Insert(ctx, tx, "goods", g); err != nil {
				return err
			}
		} else if err := revise(ctx, tx, g, seen); err != nil {
			return err
		}
		if err := saveSKUs(ctx, tx, goodsID, d.SKUs); err != nil {
			return err
		}
		if err := keepVersion(ctx, tx, &g, &d); err != nil {
			return err
		}
		for _, sku := range d.SKUs {
			// orders, segments and reports call it so from now on
			if _, err := tx.Exec(ctx, `INSERT INTO products (code, name, category) VALUES (?, ?, ?)
				ON CONFLICT (code) DO UPDATE SET name = excluded.name, category = excluded.category`, sku.Code, sku.name(d.Title), category); err != nil {
				return err
			}
		}
		g, err = get(ctx, tx, goodsID)
		return err
	})
	return g, err
}

func revise(ctx context.Context, tx *store.Tx, g Goods, seen int64) error {
	texts := make([]string, 4)
	for i, v := range []any{g.Specs, g.Pictures, g.Points, g.Detail} {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("goods: %w", err)
		}
		texts[i] = string(b)
	}
	n, err := tx.Exec(ctx, `UPDATE goods SET title = ?, subtitle = ?, category = ?, kind = ?, role = ?, specs = ?, pictures = ?, points = ?, detail = ?,
		rebuy_days = ?, freight = ?, words = ?, low_fen = ?, version = ?, changed_at = ?, changed_by = ? WHERE id = ? AND version = ?`,
		g.Title, g.Subtitle, g.Category, g.Kind, g.Role, texts[0], texts[1], texts[2], texts[3],
		g.RebuyDays, g.Freight, g.Words, g.LowFen, g.Version, g.ChangedAt, g.ChangedBy, g.ID, seen)
	if err != nil || n == 1 {
		return err
	}
	if _, err := get(ctx, tx, g.ID); err != nil {
		return err
	}
	return errs.New(errs.Conflict, "goods.changed", "somebody changed these goods since you opened them").With("version", seen)
}

// saveSKUs writes the SKUs of goods; those that are not among them any more are gone.
func saveSKUs(ctx context.Context, tx *store.Tx, goodsID string, skus []SKU) error {
	if _, err := tx.Exec(ctx, `UPDATE skus SET gone = TRUE WHERE goods_id = ?`, goodsID); err != nil {
		return err
	}
	for _, sku := range skus {
		sku.GoodsID = goodsID
		n, err := store.InsertAll(ctx, tx, "skus", []SKU{sku}, `ON CONFLICT (code) DO UPDATE SET choice = excluded.choice, price_fen = excluded.price_fen,
			market_fen = excluded.market_fen, cost_fen = excluded.cost_fen, weight_g = excluded.weight_g, barcode = excluded.barcode,
			picture = excluded.picture, place = excluded.place, gone = excluded.gone WHERE skus.goods_id = excluded.goods_id`)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "goods.sku_taken", "SKU %q belongs to other goods", sku.Code).At(fmt.Sprintf("skus.%d.code", sku.Place)).With("sku", sku.Code)
		}
	}
	return nil
}

// SetStatus puts goods on sale, or takes them off. Goods without a SKU that is sold cannot go on sale.
func (s *Service) SetStatus(ctx context.Context, goodsID, status, by string) error {
	if status != On && status != Off {
		return invalid("status", "goods.status", "goods are put on sale or taken off")
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		g, err := get(ctx, tx, goodsID)
		if err != nil {
			return err
		}
		if status == On && low(g.SKUs) == 0 {
			return errs.New(errs.Conflict, "goods.nothing_to_sell", "no SKU of these goods is sold")
		}
		_, err = tx.Exec(ctx, `UPDATE goods SET status = ?, changed_at = ?, changed_by = ? WHERE id = ?`, status, s.now(), by, goodsID)
		return err
	})
}

// Item is a SKU with what a cart needs to know of its goods.
type Item struct {
	SKU
	Title        string   `db:"title" json:"title"`
	Category     string   `db:"category" json:"category" doc:"The category's id"`
	CategoryName string   `db:"category_name" json:"category_name"`
	Parent       string   `db:"parent" json:"parent" doc:"The id of the category above"`
	Kind         string   `db:"kind" json:"kind"`
	Status       string   `db:"status" json:"status"`
	Freight      string   `db:"freight" json:"freight"`
	Pictures     []string `db:"pictures,json" json:"-"`
}

// StoreFreight is the id of the freight template of goods that name none.
const StoreFreight = "store"

// FreightTemplate is the id of what it is sent by; empty when it is not sent.
func (i Item) FreightTemplate() string {
	switch {
	case i.Kind != KindPhysical && i.Kind != KindConsumable:
		return ""
	case i.Freight == "":
		return StoreFreight
	}
	return i.Freight
}

// Categories are its category and the one above.
func (i Item) Categories() []string {
	var out []string
	for _, c := range []string{i.Category, i.Parent} {
		if c != "" {
			out = append(out, c)
		}
	}
	return out
}

// Name is what an order calls it.
func (i Item) Name() string { return i.name(i.Title) }

// Sold reports whether it can be bought.
func (i Item) Sold() bool { return i.Status == On && !i.Gone }

// Cover is its picture, or its goods' first; empty when there is none.
func (i Item) Cover() string {
	if i.Picture != "" || len(i.Pictures) == 0 {
		return i.Picture
	}
	return i.Pictures[0]
}

// Items returns what carts and orders name, by SKU; one that never was is missing. At most 5,000.
func Items(ctx context.Context, q store.Querier, codes []string) (map[string]Item, error) {
	var w store.Where
	store.In(&w, "s.code", codes)
	out := make(map[string]Item, len(codes))
	err := store.Each(ctx, q, `SELECT s.*, g.title, g.category, g.kind, g.status, g.freight, g.pictures, COALESCE(c.name, '') AS category_name, COALESCE(c.parent, '') AS parent
		FROM skus s JOIN goods g ON g.id = s.goods_id LEFT JOIN goods_categories c ON c.id = g.category`+w.SQL(), w.Args(), func(i Item) error {
		out[i.Code] = i
		return nil
	})
	return out, err
}
