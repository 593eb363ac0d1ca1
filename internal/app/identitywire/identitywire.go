// Package identitywire joins OneID to the packages whose rows name customers, and to those that tell of people.
package identitywire

import (
	"context"

	"huoshui/internal/data/collect"
	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/launch"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/org/task"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/address"
	"huoshui/internal/trade/aftersale"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/order"
	"huoshui/internal/trade/photo"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/promo"
	"huoshui/internal/trade/review"
	"huoshui/internal/trade/storefront"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/consent"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
	"huoshui/internal/user/tag"
)

// New returns OneID with everybody who follows a merge.
func New(db *store.DB, now clock.Clock) *identity.Service {
	who := identity.NewService(db, now, buying{}, map[string]identity.Follower{
		"order": order.Mover{}, "consent": consent.NewService(db, now), "campaign": campaign.Mover{},
		"task": task.Mover{}, "segment": audience.Mover{}, "tag": tag.Mover{}, "arrivals": collect.TouchMover{},
		"store view": storefront.Mover{}, "coupon": promo.Mover{}, "sale": checkout.Mover{}, "after-sale": aftersale.Mover{}, "review": review.Mover{}, "photo": photo.Mover{}, "flash": flash.Mover{}, "group": groupbuy.Mover{}, "presale": presale.Mover{}, "address": address.Mover{}, "wallet": wallet.Mover{Now: now}, "points": loyalty.Mover{Now: now}, "payment": payment.Mover{}, "launch": launch.Mover{},
	})
	who.Forgetting(collect.Letters{})
	return who
}

type buying struct{}

// Sums implements identity.Buying.
func (buying) Sums(ctx context.Context, q store.Querier, numbers []uint32) ([]customer.Purchases, error) {
	sums, err := order.SumsOf(ctx, q, numbers)
	out := make([]customer.Purchases, 0, len(sums))
	for n, s := range sums {
		out = append(out, customer.Purchases{Number: n, Orders: s.Orders, SpentFen: s.SpentFen, RefundedFen: s.RefundedFen, FirstAt: s.FirstAt, LastAt: s.LastAt})
	}
	return out, err
}

// People tells collected events whose they are.
type People struct {
	Identity *identity.Service
	Now      clock.Clock
}

// Sighted implements collect.People.
func (p People) Sighted(ctx context.Context, tx *store.Tx, all []collect.Sighting) ([]uint32, error) {
	in := make([]identity.Sighting, len(all))
	for i, s := range all {
		one := identity.Sighting{
			Person: customer.Person{Keys: make([]customer.Key, len(s.Keys)), SeenAt: s.At}, Traits: make([]identity.Trait, len(s.Traits)),
			Source: s.Source, At: s.At, Unbind: s.Unbind,
			First: s.Protocol == collect.Sensors && s.Kind == collect.Bind, // track_signup: the first link wins
		}
		for j, k := range s.Keys {
			one.Keys[j] = customer.Key(k)
		}
		for j, t := range s.Traits {
			one.Traits[j] = identity.Trait(t)
		}
		if s.Touch != nil {
			one.Origin = s.Touch.Source
		}
		in[i] = one
	}
	refs, err := p.Identity.Resolve(ctx, tx, in, p.Now())
	if err != nil {
		return nil, err
	}
	out := make([]uint32, len(refs))
	for i, r := range refs {
		out[i] = r.Number
	}
	return out, nil
}

// Generation implements collect.People.
func (p People) Generation(ctx context.Context, q store.Querier) (uint64, error) {
	return p.Identity.Generation(ctx, q)
}
