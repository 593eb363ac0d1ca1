package launch

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Figures are what a launch came to within a window.
type Figures struct {
	Reached    int64 `json:"reached" doc:"People who got a message of it"`
	Looked     int64 `json:"looked" doc:"People who looked at its goods, by days"`
	Reserved   int64 `json:"reserved" doc:"People who reserved and did not take it back"`
	Deposits   int64 `json:"deposits" doc:"People who paid a deposit"`
	Buyers     int64 `json:"buyers" doc:"People who bought its goods"`
	Units      int64 `json:"units" doc:"Without what was given back"`
	RevenueFen int64 `json:"revenue_fen" doc:"Without what was given back"`
}

// Of returns a number by the name of its measure.
func (f *Figures) Of(measure string) int64 {
	switch measure {
	case MeasureReached:
		return f.Reached
	case MeasureLooked:
		return f.Looked
	case MeasureReserved:
		return f.Reserved
	case MeasureDeposits:
		return f.Deposits
	case MeasureBuyers:
		return f.Buyers
	case MeasureUnits:
		return f.Units
	case MeasureRevenue:
		return f.RevenueFen
	}
	return 0
}

// StageBoard is a stage with what it came to.
type StageBoard struct {
	Kind    StageKind `json:"kind" enum:"build_up,warm_up,presale,sale,follow_up,loop"`
	When    string    `json:"when" enum:"coming,now,over"`
	Figures Figures   `json:"figures"`
}

// StepBoard is a step with how that stands which it made.
type StepBoard struct {
	Step
	Standing Standing `json:"standing"`
}

// Board is a launch as it goes.
type Board struct {
	Launch    Launch       `json:"launch"`
	Now       time.Time    `json:"now"`
	Stage     StageKind    `json:"stage" doc:"The present one; empty between stages"`
	Stages    []StageBoard `json:"stages"`
	Steps     []StepBoard  `json:"steps" doc:"By when their turn comes"`
	Total     Figures      `json:"total"`
	StockLeft int64        `json:"stock_left" doc:"Units of all its goods that can be ordered now"`
	Goods     []string     `json:"goods" doc:"Their titles"`
	Next      []string     `json:"next" doc:"Ids of the waves made from this one"`
}

// Board returns how a launch goes now.
func (s *Service) Board(ctx context.Context, launchID string) (Board, error) {
	l, err := byID(ctx, s.DB, launchID)
	if err != nil {
		return Board{}, err
	}
	now := s.instant()
	b := Board{Launch: l, Now: now, Stage: l.At(now), Stages: []StageBoard{}, Steps: []StepBoard{}, Goods: []string{}, Next: []string{}}
	steps, err := s.stepsOf(ctx, launchID)
	if err != nil {
		return b, err
	}
	places := map[string]int{}
	for i, st := range l.steps() {
		places[st.ID] = i
	}
	slices.SortStableFunc(steps, func(a, b Step) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(places[a.ID], places[b.ID])) // of one instant as they were written
	})
	for i := range steps {
		st, err := s.standing(ctx, &steps[i])
		if err != nil {
			return b, err
		}
		b.Steps = append(b.Steps, StepBoard{steps[i], st})
	}
	for i := range l.Stages {
		st := &l.Stages[i]
		sb := StageBoard{Kind: st.Kind, When: "coming"}
		if !now.Before(st.BeginsAt) {
			sb.When = "now"
			if !now.Before(st.EndsAt) {
				sb.When = "over"
			}
			if sb.Figures, err = s.figures(ctx, &l, steps, st); err != nil {
				return b, err
			}
		}
		b.Stages = append(b.Stages, sb)
	}
	if b.Total, err = s.figures(ctx, &l, steps, nil); err != nil {
		return b, err
	}
	goods, err := s.Trade.Goods(ctx, l.Goods)
	if err != nil {
		return b, err
	}
	for _, g := range goods {
		b.Goods = append(b.Goods, g.Title)
		for _, k := range g.SKUs {
			b.StockLeft += k.Free
		}
	}
	next, err := store.All[string](ctx, s.DB, `SELECT id FROM launches WHERE parent = ? ORDER BY id`, l.ID)
	b.Next = append(b.Next, next...)
	return b, err
}

