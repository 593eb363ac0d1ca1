// Package simulator is WeChat on this machine: it answers with the wire protocol of the real servers, signs like them, and
// lets a person act as a customer. It is the default, so that everything works without an account.
//
// Pay is WeChat Pay v3. Requests must carry the merchant's signature; answers and notifications carry the platform's
// (RSA-SHA256), notifications are sealed with the APIv3 key (AES-256-GCM) and repeated on the real ladder until they are
// answered. Business times are the given clock's; signatures carry the machine's time, as their age is checked by it.
package simulator

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Pay is the local WeChat Pay. Safe for concurrent use.
type Pay struct {
	db   *store.DB
	keys Keys
	now  clock.Clock
	mux  *http.ServeMux
	send *http.Client // carries notifications
	wake chan struct{}
}

// NewPay returns a WeChat Pay over the tables sim_pay_* of db. send carries its notifications (nil: over the network).
func NewPay(db *store.DB, keys Keys, now clock.Clock, send http.RoundTripper) *Pay {
	p := &Pay{db: db, keys: keys, now: now, mux: http.NewServeMux(), send: &http.Client{Transport: send, Timeout: 5 * time.Second}, wake: make(chan struct{}, 1)}
	p.handle("POST /v3/pay/transactions/jsapi", func(r *http.Request, body []byte) (any, error) { return p.prepay(r.Context(), body, "JSAPI") })
	p.handle("POST /v3/pay/transactions/native", func(r *http.Request, body []byte) (any, error) { return p.prepay(r.Context(), body, "NATIVE") })
	p.handle("GET /v3/pay/transactions/out-trade-no/{no}", func(r *http.Request, _ []byte) (any, error) {
		if r.URL.Query().Get("mchid") != p.keys.MchID {
			return nil, refuse(http.StatusBadRequest, "PARAM_ERROR", "mchid")
		}
		return p.query(r.Context(), "no", r.PathValue("no"))
	})
	p.handle("GET /v3/pay/transactions/id/{id}", func(r *http.Request, _ []byte) (any, error) {
		return p.query(r.Context(), "transaction_id", r.PathValue("id"))
	})
	p.handle("POST /v3/pay/transactions/out-trade-no/{no}/close", func(r *http.Request, _ []byte) (any, error) {
		return nil, p.close(r.Context(), r.PathValue("no"))
	})
	p.handle("POST /v3/refund/domestic/refunds", func(r *http.Request, body []byte) (any, error) { return p.refund(r.Context(), body) })
	p.handle("GET /v3/refund/domestic/refunds/{no}", func(r *http.Request, _ []byte) (any, error) { return p.queryRefund(r.Context(), r.PathValue("no")) })
	p.handle("GET /v3/bill/tradebill", func(r *http.Request, _ []byte) (any, error) {
		return p.bill(r.Context(), r.URL.Query().Get("bill_date"))
	})
	p.mux.HandleFunc("GET /v3/billdownload/file", p.billFile)
	return p
}

// Keys returns the keys that the merchant needs.
func (p *Pay) Keys() Keys { return p.keys }

// ServeHTTP implements http.Handler.
func (p *Pay) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// RoundTrip implements http.RoundTripper: requests reach the simulator without a network.
func (p *Pay) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = r.URL.RequestURI()
	p.ServeHTTP(rec, in)
	return rec.response(r), nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(status int)      { r.status = status }

// response is what was recorded, as the answer to a request.
func (r *recorder) response(to *http.Request) *http.Response {
	return &http.Response{
		Status: strconv.Itoa(r.status) + " " + http.StatusText(r.status), StatusCode: r.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.header, Body: io.NopCloser(&r.body), ContentLength: int64(r.body.Len()), Request: to,
	}
}

// refusal is an error as WeChat Pay tells it.
type refusal struct {
	status        int
	Code, Message string
}

func (r *refusal) Error() string { return r.Code + ": " + r.Message }

func refuse(status int, code, message string) error { return &refusal{status, code, message} }

