package task

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Filter narrows a list of tasks; its zero value lists all.
type Filter struct {
	State    State
	Assignee string // staff id; "-" lists those that nobody has
	Team     string
	Campaign string
	Customer uint32
	Search   string // words in the title
	Overdue  bool   // open and past their due time
	// Within, when not nil, limits the list to what one member of staff may see: her own tasks and her team's unclaimed ones.
	Within *Within
	After  string // cursor
	Limit  int    // 1–500; 0 means 50
}

// Within is what one member of staff may see.
type Within struct{ Staff, Team string }

func (f Filter) where(now time.Time) store.Where {
	var w store.Where
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	switch f.Assignee {
	case "":
	case "-":
		w.And("assignee = ''")
	default:
		w.And("assignee = ?", f.Assignee)
	}
	if f.Team != "" {
		w.And("team = ?", f.Team)
	}
	if f.Campaign != "" {
		w.And("campaign_id = ?", f.Campaign)
	}
	if f.Customer != 0 {
		w.And("customer = ?", int64(f.Customer))
	}
	if f.Search != "" {
		w.And(`LOWER(title) LIKE LOWER(?) ESCAPE '\'`, "%"+store.Like(f.Search)+"%")
	}
	if f.Overdue {
		w.And("state = 'open'")
		w.And("due_at < ?", now.UnixMicro())
	}
	if f.Within != nil {
		w.And("assignee = ? OR (assignee = '' AND team = ?)", f.Within.Staff, f.Within.Team)
	}
	return w
}

// list returns a page of tasks, the one due first at the top, and the cursor of the next page.
func list(ctx context.Context, q store.Querier, f Filter, now time.Time) (items []Task, next string, total int64, err error) {
	if f.Limit <= 0 || f.Limit > 500 {
		f.Limit = 50
	}
	w := f.where(now)
	if total, err = store.One[int64](ctx, q, `SELECT COUNT(*) FROM tasks`+w.SQL(), w.Args()...); err != nil {
		return nil, "", 0, err
	}
	if f.After != "" {
		at, id, ok := strings.Cut(f.After, ".")
		var micros int64
		if _, err := fmt.Sscan(at, &micros); err != nil || !ok {
			return nil, "", 0, errs.New(errs.Invalid, "request.cursor", "the cursor is not one of ours").At("after")
		}
		w.And("(due_at, id) > (?, ?)", micros, id)
	}
	items, err = store.All[Task](ctx, q, `SELECT * FROM tasks`+w.SQL()+` ORDER BY due_at, id LIMIT ?`, w.Args(f.Limit+1)...)
	if err == nil && len(items) > f.Limit {
		items = items[:f.Limit]
		next = fmt.Sprintf("%d.%s", items[f.Limit-1].DueAt.UnixMicro(), items[f.Limit-1].ID)
	}
	return items, next, total, err
}

func byID(ctx context.Context, q store.Querier, id string) (Task, error) {
	t, err := store.One[Task](ctx, q, `SELECT * FROM tasks WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return t, errs.New(errs.NotFound, "task.not_found", "there is no task %q", id)
	}
	return t, err
}

// turn takes n turns of a team and returns how many were taken before them.
func turn(ctx context.Context, tx *store.Tx, team string, n int) (int64, error) {
	after, err := store.One[int64](ctx, tx, `INSERT INTO counters (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value`, "task.turn."+team, n)
	return after - int64(n), err
}

// Count is how many tasks somebody has in a state.
type Count struct {
	Assignee string `db:"assignee" json:"assignee" doc:"Staff id; empty for those that nobody has"`
	Name     string `db:"-" json:"name,omitempty"`
	Open     int64  `db:"open" json:"open"`
	Overdue  int64  `db:"overdue" json:"overdue"`
	Done     int64  `db:"done" json:"done"`
	Failed   int64  `db:"failed" json:"failed"`
}

func counts(ctx context.Context, q store.Querier, f Filter, now time.Time) ([]Count, error) {
	w := f.where(now)
	return store.All[Count](ctx, q, `SELECT assignee,
		COUNT(*) FILTER (WHERE state = 'open') AS open,
		COUNT(*) FILTER (WHERE state = 'open' AND due_at < ?) AS overdue,
		COUNT(*) FILTER (WHERE state = 'done') AS done,
		COUNT(*) FILTER (WHERE state = 'failed') AS failed
		FROM tasks`+w.SQL()+` GROUP BY assignee ORDER BY assignee LIMIT 1000`, append([]any{now.UnixMicro()}, w.Args()...)...)
}
