package policy

import (
	"context"
	"maps"
	"slices"

	"huoshui/internal/platform/store"
)

// Counted is how often a person was written to on a day through a channel.
type Counted struct {
	Day     int32  `json:"day"` // yyyymmdd
	Channel string `json:"channel"`
	N       int    `json:"n"`
}

// Join adds what the keys of to were sent to the counts of the values, since they are one person, and returns what was
// added, by key. The keys keep their own counts.
func Join(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32][]Counted, error) {
	if err := Gate(ctx, tx); err != nil {
		return nil, err
	}
	out := map[uint32][]Counted{}
	var rows []contactRow
	for part := range slices.Chunk(slices.Sorted(maps.Keys(to)), 1000) {
		var w store.Where
		store.In(&w, "customer", part)
		err := store.Each(ctx, tx, `SELECT customer, day, channel, n FROM contacts`+w.SQL()+` ORDER BY customer, day, channel`, w.Args(), func(r contactRow) error {
			out[r.Customer] = append(out[r.Customer], Counted{r.Day, r.Channel, r.N})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sums := map[contactRow]int{}
	for from, all := range out {
		for _, c := range all {
			sums[contactRow{Customer: to[from], Day: c.Day, Channel: c.Channel}] += c.N
		}
	}
	for r, n := range sums {
		r.N = n
		rows = append(rows, r)
	}
	return out, addContacts(ctx, tx, rows)
}

// Part takes back from a person what Join had added.
func Part(ctx context.Context, tx *store.Tx, holder uint32, counted []Counted) error {
	if err := Gate(ctx, tx); err != nil {
		return err
	}
	for _, c := range counted {
		if _, err := tx.Exec(ctx, `UPDATE contacts SET n = CASE WHEN n > ? THEN n - ? ELSE 0 END WHERE customer = ? AND day = ? AND channel = ?`,
			c.N, c.N, int64(holder), c.Day, c.Channel); err != nil {
			return err
		}
	}
	return nil
}