// figures are what a stage came to, or all of a launch when stage is nil.
func (s *Service) figures(ctx context.Context, l *Launch, steps []Step, stage *Stage) (f Figures, err error) {
	for _, of := range []struct {
		list string
		into *int64
	}{{MeasureReached, &f.Reached}, {MeasureLooked, &f.Looked}, {MeasureReserved, &f.Reserved}, {MeasureDeposits, &f.Deposits}} {
		people, err := s.measured(ctx, l, steps, stage, of.list)
		if err != nil {
			return f, err
		}
		*of.into = int64(people.GetCardinality())
	}
	sold, err := s.sold(ctx, l, stage)
	if err != nil {
		return f, err
	}
	f.Buyers, f.Units, f.RevenueFen = int64(sold.People.GetCardinality()), sold.Units, sold.RevenueFen
	return f, nil
}

// window is when a stage is, or all of a launch when it is nil, as far as it has come.
func (s *Service) window(l *Launch, stage *Stage) (from, until time.Time) {
	from, until = l.BeginsAt, l.EndsAt
	if stage != nil {
		from, until = stage.BeginsAt, stage.EndsAt
	}
	if now := s.instant().Add(time.Microsecond); until.After(now) {
		until = now
	}
	return from, until
}

func (s *Service) sold(ctx context.Context, l *Launch, stage *Stage) (Sold, error) {
	none := Sold{People: roaring.New()}
	from, until := s.window(l, stage)
	if !from.Before(until) {
		return none, nil
	}
	goods, err := s.Trade.Goods(ctx, l.Goods)
	if err != nil {
		return none, err
	}
	var skus []string
	for _, g := range goods {
		for _, k := range g.SKUs {
			skus = append(skus, k.Code)
		}
	}
	if len(skus) == 0 {
		return none, nil
	}
	return s.Trade.Sold(ctx, skus, from, until)
}

// measured returns the people behind a number of a stage, or of all of a launch.
func (s *Service) measured(ctx context.Context, l *Launch, steps []Step, stage *Stage, measure string) (*roaring.Bitmap, error) {
	from, until := s.window(l, stage)
	if !from.Before(until) {
		return roaring.New(), nil
	}
	switch measure {
	case MeasureReached:
		return s.reached(ctx, steps, stage)
	case MeasureLooked:
		return s.People.Looked(ctx, l.Goods, from, until)
	case MeasureReserved:
		return s.reservedBetween(ctx, l.ID, from, until)
	case MeasureDeposits:
		return s.Trade.Deposits(ctx, presalesOf(steps, stage))
	case MeasureBuyers, MeasureUnits, MeasureRevenue:
		sold, err := s.sold(ctx, l, stage)
		return sold.People, err
	}
	return nil, errs.New(errs.Invalid, "launch.no_measure", "there is no such number").At("list")
}

func presalesOf(steps []Step, stage *Stage) []string {
	out := []string{}
	for _, st := range steps {
		if st.Kind == OpenPresale && st.Made != "" && (stage == nil || stage.Kind == st.Stage) {
			out = append(out, st.Made)
		}
	}
	return out
}

// reached returns who got a message.
func (s *Service) reached(ctx context.Context, steps []Step, stage *Stage) (*roaring.Bitmap, error) {
	out := roaring.New()
	for _, st := range steps {
		c, ok := s.doer(st.Kind).(Coverer)
		if st.Kind != SendMessage || st.Made == "" || !ok || stage != nil && stage.Kind != st.Stage {
			continue
		}
		some, err := c.Reached(ctx, st.Made)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Or(some)
	}
	return out, nil
}

// learned is what a wave brought.
type learned struct {
	stages  map[StageKind]Figures
	actions map[string]*Learned
	failed  map[string]bool // actions of which no turn was ever done
}

func (s *Service) learn(ctx context.Context, l *Launch, steps []Step) (learned, error) {
	out := learned{map[StageKind]Figures{}, map[string]*Learned{}, map[string]bool{}}
	for i := range l.Stages {
		f, err := s.figures(ctx, l, steps, &l.Stages[i])
		if err != nil {
			return out, err
		}
		out.stages[l.Stages[i].Kind] = f
	}
	sold, err := s.sold(ctx, l, nil)
	if err != nil {
		return out, err
	}
	for _, st := range steps {
		was, seen := out.failed[st.Action]
		out.failed[st.Action] = st.State == Missed && (!seen || was)
		c, ok := s.doer(st.Kind).(Coverer)
		if !ok || st.State != Done {
			continue
		}
		people, err := c.Reached(ctx, st.Made)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		if out.actions[st.Action] == nil {
			out.actions[st.Action] = &Learned{}
		}
		out.actions[st.Action].People += int64(people.GetCardinality())
		out.actions[st.Action].Bought += int64(people.AndCardinality(sold.People))
	}
	return out, nil
}

