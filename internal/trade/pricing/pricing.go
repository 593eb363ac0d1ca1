// Package pricing quotes a cart and splits what was paid so that any part of it can be given back exactly. It is pure:
// what a cart costs depends on the cart, the rules and the instant, and on nothing else.
//
// The order of application is fixed:
//
//		list → member → flash → bundle → full-reduction → coupons (gift, full, discount) → staff → deposit → points → freight → deposit, balance
//
//	  - Member: the lowest price that any member rule gives a unit.
//	  - Flash: as many units as the person may still have, at the flash price, when it is below the member price; these
//	    units take no member price. The prices of a group and of a presale are ones too, under their own names.
//	  - Bundle: sets formed of the units that are left, the most saving first (see bundles for how it is searched).
//	  - Full-reduction: by priority, then id; each on what the ones before have left of the goods in its scope.
//	  - Coupons: gifts first; the thresholds of the others look at what gifts have left, never at one another.
//	  - Staff: what a person takes off by hand, and the freight she sets.
//	  - Deposit: what it counts for beyond what it was comes off the goods; it itself is a means of payment, and goes first.
//	  - Points: a share of what is left of the goods, in whole steps; never freight.
//	  - Freight: from what the goods come to before coupons, so that a better coupon never costs freight.
//	  - Balance: a means of payment, not a reduction: it splits the total, and changes nothing of it.
//
// A cart line becomes one quoted line for each way its units are sold: at flash price, in a bundle, or neither. Whatever is
// taken off an order is split over its lines by largest remainders, and never makes a line negative.
package pricing

import (
	"time"
)

// Limits of a cart. Within them no sum can overflow.
const (
	MaxLines    = 500
	MaxCoupons  = 200
	MaxQuantity = 1_000_000
	MaxFen      = 1<<53 - 1 // of a price, and of all a cart comes to: what JSON carries exactly
)

// Currency is the only one there is.
const Currency = "CNY"

// Kind says what changed a price.
type Kind string

// What can change a price, in the order of application.
const (
	KindMember         Kind = "member"
	KindFlash          Kind = "flash"
	KindGroup          Kind = "group"   // 拼团价
	KindPresale        Kind = "presale" // 预售价
	KindBundle         Kind = "bundle"
	KindReduction      Kind = "reduction"
	KindCouponGift     Kind = "coupon_gift"     // 兑换券
	KindCouponFull     Kind = "coupon_full"     // 满减券
	KindCouponDiscount Kind = "coupon_discount" // 折扣券
	KindCouponFreight  Kind = "coupon_freight"  // 免邮券
	KindStaff          Kind = "staff"
	KindDeposit        Kind = "deposit" // 定金膨胀: what a deposit counts for beyond what it was
	KindPoints         Kind = "points"
)

// kinds lists them; the place of a kind is its bit.
var kinds = [...]Kind{
	KindMember, KindFlash, KindBundle, KindReduction, KindCouponGift, KindCouponFull, KindCouponDiscount, KindCouponFreight, KindStaff, KindPoints,
	KindGroup, KindPresale, KindDeposit,
}

// place returns the place of a kind, -1 when there is no such kind.
func (k Kind) place() int {
	for i, one := range kinds {
		if one == k {
			return i
		}
	}
	return -1
}

// bit returns the mask of a kind, 0 when there is no such kind.
func (k Kind) bit() uint16 {
	if i := k.place(); i >= 0 {
		return 1 << i
	}
	return 0
}

// Cart is what a person wants to buy, and with what. Prices are not hers to say.
type Cart struct {
	Currency string     `json:"currency,omitempty" doc:"CNY, or empty"`
	Customer Customer   `json:"customer"`
	Lines    []CartLine `json:"lines"`
	Region   string     `json:"region,omitempty" doc:"GB/T 2260 code of where it goes; empty while that is not known: freight is then not in the quote"`
	Coupons  []Coupon   `json:"coupons,omitempty" doc:"Those the person holds"`
	Use      []string   `json:"use,omitempty" doc:"Ids of the coupons she wants to use"`
	Best     bool       `json:"best,omitempty" doc:"Use the best of those she holds instead"`
	Points   int64      `json:"points,omitempty" doc:"How many points she is ready to spend"`
	Balance  int64      `json:"balance_fen,omitempty" doc:"How much of her balance she is ready to spend"`
	Staff    *Staff     `json:"staff,omitempty" doc:"What staff changed by hand"`
}

// CartLine is a quantity of one SKU. Lines of the same SKU add up.
type CartLine struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Customer is what pricing needs to know of who buys; the zero value is a guest.
type Customer struct {
	Level        string `json:"level,omitempty" doc:"Member level"`
	Layer        string `json:"layer,omitempty" doc:"User layer"`
	Points       int64  `json:"points,omitempty" doc:"Points she has"`
	PrincipalFen int64  `json:"principal_fen,omitempty" doc:"Balance she paid in"`
	GiftFen      int64  `json:"gift_fen,omitempty" doc:"Balance she was given"`
}

