// Package task is the staff task list: what people do for one customer by hand. Campaigns order tasks in batches; a
// member of staff marks each done or failed with a reason, and that is what became of the message.
package task

import (
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
)

// State is where a task is.
type State string

// The states. Done and failed are final.
const (
	Open   State = "open"
	Done   State = "done"
	Failed State = "failed"
)

// Reasons are the codes of why a task failed.
var Reasons = []string{"no_answer", "wrong_number", "refused", "not_suitable", "out_of_time", "other"}

// Order asks for one task. Ordering the same message twice makes one task.
type Order struct {
	Message  string // id of the message the task carries out
	Campaign string
	Strategy string
	Customer uint32
	Title    string
	Text     string
	Team     string    // owner team, whose members take turns
	Owner    string    // staff id of the customer's owner, who comes first; may be empty
	At       time.Time // when it was asked for
}

// Task is one task: the row, and the answer.
type Task struct {
	ID        string    `db:"id" json:"id"`
	Message   string    `db:"message_id" json:"message_id"`
	Campaign  string    `db:"campaign_id" json:"campaign_id"`
	Strategy  string    `db:"strategy_id" json:"strategy_id,omitempty"`
	Customer  uint32    `db:"customer" json:"customer" doc:"Customer number"`
	Title     string    `db:"title" json:"title"`
	Text      string    `db:"text" json:"text" doc:"What to say, line by line"`
	Team      string    `db:"team" json:"team"`
	Assignee  string    `db:"assignee" json:"assignee" doc:"Staff id; empty while nobody has it"`
	State     State     `db:"state" json:"state" enum:"open,done,failed"`
	Reason    string    `db:"reason" json:"reason,omitempty" doc:"Why it failed: a code"`
	Note      string    `db:"note" json:"note,omitempty"`
	DueAt     time.Time `db:"due_at" json:"due_at"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	ClosedAt  time.Time `db:"closed_at,null" json:"closed_at,omitzero"`
	ClosedBy  string    `db:"closed_by" json:"closed_by,omitempty"`
}

// newTask makes the task of an order, due at the end of the dueDays-th day after it in the zone.
func newTask(o Order, assignee string, dueDays int, zone *time.Location) Task {
	local := o.At.In(zone)
	due := time.Date(local.Year(), local.Month(), local.Day()+dueDays+1, 0, 0, 0, 0, zone).Add(-time.Second)
	return Task{
		ID: id.From("tsk", o.Message), Message: o.Message, Campaign: o.Campaign, Strategy: o.Strategy, Customer: o.Customer,
		Title: o.Title, Text: o.Text, Team: o.Team, Assignee: assignee, State: Open, DueAt: due.UTC(), CreatedAt: o.At,
	}
}

// Outcome is how a task ended.
type Outcome struct {
	State  State  `json:"state" enum:"done,failed"`
	Reason string `json:"reason,omitempty" enum:",no_answer,wrong_number,refused,not_suitable,out_of_time,other" doc:"Needed when it failed"`
	Note   string `json:"note,omitempty" maxLength:"1000"`
}

func (o Outcome) check() error {
	switch {
	case o.State != Done && o.State != Failed:
		return errs.New(errs.Invalid, "task.outcome_unknown", "a task ends done or failed, not %q", string(o.State)).At("state")
	case o.State == Failed && !slices.Contains(Reasons, o.Reason):
		return errs.New(errs.Invalid, "task.reason_missing", "say why it failed: one of %s", strings.Join(Reasons, ", ")).At("reason")
	case o.State == Done && o.Reason != "":
		return errs.New(errs.Invalid, "task.reason_unwanted", "a task that is done needs no reason").At("reason")
	}
	return nil
}

// fact tells the loop how the task ended.
func (t Task) fact() event.Fact {
	name := event.TaskDone
	if t.State == Failed {
		name = event.TaskFailed
	}
	return event.Fact{
		ID: t.ID + ".closed", Name: name, Customer: t.Customer, At: t.ClosedAt, Subject: t.ID,
		Channel: "task", Campaign: t.Campaign, Strategy: t.Strategy, Detail: t.Reason,
	}
}
