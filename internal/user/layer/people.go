package layer

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/warehouse"
)

// Filter picks people of one day; what is left empty does not narrow. R, F and M pick scores, each a list of digits: "45"
// is 4 or 5.
type Filter struct {
	Day    string `json:"day"`
	Layer  string `json:"layer"`
	Stage  string `json:"stage"`
	Class  string `json:"class"`
	Flag   string `json:"flag"`
	Reason string `json:"reason"`
	R      string `json:"r"`
	F      string `json:"f"`
	M      string `json:"m"`
	// FromDay and FromLayer pick who was in a layer on an earlier day; FromLayer "none" picks who was not there yet.
	FromDay   string `json:"from_day"`
	FromLayer string `json:"from_layer"`
}

// Find returns who the filter picks and the day it was answered for.
func (s *Service) Find(ctx context.Context, f Filter) (*roaring.Bitmap, string, error) {
	snap, err := snapshotOn(ctx, s.db, f.Day)
	if err != nil {
		return nil, "", err
	}
	var parts []*roaring.Bitmap
	for _, one := range []struct {
		kind Kind
		code string
	}{{KindLayer, f.Layer}, {KindStage, f.Stage}, {KindClass, f.Class}, {KindFlag, f.Flag}, {KindReason, f.Reason}} {
		if one.code == "" {
			continue
		}
		b, err := numbers(ctx, s.db, snap.Day, one.kind, one.code)
		if err != nil {
			return nil, "", err
		}
		parts = append(parts, b)
	}
	if f.R+f.F+f.M != "" {
		b, err := s.cells(ctx, snap.Day, f)
		if err != nil {
			return nil, "", err
		}
		parts = append(parts, b)
	}
	everybody := func(day string) (*roaring.Bitmap, error) {
		layers, err := s.layersOn(ctx, day)
		return roaring.FastOr(layers...), err
	}
	if len(parts) == 0 {
		b, err := everybody(snap.Day)
		if err != nil {
			return nil, "", err
		}
		parts = append(parts, b)
	}
	found := roaring.FastAnd(parts...)
	if f.FromLayer != "" {
		earlier, err := snapshotOn(ctx, s.db, f.FromDay)
		if err != nil {
			return nil, "", err
		}
		if f.FromLayer == "none" {
			b, err := everybody(earlier.Day)
			if err != nil {
				return nil, "", err
			}
			found.AndNot(b)
		} else {
			b, err := numbers(ctx, s.db, earlier.Day, KindLayer, f.FromLayer)
			if err != nil {
				return nil, "", err
			}
			found.And(b)
		}
	}
	return found, snap.Day, nil
}

// cells joins the people of the RFM cells that the filter's scores allow.
func (s *Service) cells(ctx context.Context, day string, f Filter) (*roaring.Bitmap, error) {
	scores := [3][]byte{}
	for i, one := range []struct{ name, digits string }{{"r", f.R}, {"f", f.F}, {"m", f.M}} {
		if one.digits == "" {
			one.digits = "12345"
		}
		for _, d := range []byte(one.digits) {
			if d < '1' || d > '5' {
				return nil, errs.New(errs.Invalid, "layer.score", "want digits from 1 to 5").At(one.name)
			}
		}
		scores[i] = []byte(one.digits)
	}
	var parts []*roaring.Bitmap
	for _, r := range scores[0] {
		for _, fr := range scores[1] {
			for _, m := range scores[2] {
				b, err := numbers(ctx, s.db, day, KindCell, string([]byte{r, fr, m}))
				if err != nil {
					return nil, err
				}
				parts = append(parts, b)
			}
		}
	}
	return roaring.FastOr(parts...), nil
}

// Standing is where one customer stands.
type Standing struct {
	Customer    uint32    `json:"customer" doc:"Customer number"`
	Layer       string    `json:"layer"`
	Stage       string    `json:"stage"`
	Class       string    `json:"class"`
	Reason      string    `json:"reason"`
	R           uint8     `json:"r"`
	F           uint8     `json:"f"`
	M           uint8     `json:"m"`
	RecencyDays int32     `json:"recency_days" doc:"-1: never ordered"`
	Frequency   int32     `json:"frequency"`
	MonetaryFen int64     `json:"monetary_fen"`
	Orders      int32     `json:"orders" doc:"Ever"`
	SpentFen    int64     `json:"spent_fen" doc:"Ever"`
	LastOrder   time.Time `json:"last_order,omitzero"`
	LastSeen    time.Time `json:"last_seen,omitzero"`
}

