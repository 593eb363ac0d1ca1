package importwire_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/data/importing"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// messy draws the lines of a file of order lines as dirty as real ones.
func messy(t *rapid.T, n int) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"订单编号", "买家会员名", "联系手机", "付款时间", "商家编码", "宝贝标题", "购买数量", "价格", "订单状态"})
	for range n {
		order := rapid.IntRange(1, 40).Draw(t, "order")
		cells := []string{
			fmt.Sprintf(`="33918%013d"`, order), fmt.Sprintf("nick%d", order%11), "'138" + fmt.Sprintf("%08d", order%11),
			fmt.Sprintf("2026/3/%d 8:05", 1+order%28), fmt.Sprintf("SKU%d", rapid.IntRange(1, 5).Draw(t, "sku")), "猫粮",
			fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "quantity")), rapid.SampledFrom([]string{"¥1,039.90", "9.005", "12", "(3)"}).Draw(t, "price"), "交易成功",
		}
		switch rapid.IntRange(0, 12).Draw(t, "dirt") {
		case 0:
			cells[1], cells[2] = "", ""
		case 1:
			cells[3] = rapid.SampledFrom([]string{"昨天", "3/4/2026", ""}).Draw(t, "date")
		case 2:
			cells[6] = rapid.SampledFrom([]string{"0", "两件", "-1", "-2"}).Draw(t, "count")
		case 3:
			cells[8] = "等待买家付款"
		case 4:
			cells[0] = rapid.SampledFrom([]string{"", "3.3918E+17"}).Draw(t, "number")
		case 5:
			cells[1] = "stranger"
		case 6:
			cells[2] = "12345"
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return b.String()
}

func sumsUp(t interface{ Errorf(string, ...any) }, c importing.Counts) {
	var reasons int64
	for _, n := range c.Rejected {
		reasons += n
	}
	if c.LinesRead != c.LinesAccepted+c.LinesDuplicate+c.LinesRejected || reasons != c.LinesRejected || c.LinesAccepted != c.PurchaseLines+c.RefundLines {
		t.Errorf("the sums do not add up: %+v", c)
	}
}

// total is what the store holds in all.
type total struct {
	Orders   int64 `db:"orders"`
	Amount   int64 `db:"amount"`
	Refunded int64 `db:"refunded"`
	Lines    int64 `db:"lines"`
	People   int64 `db:"people"`
	OfPeople int64 `db:"of_people"`
	Refunds  int64 `db:"refunds"`
}

func totals(t interface{ Fatal(...any) }, db *store.DB) total {
	v, err := store.One[total](context.Background(), db, `SELECT
		(SELECT COUNT(*) FROM orders) AS orders, (SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM orders) AS amount,
		(SELECT CAST(COALESCE(SUM(refunded_fen), 0) AS BIGINT) FROM orders) AS refunded, (SELECT COUNT(*) FROM order_lines) AS lines,
		(SELECT COUNT(*) FROM customers) AS people, (SELECT CAST(COALESCE(SUM(spent_fen), 0) AS BIGINT) FROM customers) AS of_people,
		(SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM refunds) AS refunds`)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestMessyFiles: whatever the file, every line is accounted for, the store agrees with the counts, and the second
// import of the file accepts nothing.
func TestMessyFiles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		var so total
		rapid.Check(t, func(rt *rapid.T) {
			text := messy(rt, rapid.IntRange(1, 60).Draw(rt, "lines"))
			channel := fmt.Sprintf("c%d", so.Orders)
			name := func(spec *importing.Spec) { spec.Channel = channel }
			c := load(t, s, importing.TargetOrders, "f.csv", strings.NewReader(text), name).Result()
			sumsUp(rt, c)
			now := totals(rt, db)
			if now.Orders-so.Orders != c.Orders || now.Amount-so.Amount != c.AmountFen || now.Lines-so.Lines != c.PurchaseLines ||
				now.People-so.People != c.Customers || now.Refunded-so.Refunded != c.RefundedFen || now.Amount != now.OfPeople || now.Refunded != now.Refunds {
				rt.Errorf("%+v brought %+v to %+v", c, so, now)
			}
			again := load(t, s, importing.TargetOrders, "f.csv", strings.NewReader(text), name).Result()
			sumsUp(rt, again)
			if again.LinesAccepted != 0 || again.LinesDuplicate != c.LinesAccepted || totals(rt, db) != now {
				rt.Errorf("the second time %+v after %+v", again, c)
			}
			so = now
		})
	})
}

