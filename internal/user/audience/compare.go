package audience

import (
	"cmp"
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
)

// MostCompared is how many segments can be compared part by part: they cut each other into at most 2ⁿ−1 parts.
const MostCompared = 6

// Comparison is how some segments lie over each other, now.
type Comparison struct {
	Sizes map[string]int64 `json:"sizes" doc:"By segment"`
	Union int64            `json:"union" doc:"People in any of them"`
	Parts []Part           `json:"parts" doc:"Every part that holds somebody, the largest first; they share nobody"`
}

// Part is who is in exactly some of the compared segments and in none of the others.
type Part struct {
	In     []string `json:"in" doc:"Segments, in the order asked"`
	People int64    `json:"people"`
	who    *roaring.Bitmap
}

// Compare cuts segments along each other into parts that share nobody (the sets of an UpSet picture; Lex et al., 2014).
func (s *Service) Compare(ctx context.Context, ids []string) (Comparison, error) {
	sets, err := s.sets(ctx, ids)
	if err != nil {
		return Comparison{}, err
	}
	out := Comparison{Sizes: map[string]int64{}, Parts: parts(ids, sets)}
	for i, id := range ids {
		out.Sizes[id] = int64(sets[i].GetCardinality())
	}
	for _, p := range out.Parts {
		out.Union += p.People
	}
	return out, nil
}

// PartOf returns who is in exactly the segments in, of the compared ids.
func (s *Service) PartOf(ctx context.Context, ids, in []string) (*roaring.Bitmap, error) {
	for _, id := range in {
		if !slices.Contains(ids, id) {
			return nil, errs.New(errs.Invalid, "segment.part", "%s is not one of the compared segments", id).At("in")
		}
	}
	sets, err := s.sets(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range parts(ids, sets) {
		if len(p.In) == len(in) && !slices.ContainsFunc(p.In, func(id string) bool { return !slices.Contains(in, id) }) {
			return p.who, nil
		}
	}
	return roaring.New(), nil
}

func (s *Service) sets(ctx context.Context, ids []string) ([]*roaring.Bitmap, error) {
	if len(ids) < 2 || len(ids) > MostCompared {
		return nil, errs.New(errs.Invalid, "segment.compare", "between 2 and %d segments", MostCompared).At("ids")
	}
	q := s.question(nil)
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, errs.New(errs.Invalid, "segment.compare", "%s stands there twice", id).At("ids")
		}
		q.Conditions = append(q.Conditions, Condition{"segment", &segmentSpec{ID: id}})
	}
	answer, err := s.engine.Evaluate(ctx, s.now(), q)
	if err != nil {
		return nil, err
	}
	return answer.People, nil
}

// parts cuts sets along each other: every set splits the parts there are, and what is left of it is one more.
func parts(ids []string, sets []*roaring.Bitmap) []Part {
	out := []Part{}
	for i, set := range sets {
		rest := set.Clone()
		var next []Part
		for _, p := range out {
			rest.AndNot(p.who)
			if both := roaring.And(p.who, set); !both.IsEmpty() {
				next = append(next, Part{In: append(slices.Clone(p.In), ids[i]), who: both})
			}
			if only := roaring.AndNot(p.who, set); !only.IsEmpty() {
				next = append(next, Part{In: p.In, who: only})
			}
		}
		if !rest.IsEmpty() {
			next = append(next, Part{In: []string{ids[i]}, who: rest})
		}
		out = next
	}
	if out == nil {
		out = []Part{}
	}
	for i := range out {
		out[i].People = int64(out[i].who.GetCardinality())
	}
	slices.SortStableFunc(out, func(a, b Part) int {
		return cmp.Or(cmp.Compare(b.People, a.People), cmp.Compare(len(a.In), len(b.In)), slices.Compare(a.In, b.In))
	})
	return out
}
