package warehouse

import "maps"

// places says whom rows of facts belong to where merges move no rows, and only a compaction puts them where they belong. A row was
// told of some number, its origin, and all rows of an origin lie at one number: itself, or where the last compaction put them. Never changed.
type places struct {
	into   map[uint32]uint32 // merges in force, as they were made
	placed map[uint32]uint32 // origin → where its rows lie, if elsewhere than at itself
	owner  map[uint32]uint32 // to whom everybody who went into another belongs now, through all merges
	apart  map[uint32]uint32 // origin → to whom its rows belong, where that is not where they lie
}

func newPlaces(into, placed map[uint32]uint32) *places {
	p := &places{into: into, placed: placed, owner: make(map[uint32]uint32, len(into)), apart: map[uint32]uint32{}}
	var way []uint32
	for n := range into {
		to := n
		way = way[:0]
		for range len(into) + 1 { // merges that run in a circle are nowhere made, and would end here
			next, gone := p.owner[to]
			if !gone {
				next, gone = into[to]
			}
			if !gone {
				break
			}
			way = append(way, to)
			to = next
		}
		for _, passed := range way {
			p.owner[passed] = to
		}
	}
	for n, to := range p.owner {
		if p.at(n) != to {
			p.apart[n] = to
		}
	}
	for n, at := range placed {
		if _, gone := p.owner[n]; !gone && at != n {
			p.apart[n] = n
		}
	}
	return p
}

// at is the number that rows of an origin lie at.
func (p *places) at(origin uint32) uint32 {
	if at, ok := p.placed[origin]; ok {
		return at
	}
	return origin
}

// of is whom rows of an origin belong to.
func (p *places) of(origin uint32) uint32 {
	if to, ok := p.owner[origin]; ok {
		return to
	}
	return origin
}

// origins are the numbers whose rows belong to one, itself among them if it went into nobody.
func (p *places) origins(n uint32) []uint32 {
	var out []uint32
	if p.of(n) == n {
		out = append(out, n)
	}
	for origin, to := range p.owner {
		if to == n {
			out = append(out, origin)
		}
	}
	return out
}

// after makes merges and splits in their order; tell is called with everybody they concern. What was merged already, or split already,
// changes nothing.
func (p *places) after(moves []move, tell func(...uint32)) *places {
	into := maps.Clone(p.into)
	changed := moves[:0:0]
	for _, m := range moves {
		if _, gone := into[m.away]; gone != m.split {
			continue
		}
		if m.split {
			delete(into, m.away)
		} else {
			into[m.away] = m.owner
		}
		changed = append(changed, m)
	}
	if len(changed) == 0 {
		return p
	}
	next := newPlaces(into, p.placed)
	for _, m := range changed {
		tell(m.away, m.owner, p.of(m.away), next.of(m.away), next.of(m.owner))
	}
	return next
}
