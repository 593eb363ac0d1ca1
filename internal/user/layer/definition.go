package layer

import (
	"fmt"
	"math"

	"huoshui/internal/platform/errs"
)

// Definition is everything an operator may decide about scores, stages and layers. Days are calendar days in the
// business zone; amounts are fen.
type Definition struct {
	Preset    string         `json:"preset" enum:"retail,pet_food,mother_baby,custom" doc:"The industry preset it began as, or custom"`
	RFM       RFMRules       `json:"rfm"`
	Activity  ActivityRules  `json:"activity"`
	Lifecycle LifecycleRules `json:"lifecycle"`
	Layers    LayerRules     `json:"layers"`
}

// RFMRules say how orders become scores and classes.
type RFMRules struct {
	Method           Method  `json:"method" enum:"quantile,kmeans,manual"`
	WindowDays       int     `json:"window_days" doc:"Orders of the last so many days count; 0 counts all"`
	NetRefunds       bool    `json:"net_refunds" doc:"Take money given back in the window off monetary"`
	WinsorisePercent float64 `json:"winsorise_percent" doc:"Share of values at each end pulled in before breaks are found, in percent"`
	Manual           Cuts    `json:"manual" doc:"Breaks of the manual method"`
	HighBy           HighBy  `json:"high_by" enum:"score,mean"`
	HighFrom         int     `json:"high_from" doc:"With high_by score: the least score that is high"`
}

// HighBy says what makes a score high when the eight classes are told apart.
type HighBy string

// The ways to tell high from low.
const (
	HighByScore HighBy = "score" // a score of HighFrom or more
	HighByMean  HighBy = "mean"  // a score above the mean score of all buyers
)

// ActivityRules say who is active: at least Visits visits within the last Days days. Page views less than half an hour apart
// are one visit.
type ActivityRules struct {
	Visits int `json:"visits"`
	Days   int `json:"days"`
}

// LifecycleRules say where a stage begins. A person's silence is counted from the last interaction, order or
// registration, whichever is latest.
type LifecycleRules struct {
	GrowingFromDays     int `json:"growing_from_days" doc:"Registered for fewer days: new"`
	GrowingToDays       int `json:"growing_to_days" doc:"Registered for so many days at most: growing"`
	SilentNoOrderDays   int `json:"silent_no_order_days" doc:"Silent after so many days without an order"`
	SilentNoContactDays int `json:"silent_no_contact_days" doc:"Silent after so many days without an interaction"`
	AtRiskDays          int `json:"at_risk_days" doc:"At risk after so many days without any sign of life"`
	LostAfterDays       int `json:"lost_after_days" doc:"Lost when silence is longer than so many days"`
	WarnNoOrderDays     int `json:"warn_no_order_days" doc:"Churn warning: registered for so many days and never bought"`
}

// LayerRules say who is in which layer; the first rule that holds decides, in the order lost, VIP, new, silent, potential.
type LayerRules struct {
	VIP       VIPRules       `json:"vip"`
	New       NewRules       `json:"new"`
	Silent    SilentRules    `json:"silent"`
	Potential PotentialRules `json:"potential"`
}

// VIPRules tell high value, and the part of it that is about to leave.
type VIPRules struct {
	By             SpendBy `json:"by" enum:"amount,top_share" doc:"Whether high spending is an amount or a share of buyers"`
	WindowDays     int     `json:"window_days" doc:"Spending is summed over so many days"`
	MinSpentFen    int64   `json:"min_spent_fen" doc:"With by amount: the least spending in the window"`
	TopPercent     float64 `json:"top_percent" doc:"With by top_share: the best so many percent of the window's buyers"`
	MinOrders      int     `json:"min_orders" doc:"The least number of orders ever"`
	MinLifetimeFen int64   `json:"min_lifetime_fen" doc:"The least spending ever"`
	MaxNoOrderDays int     `json:"max_no_order_days" doc:"Beyond so many days without an order a big spender is no VIP"`
	// A VIP is pseudo-high-value when any of these holds.
	PseudoNoContactDays int     `json:"pseudo_no_contact_days" doc:"So many days without an interaction; 0 switches it off"`
	PseudoGapFactor     float64 `json:"pseudo_gap_factor" doc:"Away for so many times the person's own mean gap between orders; 0 switches it off"`
}

// SpendBy says how high spending is told.
type SpendBy string

// The ways to tell high spending.
const (
	SpendByAmount   SpendBy = "amount"
	SpendByTopShare SpendBy = "top_share"
)

// NewRules says who is new: registered, or first bought, within Days and no more than MaxOrders orders.
type NewRules struct {
	Days      int `json:"days"`
	MaxOrders int `json:"max_orders"`
}

// SilentRules mark the silent who are worth calling first.
type SilentRules struct {
	FirstMonthlyFen  int64 `json:"first_monthly_fen" doc:"Spending per month above this…"`
	FirstNoOrderDays int   `json:"first_no_order_days" doc:"…and so many days without a repeat order: goes first"`
}

