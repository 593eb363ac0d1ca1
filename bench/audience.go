package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/layer"
)

// AudienceSpec is the size of the audience benchmark.
type AudienceSpec struct {
	People     int64
	Facts      int64
	Conditions int
	Sample     int    // conditions that are also asked as SQL
	Dir        string // where the data goes; "" is the system's temporary folder
	Warehouse  string // "" for DuckDB, or the clickhouse:// address of an empty database, which is left empty
}

// AudienceResult is what the audience benchmark found. The refresh is everything: the pass over all facts for all
// conditions, RFM, lifecycle and layers, the bitmaps, and the state saved in the warehouse. Seconds are medians of three refreshes, of
// an engine that remembers nothing each time; the first of them, which also finds its memory and the warehouse's cold, is told apart.
type AudienceResult struct {
	People          int64   `json:"people"`
	Facts           int64   `json:"facts"`
	Conditions      int     `json:"conditions"`
	Leaves          int     `json:"leaves"` // distinct questions in the conditions
	Engine          string  `json:"engine"`
	PrepareSeconds  float64 `json:"prepare_seconds"`
	MoveSeconds     float64 `json:"move_seconds,omitempty"` // from DuckDB into ClickHouse, compared row by row
	FirstSeconds    float64 `json:"first_refresh_seconds"`
	FirstCPU        float64 `json:"first_refresh_cpu_seconds"`
	RefreshSeconds  float64 `json:"refresh_seconds"`
	RefreshCPU      float64 `json:"refresh_cpu_seconds"`    // of all threads: what is left when the machine is busy with others
	PassSeconds     float64 `json:"conditions_seconds"`     // the conditions alone, nothing remembered, without layers and state
	PassCPU         float64 `json:"conditions_cpu_seconds"` // likewise, of all threads
	RowsPerSecond   float64 `json:"facts_per_second"`
	SQLSample       int     `json:"sql_sample"`
	SQLPerCondition float64 `json:"sql_seconds_per_condition"` // after one that is not measured
	SQLCPU          float64 `json:"sql_cpu_seconds_per_condition"`
	SQLLayers       float64 `json:"sql_layers_seconds"` // RFM, lifecycle and layers as SQL, stored; the median of three
	SQLLayersCPU    float64 `json:"sql_layers_cpu_seconds"`
	TimesFaster     float64 `json:"times_faster"`                         // SQL for all conditions one by one and for the layers, over the refresh
	TimesLessCPU    float64 `json:"times_less_cpu"`                       // likewise in processor time
	WithoutLayers   float64 `json:"times_faster_without_layers"`          // SQL for the conditions only, over the refresh with layers: unequal work
	PassFaster      float64 `json:"conditions_times_faster"`              // SQL over the conditions alone: equal work
	PassLessCPU     float64 `json:"conditions_times_less_cpu"`            // likewise in processor time
	RefreshServers  float64 `json:"refresh_server_cpu_seconds,omitempty"` // of ClickHouse's servers, in the mean of three refreshes
	PassServers     float64 `json:"conditions_server_cpu_seconds,omitempty"`
	SQLServers      float64 `json:"sql_server_cpu_seconds_per_condition,omitempty"`
	PeakMemoryMB    int64   `json:"peak_memory_mb"` // resident, of the whole process, during the refreshes
	CPUs            int     `json:"cpus"`
}

// spent is the clock's and the processors' seconds of one run.
type spent struct{ clock, cpu float64 }

// clocked measures work.
func clocked(work func() error) (spent, error) {
	begin, cpu := time.Now(), cpuSeconds()
	err := work()
	return spent{time.Since(begin).Seconds(), cpuSeconds() - cpu}, err
}

// thrice measures work three times and returns the first run and the medians; before is called ahead of each.
func thrice(before func(), work func() error) (first, median spent, err error) {
	var clock, cpu []float64
	for i := range 3 {
		before()
		one, err := clocked(work)
		if err != nil {
			return first, median, err
		}
		if i == 0 {
			first = one
		}
		clock, cpu = append(clock, one.clock), append(cpu, one.cpu)
	}
	slices.Sort(clock)
	slices.Sort(cpu)
	return first, spent{clock[1], cpu[1]}, nil
}

