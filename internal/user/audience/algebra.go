package audience

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
)

// planning gathers the distinct leaves of conditions and of the segments they refer to.
type planning struct {
	e        *Engine
	asOf     time.Time
	question Question
	leaves   map[string]*leaf
	segments map[string]*segmentAnswer
	tags     map[string]*roaring.Bitmap
	path     []string  // segments being followed
	state    bool      // some condition asks for layer, stage or scores
	fresh    *snapshot // what they are answered by; nil: the newest that was saved
}

// segmentAnswer is a segment that a condition refers to: a condition, or members, and once answered its people.
type segmentAnswer struct {
	condition *Condition
	people    *roaring.Bitmap
}

func (p *planning) collect(ctx context.Context, c Condition) error {
	switch s := c.Spec.(type) {
	case *listSpec:
		for _, child := range s.Of {
			if err := p.collect(ctx, child); err != nil {
				return err
			}
		}
		return nil
	case *notSpec:
		return p.collect(ctx, s.Of)
	case *segmentSpec:
		return p.follow(ctx, s.ID)
	case *tagSpec:
		return p.carried(ctx, s.In)
	case *layerSpec, *stageSpec, *warningSpec, *rfmSpec, *topSpec:
		p.state = true
		return nil
	}
	if l := leafOf(c, p.asOf, p.e.zone); l != nil {
		p.leaves[l.key] = l
	}
	return nil
}

// follow takes in a referred segment once, refusing a circle.
func (p *planning) follow(ctx context.Context, id string) error {
	if slices.Contains(p.path, id) {
		return errs.New(errs.Invalid, "segment.cycle", "segment %s refers to itself through %v", id, p.path)
	}
	if _, done := p.segments[id]; done {
		return nil
	}
	if p.question.Segment == nil {
		return errs.New(errs.NotFound, "segment.not_found", "there is no segment %s", id)
	}
	condition, people, err := p.question.Segment(ctx, id)
	if err != nil {
		return fmt.Errorf("segment %s: %w", id, err)
	}
	p.path = append(p.path, id)
	if condition != nil {
		if err := p.collect(ctx, *condition); err != nil {
			return err
		}
	}
	p.path = p.path[:len(p.path)-1]
	p.segments[id] = &segmentAnswer{condition: condition, people: people}
	return nil
}

// carried takes in who carries tags.
func (p *planning) carried(ctx context.Context, tags []string) error {
	for _, id := range tags {
		if _, done := p.tags[id]; done {
			continue
		}
		if p.question.Tag == nil {
			return errs.New(errs.NotFound, "segment.no_tag", "there is no tag %s", id)
		}
		people, err := p.question.Tag(ctx, id)
		if err != nil {
			return fmt.Errorf("tag %s: %w", id, err)
		}
		p.tags[id] = people
	}
	return nil
}

// algebra turns trees into bitmaps. Bitmaps it returns may be shared and are never changed. Once all segments are answered it may be
// used at once by many.
type algebra struct {
	plan  *planning
	found *leavesFound
	state *snapshot
}

func (a *algebra) of(c Condition) (*roaring.Bitmap, error) {
	switch s := c.Spec.(type) {
	case *everyoneSpec:
		return a.found.universe, nil
	case *listSpec:
		return a.list(c.Kind, s.Of)
	case *notSpec:
		b, err := a.of(s.Of)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(a.found.universe, b), nil
	case *segmentSpec:
		return a.segment(s.ID)
	case *tagSpec:
		return a.known(anyOf(a.plan.tags, s.In)), nil
	case *bucketSpec:
		return s.of(a.found.universe), nil
	case *topSpec:
		return a.known(a.state.top(s)), nil
	case *layerSpec:
		return a.known(a.state.layer(s.In)), nil
	case *stageSpec:
		return a.known(a.state.stage(s.In)), nil
	case *warningSpec:
		return a.known(anyOf(a.state.warnings(), s.In)), nil
	case *rfmSpec:
		return a.known(a.state.rfm(s)), nil
	}
	l := leafOf(c, a.plan.asOf, a.plan.e.zone)
	if l == nil {
		return nil, fmt.Errorf("condition of kind %s has no answer", c.Kind)
	}
	b := a.found.people[l.key]
	if l.zero {
		return roaring.AndNot(a.found.universe, b), nil
	}
	return b, nil
}

