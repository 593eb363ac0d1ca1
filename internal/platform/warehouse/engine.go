package warehouse

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/apache/arrow-go/v18/arrow"
)

// engine is where a warehouse keeps its tables: DuckDB or ClickHouse. What is asked of facts and people outside is simple SQL that both
// take; what differs are expressions of the dialect.
type engine interface {
	name() string
	dialect() dialect
	ping(ctx context.Context) error
	serverCPU(ctx context.Context) (seconds float64, err error)
	close() error

	// ready is called before a load is gathered: the engine may find out what became of one that failed.
	ready(ctx context.Context) error
	// save writes all that was gathered, or nothing that anybody sees.
	save(ctx context.Context, l *loading) error
	// pace is how many messages one load takes at most, and how long the loader waits after one for more to come.
	pace() pace
	compactIfDue(ctx context.Context) error
	compact(ctx context.Context) error

	// snapshot begins reading on up to n connections that all see the same state.
	snapshot(ctx context.Context, n int) (*snapshot, error)
	// query runs a statement: begin is told the columns and gives a sql.Scanner for each, row is called once they are filled.
	query(ctx context.Context, q string, args []any, begin func(columns []string) ([]any, error), row func() error) error
	// numbers runs a query whose one column is customer numbers.
	numbers(ctx context.Context, q string, into *roaring.Bitmap) error
	// factsOf is facts of one customer as a table expression.
	factsOf(customer uint32) string

	// saveState replaces the state that is kept by so many chunks. body appends that of one, or returns nil where there is nobody; it may
	// be called by many at once. loadState gives the chunks, the last first, each only lent.
	saveState(ctx context.Context, asOf int64, chunks int, body func(chunk int, room []byte) []byte) error
	loadState(ctx context.Context, take func(chunk uint32, asOf int64, body []byte) error) error

	// fill runs statements that write past the stream, in one transaction.
	fill(ctx context.Context, statements []string) error
}

// snapshot is one state of the warehouse being read.
type snapshot struct {
	mark    Watermark
	sources []source
	// ordered is which facts lie by customer and time, as far as a stream gives them, as a condition of SQL; "" where too many do not. apart
	// is the others, which are few, in parts that one worker each may read.
	ordered string
	moved   *roaring.Bitmap // customers whose facts do not lie in order, though ordered may give them: they are in apart too; nil for none
	apart   []string
	loose   int  // about how many these are
	whole   bool // SQL may group facts by customer: all of a customer's come in one answer
	// timelines, when not nil, hold the first rows of facts by customer, those of moved left out; broken is called when they do not.
	timelines *timelines
	broken    func()
	clustered clustered
	disorder  func() // called when the ordered ones turn out not to lie so, which ends the scan; another one begins without
	end       func()
}

// source reads a snapshot on one connection.
type source interface {
	// rows is the rows of a table that belong to the customers from … to−1, or to some of them where some is not nil, as SQL that may
	// go on with AND; customer is the expression of the column customer there.
	rows(table string, from, to uint32, some []uint32) (customer, rows string)
	// each runs a query and gives its rows in batches, which are only lent.
	each(ctx context.Context, q string, fn func(arrow.RecordBatch)) error
}
