// Package hook tells other systems who enters and leaves a segment: signed requests, in order, at least once.
package hook

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/webhook"
)

// State says whether a hook delivers.
type State string

// The states.
const (
	Active State = "active"
	Paused State = "paused" // by a person; it goes on where it was
	Dead   State = "dead"   // it failed for too long; a person may start it again
)

// Limits.
const (
	perRequest  = 500 // changes of one request
	mostHooks   = 100 // of the brand
	mostOfOne   = 10  // of one segment
	keptTries   = 50  // deliveries that are kept for people to look at
	shortSecret = 16  // characters
	longSecret  = 200

	firstWait = time.Second // after the first failure; then twice as long each time
	longWait  = 10 * time.Minute
	patience  = 3 * 24 * time.Hour // of failures, after which it is dead
)

// Hook is one system that hears of a segment.
type Hook struct {
	ID           string    `json:"id" db:"id"`
	SegmentID    string    `json:"segment_id" db:"segment_id"`
	Name         string    `json:"name" db:"name"`
	URL          string    `json:"url" db:"url" doc:"Whole for those who may change it, else without path and query"`
	AllowPrivate bool      `json:"allow_private" db:"allow_private" doc:"Addresses inside this machine's network are allowed"`
	State        State     `json:"state" db:"state" enum:"active,paused,dead"`
	FailingSince time.Time `json:"failing_since,omitzero" db:"failing_since" doc:"First failure after the last success"`
	Tries        int64     `json:"tries" db:"tries" doc:"Failures in a row"`
	NextAt       time.Time `json:"next_at,omitzero" db:"next_at" doc:"When it is tried again"`
	Error        string    `json:"error" db:"error" doc:"Of the last try; empty when it succeeded"`
	Delivered    int64     `json:"delivered" db:"delivered" doc:"Changes delivered so far"`
	DeliveredAt  time.Time `json:"delivered_at,omitzero" db:"delivered_at" doc:"When the last of them were"`
	Version      int64     `json:"version" db:"version"`
	CreatedBy    string    `json:"created_by" db:"created_by"`
	CreatedAt    time.Time `json:"created_at" db:"created_at"`
	UpdatedAt    time.Time `json:"updated_at" db:"updated_at"`

	Sealed string `json:"-" db:"secret"`
	Seq    int64  `json:"-" db:"seq"` // position in the stream up to which everything is delivered
}

// Draft is what a person says of a hook.
type Draft struct {
	Name         string `json:"name" maxLength:"80" doc:"Who is told"`
	URL          string `json:"url" minLength:"1" maxLength:"2000"`
	Secret       string `json:"secret,omitempty" maxLength:"200" doc:"16 to 200 characters; none makes one for a new hook, and keeps that of another"`
	AllowPrivate bool   `json:"allow_private,omitempty" doc:"Allow addresses inside this machine's network; needs the permission to change channels"`
}

func (d *Draft) check() error {
	d.Name, d.URL = strings.TrimSpace(d.Name), strings.TrimSpace(d.URL)
	if n := utf8.RuneCountInString(d.Name); n < 1 || n > 80 {
		return errs.New(errs.Invalid, "hook.name", "must have 1 to 80 characters").At("name")
	}
	if n := len(d.Secret); n > 0 && (n < shortSecret || n > longSecret) {
		return errs.New(errs.Invalid, "hook.secret", "must have 16 to 200 characters").At("secret")
	}
	return webhook.CheckURL(d.URL, "hook.url")
}

// Delivery is one request to a hook.
type Delivery struct {
	ID      string    `json:"id" db:"id"`
	HookID  string    `json:"-" db:"hook_id"`
	At      time.Time `json:"at" db:"at"`
	Test    bool      `json:"test" db:"test" doc:"A person tried it; nothing was delivered"`
	Changes int64     `json:"changes" db:"changes"`
	Status  int64     `json:"status" db:"status" doc:"Of HTTP; 0 when there was no answer"`
	OK      bool      `json:"ok" db:"ok"`
	Said    string    `json:"said" db:"said" doc:"The beginning of the answer, or why there was none"`
	Millis  int64     `json:"millis" db:"millis"`
}

// Request is the body that is posted. Changes of one person are in the order in which they happened, in one request and from
// one request to the next; a request that was not answered with 2xx comes again, so that a change may come twice, with the
// same id.
type Request struct {
	ID      string    `json:"id"`   // the same when it comes again; also the header Idempotency-Key
	Type    string    `json:"type"` // "segment.changes", or "segment.test", which says nothing of people
	Hook    string    `json:"hook"`
	Segment Named     `json:"segment"`
	SentAt  time.Time `json:"sent_at"`
	Changes []Change  `json:"changes"`
}

// Named is a segment to a stranger. A change of its words makes another version, and others are in it without anybody having
// entered or left: whoever keeps a copy of the members takes the list anew when the version has changed.
type Named struct {
	ID      string `json:"id" db:"id"`
	Name    string `json:"name" db:"name"`
	Version int64  `json:"version" db:"version"`
}

// Change is somebody who entered or left.
type Change struct {
	ID       string    `json:"id"`   // of the fact, for ever its own
	Type     string    `json:"type"` // "segment.entered" or "segment.left"
	At       time.Time `json:"at"`
	Customer Person    `json:"customer"`
}

// Person is a customer to a stranger.
type Person struct {
	ID     string `json:"id,omitempty"` // none when there is no such customer any more
	Number uint32 `json:"number"`
}

// waitAfter is how long a hook rests after so many failures in a row, the first rest being given.
func waitAfter(first time.Duration, tries int64) time.Duration {
	if tries > 12 {
		return longWait
	}
	return min(first<<max(tries-1, 0), longWait)
}

// heard is a change as it came, with its place in the stream.
type heard struct {
	seq      uint64
	customer uint32
	change   Change
}

// cut returns how many of the changes go into the next request, and the position in the stream up to which everything is
// delivered after it, given the position up to which the changes go on the whole.
func cut(all []heard, end uint64) (n int, position uint64) {
	n = min(len(all), perRequest)
	if n == len(all) {
		return n, end
	}
	return n, all[n].seq - 1 // the next one's message is not done
}

func encode(r Request) ([]byte, error) { return json.Marshal(r) }
