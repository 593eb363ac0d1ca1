// Package loyalty keeps what customers earn by being loyal: points, which they use as money.
//
// Points are a debt of the brand from the moment they are given, at what they are worth then. Each batch remembers its value
// and gives up the part of it that its points leave with, so the ledger's account points is always the sum of the batches.
// Accounts are locked while they change, so nobody uses a point twice.
package loyalty

import (
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/money"
)

// SettingName is where Rules are kept.
const SettingName = "points"

// Rules are how points are earned and what they are worth.
type Rules struct {
	FenPerPoint     int64            `json:"fen_per_point" minimum:"1" maximum:"1000000" doc:"Paid fen that earn one point"`
	LevelPercent    map[string]int64 `json:"level_percent" doc:"By member level: points in percent of what others earn; 100 for levels not named"`
	FenPer100Points int64            `json:"fen_per_100_points" minimum:"0" maximum:"1000000" doc:"What 100 points pay"`
	MostPercent     int64            `json:"most_percent" minimum:"0" maximum:"100" doc:"How much of an order points may pay, in percent"`
	Days            int64            `json:"days" minimum:"0" maximum:"3650" doc:"How long points last; 0 is for ever"`
	ReturnedDays    int64            `json:"returned_days" minimum:"0" maximum:"365" doc:"Points that come back with a refund last at least so many days more"`
}

// Default returns the rules of a brand that has not set any: a point for each yuan, 100 points pay one yuan, for a year.
func Default() Rules {
	return Rules{FenPerPoint: 100, LevelPercent: map[string]int64{}, FenPer100Points: 100, MostPercent: 50, Days: 365, ReturnedDays: 7}
}

