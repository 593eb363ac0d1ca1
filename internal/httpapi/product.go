package httpapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"

	"huoshui/internal/data/effect"
	"huoshui/internal/data/product"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/user/audience"
)

// ProductPeriod is the days that a question about products is asked of.
type ProductPeriod struct {
	From string `query:"from" format:"date" doc:"First day; as many before the last as the answer says, when left out"`
	To   string `query:"to" format:"date" doc:"Last day, inclusive; yesterday when left out"`
}

func (p ProductPeriod) days() product.Days { return product.Days{From: p.From, To: p.To} }

// ProductLimit bounds the lines of an answer.
type ProductLimit struct {
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"200"`
}

type swingsAsked struct {
	ProductPeriod
	ProductLimit
	By       string `query:"by" enum:"product,category,channel" default:"product"`
	BaseFrom string `query:"base_from" format:"date" doc:"First day of the period that is compared with; as many days as the other has, when left out"`
	BaseTo   string `query:"base_to" format:"date" doc:"Its last day; the day before the other begins, when left out"`
}

type repeatsAsked struct {
	ProductPeriod
	ProductLimit
	Horizon int `query:"horizon" minimum:"1" maximum:"365" default:"90" doc:"Days within which it counts as bought again"`
}

type pairsAsked struct {
	ProductPeriod
	ProductLimit
	Least   int64   `query:"least" minimum:"0" maximum:"1000000000" doc:"Baskets that hold both; a thousandth of all, at least 10, when left out"`
	Product string  `query:"product" maxLength:"64" doc:"Only pairs with it, told as the first"`
	Lift    float64 `query:"lift" minimum:"0" maximum:"1000000"`
	Firm    bool    `query:"firm" doc:"Only pairs that are not chance"`
}

type journeysAsked struct {
	ProductPeriod
	Days int `query:"days" minimum:"1" maximum:"730" default:"180" doc:"Days of a life that people are compared by"`
}

type rolesAsked struct {
	ProductPeriod
	ProductLimit
	FirstShare float64 `query:"first_share" minimum:"0" maximum:"1" doc:"Thresholds; those of the store where 0 or left out"`
	Visitors   float64 `query:"visitors" minimum:"0" maximum:"1000000000"`
	Conversion float64 `query:"conversion" minimum:"0" maximum:"1"`
	Margin     float64 `query:"margin" minimum:"0" maximum:"1"`
	PriceFen   float64 `query:"price_fen" minimum:"0" maximum:"1000000000000"`
}

func (r rolesAsked) thresholds() product.Thresholds {
	return product.Thresholds{FirstShare: r.FirstShare, Visitors: r.Visitors, Conversion: r.Conversion, Margin: r.Margin, PriceFen: r.PriceFen}
}

// ProductGroup is the people behind a number of product analytics.
type ProductGroup struct {
	ProductPeriod
	Who     string `query:"who" json:"who" required:"true" enum:"visitors,buyers,looked,repeat,due,pair,without,first,entry,before,after,came,last,next"`
	By      string `query:"by" json:"by,omitempty" enum:"product,category,channel" default:"product" doc:"Of visitors, buyers and looked: what product names"`
	Product string `query:"product" json:"product,omitempty" maxLength:"64"`
	Other   string `query:"other" json:"other,omitempty" maxLength:"64" doc:"The other product of pair, without, before, after and next"`
	Channel string `query:"channel" json:"channel,omitempty" maxLength:"64" doc:"Of entry, came and last"`
	Days    int    `query:"days" json:"days,omitempty" minimum:"0" maximum:"365" doc:"Of due: the cycle"`
}

func (g ProductGroup) group() product.Group {
	return product.Group{Who: g.Who, By: g.By, Product: g.Product, Other: g.Other, Channel: g.Channel, Period: g.days(), Days: g.Days}
}

// registerProduct: why sales moved, what is bought again and together, where buyers come from and go to, and the role of each product.
func registerProduct(a *API) {
	get(a, "/api/v1/product-analytics/swings", "get_product_swings", staff.EffectRead, func(ctx context.Context, in *swingsAsked) (product.Swings, error) {
		return a.Services.Products.Swings(ctx, in.By, product.Days{From: in.BaseFrom, To: in.BaseTo}, in.days(), in.Limit)
	}, summary("How sales moved between two periods, and why: by product, category or channel"))

	get(a, "/api/v1/product-analytics/repeats", "get_product_repeats", staff.EffectRead, func(ctx context.Context, in *repeatsAsked) (product.Repeats, error) {
		return a.Services.Products.Repeats(ctx, in.days(), in.Horizon, in.Limit)
	}, summary("Whether and when products are bought again, with intervals"))

	get(a, "/api/v1/product-analytics/pairs", "get_product_pairs", staff.EffectRead, func(ctx context.Context, in *pairsAsked) (product.Pairs, error) {
		return a.Services.Products.Pairs(ctx, product.PairsAsked{Period: in.days(), Least: in.Least, Product: in.Product, Lift: in.Lift, Firm: in.Firm, Limit: in.Limit})
	}, summary("Which products are bought together: support, confidence, lift, and whether it is chance"))

	get(a, "/api/v1/product-analytics/journeys", "get_product_journeys", staff.EffectRead, func(ctx context.Context, in *journeysAsked) (product.Journeys, error) {
		return a.Services.Products.Journeys(ctx, in.days(), in.Days)
	}, summary("What people begin with, by which channel, what they are worth after and what they buy next"))

	type flowAsked struct {
		ProductPeriod
		Product string `query:"product" required:"true" minLength:"1" maxLength:"64"`
		Horizon int    `query:"horizon" minimum:"1" maximum:"365" default:"90"`
	}
	get(a, "/api/v1/product-analytics/flow", "get_product_flow", staff.EffectRead, func(ctx context.Context, in *flowAsked) (product.Flow, error) {
		return a.Services.Products.Flow(ctx, in.Product, in.days(), in.Horizon)
	}, summary("Where the buyers of one product come from and go to, and when they buy it again"))

	get(a, "/api/v1/product-analytics/roles", "get_product_roles", staff.EffectRead, func(ctx context.Context, in *rolesAsked) (product.Roles, error) {
		return a.Services.Products.Roles(ctx, in.days(), in.thresholds(), in.Limit)
	}, summary("The role that each product plays, suggested from what people do"))

	type people struct {
		Paging
		ProductGroup
	}
	get(a, "/api/v1/product-analytics/people", "list_product_people", staff.CustomersRead, func(ctx context.Context, in *people) (Page[effect.Person], error) {
		all, err := a.Services.Products.People(ctx, in.group())
		if err != nil {
			return Page[effect.Person]{}, err
		}
		numbers, next, err := pageOfPeople(all, in.After, in.Limit)
		if err != nil {
			return Page[effect.Person]{}, err
		}
		faces, err := a.Services.Products.Faces(ctx, numbers)
		return PageOf(faces, next, int64(all.GetCardinality())), err
	}, summary("The people behind a number, by customer number"))

	type keep struct {
		ProductGroup
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"80"`
		}
	}
	post(a, "/api/v1/product-analytics/people/segment", "save_product_people", staff.SegmentsWrite, func(ctx context.Context, in *keep) (audience.Segment, error) {
		all, err := a.Services.Products.People(ctx, in.group())
		if err != nil {
			return audience.Segment{}, err
		}
		return a.Services.Segments.CreateStatic(ctx, audience.Draft{Name: in.Body.Name}, all, auth.From(ctx).ID)
	}, summary("Keep the people behind a number as a static segment"), status(http.StatusCreated))

	registerProductActs(a)
	raw(a, http.MethodGet, "/api/v1/product-analytics/export", "export_product_report", staff.EffectRead, "text/csv", a.exportProducts,
		summary("A report as CSV or XLSX, asked for as the report is"), param("report", "swings, repeats, pairs, journeys or roles"), param("format", "csv or xlsx"),
		param("from", "As the report has, and so to, base_from, base_to, by, horizon, least, days"))
}

