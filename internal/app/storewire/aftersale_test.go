package storewire_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/app/storewire"
	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/aftersale"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/photo"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

// desk is a shop with its after-sale, and goods M that can be exchanged: M1 and M2 at one price, M3 dearer.
type desk struct {
	*shop
	cases  *aftersale.Service
	photos *photo.Service
}

func openDesk(t testing.TB, db *store.DB) *desk {
	t.Helper()
	s := open(t, db)
	goods := catalog.NewService(db, s.clock.Now)
	g, err := goods.Create(t.Context(), catalog.GoodsDraft{
		Title: "M", Kind: catalog.KindPhysical, Specs: []catalog.Spec{{Name: "色", Values: []string{"红", "蓝", "金"}}},
		SKUs: []catalog.SKU{{Code: "M1", Choice: []string{"红"}, PriceFen: 3000}, {Code: "M2", Choice: []string{"蓝"}, PriceFen: 3000}, {Code: "M3", Choice: []string{"金"}, PriceFen: 3001}},
	}, "")
	if err == nil {
		err = goods.SetStatus(t.Context(), g.ID, catalog.On, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return &desk{s, aftersale.NewService(db, s.Service, storewire.Insurer{Wallets: s.wallets}, s.clock.Now), photo.NewService(db, s.clock.Now)}
}

// bought is a sale that was paid; sent and received as said.
func (d *desk) bought(t testing.TB, who uint32, request string, w checkout.Wish, ship, finish bool) checkout.Sale {
	t.Helper()
	ctx := t.Context()
	w.Address = home
	p, err := d.Preview(ctx, who, w)
	if err != nil {
		t.Fatal(err)
	}
	sale, err := d.Place(ctx, who, request, w, p.Quote.TotalFen)
	if err == nil && sale.State == checkout.Unpaid {
		err = d.pay(ctx, sale)
	}
	if err == nil && ship {
		_, err = d.Ship(ctx, sale.ID, "顺丰", "SF1")
	}
	if err == nil && finish {
		_, err = d.Finish(ctx, who, sale.ID)
	}
	if err == nil {
		sale, err = d.Get(ctx, who, sale.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sale
}

// do does a step under a key of its own.
func (d *desk) do(ctx context.Context, c aftersale.Case, what aftersale.Step, more aftersale.Do) (aftersale.Case, error) {
	more.Case, more.Step = c.ID, what
	if more.Request == "" {
		more.Request = string(what) + string(c.State)
	}
	if more.Who == "" {
		more.Who = aftersale.ByStaff
	}
	if more.Note == "" {
		more.Note = "因为"
	}
	return d.cases.Do(ctx, more)
}

func ask(sale checkout.Sale, kind aftersale.Kind, lines ...aftersale.Line) aftersale.Wish {
	return aftersale.Wish{Sale: sale.ID, Kind: kind, Lines: lines, Reason: "quality", Words: "盖子碎了"}
}

func units(sku string, n int64) aftersale.Line {
	return aftersale.Line{Key: sku, SKU: sku, Quantity: n}
}

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReturnFromAskingToMoney(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, d := t.Context(), openDesk(t, db)
		d.customers(t, 2)
		d.stock(t, "K2", 10)
		rules := aftersale.DefaultRules()
		rules.CoverFen, rules.CoverGiven = 1000, true
		if err := d.cases.SetRules(ctx, rules, "stf"); err != nil {
			t.Fatal(err)
		}
		sale := d.bought(t, 1, "r", checkout.Wish{Lines: line("K2", 3)}, true, true)
		mine, err := d.photos.Upload(ctx, 1, bytes.NewReader(picture(t)))
		if err != nil {
			t.Fatal(err)
		}
		w := ask(sale, aftersale.Return, units("K2", 2))
		w.Pictures = []string{mine.ID}
		if _, err := d.cases.Open(ctx, 2, "q", w, "", ""); !errs.Is(err, errs.NotFound) {
			t.Errorf("asked about another's order: %v", err)
		}
		foreign := w
		foreign.Pictures = []string{"pho_other"}
		if _, err := d.cases.Open(ctx, 1, "q", foreign, "", ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("showed a picture that is not hers: %v", err)
		}
		c, err := d.cases.Open(ctx, 1, "q", w, "", "")
		if err != nil || c.State != aftersale.Requested || c.CoverFen != 1000 {
			t.Fatalf("%+v, %v", c, err)
		}
		if again, err := d.cases.Open(ctx, 1, "q", w, "", ""); err != nil || again.ID != c.ID {
			t.Errorf("asked twice by one request: %+v, %v", again, err)
		}
		if _, err := d.cases.Open(ctx, 1, "q2", ask(sale, aftersale.Return, units("K2", 2)), "", ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("asked twice about the same units: %v", err)
		}
		if _, err := d.cases.Get(ctx, 2, c.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's case was shown: %v", err)
		}
		if _, err := d.photos.Get(ctx, 2, mine.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's picture was shown: %v", err)
		}
		look, err := d.cases.Get(ctx, 0, c.ID)
		if err != nil || look.Outlook == nil || look.Outlook.Refund.Fen() != 2*(3*4900-1001)/3 || look.Outlook.FreightFen != 1200 || look.Outlook.Freight {
			t.Fatalf("%+v, %v", look.Outlook, err)
		}
		if c, err = d.do(ctx, c, aftersale.Ask, aftersale.Do{By: "stf", Note: "请拍一下瓶底"}); err != nil || c.State != aftersale.Asked {
			t.Fatalf("%+v, %v", c, err)
		}
		if _, err := d.do(ctx, c, aftersale.Agree, aftersale.Do{Who: aftersale.ByCustomer}); !errs.Is(err, errs.Conflict) {
			t.Errorf("a customer agreed to her own case: %v", err)
		}
		if c, err = d.do(ctx, c, aftersale.Answer, aftersale.Do{Who: aftersale.ByCustomer, Customer: 1, Note: "已拍"}); err != nil || c.State != aftersale.Requested {
			t.Fatalf("%+v, %v", c, err)
		}
		if c, err = d.do(ctx, c, aftersale.Agree, aftersale.Do{By: "stf"}); err != nil || c.State != aftersale.Awaiting || c.RefundFen != 0 {
			t.Fatalf("%+v, %v", c, err)
		}
		paid := int64(1500)
		if c, err = d.do(ctx, c, aftersale.Send, aftersale.Do{Who: aftersale.ByCustomer, Customer: 1, Carrier: "中通", Tracking: "ZT1", FreightFen: &paid}); err != nil || c.State != aftersale.Sent {
			t.Fatalf("%+v, %v", c, err)
		}
		for range 2 { // the button is pressed twice
			if c, err = d.do(ctx, c, aftersale.Receive, aftersale.Do{By: "stf", Good: []int64{1}, Request: "got"}); err != nil || c.State != aftersale.Refunded || c.InsuredFen != 1000 {
				t.Fatalf("%+v, %v", c, err)
			}
		}
		if c.RefundFen != look.Outlook.Refund.Fen() {
			t.Errorf("%d were promised, %d given back", look.Outlook.Refund.Fen(), c.RefundFen)
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"K2"})
		if err != nil || levels["K2"].OnHand != 8 {
			t.Errorf("%+v, %v", levels, err)
		}
		has, err := wallet.Get(ctx, db, 1, d.clock.Now())
		if err != nil || has.PrincipalFen != 1000 {
			t.Errorf("%+v, %v", has, err)
		}
		if b, err := ledger.BalanceOf(ctx, db, money.FreightInsurance); err != nil || b != 1000 {
			t.Error(b, err)
		}
		told, err := store.All[string](ctx, db, `SELECT name FROM outbox WHERE name LIKE 'after_sale.%' ORDER BY name`)
		if err == nil && len(told) < 6 {
			t.Errorf("%v", told)
		}
		rest, err := d.cases.Options(ctx, 1, sale.ID)
		if err != nil || len(rest.Lines) != 1 || rest.Lines[0].Left != 1 || len(rest.Lines[0].WorthFen) != 1 {
			t.Errorf("%+v, %v", rest, err)
		}
		d.sound(ctx, t)
	})
}

func TestExchange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, d := t.Context(), openDesk(t, db)
		d.customers(t, 1)
		d.stock(t, "M1", 5)
		d.stock(t, "M2", 1)
		sale := d.bought(t, 1, "r", checkout.Wish{Lines: line("M1", 2)}, true, true)
		swap := func(from, to string) aftersale.Wish {
			return ask(sale, aftersale.Exchange, aftersale.Line{Key: "M1", SKU: from, Quantity: 1, To: to})
		}
		if _, err := d.cases.Open(ctx, 1, "dear", swap("M1", "M3"), "", ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("exchanged for something dearer: %v", err)
		}
		c, err := d.cases.Open(ctx, 1, "a", swap("M1", "M2"), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if c, err = d.do(ctx, c, aftersale.Agree, aftersale.Do{}); err != nil {
			t.Fatal(err)
		}
		second, err := d.cases.Open(ctx, 1, "b", swap("M1", "M2"), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = d.do(ctx, second, aftersale.Agree, aftersale.Do{}); !errs.Is(err, errs.Conflict) {
			t.Errorf("the last unit was promised twice: %v", err)
		}
		d.clock.Advance(49 * time.Hour) // nobody answers the second: it would be agreed by itself, and cannot
		if n, err := d.cases.Tick(ctx); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if look, err := d.cases.Get(ctx, 0, second.ID); err != nil || look.Case.State != aftersale.Requested || look.Case.Trouble != "inventory.short" || !look.Case.DueAt.IsZero() {
			t.Errorf("%+v, %v", look, err)
		}
		if _, err = d.do(ctx, second, aftersale.Cancel, aftersale.Do{Who: aftersale.ByCustomer, Customer: 1}); err != nil {
			t.Fatal(err)
		}
		if c, err = d.do(ctx, c, aftersale.Receive, aftersale.Do{}); err != nil || c.State != aftersale.Replacing {
			t.Fatalf("%+v, %v", c, err)
		}
		if c, err = d.do(ctx, c, aftersale.Replace, aftersale.Do{Carrier: "顺丰", Tracking: "SF9"}); err != nil || c.State != aftersale.Replaced {
			t.Fatalf("%+v, %v", c, err)
		}
		back, err := d.cases.Open(ctx, 1, "c", ask(sale, aftersale.Return, aftersale.Line{Key: "M1", SKU: "M2", Quantity: 1}, units("M1", 1)), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if back, err = d.do(ctx, back, aftersale.Agree, aftersale.Do{}); err != nil {
			t.Fatal(err)
		}
		if back, err = d.do(ctx, back, aftersale.Receive, aftersale.Do{}); err != nil || back.State != aftersale.Refunded || back.RefundFen != sale.TotalFen {
			t.Fatalf("%+v, %v", back, err) // it was the brand's fault: the freight came back too
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"M1", "M2"})
		if err != nil || levels["M1"].Free() != 5 || levels["M2"].Free() != 1 {
			t.Errorf("%+v, %v", levels, err)
		}
		d.sound(ctx, t)
	})
}

