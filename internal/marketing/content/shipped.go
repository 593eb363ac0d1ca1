package content

import (
	"bytes"
	"context"
	_ "embed" // for the shipped contents
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"huoshui/internal/platform/store"
)

//go:embed shipped.yaml
var shippedYAML []byte

type shipped struct {
	ID    string `yaml:"id"`
	Draft `yaml:",inline"`
}

func readShipped() ([]shipped, error) {
	var all []shipped
	d := yaml.NewDecoder(bytes.NewReader(shippedYAML))
	d.KnownFields(true)
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("shipped contents: %w", err)
	}
	for _, s := range all {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("shipped content %s: %w", s.ID, err)
		}
	}
	return all, nil
}

// Shipped returns the contents that come with the product, by id.
func Shipped() (map[string]Draft, error) {
	all, err := readShipped()
	if err != nil {
		return nil, err
	}
	out := make(map[string]Draft, len(all))
	for _, s := range all {
		out[s.ID] = s.Draft
	}
	return out, nil
}

// Seed puts the shipped contents that the store has never had into the library and returns how many they were. What an
// operator has changed or archived stays as it is.
func (s *Service) Seed(ctx context.Context) (int, error) {
	all, err := readShipped()
	if err != nil {
		return 0, err
	}
	n := 0
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		n = 0
		have, err := store.All[string](ctx, tx, `SELECT id FROM contents`)
		if err != nil {
			return err
		}
		for _, sh := range all {
			if slices.Contains(have, sh.ID) {
				continue
			}
			now := s.now()
			c := Content{ID: sh.ID, Version: 1, Name: sh.Name, Note: sh.Note, Layers: orEmpty(sh.Layers), Bodies: sh.Bodies, Shipped: true, CreatedAt: now, ChangedAt: now}
			if err := insert(ctx, tx, c); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}