// Staff is what a person changes by hand on one order, before it is paid.
type Staff struct {
	ID         string `json:"id" doc:"Of what allows it: the change in the log"`
	OffFen     int64  `json:"off_fen,omitempty" doc:"Taken off the goods"`
	FreightFen *int64 `json:"freight_fen,omitempty" doc:"The freight instead of a higher one"`
}

// Quotation is what a cart costs, why, and how it is paid. It is kept with the order: RefundOf needs nothing else.
type Quotation struct {
	Currency     string       `json:"currency"`
	At           time.Time    `json:"at"`
	Lines        []Line       `json:"lines" doc:"By SKU, then by how its units are sold"`
	Applied      []Applied    `json:"applied" doc:"Everything that changed the price, in the order of application"`
	Freight      Freight      `json:"freight"`
	ListFen      int64        `json:"list_fen" doc:"The goods at list price"`
	GoodsFen     int64        `json:"goods_fen" doc:"What the goods come to after everything"`
	TotalFen     int64        `json:"total_fen" doc:"Goods and freight; what is paid, by any means"`
	Points       int64        `json:"points" doc:"Points spent"`
	PointsFen    int64        `json:"points_fen" doc:"What they take off the goods"`
	GiftFen      int64        `json:"gift_fen" doc:"Paid from balance that was given"`
	PrincipalFen int64        `json:"principal_fen" doc:"Paid from balance that was paid in"`
	DepositFen   int64        `json:"deposit_fen,omitempty" doc:"Paid before, at a presale"`
	CashFen      int64        `json:"cash_fen" doc:"Left to pay by other means"`
	Coupons      []UsedCoupon `json:"coupons"`
	Refused      []Refused    `json:"refused" doc:"Coupons that were asked for and cannot be used"`
	Exact        bool         `json:"exact" doc:"When the best coupons were asked for: no other choice saves more. False when there were too many choices to see all"`
}

// Line is some units of one SKU that are sold the same way. ListFen less its adjustments is PayFen.
type Line struct {
	Key          string       `json:"key" doc:"The SKU, with @ and the id of the flash sale or bundle when its units are sold so"`
	SKU          string       `json:"sku"`
	Product      string       `json:"product"`
	Quantity     int64        `json:"quantity"`
	UnitFen      int64        `json:"unit_fen" doc:"List price of one"`
	ListFen      int64        `json:"list_fen"`
	PayFen       int64        `json:"pay_fen"`
	Adjustments  []Adjustment `json:"adjustments"`
	Points       int64        `json:"points" doc:"Its part of the points spent"`
	GiftFen      int64        `json:"gift_fen" doc:"Its part of each means of payment; together they make PayFen"`
	PrincipalFen int64        `json:"principal_fen"`
	DepositFen   int64        `json:"deposit_fen,omitempty"`
	CashFen      int64        `json:"cash_fen"`
}

// Adjustment is what one rule took off one line. The rule, the reason in words and its values are in the quotation's
// applied, once for all lines.
type Adjustment struct {
	Applied int   `json:"applied" doc:"Place in applied"`
	Fen     int64 `json:"fen" doc:"Taken off, > 0"`
}

// Applied is what one rule took off the whole order, with the text that says so.
type Applied struct {
	Kind   Kind   `json:"kind"`
	Rule   string `json:"rule" doc:"Id of the rule, of the coupon that was held, or of the change by staff"`
	Fen    int64  `json:"fen" doc:"Taken off in all"`
	Code   string `json:"code" doc:"Key of the text"`
	Values Values `json:"values"`
}

// Values are what a text may need to say; those that do not matter are absent.
type Values struct {
	ThresholdFen int64  `json:"threshold_fen,omitempty"`
	OffFen       int64  `json:"off_fen,omitempty"`
	CapFen       int64  `json:"cap_fen,omitempty"`
	PriceFen     int64  `json:"price_fen,omitempty"`
	MissingFen   int64  `json:"missing_fen,omitempty"`
	Rate         int64  `json:"rate,omitempty" doc:"Ten-thousandths that remain to be paid: 8800 is 88%"`
	Units        int64  `json:"units,omitempty"`
	Times        int64  `json:"times,omitempty"`
	Points       int64  `json:"points,omitempty"`
	Level        string `json:"level,omitempty"`
	Other        string `json:"other,omitempty" doc:"Id of the coupon it does not go with"`
}

// Freight is what sending costs.
type Freight struct {
	Known        bool         `json:"known" doc:"False while the region is not known"`
	ListFen      int64        `json:"list_fen" doc:"By the templates"`
	PayFen       int64        `json:"pay_fen"`
	Adjustments  []Adjustment `json:"adjustments"`
	GiftFen      int64        `json:"gift_fen"`
	PrincipalFen int64        `json:"principal_fen"`
	DepositFen   int64        `json:"deposit_fen,omitempty"`
	CashFen      int64        `json:"cash_fen"`
}

// UsedCoupon is a coupon that the quote uses.
type UsedCoupon struct {
	ID     string `json:"id"`
	Rule   string `json:"rule"`
	Fen    int64  `json:"fen" doc:"What it takes off"`
	Return Return `json:"return"`
}

// Refused is a coupon that was asked for and cannot be used, with the text that says why.
type Refused struct {
	Coupon string `json:"coupon"`
	Code   string `json:"code"`
	Values Values `json:"values"`
}
