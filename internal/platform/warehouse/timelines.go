package warehouse

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The facts that the last compaction laid in order lie once more, person by person, in a file beside the warehouse's, Path+".timelines": DuckDB has to
// unpack columns of nearly all facts to find those of a thousand people who are everywhere, this file gives each with two short reads. What it holds:
//
//	timelinesMagic, the mark of the compaction and how many rows it wrote (uint64), how many places follow (uint64), and the CRC-32C of all this (uint32)
//	of each customer number from 0 on the place where her rows begin (uint64), and the place where the last ones end
//	of each customer who has rows: her rows by time, and their CRC-32C (uint32)
//
// A row is a byte that says which columns are not 0, the microseconds since the row before it and the kind as varints, and those columns as varints, amount and
// quantity in zigzag. Numbers are little-endian. The columns are the first eight that a scan may ask for: no texts, so that nobody need be erased here.
// Customers whom facts moved to or from are not looked up in it, see moved; a file of another compaction is none.
const (
	timelinesMagic  = "huoshui facts 1\n"
	timelinesHeader = len(timelinesMagic) + 28
)

// timelines is the open file.
type timelines struct {
	file    *os.File
	mark    uint64 // of the compaction
	rows    int64  // the first rows of facts are in it
	through uint32
}

// newCompaction is a mark that no other compaction has.
func newCompaction() uint64 {
	return rand.Uint64()>>1 | 1 // not 0, and a BIGINT too
}

// openTimelines opens the file if it is of the compaction that the warehouse tells of.
func (e *duck) openTimelines(ctx context.Context) error {
	var mark uint64
	var rows int64
	if err := e.writer.QueryRowContext(ctx, "SELECT compaction, clustered_facts FROM loaded").Scan(&mark, &rows); err != nil {
		return fmt.Errorf("warehouse timelines: %w", err)
	}
	if e.path == "" {
		return nil
	}
	file, err := os.Open(e.path + ".timelines")
	if err != nil {
		return nil //nolint:nilerr // none was written yet, or it cannot be read: the next load writes one
	}
	t := &timelines{file: file, mark: mark, rows: rows}
	if !t.readHeader() {
		return file.Close()
	}
	e.timelines.Store(t)
	return nil
}

func (t *timelines) readHeader() bool {
	head := make([]byte, timelinesHeader)
	if _, err := t.file.ReadAt(head, 0); err != nil {
		return false
	}
	rest := head[len(timelinesMagic):]
	places := binary.LittleEndian.Uint64(rest[16:])
	t.through = uint32(places - 2)
	return string(head[:len(timelinesMagic)]) == timelinesMagic && binary.LittleEndian.Uint32(rest[24:]) == crc32.Checksum(head[:timelinesHeader-4], castagnoli) &&
		binary.LittleEndian.Uint64(rest) == t.mark && binary.LittleEndian.Uint64(rest[8:]) == uint64(t.rows) && places >= 2 && places <= 1<<31+1
}

// writeTimelines writes the file of the last compaction where there is none.
func (e *duck) writeTimelines(ctx context.Context) error {
	sn, err := e.snapshot(ctx, 1)
	if err != nil {
		return err
	}
	defer sn.end()
	if sn.ordered == "" || sn.timelines != nil || sn.clustered.rows == 0 {
		return nil
	}
	var file *os.File
	path := e.path + ".timelines"
	if e.path == "" {
		if file, err = os.CreateTemp("", "huoshui-timelines-"); err == nil {
			err = os.Remove(file.Name())
		}
	} else {
		file, err = os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	}
	if err != nil {
		return fmt.Errorf("warehouse timelines: %w", err)
	}
	t := &timelines{file: file, mark: sn.clustered.compaction, rows: sn.clustered.rows, through: sn.mark.Through}
	if err = t.write(ctx, sn); err == nil && e.path != "" {
		err = os.Rename(path+".new", path)
	}
	switch {
	case errors.Is(err, errDisorder): // the next compaction mends it
		sn.disorder()
		return file.Close()
	case err != nil:
		return errors.Join(fmt.Errorf("warehouse timelines: %w", err), file.Close())
	}
	e.timelines.Store(t) // the one before is closed when nobody reads it any more
	return nil
}

