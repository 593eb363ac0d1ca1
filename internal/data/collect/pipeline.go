package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
)

const (
	readEntries   = 24                     // entries of the log read at once, of a megabyte each at most but for the largest requests
	gather        = 100 * time.Millisecond // between two batches, where less than that waits: what a batch costs is shared
	batchEvents   = 5000                   // events from which a batch is worked off
	flushEvery    = 2 * time.Second        // how old the dictionary may be
	flushSize     = 4000                   // names and properties from which it is stored at once
	housekeeping  = time.Hour
	messageFacts  = 500     // facts of one message of the stream
	messageBytes  = 1 << 20 // of their properties
	measureBehind = time.Second
	takeTimeout   = 2 * time.Minute // for a batch, whose engines may be away
)

// Publisher is the stream of facts.
type Publisher interface {
	Publish(ctx context.Context, messages []stream.Message) error
}

// Pipeline turns what was accepted into facts about people: one loop, in the order of the log.
//
// For a batch it decodes, drops what was counted before, tells People what it learnt, in one transaction of the store, and
// writes down whose the events are; then it publishes, and then commits, at once, that the events are counted, where it is,
// and what the dictionary has yet to store. So whatever the process dies of: before the intent nothing is published; after
// it the same events are published again for the same people, marked as doubtful, and the warehouse looks; after the commit
// they are known.
type Pipeline struct {
	desk   *Desk
	log    *stream.Log
	facts  Publisher
	people People
	others func(body []byte) // are told what came
	logger *slog.Logger
	dir    string

	mu      sync.Mutex // of all below: the loop and the timer that stores the dictionary
	seen    *seen
	rules   *ruleBook
	census  *census
	names   bookOfNames
	numbers *recent
	doubt   uint64 // entries up to here may have been published by a pipeline whose memory is gone

	position atomic.Uint64
	behind   atomic.Int64
	running  atomic.Bool
	disk     atomic.Uint64
}

// PipelineConfig is what a pipeline works with.
type PipelineConfig struct {
	Dir    string // folder of its memory of events, its own
	Desk   *Desk
	Log    *stream.Log
	Facts  Publisher
	People People
	Tell   func(body []byte) // tells the desks of other processes what came, for their Relayed; nil where there are none
	Logger *slog.Logger
}

// NewPipeline returns a pipeline. One at a time runs against a log.
func NewPipeline(c PipelineConfig) *Pipeline {
	return &Pipeline{dir: c.Dir, desk: c.Desk, log: c.Log, facts: c.Facts, people: c.People, others: c.Tell, logger: c.Logger}
}

// Behind is how many entries of the log are not worked off, at most a second old; 0 where this process does not run the
// pipeline.
func (p *Pipeline) Behind() int64 { return p.behind.Load() }

// Progress says where the pipeline is.
type Progress struct {
	Running  bool   `json:"running" doc:"In this process"`
	Position uint64 `json:"position" doc:"Last entry of the log that is done"`
	Behind   int64  `json:"behind" doc:"Entries that wait"`
	Bytes    uint64 `json:"bytes" doc:"Room that the memory of events takes on disk"`
}

// Progress returns where the pipeline of this process is.
func (p *Pipeline) Progress() Progress {
	return Progress{Running: p.running.Load(), Position: p.position.Load(), Behind: p.behind.Load(), Bytes: p.disk.Load()}
}

// Run works the log off until ctx ends.
func (p *Pipeline) Run(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	p.running.Store(true)
	inner, stop := context.WithCancel(ctx)
	var timers sync.WaitGroup
	timers.Go(func() { p.keepTime(inner) })
	err := p.log.Read(ctx, p.seen.position+1, readEntries, p.take)
	stop()
	timers.Wait()
	p.running.Store(false)
	return errors.Join(err, p.close(context.WithoutCancel(ctx)))
}

// Settle returns when what is in the log now is worked off; at once where this process does not run the pipeline.
func (p *Pipeline) Settle(ctx context.Context) error {
	last, err := p.log.LastSeq(ctx)
	if err != nil {
		return err
	}
	for p.running.Load() && p.position.Load() < last {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

func (p *Pipeline) open(ctx context.Context) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen, err = openSeen(p.dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.seen.close())
			p.seen = nil
		}
	}()
	last, err := p.log.LastSeq(ctx)
	if err != nil {
		return err
	}
	if p.seen.position > last {
		p.logger.WarnContext(ctx, "the log of events is shorter than what was read of it: reading it from its beginning", "read", p.seen.position, "ends", last)
		p.seen.position = 0
	}
	p.doubt = 0
	if p.seen.fresh {
		p.doubt = last
	}
	p.position.Store(p.seen.position)
	stored, err := progress(ctx, p.desk.db, progressDictionary)
	if err != nil {
		return err
	}
	p.census = newCensus(stored + 1)
	if err = p.recall(); err != nil {
		return err
	}
	if p.names, err = loadNames(ctx, p.desk.db); err != nil {
		return err
	}
	p.names.learn(p.census)
	p.numbers = newRecent(100000)
	p.rules = nil
	return nil
}

