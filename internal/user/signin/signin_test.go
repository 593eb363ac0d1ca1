package signin_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/identity"
	"huoshui/internal/user/signin"
)

// outbox keeps what was sent to phones.
type outbox map[string]string

func (o outbox) SendCode(_ context.Context, phone, code string) error {
	o[phone] = code
	return nil
}

func service(t *testing.T, db *store.DB) (*signin.Service, *clock.Manual, outbox) {
	t.Helper()
	keys, err := secret.Load("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	clk, sent := clock.NewManual(time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)), outbox{}
	return signin.NewService(db, identity.NewService(db, clk.Now, nil, nil), sent, keys, clk.Now), clk, sent
}

const phone = "13800138000"

func TestSignIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, clk, sent := service(t, db)
		ctx := t.Context()
		if err := s.Ask(ctx, "+86 138-0013-8000"); err != nil {
			t.Fatal(err)
		}
		if len(sent[phone]) != 6 {
			t.Fatalf("%v", sent)
		}
		if err := s.Ask(ctx, phone); !errs.Is(err, errs.Limited) {
			t.Errorf("asked twice in a minute: %v", err)
		}
		if _, _, err := s.Enter(ctx, phone, "x", "", ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("a wrong code opened: %v", err)
		}
		token, who, err := s.Enter(ctx, phone, sent[phone], "wechat", "")
		if err != nil || who == 0 {
			t.Fatal(who, err)
		}
		if _, _, err := s.Enter(ctx, phone, sent[phone], "", ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("a code opened twice: %v", err)
		}
		if got, err := s.Who(ctx, token); err != nil || got != who {
			t.Errorf("%d, %v", got, err)
		}
		clk.Advance(2 * time.Minute)
		if err := s.Ask(ctx, phone); err != nil {
			t.Fatal(err)
		}
		if _, again, err := s.Enter(ctx, phone, sent[phone], "", ""); err != nil || again != who {
			t.Errorf("another customer of the same phone: %d, %v", again, err)
		}
		clk.Advance(29 * 24 * time.Hour)
		if _, err := s.Who(ctx, token); err != nil {
			t.Errorf("signed out while she comes: %v", err)
		}
		clk.Advance(31 * 24 * time.Hour)
		if _, err := s.Who(ctx, token); !errors.Is(err, auth.ErrSignIn) {
			t.Errorf("signed in for ever: %v", err)
		}
		if err := s.Ask(ctx, phone); err != nil {
			t.Fatal(err)
		}
		if token, _, err = s.Enter(ctx, phone, sent[phone], "", ""); err != nil {
			t.Fatal(err)
		}
		if err := s.Leave(ctx, token); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Who(ctx, token); !errors.Is(err, auth.ErrSignIn) {
			t.Errorf("signed out and yet in: %v", err)
		}
	})
}

// TestGuessing tries many codes from many sides at once: after five the code is no good, even the right one.
func TestGuessing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, clk, sent := service(t, db)
		if err := s.Ask(t.Context(), phone); err != nil {
			t.Fatal(err)
		}
		var in atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, _, err := s.Enter(t.Context(), phone, "guess", "", ""); err == nil {
					in.Add(1)
				}
			})
		}
		wg.Wait()
		if _, _, err := s.Enter(t.Context(), phone, sent[phone], "", ""); !errs.Is(err, errs.Invalid) || in.Load() > 0 {
			t.Errorf("the right code after five wrong ones: %v", err)
		}
		for i := range 12 {
			clk.Advance(61 * time.Minute)
			if err := s.Ask(t.Context(), phone); (err != nil) != (i >= 9) {
				t.Errorf("code %d of a day: %v", i+2, err)
			}
		}
		if _, _, err := s.Enter(t.Context(), "13900139000", "000000", "", ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("a number that never asked: %v", err)
		}
		clk.Advance(24 * time.Hour)
		if err := s.Ask(t.Context(), phone); err != nil {
			t.Fatal(err)
		}
		clk.Advance(6 * time.Minute)
		if _, _, err := s.Enter(t.Context(), phone, sent[phone], "", ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("an old code opened: %v", err)
		}
	})
}

// TestWechatAndPhoneAreOne: who signed in by WeChat and then proves a phone is one customer with both.
func TestWechatAndPhoneAreOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _, sent := service(t, db)
		ctx := t.Context()
		byWechat, who, err := s.EnterWechat(ctx, "wx1", "o1", "u1", "store")
		if err != nil {
			t.Fatal(err)
		}
		if openid, err := s.OpenID(ctx, byWechat, "wx1"); err != nil || openid != "o1" {
			t.Errorf("%q, %v", openid, err)
		}
		if openid, err := s.OpenID(ctx, byWechat, "wx2"); err != nil || openid != "" {
			t.Errorf("%q, %v", openid, err)
		}
		if err := s.Ask(ctx, phone); err != nil {
			t.Fatal(err)
		}
		byPhone, same, err := s.Enter(ctx, phone, sent[phone], "store", byWechat)
		if err != nil || same != who {
			t.Fatal(same, who, err)
		}
		if openid, err := s.OpenID(ctx, byPhone, "wx1"); err != nil || openid != "o1" {
			t.Errorf("%q, %v", openid, err)
		}
		if _, again, err := s.EnterWechat(ctx, "wx1", "o1", "", "store"); err != nil || again != who {
			t.Error(again, err)
		}
		if _, other, err := s.EnterWechat(ctx, "wx1", "o2", "", "store"); err != nil || other == who {
			t.Error(other, err)
		}
	})
}
