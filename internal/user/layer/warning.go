package layer

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

// The signs of leaving, by the bit they have in State.Warned: their places in audience.Warnings.
const (
	warnPseudo uint8 = 1 << iota // spends like a VIP and is about to leave
	warnOverdue
	warnAtRisk      // bought, and there has been no sign of life for as long as the stage "at risk" says
	warnNeverBought // registered for a while, never bought, and not lost yet: R ≥ n days and F = 0
)

// regularOrders is how many orders make a rhythm that can be broken.
const regularOrders = 3

// warningsOf are the bits of what somebody is warned of.
func warningsOf(flags, stage uint8, orders int32) (bits uint8) {
	if flags&flagPseudo != 0 {
		bits |= warnPseudo
	}
	if flags&flagOverdue != 0 {
		bits |= warnOverdue
	}
	if stage == stageAtRisk && orders > 0 {
		bits |= warnAtRisk
	}
	if flags&flagWarned != 0 && stage != stageLost {
		bits |= warnNeverBought
	}
	return bits
}

// WarningCodes are the codes of bits, in the order of their weight.
func WarningCodes(bits uint8) []string {
	out := []string{}
	for i, code := range audience.Warnings {
		if bits>>i&1 == 1 {
			out = append(out, code)
		}
	}
	return out
}

// Warned is how many people show a sign of leaving.
type Warned struct {
	Code     string `json:"code" enum:"pseudo_vip,overdue,at_risk,never_bought"`
	People   int64  `json:"people"`
	SpentFen int64  `json:"spent_fen" doc:"What they have spent, ever"`
	Before   int64  `json:"before" doc:"People a week before; -1 where no snapshot says"`
}

// Warning is everybody who is about to leave, by sign; somebody may show several.
type Warning struct {
	AsOf     time.Time `json:"as_of"`
	People   int64     `json:"people" doc:"With any sign"`
	SpentFen int64     `json:"spent_fen" doc:"What they have spent, ever"`
	Signs    []Warned  `json:"signs"`
	Since    string    `json:"since" doc:"Day that before is of, YYYY-MM-DD; empty when there is none"`
	// What the signs mean, from the definition in force.
	AtRiskDays    int     `json:"at_risk_days"`
	LostAfterDays int     `json:"lost_after_days"`
	NoOrderDays   int     `json:"no_order_days"`
	NoContactDays int     `json:"no_contact_days" doc:"0: not looked at"`
	GapFactor     float64 `json:"gap_factor" doc:"0: not looked at"`
	Alert         Alarm   `json:"alert"`
}

// AlertRule says when a growing number of people about to leave is worth an alarm: a setting.
type AlertRule struct {
	On        bool     `json:"on"`
	Signs     []string `json:"signs" minItems:"1" enum:"pseudo_vip,overdue,at_risk,never_bought" doc:"Any of them may raise it"`
	Min       int64    `json:"min" minimum:"1" maximum:"1000000000" doc:"Fewer people raise nothing"`
	GrowthPct float64  `json:"growth_pct" minimum:"0" maximum:"1000" doc:"So many per cent more than a week before"`
}

// Alarm is the rule, and for which signs it holds now.
type Alarm struct {
	Rule    AlertRule `json:"rule"`
	Version int64     `json:"version" doc:"0: the default, never changed; on writing the version that was read"`
	Raised  []string  `json:"raised" doc:"Signs for which the rule holds now"`
}

// AlertSetting is the name of AlertRule among the settings.
const AlertSetting = "warning_alert"

// DefaultAlertRule is the rule until somebody changes it.
func DefaultAlertRule() AlertRule {
	return AlertRule{On: true, Signs: slices.Clone(audience.Warnings), Min: 20, GrowthPct: 20}
}

func (r AlertRule) check() error {
	if r.Min < 1 || !(r.GrowthPct >= 0 && r.GrowthPct <= 1000) || len(r.Signs) == 0 {
		return errs.New(errs.Invalid, "layer.alert", "an alert names a sign, at least one person, and a growth of 0 to 1000 per cent")
	}
	for _, code := range r.Signs {
		if !slices.Contains(audience.Warnings, code) {
			return errs.New(errs.Invalid, "layer.alert", "there is no sign %q", code).At("signs")
		}
	}
	return nil
}

// raised are the signs for which the rule holds.
func (r AlertRule) raised(signs []Warned) []string {
	out := []string{}
	for _, s := range signs {
		if r.On && slices.Contains(r.Signs, s.Code) && s.People >= r.Min && s.Before >= 0 && float64(s.People) >= float64(s.Before)*(1+r.GrowthPct/100) && s.People > s.Before {
			out = append(out, s.Code)
		}
	}
	return out
}

