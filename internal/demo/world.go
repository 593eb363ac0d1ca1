// Package demo is a brand that does not exist: a pet-food shop with 20 000 customers and 18 months of orders, and a
// model of how those people behave. The model is hidden: the rest of the code sees only files to import, messages
// opened and clicked, and orders placed, and the tests compare what the product measured with what the model knows.
package demo

import (
	"math"
	"slices"
	"time"
)

// Options fix a world completely.
type Options struct {
	Seed   uint64
	People int       // customers at the start
	Months int       // months of history
	Until  time.Time // the first day that is not history, midnight of the business day
}

// Defaults is the demo brand as shipped, with history up to the day that holds today.
func Defaults(today time.Time) Options {
	return Options{Seed: 20_240_618, People: 20_000, Months: 18, Until: midnight(today)}
}

// World is the brand's people and what has become of them. It is not safe for concurrent use.
type World struct {
	opt    Options
	people []person
	lives  []life
	daily  []float64 // expected arrivals on each day of history; the last one goes on
	// pending are the reactions people have in mind, in time order.
	pending []Act
	clock   time.Time // everything before is done
}

// The things people do.
const (
	Register = iota
	Visit
	Buy
	Return // gives an order back
	Open
	Click
	Leave // unsubscribes
	Answer
)

// Act is one thing somebody does at an instant.
type Act struct {
	At      time.Time
	Kind    int
	Person  int
	Number  string // order number of Buy and Return
	Lines   []line // of Buy and Return
	Shop    int    // of Buy, Visit and Return
	Product int    // of Visit
	Message string // message or task id of Open, Click, Leave, Answer; of Buy, the message that led to it
	Done    bool   // of Answer: the guide got through
}

// New makes the people who are there on the first day and lives their history; each act goes to emit, person by
// person, in time order within a person. Visits are reported for the last 35 days only.
func New(opt Options, emit func(Act)) *World {
	w := &World{opt: opt, clock: opt.Until}
	from := midnight(opt.Until.AddDate(0, -opt.Months, 0))
	var sum float64
	for day := from; day.Before(opt.Until); day = day.AddDate(0, 0, 1) {
		x := day.Sub(from).Hours() / opt.Until.Sub(from).Hours()
		calm, keen, _ := season(day)
		weight := (0.6 + 0.8*x) * (calm + keen) / 2
		w.daily = append(w.daily, weight)
		sum += weight
	}
	arrived, due := 0, 0.0
	for n, day := 0, from; day.Before(opt.Until); n, day = n+1, day.AddDate(0, 0, 1) {
		w.daily[n] *= float64(opt.People) / sum
		due += w.daily[n]
		for ; arrived < opt.People && (float64(arrived) < due-0.5 || n == len(w.daily)-1); arrived++ {
			w.arrive(arrived, day, 0)
		}
	}
	visible := opt.Until.AddDate(0, 0, -35)
	for i := range w.people {
		w.register(i, emit)
		for day := midnight(w.lives[i].Registered); day.Before(opt.Until); day = day.AddDate(0, 0, 1) {
			w.personDay(i, day, 0, 1, func(a Act) {
				if a.Kind != Visit || a.At.After(visible) {
					emit(a)
				}
			})
		}
	}
	return w
}

// Size returns how many people there are.
func (w *World) Size() int { return len(w.people) }

// Handle returns what the person calls themselves.
func (w *World) Handle(i int) string { return w.people[i].Handle }

func (w *World) arrive(i int, day time.Time, gone float64) {
	r := roll(w.opt.Seed, forArrivals, i, 1)
	w.people = append(w.people, newPerson(w.opt.Seed, i))
	w.lives = append(w.lives, life{Registered: moment(day, &r, gone), Alive: true})
}

// register reports the registration, and the first order that usually comes with it.
func (w *World) register(i int, emit func(Act)) {
	p, l := &w.people[i], &w.lives[i]
	r := roll(w.opt.Seed, forArrivals, i, 2)
	emit(Act{At: l.Registered, Kind: Register, Person: i})
	if r.chance(0.86) {
		_, _, price := season(l.Registered)
		w.buy(p, l, &r, l.Registered.Add(time.Duration(1+r.intn(20))*time.Minute), price, "", emit)
	}
}

