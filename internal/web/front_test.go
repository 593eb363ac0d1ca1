package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

// The store's page names its files, tells what it shows, and holds its data as text that cannot become anything else.
func TestFront(t *testing.T) {
	h := newHandler(fstest.MapFS{
		"dist/shop/index.html": {Data: []byte(`<html><head><!--head--><title>商城</title><!--/head--></head><body><div id="root"><!--paint--></div><!--state--><script src="/shop/assets/index.js"></script></body></html>`)},
		"dist/shop/manifest.json": {Data: []byte(`{"index.html":{"file":"assets/index.js","imports":["_shared.js"]},"_shared.js":{"file":"assets/shared.js"},
			"src/pages/Product.tsx":{"file":"assets/product.js","css":["assets/product.css"],"imports":["_shared.js","_goods.js","index.html"]},"_goods.js":{"file":"assets/goods.js"}}`)},
		"dist/shop/assets/index.js": {Data: []byte("script")},
	}, func(r *http.Request) First {
		if r.URL.Path == "/shop/" {
			return First{}
		}
		return First{
			Status: 404, Module: "src/pages/Product.tsx", Title: `</title><script>alert(1)</script>`, Address: "https://store.example/shop/p/1",
			Picture: "/media/pic_1", PictureWidths: []int{160, 480}, PictureSizes: "100vw", State: map[string]string{"evil": "</script><script>alert(2)</script>"},
		}
	})
	plain := get(t, h, "/shop/", "gzip")
	if text := body(t, plain); plain.StatusCode != 200 || !strings.Contains(text, "<title>商城</title>") || strings.Contains(text, "<!--") || strings.Contains(text, `id="first"`) {
		t.Error(plain.StatusCode, text)
	}
	page := get(t, h, "/shop/p/1", "")
	text := body(t, page)
	if page.StatusCode != 404 || page.Header.Get("Cache-Control") != "private, no-cache" {
		t.Error(page.StatusCode, page.Header)
	}
	for _, want := range []string{
		`<link rel="modulepreload" href="/shop/assets/product.js" crossorigin>`, `<link rel="modulepreload" href="/shop/assets/goods.js" crossorigin>`,
		`<link rel="stylesheet" href="/shop/assets/product.css" crossorigin>`, `imagesrcset="/media/pic_1?w=160 160w, /media/pic_1?w=480 480w"`,
		`<meta property="og:image" content="https://store.example/media/pic_1?w=960">`, `<title>&lt;/title&gt;`,
		`<h1>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;</h1>`, `srcset="/media/pic_1?w=160 160w, /media/pic_1?w=480 480w"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "<script>alert") || strings.Contains(text, "shared.js\" crossorigin") {
		t.Errorf("not as it should be:\n%s", text)
	}
	if asset := get(t, h, "/shop/assets/index.js", ""); asset.StatusCode != 200 || body(t, asset) != "script" {
		t.Error(asset.StatusCode)
	}
}
