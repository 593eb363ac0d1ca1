package audience

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Service keeps segments and answers who is in them.
type Service struct {
	db       *store.DB
	engine   *Engine
	now      clock.Clock
	layering Layering // nil: refresh computes segments only
	tags     func(ctx context.Context, id string) (*roaring.Bitmap, error)
	asker    Asker // nil: nobody asks along

	refreshing sync.Mutex // one refresh at a time
	renewed    bool       // guarded by refreshing: a refresh has written members since RunLive read them
	kicks      chan struct{}
	words      chan struct{} // live segments may have changed
}

// NewService returns the service. layering may be nil where nobody needs layers.
func NewService(db *store.DB, engine *Engine, now clock.Clock, layering Layering) *Service {
	return &Service{db: db, engine: engine, now: now, layering: layering, kicks: make(chan struct{}, 1), words: make(chan struct{}, 1)}
}

// UseTags tells who carries a tag, for conditions that ask; call it before anything else.
func (s *Service) UseTags(people func(ctx context.Context, id string) (*roaring.Bitmap, error)) {
	s.tags = people
}

// question asks conditions, which may refer to segments and tags; with gives the words of a segment that are not saved yet.
func (s *Service) question(with *Segment, conditions ...Condition) Question {
	return Question{Conditions: conditions, Segment: s.lookup(with), Tag: s.tags}
}

// Engine is what the service asks.
func (s *Service) Engine() *Engine { return s.engine }

// Create saves a dynamic segment and computes who is in it. Who is in it from the start has not entered it: no facts.
func (s *Service) Create(ctx context.Context, d Draft, by string) (Segment, error) {
	if err := d.check(); err != nil {
		return Segment{}, err
	}
	if d.Condition == nil {
		return Segment{}, errs.New(errs.Invalid, "segment.condition_invalid", "a condition is needed").At("condition")
	}
	seg := newSegment(id.New("seg"), d, by, s.now())
	people, err := s.compute(ctx, &seg)
	if err != nil {
		return Segment{}, err
	}
	return seg, s.insert(ctx, seg, people, by)
}

// CreateStatic saves a list of people as it is now.
func (s *Service) CreateStatic(ctx context.Context, d Draft, people *roaring.Bitmap, by string) (Segment, error) {
	if err := d.check(); err != nil {
		return Segment{}, err
	}
	d.Condition = nil
	seg := newSegment(id.New("seg"), d, by, s.now())
	seg.Size, seg.AsOf, seg.Computed = int64(people.GetCardinality()), seg.CreatedAt, 1
	return seg, s.insert(ctx, seg, people, by)
}

// Freeze saves whoever meets a condition now as a static list.
func (s *Service) Freeze(ctx context.Context, d Draft, by string) (Segment, error) {
	if d.Condition == nil {
		return Segment{}, errs.New(errs.Invalid, "segment.condition_invalid", "a condition is needed").At("condition")
	}
	people, err := s.People(ctx, *d.Condition)
	if err != nil {
		return Segment{}, err
	}
	return s.CreateStatic(ctx, d, people, by)
}

func (s *Service) insert(ctx context.Context, seg Segment, people *roaring.Bitmap, by string) error {
	defer s.reworded()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := store.Insert(ctx, tx, "segments", seg); err != nil {
			return err
		}
		if err := store.Insert(ctx, tx, "segment_versions", seg.words(by, seg.UpdatedAt)); err != nil {
			return err
		}
		if err := segmentRoll.PutSize(ctx, tx, seg.ID, s.size(seg)); err != nil {
			return err
		}
		return segmentRoll.Put(ctx, tx, seg.ID, people)
	})
}

func (s *Service) size(seg Segment) DaySize {
	return DaySize{Day: seg.AsOf.In(s.engine.zone).Format(time.DateOnly), Size: seg.Size, Version: seg.Computed}
}

// compute answers a segment's condition now and notes it in the segment.
func (s *Service) compute(ctx context.Context, seg *Segment) (*roaring.Bitmap, error) {
	now := s.now()
	answer, err := s.engine.Evaluate(ctx, now, s.question(seg, *seg.Condition))
	if err != nil {
		return nil, err
	}
	people := answer.People[0]
	seg.Size, seg.AsOf, seg.Computed = int64(people.GetCardinality()), now, seg.Version
	return people, nil
}

