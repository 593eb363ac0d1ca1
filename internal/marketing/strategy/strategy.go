// Package strategy is the library of playbooks: for a layer and a goal, what to say, what to give, through which
// channels in which order, when, by whom, and what must not happen. A campaign follows a strategy; the strategy board
// says what it earned.
package strategy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"huoshui/internal/marketing/content"
	"huoshui/internal/platform/errs"
)

// Goals are the codes of what a strategy is for, in the order of a customer's life.
var Goals = []string{"activate", "repeat", "care", "recall", "win_back", "listen"}

// Teams are the codes of the owner teams, by division of labour over layers: the community team keeps the base, the
// conversion team the not-yet-bought, VIP service those who bought, senior managers those who keep buying.
var Teams = []string{"community", "conversion", "vip_service", "senior_manager"}

// Timing says when a strategy is best sent, in the business zone, and how long its result is watched.
type Timing struct {
	At         string `json:"at" yaml:"at" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"Best time of day, HH:MM: a new campaign proposes it; another may be chosen, and quiet hours hold a message in any case"`
	Weekdays   []int  `json:"weekdays" yaml:"weekdays" doc:"Best days, 1 is Monday, empty any: a new campaign proposes the next of them"`
	RepeatDays int    `json:"repeat_days" yaml:"repeat_days" minimum:"0" maximum:"366" doc:"Worth repeating after so many days, 0 once: advice to people, nothing is repeated by itself"`
	WindowDays int    `json:"window_days" yaml:"window_days" minimum:"1" maximum:"90" doc:"Orders count for so many days after a person's assignment"`
}

// Guardrails say what must not happen.
type Guardrails struct {
	HoldoutPct     float64 `json:"holdout_pct" yaml:"holdout_pct" minimum:"0" maximum:"90" doc:"Share held out at random, in per cent: without it nobody knows what the strategy earns"`
	RestDays       int     `json:"rest_days" yaml:"rest_days" minimum:"0" maximum:"366" doc:"Leave a person alone for so many days after this strategy reached them"`
	SkipBoughtDays int     `json:"skip_bought_days" yaml:"skip_bought_days" minimum:"0" maximum:"366" doc:"Leave out who bought within so many days"`
	StopUnsubPct   float64 `json:"stop_unsubscribe_pct" yaml:"stop_unsubscribe_pct" minimum:"0" maximum:"100" doc:"Pause when more than this share of those reached unsubscribes; 0 never pauses"`
	CostCapFen     int64   `json:"cost_cap_fen" yaml:"cost_cap_fen" minimum:"0" maximum:"100000000" doc:"Most that reaching one person may cost; 0 is no cap"`
}

// Draft is what an author writes.
type Draft struct {
	Name       content.Words `json:"name" yaml:"name"`
	Layer      string        `json:"layer" yaml:"layer" enum:"vip,potential,new,silent,lost"`
	Goal       string        `json:"goal" yaml:"goal" enum:"activate,repeat,care,recall,win_back,listen"`
	Why        content.Words `json:"why" yaml:"why" doc:"Why it should work on this layer, for colleagues"`
	ContentID  string        `json:"content_id" yaml:"content_id"`
	Benefit    content.Words `json:"benefit" yaml:"benefit" doc:"What it gives, in words a customer reads: the value of {{benefit}}"`
	Coupon     string        `json:"coupon" yaml:"coupon" maxLength:"40" doc:"The value of {{coupon}}; may be empty"`
	Channels   []string      `json:"channels" yaml:"channels" minItems:"1" maxItems:"4" doc:"In the order they are tried"`
	Timing     Timing        `json:"timing" yaml:"timing"`
	OwnerTeam  string        `json:"owner_team" yaml:"owner_team" enum:"community,conversion,vip_service,senior_manager"`
	Guardrails Guardrails    `json:"guardrails" yaml:"guardrails"`
}

// Strategy is a draft that was saved: the row, and the answer.
type Strategy struct {
	ID         string        `db:"id" json:"id"`
	Version    int64         `db:"version" json:"version"`
	Name       content.Words `db:"name,json" json:"name"`
	Layer      string        `db:"layer" json:"layer"`
	Goal       string        `db:"goal" json:"goal"`
	Why        content.Words `db:"why,json" json:"why"`
	ContentID  string        `db:"content_id" json:"content_id"`
	Benefit    content.Words `db:"benefit,json" json:"benefit"`
	Coupon     string        `db:"coupon" json:"coupon"`
	Channels   []string      `db:"channels,json" json:"channels"`
	Timing     Timing        `db:"timing,json" json:"timing"`
	OwnerTeam  string        `db:"owner_team" json:"owner_team"`
	Guardrails Guardrails    `db:"guardrails,json" json:"guardrails"`
	Shipped    bool          `db:"shipped" json:"shipped" doc:"Came with the product"`
	ClonedFrom string        `db:"cloned_from" json:"cloned_from,omitempty"`
	ArchivedAt time.Time     `db:"archived_at,null" json:"archived_at,omitzero"`
	CreatedAt  time.Time     `db:"created_at" json:"created_at"`
	ChangedAt  time.Time     `db:"changed_at" json:"changed_at"`
	ChangedBy  string        `db:"changed_by" json:"changed_by" doc:"Staff id; empty for what came with the product"`
}

