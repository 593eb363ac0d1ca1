package storefront

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"huoshui/internal/platform/errs"
)

// sample is a right block of every kind.
func sample() []Block {
	link := func() *Link { return &Link{To: ToPage, ID: "spring"} }
	return []Block{
		{ID: "a", Kind: Search, Search: &SearchSpec{Placeholder: "搜一搜"}},
		{ID: "b", Kind: Banner, Banner: &BannerSpec{Shape: "wide", Slides: []Slide{{Headline: "春天来了", Sub: "全场 8 折", Tone: "water", Link: link()}}}},
		{ID: "c", Kind: GoodsGrid, Goods: &GoodsSpec{Title: "热卖", Source: "bestsellers", Limit: 4, Layout: "two"}},
		{ID: "d", Kind: FlashSale, Flash: &FlashSpec{Title: "秒杀", Limit: 3}},
		{ID: "e", Kind: CouponList, Coupon: &CouponSpec{Title: "领券", Coupons: []string{"prm_1"}}},
		{ID: "f", Kind: Notice, Notice: &NoticeSpec{Text: "快递照常", Link: link()}},
		{ID: "g", Kind: RichText, Text: &TextSpec{Parts: []Part{
			{Kind: "heading", Spans: []Span{{Text: "关于我们"}}},
			{Kind: "paragraph", Spans: []Span{{Text: "一句话，"}, {Text: "再一句", Bold: true, Link: link()}}},
			{Kind: "list", Items: [][]Span{{{Text: "一"}}, {{Text: "二", Link: link()}}}},
		}}},
		{ID: "h", Kind: Video, Video: &VideoSpec{Title: "怎么喂", URL: "https://cdn.example.com/a/feed.mp4?v=2"}},
		{ID: "i", Kind: MemberCard, Member: &MemberSpec{Points: true, Coupons: true}},
		{ID: "j", Kind: Recommended, Recommended: &RecommendedSpec{Title: "为你推荐", Limit: 6}},
	}
}

func TestEveryKindOfBlockIsRight(t *testing.T) {
	d := Design{Blocks: sample(), Variants: map[string][]Block{"vip": sample()}}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	if len(d.Blocks) != len(Kinds()) {
		t.Errorf("%d kinds have a sample, of %d", len(d.Blocks), len(Kinds()))
	}
}

