package warehouse

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// The Native format of ClickHouse: blocks of columns, each a name, a type and its values one after another; see
// https://clickhouse.com/docs/interfaces/formats/Native. Numbers are little-endian, lengths are varints.

// mostColumns and mostBlock bound what a block may say of itself: more is no block but the text of an error.
const (
	mostColumns = 256
	mostBlock   = 1 << 28
)

// nativeColumn is a column of a block.
type nativeColumn struct {
	name, kind string
	nulls      []byte  // 1 where there is no value; nil when there always is
	data       []byte  // numbers, or texts one after another
	ends       []int32 // of texts: 0, then where each ends
}

// nativeReader reads blocks; columns are used again for the next.
type nativeReader struct {
	in      *bufio.Reader
	columns []nativeColumn
	rows    int
}

// next reads a block; io.EOF says that there is none.
func (r *nativeReader) next() error {
	for {
		if _, err := r.in.Peek(1); err != nil {
			return err
		}
		columns, err := r.length(mostColumns)
		if err != nil {
			return err
		}
		if r.columns == nil {
			r.columns = make([]nativeColumn, columns)
		}
		if len(r.columns) != columns {
			return fmt.Errorf("a block has %d columns after one of %d", columns, len(r.columns))
		}
		if r.rows, err = r.length(mostBlock); err != nil {
			return err
		}
		for i := range r.columns {
			if err := r.column(&r.columns[i]); err != nil {
				return err
			}
		}
		if r.rows > 0 {
			return nil
		}
	}
}

func (r *nativeReader) length(most int) (int, error) {
	n, err := binary.ReadUvarint(r.in)
	if err != nil {
		return 0, unexpected(err)
	}
	if n > uint64(most) {
		return 0, fmt.Errorf("a block says %d", n)
	}
	return int(n), nil
}

func (r *nativeReader) text() (string, error) {
	n, err := r.length(1 << 12)
	if err != nil {
		return "", err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.in, b); err != nil {
		return "", unexpected(err)
	}
	return string(b), nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// widths are the bytes of a value by type.
var widths = map[string]int{
	"UInt8": 1, "Int8": 1, "UInt16": 2, "Int16": 2, "UInt32": 4, "Int32": 4, "UInt64": 8, "Int64": 8, "Float32": 4, "Float64": 8, "Nothing": 1,
	"Date": 2, "DateTime": 4,
}

func (r *nativeReader) column(c *nativeColumn) (err error) {
	if c.name, err = r.text(); err != nil {
		return err
	}
	if c.kind, err = r.text(); err != nil {
		return err
	}
	c.nulls = c.nulls[:0]
	if inner, ok := strings.CutPrefix(c.kind, "Nullable("); ok {
		c.kind = strings.TrimSuffix(inner, ")")
		c.nulls = resize(c.nulls, r.rows)
		if _, err := io.ReadFull(r.in, c.nulls); err != nil {
			return unexpected(err)
		}
	}
	if c.kind == "String" {
		return r.texts(c)
	}
	width, ok := widths[c.kind]
	if !ok {
		return fmt.Errorf("column %q has type %q", c.name, c.kind)
	}
	c.data = resize(c.data, width*r.rows)
	if _, err := io.ReadFull(r.in, c.data); err != nil {
		return unexpected(err)
	}
	return nil
}

func (r *nativeReader) texts(c *nativeColumn) error {
	c.data, c.ends = c.data[:0], resize(c.ends, r.rows+1)
	c.ends[0] = 0
	for i := range r.rows {
		n, err := r.length(mostBlock)
		if err != nil {
			return err
		}
		from := len(c.data)
		if from+n > math.MaxInt32 {
			return errors.New("a block holds more text than can be addressed")
		}
		if cap(c.data) < from+n {
			more := make([]byte, from, 2*(from+n))
			copy(more, c.data)
			c.data = more
		}
		c.data = c.data[:from+n]
		if _, err := io.ReadFull(r.in, c.data[from:]); err != nil {
			return unexpected(err)
		}
		c.ends[i+1] = int32(from + n)
	}
	return nil
}

// value is what row i says: nil, an integer, a float64, or a string.
func (c *nativeColumn) value(i int) any {
	if len(c.nulls) > 0 && c.nulls[i] != 0 {
		return nil
	}
	switch c.kind {
	case "String":
		return string(c.data[c.ends[i]:c.ends[i+1]])
	case "UInt8":
		return uint64(c.data[i])
	case "Int8":
		return int64(int8(c.data[i]))
	case "UInt16", "Date":
		return uint64(binary.LittleEndian.Uint16(c.data[2*i:]))
	case "Int16":
		return int64(int16(binary.LittleEndian.Uint16(c.data[2*i:])))
	case "UInt32", "DateTime":
		return uint64(binary.LittleEndian.Uint32(c.data[4*i:]))
	case "Int32":
		return int64(int32(binary.LittleEndian.Uint32(c.data[4*i:])))
	case "UInt64":
		return binary.LittleEndian.Uint64(c.data[8*i:])
	case "Int64":
		return int64(binary.LittleEndian.Uint64(c.data[8*i:]))
	case "Float32":
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(c.data[4*i:])))
	case "Float64":
		return math.Float64frombits(binary.LittleEndian.Uint64(c.data[8*i:]))
	}
	return nil
}

