package tag

import (
	"context"
	"math"
	"time"

	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"

	"huoshui/internal/platform/event"
)

// HeatSetting is the name of the definition of heat among the settings.
const HeatSetting = "heat"

// Heat defines the decayed score of what a person does: a deed of weight w that is t old counts w·2^(−t/half-life) points.
type Heat struct {
	Weights      map[string]float64 `json:"weights" doc:"Points of a fact, by its name"`
	HalfLifeDays float64            `json:"half_life_days"`
}

// DefaultHeat is the definition in force until somebody changes it.
func DefaultHeat() Heat {
	return Heat{HalfLifeDays: 7, Weights: map[string]float64{
		event.PageViewed: 1, event.ProductViewed: 2, event.CartAdded: 5, event.CheckoutStarted: 6, event.OrderPaid: 10,
		event.MessageOpened: 1, event.MessageClicked: 3, event.MessageReceived: 4, event.SurveyAnswered: 5,
		"event.check_in": 2, "event.shared": 4,
	}}
}

// Validate says what is wrong with a definition.
func (h Heat) Validate() error {
	if !(h.HalfLifeDays >= 0.25 && h.HalfLifeDays <= 365) {
		return invalid("half_life_days", "a half-life is between a quarter of a day and a year")
	}
	if len(h.Weights) == 0 || len(h.Weights) > 100 {
		return invalid("weights", "between 1 and 100 kinds of deeds count")
	}
	for name, w := range h.Weights {
		if name == "" || !(w >= 0 && w <= 1000) {
			return invalid("weights", "the weight of %q must lie between 0 and 1000", name)
		}
	}
	return nil
}

// HeatDefinition returns the definition in force and its version.
func (s *Service) HeatDefinition(ctx context.Context) (Heat, int64, error) {
	return settings.Get(ctx, s.db, HeatSetting, DefaultHeat())
}

// DefineHeat stores another definition; it counts from the next refresh on, which begins soon.
func (s *Service) DefineHeat(ctx context.Context, h Heat, by string) (version int64, err error) {
	if err := h.Validate(); err != nil {
		return 0, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) (err error) {
		version, err = settings.Put(ctx, tx, HeatSetting, h, by, s.now())
		return err
	})
	s.segments.Kick()
	return version, err
}

// gone is after how many half-lives a deed has ceased to count: less than a thousandth of it is left.
const gone = 10

// heatFold computes everybody's heat; scores are tenths of a point, by customer number.
type heatFold struct {
	def     Heat
	asOf    time.Time // of the refresh that is to come; Needs is asked before Begin
	from    int64
	weights []float64 // by audience.Kind
	left    []float64 // what is left of a deed after so many hours
	at      int64
	scores  []uint16
}

const hourMicros = int64(time.Hour / time.Microsecond)

func newHeatFold(def Heat, asOf time.Time) *heatFold { return &heatFold{def: def, asOf: asOf} }

// Needs implements audience.Fold.
func (f *heatFold) Needs() audience.Needs {
	n := audience.Needs{Plain: true, Since: f.since()}
	for name, w := range f.def.Weights {
		if w > 0 {
			n.Facts = append(n.Facts, name)
		}
	}
	return n
}

func (f *heatFold) since() int64 {
	return f.asOf.UnixMicro() - int64(f.def.HalfLifeDays*gone*24)*hourMicros
}

// Begin implements audience.Fold.
func (f *heatFold) Begin(p *audience.Pass) error {
	f.at, f.from, f.scores = p.AsOf.UnixMicro(), f.since(), make([]uint16, int(p.Through)+1)
	f.weights = make([]float64, math.MaxUint8+1)
	for name, w := range f.def.Weights {
		if k := p.Kind(name); k != audience.NoKind {
			for int(k) >= len(f.weights) {
				f.weights = append(f.weights, make([]float64, len(f.weights))...)
			}
			f.weights[k] = w
		}
	}
	f.left = make([]float64, int(f.def.HalfLifeDays*gone*24)+2)
	for h := range f.left {
		f.left[h] = math.Exp2(-float64(h) / (f.def.HalfLifeDays * 24))
	}
	return nil
}

// Range implements audience.Fold.
func (f *heatFold) Range(_, _ uint32) (see func(*audience.Timeline), done func()) {
	return f.see, func() {}
}

func (f *heatFold) see(t *audience.Timeline) {
	var sum float64
	for i := t.Len() - 1; i >= 0 && t.TS[i] >= f.from; i-- {
		if k := int(t.Kind[i]); k < len(f.weights) && f.weights[k] > 0 {
			sum += f.weights[k] * f.left[(f.at-t.TS[i])/hourMicros]
		}
	}
	f.scores[t.Customer] = uint16(min(math.Round(sum*10), math.MaxUint16))
}
