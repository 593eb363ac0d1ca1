package collect

import (
	"testing"
	"time"

	"huoshui/internal/platform/errs"
)

func TestTry(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	m := Mapping{Each: "orders", Name: "=Order Paid", ID: "no", At: "paid_at", Amount: "total", Keys: []MappedKey{{"phone", "buyer.mobile"}}}
	got, err := Try(m, `{"orders":[{"no":"A1","paid_at":"2026-02-28 09:00:00","total":"12.50","buyer":{"mobile":"138 0013 8000"}},7]}`, now)
	if err != nil || len(got.Events) != 1 || len(got.Bad) != 1 || got.Bad[0].Reason != "not_an_object" {
		t.Fatalf("%+v %v", got, err)
	}
	e := got.Events[0]
	if e.Name != "Order Paid" || len(e.Keys) != 1 || e.Keys[0].Kind != KeyPhone || string(e.Props["amount_fen"]) != "1250" || !e.At.Equal(time.Date(2026, 2, 28, 1, 0, 0, 0, time.UTC)) {
		t.Fatalf("%+v", e)
	}
	if _, err := Try(Mapping{}, "{}", now); errs.KindOf(err) != errs.Invalid {
		t.Fatalf("a mapping without a name: %v", err)
	}
}
