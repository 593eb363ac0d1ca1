package tag

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
)

// Carried is a tag on a person, with why and since when.
type Carried struct {
	Tag   Tag       `json:"tag"`
	Why   *Why      `json:"why,omitempty" doc:"Left out while its fact is on its way"`
	Since time.Time `json:"since,omitzero"`
	// Confidence of a fuzzy tag now, and what a person decided about it.
	Confidence float64 `json:"confidence,omitempty"`
	Pinned     string  `json:"pinned,omitempty" enum:",yes,no"`
}

// Of returns the tags that a customer carries, by name. A statistic is told by its value.
func (s *Service) Of(ctx context.Context, customer uint32) ([]Carried, error) {
	ids, err := roll.Lists(ctx, s.db, customer)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return strings.Contains(id, "/") }) // evidence
	out := []Carried{}
	if len(ids) == 0 {
		return out, nil
	}
	var w store.Where
	w.And("archived = ?", false)
	store.In(&w, "id", ids)
	tags, err := store.All[Tag](ctx, s.db, `SELECT * FROM tags`+w.SQL()+` ORDER BY name, id`, w.Args()...)
	if err != nil {
		return nil, err
	}
	facts, err := s.segments.Engine().Warehouse().Happenings(ctx, customer, []string{event.TagAdded}, warehouse.Cursor{}, 1000)
	if err != nil {
		return nil, err
	}
	for _, t := range tags {
		if t.Kind == ByStatistic && t.Parent == "" && !t.Statistic.single() {
			continue
		}
		c := Carried{Tag: t}
		for _, f := range facts { // the newest first
			if f.Subject != t.ID {
				continue
			}
			var props struct {
				Why Why `json:"why"`
			}
			if json.Unmarshal([]byte(f.Props), &props) == nil {
				c.Why = &props.Why
			}
			c.Since = f.At
			break
		}
		if t.Kind == ByBelief {
			b, err := store.One[belief](ctx, s.db, `SELECT * FROM tag_beliefs WHERE tag_id = ? AND customer = ?`, t.ID, int64(customer))
			if err != nil && !errs.Is(err, errs.NotFound) {
				return nil, err
			}
			c.Confidence, c.Pinned = b.now(t.Fuzzy, s.now()), b.Pinned
		}
		out = append(out, c)
	}
	return out, nil
}
