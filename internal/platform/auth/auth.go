// Package auth knows who is asking: passwords, sessions, one-time links, and the signed-in person in a context.
// It does not know what a role may do; that is the organisation's business.
package auth

import (
	"context"

	"huoshui/internal/platform/errs"
)

// Permission names something one may do: "customers.read".
type Permission string

// Staff is the signed-in member of staff, as every handler sees her.
type Staff struct {
	ID          string       `json:"id"`
	Login       string       `json:"login"`
	Name        string       `json:"name"`
	Role        string       `json:"role"`
	Team        string       `json:"team"`
	MustChange  bool         `json:"must_change" doc:"A one-time password is in use; nothing but changing it is allowed"`
	Permissions []Permission `json:"permissions"`
}

// Can reports whether the person may do what the permission names.
func (s Staff) Can(p Permission) bool {
	for _, have := range s.Permissions {
		if have == p {
			return true
		}
	}
	return false
}

type contextKey struct{}

// With returns a context in which staff is signed in.
func With(ctx context.Context, staff Staff) context.Context {
	return context.WithValue(ctx, contextKey{}, staff)
}

// From returns who is signed in; the zero Staff (empty ID) when nobody is: a command line, a worker, a customer.
func From(ctx context.Context) Staff {
	staff, _ := ctx.Value(contextKey{}).(Staff)
	return staff
}

// The refusals of a request for want of a person, or of a right.
var (
	ErrSignIn     = errs.New(errs.Denied, "auth.sign_in", "sign in first")
	ErrForbidden  = errs.New(errs.Denied, "auth.forbidden", "your role does not include this")
	ErrMustChange = errs.New(errs.Denied, "auth.must_change", "choose your own password first")
)
