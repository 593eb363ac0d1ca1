package collect

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
)

// period is how long an event is remembered at least; a generation of keys is that long, and two are looked into.
const period = 7 * 24 * time.Hour

// hash stands for an event: its source and its key.
type hash [16]byte

func hashOf(source, key string) hash {
	sum := sha256.Sum256([]byte(source + "\x00" + key))
	return hash(sum[:16])
}

// seen remembers which events were counted, how far the log was read and what is about to be published, in one file
// store of its own, so that all of it changes together. One process at a time has it open.
type seen struct {
	db       *pebble.DB
	cache    *pebble.Cache
	fresh    bool      // it was empty when it was opened
	position uint64    // of the last entry of the log that is done
	gen      uint32    // the generation that keys go into
	since    time.Time // when that generation began
	plan     map[hash]uint32
	pending  []byte     // what the dictionary has not stored
	columns  *columns   // values that sources brought
	filters  [2]*filter // of the keys of the generation, and of the one before
}

// Names of what is kept beside the keys, which begin with 'k'.
var (
	metaKey    = []byte("meta")
	planKey    = []byte("plan")
	pendingKey = []byte("dict")
)

type quietLogger struct{}

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}
func (quietLogger) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...)) // the store of keys cannot go on: the process ends and starts again from what is on disk
}

// openSeen opens the memory in a folder, with caches of some 30 MB in all.
func openSeen(dir string) (*seen, error) {
	s := &seen{cache: pebble.NewCache(12 << 20), plan: map[hash]uint32{}, filters: [2]*filter{{}, {}}, columns: newColumns()}
	options := &pebble.Options{
		Cache: s.cache, MemTableSize: 8 << 20, L0CompactionThreshold: 8, L0StopWritesThreshold: 24, // what is rarely read need not be in order soon
		MaxOpenFiles: 200, Logger: quietLogger{}, FormatMajorVersion: pebble.FormatNewest,
	}
	for i := range options.Levels {
		options.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		options.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression } // hashes
	}
	db, err := pebble.Open(dir, options)
	if err != nil {
		s.cache.Unref()
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	s.db = db
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", dir, err), s.close())
	}
	return s, nil
}

func (s *seen) close() error {
	err := s.db.Close()
	s.cache.Unref()
	return err
}

func (s *seen) get(key []byte) ([]byte, error) {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := append([]byte(nil), v...)
	return out, closer.Close()
}

func (s *seen) load() error {
	meta, err := s.get(metaKey)
	if err != nil {
		return err
	}
	switch len(meta) {
	case 0:
		s.fresh = true
	case 20:
		s.position, s.gen = binary.BigEndian.Uint64(meta), binary.BigEndian.Uint32(meta[8:])
		s.since = time.UnixMicro(int64(binary.BigEndian.Uint64(meta[12:]))).UTC()
	default:
		return errors.New("not a memory of events")
	}
	plan, err := s.get(planKey)
	if err != nil {
		return err
	}
	for ; len(plan) >= 20; plan = plan[20:] {
		s.plan[hash(plan[:16])] = binary.BigEndian.Uint32(plan[16:])
	}
	if s.pending, err = s.get(pendingKey); err != nil {
		return err
	}
	if err := s.each([]byte{'c'}, []byte{'c' + 1}, func(key []byte) bool { s.columns.learn(key); return true }); err != nil {
		return err
	}
	if err := s.fill(s.filters[0], s.gen); err != nil || s.gen < 2 {
		return err
	}
	return s.fill(s.filters[1], s.gen-1)
}

// fill puts the keys of a generation into its filter.
func (s *seen) fill(f *filter, gen uint32) error {
	return s.each(keyOf(gen, hash{}), keyOf(gen+1, hash{}), func(key []byte) bool {
		f.add(hash(key[5:]))
		return !f.full
	})
}

