package httpapi

import (
	"context"
	_ "embed"
	"encoding/json"
	"net"
	"net/http"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/telemetry"
)

//go:embed docs.html
var docsPage []byte

//go:embed docs.js
var docsScript []byte

// engineState is one engine, as the settings page shows it.
type engineState struct {
	Name string `json:"name" example:"store"`
	OK   bool   `json:"ok"`
}

// systemState says what runs and how it is.
type systemState struct {
	Version string        `json:"version"`
	Engines []engineState `json:"engines"`
}

// registerSystem: the state of the engines.
func registerSystem(a *API) {
	get(a, "/api/v1/system", "get_system", staff.SystemRead, func(ctx context.Context, _ *struct{}) (systemState, error) {
		state := systemState{Version: telemetry.Version(), Engines: []engineState{}}
		if a.options.Health == nil {
			return state, nil
		}
		found := a.options.Health(ctx)
		for _, name := range telemetry.Names(found) {
			if found[name] != nil {
				a.log.WarnContext(ctx, "engine", "name", name, "error", found[name])
			}
			state.Engines = append(state.Engines, engineState{name, found[name] == nil})
		}
		return state, nil
	}, summary("Version, and the state of every engine"))
}

// registerPlain adds what is not in the document: itself, its page, health, metrics and the web pages.
func (a *API) registerPlain() {
	document, err := a.document()
	if err != nil {
		panic(err) // the document is made of our own types: it cannot be marshalled only when the code is wrong
	}
	serve := func(contentType string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(body) // the client has gone: nobody to tell
		}
	}
	a.mux.HandleFunc("GET /api/openapi.json", serve("application/json", document))
	a.mux.HandleFunc("GET /api/docs", serve("text/html; charset=utf-8", docsPage))
	a.mux.HandleFunc("GET /api/docs.js", serve("text/javascript; charset=utf-8", docsScript))
	a.mux.HandleFunc("GET /healthz", serve("text/plain; charset=utf-8", []byte("ok\n")))
	a.mux.HandleFunc("GET /readyz", a.ready)
	if a.options.Metrics != nil {
		a.mux.HandleFunc("GET /metrics", a.metrics)
	}
	a.mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		problemOf(r.Context(), a.log, errs.New(errs.NotFound, "request.no_route", "there is no %s %s", r.Method, r.URL.Path)).write(w)
	})
	if a.options.Pages != nil {
		a.mux.Handle("/", a.options.Pages)
	}
}

// metrics answers a scraper on the same machine, and staff who may see the state of the system. What comes through a
// proxy that we were not told to trust may come from anywhere.
func (a *API) metrics(w http.ResponseWriter, r *http.Request) {
	hidden := !a.options.TrustedProxy && r.Header.Get("X-Forwarded-For")+r.Header.Get("Forwarded") != ""
	if ip := net.ParseIP(a.remote(r)); hidden || ip == nil || !ip.IsLoopback() {
		if _, err := a.admit(r, staff.SystemRead); err != nil {
			problemOf(r.Context(), a.log, err).write(w)
			return
		}
	}
	a.options.Metrics.ServeHTTP(w, r)
}

// ready answers 200 when every engine does, else 503 with the names of those that do not; causes are for the log.
func (a *API) ready(w http.ResponseWriter, r *http.Request) {
	type answer struct {
		Ready   bool            `json:"ready"`
		Engines map[string]bool `json:"engines"`
	}
	out := answer{Ready: true, Engines: map[string]bool{}}
	if a.options.Health != nil {
		for name, err := range a.options.Health(r.Context()) {
			out.Engines[name] = err == nil
			if err != nil {
				out.Ready = false
				a.log.WarnContext(r.Context(), "not ready", "engine", name, "error", err)
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if !out.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(out) // the client has gone: nobody to tell
}

// document returns the OpenAPI document, indented, with a newline at its end.
func (a *API) document() ([]byte, error) {
	raw, err := a.huma.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	pretty, err := json.MarshalIndent(tree, "", "  ") // maps are sorted: the same routes give the same bytes
	if err != nil {
		return nil, err
	}
	return append(pretty, '\n'), nil
}
