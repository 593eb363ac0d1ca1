// Package storefront holds the pages of the brand's store: what they are made of, which version is shown when and to whom, and
// everything a page needs to be drawn in one answer.
//
// A page is blocks of a few kinds. There is no HTML in them: texts are texts, links name something of the store, and the one
// address that may lead elsewhere, that of a video, is https. So nothing an author writes can become a script.
package storefront

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
)

// Kind is what a block is.
type Kind string

// The kinds of block.
const (
	Search      Kind = "search"      // 搜索
	Banner      Kind = "banner"      // 轮播图
	GoodsGrid   Kind = "goods"       // 商品
	FlashSale   Kind = "flash"       // 秒杀
	CouponList  Kind = "coupon"      // 领券
	Notice      Kind = "notice"      // 公告
	RichText    Kind = "text"        // 图文
	Video       Kind = "video"       // 视频
	MemberCard  Kind = "member"      // 会员卡
	Recommended Kind = "recommended" // 为你推荐
)

// Kinds lists the kinds of block in the order of the palette.
func Kinds() []Kind {
	return []Kind{Search, Banner, GoodsGrid, FlashSale, CouponList, Notice, RichText, Video, MemberCard, Recommended}
}

// Layers are the layers that a page can have a variant for.
func Layers() []string { return []string{"vip", "potential", "new", "silent", "lost"} }

// Limits of a page.
const (
	maxBlocks = 40
	maxShown  = 30 // goods in a block
)

// Block is one piece of a page: the spec of its kind is there, and no other.
type Block struct {
	ID          string           `json:"id" pattern:"^[a-z0-9_-]{1,40}$" doc:"Unique in its list"`
	Kind        Kind             `json:"kind" enum:"search,banner,goods,flash,coupon,notice,text,video,member,recommended"`
	Search      *SearchSpec      `json:"search,omitempty"`
	Banner      *BannerSpec      `json:"banner,omitempty"`
	Goods       *GoodsSpec       `json:"goods,omitempty"`
	Flash       *FlashSpec       `json:"flash,omitempty"`
	Coupon      *CouponSpec      `json:"coupon,omitempty"`
	Notice      *NoticeSpec      `json:"notice,omitempty"`
	Text        *TextSpec        `json:"text,omitempty"`
	Video       *VideoSpec       `json:"video,omitempty"`
	Member      *MemberSpec      `json:"member,omitempty"`
	Recommended *RecommendedSpec `json:"recommended,omitempty"`
}

// Link leads to something of the store.
type Link struct {
	To Target `json:"to" enum:"goods,category,page,coupon"`
	ID string `json:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"Of the goods, the category or the promotion; a page's name"`
}

// Target is what a link leads to.
type Target string

// What a link can lead to.
const (
	ToGoods    Target = "goods"
	ToCategory Target = "category"
	ToPage     Target = "page"
	ToCoupon   Target = "coupon"
)

// SearchSpec is the way into the search.
type SearchSpec struct {
	Placeholder string `json:"placeholder" maxLength:"30"`
}

// BannerSpec is pictures, or words on a colour, that lead somewhere.
type BannerSpec struct {
	Shape  string  `json:"shape" enum:"wide,square,tall" doc:"2:1, 1:1 or 4:5"`
	Slides []Slide `json:"slides" minItems:"1" maxItems:"8"`
}

// Slide is one of a banner: a picture, a headline, or both.
type Slide struct {
	Picture  string `json:"picture,omitempty" maxLength:"64" doc:"An uploaded picture's id"`
	Alt      string `json:"alt,omitempty" maxLength:"60" doc:"What the picture shows, for those who do not see it"`
	Headline string `json:"headline,omitempty" maxLength:"24"`
	Sub      string `json:"sub,omitempty" maxLength:"40"`
	Tone     string `json:"tone" enum:"water,ink,amber,mist" doc:"The colour without a picture"`
	Link     *Link  `json:"link,omitempty"`
}

