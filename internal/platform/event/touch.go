package event

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// Touch is one arrival of a person at the brand's own ground.
type Touch struct {
	At       time.Time `json:"at"`
	Source   string    `json:"source,omitempty"` // utm_source
	Medium   string    `json:"medium,omitempty"`
	Campaign string    `json:"campaign,omitempty"`
	Content  string    `json:"content,omitempty"`
	Term     string    `json:"term,omitempty"`
	Referrer string    `json:"referrer,omitempty"` // address of another site that led here
	Landing  string    `json:"landing,omitempty"`  // address arrived at
	Via      string    `json:"via,omitempty"`      // id of the source that told it
}

// Arrivals are how a person first and last arrived.
type Arrivals struct {
	First Touch `json:"first"`
	Last  Touch `json:"last"`
}

// Words are what an arrival says as properties of a fact, without what is empty: utm_source, utm_medium, utm_campaign, utm_content,
// utm_term, referrer (the host that led here) and landing (host and path arrived at), each after the prefix.
func (t *Touch) Words(prefix string) map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{
		"utm_source": t.Source, "utm_medium": t.Medium, "utm_campaign": t.Campaign, "utm_content": t.Content, "utm_term": t.Term,
		"referrer": place(t.Referrer, false), "landing": place(t.Landing, true),
	} {
		if v != "" {
			out[prefix+name] = v
		}
	}
	return out
}

// NewTouch is the Detail of the fact of an arrival that says something else than the one before it; AgainTouch of one that says the same,
// later.
const (
	NewTouch   = "new"
	AgainTouch = "again"
)

// Fact is the arrival of a customer as a fact. The channel is what a link named, or the host that led here.
func (t *Touch) Fact(id string, customer uint32, detail string) Fact {
	words := t.Words("")
	props, _ := json.Marshal(words) // texts always marshal
	f := Fact{ID: id, Name: TouchMade, Customer: customer, At: t.At, Channel: words["utm_source"], Detail: detail, Props: props}
	if f.Channel == "" {
		f.Channel = words["referrer"]
	}
	return f
}

// place is the host of an address, and its path where asked for; query and fragment, which may name somebody, stay out.
func place(address string, path bool) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	if !path {
		return host
	}
	return host + strings.TrimSuffix(u.Path, "/")
}
