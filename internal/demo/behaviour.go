package demo

import (
	"math"
	"time"
)

// How people take messages. The numbers are the truth of the demo world; nothing outside this file knows them.
const (
	revival   = 0.5 // a lost person who buys because of a message stays with this chance
	stockDays = 10  // after buying because of a message the cupboard is full
	stockFor  = 0.5 // … and own purchases are this much rarer (in hazard)
	benefitAt = 0.88
	lagHours  = 6 // mean hours from delivery to reaction
	maxLag    = 60
)

// Appeal is what a message says, as far as people care: the layer its strategy was written for ("" for none), the
// send channel it came through, and whether it brings a benefit.
type Appeal struct {
	Layer, Channel string
	Benefit        bool
}

// mood is how things stand between a person and the brand, in truth rather than as measured.
type mood int

const (
	fresh   mood = iota // registered within 35 days
	loyal               // active, five orders or more
	growing             // active, fewer
	resting             // active, but away for longer than they usually are
	gone                // not active any more
)

func moodOf(p *person, l *life, at time.Time) mood {
	switch {
	case at.Sub(l.Registered) < 35*24*time.Hour && l.Orders <= 2:
		return fresh
	case !l.Alive:
		return gone
	case at.Sub(l.Last).Hours()/24 > max(30, 1.2/p.Rate):
		return resting
	case l.Orders >= 5:
		return loyal
	default:
		return growing
	}
}

// persuades is the chance that somebody who clicked buys, by the layer a strategy was written for and the mood it
// meets; the benefit and the person's own traits come on top.
var persuades = map[string][5]float64{
	//           fresh loyal growing resting gone
	"vip":       {.10, .32, .16, .12, .03},
	"potential": {.20, .20, .34, .18, .05},
	"new":       {.42, .08, .16, .08, .03},
	"silent":    {.14, .14, .20, .36, .12},
	"lost":      {.10, .08, .12, .24, .20},
	"":          {.14, .14, .16, .12, .04},
}

var (
	opensIn = map[string]float64{"phone": .58, "email": .28, "task": .62}
	opensBy = [5]float64{1.15, 1.2, 1.05, .8, .42}
)

// taking holds the chances of one message to one person.
type taking struct{ open, click, buy, leave float64 }

// persuaded is the chance that the message ends in an order.
func (t taking) persuaded() float64 { return t.open * t.click * t.buy }

func (p *person) taking(l *life, a Appeal, at time.Time) taking {
	if l.Gone && a.Channel != "task" {
		return taking{}
	}
	m := moodOf(p, l, at)
	tired := 1 / (1 + 0.35*max(0, l.heardOf(at)-1))
	buy := persuades[a.Layer][m]
	if a.Benefit {
		buy *= 0.75 + 0.6*p.Keen
	}
	return taking{
		open:  min(.95, opensIn[a.Channel]*opensBy[m]*math.Sqrt(p.Response)*tired),
		click: min(.9, .44*math.Sqrt(p.Response)),
		buy:   min(.9, buy),
		leave: .004 + .012*max(0, l.heardOf(at)-2),
	}
}

// Heard tells the world that a message reached a person; what they will make of it is settled there and then.
// Message names the message (or task) in the acts that follow; key makes the chance repeatable.
func (w *World) Heard(i int, message string, key int, a Appeal, at time.Time) {
	p, l := &w.people[i], &w.lives[i]
	t := p.taking(l, a, at)
	l.Heard, l.HeardAt = l.heardOf(at)+1, at
	r := roll(w.opt.Seed, forReaction, i, key)
	when := at.Add(lag(&r))
	if a.Channel == "task" {
		through := r.chance(t.open)
		w.intend(Act{At: when, Kind: Answer, Person: i, Message: message, Done: through})
		if through && r.chance(t.click*t.buy) {
			w.intend(Act{At: when.Add(40 * time.Minute), Kind: Buy, Person: i, Message: message})
		}
		return
	}
	if !r.chance(t.open) {
		return
	}
	w.intend(Act{At: when, Kind: Open, Person: i, Message: message})
	if r.chance(t.leave) {
		w.intend(Act{At: when.Add(40 * time.Second), Kind: Leave, Person: i, Message: message})
		return
	}
	if !r.chance(t.click) {
		return
	}
	w.intend(Act{At: when.Add(time.Minute), Kind: Click, Person: i, Message: message})
	if r.chance(t.buy) {
		buy := Act{At: when.Add(time.Duration(3+r.intn(30)) * time.Minute), Kind: Buy, Person: i, Message: message}
		if a.Benefit {
			buy.Done = true // asks for the benefit
		}
		w.intend(buy)
	}
}

// lag is how long a message lies before it is read.
func lag(r *dice) time.Duration {
	for {
		if h := lagHours * r.exp(); h < maxLag {
			return time.Duration(h * 3600e9).Truncate(time.Second)
		}
	}
}

// react does what was intended.
func (w *World) react(a Act, emit func(Act)) {
	p, l := &w.people[a.Person], &w.lives[a.Person]
	switch a.Kind {
	case Buy:
		r := roll(w.opt.Seed, forReaction, a.Person, int(a.At.Unix()))
		_, _, price := season(a.At)
		if a.Done {
			price *= benefitAt
		}
		w.buy(p, l, &r, a.At, price, a.Message, emit)
	case Leave:
		l.Gone = true
		emit(a)
	default:
		emit(a)
	}
}

// Truth is what a campaign does to one group of people in the mean: buying at all within the window (a share), and
// what they spend in it (fen a person).
type Truth struct {
	Converted, ConvertedWithout float64
	Revenue, RevenueWithout     float64
}

