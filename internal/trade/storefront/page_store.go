package storefront

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

func byID(ctx context.Context, q store.Querier, page string) (Page, error) {
	p, err := store.One[Page](ctx, q, `SELECT * FROM store_pages WHERE id = ?`, page)
	if errs.Is(err, errs.NotFound) {
		err = notFound(page)
	}
	return p, err
}

func notFound(page string) error {
	return errs.New(errs.NotFound, "page.not_found", "there is no page %q", page)
}

// write stores what changed of a page if the stored one is still the one its author saw.
func write(ctx context.Context, tx *store.Tx, p Page, seen int64) error {
	text, err := json.Marshal(p.Draft)
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	n, err := tx.Exec(ctx, `UPDATE store_pages SET title = ?, draft = ?, revision = ?, changed_at = ?, changed_by = ? WHERE id = ? AND revision = ?`,
		p.Title, string(text), p.Revision, p.ChangedAt, p.ChangedBy, p.ID, seen)
	if err == nil && n == 0 {
		err = stale(p.Revision)
	}
	return err
}

func stale(revision int64) error {
	return errs.New(errs.Conflict, "page.changed", "somebody changed this page since you opened it").With("revision", revision)
}

// latest returns the newest version of a page, its number 0 when there is none.
func latest(ctx context.Context, q store.Querier, page string) (Version, error) {
	v, err := store.One[Version](ctx, q, `SELECT * FROM store_page_versions WHERE page = ? ORDER BY version DESC LIMIT 1`, page)
	if errs.Is(err, errs.NotFound) {
		return Version{}, nil
	}
	return v, err
}

func versionOf(ctx context.Context, q store.Querier, page string, version int64) (Version, error) {
	v, err := store.One[Version](ctx, q, `SELECT * FROM store_page_versions WHERE page = ? AND version = ?`, page, version)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "page.no_version", "the page has no version %d", version)
	}
	return v, err
}

// releases returns what is shown now or later of pages, by page; all pages when none is named.
func releases(ctx context.Context, q store.Querier, page string, now time.Time) (map[string][]Release, error) {
	var w store.Where
	w.And("cancelled = FALSE AND (ends_at IS NULL OR ends_at > ?)", now)
	if page != "" {
		w.And("page = ?", page)
	}
	out := map[string][]Release{}
	err := store.Each(ctx, q, `SELECT * FROM store_page_releases`+w.SQL()+` ORDER BY starts_at, id`, w.Args(), func(r Release) error {
		out[r.Page] = append(out[r.Page], r)
		return nil
	})
	return out, err
}

// liveVersion returns what is shown of a page now, or NotFound.
func liveVersion(ctx context.Context, q store.Querier, name string, now time.Time) (Version, error) {
	type holding struct {
		Page    string `db:"page"`
		Version int64  `db:"version"`
	}
	r, err := store.One[holding](ctx, q, `SELECT r.page, r.version FROM store_page_releases r JOIN store_pages p ON p.id = r.page
		WHERE p.name = ? AND r.cancelled = FALSE AND r.starts_at <= ? AND (r.ends_at IS NULL OR r.ends_at > ?) ORDER BY r.starts_at DESC, r.id DESC LIMIT 1`, name, now, now)
	if errs.Is(err, errs.NotFound) || err == nil && r.Version == 0 {
		return Version{}, notFound(name)
	}
	if err != nil {
		return Version{}, err
	}
	return versionOf(ctx, q, r.Page, r.Version)
}