// PotentialRules tell the rising among the customers in between: few orders, a middling average order, active, and
// registered for a while. Everybody else in between is a regular.
type PotentialRules struct {
	MinOrders         int   `json:"min_orders"`
	MaxOrders         int   `json:"max_orders"`
	MinAverageFen     int64 `json:"min_average_fen" doc:"Least average order; 0 for no bound"`
	MaxAverageFen     int64 `json:"max_average_fen" doc:"Greatest average order; 0 for no bound"`
	RegisteredMinDays int   `json:"registered_min_days"`
	RegisteredMaxDays int   `json:"registered_max_days"`
	MustBeActive      bool  `json:"must_be_active"`
}

// Presets are the definitions shipped, by industry; the first is in force until somebody decides otherwise.
func Presets() []Definition {
	retail := Definition{
		Preset: "retail",
		RFM: RFMRules{
			Method: Quantile, WinsorisePercent: 1, HighBy: HighByScore, HighFrom: 4,
			Manual: Cuts{
				Recency:   Breaks{15, 30, 60, 120},
				Frequency: Breaks{1, 2, 4, 8},
				Monetary:  Breaks{100_00, 300_00, 800_00, 2000_00},
			},
		},
		Activity: ActivityRules{Visits: 3, Days: 7},
		Lifecycle: LifecycleRules{
			GrowingFromDays: 7, GrowingToDays: 30, SilentNoOrderDays: 30, SilentNoContactDays: 15,
			AtRiskDays: 30, LostAfterDays: 90, WarnNoOrderDays: 5,
		},
		Layers: LayerRules{
			VIP: VIPRules{
				By: SpendByAmount, WindowDays: 365, MinSpentFen: 1000_00, TopPercent: 20, MinOrders: 2, MaxNoOrderDays: 60,
				PseudoNoContactDays: 30, PseudoGapFactor: 2,
			},
			New:    NewRules{Days: 30, MaxOrders: 1},
			Silent: SilentRules{FirstMonthlyFen: 500_00, FirstNoOrderDays: 60},
			Potential: PotentialRules{
				MinOrders: 1, MaxOrders: 3, MinAverageFen: 50_00, MaxAverageFen: 500_00,
				RegisteredMinDays: 30, RegisteredMaxDays: 180, MustBeActive: true,
			},
		},
	}
	pet := retail // a bag of food lasts a month to six weeks
	pet.Preset = "pet_food"
	pet.Lifecycle.SilentNoOrderDays, pet.Lifecycle.SilentNoContactDays = 45, 21
	pet.Lifecycle.AtRiskDays, pet.Lifecycle.LostAfterDays = 45, 120
	pet.Layers.VIP.MinSpentFen, pet.Layers.VIP.MinOrders, pet.Layers.VIP.MaxNoOrderDays = 1500_00, 3, 75
	pet.Layers.VIP.PseudoNoContactDays = 45
	pet.Layers.Silent = SilentRules{FirstMonthlyFen: 300_00, FirstNoOrderDays: 60}
	pet.Layers.Potential.MinAverageFen, pet.Layers.Potential.MaxAverageFen = 80_00, 400_00

	baby := retail // a tin of formula lasts ten days, and a need ends for ever after a stage of childhood
	baby.Preset = "mother_baby"
	baby.RFM.WindowDays = 365
	baby.Lifecycle.SilentNoOrderDays, baby.Lifecycle.SilentNoContactDays = 25, 14
	baby.Lifecycle.AtRiskDays, baby.Lifecycle.LostAfterDays = 30, 75
	baby.Layers.VIP.WindowDays, baby.Layers.VIP.MinSpentFen, baby.Layers.VIP.MinOrders = 180, 2000_00, 3
	baby.Layers.VIP.MaxNoOrderDays, baby.Layers.VIP.PseudoNoContactDays = 45, 21
	baby.Layers.Silent = SilentRules{FirstMonthlyFen: 800_00, FirstNoOrderDays: 45}
	baby.Layers.Potential.MinAverageFen, baby.Layers.Potential.MaxAverageFen = 100_00, 800_00
	return []Definition{retail, pet, baby}
}

// Default is the definition in force until one is saved.
func Default() Definition { return Presets()[0] }

// maxDays bounds every number of days: a century.
const maxDays = 36_500

// Validate returns an Invalid error that names the first field that does not make sense.
func (d Definition) Validate() error {
	checks := &checks{}
	d.RFM.check(checks)
	checks.days("activity.days", d.Activity.Days, 1)
	checks.that(d.Activity.Visits >= 1, "activity.visits", "want at least one visit")
	d.Lifecycle.check(checks)
	d.Layers.check(checks)
	switch d.Preset {
	case "retail", "pet_food", "mother_baby", "custom":
	default:
		checks.that(false, "preset", "want retail, pet_food, mother_baby or custom")
	}
	return checks.err
}

// checks keeps the first complaint.
type checks struct{ err error }

func (c *checks) that(ok bool, field, format string, args ...any) {
	if !ok && c.err == nil {
		c.err = errs.New(errs.Invalid, "layer.definition", format, args...).At(field).With("reason", fmt.Sprintf(format, args...))
	}
}

