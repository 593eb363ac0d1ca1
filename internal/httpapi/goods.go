package httpapi

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/inventory"
)

// GoodsRow is goods as a list shows them.
type GoodsRow struct {
	catalog.Goods
	Free     int64   `json:"free" doc:"Units of all SKUs that can still be sold"`
	LeastSKU string  `json:"least_sku" doc:"The SKU of which the fewest are left"`
	Least    int64   `json:"least" doc:"Of it so many can still be sold"`
	HighFen  int64   `json:"high_fen" doc:"The highest price of a SKU that is sold"`
	Margin   float64 `json:"margin" doc:"The lowest share of a price that is left above its cost; -1 when no cost is known"`
}

// goodsRows adds stock and margin to goods.
func (a *API) goodsRows(ctx context.Context, goods []catalog.Goods) ([]GoodsRow, error) {
	ids := make([]string, len(goods))
	for i, g := range goods {
		ids[i] = g.ID
	}
	skus, err := a.Services.Goods.SKUs(ctx, ids)
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, all := range skus {
		for _, k := range all {
			codes = append(codes, k.Code)
		}
	}
	out := make([]GoodsRow, len(goods))
	levels := make(map[string]inventory.Level, len(codes))
	for part := range slices.Chunk(codes, 5000) {
		some, err := inventory.Levels(ctx, a.Services.Sales.DB, inventory.Online, part)
		if err != nil {
			return nil, err
		}
		maps.Copy(levels, some)
	}
	for i, g := range goods {
		r := GoodsRow{Goods: g, Margin: -1}
		r.SKUs = skus[g.ID]
		for j, k := range r.SKUs {
			level := levels[k.Code]
			free := level.Free()
			r.Free += free
			r.HighFen = max(r.HighFen, k.PriceFen)
			if j == 0 || free < r.Least {
				r.LeastSKU, r.Least = k.Code, free
			}
			if k.CostFen > 0 {
				if m := float64(k.PriceFen-k.CostFen) / float64(k.PriceFen); r.Margin == -1 || m < r.Margin {
					r.Margin = m
				}
			}
		}
		out[i] = r
	}
	return out, nil
}

// lowStock is what counts as low stock.
func (a *API) lowStock(ctx context.Context) (int64, error) {
	rules, _, err := settings.Get(ctx, a.Services.Sales.DB, checkout.SettingName, checkout.DefaultRules())
	return rules.LowStock, err
}

// GoodsFilter narrows a list of goods.
type GoodsFilter struct {
	Q        string `query:"q" maxLength:"50" doc:"Words of the title, pinyin or its initials, a SKU's code"`
	Category string `query:"category" maxLength:"64"`
	Status   string `query:"status" enum:"draft,on,off"`
	Role     string `query:"role" enum:"traffic,profit,image"`
	Kind     string `query:"kind" enum:"physical,consumable,service,course,virtual"`
	Low      bool   `query:"low" doc:"Only those of which so few are left that the store's rules call it low"`
	Sort     string `query:"sort" enum:"new,sold,price,-price"`
}

func (a *API) goodsOf(ctx context.Context, in GoodsFilter, after string, limit int) (Page[GoodsRow], error) {
	f := catalog.Filter{Search: in.Q, Category: in.Category, Status: in.Status, Role: in.Role, Kind: in.Kind, Sort: in.Sort, After: after, Limit: limit}
	if in.Low {
		low, err := a.lowStock(ctx)
		if err != nil {
			return Page[GoodsRow]{}, err
		}
		f.Low = &low
	}
	p, err := a.Services.Goods.List(ctx, f)
	if err != nil {
		return Page[GoodsRow]{}, err
	}
	rows, err := a.goodsRows(ctx, p.Items)
	return PageOf(rows, p.Next, p.Total), err
}

