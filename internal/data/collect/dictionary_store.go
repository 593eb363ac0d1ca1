package collect

import (
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/store"
)

// Names of progress.
const (
	progressPeople     = "people"     // last entry of the log whose sightings were told
	progressDictionary = "dictionary" // last flush that was stored
)

func progress(ctx context.Context, q store.Querier, name string) (uint64, error) {
	all, err := store.All[uint64](ctx, q, `SELECT position FROM collect_progress WHERE name = ?`, name)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[0], nil
}

func advance(ctx context.Context, tx *store.Tx, name string, position uint64) error {
	_, err := tx.Exec(ctx, `INSERT INTO collect_progress (name, position) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position`, name, int64(position))
	return err
}

type nameRow struct {
	Source string    `db:"source"`
	Name   string    `db:"name"`
	N      int64     `db:"n"`
	First  time.Time `db:"first_at"`
	Last   time.Time `db:"last_at"`
}

type nameDayRow struct {
	Source string `db:"source"`
	Name   string `db:"name"`
	Day    string `db:"day"`
	N      int64  `db:"n"`
}

type propRow struct {
	Source  string           `db:"source"`
	Name    string           `db:"name"`
	Prop    string           `db:"prop"`
	N       int64            `db:"n"`
	Types   map[string]int64 `db:"types,json"`
	Samples []string         `db:"samples,json"`
	First   time.Time        `db:"first_at"`
	Last    time.Time        `db:"last_at"`
}

type countRow struct {
	Source  string `db:"source"`
	Day     string `db:"day"`
	Outcome string `db:"outcome"`
	N       int64  `db:"n"`
}

// saveCensus adds a census to the dictionary, once: a flush that was stored before changes nothing.
func saveCensus(ctx context.Context, tx *store.Tx, t *census) error {
	done, err := progress(ctx, tx, progressDictionary)
	if err != nil || done >= t.Flush {
		return err
	}
	var names []nameRow
	var days []nameDayRow
	var counts []countRow
	for source, all := range t.Names {
		for name, n := range all {
			names = append(names, nameRow{source, name, n.N, n.First, n.Last})
			for day, c := range n.Days {
				days = append(days, nameDayRow{source, name, day, c})
			}
			if err := saveProps(ctx, tx, source, name, n.Props); err != nil {
				return err
			}
		}
	}
	for source, all := range t.Counts {
		for day, outcomes := range all {
			for outcome, n := range outcomes {
				counts = append(counts, countRow{source, day, outcome, n})
			}
		}
	}
	if _, err := store.InsertAll(ctx, tx, "event_names", names, `ON CONFLICT (source, name) DO UPDATE SET n = event_names.n + excluded.n,
		first_at = CASE WHEN excluded.first_at < event_names.first_at THEN excluded.first_at ELSE event_names.first_at END,
		last_at = CASE WHEN excluded.last_at > event_names.last_at THEN excluded.last_at ELSE event_names.last_at END`); err != nil {
		return err
	}
	if _, err := store.InsertAll(ctx, tx, "event_name_days", days, `ON CONFLICT (source, name, day) DO UPDATE SET n = event_name_days.n + excluded.n`); err != nil {
		return err
	}
	if _, err := store.InsertAll(ctx, tx, "collect_counts", counts, `ON CONFLICT (source, day, outcome) DO UPDATE SET n = collect_counts.n + excluded.n`); err != nil {
		return err
	}
	return advance(ctx, tx, progressDictionary, t.Flush)
}

func saveProps(ctx context.Context, tx *store.Tx, source, name string, props map[string]*propCensus) error {
	if len(props) == 0 {
		return nil
	}
	known, err := store.All[propRow](ctx, tx, `SELECT * FROM event_props WHERE source = ? AND name = ?`, source, name)
	if err != nil {
		return err
	}
	rows := make([]propRow, 0, len(props))
	byName := map[string]propRow{}
	for _, k := range known {
		byName[k.Prop] = k
	}
	for prop, p := range props {
		r, there := byName[prop]
		if !there {
			r = propRow{Source: source, Name: name, Prop: prop, Types: map[string]int64{}, First: p.First, Last: p.Last}
		}
		r.N += p.N
		r.First, r.Last = earlier(r.First, p.First), later(r.Last, p.Last)
		for kind, n := range p.Types {
			r.Types[kind] += n
		}
		for _, s := range p.Samples {
			if len(r.Samples) < maxSamples && !slices.Contains(r.Samples, s) {
				r.Samples = append(r.Samples, s)
			}
		}
		rows = append(rows, r)
	}
	_, err = store.InsertAll(ctx, tx, "event_props", rows, `ON CONFLICT (source, name, prop) DO UPDATE SET n = excluded.n, types = excluded.types,
		samples = excluded.samples, first_at = excluded.first_at, last_at = excluded.last_at`)
	return err
}

// loadNames returns the names that are in the dictionary.
func loadNames(ctx context.Context, q store.Querier) (bookOfNames, error) {
	book := bookOfNames{}
	err := store.Each(ctx, q, `SELECT n.source AS source, n.name AS name, COALESCE(p.prop, '') AS prop FROM event_names n
		LEFT JOIN event_props p ON p.source = n.source AND p.name = n.name`, nil, func(r propName) error {
		if book[r.Source] == nil {
			book[r.Source] = map[string]map[string]bool{}
		}
		if book[r.Source][r.Name] == nil {
			book[r.Source][r.Name] = map[string]bool{}
		}
		if r.Prop != "" {
			book[r.Source][r.Name][r.Prop] = true
		}
		return nil
	})
	return book, err
}

type propName struct {
	Source string `db:"source"`
	Name   string `db:"name"`
	Prop   string `db:"prop"`
}

// learn adds the names of a census that was not stored to those that are.
func (b bookOfNames) learn(t *census) {
	for source, names := range t.Names {
		if b[source] == nil {
			b[source] = map[string]map[string]bool{}
		}
		for name, n := range names {
			if b[source][name] == nil {
				b[source][name] = map[string]bool{}
			}
			for p := range n.Props {
				b[source][name][p] = true
			}
		}
	}
}

// pruneDictionary takes volumes off that are older than what is kept.
func pruneDictionary(ctx context.Context, db *store.DB, today time.Time) error {
	before := today.AddDate(0, 0, -keepDays).Format(time.DateOnly)
	if _, err := db.Exec(ctx, `DELETE FROM event_name_days WHERE day < ?`, before); err != nil {
		return err
	}
	_, err := db.Exec(ctx, `DELETE FROM collect_counts WHERE day < ?`, before)
	return err
}
