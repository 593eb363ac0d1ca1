package httpapi

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/promo"
	"huoshui/internal/trade/storefront"
)

// TestPageIsSentAsItLies: compressed where that is taken, not at all where it has not changed; what looks like markup in it is text
// to whatever reads it, and no script can come from elsewhere.
func TestPageIsSentAsItLies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		clk := clock.NewManual(time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC))
		pages := storefront.NewService(storefront.Parts{DB: db, Now: clk.Now, Promos: promo.NewService(db, clk.Now, time.UTC)})
		hostile := `</script><img src=x onerror=alert(1)>`
		made, err := pages.Create(ctx, storefront.Home, hostile, storefront.Design{Blocks: []storefront.Block{{ID: "n", Kind: storefront.Notice, Notice: &storefront.NoticeSpec{Text: hostile}}}}, "")
		if err != nil {
			t.Fatal(err)
		}
		h := New(&Services{Storefront: pages}, Options{}).Handler()
		ask := func(path string, headers ...string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		const home = "/api/v1/shop/pages/home"
		if w := ask(home); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "page.not_found") {
			t.Fatalf("a draft is shown: %d %s", w.Code, w.Body)
		}
		for _, name := range []string{"..", "%2e%2e%2fhome", "HOME", "home%00", strings.Repeat("a", 200)} {
			if w := ask("/api/v1/shop/pages/" + name); w.Code == http.StatusOK || w.Code >= http.StatusInternalServerError {
				t.Errorf("%q: %d", name, w.Code)
			}
		}
		if _, err := pages.Publish(ctx, made.ID, storefront.Publishing{Seen: made.Revision}, ""); err != nil {
			t.Fatal(err)
		}
		w := ask(home)
		tag := w.Header().Get("ETag")
		var shown storefront.Shown
		if err := json.Unmarshal(w.Body.Bytes(), &shown); w.Code != http.StatusOK || err != nil || tag == "" || shown.Blocks[0].Notice.Text != hostile {
			t.Fatalf("%d %s, %v", w.Code, w.Body, err)
		}
		if strings.ContainsAny(w.Body.String(), "<>") {
			t.Errorf("a page that held this would hold a tag: %s", w.Body)
		}
		zipped := ask(home, "Accept-Encoding", "gzip")
		r, err := gzip.NewReader(zipped.Body)
		if err != nil || zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Header().Get("ETag") != tag {
			t.Fatalf("%v, %v", zipped.Header(), err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != w.Body.String() {
			t.Errorf("%s, %v", text, err)
		}
		if same := ask(home, "If-None-Match", `"other", `+tag, "Accept-Encoding", "gzip"); same.Code != http.StatusNotModified || same.Body.Len() != 0 {
			t.Errorf("%d %s", same.Code, same.Body)
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, part := range strings.Split(policy, ";") {
			if part = strings.TrimSpace(part); strings.HasPrefix(part, "script-src") && part != "script-src 'self'" || strings.HasPrefix(part, "media-src") && part != "media-src 'self' https:" {
				t.Error(part)
			}
		}
		if !strings.Contains(w.Header().Get("Vary"), "Cookie") || !strings.HasPrefix(w.Header().Get("Cache-Control"), "private") {
			t.Errorf("somebody in between could show one customer's page to another: %v", w.Header())
		}
	})
}
