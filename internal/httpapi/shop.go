package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/finance/payment"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/promo"
	"huoshui/internal/user/signin"
)

// The two permissions of customers, who are no staff.
const (
	Customer auth.Permission = "@customer" // a customer who is signed in to the store
	Shopper  auth.Permission = "@shopper"  // the same, or a guest who names the cart that her browser keeps
)

const shopCookie = "huoshui_shop"

// shopper is who calls a route of the store.
type shopper struct {
	customer uint32 // 0: a guest
	token    string // by which she is signed in
	guest    string
}

type shopperKey struct{}

// shopperOf is who calls a route that Customer or Shopper guards.
func shopperOf(ctx context.Context) shopper {
	who, _ := ctx.Value(shopperKey{}).(shopper)
	return who
}

// cart is the owner of the caller's cart.
func (s shopper) cart() string {
	if s.customer != 0 {
		return checkout.CartOf(s.customer)
	}
	return checkout.GuestCart(s.guest)
}

// shopToken returns the token of a customer's session, "" without one.
func shopToken(r *http.Request) string {
	for _, name := range []string{"__Host-" + shopCookie, shopCookie} {
		if c, err := r.Cookie(name); err == nil && c.Value != "" {
			return c.Value
		}
	}
	return ""
}

// guestOf returns the cart's name that a guest's browser keeps: unguessable, since it is the key to the cart.
func guestOf(r *http.Request) string {
	if g := r.Header.Get("X-Guest"); len(g) >= 22 && len(g) <= 64 && saneRequestID(g) {
		return g
	}
	return ""
}

// admitShopper returns who calls, or why she may not.
func (a *API) admitShopper(r *http.Request, p auth.Permission) (shopper, error) {
	if token := shopToken(r); token != "" {
		number, err := a.Services.SignIn.Who(r.Context(), token)
		if err == nil {
			return shopper{customer: number, token: token}, nil
		}
		if errs.KindOf(err) != errs.Denied {
			return shopper{}, err
		}
	}
	if g := guestOf(r); p == Shopper && g != "" {
		return shopper{guest: g}, nil
	}
	return shopper{}, auth.ErrSignIn
}

