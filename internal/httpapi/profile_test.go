package httpapi

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"huoshui/internal/app/identitywire"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse/warehousetest"
	"huoshui/internal/trade/order"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/tag"
)

// processor is how long the process has used processors.
func processor(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestAProfileOfTenThousandFacts asks over the edge for all that the page of a person with 10,000 facts asks for, beside 90,000 facts of
// others. What it costs is told in time of processors: the machine may be busy with other things.
func TestAProfileOfTenThousandFacts(t *testing.T) {
	const mine, others, pages = 10_000, 90_000, 15
	e := segmentEdge(t)
	s := e.api.Services
	s.Identity, s.Customers, s.Orders = identitywire.New(e.db, clock.System), customer.NewService(e.db), order.NewService(e.db)
	s.Tags = tag.NewService(e.db, s.Segments, clock.System, nil)
	now := time.Now().UTC().Truncate(time.Microsecond)
	names := []string{event.PageViewed, event.ProductViewed, event.CartAdded, event.MessageSent, event.MessageOpened, event.OrderPaid, event.OrderLine, event.LayerChanged}
	facts := make([]event.Fact, 0, mine+others)
	for i := range mine + others {
		who := uint32(3)
		if i >= mine {
			who = uint32(1 + i%2)
		}
		f := event.Fact{ID: fmt.Sprint("f", i), Name: names[i%len(names)], Customer: who, At: now.Add(-time.Duration(i%mine) * time.Hour), Subject: fmt.Sprint("s", i)}
		if f.Name == event.PageViewed {
			f.Props = []byte(`{"url":"https://shop.example/p/` + fmt.Sprint(i) + `","title":"新品"}`)
		}
		if f.Name == event.ProductViewed || f.Name == event.CartAdded || f.Name == event.OrderLine {
			f.Product, f.Amount = fmt.Sprint("sku", i%50), int64(i)
		}
		facts = append(facts, f)
	}
	w := s.Segments.Engine().Warehouse()
	for part := range slices.Chunk(facts, 5000) {
		warehousetest.Load(t, w, part...)
	}
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	asks := []string{"/api/v1/customers/3", "/api/v1/customers/3/activity", "/api/v1/customers/3/timeline?limit=50", "/api/v1/customers/3/tags", "/api/v1/customers/3/identity", "/api/v1/tags"}
	var used, took []time.Duration
	for range pages {
		began, before := time.Now(), processor(t)
		for _, path := range asks {
			e.want(e.call("GET", path, nil), 200, "")
		}
		used, took = append(used, processor(t)-before), append(took, time.Since(began))
	}
	if got := decode[customerActivity](t, e.call("GET", asks[1], nil)); got.Facts != mine {
		t.Fatalf("%d facts", got.Facts)
	}
	slices.Sort(used)
	slices.Sort(took)
	t.Logf("a page of %d questions: %v of processors, %v by the clock (medians of %d)", len(asks), used[pages/2], took[pages/2], pages)
	if used[pages/2] > 200*time.Millisecond {
		t.Errorf("a page of a person with %d facts costs %v of processors", mine, used[pages/2])
	}
}
