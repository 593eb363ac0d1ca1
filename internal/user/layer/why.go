package layer

import (
	"context"
	"math"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

// Why is where one customer stands now, the numbers that the rules looked at, and where the customer stood before.
type Why struct {
	Standing
	Flags   []string `json:"flags"`
	Numbers Numbers  `json:"numbers"`
	History []Stood  `json:"history" doc:"Layer month by month over the last year, oldest first, one entry per change"`
}

// Numbers are what the rules looked at; days are whole calendar days, -1 where there is no such day.
type Numbers struct {
	RegisteredDays int32   `json:"registered_days" doc:"Since registration, or the first fact when that is earlier"`
	FirstOrderDays int32   `json:"first_order_days"`
	NoOrderDays    int32   `json:"no_order_days"`
	QuietDays      int32   `json:"quiet_days" doc:"Since the last interaction, order or registration"`
	SpentWindowFen int64   `json:"spent_window_fen" doc:"Spending in the VIP window"`
	WindowDays     int     `json:"window_days" doc:"Length of the VIP window"`
	HighSpendFen   int64   `json:"high_spend_fen" doc:"Spending in the window from here on is high"`
	MonthlyFen     int64   `json:"monthly_fen" doc:"Spending per 30 days from the first order to the last"`
	MeanGapDays    float64 `json:"mean_gap_days" doc:"Between orders; 0 with fewer than two"`
	Visits         int32   `json:"visits" doc:"In the activity window"`
	ActivityDays   int     `json:"activity_days" doc:"Length of the activity window"`
}

// Stood is a layer from a day on.
type Stood struct {
	Day   string `json:"day"`
	Layer string `json:"layer"`
}

// Explain walks one customer's facts and decides as the refresh does, with the definition and the breaks of the newest
// snapshot: the answer is of this instant. NotFound for nobody.
func (s *Service) Explain(ctx context.Context, number uint32) (Why, error) {
	snap, err := snapshotOn(ctx, s.db, "")
	if err != nil {
		return Why{}, err
	}
	p := &one{Pass: NewPass(snap.Definition), number: number}
	if _, err := s.engine.WalkOne(ctx, s.now(), number, p); err != nil {
		return Why{}, err
	}
	why, found := p.explain(snap.Result)
	if !found {
		return Why{}, errs.New(errs.NotFound, "layer.nobody", "there is no customer number %d", number)
	}
	why.History, err = s.stood(ctx, number)
	return why, err
}

// one is a pass over a single customer, who is number 1 in it: its columns need not be as long as everybody's.
type one struct {
	*Pass
	number uint32
}

// Begin implements audience.Fold.
func (o *one) Begin(pass *audience.Pass) error {
	alone := *pass
	alone.Through = 1
	return o.Pass.Begin(&alone)
}

// Range implements audience.Fold.
func (o *one) Range(_, _ uint32) (see func(*audience.Timeline), done func()) {
	return func(t *audience.Timeline) {
		if t.Customer != o.number {
			return
		}
		mine := *t
		mine.Customer = 1
		o.see(&mine)
	}, func() {}
}

// explain decides with the breaks of everybody.
func (o *one) explain(result Result) (Why, bool) {
	o.result = result
	o.score(0, 2)
	o.decide(0, 2)
	standing, found := StandingOf(o.state, 1)
	if !found {
		return Why{}, false
	}
	standing.Customer = o.number
	who := o.person(1)
	n := Numbers{
		RegisteredDays: who.registered, FirstOrderDays: who.firstOrder, NoOrderDays: who.lastOrder, QuietDays: who.quiet(),
		SpentWindowFen: who.spentWindow, WindowDays: o.def.Layers.VIP.WindowDays, HighSpendFen: result.HighSpendFen,
		Visits: who.visits, ActivityDays: o.def.Activity.Days,
	}
	if who.orders > 0 {
		n.MonthlyFen = who.monthly()
	}
	if who.orders > 1 {
		n.MeanGapDays = math.Round(float64(who.firstOrder-who.lastOrder)/float64(who.orders-1)*10) / 10
	}
	flags := []string{}
	for i, f := range Flags {
		if o.flags[1]>>i&1 == 1 {
			flags = append(flags, string(f))
		}
	}
	return Why{Standing: standing, Flags: flags, Numbers: n}, true
}

// stood reads which layer a customer was in on the last day of each of the past months that has a snapshot.
func (s *Service) stood(ctx context.Context, number uint32) ([]Stood, error) {
	out := []Stood{}
	days := map[string]bool{}
	query := `SELECT day, code, numbers FROM layer_sets WHERE kind = 'layer' AND numbers IS NOT NULL
		AND day IN (SELECT MAX(day) FROM layer_snapshots GROUP BY SUBSTR(day, 1, 7) ORDER BY 1 DESC LIMIT 13)
		ORDER BY day, code`
	err := store.Each(ctx, s.db, query, nil, func(row set) error {
		if days[row.Day] {
			return nil
		}
		b, err := unpack(row.Numbers)
		if err != nil || !b.Contains(number) {
			return err
		}
		days[row.Day] = true
		if len(out) == 0 || out[len(out)-1].Layer != row.Code {
			out = append(out, Stood{row.Day, row.Code})
		}
		return nil
	})
	return out, err
}
