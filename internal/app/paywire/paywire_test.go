package paywire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/app/paywire"
	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/wechat/pay"
	"huoshui/internal/wechat/simulator"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

var keys = sync.OnceValue(func() simulator.Keys {
	k, err := simulator.NewKeys()
	if err != nil {
		panic(err)
	}
	return k
})

// till is everything that takes money, over a store of its own.
type till struct {
	*payment.Service
	t       testing.TB
	db      *store.DB
	now     *clock.Manual
	books   *ledger.Service
	wallets *wallet.Service
	points  *loyalty.Service
	sim     *simulator.Pay
	client  *pay.Client
	line    *line
	orders  *orders
}

// line is the network between us and WeChat; it can be cut, and it keeps what was notified.
type line struct {
	sync.Mutex
	to       http.RoundTripper
	cut      func(r *http.Request) bool // requests of ours that never come back
	after    bool                       // they arrive, and the answer is lost
	notified []note
	hold     bool // notifications are kept, not delivered
	take     func(r *http.Request) error
}

type note struct {
	header http.Header
	body   []byte
}

func (n note) request() *http.Request {
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/pay/notify", bytes.NewReader(n.body))
	if err != nil {
		panic(err)
	}
	r.Header = n.header.Clone()
	return r
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.Lock()
	cut, after := l.cut, l.after
	l.Unlock()
	if cut != nil && cut(r) {
		if after {
			if answer, err := l.to.RoundTrip(r); err == nil {
				_ = answer.Body.Close()
			}
		}
		return nil, errors.New("the line is cut")
	}
	return l.to.RoundTrip(r)
}

type outgoing struct{ *line }

