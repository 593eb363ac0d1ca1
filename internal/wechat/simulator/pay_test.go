package simulator_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/secret"
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

// mailbox takes notifications; it answers with status.
type mailbox struct {
	sync.Mutex
	status int
	got    []*http.Request
	bodies [][]byte
}

func (m *mailbox) RoundTrip(r *http.Request) (*http.Response, error) {
	m.Lock()
	defer m.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	m.got, m.bodies = append(m.got, r), append(m.bodies, body)
	return &http.Response{StatusCode: m.status, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

// last returns the latest notification as the merchant's server gets it.
func (m *mailbox) last() *http.Request {
	m.Lock()
	defer m.Unlock()
	r := m.got[len(m.got)-1].Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(m.bodies[len(m.bodies)-1]))
	return r
}

func merchant(k simulator.Keys) pay.Merchant {
	return pay.Merchant{MchID: k.MchID, AppID: k.AppID, Serial: k.Serial, PrivateKey: k.Merchant, APIv3Key: k.APIv3Key, PublicKeyID: k.PublicKeyID, PublicKey: &k.Platform.PublicKey}
}

func open(t *testing.T, db *store.DB) (*simulator.Pay, *pay.Client, *mailbox, *clock.Manual) {
	t.Helper()
	now, box := clock.NewManual(start), &mailbox{status: http.StatusNoContent}
	sim := simulator.NewPay(db, keys(), now.Now, box)
	client, err := pay.New(t.Context(), merchant(keys()), sim, func() string { return "http://127.0.0.1/pay/notify" })
	if err != nil {
		t.Fatal(err)
	}
	return sim, client, box, now
}

func TestAPaymentFromEndToEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		sim, client, box, now := open(t, db)
		prepay, launch, err := client.JSAPI(ctx, pay.Order{No: "pay_000001", Description: "猫粮 1 袋", Fen: 12345, OpenID: "oA", ExpiresAt: start.Add(time.Hour)})
		if err != nil || prepay == "" || launch.Package != "prepay_id="+prepay || launch.SignType != "RSA" {
			t.Fatalf("%q %+v, %v", prepay, launch, err)
		}
		sum := sha256.Sum256([]byte(launch.AppID + "\n" + launch.TimeStamp + "\n" + launch.NonceStr + "\n" + launch.Package + "\n"))
		signature, err := base64.StdEncoding.DecodeString(launch.PaySign)
		if err != nil || rsa.VerifyPKCS1v15(&keys().Merchant.PublicKey, crypto.SHA256, sum[:], signature) != nil {
			t.Errorf("the cashier would refuse %+v, %v", launch, err)
		}
		if again, _, err := client.JSAPI(ctx, pay.Order{No: "pay_000001", Description: "猫粮 1 袋", Fen: 12345, OpenID: "oA"}); err != nil || again != prepay {
			t.Errorf("again: %q, %v", again, err)
		}
		if _, _, err := client.JSAPI(ctx, pay.Order{No: "pay_000001", Description: "x", Fen: 1, OpenID: "oA"}); !errs.Is(err, errs.Invalid) {
			t.Errorf("the number with another amount: %v", err)
		}
		if q, err := client.Query(ctx, "pay_000001"); err != nil || q.State != "NOTPAY" || q.Fen != 12345 {
			t.Errorf("%+v, %v", q, err)
		}
		if _, err := client.Query(ctx, "pay_none"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if _, err := sim.Customer(ctx, prepay, "oB"); !errs.Is(err, errs.Denied) {
			t.Errorf("another paid: %v", err)
		}
		if _, err := sim.Customer(ctx, prepay, "oA"); err != nil {
			t.Fatal(err)
		}
		if _, err := sim.Customer(ctx, prepay, "oA"); !errs.Is(err, errs.Conflict) {
			t.Errorf("paid twice: %v", err)
		}
		if err := client.Close(ctx, "pay_000001"); !errs.Is(err, errs.Conflict) {
			t.Errorf("close of a paid one: %v", err)
		}
		if n, err := sim.Once(ctx); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		note, err := client.Read(ctx, box.last())
		if tr := note.Transaction; err != nil || tr == nil || tr.No != "pay_000001" || tr.Fen != 12345 || tr.State != "SUCCESS" || tr.Currency != "CNY" ||
			tr.MchID != keys().MchID || tr.AppID != keys().AppID || tr.OpenID != "oA" || !tr.SuccessAt.Equal(start) || tr.TransactionID == "" {
			t.Errorf("%+v, %v", note.Transaction, err)
		}
		now.Advance(time.Minute)
		if _, err := client.Refund(ctx, "pay_000001", "rfd_1", "七天无理由", 12346, 12345); !errs.Is(err, errs.Invalid) {
			t.Errorf("more than was paid: %v", err)
		}
		r, err := client.Refund(ctx, "pay_000001", "rfd_1", "七天无理由", 345, 12345)
		if err != nil || r.State != "PROCESSING" || r.Fen != 345 || r.TotalFen != 12345 || r.No != "pay_000001" {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, err := client.Refund(ctx, "pay_000001", "rfd_2", "", 12001, 12345); !errs.Is(err, errs.Invalid) {
			t.Errorf("more than is left: %v", err)
		}
		if n, err := sim.Once(ctx); err != nil || n != 2 {
			t.Fatal(n, err)
		}
		note, err = client.Read(ctx, box.last())
		if rf := note.Refund; err != nil || rf == nil || rf.RefundNo != "rfd_1" || rf.State != "SUCCESS" || rf.Fen != 345 || rf.MchID != keys().MchID {
			t.Errorf("%+v, %v", note.Refund, err)
		}
		if q, err := client.QueryRefund(ctx, "rfd_1"); err != nil || q.State != "SUCCESS" || !q.SuccessAt.Equal(start.Add(time.Minute)) {
			t.Errorf("%+v, %v", q, err)
		}
		bill, err := client.TradeBill(ctx, "2026-03-01")
		if err != nil || len(bill.Lines) != 2 || bill.PaidFen != 12345 || bill.RefundFen != 345 || bill.FeeFen != 74-2 {
			t.Fatalf("%+v, %v", bill, err)
		}
		if l := bill.Lines[1]; l.RefundNo != "rfd_1" || l.RefundFen != 345 || l.FeeFen != -2 || l.No != "pay_000001" {
			t.Errorf("%+v", l)
		}
		if _, err := client.TradeBill(ctx, "2026-03-02"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a day without a bill: %v", err)
		}
	})
}

