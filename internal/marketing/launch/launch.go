// Package launch sells goods in a wave (浪潮式发售): build-up, warm-up, presale, sale, follow-up and the loop to the next wave are one
// object, whose actions start what other parts have — campaigns, coupons, flash sales, groups, presales, pages — each once, at its time.
//
// What is promised. An action has a row and the id of what it makes before anything is made (Step.Made); doing it again under the same id
// changes nothing. So a process may die at any instant: what was begun is gone on with. A launch that is cancelled takes back what can be
// taken back, however far the action was.
package launch

import (
	"slices"
	"time"
)

// State is where a launch stands.
type State string

// The states of a launch.
const (
	Draft     State = "draft"
	Scheduled State = "scheduled" // checked and fixed; waits for its first stage
	Running   State = "running"
	Paused    State = "paused" // nothing more is begun, messages that are on their way wait
	Finished  State = "finished"
	Cancelled State = "cancelled"
)

// StageKind is which stage of a wave it is.
type StageKind string

// The stages, in their order.
const (
	BuildUp  StageKind = "build_up"  // 造势
	WarmUp   StageKind = "warm_up"   // 预热
	Presale  StageKind = "presale"   // 预售
	Sale     StageKind = "sale"      // 发售
	FollowUp StageKind = "follow_up" // 追售
	Loop     StageKind = "loop"      // 循环
)

// Stages lists the kinds of stages in their order.
func Stages() []StageKind { return []StageKind{BuildUp, WarmUp, Presale, Sale, FollowUp, Loop} }

// Kind is what an action does.
type Kind string

// The kinds of actions.
const (
	SendMessage Kind = "message" // begins a campaign
	GiveCoupons Kind = "coupons" // gives a coupon to people
	OpenFlash   Kind = "flash"   // a flash sale for the rest of the stage
	OpenGroups  Kind = "group"   // a group offer for the rest of the stage
	OpenPresale Kind = "presale" // publishes a presale and lets it begin
	ShowPage    Kind = "page"    // a version of a store page for the rest of the stage
	NextWave    Kind = "next"    // makes the draft of the next wave
)

// Kinds lists the kinds of actions.
func Kinds() []Kind {
	return []Kind{SendMessage, GiveCoupons, OpenFlash, OpenGroups, OpenPresale, ShowPage, NextWave}
}

// The launch's own lists of people, as audiences of kind "list".
const (
	ListReserved    = "reserved"
	ListNotBought   = "reserved_not_bought" // reserved, and did not buy since the launch began
	ListDeposit     = "deposit_paid"
	ListLastWave    = "last_wave"         // bought in the wave before
	ListLooked      = "looked_not_bought" // looked at the goods and did not buy since the launch began
	ListBought      = "bought"
	ListNotReserved = "looked_not_reserved"
)

// Lists are the launch's own lists.
func Lists() []string {
	return []string{ListReserved, ListNotBought, ListDeposit, ListLastWave, ListLooked, ListNotReserved, ListBought}
}

// Target is whom an action is for.
type Target struct {
	Kind string `json:"kind" enum:"list,segment,tag,layer,stage,warning,class,everyone" doc:"list: one of the launch's own; the others as in campaigns"`
	ID   string `json:"id,omitempty" maxLength:"64" doc:"A list: reserved, reserved_not_bought, deposit_paid, last_wave, looked_not_bought, looked_not_reserved, bought; else what the kind names"`
}

// Wave is a part of an audience and when its turn comes.
type Wave struct {
	Layers []string `json:"layers" maxItems:"5" doc:"Codes of layers; none: everybody who is in no wave before"`
	After  int64    `json:"after_minutes" minimum:"0" maximum:"525600" doc:"After the action"`
}

// Message is what a campaign says and how; as in campaigns.
type Message struct {
	Strategy   string   `json:"strategy,omitempty" maxLength:"64"`
	Content    string   `json:"content,omitempty" maxLength:"64"`
	Channels   []string `json:"channels" maxItems:"4" doc:"In the order of fallback; none: every channel that is set up"`
	HoldoutPct float64  `json:"holdout_pct" minimum:"0" maximum:"90"`
	Benefit    string   `json:"benefit,omitempty" maxLength:"100"`
	Coupon     string   `json:"coupon,omitempty" maxLength:"100"`
	Link       string   `json:"link,omitempty" maxLength:"500" doc:"Where {{link}} leads; empty: the page of the goods"`
}