// handle serves a signed request with a signed answer; an answer of nil is 204.
func (p *Pay) handle(pattern string, h func(r *http.Request, body []byte) (any, error)) {
	p.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			http.Error(w, "cannot read", http.StatusBadRequest)
			return
		}
		status, out := http.StatusOK, any(nil)
		if err = p.verify(r, body); err == nil {
			out, err = h(r, body)
		}
		if err != nil {
			no, ok := err.(*refusal) //nolint:errorlint // ours, unwrapped
			if !ok {
				no = &refusal{http.StatusInternalServerError, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用"}
			}
			status, out = no.status, map[string]string{"code": no.Code, "message": no.Message}
		}
		var text []byte
		if out == nil {
			status = http.StatusNoContent
		} else if text, err = json.Marshal(out); err != nil {
			http.Error(w, "cannot write", http.StatusInternalServerError)
			return
		}
		p.sign(w.Header(), text)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write(text) // the other side has gone: it asks again
	})
}

var authField = regexp.MustCompile(`(\w+)="([^"]*)"`)

// verify checks the merchant's signature of a request.
func (p *Pay) verify(r *http.Request, body []byte) error {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	f := map[string]string{}
	for _, m := range authField.FindAllStringSubmatch(rest, -1) {
		f[m[1]] = m[2]
	}
	at, err := strconv.ParseInt(f["timestamp"], 10, 64)
	if scheme != "WECHATPAY2-SHA256-RSA2048" || err != nil || f["mchid"] != p.keys.MchID || f["serial_no"] != p.keys.Serial {
		return refuse(http.StatusUnauthorized, "SIGN_ERROR", "签名错误")
	}
	if age := time.Since(time.Unix(at, 0)); age > 5*time.Minute || age < -5*time.Minute {
		return refuse(http.StatusUnauthorized, "SIGN_ERROR", "签名已过期")
	}
	signature, err := base64.StdEncoding.DecodeString(f["signature"])
	if err != nil {
		return refuse(http.StatusUnauthorized, "SIGN_ERROR", "签名错误")
	}
	message := r.Method + "\n" + r.URL.RequestURI() + "\n" + f["timestamp"] + "\n" + f["nonce_str"] + "\n" + string(body) + "\n"
	sum := sha256.Sum256([]byte(message))
	if rsa.VerifyPKCS1v15(&p.keys.Merchant.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return refuse(http.StatusUnauthorized, "SIGN_ERROR", "签名错误")
	}
	return nil
}

