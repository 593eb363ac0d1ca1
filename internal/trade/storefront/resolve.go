package storefront

import (
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/promo"
)

// Shown is a page as a person sees it: the blocks for her layer with all that they show.
type Shown struct {
	Name     string          `json:"name"`
	Title    string          `json:"title"`
	Version  int64           `json:"version"`
	Now      time.Time       `json:"now,omitzero" doc:"The store's clock when it was drawn, for counting down; left out when nothing counts"`
	Blocks   []ShownBlock    `json:"blocks"`
	Pictures map[string]Size `json:"pictures" doc:"Of every picture that a block names, so that nothing moves while they load"`
	Mine     *Mine           `json:"mine,omitempty" doc:"What is hers alone; left out for guests"`
}

// Size is how large a picture is, in pixels.
type Size struct {
	Width  int64 `json:"width"`
	Height int64 `json:"height"`
}

// ShownBlock is a block with what it shows. Links in it that lead nowhere are taken out.
type ShownBlock struct {
	Block
	Cards  []Card          `json:"cards,omitempty" doc:"Of goods; of recommended, what guests see"`
	Sales  []FlashCard     `json:"sales,omitempty" doc:"Of flash"`
	Offers []promo.Opening `json:"offers,omitempty" doc:"Of coupon"`
}

// Card is goods on a page.
type Card struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Subtitle  string `json:"subtitle"`
	Picture   string `json:"picture" doc:"A picture's id, or empty"`
	PriceFen  int64  `json:"price_fen" doc:"The lowest of its SKUs"`
	MarketFen int64  `json:"market_fen" doc:"Struck through; 0 shows none"`
	Sold      int64  `json:"sold"`
	Left      int64  `json:"left" doc:"Units that can be ordered, at most 999; 0 is sold out"`
	SKU       string `json:"sku,omitempty" doc:"The one that goes into the cart; left out when there is a choice to make"`
	Reason    Reason `json:"reason,omitempty" enum:"pair,viewed,rebuy,bestseller" doc:"Of recommended: why"`
	Because   string `json:"because,omitempty" doc:"Of pair: what it is often bought with"`
}

// FlashCard is a flash sale on a page.
type FlashCard struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Goods     string    `json:"goods"`
	SKU       string    `json:"sku"`
	Title     string    `json:"title"`
	Picture   string    `json:"picture"`
	PriceFen  int64     `json:"price_fen"`
	WasFen    int64     `json:"was_fen"`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	Left      int64     `json:"left"`
	Units     int64     `json:"units"`
	PerPerson int64     `json:"per_person"`
}

// Mine is what a page shows to one customer alone; what none of its blocks shows is left out.
type Mine struct {
	Member      *Member            `json:"member,omitempty"`
	Coupons     int64              `json:"coupons" doc:"Coupons she can use; counted for a member card that shows them"`
	Offers      map[string]MyOffer `json:"offers,omitempty" doc:"By promotion, of all coupon blocks"`
	Recommended map[string][]Card  `json:"recommended,omitempty" doc:"By block"`
}

// MyOffer is how a coupon stands with a customer.
type MyOffer struct {
	State  string `json:"state" enum:"open,claimed,not_for" doc:"claimed: she has as many as she may"`
	Usable int64  `json:"usable" doc:"Of it that she can use"`
}