// layering is the layer package's part in a refresh that stores nothing in a store.
type layering struct{ *layer.Pass }

// Save implements audience.LayerPass.
func (layering) Save(context.Context, time.Time, uint64) error { return nil }

// Audience measures refreshes against the same conditions one by one, and the layers, as SQL in the warehouse's own engine; it fails when
// the two disagree on a single person.
func Audience(ctx context.Context, spec AudienceSpec, say func(format string, args ...any)) (AudienceResult, error) {
	r := AudienceResult{People: spec.People, Facts: spec.Facts, Conditions: spec.Conditions, CPUs: runtime.NumCPU()}
	all, err := conditions(spec.Conditions, 1)
	if err != nil {
		return r, err
	}
	begin := time.Now()
	w, done, err := open(ctx, spec.Dir, spec.People, spec.Facts, 2048)
	if err != nil {
		return r, err
	}
	defer done() //nolint:errcheck // a temporary folder left behind changes no result
	r.PrepareSeconds = time.Since(begin).Seconds()
	say("prepared %d people and %d facts in %.1f s", spec.People, spec.Facts, r.PrepareSeconds)

	r.Engine = w.Engine()
	if spec.Warehouse != "" {
		moved, drop, err := moveTo(ctx, w, spec.Warehouse, &r, say)
		if err != nil {
			return r, err
		}
		defer drop() //nolint:errcheck // likewise
		w = moved
	}
	debug.FreeOSMemory()
	peak := newPeak()
	engine := audience.NewEngine(w, zone)
	var answer *audience.Answer
	forget := func() {
		answer = nil
		engine.Forget()
		runtime.GC()
	}
	servers, err := w.ServerCPU(ctx)
	if err != nil {
		return r, err
	}
	first, refresh, err := thrice(forget, func() (err error) {
		answer, err = engine.Refresh(ctx, asOf, audience.Question{Conditions: all}, layering{layer.NewPass(layer.Default())})
		return err
	})
	if err != nil {
		return r, err
	}
	used, err := w.ServerCPU(ctx)
	if err != nil {
		return r, err
	}
	r.RefreshServers = (used - servers) / 3
	r.FirstSeconds, r.FirstCPU, r.RefreshSeconds, r.RefreshCPU = first.clock, first.cpu, refresh.clock, refresh.cpu
	r.PeakMemoryMB = peak.megabytes()
	r.RowsPerSecond = float64(spec.Facts) / r.RefreshSeconds
	r.Leaves = answer.Read
	say("refreshed %d conditions (%d leaves), RFM, lifecycle and layers in %.2f s (%.2f s of processor), the first time in %.2f s (%.2f s), %d MB",
		spec.Conditions, r.Leaves, refresh.clock, refresh.cpu, first.clock, first.cpu, r.PeakMemoryMB)
	if spec.Sample > 0 && spec.Warehouse == "" { // ClickHouse 18.16 has no window functions to write the layers with
		if err := compareLayers(ctx, w, &r, say); err != nil {
			return r, err
		}
	}
	found := answer
	if servers, err = w.ServerCPU(ctx); err != nil {
		return r, err
	}
	_, pass, err := thrice(forget, func() error {
		_, err := engine.Evaluate(ctx, asOf, audience.Question{Conditions: all})
		return err
	})
	if err != nil {
		return r, err
	}
	if used, err = w.ServerCPU(ctx); err != nil {
		return r, err
	}
	r.PassServers = (used - servers) / 3
	r.PassSeconds, r.PassCPU = pass.clock, pass.cpu
	say("the conditions alone in %.2f s (%.2f s of processor)", r.PassSeconds, r.PassCPU)
	return r, compare(ctx, engine, w, all, found, min(spec.Sample, spec.Conditions), &r, say)
}

