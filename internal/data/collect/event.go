// Package collect takes in what happens on a brand's own ground, as the SDKs of Segment and Sensors Analytics (神策) and
// servers' webhooks tell it, and turns it into facts about people.
//
// It works in two steps. The edge checks who speaks and that the request can be read, writes it as it came (an Envelope)
// to a durable log, many requests together, and only then answers. Behind it one pipeline reads the log in order, decodes
// the envelopes into events, drops what it has seen before, asks whose the events are, and publishes facts. What cannot be
// understood is kept as a dead letter with its reason and can be replayed.
package collect

import (
	"encoding/json"
	"time"
)

// Protocol is the language a source speaks.
type Protocol string

// The protocols.
const (
	Segment Protocol = "segment" // Segment's HTTP tracking API
	Sensors Protocol = "sensors" // 神策 data protocol
	Webhook Protocol = "webhook" // a server's own JSON with a field mapping
)

// Envelope is one request as it came, which the log keeps.
type Envelope struct {
	Protocol   Protocol
	Source     string    // id of the source whose key it carried
	Path       string    // what the path says of the body: "track", "batch", "sa", "pixel" …
	Query      string    // raw query of the URL: Sensors sends data and project there
	ReceivedAt time.Time // by our clock, UTC
	IP         string    // of the client, after trusted proxies
	UserAgent  string
	Body       []byte // decompressed
}

// Kinds of event.
const (
	Track    = "track"    // somebody did something
	View     = "view"     // a page or a screen was shown
	Identify = "identify" // traits of somebody, and keys that belong together
	Bind     = "bind"     // keys that belong together: alias, track_signup, track_id_bind
	Unbind   = "unbind"   // a key that belongs to somebody no longer
	Item     = "item"     // attributes of a thing; kept in the dictionary only
)

// Key is something that a person is known by; Kind is one of those of the customer package.
type Key struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// TraitOp changes one trait of a person.
type TraitOp struct {
	Op    string          `json:"op"` // "set", "set_once", "inc", "append", "unset"
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value,omitempty"` // absent for unset
}

// Event is one thing a source told, in one shape for all protocols.
type Event struct {
	Key        string          `json:"key"` // what a repetition has in common, unique within the source: messageId, or Sensors' four fields
	Source     string          `json:"source"`
	Kind       string          `json:"kind"`
	Name       string          `json:"name,omitempty"` // of the event as the source calls it: "Product Viewed", "$pageview"; for a view of a page its name
	Keys       []Key           `json:"keys"`           // of the person, strongest first
	At         time.Time       `json:"at"`             // when it happened, clock skew taken out
	ReceivedAt time.Time       `json:"received_at"`
	Traits     []TraitOp       `json:"traits,omitempty"`
	Props      json.RawMessage `json:"props,omitempty"` // object
	Context    Context         `json:"context"`
}

// Context is where and how an event happened, as far as it was told; names as analysts use them.
type Context struct {
	IP          string `json:"ip,omitempty"`
	UserAgent   string `json:"user_agent,omitempty"`
	Library     string `json:"library,omitempty"` // "analytics-node 3.1.0"
	URL         string `json:"url,omitempty"`
	Title       string `json:"title,omitempty"`
	Referrer    string `json:"referrer,omitempty"`
	OS          string `json:"os,omitempty"`
	UTMSource   string `json:"utm_source,omitempty"`
	UTMMedium   string `json:"utm_medium,omitempty"`
	UTMCampaign string `json:"utm_campaign,omitempty"`
	UTMContent  string `json:"utm_content,omitempty"`
	UTMTerm     string `json:"utm_term,omitempty"`
	FirstDay    bool   `json:"first_day,omitempty"`
	Session     string `json:"session,omitempty"`
}

// Bad is a part of an envelope that could not be understood.
type Bad struct {
	Reason string          // stable code: "no_event_name", "too_large", "bad_name" …
	Detail string          // field and value, for a person to read
	Raw    json.RawMessage // the part, or the whole body where no part could be told
}
