package warehouse_test

import (
	"fmt"
	"testing"

	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// A compaction sorts facts in parts: all of them are there afterwards, in one order, also those of visitors and of somebody who has more facts
// than a part.
func TestCompactionInParts(t *testing.T) {
	w := warehousetest.Open(t)
	const facts = 2_300_000
	customer := fmt.Sprintf("CASE i %% 4 WHEN 0 THEN 7 WHEN 1 THEN 7 WHEN 2 THEN 8 + hash(i) %% 50000 ELSE %d + hash(i) %% 50000 END", uint64(warehouse.FirstVisitor))
	err := w.Fill(t.Context(), func(code func(string) uint32) []string {
		return []string{fmt.Sprintf(`INSERT INTO facts SELECT CAST(%s AS UINTEGER), CAST(hash(i, 1) %% 1000000 AS BIGINT), %d, i, '',
			1, 0, 0, 0, 0, 0, 0, 0, '', 0 FROM range(%d) t(i)`, customer, code("page.viewed"), facts)}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Watermark().Facts; got != facts {
		t.Fatalf("%d facts were filled in", got)
	}
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]int64{
		"SELECT COUNT(*) FROM facts":                              facts,
		"SELECT COUNT(DISTINCT id) FROM facts":                    facts,
		"SELECT COUNT(*) FROM facts WHERE customer = 7":           facts / 2,
		"SELECT CAST(MIN(clustered_facts) AS BIGINT) FROM loaded": facts,
		`SELECT COUNT(*) FROM (SELECT customer, ts, LAG(customer) OVER (ORDER BY rowid) AS c, LAG(ts) OVER (ORDER BY rowid) AS t FROM facts)
			WHERE c > customer OR c = customer AND t > ts`: 0,
	} {
		got, err := warehouse.One[int64](t.Context(), w, what)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: %d, not %d", what, got, want)
		}
	}
}
