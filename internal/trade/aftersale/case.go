// Package aftersale is what happens after a sale: money back, goods back, other goods for them. A case is a state machine; a step is
// decided by a pure function and done in one transaction that holds the sale, so that a case, another case over the same units and a
// refund by hand never give the same thing back twice.
package aftersale

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/pricing"
)

// Kind is what a customer asks for.
type Kind string

// The kinds of cases.
const (
	Refund   Kind = "refund"   // money back: not sent yet, never arrived, or the goods stay with her
	Return   Kind = "return"   // she sends the goods back, and gets the money
	Exchange Kind = "exchange" // she sends the goods back, and gets another SKU of the same goods
)

// State is where a case stands.
type State string

// The states of a case.
const (
	Requested State = "requested" // staff decide; agreed by itself when they do not
	Asked     State = "asked"     // staff want to know more; closed when she does not answer
	Awaiting  State = "awaiting"  // agreed: she sends the goods back; closed when she does not
	Sent      State = "sent"      // the goods are on their way back
	Replacing State = "replacing" // the goods are back; others are to be sent
	Refunded  State = "refunded"  // the money was given back
	Replaced  State = "replaced"  // the others were sent
	Refused   State = "refused"   // staff said no
	Cancelled State = "cancelled" // she took it back
	Closed    State = "closed"    // its time was over
)

// States lists the states in the order of the work.
func States() []State {
	return []State{Requested, Asked, Awaiting, Sent, Replacing, Refunded, Replaced, Refused, Cancelled, Closed}
}

// Step is what can happen to a case.
type Step string

// The steps of a case.
const (
	Request Step = "request"
	Agree   Step = "agree"
	Refuse  Step = "refuse"
	Ask     Step = "ask"
	Answer  Step = "answer"
	Cancel  Step = "cancel"
	Send    Step = "send"    // the goods are on their way, under a tracking number
	Receive Step = "receive" // the goods came back and were looked at
	Reject  Step = "reject"  // the goods that came back are not what was agreed
	Replace Step = "replace" // the others are on their way
	Instead Step = "instead" // money instead of other goods
	Lapse   Step = "lapse"   // its time is over: the clock
)

// Who does a step.
const (
	ByCustomer = "customer"
	ByStaff    = "staff"
	ByClock    = "clock"
)

// mayDo is who may do which step.
var mayDo = map[Step][]string{
	Agree: {ByStaff}, Refuse: {ByStaff}, Ask: {ByStaff}, Answer: {ByCustomer}, Cancel: {ByCustomer, ByStaff}, Send: {ByCustomer, ByStaff},
	Receive: {ByStaff}, Reject: {ByStaff}, Replace: {ByStaff}, Instead: {ByStaff}, Lapse: {ByClock},
}

// review is what can happen until staff have decided; agreed is what agreeing leads to.
func review(agreed State) map[State]map[Step]State {
	return map[State]map[Step]State{
		Requested: {Agree: agreed, Lapse: agreed, Refuse: Refused, Ask: Asked, Cancel: Cancelled},
		Asked:     {Answer: Requested, Agree: agreed, Refuse: Refused, Cancel: Cancelled, Lapse: Closed},
	}
}

// sending is what can happen while the goods come back; received is what their arrival leads to.
func sending(all map[State]map[Step]State, received State) map[State]map[Step]State {
	all[Awaiting] = map[Step]State{Send: Sent, Receive: received, Cancel: Cancelled, Lapse: Closed}
	all[Sent] = map[Step]State{Send: Sent, Receive: received, Reject: Refused}
	return all
}

// machines are the state machines: what can happen to a case of a kind, and what it is then.
var machines = map[Kind]map[State]map[Step]State{
	Refund: review(Refunded),
	Return: sending(review(Awaiting), Refunded),
	Exchange: func() map[State]map[Step]State {
		m := sending(review(Awaiting), Replacing)
		m[Replacing] = map[Step]State{Replace: Replaced, Instead: Refunded}
		return m
	}(),
}

// Ended reports whether nothing can happen any more.
func (s State) Ended() bool {
	switch s {
	case Refunded, Replaced, Refused, Cancelled, Closed:
		return true
	}
	return false
}

