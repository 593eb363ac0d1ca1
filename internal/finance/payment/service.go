package payment

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"huoshui/internal/finance/wallet"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Gateway is WeChat Pay. Errors of kind Unavailable may be tried again with the same number.
type Gateway interface {
	MchID() string
	AppID() string
	JSAPI(ctx context.Context, b Bill) (prepayID string, launch Launch, err error)
	Native(ctx context.Context, b Bill) (codeURL string, err error)
	Query(ctx context.Context, no string) (Transaction, error)
	Close(ctx context.Context, no string) error
	Refund(ctx context.Context, no, refundNo, reason string, fen, total int64) (GatewayRefund, error)
	QueryRefund(ctx context.Context, refundNo string) (GatewayRefund, error)
}

// Books is where money is booked.
type Books interface {
	Post(ctx context.Context, tx *store.Tx, e money.Entry) error
}

// Wallets pay from the wallet and are topped up.
type Wallets interface {
	Spend(ctx context.Context, tx *store.Tx, c wallet.Spend) (wallet.Move, error)
	Refund(ctx context.Context, tx *store.Tx, c wallet.Refund) (wallet.Move, error)
	TopUp(ctx context.Context, tx *store.Tx, c wallet.TopUp) (wallet.Move, error)
}

// Orders hears of payments by WeChat Pay in the transaction in which they become paid.
type Orders interface {
	// Paid says that a payment of an order is paid. It answers whether the order still wants it; if not, it is given back at
	// once. It is called once for a payment.
	Paid(ctx context.Context, tx *store.Tx, p Payment) (wanted bool, err error)
}

// Service takes money and gives it back.
type Service struct {
	db      *store.DB
	gateway Gateway
	books   Books
	wallets Wallets
	orders  Orders
	now     clock.Clock
	log     *slog.Logger
	wake    chan struct{}
}

// NewService returns payments in db. orders may be nil until Hear is called: then every payment is wanted.
func NewService(db *store.DB, gateway Gateway, books Books, wallets Wallets, now clock.Clock, log *slog.Logger) *Service {
	return &Service{db: db, gateway: gateway, books: books, wallets: wallets, now: now, log: log, wake: make(chan struct{}, 1)}
}

// Hear sets who hears of payments; before the service runs.
func (s *Service) Hear(orders Orders) { s.orders = orders }

// Start asks for a payment in the transaction of who asks. From the wallet it is paid at once (a wallet that holds less is a
// Conflict "wallet.short"); by WeChat Pay it waits for Cashier. The same request again returns the payment it made, and is a
// Conflict with other words. Orders.Paid is not called for what is paid here.
func (s *Service) Start(ctx context.Context, tx *store.Tx, c Start) (Payment, error) {
	now := s.now()
	p, err := newPayment(c, id.New("pay"), now)
	if err != nil {
		return Payment{}, err
	}
	if p.Method == Balance {
		p.State, p.PaidAt = Paid, now
	}
	n, err := store.InsertAll(ctx, tx, "payments", []Payment{p}, "ON CONFLICT (request_id) DO NOTHING")
	if err != nil {
		return Payment{}, fmt.Errorf("start payment: %w", err)
	}
	if n == 0 {
		made, err := store.One[Payment](ctx, tx, `SELECT * FROM payments WHERE request_id = ?`, c.RequestID)
		if err == nil && (made.Order != c.Order || made.Customer != c.Customer || made.AmountFen != c.Fen || made.Method != c.Method) {
			return Payment{}, errs.New(errs.Conflict, "payment.request_reused", "the request was made before with other words")
		}
		return made, err
	}
	if p.Method != Balance {
		return p, nil
	}
	_, err = s.wallets.Spend(ctx, tx, wallet.Spend{Key: walletKey(p.ID), Customer: p.Customer, Fen: p.AmountFen, Order: p.Order, Ref: p.ID, Campaign: p.Campaign, Layer: p.Layer})
	if err != nil {
		return Payment{}, err
	}
	return p, outbox.Append(ctx, tx, p.fact(event.PaymentPaid, now))
}

func walletKey(payment string) string { return "payment/" + payment }