func TestTimesOfAfterSale(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, d := t.Context(), openDesk(t, db)
		d.customers(t, 1)
		d.stock(t, "K2", 10)
		early := d.bought(t, 1, "early", checkout.Wish{Lines: line("K2", 2)}, false, false)
		if _, err := d.cases.Open(ctx, 1, "x", ask(early, aftersale.Return, units("K2", 1)), "", ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("sends back what was never sent: %v", err)
		}
		c, err := d.cases.Open(ctx, 1, "q", ask(early, aftersale.Refund, units("K2", 2)), "", "")
		if err != nil {
			t.Fatal(err)
		}
		d.clock.Advance(49 * time.Hour)
		if _, err := d.cases.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		look, err := d.cases.Get(ctx, 1, c.ID)
		if err != nil || look.Case.State != aftersale.Refunded || look.Case.RefundFen != early.TotalFen || look.Outlook != nil {
			t.Fatalf("%+v, %v", look, err)
		}
		if gone, err := d.Get(ctx, 1, early.ID); err != nil || gone.State != checkout.Refunded {
			t.Errorf("%+v, %v", gone, err)
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"K2"})
		if err != nil || levels["K2"].Free() != 10 {
			t.Errorf("what was never sent is not in the stock: %+v, %v", levels, err)
		}
		got := d.bought(t, 1, "got", checkout.Wish{Lines: line("K2", 2)}, true, true)
		slow, err := d.cases.Open(ctx, 1, "q", ask(got, aftersale.Return, units("K2", 1)), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if slow, err = d.do(ctx, slow, aftersale.Agree, aftersale.Do{}); err != nil {
			t.Fatal(err)
		}
		d.clock.Advance(8 * 24 * time.Hour)
		if _, err := d.cases.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		if look, err := d.cases.Get(ctx, 1, slow.ID); err != nil || look.Case.State != aftersale.Closed {
			t.Errorf("nothing was sent back: %+v, %v", look.Case, err)
		}
		w := ask(got, aftersale.Return, units("K2", 1))
		if _, err := d.cases.Open(ctx, 1, "late", w, "because", ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("eight days after receipt: %v", err)
		}
		if late, err := d.cases.Open(ctx, 0, "late", w, "老客户", "stf"); err != nil || late.Override != "老客户" {
			t.Errorf("staff may: %+v, %v", late, err)
		}
		d.sound(ctx, t)
	})
}

