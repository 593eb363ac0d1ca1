package app

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
	"huoshui/internal/trade/storefront"
)

// designDemoStore gives the demo brand's store its pages: a home with a variant for those who buy much and for those who have
// gone silent, a page about the brand, and a campaign that is shown in a week. A store that has pages is left as it is.
func (a *App) designDemoStore(ctx context.Context) error {
	s := &a.Services
	if there, err := s.Storefront.List(ctx); err != nil || len(there) > 0 {
		return err
	}
	d, err := a.demoDesigner(ctx)
	if err != nil {
		return err
	}
	about := []storefront.Block{
		{ID: "story", Kind: storefront.RichText, Text: &storefront.TextSpec{Parts: []storefront.Part{
			{Kind: "heading", Spans: []storefront.Span{{Text: "把它当家人，我们也是"}}},
			{Kind: "paragraph", Spans: []storefront.Span{{Text: "从一家街边小店开始，我们只卖自己家的猫狗也在吃的东西。每一批主粮都有检测报告，"}, {Text: "扫包装上的码就能看到", Bold: true}, {Text: "。"}}},
			{Kind: "list", Items: [][]storefront.Span{
				{{Text: "48 小时内发货，满 199 元包邮"}}, {{Text: "7 天无理由退货，开袋不吃也能退"}}, {{Text: "拿不准买哪款，看看 "}, {Text: "大家都在买的", Link: &storefront.Link{To: storefront.ToPage, ID: storefront.Home}}},
			}},
		}}},
		{ID: "goods", Kind: storefront.GoodsGrid, Goods: &storefront.GoodsSpec{Title: "从这些开始", Source: "bestsellers", Limit: 4, Layout: "two"}},
	}
	week := a.Clock.Now().Add(7 * 24 * time.Hour)
	home, err := a.demoPage(ctx, storefront.Home, "首页", d.welcome(), storefront.Publishing{Note: "开店"}) // pages that link to it come after
	if err != nil {
		return err
	}
	if _, err := a.demoPage(ctx, "about", "关于我们", about, storefront.Publishing{}); err != nil {
		return err
	}
	if _, err := a.demoPage(ctx, "autumn", "囤货节", d.campaign(), storefront.Publishing{Note: "囤货节，三天", From: week, Until: week.Add(3 * 24 * time.Hour)}); err != nil {
		return err
	}
	return a.demoHome(ctx, d, home)
}

// demoPage makes a page and publishes it.
func (a *App) demoPage(ctx context.Context, name, title string, blocks []storefront.Block, show storefront.Publishing) (storefront.Standing, error) {
	s := a.Services.Storefront
	made, err := s.Create(ctx, name, title, storefront.Design{Blocks: blocks}, demoBy)
	if err == nil {
		show.Seen = made.Revision
		made, err = s.Publish(ctx, made.ID, show, demoBy)
	}
	if err != nil {
		return made, fmt.Errorf("demo page %s: %w", name, err)
	}
	return made, nil
}

// demoHome publishes the home that links to the other pages and has its variants.
func (a *App) demoHome(ctx context.Context, d demoDesigner, home storefront.Standing) error {
	s := a.Services.Storefront
	design := storefront.Design{Blocks: d.home(nil), Variants: map[string][]storefront.Block{
		"vip":    d.home([]storefront.Block{d.banner("ink", "老朋友，先挑", "冻干主粮新批次，给你留了货", d.shelf("猫粮"))}),
		"silent": d.home([]storefront.Block{d.banner("amber", "好久不见", "回来看看，送你 20 元", nil), d.coupon("回来就用", d.back)}),
		"lost":   d.home([]storefront.Block{d.banner("amber", "它还好吗", "换季了，给它备点什么", nil), d.coupon("回来就用", d.back)}),
	}}
	saved, err := s.Save(ctx, home.ID, home.Revision, home.Title, design, demoBy)
	if err == nil {
		_, err = s.Publish(ctx, home.ID, storefront.Publishing{Seen: saved.Revision, Note: "按分层装修"}, demoBy)
	}
	if err != nil {
		return fmt.Errorf("demo home: %w", err)
	}
	return nil
}

// demoDesigner knows what the demo brand's pages name.
type demoDesigner struct {
	shelves             map[string]string // ids of categories by name
	goods               map[string]string // ids of goods by SKU
	welcomeCoupon, back string
}

func (a *App) demoDesigner(ctx context.Context) (d demoDesigner, err error) {
	s := &a.Services
	d = demoDesigner{shelves: map[string]string{}, goods: map[string]string{}}
	shelves, err := s.Goods.Categories(ctx)
	if err != nil {
		return d, err
	}
	for _, c := range shelves {
		d.shelves[c.Name] = c.ID
	}
	page, err := s.Goods.List(ctx, catalog.Filter{Limit: 200})
	if err != nil {
		return d, err
	}
	for _, g := range page.Items {
		full, err := s.Goods.Get(ctx, g.ID)
		if err != nil {
			return d, err
		}
		for _, k := range full.SKUs {
			d.goods[k.Code] = g.ID
		}
	}
	offers, err := s.Promo.List(ctx, promo.Filter{Kinds: []promo.Kind{promo.Coupons}})
	if err != nil {
		return d, err
	}
	for _, p := range offers.Items {
		if p.Name == "新人 10 元券" {
			d.welcomeCoupon = p.ID
		}
	}
	back, err := s.Promo.Create(ctx, promo.Draft{Kind: promo.Coupons, Name: "回归礼 20 元券", Note: "只给沉默与流失的客户", Terms: promo.Terms{Coupon: &promo.CouponTerms{
		Gives: pricing.Coupon{Kind: pricing.KindCouponFull, ThresholdFen: 9900, OffFen: 2000, For: pricing.Audience{Layers: []string{"silent", "lost"}}},
		Valid: promo.Validity{Days: 7}, Limits: promo.Limits{PerPerson: 1, Total: 2000}, Open: true,
	}}}, demoBy)
	if err != nil {
		return d, err
	}
	d.back = back.ID
	for sku, with := range map[string][]string{"CF-2K": {"CL-TF", "CT-STK"}, "CF-FD": {"CT-FD", "CL-MX"}, "DF-2K": {"DT-CHW", "DP-PAD"}, "CL-TF": {"CF-2K"}} {
		var pairs []catalog.Pair
		for _, other := range with {
			if d.goods[other] != "" {
				pairs = append(pairs, catalog.Pair{Other: d.goods[other]})
			}
		}
		if err := s.Goods.SetPairs(ctx, d.goods[sku], pairs); err != nil {
			return d, fmt.Errorf("demo pairs: %w", err)
		}
	}
	return d, nil
}

