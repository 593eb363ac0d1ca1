package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
)

var discard = slog.New(slog.DiscardHandler)

// crowd is whoever knows people, outside the process: it gives a number to every strongest key, keeps what was told in
// the store, and counts the trait operations that add up.
type crowd struct {
	generation atomic.Uint64
	asked      atomic.Int64
	fail       atomic.Int64 // calls that go wrong after everything was written
}

func (c *crowd) Generation(context.Context, store.Querier) (uint64, error) {
	return c.generation.Load(), nil
}

func (c *crowd) Sighted(ctx context.Context, tx *store.Tx, all []Sighting) ([]uint32, error) {
	out := make([]uint32, len(all))
	for i, s := range all {
		c.asked.Add(1)
		name := "person " + s.Keys[0].Kind + s.Keys[0].Value
		if _, err := tx.Exec(ctx, `INSERT INTO counters (name, value) VALUES (?, (SELECT COUNT(*) FROM counters WHERE name LIKE 'person %') + 1) ON CONFLICT (name) DO NOTHING`, name); err != nil {
			return nil, err
		}
		n, err := store.One[uint32](ctx, tx, `SELECT value FROM counters WHERE name = ?`, name)
		if err != nil {
			return nil, err
		}
		out[i] = n
		for _, op := range s.Traits {
			if op.Op == "inc" {
				if _, err := tx.Exec(ctx, `INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1`, "inc"); err != nil {
					return nil, err
				}
			}
		}
	}
	if c.fail.Add(-1) >= 0 {
		return nil, errors.New("people are away")
	}
	return out, nil
}

type noSeal struct{}

func (noSeal) Seal(_ string, plain []byte) (string, error)  { return string(plain), nil }
func (noSeal) Open(_ string, sealed string) ([]byte, error) { return []byte(sealed), nil }

// shop is everything behind the edge, in a folder that outlives it.
type shop struct {
	t      *testing.T
	dir    string
	db     *store.DB
	now    *clock.Manual
	stream *stream.Stream
	log    *stream.Log
	source *Source
	desk   *Desk
	people *crowd
	facts  Publisher // nil: the stream
}

func newShop(t *testing.T, db *store.DB) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), db: db, now: clock.NewManual(time.Date(2026, 3, 5, 4, 0, 0, 0, time.UTC)), people: &crowd{}}
	s.open()
	t.Cleanup(s.shut)
	view, err := s.desk.sources.Create(t.Context(), SourceDraft{Name: "商城 H5", Kind: Server}, "staff")
	if err != nil {
		t.Fatal(err)
	}
	s.source = &view.Source
	return s
}

func (s *shop) open() {
	s.t.Helper()
	var err error
	if s.stream, err = stream.Open(context.Background(), stream.Config{Dir: filepath.Join(s.dir, "stream")}, discard); err != nil {
		s.t.Fatal(err)
	}
	if s.log, err = s.stream.Log(context.Background(), stream.LogConfig{Name: LogName}); err != nil {
		s.t.Fatal(err)
	}
	s.desk = NewDesk(s.db, s.log, NewSources(s.db, noSeal{}, s.now.Now), s.now.Now, time.FixedZone("CST", 8*3600))
}

func (s *shop) shut() { s.stream.Close() }

// run runs the pipeline while fn does something.
func (s *shop) run(fn func(p *Pipeline)) {
	s.t.Helper()
	facts := s.facts
	if facts == nil {
		facts = s.stream
	}
	p := NewPipeline(PipelineConfig{Dir: filepath.Join(s.dir, "seen"), Desk: s.desk, Log: s.log, Facts: facts, People: s.people, Logger: discard})
	ctx, stop := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	}()
	fn(p)
}

