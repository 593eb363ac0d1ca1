package policy

import (
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
)

// SettingName is where the rules are kept, every version of them.
const SettingName = "policy.rules"

// Mode says what silence means.
type Mode string

// The two consent modes.
const (
	OptOut Mode = "opt_out" // unknown is allowed, withdrawn is refused
	OptIn  Mode = "opt_in"  // only granted is allowed
)

// Period is a calendar period that counts start anew in.
type Period string

// The three periods; weeks begin on Monday.
const (
	Day   Period = "day"
	Week  Period = "week"
	Month Period = "month"
)

// Cap is the most messages one person may get in a calendar period of the person's own zone.
type Cap struct {
	Channel string `json:"channel,omitempty" doc:"empty: all channels together"`
	Period  Period `json:"period" enum:"day,week,month"`
	Limit   int    `json:"limit" minimum:"0" maximum:"1000"`
}

// Quota is the most messages a channel carries in a calendar period of the business zone, to all people together.
type Quota struct {
	Channel string `json:"channel" minLength:"1"`
	Period  Period `json:"period" enum:"day,week,month"`
	Limit   int    `json:"limit" minimum:"0" maximum:"1000000000"`
}

// Rules is the brand's restraint as data: a versioned setting.
type Rules struct {
	Consent         Mode              `json:"consent" enum:"opt_out,opt_in"`
	ConsentBy       map[string]Mode   `json:"consent_by_channel,omitempty" doc:"channels that differ from consent"`
	Caps            []Cap             `json:"caps"`
	Window          Window            `json:"window"`
	WindowBy        map[string]Window `json:"window_by_channel,omitempty" doc:"channels that differ from window"`
	ExcludeSegments []string          `json:"exclude_segments" doc:"segments whose people never get a campaign"`
	Quotas          []Quota           `json:"quotas"`
}

// Default is the restraint a careful operator starts with: silence is consent until withdrawn, 9:00–20:00 in the
// person's zone, one message a day, three a week, eight a month; staff tasks wait for no window, since staff do.
func Default() Rules {
	return Rules{
		Consent:         OptOut,
		Caps:            []Cap{{Period: Day, Limit: 1}, {Period: Week, Limit: 3}, {Period: Month, Limit: 8}},
		Window:          Window{Open: 9 * 60, Close: 20 * 60},
		WindowBy:        map[string]Window{"task": {}},
		ExcludeSegments: []string{},
		Quotas:          []Quota{},
	}
}

// Check refuses rules that mean nothing; its error names the field.
func (r Rules) Check() error {
	bad := func(field, format string, args ...any) error {
		return errs.New(errs.Invalid, "policy.invalid", format, args...).At(field)
	}
	mode := func(m Mode) bool { return m == OptOut || m == OptIn }
	period := func(p Period) bool { return p == Day || p == Week || p == Month }
	if !mode(r.Consent) {
		return bad("consent", "must be opt_out or opt_in")
	}
	for c, m := range r.ConsentBy {
		if !mode(m) {
			return bad("consent_by_channel."+c, "must be opt_out or opt_in")
		}
	}
	for i, c := range r.Caps {
		if !period(c.Period) || c.Limit < 0 {
			return bad(fmt.Sprintf("caps.%d", i), "needs a period and a limit of 0 or more")
		}
	}
	for i, q := range r.Quotas {
		if !period(q.Period) || q.Limit < 0 || q.Channel == "" {
			return bad(fmt.Sprintf("quotas.%d", i), "needs a channel, a period and a limit of 0 or more")
		}
	}
	if !r.Window.valid() {
		return bad("window", "minutes of the day must be 0 to 1440")
	}
	for c, w := range r.WindowBy {
		if !w.valid() {
			return bad("window_by_channel."+c, "minutes of the day must be 0 to 1440")
		}
	}
	return nil
}

func (r Rules) consentMode(channel string) Mode {
	if m, ok := r.ConsentBy[channel]; ok {
		return m
	}
	return r.Consent
}

func (r Rules) window(channel string) Window {
	if w, ok := r.WindowBy[channel]; ok {
		return w
	}
	return r.Window
}

// Window is when messages may go, by the clock on the person's wall: from Open, inclusive, to Close, exclusive, in
// minutes of the day. Open equal to Close is always open; Open after Close goes over midnight.
type Window struct {
	Open  int `json:"open" minimum:"0" maximum:"1440"`
	Close int `json:"close" minimum:"0" maximum:"1440"`
}

func (w Window) valid() bool { return w.Open >= 0 && w.Open <= 1440 && w.Close >= 0 && w.Close <= 1440 }

// Contains says whether the window is open at a local time.
func (w Window) Contains(local time.Time) bool {
	minute := local.Hour()*60 + local.Minute()
	switch {
	case w.Open == w.Close:
		return true
	case w.Open < w.Close:
		return w.Open <= minute && minute < w.Close
	default:
		return minute >= w.Open || minute < w.Close
	}
}

// Next returns the first instant after a closed local time at which the window is open, in the same zone. Where a
// change of clocks skips the opening minute, the window opens when the skipped hour ends; where clocks go back it
// may open sooner. A window that is open now returns now.
func (w Window) Next(local time.Time) time.Time {
	if w.Contains(local) {
		return local
	}
	// Far from opening, jump to 150 minutes before it (no change of clocks moves the hands further); then by minutes.
	for at := local.Truncate(time.Minute); at.Before(local.Add(72 * time.Hour)); {
		step := time.Minute
		if left := w.minutesToOpen(at); left > 180 {
			step = time.Duration(left-150) * time.Minute
		}
		at = at.Add(step)
		if w.Contains(at) {
			return at
		}
	}
	return local.Add(24 * time.Hour) // a window of no minutes: ask again tomorrow
}

func (w Window) minutesToOpen(local time.Time) int {
	return (w.Open - local.Hour()*60 - local.Minute() + 2*1440) % 1440
}

// days returns the first and last calendar day, yyyymmdd, of the period that holds the local time.
func (p Period) days(local time.Time) (from, to int32) {
	y, m, d := local.Date()
	civil := time.Date(y, m, d, 0, 0, 0, 0, time.UTC) // the calendar knows no zones
	switch p {
	case Week:
		monday := civil.AddDate(0, 0, -(int(civil.Weekday())+6)%7)
		return DayOf(monday), DayOf(monday.AddDate(0, 0, 6))
	case Month:
		first := civil.AddDate(0, 0, 1-d)
		return DayOf(first), DayOf(first.AddDate(0, 1, -1))
	}
	return DayOf(civil), DayOf(civil)
}

// End is the first instant after the period that holds the local time, in its zone.
func (p Period) End(local time.Time) time.Time {
	y, m, d := local.Date()
	switch p {
	case Week:
		d += 7 - (int(local.Weekday())+6)%7
	case Month:
		m, d = m+1, 1
	default:
		d++
	}
	end := time.Date(y, m, d, 0, 0, 0, 0, local.Location())
	if !end.After(local) { // midnight does not exist that day
		end = local.Add(time.Minute)
	}
	return end
}

// Key names the period that holds the local time by its first day: what quota counters are kept under.
func (p Period) Key(local time.Time) int32 {
	from, _ := p.days(local)
	return from
}