// GoodsDetail is goods with what lies of each SKU.
type GoodsDetail struct {
	catalog.Goods
	Stock map[string]inventory.Level `json:"stock" doc:"By SKU; one that never lay in the store is missing"`
	Pairs []catalog.Pair             `json:"pairs" doc:"What is shown beside them, in its order"`
	Pools []checkout.Pool            `json:"pools" doc:"Of virtual goods: how many codes its SKUs have"`
}

// registerGoods: what the store sells, for those who run it.
func registerGoods(a *API) {
	get(a, "/api/v1/goods/categories", "list_goods_categories", staff.GoodsRead, func(ctx context.Context, _ *struct{}) (Page[catalog.Category], error) {
		all, err := a.Services.Goods.Categories(ctx)
		return PageOf(all, "", int64(len(all))), err
	}, summary("The shelves, each parent before its children"))

	type writeCategory struct{ Body catalog.Category }
	post(a, "/api/v1/goods/categories", "save_goods_category", staff.GoodsWrite, func(ctx context.Context, in *writeCategory) (catalog.Category, error) {
		return a.Services.Goods.SaveCategory(ctx, in.Body)
	}, summary("Save a category; without an id it is a new one"))

	del(a, "/api/v1/goods/categories/{id}", "delete_goods_category", staff.GoodsWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Goods.DeleteCategory(ctx, in.ID)
	}, summary("Remove an empty category"))

	type order struct {
		Body struct {
			Parent string   `json:"parent" maxLength:"64" doc:"Empty for the first level"`
			IDs    []string `json:"ids" minItems:"1" maxItems:"500"`
		}
	}
	put(a, "/api/v1/goods/categories/order", "order_goods_categories", staff.GoodsWrite, func(ctx context.Context, in *order) (None, error) {
		return None{}, a.Services.Goods.OrderCategories(ctx, in.Body.Parent, in.Body.IDs)
	}, summary("Set the order of categories under one parent"))

	type list struct {
		Paging
		GoodsFilter
	}
	get(a, "/api/v1/goods", "list_goods", staff.GoodsRead, func(ctx context.Context, in *list) (Page[GoodsRow], error) {
		return a.goodsOf(ctx, in.GoodsFilter, in.After, in.Limit)
	}, summary("Goods, last changed first"))

	detail := func(ctx context.Context, g catalog.Goods, err error) (GoodsDetail, error) {
		if err != nil {
			return GoodsDetail{}, err
		}
		skus := make([]string, len(g.SKUs))
		for i, s := range g.SKUs {
			skus[i] = s.Code
		}
		out := GoodsDetail{Goods: g, Pools: []checkout.Pool{}}
		if out.Stock, err = inventory.Levels(ctx, a.Services.Sales.DB, inventory.Online, skus); err != nil {
			return out, err
		}
		if g.Kind == catalog.KindVirtual {
			if out.Pools, err = a.Services.Sales.Pools(ctx, skus); err != nil {
				return out, err
			}
		}
		out.Pairs, err = a.Services.Goods.Pairs(ctx, g.ID)
		return out, err
	}
	get(a, "/api/v1/goods/{id}", "get_goods", staff.GoodsRead, func(ctx context.Context, in *ByID) (GoodsDetail, error) {
		g, err := a.Services.Goods.Get(ctx, in.ID)
		return detail(ctx, g, err)
	}, summary("Goods with their SKUs and stock"))

	type write struct{ Body catalog.GoodsDraft }
	post(a, "/api/v1/goods", "create_goods", staff.GoodsWrite, func(ctx context.Context, in *write) (GoodsDetail, error) {
		g, err := a.Services.Goods.Create(ctx, in.Body, auth.From(ctx).ID)
		return detail(ctx, g, err)
	}, summary("Save new goods, as a draft that nobody sees"), status(http.StatusCreated))

	type reviseGoods struct {
		ByID
		Body struct {
			Seen  int64              `json:"seen" minimum:"1" doc:"The version that was opened; a newer one is a conflict"`
			Draft catalog.GoodsDraft `json:"draft"`
		}
	}
	put(a, "/api/v1/goods/{id}", "revise_goods", staff.GoodsWrite, func(ctx context.Context, in *reviseGoods) (GoodsDetail, error) {
		g, err := a.Services.Goods.Revise(ctx, in.ID, in.Body.Seen, in.Body.Draft, auth.From(ctx).ID)
		return detail(ctx, g, err)
	}, summary("Save the next version of goods"))

	type setStatus struct {
		ByID
		Body struct {
			Status string `json:"status" enum:"on,off"`
		}
	}
	put(a, "/api/v1/goods/{id}/status", "set_goods_status", staff.GoodsWrite, func(ctx context.Context, in *setStatus) (None, error) {
		return None{}, a.Services.Goods.SetStatus(ctx, in.ID, in.Body.Status, auth.From(ctx).ID)
	}, summary("Put goods on sale, or take them off"))

	type setMany struct {
		Body struct {
			IDs    []string `json:"ids" minItems:"1" maxItems:"500"`
			Status string   `json:"status" enum:"on,off"`
		}
	}
	post(a, "/api/v1/goods/status", "set_goods_statuses", staff.GoodsWrite, func(ctx context.Context, in *setMany) (GoodsStatuses, error) {
		out := GoodsStatuses{Refused: []GoodsRefused{}}
		for _, one := range in.Body.IDs {
			var e *errs.Error
			switch err := a.Services.Goods.SetStatus(ctx, one, in.Body.Status, auth.From(ctx).ID); {
			case err == nil:
				out.Changed++
			case errors.As(err, &e) && e.Kind != errs.Internal && e.Kind != errs.Unavailable:
				out.Refused = append(out.Refused, GoodsRefused{one, e.Code, e.Message})
			default:
				return out, err
			}
		}
		return out, nil
	}, summary("Put many goods on sale, or take them off; those that cannot be are told"))

	get(a, "/api/v1/goods/{id}/versions", "list_goods_versions", staff.GoodsRead, func(ctx context.Context, in *ByID) (Page[catalog.Version], error) {
		all, err := a.Services.Goods.Versions(ctx, in.ID)
		return PageOf(all, "", int64(len(all))), err
	}, summary("What goods were, the latest first: their prices over time"))

	type setPairs struct {
		ByID
		Body struct {
			Pairs []catalog.Pair `json:"pairs" maxItems:"12"`
		}
	}
	put(a, "/api/v1/goods/{id}/pairs", "set_goods_pairs", staff.GoodsWrite, func(ctx context.Context, in *setPairs) (None, error) {
		return None{}, a.Services.Goods.SetPairs(ctx, in.ID, in.Body.Pairs)
	}, summary("Say what is shown beside goods; titles and statuses are not read"))

	registerGoodsTables(a)

	raw(a, http.MethodPost, "/api/v1/pictures", "upload_picture", staff.GoodsWrite, "application/json", a.uploadPicture,
		summary("Upload a picture: the body is the file"), param("name", "The file's name"), maxBody(catalog.MaxPictureBytes+1), status(http.StatusCreated))

	registerStock(a)
	registerFlash(a)
	registerSales(a)
}