// GoodsSpec is goods, picked one by one or by what they are.
type GoodsSpec struct {
	Title    string   `json:"title" maxLength:"20"`
	Source   string   `json:"source" enum:"picked,category,bestsellers,newest"`
	Goods    []string `json:"goods" maxItems:"30" doc:"Of picked: their ids in order"`
	Category string   `json:"category" maxLength:"64"`
	Limit    int      `json:"limit" minimum:"1" maximum:"30"`
	Layout   string   `json:"layout" enum:"two,three,list,row" doc:"Two or three beside each other, one below the other, or a row to be swiped"`
	More     *Link    `json:"more,omitempty"`
}

// FlashSpec is the flash sales that run or begin within a day.
type FlashSpec struct {
	Title string `json:"title" maxLength:"20"`
	Limit int    `json:"limit" minimum:"1" maximum:"12"`
}

// CouponSpec is coupons that can be claimed.
type CouponSpec struct {
	Title   string   `json:"title" maxLength:"20"`
	Coupons []string `json:"coupons" minItems:"1" maxItems:"10" doc:"Promotions whose coupons customers may claim"`
}

// NoticeSpec is a line of news.
type NoticeSpec struct {
	Text string `json:"text" minLength:"1" maxLength:"120"`
	Link *Link  `json:"link,omitempty"`
}

// TextSpec is text in parts.
type TextSpec struct {
	Parts []Part `json:"parts" minItems:"1" maxItems:"40"`
}

// Part is a paragraph, a heading or a list.
type Part struct {
	Kind  string   `json:"kind" enum:"paragraph,heading,list"`
	Spans []Span   `json:"spans,omitempty" maxItems:"60" doc:"Of a paragraph or a heading"`
	Items [][]Span `json:"items,omitempty" maxItems:"40" doc:"Of a list"`
}

// Span is a run of text that looks alike.
type Span struct {
	Text string `json:"text" minLength:"1" maxLength:"2000"`
	Bold bool   `json:"bold,omitempty"`
	Link *Link  `json:"link,omitempty"`
}

// VideoSpec is a film from where the brand keeps its films.
type VideoSpec struct {
	Title  string `json:"title" maxLength:"40"`
	URL    string `json:"url" minLength:"1" maxLength:"500" doc:"https, of an .mp4 or .webm file"`
	Poster string `json:"poster" maxLength:"64" doc:"The picture until it plays: an uploaded picture's id, or empty"`
}

// MemberSpec is who she is to the brand; guests are asked in.
type MemberSpec struct {
	Points  bool `json:"points"`
	Coupons bool `json:"coupons"`
	Balance bool `json:"balance"`
}

// RecommendedSpec is goods this person is likely to want, each with why.
type RecommendedSpec struct {
	Title string `json:"title" maxLength:"20"`
	Limit int    `json:"limit" minimum:"2" maximum:"20"`
}

// Design is what a page is made of.
type Design struct {
	Blocks   []Block            `json:"blocks" maxItems:"40" doc:"For everybody whose layer has no variant, and for guests"`
	Variants map[string][]Block `json:"variants,omitempty" doc:"By layer: vip, potential, new, silent, lost"`
}

// For returns the blocks for who is in a layer.
func (d *Design) For(layer string) []Block {
	if v, ok := d.Variants[layer]; ok {
		return v
	}
	return d.Blocks
}

// Check reports the first thing wrong with a design by the path of its field, with the block's id and kind, and trims its texts.
func (d *Design) Check() error {
	if d.Blocks == nil {
		d.Blocks = []Block{}
	}
	if err := checkBlocks("blocks", d.Blocks); err != nil {
		return err
	}
	for layer := range d.Variants {
		if !slices.Contains(Layers(), layer) {
			return invalid("variants", "page.layer", "there is no layer %q", layer).With("layer", layer)
		}
	}
	for _, layer := range Layers() { // in their order, so that the same design has the same fault first
		if err := checkBlocks("variants."+layer, d.Variants[layer]); err != nil {
			return err
		}
	}
	return nil
}

