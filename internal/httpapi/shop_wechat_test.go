package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/identity"
	"huoshui/internal/user/signin"
	"huoshui/internal/wechat/oa"
	"huoshui/internal/wechat/simulator"
)

// TestSignInAtWechat goes to the local Official Account and back as a browser does.
func TestSignInAtWechat(t *testing.T) {
	e := newEdge(t, Options{})
	keys, err := secret.Load("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := e.api.Services
	s.BaseURL = func() string { return e.server.URL }
	s.SignIn = signin.NewService(e.db, identity.NewService(e.db, clock.System, nil, nil), &sentCode{}, keys, clock.System)
	e.want(e.call("GET", "/api/v1/shop/wechat", nil), 404, "wechat.off")
	s.OASimulator = simulator.NewOA(e.db, s.BaseURL, clock.System)
	s.OA = oa.NewLocal(oa.Account{AppID: simulator.OAAppID, Secret: simulator.OASecret}, "/sim/oa/authorize", s.OASimulator)

	path := func(a answer) string {
		t.Helper()
		to := a.header.Get("Location")
		return strings.TrimSuffix(strings.TrimPrefix(to, e.server.URL), "#wechat_redirect")
	}
	go1 := func(to string) (ask string) {
		t.Helper()
		a := e.call("GET", "/api/v1/shop/wechat?to="+url.QueryEscape(to), nil)
		e.want(a, http.StatusSeeOther, "")
		return path(a)
	}
	choose := func(ask, openid string) (back string) {
		t.Helper()
		e.want(e.call("GET", ask, nil), 200, "")
		a := e.call("POST", ask, "openid="+openid+"&nickname=%E5%B0%8F%E6%B2%B3", "Content-Type", "application/x-www-form-urlencoded")
		e.want(a, http.StatusFound, "")
		return path(a)
	}
	ask := go1("/shop/me?x=1")
	back := choose(ask, "")
	a := e.call("GET", back, nil)
	if e.want(a, http.StatusSeeOther, ""); path(a) != "/shop/me?x=1" || !strings.Contains(strings.Join(a.header.Values("Set-Cookie"), "\n"), shopCookie+"=") {
		t.Fatalf("%v", a.header)
	}
	e.want(e.call("GET", back, nil), 401, "auth.sign_in") // the cookie that went with it is used up

	// the same WeChat user again is the same customer; her code does not work twice
	openid, err := store.One[string](t.Context(), e.db, `SELECT openid FROM sim_oa_users`)
	if err != nil {
		t.Fatal(err)
	}
	back = choose(go1("//evil.example/shop/"), openid)
	code, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	if a = e.call("GET", back, nil); path(a) != "/shop/" {
		t.Errorf("sent to %q", a.header.Get("Location"))
	}
	ask = go1("/shop/cart")
	asked, err := url.Parse(ask)
	if err != nil {
		t.Fatal(err)
	}
	used := "/api/v1/shop/wechat/back?code=" + code.Query().Get("code") + "&state=" + asked.Query().Get("state")
	if a = e.call("GET", used, nil); path(a) != "/shop/sign-in?wechat=again&to=%2Fcart" {
		t.Errorf("a code worked twice, or went to %q", a.header.Get("Location"))
	}
	n, err := store.One[int64](t.Context(), e.db, `SELECT COUNT(*) FROM customers`)
	if err != nil || n != 1 {
		t.Errorf("%d customers, %v", n, err)
	}

	// another site sends its own code to her browser
	back = choose(go1("/shop/"), openid)
	go1("/shop/") // a newer state
	e.want(e.call("GET", back, nil), 401, "auth.sign_in")
	// and another site asks who she is
	foreign := strings.Replace(ask, url.QueryEscape(e.server.URL), url.QueryEscape("https://evil.example"), 1)
	if a = e.call("GET", foreign, nil); a.status != http.StatusBadRequest {
		t.Errorf("told to another site: %d", a.status)
	}
}
