package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/aftersale"
)

// AfterSalePage is a page of cases with how many stand where.
type AfterSalePage struct {
	Page[aftersale.Case]
	Counts map[string]int64 `json:"counts" doc:"By state, of all cases"`
}

// AfterSaleDetail is a case with its order's customer, as staff see it.
type AfterSaleDetail struct {
	aftersale.Detail
	Buyer string `json:"buyer" doc:"The customer's id"`
	Name  string `json:"name"`
}

// registerAfterSale: what customers ask for after a sale, for them and for staff.
func registerAfterSale(a *API) {
	registerShopAfterSale(a)

	type filter struct {
		Paging
		Q     string `query:"q" maxLength:"64" doc:"The beginning of the number of a case or an order"`
		State string `query:"state" enum:"requested,asked,awaiting,sent,replacing,refunded,replaced,refused,cancelled,closed"`
		Kind  string `query:"kind" enum:"refund,return,exchange"`
		Sale  string `query:"sale" maxLength:"64"`
		Open  bool   `query:"open" doc:"Only those that have not ended"`
		Sort  string `query:"sort" enum:"new,old"`
	}
	get(a, "/api/v1/after-sale", "list_after_sale", staff.SalesRead, func(ctx context.Context, in *filter) (AfterSalePage, error) {
		p, err := a.Services.AfterSale.List(ctx, aftersale.Filter{
			State: aftersale.State(in.State), Kind: aftersale.Kind(in.Kind), Sale: in.Sale, Open: in.Open, Oldest: in.Sort == "old", Search: strings.TrimSpace(in.Q), After: in.After, Limit: in.Limit,
		})
		if err != nil {
			return AfterSalePage{}, err
		}
		counts, err := a.Services.AfterSale.Counts(ctx)
		out := AfterSalePage{Page: PageOf(p.Items, p.Next, p.Total), Counts: map[string]int64{}}
		for state, n := range counts {
			out.Counts[string(state)] = n
		}
		return out, err
	}, summary("Cases of after-sale, the latest asked first"))

	detail := func(ctx context.Context, id string) (AfterSaleDetail, error) {
		d, err := a.Services.AfterSale.Get(ctx, 0, id)
		if err != nil {
			return AfterSaleDetail{}, err
		}
		out := AfterSaleDetail{Detail: d}
		c, err := a.Services.Customers.Get(ctx, strconv.FormatUint(uint64(d.Case.Customer), 10))
		if err == nil {
			out.Buyer, out.Name = c.ID, c.Name
		} else if errs.Is(err, errs.NotFound) {
			err = nil // she was forgotten
		}
		return out, err
	}
	get(a, "/api/v1/after-sale/{id}", "get_after_sale", staff.SalesRead, func(ctx context.Context, in *ByID) (AfterSaleDetail, error) {
		return detail(ctx, in.ID)
	}, summary("A case with its history, and what agreeing would give back now"))

	get(a, "/api/v1/store/orders/{id}/after-sale", "list_after_sale_options", staff.SalesRead, func(ctx context.Context, in *ByID) (aftersale.Options, error) {
		return a.Services.AfterSale.Options(ctx, 0, in.ID)
	}, summary("What can be asked about an order, and what was"))

	type open struct {
		Request string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"64"`
		Body    struct {
			aftersale.Wish
			Override string `json:"override,omitempty" maxLength:"200" doc:"Why, when its time is over"`
		}
	}
	post(a, "/api/v1/after-sale", "open_after_sale", staff.SalesRefund, func(ctx context.Context, in *open) (aftersale.Case, error) {
		in.Body.Pictures = nil
		return a.Services.AfterSale.Open(ctx, 0, in.Request, in.Body.Wish, strings.TrimSpace(in.Body.Override), auth.From(ctx).ID)
	}, summary("Open a case for a customer"), status(http.StatusCreated))

	type step struct {
		ByID
		Request string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"64" doc:"Made once by the page: the same again changes nothing"`
		Body    struct {
			Step       string           `json:"step" enum:"agree,refuse,ask,receive,reject,instead,cancel,send"`
			Note       string           `json:"note,omitempty" maxLength:"500"`
			Freight    *bool            `json:"freight,omitempty" doc:"Whether the order's freight comes back too; left out: as usual"`
			Amounts    map[string]int64 `json:"amounts_fen,omitempty" doc:"Of goods that stay: money by line, instead of units"`
			Good       []int64          `json:"good,omitempty" maxItems:"50" doc:"Of what came back: units of each line that can be sold again; left out: all"`
			InsuredFen *int64           `json:"insured_fen,omitempty" minimum:"0" maximum:"1000000" doc:"What the freight insurance pays; left out: what the customer says, up to what is insured"`
			Carrier    string           `json:"carrier,omitempty" maxLength:"40"`
			Tracking   string           `json:"tracking,omitempty" maxLength:"64"`
		}
	}
	post(a, "/api/v1/after-sale/{id}/steps", "do_after_sale", staff.SalesRefund, func(ctx context.Context, in *step) (AfterSaleDetail, error) {
		b := in.Body
		_, err := a.Services.AfterSale.Do(ctx, aftersale.Do{
			Case: in.ID, Who: aftersale.ByStaff, By: auth.From(ctx).ID, Request: in.Request, Step: aftersale.Step(b.Step), Note: b.Note, Freight: b.Freight, Amounts: b.Amounts, Good: b.Good,
			FreightFen: b.InsuredFen, Carrier: b.Carrier, Tracking: b.Tracking,
		})
		if err != nil {
			return AfterSaleDetail{}, err
		}
		return detail(ctx, in.ID)
	}, summary("Agree, refuse, ask for more, look at what came back"))

	type replace struct {
		ByID
		Request string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"64"`
		Body    struct {
			Carrier  string `json:"carrier" maxLength:"40"`
			Tracking string `json:"tracking" minLength:"1" maxLength:"64"`
		}
	}
	post(a, "/api/v1/after-sale/{id}/replace", "replace_after_sale", staff.SalesWrite, func(ctx context.Context, in *replace) (AfterSaleDetail, error) {
		_, err := a.Services.AfterSale.Do(ctx, aftersale.Do{
			Case: in.ID, Who: aftersale.ByStaff, By: auth.From(ctx).ID, Request: in.Request, Step: aftersale.Replace, Carrier: in.Body.Carrier, Tracking: in.Body.Tracking,
		})
		if err != nil {
			return AfterSaleDetail{}, err
		}
		return detail(ctx, in.ID)
	}, summary("Say that the goods of an exchange are on their way"))

	get(a, "/api/v1/after-sale/rules", "get_after_sale_rules", staff.SalesRead, func(ctx context.Context, _ *struct{}) (aftersale.Rules, error) {
		return a.Services.AfterSale.Rules(ctx)
	}, summary("The times of after-sale, and the freight insurance"))

	type setRules struct{ Body aftersale.Rules }
	put(a, "/api/v1/after-sale/rules", "set_after_sale_rules", staff.GoodsWrite, func(ctx context.Context, in *setRules) (None, error) {
		return None{}, a.Services.AfterSale.SetRules(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Set the times of after-sale, and the freight insurance"))
}

func registerShopAfterSale(a *API) {
	asked := newLimiter(rate.Every(10*time.Second), 20) // what a customer asks and answers
	limited := func(who uint32) error {
		if wait := asked.take(strconv.FormatUint(uint64(who), 10)); wait > 0 {
			return errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		return nil
	}
	get(a, "/api/v1/shop/orders/{id}/after-sale", "shop_after_sale_options", Customer, func(ctx context.Context, in *ByID) (aftersale.Options, error) {
		o, err := a.Services.AfterSale.Options(ctx, shopperOf(ctx).customer, in.ID)
		for i := range o.Cases {
			o.Cases[i] = o.Cases[i].Mine()
		}
		return o, err
	}, summary("What can be asked about one of one's own orders, and what was"))

	type open struct {
		Request string `header:"Idempotency-Key" required:"true" minLength:"16" maxLength:"64" doc:"Made once by the page that asks: the same key again returns the case it made"`
		Body    aftersale.Wish
	}
	post(a, "/api/v1/shop/after-sale", "shop_open_after_sale", Customer, func(ctx context.Context, in *open) (aftersale.Case, error) {
		who := shopperOf(ctx).customer
		if err := limited(who); err != nil {
			return aftersale.Case{}, err
		}
		c, err := a.Services.AfterSale.Open(ctx, who, in.Request, in.Body, "", "")
		return c.Mine(), err
	}, summary("Ask for money back, to send goods back, or for other goods"), status(http.StatusCreated))

	get(a, "/api/v1/shop/after-sale", "shop_after_sale", Customer, func(ctx context.Context, in *Paging) (Page[aftersale.Case], error) {
		p, err := a.Services.AfterSale.List(ctx, aftersale.Filter{Customer: shopperOf(ctx).customer, After: in.After, Limit: in.Limit})
		for i := range p.Items {
			p.Items[i] = p.Items[i].Mine()
		}
		return PageOf(p.Items, p.Next, p.Total), err
	}, summary("One's own cases, the latest first"))

	get(a, "/api/v1/shop/after-sale/{id}", "shop_get_after_sale", Customer, func(ctx context.Context, in *ByID) (aftersale.Detail, error) {
		return a.Services.AfterSale.Get(ctx, shopperOf(ctx).customer, in.ID)
	}, summary("One of one's own cases with its history"))

	type step struct {
		ByID
		Request string `header:"Idempotency-Key" required:"true" minLength:"16" maxLength:"64"`
		Body    struct {
			Step       string   `json:"step" enum:"answer,cancel,send"`
			Note       string   `json:"note,omitempty" maxLength:"500"`
			Pictures   []string `json:"pictures,omitempty" maxItems:"9"`
			Carrier    string   `json:"carrier,omitempty" maxLength:"40"`
			Tracking   string   `json:"tracking,omitempty" maxLength:"64"`
			FreightFen *int64   `json:"freight_fen,omitempty" minimum:"0" maximum:"1000000" doc:"What sending back cost"`
		}
	}
	post(a, "/api/v1/shop/after-sale/{id}/steps", "shop_do_after_sale", Customer, func(ctx context.Context, in *step) (aftersale.Detail, error) {
		who, b := shopperOf(ctx).customer, in.Body
		if err := limited(who); err != nil {
			return aftersale.Detail{}, err
		}
		_, err := a.Services.AfterSale.Do(ctx, aftersale.Do{
			Case: in.ID, Customer: who, Who: aftersale.ByCustomer, Request: in.Request, Step: aftersale.Step(b.Step), Note: b.Note, Pictures: b.Pictures, Carrier: b.Carrier, Tracking: b.Tracking, FreightFen: b.FreightFen,
		})
		if err != nil {
			return aftersale.Detail{}, err
		}
		return a.Services.AfterSale.Get(ctx, who, in.ID)
	}, summary("Answer, take a case back, or say how the goods come back"))
}
