package warehouse_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

func TestConformance(t *testing.T) {
	warehousetest.Conform(t, func(t *testing.T) warehousetest.Engine { return warehousetest.Open(t) })
}

var day = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

// What an erased person wrote or had written is gone from the file's rows, and she is nobody in the state.
func TestErasedLeavesNoWords(t *testing.T) {
	w := warehousetest.Open(t)
	warehousetest.Load(t, w, warehousetest.Person(2, day, event.Attributes{City: "北京"}),
		event.Fact{Name: event.OrderPaid, Customer: 2, At: day, Amount: 7, Props: []byte(`{"note":"private"}`)})
	state := warehouse.NewState(2, day.UnixMicro())
	state.Present[2] = true
	if err := w.SaveState(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	warehousetest.Load(t, w, warehousetest.Person(2, day.Add(time.Hour), event.Attributes{Erased: true}))
	for _, q := range []string{
		"SELECT CAST(customer AS VARCHAR) FROM facts WHERE props <> ''",
		"SELECT CAST(customer AS VARCHAR) FROM people WHERE city <> 0",
	} {
		if left, err := warehouse.All[string](t.Context(), w, q); err != nil || len(left) > 0 {
			t.Fatal(q, left, err)
		}
	}
}

// Who was erased or merged after the state was saved is nobody when it is loaded; who came since is nobody yet.
func TestLoadStateDropsWhoIsGone(t *testing.T) {
	w := warehousetest.Open(t)
	for n := range uint32(5) {
		warehousetest.Load(t, w, warehousetest.Person(1+n, day, event.Attributes{City: "北京"}))
	}
	state := warehouse.NewState(4, day.UnixMicro())
	state.Heat = make([]uint16, 5)
	for n := uint32(1); n <= 4; n++ {
		state.Present[n], state.Spent[n], state.R[n], state.Heat[n] = true, -int64(n), 5, uint16(n)
	}
	if err := w.SaveState(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	warehousetest.Load(t, w, warehousetest.Person(2, day.Add(time.Hour), event.Attributes{Erased: true}))
	warehousetest.Load(t, w, warehousetest.Person(3, day.Add(time.Hour), event.Attributes{Merged: true}))
	got, err := w.LoadState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := warehouse.NewState(5, day.UnixMicro())
	want.Heat = make([]uint16, 6)
	for _, n := range []uint32{1, 4} {
		want.Present[n], want.Spent[n], want.R[n], want.Heat[n] = true, -int64(n), 5, uint16(n)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// A file of an older version opens: what it kept the state in is dropped, and the next state comes back.
func TestOlderFilesOpen(t *testing.T) {
	for _, old := range [][]string{
		{"CREATE TABLE state (customer UINTEGER)"},
		{"CREATE TABLE state_chunks (chunk UINTEGER, as_of BIGINT, body BLOB)"},
		{"CREATE TABLE state_rows (customer UINTEGER)", "CREATE VIEW state AS SELECT customer FROM state_rows", "CREATE TABLE heat (customer UINTEGER)"},
	} {
		path := filepath.Join(t.TempDir(), "warehouse.duckdb")
		w := warehousetest.OpenAt(t, path)
		warehousetest.Load(t, w, warehousetest.Person(1, day, event.Attributes{}))
		if err := w.Fill(t.Context(), func(func(string) uint32) []string { return old }); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w = warehousetest.OpenAt(t, path)
		left, err := warehouse.All[string](t.Context(), w, "SELECT table_name FROM information_schema.tables WHERE table_name IN ('state', 'state_rows', 'state_chunks', 'heat')")
		if err != nil || len(left) > 0 {
			t.Fatal(left, err)
		}
		state := warehouse.NewState(1, day.UnixMicro())
		state.Present[1], state.LastSeen[1] = true, day.UnixMicro()
		if err := w.SaveState(t.Context(), state); err != nil {
			t.Fatal(err)
		}
		got, err := w.LoadState(t.Context())
		if err != nil || !cmp.Equal(state, got) {
			t.Fatal(got, err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// child is set in the process that TestKilledLoaderLosesNothing kills.
const child = "HUOSHUI_WAREHOUSE_TEST_CHILD"

func messages(from uint64) []stream.Message {
	var out []stream.Message
	for seq := from; seq < from+10; seq++ {
		m := stream.Message{Seq: seq}
		for i := range 50 {
			m.Facts = append(m.Facts, event.Fact{
				ID: fmt.Sprintf("f%d.%d", seq, i), Name: event.OrderPaid, Customer: uint32(i + 1), At: day, Amount: 1,
				Product: fmt.Sprintf("p%d", seq),
			})
		}
		out = append(out, m)
	}
	return out
}

func TestKilledLoaderLosesNothing(t *testing.T) {
	if path := os.Getenv(child); path != "" { // load until killed
		w := warehousetest.OpenAt(t, path)
		for {
			if err := w.Load(t.Context(), messages(w.Watermark().Seq+1)); err != nil {
				t.Fatal(err)
			}
			if w.Watermark().Seq%100 == 0 {
				if err := w.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	random := rand.New(rand.NewPCG(7, 7))
	var last uint64
	for range 4 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledLoaderLosesNothing$")
		cmd.Env = append(os.Environ(), child+"="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(300+random.IntN(500)) * time.Millisecond) // the kill is meant to fall anywhere
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		last = checkKilled(t, path, last)
	}
	if last == 0 {
		t.Fatal("the loader never got anywhere")
	}
}

func checkKilled(t *testing.T, path string, last uint64) uint64 {
	t.Helper()
	w := warehousetest.OpenAt(t, path)
	defer w.Close()
	seq := w.Watermark().Seq
	type counts struct {
		Rows    int64 `db:"n"`
		Ids     int64 `db:"ids"`
		Product int64 `db:"products"`
	}
	got, err := warehouse.One[counts](t.Context(), w, "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids, COUNT(DISTINCT product) AS products FROM facts")
	if err != nil {
		t.Fatal(err)
	}
	if want := (counts{int64(seq) * 50, int64(seq) * 50, int64(seq)}); got != want || seq < last {
		t.Fatalf("at %d: %+v, want %+v", seq, got, want)
	}
	if seq > 0 && w.Text(w.Code(fmt.Sprintf("p%d", seq))) == "" {
		t.Fatal("the dictionary lost a text")
	}
	return seq
}

func TestQueryTellsWhatIsWrong(t *testing.T) {
	w := warehousetest.Open(t)
	if _, err := warehouse.One[int64](t.Context(), w, "SELECT seq FROM loaded WHERE seq > 5"); errs.KindOf(err) != errs.NotFound {
		t.Fatal(err)
	}
	type narrow struct {
		Seq string `db:"seq"`
	}
	if _, err := warehouse.All[narrow](t.Context(), w, "SELECT seq FROM loaded"); err == nil || !strings.Contains(err.Error(), "does not go into") {
		t.Fatal(err)
	}
}

// Facts that do not lie as the compaction wrote them end one scan; the next takes nothing for granted, until facts are compacted again.
func TestScanOfFactsOutOfOrder(t *testing.T) {
	w := warehousetest.OpenAt(t, filepath.Join(t.TempDir(), "warehouse.duckdb"))
	var facts []event.Fact
	for n := range uint32(300) {
		for i := range 20 {
			facts = append(facts, event.Fact{Name: event.PageViewed, Customer: n + 1, At: day.Add(time.Duration(i) * time.Hour)})
		}
	}
	warehousetest.Load(t, w, facts...)
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	scan := func(ctx context.Context) (rows int, err error) {
		var mu sync.Mutex
		_, err = w.Scan(ctx, warehouse.ScanSpec{Facts: []string{event.PageViewed}, AsOf: day.AddDate(1, 0, 0).UnixMicro(), Rows: 500}, func(_ int, b *warehouse.Block) error {
			mu.Lock()
			defer mu.Unlock()
			for n := range len(b.Start) - 1 {
				if part := b.TS[b.Start[n]:b.Start[n+1]]; !slices.IsSorted(part) {
					return fmt.Errorf("customer %d: facts out of order", b.From+uint32(n))
				}
			}
			rows += len(b.TS)
			return ctx.Err()
		})
		return rows, err
	}
	want := func() {
		t.Helper()
		if rows, err := scan(t.Context()); err != nil || rows != len(facts) {
			t.Fatal(rows, err)
		}
	}
	want()
	ended, end := context.WithCancel(t.Context())
	end()
	for range 2 { // from the file of timelines, and from the table
		if _, err := scan(ended); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		want()
		warehouse.DropTimelines(w)
	}
	err := w.Fill(t.Context(), func(func(string) uint32) []string {
		return []string{"UPDATE facts SET customer = 1 WHERE customer = 290", "UPDATE facts SET ts = ts - 86400000000 WHERE rowid = 3000"}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scan(t.Context()); !errors.Is(err, warehouse.ErrDisorder) {
		t.Fatal(err)
	}
	want()
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	want()
}

// A scan of many kinds, of which most rows are not: the rows come in order all the same.
func TestScanOfManyKinds(t *testing.T) {
	w := warehousetest.OpenAt(t, filepath.Join(t.TempDir(), "warehouse.duckdb"))
	names := []string{"a.done", "b.done", "c.done", "d.done", "e.done", "f.done", "g.done", "h.done", "i.done", "j.done"}
	var facts []event.Fact
	for n := range uint32(6000) {
		for i := range 30 {
			facts = append(facts, event.Fact{Name: names[(int(n)*7+i*i)%len(names)], Customer: n + 1, At: day.Add(time.Duration(i) * time.Hour)})
		}
	}
	warehousetest.Load(t, w, facts...)
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	wanted := []string{names[1], names[2], names[4], names[5], names[7], names[8], "never.done"}
	want := 0
	for _, f := range facts {
		if slices.Contains(wanted, f.Name) {
			want++
		}
	}
	for range 3 {
		var rows atomic.Int64
		_, err := w.Scan(t.Context(), warehouse.ScanSpec{Facts: wanted, AsOf: day.AddDate(1, 0, 0).UnixMicro(), Rows: 5000}, func(_ int, b *warehouse.Block) error {
			rows.Add(int64(len(b.TS)))
			for n := range len(b.Start) - 1 {
				if part := b.TS[b.Start[n]:b.Start[n+1]]; !slices.IsSorted(part) {
					return fmt.Errorf("customer %d: facts out of order", b.From+uint32(n))
				}
			}
			return nil
		})
		if err != nil || rows.Load() != int64(want) {
			t.Fatal(rows.Load(), want, err)
		}
	}
}

// Many customers were merged since the last compaction: theirs are left out of the stream without a join, which would not keep its order.
func TestScanAfterManyMerges(t *testing.T) {
	w := warehousetest.OpenAt(t, filepath.Join(t.TempDir(), "warehouse.duckdb"))
	const people, each = 4000, 15
	var facts []event.Fact
	for n := range uint32(people) {
		for i := range each {
			facts = append(facts, event.Fact{Name: event.PageViewed, Customer: n + 1, At: day.Add(time.Duration(i) * time.Hour)})
		}
	}
	warehousetest.Load(t, w, facts...)
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	var merges []event.Fact
	for n := uint32(1); n <= 1500; n++ {
		merges = append(merges, event.Fact{Name: event.CustomerMerged, Customer: n + 2000, Quantity: int64(n), At: day.AddDate(0, 0, 1)})
	}
	warehousetest.Load(t, w, merges...)
	for range 3 {
		var mu sync.Mutex
		rows, most := 0, 0
		_, err := w.Scan(t.Context(), warehouse.ScanSpec{Facts: []string{event.PageViewed}, AsOf: day.AddDate(1, 0, 0).UnixMicro()}, func(_ int, b *warehouse.Block) error {
			mu.Lock()
			defer mu.Unlock()
			for n := range len(b.Start) - 1 {
				part := b.TS[b.Start[n]:b.Start[n+1]]
				if !slices.IsSorted(part) {
					return fmt.Errorf("customer %d: facts out of order", b.From+uint32(n))
				}
				rows, most = rows+len(part), max(most, len(part))
			}
			return nil
		})
		if err != nil || rows != people*each || most != 2*each {
			t.Fatal(rows, most, err)
		}
	}
}

// A state file that is damaged or cut off is refused, and the next state replaces it.
func TestDamagedState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w := warehousetest.OpenAt(t, path)
	warehousetest.Load(t, w, warehousetest.Person(1, day, event.Attributes{}))
	state := warehouse.NewState(1, day.UnixMicro())
	state.Present[1], state.Spent[1] = true, 7
	if err := w.SaveState(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path + ".state")
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		other := bytes.Clone(whole)
		other[at] ^= 0x20
		for _, damaged := range [][]byte{whole[:at], other} {
			if err := os.WriteFile(path+".state", damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := w.LoadState(t.Context()); err == nil {
				t.Fatal("a damaged file was taken:", at, len(damaged))
			}
		}
	}
	if err := w.SaveState(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	if got, err := w.LoadState(t.Context()); err != nil || !cmp.Equal(state, got) {
		t.Fatal(got, err)
	}
}
