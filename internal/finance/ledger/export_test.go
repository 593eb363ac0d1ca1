package ledger_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"huoshui/internal/finance/ledger"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

func TestExport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, _ := books(db)
		e := paid("1", start, 12345)
		e.Note = "=1+1"
		if err := post(ctx, db, s, e); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := ledger.Export(ctx, db, &out, "2026-03-01", "2026-03-01", zone); err != nil {
			t.Fatal(err)
		}
		book, err := excelize.OpenReader(&out)
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close() //nolint:errcheck // read only
		trial, err := book.GetRows("试算平衡")
		if err != nil || len(trial) != 4 {
			t.Fatalf("%q, %v", trial, err)
		}
		if d := cmp.Diff([]string{"1012", "微信支付待结算", "0", "123.45", "0", "123.45"}, trial[1]); d != "" {
			t.Error(d)
		}
		moves, err := book.GetRows("分录明细")
		if err != nil || len(moves) != 2 || moves[1][0] != "2026-03-01" || moves[1][4] != "微信支付待结算" || moves[1][6] != "123.45" || moves[1][13] != "=1+1" {
			t.Errorf("%q, %v", moves, err)
		}
		if f, err := book.GetCellFormula("分录明细", "N2"); err != nil || f != "" {
			t.Errorf("a note became the formula %q, %v", f, err)
		}
		if err := ledger.Export(ctx, db, &out, "2026-03-02", "2026-03-01", zone); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
	})
}

func TestBenefits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, _ := books(db)
		book := func(key, campaign string, moves ...money.Move) {
			t.Helper()
			if err := post(ctx, db, s, money.Entry{Key: key, At: start, Reason: "x.y", Order: "ord_" + campaign, Campaign: campaign, Layer: "vip", Moves: moves}); err != nil {
				t.Fatal(err)
			}
		}
		book("paid", "cam_1", money.Move{Debit: money.Wechat, Credit: money.Deferred, Fen: 900}, money.Move{Debit: money.CouponCost, Credit: money.Deferred, Fen: 80}, money.Move{Debit: money.Discounts, Credit: money.Deferred, Fen: 20})
		book("finished", "cam_1", money.Move{Debit: money.Deferred, Credit: money.Revenue, Fen: 1000})
		book("back", "cam_1", money.Move{Debit: money.SalesReturns, Credit: money.RefundsPayable, Fen: 90}, money.Move{Debit: money.SalesReturns, Credit: money.CouponCost, Fen: 10})
		book("gift", "cam_2", money.Move{Debit: money.GiftCost, Credit: money.WalletGift, Fen: 50}, money.Move{Debit: money.PointsCost, Credit: money.Points, Fen: 7}, money.Move{Debit: money.WalletGift, Credit: money.GiftBreakage, Fen: 5})
		book("other", "cam_3", money.Move{Debit: money.Bank, Credit: money.Wechat, Fen: 5})
		got, err := ledger.Benefits(ctx, db, "2026-03-01", "2026-03-01", "campaign")
		want := []ledger.Benefit{
			{Name: "cam_1", DiscountsFen: 20, CouponsFen: 70, ReceivedFen: 900},
			{Name: "cam_2", GiftsFen: 50, PointsFen: 7, GiftBreakage: 5},
		}
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Error(d, err)
		}
		if got, err = ledger.Benefits(ctx, db, "2026-03-01", "2026-03-01", "layer"); err != nil || len(got) != 1 || got[0].Name != "vip" || got[0].CouponsFen != 70 {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err = ledger.Benefits(ctx, db, "2026-03-02", "2026-03-02", "layer"); err != nil || len(got) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := ledger.Benefits(ctx, db, "2026-03-02", "2026-03-02", "customer; DROP"); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
	})
}

func TestCorrect(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _ := books(db)
		good := ledger.Correction{RequestID: "request-1", Note: "微信结算到账", Moves: []ledger.CorrectionMove{{Debit: money.Bank, Credit: money.Wechat, Fen: 500}}}
		for range 2 {
			if e, err := s.Correct(t.Context(), good, "stf_1"); err != nil || e.TotalFen != 500 || e.By != "stf_1" || e.Note == "" {
				t.Errorf("%+v, %v", e, err)
			}
		}
		for name, spoil := range map[string]func(*ledger.Correction){
			"no note": func(c *ledger.Correction) { c.Note = "" }, "nothing": func(c *ledger.Correction) { c.Moves = nil },
			"zero":    func(c *ledger.Correction) { c.Moves[0].Fen = 0 },
			"wallet":  func(c *ledger.Correction) { c.Moves[0].Credit = money.WalletPrincipal },
			"unknown": func(c *ledger.Correction) { c.Moves[0].Credit = "x" },
		} {
			c := good
			c.RequestID = "request-" + name
			c.Moves = []ledger.CorrectionMove{good.Moves[0]}
			spoil(&c)
			if _, err := s.Correct(t.Context(), c, "stf_1"); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if b, err := ledger.BalanceOf(t.Context(), db, money.Bank); err != nil || b != 500 {
			t.Error(b, err)
		}
	})
}