func (o outgoing) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n := note{r.Header, body}
	o.Lock()
	o.notified = append(o.notified, n)
	hold := o.hold
	o.Unlock()
	status := http.StatusNoContent
	if hold || o.take(n.request()) != nil {
		status = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

// orders is a shop that wants every payment of the orders it holds open.
type orders struct {
	sync.Mutex
	open map[string]bool
	paid map[string]int
}

func (o *orders) Paid(_ context.Context, tx *store.Tx, p payment.Payment) (bool, error) {
	o.Lock()
	defer o.Unlock()
	tx.AfterCommit(func() { o.paid[p.ID]++ })
	return o.open[p.Order], nil
}

func open(t testing.TB, db *store.DB) *till {
	t.Helper()
	x := &till{t: t, db: db, now: clock.NewManual(start), line: &line{}, orders: &orders{open: map[string]bool{}, paid: map[string]int{}}}
	x.books = ledger.NewService(db, x.now.Now, time.FixedZone("CST", 8*3600))
	x.wallets = wallet.NewService(db, x.books, x.now.Now)
	x.points = loyalty.NewService(db, x.books, x.now.Now)
	x.sim = simulator.NewPay(db, keys(), x.now.Now, outgoing{x.line})
	x.line.to = x.sim
	var err error
	x.client, err = pay.New(context.Background(), paywire.Merchant(keys()), x.line, func() string { return "http://127.0.0.1/pay/notify" })
	if err != nil {
		t.Fatal(err)
	}
	x.Service = payment.NewService(db, paywire.Gateway{Client: x.client}, x.books, x.wallets, x.now.Now, slog.New(slog.DiscardHandler))
	x.Hear(x.orders)
	x.line.take = x.take
	return x
}

// take is the edge: what comes in is read and handed on.
func (x *till) take(r *http.Request) error {
	n, err := x.client.Read(context.Background(), r)
	if err != nil {
		return err
	}
	return paywire.Take(context.Background(), x.Service, n)
}

func (x *till) start(c payment.Start) (p payment.Payment, err error) {
	err = x.db.Tx(context.Background(), func(tx *store.Tx) error { p, err = x.Start(context.Background(), tx, c); return err })
	return p, err
}

func (x *till) giveBack(g payment.GiveBack) (r []payment.Refund, err error) {
	err = x.db.Tx(context.Background(), func(tx *store.Tx) error { r, err = x.GiveBack(context.Background(), tx, g); return err })
	return r, err
}

func (x *till) release(order string) error {
	return x.db.Tx(context.Background(), func(tx *store.Tx) error { return x.Release(context.Background(), tx, order, "cancelled", "") })
}

// ask starts a WeChat payment of an order and leads the customer to the cashier.
func (x *till) ask(order string, fen int64) (payment.Payment, payment.Cashier) {
	x.t.Helper()
	x.orders.open[order] = true
	p, err := x.start(payment.Start{RequestID: "req_" + order, Order: order, Customer: 7, Method: payment.WechatJSAPI, Fen: fen})
	if err != nil {
		x.t.Fatal(err)
	}
	c, err := x.Cashier(context.Background(), p.ID, 7, "oA")
	if err != nil || c.Launch == nil || c.Launch.PaySign == "" {
		x.t.Fatal(c, err)
	}
	return p, c
}

// pays lets the customer pay and WeChat work once.
func (x *till) pays(c payment.Cashier) {
	x.t.Helper()
	if _, err := x.sim.Customer(context.Background(), c.PrepayID, ""); err != nil {
		x.t.Fatal(err)
	}
	x.tick()
}

// tick lets WeChat and payments work until neither has anything due.
func (x *till) tick() {
	x.t.Helper()
	for range 20 {
		n, err := x.sim.Once(context.Background())
		if err != nil {
			x.t.Fatal(err)
		}
		m, _ := x.Once(context.Background()) // a cut line is an error here
		if n+m == 0 {
			return
		}
	}
}

func (x *till) state(id string, want payment.State, refunded int64) {
	x.t.Helper()
	p, err := payment.Get(context.Background(), x.db, id)
	if err != nil || p.State != want || p.RefundedFen != refunded {
		x.t.Errorf("%s with %d given back, want %s with %d; %v", p.State, p.RefundedFen, want, refunded, err)
	}
}

// fatal is what a test and a property have in common.
type fatal interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// agrees checks the books against everything that owns money.
func (x *till) agrees(t fatal, account map[money.Account]int64) {
	t.Helper()
	results, err := ledger.Audit(context.Background(), x.db, paywire.Checks()...)
	if err != nil || len(results) < 8 {
		t.Fatal(results, err)
	}
	for _, r := range results {
		for _, d := range r.Differences {
			t.Errorf("%+v", d)
		}
	}
	for a, want := range account {
		if got, err := ledger.BalanceOf(context.Background(), x.db, a); err != nil || got != want {
			t.Errorf("%s is %d, want %d, %v", a, got, want, err)
		}
	}
}

func each(t *testing.T, test func(t *testing.T, x *till)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, open(t, db)) })
}