// moveTo moves the made data to ClickHouse, as huoshui warehouse move does; drop takes it out again.
func moveTo(ctx context.Context, from *warehouse.Warehouse, address string, r *AudienceResult, say func(string, ...any)) (w *warehouse.Warehouse, drop func() error, err error) {
	log := slog.New(slog.DiscardHandler)
	begin := time.Now()
	moved, err := warehouse.Move(ctx, from, address, log, func(int64, int64, string) {})
	if err != nil {
		return nil, nil, err
	}
	r.MoveSeconds = time.Since(begin).Seconds()
	if w, err = warehouse.Open(ctx, warehouse.Config{Path: address}, log); err != nil {
		return nil, nil, err
	}
	r.Engine = w.Engine()
	say("moved %d facts and %d people to %s in %.1f s, compared row by row", moved.Facts, moved.People, r.Engine, r.MoveSeconds)
	return w, func() error {
		return errors.Join(w.Close(), warehouse.DropClickHouse(ctx, address))
	}, nil
}

// compareLayers has RFM, lifecycle and layers computed as SQL, and compares them with the state that the refresh saved.
func compareLayers(ctx context.Context, w *warehouse.Warehouse, r *AudienceResult, say func(string, ...any)) error {
	_, median, err := thrice(func() {}, func() error { return askLayers(ctx, w) })
	if err != nil {
		return err
	}
	r.SQLLayers, r.SQLLayersCPU = median.clock, median.cpu
	state, err := w.LoadState(ctx)
	if err != nil {
		return err
	}
	say("RFM, lifecycle and layers as SQL in %.2f s (%.2f s of processor)", r.SQLLayers, r.SQLLayersCPU)
	return sameLayers(ctx, w, state)
}

// compare asks a sample of the conditions as SQL, the first of them once more beforehand.
func compare(ctx context.Context, engine *audience.Engine, w *warehouse.Warehouse, all []audience.Condition, answer *audience.Answer, sample int, r *AudienceResult, say func(string, ...any)) error {
	if sample == 0 {
		return nil
	}
	var sum spent
	var servers float64
	for i := -1; i < sample; i++ {
		if i == 0 {
			var err error
			if servers, err = w.ServerCPU(ctx); err != nil {
				return err
			}
		}
		at := max(i, 0) * len(all) / sample
		query, err := engine.PeopleSQL(all[at], asOf)
		if err != nil {
			return err
		}
		var people *roaring.Bitmap
		one, err := clocked(func() (err error) {
			people, err = w.Numbers(ctx, query)
			return err
		})
		if err != nil {
			return err
		}
		if i >= 0 {
			sum.clock, sum.cpu = sum.clock+one.clock, sum.cpu+one.cpu
		}
		if got := answer.People[at]; !got.Equals(people) {
			return fmt.Errorf("condition %s: the pass finds %d people, SQL %d, and not the same", all[at], got.GetCardinality(), people.GetCardinality())
		}
	}
	used, err := w.ServerCPU(ctx)
	if err != nil {
		return err
	}
	r.SQLServers = (used - servers) / float64(sample)
	r.SQLSample = sample
	r.SQLPerCondition, r.SQLCPU = sum.clock/float64(sample), sum.cpu/float64(sample)
	clock, cpu := r.SQLPerCondition*float64(len(all)), (r.SQLCPU+r.SQLServers)*float64(len(all))
	r.TimesFaster, r.TimesLessCPU = (clock+r.SQLLayers)/r.RefreshSeconds, (cpu+r.SQLLayersCPU)/(r.RefreshCPU+r.RefreshServers)
	r.WithoutLayers = clock / r.RefreshSeconds
	r.PassFaster, r.PassLessCPU = clock/r.PassSeconds, cpu/(r.PassCPU+r.PassServers)
	say("as SQL %.3f s a condition (%.3f s of processor, sample of %d): all of them and the layers %.1f times slower", r.SQLPerCondition, r.SQLCPU, sample, r.TimesFaster)
	return nil
}