// registerProductActs: what is done about what was seen.
func registerProductActs(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64" doc:"Of goods of the catalogue"`
	}
	type setRole struct {
		ByID
		Body struct {
			Role string `json:"role" enum:",traffic,profit,image"`
		}
	}
	put(a, "/api/v1/product-analytics/goods/{id}/role", "set_goods_role", staff.GoodsWrite, func(ctx context.Context, in *setRole) (None, error) {
		_, err := a.Services.Goods.Change(ctx, in.ID, auth.From(ctx).ID, func(d *catalog.GoodsDraft) { d.Role = in.Body.Role })
		return None{}, err
	}, summary("Set the role of goods"))

	type setRebuy struct {
		ByID
		Body struct {
			Days int64 `json:"days" minimum:"0" maximum:"3650"`
		}
	}
	put(a, "/api/v1/product-analytics/goods/{id}/rebuy", "set_goods_rebuy", staff.GoodsWrite, func(ctx context.Context, in *setRebuy) (None, error) {
		_, err := a.Services.Goods.Change(ctx, in.ID, auth.From(ctx).ID, func(d *catalog.GoodsDraft) { d.RebuyDays = in.Body.Days })
		return None{}, err
	}, summary("Set after how many days goods are usually bought again"))

	type addPair struct {
		ByID
		Body struct {
			Other string  `json:"other" minLength:"1" maxLength:"64"`
			Lift  float64 `json:"lift" minimum:"0" maximum:"1000000000"`
		}
	}
	post(a, "/api/v1/product-analytics/goods/{id}/pairs", "add_goods_pair", staff.GoodsWrite, func(ctx context.Context, in *addPair) (None, error) {
		return None{}, a.Services.Goods.AddPair(ctx, in.ID, in.Body.Other, in.Body.Lift)
	}, summary("Show goods beside others because they are bought together"))
}