// TestWrongBlocksAreNamed asks for every rule: the field, the block and its kind are in the error.
func TestWrongBlocksAreNamed(t *testing.T) {
	for _, c := range []struct {
		field string
		spoil func(b []Block)
	}{
		{"blocks.0.id", func(b []Block) { b[0].ID = "A b" }},
		{"blocks.3.id", func(b []Block) { b[3].ID = "a" }},
		{"blocks.0.kind", func(b []Block) { b[0].Kind = "script" }},
		{"blocks.0.kind", func(b []Block) { b[0].Search = nil }},
		{"blocks.0.kind", func(b []Block) { b[0].Notice = &NoticeSpec{Text: "x"} }},
		{"blocks.0.search.placeholder", func(b []Block) { b[0].Search.Placeholder = strings.Repeat("长", 31) }},
		{"blocks.0.search.placeholder", func(b []Block) { b[0].Search.Placeholder = "a\x00b" }},
		{"blocks.1.banner.shape", func(b []Block) { b[1].Banner.Shape = "url(javascript:1)" }},
		{"blocks.1.banner.slides", func(b []Block) { b[1].Banner.Slides = nil }},
		{"blocks.1.banner.slides.0.tone", func(b []Block) { b[1].Banner.Slides[0].Tone = "red;background:url(x)" }},
		{"blocks.1.banner.slides.0.picture", func(b []Block) { b[1].Banner.Slides[0].Picture = "../../etc" }},
		{"blocks.1.banner.slides.0.picture", func(b []Block) { b[1].Banner.Slides[0].Picture = "javascript:alert(1)" }},
		{"blocks.1.banner.slides.0.picture", func(b []Block) { b[1].Banner.Slides[0].Headline = "" }},
		{"blocks.1.banner.slides.0.alt", func(b []Block) { b[1].Banner.Slides[0] = Slide{Picture: "pic_abc", Tone: "ink"} }},
		{"blocks.1.banner.slides.0.link.to", func(b []Block) { b[1].Banner.Slides[0].Link.To = "https" }},
		{"blocks.1.banner.slides.0.link.id", func(b []Block) { b[1].Banner.Slides[0].Link.ID = "javascript:alert(1)" }},
		{"blocks.1.banner.slides.0.link.id", func(b []Block) { b[1].Banner.Slides[0].Link.ID = "//evil.example" }},
		{"blocks.2.goods.source", func(b []Block) { b[2].Goods.Source = "all" }},
		{"blocks.2.goods.layout", func(b []Block) { b[2].Goods.Layout = "" }},
		{"blocks.2.goods.limit", func(b []Block) { b[2].Goods.Limit = 31 }},
		{"blocks.2.goods.goods", func(b []Block) { b[2].Goods.Source = "picked" }},
		{"blocks.2.goods.goods.1", func(b []Block) { b[2].Goods.Source, b[2].Goods.Goods = "picked", []string{"g", "g"} }},
		{"blocks.2.goods.category", func(b []Block) { b[2].Goods.Source = "category" }},
		{"blocks.3.flash.limit", func(b []Block) { b[3].Flash.Limit = 0 }},
		{"blocks.4.coupon.coupons", func(b []Block) { b[4].Coupon.Coupons = nil }},
		{"blocks.4.coupon.coupons.0", func(b []Block) { b[4].Coupon.Coupons[0] = "<b>" }},
		{"blocks.5.notice.text", func(b []Block) { b[5].Notice.Text = "  " }},
		{"blocks.6.text.parts", func(b []Block) { b[6].Text.Parts = nil }},
		{"blocks.6.text.parts.0.kind", func(b []Block) { b[6].Text.Parts[0].Kind = "html" }},
		{"blocks.6.text.parts.0.spans", func(b []Block) { b[6].Text.Parts[0].Spans = nil }},
		{"blocks.6.text.parts.0.items", func(b []Block) { b[6].Text.Parts[0].Items = [][]Span{{{Text: "x"}}} }},
		{"blocks.6.text.parts.1.spans.1.link.id", func(b []Block) { b[6].Text.Parts[1].Spans[1].Link.ID = "data:text/html,x" }},
		{"blocks.6.text.parts.2.spans", func(b []Block) { b[6].Text.Parts[2].Spans = []Span{{Text: "x"}} }},
		{"blocks.6.text.parts.2.items.1", func(b []Block) { b[6].Text.Parts[2].Items[1] = nil }},
		{"blocks.6.text.parts.2.items.0.0.text", func(b []Block) { b[6].Text.Parts[2].Items[0][0].Text = "\x1b[2J" }},
		{"blocks.7.video.poster", func(b []Block) { b[7].Video.Poster = "https://elsewhere.example/p.png" }},
		{"blocks.9.recommended.limit", func(b []Block) { b[9].Recommended.Limit = 1 }},
	} {
		blocks := sample()
		c.spoil(blocks)
		for _, where := range []string{"", "variants.lost."} {
			d := Design{Blocks: blocks}
			want := c.field
			if where != "" {
				d = Design{Variants: map[string][]Block{"lost": blocks}}
				want = where + strings.TrimPrefix(c.field, "blocks.")
			}
			var e *errs.Error
			if err := d.Check(); !errors.As(err, &e) || e.Kind != errs.Invalid || e.Field != want {
				t.Errorf("%s: %v", want, err)
			} else if _, named := e.Params["block"]; !named || e.Params["kind"] == nil {
				t.Errorf("%s names no block: %v", want, e.Params)
			}
		}
	}
	d := Design{Blocks: sample(), Variants: map[string][]Block{"everybody": nil}}
	var e *errs.Error
	if err := d.Check(); !errors.As(err, &e) || e.Code != "page.layer" {
		t.Error(err)
	}
	many := make([]Block, maxBlocks+1)
	for i := range many {
		many[i] = Block{ID: fmt.Sprint(i), Kind: FlashSale, Flash: &FlashSpec{Limit: 1}}
	}
	d = Design{Blocks: many}
	if err := d.Check(); !errors.As(err, &e) || e.Code != "page.too_many" {
		t.Error(err)
	}
}

