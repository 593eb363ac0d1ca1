// Package presale sells before it sends (预售): a deposit (定金) in one span of time keeps units for a customer and counts for more than it
// was (膨胀); in a later span she pays the tail (尾款), by an order like any other. Who does not pay it loses the deposit or has it back, as
// the presale said when she agreed; of a presale that is stopped everybody has it back.
package presale

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
)

// Kind is what a sale that pays a tail is called among the forms of selling.
const Kind = "presale"

// PayWithin is how long units are kept for somebody who has not paid the deposit.
const PayWithin = 15 * time.Minute

// Grace is how long news of a tail that was paid in time may take, before the deposit is lost.
const Grace = 2 * time.Minute

// Limits of a draft.
const (
	MaxItems = 50
	maxFen   = 1e10
	maxSpan  = 366 * 24 * time.Hour
)

// ItemDraft is a SKU of a presale as an operator writes it; amounts are of one unit.
type ItemDraft struct {
	SKU        string `json:"sku" maxLength:"64"`
	PriceFen   int64  `json:"price_fen" minimum:"1" maximum:"10000000000" doc:"What it costs in all, before what the deposit counts for beyond what it is"`
	DepositFen int64  `json:"deposit_fen" minimum:"1" maximum:"10000000000"`
	WorthFen   int64  `json:"worth_fen" minimum:"1" maximum:"10000000000" doc:"What the deposit counts for when the tail is paid; from the deposit up to the price"`
	Units      int64  `json:"units" minimum:"1" maximum:"10000000" doc:"To be sold so"`
}

// Draft is a presale as an operator writes it.
type Draft struct {
	Name         string      `json:"name" maxLength:"40"`
	Goods        string      `json:"goods" maxLength:"64" doc:"Id of the goods whose SKUs it sells"`
	Items        []ItemDraft `json:"items" minItems:"1" maxItems:"50"`
	Keep         bool        `json:"keep" doc:"The deposit of who does not pay the tail is not returned (定金不退)"`
	PerPerson    int64       `json:"per_person" minimum:"1" maximum:"1000" doc:"Units one person may have"`
	StartsAt     time.Time   `json:"starts_at" doc:"From when deposits are taken"`
	EndsAt       time.Time   `json:"ends_at" doc:"Until when"`
	TailStartsAt time.Time   `json:"tail_starts_at" doc:"From when tails are paid; not before deposits end"`
	TailEndsAt   time.Time   `json:"tail_ends_at" doc:"Until when"`
	ShipBy       time.Time   `json:"ship_by" doc:"By when it is promised to be sent"`
}

// State is where a presale stands.
type State string

// The states of a presale: what staff did, and what time did.
const (
	Drafted   State = "draft"     // nobody sees it
	Scheduled State = "scheduled" // deposits are taken from StartsAt
	On        State = "on"        // deposits are taken
	Waiting   State = "waiting"   // deposits ended, tails are not paid yet
	Tail      State = "tail"      // tails are paid
	Ended     State = "ended"
	Stopped   State = "stopped" // by staff: deposits go back
)

// Presale is a presale without its SKUs.
type Presale struct {
	ID           string    `db:"id" json:"id"`
	Name         string    `db:"name" json:"name"`
	Goods        string    `db:"goods" json:"goods"`
	Keep         bool      `db:"keep" json:"keep" doc:"The deposit of who does not pay the tail is not returned"`
	PerPerson    int64     `db:"per_person" json:"per_person"`
	StartsAt     time.Time `db:"starts_at" json:"starts_at"`
	EndsAt       time.Time `db:"ends_at" json:"ends_at"`
	TailStartsAt time.Time `db:"tail_starts_at" json:"tail_starts_at"`
	TailEndsAt   time.Time `db:"tail_ends_at" json:"tail_ends_at"`
	ShipBy       time.Time `db:"ship_by" json:"ship_by"`
	PublishedAt  time.Time `db:"published_at" json:"published_at,omitzero"`
	StoppedAt    time.Time `db:"stopped_at" json:"stopped_at,omitzero"`
	Settled      bool      `db:"settled" json:"settled" doc:"It ended, and every deposit followed"`
	Version      int64     `db:"version" json:"version"`
	By           string    `db:"made_by" json:"by"`
	CreatedAt    time.Time `db:"created_at" json:"created_at"`
	UpdatedAt    time.Time `db:"updated_at" json:"updated_at"`
}

