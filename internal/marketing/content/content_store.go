package content

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Filter narrows a list of contents; its zero value lists all that are not archived.
type Filter struct {
	Search   string // words in the name, either language
	Layer    string // suits this layer
	Archived bool   // the archived ones instead
	After    string // cursor: Next of the page before
	Limit    int    // 1–200; 0 means 50
}

// Page is a page of contents, last changed first.
type Page struct {
	Items []Content `json:"items"`
	Next  string    `json:"next,omitempty"`
	Total int64     `json:"total"`
}

func list(ctx context.Context, q store.Querier, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	var where store.Where
	if f.Archived {
		where.And("archived_at IS NOT NULL")
	} else {
		where.And("archived_at IS NULL")
	}
	if f.Search != "" {
		where.And(`LOWER(name) LIKE LOWER(?) ESCAPE '\'`, "%"+store.Like(f.Search)+"%")
	}
	if f.Layer != "" {
		where.And(`layers LIKE ? ESCAPE '\'`, `%"`+store.Like(f.Layer)+`"%`)
	}
	page := Page{}
	var err error
	if page.Total, err = store.One[int64](ctx, q, `SELECT COUNT(*) FROM contents`+where.SQL(), where.Args()...); err != nil {
		return page, err
	}
	if f.After != "" {
		at, id, ok := strings.Cut(f.After, ".")
		var micros int64
		if _, err := fmt.Sscan(at, &micros); err != nil || !ok {
			return page, errs.New(errs.Invalid, "request.cursor", "the cursor is not one of ours").At("after")
		}
		where.And("(changed_at, id) < (?, ?)", micros, id)
	}
	page.Items, err = store.All[Content](ctx, q, `SELECT * FROM contents`+where.SQL()+` ORDER BY changed_at DESC, id DESC LIMIT ?`, where.Args(f.Limit+1)...)
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = fmt.Sprintf("%d.%s", last.ChangedAt.UnixMicro(), last.ID)
	}
	return page, err
}

func byID(ctx context.Context, q store.Querier, id string) (Content, error) {
	c, err := store.One[Content](ctx, q, `SELECT * FROM contents WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return c, errs.New(errs.NotFound, "content.not_found", "there is no content %q", id)
	}
	return c, err
}

func insert(ctx context.Context, tx *store.Tx, c Content) error {
	if err := store.Insert(ctx, tx, "contents", c); err != nil {
		return err
	}
	return keepVersion(ctx, tx, c)
}

func keepVersion(ctx context.Context, tx *store.Tx, c Content) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("content version: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO content_versions (content_id, version, content) VALUES (?, ?, ?)`, c.ID, c.Version, string(text))
	return err
}

// replace stores the next version of a content if the stored one is still the one the author saw.
func replace(ctx context.Context, tx *store.Tx, c Content, seen int64) error {
	columns := make([]any, 0, 10)
	for _, v := range []any{c.Name, c.Note, c.Layers, c.Bodies} {
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("content: %w", err)
		}
		columns = append(columns, string(text))
	}
	n, err := tx.Exec(ctx, `UPDATE contents SET name = ?, note = ?, layers = ?, bodies = ?, version = ?, changed_at = ?, changed_by = ?
		WHERE id = ? AND version = ?`, append(columns, c.Version, c.ChangedAt.UnixMicro(), c.ChangedBy, c.ID, seen)...)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.New(errs.Conflict, "content.changed", "somebody changed this content since you opened it").With("version", seen)
	}
	return keepVersion(ctx, tx, c)
}

func setArchived(ctx context.Context, tx *store.Tx, id string, at time.Time) error {
	var when any
	if !at.IsZero() {
		when = at.UnixMicro()
	}
	n, err := tx.Exec(ctx, `UPDATE contents SET archived_at = ? WHERE id = ?`, when, id)
	if err == nil && n == 0 {
		err = errs.New(errs.NotFound, "content.not_found", "there is no content %q", id)
	}
	return err
}

func versions(ctx context.Context, q store.Querier, id string) ([]Content, error) {
	texts, err := store.All[string](ctx, q, `SELECT content FROM content_versions WHERE content_id = ? ORDER BY version DESC LIMIT 200`, id)
	if err != nil {
		return nil, err
	}
	out := make([]Content, len(texts))
	for i, t := range texts {
		if err := json.Unmarshal([]byte(t), &out[i]); err != nil {
			return nil, fmt.Errorf("content %s: %w", id, err)
		}
	}
	return out, nil
}
