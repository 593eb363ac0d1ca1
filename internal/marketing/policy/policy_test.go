package policy

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestDecide(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	noon := time.Date(2025, 3, 12, 12, 0, 0, 0, shanghai) // a Wednesday
	ok := Person{Number: 7, HasAddress: true}
	optIn := Default()
	optIn.ConsentBy = map[string]Mode{"email": OptIn}
	quota := Default()
	quota.Quotas = []Quota{{Channel: "email", Period: Day, Limit: 10}}
	for name, c := range map[string]struct {
		person   Person
		message  Message
		counters Counters
		rules    Rules
		now      time.Time
		want     Decision
	}{
		"allowed":     {person: ok, rules: Default(), now: noon, want: Decision{Verdict: Allow, Day: 20250312}},
		"erased":      {person: Person{Erased: true, HasAddress: true}, rules: Default(), now: noon, want: Decision{Verdict: Refuse, Reason: ReasonErased}},
		"excluded":    {person: Person{Excluded: "seg_1", HasAddress: true}, rules: Default(), now: noon, want: Decision{Verdict: Refuse, Reason: ReasonExcluded, Params: map[string]any{"list": "seg_1"}}},
		"suppressed":  {person: Person{Suppressed: "bounced", HasAddress: true}, rules: Default(), now: noon, want: Decision{Verdict: Refuse, Reason: ReasonSuppressed, Params: map[string]any{"cause": "bounced"}}},
		"withdrawn":   {person: Person{Consent: Withdrawn, HasAddress: true}, rules: Default(), now: noon, want: Decision{Verdict: Refuse, Reason: ReasonWithdrawn}},
		"opt in":      {person: ok, message: Message{Channel: "email"}, rules: optIn, now: noon, want: Decision{Verdict: Refuse, Reason: ReasonNoConsent}},
		"granted":     {person: Person{Consent: Granted, HasAddress: true}, message: Message{Channel: "email"}, rules: optIn, now: noon, want: Decision{Verdict: Allow, Day: 20250312}},
		"no address":  {person: Person{}, rules: Default(), now: noon, want: Decision{Verdict: Refuse, Reason: ReasonNoAddress}},
		"quiet":       {person: ok, rules: Default(), now: noon.Add(8 * time.Hour), want: Decision{Verdict: Hold, Reason: ReasonQuiet, Until: time.Date(2025, 3, 13, 1, 0, 0, 0, time.UTC)}},
		"early":       {person: ok, rules: Default(), now: noon.Add(-4 * time.Hour), want: Decision{Verdict: Hold, Reason: ReasonQuiet, Until: time.Date(2025, 3, 12, 1, 0, 0, 0, time.UTC)}},
		"own zone":    {person: Person{HasAddress: true, Zone: zone(t, "America/New_York")}, rules: Default(), now: noon, want: Decision{Verdict: Hold, Reason: ReasonQuiet, Until: time.Date(2025, 3, 12, 13, 0, 0, 0, time.UTC)}},
		"too late":    {person: ok, message: Message{Deadline: noon.Add(9 * time.Hour)}, rules: Default(), now: noon.Add(8 * time.Hour), want: Decision{Verdict: Refuse, Reason: ReasonTooLate, Params: map[string]any{"because": ReasonQuiet}}},
		"task late":   {person: ok, message: Message{Channel: "task"}, rules: Default(), now: noon.Add(10 * time.Hour), want: Decision{Verdict: Allow, Day: 20250312}},
		"day capped":  {person: ok, counters: Counters{Person: []DayCount{{Day: 20250312, N: 1}}}, rules: Default(), now: noon, want: Decision{Verdict: Refuse, Reason: ReasonCapped, Params: map[string]any{"channel": "", "period": Day, "limit": 1, "count": 1}}},
		"yesterday":   {person: ok, counters: Counters{Person: []DayCount{{Day: 20250311, N: 1}}}, rules: Default(), now: noon, want: Decision{Verdict: Allow, Day: 20250312}},
		"week capped": {person: ok, counters: Counters{Person: []DayCount{{Day: 20250310, N: 2}, {Day: 20250311, N: 1}}}, rules: Default(), now: noon, want: Decision{Verdict: Refuse, Reason: ReasonCapped, Params: map[string]any{"channel": "", "period": Week, "limit": 3, "count": 3}}},
		"last week":   {person: ok, counters: Counters{Person: []DayCount{{Day: 20250309, N: 3}}}, rules: Default(), now: noon, want: Decision{Verdict: Allow, Day: 20250312}},
		"quota":       {person: ok, message: Message{Channel: "email"}, counters: Counters{Channel: map[Period]int{Day: 10}}, rules: quota, now: noon, want: Decision{Verdict: Hold, Reason: ReasonQuota, Params: map[string]any{"period": Day, "limit": 10}, Until: time.Date(2025, 3, 12, 16, 0, 0, 0, time.UTC)}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Decide(c.person, c.message, c.counters, c.rules, shanghai, c.now)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A hold ends at an instant when the window is open, in the person's zone, and it was shut all the way there — also
// where clocks change.
func TestHoldEndsWhenTheWindowOpens(t *testing.T) {
	zones := []string{"Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata", "Africa/Cairo"}
	rapid.Check(t, func(r *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones).Draw(r, "zone"))
		w := Window{Open: rapid.IntRange(0, 1440).Draw(r, "open"), Close: rapid.IntRange(0, 1440).Draw(r, "close")}
		now := time.Unix(rapid.Int64Range(1_400_000_000, 1_900_000_000).Draw(r, "now"), 0).In(z)
		next := w.Next(now)
		if w.Contains(now) {
			if !next.Equal(now) {
				r.Fatalf("open at %s, yet held until %s", now, next)
			}
			return
		}
		if !next.After(now) {
			r.Fatalf("%s is not after %s", next, now)
		}
		if w.Open == 1440 { // no minute of the clock is 24:00
			return
		}
		if !w.Contains(next) {
			r.Fatalf("%+v is shut at %s", w, next)
		}
		for at := now.Truncate(time.Minute).Add(time.Minute); at.Before(next); at = at.Add(time.Minute) {
			if w.Contains(at) {
				r.Fatalf("%+v was open at %s, before %s", w, at, next)
			}
		}
	})
}

// Whatever the order of messages and time, nobody gets more than the rules allow in any calendar period, and nothing
// is allowed outside the window.
func TestCapsHoldForAnyHistory(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		z := zone(t, rapid.SampledFrom([]string{"Asia/Shanghai", "America/New_York", "Pacific/Auckland"}).Draw(r, "zone"))
		rules := Default()
		rules.Caps = []Cap{
			{Period: Day, Limit: rapid.IntRange(0, 3).Draw(r, "day")},
			{Period: Week, Limit: rapid.IntRange(0, 6).Draw(r, "week")},
			{Period: Month, Channel: "email", Limit: rapid.IntRange(0, 9).Draw(r, "month")},
		}
		now := time.Date(2025, 3, 1, 0, 0, 0, 0, z)
		var history []DayCount
		seen := map[string]int{}
		for range rapid.IntRange(1, 120).Draw(r, "messages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 900).Draw(r, "minutes")) * time.Minute)
			channel := rapid.SampledFrom([]string{"email", "phone"}).Draw(r, "channel")
			d := Decide(Person{HasAddress: true, Zone: z}, Message{Channel: channel}, Counters{Person: history}, rules, time.UTC, now)
			if d.Verdict != Allow {
				if d.Reason == "" {
					r.Fatal("no reason for", d.Verdict)
				}
				continue
			}
			local := now.In(z)
			if local.Hour() < 9 || local.Hour() >= 20 {
				r.Fatal("allowed at", local)
			}
			history = append(history, DayCount{Day: d.Day, Channel: channel, N: 1})
			y, week := local.ISOWeek()
			seen[local.Format("d20060102")]++
			seen[time.Date(y, 1, week, 0, 0, 0, 0, time.UTC).Format("w20060102")]++
			if channel == "email" {
				seen[local.Format("m200601")]++
			}
		}
		for key, n := range seen {
			limit := map[byte]int{'d': rules.Caps[0].Limit, 'w': rules.Caps[1].Limit, 'm': rules.Caps[2].Limit}[key[0]]
			if n > limit {
				r.Fatalf("%s: %d messages, limit %d", key, n, limit)
			}
		}
	})
}

func TestRulesCheck(t *testing.T) {
	if err := Default().Check(); err != nil {
		t.Fatal(err)
	}
	for _, spoil := range []func(*Rules){
		func(r *Rules) { r.Consent = "" },
		func(r *Rules) { r.Caps = []Cap{{Period: "year", Limit: 1}} },
		func(r *Rules) { r.Caps = []Cap{{Period: Day, Limit: -1}} },
		func(r *Rules) { r.Quotas = []Quota{{Period: Day, Limit: 1}} },
		func(r *Rules) { r.Window.Open = 1441 },
		func(r *Rules) { r.ConsentBy = map[string]Mode{"email": "maybe"} },
		func(r *Rules) { r.WindowBy = map[string]Window{"email": {Close: -1}} },
	} {
		r := Default()
		spoil(&r)
		if r.Check() == nil {
			t.Errorf("accepted %+v", r)
		}
	}
}
