package policy

import (
	"sync"
	"testing"
	"time"

	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// Many campaigns decide about the same people at once; nobody gets more than the cap on either database.
func TestCapsHoldUnderConcurrency(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		now := time.Date(2025, 3, 12, 4, 0, 0, 0, time.UTC)
		rules := Default()
		rules.Caps = []Cap{{Period: Day, Limit: 2}}
		rules.Quotas = []Quota{{Channel: "phone", Period: Day, Limit: 7}}
		people := []uint32{1, 2, 3, 4, 5}
		var mu sync.Mutex
		allowed := map[uint32]int{}
		phone := 0
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				channel := []string{"email", "phone"}[worker%2]
				for range 4 {
					var got []Contact
					err := db.Tx(ctx, func(tx *store.Tx) error {
						got = nil
						if err := Gate(ctx, tx); err != nil {
							return err
						}
						sent, use, err := Counts(ctx, tx, channel, people, time.UTC, now)
						if err != nil {
							return err
						}
						for _, n := range people {
							d := Decide(Person{Number: n, HasAddress: true}, Message{Channel: channel}, Counters{Person: sent[n], Channel: use}, rules, time.UTC, now.Add(5*time.Hour))
							if d.Verdict == Allow {
								got = append(got, Contact{Customer: n, Channel: channel, Day: d.Day, At: now})
								use[Day]++
							}
						}
						return Take(ctx, tx, got, time.UTC)
					})
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					for _, c := range got {
						allowed[c.Customer]++
						if c.Channel == "phone" {
							phone++
						}
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, n := range people {
			if allowed[n] != 2 {
				t.Errorf("person %d got %d, want exactly 2", n, allowed[n])
			}
		}
		if phone > 7 {
			t.Errorf("the phone carried %d, quota 7", phone)
		}
		back := []Contact{{Customer: 1, Channel: "email", Day: 20250312, At: now}}
		before, _, err := Counts(ctx, db, "email", people[:1], time.UTC, now)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			if err := Take(ctx, tx, back, time.UTC); err != nil {
				return err
			}
			return GiveBack(ctx, tx, back, time.UTC)
		}); err != nil {
			t.Fatal(err)
		}
		after, _, err := Counts(ctx, db, "email", people[:1], time.UTC, now)
		if err != nil {
			t.Fatal(err)
		}
		total := func(days []DayCount) (n int) {
			for _, d := range days {
				n += d.N
			}
			return n
		}
		if total(before[1]) != total(after[1]) {
			t.Errorf("taken and given back: %v became %v", before[1], after[1])
		}
		if err := Forget(ctx, db, now.AddDate(0, 6, 0)); err != nil {
			t.Fatal(err)
		}
		if left, _, err := Counts(ctx, db, "email", people, time.UTC, now); err != nil || len(left) != 0 {
			t.Errorf("forgotten: %v, %v", left, err)
		}
	})
}