// Cashier leads the customer to WeChat's cashier. It is NotFound for anybody else's payment, and a Conflict for one that is
// paid or no longer wanted. Asking again is allowed.
func (s *Service) Cashier(ctx context.Context, paymentID string, customer uint32, openid string) (Cashier, error) {
	p, err := Get(ctx, s.db, paymentID)
	if err != nil {
		return Cashier{}, err
	}
	switch now := s.now(); {
	case p.Customer != customer || !p.Method.Wechat():
		return Cashier{}, errNoPayment
	case p.State == Paid:
		return Cashier{}, errs.New(errs.Conflict, "payment.paid", "it is paid already")
	case p.State != Created && p.State != Pending, !now.Before(p.ExpiresAt):
		return Cashier{}, errs.New(errs.Conflict, "payment.closed", "the time to pay is over")
	case p.Method == WechatJSAPI && openid == "":
		return Cashier{}, errs.New(errs.Invalid, "payment.openid", "open it in WeChat").At("openid")
	case p.Method == WechatJSAPI && p.OpenID != "" && p.OpenID != openid:
		return Cashier{}, errs.New(errs.Conflict, "payment.another_payer", "somebody else was asked to pay")
	}
	// Pending before WeChat hears of it: a payment that is still Created can be closed without asking.
	n, err := s.db.Exec(ctx, `UPDATE payments SET state = 'pending', openid = ?, look_at = ?, looks = 0, version = version + 1 WHERE id = ? AND state IN ('created', 'pending')`,
		openid, s.now().Add(patience(0)), p.ID)
	if err != nil {
		return Cashier{}, err
	}
	if n == 0 {
		return Cashier{}, errs.New(errs.Conflict, "payment.closed", "the time to pay is over")
	}
	out := Cashier{Payment: p.ID}
	bill := Bill{No: p.ID, Description: p.Description, Fen: p.AmountFen, OpenID: openid, ExpiresAt: p.ExpiresAt}
	if p.Method == WechatJSAPI {
		var launch Launch
		if out.PrepayID, launch, err = s.gateway.JSAPI(ctx, bill); err == nil {
			out.Launch = &launch
		}
	} else {
		out.CodeURL, err = s.gateway.Native(ctx, bill)
	}
	if err != nil {
		return Cashier{}, fmt.Errorf("prepay %s: %w", p.ID, err)
	}
	_, err = s.db.Exec(ctx, `UPDATE payments SET prepay_id = ?, code_url = ? WHERE id = ?`, out.PrepayID, out.CodeURL, p.ID)
	return out, err
}

// Notified takes the news of a payment: a notification that was verified, or the answer to a question. What does not agree
// with the payment is Invalid and written down; what is known already changes nothing.
func (s *Service) Notified(ctx context.Context, noticeID string, t Transaction) error {
	err := s.db.Tx(ctx, func(tx *store.Tx) error { return s.settle(ctx, tx, t) })
	if noticeID != "" {
		if e := s.note(ctx, noticeID, "payment", t.No, t.Fen, err); e != nil {
			return e
		}
	}
	return err
}

