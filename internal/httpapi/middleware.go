package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/telemetry"
)

// trace is what is learnt of a request on its way, for the log and the record.
type trace struct {
	staff auth.Staff
	wrote bool
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	t, _ := ctx.Value(traceKey{}).(*trace)
	return t
}

// RequestID returns the id of the request that ctx belongs to, "" outside a request.
func RequestID(ctx context.Context) string { return telemetry.RequestID(ctx) }

// Handler returns the whole edge: every request passes, from the outside in, through naming, logging, recovery,
// headers, the cross-origin check, compression and the record of what staff did.
func (a *API) Handler() http.Handler {
	var h http.Handler = a.mux
	h = a.audited(h)
	h = compressed(h)
	h = a.sameOrigin(h)
	h = a.headers(h)
	h = a.observed(h)
	return a.collected(h)
}

// collected leads what SDKs and webhooks send to where it is kept, past all that is there for people: they have no session,
// come from other sites, and are many.
func (a *API) collected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if edge := a.Services.Collect; edge != nil && edge.Takes(r) {
			edge.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	trace  *trace
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(code int) {
	if w.status == 0 && code >= 200 {
		w.status = code
		w.trace.wrote = true
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection: flushing, deadlines.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observed names the request, logs and measures it, and answers a panic with a problem.
func (a *API) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		name := r.Header.Get("X-Request-Id")
		if !saneRequestID(name) {
			name = id.New("req")
		}
		t := &trace{}
		ctx := telemetry.WithRequestID(context.WithValue(r.Context(), traceKey{}, t), name)
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w, trace: t}
		w.Header().Set("X-Request-Id", name)
		defer func() {
			p := recover()
			panicked := p != nil
			if p != nil && p != any(http.ErrAbortHandler) {
				a.log.ErrorContext(ctx, "panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				if rec.status == 0 {
					problemOf(ctx, slog.New(slog.DiscardHandler), errs.New(errs.Internal, "internal", "panic")).write(rec)
					p = nil
				}
			}
			status := rec.status
			if !panicked && status == http.StatusServiceUnavailable && errors.Is(r.Context().Err(), context.Canceled) {
				status = statusDropped
			}
			a.log.LogAttrs(ctx, requestLevel(r, status), "request",
				slog.String("method", r.Method), slog.String("path", a.shown(r)), slog.Int("status", status),
				slog.Int64("bytes", rec.bytes), slog.Duration("took", time.Since(start)),
				slog.String("staff", t.staff.Login), slog.String("remote", a.remote(r)))
			if a.options.Observe != nil {
				a.options.Observe(r.Method, a.route(r), status, time.Since(start))
			}
			if p != nil {
				panic(http.ErrAbortHandler) // the answer had begun: the client must see that it is broken
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// route is the pattern that matched, a bounded set for metrics.
func (a *API) route(r *http.Request) string {
	if r.Pattern != "" {
		_, pattern, ok := strings.Cut(r.Pattern, " ")
		if ok {
			return pattern
		}
		return r.Pattern
	}
	return "other"
}

// shown is the path as a log may have it: a token in it opens a door, so its route stands in.
func (a *API) shown(r *http.Request) string {
	if strings.Contains(r.Pattern, "{token}") {
		return a.route(r)
	}
	return truncatePath(r.URL.Path)
}

// statusDropped stands in the log and in the metrics for the answer to somebody who has gone: a browser that went to
// another page, or typed on. Nothing failed, and nobody saw the 503 that was written. The number is nginx's.
const statusDropped = 499

// requestLevel keeps the log readable: what a person does is info, what pages and probes fetch is debug.
func requestLevel(r *http.Request, status int) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// saneRequestID accepts a name from a proxy when it cannot harm a log or a header.
func saneRequestID(s string) bool {
	if len(s) < 8 || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// remote is the address a request comes from.
func (a *API) remote(r *http.Request) string { return Remote(r, a.options.TrustedProxy) }

// Remote is the address a request comes from: the connection's, or what the trusted proxy saw.
func Remote(r *http.Request, trustedProxy bool) string {
	if trustedProxy {
		hops := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if last := strings.TrimSpace(hops[len(hops)-1]); net.ParseIP(last) != nil {
			return last
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// secure reports whether the browser reached us by https.
func (a *API) secure(r *http.Request) bool {
	return a.options.Secure || r.TLS != nil || (a.options.TrustedProxy && r.Header.Get("X-Forwarded-Proto") == "https")
}

// contentPolicy allows nothing from elsewhere but pictures and films; antd writes its styles into the page.
const contentPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https: http:; media-src 'self' https:; " +
	"font-src 'self' data:; connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'; object-src 'none'"

// headers tells the browser what not to do with us.
func (a *API) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if a.secure(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what another site makes a browser send (Sec-Fetch-Site, or Origin against Host); together with
// the SameSite cookie this is the defence against request forgery. Programs send neither header and pass.
func (a *API) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problemOf(r.Context(), a.log, errs.New(errs.Denied, "request.cross_origin", "the request comes from another site")).write(w)
	}))
	return protection.Handler(next)
}

// audited records every call of staff that may change something, whatever its end.
func (a *API) audited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		rec := &recorder{ResponseWriter: w, trace: &trace{}}
		defer func() {
			t := traceOf(r.Context())
			if t == nil || t.staff.ID == "" {
				return
			}
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
			defer cancel()
			code := rec.status
			if code == 0 {
				code = http.StatusInternalServerError // a panic, answered further out
			}
			err := a.Services.Staff.Note(ctx, staff.Record{
				StaffID: t.staff.ID, Login: t.staff.Login, Action: a.actions[r.Pattern], Target: truncatePath(r.URL.Path),
				Status: code, Remote: a.remote(r), RequestID: RequestID(ctx),
			})
			if err != nil {
				a.log.ErrorContext(ctx, "audit", "error", err, "action", a.actions[r.Pattern], "staff", t.staff.Login)
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// truncatePath keeps a record small.
func truncatePath(p string) string {
	if len(p) > 300 {
		return p[:300]
	}
	return p
}