// SegmentResult is what the segment benchmark found, in seconds.
type SegmentResult struct {
	People     int64   `json:"people"`
	Facts      int64   `json:"facts"`
	Matched    int64   `json:"matched"`
	Cold       float64 `json:"cold_seconds"`      // nothing remembered
	WarmEdit   float64 `json:"warm_edit_seconds"` // one of two leaves changed
	EditRead   int     `json:"warm_edit_leaves_read"`
	Again      float64 `json:"same_again_seconds"`  // nothing changed
	AfterFacts float64 `json:"after_facts_seconds"` // 1,000 people did something since
	SQL        float64 `json:"sql_seconds"`         // the same as one SQL statement
	CPUs       int     `json:"cpus"`
}

// Segment measures one segment, an attribute and the sum of purchases in 180 days, as it is first computed and edited.
func Segment(ctx context.Context, people, facts int64, dir string, say func(format string, args ...any)) (SegmentResult, error) {
	r := SegmentResult{People: people, Facts: facts, CPUs: runtime.NumCPU()}
	w, done, err := open(ctx, dir, people, facts, 1024)
	if err != nil {
		return r, err
	}
	defer done() //nolint:errcheck // a temporary folder left behind changes no result
	engine := audience.NewEngine(w, zone)
	var last audience.Condition
	ask := func(fen int) (float64, *audience.Answer, error) {
		var err error
		last, err = audience.ParseCondition([]byte(`{"kind":"and","spec":{"of":[{"kind":"attribute","spec":{"name":"city","in":["city1"]}},
			{"kind":"facts","spec":{"fact":"order.paid","window":{"last_days":180},"measure":"amount","min":` + strconv.Itoa(fen) + `}}]}}`))
		if err != nil {
			return 0, nil, err
		}
		begin := time.Now()
		a, err := engine.Evaluate(ctx, asOf, audience.Question{Conditions: []audience.Condition{last}})
		return time.Since(begin).Seconds(), a, err
	}
	var answer *audience.Answer
	if r.Cold, _, err = ask(10000); err != nil {
		return r, err
	}
	if r.WarmEdit, answer, err = ask(12000); err != nil {
		return r, err
	}
	r.EditRead = answer.Read
	if r.Again, _, err = ask(12000); err != nil {
		return r, err
	}
	if err := disturb(ctx, w, people); err != nil {
		return r, err
	}
	if r.AfterFacts, answer, err = ask(12000); err != nil {
		return r, err
	}
	r.Matched = int64(answer.People[0].GetCardinality())
	query, err := engine.PeopleSQL(last, asOf)
	if err != nil {
		return r, err
	}
	begin := time.Now()
	found, err := w.Numbers(ctx, query)
	if err != nil {
		return r, err
	}
	r.SQL = time.Since(begin).Seconds()
	if !found.Equals(answer.People[0]) {
		return r, fmt.Errorf("the engine finds %d people, SQL %d, and not the same", r.Matched, found.GetCardinality())
	}
	say("cold %.3f s, one leaf edited %.3f s, again %.4f s, after new facts %.3f s, as SQL %.3f s", r.Cold, r.WarmEdit, r.Again, r.AfterFacts, r.SQL)
	return r, nil
}

// disturb loads an order of each of 1,000 people through the loader, as the stream would.
func disturb(ctx context.Context, w *warehouse.Warehouse, people int64) error {
	m := stream.Message{Seq: w.Watermark().Seq + 1}
	for i := range int64(1000) {
		m.Facts = append(m.Facts, event.Fact{
			ID: "bench." + strconv.FormatInt(i, 10), Name: event.OrderPaid, Customer: uint32(1 + i*people/1000), At: asOf, Amount: 20000, Quantity: 1,
		})
	}
	return w.Load(ctx, []stream.Message{m})
}

// cpuSeconds is what the process has used of all processors.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// peak follows the resident memory of the process.
type peak struct {
	stop, done chan struct{}
	most       int64
}

func newPeak() *peak {
	p := &peak{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			p.most = max(p.most, resident())
			select {
			case <-p.stop:
				return
			case <-tick.C:
			}
		}
	}()
	return p
}

func (p *peak) megabytes() int64 {
	close(p.stop)
	<-p.done
	return max(p.most, resident()) >> 20
}

// resident is the resident set in bytes; where the system does not say, what Go itself holds.
func resident() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.Sys)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