// Item is a SKU of a presale; amounts are of one unit.
type Item struct {
	Presale    string `db:"presale" json:"-"`
	SKU        string `db:"sku" json:"sku"`
	PriceFen   int64  `db:"price_fen" json:"price_fen"`
	DepositFen int64  `db:"deposit_fen" json:"deposit_fen"`
	WorthFen   int64  `db:"worth_fen" json:"worth_fen"`
	Units      int64  `db:"units" json:"units"`
	Taken      int64  `db:"taken" json:"taken" doc:"Units that people have, their deposit paid or not yet"`
}

// Left is the units that nobody has.
func (i *Item) Left() int64 { return i.Units - i.Taken }

// StateAt says where a presale stands at an instant.
func (p *Presale) StateAt(now time.Time) State {
	switch {
	case !p.StoppedAt.IsZero():
		return Stopped
	case p.PublishedAt.IsZero():
		return Drafted
	case now.Before(p.StartsAt):
		return Scheduled
	case now.Before(p.EndsAt):
		return On
	case now.Before(p.TailStartsAt):
		return Waiting
	case now.Before(p.TailEndsAt):
		return Tail
	}
	return Ended
}

// BookingState is where a customer's units of a presale stand.
type BookingState string

// The states of a booking.
const (
	Unpaid    BookingState = "unpaid"    // units are kept; the deposit is to be paid
	Deposited BookingState = "deposited" // the tail is to be paid, when its time comes
	Done      BookingState = "done"      // the tail was paid: it is an order
	Closed    BookingState = "closed"    // the deposit was never paid
	Forfeited BookingState = "forfeited" // the tail was never paid: the deposit is the brand's
	Returned  BookingState = "returned"  // the deposit went back
	Refunded  BookingState = "refunded"  // the order came back, all of it
)

// Why a booking ended without goods.
const (
	ByCustomer = "customer"
	ByTimeout  = "timeout"
	ByStop     = "stop" // the brand stopped the presale
	ByStaff    = "staff"
)

// Booking is a customer's units of one SKU of a presale; amounts are of all its units.
type Booking struct {
	ID          string       `db:"id" json:"id"`
	Presale     string       `db:"presale" json:"presale"`
	SKU         string       `db:"sku" json:"sku"`
	Customer    uint32       `db:"customer" json:"customer"`
	Request     string       `db:"request" json:"-"`
	State       BookingState `db:"state" json:"state" enum:"unpaid,deposited,done,closed,forfeited,returned,refunded"`
	Units       int64        `db:"units" json:"units"`
	DepositFen  int64        `db:"deposit_fen" json:"deposit_fen"`
	WorthFen    int64        `db:"worth_fen" json:"worth_fen" doc:"What the deposit counts for"`
	WalletFen   int64        `db:"wallet_fen" json:"wallet_fen" doc:"Of the deposit from the balance"`
	CashFen     int64        `db:"cash_fen" json:"cash_fen" doc:"Of it by WeChat Pay"`
	ReturnedFen int64        `db:"returned_fen" json:"returned_fen" doc:"Of it given back"`
	Payment     string       `db:"payment" json:"payment"`
	Sale        string       `db:"sale" json:"sale" doc:"The order that pays the tail, or paid it; empty while there is none"`
	Layer       string       `db:"layer" json:"layer"`
	Why         string       `db:"why" json:"why" doc:"Why it ended without goods: customer, timeout, stop, staff"`
	Told        bool         `db:"told" json:"-"`
	DueAt       time.Time    `db:"due_at" json:"due_at,omitzero" doc:"Until when the deposit can be paid"`
	AgreedAt    time.Time    `db:"agreed_at" json:"agreed_at" doc:"When she agreed to what becomes of the deposit"`
	PlacedAt    time.Time    `db:"placed_at" json:"placed_at"`
	PaidAt      time.Time    `db:"paid_at" json:"paid_at,omitzero" doc:"When the deposit was paid"`
	EndedAt     time.Time    `db:"ended_at" json:"ended_at,omitzero"`
}

