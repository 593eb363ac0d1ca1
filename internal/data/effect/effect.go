// Package effect is the strategy board (D6): who was covered, what happened to the messages, who bought, and what being
// assigned to reach changed against the people held out at random, with an honest interval and a suggestion.
//
// Intention to treat. Everybody assigned counts in the arm that chance gave them, whether or not policy refused the
// message, the mail bounced or staff never called; taking those out would compare the reachable with everybody.
//
// Attribution. Orders of a person count from the instant of assignment for the window (14 days unless the strategy
// says otherwise), whatever they bought and wherever. Nothing is claimed for a message that was clicked: the holdout
// tells what would have been bought anyway.
//
// Campaigns that share people. A person may be in several campaigns at once, and an order may then fall into several
// windows and count in each. Every campaign draws its holdout by itself (or its strategy does, once for all its
// campaigns), so the other campaigns weigh on both arms alike and each comparison stays sound: it is the effect of this
// campaign given everything else that went on. The sums over campaigns are not: adding up incremental revenue of
// overlapping campaigns counts an order more than once, so the board never adds it over strategies, and every line
// shows which share of its people was reached by something else within their window.
package effect

import (
	"time"

	"huoshui/internal/marketing/experiment"
	"huoshui/internal/platform/errs"
)

// Definition is what the operator decides about measuring.
type Definition struct {
	WindowDays   int     `json:"window_days" minimum:"1" maximum:"90" doc:"Orders count for so many times 24 hours after a person's assignment, where the strategy does not say otherwise"`
	NetRefunds   bool    `json:"net_refunds" doc:"Refunds given within the window are taken off the revenue"`
	MarginPct    float64 `json:"margin_pct" minimum:"1" maximum:"100" doc:"Share of revenue that is left after the goods are paid; ROI counts only that"`
	WorthwhilePP float64 `json:"worthwhile_pp" minimum:"0.01" maximum:"20" doc:"Smallest rise of the conversion rate, in percentage points, that would matter"`
	MinPeople    int64   `json:"min_people" minimum:"10" maximum:"100000" doc:"People each arm needs before anything is said"`
	MinBuyers    int64   `json:"min_buyers" minimum:"5" maximum:"10000" doc:"Buyers both arms need together before anything is said"`
}

// DefaultDefinition is in force until an operator decides otherwise: revenue itself counts, half a point matters.
func DefaultDefinition() Definition {
	return Definition{WindowDays: 14, MarginPct: 100, WorthwhilePP: 0.5, MinPeople: 30, MinBuyers: 10}
}

func (d Definition) check() error {
	switch {
	case d.WindowDays < 1 || d.WindowDays > 90:
		return errs.New(errs.Invalid, "effect.window_wrong", "orders count for 1 to 90 days").At("window_days")
	case d.MarginPct < 1 || d.MarginPct > 100:
		return errs.New(errs.Invalid, "effect.margin_wrong", "the margin is 1 to 100 per cent").At("margin_pct")
	case d.WorthwhilePP < 0.01 || d.WorthwhilePP > 20:
		return errs.New(errs.Invalid, "effect.worthwhile_wrong", "0.01 to 20 percentage points").At("worthwhile_pp")
	case d.MinPeople < 10 || d.MinBuyers < 5:
		return errs.New(errs.Invalid, "effect.minimum_wrong", "at least 10 people and 5 buyers, or the intervals would lie").At("min_people")
	}
	return nil
}

func (d Definition) options() experiment.Options {
	o := experiment.DefaultOptions()
	o.MinPeople, o.MinBuyers = d.MinPeople, d.MinBuyers
	o.Worthwhile, o.Margin = d.WorthwhilePP/100, d.MarginPct/100
	return o
}

// Plan is what the board must know of a campaign beside its facts.
type Plan struct {
	ID         string
	Name       string
	Strategy   string // strategy id; "" when the campaign follows none
	State      string
	HoldoutPct float64 // per cent, as planned
}

// Playbook is what the board must know of a strategy.
type Playbook struct {
	ID         string
	NameZH     string
	NameEN     string
	Layer      string
	WindowDays int // 0: the definition's
}

