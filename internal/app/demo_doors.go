package app

import (
	"context"

	"time"

	"huoshui/internal/demo"
	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/strategy"
	"huoshui/internal/org/task"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/layer"
)

// demoReach is what the brand's people hear, and the doors they answer through.
type demoReach struct {
	campaigns  *campaign.Service
	strategies *strategy.Service
	tasks      *task.Service
	guide      string // staff id of whoever works the tasks that nobody has
}

// ReachedBetween returns what was sent after one instant and not after another.
func (d demoReach) ReachedBetween(ctx context.Context, after, until time.Time) ([]demo.Message, error) {
	sent, err := d.campaigns.SentBetween(ctx, after, until)
	if err != nil {
		return nil, err
	}
	says := map[string]demo.Message{} // by campaign: what all its messages have in common
	out := make([]demo.Message, 0, len(sent))
	for _, m := range sent {
		about, ok := says[m.Campaign]
		if !ok {
			if about, err = d.about(ctx, m.Campaign); err != nil {
				return nil, err
			}
			says[m.Campaign] = about
		}
		about.ID, about.Customer, about.Channel, about.At = m.ID, m.Customer, m.Channel, m.SentAt
		out = append(out, about)
	}
	return out, nil
}

// about returns the layer a campaign's words were written for, and whether it brings a benefit.
func (d demoReach) about(ctx context.Context, campaignID string) (demo.Message, error) {
	c, err := d.campaigns.Get(ctx, campaignID)
	if err != nil {
		return demo.Message{}, err
	}
	m := demo.Message{Benefit: c.Plan.Offer.Coupon != ""}
	if c.Plan.Strategy == "" {
		return m, nil
	}
	s, err := d.strategies.Get(ctx, c.Plan.Strategy)
	if errs.Is(err, errs.NotFound) {
		return m, nil
	}
	m.Layer = s.Layer
	return m, err
}

// Open opens a message.
func (d demoReach) Open(ctx context.Context, message string) error {
	return d.campaigns.Opened(ctx, message)
}

// Click follows a message's link.
func (d demoReach) Click(ctx context.Context, message string) error {
	address := "/"
	if m, err := d.campaigns.PhoneMessage(ctx, message); err == nil && m.URL != "" {
		address = m.URL
	}
	return d.campaigns.Clicked(ctx, message, address)
}

// Leave asks for no more messages.
func (d demoReach) Leave(ctx context.Context, message string) error {
	return d.campaigns.Unsubscribed(ctx, message, channel.Phone)
}

// Answer closes the task of a message: done when the guide got through.
func (d demoReach) Answer(ctx context.Context, message string, through bool) error {
	one, err := d.tasks.Get(ctx, id.From("tsk", message))
	if err != nil {
		return err
	}
	by := one.Assignee
	if by == "" {
		by = d.guide
	}
	outcome := task.Outcome{State: task.Done}
	if !through {
		outcome = task.Outcome{State: task.Failed, Reason: "no_answer"}
	}
	_, err = d.tasks.Close(ctx, one.ID, outcome, by)
	return err
}

// demoLoop does at once what timers would do in time.
type demoLoop struct {
	app       *App
	campaigns *campaign.Service
	audience  *audience.Service
}

// Due begins what launches begin now, and sends what is due.
func (d demoLoop) Due(ctx context.Context) error {
	for {
		n, err := d.app.Services.Launches.Tick(ctx)
		if err != nil && ctx.Err() == nil {
			d.app.Log.WarnContext(ctx, "launches", "error", err) // it is tried again
		}
		if n == 0 || err != nil {
			return d.campaigns.Drain(ctx)
		}
	}
}

// Refresh waits for the facts and computes layers and segments.
func (d demoLoop) Refresh(ctx context.Context) error {
	if err := d.app.Settle(ctx); err != nil {
		return err
	}
	_, err := d.audience.Refresh(ctx, d.app.Clock.Now())
	return err
}

// demoHandset is what the simulated phones show.
type demoHandset struct {
	db        *store.DB
	campaigns *campaign.Service
	layers    *layer.Service
}

type inboxCount struct {
	Customer uint32    `db:"customer"`
	Messages int64     `db:"messages"`
	Unread   int64     `db:"unread"`
	LastAt   time.Time `db:"last_at"`
}

