package product

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > by {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

// The lady tasting tea (Fisher 1935): three of four cups right has a chance of 17/70. And χ² = 20 of a table of 400, whose signed root is
// √20: P(Z > 4.4721) = 3.872e-6.
func TestIndependent(t *testing.T) {
	near(t, "tea", independent(8, 4, 4, 3), 17.0/70, 1e-12)
	near(t, "all four cups", independent(8, 4, 4, 4), 1.0/70, 1e-12)
	near(t, "nothing together", independent(1000, 30, 40, 0), 1, 0)
	near(t, "χ²", independent(400, 200, 100, 50+int64(math.Round(math.Sqrt(20*200*200*100*300/(400.0*400*400))))), 3.872e-6, 3e-6)
	near(t, "as expected", independent(1000, 100, 100, 10), 0.5, 1e-12)
	// Both sides of the border between the two tests agree roughly, and more together is always less likely by chance.
	last := 1.0
	for both := int64(1); both < 60; both++ {
		p := independent(100_000, 700, 700, both)
		if p > last {
			t.Fatalf("%d together: %v after %v", both, p, last)
		}
		last = p
	}
}

// Benjamini & Hochberg 1995, table of 15 tests of § 3.2: at 5 % the first four are discoveries.
func TestFalseDiscovery(t *testing.T) {
	p := []float64{.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0}
	q := falseDiscovery(p, 15)
	n := 0
	for _, v := range q {
		if v <= .05 {
			n++
		}
	}
	if n != 4 || !slices.IsSorted(q) {
		t.Fatal(n, q)
	}
}

// The order statistics of n values that hold the median with 95 %: the table of Conover, Practical Nonparametric Statistics.
func TestMedianRanks(t *testing.T) {
	for n, want := range map[int64][2]int64{6: {1, 6}, 10: {2, 9}, 20: {6, 15}, 25: {8, 18}, 50: {18, 33}, 100: {40, 61}} {
		if l, h, ok := medianRanks(n); !ok || l != want[0] || h != want[1] {
			t.Errorf("of %d: %d … %d, want %v", n, l, h, want)
		}
	}
	if _, _, ok := medianRanks(5); ok {
		t.Error("five values hold the median in no interval")
	}
}

// Remission of 21 patients with 6-mercaptopurine (Freireich et al. 1963), the standard example of the product-limit estimator: survival
// .857 at 6 weeks, .807 at 7, .753 at 10, .690 at 13, .627 at 16, .538 at 22, .448 at 23 with standard error .1346 (Greenwood).
func TestCurve(t *testing.T) {
	var s spells
	for _, d := range []int64{6, 6, 6, 7, 10, 13, 16, 22, 23} {
		s.end(d, true)
	}
	for _, d := range []int64{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35} {
		s.end(d, false)
	}
	curve := s.curve()
	for d, want := range map[int]float64{5: 1, 6: .857, 7: .807, 10: .753, 13: .690, 16: .627, 22: .538, 23: .448, 35: .448} {
		near(t, "survival", 1-curve[d].Share, want, 5e-4)
	}
	width := 1.959964 * .1346 / .4482 / math.Abs(math.Log(.4482)) // on the log-log scale
	near(t, "upper end", 1-curve[23].Low, math.Pow(.4482, math.Exp(-width)), 2e-3)
	near(t, "lower end", 1-curve[23].High, math.Pow(.4482, math.Exp(width)), 2e-3)
}

// Nobody is censored: the cycle is the plain median with the order statistics around it. And with people who had too little time, the
// plain median is too short and the cycle is not.
func TestCycle(t *testing.T) {
	var s spells
	for d := int64(1); d <= 100; d++ {
		s.end(d, true)
	}
	if c := s.cycle(); c.Median != 50 || c.Low != 40 || c.High != 61 || c.Q1 != 25 || c.Q3 != 75 || c.Seen != 50.5 {
		t.Fatalf("%+v", c)
	}
	r := rand.New(rand.NewPCG(9, 9))
	var some spells
	for range 20_000 {
		gap, time := int64(20+r.IntN(80)), int64(r.IntN(365)) // the true median is 59.5
		some.end(min(gap, time), gap <= time)
	}
	if c := some.cycle(); math.Abs(c.Median-59.5) > 1.5 || c.Seen > 58 || c.Low > 59.5+.5 || c.High < 59.5-.5 {
		t.Fatalf("%+v", c)
	}
	var few spells
	few.end(3, true)
	if c := few.cycle(); c.Median != 0 || c.Gaps != 1 {
		t.Fatalf("%+v", c)
	}
}
