package identity

import (
	"encoding/json"
	"fmt"
	"time"

	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// sight takes in one sighting.
func (r *resolving) sight(s *Sighting) (ref customer.Ref, err error) {
	if s.At.IsZero() {
		s.At = r.now
	}
	s.At = s.At.UTC().Truncate(time.Microsecond)
	if s.Unbind {
		return r.unbind(s), nil
	}
	var strong, devices []customer.Key
	for _, k := range customer.Strongest(s.Keys) {
		row := r.keys[k]
		switch {
		case customer.Strength(k.Kind) == 0 || k.Value == "" || row != nil && row.State != "":
		case k.Kind == customer.KeyDevice:
			devices = append(devices, k)
		default:
			strong = append(strong, k)
		}
	}
	switch {
	case len(strong) > 0:
		ref, err = r.person(s, strong, devices)
	case len(devices) > 0:
		ref.Number, err = r.visitor(s, devices)
	default:
		return ref, nil
	}
	if err != nil {
		return ref, err
	}
	for _, k := range append(strong, devices...) {
		if row := r.keys[k]; row != nil && s.At.Sub(row.SeenAt) >= 24*time.Hour {
			row.SeenAt = s.At
			r.keyWrites[k] = true
		}
	}
	return ref, r.applyTraits(ref.Number, s.Traits)
}

// person finds or makes the customer that strong keys name; devices follow.
func (r *resolving) person(s *Sighting, strong, devices []customer.Key) (ref customer.Ref, err error) {
	if ref, err = r.decide(s, strong); err != nil {
		return ref, err
	}
	if ref.Number == 0 {
		ref.Number, ref.Created = r.newCustomer(), true
	}
	n := ref.Number
	mine := s.Person
	mine.Keys = nil
	for _, k := range strong {
		switch r.owner(k) {
		case n:
			mine.Keys = append(mine.Keys, k)
		case 0:
			if account(k.Kind) {
				side, err := r.side(n)
				if err != nil {
					return ref, err
				}
				if side.single[single(k)] {
					ref.Conflict = true
					r.claim(s, n, strong, k)
					continue
				}
			}
			r.learnKey(k, n, s)
			mine.Keys = append(mine.Keys, k)
			ref.Changed = !ref.Created
		}
	}
	for _, d := range devices {
		if err := r.device(s, d, n); err != nil {
			return ref, err
		}
	}
	c := r.known[n]
	if c == nil {
		return ref, fmt.Errorf("key of customer %d, who is not there", n)
	}
	if ref.Created && mine.Source == "" {
		mine.Source = s.Origin
	}
	if c.Learn(mine) {
		r.changed(n)
		ref.Changed = !ref.Created
	}
	return ref, nil
}

// decide returns whose the strongest known key is, after merging with it those of the others who may be the same person.
func (r *resolving) decide(s *Sighting, strong []customer.Key) (ref customer.Ref, err error) {
	var by customer.Key
	for _, k := range strong {
		o := r.owner(k)
		switch {
		case o == 0:
			continue
		case ref.Number == 0:
			ref.Number, by = o, k
			continue
		case o == ref.Number:
			continue
		}
		a, err := r.side(ref.Number)
		if err != nil {
			return ref, err
		}
		b, err := r.side(o)
		if err != nil {
			return ref, err
		}
		why := disagreement(a, b)
		switch {
		case a.apart[o]:
			ref.Conflict = true
		case why != "" || !r.rules.AutoMerge:
			ref.Conflict = true
			r.conflict(s, ref.Number, o, why)
			if account(k.Kind) {
				r.claim(s, ref.Number, strong, k)
			}
		default:
			ref.Number = r.merge(ref.Number, o, s.Source, by.Kind+" and "+k.Kind+" seen together")
		}
	}
	return ref, nil
}

// disagreement returns a kind of key of which one person has one value and both have one, or "".
func disagreement(a, b *side) (kind string) {
	for k := range a.single {
		if b.single[k] && (kind == "" || k < kind) {
			kind = k
		}
	}
	return kind
}

// merge notes that two customers are one and returns the number that stays: the one made first.
func (r *resolving) merge(a, b uint32, source, reason string) uint32 {
	to, from := min(a, b), max(a, b)
	r.merges = append(r.merges, merging{from, to, source, reason})
	r.to[from] = to
	for k := range r.sides[from].single {
		r.sides[to].single[k] = true
	}
	for n := range r.sides[from].apart {
		r.sides[to].apart[n] = true
	}
	r.moved = true
	return to
}

// device notes that a customer was seen on a device: the device follows her, a visitor who was on it was she all along,
// and a device of too many customers is nobody's.
func (r *resolving) device(s *Sighting, d customer.Key, n uint32) error {
	was := r.owner(d)
	switch {
	case was == n:
	case was == 0:
		r.learnKey(d, n, s)
	case was >= customer.FirstVisitor:
		return r.becomes(was, n)
	case !s.First:
		if r.devices[d.Value] == nil {
			if err := r.loadDevices(map[string]bool{d.Value: true}); err != nil {
				return err
			}
		}
		seen := r.devices[d.Value]
		for _, c := range []uint32{was, n} {
			if !seen[c] {
				seen[c] = true
				r.deviceRows = append(r.deviceRows, deviceRow{d.Value, c})
			}
		}
		row := r.keys[d]
		row.Customer = n
		if len(seen) > r.rules.SharedDevice {
			row.Customer, row.State = 0, Shared
			r.sharedDevice(s, d, sorted(seen))
		}
		r.keyWrites[d], r.moved = true, true
	}
	return nil
}

// visitor returns who is behind devices alone: the customer last seen on the first of them that has one, else a visitor.
func (r *resolving) visitor(s *Sighting, devices []customer.Key) (uint32, error) {
	var n uint32
	for _, d := range devices {
		if o := r.owner(d); o != 0 && (n == 0 || n >= customer.FirstVisitor && o < customer.FirstVisitor) {
			n = o
		}
	}
	if n == 0 {
		r.lastVisitor++
		n = customer.FirstVisitor + uint32(r.lastVisitor) - 1
		r.traits[n] = map[string]json.RawMessage{}
	}
	for _, d := range devices {
		switch o := r.owner(d); {
		case o == 0:
			r.learnKey(d, n, s)
		case o != n && o >= customer.FirstVisitor:
			if err := r.becomes(o, n); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// becomes notes that a visitor is somebody else: a customer, or another visitor.
func (r *resolving) becomes(visitor, n uint32) error {
	r.to[visitor] = n
	r.visitors = append(r.visitors, merging{from: visitor, to: n})
	r.moved = true
	attrs, err := r.attributes(visitor)
	if err != nil || len(attrs) == 0 {
		return err
	}
	return r.applyTraits(n, once(attrs))
}

func (r *resolving) newCustomer() uint32 {
	r.last++
	n := uint32(r.last)
	r.known[n] = &customer.Customer{ID: id.New("cus"), Number: n, CreatedAt: r.now}
	r.made[n] = true
	r.order = append(r.order, n)
	r.sides[n] = &side{map[string]bool{}, map[uint32]bool{}}
	r.traits[n] = map[string]json.RawMessage{}
	return n
}

func (r *resolving) changed(n uint32) {
	if !r.made[n] && !r.dirty[n] {
		r.dirty[n] = true
		r.order = append(r.order, n)
	}
}

func (r *resolving) learnKey(k customer.Key, n uint32, s *Sighting) {
	if row := r.keys[k]; row != nil { // unbound
		row.Customer, row.Since, row.SeenAt, row.Source = n, s.At, s.At, s.Source
		r.moved = true
	} else {
		r.keys[k] = &customer.KeyRow{Key: k, Customer: n, Source: s.Source, Since: s.At, SeenAt: s.At}
	}
	r.keyWrites[k] = true
	if side := r.sides[n]; side != nil && single(k) != "" {
		side.single[single(k)] = true
	}
}

// unbind takes keys from the person of the first one, or the only key from whoever has it.
func (r *resolving) unbind(s *Sighting) (ref customer.Ref) {
	if len(s.Keys) == 0 {
		return ref
	}
	ref.Number = r.owner(s.Keys[0])
	off := s.Keys[1:]
	if len(off) == 0 {
		off = s.Keys
	}
	for _, k := range off {
		row := r.keys[k]
		if row == nil || ref.Number == 0 || r.final(row.Customer) != ref.Number {
			continue
		}
		if c := r.known[ref.Number]; c != nil {
			for kind, field := range map[string]*string{customer.KeyPhone: &c.Phone, customer.KeyEmail: &c.Email} {
				if kind == k.Kind && *field == k.Value {
					*field = ""
					r.changed(ref.Number)
				}
			}
		}
		row.Customer = 0
		r.keyWrites[k], r.moved = true, true
		delete(r.sides, ref.Number)
		ref.Changed = true
	}
	return ref
}

// attributes returns what is known of somebody beside the profile, fetching it the first time.
func (r *resolving) attributes(n uint32) (map[string]json.RawMessage, error) {
	if r.traits[n] == nil {
		if err := r.loadTraits([]uint32{n}); err != nil {
			return nil, err
		}
	}
	return r.traits[n], nil
}

func (r *resolving) applyTraits(n uint32, traits []Trait) error {
	if len(traits) == 0 {
		return nil
	}
	attrs, err := r.attributes(n)
	if err != nil {
		return err
	}
	for _, t := range traits {
		profile, other := apply(r.known[n], attrs, t)
		if profile {
			r.changed(n)
		}
		if other {
			r.traitsDirty[n] = true
		}
	}
	return nil
}

type traitRow struct {
	Customer uint32                     `db:"customer"`
	Traits   map[string]json.RawMessage `db:"traits,json"`
}

func (r *resolving) loadTraits(numbers []uint32) error {
	for _, n := range numbers {
		r.traits[n] = map[string]json.RawMessage{}
	}
	rows, err := traitsOf(r.ctx, r.tx, numbers)
	for _, row := range rows {
		r.traits[row.Customer] = row.Traits
	}
	return err
}

func (r *resolving) loadDevices(values map[string]bool) error {
	if len(values) == 0 {
		return nil
	}
	all := make([]string, 0, len(values))
	for v := range values {
		all = append(all, v)
		r.devices[v] = map[uint32]bool{}
	}
	for len(all) > 0 {
		part := all[:min(len(all), 5000)]
		all = all[len(part):]
		var w store.Where
		store.In(&w, "d.value", part)
		w.And("c.merged_into IS NULL")
		err := store.Each(r.ctx, r.tx, `SELECT d.value, d.customer FROM identity_devices d JOIN customers c ON c.number = d.customer`+w.SQL(), w.Args(), func(d deviceRow) error {
			r.devices[d.Value][d.Customer] = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
