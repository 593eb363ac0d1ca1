package promo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Filter narrows a list of promotions; its zero value lists all that are not stopped.
type Filter struct {
	Kinds   []Kind
	Search  string // words in the name
	Stopped bool   // the stopped ones instead
	After   string // cursor: Next of the page before
	Limit   int    // 1–200; 0 means 50
}

// Page is a page of promotions, last changed first.
type Page struct {
	Items []Promotion
	Next  string
	Total int64
}

func list(ctx context.Context, q store.Querier, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	var where store.Where
	where.And("stopped = ?", f.Stopped)
	if len(f.Kinds) > 0 {
		kinds := make([]string, len(f.Kinds))
		for i, k := range f.Kinds {
			kinds[i] = string(k)
		}
		store.In(&where, "kind", kinds)
	}
	if f.Search != "" {
		where.And(`LOWER(name) LIKE LOWER(?) ESCAPE '\'`, "%"+store.Like(f.Search)+"%")
	}
	page := Page{}
	var err error
	if page.Total, err = store.One[int64](ctx, q, `SELECT COUNT(*) FROM promotions`+where.SQL(), where.Args()...); err != nil {
		return page, err
	}
	if f.After != "" {
		micros, id, err := cursor(f.After)
		if err != nil {
			return page, err
		}
		where.And("(changed_at, id) < (?, ?)", micros, id)
	}
	page.Items, err = store.All[Promotion](ctx, q, `SELECT * FROM promotions`+where.SQL()+` ORDER BY changed_at DESC, id DESC LIMIT ?`, where.Args(f.Limit+1)...)
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = fmt.Sprintf("%d.%s", last.ChangedAt.UnixMicro(), last.ID)
	}
	return page, err
}

// cursor reads "micros.id".
func cursor(text string) (micros int64, id string, err error) {
	at, id, ok := strings.Cut(text, ".")
	if _, err := fmt.Sscan(at, &micros); err != nil || !ok {
		return 0, "", errs.New(errs.Invalid, "request.cursor", "the cursor is not one of ours").At("after")
	}
	return micros, id, nil
}

func byID(ctx context.Context, q store.Querier, id string) (Promotion, error) {
	p, err := store.One[Promotion](ctx, q, `SELECT * FROM promotions WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return p, errs.New(errs.NotFound, "promo.not_found", "there is no promotion %q", id)
	}
	return p, err
}

// keep writes a version of a promotion, and that something a cart is priced by has changed.
func keep(ctx context.Context, tx *store.Tx, p Promotion) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("promotion version: %w", err)
	}
	if _, err = tx.Exec(ctx, `INSERT INTO promotion_versions (promotion_id, version, promotion) VALUES (?, ?, ?)`, p.ID, p.Version, string(text)); err != nil {
		return err
	}
	return changed(ctx, tx)
}

func changed(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE promotion_changes SET n = n + 1 WHERE id = 1`)
	return err
}

// replace stores the next version of a promotion if the stored one is still the one the author saw.
func replace(ctx context.Context, tx *store.Tx, p Promotion, seen int64) error {
	terms, err := json.Marshal(p.Terms)
	if err != nil {
		return fmt.Errorf("promotion: %w", err)
	}
	n, err := tx.Exec(ctx, `UPDATE promotions SET version = ?, name = ?, note = ?, starts_at = ?, ends_at = ?, stopped = ?, terms = ?, changed_at = ?, changed_by = ?
		WHERE id = ? AND version = ?`, p.Version, p.Name, p.Note, p.StartsAt, p.EndsAt, p.Stopped, string(terms), p.ChangedAt, p.ChangedBy, p.ID, seen)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.New(errs.Conflict, "promo.changed", "somebody changed this since you opened it").With("version", seen)
	}
	return keep(ctx, tx, p)
}

func versions(ctx context.Context, q store.Querier, id string) ([]Promotion, error) {
	texts, err := store.All[string](ctx, q, `SELECT promotion FROM promotion_versions WHERE promotion_id = ? ORDER BY version DESC LIMIT 200`, id)
	if err != nil {
		return nil, err
	}
	out := make([]Promotion, len(texts))
	for i, t := range texts {
		if err := json.Unmarshal([]byte(t), &out[i]); err != nil {
			return nil, fmt.Errorf("promotion %s: %w", id, err)
		}
	}
	return out, nil
}

