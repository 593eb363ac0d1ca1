package app

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// room is a part of the house: the packages under a path, and what of the house they may import beside themselves.
type room struct {
	path string
	may  []string
}

// rooms is the import-rule table, first match wins. "platform" knows nothing of the business; the five systems and org
// do not import each other (a reader declares an interface, a change is a fact); only the edge, the demo and app see all.
var rooms = []room{
	{"internal/platform", []string{"internal/platform"}},
	{"internal/user", []string{"internal/platform"}},
	{"internal/trade", []string{"internal/platform"}},
	{"internal/finance", []string{"internal/platform"}},
	{"internal/marketing", []string{"internal/platform"}},
	{"internal/data/effect", []string{"internal/platform", "internal/data", "internal/marketing/experiment"}},  // statistics: pure functions, no I/O
	{"internal/data/product", []string{"internal/platform", "internal/data", "internal/marketing/experiment"}}, // the same
	{"internal/data", []string{"internal/platform"}},
	{"internal/wechat", []string{"internal/platform"}},
	{"internal/org", []string{"internal/platform"}},
	{"internal/web", []string{"internal/platform"}},
	{"internal/demo", []string{"internal/platform"}},
	{"internal/httpapi", []string{"internal"}},
	{"internal/app", []string{"internal"}},
	{"bench", []string{"internal"}},
	{"cmd", []string{"internal", "bench"}},
}

// under reports whether a package is at the path or below it.
func under(pkg, path string) bool { return pkg == path || strings.HasPrefix(pkg, path+"/") }

// allowed reports whether a package may import another. Packages of one system may import each other.
func allowed(from, to string) bool {
	for _, r := range rooms {
		if under(from, r.path) {
			return under(to, r.path) || slices.ContainsFunc(r.may, func(p string) bool { return under(to, p) })
		}
	}
	return false // a package outside every room: give it one
}

func TestImportsFollowTheTable(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags=duckdb_arrow", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "huoshui/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		from := strings.TrimPrefix(words[0], "huoshui/")
		for _, to := range words[1:] {
			to, ours := strings.CutPrefix(to, "huoshui/")
			if !ours {
				continue
			}
			seen++
			if !allowed(from, to) {
				t.Errorf("%s imports %s: declare an interface of what is read, or hear the fact (see rooms)", from, to)
			}
		}
	}
	if seen < 20 {
		t.Fatalf("only %d imports seen: the test does not look", seen)
	}
}

func TestTableRefuses(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"internal/user/layer", "internal/user/audience", true},
		{"internal/user/layer", "internal/platform/store", true},
		{"internal/user/layer", "internal/trade/order", false},
		{"internal/marketing/campaign", "internal/user/audience", false},
		{"internal/platform/store", "internal/user/customer", false},
		{"internal/trade/order", "internal/httpapi", false},
		{"internal/demo", "internal/marketing/campaign", false},
		{"internal/httpapi", "internal/demo", true},
		{"internal/elsewhere", "internal/platform/store", false},
	} {
		if got := allowed(c.from, c.to); got != c.want {
			t.Errorf("allowed(%s, %s) = %v", c.from, c.to, got)
		}
	}
}
