package tag

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/event"
	"huoshui/internal/user/audience"
)

// What a statistic measures. Its values exclude one another.
const (
	FavouriteCategory = "favourite_category" // the category that most was spent on, of at least Least lines
	UsualHour         = "usual_hour"         // the part of the day that most of at least Least visits fell into
	AverageBasket     = "average_basket"     // what an order comes to on average, of at least Least orders, in bands of fen
	PriceBand         = "price_band"         // what a unit costs on average, of at least Least lines, in bands of fen
	// CouponShare is the share of orders that came within 7 days of a click in a message, in bands of per cent: until orders tell
	// which coupon they used, answering an offer is what is known of being sensitive to offers.
	CouponShare = "coupon_share"
	BrowseNoBuy = "browse_no_buy" // at least Least views and no order
)

var measures = []string{FavouriteCategory, UsualHour, AverageBasket, PriceBand, CouponShare, BrowseNoBuy}

// Statistic is what a statistic tag counts over the last Days days.
type Statistic struct {
	Measure string  `json:"measure" enum:"favourite_category,usual_hour,average_basket,price_band,coupon_share,browse_no_buy"`
	Days    int     `json:"days" minimum:"1" maximum:"400"`
	Least   int     `json:"least" minimum:"1" maximum:"1000" doc:"Of fewer lines, visits, orders or views nothing is said"`
	Bounds  []int64 `json:"bounds,omitempty" maxItems:"9" doc:"Where bands begin, ascending: fen, or per cent of coupon_share"`
}

func (s *Statistic) check() error {
	if !slices.Contains(measures, s.Measure) {
		return invalid("statistic", "there is no measure %q", s.Measure)
	}
	if s.Days < 1 || s.Days > 400 || s.Least < 1 || s.Least > 1000 {
		return invalid("statistic", "between 1 and 400 days, and at least between 1 and 1000")
	}
	banded := s.Measure == AverageBasket || s.Measure == PriceBand || s.Measure == CouponShare
	if banded != (len(s.Bounds) > 0) || len(s.Bounds) > 9 {
		return invalid("statistic", "%s has between 1 and 9 bounds of bands, other measures none", s.Measure)
	}
	for i, b := range s.Bounds {
		if b <= 0 || i > 0 && b <= s.Bounds[i-1] {
			return invalid("statistic", "bounds of bands ascend from above zero")
		}
	}
	return nil
}

// single says that a measure has one value: a person carries the tag or not.
func (s *Statistic) single() bool { return s.Measure == BrowseNoBuy }

// parts are the parts of the day, by their first hour.
var parts = []int{5, 9, 12, 18, 22}

// value is what place stands for: a text that is the same in every language.
func (s *Statistic) value(place uint32, text func(uint32) string) string {
	i := int(place) - 1
	switch s.Measure {
	case FavouriteCategory:
		return text(place)
	case UsualHour:
		return fmt.Sprintf("%02d:00–%02d:00", parts[i], parts[(i+1)%len(parts)])
	case CouponShare:
		return band(s.Bounds, i, func(n int64) string { return strconv.FormatInt(n, 10) + "%" })
	default:
		return band(s.Bounds, i, func(n int64) string {
			return "¥" + strconv.FormatFloat(float64(n)/100, 'f', -1, 64)
		})
	}
}

func band(bounds []int64, i int, write func(int64) string) string {
	switch {
	case i == 0:
		return "<" + write(bounds[0])
	case i == len(bounds):
		return "≥" + write(bounds[i-1])
	default:
		return write(bounds[i-1]) + "–" + write(bounds[i])
	}
}

// place is the band of n, from 1.
func place(bounds []int64, n int64) uint32 {
	i, found := slices.BinarySearch(bounds, n)
	if found {
		i++
	}
	return uint32(i) + 1
}

// visitGap is how far apart two views must be to belong to different visits.
const visitGap = int64(30 * time.Minute / time.Microsecond)

