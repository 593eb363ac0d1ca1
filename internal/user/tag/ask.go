package tag

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

// Ask implements audience.Asker: rules and the evidence of fuzzy tags are answered, and heat and statistics computed, in the pass
// that segments are computed by. A rule that asks for another tag is answered by who carried that one before the pass.
func (s *Service) Ask(ctx context.Context, asOf time.Time, live bool) (audience.Asking, error) {
	if live {
		return s.askLive(ctx)
	}
	var a audience.Asking
	rules, err := s.dueOf(ctx, Rule, asOf)
	if err != nil {
		return a, err
	}
	statistics, err := s.dueOf(ctx, ByStatistic, asOf)
	if err != nil {
		return a, err
	}
	fuzzy, err := computed(ctx, s.db, ByBelief)
	if err != nil {
		return a, err
	}
	heat, _, err := s.HeatDefinition(ctx)
	if err != nil {
		return a, err
	}
	for _, t := range rules {
		a.Conditions = append(a.Conditions, *t.Rule)
	}
	for _, t := range fuzzy {
		a.Conditions = append(a.Conditions, t.Fuzzy.conditions()...)
	}
	warmth := newHeatFold(heat, asOf)
	a.Folds = []audience.Fold{warmth}
	counted := newStatisticFold(statistics)
	if len(statistics) > 0 {
		a.Folds = append(a.Folds, counted)
	}
	present := func(uint32) bool { return true }
	a.Fill = func(state *audience.State) {
		state.Heat = warmth.scores
		present = func(n uint32) bool { return int(n) < len(state.Present) && state.Present[n] }
	}
	a.Answered = func(ctx context.Context, asOf time.Time, people []*roaring.Bitmap) (bool, error) {
		changed := false
		for i, t := range rules {
			moved, err := s.renew(ctx, t, people[i], asOf, always(Why{Code: "rule"}))
			if err != nil {
				return changed, err
			}
			changed = changed || moved
		}
		for _, c := range counted.of {
			moved, err := s.renewStatistic(ctx, c, counted.text, present, asOf)
			if err != nil {
				return changed, fmt.Errorf("statistic %s: %w", c.tag.ID, err)
			}
			changed = changed || moved
		}
		rest := people[len(rules):]
		for _, t := range fuzzy {
			n := len(t.Fuzzy.conditions())
			moved, err := s.renewFuzzy(ctx, t, rest[:n], asOf)
			if err != nil {
				return changed, fmt.Errorf("fuzzy tag %s: %w", t.ID, err)
			}
			changed, rest = changed || moved, rest[n:]
		}
		return changed, nil
	}
	return a, nil
}

func (s *Service) dueOf(ctx context.Context, kind Kind, asOf time.Time) ([]Tag, error) {
	all, err := computed(ctx, s.db, kind)
	if err != nil {
		return nil, err
	}
	var due []Tag
	for _, t := range all {
		if t.due(asOf, s.zone) {
			due = append(due, t)
		}
	}
	return due, nil
}

// askLive asks the rules that follow what people do; who carries them is remembered between looks.
func (s *Service) askLive(ctx context.Context) (audience.Asking, error) {
	var a audience.Asking
	all, err := computed(ctx, s.db, Rule)
	if err != nil {
		return a, err
	}
	var tags []Tag
	carriers := map[string]*roaring.Bitmap{}
	for _, t := range all {
		if t.Cycle != Live {
			continue
		}
		if carriers[t.ID], err = roll.People(ctx, s.db, t.ID); err != nil {
			return a, err
		}
		tags = append(tags, t)
		a.Conditions = append(a.Conditions, *t.Rule)
	}
	a.Answered = func(ctx context.Context, asOf time.Time, people []*roaring.Bitmap) (bool, error) {
		changed := false
		for i, t := range tags {
			before := carriers[t.ID]
			if before.Equals(people[i]) {
				continue
			}
			if _, _, err := s.replace(ctx, t, before, people[i], asOf, always(Why{Code: "rule"})); err != nil {
				carriers[t.ID], _ = roll.People(ctx, s.db, t.ID) // some of it may have been written
				return changed, err
			}
			carriers[t.ID], changed = people[i].Clone(), true
		}
		return changed, nil
	}
	return a, nil
}

// renew puts a tag on people instead of those before.
func (s *Service) renew(ctx context.Context, t Tag, people *roaring.Bitmap, asOf time.Time, why func(uint32) Why) (bool, error) {
	before, err := roll.People(ctx, s.db, t.ID)
	if err != nil {
		return false, err
	}
	came, left, err := s.replace(ctx, t, before, people, asOf, why)
	if err != nil {
		return false, fmt.Errorf("tag %s: %w", t.ID, err)
	}
	return came+left > 0, nil
}

// renewStatistic gives everybody the value that was found; values seen for the first time become tags.
func (s *Service) renewStatistic(ctx context.Context, c *counting, text func(uint32) string, present func(uint32) bool, asOf time.Time) (bool, error) {
	found := c.people(present)
	if c.tag.Statistic.single() {
		people := found[1]
		if people == nil {
			people = roaring.New()
		}
		return s.renew(ctx, c.tag, people, asOf, c.why(""))
	}
	values, err := valuesOf(ctx, s.db, c.tag.ID)
	if err != nil {
		return false, err
	}
	all, changed := roaring.New(), false
	now := map[string]*roaring.Bitmap{}
	for place, people := range found {
		now[c.tag.Statistic.value(place, text)] = people
		all.Or(people)
	}
	for value := range now {
		if _, known := values[value]; !known {
			t, err := s.addValue(ctx, c.tag, value)
			if err != nil {
				return changed, err
			}
			values[value] = t
		}
	}
	for value, t := range values {
		people := now[value]
		if people == nil {
			people = roaring.New()
		}
		t.Statistic = c.tag.Statistic
		moved, err := s.renew(ctx, t, people, asOf, c.why(value))
		if err != nil {
			return changed, err
		}
		changed = changed || moved
	}
	return changed, s.db.Tx(ctx, func(tx *store.Tx) error {
		t, err := byID(ctx, tx, c.tag.ID)
		if err != nil || t.Version != c.tag.Version {
			return err
		}
		if err := roll.Put(ctx, tx, t.ID, all); err != nil {
			return err
		}
		turn := s.turn(t, asOf, nil)
		size := audience.DaySize{Day: turn.Day, Size: int64(all.GetCardinality()), Version: t.Version}
		if err := roll.PutSize(ctx, tx, t.ID, size); err != nil {
			return err
		}
		if changed {
			size.Entered = 1 // somebody moved
		}
		return settled(t, turn)(ctx, tx, size)
	})
}

// addValue makes the tag of a value of a statistic.
func (s *Service) addValue(ctx context.Context, family Tag, value string) (Tag, error) {
	t := family
	t.ID, t.Parent, t.Value, t.Name, t.Note = id.From("tag", family.ID, value), family.ID, value, family.Name+":"+value, ""
	t.Statistic, t.Version, t.Size, t.Computed = nil, 1, 0, 0
	t.AsOf, t.MovedAt, t.CreatedAt, t.UpdatedAt = time.Time{}, time.Time{}, s.now(), s.now()
	err := s.db.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "tags", t) })
	if errs.Is(err, errs.Conflict) {
		return byID(ctx, s.db, t.ID)
	}
	return t, err
}