// draw fills the blocks of a design for a layer with what everybody in it sees.
func (s *Service) draw(ctx context.Context, q store.Querier, v *Version, name, layer string) (Shown, error) {
	blocks := slices.Clone(v.Design.For(layer))
	out := Shown{Name: name, Title: v.Title, Version: v.Version, Blocks: make([]ShownBlock, 0, len(blocks)), Pictures: map[string]Size{}}
	d := Design{Blocks: blocks}
	live, err := s.targets(ctx, q, d.references())
	if err != nil {
		return out, err
	}
	var picked []string
	for _, b := range blocks {
		if b.Goods != nil && b.Goods.Source == "picked" {
			picked = append(picked, b.Goods.Goods...)
		}
	}
	byID, err := s.cardsOf(ctx, q, picked)
	if err != nil {
		return out, err
	}
	for _, b := range blocks {
		one := ShownBlock{Block: b.linked(live)}
		switch {
		case b.Goods != nil && b.Goods.Source == "picked":
			for _, id := range b.Goods.Goods {
				if c, ok := byID[id]; ok {
					one.Cards = append(one.Cards, c)
				}
			}
		case b.Goods != nil:
			one.Cards, err = s.listed(ctx, q, b.Goods)
		case b.Recommended != nil:
			one.Cards, err = s.bestsellers(ctx, q, b.Recommended.Limit)
		case b.Flash != nil:
			if one.Sales, err = s.flashes(ctx, q, b.Flash.Limit); len(one.Sales) > 0 {
				out.Now = s.instant()
			}
		case b.Coupon != nil:
			one.Offers, err = s.Promos.Openings(ctx, q, layer, b.Coupon.Coupons)
		}
		if err != nil {
			return out, err
		}
		out.Blocks = append(out.Blocks, one)
	}
	return out, s.measure(ctx, q, &out)
}

// targets returns what links may lead to.
func (s *Service) targets(ctx context.Context, q store.Querier, r references) (func(*Link) *Link, error) {
	goods, err := there(ctx, q, `SELECT id FROM goods WHERE status = 'on' AND id`, r.goods)
	if err != nil {
		return nil, err
	}
	categories, err := there(ctx, q, `SELECT id FROM goods_categories WHERE hidden = FALSE AND id`, r.categories)
	if err != nil {
		return nil, err
	}
	pages := map[string]bool{}
	for name := range r.pages {
		_, err := liveVersion(ctx, q, name, s.instant())
		if err != nil && !errs.Is(err, errs.NotFound) {
			return nil, err
		}
		pages[name] = err == nil
	}
	return func(l *Link) *Link {
		if l == nil || l.To == ToGoods && !goods[l.ID] || l.To == ToCategory && !categories[l.ID] || l.To == ToPage && !pages[l.ID] {
			return nil
		}
		return l
	}, nil
}

// linked returns a copy of the block with the links that live returns; the block itself stays.
func (b Block) linked(live func(*Link) *Link) Block {
	switch {
	case b.Banner != nil:
		c := *b.Banner
		c.Slides = slices.Clone(c.Slides)
		for i := range c.Slides {
			c.Slides[i].Link = live(c.Slides[i].Link)
		}
		b.Banner = &c
	case b.Goods != nil:
		c := *b.Goods
		c.More = live(c.More)
		b.Goods = &c
	case b.Notice != nil:
		c := *b.Notice
		c.Link = live(c.Link)
		b.Notice = &c
	case b.Text != nil:
		c := *b.Text
		c.Parts = slices.Clone(c.Parts)
		relink := func(all []Span) []Span {
			all = slices.Clone(all)
			for i := range all {
				all[i].Link = live(all[i].Link)
			}
			return all
		}
		for i := range c.Parts {
			p := &c.Parts[i]
			p.Spans, p.Items = relink(p.Spans), slices.Clone(p.Items)
			for j := range p.Items {
				p.Items[j] = relink(p.Items[j])
			}
		}
		b.Text = &c
	}
	return b
}

// units is what the SKUs of goods say together.
type units struct {
	Goods   string `db:"goods_id"`
	Market  int64  `db:"market_fen"`
	Left    int64  `db:"free"`
	Choices int64  `db:"choices"`
	SKU     string `db:"sku"`
}

