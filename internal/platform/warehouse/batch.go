package warehouse

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// batch is some rows of an answer by column, only lent. A column must be asked for by its own type.
type batch interface {
	uint32s(column int) []uint32
	int32s(column int) []int32
	uint64s(column int) []uint64
	int64s(column int) []int64
	texts(column int) texts
}

// texts is a column of texts, which may be NULL.
type texts interface {
	IsNull(row int) bool
	Value(row int) string // only lent
}

// streamer is a source that gives batches while the engine goes on reading. Until it returns nothing else can be asked of the source.
type streamer interface {
	stream(ctx context.Context, q string, fn func(batch) error) error
}

// each runs a query and gives its rows in batches.
func (r *reader) each(ctx context.Context, q string, fn func(batch) error) error {
	if s, ok := r.source.(streamer); ok {
		return s.stream(ctx, q, fn)
	}
	var failed error
	err := r.source.each(ctx, q, func(rec arrow.RecordBatch) {
		if failed == nil {
			failed = fn(arrowBatch{rec})
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

// arrowBatch is a batch as Arrow.
type arrowBatch struct{ arrow.RecordBatch }

func (b arrowBatch) uint32s(i int) []uint32 { return b.Column(i).(*array.Uint32).Uint32Values() }
func (b arrowBatch) int32s(i int) []int32   { return b.Column(i).(*array.Int32).Int32Values() }
func (b arrowBatch) uint64s(i int) []uint64 { return b.Column(i).(*array.Uint64).Uint64Values() }
func (b arrowBatch) int64s(i int) []int64   { return b.Column(i).(*array.Int64).Int64Values() }
func (b arrowBatch) texts(i int) texts      { return b.Column(i).(*array.String) }
