package strategy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Filter narrows a list of strategies; its zero value lists all that are not archived.
type Filter struct {
	Search   string // words in the name, either language
	Layer    string
	Goal     string
	Archived bool   // the archived ones instead
	After    string // cursor: Next of the page before
	Limit    int    // 1–200; 0 means 50
}

// Page is a page of strategies, last changed first.
type Page struct {
	Items []Strategy `json:"items"`
	Next  string     `json:"next,omitempty"`
	Total int64      `json:"total"`
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
		where.And("layer = ?", f.Layer)
	}
	if f.Goal != "" {
		where.And("goal = ?", f.Goal)
	}
	page := Page{}
	var err error
	if page.Total, err = store.One[int64](ctx, q, `SELECT COUNT(*) FROM strategies`+where.SQL(), where.Args()...); err != nil {
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
	page.Items, err = store.All[Strategy](ctx, q, `SELECT * FROM strategies`+where.SQL()+` ORDER BY changed_at DESC, id DESC LIMIT ?`, where.Args(f.Limit+1)...)
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = fmt.Sprintf("%d.%s", last.ChangedAt.UnixMicro(), last.ID)
	}
	return page, err
}

func byID(ctx context.Context, q store.Querier, id string) (Strategy, error) {
	s, err := store.One[Strategy](ctx, q, `SELECT * FROM strategies WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return s, notFound(id)
	}
	return s, err
}

func notFound(id string) error {
	return errs.New(errs.NotFound, "strategy.not_found", "there is no strategy %q", id)
}

func insert(ctx context.Context, tx *store.Tx, s Strategy) error {
	if err := store.Insert(ctx, tx, "strategies", s); err != nil {
		return err
	}
	return keepVersion(ctx, tx, s)
}

func keepVersion(ctx context.Context, tx *store.Tx, s Strategy) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("strategy version: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO strategy_versions (strategy_id, version, strategy) VALUES (?, ?, ?)`, s.ID, s.Version, string(text))
	return err
}

// replace stores the next version of a strategy if the stored one is still the one the author saw.
func replace(ctx context.Context, tx *store.Tx, s Strategy, seen int64) error {
	texts := map[string]any{"name": s.Name, "why": s.Why, "benefit": s.Benefit, "channels": s.Channels, "timing": s.Timing, "guardrails": s.Guardrails}
	asText := map[string]string{}
	for k, v := range texts {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("strategy: %w", err)
		}
		asText[k] = string(b)
	}
	n, err := tx.Exec(ctx, `UPDATE strategies SET name = ?, layer = ?, goal = ?, why = ?, content_id = ?, benefit = ?, coupon = ?, channels = ?,
		timing = ?, owner_team = ?, guardrails = ?, version = ?, changed_at = ?, changed_by = ? WHERE id = ? AND version = ?`,
		asText["name"], s.Layer, s.Goal, asText["why"], s.ContentID, asText["benefit"], s.Coupon, asText["channels"],
		asText["timing"], s.OwnerTeam, asText["guardrails"], s.Version, s.ChangedAt.UnixMicro(), s.ChangedBy, s.ID, seen)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.New(errs.Conflict, "strategy.changed", "somebody changed this strategy since you opened it").With("version", seen)
	}
	return keepVersion(ctx, tx, s)
}

func setArchived(ctx context.Context, tx *store.Tx, id string, at time.Time) error {
	var when any
	if !at.IsZero() {
		when = at.UnixMicro()
	}
	n, err := tx.Exec(ctx, `UPDATE strategies SET archived_at = ? WHERE id = ?`, when, id)
	if err == nil && n == 0 {
		err = notFound(id)
	}
	return err
}

func versions(ctx context.Context, q store.Querier, id string) ([]Strategy, error) {
	texts, err := store.All[string](ctx, q, `SELECT strategy FROM strategy_versions WHERE strategy_id = ? ORDER BY version DESC LIMIT 200`, id)
	if err != nil {
		return nil, err
	}
	out := make([]Strategy, len(texts))
	for i, t := range texts {
		if err := json.Unmarshal([]byte(t), &out[i]); err != nil {
			return nil, fmt.Errorf("strategy %s: %w", id, err)
		}
	}
	return out, nil
}
