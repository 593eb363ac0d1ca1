package httpapi

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// GoodsDetail is goods with what lies of each SKU.
type GoodsDetail struct {
	catalog.Goods
	Stock map[string]inventory.Level `json:"stock" doc:"By SKU; one that never lay in the store is missing"`
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

	type filter struct {
		Paging
		Q        string `query:"q" maxLength:"50" doc:"Words of the title, pinyin or its initials, a SKU's code"`
		Category string `query:"category" maxLength:"64"`
		Status   string `query:"status" enum:"draft,on,off"`
		Role     string `query:"role" enum:"traffic,profit,image"`
		Sort     string `query:"sort" enum:"new,sold,price,-price"`
	}
	get(a, "/api/v1/goods", "list_goods", staff.GoodsRead, func(ctx context.Context, in *filter) (Page[catalog.Goods], error) {
		p, err := a.Services.Goods.List(ctx, catalog.Filter{Search: in.Q, Category: in.Category, Status: in.Status, Role: in.Role, Sort: in.Sort, After: in.After, Limit: in.Limit})
		return PageOf(p.Items, p.Next, p.Total), err
	}, summary("Goods, last changed first"))

	detail := func(ctx context.Context, g catalog.Goods, err error) (GoodsDetail, error) {
		if err != nil {
			return GoodsDetail{}, err
		}
		skus := make([]string, len(g.SKUs))
		for i, s := range g.SKUs {
			skus[i] = s.Code
		}
		levels, err := inventory.Levels(ctx, a.Services.Sales.DB, inventory.Online, skus)
		return GoodsDetail{Goods: g, Stock: levels}, err
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

	raw(a, http.MethodPost, "/api/v1/pictures", "upload_picture", staff.GoodsWrite, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		p, err := a.Services.Goods.Upload(r.Context(), r.Body, r.URL.Query().Get("name"), auth.From(r.Context()).ID)
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return errs.New(errs.Invalid, "picture.size", "a picture has at most %d MB", catalog.MaxPictureBytes>>20).At("file")
		}
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		return json.NewEncoder(w).Encode(p)
	}, summary("Upload a picture: the body is the file"), param("name", "The file's name"), maxBody(catalog.MaxPictureBytes+1), status(http.StatusCreated))

	registerStock(a)
	registerFlash(a)
	registerSales(a)
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

