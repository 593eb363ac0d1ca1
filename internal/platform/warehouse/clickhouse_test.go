package warehouse_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	warehousetest.StopClickHouse()
	os.Exit(code)
}

var shardings = map[int]string{1: "one server", 2: "two shards"}

func TestClickHouseConforms(t *testing.T) {
	for shards, name := range shardings {
		t.Run(name, func(t *testing.T) {
			servers := warehousetest.ClickHouseServers(t, shards)
			warehousetest.Conform(t, func(t *testing.T) warehousetest.Engine {
				return warehousetest.OpenClickHouse(t, servers.Address())
			})
		})
	}
}

// teller makes random messages: facts, attributes, erasures, merges and splits.
type teller struct {
	random *rand.Rand
	seq    uint64
	into   map[uint32]uint32
}

func newTeller(seed uint64) *teller {
	return &teller{random: rand.New(rand.NewPCG(seed, 17)), into: map[uint32]uint32{}}
}

func (r *teller) owner(n uint32) uint32 {
	for r.into[n] != 0 {
		n = r.into[n]
	}
	return n
}

func (r *teller) number() uint32 {
	n := 1 + uint32(r.random.IntN(400))
	if r.random.IntN(8) == 0 {
		n += warehouse.FirstVisitor
	}
	return n
}

func (r *teller) messages(n int) []stream.Message {
	out := make([]stream.Message, n)
	for i := range out {
		r.seq++
		out[i] = stream.Message{ID: fmt.Sprint("m", r.seq), Seq: r.seq}
		for j := range 1 + r.random.IntN(6) {
			out[i].Facts = append(out[i].Facts, r.fact(fmt.Sprintf("f%d.%d", r.seq, j)))
		}
		if i > 0 && r.random.IntN(6) == 0 { // published twice
			again := out[r.random.IntN(i)]
			out[i].Facts, out[i].Maybe = append(slices.Clone(again.Facts), out[i].Facts...), true
			out[i].Facts = slices.DeleteFunc(out[i].Facts, func(f event.Fact) bool { return f.Name != event.PageViewed && f.Name != event.OrderPaid })
		}
	}
	return out
}

func (r *teller) fact(id string) event.Fact {
	n := r.number()
	at := day.Add(time.Duration(r.random.IntN(100_000)) * time.Second)
	switch r.random.IntN(12) {
	case 0:
		if to := r.number(); to < warehouse.FirstVisitor && r.into[n] == 0 && r.owner(to) != n {
			r.into[n] = to
			return event.Fact{ID: id, Name: event.CustomerMerged, Customer: n, Quantity: int64(to), At: at}
		}
	case 1:
		if to := r.into[n]; to != 0 {
			delete(r.into, n)
			return event.Fact{ID: id, Name: event.CustomerSplit, Customer: n, Quantity: int64(to), At: at}
		}
	case 2, 3:
		if n < warehouse.FirstVisitor {
			f := warehousetest.Person(n, at, event.Attributes{City: fmt.Sprint("城", r.random.IntN(20)), HasPhone: r.random.IntN(2) == 0, Erased: r.random.IntN(60) == 0})
			f.ID = id
			return f
		}
	}
	return event.Fact{
		ID: id, Name: []string{event.PageViewed, event.OrderPaid}[r.random.IntN(2)], Customer: n, At: at, Amount: r.random.Int64N(900), Quantity: 1,
		Category: fmt.Sprint("类", r.random.IntN(9)), Channel: "tmall", Props: json.RawMessage(fmt.Sprintf(`{"n":%d}`, r.random.IntN(5))), Subject: "对象 " + id,
	}
}

// content is everything that a warehouse says, in an order of its own.
type content struct {
	Facts  []told
	People map[uint32]string
	Mark   warehouse.Watermark
	Bought []buyer
}

type told struct {
	Customer           uint32
	TS                 int64
	Kind               string
	Amount             int64
	Category, Subjects string
}

type buyer struct {
	Customer uint32 `db:"customer"`
	N        int64  `db:"n"`
	Amount   int64  `db:"amount"`
}