// cards returns goods on sale that meet the conditions, in an order.
func cards(ctx context.Context, q store.Querier, w *store.Where, order string, limit int) ([]Card, error) {
	w.And("g.status = 'on'")
	goods, err := store.All[catalog.Goods](ctx, q, `SELECT g.* FROM goods g`+w.SQL()+` ORDER BY `+order+` LIMIT ?`, w.Args(limit)...)
	if err != nil || len(goods) == 0 {
		return nil, err
	}
	ids := make([]string, len(goods))
	for i, g := range goods {
		ids[i] = g.ID
	}
	var of store.Where
	store.In(&of, "s.goods_id", ids)
	of.And("s.gone = FALSE")
	sums := make(map[string]units, len(goods))
	err = store.Each(ctx, q, `SELECT s.goods_id, MAX(CASE WHEN s.price_fen = g.low_fen THEN s.market_fen ELSE 0 END) AS market_fen,
			CAST(SUM(COALESCE(k.on_hand - k.held, 0)) AS BIGINT) AS free, COUNT(*) AS choices, MIN(s.code) AS sku
		FROM skus s JOIN goods g ON g.id = s.goods_id LEFT JOIN stock k ON k.sku = s.code AND k.place = '`+inventory.Online+`'`+of.SQL()+` GROUP BY s.goods_id`, of.Args(), func(u units) error {
		sums[u.Goods] = u
		return nil
	})
	out := make([]Card, len(goods))
	for i, g := range goods {
		u := sums[g.ID]
		out[i] = Card{ID: g.ID, Title: g.Title, Subtitle: g.Subtitle, PriceFen: g.LowFen, Sold: g.Sold, Left: min(u.Left, 999)}
		if len(g.Pictures) > 0 {
			out[i].Picture = g.Pictures[0]
		}
		if u.Choices == 1 {
			out[i].SKU = u.SKU
		}
		if u.Market > g.LowFen {
			out[i].MarketFen = u.Market
		}
	}
	return out, err
}

// cardsOf returns goods on sale by their ids.
func (s *Service) cardsOf(ctx context.Context, q store.Querier, ids []string) (map[string]Card, error) {
	out := make(map[string]Card, len(ids))
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 {
		return out, nil
	}
	var w store.Where
	store.In(&w, "g.id", ids)
	all, err := cards(ctx, q, &w, "g.id", len(ids))
	for _, c := range all {
		out[c.ID] = c
	}
	return out, err
}

func (s *Service) listed(ctx context.Context, q store.Querier, g *GoodsSpec) ([]Card, error) {
	var w store.Where
	order := "g.sold DESC, g.id"
	switch g.Source {
	case "newest":
		order = "g.created_at DESC, g.id"
	case "category":
		w.And("g.category IN (SELECT c.id FROM goods_categories c WHERE c.id = ? OR c.parent = ?)", g.Category, g.Category)
	}
	return cards(ctx, q, &w, order, g.Limit)
}

// bestsellers returns what sells best, each with that as its reason.
func (s *Service) bestsellers(ctx context.Context, q store.Querier, limit int) ([]Card, error) {
	var w store.Where
	all, err := cards(ctx, q, &w, "g.sold DESC, g.id", limit)
	for i := range all {
		all[i].Reason = Bestseller
	}
	return all, err
}

// flashes returns the flash sales that run or begin within a day, those that run first, then the next to begin.
func (s *Service) flashes(ctx context.Context, q store.Querier, limit int) ([]FlashCard, error) {
	now := s.instant()
	all, err := store.All[flash.Sale](ctx, q, `SELECT * FROM flash_sales WHERE stopped = FALSE AND ends_at > ? AND starts_at <= ? ORDER BY starts_at, id LIMIT 60`, now, now.Add(24*time.Hour))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	skus := make([]string, len(all))
	for i, f := range all {
		skus[i] = f.SKU
	}
	items, err := catalog.Items(ctx, q, skus)
	if err != nil {
		return nil, err
	}
	var out []FlashCard
	for _, f := range all {
		i, ok := items[f.SKU]
		if !ok || !i.Sold() || len(out) == limit {
			continue
		}
		out = append(out, FlashCard{ID: f.ID, Name: f.Name, Goods: i.GoodsID, SKU: f.SKU, Title: i.Name(), Picture: i.Cover(), PriceFen: f.PriceFen, WasFen: i.PriceFen,
			StartsAt: f.StartsAt, EndsAt: f.EndsAt, Left: f.Units - f.Taken, Units: f.Units, PerPerson: f.PerPerson})
	}
	return out, nil
}