func TestScannedAndClosed(t *testing.T) {
	ctx := t.Context()
	sim, client, _, now := open(t, storetest.Open(t))
	code, err := client.Native(ctx, pay.Order{No: "pay_native", Description: "充值", Fen: 1, ExpiresAt: start.Add(time.Minute)})
	if err != nil || !strings.HasPrefix(code, "weixin://") {
		t.Fatal(code, err)
	}
	now.Advance(2 * time.Minute)
	if _, err := sim.Customer(ctx, code, ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("paid too late: %v", err)
	}
	for range 2 {
		if err := client.Close(ctx, "pay_native"); err != nil {
			t.Error(err)
		}
	}
	if q, err := client.Query(ctx, "pay_native"); err != nil || q.State != "CLOSED" {
		t.Errorf("%+v, %v", q, err)
	}
	if err := client.Close(ctx, "pay_none"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if _, err := client.Refund(ctx, "pay_native", "rfd_1", "", 1, 1); !errs.Is(err, errs.NotFound) {
		t.Errorf("a refund of what was not paid: %v", err)
	}
	for name, o := range map[string]pay.Order{
		"short number": {No: "x", Description: "x", Fen: 1}, "no description": {No: "pay_000002", Fen: 1}, "nothing": {No: "pay_000002", Description: "x"},
		"negative": {No: "pay_000002", Description: "x", Fen: -1}, "long": {No: "pay_000002", Description: strings.Repeat("长", 128), Fen: 1},
	} {
		if _, err := client.Native(ctx, o); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Notifications are repeated until they are taken, and then no more.
func TestNotificationsAreRepeated(t *testing.T) {
	ctx := t.Context()
	sim, client, box, now := open(t, storetest.Open(t))
	box.status = http.StatusInternalServerError
	prepay, _, err := client.JSAPI(ctx, pay.Order{No: "pay_000001", Description: "x", Fen: 5, OpenID: "oA"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Customer(ctx, prepay, ""); err != nil {
		t.Fatal(err)
	}
	for i, wait := range []time.Duration{0, 14 * time.Second, time.Second, 15 * time.Second, 29 * time.Second, time.Second} {
		now.Advance(wait)
		if _, err := sim.Once(ctx); err != nil {
			t.Fatal(err)
		}
		if want := []int{1, 1, 2, 3, 3, 4}[i]; len(box.got) != want {
			t.Errorf("after step %d: %d sent, want %d", i, len(box.got), want)
		}
	}
	box.status = http.StatusNoContent
	now.Advance(3 * time.Minute)
	for range 2 {
		if _, err := sim.Once(ctx); err != nil {
			t.Fatal(err)
		}
		now.Advance(time.Hour)
	}
	if len(box.got) != 5 {
		t.Errorf("%d sent", len(box.got))
	}
}

func TestForgedIsRefused(t *testing.T) {
	ctx := t.Context()
	sim, client, _, _ := open(t, storetest.Open(t))
	good := func() *http.Request {
		r, err := sim.Notification(ctx, "n1", "http://127.0.0.1/pay/notify", "TRANSACTION.SUCCESS", []byte(`{"out_trade_no":"pay_1"}`))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if _, err := client.Read(ctx, good()); err != nil {
		t.Fatal(err)
	}
	other, err := simulator.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	forger := simulator.NewPay(nil, other, clock.System, nil)
	for name, spoil := range map[string]func(r *http.Request) *http.Request{
		"old": func(r *http.Request) *http.Request {
			r.Header.Set("Wechatpay-Timestamp", fmt.Sprint(time.Now().Add(-301*time.Second).Unix()))
			return r
		},
		"no signature": func(r *http.Request) *http.Request { r.Header.Del("Wechatpay-Signature"); return r },
		"probe": func(r *http.Request) *http.Request {
			r.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+r.Header.Get("Wechatpay-Signature"))
			return r
		},
		"another serial":    func(r *http.Request) *http.Request { r.Header.Set("Wechatpay-Serial", "PUB_KEY_ID_X"); return r },
		"another nonce":     func(r *http.Request) *http.Request { r.Header.Set("Wechatpay-Nonce", "x"); return r },
		"another algorithm": func(r *http.Request) *http.Request { r.Header.Set("Wechatpay-Signature-Type", "NONE"); return r },
		"changed body": func(r *http.Request) *http.Request {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte("n1"), []byte("n2"), 1)))
			return r
		},
		"another key": func(*http.Request) *http.Request {
			r, err := forger.Notification(ctx, "n1", "http://127.0.0.1/pay/notify", "TRANSACTION.SUCCESS", []byte(`{"out_trade_no":"pay_1"}`))
			if err != nil {
				t.Fatal(err)
			}
			return r
		},
	} {
		if n, err := client.Read(ctx, spoil(good())); !errs.Is(err, errs.Denied) || strings.Contains(fmt.Sprint(err), "pay_1") {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	// A merchant with another key is refused, and so is an answer that another platform signed.
	wrong := merchant(keys())
	wrong.PrivateKey = other.Merchant
	stranger, err := pay.New(ctx, wrong, sim, func() string { return "http://127.0.0.1/pay/notify" })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Query(ctx, "pay_000001"); !errs.Is(err, errs.Internal) && !errs.Is(err, errs.Unavailable) {
		t.Errorf("a stranger's request: %v", err)
	}
	trusting := merchant(keys())
	trusting.PublicKey = &other.Platform.PublicKey
	deceived, err := pay.New(ctx, trusting, sim, func() string { return "http://127.0.0.1/pay/notify" })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deceived.Native(ctx, pay.Order{No: "pay_000009", Description: "x", Fen: 1}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("an answer of another platform: %v", err)
	}
}

func TestKeysAreKept(t *testing.T) {
	db := storetest.Open(t)
	sealer, err := secret.Load("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	first, err := simulator.LoadKeys(t.Context(), db, sealer, start)
	if err != nil {
		t.Fatal(err)
	}
	again, err := simulator.LoadKeys(t.Context(), db, sealer, start)
	if err != nil || !again.Merchant.Equal(first.Merchant) || !again.Platform.Equal(first.Platform) || again.APIv3Key != first.APIv3Key || len(first.APIv3Key) != 32 {
		t.Errorf("%v", err)
	}
	kept, err := store.One[string](t.Context(), db, `SELECT value FROM settings WHERE name = 'simulator.pay'`)
	if err != nil || strings.Contains(kept, first.APIv3Key) {
		t.Errorf("the key lies open: %v", err)
	}
}

func FuzzParseBill(f *testing.F) {
	f.Add([]byte("\ufeffhead\r\n`2026-03-01 10:00:00,`wx,`19,`0,`,`4200,`pay_1,`o,`JSAPI,`SUCCESS,`B,`CNY,`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,`x,`,`0.01,`0.60%,`1.00,`0.00,`\r\n总交易单数,应结\r\n`1,`1.00,`0.00,`0.00,`0.01,`1.00,`0.00\r\n"))
	f.Add([]byte("`"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := pay.ParseBill(text)
		if err != nil && !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		sum := int64(0)
		for _, l := range b.Lines {
			sum += l.FeeFen
		}
		if err == nil && sum != b.FeeFen {
			t.Errorf("%d, want %d", sum, b.FeeFen)
		}
	})
}