// TestTwoCasesAndAHand: two cases over the same units, and a refund by hand, all at once: nothing is given back twice.
func TestTwoCasesAndAHand(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, d := t.Context(), openDesk(t, db)
		d.customers(t, 1)
		d.stock(t, "K2", 1000)
		for round := range 6 {
			sale := d.bought(t, 1, fmt.Sprint("r", round), checkout.Wish{Lines: line("K2", 2)}, true, round%2 == 0)
			var wg sync.WaitGroup
			var mu sync.Mutex
			var open []aftersale.Case
			for i := range 4 {
				wg.Go(func() {
					c, err := d.cases.Open(ctx, 1, fmt.Sprint("q", i), ask(sale, aftersale.Refund, units("K2", 2)), "", "")
					if err != nil && !errs.Is(err, errs.Conflict) {
						t.Error(err)
					}
					if err == nil {
						mu.Lock()
						open = append(open, c)
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if len(open) != 1 {
				t.Fatalf("%d cases over the same units", len(open))
			}
			for i := range 3 {
				wg.Go(func() {
					_, err := d.do(ctx, open[0], aftersale.Agree, aftersale.Do{Request: fmt.Sprint("a", i)})
					if err != nil && !errs.Is(err, errs.Conflict) {
						t.Error(err)
					}
				})
				wg.Go(func() {
					_, err := d.GiveBack(ctx, sale.ID, fmt.Sprint("hand", i), pricing.Giving{Units: map[string]int64{"K2": 1}}, nil, "stf")
					if err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Invalid) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			after, err := d.Get(ctx, 1, sale.ID)
			if err != nil || after.RefundedFen > after.TotalFen {
				t.Fatalf("%+v, %v", after, err)
			}
			d.sound(ctx, t)
		}
	})
}

// TestRandomAfterSale lets customers, staff and the clock do random things and looks at books, stock and points after each.
func TestRandomAfterSale(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, d := t.Context(), openDesk(t, db)
		d.customers(t, 2)
		for _, sku := range []string{"K0", "K1", "K2", "K3", "M1", "M2"} {
			d.stock(t, sku, 1_000_000)
		}
		rules := aftersale.DefaultRules()
		rules.CoverFen, rules.CoverGiven = 777, true
		if err := d.cases.SetRules(ctx, rules, ""); err != nil {
			t.Fatal(err)
		}
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			if round++; round > 60 {
				return
			}
			who := rapid.Uint32Range(1, 2).Draw(rt, "who")
			err := db.Tx(ctx, func(tx *store.Tx) error {
				if _, err := d.points.Earn(ctx, tx, loyalty.Earn{Key: fmt.Sprint("e", round), Customer: who, Points: rapid.Int64Range(1, 3000).Draw(rt, "points"), Reason: "gift"}); err != nil {
					return err
				}
				_, err := d.wallets.TopUp(ctx, tx, wallet.TopUp{Key: fmt.Sprint("t", round), Customer: who, PrincipalFen: 1234, GiftFen: rapid.Int64Range(0, 999).Draw(rt, "gift")})
				return err
			})
			if err != nil {
				rt.Fatal(err)
			}
			if _, err := d.promos.Claim(ctx, promo.Claiming{Request: fmt.Sprint("c", round), Promotion: d.coupon, Person: promo.Person{Customer: who}}); err != nil {
				rt.Fatal(err)
			}
			w := checkout.Wish{Best: rapid.Bool().Draw(rt, "best"), Points: rapid.Int64Range(0, 3000).Draw(rt, "use"), Balance: rapid.SampledFrom([]int64{0, 777}).Draw(rt, "balance")}
			for i := range rapid.IntRange(1, 3).Draw(rt, "lines") {
				w.Lines = append(w.Lines, pricing.CartLine{SKU: []string{"M1", "K2", "K1", "K3"}[(round+i)%4], Quantity: rapid.Int64Range(1, 4).Draw(rt, "n")})
			}
			ship := rapid.Bool().Draw(rt, "ship")
			sale := d.bought(t, who, fmt.Sprint("r", round), w, ship && sentLines(w), ship && sentLines(w) && rapid.Bool().Draw(rt, "finish"))
			var cases []aftersale.Case
			for i := range rapid.IntRange(2, 9).Draw(rt, "steps") {
				key := fmt.Sprint("s", i)
				if len(cases) == 0 || rapid.IntRange(0, 3).Draw(rt, "open") == 0 {
					options, err := d.cases.Options(ctx, who, sale.ID)
					if err != nil {
						rt.Fatal(err)
					}
					if len(options.Lines) == 0 {
						continue
					}
					o := rapid.SampledFrom(options.Lines).Draw(rt, "line")
					if len(o.Kinds) == 0 {
						continue
					}
					wish := ask(sale, rapid.SampledFrom(o.Kinds).Draw(rt, "kind"), aftersale.Line{Key: o.Key, SKU: o.SKU, Quantity: rapid.Int64Range(1, o.Left).Draw(rt, "units")})
					wish.Reason = rapid.SampledFrom(aftersale.Reasons).Draw(rt, "reason")
					if wish.Kind == aftersale.Exchange {
						if len(o.Choices) == 0 {
							continue
						}
						wish.Lines[0].To = rapid.SampledFrom(o.Choices).Draw(rt, "to").SKU
					}
					c, err := d.cases.Open(ctx, who, key, wish, "", "")
					if err != nil {
						rt.Fatalf("%+v: %v", wish, err) // it was offered
					}
					cases = append(cases, c)
					continue
				}
				c := rapid.SampledFrom(cases).Draw(rt, "case")
				var err error
				switch what := rapid.IntRange(0, 14).Draw(rt, "what"); what {
				case 13:
					d.clock.Advance(rapid.SampledFrom([]time.Duration{time.Hour, 50 * time.Hour, 200 * time.Hour}).Draw(rt, "later"))
					if _, err = d.cases.Tick(ctx); err == nil {
						_, err = d.Tick(ctx)
					}
				case 14:
					l := rapid.SampledFrom(sale.Quote.Lines).Draw(rt, "by hand")
					_, err = d.GiveBack(ctx, sale.ID, key, pricing.Giving{Units: map[string]int64{l.Key: 1}}, nil, "")
				default:
					steps := []aftersale.Step{aftersale.Agree, aftersale.Receive, aftersale.Send, aftersale.Replace, aftersale.Agree, aftersale.Receive, aftersale.Ask, aftersale.Answer, aftersale.Cancel, aftersale.Refuse, aftersale.Reject, aftersale.Instead, aftersale.Replace}
					do := aftersale.Do{Who: rapid.SampledFrom([]string{aftersale.ByStaff, aftersale.ByStaff, aftersale.ByCustomer}).Draw(rt, "by"), Request: key, Tracking: "T"}
					if paid := rapid.Int64Range(-5, 2000).Draw(rt, "freight"); paid%2 == 0 {
						do.FreightFen = &paid
					}
					if rapid.IntRange(0, 5).Draw(rt, "amount") == 0 {
						do.Amounts = map[string]int64{c.Lines[0].Key: rapid.Int64Range(1, 4000).Draw(rt, "fen")}
					}
					if rapid.Bool().Draw(rt, "scrap") {
						do.Good = []int64{rapid.Int64Range(0, c.Lines[0].Quantity).Draw(rt, "good")}
					}
					_, err = d.do(ctx, c, steps[what], do)
				}
				if err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Invalid) {
					rt.Fatal(err)
				}
				d.sound(ctx, rt)
			}
			d.sound(ctx, rt)
		})
	})
}

