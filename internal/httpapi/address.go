package httpapi

import (
	"context"
	"net/http"

	"huoshui/internal/trade/address"
)

// registerAddress: where a customer has things sent.
func registerAddress(a *API) {
	get(a, "/api/v1/shop/addresses", "shop_addresses", Customer, func(ctx context.Context, _ *struct{}) (Page[address.Entry], error) {
		all, err := a.Services.Addresses.List(ctx, shopperOf(ctx).customer)
		return PageOf(all, "", int64(len(all))), err
	}, summary("One's own addresses, the default first"))

	type add struct{ Body address.Draft }
	post(a, "/api/v1/shop/addresses", "shop_add_address", Customer, func(ctx context.Context, in *add) (address.Entry, error) {
		return a.Services.Addresses.Save(ctx, shopperOf(ctx).customer, "", in.Body)
	}, summary("Write an address into one's book"), status(http.StatusCreated))

	type change struct {
		ByID
		Body address.Draft
	}
	put(a, "/api/v1/shop/addresses/{id}", "shop_put_address", Customer, func(ctx context.Context, in *change) (address.Entry, error) {
		return a.Services.Addresses.Save(ctx, shopperOf(ctx).customer, in.ID, in.Body)
	}, summary("Change an address of one's book"))

	del(a, "/api/v1/shop/addresses/{id}", "shop_remove_address", Customer, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Addresses.Remove(ctx, shopperOf(ctx).customer, in.ID)
	}, summary("Take an address out of one's book"))
}
