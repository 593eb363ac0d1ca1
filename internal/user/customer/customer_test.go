package customer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

var now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func resolve(t *testing.T, db *store.DB, at time.Time, people ...customer.Person) []customer.Ref {
	t.Helper()
	sightings := make([]identity.Sighting, len(people))
	for i, p := range people {
		sightings[i].Person = p
	}
	var refs []customer.Ref
	err := db.Tx(t.Context(), func(tx *store.Tx) (err error) {
		refs, err = identity.NewService(db, func() time.Time { return at }, nil, nil).Resolve(t.Context(), tx, sightings, at)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return refs
}

func keys(pairs ...string) (out []customer.Key) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, customer.Key{Kind: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func TestResolve(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first := now.AddDate(0, -1, 0)
		refs := resolve(t, db, now,
			customer.Person{Keys: keys("external", "tmall:a", "phone", "13800000001"), Name: "甲", Code: "a", SeenAt: now},
			customer.Person{Keys: keys("external", "tmall:a"), City: "杭州", SeenAt: first},
			customer.Person{},
			customer.Person{Keys: keys("email", "b@example.com"), RegisteredAt: first},
			customer.Person{Keys: keys("email", "b@example.com", "phone", "13800000002")},
			customer.Person{Keys: keys("email", "b@example.com", "phone", "13800000001")},
		)
		want := []customer.Ref{{Number: 1, Created: true}, {Number: 1, Changed: true}, {}, {Number: 2, Created: true}, {Number: 2, Changed: true}, {Number: 1, Conflict: true}}
		if d := cmp.Diff(want, refs); d != "" {
			t.Error(d)
		}
		again := resolve(t, db, now.Add(time.Hour),
			customer.Person{Keys: keys("phone", "13800000001"), Level: "gold", Name: "other"},
			customer.Person{Keys: keys("email", "b@example.com"), RegisteredAt: first},
			customer.Person{Keys: keys("card", "9")},
		)
		want = []customer.Ref{{Number: 1, Changed: true}, {Number: 2}, {Number: 3, Created: true}}
		if d := cmp.Diff(want, again); d != "" {
			t.Error(d)
		}
		c, err := customer.Get(t.Context(), db, "1")
		if err != nil || c.Name != "甲" || c.City != "杭州" || c.Level != "gold" || !c.RegisteredAt.Equal(first) || c.Phone != "13800000001" {
			t.Errorf("%+v, %v", c, err)
		}
		if same, err := customer.Get(t.Context(), db, c.ID); err != nil || same != c {
			t.Errorf("by id: %+v, %v", same, err)
		}
		if _, err := customer.Get(t.Context(), db, "cus_none"); !errs.Is(err, errs.NotFound) {
			t.Errorf("nobody: %v", err)
		}
		n, err := store.One[int64](t.Context(), db, `SELECT COUNT(*) FROM outbox WHERE noun = 'customer'`)
		if err != nil || n != 2 {
			t.Errorf("%d messages, %v", n, err)
		}
	})
}

func TestBought(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		resolve(t, db, now, customer.Person{Keys: keys("card", "1")}, customer.Person{Keys: keys("card", "2")})
		add := func(all ...customer.Purchases) {
			t.Helper()
			if err := db.Tx(t.Context(), func(tx *store.Tx) error { return customer.Bought(t.Context(), tx, all, now) }); err != nil {
				t.Fatal(err)
			}
		}
		add(customer.Purchases{Number: 2, Orders: 1, SpentFen: 500, FirstAt: now, LastAt: now}, customer.Purchases{Number: 1, Orders: 2, SpentFen: 900, FirstAt: now.AddDate(0, 0, -9), LastAt: now})
		add(customer.Purchases{Number: 1, RefundedFen: 100}, customer.Purchases{Number: 2, Orders: 1, SpentFen: 1, FirstAt: now.AddDate(0, 0, 1), LastAt: now.AddDate(0, 0, 1)})
		one, err := customer.Get(t.Context(), db, "1")
		if err != nil || one.Orders != 2 || one.SpentFen != 900 || one.RefundedFen != 100 || !one.FirstOrderAt.Equal(now.AddDate(0, 0, -9)) || !one.LastOrderAt.Equal(now) {
			t.Errorf("%+v, %v", one, err)
		}
		two, err := customer.Get(t.Context(), db, "2")
		if err != nil || two.Orders != 2 || two.SpentFen != 501 || !two.FirstOrderAt.Equal(now) || !two.LastOrderAt.Equal(now.AddDate(0, 0, 1)) {
			t.Errorf("%+v, %v", two, err)
		}
	})
}

