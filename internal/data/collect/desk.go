package collect

import (
	"context"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
)

// Desk is where operators see what comes in and decide about it: rules, dictionary, dead letters, the live feed. Safe for
// concurrent use.
type Desk struct {
	db      *store.DB
	log     Appender
	sources *Sources
	now     clock.Clock
	zone    *time.Location
	live    *feed
}

// NewDesk returns a desk over a store and the log of what came in.
func NewDesk(db *store.DB, log Appender, sources *Sources, now clock.Clock, zone *time.Location) *Desk {
	return &Desk{db: db, log: log, sources: sources, now: now, zone: zone, live: newFeed()}
}

// put appends an envelope to the log.
func (d *Desk) put(ctx context.Context, e Envelope) error {
	_, err := d.log.Append(ctx, appendEntry(nil, []*Envelope{&e}))
	if err != nil && errs.KindOf(err) != errs.Unavailable {
		err = errs.Wrap(errs.Unavailable, "collect.unavailable", err)
	}
	return err
}

// Named is an event of the dictionary.
type Named struct {
	Source      string    `json:"source"`
	Name        string    `json:"name" doc:"As the source calls it; $view, $identify, $bind, $unbind and $item stand for what has no name of an event"`
	Fact        string    `json:"fact" doc:"Name of the facts it becomes; empty for what becomes none"`
	N           int64     `json:"n" doc:"How many came in all"`
	FirstAt     time.Time `json:"first_at"`
	LastAt      time.Time `json:"last_at"`
	Days        []DayN    `json:"days" doc:"How many came on each of the latest days that any came"`
	Blocked     bool      `json:"blocked"`
	Description string    `json:"description,omitempty"`
	Owner       string    `json:"owner,omitempty"`
}

// DayN is how many on a day of the business zone.
type DayN struct {
	Day string `json:"day"`
	N   int64  `json:"n"`
}

// Property is a property of an event of the dictionary.
type Property struct {
	Name    string           `json:"name"`
	N       int64            `json:"n" doc:"Events that had it"`
	Share   float64          `json:"share" doc:"Of all events of the name, 0 to 1"`
	Types   map[string]int64 `json:"types" doc:"string, number, bool, list, object or null, and how often"`
	Samples []string         `json:"samples" doc:"A few values, masked where they look like somebody's; none of what describes a person"`
	FirstAt time.Time        `json:"first_at"`
	LastAt  time.Time        `json:"last_at"`
}

// Dictionary returns the events of a source, or of all, most frequent first, with their volumes of a number of days.
func (d *Desk) Dictionary(ctx context.Context, source string, days int) ([]Named, error) {
	var w store.Where
	if source != "" {
		w.And("source = ?", source)
	}
	rows, err := store.All[nameRow](ctx, d.db, `SELECT * FROM event_names`+w.SQL()+` ORDER BY n DESC, source, name LIMIT 10000`, w.Args()...)
	if err != nil {
		return nil, err
	}
	w.And("day > ?", d.now().In(d.zone).AddDate(0, 0, -days).Format(time.DateOnly))
	volumes := map[[2]string][]DayN{}
	err = store.Each(ctx, d.db, `SELECT * FROM event_name_days`+w.SQL()+` ORDER BY day`, w.Args(), func(r nameDayRow) error {
		k := [2]string{r.Source, r.Name}
		volumes[k] = append(volumes[k], DayN{r.Day, r.N})
		return nil
	})
	if err != nil {
		return nil, err
	}
	rules, err := rulesNow(ctx, d.db, nil)
	if err != nil {
		return nil, err
	}
	out := make([]Named, len(rows))
	for i, r := range rows {
		out[i] = r.named(rules.of(r.Source, r.Name), volumes[[2]string{r.Source, r.Name}])
	}
	return out, nil
}

func (r nameRow) named(rule Rule, days []DayN) Named {
	n := Named{
		Source: r.Source, Name: r.Name, N: r.N, FirstAt: r.First, LastAt: r.Last, Days: days,
		Blocked: rule.Block, Description: rule.Description, Owner: rule.Owner,
	}
	if days == nil {
		n.Days = []DayN{}
	}
	switch r.Name {
	case nameView:
		n.Fact = factName(&Event{Kind: View}, "")
	case nameIdentify, nameBind, nameUnbind, nameItem:
	default:
		n.Fact = factName(&Event{Kind: Track, Name: r.Name}, rule.Rename)
	}
	return n
}

// Properties returns the properties of an event of the dictionary, most frequent first.
func (d *Desk) Properties(ctx context.Context, source, name string) ([]Property, error) {
	head, err := store.One[nameRow](ctx, d.db, `SELECT * FROM event_names WHERE source = ? AND name = ?`, source, name)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.NotFound, "collect.no_event", "the source has sent no event %q", name)
	}
	if err != nil {
		return nil, err
	}
	rows, err := store.All[propRow](ctx, d.db, `SELECT * FROM event_props WHERE source = ? AND name = ? ORDER BY n DESC, prop`, source, name)
	out := make([]Property, len(rows))
	for i, r := range rows {
		out[i] = Property{Name: r.Prop, N: r.N, Share: min(float64(r.N)/float64(max(head.N, 1)), 1), Types: r.Types, Samples: r.Samples, FirstAt: r.First, LastAt: r.Last}
		if r.Samples == nil {
			out[i].Samples = []string{}
		}
	}
	return out, err
}

// Descriptions returns what rules say of events by the names of their facts, for showing a person's history in words.
func (d *Desk) Descriptions(ctx context.Context) (map[string]string, error) {
	rules, err := d.Rules(ctx)
	out := map[string]string{}
	for _, r := range rules.Rules {
		if r.Description != "" {
			out[factName(&Event{Kind: Track, Name: r.Event}, r.Rename)] = r.Description
		}
	}
	return out, err
}

// FactNames returns the names of the facts that custom events of the dictionary become.
func (d *Desk) FactNames(ctx context.Context) ([]string, error) {
	rows, err := store.All[nameRow](ctx, d.db, `SELECT * FROM event_names`)
	if err != nil {
		return nil, err
	}
	rules, err := rulesNow(ctx, d.db, nil)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		if n := r.named(rules.of(r.Source, r.Name), nil); strings.HasPrefix(n.Fact, event.CustomPrefix) {
			out = append(out, n.Fact)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Outcome is what became of events of a source on a day.
type Outcome struct {
	Source  string `json:"source"`
	Day     string `json:"day"`
	Outcome string `json:"outcome" enum:"accepted,duplicate,blocked,dead,dead_dropped,crowded" doc:"dead_dropped are letters that are not kept, of those that died; crowded are accepted events with a product, category or channel beyond the number of different ones that a source may bring, which stays in their properties"`
	N       int64  `json:"n"`
}

// Outcomes returns what became of events on the latest days, the newest day first.
func (d *Desk) Outcomes(ctx context.Context, days int) ([]Outcome, error) {
	rows, err := store.All[countRow](ctx, d.db, `SELECT * FROM collect_counts WHERE day > ? ORDER BY day DESC, source, outcome`,
		d.now().In(d.zone).AddDate(0, 0, -days).Format(time.DateOnly))
	out := make([]Outcome, len(rows))
	for i, r := range rows {
		out[i] = Outcome(r)
	}
	return out, err
}