// effect is what a step does beside changing the state.
type effect struct {
	give    bool // money, points and coupons go back
	reserve bool // other goods are promised
	release bool // the promise is taken back
	take    bool // the promised goods leave the stock
	arrive  bool // the goods came back: good ones can be sold again, the insurance pays
}

// decide says what a step does to a case of a kind that is in a state, by whom; what cannot be is a Conflict.
func decide(kind Kind, state State, what Step, who string) (State, effect, error) {
	next, ok := machines[kind][state][what]
	if !ok || !slices.Contains(mayDo[what], who) {
		return state, effect{}, errs.New(errs.Conflict, "after_sale.state", "a case that is %s cannot %s", state, what).With("state", string(state))
	}
	e := effect{give: next == Refunded, arrive: what == Receive}
	if kind == Exchange {
		e.reserve = next == Awaiting
		e.take = what == Replace
		promised := state == Awaiting || state == Sent || state == Replacing
		e.release = promised && (next == Cancelled || next == Closed || next == Refused || next == Refunded)
	}
	return next, e, nil
}

// Reasons a customer may give; those of fault are the brand's to pay for.
var (
	Reasons = []string{"no_reason", "quality", "damaged", "wrong", "not_as_described", "not_received", "not_wanted", "other"}
	faults  = []string{"quality", "damaged", "wrong", "not_as_described", "not_received"}
)

// Line is so many units of one SKU of a line of the sale.
type Line struct {
	Key      string `json:"key" maxLength:"64"`
	SKU      string `json:"sku" maxLength:"64" doc:"What the customer has: the line's, or what it was exchanged for"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"999"`
	To       string `json:"to,omitempty" maxLength:"64" doc:"The SKU that an exchange sends"`
	Name     string `json:"name,omitempty" readOnly:"true"`
	Picture  string `json:"picture,omitempty" readOnly:"true"`
	ToName   string `json:"to_name,omitempty" readOnly:"true"`
	Good     int64  `json:"good,omitempty" readOnly:"true" doc:"Units of it that can be sold again"`
}

// Case is what a customer asks for after a sale, and what became of it.
type Case struct {
	ID          string         `db:"id" json:"id"`
	Number      string         `db:"number" json:"number"`
	Sale        string         `db:"sale" json:"sale"`
	SaleNumber  string         `db:"sale_number" json:"sale_number"`
	Customer    uint32         `db:"customer" json:"customer"`
	Request     string         `db:"request" json:"-"`
	Kind        Kind           `db:"kind" json:"kind" enum:"refund,return,exchange"`
	State       State          `db:"state" json:"state" enum:"requested,asked,awaiting,sent,replacing,refunded,replaced,refused,cancelled,closed"`
	Lines       []Line         `db:"lines,json" json:"lines"`
	Reason      string         `db:"reason" json:"reason"`
	Words       string         `db:"words" json:"words"`
	Pictures    []string       `db:"pictures,json" json:"pictures"`
	Override    string         `db:"override" json:"override" doc:"Why staff opened it though its time was over"`
	MadeBy      string         `db:"made_by" json:"made_by" doc:"Staff id; empty when the customer asked"`
	Freight     bool           `db:"freight" json:"freight" doc:"The freight of the order came back too"`
	Refund      pricing.Refund `db:"refund,json" json:"refund"`
	RefundFen   int64          `db:"refund_fen" json:"refund_fen"`
	CoverFen    int64          `db:"cover_fen" json:"cover_fen" doc:"What the freight insurance pays at most; 0 is none"`
	FreightFen  int64          `db:"freight_fen" json:"freight_fen" doc:"What sending back cost, as the customer says"`
	InsuredFen  int64          `db:"insured_fen" json:"insured_fen" doc:"What the freight insurance paid"`
	Carrier     string         `db:"carrier" json:"carrier"`
	Tracking    string         `db:"tracking" json:"tracking"`
	NewCarrier  string         `db:"new_carrier" json:"new_carrier"`
	NewTracking string         `db:"new_tracking" json:"new_tracking"`
	Trouble     string         `db:"trouble" json:"trouble" doc:"Why it could not be agreed by itself: staff must decide"`
	DueAt       time.Time      `db:"due_at" json:"due_at,omitzero" doc:"When it goes on by itself; of goods on their way: when they should be here"`
	MadeAt      time.Time      `db:"made_at" json:"made_at"`
	ChangedAt   time.Time      `db:"changed_at" json:"changed_at"`
	EndedAt     time.Time      `db:"ended_at" json:"ended_at,omitzero"`
}

