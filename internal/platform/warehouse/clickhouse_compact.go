package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mostApart is how many numbers that went into another may have their rows elsewhere before a compaction moves them.
const mostApart = 10_000

// compactIfDue moves rows to whom they belong when many lie elsewhere, and thins out people when versions outnumber persons. The server
// itself sorts what came since into what there is.
func (e *clickhouse) compactIfDue(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	v, release := e.hold()
	apart := len(v.places.apart)
	versions, err := e.first().count(ctx, fmt.Sprintf("SELECT count() FROM %s", e.whole("people", v.tables.people)))
	release()
	if err != nil {
		return fmt.Errorf("warehouse: is compaction due: %w", err)
	}
	return e.compactTables(ctx, apart > mostApart, int64(versions) > int64(v.mark.Through)+looseRows)
}

func (e *clickhouse) compact(ctx context.Context) error {
	v, release := e.hold()
	apart := len(v.places.apart)
	release()
	if err := e.compactTables(ctx, apart > 0, true); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	v, release = e.hold()
	defer release()
	return e.everywhere(ctx, func(ctx context.Context, _ int, n *node) error {
		return n.exec(ctx, fmt.Sprintf("OPTIMIZE TABLE facts_%d FINAL", v.tables.facts))
	})
}

// compactTables copies facts or people or both into new tables, in which rows lie at whom they belong to and people have one version
// each, and commits these. Loads go on while it copies; what they brought is copied in the end, while they wait.
func (e *clickhouse) compactTables(ctx context.Context, facts, people bool) (err error) {
	if !facts && !people {
		return nil
	}
	e.rewrite.Lock()
	defer e.rewrite.Unlock()
	began, next, err := e.beginCompaction(ctx, facts, people)
	if err != nil {
		return err
	}
	defer func() {
		e.w.write.Lock()
		defer e.w.write.Unlock()
		committing := e.growing == generation{} // whether that came through is not known; the next writer finds out
		e.growing, e.erased = generation{}, nil
		if err != nil && !committing {
			err = errors.Join(err, e.dropTables(context.WithoutCancel(ctx), next))
		}
	}()
	if err := e.makeTables(ctx, next); err != nil {
		return err
	}
	if err := e.copyTables(ctx, began, next, 0, began.mark.Seq); err != nil {
		return err
	}
	return e.endCompaction(ctx, began, next)
}

// beginCompaction decides on the new tables; those that stay are 0.
func (e *clickhouse) beginCompaction(ctx context.Context, facts, people bool) (*view, generation, error) {
	e.w.write.Lock()
	defer e.w.write.Unlock()
	if err := e.ready(ctx); err != nil {
		return nil, generation{}, err
	}
	v := e.view.Load()
	var next generation
	if facts {
		next.facts = v.tables.facts + 1
	}
	if people {
		next.people = v.tables.people + 1
	}
	if err := e.dropTables(ctx, next); err != nil { // of a compaction that did not end
		return nil, next, err
	}
	e.growing, e.erased = next, map[uint32]bool{}
	for _, table := range []string{fmt.Sprintf("facts_%d", v.tables.facts), fmt.Sprintf("people_%d", v.tables.people)} { // nothing erased is to be copied
		if err := e.everywhere(ctx, func(ctx context.Context, _ int, n *node) error { return n.mutated(ctx, table) }); err != nil {
			return nil, next, err
		}
	}
	return v, next, nil
}

// copyTables copies the rows of messages after one position up to another. All rows of an origin go to whom they belonged to when the
// compaction began, so that they lie together.
func (e *clickhouse) copyTables(ctx context.Context, began *view, next generation, after, through uint64) error {
	return e.everywhere(ctx, func(ctx context.Context, i int, n *node) error {
		seqs := fmt.Sprintf("seq <= %d", through)
		if after > 0 {
			seqs += fmt.Sprintf(" AND seq > %d", after)
		}
		if next.facts != 0 {
			to := belongs(began.places.apart)
			q := fmt.Sprintf("INSERT INTO facts_%d (%s) SELECT %s AS lies, if(if(born = 0, place, born) = lies, 0, if(born = 0, place, born)), %s FROM %s WHERE %s AND lies %% %d = %d",
				next.facts, strings.Join(names(factsColumns), ", "), to, strings.Join(names(factsColumns)[2:], ", "),
				e.whole("facts", began.tables.facts), seqs, len(e.nodes), i)
			if err := n.copy(ctx, q, e.statement("copy")); err != nil {
				return err
			}
		}
		if next.people == 0 {
			return nil
		}
		if after > 0 {
			all := strings.Join(names(peopleColumns), ", ")
			return n.copy(ctx, fmt.Sprintf("INSERT INTO people_%d (%s) SELECT %s FROM people_%d WHERE %s", next.people, all, all, began.tables.people, seqs), e.statement("copy"))
		}
		return e.copyPeople(ctx, n, began, next, seqs)
	})
}