func contentOf(t *testing.T, w *warehouse.Warehouse) content {
	t.Helper()
	out := content{People: map[uint32]string{}}
	var mu sync.Mutex
	spec := warehouse.ScanSpec{Facts: []string{event.PageViewed, event.OrderPaid, event.CustomerMerged, event.CustomerSplit}, Columns: warehouse.ColumnAmount | warehouse.ColumnCategory, AsOf: day.AddDate(9, 0, 0).UnixMicro(), Rows: 150}
	mark, err := w.Scan(t.Context(), spec, func(_ int, b *warehouse.Block) error {
		mu.Lock()
		defer mu.Unlock()
		for n := b.From; n < b.To; n++ {
			if p := b.People[n-b.From]; p.Known && p.Gone() {
				out.People[n] = "gone"
			} else if p.Known {
				out.People[n] = fmt.Sprint(w.Text(p.City), p.Flags)
			}
			for i := b.Start[n-b.From]; i < b.Start[n-b.From+1]; i++ {
				out.Facts = append(out.Facts, told{n, b.TS[i], spec.Facts[b.Kind[i]], b.Amount[i], w.Text(b.Category[i]), ""})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := uint32(3); n < 400; n += 97 { // one person's, asked as SQL
		all, err := w.Happenings(t.Context(), n, nil, warehouse.Cursor{}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range all {
			out.Facts = append(out.Facts, told{n, h.At.UnixMicro(), h.Name, h.Amount, h.Category, h.Subject})
		}
	}
	slices.SortFunc(out.Facts, func(a, b told) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.TS, b.TS), cmp.Compare(a.Subjects, b.Subjects), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Category, b.Category))
	})
	mark.Version = 0
	out.Mark = mark
	out.Bought, err = warehouse.All[buyer](t.Context(), w, "SELECT customer, COUNT(*) AS n, CAST(SUM(amount) AS BIGINT) AS amount FROM facts WHERE kind = ? GROUP BY customer ORDER BY customer", w.Code(event.OrderPaid))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A load that fails anywhere, or whose process dies there, loses nothing and counts nothing twice: what comes after is as if nothing had
// happened, in the same process and in the next.
func TestFailedLoadsLoseNothing(t *testing.T) {
	for shards, name := range shardings {
		t.Run(name, func(t *testing.T) {
			address := warehousetest.ClickHouseServers(t, shards).Address()
			w, reference := warehousetest.OpenClickHouse(t, address), warehousetest.Memory(t)
			steps := []string{"facts 0", "people 0", "facts 1", "people 1", "dict", "commit", "committed"}
			r := newTeller(3)
			broken := errors.New("the cable was pulled")
			for i := range 3 * len(steps) {
				messages := r.messages(40)
				if err := reference.Load(t.Context(), messages); err != nil {
					t.Fatal(err)
				}
				w.FailLoads(func(step string) error {
					if step == steps[i%len(steps)] {
						return broken
					}
					return nil
				})
				err := w.Load(t.Context(), messages)
				if err != nil && !errors.Is(err, broken) {
					t.Fatal(err)
				}
				if err == nil && (shards > 1 || i%len(steps) > 3) {
					t.Fatal("nothing failed at", steps[i%len(steps)])
				}
				if i%3 == 1 { // the process died
					if err := w.Close(); err != nil {
						t.Fatal(err)
					}
					w = warehousetest.OpenClickHouse(t, address)
				}
				w.FailLoads(nil)
				more := r.messages(3) // batches are cut elsewhere the next time
				if err := w.Load(t.Context(), append(messages, more...)); err != nil {
					t.Fatal(err)
				}
				if err := reference.Load(t.Context(), more); err != nil {
					t.Fatal(err)
				}
				if i%5 == 4 {
					if err := errors.Join(w.Compact(t.Context()), reference.Compact(t.Context())); err != nil {
						t.Fatal(err)
					}
					if n := w.Apart(); n != 0 {
						t.Fatal(n, "are apart after a compaction")
					}
				}
				if d := gocmp.Diff(contentOf(t, reference), contentOf(t, w)); d != "" {
					t.Fatalf("round %d, %s: %s", i, steps[i%len(steps)], d)
				}
			}
		})
	}
}

// A process that does not write sees what another commits, and hears of whom; two that write are one too many.
func TestOthersFollow(t *testing.T) {
	address := warehousetest.ClickHouseServers(t, 1).Address()
	w, other := warehousetest.OpenClickHouse(t, address), warehousetest.OpenClickHouse(t, address)
	heard := make(chan warehouse.Change, 16)
	other.Hear(func(c warehouse.Change) { heard <- c })
	warehousetest.Load(t, w, event.Fact{Name: event.OrderPaid, Customer: 7, At: day, Amount: 5}, event.Fact{Name: event.CustomerMerged, Customer: 7, Quantity: 9, At: day})
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, other, w.Watermark().Seq)
	var customers []uint32
	for len(customers) == 0 {
		customers = (<-heard).Customers
	}
	if !slices.Contains(customers, 7) || !slices.Contains(customers, 9) {
		t.Fatal(customers)
	}
	if d := gocmp.Diff(contentOf(t, w), contentOf(t, other)); d != "" {
		t.Fatal(d)
	}
	load := func(w *warehouse.Warehouse) error {
		return w.Load(t.Context(), []stream.Message{{Seq: w.Watermark().Seq + 1, Facts: []event.Fact{{ID: "x", Name: event.OrderPaid, Customer: 8, At: day}}}})
	}
	if err := load(other); err != nil { // it takes over
		t.Fatal(err)
	}
	if err := load(w); errs.KindOf(err) != errs.Conflict {
		t.Fatal(err)
	}
}

// A move that is interrupted goes on where it was; what it moved is what was there, and loads go on from it.
func TestMove(t *testing.T) {
	for shards, name := range shardings {
		t.Run(name, func(t *testing.T) {
			from := warehousetest.Open(t)
			r := newTeller(9)
			for range 4 {
				if err := from.Load(t.Context(), r.messages(120)); err != nil {
					t.Fatal(err)
				}
			}
			state := warehouse.NewState(400, day.UnixMicro())
			for n := range uint32(400) {
				state.Present[n+1], state.Spent[n+1] = n%3 == 0, int64(n)
			}
			if err := from.SaveState(t.Context(), state); err != nil {
				t.Fatal(err)
			}
			want := contentOf(t, from)
			address := warehousetest.ClickHouseServers(t, shards).Address()
			broken := errors.New("killed")
			for stop := range 4 {
				_, err := warehouse.MoveFailing(t.Context(), from, address, func(step int) error {
					if step >= stop {
						return broken
					}
					return nil
				})
				if !errors.Is(err, broken) {
					t.Fatal(stop, err)
				}
				if _, err := warehouse.Open(t.Context(), warehouse.Config{Path: address}, quiet()); errs.KindOf(err) != errs.Conflict {
					t.Fatal("a half moved warehouse opens", err)
				}
			}
			told := 0
			moved, err := warehouse.Move(t.Context(), from, address, quiet(), func(done, total int64, _ string) {
				told++
				if done > total {
					t.Error(done, total)
				}
			})
			if err != nil || moved.Resumed == 0 || told == 0 || moved.Facts != want.Mark.Facts {
				t.Fatal(moved, told, err)
			}
			to := warehousetest.OpenClickHouse(t, address)
			if d := gocmp.Diff(want, contentOf(t, to)); d != "" {
				t.Fatal(d)
			}
			a, err := from.LoadState(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			b, err := to.LoadState(t.Context())
			if err != nil || !gocmp.Equal(a, b) {
				t.Fatal(gocmp.Diff(a, b), err)
			}
			if _, err := warehouse.Move(t.Context(), from, address, quiet(), func(int64, int64, string) {}); errs.KindOf(err) != errs.Conflict {
				t.Fatal("a warehouse is moved over another", err)
			}
			for range 3 { // merges, splits and late facts of those who were merged before the move
				messages := r.messages(60)
				if err := errors.Join(from.Load(t.Context(), messages), to.Load(t.Context(), messages)); err != nil {
					t.Fatal(err)
				}
				if d := gocmp.Diff(contentOf(t, from), contentOf(t, to)); d != "" {
					t.Fatal(d)
				}
			}
		})
	}
}

// movingEnv is set in the process that TestMoveSurvivesKills kills: the file to move and the address.
const movingEnv = "HUOSHUI_WAREHOUSE_TEST_MOVE"

// A move whose process is killed anywhere, again and again, ends with every row once.
func TestMoveSurvivesKills(t *testing.T) {
	if file, address, ok := strings.Cut(os.Getenv(movingEnv), " "); ok {
		from := warehousetest.OpenAt(t, file)
		if _, err := warehouse.Move(t.Context(), from, address, quiet(), func(int64, int64, string) {}); err != nil {
			t.Fatal(err)
		}
		return
	}
	address, file := warehousetest.ClickHouseServers(t, 2).Address(), filepath.Join(t.TempDir(), "w.duckdb")
	from := warehousetest.OpenAt(t, file)
	err := from.Fill(t.Context(), func(code func(string) uint32) []string {
		return []string{
			fmt.Sprintf("INSERT INTO facts SELECT CAST(1 + hash(i) %% 900000 AS UINTEGER), i, %d, hash(i, 1), 'order ' || i, i %% 977, 1, 0, 0, 0, 0, 0, 0, '{\"n\":' || i || '}', 0 FROM range(800000) t(i)", code(event.OrderPaid)),
			"INSERT INTO people SELECT CAST(i AS UINTEGER), 5, 0, i, 0, 0, 0, 0, 0, 0, 0, 0, 1 FROM range(1, 300000) t(i)",
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	sums := func(w *warehouse.Warehouse) any {
		t.Helper()
		type sum struct {
			Rows, IDs   int64
			Amount, Who int64
		}
		type row struct {
			Rows   int64 `db:"n"`
			IDs    int64 `db:"ids"`
			Amount int64 `db:"amount"`
			Who    int64 `db:"who"`
		}
		facts, err := warehouse.One[row](t.Context(), w, "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids, CAST(SUM(amount) AS BIGINT) AS amount, CAST(SUM(customer) AS BIGINT) AS who FROM facts")
		if err != nil {
			t.Fatal(err)
		}
		people, err := warehouse.One[row](t.Context(), w, "SELECT COUNT(*) AS n, COUNT(DISTINCT customer) AS ids, CAST(SUM(registered) AS BIGINT) AS amount, CAST(SUM(customer) AS BIGINT) AS who FROM people")
		if err != nil {
			t.Fatal(err)
		}
		return []sum{sum(facts), sum(people)}
	}
	want := sums(from)
	if err := from.Close(); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(4, 4))
	killed := 0
	for patience := 100 * time.Millisecond; ; patience = patience * 3 / 2 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMoveSurvivesKills$")
		cmd.Env = append(os.Environ(), movingEnv+"="+file+" "+address)
		var said bytes.Buffer
		cmd.Stdout = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(patience+time.Duration(random.IntN(300))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		if err == nil {
			break
		}
		if cmd.ProcessState.Exited() {
			// One that was killed after its last step has moved everything; the sums below judge it.
			if killed > 0 && strings.Contains(said.String(), "there is a warehouse at the address already") {
				break
			}
			t.Fatal(said.String())
		}
		killed++
	}
	if killed < 3 {
		t.Log("killed only", killed, "times")
	}
	if got := sums(warehousetest.OpenClickHouse(t, address)); !gocmp.Equal(got, want) {
		t.Fatal(gocmp.Diff(want, got))
	}
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{
		"clickhouse://", "clickhouse:///db", "clickhouse://h:1/db-x", "clickhouse://h:1/db?x=1", "clickhouse://h:1/db?secure=maybe", "clickhouse://h/d;DROP", "clickhouse://%zz@h/db",
	} {
		if _, err := warehouse.Open(t.Context(), warehouse.Config{Path: bad}, quiet()); errs.KindOf(err) != errs.Invalid {
			t.Error(bad, err)
		}
	}
	if _, err := warehouse.Open(t.Context(), warehouse.Config{Path: "clickhouse://127.0.0.1:1/db"}, quiet()); errs.KindOf(err) != errs.Unavailable {
		t.Error(err)
	}
}
