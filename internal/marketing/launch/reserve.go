package launch

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Reservation is somebody's wish to hear when it is sold.
type Reservation struct {
	ID          string    `db:"id" json:"id"`
	Launch      string    `db:"launch" json:"launch"`
	Customer    uint32    `db:"customer" json:"customer"`
	Goods       string    `db:"goods" json:"goods" doc:"On whose page she reserved"`
	ReservedAt  time.Time `db:"reserved_at" json:"reserved_at"`
	CancelledAt time.Time `db:"cancelled_at" json:"cancelled_at,omitzero"`
}

// Upcoming is a launch as the page of its goods shows it.
type Upcoming struct {
	ID       string    `json:"id"`
	Goods    string    `json:"goods"`
	SaleAt   time.Time `json:"sale_at"`
	Until    time.Time `json:"reserve_until" doc:"One may reserve until then"`
	Reserved bool      `json:"reserved" doc:"The caller has"`
	People   int64     `json:"people" doc:"Who have"`
	Now      time.Time `json:"now" doc:"The store's clock, for counting down"`
}

// Upcoming returns the launches of goods that can be reserved now, the first sale first, as a customer sees them; 0 is a guest.
func (s *Service) Upcoming(ctx context.Context, goods string, customer uint32) ([]Upcoming, error) {
	now := s.instant()
	type row struct {
		ID     string    `db:"id"`
		SaleAt time.Time `db:"sale_at"`
		Until  time.Time `db:"reserve_until"`
		People int64     `db:"people"`
		Mine   int64     `db:"mine"`
	}
	all, err := store.All[row](ctx, s.DB, `SELECT l.id, l.sale_at, l.reserve_until,
		(SELECT COUNT(*) FROM launch_reservations r WHERE r.launch = l.id AND r.cancelled_at IS NULL) AS people,
		(SELECT COUNT(*) FROM launch_reservations r WHERE r.launch = l.id AND r.cancelled_at IS NULL AND r.customer = ?) AS mine
		FROM launches l JOIN launch_goods g ON g.launch = l.id
		WHERE g.goods = ? AND l.state IN ('running', 'paused') AND l.begins_at <= ? AND l.reserve_until > ? ORDER BY l.sale_at, l.id LIMIT 5`, int64(customer), goods, now, now)
	out := make([]Upcoming, len(all))
	for i, r := range all {
		out[i] = Upcoming{ID: r.ID, Goods: goods, SaleAt: r.SaleAt, Until: r.Until, Reserved: customer != 0 && r.Mine > 0, People: r.People, Now: now}
	}
	return out, err
}

// Reserve notes that a customer wants to hear when it is sold; again it changes nothing. goods are those on whose page she is.
func (s *Service) Reserve(ctx context.Context, launchID, goods string, customer uint32) error {
	now := s.instant()
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		l, err := open(ctx, tx, launchID)
		if err != nil {
			return err
		}
		if !l.Reservable(now) {
			return errs.New(errs.Conflict, "launch.not_reservable", "it cannot be reserved now")
		}
		if !slices.Contains(l.Goods, goods) {
			return errs.New(errs.Invalid, "launch.other_goods", "the launch does not sell these goods").At("goods")
		}
		r := Reservation{ID: id.New("rsv"), Launch: l.ID, Customer: customer, Goods: goods, ReservedAt: now}
		changed, err := store.InsertAll(ctx, tx, "launch_reservations", []Reservation{r}, `ON CONFLICT (launch, customer) DO UPDATE
			SET goods = excluded.goods, reserved_at = excluded.reserved_at, cancelled_at = NULL WHERE launch_reservations.cancelled_at IS NOT NULL`)
		if err != nil || changed == 0 {
			return err
		}
		return outbox.Append(ctx, tx, event.Fact{ID: id.New("fct"), Name: event.LaunchReserved, Customer: customer, At: now, Subject: l.ID, Product: goods, Detail: string(l.At(now))})
	})
}

// Unreserve takes it back; again it changes nothing. It can be taken back until the launch is over.
func (s *Service) Unreserve(ctx context.Context, launchID string, customer uint32) error {
	now := s.instant()
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		l, err := open(ctx, tx, launchID)
		if err != nil {
			return err
		}
		had, err := store.All[string](ctx, tx, `UPDATE launch_reservations SET cancelled_at = ? WHERE launch = ? AND customer = ? AND cancelled_at IS NULL RETURNING goods`, now, l.ID, int64(customer))
		if err != nil || len(had) == 0 {
			return err
		}
		return outbox.Append(ctx, tx, event.Fact{ID: id.New("fct"), Name: event.LaunchReservationCancelled, Customer: customer, At: now, Subject: l.ID, Product: had[0], Detail: string(l.At(now))})
	})
}

// open returns a launch that customers know of; of others nobody is told that they are there.
func open(ctx context.Context, q store.Querier, launchID string) (Launch, error) {
	l, err := byID(ctx, q, launchID)
	if err == nil && (l.State == Draft || l.State == Scheduled) {
		err = errs.New(errs.NotFound, "launch.not_found", "there is no such launch")
	}
	return l, err
}

// reservedBetween returns who reserved within a window and did not take it back.
func (s *Service) reservedBetween(ctx context.Context, launchID string, from, until time.Time) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := store.Each(ctx, s.DB, `SELECT customer FROM launch_reservations WHERE launch = ? AND cancelled_at IS NULL AND reserved_at >= ? AND reserved_at < ?`, []any{launchID, from, until}, func(n uint32) error {
		out.Add(n)
		return nil
	})
	return out, err
}

// Mover moves reservations of customers who turn out to be one, and back. Of two of one launch both stay where they are.
type Mover struct{}

// MoveCustomers gives the reservations of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by := map[uint32][]string{}
	for from, into := range to {
		ids, err := store.All[string](ctx, tx, `SELECT r.id FROM launch_reservations r WHERE r.customer = ? AND NOT EXISTS
			(SELECT 1 FROM launch_reservations o WHERE o.launch = r.launch AND o.customer = ?) ORDER BY r.id`, int64(from), int64(into))
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			continue
		}
		by[from] = ids
		if err := store.GiveRows(ctx, tx, "launch_reservations", "id", ids, from, into); err != nil {
			return nil, err
		}
	}
	return store.Records(by)
}

// ReturnCustomer gives reservations back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "launch_reservations", "id", ids, holder, from)
}

// EraseCustomers deletes what people reserved.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	var w store.Where
	store.In(&w, "customer", numbers)
	_, err := tx.Exec(ctx, `DELETE FROM launch_reservations`+w.SQL(), w.Args()...)
	return err
}
