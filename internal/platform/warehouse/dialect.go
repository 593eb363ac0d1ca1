package warehouse

import (
	"fmt"
	"runtime"
	"strings"
)

// dialect is what differs between engines, as expressions and statements; the rest of the SQL is the subset that
// DuckDB and ClickHouse 18.16 both take (see docs of the shared conventions: no window functions, no CTEs).
type dialect struct {
	schema   []string
	settings func(Config) []string
	// newest is the expression for the value of column that came with the greatest (ts, seq) of a group.
	newest func(column string) string
	// cluster rewrites facts sorted by customer and time.
	cluster []string
}

var duckDialect = dialect{
	schema: []string{
		`CREATE TABLE IF NOT EXISTS facts (
			customer UINTEGER NOT NULL, ts BIGINT NOT NULL, kind UINTEGER NOT NULL, id UBIGINT NOT NULL,
			subject VARCHAR, amount BIGINT NOT NULL, quantity BIGINT NOT NULL,
			product UINTEGER NOT NULL, category UINTEGER NOT NULL, channel UINTEGER NOT NULL,
			campaign UINTEGER NOT NULL, strategy UINTEGER NOT NULL, detail UINTEGER NOT NULL, props VARCHAR)`,
		peopleTable("people"),
		`CREATE TABLE IF NOT EXISTS dict (code UINTEGER NOT NULL, text VARCHAR NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS loaded (seq UBIGINT NOT NULL, clustered_facts BIGINT NOT NULL, clustered_people BIGINT NOT NULL)`,
		`INSERT INTO loaded SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM loaded)`,
		stateTable("state", nil),
	},
	settings: func(cfg Config) []string {
		threads := cfg.Threads
		if threads == 0 {
			threads = runtime.NumCPU()
		}
		s := []string{
			fmt.Sprintf("SET memory_limit = '%dMB'", cfg.MemoryMB),
			fmt.Sprintf("SET threads = %d", threads),
			"SET checkpoint_threshold = '256MB'",
			"SET autoinstall_known_extensions = false",
			"SET autoload_known_extensions = false",
		}
		if cfg.TempDir != "" {
			s = append(s, "SET temp_directory = "+quote(cfg.TempDir))
		}
		return s
	},
	newest: func(column string) string {
		return "ARG_MAX(" + column + ", ROW(ts, seq))"
	},
	cluster: []string{
		`CREATE TABLE facts_clustered AS SELECT * FROM facts ORDER BY customer, ts`,
		`DROP TABLE facts`,
		`ALTER TABLE facts_clustered RENAME TO facts`,
	},
}

// stateTable is the DDL of the snapshot of every customer; see State for the meaning of the columns. Codes are texts to whoever
// asks; once the state is known that the table will hold, they are stored as places in its lists.
func stateTable(name string, of *State) string {
	text := func(list []string) string {
		words := make([]string, len(list))
		for i, word := range list {
			words[i] = quote(word)
		}
		return "ENUM (" + strings.Join(words, ", ") + ")"
	}
	class, stage, layer, reason := "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"
	if of != nil {
		class, stage, layer, reason = text(of.Classes), text(of.Stages), text(of.Layers), text(of.Reasons)
	}
	ddl := `CREATE TABLE IF NOT EXISTS ` + name + ` (
		customer UINTEGER NOT NULL, r UTINYINT NOT NULL, f UTINYINT NOT NULL, m UTINYINT NOT NULL, class ` + class + ` NOT NULL,
		recency_days INTEGER NOT NULL, frequency INTEGER NOT NULL, monetary BIGINT NOT NULL,
		stage ` + stage + ` NOT NULL, layer ` + layer + ` NOT NULL, reason ` + reason + ` NOT NULL,
		orders INTEGER NOT NULL, spent BIGINT NOT NULL, last_order_ts BIGINT NOT NULL, last_seen_ts BIGINT NOT NULL,
		as_of BIGINT NOT NULL)`
	if of != nil { // the engine need not try what it would choose anyway
		ddl = strings.ReplaceAll(ddl, "NOT NULL", "NOT NULL USING COMPRESSION bitpacking")
	}
	return ddl
}

// peopleTable is the DDL of the versions of customers' attributes; see Person for the meaning of the columns.
func peopleTable(name string) string {
	return `CREATE TABLE IF NOT EXISTS ` + name + ` (
		customer UINTEGER NOT NULL, ts BIGINT NOT NULL, seq UBIGINT NOT NULL,
		registered BIGINT NOT NULL, birthday INTEGER NOT NULL,
		gender UINTEGER NOT NULL, province UINTEGER NOT NULL, city UINTEGER NOT NULL, source UINTEGER NOT NULL,
		store UINTEGER NOT NULL, owner UINTEGER NOT NULL, level UINTEGER NOT NULL, flags UINTEGER NOT NULL)`
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