// settle waits until everything in the log is worked off.
func (s *shop) settle(p *Pipeline) {
	s.t.Helper()
	last, err := s.log.LastSeq(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	until(s.t, "the pipeline", func() bool { return p.position.Load() >= last })
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("%s did not come to an end", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// send puts a Segment batch of items into the log.
func (s *shop) send(items ...string) {
	s.t.Helper()
	if err := s.desk.put(s.t.Context(), Envelope{Protocol: Segment, Source: s.source.ID, Path: "batch", ReceivedAt: s.now.Now(), Body: []byte(`{"batch":[` + strings.Join(items, ",") + `]}`)}); err != nil {
		s.t.Fatal(err)
	}
}

func track(message, name, user, props string) string {
	return fmt.Sprintf(`{"type":"track","messageId":%q,"event":%q,"userId":%q,"timestamp":"2026-03-05T03:00:00Z","properties":%s}`, message, name, user, props)
}

// published returns all facts of the stream, in order.
func (s *shop) published() []event.Fact {
	s.t.Helper()
	last, err := s.stream.LastSeq(s.t.Context())
	if err != nil || last == 0 {
		return nil
	}
	var out []event.Fact
	ctx, stop := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer stop()
	err = s.stream.Read(ctx, 1, 100, func(_ context.Context, ms []stream.Message) error {
		for _, m := range ms {
			out = append(out, m.Facts...)
			if m.Seq == last {
				stop()
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *shop) outcomes() map[string]int64 {
	s.t.Helper()
	all, err := s.desk.Outcomes(s.t.Context(), 10)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]int64{}
	for _, o := range all {
		out[o.Outcome] += o.N
	}
	return out
}

func TestEventsBecomeFactsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		s.run(func(p *Pipeline) {
			s.send(
				track("m1", "Product Viewed", "u1", `{"product_id":"SKU1","category":"猫粮","price":12.345,"currency":"CNY"}`),
				track("m1", "Product Viewed", "u1", `{"product_id":"SKU1"}`), // in the same batch
				track("m2", "Order Completed", "u1", `{"order_id":"o1","revenue":"99.995","products":[{"sku":"A","price":1,"quantity":2},{"sku":"B","price":3}]}`),
				`{"type":"page","messageId":"m3","anonymousId":"d1","name":"首页","context":{"page":{"url":"https://shop.example/a/b?utm_source=douyin","referrer":"https://other.example/x"},"campaign":{"source":"douyin","name":"618"}}}`,
				`{"type":"identify","messageId":"m4","userId":"u1","traits":{"city":"杭州"}}`,
				`{"type":"track","messageId":"m5","event":"nobody"}`,
			)
			s.settle(p)
			s.send(track("m2", "Order Completed", "u1", `{}`)) // in a later one
			s.settle(p)
		})
		s.run(func(p *Pipeline) { // and after a restart
			s.send(track("m1", "Product Viewed", "u1", `{}`))
			s.settle(p)
		})
		var got []string
		for _, f := range s.published() {
			got = append(got, fmt.Sprintf("%s %d %s|%s|%s %d×%d %s", f.Name, f.Customer, f.Subject, f.Product, f.Category, f.Amount, f.Quantity, f.Channel))
		}
		slices.Sort(got)
		want := []string{
			"event.Order Completed 1 o1|| 10000×3 商城 H5",
			"page.viewed 2 /a/b|| 0×0 douyin",
			"product.line 1 o1|A| 200×2 商城 H5",
			"product.line 1 o1|B| 300×1 商城 H5",
			"product.viewed 1 |SKU1|猫粮 1235×0 商城 H5",
		}
		if !slices.Equal(got, want) {
			t.Errorf("facts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if o := s.outcomes(); o[Accepted] != 4 || o[Duplicate] != 3 || o[Dead] != 1 {
			t.Errorf("outcomes %v", o)
		}
		touches, err := Touches(t.Context(), db, []uint32{1, 2})
		if err != nil || len(touches) != 1 || touches[2].First.Source != "douyin" || touches[2].Last.Campaign != "618" || touches[2].First.Referrer != "https://other.example/x" {
			t.Errorf("touches %+v, %v", touches, err)
		}
		said, err := store.All[string](t.Context(), db, `SELECT facts FROM outbox WHERE noun = 'touch'`)
		if err != nil || len(said) != 1 || !strings.Contains(said[0], `"customer":2`) ||
			!strings.Contains(said[0], `"channel":"douyin","detail":"new","props":{"landing":"shop.example/a/b","referrer":"other.example","utm_campaign":"618","utm_source":"douyin"}`) {
			t.Errorf("facts of arrivals %v, %v", said, err)
		}
		names, err := s.desk.Dictionary(t.Context(), s.source.ID, 3)
		if err != nil || len(names) != 4 {
			t.Fatalf("dictionary %+v, %v", names, err)
		}
		for _, n := range names {
			if n.Name == "Product Viewed" && (n.N != 1 || n.Fact != event.ProductViewed || len(n.Days) != 1 || n.Days[0] != DayN{"2026-03-05", 1}) {
				t.Errorf("dictionary of views %+v", n)
			}
		}
		props, err := s.desk.Properties(t.Context(), s.source.ID, "Product Viewed")
		if err != nil || len(props) != 4 || props[0].Share != 1 {
			t.Errorf("properties %+v, %v", props, err)
		}
	})
}

// outage publishes and then says that it failed, or fails without publishing, as chance has it.
type outage struct {
	to   Publisher
	dice *rand.Rand
	left int
	more func() // called between what was published and the failure; may be nil
}

func (o *outage) Publish(ctx context.Context, ms []stream.Message) error {
	if o.left > 0 && o.dice.IntN(3) > 0 {
		o.left--
		if o.dice.IntN(2) == 0 {
			if err := o.to.Publish(ctx, ms[:1+o.dice.IntN(len(ms))]); err != nil {
				return err
			}
			if o.more != nil {
				o.more() // so that it is not the same messages that go out again
			}
		}
		return errors.New("the stream is away")
	}
	return o.to.Publish(ctx, ms)
}

// TestEnginesFail lets people and the stream fail, before and after they did what they were asked, with restarts between,
// and looks at what the warehouse counts and what people were told.
func TestEnginesFail(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		dice := rand.New(rand.NewPCG(1, 2))
		n := 0
		var late atomic.Int64
		for range 3 {
			s.people.fail.Store(1)
			s.facts = &outage{s.stream, dice, 2, func() {
				s.send(track(fmt.Sprint("late", late.Add(1)), "看直播", "u1", `{}`))
			}}
			s.run(func(p *Pipeline) {
				for range 4 {
					var items []string
					for range 25 {
						items = append(items, track(fmt.Sprint("m", n), "看直播", fmt.Sprint("u", n%40), `{"room":"r1"}`),
							track(fmt.Sprint("m", n/2), "看直播", fmt.Sprint("u", n/2%40), `{}`)) // was there before
						n++
					}
					items = append(items, fmt.Sprintf(`{"type":"identify","messageId":"i%d","userId":"u%d","traits":{"n":1}}`, n, n%40))
					s.send(items...)
				}
				s.settle(p)
				s.settle(p) // what came late
			})
		}
		n += int(late.Load())
		if late.Load() == 0 {
			t.Error("nothing was published before a failure: nothing was tested")
		}
		w, err := warehouse.Open(t.Context(), warehouse.Config{Path: filepath.Join(s.dir, "w.duckdb")}, discard)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx, s.stream) }()
		last, err := s.stream.LastSeq(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WaitFor(ctx, last); err != nil {
			t.Fatal(err)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		got, err := warehouse.One[int64](t.Context(), w, `SELECT COUNT(*) FROM facts`)
		if err != nil || got != int64(n) {
			t.Errorf("%d facts in the warehouse, want %d (%v)", got, n, err)
		}
		if o := s.outcomes(); o[Accepted] != int64(n)+12 {
			t.Errorf("%v; accepted should be %d", o, n+12)
		}
		names, err := s.desk.Dictionary(t.Context(), "", 1)
		if err != nil || names[0].N != int64(n) {
			t.Errorf("dictionary %+v, want %d of the first, %v", names, n, err)
		}
	})
}

func TestTraitsThatAddUpAreToldOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		s.facts = &outage{to: s.stream, dice: rand.New(rand.NewPCG(3, 4)), left: 3}
		s.run(func(p *Pipeline) {
			for i := range 10 {
				body := fmt.Sprintf(`[{"type":"profile_increment","distinct_id":"u1","_track_id":%d,"time":1772679600000,"properties":{"points":5}},
					{"type":"track","event":"Look","distinct_id":"u1","_track_id":%d,"time":1772679600000,"properties":{}}]`, i, i+100)
				if err := s.desk.put(t.Context(), Envelope{Protocol: Sensors, Source: s.source.ID, Path: "sa", ReceivedAt: s.now.Now(), Body: []byte(body)}); err != nil {
					t.Fatal(err)
				}
			}
			s.settle(p)
		})
		n, err := store.One[int64](t.Context(), db, `SELECT value FROM counters WHERE name = 'inc'`)
		if err != nil || n != 10 {
			t.Errorf("told %d times, %v", n, err)
		}
	})
}