// settle makes a payment paid, if the news is that and agrees with it.
func (s *Service) settle(ctx context.Context, tx *store.Tx, t Transaction) error {
	p, err := store.One[Payment](ctx, tx, `SELECT * FROM payments WHERE id = ?`+tx.Hold(), t.No)
	if errs.Is(err, errs.NotFound) {
		return errNoPayment
	}
	if err != nil {
		return err
	}
	if !p.Method.Wechat() {
		return errNoPayment
	}
	if !t.paid() {
		return nil
	}
	if err := p.verify(t, s.gateway.MchID(), s.gateway.AppID()); err != nil {
		return err
	}
	if p.State == Paid {
		return nil
	}
	late := p.State == Closing || p.State == Closed
	p.State, p.TransactionID, p.PaidAt, p.LookAt = Paid, t.TransactionID, t.SuccessAt, time.Time{}
	if p.PaidAt.IsZero() {
		p.PaidAt = s.now()
	}
	if err := tx.Later(ctx, `UPDATE payments SET state = 'paid', transaction_id = ?, paid_at = ?, look_at = NULL WHERE id = ?`, p.TransactionID, p.PaidAt, p.ID); err != nil {
		return fmt.Errorf("payment %s: %w", p.ID, err)
	}
	if err := outbox.Append(ctx, tx, p.fact(event.PaymentPaid, p.PaidAt)); err != nil {
		return err
	}
	if p.Purpose == ForTopUp {
		_, err := s.wallets.TopUp(ctx, tx, wallet.TopUp{
			Key: walletKey(p.ID), Customer: p.Customer, PrincipalFen: p.AmountFen, GiftFen: p.GiftFen, From: money.Wechat, Ref: p.ID, Campaign: p.Campaign, Layer: p.Layer,
		})
		return err
	}
	err = s.books.Post(ctx, tx, money.Entry{
		Key: "payment/" + p.ID, At: p.PaidAt, OrToday: true, Reason: "payment.paid", Order: p.Order, Ref: p.ID, Customer: p.Customer, Campaign: p.Campaign, Layer: p.Layer,
		Moves: []money.Move{{Debit: money.Wechat, Credit: money.Deferred, Fen: p.AmountFen}},
	})
	if err != nil {
		return err
	}
	wanted := !late
	if s.orders != nil {
		if wanted, err = s.orders.Paid(ctx, tx, p); err != nil {
			return err
		}
	}
	if wanted {
		return nil
	}
	_, err = s.refundOne(ctx, tx, p, GiveBack{RequestID: "late/" + p.ID, Order: p.Order, Fen: p.AmountFen, Reason: "late"})
	return err
}

// note writes down what was made of a notification.
func (s *Service) note(ctx context.Context, noticeID, kind, number string, fen int64, cause error) error {
	verdict := "taken"
	if cause != nil {
		switch errs.KindOf(cause) {
		case errs.Invalid, errs.NotFound, errs.Conflict:
			verdict = code(cause)
		default:
			return nil // it is sent again, and may be taken then
		}
	}
	_, err := s.db.Exec(ctx, `INSERT INTO payment_notices (id, kind, number, amount_fen, verdict, times, first_at, last_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?)
		ON CONFLICT (id) DO UPDATE SET times = payment_notices.times + 1, last_at = excluded.last_at, verdict = excluded.verdict`,
		noticeID, kind, number, fen, verdict, s.now(), s.now())
	return err
}

// Release lets go of all payments of an order that is cancelled: what is unpaid is closed, what is paid is given back in
// full. It is called in the transaction that cancels.
func (s *Service) Release(ctx context.Context, tx *store.Tx, order, reason, by string) error {
	payments, err := lockOrder(ctx, tx, order)
	if err != nil {
		return err
	}
	for _, p := range payments {
		switch {
		case p.State == Created || p.State == Pending:
			if err := s.unwant(ctx, tx, p); err != nil {
				return err
			}
		case p.State == Paid && p.RefundedFen < p.AmountFen:
			if _, err := s.refundOne(ctx, tx, p, GiveBack{RequestID: "cancel/" + p.ID, Order: order, Fen: p.AmountFen - p.RefundedFen, Reason: reason, By: by}); err != nil {
				return err
			}
		}
	}
	return nil
}

// unwant ends a payment that nobody waits for any more: at once when WeChat never heard of it, else WeChat is asked.
func (s *Service) unwant(ctx context.Context, tx *store.Tx, p Payment) error {
	to, look := Closing, s.now()
	if p.State == Created {
		to, look = Closed, time.Time{}
	}
	_, err := tx.Exec(ctx, `UPDATE payments SET state = ?, look_at = CAST(? AS BIGINT), looks = 0, version = version + 1 WHERE id = ?`, string(to), look, p.ID)
	if err == nil {
		tx.AfterCommit(s.kick)
	}
	return err
}

