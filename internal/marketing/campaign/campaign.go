// Package campaign reaches an audience once (M6): it freezes who, draws who is held out, asks the policy for every
// person, sends through one queue per channel, and keeps a row and facts for every step.
//
// What is promised of sending. A message has one row and one id for ever (MessageID). Local channels (phone, task)
// deliver in the transaction that records it: exactly once. Remote channels (e-mail, webhook) mark the row "sending"
// in the store, write a line to the journal right before the destination may take the message, and another when it
// has. After a crash, a message the journal never began is sent again, one that was taken is recorded as sent, and one
// that was begun and not heard of — at most one for each open connection — goes out again under the same Message-ID
// or Idempotency-Key, by which mailboxes and receivers drop a repetition: at least once on the wire, once for the
// person. After a crash of the whole machine the journal may have lost its tail, and the same key covers that too.
package campaign

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/content"
	"huoshui/internal/platform/errs"
)

// State is where a campaign is.
type State string

// The states. A campaign goes from left to right; paused and sending may alternate; done and cancelled are final.
const (
	Draft     State = "draft"
	Scheduled State = "scheduled"
	Freezing  State = "freezing"
	Sending   State = "sending"
	Paused    State = "paused"
	Done      State = "done"
	Cancelled State = "cancelled"
)

// Target is whom a campaign is for.
type Target struct {
	Kind string `json:"kind" enum:"segment,tag,layer,stage,warning,class,everyone,launch" doc:"What id names"`
	ID   string `json:"id,omitempty" maxLength:"64" doc:"Segment or tag id, the code of a layer, lifecycle stage, sign of leaving or RFM class, or the step of a launch"`
}

// Plan is what an operator decides about a campaign. Contents is copied in when the campaign is launched, so that a
// later edit of the library does not change what half the people get.
type Plan struct {
	Audience   Target        `json:"audience"`
	Exclude    []string      `json:"exclude_segments" doc:"Segments left out of this campaign, beside those of the policy"`
	Strategy   string        `json:"strategy,omitempty" maxLength:"64"`
	Content    string        `json:"content,omitempty" maxLength:"64" doc:"From the content library; empty: the strategy's"`
	Offer      content.Offer `json:"offer,omitzero" doc:"What is given; empty: the strategy's"`
	Channels   []string      `json:"channels" maxItems:"4" doc:"In the order of fallback: the next is tried when one refuses or fails for good"`
	HoldoutPct float64       `json:"holdout_pct" minimum:"0" maximum:"90" doc:"Share held out at random, in per cent"`
	Salt       string        `json:"salt,omitempty" doc:"What the draw is sticky to: the strategy, else this campaign; set on launch"`
	Deadline   time.Time     `json:"deadline,omitzero" doc:"Nothing is sent after this"`
	Language   string        `json:"language,omitempty" enum:"zh,en"`
	Team       string        `json:"team,omitempty" maxLength:"64" doc:"Who gets staff tasks; empty: the strategy's owner team"`

	Guard Guardrails     `json:"guardrails,omitzero" readOnly:"true" doc:"What the strategy forbids, as it was at launch"`
	Says  *content.Draft `json:"says,omitempty" readOnly:"true" doc:"The content as it was at launch"`
}

