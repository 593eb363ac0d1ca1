package experiment

import "math"

// Stratum is one randomised comparison: a campaign. Strata are compared inside themselves first and averaged after,
// because campaigns differ both in who they aim at and in how many they hold out, and adding their people up would let
// that difference pass for an effect (Simpson's paradox).
type Stratum struct {
	Reach      Outcome
	Holdout    Outcome
	HoldoutPct float64 // the plan, in per cent
}

func (s Stratum) people() float64 { return float64(s.Reach.People + s.Holdout.People) }

// Verdict is what may be said about a strategy.
type Verdict string

// The verdicts.
const (
	Works        Verdict = "works"          // the whole conversion interval is above zero
	Hurts        Verdict = "hurts"          // the whole conversion interval is below zero
	NoEffectSeen Verdict = "no_effect_seen" // the interval holds zero and nothing as large as what would be worthwhile
	Unknown      Verdict = "unknown"        // cannot tell yet
)

// Reason is why the verdict or the suggestion is what it is; the words are in the i18n catalogue.
type Reason string

// Reasons of verdicts and suggestions.
const (
	AboveZero       Reason = "above_zero"        // the interval lies above zero
	BelowZero       Reason = "below_zero"        // the interval lies below zero
	WithinMargin    Reason = "within_margin"     // the interval holds zero and excludes anything worthwhile
	HoldsZero       Reason = "holds_zero"        // the interval holds zero and also something worthwhile: more people are needed
	NoHoldout       Reason = "no_holdout"        // nobody was held out: there is nothing to compare with
	TooFewPeople    Reason = "too_few_people"    // fewer people in an arm than the minimum
	TooFewBuyers    Reason = "too_few_buyers"    // fewer buyers in both arms together than the minimum
	WindowOpen      Reason = "window_open"       // the time in which orders count has not passed
	SplitMismatch   Reason = "split_mismatch"    // the arms do not have the planned sizes: the comparison is void
	EarnsMore       Reason = "earns_more"        // even the low end earns more than it cost
	CostsMore       Reason = "costs_more"        // even the high end earns less than it cost
	MayNotPay       Reason = "may_not_pay"       // it works, but may earn less than it cost
	WorksAtNoCost   Reason = "works_at_no_cost"  // it works and nothing was spent
	NothingMeasured Reason = "nothing_measured"  // nobody has been assigned
	RevenueUnclear  Reason = "revenue_not_known" // it works, but too few buyers to say what it earns
)

// Advice is what to do next.
type Advice string

// The advice.
const (
	Keep     Advice = "keep"     // go on
	Stop     Advice = "stop"     // do not send this again
	Continue Advice = "continue" // go on in order to know
	Check    Advice = "check"    // repair the experiment first
)

// Options are the operator's definitions; DefaultOptions has sound values.
type Options struct {
	Level      float64 // of the intervals: 0.95
	Power      float64 // for sample sizes: 0.8
	MinPeople  int64   // people each arm needs before any verdict: 30
	MinBuyers  int64   // buyers both arms need together before any verdict: 10
	Worthwhile float64 // smallest change of the conversion share that would matter: 0.005 is half a percentage point
	Margin     float64 // share of revenue that is kept after the goods are paid, for ROI: 1 counts revenue itself
}

// DefaultOptions are the definitions a new installation starts with.
func DefaultOptions() Options {
	return Options{Level: 0.95, Power: 0.8, MinPeople: 30, MinBuyers: 10, Worthwhile: 0.005, Margin: 1}
}

// Result says what being assigned to reach changed, over everyone assigned (intention to treat: people whom policy
// refused, or whose mail bounced, stay in the arm they drew).
type Result struct {
	Reach   Outcome `json:"reach"`
	Holdout Outcome `json:"holdout"`

	// Conversion is the difference of the shares who bought (Newcombe, per campaign, combined by MOVER); nil when an arm is empty.
	Conversion *Interval `json:"conversion,omitempty"`
	// Revenue is the difference of revenue in fen per person (Welch); nil when an arm is below the minimum of people or
	// has fewer than minRevenueBuyers buyers, because the t interval of so skewed a quantity would lie.
	Revenue *Interval `json:"revenue,omitempty"`
	// Incremental is Revenue times the people assigned to reach: what the campaign added, in fen.
	Incremental *Interval `json:"incremental_fen,omitempty"`
	// ROI is (Incremental × margin − cost) / cost; nil when Incremental is, or when nothing was spent.
	ROI *Interval `json:"roi,omitempty"`

	CostFen int64    `json:"cost_fen"`
	SRM     Mismatch `json:"srm"`

	Verdict Verdict `json:"verdict"`
	Reason  Reason  `json:"reason"`
	Settled bool    `json:"settled"` // the window has closed for everyone measured
	// Needed is how many more people, at this split, would show a difference as large as the one seen (or the smallest
	// worthwhile one, if that is larger) with the wanted power; 0 when the verdict is in or the question has no answer.
	Needed int64 `json:"needed"`
	// Detectable is the smallest difference of conversion that the people measured would show; 1 when none.
	Detectable float64 `json:"detectable"`

	Advice       Advice `json:"advice"`
	AdviceReason Reason `json:"advice_reason"`
}

