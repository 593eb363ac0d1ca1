package auth_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

func TestPasswords(t *testing.T) {
	ctx := t.Context()
	hash, err := auth.Hash(ctx, "流水不腐户枢不蠹啊啊")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash %q", hash)
	}
	for _, c := range []struct {
		hash, password string
		want           bool
	}{
		{hash, "流水不腐户枢不蠹啊啊", true},
		{hash, "流水不腐户枢不蠹啊", false},
		{hash, "", false},
		{"", "", false},
		{"", "anything at all", false},
	} {
		got, err := auth.Verify(ctx, c.hash, c.password)
		if err != nil || got != c.want {
			t.Errorf("Verify(%.10q, %q) = %v, %v; want %v", c.hash, c.password, got, err, c.want)
		}
	}
	if _, err := auth.Verify(ctx, "$2b$10$abc", "x"); err == nil {
		t.Error("a hash of another kind was taken")
	}
	again, err := auth.Hash(ctx, "流水不腐户枢不蠹啊啊")
	if err != nil || again == hash {
		t.Errorf("two hashes of one password are equal (%v)", err)
	}
}

func TestCheckPassword(t *testing.T) {
	for password, code := range map[string]string{
		"123456789":              "auth.password_short",
		strings.Repeat("长", 129): "auth.password_long",
		"OPERATIONS":             "auth.password_is_login",
		"一二三四五六七八九十":             "",
	} {
		err := auth.CheckPassword("operations", password)
		got := ""
		var e *errs.Error
		if errors.As(err, &e) {
			got = e.Code
		}
		if got != code {
			t.Errorf("CheckPassword(%.12q…) = %q, want %q", password, got, code)
		}
	}
}

func TestOneTimePasswordsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		p := auth.OneTimePassword()
		if len(p) != 23 || strings.ContainsAny(p, "ilo01") || seen[p] {
			t.Fatalf("one-time password %q", p)
		}
		if err := auth.CheckPassword("admin", p); err != nil {
			t.Fatal(err)
		}
		seen[p] = true
	}
}

// people is a directory of one open account.
type people struct{ closed bool }

func (p *people) Principal(_ context.Context, id string) (auth.Staff, error) {
	if id != "stf_1" || p.closed {
		return auth.Staff{}, errs.New(errs.NotFound, "staff.not_found", "no")
	}
	return auth.Staff{ID: id, Login: "ops"}, nil
}

func TestSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, who := t.Context(), &people{}
		now := clock.NewManual(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
		s := auth.NewSessions(db, who, now.Now)
		start := func() string {
			t.Helper()
			token, err := s.Start(ctx, "stf_1", "127.0.0.1", strings.Repeat("浏", 100))
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		signedIn := func(token string, want bool, why string) {
			t.Helper()
			staff, err := s.Resolve(ctx, token)
			if want && (err != nil || staff.Login != "ops") || !want && !errors.Is(err, auth.ErrSignIn) {
				t.Fatalf("%s: %+v, %v; want signed in %v", why, staff, err, want)
			}
		}
		token := start()
		signedIn(token, true, "a new session")
		signedIn("", false, "no token")
		signedIn(token+"x", false, "another token")

		for range 2 {
			now.Advance(auth.IdleExpiry - time.Second)
			signedIn(token, true, "used within the idle time")
		}
		now.Advance(auth.IdleExpiry)
		signedIn(token, false, "unused for the idle time")

		token = start()
		for range 14 {
			now.Advance(auth.IdleExpiry - time.Minute)
			signedIn(token, true, "kept alive")
		}
		now.Advance(auth.IdleExpiry - time.Minute)
		signedIn(token, false, "past the absolute time, however used")

		first, second := start(), start()
		if err := s.EndOthers(ctx, "stf_1", second); err != nil {
			t.Fatal(err)
		}
		signedIn(first, false, "ended from elsewhere")
		signedIn(second, true, "the one that ended the others")
		who.closed = true
		signedIn(second, false, "the account is closed")
		who.closed = false
		if err := s.End(ctx, second); err != nil {
			t.Fatal(err)
		}
		signedIn(second, false, "signed out")
	})
}

func TestLinkSignsInOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		now := clock.NewManual(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
		s := auth.NewSessions(db, &people{}, now.Now)
		token, err := s.IssueLink(ctx, "stf_1", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		redeemed := 0
		for range 8 {
			wg.Go(func() {
				id, err := s.RedeemLink(ctx, token)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && id == "stf_1":
					redeemed++
				case !errors.Is(err, auth.ErrSignIn):
					t.Errorf("redeem: %q, %v", id, err)
				}
			})
		}
		wg.Wait()
		if redeemed != 1 {
			t.Fatalf("the link signed in %d times", redeemed)
		}
		late, err := s.IssueLink(ctx, "stf_1", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		now.Advance(time.Minute)
		if _, err := s.RedeemLink(ctx, late); !errors.Is(err, auth.ErrSignIn) {
			t.Fatalf("a link past its time: %v", err)
		}
	})
}
