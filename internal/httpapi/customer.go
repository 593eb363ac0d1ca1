package httpapi

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/trade/order"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/layer"
)

// customerRow is a customer with where they stand, which another package knows.
type customerRow struct {
	customer.Customer
	Layer string  `json:"layer" doc:"Layer at the newest snapshot; empty before the first"`
	Class string  `json:"class" doc:"RFM class"`
	Stage string  `json:"stage" doc:"Lifecycle stage"`
	Heat  float64 `json:"heat" doc:"Points of what they did lately, as of the newest snapshot; see the definition of heat"`
}

// customerProfile is all that is known of one person at a glance.
type customerProfile struct {
	customer.Customer
	Keys       []customer.Key             `json:"keys" doc:"What the person is known by"`
	Heat       float64                    `json:"heat" doc:"Points of what they did lately, as of the newest snapshot"`
	Standing   *layer.Standing            `json:"standing,omitempty" doc:"Layer, stage and RFM at the newest snapshot"`
	MergedInto string                     `json:"merged_into,omitempty" doc:"Set when the customer asked for was merged into another: the id of that one, whom this answer is about"`
	Traits     map[string]json.RawMessage `json:"traits" doc:"Attributes that sources set beside the profile"`
	Arrivals   *event.Arrivals            `json:"arrivals,omitempty" doc:"How the person first and last arrived; left out for who came by nothing that said so"`
}

