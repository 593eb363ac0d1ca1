package collect

import "strings"

// recent knows the people of keys that were seen lately, and how they arrived last. It holds at most twice its size: when
// the newer half is full, the older one is let go.
type recent struct {
	size       int
	generation uint64
	new, old   map[Key]uint32
	here, gone map[uint32]Touch
}

func newRecent(size int) *recent {
	r := &recent{size: size}
	r.clear()
	return r
}

func (r *recent) clear() {
	r.new, r.old = map[Key]uint32{}, nil
	r.here, r.gone = map[uint32]Touch{}, nil
}

// of forgets everything when keys have changed hands since.
func (r *recent) of(generation uint64) {
	if r.generation != generation {
		r.generation = generation
		r.clear()
	}
}

// all returns the number that all of the keys are known by; false when one is not known, or they differ.
func (r *recent) all(keys []Key) (number uint32, ok bool) {
	for _, k := range keys {
		n, ok := r.new[k]
		if !ok {
			if n, ok = r.old[k]; !ok {
				return 0, false
			}
			r.put(k, n)
		}
		if number != 0 && n != number {
			return 0, false
		}
		number = n
	}
	return number, number != 0
}

// keep remembers whose keys are.
func (r *recent) keep(keys []Key, number uint32) {
	for _, k := range keys {
		r.put(k, number)
	}
}

func (r *recent) put(k Key, number uint32) {
	if len(r.new) >= r.size {
		r.new, r.old = map[Key]uint32{}, r.new
	}
	r.new[Key{strings.Clone(k.Kind), strings.Clone(k.Value)}] = number
}

// touch returns how somebody arrived last, as far as it is known.
func (r *recent) touch(number uint32) (Touch, bool) {
	t, ok := r.here[number]
	if !ok {
		t, ok = r.gone[number]
	}
	return t, ok
}

// arrived remembers how somebody arrived.
func (r *recent) arrived(number uint32, t Touch) {
	if len(r.here) >= r.size/4 {
		r.here, r.gone = map[uint32]Touch{}, r.here
	}
	r.here[number] = t
}

// keysText is keys as one text.
func keysText(keys []Key) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.Kind)
		b.WriteByte(0)
		b.WriteString(k.Value)
		b.WriteByte(1)
	}
	return b.String()
}
