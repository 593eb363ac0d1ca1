// Package groupbuy sells to people who buy together (拼团): so many of them within so many hours, or everybody has her money back.
// Nobody is made up to fill a group: its members are people who paid.
package groupbuy

import (
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
)

// Kind is what a sale of a group is called among the forms of selling.
const Kind = "group"

// PayWithin is how long a seat is kept for somebody who has not paid.
const PayWithin = 10 * time.Minute

// Draft is a group offer as an operator writes it.
type Draft struct {
	Name      string    `json:"name" maxLength:"40"`
	SKU       string    `json:"sku" maxLength:"64"`
	PriceFen  int64     `json:"price_fen" minimum:"1" maximum:"10000000000"`
	Size      int64     `json:"size" minimum:"2" maximum:"100" doc:"Members of a group"`
	Hours     int64     `json:"hours" minimum:"1" maximum:"168" doc:"Within which a group is complete, or everybody has her money back"`
	PerPerson int64     `json:"per_person" minimum:"1" maximum:"1000" doc:"Units one person may have in all her groups"`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at" doc:"When no group is opened any more; those that are open go on"`
}

// Offer is a group offer.
type Offer struct {
	ID        string    `db:"id" json:"id"`
	Name      string    `db:"name" json:"name"`
	SKU       string    `db:"sku" json:"sku"`
	PriceFen  int64     `db:"price_fen" json:"price_fen"`
	Size      int64     `db:"size" json:"size"`
	Hours     int64     `db:"hours" json:"hours"`
	PerPerson int64     `db:"per_person" json:"per_person"`
	StartsAt  time.Time `db:"starts_at" json:"starts_at"`
	EndsAt    time.Time `db:"ends_at" json:"ends_at"`
	Stopped   bool      `db:"stopped" json:"stopped"`
	By        string    `db:"made_by" json:"by"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
}

// Open reports whether groups can be opened at an instant.
func (o *Offer) Open(now time.Time) bool {
	return !o.Stopped && !now.Before(o.StartsAt) && now.Before(o.EndsAt)
}

// State is where a group stands.
type State string

// The states of a group.
const (
	Opening  State = "opening"  // its first member has not paid: nobody sees it
	Forming  State = "forming"  // others may join
	Complete State = "complete" // every seat is paid: its orders are sent
	Failed   State = "failed"   // its time was over: everybody has her money back
	Gone     State = "gone"     // its first member never paid
)

// Group is people who buy together.
type Group struct {
	ID        string    `db:"id" json:"id"`
	Offer     string    `db:"offer" json:"offer"`
	State     State     `db:"state" json:"state" enum:"opening,forming,complete,failed,gone"`
	Size      int64     `db:"size" json:"size"`
	Seats     int64     `db:"seats" json:"seats" doc:"Taken, paid or not"`
	Paid      int64     `db:"paid" json:"paid" doc:"Members who paid"`
	Settled   bool      `db:"settled" json:"settled" doc:"Every member's order followed: it may be sent, or was given back"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	OpenedAt  time.Time `db:"opened_at" json:"opened_at,omitzero"`
	ExpiresAt time.Time `db:"expires_at" json:"expires_at,omitzero"`
	EndedAt   time.Time `db:"ended_at" json:"ended_at,omitzero"`
}

// Seat is a member's place in a group.
type Seat struct {
	Sale     string    `db:"sale" json:"sale"`
	Group    string    `db:"group_id" json:"group"`
	Offer    string    `db:"offer" json:"offer"`
	Customer uint32    `db:"customer" json:"customer"`
	Units    int64     `db:"units" json:"units"`
	Opener   bool      `db:"opener" json:"opener"`
	State    string    `db:"state" json:"state" enum:"taken,paid,left,refunded"`
	JoinedAt time.Time `db:"joined_at" json:"joined_at"`
	PaidAt   time.Time `db:"paid_at" json:"paid_at,omitzero"`
}

func (d *Draft) check(now time.Time) error {
	d.Name = strings.TrimSpace(d.Name)
	bad := func(field, code, text string) error { return errs.New(errs.Invalid, code, "%s", text).At(field) }
	switch {
	case d.Name == "" || utf8.RuneCountInString(d.Name) > 40:
		return bad("name", "group.name", "a group offer has a name of up to 40 characters")
	case d.SKU == "":
		return bad("sku", "group.sku", "a group offer sells a SKU")
	case d.PriceFen < 1 || d.PriceFen > 1e10:
		return bad("price_fen", "group.price", "the price is above zero")
	case d.Size < 2 || d.Size > 100:
		return bad("size", "group.size", "a group has 2 to 100 members")
	case d.Hours < 1 || d.Hours > 168:
		return bad("hours", "group.hours", "a group has 1 to 168 hours")
	case d.PerPerson < 1 || d.PerPerson > 1000:
		return bad("per_person", "group.per_person", "a person may have 1 to 1,000 units")
	case !d.EndsAt.After(d.StartsAt) || !d.EndsAt.After(now):
		return bad("ends_at", "group.window", "it ends before it begins, or has ended")
	}
	return nil
}
