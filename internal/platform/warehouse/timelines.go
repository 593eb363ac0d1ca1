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

// The facts that the last compaction laid in order lie once more, person by person, in a file beside the warehouse's, Path+".timelines". DuckDB has to
// unpack columns of nearly all facts to find those of a thousand people who are everywhere, where one short read does; and a pass over everybody spent a
// third of its time in unpacking. What the file holds:
//
//	timelinesMagic, the mark of the compaction, how many rows it wrote, how many customer numbers there are, 0 included (uint64 each)
//	of every timelinesBlock customer numbers the place where their block begins, and the place where the last one ends (uint64 each)
//	the CRC-32C of all this (uint32)
//	the blocks: "" for customers without rows; else packed, see pack, the place of each one's first row, and of the end; kinds, instants, then the
//	wide and the code columns of the rows by customer and time; eight bytes that are 0; and the CRC-32C of the block (uint32)
//
// Numbers are little-endian. The columns are the first eight that a scan may ask for: no texts, so that nobody need be erased here. Customers whom facts
// moved to or from are not looked up in it, see moved; a file of another compaction is none.
const (
	timelinesMagic  = "huoshui facts 2\n"
	timelinesHeader = len(timelinesMagic) + 24
	timelinesBlock  = 32
	timelinesRead   = 1 << 20 // bytes that a pass reads at a time, or a block more
)

// timelines is the open file.
type timelines struct {
	file    *os.File
	mark    uint64 // of the compaction
	rows    int64  // the first rows of facts are in it
	through uint32
	places  []uint64 // of the blocks
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
	people := binary.LittleEndian.Uint64(rest[16:])
	if string(head[:len(timelinesMagic)]) != timelinesMagic || binary.LittleEndian.Uint64(rest) != t.mark || binary.LittleEndian.Uint64(rest[8:]) != uint64(t.rows) ||
		people == 0 || people > 1<<31 {
		return false
	}
	t.through = uint32(people - 1)
	head = slices.Concat(head, make([]byte, t.blocks()*8+12))
	if _, err := t.file.ReadAt(head[timelinesHeader:], int64(timelinesHeader)); err != nil {
		return false
	}
	end := len(head) - 4
	t.places = make([]uint64, t.blocks()+1)
	for i := range t.places {
		t.places[i] = binary.LittleEndian.Uint64(head[timelinesHeader+i*8:])
	}
	return binary.LittleEndian.Uint32(head[end:]) == crc32.Checksum(head[:end], castagnoli)
}

// blocks is how many there are.
func (t *timelines) blocks() int { return int(t.through/timelinesBlock) + 1 }

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
	start := uint64(timelinesHeader + (t.blocks()+1)*8 + 4)
	out := bufio.NewWriterSize(io.NewOffsetWriter(t.file, int64(start)), 1<<20)
	t.places = append(make([]uint64, 0, t.blocks()+1), start)
	var rows columns // of the block that is gathered
	var body []byte
	finish := func(through uint32) error { // the blocks up to that of a customer, but for this one
		for uint32(len(t.places)-1) < through/timelinesBlock {
			body = rows.body(body[:0], uint32(len(t.places)-1)*timelinesBlock)
			rows.keep(0)
			if _, err := out.Write(body); err != nil {
				return err
			}
			t.places = append(t.places, t.places[len(t.places)-1]+uint64(len(body)))
		}
		return nil
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
			if order.of(&c, i, i+1) == i {
				return errDisorder
			}
			if err := finish(n); err != nil {
				return err
			}
			rows.add(&c, i)
		}
		return nil
	})
	if err := errors.Join(err, finish(uint32(t.blocks())*timelinesBlock), out.Flush()); err != nil {
		return err
	}
	head := binary.LittleEndian.AppendUint64([]byte(timelinesMagic), t.mark)
	head = binary.LittleEndian.AppendUint64(head, uint64(t.rows))
	head = binary.LittleEndian.AppendUint64(head, uint64(t.through)+1)
	for _, at := range t.places {
		head = binary.LittleEndian.AppendUint64(head, at)
	}
	if _, err := t.file.WriteAt(binary.LittleEndian.AppendUint32(head, crc32.Checksum(head, castagnoli)), 0); err != nil {
		return err
	}
	return t.file.Sync()
}

// add appends a row of others.
func (c *columns) add(from *columns, i int) {
	c.customer, c.ts, c.kind = append(c.customer, from.customer[i]), append(c.ts, from.ts[i]), append(c.kind, from.kind[i])
	for column := range c.wide {
		c.wide[column] = append(c.wide[column], from.wide[column][i])
	}
	for column := range c.code {
		c.code[column] = append(c.code[column], from.code[column][i])
	}
}

// keep drops all rows but the first n.
func (c *columns) keep(n int) {
	c.customer, c.ts, c.kind = c.customer[:n], c.ts[:n], c.kind[:n]
	for column, values := range c.wide {
		c.wide[column] = values[:min(n, len(values))]
	}
	for column, values := range c.code {
		c.code[column] = values[:min(n, len(values))]
	}
}

// body appends the block of rows, which belong to customers from a number on.
func (c *columns) body(out []byte, first uint32) []byte {
	if len(c.customer) == 0 {
		return out
	}
	var starts [timelinesBlock + 1]int32
	for _, n := range c.customer {
		starts[n-first+1]++
	}
	for i := range timelinesBlock {
		starts[i+1] += starts[i]
	}
	out = pack(pack(pack(out, starts[:]), c.kind), c.ts)
	for _, values := range c.wide {
		out = pack(out, values)
	}
	for _, values := range c.code {
		out = pack(out, values)
	}
	out = append(out, make([]byte, 8)...)
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
}

