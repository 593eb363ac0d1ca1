// Package httpapi is the edge: it turns HTTP into calls of the services and errors into problems, says who may call
// what, and writes the OpenAPI document. One file of routes per noun; nothing of the business is decided here.
package httpapi

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"huoshui/internal/platform/auth"
)

// The two permissions that no role holds; customers have two more, see Customer.
const (
	Public   auth.Permission = ""        // anybody: customers, mail readers, the sign-in page
	SignedIn auth.Permission = "@signed" // any member of staff
)

// Version is the version of the API in the OpenAPI document.
const Version = "1"

// API is what a file of routes registers on.
type API struct {
	Services *Services // filled by the time a handler runs; nil fields while the document is generated

	huma    huma.API
	mux     *http.ServeMux
	log     *slog.Logger
	options Options
	actions map[string]string // "METHOD pattern" → operation id
	naming  naming
}

// Options are what the edge needs from outside beside the services.
type Options struct {
	Log          *slog.Logger
	Secure       bool                                                    // browsers reach us by https: cookies say so
	TrustedProxy bool                                                    // believe X-Forwarded-For and -Proto
	Observe      func(method, route string, status int, d time.Duration) // called after every request; may be nil
	Health       func(ctx context.Context) map[string]error              // state of every engine, by name; may be nil
	Pages        http.Handler                                            // the console and the phone: everything that is not the API; may be nil
	Metrics      http.Handler                                            // Prometheus text; may be nil
}

// New builds the edge over the services.
func New(services *Services, o Options) *API {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &API{Services: services, mux: http.NewServeMux(), log: o.Log, options: o, actions: map[string]string{}}
	a.huma = humago.New(a.mux, humaConfig(a.naming.name))
	for _, register := range nouns() {
		register(a)
	}
	a.registerPlain()
	return a
}

func humaConfig(name func(t reflect.Type, hint string) string) huma.Config {
	// Traps that huma sets, disarmed here: its errors, nullable lists, two types of one name, $schema in bodies.
	huma.NewError = func(status int, message string, causes ...error) huma.StatusError {
		return humaError(nil, status, message, causes...)
	}
	huma.NewErrorWithContext = humaError
	huma.DefaultArrayNullable = false
	c := huma.DefaultConfig("Huoshui", Version)
	c.Info.Description = "Operate a brand's private domain. Times are RFC 3339 UTC, money is integer fen (*_fen), lists are " +
		"paged by cursor: pass next as after. Errors are application/problem+json with a stable code. " +
		"Sign in with POST /api/v1/session; the answer sets a cookie."
	c.CreateHooks = nil
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", name)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session":      {Type: "apiKey", In: "cookie", Name: cookieName},
		"shop_session": {Type: "apiKey", In: "cookie", Name: shopCookie},
		"guest":        {Type: "apiKey", In: "header", Name: "X-Guest", Description: "22 to 64 random letters and digits that name a guest's cart"},
	}
	return c
}

// None is the answer of a call that has nothing to say: 204.
type None struct{}

// Page is one page of a list. Next is the cursor to pass as after, "" on the last page. Total may be an estimate.
type Page[T any] struct {
	Items           []T    `json:"items"`
	Next            string `json:"next" doc:"Cursor of the following page; empty on the last"`
	Total           int64  `json:"total" doc:"How many there are in all; -1 when not counted"`
	TotalIsEstimate bool   `json:"total_is_estimate"`
}

// PageOf returns a page with an exact total; a nil list becomes an empty one.
func PageOf[T any](items []T, next string, total int64) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, Next: next, Total: total}
}

