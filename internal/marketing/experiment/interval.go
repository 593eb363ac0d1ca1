package experiment

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is a two-sided confidence interval around an estimate, in the unit of what was measured: a share between
// -1 and 1, or fen per person.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// Scaled is the interval of k times the quantity.
func (i Interval) Scaled(k float64) Interval {
	if k < 0 {
		return Interval{i.Estimate * k, i.High * k, i.Low * k}
	}
	return Interval{i.Estimate * k, i.Low * k, i.High * k}
}

// Contains says whether v lies within the interval, ends included.
func (i Interval) Contains(v float64) bool { return i.Low <= v && v <= i.High }

// Outcome is what one arm did: how many people, how many of them bought, and the sums of revenue per person and of its
// square (fen, fen²; people who bought nothing count as zero). Sums are float64 because squares of fen overflow int64.
type Outcome struct {
	People         int64   `json:"people"`
	Converted      int64   `json:"converted"`
	Revenue        float64 `json:"revenue_fen"`
	RevenueSquares float64 `json:"-"`
}

// Rate is the share who bought; 0 when there is nobody.
func (o Outcome) Rate() float64 {
	if o.People == 0 {
		return 0
	}
	return float64(o.Converted) / float64(o.People)
}

// Mean is the revenue per person in fen; 0 when there is nobody.
func (o Outcome) Mean() float64 {
	if o.People == 0 {
		return 0
	}
	return o.Revenue / float64(o.People)
}

// variance is the unbiased sample variance of revenue per person.
func (o Outcome) variance() float64 {
	if o.People < 2 {
		return 0
	}
	n := float64(o.People)
	return math.Max(0, (o.RevenueSquares-o.Revenue*o.Revenue/n)/(n-1))
}

// Wilson is the score interval of a proportion (E. B. Wilson, JASA 22, 1927; method 3 in R. G. Newcombe, "Two-sided
// confidence intervals for the single proportion", Statistics in Medicine 17, 1998, 857–872):
//
//	(2np + z² ± z √(z² + 4npq)) / 2(n + z²)
//
// It stays within [0, 1] and keeps its coverage near 0 and 1, where the textbook p ± z√(pq/n) collapses. With n = 0
// nothing is known: [0, 1].
func Wilson(successes, n int64, level float64) Interval {
	if n <= 0 {
		return Interval{0, 0, 1}
	}
	z, m, p := zTwoSided(level), float64(n), float64(successes)/float64(n)
	centre, spread := 2*m*p+z*z, z*math.Sqrt(z*z+4*m*p*(1-p))
	low, high := (centre-spread)/(2*(m+z*z)), (centre+spread)/(2*(m+z*z))
	if successes == 0 {
		low = 0
	}
	if successes == n {
		high = 1
	}
	return Interval{p, math.Max(0, low), math.Min(1, high)}
}

// Newcombe is the hybrid score interval of reach's rate minus holdout's (method 10, without continuity correction, in
// R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven
// methods", Statistics in Medicine 17, 1998, 873–890). With Wilson limits (l1, u1) and (l2, u2) of the two rates:
//
//	low  = p1 − p2 − √((p1 − l1)² + (u2 − p2)²)
//	high = p1 − p2 + √((u1 − p1)² + (p2 − l2)²)
func Newcombe(reach, holdout Outcome, level float64) Interval {
	a, b := Wilson(reach.Converted, reach.People, level), Wilson(holdout.Converted, holdout.People, level)
	d := a.Estimate - b.Estimate
	return Interval{d, d - math.Hypot(a.Estimate-a.Low, b.High-b.Estimate), d + math.Hypot(a.High-a.Estimate, b.Estimate-b.Low)}
}

// Welch is the t interval of reach's mean revenue minus holdout's, in fen per person, without assuming equal variances
// (B. L. Welch, Biometrika 34, 1947, 28–35; degrees of freedom after F. E. Satterthwaite, Biometrics 2, 1946):
//
//	d ± t(ν) √(s1²/n1 + s2²/n2),  ν = (s1²/n1 + s2²/n2)² / ((s1²/n1)²/(n1−1) + (s2²/n2)²/(n2−1))
//
// An arm with fewer than two people has no variance and the interval is infinite.
func Welch(reach, holdout Outcome, level float64) Interval {
	i, _ := welchStrata([]Stratum{{Reach: reach, Holdout: holdout}}, level)
	return i
}

// newcombeStrata is the interval of the mean of the strata's differences, each weighted by its people. The limits are
// combined by MOVER (G. Y. Zou and A. Donner, Statistics in Medicine 27, 2008, 1693–1702), the rule by which Newcombe
// combines two Wilson limits, applied once more; with one stratum it is Newcombe's interval itself.
//
//	low = Σ w d − √(Σ w² (d − l)²),  high = Σ w d + √(Σ w² (u − d)²)
func newcombeStrata(strata []Stratum, level float64) Interval {
	var total float64
	for _, s := range strata {
		total += s.people()
	}
	var d, below, above float64
	for _, s := range strata {
		w, i := s.people()/total, Newcombe(s.Reach, s.Holdout, level)
		d += w * i.Estimate
		below += w * w * (i.Estimate - i.Low) * (i.Estimate - i.Low)
		above += w * w * (i.High - i.Estimate) * (i.High - i.Estimate)
	}
	return Interval{d, math.Max(-1, d-math.Sqrt(below)), math.Min(1, d+math.Sqrt(above))}
}

// welchStrata is Welch's interval of the mean of the strata's differences, each weighted by its people, with
// Satterthwaite's degrees of freedom over all arms of all strata; it returns those degrees too.
func welchStrata(strata []Stratum, level float64) (Interval, float64) {
	var total float64
	for _, s := range strata {
		total += s.people()
	}
	var d, variance, fourth float64
	for _, s := range strata {
		w := s.people() / total
		d += w * (s.Reach.Mean() - s.Holdout.Mean())
		for _, o := range []Outcome{s.Reach, s.Holdout} {
			if o.People < 2 {
				return Interval{d, math.Inf(-1), math.Inf(1)}, 0
			}
			v := w * w * o.variance() / float64(o.People)
			variance += v
			fourth += v * v / float64(o.People-1)
		}
	}
	if variance == 0 {
		return Interval{d, d, d}, math.Inf(1)
	}
	df := variance * variance / fourth
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(1 - (1-level)/2)
	half := t * math.Sqrt(variance)
	return Interval{d, d - half, d + half}, df
}

func zTwoSided(level float64) float64 { return distuv.UnitNormal.Quantile(1 - (1-level)/2) }