// Past is a step that was done.
type Past struct {
	ID       string    `db:"id" json:"id"`
	Case     string    `db:"case_id" json:"-"`
	Request  string    `db:"request" json:"-"`
	Step     Step      `db:"step" json:"step"`
	State    State     `db:"state" json:"state" doc:"What the case was then"`
	Who      string    `db:"who" json:"who" enum:"customer,staff,clock"`
	By       string    `db:"made_by" json:"by" doc:"Staff id"`
	Note     string    `db:"note" json:"note"`
	Pictures []string  `db:"pictures,json" json:"pictures"`
	At       time.Time `db:"at" json:"at"`
}

// Rules are the times of after-sale, and the freight insurance.
type Rules struct {
	Days         int64    `json:"days" minimum:"0" maximum:"365" doc:"After receipt, in which a customer may ask"`
	AnswerHours  int64    `json:"answer_hours" minimum:"1" maximum:"720" doc:"In which staff decide; then it is agreed by itself"`
	AskHours     int64    `json:"ask_hours" minimum:"1" maximum:"720" doc:"In which a customer answers; then it is closed"`
	SendDays     int64    `json:"send_days" minimum:"1" maximum:"60" doc:"In which she sends the goods back; then it is closed"`
	ReceiveDays  int64    `json:"receive_days" minimum:"1" maximum:"60" doc:"In which goods that were sent should be here"`
	CoverFen     int64    `json:"cover_fen" minimum:"0" maximum:"1000000" doc:"What the freight insurance pays at most; 0 is no insurance"`
	CoverFromFen int64    `json:"cover_from_fen" minimum:"0" maximum:"10000000000" doc:"The total from which orders are insured for nothing"`
	CoverLayers  []string `json:"cover_layers" maxItems:"10" doc:"Layers whose orders are insured for nothing; empty is all"`
	CoverGiven   bool     `json:"cover_given" doc:"Orders of these are insured for nothing"`
	CoverSKU     string   `json:"cover_sku" maxLength:"64" doc:"The SKU by which others buy the insurance with their order; empty: it is not for sale"`
}

// DefaultRules are the rules until somebody sets others: seven days, as the law of distance selling has it.
func DefaultRules() Rules {
	return Rules{Days: 7, AnswerHours: 48, AskHours: 72, SendDays: 7, ReceiveDays: 10, CoverLayers: []string{}}
}

// SettingName is under which Rules are kept.
const SettingName = "store.after_sale"

// Check reports the first thing that is wrong with rules.
func (r Rules) Check() error {
	for _, f := range []struct {
		field              string
		value, least, most int64
	}{
		{"days", r.Days, 0, 365}, {"answer_hours", r.AnswerHours, 1, 720}, {"ask_hours", r.AskHours, 1, 720}, {"send_days", r.SendDays, 1, 60},
		{"receive_days", r.ReceiveDays, 1, 60}, {"cover_fen", r.CoverFen, 0, 1_000_000}, {"cover_from_fen", r.CoverFromFen, 0, 1e10},
	} {
		if f.value < f.least || f.value > f.most {
			return errs.New(errs.Invalid, "after_sale.rules", "%s is between %d and %d", f.field, f.least, f.most).At(f.field)
		}
	}
	return nil
}

// due is when a case that has come into a state goes on by itself; zero when it waits for somebody.
func (r Rules) due(state State, now time.Time) time.Time {
	hours := func(n int64) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	switch state {
	case Requested:
		return hours(r.AnswerHours)
	case Asked:
		return hours(r.AskHours)
	case Awaiting:
		return hours(24 * r.SendDays)
	case Sent:
		return hours(24 * r.ReceiveDays)
	}
	return time.Time{}
}

// cover is what the freight insurance of a sale pays at most.
func (r Rules) cover(sale *checkout.Sale) int64 {
	bought := r.CoverSKU != "" && slices.ContainsFunc(sale.Lines, func(l checkout.Line) bool { return l.SKU == r.CoverSKU })
	given := r.CoverGiven && sale.TotalFen >= r.CoverFromFen && (len(r.CoverLayers) == 0 || slices.Contains(r.CoverLayers, sale.Layer))
	if bought || given {
		return r.CoverFen
	}
	return 0
}

