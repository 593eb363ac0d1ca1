package catalog

import (
	"context"

	"huoshui/internal/platform/store"
)

// Pictures returns those of the pictures that there are, by id.
func (s *Service) Pictures(ctx context.Context, ids []string) (map[string]Picture, error) {
	var w store.Where
	store.In(&w, "id", ids)
	out := make(map[string]Picture, len(ids))
	err := store.Each(ctx, s.db, `SELECT * FROM pictures`+w.SQL(), w.Args(), func(p Picture) error {
		out[p.ID] = p
		return nil
	})
	return out, err
}