func registerFlash(a *API) {
	get(a, "/api/v1/flash-sales", "list_flash_sales", staff.GoodsRead, func(ctx context.Context, in *Paging) (Page[flash.Sale], error) {
		all, err := a.Services.Flash.List(ctx, false, in.Limit)
		return PageOf(all, "", int64(len(all))), err
	}, summary("Flash sales, the latest to end first"))

	type write struct{ Body flash.Draft }
	post(a, "/api/v1/flash-sales", "create_flash_sale", staff.GoodsWrite, func(ctx context.Context, in *write) (flash.Sale, error) {
		return a.Services.Flash.Create(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Plan a flash sale"), status(http.StatusCreated))

	post(a, "/api/v1/flash-sales/{id}/stop", "stop_flash_sale", staff.GoodsWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Flash.Stop(ctx, in.ID)
	}, summary("End a flash sale before its time; what was ordered stays ordered"))
}

// SalesPage is a page of sales with how many stand where.
type SalesPage struct {
	Page[checkout.Sale]
	Counts map[string]int64 `json:"counts" doc:"By state, of all sales"`
}

func registerSales(a *API) {
	type filter struct {
		Paging
		Q     string `query:"q" maxLength:"64" doc:"The beginning of a number"`
		State string `query:"state" enum:"unpaid,paid,shipped,finished,closed,refunded"`
	}
	get(a, "/api/v1/store/orders", "list_store_orders", staff.SalesRead, func(ctx context.Context, in *filter) (SalesPage, error) {
		p, err := a.Services.Sales.List(ctx, checkout.Filter{State: checkout.State(in.State), Search: strings.TrimSpace(in.Q), After: in.After, Limit: in.Limit})
		if err != nil {
			return SalesPage{}, err
		}
		counts, err := a.Services.Sales.Counts(ctx)
		out := SalesPage{Page: PageOf(p.Items, p.Next, p.Total), Counts: map[string]int64{}}
		for state, n := range counts {
			out.Counts[string(state)] = n
		}
		return out, err
	}, summary("Orders of the brand's own store, the latest first"))

	get(a, "/api/v1/store/orders/{id}", "get_store_order", staff.SalesRead, func(ctx context.Context, in *ByID) (checkout.Sale, error) {
		return a.Services.Sales.Any(ctx, in.ID)
	}, summary("An order with its quotation"))

	type ship struct {
		ByID
		Body struct {
			Carrier  string `json:"carrier" maxLength:"40"`
			Tracking string `json:"tracking" minLength:"1" maxLength:"64"`
		}
	}
	post(a, "/api/v1/store/orders/{id}/ship", "ship_store_order", staff.SalesWrite, func(ctx context.Context, in *ship) (checkout.Sale, error) {
		return a.Services.Sales.Ship(ctx, in.ID, in.Body.Carrier, in.Body.Tracking)
	}, summary("Say that an order is on its way, or put its tracking number right"))

	raw(a, http.MethodPost, "/api/v1/store/orders/shipments", "ship_store_orders", staff.SalesWrite, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		out, err := a.shipments(r.Context(), r.Body)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(out)
	}, summary("Ship by a file: CSV with the columns number, carrier, tracking"), maxBody(8<<20))

	post(a, "/api/v1/store/orders/{id}/close", "close_store_order", staff.SalesWrite, func(ctx context.Context, in *ByID) (checkout.Sale, error) {
		return a.Services.Sales.Close(ctx, 0, in.ID, checkout.ByStaff)
	}, summary("Cancel an order that is not paid"))

	post(a, "/api/v1/store/orders/{id}/finish", "finish_store_order", staff.SalesWrite, func(ctx context.Context, in *ByID) (checkout.Sale, error) {
		return a.Services.Sales.Finish(ctx, 0, in.ID)
	}, summary("Say that an order was received or handed out"))

	type giveBack struct {
		ByID
		Body struct {
			Request string           `json:"request" minLength:"8" maxLength:"64" doc:"Made once by the page: the same again returns what it gave"`
			Units   map[string]int64 `json:"units,omitempty" doc:"Units of lines by their keys; @freight for the freight"`
			Amounts map[string]int64 `json:"amounts_fen,omitempty" doc:"Money of lines whose goods stay with the customer"`
			Restock bool             `json:"restock" doc:"The units can be sold again"`
		}
	}
	post(a, "/api/v1/store/orders/{id}/refunds", "refund_store_order", staff.SalesRefund, func(ctx context.Context, in *giveBack) (pricing.Refund, error) {
		sale, err := a.Services.Sales.Any(ctx, in.ID)
		if err != nil {
			return pricing.Refund{}, err
		}
		var restock []inventory.Item
		if in.Body.Restock {
			bySKU := map[string]int64{}
			for _, l := range sale.Quote.Lines {
				bySKU[l.SKU] += in.Body.Units[l.Key]
			}
			for sku, n := range bySKU {
				if n > 0 {
					restock = append(restock, inventory.Item{SKU: sku, Quantity: n})
				}
			}
		}
		return a.Services.Sales.GiveBack(ctx, in.ID, in.Body.Request, pricing.Giving{Units: in.Body.Units, Amounts: in.Body.Amounts}, restock, auth.From(ctx).ID)
	}, summary("Give part or all of a paid order back, to where it came from"))

	get(a, "/api/v1/store/rules", "get_store_rules", staff.SalesRead, func(ctx context.Context, _ *struct{}) (checkout.Rules, error) {
		rules, _, err := settings.Get(ctx, a.Services.Sales.DB, checkout.SettingName, checkout.DefaultRules())
		return rules, err
	}, summary("The times of the store"))

	type setRules struct{ Body checkout.Rules }
	put(a, "/api/v1/store/rules", "set_store_rules", staff.GoodsWrite, func(ctx context.Context, in *setRules) (None, error) {
		if err := in.Body.Check(); err != nil {
			return None{}, err
		}
		return None{}, a.Services.Sales.DB.Tx(ctx, func(tx *store.Tx) error {
			_, err := settings.Put(ctx, tx, checkout.SettingName, in.Body, auth.From(ctx).ID, a.Services.Sales.Now())
			return err
		})
	}, summary("Set the times of the store"))
}

// Shipments is what became of a file of shipments.
type Shipments struct {
	Shipped  int              `json:"shipped"`
	Rejected []ShipmentReject `json:"rejected"`
}

// ShipmentReject is a line that was not taken, and why.
type ShipmentReject struct {
	Line   int    `json:"line" doc:"From 1, the headers included"`
	Number string `json:"number"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// shipments ships what the lines of a CSV name. A line that cannot be taken is told with its reason; the others are taken.
func (a *API) shipments(ctx context.Context, body io.Reader) (Shipments, error) {
	out := Shipments{Rejected: []ShipmentReject{}}
	file := csv.NewReader(body)
	file.FieldsPerRecord = -1
	for line := 1; ; line++ {
		cells, err := file.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, errs.New(errs.Invalid, "shipments.unreadable", "line %d is no CSV", line).With("line", line)
		}
		if line == 1 && len(cells) > 0 && !strings.ContainsAny(cells[0], "0123456789") {
			continue // headers
		}
		reject := ShipmentReject{Line: line}
		if len(cells) < 3 {
			reject.Code, reject.Reason = "shipments.columns", "a line has a number, a carrier and a tracking number"
			out.Rejected = append(out.Rejected, reject)
			continue
		}
		reject.Number = strings.TrimSpace(strings.TrimPrefix(cells[0], "\ufeff"))
		found, err := a.Services.Sales.List(ctx, checkout.Filter{Search: reject.Number, Limit: 1})
		if err != nil {
			return out, err
		}
		if len(found.Items) == 0 || found.Items[0].Number != reject.Number {
			reject.Code, reject.Reason = "sale.not_found", "there is no such order"
			out.Rejected = append(out.Rejected, reject)
			continue
		}
		var e *errs.Error
		switch _, err := a.Services.Sales.Ship(ctx, found.Items[0].ID, strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])); {
		case err == nil:
			out.Shipped++
		case errors.As(err, &e) && e.Kind != errs.Internal && e.Kind != errs.Unavailable:
			reject.Code, reject.Reason = e.Code, e.Message
			out.Rejected = append(out.Rejected, reject)
		default:
			return out, err
		}
	}
}