// lookup finds segments for Evaluate; with gives the words of one that are not saved yet.
func (s *Service) lookup(with *Segment) func(context.Context, string) (*Condition, *roaring.Bitmap, error) {
	return func(ctx context.Context, id string) (*Condition, *roaring.Bitmap, error) {
		if with != nil && id == with.ID {
			return with.Condition, nil, nil
		}
		seg, err := segmentByID(ctx, s.db, id)
		switch {
		case err != nil:
			return nil, nil, err
		case seg.Archived:
			return nil, nil, errs.New(errs.Conflict, "segment.archived", "segment %q has been put away", seg.Name)
		case seg.Kind == Dynamic:
			return seg.Condition, nil, nil
		}
		people, err := members(ctx, s.db, id)
		return nil, people, err
	}
}

// Change replaces a segment's words; version is the one the writer saw. People whom the change moves do not count as having entered or
// left: they did nothing.
func (s *Service) Change(ctx context.Context, id string, version int64, d Draft, by string) (Segment, error) {
	if err := d.check(); err != nil {
		return Segment{}, err
	}
	seg, err := segmentByID(ctx, s.db, id)
	if err != nil {
		return seg, err
	}
	if seg.Version != version {
		return seg, errs.New(errs.Conflict, "segment.changed", "somebody else has changed this segment; look at it again")
	}
	if (seg.Kind == Dynamic) != (d.Condition != nil) {
		return seg, errs.New(errs.Invalid, "segment.kind", "a %s segment stays one", seg.Kind).At("condition")
	}
	seg.Name, seg.Note, seg.Condition, seg.Live = d.Name, d.Note, d.Condition, d.Live
	seg.Version++
	seg.UpdatedAt = s.now()
	var people *roaring.Bitmap
	if seg.Kind == Dynamic {
		if people, err = s.compute(ctx, &seg); err != nil {
			return seg, err
		}
	}
	defer s.reworded()
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := putSegment(ctx, tx, seg, version); err != nil {
			return err
		}
		if err := store.Insert(ctx, tx, "segment_versions", seg.words(by, seg.UpdatedAt)); err != nil {
			return err
		}
		if people == nil {
			return nil
		}
		if err := segmentRoll.PutSize(ctx, tx, seg.ID, s.size(seg)); err != nil {
			return err
		}
		return segmentRoll.Put(ctx, tx, id, people)
	})
	return seg, err
}

// Archive puts a segment away, or takes it back; one that another segment refers to stays.
func (s *Service) Archive(ctx context.Context, id string, archived bool) (Segment, error) {
	seg, err := segmentByID(ctx, s.db, id)
	if err != nil || seg.Archived == archived {
		return seg, err
	}
	if archived {
		names, err := usedBy(ctx, s.db, id)
		if err != nil {
			return seg, err
		}
		if len(names) > 0 {
			return seg, errs.New(errs.Conflict, "segment.used", "used by %s", strings.Join(names, ", ")).With("segments", names)
		}
	}
	seg.Archived, seg.UpdatedAt = archived, s.now()
	defer s.reworded()
	return seg, s.db.Tx(ctx, func(tx *store.Tx) error { return putSegment(ctx, tx, seg, seg.Version) })
}

// Get returns a segment.
func (s *Service) Get(ctx context.Context, id string) (Segment, error) {
	return segmentByID(ctx, s.db, id)
}

// List returns a page of segments, the latest changed first, the cursor of the next, and how many there are in all.
func (s *Service) List(ctx context.Context, search string, archived bool, after string, limit int) ([]Segment, string, int64, error) {
	var below Segment
	if after != "" {
		at, id, ok := strings.Cut(after, ".")
		micros, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil {
			return nil, "", 0, errs.New(errs.Invalid, "segment.cursor", "this is no cursor of ours").At("after")
		}
		below = Segment{ID: id, UpdatedAt: time.UnixMicro(micros).UTC()}
	}
	all, total, err := listSegments(ctx, s.db, search, archived, below, limit+1)
	next := ""
	if len(all) > limit {
		all = all[:limit]
		next = strconv.FormatInt(all[limit-1].UpdatedAt.UnixMicro(), 10) + "." + all[limit-1].ID
	}
	return all, next, total, err
}

// Versions returns every version of a segment's words, the newest first.
func (s *Service) Versions(ctx context.Context, id string) ([]Version, error) {
	if _, err := segmentByID(ctx, s.db, id); err != nil {
		return nil, err
	}
	return store.All[Version](ctx, s.db, `SELECT * FROM segment_versions WHERE segment_id = ? ORDER BY version DESC`, id)
}

