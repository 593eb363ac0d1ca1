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
	settled   = 2 * time.Second  // a kick waits until no facts came for this long
)

// Kick asks Run for a refresh as soon as the facts that are on their way have arrived; an import does at its end.
func (s *Service) Kick() {
	select {
	case s.kicks <- struct{}{}:
	default: // one is asked for already
	}
}

// Run refreshes when a new business day has begun, when facts came and the last refresh is old, and when kicked, until ctx
// ends. When nothing happens it does nothing.
func (s *Service) Run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var version uint64 // of the warehouse, at the last refresh
	var at time.Time   // of the machine, likewise
	var kicked time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.kicks:
			kicked = time.Now()
			tick.Reset(settled)
			continue
		case <-tick.C:
		}
		mark := s.engine.w.Watermark()
		due := mark.Version != version && time.Since(at) >= freshFor || s.dayIsOver(ctx)
		if !kicked.IsZero() {
			due = mark.Version == s.seen || time.Since(kicked) > freshFor
			s.seen = mark.Version
		}
		if !due || mark.Through == 0 {
			continue
		}
		report, err := s.Refresh(ctx, s.now())
		if err != nil {
			if ctx.Err() == nil {
				log.ErrorContext(ctx, "audience refresh failed; it comes again", "error", err)
			}
			continue
		}
		kicked, version, at = time.Time{}, mark.Version, time.Now()
		tick.Reset(lookEvery)
		log.InfoContext(ctx, "audience refreshed", "people", report.People, "segments", report.Segments, "entered", report.Entered, "left", report.Left, "seconds", report.Seconds)
	}
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