// Offer is a flash sale, a group offer or a presale: one that is there already, or what is to be opened. A presale is always there already.
type Offer struct {
	Existing  string `json:"existing,omitempty" maxLength:"64" doc:"Id of one that is planned already; the rest is then its own"`
	SKU       string `json:"sku,omitempty" maxLength:"64"`
	PriceFen  int64  `json:"price_fen,omitempty" minimum:"0" maximum:"10000000000"`
	Units     int64  `json:"units,omitempty" minimum:"0" maximum:"1000000" doc:"Of a flash sale: in all"`
	PerPerson int64  `json:"per_person,omitempty" minimum:"0" maximum:"1000"`
	AtOnce    int64  `json:"at_once,omitempty" minimum:"0" maximum:"10000" doc:"Of a flash sale: how many may be at the checkout at once"`
	Size      int64  `json:"size,omitempty" minimum:"0" maximum:"100" doc:"Of a group: members"`
	Hours     int64  `json:"hours,omitempty" minimum:"0" maximum:"168" doc:"Of a group: within which it is complete"`
}

// Showing is a version of a store page.
type Showing struct {
	Page    string `json:"page" maxLength:"64"`
	Version int64  `json:"version" minimum:"0" doc:"0: the newest version when its time comes"`
}

// Learned is what an action brought in the wave before.
type Learned struct {
	People int64 `json:"people" doc:"Whom it reached"`
	Bought int64 `json:"bought" doc:"Of these so many bought in the wave"`
}

// Action is one thing that a stage does.
type Action struct {
	ID       string   `json:"id,omitempty" maxLength:"16" pattern:"^[a-z0-9]*$" doc:"Within the launch; given when left out"`
	Kind     Kind     `json:"kind" enum:"message,coupons,flash,group,presale,page,next"`
	After    int64    `json:"after_minutes" minimum:"0" maximum:"525600" doc:"After its stage begins"`
	Audience *Target  `json:"audience,omitempty" doc:"Of message and coupons"`
	Waves    []Wave   `json:"waves,omitempty" maxItems:"6" doc:"Of message and coupons; none: all at once"`
	Message  *Message `json:"message,omitempty"`
	Coupon   string   `json:"coupon,omitempty" maxLength:"64" doc:"Of coupons: the promotion whose coupons are given"`
	Offer    *Offer   `json:"offer,omitempty" doc:"Of flash, group and presale"`
	Page     *Showing `json:"page,omitempty"`
	Days     int64    `json:"days,omitempty" minimum:"0" maximum:"730" doc:"Of next: how long after this wave the next one is"`
	Learned  *Learned `json:"learned,omitempty" readOnly:"true"`
}

// peopled reports whether the action is for people.
func (a *Action) peopled() bool { return a.Kind == SendMessage || a.Kind == GiveCoupons }

// turns are the waves of an action; one for all when it has none.
func (a *Action) turns() []Wave {
	if len(a.Waves) == 0 || !a.peopled() {
		return []Wave{{}}
	}
	return a.Waves
}

// Measures of goals; each is a number of Figures.
const (
	MeasureReached  = "reached"
	MeasureLooked   = "looked"
	MeasureReserved = "reserved"
	MeasureDeposits = "deposits"
	MeasureBuyers   = "buyers"
	MeasureUnits    = "units"
	MeasureRevenue  = "revenue"
)

// Measures lists what a goal may count.
func Measures() []string {
	return []string{MeasureReached, MeasureLooked, MeasureReserved, MeasureDeposits, MeasureBuyers, MeasureUnits, MeasureRevenue}
}

// Goal is a number that a stage wants to reach.
type Goal struct {
	Measure string `json:"measure" enum:"reached,looked,reserved,deposits,buyers,units,revenue" doc:"People, units, or revenue in fen"`
	Target  int64  `json:"target" minimum:"1" maximum:"1000000000000"`
}

// Stage is a part of a wave.
type Stage struct {
	Kind     StageKind `json:"kind" enum:"build_up,warm_up,presale,sale,follow_up,loop"`
	BeginsAt time.Time `json:"begins_at"`
	EndsAt   time.Time `json:"ends_at"`
	Goal     *Goal     `json:"goal,omitempty"`
	Actions  []Action  `json:"actions" maxItems:"20"`
	Last     *Figures  `json:"last,omitempty" readOnly:"true" doc:"What this stage came to in the wave before"`
}

// Writing is a launch as an operator writes it.
type Writing struct {
	Name   string   `json:"name" maxLength:"60"`
	Goods  []string `json:"goods" maxItems:"20" doc:"Ids of goods"`
	Stages []Stage  `json:"stages" maxItems:"6"`
}

