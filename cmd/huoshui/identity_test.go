package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huoshui/internal/user/identity"
)

func TestIdentityCoverage(t *testing.T) {
	dir := t.TempDir()
	file, data := filepath.Join(dir, "m.csv"), filepath.Join(dir, "data")
	if err := os.WriteFile(file, []byte("会员编号,姓名,手机号,性别,生日,城市\nM1,甲,13800000001,女,1990/1/2,杭州\nM2,乙,,,,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := huoshui(t, "import", "customers", file, "--channel", "crm", "--data", data); code != exitOK {
		t.Fatal(stderr)
	}
	code, stdout, stderr := huoshui(t, "identity", "coverage", "--data", data, "--json")
	var all identity.Overall
	if err := json.Unmarshal([]byte(stdout), &all); code != exitOK || err != nil || all.Customers != 2 || all.Strong != 1 || all.Complete != 1 {
		t.Errorf("%d %s %s", code, stdout, stderr)
	}
	if code, stdout, _ = huoshui(t, "identity", "coverage", "--data", data); code != exitOK || !strings.Contains(stdout, "complete profile") {
		t.Errorf("%d %s", code, stdout)
	}
	if code, _, _ = huoshui(t, "identity", "census", "--data", data); code != exitUsage {
		t.Errorf("an unknown word ends with %d", code)
	}
}
