package address_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/address"
)

func draft(name string) address.Draft {
	return address.Draft{Name: name, Phone: "138 0013 8000", Region: "330000", Place: "浙江省 杭州市 西湖区", Street: "文三路 1 号"}
}

func names(t *testing.T, s *address.Service, customer uint32) (out []string) {
	t.Helper()
	all, err := s.List(t.Context(), customer)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range all {
		if e.Default != (i == 0) {
			t.Errorf("%s default: %v", e.Name, e.Default)
		}
		out = append(out, e.Name)
	}
	return out
}

func TestBook(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, now := t.Context(), clock.NewManual(time.Unix(1_700_000_000, 0))
		s := address.NewService(db, now.Now)
		save := func(customer uint32, addressID string, d address.Draft) address.Entry {
			now.Advance(time.Second)
			e, err := s.Save(ctx, customer, addressID, d)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		home := save(1, "", draft("甲"))
		if !home.Default || home.Phone != "13800138000" {
			t.Errorf("the first address is the default, its phone tidied: %+v", home)
		}
		office := draft("乙")
		office.Default = true
		work := save(1, "", office)
		save(1, "", draft("丙"))
		if diff := cmp.Diff([]string{"乙", "丙", "甲"}, names(t, s, 1)); diff != "" {
			t.Error(diff)
		}
		if _, err := s.Save(ctx, 2, work.ID, draft("贼")); errs.KindOf(err) != errs.NotFound {
			t.Error("another customer's address was changed:", err)
		}
		if err := s.Remove(ctx, 2, work.ID); err != nil {
			t.Fatal(err)
		}
		changed := draft("甲甲")
		save(1, home.ID, changed)
		if diff := cmp.Diff([]string{"乙", "甲甲", "丙"}, names(t, s, 1)); diff != "" {
			t.Error(diff)
		}
		if err := s.Remove(ctx, 1, work.ID); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"甲甲", "丙"}, names(t, s, 1)); diff != "" {
			t.Error(diff)
		}
		for i := range address.Most - 2 {
			save(1, "", draft(fmt.Sprint(i)))
		}
		if _, err := s.Save(ctx, 1, "", draft("多")); errs.KindOf(err) != errs.Conflict {
			t.Error("one too many:", err)
		}

		// Two books become one, and two again; an erased customer's is empty.
		theirs := draft("丁")
		theirs.Default = true
		save(2, "", theirs)
		err := db.Tx(ctx, func(tx *store.Tx) error {
			moved, err := address.Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{2: 1})
			if err != nil {
				return err
			}
			return address.Mover{}.ReturnCustomer(ctx, tx, 2, 1, moved[2])
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"丁"}, names(t, s, 2)); diff != "" {
			t.Error(diff)
		}
		if err := db.Tx(ctx, func(tx *store.Tx) error { return address.Mover{}.EraseCustomers(ctx, tx, []uint32{1}) }); err != nil {
			t.Fatal(err)
		}
		if n := len(names(t, s, 1)); n != 0 {
			t.Error(n, "addresses of an erased customer")
		}
	})
}

func TestRefuses(t *testing.T) {
	s := address.NewService(storetest.Open(t), time.Now)
	for field, wrong := range map[string]func(*address.Draft){
		"name":   func(d *address.Draft) { d.Name = "  " },
		"phone":  func(d *address.Draft) { d.Phone = "138****8000" },
		"region": func(d *address.Draft) { d.Region = "浙江" },
		"place":  func(d *address.Draft) { d.Place = "" },
		"street": func(d *address.Draft) { d.Street = strings.Repeat("路", 121) },
	} {
		d := draft("甲")
		wrong(&d)
		if _, err := s.Save(t.Context(), 1, "", d); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a wrong %s was taken: %v", field, err)
		}
	}
}
