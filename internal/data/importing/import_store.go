package importing

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// rejectRow is a line that settling refused.
type rejectRow struct {
	ImportID string `db:"import_id"`
	Line     int64  `db:"line"`
	Field    string `db:"field"`
	Reason   string `db:"reason"`
}

func getImport(ctx context.Context, q store.Querier, id string) (Import, error) {
	i, err := store.One[Import](ctx, q, `SELECT * FROM imports WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return i, errs.New(errs.NotFound, "import.not_found", "there is no such import")
	}
	return i, err
}

// listImports returns a page, newest first, below an id if there is one.
func listImports(ctx context.Context, q store.Querier, below string, limit int) ([]Import, error) {
	var w store.Where
	if below != "" {
		w.And("id < ?", below)
	}
	return store.All[Import](ctx, q, `SELECT * FROM imports`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(limit)...)
}

// saveProgress moves the cursor in the transaction that settled the lines before it.
func saveProgress(ctx context.Context, tx *store.Tx, id, cursor string, done int64, settled Counts) error {
	return updateJSON(ctx, tx, `UPDATE imports SET cursor = ?, done = ?, settled = ? WHERE id = ?`, cursor, done, asJSON(settled), id)
}

func updateJSON(ctx context.Context, q store.Querier, query string, args ...any) error {
	n, err := q.Exec(ctx, query, args...)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "import.not_found", "there is no such import")
	}
	return err
}

// setStage records where a running import is; it reports whether somebody asked it to stop.
func setStage(ctx context.Context, db *store.DB, id, stage string, done, total int64) (stop bool, err error) {
	err = db.Tx(ctx, func(tx *store.Tx) error {
		status, err := store.One[string](ctx, tx, `SELECT status FROM imports WHERE id = ?`, id)
		if err != nil {
			return err
		}
		stop = status == StatusCanceling
		return updateJSON(ctx, tx, `UPDATE imports SET stage = ?, done = ?, total = ? WHERE id = ?`, stage, done, total, id)
	})
	return stop, err
}

// move changes the status if it is one of from.
func move(ctx context.Context, tx *store.Tx, id, to string, from ...string) (bool, error) {
	var w store.Where
	w.And("id = ?", id)
	store.In(&w, "status", from)
	n, err := tx.Exec(ctx, `UPDATE imports SET status = ?`+w.SQL(), append([]any{to}, w.Args()...)...)
	return n > 0, err
}

func finish(ctx context.Context, db *store.DB, id, status, reason string, at time.Time) error {
	return updateJSON(ctx, db, `UPDATE imports SET status = ?, stage = '', error = ?, finished_at = ? WHERE id = ?`, status, reason, at, id)
}
