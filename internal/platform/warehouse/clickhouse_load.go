package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
)

// pace keeps inserts few: each makes a part on the server's disk, which it merges with others in the background.
func (e *clickhouse) pace() pace { return pace{messages: 4096, rest: 100 * time.Millisecond} }

// ready makes sure that this process is the only one to write, and that nothing is there that was not committed: at first, and again
// after a load that failed, of which nobody knows how far it came.
func (e *clickhouse) ready(ctx context.Context) error {
	if e.sure {
		return nil
	}
	last, found, err := e.lastCommit(ctx)
	if err != nil {
		return err
	}
	if !found {
		return errs.New(errs.Internal, "warehouse.no_commit", "the warehouse has no commit")
	}
	last.number++
	if err := e.commit(ctx, last, nil); err != nil {
		return err
	}
	if err := e.quiet(ctx); err != nil {
		return err
	}
	now, _, err := e.lastCommit(ctx)
	if err != nil {
		return err
	}
	if now.number != last.number || now.writer != e.me {
		return errs.New(errs.Conflict, "warehouse.writer", "another process has begun to write to the warehouse: only one may have the role worker")
	}
	if !e.moving {
		if err := e.sweep(ctx, now); err != nil {
			return err
		}
	}
	if err := e.reload(ctx); err != nil {
		return err
	}
	e.sure = true
	return nil
}

// quiet waits until no statement that writes to this warehouse runs any more, whoever sent it.
func (e *clickhouse) quiet(ctx context.Context) error {
	return e.everywhere(ctx, func(ctx context.Context, _ int, n *node) error {
		return until(ctx, func() (bool, error) {
			running, err := n.count(ctx, "SELECT count() FROM system.processes WHERE startsWith(query_id, "+literal("huoshui-"+e.address.database+"-")+")")
			return running == 0, err
		})
	})
}

// until asks again and again, more seldom in time, until the answer is yes.
func until(ctx context.Context, done func() (bool, error)) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// sweep takes out what loads wrote that never committed, and the tables of compactions that did not end.
func (e *clickhouse) sweep(ctx context.Context, v view) error {
	later := fmt.Sprintf("seq > %d", v.mark.Seq)
	return e.everywhere(ctx, func(ctx context.Context, i int, n *node) error {
		all := []string{fmt.Sprintf("facts_%d", v.tables.facts), fmt.Sprintf("people_%d", v.tables.people)}
		if i == 0 {
			all = append(all, "dict", "moves")
		}
		for _, table := range all {
			if err := n.remove(ctx, table, later); err != nil {
				return err
			}
		}
		var left []string
		err := n.rows(ctx, "SELECT name FROM system.tables WHERE database = "+literal(e.address.database)+" AND match(name, '^(facts|people|placed)_[0-9]+')", func(row func(int) any) error {
			name, _ := row(0).(string)
			var number uint32
			kind, rest, _ := strings.Cut(name, "_")
			if _, err := fmt.Sscanf(rest, "%d", &number); err != nil {
				return nil // not one of ours
			}
			kept, growing := v.tables.facts, e.growing.facts
			if kind == "people" {
				kept, growing = v.tables.people, e.growing.people
			}
			if number != kept && number != growing {
				left = append(left, name)
			}
			return nil
		})
		for _, name := range left {
			if err == nil {
				err = n.exec(ctx, "DROP TABLE IF EXISTS "+name)
			}
		}
		return err
	})
}

// remove deletes the rows of a table that meet a condition, if there are any, and returns when they are gone.
func (n *node) remove(ctx context.Context, table, condition string) error {
	there, err := n.count(ctx, "SELECT count() FROM (SELECT 1 FROM "+table+" WHERE "+condition+" LIMIT 1)")
	if err != nil || there == 0 {
		return err
	}
	if err := n.exec(ctx, "ALTER TABLE "+table+" DELETE WHERE "+condition); err != nil {
		return err
	}
	return n.mutated(ctx, table)
}

// mutated waits until all deletions and changes of a table are done.
func (n *node) mutated(ctx context.Context, table string) error {
	return until(ctx, func() (bool, error) {
		open, err := n.count(ctx, "SELECT count() FROM system.mutations WHERE database = "+literal(n.database)+" AND table = "+literal(table)+" AND is_done = 0")
		return open == 0, err
	})
}

