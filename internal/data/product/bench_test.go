package product_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"

	"huoshui/internal/data/product"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// BenchmarkPairs finds what is bought together in a million baskets of four lines of 2,000 products, which follow a power law. It tells the
// processor time of one question, both passes of it, and how far the heap grew.
func BenchmarkPairs(b *testing.B) {
	w := warehousetest.Open(b)
	err := w.Fill(b.Context(), func(code func(string) uint32) []string {
		line := code(event.OrderLine)
		first := code("sku-0")
		for i := 1; i < 2000; i++ {
			code(fmt.Sprintf("sku-%d", i))
		}
		return []string{fmt.Sprintf(`INSERT INTO facts BY NAME SELECT customer, ts, kind, id, subject, amount, quantity, product, category, channel, campaign, strategy, detail, props FROM (
			SELECT CAST(1 + i // 4 %% 100000 AS UINTEGER) AS customer, 1767225600000000 + (i // 400000) * 86400000000 AS ts, CAST(%d AS UINTEGER) AS kind, CAST(i AS UBIGINT) AS id, '' AS subject,
			1000 AS amount, 1 AS quantity, CAST(%d + floor(2000 * pow(random(), 3)) AS UINTEGER) AS product, CAST(0 AS UINTEGER) AS category, CAST(0 AS UINTEGER) AS channel,
			CAST(0 AS UINTEGER) AS campaign, CAST(0 AS UINTEGER) AS strategy, CAST(0 AS UINTEGER) AS detail, '' AS props FROM range(4000000) AS t(i)) ORDER BY customer, ts`, line, first)}
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Compact(b.Context()); err != nil {
		b.Fatal(err)
	}
	before, heap := cpu(b), heapNow()
	most := uint64(0)
	n := 0
	for b.Loop() {
		n++
		got, err := service(w).Pairs(b.Context(), product.PairsAsked{Period: product.Days{From: "2025-12-31", To: "2026-01-20"}})
		if err != nil || got.Baskets != 1_000_000 || len(got.Pairs) == 0 {
			b.Fatal(got.Baskets, len(got.Pairs), err)
		}
		most = max(most, heapNow())
	}
	b.ReportMetric((cpu(b)-before)/float64(n), "cpu-s/op")
	b.ReportMetric(float64(int64(most)-int64(heap))/(1<<20), "heap-MB")
}

func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func heapNow() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
