// Package policy is the brand's restraint (M5): for every message it says go, not now, or no, and why.
// Decide is pure; the counters it is given are guarded in contacts_store.go.
package policy

import "time"

// Verdict is what the policy says of one message to one person at one instant.
type Verdict string

// The three verdicts.
const (
	Allow  Verdict = "allow"
	Hold   Verdict = "hold"   // not now; ask again at Decision.Until
	Refuse Verdict = "refuse" // never, on this channel
)

// Reason codes. They are stored with every refusal and hold, and named in the i18n catalogue as policy.<code>.
const (
	ReasonErased     = "erased"            // the person asked to be forgotten
	ReasonExcluded   = "excluded"          // in an exclusion list; param list
	ReasonSuppressed = "suppressed"        // the address must not be used; param cause: bounced, complained, unsubscribed
	ReasonWithdrawn  = "consent_withdrawn" // the person said no to the channel
	ReasonNoConsent  = "consent_missing"   // consent is asked for first, and was never given
	ReasonNoAddress  = "no_address"        // no way to reach the person on the channel
	ReasonQuiet      = "quiet_hours"       // hold until the window opens
	ReasonCapped     = "capped"            // enough messages; params channel, period, limit, count
	ReasonQuota      = "quota"             // the channel's quota is used up: hold until it renews; params period, limit
	ReasonTooLate    = "too_late"          // it would go out after the message's deadline; param because: the reason of the hold
)

// Consent is what a person has said about a channel.
type Consent string

// The states of consent; the zero value is unknown.
const (
	Unknown   Consent = ""
	Granted   Consent = "granted"
	Withdrawn Consent = "withdrawn"
)

// Person is what the policy needs to know about somebody, for one channel.
type Person struct {
	Number     uint32
	Zone       *time.Location // nil: the business zone
	Erased     bool
	HasAddress bool    // reachable on the channel at all
	Consent    Consent // for the channel
	Suppressed string  // cause, or "" when the address may be used
	Excluded   string  // name of the exclusion list the person is in, or ""
}

// Message is what the policy needs to know about a message.
type Message struct {
	Channel  string
	Deadline time.Time // not after this instant; zero: no deadline
}

// DayCount is how many messages a person got on one calendar day, in the person's zone, through one channel.
type DayCount struct {
	Day     int32 // yyyymmdd
	Channel string
	N       int
}

// Counters is what has been sent so far: to the person by day, and through the channel by quota period.
type Counters struct {
	Person  []DayCount
	Channel map[Period]int // how many went through the message's channel in the current period, business zone
}

// Decision is a verdict with its reason. Params explain the reason in numbers and names; Day is the calendar day
// in the person's zone that an allowed message counts on.
type Decision struct {
	Verdict Verdict        `json:"verdict"`
	Reason  string         `json:"reason,omitempty"`
	Params  map[string]any `json:"params,omitempty"`
	Until   time.Time      `json:"until,omitzero"`
	Day     int32          `json:"day,omitempty"`
}

// Decide says whether the message may go to the person now. The order is: what can never change its mind first
// (erased, excluded, suppressed, consent, address), then the hour, then caps — which count on the day the message
// really goes — and last the channel's quota. business is the zone of people who have none, and of quotas.
func Decide(p Person, m Message, c Counters, r Rules, business *time.Location, now time.Time) Decision {
	if d, no := refuseForGood(p, m, r); no {
		return d
	}
	zone := p.Zone
	if zone == nil {
		zone = business
	}
	if w := r.window(m.Channel); !w.Contains(now.In(zone)) {
		return holdUntil(m, w.Next(now.In(zone)), ReasonQuiet, nil)
	}
	local := now.In(zone)
	for _, cap := range r.Caps {
		if cap.Channel != "" && cap.Channel != m.Channel {
			continue
		}
		if n := countIn(c.Person, cap, local); n >= cap.Limit {
			return Decision{Verdict: Refuse, Reason: ReasonCapped, Params: map[string]any{
				"channel": cap.Channel, "period": cap.Period, "limit": cap.Limit, "count": n,
			}}
		}
	}
	for _, q := range r.Quotas {
		if q.Channel == m.Channel && c.Channel[q.Period] >= q.Limit {
			return holdUntil(m, q.Period.End(now.In(business)), ReasonQuota, map[string]any{"period": q.Period, "limit": q.Limit})
		}
	}
	return Decision{Verdict: Allow, Day: DayOf(local)}
}

func refuseForGood(p Person, m Message, r Rules) (Decision, bool) {
	no := func(reason string, params map[string]any) (Decision, bool) {
		return Decision{Verdict: Refuse, Reason: reason, Params: params}, true
	}
	switch {
	case p.Erased:
		return no(ReasonErased, nil)
	case p.Excluded != "":
		return no(ReasonExcluded, map[string]any{"list": p.Excluded})
	case p.Suppressed != "":
		return no(ReasonSuppressed, map[string]any{"cause": p.Suppressed})
	case p.Consent == Withdrawn:
		return no(ReasonWithdrawn, nil)
	case p.Consent == Unknown && r.consentMode(m.Channel) == OptIn:
		return no(ReasonNoConsent, nil)
	case !p.HasAddress:
		return no(ReasonNoAddress, nil)
	}
	return Decision{}, false
}

func holdUntil(m Message, until time.Time, reason string, params map[string]any) Decision {
	if !m.Deadline.IsZero() && until.After(m.Deadline) {
		return Decision{Verdict: Refuse, Reason: ReasonTooLate, Params: map[string]any{"because": reason}}
	}
	return Decision{Verdict: Hold, Reason: reason, Params: params, Until: until.UTC()}
}

func countIn(days []DayCount, cap Cap, local time.Time) int {
	from, to := cap.Period.days(local)
	n := 0
	for _, d := range days {
		if d.Day >= from && d.Day <= to && (cap.Channel == "" || cap.Channel == d.Channel) {
			n += d.N
		}
	}
	return n
}

// DayOf is the calendar day of a local time as yyyymmdd.
func DayOf(local time.Time) int32 {
	y, m, d := local.Date()
	return int32(y*10000 + int(m)*100 + d)
}
