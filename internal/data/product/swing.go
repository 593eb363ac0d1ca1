package product

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/warehouse"
)

// What a swing may be told by.
const (
	ByProduct  = "product"
	ByCategory = "category"
	ByChannel  = "channel"
)

// Causes of a swing. With traffic: sales = visitors × buyers per visitor × units per buyer × price. Where traffic is not known: sales =
// buyers × orders per buyer × units per order × price.
const (
	CauseTraffic    = "traffic"
	CauseConversion = "conversion"
	CauseQuantity   = "quantity" // units per buyer
	CauseBuyers     = "buyers"
	CauseFrequency  = "frequency" // orders per buyer
	CauseUnits      = "units"     // units per order
	CausePrice      = "price"
)

// seenEnough is the share of buyers who must have been seen looking before they bought, in both periods, for traffic to count as known: sales
// that were imported, or made where nothing is collected, have buyers without visits.
const seenEnough = 0.5

// Figures are what was sold in a period.
type Figures struct {
	SalesFen int64 `json:"sales_fen" doc:"Of lines of orders paid in the period; what was given back later is not taken off"`
	Visitors int64 `json:"visitors" doc:"People who looked or bought, those not known by name among them"`
	Buyers   int64 `json:"buyers"`
	Seen     int64 `json:"seen" doc:"Buyers who were seen looking before they bought"`
	Orders   int64 `json:"orders"`
	Units    int64 `json:"units"`
}

// Cause is what one factor did to sales.
type Cause struct {
	Factor    string  `json:"factor" enum:"traffic,conversion,quantity,buyers,frequency,units,price"`
	EffectFen int64   `json:"effect_fen" doc:"The effects of the factors sum exactly to the change"`
	Base      float64 `json:"base" doc:"The factor in the base period; where it had none, what it was in the other"`
	Current   float64 `json:"current"`
}

// Swing is how sales of one thing moved, and why.
type Swing struct {
	Key       string  `json:"key" doc:"Product id, category or channel; empty for the total and for what has none"`
	Name      string  `json:"name"`
	Goods     bool    `json:"goods,omitempty" doc:"A product of the catalogue"`
	Base      Figures `json:"base"`
	Current   Figures `json:"current"`
	ChangeFen int64   `json:"change_fen"`
	Traffic   bool    `json:"traffic" doc:"Traffic is known, and the causes tell of it"`
	Coverage  float64 `json:"coverage" doc:"The lesser, of both periods, of the shares of buyers who were seen looking before"`
	Causes    []Cause `json:"causes"`
}

// Swings compares two periods. Every line is told by its own factors: effects of lines do not add up to those of the total, which holds the
// shift between them too; changes do.
type Swings struct {
	By      string  `json:"by" enum:"product,category,channel"`
	Base    Days    `json:"base"`
	Current Days    `json:"current"`
	Total   Swing   `json:"total"`
	Lines   []Swing `json:"lines" doc:"The greatest changes first"`
	Left    int     `json:"left" doc:"How many more lines there are"`
}

// Decompose tells by how much each of the factors, whose product is the amount, moved it: the Shapley value of the factors, that is the
// average, over all orders in which they could have changed one after the other, of what each step did. It is exact, treats factors alike and
// is defined where an amount is 0, as for what is new or gone; there the logarithmic mean divisia index (LMDI), which else is as good,
// is not. A factor that is not defined in a period (NaN: no price without a sale) did not change. The result is rounded to whole numbers that
// sum exactly to change (largest remainders), which is the difference of the amounts.
func Decompose(base, current []float64, change int64) []int64 {
	n := len(base)
	a, b := slices.Clone(base), slices.Clone(current)
	for i := range a {
		switch {
		case math.IsNaN(a[i]) && math.IsNaN(b[i]):
			a[i], b[i] = 0, 0
		case math.IsNaN(a[i]):
			a[i] = b[i]
		case math.IsNaN(b[i]):
			b[i] = a[i]
		}
	}
	weight := make([]float64, n) // by how many others changed before: s!(n−s−1)!/n!
	for s := range weight {
		w := 1.0 / float64(n)
		for k := 1; k <= s; k++ {
			w *= float64(k) / float64(n-k)
		}
		weight[s] = w
	}
	effects := make([]float64, n)
	for i := range effects {
		for set := range 1 << n {
			if set&(1<<i) != 0 {
				continue
			}
			step, size := b[i]-a[i], 0
			for j := range n {
				switch {
				case j == i:
				case set&(1<<j) != 0:
					step *= b[j]
					size++
				default:
					step *= a[j]
				}
			}
			effects[i] += weight[size] * step
		}
	}
	return whole(effects, change)
}

