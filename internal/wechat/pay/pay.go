// Package pay speaks WeChat Pay v3 through its official SDK: prepay, query, close, refund, bills, and the notifications that
// come back. Amounts are integer fen of CNY. Every answer's signature is verified; whoever it talks to, the real server or
// the simulator, is only a matter of the transport.
package pay

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"huoshui/internal/platform/errs"
)

// Merchant is who is paid, and the keys of both sides.
type Merchant struct {
	MchID       string
	AppID       string
	Serial      string // of the merchant's certificate
	PrivateKey  *rsa.PrivateKey
	APIv3Key    string         // 32 bytes: opens notifications
	PublicKeyID string         // PUB_KEY_ID_…
	PublicKey   *rsa.PublicKey // of WeChat Pay
}

// Client acts for one merchant. Safe for concurrent use.
type Client struct {
	merchant Merchant
	core     *core.Client
	unsigned *core.Client // bill files carry no signature: their hash does
	notify   *notify.Handler
	url      func() string
}

// host is the SDK's; a transport may lead elsewhere.
const host = "https://api.mch.weixin.qq.com"

// New returns a client. through carries requests (nil: to the real server); notifyURL is where notifications are to come.
func New(ctx context.Context, m Merchant, through http.RoundTripper, notifyURL func() string) (*Client, error) {
	if through == nil {
		through = http.DefaultTransport
	}
	opts := []core.ClientOption{
		option.WithWechatPayPublicKeyAuthCipher(m.MchID, m.Serial, m.PrivateKey, m.PublicKeyID, m.PublicKey),
		option.WithHTTPClient(&http.Client{Transport: through, Timeout: 10 * time.Second}),
	}
	signed, err := core.NewClient(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("wechat pay: %w", err)
	}
	unsigned, err := core.NewClient(ctx, append(opts, option.WithoutValidator())...)
	if err != nil {
		return nil, fmt.Errorf("wechat pay: %w", err)
	}
	handler, err := notify.NewRSANotifyHandler(m.APIv3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(m.PublicKeyID, *m.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("wechat pay: %w", err)
	}
	return &Client{merchant: m, core: signed, unsigned: unsigned, notify: handler, url: notifyURL}, nil
}

// MchID returns the merchant's number.
func (c *Client) MchID() string { return c.merchant.MchID }

// AppID returns the app that pays.
func (c *Client) AppID() string { return c.merchant.AppID }

// Order is what is to be paid.
type Order struct {
	No          string // out_trade_no: ours, 6 to 32 characters
	Description string
	Fen         int64
	OpenID      string // JSAPI only
	ExpiresAt   time.Time
}

// Transaction is how a payment stands at WeChat.
type Transaction struct {
	MchID, AppID  string
	No            string // out_trade_no
	TransactionID string
	TradeType     string
	State         string // SUCCESS REFUND NOTPAY CLOSED REVOKED USERPAYING PAYERROR
	Fen           int64
	Currency      string
	OpenID        string
	SuccessAt     time.Time
}

// Refund is how a refund stands at WeChat.
type Refund struct {
	MchID         string // of a notification; "" of an answer
	RefundID      string
	RefundNo      string // out_refund_no: ours
	No            string // out_trade_no
	TransactionID string
	State         string // SUCCESS CLOSED PROCESSING ABNORMAL
	Fen           int64
	TotalFen      int64
	SuccessAt     time.Time
}

// Launch is what the payer's page hands to WeChat to open the cashier.
type Launch struct {
	AppID     string `json:"appId"`
	TimeStamp string `json:"timeStamp"`
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"`
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`
}

// JSAPI prepares a payment inside WeChat and returns its prepay id and what opens the cashier.
func (c *Client) JSAPI(ctx context.Context, o Order) (prepayID string, launch Launch, err error) {
	service := jsapi.JsapiApiService{Client: c.core}
	request := jsapi.PrepayRequest{
		Appid: &c.merchant.AppID, Mchid: &c.merchant.MchID, Description: &o.Description, OutTradeNo: &o.No, NotifyUrl: core.String(c.url()),
		Amount: &jsapi.Amount{Total: &o.Fen, Currency: core.String("CNY")}, Payer: &jsapi.Payer{Openid: &o.OpenID},
	}
	if !o.ExpiresAt.IsZero() {
		request.TimeExpire = &o.ExpiresAt
	}
	out, _, err := service.PrepayWithRequestPayment(ctx, request)
	if err != nil {
		return "", launch, classify("prepay", err)
	}
	return str(out.PrepayId), Launch{str(out.Appid), str(out.TimeStamp), str(out.NonceStr), str(out.Package), str(out.SignType), str(out.PaySign)}, nil
}

// Native prepares a payment by scanning and returns the address that the code holds.
func (c *Client) Native(ctx context.Context, o Order) (codeURL string, err error) {
	service := native.NativeApiService{Client: c.core}
	request := native.PrepayRequest{
		Appid: &c.merchant.AppID, Mchid: &c.merchant.MchID, Description: &o.Description, OutTradeNo: &o.No, NotifyUrl: core.String(c.url()),
		Amount: &native.Amount{Total: &o.Fen, Currency: core.String("CNY")},
	}
	if !o.ExpiresAt.IsZero() {
		request.TimeExpire = &o.ExpiresAt
	}
	out, _, err := service.Prepay(ctx, request)
	if err != nil {
		return "", classify("prepay", err)
	}
	return str(out.CodeUrl), nil
}

// Query returns how a payment stands. One that WeChat does not know is NotFound.
func (c *Client) Query(ctx context.Context, no string) (Transaction, error) {
	service := jsapi.JsapiApiService{Client: c.core}
	t, _, err := service.QueryOrderByOutTradeNo(ctx, jsapi.QueryOrderByOutTradeNoRequest{OutTradeNo: &no, Mchid: &c.merchant.MchID})
	if err != nil {
		return Transaction{}, classify("query", err)
	}
	return transactionOf(t)
}

// Close makes sure that a payment can no longer be made. One that was made is a Conflict "pay.paid".
func (c *Client) Close(ctx context.Context, no string) error {
	service := jsapi.JsapiApiService{Client: c.core}
	_, err := service.CloseOrder(ctx, jsapi.CloseOrderRequest{OutTradeNo: &no, Mchid: &c.merchant.MchID})
	return classify("close", err)
}

// Refund asks for a refund; the same refund number is refunded once. The answer is mostly PROCESSING.
func (c *Client) Refund(ctx context.Context, no, refundNo, reason string, fen, total int64) (Refund, error) {
	service := refunddomestic.RefundsApiService{Client: c.core}
	r, _, err := service.Create(ctx, refunddomestic.CreateRequest{
		OutTradeNo: &no, OutRefundNo: &refundNo, Reason: &reason, NotifyUrl: core.String(c.url()),
		Amount: &refunddomestic.AmountReq{Refund: &fen, Total: &total, Currency: core.String("CNY")},
	})
	if err != nil {
		return Refund{}, classify("refund", err)
	}
	return refundOf(r), nil
}

// QueryRefund returns how a refund stands. One that WeChat does not know is NotFound.
func (c *Client) QueryRefund(ctx context.Context, refundNo string) (Refund, error) {
	service := refunddomestic.RefundsApiService{Client: c.core}
	r, _, err := service.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: &refundNo})
	if err != nil {
		return Refund{}, classify("query refund", err)
	}
	return refundOf(r), nil
}

// Notice is a notification whose signature held and whose content was opened: one of the two is set.
type Notice struct {
	ID          string
	Transaction *Transaction
	Refund      *Refund
}

// Read verifies and opens a notification. One that is forged, damaged, or older than five minutes is Denied; the reason never
// holds what was sent.
func (c *Client) Read(ctx context.Context, r *http.Request) (Notice, error) {
	content := map[string]any{}
	request, err := c.notify.ParseNotifyRequest(ctx, r, &content)
	if err != nil {
		return Notice{}, errs.New(errs.Denied, "pay.forged", "the notification is not WeChat Pay's")
	}
	switch request.EventType {
	case "TRANSACTION.SUCCESS":
		var t payments.Transaction
		if err := reread(request.Resource.Plaintext, &t); err != nil {
			return Notice{}, err
		}
		out, err := transactionOf(&t)
		return Notice{ID: request.ID, Transaction: &out}, err
	case "REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED":
		var n refundNotice
		if err := reread(request.Resource.Plaintext, &n); err != nil {
			return Notice{}, err
		}
		out := Refund{MchID: n.MchID, RefundID: n.RefundID, RefundNo: n.OutRefundNo, No: n.OutTradeNo, TransactionID: n.TransactionID, State: n.RefundStatus, Fen: n.Amount.Refund, TotalFen: n.Amount.Total, SuccessAt: n.SuccessTime}
		return Notice{ID: request.ID, Refund: &out}, nil
	}
	return Notice{}, errs.New(errs.Invalid, "pay.unknown_event", "an event of another kind")
}

func transactionOf(t *payments.Transaction) (Transaction, error) {
	out := Transaction{
		MchID: str(t.Mchid), AppID: str(t.Appid), No: str(t.OutTradeNo), TransactionID: str(t.TransactionId), TradeType: str(t.TradeType), State: str(t.TradeState),
	}
	if t.Amount != nil {
		out.Currency = str(t.Amount.Currency)
		if t.Amount.Total != nil {
			out.Fen = *t.Amount.Total
		}
	}
	if t.Payer != nil {
		out.OpenID = str(t.Payer.Openid)
	}
	if s := str(t.SuccessTime); s != "" {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return out, errs.New(errs.Invalid, "pay.malformed", "the time of success is not a time")
		}
		out.SuccessAt = at.UTC()
	}
	return out, nil
}

func refundOf(r *refunddomestic.Refund) Refund {
	out := Refund{RefundID: str(r.RefundId), RefundNo: str(r.OutRefundNo), No: str(r.OutTradeNo), TransactionID: str(r.TransactionId)}
	if r.Status != nil {
		out.State = string(*r.Status)
	}
	if r.Amount != nil {
		out.Fen, out.TotalFen = num(r.Amount.Refund), num(r.Amount.Total)
	}
	if r.SuccessTime != nil {
		out.SuccessAt = r.SuccessTime.UTC()
	}
	return out
}

// classify turns an answer of WeChat Pay into one of our kinds; anything unclear may be tried again with the same number.
func classify(doing string, err error) error {
	var api *core.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &api):
		return errs.Wrap(errs.Unavailable, "pay.unavailable", fmt.Errorf("%s: %w", doing, err))
	}
	cause := fmt.Errorf("%s: %d %s", doing, api.StatusCode, api.Code)
	switch api.Code {
	case "ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS", "NOT_FOUND":
		return errs.Wrap(errs.NotFound, "pay.not_found", cause)
	case "ORDERPAID", "ORDER_PAID":
		return errs.Wrap(errs.Conflict, "pay.paid", cause)
	case "ORDERCLOSED", "ORDER_CLOSED":
		return errs.Wrap(errs.Conflict, "pay.closed", cause)
	case "PARAM_ERROR", "INVALID_REQUEST", "OUT_TRADE_NO_USED", "NOT_ENOUGH", "APPID_MCHID_NOT_MATCH", "MCH_NOT_EXISTS", "NO_AUTH":
		return errs.Wrap(errs.Invalid, "pay.refused", cause)
	case "SIGN_ERROR":
		return errs.Wrap(errs.Internal, "pay.sign", cause)
	default:
		return errs.Wrap(errs.Unavailable, "pay.unavailable", cause)
	}
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func num(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
