package store

import (
	"context"
	"io/fs"
	"slices"
	"strings"
)

// Pending returns the names of the migrations that Migrate would apply, in order; all of them on an empty store.
func Pending(ctx context.Context, db *DB) ([]string, error) {
	paths, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(path, "migrations/"), ".sql"))
	}
	if _, err := One[int64](ctx, db, "SELECT COUNT(*) FROM migrations"); err != nil {
		// The table is missing before the first migration; that the store answers at all is another question.
		return names, db.Ping(ctx)
	}
	seen, err := All[string](ctx, db, "SELECT name FROM migrations")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(seen, name) }), nil
}
