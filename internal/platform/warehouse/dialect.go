package warehouse

import (
	"strings"
)

// dialect is what differs between engines in what readers and callers ask, as expressions; the rest of the SQL is the subset that
// DuckDB and ClickHouse 18.16 both take (see docs of the shared conventions: no window functions, no CTEs).
type dialect struct {
	// prop is the expression for a property of props as its JSON text; NULL or empty where there is none, or props cannot be read.
	prop func(name string) string
	// inside takes the property out of what prop gives, where the engine cannot; nil where prop gives it.
	inside func(props, name string) string
	// noText is a text that says nothing.
	noText string
	// filtered is an aggregate, like SUM, of an expression over the rows that meet a condition; NULL or 0 over none.
	filtered func(aggregate, expression, condition string) string
	// bits is an integer that is not 0 where column has one of the bits of mask.
	bits func(column string, mask uint32) string
}

var duckDialect = dialect{
	prop: func(name string) string {
		pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		return "CAST(TRY(json_extract(props, " + quote(pointer) + ")) AS VARCHAR)" // texts that JSON in Go takes and this engine does not hold nothing
	},
	noText: "CAST(NULL AS VARCHAR)",
	filtered: func(aggregate, expression, condition string) string {
		return aggregate + "(" + expression + ") FILTER (WHERE " + condition + ")"
	},
	bits: func(column string, mask uint32) string { return "(" + column + " & " + number(mask) + ")" },
}

// Filtered is an aggregate, like SUM, of an expression over the rows that meet a condition, as SQL of this engine. Over no rows COUNT is 0
// and the others NULL.
func (w *Warehouse) Filtered(aggregate, expression, condition string) string {
	return w.engine.dialect().filtered(aggregate, expression, condition)
}

// Bits is an integer that is not 0 where a column has one of the bits of mask, as SQL of this engine.
func (w *Warehouse) Bits(column string, mask uint32) string {
	return w.engine.dialect().bits(column, mask)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