func checkBlocks(at string, blocks []Block) error {
	if len(blocks) > maxBlocks {
		return invalid(at, "page.too_many", "a page has at most %d blocks", maxBlocks).With("most", maxBlocks)
	}
	seen := map[string]bool{}
	for i := range blocks {
		b := &blocks[i]
		if err := b.check(fmt.Sprintf("%s.%d", at, i)); err != nil {
			return err.With("block", b.ID).With("kind", string(b.Kind))
		}
		if seen[b.ID] {
			return invalid(fmt.Sprintf("%s.%d.id", at, i), "page.block_twice", "two blocks are called %q", b.ID).With("block", b.ID).With("kind", string(b.Kind))
		}
		seen[b.ID] = true
	}
	return nil
}

func invalid(field, code, format string, args ...any) *errs.Error {
	return errs.New(errs.Invalid, code, format, args...).At(field)
}

var (
	blockID   = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)
	linkID    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	pictureID = regexp.MustCompile(`^pic_[a-z0-9]{1,60}$`)
)

// spec is what every kind's spec can do: report the first thing wrong with it, fields below at.
type spec interface{ check(at string) *errs.Error }

// specs returns the specs that are there, by kind.
func (b *Block) specs() map[Kind]spec {
	out := map[Kind]spec{}
	if b.Search != nil {
		out[Search] = b.Search
	}
	if b.Banner != nil {
		out[Banner] = b.Banner
	}
	if b.Goods != nil {
		out[GoodsGrid] = b.Goods
	}
	if b.Flash != nil {
		out[FlashSale] = b.Flash
	}
	if b.Coupon != nil {
		out[CouponList] = b.Coupon
	}
	if b.Notice != nil {
		out[Notice] = b.Notice
	}
	if b.Text != nil {
		out[RichText] = b.Text
	}
	if b.Video != nil {
		out[Video] = b.Video
	}
	if b.Member != nil {
		out[MemberCard] = b.Member
	}
	if b.Recommended != nil {
		out[Recommended] = b.Recommended
	}
	return out
}

func (b *Block) check(at string) *errs.Error {
	if !blockID.MatchString(b.ID) {
		return invalid(at+".id", "page.block_id", "a block's id is 1 to 40 small letters, digits, - and _")
	}
	if !slices.Contains(Kinds(), b.Kind) {
		return invalid(at+".kind", "page.kind", "there is no block %q", b.Kind)
	}
	specs := b.specs()
	s, ok := specs[b.Kind]
	if !ok || len(specs) != 1 {
		return invalid(at+".kind", "page.spec", "a block has the spec of its kind and no other")
	}
	return s.check(at + "." + string(b.Kind))
}

// line trims a text of one line; it must not be longer than most characters, and where least is 1 not empty.
func line(at string, s *string, least, most int) *errs.Error {
	*s = strings.TrimSpace(*s)
	n := utf8.RuneCountInString(*s)
	switch {
	case n < least:
		return invalid(at, "page.empty", "there is nothing written here")
	case n > most:
		return invalid(at, "page.too_long", "at most %d characters", most).With("most", most)
	case !utf8.ValidString(*s) || strings.ContainsFunc(*s, unicode.IsControl):
		return invalid(at, "page.control", "this holds characters that cannot be seen")
	}
	return nil
}

func oneOf(at, value string, of ...string) *errs.Error {
	if !slices.Contains(of, value) {
		return invalid(at, "page.choice", "%q is none of %s", value, strings.Join(of, ", "))
	}
	return nil
}

func between(at string, n, least, most int) *errs.Error {
	if n < least || n > most {
		return invalid(at, "page.number", "a number from %d to %d", least, most).With("least", least).With("most", most)
	}
	return nil
}

func picture(at, id string) *errs.Error {
	if id != "" && !pictureID.MatchString(id) {
		return invalid(at, "page.picture", "this is no uploaded picture")
	}
	return nil
}

func ids(at string, all []string, least, most int) *errs.Error {
	if err := between(at, len(all), least, most); err != nil {
		return err
	}
	for i, id := range all {
		if !linkID.MatchString(id) || slices.Contains(all[:i], id) {
			return invalid(fmt.Sprintf("%s.%d", at, i), "page.reference", "this is no id, or is there twice")
		}
	}
	return nil
}