// GiveBack gives money of an order back to where it came from, in the proportion of what is left of each payment, and returns
// the refunds. To the wallet it is there at once; WeChat is asked after the transaction. More than is left of what was paid
// is a Conflict "payment.refund_above". The same request again returns what it made.
func (s *Service) GiveBack(ctx context.Context, tx *store.Tx, g GiveBack) ([]Refund, error) {
	if g.RequestID == "" || g.Order == "" {
		return nil, fmt.Errorf("payment: a refund needs a request and an order: %+v", g)
	}
	payments, err := lockOrder(ctx, tx, g.Order)
	if err != nil {
		return nil, err
	}
	made, err := store.All[Refund](ctx, tx, `SELECT * FROM payment_refunds WHERE request_id = ? ORDER BY id`, g.RequestID)
	if err != nil {
		return nil, err
	}
	if len(made) > 0 {
		sum := int64(0)
		for _, r := range made {
			sum += r.AmountFen
		}
		if sum != g.Fen || made[0].Order != g.Order {
			return nil, errs.New(errs.Conflict, "payment.request_reused", "the request was made before with other words")
		}
		return made, nil
	}
	parts, err := split(payments, g.Fen)
	if err != nil {
		return nil, err
	}
	out := []Refund{}
	for i, p := range payments {
		if parts[i] == 0 {
			continue
		}
		one := g
		one.Fen = parts[i]
		r, err := s.refundOne(ctx, tx, p, one)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// refundOne gives part of one locked payment back.
func (s *Service) refundOne(ctx context.Context, tx *store.Tx, p Payment, g GiveBack) (Refund, error) {
	now := s.now()
	if g.Against == "" {
		g.Against = money.Deferred
	}
	n, err := tx.Exec(ctx, `UPDATE payments SET refunded_fen = refunded_fen + ? WHERE id = ? AND state = 'paid' AND refunded_fen + ? <= amount_fen`, g.Fen, p.ID, g.Fen)
	if err != nil {
		return Refund{}, fmt.Errorf("refund %s: %w", p.ID, err)
	}
	if n == 0 {
		return Refund{}, errs.New(errs.Conflict, "payment.refund_above", "more than was paid cannot be given back")
	}
	r := Refund{
		ID: id.New("rfd"), RequestID: g.RequestID, Payment: p.ID, Order: p.Order, Customer: p.Customer, AmountFen: g.Fen, Against: g.Against, Reason: g.Reason, By: g.By,
		State: RefundCreated, Attempt: 1, CreatedAt: now, LookAt: now,
	}
	if p.Method == Balance {
		r.State, r.DoneAt, r.LookAt = RefundSuccess, now, time.Time{}
	}
	if err := store.Insert(ctx, tx, "payment_refunds", r); err != nil {
		return Refund{}, fmt.Errorf("refund %s: %w", p.ID, err)
	}
	if p.Method == Balance {
		if _, err := s.wallets.Refund(ctx, tx, wallet.Refund{Key: walletKey(r.ID), Spend: walletKey(p.ID), Fen: g.Fen, Against: g.Against, Ref: r.ID, By: g.By}); err != nil {
			return Refund{}, err
		}
		return r, outbox.Append(ctx, tx, r.fact(now))
	}
	err = s.books.Post(ctx, tx, money.Entry{
		Key: "refund/" + r.ID, At: now, Reason: "refund.decided", Order: r.Order, Ref: r.ID, Customer: r.Customer, Campaign: p.Campaign, Layer: p.Layer, By: r.By,
		Moves: []money.Move{{Debit: g.Against, Credit: money.RefundsPayable, Fen: r.AmountFen}},
	})
	tx.AfterCommit(s.kick)
	return r, err
}

func (r Refund) fact(at time.Time) event.Fact {
	return event.Fact{ID: r.ID + "/done", Name: event.PaymentRefunded, Customer: r.Customer, At: at, Subject: r.Order, Amount: r.AmountFen, Detail: r.Reason}
}

// RefundNotified takes the news of a refund, from a notification or an answer.
func (s *Service) RefundNotified(ctx context.Context, noticeID string, g GatewayRefund) error {
	err := s.db.Tx(ctx, func(tx *store.Tx) error { return s.settleRefund(ctx, tx, g) })
	if noticeID != "" {
		if e := s.note(ctx, noticeID, "refund", g.RefundNo, g.Fen, err); e != nil {
			return e
		}
	}
	return err
}

func (s *Service) settleRefund(ctx context.Context, tx *store.Tx, g GatewayRefund) error {
	r, err := store.One[Refund](ctx, tx, `UPDATE payment_refunds SET looks = looks + 1 WHERE id = ? RETURNING *`, refundOfNo(g.RefundNo)) // locks it
	if errs.Is(err, errs.NotFound) {
		return errNoRefund
	}
	if err != nil {
		return err
	}
	switch {
	case g.MchID != "" && g.MchID != s.gateway.MchID():
		return errs.New(errs.Invalid, "payment.merchant", "it is another merchant's")
	case g.No != r.Payment || g.Fen != r.AmountFen:
		return errs.New(errs.Invalid, "payment.refund_differs", "it is not the refund that was asked for")
	case r.State == RefundSuccess:
		return nil
	case g.RefundNo != r.No() && g.State != "SUCCESS":
		return nil // news of an attempt that was given up
	}
	now := s.now()
	switch g.State {
	case "SUCCESS":
		at := g.SuccessAt
		if at.IsZero() {
			at = now
		}
		if _, err := tx.Exec(ctx, `UPDATE payment_refunds SET state = 'success', refund_id = ?, trouble = '', done_at = ?, look_at = NULL WHERE id = ?`, g.RefundID, at, r.ID); err != nil {
			return err
		}
		err := s.books.Post(ctx, tx, money.Entry{
			Key: "refund/" + r.ID + "/done", At: at, OrToday: true, Reason: "refund.arrived", Order: r.Order, Ref: r.ID, Customer: r.Customer,
			Moves: []money.Move{{Debit: money.RefundsPayable, Credit: money.Wechat, Fen: r.AmountFen}},
		})
		if err != nil {
			return err
		}
		return outbox.Append(ctx, tx, r.fact(at))
	case "ABNORMAL", "CLOSED":
		to := map[string]RefundState{"ABNORMAL": RefundAbnormal, "CLOSED": RefundClosed}[g.State]
		_, err := tx.Exec(ctx, `UPDATE payment_refunds SET state = ?, refund_id = ?, trouble = ?, look_at = NULL WHERE id = ?`, string(to), g.RefundID, g.State, r.ID)
		return err
	case "PROCESSING":
		_, err := tx.Exec(ctx, `UPDATE payment_refunds SET state = 'processing', refund_id = ?, trouble = '', look_at = ? WHERE id = ?`, g.RefundID, now.Add(patience(r.Looks)), r.ID)
		return err
	}
	return errs.New(errs.Invalid, "payment.refund_state", "a state that is not known")
}

// Retry asks WeChat again for a refund that it gave up, with a number of its own.
func (s *Service) Retry(ctx context.Context, refundID string) (Refund, error) {
	var out Refund
	err := s.db.Tx(ctx, func(tx *store.Tx) (err error) {
		out, err = store.One[Refund](ctx, tx, `UPDATE payment_refunds SET state = 'created', attempt = attempt + 1, looks = 0, look_at = ? WHERE id = ? AND state IN ('closed', 'refused') RETURNING *`, s.now(), refundID)
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.Conflict, "payment.not_retryable", "only a refund that was given up is tried again")
		}
		if err == nil {
			tx.AfterCommit(s.kick)
		}
		return err
	})
	return out, err
}

// PaidOut records that a refund which WeChat cannot make was paid from the bank account.
func (s *Service) PaidOut(ctx context.Context, refundID, by, note string) (Refund, error) {
	if note == "" {
		return Refund{}, errs.New(errs.Invalid, "payment.note", "say how it was paid").At("note")
	}
	var out Refund
	err := s.db.Tx(ctx, func(tx *store.Tx) (err error) {
		now := s.now()
		out, err = store.One[Refund](ctx, tx, `UPDATE payment_refunds SET state = 'success', trouble = ?, done_at = ?, look_at = NULL WHERE id = ? AND state IN ('abnormal', 'closed', 'refused') RETURNING *`, note, now, refundID)
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.Conflict, "payment.not_in_trouble", "only a refund that WeChat cannot make is paid otherwise")
		}
		if err != nil {
			return err
		}
		if err := s.books.Post(ctx, tx, money.Entry{
			Key: "refund/" + out.ID + "/bank", At: now, Reason: "refund.paid_out", Order: out.Order, Ref: out.ID, Customer: out.Customer, By: by, Note: note,
			Moves: []money.Move{{Debit: money.RefundsPayable, Credit: money.Bank, Fen: out.AmountFen}},
		}); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, out.fact(now))
	})
	return out, err
}