func TestPaidAndRefunded(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		p, c := x.ask("ord_1", 10000)
		if again, err := x.start(payment.Start{RequestID: "req_ord_1", Order: "ord_1", Customer: 7, Method: payment.WechatJSAPI, Fen: 10000}); err != nil || again.ID != p.ID {
			t.Errorf("%+v, %v", again, err)
		}
		if _, err := x.start(payment.Start{RequestID: "req_ord_1", Order: "ord_1", Customer: 7, Method: payment.WechatJSAPI, Fen: 1}); !errs.Is(err, errs.Conflict) {
			t.Errorf("the request with another amount: %v", err)
		}
		if _, err := x.Cashier(t.Context(), p.ID, 8, "oB"); !errs.Is(err, errs.NotFound) {
			t.Errorf("another customer's payment: %v", err)
		}
		if _, err := x.giveBack(payment.GiveBack{RequestID: "g0", Order: "ord_1", Fen: 1}); !errs.Is(err, errs.Conflict) {
			t.Errorf("a refund of what is not paid: %v", err)
		}
		x.pays(c)
		x.state(p.ID, payment.Paid, 0)
		if x.orders.paid[p.ID] != 1 {
			t.Errorf("the order heard %d times", x.orders.paid[p.ID])
		}
		if _, err := x.Cashier(t.Context(), p.ID, 7, "oA"); !errs.Is(err, errs.Conflict) {
			t.Errorf("to the cashier again: %v", err)
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 10000, money.Deferred: -10000})
		r, err := x.giveBack(payment.GiveBack{RequestID: "g1", Order: "ord_1", Fen: 3000, Reason: "七天无理由"})
		if err != nil || len(r) != 1 || r[0].State != payment.RefundCreated {
			t.Fatalf("%+v, %v", r, err)
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 10000, money.Deferred: -7000, money.RefundsPayable: -3000})
		if again, err := x.giveBack(payment.GiveBack{RequestID: "g1", Order: "ord_1", Fen: 3000}); err != nil || again[0].ID != r[0].ID {
			t.Errorf("%+v, %v", again, err)
		}
		if _, err := x.giveBack(payment.GiveBack{RequestID: "g1", Order: "ord_1", Fen: 2999}); !errs.Is(err, errs.Conflict) {
			t.Errorf("the request with another amount: %v", err)
		}
		x.tick()
		x.state(p.ID, payment.Paid, 3000)
		x.agrees(t, map[money.Account]int64{money.Wechat: 7000, money.Deferred: -7000, money.RefundsPayable: 0})
		// Refund above paid: never, in one or in parts.
		for _, fen := range []int64{7001, 1 << 40} {
			if _, err := x.giveBack(payment.GiveBack{RequestID: fmt.Sprint("g", fen), Order: "ord_1", Fen: fen}); !errs.Is(err, errs.Conflict) {
				t.Errorf("%d of 7000: %v", fen, err)
			}
		}
		if _, err := x.giveBack(payment.GiveBack{RequestID: "g9", Order: "ord_1", Fen: -5}); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		refunds, err := payment.RefundsOfOrder(t.Context(), x.db, "ord_1")
		if err != nil || len(refunds) != 1 || refunds[0].State != payment.RefundSuccess || refunds[0].RefundID == "" {
			t.Errorf("%+v, %v", refunds, err)
		}
	})
}

// Forty ask at once for refunds of which ten fit.
func TestRefundsAtOnceNeverPassWhatWasPaid(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		p, c := x.ask("ord_1", 10000)
		x.pays(c)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				if _, err := x.giveBack(payment.GiveBack{RequestID: fmt.Sprint("g", i), Order: "ord_1", Fen: 1000}); err != nil && !errs.Is(err, errs.Conflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		x.tick()
		x.state(p.ID, payment.Paid, 10000)
		x.agrees(t, map[money.Account]int64{money.Wechat: 0, money.Deferred: 0, money.RefundsPayable: 0})
	})
}

// A notification may come twice, or many times at once: it counts once.
func TestCallbackTwice(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		p, c := x.ask("ord_1", 500)
		x.line.hold = true
		x.pays(c)
		first := x.line.notified[0]
		x.line.hold = false
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := x.take(first.request()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		x.state(p.ID, payment.Paid, 0)
		if x.orders.paid[p.ID] != 1 {
			t.Errorf("the order heard %d times", x.orders.paid[p.ID])
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 500})
		if n, err := store.One[payment.Notice](t.Context(), x.db, `SELECT * FROM payment_notices`); err != nil || n.Times != 20 || n.Verdict != "taken" {
			t.Errorf("%+v, %v", n, err)
		}
	})
}

// A notification that comes after the order was cancelled gives the money back.
func TestCallbackLate(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		p, c := x.ask("ord_1", 500)
		x.line.hold = true
		x.line.cut = func(*http.Request) bool { return true }
		x.pays(c)
		x.orders.open["ord_1"] = false
		if err := x.release("ord_1"); err != nil {
			t.Fatal(err)
		}
		x.tick()
		x.state(p.ID, payment.Closing, 0) // WeChat does not answer: nobody may say closed
		x.line.hold, x.line.cut = false, nil
		x.now.Advance(20 * time.Minute)
		x.tick()
		x.state(p.ID, payment.Paid, 500)
		x.agrees(t, map[money.Account]int64{money.Wechat: 0, money.Deferred: 0, money.RefundsPayable: 0})
		if x.orders.paid[p.ID] != 1 {
			t.Errorf("the order heard %d times", x.orders.paid[p.ID])
		}
	})
}

