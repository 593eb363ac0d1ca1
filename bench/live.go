package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/audience"
)

// LiveSpec is the size of the live benchmark.
type LiveSpec struct {
	People    int64
	Facts     int64 // there before it begins
	PerSecond int   // facts that come while it runs
	Segments  int   // live ones
	Seconds   int
	Estimates int
	Dir       string
}

// LiveResult is what the live benchmark found. The way measured is from the moment a fact is handed to the stream, through the
// warehouse and all live segments, until a subscriber of the stream has heard that the person entered the segment.
type LiveResult struct {
	People      int64   `json:"people"`
	Facts       int64   `json:"facts"`
	PerSecond   int     `json:"facts_per_second"`
	Segments    int     `json:"live_segments"`
	Entries     int     `json:"entries"` // of the segment that is measured
	P50         float64 `json:"event_to_segment_p50_ms"`
	P99         float64 `json:"event_to_segment_p99_ms"`
	Slowest     float64 `json:"event_to_segment_slowest_ms"`
	CPUShare    float64 `json:"cpu_share"` // processor seconds per second, of all there are 1 each
	Estimates   int     `json:"estimates"`
	EstimateP50 float64 `json:"estimate_p50_ms"`
	EstimateP95 float64 `json:"estimate_p95_ms"`
	Peak        int64   `json:"peak_memory_mb"`
	CPUs        int     `json:"cpus"`
}

// marker is the fact whose way is measured.
const marker = "event.bench_marker"

