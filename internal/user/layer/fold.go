package layer

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/audience"
)

// visitGap is how far apart two page views must be to belong to different visits.
const visitGap = int64(30 * time.Minute / time.Microsecond)

// Pass computes scores, stages and layers by one definition in one ordered pass: as a fold it gathers a few numbers per
// person; Finish finds the cuts and decides. It does no I/O. Memory is about 72 bytes per customer number.
type Pass struct {
	def   Definition
	asOf  time.Time
	zone  *time.Location
	seq   uint64
	days  calendar
	kinds struct{ paid, refunded, viewed, opened, clicked audience.Kind }
	from  struct{ rfm, vip, visits int64 } // where the windows begin, microseconds

	state *warehouse.State
	// What State does not hold, by customer number.
	registered  []int32 // days; never when unknown
	firstOrder  []int32 // days; never
	spentWindow []int64
	visits      []uint16
	flags       []uint8

	result Result
}

// Result is what one pass found about everybody together.
type Result struct {
	Cuts         Cuts       `json:"cuts"` // the breaks the scores came from
	Buyers       int        `json:"buyers" doc:"People with an order in the RFM window"`
	HighSpendFen int64      `json:"high_spend_fen" doc:"Spending in the VIP window from here on is high"`
	MeanScore    [3]float64 `json:"mean_score" doc:"Mean R, F and M score of the buyers"`
}

// NewPass returns a pass by a definition, which must be valid.
func NewPass(def Definition) *Pass { return &Pass{def: def} }

// Needs implements audience.Fold.
func (p *Pass) Needs() audience.Needs {
	facts := []string{event.OrderPaid, event.PageViewed, event.MessageOpened, event.MessageClicked}
	if p.def.RFM.NetRefunds {
		facts = append(facts, event.OrderRefunded)
	}
	return audience.Needs{Facts: facts, Columns: audience.Amount}
}

// Begin implements audience.Fold.
func (p *Pass) Begin(pass *audience.Pass) error {
	p.asOf, p.zone, p.seq = pass.AsOf, pass.Zone, pass.Seq
	p.days = newCalendar(pass.AsOf, pass.Zone)
	p.kinds.paid, p.kinds.viewed = pass.Kind(event.OrderPaid), pass.Kind(event.PageViewed)
	p.kinds.opened, p.kinds.clicked = pass.Kind(event.MessageOpened), pass.Kind(event.MessageClicked)
	p.kinds.refunded = audience.NoKind
	if p.def.RFM.NetRefunds {
		p.kinds.refunded = pass.Kind(event.OrderRefunded)
	}
	p.from.rfm = math.MinInt64
	if n := p.def.RFM.WindowDays; n > 0 {
		p.from.rfm = pass.DaysBefore(n - 1)
	}
	p.from.vip = pass.DaysBefore(p.def.Layers.VIP.WindowDays - 1)
	p.from.visits = pass.DaysBefore(p.def.Activity.Days - 1)

	n := int(pass.Through) + 1
	p.state = warehouse.NewState(pass.Through, pass.AsOf.UnixMicro())
	p.state.Classes, p.state.Stages = texts(Classes), texts(Stages)
	p.state.Layers, p.state.Reasons = texts(Layers), texts(Reasons)
	p.registered, p.firstOrder = make([]int32, n), make([]int32, n)
	p.spentWindow, p.visits, p.flags = make([]int64, n), make([]uint16, n), make([]uint8, n)
	return nil
}

func texts[T ~string](codes []T) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return out
}

// Range implements audience.Fold.
func (p *Pass) Range(_, _ uint32) (see func(*audience.Timeline), done func()) {
	return p.see, func() {}
}

// see gathers one customer. Somebody who registered after the as-of day and did nothing before is not there yet.
func (p *Pass) see(t *audience.Timeline) {
	var (
		first, last, seen, view int64 // instants; 0 for never
		began                   int64 // the first fact of the definition's own: what other folds read must not matter
		monetary, window, spent int64
		frequency, orders       int32
		visits                  uint16
	)
	for i, kind := range t.Kind {
		ts := t.TS[i]
		switch kind {
		case p.kinds.paid:
			orders++
			spent += t.Amount[i]
			if first == 0 {
				first = ts
			}
			last, seen = ts, ts
			if ts >= p.from.rfm {
				frequency++
				monetary += t.Amount[i]
			}
			if ts >= p.from.vip {
				window += t.Amount[i]
			}
		case p.kinds.viewed:
			seen = ts
			if ts >= p.from.visits && (view == 0 || ts-view > visitGap) && visits < math.MaxUint16 {
				visits++
			}
			view = ts
		case p.kinds.opened, p.kinds.clicked:
			seen = ts
		case p.kinds.refunded:
			if ts >= p.from.rfm {
				monetary -= t.Amount[i]
			}
		default:
			continue
		}
		if began == 0 {
			began = ts
		}
	}
	if began == 0 && t.Person.Registered > p.state.AsOf {
		return
	}
	n, s := t.Customer, p.state
	s.Present[n] = true
	s.Frequency[n], s.Monetary[n] = frequency, max(monetary, 0)
	s.Orders[n], s.Spent[n] = orders, spent
	s.LastOrder[n], s.LastSeen[n] = last, seen
	s.RecencyDays[n] = p.days.since(last)
	p.registered[n] = p.joined(t.Person.Registered, began)
	p.firstOrder[n] = p.days.since(first)
	p.spentWindow[n], p.visits[n] = window, visits
}

