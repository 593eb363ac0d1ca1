package experiment

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAssignIsStickyUniformAndNested(t *testing.T) {
	const n = 200_000
	for _, pct := range []float64{0, 5, 10, 50, 100} {
		held := 0
		for c := uint32(1); c <= n; c++ {
			arm := Assign("cam_1", c, pct)
			if arm != Assign("cam_1", c, pct) {
				t.Fatalf("customer %d changed arm", c)
			}
			if arm == Holdout {
				held++
				if Assign("cam_1", c, math.Min(100, pct+7)) != Holdout {
					t.Fatalf("raising the share moved customer %d back to reach", c)
				}
			}
		}
		if sd := math.Sqrt(n * pct / 100 * (1 - pct/100)); math.Abs(float64(held)-n*pct/100) > 4*sd+0.5 {
			t.Errorf("%v %%: %d of %d held out", pct, held, n)
		}
	}
	// Ten buckets of the draw itself: chi-square with 9 degrees of freedom stays under its 0.9999 quantile, 33.7.
	var bucket [10]float64
	for c := uint32(1); c <= n; c++ {
		bucket[int(draw("cam_1", c)*10)]++
	}
	var chi2 float64
	for _, b := range bucket {
		chi2 += sq(b-n/10) / (n / 10)
	}
	if chi2 > 33.7 {
		t.Errorf("draws are not uniform: chi-square %.1f", chi2)
	}
	// Two salts are independent draws: a quarter of the people are held out by both at 50 %.
	both := 0
	for c := uint32(1); c <= n; c++ {
		if Assign("a", c, 50) == Holdout && Assign("b", c, 50) == Holdout {
			both++
		}
	}
	if math.Abs(float64(both)-n/4) > 4*math.Sqrt(n*0.25*0.75) {
		t.Errorf("salts are not independent: %d of %d in both", both, n)
	}
}

// Newcombe 1998 (single proportion), Table I, method 3.
func TestWilsonAgainstThePaper(t *testing.T) {
	for _, c := range []struct {
		x, n      int64
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		i := Wilson(c.x, c.n, 0.95)
		if math.Abs(i.Low-c.low) > 5e-5 || math.Abs(i.High-c.high) > 5e-5 {
			t.Errorf("%d/%d = [%.4f, %.4f], the paper has [%.4f, %.4f]", c.x, c.n, i.Low, i.High, c.low, c.high)
		}
	}
}

// Newcombe 1998 (difference of proportions), Table II, method 10, contrasts (a)–(h).
func TestNewcombeAgainstThePaper(t *testing.T) {
	for _, c := range []struct {
		x1, n1, x2, n2 int64
		low, high      float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.1705, 0.8090},
		{6, 7, 2, 7, 0.0582, 0.8062},
		{5, 56, 0, 29, -0.0381, 0.1926},
		{0, 10, 0, 20, -0.1611, 0.2775},
		{0, 10, 0, 10, -0.2775, 0.2775},
		{10, 10, 0, 20, 0.6791, 1},
		{10, 10, 0, 10, 0.6075, 1},
	} {
		i := Newcombe(Outcome{People: c.n1, Converted: c.x1}, Outcome{People: c.n2, Converted: c.x2}, 0.95)
		if math.Abs(i.Low-c.low) > 5e-5 || math.Abs(i.High-c.high) > 5e-5 {
			t.Errorf("%d/%d − %d/%d = [%.4f, %.4f], the paper has [%.4f, %.4f]", c.x1, c.n1, c.x2, c.n2, i.Low, i.High, c.low, c.high)
		}
	}
}

func outcomeOf(values ...float64) Outcome {
	var o Outcome
	for _, v := range values {
		o.People++
		if v != 0 {
			o.Converted++
		}
		o.Revenue += v
		o.RevenueSquares += v * v
	}
	return o
}

