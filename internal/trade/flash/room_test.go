package flash_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/inventory"
)

// hall is a flash sale with a waiting room and stock.
type hall struct {
	*flash.Service
	t    *testing.T
	db   *store.DB
	sale flash.Sale
	clk  *clock.Manual
}

func openHall(t *testing.T, db *store.DB, units, atOnce int64) *hall {
	t.Helper()
	clk := clock.NewManual(start)
	if _, err := catalog.NewService(db, clk.Now).Create(t.Context(), catalog.GoodsDraft{Title: "A", Kind: catalog.KindPhysical, SKUs: []catalog.SKU{{Code: "A", PriceFen: 9900}}}, ""); err != nil {
		t.Fatal(err)
	}
	err := db.Tx(t.Context(), func(tx *store.Tx) error {
		return inventory.Change(t.Context(), tx, inventory.Online, inventory.Received, "first", "", "", []inventory.Item{{SKU: "A", Quantity: 1000}}, start)
	})
	if err != nil {
		t.Fatal(err)
	}
	s := flash.NewService(db, clk.Now)
	sale, err := s.Create(t.Context(), flash.Draft{Name: "一元秒杀", SKU: "A", PriceFen: 100, StartsAt: start, EndsAt: start.Add(time.Hour), Units: units, PerPerson: 1, AtOnce: atOnce}, "")
	if err != nil {
		t.Fatal(err)
	}
	return &hall{s, t, db, sale, clk}
}

func (h *hall) join(who uint32) flash.Standing {
	h.t.Helper()
	st, err := h.Join(h.t.Context(), h.sale.ID, who)
	if err != nil {
		h.t.Error(err)
	}
	return st
}

func (h *hall) stand(who uint32) flash.Standing {
	h.t.Helper()
	h.clk.Advance(time.Second) // what all see is read anew
	st, err := h.Stand(h.t.Context(), h.sale.ID, who)
	if err != nil {
		h.t.Error(err)
	}
	return st
}

func (h *hall) admit() int {
	h.t.Helper()
	n, err := h.Admit(h.t.Context(), start)
	if err != nil {
		h.t.Error(err)
	}
	return n
}

func (h *hall) take(of string, who uint32) error {
	return h.db.Tx(h.t.Context(), func(tx *store.Tx) error { return h.Take(h.t.Context(), tx, of, who, map[string]int64{h.sale.ID: 1}) })
}

func (h *hall) sound() {
	h.t.Helper()
	if wrong, err := flash.Check(h.t.Context(), h.db); err != nil || len(wrong) > 0 {
		h.t.Errorf("%v, %v", wrong, err)
	}
}

