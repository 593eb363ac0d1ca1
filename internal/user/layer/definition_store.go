package layer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// InForce is the definition in force; version 0 is the one shipped.
type InForce struct {
	Version    int64        `json:"version"`
	Definition Definition   `json:"definition"`
	Presets    []Definition `json:"presets"`
}

// Definition returns the definition in force and the presets to begin from.
func (s *Service) Definition(ctx context.Context) (InForce, error) {
	def, version, err := settings.Get(ctx, s.db, Setting, Default())
	return InForce{version, def, Presets()}, err
}

// SaveDefinition puts a definition in force from the next refresh on. base is the version it was made from: a Conflict
// when somebody saved another meanwhile.
func (s *Service) SaveDefinition(ctx context.Context, def Definition, base int64, by string) (InForce, error) {
	if err := def.Validate(); err != nil {
		return InForce{}, err
	}
	var version int64
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		_, have, err := settings.Get(ctx, tx, Setting, Default())
		if err != nil {
			return err
		}
		if have != base {
			return errs.New(errs.Conflict, "layer.definition_changed", "version %d was saved meanwhile", have).With("version", have)
		}
		version, err = settings.Put(ctx, tx, Setting, def, by, s.now())
		return err
	})
	return InForce{version, def, Presets()}, err
}

// Version is a definition of the past.
type Version struct {
	Version    int64      `json:"version"`
	Definition Definition `json:"definition"`
	ChangedBy  string     `json:"changed_by" doc:"Who saved it: a name, or the id of an account that is gone"`
	ChangedAt  time.Time  `json:"changed_at"`
}

// Versions returns the definitions saved so far, newest first.
func (s *Service) Versions(ctx context.Context) ([]Version, error) {
	rows, err := settings.History(ctx, s.db, Setting, 100)
	if err != nil {
		return nil, err
	}
	out := make([]Version, len(rows))
	for i, row := range rows {
		out[i] = Version{Version: row.Version, ChangedBy: row.ChangedBy, ChangedAt: row.ChangedAt}
		if err := json.Unmarshal([]byte(row.Value), &out[i].Definition); err != nil {
			return nil, fmt.Errorf("definition %d: %w", row.Version, err)
		}
	}
	return out, nil
}

// Preview says what a definition would change, were it in force now.
type Preview struct {
	AsOf    time.Time `json:"as_of"`
	People  int64     `json:"people"`
	Moved   int64     `json:"moved" doc:"People who would be in another layer"`
	Before  Tally     `json:"before"`
	After   Tally     `json:"after"`
	Moves   []Move    `json:"moves" doc:"Largest first"`
	Seconds float64   `json:"seconds" doc:"How long computing took"`
}

// Tally is everybody counted by one definition.
type Tally struct {
	Layers  []Count `json:"layers"`
	Stages  []Count `json:"stages"`
	Classes []Count `json:"classes"`
	Reasons []Count `json:"reasons"`
	Flags   []Count `json:"flags"`
	Result  Result  `json:"result"`
}

// Tally counts everybody of the pass, and how many they are; valid after Finish.
func (p *Pass) Tally(ctx context.Context) (Tally, int64, error) {
	all, err := p.sets(ctx)
	if err != nil {
		return Tally{}, 0, err
	}
	return tally(all, p.result), p.snapshot(all, 0, false, p.asOf).People, nil
}

// Move is the people who go from one layer to another. "" is not there yet, or no longer there.
type Move struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	People  int64    `json:"people"`
	Samples []uint32 `json:"-"` // customer numbers of a few of them
}

// Preview computes the definition in force and another one in the same pass, over the same people, and compares. It
// stores nothing.
func (s *Service) Preview(ctx context.Context, def Definition) (Preview, error) {
	if err := def.Validate(); err != nil {
		return Preview{}, err
	}
	current, err := s.Definition(ctx)
	if err != nil {
		return Preview{}, err
	}
	began := time.Now()
	asOf := s.now()
	passes, err := s.Compute(ctx, asOf, current.Definition, def)
	if err != nil {
		return Preview{}, err
	}
	before, err := passes[0].sets(ctx)
	if err != nil {
		return Preview{}, err
	}
	after, err := passes[1].sets(ctx)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{AsOf: asOf, Before: tally(before, passes[0].result), After: tally(after, passes[1].result)}
	p.Moves = moves(layersOf(before), layersOf(after))
	for _, m := range p.Moves {
		if m.From != m.To {
			p.Moved += m.People
		}
		p.People += m.People
	}
	p.Moves = slices.DeleteFunc(p.Moves, func(m Move) bool { return m.From == m.To })
	p.Seconds = time.Since(began).Seconds()
	return p, nil
}

// tally counts the sets by kind, in the order of the codes.
func tally(sets []set, result Result) Tally {
	t := Tally{Result: result}
	for _, s := range sets {
		c := Count{s.Code, s.People, s.ValueFen}
		switch s.Kind {
		case KindLayer:
			t.Layers = append(t.Layers, c)
		case KindStage:
			t.Stages = append(t.Stages, c)
		case KindClass:
			t.Classes = append(t.Classes, c)
		case KindReason:
			t.Reasons = append(t.Reasons, c)
		case KindFlag:
			t.Flags = append(t.Flags, c)
		case KindCell: // counted on the matrix
		}
	}
	return t
}

// byLayer is the people of every layer, in the order of Layers without the first.
type byLayer []*roaring.Bitmap

func layersOf(sets []set) byLayer {
	out := make(byLayer, len(Layers)-1)
	for _, s := range sets {
		if s.Kind == KindLayer {
			out[slices.Index(Layers, Layer(s.Code))-1] = s.bitmap
		}
	}
	return out
}

// moves returns who was in which layer and is now in which, those who stayed, came and went included; largest first, no
// empty ones.
func moves(before, after byLayer) []Move {
	var out []Move
	add := func(from, to string, people *roaring.Bitmap) {
		n := people.GetCardinality()
		if n == 0 {
			return
		}
		m := Move{From: from, To: to, People: int64(n), Samples: []uint32{}}
		for it := people.Iterator(); it.HasNext() && len(m.Samples) < 5; {
			m.Samples = append(m.Samples, it.Next())
		}
		out = append(out, m)
	}
	was, is := roaring.FastOr(before...), roaring.FastOr(after...)
	for i, code := range Layers[1:] {
		for j, other := range Layers[1:] {
			add(string(code), string(other), roaring.And(before[i], after[j]))
		}
		add(string(code), "", roaring.AndNot(before[i], is))
		add("", string(code), roaring.AndNot(after[i], was))
	}
	slices.SortStableFunc(out, func(a, b Move) int { return int(b.People - a.People) })
	return out
}
