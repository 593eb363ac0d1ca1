package experiment

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Mismatch is the answer of the sample-ratio check.
type Mismatch struct {
	P        float64 `json:"p"`        // how likely a split at least this far from the plan is, when the draw is sound
	Mismatch bool    `json:"mismatch"` // p is below 0.001: something other than the draw decided who is in which arm
}

const srmThreshold = 0.001

// SRM checks that the arms have the sizes the plan draws, by a chi-square goodness-of-fit test with one degree of
// freedom per stratum (A. Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments", KDD
// 2019). A mismatch voids every other number: whatever removed people from one arm may also have chosen the buyers.
// A stratum that plans nobody, or everybody, held out has nothing to test.
func SRM(strata []Stratum) Mismatch {
	var chi2, df float64
	for _, s := range strata {
		n, share := s.people(), s.HoldoutPct/100
		if n == 0 || share <= 0 || share >= 1 {
			continue
		}
		a, b := n*(1-share), n*share
		chi2 += sq(float64(s.Reach.People)-a)/a + sq(float64(s.Holdout.People)-b)/b
		df++
	}
	if df == 0 {
		return Mismatch{P: 1}
	}
	p := distuv.ChiSquared{K: df}.Survival(chi2)
	return Mismatch{P: p, Mismatch: p < srmThreshold}
}

// PeopleNeeded is how many people the two arms need together so that a true rise from the holdout's rate base to
// base+diff is seen at the level with the given power, when holdoutPct of them are held out (J. L. Fleiss, B. Levin,
// M. C. Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003, eq. 4.18 before the continuity correction;
// n is the holdout, r = reach/holdout):
//
//	n = (z(α/2) √((r+1) P̄Q̄) + z(β) √(r P1Q1 + P2Q2))² / (r (P2−P1)²)
//
// It is 0 when the question has no answer: no difference to look for, or an arm that is always empty.
func PeopleNeeded(base, diff, holdoutPct, level, power float64) int64 {
	h := holdoutPct / 100
	p2 := math.Min(1, math.Max(0, base+diff))
	if h <= 0 || h >= 1 || p2 == base || base < 0 || base > 1 {
		return 0
	}
	r := (1 - h) / h
	pooled := (base + r*p2) / (r + 1)
	za, zb := zTwoSided(level), distuv.UnitNormal.Quantile(power)
	n := sq(za*math.Sqrt((r+1)*pooled*(1-pooled))+zb*math.Sqrt(r*base*(1-base)+p2*(1-p2))) / (r * sq(p2-base))
	total := n * (r + 1)
	if total > 1e12 {
		return 1e12
	}
	return int64(math.Ceil(total - 1e-9))
}

// Detectable is the smallest rise over the holdout's rate that people this many would show at the level with the given
// power: the inverse of PeopleNeeded, found by bisection. It is 1 when even that would not show.
func Detectable(base float64, people int64, holdoutPct, level, power float64) float64 {
	low, high := 0.0, 1-base
	if need := PeopleNeeded(base, high, holdoutPct, level, power); need == 0 || need > people {
		return 1
	}
	for range 60 {
		mid := (low + high) / 2
		if need := PeopleNeeded(base, mid, holdoutPct, level, power); need == 0 || need > people {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

func sq(x float64) float64 { return x * x }
