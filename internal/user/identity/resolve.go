package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// Resolve says whose sightings are, in their order: it makes customers and visitors, learns keys, profiles and attributes,
// merges those who turn out to be one person, and appends the facts of it; a handful of statements for thousands of
// sightings. refs[i] answers all[i] as things stand when all are told; a sighting without a usable key is nobody's: 0.
func (s *Service) Resolve(ctx context.Context, tx *store.Tx, all []Sighting, now time.Time) ([]customer.Ref, error) {
	if len(all) == 0 {
		return nil, nil
	}
	r := resolving{ctx: ctx, tx: tx, now: now.UTC().Truncate(time.Microsecond), to: map[uint32]uint32{}, made: map[uint32]bool{},
		dirty: map[uint32]bool{}, sides: map[uint32]*side{}, conflicts: map[string]*Conflict{}, devices: map[string]map[uint32]bool{},
		keyWrites: map[customer.Key]bool{}, traits: map[uint32]map[string]json.RawMessage{}, traitsDirty: map[uint32]bool{}}
	if err := r.read(all); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	refs := make([]customer.Ref, len(all))
	for i := range all {
		var err error
		if refs[i], err = r.sight(&all[i]); err != nil {
			return nil, fmt.Errorf("identity: %w", err)
		}
	}
	if err := s.write(&r); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	for i := range refs {
		refs[i].Number = r.final(refs[i].Number)
	}
	return refs, nil
}

// side is what deciding about a merge needs to know of a customer.
type side struct {
	single map[string]bool // kinds that the customer has a value of
	apart  map[uint32]bool // customers who are known to be others
}

type merging struct {
	from, to uint32
	source   string
	reason   string
}

// resolving is one call of Resolve.
type resolving struct {
	ctx   context.Context
	tx    *store.Tx
	now   time.Time
	rules Rules

	last, lastVisitor   int64 // numbers given so far
	given, givenVisitor int64 // at the beginning
	keys                map[customer.Key]*customer.KeyRow
	keyWrites           map[customer.Key]bool
	known               map[uint32]*customer.Customer
	sides               map[uint32]*side
	devices             map[string]map[uint32]bool // customers a device was seen with
	deviceRows          []deviceRow
	traits              map[uint32]map[string]json.RawMessage
	traitsDirty         map[uint32]bool

	made, dirty map[uint32]bool
	order       []uint32 // of those made and dirty, as it happened
	to          map[uint32]uint32
	visitors    []merging // visitors who became known
	merges      []merging // customers who are one
	conflicts   map[string]*Conflict
	claims      []claim
	moved       bool // a key that was seen before may be another's
}

type deviceRow struct {
	Value    string `db:"value"`
	Customer uint32 `db:"customer"`
}

type claim struct {
	Kind  string `db:"kind"`
	Value string `db:"value"`
	Claim string `db:"claim"`
	sight *Sighting
	owner uint32
}

// read takes the gate and fetches what the sightings speak of.
func (r *resolving) read(all []Sighting) (err error) {
	if r.last, err = gate(r.ctx, r.tx); err != nil {
		return err
	}
	r.given = r.last
	if r.rules, _, err = settings.Get(r.ctx, r.tx, SettingName, DefaultRules()); err != nil {
		return err
	}
	if r.lastVisitor, err = store.One[int64](r.ctx, r.tx, `SELECT COALESCE((SELECT value FROM counters WHERE name = 'visitor'), 0)`); err != nil {
		return err
	}
	r.givenVisitor = r.lastVisitor
	named := map[customer.Key]bool{}
	for i := range all {
		for _, k := range all[i].Keys {
			named[k] = true
		}
	}
	if r.keys, err = customer.KeyRows(r.ctx, r.tx, named); err != nil {
		return err
	}
	owners := map[uint32]bool{}
	for _, k := range r.keys {
		if k.Customer != 0 && k.Customer < customer.FirstVisitor {
			owners[k.Customer] = true
		}
	}
	if r.known, err = customer.Known(r.ctx, r.tx, sorted(owners)); err != nil {
		return err
	}
	return r.foresee(all)
}