func (a *API) shopCookie(r *http.Request, token string) *http.Cookie {
	c := &http.Cookie{Name: shopCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(signin.SessionLasts / time.Second)}
	if a.secure(r) {
		c.Name, c.Secure = "__Host-"+shopCookie, true
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

// ShopSKU is a SKU as customers see it.
type ShopSKU struct {
	Code      string   `json:"code"`
	Choice    []string `json:"choice"`
	PriceFen  int64    `json:"price_fen"`
	MarketFen int64    `json:"market_fen" doc:"Struck through; 0 shows none"`
	Picture   string   `json:"picture"`
	Free      int64    `json:"free" doc:"Units that can be ordered, at most 999"`
}

// ShopGoods are goods as customers see them.
type ShopGoods struct {
	ID       string         `json:"id"`
	Title    string         `json:"title"`
	Subtitle string         `json:"subtitle"`
	Category string         `json:"category"`
	Kind     string         `json:"kind"`
	Picture  string         `json:"picture" doc:"The cover: a picture's id, or empty"`
	PriceFen int64          `json:"price_fen" doc:"The lowest price of its SKUs"`
	Sold     int64          `json:"sold"`
	Pictures []string       `json:"pictures,omitempty"`
	Points   []string       `json:"points,omitempty"`
	Specs    []catalog.Spec `json:"specs,omitempty"`
	Detail   []ShopBlock    `json:"detail,omitempty"`
	SKUs     []ShopSKU      `json:"skus,omitempty"`
	Flash    []ShopFlash    `json:"flash,omitempty"`
	Pairs    []ShopGoods    `json:"pairs,omitempty" doc:"Of goods that are asked for alone: what goes with them, as a list shows it"`
}

// ShopBlock is a piece of a description: a text, or a picture with its size, so that room is kept for it.
type ShopBlock struct {
	Text    string `json:"text,omitempty"`
	Picture string `json:"picture,omitempty"`
	Width   int64  `json:"width,omitempty" doc:"Of the picture, in pixels"`
	Height  int64  `json:"height,omitempty"`
}

// ShopFlash is a flash sale as customers see it.
type ShopFlash struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	SKU       string    `json:"sku"`
	PriceFen  int64     `json:"price_fen"`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	Left      int64     `json:"left"`
	PerPerson int64     `json:"per_person"`
	Room      bool      `json:"room" doc:"Customers wait for their turn in the order in which they came: see /api/v1/shop/flash/{id}/room"`
	Now       time.Time `json:"now" doc:"The store's clock, for counting down"`
}

func (s *Services) shopFlash(f flash.Sale) ShopFlash {
	return ShopFlash{ID: f.ID, Name: f.Name, SKU: f.SKU, PriceFen: f.PriceFen, StartsAt: f.StartsAt, EndsAt: f.EndsAt, Left: f.Units - f.Taken, PerPerson: f.PerPerson, Room: f.AtOnce > 0, Now: s.Sales.Now()}
}

func shopGoods(g catalog.Goods) ShopGoods {
	out := ShopGoods{ID: g.ID, Title: g.Title, Subtitle: g.Subtitle, Category: g.Category, Kind: g.Kind, PriceFen: g.LowFen, Sold: g.Sold}
	if len(g.Pictures) > 0 {
		out.Picture = g.Pictures[0]
	}
	return out
}

func shopSKU(s catalog.SKU, free int64) ShopSKU {
	return ShopSKU{Code: s.Code, Choice: s.Choice, PriceFen: s.PriceFen, MarketFen: s.MarketFen, Picture: s.Picture, Free: min(max(free, 0), 999)}
}

// ShopCartLine is a line of a cart as its customer sees it.
type ShopCartLine struct {
	SKU      ShopSKU `json:"sku"`
	Goods    string  `json:"goods" doc:"Id of the goods"`
	Name     string  `json:"name"`
	Picture  string  `json:"picture"`
	Quantity int64   `json:"quantity"`
	Chosen   bool    `json:"chosen"`
	Sold     bool    `json:"sold" doc:"False when it cannot be bought any more"`
}

// ShopMe is the customer who is signed in.
type ShopMe struct {
	Name   string `json:"name"`
	Phone  string `json:"phone" doc:"With its middle hidden"`
	Level  string `json:"level"`
	Points int64  `json:"points"`

	BalanceFen int64     `json:"balance_fen" doc:"What the wallet can pay, paid in and given together"`
	Now        time.Time `json:"now" doc:"The store's clock, for counting down"`
}

// ShopCashier leads a customer to WeChat Pay.
type ShopCashier struct {
	payment.Cashier
	Simulated string `json:"simulated,omitempty" doc:"Where the local WeChat Pay takes the payment with a POST; empty where it is the real one"`
}

// mine hides from a customer what the brand thinks of her.
func mine(s checkout.Sale) checkout.Sale {
	s.Layer = ""
	return s
}

// registerShop: the brand's own store, for its H5 pages and for a mini-program. A customer reaches what is hers; prices are never
// hers to say.
func registerShop(a *API) {
	codes := newLimiter(rate.Every(20*time.Second), 10)  // codes asked for, per address; each phone has its own limit on top
	guesses := newLimiter(rate.Every(3*time.Second), 20) // codes tried, per address
	orders := newLimiter(rate.Every(time.Second), 30)    // orders placed, per customer
	limited := func(l *limiter, key string) error {
		if wait := l.take(key); wait > 0 {
			return errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		return nil
	}
	registerShelves(a)

	type ask struct {
		Body struct {
			Phone string `json:"phone" minLength:"5" maxLength:"24"`
		}
	}
	type nothing struct{}
	withRequest(a, http.MethodPost, "/api/v1/shop/code", "shop_ask_code", Public, func(ctx context.Context, r *http.Request, in *ask) (*nothing, error) {
		if err := limited(codes, a.remote(r)); err != nil {
			return nil, err
		}
		return &nothing{}, a.Services.SignIn.Ask(ctx, in.Body.Phone)
	}, summary("Send a code to a phone; the answer does not tell whether the number is known"), status(http.StatusNoContent))

	type enter struct {
		Guest string `header:"X-Guest" maxLength:"64"`
		Body  struct {
			Phone  string `json:"phone" minLength:"5" maxLength:"24"`
			Code   string `json:"code" minLength:"4" maxLength:"8"`
			Origin string `json:"origin,omitempty" maxLength:"40" doc:"By which channel she came, such as the utm_source"`
		}
	}
	type entered struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
	}
	withRequest(a, http.MethodPost, "/api/v1/shop/session", "shop_sign_in", Public, func(ctx context.Context, r *http.Request, in *enter) (*entered, error) {
		if err := limited(guesses, a.remote(r)); err != nil {
			return nil, err
		}
		origin := in.Body.Origin
		if origin == "" {
			origin = checkout.Channel
		}
		token, number, err := a.Services.SignIn.Enter(ctx, in.Body.Phone, in.Body.Code, origin, shopToken(r))
		if err != nil {
			return nil, err
		}
		if g := guestOf(r); g != "" {
			if err := a.Services.Sales.Adopt(ctx, g, number); err != nil {
				return nil, err
			}
		}
		return &entered{SetCookie: *a.shopCookie(r, token)}, nil
	}, summary("Sign in with a code; what the guest had in her cart comes along"), status(http.StatusNoContent))

	withRequest(a, http.MethodDelete, "/api/v1/shop/session", "shop_sign_out", Public, func(ctx context.Context, r *http.Request, _ *struct{}) (*entered, error) {
		return &entered{SetCookie: *a.shopCookie(r, "")}, a.Services.SignIn.Leave(ctx, shopToken(r))
	}, summary("Sign out of the store"), status(http.StatusNoContent))

	get(a, "/api/v1/shop/me", "shop_me", Customer, func(ctx context.Context, _ *struct{}) (ShopMe, error) {
		return a.Services.shopMe(ctx, shopperOf(ctx).customer)
	}, summary("The customer who is signed in"))

	registerCart(a)

	type wish struct{ Body checkout.Wish }
	post(a, "/api/v1/shop/preview", "shop_preview", Customer, func(ctx context.Context, in *wish) (checkout.Preview, error) {
		return a.Services.Sales.Preview(ctx, shopperOf(ctx).customer, in.Body)
	}, summary("What an order would cost now, why, and what each coupon would save; changes nothing"))

	type place struct {
		Request string `header:"Idempotency-Key" required:"true" minLength:"16" maxLength:"64" doc:"Made once by the page that orders: the same key again returns the order it made"`
		Body    struct {
			checkout.Wish
			TotalFen int64 `json:"total_fen" minimum:"0" doc:"What the customer was shown: another total now is a conflict"`
		}
	}
	post(a, "/api/v1/shop/orders", "shop_order", Customer, func(ctx context.Context, in *place) (checkout.Sale, error) {
		who := shopperOf(ctx).customer
		if err := limited(orders, strconv.FormatUint(uint64(who), 10)); err != nil {
			return checkout.Sale{}, err
		}
		sale, err := a.Services.Sales.Place(ctx, who, in.Request, in.Body.Wish, in.Body.TotalFen)
		return mine(sale), err
	}, summary("Order; what is ordered is held until it is paid or its time is over"), status(http.StatusCreated))

	type list struct {
		Paging
		State string `query:"state" enum:"unpaid,paid,shipped,finished,closed,refunded"`
	}
	get(a, "/api/v1/shop/orders", "shop_orders", Customer, func(ctx context.Context, in *list) (Page[checkout.Sale], error) {
		p, err := a.Services.Sales.List(ctx, checkout.Filter{Customer: shopperOf(ctx).customer, State: checkout.State(in.State), After: in.After, Limit: in.Limit})
		for i := range p.Items {
			p.Items[i] = mine(p.Items[i])
		}
		return PageOf(p.Items, p.Next, p.Total), err
	}, summary("One's own orders, the latest first"))

	get(a, "/api/v1/shop/orders/{id}", "shop_get_order", Customer, func(ctx context.Context, in *ByID) (checkout.Sale, error) {
		sale, err := a.Services.Sales.Whole(ctx, shopperOf(ctx).customer, in.ID)
		return mine(sale), err
	}, summary("One of one's own orders, with its codes once it is paid"))

	post(a, "/api/v1/shop/orders/{id}/close", "shop_close_order", Customer, func(ctx context.Context, in *ByID) (checkout.Sale, error) {
		sale, err := a.Services.Sales.Close(ctx, shopperOf(ctx).customer, in.ID, checkout.ByCustomer)
		return mine(sale), err
	}, summary("Cancel an order that is not paid; coupons, points and balance come back"))

	post(a, "/api/v1/shop/orders/{id}/received", "shop_received_order", Customer, func(ctx context.Context, in *ByID) (checkout.Sale, error) {
		sale, err := a.Services.Sales.Finish(ctx, shopperOf(ctx).customer, in.ID)
		return mine(sale), err
	}, summary("Say that an order has arrived"))

	type payOrder struct {
		ByID
		Body struct {
			Method string `json:"method" enum:"wechat_jsapi,wechat_native"`
			OpenID string `json:"openid,omitempty" maxLength:"64" doc:"Of the payer in a mini-program; a page in WeChat leaves it out, since she signed in by it"`
		}
	}
	post(a, "/api/v1/shop/orders/{id}/pay", "shop_pay_order", Customer, func(ctx context.Context, in *payOrder) (ShopCashier, error) {
		sale, err := a.Services.Sales.Get(ctx, shopperOf(ctx).customer, in.ID)
		if err != nil {
			return ShopCashier{}, err
		}
		return a.cashier(ctx, in.Body.OpenID, func(openid string) (payment.Cashier, error) {
			return a.Services.Ask(ctx, sale, payment.Method(in.Body.Method), openid)
		})
	}, summary("Go to WeChat's cashier"))

	get(a, "/api/v1/shop/coupons", "shop_coupons", Customer, func(ctx context.Context, _ *struct{}) (Page[promo.Holding], error) {
		held, err := a.Services.Promo.Of(ctx, shopperOf(ctx).customer)
		return PageOf(held, "", int64(len(held))), err
	}, summary("One's own coupons, those that can be used first"))
}

// registerShelves: what anybody may look at.
func registerShelves(a *API) {
	get(a, "/api/v1/shop/categories", "shop_categories", Public, func(ctx context.Context, _ *struct{}) (Page[catalog.Category], error) {
		return a.Services.shopShelves(ctx)
	}, summary("The shelves of the store"))

	type look struct {
		Paging
		Q        string `query:"q" maxLength:"50" doc:"Words of the title, pinyin or its initials"`
		Category string `query:"category" maxLength:"64"`
		Sort     string `query:"sort" enum:"new,sold,price,-price"`
	}
	get(a, "/api/v1/shop/goods", "shop_goods", Public, func(ctx context.Context, in *look) (Page[ShopGoods], error) {
		return a.Services.shopShelf(ctx, catalog.Filter{Search: in.Q, Category: in.Category, Sort: in.Sort, After: in.After, Limit: in.Limit})
	}, summary("Goods on sale"))

	get(a, "/api/v1/shop/goods/{id}", "shop_get_goods", Public, func(ctx context.Context, in *ByID) (ShopGoods, error) {
		return a.Services.shopOne(ctx, in.ID)
	}, summary("Goods with their choices, and what is left of each"))

	get(a, "/api/v1/shop/flash", "shop_flash", Public, func(ctx context.Context, _ *struct{}) (Page[ShopFlash], error) {
		return a.Services.shopFlashes(ctx)
	}, summary("Flash sales that are on, or begin within a day"))

	raw(a, http.MethodGet, "/media/{id}", "shop_picture", Public, "image/jpeg", func(w http.ResponseWriter, r *http.Request) error {
		width, err := strconv.Atoi(r.URL.Query().Get("w"))
		if err != nil {
			width = 480
		}
		body, kind, err := a.Services.Goods.PictureFile(r.Context(), r.PathValue("id"), width)
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable") // the id is a digest of what was uploaded
		_, err = w.Write(body)
		return err
	}, summary("A picture, at least as wide as asked for where there is one"), param("w", "Width in pixels; 480 unless said"))
}

// cashier leads a customer to WeChat's cashier, or to the simulated one where there is one: ask is given who pays.
func (a *API) cashier(ctx context.Context, openid string, ask func(openid string) (payment.Cashier, error)) (out ShopCashier, err error) {
	if openid == "" && a.Services.OA != nil {
		if openid, err = a.Services.SignIn.OpenID(ctx, shopperOf(ctx).token, a.Services.OA.AppID()); err != nil {
			return out, err
		}
	}
	out.Cashier, err = ask(openid)
	if prepay := cmp.Or(out.PrepayID, strings.TrimPrefix(out.CodeURL, "weixin://wxpay/bizpayurl?pr=")); err == nil && a.Services.PaySimulator != nil {
		out.Simulated = "/sim/cashier/" + url.PathEscape(prepay)
	}
	return out, err
}

// registerCart: what lies in the caller's cart.
func registerCart(a *API) {
	get(a, "/api/v1/shop/cart", "shop_cart", Shopper, func(ctx context.Context, _ *struct{}) (Page[ShopCartLine], error) {
		lines, err := a.Services.Sales.Cart(ctx, shopperOf(ctx).cart())
		out := make([]ShopCartLine, len(lines))
		for i, l := range lines {
			out[i] = ShopCartLine{SKU: shopSKU(l.Item.SKU, l.Free), Goods: l.Item.GoodsID, Name: l.Item.Name(), Picture: l.Item.Cover(), Quantity: l.Quantity, Chosen: l.Chosen, Sold: l.Sold}
		}
		return PageOf(out, "", int64(len(out))), err
	}, summary("What lies in the cart, last touched first"))

	type putLine struct {
		SKU  string `path:"sku" maxLength:"64"`
		Body struct {
			Quantity int64 `json:"quantity" minimum:"0" maximum:"999" doc:"0 takes it out"`
			Chosen   bool  `json:"chosen"`
		}
	}
	put(a, "/api/v1/shop/cart/{sku}", "shop_put_cart", Shopper, func(ctx context.Context, in *putLine) (None, error) {
		return None{}, a.Services.Sales.Put(ctx, shopperOf(ctx).cart(), in.SKU, in.Body.Quantity, in.Body.Chosen)
	}, summary("Set how many of a SKU lie in the cart"))
}
