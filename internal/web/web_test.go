package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func built() fstest.MapFS {
	return fstest.MapFS{
		"dist/console/index.html":          {Data: []byte("<html>console</html>")},
		"dist/console/favicon.svg":         {Data: []byte("<svg/>")},
		"dist/console/assets/a-1234.js":    {Data: []byte("plain")},
		"dist/console/assets/a-1234.js.gz": {Data: []byte("zipped")},
		"web.go":                           {Data: []byte("package web")},
	}
}

func get(t *testing.T, h http.Handler, target, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	var b strings.Builder
	if err := res.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(b.String(), "\r\n\r\n")
	return text
}

func TestHandler(t *testing.T) {
	h := newHandler(built(), func(*http.Request) First { return First{} })
	for _, c := range []struct {
		name, target, encoding string
		status                 int
		header, value, body    string
	}{
		{"root leads to the console", "/", "", 303, "Location", "/console/", ""},
		{"a reason is kept on the way to the door", "/sign-in?reason=link", "", 303, "Location", "/console/sign-in?reason=link", ""},
		{"the app's address without a slash", "/console", "", 308, "Location", "/console/", ""},
		{"the app", "/console/", "", 200, "Cache-Control", "no-cache", "console"},
		{"any address of the app is the app", "/console/customers/cus_1?open=x", "", 200, "Content-Type", "text/html; charset=utf-8", "console"},
		{"an asset is for ever", "/console/assets/a-1234.js", "", 200, "Cache-Control", "public, max-age=31536000, immutable", "plain"},
		{"an asset, compressed", "/console/assets/a-1234.js", "br, gzip;q=0.8", 200, "Content-Encoding", "gzip", "zipped"},
		{"an asset, to one who refuses gzip", "/console/assets/a-1234.js", "gzip;q=0", 200, "Content-Encoding", "", "plain"},
		{"an asset of another version is gone, not the app", "/console/assets/b-9.js", "", 404, "Cache-Control", "", ""},
		{"a file beside the app", "/console/favicon.svg", "", 200, "Content-Type", "image/svg+xml", "<svg/>"},
		{"an app that was not built says how", "/phone/", "", 404, "Cache-Control", "no-store", "make build"},
		{"our own source is no page", "/web.go", "", 404, "", "", ""},
		{"nothing above the app", "/console/..%2f..%2fweb.go", "", 200, "", "", "console"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := get(t, h, c.target, c.encoding)
			if res.StatusCode != c.status {
				t.Fatalf("status %d, want %d", res.StatusCode, c.status)
			}
			if c.header != "" && res.Header.Get(c.header) != c.value {
				t.Errorf("%s is %q, want %q", c.header, res.Header.Get(c.header), c.value)
			}
			if text := body(t, res); !strings.Contains(text, c.body) {
				t.Errorf("body %q lacks %q", text, c.body)
			}
		})
	}
}

// TestEmbedded: the binary compiles and answers whether or not the web was built before it.
func TestEmbedded(t *testing.T) {
	res := get(t, Handler(func(*http.Request) First { return First{} }), "/console/", "")
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNotFound {
		t.Fatalf("status %d", res.StatusCode)
	}
	if text := body(t, res); !strings.Contains(text, "root") && !strings.Contains(text, "make build") {
		t.Errorf("neither the app nor how to build it: %q", text)
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP;q=0.5": true, "gzip; q=0": false, "gzip;q=0.0": false, "deflate, br": false, "br;q=1, gzip": true, "gzip;q=1": true,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if got := acceptsGzip(r); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