// Owners lists people; without a search, those who have had messages come first.
func (d demoHandset) Owners(ctx context.Context, search, layerCode string, limit int) ([]demo.Owner, error) {
	f := customer.Filter{Search: search}
	people, _, err := d.layers.Find(ctx, layer.Filter{Layer: layerCode})
	switch {
	case errs.Is(err, errs.NotFound): // no refresh yet: nobody has a layer
	case err != nil:
		return nil, err
	case layerCode != "":
		f.Within = append(f.Within, people)
	}
	var found []customer.Customer
	seen := map[uint32]bool{}
	if search == "" {
		recent, err := store.All[uint32](ctx, d.db, `SELECT customer FROM phone_messages GROUP BY customer ORDER BY MAX(arrived_at) DESC, customer LIMIT ?`, 5000)
		if err != nil {
			return nil, err
		}
		var wanted []uint32
		for _, n := range recent {
			if len(wanted) < limit && (layerCode == "" || people.Contains(n)) {
				wanted = append(wanted, n)
			}
		}
		if found, err = inOrder(ctx, d.db, wanted); err != nil {
			return nil, err
		}
		for _, c := range found {
			seen[c.Number] = true
		}
	}
	if len(found) < limit {
		page, err := customer.List(ctx, d.db, f, customer.SortRecent, "", limit)
		if err != nil {
			return nil, err
		}
		for _, c := range page.Items {
			if !seen[c.Number] && len(found) < limit {
				found = append(found, c)
			}
		}
	}
	return d.owners(ctx, found)
}

// inOrder returns the customers with the numbers, in their order.
func inOrder(ctx context.Context, db *store.DB, numbers []uint32) ([]customer.Customer, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	all, err := customer.ByNumbers(ctx, db, numbers)
	if err != nil {
		return nil, err
	}
	by := map[uint32]customer.Customer{}
	for _, c := range all {
		by[c.Number] = c
	}
	out := make([]customer.Customer, 0, len(numbers))
	for _, n := range numbers {
		if c, ok := by[n]; ok && !c.Erased {
			out = append(out, c)
		}
	}
	return out, nil
}

func (d demoHandset) owners(ctx context.Context, people []customer.Customer) ([]demo.Owner, error) {
	numbers := make([]uint32, len(people))
	for i, c := range people {
		numbers[i] = c.Number
	}
	if len(numbers) == 0 {
		return []demo.Owner{}, nil
	}
	var w store.Where
	store.In(&w, "customer", numbers)
	counts := map[uint32]inboxCount{}
	err := store.Each(ctx, d.db, `SELECT customer, COUNT(*) AS messages, SUM(CASE WHEN opened_at IS NULL THEN 1 ELSE 0 END) AS unread, MAX(arrived_at) AS last_at
		FROM phone_messages`+w.SQL()+` GROUP BY customer`, w.Args(), func(c inboxCount) error {
		counts[c.Customer] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	standing, err := d.layerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]demo.Owner, len(people))
	for i, c := range people {
		n := counts[c.Number]
		out[i] = demo.Owner{ID: c.ID, Number: c.Number, Name: c.Name, Layer: standing(c.Number), City: c.City, Level: c.Level,
			Messages: n.Messages, Unread: n.Unread, LastAt: n.LastAt}
	}
	return out, nil
}

// layerOf returns a way to ask for the layer of a person, "" for nobody's.
func (d demoHandset) layerOf(ctx context.Context) (func(uint32) string, error) {
	var in []func(uint32) string
	for _, l := range layer.Layers {
		if l == "" {
			continue
		}
		people, _, err := d.layers.Find(ctx, layer.Filter{Layer: string(l)})
		if errs.Is(err, errs.NotFound) {
			return func(uint32) string { return "" }, nil
		}
		if err != nil {
			return nil, err
		}
		in = append(in, func(n uint32) string {
			if people.Contains(n) {
				return string(l)
			}
			return ""
		})
	}
	return func(n uint32) string {
		for _, ask := range in {
			if code := ask(n); code != "" {
				return code
			}
		}
		return ""
	}, nil
}

// Owner returns one customer.
func (d demoHandset) Owner(ctx context.Context, customerID string) (demo.Owner, error) {
	c, err := customer.Get(ctx, d.db, customerID)
	if err != nil {
		return demo.Owner{}, err
	}
	all, err := d.owners(ctx, []customer.Customer{c})
	if err != nil {
		return demo.Owner{}, err
	}
	return all[0], nil
}

// Inbox returns the messages on a phone.
func (d demoHandset) Inbox(ctx context.Context, number uint32, limit int) ([]demo.Received, error) {
	all, err := d.campaigns.Inbox(ctx, number, limit)
	if err != nil {
		return nil, err
	}
	out := make([]demo.Received, len(all))
	for i, m := range all {
		out[i] = demo.Received{ID: m.ID, Title: m.Title, Body: m.Body, Image: m.Image, URL: m.URL, Action: m.Action,
			ArrivedAt: m.ArrivedAt, OpenedAt: m.OpenedAt, ClickedAt: m.ClickedAt}
	}
	return out, nil
}