func TestKnownPeopleNeedNoTransaction(t *testing.T) {
	s := newShop(t, storetest.Open(t))
	s.run(func(p *Pipeline) {
		s.send(track("a1", "x", "u1", `{}`), track("a2", "x", "u2", `{}`), track("a3", "x", "u1", `{}`))
		s.settle(p)
		if n := s.people.asked.Load(); n != 2 {
			t.Errorf("asked %d times about two people", n)
		}
		s.send(track("b1", "x", "u1", `{}`), track("b2", "x", "u2", `{}`))
		s.settle(p)
		if n := s.people.asked.Load(); n != 2 {
			t.Errorf("asked again: %d", n)
		}
		s.people.generation.Add(1) // somebody was merged
		s.send(track("c1", "x", "u1", `{}`))
		s.settle(p)
		if n := s.people.asked.Load(); n != 3 {
			t.Errorf("asked %d times after a merge", n)
		}
	})
}

func TestDeadLettersAreReplayedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		hook, err := s.desk.sources.Create(t.Context(), SourceDraft{Name: "hook", Kind: Hook, Mapping: &Mapping{Each: "data.items", Name: "event", Keys: []MappedKey{{KeyUser, "uid"}}}}, "staff")
		if err != nil {
			t.Fatal(err)
		}
		s.run(func(p *Pipeline) {
			err := s.desk.put(t.Context(), Envelope{Protocol: Webhook, Source: hook.ID, Path: "hook", ReceivedAt: s.now.Now(),
				Body: []byte(`{"data":{"items":[{"event":"Paid","member":"u7"}]}}`)})
			if err != nil {
				t.Fatal(err)
			}
			s.send(`{"type":"track","event":"x"}`, `"junk"`)
			s.settle(p)
			letters, _, err := s.desk.Letters(t.Context(), LetterFilter{Status: LetterOpen}, "", 10)
			if err != nil || len(letters) != 3 {
				t.Fatalf("letters %+v, %v", letters, err)
			}
			// the mapping is set right, and the letter goes through
			if _, err := s.desk.sources.Update(t.Context(), hook.ID, SourceDraft{Name: "hook", Kind: Hook, Mapping: &Mapping{Each: "data.items", Name: "event", Keys: []MappedKey{{KeyUser, "member"}}}}, "staff"); err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, l := range letters {
				ids = append(ids, l.ID)
			}
			came := s.now.Now()
			s.now.Advance(48 * time.Hour)
			var wg sync.WaitGroup
			for range 4 { // several at once
				wg.Go(func() {
					if _, err := s.desk.Replay(context.Background(), ids, "staff"); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			again, err := s.desk.Replay(t.Context(), ids, "staff")
			if err != nil || again.Already != 3 || again.Replayed != 0 {
				t.Errorf("a second replay: %+v, %v", again, err)
			}
			s.settle(p)
			facts := s.published()
			if len(facts) != 1 || facts[0].Name != "event.Paid" || !facts[0].At.Equal(came) {
				t.Errorf("facts %+v", facts)
			}
			open, _, err := s.desk.Letters(t.Context(), LetterFilter{Status: LetterOpen}, "", 10)
			if err != nil || len(open) != 2 { // what is still wrong is a letter again
				t.Errorf("open letters %+v, %v", open, err)
			}
			if n, err := s.desk.Discard(t.Context(), []string{open[0].ID}); err != nil || n != 1 {
				t.Errorf("discarded %d, %v", n, err)
			}
		})
		s.now.Advance(40 * 24 * time.Hour)
		if err := s.desk.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all, _, err := s.desk.Letters(t.Context(), LetterFilter{}, "", 10); err != nil || len(all) != 0 {
			t.Errorf("%d letters are kept for ever, %v", len(all), err)
		}
	})
}