// known keeps those of a snapshot who still exist.
func (a *algebra) known(b *roaring.Bitmap) *roaring.Bitmap { return roaring.And(b, a.found.universe) }

func (a *algebra) list(kind string, of []Condition) (*roaring.Bitmap, error) {
	var out *roaring.Bitmap
	owned := false // out may be changed
	for _, child := range of {
		b, err := a.of(child)
		switch {
		case err != nil:
			return nil, err
		case out == nil:
			out = b
		case kind == "and" && owned:
			out.And(b)
		case kind == "and":
			out, owned = roaring.And(out, b), true
		case owned:
			out.Or(b)
		default:
			out, owned = roaring.Or(out, b), true
		}
	}
	return out, nil
}

func (a *algebra) segment(id string) (*roaring.Bitmap, error) {
	s := a.plan.segments[id]
	if s.people == nil {
		b, err := a.of(*s.condition)
		if err != nil {
			return nil, err
		}
		s.people = b
	}
	if s.condition == nil { // a static list may name people who are gone
		return a.known(s.people), nil
	}
	return s.people, nil
}

// snapshot is the newest state with bitmaps by code, each made when a condition first asks for it.
type snapshot struct {
	state                   *State
	layers, stages, classes func() map[string]*roaring.Bitmap
	warnings                func() map[string]*roaring.Bitmap
	scores                  [3]func() map[string]*roaring.Bitmap // R, F, M
}

func newSnapshot(s *State) *snapshot {
	by := func(column []uint8, texts []string) func() map[string]*roaring.Bitmap {
		return sync.OnceValue(func() map[string]*roaring.Bitmap { return byCode(s.Present, column, texts) })
	}
	scores := []string{"", "1", "2", "3", "4", "5"}
	return &snapshot{
		state: s, layers: by(s.Layer, s.Layers), stages: by(s.Stage, s.Stages), classes: by(s.Class, s.Classes),
		warnings: sync.OnceValue(func() map[string]*roaring.Bitmap { return byWarning(s) }),
		scores:   [...]func() map[string]*roaring.Bitmap{by(s.R, scores), by(s.F, scores), by(s.M, scores)},
	}
}

// byCode splits people by a column of codes.
func byCode(present []bool, column []uint8, texts []string) map[string]*roaring.Bitmap {
	width := (len(present) + 63) / 64
	dense := make([][]uint64, len(texts))
	for i := range dense {
		dense[i] = make([]uint64, width)
	}
	for n, here := range present {
		if here {
			dense[column[n]][n>>6] |= 1 << (n & 63)
		}
	}
	out := map[string]*roaring.Bitmap{}
	for i, text := range texts {
		b := roaring.FromDense(dense[i], true)
		if had := out[text]; had != nil {
			b.Or(had)
		}
		out[text] = b
	}
	return out
}

// byWarning splits people by the bits of what they are warned of.
func byWarning(s *State) map[string]*roaring.Bitmap {
	out := map[string]*roaring.Bitmap{}
	for _, code := range Warnings {
		out[code] = roaring.New()
	}
	for n, bits := range s.Warned {
		for i, code := range Warnings {
			if bits>>i&1 == 1 && s.Present[n] {
				out[code].Add(uint32(n))
			}
		}
	}
	return out
}

func anyOf(of map[string]*roaring.Bitmap, codes []string) *roaring.Bitmap {
	out := roaring.New()
	for _, c := range codes {
		if b := of[c]; b != nil {
			out.Or(b)
		}
	}
	return out
}

func (s *snapshot) layer(codes []string) *roaring.Bitmap { return anyOf(s.layers(), codes) }
func (s *snapshot) stage(codes []string) *roaring.Bitmap { return anyOf(s.stages(), codes) }

func (s *snapshot) rfm(spec *rfmSpec) *roaring.Bitmap {
	var parts []*roaring.Bitmap
	if spec.Class != nil {
		parts = append(parts, anyOf(s.classes(), spec.Class))
	}
	for i, b := range []*Bounds{spec.R, spec.F, spec.M} {
		if b == nil {
			continue
		}
		low, high := b.limits()
		var codes []string
		for score := max(low, 1); score <= min(high, 5); score++ {
			codes = append(codes, strconv.FormatInt(score, 10))
		}
		parts = append(parts, anyOf(s.scores[i](), codes))
	}
	return roaring.FastAnd(parts...)
}
