package product

import (
	"cmp"
	"context"
	"slices"

	"huoshui/internal/platform/warehouse"
)

// Roles of products.
const (
	RoleTraffic = "traffic" // 引流: brings people in
	RoleProfit  = "profit"  // 利润: earns
	RoleImage   = "image"   // 形象: shows what the brand can do
)

// fewBuyers is how many a product needs for a role to be suggested.
const fewBuyers = 10

// Thresholds are what a role is suggested by; 0 stands for that of the store, told in the answer.
type Thresholds struct {
	FirstShare float64 `json:"first_share" doc:"From this share of buyers for whom it was the first product on: it brings people in (66th percentile of the store)"`
	Visitors   float64 `json:"visitors" doc:"Many look at it from so many visitors on (median)"`
	Conversion float64 `json:"conversion" doc:"It sells well to those who look from this share on (median)"`
	Margin     float64 `json:"margin" doc:"It earns from this margin on (median of those whose cost is known)"`
	PriceFen   float64 `json:"price_fen" doc:"It is dear from this price a unit on (80th percentile)"`
}

// Reason is one condition of a role and whether it is met.
type Reason struct {
	Code  string  `json:"code" enum:"first_share,visitors,conversion,margin,price"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
	Above bool    `json:"above" doc:"The value should be at least the limit; else below it"`
}

// Play is the part that one product plays.
type Play struct {
	Ref
	Visitors   int64    `json:"visitors"`
	Buyers     int64    `json:"buyers"`
	Orders     int64    `json:"orders"`
	Units      int64    `json:"units"`
	SalesFen   int64    `json:"sales_fen"`
	Traffic    bool     `json:"traffic" doc:"Half of its buyers at least were seen looking before: traffic and conversion are known"`
	Conversion Share    `json:"conversion" doc:"Of visitors, buyers"`
	First      Share    `json:"first" doc:"Of buyers, those for whom it was in the first basket ever"`
	Attach     Share    `json:"attach" doc:"Of its baskets, those that hold something else too"`
	PriceFen   int64    `json:"price_fen" doc:"What a unit brought on average"`
	CostKnown  bool     `json:"cost_known"`
	Margin     float64  `json:"margin" doc:"Share of sales that its cost leaves, where the catalogue names the cost of what was sold"`
	Role       string   `json:"role" enum:",traffic,profit,image" doc:"As set in the catalogue"`
	Suggested  string   `json:"suggested" enum:",traffic,profit,image" doc:"Empty where nothing stands out, or fewer than 10 people bought it"`
	Reasons    []Reason `json:"reasons" doc:"What speaks for the suggestion"`
}

// Roles are the roles that products play.
type Roles struct {
	Period     Days       `json:"period"`
	Thresholds Thresholds `json:"thresholds" doc:"In force"`
	Lines      []Play     `json:"lines" doc:"By sales, greatest first"`
	Left       int        `json:"left"`
}

type roleQuestion struct{ Period Days }

type playing struct {
	swing  swinging
	firsts places
	first  []int64 // customers whose first basket held it
	attach []int64
	basket []int64
	cost   []float64
	sold   []int64 // units whose cost is known
	buffer []uint32
}

// Roles suggests the role of every product from how many look, how many of those buy, how many begin with it, what it is bought with and what
// it earns. A period that is left out is the last DefaultDays days.
func (s *Service) Roles(ctx context.Context, period Days, t Thresholds, limit int) (Roles, error) {
	period, p, err := s.period(period, DefaultDays)
	if err != nil {
		return Roles{}, err
	}
	lines, err := ask(ctx, s, roleQuestion{period}, func(ctx context.Context) ([]Play, error) { return s.plays(ctx, p) })
	if err != nil {
		return Roles{}, err
	}
	out := Roles{Period: period, Thresholds: t.filled(lines), Lines: slices.Clone(lines)}
	if limit > 0 && len(out.Lines) > limit {
		out.Left = len(out.Lines) - limit
		out.Lines = out.Lines[:limit]
	}
	for i := range out.Lines {
		out.Lines[i].Suggested, out.Lines[i].Reasons = suggest(&out.Lines[i], out.Thresholds)
	}
	return out, nil
}

// filled puts those of the store where nothing was asked for.
func (t Thresholds) filled(lines []Play) Thresholds {
	var first, visitors, conversion, margin, price []float64
	for i := range lines {
		l := &lines[i]
		if l.Buyers < fewBuyers {
			continue
		}
		first = append(first, l.First.Rate)
		price = append(price, float64(l.PriceFen))
		if l.Traffic {
			visitors = append(visitors, float64(l.Visitors))
			conversion = append(conversion, l.Conversion.Rate)
		}
		if l.CostKnown {
			margin = append(margin, l.Margin)
		}
	}
	for _, v := range []struct {
		to     *float64
		values []float64
		at     float64
	}{{&t.FirstShare, first, 2.0 / 3}, {&t.Visitors, visitors, .5}, {&t.Conversion, conversion, .5}, {&t.Margin, margin, .5}, {&t.PriceFen, price, .8}} {
		slices.Sort(v.values)
		if *v.to == 0 {
			*v.to = quantile(v.values, v.at)
		}
	}
	return t
}

// suggest names the role that most speaks for: dear and looked at more than bought is image; what people begin with, at a margin that is not
// high, is traffic; a high margin that sells is profit.
func suggest(l *Play, t Thresholds) (string, []Reason) {
	if l.Buyers < fewBuyers {
		return "", []Reason{}
	}
	first := Reason{"first_share", l.First.Rate, t.FirstShare, true}
	visitors := Reason{"visitors", float64(l.Visitors), t.Visitors, true}
	sells := Reason{"conversion", l.Conversion.Rate, t.Conversion, true}
	margin := Reason{"margin", l.Margin, t.Margin, true}
	price := Reason{"price", float64(l.PriceFen), t.PriceFen, true}
	below := func(r Reason) Reason { r.Above = false; return r }
	holds := func(r Reason) bool { return r.Above == (r.Value >= r.Limit && r.Value > 0) }
	for _, role := range []struct {
		name string
		know bool
		all  []Reason
	}{
		{RoleImage, l.Traffic, []Reason{price, visitors, below(sells)}},
		{RoleTraffic, l.CostKnown, []Reason{first, below(margin)}},
		{RoleTraffic, !l.CostKnown, []Reason{first, below(price)}},
		{RoleProfit, l.CostKnown && l.Traffic, []Reason{margin, sells}},
		{RoleProfit, l.CostKnown && !l.Traffic, []Reason{margin}},
	} {
		if role.know && !slices.ContainsFunc(role.all, func(r Reason) bool { return !holds(r) }) {
			return role.name, role.all
		}
	}
	return "", []Reason{}
}

func (s *Service) plays(ctx context.Context, p span) ([]Play, error) {
	sh, err := s.shelf(ctx)
	if err != nil {
		return nil, err
	}
	costs := sh.costs()
	keyOf := sh.keyOf(ByProduct, nil)
	folds, err := walk(ctx, s.w, warehouse.ScanSpec{
		Facts: bothFacts, Columns: warehouse.ColumnAmount | warehouse.ColumnQuantity | warehouse.ColumnProduct, AsOf: p.to - 1,
	}, func() *playing { return &playing{} }, func(f *playing, number uint32, b *warehouse.Block, from, to int) {
		f.customer(sh, costs, keyOf, number, b, from, to, p)
	})
	if err != nil {
		return nil, err
	}
	strange, _, err := s.strangers(ctx, sh, ByProduct, p)
	if err != nil {
		return nil, err
	}
	return s.tellPlays(ctx, sh, folds, strange)
}

// costs are what units of SKUs cost the brand, by their codes; those that are not known are not in it.
func (sh *shelf) costs() map[uint32]int64 {
	out := map[uint32]int64{}
	for _, g := range sh.goods {
		for _, sku := range g.SKUs {
			if c := sh.w.Code(sku.Code); sku.CostFen > 0 && c != warehouse.NoCode {
				out[c] = sku.CostFen
			}
		}
	}
	return out
}

func (f *playing) place(unit uint32) int {
	at, added := f.firsts.of(unit)
	if added {
		f.first, f.attach, f.basket = append(f.first, 0), append(f.attach, 0), append(f.basket, 0)
		f.cost, f.sold = append(f.cost, 0), append(f.sold, 0)
	}
	return at
}

func (f *playing) customer(sh *shelf, costs map[uint32]int64, keyOf func(*warehouse.Block, int) uint32, number uint32, b *warehouse.Block, from, to int, p span) {
	begun := false
	f.buffer = sh.baskets(b, from, to, f.buffer, func(ts int64, _, _ int, units []uint32) {
		for _, u := range units {
			if !p.has(ts) {
				break
			}
			at := f.place(u)
			f.basket[at]++
			if len(units) > 1 {
				f.attach[at]++
			}
			if !begun {
				f.first[at]++
			}
		}
		begun = true
	})
	for i := from; i < to; i++ {
		if !p.has(b.TS[i]) || b.Product[i] == 0 {
			continue
		}
		key := keyOf(b, i)
		if b.Kind[i] != kindLine {
			f.swing.of(key).look(number, 0)
			continue
		}
		f.swing.of(key).buy(number, 0, b.TS[i], b.Amount[i], b.Quantity[i])
		if cost, ok := costs[b.Product[i]]; ok {
			at := f.place(key)
			f.cost[at] += float64(cost) * float64(b.Quantity[i])
			f.sold[at] += b.Quantity[i]
		}
	}
}

func (s *Service) tellPlays(ctx context.Context, sh *shelf, folds []*playing, strange map[uint32]int64) ([]Play, error) {
	type sum struct {
		Figures
		first, attach, basket, sold int64
		cost                        float64
	}
	sums := map[uint32]*sum{}
	for _, f := range folds {
		for i, u := range f.swing.keys.units {
			if sums[u] == nil {
				sums[u] = &sum{}
			}
			sums[u].add(f.swing.all[i].figures[0])
		}
		for i, u := range f.firsts.units {
			o := sums[u]
			o.first += f.first[i]
			o.attach += f.attach[i]
			o.basket += f.basket[i]
			o.sold += f.sold[i]
			o.cost += f.cost[i]
		}
	}
	var units []uint32
	for u, o := range sums {
		o.Visitors += strange[u]
		if o.Buyers > 0 {
			units = append(units, u)
		}
	}
	refs, err := s.refs(ctx, sh, units)
	if err != nil {
		return nil, err
	}
	out := make([]Play, 0, len(units))
	for _, u := range units {
		o := sums[u]
		l := Play{
			Ref: refs[u], Visitors: o.Visitors, Buyers: o.Buyers, Orders: o.Orders, Units: o.Units, SalesFen: o.SalesFen,
			Traffic: float64(o.Seen) >= seenEnough*float64(o.Buyers), Conversion: share(o.Buyers, o.Visitors), First: share(o.first, o.Buyers), Attach: share(o.attach, o.basket),
		}
		if o.Units > 0 {
			l.PriceFen = o.SalesFen / o.Units
		}
		if o.sold > 0 && o.sold == o.Units && o.SalesFen > 0 {
			l.CostKnown, l.Margin = true, 1-o.cost/float64(o.SalesFen)
		}
		if g := sh.goods[u]; g != nil {
			l.Role = g.Role
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Play) int { return cmp.Or(cmp.Compare(b.SalesFen, a.SalesFen), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}
