// Package errs holds the seven kinds of error. An error is classified where it arises, translated into a
// status once at the edge, and logged once at the edge; a stranger never sees an internal cause.
package errs

import (
	"errors"
	"fmt"
)

// Kind says what sort of thing went wrong.
type Kind string

// The seven kinds.
const (
	Invalid     Kind = "invalid"     // the caller's words are wrong: 422
	NotFound    Kind = "not_found"   // there is no such thing: 404
	Conflict    Kind = "conflict"    // it is already so, or somebody was first: 409
	Denied      Kind = "denied"      // not signed in (401) or not allowed (403)
	Limited     Kind = "limited"     // too much, too fast: 429
	Unavailable Kind = "unavailable" // a part outside is away; try again: 503
	Internal    Kind = "internal"    // our fault: 500
)

// Error is a classified error. Code names the message in the i18n catalogue ("customer.not_found");
// Message is English and safe to show; Field names the offending input, where there is one.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Field   string
	Params  map[string]any // values the catalogue's message needs
	cause   error
}

// New returns a classified error whose message may be shown to the caller.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap classifies a cause; the cause is logged, never shown.
func Wrap(kind Kind, code string, cause error) *Error {
	return &Error{Kind: kind, Code: code, Message: code, cause: cause}
}

// At returns a copy of the error that names the offending field.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// With returns a copy of the error that carries a value for its catalogue message.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Params = map[string]any{name: value}
	for k, v := range e.Params {
		if k != name {
			c.Params[k] = v
		}
	}
	return &c
}

// Error is the message and, for the log, its cause.
func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// KindOf returns the kind of the first classified error in the chain: Internal when there is none, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return KindOf(err) == kind }