// News of the day before that comes after its close is booked today.
func TestCallbackAfterTheDayIsClosed(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		_, c := x.ask("ord_1", 500)
		x.line.hold = true
		x.pays(c)
		x.now.Advance(24 * time.Hour)
		if _, err := x.books.Close(t.Context(), "2026-03-01", "stf_1", ""); err != nil {
			t.Fatal(err)
		}
		if err := x.take(x.line.notified[0].request()); err != nil {
			t.Fatal(err)
		}
		trail, err := ledger.Trail(t.Context(), x.db, "ord_1")
		if err != nil || len(trail) != 1 || trail[0].Day != "2026-03-02" || !trail[0].At.Equal(start) {
			t.Errorf("%+v, %v", trail, err)
		}
		x.agrees(t, nil)
	})
}

// The refund's notification may come before anything else is heard of it, and before the payment's is repeated.
func TestCallbacksOutOfOrder(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		p, c := x.ask("ord_1", 500)
		x.pays(c)
		x.line.cut, x.line.after = func(r *http.Request) bool { return strings.Contains(r.URL.Path, "refund") }, true
		if _, err := x.giveBack(payment.GiveBack{RequestID: "g1", Order: "ord_1", Fen: 200}); err != nil {
			t.Fatal(err)
		}
		x.tick() // the request arrived, its answer was lost, the notification came
		refunds, err := payment.RefundsOfOrder(t.Context(), x.db, "ord_1")
		if err != nil || refunds[0].State != payment.RefundSuccess {
			t.Errorf("%+v, %v", refunds, err)
		}
		x.line.cut = nil
		for _, i := range []int{1, 0, 1, 0} { // both again, the refund's first
			if err := x.take(x.line.notified[i].request()); err != nil {
				t.Error(i, err)
			}
		}
		processing := payment.GatewayRefund{RefundNo: refunds[0].No(), No: p.ID, Fen: 200, State: "PROCESSING"}
		if err := x.RefundNotified(t.Context(), "", processing); err != nil { // an answer that was overtaken
			t.Error(err)
		}
		if err := x.Notified(t.Context(), "", payment.Transaction{No: p.ID, State: "NOTPAY"}); err != nil {
			t.Error(err)
		}
		x.state(p.ID, payment.Paid, 200)
		x.now.Advance(time.Hour)
		x.tick()
		x.agrees(t, map[money.Account]int64{money.Wechat: 300, money.Deferred: -300, money.RefundsPayable: 0})
	})
}

// What is signed by somebody else, or does not agree with the payment, changes nothing.
func TestCallbackForged(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		p, _ := x.ask("ord_1", 500)
		other, _ := x.ask("ord_2", 100)
		forged, err := simulator.NewKeys()
		if err != nil {
			t.Fatal(err)
		}
		thief := simulator.NewPay(x.db, forged, x.now.Now, nil)
		good := map[string]any{
			"mchid": keys().MchID, "appid": keys().AppID, "out_trade_no": p.ID, "transaction_id": "4200001", "trade_state": "SUCCESS", "success_time": "2026-03-01T10:00:00+08:00",
			"payer": map[string]any{"openid": "oA"}, "amount": map[string]any{"total": 500, "currency": "CNY"},
		}
		send := func(from *simulator.Pay, change map[string]any) error {
			t.Helper()
			all := map[string]any{}
			for k, v := range good {
				all[k] = v
			}
			for k, v := range change {
				all[k] = v
			}
			content, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			r, err := from.Notification(t.Context(), fmt.Sprint("ntc_", len(change), change), "http://127.0.0.1/pay/notify", "TRANSACTION.SUCCESS", content)
			if err != nil {
				t.Fatal(err)
			}
			return x.take(r)
		}
		if err := send(thief, nil); !errs.Is(err, errs.Denied) {
			t.Errorf("forged: %v", err)
		}
		for name, c := range map[string]struct {
			change map[string]any
			want   errs.Kind
		}{
			"another merchant":   {map[string]any{"mchid": "1"}, errs.Invalid},
			"another app":        {map[string]any{"appid": "wx1"}, errs.Invalid},
			"free payment":       {map[string]any{"amount": map[string]any{"total": 1, "currency": "CNY"}}, errs.Invalid},
			"another currency":   {map[string]any{"amount": map[string]any{"total": 500, "currency": "USD"}}, errs.Invalid},
			"another order":      {map[string]any{"out_trade_no": other.ID}, errs.Invalid},
			"nobody's order":     {map[string]any{"out_trade_no": "pay_none"}, errs.NotFound},
			"without number":     {map[string]any{"transaction_id": ""}, errs.Invalid},
			"a time of no sense": {map[string]any{"success_time": "yesterday"}, errs.Invalid},
		} {
			if err := send(x.sim, c.change); !errs.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		x.state(p.ID, payment.Pending, 0)
		x.state(other.ID, payment.Pending, 0)
		if err := send(x.sim, map[string]any{"trade_state": "USERPAYING"}); err != nil {
			t.Error(err)
		}
		x.state(p.ID, payment.Pending, 0)
		if err := send(x.sim, nil); err != nil {
			t.Fatal(err)
		}
		x.state(p.ID, payment.Paid, 0)
		// The same transaction does not pay a second order, nor another transaction the same.
		if err := send(x.sim, map[string]any{"out_trade_no": other.ID, "amount": map[string]any{"total": 100, "currency": "CNY"}}); !errs.Is(err, errs.Conflict) {
			t.Errorf("one transaction for two orders: %v", err)
		}
		if err := send(x.sim, map[string]any{"transaction_id": "4200002"}); !errs.Is(err, errs.Invalid) {
			t.Errorf("two transactions for one order: %v", err)
		}
		refused, err := payment.Refused(t.Context(), x.db, 50)
		if err != nil || len(refused) != 9 {
			t.Errorf("%d refused, %v", len(refused), err)
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 500, money.Deferred: -500})
	})
}

