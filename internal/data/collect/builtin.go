package collect

import (
	"context"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// StoreSource is the id of the source that the pages of the brand's own store tell through.
const StoreSource = "src_store"

// Ensure returns the source of an id, which is made from the draft where there is none; what people changed of it since stays.
func (s *Sources) Ensure(ctx context.Context, sourceID string, d SourceDraft, by string) (Source, error) {
	r, err := s.row(ctx, s.db, sourceID)
	if !errs.Is(err, errs.NotFound) {
		return r.Source, err
	}
	fresh := row{Source: Source{ID: sourceID, WriteKey: newKey("wk"), CreatedAt: s.now(), ChangedBy: by}}
	if err := fresh.take(d); err != nil {
		return Source{}, err
	}
	fresh.ChangedAt = fresh.CreatedAt
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := store.InsertAll(ctx, tx, "sources", []row{fresh}, "ON CONFLICT (id) DO NOTHING")
		return err
	})
	if err != nil {
		return Source{}, err
	}
	s.forget()
	r, err = s.row(ctx, s.db, sourceID)
	return r.Source, err
}