// Booked reports whether an id is a booking's.
func Booked(id string) bool { return strings.HasPrefix(id, idPrefix+"_") }

const idPrefix = "psb"

// fromWallet is what of the first fen given back goes to the balance; the rest goes where cash came from.
func (b *Booking) fromWallet(fen int64) int64 { return money.Share(b.WalletFen, fen, b.DepositFen) }

// check says the first thing that is wrong with a draft, whatever is stored.
func (d *Draft) check() error {
	d.Name, d.Goods = strings.TrimSpace(d.Name), strings.TrimSpace(d.Goods)
	bad := func(field, code, text string) error { return errs.New(errs.Invalid, code, "%s", text).At(field) }
	switch {
	case d.Name == "" || utf8.RuneCountInString(d.Name) > 40:
		return bad("name", "presale.name", "a presale has a name of up to 40 characters")
	case d.Goods == "":
		return bad("goods", "presale.goods", "a presale sells goods")
	case len(d.Items) == 0 || len(d.Items) > MaxItems:
		return bad("items", "presale.items", "a presale has 1 to 50 SKUs")
	case d.PerPerson < 1 || d.PerPerson > 1000:
		return bad("per_person", "presale.per_person", "a person may have 1 to 1,000 units")
	}
	seen := map[string]bool{}
	for i := range d.Items {
		it := &d.Items[i]
		at := func(field string) string { return fmt.Sprintf("items.%d.%s", i, field) }
		switch {
		case it.SKU == "" || len(it.SKU) > 64:
			return bad(at("sku"), "presale.sku", "choose a SKU")
		case seen[it.SKU]:
			return bad(at("sku"), "presale.sku_twice", "a SKU is named once")
		case it.PriceFen < 1 || it.PriceFen > maxFen:
			return bad(at("price_fen"), "presale.price", "the price is above zero")
		case it.DepositFen < 1 || it.DepositFen >= it.PriceFen:
			return bad(at("deposit_fen"), "presale.deposit", "the deposit is above zero and below the price")
		case it.WorthFen < it.DepositFen || it.WorthFen >= it.PriceFen:
			return bad(at("worth_fen"), "presale.worth", "the deposit counts for at least what it is, and for less than the price")
		case it.Units < 1 || it.Units > 1e7:
			return bad(at("units"), "presale.units", "1 to 10,000,000 units are sold")
		}
		seen[it.SKU] = true
	}
	return d.windows(bad)
}

// windows checks the times of a draft against each other.
func (d *Draft) windows(bad func(field, code, text string) error) error {
	for _, t := range []*time.Time{&d.StartsAt, &d.EndsAt, &d.TailStartsAt, &d.TailEndsAt, &d.ShipBy} {
		*t = t.UTC().Truncate(time.Microsecond)
	}
	switch {
	case d.StartsAt.IsZero() || d.StartsAt.Year() < 2000 || d.StartsAt.Year() > 2200:
		return bad("starts_at", "presale.starts", "say from when deposits are taken")
	case !d.EndsAt.After(d.StartsAt):
		return bad("ends_at", "presale.ends", "deposits end after they begin")
	case d.TailStartsAt.Before(d.EndsAt):
		return bad("tail_starts_at", "presale.tail_starts", "tails are paid after deposits end")
	case !d.TailEndsAt.After(d.TailStartsAt):
		return bad("tail_ends_at", "presale.tail_ends", "tails end after they begin")
	case d.TailEndsAt.Sub(d.StartsAt) > maxSpan:
		return bad("tail_ends_at", "presale.too_long", "a presale lasts a year at most")
	case d.ShipBy.Before(d.TailStartsAt) || d.ShipBy.Sub(d.StartsAt) > 2*maxSpan:
		return bad("ship_by", "presale.ship_by", "goods are sent after the tail can be paid, within two years")
	}
	return nil
}
