package checkout

import (
	"context"
	"fmt"
	"strings"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Filter narrows a list of sales; its zero value lists all.
type Filter struct {
	Customer uint32
	State    State
	Search   string // the beginning of a number, or an id
	After    string // cursor: Next of the page before
	Limit    int    // 1–200; 0 means 50
}

// Page is a page of sales, the latest placed first.
type Page struct {
	Items []Sale
	Next  string
	Total int64 // -1 where it was not counted
}

// List returns a page of sales.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	var w store.Where
	if f.Customer != 0 {
		w.And("customer = ?", int64(f.Customer))
	}
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.Search != "" {
		w.And("((number >= ? AND number < ?) OR id = ?)", f.Search, f.Search+"\U0010FFFF", f.Search)
	}
	page := Page{Total: -1}
	var err error
	if f.After == "" {
		if page.Total, err = store.One[int64](ctx, s.DB, `SELECT COUNT(*) FROM sales`+w.SQL(), w.Args()...); err != nil {
			return page, err
		}
	} else {
		at, last, ok := strings.Cut(f.After, ".")
		var micros int64
		if _, err := fmt.Sscan(at, &micros); err != nil || !ok {
			return page, errs.New(errs.Invalid, "request.cursor", "the cursor is not one of ours").At("after")
		}
		w.And("(placed_at, id) < (?, ?)", micros, last)
	}
	page.Items, err = store.All[Sale](ctx, s.DB, `SELECT * FROM sales`+w.SQL()+` ORDER BY placed_at DESC, id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = fmt.Sprintf("%d.%s", last.PlacedAt.UnixMicro(), last.ID)
	}
	return page, err
}

// Counts returns how many sales stand where.
func (s *Service) Counts(ctx context.Context) (map[State]int64, error) {
	type row struct {
		State State `db:"state"`
		N     int64 `db:"n"`
	}
	out := map[State]int64{}
	err := store.Each(ctx, s.DB, `SELECT state, COUNT(*) AS n FROM sales GROUP BY state`, nil, func(r row) error {
		out[r.State] = r.N
		return nil
	})
	return out, err
}
