package paywire_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/app/paywire"
	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/reconcile"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/wechat/pay"
)

// spoiled is a bill that somebody changed on its way.
type spoiled struct {
	paywire.Bills
	change func(*reconcile.Bill)
}

func (s spoiled) TradeBill(ctx context.Context, day string) (reconcile.Bill, error) {
	b, err := s.Bills.TradeBill(ctx, day)
	if s.change != nil {
		s.change(&b)
	}
	return b, err
}

func causes(r reconcile.Report) []string {
	out := []string{}
	for _, d := range r.Differences {
		out = append(out, fmt.Sprintf("%s %s %d/%d/%d %s", d.Cause, d.Action, d.BillFen, d.OurFen, d.BookFen, d.State))
	}
	slices.Sort(out)
	return out
}

func TestReconcile(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		ctx := t.Context()
		bills := &spoiled{Bills: paywire.Bills{Client: x.client}}
		s := reconcile.NewService(x.db, bills, x.Service, x.books, x.now.Now)
		_, c := x.ask("ord_1", 10000)
		x.pays(c)
		if _, err := x.giveBack(payment.GiveBack{RequestID: "g1", Order: "ord_1", Fen: 2500}); err != nil {
			t.Fatal(err)
		}
		top, err := x.start(payment.Start{RequestID: "t1", Purpose: payment.ForTopUp, Customer: 7, Method: payment.WechatNative, Fen: 700, GiftFen: 7})
		if err != nil {
			t.Fatal(err)
		}
		tc, err := x.Cashier(ctx, top.ID, 7, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.sim.Customer(ctx, tc.CodeURL, ""); err != nil {
			t.Fatal(err)
		}
		x.tick()
		if _, err := s.Run(ctx, "2026-03-01", "stf_1"); !errs.Is(err, errs.Invalid) {
			t.Errorf("a day that is not over: %v", err)
		}
		if _, err := s.Run(ctx, "1.3.2026", "stf_1"); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		x.now.Advance(24 * time.Hour)
		for range 2 { // running again changes nothing
			r, err := s.Run(ctx, "2026-03-01", "stf_1")
			if err != nil || len(r.Differences) != 0 || r.BillLines != 3 || r.OurLines != 3 || r.BillPaidFen != 10700 || r.OurPaidFen != 10700 || r.BookInFen != 10700 ||
				r.BillRefundFen != 2500 || r.OurRefundFen != 2500 || r.BookOutFen != 2500 || r.BillFeeFen != 60+4-15 || r.BillHash == "" {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		x.agrees(t, map[money.Account]int64{money.PaymentFee: 49, money.Wechat: 10700 - 2500 - 49})
		empty, err := s.Run(ctx, "2026-02-20", "stf_1")
		if err != nil || len(empty.Differences) != 0 || empty.BillLines != 0 {
			t.Errorf("a day without a bill: %+v, %v", empty, err)
		}
		bills.change = func(b *reconcile.Bill) { b.FeeFen++ }
		if r, err := s.Run(ctx, "2026-03-01", "stf_1"); err != nil || len(r.Differences) != 1 || r.Differences[0].Cause != reconcile.Fee {
			t.Errorf("another fee: %+v, %v", r, err)
		}
		if list, err := reconcile.List(ctx, x.db, "", 10); err != nil || len(list) != 2 || list[0].Day != "2026-03-01" || list[0].OpenDifferences != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestReconcileFindsCauses(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		ctx := t.Context()
		bills := &spoiled{Bills: paywire.Bills{Client: x.client}}
		s := reconcile.NewService(x.db, bills, x.Service, x.books, x.now.Now)
		paid := func(order string, fen int64) payment.Payment {
			p, c := x.ask(order, fen)
			x.pays(c)
			return p
		}
		paid("ord_good", 1000)
		gone, dear, twice, foreign := paid("ord_gone", 2000), paid("ord_dear", 3000), paid("ord_twice", 4000), paid("ord_foreign", 5000)
		code, err := x.client.Native(ctx, pay.Order{No: "by_hand_1", Description: "x", Fen: 600}) // asked for past us
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.sim.Customer(ctx, code, ""); err != nil {
			t.Fatal(err)
		}
		x.line.hold = true // nothing is heard of these two
		_, unheard := x.ask("ord_unheard", 700)
		_, late := x.ask("ord_late", 800)
		for _, c := range []payment.Cashier{unheard, late} {
			if _, err := x.sim.Customer(ctx, c.PrepayID, ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := x.sim.Once(ctx); err != nil {
			t.Fatal(err)
		}
		x.now.Advance(24 * time.Hour)
		if _, err := x.books.Close(ctx, "2026-03-01", "stf_1", ""); err != nil {
			t.Fatal(err)
		}
		x.line.hold = false
		for _, n := range x.line.notified { // the second comes the day after; the first never, the third is not ours
			if note, err := x.client.Read(ctx, n.request()); err == nil && note.Transaction.No == late.Payment {
				if err := x.take(n.request()); err != nil {
					t.Fatal(err)
				}
			}
		}
		bills.change = func(b *reconcile.Bill) {
			b.Lines = slices.DeleteFunc(b.Lines, func(l reconcile.BillLine) bool { return l.No == gone.ID })
			for i, l := range b.Lines {
				switch l.No {
				case dear.ID:
					b.Lines[i].Fen++
				case twice.ID:
					b.Lines = append(b.Lines, l)
				case foreign.ID:
					b.Lines[i].AppID = "wx_other"
				}
			}
		}
		r, err := s.Run(ctx, "2026-03-01", "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"amount look 3001/3000/3000 open", "booked_later none 800/800/800 open", "duplicate look 4000/0/0 open", "foreign look 5000/5000/5000 open",
			"not_heard ask 700/700/0 open", "not_in_bill ask 0/2000/2000 open", "unknown claim 600/0/0 open",
		}
		if d := cmp.Diff(want, causes(r)); d != "" {
			t.Error(d)
		}
		if r.Open() != 6 {
			t.Errorf("%d open", r.Open())
		}
		by := func(cause string) reconcile.Difference {
			for _, d := range r.Differences {
				if d.Cause == cause {
					return d
				}
			}
			t.Fatalf("no %s", cause)
			return reconcile.Difference{}
		}
		if _, err := s.Ask(ctx, by(reconcile.Amount).ID, "stf_1"); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		if _, err := s.Claim(ctx, by(reconcile.Amount).ID, "stf_1", ""); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		if d, err := s.Claim(ctx, by(reconcile.Unknown).ID, "stf_1", "等客户联系"); err != nil || d.State != "settled" {
			t.Errorf("%+v, %v", d, err)
		}
		if _, err := s.Claim(ctx, by(reconcile.Unknown).ID, "stf_1", ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("claimed twice: %v", err)
		}
		if _, err := s.Settle(ctx, by(reconcile.Foreign).ID, "stf_1", ""); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		if _, err := s.Settle(ctx, "dif_none", "stf_1", "x"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if d, err := s.Settle(ctx, by(reconcile.Foreign).ID, "stf_1", "另一个公众号"); err != nil || d.SettledBy != "stf_1" {
			t.Errorf("%+v, %v", d, err)
		}
		again, err := s.Ask(ctx, by(reconcile.NotHeard).ID, "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(causes(again), "\n"); strings.Contains(got, "not_heard") || !strings.Contains(got, "booked_later none 700/700/700 open") || strings.Count(got, "settled") != 2 {
			t.Error(got)
		}
		x.agrees(t, map[money.Account]int64{money.Unclaimed: -600})
		if b, err := ledger.BalanceOf(ctx, x.db, money.Wechat); err != nil || b != 1000+2000+3000+4000+5000+600+700+800-r.BillFeeFen {
			t.Error(b, err)
		}
	})
}
