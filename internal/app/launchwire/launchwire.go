// Package launchwire lets launches do what other systems can: send, give, sell and show. It is the only place where they meet.
package launchwire

import (
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/data/product"
	"huoshui/internal/marketing/launch"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/user/audience"
)

// faultAt is an error as the faults of a check, with its field below one of the action's. What is no fault of the operator's is returned.
func faultAt(err error, field string) ([]launch.Fault, error) {
	if err == nil {
		return nil, nil
	}
	f, ok := launch.FaultOf(err)
	if !ok {
		return nil, err
	}
	f.Field = field
	return []launch.Fault{f}, nil
}

// fault is a fault at a field.
func fault(field, code, text string, warning bool) launch.Fault {
	return launch.Fault{Field: field, Code: code, Message: text, Warning: warning}
}

// People implements launch.People.
type People struct {
	Segments *audience.Service
	Products *product.Service
	Zone     *time.Location
}

// Resolve implements launch.People.
func (p People) Resolve(ctx context.Context, kind, id string) (*roaring.Bitmap, error) {
	return p.Segments.Resolve(ctx, kind, id)
}

// Looked implements launch.People: by the days of the business, those who looked at a product or bought it.
func (p People) Looked(ctx context.Context, goods []string, from, until time.Time) (*roaring.Bitmap, error) {
	out := roaring.New()
	days := product.Days{From: from.In(p.Zone).Format(time.DateOnly), To: until.Add(-time.Microsecond).In(p.Zone).Format(time.DateOnly)}
	for _, g := range goods {
		some, err := p.Products.People(ctx, product.Group{Who: product.WhoVisitors, Product: g, Period: days})
		if errs.Is(err, errs.NotFound) {
			continue // nothing has ever been told of it
		}
		if err != nil {
			return nil, err
		}
		out.Or(some)
	}
	return out, nil
}

// Trade implements launch.Trade.
type Trade struct {
	DB      *store.DB
	Catalog *catalog.Service
}

// Goods implements launch.Trade.
func (t Trade) Goods(ctx context.Context, ids []string) ([]launch.Goods, error) {
	out := make([]launch.Goods, 0, len(ids))
	for _, id := range ids {
		g, err := t.Catalog.Get(ctx, id)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		one := launch.Goods{ID: g.ID, Title: g.Title, On: g.Status == catalog.On}
		codes := make([]string, 0, len(g.SKUs))
		for _, k := range g.SKUs {
			if !k.Gone {
				codes = append(codes, k.Code)
			}
		}
		levels, err := inventory.Levels(ctx, t.DB, inventory.Online, codes)
		if err != nil {
			return nil, err
		}
		for _, k := range g.SKUs {
			if !k.Gone {
				one.SKUs = append(one.SKUs, launch.SKU{Code: k.Code, PriceFen: k.PriceFen, Free: max(levels[k.Code].Free(), 0)})
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// Sold implements launch.Trade.
func (t Trade) Sold(ctx context.Context, skus []string, from, until time.Time) (launch.Sold, error) {
	type row struct {
		Customer uint32 `db:"customer"`
		Units    int64  `db:"units"`
		Fen      int64  `db:"fen"`
	}
	var w store.Where
	w.And("o.paid_at >= ? AND o.paid_at < ?", from, until)
	store.In(&w, "l.product", skus)
	out := launch.Sold{People: roaring.New()}
	err := store.Each(ctx, t.DB, `SELECT o.customer, CAST(SUM(l.quantity - l.refunded_quantity) AS BIGINT) AS units, CAST(SUM(l.amount_fen - l.refunded_fen) AS BIGINT) AS fen
		FROM orders o JOIN order_lines l ON l.order_id = o.id`+w.SQL()+` GROUP BY o.customer`, w.Args(), func(r row) error {
		if r.Units > 0 || r.Fen > 0 {
			out.People.Add(r.Customer)
		}
		out.Units += r.Units
		out.RevenueFen += r.Fen
		return nil
	})
	return out, err
}

// Deposits implements launch.Trade: who holds units of the presales, or had their order.
func (t Trade) Deposits(ctx context.Context, presales []string) (*roaring.Bitmap, error) {
	out := roaring.New()
	var w store.Where
	store.In(&w, "presale", presales)
	w.And("state IN ('deposited', 'done')")
	return out, store.Each(ctx, t.DB, `SELECT DISTINCT customer FROM presale_bookings`+w.SQL(), w.Args(), func(n uint32) error {
		out.Add(n)
		return nil
	})
}
