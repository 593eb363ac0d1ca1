package storewire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/quota"
)

// frail is orders whose process dies now and then, before or after it did what it was asked for.
type frail struct {
	*checkout.Service
	random *rand.Rand
}

var errDied = errors.New("the process died")

func (f *frail) dies(do func() error) error {
	if f.random.IntN(3) == 0 {
		return errDied
	}
	if err := do(); err != nil {
		return err
	}
	if f.random.IntN(3) == 0 {
		return errDied
	}
	return nil
}

func (f *frail) Unhold(ctx context.Context, sale string) error {
	return f.dies(func() error { return f.Service.Unhold(ctx, sale) })
}

func (f *frail) GiveAllBack(ctx context.Context, sale, request, by string) error {
	return f.dies(func() error { return f.Service.GiveAllBack(ctx, sale, request, by) })
}

func (f *frail) CloseUnpaid(ctx context.Context, sale, reason string) error {
	return f.dies(func() error { return f.Service.CloseUnpaid(ctx, sale, reason) })
}

// settled lets groups go on until nothing is left to do, however often their process dies.
func (s *shop) settled(t *testing.T, random *rand.Rand) {
	t.Helper()
	for range 1000 {
		g := groupbuy.NewService(s.db, s.clock.Now) // another process
		g.Hear(&frail{s.Service, random})
		n, err := g.Tick(t.Context())
		if err != nil && !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		if err == nil && n == 0 {
			return
		}
	}
	t.Fatal("groups are never settled")
}

func (s *shop) offer(t *testing.T, size int64) groupbuy.Offer {
	t.Helper()
	o, err := s.groups.Create(t.Context(), groupbuy.Draft{Name: "一起买", SKU: "K2", PriceFen: 3900, Size: size, Hours: 24, PerPerson: 2, StartsAt: start, EndsAt: start.Add(72 * time.Hour)}, "")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// together orders a SKU in a group, "" to open one, at the price that is quoted.
func (s *shop) together(ctx context.Context, who uint32, request, offer, group string, n int64) (checkout.Sale, error) {
	w := checkout.Wish{Lines: line("K2", n), Address: home, Form: checkout.Form{Kind: groupbuy.Kind, Offer: offer, Group: group}}
	p, err := s.Preview(ctx, who, w)
	if err != nil {
		return checkout.Sale{}, err
	}
	return s.Place(ctx, who, request, w, p.Quote.TotalFen)
}

// moved is what an account holds.
func (s *shop) moved(t *testing.T, account money.Account) int64 {
	t.Helper()
	n, err := store.One[int64](t.Context(), s.db, `SELECT CAST(COALESCE(SUM(CASE WHEN debit = ? THEN amount_fen ELSE 0 END) - SUM(CASE WHEN credit = ? THEN amount_fen ELSE 0 END), 0) AS BIGINT) FROM ledger_moves`, string(account), string(account))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestGroupCompletes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 4)
		s.stock(t, "K2", 10)
		o := s.offer(t, 3)
		first, err := s.together(ctx, 1, "r", o.ID, "", 1)
		if err != nil {
			t.Fatal(err)
		}
		a := first.Quote.Applied
		if len(a) != 1 || a[0].Kind != pricing.KindGroup || a[0].Code != "price.group" || a[0].Fen != 1000 || first.TotalFen != 3900+800 || !first.DueAt.Equal(start.Add(groupbuy.PayWithin)) {
			t.Errorf("%+v", first)
		}
		group := first.Form.Group
		if _, err := s.together(ctx, 2, "r", o.ID, group, 1); !errs.Is(err, errs.Conflict) {
			t.Errorf("joined a group whose first member has not paid: %v", err)
		}
		if err := s.pay(ctx, first); err != nil {
			t.Fatal(err)
		}
		if _, err := s.together(ctx, 1, "again", o.ID, group, 1); !errs.Is(err, errs.Conflict) {
			t.Errorf("sat down twice: %v", err)
		}
		if _, err := s.together(ctx, 2, "many", o.ID, group, 3); !errs.Is(err, errs.Conflict) {
			t.Errorf("more units than one person may have: %v", err)
		}
		if _, err := s.Ship(ctx, first.ID, "顺丰", "SF1"); !errs.Is(err, errs.Conflict) {
			t.Errorf("sent before the group is complete: %v", err)
		}
		second, err := s.together(ctx, 2, "r", o.ID, group, 2)
		if err != nil {
			t.Fatal(err)
		}
		third, err := s.together(ctx, 3, "r", o.ID, group, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.together(ctx, 4, "r", o.ID, group, 1); !errs.Is(err, errs.Conflict) {
			t.Errorf("a fourth sat down: %v", err)
		}
		if _, err := s.Close(ctx, 3, third.ID, checkout.ByCustomer); err != nil { // her seat is free again
			t.Fatal(err)
		}
		if third, err = s.together(ctx, 4, "r2", o.ID, group, 1); err != nil {
			t.Fatal(err)
		}
		for _, sale := range []checkout.Sale{second, third, third} { // a notification comes twice
			if err := s.pay(ctx, sale); err != nil {
				t.Fatal(err)
			}
		}
		s.settled(t, rand.New(rand.NewPCG(1, 1)))
		for _, sale := range []checkout.Sale{first, second, third} {
			if _, err := s.Ship(ctx, sale.ID, "顺丰", "SF1"); err != nil {
				t.Error(err)
			}
		}
		g, seats, err := s.groups.Group(ctx, group)
		if err != nil || g.State != groupbuy.Complete || g.Paid != 3 || !g.Settled || len(seats) != 3 {
			t.Errorf("%+v, %+v, %v", g, seats, err)
		}
		told, err := store.All[string](ctx, db, `SELECT facts FROM outbox WHERE noun = 'group'`)
		if all := strings.Join(told, ""); err != nil || strings.Count(all, `"name":"group.opened"`) != 1 || strings.Count(all, `"name":"group.joined"`) != 2 || strings.Count(all, `"name":"group.completed"`) != 3 {
			t.Errorf("%s, %v", all, err)
		}
		s.sound(ctx, t)
	})
}