// recall makes the census what was last written down of it.
func (p *Pipeline) recall() error {
	left := newCensus(p.census.Flush)
	if len(p.seen.pending) > 0 {
		if err := json.Unmarshal(p.seen.pending, left); err != nil {
			return fmt.Errorf("what the dictionary had to store: %w", err)
		}
	}
	if left.Flush >= p.census.Flush {
		p.census = left
	}
	return nil
}

func (p *Pipeline) close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.flush(ctx)
	err = errors.Join(err, p.seen.close())
	p.seen = nil
	return err
}

// keepTime stores the dictionary when there is something to store, measures how far behind the pipeline is, and takes
// what is old away.
func (p *Pipeline) keepTime(ctx context.Context) {
	flush, measure, tidy := time.NewTicker(flushEvery), time.NewTicker(measureBehind), time.NewTicker(housekeeping)
	defer flush.Stop()
	defer measure.Stop()
	defer tidy.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			p.mu.Lock()
			err = p.flush(ctx)
			p.mu.Unlock()
		case <-measure.C:
			p.disk.Store(p.seen.bytes())
			var last uint64
			if last, err = p.log.LastSeq(ctx); err == nil {
				p.behind.Store(max(0, int64(last)-int64(p.position.Load())))
			}
		case <-tidy.C:
			err = p.desk.tidy(ctx)
		}
		if err != nil && ctx.Err() == nil {
			p.logger.WarnContext(ctx, "collection", "error", err)
		}
	}
}

// tidy takes away what is older than it is kept.
func (d *Desk) tidy(ctx context.Context) error {
	now := d.now()
	_, err := d.db.Exec(ctx, `DELETE FROM dead_letters WHERE received_at < ?`, now.Add(-keepLetters))
	return errors.Join(err, pruneDictionary(ctx, d.db, now.In(d.zone)))
}

// flush stores what was counted; the lock is held.
func (p *Pipeline) flush(ctx context.Context) error {
	if p.census.empty() {
		return nil
	}
	if err := p.desk.db.Tx(ctx, func(tx *store.Tx) error { return saveCensus(ctx, tx, p.census) }); err != nil {
		return fmt.Errorf("store the dictionary: %w", err)
	}
	p.census = newCensus(p.census.Flush + 1)
	return p.seen.settle()
}

// take works entries off, and lets more gather when there were few.
func (p *Pipeline) take(ctx context.Context, entries []stream.Entry) error {
	began := time.Now()
	if err := p.workOff(ctx, entries); err != nil || len(entries) >= readEntries {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(gather - time.Since(began)):
	}
	return nil
}

// workOff works entries off, some thousand events at a time. What has begun is finished when ctx ends: it is short.
func (p *Pipeline) workOff(ctx context.Context, entries []stream.Entry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeTimeout)
	defer cancel()
	b := p.begin()
	for _, e := range entries {
		if e.Seq <= p.seen.position {
			continue // Read starts over at the batch that failed; part of it may be done
		}
		if err := p.read(ctx, b, e); err != nil {
			return err
		}
		if len(b.works) >= batchEvents {
			if err := p.work(ctx, b); err != nil {
				return err
			}
			b = p.begin()
		}
	}
	if b.last == 0 {
		return nil
	}
	return p.work(ctx, b)
}

// work is one event on its way.
type work struct {
	event    Event
	hash     hash
	seq      uint64 // of its entry of the log
	protocol Protocol
	rule     Rule
	props    properties
	touch    *Touch
	customer uint32
	told     bool // its person is known: from the plan or from memory
	doubtful bool // it may have been published before
	facts    []event.Fact
	crowded  bool // a value of it had no room in its column
}

// named is what the dictionary is told of an event's properties: where it has none, of its traits.
func (w *work) named() properties {
	if len(w.event.Props) == 0 && !w.rule.Block {
		return traitProps(w.event.Traits)
	}
	return w.props
}

// batch is what is worked off together.
type batch struct {
	last    uint64 // position after it
	works   []*work
	blocked []*work
	counted []hash
	fresh   map[hash]bool // of this batch
	letters []Letter
	letterN map[string]int // by source
	lost    map[string]int64
	feed    []sighted
	names   map[string]named // of sources
	counts  map[[3]string]int64
}

// named is a source by its name and the sales channel that it belongs to.
type named struct{ called, sells string }

func (p *Pipeline) begin() *batch {
	return &batch{
		fresh: map[hash]bool{}, letterN: map[string]int{}, lost: map[string]int64{}, names: map[string]named{}, counts: map[[3]string]int64{},
	}
}

// day is the day of the business zone that something came on.
func (p *Pipeline) day(at time.Time) string { return at.In(p.desk.zone).Format(time.DateOnly) }