// TestRejectsCanBeFixed imports the file of rejected lines after correcting it, and nothing else is taken twice.
func TestRejectsCanBeFixed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		const text = "订单编号,买家会员名,付款时间,商家编码,购买数量,价格\n" +
			"1,甲,2026-03-01 10:00:00,A,1,10\n1,甲,2026-03-01 10:00:00,B,2,面议\n2,乙,2026-03-02 10:00:00,A,1,5\n2,乙,2026-03-02 10:00:00,A,1,5\n"
		first := load(t, s, importing.TargetOrders, "tmall.csv", strings.NewReader(text), func(spec *importing.Spec) { spec.Channel = "tmall" })
		c := first.Result()
		if c.LinesAccepted != 3 || c.LinesRejected != 1 || c.Rejected[importing.ReasonBadAmount] != 1 || c.AmountFen != 2000 {
			t.Fatalf("%+v", c)
		}
		f, name, err := s.Rejects(t.Context(), first.ID)
		if err != nil || name != "tmall-rejects.csv" {
			t.Fatalf("%q, %v", name, err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if !bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) || !bytes.Contains(b, []byte("3,price,bad_amount")) {
			t.Errorf("%q", b)
		}
		fixed := strings.Replace(string(b), "面议", "2.5", 1)
		again := load(t, s, importing.TargetOrders, name, strings.NewReader(fixed), func(spec *importing.Spec) { spec.Channel = "tmall" }).Result()
		if again.LinesAccepted != 1 || again.Orders != 0 || again.AmountFen != 500 {
			t.Errorf("%+v", again)
		}
		if now := totals(t, db); now.Orders != 2 || now.Amount != 2500 || now.OfPeople != 2500 {
			t.Errorf("%+v", now)
		}
		amended, err := store.One[string](t.Context(), db, `SELECT facts FROM outbox WHERE facts LIKE '%order.amended%'`)
		if err != nil || !strings.Contains(amended, `"amount":500`) {
			t.Errorf("%q, %v", amended, err)
		}
	})
}

// TestOrderLevel imports orders as a whole, later with a refund, later their lines.
func TestOrderLevel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		const head = "订单编号,买家会员名,买家实际支付金额,订单状态,订单付款时间,宝贝总数量,退款金额\n"
		channel := func(spec *importing.Spec) { spec.Channel = "tmall" }
		c := load(t, s, importing.TargetOrders, "a.csv", strings.NewReader(head+"1,甲,100.00,交易成功,2026-03-01 10:00:00,3,\n2,乙,50,交易关闭,,1,\n3,乙,60,交易关闭,2026-03-02 10:00:00,1,0\n"), channel).Result()
		if c.LinesAccepted != 2 || c.Orders != 2 || c.AmountFen != 16000 || c.RefundedFen != 6000 || c.Rejected[importing.ReasonNotPaid] != 1 {
			t.Errorf("%+v", c)
		}
		c = load(t, s, importing.TargetOrders, "b.csv", strings.NewReader(head+"1,甲,100.00,交易成功,2026-03-01 10:00:00,3,30\n3,乙,60,交易关闭,2026-03-02 10:00:00,1,0\n"), channel).Result()
		if c.LinesAccepted != 1 || c.LinesDuplicate != 1 || c.Orders != 0 || c.RefundedFen != 3000 {
			t.Errorf("%+v", c)
		}
		c = load(t, s, importing.TargetOrders, "c.csv", strings.NewReader("订单编号,买家会员名,付款时间,商家编码,购买数量,价格\n1,甲,2026-03-01 10:00:00,A,2,30\n1,甲,2026-03-01 10:00:00,B,1,40\n"), channel).Result()
		if c.LinesAccepted != 2 || c.AmountFen != 0 {
			t.Errorf("%+v", c)
		}
		if now := totals(t, db); now.Orders != 2 || now.Amount != 16000 || now.Refunded != 9000 || now.Lines != 2 {
			t.Errorf("%+v", now)
		}
	})
}