// unit is a SKU that came with a line of a sale, or that it was exchanged for.
type unit struct{ key, sku string }

// left is what a customer still has of a sale and asked nothing about: units by line and SKU.
func left(lines []checkout.Line, bought []pricing.Line, given map[string]pricing.Given, cases []Case) map[unit]int64 {
	out, sku := map[unit]int64{}, map[string]string{}
	for _, l := range lines {
		sku[l.Key] = l.SKU
	}
	for _, l := range bought {
		out[unit{l.Key, l.SKU}] += l.Quantity
	}
	back := map[string]int64{} // units that cases gave back
	for _, c := range cases {
		for _, l := range c.Lines {
			switch {
			case c.State == Replaced:
				out[unit{l.Key, l.SKU}] -= l.Quantity
				out[unit{l.Key, l.To}] += l.Quantity
			case c.State == Refunded && c.gaveUnits(l.Key):
				out[unit{l.Key, l.SKU}] -= l.Quantity
				back[l.Key] += l.Quantity
			case !c.State.Ended():
				out[unit{l.Key, l.SKU}] -= l.Quantity
			}
		}
	}
	for key, g := range given { // and what was given back by hand: of what was bought first
		byHand := g.Quantity - back[key]
		for _, u := range slices.SortedFunc(maps.Keys(out), func(a, b unit) int {
			return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(prefer(a, sku), prefer(b, sku)), cmp.Compare(a.sku, b.sku))
		}) {
			if u.key == key && byHand > 0 {
				n := min(byHand, max(out[u], 0))
				out[u] -= n
				byHand -= n
			}
		}
	}
	for u, n := range out {
		if n <= 0 {
			delete(out, u)
		}
	}
	return out
}

func prefer(u unit, bought map[string]string) int {
	if bought[u.key] == u.sku {
		return 0
	}
	return 1
}

// gaveUnits reports whether the refund of a case took units of a line back, not only money.
func (c *Case) gaveUnits(key string) bool {
	return slices.ContainsFunc(c.Refund.Lines, func(l pricing.RefundLine) bool { return l.Key == key && l.Quantity > 0 })
}

// kinds says what may be asked about a line of a sale now, nothing where its time is over.
func (r Rules) kinds(sale *checkout.Sale, l checkout.Line, now time.Time) []Kind {
	if sale.OrderID == "" || sale.State == checkout.Refunded || l.SKU == r.CoverSKU && r.CoverSKU != "" {
		return nil
	}
	if !sale.FinishedAt.IsZero() && now.After(sale.FinishedAt.AddDate(0, 0, int(r.Days))) {
		return nil
	}
	goes := l.Kind == catalog.KindPhysical || l.Kind == catalog.KindConsumable
	if goes && (!sale.ShippedAt.IsZero() || !sale.FinishedAt.IsZero()) {
		return []Kind{Refund, Return, Exchange}
	}
	return []Kind{Refund}
}

// giving is what a case gives back: its units, or amounts of lines whose goods stay; and the freight.
func (c *Case) giving(amounts map[string]int64, freight bool) pricing.Giving {
	g := pricing.Giving{Amounts: amounts}
	if len(amounts) == 0 {
		g.Units = map[string]int64{}
		for _, l := range c.Lines {
			g.Units[l.Key] += l.Quantity
		}
	}
	if freight {
		if g.Units == nil {
			g.Units = map[string]int64{}
		}
		g.Units[pricing.FreightKey] = 1
	}
	return g
}

// freight says whether the freight can come back with units, whether it does unless staff say otherwise, and whether it must: freight that
// a coupon paid has nothing to give, but goes out of the books with the last unit.
func freight(sale *checkout.Sale, given map[string]pricing.Given, units map[string]int64, reason string) (can, does, must bool) {
	f := sale.Quote.Freight
	if f.ListFen == 0 || given[pricing.FreightKey].Quantity > 0 {
		return false, false, false
	}
	all := true
	for _, l := range sale.Quote.Lines {
		all = all && given[l.Key].Quantity+units[l.Key] >= l.Quantity
	}
	if f.PayFen == 0 {
		must = all && sale.FinishedAt.IsZero()
		return must, must, must
	}
	unsent := sale.ShippedAt.IsZero() && sale.FinishedAt.IsZero()
	return true, all && (unsent || slices.Contains(faults, reason)), false
}