// TestListIsComplete pages through every order and filter and compares with a plain loop.
func TestListIsComplete(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var people []customer.Person
		var bought []customer.Purchases
		for i := range 300 {
			people = append(people, customer.Person{
				Keys: keys("phone", fmt.Sprintf("138000%05d", i)), Name: fmt.Sprintf("名%d", i%7), City: []string{"杭州", "上海", ""}[i%3],
				Code: fmt.Sprintf("c%d", i), RegisteredAt: now.AddDate(0, 0, -(i % 11)),
			})
			if i%2 == 0 {
				at := now.AddDate(0, 0, -(i % 5))
				bought = append(bought, customer.Purchases{Number: uint32(i + 1), Orders: 1, SpentFen: int64(i % 13), FirstAt: at, LastAt: at})
			}
		}
		resolve(t, db, now, people...)
		if err := db.Tx(t.Context(), func(tx *store.Tx) error { return customer.Bought(t.Context(), tx, bought, now) }); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(rt *rapid.T) {
			f := customer.Filter{City: rapid.SampledFrom([]string{"", "杭州"}).Draw(rt, "city"), Buyers: rapid.SampledFrom([]string{"", "yes", "no"}).Draw(rt, "buyers"),
				Search: rapid.SampledFrom([]string{"", "名3", "1380000001", "c17"}).Draw(rt, "search")}
			if rapid.Bool().Draw(rt, "set") {
				set := roaring.New()
				set.AddRange(0, rapid.Uint64Range(1, 400).Draw(rt, "to"))
				f.Within = []*roaring.Bitmap{set}
			}
			by := rapid.SampledFrom([]string{"-recent", "-spent", "-registered", "recent", "spent", "registered"}).Draw(rt, "sort")
			want := 0
			for i := range 300 {
				in := (f.City == "" || i%3 == 0) && (f.Buyers == "" || (f.Buyers == "yes") == (i%2 == 0)) &&
					(f.Search == "" || f.Search == "名3" && i%7 == 3 || f.Search == "1380000001" && i/10 == 1 || f.Search == "c17" && i == 17) &&
					(f.Within == nil || f.Within[0].Contains(uint32(i+1)))
				if in {
					want++
				}
			}
			seen, after := map[uint32]bool{}, ""
			var last int64
			value := func(c customer.Customer) int64 {
				switch by[len(by)-5:] {
				case "spent":
					return c.SpentFen
				case "tered":
					return c.RegisteredAt.UnixMicro()
				}
				return max(c.LastOrderAt.UnixMicro(), 0)
			}
			for {
				page, err := customer.List(t.Context(), db, f, by, after, 37)
				if err != nil {
					rt.Fatal(err)
				}
				if page.Total != int64(want) {
					rt.Fatalf("total %d, want %d", page.Total, want)
				}
				for _, c := range page.Items {
					if seen[c.Number] {
						rt.Fatalf("%d twice", c.Number)
					}
					if len(seen) > 0 && value(c) != last && (value(c) < last) != (by[0] == '-') {
						rt.Fatalf("%s: %d after %d", by, value(c), last)
					}
					seen[c.Number], last = true, value(c)
				}
				if after = page.Next; after == "" {
					break
				}
			}
			if len(seen) != want {
				rt.Fatalf("%d of %d", len(seen), want)
			}
		})
		if page, err := customer.List(t.Context(), db, customer.Filter{Search: "3"}, customer.SortSpent, "", 5); err != nil || page.Total != 43 {
			t.Errorf("part of a name: %d, %v", page.Total, err)
		}
		if _, err := customer.List(t.Context(), db, customer.Filter{}, customer.SortSpent, "zzz", 5); !errs.Is(err, errs.Invalid) {
			t.Errorf("bad cursor: %v", err)
		}
	})
}
