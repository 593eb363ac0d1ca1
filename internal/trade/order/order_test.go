package order_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/order"
)

var at = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func settle(t testing.TB, db *store.DB, s *order.Settler, importID string, in ...order.Incoming) (out []order.Outcome, sums map[uint32]*order.Sum) {
	t.Helper()
	numbers := make([]string, len(in))
	for i, o := range in {
		numbers[i] = o.Number
	}
	err := db.Tx(t.Context(), func(tx *store.Tx) error {
		known, err := order.Known(t.Context(), tx, "tmall", numbers)
		if err != nil {
			return err
		}
		out, sums, err = s.Settle(t.Context(), tx, "tmall", importID, known, in, at)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, sums
}

func refund(t testing.TB, db *store.DB, s *order.Settler, in ...order.IncomingRefund) (results []string) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *store.Tx) error {
		out, _, err := s.Refund(t.Context(), tx, "tmall", "imp_r", in)
		results = nil
		for _, o := range out {
			results = append(results, o.Result)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestSettleOnceAndAmend(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := order.NewSettler()
		lines := []order.IncomingLine{{Key: "a", Product: "A", Name: "Food", Quantity: 2, AmountFen: 300}, {Key: "b", Product: "B", Quantity: 1, AmountFen: 200}}
		first := order.Incoming{Number: "1", Customer: 7, PaidAt: at, Lines: lines}
		out, sums := settle(t, db, s, "imp_1", first)
		if !out[0].Created || out[0].AddedFen != 500 || sums[7].Orders != 1 || sums[7].SpentFen != 500 {
			t.Errorf("%+v %+v", out, sums[7])
		}
		again, sums := settle(t, db, s, "imp_2", first)
		if again[0].Created || again[0].AddedFen != 0 || again[0].NewLines[0] || sums[7].Orders != 0 {
			t.Errorf("%+v %+v", again, sums[7])
		}
		more, sums := settle(t, db, s, "imp_3", order.Incoming{Number: "1", Lines: append(lines, order.IncomingLine{Key: "c", Product: "A", Quantity: 1, AmountFen: 50}), RefundedFen: 100})
		if d := cmp.Diff([]bool{false, false, true}, more[0].NewLines); d != "" || more[0].AddedFen != 50 || more[0].RefundedFen != 100 || sums[7].RefundedFen != 100 {
			t.Errorf("%s %+v %+v", d, more, sums[7])
		}
		if above, _ := settle(t, db, s, "imp_4", order.Incoming{Number: "1", RefundedFen: 10000}); !above[0].RefundRejected {
			t.Errorf("%+v", above)
		}
		d, err := order.Get(t.Context(), db, out[0].OrderID)
		if err != nil || d.AmountFen != 550 || d.Quantity != 4 || d.RefundedFen != 100 || len(d.Lines) != 3 || d.Lines[0].Name != "Food" || len(d.Refunds) != 1 || d.Customer != 7 {
			t.Errorf("%+v, %v", d, err)
		}
		if _, err := order.Get(t.Context(), db, "ord_x"); !errs.Is(err, errs.NotFound) {
			t.Errorf("no such order: %v", err)
		}
		found, err := order.FindProducts(t.Context(), db, "foo", 5)
		if err != nil || len(found) != 1 || found[0].Code != "A" {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

func TestFindByNumber(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, number := range []string{"20260301-17", "20260301-18", "20260302-17"} {
			settle(t, db, order.NewSettler(), "imp_1", order.Incoming{Number: number, Customer: 7, PaidAt: at})
		}
		_, err := db.Exec(t.Context(), `INSERT INTO customers (id, number, code, name, phone, email, gender, birthday, province, city, source, store, owner, level,
			registered_at, registered_known, orders, spent_fen, refunded_fen, erased, created_at, updated_at)
			VALUES ('cus_7', 7, 'C7', '小满', '', '', '', '', '', '', '', '', '', '', 0, FALSE, 3, 0, 0, FALSE, 0, 0)`)
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string][]string{"20260301": {"20260301-17", "20260301-18"}, "20260302-17": {"20260302-17"}, "17": nil, "": nil, "%": nil} {
			found, err := order.Find(t.Context(), db, text, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range found {
				if got = append(got, o.Number); o.CustomerID != "cus_7" || o.Name != "小满" {
					t.Errorf("%+v", o)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%q: %s", text, d)
			}
		}
	})
}

func TestRefundFindsItsOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := order.NewSettler()
		buy := func(number string, customer uint32, days int, quantity, amount int64) order.Incoming {
			return order.Incoming{Number: number, Customer: customer, PaidAt: at.AddDate(0, 0, days), Lines: []order.IncomingLine{{Key: "k", Product: "A", Quantity: quantity, AmountFen: amount}}}
		}
		settle(t, db, s, "imp_1", buy("1", 7, 0, 5, 500), buy("2", 7, 1, 2, 200), buy("3", 7, 9, 5, 500), buy("4", 8, 0, 1, 100))
		back := func(number string, customer uint32, quantity, amount int64) order.IncomingRefund {
			return order.IncomingRefund{Number: number, Key: "k", Customer: customer, Product: "A", Quantity: quantity, AmountFen: amount, At: at.AddDate(0, 0, 2)}
		}
		got := refund(t, db, s,
			back("C1", 7, 3, 300), // the latest before, order 2, has only 2: order 1
			back("C2", 7, 2, 200), // order 2
			back("C2", 7, 2, 200), // said twice
			back("C3", 7, 2, 999), // more money than was paid
			back("C4", 7, 2, 200), // the rest of order 1
			back("C5", 7, 1, 1),   // nothing left before that day; order 3 is later
			back("C6", 9, 1, 1),   // nobody
			order.IncomingRefund{Number: "C7", Key: "k", Customer: 8, Product: "B", Quantity: 1, At: at.AddDate(0, 0, 2)}, // another product
		)
		want := []string{"accepted", "accepted", "duplicate", "unmatched", "accepted", "unmatched", "unmatched", "unmatched"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"duplicate", "unmatched"}, refund(t, db, s, back("C1", 7, 3, 300), back("C5", 7, 1, 1))); d != "" {
			t.Error(d)
		}
		named := back("C8", 7, 1, 100)
		named.Order, named.At = "3", at.AddDate(0, 0, 30)
		refund(t, db, s, named)
		type row struct {
			Number   string `db:"number"`
			Refunded int64  `db:"refunded_fen"`
		}
		rows, err := store.All[row](t.Context(), db, `SELECT number, refunded_fen FROM orders ORDER BY number`)
		if d := cmp.Diff([]row{{"1", 500}, {"2", 200}, {"3", 100}, {"4", 0}}, rows); err != nil || d != "" {
			t.Errorf("%s, %v", d, err)
		}
	})
}