// sign signs an answer or a notification as the platform.
func (p *Pay) sign(h http.Header, body []byte) {
	at, nonce := strconv.FormatInt(time.Now().Unix(), 10), randomHex(16)
	sum := sha256.Sum256([]byte(at + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.keys.Platform, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // a key that cannot sign: nothing can go on
	}
	h.Set("Wechatpay-Timestamp", at)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", p.keys.PublicKeyID)
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	h.Set("Request-ID", randomHex(12))
}

// Trade is what was asked for.
type Trade struct {
	No            string    `db:"no" json:"no"`
	PrepayID      string    `db:"prepay_id" json:"prepay_id"`
	Kind          string    `db:"kind" json:"kind"`
	Description   string    `db:"description" json:"description"`
	OpenID        string    `db:"openid" json:"openid"`
	Fen           int64     `db:"total_fen" json:"amount_fen"`
	RefundedFen   int64     `db:"refunded_fen" json:"refunded_fen"`
	State         string    `db:"state" json:"state"`
	TransactionID string    `db:"transaction_id" json:"transaction_id"`
	NotifyURL     string    `db:"notify_url" json:"-"`
	CreatedAt     time.Time `db:"created_at" json:"created_at"`
	ExpiresAt     time.Time `db:"expires_at" json:"expires_at,omitzero"`
	SuccessAt     time.Time `db:"success_at" json:"success_at,omitzero"`
}

type refundRow struct {
	RefundNo  string    `db:"refund_no"`
	RefundID  string    `db:"refund_id"`
	No        string    `db:"no"`
	Fen       int64     `db:"fen"`
	State     string    `db:"state"`
	NotifyURL string    `db:"notify_url"`
	CreatedAt time.Time `db:"created_at"`
	SuccessAt time.Time `db:"success_at"`
}

var tradeNo = regexp.MustCompile(`^[0-9A-Za-z_\-|*]{6,32}$`)

func (p *Pay) prepay(ctx context.Context, body []byte, kind string) (any, error) {
	var in struct {
		AppID       string    `json:"appid"`
		MchID       string    `json:"mchid"`
		Description string    `json:"description"`
		No          string    `json:"out_trade_no"`
		Expire      time.Time `json:"time_expire"`
		NotifyURL   string    `json:"notify_url"`
		Amount      struct {
			Total    int64  `json:"total"`
			Currency string `json:"currency"`
		} `json:"amount"`
		Payer struct {
			OpenID string `json:"openid"`
		} `json:"payer"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse(http.StatusBadRequest, "PARAM_ERROR", "请求不是 JSON")
	}
	bad := func(what string) (any, error) { return nil, refuse(http.StatusBadRequest, "PARAM_ERROR", what) }
	switch {
	case in.AppID != p.keys.AppID || in.MchID != p.keys.MchID:
		return nil, refuse(http.StatusBadRequest, "APPID_MCHID_NOT_MATCH", "appid 和 mchid 不匹配")
	case !tradeNo.MatchString(in.No):
		return bad("out_trade_no")
	case in.Description == "" || len([]rune(in.Description)) > 127:
		return bad("description")
	case in.Amount.Total <= 0 || in.Amount.Total > 10_000_000_000 || (in.Amount.Currency != "" && in.Amount.Currency != "CNY"):
		return bad("amount")
	case in.NotifyURL == "" || strings.Contains(in.NotifyURL, "?"):
		return bad("notify_url")
	case kind == "JSAPI" && in.Payer.OpenID == "":
		return bad("payer")
	}
	t := Trade{No: in.No, PrepayID: "wx" + randomHex(17), Kind: kind, Description: in.Description, OpenID: in.Payer.OpenID, Fen: in.Amount.Total, State: "NOTPAY", NotifyURL: in.NotifyURL, CreatedAt: p.now(), ExpiresAt: in.Expire}
	err := p.db.Tx(ctx, func(tx *store.Tx) error {
		old, err := tradeBy(ctx, tx, "no", in.No)
		if errs.Is(err, errs.NotFound) {
			return store.Insert(ctx, tx, "sim_pay_trades", t)
		}
		switch {
		case err != nil:
			return err
		case old.State == "SUCCESS" || old.State == "REFUND":
			return refuse(http.StatusBadRequest, "ORDERPAID", "订单已支付")
		case old.State == "CLOSED":
			return refuse(http.StatusBadRequest, "ORDER_CLOSED", "订单已关闭")
		case old.Fen != t.Fen || old.Kind != t.Kind || old.OpenID != t.OpenID:
			return refuse(http.StatusForbidden, "OUT_TRADE_NO_USED", "商户订单号重复")
		}
		t = old
		return nil
	})
	if err != nil {
		return nil, err
	}
	if kind == "NATIVE" {
		return map[string]string{"code_url": "weixin://wxpay/bizpayurl?pr=" + t.PrepayID}, nil
	}
	return map[string]string{"prepay_id": t.PrepayID}, nil
}

func tradeBy(ctx context.Context, q store.Querier, column, value string) (Trade, error) {
	return store.One[Trade](ctx, q, `SELECT * FROM sim_pay_trades WHERE `+column+` = ?`, value)
}

func (p *Pay) query(ctx context.Context, column, value string) (any, error) {
	t, err := tradeBy(ctx, p.db, column, value)
	if errs.Is(err, errs.NotFound) || (err == nil && value == "") {
		return nil, refuse(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
	}
	if err != nil {
		return nil, err
	}
	return p.transaction(t), nil
}

// transaction is a trade on the wire.
func (p *Pay) transaction(t Trade) map[string]any {
	out := map[string]any{
		"appid": p.keys.AppID, "mchid": p.keys.MchID, "out_trade_no": t.No, "trade_state": t.State,
		"trade_state_desc": map[string]string{"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "REFUND": "转入退款", "CLOSED": "订单已关闭"}[t.State],
		"amount":           map[string]any{"total": t.Fen, "payer_total": t.Fen, "currency": "CNY", "payer_currency": "CNY"},
	}
	if t.TransactionID != "" {
		out["transaction_id"], out["trade_type"], out["bank_type"], out["attach"] = t.TransactionID, t.Kind, "OTHERS", ""
		out["success_time"], out["payer"] = wire(t.SuccessAt), map[string]string{"openid": t.OpenID}
	}
	return out
}

var beijing = time.FixedZone("CST", 8*3600)

func wire(t time.Time) string { return t.In(beijing).Format(time.RFC3339) }

func (p *Pay) close(ctx context.Context, no string) error {
	n, err := p.db.Exec(ctx, `UPDATE sim_pay_trades SET state = 'CLOSED' WHERE no = ? AND state IN ('NOTPAY', 'CLOSED')`, no)
	if err != nil || n == 1 {
		return err
	}
	if _, err := tradeBy(ctx, p.db, "no", no); errs.Is(err, errs.NotFound) {
		return refuse(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
	}
	return refuse(http.StatusBadRequest, "ORDERPAID", "订单已支付")
}

func (p *Pay) refund(ctx context.Context, body []byte) (any, error) {
	var in struct {
		No            string `json:"out_trade_no"`
		TransactionID string `json:"transaction_id"`
		RefundNo      string `json:"out_refund_no"`
		NotifyURL     string `json:"notify_url"`
		Amount        struct {
			Refund   int64  `json:"refund"`
			Total    int64  `json:"total"`
			Currency string `json:"currency"`
		} `json:"amount"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse(http.StatusBadRequest, "PARAM_ERROR", "请求不是 JSON")
	}
	var row refundRow
	var t Trade
	err := p.db.Tx(ctx, func(tx *store.Tx) (err error) {
		column, value := "no", in.No
		if value == "" {
			column, value = "transaction_id", in.TransactionID
		}
		if t, err = tradeBy(ctx, tx, column, value); errs.Is(err, errs.NotFound) || (err == nil && t.TransactionID == "") {
			return refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单不存在")
		}
		if err != nil {
			return err
		}
		row, err = store.One[refundRow](ctx, tx, `SELECT * FROM sim_pay_refunds WHERE refund_no = ?`, in.RefundNo)
		switch {
		case err == nil && (row.No != t.No || row.Fen != in.Amount.Refund):
			return refuse(http.StatusBadRequest, "PARAM_ERROR", "退款单号已用于另一笔退款")
		case err == nil || !errs.Is(err, errs.NotFound):
			return err
		case in.Amount.Total != t.Fen || in.Amount.Refund <= 0 || in.Amount.Currency != "CNY" || in.RefundNo == "" || len(in.RefundNo) > 64:
			return refuse(http.StatusBadRequest, "PARAM_ERROR", "退款参数")
		}
		n, err := tx.Exec(ctx, `UPDATE sim_pay_trades SET refunded_fen = refunded_fen + ?, state = 'REFUND' WHERE no = ? AND refunded_fen + ? <= total_fen`, in.Amount.Refund, t.No, in.Amount.Refund)
		if err != nil {
			return err
		}
		if n == 0 {
			return refuse(http.StatusForbidden, "NOT_ENOUGH", "退款金额大于可退金额")
		}
		row = refundRow{RefundNo: in.RefundNo, RefundID: "503" + digits(26), No: t.No, Fen: in.Amount.Refund, State: "PROCESSING", NotifyURL: in.NotifyURL, CreatedAt: p.now()}
		return store.Insert(ctx, tx, "sim_pay_refunds", row)
	})
	if err != nil {
		return nil, err
	}
	p.kick()
	return p.refundAnswer(row, t), nil
}

// digits returns n random decimal digits.
func digits(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // the platform has no randomness: nothing can go on
	}
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}

