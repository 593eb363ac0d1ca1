package audience

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// Profile is what sets the people of a segment apart from everybody.
type Profile struct {
	People     int64       `json:"people"`
	Universe   int64       `json:"universe"`
	Dimensions []Dimension `json:"dimensions" doc:"Only those of which something is known"`
	TookMS     float64     `json:"took_ms"`
}

// Dimension is one way of telling people apart, and its values, those with the most people of the segment first.
type Dimension struct {
	Name   string  `json:"name" enum:"layer,stage,class,gender,province,city,source,store,owner,level,tag"`
	Traits []Trait `json:"traits"`
}

// Trait is how many people hold a value, in the segment and in all.
type Trait struct {
	Value  string  `json:"value" doc:"A code, a name, or the id of a tag; empty is unknown"`
	Label  string  `json:"label,omitempty" doc:"What a tag is called"`
	People int64   `json:"people" doc:"Of the segment"`
	All    int64   `json:"all" doc:"Of everybody"`
	Index  float64 `json:"index" doc:"The share in the segment by the share of everybody, times 100; 100 is as everybody"`
	Sure   bool    `json:"sure" doc:"A segment of this size drawn by chance would not be so far off once in 300 times"`
}

// Labelled is a group of people to hold a segment against, beside those that the engine knows.
type Labelled struct {
	Dimension, Value, Label string
	People                  *roaring.Bitmap
}

const (
	mostTraits = 12  // of a dimension
	sureAt     = 3.0 // standard deviations of the hypergeometric distribution
)

// Profile holds a segment, as it is now, against everybody: one look at the newest attributes of all and at the snapshot of layers.
func (s *Service) Profile(ctx context.Context, id string, also []Labelled) (Profile, error) {
	begin := time.Now()
	people, err := s.People(ctx, Condition{"segment", &segmentSpec{ID: id}})
	if err != nil {
		return Profile{}, err
	}
	snap, err := s.engine.snapshot(ctx)
	if err != nil {
		snap = nil // nobody stands anywhere before the first refresh
	}
	fold := &profileFold{of: people, snap: snap}
	pass, err := s.engine.Walk(ctx, s.now(), fold)
	if err != nil {
		return Profile{}, err
	}
	p := Profile{People: fold.sum.people, Universe: fold.sum.universe}
	text := func(name string, code uint32) string {
		if lists := fold.lists(); lists[name] != nil {
			return lists[name][code]
		}
		return pass.Text(code)
	}
	for i, name := range profileDimensions {
		var traits []Trait
		for code, n := range fold.sum.counts[i] {
			traits = append(traits, p.trait(text(name, code), "", n[0], n[1]))
		}
		p.add(name, traits)
	}
	tags := map[string][]Trait{}
	for _, one := range also {
		inside := int64(people.AndCardinality(one.People))
		tags[one.Dimension] = append(tags[one.Dimension], p.trait(one.Value, one.Label, inside, int64(one.People.GetCardinality())))
	}
	for name, traits := range tags {
		p.add(name, traits)
	}
	p.TookMS = float64(time.Since(begin).Microseconds()) / 1000
	return p, nil
}

// add takes up the values of a dimension, unless all that is known of it is that it is unknown.
func (p *Profile) add(name string, traits []Trait) {
	if !slices.ContainsFunc(traits, func(t Trait) bool { return t.Value != "" && t.All > 0 }) {
		return
	}
	slices.SortFunc(traits, func(a, b Trait) int {
		return cmp.Or(cmp.Compare(b.People, a.People), cmp.Compare(b.All, a.All), cmp.Compare(a.Value, b.Value))
	})
	p.Dimensions = append(p.Dimensions, Dimension{name, traits[:min(len(traits), mostTraits)]})
}

// trait works out how far a value stands out. Of n people drawn by chance from N, of whom K hold the value, n·K/N hold it, give or take
// the standard deviation of the hypergeometric distribution.
func (p *Profile) trait(value, label string, inside, all int64) Trait {
	t := Trait{Value: value, Label: label, People: inside, All: all}
	n, whole, k := float64(p.People), float64(p.Universe), float64(all)
	if n == 0 || k == 0 {
		return t
	}
	expected := n * k / whole
	t.Index = math.Round(float64(inside)/expected*1000) / 10
	if whole > 1 {
		deviation := math.Sqrt(expected * (1 - k/whole) * (whole - n) / (whole - 1))
		t.Sure = deviation > 0 && math.Abs(float64(inside)-expected) > sureAt*deviation
	}
	return t
}