// joined is the number of days since registration, or since the first fact when that is earlier or the only thing known.
func (p *Pass) joined(registered, began int64) int32 {
	if began != 0 && (registered == 0 || began < registered) {
		registered = began
	}
	return p.days.since(registered)
}

// person puts together what the rules look at.
func (p *Pass) person(n uint32) person {
	s := p.state
	return person{
		registered: p.registered[n], firstOrder: p.firstOrder[n], lastOrder: s.RecencyDays[n], lastSeen: p.days.since(s.LastSeen[n]),
		orders: s.Orders[n], spent: s.Spent[n], spentWindow: p.spentWindow[n], visits: int32(p.visits[n]),
	}
}

// Finish finds the cuts and gives everybody scores, class, stage, layer, reason and flags.
func (p *Pass) Finish(ctx context.Context, _ *roaring.Bitmap) (*warehouse.State, error) {
	p.findCuts()
	var lock sync.Mutex
	var sums [3]int64
	early := p.def.RFM.HighBy != HighByMean // nothing that is decided waits for the means
	err := p.parallel(ctx, func(from, to int) {
		r, f, m := p.score(from, to)
		if early {
			p.decide(from, to)
		}
		lock.Lock()
		defer lock.Unlock()
		sums[0], sums[1], sums[2] = sums[0]+r, sums[1]+f, sums[2]+m
	})
	if err != nil {
		return nil, err
	}
	for i, sum := range sums {
		p.result.MeanScore[i] = float64(sum) / float64(max(p.result.Buyers, 1))
	}
	if !early {
		if err := p.parallel(ctx, p.decide); err != nil {
			return nil, err
		}
	}
	return p.state, nil
}

// findCuts computes breaks over the buyers of the window, the columns side by side.
func (p *Pass) findCuts() {
	s, rules, vip := p.state, &p.def.RFM, &p.def.Layers.VIP
	for _, orders := range s.Frequency {
		if orders > 0 {
			p.result.Buyers++
		}
	}
	p.result.Cuts, p.result.HighSpendFen = rules.Manual, vip.MinSpentFen
	var group sync.WaitGroup
	if rules.Method != Manual {
		cuts := &p.result.Cuts
		group.Go(func() { cuts.Recency = breaks(p, s.RecencyDays) })
		group.Go(func() { cuts.Frequency = breaks(p, s.Frequency) })
		group.Go(func() { cuts.Monetary = breaks(p, s.Monetary) })
	}
	if vip.By == SpendByTopShare {
		group.Go(func() { p.result.HighSpendFen = p.topSpend() })
	}
	group.Wait()
}

// breaks computes those of one column.
func breaks[T int32 | int64](p *Pass, column []T) Breaks {
	values := make([]int64, 0, p.result.Buyers)
	for n, orders := range p.state.Frequency {
		if orders > 0 {
			values = append(values, int64(column[n]))
		}
	}
	basisPoints := int64(math.Round(p.def.RFM.WinsorisePercent * 100))
	if p.def.RFM.Method == KMeans {
		winsorise(values, basisPoints)
		return kmeansBreaks(values)
	}
	return winsorisedQuantiles(values, basisPoints)
}

// topSpend is the spending from which on somebody belongs to the best so many percent of the window's buyers.
func (p *Pass) topSpend() int64 {
	spends := make([]int64, 0, len(p.spentWindow))
	for _, spent := range p.spentWindow {
		if spent > 0 {
			spends = append(spends, spent)
		}
	}
	if len(spends) == 0 {
		return 1
	}
	share := int64(math.Round(p.def.Layers.VIP.TopPercent * 100))
	return int64(math.Ceil(percentiles(spends, []fraction{{10_000 - share, 10_000}})[0]))
}