// copyPeople copies the newest version of everybody; of those who were erased at any time the newest that says so.
func (e *clickhouse) copyPeople(ctx context.Context, n *node, began *view, next generation, seqs string) error {
	all := strings.Join(names(peopleColumns), ", ")
	through := uint64(began.mark.Through)
	for from := uint64(0); from <= through; from += peopleAtOnce {
		to := from + peopleAtOnce
		if to > through {
			to = 1 << 32
		}
		where := fmt.Sprintf("%s AND customer >= %d AND customer < %d", seqs, from, to)
		erased := fmt.Sprintf("bitAnd(flags, %d) != 0", FlagErased)
		table := fmt.Sprintf("people_%d", began.tables.people)
		for _, rows := range []string{
			where + " AND customer NOT IN (SELECT customer FROM " + table + " WHERE " + where + " AND " + erased + ")",
			where + " AND " + erased,
		} {
			q := fmt.Sprintf("INSERT INTO people_%d (%s) SELECT %s FROM %s WHERE %s ORDER BY customer, ts DESC, seq DESC LIMIT 1 BY customer", next.people, all, all, table, rows)
			if err := n.copy(ctx, q, e.statement("copy")); err != nil {
				return err
			}
		}
	}
	return nil
}

// copy runs a long INSERT … SELECT.
func (n *node) copy(ctx context.Context, q, id string) error {
	return n.do(ctx, q, nil, map[string]string{"query_id": id})
}

// endCompaction copies what loads brought in the meantime, compares, and commits the new tables.
func (e *clickhouse) endCompaction(ctx context.Context, began *view, next generation) error {
	e.w.write.Lock()
	defer e.w.write.Unlock()
	if err := e.ready(ctx); err != nil {
		return err
	}
	v := *e.view.Load()
	if v.tables != began.tables {
		return errors.New("the tables changed meanwhile")
	}
	if v.mark.Seq > began.mark.Seq {
		if err := e.copyTables(ctx, began, next, began.mark.Seq, v.mark.Seq); err != nil {
			return err
		}
	}
	if next.facts != 0 {
		if err := e.sameFacts(ctx, &v, next.facts); err != nil {
			return err
		}
		placed := map[uint32]uint32{}
		b := newBlock(strings.Split(placedColumns, ", ")...)
		for origin, at := range began.places.placed {
			placed[origin] = at
		}
		for origin, owner := range began.places.apart {
			placed[origin] = owner
		}
		for origin, at := range placed {
			if origin == at {
				delete(placed, origin)
				continue
			}
			b.add(origin, at)
		}
		if err := e.first().insert(ctx, fmt.Sprintf("placed_%d", next.facts), b, e.statement("placed")); err != nil {
			return err
		}
		v.places = newPlaces(v.places.into, placed)
	}
	old := generation{}
	if next.facts != 0 {
		old.facts, v.tables.facts = v.tables.facts, next.facts
	}
	if next.people != 0 {
		old.people, v.tables.people = v.tables.people, next.people
	}
	if len(e.erased) > 0 {
		var gone []uint32
		for n := range e.erased {
			gone = append(gone, n)
		}
		slices.Sort(gone)
		if err := e.eraseFrom(ctx, gone, v.tables, v.places); err != nil {
			return err
		}
	}
	v.number++
	v.writer, v.use = e.me, &use{}
	e.growing = generation{}
	if err := e.commit(ctx, v, nil); err != nil {
		e.sure = false
		return err
	}
	before := e.view.Swap(&v)
	e.done.Go(func() { e.dropUnused(before.use, old) })
	return nil
}

// dropUnused drops tables once nobody here reads them.
func (e *clickhouse) dropUnused(u *use, old generation) {
	u.Lock()
	u.dropped = true
	u.Unlock()
	if err := e.dropTables(context.Background(), old); err != nil { // the next writer does it
		e.w.log.Warn("old tables of the warehouse stay", "error", err)
	}
}

// sameFacts compares what was committed with its copy.
func (e *clickhouse) sameFacts(ctx context.Context, v *view, next uint32) error {
	const sums = "SELECT count(), sum(id), sum(amount), sum(quantity), sum(ts), sum(seq), sum(toUInt64(if(born = 0, place, born))), sum(kind), sum(length(subject)) FROM "
	var all [2][9]any
	for i, q := range []string{
		sums + e.whole("facts", v.tables.facts) + fmt.Sprintf(" WHERE seq <= %d", v.mark.Seq),
		sums + e.whole("facts", next),
	} {
		err := e.first().rows(ctx, q, func(row func(int) any) error {
			for j := range all[i] {
				all[i][j] = row(j)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if all[0] != all[1] {
		return fmt.Errorf("the copy of facts holds %v instead of %v", all[1], all[0])
	}
	return nil
}
