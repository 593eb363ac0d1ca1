package httpapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// happening is a fact of a person's timeline, with the names of what it is about.
type happening struct {
	warehouse.Happening
	ProductName string `json:"product_name,omitempty"`
	OrderNumber string `json:"order_number,omitempty"`
	About       string `json:"about,omitempty" doc:"What the segment, tag or campaign is called"`
	Description string `json:"description,omitempty" doc:"Of an event that the brand's sources tell, as operators describe it"`
}

// timelineKinds are the names of facts behind the filters of a timeline; visits have those of the brand's own events too.
var timelineKinds = map[string][]string{
	"orders":   {event.OrderPaid, event.OrderLine, event.OrderAmended, event.OrderRefunded},
	"messages": {event.MessagePlanned, event.MessageRefused, event.MessageHeld, event.MessageSent, event.MessageDelivered, event.MessageOpened, event.MessageClicked, event.MessageFailed, event.MessageUnsubscribed, event.ConsentChanged, event.CampaignAssigned},
	"visits":   {event.PageViewed, event.ProductViewed, event.CartAdded, event.CartRemoved, event.CheckoutStarted, event.ProductLine},
	"tags":     {event.TagAdded, event.TagRemoved},
	"standing": {event.LayerChanged, event.SegmentEntered, event.SegmentLeft},
	"tasks":    {event.TaskDone, event.TaskFailed},
}

// layerTurn is when somebody came from one layer into another.
type layerTurn struct {
	At   time.Time `json:"at"`
	From string    `json:"from" doc:"Empty when first seen"`
	To   string    `json:"to"`
}

// customerActivity is what somebody has been doing, in a few figures.
type customerActivity struct {
	Visits7    int              `json:"visits_7" doc:"Visits of the last 7 days; half an hour without a step ends one"`
	Visits30   int              `json:"visits_30"`
	Messages30 int64            `json:"messages_30" doc:"Messages sent in the last 30 days"`
	Opened30   int64            `json:"opened_30" doc:"Messages opened in the last 30 days"`
	LastSeen   *time.Time       `json:"last_seen,omitempty" doc:"The latest thing the person did"`
	Facts      int64            `json:"facts" doc:"Everything that is known to have happened"`
	Kinds      map[string]int64 `json:"kinds" doc:"How many of them by filter of the timeline"`
	Layers     []layerTurn      `json:"layers" doc:"Changes of layer, the newest first, at most 50"`
}

// visitGap is how long without a step ends a visit, as is usual in web analytics.
const visitGap = 30 * time.Minute

// registerTimeline: what happened with a customer, and in figures.
func registerTimeline(a *API) {
	type timeline struct {
		ID string `path:"id" maxLength:"64" doc:"Customer id, or number"`
		Paging
		Kind []string `query:"kind" enum:"orders,messages,visits,tags,standing,tasks" doc:"Left out: everything"`
		From string   `query:"from" format:"date" doc:"First day, business zone"`
		To   string   `query:"to" format:"date" doc:"Last day, business zone"`
	}
	get(a, "/api/v1/customers/{id}/timeline", "list_customer_timeline", staff.CustomersRead, func(ctx context.Context, in *timeline) (Page[happening], error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return Page[happening]{}, err
		}
		from, below, err := a.stretch(in.From, in.To, in.After)
		if err != nil {
			return Page[happening]{}, err
		}
		kinds, err := a.factsOfKinds(ctx, in.Kind)
		if err != nil {
			return Page[happening]{}, err
		}
		facts, err := a.Services.Segments.Engine().Warehouse().Happenings(ctx, c.Number, kinds, below, in.Limit+1)
		if err != nil {
			return Page[happening]{}, err
		}
		next := ""
		if len(facts) > in.Limit {
			facts = facts[:in.Limit]
			last := facts[in.Limit-1]
			next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %d", last.At.UnixMicro(), last.ID))
		}
		if end := slices.IndexFunc(facts, func(f warehouse.Happening) bool { return f.At.Before(from) }); end >= 0 {
			facts, next = facts[:end], ""
		}
		items, err := a.named(ctx, facts)
		return PageOf(items, next, -1), err
	}, summary("What happened with a customer, newest first"))

	type one struct {
		ID string `path:"id" maxLength:"64" doc:"Customer id, or number"`
	}
	get(a, "/api/v1/customers/{id}/activity", "get_customer_activity", staff.CustomersRead, func(ctx context.Context, in *one) (customerActivity, error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return customerActivity{}, err
		}
		return a.activity(ctx, c.Number, a.Services.Segments.Now())
	}, summary("What a customer has been doing, in figures, and the history of the layer"))
}