// TestCustomersAndConsent imports people with an operator's statement; a withdrawal is not overruled.
func TestCustomersAndConsent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		const text = "会员编号,姓名,手机号,邮箱,性别,生日,注册时间\nM1,甲,13800000001,a@example.com,女,1990/1/2,2025年3月1日\nM2,乙,138****0002,,男,,2025-03-02\n,丙,,,,,\nM1,甲,13800000001,a@example.com,女,1990/1/2,2025年3月1日\nM3,丁,138,,,,\n"
		give := func(spec *importing.Spec) {
			spec.Channel = "crm"
			spec.Consent = &importing.Consent{Channels: []string{"email", "phone"}, Statement: "signed in the store"}
		}
		c := load(t, s, importing.TargetCustomers, "m.csv", strings.NewReader(text), give).Result()
		sumsUp(t, importing.Counts{LinesRead: c.LinesRead, LinesAccepted: c.LinesAccepted, PurchaseLines: c.LinesAccepted, LinesDuplicate: c.LinesDuplicate, LinesRejected: c.LinesRejected, Rejected: c.Rejected})
		if c.Customers != 2 || c.LinesDuplicate != 1 || c.Rejected[importing.ReasonNoIdentity] != 1 || c.Rejected[importing.ReasonBadPhone] != 1 || c.ConsentsGiven != 4 {
			t.Errorf("%+v", c)
		}
		if _, err := db.Exec(t.Context(), `UPDATE consents SET state = 'withdrawn' WHERE customer = 1 AND channel = 'email'`); err != nil {
			t.Fatal(err)
		}
		if again := load(t, s, importing.TargetCustomers, "m.csv", strings.NewReader(text), give).Result(); again.LinesAccepted != 0 || again.ConsentsGiven != 0 {
			t.Errorf("%+v", again)
		}
		state, err := store.One[string](t.Context(), db, `SELECT state FROM consents WHERE customer = 1 AND channel = 'email'`)
		if err != nil || state != "withdrawn" {
			t.Errorf("%q, %v", state, err)
		}
	})
}

// TestCancelAndDryRun: a trial changes nothing, a canceled import keeps what it took, and running the file again adds
// the rest.
func TestCancelAndDryRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		var b strings.Builder
		b.WriteString("订单编号,买家会员名,付款时间,商家编码,购买数量,价格\n")
		for i := range 30000 {
			fmt.Fprintf(&b, "%07d,n%d,2026-03-01 10:00:00,A,1,10\n", i/3, i%300/3)
		}
		channel := func(spec *importing.Spec) { spec.Channel = "tmall" }
		imp, err := s.Upload(t.Context(), importing.TargetOrders, "o.csv", strings.NewReader(b.String()), "")
		if err != nil {
			t.Fatal(err)
		}
		channel(&imp.Spec)
		if imp, err = s.Configure(t.Context(), imp.ID, imp.Format, imp.Spec); err != nil {
			t.Fatal(err)
		}
		dry, err := s.DryRun(t.Context(), imp.ID)
		if err != nil || dry.Counts.LinesAccepted != 30000 || dry.Counts.Orders != 10000 || dry.Counts.Customers != 100 || dry.Counts.AmountFen != 30000000 || !dry.Complete {
			t.Errorf("%+v, %v", dry, err)
		}
		if now := totals(t, db); now != (total{}) {
			t.Errorf("a dry run left %+v", now)
		}
		if _, err := s.Start(t.Context(), imp.ID); err != nil {
			t.Fatal(err)
		}
		done, err := s.Execute(t.Context(), imp.ID, func(i importing.Import) {
			if i.Stage == importing.StageSettling && i.Done > 5000 {
				if _, err := s.Cancel(context.Background(), i.ID); err != nil {
					t.Error(err)
				}
			}
		})
		c := done.Result()
		if err != nil || done.Status != importing.StatusCanceled || c.LinesAccepted == 0 || c.LinesAccepted == 30000 {
			t.Fatalf("%s, %v, %+v", done.Status, err, c)
		}
		rest := load(t, s, importing.TargetOrders, "o.csv", strings.NewReader(b.String()), channel).Result()
		sumsUp(t, rest)
		if rest.LinesAccepted+c.LinesAccepted != 30000 || rest.LinesDuplicate != c.LinesAccepted {
			t.Errorf("%+v and then %+v", c, rest)
		}
		if err := s.Delete(t.Context(), imp.ID); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.Folder(imp.ID)); !os.IsNotExist(err) {
			t.Errorf("the folder is still there: %v", err)
		}
	})
}

