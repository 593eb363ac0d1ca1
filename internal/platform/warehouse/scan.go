package warehouse

import (
	"context"
	"fmt"
	"math/bits"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// ScanSpec says what an ordered scan reads.
type ScanSpec struct {
	Facts   []string // fact names; a Kind is a place in this list
	Columns Column
	Props   []Prop // what to read of facts' properties
	AsOf    int64  // facts after it are left out, microseconds UTC
	Since   int64  // facts before it are left out; 0 leaves out none
	Flags   bool   // of people only Flags and Known are filled
	From    uint32 // customers From ≤ n < To; zero To means all
	To      uint32
	Only    []uint32 // when not nil, only these customers, ascending; blocks span them and may hold others
	// Pick, when not nil, is a few customers, ascending, at most MostPicked: they are one block, whose customers are their places
	// in this list. From, To and Only are not looked at then.
	Pick    []uint32
	Workers int // 0 is 2
	Rows    int // rows a block aims at; 0 is 1,048,576
}

// MostPicked is how many customers a scan may pick.
const MostPicked = 1 << 14

// Scan reads facts and people in blocks of customers and calls fn for each, on spec.Workers goroutines at once; worker
// tells them apart. Blocks come in no particular order but each holds all of its customers' facts. All blocks see one
// state of the warehouse, whose watermark is returned. The engine does not sort: what the last compaction wrote lies in
// order already, the rows since are grouped here with a counting sort on the dense customer number and merged. The amount and quantity of an
// order.paid are those of the whole order: what order.amended facts added is in them, whether or not these are asked for.
func (w *Warehouse) Scan(ctx context.Context, spec ScanSpec, fn func(worker int, b *Block) error) (Watermark, error) {
	if spec.Workers == 0 {
		spec.Workers = 2
	}
	if spec.Rows == 0 {
		spec.Rows = 1 << 20 // half as many cost a tenth more: every block reads the row groups at its ends whole
	}
	sn, err := w.engine.snapshot(ctx, spec.Workers)
	if err != nil {
		return Watermark{}, err
	}
	defer sn.end()
	return sn.mark, w.scan(ctx, spec, sn, fn)
}

// Blocks returns the ranges of customers a scan would read, as their boundaries.
func (spec ScanSpec) boundaries(mark Watermark) []uint32 {
	from, to := max(spec.From, 1), spec.To
	if to == 0 || to > mark.Through+1 {
		to = mark.Through + 1
	}
	if from >= to {
		return nil
	}
	// a bitmap container is 65,536 wide, a word 64: ranges hold whole ones or divide one evenly, and never share a word
	size := uint64(1 << 20)
	if mark.Facts > int64(spec.Rows) {
		fitting := (uint64(mark.Through) + 1) * uint64(spec.Rows) / uint64(mark.Facts)
		size = min(size, max(uint64(1)<<bits.Len64(fitting)>>1, 64))
	}
	cuts := []uint32{from}
	for at := (uint64(from)/size + 1) * size; at < uint64(to); at += size {
		cuts = append(cuts, uint32(at))
	}
	return append(cuts, to)
}

// rows is about how many rows the largest block will have; 0 when only some customers are wanted.
func (spec ScanSpec) rows(cuts []uint32, mark Watermark) int {
	if spec.Only != nil || spec.Pick != nil {
		return 0
	}
	var most uint32
	for i := 1; i < len(cuts); i++ {
		most = max(most, cuts[i]-cuts[i-1])
	}
	return int(uint64(mark.Facts) * uint64(most) / (uint64(mark.Through) + 1) * 5 / 4) // some customers do more than others
}

func (w *Warehouse) scan(ctx context.Context, spec ScanSpec, sn *snapshot, fn func(int, *Block) error) error {
	mark := sn.mark
	cuts := spec.boundaries(mark)
	switch {
	case spec.Pick != nil:
		cuts = []uint32{0, uint32(len(spec.Pick))}
	case spec.Only != nil:
		cuts = spec.narrow(cuts)
	}
	kinds := w.kindsOf(spec.Facts)
	amends := w.amendments(spec, kinds)
	var apart *loose
	if spec.Only == nil && spec.Pick == nil && len(cuts) > 2 && sn.apart != nil {
		apart = sn.apart
		apart.from, apart.to = cuts[0], cuts[len(cuts)-1]
	}
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for i, source := range sn.sources {
		group.Go(func() error {
			r := &reader{source: source, spec: spec, kinds: kinds, amends: amends, later: mark.Latest > spec.AsOf, expect: spec.rows(cuts, mark), loose: apart}
			r.props = w.propReaders(spec.Props)
			for {
				n := int(next.Add(1))
				if n >= len(cuts) {
					return nil
				}
				b, err := r.read(ctx, cuts[n-1], cuts[n])
				if err != nil {
					return fmt.Errorf("scan customers %d to %d: %w", cuts[n-1], cuts[n], err)
				}
				if err := fn(i, b); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// narrow drops what lies beyond the wanted customers.
func (spec ScanSpec) narrow(cuts []uint32) []uint32 {
	if len(spec.Only) == 0 || len(cuts) == 0 {
		return nil
	}
	first, last := spec.Only[0], spec.Only[len(spec.Only)-1]
	var out []uint32
	for i, c := range cuts {
		if (i+1 < len(cuts) && cuts[i+1] <= first) || (i > 0 && cuts[i-1] > last) {
			continue
		}
		out = append(out, c)
	}
	if len(out) > 0 {
		out[0] = max(out[0], first)
		out[len(out)-1] = min(out[len(out)-1], last+1)
	}
	return out
}

// kindsOf maps dictionary codes to places in names; nil where a code is of no interest.
func (w *Warehouse) kindsOf(names []string) map[uint32]Kind {
	kinds := map[uint32]Kind{}
	for i, name := range names {
		if c := w.Code(name); c != NoCode && c != 0 {
			kinds[c] = Kind(i)
		}
	}
	return kinds
}
