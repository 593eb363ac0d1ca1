package layer

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// historyMonths is how many past month ends KeepHistory fills.
const historyMonths = 12

// historyPeople is up to how many people the past is computed without being asked: a pass takes seconds then.
const historyPeople = 1_000_000

// Reconstruct computes and keeps the snapshots of days in the past, by the definition in force, replacing those
// reconstructed before but never one taken on its day. People who have been erased since, and attributes since changed, are as they are
// now. A day before the first customer gets none.
func (s *Service) Reconstruct(ctx context.Context, days ...string) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	def, version, err := settings.Get(ctx, s.db, Setting, Default())
	if err != nil {
		return err
	}
	for _, day := range days {
		if day >= s.Today() {
			return errs.New(errs.Invalid, "layer.day", "%s is not in the past", day).At("day")
		}
		have, err := store.One[int64](ctx, s.db, `SELECT COUNT(*) FROM layer_snapshots WHERE day = ? AND reconstructed = ?`, day, false)
		if err != nil {
			return err
		}
		if have > 0 {
			continue
		}
		if err := s.reconstruct(ctx, day, def, version); err != nil {
			return fmt.Errorf("reconstruct %s: %w", day, err)
		}
	}
	return nil
}

func (s *Service) reconstruct(ctx context.Context, day string, def Definition, version int64) error {
	asOf, err := s.EndOf(day)
	if err != nil {
		return err
	}
	passes, err := s.Compute(ctx, asOf, def)
	if err != nil {
		return err
	}
	sets, err := passes[0].sets(ctx)
	if err != nil {
		return err
	}
	snap := passes[0].snapshot(sets, version, true, s.now())
	if snap.People == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error { return putSnapshot(ctx, tx, snap, sets) })
}

// MonthEnds returns the last days of the n months before today's, oldest first.
func (s *Service) MonthEnds(n int) []string {
	y, m, _ := s.now().In(s.zone).Date()
	days := make([]string, n)
	for i := range days {
		days[n-1-i] = time.Date(y, m-time.Month(i), 0, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	return days
}

// KeepHistory gives a brand that has just brought its orders a past to compare with: after a refresh it fills the month ends
// of the last year that are missing, and computes them again when the number of people has changed so much that older
// facts must have come. It blocks until ctx ends and does nothing while nothing is refreshed.
func (s *Service) KeepHistory(ctx context.Context, log *slog.Logger) error {
	var filledTo string // the newest month end looked after
	var filledFor int64 // how many people there were then
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.saved:
		}
		snap, err := snapshotOn(ctx, s.db, "")
		if err != nil {
			return err
		}
		days := s.MonthEnds(historyMonths)
		last := days[len(days)-1]
		grown := filledFor > 0 && snap.People > filledFor+filledFor/20
		if snap.People > historyPeople || (filledTo == last && !grown) {
			continue
		}
		missing := days
		if !grown {
			if missing, err = s.missing(ctx, days); err != nil {
				return err
			}
		}
		began := time.Now()
		if err := s.Reconstruct(ctx, missing...); err != nil {
			if ctx.Err() == nil {
				log.ErrorContext(ctx, "past layers could not be computed; the next refresh tries again", "error", err)
			}
			continue
		}
		filledTo, filledFor = last, snap.People
		if len(missing) > 0 {
			log.InfoContext(ctx, "past layers computed", "days", len(missing), "seconds", time.Since(began).Seconds())
		}
	}
}

// missing returns the days without a snapshot.
func (s *Service) missing(ctx context.Context, days []string) ([]string, error) {
	var where store.Where
	store.In(&where, "day", days)
	have, err := store.All[string](ctx, s.db, `SELECT day FROM layer_snapshots`+where.SQL(), where.Args()...)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, d := range have {
		known[d] = true
	}
	var out []string
	for _, d := range days {
		if !known[d] {
			out = append(out, d)
		}
	}
	return out, nil
}