// stretch is between which instants a page of a timeline lies; days are of the business zone.
func (a *API) stretch(first, last, after string) (from time.Time, below warehouse.Cursor, err error) {
	zone := a.Services.Segments.Engine().Zone()
	if first != "" {
		if from, err = time.ParseInLocation(time.DateOnly, first, zone); err != nil {
			return from, below, errs.New(errs.Invalid, "customer.date", "a day is YYYY-MM-DD").At("from")
		}
	}
	if last != "" {
		day, err := time.ParseInLocation(time.DateOnly, last, zone)
		if err != nil {
			return from, below, errs.New(errs.Invalid, "customer.date", "a day is YYYY-MM-DD").At("to")
		}
		below.TS = day.AddDate(0, 0, 1).UnixMicro()
	}
	if after != "" {
		below, err = parseTimelineCursor(after)
	}
	return from, below, err
}

func parseTimelineCursor(s string) (c warehouse.Cursor, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d %d", &c.TS, &c.ID)
	}
	if err != nil {
		return c, errs.New(errs.Invalid, "list.cursor", "the cursor is not one of this list").At("after")
	}
	return c, nil
}

// factsOfKinds are the names of facts behind some filters of a timeline; none for none.
func (a *API) factsOfKinds(ctx context.Context, kinds []string) ([]string, error) {
	var out []string
	for _, kind := range kinds {
		out = append(out, timelineKinds[kind]...)
		if kind != "visits" {
			continue
		}
		told, err := a.Services.Desk.FactNames(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, told...)
	}
	return out, nil
}

// activity counts what the warehouse has of somebody.
func (a *API) activity(ctx context.Context, number uint32, now time.Time) (customerActivity, error) {
	w := a.Services.Segments.Engine().Warehouse()
	out := customerActivity{Kinds: map[string]int64{}, Layers: []layerTurn{}}
	type kindRow struct {
		Name string    `db:"kind,text"`
		N    int64     `db:"n"`
		Late int64     `db:"late"`
		Last time.Time `db:"last_ts"`
	}
	month := now.AddDate(0, 0, -30).UnixMicro()
	rows, err := warehouse.All[kindRow](ctx, w, `SELECT kind, COUNT(*) AS n, CAST(SUM(CASE WHEN ts >= ? THEN 1 ELSE 0 END) AS BIGINT) AS late, MAX(ts) AS last_ts
		FROM `+w.FactsOf(number)+` AS facts WHERE ts <= ? GROUP BY kind`, month, now.UnixMicro())
	if err != nil {
		return out, err
	}
	steps := []string{"0"} // codes of what people do on the brand's own ground
	for _, r := range rows {
		out.Facts += r.N
		kind := kindOf(r.Name)
		if kind != "" {
			out.Kinds[kind] += r.N
		}
		switch {
		case r.Name == event.MessageSent:
			out.Messages30 = r.Late
		case r.Name == event.MessageOpened:
			out.Opened30 = r.Late
		case kind == "visits" && r.Late > 0:
			steps = append(steps, strconv.FormatUint(uint64(w.Code(r.Name)), 10))
		}
		did := kind == "visits" || r.Name == event.OrderPaid || r.Name == event.MessageOpened || r.Name == event.MessageClicked
		if last := r.Last; did && (out.LastSeen == nil || last.After(*out.LastSeen)) {
			out.LastSeen = &last
		}
	}
	when, err := warehouse.All[int64](ctx, w, `SELECT ts FROM `+w.FactsOf(number)+` AS facts WHERE ts >= ? AND ts <= ? AND kind IN (`+strings.Join(steps, ", ")+`) ORDER BY ts`,
		month, now.UnixMicro())
	if err != nil {
		return out, err
	}
	out.Visits7, out.Visits30 = visits(when, now.AddDate(0, 0, -7).UnixMicro()), visits(when, 0)
	turns, err := w.Happenings(ctx, number, []string{event.LayerChanged}, warehouse.Cursor{}, 50)
	for _, t := range turns {
		from, to, _ := strings.Cut(t.Detail, ">")
		out.Layers = append(out.Layers, layerTurn{t.At, from, to})
	}
	return out, err
}