func (p *Pay) queryRefund(ctx context.Context, refundNo string) (any, error) {
	row, err := store.One[refundRow](ctx, p.db, `SELECT * FROM sim_pay_refunds WHERE refund_no = ?`, refundNo)
	if errs.Is(err, errs.NotFound) {
		return nil, refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在")
	}
	if err != nil {
		return nil, err
	}
	t, err := tradeBy(ctx, p.db, "no", row.No)
	if err != nil {
		return nil, err
	}
	return p.refundAnswer(row, t), nil
}

func (p *Pay) refundAnswer(r refundRow, t Trade) map[string]any {
	out := map[string]any{
		"refund_id": r.RefundID, "out_refund_no": r.RefundNo, "transaction_id": t.TransactionID, "out_trade_no": t.No, "channel": "ORIGINAL",
		"user_received_account": "支付用户零钱", "create_time": wire(r.CreatedAt), "status": r.State, "funds_account": "UNSETTLED",
		"amount": map[string]any{
			"total": t.Fen, "refund": r.Fen, "payer_total": t.Fen, "payer_refund": r.Fen, "settlement_refund": r.Fen, "settlement_total": t.Fen, "discount_refund": 0, "currency": "CNY",
		},
	}
	if !r.SuccessAt.IsZero() {
		out["success_time"] = wire(r.SuccessAt)
	}
	return out
}

