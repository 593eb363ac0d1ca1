package demo

import "math"

// dice is chance that depends on nothing but its seed: splitmix64 (Steele, Lea, Flood 2014). One is made for every
// person and day, so what a person does never depends on who was asked first.
type dice struct{ state uint64 }

// What a die is thrown for; part of its seed.
const (
	forPerson = iota + 1
	forDay
	forReaction
	forArrivals
	forClicks
)

func roll(seed uint64, purpose, who, when int) dice {
	d := dice{seed}
	for _, v := range [...]int{purpose, who, when} {
		d.state = d.next() ^ uint64(v)*0xd6e8feb86659fd93
	}
	return d
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float is uniform in [0, 1).
func (d *dice) float() float64 { return float64(d.next()>>11) / (1 << 53) }

// intn is uniform in [0, n).
func (d *dice) intn(n int) int { return int(d.float() * float64(n)) }

func (d *dice) chance(p float64) bool { return d.float() < p }

func (d *dice) exp() float64 { return -math.Log(1 - d.float()) }

func (d *dice) normal() float64 {
	return math.Sqrt(2*d.exp()) * math.Cos(2*math.Pi*d.float())
}

// gamma has mean shape (scale 1): Marsaglia and Tsang 2000, boosted below shape 1.
func (d *dice) gamma(shape float64) float64 {
	if shape < 1 {
		return d.gamma(shape+1) * math.Pow(1-d.float(), 1/shape)
	}
	a := shape - 1.0/3
	c := 1 / math.Sqrt(9*a)
	for {
		x := d.normal()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-d.float()) < 0.5*x*x+a-a*v+a*math.Log(v) {
			return a * v
		}
	}
}

// beta has mean a/(a+b).
func (d *dice) beta(a, b float64) float64 {
	x, y := d.gamma(a), d.gamma(b)
	return x / (x + y)
}

// poisson counts, by Knuth's product; for small means.
func (d *dice) poisson(mean float64) int {
	limit, n, p := math.Exp(-mean), 0, d.float()
	for p > limit {
		n++
		p *= d.float()
	}
	return n
}