// minRevenueBuyers is how many buyers an arm needs before its revenue has an interval. Revenue per person is mostly
// zeros with a long tail; below this many non-zero values the t interval misses the truth far more often than it says
// (see TestWelchCoverageOfRevenue).
const minRevenueBuyers = 10

// Measure compares the arms. settled says that the attribution window has closed for everyone in the strata; until then
// the numbers are shown and the verdict waits, because looking daily at a 95 % interval and stopping at the first good
// day is wrong far more often than one time in twenty. costFen is what reaching cost, in the strata that have both arms.
func Measure(strata []Stratum, costFen int64, settled bool, o Options) Result {
	res := Result{CostFen: costFen, Settled: settled, Detectable: 1, SRM: SRM(strata)}
	var both []Stratum
	for _, s := range strata {
		res.Reach, res.Holdout = res.Reach.plus(s.Reach), res.Holdout.plus(s.Holdout)
		if s.Reach.People > 0 && s.Holdout.People > 0 {
			both = append(both, s)
		}
	}
	if len(both) > 0 {
		res.compare(both, o)
	}
	res.Verdict, res.Reason = res.judge(len(both) > 0, o)
	if res.Verdict == Unknown && res.Conversion != nil {
		res.Needed = res.peopleMissing(o)
	}
	res.Advice, res.AdviceReason = res.advise()
	return res
}

func (o Outcome) plus(p Outcome) Outcome {
	return Outcome{o.People + p.People, o.Converted + p.Converted, o.Revenue + p.Revenue, o.RevenueSquares + p.RevenueSquares}
}

func (r *Result) compare(strata []Stratum, o Options) {
	conversion := newcombeStrata(strata, o.Level)
	r.Conversion = &conversion
	var reach, holdout Outcome
	for _, s := range strata {
		reach, holdout = reach.plus(s.Reach), holdout.plus(s.Holdout)
	}
	r.Detectable = Detectable(holdout.Rate(), reach.People+holdout.People, pctHeld(reach, holdout), o.Level, o.Power)
	if min(reach.People, holdout.People) < o.MinPeople || min(reach.Converted, holdout.Converted) < minRevenueBuyers {
		return
	}
	revenue, _ := welchStrata(strata, o.Level)
	if math.IsInf(revenue.Low, 0) {
		return
	}
	incremental := revenue.Scaled(float64(reach.People))
	r.Revenue, r.Incremental = &revenue, &incremental
	if r.CostFen > 0 {
		cost := float64(r.CostFen)
		r.ROI = &Interval{
			Estimate: (incremental.Estimate*o.Margin - cost) / cost,
			Low:      (incremental.Low*o.Margin - cost) / cost,
			High:     (incremental.High*o.Margin - cost) / cost,
		}
	}
}

func (r *Result) judge(compared bool, o Options) (Verdict, Reason) {
	switch {
	case r.Reach.People+r.Holdout.People == 0:
		return Unknown, NothingMeasured
	case !compared:
		return Unknown, NoHoldout
	case r.SRM.Mismatch:
		return Unknown, SplitMismatch
	case !r.Settled:
		return Unknown, WindowOpen
	case min(r.Reach.People, r.Holdout.People) < o.MinPeople:
		return Unknown, TooFewPeople
	case r.Reach.Converted+r.Holdout.Converted < o.MinBuyers:
		return Unknown, TooFewBuyers
	case r.Conversion.Low > 0:
		return Works, AboveZero
	case r.Conversion.High < 0:
		return Hurts, BelowZero
	case r.Conversion.High < o.Worthwhile:
		return NoEffectSeen, WithinMargin
	}
	return Unknown, HoldsZero
}

func (r *Result) peopleMissing(o Options) int64 {
	have := r.Reach.People + r.Holdout.People
	pct := pctHeld(r.Reach, r.Holdout)
	diff := math.Max(math.Abs(r.Conversion.Estimate), o.Worthwhile)
	need := PeopleNeeded(r.Holdout.Rate(), diff, pct, o.Level, o.Power)
	if smaller := min(pct, 100-pct) / 100; smaller > 0 {
		need = max(need, int64(math.Ceil(float64(o.MinPeople)/smaller)))
	}
	return max(0, need-have)
}

func (r *Result) advise() (Advice, Reason) {
	switch r.Verdict {
	case Hurts:
		return Stop, BelowZero
	case NoEffectSeen:
		return Stop, WithinMargin
	case Works:
		switch {
		case r.CostFen == 0:
			return Keep, WorksAtNoCost
		case r.ROI == nil:
			return Continue, RevenueUnclear
		case r.ROI.Low > 0:
			return Keep, EarnsMore
		case r.ROI.High < 0:
			return Stop, CostsMore
		}
		return Continue, MayNotPay
	}
	if r.Reason == SplitMismatch || r.Reason == NoHoldout {
		return Check, r.Reason
	}
	return Continue, r.Reason
}

func pctHeld(reach, holdout Outcome) float64 {
	return 100 * float64(holdout.People) / float64(reach.People+holdout.People)
}
