package checkout

import (
	"context"

	"huoshui/internal/platform/store"
	"huoshui/internal/trade/pricing"
)

// Hold reads a sale and keeps it as it is until the transaction ends; a customer other than 0 must be its buyer. Whoever changes what is
// given back of a sale holds it first.
func Hold(ctx context.Context, tx *store.Tx, saleID string, customer uint32) (Sale, error) {
	return held(ctx, tx, saleID, customer)
}

// Given returns what has been given back of a sale, by the keys of its lines.
func Given(ctx context.Context, q store.Querier, saleID string) (map[string]pricing.Given, error) {
	return givenOf(ctx, q, saleID)
}
