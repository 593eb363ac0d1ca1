package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate applies, in the order of their names, the migrations that the store has not seen, all in one transaction,
// and returns the names it applied. Two processes may call it at once: one waits for the other.
func Migrate(ctx context.Context, db *DB) (applied []string, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	err = db.Tx(ctx, func(tx *Tx) error {
		applied = nil
		if _, err := One[any](ctx, tx, tx.dialect.lock); err != nil {
			return fmt.Errorf("migration lock: %w", err)
		}
		if _, err := tx.Exec(ctx, tx.dialect.ddl("CREATE TABLE IF NOT EXISTS migrations (\nname TEXT PRIMARY KEY,\napplied_at BIGINT NOT NULL\n);")); err != nil {
			return err
		}
		seen, err := All[string](ctx, tx, "SELECT name FROM migrations")
		if err != nil {
			return err
		}
		have := make(map[string]bool, len(seen))
		for _, s := range seen {
			have[s] = true
		}
		for _, path := range names {
			name := strings.TrimSuffix(strings.TrimPrefix(path, "migrations/"), ".sql")
			if have[name] {
				continue
			}
			text, err := migrations.ReadFile(path)
			if err != nil {
				return err
			}
			for _, statement := range statements(tx.dialect.ddl(string(text))) {
				if _, err := tx.inner.exec(ctx, statement, nil); err != nil {
					return fmt.Errorf("migration %s: %w\n%s", name, err, statement)
				}
			}
			if _, err := tx.Exec(ctx, "INSERT INTO migrations (name, applied_at) VALUES (?, ?)", name, time.Now()); err != nil {
				return err
			}
			applied = append(applied, name)
		}
		return nil
	})
	return applied, err
}

// statements splits a migration at semicolons that end a line.
func statements(text string) []string {
	var out []string
	for _, part := range strings.Split(text+"\n", ";\n") {
		var lines []string
		for _, line := range strings.Split(part, "\n") {
			if !strings.HasPrefix(strings.TrimSpace(line), "--") {
				lines = append(lines, line)
			}
		}
		if s := strings.TrimSpace(strings.Join(lines, "\n")); s != "" {
			out = append(out, s)
		}
	}
	return out
}