// TestVideosComeByHTTPSOnly tries what has been used to smuggle scripts in.
func TestVideosComeByHTTPSOnly(t *testing.T) {
	for _, address := range []string{
		"javascript:alert(1)//.mp4", "JaVaScRiPt:alert(1).mp4", " javascript:alert(1).mp4", "java\tscript:alert(1).mp4", "data:video/mp4;base64,AAAA", "data:text/html,<script>alert(1)</script>.mp4",
		"vbscript:x.mp4", "http://cdn.example.com/a.mp4", "//cdn.example.com/a.mp4", "/a.mp4", "https:a.mp4", "https:///a.mp4", "https://user:word@cdn.example.com/a.mp4",
		"https://cdn.example.com/a.html", "https://cdn.example.com/a.svg", "https://cdn.example.com/?a.mp4", "https://cdn.example.com/\"onerror=alert(1)/a.mp4", "https://cdn.example.com/<x>.mp4",
		"https://cdn.example.com\\@evil.example/a.mp4", "blob:https://cdn.example.com/a.mp4", "https://cdn.example.com/a.mp4\nX", "file:///etc/a.mp4", "",
	} {
		d := Design{Blocks: []Block{{ID: "v", Kind: Video, Video: &VideoSpec{URL: address}}}}
		var e *errs.Error
		if err := d.Check(); !errors.As(err, &e) || e.Field != "blocks.0.video.url" {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"https://cdn.example.com/a.mp4", "https://cdn.example.com:8443/a/b.WEBM?x=1#t=5", " https://视频.example.cn/一.mp4 "} {
		d := Design{Blocks: []Block{{ID: "v", Kind: Video, Video: &VideoSpec{URL: address}}}}
		if err := d.Check(); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestHostileTextsStayTexts: what looks like markup is kept as it was written; nobody interprets it.
func TestHostileTextsStayTexts(t *testing.T) {
	hostile := `<img src=x onerror=alert(1)><script>alert(1)</script>`
	d := Design{Blocks: []Block{{ID: "n", Kind: Notice, Notice: &NoticeSpec{Text: hostile}}, {ID: "t", Kind: RichText, Text: &TextSpec{Parts: []Part{{Kind: "paragraph", Spans: []Span{{Text: hostile}}}}}}}}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(d)
	if err != nil || strings.Contains(string(text), "<script") {
		t.Errorf("JSON that a page could hold shows a tag: %s, %v", text, err)
	}
	if d.Blocks[0].Notice.Text != hostile {
		t.Error(d.Blocks[0].Notice.Text)
	}
}

// FuzzDesign: whatever comes as a design is refused or is right when it is asked again.
func FuzzDesign(f *testing.F) {
	text, err := json.Marshal(Design{Blocks: sample()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"blocks":[{"id":"a","kind":"text","text":{"parts":[{"kind":"list","items":[[{"text":"x","link":{"to":"page","id":"y"}}]]}]}}],"variants":{"vip":null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d Design
		if json.Unmarshal(text, &d) != nil || d.Check() != nil {
			return
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back Design
		if err := json.Unmarshal(again, &back); err != nil {
			t.Fatal(err)
		}
		if err := back.Check(); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		back.references()
	})
}
