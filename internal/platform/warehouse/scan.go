package warehouse

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"huoshui/internal/platform/event"
)

// ScanSpec says what an ordered scan reads.
type ScanSpec struct {
	Facts   []string // fact names, or AnyEvent; a Kind is a place in this list
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
	Rows    int // rows a block aims at; 0 leaves it to the scan
}

// AnyEvent among the names of facts that a scan reads is every event.… that is not named too: they are of one kind.
const AnyEvent = event.CustomPrefix + "\x00"

// MostPicked is how many customers a scan may pick.
const MostPicked = 1 << 14

// Scan reads facts and people in blocks of customers and calls fn for each, on spec.Workers goroutines at once; worker
// tells them apart. Blocks come in no particular order but each holds all of its customers' facts. All blocks see one
// state of the warehouse, whose watermark is returned. The engine does not sort: what the last compaction wrote lies in
// order already and is streamed, the rows since are grouped here with a counting sort on the dense customer number and merged. The amount and quantity of an
// order.paid are those of the whole order: what order.amended facts added is in them, whether or not these are asked for.
func (w *Warehouse) Scan(ctx context.Context, spec ScanSpec, fn func(worker int, b *Block) error) (Watermark, error) {
	if spec.Workers == 0 {
		spec.Workers = 2
	}
	sn, err := w.engine.snapshot(ctx, spec.Workers)
	if err != nil {
		return Watermark{}, err
	}
	defer sn.end()
	return sn.mark, w.scan(ctx, spec, sn, fn)
}

// How many rows a block aims at, and how many customers a stream reads at most.
const (
	blockRows    = 1 << 20 // of a block with queries of its own: half as many cost a tenth more, as every block reads the row groups at its ends whole
	streamedRows = 1 << 14 // of a block of a stream: it stays in the processor's cache
	streamed     = 1 << 18
)

// size is how many customers have about so many rows: a bitmap container is 65,536 wide, a word 64; ranges hold whole ones or divide
// one evenly, and never share a word.
func (spec ScanSpec) size(mark Watermark, rows int) uint32 {
	if spec.Rows != 0 {
		rows = spec.Rows
	}
	size := uint64(1 << 20)
	if mark.Facts > int64(rows) {
		fitting := (uint64(mark.Through) + 1) * uint64(rows) / uint64(mark.Facts)
		size = min(size, max(uint64(1)<<bits.Len64(fitting)>>1, 64))
	}
	return uint32(size)
}

// boundaries cuts the customers of a scan at multiples of size.
func (spec ScanSpec) boundaries(mark Watermark, size uint32) []uint32 {
	from, to := max(spec.From, 1), spec.To
	if to == 0 || to > mark.Through+1 {
		to = mark.Through + 1
	}
	if from >= to {
		return nil
	}
	cuts := []uint32{from}
	for at := (uint64(from)/uint64(size) + 1) * uint64(size); at < uint64(to); at += uint64(size) {
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
	kinds := w.kindsOf(spec.Facts)
	amends := w.amendments(spec, kinds)
	readers := make([]*reader, len(sn.sources))
	for i, source := range sn.sources {
		r := &reader{source: source, spec: spec, kinds: kinds, amends: amends, later: mark.Latest > spec.AsOf, props: w.propReaders(spec.Props)}
		r.raw.wide = make([][]int64, len(wideColumns)+len(spec.Props))
		r.timelines, r.moved = sn.timelines, sn.moved
		readers[i] = r
	}
	var cuts []uint32
	switch {
	case spec.Pick != nil:
		cuts = []uint32{0, uint32(len(spec.Pick))}
	case spec.Only != nil:
		cuts = spec.narrow(spec.boundaries(mark, spec.size(mark, blockRows)))
	case sn.ordered != "":
		return spec.stream(ctx, sn, readers, fn)
	default:
		cuts = spec.boundaries(mark, spec.size(mark, blockRows))
	}
	err := ranges(ctx, readers, cuts, func(ctx context.Context, i int, from, to uint32) error {
		r := readers[i]
		r.expect = spec.rows(cuts, mark)
		return r.read(ctx, from, to, func(b *Block) error { return fn(i, b) })
	})
	if errors.Is(err, errTimelines) {
		sn.broken()
	}
	return err
}

// stream is scan of facts most of which lie in order.
func (spec ScanSpec) stream(ctx context.Context, sn *snapshot, readers []*reader, fn func(int, *Block) error) error {
	size := min(spec.size(sn.mark, streamedRows), streamed)
	stretch := spec.stretch(sn.mark, size)
	cuts := spec.boundaries(sn.mark, stretch)
	if len(cuts) == 0 {
		return nil
	}
	add := newApart(cuts, stretch, len(readers), spec, sn.loose)
	var next atomic.Int64
	group, inside := errgroup.WithContext(ctx)
	for i, r := range readers {
		group.Go(func() error {
			for {
				n := int(next.Add(1))
				if n > len(sn.apart) {
					return nil
				}
				if err := add.fill(inside, r, i, cuts[0], cuts[len(cuts)-1], sn.apart[n-1]); err != nil {
					return fmt.Errorf("scan facts that came since: %w", err)
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	err := ranges(ctx, readers, cuts, func(ctx context.Context, i int, from, to uint32) error {
		return readers[i].stream(ctx, from, to, size, sn, add, func(b *Block) error { return fn(i, b) })
	})
	if errors.Is(err, errDisorder) {
		sn.disorder()
	}
	if errors.Is(err, errTimelines) {
		sn.broken()
	}
	return err
}

// ranges has readers work off ranges of customers.
func ranges(ctx context.Context, readers []*reader, cuts []uint32, work func(ctx context.Context, reader int, from, to uint32) error) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for i := range readers {
		group.Go(func() error {
			for {
				n := int(next.Add(1))
				if n >= len(cuts) {
					return nil
				}
				if err := work(ctx, i, cuts[n-1], cuts[n]); err != nil {
					return fmt.Errorf("scan customers %d to %d: %w", cuts[n-1], cuts[n], err)
				}
			}
		})
	}
	return group.Wait()
}

// stretch is how many customers one stream reads, in blocks of size: so many that every worker gets some streams.
func (spec ScanSpec) stretch(mark Watermark, size uint32) uint32 {
	fitting := (uint64(mark.Through) + 1) / 8
	return uint32(min(max(uint64(1)<<bits.Len64(fitting)>>1, uint64(size)), streamed))
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
		if name == AnyEvent {
			for _, c := range w.dict.custom() {
				if !slices.Contains(names, w.Text(c)) {
					kinds[c] = Kind(i)
				}
			}
			continue
		}
		if c := w.Code(name); c != NoCode && c != 0 {
			kinds[c] = Kind(i)
		}
	}
	return kinds
}