// personDay lives the part of a day between two fractions of it.
func (w *World) personDay(i int, day time.Time, from, to float64, emit func(Act)) {
	p, l := &w.people[i], &w.lives[i]
	r := roll(w.opt.Seed, forDay, i, dayNumber(day)*1440+int(from*1440))
	share := to - from
	visits := p.Visits * share
	if !l.Alive {
		visits *= 0.04
	}
	bought := r.chance(buys(p.hazard(l, day, share)))
	n := r.poisson(visits)
	if bought {
		n += 1 + r.intn(3)
	}
	if n == 0 && !bought {
		return
	}
	instant := func() time.Time {
		at := moment(day, &r, from)
		if end := day.Add(time.Duration(to * 86400e9)); !at.Before(end) {
			span := end.Sub(day.Add(time.Duration(from * 86400e9)))
			at = end.Add(-time.Duration(r.float() * float64(span))).Truncate(time.Second)
		}
		if at.Before(l.Registered) {
			at = l.Registered.Add(time.Minute)
		}
		return at
	}
	for range n {
		role := []int{food, food, treat, litter, toy}[r.intn(5)]
		s := shelf(p.Pet, role)
		emit(Act{At: instant(), Kind: Visit, Person: i, Shop: 2, Product: s[r.intn(len(s))]})
	}
	if bought {
		_, _, price := season(day)
		w.buy(p, l, &r, instant(), price, "", emit)
	}
}

// buy places an order, and sometimes gives it back a few days later; the person may have had enough.
func (w *World) buy(p *person, l *life, r *dice, at time.Time, price float64, message string, emit func(Act)) {
	l.Orders++
	at = at.Truncate(time.Second)
	a := Act{At: at, Kind: Buy, Person: p.Index, Shop: p.Shop, Lines: p.basket(r, price), Message: message}
	if message != "" || r.chance(0.12) {
		a.Shop = 2 // the brand's own mall
	}
	a.Number = orderNumber(shops[a.Shop].Channel, at, p.Index, l.Orders)
	l.Spent += total(a.Lines)
	if at.After(l.Last) {
		l.Last = at
	}
	emit(a)
	switch {
	case message == "":
		l.Alive = !r.chance(p.Dropout)
	default:
		l.Alive = l.Alive || r.chance(revival)
		l.Stocked = midnight(at).AddDate(0, 0, stockDays)
	}
	back := a
	back.Kind, back.At = Return, at.Add(time.Duration(24+r.intn(120))*time.Hour)
	if !r.chance(0.025) || message != "" {
		return
	}
	if back.At.Before(w.clock) {
		emit(back)
	} else {
		w.intend(back)
	}
}

// intend remembers what a person will do later.
func (w *World) intend(a Act) {
	i, _ := slices.BinarySearchFunc(w.pending, a.At.Add(1), func(p Act, at time.Time) int { return p.At.Compare(at) })
	w.pending = slices.Insert(w.pending, i, a)
}

func orderNumber(channel string, at time.Time, person, nth int) string {
	prefix := map[string]string{"tmall": "TM", "douyin": "DY", "youzan": "YZ", "retail": "ST"}[channel]
	digits := []byte(at.In(Zone).Format("060102") + "0000000000")
	for i, v := 11, person+1; i >= 6; i, v = i-1, v/10 {
		digits[i] = byte('0' + v%10)
	}
	for i, v := 15, nth; i >= 12; i, v = i-1, v/10 {
		digits[i] = byte('0' + v%10)
	}
	return prefix + string(digits)
}

// Step lives everybody's time from where the world stands to an instant on the same business day or its end, and
// returns the acts in time order. New people arrive.
func (w *World) Step(until time.Time) []Act {
	day := midnight(w.clock)
	from := float64(w.clock.Sub(day)) / 86400e9
	to := min(float64(until.Sub(day))/86400e9, 1)
	end := day.Add(time.Duration(to * 86400e9))
	var acts []Act
	emit := func(a Act) {
		if !a.At.Before(end) { // a first order follows its registration by minutes
			a.At = end.Add(-time.Second)
		}
		acts = append(acts, a)
	}
	known := len(w.people)
	w.clock = end
	for i := range known {
		w.personDay(i, day, from, to, emit)
	}
	calm, keen, _ := season(day)
	arrivals := roll(w.opt.Seed, forArrivals, -1, dayNumber(day)*1440+int(from*1440))
	usual := 1.4 * float64(w.opt.People) / float64(len(w.daily))
	for n := arrivals.poisson(usual * (calm + keen) / 2 * (to - from)); n > 0; n-- {
		i := len(w.people)
		w.arrive(i, day, from)
		if l := &w.lives[i]; !l.Registered.Before(end) {
			l.Registered = end.Add(-time.Second)
		}
		w.register(i, emit)
	}
	for len(w.pending) > 0 && w.pending[0].At.Before(end) {
		a := w.pending[0]
		w.pending = w.pending[1:]
		w.react(a, emit)
	}
	slices.SortStableFunc(acts, func(a, b Act) int { return a.At.Compare(b.At) })
	return acts
}

// Now returns where the world stands: everything before has happened.
func (w *World) Now() time.Time { return w.clock }

// heardOf counts how many messages a person has in memory.
func (l *life) heardOf(at time.Time) float64 {
	if l.HeardAt.IsZero() {
		return 0
	}
	return l.Heard * math.Pow(0.5, at.Sub(l.HeardAt).Hours()/168)
}