// write fills the file with the ordered facts of a snapshot, but for those of customers whose facts moved.
func (t *timelines) write(ctx context.Context, sn *snapshot) error {
	places := bufio.NewWriterSize(io.NewOffsetWriter(t.file, int64(timelinesHeader)), 1<<16)
	start := uint64(timelinesHeader) + (uint64(t.through)+2)*8
	rows := bufio.NewWriterSize(io.NewOffsetWriter(t.file, int64(start)), 1<<20)
	next, end := uint64(0), start // whose place is to be written next
	var word [8]byte
	begin := func(customer uint64) error {
		binary.LittleEndian.PutUint64(word[:], end)
		for ; next <= customer; next++ {
			if _, err := places.Write(word[:]); err != nil {
				return err
			}
		}
		return nil
	}
	var one []byte
	finish := func() error {
		if len(one) == 0 {
			return nil
		}
		one = binary.LittleEndian.AppendUint32(one, crc32.Checksum(one, castagnoli))
		end += uint64(len(one))
		_, err := rows.Write(one)
		one = one[:0]
		return err
	}
	var order ordering
	names := append(wideColumns[:], codeColumns[:]...)
	q := "SELECT customer, ts, kind, " + strings.Join(names, ", ") + " FROM facts WHERE " + sn.ordered + " AND customer < " + number(FirstVisitor)
	err := sn.sources[0].(*duckSource).stream(ctx, q, func(b batch) error {
		c := columns{customer: b.uint32s(0), ts: b.int64s(1), kind: b.uint32s(2)}
		for i := range c.wide {
			c.wide[i] = b.int64s(3 + i)
		}
		for i := range c.code {
			c.code[i] = b.uint32s(3 + len(c.wide) + i)
		}
		for i, n := range c.customer {
			if n == 0 || n > t.through || sn.moved != nil && sn.moved.Contains(n) {
				continue
			}
			before := order
			if order.of(&c, i, i+1) == i {
				return errDisorder
			}
			if n != before.customer {
				if err := errors.Join(finish(), begin(uint64(n))); err != nil {
					return err
				}
				before.ts = 0
			}
			one = c.encode(one, i, before.ts)
		}
		return nil
	})
	if err := errors.Join(err, finish(), begin(uint64(t.through)+1), places.Flush(), rows.Flush()); err != nil {
		return err
	}
	head := binary.LittleEndian.AppendUint64([]byte(timelinesMagic), t.mark)
	head = binary.LittleEndian.AppendUint64(head, uint64(t.rows))
	head = binary.LittleEndian.AppendUint64(head, uint64(t.through)+2)
	if _, err := t.file.WriteAt(binary.LittleEndian.AppendUint32(head, crc32.Checksum(head, castagnoli)), 0); err != nil {
		return err
	}
	return t.file.Sync()
}

// encode appends a row that comes after one of an instant.
func (c *columns) encode(to []byte, i int, after int64) []byte {
	at := len(to)
	to = append(to, 0)
	to = binary.AppendUvarint(to, uint64(c.ts[i]-after))
	to = binary.AppendUvarint(to, uint64(c.kind[i]))
	for column, values := range c.wide {
		if v := values[i]; v != 0 {
			to[at] |= 1 << column
			to = binary.AppendVarint(to, v)
		}
	}
	for column, values := range c.code {
		if v := values[i]; v != 0 {
			to[at] |= 1 << (len(c.wide) + column)
			to = binary.AppendUvarint(to, uint64(v))
		}
	}
	return to
}

