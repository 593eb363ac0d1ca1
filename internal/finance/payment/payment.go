// Package payment takes money and gives it back: by WeChat Pay, from the wallet, or both for one order.
//
// A payment is a row from the moment it is asked for, in the transaction of who asks. What WeChat says of it, by
// notification or when asked, may come late, twice, out of order, or be somebody's forgery; it counts once, and only when
// merchant, app, currency and amount are those of the row. Refunds never pass what was paid: the row itself is guarded.
package payment

import (
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/money"
)

// Method is how a payment is made.
type Method string

// The methods.
const (
	WechatJSAPI  Method = "wechat_jsapi"  // inside WeChat
	WechatNative Method = "wechat_native" // by scanning a code
	Balance      Method = "balance"       // from the wallet, at once
)

// Wechat reports whether WeChat Pay makes it.
func (m Method) Wechat() bool { return m == WechatJSAPI || m == WechatNative }

// Purpose is what a payment is for.
type Purpose string

// The purposes.
const (
	ForOrder Purpose = "order"
	ForTopUp Purpose = "topup" // goes into the customer's wallet
)

// State is how a payment stands.
type State string

// The states. A closed payment may still become paid, when news of it was late.
const (
	Created State = "created" // asked for; the customer has not been led to the cashier
	Pending State = "pending" // she may pay now
	Closing State = "closing" // no longer wanted; WeChat has not confirmed
	Closed  State = "closed"
	Paid    State = "paid"
)

// Payment is one attempt to pay.
type Payment struct {
	ID            string    `db:"id" json:"id" doc:"Also its number at WeChat Pay (out_trade_no)"`
	RequestID     string    `db:"request_id" json:"-"`
	Purpose       Purpose   `db:"purpose" json:"purpose"`
	Order         string    `db:"order_id" json:"order"`
	Customer      uint32    `db:"customer" json:"customer"`
	Method        Method    `db:"method" json:"method"`
	AmountFen     int64     `db:"amount_fen" json:"amount_fen"`
	GiftFen       int64     `db:"gift_fen" json:"gift_fen" doc:"Of a top-up: what is added to it"`
	RefundedFen   int64     `db:"refunded_fen" json:"refunded_fen" doc:"Decided to be given back"`
	State         State     `db:"state" json:"state" enum:"created,pending,closing,closed,paid"`
	Description   string    `db:"description" json:"description"`
	OpenID        string    `db:"openid" json:"-"`
	PrepayID      string    `db:"prepay_id" json:"-"`
	CodeURL       string    `db:"code_url" json:"-"`
	TransactionID string    `db:"transaction_id,null" json:"transaction_id" doc:"WeChat Pay's number"`
	Campaign      string    `db:"campaign" json:"campaign"`
	Layer         string    `db:"layer" json:"layer"`
	CreatedAt     time.Time `db:"created_at" json:"created_at"`
	ExpiresAt     time.Time `db:"expires_at" json:"expires_at"`
	PaidAt        time.Time `db:"paid_at" json:"paid_at,omitzero"`
	LookAt        time.Time `db:"look_at" json:"-"` // when to ask WeChat next; zero: not again
	Looks         int64     `db:"looks" json:"-"`
	Version       int64     `db:"version" json:"-"`
}

// Start asks for a payment.
type Start struct {
	RequestID   string  // idempotency key
	Purpose     Purpose // ForOrder when empty
	Order       string
	Customer    uint32
	Method      Method
	Fen         int64 // > 0
	GiftFen     int64 // of a top-up
	Description string
	ExpiresAt   time.Time // zero: in half an hour
	Campaign    string
	Layer       string
}

