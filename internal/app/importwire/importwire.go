// Package importwire joins the import to the packages that own customers, orders and consent, which do not know it.
package importwire

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"huoshui/internal/data/collect"
	"huoshui/internal/data/importing"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/order"
	"huoshui/internal/user/consent"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

// New returns an import service over the packages that own the data.
func New(db *store.DB, who *identity.Service, consents *consent.Service, now clock.Clock, log *slog.Logger, config importing.Config) *importing.Service {
	imports := importing.NewService(db, people{who}, orders{order.NewSettler().Asking(collect.Touches)}, grants{consents}, now, log, config)
	who.Forgetting(imports)
	return imports
}

type people struct{ who *identity.Service }

func persons(in []importing.Person) []customer.Person {
	out := make([]customer.Person, len(in))
	for i, p := range in {
		out[i] = customer.Person{
			Keys: make([]customer.Key, len(p.Keys)), Code: p.Code, Name: p.Name, Gender: p.Gender, Birthday: p.Birthday, Province: p.Province,
			City: p.City, Source: p.Source, Store: p.Store, Level: p.Level, Zone: p.Zone, RegisteredAt: p.RegisteredAt, SeenAt: p.SeenAt,
		}
		for j, k := range p.Keys {
			out[i].Keys[j] = customer.Key{Kind: k[0], Value: k[1]}
		}
	}
	return out
}

// Resolve implements importing.People.
func (p people) Resolve(ctx context.Context, tx *store.Tx, in []importing.Person, now time.Time) ([]importing.Ref, error) {
	sightings := make([]identity.Sighting, len(in))
	for i, one := range persons(in) {
		sightings[i] = identity.Sighting{Person: one, Source: "import"}
	}
	refs, err := p.who.Resolve(ctx, tx, sightings, now)
	out := make([]importing.Ref, len(refs))
	for i, r := range refs {
		out[i] = importing.Ref(r)
	}
	return out, err
}

// Find implements importing.People.
func (people) Find(ctx context.Context, q store.Querier, in []importing.Person) ([]uint32, error) {
	return customer.Find(ctx, q, persons(in))
}

// Bought implements importing.People.
func (people) Bought(ctx context.Context, tx *store.Tx, in []importing.Purchases, now time.Time) error {
	all := make([]customer.Purchases, len(in))
	for i, p := range in {
		all[i] = customer.Purchases(p)
	}
	return customer.Bought(ctx, tx, all, now)
}

type orders struct{ settler *order.Settler }

// Known implements importing.Orders.
func (orders) Known(ctx context.Context, q store.Querier, channel string, numbers []string) (map[string]bool, error) {
	known, err := order.Known(ctx, q, channel, numbers)
	out := make(map[string]bool, len(known))
	for number := range known {
		out[number] = true
	}
	return out, err
}

// KnownLines implements importing.Orders.
func (orders) KnownLines(ctx context.Context, q store.Querier, channel string, numbers []string) (map[string]map[string]bool, error) {
	known, err := order.Known(ctx, q, channel, numbers)
	if err != nil {
		return nil, err
	}
	lines, err := order.KnownLines(ctx, q, known)
	out := make(map[string]map[string]bool, len(known))
	for number, o := range known {
		out[number] = lines[o.ID]
	}
	return out, err
}

// Settle implements importing.Orders.
func (o orders) Settle(ctx context.Context, tx *store.Tx, channel, importID string, in []importing.Order, now time.Time) ([]importing.OrderOutcome, []importing.Purchases, error) {
	incoming, numbers := make([]order.Incoming, len(in)), make([]string, len(in))
	for i, x := range in {
		numbers[i] = x.Number
		lines := make([]order.IncomingLine, len(x.Lines))
		for j, l := range x.Lines {
			lines[j] = order.IncomingLine(l)
		}
		incoming[i] = order.Incoming{
			Number: x.Number, Customer: x.Customer, PaidAt: x.PaidAt, AmountFen: x.AmountFen, Fixed: x.Fixed, Quantity: x.Quantity,
			Store: x.Store, Lines: lines, RefundedFen: x.RefundedFen,
		}
	}
	known, err := order.Known(ctx, tx, channel, numbers)
	if err != nil {
		return nil, nil, err
	}
	outcomes, totals, err := o.settler.Settle(ctx, tx, channel, importID, known, incoming, now)
	out := make([]importing.OrderOutcome, len(outcomes))
	for i, x := range outcomes {
		out[i] = importing.OrderOutcome{Created: x.Created, NewLines: x.NewLines, AddedFen: x.AddedFen, RefundedFen: x.RefundedFen, RefundRejected: x.RefundRejected}
	}
	return out, sums(totals), err
}

// Refund implements importing.Orders.
func (o orders) Refund(ctx context.Context, tx *store.Tx, channel, importID string, in []importing.Refund) ([]string, []importing.Purchases, error) {
	incoming := make([]order.IncomingRefund, len(in))
	for i, x := range in {
		incoming[i] = order.IncomingRefund(x)
	}
	outcomes, totals, err := o.settler.Refund(ctx, tx, channel, importID, incoming)
	results := make([]string, len(outcomes))
	for i, x := range outcomes {
		results[i] = x.Result
	}
	return results, sums(totals), err
}

func sums(in map[uint32]*order.Sum) []importing.Purchases {
	out := make([]importing.Purchases, 0, len(in))
	for number, s := range in {
		out = append(out, importing.Purchases{Number: number, Orders: s.Orders, SpentFen: s.SpentFen, RefundedFen: s.RefundedFen, FirstAt: s.FirstAt, LastAt: s.LastAt})
	}
	slices.SortFunc(out, func(a, b importing.Purchases) int { return int(int64(a.Number) - int64(b.Number)) })
	return out
}

type grants struct{ consents *consent.Service }

// Grant implements importing.Consents.
func (g grants) Grant(ctx context.Context, tx *store.Tx, people []uint32, channels []string, source string) (int64, error) {
	return g.consents.GrantTx(ctx, tx, people, channels, source)
}
