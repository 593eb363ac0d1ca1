package consent

import (
	"context"
	"fmt"
	"slices"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// GrantTx records that people agreed to channels, as an operator or a file states, for those who have said nothing
// themselves: a person's own word, above all a withdrawal, is never overruled. It returns how many consents are new.
func (s *Service) GrantTx(ctx context.Context, tx *store.Tx, people []uint32, channels []string, source string) (int64, error) {
	at := s.now()
	var rows []Consent
	for _, channel := range channels {
		if channel == "" {
			return 0, errs.New(errs.Invalid, "consent.invalid", "consent needs a channel")
		}
		for part := range slices.Chunk(people, 5000) {
			var w store.Where
			w.And("channel = ?", channel)
			store.In(&w, "customer", part)
			said, err := store.All[uint32](ctx, tx, `SELECT customer FROM consents`+w.SQL(), w.Args()...)
			if err != nil {
				return 0, fmt.Errorf("consents: %w", err)
			}
			spoke := make(map[uint32]bool, len(said))
			for _, n := range said {
				spoke[n] = true
			}
			for _, n := range part {
				if n != 0 && !spoke[n] {
					spoke[n] = true
					rows = append(rows, Consent{Customer: n, Channel: channel, State: Granted, Source: source, ChangedAt: at})
				}
			}
		}
	}
	if _, err := store.InsertAll(ctx, tx, "consents", rows, ""); err != nil {
		return 0, fmt.Errorf("consents: %w", err)
	}
	facts := make([]event.Fact, len(rows))
	for i, r := range rows {
		facts[i] = event.Fact{ID: id.New("fct"), Name: event.ConsentChanged, Customer: r.Customer, At: at, Channel: r.Channel, Detail: string(Granted), Subject: source}
	}
	return int64(len(rows)), outbox.Append(ctx, tx, facts...)
}
