// Package consent keeps what people said about being written to (U10), by channel, and which addresses must not be
// used. The newest word wins; every change is a fact.
package consent

import (
	"context"
	"slices"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// State is what a person said about a channel.
type State string

// The two things one can say; a person without a row has said nothing.
const (
	Granted   State = "granted"
	Withdrawn State = "withdrawn"
)

// Consent is a person's newest word about a channel. Source says where it was given: link, console, import, phone.
type Consent struct {
	Customer  uint32    `db:"customer" json:"-"`
	Channel   string    `db:"channel" json:"channel"`
	State     State     `db:"state" json:"state" enum:"granted,withdrawn"`
	Source    string    `db:"source" json:"source"`
	ChangedAt time.Time `db:"changed_at" json:"changed_at"`
}

// Suppression is an address that must not be used, and why: bounced, complained or unsubscribed.
type Suppression struct {
	Customer uint32    `db:"customer" json:"-"`
	Channel  string    `db:"channel" json:"channel"`
	Cause    string    `db:"cause" json:"cause"`
	At       time.Time `db:"at" json:"at"`
}

// Service records consent.
type Service struct {
	db  *store.DB
	now clock.Clock
}

// NewService returns the service.
func NewService(db *store.DB, now clock.Clock) *Service { return &Service{db, now} }

// Say records a person's word about a channel in its own transaction.
func (s *Service) Say(ctx context.Context, customer uint32, channel string, state State, source string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error { return s.SayTx(ctx, tx, customer, channel, string(state), source) })
}

// SayTx records a person's word about a channel; saying the same again changes nothing. Granting lifts a suppression
// for unsubscribing, never one for a bad address.
func (s *Service) SayTx(ctx context.Context, tx *store.Tx, customer uint32, channel, state, source string) error {
	if state != string(Granted) && state != string(Withdrawn) || customer == 0 || channel == "" {
		return errs.New(errs.Invalid, "consent.invalid", "consent needs a customer, a channel, and granted or withdrawn")
	}
	at := s.now()
	changed, err := tx.Exec(ctx, `INSERT INTO consents (customer, channel, state, source, changed_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (customer, channel) DO UPDATE SET state = excluded.state, source = excluded.source, changed_at = excluded.changed_at
		WHERE consents.state <> excluded.state`, customer, channel, state, source, at)
	if err != nil || changed == 0 {
		return err
	}
	if state == string(Granted) {
		if _, err := tx.Exec(ctx, `DELETE FROM suppressions WHERE customer = ? AND channel = ? AND cause = 'unsubscribed'`, customer, channel); err != nil {
			return err
		}
	}
	return outbox.Append(ctx, tx, event.Fact{ID: id.New("fct"), Name: event.ConsentChanged, Customer: customer, At: at, Channel: channel, Detail: state, Subject: source})
}

// SuppressTx stops the use of addresses of people on a channel, for a cause; the first cause stays.
func (s *Service) SuppressTx(ctx context.Context, tx *store.Tx, channel, cause string, customers ...uint32) error {
	slices.Sort(customers)
	rows := make([]Suppression, 0, len(customers))
	for _, c := range slices.Compact(customers) {
		rows = append(rows, Suppression{Customer: c, Channel: channel, Cause: cause, At: s.now()})
	}
	_, err := store.InsertAll(ctx, tx, "suppressions", rows, "ON CONFLICT (customer, channel) DO NOTHING")
	return err
}

// Lift allows an address again that was suppressed, after somebody has corrected it.
func (s *Service) Lift(ctx context.Context, customer uint32, channel string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM suppressions WHERE customer = ? AND channel = ?`, customer, channel)
	return err
}

// Of returns what one person said about every channel.
func (s *Service) Of(ctx context.Context, customer uint32) ([]Consent, []Suppression, error) {
	said, err := store.All[Consent](ctx, s.db, `SELECT * FROM consents WHERE customer = ? ORDER BY channel`, customer)
	if err != nil {
		return nil, nil, err
	}
	stopped, err := store.All[Suppression](ctx, s.db, `SELECT * FROM suppressions WHERE customer = ? ORDER BY channel`, customer)
	return said, stopped, err
}

// States returns, for a channel, the words and the causes of suppression of those of the people who have any.
func (s *Service) States(ctx context.Context, q store.Querier, channel string, people []uint32) (said, suppressed map[uint32]string, err error) {
	said, suppressed = map[uint32]string{}, map[uint32]string{}
	for part := range slices.Chunk(people, 1000) {
		var w store.Where
		w.And("channel = ?", channel)
		store.In(&w, "customer", part)
		err := store.Each(ctx, q, `SELECT * FROM consents`+w.SQL(), w.Args(), func(c Consent) error {
			said[c.Customer] = string(c.State)
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		err = store.Each(ctx, q, `SELECT * FROM suppressions`+w.SQL(), w.Args(), func(c Suppression) error {
			suppressed[c.Customer] = c.Cause
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return said, suppressed, nil
}