// answerTime is how long after a click in a message an order counts as an answer to it.
const answerTime = 7 * 24 * hourMicros

// counting is what one statistic finds, by customer number.
type counting struct {
	tag    Tag
	from   int64
	place  []uint32 // 0: nothing can be said
	number []int32  // share in thousandths, fen, or count
}

// statisticFold computes statistics in one look at a timeline.
type statisticFold struct {
	of     []*counting
	zone   *time.Location
	offset int64 // of the zone, microseconds, when it is one throughout
	fixed  bool
	text   func(uint32) string
	kinds  struct{ paid, line, page, product, clicked audience.Kind }
}

func newStatisticFold(tags []Tag) *statisticFold {
	f := &statisticFold{}
	for _, t := range tags {
		f.of = append(f.of, &counting{tag: t})
	}
	return f
}

// Needs implements audience.Fold.
func (f *statisticFold) Needs() audience.Needs {
	return audience.Needs{
		Facts:   []string{event.OrderPaid, event.OrderLine, event.PageViewed, event.ProductViewed, event.MessageClicked},
		Columns: audience.Amount | audience.Quantity | audience.Category, Plain: true,
	}
}

// Begin implements audience.Fold.
func (f *statisticFold) Begin(p *audience.Pass) error {
	f.zone, f.text = p.Zone, p.Text
	f.kinds.paid, f.kinds.line, f.kinds.page = p.Kind(event.OrderPaid), p.Kind(event.OrderLine), p.Kind(event.PageViewed)
	f.kinds.product, f.kinds.clicked = p.Kind(event.ProductViewed), p.Kind(event.MessageClicked)
	first := p.AsOf.UnixMicro()
	for _, c := range f.of {
		c.from = p.DaysBefore(c.tag.Statistic.Days - 1)
		c.place, c.number = make([]uint32, int(p.Through)+1), make([]int32, int(p.Through)+1)
		first = min(first, c.from)
	}
	begin := time.UnixMicro(first).In(p.Zone)
	_, seconds := begin.Zone()
	_, until := begin.ZoneBounds()
	f.offset, f.fixed = int64(seconds)*int64(time.Second/time.Microsecond), until.IsZero() || until.After(p.AsOf)
	return nil
}

// Range implements audience.Fold.
func (f *statisticFold) Range(_, _ uint32) (see func(*audience.Timeline), done func()) {
	spent := map[uint32]int64{}
	return func(t *audience.Timeline) {
		for _, c := range f.of {
			c.place[t.Customer], c.number[t.Customer] = f.count(c, t, spent)
		}
	}, func() {}
}

func (f *statisticFold) count(c *counting, t *audience.Timeline, spent map[uint32]int64) (uint32, int32) {
	i, _ := slices.BinarySearch(t.TS, c.from)
	s := c.tag.Statistic
	switch s.Measure {
	case FavouriteCategory:
		return f.favourite(s, t, i, spent)
	case UsualHour:
		return f.hour(s, t, i)
	case AverageBasket:
		return f.average(s, t, i, f.kinds.paid, false)
	case PriceBand:
		return f.average(s, t, i, f.kinds.line, true)
	case CouponShare:
		return f.answered(s, t, i)
	default:
		return f.browsed(s, t, i)
	}
}

func (f *statisticFold) favourite(s *Statistic, t *audience.Timeline, i int, spent map[uint32]int64) (uint32, int32) {
	clear(spent)
	lines, total := 0, int64(0)
	for ; i < t.Len(); i++ {
		if t.Kind[i] == f.kinds.line && t.Category[i] != 0 && t.Amount[i] > 0 {
			spent[t.Category[i]] += t.Amount[i]
			total += t.Amount[i]
			lines++
		}
	}
	if lines < s.Least {
		return 0, 0
	}
	best, most := uint32(0), int64(0)
	for category, fen := range spent {
		if fen > most || fen == most && category < best {
			best, most = category, fen
		}
	}
	return best, int32(most * 1000 / total)
}

