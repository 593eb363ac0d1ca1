// Package quota keeps how many units of an offer one person has, so that under any concurrency nobody has more than one may.
package quota

import (
	"context"
	"slices"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Take adds units to what a person has of an offer; more than most is a Conflict with the code.
func Take(ctx context.Context, tx *store.Tx, offer string, customer uint32, units, most int64, code string) error {
	enough := errs.New(errs.Conflict, code, "one person may have %d", most).With("most", most)
	if units < 1 || units > most {
		return enough
	}
	n, err := tx.Exec(ctx, `INSERT INTO form_people (offer, customer, units) VALUES (?, ?, ?) ON CONFLICT (offer, customer) DO UPDATE SET units = form_people.units + excluded.units
		WHERE form_people.units + excluded.units <= ?`, offer, int64(customer), units, most)
	if err == nil && n == 0 {
		err = enough
	}
	return err
}

// Give takes units off what a person has.
func Give(ctx context.Context, tx *store.Tx, offer string, customer uint32, units int64) error {
	_, err := tx.Exec(ctx, `UPDATE form_people SET units = units - ? WHERE offer = ? AND customer = ?`, units, offer, int64(customer))
	return err
}

// Had returns how many units of an offer a person has.
func Had(ctx context.Context, q store.Querier, offer string, customer uint32) (int64, error) {
	n, err := store.One[int64](ctx, q, `SELECT units FROM form_people WHERE offer = ? AND customer = ?`, offer, int64(customer))
	if errs.Is(err, errs.NotFound) {
		return 0, nil
	}
	return n, err
}

// held is what every sale has of every offer, which the counts of people add up.
const held = `SELECT offer, customer, units FROM group_seats WHERE state IN ('taken', 'paid')
	UNION ALL SELECT presale AS offer, customer, units FROM presale_bookings WHERE state IN ('unpaid', 'deposited', 'done')`

// Recount makes the counts of people what their sales hold: they were merged, or parted again.
func Recount(ctx context.Context, tx *store.Tx, people []uint32) error {
	people = slices.Clone(people)
	slices.Sort(people)
	for part := range slices.Chunk(slices.Compact(people), 1000) {
		var w store.Where
		store.In(&w, "customer", part)
		if _, err := tx.Exec(ctx, `DELETE FROM form_people`+w.SQL(), w.Args()...); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO form_people (offer, customer, units) SELECT offer, customer, CAST(SUM(units) AS BIGINT) FROM (`+held+`) h`+w.SQL()+` GROUP BY offer, customer`, w.Args()...); err != nil {
			return err
		}
	}
	return nil
}

// Check returns the offers whose counts of people are not what sales hold; none when all is well.
func Check(ctx context.Context, q store.Querier) ([]string, error) {
	return store.All[string](ctx, q, `SELECT p.offer FROM form_people p LEFT JOIN (SELECT offer, customer, SUM(units) AS units FROM (`+held+`) a GROUP BY offer, customer) h
		ON h.offer = p.offer AND h.customer = p.customer WHERE p.units <> COALESCE(h.units, 0) ORDER BY p.offer LIMIT 1000`)
}
