package httpapi

import (
	"encoding/json"
	"regexp"
	"testing"
)

// huma skips embedded structs whose names begin in lower case: the parameter is then neither documented nor read.
func TestEveryPlaceInAPathIsAParameter(t *testing.T) {
	text, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	places := regexp.MustCompile(`\{(\w+)\}`)
	for path, methods := range doc.Paths {
		for method, op := range methods {
			known := map[string]bool{}
			for _, p := range op.Parameters {
				if p.In == "path" {
					known[p.Name] = true
				}
			}
			for _, place := range places.FindAllStringSubmatch(path, -1) {
				if !known[place[1]] {
					t.Errorf("%s %s (%s): %s is not read; embed structs with a capital name", method, path, op.OperationID, place[1])
				}
			}
		}
	}
}
