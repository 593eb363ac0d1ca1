package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
)

// The account of the local Official Account.
const (
	OAAppID  = "wx0000simulated000"
	OASecret = "simulated" //nolint:gosec // of the simulator
)

// codeLasts is how long a code signs in, as with the real one.
const codeLasts = 5 * time.Minute

// OA is the local Official Account: a page where one chooses which WeChat user to be, and the answers to a server's
// questions. Its codes work once.
type OA struct {
	db   *store.DB
	now  clock.Clock
	home func() string // pages under it may ask who somebody is
}

// NewOA returns an Official Account over the tables sim_oa_* of db, for the site at home.
func NewOA(db *store.DB, home func() string, now clock.Clock) *OA {
	return &OA{db: db, now: now, home: home}
}

// oaUser is a WeChat user.
type oaUser struct {
	OpenID    string    `db:"openid"`
	UnionID   string    `db:"unionid"`
	Nickname  string    `db:"nickname"`
	CreatedAt time.Time `db:"created_at"`
}

// RoundTrip implements http.RoundTripper: the questions of the site's server.
func (o *OA) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := &recorder{header: http.Header{"Content-Type": {"text/plain"}}, status: http.StatusOK} // the real one says so too
	var answer map[string]any
	if r.Method == http.MethodGet && r.URL.Path == "/sns/oauth2/access_token" {
		var err error
		if answer, err = o.token(r.Context(), r.URL.Query()); err != nil {
			return nil, err
		}
	} else {
		rec.status = http.StatusNotFound
	}
	if err := json.NewEncoder(&rec.body).Encode(answer); err != nil {
		return nil, err
	}
	return rec.response(r), nil
}

func refusal40(code int, text string) map[string]any {
	return map[string]any{"errcode": code, "errmsg": text}
}