// kindOf is the filter of the timeline that shows a fact, "" when only everything does.
func kindOf(name string) string {
	if strings.HasPrefix(name, event.CustomPrefix) {
		return "visits"
	}
	for kind, names := range timelineKinds {
		if slices.Contains(names, name) {
			return kind
		}
	}
	return ""
}

// visits counts the visits that begin at or after an instant, from the instants of steps in time order.
func visits(steps []int64, since int64) (n int) {
	before := int64(math.MinInt64 / 2)
	for _, at := range steps {
		if at-before > visitGap.Microseconds() && at >= since {
			n++
		}
		before = at
	}
	return n
}

// named adds the names of products, segments, tags and campaigns and the numbers of orders.
func (a *API) named(ctx context.Context, facts []warehouse.Happening) ([]happening, error) {
	var codes []string
	seen := map[string]bool{}
	for _, f := range facts {
		if f.Product != "" && !seen[f.Product] {
			seen[f.Product] = true
			codes = append(codes, f.Product)
		}
	}
	products, err := a.Services.Orders.Products(ctx, codes)
	if err != nil {
		return nil, err
	}
	numbers, err := a.Services.Orders.Numbers(ctx, subjects(facts))
	if err != nil {
		return nil, err
	}
	told := false
	about := map[string]string{}
	out := make([]happening, len(facts))
	for i, f := range facts {
		out[i] = happening{Happening: f, ProductName: products[f.Product].Name, OrderNumber: numbers[f.Subject]}
		if out[i].About, err = a.about(ctx, f, about); err != nil {
			return nil, err
		}
		told = told || strings.HasPrefix(f.Name, event.CustomPrefix)
	}
	if !told {
		return out, nil
	}
	words, err := a.Services.Desk.Descriptions(ctx)
	for i := range out {
		out[i].Description = words[out[i].Name]
	}
	return out, err
}

// about is what the segment, the tag or the campaign of a fact is called; known remembers.
func (a *API) about(ctx context.Context, f warehouse.Happening, known map[string]string) (name string, err error) {
	id, of := f.Campaign, func() error {
		c, err := a.Services.Campaigns.Get(ctx, f.Campaign)
		name = c.Name
		return err
	}
	switch f.Name {
	case event.SegmentEntered, event.SegmentLeft:
		id, of = f.Subject, func() error {
			s, err := a.Services.Segments.Get(ctx, f.Subject)
			name = s.Name
			return err
		}
	case event.TagAdded, event.TagRemoved:
		id, of = f.Subject, func() error {
			t, err := a.Services.Tags.Get(ctx, f.Subject)
			name = t.Name
			return err
		}
	}
	if id == "" {
		return "", nil
	}
	if name, ok := known[id]; ok {
		return name, nil
	}
	if err := of(); err != nil && !errs.Is(err, errs.NotFound) { // an import may name campaigns of other systems
		return "", err
	}
	known[id] = name
	return name, nil
}

// subjects are the ids of the orders that facts are about.
func subjects(facts []warehouse.Happening) (ids []string) {
	seen := map[string]bool{}
	for _, f := range facts {
		if strings.HasPrefix(f.Name, "order.") && !seen[f.Subject] {
			seen[f.Subject] = true
			ids = append(ids, f.Subject)
		}
	}
	return ids
}
