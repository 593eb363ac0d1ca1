package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

// promotionView is a promotion with what became of its coupons.
type promotionView struct {
	promo.Promotion
	Figures promo.Figures `json:"figures"`
}

// promotionSettings is what holds for every cart.
type promotionSettings struct {
	promo.General
	Version int64 `json:"version"`
}

// couponHolder is a coupon and who holds it.
type couponHolder struct {
	promo.Coupon
	Person *segmentPerson `json:"person,omitempty" doc:"Left out when erased"`
}

// issueIn says who is given a coupon.
type issueIn struct {
	RequestID string   `json:"request_id" minLength:"1" maxLength:"64" doc:"The same request gives its coupons once"`
	Customers []string `json:"customers,omitempty" maxItems:"5000" doc:"Ids or numbers"`
	Segment   string   `json:"segment,omitempty" maxLength:"64"`
	Campaign  string   `json:"campaign,omitempty" maxLength:"64"`
	Expect    *int64   `json:"expect,omitempty" doc:"How many people the segment had when it was looked at; needed with a segment"`
}

// tryIn is a cart of the catalogue's goods to be priced by the offers as they are, and who would buy it.
type tryIn struct {
	Lines      []pricing.CartLine `json:"lines" minItems:"1" maxItems:"100"`
	Customer   string             `json:"customer,omitempty" maxLength:"64" doc:"Id or number; left out: somebody of the level and layer"`
	Level      string             `json:"level,omitempty" maxLength:"40"`
	Layer      string             `json:"layer,omitempty" enum:",vip,potential,new,silent,lost"`
	Region     string             `json:"region,omitempty" maxLength:"12" doc:"GB/T 2260 code of where it goes; left out: freight is not in the quote"`
	Pickup     bool               `json:"pickup,omitempty"`
	Coupons    []string           `json:"coupons,omitempty" maxItems:"10" doc:"Of the customer's"`
	Best       bool               `json:"best,omitempty" doc:"Use her best coupons instead"`
	Points     int64              `json:"points,omitempty" minimum:"0"`
	BalanceFen int64              `json:"balance_fen,omitempty" minimum:"0"`
	At         time.Time          `json:"at,omitzero" doc:"When; now when it is left out"`
}