// save writes what was gathered to all servers and then commits it. If it fails, nobody knows how far it came: ready finds out.
func (e *clickhouse) save(ctx context.Context, l *loading) (err error) {
	defer func() { e.sure = err == nil }()
	v := *e.view.Load()
	if err := e.still(ctx, &v); err != nil {
		return err
	}
	tell := func(numbers ...uint32) { l.customers = append(l.customers, numbers...) }
	before := v.places
	v.places = v.places.after(l.moves, tell)
	for i := range l.rows {
		r := &l.rows[i]
		if owner := v.places.of(r.customer); owner != r.customer {
			tell(owner)
		}
		if at := before.at(r.customer); at != r.customer {
			l.lay(r, at)
		}
	}
	known, err := e.known(ctx, l, &v)
	if err != nil {
		return err
	}
	if err := e.write(ctx, l, &v, known); err != nil {
		return err
	}
	if err := e.erase(ctx, l, &v); err != nil {
		return err
	}
	if err := e.still(ctx, &v); err != nil {
		return err
	}
	v.mark, v.number, v.writer = l.mark, v.number+1, e.me
	slices.Sort(l.customers)
	l.customers = slices.Compact(l.customers)
	if err := e.step("commit"); err != nil {
		return err
	}
	if err := e.commit(ctx, v, l.customers); err != nil {
		return err
	}
	if err := e.step("committed"); err != nil {
		return err
	}
	e.view.Store(&v)
	e.forget(ctx, v.number)
	return nil
}

// step lets a test fail a load between two of its steps.
func (e *clickhouse) step(name string) error {
	if e.fail == nil {
		return nil
	}
	return e.fail(name)
}

// still makes sure that nobody else committed since.
func (e *clickhouse) still(ctx context.Context, v *view) error {
	now, _, err := e.lastCommit(ctx)
	if err != nil {
		return err
	}
	if now.number != v.number || now.writer != e.me {
		return errs.New(errs.Conflict, "warehouse.writer", "another process writes to the warehouse: only one may have the role worker")
	}
	return nil
}

// forget drops commits of long ago; what fails is dropped another time.
func (e *clickhouse) forget(ctx context.Context, number uint64) {
	if number%commitsKept != 1 || number < 2*commitsKept {
		return
	}
	if err := e.first().exec(ctx, fmt.Sprintf("ALTER TABLE commits DROP PARTITION %d", number/commitsKept-2)); err != nil {
		e.w.log.WarnContext(ctx, "old commits of the warehouse stay", "error", err)
	}
}

// lay puts a row where the others of its number lie.
func (l *loading) lay(r *row, at uint32) {
	if r.maybe {
		delete(l.maybe, r.key)
	}
	r.born, r.customer = r.customer, at
	if r.maybe {
		l.maybe[r.key] = true
	}
}

