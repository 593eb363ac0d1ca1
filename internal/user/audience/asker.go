package audience

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// Asker has questions of its own answered in the passes that segments are computed by.
type Asker interface {
	// Ask returns what to answer along in a refresh as of an instant, or in live looks until Reworded is called.
	Ask(ctx context.Context, asOf time.Time, live bool) (Asking, error)
}

// Asking is what somebody else wants of a pass.
type Asking struct {
	Conditions []Condition
	Folds      []Fold       // look on; not in a live look
	Fill       func(*State) // puts what the folds found into the state before conditions on it are answered; may be nil
	// Answered is given the people of each condition; it says whether who carries a tag has changed. Bitmaps are shared.
	Answered func(ctx context.Context, asOf time.Time, people []*roaring.Bitmap) (bool, error)
}

// UseAsker tells whose questions come along; call it before anything else.
func (s *Service) UseAsker(a Asker) { s.asker = a }

// Reworded says that what follows live has changed, here or at the asker's: the next live look reads it anew.
func (s *Service) Reworded() { s.reworded() }

// ask asks the asker, if there is one.
func (s *Service) ask(ctx context.Context, asOf time.Time, live bool) (Asking, error) {
	if s.asker == nil {
		return Asking{}, nil
	}
	return s.asker.Ask(ctx, asOf, live)
}

// together answers the conditions of segments and what was asked along by evaluate, and the segments' once more by again when people came to
// carry other tags by it; what was read is remembered, so that nobody's facts are read again.
func (s *Service) together(ctx context.Context, asOf time.Time, segments []Segment, along Asking, evaluate, again func(Question) (*Answer, error)) (*Answer, error) {
	own := make([]Condition, len(segments))
	tagged := false
	for i, seg := range segments {
		own[i] = *seg.Condition
		tagged = tagged || len(seg.Condition.Tags()) > 0
	}
	answer, err := evaluate(s.question(nil, slices.Concat(own, along.Conditions)...))
	if err != nil || along.Answered == nil {
		return answer, err
	}
	changed, err := along.Answered(ctx, asOf, answer.People[len(own):])
	if err != nil || !changed || !tagged {
		return answer, err
	}
	retagged, err := again(s.question(nil, own...))
	if err != nil {
		return nil, err
	}
	answer.People = slices.Concat(retagged.People, answer.People[len(own):])
	return answer, nil
}

// Tags returns the ids of the tags that a condition asks for.
func (c Condition) Tags() []string {
	var out []string
	c.walk(func(one Condition) {
		if s, ok := one.Spec.(*tagSpec); ok {
			out = append(out, s.In...)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}