// registerPromo: what the brand offers, and who holds its coupons.
func registerPromo(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	type list struct {
		Kind    []promo.Kind `query:"kind" enum:"coupon,reduction,bundle,member,freight" doc:"Only these"`
		Search  string       `query:"search" maxLength:"80"`
		Stopped bool         `query:"stopped" doc:"Those that are stopped instead"`
		Paging
	}
	get(a, "/api/v1/promotions", "list_promotions", staff.PromoRead, func(ctx context.Context, in *list) (Page[promotionView], error) {
		page, err := a.Services.Promo.List(ctx, promo.Filter{Kinds: in.Kind, Search: in.Search, Stopped: in.Stopped, After: in.After, Limit: min(in.Limit, 200)})
		if err != nil {
			return Page[promotionView]{}, err
		}
		items, err := a.promotions(ctx, page.Items...)
		return PageOf(items, page.Next, page.Total), err
	}, summary("What the brand offers, last changed first"))
	type creation struct{ Body promo.Draft }
	post(a, "/api/v1/promotions", "create_promotion", staff.PromoWrite, func(ctx context.Context, in *creation) (promo.Promotion, error) {
		return a.Services.Promo.Create(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Make an offer"), status(http.StatusCreated))
	get(a, "/api/v1/promotions/{id}", "get_promotion", staff.PromoRead, func(ctx context.Context, in *ByID) (promotionView, error) {
		p, err := a.Services.Promo.Get(ctx, in.ID)
		if err != nil {
			return promotionView{}, err
		}
		all, err := a.promotions(ctx, p)
		if err != nil {
			return promotionView{}, err
		}
		return all[0], nil
	}, summary("One offer"))
	type change struct {
		ByID
		Body struct {
			promo.Draft
			Version int64 `json:"version" doc:"The version that was read; another writer's change is a conflict"`
		}
	}
	put(a, "/api/v1/promotions/{id}", "change_promotion", staff.PromoWrite, func(ctx context.Context, in *change) (promo.Promotion, error) {
		return a.Services.Promo.Change(ctx, in.ID, in.Body.Version, in.Body.Draft, auth.From(ctx).ID)
	}, summary("Change an offer; coupons that people hold keep what they promised"))
	type stop struct {
		ByID
		Body struct {
			Stopped bool `json:"stopped"`
		}
	}
	put(a, "/api/v1/promotions/{id}/stopped", "stop_promotion", staff.PromoWrite, func(ctx context.Context, in *stop) (promo.Promotion, error) {
		return a.Services.Promo.Stop(ctx, in.ID, in.Body.Stopped, auth.From(ctx).ID)
	}, summary("Take an offer off, or put it back; coupons that people hold stay good"))
	get(a, "/api/v1/promotions/{id}/versions", "list_promotion_versions", staff.PromoRead, func(ctx context.Context, in *ByID) (Page[promo.Promotion], error) {
		items, err := a.Services.Promo.Versions(ctx, in.ID)
		return PageOf(items, "", int64(len(items))), err
	}, summary("What an offer was, the newest first"))

	type none struct{}
	get(a, "/api/v1/promotion-settings", "get_promotion_settings", staff.PromoRead, func(ctx context.Context, _ *none) (promotionSettings, error) {
		g, version, err := a.Services.Promo.General(ctx)
		return promotionSettings{g, version}, err
	}, summary("What goes with what in every cart"))
	type set struct{ Body promotionSettings }
	put(a, "/api/v1/promotion-settings", "set_promotion_settings", staff.PromoWrite, func(ctx context.Context, in *set) (promotionSettings, error) {
		version, err := a.Services.Promo.SetGeneral(ctx, in.Body.General, in.Body.Version, auth.From(ctx).ID)
		return promotionSettings{in.Body.General, version}, err
	}, summary("Change what goes with what in every cart"))
	type try struct{ Body tryIn }
	post(a, "/api/v1/promotions/try", "try_cart", staff.PromoRead, func(ctx context.Context, in *try) (checkout.Preview, error) {
		return a.tryCart(ctx, in.Body)
	}, summary("What a cart would cost a customer, or somebody of a layer, by the offers as they are: line by line, and what each coupon would save"))
	registerPromoCoupons(a)
	registerPromoCodes(a)
}

// promotions returns promotions with their figures.
func (a *API) promotions(ctx context.Context, all ...promo.Promotion) ([]promotionView, error) {
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	figures, err := a.Services.Promo.Figures(ctx, ids)
	out := make([]promotionView, len(all))
	for i, p := range all {
		out[i] = promotionView{p, figures[p.ID]}
	}
	return out, err
}

func (a *API) tryCart(ctx context.Context, in tryIn) (checkout.Preview, error) {
	t := checkout.Trial{Level: in.Level, Layer: in.Layer, At: in.At}
	if in.Customer != "" {
		if !auth.From(ctx).Can(staff.CustomersRead) { // the answer tells of her coupons, points and balance
			return checkout.Preview{}, auth.ErrForbidden
		}
		c, err := a.Services.Customers.Get(ctx, in.Customer)
		if err != nil {
			return checkout.Preview{}, err
		}
		t.Customer = c.Number
	}
	return a.Services.Sales.Try(ctx, t, checkout.Wish{
		Lines: in.Lines, Coupons: in.Coupons, Best: in.Best, Points: in.Points, Balance: in.BalanceFen, Pickup: in.Pickup, Address: checkout.Address{Region: in.Region},
	})
}

// registerPromoCoupons: coupons given to people, and who holds them.
func registerPromoCoupons(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	type issue struct {
		ByID
		Body issueIn
	}
	post(a, "/api/v1/promotions/{id}/issues", "issue_coupons", staff.PromoIssue, func(ctx context.Context, in *issue) (promo.Issue, error) {
		people, err := a.issuedTo(ctx, in.Body)
		if err != nil {
			return promo.Issue{}, err
		}
		return a.Services.Promo.Issue(ctx, promo.Issuing{Request: in.Body.RequestID, Promotion: in.ID, People: people, Audience: in.Body.Segment, Campaign: in.Body.Campaign}, auth.From(ctx).ID)
	}, summary("Give a coupon to customers or to a segment as it is now; it is worked off in the background"), status(http.StatusAccepted))
	get(a, "/api/v1/promotions/{id}/issues", "list_issues", staff.PromoRead, func(ctx context.Context, in *ByID) (Page[promo.Issue], error) {
		items, err := a.Services.Promo.Issues(ctx, in.ID)
		return PageOf(items, "", int64(len(items))), err
	}, summary("When a coupon was given to many, the newest first"))
	type holders struct {
		ByID
		State promo.State `query:"state" enum:"unused,locked,used,expired"`
		Paging
	}
	get(a, "/api/v1/promotions/{id}/coupons", "list_coupon_holders", staff.CustomersRead, func(ctx context.Context, in *holders) (Page[couponHolder], error) {
		held, next, err := a.Services.Promo.Holders(ctx, in.ID, in.State, in.After, in.Limit)
		if err != nil {
			return Page[couponHolder]{}, err
		}
		numbers := make([]uint32, 0, len(held))
		for _, c := range held {
			numbers = append(numbers, c.Customer)
		}
		people, err := a.segmentPeople(ctx, numbers)
		by := map[uint32]*segmentPerson{}
		for i := range people {
			by[people[i].Number] = &people[i]
		}
		items := make([]couponHolder, len(held))
		for i, c := range held {
			items[i] = couponHolder{c, by[c.Customer]}
		}
		return PageOf(items, next, -1), err
	}, summary("Who holds a coupon, the newest first"))
	get(a, "/api/v1/customers/{id}/coupons", "list_customer_coupons", staff.CustomersRead, func(ctx context.Context, in *ByID) (Page[promo.Holding], error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return Page[promo.Holding]{}, err
		}
		items, err := a.Services.Promo.Of(ctx, c.Number)
		return PageOf(items, "", int64(len(items))), err
	}, summary("The coupons of a customer, those that can be used first"))
}

// issuedTo returns the people a coupon is to be given to.
func (a *API) issuedTo(ctx context.Context, in issueIn) (*roaring.Bitmap, error) {
	switch {
	case (in.Segment == "") == (len(in.Customers) == 0):
		return nil, errs.New(errs.Invalid, "promo.whom", "either customers or a segment").At("customers")
	case in.Segment != "" && in.Expect == nil:
		return nil, errs.New(errs.Invalid, "promo.expect", "say how many people were expected").At("expect")
	}
	if in.Segment != "" {
		people, err := a.Services.Segments.Resolve(ctx, "segment", in.Segment)
		if err != nil {
			return nil, err
		}
		// A segment lives: a tenth more than was seen is the same audience, twice as many is a mistake.
		if n := int64(people.GetCardinality()); n > *in.Expect+*in.Expect/10+10 {
			return nil, errs.New(errs.Conflict, "promo.segment_grew", "the segment has %d people now", n).With("people", n).At("expect")
		}
		return people, nil
	}
	people := roaring.New()
	for _, one := range in.Customers {
		c, err := a.Services.Customers.Get(ctx, one)
		if err != nil {
			return nil, err
		}
		people.Add(c.Number)
	}
	return people, nil
}

// registerPromoCodes: codes that become coupons.
func registerPromoCodes(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	type batch struct {
		ByID
		Body promo.NewBatch
	}
	post(a, "/api/v1/promotions/{id}/batches", "create_codes", staff.PromoIssue, func(ctx context.Context, in *batch) (promo.Batch, error) {
		return a.Services.Promo.AddBatch(ctx, in.ID, in.Body, auth.From(ctx).ID)
	}, summary("Make codes that become a coupon"), status(http.StatusCreated))
	get(a, "/api/v1/promotions/{id}/batches", "list_code_batches", staff.PromoRead, func(ctx context.Context, in *ByID) (Page[promo.Batch], error) {
		items, err := a.Services.Promo.Batches(ctx, in.ID)
		return PageOf(items, "", int64(len(items))), err
	}, summary("The batches of codes of a coupon, the newest first"))
	raw(a, http.MethodPost, "/api/v1/promotions/{id}/codes", "import_codes", staff.PromoIssue, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		q := r.URL.Query()
		out, err := a.Services.Promo.ImportCodes(r.Context(), r.PathValue("id"), promo.NewBatch{Name: q.Get("name"), Campaign: q.Get("campaign")}, r.Body, auth.From(r.Context()).ID)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(out)
	}, summary("Make a batch of the codes in the first column of a CSV or XLSX file"), param("name", "What the batch is called"), param("campaign", "Campaign id"), maxBody(20<<20))
	type stop struct {
		ByID
		Body struct {
			Stopped bool `json:"stopped"`
		}
	}
	put(a, "/api/v1/coupon-batches/{id}/stopped", "stop_code_batch", staff.PromoIssue, func(ctx context.Context, in *stop) (None, error) {
		return None{}, a.Services.Promo.StopBatch(ctx, in.ID, in.Body.Stopped)
	}, summary("Make the codes of a batch good for nothing, or good again"))
	raw(a, http.MethodGet, "/api/v1/coupon-batches/{id}/codes", "export_codes", staff.PromoIssue, "text/csv", func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="codes.csv"`)
		w.Header().Set("Cache-Control", "no-store")
		return a.Services.Promo.ExportCodes(r.Context(), w, r.PathValue("id"))
	}, summary("The codes of a batch as CSV"))
}