func codeOf(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestRoomInTheOrderOfArrival(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := openHall(t, db, 5, 2)
		for who := uint32(1); who <= 8; who++ {
			if st := h.join(who); st.State != flash.Waiting {
				t.Fatalf("%+v", st)
			}
			h.join(1) // again, from another page: the place stays
		}
		if st := h.stand(8); st.Ahead != 7 || st.WaitSeconds != -1 || st.Left != 5 {
			t.Errorf("%+v", st)
		}
		if err := h.take("s0", 1); codeOf(err) != "flash.gone" && codeOf(err) != "flash.wait" {
			t.Errorf("ordered without being admitted: %v", err)
		}
		if n := h.admit(); n != 2 {
			t.Errorf("%d admitted, 2 may be there at once", n)
		}
		if st := h.stand(2); st.State != flash.Admitted || !st.Until.After(h.clk.Now()) {
			t.Errorf("%+v", st)
		}
		if st := h.stand(4); st.State != flash.Waiting || st.Ahead != 1 || st.WaitSeconds != 30 {
			t.Errorf("one is before her, and two a minute are admitted: %+v", st)
		}
		if err := h.take("s4", 4); codeOf(err) != "flash.wait" {
			t.Errorf("ordered out of turn: %v", err)
		}
		if offers, err := h.Offers(t.Context(), db, 4, []string{"A"}, h.clk.Now()); err != nil || len(offers) != 0 {
			t.Errorf("the price is for who was admitted: %+v, %v", offers, err)
		}
		if offers, err := h.Offers(t.Context(), db, 1, []string{"A"}, h.clk.Now()); err != nil || len(offers) != 1 || offers[0].Left != 4 {
			t.Errorf("%+v, %v", offers, err)
		}
		if err := h.take("s1", 1); err != nil {
			t.Error(err)
		}
		if _, err := h.Join(t.Context(), h.sale.ID, 1); codeOf(err) != "flash.enough" {
			t.Errorf("came again with all she may have: %v", err)
		}
		if n := h.admit(); n != 1 || h.stand(3).State != flash.Admitted {
			t.Errorf("%d admitted after one left", n)
		}
		h.sound()
		for who := uint32(4); who <= 8; who++ { // these keep asking, 2 and 3 do not order
			h.stand(who)
		}
		h.clk.Advance(flash.AdmittedFor)
		for who := uint32(4); who <= 7; who++ { // and 8 is away now
			h.stand(who)
		}
		if st := h.stand(2); st.State != flash.Left {
			t.Errorf("%+v", st)
		}
		h.clk.Advance(10 * time.Second)
		h.stand(4)
		if n := h.admit(); n != 2 || h.stand(4).State != flash.Admitted || h.stand(5).State != flash.Admitted {
			t.Errorf("%d admitted in place of who did not order", n)
		}
		if st := h.stand(8); st.State != flash.Left {
			t.Errorf("she was away: %+v", st)
		}
		if st := h.join(2); st.State != flash.Waiting || h.stand(2).Ahead != 2 {
			t.Errorf("who comes again comes last: %+v", h.stand(2))
		}
		for _, who := range []uint32{4, 5} {
			if err := h.take(fmt.Sprint("s", who), who); err != nil {
				t.Error(err)
			}
		}
		h.admit()
		for _, who := range []uint32{6, 7} {
			if err := h.take(fmt.Sprint("s", who), who); err != nil {
				t.Error(err)
			}
		}
		if st := h.stand(2); st.State != flash.SoldOut || st.Left != 0 {
			t.Errorf("she waits for nothing: %+v", st)
		}
		if err := db.Tx(t.Context(), func(tx *store.Tx) error { return h.Return(t.Context(), tx, "s6") }); err != nil {
			t.Error(err)
		}
		if st := h.stand(2); st.State != flash.Waiting || st.Ahead != 0 || st.Left != 1 {
			t.Errorf("one did not pay: %+v", st)
		}
		if err := h.Quit(t.Context(), h.sale.ID, 2); err != nil || h.stand(2).State != flash.Left {
			t.Error(err)
		}
		h.sound()
		if err := h.Stop(t.Context(), h.sale.ID); err != nil || h.stand(3).State != flash.Ended {
			t.Error(err)
		}
	})
}