// TestGroupFails: the time is over with a seat missing. Who paid has everything back, whatever dies meanwhile, and once.
func TestGroupFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 4)
		s.stock(t, "K2", 10)
		o := s.offer(t, 4)
		first, err := s.together(ctx, 1, "r", o.ID, "", 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.pay(ctx, first); err != nil {
			t.Fatal(err)
		}
		second, err := s.together(ctx, 2, "r", o.ID, first.Form.Group, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.pay(ctx, second); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(24*time.Hour - time.Minute)
		third, err := s.together(ctx, 3, "r", o.ID, first.Form.Group, 1)
		if err != nil || !third.DueAt.Equal(start.Add(24*time.Hour)) {
			t.Fatalf("a seat is kept no longer than the group has: %v, %v", third.DueAt, err)
		}
		s.clock.Advance(2 * time.Minute)
		if _, err := s.together(ctx, 4, "r", o.ID, first.Form.Group, 1); !errs.Is(err, errs.Conflict) {
			t.Errorf("joined when the time was over: %v", err)
		}
		s.settled(t, rand.New(rand.NewPCG(2, 2)))
		for _, was := range []checkout.Sale{first, second} {
			if sale, err := s.Any(ctx, was.ID); err != nil || sale.State != checkout.Refunded || sale.RefundedFen != sale.TotalFen {
				t.Errorf("%+v, %v", sale, err)
			}
		}
		if sale, err := s.Any(ctx, third.ID); err != nil || sale.State != checkout.Closed || sale.CloseReason != checkout.ByGroup {
			t.Errorf("%+v, %v", sale, err)
		}
		if err := s.pay(ctx, third); !errs.Is(err, errs.Conflict) {
			t.Errorf("paid for a group that is over: %v", err)
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"K2"})
		if err != nil || levels["K2"].Free() != 10 || s.moved(t, money.Wechat) != 0 || s.moved(t, money.Deferred) != 0 {
			t.Errorf("%+v, %v; %d fen are left", levels, err, s.moved(t, money.Wechat))
		}
		s.sound(ctx, t)
	})
}