// first returns the first of the faults.
func first(all ...*errs.Error) *errs.Error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Link) check(at string) *errs.Error {
	switch {
	case l == nil:
		return nil
	case !slices.Contains([]Target{ToGoods, ToCategory, ToPage, ToCoupon}, l.To):
		return invalid(at+".to", "page.link", "a link leads to goods, a category, a page or a coupon")
	case !linkID.MatchString(l.ID):
		return invalid(at+".id", "page.link", "a link names what it leads to")
	}
	return nil
}

func (s *SearchSpec) check(at string) *errs.Error {
	return line(at+".placeholder", &s.Placeholder, 0, 30)
}

func (s *BannerSpec) check(at string) *errs.Error {
	if err := first(oneOf(at+".shape", s.Shape, "wide", "square", "tall"), between(at+".slides", len(s.Slides), 1, 8)); err != nil {
		return err
	}
	for i := range s.Slides {
		l, at := &s.Slides[i], fmt.Sprintf("%s.slides.%d", at, i)
		if err := first(picture(at+".picture", l.Picture), line(at+".alt", &l.Alt, 0, 60), line(at+".headline", &l.Headline, 0, 24), line(at+".sub", &l.Sub, 0, 40),
			oneOf(at+".tone", l.Tone, "water", "ink", "amber", "mist"), l.Link.check(at+".link")); err != nil {
			return err
		}
		switch {
		case l.Picture == "" && l.Headline == "":
			return invalid(at+".picture", "page.slide_empty", "a slide has a picture or a headline")
		case l.Picture != "" && l.Headline == "" && l.Alt == "":
			return invalid(at+".alt", "page.alt", "say what the picture shows, for those who do not see it")
		}
	}
	return nil
}

func (s *GoodsSpec) check(at string) *errs.Error {
	if s.Goods == nil {
		s.Goods = []string{}
	}
	if err := first(line(at+".title", &s.Title, 0, 20), oneOf(at+".source", s.Source, "picked", "category", "bestsellers", "newest"),
		oneOf(at+".layout", s.Layout, "two", "three", "list", "row"), between(at+".limit", s.Limit, 1, maxShown), s.More.check(at+".more")); err != nil {
		return err
	}
	switch {
	case s.Source == "picked":
		return ids(at+".goods", s.Goods, 1, maxShown)
	case s.Source == "category" && !linkID.MatchString(s.Category):
		return invalid(at+".category", "page.category", "choose a category")
	}
	return nil
}

func (s *FlashSpec) check(at string) *errs.Error {
	return first(line(at+".title", &s.Title, 0, 20), between(at+".limit", s.Limit, 1, 12))
}

func (s *CouponSpec) check(at string) *errs.Error {
	return first(line(at+".title", &s.Title, 0, 20), ids(at+".coupons", s.Coupons, 1, 10))
}

func (s *NoticeSpec) check(at string) *errs.Error {
	return first(line(at+".text", &s.Text, 1, 120), s.Link.check(at+".link"))
}

func (s *TextSpec) check(at string) *errs.Error {
	if err := between(at+".parts", len(s.Parts), 1, 40); err != nil {
		return err
	}
	for i := range s.Parts {
		p, at := &s.Parts[i], fmt.Sprintf("%s.parts.%d", at, i)
		if err := oneOf(at+".kind", p.Kind, "paragraph", "heading", "list"); err != nil {
			return err
		}
		if p.Kind != "list" {
			if len(p.Items) > 0 {
				return invalid(at+".items", "page.part", "only a list has items")
			}
			if err := spans(at+".spans", p.Spans); err != nil {
				return err
			}
			continue
		}
		if len(p.Spans) > 0 {
			return invalid(at+".spans", "page.part", "a list has items")
		}
		if err := between(at+".items", len(p.Items), 1, 40); err != nil {
			return err
		}
		for j := range p.Items {
			if err := spans(fmt.Sprintf("%s.items.%d", at, j), p.Items[j]); err != nil {
				return err
			}
		}
	}
	return nil
}

