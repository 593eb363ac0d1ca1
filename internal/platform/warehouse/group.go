package warehouse

import (
	"context"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"
)

// Grouping asks for the customers of whose facts, those that meet Where, Having holds: both are simple SQL, on columns of facts and on
// aggregates over them. A customer without such a fact is not found.
type Grouping struct{ Where, Having string }

// Group answers groupings within the engine: a few conditions cost less so than by a scan, which reads all that any of them needs. Facts after
// asOf, microseconds UTC, are left out. All answers are of one state of the warehouse, whose watermark is returned; ok is false, and nothing was
// asked, where the engine keeps facts of one customer apart. Sums are of order.paid alone: order.amended facts are not in them.
func (w *Warehouse) Group(ctx context.Context, asOf int64, all []Grouping) (people []*roaring.Bitmap, mark Watermark, ok bool, err error) {
	sn, err := w.engine.snapshot(ctx, min(2, len(all)))
	if err != nil {
		return nil, mark, false, err
	}
	defer sn.end()
	if !sn.whole {
		return nil, mark, false, nil
	}
	people = make([]*roaring.Bitmap, len(all))
	group, inside := errgroup.WithContext(ctx)
	for i, source := range sn.sources {
		group.Go(func() error {
			for n := i; n < len(all); n += len(sn.sources) {
				r := &reader{source: source, spec: ScanSpec{AsOf: asOf}, later: sn.mark.Latest > asOf}
				found, err := r.grouped(inside, all[n], sn.mark.Through)
				if err != nil {
					return fmt.Errorf("group facts: %w", err)
				}
				people[n] = found
			}
			return nil
		})
	}
	return people, sn.mark, true, group.Wait()
}

// grouped is the customers up to through of a grouping.
func (r *reader) grouped(ctx context.Context, g Grouping, through uint32) (*roaring.Bitmap, error) {
	customer, rows := r.rows("facts", 1, through+1)
	bits := make([]uint64, through/64+1)
	q := "SELECT " + customer + " " + rows + r.during() + " AND " + g.Where + " GROUP BY customer HAVING " + g.Having
	err := r.each(ctx, q, func(b batch) error {
		for _, n := range b.uint32s(0) {
			bits[n/64] |= 1 << (n % 64)
		}
		return nil
	})
	return roaring.FromDense(bits, false), err
}