// whole rounds parts to whole numbers that sum to total, those with the largest remainders up.
func whole(parts []float64, total int64) []int64 {
	out := make([]int64, len(parts))
	left := total
	order := make([]int, len(parts))
	for i, p := range parts {
		if math.IsNaN(p) || math.Abs(p) > 1e18 {
			p = 0
		}
		out[i] = int64(math.Floor(p))
		left -= out[i]
		order[i] = i
	}
	remainder := func(i int) float64 { return parts[i] - math.Floor(parts[i]) }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(remainder(j), remainder(i)) })
	n := int64(len(parts))
	for k, i := range order { // left is between 0 and n but for what floating point lost
		out[i] += left / n
		if int64(k) < left%n {
			out[i]++
		}
		if left < 0 && int64(k) >= n+left%n {
			out[i]--
		}
	}
	return out
}

// causes tells why sales moved.
func causes(base, current Figures) (all []Cause, traffic bool, coverage float64) {
	coverage = math.NaN()
	for _, f := range []Figures{base, current} {
		if f.Buyers > 0 {
			if c := float64(f.Seen) / float64(f.Buyers); !(c > coverage) {
				coverage = c
			}
		}
	}
	if math.IsNaN(coverage) {
		coverage = 0
		traffic = base.Visitors+current.Visitors > 0
	}
	traffic = traffic || coverage >= seenEnough
	names := []string{CauseBuyers, CauseFrequency, CauseUnits, CausePrice}
	factors := func(f Figures) []float64 {
		units := f.Units
		if units <= 0 && f.SalesFen != 0 {
			units = 1 // a line that does not say how many
		}
		ratio := func(a, b int64) float64 {
			if b == 0 {
				return math.NaN()
			}
			return float64(a) / float64(b)
		}
		if traffic {
			return []float64{float64(f.Visitors), ratio(f.Buyers, f.Visitors), ratio(units, f.Buyers), ratio(f.SalesFen, units)}
		}
		return []float64{float64(f.Buyers), ratio(f.Orders, f.Buyers), ratio(units, f.Orders), ratio(f.SalesFen, units)}
	}
	if traffic {
		names = []string{CauseTraffic, CauseConversion, CauseQuantity, CausePrice}
	}
	a, b := factors(base), factors(current)
	effects := Decompose(a, b, current.SalesFen-base.SalesFen)
	for i, name := range names {
		c := Cause{Factor: name, EffectFen: effects[i], Base: a[i], Current: b[i]}
		switch {
		case math.IsNaN(c.Base) && math.IsNaN(c.Current):
			c.Base, c.Current = 0, 0
		case math.IsNaN(c.Base):
			c.Base = c.Current
		case math.IsNaN(c.Current):
			c.Current = c.Base
		}
		all = append(all, c)
	}
	return all, traffic, coverage
}

// tallied is what a worker knows of one key, with marks of the customer at hand.
type tallied struct {
	figures                 [2]Figures
	counted, bought, viewed [2]uint32 // the last customer who was
	orderOf                 uint32
	orderAt                 int64
}

// swinging counts both periods of a worker's customers.
type swinging struct {
	keys  places
	all   []*tallied
	total tallied
}

func (f *swinging) of(key uint32) *tallied {
	at, added := f.keys.of(key)
	if added {
		f.all = append(f.all, &tallied{})
	}
	return f.all[at]
}

func (t *tallied) look(number uint32, p int) {
	t.viewed[p] = number
	if t.counted[p] != number {
		t.counted[p] = number
		t.figures[p].Visitors++
	}
}

