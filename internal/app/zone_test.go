package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"huoshui/internal/data/importing"
	"huoshui/internal/marketing/campaign"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/store"
)

// TestQuietHoursOfEachPerson imports people of two zones from a file and writes to both at noon of the brand's: one is
// written to, the other's message waits until it is nine where she is.
func TestQuietHoursOfEachPerson(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	a, err := Open(t.Context(), cfg, Options{Log: slog.New(slog.DiscardHandler), Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range a.projection() {
		a.start(ctx, group, l)
	}
	t.Cleanup(func() {
		stop()
		if err := group.Wait(); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	noon := time.Date(2030, 7, 10, 4, 0, 0, 0, time.UTC) // 12:00 in Shanghai, 00:00 in New York
	a.Clock.SetOffset(time.Until(noon))

	imports := a.Services.Imports
	imp, err := imports.Upload(ctx, importing.TargetCustomers, "people.csv", strings.NewReader(
		"手机号,姓名,时区\n13800000001,海,Asia/Shanghai\n13800000002,纽,America/New_York\n13800000003,错,Mars/Olympus\n13800000004,无,\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	spec := imp.Spec
	spec.Channel, spec.Consent = "crm", &importing.Consent{Channels: []string{"phone"}, Statement: "signed in the store"}
	if imp, err = imports.Configure(ctx, imp.ID, imp.Format, spec); err != nil {
		t.Fatal(err)
	}
	if imp, err = imports.Start(ctx, imp.ID); err != nil {
		t.Fatal(err)
	}
	if imp, err = imports.Execute(ctx, imp.ID, nil); err != nil {
		t.Fatal(err)
	}
	if r := imp.Result(); r.Customers != 3 || r.Rejected[importing.ReasonBadZone] != 1 || r.LinesRejected != 1 {
		t.Fatalf("%+v", r)
	}
	if err := a.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Services.Segments.Refresh(ctx, a.Clock.Now()); err != nil {
		t.Fatal(err)
	}

	plan := campaign.Plan{Audience: campaign.Target{Kind: "everyone"}, Strategy: "str_silent_recall", Channels: []string{"phone"}}
	c, err := a.Services.Campaigns.Create(ctx, "你好", plan, "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Services.Campaigns.Launch(ctx, c.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	// states is what became of each person's message, by phone.
	states := func() map[string]string {
		t.Helper()
		if err := a.Services.Campaigns.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		type row struct {
			Phone  string    `db:"phone"`
			State  string    `db:"state"`
			Reason string    `db:"reason"`
			Due    time.Time `db:"due_at"`
		}
		out := map[string]string{}
		err := store.Each(ctx, a.DB, `SELECT c.phone, m.state, m.reason, m.due_at FROM messages m JOIN customers c ON c.number = m.customer WHERE m.campaign_id = ?`,
			[]any{c.ID}, func(r row) error {
				out[r.Phone] = r.State
				if r.State == "queued" {
					out[r.Phone] += " " + r.Reason + " " + r.Due.Format(time.RFC3339)
				}
				return nil
			})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := map[string]string{"13800000001": "sent", "13800000002": "queued quiet_hours 2030-07-10T13:00:00Z", "13800000004": "sent"}
	if got := states(); !maps.Equal(want, got) {
		t.Fatalf("at noon: %v", got)
	}
	a.Clock.SetOffset(time.Until(noon.Add(8*time.Hour + 50*time.Minute)))
	if got := states(); !maps.Equal(want, got) {
		t.Errorf("ten minutes too early: %v", got)
	}
	a.Clock.SetOffset(time.Until(noon.Add(9*time.Hour + time.Minute)))
	if got := slices.Sorted(maps.Values(states())); !slices.Equal(got, []string{"sent", "sent", "sent"}) {
		t.Errorf("after nine in New York: %v", got)
	}
}
