// Package settings keeps versioned JSON settings: definitions, policies, channels. Every version stays, so that
// whatever was computed can name the version it was computed with.
package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Version is one stored version of a setting.
type Version struct {
	Name      string    `db:"name" json:"name"`
	Version   int64     `db:"version" json:"version"`
	Value     string    `db:"value" json:"-"` // JSON text
	ChangedBy string    `db:"changed_by" json:"changed_by"`
	ChangedAt time.Time `db:"changed_at" json:"changed_at"`
}

// Get returns the setting in force and its version, or def and version 0 when it was never set.
func Get[T any](ctx context.Context, q store.Querier, name string, def T) (T, int64, error) {
	row, err := store.One[Version](ctx, q, `SELECT * FROM settings WHERE name = ? ORDER BY version DESC LIMIT 1`, name)
	return decode(row, err, def)
}

// At returns the setting as it was in one version; version 0 is def.
func At[T any](ctx context.Context, q store.Querier, name string, version int64, def T) (T, error) {
	if version == 0 {
		return def, nil
	}
	row, err := store.One[Version](ctx, q, `SELECT * FROM settings WHERE name = ? AND version = ?`, name, version)
	if err != nil {
		return def, err
	}
	v, _, err := decode(row, nil, def)
	return v, err
}

func decode[T any](row Version, err error, def T) (T, int64, error) {
	if errs.Is(err, errs.NotFound) {
		return def, 0, nil
	}
	if err != nil {
		return def, 0, err
	}
	var v T
	if err := json.Unmarshal([]byte(row.Value), &v); err != nil {
		return def, 0, fmt.Errorf("setting %s version %d: %w", row.Name, row.Version, err)
	}
	return v, row.Version, nil
}

// Put stores a new version and returns its number. Two at once: the second is a Conflict.
func Put(ctx context.Context, tx *store.Tx, name string, value any, by string, at time.Time) (int64, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %w", name, err)
	}
	last, err := store.One[int64](ctx, tx, `SELECT COALESCE(MAX(version), 0) FROM settings WHERE name = ?`, name)
	if err != nil {
		return 0, err
	}
	row := Version{Name: name, Version: last + 1, Value: string(text), ChangedBy: by, ChangedAt: at}
	return row.Version, store.Insert(ctx, tx, "settings", row)
}

// History returns the versions of a setting, newest first.
func History(ctx context.Context, q store.Querier, name string, limit int) ([]Version, error) {
	return store.All[Version](ctx, q, `SELECT * FROM settings WHERE name = ? ORDER BY version DESC LIMIT ?`, name, limit)
}