// unpack appends the rows of some customers, those of a block from place from to before place to, in the columns that a scan asks for.
func (c *columns) unpack(spec *ScanSpec, body []byte, first uint32, from, to int) error {
	if len(body) < 12 || crc32.Checksum(body[:len(body)-4], castagnoli) != binary.LittleEndian.Uint32(body[len(body)-4:]) {
		return errTimelines
	}
	in := unpacking{rest: body[:len(body)-4]}
	var starts [timelinesBlock + 1]int32
	unpack(&in, starts[:])
	n := int(starts[timelinesBlock])
	for i := range timelinesBlock {
		in.bad = in.bad || starts[i] < 0 || starts[i] > starts[i+1]
	}
	if in.bad {
		return errTimelines
	}
	for at := from; at < to; at++ {
		for range starts[at+1] - starts[at] {
			c.customer = append(c.customer, first+uint32(at))
		}
	}
	low, high := int(starts[from]), int(starts[to])
	c.kind = appendPacked(&in, n, c.kind, low, high)
	c.ts = appendPacked(&in, n, c.ts, low, high)
	for i := range c.wide {
		if spec.wide(i) {
			c.wide[i] = appendPacked(&in, n, c.wide[i], low, high)
		} else {
			in.column(n)
		}
	}
	for i := range c.code {
		if spec.Columns&(ColumnProduct<<i) != 0 {
			c.code[i] = appendPacked(&in, n, c.code[i], low, high)
		} else {
			in.column(n)
		}
	}
	if in.bad {
		return errTimelines
	}
	return nil
}

// each gives the rows of customers from … to−1, a million bytes at a time, those whose kind or time a scan does not ask for as of kind 0.
func (t *timelines) each(r *reader, from, to uint32, fn func(*columns) error) error {
	to = min(to, t.through+1)
	c := &r.kept
	for from < to {
		block := from / timelinesBlock
		last := block + 1
		for last*timelinesBlock < to && t.places[last]-t.places[block] < timelinesRead {
			last++
		}
		if err := t.load(r, block, last); err != nil {
			return err
		}
		c.keep(0)
		for ; block < last && from < to; block++ {
			first, end := block*timelinesBlock, min(to, (block+1)*timelinesBlock)
			if body := t.body(r, block); len(body) > 0 {
				if err := c.unpack(&r.spec, body, first, int(from-first), int(end-first)); err != nil {
					return err
				}
			}
			from = end
		}
		r.only(c)
		if err := fn(c); err != nil {
			return err
		}
	}
	return nil
}

// load reads the blocks first … last−1.
func (t *timelines) load(r *reader, first, last uint32) error {
	from, to := t.places[first], t.places[last]
	if to < from || to-from > mostBody {
		return errTimelines
	}
	r.bytes, r.loaded = resize(r.bytes, int(to-from)), from
	if _, err := t.file.ReadAt(r.bytes, int64(from)); err != nil {
		return errors.Join(errTimelines, err)
	}
	return nil
}

// body is a block that is loaded.
func (t *timelines) body(r *reader, block uint32) []byte {
	return r.bytes[t.places[block]-r.loaded : t.places[block+1]-r.loaded]
}

// only makes rows that a scan does not ask for such of kind 0, which is none's.
func (r *reader) only(c *columns) {
	for i, kind := range c.kind {
		if kind >= uint32(len(r.table)) {
			c.kind[i] = 0
		}
	}
	if !r.later && r.spec.Since == 0 {
		return
	}
	for i, ts := range c.ts {
		if r.later && ts > r.spec.AsOf || r.spec.Since != 0 && ts < r.spec.Since {
			c.kind[i] = 0
		}
	}
}

// read appends a customer's rows to buffers, under a number, those of kinds that stay and of the time of a scan.
func (t *timelines) read(r *reader, in *buffers, customer, as uint32, stays []Kind) error {
	if customer > t.through {
		return nil
	}
	block := customer / timelinesBlock
	if t.places[block] == t.places[block+1] {
		return nil
	}
	if err := t.load(r, block, block+1); err != nil {
		return err
	}
	c, at := &r.kept, int(customer%timelinesBlock)
	c.keep(0)
	if err := c.unpack(&r.spec, t.body(r, block), customer-uint32(at), at, at+1); err != nil {
		return err
	}
	r.only(c)
	for i, kind := range c.kind {
		if stays[kind] == noKind {
			continue
		}
		in.customer, in.ts, in.kind = append(in.customer, as), append(in.ts, c.ts[i]), append(in.kind, stays[kind])
		for column := range c.wide {
			if r.spec.wide(column) {
				in.wide[column] = append(in.wide[column], c.wide[column][i])
			}
		}
		for column := range c.code {
			if r.spec.Columns&(ColumnProduct<<column) != 0 {
				in.code[column] = append(in.code[column], c.code[column][i])
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

// readPicked is readFacts of picked customers where there are timelines: what these hold, then what they do not.
func (r *reader) readPicked(ctx context.Context) (ordered int, err error) {
	in, t := &r.raw, r.timelines
	r.makeTable()
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
			return 0, err
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
