package effect

import (
	"context"
	"slices"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// The kinds of fact the pass reads; the constants are places in this list.
var passFacts = []string{
	event.CampaignAssigned, event.OrderPaid, event.OrderRefunded, event.MessageRefused, event.MessageSent,
	event.MessageDelivered, event.MessageOpened, event.MessageClicked, event.MessageFailed, event.MessageUnsubscribed,
}

const (
	assigned warehouse.Kind = iota
	paid
	refunded
	refused
	sent
	delivered
	opened
	clicked
	failed
	unsubscribed
)

const dayMicros = 24 * 60 * 60 * 1_000_000

// arms of a tally.
const (
	armReach = iota
	armHoldout
	arms
)

// outcome sums what an arm did. Squares are float64 because fen² overflows int64.
type outcome struct {
	people, converted, revenue int64
	squares                    float64
}

func (o *outcome) add(p outcome) {
	o.people += p.people
	o.converted += p.converted
	o.revenue += p.revenue
	o.squares += p.squares
}

// channelTally counts people per channel, and money.
type channelTally struct {
	people [unsubscribed + 1]int64 // by kind
	cost   int64
}

type refusalKey struct{ channel, reason uint32 }

// tally is what one campaign came to.
type tally struct {
	campaign, strategy uint32
	window             int64 // micros
	first, last        int64 // assignment instants

	all    [arms]outcome
	closed [arms]outcome // of the people whose window has closed
	steps  Steps
	cost   int64
	over   int64

	bought   [arms][]int64 // first purchases by day
	revenue  [arms][]int64 // fen by day
	channels map[uint32]*channelTally
	refusals map[refusalKey]int64
}

func newTally(campaign uint32, days int) *tally {
	t := &tally{campaign: campaign, window: int64(days) * dayMicros, channels: map[uint32]*channelTally{}, refusals: map[refusalKey]int64{}}
	for arm := range t.bought {
		t.bought[arm], t.revenue[arm] = make([]int64, days), make([]int64, days)
	}
	return t
}

// merge adds another worker's tally of the same campaign.
func (t *tally) merge(o *tally) {
	if t.first == 0 || o.first != 0 && o.first < t.first {
		t.first = o.first
	}
	t.last = max(t.last, o.last)
	t.strategy = max(t.strategy, o.strategy)
	for arm := range t.all {
		t.all[arm].add(o.all[arm])
		t.closed[arm].add(o.closed[arm])
		for d := range t.bought[arm] {
			t.bought[arm][d] += o.bought[arm][d]
			t.revenue[arm][d] += o.revenue[arm][d]
		}
	}
	t.steps.add(o.steps)
	t.cost += o.cost
	t.over += o.over
	for code, c := range o.channels {
		into := t.channel(code)
		for k := range c.people {
			into.people[k] += c.people[k]
		}
		into.cost += c.cost
	}
	for k, n := range o.refusals {
		t.refusals[k] += n
	}
}

func (s *Steps) add(o Steps) {
	s.Covered += o.Covered
	s.Holdout += o.Holdout
	s.Planned += o.Planned
	s.Refused += o.Refused
	s.Sent += o.Sent
	s.Reached += o.Reached
	s.Opened += o.Opened
	s.Clicked += o.Clicked
	s.Unsubscribed += o.Unsubscribed
	s.Failed += o.Failed
	s.Converted += o.Converted
}

func (t *tally) channel(code uint32) *channelTally {
	c := t.channels[code]
	if c == nil {
		c = &channelTally{}
		t.channels[code] = c
	}
	return c
}

// open is one assignment of the customer at hand.
type open struct {
	t        *tally
	arm      int
	at, ends int64
	revenue  int64
	orders   int
	firstDay int
	seen     uint16 // kinds of message facts seen
	channels []channelSeen
}

type channelSeen struct {
	code uint32
	seen uint16
}

// pass folds the facts of one customer after another into tallies; one pass per worker.
type pass struct {
	asOf       int64
	holdout    uint32 // dictionary code of the arm
	netRefunds bool
	days       func(campaign uint32) int
	tallies    map[uint32]*tally
	opens      []open
	lastOrder  int64 // of anybody
}

// run reads the whole timeline of everybody, once, on two workers, and returns the tallies by campaign code and the
// instant of the newest order.
func run(ctx context.Context, w *warehouse.Warehouse, asOf int64, netRefunds bool, days func(campaign uint32) int) (map[uint32]*tally, int64, error) {
	const workers = 2
	if w.Code(event.CampaignAssigned) == warehouse.NoCode {
		return map[uint32]*tally{}, 0, nil
	}
	passes := make([]*pass, workers)
	for i := range passes {
		passes[i] = &pass{asOf: asOf, holdout: w.Code("holdout"), netRefunds: netRefunds, days: days, tallies: map[uint32]*tally{}}
	}
	spec := warehouse.ScanSpec{
		Facts: passFacts, AsOf: asOf, Workers: workers,
		Columns: warehouse.ColumnAmount | warehouse.ColumnChannel | warehouse.ColumnCampaign | warehouse.ColumnStrategy | warehouse.ColumnDetail,
	}
	_, err := w.Scan(ctx, spec, func(worker int, b *warehouse.Block) error {
		passes[worker].block(b)
		return ctx.Err()
	})
	if err != nil {
		return nil, 0, err
	}
	out, lastOrder := passes[0].tallies, passes[0].lastOrder
	for _, p := range passes[1:] {
		lastOrder = max(lastOrder, p.lastOrder)
		for code, t := range p.tallies {
			if into, ok := out[code]; ok {
				into.merge(t)
			} else {
				out[code] = t
			}
		}
	}
	return out, lastOrder, nil
}

func (p *pass) block(b *warehouse.Block) {
	for i := range int(b.To - b.From) {
		from, to := b.Start[i], b.Start[i+1]
		p.opens = p.opens[:0]
		for r := from; r < to; r++ {
			switch b.Kind[r] {
			case assigned:
				p.assign(b, r)
			case paid:
				p.lastOrder = max(p.lastOrder, b.TS[r])
			}
		}
		if len(p.opens) == 0 {
			continue
		}
		for r := from; r < to; r++ {
			switch b.Kind[r] {
			case assigned:
			case paid:
				p.order(b.TS[r], b.Amount[r], true)
			case refunded:
				if p.netRefunds {
					p.order(b.TS[r], -b.Amount[r], false)
				}
			default:
				p.message(b, r)
			}
		}
		p.close()
	}
}

func (p *pass) assign(b *warehouse.Block, r uint32) {
	code := b.Campaign[r]
	for i := range p.opens {
		if p.opens[i].t.campaign == code {
			return // assigned once; the first word counts
		}
	}
	t := p.tallies[code]
	if t == nil {
		t = newTally(code, p.days(code))
		p.tallies[code] = t
	}
	at := b.TS[r]
	if t.first == 0 || at < t.first {
		t.first = at
	}
	t.last = max(t.last, at)
	t.strategy = b.Strategy[r]
	arm := armReach
	if b.Detail[r] == p.holdout {
		arm = armHoldout
	}
	n := len(p.opens)
	if n < cap(p.opens) { // keep the slice of channels of a former customer
		p.opens = p.opens[:n+1]
		p.opens[n] = open{t: t, arm: arm, at: at, ends: at + t.window, channels: p.opens[n].channels[:0]}
		return
	}
	p.opens = append(p.opens, open{t: t, arm: arm, at: at, ends: at + t.window})
}

func (p *pass) order(ts, amount int64, bought bool) {
	for i := range p.opens {
		o := &p.opens[i]
		if ts < o.at || ts >= o.ends {
			continue
		}
		day := int((ts - o.at) / dayMicros)
		o.revenue += amount
		o.t.revenue[o.arm][day] += amount
		if bought {
			if o.orders == 0 {
				o.firstDay = day
			}
			o.orders++
		}
	}
}

func (p *pass) message(b *warehouse.Block, r uint32) {
	for i := range p.opens {
		o := &p.opens[i]
		if o.t.campaign != b.Campaign[r] {
			continue
		}
		k := b.Kind[r]
		bit := uint16(1) << k
		o.seen |= bit
		at := slices.IndexFunc(o.channels, func(c channelSeen) bool { return c.code == b.Channel[r] })
		if at < 0 {
			o.channels = append(o.channels, channelSeen{code: b.Channel[r]})
			at = len(o.channels) - 1
		}
		o.channels[at].seen |= bit
		switch k {
		case sent:
			o.t.cost += b.Amount[r]
			o.t.channel(b.Channel[r]).cost += b.Amount[r]
		case refused:
			o.t.refusals[refusalKey{b.Channel[r], b.Detail[r]}]++
		}
		return
	}
}

// close adds the customer at hand to the tallies.
func (p *pass) close() {
	for i := range p.opens {
		o := &p.opens[i]
		t := o.t
		got := outcome{people: 1, revenue: o.revenue, squares: float64(o.revenue) * float64(o.revenue)}
		if o.orders > 0 {
			got.converted = 1
			t.bought[o.arm][o.firstDay]++
		}
		t.all[o.arm].add(got)
		if o.ends <= p.asOf {
			t.closed[o.arm].add(got)
		}
		for j := range p.opens {
			if q := &p.opens[j]; i != j && q.arm == armReach && q.at < o.ends && o.at < q.ends {
				t.over++
				break
			}
		}
		t.steps.Covered++
		if o.arm == armHoldout {
			t.steps.Holdout++
			continue
		}
		t.steps.Planned++
		t.steps.Converted += got.converted
		has := func(k warehouse.Kind) int64 { return int64(o.seen >> k & 1) }
		t.steps.Sent += has(sent)
		t.steps.Reached += has(delivered)
		t.steps.Opened += has(opened)
		t.steps.Clicked += has(clicked)
		t.steps.Unsubscribed += has(unsubscribed)
		if has(sent) == 0 && has(delivered) == 0 {
			t.steps.Refused += has(refused)
		}
		if has(delivered) == 0 {
			t.steps.Failed += has(failed)
		}
		for _, c := range o.channels {
			into := t.channel(c.code)
			for k := refused; k <= unsubscribed; k++ {
				into.people[k] += int64(c.seen >> k & 1)
			}
		}
	}
}