func sorted(set map[uint32]bool) []uint32 {
	out := make([]uint32, 0, len(set))
	for n := range set {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// foresee fetches, all at once, what the decisions will probably need: the sides of sightings that bring something new
// together, the customers of devices that may move, and attributes that change.
func (r *resolving) foresee(all []Sighting) error {
	sides, traits, devices := map[uint32]bool{}, map[uint32]bool{}, map[string]bool{}
	for i := range all {
		var first uint32
		news, strong := false, 0
		for _, k := range customer.Strongest(all[i].Keys) {
			row := r.keys[k]
			switch {
			case customer.Strength(k.Kind) > 1:
				strong++
				if row == nil {
					news = news || single(k) != ""
				} else if first == 0 {
					first = row.Customer
				} else if row.Customer != first {
					news = true
				}
			case strong > 0 && row != nil && row.Customer != first && row.Customer != 0 && row.Customer < customer.FirstVisitor:
				devices[k.Value] = true
			case first == 0 && row != nil:
				first = row.Customer
			}
		}
		if news && strong > 1 {
			for _, k := range all[i].Keys {
				if row := r.keys[k]; row != nil && row.Customer != 0 && row.Customer < customer.FirstVisitor {
					sides[row.Customer] = true
				}
			}
		}
		if len(all[i].Traits) > 0 && first != 0 {
			traits[first] = true
		}
		for _, k := range all[i].Keys {
			if row := r.keys[k]; row != nil && row.Customer >= customer.FirstVisitor && len(all[i].Keys) > 1 {
				traits[row.Customer] = true
			}
		}
	}
	if err := r.loadSides(sorted(sides)); err != nil {
		return err
	}
	if err := r.loadTraits(sorted(traits)); err != nil {
		return err
	}
	return r.loadDevices(devices)
}

// loadSides fetches what deciding about customers needs, of those of whom it is not known yet.
func (r *resolving) loadSides(numbers []uint32) error {
	for part := range slices.Chunk(numbers, 5000) {
		for _, n := range part {
			r.sides[n] = &side{map[string]bool{}, map[uint32]bool{}}
		}
		var w store.Where
		store.In(&w, "customer", part)
		w.And("kind IN ('phone', 'unionid', 'user', 'card', 'openid')")
		err := store.Each(r.ctx, r.tx, `SELECT kind, value, customer FROM identity_keys`+w.SQL(), w.Args(), func(k customer.KeyRow) error {
			if row := r.keys[k.Key]; row == nil || row.Customer == k.Customer { // not unbound since
				r.sides[k.Customer].single[single(k.Key)] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
		type pair struct {
			A uint32 `db:"a"`
			B uint32 `db:"b"`
		}
		for _, column := range []string{"a", "b"} {
			var w store.Where
			store.In(&w, column, part)
			err := store.Each(r.ctx, r.tx, `SELECT a, b FROM identity_apart`+w.SQL(), w.Args(), func(p pair) error {
				if s := r.sides[p.A]; s != nil {
					s.apart[p.B] = true
				}
				if s := r.sides[p.B]; s != nil {
					s.apart[p.A] = true
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	// Keys learnt since the beginning are not stored yet.
	for _, n := range numbers {
		for k := range r.keyWrites {
			if row := r.keys[k]; row != nil && row.Customer == n && single(k) != "" {
				r.sides[n].single[single(k)] = true
			}
		}
	}
	return nil
}

func (r *resolving) side(n uint32) (*side, error) {
	if r.sides[n] == nil {
		if err := r.loadSides([]uint32{n}); err != nil {
			return nil, err
		}
	}
	return r.sides[n], nil
}

// final follows merges to who a number is now.
func (r *resolving) final(n uint32) uint32 {
	for r.to[n] != 0 {
		n = r.to[n]
	}
	return n
}

// owner returns whose a key is now; 0 for a key that is new.
func (r *resolving) owner(k customer.Key) uint32 {
	if row := r.keys[k]; row != nil {
		return r.final(row.Customer)
	}
	return 0
}