// known returns which of the doubtful facts are in the warehouse already.
func (e *clickhouse) known(ctx context.Context, l *loading, v *view) (map[key]bool, error) {
	found := map[key]bool{}
	if len(l.maybe) == 0 {
		return found, nil
	}
	numbers := make([][]uint32, len(e.nodes))
	first, last := int64(1<<63-1), int64(-1<<63)
	for k := range l.maybe {
		numbers[e.shard(k.customer)] = append(numbers[e.shard(k.customer)], k.customer)
		first, last = min(first, k.ts), max(last, k.ts)
	}
	for i, n := range e.nodes {
		if len(numbers[i]) == 0 {
			continue
		}
		slices.Sort(numbers[i])
		q := fmt.Sprintf("SELECT id, place, ts FROM facts_%d WHERE seq <= %d AND ts >= %d AND ts <= %d AND place IN (%s)", v.tables.facts, v.mark.Seq, first, last, list(slices.Compact(numbers[i])))
		err := n.rows(ctx, q, func(row func(int) any) error {
			k := key{row(0).(uint64), uint32(row(1).(uint64)), row(2).(int64)}
			if l.maybe[k] {
				found[k] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// write inserts facts and people into their shards, and then what the first server keeps.
func (e *clickhouse) write(ctx context.Context, l *loading, v *view, known map[key]bool) error {
	d := e.w.dict
	facts, people := make([]*nativeBlock, len(e.nodes)), make([]*nativeBlock, len(e.nodes))
	for i := range e.nodes {
		facts[i], people[i] = newBlock(strings.Split(factsColumns, ", ")...), newBlock(strings.Split(peopleColumns, ", ")...)
	}
	for _, r := range l.rows {
		if r.maybe && known[r.key] {
			continue
		}
		if l.maybe[r.key] {
			known[r.key] = true
		}
		f := r.f
		if l.erased[f.Customer] {
			f.Props = nil
		}
		l.mark.Facts++
		l.mark.Latest = max(l.mark.Latest, r.ts)
		facts[e.shard(r.customer)].add(r.customer, r.born, r.ts, r.seq, d.give(f.Name), r.id, f.Subject, f.Amount, f.Quantity,
			d.give(f.Product), d.give(f.Category), d.give(f.Channel), d.give(f.Campaign), d.give(f.Strategy), d.give(f.Detail), []byte(f.Props))
	}
	for i := range l.people {
		p := &l.people[i]
		if l.erased[p.n] && !p.a.Erased {
			continue
		}
		people[e.shard(p.n)].add(p.n, p.ts, p.seq, p.registered(), Birthday(p.a.Birthday), d.give(p.a.Gender), d.give(p.a.Province), d.give(p.a.City),
			d.give(p.a.Source), d.give(p.a.Store), d.give(p.a.Owner), d.give(p.a.Level), p.flags())
	}
	err := e.everywhere(ctx, func(ctx context.Context, i int, n *node) error {
		if err := e.step(fmt.Sprintf("facts %d", i)); err != nil {
			return err
		}
		if err := n.insert(ctx, fmt.Sprintf("facts_%d", v.tables.facts), facts[i], e.statement("facts")); err != nil {
			return err
		}
		if err := e.step(fmt.Sprintf("people %d", i)); err != nil {
			return err
		}
		return n.insert(ctx, fmt.Sprintf("people_%d", v.tables.people), people[i], e.statement("people"))
	})
	if err != nil {
		return err
	}
	texts, moves := newBlock(strings.Split(dictColumns, ", ")...), newBlock(strings.Split(movesColumns, ", ")...)
	for i, text := range d.order {
		texts.add(uint32(len(d.texts)+i), text, l.mark.Seq)
	}
	for i, m := range l.moves {
		split := uint8(0)
		if m.split {
			split = 1
		}
		moves.add(l.mark.Seq, uint32(i), m.away, m.owner, split)
	}
	if err := e.step("dict"); err != nil {
		return err
	}
	if err := e.first().insert(ctx, "dict", texts, e.statement("dict")); err != nil {
		return err
	}
	return e.first().insert(ctx, "moves", moves, e.statement("moves"))
}

// erase has the servers take out what described people who are no customers any more; amounts and counts stay, without words. They do
// it in the background, and finish it also when they are stopped in between.
func (e *clickhouse) erase(ctx context.Context, l *loading, v *view) error {
	if len(l.erased) == 0 {
		return nil
	}
	var gone []uint32
	for n := range l.erased {
		gone = append(gone, n)
		if e.erased != nil {
			e.erased[n] = true
		}
	}
	slices.Sort(gone)
	return e.eraseFrom(ctx, gone, v.tables, v.places)
}

func (e *clickhouse) eraseFrom(ctx context.Context, gone []uint32, g generation, p *places) error {
	var origins, at []uint32
	for _, n := range gone {
		for _, o := range p.origins(n) {
			origins, at = append(origins, o), append(at, p.at(o))
		}
	}
	return e.everywhere(ctx, func(ctx context.Context, _ int, n *node) error {
		steps := []string{fmt.Sprintf("ALTER TABLE people_%d DELETE WHERE customer IN (%s) AND bitAnd(flags, %d) = 0", g.people, list(gone), FlagErased)}
		if len(origins) > 0 {
			steps = append(steps, fmt.Sprintf("ALTER TABLE facts_%d UPDATE props = '' WHERE place IN (%s) AND if(born = 0, place, born) IN (%s) AND props != ''", g.facts, list(at), list(origins)))
		}
		for _, q := range steps {
			if err := n.exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}
