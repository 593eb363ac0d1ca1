package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/secret"
	"huoshui/internal/user/identity"
	"huoshui/internal/user/signin"
)

// publicDoors are the routes that anybody may call. A new one is a decision: it is written here with what keeps it safe.
var publicDoors = []string{
	"DELETE /api/v1/shop/session",          // signs out who holds the cookie
	"GET /api/v1/session",                  // says who holds the cookie
	"GET /api/v1/session/link/{token}",     // an unguessable link, once
	"GET /api/v1/shop/categories",          // the shelves
	"GET /api/v1/shop/flash",               // the shelves
	"GET /api/v1/shop/goods",               // the shelves
	"GET /api/v1/shop/goods/{id}",          // the shelves, of what is on sale only
	"GET /api/v1/shop/goods/{id}/reviews",  // those that staff let through
	"GET /api/v1/shop/group-offers",        // the shelves
	"GET /api/v1/shop/group-offers/{id}",   // the shelves
	"GET /api/v1/shop/launches",            // of goods on sale, with whether the caller has reserved
	"GET /api/v1/shop/pages/{name}",        // the page as the caller sees it
	"GET /api/v1/shop/presales",            // the shelves
	"GET /api/v1/shop/presales/{id}",       // the shelves, of what was published
	"GET /api/v1/shop/reviews/photos/{id}", // those of reviews that staff let through
	"GET /api/v1/shop/tracking",            // the store's browser key, which every page carries
	"GET /api/v1/shop/wechat",              // goes to WeChat
	"GET /api/v1/shop/wechat/back",         // with a code of WeChat's and the state that her browser kept
	"GET /media/{id}",                      // pictures of goods
	"GET /sim/cashier/{prepay}",            // the simulator, where there is one
	"GET /t/c/{token}",                     // a signed link of a message
	"GET /t/o/{token}",                     // a signed link of a message
	"GET /t/u/{token}",                     // a signed link of a message
	"POST /api/v1/pay/wechat/notify",       // signed by WeChat Pay
	"POST /api/v1/session",                 // limited, locks out
	"POST /api/v1/shop/code",               // limited by phone and address
	"POST /api/v1/shop/session",            // limited by phone and address
	"POST /sim/cashier/{prepay}",           // the simulator, where there is one
	"POST /t/u/{token}",                    // a signed link of a message
}

// door is a route of the document and the word for who may call it.
type door struct{ method, path, word string }

var inPath = regexp.MustCompile(`\{[^}]*\}`)

// knock calls the door with nothing a handler could use: who may not come in is told so before her words are read.
func (d door) knock(a *API, cookie *http.Cookie) (status int, code string) {
	r := httptest.NewRequest(d.method, inPath.ReplaceAllString(d.path, "x1"), strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	for _, c := range []string{"auth.sign_in", "auth.forbidden", "auth.must_change"} {
		if strings.Contains(w.Body.String(), `"`+c+`"`) {
			code = c
		}
	}
	return w.Code, code
}

// doors lists every route of the document.
func doors(t *testing.T, a *API) []door {
	t.Helper()
	var all []door
	for path, item := range a.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodDelete: item.Delete, http.MethodPatch: item.Patch,
		} {
			if op == nil || strings.Contains(path, "/test/") {
				continue
			}
			word, _ := op.Extensions["x-permission"].(string)
			all = append(all, door{method, path, word})
		}
	}
	slices.SortFunc(all, func(x, y door) int { return strings.Compare(x.path+" "+x.method, y.path+" "+y.method) })
	return all
}

// sentCode keeps the last code that was sent to a phone.
type sentCode struct{ code string }

func (o *sentCode) SendCode(_ context.Context, _, code string) error {
	o.code = code
	return nil
}

// TestEveryDoor calls every route of the document as nobody, as a guest, as a customer and as every role of staff that
// may not, and wants each refused before her words are read.
func TestEveryDoor(t *testing.T) {
	e := newEdge(t, Options{})
	ctx, services := t.Context(), e.api.Services
	keys, err := secret.Load("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sent := &sentCode{}
	services.SignIn = signin.NewService(e.db, identity.NewService(e.db, clock.System, nil, nil), sent, keys, clock.System)
	if err := services.SignIn.Ask(ctx, "13800000001"); err != nil {
		t.Fatal(err)
	}
	token, _, err := services.SignIn.Enter(ctx, "13800000001", sent.code, "", "")
	if err != nil {
		t.Fatal(err)
	}
	buyer := &http.Cookie{Name: shopCookie, Value: token}
	sessions := map[staff.Role]*http.Cookie{}
	for _, role := range staff.Roles() {
		issued, err := services.Staff.Join(ctx, staff.NewAccount{Login: "as_" + string(role), Name: string(role), Role: role})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.db.Exec(ctx, `UPDATE staff SET must_change = FALSE WHERE id = ?`, issued.Account.ID); err != nil {
			t.Fatal(err)
		}
		token, err := services.Sessions.Start(ctx, issued.Account.ID, "", "")
		if err != nil {
			t.Fatal(err)
		}
		sessions[role] = &http.Cookie{Name: cookieName, Value: token}
	}
	var open []string
	for _, d := range doors(t, e.api) {
		refused := func(who string, cookie *http.Cookie, status int, code string) {
			t.Helper()
			if got, said := d.knock(e.api, cookie); got != status || said != code {
				t.Errorf("%s %s as %s: %d %s, want %d %s", d.method, d.path, who, got, said, status, code)
			}
		}
		switch d.word {
		case "public":
			open = append(open, d.method+" "+d.path)
			continue
		case "customer", "customer or guest":
			refused("nobody", nil, 401, "auth.sign_in")
			refused("an administrator", sessions[staff.Admin], 401, "auth.sign_in")
			continue
		case "":
			t.Errorf("%s %s does not say who may call it", d.method, d.path)
		}
		refused("nobody", nil, 401, "auth.sign_in")
		refused("a customer", buyer, 401, "auth.sign_in")
		if d.word == "signed in" {
			continue
		}
		held := false
		for role, cookie := range sessions {
			if slices.Contains(staff.Permissions(role), auth.Permission(d.word)) {
				held = true
				continue
			}
			refused(string(role), cookie, 403, "auth.forbidden")
		}
		if !held {
			t.Errorf("%s %s: nobody holds %s", d.method, d.path, d.word)
		}
	}
	slices.Sort(open)
	if diff := cmp.Diff(publicDoors, open); diff != "" {
		t.Errorf("routes that anybody may call (-said here +found):\n%s", diff)
	}
}
