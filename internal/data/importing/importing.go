// Package importing takes files of customers and orders into the store. A file is uploaded, its format detected, its
// columns mapped, tried (dry run) and run. Every line read ends accepted, merged as a duplicate, or rejected with row,
// column and reason; the three always add up to the lines read, and importing a file twice accepts nothing the second
// time.
//
// A run has two passes. The first reads the file, a pure function of its bytes and the mapping, and sorts the lines on
// disk so that the lines of one order stand together and refunds come after all purchases. The second settles them in
// order, some thousand lines per transaction; the transaction also moves the cursor, so that a crash costs at most the
// first pass, and nothing happens twice.
package importing

import (
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/store"
)

// Targets of an import.
const (
	TargetOrders    = "orders"
	TargetCustomers = "customers"
)

// States of an import.
const (
	StatusUploaded  = "uploaded"  // waits for its mapping and the word to begin
	StatusQueued    = "queued"    // will be run
	StatusRunning   = "running"   // or was, when the process ended: it goes on at the next start
	StatusCanceling = "canceling" // stops at the end of the current batch
	StatusCanceled  = "canceled"  // what was settled stays; running the file again adds the rest
	StatusDone      = "done"
	StatusFailed    = "failed" // Error says why
)

// Stages of a running import.
const (
	StageReading  = "reading"  // progress in bytes
	StageSettling = "settling" // progress in lines
	StageRejects  = "rejects"  // writing the file of what did not go
)

// Reasons for which a line is rejected.
const (
	ReasonNoOrder         = "no_order"       // no order number
	ReasonNoCustomer      = "no_customer"    // nothing that says whose order it is
	ReasonNoIdentity      = "no_identity"    // a customer with no id, phone, e-mail or card
	ReasonNoDate          = "no_date"        // no time of order
	ReasonBadDate         = "bad_date"       // not a date
	ReasonAmbiguousDate   = "ambiguous_date" // day and month cannot be told apart
	ReasonBadNumber       = "bad_number"     // not a number
	ReasonBadAmount       = "bad_amount"     // not an amount, negative, or too large
	ReasonNoAmount        = "no_amount"      // no price and no amount
	ReasonPrice           = "price_not_positive"
	ReasonZeroQuantity    = "zero_quantity"
	ReasonScientific      = "scientific_id" // a spreadsheet turned a long id into 1.2E+17
	ReasonTooLong         = "too_long"      // a text above its limit
	ReasonBadPhone        = "bad_phone"
	ReasonBadEmail        = "bad_email"
	ReasonBadZone         = "bad_zone"          // not the IANA name of a time zone
	ReasonNotPaid         = "not_paid"          // the order's status says that nothing was paid
	ReasonOtherCustomer   = "other_customer"    // another line of the order names another customer
	ReasonRefundUnmatched = "refund_unmatched"  // a refund whose order cannot be told
	ReasonRefundAbovePaid = "refund_above_paid" // more given back than paid
)

// Spec says how a file is to be taken in.
type Spec struct {
	Preset  string         `json:"preset" doc:"A preset's code"`
	Columns map[string]int `json:"columns" doc:"Field → column, from 0"`
	Channel string         `json:"channel" doc:"Sales channel of the orders, source of the customers" maxLength:"40"`
	Consent *Consent       `json:"consent,omitempty" doc:"The operator's statement that the people of the file agreed to be written to"`
}

// Consent is an operator's statement that everybody in the file agreed to be reached, and how it is known.
type Consent struct {
	Channels  []string `json:"channels" doc:"Send channels the people agreed to" maxItems:"10"`
	Statement string   `json:"statement" doc:"How it is known; kept with the import" maxLength:"500"`
}

// Counts is what an import did. LinesRead = LinesAccepted + LinesDuplicate + LinesRejected, always.
type Counts struct {
	LinesRead      int64            `json:"lines_read"`
	LinesAccepted  int64            `json:"lines_accepted" doc:"Purchase lines and refund lines taken in"`
	LinesDuplicate int64            `json:"lines_duplicate" doc:"Lines that are stored already"`
	LinesRejected  int64            `json:"lines_rejected"`
	Rejected       map[string]int64 `json:"rejected" doc:"Rejected lines by reason"`
	PurchaseLines  int64            `json:"purchase_lines" doc:"Accepted lines that are purchases"`
	RefundLines    int64            `json:"refund_lines" doc:"Accepted lines that are refunds"`
	Customers      int64            `json:"customers" doc:"Customers made"`
	CustomersKnown int64            `json:"customers_changed" doc:"Customers who were known and about whom something is new"`
	KeyConflicts   int64            `json:"key_conflicts" doc:"Times a phone, e-mail or id belonged to somebody else, who kept it"`
	Orders         int64            `json:"orders" doc:"Orders made"`
	Refunds        int64            `json:"refunds" doc:"Refunds recorded: accepted refund lines, and refund totals of orders"`
	AmountFen      int64            `json:"amount_fen" doc:"Paid for the orders taken in; refunds not taken off"`
	RefundedFen    int64            `json:"refunded_fen"`
	ConsentsGiven  int64            `json:"consents_given"`
}

