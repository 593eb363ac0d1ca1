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
	// prop is the expression for a property of props as its JSON text; NULL or empty where there is none, or props cannot be read.
	prop func(name string) string
	// row is the expression for the place of a row in its table, in the order in which rows were written.
	row string
	// freshState makes the table state_chunks anew, empty.
	freshState []string
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
		`ALTER TABLE facts ADD COLUMN IF NOT EXISTS born UINTEGER DEFAULT 0`, // last, since an older file lacks it
		`CREATE TABLE IF NOT EXISTS merged (away UINTEGER NOT NULL, owner UINTEGER NOT NULL)`,
		peopleTable("people"),
		`CREATE TABLE IF NOT EXISTS dict (code UINTEGER NOT NULL, text VARCHAR NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS loaded (seq UBIGINT NOT NULL, clustered_facts BIGINT NOT NULL, clustered_people BIGINT NOT NULL)`,
		`INSERT INTO loaded SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM loaded)`,
		stateTable,
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
	prop: func(name string) string {
		pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		return "CAST(TRY(json_extract(props, " + quote(pointer) + ")) AS VARCHAR)" // texts that JSON in Go takes and this engine does not hold nothing
	},
	row:        "rowid",
	freshState: []string{`DROP TABLE state_chunks`, stateTable},
	cluster: []string{
		`CREATE TABLE facts_clustered AS SELECT * FROM facts ORDER BY customer, ts`,
		`DROP TABLE facts`,
		`ALTER TABLE facts_clustered RENAME TO facts`,
	},
}

// stateTable is the DDL of the snapshot of every customer, see State.body. What is packed already is not to be tried with every
// compression there is.
const stateTable = `CREATE TABLE IF NOT EXISTS state_chunks (
	chunk UINTEGER NOT NULL, as_of BIGINT NOT NULL, body BLOB NOT NULL USING COMPRESSION uncompressed)`

// peopleTable is the DDL of the versions of customers' attributes; see Person for the meaning of the columns.
func peopleTable(name string) string {
	return `CREATE TABLE IF NOT EXISTS ` + name + ` (
		customer UINTEGER NOT NULL, ts BIGINT NOT NULL, seq UBIGINT NOT NULL,
		registered BIGINT NOT NULL, birthday INTEGER NOT NULL,
		gender UINTEGER NOT NULL, province UINTEGER NOT NULL, city UINTEGER NOT NULL, source UINTEGER NOT NULL,
		store UINTEGER NOT NULL, owner UINTEGER NOT NULL, level UINTEGER NOT NULL, flags UINTEGER NOT NULL)`
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
