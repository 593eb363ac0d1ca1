package storefront

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/stream"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// people are customers whose layers a test says.
type people map[uint32]string

func (p people) Layer(_ context.Context, customer uint32) string { return p[customer] }

func (p people) Member(_ context.Context, customer uint32) (Member, error) {
	return Member{Name: "客", Level: "gold", Points: int64(customer) * 100}, nil
}

// world is a store with a few goods on sale: G0 costs 1,000 fen, G1 1,100 and so on.
type world struct {
	*Service
	t     *testing.T
	clock *clock.Manual
	goods []string
}

func open(t *testing.T, db *store.DB) *world {
	t.Helper()
	clk := clock.NewManual(start)
	w := &world{t: t, clock: clk, Service: NewService(Parts{DB: db, Now: clk.Now, Promos: promo.NewService(db, clk.Now, time.UTC), People: people{1: "vip", 2: "silent"}})}
	all := catalog.NewService(db, clk.Now)
	for i := range 4 {
		code := fmt.Sprint("K", i)
		g, err := all.Create(t.Context(), catalog.GoodsDraft{Title: fmt.Sprint("G", i), Kind: catalog.KindConsumable, RebuyDays: 30, SKUs: []catalog.SKU{{Code: code, PriceFen: 1000 + int64(i)*100, MarketFen: 2000}}}, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := all.SetStatus(t.Context(), g.ID, catalog.On, ""); err != nil {
			t.Fatal(err)
		}
		w.goods = append(w.goods, g.ID)
	}
	w.tx(func(tx *store.Tx) error {
		for i := range 4 {
			if err := inventory.Change(t.Context(), tx, inventory.Online, inventory.Received, "r", "", "", []inventory.Item{{SKU: fmt.Sprint("K", i), Quantity: 10}}, start); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `UPDATE goods SET sold = ? WHERE id = ?`, 10-i, w.goods[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func (w *world) tx(f func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.DB.Tx(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// page makes a page with blocks and shows it.
func (w *world) page(name string, d Design) Standing {
	w.t.Helper()
	p, err := w.Create(w.t.Context(), name, name, d, "stf")
	if err != nil {
		w.t.Fatal(err)
	}
	p, err = w.Publish(w.t.Context(), p.ID, Publishing{Seen: p.Revision}, "stf")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// see returns a page as a customer sees it.
func (w *world) see(name string, customer uint32) Shown {
	w.t.Helper()
	b, err := w.Page(w.t.Context(), name, customer)
	if err != nil {
		w.t.Fatal(err)
	}
	var out Shown
	if err := json.Unmarshal(b.JSON, &out); err != nil {
		w.t.Fatalf("%s: %v", b.JSON, err)
	}
	if b.Gzip != nil {
		r, err := gzip.NewReader(bytes.NewReader(b.Gzip))
		if err != nil {
			w.t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, b.JSON) {
			w.t.Fatalf("compressed it is something else: %v", err)
		}
	}
	return out
}

func notice(text string) []Block {
	return []Block{{ID: "n", Kind: Notice, Notice: &NoticeSpec{Text: text}}}
}

// said is the first notice of a page, "" when the page is not there.
func (w *world) said(name string, customer uint32) string {
	w.t.Helper()
	w.clock.Advance(fresh) // what was drawn is old
	if _, err := w.Page(w.t.Context(), name, customer); errs.Is(err, errs.NotFound) {
		return ""
	}
	return w.see(name, customer).Blocks[0].Notice.Text
}

func code(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestFromDraftToVersionsAndBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := t.Context(), open(t, db)
		if _, err := w.Create(ctx, "Home Page", "x", Design{}, ""); code(err) != "page.name" {
			t.Error(err)
		}
		p, err := w.Create(ctx, Home, " 首页 ", Design{Blocks: notice("一")}, "stf_1")
		if err != nil || p.Title != "首页" || p.Live != 0 || !p.Unsaid {
			t.Fatalf("%+v, %v", p, err)
		}
		if _, err := w.Create(ctx, Home, "x", Design{}, ""); code(err) != "page.name_taken" {
			t.Error(err)
		}
		if got := w.said(Home, 0); got != "" {
			t.Errorf("a draft is shown: %q", got)
		}
		if p, err = w.Publish(ctx, p.ID, Publishing{Seen: p.Revision, Note: "第一版"}, "stf_1"); err != nil || p.Live != 1 || p.Unsaid {
			t.Fatalf("%+v, %v", p, err)
		}
		if got := w.said(Home, 0); got != "一" {
			t.Error(got)
		}
		seen := p.Revision
		if p, err = w.Save(ctx, p.ID, seen, "首页", Design{Blocks: notice("二")}, "stf_1"); err != nil || !p.Unsaid || p.Live != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		if _, err := w.Save(ctx, p.ID, seen, "首页", Design{}, "stf_2"); code(err) != "page.changed" {
			t.Errorf("two saved over each other: %v", err)
		}
		if _, err := w.Publish(ctx, p.ID, Publishing{Seen: seen}, "stf_2"); code(err) != "page.changed" {
			t.Errorf("what nobody saw was published: %v", err)
		}
		if got := w.said(Home, 0); got != "一" {
			t.Errorf("a draft is shown: %q", got)
		}
		if p, err = w.Publish(ctx, p.ID, Publishing{Seen: p.Revision}, "stf_1"); err != nil || p.Live != 2 {
			t.Fatalf("%+v, %v", p, err)
		}
		if p, err = w.Publish(ctx, p.ID, Publishing{Seen: p.Revision}, "stf_1"); err != nil || p.Latest != 2 {
			t.Errorf("the same draft became a version again: %+v, %v", p, err)
		}
		if p, err = w.Restore(ctx, p.ID, p.Revision, 1, "stf_1"); err != nil || p.Draft.Blocks[0].Notice.Text != "一" || p.Live != 2 || !p.Unsaid {
			t.Fatalf("%+v, %v", p, err)
		}
		if _, err := w.Restore(ctx, p.ID, p.Revision, 9, "stf_1"); code(err) != "page.no_version" {
			t.Error(err)
		}
		all, err := w.Versions(ctx, p.ID)
		if err != nil || len(all) != 2 || all[0].Version != 2 || all[1].Note != "第一版" || all[1].MadeBy != "stf_1" {
			t.Errorf("%+v, %v", all, err)
		}
		if err := w.Delete(ctx, p.ID); code(err) != "page.shown" {
			t.Error(err)
		}
		if _, err := w.TakeOff(ctx, p.ID, time.Time{}, ""); code(err) != "page.home" {
			t.Error(err)
		}
		other := w.page("about", Design{Blocks: notice("关于")})
		if other, err = w.TakeOff(ctx, other.ID, time.Time{}, ""); err != nil || other.Live != 0 || w.said("about", 0) != "" {
			t.Errorf("%+v, %v", other, err)
		}
		if err := w.Delete(ctx, other.ID); err != nil {
			t.Error(err)
		}
		if list, err := w.List(ctx); err != nil || len(list) != 1 || list[0].Name != Home {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// TestWindows: a campaign is shown in its time, and what was there before comes back.
func TestWindows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := t.Context(), open(t, db)
		p := w.page(Home, Design{Blocks: notice("平时")})
		p, err := w.Save(ctx, p.ID, p.Revision, "首页", Design{Blocks: notice("大促")}, "")
		if err != nil {
			t.Fatal(err)
		}
		day := 24 * time.Hour
		if _, err := w.Publish(ctx, p.ID, Publishing{Seen: p.Revision, From: start.Add(2 * day), Until: start.Add(day)}, ""); code(err) != "page.window" {
			t.Error(err)
		}
		if p, err = w.Publish(ctx, p.ID, Publishing{Seen: p.Revision, From: start.Add(day), Until: start.Add(3 * day)}, ""); err != nil || p.Live != 1 || len(p.Planned) != 1 || p.Planned[0].Version != 2 {
			t.Fatalf("%+v, %v", p, err)
		}
		var got []string
		for range 4 {
			got = append(got, w.said(Home, 0))
			w.clock.Advance(day)
		}
		if strings.Join(got, " ") != "平时 大促 大促 平时" {
			t.Error(got)
		}
		// another window, taken back while it holds
		if p, err = w.Publish(ctx, p.ID, Publishing{Seen: p.Revision, Until: w.clock.Now().Add(day)}, ""); err != nil || len(p.Planned) != 1 || w.said(Home, 0) != "大促" {
			t.Fatalf("%+v, %v", p, err)
		}
		if p, err = w.Cancel(ctx, p.ID, p.Planned[0].ID); err != nil || p.Live != 1 || w.said(Home, 0) != "平时" {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := w.Cancel(ctx, p.ID, "rls_none"); code(err) != "page.no_release" {
			t.Error(err)
		}
		// a page that goes at an hour
		c := w.page("sale", Design{Blocks: notice("活动")})
		if c, err = w.TakeOff(ctx, c.ID, w.clock.Now().Add(day), ""); err != nil || c.Live != 1 || w.said("sale", 0) != "活动" {
			t.Fatalf("%+v, %v", c, err)
		}
		w.clock.Advance(day)
		if got := w.said("sale", 0); got != "" {
			t.Error(got)
		}
	})
}

// TestEveryLayerSeesItsVariant, and nobody learns which one she sees.
func TestEveryLayerSeesItsVariant(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		w.page(Home, Design{Blocks: notice("大家"), Variants: map[string][]Block{"vip": notice("贵宾"), "lost": notice("久违")}})
		for customer, want := range map[uint32]string{0: "大家", 1: "贵宾", 2: "大家", 3: "大家"} {
			if got := w.said(Home, customer); got != want {
				t.Errorf("customer %d sees %q", customer, got)
			}
		}
		b, err := w.Page(t.Context(), Home, 1)
		if err != nil || bytes.Contains(b.JSON, []byte("vip")) || bytes.Contains(b.JSON, []byte("久违")) {
			t.Errorf("%s, %v", b.JSON, err)
		}
	})
}

// TestWhatIsNotThereIsNamed: a design that names what is not there cannot be published, and says where.
func TestWhatIsNotThereIsNamed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := t.Context(), open(t, db)
		d := Design{Blocks: []Block{
			{ID: "b", Kind: Banner, Banner: &BannerSpec{Shape: "wide", Slides: []Slide{{Headline: "x", Tone: "ink", Picture: "pic_gone", Link: &Link{To: ToPage, ID: "gone"}}}}},
			{ID: "g", Kind: GoodsGrid, Goods: &GoodsSpec{Source: "picked", Goods: []string{w.goods[0], "gds_gone"}, Limit: 4, Layout: "two", More: &Link{To: ToCategory, ID: "cat_gone"}}},
			{ID: "c", Kind: CouponList, Coupon: &CouponSpec{Coupons: []string{"prm_gone"}}},
			{ID: "t", Kind: RichText, Text: &TextSpec{Parts: []Part{{Kind: "paragraph", Spans: []Span{{Text: "x", Link: &Link{To: ToGoods, ID: "gds_other"}}}}}}},
		}}
		faults, err := w.Missing(ctx, &d)
		var got []string
		for _, f := range faults {
			got = append(got, f.Block+" "+f.Field+" "+f.Code)
		}
		want := "b blocks.0.banner.slides.0.link.id page.no_page\nb blocks.0.banner.slides.0.picture page.no_picture\n" +
			"g blocks.1.goods.goods.1 page.no_goods\ng blocks.1.goods.more.id page.no_category\nc blocks.2.coupon.coupons.0 page.no_coupon\nt blocks.3.text.parts.0.spans.0.link.id page.no_goods"
		if err != nil || strings.Join(got, "\n") != want {
			t.Errorf("%s, %v", strings.Join(got, "\n"), err)
		}
		p, err := w.Create(ctx, Home, "首页", d, "")
		if err != nil {
			t.Fatal(err)
		}
		var e *errs.Error
		if _, err := w.Publish(ctx, p.ID, Publishing{Seen: 1}, ""); !errors.As(err, &e) || e.Field != "blocks.0.banner.slides.0.link.id" || e.Params["block"] != "b" {
			t.Errorf("%v", err)
		}
		// what is drawn all the same leaves out what is not there
		shown, err := w.Preview(ctx, "首页", d, "")
		if err != nil || shown.Blocks[0].Banner.Slides[0].Link != nil || len(shown.Blocks[1].Cards) != 1 || shown.Blocks[1].Goods.More != nil || len(shown.Blocks[2].Offers) != 0 || shown.Blocks[3].Text.Parts[0].Spans[0].Link != nil {
			t.Errorf("%+v, %v", shown, err)
		}
		if d.Blocks[0].Banner.Slides[0].Link == nil {
			t.Error("drawing changed the design")
		}
	})
}

func (w *world) coupon(name string, terms promo.CouponTerms) string {
	w.t.Helper()
	terms.Gives.Kind, terms.Gives.OffFen, terms.Valid, terms.Open = pricing.KindCouponFull, 500, promo.Validity{Days: 30}, true
	p, err := w.Promos.Create(w.t.Context(), promo.Draft{Kind: promo.Coupons, Name: name, Terms: promo.Terms{Coupon: &terms}}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return p.ID
}

// TestOneAnswerHoldsEverything: goods with price and stock, flash sales, coupons as they stand with her, her card and what she is
// recommended.
func TestOneAnswerHoldsEverything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := t.Context(), open(t, db)
		if _, err := flash.NewService(db, w.clock.Now).Create(ctx, flash.Draft{Name: "一元", SKU: "K1", PriceFen: 100, StartsAt: start, EndsAt: start.Add(time.Hour), Units: 5, PerPerson: 1}, ""); err != nil {
			t.Fatal(err)
		}
		all := w.coupon("人人有", promo.CouponTerms{Limits: promo.Limits{PerPerson: 1, Total: 2}})
		vip := w.coupon("贵宾", promo.CouponTerms{Gives: pricing.Coupon{For: pricing.Audience{Layers: []string{"vip"}}}})
		black := w.coupon("黑金", promo.CouponTerms{Gives: pricing.Coupon{For: pricing.Audience{Levels: []string{"black"}}}})
		w.page(Home, Design{Blocks: []Block{
			{ID: "m", Kind: MemberCard, Member: &MemberSpec{Points: true, Coupons: true}},
			{ID: "g", Kind: GoodsGrid, Goods: &GoodsSpec{Source: "picked", Goods: []string{w.goods[2], w.goods[0]}, Limit: 4, Layout: "two"}},
			{ID: "f", Kind: FlashSale, Flash: &FlashSpec{Limit: 3}},
			{ID: "c", Kind: CouponList, Coupon: &CouponSpec{Coupons: []string{vip, all, black}}},
			{ID: "r", Kind: Recommended, Recommended: &RecommendedSpec{Limit: 3}},
		}})
		guest := w.see(Home, 0)
		if g := guest.Blocks[1].Cards; len(g) != 2 || g[0].Title != "G2" || g[0].PriceFen != 1200 || g[0].MarketFen != 2000 || g[0].Left != 10 || g[0].SKU != "K2" {
			t.Errorf("%+v", g)
		}
		if f := guest.Blocks[2].Sales; len(f) != 1 || f[0].PriceFen != 100 || f[0].WasFen != 1100 || f[0].Left != 5 || f[0].Goods != w.goods[1] {
			t.Errorf("%+v", f)
		}
		if o := guest.Blocks[3].Offers; len(o) != 2 || o[0].Promotion != all || o[0].State != promo.OpeningOpen || len(o[0].Gives.For.Layers) != 0 {
			t.Errorf("%+v", o)
		}
		if r := guest.Blocks[4].Cards; len(r) != 3 || r[0].Title != "G0" || r[0].Reason != Bestseller || guest.Mine != nil {
			t.Errorf("%+v", r)
		}
		// She bought G0 forty days ago, which is used up by now and goes with G3, and has looked at G2.
		w.tx(func(tx *store.Tx) error {
			at := w.clock.Now().Add(-40 * 24 * time.Hour)
			for _, q := range []string{
				fmt.Sprintf(`INSERT INTO orders (id, channel, number, customer, paid_at, amount_fen, amount_fixed, quantity, refunded_fen, store, import_id, created_at) VALUES ('o', 'shop', '1', 1, %d, 1000, TRUE, 1, 0, '', '', 0)`, at.UnixMicro()),
				`INSERT INTO order_lines (order_id, key, product, quantity, amount_fen, refunded_quantity, refunded_fen) VALUES ('o', '1', 'K0', 1, 1000, 0, 0)`,
				fmt.Sprintf(`INSERT INTO goods_pairs (goods_id, other, source, place, lift) VALUES ('%s', '%s', 'basket', 0, 2.0)`, w.goods[0], w.goods[3]),
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
		if err := w.hear(ctx, []stream.Message{{Seq: 7, Facts: []event.Fact{
			{Name: event.ProductViewed, Customer: 1, Product: "K2", At: w.clock.Now()}, {Name: event.ProductViewed, Customer: 1, Product: "unknown", At: w.clock.Now()},
			{Name: event.ProductViewed, Product: w.goods[1], At: w.clock.Now()}, {Name: event.OrderPaid, Customer: 1, At: w.clock.Now()},
		}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Promos.Claim(ctx, promo.Claiming{Request: "r1", Promotion: all, Person: promo.Person{Customer: 1}}); err != nil {
			t.Fatal(err)
		}
		hers := w.see(Home, 1)
		if hers.Mine == nil || hers.Mine.Member == nil || hers.Mine.Member.Points != 100 || hers.Mine.Coupons != 1 {
			t.Fatalf("%+v", hers.Mine)
		}
		if o := hers.Mine.Offers; o[all].State != "claimed" || o[all].Usable != 1 || o[vip].State != "open" || o[black].State != "not_for" {
			t.Errorf("%+v", o)
		}
		var got []string
		for _, c := range hers.Mine.Recommended["r"] {
			got = append(got, fmt.Sprint(c.Title, " ", c.Reason, " ", c.Because))
		}
		if strings.Join(got, ", ") != "G0 rebuy , G3 pair G0, G2 viewed " {
			t.Error(got)
		}
		if silent := w.see(Home, 2); len(silent.Blocks[3].Offers) != 2 || silent.Mine.Offers[all].State != "open" || silent.Mine.Recommended["r"][0].Reason != Bestseller {
			t.Errorf("%+v", silent.Mine)
		}
		// the last one goes
		if _, err := w.Promos.Claim(ctx, promo.Claiming{Request: "r2", Promotion: all, Person: promo.Person{Customer: 2}}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(fresh)
		if o := w.see(Home, 0).Blocks[3].Offers; o[0].State != promo.OpeningGone {
			t.Errorf("%+v", o)
		}
	})
}

// TestPagesAreAsFreshAsIsSaid: a price is a second old at most, and what is published is seen at once.
func TestPagesAreAsFreshAsIsSaid(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := t.Context(), open(t, db)
		p := w.page(Home, Design{Blocks: []Block{{ID: "g", Kind: GoodsGrid, Goods: &GoodsSpec{Source: "picked", Goods: w.goods[:1], Limit: 1, Layout: "two"}}}})
		price := func() int64 { return w.see(Home, 0).Blocks[0].Cards[0].PriceFen }
		first, err := w.Page(ctx, Home, 0)
		if err != nil || price() != 1000 {
			t.Fatal(price(), err)
		}
		w.tx(func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE goods SET low_fen = 900 WHERE id = ?`, w.goods[0])
			return err
		})
		if again, err := w.Page(ctx, Home, 0); err != nil || again.ETag != first.ETag || price() != 1000 {
			t.Errorf("%+v, %v", again, err)
		}
		w.clock.Advance(fresh)
		if price() != 900 {
			t.Error(price())
		}
		if again, err := w.Page(ctx, Home, 0); err != nil || again.ETag == first.ETag {
			t.Errorf("another page has the same tag: %v", err)
		}
		if p, err = w.Save(ctx, p.ID, p.Revision, "首页", Design{Blocks: notice("新")}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Publish(ctx, p.ID, Publishing{Seen: p.Revision}, ""); err != nil {
			t.Fatal(err)
		}
		if got := w.see(Home, 0).Blocks[0].Notice; got == nil || got.Text != "新" {
			t.Error("what was published is not seen at once")
		}
	})
}

// TestManyLookAtOnce: while pages are drawn and published, everybody gets a whole page.
func TestManyLookAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := t.Context(), open(t, db)
		p := w.page(Home, Design{Blocks: notice("0"), Variants: map[string][]Block{"vip": notice("v")}})
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				for range 50 {
					b, err := w.Page(ctx, Home, uint32(n%3))
					if err != nil || !json.Valid(b.JSON) {
						t.Errorf("%s, %v", b.JSON, err)
						return
					}
				}
			})
		}
		for i := range 10 {
			w.clock.Advance(fresh)
			var err error
			if p, err = w.Save(ctx, p.ID, p.Revision, "首页", Design{Blocks: notice(fmt.Sprint(i))}, ""); err != nil {
				t.Fatal(err)
			}
			if p, err = w.Publish(ctx, p.ID, Publishing{Seen: p.Revision}, ""); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		if got := w.said(Home, 1); got != "9" {
			t.Errorf("a draft from before is shown: %q", got)
		}
	})
}

// TestViewsFollowTheirCustomer and are forgotten with her; no more are kept than are needed.
func TestViewsFollowTheirCustomer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := t.Context(), open(t, db)
		count := func(customer uint32) int64 {
			n, err := store.One[int64](ctx, db, `SELECT COUNT(*) FROM store_views WHERE customer = ?`, int64(customer))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for range 2 { // the same visits come again
			if err := w.hear(ctx, []stream.Message{{Seq: 1, Facts: []event.Fact{{Name: event.ProductViewed, Customer: 5, Product: "K0", At: start}, {Name: event.ProductViewed, Customer: 5, Product: w.goods[1], At: start}}}}); err != nil {
				t.Fatal(err)
			}
		}
		if count(5) != 2 {
			t.Fatal(count(5))
		}
		w.tx(func(tx *store.Tx) error {
			moved, err := Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{5: 6})
			if err != nil {
				return err
			}
			return Mover{}.ReturnCustomer(ctx, tx, 5, 6, moved[5])
		})
		if count(5) != 2 || count(6) != 0 {
			t.Error(count(5), count(6))
		}
		w.tx(func(tx *store.Tx) error { return Mover{}.EraseCustomers(ctx, tx, []uint32{5}) })
		if count(5) != 0 {
			t.Error(count(5))
		}
		w.tx(func(tx *store.Tx) error {
			for i := range keptViews + 20 {
				if err := store.Insert(ctx, tx, "store_views", view{fmt.Sprint("x", i), 7, "gds_x", start.Add(time.Duration(i) * time.Second)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err := w.hear(ctx, []stream.Message{{Seq: 2, Facts: []event.Fact{{Name: event.ProductViewed, Customer: 7, Product: "K0", At: start.Add(time.Hour)}}}}); err != nil || count(7) != keptViews {
			t.Error(count(7), err)
		}
	})
}