// Add adds other to c.
func (c *Counts) Add(o Counts) {
	c.LinesRead += o.LinesRead
	c.LinesAccepted += o.LinesAccepted
	c.LinesDuplicate += o.LinesDuplicate
	c.LinesRejected += o.LinesRejected
	for reason, n := range o.Rejected {
		if c.Rejected == nil {
			c.Rejected = map[string]int64{}
		}
		c.Rejected[reason] += n
	}
	c.PurchaseLines += o.PurchaseLines
	c.RefundLines += o.RefundLines
	c.Customers += o.Customers
	c.CustomersKnown += o.CustomersKnown
	c.KeyConflicts += o.KeyConflicts
	c.Orders += o.Orders
	c.Refunds += o.Refunds
	c.AmountFen += o.AmountFen
	c.RefundedFen += o.RefundedFen
	c.ConsentsGiven += o.ConsentsGiven
}

func (c *Counts) reject(reason string) {
	c.LinesRejected++
	if c.Rejected == nil {
		c.Rejected = map[string]int64{}
	}
	c.Rejected[reason]++
}

// Import is one file and what became of it.
type Import struct {
	ID         string       `db:"id" json:"id"`
	Target     string       `db:"target" json:"target" enum:"orders,customers"`
	Status     string       `db:"status" json:"status" enum:"uploaded,queued,running,canceling,canceled,done,failed"`
	FileName   string       `db:"file_name" json:"file_name"`
	FileBytes  int64        `db:"file_bytes" json:"file_bytes"`
	Format     files.Format `db:"format,json" json:"format"`
	Spec       Spec         `db:"spec,json" json:"spec"`
	Stage      string       `db:"stage" json:"stage" enum:",reading,settling,rejects"`
	Done       int64        `db:"done" json:"done" doc:"Bytes while reading, lines while settling"`
	Total      int64        `db:"total" json:"total"`
	Cursor     string       `db:"cursor" json:"-"`
	Staged     Counts       `db:"staged,json" json:"-"`
	Settled    Counts       `db:"settled,json" json:"-"`
	Dry        *DryRun      `db:"dry,json" json:"dry_run,omitempty" doc:"What the last dry run found"`
	Error      string       `db:"error" json:"error"`
	CreatedBy  string       `db:"created_by" json:"created_by" doc:"Staff id; empty from the command line"`
	CreatedAt  time.Time    `db:"created_at" json:"created_at"`
	StartedAt  time.Time    `db:"started_at" json:"started_at"`
	FinishedAt time.Time    `db:"finished_at" json:"finished_at"`
}

// Result is what the import did so far: reading and settling together.
func (i Import) Result() Counts {
	var c Counts
	c.Add(i.Staged)
	c.Add(i.Settled)
	if c.Rejected == nil {
		c.Rejected = map[string]int64{}
	}
	return c
}

// Running reports whether the import is on its way.
func (i Import) Running() bool {
	return i.Status == StatusQueued || i.Status == StatusRunning || i.Status == StatusCanceling
}

// DryRun is what a run would do, as far as it can be known without doing it: refunds are counted, not matched.
type DryRun struct {
	Counts      Counts         `json:"counts"`
	RefundsSeen int64          `json:"refunds_seen" doc:"Refund lines, to be matched to their orders by the run"`
	Samples     []RejectedLine `json:"samples" doc:"The first rejected lines of each reason"`
	Complete    bool           `json:"complete" doc:"False: only the beginning of the file was tried"`
}

// RejectedLine is a line that will not go, and why.
type RejectedLine struct {
	Line   int64    `json:"line"`
	Field  string   `json:"field" doc:"The field whose cell is wrong; empty when the line as a whole is"`
	Reason string   `json:"reason"`
	Cells  []string `json:"cells"`
}

// Person is what a file says about a customer; see package customer, which owns the meaning.
type Person struct {
	Keys         [][2]string // kind and value, strongest first
	Code         string
	Name         string
	Gender       string
	Birthday     string
	Province     string
	City         string
	Source       string
	Store        string
	Level        string
	Zone         string // IANA name of a time zone
	RegisteredAt time.Time
	SeenAt       time.Time
}

// Ref is who a Person turned out to be; Number 0 is nobody.
type Ref struct {
	Number   uint32
	Created  bool
	Changed  bool
	Conflict bool
}

// Purchases is what settled orders add to a customer's sums.
type Purchases struct {
	Number      uint32
	Orders      int64
	SpentFen    int64
	RefundedFen int64
	FirstAt     time.Time
	LastAt      time.Time
}

// People owns customers.
type People interface {
	// Resolve finds or makes the customer of every person; refs[i] answers people[i].
	Resolve(ctx context.Context, tx *store.Tx, people []Person, now time.Time) ([]Ref, error)
	// Find says who is known already, changing nothing; 0 is nobody.
	Find(ctx context.Context, q store.Querier, people []Person) ([]uint32, error)
	// Bought adds to the customers' sums.
	Bought(ctx context.Context, tx *store.Tx, all []Purchases, now time.Time) error
}

