package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"huoshui/internal/data/collect"
	"huoshui/internal/demo"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
)

// demoSource is what the demo brand's own shop is called among the sources.
const demoSource = "商城 H5"

// demoClicks is the SDK in the pages of the demo brand's shop: its requests go the way of everybody's.
type demoClicks struct {
	sources *collect.Sources
	accept  *collect.Accepter // nil where nothing is served: nothing is told then
	now     clock.Clock
	source  string // its id, once it is known
}

type trackCall struct {
	Type       string         `json:"type"`
	MessageID  string         `json:"messageId"`
	Event      string         `json:"event"`
	Anonymous  string         `json:"anonymousId"`
	Timestamp  time.Time      `json:"timestamp"`
	Properties map[string]any `json:"properties"`
	Context    map[string]any `json:"context"`
}

// Told implements demo.Clicks.
func (d *demoClicks) Told(ctx context.Context, clicks []demo.PageEvent) error {
	if d.accept == nil {
		return nil
	}
	if err := d.register(ctx); err != nil {
		return err
	}
	for part := range slices.Chunk(clicks, 500) {
		calls := make([]trackCall, len(part))
		for i, c := range part {
			calls[i] = callOf(c)
		}
		body, err := json.Marshal(map[string]any{"batch": calls})
		if err != nil {
			return err
		}
		if err := d.send(ctx, collect.Envelope{Protocol: collect.Segment, Source: d.source, Path: "batch", ReceivedAt: d.now(), UserAgent: "h5", Body: body}); err != nil {
			return err
		}
	}
	return nil
}

// send waits, as an SDK does, while the product says that too much comes in.
func (d *demoClicks) send(ctx context.Context, e collect.Envelope) error {
	for {
		err := d.accept.Accept(ctx, e)
		if !errs.Is(err, errs.Limited) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// register finds the shop among the sources, or makes it. It is trusted, since the demo's pages are ours.
func (d *demoClicks) register(ctx context.Context) error {
	if d.source != "" {
		return nil
	}
	all, err := d.sources.List(ctx, false)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Name == demoSource {
			d.source = s.ID
			return nil
		}
	}
	trusted := true
	made, err := d.sources.Create(ctx, collect.SourceDraft{Name: demoSource, Kind: collect.Browser, Trusted: &trusted, Channel: demo.PagesChannel}, "demo")
	d.source = made.ID
	return err
}

func callOf(c demo.PageEvent) trackCall {
	page := "https://shop.example/maoqiu/" + c.SKU
	call := trackCall{
		Type: "track", MessageID: c.ID, Event: c.Name, Anonymous: c.Device, Timestamp: c.At.UTC(), Properties: map[string]any{},
		Context: map[string]any{"page": map[string]any{"url": page}},
	}
	if c.SKU != "" {
		call.Properties = map[string]any{
			"product_id": c.SKU, "name": c.Product, "category": c.Category, "price": money.Format(c.Fen), "quantity": c.Quantity, "currency": "CNY",
		}
	}
	if c.Card != "" {
		call.Context["externalIds"] = []any{map[string]any{"type": "card", "id": c.Card}}
	}
	if c.Campaign != "" {
		call.Context["campaign"] = map[string]any{"source": c.Campaign, "medium": "social"}
	}
	return call
}
