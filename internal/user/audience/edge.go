package audience

import (
	"slices"
	"time"
)

// The kinds first and last ask what somebody's first, or last, fact of a name was like.
//
//	last {"fact": "touch.made", "where": {"props": [{"name": "utm_source", "in": ["douyin"]}]}, "window": {"last_days": 90}}
//
// They hold when there is such a fact in the window and the first, or last, of them passes the filter; of several at that instant any may.
type (
	firstSpec struct{ edgeSpec }
	lastSpec  struct{ edgeSpec }
	edgeSpec  struct {
		Fact   string  `json:"fact"`
		Where  *Filter `json:"where"`
		Window *Window `json:"window,omitempty"`
	}
)

func (s *edgeSpec) check(path string) error {
	if err := checkFact(path, s.Fact, s.Where); err != nil {
		return err
	}
	if s.Where == nil {
		return invalid(path+".where", "what the fact is like is needed")
	}
	if s.Window != nil {
		return s.Window.check(path + ".window")
	}
	return nil
}

// edgePlan is an edgeSpec resolved as of a day; in a pass at and likeAt are its filters' places in the fold.
type edgePlan struct {
	all, like *filter
	last      bool
	window    span

	at, likeAt int32
	leaf       int32
}

func (s *edgeSpec) resolve(last bool, asOf time.Time, zone *time.Location) *edgePlan {
	return &edgePlan{all: newFilter(s.Fact, nil), like: newFilter(s.Fact, s.Where), last: last, window: s.Window.resolve(asOf, zone)}
}

func (e *edgePlan) key() []any { return []any{e.like.key, e.last, e.window.from, e.window.to} }

// holds answers from the instants of the facts that filters let through, ascending.
func (e *edgePlan) holds(hits func(at int32) []int64) bool {
	all := e.window.of(hits(e.at))
	if len(all) == 0 {
		return false
	}
	instant := all[0]
	if e.last {
		instant = all[len(all)-1]
	}
	_, yes := slices.BinarySearch(hits(e.likeAt), instant)
	return yes
}

// of is the part of ascending instants that lies within.
func (s span) of(ts []int64) []int64 {
	low, high := 0, len(ts)
	if s.from != never {
		low, _ = slices.BinarySearch(ts, s.from)
	}
	if s.to != always {
		high, _ = slices.BinarySearch(ts, s.to)
	}
	return ts[low:max(low, high)]
}
