package warehouse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
)

// The state is kept in a chunk for every 65,536 customer numbers, in which each column lies packed: what it costs to have an
// engine lay out ten columns of a million rows is much more than what there is to write.
const (
	stateChunk   = 1 << 16
	mostBody     = 1 << 28 // bytes of a body, by far
	stateVersion = 2       // the first byte of a body; the refresh that follows a start replaces a state of another version
)

// SaveState replaces the state that is kept, all at once.
func (w *Warehouse) SaveState(ctx context.Context, s *State) error {
	w.write.Lock()
	defer w.write.Unlock()
	if err := w.engine.saveState(ctx, s.AsOf, (len(s.Present)+stateChunk-1)/stateChunk, s.chunk); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

// chunk appends the body of a chunk; nil stands for one without anybody. It may be called by many at once.
func (s *State) chunk(chunk int, out []byte) []byte {
	from, to := chunk*stateChunk, min((chunk+1)*stateChunk, len(s.Present))
	if !slices.Contains(s.Present[from:to], true) {
		return nil
	}
	return s.body(out, from, to)
}

// LoadState reads back the state that was saved last. Who has ceased to be a customer since is nobody in it.
func (w *Warehouse) LoadState(ctx context.Context) (*State, error) {
	s := NewState(w.Watermark().Through, 0)
	err := w.engine.loadState(ctx, func(chunk uint32, asOf int64, body []byte) error {
		s.AsOf = asOf
		if len(body) > 0 && body[0] < stateVersion {
			return nil // nobody is known until the refresh
		}
		if err := s.take(int(chunk)*stateChunk, body); err != nil {
			return fmt.Errorf("chunk %d: %w", chunk, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	var mu sync.Mutex
	_, err = w.Scan(ctx, ScanSpec{Flags: true, AsOf: s.AsOf, To: s.Through() + 1}, func(_ int, b *Block) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range b.People {
			if b.People[i].Gone() {
				s.forget(b.From + uint32(i))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	return s, nil
}

// body appends the state of customers from … to−1: the version, how many they are, the lists of codes, the columns.
func (s *State) body(out []byte, from, to int) []byte {
	out = slices.Grow(out, 40*(to-from)+1024)
	out = binary.AppendUvarint(append(out, stateVersion), uint64(to-from))
	for _, list := range s.lists() {
		out = binary.AppendUvarint(out, uint64(len(*list)))
		for _, text := range *list {
			out = append(binary.AppendUvarint(out, uint64(len(text))), text...)
		}
	}
	present := make([]uint8, to-from)
	for i, here := range s.Present[from:to] {
		if here {
			present[i] = 1
		}
	}
	out = pack(out, present)
	for _, column := range s.bytes() {
		out = pack(out, (*column)[from:to])
	}
	out = pack(out, s.Reason[from:to])
	for _, column := range s.ints() {
		out = pack(out, (*column)[from:to])
	}
	for _, column := range s.wides() {
		out = pack(out, (*column)[from:to])
	}
	if s.Heat != nil {
		out = pack(out, s.Heat[from:to])
	}
	return append(out, make([]byte, 8)...) // unpack reads eight bytes at a time
}

var errBody = errors.New("the body of a chunk is damaged")

// take reads a body into the cells from a number on, making room for them.
func (s *State) take(from int, body []byte) error {
	if len(body) < 9 || body[0] != stateVersion {
		return errBody
	}
	in := unpacking{rest: body[1:]}
	n := int(min(in.uvarint(), stateChunk))
	for _, list := range s.lists() {
		*list = make([]string, min(in.uvarint(), 1<<16))
		for i := range *list {
			(*list)[i] = in.text()
		}
	}
	if in.bad {
		return errBody
	}
	if more := from + n - len(s.Present); more > 0 {
		s.grow(more)
	}
	to := from + n
	present := make([]uint8, n)
	unpack(&in, present)
	for i, here := range present {
		s.Present[from+i] = here != 0
	}
	for _, column := range s.bytes() {
		unpack(&in, (*column)[from:to])
	}
	unpack(&in, s.Reason[from:to])
	for _, column := range s.ints() {
		unpack(&in, (*column)[from:to])
	}
	for _, column := range s.wides() {
		unpack(&in, (*column)[from:to])
	}
	if len(in.rest) > 8 {
		if s.Heat == nil {
			s.Heat = make([]uint16, len(s.Present))
		}
		unpack(&in, s.Heat[from:to])
	}
	if in.bad {
		return errBody
	}
	return nil
}

// integer is what a column holds.
type integer interface {
	~uint8 | ~uint16 | ~uint32 | ~int32 | ~int64
}

// pack appends a column: how many bytes a value takes, the least value, and how far every value is from it.
func pack[T integer](out []byte, values []T) []byte {
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	base := uint64(int64(least))
	width := (bits.Len64(uint64(int64(most))-base) + 7) / 8
	out = binary.LittleEndian.AppendUint64(append(out, byte(width)), base)
	if width == 0 {
		return out
	}
	at := len(out)
	out = slices.Grow(out, width*len(values)+8)[:at+width*len(values)+8]
	for _, v := range values {
		binary.LittleEndian.PutUint64(out[at:], uint64(int64(v))-base)
		at += width
	}
	return out[:at]
}

// unpacking is what is left of a body; bad says that it ended too early.
type unpacking struct {
	rest []byte
	bad  bool
}

func (in *unpacking) uvarint() uint64 {
	v, n := binary.Uvarint(in.rest)
	if n <= 0 {
		in.bad = true
		return 0
	}
	in.rest = in.rest[n:]
	return v
}

func (in *unpacking) text() string {
	n := in.uvarint()
	if n > uint64(len(in.rest)) {
		in.bad = true
		return ""
	}
	text := string(in.rest[:n])
	in.rest = in.rest[n:]
	return text
}

// packed is a column that pack wrote, and more bytes.
type packed struct {
	width int
	base  uint64
	bytes []byte
}

// column takes off a column of n values; eight bytes more must follow.
func (in *unpacking) column(n int) packed {
	if len(in.rest) < 9 || in.rest[0] > 8 || len(in.rest) < 9+int(in.rest[0])*n+8 {
		in.bad = true
	}
	if in.bad {
		return packed{}
	}
	p := packed{int(in.rest[0]), binary.LittleEndian.Uint64(in.rest[1:]), in.rest[9:]}
	in.rest = p.bytes[p.width*n:]
	return p
}

// unpack reads a column that pack wrote.
func unpack[T integer](in *unpacking, values []T) {
	if p := in.column(len(values)); !in.bad {
		unfold(p, 0, values)
	}
}

// appendPacked takes off a column of n values and appends those from place from to before place to.
func appendPacked[T integer](in *unpacking, n int, values []T, from, to int) []T {
	p := in.column(n)
	if in.bad {
		return values
	}
	at := len(values)
	values = slices.Grow(values, to-from)[:at+to-from]
	unfold(p, from, values[at:])
	return values
}

// unfold gives the values of a column from a place on.
func unfold[T integer](p packed, from int, values []T) {
	switch p.width {
	case 0:
		for i := range values {
			values[i] = T(p.base)
		}
	case 1:
		for i, v := range p.bytes[from : from+len(values)] {
			values[i] = T(p.base + uint64(v))
		}
	default:
		mask := uint64(1)<<(8*p.width) - 1 // all ones for eight bytes, as shifting by 64 gives 0
		rest := p.bytes[from*p.width:]
		for i := range values {
			values[i] = T(p.base + binary.LittleEndian.Uint64(rest)&mask)
			rest = rest[p.width:]
		}
	}
}
