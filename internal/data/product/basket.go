package product

import (
	"cmp"
	"context"
	"math"
	"slices"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/warehouse"
)

// Bounds of the question what is bought together.
const (
	mostPaired    = 3000 // products that are paired: their counts take 18 MB a worker, however many lines were sold
	mostPairs     = 5000 // pairs that are kept
	leastTogether = 5    // baskets that a pair needs, whatever is asked
	firmShare     = 0.05 // false ones among the pairs that are called firm
)

// Pair is two products that lie in baskets together.
type Pair struct {
	A       Ref     `json:"a"`
	B       Ref     `json:"b"`
	Baskets int64   `json:"baskets" doc:"Baskets that hold both"`
	WithA   int64   `json:"with_a"`
	WithB   int64   `json:"with_b"`
	Support float64 `json:"support" doc:"Share of all baskets that hold both"`
	AtoB    Share   `json:"a_to_b" doc:"Confidence: of the baskets with the first, those that hold the second too"`
	BtoA    Share   `json:"b_to_a"`
	Lift    float64 `json:"lift" doc:"How many times as often as if people chose them independently"`
	Extra   float64 `json:"extra" doc:"Baskets with both beyond those that chance alone would bring"`
	P       float64 `json:"p" doc:"Chance of so many together if they were independent (one-sided; Fisher's exact test where few are expected, else χ²)"`
	Q       float64 `json:"q" doc:"Share of false ones among all pairs that are at least so clear (Benjamini–Hochberg over all pairs of the products looked at)"`
	Firm    bool    `json:"firm" doc:"More often together than by chance, and q is at most 5 %"`
}

// Pairs is what is bought together.
type Pairs struct {
	Period   Days   `json:"period"`
	Baskets  int64  `json:"baskets"`
	Least    int64  `json:"least_baskets" doc:"Pairs in fewer baskets are left out"`
	Products int    `json:"products" doc:"How many products lie in so many baskets and were paired"`
	Skipped  int    `json:"skipped" doc:"How many more there are, which are too many to pair; ask for pairs in more baskets"`
	Pairs    []Pair `json:"pairs" doc:"Those with most baskets beyond chance first"`
	Left     int    `json:"left" doc:"How many more pairs there are"`
}

// PairsAsked is what pairs are asked for.
type PairsAsked struct {
	Period  Days
	Least   int64   // baskets that hold both; 0 is a thousandth of all, at least 10
	Product string  // only pairs with it, if given
	Lift    float64 // at least
	Firm    bool    // only firm ones
	Limit   int
}

type pairQuestion struct {
	Period Days
	Least  int64
}

// Pairs tells which products are bought together: first how many baskets each product lies in, then, for those that lie in enough, how many
// baskets each two of them share, in a triangle of counters (Agrawal & Srikant 1994, for sets of two). A period that is left out is the last
// DefaultDays days.
func (s *Service) Pairs(ctx context.Context, q PairsAsked) (Pairs, error) {
	period, p, err := s.period(q.Period, DefaultDays)
	if err != nil {
		return Pairs{}, err
	}
	if q.Least < 0 {
		return Pairs{}, errs.New(errs.Invalid, "product.least", "at least one basket").At("least")
	}
	all, err := ask(ctx, s, pairQuestion{period, q.Least}, func(ctx context.Context) (Pairs, error) { return s.pairs(ctx, period, p, q.Least) })
	if err != nil {
		return Pairs{}, err
	}
	out := all
	out.Pairs = []Pair{}
	for _, pair := range all.Pairs {
		if q.Product != "" && pair.A.ID != q.Product {
			if pair.B.ID != q.Product {
				continue
			}
			pair.A, pair.B, pair.WithA, pair.WithB, pair.AtoB, pair.BtoA = pair.B, pair.A, pair.WithB, pair.WithA, pair.BtoA, pair.AtoB
		}
		if pair.Lift < q.Lift || q.Firm && !pair.Firm {
			continue
		}
		out.Pairs = append(out.Pairs, pair)
	}
	if q.Limit > 0 && len(out.Pairs) > q.Limit {
		out.Left += len(out.Pairs) - q.Limit
		out.Pairs = out.Pairs[:q.Limit]
	}
	return out, nil
}

// triangle counts pairs of n things; a pair is i < j.
type triangle struct {
	n      int
	counts []uint32
}

