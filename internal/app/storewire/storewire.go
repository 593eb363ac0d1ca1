// Package storewire gives the checkout what the other systems have: customers, wallets, points and books. It is the only place
// where selling, finance and marketing meet.
package storewire

import (
	"context"
	"time"

	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/order"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/user/customer"
)

// People implements checkout.People.
type People struct {
	Now func() time.Time
	// Layer returns the layer that a customer is in, "" when it is not known.
	Layer func(ctx context.Context, customer uint32) string
}

// Buyer implements checkout.People.
func (p People) Buyer(ctx context.Context, q store.Querier, number uint32) (checkout.Buyer, error) {
	type row struct {
		Level  string `db:"level"`
		Erased bool   `db:"erased"`
	}
	r, err := store.One[row](ctx, q, `SELECT level, erased FROM customers WHERE number = ?`, number)
	if errs.Is(err, errs.NotFound) || err == nil && r.Erased {
		return checkout.Buyer{}, errs.New(errs.NotFound, "customer.not_found", "there is no such customer")
	}
	if err != nil {
		return checkout.Buyer{}, err
	}
	b := checkout.Buyer{Number: number, Level: r.Level}
	if p.Layer != nil {
		b.Layer = p.Layer(ctx, number)
	}
	return b, nil
}

// Bought implements checkout.People.
func (p People) Bought(ctx context.Context, tx *store.Tx, sums map[uint32]*order.Sum) error {
	all := make([]customer.Purchases, 0, len(sums))
	for number, s := range sums {
		all = append(all, customer.Purchases{Number: number, Orders: s.Orders, SpentFen: s.SpentFen, RefundedFen: s.RefundedFen, FirstAt: s.FirstAt, LastAt: s.LastAt})
	}
	return customer.Bought(ctx, tx, all, p.Now())
}

// against is what a refund is taken from in the books.
func against(finished bool) money.Account {
	if finished {
		return money.SalesReturns
	}
	return money.Deferred
}

// Wallet implements checkout.Wallet.
type Wallet struct {
	Wallets *wallet.Service
	Now     func() time.Time
}

// Balance implements checkout.Wallet. A frozen wallet has nothing to spend.
func (w Wallet) Balance(ctx context.Context, q store.Querier, number uint32) (principal, gift int64, err error) {
	has, err := wallet.Get(ctx, q, number, w.Now())
	if err != nil || has.Frozen {
		return 0, 0, err
	}
	return has.PrincipalFen, has.GiftFen, nil
}

// Spend implements checkout.Wallet.
func (w Wallet) Spend(ctx context.Context, tx *store.Tx, number uint32, key, sale, layer string, fen int64) error {
	_, err := w.Wallets.Spend(ctx, tx, wallet.Spend{Key: key, Customer: number, Fen: fen, Order: sale, Layer: layer})
	return err
}

// Refund implements checkout.Wallet.
func (w Wallet) Refund(ctx context.Context, tx *store.Tx, key, spend string, fen int64, finished bool, by string) error {
	_, err := w.Wallets.Refund(ctx, tx, wallet.Refund{Key: key, Spend: spend, Fen: fen, Against: against(finished), By: by})
	return err
}

// Points implements checkout.Points.
type Points struct {
	Accounts *loyalty.Service
	Now      func() time.Time
}

// step is how many points are used at once.
const step = 100

// Rules implements checkout.Points.
func (p Points) Rules(ctx context.Context, q store.Querier, number uint32) (*pricing.Points, int64, error) {
	rules, _, err := settings.Get(ctx, q, loyalty.SettingName, loyalty.Default())
	if err != nil || rules.FenPer100Points == 0 || rules.MostPercent == 0 {
		return nil, 0, err
	}
	has, err := loyalty.Get(ctx, q, number, p.Now())
	if err != nil {
		return nil, 0, err
	}
	return &pricing.Points{StepPoints: step, StepFen: rules.FenPer100Points, MaxShare: rules.MostPercent * 100}, has.Points, nil
}

// Burn implements checkout.Points.
func (p Points) Burn(ctx context.Context, tx *store.Tx, number uint32, key, sale, layer string, points, fen int64) error {
	_, err := p.Accounts.Burn(ctx, tx, loyalty.Burn{Key: key, Customer: number, Points: points, Fen: fen, Order: sale, Layer: layer})
	return err
}

// Return implements checkout.Points.
func (p Points) Return(ctx context.Context, tx *store.Tx, key, burn string, points, fen int64, finished bool, by string) error {
	_, err := p.Accounts.Return(ctx, tx, loyalty.Return{Key: key, Burn: burn, Points: points, Fen: fen, Against: against(finished), By: by})
	return err
}

// Earn implements checkout.Points. Too small a payment earns nothing.
func (p Points) Earn(ctx context.Context, tx *store.Tx, number uint32, key, sale, level, layer string, paid int64) error {
	rules, _, err := settings.Get(ctx, tx, loyalty.SettingName, loyalty.Default())
	if err != nil {
		return err
	}
	points := rules.Earned(paid, level)
	if points == 0 {
		return nil
	}
	_, err = p.Accounts.Earn(ctx, tx, loyalty.Earn{Key: key, Customer: number, Points: points, Order: sale, Reason: "order", Layer: layer})
	return err
}

// Keep implements checkout.Points: in proportion to what was earned, whatever the rules are now, rounded in the customer's favour.
func (p Points) Keep(ctx context.Context, tx *store.Tx, key, earn string, left, earned int64, by string) error {
	type row struct {
		Points int64 `db:"points"`
		Back   int64 `db:"back_points"`
	}
	r, err := store.One[row](ctx, tx, `SELECT points, back_points FROM points_moves WHERE key = ?`, earn)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	keep := r.Points - money.Share(r.Points, earned-left, earned)
	if r.Points-r.Back <= keep {
		return nil
	}
	_, err = p.Accounts.Revoke(ctx, tx, loyalty.Revoke{Key: key, Earn: earn, Points: r.Points - r.Back - keep, By: by})
	return err
}
