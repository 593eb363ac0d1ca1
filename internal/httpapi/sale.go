package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// SaleRow is a sale with its buyer's name.
type SaleRow struct {
	checkout.Sale
	Name string `json:"name" doc:"The customer's name"`
}

// SaleFile is a sale with all that was done about it.
type SaleFile struct {
	checkout.File
	Name string `json:"name" doc:"The customer's name"`
}

// SalesPage is a page of sales with how many of the filter's stand where.
type SalesPage struct {
	Page[SaleRow]
	Counts map[string]checkout.Standing `json:"counts" doc:"By state, of the filter whatever state it names"`
}

// SalesFilter narrows a list of orders.
type SalesFilter struct {
	Q        string    `query:"q" maxLength:"64" doc:"The beginning of a number, or a tracking number"`
	State    string    `query:"state" enum:"unpaid,paid,shipped,finished,closed,refunded"`
	Customer uint32    `query:"customer" doc:"A customer's number"`
	Tail     string    `query:"tail" pattern:"^[0-9]{4}$" doc:"The last four digits of the phone it goes to"`
	Goods    string    `query:"goods" maxLength:"64" doc:"An id of goods: orders with one of its SKUs"`
	Delivery string    `query:"delivery" enum:"ship,pickup"`
	Waiting  bool      `query:"waiting" doc:"Only those that wait for codes of virtual goods"`
	From     time.Time `query:"from" doc:"Placed from then on"`
	Until    time.Time `query:"until" doc:"Placed before"`
}

func (f *SalesFilter) filter() checkout.Filter {
	return checkout.Filter{
		State: checkout.State(f.State), Search: strings.TrimSpace(f.Q), Customer: f.Customer, Tail: f.Tail, Goods: f.Goods, Delivery: f.Delivery,
		Waiting: f.Waiting, From: f.From, Until: f.Until,
	}
}

// salesFilterOf reads the filter of a raw operation, which has no tags to do it.
func salesFilterOf(q url.Values) (checkout.Filter, error) {
	f := SalesFilter{Q: q.Get("q"), State: q.Get("state"), Tail: q.Get("tail"), Goods: q.Get("goods"), Delivery: q.Get("delivery"), Waiting: q.Get("waiting") == "true"}
	if n := q.Get("customer"); n != "" {
		number, err := strconv.ParseUint(n, 10, 32)
		if err != nil {
			return checkout.Filter{}, errs.New(errs.Invalid, "request.customer", "a customer's number is a number").At("customer")
		}
		f.Customer = uint32(number)
	}
	for name, to := range map[string]*time.Time{"from": &f.From, "until": &f.Until} {
		if v := q.Get(name); v != "" {
			at, err := time.Parse(time.RFC3339, v)
			if err != nil {
				return checkout.Filter{}, errs.New(errs.Invalid, "request.time", "%s is no time", name).At(name)
			}
			*to = at
		}
	}
	return f.filter(), nil
}

// names are the names of customers.
func (a *API) names(ctx context.Context, numbers []uint32) (map[uint32]string, error) {
	people, err := a.Services.Customers.ByNumbers(ctx, numbers)
	out := make(map[uint32]string, len(people))
	for n, c := range people {
		out[n] = c.Name
	}
	return out, err
}

// file is a sale for staff.
func (a *API) file(ctx context.Context, saleID string) (SaleFile, error) {
	f, err := a.Services.Sales.File(ctx, saleID)
	if err != nil {
		return SaleFile{}, err
	}
	names, err := a.names(ctx, []uint32{f.Customer})
	return SaleFile{File: f, Name: names[f.Customer]}, err
}

