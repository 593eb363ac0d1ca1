package identitywire_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

// processor returns how long the process has used processors.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIdentity makes 200,000 customers and as many visitors, merges 100,000 pairs of the customers by sightings,
// lets every visitor become known, asks for the coverage, and undoes a thousand merges.
func BenchmarkIdentity(b *testing.B) {
	const pairs, batch = 100_000, 5000
	for b.Loop() {
		w := newWorld(b, storetest.Open(b))
		measure := func(name string, n int, f func()) {
			runtime.GC()
			began, used := time.Now(), processor(b)
			f()
			wall, cpu := time.Since(began), processor(b)-used
			b.Logf("%-28s %7d in %6.2f s, %6.2f s of processor, %8.0f/s", name, n, wall.Seconds(), cpu.Seconds(), float64(n)/wall.Seconds())
		}
		tell := func(n int, sighting func(i int) string) {
			for at := 0; at < n; at += batch {
				all := make([]identity.Sighting, 0, batch)
				for i := at; i < min(at+batch, n); i++ {
					all = append(all, identity.Sighting{Person: customer.Person{Keys: keys(sighting(i)), Name: "客"}, Source: "bench"})
				}
				w.resolve(all...)
			}
		}
		measure("customers made", 2*pairs, func() {
			tell(2*pairs, func(i int) string {
				if i%2 == 0 {
					return fmt.Sprintf("phone=%d card=%d", i/2, i/2)
				}
				return fmt.Sprintf("openid=app:%d email=%d", i/2, i/2)
			})
		})
		measure("visitors made", 2*pairs, func() { tell(2*pairs, func(i int) string { return fmt.Sprintf("device=%d", i) }) })
		measure("sightings of known people", 2*pairs, func() { tell(2*pairs, func(i int) string { return fmt.Sprintf("phone=%d card=%d", i/2, i/2) }) })
		measure("merges", pairs, func() { tell(pairs, func(i int) string { return fmt.Sprintf("phone=%d openid=app:%d", i, i) }) })
		measure("visitors who become known", 2*pairs, func() { tell(2*pairs, func(i int) string { return fmt.Sprintf("phone=%d device=%d", i/2, i) }) })
		measure("coverage", 1, func() {
			all, err := w.who.Coverage(b.Context())
			if err != nil || all.Customers != pairs || all.Merges != pairs || all.Visitors != 0 {
				b.Fatalf("%+v, %v", all, err)
			}
		})
		measure("undone", 500, func() {
			for _, m := range w.merges() {
				if _, err := w.who.Undo(b.Context(), m.ID, "stf"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
