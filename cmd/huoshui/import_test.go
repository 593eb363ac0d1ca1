package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An import where no line is rejected is a success, and says so in the file that rejected lines were to go to.
func TestImportWithoutRejects(t *testing.T) {
	dir := t.TempDir()
	file, rejects := filepath.Join(dir, "o.csv"), filepath.Join(dir, "rejects.csv")
	for _, c := range []struct{ lines, left string }{
		{"A1,c1,2025-03-01 10:00:00,p1,1,10.00\n,c1,2025-03-01 10:00:00,p1,1,10.00\n", "no_order"},
		{"A2,c2,2025-03-02 10:00:00,p1,2,9.99\n", ""},
	} {
		if err := os.WriteFile(file, []byte("orderno,customerid,paidat,sku,quantity,price\n"+c.lines), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := huoshui(t, "import", "orders", file, "--preset", "generic", "--data", filepath.Join(dir, "data"), "--rejects", rejects, "--json")
		var answer importAnswer
		if err := json.Unmarshal([]byte(stdout), &answer); code != exitOK || err != nil || answer.LinesAccepted != 1 || answer.Orders != 1 {
			t.Fatalf("%d %q %s", code, stdout, stderr)
		}
		left, err := os.ReadFile(rejects)
		if err != nil || !strings.Contains(string(left), c.left) || c.left == "" && len(left) > 0 {
			t.Errorf("rejected lines %q, %v", left, err)
		}
	}
}
