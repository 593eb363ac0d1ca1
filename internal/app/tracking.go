package app

import (
	"context"

	"huoshui/internal/app/identitywire"
	"huoshui/internal/data/collect"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/user/customer"
)

// buildTracking makes the source that the store's own pages tell through, and what ties a browser to who signs in on it.
func (a *App) buildTracking(ctx context.Context) error {
	_, err := a.Services.Sources.Ensure(ctx, collect.StoreSource, collect.SourceDraft{
		Name: "自营店铺", Kind: collect.Browser, Protocols: []collect.Protocol{collect.Segment}, Channel: checkout.Channel,
	}, "huoshui")
	people := sightings{identitywire.People{Identity: a.Services.Identity, Now: a.Clock.Now}}
	a.Services.Recognise = func(ctx context.Context, number uint32, device string) error {
		return a.DB.Tx(ctx, func(tx *store.Tx) error {
			held, err := store.All[customer.Key](ctx, tx, `SELECT kind, value FROM identity_keys WHERE customer = ? AND kind IN ('phone', 'unionid', 'openid', 'user', 'card') ORDER BY kind, value LIMIT 1`, number)
			if err != nil || len(held) == 0 {
				return err
			}
			_, err = people.Sighted(ctx, tx, []collect.Sighting{{
				Source: collect.StoreSource, Protocol: collect.Segment, Kind: collect.Bind, At: a.Clock.Now(),
				Keys: []collect.Key{{Kind: held[0].Kind, Value: held[0].Value}, {Kind: collect.KeyDevice, Value: device}},
			}})
			return err
		})
	}
	return err
}
