package demo

import (
	"fmt"
	"math"
	"time"
)

// person is one demo customer: who they say they are, and the latent traits that nothing else may see. Everything
// here follows from the seed and the index.
type person struct {
	Index                            int
	Key, Handle, Phone, Email        string
	Gender, Birthday, Province, City string
	Shop                             int // index into shops
	Guide                            string
	Pet                              pet
	Food, Packs                      int     // the food they keep to, and how many they take at a time
	Rate                             float64 // purchases a day while active and in an ordinary season
	Dropout                          float64 // chance that a purchase was the last one (BG/NBD: Fader, Hardie, Lee 2005)
	Keen                             float64 // 0 looks at quality, 1 looks at price
	Response                         float64 // how readily they react to messages; 1 on average
	Visits                           float64 // visits a day while active
	Mail, Calls                      bool    // agreed to e-mail, to messages
}

// life is what has become of a person so far.
type life struct {
	Registered time.Time
	Alive      bool // still a customer at heart; nobody can see this
	Orders     int
	Spent      int64
	Last       time.Time // last order
	Stocked    time.Time // until then the cupboard is full
	Heard      float64   // messages in memory, halved every week
	HeardAt    time.Time
	Gone       bool // asked for no more messages
}

// Key returns the member card number of the person with the index, which is how imports know them.
func Key(index int) string { return fmt.Sprintf("HS%06d", index+1) }

func newPerson(seed uint64, index int) person {
	r := roll(seed, forPerson, index, 0)
	p := person{Index: index, Key: Key(index)}
	// The country code 999 is given to nobody (ITU E.164); example.com is nobody's (RFC 2606).
	p.Phone = fmt.Sprintf("+999%08d", index+1)
	if r.chance(0.62) {
		p.Email, p.Mail = fmt.Sprintf("hs%06d@example.com", index+1), r.chance(0.88)
	}
	p.Calls = r.chance(0.94)
	switch u := r.float(); {
	case u < 0.55:
		p.Pet = cat
	case u < 0.94:
		p.Pet = dog
	default:
		p.Pet = cat | dog
	}
	breeds := catBreeds
	if p.Pet == dog {
		breeds = dogBreeds
	}
	p.Handle = fmt.Sprintf("%s的家长 %05d", breeds[r.intn(len(breeds))], index+1)
	if u := r.float(); u < 0.58 {
		p.Gender = "f"
	} else if u < 0.9 {
		p.Gender = "m"
	}
	if r.chance(0.45) {
		p.Birthday = fmt.Sprintf("%04d-%02d-%02d", 1972+r.intn(34), 1+r.intn(12), 1+r.intn(28))
	}
	switch u := r.float(); {
	case u < 0.38:
		p.Shop = 0
	case u < 0.63:
		p.Shop = 1
	case u < 0.84:
		p.Shop = 2
	default:
		p.Shop = 3 + r.intn(len(shops)-3)
	}
	at := shops[p.Shop]
	p.Province, p.City = at.Province, at.City
	if p.City == "" {
		p.Province, p.City = place(&r)
	}
	p.Guide = at.Staff[r.intn(len(at.Staff))]

	foods := shelf(p.Pet, food)
	p.Food = foods[r.intn(len(foods))]
	p.Packs = 1
	if u := r.float(); u > 0.93 {
		p.Packs = 3
	} else if u > 0.75 {
		p.Packs = 2
	}
	cycle := float64(products[p.Food].Cycle)
	p.Rate = r.gamma(1.6) / 1.6 / (0.35*cycle + 24)
	p.Dropout = r.beta(0.9, 4.2)
	p.Keen = r.beta(1.8, 2.2)
	p.Response = math.Exp(0.6*r.normal() - 0.18)
	p.Visits = min(0.02+2*p.Rate+0.28*r.gamma(0.35)/0.35*0.5, 2)
	return p
}

func place(r *dice) (province, city string) {
	at := r.float() * 100
	for _, p := range places {
		if at < p.Weight {
			return p.Province, p.City
		}
		at -= p.Weight
	}
	return places[0].Province, places[0].City
}

// hazard is the mean number of purchases that a person makes of their own accord in a share of a day.
func (p *person) hazard(l *life, day time.Time, share float64) float64 {
	if !l.Alive {
		return 0
	}
	calm, keen, _ := season(day)
	rate := p.Rate * (calm + (keen-calm)*p.Keen) * share
	if l.Orders == 0 {
		rate *= 0.5
	}
	if day.Before(l.Stocked) {
		rate *= 0.5
	}
	return rate
}

// buys is the chance of at least one purchase at the hazard; a person buys at most once in a step.
func buys(hazard float64) float64 { return 1 - math.Exp(-hazard) }

// What is in a basket; order and meanFen must agree.
const (
	stapleChance = 0.74
	treatChance  = 0.38
	litterChance = 0.30
	toyChance    = 0.10
	doubleTreat  = 0.30
	onlyTreat    = 0.60
)

// line is one line of an order. Fen is the unit price.
type line struct {
	Product  int
	Quantity int
	Fen      int64
}

// basket draws what the person buys at a share of the list price.
func (p *person) basket(r *dice, price float64) []line {
	add := func(lines []line, product, n int) []line {
		return append(lines, line{product, n, fenAt(product, price)})
	}
	pick := func(role int) int {
		s := shelf(p.Pet, role)
		return s[r.intn(len(s))]
	}
	if !r.chance(stapleChance) {
		if r.chance(onlyTreat) {
			return add(nil, pick(treat), 1)
		}
		return add(nil, pick(litter), 1)
	}
	lines := add(nil, p.Food, p.Packs)
	if r.chance(treatChance) {
		n := 1
		if r.chance(doubleTreat) {
			n = 2
		}
		lines = add(lines, pick(treat), n)
	}
	if r.chance(litterChance) {
		lines = add(lines, pick(litter), 1)
	}
	if r.chance(toyChance) {
		lines = add(lines, pick(toy), 1)
	}
	return lines
}

func fenAt(product int, price float64) int64 {
	return int64(math.Round(float64(products[product].Fen) * price))
}

// meanFen is the exact mean of what a basket costs at a share of the list price.
func (p *person) meanFen(price float64) float64 {
	mean := func(role int) float64 {
		s := shelf(p.Pet, role)
		sum := int64(0)
		for _, i := range s {
			sum += fenAt(i, price)
		}
		return float64(sum) / float64(len(s))
	}
	staple := float64(p.Packs)*float64(fenAt(p.Food, price)) + treatChance*(1+doubleTreat)*mean(treat) +
		litterChance*mean(litter) + toyChance*mean(toy)
	return stapleChance*staple + (1-stapleChance)*(onlyTreat*mean(treat)+(1-onlyTreat)*mean(litter))
}

func total(lines []line) (fen int64) {
	for _, l := range lines {
		fen += int64(l.Quantity) * l.Fen
	}
	return fen
}
