package audience

import "slices"

// ladder tells how many of some points a value has reached, mostly at the first look.
type ladder struct {
	points []int64 // ascending, all different
	least  int     // how many of them every value has reached
	base   int64   // the first of the others
	shift  uint
	start  []int32 // by (value−base)>>shift: how many points the least such value has reached
}

func newLadder(points []int64) ladder {
	slices.Sort(points)
	l := ladder{points: slices.Compact(points), base: always}
	if len(l.points) > 0 && l.points[0] == never {
		l.least = 1
	}
	rest := l.points[l.least:]
	if len(rest) == 0 {
		return l
	}
	l.base = rest[0]
	span := uint64(rest[len(rest)-1]) - uint64(l.base)
	for span>>l.shift >= uint64(4*len(rest)+64) {
		l.shift++
	}
	l.start = make([]int32, span>>l.shift+1)
	at := l.least
	for i := range l.start {
		for at < len(l.points) && uint64(l.points[at])-uint64(l.base) <= uint64(i)<<l.shift {
			at++
		}
		l.start[i] = int32(at)
	}
	return l
}

// reached is how many points are no greater than the value.
func (l *ladder) reached(value int64) int {
	if value < l.base {
		return l.least
	}
	bucket := (uint64(value) - uint64(l.base)) >> l.shift
	if bucket >= uint64(len(l.start)) {
		return len(l.points)
	}
	at := int(l.start[bucket])
	for at < len(l.points) && l.points[at] <= value {
		at++
	}
	return at
}

// test is a leaf's bounds on its measure, and its bit. A leaf that is zero holds for people without facts, and what is
// looked for is that it does not.
type test struct {
	low, high int64
	bit       int32
	zero      bool
}

// answers tells the leaves that a value makes true, as bits.
type answers struct {
	ladder
	width int      // words
	masks []uint64 // by how many points are reached
}

func newAnswers(tests []test, width int) answers {
	var points []int64
	for _, t := range tests {
		points = append(points, t.low)
		if t.high < always {
			points = append(points, t.high+1)
		}
	}
	a := answers{ladder: newLadder(points), width: width}
	a.masks = make([]uint64, (len(a.points)+1)*width)
	for i := range len(a.points) + 1 {
		value := never
		if i > 0 {
			value = a.points[i-1]
		}
		for _, t := range tests {
			if (value >= t.low && value <= t.high) != t.zero {
				a.masks[i*width+int(t.bit>>6)] |= 1 << (t.bit & 63)
			}
		}
	}
	return a
}

func (a *answers) of(value int64) []uint64 {
	at := a.reached(value) * a.width
	return a.masks[at : at+a.width]
}

// twice doubles a bound; what is too great for that stays where no sum of money comes.
func twice(n int64) int64 {
	switch {
	case n > always/2:
		return always
	case n < never/2:
		return never
	}
	return 2 * n
}
