package checkout

import (
	"context"
	"time"

	"huoshui/internal/platform/money"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/order"
	"huoshui/internal/trade/pricing"
)

// Channel is the sales channel of the brand's own store.
const Channel = "store"

// Books is where finance keeps the books.
type Books interface {
	Post(ctx context.Context, tx *store.Tx, e money.Entry) error
}

// Wallet is customers' balances. Keys are idempotency keys.
type Wallet interface {
	// Balance returns what a customer may spend: what she paid in, and what she was given.
	Balance(ctx context.Context, q store.Querier, customer uint32) (principal, gift int64, err error)
	// Spend takes an amount for a sale; too little, or a frozen wallet, is a Conflict.
	Spend(ctx context.Context, tx *store.Tx, customer uint32, key, sale, layer string, fen int64) error
	// Refund gives part of the spending of a key back; finished says that the sale was booked as revenue.
	Refund(ctx context.Context, tx *store.Tx, key, spend string, fen int64, finished bool, by string) error
}

// Points is customers' points. Keys are idempotency keys.
type Points interface {
	// Rules returns what points are worth in a purchase, nil for nothing, and how many the customer has.
	Rules(ctx context.Context, q store.Querier, customer uint32) (*pricing.Points, int64, error)
	// Burn uses points for a sale; too few are a Conflict.
	Burn(ctx context.Context, tx *store.Tx, customer uint32, key, sale, layer string, points, fen int64) error
	// Return gives points of a burning back, and takes back what they paid.
	Return(ctx context.Context, tx *store.Tx, key, burn string, points, fen int64, finished bool, by string) error
	// Earn gives the points that a finished sale earns.
	Earn(ctx context.Context, tx *store.Tx, customer uint32, key, sale, level, layer string, paidFen int64) error
	// Keep takes back what an earning gave beyond what is left of what it was for: leftFen of earnedFen.
	Keep(ctx context.Context, tx *store.Tx, key, earn string, leftFen, earnedFen int64, by string) error
}

// Offers is what the brand offers: member prices, flash sales, bundles, reductions, coupons, freight.
type Offers interface {
	// Rules returns the offers that hold for a customer, without the items, and the coupons she holds. Its lists and maps are shared
	// by all who ask: none of them may be changed.
	Rules(ctx context.Context, q store.Querier, customer uint32, skus []string, form Form, now time.Time) (pricing.Rules, []pricing.Coupon, error)
	// Take uses up what a quotation uses: coupons, units at flash price, a seat in a group. What is gone meanwhile is a Conflict.
	Take(ctx context.Context, tx *store.Tx, who Buyer, sale string, form Form, q *pricing.Quotation, now time.Time) (Terms, error)
	// Paid says that a sale was paid: what it took is used for good. Where the money is not wanted any more it is a Conflict
	// "sale.state", and nothing was written.
	Paid(ctx context.Context, tx *store.Tx, sale string, form Form, now time.Time) error
	// Left says that everything of a sale of a form was given back.
	Left(ctx context.Context, tx *store.Tx, sale string, form Form, now time.Time) error
	// Return gives coupons of a sale back, and all that a sale took when it was never paid.
	Return(ctx context.Context, tx *store.Tx, sale string, coupons []string, all bool, now time.Time) error
}

// Buyer is what must be known of who buys.
type Buyer struct {
	Number uint32
	Level  string
	Layer  string
}

// People is the customers.
type People interface {
	// Buyer returns what must be known of a customer; one who is erased or was merged is NotFound.
	Buyer(ctx context.Context, q store.Querier, customer uint32) (Buyer, error)
	// Bought adds to what is counted of customers.
	Bought(ctx context.Context, tx *store.Tx, sums map[uint32]*order.Sum) error
}

// Payments takes what is paid by WeChat Pay, and gives it back.
type Payments interface {
	// Release says that a sale is not to be paid any more; what arrives all the same goes back.
	Release(ctx context.Context, tx *store.Tx, sale, reason string) error
	// Refund gives part of what was paid for a sale back, once per key; finished says that the sale was booked as revenue.
	Refund(ctx context.Context, tx *store.Tx, key, sale string, fen int64, finished bool, by string) error
}

// Deposits are what was paid before an order, at a presale.
type Deposits interface {
	// GiveBack gives part of the deposit of a paid sale back, once per key; finished says that the sale was booked as revenue.
	GiveBack(ctx context.Context, tx *store.Tx, key, booking, sale string, fen int64, finished bool, by string) error
}

// Parts are what a Service is made of. Nothing may be missing.
type Parts struct {
	DB       *store.DB
	Now      func() time.Time
	Settler  *order.Settler
	Books    Books
	Wallet   Wallet
	Points   Points
	Offers   Offers
	People   People
	Payments Payments
	Deposits Deposits
	Keys     *secret.Keys // seals the codes that customers are given
}

// Service sells.
type Service struct{ Parts }

// NewService returns the service.
func NewService(p Parts) *Service { return &Service{p} }