// Paging is embedded in the input of a list.
type Paging struct {
	After string `query:"after" maxLength:"500" doc:"Cursor: next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

// option adjusts an operation before it is registered.
type option func(*huma.Operation)

// summary says in one line what the operation does; the first line of the docs page.
func summary(text string) option { return func(o *huma.Operation) { o.Summary = text } }

// param documents a query parameter of a raw operation, which reads it itself.
func param(name, doc string) option {
	return func(o *huma.Operation) {
		o.Parameters = append(o.Parameters, &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: huma.TypeString}})
	}
}

// maxBody sets how large a body may be, in bytes; 1 MiB unless said.
func maxBody(n int64) option { return func(o *huma.Operation) { o.MaxBodyBytes = n } }

// status sets the status of success; 200 unless said, 204 for None.
func status(code int) option { return func(o *huma.Operation) { o.DefaultStatus = code } }

// get registers a read. I is a struct with path, query and header tags; B is the body of the answer (None for 204).
// The handler's ctx holds the signed-in person: auth.From(ctx). Return errs errors: they are translated here.
func get[I, B any](a *API, path, opID string, p auth.Permission, h func(context.Context, *I) (B, error), options ...option) {
	register(a, http.MethodGet, path, opID, p, h, options)
}

// post registers a call that makes or does something. The JSON body, if any, is I's field Body.
func post[I, B any](a *API, path, opID string, p auth.Permission, h func(context.Context, *I) (B, error), options ...option) {
	register(a, http.MethodPost, path, opID, p, h, options)
}

// put registers a call that replaces something, or changes part of it.
func put[I, B any](a *API, path, opID string, p auth.Permission, h func(context.Context, *I) (B, error), options ...option) {
	register(a, http.MethodPut, path, opID, p, h, options)
}

// del registers a call that takes something away.
func del[I, B any](a *API, path, opID string, p auth.Permission, h func(context.Context, *I) (B, error), options ...option) {
	register(a, http.MethodDelete, path, opID, p, h, options)
}

func register[I, B any](a *API, method, path, opID string, p auth.Permission, h func(context.Context, *I) (B, error), options []option) {
	op := a.operation(method, path, opID, p, options)
	a.actions[method+" "+path] = opID
	op.Middlewares = huma.Middlewares{a.guard(p)}
	if _, empty := any(*new(B)).(None); empty {
		if op.DefaultStatus == 0 {
			op.DefaultStatus = http.StatusNoContent
		}
		huma.Register(a.huma, op, func(ctx context.Context, in *I) (*None, error) {
			if _, err := h(ctx, in); err != nil {
				return nil, problemOf(ctx, a.log, err)
			}
			return &None{}, nil
		})
		return
	}
	type answer struct{ Body B }
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*answer, error) {
		body, err := h(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, a.log, err)
		}
		return &answer{body}, nil
	})
}

// withRequest registers an operation whose handler needs the request itself (its address, its cookies) and whose output
// sets headers: O is a huma output struct.
func withRequest[I, O any](a *API, method, path, opID string, p auth.Permission, h func(context.Context, *http.Request, *I) (*O, error), options ...option) {
	op := a.operation(method, path, opID, p, options)
	a.actions[method+" "+path] = opID
	type requestKey struct{}
	keep := func(hc huma.Context, next func(huma.Context)) {
		r, _ := humago.Unwrap(hc)
		next(huma.WithValue(hc, requestKey{}, r))
	}
	op.Middlewares = huma.Middlewares{a.guard(p), keep}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		r, _ := ctx.Value(requestKey{}).(*http.Request)
		out, err := h(ctx, r, in)
		if err != nil {
			return nil, problemOf(ctx, a.log, err)
		}
		return out, nil
	})
}

// operation is what the document says of a route. Its tag is the word after /api/v1/.
func (a *API) operation(method, path, opID string, p auth.Permission, options []option) huma.Operation {
	a.naming.operation = opID
	op := huma.Operation{
		Method: method, Path: path, OperationID: opID,
		BodyReadTimeout: time.Minute,
		Extensions:      map[string]any{"x-permission": permissionWord(p)},
	}
	if rest, ok := strings.CutPrefix(path, "/api/v1/"); ok {
		op.Tags = []string{strings.SplitN(rest, "/", 2)[0]}
	}
	switch p {
	case Public:
	case Customer:
		op.Security = []map[string][]string{{"shop_session": {}}}
	case Shopper:
		op.Security = []map[string][]string{{"shop_session": {}}, {"guest": {}}}
	default:
		op.Security = []map[string][]string{{"session": {}}}
	}
	for _, set := range options {
		set(&op)
	}
	if op.Summary == "" {
		op.Summary = strings.ToUpper(opID[:1]) + strings.ReplaceAll(opID[1:], "_", " ")
	}
	return op
}

func permissionWord(p auth.Permission) string {
	switch p {
	case Public:
		return "public"
	case SignedIn:
		return "signed in"
	case Customer:
		return "customer"
	case Shopper:
		return "customer or guest"
	default:
		return string(p)
	}
}

// guard lets only those through who may.
func (a *API) guard(p auth.Permission) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		if p == Customer || p == Shopper {
			who, err := a.admitShopper(r, p)
			if err != nil {
				problemOf(r.Context(), a.log, err).write(w)
				return
			}
			next(huma.WithValue(hc, shopperKey{}, who))
			return
		}
		staff, err := a.admit(r, p)
		if err != nil {
			problemOf(r.Context(), a.log, err).write(w)
			return
		}
		ctx := hc
		if staff.ID != "" {
			ctx = huma.WithContext(hc, auth.With(hc.Context(), staff))
		}
		next(ctx)
	}
}

// admit returns who is signed in, or why she may not call what the permission guards. A public route is not told who
// calls it.
func (a *API) admit(r *http.Request, p auth.Permission) (auth.Staff, error) {
	if p == Public {
		return auth.Staff{}, nil
	}
	staff, err := a.Services.Sessions.Resolve(r.Context(), tokenOf(r))
	if err != nil {
		return auth.Staff{}, err
	}
	if seen := traceOf(r.Context()); seen != nil {
		seen.staff = staff
	}
	if p == SignedIn {
		return staff, nil
	}
	if staff.MustChange {
		return auth.Staff{}, auth.ErrMustChange
	}
	if !staff.Can(p) {
		return auth.Staff{}, auth.ErrForbidden
	}
	return staff, nil
}

// raw registers a route that reads or writes its own bytes: an upload, a file, a picture, a stream of events. An
// error that the handler returns before it has written becomes a problem. answer is the content type of success. The
// body is limited to maxBody (1 MiB unless said); the route is in the document too.
func raw(a *API, method, path, opID string, p auth.Permission, answer string, h func(http.ResponseWriter, *http.Request) error, options ...option) {
	op := a.operation(method, path, opID, p, options)
	a.actions[method+" "+path] = opID
	if op.DefaultStatus == 0 {
		op.DefaultStatus = http.StatusOK
	}
	success := &huma.Response{Description: http.StatusText(op.DefaultStatus)}
	if answer != "" {
		success.Content = map[string]*huma.MediaType{answer: {Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	if op.Responses == nil { // an option may have said more
		op.Responses = map[string]*huma.Response{strconv.Itoa(op.DefaultStatus): success}
	}
	maps.Copy(op.Responses, map[string]*huma.Response{
		"default": {Description: "Error", Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")},
		}},
	})
	for _, segment := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			op.Parameters = append(op.Parameters, &huma.Param{
				Name: strings.TrimSuffix(strings.TrimSuffix(name, "}"), "..."), In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
			})
		}
	}
	if !op.Hidden && !strings.Contains(path, "...") {
		a.huma.OpenAPI().AddOperation(&op)
	}
	limit := op.MaxBodyBytes
	if limit == 0 {
		limit = 1 << 20
	}
	a.mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) {
		r, err := a.enter(r, p)
		if err != nil {
			problemOf(r.Context(), a.log, err).write(w)
			return
		}
		if limit > 0 {
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// enter returns the request with who calls, a member of staff or of those who shop, or why she may not.
func (a *API) enter(r *http.Request, p auth.Permission) (*http.Request, error) {
	if p == Customer || p == Shopper {
		who, err := a.admitShopper(r, p)
		return r.WithContext(context.WithValue(r.Context(), shopperKey{}, who)), err
	}
	staff, err := a.admit(r, p)
	if err != nil || staff.ID == "" {
		return r, err
	}
	return r.WithContext(auth.With(r.Context(), staff)), nil
}

// fail answers a raw route's error; when the answer has begun, all that is left is to log it and break it off.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), a.log, err)
	if t := traceOf(r.Context()); t != nil && t.wrote {
		if p.Status < http.StatusInternalServerError {
			a.log.ErrorContext(r.Context(), "answer broken off", "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	p.write(w)
}

// Document returns the OpenAPI 3.1 document of every route, as committed in api/openapi.json.
func Document() ([]byte, error) {
	a := New(&Services{}, Options{})
	return a.document()
}
