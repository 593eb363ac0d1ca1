// Package audience answers questions about people: it walks every customer's facts once, in time order, and lets
// any number of folds look on. Compiled segment conditions are one fold, RFM and lifecycle (package layer) are others;
// what they find becomes bitmaps and a per-customer state.
package audience

import (
	"time"

	"huoshui/internal/platform/warehouse"
)

// Kind is the number of a fact name within one pass; ask Pass.Kind for it. It is meaningless in another pass.
type Kind = warehouse.Kind

// Timeline is what is known of one customer as of the pass: the newest attributes and the facts in time order, as
// columns of equal length. It holds only the facts and columns that some fold of the pass needs, so a fold must look at
// Kind before it counts. The slices belong to the pass and are reused: keep nothing of them.
// Facts of the same instant come in no particular order.
type Timeline struct {
	Customer uint32
	Person   Person

	TS       []int64 // microseconds UTC, ascending, never after Pass.AsOf
	Kind     []Kind
	Amount   []int64 // fen; nil unless Needs asks for the column, like all below
	Quantity []int64
	Product  []uint32 // dictionary codes, see Pass.Code; 0 is the empty text
	Category []uint32
	Channel  []uint32
	Campaign []uint32
	Strategy []uint32
	Detail   []uint32

	block *warehouse.Block // whose rows from first on these are
	first uint32
}

// Len is the number of facts in the timeline; people without a single fact are seen too.
func (t *Timeline) Len() int { return len(t.TS) }

// Person is a customer's newest attributes in the warehouse's form.
type Person = warehouse.Person

// Column names a column of the timeline beyond TS and Kind, as a set.
type Column = warehouse.Column

// The columns a fold may need.
const (
	Amount   = warehouse.ColumnAmount
	Quantity = warehouse.ColumnQuantity
	Product  = warehouse.ColumnProduct
	Category = warehouse.ColumnCategory
	Channel  = warehouse.ColumnChannel
	Campaign = warehouse.ColumnCampaign
	Strategy = warehouse.ColumnStrategy
	Detail   = warehouse.ColumnDetail
)

// Flags of a person.
const (
	FlagPhone  = warehouse.FlagPhone
	FlagEmail  = warehouse.FlagEmail
	FlagErased = warehouse.FlagErased
)

// Needs is what a fold reads. A pass reads the union of what its folds need, nothing else.
type Needs struct {
	Facts   []string // fact names; see package event
	Columns Column   // Amount|Category
	// Since is the earliest instant that matters, microseconds UTC; 0 is the beginning. It may still be shown earlier facts.
	Since int64
	// Plain says that the fold does not look at Person: it may be empty.
	Plain bool
	// Props are properties of facts to read. Timelines do not show them: they lie in the block, from Pass.props on.
	Props []warehouse.Prop
}

// Fold is one question asked of every customer in an ordered pass.
//
// A pass calls Begin once, then Range for disjoint ranges of customer numbers, possibly at once from several
// goroutines; the function that Range returns is called on one goroutine, once for each person of that range who is in the
// universe (exists and is not erased), in ascending order of number. A fold that writes only to cells of its own
// customers (a slice indexed by number, sized Through+1 in Begin) needs no lock. done is called at the end of the
// range; a fold that gathers sums or bitmaps merges them there, under its own lock. When the pass is over the fold's
// owner reads its answers from the fold itself.
type Fold interface {
	Needs() Needs
	Begin(p *Pass) error
	Range(from, to uint32) (see func(*Timeline), done func())
}

// Pass is what every fold of one pass shares.
type Pass struct {
	AsOf    time.Time      // facts after this instant are not seen
	Zone    *time.Location // the business zone: "today" and whole days are told in it
	Through uint32         // the greatest customer number there is
	Seq     uint64         // the watermark: stream sequence the warehouse has loaded

	mark  warehouse.Watermark
	props int // where the columns of the properties that a fold needs begin; told to each in Begin
	kinds map[string]Kind
	code  func(text string) uint32
	text  func(code uint32) string
}

// NoKind is the Kind of a name that no fold of the pass asked for; it equals the Kind of no fact.
const NoKind = warehouse.NoKind

// Kind returns the number, in this pass, of a fact name that some fold needs.
func (p *Pass) Kind(name string) Kind {
	if k, ok := p.kinds[name]; ok {
		return k
	}
	return NoKind
}

// NoCode is the code of a text that the warehouse has never seen; it equals the code in no column.
const NoCode = warehouse.NoCode

// Code returns the dictionary code of a text: 0 for "", NoCode for a text never seen.
func (p *Pass) Code(text string) uint32 { return p.code(text) }

// Text returns the text of a dictionary code.
func (p *Pass) Text(code uint32) string { return p.text(code) }

// Today is the as-of day's midnight in the business zone.
func (p *Pass) Today() time.Time { return Midnight(p.AsOf, p.Zone) }

// DaysBefore returns the midnight in the business zone that is n calendar days before today, in microseconds. The "last n
// days" are today and the n−1 days before it: they begin at DaysBefore(n−1), so that "nothing in the last n days" and
// "recency of n days or more" say the same.
func (p *Pass) DaysBefore(n int) int64 {
	y, m, d := p.AsOf.In(p.Zone).Date()
	return time.Date(y, m, d-n, 0, 0, 0, 0, p.Zone).UnixMicro()
}

// Midnight is the beginning of the day of t in a zone.
func Midnight(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}
