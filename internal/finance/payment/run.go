package payment

import (
	"context"
	"errors"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Run asks WeChat what became of payments that are not heard of, closes those that are no longer wanted, and carries refunds
// out, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := s.Once(ctx)
		wait := 2 * time.Second
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.log.WarnContext(ctx, "payments", "error", err)
		case n > 0:
			wait = 0
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-time.After(wait):
		}
	}
	return nil
}

func (s *Service) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Once does what is due, at most a hundred of each kind, and returns how much that was. One that fails does not stop the
// others; it is tried again later.
func (s *Service) Once(ctx context.Context) (int, error) {
	now := s.now()
	payments, err := store.All[Payment](ctx, s.db, `SELECT * FROM payments WHERE look_at IS NOT NULL AND look_at <= ? ORDER BY look_at LIMIT 100`, now)
	if err != nil {
		return 0, err
	}
	var all []error
	for _, p := range payments {
		if err := s.look(ctx, p); err != nil {
			all = append(all, err)
			if _, err := s.db.Exec(ctx, `UPDATE payments SET looks = looks + 1, look_at = ? WHERE id = ? AND look_at IS NOT NULL AND state <> 'paid'`, now.Add(patience(p.Looks)), p.ID); err != nil {
				return 0, err
			}
		}
	}
	refunds, err := store.All[Refund](ctx, s.db, `SELECT * FROM payment_refunds WHERE look_at IS NOT NULL AND look_at <= ? ORDER BY look_at LIMIT 100`, now)
	if err != nil {
		return 0, err
	}
	for _, r := range refunds {
		if err := s.lookRefund(ctx, r); err != nil {
			all = append(all, err)
			if _, err := s.db.Exec(ctx, `UPDATE payment_refunds SET looks = looks + 1, look_at = ? WHERE id = ? AND look_at IS NOT NULL`, now.Add(patience(r.Looks)), r.ID); err != nil {
				return 0, err
			}
		}
	}
	return len(payments) + len(refunds), errors.Join(all...)
}

// Ask asks WeChat how a payment stands, and takes the answer.
func (s *Service) Ask(ctx context.Context, paymentID string) error {
	p, err := Get(ctx, s.db, paymentID)
	if err != nil {
		return err
	}
	if !p.Method.Wechat() {
		return errNoPayment
	}
	t, err := s.gateway.Query(ctx, p.ID)
	if err != nil {
		return err
	}
	return s.Notified(ctx, "", t)
}

// AskRefund asks WeChat how a refund stands, and takes the answer.
func (s *Service) AskRefund(ctx context.Context, refundID string) error {
	r, err := store.One[Refund](ctx, s.db, `SELECT * FROM payment_refunds WHERE id = ?`, refundID)
	if errs.Is(err, errs.NotFound) {
		return errNoRefund
	}
	if err != nil {
		return err
	}
	g, err := s.gateway.QueryRefund(ctx, r.No())
	if err != nil {
		return err
	}
	return s.RefundNotified(ctx, "", g)
}

// look asks WeChat how a payment stands and acts on the answer.
func (s *Service) look(ctx context.Context, p Payment) error {
	if p.State == Created { // its time is over, and WeChat never heard of it
		return s.closed(ctx, p)
	}
	t, err := s.gateway.Query(ctx, p.ID)
	unknown := errs.Is(err, errs.NotFound)
	switch {
	case err != nil && !unknown:
		return err
	case !unknown && t.paid():
		return s.Notified(ctx, "", t)
	case !unknown && t.State == "CLOSED":
		return s.closed(ctx, p)
	}
	now := s.now()
	switch {
	case p.State == Pending && now.Before(p.ExpiresAt):
		next := now.Add(patience(p.Looks + 1))
		if next.After(p.ExpiresAt) {
			next = p.ExpiresAt
		}
		_, err := s.db.Exec(ctx, `UPDATE payments SET looks = looks + 1, look_at = ? WHERE id = ? AND state = 'pending'`, next, p.ID)
		return err
	case p.State == Pending: // from now on nobody is led to the cashier
		_, err := s.db.Exec(ctx, `UPDATE payments SET state = 'closing', looks = 0, look_at = ?, version = version + 1 WHERE id = ? AND state = 'pending'`, now, p.ID)
		return err
	case p.State == Closing && unknown && p.Looks < 3: // a request to WeChat may still be on its way; all have ended after the third look
		_, err := s.db.Exec(ctx, `UPDATE payments SET looks = looks + 1, look_at = ? WHERE id = ? AND state = 'closing'`, now.Add(patience(p.Looks)), p.ID)
		return err
	case p.State == Closing && !unknown:
		if err := s.gateway.Close(ctx, p.ID); err != nil {
			return err // paid meanwhile: the next look sees it
		}
	}
	return s.closed(ctx, p)
}

// closed ends a payment that WeChat will not take any more.
func (s *Service) closed(ctx context.Context, p Payment) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE payments SET state = 'closed', look_at = NULL, version = version + 1 WHERE id = ? AND state IN ('created', 'pending', 'closing')`, p.ID)
		if err != nil || n == 0 {
			return err
		}
		return outbox.Append(ctx, tx, p.fact(event.PaymentClosed, s.now()))
	})
}

// lookRefund asks WeChat for a refund, or how it stands.
func (s *Service) lookRefund(ctx context.Context, r Refund) error {
	p, err := Get(ctx, s.db, r.Payment)
	if err != nil {
		return err
	}
	var g GatewayRefund
	if r.State == RefundCreated {
		g, err = s.gateway.Refund(ctx, r.Payment, r.No(), shorten(r.Reason), r.AmountFen, p.AmountFen)
	} else {
		g, err = s.gateway.QueryRefund(ctx, r.No())
	}
	if errs.Is(err, errs.Invalid) || (errs.Is(err, errs.NotFound) && r.State == RefundCreated) {
		_, e := s.db.Exec(ctx, `UPDATE payment_refunds SET state = 'refused', trouble = ?, look_at = NULL WHERE id = ? AND state = ?`, code(err), r.ID, string(r.State))
		return errors.Join(err, e)
	}
	if err != nil {
		return err
	}
	return s.RefundNotified(ctx, "", g)
}

// shorten cuts a reason to what WeChat takes.
func shorten(reason string) string {
	if r := []rune(reason); len(r) > 80 {
		return string(r[:80])
	}
	return reason
}
