// Package web holds the built browser apps (the console, the phone, the store) inside the binary and serves them. Building the
// web is not needed to build or test the Go code: what `make web` has put in dist is embedded, and without it the pages
// say how to build them.
package web

import (
	"embed"
	"errors"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// The directory is embedded as a whole because a pattern for dist alone does not compile before it is there.
//
//go:embed all:*
var embedded embed.FS

// Apps are the apps by the first part of their address; "/" leads to the first.
var Apps = []string{"console", "phone", "shop"}

// Handler serves the apps that this binary was built with; first says what the pages of the store hold.
func Handler(first func(*http.Request) First) http.Handler { return newHandler(embedded, first) }

// newHandler serves dist/<app> of files at /<app>/: files under assets have a hash in their names and never change,
// every other address of an app is its index.html, which is asked for each time; the store's holds what its page needs first.
func newHandler(files fs.FS, first func(*http.Request) First) http.Handler {
	mux := http.NewServeMux()
	for _, app := range Apps {
		mux.Handle("GET /"+app, http.RedirectHandler("/"+app+"/", http.StatusPermanentRedirect))
		if sub, err := fs.Sub(files, "dist/"+app); err == nil && exists(sub, "index.html") {
			index := func(w http.ResponseWriter, r *http.Request) { serve(w, r, sub, "index.html") }
			if app == "shop" {
				index = newFront(sub, first).serve
			}
			mux.Handle("GET /"+app+"/", single(sub, "/"+app+"/", index))
		} else {
			mux.Handle("GET /"+app+"/", http.HandlerFunc(notBuilt))
		}
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { redirect(w, r, "/"+Apps[0]+"/") })
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) { redirect(w, r, "/"+Apps[0]+"/favicon.svg") })
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) { redirect(w, r, "/"+Apps[0]+"/sign-in") })
	return mux
}

func redirect(w http.ResponseWriter, r *http.Request, to string) {
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// single serves one app below base whose index answers every address that is not a file.
func single(files fs.FS, base string, index http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Clean("/" + strings.TrimPrefix(r.URL.Path, base))[1:]
		switch {
		case strings.HasPrefix(name, "assets/"):
			if !exists(files, name) {
				http.NotFound(w, r) // an asset of another version: index.html here would be run as a script
				return
			}
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		case name != "" && name != "index.html" && exists(files, name) && !strings.HasSuffix(name, ".gz"):
			w.Header().Set("Cache-Control", "public, max-age=3600")
		default:
			w.Header().Set("Cache-Control", "no-cache")
			index(w, r)
			return
		}
		serve(w, r, files, name)
	})
}

// serve sends a file, as its compressed twin where there is one and the browser takes it.
func serve(w http.ResponseWriter, r *http.Request, files fs.FS, name string) {
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	if exists(files, name+".gz") {
		w.Header().Add("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			w.Header().Set("Content-Encoding", "gzip")
			name += ".gz"
		}
	}
	body, err := fs.ReadFile(files, name)
	if err != nil {
		http.Error(w, "the page could not be read", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(body) // the client has gone: nobody to tell
}

// acceptsGzip reports whether the request takes gzip (RFC 9110, 12.5.3); a quality of zero refuses it.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.ReplaceAll(quality, " ", "")
			return q != "q=0" && strings.Trim(strings.TrimPrefix(q, "q="), "0.") != "" || q == ""
		}
	}
	return false
}

func exists(files fs.FS, name string) bool {
	info, err := fs.Stat(files, name)
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return false
	}
	return !info.IsDir()
}

// notBuilt says how to get the page that this binary lacks.
func notBuilt(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("<!doctype html><meta charset=utf-8><title>Huoshui</title><p>" + // the client has gone: nobody to tell
		html.EscapeString(r.URL.Path) + " is not in this binary. Build it with <code>make build</code>, or run <code>make dev</code>.</p>\n" +
		"<p>这个程序没有包含网页,请运行 <code>make build</code> 重新构建。</p>\n"))
}
