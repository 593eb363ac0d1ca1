package layer

import (
	"cmp"
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
)

// Overview is one day's picture of everybody.
type Overview struct {
	Snapshot Snapshot `json:"snapshot"`
	Tally
	Compared *Compared `json:"compared,omitempty" doc:"The snapshot nearest to a week before, when there is one"`
	Trend    []Point   `json:"trend" doc:"Sizes of the layers, day by day, oldest first"`
}

// Compared is the sizes of an earlier day.
type Compared struct {
	Day    string  `json:"day"`
	Layers []Count `json:"layers"`
}

// trendDays is how far back the trend goes.
const trendDays = 400

// Overview returns the newest snapshot not after the day ("" for the newest) with its history; NotFound when there is
// none. A brand without any snapshot has an overview of nobody, whose snapshot has no day.
func (s *Service) Overview(ctx context.Context, day string) (Overview, error) {
	snap, err := snapshotOn(ctx, s.db, day)
	if day == "" && errs.Is(err, errs.NotFound) {
		return nobody(), nil
	}
	if err != nil {
		return Overview{}, err
	}
	o := Overview{Snapshot: snap}
	o.Result = snap.Result
	for kind, to := range map[Kind]*[]Count{
		KindLayer: &o.Layers, KindStage: &o.Stages, KindClass: &o.Classes, KindReason: &o.Reasons, KindFlag: &o.Flags,
	} {
		if *to, err = counts(ctx, s.db, snap.Day, kind); err != nil {
			return o, err
		}
	}
	inOrder(o.Layers, Layers)
	inOrder(o.Stages, Stages)
	inOrder(o.Classes, Classes)
	inOrder(o.Reasons, Reasons)
	inOrder(o.Flags, Flags)
	at, err := time.Parse(time.DateOnly, snap.Day)
	if err != nil {
		return o, err
	}
	before, err := snapshotOn(ctx, s.db, at.AddDate(0, 0, -7).Format(time.DateOnly))
	switch {
	case err == nil:
		o.Compared = &Compared{Day: before.Day}
		if o.Compared.Layers, err = counts(ctx, s.db, before.Day, KindLayer); err != nil {
			return o, err
		}
		inOrder(o.Compared.Layers, Layers)
	case !errs.Is(err, errs.NotFound):
		return o, err
	}
	o.Trend, err = series(ctx, s.db, at.AddDate(0, 0, -trendDays).Format(time.DateOnly), snap.Day)
	return o, err
}

// nobody is the overview before the first snapshot.
func nobody() Overview {
	none := []Count{}
	return Overview{Tally: Tally{Layers: none, Stages: none, Classes: none, Reasons: none, Flags: none}, Trend: []Point{}}
}

func inOrder[T ~string](list []Count, codes []T) {
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Compare(slices.Index(codes, T(a.Code)), slices.Index(codes, T(b.Code)))
	})
}

// Days returns the days there are snapshots of, newest first.
func (s *Service) Days(ctx context.Context) ([]SnapshotDay, error) {
	return snapshotDays(ctx, s.db, 1000)
}

// Cell is one of the 125 places of the RFM cube.
type Cell struct {
	R        uint8 `json:"r"`
	F        uint8 `json:"f"`
	M        uint8 `json:"m"`
	People   int64 `json:"people"`
	ValueFen int64 `json:"value_fen"`
}

// Matrix is the RFM cube of one day, and what made it.
type Matrix struct {
	Day     string   `json:"day"`
	Rules   RFMRules `json:"rules"`
	Result  Result   `json:"result"`
	Classes []Count  `json:"classes"`
	Cells   []Cell   `json:"cells" doc:"Cells with somebody in them"`
}

// Matrix returns the RFM cube of the newest snapshot not after the day.
func (s *Service) Matrix(ctx context.Context, day string) (Matrix, error) {
	snap, err := snapshotOn(ctx, s.db, day)
	if err != nil {
		return Matrix{}, err
	}
	m := Matrix{Day: snap.Day, Rules: snap.Definition.RFM, Result: snap.Result, Cells: []Cell{}}
	if m.Classes, err = counts(ctx, s.db, snap.Day, KindClass); err != nil {
		return m, err
	}
	inOrder(m.Classes, Classes)
	cells, err := counts(ctx, s.db, snap.Day, KindCell)
	if err != nil {
		return m, err
	}
	slices.SortFunc(cells, func(a, b Count) int { return cmp.Compare(a.Code, b.Code) })
	for _, c := range cells {
		if c.People > 0 {
			m.Cells = append(m.Cells, Cell{c.Code[0] - '0', c.Code[1] - '0', c.Code[2] - '0', c.People, c.ValueFen})
		}
	}
	return m, nil
}

// Migration is who went from where to where between two days.
type Migration struct {
	From           string  `json:"from" doc:"Day of the earlier snapshot used"`
	To             string  `json:"to"`
	Before         []Count `json:"before"`
	After          []Count `json:"after"`
	Moves          []Move  `json:"moves" doc:"Those who stayed included; from \"\" is new since, to \"\" is gone"`
	Up             int64   `json:"up" doc:"People who rose: lost < silent < new < potential < vip"`
	Down           int64   `json:"down" doc:"People who sank"`
	Reversed       bool    `json:"reversed" doc:"More people sank than rose"`
	SameDefinition bool    `json:"same_definition" doc:"Both days were computed with the same definition"`
}

// height orders the layers by worth, for telling up from down.
var height = map[string]int{string(Lost): 1, string(Silent): 2, string(New): 3, string(Potential): 4, string(VIP): 5}

// Migration compares the snapshots nearest before (or on) two days.
func (s *Service) Migration(ctx context.Context, from, to string) (Migration, error) {
	later, err := snapshotOn(ctx, s.db, to)
	if err != nil {
		return Migration{}, err
	}
	earlier, err := snapshotOn(ctx, s.db, from)
	if err != nil {
		return Migration{}, err
	}
	m := Migration{From: earlier.Day, To: later.Day, SameDefinition: earlier.Definition == later.Definition}
	before, err := s.layersOn(ctx, earlier.Day)
	if err != nil {
		return m, err
	}
	after, err := s.layersOn(ctx, later.Day)
	if err != nil {
		return m, err
	}
	if m.Before, err = counts(ctx, s.db, earlier.Day, KindLayer); err != nil {
		return m, err
	}
	if m.After, err = counts(ctx, s.db, later.Day, KindLayer); err != nil {
		return m, err
	}
	inOrder(m.Before, Layers)
	inOrder(m.After, Layers)
	m.Moves = moves(before, after)
	for _, move := range m.Moves {
		switch a, b := height[move.From], height[move.To]; {
		case a == 0 || b == 0:
		case b > a:
			m.Up += move.People
		case b < a:
			m.Down += move.People
		}
	}
	m.Reversed = m.Down > m.Up
	return m, nil
}

func (s *Service) layersOn(ctx context.Context, day string) (byLayer, error) {
	out := make(byLayer, len(Layers)-1)
	for i, l := range Layers[1:] {
		b, err := numbers(ctx, s.db, day, KindLayer, string(l))
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}