// R: t.test(extra ~ group, data = sleep) prints t = -1.8608, df = 17.776 and the interval -3.3654832 0.2054832
// (the data are Student's, Biometrika 6, 1908).
func TestWelchAgainstR(t *testing.T) {
	a := outcomeOf(0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
	b := outcomeOf(1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
	i, df := welchStrata([]Stratum{{Reach: a, Holdout: b}}, 0.95)
	if math.Abs(i.Low+3.3654832) > 1e-6 || math.Abs(i.High-0.2054832) > 1e-6 || math.Abs(df-17.776) > 1e-3 {
		t.Errorf("got %+v with %.4f degrees", i, df)
	}
}

func TestPeopleNeeded(t *testing.T) {
	// R: power.prop.test(p1 = .50, p2 = .75, power = .90) gives n = 76.7 in each group.
	if got := PeopleNeeded(0.5, 0.25, 50, 0.95, 0.9); got != 154 {
		t.Errorf("need %d, want 2 × 76.7 rounded up", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Float64Range(0.001, 0.5).Draw(t, "base")
		diff := rapid.Float64Range(0.001, 0.3).Draw(t, "diff")
		pct := rapid.Float64Range(1, 99).Draw(t, "pct")
		need := PeopleNeeded(base, diff, pct, 0.95, 0.8)
		if need <= 0 {
			t.Fatalf("no answer for %v+%v at %v", base, diff, pct)
		}
		if wider := PeopleNeeded(base, diff*1.2, pct, 0.95, 0.8); wider > need && base+diff*1.2 < 0.5 {
			t.Fatalf("a larger difference needs more people: %d > %d", wider, need)
		}
		if d := Detectable(base, need, pct, 0.95, 0.8); base+diff <= 0.5 && (d > diff*1.0001 || d < diff*0.97 && need > 300) {
			t.Fatalf("%d people detect %v, asked for %v", need, d, diff)
		}
	})
}

func TestSRM(t *testing.T) {
	split := func(reach, holdout int64) []Stratum {
		return []Stratum{{Reach: Outcome{People: reach}, Holdout: Outcome{People: holdout}, HoldoutPct: 50}}
	}
	// chi-square (821 588 vs 815 482, planned even): 22.776 on one degree, p = 1.8e-6 (Kohavi, Tang & Xu, Trustworthy
	// Online Controlled Experiments, 2020, ch. 21).
	if got := SRM(split(821588, 815482)); !got.Mismatch || math.Abs(got.P-1.8e-6) > 1e-7 {
		t.Errorf("the book's mismatch was judged %+v", got)
	}
	if got := SRM(split(5050, 4950)); got.Mismatch || math.Abs(got.P-0.3173) > 1e-4 {
		t.Errorf("one standard deviation off was judged %+v", got)
	}
	if got := SRM([]Stratum{{Reach: Outcome{People: 10}}}); got.Mismatch || got.P != 1 {
		t.Errorf("no planned holdout was judged %+v", got)
	}
}

func TestIntervalProperties(t *testing.T) {
	arm := rapid.Custom(func(t *rapid.T) Outcome {
		n := rapid.Int64Range(1, 5000).Draw(t, "n")
		return Outcome{People: n, Converted: rapid.Int64Range(0, n).Draw(t, "x")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := arm.Draw(t, "a"), arm.Draw(t, "b")
		i, back := Newcombe(a, b, 0.95), Newcombe(b, a, 0.95)
		if !i.Contains(i.Estimate) || i.Low < -1-1e-12 || i.High > 1+1e-12 {
			t.Fatalf("%+v", i)
		}
		if math.Abs(i.Low+back.High) > 1e-12 || math.Abs(i.High+back.Low) > 1e-12 {
			t.Fatalf("swapping the arms does not mirror: %+v %+v", i, back)
		}
		if wide := Newcombe(a, b, 0.99); wide.Low > i.Low || wide.High < i.High {
			t.Fatalf("99 %% is narrower than 95 %%")
		}
		more := Newcombe(Outcome{People: 4 * a.People, Converted: 4 * a.Converted}, Outcome{People: 4 * b.People, Converted: 4 * b.Converted}, 0.95)
		if more.High-more.Low > i.High-i.Low+1e-12 {
			t.Fatalf("four times the people widen the interval")
		}
		one := newcombeStrata([]Stratum{{Reach: a, Holdout: b}}, 0.95)
		if math.Abs(one.Low-math.Max(-1, i.Low)) > 1e-12 || math.Abs(one.High-math.Min(1, i.High)) > 1e-12 {
			t.Fatalf("one stratum is not Newcombe: %+v %+v", one, i)
		}
	})
}

// Two campaigns with the same true effect of zero but different customers and different holdout shares: adding their
// people up would report a difference of more than ten points; the strata report zero.
func TestStrataAvoidSimpsonsParadox(t *testing.T) {
	strata := []Stratum{
		{Reach: Outcome{People: 9000, Converted: 2700}, Holdout: Outcome{People: 1000, Converted: 300}, HoldoutPct: 10},
		{Reach: Outcome{People: 1000, Converted: 10}, Holdout: Outcome{People: 9000, Converted: 90}, HoldoutPct: 90},
	}
	r := Measure(strata, 0, true, DefaultOptions())
	if math.Abs(r.Conversion.Estimate) > 1e-12 || r.Verdict == Works {
		t.Errorf("%+v %s", *r.Conversion, r.Verdict)
	}
	if pooled := r.Reach.Rate() - r.Holdout.Rate(); pooled < 0.1 {
		t.Errorf("the example lost its point: pooled difference %v", pooled)
	}
}

// The intervals must hold the truth about as often as they say, at the sizes and rates that private domains have.
func TestNewcombeCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		n, held int
		p1, p2  float64
	}{{1800, 200, 0.05, 0.03}, {450, 50, 0.12, 0.12}, {9000, 1000, 0.01, 0.006}} {
		const runs = 2000
		covered := 0
		for range runs {
			r, h := binomial(rng, c.n, c.p1), binomial(rng, c.held, c.p2)
			if Newcombe(Outcome{People: int64(c.n), Converted: r}, Outcome{People: int64(c.held), Converted: h}, 0.95).Contains(c.p1 - c.p2) {
				covered++
			}
		}
		if share := float64(covered) / runs; share < 0.93 || share > 0.985 {
			t.Errorf("%+v: covered %.3f", c, share)
		}
	}
}

// Revenue per person: mostly zero, log-normal when not. When each arm has at least minRevenueBuyers buyers, the
// interval holds the truth in 90–99 % of campaigns.
func TestWelchCoverageOfRevenue(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const mu, sigma = 9.6, 0.6 // median ¥148, mean ¥177
	mean := math.Exp(mu + sigma*sigma/2)
	revenue := func(n int, p float64) Outcome {
		var o Outcome
		o.People = int64(n)
		for range binomial(rng, n, p) {
			v := math.Round(math.Exp(mu + sigma*rng.NormFloat64()))
			o.Converted++
			o.Revenue += v
			o.RevenueSquares += v * v
		}
		return o
	}
	for _, c := range []struct {
		n, held int
		p1, p2  float64
	}{{1800, 200, 0.12, 0.1}, {2700, 300, 0.06, 0.05}, {9000, 1000, 0.05, 0.03}} {
		covered, shown := 0, 0
		for range 1500 {
			r := Measure([]Stratum{{Reach: revenue(c.n, c.p1), Holdout: revenue(c.held, c.p2), HoldoutPct: 10}}, 0, true, DefaultOptions())
			if r.Revenue == nil {
				continue
			}
			shown++
			if r.Revenue.Contains((c.p1 - c.p2) * mean) {
				covered++
			}
		}
		if share := float64(covered) / float64(shown); shown < 500 || share < 0.9 || share > 0.99 {
			t.Errorf("%+v: covered %.3f of %d shown", c, share, shown)
		}
	}
}

func binomial(rng *rand.Rand, n int, p float64) int64 {
	var x int64
	for range n {
		if rng.Float64() < p {
			x++
		}
	}
	return x
}

func TestVerdicts(t *testing.T) {
	arm := func(n, x int64, spend float64) Outcome {
		return Outcome{People: n, Converted: x, Revenue: float64(x) * spend, RevenueSquares: float64(x) * spend * spend}
	}
	type verdict struct {
		Verdict Verdict
		Reason  Reason
		Advice  Advice
		Why     Reason
	}
	for _, c := range []struct {
		name     string
		strata   []Stratum
		cost     int64
		unclosed bool
		want     verdict
	}{
		{"nobody", nil, 0, false, verdict{Unknown, NothingMeasured, Continue, NothingMeasured}},
		{"no holdout", []Stratum{{Reach: arm(900, 90, 100)}}, 0, false, verdict{Unknown, NoHoldout, Check, NoHoldout}},
		{"broken split", []Stratum{{arm(900, 90, 100), arm(900, 50, 100), 10}}, 0, false, verdict{Unknown, SplitMismatch, Check, SplitMismatch}},
		{"too early", []Stratum{{arm(9000, 900, 100), arm(1000, 50, 100), 10}}, 0, true, verdict{Unknown, WindowOpen, Continue, WindowOpen}},
		{"few people", []Stratum{{arm(90, 20, 100), arm(10, 1, 100), 10}}, 0, false, verdict{Unknown, TooFewPeople, Continue, TooFewPeople}},
		{"few buyers", []Stratum{{arm(900, 5, 100), arm(100, 1, 100), 10}}, 0, false, verdict{Unknown, TooFewBuyers, Continue, TooFewBuyers}},
		{"not yet known", []Stratum{{arm(900, 60, 100), arm(100, 5, 100), 10}}, 0, false, verdict{Unknown, HoldsZero, Continue, HoldsZero}},
		{"works and pays", []Stratum{{arm(9000, 900, 10000), arm(1000, 50, 10000), 10}}, 90000, false, verdict{Works, AboveZero, Keep, EarnsMore}},
		{"works for free", []Stratum{{arm(9000, 900, 10000), arm(1000, 50, 10000), 10}}, 0, false, verdict{Works, AboveZero, Keep, WorksAtNoCost}},
		{"works and loses", []Stratum{{arm(9000, 900, 10000), arm(1000, 50, 10000), 10}}, 90000000, false, verdict{Works, AboveZero, Stop, CostsMore}},
		{"works, may not pay", []Stratum{{arm(9000, 900, 10000), arm(1000, 50, 10000), 10}}, 4500000, false, verdict{Works, AboveZero, Continue, MayNotPay}},
		{"hurts", []Stratum{{arm(9000, 300, 10000), arm(1000, 80, 10000), 10}}, 1, false, verdict{Hurts, BelowZero, Stop, BelowZero}},
		{"no effect seen", []Stratum{{arm(90000, 900, 10000), arm(90000, 900, 10000), 50}}, 1, false, verdict{NoEffectSeen, WithinMargin, Stop, WithinMargin}},
	} {
		r := Measure(c.strata, c.cost, !c.unclosed, DefaultOptions())
		if diff := cmp.Diff(c.want, verdict{r.Verdict, r.Reason, r.Advice, r.AdviceReason}); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if r.Reason == HoldsZero && r.Needed == 0 {
			t.Errorf("%s: does not say how many more people are needed", c.name)
		}
	}
}

// More people than Needed says, at the rates seen, give a verdict; that is what the number promises on average.
func TestNeededSettlesTheQuestion(t *testing.T) {
	reach, holdout := Outcome{People: 900, Converted: 63}, Outcome{People: 100, Converted: 5}
	r := Measure([]Stratum{{reach, holdout, 10}}, 0, true, DefaultOptions())
	if r.Verdict != Unknown || r.Needed <= 0 {
		t.Fatalf("%s, %d needed", r.Verdict, r.Needed)
	}
	k := (1000 + r.Needed) / 1000
	grown := Measure([]Stratum{{Outcome{People: 900 * (k + 1), Converted: 63 * (k + 1)}, Outcome{People: 100 * (k + 1), Converted: 5 * (k + 1)}, 10}}, 0, true, DefaultOptions())
	if grown.Verdict != Works {
		t.Errorf("after %d more people: %s, %+v", r.Needed, grown.Verdict, *grown.Conversion)
	}
}
