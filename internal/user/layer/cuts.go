package layer

import (
	"math"
	"slices"
)

// selectRanks returns the values that stand at the given ranks (0-based) when values are sorted, without sorting them:
// one counting pass over at most 65,536 buckets, then the same again inside the few buckets that hold a wanted rank. It is
// exact, takes a constant number of passes, and its extra memory is the contents of those buckets. values is not changed.
func selectRanks(values []int64, ranks []int) []int64 {
	out := make([]int64, len(ranks))
	if len(values) == 0 {
		return out
	}
	const small = 4096
	if len(values) <= small {
		sorted := slices.Clone(values)
		slices.Sort(sorted)
		for i, r := range ranks {
			out[i] = sorted[r]
		}
		return out
	}
	lo, hi := values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	if lo == hi {
		for i := range out {
			out[i] = lo
		}
		return out
	}
	shift := 0
	for uint64(hi-lo)>>shift > math.MaxUint16 {
		shift++
	}
	counts := make([]uint32, (hi-lo)>>shift+1)
	for _, v := range values {
		counts[(v-lo)>>shift]++
	}
	before := make([]int, len(counts)+1)
	for i, n := range counts {
		before[i+1] = before[i] + int(n)
	}
	inside := map[int][]int{} // bucket → places in ranks
	for i, r := range ranks {
		bucket, found := slices.BinarySearch(before, r)
		if !found {
			bucket--
		}
		for counts[bucket] == 0 { // empty buckets share their beginning with the next one
			bucket++
		}
		if shift == 0 {
			out[i] = lo + int64(bucket)
			continue
		}
		inside[bucket] = append(inside[bucket], i)
	}
	if len(inside) == 0 {
		return out
	}
	gathered := make(map[int][]int64, len(inside))
	wanted := make([]bool, len(counts))
	for bucket := range inside {
		gathered[bucket] = make([]int64, 0, counts[bucket])
		wanted[bucket] = true
	}
	for _, v := range values {
		if b := (v - lo) >> shift; wanted[b] {
			gathered[int(b)] = append(gathered[int(b)], v)
		}
	}
	for bucket, places := range inside {
		within := make([]int, len(places))
		for i, p := range places {
			within[i] = ranks[p] - before[bucket]
		}
		for i, v := range selectRanks(gathered[bucket], within) {
			out[places[i]] = v
		}
	}
	return out
}

// fraction is a rational share of a population, so that a percentile that falls exactly on a person does so in
// arithmetic too.
type fraction struct{ num, den int64 }

// percentiles returns the type 7 percentiles (Hyndman & Fan 1996; R's default) of values: with h = (n−1)p, the value at
// rank ⌊h⌋ plus the remaining part of the way to the next one.
func percentiles(values []int64, at []fraction) []float64 {
	if len(values) == 0 {
		return make([]float64, len(at))
	}
	return between(len(values), at, selectRanks(values, neighbours(len(values), at)))
}

// neighbours are the two ranks between which each percentile of n values lies.
func neighbours(n int, at []fraction) []int {
	ranks := make([]int, 0, 2*len(at))
	for _, p := range at {
		lower := int(int64(n-1) * p.num / p.den)
		ranks = append(ranks, lower, min(lower+1, n-1))
	}
	return ranks
}

// between are the percentiles of n values, given the values at their neighbours.
func between(n int, at []fraction, found []int64) []float64 {
	out := make([]float64, len(at))
	for i, p := range at {
		rest := int64(n-1) * p.num % p.den
		lower, upper := found[2*i], found[2*i+1]
		out[i] = float64(lower) + float64(rest)*float64(upper-lower)/float64(p.den)
	}
	return out
}

// quantileBreaks are the quintiles of values.
func quantileBreaks(values []int64) Breaks { return winsorisedQuantiles(values, 0) }

// winsorisedQuantiles are the quintiles that values would have after winsorise, which keeps their order: so only the values at the quintiles
// are pulled in.
func winsorisedQuantiles(values []int64, basisPoints int64) Breaks {
	n := len(values)
	if n == 0 {
		return Breaks{}
	}
	quintiles := []fraction{{1, 5}, {2, 5}, {3, 5}, {4, 5}}
	ends := []fraction{{basisPoints, 10_000}, {10_000 - basisPoints, 10_000}}
	found := selectRanks(values, append(neighbours(n, ends), neighbours(n, quintiles)...))
	outer, inner := found[:4], found[4:]
	if lo, hi := bounds(between(n, ends, outer)); basisPoints > 0 && lo <= hi {
		for i, v := range inner {
			inner[i] = min(max(v, lo), hi)
		}
	}
	return Breaks(between(n, quintiles, inner))
}

// bounds are the whole numbers between which winsorised values lie, given the percentiles at the ends; lo > hi where all values lie between
// two neighbouring integers, and stay as they are.
func bounds(ends []float64) (lo, hi int64) {
	return int64(math.Ceil(ends[0])), int64(math.Floor(ends[1]))
}

