package tag

import (
	"context"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

// Use is something that names a tag.
type Use struct {
	Kind string `json:"kind" enum:"segment,strategy,campaign,tag"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Effect is what a campaign whose audience named the tag earned inside it: what reaching changed, against those held back.
type Effect struct {
	Campaign string  `json:"campaign"`
	Name     string  `json:"name"`
	Inside   Measure `json:"inside" doc:"Of carriers"`
	Outside  Measure `json:"outside" doc:"Of the others in the campaign"`
}

// Measure is a difference of the share who bought, in the unit interval, with its 95% interval.
type Measure struct {
	People int64   `json:"people"`
	Lift   float64 `json:"lift"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Known  bool    `json:"known" doc:"Both arms have people"`
}

// Uses knows what outside this package names tags.
type Uses interface {
	// OfTags returns who names which tag, by tag; segments maps segments to the tags they name, for what names segments.
	OfTags(ctx context.Context, segments map[string][]string) (map[string][]Use, error)
}

// UsesOf is who names which tag, by tag.
type UsesOf map[string][]Use

func (u UsesOf) names(id string) []string {
	var out []string
	for _, use := range u[id] {
		out = append(out, use.Name)
	}
	return out
}

// Uses returns what names each tag: segments and other tags, and what is known outside.
func (s *Service) Uses(ctx context.Context) (UsesOf, error) {
	out := UsesOf{}
	named := map[string][]string{}
	segments, err := store.All[audience.Segment](ctx, s.db, `SELECT * FROM segments WHERE archived = ? AND kind = 'dynamic' AND condition LIKE '%"tag"%' ORDER BY name`, false)
	if err != nil {
		return nil, err
	}
	for _, seg := range segments {
		named[seg.ID] = seg.Condition.Tags()
		for _, id := range named[seg.ID] {
			out[id] = append(out[id], Use{"segment", seg.ID, seg.Name})
		}
	}
	rules, err := computed(ctx, s.db, Rule)
	if err != nil {
		return nil, err
	}
	for _, t := range rules {
		for _, id := range t.Rule.Tags() {
			out[id] = append(out[id], Use{"tag", t.ID, t.Name})
		}
	}
	if s.uses == nil {
		return out, nil
	}
	others, err := s.uses.OfTags(ctx, named)
	for id, uses := range others {
		out[id] = append(out[id], uses...)
	}
	return out, err
}

// Flags of a tag that may not be worth having.
const (
	FlagUnused    = "unused"    // nothing names it
	FlagStill     = "still"     // nobody has come or gone for 30 days
	FlagStale     = "stale"     // it was not told anew for twice its cycle
	FlagDuplicate = "duplicate" // another tag has almost the same people
	FlagEmpty     = "empty"     // nobody carries it
)

// Twin is another tag that almost the same people carry.
type Twin struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Jaccard float64 `json:"jaccard" doc:"People of both in those of either, 0…1"`
}

// Worth says what a tag is good for.
type Worth struct {
	Tag       string   `json:"tag"`
	Coverage  float64  `json:"coverage" doc:"Carriers in all customers, 0…1"`
	StillDays int      `json:"still_days" doc:"Days since somebody last came or went"`
	Uses      []Use    `json:"uses"`
	Twins     []Twin   `json:"twins"`
	Flags     []string `json:"flags"`
}

const (
	twin      = 0.8
	stillDays = 30
)

// Worths reports on all tags that are not put away.
func (s *Service) Worths(ctx context.Context) ([]Worth, error) {
	tags, err := s.List(ctx, false)
	if err != nil {
		return nil, err
	}
	uses, err := s.Uses(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.segments.People(ctx, audience.Everyone())
	if err != nil {
		return nil, err
	}
	twins, err := s.twins(ctx, tags)
	if err != nil {
		return nil, err
	}
	now, people := s.now(), max(float64(all.GetCardinality()), 1)
	out := make([]Worth, 0, len(tags))
	for _, t := range tags {
		w := Worth{Tag: t.ID, Coverage: min(float64(t.Size)/people, 1), Uses: uses[t.ID], Twins: twins[t.ID]}
		if t.Parent != "" {
			w.Uses = append(slices.Clone(w.Uses), uses[t.Parent]...)
		}
		since := t.MovedAt
		if since.IsZero() {
			since = t.CreatedAt
		}
		w.StillDays = int(now.Sub(since).Hours() / 24)
		w.Flags = flagsOf(t, w, now)
		if w.Uses == nil {
			w.Uses = []Use{}
		}
		if w.Twins == nil {
			w.Twins = []Twin{}
		}
		out = append(out, w)
	}
	return out, nil
}

func flagsOf(t Tag, w Worth, now time.Time) []string {
	flags := []string{}
	if len(w.Uses) == 0 {
		flags = append(flags, FlagUnused)
	}
	if t.Size == 0 {
		flags = append(flags, FlagEmpty)
	} else if w.StillDays >= stillDays {
		flags = append(flags, FlagStill)
	}
	every := map[Cycle]time.Duration{Live: 48 * time.Hour, Daily: 48 * time.Hour, Monthly: 62 * 24 * time.Hour}[t.Cycle]
	if every > 0 && !t.AsOf.IsZero() && now.Sub(t.AsOf) > every {
		flags = append(flags, FlagStale)
	}
	if len(w.Twins) > 0 {
		flags = append(flags, FlagDuplicate)
	}
	return flags
}

// twins finds the tags that almost the same people carry. Only those whose sizes are near enough are compared.
func (s *Service) twins(ctx context.Context, tags []Tag) (map[string][]Twin, error) {
	sorted := slices.Clone(tags)
	sorted = slices.DeleteFunc(sorted, func(t Tag) bool { return t.Size == 0 })
	slices.SortFunc(sorted, func(a, b Tag) int { return strings.Compare(a.ID, b.ID) })
	slices.SortStableFunc(sorted, func(a, b Tag) int { return int(min(max(a.Size-b.Size, -1), 1)) })
	out := map[string][]Twin{}
	for i, a := range sorted {
		j := i + 1
		if j >= len(sorted) || float64(a.Size) < twin*float64(sorted[j].Size) {
			continue
		}
		of, err := roll.People(ctx, s.db, a.ID)
		if err != nil {
			return nil, err
		}
		for ; j < len(sorted) && float64(a.Size) >= twin*float64(sorted[j].Size); j++ {
			b := sorted[j]
			if a.Parent == b.ID || b.Parent == a.ID {
				continue
			}
			other, err := roll.People(ctx, s.db, b.ID)
			if err != nil {
				return nil, err
			}
			both := float64(of.AndCardinality(other))
			jaccard := both / max(float64(of.GetCardinality()+other.GetCardinality())-both, 1)
			if jaccard > twin {
				out[a.ID] = append(out[a.ID], Twin{b.ID, b.Name, jaccard})
				out[b.ID] = append(out[b.ID], Twin{a.ID, a.Name, jaccard})
			}
		}
	}
	return out, nil
}