// Line is a strategy or a campaign on the board. A person in two campaigns of a strategy counts twice: what is counted
// is assignments.
type Line struct {
	Kind      string    `json:"kind" enum:"strategy,campaign"`
	ID        string    `json:"id" doc:"Strategy or campaign id; empty for the line of campaigns that follow no strategy"`
	Name      string    `json:"name"`
	NameEN    string    `json:"name_en,omitempty"`
	Layer     string    `json:"layer,omitempty"`
	Strategy  string    `json:"strategy_id,omitempty" doc:"Of a campaign"`
	State     string    `json:"state,omitempty" doc:"Of a campaign"`
	Campaigns int       `json:"campaigns" doc:"How many campaigns are in the line"`
	StartedAt time.Time `json:"started_at" doc:"First assignment"`
	LastAt    time.Time `json:"last_at" doc:"Last assignment"`
	ClosesAt  time.Time `json:"closes_at" doc:"When the last window closes"`

	WindowDays int   `json:"window_days"`
	Steps      Steps `json:"steps"`
	GMVFen     int64 `json:"gmv_fen" doc:"Revenue of the people assigned to reach, within their window"`
	CostFen    int64 `json:"cost_fen" doc:"What sending cost"`
	OpenPeople int64 `json:"open_people" doc:"People whose window is still open"`
	Overlap    int64 `json:"overlap_people" doc:"People whom another campaign was assigned to reach in a window that overlaps"`

	// OrdersMissing: the windows have closed, but the newest order known is more than three days older than that.
	OrdersMissing bool `json:"orders_missing" doc:"Orders of the window have probably not been imported yet"`

	Result experiment.Result `json:"result"`
	// Measured says which people Result is about: everybody, or those whose window has closed once there are such.
	Measured string `json:"measured" enum:"all,closed"`
}

// Steps counts people (of the arm "reach") whom each step reached, each once per campaign.
type Steps struct {
	Covered      int64 `json:"covered" doc:"Assigned, the holdout included"`
	Holdout      int64 `json:"holdout"`
	Planned      int64 `json:"planned" doc:"Assigned to reach"`
	Refused      int64 `json:"refused" doc:"Policy refused every channel: nothing was sent"`
	Sent         int64 `json:"sent"`
	Reached      int64 `json:"reached" doc:"At least one message was delivered"`
	Opened       int64 `json:"opened"`
	Clicked      int64 `json:"clicked"`
	Unsubscribed int64 `json:"unsubscribed"`
	Failed       int64 `json:"failed" doc:"Sending failed and nothing was delivered"`
	Converted    int64 `json:"converted" doc:"Bought within the window"`
}

// ChannelLine is what one channel of a campaign carried, in people.
type ChannelLine struct {
	Channel string `json:"channel"`
	Refused int64  `json:"refused"`
	Sent    int64  `json:"sent"`
	Reached int64  `json:"reached"`
	Opened  int64  `json:"opened"`
	Clicked int64  `json:"clicked"`
	Failed  int64  `json:"failed"`
	CostFen int64  `json:"cost_fen"`
}

// Refusal is why messages of a campaign were not sent, in messages.
type Refusal struct {
	Channel string `json:"channel"`
	Reason  string `json:"reason"`
	N       int64  `json:"n"`
}

// Day is a point of the curve: up to so many times 24 hours after assignment.
type Day struct {
	Day           int     `json:"day" doc:"1 is the first 24 hours"`
	ReachRate     float64 `json:"reach_rate" doc:"Share of the arm that has bought by then"`
	HoldoutRate   float64 `json:"holdout_rate"`
	ReachFen      float64 `json:"reach_fen" doc:"Revenue per person of the arm by then"`
	HoldoutFen    float64 `json:"holdout_fen"`
	ReachBought   int64   `json:"reach_bought"`
	HoldoutBought int64   `json:"holdout_bought"`
	Partial       bool    `json:"partial" doc:"The day is not over for everybody"`
}

// Board is every line at one instant.
type Board struct {
	AsOf       time.Time  `json:"as_of"`
	OrdersTo   time.Time  `json:"orders_to,omitzero" doc:"The newest order known"`
	Strategies []Line     `json:"strategies"`
	Definition Definition `json:"definition"`
}

// Report is one line in depth: a campaign with its curve and channels, or a strategy with its campaigns.
type Report struct {
	Line
	AsOf       time.Time     `json:"as_of"`
	OrdersTo   time.Time     `json:"orders_to,omitzero" doc:"The newest order known"`
	Curve      []Day         `json:"curve"`
	Channels   []ChannelLine `json:"channels"`
	Refusals   []Refusal     `json:"refusals"`
	Lines      []Line        `json:"lines" doc:"The campaigns of a strategy"`
	Definition Definition    `json:"definition"`
}

// Number returns the value of a number of the line by its name, -1 when it has none.
func (l Line) Number(name string) int64 {
	s := l.Steps
	switch name {
	case "covered":
		return s.Covered
	case "holdout":
		return s.Holdout
	case "planned":
		return s.Planned
	case "refused":
		return s.Refused
	case "sent":
		return s.Sent
	case "reached":
		return s.Reached
	case "opened":
		return s.Opened
	case "clicked":
		return s.Clicked
	case "failed":
		return s.Failed
	case "unsubscribed":
		return s.Unsubscribed
	case "converted":
		return s.Converted
	}
	return -1
}
