package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/channel"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/consent"
)

// publicBench is the edge with one sent message, msg_1.
func publicBench(t *testing.T, db *store.DB) (http.Handler, *campaign.Service, *consent.Service) {
	t.Helper()
	now := func() time.Time { return time.Date(2025, 3, 12, 4, 0, 0, 0, time.UTC) }
	consents := consent.NewService(db, now)
	campaigns, err := campaign.NewService(campaign.Parts{DB: db, Now: now, Consents: consents, Dir: t.TempDir(),
		Signer: channel.NewSigner([]byte("key"), func() string { return "" })})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`INSERT INTO campaigns (id, name, state, plan, frozen, cursor, planned, audience, reach, holdout, created_by, created_at, updated_at)
			VALUES ('cmp_1', 'x', 'done', '{}', true, 7, true, 1, 1, 0, 'staff', 0, 0)`,
		`INSERT INTO messages (id, campaign_id, customer, channel, state, due_at, attempts) VALUES ('msg_1', 'cmp_1', 7, 'email', 'sent', 0, 1)`,
	} {
		if _, err := db.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	return New(&Services{Campaigns: campaigns, Consents: consents}, Options{}).Handler(), campaigns, consents
}

func visit(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// The public links do what they were signed for, once, and nothing else; nobody signs in.
func TestPublicLinks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, campaigns, consents := publicBench(t, db)
		sign := campaigns.Signer
		for range 2 {
			if w := visit(h, http.MethodGet, sign.Open("msg_1"), ""); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/gif" {
				t.Errorf("open: %d %s", w.Code, w.Header())
			}
			if w := visit(h, http.MethodGet, sign.Click("msg_1", "https://shop.example/?a=1"), ""); w.Code != http.StatusFound || w.Header().Get("Location") != "https://shop.example/?a=1" {
				t.Errorf("click: %d %s", w.Code, w.Header())
			}
		}
		if n, err := outbox.Depth(t.Context(), db); err != nil || n != 2 {
			t.Errorf("%d messages in the outbox, %v; want one for the open and one for the click", n, err)
		}

		// Looking at the page changes nothing: mail scanners follow every link.
		page := visit(h, http.MethodGet, sign.Unsubscribe("msg_1"), "")
		if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `<form method="post">`) {
			t.Errorf("page: %d %s", page.Code, page.Body)
		}
		if said, _, err := consents.Of(t.Context(), 7); err != nil || len(said) != 0 {
			t.Errorf("looking unsubscribed: %v %v", said, err)
		}
		if w := visit(h, http.MethodPost, sign.Unsubscribe("msg_1"), "List-Unsubscribe=One-Click"); w.Code != http.StatusOK {
			t.Errorf("one click: %d %s", w.Code, w.Body)
		}
		if said, _, err := consents.Of(t.Context(), 7); err != nil || len(said) != 1 || said[0].State != consent.Withdrawn || said[0].Channel != "email" {
			t.Errorf("%v %v", said, err)
		}

		// Whatever was changed on the way leads nowhere.
		token := strings.TrimPrefix(sign.Click("msg_1", "https://shop.example/"), "/t/c/")
		for _, path := range []string{"/t/c/" + token[:len(token)-2] + "AA", "/t/u/" + token, "/t/c/https%3A%2F%2Fevil.example", "/t/c/" + strings.TrimPrefix(sign.Unsubscribe("msg_1"), "/t/u/")} {
			if w := visit(h, http.MethodGet, path, ""); w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
				t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Location"))
			}
		}
		if w := visit(h, http.MethodPost, "/t/u/"+token, "x=1"); w.Code != http.StatusNotFound {
			t.Errorf("a click's token unsubscribed: %d", w.Code)
		}
		if w := visit(h, http.MethodGet, "/t/o/broken.gif", ""); w.Code != http.StatusOK { // a mail shows no broken picture
			t.Errorf("broken open: %d", w.Code)
		}
	})
}
