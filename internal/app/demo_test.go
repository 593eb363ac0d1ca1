package app

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"huoshui/internal/data/effect"
	"huoshui/internal/demo"
	"huoshui/internal/marketing/campaign"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
)

// openDemo opens a demo brand on a fixed day, without a server, and returns when its history is in.
func openDemo(t *testing.T, dir string, people int) (a *App, fresh bool) {
	t.Helper()
	cfg := config.Default()
	cfg.Data = dir
	today := time.Date(2025, 9, 10, 0, 0, 0, 0, demo.Zone)
	options := &DemoOptions{People: people, Today: today, Stage: func(s string) { t.Logf("stage %s", s) }}
	a, err := Open(t.Context(), cfg, Options{Log: slog.New(slog.DiscardHandler), demo: options})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range a.projection() {
		a.start(ctx, group, l)
	}
	a.start(ctx, group, loop{"imports", config.Worker, a.Services.Imports.Run})
	t.Cleanup(func() {
		stop()
		if err := group.Wait(); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, _, err := a.openDoor(t.Context()); err != nil {
		t.Fatal(err)
	}
	if fresh, err = a.Services.Demo.Prepare(t.Context(), options.Stage); err != nil {
		t.Fatal(err)
	}
	return a, fresh
}

// TestDemoLoop goes round the loop with the demo brand: history in, layers, one campaign for each layer, two weeks
// that pass, and what the board says compared with what the model knows.
func TestDemoLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a whole brand")
	}
	a, fresh := openDemo(t, t.TempDir(), 6000)
	if !fresh {
		t.Fatal("a new directory held a brand")
	}
	s, ctx := &a.Services, t.Context()
	overview, err := s.Layers.Overview(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	filled := 0
	for _, c := range overview.Layers {
		t.Logf("layer %s: %d people", c.Code, c.People)
		if c.Code != "" && c.People >= 120 {
			filled++
		}
	}
	if filled != 5 {
		t.Errorf("%d of 5 layers are well filled: %+v", filled, overview.Layers)
	}

	const days = 14
	appeals := map[string]demo.Appeal{
		"str_vip_care": {Layer: "vip", Channel: "task"}, "str_potential_cultivate": {Layer: "potential", Channel: "phone", Benefit: true},
		"str_new_activate": {Layer: "new", Channel: "phone", Benefit: true}, "str_silent_recall": {Layer: "silent", Channel: "phone", Benefit: true},
	}
	ids := map[string]string{}
	for strategy, appeal := range appeals {
		plan := campaign.Plan{Audience: campaign.Target{Kind: "layer", ID: appeal.Layer}, Strategy: strategy, HoldoutPct: 30, Channels: []string{appeal.Channel}}
		c, err := s.Campaigns.Create(ctx, "demo "+appeal.Layer, plan, "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Campaigns.Launch(ctx, c.ID, time.Time{}); err != nil {
			t.Fatal(err)
		}
		ids[strategy] = c.ID
	}
	if err := s.Campaigns.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	truths := map[string]demo.Truth{}
	for strategy, id := range ids {
		c, err := s.Campaigns.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		type row struct {
			Customer uint32 `db:"customer"`
			State    string `db:"state"`
		}
		var reach []uint32
		got := map[uint32]bool{}
		err = store.Each(ctx, a.DB, `SELECT customer, state FROM messages WHERE campaign_id = ?`, []any{id}, func(r row) error {
			if _, seen := got[r.Customer]; !seen {
				reach = append(reach, r.Customer)
			}
			got[r.Customer] = got[r.Customer] || r.State == "sent"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(reach)) != c.Reach {
			t.Errorf("%s: %d people have messages, %d are assigned to reach", strategy, len(reach), c.Reach)
		}
		truths[strategy] = s.Demo.Reveal(reach, func(n uint32) bool { return got[n] }, appeals[strategy], c.StartedAt, days)
	}

	began := time.Now()
	if err := s.Demo.Advance(ctx, days+1); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d days in %s", days+1, time.Since(began))
	if p := s.Demo.Status().Progress; p.Running || p.Day != days+1 || p.Orders == 0 || p.Opens == 0 {
		t.Errorf("progress %+v", p)
	}
	missed, shown := 0, 0
	for strategy, id := range ids {
		r, err := s.Effect.Campaign(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		missed += compare(t, strategy, r, truths[strategy])
		if r.Result.Conversion != nil {
			shown++
		}
	}
	if shown != len(ids) || missed > 1 {
		t.Errorf("%d campaigns have an interval, %d intervals miss the truth", shown, missed)
	}
	if err := s.Demo.Advance(ctx, demo.MaxAdvance+1); !errs.Is(err, errs.Invalid) {
		t.Errorf("too many days: %v", err)
	}
	demoFacts(t, a)
}

// compare returns how many of the report's intervals miss the truth.
func compare(t *testing.T, strategy string, r effect.Report, truth demo.Truth) (missed int) {
	t.Helper()
	steps := r.Steps
	text := fmt.Sprintf("%s: %d covered, %d reached, %d opened, %d clicked, %d converted; true lift %.4f, worth %.0f fen",
		strategy, steps.Covered, steps.Reached, steps.Opened, steps.Clicked, steps.Converted, truth.Lift(), truth.Worth())
	if c := r.Result.Conversion; c != nil {
		text += fmt.Sprintf("; measured %.4f [%.4f, %.4f]", c.Estimate, c.Low, c.High)
		if !c.Contains(truth.Lift()) {
			missed++
		}
	}
	if v := r.Result.Revenue; v != nil {
		text += fmt.Sprintf("; revenue %.0f [%.0f, %.0f]", v.Estimate, v.Low, v.High)
		if !v.Contains(truth.Worth()) {
			missed++
		}
	}
	t.Log(text)
	if steps.Reached == 0 || steps.Holdout == 0 || !r.Result.Settled {
		t.Errorf("%s: %+v settled %v", strategy, steps, r.Result.Settled)
	}
	return missed
}

// demoFacts checks that the store and the warehouse agree about what the days brought.
func demoFacts(t *testing.T, a *App) {
	t.Helper()
	orders, err := store.One[int64](t.Context(), a.DB, `SELECT COUNT(*) FROM orders`)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := warehouse.One[int64](t.Context(), a.Warehouse, `SELECT COUNT(*) FROM facts WHERE kind = ?`, a.Warehouse.Code(event.OrderPaid))
	if err != nil {
		t.Fatal(err)
	}
	if facts != orders || orders == 0 {
		t.Errorf("%d orders in the store, %d in the warehouse", orders, facts)
	}
}

// TestDemoIsRemembered closes a brand and opens it again: the same people, the same time, nothing twice.
func TestDemoIsRemembered(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a whole brand")
	}
	dir := t.TempDir()
	var now time.Time
	var orders int64
	count := func(a *App) int64 {
		n, err := store.One[int64](t.Context(), a.DB, `SELECT COUNT(*) FROM orders`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Run("made", func(t *testing.T) {
		a, _ := openDemo(t, dir, 600)
		if err := a.Services.Demo.Advance(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		now, orders = a.Services.Demo.Status().Now, count(a)
	})
	t.Run("opened again", func(t *testing.T) {
		a, fresh := openDemo(t, dir, 600)
		s := a.Services.Demo.Status()
		if fresh || s.Now.Sub(now).Abs() > time.Minute || s.People < 600 || count(a) != orders {
			t.Errorf("fresh %v, now %s (was %s), %d people, %d orders (were %d)", fresh, s.Now, now, s.People, count(a), orders)
		}
		if err := a.Services.Demo.Advance(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		if count(a) <= orders {
			t.Error("two days brought no order")
		}
	})
}
