package web

import (
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

// First is what a page of the store holds when it is first asked for; its zero value adds nothing.
type First struct {
	Status        int    // 0 is 200
	Module        string // the page's source file, as the build's manifest names it: its files are fetched at once
	Title         string // "" keeps the store's
	Description   string
	Address       string // the one address of what the page shows
	Picture       string // its picture's address, seen first: fetched at once, and shown by chats
	PictureWidths []int  // the widths, in pixels, that it is offered in
	PictureSizes  string // how wide it is shown, as in an img's sizes
	Bar           string // what the bar at the top says; it and Seek, or the title and the picture, are painted until the page's script has come
	Seek          string // what a search field in the bar says instead
	State         any    // written into the page as JSON, under the id "first"
}

// front writes the store's index.html with what its page needs first.
type front struct {
	before, title, between, ahead, after string
	files                                map[string]chunk
	first                                func(*http.Request) First
	broken                               error
}

// chunk is an entry of the build's manifest.
type chunk struct {
	File    string   `json:"file"`
	CSS     []string `json:"css"`
	Imports []string `json:"imports"`
}

// newFront reads the built index.html and manifest.
func newFront(files fs.FS, first func(*http.Request) First) *front {
	f := &front{first: first}
	f.broken = f.read(files)
	return f
}

func (f *front) read(files fs.FS) error {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return err
	}
	manifest, err := fs.ReadFile(files, "manifest.json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(manifest, &f.files); err != nil {
		return err
	}
	rest := string(index)
	for _, part := range []struct {
		to   *string
		mark string
	}{{&f.before, "<!--head-->"}, {&f.title, "<!--/head-->"}, {&f.between, "<!--paint-->"}, {&f.ahead, "<!--state-->"}} {
		var ok bool
		if *part.to, rest, ok = strings.Cut(rest, part.mark); !ok {
			return fmt.Errorf("the store's index.html has no %s", part.mark)
		}
	}
	f.after = rest
	return nil
}

// headTemplate is what of the head depends on the page. A script of data is no script to the content policy.
var headTemplate = template.Must(template.New("head").Parse(
	`{{with .Title}}<title>{{.}}</title><meta property="og:title" content="{{.}}">{{end}}` +
		`{{with .Description}}<meta name="description" content="{{.}}"><meta property="og:description" content="{{.}}">{{end}}` +
		`{{with .Address}}<link rel="canonical" href="{{.}}"><meta property="og:url" content="{{.}}"><meta property="og:type" content="product">{{end}}` +
		`{{with .OG}}<meta property="og:image" content="{{.}}">{{end}}` +
		`{{range .Modules}}<link rel="modulepreload" href="/shop/{{.}}" crossorigin>{{end}}{{range .Styles}}<link rel="stylesheet" href="/shop/{{.}}" crossorigin>{{end}}` +
		`{{if .SrcSet}}<link rel="preload" as="image" href="{{.Picture}}?w=480" {{.SrcSet}} imagesizes="{{.PictureSizes}}" fetchpriority="high">{{end}}`))

// paintTemplate is what the page will show at once, in the same places, so that nothing moves when its script draws it again.
var paintTemplate = template.Must(template.New("paint").Parse(
	`{{if .Bar}}<div class="screen with-bar"><header class="top">{{if .Seek}}<span class="seek-link"><svg class="sign" viewBox="0 0 24 24" aria-hidden="true">` +
		`<path d="M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5"/></svg>{{.Seek}}</span>{{else}}<h1>{{.Bar}}</h1>{{end}}</header></div>` +
		`{{else if .Title}}<div class="screen with-bar"><header class="top"><span class="icon"></span><h1>{{.Title}}</h1></header><main>` +
		`{{if .Picture}}<img class="picture" src="{{.Picture}}?w=480" srcset="{{range $i, $w := .PictureWidths}}{{if $i}}, {{end}}{{$.Picture}}?w={{$w}} {{$w}}w{{end}}"` +
		` sizes="{{.PictureSizes}}" width="480" height="480" alt="" fetchpriority="high">{{else}}<div class="picture skeleton"></div>{{end}}` +
		`<section class="panel offer"><h2 class="goods-title">{{.Title}}</h2></section></main></div>{{end}}`))

// serve implements http.HandlerFunc.
func (f *front) serve(w http.ResponseWriter, r *http.Request) {
	if f.broken != nil {
		http.Error(w, "the page could not be read", http.StatusInternalServerError)
		return
	}
	first := f.first(r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache")
	var page strings.Builder
	page.WriteString(f.before)
	if err := f.head(&page, first); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	page.WriteString(f.between)
	if err := paintTemplate.Execute(&page, first); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	page.WriteString(f.ahead)
	if first.State != nil {
		state, err := json.Marshal(first.State) // escapes <, > and &: a text cannot end the element
		if err != nil {
			http.Error(w, "the page could not be made", http.StatusInternalServerError)
			return
		}
		page.WriteString(`<script type="application/json" id="first">`)
		page.Write(state)
		page.WriteString(`</script>`)
	}
	page.WriteString(f.after)
	if first.Status != 0 {
		w.WriteHeader(first.Status)
	}
	_, _ = w.Write([]byte(page.String())) // the client has gone: nobody to tell
}

func (f *front) head(to *strings.Builder, first First) error {
	if first.Title == "" {
		to.WriteString(strings.TrimSpace(f.title))
	}
	data := struct {
		First
		OG              string
		SrcSet          template.HTMLAttr
		Modules, Styles []string
	}{First: first}
	data.Modules, data.Styles = f.needs(first.Module)
	if first.Picture != "" && first.Address != "" {
		if origin, _, ok := strings.Cut(first.Address, "/shop/"); ok {
			data.OG = origin + first.Picture + "?w=960"
		}
	}
	sets := make([]string, len(first.PictureWidths))
	for i, width := range first.PictureWidths {
		sets[i] = fmt.Sprintf("%s?w=%d %dw", first.Picture, width, width)
	}
	if len(sets) > 0 {
		data.SrcSet = template.HTMLAttr(`imagesrcset="` + html.EscapeString(strings.Join(sets, ", ")) + `"`) //nolint:gosec // escaped here: the package takes it for one address
	}
	return headTemplate.Execute(to, data)
}

// needs are the files of a page beyond those that index.html names itself.
func (f *front) needs(module string) (modules, styles []string) {
	seen := map[string]bool{}
	var visit func(name string, tell bool)
	visit = func(name string, tell bool) {
		c, ok := f.files[name]
		if !ok || seen[name] {
			return
		}
		seen[name] = true
		if tell {
			modules, styles = append(modules, c.File), append(styles, c.CSS...)
		}
		for _, other := range c.Imports {
			visit(other, tell)
		}
	}
	visit("index.html", false)
	visit(module, true)
	return modules, styles
}