func newTriangle(n int) triangle { return triangle{n, make([]uint32, n*(n-1)/2)} }

// row is where the pairs of i begin, less i+1.
func (t triangle) row(i int) int { return i*(2*t.n-i-1)/2 - i - 1 }

type pairing struct {
	triangle
	buffer []uint32
	places []int
}

// add counts all pairs of a basket.
func (f *pairing) add() {
	slices.Sort(f.places)
	for x, i := range f.places {
		counts := f.counts[f.row(i)+i+1:]
		for _, j := range f.places[x+1:] {
			counts[j-i-1]++
		}
	}
}

func (s *Service) pairs(ctx context.Context, period Days, p span, least int64) (Pairs, error) {
	sh, err := s.shelf(ctx)
	if err != nil {
		return Pairs{}, err
	}
	counts, err := s.popular(ctx, sh, p)
	if err != nil {
		return Pairs{}, err
	}
	if least == 0 {
		least = max(10, counts.Baskets/1000)
	}
	least = max(least, leastTogether)
	out := Pairs{Period: period, Baskets: counts.Baskets, Least: least, Pairs: []Pair{}}
	n := 0
	for n < len(counts.Units) && counts.Units[n].Baskets >= least {
		n++
	}
	if n > mostPaired {
		out.Skipped, n = n-mostPaired, mostPaired
	}
	out.Products = n
	units := counts.Units[:n]
	var wanted places
	for _, c := range units {
		wanted.of(c.Unit)
	}
	folds, err := walk(ctx, s.w, s.lines(p), func() *pairing { return &pairing{triangle: newTriangle(n)} },
		func(f *pairing, _ uint32, b *warehouse.Block, from, to int) {
			f.buffer = sh.baskets(b, from, to, f.buffer, func(_ int64, _, _ int, units []uint32) {
				f.places = f.places[:0]
				for _, u := range units {
					if at := wanted.lookup(u); at >= 0 {
						f.places = append(f.places, at)
					}
				}
				if len(f.places) > 1 {
					f.add()
				}
			})
		})
	if err != nil {
		return Pairs{}, err
	}
	return out, s.tellPairs(ctx, sh, &out, units, folds)
}

// candidate is a pair by the places of its products.
type candidate struct {
	i, j  int
	both  int64
	p     float64
	extra float64
}

func (s *Service) tellPairs(ctx context.Context, sh *shelf, out *Pairs, units []countedUnit, folds []*pairing) error {
	var all []candidate
	n := float64(out.Baskets)
	for i := range units {
		row := folds[0].row(i)
		for j := i + 1; j < len(units); j++ {
			both := int64(0)
			for _, f := range folds {
				both += int64(f.counts[row+j])
			}
			if both < out.Least {
				continue
			}
			a, b := units[i].Baskets, units[j].Baskets
			all = append(all, candidate{i, j, both, independent(out.Baskets, a, b, both), float64(both) - float64(a)*float64(b)/n})
		}
	}
	p := make([]float64, len(all))
	for k, c := range all {
		p[k] = c.p
	}
	q := falseDiscovery(p, int64(len(units))*int64(len(units)-1)/2)
	order := make([]int, len(all))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(x, y int) int {
		return cmp.Or(cmp.Compare(all[y].extra, all[x].extra), cmp.Compare(all[x].i, all[y].i), cmp.Compare(all[x].j, all[y].j))
	})
	if len(order) > mostPairs {
		out.Left = len(order) - mostPairs
		order = order[:mostPairs]
	}
	var named []uint32
	for _, k := range order {
		named = append(named, units[all[k].i].Unit, units[all[k].j].Unit)
	}
	refs, err := s.refs(ctx, sh, unique(named))
	if err != nil {
		return err
	}
	for _, k := range order {
		c := all[k]
		a, b := units[c.i], units[c.j]
		lift := float64(c.both) * n / (float64(a.Baskets) * float64(b.Baskets))
		out.Pairs = append(out.Pairs, Pair{
			A: refs[a.Unit], B: refs[b.Unit], Baskets: c.both, WithA: a.Baskets, WithB: b.Baskets, Support: float64(c.both) / n,
			AtoB: share(c.both, a.Baskets), BtoA: share(c.both, b.Baskets), Lift: lift, Extra: c.extra, P: c.p, Q: math.Min(1, q[k]), Firm: q[k] <= firmShare && lift > 1,
		})
	}
	return nil
}
