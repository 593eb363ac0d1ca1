// Package promo holds what the brand offers: coupons and who holds them, full-reductions, bundles, member prices and
// freight templates. It says what the rules are; what a cart costs by them is pricing's to say.
//
// A coupon is used once. It is unused, then locked by an order that was placed, then used when that is paid; an order that
// is cancelled, or goods that come back, make it unused again. Every step is one guarded statement in the transaction of
// the order: of any number of orders that want the same coupon at once, one gets it and the others are told.
package promo

import (
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/pricing"
)

// Kind is what a promotion is.
type Kind string

// The kinds of promotion.
const (
	Coupons   Kind = "coupon"
	Reduction Kind = "reduction" // 满减
	Bundle    Kind = "bundle"    // 组合
	Member    Kind = "member"    // 会员价
	Freight   Kind = "freight"   // 运费模板
)

// Promotion is one thing the brand offers.
type Promotion struct {
	ID        string    `db:"id" json:"id"`
	Kind      Kind      `db:"kind" json:"kind" enum:"coupon,reduction,bundle,member,freight"`
	Version   int64     `db:"version" json:"version"`
	Name      string    `db:"name" json:"name"`
	Note      string    `db:"note" json:"note"`
	StartsAt  time.Time `db:"starts_at" json:"starts_at,omitzero" doc:"Of a coupon: from when it can be claimed"`
	EndsAt    time.Time `db:"ends_at" json:"ends_at,omitzero"`
	Stopped   bool      `db:"stopped" json:"stopped" doc:"Not offered any more; coupons that people hold stay good"`
	Terms     Terms     `db:"terms,json" json:"terms"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	ChangedAt time.Time `db:"changed_at" json:"changed_at"`
	ChangedBy string    `db:"changed_by" json:"changed_by"`
}

// Terms is what a promotion promises: the one of its kind is there.
type Terms struct {
	Coupon    *CouponTerms       `json:"coupon,omitempty"`
	Reduction *pricing.Reduction `json:"reduction,omitempty"`
	Bundle    *pricing.Bundle    `json:"bundle,omitempty"`
	Member    *pricing.Member    `json:"member,omitempty"`
	Freight   *pricing.Freights  `json:"freight,omitempty"`
}

// CouponTerms is what a coupon promises, how long it is good for, and who may have how many.
type CouponTerms struct {
	Gives  pricing.Coupon `json:"gives"`
	Valid  Validity       `json:"valid"`
	Limits Limits         `json:"limits,omitzero"`
	Open   bool           `json:"open,omitempty" doc:"Customers may claim it themselves; else it is issued, or comes by a code"`
}

// Validity is how long a coupon is good for once it is held: until a day for all, or some days for each.
type Validity struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Days  int64     `json:"days,omitempty" minimum:"0" maximum:"3650" doc:"Good for so many times 24 hours from when it is held, instead of until"`
}

// Limits is how many may be given; 0 is no limit.
type Limits struct {
	Total     int64            `json:"total,omitempty" minimum:"0"`
	PerDay    int64            `json:"per_day,omitempty" minimum:"0" doc:"On a day of the business zone"`
	PerPerson int64            `json:"per_person,omitempty" minimum:"0" maximum:"1000"`
	PerLayer  map[string]int64 `json:"per_layer,omitempty" doc:"By layer; a layer that is not named has no limit"`
}

// Draft is a promotion as a person writes it.
type Draft struct {
	Kind     Kind      `json:"kind" enum:"coupon,reduction,bundle,member,freight"`
	Name     string    `json:"name" minLength:"1" maxLength:"80"`
	Note     string    `json:"note,omitempty" maxLength:"500"`
	StartsAt time.Time `json:"starts_at,omitzero"`
	EndsAt   time.Time `json:"ends_at,omitzero"`
	Terms    Terms     `json:"terms"`
}

func invalid(field, code, format string, args ...any) error {
	return errs.New(errs.Invalid, code, format, args...).At(field)
}

// check reports the first thing that is wrong with a draft, and puts what is right into one form: lists sorted, ids and
// windows of rules left out, for the promotion has them.
func (d *Draft) check() error {
	d.Name, d.Note = strings.TrimSpace(d.Name), strings.TrimSpace(d.Note)
	if d.Name == "" || len(d.Name) > 400 {
		return invalid("name", "promo.name", "a promotion has a name of at most 80 letters")
	}
	d.StartsAt, d.EndsAt = d.StartsAt.UTC().Truncate(time.Microsecond), d.EndsAt.UTC().Truncate(time.Microsecond)
	if !d.EndsAt.IsZero() && !d.EndsAt.After(d.StartsAt) {
		return invalid("ends_at", "promo.window", "it ends before it begins")
	}
	t := d.Terms
	n := 0
	for _, has := range []bool{t.Coupon != nil, t.Reduction != nil, t.Bundle != nil, t.Member != nil, t.Freight != nil} {
		if has {
			n++
		}
	}
	wrong := invalid("terms", "promo.terms", "the terms are those of one %s", d.Kind)
	if n != 1 {
		return wrong
	}
	switch {
	case d.Kind == Coupons && t.Coupon != nil:
		return t.Coupon.check()
	case d.Kind == Reduction && t.Reduction != nil:
		r := t.Reduction
		r.ID, r.When, r.Group = "", pricing.Window{}, strings.TrimSpace(r.Group)
		tidy(&r.Scope, &r.For)
		return in("terms.reduction", r.Validate())
	case d.Kind == Bundle && t.Bundle != nil:
		b := t.Bundle
		b.ID, b.When = "", pricing.Window{}
		tidy(&pricing.Scope{}, &b.For)
		return in("terms.bundle", b.Validate())
	case d.Kind == Member && t.Member != nil:
		m := t.Member
		m.ID, m.When = "", pricing.Window{}
		tidy(&m.Scope, &m.For)
		return in("terms.member", m.Validate())
	case d.Kind == Freight && t.Freight != nil:
		t.Freight.ID = ""
		t.Freight.FreeLevels = sorted(t.Freight.FreeLevels)
		if !d.StartsAt.IsZero() || !d.EndsAt.IsZero() {
			return invalid("starts_at", "promo.freight_window", "freight always holds")
		}
		return in("terms.freight", t.Freight.Validate())
	}
	return wrong
}

func (t *CouponTerms) check() error {
	g := &t.Gives
	g.ID, g.Rule, g.When, g.Group = "", "", pricing.Window{}, strings.TrimSpace(g.Group)
	if g.Return == "" {
		g.Return = pricing.ReturnWhole
	}
	tidy(&g.Scope, &g.For)
	if err := in("terms.coupon.gives", g.Validate()); err != nil {
		return err
	}
	v := &t.Valid
	v.From, v.Until = v.From.UTC().Truncate(time.Microsecond), v.Until.UTC().Truncate(time.Microsecond)
	switch {
	case v.Days < 0 || v.Days > 3650 || (v.Days > 0) == !v.Until.IsZero():
		return invalid("terms.coupon.valid", "promo.validity", "a coupon is good until a day, or for 1 to 3650 days")
	case !v.Until.IsZero() && !v.Until.After(v.From):
		return invalid("terms.coupon.valid.until", "promo.window", "it ends before it begins")
	}
	l := t.Limits
	if l.Total < 0 || l.PerDay < 0 || l.PerPerson < 0 || l.PerPerson > 1000 || len(l.PerLayer) > 50 {
		return invalid("terms.coupon.limits", "promo.limits", "limits are not negative, and a person may have at most 1000")
	}
	for layer, n := range l.PerLayer {
		if layer == "" || len(layer) > 64 || n < 0 {
			return invalid("terms.coupon.limits.per_layer", "promo.limits", "a layer has a code and a limit")
		}
	}
	return nil
}

// in names the terms that a field belongs to.
func in(where string, err error) error {
	if e, ok := err.(*errs.Error); ok { //nolint:errorlint // Validate returns the error itself
		return e.At(where + "." + e.Field)
	}
	return err
}

// tidy sorts the lists of a rule, each entry once and none empty.
func tidy(s *pricing.Scope, a *pricing.Audience) {
	for _, list := range []*[]string{&s.SKUs, &s.Products, &s.Categories, &s.ExceptSKUs, &s.ExceptProducts, &s.ExceptCategories, &a.Levels, &a.Layers} {
		*list = sorted(*list)
	}
}

func sorted(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// window is when a promotion holds.
func (p *Promotion) window() pricing.Window { return pricing.Window{From: p.StartsAt, Until: p.EndsAt} }

// Draft returns what a person may change of the promotion.
func (p Promotion) Draft() Draft {
	return Draft{Kind: p.Kind, Name: p.Name, Note: p.Note, StartsAt: p.StartsAt, EndsAt: p.EndsAt, Terms: p.Terms}
}

// State is where a coupon is in its life.
type State string

// The states of a coupon.
const (
	Unused  State = "unused"
	Locked  State = "locked" // an order that is not paid yet holds it
	Used    State = "used"
	Expired State = "expired"
)

// Ways in which a coupon came to its holder.
const (
	SourceClaim = "claim"
	SourceIssue = "issue"
	SourceCode  = "code"
)

// Coupon is one coupon that a customer holds.
type Coupon struct {
	ID         string    `db:"id" json:"id"`
	Promotion  string    `db:"promotion_id" json:"promotion"`
	Version    int64     `db:"version" json:"version" doc:"Of the promotion: what the coupon promises does not change"`
	Customer   uint32    `db:"customer" json:"customer"`
	Guard      string    `db:"guard" json:"-"`
	State      State     `db:"state" json:"state" enum:"unused,locked,used,expired"`
	ValidFrom  time.Time `db:"valid_from" json:"valid_from"`
	ValidUntil time.Time `db:"valid_until" json:"valid_until"`
	Source     string    `db:"source" json:"source" enum:"claim,issue,code"`
	Cause      string    `db:"cause" json:"cause,omitempty" doc:"Issue or batch of codes"`
	Campaign   string    `db:"campaign" json:"campaign,omitempty"`
	Order      string    `db:"order_id,null" json:"order,omitempty"`
	SavedFen   int64     `db:"saved_fen" json:"saved_fen" doc:"What it took off the order that holds it"`
	ClaimedAt  time.Time `db:"claimed_at" json:"claimed_at"`
	LockedAt   time.Time `db:"locked_at" json:"locked_at,omitzero"`
	UsedAt     time.Time `db:"used_at" json:"used_at,omitzero"`
	Returns    int64     `db:"returns" json:"returns" doc:"How often it came back"`
}

// window returns when a coupon that is held from an instant is good: of one for some days from then, never before From.
func (v Validity) window(held time.Time) (from, until time.Time) {
	from = held
	if v.From.After(from) {
		from = v.From
	}
	if v.Days > 0 {
		return from, from.Add(time.Duration(v.Days) * 24 * time.Hour)
	}
	return from, v.Until
}
