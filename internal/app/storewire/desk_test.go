package storewire_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/pricing"
)

// TestDesk is what staff do with orders: find them, see what a refund comes to, write notes, close with a reason, take them away
// as a workbook, and see who bought in a flash sale.
func TestDesk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 3)
		s.stock(t, "K1", 20)
		s.stock(t, "K2", 20)
		sale, err := s.flash.Create(ctx, flash.Draft{Name: "一元", SKU: "K1", PriceFen: 100, StartsAt: s.clock.Now().Add(-time.Hour), EndsAt: s.clock.Now().Add(time.Hour), Units: 3, PerPerson: 2}, "")
		if err != nil {
			t.Fatal(err)
		}
		paid := s.sell(t, 1, "one", checkout.Wish{Lines: []pricing.CartLine{{SKU: "K1", Quantity: 2}, {SKU: "K2", Quantity: 1}}, Address: home, Remark: "=1+1"})
		p, err := s.Preview(ctx, 2, checkout.Wish{Lines: line("K1", 1), Address: home})
		if err != nil {
			t.Fatal(err)
		}
		unpaid, err := s.Place(ctx, 2, "two", checkout.Wish{Lines: line("K1", 1), Address: home}, p.Quote.TotalFen)
		if err != nil {
			t.Fatal(err)
		}
		result, orders, err := s.flash.Results(ctx, sale.ID, 10)
		if err != nil || cmp.Diff(flash.Result{Paid: 2, Held: 1, People: 1, PaidFen: 200}, result) != "" || len(orders) != 2 {
			t.Errorf("%+v, %+v, %v", result, orders, err)
		}

		goods, err := store.One[string](ctx, db, `SELECT goods_id FROM skus WHERE code = 'K2'`)
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range map[string]struct {
			checkout.Filter
			want int64
		}{
			"goods": {checkout.Filter{Goods: goods}, 1}, "tail": {checkout.Filter{Tail: "0000"}, 2}, "another tail": {checkout.Filter{Tail: "1111"}, 0},
			"before": {checkout.Filter{Until: s.clock.Now().Add(-time.Hour)}, 0}, "from": {checkout.Filter{From: s.clock.Now().Add(-time.Hour)}, 2},
			"customer": {checkout.Filter{Customer: 2}, 1}, "number": {checkout.Filter{Search: paid.Number}, 1}, "waiting": {checkout.Filter{Waiting: true}, 0},
		} {
			if page, err := s.List(ctx, f.Filter); err != nil || page.Total != f.want {
				t.Errorf("%s: %d, want %d; %v", name, page.Total, f.want, err)
			}
		}
		counts, err := s.Counts(ctx, checkout.Filter{State: checkout.Paid})
		if err != nil || counts[checkout.Paid] != (checkout.Standing{Sales: 1, Fen: paid.TotalFen}) || counts[checkout.Unpaid].Sales != 1 {
			t.Errorf("%+v, %v", counts, err)
		}

		giving := pricing.Giving{Units: map[string]int64{"K2": 1}}
		would, err := s.WouldGive(ctx, paid.ID, giving)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.WouldGive(ctx, unpaid.ID, giving); !errs.Is(err, errs.Conflict) {
			t.Errorf("what was never paid would come back: %v", err)
		}
		did, err := s.GiveBack(ctx, paid.ID, "ret", giving, nil, "stf_1")
		if err != nil || cmp.Diff(would, did) != "" {
			t.Errorf("said %+v, did %+v, %v", would, did, err)
		}
		for _, text := range []string{"", " "} {
			if _, err := s.AddNote(ctx, paid.ID, text, "stf_1"); !errs.Is(err, errs.Invalid) {
				t.Errorf("an empty note was kept: %v", err)
			}
			if _, err := s.CloseFor(ctx, unpaid.ID, text, "stf_1"); !errs.Is(err, errs.Invalid) {
				t.Errorf("closed for nothing: %v", err)
			}
		}
		if _, err := s.AddNote(ctx, paid.ID, "催发货", "stf_1"); err != nil {
			t.Fatal(err)
		}
		file, err := s.File(ctx, paid.ID)
		if err != nil || len(file.Notes) != 1 || len(file.Refunds) != 1 || file.Refunds[0].By != "stf_1" || file.Given["K2"].Quantity != 1 {
			t.Errorf("%+v, %v", file, err)
		}
		if _, err := s.CloseFor(ctx, paid.ID, "不要了", "stf_1"); !errs.Is(err, errs.Conflict) {
			t.Errorf("a paid order was closed: %v", err)
		}
		if closed, err := s.CloseFor(ctx, unpaid.ID, "顾客拍错", "stf_1"); err != nil || closed.State != checkout.Closed {
			t.Errorf("%+v, %v", closed, err)
		}
		if file, err := s.File(ctx, unpaid.ID); err != nil || len(file.Notes) != 1 || file.Notes[0].Text != "顾客拍错" {
			t.Errorf("%+v, %v", file.Notes, err)
		}

		var out bytes.Buffer
		if err := s.Export(ctx, &out, checkout.Filter{State: checkout.Paid}, time.UTC); err != nil {
			t.Fatal(err)
		}
		book, err := excelize.OpenReader(&out)
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		rows, err := book.GetRows("订单")
		if err != nil || len(rows) != 3 || rows[1][0] != paid.Number || rows[1][7] != "K1" || rows[1][18] != "=1+1" {
			t.Errorf("%q, %v", rows, err)
		}
		if formula, err := book.GetCellFormula("订单", "S2"); err != nil || formula != "" {
			t.Errorf("a remark became the formula %q, %v", formula, err)
		}
		s.sound(ctx, t)
	})
}