func TestRulesAndLimits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		rules := []Rule{
			{Event: "noise", Block: true},
			{Source: s.source.ID, Event: "old name", Rename: "New Name", Props: map[string]string{"lvl": "level"}, Description: "升级"},
		}
		saved, err := s.desk.SetRules(t.Context(), 0, rules, "staff")
		if err != nil || saved.Version != 1 {
			t.Fatal(saved, err)
		}
		if _, err := s.desk.SetRules(t.Context(), 0, rules, "other"); err == nil {
			t.Error("a change of another version went in")
		}
		s.run(func(p *Pipeline) {
			s.send(track("m1", "noise", "u1", `{}`), track("m1", "noise", "u1", `{}`), track("m2", "old name", "u1", `{"lvl":3}`))
			s.settle(p)
			facts := s.published()
			if len(facts) != 1 || facts[0].Name != "event.New Name" || string(facts[0].Props) != `{"level":3,"via":"`+s.source.ID+`"}` {
				t.Errorf("facts %+v", facts)
			}
			var items []string
			for i := range maxNames + 10 {
				items = append(items, track(fmt.Sprint("n", i), fmt.Sprint("made up ", i), "u1", `{}`))
			}
			s.send(items...)
			wide := map[string]int{}
			for i := range maxPropNames + 1 {
				wide[fmt.Sprint("p", i)] = i
			}
			text, _ := json.Marshal(wide)
			s.send(track("w", "old name", "u1", string(text)))
			s.settle(p)
			// the first one died for want of room: once there is, its letter goes through
			letters, _, err := s.desk.Letters(t.Context(), LetterFilter{Reason: "too_many_names"}, "", 100)
			if err != nil || len(letters) != 12 || letters[0].Protocol != protocolEvent {
				t.Fatalf("%d letters, %v", len(letters), err)
			}
			p.mu.Lock()
			delete(p.names[s.source.ID], "made up 0")
			p.mu.Unlock()
			before := len(s.published())
			if r, err := s.desk.Replay(t.Context(), []string{letters[0].ID}, "staff"); err != nil || r.Replayed != 1 {
				t.Fatal(r, err)
			}
			s.settle(p)
			if n := len(s.published()); n != before+1 {
				t.Errorf("%d facts more after the replay", n-before)
			}
		})
		counts, err := s.desk.LetterCounts(t.Context())
		if err != nil || len(counts) != 3 {
			t.Errorf("%+v %v", counts, err)
		}
		if o := s.outcomes(); o[Blocked] != 1 || o[Duplicate] != 1 {
			t.Errorf("outcomes %v", o)
		}
	})
}