// parallel splits the customer numbers among the processors.
func (p *Pass) parallel(ctx context.Context, work func(from, to int)) error {
	n := len(p.state.Present)
	const part = 1 << 16
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n/part+1) {
		wg.Go(func() {
			for ctx.Err() == nil {
				from := int(next.Add(part)) - part
				if from >= n {
					return
				}
				work(from, min(from+part, n))
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// score gives R, F and M to the buyers among [from, to) and returns the sums.
func (p *Pass) score(from, to int) (sumR, sumF, sumM int64) {
	s, cuts := p.state, p.result.Cuts
	recency, exactR := cuts.Recency.scale()
	frequency, exactF := cuts.Frequency.scale()
	monetary, exactM := cuts.Monetary.scale()
	exact := exactR && exactF && exactM
	for n := from; n < to; n++ {
		if s.Frequency[n] == 0 {
			continue
		}
		if exact {
			s.R[n], s.F[n], s.M[n] = 6-recency.score(int64(s.RecencyDays[n])), frequency.score(int64(s.Frequency[n])), monetary.score(s.Monetary[n])
		} else {
			s.R[n], s.F[n], s.M[n] = cuts.Scores(s.RecencyDays[n], s.Frequency[n], s.Monetary[n])
		}
		sumR, sumF, sumM = sumR+int64(s.R[n]), sumF+int64(s.F[n]), sumM+int64(s.M[n])
	}
	return sumR, sumF, sumM
}

// decide gives class, stage, layer, reason and flags to the people among [from, to).
func (p *Pass) decide(from, to int) {
	s, def := p.state, &p.def
	mark := [3]float64{float64(def.RFM.HighFrom), float64(def.RFM.HighFrom), float64(def.RFM.HighFrom)}
	if def.RFM.HighBy == HighByMean {
		for i, mean := range p.result.MeanScore {
			mark[i] = math.Nextafter(mean, 6) // above the mean
		}
	}
	for n := from; n < to; n++ {
		if !s.Present[n] {
			continue
		}
		if s.Frequency[n] > 0 {
			s.Class[n] = classOf(float64(s.R[n]) >= mark[0], float64(s.F[n]) >= mark[1], float64(s.M[n]) >= mark[2])
		}
		who := p.person(uint32(n))
		s.Stage[n] = def.Lifecycle.stage(&who)
		s.Layer[n], s.Reason[n] = def.layer(&who, s.Stage[n], p.result.HighSpendFen)
		p.flags[n] = flagsOf(&who, def, s.Reason[n])
		s.Warned[n] = warningsOf(p.flags[n], s.Stage[n], who.orders)
	}
}

func flagsOf(who *person, def *Definition, reason uint16) uint8 {
	var flags uint8
	if def.Activity.active(who) {
		flags |= flagActive
	}
	if reason == reasonVIPPseudo {
		flags |= flagPseudo
	}
	if reason == reasonSilentFirst {
		flags |= flagFirst
	}
	if def.Lifecycle.warned(who) {
		flags |= flagWarned
	}
	if reason != reasonVIPPseudo && reason != reasonLostBought && who.orders >= regularOrders && def.Layers.VIP.late(who) {
		flags |= flagOverdue
	}
	return flags
}

// Result returns what the pass found about everybody together; valid after Finish.
func (p *Pass) Result() Result { return p.result }

// Day is the as-of day in the business zone, YYYY-MM-DD.
func (p *Pass) Day() string { return p.asOf.In(p.zone).Format(time.DateOnly) }

// State returns the state that Finish filled.
func (p *Pass) State() *warehouse.State { return p.state }

// calendar tells whole calendar days before the as-of day in a zone, quickly.
type calendar struct {
	zone      *time.Location
	today     time.Time
	midnights []int64 // instant at which the day n days ago began, microseconds, descending
}

const dayMicros = int64(24 * time.Hour / time.Microsecond)

func newCalendar(asOf time.Time, zone *time.Location) calendar {
	c := calendar{zone: zone, today: audience.Midnight(asOf, zone)}
	y, m, d := c.today.Date()
	c.midnights = make([]int64, 20*366) // further back is rare and goes the slow way
	for i := range c.midnights {
		c.midnights[i] = time.Date(y, m, d-i, 0, 0, 0, 0, zone).UnixMicro()
	}
	return c
}

// since returns the number of calendar days from the day of an instant (microseconds) to the as-of day, 0 on the same
// day, never for the instant 0.
func (c *calendar) since(ts int64) int32 {
	if ts == 0 {
		return never
	}
	today := c.midnights[0]
	if ts >= today {
		return 0
	}
	n := int((today-ts-1)/dayMicros) + 1
	if n+1 >= len(c.midnights) {
		y, m, d := time.UnixMicro(ts).In(c.zone).Date()
		ty, tm, td := c.today.Date()
		return int32(time.Date(ty, tm, td, 0, 0, 0, 0, time.UTC).Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
	}
	for c.midnights[n] > ts { // a day of the zone can be longer or shorter than 24 hours
		n++
	}
	for c.midnights[n-1] <= ts {
		n--
	}
	return int32(n)
}
