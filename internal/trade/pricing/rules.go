package pricing

import "time"

// Rules is all that a cart is priced by: the catalogue's part of it and what the brand offers. Rules outside their
// window, or for others, may be among them; they do nothing.
type Rules struct {
	Items      map[string]Item     // by SKU; a SKU that is not here cannot be bought
	Members    []Member            // member prices
	Flash      []Flash             // flash prices
	Bundles    []Bundle            // sets at a price
	Reductions []Reduction         // full-reductions
	Templates  map[string]Freights // freight templates, by id
	Points     *Points             // nil: points buy nothing
	Deposit    *Deposit            // nil: none was paid
	Balance    Balance
	Stacking   Stacking
}

// Item is a SKU as far as it matters to its price.
type Item struct {
	Product    string   `json:"product"`
	Categories []string `json:"categories,omitempty" doc:"Its category and those above"`
	PriceFen   int64    `json:"price_fen"`
	WeightGram int64    `json:"weight_gram,omitempty"`
	Freight    string   `json:"freight,omitempty" doc:"Freight template; empty is sent for nothing, or not sent at all"`
}

// Window is when a rule holds: From ≤ now < Until; a zero time is no end.
type Window struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Holds reports whether now is inside.
func (w Window) Holds(now time.Time) bool {
	return !now.Before(w.From) && (w.Until.IsZero() || now.Before(w.Until))
}

// Audience is whom a rule is for; an empty list is everybody.
type Audience struct {
	Levels []string `json:"levels,omitempty" maxItems:"50" doc:"Member levels"`
	Layers []string `json:"layers,omitempty" maxItems:"50" doc:"User layers"`
}

// Scope is what goods a rule is about. Nothing included is everything; what is excluded is out, however it was included.
type Scope struct {
	SKUs             []string `json:"skus,omitempty" maxItems:"2000"`
	Products         []string `json:"products,omitempty" maxItems:"2000"`
	Categories       []string `json:"categories,omitempty" maxItems:"500"`
	ExceptSKUs       []string `json:"except_skus,omitempty" maxItems:"2000"`
	ExceptProducts   []string `json:"except_products,omitempty" maxItems:"2000"`
	ExceptCategories []string `json:"except_categories,omitempty" maxItems:"500"`
}

// Member gives member levels a price: a fixed one by SKU, or a rate of the list price for all of its scope.
type Member struct {
	ID     string           `json:"id,omitempty"`
	When   Window           `json:"when,omitzero"`
	For    Audience         `json:"for,omitzero"`
	Scope  Scope            `json:"scope,omitzero"`
	Rate   int64            `json:"rate,omitempty" doc:"Ten-thousandths of the list price, 1–10000, half a fen up; 0 when only prices count"`
	Prices map[string]int64 `json:"prices_fen,omitempty" doc:"By SKU; goes before the rate"`
}

// Flash is a price for a while, for so many units a person.
type Flash struct {
	Kind      Kind     `json:"kind,omitempty" doc:"flash unless it says group or presale"`
	ID        string   `json:"id"`
	When      Window   `json:"when,omitzero"`
	For       Audience `json:"for,omitzero"`
	SKU       string   `json:"sku"`
	PriceFen  int64    `json:"price_fen"`
	PerPerson int64    `json:"per_person,omitempty" doc:"Units one person may have; 0 is no limit"`
	Bought    int64    `json:"bought,omitempty" doc:"Units this person has had"`
	Left      int64    `json:"left" doc:"Units left at this price; -1 is no limit"`
}

func (f *Flash) kind() Kind {
	if f.Kind == "" {
		return KindFlash
	}
	return f.Kind
}

// Deposit is what was paid before for what is in the cart, and what it counts for.
type Deposit struct {
	ID       string `json:"id"`
	Fen      int64  `json:"fen"`
	WorthFen int64  `json:"worth_fen" doc:"At least Fen"`
}

// Bundle is a fixed set of units at a price.
type Bundle struct {
	ID       string       `json:"id,omitempty"`
	When     Window       `json:"when,omitzero"`
	For      Audience     `json:"for,omitzero"`
	Items    []BundleItem `json:"items"`
	PriceFen int64        `json:"price_fen"`
	Limit    int64        `json:"limit,omitempty" doc:"Sets in one order; 0 is no limit"`
}