// StandingOf reads one customer from a state; false for nobody.
func StandingOf(s *warehouse.State, n uint32) (Standing, bool) {
	if n == 0 || n > s.Through() || !s.Present[n] {
		return Standing{Customer: n}, false
	}
	at := func(micros int64) time.Time {
		if micros == 0 {
			return time.Time{}
		}
		return time.UnixMicro(micros).UTC()
	}
	return Standing{
		Customer: n, Layer: s.Layers[s.Layer[n]], Stage: s.Stages[s.Stage[n]], Class: s.Classes[s.Class[n]], Reason: s.Reasons[s.Reason[n]],
		R: s.R[n], F: s.F[n], M: s.M[n], RecencyDays: s.RecencyDays[n], Frequency: s.Frequency[n], MonetaryFen: s.Monetary[n],
		Orders: s.Orders[n], SpentFen: s.Spent[n], LastOrder: at(s.LastOrder[n]), LastSeen: at(s.LastSeen[n]),
	}, true
}

// Page returns up to limit numbers of people, those who spent most first, and the cursor of the following page, "" at the
// end. after is such a cursor.
func (s *Service) Page(ctx context.Context, people *roaring.Bitmap, after string, limit int) ([]Standing, string, error) {
	state, err := s.engine.State(ctx)
	if err != nil {
		return nil, "", err
	}
	spent := func(n uint32) int64 {
		if n > state.Through() {
			return 0
		}
		return state.Spent[n]
	}
	var below *rank
	if after != "" {
		r, err := parseRank(after)
		if err != nil {
			return nil, "", err
		}
		below = &r
	}
	best := make([]rank, 0, limit+1) // a heap whose first is the worst kept
	for it := people.Iterator(); it.HasNext(); {
		n := it.Next()
		r := rank{spent(n), n}
		if (below != nil && !r.behind(*below)) || (len(best) > limit && r.behind(best[0])) {
			continue
		}
		best = push(best, r, limit+1)
	}
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	slices.SortFunc(best, func(a, b rank) int {
		if a.behind(b) {
			return 1
		}
		return -1
	})
	next := ""
	if len(best) > limit {
		best = best[:limit]
		next = best[limit-1].cursor()
	}
	out := make([]Standing, len(best))
	for i, r := range best {
		out[i], _ = StandingOf(state, r.number)
	}
	return out, next, nil
}

// rank is a place in the list of people: spending first, then number.
type rank struct {
	spent  int64
	number uint32
}

func (r rank) behind(o rank) bool {
	return r.spent < o.spent || (r.spent == o.spent && r.number > o.number)
}

func (r rank) cursor() string {
	return strconv.FormatInt(r.spent, 10) + "." + strconv.FormatUint(uint64(r.number), 10)
}

func parseRank(cursor string) (rank, error) {
	spent, number, ok := strings.Cut(cursor, ".")
	a, err := strconv.ParseInt(spent, 10, 64)
	b, err2 := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil || err2 != nil {
		return rank{}, errs.New(errs.Invalid, "layer.cursor", "not a cursor of this list").At("after")
	}
	return rank{a, uint32(b)}, nil
}

// push adds r to a heap of at most size, dropping the worst.
func push(heap []rank, r rank, size int) []rank {
	if len(heap) < size {
		heap = append(heap, r)
		for i := len(heap) - 1; i > 0; {
			up := (i - 1) / 2
			if !heap[i].behind(heap[up]) {
				break
			}
			heap[i], heap[up] = heap[up], heap[i]
			i = up
		}
		return heap
	}
	heap[0] = r
	for i := 0; ; {
		worst := i
		for _, c := range [...]int{2*i + 1, 2*i + 2} {
			if c < len(heap) && heap[c].behind(heap[worst]) {
				worst = c
			}
		}
		if worst == i {
			return heap
		}
		heap[i], heap[worst] = heap[worst], heap[i]
		i = worst
	}
}