// Lift is the true difference in conversion.
func (t Truth) Lift() float64 { return t.Converted - t.ConvertedWithout }

// Worth is the true difference in revenue, fen a person.
func (t Truth) Worth() float64 { return t.Revenue - t.RevenueWithout }

// Truth computes the mean effect of sending everybody a message at an instant, over a window of whole days from it,
// by forward recursion over the model; reached says who of them the message would get to (nil: everybody).
func (w *World) Truth(people []int, reached func(int) bool, a Appeal, at time.Time, days int) Truth {
	var sum Truth
	for _, i := range people {
		t := w.truthOf(i, a, at, days)
		if reached != nil && !reached(i) {
			t.Converted, t.Revenue = t.ConvertedWithout, t.RevenueWithout
		}
		sum.Converted += t.Converted
		sum.ConvertedWithout += t.ConvertedWithout
		sum.Revenue += t.Revenue
		sum.RevenueWithout += t.RevenueWithout
	}
	n := float64(len(people))
	return Truth{sum.Converted / n, sum.ConvertedWithout / n, sum.Revenue / n, sum.RevenueWithout / n}
}

// span is a share of a business day.
type span struct {
	day      time.Time
	from, to float64
}

// spans cuts a window of days from an instant at midnights.
func spans(at time.Time, days int) []span {
	first := midnight(at)
	gone := float64(at.Sub(first)) / 86400e9
	out := []span{{first, gone, 1}}
	for d := 1; d < days; d++ {
		out = append(out, span{first.AddDate(0, 0, d), 0, 1})
	}
	if gone > 0 {
		out = append(out, span{first.AddDate(0, 0, days), 0, gone})
	}
	return out
}

func (w *World) truthOf(i int, a Appeal, at time.Time, days int) Truth {
	p, l := &w.people[i], w.lives[i]
	cut := spans(at, days)
	var out Truth
	never := 1.0
	if l.Alive {
		for _, s := range cut {
			never *= math.Exp(-p.hazard(&l, s.day, s.to-s.from))
		}
	}
	out.ConvertedWithout = 1 - never
	taking := p.taking(&l, a, at)
	out.Converted = 1 - never*(1-taking.persuaded())
	out.RevenueWithout = w.spends(p, l, cut, -1, 0)
	out.Revenue = (1 - taking.persuaded()) * out.RevenueWithout
	for m, q := range reactionDays(at, len(cut)) {
		if q > 0 && taking.persuaded() > 0 {
			_, _, price := season(cut[m].day)
			if a.Benefit {
				price *= benefitAt
			}
			out.Revenue += taking.persuaded() * q * w.spends(p, l, cut, m, p.meanFen(price))
		}
	}
	return out
}

// reactionDays is the chance of each span being the one in which somebody who reacts does.
func reactionDays(at time.Time, n int) []float64 {
	out := make([]float64, n)
	first := midnight(at)
	norm := 1 - math.Exp(-maxLag/float64(lagHours))
	tail := func(h float64) float64 {
		return max(0, (math.Exp(-h/lagHours)-math.Exp(-maxLag/float64(lagHours)))/norm)
	}
	left := 1.0
	for d := range out {
		t := tail(first.AddDate(0, 0, d+1).Sub(at).Hours())
		out[d] = left - t
		left = t
	}
	return out
}

// spends is the mean revenue of a person over the spans when a message makes them buy in span m (-1: none does).
// It keeps the chance of each state: a customer at heart and not yet bought, having bought, and no customer any more.
func (w *World) spends(p *person, l life, cut []span, m int, extra float64) (mean float64) {
	alive, lost := 0.0, 1.0
	if l.Alive {
		alive, lost = 1, 0
	}
	first := l.Orders == 0
	untouched := alive // alive and with no order at all: half as likely to buy
	if !first {
		untouched = 0
	}
	for d, s := range cut {
		_, _, price := season(s.day)
		basket := p.meanFen(price)
		state := l
		state.Alive = true
		if m >= 0 && d > m {
			state.Stocked = cut[m].day.AddDate(0, 0, stockDays)
		}
		state.Orders = 1
		often := buys(p.hazard(&state, s.day, s.to-s.from))
		state.Orders = 0
		seldom := buys(p.hazard(&state, s.day, s.to-s.from))
		bought := untouched*seldom + (alive-untouched)*often
		mean += bought * basket
		untouched -= untouched * seldom
		alive -= bought * p.Dropout
		lost += bought * p.Dropout
		if d == m {
			mean += extra
			alive += lost * revival
			lost -= lost * revival
			untouched = 0
		}
	}
	return mean
}

// live plays one person's window in the model alone, told or not, and returns the orders and what was spent; the
// fast path of the honesty test. It changes nothing.
func (w *World) live(i int, told bool, a Appeal, at time.Time, days int, r *dice) (orders int, fen int64) {
	p, l := &w.people[i], w.lives[i]
	cut := spans(at, days)
	persuaded := -1
	if told && r.chance(p.taking(&l, a, at).persuaded()) {
		when := at.Add(lag(r))
		for d, s := range cut {
			if !when.Before(s.day) {
				persuaded = d
			}
		}
	}
	for d, s := range cut {
		_, _, price := season(s.day)
		if r.chance(buys(p.hazard(&l, s.day, s.to-s.from))) {
			orders++
			l.Orders++
			fen += total(p.basket(r, price))
			l.Alive = !r.chance(p.Dropout)
		}
		if d == persuaded {
			if a.Benefit {
				price *= benefitAt
			}
			orders++
			l.Orders++
			fen += total(p.basket(r, price))
			l.Stocked = s.day.AddDate(0, 0, stockDays)
			if !l.Alive {
				l.Alive = r.chance(revival)
			}
		}
	}
	return orders, fen
}
