// Package channel carries messages out of the house (M4): e-mail by SMTP, webhook, the staff task list and the
// simulated handset. A remote channel (e-mail, webhook) may be slow or dead and is worked outside any transaction; a
// local one (phone, task) delivers inside the transaction that records it, so it is exactly once.
package channel

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/platform/store"
)

// The channels, in the order an editor offers them.
const (
	Email   = "email"
	Phone   = "phone"
	Task    = "task"
	Webhook = "webhook"
)

// All lists the channels.
func All() []string { return []string{Email, Phone, Task, Webhook} }

// Body is what a person gets, rendered.
type Body struct {
	Title  string `json:"title"`            // subject of an e-mail, heading elsewhere
	HTML   string `json:"html,omitempty"`   // e-mail
	Text   string `json:"text"`             // everything else, and the plain part of an e-mail
	Image  string `json:"image,omitempty"`  // address of a picture
	URL    string `json:"url,omitempty"`    // where the main button leads
	Action string `json:"action,omitempty"` // the words on the button
}

// Message is one rendered message to one person.
type Message struct {
	ID         string // deterministic: the same person, campaign and channel give the same id
	Campaign   string
	Strategy   string
	Customer   uint32
	CustomerID string
	Name       string
	To         string // e-mail address; empty on channels that need none
	Body       Body
	Links      Links
	At         time.Time
}

// Links are the signed addresses that belong to a message.
type Links struct {
	Open        string // picture that says the message was opened
	Unsubscribe string
}

// Failure is why a message did not go. Permanent failures are not tried again. Bounced says the address is no good.
type Failure struct {
	Reason    string // code, low cardinality: smtp_550, connection, http_503
	Permanent bool
	Bounced   bool
	Detail    string // what the other side said, cut to 300 characters
}

// Error is the reason and what the other side said.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Reason, f.Detail) }

// Remote opens connections to a destination outside the process.
type Remote interface {
	// Dial returns a connection that one worker uses for many messages, or an error when the destination is away.
	Dial(ctx context.Context) (Conn, error)
	// Limits says how many connections may be open and how many messages may go in a second; 0 is no limit.
	Limits() (connections int, perSecond float64)
	// CostFen is what one message costs.
	CostFen() int64
}

// Conn is one connection. Send returns nil when the destination has taken the message, a *Failure when it has said
// no or cannot be talked to; begun is called right before the instant from which the destination may have taken it.
type Conn interface {
	Send(ctx context.Context, m Message, begun func()) error
	// Alive reports whether the connection can carry another message.
	Alive() bool
	Close() error
}

// Local delivers inside the caller's transaction.
type Local interface {
	Deliver(ctx context.Context, tx *store.Tx, messages []Message) error
	CostFen() int64
}

func clip(s string) string {
	if r := []rune(s); len(r) > 300 {
		return string(r[:300])
	}
	return s
}
