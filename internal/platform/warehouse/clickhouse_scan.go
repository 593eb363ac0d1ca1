package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

func (e *clickhouse) snapshot(ctx context.Context, n int) (*snapshot, error) {
	var releases []func()
	end := func() {
		for _, release := range releases {
			release()
		}
	}
	release, err := e.slot(ctx)
	if err != nil {
		return nil, err
	}
	releases = append(releases, release)
	for len(releases) < n { // more where they are free at once
		select {
		case e.slots <- struct{}{}:
			releases = append(releases, func() { <-e.slots })
			continue
		default:
		}
		break
	}
	workers := len(releases)
	mark, v, release, err := e.state()
	if err != nil {
		end()
		return nil, err
	}
	releases = append(releases, release)
	sn := &snapshot{mark: mark, end: end}
	for range workers {
		sn.sources = append(sn.sources, &clickhouseSource{e, v})
	}
	return sn, nil
}

// state is the watermark and the view of one commit; the view is held.
func (e *clickhouse) state() (Watermark, *view, func(), error) {
	try := func() (Watermark, *view, func(), bool) {
		before := e.w.Watermark()
		v, release := e.hold()
		if v.mark.Seq == before.Seq && v.mark.Facts == before.Facts && e.w.Watermark() == before {
			return before, v, release, true
		}
		release()
		return before, nil, nil, false
	}
	for range 20 {
		if mark, v, release, same := try(); same {
			return mark, v, release, nil
		}
	}
	e.w.write.Lock() // the writer is too quick: ask it to wait
	defer e.w.write.Unlock()
	mark, v, release, same := try()
	if !same {
		return mark, nil, nil, errors.New("warehouse: the watermark moved without a writer")
	}
	return mark, v, release, nil
}

// clickhouseSource reads the tables of a view, one shard after another.
type clickhouseSource struct {
	e *clickhouse
	v *view
}

func (s *clickhouseSource) rows(table string, from, to uint32, some []uint32) (customer, rows string) {
	seen := fmt.Sprintf(" WHERE seq <= %d", s.v.mark.Seq)
	if table == "people" {
		rows = fmt.Sprintf("FROM people_%d", s.v.tables.people) + seen
		if to > from {
			rows += " AND customer >= " + number(from) + " AND customer < " + number(to)
		}
		if some != nil {
			rows += " AND " + among(some)
		}
		return "customer", rows
	}
	rows = fmt.Sprintf("FROM facts_%d", s.v.tables.facts) + seen
	inside := func(n uint32) bool {
		if to > from && (n < from || n >= to) {
			return false
		}
		if some == nil {
			return true
		}
		_, found := slices.BinarySearch(some, n)
		return found
	}
	apart := map[uint32]uint32{} // of rows that lie here, or belong here
	var elsewhere []uint32       // where rows lie that belong here
	for origin, owner := range s.v.places.apart {
		at := s.v.places.at(origin)
		if !inside(at) && !inside(owner) {
			continue
		}
		apart[origin] = owner
		if !inside(at) {
			elsewhere = append(elsewhere, at)
		}
	}
	slices.Sort(elsewhere)
	var here []string
	if to > from {
		here = append(here, "place >= "+number(from), "place < "+number(to))
	}
	if some != nil {
		here = append(here, strings.ReplaceAll(among(some), "customer", "place"))
	}
	lies := strings.Join(here, " AND ")
	if len(elsewhere) > 0 {
		lies = "(" + lies + " OR place IN (" + list(slices.Compact(elsewhere)) + "))"
	}
	rows += " AND " + lies
	customer = belongs(apart)
	if len(apart) > 0 {
		if to > from {
			rows += " AND customer >= " + number(from) + " AND customer < " + number(to)
		}
		if some != nil {
			rows += " AND " + among(some)
		}
	}
	return customer + " AS customer", rows
}

// one thread reads parts in the order in which they are clustered, as the reader likes it.
var oneThread = map[string]string{"max_threads": "1"}

func (s *clickhouseSource) each(ctx context.Context, q string, fn func(arrow.RecordBatch)) error {
	for _, n := range s.e.nodes {
		err := n.blocks(ctx, q, oneThread, func(r *nativeReader) error {
			rec, err := r.batch()
			if err == nil {
				fn(rec)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
