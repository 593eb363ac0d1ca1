package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huoshui/internal/platform/config"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// What was in the data directory is in ClickHouse after a move, the product goes on there from the stream, and rebuild makes it
// anew there too.
func TestWarehouseMoves(t *testing.T) {
	servers := warehousetest.ClickHouseServers(t, 2)
	dir, address := t.TempDir(), servers.Address()
	file := filepath.Join(t.TempDir(), "orders.csv")
	run := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := huoshui(t, args...)
		if code != exitOK {
			t.Fatal(args, stderr)
		}
		return stdout
	}
	load := func(text string, more ...string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		run(append([]string{"import", "orders", file, "--data", dir, "--json"}, more...)...)
	}
	scores := func(more ...string) string {
		t.Helper()
		return run(append([]string{"rfm", "--data", dir, "--as-of", "2026-03-01", "--format", "csv"}, more...)...)
	}
	load(fewOrders)
	before := scores()

	lock, err := config.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := huoshui(t, "warehouse", "move", "--to", address, "--data", dir); code == exitOK || !strings.Contains(stderr, "stop it") {
		t.Fatal(code, stderr)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	var moved struct {
		Facts  int64  `json:"facts"`
		People int64  `json:"people"`
		Seq    uint64 `json:"watermark"`
	}
	if err := json.Unmarshal([]byte(run("warehouse", "move", "--to", address, "--data", dir, "--json")), &moved); err != nil || moved.Facts == 0 || moved.People == 0 || moved.Seq == 0 {
		t.Fatalf("%+v %v", moved, err)
	}
	if after := scores("--warehouse", address); after != before {
		t.Fatalf("%s\nwas\n%s", after, before)
	}
	load(fewOrders+"A4,13900000003,2026-02-06 10:00:00,猫砂,1,45.00\n", "--warehouse", address) // three of them again
	grown := scores("--warehouse", address)
	if strings.Count(grown, "\n") != strings.Count(before, "\n")+1 {
		t.Fatalf("%s\nafter\n%s", grown, before)
	}
	run("rebuild", "--data", dir, "--warehouse", address)
	if again := scores("--warehouse", address); again != grown {
		t.Fatalf("%s\nwas\n%s", again, grown)
	}
	if code, _, stderr := huoshui(t, "warehouse", "move", "--to", address, "--data", dir); code == exitOK || !strings.Contains(stderr, "empty database") {
		t.Fatal(code, stderr)
	}
	if out := run("doctor", "--data", dir, "--warehouse", address); !strings.Contains(out, "ClickHouse, 2 shards") {
		t.Fatal(out)
	}
}