// Customer acts: she pays what a prepay id or a code's address stands for, as openid ("" for whoever was asked).
func (p *Pay) Customer(ctx context.Context, prepay, openid string) (Trade, error) {
	prepay = strings.TrimPrefix(prepay, "weixin://wxpay/bizpayurl?pr=")
	var t Trade
	err := p.db.Tx(ctx, func(tx *store.Tx) (err error) {
		if t, err = tradeBy(ctx, tx, "prepay_id", prepay); err != nil {
			if errs.Is(err, errs.NotFound) {
				return errs.New(errs.NotFound, "simulator.no_trade", "there is no such payment")
			}
			return err
		}
		switch now := p.now(); {
		case t.State != "NOTPAY":
			return errs.New(errs.Conflict, "simulator.not_payable", "it is paid or closed already")
		case !t.ExpiresAt.IsZero() && now.After(t.ExpiresAt):
			return errs.New(errs.Conflict, "simulator.expired", "the time to pay is over")
		case t.OpenID == "":
			if t.OpenID = openid; openid == "" {
				t.OpenID = "oSimScanner"
			}
		case openid != "" && openid != t.OpenID:
			return errs.New(errs.Denied, "simulator.another_payer", "somebody else was asked to pay")
		}
		t.State, t.TransactionID, t.SuccessAt = "SUCCESS", "4200"+digits(24), p.now()
		n, err := tx.Exec(ctx, `UPDATE sim_pay_trades SET state = ?, transaction_id = ?, success_at = ?, openid = ? WHERE no = ? AND state = 'NOTPAY'`, t.State, t.TransactionID, t.SuccessAt, t.OpenID, t.No)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "simulator.not_payable", "it is paid or closed already")
		}
		return p.owe(ctx, tx, t.NotifyURL, "TRANSACTION.SUCCESS", p.transaction(t))
	})
	if err == nil {
		p.kick()
	}
	return t, err
}

// Find returns what a prepay id stands for.
func (p *Pay) Find(ctx context.Context, prepay string) (Trade, error) {
	t, err := tradeBy(ctx, p.db, "prepay_id", prepay)
	if errs.Is(err, errs.NotFound) {
		return t, errs.New(errs.NotFound, "simulator.no_trade", "there is no such payment")
	}
	return t, err
}

// FinishRefund lets a refund that is being processed end in a state: SUCCESS, ABNORMAL or CLOSED.
func (p *Pay) FinishRefund(ctx context.Context, refundNo, state string) error {
	return p.db.Tx(ctx, func(tx *store.Tx) error {
		at := time.Time{}
		if state == "SUCCESS" {
			at = p.now()
		}
		n, err := tx.Exec(ctx, `UPDATE sim_pay_refunds SET state = ?, success_at = CAST(? AS BIGINT) WHERE refund_no = ? AND state = 'PROCESSING'`, state, at, refundNo)
		if err != nil || n == 0 {
			return err
		}
		r, err := store.One[refundRow](ctx, tx, `SELECT * FROM sim_pay_refunds WHERE refund_no = ?`, refundNo)
		if err != nil {
			return err
		}
		t, err := tradeBy(ctx, tx, "no", r.No)
		if err != nil {
			return err
		}
		content := map[string]any{
			"mchid": p.keys.MchID, "out_trade_no": t.No, "transaction_id": t.TransactionID, "out_refund_no": r.RefundNo, "refund_id": r.RefundID, "refund_status": r.State,
			"user_received_account": "支付用户零钱", "amount": map[string]any{"total": t.Fen, "refund": r.Fen, "payer_total": t.Fen, "payer_refund": r.Fen},
		}
		if !at.IsZero() {
			content["success_time"] = wire(at)
		}
		return p.owe(ctx, tx, r.NotifyURL, "REFUND."+state, content)
	})
}

