package warehouse

// Kind is the number of a fact name within one scan: its place in ScanSpec.Facts.
type Kind uint16

// noKind is the kind of facts that a scan did not ask for.
const noKind = ^Kind(0)

// NoKind is the Kind of a name the scan was not asked for; it equals the Kind of no fact.
const NoKind Kind = 1<<16 - 1

// NoCode is the code of a text that is not in the dictionary; it equals the code in no column.
const NoCode uint32 = 1<<32 - 1

// Column names a column of facts beyond customer, time and kind, as a set.
type Column uint16

// The columns a scan may read.
const (
	ColumnAmount Column = 1 << iota
	ColumnQuantity
	ColumnProduct
	ColumnCategory
	ColumnChannel
	ColumnCampaign
	ColumnStrategy
	ColumnDetail
)

// Flags of a person.
const (
	FlagPhone  uint32 = 1 << iota // a phone number is known
	FlagEmail                     // an e-mail address is known
	FlagErased                    // no longer a customer: in no universe
	FlagMerged                    // went into another customer: in no universe until it is split off again
)

// Person is the newest version of a customer's attributes. Texts are dictionary codes, 0 when empty.
type Person struct {
	Registered int64 // microseconds UTC; 0 when unknown
	Birthday   int32 // year*10000 + month*100 + day, year 0 when unknown; 0 when nothing is known
	Gender     uint32
	Province   uint32
	City       uint32
	Source     uint32
	Store      uint32
	Owner      uint32
	Level      uint32
	Flags      uint32
	Known      bool // false: facts came for a number whose attributes never did
}

// Gone says that the number is no customer any more: erased, or merged into another.
func (p *Person) Gone() bool { return p.Flags&(FlagErased|FlagMerged) != 0 }

// Block is everything a scan read about the customers of [From, To): facts sorted by customer and then time, as
// columns, and people. Rows of customer n are Start[n-From] … Start[n-From+1]. Columns not asked for are nil.
// A block and its slices are reused for the next range once the callback returns.
type Block struct {
	From, To uint32
	Start    []uint32 // len To-From+1
	People   []Person // len To-From

	TS       []int64
	Kind     []Kind
	Amount   []int64
	Quantity []int64
	Product  []uint32
	Category []uint32
	Channel  []uint32
	Campaign []uint32
	Strategy []uint32
	Detail   []uint32
	Props    [][]int64 // by the places of ScanSpec.Props
}
