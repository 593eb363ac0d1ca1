// Package layer says where every customer stands: RFM scores and classes, the lifecycle stage, and the one layer each
// customer is in with the reason for it. Definitions are data; snapshots keep the definition they were computed with.
package layer

import "math"

// Method says how the four breaks between the scores 1–5 of a column are found.
type Method string

// The methods.
const (
	Quantile Method = "quantile" // the 20th, 40th, 60th and 80th percentile (Hyndman & Fan type 7)
	KMeans   Method = "kmeans"   // optimal one-dimensional clustering into five
	Manual   Method = "manual"   // breaks given by hand
)

// Breaks are the four values between the five scores of one column, ascending. A value's score is one plus the number of
// breaks strictly below it, so a value equal to a break belongs to the lower score.
type Breaks [4]float64

// Score returns 1–5.
func (b Breaks) Score(v int64) uint8 {
	s := uint8(1)
	for _, at := range b {
		if at < float64(v) {
			s++
		}
	}
	return s
}

// scale is breaks made ready for many values: a value's score is one plus the number of these that it has reached.
type scale [4]int64

// scale returns false where a break is no number or so great that numbers next to it are no longer told apart.
func (b Breaks) scale() (s scale, exact bool) {
	for i, at := range b {
		if math.IsNaN(at) || math.Abs(at) >= 1<<53 {
			return s, false
		}
		s[i] = int64(math.Floor(at)) + 1
	}
	return s, true
}

func (s *scale) score(v int64) uint8 {
	return 1 + reached(v, s[0]) + reached(v, s[1]) + reached(v, s[2]) + reached(v, s[3])
}

func reached(v, mark int64) uint8 {
	if v >= mark {
		return 1
	}
	return 0
}

// Cuts are the breaks of the three columns: recency in whole calendar days (few is good, so its score is reversed),
// frequency in orders, monetary in fen.
type Cuts struct {
	Recency   Breaks `json:"recency_days"`
	Frequency Breaks `json:"frequency"`
	Monetary  Breaks `json:"monetary_fen"`
}

// Scores returns the three scores, 1 (worst) to 5 (best).
func (c Cuts) Scores(recencyDays int32, frequency int32, monetaryFen int64) (r, f, m uint8) {
	return 6 - c.Recency.Score(int64(recencyDays)), c.Frequency.Score(int64(frequency)), c.Monetary.Score(monetaryFen)
}

// Class is one of the eight RFM classes, by whether R, F and M are high.
type Class string

// The eight classes. High money makes a class "important" (重要), low money "general" (一般).
const (
	Champion       Class = "champion"         // 重要价值: R, F and M high
	Develop        Class = "develop"          // 重要发展: F low
	Keep           Class = "keep"             // 重要保持: R low
	WinBack        Class = "win_back"         // 重要挽留: R and F low
	GeneralValue   Class = "general_value"    // 一般价值: M low
	GeneralDevelop Class = "general_develop"  // 一般发展: F and M low
	GeneralKeep    Class = "general_keep"     // 一般保持: R and M low
	GeneralWinBack Class = "general_win_back" // 一般挽留: all low
)

// Classes lists the codes in the order in which a state stores them; place 0 is nobody's.
var Classes = []Class{"", Champion, Develop, Keep, WinBack, GeneralValue, GeneralDevelop, GeneralKeep, GeneralWinBack}

// classOf returns the place in Classes: from Champion on, low F adds 1, low R adds 2, low M adds 4.
func classOf(r, f, m bool) uint8 {
	place := uint8(1)
	if !f {
		place++
	}
	if !r {
		place += 2
	}
	if !m {
		place += 4
	}
	return place
}
