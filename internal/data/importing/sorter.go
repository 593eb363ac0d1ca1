package importing

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// sorter orders records by key with a bounded amount of memory: full buffers are sorted and spilled to files, which are
// merged at the end.
type sorter struct {
	dir   string
	limit int // bytes of records held in memory
	arena []byte
	recs  []span
	runs  []string
}

// span is where a record lies in the arena.
type span struct{ at, key, value uint32 }

func newSorter(dir string, limit int) *sorter { return &sorter{dir: dir, limit: limit} }

func (s *sorter) key(r span) []byte   { return s.arena[r.at : r.at+r.key] }
func (s *sorter) value(r span) []byte { return s.arena[r.at+r.key : r.at+r.key+r.value] }

// add takes a record; key and value are copied.
func (s *sorter) add(key, value []byte) error {
	if len(s.arena)+len(key)+len(value)+len(s.recs)*12 > s.limit && len(s.recs) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.recs = append(s.recs, span{uint32(len(s.arena)), uint32(len(key)), uint32(len(value))})
	s.arena = append(append(s.arena, key...), value...)
	return nil
}

func (s *sorter) sort() {
	slices.SortFunc(s.recs, func(a, b span) int { return bytes.Compare(s.key(a), s.key(b)) })
}

func (s *sorter) spill() (err error) {
	s.sort()
	path := filepath.Join(s.dir, fmt.Sprintf("run-%04d", len(s.runs)))
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 256<<10)
	var head [2 * binary.MaxVarintLen64]byte
	for _, r := range s.recs {
		n := binary.PutUvarint(head[:], uint64(r.key))
		n += binary.PutUvarint(head[n:], uint64(r.value))
		if _, err := w.Write(head[:n]); err != nil {
			return err
		}
		if _, err := w.Write(s.arena[r.at : r.at+r.key+r.value]); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	s.runs = append(s.runs, path)
	s.arena, s.recs = s.arena[:0], s.recs[:0]
	return nil
}

// each calls fn with every record in the order of keys. The slices are valid during the call.
func (s *sorter) each(fn func(key, value []byte) error) (err error) {
	s.sort()
	if len(s.runs) == 0 {
		for _, r := range s.recs {
			if err := fn(s.key(r), s.value(r)); err != nil {
				return err
			}
		}
		return nil
	}
	merge := merging{}
	defer func() {
		for _, c := range merge {
			err = errors.Join(err, c.close())
		}
	}()
	for i, path := range s.runs {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("sort: %w", err)
		}
		c := &runCursor{order: i, in: bufio.NewReaderSize(f, 128<<10), close: f.Close}
		merge = append(merge, c)
		if err := c.next(); err != nil {
			return err
		}
	}
	memory := &runCursor{order: len(s.runs), memory: s, close: func() error { return nil }}
	merge = append(merge, memory)
	if err := memory.next(); err != nil {
		return err
	}
	heap.Init(&merge)
	for len(merge) > 0 {
		c := merge[0]
		if c.done {
			heap.Pop(&merge)
			if err := c.close(); err != nil {
				return err
			}
			continue
		}
		if err := fn(c.k, c.v); err != nil {
			return err
		}
		if err := c.next(); err != nil {
			return err
		}
		heap.Fix(&merge, 0)
	}
	return nil
}

// drop removes what was spilled.
func (s *sorter) drop() error {
	var all error
	for _, path := range s.runs {
		all = errors.Join(all, os.Remove(path))
	}
	s.runs = nil
	return all
}

// runCursor stands on one record of a run, or of the records still in memory.
type runCursor struct {
	order  int
	in     *bufio.Reader
	memory *sorter
	at     int
	k, v   []byte
	done   bool
	close  func() error
}

func (c *runCursor) next() error {
	if c.memory != nil {
		if c.done = c.at == len(c.memory.recs); !c.done {
			r := c.memory.recs[c.at]
			c.k, c.v = c.memory.key(r), c.memory.value(r)
			c.at++
		}
		return nil
	}
	nk, err := binary.ReadUvarint(c.in)
	if errors.Is(err, io.EOF) {
		c.done = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	nv, err := binary.ReadUvarint(c.in)
	if err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	c.k, c.v = slices.Grow(c.k[:0], int(nk))[:nk], slices.Grow(c.v[:0], int(nv))[:nv]
	if _, err := io.ReadFull(c.in, c.k); err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	if _, err := io.ReadFull(c.in, c.v); err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	return nil
}

// merging is a heap of cursors, the least key first; runs that are through come first of all.
type merging []*runCursor

func (m merging) Len() int { return len(m) }
func (m merging) Less(i, j int) bool {
	a, b := m[i], m[j]
	if a.done || b.done {
		return a.done && !b.done
	}
	if c := bytes.Compare(a.k, b.k); c != 0 {
		return c < 0
	}
	return a.order < b.order
}
func (m merging) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *merging) Push(x any)   { *m = append(*m, x.(*runCursor)) }
func (m *merging) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// encode writes an entry for the sorter; decode reads it back.
func (e *entry) encode(b []byte) []byte {
	for _, s := range e.texts() {
		b = binary.AppendUvarint(b, uint64(len(*s)))
		b = append(b, *s...)
	}
	for _, n := range e.numbers() {
		b = binary.AppendVarint(b, *n)
	}
	if e.refund {
		return append(b, 1)
	}
	return append(b, 0)
}

func (e *entry) decode(b []byte) error {
	bad := errors.New("sort: a record is damaged")
	text := string(b)
	rest := b
	for _, s := range e.texts() {
		n, size := binary.Uvarint(rest)
		if size <= 0 || uint64(len(rest)-size) < n {
			return bad
		}
		from := len(b) - len(rest) + size
		*s = text[from : from+int(n)]
		rest = rest[size+int(n):]
	}
	for _, v := range e.numbers() {
		n, size := binary.Varint(rest)
		if size <= 0 {
			return bad
		}
		*v, rest = n, rest[size:]
	}
	if len(rest) != 1 {
		return bad
	}
	e.refund = rest[0] == 1
	return nil
}

func (e *entry) texts() [19]*string {
	return [19]*string{&e.order, &e.lineID, &e.external, &e.phone, &e.email, &e.card, &e.name, &e.gender, &e.birthday, &e.province, &e.city,
		&e.store, &e.level, &e.zone, &e.source, &e.product, &e.productName, &e.category, &e.consents}
}

func (e *entry) numbers() [7]*int64 {
	return [7]*int64{&e.line, &e.at, &e.quantity, &e.amount, &e.orderAmount, &e.refunded, &e.registered}
}

// Sort keys: purchases by order, then refunds by time, each by line. The first byte tells them apart.
const (
	keyPurchase = '0'
	keyRefund   = '1'
)

// sortKey appends the entry's key; the group is what must be settled together.
func (e *entry) sortKey(b []byte, target string) []byte {
	switch {
	case target == TargetCustomers:
		b = append(b, keyPurchase)
	case e.refund:
		b = append(b, keyRefund)
		b = binary.BigEndian.AppendUint64(b, uint64(e.at)+1<<63)
	default:
		b = append(b, keyPurchase)
		b = append(b, e.order...)
		b = append(b, 0)
	}
	return binary.BigEndian.AppendUint64(b, uint64(e.line))
}