func TestRefundForged(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		p, c := x.ask("ord_1", 500)
		x.pays(c)
		x.line.cut = func(*http.Request) bool { return true }
		r, err := x.giveBack(payment.GiveBack{RequestID: "g1", Order: "ord_1", Fen: 200})
		if err != nil {
			t.Fatal(err)
		}
		good := payment.GatewayRefund{MchID: keys().MchID, RefundNo: r[0].No(), No: p.ID, RefundID: "503", Fen: 200, State: "SUCCESS", SuccessAt: start}
		for name, c := range map[string]struct {
			change func(*payment.GatewayRefund)
			want   errs.Kind
		}{
			"another merchant": {func(g *payment.GatewayRefund) { g.MchID = "1" }, errs.Invalid},
			"another amount":   {func(g *payment.GatewayRefund) { g.Fen = 500 }, errs.Invalid},
			"another payment":  {func(g *payment.GatewayRefund) { g.No = "pay_x" }, errs.Invalid},
			"nobody's":         {func(g *payment.GatewayRefund) { g.RefundNo = "rfd_x" }, errs.NotFound},
			"a strange state":  {func(g *payment.GatewayRefund) { g.State = "MAYBE" }, errs.Invalid},
		} {
			g := good
			c.change(&g)
			if err := x.RefundNotified(t.Context(), "ntc_"+name, g); !errs.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 500, money.RefundsPayable: -200})
		for range 2 {
			if err := x.RefundNotified(t.Context(), "ntc_good", good); err != nil {
				t.Error(err)
			}
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 300, money.RefundsPayable: 0})
	})
}

// Without any notification, asking WeChat finds what was paid; what was not is closed when its time is over.
func TestWithoutCallbacks(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		paid, c := x.ask("ord_1", 500)
		never, _ := x.ask("ord_2", 500)
		asked, err := x.start(payment.Start{RequestID: "r3", Order: "ord_3", Customer: 7, Method: payment.WechatNative, Fen: 5})
		if err != nil {
			t.Fatal(err)
		}
		x.line.hold = true
		if _, err := x.sim.Customer(t.Context(), c.PrepayID, ""); err != nil {
			t.Fatal(err)
		}
		x.now.Advance(10 * time.Second)
		x.tick()
		x.state(paid.ID, payment.Paid, 0)
		x.state(never.ID, payment.Pending, 0)
		x.now.Advance(29 * time.Minute)
		x.tick()
		x.state(never.ID, payment.Pending, 0)
		x.now.Advance(time.Minute)
		x.tick()
		x.state(never.ID, payment.Closed, 0)
		x.state(asked.ID, payment.Closed, 0)
		if tr, err := x.client.Query(t.Context(), never.ID); err != nil || tr.State != "CLOSED" {
			t.Errorf("%+v, %v", tr, err)
		}
		if _, err := x.Cashier(t.Context(), never.ID, 7, "oA"); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 500})
	})
}