// Order is one order with the lines of it that the file holds.
type Order struct {
	Number      string
	Customer    uint32
	PaidAt      time.Time
	AmountFen   int64
	Fixed       bool  // AmountFen was given for the order as a whole
	Quantity    int64 // units, when the order was given as a whole, without lines
	Store       string
	Lines       []OrderLine
	RefundedFen int64
}

// OrderLine is one line of an Order.
type OrderLine struct {
	Key       string
	Product   string
	Name      string
	Category  string
	Quantity  int64
	AmountFen int64
}

// OrderOutcome says what became of an Order.
type OrderOutcome struct {
	Created        bool
	NewLines       []bool
	AddedFen       int64
	RefundedFen    int64
	RefundRejected bool
}

// Refund is a refund whose order is to be found.
type Refund struct {
	Number    string
	Key       string
	Order     string
	Customer  uint32
	Product   string
	Quantity  int64
	AmountFen int64
	At        time.Time
}

// Results of a Refund.
const (
	RefundAccepted  = "accepted"
	RefundDuplicate = "duplicate"
	RefundUnmatched = "unmatched"
)

// Orders owns orders.
type Orders interface {
	// Known says which of the orders of the channel are stored.
	Known(ctx context.Context, q store.Querier, channel string, numbers []string) (map[string]bool, error)
	// KnownLines returns the keys of the lines that stored orders have, by the orders' numbers.
	KnownLines(ctx context.Context, q store.Querier, channel string, numbers []string) (map[string]map[string]bool, error)
	// Settle records orders, each at most once; outcomes[i] answers orders[i].
	Settle(ctx context.Context, tx *store.Tx, channel, importID string, orders []Order, now time.Time) ([]OrderOutcome, []Purchases, error)
	// Refund matches refunds to orders and records them; results[i] answers refunds[i].
	Refund(ctx context.Context, tx *store.Tx, channel, importID string, refunds []Refund) (results []string, sums []Purchases, err error)
}

// Consents owns what people agreed to.
type Consents interface {
	// Grant records that the people agreed to be reached on the channels; saying it again changes nothing.
	// It returns how many consents are new.
	Grant(ctx context.Context, tx *store.Tx, people []uint32, channels []string, source string) (int64, error)
}

// check reports what is wrong with the spec for a file with so many columns.
func (s Spec) check(target string, columns int) error {
	preset, ok := PresetByCode(s.Preset)
	if !ok {
		return errs.New(errs.Invalid, "import.preset", "there is no preset %q", s.Preset).At("preset")
	}
	used := map[int]string{}
	for field, column := range s.Columns {
		if !slices.ContainsFunc(FieldsOf(target), func(f Field) bool { return f.Code == field }) {
			return errs.New(errs.Invalid, "import.field", "there is no field %q", field).At("columns")
		}
		if column < 0 || column >= columns {
			return errs.New(errs.Invalid, "import.column", "%s is mapped to column %d of %d", field, column, columns).At("columns")
		}
		if other, twice := used[column]; twice {
			return errs.New(errs.Invalid, "import.column_twice", "one column is mapped to %s and %s", min(field, other), max(field, other)).At("columns")
		}
		used[column] = field
	}
	missing := func(fields ...string) bool {
		return !slices.ContainsFunc(fields, func(f string) bool { _, ok := s.Columns[f]; return ok })
	}
	identity := []string{FieldExternal, FieldPhone, FieldEmail, FieldCard}
	switch {
	case target == TargetCustomers && missing(identity...):
		return errs.New(errs.Invalid, "import.needs_identity", "map at least one of customer id, phone, e-mail and card").At("columns")
	case target == TargetOrders && missing(FieldOrder):
		return errs.New(errs.Invalid, "import.needs_order", "map the order number").At("columns")
	case target == TargetOrders && missing(FieldPaidAt, FieldCreatedAt):
		return errs.New(errs.Invalid, "import.needs_date", "map the time of payment or of order").At("columns")
	case target == TargetOrders && missing(FieldPrice, FieldAmount, FieldOrderAmount):
		return errs.New(errs.Invalid, "import.needs_amount", "map a price or an amount").At("columns")
	case target == TargetOrders && missing(identity...):
		return errs.New(errs.Invalid, "import.needs_identity", "map at least one of customer id, phone, e-mail and card").At("columns")
	}
	if s.Channel == "" && preset.Channel == "" {
		return errs.New(errs.Invalid, "import.channel", "say which channel the file comes from").At("channel")
	}
	if s.Consent != nil && (len(s.Consent.Channels) == 0 || s.Consent.Statement == "") {
		return errs.New(errs.Invalid, "import.consent", "a statement of consent needs channels and how it is known").At("consent")
	}
	return nil
}