type notice struct {
	ID        string    `db:"id"`
	URL       string    `db:"url"`
	Event     string    `db:"event"`
	Content   string    `db:"content"`
	Tries     int64     `db:"tries"`
	NextAt    time.Time `db:"next_at"`
	CreatedAt time.Time `db:"created_at"`
}

// owe writes down a notification that is to be sent.
func (p *Pay) owe(ctx context.Context, tx *store.Tx, url, event string, content any) error {
	if url == "" {
		return nil
	}
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return store.Insert(ctx, tx, "sim_pay_notices", notice{ID: id.New("ntc"), URL: url, Event: event, Content: string(text), NextAt: p.now(), CreatedAt: p.now()})
}

// ladder is how long WeChat Pay waits before each repetition.
var ladder = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, 30 * time.Minute,
	30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// Run lets refunds succeed and sends notifications until ctx ends.
func (p *Pay) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := p.Once(ctx)
		wait := time.Second
		if err == nil && n > 0 {
			wait = 0
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-time.After(wait):
		}
	}
	return nil
}

func (p *Pay) kick() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Once finishes refunds and sends the notifications that are due, and returns how many of both.
func (p *Pay) Once(ctx context.Context) (int, error) {
	refunds, err := store.All[string](ctx, p.db, `SELECT refund_no FROM sim_pay_refunds WHERE state = 'PROCESSING' ORDER BY refund_no LIMIT 100`)
	if err != nil {
		return 0, err
	}
	for _, no := range refunds {
		if err := p.FinishRefund(ctx, no, "SUCCESS"); err != nil {
			return 0, err
		}
	}
	due, err := store.All[notice](ctx, p.db, `SELECT * FROM sim_pay_notices WHERE next_at <= ? ORDER BY next_at, id LIMIT 100`, p.now())
	if err != nil {
		return 0, err
	}
	for _, n := range due {
		if p.deliver(ctx, n) || int(n.Tries) >= len(ladder) {
			_, err = p.db.Exec(ctx, `DELETE FROM sim_pay_notices WHERE id = ?`, n.ID)
		} else {
			_, err = p.db.Exec(ctx, `UPDATE sim_pay_notices SET tries = tries + 1, next_at = ? WHERE id = ?`, p.now().Add(ladder[n.Tries]), n.ID)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(refunds) + len(due), nil
}

// deliver sends a notification and reports whether it was taken.
func (p *Pay) deliver(ctx context.Context, n notice) bool {
	r, err := p.Notification(ctx, n.ID, n.URL, n.Event, []byte(n.Content))
	if err != nil {
		return false
	}
	answer, err := p.send.Do(r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // so that the connection can be used again
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusNoContent
}

// Notification returns a signed and sealed notification, ready to be sent.
func (p *Pay) Notification(ctx context.Context, noticeID, url, event string, content []byte) (*http.Request, error) {
	kind := "transaction"
	if strings.HasPrefix(event, "REFUND") {
		kind = "refund"
	}
	nonce := randomHex(6)
	sealed, err := seal(p.keys.APIv3Key, nonce, kind, content)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{
		"id": noticeID, "create_time": wire(p.now()), "resource_type": "encrypt-resource", "event_type": event, "summary": event,
		"resource": map[string]string{"original_type": kind, "algorithm": "AEAD_AES_256_GCM", "ciphertext": sealed, "associated_data": kind, "nonce": nonce},
	})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("notification: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	p.sign(r.Header, body)
	return r, nil
}