// productTable answers the question of an export.
func (a *API) productTable(r *http.Request) (product.Table, error) {
	ctx, q := r.Context(), r.URL.Query()
	days, base := product.Days{From: q.Get("from"), To: q.Get("to")}, product.Days{From: q.Get("base_from"), To: q.Get("base_to")}
	number := func(name string) int {
		n, _ := strconv.Atoi(q.Get(name)) // what is no number is as if left out
		return max(0, n)
	}
	switch report := q.Get("report"); report {
	case "swings":
		by := q.Get("by")
		if by == "" {
			by = product.ByProduct
		}
		out, err := a.Services.Products.Swings(ctx, by, base, days, 0)
		return out.Table(), err
	case "repeats":
		out, err := a.Services.Products.Repeats(ctx, days, number("horizon"), 0)
		return out.Table(), err
	case "pairs":
		out, err := a.Services.Products.Pairs(ctx, product.PairsAsked{Period: days, Least: int64(number("least")), Product: q.Get("product"), Firm: q.Get("firm") == "true"})
		return out.Table(), err
	case "journeys":
		out, err := a.Services.Products.Journeys(ctx, days, number("days"))
		return out.Table(), err
	case "roles":
		out, err := a.Services.Products.Roles(ctx, days, product.Thresholds{}, 0)
		return out.Table(), err
	default:
		return product.Table{}, product.ErrReport(report)
	}
}

func (a *API) exportProducts(w http.ResponseWriter, r *http.Request) error {
	format := r.URL.Query().Get("format")
	if format != "xlsx" && format != "csv" && format != "" {
		return errs.New(errs.Invalid, "product.format", "csv or xlsx").At("format")
	}
	t, err := a.productTable(r)
	if err != nil {
		return err
	}
	name, kind := "products.csv", "text/csv; charset=utf-8"
	var body bytes.Buffer
	if format == "xlsx" {
		name, kind = "products.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		err = files.WriteXLSX(&body, t.Name, t.Widths, t.Head, func(put func(cells ...any) error) error {
			for _, row := range t.Rows {
				if err := put(row...); err != nil {
					return err
				}
			}
			return nil
		})
	} else {
		err = writeCSV(&body, t)
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, err = w.Write(body.Bytes())
	return err
}

func writeCSV(body *bytes.Buffer, t product.Table) error {
	body.WriteString("\ufeff") // spreadsheets then read it as UTF-8
	out := csv.NewWriter(body)
	for _, row := range append([][]any{t.Head}, t.Rows...) {
		cells := make([]string, len(row))
		for i, c := range row {
			switch c := c.(type) {
			case nil:
			case string:
				cells[i] = harmless(c)
			case float64:
				cells[i] = strconv.FormatFloat(c, 'f', -1, 64)
			default:
				cells[i] = fmt.Sprint(c)
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