// A prepay whose answer was lost is asked for again with the same number; a cancelled one is closed when WeChat knows it or
// surely never will.
func TestTimeouts(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		x.orders.open["ord_1"] = true
		p, err := x.start(payment.Start{RequestID: "r1", Order: "ord_1", Customer: 7, Method: payment.WechatNative, Fen: 500})
		if err != nil {
			t.Fatal(err)
		}
		x.line.cut, x.line.after = func(*http.Request) bool { return true }, true
		if _, err := x.Cashier(t.Context(), p.ID, 7, ""); !errs.Is(err, errs.Unavailable) {
			t.Fatal(err)
		}
		x.line.cut = nil
		c, err := x.Cashier(t.Context(), p.ID, 7, "")
		if err != nil || c.CodeURL == "" {
			t.Fatal(c, err)
		}
		if _, err := x.sim.Customer(t.Context(), c.CodeURL, "oScan"); err != nil {
			t.Fatal(err)
		}
		x.tick()
		x.state(p.ID, payment.Paid, 0)

		lost, err := x.start(payment.Start{RequestID: "r2", Order: "ord_2", Customer: 7, Method: payment.WechatNative, Fen: 500})
		if err != nil {
			t.Fatal(err)
		}
		x.line.cut, x.line.after = func(*http.Request) bool { return true }, false
		if _, err := x.Cashier(t.Context(), lost.ID, 7, ""); !errs.Is(err, errs.Unavailable) {
			t.Fatal(err)
		}
		x.line.cut = nil
		if err := x.release("ord_2"); err != nil {
			t.Fatal(err)
		}
		x.tick()
		x.state(lost.ID, payment.Closing, 0)
		for range 4 {
			x.now.Advance(30 * time.Second)
			x.tick()
		}
		x.state(lost.ID, payment.Closed, 0)
		x.agrees(t, nil)
	})
}

func TestRefundsInTrouble(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		_, c := x.ask("ord_1", 1000)
		x.pays(c)
		ask := func(key string) payment.Refund {
			t.Helper()
			r, err := x.giveBack(payment.GiveBack{RequestID: key, Order: "ord_1", Fen: 100})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := x.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			return r[0]
		}
		closed := ask("g1")
		if err := x.sim.FinishRefund(t.Context(), closed.No(), "CLOSED"); err != nil {
			t.Fatal(err)
		}
		abnormal := ask("g2")
		if err := x.sim.FinishRefund(t.Context(), abnormal.No(), "ABNORMAL"); err != nil {
			t.Fatal(err)
		}
		x.tick()
		x.agrees(t, map[money.Account]int64{money.Wechat: 1000, money.RefundsPayable: -200})
		if in, err := payment.Refunds(t.Context(), x.db, true, "", 10); err != nil || len(in) != 2 {
			t.Errorf("%+v, %v", in, err)
		}
		if _, err := x.Retry(t.Context(), abnormal.ID); !errs.Is(err, errs.Conflict) {
			t.Errorf("an abnormal refund was asked for twice: %v", err)
		}
		again, err := x.Retry(t.Context(), closed.ID)
		if err != nil || again.No() == closed.No() {
			t.Fatalf("%+v, %v", again, err)
		}
		x.tick()
		if _, err := x.PaidOut(t.Context(), abnormal.ID, "stf_1", ""); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		if _, err := x.PaidOut(t.Context(), abnormal.ID, "stf_1", "转账到客户银行卡"); err != nil {
			t.Error(err)
		}
		if _, err := x.PaidOut(t.Context(), closed.ID, "stf_1", "x"); !errs.Is(err, errs.Conflict) {
			t.Errorf("paid out and refunded: %v", err)
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 900, money.Bank: -100, money.RefundsPayable: 0, money.Deferred: -800})
	})
}

