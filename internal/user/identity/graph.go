package identity

import (
	"cmp"
	"context"
	"slices"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// KnownKey is a key of a customer, with how much it proves.
type KnownKey struct {
	customer.KeyRow
	Strength int `json:"strength" doc:"3 phone and unionid, 2 the other names of a person, 1 a device"`
}

// Graph is what a customer is known by, and who went into her.
type Graph struct {
	Keys      []KnownKey `json:"keys" doc:"The strongest first"`
	Merges    []Merge    `json:"merges" doc:"Of and into this customer, also those undone, the newest first; at most 200"`
	Conflicts []Conflict `json:"conflicts" doc:"Open ones; at most 50"`
}

// Graph returns what a customer is known by; of one who was merged into another, that one's.
func (s *Service) Graph(ctx context.Context, number uint32) (Graph, error) {
	g := Graph{Keys: []KnownKey{}}
	n, err := survivor(ctx, s.db, number)
	if errs.Is(err, errs.NotFound) {
		return g, errs.New(errs.NotFound, "customer.not_found", "there is no such customer")
	}
	if err != nil {
		return g, err
	}
	err = store.Each(ctx, s.db, `SELECT * FROM identity_keys WHERE customer = ? ORDER BY kind, value LIMIT 1000`, []any{int64(n)}, func(k customer.KeyRow) error {
		g.Keys = append(g.Keys, KnownKey{k, customer.Strength(k.Kind)})
		return nil
	})
	if err != nil {
		return g, err
	}
	strongestFirst(g.Keys)
	if g.Merges, err = store.All[Merge](ctx, s.db, `SELECT * FROM identity_merges WHERE to_number = ? OR from_number = ? ORDER BY id DESC LIMIT 200`, int64(n), int64(n)); err != nil {
		return g, err
	}
	g.Conflicts, err = store.All[Conflict](ctx, s.db, `SELECT * FROM identity_conflicts WHERE state = 'open' AND (a = ? OR b = ?) ORDER BY last_at DESC, id DESC LIMIT 50`, int64(n), int64(n))
	return g, err
}

// MergeFilter narrows a list of merges; its zero value lists all.
type MergeFilter struct {
	State    string // "active" or "undone"
	Cause    string
	Customer uint32
	After    string // id of the last one of the page before
	Limit    int
}

// Merges returns a page of merges, the newest first, the cursor of the next page, and how many there are.
func (s *Service) Merges(ctx context.Context, f MergeFilter) (page []Merge, next string, total int64, err error) {
	var w store.Where
	switch f.State {
	case "active":
		w.And("undone_at IS NULL")
	case "undone":
		w.And("undone_at IS NOT NULL")
	}
	if f.Cause != "" {
		w.And("cause = ?", f.Cause)
	}
	if f.Customer != 0 {
		w.And("from_number = ? OR to_number = ?", int64(f.Customer), int64(f.Customer))
	}
	if total, err = store.One[int64](ctx, s.db, `SELECT COUNT(*) FROM identity_merges`+w.SQL(), w.Args()...); err != nil {
		return nil, "", 0, err
	}
	if f.After != "" {
		w.And("id < ?", f.After)
	}
	page, err = store.All[Merge](ctx, s.db, `SELECT * FROM identity_merges`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = page[f.Limit-1].ID
	}
	return page, next, total, err
}

func strongestFirst(keys []KnownKey) {
	slices.SortStableFunc(keys, func(a, b KnownKey) int { return cmp.Compare(b.Strength, a.Strength) })
}
