package warehouse

import (
	"slices"
	"strings"
)

// Prop is a property of facts that a scan reads. What it says becomes a number as soon as it is read, so that blocks carry no
// texts; the engine takes it out of the facts named and of no others.
type Prop struct {
	Facts []string // names among ScanSpec.Facts, AnyEvent for every event.…; facts of other names count as without the property
	Name  string
	// Read makes a number of the property's JSON text: "" where a fact has no such property. It must be a pure function.
	Read func(json string) int64
}

// remembered is how many values of a property a reader remembers the numbers of, and how long they may be: most properties have few.
const (
	remembered       = 4096
	rememberedLength = 64
)

// propReader reads one property on one connection.
type propReader struct {
	Prop
	expression string
	codes      map[uint32]bool                 // of the facts
	inside     func(props, name string) string // takes the property out of what is read; nil where the engine does
	none       int64
	known      map[string]int64
}

func (w *Warehouse) propReaders(props []Prop) []propReader {
	d := w.engine.dialect()
	out := make([]propReader, len(props))
	for i, p := range props {
		codes := map[uint32]bool{}
		for _, name := range p.Facts {
			if c := w.Code(name); c != NoCode {
				codes[c] = true
			}
			if name == AnyEvent {
				for _, c := range w.dict.custom() {
					codes[c] = true
				}
			}
		}
		kinds := make([]string, 0, len(codes))
		for c := range codes {
			kinds = append(kinds, number(c))
		}
		slices.Sort(kinds)
		out[i] = propReader{Prop: p, codes: codes, expression: d.noText, inside: d.inside, none: p.Read(""), known: map[string]int64{}}
		if len(kinds) > 0 {
			out[i].expression = "CASE WHEN kind IN (" + strings.Join(kinds, ", ") + ") THEN " + d.prop(p.Name) + " ELSE " + d.noText + " END"
		}
	}
	return out
}

// read appends the numbers of the rows from … until−1 of a batch.
func (p *propReader) read(to []int64, texts texts, from, until int) []int64 {
	for i := from; i < until; i++ {
		switch {
		case texts.IsNull(i):
			to = append(to, p.none)
		case p.inside != nil:
			to = append(to, p.number(p.inside(texts.Value(i), p.Name)))
		default:
			to = append(to, p.number(texts.Value(i)))
		}
	}
	return to
}

// number is what Read says of a text, which is only lent.
func (p *propReader) number(text string) int64 {
	if len(text) > rememberedLength {
		return p.Read(text)
	}
	n, ok := p.known[text]
	if !ok {
		if len(p.known) == remembered {
			clear(p.known)
		}
		n = p.Read(text)
		p.known[strings.Clone(text)] = n
	}
	return n
}

// wide says whether a scan reads a column of wide numbers: the amount, the quantity, then the properties.
func (spec *ScanSpec) wide(i int) bool {
	return i >= len(wideColumns) || spec.Columns&(ColumnAmount<<i) != 0
}