// winsorise pulls the values below the lower and above the upper percentile in to it, in place; basisPoints is the share
// cut at each end, in 1/10,000.
func winsorise(values []int64, basisPoints int64) {
	if basisPoints <= 0 || len(values) == 0 {
		return
	}
	ends := percentiles(values, []fraction{{basisPoints, 10_000}, {10_000 - basisPoints, 10_000}})
	lo, hi := bounds(ends)
	if lo > hi {
		return
	}
	for i, v := range values {
		values[i] = min(max(v, lo), hi)
	}
}

// maxPoints bounds the work of clustering: up to so many different values it is exact; beyond, values are first gathered
// into so many cells of equal width, each kept with its weight and its mean.
const maxPoints = 1 << 14

// kmeansBreaks clusters values into five groups with the least sum of squared distances to the group's mean, exactly, by
// dynamic programming over the sorted values (Wang & Song, "Ckmeans.1d.dp", R Journal 3/2, 2011, with the
// divide-and-conquer speed-up that the monotone split points allow). A break is the greatest value of the lower group.
// Fewer than five different values make fewer groups; the spare breaks repeat the greatest value and separate nothing.
func kmeansBreaks(values []int64) Breaks {
	var breaks Breaks
	if len(values) == 0 {
		return breaks
	}
	points := pointsOf(values)
	k := min(5, len(points))
	for i := range breaks {
		breaks[i] = float64(points[len(points)-1].greatest)
	}
	for i, end := range clusterEnds(points, k) {
		breaks[i] = float64(points[end].greatest)
	}
	return breaks
}

// point stands for all values of one cell.
type point struct {
	greatest int64
	weight   float64
	mean     float64
}

// pointsOf returns the different values with their weights, ascending, at most maxPoints of them.
func pointsOf(values []int64) []point {
	lo, hi := values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	width := (hi-lo)/maxPoints + 1
	if width > 1 { // perhaps there are few different values after all
		seen := make(map[int64]float64, maxPoints)
		for _, v := range values {
			seen[v]++
			if len(seen) > maxPoints {
				break
			}
		}
		if len(seen) <= maxPoints {
			points := make([]point, 0, len(seen))
			for v, n := range seen {
				points = append(points, point{v, n, float64(v)})
			}
			slices.SortFunc(points, func(a, b point) int {
				if a.greatest < b.greatest {
					return -1
				}
				return 1
			})
			return points
		}
	}
	type cell struct {
		greatest, count int64
		sum             float64 // of distances to lo: exact below 2^53
	}
	cells := make([]cell, (hi-lo)/width+1)
	for _, v := range values {
		c := &cells[(v-lo)/width]
		c.greatest = max(c.greatest, v)
		if c.count == 0 {
			c.greatest = v
		}
		c.count++
		c.sum += float64(v - lo)
	}
	var points []point
	for _, c := range cells {
		if c.count > 0 {
			points = append(points, point{c.greatest, float64(c.count), float64(lo) + c.sum/float64(c.count)})
		}
	}
	return points
}

// clusterEnds returns the place of the last point of each of the first k−1 clusters.
func clusterEnds(points []point, k int) []int {
	n := len(points)
	origin := points[n/2].mean // sums are taken about the middle, so that squares do not swallow differences
	w, s, q := make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)
	for i, p := range points {
		x := p.mean - origin
		w[i+1], s[i+1], q[i+1] = w[i]+p.weight, s[i]+p.weight*x, q[i]+p.weight*x*x
	}
	cost := func(from, to int) float64 { // points from…to inclusive
		sum := s[to+1] - s[from]
		return q[to+1] - q[from] - sum*sum/(w[to+1]-w[from])
	}
	best := make([]float64, n) // best[j]: least cost of points 0…j in the clusters so far
	for j := range best {
		best[j] = cost(0, j)
	}
	starts := make([][]int32, k) // starts[c][j]: where cluster c begins when point j is its last
	for c := 1; c < k; c++ {
		next := make([]float64, n)
		starts[c] = make([]int32, n)
		var fill func(from, to, least, most int)
		fill = func(from, to, least, most int) {
			if from > to {
				return
			}
			j := (from + to) / 2
			next[j] = math.Inf(1)
			at := least
			for i := max(c, least); i <= min(j, most); i++ {
				if v := best[i-1] + cost(i, j); v < next[j] {
					next[j], at = v, i
				}
			}
			starts[c][j] = int32(at)
			fill(from, j-1, least, at)
			fill(j+1, to, at, most)
		}
		fill(c, n-1, c, n-1)
		best = next
	}
	ends := make([]int, k-1)
	last := n - 1
	for c := k - 1; c > 0; c-- {
		last = int(starts[c][last]) - 1
		ends[c-1] = last
	}
	return ends
}
