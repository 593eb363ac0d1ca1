package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/layer"
)

func TestMain(m *testing.M) {
	code := m.Run()
	warehousetest.StopClickHouse()
	os.Exit(code)
}

// The same benchmark runs on ClickHouse, where a pass and SQL agree as well.
func TestClickHouseAgreesWithSQL(t *testing.T) {
	for _, shards := range []int{1, 2} {
		address := warehousetest.ClickHouseServers(t, shards).Address()
		r, err := Audience(t.Context(), AudienceSpec{People: 3000, Facts: 30_000, Conditions: 40, Sample: 40, Dir: t.TempDir(), Warehouse: address}, t.Logf)
		if err != nil {
			t.Fatal(err)
		}
		if r.MoveSeconds <= 0 || r.RefreshSeconds <= 0 || r.PassFaster <= 0 {
			t.Fatalf("%+v", r)
		}
	}
}

// A refresh over ClickHouse, on one server and over two shards, gives the same bits as one over DuckDB: the sets of people of random
// conditions and the state that is saved, over random people, facts, orders that grew, erasures, merges and splits; at first, after more came,
// and after compactions.
func TestRefreshIsIdentical(t *testing.T) {
	engines := []*warehouse.Warehouse{
		warehousetest.Memory(t),
		warehousetest.OpenClickHouse(t, warehousetest.ClickHouseServers(t, 1).Address()),
		warehousetest.OpenClickHouse(t, warehousetest.ClickHouseServers(t, 2).Address()),
	}
	all, err := conditions(60, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`{"kind":"facts","spec":{"fact":"order.paid","measure":"first_amount","min":3000}}`,
		`{"kind":"facts","spec":{"fact":"order.paid","measure":"last_amount","max":9000}}`,
		`{"kind":"facts","spec":{"fact":"page.viewed","measure":"days","min":2}}`,
		`{"kind":"contact","spec":{"has":"phone"}}`,
	} {
		c, err := audience.ParseCondition([]byte(text))
		if err != nil {
			t.Fatal(text, err)
		}
		all = append(all, c)
	}
	random := rand.New(rand.NewPCG(11, 12))
	var seq uint64
	for round := range 4 {
		var messages []stream.Message
		for range 400 {
			seq++
			messages = append(messages, stream.Message{ID: fmt.Sprint(seq), Seq: seq, Facts: randomFacts(random, seq)})
		}
		var want []byte
		for i, w := range engines {
			if err := w.Load(t.Context(), messages); err != nil {
				t.Fatal(err)
			}
			if round == 2 {
				if err := w.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			got := refreshed(t, w, all)
			if i == 0 {
				want = got
			} else if !bytes.Equal(got, want) {
				t.Fatalf("round %d: %s differs from DuckDB: %s", round, w.Engine(), cmp.Diff(want, got)[:1000])
			}
		}
	}
}

func randomFacts(random *rand.Rand, seq uint64) []event.Fact {
	at := func() time.Time { return asOf.Add(-time.Duration(random.IntN(400*24)) * time.Hour) }
	number := func() uint32 {
		n := 1 + uint32(random.IntN(900))
		if random.IntN(10) == 0 {
			return warehouse.FirstVisitor + n
		}
		return n
	}
	out := make([]event.Fact, 0, 8)
	for range cap(out) {
		f := event.Fact{
			ID: fmt.Sprint(seq, ".", len(out)), Name: []string{event.PageViewed, event.OrderLine, event.OrderPaid, event.MessageOpened}[random.IntN(4)],
			Customer: number(), At: at(), Amount: random.Int64N(20_000), Quantity: 1 + random.Int64N(3),
			Product: fmt.Sprint("sku", random.IntN(40)), Category: fmt.Sprint("category", 1+random.IntN(categories)), Channel: channels[random.IntN(len(channels))],
		}
		switch random.IntN(14) {
		case 0:
			if f.Customer > 1 { // into a lower number: merges never run in a circle
				f.Name, f.Quantity = event.CustomerMerged, 1+random.Int64N(min(int64(f.Customer)-1, 900))
			}
		case 1:
			f.Name, f.Quantity = event.CustomerSplit, int64(1+random.IntN(900))
		case 2, 3:
			f.Customer = 1 + f.Customer%900
			props, _ := json.Marshal(event.Attributes{
				City: fmt.Sprint("city", 1+random.IntN(cities)), Registered: at(), HasPhone: random.IntN(2) == 0, Erased: random.IntN(40) == 0, Merged: random.IntN(40) == 0,
			})
			f = event.Fact{ID: f.ID, Name: event.CustomerChanged, Customer: f.Customer, At: f.At, Props: props}
		case 4:
			f.Name = event.OrderAmended
		}
		out = append(out, f)
	}
	return out
}

// refreshed is what a refresh gives, as bytes.
func refreshed(t *testing.T, w *warehouse.Warehouse, all []audience.Condition) []byte {
	t.Helper()
	answer, err := audience.NewEngine(w, zone).Refresh(t.Context(), asOf, audience.Question{Conditions: all}, layering{layer.NewPass(layer.Default())})
	if err != nil {
		t.Fatal(w.Engine(), err)
	}
	var out []byte
	people := uint64(0)
	for _, set := range answer.People {
		people += set.GetCardinality()
		set.RunOptimize()
		bits, err := set.ToBytes()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, bits...)
	}
	if people == 0 {
		t.Fatal("nobody meets any condition")
	}
	state, err := w.LoadState(t.Context())
	if err != nil || !slices.Contains(state.Present, true) {
		t.Fatal("no state was saved", err)
	}
	return fmt.Append(out, *state)
}
