package demo

import (
	"fmt"
	"testing"
	"time"

	"huoshui/internal/marketing/experiment"
)

// TestIntervalsCoverTheTruth runs 200 seeded campaigns in the model, measures each of them as the strategy board does,
// and compares with the effect that the model knows: 95 % intervals must cover it in 90 to 99 % of them. A campaign
// differs from the next in whom it aims at, what it says, when, how many people it has and how many it holds out.
func TestIntervalsCoverTheTruth(t *testing.T) {
	w := New(small(8000), func(Act) {})
	aims := []struct {
		appeal Appeal
		moods  []mood
	}{
		{Appeal{"vip", "phone", false}, []mood{loyal}},
		{Appeal{"potential", "phone", true}, []mood{growing}},
		{Appeal{"new", "phone", true}, []mood{fresh, growing}},
		{Appeal{"silent", "email", true}, []mood{resting, gone}},
		{Appeal{"silent", "task", false}, []mood{resting}},
		{Appeal{"lost", "phone", true}, []mood{gone}},
		{Appeal{"", "phone", false}, []mood{fresh, loyal, growing, resting, gone}},
	}
	const campaigns, days = 200, 7
	var conversion, revenue, revenueShown, works, hurts int
	for c := range campaigns {
		aim := aims[c%len(aims)]
		at := today.Add(time.Duration(c%90)*24*time.Hour + 10*time.Hour) // autumn, with 双11 in it
		holdout := []float64{10, 20, 30, 50}[c%4]
		wanted := map[mood]bool{}
		for _, m := range aim.moods {
			wanted[m] = true
		}
		r := roll(uint64(c), 97, 0, 0)
		var people []int
		for i := range w.people {
			if wanted[moodOf(&w.people[i], &w.lives[i], at)] && r.chance(0.8) {
				people = append(people, i)
			}
		}
		truth := w.Truth(people, nil, aim.appeal, at, days)
		s := experiment.Stratum{HoldoutPct: holdout}
		for _, i := range people {
			told := experiment.Assign(fmt.Sprintf("cam_%d", c), uint32(i+1), holdout) == experiment.Reach
			arm := &s.Holdout
			if told {
				arm = &s.Reach
			}
			n, fen := w.live(i, told, aim.appeal, at, days, &r)
			arm.People++
			if n > 0 {
				arm.Converted++
			}
			arm.Revenue += float64(fen)
			arm.RevenueSquares += float64(fen) * float64(fen)
		}
		got := experiment.Measure([]experiment.Stratum{s}, 0, true, experiment.DefaultOptions())
		if got.Conversion == nil {
			t.Fatalf("campaign %d: no interval for %d people", c, len(people))
		}
		if got.Conversion.Contains(truth.Lift()) {
			conversion++
		}
		if got.Revenue != nil {
			revenueShown++
			if got.Revenue.Contains(truth.Worth()) {
				revenue++
			}
		}
		switch got.Verdict {
		case experiment.Works:
			works++
		case experiment.Hurts:
			hurts++
		}
		if got.SRM.Mismatch {
			t.Logf("campaign %d: sample ratio mismatch reported", c)
		}
	}
	t.Logf("conversion covered %d/%d; revenue covered %d/%d; %d campaigns found to work, %d to hurt", conversion, campaigns, revenue, revenueShown, works, hurts)
	within := func(name string, covered, of int) {
		if share := float64(covered) / float64(of); share < 0.90 || share > 0.99 {
			t.Errorf("%s: the interval covers the truth in %d of %d campaigns (%.1f %%), want 90 to 99 %%", name, covered, of, 100*share)
		}
	}
	within("conversion", conversion, campaigns)
	within("revenue", revenue, revenueShown)
	if revenueShown < campaigns/2 {
		t.Errorf("revenue had an interval in only %d of %d campaigns", revenueShown, campaigns)
	}
	// Every true effect here is positive: a verdict of harm is a lie, and no verdict at all is of no use.
	if hurts > campaigns/40 || works < campaigns/5 {
		t.Errorf("%d campaigns judged to work, %d to hurt", works, hurts)
	}
}
