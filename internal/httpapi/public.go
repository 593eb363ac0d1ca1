package httpapi

import (
	"context"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/platform/errs"
)

// pixel is a transparent picture of one point.
var pixel = mustDecode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

func mustDecode(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err) // a constant
	}
	return b
}

// registerPublic: what customers' mail programs and browsers call. Nobody signs in; every address carries a token that
// only we can make, and a damaged one does nothing.
func registerPublic(a *API) {
	read := func(kind channel.Kind, token string) (string, string, error) {
		return a.Services.Campaigns.Signer.Read(kind, token)
	}
	raw(a, http.MethodGet, "/t/o/{token}", "track_open", Public, "image/gif", func(w http.ResponseWriter, r *http.Request) error {
		if message, _, err := read(channel.KindOpen, strings.TrimSuffix(r.PathValue("token"), ".gif")); err == nil {
			a.track(r.Context(), a.Services.Campaigns.Opened(r.Context(), message))
		}
		w.Header().Set("Content-Type", "image/gif")
		w.Header().Set("Cache-Control", "no-store, private")
		_, err := w.Write(pixel) // always the picture: a mail must not show a broken one
		return err
	}, summary("The picture that says a mail was opened"))

	raw(a, http.MethodGet, "/t/c/{token}", "track_click", Public, "text/html", func(w http.ResponseWriter, r *http.Request) error {
		message, to, err := read(channel.KindClick, r.PathValue("token"))
		if err != nil {
			return a.page(w, http.StatusNotFound, publicPage{Title: "链接已失效", Titles: "This link does not work", Text: "它可能没有复制完整。", Texts: "It may have been cut off."})
		}
		a.track(r.Context(), a.Services.Campaigns.Clicked(r.Context(), message, to))
		w.Header().Set("Cache-Control", "no-store, private")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, to, http.StatusFound)
		return nil
	}, summary("Record a click and lead on, to the address that the token itself carries"))

	gone := publicPage{Title: "链接已失效", Titles: "This link does not work", Text: "请使用最近一封邮件里的退订链接。", Texts: "Please use the link in our latest mail."}
	raw(a, http.MethodGet, "/t/u/{token}", "show_unsubscribe", Public, "text/html", func(w http.ResponseWriter, r *http.Request) error {
		if _, _, err := read(channel.KindUnsubscribe, r.PathValue("token")); err != nil {
			return a.page(w, http.StatusNotFound, gone)
		}
		return a.page(w, http.StatusOK, publicPage{Title: "不再接收这类消息？", Titles: "Stop these messages?", Text: "确认后，我们不会再通过这个渠道给您发消息。",
			Texts: "Once confirmed, we will not write to you this way again.", Button: "确认退订 · Unsubscribe"})
	}, summary("The page that asks whether to unsubscribe; looking at it changes nothing"))

	raw(a, http.MethodPost, "/t/u/{token}", "unsubscribe", Public, "text/html", func(w http.ResponseWriter, r *http.Request) error {
		message, _, err := read(channel.KindUnsubscribe, r.PathValue("token"))
		if err != nil {
			return a.page(w, http.StatusNotFound, gone)
		}
		if err := a.Services.Campaigns.Unsubscribed(r.Context(), message, "link"); err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		return a.page(w, http.StatusOK, publicPage{Title: "已退订", Titles: "Unsubscribed", Text: "我们不会再通过这个渠道打扰您。", Texts: "We will not write to you this way again."})
	}, summary("Unsubscribe: the page's button, and mail programs' one click (RFC 8058)"))
}

// track logs what could not be recorded; the person is led on all the same.
func (a *API) track(ctx context.Context, err error) {
	if err != nil && !errs.Is(err, errs.NotFound) {
		a.log.WarnContext(ctx, "tracking", "error", err)
	}
}

// publicPage is what a customer sees: Chinese first, English below.
type publicPage struct{ Title, Titles, Text, Texts, Button string }

var publicTemplate = template.Must(template.New("public").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">
<title>{{.Title}}</title><style>
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#F5F8F9;color:#12212B;font:15px/1.7 "PingFang SC","HarmonyOS Sans SC","Noto Sans SC",system-ui,sans-serif}
main{background:#fff;border:1px solid #E4EAED;border-radius:6px;padding:32px;margin:16px;max-width:400px}
h1{font-size:20px;line-height:28px;margin:0 0 8px}p{margin:0 0 8px}.en{color:#5B6B75;font-size:13px}
button{margin-top:16px;width:100%;padding:12px;border:0;border-radius:6px;background:#0E7C86;color:#fff;font:inherit;cursor:pointer}
button:hover{background:#0A6670}button:focus-visible{outline:3px solid #9BCFD3}
</style></head><body><main><h1>{{.Title}}</h1><p>{{.Text}}</p><p class="en" lang="en">{{.Titles}}. {{.Texts}}</p>
{{if .Button}}<form method="post"><button>{{.Button}}</button></form>{{end}}</main></body></html>
`))

func (a *API) page(w http.ResponseWriter, code int, p publicPage) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(code)
	return publicTemplate.Execute(w, p)
}
