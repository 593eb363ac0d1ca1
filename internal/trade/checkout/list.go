package checkout

import (
	"context"
	"time"

	"huoshui/internal/platform/store"
)

// Filter narrows a list of sales; its zero value lists all.
type Filter struct {
	Customer uint32
	State    State
	Search   string    // the beginning of a number, an id, or a tracking number
	Tail     string    // the last four digits of the phone it goes to
	Goods    string    // an id: sales with one of its SKUs
	Delivery string    // ByShip or ByPickup
	Waiting  bool      // only those that wait for codes of virtual goods
	From     time.Time // placed from then on
	Until    time.Time // placed before
	After    string    // cursor: Next of the page before
	Limit    int       // 1–200; 0 means 50
}

func (f *Filter) where() store.Where {
	var w store.Where
	if f.Customer != 0 {
		w.And("customer = ?", int64(f.Customer))
	}
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.Search != "" {
		w.And("((number >= ? AND number < ?) OR id = ? OR tracking = ?)", f.Search, f.Search+"\U0010FFFF", f.Search, f.Search)
	}
	if f.Tail != "" {
		w.And("phone_tail = ?", f.Tail)
	}
	if f.Goods != "" { // every SKU of a sale was promised to it
		w.And("id IN (SELECT h.reference FROM stock_holds h JOIN skus k ON k.code = h.sku WHERE k.goods_id = ?)", f.Goods)
	}
	if f.Delivery != "" {
		w.And("delivery = ?", f.Delivery)
	}
	if f.Waiting {
		w.And("waiting > 0")
	}
	if !f.From.IsZero() {
		w.And("placed_at >= ?", f.From)
	}
	if !f.Until.IsZero() {
		w.And("placed_at < ?", f.Until)
	}
	return w
}

// Page is a page of sales, the latest placed first.
type Page struct {
	Items []Sale
	Next  string
	Total int64 // -1 where it was not counted
}

// List returns a page of sales.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	w := f.where()
	page := Page{Total: -1}
	var err error
	if f.After == "" {
		if page.Total, err = store.One[int64](ctx, s.DB, `SELECT COUNT(*) FROM sales`+w.SQL(), w.Args()...); err != nil {
			return page, err
		}
	} else {
		micros, last, err := store.ReadCursor(f.After)
		if err != nil {
			return page, err
		}
		w.And("(placed_at, id) < (?, ?)", micros, last)
	}
	page.Items, err = store.All[Sale](ctx, s.DB, `SELECT * FROM sales`+w.SQL()+` ORDER BY placed_at DESC, id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = store.Cursor(last.PlacedAt, last.ID)
	}
	return page, err
}

// Standing is how many sales stand somewhere, and what they cost together.
type Standing struct {
	Sales int64 `json:"sales"`
	Fen   int64 `json:"fen"`
}

// Counts returns where the sales of a filter stand, whatever state it names.
func (s *Service) Counts(ctx context.Context, f Filter) (map[State]Standing, error) {
	type row struct {
		State State `db:"state"`
		N     int64 `db:"n"`
		Fen   int64 `db:"fen"`
	}
	f.State = ""
	w := f.where()
	out := map[State]Standing{}
	err := store.Each(ctx, s.DB, `SELECT state, COUNT(*) AS n, CAST(SUM(total_fen) AS BIGINT) AS fen FROM sales`+w.SQL()+` GROUP BY state`, w.Args(), func(r row) error {
		out[r.State] = Standing{r.N, r.Fen}
		return nil
	})
	return out, err
}

// Each calls for every sale of a filter, the latest placed first, up to a number of them.
func (s *Service) Each(ctx context.Context, f Filter, most int, do func(Sale) error) error {
	w := f.where()
	return store.Each(ctx, s.DB, `SELECT * FROM sales`+w.SQL()+` ORDER BY placed_at DESC, id DESC LIMIT ?`, w.Args(most), do)
}
