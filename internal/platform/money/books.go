package money

import "time"

// Account is an account of the chart in docs/ledger.md. Debits raise assets and costs, credits raise liabilities and income.
type Account string

// The accounts. A package that needs another adds it here and to the chart of internal/finance/ledger.
const (
	Bank              Account = "bank"               // asset: money in the brand's bank account
	Wechat            Account = "wechat"             // asset: paid through WeChat Pay, not yet settled to the bank
	ChannelReceivable Account = "channel_receivable" // asset: another channel took the money for us
	Inventory         Account = "inventory"          // asset: goods at cost

	Deferred          Account = "deferred"           // liability: received for orders that are not finished; discounts and coupons count as received
	Deposits          Account = "deposits"           // liability: presale deposits whose tail is not paid yet
	WalletPrincipal   Account = "wallet_principal"   // liability: money that customers put into their wallets
	WalletGift        Account = "wallet_gift"        // liability: what we added to it
	Points            Account = "points"             // liability: points not yet used, at the value they were given at
	RefundsPayable    Account = "refunds_payable"    // liability: refunds decided, not yet with the customer
	CommissionPayable Account = "commission_payable" // liability: commission earned, not yet withdrawn
	Unclaimed         Account = "unclaimed"          // liability: money received that belongs to nothing we know

	Revenue          Account = "revenue"           // income: goods of finished orders, before discounts
	FreightIncome    Account = "freight_income"    // income: freight of finished orders
	GiftBreakage     Account = "gift_breakage"     // income: gift money that expired unused
	PointsBreakage   Account = "points_breakage"   // income: points that expired unused
	DepositForfeited Account = "deposit_forfeited" // income: presale deposits whose tail was never paid

	SalesReturns     Account = "sales_returns"     // taken off income: given back after an order was finished
	Discounts        Account = "discounts"         // taken off income: member, flash, bundle and full-reduction prices
	CouponCost       Account = "coupon_cost"       // taken off income: coupons used
	GoodsCost        Account = "goods_cost"        // cost of what was sold
	GiftCost         Account = "gift_cost"         // cost of wallet gifts
	PointsCost       Account = "points_cost"       // cost of points
	PrizeCost        Account = "prize_cost"        // cost of prizes and rewards
	CommissionCost   Account = "commission_cost"   // cost of commission
	PaymentFee       Account = "payment_fee"       // cost of WeChat Pay
	FreightCost      Account = "freight_cost"      // cost of sending goods
	FreightInsurance Account = "freight_insurance" // cost of return freight that we insure
	MessageCost      Account = "message_cost"      // cost of SMS and other sends
	CashDifference   Account = "cash_difference"   // cost: differences found by reconciliation and written off
)

// Move takes an amount from one account to another: Debit is the account debited, Credit the one credited. Because every
// row has both sides, an entry cannot be out of balance.
type Move struct {
	Debit  Account
	Credit Account
	Fen    Fen // ≥ 0; a move of 0 is left out
	// What the move is counted by; empty ones are the entry's.
	Customer uint32
	Campaign string
	Layer    string
}

// Entry is one thing that happened to money, with all that it moved.
type Entry struct {
	Key      string    // idempotency key, unique for ever: the same key is booked once
	At       time.Time // when it happened; its business day must not be closed
	OrToday  bool      // when that day is closed, book it now instead of refusing: for news that came late
	Reason   string    // dotted, past tense: "order.paid", "wallet.topped_up"
	Order    string    // order id: the money trail it belongs to; may be empty
	Ref      string    // what it is about beside the order: payment, refund, coupon, wallet move
	Customer uint32    // 0 when it concerns nobody
	Campaign string
	Layer    string
	By       string // staff id, "" for the system
	Note     string
	Moves    []Move
}