// arrowTypes are what columns of a scan may hold.
var arrowTypes = map[string]arrow.DataType{
	"UInt32": arrow.PrimitiveTypes.Uint32, "Int32": arrow.PrimitiveTypes.Int32, "UInt64": arrow.PrimitiveTypes.Uint64,
	"Int64": arrow.PrimitiveTypes.Int64, "String": arrow.BinaryTypes.String,
}

// batch shows a block as Arrow does, without copying it.
func (r *nativeReader) batch() (arrow.RecordBatch, error) {
	fields := make([]arrow.Field, len(r.columns))
	columns := make([]arrow.Array, len(r.columns))
	for i := range r.columns {
		c := &r.columns[i]
		kind, ok := arrowTypes[c.kind]
		if !ok || len(c.nulls) > 0 {
			return nil, fmt.Errorf("column %q has type %q", c.name, c.kind)
		}
		fields[i] = arrow.Field{Name: c.name, Type: kind}
		buffers := []*memory.Buffer{nil, memory.NewBufferBytes(c.data)}
		if c.kind == "String" {
			buffers = []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.ends)), memory.NewBufferBytes(c.data)}
		}
		columns[i] = array.MakeFromData(array.NewData(kind, r.rows, buffers, nil, 0, 0))
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, int64(r.rows)), nil
}

// nativeBlock is a block to be written.
type nativeBlock struct {
	columns []nativeColumn // data holds what is written
	rows    int
}

// newBlock makes an empty block of columns, each "name Type".
func newBlock(columns ...string) *nativeBlock {
	b := &nativeBlock{columns: make([]nativeColumn, len(columns))}
	for i, c := range columns {
		b.columns[i].name, b.columns[i].kind, _ = strings.Cut(c, " ")
	}
	return b
}

// add appends a row: uint8, uint32, uint64, int32, int64 or string values, of the types of the columns.
func (b *nativeBlock) add(values ...any) {
	for i, v := range values {
		to := &b.columns[i].data
		switch v := v.(type) {
		case uint8:
			*to = append(*to, v)
		case uint32:
			*to = binary.LittleEndian.AppendUint32(*to, v)
		case int32:
			*to = binary.LittleEndian.AppendUint32(*to, uint32(v))
		case uint64:
			*to = binary.LittleEndian.AppendUint64(*to, v)
		case int64:
			*to = binary.LittleEndian.AppendUint64(*to, uint64(v))
		case string:
			*to = append(binary.AppendUvarint(*to, uint64(len(v))), v...)
		case []byte:
			*to = append(binary.AppendUvarint(*to, uint64(len(v))), v...)
		}
	}
	b.rows++
}

// size is about how many bytes the block has.
func (b *nativeBlock) size() (n int) {
	for i := range b.columns {
		n += len(b.columns[i].data)
	}
	return n
}

// names is the list of the columns, for INSERT.
func (b *nativeBlock) names() string {
	out := make([]string, len(b.columns))
	for i := range b.columns {
		out[i] = b.columns[i].name
	}
	return strings.Join(out, ", ")
}

// reader gives the block as it is sent.
func (b *nativeBlock) reader() io.Reader {
	head := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(b.columns))), uint64(b.rows))
	var parts []io.Reader
	for i := range b.columns {
		c := &b.columns[i]
		head = append(binary.AppendUvarint(head, uint64(len(c.name))), c.name...)
		head = append(binary.AppendUvarint(head, uint64(len(c.kind))), c.kind...)
		parts = append(parts, bytes.NewReader(head), bytes.NewReader(c.data))
		head = nil
	}
	return io.MultiReader(parts...)
}
