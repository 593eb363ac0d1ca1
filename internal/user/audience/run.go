package audience

import (
	"context"
	"log/slog"
	"time"

	"huoshui/internal/platform/store"
)

// How often a refresh may come.
const (
	lookEvery = 15 * time.Second // how often Run looks whether one is due
	freshFor  = 10 * time.Minute // facts that came since are refreshed after this long
	settled   = 2 * time.Second  // after a kick, facts have ceased to come when none came for this long
	hotFor    = time.Minute      // how long a kick is in force: what it announces may still be on its way
)

// Kick asks Run for a refresh as soon as the facts that are on their way have arrived; an import does at its end.
func (s *Service) Kick() {
	select {
	case s.kicks <- struct{}{}:
	default: // one is asked for already
	}
}

// Run refreshes when a new business day has begun, when facts came and the last refresh is old, and for a while after a kick
// whenever facts came and have ceased to come, until ctx ends. When nothing happens it does nothing.
func (s *Service) Run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var d due
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.kicks:
			d.hot = time.Now().Add(hotFor)
			tick.Reset(settled)
			continue
		case <-tick.C:
		}
		mark := s.engine.w.Watermark()
		if mark.Through == 0 || !d.look(mark.Version, time.Now()) && !s.dayIsOver(ctx) {
			if time.Now().After(d.hot) {
				tick.Reset(lookEvery)
			}
			continue
		}
		report, err := s.Refresh(ctx, s.now())
		if err != nil {
			if ctx.Err() == nil {
				log.ErrorContext(ctx, "audience refresh failed; it comes again", "error", err)
			}
			continue
		}
		d.version, d.at = mark.Version, time.Now()
		log.InfoContext(ctx, "audience refreshed", "people", report.People, "segments", report.Segments, "entered", report.Entered, "left", report.Left, "seconds", report.Seconds)
	}
}

// due is when Run last refreshed and what it has seen since. Times are the machine's.
type due struct {
	version uint64 // of the warehouse, at the last refresh
	at      time.Time
	hot     time.Time // a kick is in force until then
	seen    uint64    // version at the last look
}

// look says whether facts that came since the last refresh call for another.
func (d *due) look(version uint64, now time.Time) bool {
	ceased := version == d.seen
	d.seen = version
	if version == d.version {
		return false
	}
	return now.Before(d.hot) && ceased || now.Sub(d.at) >= freshFor
}

// dayIsOver says that the newest state is of an earlier business day, or that there is none.
func (s *Service) dayIsOver(ctx context.Context) bool {
	state, err := s.engine.State(ctx)
	if err != nil {
		return false // the refresh would fail too
	}
	return Midnight(time.UnixMicro(state.AsOf), s.engine.zone).Before(Midnight(s.now(), s.engine.zone))
}

// Store is where segments are kept; the edge joins who is in them with who they are.
func (s *Service) Store() *store.DB { return s.db }