// TestRefundsNeverPassWhatWasPaid settles random orders and refunds: of every line no more comes back than was bought.
func TestRefundsNeverPassWhatWasPaid(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := order.NewSettler()
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			var in []order.Incoming
			for i := range rapid.IntRange(1, 6).Draw(rt, "orders") {
				o := order.Incoming{Number: fmt.Sprintf("%d-%d", round, i), Customer: uint32(round), PaidAt: at.Add(time.Duration(i) * time.Hour)}
				for j := range rapid.IntRange(1, 3).Draw(rt, "lines") {
					o.Lines = append(o.Lines, order.IncomingLine{Key: fmt.Sprint(j), Product: fmt.Sprint(j % 2), Quantity: rapid.Int64Range(1, 4).Draw(rt, "q"), AmountFen: rapid.Int64Range(0, 500).Draw(rt, "a")})
				}
				in = append(in, o)
			}
			settle(t, db, s, "imp", in...)
			var back []order.IncomingRefund
			for i := range rapid.IntRange(1, 12).Draw(rt, "refunds") {
				back = append(back, order.IncomingRefund{Number: fmt.Sprintf("R%d-%d", round, i), Key: "k", Customer: uint32(round), Product: rapid.SampledFrom([]string{"0", "1"}).Draw(rt, "p"),
					Quantity: rapid.Int64Range(1, 3).Draw(rt, "rq"), AmountFen: rapid.Int64Range(0, 300).Draw(rt, "ra"), At: at.AddDate(0, 0, 1)})
			}
			accepted := int64(0)
			for i, result := range refund(t, db, s, back...) { // the tables' own CHECKs refuse what is too much
				if result == order.RefundAccepted {
					accepted += back[i].AmountFen
				}
			}
			sums, err := store.All[int64](t.Context(), db, `SELECT CAST(COALESCE(SUM(refunded_fen), 0) AS BIGINT) FROM orders WHERE customer = ?
				UNION ALL SELECT CAST(COALESCE(SUM(l.refunded_fen), 0) AS BIGINT) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.customer = ?
				UNION ALL SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM refunds WHERE customer = ?`, round, round, round)
			if err != nil || sums[0] != accepted || sums[1] != accepted || sums[2] != accepted {
				rt.Errorf("%v, want %d three times, %v", sums, accepted, err)
			}
		})
	})
}