// Part from the wallet, part by WeChat: refunds go back in the proportion, exactly.
func TestMixedPayment(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		if err := x.db.Tx(t.Context(), func(tx *store.Tx) error {
			_, err := x.wallets.TopUp(t.Context(), tx, wallet.TopUp{Key: "t1", Customer: 7, PrincipalFen: 2000, GiftFen: 1001, From: money.Bank})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := x.start(payment.Start{RequestID: "b0", Order: "ord_1", Customer: 7, Method: payment.Balance, Fen: 3002}); !errs.Is(err, errs.Conflict) {
			t.Errorf("more than the wallet holds: %v", err)
		}
		balance, err := x.start(payment.Start{RequestID: "b1", Order: "ord_1", Customer: 7, Method: payment.Balance, Fen: 3001})
		if err != nil || balance.State != payment.Paid {
			t.Fatalf("%+v, %v", balance, err)
		}
		p, c := x.ask("ord_1", 7000)
		x.pays(c)
		x.state(p.ID, payment.Paid, 0)
		if paid, back, err := payment.PaidFen(t.Context(), x.db, "ord_1"); err != nil || paid != 10001 || back != 0 {
			t.Error(paid, back, err)
		}
		sum := int64(0)
		for i, fen := range []int64{1, 3333, 1000, 5667} {
			r, err := x.giveBack(payment.GiveBack{RequestID: fmt.Sprint("g", i), Order: "ord_1", Fen: fen})
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range r {
				sum += one.AmountFen
			}
			x.tick()
		}
		if sum != 10001 {
			t.Errorf("%d came back", sum)
		}
		w, err := wallet.Get(t.Context(), x.db, 7, x.now.Now())
		if err != nil || w.PrincipalFen != 2000 || w.GiftFen != 1001 {
			t.Errorf("%+v, %v", w, err)
		}
		x.agrees(t, map[money.Account]int64{money.Wechat: 0, money.Deferred: 0, money.RefundsPayable: 0})
	})
}

// A cancelled order lets go of all its payments: the unpaid is closed, the wallet's comes back.
func TestCancelBeforePaid(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		top, err := x.start(payment.Start{RequestID: "t1", Purpose: payment.ForTopUp, Customer: 7, Method: payment.WechatNative, Fen: 1000, GiftFen: 100})
		if err != nil {
			t.Fatal(err)
		}
		c, err := x.Cashier(t.Context(), top.ID, 7, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.sim.Customer(t.Context(), c.CodeURL, ""); err != nil {
			t.Fatal(err)
		}
		x.tick()
		x.agrees(t, map[money.Account]int64{money.Wechat: 1000, money.WalletPrincipal: -1000, money.WalletGift: -100, money.GiftCost: 100})
		balance, err := x.start(payment.Start{RequestID: "b1", Order: "ord_1", Customer: 7, Method: payment.Balance, Fen: 1050})
		if err != nil {
			t.Fatal(err)
		}
		p, pc := x.ask("ord_1", 500)
		for range 2 {
			if err := x.release("ord_1"); err != nil {
				t.Fatal(err)
			}
		}
		x.tick()
		x.state(balance.ID, payment.Paid, 1050)
		x.state(p.ID, payment.Closed, 0)
		if _, err := x.sim.Customer(t.Context(), pc.PrepayID, ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("a cancelled order was paid: %v", err)
		}
		x.agrees(t, map[money.Account]int64{money.Deferred: 0, money.WalletPrincipal: -1000, money.WalletGift: -100})
	})
}