func TestFloodsOfLettersAreCounted(t *testing.T) {
	s := newShop(t, storetest.Open(t))
	s.run(func(p *Pipeline) {
		items := make([]string, 1000)
		for i := range items {
			items[i] = fmt.Sprintf(`{"type":"track","event":"e%d"}`, i)
		}
		s.send(items...)
		s.settle(p)
	})
	letters, next, err := s.desk.Letters(t.Context(), LetterFilter{}, "", 150)
	if err != nil || len(letters) != 150 || next == "" {
		t.Fatal(len(letters), next, err)
	}
	rest, next, err := s.desk.Letters(t.Context(), LetterFilter{}, next, 150)
	if err != nil || len(rest) != 50 || next != "" {
		t.Fatal(len(rest), next, err)
	}
	if o := s.outcomes(); o[Dead] != 1000 || o[dropped] != 800 {
		t.Errorf("outcomes %v", o)
	}
}

func TestLiveFeed(t *testing.T) {
	s := newShop(t, storetest.Open(t))
	s.run(func(p *Pipeline) {
		none, at := s.desk.Live(done(t), LiveFilter{}, 0)
		if len(none) != 0 {
			t.Fatal(none)
		}
		got := make(chan []Live, 1)
		go func() {
			events, _ := s.desk.Live(t.Context(), LiveFilter{Source: s.source.ID, Name: "LOOK", Key: "u1"}, at)
			got <- events
		}()
		s.send(track("m0", "other", "u1", `{}`), track("m1", "Look", "u2", `{}`), track("m2", "Look", "u1", `{"a":1}`))
		began := time.Now()
		events := <-got
		if len(events) != 1 || events[0].Status != Accepted || events[0].Customer == 0 || events[0].Fact != "event.Look" || string(events[0].Props) != `{"a":1}` {
			t.Errorf("%+v", events)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("seen after %s", took)
		}
		var items []string
		for i := range 2 * ringSize {
			items = append(items, track(fmt.Sprint("x", i), "Look", "u1", `{}`))
		}
		s.send(items...)
		s.settle(p)
		var all int
		for from := uint64(0); ; {
			events, next := s.desk.Live(done(t), LiveFilter{}, from)
			all += len(events)
			if len(events) == 0 || from > 0 {
				break
			}
			from = next
		}
		if all != 200 || len(s.desk.live.rings[s.source.ID]) != ringSize {
			t.Errorf("%d events shown, %d kept", all, len(s.desk.live.rings[s.source.ID]))
		}
	})
}

// done is a context that has ended.
func done(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