func spans(at string, all []Span) *errs.Error {
	if err := between(at, len(all), 1, 60); err != nil {
		return err
	}
	for i := range all {
		s, at := &all[i], fmt.Sprintf("%s.%d", at, i)
		n := utf8.RuneCountInString(s.Text)
		switch {
		case n == 0:
			return invalid(at+".text", "page.empty", "there is nothing written here")
		case n > 2000:
			return invalid(at+".text", "page.too_long", "at most %d characters", 2000).With("most", 2000)
		case !utf8.ValidString(s.Text) || strings.ContainsFunc(s.Text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }):
			return invalid(at+".text", "page.control", "this holds characters that cannot be seen")
		}
		if err := s.Link.check(at + ".link"); err != nil {
			return err
		}
	}
	return nil
}

func (s *VideoSpec) check(at string) *errs.Error {
	if err := first(line(at+".title", &s.Title, 0, 40), line(at+".url", &s.URL, 1, 500), picture(at+".poster", s.Poster)); err != nil {
		return err
	}
	u, err := url.Parse(s.URL)
	wrong := invalid(at+".url", "page.video", "the address of a video begins with https:// and ends in .mp4 or .webm")
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || strings.ContainsAny(s.URL, " \"'<>\\`") {
		return wrong
	}
	path := strings.ToLower(u.Path)
	if !strings.HasSuffix(path, ".mp4") && !strings.HasSuffix(path, ".webm") {
		return wrong
	}
	s.URL = u.String()
	return nil
}

func (s *MemberSpec) check(string) *errs.Error { return nil }

func (s *RecommendedSpec) check(at string) *errs.Error {
	return first(line(at+".title", &s.Title, 0, 20), between(at+".limit", s.Limit, 2, 20))
}

// references are what a design names, by what it is.
type references struct {
	goods, categories, pages, coupons, claimable, pictures map[string]place
}

// place is where something is named.
type place struct {
	at    string
	block *Block
}

func (d *Design) references() references {
	r := references{map[string]place{}, map[string]place{}, map[string]place{}, map[string]place{}, map[string]place{}, map[string]place{}}
	r.add("blocks", d.Blocks)
	for _, layer := range Layers() {
		r.add("variants."+layer, d.Variants[layer])
	}
	return r
}

// add notes what blocks name; what is named twice is noted where it is named first.
func (r *references) add(at string, blocks []Block) {
	for i := range blocks {
		b := &blocks[i]
		note := func(in map[string]place, id, field string) {
			if _, had := in[id]; id != "" && !had {
				in[id] = place{fmt.Sprintf("%s.%d.%s%s", at, i, b.Kind, field), b}
			}
		}
		link := func(l *Link, field string) {
			if l != nil {
				note(map[Target]map[string]place{ToGoods: r.goods, ToCategory: r.categories, ToPage: r.pages, ToCoupon: r.coupons}[l.To], l.ID, field+".id")
			}
		}
		switch {
		case b.Banner != nil:
			for j, s := range b.Banner.Slides {
				note(r.pictures, s.Picture, fmt.Sprintf(".slides.%d.picture", j))
				link(s.Link, fmt.Sprintf(".slides.%d.link", j))
			}
		case b.Goods != nil:
			switch b.Goods.Source {
			case "picked":
				for j, id := range b.Goods.Goods {
					note(r.goods, id, fmt.Sprintf(".goods.%d", j))
				}
			case "category":
				note(r.categories, b.Goods.Category, ".category")
			}
			link(b.Goods.More, ".more")
		case b.Coupon != nil:
			for j, id := range b.Coupon.Coupons {
				note(r.claimable, id, fmt.Sprintf(".coupons.%d", j))
			}
		case b.Notice != nil:
			link(b.Notice.Link, ".link")
		case b.Text != nil:
			for j, p := range b.Text.Parts {
				for k, s := range p.Spans {
					link(s.Link, fmt.Sprintf(".parts.%d.spans.%d.link", j, k))
				}
				for k, item := range p.Items {
					for n, s := range item {
						link(s.Link, fmt.Sprintf(".parts.%d.items.%d.%d.link", j, k, n))
					}
				}
			}
		case b.Video != nil:
			note(r.pictures, b.Video.Poster, ".poster")
		}
	}
}
