package audience

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

type (
	// topSpec is the first of those who are ranked, or those whose value lies within bounds.
	topSpec struct {
		By      string  `json:"by"`
		Percent float64 `json:"percent,omitempty"`
		Count   int     `json:"count,omitempty"`
		Bounds
	}
	bucketSpec struct {
		Of   int    `json:"of"`
		In   []int  `json:"in"`
		Salt string `json:"salt,omitempty"`
	}
)

// ranks are what people can be ranked by, the greatest first; somebody whose value is zero has no rank.
var ranks = map[string]func(s *State, n int) int64{
	"spent":      func(s *State, n int) int64 { return s.Spent[n] },                 // fen, ever
	"orders":     func(s *State, n int) int64 { return int64(s.Orders[n]) },         // ever
	"monetary":   func(s *State, n int) int64 { return s.Monetary[n] },              // fen, in the RFM window
	"frequency":  func(s *State, n int) int64 { return int64(s.Frequency[n]) },      // orders in the RFM window
	"last_order": func(s *State, n int) int64 { return s.LastOrder[n] },             // the latest first
	"heat":       func(s *State, n int) int64 { return int64(s.HeatOf(uint32(n))) }, // tenths
	"last_seen":  func(s *State, n int) int64 { return s.LastSeen[n] },
}

func (s *topSpec) check(path string) error {
	if ranks[s.By] == nil {
		return invalid(path+".by", "nothing is ranked by %q; known are frequency, heat, last_order, last_seen, monetary, orders, spent", s.By)
	}
	if s.Percent == 0 && s.Count == 0 && (s.Min != nil || s.Max != nil) {
		return s.Bounds.check(path)
	}
	switch {
	case s.Min != nil || s.Max != nil:
		return invalid(path+".min", "either the first so many, or bounds")
	case (s.Percent != 0) == (s.Count != 0):
		return invalid(path+".percent", "either percent or count")
	case s.Count < 0:
		return invalid(path+".count", "at least one")
	case s.Percent < 0 || s.Percent > 100:
		return invalid(path+".percent", "above 0 and at most 100")
	}
	return nil
}

// top is who of the snapshot's people comes first. Of those with the same value the earlier customer comes first, so that the
// size is exact.
func (s *snapshot) top(spec *topSpec) *roaring.Bitmap {
	type ranked struct {
		value int64
		n     uint32
	}
	value := ranks[spec.By]
	if spec.Min != nil || spec.Max != nil {
		return s.within(value, spec)
	}
	var all []ranked
	for n, here := range s.state.Present {
		if v := value(s.state, n); here && v > 0 {
			all = append(all, ranked{v, uint32(n)})
		}
	}
	want := spec.Count
	if want == 0 {
		want = int(math.Ceil(float64(len(all)) * spec.Percent / 100))
	}
	out := roaring.New()
	if want >= len(all) {
		for _, one := range all {
			out.Add(one.n)
		}
		return out
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.n, b.n))
	})
	for _, one := range all[:want] {
		out.Add(one.n)
	}
	return out
}

const maxBuckets = 1000

func (s *bucketSpec) check(path string) error {
	if s.Of < 2 || s.Of > maxBuckets {
		return invalid(path+".of", "between 2 and %d parts", maxBuckets)
	}
	if len(s.In) == 0 {
		return invalid(path+".in", "at least one part is needed")
	}
	for _, i := range s.In {
		if i < 0 || i >= s.Of {
			return invalid(path+".in", "the parts are numbered 0 to %d", s.Of-1)
		}
	}
	if len(s.Salt) > 100 || strings.ContainsRune(s.Salt, 0) {
		return invalid(path+".salt", "at most 100 letters")
	}
	return nil
}

// of keeps those of the people who fall into one of the parts.
func (s *bucketSpec) of(people *roaring.Bitmap) *roaring.Bitmap {
	in := make([]bool, s.Of)
	for _, i := range s.In {
		in[i] = true
	}
	seed := salted(s.Salt)
	out := roaring.New()
	var chosen []uint32
	for it := people.Iterator(); it.HasNext(); {
		if n := it.Next(); in[bucket(seed, n, s.Of)] {
			chosen = append(chosen, n)
		}
	}
	out.AddMany(chosen)
	return out
}

// salted is the FNV-1a hash of a salt.
func salted(salt string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(salt) {
		h = (h ^ uint64(salt[i])) * 1099511628211
	}
	return h
}

// bucket is which of so many parts a person falls into: the finalizer of SplitMix64 (Steele, Lea and Flood 2014) over salt and number.
func bucket(seed uint64, n uint32, of int) int {
	z := seed + (uint64(n)+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return int(z % uint64(of))
}

// within is who of the snapshot's people has a value within bounds; bounds of heat are whole points.
func (s *snapshot) within(value func(*State, int) int64, spec *topSpec) *roaring.Bitmap {
	low, high := spec.limits()
	if spec.By == "heat" {
		low, high = max(low, -1<<40)*10, min(high, 1<<40)*10
	}
	out := roaring.New()
	for n, here := range s.state.Present {
		if !here {
			continue
		}
		if v := value(s.state, n); v >= low && v <= high {
			out.Add(uint32(n))
		}
	}
	return out
}