// SetAlert replaces the rule that was read as version.
func (s *Service) SetAlert(ctx context.Context, r AlertRule, version int64, by string) error {
	if err := r.check(); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		_, now, err := settings.Get(ctx, tx, AlertSetting, r)
		if err != nil {
			return err
		}
		if now != version {
			return errs.New(errs.Conflict, "settings.changed", "somebody else has changed this; look at it again")
		}
		_, err = settings.Put(ctx, tx, AlertSetting, r, by, s.now())
		return err
	})
}

// Warning counts who is about to leave, as of the newest refresh; before the first there are no signs.
func (s *Service) Warning(ctx context.Context) (Warning, error) {
	state, err := s.engine.State(ctx)
	if err != nil {
		return Warning{}, err
	}
	in, err := s.Definition(ctx)
	if err != nil {
		return Warning{}, err
	}
	rule, version, err := settings.Get(ctx, s.db, AlertSetting, DefaultAlertRule())
	if err != nil {
		return Warning{}, err
	}
	if state.AsOf == 0 {
		return Warning{Signs: []Warned{}, Alert: Alarm{rule, version, []string{}}}, nil
	}
	life, vip := in.Definition.Lifecycle, in.Definition.Layers.VIP
	out := Warning{
		AsOf: time.UnixMicro(state.AsOf).UTC(), AtRiskDays: life.AtRiskDays, LostAfterDays: life.LostAfterDays, NoOrderDays: life.WarnNoOrderDays,
		NoContactDays: vip.PseudoNoContactDays, GapFactor: vip.PseudoGapFactor, Signs: make([]Warned, len(audience.Warnings)),
	}
	for i, code := range audience.Warnings {
		out.Signs[i] = Warned{Code: code, Before: -1}
	}
	for n, bits := range state.Warned {
		if bits == 0 || !state.Present[n] {
			continue
		}
		out.People++
		out.SpentFen += state.Spent[n]
		for i := range out.Signs {
			if bits>>i&1 == 1 {
				out.Signs[i].People++
				out.Signs[i].SpentFen += state.Spent[n]
			}
		}
	}
	if err := s.before(ctx, &out); err != nil {
		return out, err
	}
	out.Alert = Alarm{rule, version, rule.raised(out.Signs)}
	return out, nil
}

// before fills in how many there were a week earlier, where a snapshot of about that day says.
func (s *Service) before(ctx context.Context, w *Warning) error {
	day := w.AsOf.In(s.zone).AddDate(0, 0, -7)
	snap, err := snapshotOn(ctx, s.db, day.Format(time.DateOnly))
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if snap.Day < day.AddDate(0, 0, -7).Format(time.DateOnly) { // too long ago to be a week
		return nil
	}
	set := func(kind Kind, code string) (b *roaring.Bitmap) {
		if err == nil {
			b, err = numbers(ctx, s.db, snap.Day, kind, code)
		}
		return b
	}
	never, lost := set(KindFlag, string(ChurnWarning)), set(KindStage, string(StageLost))
	pseudo, atRisk, overdue := set(KindFlag, string(PseudoHighValue)), set(KindStage, string(StageAtRisk)), set(KindFlag, string(Overdue))
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) { // only the counts are kept, or the snapshot is older than a sign
		return nil
	}
	if err != nil {
		return err
	}
	w.Since = snap.Day
	for i, b := range []*roaring.Bitmap{pseudo, overdue, roaring.AndNot(atRisk, never), roaring.AndNot(never, lost)} {
		w.Signs[i].Before = int64(b.GetCardinality())
	}
	return nil
}

// WhoWarned returns who shows a sign of leaving, any where code is empty, of an RFM class where that is not empty.
func (s *Service) WhoWarned(ctx context.Context, code, class string) (*roaring.Bitmap, *audience.State, error) {
	state, err := s.engine.State(ctx)
	if err != nil {
		return nil, nil, err
	}
	mask := uint8(0xff)
	if code != "" {
		i := slices.Index(audience.Warnings, code)
		if i < 0 {
			return nil, nil, errs.New(errs.Invalid, "layer.no_warning", "there is no sign %q", code).At("sign")
		}
		mask = 1 << i
	}
	out := roaring.New()
	for n, bits := range state.Warned {
		if bits&mask != 0 && state.Present[n] && (class == "" || state.Classes[state.Class[n]] == class) {
			out.Add(uint32(n))
		}
	}
	return out, state, nil
}