func (c *checks) days(field string, days, least int) {
	c.that(days >= least && days <= maxDays, field, "want %d to %d days", least, maxDays)
}

func (c *checks) percent(field string, v, least, most float64) {
	c.that(!math.IsNaN(v) && v >= least && v <= most, field, "want %g to %g percent", least, most)
}

func (r RFMRules) check(c *checks) {
	switch r.Method {
	case Quantile, KMeans:
	case Manual:
		r.Manual.check(c)
	default:
		c.that(false, "rfm.method", "want quantile, kmeans or manual")
	}
	c.days("rfm.window_days", r.WindowDays, 0)
	c.percent("rfm.winsorise_percent", r.WinsorisePercent, 0, 20)
	c.that(r.HighBy == HighByScore || r.HighBy == HighByMean, "rfm.high_by", "want score or mean")
	c.that(r.HighFrom >= 2 && r.HighFrom <= 5, "rfm.high_from", "want a score from 2 to 5")
}

func (k Cuts) check(c *checks) {
	for _, column := range []struct {
		field  string
		breaks Breaks
	}{
		{"rfm.manual.recency_days", k.Recency}, {"rfm.manual.frequency", k.Frequency}, {"rfm.manual.monetary_fen", k.Monetary},
	} {
		for i, at := range column.breaks {
			c.that(!math.IsNaN(at) && at >= 0 && at <= 1<<53, column.field, "want breaks from 0")
			c.that(i == 0 || column.breaks[i-1] < at, column.field, "want each break above the one before")
		}
	}
}

func (l LifecycleRules) check(c *checks) {
	c.days("lifecycle.growing_from_days", l.GrowingFromDays, 1)
	c.days("lifecycle.growing_to_days", l.GrowingToDays, 1)
	c.that(l.GrowingFromDays <= l.GrowingToDays, "lifecycle.growing_to_days", "growing cannot end before it begins")
	c.days("lifecycle.silent_no_order_days", l.SilentNoOrderDays, 1)
	c.days("lifecycle.silent_no_contact_days", l.SilentNoContactDays, 1)
	c.days("lifecycle.at_risk_days", l.AtRiskDays, 1)
	c.that(l.SilentNoContactDays <= l.AtRiskDays, "lifecycle.at_risk_days", "at risk cannot begin before silent")
	c.days("lifecycle.lost_after_days", l.LostAfterDays, 1)
	c.that(l.AtRiskDays < l.LostAfterDays, "lifecycle.lost_after_days", "lost cannot begin before at risk")
	c.that(l.GrowingToDays <= l.LostAfterDays, "lifecycle.growing_to_days", "a growing customer cannot be lost already")
	c.days("lifecycle.warn_no_order_days", l.WarnNoOrderDays, 1)
}

func (l LayerRules) check(c *checks) {
	v := l.VIP
	c.that(v.By == SpendByAmount || v.By == SpendByTopShare, "layers.vip.by", "want amount or top_share")
	c.days("layers.vip.window_days", v.WindowDays, 1)
	c.that(v.MinSpentFen >= 0, "layers.vip.min_spent_fen", "want an amount from 0")
	c.that(v.By != SpendByAmount || v.MinSpentFen > 0, "layers.vip.min_spent_fen", "want an amount above 0")
	c.percent("layers.vip.top_percent", v.TopPercent, 0.01, 100)
	c.that(v.MinOrders >= 1, "layers.vip.min_orders", "want at least one order")
	c.that(v.MinLifetimeFen >= 0, "layers.vip.min_lifetime_fen", "want an amount from 0")
	c.days("layers.vip.max_no_order_days", v.MaxNoOrderDays, 1)
	c.days("layers.vip.pseudo_no_contact_days", v.PseudoNoContactDays, 0)
	c.that(v.PseudoGapFactor == 0 || (v.PseudoGapFactor >= 1 && v.PseudoGapFactor <= 100), "layers.vip.pseudo_gap_factor", "want 0, or 1 to 100")
	c.days("layers.new.days", l.New.Days, 1)
	c.that(l.New.MaxOrders >= 0, "layers.new.max_orders", "want a number from 0")
	c.that(l.Silent.FirstMonthlyFen >= 0, "layers.silent.first_monthly_fen", "want an amount from 0")
	c.days("layers.silent.first_no_order_days", l.Silent.FirstNoOrderDays, 1)
	p := l.Potential
	c.that(p.MinOrders >= 1, "layers.potential.min_orders", "want at least one order")
	c.that(p.MinOrders <= p.MaxOrders, "layers.potential.max_orders", "the most cannot be below the least")
	c.that(p.MinAverageFen >= 0, "layers.potential.min_average_fen", "want an amount from 0")
	c.that(p.MaxAverageFen == 0 || p.MinAverageFen <= p.MaxAverageFen, "layers.potential.max_average_fen", "the most cannot be below the least")
	c.days("layers.potential.registered_min_days", p.RegisteredMinDays, 0)
	c.days("layers.potential.registered_max_days", p.RegisteredMaxDays, 1)
	c.that(p.RegisteredMinDays <= p.RegisteredMaxDays, "layers.potential.registered_max_days", "the most cannot be below the least")
}