func (b *batch) count(source, day, outcome string) { b.counts[[3]string{source, day, outcome}]++ }

// die keeps a letter, or counts it where too many came at once.
func (b *batch) die(l Letter, day string) {
	b.count(l.Source, day, Dead)
	if b.letterN[l.Source] >= maxAtOnce {
		b.count(l.Source, day, dropped)
		return
	}
	b.letterN[l.Source]++
	b.letters = append(b.letters, l)
}

// read decodes an entry into the batch.
func (p *Pipeline) read(ctx context.Context, b *batch, entry stream.Entry) error {
	b.last = entry.Seq
	envelopes, err := Open(entry.Body)
	if err != nil {
		p.logger.ErrorContext(ctx, "entry of events passed over", "entry", entry.Seq, "error", err)
		l := Letter{ID: id.From("ddl", "entry", strconv.FormatUint(entry.Seq, 10)), Reason: "bad_entry", Detail: clip(err.Error(), 300), ReceivedAt: entry.At, Status: LetterOpen}
		l.keep(entry.Body)
		l.RawBytes = maxRaw + 1 // it cannot be replayed
		b.die(l, p.day(entry.At))
		return nil
	}
	if p.rules, err = rulesNow(ctx, p.desk.db, p.rules); err != nil {
		return err
	}
	for i := range envelopes {
		if err := p.decode(ctx, b, &envelopes[i], entry.Seq, i); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pipeline) decode(ctx context.Context, b *batch, e *Envelope, seq uint64, place int) error {
	letter := e.replayed()
	if letter != "" {
		again, err := p.counted(b, hashOf("replay", letter))
		if err != nil || again {
			return err
		}
	}
	src, err := p.desk.sources.ByID(ctx, e.Source)
	if err != nil {
		return err
	}
	b.names[e.Source] = named{called: e.Source}
	if src != nil {
		b.names[e.Source] = named{column(src.Name), column(src.Channel)}
	}
	var events []Event
	var bad []Bad
	if e.Protocol == protocolEvent && letter != "" {
		var ev Event
		if err := json.Unmarshal(e.Body, &ev); err != nil {
			return nil // it was written by us and kept whole: it can be read
		}
		events = []Event{ev}
	} else {
		events, bad = e.Decode(src)
	}
	day := p.day(e.ReceivedAt)
	for i, one := range bad {
		at := strconv.FormatUint(seq, 10) + ":" + strconv.Itoa(place) + ":" + strconv.Itoa(i)
		if letter != "" {
			at = letter + ":" + strconv.Itoa(i) // dead again: another letter, the same however often it is read
		}
		b.die(letterOf(e, one, at), day)
		b.feed = append(b.feed, sighted{event: &Event{Source: e.Source, At: e.ReceivedAt, ReceivedAt: e.ReceivedAt}, status: Dead, reason: one.Reason})
	}
	for i := range events {
		if err := p.consider(b, &work{event: events[i], seq: seq, protocol: e.Protocol}, letter, day); err != nil {
			return err
		}
	}
	return nil
}

// counted reports whether an event was counted before or stands in the batch, and puts it there.
func (p *Pipeline) counted(b *batch, h hash) (bool, error) {
	if b.fresh[h] {
		return true, nil
	}
	again, err := p.seen.has(h)
	if err != nil || again {
		return again, err
	}
	b.fresh[h] = true
	b.counted = append(b.counted, h)
	return false, nil
}

// consider decides what becomes of an event: dropped, blocked, dead, or work. letter is the one that it was, "" for none.
func (p *Pipeline) consider(b *batch, w *work, letter, day string) error {
	ev := &w.event
	w.hash = hashOf(ev.Source, ev.Key)
	again := b.fresh[w.hash]
	if !again {
		var err error
		if again, err = p.seen.has(w.hash); err != nil {
			return err
		}
	}
	if again {
		b.count(ev.Source, day, Duplicate)
		b.feed = append(b.feed, sighted{event: ev, status: Duplicate})
		return nil
	}
	name := entryName(ev)
	w.rule = p.rules.of(ev.Source, name)
	if !w.rule.Block {
		w.props = readProps(ev.Props)
	}
	reason := p.names.admit(ev.Source, name, w.named())
	switch {
	case w.rule.Block:
		b.count(ev.Source, day, Blocked)
		b.feed = append(b.feed, sighted{event: ev, status: Blocked})
		if reason == "" {
			b.blocked = append(b.blocked, w)
		}
	case reason != "":
		// It is not counted: once there is room for it, its letter, or the event itself, may come again.
		b.die(letterOfEvent(ev, reason, name, letter), day)
		b.feed = append(b.feed, sighted{event: ev, status: Dead, reason: reason})
		return nil
	default:
		b.count(ev.Source, day, Accepted)
		b.works = append(b.works, w)
	}
	b.fresh[w.hash] = true
	b.counted = append(b.counted, w.hash)
	return nil
}
