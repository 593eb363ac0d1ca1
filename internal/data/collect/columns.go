package collect

import (
	"bytes"
	"encoding/binary"

	"github.com/tidwall/gjson"

	"huoshui/internal/platform/event"
)

// Columns of facts whose values come from sources, and how many different ones each source may bring. Every value there
// ever was is kept in memory by whoever asks the warehouse, and anybody's browser may send some.
var columnRoom = map[string]int{"product": 200_000, "category": 5_000, "channel": 5_000}

// sourceColumn names a column of a source.
type sourceColumn struct{ source, column string }

// columns knows which values sources brought, as hashes.
type columns struct {
	known map[sourceColumn]map[uint64]struct{}
	fresh []columnValue // not written down yet
}

type columnValue struct {
	sourceColumn
	value uint64
}

func newColumns() *columns { return &columns{known: map[sourceColumn]map[uint64]struct{}{}} }

// fit takes values out of a source's facts that there is no room for: they stay among the properties. It reports whether
// there was one.
func (c *columns) fit(source string, facts []event.Fact) (crowded bool) {
	for i := range facts {
		f := &facts[i]
		if !c.admit(source, "product", f.Product) {
			f.Props, f.Product, crowded = withProp(f.Props, "product", f.Product), "", true
		}
		if !c.admit(source, "category", f.Category) {
			f.Props, f.Category, crowded = withProp(f.Props, "category", f.Category), "", true
		}
		if !c.admit(source, "channel", f.Channel) { // it is among the properties already, as utm_source
			f.Channel, crowded = "", true
		}
	}
	return crowded
}

// admit reports whether a value may stand in a column.
func (c *columns) admit(source, column, value string) bool {
	if value == "" {
		return true
	}
	where := sourceColumn{source, column}
	values := c.known[where]
	h := valueHash(value)
	if _, there := values[h]; there {
		return true
	}
	if len(values) >= columnRoom[column] {
		return false
	}
	if values == nil {
		values = map[uint64]struct{}{}
		c.known[where] = values
	}
	values[h] = struct{}{}
	c.fresh = append(c.fresh, columnValue{where, h})
	return true
}

// valueHash is the same in every process.
func valueHash(value string) uint64 {
	h := hashOf("value", value)
	return binary.BigEndian.Uint64(h[:])
}

// withProp adds a member to an object that has none of that name.
func withProp(props []byte, name, value string) []byte {
	if gjson.GetBytes(props, name).Exists() || len(props) < 2 {
		return props
	}
	out := append(make([]byte, 0, len(props)+len(name)+len(value)+8), `{"`+name+`":`...)
	out = append(out, quoted(value)...)
	if props[1] != '}' {
		out = append(out, ',')
	}
	return append(out, props[1:]...)
}

// key is where a value is written down: 'c', source, 0, column, 0, hash.
func (v columnValue) key() []byte {
	b := append([]byte{'c'}, v.source...)
	b = append(append(append(b, 0), v.column...), 0)
	return binary.BigEndian.AppendUint64(b, v.value)
}

// learn adds a value that was written down.
func (c *columns) learn(key []byte) {
	parts := bytes.SplitN(key[1:], []byte{0}, 3)
	if len(parts) != 3 || len(parts[2]) != 8 {
		return
	}
	where := sourceColumn{string(parts[0]), string(parts[1])}
	if c.known[where] == nil {
		c.known[where] = map[uint64]struct{}{}
	}
	c.known[where][binary.BigEndian.Uint64(parts[2])] = struct{}{}
}