// audience returns whom an action is for now, of all its waves together.
func (s *Service) audience(ctx context.Context, l *Launch, a *Action) (*roaring.Bitmap, error) {
	if a.Audience == nil {
		return roaring.New(), nil
	}
	if a.Audience.Kind != "list" {
		return s.People.Resolve(ctx, a.Audience.Kind, a.Audience.ID)
	}
	people, err := s.list(ctx, l, a.Audience.ID)
	if err != nil {
		return nil, err
	}
	everyone, err := s.People.Resolve(ctx, "everyone", "")
	if err != nil {
		return nil, err
	}
	people.And(everyone) // without who has gone into another since
	return people, nil
}

// list returns the people of one of the launch's own lists.
func (s *Service) list(ctx context.Context, l *Launch, list string) (*roaring.Bitmap, error) {
	switch list {
	case ListReserved:
		return s.measured(ctx, l, nil, nil, MeasureReserved)
	case ListBought:
		return s.measured(ctx, l, nil, nil, MeasureBuyers)
	case ListNotBought:
		return s.without(ctx, l, MeasureReserved, MeasureBuyers)
	case ListLooked:
		return s.without(ctx, l, MeasureLooked, MeasureBuyers)
	case ListNotReserved:
		return s.without(ctx, l, MeasureLooked, MeasureReserved)
	case ListDeposit:
		steps, err := s.stepsOf(ctx, l.ID)
		if err != nil {
			return nil, err
		}
		return s.measured(ctx, l, steps, nil, MeasureDeposits)
	case ListLastWave:
		if l.Parent == "" {
			return roaring.New(), nil
		}
		parent, err := byID(ctx, s.DB, l.Parent)
		if errs.Is(err, errs.NotFound) {
			return roaring.New(), nil
		}
		if err != nil {
			return nil, err
		}
		return s.measured(ctx, &parent, nil, nil, MeasureBuyers)
	}
	return nil, errs.New(errs.Invalid, "launch.no_list", "there is no such list").At("list")
}

// without returns those of one number who are not in another.
func (s *Service) without(ctx context.Context, l *Launch, of, but string) (*roaring.Bitmap, error) {
	people, err := s.measured(ctx, l, nil, nil, of)
	if err != nil {
		return nil, err
	}
	away, err := s.measured(ctx, l, nil, nil, but)
	if err != nil {
		return nil, err
	}
	people = people.Clone()
	people.AndNot(away)
	return people, nil
}

// Behind returns the people behind a number (a measure) of a launch, of one stage where one is named, or of one of its lists.
func (s *Service) Behind(ctx context.Context, launchID, list string, kind StageKind) (*roaring.Bitmap, error) {
	l, err := byID(ctx, s.DB, launchID)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(Measures(), list) {
		return s.list(ctx, &l, list)
	}
	steps, err := s.stepsOf(ctx, launchID)
	if err != nil {
		return nil, err
	}
	stage := l.stage(kind)
	if kind != "" && stage == nil {
		return nil, errs.New(errs.Invalid, "launch.no_stage", "the launch has no such stage").At("stage")
	}
	return s.measured(ctx, &l, steps, stage, list)
}

// PageOf returns the numbers of a list of people after one of them, in order, and the cursor of the next page.
func PageOf(people *roaring.Bitmap, after string, limit int) ([]uint32, string, error) {
	it := people.Iterator()
	if after != "" {
		n, err := strconv.ParseUint(after, 10, 32)
		if err != nil || n == 1<<32-1 {
			return nil, "", errs.New(errs.Invalid, "request.cursor", "the cursor is not one of ours").At("after")
		}
		it.AdvanceIfNeeded(uint32(n) + 1)
	}
	var out []uint32
	for it.HasNext() && len(out) < limit {
		out = append(out, it.Next())
	}
	if it.HasNext() && len(out) > 0 {
		return out, strconv.FormatUint(uint64(out[len(out)-1]), 10), nil
	}
	return out, "", nil
}
