package httpapi

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/checkout"
)

// wechatCookie keeps, while a customer is at WeChat, the state she must come back with and where she was.
const wechatCookie = "huoshui_wechat"

// storePlace is a place of the store that was asked for, or its front page: nobody is sent to another site.
func storePlace(to string) string {
	if u, err := url.Parse(to); err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/shop/") || strings.ContainsAny(to, "\\\r\n") || len(to) > 500 {
		return "/shop/"
	}
	return to
}

// OAForm is the Official Account as a person enters it.
type OAForm struct {
	AppID  string `json:"appid" minLength:"8" maxLength:"32"`
	Secret string `json:"secret" minLength:"16" maxLength:"64" doc:"AppSecret; kept sealed, never told again"`
}

// registerShopWechat: customers sign in by WeChat's web authorisation (OAuth2), as the Official Account's page shows it.
func registerShopWechat(a *API) {
	raw(a, http.MethodGet, "/api/v1/shop/wechat", "shop_go_to_wechat", Public, "", func(w http.ResponseWriter, r *http.Request) error {
		if a.Services.OA == nil {
			return errs.New(errs.NotFound, "wechat.off", "no Official Account was entered")
		}
		state := rand.Text()
		c := a.wechatCookie(r, state+"."+url.QueryEscape(storePlace(r.URL.Query().Get("to"))))
		http.SetCookie(w, c)
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, a.Services.OA.AuthorizeURL(a.Services.BaseURL()+"/api/v1/shop/wechat/back", state), http.StatusSeeOther)
		return nil
	}, summary("Go to WeChat to sign in; it comes back to the place to of the store"), param("to", "A path under /shop/"), status(http.StatusSeeOther))

	raw(a, http.MethodGet, "/api/v1/shop/wechat/back", "shop_back_from_wechat", Public, "", func(w http.ResponseWriter, r *http.Request) error {
		if a.Services.OA == nil {
			return errs.New(errs.NotFound, "wechat.off", "no Official Account was entered")
		}
		kept, err := r.Cookie(a.wechatCookie(r, "").Name)
		if err != nil {
			return auth.ErrSignIn
		}
		state, to, _ := strings.Cut(kept.Value, ".")
		if to, err = url.QueryUnescape(to); err != nil || state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(r.URL.Query().Get("state"))) != 1 {
			return auth.ErrSignIn // another site sent her here, or she went twice
		}
		http.SetCookie(w, a.wechatCookie(r, ""))
		w.Header().Set("Cache-Control", "no-store")
		ctx := r.Context()
		who, err := a.Services.OA.Identify(ctx, r.URL.Query().Get("code"))
		if err != nil {
			if errs.Is(err, errs.Denied) { // she can try again, in the words of the store
				http.Redirect(w, r, "/shop/sign-in?wechat=again&to="+url.QueryEscape(strings.TrimPrefix(storePlace(to), "/shop")), http.StatusSeeOther)
				return nil
			}
			return err
		}
		token, _, err := a.Services.SignIn.EnterWechat(ctx, a.Services.OA.AppID(), who.OpenID, who.UnionID, checkout.Channel)
		if err != nil {
			return err
		}
		http.SetCookie(w, a.shopCookie(r, token))
		http.Redirect(w, r, storePlace(to), http.StatusSeeOther)
		return nil
	}, summary("Where WeChat sends a customer back to: she is signed in"), param("code", "WeChat's"), param("state", "As it was sent"), status(http.StatusSeeOther))

	type adopt struct {
		Guest string `header:"X-Guest" minLength:"22" maxLength:"64"`
	}
	post(a, "/api/v1/shop/cart/adopt", "shop_adopt_cart", Customer, func(ctx context.Context, in *adopt) (None, error) {
		if !saneRequestID(in.Guest) {
			return None{}, errs.New(errs.Invalid, "shop.guest", "this is no name of a guest's cart").At("X-Guest")
		}
		return None{}, a.Services.Sales.Adopt(ctx, in.Guest, shopperOf(ctx).customer)
	}, summary("Take over what one had in the cart as a guest"))

	put(a, "/api/v1/wechat/account", "change_official_account", staff.SettingsWrite, func(ctx context.Context, in *struct{ Body OAForm }) (None, error) {
		return None{}, a.Services.SaveOA(ctx, in.Body.AppID, in.Body.Secret, auth.From(ctx).ID)
	}, summary("Enter the Official Account by which customers sign in; used from the next start on"))

	a.mux.HandleFunc("/sim/oa/authorize", func(w http.ResponseWriter, r *http.Request) {
		if a.Services.OASimulator == nil || r.Method != http.MethodGet && r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		a.Services.OASimulator.ServeHTTP(w, r)
	})
}

// wechatCookie keeps a value while a customer is at WeChat; "" ends it.
func (a *API) wechatCookie(r *http.Request, value string) *http.Cookie {
	c := &http.Cookie{Name: wechatCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 600}
	if a.secure(r) {
		c.Name, c.Secure = "__Host-"+wechatCookie, true
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}
