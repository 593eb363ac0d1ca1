package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/duckdb/duckdb-go/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream"
)

// batch is how many messages one load takes at most.
const batch = 256

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
	return s.Read(ctx, w.Watermark().Seq+1, batch, func(ctx context.Context, ms []stream.Message) error {
		// A batch that has begun is finished: it is short, and a statement that is interrupted in the driver may keep
		// hold of the file after Close, on which opening it again in this process would wait for ever.
		if err := w.Load(context.WithoutCancel(ctx), ms); err != nil {
			return err
		}
		if len(ms) == batch { // more is waiting: tidy up later
			return nil
		}
		return w.compactIfDue(ctx)
	})
}

// Load writes the facts of messages and the position of the last of them in one transaction. Messages at or before
// the stored position are passed over; facts of messages marked Maybe are looked up before they are written.
func (w *Warehouse) Load(ctx context.Context, messages []stream.Message) error {
	w.write.Lock()
	defer w.write.Unlock()
	mark := w.Watermark()
	l := loading{w: w, mark: mark, away: w.away}
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
	err := w.writing(ctx, func(c *sql.Conn) error { return l.save(ctx, c) })
	w.dict.settle(err == nil)
	if err != nil {
		return fmt.Errorf("load up to %d: %w", l.mark.Seq, err)
	}
	w.away = l.away
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
	away      *roaring.Bitmap // the warehouse's; its own copy once something moves
}

type key struct {
	id       uint64
	customer uint32
	ts       int64
}

type row struct {
	key
	f     event.Fact
	born  uint32 // the number that has gone into customer since; 0 when it has not
	maybe bool
}

type version struct {
	ts  int64
	seq uint64
	n   uint32
	a   event.Attributes
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
			if l.moves == nil {
				l.away = l.away.Clone()
			}
			l.moves = append(l.moves, one)
		}
	}
	if m.Maybe {
		if l.maybe == nil {
			l.maybe = map[key]bool{}
		}
		l.maybe[k] = true
	}
	l.rows = append(l.rows, row{key: k, f: f, maybe: m.Maybe})
}

func (l *loading) save(ctx context.Context, c *sql.Conn) error {
	if err := l.give(ctx, c); err != nil {
		return err
	}
	known, err := l.known(ctx, c)
	if err != nil {
		return err
	}
	err = appending(c, "facts", func(a *duckdb.Appender) error {
		for _, r := range l.rows {
			if r.maybe && known[r.key] {
				continue
			}
			if l.maybe[r.key] {
				known[r.key] = true
			}
			if err := l.append(a, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := l.saveMoves(ctx, c); err != nil {
		return err
	}
	if err := l.savePeople(ctx, c); err != nil {
		return err
	}
	if err := l.w.dict.save(c); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "UPDATE loaded SET seq = "+strconv.FormatUint(l.mark.Seq, 10))
	return err
}

func (l *loading) append(a *duckdb.Appender, r row) error {
	d, f := l.w.dict, r.f
	l.mark.Facts++
	if l.erased[r.customer] {
		f.Props = nil
	}
	l.mark.Latest = max(l.mark.Latest, r.ts)
	return a.AppendRow(r.customer, r.ts, d.give(f.Name), r.id, f.Subject, f.Amount, f.Quantity,
		d.give(f.Product), d.give(f.Category), d.give(f.Channel), d.give(f.Campaign), d.give(f.Strategy), d.give(f.Detail),
		string(f.Props), r.born)
}

// known returns which of the doubtful facts are in the warehouse already.
func (l *loading) known(ctx context.Context, c *sql.Conn) (map[key]bool, error) {
	found := map[key]bool{}
	if len(l.maybe) == 0 {
		return found, nil
	}
	numbers := map[uint32]bool{}
	first, last := int64(1<<63-1), int64(-1<<63)
	for k := range l.maybe {
		numbers[k.customer] = true
		first, last = min(first, k.ts), max(last, k.ts)
	}
	list := make([]string, 0, len(numbers))
	for n := range numbers {
		list = append(list, strconv.FormatUint(uint64(n), 10))
	}
	rows, err := c.QueryContext(ctx, "SELECT id, customer, ts FROM facts WHERE ts >= ? AND ts <= ? AND customer IN ("+strings.Join(list, ", ")+")", first, last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		if err := rows.Scan(&k.id, &k.customer, &k.ts); err != nil {
			return nil, err
		}
		if l.maybe[k] {
			found[k] = true
		}
	}
	return found, rows.Err()
}

func (l *loading) savePeople(ctx context.Context, c *sql.Conn) error {
	if len(l.people) == 0 {
		return nil
	}
	for n := range l.erased {
		// what described the person goes at once; amounts and counts stay, without words
		for _, q := range []string{
			"DELETE FROM people WHERE customer = ?",
			"UPDATE facts SET props = '' WHERE customer = ? AND props <> ''",
		} {
			if _, err := c.ExecContext(ctx, q, n); err != nil {
				return err
			}
		}
	}
	return appending(c, "people", func(a *duckdb.Appender) error {
		d := l.w.dict
		for _, v := range l.people {
			if l.erased[v.n] && !v.a.Erased {
				continue
			}
			var flags uint32
			for flag, on := range map[uint32]bool{FlagPhone: v.a.HasPhone, FlagEmail: v.a.HasEmail, FlagErased: v.a.Erased, FlagMerged: v.a.Merged} {
				if on {
					flags |= flag
				}
			}
			var registered int64
			if !v.a.Registered.IsZero() {
				registered = v.a.Registered.UnixMicro()
			}
			err := a.AppendRow(v.n, v.ts, v.seq, registered, Birthday(v.a.Birthday),
				d.give(v.a.Gender), d.give(v.a.Province), d.give(v.a.City), d.give(v.a.Source), d.give(v.a.Store),
				d.give(v.a.Owner), d.give(v.a.Level), flags)
			if err != nil {
				return err
			}
		}
		return nil
	})
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

// Fill writes straight into the tables, past the stream, in one transaction: for benchmarks and tests that need more
// rows than anybody wants to send. write gives the statements; code gives a text's code in the dictionary.
func (w *Warehouse) Fill(ctx context.Context, write func(code func(text string) uint32) []string) error {
	w.write.Lock()
	defer w.write.Unlock()
	statements := write(w.dict.give)
	err := w.writing(ctx, func(c *sql.Conn) error {
		if err := w.dict.save(c); err != nil {
			return err
		}
		for _, q := range statements {
			if _, err := c.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	w.dict.settle(err == nil)
	if err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	return w.refreshMark(ctx)
}
