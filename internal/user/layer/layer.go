package layer

// Stage is where a customer is in life with the brand.
type Stage string

// The lifecycle stages.
const (
	StageNew     Stage = "new"
	StageGrowing Stage = "growing"
	StageMature  Stage = "mature"
	StageSilent  Stage = "silent"
	StageAtRisk  Stage = "at_risk"
	StageLost    Stage = "lost"
)

// Stages lists the codes in the order in which a state stores them; place 0 is nobody's.
var Stages = []Stage{"", StageNew, StageGrowing, StageMature, StageSilent, StageAtRisk, StageLost}

const (
	stageNew uint8 = iota + 1
	stageGrowing
	stageMature
	stageSilent
	stageAtRisk
	stageLost
)

// Layer is the one group a customer is looked after in.
type Layer string

// The layers.
const (
	VIP       Layer = "vip"
	Potential Layer = "potential"
	New       Layer = "new"
	Silent    Layer = "silent"
	Lost      Layer = "lost"
)

// Layers lists the codes in the order in which a state stores them; place 0 is nobody's.
var Layers = []Layer{"", VIP, Potential, New, Silent, Lost}

const (
	layerVIP uint8 = iota + 1
	layerPotential
	layerNew
	layerSilent
	layerLost
)

// Reason is why a customer is in the layer; its part before the dot is the layer. A screen words it in the reader's
// language with the values of Why.
type Reason string

// The reasons.
const (
	VIPValue           Reason = "vip.value"            // spends enough and keeps coming
	VIPPseudo          Reason = "vip.pseudo"           // spends enough, but is about to leave: pseudo-high-value
	PotentialRising    Reason = "potential.rising"     // few orders, middling average, active, registered a while ago
	PotentialRegular   Reason = "potential.regular"    // buys and is not silent, and is neither new, rising nor VIP
	NewRegistered      Reason = "new.registered"       // registered lately, not bought yet
	NewFirstOrder      Reason = "new.first_order"      // first order lately
	NewNotBought       Reason = "new.not_bought"       // never bought, but still comes by
	SilentFirst        Reason = "silent.first"         // silent, and worth calling first
	SilentNoOrder      Reason = "silent.no_order"      // no order for a while
	SilentNoContact    Reason = "silent.no_contact"    // no interaction for a while
	SilentNeverBought  Reason = "silent.never_bought"  // silent without ever having bought
	SilentNothingKnown Reason = "silent.nothing_known" // no registration date, no order, no interaction
	LostBought         Reason = "lost.bought"          // once a buyer
	LostNeverBought    Reason = "lost.never_bought"
)

// Reasons lists the codes in the order in which a state stores them; place 0 is nobody's.
var Reasons = []Reason{
	"", VIPValue, VIPPseudo, PotentialRising, PotentialRegular, NewRegistered, NewFirstOrder, NewNotBought,
	SilentFirst, SilentNoOrder, SilentNoContact, SilentNeverBought, SilentNothingKnown, LostBought, LostNeverBought,
}

const (
	reasonVIPValue uint16 = iota + 1
	reasonVIPPseudo
	reasonPotentialRising
	reasonPotentialRegular
	reasonNewRegistered
	reasonNewFirstOrder
	reasonNewNotBought
	reasonSilentFirst
	reasonSilentNoOrder
	reasonSilentNoContact
	reasonSilentNeverBought
	reasonSilentNothingKnown
	reasonLostBought
	reasonLostNeverBought
)

// never stands for a number of days since something that has not happened.
const never int32 = -1

// person is what the rules look at: one customer as of one day. Days are whole calendar days, never where there is no such
// day.
type person struct {
	registered  int32 // days since registration, or since the first fact when registration is unknown or later
	firstOrder  int32 // days since the first order
	lastOrder   int32 // days since the last order
	lastSeen    int32 // days since the last interaction, orders included
	orders      int32 // ever
	spent       int64 // fen, ever
	spentWindow int64 // fen, in the VIP window
	visits      int32 // in the activity window
}

// quiet is the number of days without any sign of life: interaction, order or registration.
func (p *person) quiet() int32 {
	quiet := p.registered
	for _, d := range [...]int32{p.lastSeen, p.lastOrder} {
		if d != never && (quiet == never || d < quiet) {
			quiet = d
		}
	}
	return quiet
}

// stage returns the lifecycle stage. The first month belongs to new and growing; after it the length of silence decides.
// Who never bought but keeps coming by is still growing. A person of whom nothing is known is silent.
func (l *LifecycleRules) stage(p *person) uint8 {
	quiet := p.quiet()
	switch {
	case quiet == never:
		return stageSilent
	case p.registered < int32(l.GrowingFromDays):
		return stageNew
	case p.registered <= int32(l.GrowingToDays):
		return stageGrowing
	case quiet > int32(l.LostAfterDays):
		return stageLost
	case quiet >= int32(l.AtRiskDays):
		return stageAtRisk
	case quiet >= int32(l.SilentNoContactDays), p.lastOrder >= int32(l.SilentNoOrderDays):
		return stageSilent
	case p.orders == 0:
		return stageGrowing
	}
	return stageMature
}

