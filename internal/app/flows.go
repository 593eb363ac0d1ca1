package app

import (
	"context"
	"math"

	"huoshui/internal/platform/config"
)

// nan is what a gauge says when it does not know.
var nan = math.NaN()

// loop is long-lived work: it blocks until ctx ends.
type loop struct {
	name string
	role config.Role
	run  func(ctx context.Context) error
}

// Every arrow of the product. Facts flow one way: what changes is written to the store with its facts in the outbox;
// the relay carries them to the stream; the warehouse and those who hear act on them. Nothing calls backwards.
//
//	services ─ store+outbox ─▶ relay ─▶ stream ─▶ warehouse ─▶ audience ─▶ campaigns ─▶ channels ─▶ people
//	    ▲                                                                                            │
//	    └───────────────── what people do comes back as facts: orders, opens, clicks ◀───────────────┘
func (a *App) loops() []loop {
	all := append(a.projection(), []loop{
		{"collection", config.Worker, a.Services.Pipeline.Run},                                                                          // what the brand's pages, apps and servers told becomes facts about people
		{"imports", config.Worker, a.Services.Imports.Run},                                                                              // files become customers, orders and their facts
		{"audience refresh", config.Scheduler, func(ctx context.Context) error { return a.Services.Segments.Run(ctx, a.Log) }},          // facts become layers and segments
		{"live segments", config.Scheduler, func(ctx context.Context) error { return a.Services.Segments.RunLive(ctx, a.Log) }},         // the same, for who just did something
		{"keyword tags", config.Worker, func(ctx context.Context) error { return a.Services.Tags.RunSaid(ctx, a.Stream, a.Log) }},       // what people say becomes tags
		{"coupons", config.Worker, func(ctx context.Context) error { return a.Services.Promo.Run(ctx, a.Log) }},                         // coupons reach whole segments, and end when their time is over
		{"payments", config.Worker, a.Services.Payments.Run},                                                                            // WeChat is asked what became of payments, and for refunds
		{"simulated WeChat Pay", config.Worker, a.runPaySimulator},                                                                      // the local one tells of payments as the real one does
		{"expiry", config.Scheduler, a.runExpiry},                                                                                       // gift money and points end when their time is over
		{"waiting rooms", config.Worker, a.Services.Flash.Run},                                                                          // who came first to a flash sale orders first
		{"groups", config.Worker, a.Services.Groups.Run},                                                                                // groups whose time is over fail, and orders follow their groups
		{"presales", config.Worker, a.Services.Presales.Run},                                                                            // deposits that nobody paid are let go, tails come due, and of presales that are over every deposit follows
		{"sales", config.Worker, a.Services.Sales.Run},                                                                                  // what nobody paid is closed, what was sent is finished, carts that were left are told, codes that came are handed out, what was sold is counted
		{"after-sale", config.Worker, a.runAfterSale},                                                                                   // what nobody decided, answered or sent back in time goes on; pictures that nobody shows go
		{"launches", config.Worker, func(ctx context.Context) error { return a.Services.Launches.Run(ctx, a.Log) }},                     // the stages of a launch begin campaigns, coupons, sales and pages, once each
		{"store views", config.Worker, func(ctx context.Context) error { return a.Services.Storefront.RunViews(ctx, a.Stream, a.Log) }}, // what people look at becomes what they are recommended
		{"campaigns", config.Worker, a.Services.Campaigns.Run},                                                                          // layers and segments become messages, and these facts
	}...)
	all = append(all, loop{"segment webhooks", config.Worker, func(ctx context.Context) error { return a.Services.Hooks.Run(ctx, a.Log) }}) // who enters and leaves a segment is told to other systems
	if a.isDemo {
		all = append(all, loop{"demo brand", config.Worker, a.runDemo})
	}
	return all
}

// projection is what keeps the warehouse equal to the store's facts; commands run it too.
func (a *App) projection() []loop {
	return []loop{
		{"outbox relay", config.Worker, a.relay.Run},
		{"warehouse loader", config.Worker, func(ctx context.Context) error { return a.Warehouse.Run(ctx, a.Stream) }},
	}
}
