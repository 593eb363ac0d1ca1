// Package clock injects time, so that a year of operation can be simulated in seconds and tests are exact.
package clock

import (
	"context"
	"sync/atomic"
	"time"
)

// Clock tells the time, always UTC.
type Clock func() time.Time

// System is the machine's clock.
func System() time.Time { return time.Now().UTC() }

// Manual is a clock that moves only when told; safe for concurrent use.
type Manual struct{ micros atomic.Int64 }

// NewManual returns a clock that stands at t.
func NewManual(t time.Time) *Manual {
	m := &Manual{}
	m.Set(t)
	return m
}

// Now returns where the clock stands.
func (m *Manual) Now() time.Time { return time.UnixMicro(m.micros.Load()).UTC() }

// Set moves the clock to t.
func (m *Manual) Set(t time.Time) { m.micros.Store(t.UnixMicro()) }

// Advance moves the clock on by d.
func (m *Manual) Advance(d time.Duration) { m.micros.Add(d.Microseconds()) }

// Shifted runs at the machine's pace, ahead of it by an offset that can be moved: the demo's "advance days".
type Shifted struct{ offset atomic.Int64 }

// Now returns the machine's time plus the offset.
func (s *Shifted) Now() time.Time { return time.Now().UTC().Add(time.Duration(s.offset.Load())) }

// SetOffset sets how far ahead of the machine the clock is.
func (s *Shifted) SetOffset(d time.Duration) { s.offset.Store(int64(d)) }

// Offset returns how far ahead of the machine the clock is.
func (s *Shifted) Offset() time.Duration { return time.Duration(s.offset.Load()) }

// Every does rounds at once and then each time every has passed, until ctx ends or one fails. What a round tells of how much it did is for tests.
func Every(ctx context.Context, every time.Duration, rounds ...func(context.Context) (int, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		for _, round := range rounds {
			if _, err := round(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