// Draft is the part of the strategy that an author writes.
func (s Strategy) Draft() Draft {
	return Draft{s.Name, s.Layer, s.Goal, s.Why, s.ContentID, s.Benefit, s.Coupon, s.Channels, s.Timing, s.OwnerTeam, s.Guardrails}
}

func (s *Strategy) take(d Draft) {
	s.Name, s.Layer, s.Goal, s.Why, s.ContentID = d.Name, d.Layer, d.Goal, d.Why, d.ContentID
	s.Benefit, s.Coupon, s.Channels, s.Timing = d.Benefit, d.Coupon, d.Channels, d.Timing
	s.OwnerTeam, s.Guardrails = d.OwnerTeam, d.Guardrails
	if s.Timing.Weekdays == nil {
		s.Timing.Weekdays = []int{}
	}
}

// Offer is what {{benefit}} and {{coupon}} say in a language.
func (s Strategy) Offer(language string) content.Offer {
	return content.Offer{Benefit: s.Benefit.In(language), Coupon: s.Coupon}
}

var timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// check refuses a draft that no campaign could follow.
func (d Draft) check() error {
	invalid := func(field, code, format string, args ...any) error {
		return errs.New(errs.Invalid, code, format, args...).At(field)
	}
	switch {
	case strings.TrimSpace(d.Name.ZH) == "" && strings.TrimSpace(d.Name.EN) == "":
		return invalid("name", "strategy.name_missing", "a strategy needs a name")
	case !slices.Contains(content.Layers, d.Layer):
		return invalid("layer", "strategy.layer_unknown", "there is no layer %q", d.Layer)
	case !slices.Contains(Goals, d.Goal):
		return invalid("goal", "strategy.goal_unknown", "there is no goal %q", d.Goal)
	case !slices.Contains(Teams, d.OwnerTeam):
		return invalid("owner_team", "strategy.team_unknown", "there is no team %q", d.OwnerTeam)
	case len(d.Channels) == 0:
		return invalid("channels", "strategy.channel_missing", "a strategy needs at least one channel")
	case !timeOfDay.MatchString(d.Timing.At):
		return invalid("timing.at", "strategy.time_wrong", "%q is not a time of day (HH:MM)", d.Timing.At)
	case d.Timing.WindowDays < 1 || d.Timing.WindowDays > 90:
		return invalid("timing.window_days", "strategy.window_wrong", "orders count for 1 to 90 days")
	case d.Guardrails.HoldoutPct < 0 || d.Guardrails.HoldoutPct > 90:
		return invalid("guardrails.holdout_pct", "strategy.holdout_wrong", "0 to 90 per cent may be held out")
	case d.Guardrails.StopUnsubPct < 0 || d.Guardrails.StopUnsubPct > 100:
		return invalid("guardrails.stop_unsubscribe_pct", "strategy.share_wrong", "a share is between 0 and 100 per cent")
	}
	for i, day := range d.Timing.Weekdays {
		if day < 1 || day > 7 || slices.Contains(d.Timing.Weekdays[:i], day) {
			return invalid("timing.weekdays", "strategy.weekday_wrong", "weekdays are 1 (Monday) to 7, each once")
		}
	}
	for i, ch := range d.Channels {
		if !slices.Contains(content.Channels, ch) || slices.Contains(d.Channels[:i], ch) {
			return invalid(fmt.Sprintf("channels[%d]", i), "strategy.channel_unknown", "there is no channel %q, or it is there twice", ch)
		}
	}
	return nil
}

// Gap is a reason why a strategy would not say what it should.
type Gap struct {
	Code    string `json:"code" enum:"no_body,other_layer,archived_content,no_holdout"`
	Channel string `json:"channel,omitempty"`
}

// gaps compares a strategy with the content it uses; they are advice, not errors.
func gaps(d Draft, c content.Content) []Gap {
	out := []Gap{}
	if !c.ArchivedAt.IsZero() {
		out = append(out, Gap{Code: "archived_content"})
	}
	if len(c.Layers) > 0 && !slices.Contains(c.Layers, d.Layer) {
		out = append(out, Gap{Code: "other_layer"})
	}
	for _, ch := range d.Channels {
		if !slices.Contains(c.Channels(), ch) {
			out = append(out, Gap{Code: "no_body", Channel: ch})
		}
	}
	if d.Guardrails.HoldoutPct == 0 {
		out = append(out, Gap{Code: "no_holdout"})
	}
	return out
}
