package httpapi

import (
	"context"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/data/collect"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// ShopTracking is how the store's pages tell what happens on them.
type ShopTracking struct {
	WriteKey string `json:"write_key" doc:"For POST /v1/batch, as Segment's HTTP API takes it; empty while nothing is collected"`
	Ask      bool   `json:"ask" doc:"Nothing is told of a browser before its user said yes"`
}

// registerTracking: the store's pages tell what is looked at. What is ordered and paid, and what a customer puts into her cart, the store
// itself says; a page does not.
func registerTracking(a *API) {
	get(a, "/api/v1/shop/tracking", "shop_tracking", Public, func(ctx context.Context, _ *struct{}) (ShopTracking, error) {
		how, err := a.storeTracking(ctx)
		if err != nil || how.Asking == collect.TellNone {
			return ShopTracking{}, err
		}
		src, err := a.Services.Sources.ByID(ctx, collect.StoreSource)
		if err != nil || src == nil || src.Paused {
			return ShopTracking{}, err
		}
		return ShopTracking{WriteKey: src.WriteKey, Ask: how.Asking == collect.AskFirst}, nil
	}, summary("How the store's pages tell what is looked at"))

	known := newLimiter(rate.Every(10*time.Second), 10) // per customer
	type device struct {
		Body struct {
			Device string `json:"device" minLength:"22" maxLength:"64" doc:"The anonymousId of the browser: unguessable, since whoever names it takes its past over"`
		}
	}
	post(a, "/api/v1/shop/tracking/device", "shop_know_device", Customer, func(ctx context.Context, in *device) (None, error) {
		if !saneRequestID(in.Body.Device) {
			return None{}, errs.New(errs.Invalid, "shop.device", "this is no name of a browser").At("device")
		}
		if how, err := a.storeTracking(ctx); err != nil || how.Asking == collect.TellNone {
			return None{}, err
		}
		who := shopperOf(ctx).customer
		if wait := known.take(strconv.FormatUint(uint64(who), 10)); wait > 0 {
			return None{}, errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		return None{}, a.Services.Recognise(ctx, who, in.Body.Device)
	}, summary("The browser of the customer who is signed in: what was looked at on it before is hers; nothing is done while the store tells of nobody"))

	get(a, "/api/v1/store/tracking", "get_store_tracking", staff.SalesRead, func(ctx context.Context, _ *struct{}) (collect.StoreTracking, error) {
		return a.storeTracking(ctx)
	}, summary("Whether people are asked before the store's pages tell what they look at"))

	type set struct{ Body collect.StoreTracking }
	put(a, "/api/v1/store/tracking", "set_store_tracking", staff.SettingsWrite, func(ctx context.Context, in *set) (None, error) {
		db := a.Services.Sales.DB
		return None{}, db.Tx(ctx, func(tx *store.Tx) error {
			_, err := settings.Put(ctx, tx, collect.TrackingSetting, in.Body, auth.From(ctx).ID, a.Services.Sales.Now())
			return err
		})
	}, summary("Say whether people are asked before the store's pages tell what they look at"))
}

// storeTracking is how the store's pages tell what is looked at.
func (a *API) storeTracking(ctx context.Context) (collect.StoreTracking, error) {
	how, _, err := settings.Get(ctx, a.Services.Sales.DB, collect.TrackingSetting, collect.DefaultTracking())
	return how, err
}
