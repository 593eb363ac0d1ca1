package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/finance/payment"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/presale"
)

// PresaleBookingRow is a customer's units of a presale, for those who run the store.
type PresaleBookingRow struct {
	presale.Booking
	Name string `json:"name" doc:"The customer's name"`
}

// ShopPresale is a presale as customers see it.
type ShopPresale struct {
	presale.Presale
	State   string            `json:"state" enum:"draft,scheduled,on,waiting,tail,ended,stopped"`
	Title   string            `json:"title" doc:"Of the goods"`
	Picture string            `json:"picture"`
	Now     time.Time         `json:"now" doc:"The store's clock, for counting down"`
	SKUs    []ShopPresaleItem `json:"skus"`
}

// ShopPresaleItem is a SKU of a presale as customers see it; amounts are of one unit.
type ShopPresaleItem struct {
	SKU        string   `json:"sku"`
	Choice     []string `json:"choice"`
	Picture    string   `json:"picture"`
	PriceFen   int64    `json:"price_fen"`
	AloneFen   int64    `json:"alone_fen" doc:"What it costs without the presale"`
	DepositFen int64    `json:"deposit_fen"`
	WorthFen   int64    `json:"worth_fen" doc:"What the deposit counts for"`
	Left       int64    `json:"left" doc:"Units that can still be booked"`
}

// ShopBooking is a customer's own units of a presale, with what was promised.
type ShopBooking struct {
	presale.Booking
	Name         string    `json:"name" doc:"Of the presale"`
	Standing     string    `json:"presale_state" enum:"draft,scheduled,on,waiting,tail,ended,stopped"`
	Goods        string    `json:"goods"`
	Title        string    `json:"title" doc:"The goods with their choice"`
	Picture      string    `json:"picture"`
	PriceFen     int64     `json:"price_fen" doc:"Of all its units"`
	Keep         bool      `json:"keep" doc:"The deposit is not returned when the tail is not paid"`
	TailStartsAt time.Time `json:"tail_starts_at"`
	TailEndsAt   time.Time `json:"tail_ends_at"`
	ShipBy       time.Time `json:"ship_by"`
	Now          time.Time `json:"now"`
}

// shopPresales are presales for customers; what is not sold any more, and was never booked, is left out of those that take deposits.
func (a *API) shopPresales(ctx context.Context, all []presale.Full) ([]ShopPresale, error) {
	var skus []string
	for _, p := range all {
		for _, it := range p.Items {
			skus = append(skus, it.SKU)
		}
	}
	items, err := catalog.Items(ctx, a.Services.Sales.DB, skus)
	if err != nil {
		return nil, err
	}
	levels, err := inventory.Levels(ctx, a.Services.Sales.DB, inventory.Online, skus)
	if err != nil {
		return nil, err
	}
	out := make([]ShopPresale, 0, len(all))
	for _, p := range all {
		one := ShopPresale{Presale: p.Presale, State: string(p.State), Now: a.Services.Sales.Now(), SKUs: []ShopPresaleItem{}}
		one.By = ""
		for _, it := range p.Items {
			item, level := items[it.SKU], levels[it.SKU]
			if one.Title == "" {
				one.Title, one.Picture = item.Title, item.Cover()
			}
			left := max(min(it.Left(), level.Free()), 0)
			if !item.Sold() {
				left = 0
			}
			one.SKUs = append(one.SKUs, ShopPresaleItem{
				SKU: it.SKU, Choice: append([]string{}, item.Choice...), Picture: item.Cover(), PriceFen: it.PriceFen, AloneFen: item.PriceFen, DepositFen: it.DepositFen, WorthFen: it.WorthFen, Left: left,
			})
		}
		out = append(out, one)
	}
	return out, nil
}

// shopBookings are bookings for the customer whose they are.
func (a *API) shopBookings(ctx context.Context, all []presale.Booking) ([]ShopBooking, error) {
	skus := make([]string, len(all))
	for i, b := range all {
		skus[i] = b.SKU
	}
	items, err := catalog.Items(ctx, a.Services.Sales.DB, skus)
	if err != nil {
		return nil, err
	}
	of := map[string]presale.Counted{}
	out := make([]ShopBooking, len(all))
	for i, b := range all {
		p, ok := of[b.Presale]
		if !ok {
			if p, err = a.Services.Presales.Get(ctx, b.Presale); err != nil {
				return nil, err
			}
			of[b.Presale] = p
		}
		b.Layer = ""
		item := items[b.SKU]
		out[i] = ShopBooking{
			Booking: b, Name: p.Name, Standing: string(p.State), Goods: p.Goods, Title: item.Name(), Picture: item.Cover(), Keep: p.Keep, TailStartsAt: p.TailStartsAt, TailEndsAt: p.TailEndsAt,
			ShipBy: p.ShipBy, Now: a.Services.Sales.Now(),
		}
		for _, it := range p.Items {
			if it.SKU == b.SKU {
				out[i].PriceFen = it.PriceFen * b.Units
			}
		}
	}
	return out, nil
}