// TestAnImportElsewhere: an import whose file is not on this machine holds up none that is.
func TestAnImportElsewhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		here, elsewhere := service(t, db), service(t, db)
		start := func(s *importing.Service) importing.Import {
			imp, err := s.Upload(t.Context(), importing.TargetCustomers, "c.csv", strings.NewReader("手机,姓名\n13800000001,甲\n"), "")
			if err == nil {
				imp.Spec.Channel = "store"
				imp, err = s.Configure(t.Context(), imp.ID, imp.Format, imp.Spec)
			}
			if err == nil {
				imp, err = s.Start(t.Context(), imp.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			return imp
		}
		there, mine := start(elsewhere), start(here)
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		ended := make(chan error, 1)
		go func() { ended <- here.Run(ctx) }()
		for ctx.Err() == nil {
			if imp, err := here.Get(ctx, mine.ID); err == nil && imp.Status == importing.StatusDone {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for id, want := range map[string]string{mine.ID: importing.StatusDone, there.ID: importing.StatusQueued} {
			if imp, err := here.Get(t.Context(), id); err != nil || imp.Status != want {
				t.Errorf("%s is %s, want %s; %v", id, imp.Status, want, err)
			}
		}
	})
}

// TestClosedAfterPayment: an order that was paid and then closed has gone back whole, whether its amount is told by the
// order or by its lines.
func TestClosedAfterPayment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		tmall := func(spec *importing.Spec) { spec.Channel = "tmall" }
		imp := load(t, s, importing.TargetOrders, "lines.csv", strings.NewReader("订单编号,买家会员名,付款时间,商家编码,购买数量,价格,订单状态\n"+
			"1,n1,2026-03-01 10:00:00,A,1,10,交易关闭\n1,n1,2026-03-01 10:00:00,B,2,5,交易关闭\n2,n1,2026-03-01 11:00:00,A,1,10,交易成功\n3,n1,,A,1,10,交易关闭\n"), tmall)
		sumsUp(t, imp.Result())
		if c := imp.Result(); c.Orders != 2 || c.AmountFen != 3000 || c.RefundedFen != 2000 || c.Rejected[importing.ReasonNotPaid] != 1 {
			t.Errorf("%+v", c)
		}
		again := load(t, s, importing.TargetOrders, "lines.csv", strings.NewReader("订单编号,买家会员名,付款时间,商家编码,购买数量,价格,订单状态\n"+
			"1,n1,2026-03-01 10:00:00,A,1,10,交易关闭\n1,n1,2026-03-01 10:00:00,B,2,5,交易关闭\n2,n1,2026-03-01 11:00:00,A,1,10,交易成功\n"), tmall)
		if c := again.Result(); c.LinesAccepted != 0 || c.LinesDuplicate != 3 || c.RefundedFen != 0 {
			t.Errorf("again: %+v", c)
		}
	})
}
