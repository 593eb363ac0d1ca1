package campaign_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/policy"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// A list that the policy excludes from now on is asked for messages that wait already.
func TestExclusionsFollowThePolicy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 20, t.TempDir())
		b.write(t)
		b.clock.Advance(10 * time.Hour) // 22:00: everything waits for the morning
		c := b.launch(t, b.plan("phone"))
		b.drain(t)
		if got := b.steps(t, c.ID); got["phone held quiet_hours"] != 20 {
			t.Fatal(got)
		}
		b.crowd.segs["seg_no"] = roaring.BitmapOf(2, 3)
		rules := policy.Default()
		rules.ExcludeSegments = []string{"seg_no"}
		if err := db.Tx(t.Context(), func(tx *store.Tx) error {
			_, err := settings.Put(t.Context(), tx, policy.SettingName, rules, "staff", b.clock.Now())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(12 * time.Hour)
		b.drain(t)
		want := map[string]int64{"state done": 1, "remaining": 0, "phone planned": 20, "phone sent": 18, "phone delivered": 18, "phone refused excluded": 2}
		if d := cmp.Diff(want, b.steps(t, c.ID)); d != "" {
			t.Error(d)
		}
	})
}

// A campaign that cannot go on holds up no other.
func TestABrokenCampaignHoldsUpNoOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 5, t.TempDir())
		b.write(t)
		b.crowd.lost = "seg_lost"
		broken := b.plan("phone")
		broken.Exclude = []string{"seg_lost"}
		stuck := b.launch(t, broken)
		b.clock.Advance(time.Minute)
		fine := b.launch(t, b.plan("phone"))
		run, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.svc.Run(run) }()
		wait(t, func() bool { return b.steps(t, fine.ID)["state done"] == 1 })
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := b.steps(t, stuck.ID); got["phone sent"] != 0 {
			t.Errorf("sent to people who may be excluded: %v", got)
		}
	})
}

// What a sender that is gone had claimed goes out again, and does not count against its people twice.
func TestClaimsOfALostSender(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := newBench(t, db, 10, t.TempDir())
		b.write(t)
		b.channels(t, emailTo(1)) // nobody listens: planned, and not sent
		run, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- b.svc.Run(run) }()
		c := b.launch(t, b.plan("email"))
		wait(t, func() bool { return b.steps(t, c.ID)["email planned"] == 10 })
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		day := policy.DayOf(b.clock.Now().In(time.FixedZone("", 8*3600)))
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			// Stopped while a claim committed, the run leaves it to its next start; here only the lost sender has claimed.
			for _, table := range []string{"contacts", "channel_use"} {
				if _, err := tx.Exec(ctx, `DELETE FROM `+table); err != nil {
					return err
				}
			}
			claimed := make([]policy.Contact, 0, 10)
			for n := range uint32(10) {
				claimed = append(claimed, policy.Contact{Customer: n + 1, Channel: "email", Day: day, At: b.clock.Now()})
			}
			if err := policy.Take(ctx, tx, claimed, time.UTC); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE messages SET state = 'sending', claimed_by = 'wrk_gone', day = ? WHERE campaign_id = ?`, day, c.ID); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO senders (worker, seen_at) VALUES ('wrk_gone', ?)`, time.Now().Add(-time.Hour))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		s := open(t)
		b.channels(t, emailTo(s.Port()))
		b.drain(t)
		if got := b.steps(t, c.ID); got["email sent"] != 10 || s.Accepted() != 10 {
			t.Errorf("%v, accepted %d", got, s.Accepted())
		}
	})
}

// A page of the campaigns of one strategy is as long as was asked for, however many others lie between.
func TestListOfAStrategy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 1, t.TempDir())
		for i := range 9 {
			plan := planOf(i)
			if err := db.Tx(t.Context(), func(tx *store.Tx) error {
				return store.Insert(t.Context(), tx, "campaigns", campaign.Campaign{ID: fmt.Sprint("cmp_", i), Name: "春", State: campaign.Draft, Plan: plan, CreatedAt: noon, UpdatedAt: noon})
			}); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for after := ""; ; {
			page, next, err := b.svc.List(t.Context(), campaign.Filter{Strategy: "str_1", After: after, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) < 2 && next != "" {
				t.Errorf("a page of %d, and more to come", len(page))
			}
			for _, c := range page {
				got = append(got, c.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if n, err := b.svc.Count(t.Context(), campaign.Filter{Strategy: "str_1", After: "cmp_6", Limit: 2}); err != nil || n != 3 {
			t.Errorf("%d campaigns of the strategy, %v", n, err)
		}
		if d := cmp.Diff([]string{"cmp_6", "cmp_3", "cmp_0"}, got); d != "" {
			t.Error(d)
		}
	})
}

// planOf is a plan of strategy str_1 for every third campaign, of one with a like name for the others.
func planOf(i int) campaign.Plan {
	p := campaign.Plan{Audience: campaign.Target{Kind: "everyone"}, Strategy: "strX1"}
	if i%3 == 0 {
		p.Strategy = "str_1"
	}
	return p
}
