package storewire

import (
	"context"

	"huoshui/internal/platform/store"
	"huoshui/internal/trade/storefront"
)

// Visitors implements storefront.People.
type Visitors struct {
	People
	DB     *store.DB
	Wallet Wallet
	Points Points
}

// Layer implements storefront.People.
func (v Visitors) Layer(ctx context.Context, customer uint32) string {
	if v.People.Layer == nil {
		return ""
	}
	return v.People.Layer(ctx, customer)
}

// Member implements storefront.People.
func (v Visitors) Member(ctx context.Context, customer uint32) (storefront.Member, error) {
	type row struct {
		Name  string `db:"name"`
		Level string `db:"level"`
	}
	r, err := store.One[row](ctx, v.DB, `SELECT name, level FROM customers WHERE number = ?`, customer)
	if err != nil {
		return storefront.Member{}, err
	}
	out := storefront.Member{Name: r.Name, Level: r.Level}
	principal, gift, err := v.Wallet.Balance(ctx, v.DB, customer)
	if err != nil {
		return out, err
	}
	out.BalanceFen = principal + gift
	_, out.Points, err = v.Points.Rules(ctx, v.DB, customer)
	return out, err
}
