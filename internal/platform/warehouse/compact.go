package warehouse

import (
	"context"
	"database/sql"
	"fmt"
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

func (e *duck) compactFacts(ctx context.Context) error {
	err := e.rewrite(ctx, []string{
		`CREATE TABLE facts_clustered AS SELECT * FROM facts ORDER BY customer, ts`,
		`DROP TABLE facts`,
		`ALTER TABLE facts_clustered RENAME TO facts`,
		`DELETE FROM moved`,
		`UPDATE loaded SET clustered_facts = (SELECT COUNT(*) FROM facts)`,
	})
	if err == nil {
		e.disorder.Store(false)
	}
	return err
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
	steps := []string{peopleTable("people_newest")}
	through := uint64(e.w.Watermark().Through)
	for from := uint64(0); from <= through; from += peopleAtOnce {
		to := from + peopleAtOnce
		if to > through {
			to = 1 << 32 // also who is loaded before the writer is ours
		}
		steps = append(steps, fmt.Sprintf(`INSERT INTO people_newest (customer, ts, %s, flags)
			SELECT customer, MAX(ts), %s, CAST(CASE WHEN MAX(flags & %d) > 0 THEN %d ELSE %s END AS UINTEGER)
			FROM people WHERE customer >= %d AND customer < %d GROUP BY customer ORDER BY customer`,
			strings.Join(columns, ", "), strings.Join(parts, ", "), FlagErased, FlagErased, newest("flags"), from, to))
	}
	return e.rewrite(ctx, append(steps,
		`DROP TABLE people`,
		`ALTER TABLE people_newest RENAME TO people`,
		`UPDATE loaded SET clustered_people = (SELECT COUNT(*) FROM people)`))
}

// rewrite runs statements that change no answer, all or none.
func (e *duck) rewrite(ctx context.Context, steps []string) error {
	e.w.write.Lock()
	defer e.w.write.Unlock()
	err := e.writing(ctx, func(c *sql.Conn) error {
		for _, q := range steps {
			if _, err := c.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return nil
}