// TestGroupRush has many people want the last seats of few groups at once; some pay, some change their minds, time passes and processes die.
// At the end every group has exactly its members, and what did not become complete is given back to the fen.
func TestGroupRush(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const people = 60
		ctx, s := t.Context(), open(t, db)
		s.customers(t, people)
		s.stock(t, "K2", 1000)
		for seed := range uint64(3) {
			random := rand.New(rand.NewPCG(seed, 9))
			o, err := s.groups.Create(ctx, groupbuy.Draft{Name: "一起买", SKU: "K2", PriceFen: 3900, Size: 3, Hours: 1, PerPerson: 1, StartsAt: start, EndsAt: s.clock.Now().Add(time.Hour)}, "")
			if err != nil {
				t.Fatal(err)
			}
			var groups []string
			for who := uint32(1); who <= 6; who++ {
				sale, err := s.together(ctx, who, fmt.Sprint("open", seed), o.ID, "", 1)
				if err == nil {
					err = s.pay(ctx, sale)
				}
				if err != nil {
					t.Fatal(err)
				}
				groups = append(groups, sale.Form.Group)
			}
			var wg sync.WaitGroup
			var refused, sat atomic.Int64
			for who := uint32(7); who <= people; who++ {
				group, what := groups[random.IntN(len(groups))], random.IntN(4)
				wg.Go(func() {
					sale, err := s.together(ctx, who, fmt.Sprint("join", seed), o.ID, group, 1)
					if errs.Is(err, errs.Conflict) {
						refused.Add(1)
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					sat.Add(1)
					switch what {
					case 0: // changes her mind
						_, err = s.Close(ctx, who, sale.ID, checkout.ByCustomer)
					case 1: // does not pay
					default:
						err = s.pay(ctx, sale)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if sat.Load()+refused.Load() != people-6 {
				t.Errorf("%d sat down, %d were refused", sat.Load(), refused.Load())
			}
			s.clock.Advance(11 * time.Minute)
			if _, err := s.Tick(ctx); err != nil { // who did not pay leaves her seat
				t.Fatal(err)
			}
			s.clock.Advance(time.Hour)
			s.settled(t, random)
			all, err := s.groups.Groups(ctx, o.ID, "", 100)
			if err != nil || len(all) != 6 {
				t.Fatal(len(all), err)
			}
			complete := int64(0)
			for _, g := range all {
				if g.State == groupbuy.Complete {
					complete++
				} else if g.State != groupbuy.Failed || !g.Settled {
					t.Errorf("%+v", g)
				}
			}
			kept, err := store.One[int64](ctx, db, `SELECT COUNT(*) FROM sales s JOIN group_seats g ON g.sale = s.id WHERE g.offer = ? AND s.state = 'paid' AND s.held = FALSE`, o.ID)
			if err != nil || kept != 3*complete {
				t.Errorf("seed %d: %d orders to send of %d complete groups, %v", seed, kept, complete, err)
			}
			s.sound(ctx, t)
		}
		paid, err := store.One[int64](ctx, db, `SELECT CAST(COALESCE(SUM(total_fen - refunded_fen), 0) AS BIGINT) FROM sales WHERE state = 'paid'`)
		if err != nil || s.moved(t, money.Wechat) != paid {
			t.Errorf("%d fen are there, %d were paid and not given back; %v", s.moved(t, money.Wechat), paid, err)
		}
	})
}

// TestGroupMembersMerge: two customers turn out to be one, and then not: seats, places and what each had of an offer follow. A seat in a
// group where the other sits too stays where it is.
func TestGroupMembersMerge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), open(t, db)
		s.customers(t, 4)
		s.stock(t, "K2", 10)
		o := s.offer(t, 3)
		f, err := s.flash.Create(ctx, flash.Draft{Name: "秒杀", SKU: "K1", PriceFen: 1, StartsAt: start, EndsAt: start.Add(time.Hour), Units: 10, PerPerson: 2, AtOnce: 5}, "")
		if err != nil {
			t.Fatal(err)
		}
		s.stock(t, "K1", 10)
		var groups []string
		for _, who := range []uint32{1, 2} {
			sale, err := s.together(ctx, who, "open", o.ID, "", 1)
			if err == nil {
				err = s.pay(ctx, sale)
			}
			if err != nil {
				t.Fatal(err)
			}
			groups = append(groups, sale.Form.Group)
		}
		if _, err := s.together(ctx, 2, "join", o.ID, groups[0], 1); err != nil {
			t.Fatal(err)
		}
		if st, err := s.flash.Join(ctx, f.ID, 2); err != nil || st.State != flash.Waiting {
			t.Fatal(st, err)
		}
		if n, err := s.flash.Admit(ctx, start); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		had := func(who uint32) int64 {
			n, err := quota.Had(ctx, db, o.ID, who)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		type mover interface {
			MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error)
			ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error
		}
		movers := []mover{groupbuy.Mover{}, flash.Mover{}}
		moved := make([]json.RawMessage, len(movers))
		err = db.Tx(ctx, func(tx *store.Tx) error {
			for i, m := range movers {
				all, err := m.MoveCustomers(ctx, tx, map[uint32]uint32{2: 1})
				if err != nil {
					return err
				}
				moved[i] = all[2]
			}
			return nil
		})
		if err != nil || had(1) != 2 || had(2) != 1 {
			t.Errorf("%d and %d units after the merge, %v", had(1), had(2), err)
		}
		for who, want := range map[uint32]string{1: flash.Admitted, 2: flash.Outside} { // her place in the room is hers who stays
			if st, err := s.flash.Stand(ctx, f.ID, who); err != nil || st.State != want {
				t.Errorf("%+v, %v", st, err)
			}
		}
		s.sound(ctx, t)
		err = db.Tx(ctx, func(tx *store.Tx) error {
			for i, m := range movers {
				if moved[i] == nil {
					continue
				}
				if err := m.ReturnCustomer(ctx, tx, 2, 1, moved[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || had(1) != 1 || had(2) != 2 {
			t.Errorf("%d and %d units after they parted, %v", had(1), had(2), err)
		}
		s.sound(ctx, t)
	})
}