// registerSales: the orders of the brand's own store, for those who send them.
func registerSales(a *API) {
	type list struct {
		Paging
		SalesFilter
	}
	get(a, "/api/v1/store/orders", "list_store_orders", staff.SalesRead, func(ctx context.Context, in *list) (SalesPage, error) {
		f := in.filter()
		f.After, f.Limit = in.After, in.Limit
		p, err := a.Services.Sales.List(ctx, f)
		if err != nil {
			return SalesPage{}, err
		}
		numbers := make([]uint32, len(p.Items))
		for i := range p.Items {
			numbers[i] = p.Items[i].Customer
		}
		names, err := a.names(ctx, numbers)
		if err != nil {
			return SalesPage{}, err
		}
		rows := make([]SaleRow, len(p.Items))
		for i, s := range p.Items {
			rows[i] = SaleRow{s, names[s.Customer]}
		}
		out := SalesPage{Page: PageOf(rows, p.Next, p.Total), Counts: map[string]checkout.Standing{}}
		if in.After != "" { // told with the first page
			return out, nil
		}
		counts, err := a.Services.Sales.Counts(ctx, f)
		for state, n := range counts {
			out.Counts[string(state)] = n
		}
		return out, err
	}, summary("Orders of the brand's own store, the latest first"))

	raw(a, http.MethodGet, "/api/v1/store/orders/export", "export_store_orders", staff.SalesRead, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", func(w http.ResponseWriter, r *http.Request) error {
		f, err := salesFilterOf(r.URL.Query())
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := a.Services.Sales.Export(r.Context(), &out, f, a.Services.Books.Zone()); err != nil {
			return err
		}
		return sendWorkbook(w, "orders.xlsx", out.Bytes())
	}, summary("The orders of a filter as XLSX, a row for each line"), param("state", "As in the list, and so q, customer, tail, goods, delivery, waiting, from and until"))

	get(a, "/api/v1/store/orders/{id}", "get_store_order", staff.SalesRead, func(ctx context.Context, in *ByID) (SaleFile, error) {
		return a.file(ctx, in.ID)
	}, summary("An order with its quotation and all that was done about it"))

	type ship struct {
		ByID
		Body struct {
			Carrier  string `json:"carrier" maxLength:"40"`
			Tracking string `json:"tracking" minLength:"1" maxLength:"64"`
		}
	}
	post(a, "/api/v1/store/orders/{id}/ship", "ship_store_order", staff.SalesWrite, func(ctx context.Context, in *ship) (checkout.Sale, error) {
		return a.Services.Sales.Ship(ctx, in.ID, strings.TrimSpace(in.Body.Carrier), strings.TrimSpace(in.Body.Tracking))
	}, summary("Say that an order is on its way, or put its tracking number right"))

	raw(a, http.MethodPost, "/api/v1/store/orders/shipments", "ship_store_orders", staff.SalesWrite, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		out, err := a.shipments(r.Context(), r.Body)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(out)
	}, summary("Ship by a file: CSV or XLSX with the columns number, carrier, tracking"), maxBody(8<<20))

	type closeFor struct {
		ByID
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Kept as a note; customers do not see it"`
		}
	}
	post(a, "/api/v1/store/orders/{id}/close", "close_store_order", staff.SalesWrite, func(ctx context.Context, in *closeFor) (checkout.Sale, error) {
		return a.Services.Sales.CloseFor(ctx, in.ID, in.Body.Reason, auth.From(ctx).ID)
	}, summary("Cancel an order that is not paid, and say why"))

	post(a, "/api/v1/store/orders/{id}/finish", "finish_store_order", staff.SalesWrite, func(ctx context.Context, in *ByID) (checkout.Sale, error) {
		return a.Services.Sales.Finish(ctx, 0, in.ID)
	}, summary("Say that an order was received or handed out"))

	type note struct {
		ByID
		Body struct {
			Text string `json:"text" minLength:"1" maxLength:"500"`
		}
	}
	post(a, "/api/v1/store/orders/{id}/notes", "note_store_order", staff.SalesWrite, func(ctx context.Context, in *note) (checkout.Note, error) {
		return a.Services.Sales.AddNote(ctx, in.ID, in.Body.Text, auth.From(ctx).ID)
	}, summary("Write a note of an order; customers do not see it"), status(http.StatusCreated))

	registerGivingBack(a)
	registerCodes(a)
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

// registerGivingBack: money that goes back.
func registerGivingBack(a *API) {
	type would struct {
		ByID
		Body pricing.Giving
	}
	post(a, "/api/v1/store/orders/{id}/refunds/preview", "preview_store_refund", staff.SalesRead, func(ctx context.Context, in *would) (pricing.Refund, error) {
		return a.Services.Sales.WouldGive(ctx, in.ID, in.Body)
	}, summary("What giving part of an order back would come to; changes nothing"))

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
}