// Campaign is one campaign: the row, and the answer.
type Campaign struct {
	ID          string    `db:"id" json:"id"`
	Name        string    `db:"name" json:"name"`
	State       State     `db:"state" json:"state" enum:"draft,scheduled,freezing,sending,paused,done,cancelled"`
	Plan        Plan      `db:"plan,json" json:"plan"`
	ScheduledAt time.Time `db:"scheduled_at" json:"scheduled_at,omitzero"`
	StartedAt   time.Time `db:"started_at" json:"started_at,omitzero" doc:"When the audience was frozen: the instant of assignment"`
	EndedAt     time.Time `db:"ended_at" json:"ended_at,omitzero"`
	Frozen      bool      `db:"frozen" json:"frozen"`
	Cursor      uint32    `db:"cursor" json:"-"`
	Planned     bool      `db:"planned" json:"planned" doc:"Every person of the audience has been assigned and has a message"`
	Audience    int64     `db:"audience" json:"audience"`
	Reach       int64     `db:"reach" json:"reach"`
	Holdout     int64     `db:"holdout" json:"holdout"`
	Note        string    `db:"note,null" json:"note,omitempty" doc:"Why it waits, where it does: an error code"`
	CreatedBy   string    `db:"created_by" json:"created_by"`
	CreatedAt   time.Time `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time `db:"updated_at" json:"updated_at"`
}

// Count is how many messages of a campaign got to a step, through a channel, for a reason where there is one. The step
// "held" counts those that are held now; all others never fall.
type Count struct {
	Channel string `db:"channel" json:"channel"`
	Step    string `db:"step" json:"step" enum:"planned,held,refused,sent,delivered,opened,clicked,failed,undone,unsubscribed,cancelled"`
	Reason  string `db:"reason" json:"reason,omitempty"`
	N       int64  `db:"n" json:"n"`
}

// Steps of Count.
const (
	stepPlanned      = "planned"
	stepHeld         = "held"
	stepRefused      = "refused"
	stepSent         = "sent"
	stepDelivered    = "delivered"
	stepOpened       = "opened"
	stepClicked      = "clicked"
	stepFailed       = "failed"
	stepUnsubscribed = "unsubscribed"
	stepUndone       = "undone" // a staff task that was given out and came to nothing
	stepCancelled    = "cancelled"
)

// Message is one message to one person through one channel: the row, and the answer.
type Message struct {
	ID        string    `db:"id" json:"id"`
	Campaign  string    `db:"campaign_id" json:"campaign_id"`
	Customer  uint32    `db:"customer" json:"customer"`
	Channel   string    `db:"channel" json:"channel"`
	State     string    `db:"state" json:"state" enum:"queued,sending,sent,refused,failed,cancelled"`
	DueAt     time.Time `db:"due_at" json:"due_at"`
	Attempts  int       `db:"attempts" json:"attempts"`
	Day       int32     `db:"day,null" json:"-"`
	Reason    string    `db:"reason,null" json:"reason,omitempty" doc:"Why it was refused, failed, is held, or waits for another try"`
	Params    string    `db:"params,null" json:"params,omitempty" doc:"JSON: the reason in numbers"`
	ClaimedBy string    `db:"claimed_by,null" json:"-"`
	SentAt    time.Time `db:"sent_at" json:"sent_at,omitzero"`
	OpenedAt  time.Time `db:"opened_at" json:"opened_at,omitzero"`
	ClickedAt time.Time `db:"clicked_at" json:"clicked_at,omitzero"`
}

// MessageID is the id of the message to a person through the step-th channel of a campaign (from 0). Ids of a campaign
// sort by person, and nothing else goes into them: the same message has the same id after any crash.
func MessageID(campaign string, customer uint32, step int) string {
	n := strconv.FormatUint(uint64(customer), 36)
	return "msg_" + strings.TrimPrefix(campaign, "cmp_") + "-" + "0000000"[len(n):] + n + "-" + strconv.Itoa(step)
}

// stepOf returns which channel of the order a message goes through.
func stepOf(message string) int {
	n, err := strconv.Atoi(message[strings.LastIndexByte(message, '-')+1:])
	if err != nil {
		return 0
	}
	return n
}

// check refuses a plan that could not be carried out; channels is what is enabled. Its error names the field.
func (p Plan) check(enabled []string) error {
	bad := func(field, code, format string, args ...any) error {
		return errs.New(errs.Invalid, code, format, args...).At(field)
	}
	switch {
	case !slices.Contains([]string{"segment", "tag", "layer", "stage", "warning", "class", "everyone", "launch"}, p.Audience.Kind):
		return bad("plan.audience", "campaign.no_audience", "choose a segment, a tag, a layer, or everyone")
	case p.Audience.Kind != "everyone" && p.Audience.ID == "":
		return bad("plan.audience.id", "campaign.no_audience", "choose which %s", p.Audience.Kind)
	case p.HoldoutPct < 0 || p.HoldoutPct > 90:
		return bad("plan.holdout_pct", "campaign.holdout", "the holdout is 0 to 90 per cent")
	case len(p.Channels) == 0:
		return bad("plan.channels", "campaign.no_channel", "choose at least one channel")
	case p.Says == nil:
		return bad("plan.content", "campaign.no_content", "choose a strategy or a content")
	}
	for i, c := range p.Channels {
		if !slices.Contains(channel.All(), c) || slices.Contains(p.Channels[:i], c) {
			return bad("plan.channels", "campaign.bad_channel", "the channel %q is unknown or named twice", c)
		}
		if _, err := p.Says.For(c, p.language()); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(p.Channels, func(c string) bool { return slices.Contains(enabled, c) }) {
		return bad("plan.channels", "campaign.channel_off", "none of the campaign's channels is set up; see Settings, Channels")
	}
	return nil
}

func (p Plan) language() string {
	if p.Language == "" {
		return "zh"
	}
	return p.Language
}

// next lists, for each verb, the states it may leave.
var next = map[State][]State{
	Scheduled: {Draft},
	Freezing:  {Scheduled},
	Sending:   {Freezing, Paused},
	Paused:    {Sending, Freezing},
	Cancelled: {Scheduled, Freezing, Sending, Paused},
	Done:      {Sending},
	Draft:     {Scheduled},
}
