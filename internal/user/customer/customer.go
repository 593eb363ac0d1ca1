// Package customer holds the people a brand can reach: who they are, what they are known by, and what they bought in
// sum. A customer has a text id for the world and a dense number for bitmaps and the warehouse.
package customer

import (
	"encoding/json"
	"fmt"
	"time"

	"huoshui/internal/platform/event"
)

// Kinds of identity key.
const (
	KeyPhone        = "phone"           // normalised, see files.Phone
	KeyUnionID      = "unionid"         // WeChat's, the same in all applications of one owner
	KeyEmail        = "email"           // lower case
	KeyOpenID       = "openid"          // "appid:openid", WeChat's in one application
	KeyExternalUser = "external_userid" // WeCom's id of an outside contact
	KeyCard         = "card"            // member card number
	KeyExternal     = "external"        // "channel:id": the id a sales channel gave
	KeyUser         = "user"            // the brand's own login id
	KeyDevice       = "device"          // anonymous id, cookie, device: says which visitor, not who
)

// Strength says how much a kind of key proves: 3 phone and unionid, 2 the other names of a person, 1 a device, 0 for no
// kind of ours.
func Strength(kind string) int {
	switch kind {
	case KeyPhone, KeyUnionID:
		return 3
	case KeyEmail, KeyOpenID, KeyExternalUser, KeyCard, KeyExternal, KeyUser:
		return 2
	case KeyDevice:
		return 1
	}
	return 0
}

// Customer is one person.
type Customer struct {
	ID              string    `db:"id" json:"id"`
	Number          uint32    `db:"number" json:"number" doc:"Dense number, from 1; never reused"`
	Code            string    `db:"code" json:"code" doc:"The id the person is known by where they came from"`
	Name            string    `db:"name" json:"name"`
	Phone           string    `db:"phone" json:"phone"`
	Email           string    `db:"email" json:"email"`
	Gender          string    `db:"gender" json:"gender" enum:",f,m"`
	Birthday        string    `db:"birthday" json:"birthday" doc:"YYYY-MM-DD; year 0000 when unknown"`
	Province        string    `db:"province" json:"province"`
	City            string    `db:"city" json:"city"`
	Source          string    `db:"source" json:"source" doc:"Channel the person came from"`
	Store           string    `db:"store" json:"store"`
	Owner           string    `db:"owner" json:"owner" doc:"Staff id"`
	Level           string    `db:"level" json:"level"`
	Zone            string    `db:"zone,null" json:"zone,omitempty" doc:"The person's own time zone, an IANA name; left out: the business zone"`
	RegisteredAt    time.Time `db:"registered_at" json:"registered_at"`
	RegisteredKnown bool      `db:"registered_known" json:"registered_known" doc:"False: the time of the first order stands in"`
	Orders          int64     `db:"orders" json:"orders"`
	SpentFen        int64     `db:"spent_fen" json:"spent_fen" doc:"Paid, refunds not taken off"`
	RefundedFen     int64     `db:"refunded_fen" json:"refunded_fen"`
	FirstOrderAt    time.Time `db:"first_order_at" json:"first_order_at" doc:"Zero time when there is none"`
	LastOrderAt     time.Time `db:"last_order_at" json:"last_order_at" doc:"Zero time when there is none"`
	Erased          bool      `db:"erased" json:"erased" doc:"In no list and no universe: erased, or merged into another"`
	MergedInto      uint32    `db:"merged_into,null" json:"-"`
	CreatedAt       time.Time `db:"created_at" json:"created_at"`
	UpdatedAt       time.Time `db:"updated_at" json:"updated_at"`
}

// Key is something a person is known by.
type Key struct {
	Kind  string `db:"kind" json:"kind"`
	Value string `db:"value" json:"value"`
}

// Person is what one source says about a person. Empty fields say nothing. The strongest key that is known decides who
// it is; among equals the first.
type Person struct {
	Keys         []Key
	Code         string
	Name         string
	Gender       string
	Birthday     string
	Province     string
	City         string
	Source       string
	Store        string
	Level        string
	Zone         string    // IANA name
	RegisteredAt time.Time // zero: not known
	// SeenAt is the earliest time the source saw the person; it stands in for an unknown registration.
	SeenAt time.Time
}

// Ref is who a Person turned out to be.
type Ref struct {
	Number   uint32
	Created  bool
	Changed  bool // something about an existing person is new
	Conflict bool // one of the keys belongs to somebody else, who keeps it: a person decides
}

// Attributes is what the audience engine may ask about the person.
func (c Customer) Attributes() event.Attributes {
	return event.Attributes{
		Registered: c.RegisteredAt, Gender: c.Gender, Birthday: c.Birthday, Province: c.Province, City: c.City,
		Source: c.Source, Store: c.Store, Owner: c.Owner, Level: c.Level,
		HasPhone: c.Phone != "", HasEmail: c.Email != "", Erased: c.Erased && c.MergedInto == 0, Merged: c.MergedInto != 0,
	}
}

// Fact tells the loop what the person is now.
func (c Customer) Fact(at time.Time) (event.Fact, error) {
	props, err := json.Marshal(c.Attributes())
	if err != nil {
		return event.Fact{}, fmt.Errorf("attributes of %s: %w", c.ID, err)
	}
	return event.Fact{
		ID: fmt.Sprintf("%s/changed/%d", c.ID, at.UnixMicro()), Name: event.CustomerChanged,
		Customer: c.Number, At: at, Subject: c.ID, Props: props,
	}, nil
}

// Learn takes over what a source says and reports whether anything is new. What is known stays, except that a
// registration that is known replaces one that was inferred, and an earlier inference a later one.
func (c *Customer) Learn(p Person) (changed bool) {
	fill := func(to *string, from string) {
		if *to == "" && from != "" {
			*to, changed = from, true
		}
	}
	fill(&c.Code, p.Code)
	fill(&c.Name, p.Name)
	fill(&c.Gender, p.Gender)
	fill(&c.Birthday, p.Birthday)
	fill(&c.Province, p.Province)
	fill(&c.City, p.City)
	fill(&c.Source, p.Source)
	fill(&c.Store, p.Store)
	if p.Level != "" && p.Level != c.Level { // a level is a state, not a birthmark: the newest word counts
		c.Level, changed = p.Level, true
	}
	if p.Zone != "" && p.Zone != c.Zone { // people move
		c.Zone, changed = p.Zone, true
	}
	for _, k := range p.Keys {
		switch k.Kind {
		case KeyPhone:
			fill(&c.Phone, k.Value)
		case KeyEmail:
			fill(&c.Email, k.Value)
		}
	}
	switch {
	case !p.RegisteredAt.IsZero() && (!c.RegisteredKnown || p.RegisteredAt.Before(c.RegisteredAt)):
		c.RegisteredAt, c.RegisteredKnown, changed = p.RegisteredAt, true, true
	case !c.RegisteredKnown && !p.SeenAt.IsZero() && (c.RegisteredAt.IsZero() || p.SeenAt.Before(c.RegisteredAt)):
		c.RegisteredAt, changed = p.SeenAt, true
	}
	return changed
}
