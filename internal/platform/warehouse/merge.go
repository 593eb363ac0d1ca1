package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/duckdb/duckdb-go/v2"

	"huoshui/internal/platform/event"
)

// FirstVisitor is the first number of people who are not customers yet: devices that nobody has signed in on. They are in no
// universe and do not count for Watermark.Through.
const FirstVisitor uint32 = 1 << 31

// Facts follow a merge: rows of a number that went into another are given the other's, and born keeps whose they were, so
// that a split can give them back. The table merged holds every merge that is in force, as it was made: away went into owner, who
// may have gone into somebody else since.

// openAway reads which numbers went into another.
func openAway(ctx context.Context, c *sql.Conn) (*roaring.Bitmap, error) {
	away := roaring.New()
	rows, err := c.QueryContext(ctx, "SELECT away FROM merged")
	if err != nil {
		return nil, fmt.Errorf("warehouse merges: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n uint32
		if err := rows.Scan(&n); err != nil {
			return nil, fmt.Errorf("warehouse merges: %w", err)
		}
		away.Add(n)
	}
	return away, rows.Err()
}

// move is a merge, or its undoing.
type move struct {
	away, owner uint32
	split       bool
}

// moveOf reads a move from its fact.
func moveOf(f event.Fact) (move, bool) {
	m := move{away: f.Customer, owner: uint32(f.Quantity), split: f.Name == event.CustomerSplit}
	return m, m.away != m.owner && m.away != 0 && m.owner != 0
}

// owners returns who the numbers belong to now, through all merges: themselves where they went into nobody.
func owners(ctx context.Context, c *sql.Conn, numbers []uint32) (map[uint32]uint32, error) {
	out, heads := map[uint32]uint32{}, map[uint32][]uint32{} // a head has gone as far as is known
	for _, n := range numbers {
		out[n] = n
		heads[n] = append(heads[n], n)
	}
	for ask := slices.Clone(numbers); len(ask) > 0; {
		next := map[uint32]uint32{}
		err := each(ctx, c, "SELECT away, owner FROM merged WHERE away IN ("+list(ask)+")", func(away, owner uint32) { next[away] = owner })
		if err != nil {
			return nil, err
		}
		ask = ask[:0]
		for away, owner := range next {
			for _, n := range heads[away] {
				out[n] = owner
			}
			heads[owner] = append(heads[owner], heads[away]...)
			delete(heads, away)
			ask = append(ask, owner)
		}
	}
	return out, nil
}

// tail returns a number and all that went into it, through all merges.
func tail(ctx context.Context, c *sql.Conn, n uint32) ([]uint32, error) {
	out := []uint32{n}
	for ask := []uint32{n}; len(ask) > 0; {
		var next []uint32
		if err := each(ctx, c, "SELECT away, owner FROM merged WHERE owner IN ("+list(ask)+")", func(away, _ uint32) { next = append(next, away) }); err != nil {
			return nil, err
		}
		out, ask = append(out, next...), next
	}
	return out, nil
}

func each(ctx context.Context, c *sql.Conn, q string, fn func(a, b uint32)) error {
	rows, err := c.QueryContext(ctx, q)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a, b uint32
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
		fn(a, b)
	}
	return rows.Err()
}

func list(numbers []uint32) string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = strconv.FormatUint(uint64(n), 10)
	}
	return strings.Join(out, ", ")
}

// saveMoves writes merges and splits in their order and gives past facts to whom they belong now. It returns everybody it
// concerned. What was merged already, or split already, changes nothing.
func (l *loading) saveMoves(ctx context.Context, c *sql.Conn) error {
	for moves := l.moves; len(moves) > 0; {
		n := slices.IndexFunc(moves, func(m move) bool { return m.split != moves[0].split })
		if n < 0 {
			n = len(moves)
		}
		var err error
		if moves[0].split {
			err = l.split(ctx, c, moves[:n])
		} else {
			err = l.merge(ctx, c, moves[:n])
		}
		if err != nil {
			return fmt.Errorf("follow merges: %w", err)
		}
		moves = moves[n:]
	}
	return nil
}

