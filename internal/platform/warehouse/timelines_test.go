package warehouse_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// The file of timelines serves the next process too; broken, of another compaction or gone it misleads nobody, and is written again.
func TestTimelinesAreOnlyACopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	w := warehousetest.OpenAt(t, path)
	load := func(from, to int) {
		t.Helper()
		var facts []event.Fact
		for i := from; i < to; i++ {
			for n := range uint32(100) {
				facts = append(facts, event.Fact{Name: event.OrderPaid, Customer: n + 1, At: day.Add(time.Duration(i) * time.Hour), Amount: int64(n)*1000 - int64(i)})
			}
		}
		warehousetest.Load(t, w, facts...)
	}
	pick := func() (rows int, sum int64, err error) {
		_, err = w.Scan(t.Context(), warehouse.ScanSpec{Pick: []uint32{3, 50, 100}, Facts: []string{event.OrderPaid}, Columns: warehouse.ColumnAmount, AsOf: 1 << 62}, func(_ int, b *warehouse.Block) error {
			for _, amount := range b.Amount {
				sum += amount
			}
			rows += len(b.TS)
			return nil
		})
		return rows, sum, err
	}
	want := func(when string, hours int, kept bool) {
		t.Helper()
		rows, sum, err := pick()
		if expect := int64(hours*(2+49+99))*1000 - 3*int64(hours*(hours-1)/2); err != nil || rows != 3*hours || sum != expect {
			t.Fatal(when, rows, sum, expect, err)
		}
		if warehouse.HasTimelines(w) != kept {
			t.Fatal(when, "timelines are there:", !kept)
		}
	}
	again := func(change func(file string)) {
		t.Helper()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		change(path + ".timelines")
		w = warehousetest.OpenAt(t, path)
	}
	load(0, 10)
	want("never compacted", 10, false)
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	load(10, 13)
	want("compacted", 13, true)
	var old []byte
	again(func(file string) {
		var err error
		if old, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	})
	want("opened again", 13, true)
	again(func(file string) {
		broken := append([]byte{}, old...)
		for i := len(broken) - 300; i < len(broken); i += 7 { // also of customer 100
			broken[i] ^= 0x55
		}
		if err := os.WriteFile(file, broken, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if _, _, err := pick(); err == nil {
		t.Fatal("a broken file is believed")
	}
	want("broken", 13, false)
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	load(13, 14)
	want("compacted again", 14, true)
	again(func(file string) {
		if err := os.WriteFile(file, old, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	want("of another compaction", 14, false)
	again(func(file string) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	})
	want("gone", 14, false)
	if err := warehouse.Tidy(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	want("written again", 14, true)
	if _, err := os.Stat(path + ".timelines.new"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}