// GoodsStatuses is what became of many goods.
type GoodsStatuses struct {
	Changed int            `json:"changed"`
	Refused []GoodsRefused `json:"refused"`
}

// GoodsRefused are goods that stay as they were, and why.
type GoodsRefused struct {
	ID     string `json:"id"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

func registerStock(a *API) {
	type change struct {
		Body struct {
			Request string `json:"request" minLength:"8" maxLength:"64" doc:"Made once by the page: the same again changes nothing"`
			SKU     string `json:"sku" minLength:"1" maxLength:"64"`
			What    string `json:"what" enum:"received,lost,counted" doc:"Goods came, went, or were counted"`
			Units   int64  `json:"units" minimum:"0" maximum:"1000000000" doc:"How many; of a count, how many there are"`
			Note    string `json:"note,omitempty" maxLength:"200"`
		}
	}
	post(a, "/api/v1/stock", "change_stock", staff.StockWrite, func(ctx context.Context, in *change) (inventory.Level, error) {
		b, db, by := in.Body, a.Services.Sales.DB, auth.From(ctx).ID
		err := db.Tx(ctx, func(tx *store.Tx) error {
			items, err := catalog.Items(ctx, tx, []string{b.SKU})
			if err == nil && len(items) == 0 {
				err = errs.New(errs.Invalid, "stock.sku", "there is no SKU %q", b.SKU).At("sku")
			}
			if err != nil {
				return err
			}
			switch b.What {
			case inventory.Counted:
				return inventory.Count(ctx, tx, inventory.Online, b.Request, b.Note, by, b.SKU, b.Units, a.Services.Sales.Now())
			case inventory.Lost:
				b.Units = -b.Units
			}
			return inventory.Change(ctx, tx, inventory.Online, b.What, b.Request, b.Note, by, []inventory.Item{{SKU: b.SKU, Quantity: b.Units}}, a.Services.Sales.Now())
		})
		if err != nil {
			return inventory.Level{}, err
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{b.SKU})
		return levels[b.SKU], err
	}, summary("Goods came in, went, or were counted"))

	type moves struct {
		Paging
		SKU string `path:"sku" maxLength:"64"`
	}
	get(a, "/api/v1/stock/{sku}/moves", "list_stock_moves", staff.GoodsRead, func(ctx context.Context, in *moves) (Page[inventory.Move], error) {
		all, err := inventory.Moves(ctx, a.Services.Sales.DB, in.SKU, inventory.Online, in.After, in.Limit)
		next := ""
		if len(all) == in.Limit {
			next = all[len(all)-1].ID
		}
		return PageOf(all, next, -1), err
	}, summary("What changed what lies of a SKU, latest first"))
}

// FlashResult is what became of a flash sale.
type FlashResult struct {
	flash.Result
	Orders []FlashOrder `json:"orders"`
}

// FlashOrder is an order of a flash sale with its buyer's name.
type FlashOrder struct {
	flash.Taken
	Name string `json:"name"`
}

func registerFlash(a *API) {
	get(a, "/api/v1/flash-sales", "list_flash_sales", staff.GoodsRead, func(ctx context.Context, in *Paging) (Page[flash.Sale], error) {
		all, err := a.Services.Flash.List(ctx, false, in.Limit)
		return PageOf(all, "", int64(len(all))), err
	}, summary("Flash sales, the latest to end first"))

	type write struct{ Body flash.Draft }
	post(a, "/api/v1/flash-sales", "create_flash_sale", staff.GoodsWrite, func(ctx context.Context, in *write) (flash.Sale, error) {
		return a.Services.Flash.Create(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Plan a flash sale"), status(http.StatusCreated))

	type ofOne struct {
		ByID
		Limit int `query:"limit" minimum:"1" maximum:"500" default:"200"`
	}
	get(a, "/api/v1/flash-sales/{id}/result", "get_flash_result", staff.SalesRead, func(ctx context.Context, in *ofOne) (FlashResult, error) {
		r, taken, err := a.Services.Flash.Results(ctx, in.ID, in.Limit)
		if err != nil {
			return FlashResult{}, err
		}
		out := FlashResult{Result: r, Orders: make([]FlashOrder, len(taken))}
		numbers := make([]uint32, len(taken))
		for i := range taken {
			numbers[i] = taken[i].Customer
		}
		names, err := a.names(ctx, numbers)
		for i, t := range taken {
			out.Orders[i] = FlashOrder{t, names[t.Customer]}
		}
		return out, err
	}, summary("What became of a flash sale, and who bought, the latest first"))

	post(a, "/api/v1/flash-sales/{id}/stop", "stop_flash_sale", staff.GoodsWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Flash.Stop(ctx, in.ID)
	}, summary("End a flash sale before its time; what was ordered stays ordered"))
}