func (d demoDesigner) shelf(name string) *storefront.Link {
	return &storefront.Link{To: storefront.ToCategory, ID: d.shelves[name]}
}

func (demoDesigner) banner(tone, headline, sub string, to *storefront.Link) storefront.Block {
	return storefront.Block{ID: "hero", Kind: storefront.Banner, Banner: &storefront.BannerSpec{Shape: "wide", Slides: []storefront.Slide{{Headline: headline, Sub: sub, Tone: tone, Link: to}}}}
}

func (demoDesigner) coupon(title, promotion string) storefront.Block {
	return storefront.Block{ID: "coupon-" + promotion[len(promotion)-6:], Kind: storefront.CouponList, Coupon: &storefront.CouponSpec{Title: title, Coupons: []string{promotion}}}
}

// welcome is the first home: nothing in it needs another page.
func (d demoDesigner) welcome() []storefront.Block {
	return []storefront.Block{
		{ID: "search", Kind: storefront.Search, Search: &storefront.SearchSpec{Placeholder: "猫粮、猫砂、逗猫棒"}},
		{ID: "best", Kind: storefront.GoodsGrid, Goods: &storefront.GoodsSpec{Title: "大家都在买", Source: "bestsellers", Limit: 6, Layout: "two"}},
	}
}

// home is the home with other blocks at its head, or with the banner for everybody.
func (d demoDesigner) home(head []storefront.Block) []storefront.Block {
	if head == nil {
		head = []storefront.Block{{ID: "hero", Kind: storefront.Banner, Banner: &storefront.BannerSpec{Shape: "wide", Slides: []storefront.Slide{
			{Headline: "给它的第一袋好粮", Sub: "新朋友立减 10 元，满 199 包邮", Tone: "water", Link: d.shelf("猫粮")},
			{Headline: "狗狗的口粮也换季", Sub: "小型犬鲜肉粮到货", Tone: "mist", Link: d.shelf("狗粮")},
			{Headline: "我们是谁", Sub: "自己家猫狗也在吃的东西", Tone: "ink", Link: &storefront.Link{To: storefront.ToPage, ID: "about"}},
		}}}}
	}
	out := []storefront.Block{{ID: "search", Kind: storefront.Search, Search: &storefront.SearchSpec{Placeholder: "猫粮、猫砂、逗猫棒"}}}
	out = append(out, head...)
	return append(out,
		storefront.Block{ID: "member", Kind: storefront.MemberCard, Member: &storefront.MemberSpec{Points: true, Coupons: true, Balance: true}},
		storefront.Block{ID: "notice", Kind: storefront.Notice, Notice: &storefront.NoticeSpec{Text: "今天 16 点前的订单当天发出", Link: &storefront.Link{To: storefront.ToPage, ID: "about"}}},
		storefront.Block{ID: "flash", Kind: storefront.FlashSale, Flash: &storefront.FlashSpec{Title: "一元秒杀", Limit: 3}},
		d.coupon("新朋友先领券", d.welcomeCoupon),
		storefront.Block{ID: "cat", Kind: storefront.GoodsGrid, Goods: &storefront.GoodsSpec{Title: "猫咪主粮", Source: "category", Category: d.shelves["猫粮"], Limit: 6, Layout: "row", More: d.shelf("猫粮")}},
		storefront.Block{ID: "foryou", Kind: storefront.Recommended, Recommended: &storefront.RecommendedSpec{Title: "为你推荐", Limit: 8}},
	)
}

func (d demoDesigner) campaign() []storefront.Block {
	return []storefront.Block{
		{ID: "hero", Kind: storefront.Banner, Banner: &storefront.BannerSpec{Shape: "square", Slides: []storefront.Slide{{Headline: "囤货节", Sub: "三天，大包装都在这里", Tone: "amber"}}}},
		{ID: "picked", Kind: storefront.GoodsGrid, Goods: &storefront.GoodsSpec{Title: "大包装，算下来更省", Source: "picked", Goods: []string{d.goods["CF-10K"], d.goods["DF-15K"], d.goods["CL-MX"]}, Limit: 3, Layout: "list"}},
		{ID: "text", Kind: storefront.RichText, Text: &storefront.TextSpec{Parts: []storefront.Part{
			{Kind: "heading", Spans: []storefront.Span{{Text: "怎么囤"}}},
			{Kind: "list", Items: [][]storefront.Span{{{Text: "主粮按一次吃完不超过 75 天来囤"}}, {{Text: "猫砂放干燥处，可以多囤"}}}},
		}}},
	}
}
