package app

import (
	"context"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/data/effect"
	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/content"
	"huoshui/internal/org/task"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/order"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/layer"
)

// known tells each system what it needs to know of customers and staff, in the shape that it asks for.
type known struct{ app *App }

// atOnce is how many customers one question of the store may name.
const atOnce = 2000

// customers returns those of the numbers that exist.
func (k known) customers(ctx context.Context, q store.Querier, numbers []uint32) ([]customer.Customer, error) {
	var out []customer.Customer
	for len(numbers) > 0 {
		n := min(len(numbers), atOnce)
		some, err := customer.ByNumbers(ctx, q, numbers[:n])
		if err != nil {
			return nil, err
		}
		out, numbers = append(out, some...), numbers[n:]
	}
	return out, nil
}

// Reach implements campaign.People.
func (k known) Reach(ctx context.Context, q store.Querier, numbers []uint32) (map[uint32]campaign.Person, error) {
	all, err := k.customers(ctx, q, numbers)
	if err != nil {
		return nil, err
	}
	out := make(map[uint32]campaign.Person, len(all))
	for _, c := range all {
		out[c.Number] = campaign.Person{Number: c.Number, ID: c.ID, Name: c.Name, Email: c.Email, Phone: c.Phone, Owner: c.Owner, Zone: c.Zone, Erased: c.Erased}
	}
	return out, nil
}

// BoughtSince implements campaign.Buyers.
func (k known) BoughtSince(ctx context.Context, since time.Time) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := store.Each(ctx, k.app.DB, `SELECT number FROM customers WHERE COALESCE(last_order_at, 0) >= ?`, []any{since}, func(n uint32) error {
		out.Add(n)
		return nil
	})
	return out, err
}

// member is a member of staff as far as work is given out.
type member struct {
	ID     string `db:"id"`
	Name   string `db:"name"`
	Team   string `db:"team"`
	Active bool   `db:"active"`
}

// Members implements task.Staff.
func (k known) Members(ctx context.Context, q store.Querier) ([]task.Member, error) {
	all, err := store.All[member](ctx, q, `SELECT id, name, team, active FROM staff ORDER BY id`)
	out := make([]task.Member, len(all))
	for i, m := range all {
		out[i] = task.Member(m)
	}
	return out, err
}

// layers returns a way to ask for the layer that the newest refresh put somebody in, "" for nobody's.
func (k known) layers(ctx context.Context) (func(number uint32) string, error) {
	state, err := k.app.Audience.State(ctx)
	if err != nil {
		return nil, err
	}
	return func(number uint32) string {
		if state == nil {
			return ""
		}
		s, _ := layer.StandingOf(state, number)
		return s.Layer
	}, nil
}

// Cards implements task.People.
func (k known) Cards(ctx context.Context, numbers []uint32) (map[uint32]task.Card, error) {
	all, err := k.customers(ctx, k.app.DB, numbers)
	if err != nil {
		return nil, err
	}
	layerOf, err := k.layers(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[uint32]task.Card, len(all))
	for _, c := range all {
		if !c.Erased {
			out[c.Number] = task.Card{ID: c.ID, Name: c.Name, Phone: c.Phone, Layer: layerOf(c.Number)}
		}
	}
	return out, nil
}

// Faces implements effect.People.
func (k known) Faces(ctx context.Context, numbers []uint32) (map[uint32]effect.Person, error) {
	all, err := k.customers(ctx, k.app.DB, numbers)
	if err != nil {
		return nil, err
	}
	layerOf, err := k.layers(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[uint32]effect.Person, len(all))
	for _, c := range all {
		if !c.Erased {
			out[c.Number] = effect.Person{ID: c.ID, Number: c.Number, Name: c.Name, Layer: layerOf(c.Number),
				Orders: c.Orders, SpentFen: c.SpentFen, LastOrderAt: c.LastOrderAt}
		}
	}
	return out, nil
}

// ValuesOf implements content.People: what a text may say of a person and of what she bought.
func (k known) ValuesOf(ctx context.Context, numbers []uint32) (map[uint32]content.Values, error) {
	db, zone := k.app.DB, k.app.Audience.Zone()
	all, err := k.customers(ctx, db, numbers)
	if err != nil {
		return nil, err
	}
	staff, err := k.Members(ctx, db)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, m := range staff {
		names[m.ID] = m.Name
	}
	last := map[uint32]string{}
	for rest := numbers; len(rest) > 0; {
		n := min(len(rest), atOnce)
		if err := order.LastProducts(ctx, db, rest[:n], last); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	today := k.app.Clock.Now().In(zone)
	out := make(map[uint32]content.Values, len(all))
	for _, c := range all {
		if c.Erased {
			continue
		}
		v := content.Values{"name": c.Name, "city": c.City, "store": c.Store, "level": c.Level, "owner": names[c.Owner]}
		if c.Orders > 0 {
			v["last_product"] = last[c.Number]
			v["last_order_date"] = c.LastOrderAt.In(zone).Format(time.DateOnly)
			v["days_since_order"] = strconv.Itoa(daysBetween(c.LastOrderAt.In(zone), today))
			v["order_count"] = strconv.FormatInt(c.Orders, 10)
			v["total_spent"] = money.Format(c.SpentFen)
		}
		out[c.Number] = v
	}
	return out, nil
}

// daysBetween returns how many midnights lie between two times, both in the business zone; 0 when a is after b.
func daysBetween(a, b time.Time) int {
	midnight := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return max(0, int(midnight(b).Sub(midnight(a))/(24*time.Hour)))
}
