package pricing

import (
	"cmp"
	"math/bits"
	"slices"
)

// mulDiv returns a*b/c rounded down, without overflow; c > 0, a and b ≥ 0, and a/c or b/c at most 1 or the result fits.
func mulDiv(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi == 0 {
		return int64(lo / uint64(c))
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}

// share returns amount × rate ÷ 10000 rounded down; the rate is taken as within 0–10000.
func share(amount, rate int64) int64 {
	return mulDiv(max(amount, 0), min(max(rate, 0), 10000), 10000)
}

// product returns a×b, or false when it is above limit; a, b ≥ 0.
func product(a, b, limit int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo > uint64(limit) {
		return 0, false
	}
	return int64(lo), true
}

// rest is what rounding down left of a part.
type rest struct {
	left uint64
	at   int32
}

// split divides total over parts in proportion to weights, by largest remainders (Hamilton's method); of equal remainders
// the earlier part goes first. Parts add up to total; when total is at most the sum of weights, no part is above its weight.
func split(total int64, weights, parts []int64, scratch []rest) []rest {
	var sum int64
	for _, w := range weights {
		sum += w
	}
	if total <= 0 || sum <= 0 {
		clear(parts)
		return scratch
	}
	if total == sum {
		copy(parts, weights)
		return scratch
	}
	scratch = scratch[:0]
	left := total
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		var q, r uint64
		if hi == 0 {
			q, r = lo/uint64(sum), lo%uint64(sum)
		} else {
			q, r = bits.Div64(hi, lo, uint64(sum))
		}
		parts[i] = int64(q)
		left -= int64(q)
		if r > 0 {
			scratch = append(scratch, rest{r, int32(i)})
		}
	}
	if left > 0 {
		largest(scratch, int(left))
		for _, s := range scratch[:left] {
			parts[s.at]++
		}
	}
	return scratch
}

// before orders remainders: the larger first, of equals the earlier.
func before(a, b rest) bool { return a.left > b.left || a.left == b.left && a.at < b.at }

// largest moves the n first remainders to the front, in any order (Hoare's selection).
func largest(all []rest, n int) {
	for n > 0 && n < len(all) {
		if len(all) <= 12 {
			slices.SortFunc(all, func(a, b rest) int {
				return cmp.Or(cmp.Compare(b.left, a.left), cmp.Compare(a.at, b.at))
			})
			return
		}
		pivot := all[len(all)/2]
		i, j := 0, len(all)-1
		for i <= j {
			for before(all[i], pivot) {
				i++
			}
			for before(pivot, all[j]) {
				j--
			}
			if i <= j {
				all[i], all[j] = all[j], all[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			all = all[:j+1]
		case n > i:
			all, n = all[i:], n-i
		default:
			return
		}
	}
}
