package product_test

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"huoshui/internal/data/product"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// retail reads the invoices of a gift shop (UCI 352), cleaned: with a customer, not cancelled, quantity and price above 0. They lie in a
// folder that HUOSHUI_DATA names, or in shared/data beside the repository.
func retail(t *testing.T) []event.Fact {
	t.Helper()
	var file *os.File
	for _, dir := range []string{os.Getenv("HUOSHUI_DATA"), "../../../../shared/data"} {
		if f, err := os.Open(filepath.Join(dir, "online_retail.csv.gz")); err == nil {
			file = f
			break
		}
	}
	if file == nil {
		t.Skip("online_retail.csv.gz is not here")
	}
	defer file.Close() //nolint:errcheck // it was only read
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(plain)
	rows.FieldsPerRecord, rows.LazyQuotes = -1, true
	invoices := map[string]time.Time{}
	people := map[string]uint32{}
	var out []event.Fact
	for line := 0; ; line++ {
		r, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if line == 0 || r[6] == "" || strings.HasPrefix(r[0], "C") {
			continue
		}
		quantity, _ := strconv.ParseFloat(r[3], 64)
		price, _ := strconv.ParseFloat(r[5], 64)
		if quantity <= 0 || price <= 0 {
			continue
		}
		at, ok := invoices[r[0]]
		if !ok { // the lines of an invoice are of one instant, two invoices of two
			if at, err = time.Parse(time.DateTime, r[4]); err != nil {
				if at, err = time.Parse("2006-01-02 15:04", r[4]); err != nil {
					t.Fatal(err)
				}
			}
			at = at.Add(time.Duration(len(invoices)) * time.Microsecond)
			invoices[r[0]] = at
		}
		if people[r[6]] == 0 {
			people[r[6]] = uint32(len(people) + 1)
		}
		out = append(out, event.Fact{
			Name: event.OrderLine, Customer: people[r[6]], At: at, Product: r[1], Amount: int64(math.Round(price * quantity * 100)), Quantity: int64(quantity),
		})
	}
}

// Reference results over the real baskets, computed with independent code (Python: sets of stock codes by invoice, counted one by one).
func TestRealBaskets(t *testing.T) {
	if testing.Short() {
		t.Skip("half a million lines")
	}
	facts := retail(t)
	w := warehousetest.Open(t)
	for len(facts) > 0 {
		n := min(len(facts), 50_000)
		warehousetest.Load(t, w, facts[:n]...)
		facts = facts[n:]
	}
	s := product.NewService(w, shelves{}, shelves{}, func() time.Time { return time.Date(2011, 12, 10, 0, 0, 0, 0, time.UTC) }, time.UTC)
	year := product.Days{From: "2010-12-01", To: "2011-12-09"}
	got, err := s.Pairs(t.Context(), product.PairsAsked{Period: year, Least: 100})
	if err != nil {
		t.Fatal(err)
	}
	if got.Baskets != 18_532 || got.Products != 1170 || len(got.Pairs) != 1580 {
		t.Fatal(got.Baskets, got.Products, len(got.Pairs))
	}
	byKey := map[string]product.Pair{}
	for _, p := range got.Pairs {
		byKey[p.A.ID+" "+p.B.ID], byKey[p.B.ID+" "+p.A.ID] = p, p
	}
	for _, want := range []struct {
		a, b                string
		both, withA, withB  int64
		support, lift, aToB float64
	}{
		{"22697", "22699", 541, 691, 783, .029192747679689185, 18.53018465843457, .7829232995658466},
		{"22726", "22727", 530, 789, 877, .028599179797107705, 14.194547895594065, .6717363751584284},
		{"22386", "85099B", 546, 871, 1600, .02946255126268077, 7.260671641791045, .6268656716417911},
		{"20725", "22384", 523, 1289, 931, .028221454780919492, 8.076466240409847, .4057408844065167},
		{"23289", "23291", 117, 141, 144, .0063134038420030215, 106.78900709219857, .8297872340425532},
		{"22918", "22921", 155, 187, 166, .008363911072739046, 92.53463050061207, .8288770053475936},
	} {
		p := byKey[want.a+" "+want.b]
		if p.A.ID != want.a {
			p.WithA, p.WithB, p.AtoB = p.WithB, p.WithA, p.BtoA
		}
		if p.Baskets != want.both || p.WithA != want.withA || p.WithB != want.withB || math.Abs(p.Support-want.support) > 1e-12 ||
			math.Abs(p.Lift-want.lift) > 1e-9 || math.Abs(p.AtoB.Rate-want.aToB) > 1e-12 || !p.Firm {
			t.Errorf("%+v; want %+v", p, want)
		}
	}
	if first := got.Pairs[0]; first.A.ID+first.B.ID != "2269722699" && first.A.ID+first.B.ID != "2269922697" {
		t.Errorf("most beyond chance are %+v", first)
	}
	// Days between purchases of anything, and who came again, as published with the data's reference results.
	again, err := s.Repeats(t.Context(), year, 365, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := again.All
	if all.Buyers != 4338 || all.Cycle.Seen != 28 || all.Cycle.Gaps != 12_424 || math.Abs(float64(all.SalesFen)-891_140_790) > 1000 { // one gap is longer than a year
		t.Errorf("%+v", all)
	}
	if rate := float64(all.Repeaters) / float64(all.Buyers); math.Abs(rate-.6432) > 5e-5 {
		t.Errorf("%v came again", rate)
	}
}
