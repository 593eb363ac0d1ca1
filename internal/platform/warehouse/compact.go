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
func (w *Warehouse) compactIfDue(ctx context.Context) error {
	var facts, people int64
	err := w.reader(ctx, func(c *sql.Conn) error {
		return c.QueryRowContext(ctx, "SELECT f.n - l.clustered_facts, p.n - l.clustered_people FROM loaded l, (SELECT COUNT(*) AS n FROM facts) f, (SELECT COUNT(*) AS n FROM people) p").Scan(&facts, &people)
	})
	if err != nil {
		return fmt.Errorf("warehouse: is compaction due: %w", err)
	}
	total := w.Watermark().Facts
	if facts > looseRows && facts > total/looseShare || people > looseRows {
		return w.Compact(ctx)
	}
	return nil
}

// Compact rewrites facts clustered by customer and time, so that a range of customers lies together, and keeps only
// the newest version of every person.
func (w *Warehouse) Compact(ctx context.Context) error {
	w.write.Lock()
	defer w.write.Unlock()
	columns := strings.Split("registered birthday gender province city source store owner level", " ")
	for i, c := range columns {
		columns[i] = w.dialect.newest(c) + " AS " + c
	}
	steps := append(append([]string{}, w.dialect.cluster...),
		`CREATE TABLE people_newest AS SELECT customer, MAX(ts) AS ts, `+w.dialect.newest("seq")+` AS seq, `+strings.Join(columns, ", ")+`,
			CASE WHEN MAX(flags) >= 4 THEN 4 ELSE `+w.dialect.newest("flags")+` END AS flags
			FROM people GROUP BY customer ORDER BY customer`,
		`DELETE FROM people`,
		`INSERT INTO people SELECT customer, ts, seq, registered, birthday, gender, province, city, source, store, owner, level, CAST(flags AS UINTEGER) FROM people_newest`,
		`DROP TABLE people_newest`,
		`UPDATE loaded SET clustered_facts = (SELECT COUNT(*) FROM facts), clustered_people = (SELECT COUNT(*) FROM people)`,
	)
	err := w.writing(ctx, func(c *sql.Conn) error {
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