func (t *tallied) buy(number uint32, p int, ts, amount, units int64) {
	f := &t.figures[p]
	if t.bought[p] != number {
		t.bought[p] = number
		f.Buyers++
		if t.viewed[0] == number || t.viewed[1] == number {
			f.Seen++
		}
		if t.counted[p] != number {
			t.counted[p] = number
			f.Visitors++
		}
	}
	if t.orderOf != number || t.orderAt != ts {
		t.orderOf, t.orderAt = number, ts
		f.Orders++
	}
	f.SalesFen += amount
	f.Units += units
}

// keyOf returns what a row of a fact counts under.
func (sh *shelf) keyOf(by string, categories map[uint32]uint32) func(b *warehouse.Block, i int) uint32 {
	switch by {
	case ByCategory:
		return func(b *warehouse.Block, i int) uint32 {
			if c := b.Category[i]; c != 0 || b.Product[i] == 0 {
				return c
			}
			return categories[sh.unit(b.Product[i])]
		}
	case ByChannel:
		return func(b *warehouse.Block, i int) uint32 { return b.Channel[i] }
	}
	return func(b *warehouse.Block, i int) uint32 { return sh.unit(b.Product[i]) }
}

// categories are those of the catalogue's products, as facts name them.
func (sh *shelf) categories() map[uint32]uint32 {
	out := map[uint32]uint32{}
	for u, g := range sh.goods {
		if c := sh.w.Code(g.Category); c != warehouse.NoCode {
			out[u] = c
		}
	}
	return out
}

type swingQuestion struct {
	By            string
	Base, Current Days
}

