package audience

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/warehouse"
)

// cache holds the answers to leaves with the version of the warehouse they were read at, and who changed since.
type cache struct {
	limit int // bytes
	used  int
	turn  uint64
	held  map[heldKey]*held

	universe   *roaring.Bitmap
	universeAt uint64

	base    uint64   // changes tell everybody who changed after this version
	changes []change // by version, ascending
}

type heldKey struct {
	leaf  string
	bound int64
}

type held struct {
	people  *roaring.Bitmap
	version uint64
	size    int
	used    uint64 // turn it was last asked for

	asOf int64      // of a timed leaf: the instant it was answered for
	dues []deadline // and when that will be out of date for whom, soonest first
}

// overdue is for whom the answer is out of date at an instant.
func (h *held) overdue(asOf int64) []deadline {
	n, _ := slices.BinarySearchFunc(h.dues, asOf+1, func(d deadline, at int64) int { return cmp.Compare(d.at, at) })
	return h.dues[:n]
}

// change is who changed in the commits after the version before it, up to and including version.
type change struct {
	version uint64
	people  *roaring.Bitmap
}

const (
	keepChanges = 256
	// an answer is renewed person by person when fewer than one in this many changed
	dirtyShare = 20
)

// dirty notes who changed. A commit that does not say who makes every older answer useless.
func (c *cache) dirty(what warehouse.Change) {
	if what.Customers == nil {
		c.changes, c.base = nil, what.Mark.Version
		return
	}
	people := roaring.BitmapOf(what.Customers...)
	c.changes = append(c.changes, change{what.Mark.Version, people})
	if len(c.changes) > keepChanges { // the two oldest become one
		c.changes[1].people.Or(c.changes[0].people)
		c.changes = slices.Delete(c.changes, 0, 1)
	}
}

// since returns who changed after a version up to now; nil when that is not known.
func (c *cache) since(version uint64, mark warehouse.Watermark) *roaring.Bitmap {
	if version < c.base || len(c.changes) == 0 || c.changes[len(c.changes)-1].version != mark.Version {
		return nil
	}
	out := roaring.New()
	for _, ch := range c.changes {
		if ch.version > version { // a merged change may name more people than needed, never fewer
			out.Or(ch.people)
		}
	}
	return out
}

// looked is what the cache has of the leaves that are wanted.
type looked struct {
	fresh    map[string]*roaring.Bitmap
	missing  []*leaf
	stale    []staleLeaf
	dirty    *roaring.Bitmap // who changed since the oldest of stale and the universe; nil when all is fresh
	universe *roaring.Bitmap // nil when it must be read whole
}

type staleLeaf struct {
	leaf *leaf
	*held
}

func (c *cache) look(wanted map[string]*leaf, asOf, bound int64, mark warehouse.Watermark) looked {
	c.turn++
	out := looked{fresh: map[string]*roaring.Bitmap{}}
	oldest := mark.Version
	var old []staleLeaf
	overdue := roaring.New()
	for key, l := range wanted {
		h := c.held[heldKey{key, bound}]
		switch {
		case h == nil || l.timed() && h.asOf > asOf:
			out.missing = append(out.missing, l)
			continue
		case h.version == mark.Version && len(h.overdue(asOf)) == 0:
			out.fresh[key] = h.people
		default:
			oldest = min(oldest, h.version)
			old = append(old, staleLeaf{l, h})
			for _, d := range h.overdue(asOf) {
				overdue.Add(d.customer)
			}
		}
		h.used = c.turn
	}
	out.universe = c.universe
	if c.universe != nil {
		oldest = min(oldest, c.universeAt)
	}
	if oldest == mark.Version && overdue.IsEmpty() || c.universe == nil && len(old) == 0 {
		return out
	}
	dirty := roaring.New()
	if oldest != mark.Version {
		dirty = c.since(oldest, mark)
	}
	if dirty != nil {
		dirty.Or(overdue)
	}
	if dirty == nil || dirty.GetCardinality()*dirtyShare > uint64(mark.Through)+1000 {
		for _, s := range old {
			out.missing = append(out.missing, s.leaf)
		}
		if c.universeAt != mark.Version {
			out.universe = nil
		}
		return out
	}
	out.stale, out.dirty = old, dirty
	return out
}

func (c *cache) put(key string, bound int64, h *held) {
	if c.held == nil {
		c.held = map[heldKey]*held{}
	}
	k := heldKey{key, bound}
	if h := c.held[k]; h != nil {
		c.used -= h.size
	}
	slices.SortFunc(h.dues, func(a, b deadline) int { return cmp.Compare(a.at, b.at) })
	h.size, h.used = int(h.people.GetSizeInBytes())+16*len(h.dues)+200, c.turn
	c.held[k] = h
	c.used += h.size
	for c.used > c.limit && len(c.held) > 1 {
		c.drop()
	}
}

// drop forgets the answers not asked for longest, an eighth of them at a time.
func (c *cache) drop() {
	turns := make([]uint64, 0, len(c.held))
	for _, h := range c.held {
		turns = append(turns, h.used)
	}
	slices.Sort(turns)
	until := turns[len(turns)/8]
	n := 0
	for k, h := range c.held {
		if h.used <= until && n <= len(turns)/8 {
			c.used -= h.size
			delete(c.held, k)
			n++
		}
	}
}
