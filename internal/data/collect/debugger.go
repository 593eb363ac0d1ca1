package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

// Limits of the live feed.
const (
	ringSize    = 500 // events kept of one source
	ringSources = 64  // sources kept
	liveProps   = 2 << 10
)

// What becomes of an event.
const (
	Accepted  = "accepted"
	Duplicate = "duplicate"
	Blocked   = "blocked"
	Dead      = "dead"
	dropped   = "dead_dropped"
	crowded   = "crowded"
)

// Live is an event as the pipeline saw it.
type Live struct {
	Seq        uint64          `json:"seq" doc:"Grows with every event; after asks for those beyond"`
	Source     string          `json:"source"`
	Kind       string          `json:"kind"`
	Name       string          `json:"name"`
	Fact       string          `json:"fact,omitempty" doc:"Name of the facts it became"`
	Status     string          `json:"status" enum:"accepted,duplicate,blocked,dead"`
	Reason     string          `json:"reason,omitempty"`
	Customer   uint32          `json:"customer,omitempty" doc:"Number of the person; from 2147483648 on a visitor not yet known"`
	Keys       []Key           `json:"keys" doc:"Phones and e-mails masked"`
	At         time.Time       `json:"at"`
	ReceivedAt time.Time       `json:"received_at"`
	Props      json.RawMessage `json:"props,omitempty" doc:"As they came; left out where they are long"`
}

// LiveFilter chooses from the feed; its zero value chooses all.
type LiveFilter struct {
	Source string
	Name   string // part of the name
	Key    string // part of one of the keys, as it came
}

// sighted is what the feed keeps of an event; it is made presentable when somebody asks.
type sighted struct {
	seq      uint64
	event    *Event // the feed's own copy once it is there
	fact     string
	status   string
	reason   string
	customer uint32
}

// feed keeps the newest events of every source and wakes those who wait for more.
type feed struct {
	mu    sync.Mutex
	seq   uint64
	rings map[string][]sighted // by source, oldest first
	used  map[string]uint64    // newest position by source
	more  chan struct{}        // closed when there is more
}

func newFeed() *feed {
	// Positions of a process that starts anew are beyond those of the one before: who watches goes on watching.
	return &feed{seq: uint64(time.Now().UnixMilli()) << 12, rings: map[string][]sighted{}, used: map[string]uint64{}, more: make(chan struct{})}
}

// add takes a batch in.
func (f *feed) add(batch []sighted) {
	if len(batch) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	by := map[string][]sighted{} // the newest first
	for i := len(batch) - 1; i >= 0; i-- {
		s := batch[i]
		if some := by[s.event.Source]; len(some) < ringSize {
			s.seq, s.event = f.seq+uint64(i)+1, s.event.shown()
			by[s.event.Source] = append(some, s)
		}
	}
	f.seq += uint64(len(batch))
	for source, some := range by {
		slices.Reverse(some)
		ring := append(f.rings[source], some...)
		if n := len(ring) - ringSize; n > 0 {
			ring = slices.Clone(ring[n:]) // what was before is let go
		}
		f.rings[source], f.used[source] = ring, f.seq
	}
	for len(f.rings) > ringSources {
		oldest := ""
		for source, at := range f.used {
			if oldest == "" || at < f.used[oldest] {
				oldest = source
			}
		}
		delete(f.rings, oldest)
		delete(f.used, oldest)
	}
	close(f.more)
	f.more = make(chan struct{})
}

// relayed is an event of the feed on its way to another process.
type relayed struct {
	Event    *Event `json:"event"`
	Fact     string `json:"fact,omitempty"`
	Status   string `json:"status"`
	Reason   string `json:"reason,omitempty"`
	Customer uint32 `json:"customer,omitempty"`
}

// relayMost is how many events of a batch other processes are told of, the newest.
const relayMost = 100