// Live measures how soon people enter live segments while facts come, and how long estimates of new conditions take.
func Live(ctx context.Context, spec LiveSpec, say func(format string, args ...any)) (r LiveResult, err error) {
	r = LiveResult{People: spec.People, Facts: spec.Facts, PerSecond: spec.PerSecond, Segments: spec.Segments, Estimates: spec.Estimates, CPUs: runtime.NumCPU()}
	w, done, err := open(ctx, spec.Dir, spec.People, spec.Facts, 2048)
	if err != nil {
		return r, err
	}
	defer done() //nolint:errcheck // a temporary folder left behind changes no result
	folder, err := os.MkdirTemp(spec.Dir, "huoshui-live-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(folder)
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(folder, "store.db"))
	if err != nil {
		return r, err
	}
	defer db.Close() //nolint:errcheck // a temporary folder left behind changes no result
	if _, err := store.Migrate(ctx, db); err != nil {
		return r, err
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	facts, err := stream.Open(ctx, stream.Config{Dir: filepath.Join(folder, "stream")}, quiet)
	if err != nil {
		return r, err
	}
	defer facts.Close()
	var clk clock.Shifted
	clk.SetOffset(time.Until(asOf))
	service := audience.NewService(db, audience.NewEngine(w, zone), clk.Now, nil)
	measured, err := liveSegments(ctx, service, spec.Segments)
	if err != nil {
		return r, err
	}
	say("%d people, %d facts, %d live segments are there", spec.People, spec.Facts, spec.Segments)
	if err := r.flow(ctx, spec, db, facts, w, service, clk.Now, measured, quiet); err != nil {
		return r, err
	}
	say("%d entered: half within %.0f ms, 99 of 100 within %.0f ms, the slowest in %.0f ms", r.Entries, r.P50, r.P99, r.Slowest)
	if err := r.estimate(ctx, spec.Estimates, service); err != nil {
		return r, err
	}
	say("estimates of new conditions: half within %.0f ms, 95 of 100 within %.0f ms", r.EstimateP50, r.EstimateP95)
	return r, nil
}

// liveSegments makes the segments; the first one, whose id is returned, is who left a marker.
func liveSegments(ctx context.Context, service *audience.Service, n int) (measured string, err error) {
	all, err := conditions(n, 7)
	if err != nil {
		return "", err
	}
	if all[0], err = audience.ParseCondition([]byte(`{"kind":"facts","spec":{"fact":"` + marker + `","min":1}}`)); err != nil {
		return "", err
	}
	for i := range all {
		seg, err := service.Create(ctx, audience.Draft{Name: "live " + strconv.Itoa(i), Condition: &all[i], Live: true}, "bench")
		if err != nil {
			return "", err
		}
		if i == 0 {
			measured = seg.ID
		}
	}
	return measured, nil
}

// flow lets facts come for a while and measures.
func (r *LiveResult) flow(ctx context.Context, spec LiveSpec, db *store.DB, facts *stream.Stream, w *warehouse.Warehouse, service *audience.Service, now clock.Clock, measured string, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	relay := outbox.NewRelay(db, facts, log)
	group.Go(func() error { return relay.Run(ctx) })
	group.Go(func() error { return w.Run(ctx, facts) })
	group.Go(func() error { return service.RunLive(ctx, log) })
	var mu sync.Mutex
	sent, took := map[uint32]time.Time{}, []float64{}
	group.Go(func() error {
		return facts.ReadOf(ctx, []string{"segment"}, 1, 256, func(_ context.Context, batch []stream.Message) error {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range batch {
				for _, f := range m.Facts {
					if at, ours := sent[f.Customer]; ours && f.Name == event.SegmentEntered && f.Subject == measured {
						took = append(took, float64(time.Since(at).Microseconds())/1000)
						delete(sent, f.Customer)
					}
				}
			}
			return nil
		})
	})
	random := rand.New(rand.NewPCG(3, 4))
	const beat = 100 * time.Millisecond
	next := uint32(0)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	peak, cpu, begin := newPeak(), 0.0, time.Time{}
	warm := 3 * time.Second // the first look reads everybody
	for beats := range int((warm + time.Duration(spec.Seconds)*time.Second) / beat) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return group.Wait()
		}
		at := now()
		fact := func(name string, n uint32) event.Fact {
			return event.Fact{ID: fmt.Sprint("live.", beats, ".", random.Uint64()), Name: name, Customer: n, At: at}
		}
		some := make([]event.Fact, spec.PerSecond/int(time.Second/beat))
		for i := range some {
			f := fact(event.PageViewed, 1+random.Uint32N(uint32(spec.People)))
			f.Category, f.Product = "category"+strconv.Itoa(1+random.IntN(categories)), "sku"+strconv.Itoa(1+random.IntN(products))
			if i%10 == 0 {
				f.Name, f.Amount, f.Quantity = event.OrderPaid, 1000+random.Int64N(20000), 1
			}
			some[i] = f
		}
		messages := []stream.Message{{ID: fmt.Sprint("live.", beats), Noun: "page", Facts: some}}
		if time.Duration(beats)*beat >= warm {
			if begin.IsZero() {
				begin, cpu = time.Now(), cpuSeconds()
			}
			var marks []event.Fact
			for range 5 {
				next++
				marks = append(marks, fact(marker, next))
			}
			messages = append(messages, stream.Message{ID: fmt.Sprint("mark.", beats), Noun: "event", Facts: marks})
			mu.Lock()
			for _, f := range marks {
				sent[f.Customer] = time.Now()
			}
			mu.Unlock()
		}
		if err := facts.Publish(ctx, messages); err != nil {
			return err
		}
	}
	r.CPUShare = (cpuSeconds() - cpu) / time.Since(begin).Seconds()
	missing := 1
	for range 200 {
		mu.Lock()
		missing = len(sent)
		mu.Unlock()
		if missing == 0 {
			break
		}
		time.Sleep(beat)
	}
	r.Peak = peak.megabytes()
	cancel()
	if err := group.Wait(); err != nil {
		return err
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d people have not entered 20 s later", missing, next)
	}
	r.Entries, r.P50, r.P99, r.Slowest = len(took), percentile(took, 50), percentile(took, 99), percentile(took, 100)
	return nil
}

// estimate asks conditions that nobody has asked before.
func (r *LiveResult) estimate(ctx context.Context, n int, service *audience.Service) error {
	all, err := conditions(n, 99)
	if err != nil {
		return err
	}
	took := make([]float64, 0, n)
	for _, c := range all {
		begin := time.Now()
		if _, err := service.Estimate(ctx, c, 10); err != nil {
			return err
		}
		took = append(took, float64(time.Since(begin).Microseconds())/1000)
	}
	if n > 0 {
		r.EstimateP50, r.EstimateP95 = percentile(took, 50), percentile(took, 95)
	}
	return nil
}

// percentile is the smallest value that at least p of 100 do not exceed.
func percentile(values []float64, p int) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[max((len(values)*p+99)/100, 1)-1]
}
