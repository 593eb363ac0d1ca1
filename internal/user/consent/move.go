package consent

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// inherited is what a merge did to the words of the customer who stays; what the other said stays with the other.
type inherited struct {
	Before       []Consent     `json:"before,omitempty"` // words that were replaced; without a state: there was none
	After        []Consent     `json:"after,omitempty"`  // what replaced them
	Suppressions []Suppression `json:"suppressions,omitempty"`
}

// MoveCustomers lets the value of each key of to inherit what the key said: of two words about a channel the stricter
// counts, and an address that must not be used stays so.
func (s *Service) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	people := map[uint32]bool{}
	for from, n := range to {
		people[from], people[n] = true, true
	}
	said, stopped := map[uint32]map[string]Consent{}, map[uint32]map[string]Suppression{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(people)), 5000) {
		var w store.Where
		store.In(&w, "customer", part)
		if err := store.Each(ctx, tx, `SELECT * FROM consents`+w.SQL(), w.Args(), func(c Consent) error {
			put(said, c.Customer, c.Channel, c)
			return nil
		}); err != nil {
			return nil, err
		}
		if err := store.Each(ctx, tx, `SELECT * FROM suppressions`+w.SQL(), w.Args(), func(c Suppression) error {
			put(stopped, c.Customer, c.Channel, c)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	by := map[uint32]inherited{}
	words, stops := map[[2]any]Consent{}, []Suppression{}
	for _, from := range slices.Sorted(maps.Keys(to)) {
		n := to[from]
		var rec inherited
		for _, channel := range slices.Sorted(maps.Keys(said[from])) {
			c, was := said[from][channel], said[n][channel]
			if was.State == Withdrawn || was.State == c.State {
				continue
			}
			rec.Before = append(rec.Before, Consent{Channel: channel, State: was.State, Source: was.Source, ChangedAt: was.ChangedAt})
			rec.After = append(rec.After, c)
			c.Customer = n
			put(said, n, channel, c)
			words[[2]any{n, channel}] = c
		}
		for _, channel := range slices.Sorted(maps.Keys(stopped[from])) {
			c := stopped[from][channel]
			if _, have := stopped[n][channel]; have {
				continue
			}
			rec.Suppressions = append(rec.Suppressions, c)
			c.Customer = n
			put(stopped, n, channel, c)
			stops = append(stops, c)
		}
		if len(rec.After)+len(rec.Suppressions) > 0 {
			by[from] = rec
		}
	}
	if err := s.write(ctx, tx, slices.Collect(maps.Values(words))); err != nil {
		return nil, err
	}
	if _, err := store.InsertAll(ctx, tx, "suppressions", stops, "ON CONFLICT (customer, channel) DO NOTHING"); err != nil {
		return nil, err
	}
	return store.Records(by)
}

func put[T any](all map[uint32]map[string]T, n uint32, channel string, v T) {
	if all[n] == nil {
		all[n] = map[string]T{}
	}
	all[n][channel] = v
}

// write stores words as they are and tells of them.
func (s *Service) write(ctx context.Context, tx *store.Tx, rows []Consent) error {
	slices.SortFunc(rows, func(a, b Consent) int { return int(int64(a.Customer) - int64(b.Customer)) })
	if _, err := store.InsertAll(ctx, tx, "consents", rows, `ON CONFLICT (customer, channel) DO UPDATE SET state = excluded.state, source = excluded.source, changed_at = excluded.changed_at`); err != nil {
		return err
	}
	at := s.now()
	facts := make([]event.Fact, len(rows))
	for i, r := range rows {
		facts[i] = event.Fact{ID: id.New("fct"), Name: event.ConsentChanged, Customer: r.Customer, At: at, Channel: r.Channel, Detail: string(r.State), Subject: r.Source}
	}
	return outbox.Append(ctx, tx, facts...)
}

// ReturnCustomer gives the holder the words back that a merge replaced, as far as nothing was said since; the one who
// leaves still has her own.
func (s *Service) ReturnCustomer(ctx context.Context, tx *store.Tx, _, holder uint32, moved json.RawMessage) error {
	var rec inherited
	if err := json.Unmarshal(moved, &rec); err != nil {
		return err
	}
	var rows []Consent
	for i, was := range rec.Before {
		c := rec.After[i]
		now, err := store.All[Consent](ctx, tx, `SELECT * FROM consents WHERE customer = ? AND channel = ?`, int64(holder), c.Channel)
		if err != nil {
			return err
		}
		if len(now) == 0 || now[0].State != c.State || now[0].Source != c.Source || !now[0].ChangedAt.Equal(c.ChangedAt) {
			continue
		}
		if was.State == "" {
			if _, err := tx.Exec(ctx, `DELETE FROM consents WHERE customer = ? AND channel = ?`, int64(holder), c.Channel); err != nil {
				return err
			}
			continue
		}
		was.Customer = holder
		rows = append(rows, was)
	}
	for _, c := range rec.Suppressions {
		if _, err := tx.Exec(ctx, `DELETE FROM suppressions WHERE customer = ? AND channel = ? AND cause = ? AND at = ?`, int64(holder), c.Channel, c.Cause, c.At.Truncate(time.Microsecond)); err != nil {
			return err
		}
	}
	return s.write(ctx, tx, rows)
}

// EraseCustomers forgets what people said; nothing is sent to somebody who is erased, whatever she said.
func (s *Service) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	var w store.Where
	store.In(&w, "customer", numbers)
	for _, table := range []string{"consents", "suppressions"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}