// profileDimensions are what profileFold counts, in this order: the first three stand in the snapshot.
var profileDimensions = [...]string{"layer", "stage", "class", "gender", "province", "city", "source", "store", "owner", "level"}

type profileCounts struct {
	people, universe int64
	counts           [len(profileDimensions)]map[uint32][2]int64 // by code: of the segment, of all
}

func newProfileCounts() (c profileCounts) {
	for i := range c.counts {
		c.counts[i] = map[uint32][2]int64{}
	}
	return c
}

// slots counts by code in a few cells: which cell a code has is looked up in a list as long as the greatest code, once for all dimensions.
type slots struct {
	of    []uint32 // by code, plus one; 0: none yet
	codes []uint32 // by cell
	cells [len(profileDimensions)][][2]int64
}

func (s *slots) add(dimension int, code uint32, in int64) {
	if int(code) >= len(s.of) {
		s.of = append(s.of, make([]uint32, int(code)+1-len(s.of))...)
	}
	if s.of[code] == 0 {
		s.codes = append(s.codes, code)
		s.of[code] = uint32(len(s.codes))
	}
	at := int(s.of[code]) - 1
	if cells := s.cells[dimension]; at >= len(cells) {
		s.cells[dimension] = append(cells, make([][2]int64, at+1-len(cells))...)
	}
	cell := &s.cells[dimension][at]
	cell[0] += in
	cell[1]++
}

// profileFold counts the newest attributes of everybody, inside and outside of a segment.
type profileFold struct {
	of   *roaring.Bitmap
	snap *snapshot

	mu  sync.Mutex
	sum profileCounts
}

// Needs implements Fold: only people are read.
func (f *profileFold) Needs() Needs { return Needs{Since: always} }

// Begin implements Fold.
func (f *profileFold) Begin(*Pass) error {
	f.sum = newProfileCounts()
	return nil
}

// lists are the texts of the codes that the snapshot has for itself.
func (f *profileFold) lists() map[string][]string {
	if f.snap == nil {
		return nil
	}
	st := f.snap.state
	return map[string][]string{"layer": st.Layers, "stage": st.Stages, "class": st.Classes}
}

// Range implements Fold.
func (f *profileFold) Range(from, to uint32) (func(*Timeline), func()) {
	var people, universe int64
	var here slots
	inside := make([]bool, to-from)
	it := f.of.Iterator()
	for it.AdvanceIfNeeded(from); it.HasNext() && it.PeekNext() < to; {
		inside[it.Next()-from] = true
	}
	see := func(t *Timeline) {
		in := int64(0)
		if inside[t.Customer-from] {
			in = 1
		}
		universe++
		people += in
		for i, code := range f.codes(t) {
			here.add(i, code, in)
		}
	}
	return see, func() { f.take(people, universe, &here) }
}

func (f *profileFold) codes(t *Timeline) [len(profileDimensions)]uint32 {
	p := &t.Person
	codes := [len(profileDimensions)]uint32{3: p.Gender, p.Province, p.City, p.Source, p.Store, p.Owner, p.Level}
	if f.snap != nil && t.Customer <= f.snap.state.Through() {
		st := f.snap.state
		codes[0], codes[1], codes[2] = uint32(st.Layer[t.Customer]), uint32(st.Stage[t.Customer]), uint32(st.Class[t.Customer])
	}
	return codes
}

func (f *profileFold) take(people, universe int64, here *slots) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sum.people += people
	f.sum.universe += universe
	for i, cells := range here.cells {
		for at, n := range cells {
			if code := here.codes[at]; n[1] > 0 {
				c := f.sum.counts[i][code]
				f.sum.counts[i][code] = [2]int64{c[0] + n[0], c[1] + n[1]}
			}
		}
	}
}

// Now is the instant as of which the service answers: a demo's clock may run ahead.
func (s *Service) Now() time.Time { return s.now() }
