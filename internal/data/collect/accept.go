package collect

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"huoshui/internal/platform/errs"
)

// LogName is the log that accepted requests are kept in, and LogAge how long.
const (
	LogName = "EVENTS"
	LogAge  = 7 * 24 * time.Hour
)

const (
	entryFull     = 1 << 20          // bytes from which an entry takes no more envelopes
	entryMost     = 4096             // envelopes of one entry
	inFlight      = 2                // appends at once
	waitingBytes  = 32 << 20         // of envelopes that wait for an append
	waitingMost   = 20000            // envelopes that wait
	appendTimeout = 15 * time.Second // after which an append is answered as failed
	maxBehind     = 50000            // entries that the pipeline may be behind before nothing more is taken
	perEnvelope   = 256              // bytes that an envelope costs beside its body
)

// ErrOverload says that more comes in than can be kept just now: the sender must wait and send it again.
var ErrOverload = errs.New(errs.Limited, "collect.overload", "more events come in than can be kept just now; try again").With("retry_after", 1)

// errClosed says that this process takes nothing more; another one, or this one after its restart, will.
var errClosed = errs.New(errs.Unavailable, "collect.closed", "the server is stopping")

// Appender is a durable log: what Append returned a position for is on disk.
type Appender interface {
	Append(ctx context.Context, body []byte) (uint64, error)
}

// Accepter makes requests durable, many at a time: those that come while an append runs share the next one. Safe for
// concurrent use.
type Accepter struct {
	log    Appender
	behind func() int64

	mu      sync.Mutex
	more    sync.Cond // something waits, or it is closed
	waiting []*pending
	bytes   int
	closed  bool
	workers sync.WaitGroup

	entries, envelopes atomic.Int64
}

// pending is one envelope on its way to the log.
type pending struct {
	envelope *Envelope
	size     int
	done     chan error // holds one
}

// NewAccepter starts accepting into a log. behind says how many entries of it the pipeline has not worked off, 0 when that
// is not known; it is asked for every request and must be quick. nil asks nobody. Close it before the log.
func NewAccepter(log Appender, behind func() int64) *Accepter {
	a := &Accepter{log: log, behind: behind}
	a.more.L = &a.mu
	for range inFlight {
		a.workers.Add(1)
		go a.work()
	}
	return a
}

// Accept returns nil when the envelope is on disk. ErrOverload: it was not taken, nothing is wrong with it. Another error,
// of kind Unavailable: it may or may not be there, and sending it again is right. When ctx ends before the envelope is on
// its way it is not taken; afterwards the answer is waited for. The body may be used again once Accept has returned.
func (a *Accepter) Accept(ctx context.Context, e Envelope) error {
	if a.behind != nil && a.behind() > maxBehind {
		return ErrOverload
	}
	p := &pending{envelope: &e, size: len(e.Body) + len(e.Query) + perEnvelope, done: make(chan error, 1)}
	a.mu.Lock()
	switch {
	case a.closed:
		a.mu.Unlock()
		return errClosed
	case len(a.waiting) > 0 && a.bytes+p.size > waitingBytes, len(a.waiting) >= waitingMost:
		a.mu.Unlock()
		return ErrOverload
	}
	a.waiting = append(a.waiting, p)
	a.bytes += p.size
	a.mu.Unlock()
	a.more.Signal()
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
	}
	if a.withdraw(p) {
		return ctx.Err()
	}
	return <-p.done
}

// withdraw takes back what is not on its way yet.
func (a *Accepter) withdraw(p *pending) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, w := range a.waiting {
		if w == p {
			a.waiting = append(a.waiting[:i], a.waiting[i+1:]...)
			a.bytes -= p.size
			return true
		}
	}
	return false
}

// take waits for envelopes and returns as many as an entry holds; none when everything is done and it is closed.
func (a *Accepter) take(into []*pending) []*pending {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting) == 0 {
		if a.closed {
			return nil
		}
		a.more.Wait()
	}
	size, n := 0, 0
	for n < len(a.waiting) && n < entryMost && (n == 0 || size+a.waiting[n].size <= entryFull) {
		size += a.waiting[n].size
		n++
	}
	into = append(into, a.waiting[:n]...)
	rest := copy(a.waiting, a.waiting[n:])
	clear(a.waiting[rest:])
	a.waiting = a.waiting[:rest]
	a.bytes -= size
	if rest > 0 {
		a.more.Signal()
	}
	return into
}

// work appends until it is closed and nothing waits.
func (a *Accepter) work() {
	defer a.workers.Done()
	var batch []*pending
	var envelopes []*Envelope
	var entry []byte
	for {
		clear(batch)
		if batch = a.take(batch[:0]); len(batch) == 0 {
			return
		}
		envelopes = envelopes[:0]
		for _, p := range batch {
			envelopes = append(envelopes, p.envelope)
		}
		entry = appendEntry(entry[:0], envelopes)
		ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
		_, err := a.log.Append(ctx, entry)
		cancel()
		if err != nil && errs.KindOf(err) != errs.Unavailable {
			err = errs.Wrap(errs.Unavailable, "collect.unavailable", err)
		}
		if err == nil {
			a.entries.Add(1)
			a.envelopes.Add(int64(len(batch)))
		}
		for _, p := range batch {
			p.done <- err
		}
		clear(envelopes)
	}
}

// Written returns how many entries were appended and how many requests they held, since the start.
func (a *Accepter) Written() (entries, requests int64) { return a.entries.Load(), a.envelopes.Load() }

// Waiting returns how many bytes wait for an append.
func (a *Accepter) Waiting() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int64(a.bytes)
}

// Close takes nothing more and returns when everything that waited has been answered. Closing again does nothing.
func (a *Accepter) Close() error {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.more.Broadcast()
	a.workers.Wait()
	return nil
}
