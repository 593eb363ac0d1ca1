package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/flash"
)

// registerRoom: the waiting room of a flash sale. A place is the person's, kept by the store: nothing that her browser sends moves it.
func registerRoom(a *API) {
	asked := newLimiter(rate.Every(500*time.Millisecond), 20) // per customer
	limited := func(customer uint32) error {
		if wait := asked.take(strconv.FormatUint(uint64(customer), 10)); wait > 0 {
			return errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		return nil
	}
	post(a, "/api/v1/shop/flash/{id}/room", "shop_join_room", Customer, func(ctx context.Context, in *ByID) (flash.Standing, error) {
		who := shopperOf(ctx).customer
		if err := limited(who); err != nil {
			return flash.Standing{}, err
		}
		return a.Services.Flash.Join(ctx, in.ID, who)
	}, summary("Come into the waiting room of a flash sale; who is in it keeps her place"))

	get(a, "/api/v1/shop/flash/{id}/room", "shop_stand_in_room", Customer, func(ctx context.Context, in *ByID) (flash.Standing, error) {
		who := shopperOf(ctx).customer
		if err := limited(who); err != nil {
			return flash.Standing{}, err
		}
		return a.Services.Flash.Stand(ctx, in.ID, who)
	}, summary("Where one stands in the waiting room; who does not ask for a minute is away, and loses her place"))

	del(a, "/api/v1/shop/flash/{id}/room", "shop_leave_room", Customer, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Flash.Quit(ctx, in.ID, shopperOf(ctx).customer)
	}, summary("Give one's place up"), status(http.StatusNoContent))
}