// each gives the keys between two, the second not among them, until fn says no.
func (s *seen) each(from, to []byte, fn func(key []byte) bool) error {
	keys, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	for ok := keys.First(); ok && fn(keys.Key()); ok = keys.Next() { //nolint:revive // all of it is in the condition
	}
	return errors.Join(keys.Error(), keys.Close())
}

func (s *seen) meta(position uint64) []byte {
	var b [20]byte
	binary.BigEndian.PutUint64(b[:], position)
	binary.BigEndian.PutUint32(b[8:], s.gen)
	binary.BigEndian.PutUint64(b[12:], uint64(s.since.UnixMicro()))
	return b[:]
}

func keyOf(gen uint32, h hash) []byte {
	var b [21]byte
	b[0] = 'k'
	binary.BigEndian.PutUint32(b[1:], gen)
	copy(b[5:], h[:])
	return b[:]
}

// has reports whether an event was counted in this generation or the one before.
func (s *seen) has(h hash) (bool, error) {
	for back, f := range s.filters {
		if !f.may(h) {
			continue
		}
		_, closer, err := s.db.Get(keyOf(s.gen-uint32(back), h))
		if err == nil {
			return true, closer.Close()
		}
		if !errors.Is(err, pebble.ErrNotFound) {
			return false, err
		}
	}
	return false, nil
}

func encodePlan(plan map[hash]uint32) []byte {
	out := make([]byte, 0, 20*len(plan))
	for h, n := range plan {
		out = binary.BigEndian.AppendUint32(append(out, h[:]...), n)
	}
	return out
}

// intend writes down whose the events are that are about to be published. After a crash those, and only those, may have
// been published, and are published again for the same people.
func (s *seen) intend(numbers map[hash]uint32) error {
	for h, n := range numbers {
		s.plan[h] = n
	}
	return s.db.Set(planKey, encodePlan(s.plan), pebble.Sync)
}

// commit remembers events as counted and the position after them, and what the dictionary has yet to store; all or
// nothing, and on disk.
func (s *seen) commit(counted []hash, position uint64, pending []byte, now time.Time) error {
	gen, since := s.gen, s.since
	if since.IsZero() || now.Sub(since) >= period {
		gen, since = gen+1, now
	}
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	if gen != s.gen && gen >= 2 {
		if err := b.DeleteRange(keyOf(0, hash{}), keyOf(gen-1, hash{}), nil); err != nil {
			return err
		}
	}
	old, oldSince := s.gen, s.since
	s.gen, s.since = gen, since
	left := make(map[hash]uint32, max(len(s.plan)-len(counted), 0))
	for h, n := range s.plan {
		left[h] = n
	}
	err := b.Set(metaKey, s.meta(position), nil)
	slices.SortFunc(counted, func(a, b hash) int { return bytes.Compare(a[:], b[:]) }) // neighbours are put in faster
	for _, h := range counted {
		delete(left, h)
		if err == nil {
			err = b.Set(keyOf(gen, h), nil, nil)
		}
	}
	for _, v := range s.columns.fresh {
		if err == nil {
			err = b.Set(v.key(), nil, nil)
		}
	}
	if err == nil {
		err = b.Set(planKey, encodePlan(left), nil)
	}
	if err == nil {
		err = b.Set(pendingKey, pending, nil)
	}
	if err == nil {
		err = b.Commit(pebble.Sync)
	}
	if err != nil {
		s.gen, s.since = old, oldSince
		return err
	}
	s.position, s.plan, s.pending, s.fresh = position, left, pending, false
	s.columns.fresh = s.columns.fresh[:0]
	if gen != old {
		s.filters = [2]*filter{{}, s.filters[0]}
	}
	for _, h := range counted {
		s.filters[0].add(h)
	}
	return nil
}

// settle remembers that the dictionary has nothing to store.
func (s *seen) settle() error {
	s.pending = nil
	return s.db.Set(pendingKey, nil, pebble.NoSync) // the store knows too
}

// bytes reports how much room the memory takes on disk, in bytes.
func (s *seen) bytes() uint64 { return s.db.Metrics().DiskSpaceUsage() }
