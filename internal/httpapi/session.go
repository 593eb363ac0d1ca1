package httpapi

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
)

const cookieName = "huoshui_session"

// tokenOf returns the session token of a request, "" without one. A cookie set over https has the __Host- prefix,
// which keeps neighbouring hosts from planting one.
func tokenOf(r *http.Request) string {
	for _, name := range []string{"__Host-" + cookieName, cookieName} {
		if c, err := r.Cookie(name); err == nil && c.Value != "" {
			return c.Value
		}
	}
	return ""
}

// cookie returns the session cookie; an empty token takes it away.
func (a *API) cookie(r *http.Request, token string) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(auth.AbsoluteExpiry / time.Second),
	}
	if a.secure(r) {
		c.Name, c.Secure = "__Host-"+cookieName, true
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

type credentials struct {
	Login    string `json:"login" minLength:"1" maxLength:"40"`
	Password string `json:"password" minLength:"1" maxLength:"128"`
}

// registerSession: signing in and out, and one's own password.
func registerSession(a *API) {
	attempts := newLimiter(rate.Every(3*time.Second), 20) // per address; the account's own lockout comes on top

	raw(a, http.MethodGet, "/api/v1/session/link/{token}", "follow_sign_in_link", Public, "text/html",
		a.followLink, summary("Sign in once with a link and go to the console"), status(http.StatusSeeOther))

	type signIn struct{ Body credentials }
	type signedIn struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
		Body      auth.Staff
	}
	withRequest(a, http.MethodPost, "/api/v1/session", "sign_in", Public,
		func(ctx context.Context, r *http.Request, in *signIn) (*signedIn, error) {
			if wait := attempts.take(a.remote(r)); wait > 0 {
				seconds := int(wait/time.Second) + 1
				return nil, errs.New(errs.Limited, "auth.too_many", "too many attempts; try again in %d s", seconds).With("retry_after", seconds)
			}
			staff, err := a.Services.Staff.SignIn(ctx, in.Body.Login, in.Body.Password)
			if err != nil {
				return nil, err
			}
			token, err := a.Services.Sessions.Start(ctx, staff.ID, a.remote(r), r.UserAgent())
			if err != nil {
				return nil, err
			}
			if old := tokenOf(r); old != "" {
				if err := a.Services.Sessions.End(ctx, old); err != nil {
					return nil, err
				}
			}
			traceOf(ctx).staff = staff
			return &signedIn{SetCookie: *a.cookie(r, token), Body: staff}, nil
		}, summary("Sign in; the answer sets the session cookie"))

	type nothing struct{}
	type signedOut struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
	}
	withRequest(a, http.MethodDelete, "/api/v1/session", "sign_out", SignedIn,
		func(ctx context.Context, r *http.Request, _ *nothing) (*signedOut, error) {
			if err := a.Services.Sessions.End(ctx, tokenOf(r)); err != nil {
				return nil, err
			}
			return &signedOut{SetCookie: *a.cookie(r, "")}, nil
		}, summary("Sign out"))

	type who struct {
		Ask bool `query:"ask" doc:"Answer a stranger with an empty id instead of 401: for a page that only wants to know"`
	}
	type known struct{ Body auth.Staff }
	withRequest(a, http.MethodGet, "/api/v1/session", "get_session", Public,
		func(_ context.Context, r *http.Request, in *who) (*known, error) {
			staff, err := a.admit(r, SignedIn)
			if in.Ask && errors.Is(err, auth.ErrSignIn) {
				return &known{auth.Staff{Permissions: []auth.Permission{}}}, nil
			}
			return &known{staff}, err
		}, summary("Who is signed in, and what she may do"))

	type passwords struct {
		Body struct {
			Old      string `json:"old" maxLength:"128"`
			Password string `json:"password" maxLength:"128" doc:"At least 10 characters"`
		}
	}
	withRequest(a, http.MethodPut, "/api/v1/session/password", "change_password", SignedIn,
		func(ctx context.Context, r *http.Request, in *passwords) (*None, error) {
			me := auth.From(ctx).ID
			if err := a.Services.Staff.ChangePassword(ctx, me, in.Body.Old, in.Body.Password); err != nil {
				return nil, err
			}
			return &None{}, a.Services.Sessions.EndOthers(ctx, me, tokenOf(r))
		}, summary("Choose one's own password; signs every other session of the account out"), status(http.StatusNoContent))
}

// followLink signs in by a one-time link and goes to the console, which asks for a password where the link was used up
// or has expired. A link that is used up is no error for who is signed in already: the page was reloaded.
func (a *API) followLink(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	staffID, err := a.Services.Sessions.RedeemLink(ctx, r.PathValue("token"))
	if err == nil {
		var token string
		if token, err = a.Services.Sessions.Start(ctx, staffID, a.remote(r), r.UserAgent()); err == nil {
			http.SetCookie(w, a.cookie(r, token))
		}
	}
	if err != nil && !errs.Is(err, errs.Denied) {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// limiter bounds how often each key may do something. It forgets keys that have rested, and never holds more than
// maxKeys: beyond that everybody shares one allowance.
type limiter struct {
	every rate.Limit
	burst int

	mu     sync.Mutex
	byKey  map[string]*rate.Limiter
	shared *rate.Limiter
}

const maxKeys = 10_000

func newLimiter(every rate.Limit, burst int) *limiter {
	return &limiter{every: every, burst: burst, byKey: map[string]*rate.Limiter{}, shared: rate.NewLimiter(every, burst)}
}

// take uses one of the key's allowance and returns 0, or how long until there is one.
func (l *limiter) take(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, ok := l.byKey[key]
	if !ok {
		if len(l.byKey) >= maxKeys {
			for k, other := range l.byKey {
				if other.Tokens() >= float64(l.burst) {
					delete(l.byKey, k)
				}
			}
		}
		if own = l.shared; len(l.byKey) < maxKeys {
			own = rate.NewLimiter(l.every, l.burst)
			l.byKey[key] = own
		}
	}
	if own.Allow() {
		return 0
	}
	return time.Duration(float64(time.Second) / float64(l.every))
}
