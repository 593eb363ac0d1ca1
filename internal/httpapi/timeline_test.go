package httpapi

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse/warehousetest"
)

func TestActivityCountsVisitsAndKinds(t *testing.T) {
	e := segmentEdge(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	facts := []event.Fact{
		{Name: event.LayerChanged, Customer: 3, At: ago(20 * day), Detail: ">new"},
		{Name: event.LayerChanged, Customer: 3, At: ago(2 * day), Detail: "new>potential"},
		{Name: event.MessageSent, Customer: 3, At: ago(40 * day)},
		{Name: event.MessageSent, Customer: 3, At: ago(3 * day)},
		{Name: event.MessageOpened, Customer: 3, At: ago(2 * day)},
		{Name: event.PageViewed, Customer: 3, At: ago(60 * day)},
		{Name: event.PageViewed, Customer: 3, At: ago(10 * day)},
		{Name: "event.看直播", Customer: 3, At: ago(10*day - 20*time.Minute)}, // the same visit
		{Name: event.CartAdded, Customer: 3, At: ago(10*day - time.Hour)},  // another
		{Name: event.ProductViewed, Customer: 3, At: ago(time.Hour)},
		{Name: event.PageViewed, Customer: 2, At: ago(time.Hour)},
	}
	for i := range facts {
		facts[i].ID = fmt.Sprint("f", i)
	}
	w := e.api.Services.Segments.Engine().Warehouse()
	warehousetest.Load(t, w, facts...)
	got, err := e.api.activity(t.Context(), 3, now)
	if err != nil {
		t.Fatal(err)
	}
	seen := ago(time.Hour)
	want := customerActivity{
		Visits7: 1, Visits30: 3, Messages30: 1, Opened30: 1, LastSeen: &seen, Facts: 10,
		Kinds:  map[string]int64{"standing": 2, "messages": 3, "visits": 5},
		Layers: []layerTurn{{ago(2 * day), "new", "potential"}, {ago(20 * day), "", "new"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}