// Swings compares sales of two periods by product, category or channel, and tells why they moved. A period that is left out is the 30
// whole days up to yesterday, and as many before it. At most limit lines are returned.
func (s *Service) Swings(ctx context.Context, by string, base, current Days, limit int) (Swings, error) {
	if by != ByProduct && by != ByCategory && by != ByChannel {
		return Swings{}, errs.New(errs.Invalid, "product.by", "by is product, category or channel").At("by")
	}
	current, now, err := s.period(current, 30)
	if err != nil {
		return Swings{}, err
	}
	if base.To == "" {
		day, err := time.Parse(time.DateOnly, current.From)
		if err != nil {
			return Swings{}, err
		}
		base.To = day.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	base, before, err := s.period(base, int((now.to-now.from+dayMicros/2)/dayMicros))
	if err != nil {
		return Swings{}, err
	}
	if before.to > now.from && now.to > before.from {
		return Swings{}, errs.New(errs.Invalid, "product.overlap", "the periods share days").At("base_to")
	}
	whole, err := ask(ctx, s, swingQuestion{by, base, current}, func(ctx context.Context) (Swings, error) {
		return s.swings(ctx, by, base, current, before, now)
	})
	if err != nil {
		return Swings{}, err
	}
	if limit > 0 && len(whole.Lines) > limit {
		whole.Left = len(whole.Lines) - limit
		whole.Lines = whole.Lines[:limit]
	}
	return whole, nil
}

func (s *Service) swings(ctx context.Context, by string, base, current Days, before, now span) (Swings, error) {
	sh, err := s.shelf(ctx)
	if err != nil {
		return Swings{}, err
	}
	keyOf := sh.keyOf(by, sh.categories())
	periods := [2]span{before, now}
	folds, err := walk(ctx, s.w, warehouse.ScanSpec{
		Facts: bothFacts, Columns: warehouse.ColumnAmount | warehouse.ColumnQuantity | warehouse.ColumnProduct | warehouse.ColumnCategory | warehouse.ColumnChannel,
		Since: min(before.from, now.from), AsOf: max(before.to, now.to) - 1,
	}, func() *swinging { return &swinging{} }, func(f *swinging, number uint32, b *warehouse.Block, from, to int) {
		for i := from; i < to; i++ {
			p := 0
			if ts := b.TS[i]; now.has(ts) {
				p = 1
			} else if !before.has(ts) {
				continue
			}
			key := keyOf(b, i)
			if b.Kind[i] == kindLine {
				f.of(key).buy(number, p, b.TS[i], b.Amount[i], b.Quantity[i])
				f.total.buy(number, p, b.TS[i], b.Amount[i], b.Quantity[i])
				continue
			}
			f.total.look(number, p)
			if key != 0 {
				f.of(key).look(number, p)
			}
		}
	})
	if err != nil {
		return Swings{}, err
	}
	sums, total := map[uint32]*[2]Figures{}, [2]Figures{}
	for _, f := range folds {
		for i, key := range f.keys.units {
			if sums[key] == nil {
				sums[key] = &[2]Figures{}
			}
			for p := range periods {
				sums[key][p].add(f.all[i].figures[p])
			}
		}
		for p := range periods {
			total[p].add(f.total.figures[p])
		}
	}
	for p, period := range periods {
		strange, all, err := s.strangers(ctx, sh, by, period)
		if err != nil {
			return Swings{}, err
		}
		total[p].Visitors += all
		for key, n := range strange {
			if sums[key] == nil {
				sums[key] = &[2]Figures{}
			}
			sums[key][p].Visitors += n
		}
	}
	return s.tellSwings(ctx, sh, by, base, current, sums, total)
}

func (f *Figures) add(o Figures) {
	f.SalesFen += o.SalesFen
	f.Visitors += o.Visitors
	f.Buyers += o.Buyers
	f.Seen += o.Seen
	f.Orders += o.Orders
	f.Units += o.Units
}

func (s *Service) tellSwings(ctx context.Context, sh *shelf, by string, base, current Days, sums map[uint32]*[2]Figures, total [2]Figures) (Swings, error) {
	line := func(key, name string, f [2]Figures) Swing {
		out := Swing{Key: key, Name: name, Base: f[0], Current: f[1], ChangeFen: f[1].SalesFen - f[0].SalesFen}
		out.Causes, out.Traffic, out.Coverage = causes(f[0], f[1])
		return out
	}
	out := Swings{By: by, Base: base, Current: current, Total: line("", "", total), Lines: []Swing{}}
	var units []uint32
	for u, f := range sums {
		if f[0].SalesFen != 0 || f[1].SalesFen != 0 || f[0].Units+f[1].Units > 0 {
			units = append(units, u)
		}
	}
	refs := map[uint32]Ref{}
	if by == ByProduct {
		var err error
		if refs, err = s.refs(ctx, sh, units); err != nil {
			return Swings{}, err
		}
	}
	for _, u := range units {
		key, name, goods := s.w.Text(u), s.w.Text(u), false
		if r, ok := refs[u]; ok {
			key, name, goods = r.ID, r.Name, r.Goods
		}
		l := line(key, name, *sums[u])
		l.Goods = goods
		out.Lines = append(out.Lines, l)
	}
	slices.SortFunc(out.Lines, func(a, b Swing) int {
		return cmp.Or(cmp.Compare(abs(b.ChangeFen), abs(a.ChangeFen)), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// strangers counts, by key, visitors whom nobody knows by name, who are in no ordered pass, and all of them together. One who looked at two SKUs
// of the same goods by their codes counts twice there.
func (s *Service) strangers(ctx context.Context, sh *shelf, by string, p span) (map[uint32]int64, int64, error) {
	var kinds string
	for _, name := range lookFacts {
		if c := s.w.Code(name); c != warehouse.NoCode {
			if kinds != "" {
				kinds += ", "
			}
			kinds += strconv.FormatUint(uint64(c), 10)
		}
	}
	if kinds == "" {
		return nil, 0, nil
	}
	where := " FROM facts WHERE customer >= " + strconv.FormatUint(uint64(warehouse.FirstVisitor), 10) + " AND kind IN (" + kinds + ") AND ts >= " +
		strconv.FormatInt(p.from, 10) + " AND ts < " + strconv.FormatInt(p.to, 10)
	all, err := warehouse.One[int64](ctx, s.w, "SELECT COUNT(DISTINCT customer) AS n"+where)
	if err != nil || all == 0 {
		return nil, 0, err
	}
	type row struct {
		Key uint32 `db:"k"`
		N   int64  `db:"n"`
	}
	column := map[string]string{ByProduct: "product", ByCategory: "category", ByChannel: "channel"}[by]
	out := map[uint32]int64{}
	err = warehouse.Each(ctx, s.w, "SELECT "+column+" AS k, COUNT(DISTINCT customer) AS n"+where+" AND "+column+" <> 0 GROUP BY "+column, nil, func(r row) error {
		if by == ByProduct {
			r.Key = sh.unit(r.Key)
		}
		out[r.Key] += r.N
		return nil
	})
	return out, all, err
}