// BundleItem is some units of a SKU in every set of a bundle.
type BundleItem struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"64"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"1000"`
}

// Reduction takes money off when enough of its scope is bought (满减, 满折, 每满).
type Reduction struct {
	ID       string   `json:"id,omitempty"`
	When     Window   `json:"when,omitzero"`
	For      Audience `json:"for,omitzero"`
	Scope    Scope    `json:"scope,omitzero"`
	Steps    []Step   `json:"steps" doc:"The last that is reached counts"`
	Each     bool     `json:"each,omitempty" doc:"The only step counts every time its threshold is reached (每满)"`
	MaxTimes int64    `json:"max_times,omitempty" doc:"Of each; 0 is no limit"`
	Group    string   `json:"group,omitempty" doc:"Goods take part in one reduction of a group"`
	Priority int64    `json:"priority,omitempty" doc:"The lower goes first"`
}

// Step is one rung of a reduction: from FromFen, or from FromUnits, either OffFen is taken off or Rate remains.
type Step struct {
	FromFen   int64 `json:"from_fen,omitempty" minimum:"0"`
	FromUnits int64 `json:"from_units,omitempty" minimum:"0"`
	OffFen    int64 `json:"off_fen,omitempty" minimum:"0"`
	Rate      int64 `json:"rate,omitempty" minimum:"0" maximum:"9999" doc:"Ten-thousandths that remain to be paid"`
}

// Return says what becomes of a coupon when goods it was used for come back. An order that is cancelled gives all back.
type Return string

// What becomes of a coupon.
const (
	ReturnWhole Return = "whole" // it comes back when everything it was used for has come back
	ReturnNever Return = "never"
)

// Coupon is one coupon that a person holds, with what it promises.
type Coupon struct {
	ID             string   `json:"id,omitempty" doc:"Of this one coupon"`
	Rule           string   `json:"rule,omitempty" doc:"Of what it promises: coupons of the same rule are alike"`
	Kind           Kind     `json:"kind" enum:"coupon_full,coupon_discount,coupon_freight,coupon_gift"`
	When           Window   `json:"when,omitzero"`
	For            Audience `json:"for,omitzero"`
	Scope          Scope    `json:"scope,omitzero"`
	ThresholdFen   int64    `json:"threshold_fen,omitempty" doc:"What the goods in its scope must come to; of freight and gift, all goods"`
	ThresholdUnits int64    `json:"threshold_units,omitempty" doc:"The same in units"`
	OffFen         int64    `json:"off_fen,omitempty" doc:"Of a full-reduction: taken off. Of freight: at most; 0 is all of it"`
	Rate           int64    `json:"rate,omitempty" doc:"Of a discount: ten-thousandths that remain to be paid"`
	CapFen         int64    `json:"cap_fen,omitempty" doc:"Of a discount and of a gift: takes off no more; 0 is no cap"`
	Units          int64    `json:"units,omitempty" doc:"Of a gift: so many units of its scope for nothing, the dearest first; 0 is one"`
	Group          string   `json:"group,omitempty" doc:"One coupon of a group in an order"`
	Alone          bool     `json:"alone,omitempty" doc:"With no other coupon"`
	PerOrder       int64    `json:"per_order,omitempty" doc:"Coupons of its rule in one order; 0 is one"`
	Return         Return   `json:"return,omitempty" doc:"Empty is whole"`
}

// Points says what points are worth in a purchase: every StepPoints take StepFen off.
type Points struct {
	StepPoints int64    `json:"step_points" minimum:"1" maximum:"1000000"`
	StepFen    int64    `json:"step_fen" minimum:"1" maximum:"1000000"`
	MaxShare   int64    `json:"max_share" minimum:"0" maximum:"10000" doc:"Ten-thousandths of what the goods come to that points may pay"`
	MinFen     int64    `json:"min_fen,omitempty" minimum:"0" doc:"What the goods must come to"`
	Scope      Scope    `json:"scope,omitzero"`
	For        Audience `json:"for,omitzero"`
}

// Balance says how a person's balance pays: what she was given goes first, up to a share.
type Balance struct {
	GiftMaxShare int64 `json:"gift_max_share" minimum:"0" maximum:"10000" doc:"Ten-thousandths of the total that given balance may pay; 0 is none"`
}

// Stacking says what goes with what.
type Stacking struct {
	// Excludes are kinds that do not meet: goods that one of the two has changed take no part in the other, and of coupons,
	// the two are not used together. What comes first in the order of application wins.
	Excludes      [][2]Kind `json:"excludes,omitempty" maxItems:"40"`
	MaxCoupons    int64     `json:"max_coupons" minimum:"0" maximum:"10" doc:"Coupons in one order; 0 is one"`
	MaxReductions int64     `json:"max_reductions" minimum:"0" maximum:"100" doc:"Reductions in one order; 0 is no limit"`
}

// Freights is a freight template: how goods that name it are charged for, by region.
type Freights struct {
	ID         string   `json:"id,omitempty"`
	By         string   `json:"by" enum:"piece,weight,amount"`
	Regions    []Region `json:"regions" doc:"The one with the longest code that fits counts; one without codes is everywhere else"`
	FreeLevels []string `json:"free_levels,omitempty" doc:"Member levels that pay no freight"`
}

// By what freight counts.
const (
	ByPiece  = "piece"
	ByWeight = "weight" // grams
	ByAmount = "amount" // fen
)

// Region is what sending to some places costs.
type Region struct {
	Codes []string `json:"codes,omitempty" maxItems:"4000" doc:"GB/T 2260 codes, of which a beginning is enough: 44 is Guangdong"`
	No    bool     `json:"no,omitempty" doc:"Not sent there"`
	// By piece and weight: First of them cost FirstFen, every More that are begun after that MoreFen.
	First    int64 `json:"first,omitempty" minimum:"0"`
	FirstFen int64 `json:"first_fen,omitempty" minimum:"0"`
	More     int64 `json:"more,omitempty" minimum:"0"`
	MoreFen  int64 `json:"more_fen,omitempty" minimum:"0"`
	// By amount: the last step that the goods reach.
	Steps         []FreightStep `json:"steps,omitempty" maxItems:"50"`
	FreeOverFen   int64         `json:"free_over_fen,omitempty" minimum:"0" doc:"Nothing from this amount of the template's goods, before coupons; 0 is never"`
	FreeOverUnits int64         `json:"free_over_units,omitempty" minimum:"0"`
}

// FreightStep is what freight costs from an amount of goods.
type FreightStep struct {
	FromFen int64 `json:"from_fen" minimum:"0"`
	Fen     int64 `json:"fen" minimum:"0"`
}
