package httpapi

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite api/openapi.json")

const committed = "../../api/openapi.json"

// TestDocumentIsCurrent fails when api/openapi.json is not what the routes say; make gen writes it.
func TestDocumentIsCurrent(t *testing.T) {
	got, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(committed, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Fatalf("api/openapi.json is stale: run make gen (-committed +routes)\n%s", diff)
	}
}

// TestPathsAreRead fails when a route has a {parameter} that its input does not read: huma passes over the fields of an
// embedded struct whose type is not exported, without a word.
func TestPathsAreRead(t *testing.T) {
	document, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			ID         string `json:"operationId"`
			Parameters []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths {
		for _, op := range item {
			for _, m := range regexp.MustCompile(`\{(\w+)`).FindAllStringSubmatch(path, -1) {
				read := false
				for _, p := range op.Parameters {
					read = read || p.In == "path" && p.Name == m[1]
				}
				if !read {
					t.Errorf("%s does not read {%s} of %s: name it in the input itself, not in an embedded type", op.ID, m[1], path)
				}
			}
		}
	}
}