// registerCodes: codes that customers show, and pools of codes that are sold.
func registerCodes(a *API) {
	tries := newLimiter(rate.Every(2*time.Second), 20) // codes tried, per member of staff: enough for a counter, too few to guess
	limited := func(ctx context.Context) error {
		if wait := tries.take(auth.From(ctx).ID); wait > 0 {
			return errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		return nil
	}
	type look struct {
		Body struct {
			Code string `json:"code" minLength:"1" maxLength:"40" doc:"Twelve digits; spaces do not matter"`
		}
	}
	post(a, "/api/v1/store/codes/look", "look_store_code", staff.SalesWrite, func(ctx context.Context, in *look) (checkout.Redemption, error) {
		if err := limited(ctx); err != nil {
			return checkout.Redemption{}, err
		}
		return a.Services.Sales.Look(ctx, in.Body.Code)
	}, summary("What a pickup or service code would do; changes nothing"))

	type redeem struct {
		Body struct {
			Code    string `json:"code" minLength:"1" maxLength:"40"`
			Request string `json:"request" minLength:"8" maxLength:"64" doc:"Made once by the page: the same again uses nothing more"`
			Units   int64  `json:"units" minimum:"1" maximum:"1000" doc:"1 for a pickup"`
		}
	}
	post(a, "/api/v1/store/codes/redeem", "redeem_store_code", staff.SalesWrite, func(ctx context.Context, in *redeem) (checkout.Redemption, error) {
		if err := limited(ctx); err != nil {
			return checkout.Redemption{}, err
		}
		return a.Services.Sales.Redeem(ctx, in.Body.Code, in.Body.Request, in.Body.Units, auth.From(ctx).ID)
	}, summary("Hand an order out by its pickup code, or redeem units of a service"))

	type bySKU struct {
		Paging
		SKU string `path:"sku" maxLength:"64"`
	}
	get(a, "/api/v1/store/pools/{sku}", "list_code_pool", staff.GoodsWrite, func(ctx context.Context, in *bySKU) (Page[checkout.PoolCode], error) {
		all, err := a.Services.Sales.PoolCodes(ctx, in.SKU, in.After, in.Limit)
		next := ""
		if len(all) == in.Limit {
			next = all[len(all)-1].ID
		}
		return PageOf(all, next, -1), err
	}, summary("The codes of a virtual SKU with their ends only, the last added first"))

	raw(a, http.MethodPost, "/api/v1/store/pools/{sku}", "add_codes", staff.StockWrite, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		header, rows, err := readTable(r.Body, 50_000)
		if err != nil {
			return err
		}
		var codes []string
		if len(header) > 0 && strings.ContainsAny(header[0], "0123456789") { // no heading but a code
			codes = append(codes, header[0])
		}
		for _, row := range rows {
			if len(row.Cells) == 0 {
				codes = append(codes, "")
				continue
			}
			codes = append(codes, row.Cells[0])
		}
		out, err := a.Services.Sales.AddCodes(r.Context(), r.PathValue("sku"), codes, auth.From(r.Context()).ID)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(out)
	}, summary("Add codes of a virtual SKU: CSV or XLSX, a code in the first column of each row"), maxBody(8<<20))
}

// sendWorkbook answers with a workbook.
func sendWorkbook(w http.ResponseWriter, name string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, err := w.Write(body)
	return err
}

// Shipments is what became of a file of shipments.
type Shipments struct {
	Shipped  int              `json:"shipped"`
	Rejected []ShipmentReject `json:"rejected"`
}

// ShipmentReject is a line that was not taken, and why.
type ShipmentReject struct {
	Line   int64    `json:"line" doc:"From 1, the headers included"`
	Cells  []string `json:"cells" doc:"As they were read"`
	Code   string   `json:"code"`
	Reason string   `json:"reason"`
}

// shipments ships what the rows of a file name. A row that cannot be taken is told with its reason; the others are taken.
func (a *API) shipments(ctx context.Context, body io.Reader) (Shipments, error) {
	out := Shipments{Rejected: []ShipmentReject{}}
	header, rows, err := readTable(body, 20_000)
	if err != nil {
		return out, err
	}
	if len(header) > 0 && strings.ContainsAny(header[0], "0123456789") { // no headings but a shipment
		rows = append([]tableRow{{1, header}}, rows...)
	}
	for _, row := range rows {
		reject := ShipmentReject{Line: row.Line, Cells: row.Cells}
		if reject.Cells == nil {
			reject.Cells = []string{}
		}
		if len(row.Cells) < 3 {
			reject.Code, reject.Reason = "shipments.columns", "a line has a number, a carrier and a tracking number"
			out.Rejected = append(out.Rejected, reject)
			continue
		}
		sale, err := a.Services.Sales.ByNumber(ctx, row.Cells[0])
		if err == nil {
			_, err = a.Services.Sales.Ship(ctx, sale.ID, row.Cells[1], row.Cells[2])
		}
		var e *errs.Error
		switch {
		case err == nil:
			out.Shipped++
		case errors.As(err, &e) && e.Kind != errs.Internal && e.Kind != errs.Unavailable:
			reject.Code, reject.Reason = e.Code, e.Message
			out.Rejected = append(out.Rejected, reject)
		default:
			return out, err
		}
	}
	return out, nil
}