// TestEverything runs random streams of all that moves money: orders with mixed payments, points, top-ups, refunds in
// parts, cancellations, expiry, lost notifications, days that close. After every step the books are balanced and equal to
// wallets, points and payments.
func TestEverything(t *testing.T) {
	each(t, func(t *testing.T, x *till) {
		ctx := t.Context()
		n := 0
		var orders, earned []string
		rapid.Check(t, func(rt *rapid.T) {
			if n > 160 {
				return
			}
			for range rapid.IntRange(1, 6).Draw(rt, "steps") {
				n++
				key, customer := fmt.Sprint("k", n), uint32(rapid.IntRange(1, 3).Draw(rt, "customer"))
				fen := rapid.Int64Range(1, 20000).Draw(rt, "fen")
				var err error
				switch what := rapid.IntRange(0, 9).Draw(rt, "what"); {
				case what == 0:
					err = x.db.Tx(ctx, func(tx *store.Tx) error {
						_, err := x.wallets.TopUp(ctx, tx, wallet.TopUp{Key: key, Customer: customer, PrincipalFen: fen, GiftFen: fen / 7, From: money.Bank, ExpiresAt: x.now.Now().AddDate(0, 0, 9)})
						return err
					})
				case what == 1:
					if err = x.db.Tx(ctx, func(tx *store.Tx) error {
						_, err := x.points.Earn(ctx, tx, loyalty.Earn{Key: key, Customer: customer, Points: fen, ExpiresAt: x.now.Now().AddDate(0, 0, 9)})
						return err
					}); err == nil {
						earned = append(earned, key)
					}
				case what <= 5:
					order := "ord_" + key
					x.orders.open[order] = true
					var cash payment.Payment
					err = x.db.Tx(ctx, func(tx *store.Tx) error {
						points, balance, coupon := fen/9, fen/4, fen/11
						if points > 0 {
							if _, err := x.points.Burn(ctx, tx, loyalty.Burn{Key: key + "/points", Customer: customer, Points: points, Fen: points, Order: order}); err != nil {
								return err
							}
						}
						if balance > 0 {
							if _, err := x.Start(ctx, tx, payment.Start{RequestID: key + "/b", Order: order, Customer: customer, Method: payment.Balance, Fen: balance}); err != nil {
								return err
							}
						}
						if err := x.books.Post(ctx, tx, money.Entry{Key: key + "/coupon", At: x.now.Now(), Reason: "order.discounted", Order: order, Moves: []money.Move{{Debit: money.CouponCost, Credit: money.Deferred, Fen: coupon}}}); err != nil {
							return err
						}
						var err error
						cash, err = x.Start(ctx, tx, payment.Start{RequestID: key + "/w", Order: order, Customer: customer, Method: payment.WechatNative, Fen: fen})
						return err
					})
					if err != nil {
						break
					}
					orders = append(orders, order)
					x.line.hold = rapid.Bool().Draw(rt, "lost")
					c, e := x.Cashier(ctx, cash.ID, customer, "")
					if e != nil {
						rt.Fatal(e)
					}
					if rapid.IntRange(0, 3).Draw(rt, "pays") > 0 {
						if _, err = x.sim.Customer(ctx, c.CodeURL, ""); err != nil {
							rt.Fatal(err)
						}
					}
				case what == 6 && len(orders) > 0:
					_, err = x.giveBack(payment.GiveBack{RequestID: key, Order: rapid.SampledFrom(orders).Draw(rt, "order"), Fen: fen/2 + 1, Reason: "x"})
				case what == 7 && len(orders) > 0:
					order := rapid.SampledFrom(orders).Draw(rt, "order")
					x.orders.open[order] = false
					err = x.release(order)
				case what == 8 && len(earned) > 0:
					err = x.db.Tx(ctx, func(tx *store.Tx) error {
						_, err := x.points.Revoke(ctx, tx, loyalty.Revoke{Key: key, Earn: rapid.SampledFrom(earned).Draw(rt, "earned"), Points: fen})
						return err
					})
				case what == 9:
					day := x.books.Today()
					x.now.Advance(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 26 * time.Hour}).Draw(rt, "later"))
					if x.books.Today() > day && rapid.Bool().Draw(rt, "close") {
						if _, err := x.books.Close(ctx, day, "stf_1", ""); err != nil && !errs.Is(err, errs.Conflict) {
							rt.Fatal(err)
						}
					}
					if _, err = x.wallets.Expire(ctx, 100); err == nil {
						_, err = x.points.Expire(ctx, 100)
					}
				}
				if err != nil && !errs.Is(err, errs.Conflict) {
					rt.Fatal(err)
				}
				if rapid.Bool().Draw(rt, "tick") {
					x.tick()
				}
				x.agrees(rt, nil)
			}
		})
	})
}
