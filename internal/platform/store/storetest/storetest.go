// Package storetest gives tests a migrated store of their own on every engine that can be had.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// PostgresEnv names the variable that holds the URL of a PostgreSQL server tests may create databases on.
// scripts/with-postgres.sh sets it.
const PostgresEnv = "HUOSHUI_TEST_POSTGRES"

// Each runs the test on SQLite and, where a server is given, on PostgreSQL, each with its own empty database.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, Open(t)) })
	t.Run("postgres", func(t *testing.T) {
		test(t, open(t, PostgresURL(t)))
	})
}

// Open returns a migrated SQLite store in a temporary folder.
func Open(t testing.TB) *store.DB {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"))
}

func open(t testing.TB, rawURL string) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), rawURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := store.Migrate(context.Background(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

// PostgresURL creates an empty database and returns its URL; it is dropped when the test ends. The database sorts texts
// as a language does, not by bytes, since the databases we are given may. Without a server the test is skipped.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(PostgresEnv)
	if server == "" {
		t.Skip("no PostgreSQL: run through scripts/with-postgres.sh")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ToLower(id.New("t"))
	create := fmt.Sprintf(`CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'`, name)
	if _, err := admin.Exec(create + ` LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`); err != nil {
		if _, err := admin.Exec(create); err != nil { // a server without ICU
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, name)); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
