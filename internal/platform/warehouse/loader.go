package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
)

// pace is how quickly the loader loads.
type pace struct {
	messages int           // one load takes at most
	rest     time.Duration // after a load that was not full, for more to come
}

// Run loads the stream into the warehouse from the stored position until ctx ends, and compacts when there is enough
// to compact. The position commits with the facts, so each message counts exactly once whenever the process dies.
// A stream that is shorter than what was loaded is another stream: that is an error, and huoshui rebuild the remedy.
func (w *Warehouse) Run(ctx context.Context, s *stream.Stream) error {
	last, err := s.LastSeq(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	if loaded := w.Watermark().Seq; last < loaded {
		return errs.New(errs.Conflict, "warehouse.other_stream",
			"the warehouse has loaded message %d but the stream ends at %d: it is not the stream it was; run huoshui rebuild", loaded, last)
	}
	pace := w.engine.pace()
	return s.Read(ctx, w.Watermark().Seq+1, pace.messages, func(ctx context.Context, ms []stream.Message) error {
		// A batch that has begun is finished: it is short, and a statement that is interrupted in the driver may keep
		// hold of the file after Close, on which opening it again in this process would wait for ever.
		if err := w.Load(context.WithoutCancel(ctx), ms); err != nil {
			return err
		}
		if len(ms) == pace.messages { // more is waiting: tidy up later
			return nil
		}
		if err := w.engine.compactIfDue(ctx); err != nil {
			return err
		}
		if pace.rest > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(pace.rest):
			}
		}
		return nil
	})
}

// Load writes the facts of messages and the position of the last of them in one transaction. Messages at or before
// the stored position are passed over; facts of messages marked Maybe are looked up before they are written.
func (w *Warehouse) Load(ctx context.Context, messages []stream.Message) error {
	w.write.Lock()
	defer w.write.Unlock()
	if err := w.engine.ready(ctx); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	mark := w.Watermark()
	l := &loading{w: w, mark: mark}
	for _, m := range messages {
		if m.Seq <= mark.Seq {
			continue
		}
		l.mark.Seq = m.Seq
		for _, f := range m.Facts {
			l.take(f, m)
		}
	}
	if l.mark.Seq == mark.Seq {
		return nil
	}
	err := w.engine.save(ctx, l)
	w.dict.settle(err == nil)
	if err != nil {
		return fmt.Errorf("load up to %d: %w", l.mark.Seq, err)
	}
	w.advance(l.mark, l.customers)
	return nil
}

// loading is one transaction being gathered.
type loading struct {
	w         *Warehouse
	mark      Watermark
	rows      []row
	people    []version
	erased    map[uint32]bool
	customers []uint32
	maybe     map[key]bool // keys that must be looked up
	moves     []move
	away      *roaring.Bitmap // DuckDB's; its own copy where something moves
}

type key struct {
	id       uint64
	customer uint32
	ts       int64
}

type row struct {
	key
	f     event.Fact
	seq   uint64
	born  uint32 // the number that has gone into customer since; 0 when it has not
	maybe bool
}

type version struct {
	ts  int64
	seq uint64
	n   uint32
	a   event.Attributes
}

// registered is since when somebody is a customer, microseconds UTC; 0 when unknown.
func (v *version) registered() int64 {
	if v.a.Registered.IsZero() {
		return 0
	}
	return v.a.Registered.UnixMicro()
}

func (v *version) flags() (flags uint32) {
	for flag, on := range map[uint32]bool{FlagPhone: v.a.HasPhone, FlagEmail: v.a.HasEmail, FlagErased: v.a.Erased, FlagMerged: v.a.Merged} {
		if on {
			flags |= flag
		}
	}
	return flags
}

func (l *loading) take(f event.Fact, m stream.Message) {
	k := key{Hash(f.ID), f.Customer, f.At.UnixMicro()}
	l.customers = append(l.customers, f.Customer)
	if f.Customer < FirstVisitor {
		l.mark.Through = max(l.mark.Through, f.Customer)
	}
	if f.Name == event.CustomerChanged { // attributes live in people: a version twice changes nothing
		var a event.Attributes
		if err := json.Unmarshal(f.Props, &a); err != nil {
			l.w.log.Error("attributes passed over", "fact", f.ID, "error", err)
			return
		}
		if a.Erased {
			if l.erased == nil {
				l.erased = map[uint32]bool{}
			}
			l.erased[f.Customer] = true
			a = event.Attributes{Erased: true}
		}
		l.people = append(l.people, version{ts: k.ts, seq: m.Seq, n: f.Customer, a: a})
		return
	}
	if f.Name == event.CustomerMerged || f.Name == event.CustomerSplit {
		if one, ok := moveOf(f); ok {
			l.moves = append(l.moves, one)
		}
	}
	if m.Maybe {
		if l.maybe == nil {
			l.maybe = map[key]bool{}
		}
		l.maybe[k] = true
	}
	l.rows = append(l.rows, row{key: k, f: f, seq: m.Seq, maybe: m.Maybe})
}

// Hash is the 64-bit FNV-1a hash of a fact's id, which facts keep instead of the text.
func Hash(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// Birthday turns YYYY-MM-DD into year*10000+month*100+day; 0 when it is no date.
func Birthday(s string) int32 {
	if strings.HasPrefix(s, "0000-") { // a leap year stands for the unknown one
		if _, err := time.Parse(time.DateOnly, "2000"+s[4:]); err != nil {
			return 0
		}
	} else if _, err := time.Parse(time.DateOnly, s); err != nil {
		return 0
	}
	n, err := strconv.Atoi(s[:4] + s[5:7] + s[8:])
	if err != nil {
		return 0
	}
	return int32(n)
}

// Fill writes straight into the tables of DuckDB, past the stream, in one transaction: for benchmarks and tests that need more
// rows than anybody wants to send. write gives the statements; code gives a text's code in the dictionary.
func (w *Warehouse) Fill(ctx context.Context, write func(code func(text string) uint32) []string) error {
	w.write.Lock()
	defer w.write.Unlock()
	if err := w.engine.fill(ctx, write(w.dict.give)); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	return nil
}