func (a *API) shopBooking(ctx context.Context, b presale.Booking) (ShopBooking, error) {
	all, err := a.shopBookings(ctx, []presale.Booking{b})
	if err != nil {
		return ShopBooking{}, err
	}
	return all[0], nil
}

// registerPresale: deposits now and tails later, for those who run the store and for customers.
func registerPresale(a *API) {
	get(a, "/api/v1/presales", "list_presales", staff.GoodsRead, func(ctx context.Context, in *Paging) (Page[presale.Counted], error) {
		all, next, err := a.Services.Presales.List(ctx, in.After, in.Limit)
		return PageOf(all, next, -1), err
	}, summary("Presales with what came of them, the latest made first"))

	type write struct{ Body presale.Draft }
	post(a, "/api/v1/presales", "create_presale", staff.GoodsWrite, func(ctx context.Context, in *write) (presale.Full, error) {
		return a.Services.Presales.Create(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Write a presale, which nobody sees until it is published"), status(http.StatusCreated))

	get(a, "/api/v1/presales/{id}", "get_presale", staff.GoodsRead, func(ctx context.Context, in *ByID) (presale.Counted, error) {
		return a.Services.Presales.Get(ctx, in.ID)
	}, summary("A presale with what came of it"))

	type change struct {
		ByID
		Body struct {
			presale.Draft
			Version int64 `json:"version" doc:"That the author saw: another now is a conflict"`
		}
	}
	put(a, "/api/v1/presales/{id}", "change_presale", staff.GoodsWrite, func(ctx context.Context, in *change) (presale.Full, error) {
		return a.Services.Presales.Update(ctx, in.ID, in.Body.Draft, in.Body.Version)
	}, summary("Change a presale; what people have agreed to by a deposit stays"))

	get(a, "/api/v1/presales/{id}/check", "check_presale", staff.GoodsRead, func(ctx context.Context, in *ByID) ([]presale.Finding, error) {
		return a.Services.Presales.Review(ctx, in.ID)
	}, summary("What speaks against publishing it now"))

	post(a, "/api/v1/presales/{id}/publish", "publish_presale", staff.GoodsWrite, func(ctx context.Context, in *ByID) (presale.Full, error) {
		return a.Services.Presales.Publish(ctx, in.ID)
	}, summary("Let customers see it; deposits are taken when its time comes"))

	post(a, "/api/v1/presales/{id}/open-tail", "open_presale_tail", staff.GoodsWrite, func(ctx context.Context, in *ByID) (presale.Full, error) {
		return a.Services.Presales.OpenTail(ctx, in.ID)
	}, summary("End deposits and let tails be paid from now on"))

	post(a, "/api/v1/presales/{id}/stop", "stop_presale", staff.GoodsWrite, func(ctx context.Context, in *ByID) (presale.Full, error) {
		return a.Services.Presales.Stop(ctx, in.ID)
	}, summary("End it now: every deposit whose tail is not paid goes back"))

	type bookings struct {
		Paging
		Presale string `query:"presale" maxLength:"64"`
		State   string `query:"state" enum:"unpaid,deposited,done,closed,forfeited,returned,refunded"`
		Sale    string `query:"sale" maxLength:"64" doc:"The order that pays the tail"`
	}
	get(a, "/api/v1/presale-bookings", "list_presale_bookings", staff.SalesRead, func(ctx context.Context, in *bookings) (Page[PresaleBookingRow], error) {
		all, next, err := a.Services.Presales.Bookings(ctx, presale.Filter{Presale: in.Presale, State: presale.BookingState(in.State), Sale: in.Sale, After: in.After, Limit: in.Limit})
		if err != nil {
			return Page[PresaleBookingRow]{}, err
		}
		numbers := make([]uint32, len(all))
		for i, b := range all {
			numbers[i] = b.Customer
		}
		names, err := a.names(ctx, numbers)
		out := make([]PresaleBookingRow, len(all))
		for i, b := range all {
			out[i] = PresaleBookingRow{Booking: b, Name: names[b.Customer]}
		}
		return PageOf(out, next, -1), err
	}, summary("What customers have booked, the latest first"))

	post(a, "/api/v1/presale-bookings/{id}/return", "return_presale_deposit", staff.SalesRefund, func(ctx context.Context, in *ByID) (presale.Booking, error) {
		return a.Services.Presales.Return(ctx, in.ID, auth.From(ctx).ID)
	}, summary("Give a deposit back to where it came from, whatever the presale says"))

	registerShopPresale(a)
}

// registerShopPresale: presales, for customers.
func registerShopPresale(a *API) {
	books := newLimiter(rate.Every(time.Second), 30) // per customer, as orders
	type of struct {
		Goods string `query:"goods" maxLength:"64" doc:"Id of goods; empty: of all"`
	}
	get(a, "/api/v1/shop/presales", "shop_presales", Public, func(ctx context.Context, in *of) (Page[ShopPresale], error) {
		all, err := a.Services.Presales.Seen(ctx, in.Goods, 100)
		if err != nil {
			return Page[ShopPresale]{}, err
		}
		out, err := a.shopPresales(ctx, all)
		return PageOf(out, "", int64(len(out))), err
	}, summary("Presales whose deposits or tails are paid now or later, the first to begin first"))

	get(a, "/api/v1/shop/presales/{id}", "shop_presale", Public, func(ctx context.Context, in *ByID) (ShopPresale, error) {
		p, err := a.Services.Presales.Get(ctx, in.ID)
		if err != nil {
			return ShopPresale{}, err
		}
		if p.State == presale.Drafted {
			return ShopPresale{}, presale.ErrNone()
		}
		out, err := a.shopPresales(ctx, []presale.Full{p.Full})
		if err != nil {
			return ShopPresale{}, err
		}
		return out[0], nil
	}, summary("A presale: what it costs, what the deposit counts for, and until when"))

	type book struct {
		Request string `header:"Idempotency-Key" required:"true" minLength:"16" maxLength:"64" doc:"Made once by the page that books: the same key again returns the booking it made"`
		Body    presale.Wish
	}
	post(a, "/api/v1/shop/presale-bookings", "shop_book_presale", Customer, func(ctx context.Context, in *book) (ShopBooking, error) {
		who := shopperOf(ctx).customer
		if wait := books.take(strconv.FormatUint(uint64(who), 10)); wait > 0 {
			return ShopBooking{}, errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		b, err := a.Services.Presales.Book(ctx, who, in.Request, in.Body)
		if err != nil {
			return ShopBooking{}, err
		}
		return a.shopBooking(ctx, b)
	}, summary("Book units of a presale; they are kept until the deposit is paid or its time is over"), status(http.StatusCreated))

	type mine struct {
		Paging
		State string `query:"state" enum:"unpaid,deposited,done,closed,forfeited,returned,refunded"`
	}
	get(a, "/api/v1/shop/presale-bookings", "shop_presale_bookings", Customer, func(ctx context.Context, in *mine) (Page[ShopBooking], error) {
		all, next, err := a.Services.Presales.Bookings(ctx, presale.Filter{Customer: shopperOf(ctx).customer, State: presale.BookingState(in.State), After: in.After, Limit: in.Limit})
		if err != nil {
			return Page[ShopBooking]{}, err
		}
		out, err := a.shopBookings(ctx, all)
		return PageOf(out, next, -1), err
	}, summary("What one has booked, the latest first"))

	get(a, "/api/v1/shop/presale-bookings/{id}", "shop_presale_booking", Customer, func(ctx context.Context, in *ByID) (ShopBooking, error) {
		b, err := a.Services.Presales.Booking(ctx, shopperOf(ctx).customer, in.ID)
		if err != nil {
			return ShopBooking{}, err
		}
		return a.shopBooking(ctx, b)
	}, summary("One of one's own bookings"))

	post(a, "/api/v1/shop/presale-bookings/{id}/cancel", "shop_cancel_presale_booking", Customer, func(ctx context.Context, in *ByID) (ShopBooking, error) {
		b, err := a.Services.Presales.Cancel(ctx, shopperOf(ctx).customer, in.ID)
		if err != nil {
			return ShopBooking{}, err
		}
		return a.shopBooking(ctx, b)
	}, summary("Let a booking go; a deposit that was paid comes back where the presale gives it back"))

	type pay struct {
		ByID
		Body struct {
			Method string `json:"method" enum:"wechat_jsapi,wechat_native"`
			OpenID string `json:"openid,omitempty" maxLength:"64" doc:"Of the payer in a mini-program; a page in WeChat leaves it out, since she signed in by it"`
		}
	}
	post(a, "/api/v1/shop/presale-bookings/{id}/pay", "shop_pay_presale_deposit", Customer, func(ctx context.Context, in *pay) (ShopCashier, error) {
		b, err := a.Services.Presales.Booking(ctx, shopperOf(ctx).customer, in.ID)
		if err != nil {
			return ShopCashier{}, err
		}
		shown, err := a.shopBooking(ctx, b)
		if err != nil {
			return ShopCashier{}, err
		}
		return a.cashier(ctx, in.Body.OpenID, func(openid string) (payment.Cashier, error) {
			return a.Services.AskDeposit(ctx, b, "定金 "+shown.Title, payment.Method(in.Body.Method), openid)
		})
	}, summary("Go to WeChat's cashier with a deposit"))
}