// registerCustomer: people, what they bought and what happened with them.
func registerCustomer(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64" doc:"Customer id, or number"`
	}
	type list struct {
		Paging
		Q             string `query:"q" maxLength:"100" doc:"Part of a name, the beginning of a phone or e-mail, an id, a code"`
		Layer         string `query:"layer" maxLength:"40"`
		Segment       string `query:"segment" maxLength:"64"`
		Tag           string `query:"tag" maxLength:"64"`
		City          string `query:"city" maxLength:"200"`
		Source        string `query:"source" maxLength:"200"`
		Level         string `query:"level" maxLength:"200"`
		Buyers        string `query:"buyers" enum:"yes,no"`
		RegisteredMin string `query:"registered_min" format:"date" doc:"First day, business zone"`
		RegisteredMax string `query:"registered_max" format:"date" doc:"Last day, business zone"`
		RecentMin     string `query:"recent_min" format:"date" doc:"Latest order: first day, business zone"`
		RecentMax     string `query:"recent_max" format:"date" doc:"Latest order: last day, business zone"`
		SpentMin      int64  `query:"spent_min" minimum:"0" doc:"Paid in all, fen"`
		SpentMax      int64  `query:"spent_max" minimum:"0"`
		Sort          string `query:"sort" enum:"recent,-recent,spent,-spent,registered,-registered" default:"-recent" doc:"With - the largest or newest first"`
	}
	get(a, "/api/v1/customers", "list_customers", staff.CustomersRead, func(ctx context.Context, in *list) (Page[customerRow], error) {
		f := customer.Filter{
			Search: in.Q, City: in.City, Source: in.Source, Level: in.Level, Buyers: in.Buyers,
			SpentMin: in.SpentMin, SpentMax: in.SpentMax,
		}
		for _, d := range []struct {
			field, day string
			to         *time.Time
			end        int
		}{
			{"registered_min", in.RegisteredMin, &f.RegisteredFrom, 0}, {"registered_max", in.RegisteredMax, &f.RegisteredTo, 1},
			{"recent_min", in.RecentMin, &f.OrderedFrom, 0}, {"recent_max", in.RecentMax, &f.OrderedTo, 1},
		} {
			if d.day == "" {
				continue
			}
			t, err := time.ParseInLocation(time.DateOnly, d.day, a.Services.Segments.Engine().Zone())
			if err != nil {
				return Page[customerRow]{}, errs.New(errs.Invalid, "customer.date", "a day is YYYY-MM-DD").At(d.field)
			}
			*d.to = t.AddDate(0, 0, d.end)
		}
		for _, set := range [][2]string{{"layer", in.Layer}, {"segment", in.Segment}, {"tag", in.Tag}} {
			if set[1] == "" {
				continue
			}
			people, err := a.Services.Segments.Resolve(ctx, set[0], set[1])
			if err != nil {
				return Page[customerRow]{}, err
			}
			f.Within = append(f.Within, people)
		}
		page, err := a.Services.Customers.List(ctx, f, in.Sort, in.After, in.Limit)
		if err != nil {
			return Page[customerRow]{}, err
		}
		rows, err := a.rows(ctx, page.Items)
		out := PageOf(rows, page.Next, page.Total)
		out.TotalIsEstimate = page.AtLeast
		return out, err
	}, summary("Customers that match, sorted, by keyset; a total that is an estimate means at least so many"))

	get(a, "/api/v1/customer-facets", "list_customer_facets", staff.CustomersRead, func(ctx context.Context, _ *struct{}) (customer.Facets, error) {
		return a.Services.Customers.Facets(ctx)
	}, summary("The cities, sources and levels there are, to filter by"))

	get(a, "/api/v1/customers/{id}", "get_customer", staff.CustomersRead, func(ctx context.Context, in *ByID) (customerProfile, error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return customerProfile{}, err
		}
		p := customerProfile{Customer: c}
		if n, bad := strconv.ParseUint(in.ID, 10, 32); bad == nil && uint32(n) != c.Number || bad != nil && in.ID != c.ID {
			p.MergedInto = c.ID
		}
		if p.Traits, err = a.Services.Identity.Traits(ctx, c.Number); err != nil {
			return p, err
		}
		if p.Keys, err = a.Services.Customers.Keys(ctx, c.Number); err != nil {
			return p, err
		}
		standings, err := a.standings(ctx, []customer.Customer{c})
		if s, ok := standings[c.Number]; ok {
			p.Standing = &s
		}
		p.Heat = a.heat(ctx, c.Number)
		if err == nil {
			p.Arrivals, err = a.Services.Desk.Arrivals(ctx, c.Number)
		}
		return p, err
	}, summary("One customer"))

	registerTimeline(a)

	type orders struct {
		ID string `path:"id" maxLength:"64" doc:"Customer id, or number"`
		Paging
	}
	get(a, "/api/v1/customers/{id}/orders", "list_customer_orders", staff.CustomersRead, func(ctx context.Context, in *orders) (Page[order.Order], error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return Page[order.Order]{}, err
		}
		items, err := a.Services.Orders.OfCustomer(ctx, c.Number, in.After, in.Limit+1)
		next := ""
		if len(items) > in.Limit {
			items = items[:in.Limit]
			next = items[in.Limit-1].ID
		}
		return PageOf(items, next, c.Orders), err
	}, summary("A customer's orders, latest first"))

	type findOrders struct {
		Q     string `query:"q" maxLength:"100" required:"true" doc:"The beginning of an order's number, or its id"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	}
	get(a, "/api/v1/orders", "find_orders", staff.CustomersRead, func(ctx context.Context, in *findOrders) (Page[order.Found], error) {
		items, err := a.Services.Orders.Find(ctx, strings.TrimSpace(in.Q), in.Limit)
		return PageOf(items, "", -1), err
	}, summary("Orders by their number, with whose they are"))

	get(a, "/api/v1/orders/{id}", "get_order", staff.CustomersRead, func(ctx context.Context, in *ByID) (order.Detail, error) {
		return a.Services.Orders.Get(ctx, in.ID)
	}, summary("One order with its lines and refunds"))

	type find struct {
		Q     string `query:"q" maxLength:"100"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	}
	get(a, "/api/v1/products", "find_products", staff.CustomersRead, func(ctx context.Context, in *find) (Page[order.Product], error) {
		items, err := a.Services.Orders.FindProducts(ctx, in.Q, in.Limit)
		return PageOf(items, "", -1), err
	}, summary("Products that have been sold, by part of code or name"))
}

// standings says where customers stand, as of the newest snapshot; nobody stands anywhere before the first.
func (a *API) standings(ctx context.Context, people []customer.Customer) (map[uint32]layer.Standing, error) {
	out := map[uint32]layer.Standing{}
	state, err := a.Services.Segments.Engine().State(ctx)
	if errs.Is(err, errs.NotFound) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	for _, c := range people {
		if s, ok := layer.StandingOf(state, c.Number); ok {
			out[c.Number] = s
		}
	}
	return out, nil
}

// heat is somebody's heat in points, as of the newest snapshot; 0 before the first.
func (a *API) heat(ctx context.Context, number uint32) float64 {
	state, err := a.Services.Segments.Engine().State(ctx)
	if err != nil {
		return 0 // as the standings, which say so
	}
	return float64(state.HeatOf(number)) / 10
}

func (a *API) rows(ctx context.Context, people []customer.Customer) ([]customerRow, error) {
	standings, err := a.standings(ctx, people)
	if err != nil {
		return nil, err
	}
	rows := make([]customerRow, len(people))
	for i, c := range people {
		s := standings[c.Number]
		rows[i] = customerRow{c, s.Layer, s.Class, s.Stage, a.heat(ctx, c.Number)}
	}
	return rows, nil
}