// TestRoomRush has many people come at once from two pages each, ask all the time, order, give up and stay away, while the process that
// knows them is replaced: everybody has one place, no more are sold than there are, and who is admitted always gets one.
func TestRoomRush(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const people, units = 300, 20
		h := openHall(t, db, units, 7)
		for seed := range uint64(3) {
			sale, err := h.Create(t.Context(), flash.Draft{Name: "again", SKU: "A", PriceFen: 100, StartsAt: start, EndsAt: h.clk.Now().Add(10 * time.Hour), Units: units, PerPerson: 1, AtOnce: 7}, "")
			if err != nil {
				t.Fatal(err)
			}
			h.sale = sale
			var wg sync.WaitGroup
			for page := range 2 * people {
				wg.Go(func() { h.join(uint32(page/2 + 1)) })
			}
			wg.Wait()
			places, err := store.All[int64](t.Context(), db, `SELECT place FROM flash_queue WHERE flash = ? ORDER BY place`, sale.ID)
			if err != nil || len(places) != people || len(slices.Compact(places)) != people || places[people-1] != people {
				t.Fatalf("%d places of %d people, %v", len(places), people, err)
			}
			random := rand.New(rand.NewPCG(seed, 5))
			sold, last := 0, int64(0)
			for round := 0; sold < units && round < 200; round++ {
				if random.IntN(5) == 0 { // another process
					h.Service = flash.NewService(db, h.clk.Now)
				}
				h.admit()
				in, err := store.All[struct {
					Customer uint32 `db:"customer"`
					Place    int64  `db:"place"`
				}](t.Context(), db, `SELECT customer, place FROM flash_queue WHERE flash = ? AND state = 'admitted' AND until > ? ORDER BY place`, sale.ID, h.clk.Now())
				if err != nil || len(in) > 7 || len(in) > units-sold {
					t.Fatalf("%d at the checkout, %v", len(in), err)
				}
				for _, one := range in {
					if one.Place > last+7 {
						t.Fatalf("place %d came before its turn, after %d", one.Place, last)
					}
				}
				var all sync.WaitGroup
				orders := make([]bool, len(in))
				for i := range in {
					orders[i] = random.IntN(3) > 0
				}
				for i, one := range in {
					last = max(last, one.Place)
					if !orders[i] {
						continue
					}
					sold++
					all.Go(func() {
						if err := h.take(fmt.Sprint(sale.ID, one.Customer), one.Customer); err != nil {
							t.Errorf("admitted, and yet: %v", err)
						}
					})
				}
				all.Wait()
				for who := uint32(1); who <= people; who++ {
					if _, err := h.Stand(t.Context(), sale.ID, who); err != nil {
						t.Fatal(err)
					}
				}
				h.clk.Advance(time.Duration(random.IntN(40)) * time.Second)
				h.sound()
			}
			h.clk.Advance(time.Second)
			if st := h.join(people + 1); sold != units || st.State != flash.SoldOut {
				t.Errorf("seed %d: %d of %d sold, %+v", seed, sold, units, st)
			}
		}
	})
}

// Two who wait turn out to be one: the better place stays hers, and comes back when it was a mistake.
func TestPlacesFollowAMerge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := openHall(t, db, 5, 2)
		move := func(from, into uint32) map[uint32]json.RawMessage {
			t.Helper()
			var moved map[uint32]json.RawMessage
			err := db.Tx(t.Context(), func(tx *store.Tx) (err error) {
				moved, err = flash.Mover{}.MoveCustomers(t.Context(), tx, map[uint32]uint32{from: into})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			h.sound()
			return moved
		}
		back := func(from, holder uint32, record json.RawMessage) {
			t.Helper()
			err := db.Tx(t.Context(), func(tx *store.Tx) error {
				return flash.Mover{}.ReturnCustomer(t.Context(), tx, from, holder, record)
			})
			if err != nil {
				t.Fatal(err)
			}
			h.sound()
		}
		for who := uint32(1); who <= 6; who++ {
			h.join(who)
		}
		h.admit() // 1 and 2 may order

		// 3 is before 6: who stays stands where 3 stood.
		moved := move(3, 6)
		if st := h.stand(6); st.State != flash.Waiting || st.Ahead != 0 || st.Waiting != 3 {
			t.Errorf("%+v", st)
		}
		if st := h.stand(3); st.State != flash.Outside {
			t.Errorf("%+v", st)
		}
		back(3, 6, moved[3])
		if st := h.stand(3); st.State != flash.Waiting || st.Ahead != 0 {
			t.Errorf("%+v", st)
		}

		// 2 is admitted, 4 waits: who stays may order, and the other's place is nobody's.
		move(2, 4)
		if st := h.stand(4); st.State != flash.Admitted {
			t.Errorf("%+v", st)
		}
		// 5 has the worse place than 4: it is given up.
		if moved := move(5, 4); len(moved) != 0 {
			t.Errorf("%v", moved)
		}
		// 7 comes new and waits for nobody who has more: a place alone moves.
		h.join(7)
		move(7, 8)
		if st := h.stand(8); st.State != flash.Waiting {
			t.Errorf("%+v", st)
		}
		// 4 buys, and has all that one may have: another place of hers would keep a unit from others.
		if err := h.take("s1", 4); err != nil {
			t.Fatal(err)
		}
		move(8, 4)
		if st := h.stand(4); st.State != flash.Bought {
			t.Errorf("%+v", st)
		}
		back(1, 4, json.RawMessage(`["s1"]`)) // a merge from before places moved
	})
}
