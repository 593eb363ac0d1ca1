package collect

import (
	"encoding/binary"
	"math"
)

// filter answers, for nearly all events that were never seen, that they were not, without looking at the disk: a Bloom
// filter whose bits of one key lie in one line of the processor's cache. It grows in steps with what is put in; what is
// beyond the last step it knows nothing of, and everything may have been seen then.
type filter struct {
	steps []step
	full  bool
}

type step struct {
	blocks [][8]uint64
	room   int // keys that may still be put in
}

const (
	filterBits  = 6       // of a key
	filterRoom  = 12      // bits that there are for one key: one in some 150 is taken for seen, and looked for
	filterFirst = 1 << 14 // blocks of 64 bytes of the first step; every step has four times those of the one before
	filterSteps = 3       // 21 MB in all: 14 million events
)

func (f *filter) add(h hash) {
	if f.full {
		return
	}
	if n := len(f.steps); n == 0 || f.steps[n-1].room == 0 {
		if n == filterSteps {
			*f = filter{full: true}
			return
		}
		blocks := filterFirst << (2 * n)
		f.steps = append(f.steps, step{blocks: make([][8]uint64, blocks), room: blocks * 512 / filterRoom})
	}
	s := &f.steps[len(f.steps)-1]
	s.room--
	block, bits := s.at(h)
	for range filterBits {
		block[bits>>6&7] |= 1 << (bits & 63)
		bits >>= 9
	}
}

// may reports whether a key may have been put in; false is certain.
func (f *filter) may(h hash) bool {
	if f.full {
		return true
	}
	for i := range f.steps {
		block, bits := f.steps[i].at(h)
		there := uint64(math.MaxUint64)
		for range filterBits {
			there &= block[bits>>6&7] >> (bits & 63)
			bits >>= 9
		}
		if there&1 != 0 {
			return true
		}
	}
	return false
}

// at is the block of a key, and where its bits are in it, nine bits each. A hash is random, so its parts are.
func (s *step) at(h hash) (*[8]uint64, uint64) {
	return &s.blocks[binary.LittleEndian.Uint64(h[:])%uint64(len(s.blocks))], binary.LittleEndian.Uint64(h[8:])
}
