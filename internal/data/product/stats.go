package product

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"huoshui/internal/marketing/experiment"
)

// level is that of every interval.
const level = 0.95

// Share is a share of a number with its 95 % interval (Wilson, without continuity correction).
type Share struct {
	Of   int64   `json:"of"`
	N    int64   `json:"n"`
	Rate float64 `json:"rate"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func share(n, of int64) Share {
	if of <= 0 {
		return Share{}
	}
	i := experiment.Wilson(n, of, level)
	return Share{Of: of, N: n, Rate: float64(n) / float64(of), Low: i.Low, High: i.High}
}

// Mean is an average with its 95 % interval (normal; of amounts of money over many people).
type Mean struct {
	N    int64   `json:"n"`
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func mean(n int64, sum, squares float64) Mean {
	if n == 0 {
		return Mean{}
	}
	m := Mean{N: n, Mean: sum / float64(n)}
	m.Low, m.High = m.Mean, m.Mean
	if n > 1 {
		variance := max(0, (squares-sum*sum/float64(n))/float64(n-1))
		half := distuv.UnitNormal.Quantile(1-(1-level)/2) * math.Sqrt(variance/float64(n))
		m.Low, m.High = m.Mean-half, m.Mean+half
	}
	return m
}

// medianRanks are the ranks, from 1, of the order statistics of n values that hold the median with 95 % at least: the greatest l with
// P(Bin(n, ½) < l) ≤ 2.5 %, and n+1−l (David & Nagaraja, Order Statistics, 3rd ed., §7.1); false where so few values hold it in no interval.
func medianRanks(n int64) (low, high int64, ok bool) {
	if n < 6 {
		return 0, 0, false
	}
	b := distuv.Binomial{N: float64(n), P: 0.5}
	// The rank lies near n/2 − 0.98 √n; the distribution function is asked only there.
	l := max(1, n/2-int64(math.Sqrt(float64(n)))-3)
	for l > 1 && b.CDF(float64(l-1)) > (1-level)/2 {
		l--
	}
	for b.CDF(float64(l)) <= (1-level)/2 {
		l++
	}
	return l, n + 1 - l, true
}

// independent is the chance, one-sided, that two products which people choose independently of one another meet in at least both of n baskets,
// where they lie in a and in b of them: Fisher's exact test where fewer than five would be expected, else Pearson's χ² with one degree of
// freedom as its signed root.
func independent(n, a, b, both int64) float64 {
	N, A, B, K := float64(n), float64(a), float64(b), float64(both)
	expected := A * B / N
	if expected >= 5 {
		spread := A * (N - A) * B * (N - B)
		if spread <= 0 {
			return 1
		}
		return distuv.UnitNormal.Survival((K*N - A*B) * math.Sqrt(N/spread))
	}
	// P(X ≥ both) of the hypergeometric distribution, term by term.
	choose := func(n, k float64) float64 {
		x, _ := math.Lgamma(n + 1)
		y, _ := math.Lgamma(k + 1)
		z, _ := math.Lgamma(n - k + 1)
		return x - y - z
	}
	if both <= max(0, a+b-n) {
		return 1
	}
	term := math.Exp(choose(A, K) + choose(N-A, B-K) - choose(N, B))
	sum := 0.0
	for k := K; k <= min(A, B) && term > 0; k++ {
		sum += term
		if term < sum*1e-15 {
			break
		}
		term *= (A - k) * (B - k) / ((k + 1) * (N - A - B + k + 1))
	}
	return min(1, sum)
}

// falseDiscovery turns chances, of the smallest of m tests, into the share of false ones among all that are at most so small (Benjamini &
// Hochberg 1995); those that were not computed count as not small.
func falseDiscovery(p []float64, m int64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case p[i] < p[j]:
			return -1
		case p[i] > p[j]:
			return 1
		}
		return 0
	})
	q, least := make([]float64, len(p)), 1.0
	for rank := len(order); rank >= 1; rank-- {
		i := order[rank-1]
		least = min(least, p[i]*float64(m)/float64(rank))
		q[i] = least
	}
	return q
}

// unique sorts and leaves out repetitions.
func unique(units []uint32) []uint32 {
	slices.Sort(units)
	return slices.Compact(units)
}

// quantile is the value at share q of sorted values (type 7 of Hyndman & Fan); 0 of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
