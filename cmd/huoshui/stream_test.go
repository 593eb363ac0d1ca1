package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huoshui/internal/platform/stream/streamtest"
	"huoshui/internal/platform/warehouse/warehousetest"
)

func TestMain(m *testing.M) {
	streamtest.Serve()
	code := m.Run()
	warehousetest.StopClickHouse()
	os.Exit(code)
}

// A brand that has outgrown one machine moves its stream to a cluster: nothing is loaded twice, nothing is skipped, the old
// stream stays closed, and the way back is the same command.
func TestStreamMove(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	c := streamtest.Start(t, streamtest.Options{})
	dir := t.TempDir()
	bring := func(name, text string, more ...string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := huoshui(t, append([]string{"import", "orders", file, "--data", dir, "--json"}, more...)...); code != exitOK {
			t.Fatal(stderr)
		}
	}
	scores := func(more ...string) string {
		t.Helper()
		code, stdout, stderr := huoshui(t, append([]string{"rfm", "--data", dir, "--as-of", "2026-03-01", "--format", "csv"}, more...)...)
		if code != exitOK {
			t.Fatal(stderr)
		}
		return stdout
	}
	bring("first.csv", fewOrders)
	before := scores()

	code, stdout, stderr := huoshui(t, "stream", "move", "--to", c.URL(), "--data", dir, "--json")
	if code != exitOK {
		t.Fatal(stderr)
	}
	var moved struct {
		Streams []struct {
			Name     string
			Messages int
		}
		Start string
	}
	if err := json.Unmarshal([]byte(stdout), &moved); err != nil {
		t.Fatal(stdout, err)
	}
	if len(moved.Streams) != 2 || moved.Streams[0].Name != "FACTS" || moved.Streams[0].Messages == 0 || moved.Start != "--stream "+c.URL() {
		t.Errorf("%+v", moved)
	}
	if code, _, stderr := huoshui(t, "rfm", "--data", dir); code != exitFail || !strings.Contains(stderr, "moved") {
		t.Errorf("without --stream: %d, %s", code, stderr)
	}
	if after := scores("--stream", c.URL()); after != before {
		t.Errorf("after the move\n%s\nbefore\n%s", after, before)
	}
	bring("second.csv", strings.ReplaceAll(fewOrders, "A", "B"), "--stream", c.URL())
	both := scores("--stream", c.URL())
	if both == before {
		t.Error("orders after the move do not arrive")
	}

	code, stdout, _ = huoshui(t, "doctor", "--data", dir, "--stream", c.URL(), "--stream-monitor", c.Monitor(), "--listen", "127.0.0.1:0")
	if code != exitOK || !strings.Contains(stdout, "FACTS: 3 of 3 copies") || strings.Count(stdout, "syncs every write") != 3 {
		t.Errorf("doctor: %d\n%s", code, stdout)
	}
	c.Kill(2)
	c.Noticed("FACTS")
	code, stdout, _ = huoshui(t, "doctor", "--data", dir, "--stream", c.URL(), "--stream-monitor", c.Monitor(), "--listen", "127.0.0.1:0")
	if code != exitFail || !strings.Contains(stdout, "FACTS: 2 of 3 copies") || strings.Count(stdout, "syncs every write") != 2 {
		t.Errorf("doctor with a server away: %d\n%s", code, stdout)
	}
	c.Restart(2)

	if code, _, stderr := huoshui(t, "stream", "move", "--to", "embedded", "--data", dir, "--stream", c.URL()); code != exitOK {
		t.Fatal(stderr)
	}
	if back := scores(); back != both {
		t.Errorf("back\n%s\nbefore\n%s", back, both)
	}
	for _, args := range [][]string{{"stream"}, {"stream", "copy", "--to", "x"}, {"stream", "move"}, {"stream", "move", "--to", "embedded"}} {
		if code, _, _ := huoshui(t, args...); code != exitUsage {
			t.Errorf("%s: %d", fmt.Sprint(args), code)
		}
	}
}

// A cluster whose servers do not sync every write says so.
func TestDoctorFindsServersThatDoNotSync(t *testing.T) {
	c := streamtest.Start(t, streamtest.Options{Servers: 1, Lax: true})
	code, stdout, _ := huoshui(t, "doctor", "--data", t.TempDir(), "--stream", c.URL(), "--stream-monitor", c.Monitor(), "--listen", "127.0.0.1:0")
	if code != exitFail || !strings.Contains(stdout, "sync_interval: always") {
		t.Errorf("%d\n%s", code, stdout)
	}
}