// Check says what is wrong with rules.
func (r Rules) Check() error {
	bad := func(field string, value, least, most int64) error {
		if value < least || value > most {
			return errs.New(errs.Invalid, "points.rules", "between %d and %d", least, most).At(field)
		}
		return nil
	}
	for _, percent := range r.LevelPercent {
		if err := bad("level_percent", percent, 0, 10000); err != nil {
			return err
		}
	}
	for _, err := range []error{
		bad("fen_per_point", r.FenPerPoint, 1, 1_000_000), bad("fen_per_100_points", r.FenPer100Points, 0, 1_000_000),
		bad("most_percent", r.MostPercent, 0, 100), bad("days", r.Days, 0, 3650), bad("returned_days", r.ReturnedDays, 0, 365),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Earned returns the points that a payment of so many fen earns at a level, rounded down.
func (r Rules) Earned(paid money.Fen, level string) int64 {
	percent, named := r.LevelPercent[level]
	if !named {
		percent = 100
	}
	if paid <= 0 || r.FenPerPoint <= 0 || percent <= 0 || paid > mostFen {
		return 0
	}
	return paid * percent / (r.FenPerPoint * 100)
}

// Worth returns what points pay, rounded down.
func (r Rules) Worth(points int64) money.Fen { return points * r.FenPer100Points / 100 }

// Bounds far below what products of them overflow at.
const (
	mostFen    = 100_000_000_000
	mostPoints = 100_000_000_000
)

// Account is what a customer has. One who never had any has a zero account.
type Account struct {
	Customer  uint32    `db:"customer" json:"customer"`
	Points    int64     `db:"points" json:"points"`
	Owed      int64     `db:"owed" json:"owed" doc:"Was to be taken back after it had been used; the next points pay it"`
	Version   int64     `db:"version" json:"-"`
	UpdatedAt time.Time `db:"updated_at" json:"updated_at"`
}

// Batch is what was given at once.
type Batch struct {
	ID           string    `db:"id" json:"id"`
	Customer     uint32    `db:"customer" json:"customer"`
	Points       int64     `db:"points" json:"points"`
	Left         int64     `db:"left_points" json:"left"`
	ValueFen     int64     `db:"value_fen" json:"value_fen" doc:"What they were worth when they were given"`
	ValueLeftFen int64     `db:"value_left_fen" json:"value_left_fen"`
	ExpiresAt    time.Time `db:"expires_at" json:"expires_at,omitzero" doc:"Absent: never"`
	Order        string    `db:"order_id" json:"order"`
	Campaign     string    `db:"campaign" json:"campaign"`
	Layer        string    `db:"layer" json:"layer"`
	CreatedAt    time.Time `db:"created_at" json:"created_at"`
}

// Kind is what changed an account.
type Kind string

// The kinds of moves.
const (
	EarnKind   Kind = "earn"
	BurnKind   Kind = "burn"
	ReturnKind Kind = "return" // a burning was given back
	RevokeKind Kind = "revoke" // an earning was taken back, or a debt was paid
	ExpireKind Kind = "expire"
	MergeKind  Kind = "merge"
)

// Move is one line of an account's statement; points are signed.
type Move struct {
	ID          string    `db:"id" json:"id"`
	Key         string    `db:"key" json:"-"`
	Customer    uint32    `db:"customer" json:"customer"`
	Kind        Kind      `db:"kind" json:"kind"`
	Points      int64     `db:"points" json:"points"`
	Owed        int64     `db:"owed" json:"owed" doc:"What it added to what is owed"`
	PointsAfter int64     `db:"points_after" json:"points_after"`
	Fen         int64     `db:"fen" json:"fen" doc:"What a burning paid, or its return took back"`
	ValueFen    int64     `db:"value_fen" json:"value_fen" doc:"What it added to the value of all points"`
	Order       string    `db:"order_id" json:"order"`
	Reason      string    `db:"reason" json:"reason"`
	By          string    `db:"made_by" json:"by"`
	At          time.Time `db:"at" json:"at"`
	BackPoints  int64     `db:"back_points" json:"back_points" doc:"Of a burning or an earning: what was given or taken back of it"`
	BackFen     int64     `db:"back_fen" json:"back_fen"`
}

// Part returns what the return of so many more points of a burning takes back in fen: in proportion, rounded so that all
// returns together are exact.
func (m Move) Part(points int64) money.Fen {
	return money.Share(m.Fen, m.BackPoints+points, -m.Points) - m.BackFen
}

// use is what a burning took of a batch.
type use struct {
	Move      string `db:"move_id"`
	Batch     string `db:"batch_id"`
	Points    int64  `db:"points"`
	Value     int64  `db:"value_fen"`
	Back      int64  `db:"back_points"`
	BackValue int64  `db:"back_value_fen"`
}

// take takes points from batches in their order, with the part of their value, and returns what of each.
func take(batches []Batch, points int64) (uses []use, value int64) {
	for _, b := range batches {
		n := min(b.Left, points)
		if n <= 0 {
			continue
		}
		u := use{Batch: b.ID, Points: n, Value: money.Share(b.ValueLeftFen, n, b.Left)}
		uses, value, points = append(uses, u), value+u.Value, points-n
	}
	return uses, value
}

// Earn gives points.
type Earn struct {
	Key       string // idempotency key
	Customer  uint32
	Points    int64     // > 0; Rules.Earned says how many
	ExpiresAt time.Time // zero: by the rules
	Order     string    // the order that earned them, or ""
	Reason    string    // "order", "check_in", "birthday", …
	Campaign  string
	Layer     string
	By        string
}

// Burn uses points as money for an order.
type Burn struct {
	Key      string // idempotency key
	Customer uint32
	Points   int64     // > 0
	Fen      money.Fen // what they pay by the quote; a Conflict when the rules have changed since
	Order    string
	Campaign string
	Layer    string
}

// Return gives points of a burning back, to the batches they came from.
type Return struct {
	Key     string        // idempotency key
	Burn    string        // Key of the burning
	Points  int64         // ≥ 0; all returns are never above what was burned
	Fen     money.Fen     // what it takes back of what they paid; Move.Part says how much by proportion
	Against money.Account // money.Deferred (also when empty), money.SalesReturns once the order was finished
	By      string
}

// Revoke takes points of an earning back: its order was refunded.
type Revoke struct {
	Key    string // idempotency key
	Earn   string // Key of the earning
	Points int64  // > 0; all together never above what was earned
	By     string
}

func (m Move) fact() event.Fact {
	name := map[Kind]string{
		EarnKind: event.PointsEarned, BurnKind: event.PointsBurned, ReturnKind: event.PointsReturned, RevokeKind: event.PointsRevoked, ExpireKind: event.PointsExpired,
	}[m.Kind]
	subject := m.Order
	if subject == "" {
		subject = m.ID
	}
	amount := m.ValueFen
	if m.Fen != 0 {
		amount = m.Fen
	}
	return event.Fact{ID: m.ID, Name: name, Customer: m.Customer, At: m.At, Subject: subject, Quantity: max(m.Points, -m.Points), Amount: max(amount, -amount), Detail: m.Reason}
}
