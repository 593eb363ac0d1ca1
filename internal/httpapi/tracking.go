package httpapi

import (
	"context"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/data/collect"
	"huoshui/internal/platform/errs"
)

// ShopTracking is how the store's pages tell what happens on them.
type ShopTracking struct {
	WriteKey string `json:"write_key" doc:"For POST /v1/batch, as Segment's HTTP API takes it; empty while nothing is collected"`
}

// registerTracking: the store's pages tell what is looked at. What is ordered and paid, and what a customer puts into her cart, the store
// itself says; a page does not.
func registerTracking(a *API) {
	get(a, "/api/v1/shop/tracking", "shop_tracking", Public, func(ctx context.Context, _ *struct{}) (ShopTracking, error) {
		src, err := a.Services.Sources.ByID(ctx, collect.StoreSource)
		if err != nil || src == nil || src.Paused {
			return ShopTracking{}, err
		}
		return ShopTracking{WriteKey: src.WriteKey}, nil
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
		who := shopperOf(ctx).customer
		if wait := known.take(strconv.FormatUint(uint64(who), 10)); wait > 0 {
			return None{}, errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		return None{}, a.Services.Recognise(ctx, who, in.Body.Device)
	}, summary("The browser of the customer who is signed in: what was looked at on it before is hers"))
}
