package order_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/order"
)

// A new order keeps how its person had arrived by then, and its fact says so; once the person is erased nobody knows any more.
func TestOrderKeepsHowItsPersonArrived(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first := event.Touch{At: at.Add(-48 * time.Hour), Source: "douyin", Campaign: "618", Landing: "https://Shop.example/p/1/?phone=13900000001#x"}
		last := event.Touch{At: at.Add(-time.Hour), Referrer: "https://www.Baidu.example/s?wd=secret"}
		s := order.NewSettler().Asking(func(_ context.Context, _ store.Querier, numbers []uint32) (map[uint32]event.Arrivals, error) {
			all := map[uint32]event.Arrivals{7: {First: first, Last: last}}
			out := map[uint32]event.Arrivals{}
			for _, n := range numbers {
				if a, ok := all[n]; ok {
					out[n] = a
				}
			}
			return out, nil
		})
		out, _ := settle(t, db, s, "imp_1",
			order.Incoming{Number: "late", Customer: 7, PaidAt: at}, order.Incoming{Number: "between", Customer: 7, PaidAt: at.Add(-2 * time.Hour)},
			order.Incoming{Number: "before", Customer: 7, PaidAt: at.Add(-72 * time.Hour)}, order.Incoming{Number: "other", Customer: 8, PaidAt: at})
		want := []struct {
			first, last *event.Touch
			props       string
		}{
			{&first, &last, `{"first_landing":"shop.example/p/1","first_utm_campaign":"618","first_utm_source":"douyin","last_referrer":"www.baidu.example"}`},
			{&first, nil, `{"first_landing":"shop.example/p/1","first_utm_campaign":"618","first_utm_source":"douyin"}`},
			{nil, nil, ``},
			{nil, nil, ``},
		}
		props := map[string]string{}
		rows, err := store.All[string](t.Context(), db, `SELECT facts FROM outbox`)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			var facts []event.Fact
			if err := json.NewDecoder(strings.NewReader(row)).Decode(&facts); err != nil {
				t.Fatal(row, err)
			}
			for _, f := range facts {
				props[f.Subject] = string(f.Props)
			}
		}
		for i, w := range want {
			d, err := order.Get(t.Context(), db, out[i].OrderID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]*event.Touch{w.first, w.last}, []*event.Touch{d.First, d.Last}); diff != "" {
				t.Error(i, diff)
			}
			if props[d.ID] != w.props {
				t.Errorf("%d: %s, want %s", i, props[d.ID], w.props)
			}
		}
		if err := db.Tx(t.Context(), func(tx *store.Tx) error {
			return order.Mover{}.EraseCustomers(t.Context(), tx, []uint32{7})
		}); err != nil {
			t.Fatal(err)
		}
		if d, err := order.Get(t.Context(), db, out[0].OrderID); err != nil || d.First != nil || d.Last != nil {
			t.Error(d, err)
		}
	})
}