// Launch is a wave of selling.
type Launch struct {
	ID           string    `db:"id" json:"id"`
	Name         string    `db:"name" json:"name"`
	State        State     `db:"state" json:"state" enum:"draft,scheduled,running,paused,finished,cancelled"`
	Goods        []string  `db:"goods,json" json:"goods"`
	Stages       []Stage   `db:"stages,json" json:"stages"`
	BeginsAt     time.Time `db:"begins_at" json:"begins_at"`
	ReserveUntil time.Time `db:"reserve_until" json:"reserve_until" doc:"Customers may reserve until then"`
	SaleAt       time.Time `db:"sale_at" json:"sale_at"`
	EndsAt       time.Time `db:"ends_at" json:"ends_at"`
	Parent       string    `db:"parent" json:"parent,omitempty" doc:"The wave before"`
	Wave         int64     `db:"wave" json:"wave" doc:"1 for the first"`
	Revision     int64     `db:"revision" json:"revision" doc:"Counts changes: name the one you read when you write"`
	By           string    `db:"made_by" json:"by"`
	CreatedAt    time.Time `db:"created_at" json:"created_at"`
	ChangedAt    time.Time `db:"changed_at" json:"changed_at"`
	StartedAt    time.Time `db:"started_at" json:"started_at,omitzero"`
	EndedAt      time.Time `db:"ended_at" json:"ended_at,omitzero"`
}

// write takes over what an operator wrote, with what is asked of it.
func (l *Launch) write(w Writing) {
	l.Name, l.Goods, l.Stages = w.Name, w.Goods, w.Stages
	l.BeginsAt, l.EndsAt, l.SaleAt, l.ReserveUntil = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	for i := range l.Stages {
		s := &l.Stages[i]
		if l.BeginsAt.IsZero() || s.BeginsAt.Before(l.BeginsAt) {
			l.BeginsAt = s.BeginsAt
		}
		if s.EndsAt.After(l.EndsAt) {
			l.EndsAt = s.EndsAt
		}
		if s.Kind == Sale {
			l.SaleAt = s.BeginsAt
		}
	}
	l.ReserveUntil = l.SaleAt
	if s := l.stage(Presale); s != nil && slices.ContainsFunc(s.Actions, func(a Action) bool { return a.Kind == OpenPresale }) {
		l.ReserveUntil = s.BeginsAt // from then on she pays a deposit instead
	}
}

// stage returns a stage of the launch, nil when it has none of the kind.
func (l *Launch) stage(kind StageKind) *Stage {
	for i := range l.Stages {
		if l.Stages[i].Kind == kind {
			return &l.Stages[i]
		}
	}
	return nil
}

// action returns an action and its stage, nil when there is none.
func (l *Launch) action(id string) (*Stage, *Action) {
	for i := range l.Stages {
		for j := range l.Stages[i].Actions {
			if a := &l.Stages[i].Actions[j]; a.ID == id {
				return &l.Stages[i], a
			}
		}
	}
	return nil, nil
}

// At returns the stage that an instant lies in, "" between stages.
func (l *Launch) At(now time.Time) StageKind {
	for _, s := range l.Stages {
		if !now.Before(s.BeginsAt) && now.Before(s.EndsAt) {
			return s.Kind
		}
	}
	return ""
}

// Reservable reports whether customers may reserve at an instant.
func (l *Launch) Reservable(now time.Time) bool {
	return (l.State == Running || l.State == Paused) && !now.Before(l.BeginsAt) && now.Before(l.ReserveUntil)
}

// StepState is where a step stands.
type StepState string

// The states of a step.
const (
	Waiting StepState = "waiting"
	Doing   StepState = "doing"
	Done    StepState = "done"
	Skipped StepState = "skipped" // there was nobody to do it for
	Missed  StepState = "missed"  // its stage was over
	Dropped StepState = "dropped" // the launch was cancelled before
	Undone  StepState = "undone"
)

// Step is an action's turn: the row, and the answer.
type Step struct {
	ID       string    `db:"id" json:"id"`
	Launch   string    `db:"launch" json:"launch"`
	Stage    StageKind `db:"stage" json:"stage" enum:"build_up,warm_up,presale,sale,follow_up,loop"`
	Action   string    `db:"action" json:"action"`
	Wave     int64     `db:"wave" json:"wave" doc:"From 0"`
	Kind     Kind      `db:"kind" json:"kind" enum:"message,coupons,flash,group,presale,page,next"`
	DueAt    time.Time `db:"due_at" json:"due_at"`
	UntilAt  time.Time `db:"until_at" json:"until_at" doc:"Later it is not begun any more"`
	State    StepState `db:"state" json:"state" enum:"waiting,doing,done,skipped,missed,dropped,undone"`
	Made     string    `db:"made" json:"made,omitempty" doc:"Id of what it made or began: a campaign, an issue of coupons, a sale, a page's window, a launch"`
	Attempts int64     `db:"attempts" json:"attempts"`
	NextAt   time.Time `db:"next_at" json:"next_at" doc:"When it is tried, or tried again"`
	Reason   string    `db:"reason" json:"reason,omitempty" doc:"Why it was refused, or skipped: an error code"`
	Detail   string    `db:"detail" json:"detail,omitempty" doc:"The same in words, for who looks for the cause"`
	Held     bool      `db:"held" json:"held" doc:"It waits because the launch is paused"`
	People   int64     `db:"people" json:"people" doc:"Whom it was for, of message and coupons"`
	DoneAt   time.Time `db:"done_at" json:"done_at,omitzero"`
}