// read appends a customer's rows to buffers, under a number, those of kinds that stay and of the time of a scan.
func (t *timelines) read(r *reader, in *buffers, customer, as uint32, stays []Kind) error {
	if customer > t.through {
		return nil
	}
	var ends [16]byte
	if _, err := t.file.ReadAt(ends[:], int64(timelinesHeader)+int64(customer)*8); err != nil {
		return err
	}
	from, to := binary.LittleEndian.Uint64(ends[:]), binary.LittleEndian.Uint64(ends[8:])
	if from == to {
		return nil
	}
	if to < from+4 || to-from > mostBody {
		return errTimelines
	}
	r.bytes = resize(r.bytes, int(to-from))
	if _, err := t.file.ReadAt(r.bytes, int64(from)); err != nil {
		return err
	}
	rows := r.bytes[:len(r.bytes)-4]
	if crc32.Checksum(rows, castagnoli) != binary.LittleEndian.Uint32(r.bytes[len(rows):]) {
		return errTimelines
	}
	latest := int64(1<<63 - 1)
	if r.later {
		latest = r.spec.AsOf
	}
	var ts int64
	for len(rows) > 0 {
		has := rows[0]
		var after, kind uint64
		if after, rows = uvarint(rows[1:]); rows == nil {
			return errTimelines
		}
		if kind, rows = uvarint(rows); rows == nil {
			return errTimelines
		}
		var values [len(wideColumns) + len(codeColumns)]uint64
		for column := range values {
			if has>>column&1 == 0 {
				continue
			}
			if values[column], rows = uvarint(rows); rows == nil {
				return errTimelines
			}
		}
		ts += int64(after)
		if kind >= uint64(len(stays)) || stays[kind] == noKind || ts > latest || r.spec.Since != 0 && ts < r.spec.Since {
			continue
		}
		in.customer, in.ts, in.kind = append(in.customer, as), append(in.ts, ts), append(in.kind, stays[kind])
		for i := range wideColumns {
			if r.spec.wide(i) {
				in.wide[i] = append(in.wide[i], int64(values[i]>>1)^-int64(values[i]&1))
			}
		}
		for i := range codeColumns {
			if r.spec.Columns&(ColumnProduct<<i) != 0 {
				in.code[i] = append(in.code[i], uint32(values[len(wideColumns)+i]))
			}
		}
		for i := range r.props { // what has properties is read elsewhere
			in.wide[len(wideColumns)+i] = append(in.wide[len(wideColumns)+i], r.props[i].none)
		}
	}
	return nil
}

// errTimelines says that the file does not hold what it should.
var errTimelines = errors.New("warehouse: the file of timelines is broken")

// uvarint takes a number off, giving nil where there is none.
func uvarint(from []byte) (uint64, []byte) {
	if len(from) > 0 && from[0] < 0x80 {
		return uint64(from[0]), from[1:]
	}
	v, n := binary.Uvarint(from)
	if n <= 0 {
		return 0, nil
	}
	return v, from[n:]
}

// readPicked is readFacts of picked customers where there are timelines: what these hold, then what they do not.
func (r *reader) readPicked(ctx context.Context) (ordered int, err error) {
	in, t := &r.raw, r.timelines
	if r.table == nil {
		r.makeTable()
	}
	stays := slices.Clone(r.table) // kinds that are read from the file: those of which no property is asked
	var with []string
	for code := range r.kinds {
		if slices.ContainsFunc(r.props, func(p propReader) bool { return p.codes[code] }) {
			stays[code] = noKind
			with = append(with, number(code))
		}
	}
	slices.Sort(with)
	var moved []uint32
	for at, n := range r.spec.Pick {
		if r.moved != nil && r.moved.Contains(n) {
			moved = append(moved, n)
			continue
		}
		if err := t.read(r, in, n, uint32(at), stays); err != nil {
			return 0, errors.Join(errTimelines, err)
		}
	}
	ordered = len(in.customer)
	first := "rowid < " + strconv.FormatInt(t.rows, 10)
	for _, part := range []struct {
		any       bool
		condition string
	}{
		{true, "rowid >= " + strconv.FormatInt(t.rows, 10)},
		{len(moved) > 0, first + " AND " + among(moved)},
		{len(with) > 0, first + " AND kind IN (" + strings.Join(with, ", ") + ")" + except(moved)},
	} {
		if !part.any {
			continue
		}
		if err := r.fill(ctx, 0, 0, part.condition, func(c *columns) error {
			in.take(r, c, 0, len(c.customer))
			return nil
		}); err != nil {
			return 0, err
		}
	}
	for i, c := range in.customer[ordered:] {
		in.customer[ordered+i] = r.place(c)
	}
	return ordered, nil
}

func except(customers []uint32) string {
	if len(customers) == 0 {
		return ""
	}
	return " AND customer NOT IN (" + list(customers) + ")"
}
