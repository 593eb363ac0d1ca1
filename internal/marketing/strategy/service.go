package strategy

import (
	"bytes"
	"context"
	_ "embed" // for the shipped playbooks
	"fmt"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"huoshui/internal/marketing/content"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Contents is the content library, as far as a strategy needs it.
type Contents interface {
	Get(ctx context.Context, contentID string) (content.Content, error)
}

// Service is the strategy library.
type Service struct {
	db       *store.DB
	contents Contents
	now      clock.Clock
}

// NewService returns a library over a store.
func NewService(db *store.DB, contents Contents, now clock.Clock) *Service {
	return &Service{db: db, contents: contents, now: now}
}

// Detail is a strategy with the content it uses and what the two lack.
type Detail struct {
	Strategy
	Content content.Content `json:"content"`
	Gaps    []Gap           `json:"gaps"`
}

// List returns a page of strategies, last changed first.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) { return list(ctx, s.db, f) }

// Get returns one strategy.
func (s *Service) Get(ctx context.Context, strategyID string) (Strategy, error) {
	return byID(ctx, s.db, strategyID)
}

// Detail returns one strategy with its content.
func (s *Service) Detail(ctx context.Context, strategyID string) (Detail, error) {
	st, err := byID(ctx, s.db, strategyID)
	if err != nil {
		return Detail{}, err
	}
	c, err := s.contents.Get(ctx, st.ContentID)
	if err != nil {
		return Detail{}, fmt.Errorf("content of strategy %s: %w", st.ID, err)
	}
	return Detail{Strategy: st, Content: c, Gaps: gaps(st.Draft(), c)}, nil
}

// Versions returns what a strategy was, newest first.
func (s *Service) Versions(ctx context.Context, strategyID string) ([]Strategy, error) {
	if _, err := byID(ctx, s.db, strategyID); err != nil {
		return nil, err
	}
	return versions(ctx, s.db, strategyID)
}

// Write saves a new strategy.
func (s *Service) Write(ctx context.Context, d Draft, by string) (Strategy, error) {
	return s.create(ctx, d, "", by)
}

// Clone copies a strategy, so that the copy can be changed. The content is shared until the copy chooses another.
func (s *Service) Clone(ctx context.Context, strategyID, by string) (Strategy, error) {
	st, err := byID(ctx, s.db, strategyID)
	if err != nil {
		return st, err
	}
	d := st.Draft()
	if d.Name.ZH != "" {
		d.Name.ZH += "（副本）"
	}
	if d.Name.EN != "" {
		d.Name.EN += " (copy)"
	}
	return s.create(ctx, d, st.ID, by)
}

func (s *Service) create(ctx context.Context, d Draft, from, by string) (Strategy, error) {
	if err := s.check(ctx, d); err != nil {
		return Strategy{}, err
	}
	now := s.now()
	st := Strategy{ID: id.New("str"), Version: 1, ClonedFrom: from, CreatedAt: now, ChangedAt: now, ChangedBy: by}
	st.take(d)
	err := s.db.Tx(ctx, func(tx *store.Tx) error { return insert(ctx, tx, st) })
	return st, err
}

func (s *Service) check(ctx context.Context, d Draft) error {
	if err := d.check(); err != nil {
		return err
	}
	_, err := s.contents.Get(ctx, d.ContentID)
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.Invalid, "content.not_found", "there is no content %q", d.ContentID).At("content_id")
	}
	return err
}

// Revise saves the next version of a strategy. seen is the version the author opened; when it is no longer the newest
// the answer is a Conflict. Campaigns keep the version they were planned with.
func (s *Service) Revise(ctx context.Context, strategyID string, seen int64, d Draft, by string) (Strategy, error) {
	if err := s.check(ctx, d); err != nil {
		return Strategy{}, err
	}
	st, err := byID(ctx, s.db, strategyID)
	if err != nil {
		return st, err
	}
	st.take(d)
	st.Version, st.ChangedAt, st.ChangedBy = seen+1, s.now(), by
	err = s.db.Tx(ctx, func(tx *store.Tx) error { return replace(ctx, tx, st, seen) })
	return st, err
}

// Archive takes a strategy out of the library; what uses it goes on.
func (s *Service) Archive(ctx context.Context, strategyID string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error { return setArchived(ctx, tx, strategyID, s.now()) })
}

// Restore puts an archived strategy back.
func (s *Service) Restore(ctx context.Context, strategyID string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error { return setArchived(ctx, tx, strategyID, time.Time{}) })
}

//go:embed shipped.yaml
var shippedYAML []byte

type shipped struct {
	ID    string `yaml:"id"`
	Draft `yaml:",inline"`
}

// Seed puts the shipped playbooks that the store has never had into the library and returns how many they were. What
// an operator has changed or archived stays as it is. The shipped contents must be there already.
func (s *Service) Seed(ctx context.Context) (int, error) {
	var all []shipped
	d := yaml.NewDecoder(bytes.NewReader(shippedYAML))
	d.KnownFields(true)
	if err := d.Decode(&all); err != nil {
		return 0, fmt.Errorf("shipped strategies: %w", err)
	}
	for _, sh := range all {
		if err := s.check(ctx, sh.Draft); err != nil {
			return 0, fmt.Errorf("shipped strategy %s: %w", sh.ID, err)
		}
	}
	n := 0
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		n = 0
		have, err := store.All[string](ctx, tx, `SELECT id FROM strategies`)
		if err != nil {
			return err
		}
		for _, sh := range all {
			if slices.Contains(have, sh.ID) {
				continue
			}
			now := s.now()
			st := Strategy{ID: sh.ID, Version: 1, Shipped: true, CreatedAt: now, ChangedAt: now}
			st.take(sh.Draft)
			if err := insert(ctx, tx, st); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}