// active reports whether the person came by often enough lately.
func (a *ActivityRules) active(p *person) bool { return p.visits >= int32(a.Visits) }

// warned is the churn warning R ≥ n days and F = 0: registered for a while and never bought.
func (l *LifecycleRules) warned(p *person) bool {
	return p.orders == 0 && p.registered >= int32(l.WarnNoOrderDays)
}

// layer returns the one layer and the reason, given the stage and the spending in the window that counts as high.
// Every person, whatever the facts, ends in exactly one branch.
func (d *Definition) layer(p *person, stage uint8, highSpend int64) (uint8, uint16) {
	l := &d.Layers
	bought := p.orders > 0
	switch {
	case stage == stageLost && bought:
		return layerLost, reasonLostBought
	case stage == stageLost:
		return layerLost, reasonLostNeverBought
	case bought && l.VIP.holds(p, highSpend):
		if l.VIP.pseudo(p, stage) {
			return layerVIP, reasonVIPPseudo
		}
		return layerVIP, reasonVIPValue
	case !bought && p.registered != never && p.registered <= int32(l.New.Days):
		return layerNew, reasonNewRegistered
	case bought && p.firstOrder <= int32(l.New.Days) && p.orders <= int32(l.New.MaxOrders):
		return layerNew, reasonNewFirstOrder
	case stage == stageSilent || stage == stageAtRisk:
		return layerSilent, l.Silent.reason(p, &d.Lifecycle)
	case !bought:
		return layerNew, reasonNewNotBought
	case l.Potential.rising(p, d.Activity.active(p)):
		return layerPotential, reasonPotentialRising
	}
	return layerPotential, reasonPotentialRegular
}

func (v *VIPRules) holds(p *person, highSpend int64) bool {
	return p.spentWindow >= highSpend && p.spentWindow > 0 && p.orders >= int32(v.MinOrders) &&
		p.spent >= v.MinLifetimeFen && p.lastOrder <= int32(v.MaxNoOrderDays)
}

// pseudo: high spending with a high risk of leaving.
func (v *VIPRules) pseudo(p *person, stage uint8) bool {
	if stage == stageAtRisk {
		return true
	}
	if v.PseudoNoContactDays > 0 && p.lastSeen >= int32(v.PseudoNoContactDays) {
		return true
	}
	return v.late(p)
}

// late says that somebody who bought more than once has been away for more than the factor times the mean gap between the orders.
func (v *VIPRules) late(p *person) bool {
	if v.PseudoGapFactor <= 0 || p.orders < 2 {
		return false
	}
	gap := float64(p.firstOrder-p.lastOrder) / float64(p.orders-1)
	return float64(p.lastOrder) > max(v.PseudoGapFactor*gap, 7) // nobody is leaving within a week of an order
}

// first tells the silent worth calling first: what they spent per month while they were buying was above the mark, and
// they have not bought again for long.
func (s *SilentRules) first(p *person) bool {
	return p.orders > 0 && p.lastOrder >= int32(s.FirstNoOrderDays) && p.monthly() > s.FirstMonthlyFen
}

// monthly is the spending per month of 30 days from the first order to the last, of at least one month.
func (p *person) monthly() int64 {
	days := int64(max(p.firstOrder-p.lastOrder, 30))
	return p.spent * 30 / days
}

func (s *SilentRules) reason(p *person, l *LifecycleRules) uint16 {
	switch {
	case s.first(p):
		return reasonSilentFirst
	case p.quiet() == never:
		return reasonSilentNothingKnown
	case p.orders == 0:
		return reasonSilentNeverBought
	case p.lastOrder >= int32(l.SilentNoOrderDays):
		return reasonSilentNoOrder
	}
	return reasonSilentNoContact
}

func (r *PotentialRules) rising(p *person, active bool) bool {
	if p.orders < int32(r.MinOrders) || p.orders > int32(r.MaxOrders) || (r.MustBeActive && !active) {
		return false
	}
	average := p.spent / int64(p.orders)
	if average < r.MinAverageFen || (r.MaxAverageFen > 0 && average > r.MaxAverageFen) {
		return false
	}
	return p.registered >= int32(r.RegisteredMinDays) && p.registered <= int32(r.RegisteredMaxDays)
}

// A Flag is something said of a customer besides the one layer.
type Flag string

// The flags.
const (
	Active          Flag = "active"            // came by often enough lately
	PseudoHighValue Flag = "pseudo_high_value" // inside VIP
	CallFirst       Flag = "call_first"        // the valuable part of the silent
	ChurnWarning    Flag = "churn_warning"     // registered for a while and never bought
	Overdue         Flag = "overdue"           // a regular buyer away for much longer than between the orders before
)

// Flags lists the flags in the order of their bits.
var Flags = []Flag{Active, PseudoHighValue, CallFirst, ChurnWarning, Overdue}

const (
	flagActive uint8 = 1 << iota
	flagPseudo
	flagFirst
	flagWarned
	flagOverdue
)