// relay is the newest of a batch as another process's Relayed takes it; nil when there is nothing.
func relay(batch []sighted) []byte {
	batch = batch[max(0, len(batch)-relayMost):]
	out := make([]relayed, len(batch))
	for i, s := range batch {
		out[i] = relayed{s.event.shown(), s.fact, s.status, s.reason, s.customer}
	}
	body, err := json.Marshal(out)
	if err != nil || len(out) == 0 {
		return nil
	}
	return body
}

// Relayed shows in this process's feed what the pipeline of another one told.
func (d *Desk) Relayed(body []byte) {
	var all []relayed
	if json.Unmarshal(body, &all) != nil {
		return // of another version: its feed is not this one's
	}
	batch := make([]sighted, 0, len(all))
	for _, r := range all {
		if r.Event != nil {
			batch = append(batch, sighted{event: r.Event, fact: r.Fact, status: r.Status, reason: r.Reason, customer: r.Customer})
		}
	}
	d.live.add(batch)
}

// shown copies what the feed shows of an event, so that it does not hold on to the entry of the log that it came in.
func (e *Event) shown() *Event {
	out := &Event{Source: strings.Clone(e.Source), Kind: e.Kind, Name: strings.Clone(e.Name), Keys: slices.Clone(e.Keys), At: e.At, ReceivedAt: e.ReceivedAt}
	for i, k := range out.Keys {
		out.Keys[i] = Key{strings.Clone(k.Kind), strings.Clone(k.Value)}
	}
	if len(e.Props) <= liveProps && gjson.ValidBytes(e.Props) {
		out.Props = bytes.Clone(e.Props)
	}
	return out
}

// after returns what matches beyond a position, oldest first, the newest limit of it, with the position to go on from and
// what is closed when there is more.
func (f *feed) after(filter LiveFilter, seq uint64, limit int) ([]sighted, uint64, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []sighted
	for source, ring := range f.rings {
		if filter.Source != "" && filter.Source != source {
			continue
		}
		for i := len(ring) - 1; i >= 0 && ring[i].seq > seq; i-- {
			if filter.matches(ring[i].event) {
				out = append(out, ring[i])
			}
		}
	}
	slices.SortFunc(out, func(a, b sighted) int { return int(int64(a.seq) - int64(b.seq)) })
	if len(out) > limit {
		out = out[len(out)-limit:]
	}
	return out, f.seq, f.more
}

func (l LiveFilter) matches(e *Event) bool {
	if l.Name != "" && !strings.Contains(strings.ToLower(e.Name), strings.ToLower(l.Name)) {
		return false
	}
	return l.Key == "" || slices.ContainsFunc(e.Keys, func(k Key) bool { return strings.Contains(k.Value, l.Key) })
}

func (s sighted) shown() Live {
	e := s.event
	l := Live{
		Seq: s.seq, Source: e.Source, Kind: e.Kind, Name: e.Name, Fact: s.fact, Status: s.status, Reason: s.reason, Customer: s.customer,
		Keys: make([]Key, len(e.Keys)), At: e.At, ReceivedAt: e.ReceivedAt, Props: e.Props,
	}
	for i, k := range e.Keys {
		if k.Kind == KeyPhone || k.Kind == KeyEmail {
			k.Value = mask(k.Value)
		}
		l.Keys[i] = k
	}
	return l
}

// Live returns what came in beyond a position, oldest first, the newest 200 of it, and the position to go on from. It
// waits until there is something or ctx ends, whose error it does not return. After 0 it begins with what there is.
func (d *Desk) Live(ctx context.Context, filter LiveFilter, after uint64) (events []Live, next uint64) {
	const most = 200
	for {
		found, seq, more := d.live.after(filter, after, most)
		if len(found) > 0 {
			for _, s := range found {
				events = append(events, s.shown())
			}
			return events, seq
		}
		after = max(after, seq)
		select {
		case <-ctx.Done():
			return []Live{}, after
		case <-more:
		}
	}
}
