package campaign

import (
	"context"
	"sync"
	"time"
)

// bell wakes everybody who waits; a ring that nobody waits for is not lost to those who looked before it.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBell() *bell { return &bell{ch: make(chan struct{})} }

func (b *bell) ring() {
	b.mu.Lock()
	close(b.ch)
	b.ch = make(chan struct{})
	b.mu.Unlock()
}

// listen returns what the next ring closes: take it before looking for work, wait on it after.
func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

// pause waits for a ring, the time, or the end of ctx.
func pause(ctx context.Context, rung <-chan struct{}, most time.Duration) {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-rung:
	case <-t.C:
	}
}
