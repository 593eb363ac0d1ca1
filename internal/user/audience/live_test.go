package audience

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/warehouse/warehousetest"
)

const hesitates = `{"kind":"sequence","spec":{"steps":[
	{"fact":"product.viewed","where":{"category":["奶粉"]},"days_running":3},
	{"fact":"cart.added","where":{"category":["奶粉"]},"within":{"days":1}},
	{"fact":"order.paid","not":true,"within":{"hours":2}}]}}`

// Who looks at a thing three days running, puts it in the cart and does not pay enters the segment by itself when the time is up, also
// when nobody was looking at that instant; who pays does not, and paying later changes nothing.
func TestLiveSegmentHearsWhatIsNotDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var clk clock.Shifted
		w := warehousetest.Open(t)
		b := bench{Service: NewService(db, NewEngine(w, shanghai), clk.Now, nil), db: db, w: w}
		condition := parsed(t, hesitates)
		if _, err := b.Create(t.Context(), Draft{Name: "犹豫", Condition: &condition, Live: true}, "s"); err != nil {
			t.Fatal(err)
		}
		run := func(s *Service) (stop func()) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.RunLive(ctx, slog.New(slog.NewTextHandler(io.Discard, nil))) }()
			return func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		entered := func(want ...uint32) {
			t.Helper()
			var got []uint32
			for range 200 {
				if got = b.announced(t)[event.SegmentEntered]; slices.Equal(got, want) {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
			t.Fatalf("entered %v, want %v", got, want)
		}
		cart := clk.Now().Add(-2*time.Hour + 1200*time.Millisecond)
		does := func(n uint32, running int) (facts []event.Fact) {
			facts = append(facts, warehousetest.Person(n, cart.AddDate(0, 0, -9), event.Attributes{City: "杭州"}))
			for back := range running {
				facts = append(facts, event.Fact{Name: "product.viewed", Customer: n, At: cart.AddDate(0, 0, -back).Add(-time.Minute), Category: "奶粉"})
			}
			return append(facts, event.Fact{Name: "cart.added", Customer: n, At: cart, Category: "奶粉"})
		}
		stop := run(b.Service)
		paid := event.Fact{Name: event.OrderPaid, Customer: 2, At: cart.Add(time.Hour), Amount: 1}
		warehousetest.Load(t, w, slices.Concat(does(1, 3), does(2, 3), does(3, 2), []event.Fact{paid})...)
		time.Sleep(300 * time.Millisecond)
		entered() // two hours are not over
		entered(1)
		warehousetest.Load(t, w, event.Fact{Name: event.OrderPaid, Customer: 1, At: clk.Now(), Amount: 1})
		time.Sleep(300 * time.Millisecond)
		entered(1)
		stop()
		cart = clk.Now().Add(-2*time.Hour + 200*time.Millisecond)
		warehousetest.Load(t, w, does(4, 3)...)
		time.Sleep(400 * time.Millisecond) // it ripens while nobody looks
		again := NewService(db, NewEngine(w, shanghai), clk.Now, nil)
		stop = run(again)
		entered(1, 4)
		if _, err := again.RefreshNow(t.Context()); err != nil { // what the nightly pass finds was said already
			t.Fatal(err)
		}
		warehousetest.Load(t, w, event.Fact{Name: event.PageViewed, Customer: 4, At: clk.Now()})
		time.Sleep(300 * time.Millisecond)
		entered(1, 4)
		stop()
	})
}
