package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
)

// Problem is the body of every answer that is not a success (RFC 9457). Code names the message in the console's
// catalogue and Params fill it; Detail is the same in English.
type Problem struct {
	Type      string         `json:"type" example:"about:blank"`
	Title     string         `json:"title" example:"Conflict"`
	Status    int            `json:"status" example:"409"`
	Detail    string         `json:"detail" example:"the login is taken"`
	Code      string         `json:"code" example:"staff.login_taken" doc:"Stable name of the message, for programs and catalogues"`
	Params    map[string]any `json:"params,omitempty" doc:"Values that the message of the code needs"`
	Field     string         `json:"field,omitempty" doc:"The input that is wrong, where there is one"`
	Errors    []FieldError   `json:"errors,omitempty" doc:"Every input that has the wrong shape"`
	RequestID string         `json:"request_id" doc:"Say this when you ask for help; the log has it too"`

	retryAfter int // seconds; 0 when trying again is not worth a promise
}

// FieldError is one input of the wrong shape.
type FieldError struct {
	Field   string `json:"field" example:"body.name"`
	Message string `json:"message"`
}

// Error is the problem in one line.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json, for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders adds Retry-After where it is known, for huma.
func (p *Problem) GetHeaders() http.Header {
	if p.retryAfter == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(p.retryAfter)}}
}

// statusOf is the one place where a kind of error becomes a status.
func statusOf(err error) int {
	switch errs.KindOf(err) {
	case errs.Invalid:
		return http.StatusUnprocessableEntity
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict:
		return http.StatusConflict
	case errs.Denied:
		if errors.Is(err, auth.ErrSignIn) {
			return http.StatusUnauthorized
		}
		return http.StatusForbidden
	case errs.Limited:
		return http.StatusTooManyRequests
	case errs.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// problemOf translates an error for a stranger and logs, once, what she must not see.
func problemOf(ctx context.Context, log *slog.Logger, err error) *Problem {
	var already *Problem
	if errors.As(err, &already) {
		already.RequestID = RequestID(ctx)
		return already
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = errs.New(errs.Invalid, "request.too_large", "the body is larger than %d bytes", tooLarge.Limit).With("limit", tooLarge.Limit)
	}
	status := statusOf(err)
	if tooLarge != nil {
		status = http.StatusRequestEntityTooLarge
	}
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, RequestID: RequestID(ctx)}
	var e *errs.Error
	switch {
	case status >= http.StatusInternalServerError && ctx.Err() != nil: // whatever broke, broke because nobody waits any more
		p.Status, p.Title = http.StatusServiceUnavailable, http.StatusText(http.StatusServiceUnavailable)
		p.Code, p.Detail = "request.cancelled", "the request ended before its answer"
	case status == http.StatusInternalServerError || !errors.As(err, &e):
		p.Code, p.Detail = "internal", "something went wrong on our side"
		log.ErrorContext(ctx, "request failed", "error", err)
	case status == http.StatusServiceUnavailable:
		p.Code, p.Detail, p.Params, p.retryAfter = e.Code, safeMessage(e), e.Params, 5
		log.WarnContext(ctx, "request refused", "error", err)
	default:
		p.Code, p.Detail, p.Params, p.Field = e.Code, safeMessage(e), e.Params, e.Field
		if seconds, ok := e.Params["retry_after"].(int); ok {
			p.retryAfter = seconds
		}
	}
	return p
}

// safeMessage is the message without its cause.
func safeMessage(e *errs.Error) string { return e.Message }

// humaError makes huma's own refusals (shapes, sizes, content types) problems of ours. It never passes on the text of
// an error that is not huma's.
func humaError(ctx huma.Context, status int, message string, causes ...error) huma.StatusError {
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: message, Code: "request.invalid"}
	if ctx != nil {
		p.RequestID = RequestID(ctx.Context())
	}
	switch status {
	case http.StatusRequestEntityTooLarge:
		p.Code = "request.too_large"
	case http.StatusUnsupportedMediaType, http.StatusNotAcceptable:
		p.Code = "request.media_type"
	case http.StatusRequestTimeout:
		p.Code = "request.timeout"
	}
	if status >= http.StatusInternalServerError {
		p.Code, p.Detail = "internal", "something went wrong on our side"
		return p
	}
	for _, cause := range causes {
		var shape *huma.ErrorDetail
		if errors.As(cause, &shape) {
			p.Errors = append(p.Errors, FieldError{Field: shape.Location, Message: shape.Message})
		}
	}
	if len(p.Errors) > 0 {
		p.Field = p.Errors[0].Field
	}
	return p
}

// write sends the problem.
func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client has gone: nobody to tell
}