func sentLines(w checkout.Wish) bool {
	for _, l := range w.Lines {
		if l.SKU != "K3" {
			return true
		}
	}
	return false
}

// TestPhotos: what is no picture is refused, pictures are its owner's, and go when nothing shows them.
func TestPhotos(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, d := t.Context(), openDesk(t, db)
		d.customers(t, 2)
		for _, bad := range []string{"", "<svg onload=alert(1)>", "GIF89a<script>"} {
			if _, err := d.photos.Upload(ctx, 1, bytes.NewReader([]byte(bad))); !errs.Is(err, errs.Invalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		p, err := d.photos.Upload(ctx, 1, bytes.NewReader(picture(t)))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := d.photos.File(ctx, p.ID, 480); err != nil || len(body) == 0 {
			t.Error(len(body), err)
		}
		for range 29 {
			if _, err := d.photos.Upload(ctx, 1, bytes.NewReader(picture(t))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.photos.Upload(ctx, 1, bytes.NewReader(picture(t))); !errs.Is(err, errs.Limited) {
			t.Errorf("endless pictures: %v", err)
		}
		d.clock.Advance(25 * time.Hour)
		if n, err := d.photos.Sweep(ctx); err != nil || n != 30 {
			t.Error(n, err)
		}
		if _, err := d.photos.Get(ctx, 1, p.ID); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
	})
}
