package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// When compaction is due: rows added since the last one are more than this many and more than this share.
const (
	looseRows  = 200_000
	looseShare = 5 // one in five
)

// compactIfDue rewrites facts by customer and time when enough came since they last lay so, and people when versions
// outnumber persons. Scans that run go on seeing what they began with.
func (e *duck) compactIfDue(ctx context.Context) error {
	var facts, people int64
	err := e.reader(ctx, func(c *sql.Conn) error { // quick, and not to be interrupted: see Run
		return c.QueryRowContext(context.WithoutCancel(ctx), "SELECT f.n - l.clustered_facts + m.n, p.n - l.clustered_people FROM loaded l, (SELECT COUNT(*) AS n FROM facts) f, (SELECT COUNT(*) AS n FROM people) p, (SELECT COUNT(*) AS n FROM moved) m").Scan(&facts, &people)
	})
	if err != nil {
		return fmt.Errorf("warehouse: is compaction due: %w", err)
	}
	if total := e.w.Watermark().Facts; facts > looseRows && facts > total/looseShare {
		if err := e.compactFacts(ctx); err != nil {
			return err
		}
	} else if e.timelines.Load() == nil {
		if err := e.writeTimelines(ctx); err != nil {
			return err
		}
	}
	if people > looseRows {
		return e.compactPeople(ctx)
	}
	return nil
}

// Compact rewrites facts clustered by customer and time, so that a range of customers lies together, and keeps only
// the newest version of every person.
func (w *Warehouse) Compact(ctx context.Context) error { return w.engine.compact(ctx) }

func (e *duck) compact(ctx context.Context) error {
	if err := e.compactFacts(ctx); err != nil {
		return err
	}
	return e.compactPeople(ctx)
}

// factsAtOnce is about how many facts one statement of compactFacts sorts: what it holds in memory, whatever the warehouse holds.
const factsAtOnce = 1 << 20

func (e *duck) compactFacts(ctx context.Context) error {
	cuts, err := e.quantiles(ctx, int(e.w.Watermark().Facts/factsAtOnce)+1)
	if err != nil {
		return err
	}
	steps := []step{{do: `CREATE TABLE facts_clustered AS SELECT * FROM facts LIMIT 0`}}
	above := ""
	part := func(where string) {
		rows := `FROM facts WHERE ` + where
		steps = append(steps, step{`INSERT INTO facts_clustered SELECT * ` + rows + ` ORDER BY customer, ts`, `SELECT COUNT(*) ` + rows, ""})
	}
	for _, cut := range cuts {
		part(`customer < ` + number(cut) + above)
		above = ` AND customer >= ` + number(cut)
	}
	part(`TRUE` + above) // also who is loaded before the writer is ours
	err = e.rewrite(ctx, append(steps,
		step{never: `SELECT COUNT(*) - (SELECT COUNT(*) FROM facts_clustered) FROM facts`},
		step{do: `DROP TABLE facts`},
		step{do: `ALTER TABLE facts_clustered RENAME TO facts`},
		step{do: `DELETE FROM moved`},
		step{do: `UPDATE loaded SET clustered_facts = (SELECT COUNT(*) FROM facts), compaction = ` + strconv.FormatUint(newCompaction(), 10)}))
	if err != nil {
		return err
	}
	e.disorder.Store(false)
	return e.writeTimelines(ctx)
}

// quantiles are the customer numbers, ascending, that cut the facts into about so many equal parts; who has more facts than a part has is not cut.
func (e *duck) quantiles(ctx context.Context, parts int) (cuts []uint32, err error) {
	if parts < 2 {
		return nil, nil
	}
	at := make([]string, parts-1)
	for i := range at {
		at[i] = strconv.FormatFloat(float64(i+1)/float64(parts), 'f', 6, 64)
	}
	err = e.reader(ctx, func(c *sql.Conn) error { // quick, and not to be interrupted: see Run
		rows, err := c.QueryContext(context.WithoutCancel(ctx), "SELECT UNNEST(APPROX_QUANTILE(customer, ["+strings.Join(at, ", ")+"])) FROM facts")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n uint32
			if err := rows.Scan(&n); err != nil {
				return err
			}
			cuts = append(cuts, n)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("compact: %w", err)
	}
	slices.Sort(cuts)
	return slices.Compact(cuts), nil
}

// newest is the expression for the value of column that came with the greatest (ts, seq) of a group.
func newest(column string) string { return "ARG_MAX(" + column + ", ROW(ts, seq))" }

// peopleAtOnce is how many customer numbers one statement of compactPeople groups: what it holds in memory.
const peopleAtOnce = 1 << 19

func (e *duck) compactPeople(ctx context.Context) error {
	columns := strings.Split("seq registered birthday gender province city source store owner level", " ")
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = newest(c) + " AS " + c
	}
	steps := []step{{do: peopleTable("people_newest")}}
	through := uint64(e.w.Watermark().Through)
	for from := uint64(0); from <= through; from += peopleAtOnce {
		to := from + peopleAtOnce
		if to > through {
			to = 1 << 32 // also who is loaded before the writer is ours
		}
		here := fmt.Sprintf(`FROM people WHERE customer >= %d AND customer < %d`, from, to)
		steps = append(steps, step{fmt.Sprintf(`INSERT INTO people_newest (customer, ts, %s, flags)
			SELECT customer, MAX(ts), %s, CAST(CASE WHEN MAX(flags & %d) > 0 THEN %d ELSE %s END AS UINTEGER)
			%s GROUP BY customer ORDER BY customer`,
			strings.Join(columns, ", "), strings.Join(parts, ", "), FlagErased, FlagErased, newest("flags"), here), `SELECT COUNT(*) ` + here, ""})
	}
	return e.rewrite(ctx, append(steps,
		step{never: `SELECT COUNT(DISTINCT customer) - (SELECT COUNT(*) FROM people_newest) FROM people`},
		step{do: `DROP TABLE people`},
		step{do: `ALTER TABLE people_newest RENAME TO people`},
		step{do: `UPDATE loaded SET clustered_people = (SELECT COUNT(*) FROM people)`}))
}

// step is a statement of a rewrite. It is left out where some, which counts, finds nothing: DuckDB 1.5 loses rows of a transaction in which a sorted
// INSERT of none came first. A step may instead be something that must never be other than 0.
type step struct{ do, some, never string }

// rewrite runs statements that change no answer, all or none.
func (e *duck) rewrite(ctx context.Context, steps []step) error {
	e.w.write.Lock()
	defer e.w.write.Unlock()
	err := e.writing(ctx, func(c *sql.Conn) error {
		for _, s := range steps {
			if err := s.run(ctx, c); err != nil {
				return fmt.Errorf("%s%s: %w", s.do, s.never, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return nil
}

func (s step) run(ctx context.Context, c *sql.Conn) error {
	var n int64
	if count := s.some + s.never; count != "" {
		if err := c.QueryRowContext(ctx, count).Scan(&n); err != nil {
			return err
		}
	}
	switch {
	case s.never != "" && n != 0:
		return fmt.Errorf("it is %d", n)
	case s.never != "" || s.some != "" && n == 0:
		return nil
	}
	_, err := c.ExecContext(ctx, s.do)
	return err
}