// History returns the sizes of a segment by day, oldest first, at most the last 400 days that have one.
func (s *Service) History(ctx context.Context, id string) ([]DaySize, error) {
	if _, err := segmentByID(ctx, s.db, id); err != nil {
		return nil, err
	}
	days, err := segmentRoll.Sizes(ctx, s.db, id, 400)
	slices.Reverse(days)
	return days, err
}

// Estimate is how many people meet a condition now.
type Estimate struct {
	People   int64    `json:"people"`
	Universe int64    `json:"universe" doc:"Everybody who could"`
	Sample   []uint32 `json:"-"` // numbers of a few of them
	Read     int      `json:"read" doc:"Conditions that had to be read; the others were remembered"`
	TookMS   float64  `json:"took_ms"`
	Seq      uint64   `json:"watermark" doc:"Position of the newest fact counted"`
}

// Estimate answers a condition that is being written.
func (s *Service) Estimate(ctx context.Context, c Condition, sample int) (Estimate, error) {
	begin := time.Now()
	answer, err := s.engine.Evaluate(ctx, s.now(), s.question(nil, c))
	if err != nil {
		return Estimate{}, err
	}
	people := answer.People[0]
	e := Estimate{
		People: int64(people.GetCardinality()), Universe: int64(answer.Universe.GetCardinality()),
		Read: answer.Read, Seq: answer.Seq,
	}
	for i := range min(uint64(sample), people.GetCardinality()) { // spread over all of them
		n, err := people.Select(uint32(i * people.GetCardinality() / uint64(sample)))
		if err != nil {
			return e, err
		}
		e.Sample = append(e.Sample, n)
	}
	e.Sample = slices.Compact(e.Sample)
	e.TookMS = float64(time.Since(begin).Microseconds()) / 1000
	return e, nil
}

// People returns who meets a condition now.
func (s *Service) People(ctx context.Context, c Condition) (*roaring.Bitmap, error) {
	answer, err := s.engine.Evaluate(ctx, s.now(), s.question(nil, c))
	if err != nil {
		return nil, err
	}
	return answer.People[0], nil
}

// Resolve returns who is now in what an audience names: kind is segment, tag, layer, stage, warning, class or everyone; id is the segment's id or
// the code. The bitmap is the caller's own.
func (s *Service) Resolve(ctx context.Context, kind, id string) (*roaring.Bitmap, error) {
	c := Condition{Kind: kind}
	switch kind {
	case "segment":
		c.Spec = &segmentSpec{ID: id}
	case "layer":
		c.Spec = &layerSpec{inSpec{[]string{id}}}
	case "stage":
		c.Spec = &stageSpec{inSpec{[]string{id}}}
	case "warning":
		c.Spec = &warningSpec{inSpec{[]string{id}}}
	case "class":
		c.Kind, c.Spec = "rfm", &rfmSpec{Class: []string{id}}
	case "tag":
		c.Spec = &tagSpec{inSpec{[]string{id}}}
	case "everyone":
		c.Spec = &everyoneSpec{}
	default:
		return nil, errs.New(errs.Invalid, "segment.audience_kind", "an audience is a segment, tag, layer, stage, warning, class or everyone, not %q", kind).At("kind")
	}
	if err := c.Spec.(checker).check("id"); err != nil {
		return nil, err
	}
	people, err := s.People(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("audience %s %s: %w", kind, id, err)
	}
	return people.Clone(), nil
}

// Overlap is how many people two segments share.
type Overlap struct {
	A      string `json:"a"`
	B      string `json:"b"`
	People int64  `json:"people"`
}

// Overlaps returns the size of each of some segments now, and of what every two of them share.
func (s *Service) Overlaps(ctx context.Context, ids []string) (sizes map[string]int64, shared []Overlap, err error) {
	q := s.question(nil)
	for _, id := range ids {
		q.Conditions = append(q.Conditions, Condition{"segment", &segmentSpec{ID: id}})
	}
	answer, err := s.engine.Evaluate(ctx, s.now(), q)
	if err != nil {
		return nil, nil, err
	}
	sizes, shared = map[string]int64{}, []Overlap{}
	for i, a := range ids {
		sizes[a] = int64(answer.People[i].GetCardinality())
		for j := range i {
			shared = append(shared, Overlap{ids[j], a, int64(answer.People[i].AndCardinality(answer.People[j]))})
		}
	}
	return sizes, shared, nil
}