// newPayment checks what is asked for.
func newPayment(c Start, paymentID string, now time.Time) (Payment, error) {
	if c.Purpose == "" {
		c.Purpose = ForOrder
	}
	if c.RequestID == "" || c.Customer == 0 || (c.Purpose == ForOrder) != (c.Order != "") {
		return Payment{}, fmt.Errorf("payment: a request, a customer and an order are needed: %+v", c)
	}
	if c.Fen <= 0 || c.Fen > mostFen || c.GiftFen < 0 || c.GiftFen > mostFen || (c.GiftFen > 0 && c.Purpose != ForTopUp) {
		return Payment{}, errs.New(errs.Invalid, "payment.amount", "an amount is above zero").At("amount_fen")
	}
	if !c.Method.Wechat() && (c.Method != Balance || c.Purpose == ForTopUp) {
		return Payment{}, errs.New(errs.Invalid, "payment.method", "it cannot be paid that way").At("method")
	}
	if c.ExpiresAt.IsZero() {
		c.ExpiresAt = now.Add(30 * time.Minute)
	}
	if !c.ExpiresAt.After(now) {
		return Payment{}, errs.New(errs.Invalid, "payment.expired", "the time to pay is over")
	}
	if c.Description == "" && c.Purpose == ForTopUp {
		c.Description = "储值"
	}
	if c.Description == "" {
		c.Description = "订单 " + c.Order
	}
	if d := []rune(c.Description); len(d) > 127 {
		c.Description = string(d[:126]) + "…"
	}
	p := Payment{
		ID: paymentID, RequestID: c.RequestID, Purpose: c.Purpose, Order: c.Order, Customer: c.Customer, Method: c.Method, AmountFen: c.Fen, GiftFen: c.GiftFen,
		State: Created, Description: c.Description, Campaign: c.Campaign, Layer: c.Layer, CreatedAt: now, ExpiresAt: c.ExpiresAt,
	}
	if c.Method.Wechat() {
		p.LookAt = c.ExpiresAt
	}
	return p, nil
}

// mostFen is the most one payment may be: 100 million yuan.
const mostFen = 10_000_000_000

