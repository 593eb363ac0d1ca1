package strategy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/strategy"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// nobody knows no customer: the library works without any.
type nobody struct{}

func (nobody) ValuesOf(context.Context, []uint32) (map[uint32]content.Values, error) {
	return map[uint32]content.Values{}, nil
}

func library(t *testing.T, db *store.DB, now clock.Clock) *strategy.Service {
	t.Helper()
	contents := content.NewService(db, nobody{}, now)
	if _, err := contents.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := strategy.NewService(db, contents, now)
	if n, err := s.Seed(t.Context()); err != nil || n != 5 {
		t.Fatalf("%d shipped, %v", n, err)
	}
	return s
}

func TestShippedPlaybooksServeEveryLayerWithoutGaps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := library(t, db, clock.System)
		for _, layer := range content.Layers {
			page, err := s.List(t.Context(), strategy.Filter{Layer: layer})
			if err != nil || page.Total != 1 {
				t.Fatalf("%s: %+v %v", layer, page, err)
			}
			d, err := s.Detail(t.Context(), page.Items[0].ID)
			if err != nil || len(d.Gaps) != 0 || !d.Shipped || d.Name.EN == "" || d.Why.ZH == "" || d.Benefit.EN == "" {
				t.Errorf("%s: %+v %v", layer, d, err)
			}
			for _, channel := range d.Channels {
				for _, language := range []string{"zh", "en"} {
					if body, err := d.Content.For(channel, language); err != nil || body.Body.Language != language {
						t.Errorf("%s has nothing for %s in %s: %v", layer, channel, language, err)
					}
				}
			}
		}
		if n, err := s.Seed(t.Context()); err != nil || n != 0 {
			t.Errorf("seeded %d again, %v", n, err)
		}
	})
}

func TestLibrary(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, clk := t.Context(), clock.NewManual(time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
		s := library(t, db, clk.Now)
		clk.Advance(time.Hour)
		c, err := s.Clone(ctx, "str_silent_recall", "stf_1")
		if err != nil || c.ClonedFrom != "str_silent_recall" || c.Shipped || c.Name.ZH != "沉默客户唤回（副本）" {
			t.Fatalf("%+v %v", c, err)
		}
		got, err := s.Get(ctx, c.ID)
		if diff := cmp.Diff(c, got); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		d := c.Draft()
		d.Channels, d.Guardrails.HoldoutPct = []string{"email", "webhook"}, 0
		clk.Advance(time.Hour)
		if c, err = s.Revise(ctx, c.ID, 1, d, "stf_2"); err != nil || c.Version != 2 {
			t.Fatalf("%+v %v", c, err)
		}
		if _, err = s.Revise(ctx, c.ID, 1, d, "stf_3"); !errs.Is(err, errs.Conflict) {
			t.Errorf("a stale author was not told: %v", err)
		}
		detail, err := s.Detail(ctx, c.ID)
		want := []strategy.Gap{{Code: "no_body", Channel: "webhook"}, {Code: "no_holdout"}}
		if diff := cmp.Diff(want, detail.Gaps); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if vs, err := s.Versions(ctx, c.ID); err != nil || len(vs) != 2 || vs[1].Guardrails.HoldoutPct != 10 {
			t.Errorf("%+v %v", vs, err)
		}
		first, err := s.List(ctx, strategy.Filter{Limit: 4})
		if err != nil || first.Total != 6 || len(first.Items) != 4 || first.Items[0].ID != c.ID {
			t.Fatalf("%+v %v", first, err)
		}
		rest, err := s.List(ctx, strategy.Filter{Limit: 4, After: first.Next})
		if err != nil || len(rest.Items) != 2 || rest.Next != "" {
			t.Errorf("%+v %v", rest, err)
		}
		if err := s.Archive(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		if live, err := s.List(ctx, strategy.Filter{Goal: "recall"}); err != nil || live.Total != 1 {
			t.Errorf("%+v %v", live, err)
		}
		if err := s.Restore(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBadDraftsAreRefusedByField(t *testing.T) {
	db := storetest.Open(t)
	s := library(t, db, clock.System)
	good, err := s.Get(t.Context(), "str_vip_care")
	if err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*strategy.Draft){
		"name":                            func(d *strategy.Draft) { d.Name = content.Words{ZH: " "} },
		"layer":                           func(d *strategy.Draft) { d.Layer = "gold" },
		"goal":                            func(d *strategy.Draft) { d.Goal = "spam" },
		"owner_team":                      func(d *strategy.Draft) { d.OwnerTeam = "" },
		"channels":                        func(d *strategy.Draft) { d.Channels = nil },
		"channels[1]":                     func(d *strategy.Draft) { d.Channels = []string{"email", "email"} },
		"timing.at":                       func(d *strategy.Draft) { d.Timing.At = "25:00" },
		"timing.window_days":              func(d *strategy.Draft) { d.Timing.WindowDays = 0 },
		"timing.weekdays":                 func(d *strategy.Draft) { d.Timing.Weekdays = []int{8} },
		"guardrails.holdout_pct":          func(d *strategy.Draft) { d.Guardrails.HoldoutPct = 95 },
		"guardrails.stop_unsubscribe_pct": func(d *strategy.Draft) { d.Guardrails.StopUnsubPct = 101 },
		"content_id":                      func(d *strategy.Draft) { d.ContentID = "con_none" },
	} {
		d := good.Draft()
		spoil(&d)
		_, err := s.Write(t.Context(), d, "stf_1")
		var e *errs.Error
		if !errs.Is(err, errs.Invalid) || !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