func (f *statisticFold) hourOf(ts int64) int {
	if f.fixed {
		hour := (ts + f.offset) / hourMicros % 24
		return int(hour+24) % 24
	}
	return time.UnixMicro(ts).In(f.zone).Hour()
}

func (f *statisticFold) hour(s *Statistic, t *audience.Timeline, i int) (uint32, int32) {
	var counts [5]int32
	visits, last := 0, int64(0)
	for ; i < t.Len(); i++ {
		if t.Kind[i] != f.kinds.page && t.Kind[i] != f.kinds.product {
			continue
		}
		if last == 0 || t.TS[i]-last > visitGap {
			h := f.hourOf(t.TS[i])
			part := len(parts) - 1 // after the last and before the first begin
			for p := range len(parts) - 1 {
				if h >= parts[p] && h < parts[p+1] {
					part = p
				}
			}
			counts[part]++
			visits++
		}
		last = t.TS[i]
	}
	if visits < s.Least {
		return 0, 0
	}
	best := 0
	for p := range counts {
		if counts[p] > counts[best] {
			best = p
		}
	}
	return uint32(best) + 1, counts[best] * 1000 / int32(visits)
}

// average is the band of the mean amount of facts of a kind, or of the amount of each unit.
func (f *statisticFold) average(s *Statistic, t *audience.Timeline, i int, kind audience.Kind, units bool) (uint32, int32) {
	var n, of, sum int64
	for ; i < t.Len(); i++ {
		if t.Kind[i] != kind {
			continue
		}
		n++
		sum += t.Amount[i]
		if units {
			of += max(t.Quantity[i], 1)
		} else {
			of++
		}
	}
	if n < int64(s.Least) || of == 0 {
		return 0, 0
	}
	mean := sum / of
	return place(s.Bounds, mean), int32(min(mean, 1<<31-1))
}

func (f *statisticFold) answered(s *Statistic, t *audience.Timeline, i int) (uint32, int32) {
	orders, answers, click := 0, 0, -answerTime
	for j := 0; j < t.Len(); j++ {
		switch t.Kind[j] {
		case f.kinds.clicked:
			click = t.TS[j]
		case f.kinds.paid:
			if j < i {
				continue
			}
			orders++
			if click > 0 && t.TS[j]-click <= answerTime {
				answers++
			}
		}
	}
	if orders < s.Least {
		return 0, 0
	}
	return place(s.Bounds, int64(answers*100/orders)), int32(answers * 1000 / orders)
}

func (f *statisticFold) browsed(s *Statistic, t *audience.Timeline, i int) (uint32, int32) {
	var views int32
	for ; i < t.Len(); i++ {
		switch t.Kind[i] {
		case f.kinds.paid:
			return 0, 0
		case f.kinds.page, f.kinds.product:
			views++
		}
	}
	if int(views) < s.Least {
		return 0, 0
	}
	return 1, views
}

// people splits those of whom something can be said by place.
func (c *counting) people(universe func(uint32) bool) map[uint32]*roaring.Bitmap {
	out := map[uint32]*roaring.Bitmap{}
	for n, p := range c.place {
		if p == 0 || !universe(uint32(n)) {
			continue
		}
		b := out[p]
		if b == nil {
			b = roaring.New()
			out[p] = b
		}
		b.Add(uint32(n))
	}
	return out
}

// why says why somebody has a value.
func (c *counting) why(value string) func(uint32) Why {
	s := c.tag.Statistic
	return func(n uint32) Why {
		w := Why{Code: s.Measure, Value: value, Days: s.Days}
		if int(n) >= len(c.number) || c.place[n] == 0 {
			return w // ceased to have any value
		}
		switch s.Measure {
		case AverageBasket, PriceBand:
			w.Fen = int64(c.number[n])
		case BrowseNoBuy:
			w.Count = int64(c.number[n])
		default:
			w.Share = float64(c.number[n]) / 1000
		}
		return w
	}
}