func (o *OA) token(ctx context.Context, q url.Values) (answer map[string]any, err error) {
	switch {
	case q.Get("appid") != OAAppID:
		return refusal40(40013, "invalid appid"), nil
	case q.Get("secret") != OASecret:
		return refusal40(40125, "invalid appsecret"), nil
	case q.Get("grant_type") != "authorization_code":
		return refusal40(40002, "invalid grant_type"), nil
	}
	type row struct {
		Code      string    `db:"code"`
		OpenID    string    `db:"openid"`
		Used      bool      `db:"used"`
		ExpiresAt time.Time `db:"expires_at"`
		UnionID   string    `db:"unionid"`
	}
	err = o.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE sim_oa_codes SET used = TRUE WHERE code = ? AND used = FALSE AND expires_at > ?`, q.Get("code"), o.now())
		if err != nil {
			return err
		}
		rows, err := store.All[row](ctx, tx, `SELECT c.*, u.unionid FROM sim_oa_codes c JOIN sim_oa_users u ON u.openid = c.openid WHERE c.code = ?`, q.Get("code"))
		switch {
		case err != nil:
			return err
		case len(rows) == 0:
			answer = refusal40(40029, "invalid code")
		case n == 0 && rows[0].Used:
			answer = refusal40(40163, "code been used")
		case n == 0:
			answer = refusal40(42003, "code expired")
		default:
			answer = map[string]any{
				"access_token": "sim_" + randomHex(16), "expires_in": 7200, "refresh_token": "sim_" + randomHex(16), "openid": rows[0].OpenID, "unionid": rows[0].UnionID, "scope": "snsapi_base",
			}
		}
		return nil
	})
	return answer, err
}

// ServeHTTP implements http.Handler: the page where one chooses who to be.
func (o *OA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	back, ok := o.asked(r.URL.Query())
	if !ok {
		http.Error(w, "10003: redirect_uri 域名与后台配置不一致 (the appid, scope or redirect_uri is not this site's)", http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodPost {
		code, err := o.choose(r.Context(), r.PostFormValue("openid"), r.PostFormValue("nickname"))
		if err != nil {
			http.Error(w, "50001: system error", http.StatusInternalServerError)
			return
		}
		q := back.Query()
		q.Set("code", code)
		q.Set("state", r.URL.Query().Get("state"))
		back.RawQuery = q.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
		return
	}
	users, err := store.All[oaUser](r.Context(), o.db, `SELECT * FROM sim_oa_users ORDER BY created_at DESC, openid LIMIT 20`)
	if err != nil {
		http.Error(w, "50001: system error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = oaTemplate.Execute(w, users) // a browser that went away
}

// asked returns where to go back to, if the question is one that the real account would take.
func (o *OA) asked(q url.Values) (*url.URL, bool) {
	back, err := url.Parse(q.Get("redirect_uri"))
	home, wrong := url.Parse(o.home())
	if err != nil || wrong != nil || back.Host != home.Host || back.Scheme != home.Scheme {
		return nil, false
	}
	return back, q.Get("appid") == OAAppID && q.Get("response_type") == "code" && strings.HasPrefix(q.Get("scope"), "snsapi_") && len(q.Get("state")) <= 128
}

// choose makes a code for a WeChat user: one who was there, or a new one.
func (o *OA) choose(ctx context.Context, openid, nickname string) (code string, err error) {
	now := o.now()
	code = randomHex(16)
	err = o.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sim_oa_codes WHERE expires_at < ?`, now.Add(-time.Hour)); err != nil {
			return err
		}
		n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM sim_oa_users WHERE openid = ?`, openid)
		if err != nil {
			return err
		}
		if n == 0 {
			name := []rune(strings.TrimSpace(nickname))
			if len(name) == 0 {
				name = []rune("微信用户")
			}
			u := oaUser{OpenID: "o" + randomHex(13), UnionID: "u" + randomHex(13), Nickname: string(name[:min(len(name), 32)]), CreatedAt: now}
			openid = u.OpenID
			if err := store.Insert(ctx, tx, "sim_oa_users", u); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO sim_oa_codes (code, openid, used, expires_at) VALUES (?, ?, FALSE, ?)`, code, openid, now.Add(codeLasts))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("simulated sign-in: %w", err)
	}
	return code, nil
}

var oaTemplate = template.Must(template.New("oa").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">
<title>微信登录（模拟）</title><style>
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#F5F8F9;color:#12212B;font:15px/1.7 "PingFang SC","HarmonyOS Sans SC","Noto Sans SC",system-ui,sans-serif}
main{background:#fff;border:1px solid #E4EAED;border-radius:6px;padding:24px;margin:16px;width:min(360px,calc(100vw - 80px))}
h1{font-size:17px;margin:0 0 4px}p{margin:0 0 12px}.en{color:#5B6B75;font-size:13px}
button{width:100%;min-height:44px;padding:8px 12px;margin-bottom:8px;border:1px solid #E4EAED;border-radius:6px;background:#fff;font:inherit;text-align:left;cursor:pointer}
.new{background:#0B7A3E;border-color:#0B7A3E;color:#fff;text-align:center}input{box-sizing:border-box;width:100%;min-height:44px;padding:8px 12px;margin-bottom:8px;border:1px solid #C9D3D8;border-radius:6px;font:inherit}
button:focus-visible,input:focus-visible{outline:3px solid #9BCFD3}
</style></head><body><main><h1>用哪个微信登录</h1><p class="en" lang="en">Which WeChat user are you? A simulation: nothing leaves this machine.</p>
{{range .}}<form method="post"><input type="hidden" name="openid" value="{{.OpenID}}"><button>{{.Nickname}}</button></form>{{end}}
<form method="post"><input name="nickname" maxlength="32" aria-label="新微信用户的昵称 · Nickname of a new user" placeholder="新微信用户的昵称 · New user"><button class="new">用新的微信登录 · Sign in as new</button></form></main></body></html>
`))
