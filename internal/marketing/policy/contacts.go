package policy

import (
	"cmp"
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/store"
)

// Contact is one message that counts against a person's caps and the channel's quotas. At is when it goes.
type Contact struct {
	Customer uint32
	Channel  string
	Day      int32 // yyyymmdd in the person's zone, from Decision.Day
	At       time.Time
}

type contactRow struct {
	Customer uint32 `db:"customer"`
	Day      int32  `db:"day"`
	Channel  string `db:"channel"`
	N        int    `db:"n"`
}

type quotaRow struct {
	Channel string `db:"channel"`
	Period  Period `db:"period"`
	Day     int32  `db:"day"`
	N       int    `db:"n"`
}

// Gate makes the caller's transaction the only one that decides until it ends, on both databases: what it reads with
// Counts stays true until what it writes with Take is committed, so caps hold whatever number of campaigns, channels
// and processes decide at once. Call it first in the transaction, and keep the transaction short.
func Gate(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE policy_gate SET turns = turns + 1 WHERE id = 1`)
	return err
}

// Counts returns, by person, what people were sent in the calendar month around now or in the last week, and what
// the channel carried in its current quota periods.
func Counts(ctx context.Context, q store.Querier, channel string, people []uint32, business *time.Location, now time.Time) (map[uint32][]DayCount, map[Period]int, error) {
	since := DayOf(now.AddDate(0, 0, -33)) // longer than any period, whatever the zone
	byPerson := make(map[uint32][]DayCount)
	for part := range slices.Chunk(people, 1000) {
		var w store.Where
		store.In(&w, "customer", part)
		w.And("day >= ?", since)
		err := store.Each(ctx, q, `SELECT customer, day, channel, n FROM contacts`+w.SQL(), w.Args(), func(r contactRow) error {
			byPerson[r.Customer] = append(byPerson[r.Customer], DayCount{Day: r.Day, Channel: r.Channel, N: r.N})
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	byPeriod := map[Period]int{}
	local := now.In(business)
	for _, p := range []Period{Day, Week, Month} {
		n, err := store.One[int](ctx, q, `SELECT COALESCE(CAST(SUM(n) AS BIGINT), 0) FROM channel_use WHERE channel = ? AND period = ? AND day = ?`, channel, p, p.Key(local))
		if err != nil {
			return nil, nil, err
		}
		byPeriod[p] = n
	}
	return byPerson, byPeriod, nil
}

// Take counts contacts against people's caps and channels' quotas.
func Take(ctx context.Context, tx *store.Tx, contacts []Contact, business *time.Location) error {
	return count(ctx, tx, contacts, business, 1)
}

// GiveBack undoes Take for contacts that did not come about after all.
func GiveBack(ctx context.Context, tx *store.Tx, contacts []Contact, business *time.Location) error {
	return count(ctx, tx, contacts, business, -1)
}

func count(ctx context.Context, tx *store.Tx, contacts []Contact, business *time.Location, sign int) error {
	people := map[contactRow]int{}
	uses := map[quotaRow]int{}
	for _, c := range contacts {
		people[contactRow{Customer: c.Customer, Day: c.Day, Channel: c.Channel}] += sign
		for _, p := range []Period{Day, Week, Month} {
			uses[quotaRow{Channel: c.Channel, Period: p, Day: p.Key(c.At.In(business))}] += sign
		}
	}
	rows := make([]contactRow, 0, len(people))
	for r, n := range people {
		r.N = n
		rows = append(rows, r)
	}
	if err := addContacts(ctx, tx, rows); err != nil {
		return err
	}
	quotas := make([]quotaRow, 0, len(uses))
	for r, n := range uses {
		r.N = n
		quotas = append(quotas, r)
	}
	slices.SortFunc(quotas, func(a, b quotaRow) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Period, b.Period), cmp.Compare(a.Day, b.Day))
	})
	_, err := store.InsertAll(ctx, tx, "channel_use", quotas, `ON CONFLICT (channel, period, day) DO UPDATE SET n = channel_use.n + excluded.n`)
	return err
}

// addContacts adds to the counts of people.
func addContacts(ctx context.Context, tx *store.Tx, rows []contactRow) error {
	slices.SortFunc(rows, func(a, b contactRow) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Channel, b.Channel))
	})
	_, err := store.InsertAll(ctx, tx, "contacts", rows, `ON CONFLICT (customer, day, channel) DO UPDATE SET n = contacts.n + excluded.n`)
	return err
}

// Forget removes counts that no period can ask for any more.
func Forget(ctx context.Context, db *store.DB, now time.Time) error {
	_, err := db.Exec(ctx, `DELETE FROM contacts WHERE day < ?`, DayOf(now.AddDate(0, 0, -62)))
	return err
}
