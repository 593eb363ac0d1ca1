package metric

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse/warehousetest"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestSales in a zone where a day of the period has 25 hours: Berlin sets its clocks back on 2025-10-26.
func TestSales(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	w := warehousetest.Open(t)
	at := func(text string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04:05", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	paid := func(customer uint32, when string, fen int64) event.Fact {
		return event.Fact{Name: event.OrderPaid, Customer: customer, At: at(when), Amount: fen}
	}
	svc := NewService(w, func() time.Time { return at("2025-10-28 09:00:00") }, berlin)

	empty, err := svc.Sales(t.Context(), 3, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(empty.Days) != 3 || empty.Total != (Sums{}) || !empty.LastAt.IsZero() {
		t.Errorf("nothing has happened, yet: %+v", empty)
	}

	warehousetest.Load(t, w,
		paid(1, "2025-10-24 23:59:59", 100), // the period before
		paid(1, "2025-10-25 00:00:00", 1000),
		paid(1, "2025-10-26 23:30:00", 200), // the 25th hour of its day
		paid(2, "2025-10-26 00:00:00", 300),
		paid(2, "2025-10-26 12:00:00", 50),
		paid(3, "2025-10-28 00:00:00", 7), // today
		event.Fact{Name: event.OrderRefunded, Customer: 1, At: at("2025-10-27 10:00:00"), Amount: 30},
		event.Fact{Name: event.OrderAmended, Customer: 2, At: at("2025-10-26 12:00:00"), Amount: 25}, // a line more, no order more
		event.Fact{Name: event.OrderLine, Customer: 1, At: at("2025-10-27 10:00:00"), Amount: 999},
	)
	got, err := svc.Sales(t.Context(), 3, "")
	if err != nil {
		t.Fatal(err)
	}
	want := Sales{
		From: "2025-10-25", To: "2025-10-27",
		Days: []Day{
			{"2025-10-25", Sums{Orders: 1, Buyers: 1, AmountFen: 1000}},
			{"2025-10-26", Sums{Orders: 3, Buyers: 2, AmountFen: 575}},
			{"2025-10-27", Sums{RefundedFen: 30}},
		},
		Total:  Sums{Orders: 4, Buyers: 2, AmountFen: 1575, RefundedFen: 30},
		Before: Sums{Orders: 1, Buyers: 1, AmountFen: 100},
		Today:  &Day{"2025-10-28", Sums{Orders: 1, Buyers: 1, AmountFen: 7}},
		LastAt: at("2025-10-28 00:00:00").UTC(), Updated: at("2025-10-28 09:00:00"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	past, err := svc.Sales(t.Context(), 1, "2025-10-26")
	if err != nil {
		t.Fatal(err)
	}
	if past.Today != nil || past.From != "2025-10-26" || past.To != "2025-10-26" || past.Total.Orders != 3 || past.Before.AmountFen != 1000 {
		t.Errorf("the day of an earlier end: %+v", past)
	}
}

func TestSalesRefuses(t *testing.T) {
	svc := NewService(warehousetest.Open(t), time.Now, time.UTC)
	for _, c := range []struct {
		days  int
		until string
	}{{0, ""}, {maxDays + 1, ""}, {7, "yesterday"}, {7, "2025-02-30"}} {
		if _, err := svc.Sales(t.Context(), c.days, c.until); !errs.Is(err, errs.Invalid) {
			t.Errorf("%d days until %q: %v", c.days, c.until, err)
		}
	}
}
