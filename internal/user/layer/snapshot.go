package layer

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// Snapshot is what one refresh found about everybody, by day of the business zone (YYYY-MM-DD).
type Snapshot struct {
	Day               string     `db:"day" json:"day"`
	AsOf              time.Time  `db:"as_of" json:"as_of"`
	Seq               uint64     `db:"seq" json:"-"` // the warehouse's watermark
	DefinitionVersion int64      `db:"definition_version" json:"definition_version"`
	Definition        Definition `db:"definition,json" json:"definition"`
	Reconstructed     bool       `db:"reconstructed" json:"reconstructed" doc:"Computed later from the facts, not on the day"`
	People            int64      `db:"people" json:"people"`
	Result            Result     `db:"result,json" json:"result"`
	ComputedAt        time.Time  `db:"computed_at" json:"computed_at"`
}

// Kind says what a set of a snapshot tells apart.
type Kind string

// The kinds of sets. A person is in exactly one layer, stage and reason, at most one class and cell, any flags.
const (
	KindLayer  Kind = "layer"
	KindStage  Kind = "stage"
	KindClass  Kind = "class"
	KindFlag   Kind = "flag"
	KindReason Kind = "reason"
	KindCell   Kind = "cell" // code "543": R 5, F 4, M 3
)

// Count is how many people a set has and what they spent in the VIP window of the definition.
type Count struct {
	Code     string `db:"code" json:"code"`
	People   int64  `db:"people" json:"people"`
	ValueFen int64  `db:"value_fen" json:"value_fen"`
}

// set is one row of layer_sets.
type set struct {
	Day      string `db:"day"`
	Kind     Kind   `db:"kind"`
	Code     string `db:"code"`
	People   int64  `db:"people"`
	ValueFen int64  `db:"value_fen"`
	Numbers  []byte `db:"numbers"`

	bitmap *roaring.Bitmap
}

// grouping gathers the sets of one kind while people pass in ascending order.
type grouping struct {
	kind    Kind
	codes   []string
	of      func(n int) int // place in codes; negative for none
	bitmaps []*roaring.Bitmap
	buffers [][]uint32
	value   []int64
}

func newGrouping(kind Kind, codes []string, of func(n int) int) *grouping {
	g := &grouping{kind: kind, codes: codes, of: of, value: make([]int64, len(codes))}
	g.bitmaps, g.buffers = make([]*roaring.Bitmap, len(codes)), make([][]uint32, len(codes))
	for i := range codes {
		g.bitmaps[i] = roaring.New()
	}
	return g
}

func (g *grouping) add(n int, value int64) {
	place := g.of(n)
	if place < 0 || g.codes[place] == "" {
		return
	}
	g.value[place] += value
	g.buffers[place] = append(g.buffers[place], uint32(n))
	if len(g.buffers[place]) == 8192 {
		g.flush(place)
	}
}

func (g *grouping) flush(place int) {
	g.bitmaps[place].AddMany(g.buffers[place])
	g.buffers[place] = g.buffers[place][:0]
}

// sets returns a set for every code, empty ones too.
func (g *grouping) sets() []set {
	var out []set
	for place, code := range g.codes {
		if code == "" {
			continue
		}
		g.flush(place)
		b := g.bitmaps[place]
		b.RunOptimize()
		out = append(out, set{Kind: g.kind, Code: code, People: int64(b.GetCardinality()), ValueFen: g.value[place], bitmap: b})
	}
	return out
}

// cellCode is the code of an RFM cell.
func cellCode(r, f, m uint8) string { return fmt.Sprintf("%d%d%d", r, f, m) }

// sets returns everybody by layer, stage, class, flag, reason and cell; valid after Finish.
func (p *Pass) sets(ctx context.Context) ([]set, error) {
	s := p.state
	cells := make([]string, 0, 125)
	for r := range uint8(5) {
		for f := range uint8(5) {
			for m := range uint8(5) {
				cells = append(cells, cellCode(r+1, f+1, m+1))
			}
		}
	}
	groupings := []*grouping{
		newGrouping(KindLayer, s.Layers, func(n int) int { return int(s.Layer[n]) }),
		newGrouping(KindStage, s.Stages, func(n int) int { return int(s.Stage[n]) }),
		newGrouping(KindClass, s.Classes, func(n int) int { return int(s.Class[n]) }),
		newGrouping(KindReason, s.Reasons, func(n int) int { return int(s.Reason[n]) }),
		newGrouping(KindCell, cells, func(n int) int {
			if s.R[n] == 0 {
				return -1
			}
			return int(s.R[n]-1)*25 + int(s.F[n]-1)*5 + int(s.M[n]-1)
		}),
	}
	for i, flag := range Flags {
		groupings = append(groupings, newGrouping(KindFlag, []string{string(flag)}, func(n int) int {
			return int(p.flags[n]>>i&1) - 1
		}))
	}
	for n := range s.Present {
		if n%(1<<18) == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !s.Present[n] {
			continue
		}
		for _, g := range groupings {
			g.add(n, p.spentWindow[n])
		}
	}
	var out []set
	for _, g := range groupings {
		out = append(out, g.sets()...)
	}
	return out, nil
}

// snapshot describes the pass; valid after Finish.
func (p *Pass) snapshot(sets []set, version int64, reconstructed bool, now time.Time) Snapshot {
	var people int64
	for _, s := range sets {
		if s.Kind == KindLayer {
			people += s.People
		}
	}
	return Snapshot{
		Day: p.Day(), AsOf: p.asOf, Seq: p.seq, DefinitionVersion: version, Definition: p.def,
		Reconstructed: reconstructed, People: people, Result: p.result, ComputedAt: now,
	}
}
