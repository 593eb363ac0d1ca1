package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
)

const fewOrders = `订单号,手机号,下单时间,商品名称,数量,实付金额
A1,13900000001,2026-01-05 10:00:00,猫粮,1,99.00
A2,13900000002,2026-01-06 11:00:00,狗粮,2,158.00
A3,13900000001,2026-02-05 10:00:00,零食,1,19.90
`

// The warehouse made again answers as it did, also when its file is no database any more, and also when the stream is lost for the
// people whom the store knows.
func TestRebuildAnswersAsBefore(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(file, []byte(fewOrders), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := huoshui(t, "import", "orders", file, "--data", dir, "--json"); code != exitOK {
		t.Fatal(stderr)
	}
	scores := func() string {
		t.Helper()
		code, stdout, stderr := huoshui(t, "rfm", "--data", dir, "--as-of", "2026-03-01", "--format", "csv")
		if code != exitOK {
			t.Fatal(stderr)
		}
		return stdout
	}
	before := scores()
	if err := os.WriteFile(app.WarehousePath(config.Config{Data: dir}), []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	rebuild := func() (out struct {
		Facts     int64 `json:"facts"`
		People    int64 `json:"people"`
		FromStore int   `json:"customers_from_store"`
	}) {
		t.Helper()
		code, stdout, stderr := huoshui(t, "rebuild", "--data", dir, "--json")
		if code != exitOK {
			t.Fatal(stderr)
		}
		if err := json.Unmarshal([]byte(stdout), &out); err != nil {
			t.Fatal(stdout, err)
		}
		return out
	}
	if out := rebuild(); out.People != 2 || out.FromStore != 0 || out.Facts == 0 {
		t.Fatalf("%+v", out)
	}
	if after := scores(); after != before {
		t.Fatalf("%s\nwas\n%s", after, before)
	}
	if err := os.RemoveAll(filepath.Join(dir, "stream")); err != nil {
		t.Fatal(err)
	}
	if out := rebuild(); out.People != 2 || out.FromStore != 2 {
		t.Fatalf("%+v", out)
	}
}
