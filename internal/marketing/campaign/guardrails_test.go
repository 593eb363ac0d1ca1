package campaign_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/channel"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// ruled is a strategy library of one strategy with guardrails, and a shop in which customers 1, 2 and 3 bought yesterday.
type ruled struct {
	content string
	guard   campaign.Guardrails
}

func (r *ruled) ForCampaign(_ context.Context, id string) (campaign.Strategy, error) {
	return campaign.Strategy{ID: id, Content: r.content, Channels: []string{"task", "phone"}, Holdout: 20, Guard: r.guard}, nil
}

func (r *ruled) BoughtSince(_ context.Context, since time.Time) (*roaring.Bitmap, error) {
	if since.After(noon.AddDate(0, 0, -1)) {
		return roaring.New(), nil
	}
	return roaring.BitmapOf(1, 2, 3), nil
}

func (b *bench) rule(t *testing.T, r *ruled) {
	t.Helper()
	var err error
	b.svc, err = campaign.NewService(campaign.Parts{DB: b.db, Now: b.clock.Now, Audience: b.crowd, People: b.crowd, Consents: b.consents, Contents: b.contents,
		Strategies: r, Buyers: r, Tasks: b.crowd, Sealer: b.keys,
		Signer: channel.NewSigner(b.keys.Key("tracking"), func() string { return "https://brand.example" }), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
}

// Guardrails leave people out before the draw: recent buyers, and both arms of the strategy's last campaign.
func TestGuardrailsLeavePeopleAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 100, t.TempDir())
		b.write(t)
		b.rule(t, &ruled{content: b.content, guard: campaign.Guardrails{RestDays: 7, SkipBoughtDays: 3, CostCapFen: 100}})
		plan := campaign.Plan{Audience: campaign.Target{Kind: "everyone"}, Strategy: "str_1", HoldoutPct: 20}
		f, err := b.svc.Forecast(t.Context(), plan, "", time.Time{})
		if err != nil || f.Spared != 3 || f.Audience != 97 {
			t.Fatalf("%+v %v", f, err)
		}
		first := b.launch(t, plan)
		if !slices.Equal(first.Plan.Channels, []string{"phone"}) {
			t.Errorf("a task costs more than the cap, and the channels are %v", first.Plan.Channels)
		}
		b.drain(t)
		if c, err := b.svc.Get(t.Context(), first.ID); err != nil || c.Audience != 97 || c.Reach+c.Holdout != 97 || c.Holdout == 0 {
			t.Fatalf("%+v %v", c, err)
		}
		b.clock.Advance(6 * 24 * time.Hour) // the buyers of then may be asked again; everybody else still rests
		second := b.launch(t, plan)
		b.drain(t)
		if c, err := b.svc.Get(t.Context(), second.ID); err != nil || c.Audience != 3 {
			t.Errorf("%+v %v", c, err)
		}
		b.clock.Advance(24 * time.Hour)
		third := b.launch(t, plan)
		b.drain(t)
		if c, err := b.svc.Get(t.Context(), third.ID); err != nil || c.Audience != 97 {
			t.Errorf("%+v %v", c, err)
		}
		other := plan
		other.Strategy = "str_2"
		fourth := b.launch(t, other)
		b.drain(t)
		if c, err := b.svc.Get(t.Context(), fourth.ID); err != nil || c.Audience != 100 {
			t.Errorf("another strategy rests for itself: %+v %v", c, err)
		}
	})
}

// A campaign that people walk away from stops by itself.
func TestUnsubscribesPauseACampaign(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 120, t.TempDir())
		b.write(t)
		b.rule(t, &ruled{content: b.content, guard: campaign.Guardrails{StopUnsubPct: 2}})
		for n := uint32(101); n <= 120; n++ { // twenty people live where it is still night: the campaign goes on
			b.crowd.zone[n] = "America/Los_Angeles"
		}
		c := b.launch(t, campaign.Plan{Audience: campaign.Target{Kind: "everyone"}, Strategy: "str_1", Channels: []string{"phone"}})
		b.drain(t)
		for n := uint32(1); n <= 3; n++ {
			if err := b.svc.Unsubscribed(t.Context(), campaign.MessageID(c.ID, n, 0), "phone"); err != nil {
				t.Fatal(err)
			}
			got, err := b.svc.Get(t.Context(), c.ID)
			if err != nil || (n < 3) != (got.State == campaign.Sending) {
				t.Fatalf("after %d of 100 left: %s, %v", n, got.State, err)
			}
			if n == 3 && (got.State != campaign.Paused || got.Note != "campaign.unsubscribes") {
				t.Errorf("%+v", got)
			}
		}
	})
}
