package collect

import (
	"encoding/json"
	"time"
)

// Tried is what a webhook's mapping makes of a body.
type Tried struct {
	Events []TriedEvent `json:"events"`
	Bad    []TriedBad   `json:"bad" doc:"Parts that would become dead letters"`
}

// TriedEvent is an event that the mapping finds, as it would be kept.
type TriedEvent struct {
	Kind   string                     `json:"kind" enum:"track,view,identify"`
	Name   string                     `json:"name"`
	Keys   []Key                      `json:"keys" doc:"What the person would be known by, in the order of the mapping"`
	At     time.Time                  `json:"at"`
	Traits map[string]json.RawMessage `json:"traits"`
	Props  map[string]json.RawMessage `json:"props"`
}

// TriedBad is a part that the mapping cannot read.
type TriedBad struct {
	Reason string `json:"reason" doc:"Stable code, as dead letters have it"`
	Detail string `json:"detail"`
}

// Try says what a webhook's mapping makes of a body that comes at a moment. Nothing is kept.
func Try(m Mapping, body string, now time.Time) (Tried, error) {
	out := Tried{Events: []TriedEvent{}, Bad: []TriedBad{}}
	src := Source{ID: "try"}
	if err := src.take(SourceDraft{Name: "try", Kind: Hook, Mapping: &m}); err != nil {
		return out, err
	}
	env := Envelope{Protocol: Webhook, Source: src.ID, ReceivedAt: now, Body: []byte(body)}
	events, bad := env.Decode(&src)
	for i := range events {
		e := &events[i]
		props, traits := map[string]json.RawMessage{}, map[string]json.RawMessage{}
		_ = json.Unmarshal(e.Props, &props) // an event without properties has none
		for _, op := range e.Traits {
			traits[op.Name] = op.Value
		}
		out.Events = append(out.Events, TriedEvent{e.Kind, e.Name, append([]Key{}, e.Keys...), e.At, traits, props})
	}
	for _, b := range bad {
		out.Bad = append(out.Bad, TriedBad{b.Reason, b.Detail})
	}
	return out, nil
}