// measure notes how large the pictures are that a page shows.
func (s *Service) measure(ctx context.Context, q store.Querier, out *Shown) error {
	named := map[string]place{}
	note := func(id string) {
		if id != "" {
			named[id] = place{}
		}
	}
	for _, b := range out.Blocks {
		if b.Banner != nil {
			for _, s := range b.Banner.Slides {
				note(s.Picture)
			}
		}
		if b.Video != nil {
			note(b.Video.Poster)
		}
		for _, c := range b.Cards {
			note(c.Picture)
		}
		for _, f := range b.Sales {
			note(f.Picture)
		}
	}
	if len(named) == 0 {
		return nil
	}
	args := make([]any, 0, len(named))
	for id := range named {
		args = append(args, id)
	}
	return store.Each(ctx, q, `SELECT id, width, height FROM pictures WHERE id IN (`+store.Marks(len(args))+`)`, args, func(p catalog.Picture) error {
		out.Pictures[p.ID] = Size{p.Width, p.Height}
		return nil
	})
}

// Preview draws a design that is not published, as somebody in a layer would see it; nobody's own things are in it.
func (s *Service) Preview(ctx context.Context, title string, d Design, layer string) (Shown, error) {
	if err := d.Check(); err != nil {
		return Shown{}, err
	}
	return s.draw(ctx, s.DB, &Version{Title: title, Design: d}, "preview", layer)
}

// mine returns what a page shows to one customer alone, nil when it shows nothing of the kind.
func (s *Service) mine(ctx context.Context, q store.Querier, shown *Shown, customer uint32) (*Mine, error) {
	var out Mine
	var needs struct{ member, coupons bool }
	var offers []promo.Opening
	most := 0
	for _, b := range shown.Blocks {
		switch {
		case b.Member != nil:
			needs.member, needs.coupons = true, needs.coupons || b.Member.Coupons
		case b.Coupon != nil:
			offers = append(offers, b.Offers...)
		case b.Recommended != nil:
			most = max(most, b.Recommended.Limit)
		}
	}
	if !needs.member && len(offers) == 0 && most == 0 {
		return nil, nil
	}
	level := ""
	if needs.member || slices.ContainsFunc(offers, func(o promo.Opening) bool { return len(o.Levels) > 0 }) {
		m, err := s.People.Member(ctx, customer)
		if err != nil {
			return nil, err
		}
		if level = m.Level; needs.member {
			out.Member = &m
		}
	}
	var err error
	if needs.coupons {
		if out.Coupons, err = s.Promos.Usable(ctx, q, customer); err != nil {
			return nil, err
		}
	}
	if len(offers) > 0 {
		promotions := make([]string, len(offers))
		for i, o := range offers {
			promotions[i] = o.Promotion
		}
		had, err := s.Promos.Had(ctx, q, customer, promotions)
		if err != nil {
			return nil, err
		}
		out.Offers = map[string]MyOffer{}
		for _, o := range offers {
			m := MyOffer{State: "open", Usable: had[o.Promotion].Usable}
			switch {
			case !o.For(level):
				m.State = "not_for"
			case o.PerPerson > 0 && had[o.Promotion].Got >= o.PerPerson:
				m.State = "claimed"
			}
			out.Offers[o.Promotion] = m
		}
	}
	if most > 0 {
		all, err := s.recommended(ctx, q, customer, most)
		if err != nil {
			return nil, err
		}
		out.Recommended = map[string][]Card{}
		for _, b := range shown.Blocks {
			if b.Recommended != nil {
				out.Recommended[b.ID] = all[:min(len(all), b.Recommended.Limit)]
			}
		}
	}
	return &out, nil
}
