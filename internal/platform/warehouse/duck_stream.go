package warehouse

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// stream implements streamer: batches come while the engine goes on reading, straight out of its vectors. What the driver offers lays the whole
// answer out first, and then once more as Arrow, which costs three times the reading.
func (s *duckSource) stream(ctx context.Context, q string, fn func(batch) error) error {
	return raw(s.conn, func(dc driver.Conn) error {
		conn, err := handle(dc)
		if err != nil {
			return err
		}
		var stmt bindings.PreparedStatement
		defer bindings.DestroyPrepare(&stmt)
		if bindings.Prepare(conn, q, &stmt) == bindings.StateError {
			return errors.New(bindings.PrepareError(stmt))
		}
		over := make(chan struct{})
		quiet := context.AfterFunc(ctx, func() { bindings.Interrupt(conn); close(over) })
		defer func() {
			if !quiet() { // the next query is not to be interrupted
				<-over
			}
		}()
		var pending bindings.PendingResult
		defer bindings.DestroyPending(&pending)
		if bindings.PendingPreparedStreaming(stmt, &pending) == bindings.StateError { //nolint:staticcheck // deprecated, but nothing else streams
			return errors.Join(ctx.Err(), errors.New(bindings.PendingError(pending)))
		}
		var result bindings.Result
		defer bindings.DestroyResult(&result)
		if bindings.ExecutePending(pending, &result) == bindings.StateError {
			return errors.Join(ctx.Err(), errors.New(bindings.ResultError(&result)))
		}
		return s.fetch(ctx, &result, fn)
	})
}

// fetch gives the batches of a result.
func (s *duckSource) fetch(ctx context.Context, result *bindings.Result, fn func(batch) error) error {
	b := &vectors{types: make([]bindings.Type, bindings.ColumnCount(result))}
	for i := range b.types {
		b.types[i] = bindings.ColumnType(result, bindings.IdxT(i))
	}
	one := func() (bool, error) {
		if b.chunk = bindings.FetchChunk(*result); b.chunk.Ptr == nil { // the end, or an error
			if failed := bindings.ResultError(result); failed != "" {
				return false, errors.Join(ctx.Err(), errors.New(failed))
			}
			return false, ctx.Err()
		}
		defer bindings.DestroyDataChunk(&b.chunk)
		b.rows = int(bindings.DataChunkGetSize(b.chunk))
		return true, fn(b)
	}
	for {
		if more, err := one(); err != nil || !more {
			return err
		}
	}
}

// handle is the engine's own connection of the driver's, which keeps it to itself.
func handle(c driver.Conn) (bindings.Connection, error) {
	v := reflect.ValueOf(c)
	if v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		if held := v.Elem().FieldByName("conn"); held.IsValid() && held.Type() == reflect.TypeFor[bindings.Connection]() {
			return bindings.Connection{Ptr: held.FieldByName("Ptr").UnsafePointer()}, nil
		}
	}
	return bindings.Connection{}, fmt.Errorf("warehouse: a %T holds no connection", c)
}

// vectors are a batch as the engine holds it.
type vectors struct {
	chunk bindings.DataChunk
	rows  int
	types []bindings.Type
}

// column is the values of a column, which must be of the type; nothing is NULL.
func column[T any](b *vectors, i int, of bindings.Type) []T {
	if b.types[i] != of {
		panic(fmt.Sprintf("warehouse: column %d is of the engine's type %d, not %d", i, b.types[i], of))
	}
	return unsafe.Slice((*T)(bindings.VectorGetData(bindings.DataChunkGetVector(b.chunk, bindings.IdxT(i)))), b.rows)
}

func (b *vectors) uint32s(i int) []uint32 { return column[uint32](b, i, bindings.TypeUInteger) }
func (b *vectors) int32s(i int) []int32   { return column[int32](b, i, bindings.TypeInteger) }
func (b *vectors) uint64s(i int) []uint64 { return column[uint64](b, i, bindings.TypeUBigInt) }
func (b *vectors) int64s(i int) []int64   { return column[int64](b, i, bindings.TypeBigInt) }

func (b *vectors) texts(i int) texts {
	v := bindings.DataChunkGetVector(b.chunk, bindings.IdxT(i))
	return vectorTexts{column[bindings.StringT](b, i, bindings.TypeVarchar), bindings.VectorGetValidity(v)}
}

// vectorTexts is a column of texts; a bit of valid is not set where one is NULL, and none is where valid is nil.
type vectorTexts struct {
	all   []bindings.StringT
	valid unsafe.Pointer
}

func (t vectorTexts) IsNull(row int) bool {
	return t.valid != nil && unsafe.Slice((*uint64)(t.valid), len(t.all)/64+1)[row/64]>>(row%64)&1 == 0
}

func (t vectorTexts) Value(row int) string { return bindings.StringTData(&t.all[row]) }