// Bill is what the gateway is to collect.
type Bill struct {
	No          string
	Description string
	Fen         int64
	OpenID      string
	ExpiresAt   time.Time
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

// Cashier is how the customer comes to pay.
type Cashier struct {
	Payment  string  `json:"payment"`
	PrepayID string  `json:"prepay_id,omitempty"`
	CodeURL  string  `json:"code_url,omitempty" doc:"Native: what the code to scan holds"`
	Launch   *Launch `json:"launch,omitempty" doc:"JSAPI: what WeixinJSBridge is given"`
}

// Transaction is how a payment stands at WeChat.
type Transaction struct {
	MchID, AppID  string
	No            string
	TransactionID string
	TradeType     string
	State         string // SUCCESS REFUND NOTPAY CLOSED REVOKED USERPAYING PAYERROR
	Fen           int64
	Currency      string
	OpenID        string
	SuccessAt     time.Time
}

// GatewayRefund is how a refund stands at WeChat.
type GatewayRefund struct {
	MchID         string // of a notification; "" of an answer
	RefundID      string
	RefundNo      string
	No            string
	TransactionID string
	State         string // SUCCESS CLOSED PROCESSING ABNORMAL
	Fen           int64
	TotalFen      int64
	SuccessAt     time.Time
}

// paid reports whether WeChat has the money, or had it.
func (t Transaction) paid() bool { return t.State == "SUCCESS" || t.State == "REFUND" }

// verify says what is wrong with news of a payment: it must be of our merchant and app, in our currency, of the very amount.
func (p Payment) verify(t Transaction, mchID, appID string) error {
	switch {
	case t.MchID != mchID:
		return errs.New(errs.Invalid, "payment.merchant", "it is another merchant's")
	case t.AppID != appID:
		return errs.New(errs.Invalid, "payment.app", "it is another app's")
	case t.No != p.ID:
		return errs.New(errs.Invalid, "payment.number", "it is another payment")
	case t.Currency != "CNY":
		return errs.New(errs.Invalid, "payment.currency", "it is in another currency")
	case t.Fen != p.AmountFen:
		return errs.New(errs.Invalid, "payment.amount_differs", "the amount is not what was asked for")
	case t.TransactionID == "":
		return errs.New(errs.Invalid, "payment.number", "it has no number")
	case p.TransactionID != "" && p.TransactionID != t.TransactionID:
		return errs.New(errs.Invalid, "payment.paid_otherwise", "it was paid by another transaction")
	}
	return nil
}

// RefundState is how a refund stands.
type RefundState string

// The states of refunds.
const (
	RefundCreated    RefundState = "created"    // decided; WeChat has not been asked
	RefundProcessing RefundState = "processing" // WeChat is at it
	RefundSuccess    RefundState = "success"    // the customer has it
	RefundAbnormal   RefundState = "abnormal"   // her account does not take it: a person must act
	RefundClosed     RefundState = "closed"     // WeChat gave it up: a person must act
	RefundRefused    RefundState = "refused"    // WeChat does not want it: a person must act
)

// Refund is money on its way back to where it came from.
type Refund struct {
	ID        string        `db:"id" json:"id"`
	RequestID string        `db:"request_id" json:"-"`
	Payment   string        `db:"payment_id" json:"payment"`
	Order     string        `db:"order_id" json:"order"`
	Customer  uint32        `db:"customer" json:"customer"`
	AmountFen int64         `db:"amount_fen" json:"amount_fen"`
	Against   money.Account `db:"against" json:"against"`
	Reason    string        `db:"reason" json:"reason"`
	By        string        `db:"made_by" json:"by"`
	State     RefundState   `db:"state" json:"state" enum:"created,processing,success,abnormal,closed,refused"`
	Attempt   int64         `db:"attempt" json:"attempt"`
	RefundID  string        `db:"refund_id" json:"refund_id" doc:"WeChat Pay's number"`
	Trouble   string        `db:"trouble" json:"trouble" doc:"What the last try came to"`
	CreatedAt time.Time     `db:"created_at" json:"created_at"`
	DoneAt    time.Time     `db:"done_at" json:"done_at,omitzero"`
	LookAt    time.Time     `db:"look_at" json:"-"`
	Looks     int64         `db:"looks" json:"-"`
}

// No is the number that WeChat Pay knows the refund by.
func (r Refund) No() string {
	if r.Attempt <= 1 {
		return r.ID
	}
	return fmt.Sprintf("%s-%d", r.ID, r.Attempt)
}

// GiveBack asks for money back of an order's payments.
type GiveBack struct {
	RequestID string // idempotency key
	Order     string
	Fen       int64         // > 0
	Against   money.Account // money.Deferred (also when empty), money.SalesReturns once the order was finished
	Reason    string
	By        string
}

// split says how much of an amount goes back to each payment: in the proportion of what is left of each, exact in sum.
func split(payments []Payment, fen int64) ([]int64, error) {
	left := int64(0)
	for _, p := range payments {
		if p.State == Paid {
			left += p.AmountFen - p.RefundedFen
		}
	}
	if fen <= 0 {
		return nil, errs.New(errs.Invalid, "payment.amount", "an amount is above zero").At("amount_fen")
	}
	if fen > left {
		return nil, errs.New(errs.Conflict, "payment.refund_above", "more than was paid cannot be given back")
	}
	parts := make([]int64, len(payments))
	for i, p := range payments {
		if p.State != Paid {
			continue
		}
		rest := p.AmountFen - p.RefundedFen
		parts[i] = money.Share(fen, rest, left)
		fen, left = fen-parts[i], left-rest
	}
	return parts, nil
}

func (p Payment) fact(name string, at time.Time) event.Fact {
	subject := p.Order
	if subject == "" {
		subject = p.ID
	}
	return event.Fact{ID: p.ID + "/" + name, Name: name, Customer: p.Customer, At: at, Subject: subject, Amount: p.AmountFen, Campaign: p.Campaign, Detail: string(p.Method)}
}

// patience is how long to wait before asking WeChat again, by how often it was asked.
func patience(looks int64) time.Duration {
	steps := []time.Duration{5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	return steps[min(int(looks), len(steps)-1)]
}