// few is how many numbers are looked for one by one, which finds the row groups that hold them; more are looked for together.
const few = 64

func (l *loading) merge(ctx context.Context, c *sql.Conn, moves []move) error {
	into := map[uint32]uint32{}
	for _, m := range moves {
		if _, twice := into[m.away]; !twice && !l.away.Contains(m.away) {
			into[m.away] = m.owner
		}
	}
	if len(into) == 0 {
		return nil
	}
	err := appending(c, "merged", func(a *duckdb.Appender) error {
		for away, owner := range into {
			if err := a.AppendRow(away, owner); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	gone := make([]uint32, 0, len(into))
	for away := range into {
		l.away.Add(away)
		gone = append(gone, away)
	}
	slices.Sort(gone)
	to, err := owners(ctx, c, gone)
	if err != nil {
		return err
	}
	for _, n := range gone {
		l.customers = append(l.customers, n, to[n])
	}
	if err := noteMoved(c, slices.AppendSeq(slices.Clone(gone), maps.Values(to))); err != nil {
		return err
	}
	if len(gone) <= few {
		for _, n := range gone {
			if err := exec(ctx, c, fmt.Sprintf("UPDATE facts SET born = CASE WHEN born = 0 THEN customer ELSE born END, customer = %d WHERE customer = %d", to[n], n)); err != nil {
				return err
			}
		}
		return nil
	}
	values := make([]string, len(gone))
	for i, n := range gone {
		values[i] = fmt.Sprintf("(CAST(%d AS UINTEGER), CAST(%d AS UINTEGER))", n, to[n])
	}
	return exec(ctx, c, `UPDATE facts SET born = CASE WHEN born = 0 THEN facts.customer ELSE born END, customer = m.owner
		FROM (VALUES `+strings.Join(values, ", ")+`) m(away, owner) WHERE facts.customer = m.away`)
}

// noteMoved notes whom facts go to or come from: theirs do not lie in order until the next compaction.
func noteMoved(c *sql.Conn, customers []uint32) error {
	slices.Sort(customers)
	return appending(c, "moved", func(a *duckdb.Appender) error {
		for _, n := range slices.Compact(customers) {
			if err := a.AppendRow(n); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *loading) split(ctx context.Context, c *sql.Conn, moves []move) error {
	for _, m := range moves {
		if !l.away.Contains(m.away) {
			continue
		}
		to, err := owners(ctx, c, []uint32{m.away}) // whose the rows are, whatever the split says
		if err != nil {
			return err
		}
		if err := exec(ctx, c, fmt.Sprintf("DELETE FROM merged WHERE away = %d", m.away)); err != nil {
			return err
		}
		l.away.Remove(m.away)
		all, err := tail(ctx, c, m.away)
		if err != nil {
			return err
		}
		err = exec(ctx, c, fmt.Sprintf("UPDATE facts SET customer = %d, born = CASE WHEN born = %d THEN 0 ELSE born END WHERE born IN (%s)", m.away, m.away, list(all)))
		if err != nil {
			return err
		}
		l.customers = append(l.customers, m.away, m.owner, to[m.away])
		if err := noteMoved(c, []uint32{m.away, to[m.away]}); err != nil {
			return err
		}
	}
	return nil
}

func exec(ctx context.Context, c *sql.Conn, q string) error {
	_, err := c.ExecContext(ctx, q)
	return err
}

// give sends rows that came late for a number that has gone to whom it belongs now.
func (l *loading) give(ctx context.Context, c *sql.Conn) error {
	var late []uint32
	for _, r := range l.rows {
		if l.away.Contains(r.customer) && !slices.Contains(late, r.customer) {
			late = append(late, r.customer)
		}
	}
	if len(late) == 0 {
		return nil
	}
	to, err := owners(ctx, c, late)
	if err != nil {
		return err
	}
	for i := range l.rows {
		r := &l.rows[i]
		if now, gone := to[r.customer]; gone && now != r.customer {
			if r.maybe {
				delete(l.maybe, r.key)
			}
			r.born, r.customer = r.customer, now
			if r.maybe {
				l.maybe[r.key] = true
			}
			l.customers = append(l.customers, now)
		}
	}
	return nil
}
