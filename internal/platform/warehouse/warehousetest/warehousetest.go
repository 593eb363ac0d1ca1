// Package warehousetest gives tests a warehouse of their own, and holds the suite that every engine must pass.
package warehousetest

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
)

// Open returns an empty warehouse in a temporary folder.
func Open(t testing.TB) *warehouse.Warehouse {
	t.Helper()
	return OpenAt(t, filepath.Join(t.TempDir(), "warehouse.duckdb"))
}

// Memory returns an empty warehouse that is not on disk, for tests that need many.
func Memory(t testing.TB) *warehouse.Warehouse {
	t.Helper()
	return OpenAt(t, "")
}

// OpenAt opens the warehouse of a file and closes it when the test ends.
func OpenAt(t testing.TB, path string) *warehouse.Warehouse {
	t.Helper()
	w, err := warehouse.Open(context.Background(), warehouse.Config{Path: path, MemoryMB: 512}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

var serial atomic.Uint64

// Load writes facts as the next message after what the warehouse has; a fact without an id gets a new one.
func Load(t testing.TB, w Engine, facts ...event.Fact) {
	t.Helper()
	for i := range facts {
		if facts[i].ID == "" {
			facts[i].ID = "fact_" + time.Duration(serial.Add(1)).String()
		}
	}
	err := w.Load(context.Background(), []stream.Message{{Seq: w.Watermark().Seq + 1, Facts: facts}})
	if err != nil {
		t.Fatal(err)
	}
}

// Person is the fact of a customer's attributes.
func Person(customer uint32, at time.Time, a event.Attributes) event.Fact {
	props, err := json.Marshal(a)
	if err != nil {
		panic(err) // a struct of texts and times always marshals
	}
	return event.Fact{Name: event.CustomerChanged, Customer: customer, At: at, Props: props}
}
