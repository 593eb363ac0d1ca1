package staff_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

func code(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func begin(t *testing.T, db *store.DB) (*staff.Service, *clock.Manual, staff.Issued) {
	t.Helper()
	now := clock.NewManual(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	s := staff.NewService(db, now.Now)
	admin, made, err := s.FirstAdmin(t.Context())
	if err != nil || !made {
		t.Fatalf("first administrator: %v, %v", made, err)
	}
	return s, now, admin
}

func TestFirstAdministrator(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _, admin := begin(t, db)
		if _, made, err := s.FirstAdmin(t.Context()); made || err != nil {
			t.Fatalf("a second first administrator: %v, %v", made, err)
		}
		me, err := s.SignIn(t.Context(), " ADMIN ", admin.Password)
		if err != nil || !me.MustChange || !me.Can(staff.StaffWrite) {
			t.Fatalf("%+v, %v", me, err)
		}
		wantCode(t, s.ChangePassword(t.Context(), me.ID, admin.Password, "short"), "auth.password_short")
		wantCode(t, s.ChangePassword(t.Context(), me.ID, admin.Password, admin.Password), "auth.password_same")
		wantCode(t, s.ChangePassword(t.Context(), me.ID, "not the old one", "a longer password"), "auth.wrong")
		wantCode(t, s.ChangePassword(t.Context(), me.ID, admin.Password, "a longer password"), "")
		if me, err = s.SignIn(t.Context(), "admin", "a longer password"); err != nil || me.MustChange {
			t.Fatalf("%+v, %v", me, err)
		}
		_, err = s.SignIn(t.Context(), "admin", admin.Password)
		wantCode(t, err, "auth.wrong")
	})
}

func TestLockoutBacksOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, now, admin := begin(t, db)
		wrong := func(want string) {
			t.Helper()
			_, err := s.SignIn(t.Context(), "admin", "wrong password")
			wantCode(t, err, want)
		}
		for range 4 {
			wrong("auth.wrong")
		}
		for lock := 30 * time.Second; lock <= time.Minute; lock *= 2 {
			wrong("auth.locked")
			now.Advance(lock - time.Second)
			_, err := s.SignIn(t.Context(), "admin", admin.Password)
			wantCode(t, err, "auth.locked") // the right one too
			var e *errs.Error
			if errors.As(err, &e); e.Params["retry_after"] != 1 {
				t.Fatalf("retry after %v", e.Params)
			}
			now.Advance(time.Second)
		}
		if _, err := s.SignIn(t.Context(), "admin", admin.Password); err != nil {
			t.Fatalf("after the lock: %v", err)
		}
		wrong("auth.wrong") // counted from nothing again
		_, err := s.SignIn(t.Context(), "nobody", "wrong password")
		wantCode(t, err, "auth.wrong")
	})
}

func TestAccounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _, admin := begin(t, db)
		ctx := t.Context()
		for want, cmd := range map[string]staff.NewAccount{
			"staff.login_form":   {Login: "空 格", Name: "n", Role: staff.Guide},
			"staff.name_form":    {Login: "ab", Name: " ", Role: staff.Guide},
			"staff.role_unknown": {Login: "ab", Name: "n", Role: "cook"},
			"staff.email_form":   {Login: "ab", Name: "n", Role: staff.Guide, Email: "x"},
			"staff.login_taken":  {Login: "Admin", Name: "n", Role: staff.Guide},
		} {
			_, err := s.Join(ctx, cmd)
			wantCode(t, err, want)
		}
		guide, err := s.Join(ctx, staff.NewAccount{Login: "guide-1", Name: "一号导购", Role: staff.Guide, Team: "store_1"})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := s.List(ctx, "导购", false); err != nil || len(found) != 1 || found[0].ID != guide.Account.ID {
			t.Fatalf("%+v, %v", found, err)
		}
		if found, err := s.List(ctx, "%", false); err != nil || len(found) != 0 {
			t.Fatalf("a wildcard matched %+v, %v", found, err)
		}
		closed := false
		if _, err := s.Change(ctx, guide.Account.ID, staff.Change{Active: &closed}); err != nil {
			t.Fatal(err)
		}
		_, err = s.SignIn(ctx, "guide-1", guide.Password)
		wantCode(t, err, "auth.wrong")
		_, err = s.Principal(ctx, guide.Account.ID)
		wantCode(t, err, "staff.closed")

		role := staff.Guide
		_, err = s.Change(ctx, admin.Account.ID, staff.Change{Role: &role})
		wantCode(t, err, "staff.last_admin")
		_, err = s.Change(ctx, admin.Account.ID, staff.Change{Active: &closed})
		wantCode(t, err, "staff.last_admin")

		again, err := s.Reset(ctx, admin.Account.ID)
		if err != nil || !again.Account.MustChange {
			t.Fatalf("%+v, %v", again, err)
		}
		_, err = s.SignIn(ctx, "admin", admin.Password)
		wantCode(t, err, "auth.wrong")
		if _, err := s.SignIn(ctx, "admin", again.Password); err != nil {
			t.Fatal(err)
		}
		_, err = s.Reset(ctx, "stf_none")
		wantCode(t, err, "staff.not_found")
	})
}

func TestConcurrentGuessesAreAllCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _, admin := begin(t, db)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if _, err := s.SignIn(t.Context(), "admin", "guess"); err == nil {
					t.Error("a guess was right")
				}
			})
		}
		wg.Wait()
		_, err := s.SignIn(t.Context(), "admin", admin.Password)
		wantCode(t, err, "auth.locked")
	})
}

func TestRoles(t *testing.T) {
	all := staff.Permissions(staff.Admin)
	for _, r := range staff.Roles() {
		ps := staff.Permissions(r)
		if len(ps) == 0 || !slices.IsSorted(ps) {
			t.Errorf("%s: %v", r, ps)
		}
		for _, p := range ps {
			if !slices.Contains(all, p) {
				t.Errorf("the administrator lacks %s of %s", p, r)
			}
		}
		if r != staff.Admin && slices.Contains(ps, staff.StaffWrite) {
			t.Errorf("%s can make accounts", r)
		}
	}
	if staff.Permissions("cook") != nil {
		t.Error("a role that does not exist may do something")
	}
}

func TestAuditPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, now, _ := begin(t, db)
		for i := range 5 {
			now.Advance(time.Second)
			who := []string{"stf_a", "stf_b"}[i%2]
			if err := s.Note(t.Context(), staff.Record{StaffID: who, Login: who, Action: "x", Status: 200 + i}); err != nil {
				t.Fatal(err)
			}
		}
		var statuses []int
		for below := ""; ; {
			page, next, err := s.Audit(t.Context(), "", below, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				statuses = append(statuses, r.Status)
			}
			if next == "" {
				break
			}
			below = next
		}
		if !slices.Equal(statuses, []int{204, 203, 202, 201, 200}) {
			t.Fatalf("%v", statuses)
		}
		if mine, _, err := s.Audit(t.Context(), "stf_b", "", 10); err != nil || len(mine) != 2 {
			t.Fatalf("%v, %v", mine, err)
		}
	})
}

// Two administrators who demote each other at the same instant do not leave the house without one.
func TestTheLastAdministratorStaysUnderConcurrency(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _, first := begin(t, db)
		second, err := s.Join(t.Context(), staff.NewAccount{Login: "second", Name: "二", Role: staff.Admin})
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{first.Account.ID, second.Account.ID}
		guide, admin := staff.Guide, staff.Admin
		for range 40 {
			var wg sync.WaitGroup
			for _, id := range ids {
				wg.Go(func() { _, _ = s.Change(t.Context(), id, staff.Change{Role: &guide}) }) // one of them is refused
			}
			wg.Wait()
			left := 0
			for _, id := range ids {
				a, err := s.Get(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if a.Role == staff.Admin {
					left++
				}
			}
			if left != 1 {
				t.Fatalf("%d administrators left, want 1", left)
			}
			for _, id := range ids {
				if _, err := s.Change(t.Context(), id, staff.Change{Role: &admin}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