// asOf returns a promotion that gives coupons as it was in a version.
func asOf(ctx context.Context, q store.Querier, promotion string, version int64) (p Promotion, err error) {
	text, err := store.One[string](ctx, q, `SELECT promotion FROM promotion_versions WHERE promotion_id = ? AND version = ?`, promotion, version)
	if err == nil {
		err = json.Unmarshal([]byte(text), &p)
	}
	if err == nil && p.Terms.Coupon == nil {
		err = errors.New("it gives no coupons")
	}
	if err != nil {
		return p, fmt.Errorf("version %d of %s: %w", version, promotion, err)
	}
	return p, nil
}

// Figures is how many coupons of a promotion are where.
type Figures struct {
	Given    int64 `json:"given"`
	Unused   int64 `json:"unused"`
	Locked   int64 `json:"locked"`
	Used     int64 `json:"used"`
	Expired  int64 `json:"expired"`
	SavedFen int64 `json:"saved_fen" doc:"What those that were used took off"`
}

// figures returns them by promotion; one that gave none is left out.
func figures(ctx context.Context, q store.Querier, ids []string) (map[string]Figures, error) {
	type row struct {
		ID    string `db:"promotion_id"`
		State State  `db:"state"`
		N     int64  `db:"n"`
		Saved int64  `db:"saved"`
	}
	var where store.Where
	store.In(&where, "promotion_id", ids)
	out := map[string]Figures{}
	err := store.Each(ctx, q, `SELECT promotion_id, state, COUNT(*) AS n, CAST(SUM(saved_fen) AS BIGINT) AS saved FROM coupons`+where.SQL()+` GROUP BY promotion_id, state`, where.Args(), func(r row) error {
		f := out[r.ID]
		f.Given += r.N
		switch r.State {
		case Unused:
			f.Unused = r.N
		case Locked:
			f.Locked = r.N
		case Used:
			f.Used, f.SavedFen = r.N, r.Saved
		case Expired:
			f.Expired = r.N
		}
		out[r.ID] = f
		return nil
	})
	return out, err
}

// holders returns coupons of a promotion, the newest first.
func holders(ctx context.Context, q store.Querier, promotion string, state State, after string, limit int) ([]Coupon, string, error) {
	var where store.Where
	where.And("promotion_id = ?", promotion)
	if state != "" {
		where.And("state = ?", string(state))
	}
	if after != "" {
		micros, id, err := cursor(after)
		if err != nil {
			return nil, "", err
		}
		where.And("(claimed_at, id) < (?, ?)", micros, id)
	}
	out, err := store.All[Coupon](ctx, q, `SELECT * FROM coupons`+where.SQL()+` ORDER BY claimed_at DESC, id DESC LIMIT ?`, where.Args(limit+1)...)
	next := ""
	if err == nil && len(out) > limit {
		out = out[:limit]
		next = fmt.Sprintf("%d.%s", out[limit-1].ClaimedAt.UnixMicro(), out[limit-1].ID)
	}
	return out, next, err
}

// ofCustomer returns the coupons a customer holds or held, those she can use first, the soonest to end first.
func ofCustomer(ctx context.Context, q store.Querier, customer uint32, limit int) ([]Coupon, error) {
	return store.All[Coupon](ctx, q, `SELECT * FROM coupons WHERE customer = ?
		ORDER BY CASE state WHEN 'unused' THEN 0 WHEN 'locked' THEN 1 WHEN 'used' THEN 2 ELSE 3 END, valid_until, id LIMIT ?`, customer, limit)
}

// usable returns the coupons a customer can use at an instant, the soonest to end first.
func usable(ctx context.Context, q store.Querier, customer uint32, now time.Time, limit int) ([]Coupon, error) {
	return store.All[Coupon](ctx, q, `SELECT * FROM coupons WHERE customer = ? AND state = 'unused' AND valid_until > ? ORDER BY valid_until, id LIMIT ?`, customer, now, limit)
}
