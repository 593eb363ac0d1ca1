package groupbuy

import (
	"context"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/quota"
)

// Sales are the orders of groups. Each verb is one transaction, and again changes nothing; what cannot be is a Conflict.
type Sales interface {
	// Unhold lets a paid order be sent.
	Unhold(ctx context.Context, sale string) error
	// GiveAllBack gives everything of a paid order back, and its goods to the stock.
	GiveAllBack(ctx context.Context, sale, request, by string) error
	// CloseUnpaid ends an order that nobody paid.
	CloseUnpaid(ctx context.Context, sale, reason string) error
}

// Service keeps group offers and groups.
type Service struct {
	db    *store.DB
	sales Sales
	now   func() time.Time
}

// NewService returns the service; Hear gives it the orders before it runs.
func NewService(db *store.DB, now func() time.Time) *Service { return &Service{db: db, now: now} }

// Hear sets whose orders follow their groups.
func (s *Service) Hear(sales Sales) { s.sales = sales }

// Create plans a group offer. It sells goods that are sent, below their price.
func (s *Service) Create(ctx context.Context, d Draft, by string) (Offer, error) {
	return s.CreateAs(ctx, id.New("gof"), d, by)
}

// CreateAs plans a group offer under an id that its caller has made and keeps; of one that is there it changes nothing.
func (s *Service) CreateAs(ctx context.Context, offer string, d Draft, by string) (Offer, error) {
	if had, err := s.Get(ctx, offer); !errs.Is(err, errs.NotFound) {
		return had, err
	}
	now := s.now()
	if err := d.check(now); err != nil {
		return Offer{}, err
	}
	o := Offer{
		ID: offer, Name: d.Name, SKU: d.SKU, PriceFen: d.PriceFen, Size: d.Size, Hours: d.Hours, PerPerson: d.PerPerson,
		StartsAt: d.StartsAt.UTC().Truncate(time.Microsecond), EndsAt: d.EndsAt.UTC().Truncate(time.Microsecond), By: by, CreatedAt: now,
	}
	return o, s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := sellable(ctx, tx, &d); err != nil {
			return err
		}
		return store.Insert(ctx, tx, "group_offers", o)
	})
}

// Checked returns what is wrong with a draft, as Create would; nothing is planned.
func (s *Service) Checked(ctx context.Context, d Draft) error {
	if err := d.check(s.now()); err != nil {
		return err
	}
	return sellable(ctx, s.db, &d)
}

// sellable reports why groups cannot buy the SKU of a draft at its price.
func sellable(ctx context.Context, q store.Querier, d *Draft) error {
	items, err := catalog.Items(ctx, q, []string{d.SKU})
	if err != nil {
		return err
	}
	item, ok := items[d.SKU]
	switch {
	case !ok || item.Gone:
		return errs.New(errs.Invalid, "group.sku", "there is no SKU %q", d.SKU).At("sku")
	case item.Kind != catalog.KindPhysical && item.Kind != catalog.KindConsumable:
		return errs.New(errs.Invalid, "group.kind", "groups buy goods that are sent").At("sku")
	case d.PriceFen >= item.PriceFen:
		return errs.New(errs.Invalid, "group.price_high", "the price together is below the price alone").At("price_fen").With("price_fen", item.PriceFen)
	}
	return nil
}

// Stop ends an offer before its time: no group is opened any more; those that are open go on.
func (s *Service) Stop(ctx context.Context, offer string) error {
	n, err := s.db.Exec(ctx, `UPDATE group_offers SET stopped = TRUE WHERE id = ?`, offer)
	if err == nil && n == 0 {
		err = noOffer(offer)
	}
	return err
}

func noOffer(offer string) error {
	return errs.New(errs.NotFound, "group.no_offer", "there is no group offer %q", offer)
}

// Get returns an offer.
func (s *Service) Get(ctx context.Context, offer string) (Offer, error) { return get(ctx, s.db, offer) }

func get(ctx context.Context, q store.Querier, offer string) (Offer, error) {
	o, err := store.One[Offer](ctx, q, `SELECT * FROM group_offers WHERE id = ?`, offer)
	if errs.Is(err, errs.NotFound) {
		err = noOffer(offer)
	}
	return o, err
}

// Counted is an offer with what came of it.
type Counted struct {
	Offer
	Forming  int64 `db:"forming" json:"forming" doc:"Groups that others may join"`
	Complete int64 `db:"complete" json:"complete"`
	Failed   int64 `db:"failed" json:"failed"`
	Members  int64 `db:"members" json:"members" doc:"Members who paid, of groups that did not fail"`
}

// counted is the question for offers with what came of them.
const counted = `SELECT o.*, COALESCE(g.forming, 0) AS forming, COALESCE(g.complete, 0) AS complete, COALESCE(g.failed, 0) AS failed, COALESCE(g.members, 0) AS members
		FROM group_offers o LEFT JOIN (SELECT offer, CAST(SUM(CASE WHEN state = 'forming' THEN 1 ELSE 0 END) AS BIGINT) AS forming,
			CAST(SUM(CASE WHEN state = 'complete' THEN 1 ELSE 0 END) AS BIGINT) AS complete, CAST(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END) AS BIGINT) AS failed,
			CAST(SUM(CASE WHEN state IN ('forming', 'complete') THEN paid ELSE 0 END) AS BIGINT) AS members FROM buying_groups GROUP BY offer) g ON g.offer = o.id`

// List returns offers, the latest to end first; those that hold now or within a day only where asked.
func (s *Service) List(ctx context.Context, open bool, limit int) ([]Counted, error) {
	var w store.Where
	if open {
		now := s.now()
		w.And("o.stopped = FALSE AND o.ends_at > ? AND o.starts_at <= ?", now, now.Add(24*time.Hour))
	}
	return store.All[Counted](ctx, s.db, counted+w.SQL()+` ORDER BY o.ends_at DESC, o.id LIMIT ?`, w.Args(limit)...)
}

// Count returns an offer with what came of it.
func (s *Service) Count(ctx context.Context, offer string) (Counted, error) {
	o, err := store.One[Counted](ctx, s.db, counted+` WHERE o.id = ?`, offer)
	if errs.Is(err, errs.NotFound) {
		err = noOffer(offer)
	}
	return o, err
}

// Of returns the offers of SKUs under which groups can be opened now, the lowest price first.
func (s *Service) Of(ctx context.Context, skus []string) ([]Offer, error) {
	now := s.now()
	var w store.Where
	w.And("stopped = FALSE AND starts_at <= ? AND ends_at > ?", now, now)
	store.In(&w, "sku", skus)
	return store.All[Offer](ctx, s.db, `SELECT * FROM group_offers`+w.SQL()+` ORDER BY price_fen, id`, w.Args()...)
}

// Groups returns groups of an offer ("" for all) in a state ("" for any), the latest first.
func (s *Service) Groups(ctx context.Context, offer string, state State, limit int) ([]Group, error) {
	var w store.Where
	if offer != "" {
		w.And("offer = ?", offer)
	}
	if state != "" {
		w.And("state = ?", string(state))
	}
	return store.All[Group](ctx, s.db, `SELECT * FROM buying_groups`+w.SQL()+` ORDER BY created_at DESC, id DESC LIMIT ?`, w.Args(limit)...)
}

// Joinable returns the groups of an offer that somebody may join now, those that lack fewest first.
func (s *Service) Joinable(ctx context.Context, offer string, limit int) ([]Group, error) {
	return store.All[Group](ctx, s.db, `SELECT * FROM buying_groups WHERE offer = ? AND state = 'forming' AND expires_at > ? AND seats < size ORDER BY size - seats, expires_at, id LIMIT ?`, offer, s.now(), limit)
}

// Group returns a group with those who sit in it, in the order in which they came; one that nobody sees yet is shown too.
func (s *Service) Group(ctx context.Context, group string) (Group, []Seat, error) {
	g, err := store.One[Group](ctx, s.db, `SELECT * FROM buying_groups WHERE id = ?`, group)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "group.not_found", "there is no such group")
	}
	if err != nil {
		return g, nil, err
	}
	seats, err := store.All[Seat](ctx, s.db, `SELECT * FROM group_seats WHERE group_id = ? AND state <> 'left' ORDER BY joined_at, sale`, group)
	return g, seats, err
}

// Mine is a group that a customer sits in.
type Mine struct {
	Group
	Sale string `db:"sale" json:"sale"`
	Seat string `db:"seat" json:"seat" enum:"taken,paid,left,refunded"`
}

// OfCustomer returns the groups that a customer sat in, the latest first.
func (s *Service) OfCustomer(ctx context.Context, customer uint32, limit int) ([]Mine, error) {
	return store.All[Mine](ctx, s.db, `SELECT g.*, s.sale, s.state AS seat FROM group_seats s JOIN buying_groups g ON g.id = s.group_id WHERE s.customer = ? AND s.state <> 'left' ORDER BY s.joined_at DESC, s.sale LIMIT ?`, int64(customer), limit)
}

// Price returns the price that an offer has for a customer who opens a group, or joins one; what cannot be is a Conflict.
func (s *Service) Price(ctx context.Context, q store.Querier, offer, group string, customer uint32, now time.Time) (pricing.Flash, error) {
	o, err := get(ctx, q, offer)
	if err != nil {
		return pricing.Flash{}, err
	}
	if group == "" && !o.Open(now) {
		return pricing.Flash{}, errs.New(errs.Conflict, "group.over", "no group can be opened now")
	}
	if group != "" {
		g, err := store.One[Group](ctx, q, `SELECT * FROM buying_groups WHERE id = ? AND offer = ?`, group, offer)
		if errs.Is(err, errs.NotFound) {
			return pricing.Flash{}, errs.New(errs.NotFound, "group.not_found", "there is no such group")
		}
		if err != nil {
			return pricing.Flash{}, err
		}
		if err := g.joinable(now); err != nil {
			return pricing.Flash{}, err
		}
	}
	had, err := quota.Had(ctx, q, offer, customer)
	return pricing.Flash{Kind: pricing.KindGroup, ID: o.ID, SKU: o.SKU, PriceFen: o.PriceFen, PerPerson: o.PerPerson, Bought: had, Left: -1}, err
}

func (g *Group) joinable(now time.Time) error {
	switch {
	case g.State == Complete || g.State == Forming && g.Seats >= g.Size:
		return errs.New(errs.Conflict, "group.full", "every seat of the group is taken")
	case g.State != Forming || !now.Before(g.ExpiresAt):
		return errs.New(errs.Conflict, "group.over", "the group's time is over")
	}
	return nil
}

// Join takes a seat for a sale: in a group, or in one that it opens when group is "". Of many who want the last seat one gets it; the
// others meet a Conflict "group.full". It returns the group and until when the seat is kept unpaid.
func (s *Service) Join(ctx context.Context, tx *store.Tx, offer, group, sale string, customer uint32, units int64, now time.Time) (string, time.Time, error) {
	o, err := get(ctx, tx, offer)
	if err != nil {
		return "", time.Time{}, err
	}
	until := now.Add(PayWithin)
	if group == "" {
		if !o.Open(now) {
			return "", until, errs.New(errs.Conflict, "group.over", "no group can be opened now")
		}
		g := Group{ID: id.New("grp"), Offer: offer, State: Opening, Size: o.Size, Seats: 1, CreatedAt: now}
		if err := store.Insert(ctx, tx, "buying_groups", g); err != nil {
			return "", until, err
		}
		group = g.ID
		if err := s.sit(ctx, tx, o, Seat{Sale: sale, Group: group, Offer: offer, Customer: customer, Units: units, Opener: true, State: "taken", JoinedAt: now}); err != nil {
			return "", until, err
		}
		return group, until, nil
	}
	taken, err := store.All[Group](ctx, tx, `UPDATE buying_groups SET seats = seats + 1 WHERE id = ? AND offer = ? AND state = 'forming' AND seats < size AND expires_at > ? RETURNING *`, group, offer, now)
	if err != nil {
		return "", until, err
	}
	if len(taken) == 0 {
		g, err := store.One[Group](ctx, tx, `SELECT * FROM buying_groups WHERE id = ? AND offer = ?`, group, offer)
		if errs.Is(err, errs.NotFound) {
			return "", until, errs.New(errs.NotFound, "group.not_found", "there is no such group")
		}
		if err == nil {
			err = g.joinable(now)
		}
		if err == nil { // it became so between the two statements
			err = errs.New(errs.Conflict, "group.full", "every seat of the group is taken")
		}
		return "", until, err
	}
	if taken[0].ExpiresAt.Before(until) {
		until = taken[0].ExpiresAt
	}
	return group, until, s.sit(ctx, tx, o, Seat{Sale: sale, Group: group, Offer: offer, Customer: customer, Units: units, State: "taken", JoinedAt: now})
}

// sit writes a seat; the group is held.
func (s *Service) sit(ctx context.Context, tx *store.Tx, o Offer, seat Seat) error {
	already, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM group_seats WHERE group_id = ? AND customer = ? AND state IN ('taken', 'paid')`, seat.Group, int64(seat.Customer))
	if err != nil {
		return err
	}
	if already > 0 {
		return errs.New(errs.Conflict, "group.already", "you sit in this group already")
	}
	if err := quota.Take(ctx, tx, o.ID, seat.Customer, seat.Units, o.PerPerson, "group.enough"); err != nil {
		return err
	}
	return store.Insert(ctx, tx, "group_seats", seat)
}

func seatOf(ctx context.Context, q store.Querier, sale string) (Seat, bool, error) {
	seat, err := store.One[Seat](ctx, q, `SELECT * FROM group_seats WHERE sale = ?`, sale)
	if errs.Is(err, errs.NotFound) {
		return seat, false, nil
	}
	return seat, err == nil, err
}

// Paid says that a sale's seat was paid: its first member opens the group to others, its last completes it. A group whose time is over
// does not want the money: a Conflict "sale.state", before anything was written.
func (s *Service) Paid(ctx context.Context, tx *store.Tx, sale string, now time.Time) error {
	seat, ok, err := seatOf(ctx, tx, sale)
	if err != nil || !ok {
		return err
	}
	o, err := get(ctx, tx, seat.Offer)
	if err != nil {
		return err
	}
	until := now.Add(time.Duration(o.Hours) * time.Hour)
	held, err := store.All[Group](ctx, tx, `UPDATE buying_groups SET paid = paid + 1, opened_at = COALESCE(opened_at, CAST(? AS BIGINT)), expires_at = COALESCE(expires_at, CAST(? AS BIGINT)),
			state = CASE WHEN paid + 1 = size THEN 'complete' ELSE 'forming' END, ended_at = CASE WHEN paid + 1 = size THEN CAST(? AS BIGINT) END
		WHERE id = ? AND state IN ('opening', 'forming') RETURNING *`, now, until, now, seat.Group)
	if err != nil {
		return err
	}
	if len(held) == 0 {
		return errs.New(errs.Conflict, "sale.state", "the group's time is over")
	}
	g := held[0]
	if _, err := tx.Exec(ctx, `UPDATE group_seats SET state = 'paid', paid_at = ? WHERE sale = ?`, now, sale); err != nil {
		return err
	}
	name := event.GroupJoined
	if seat.Opener {
		name = event.GroupOpened
	}
	facts := []event.Fact{fact(name, seat, g, o, now)}
	if g.State == Complete {
		members, err := store.All[Seat](ctx, tx, `SELECT * FROM group_seats WHERE group_id = ? AND state = 'paid' ORDER BY sale`, g.ID)
		if err != nil {
			return err
		}
		for _, m := range members {
			facts = append(facts, fact(event.GroupCompleted, m, g, o, now))
		}
	}
	return outbox.Append(ctx, tx, facts...)
}

func fact(name string, m Seat, g Group, o Offer, at time.Time) event.Fact {
	return event.Fact{ID: m.Sale + "/" + name, Name: name, Customer: m.Customer, At: at, Subject: g.ID, Product: o.SKU, Quantity: m.Units, Amount: o.PriceFen * m.Units, Detail: o.ID}
}

// Left says that a sale's seat is empty again: it was never paid, or all of it was given back. In a group that is forming somebody else
// may take it; again changes nothing.
func (s *Service) Left(ctx context.Context, tx *store.Tx, sale string, now time.Time) error {
	seat, ok, err := seatOf(ctx, tx, sale)
	if err != nil || !ok {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE buying_groups SET seats = seats WHERE id = ?`, seat.Group); err != nil { // the group before its seats, always
		return err
	}
	was, err := store.All[string](ctx, tx, `SELECT state FROM group_seats WHERE sale = ? AND state IN ('taken', 'paid')`, sale)
	if err != nil || len(was) == 0 {
		return err
	}
	now0, paid := "left", int64(0)
	if was[0] == "paid" {
		now0, paid = "refunded", 1
	}
	if _, err := tx.Exec(ctx, `UPDATE group_seats SET state = ? WHERE sale = ?`, now0, sale); err != nil {
		return err
	}
	if err := quota.Give(ctx, tx, seat.Offer, seat.Customer, seat.Units); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE buying_groups SET seats = seats - CASE WHEN state IN ('opening', 'forming') THEN 1 ELSE 0 END, paid = paid - CASE WHEN state = 'forming' THEN CAST(? AS BIGINT) ELSE 0 END,
		ended_at = CASE WHEN state = 'opening' THEN CAST(? AS BIGINT) ELSE ended_at END, settled = CASE WHEN state = 'opening' THEN TRUE ELSE settled END, state = CASE WHEN state = 'opening' THEN 'gone' ELSE state END WHERE id = ?`, paid, now, seat.Group)
	return err
}

// round is how many groups one round looks at.
const round = 200

// Run fails groups whose time is over and lets orders follow their groups, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	return clock.Every(ctx, time.Second, s.Tick)
}

// Tick does one round and returns how many groups it ended or settled. Whenever it is interrupted, the next one goes on.
func (s *Service) Tick(ctx context.Context) (int, error) {
	now := s.now()
	late, err := store.All[string](ctx, s.db, `SELECT id FROM buying_groups WHERE state = 'forming' AND expires_at <= ? ORDER BY expires_at, id LIMIT ?`, now, round)
	if err != nil {
		return 0, err
	}
	for _, g := range late {
		if err := s.fail(ctx, g, now); err != nil {
			return 0, err
		}
	}
	ended, err := store.All[Group](ctx, s.db, `SELECT * FROM buying_groups WHERE settled = FALSE AND state IN ('complete', 'failed') ORDER BY ended_at, id LIMIT ?`, round)
	for _, g := range ended {
		if err := s.settle(ctx, g); err != nil {
			return 0, err
		}
	}
	return len(late) + len(ended), err
}

// fail ends a group whose time is over, and tells its members.
func (s *Service) fail(ctx context.Context, group string, now time.Time) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		failed, err := store.All[Group](ctx, tx, `UPDATE buying_groups SET state = 'failed', ended_at = ? WHERE id = ? AND state = 'forming' AND expires_at <= ? RETURNING *`, now, group, now)
		if err != nil || len(failed) == 0 {
			return err
		}
		o, err := get(ctx, tx, failed[0].Offer)
		if err != nil {
			return err
		}
		members, err := store.All[Seat](ctx, tx, `SELECT * FROM group_seats WHERE group_id = ? AND state = 'paid' ORDER BY sale`, group)
		if err != nil {
			return err
		}
		facts := make([]event.Fact, len(members))
		for i, m := range members {
			facts[i] = fact(event.GroupFailed, m, failed[0], o, now)
		}
		return outbox.Append(ctx, tx, facts...)
	})
}

// settle lets each order of an ended group follow it, each in a transaction of its own.
func (s *Service) settle(ctx context.Context, g Group) error {
	seats, err := store.All[Seat](ctx, s.db, `SELECT * FROM group_seats WHERE group_id = ? AND state IN ('taken', 'paid') ORDER BY sale`, g.ID)
	if err != nil {
		return err
	}
	open := false
	for _, seat := range seats {
		switch {
		case g.State == Complete:
			err = s.sales.Unhold(ctx, seat.Sale)
		case seat.State == "paid":
			err = s.sales.GiveAllBack(ctx, seat.Sale, "group", "")
		default:
			err = s.sales.CloseUnpaid(ctx, seat.Sale, Kind)
		}
		if errs.Is(err, errs.Conflict) { // it is being paid, closed or given back at this moment: the next round looks again
			open = true
			continue
		}
		if err != nil {
			return err
		}
	}
	if open {
		return nil
	}
	_, err = s.db.Exec(ctx, `UPDATE buying_groups SET settled = TRUE WHERE id = ?`, g.ID)
	return err
}

// Check returns the groups whose counts are not their seats, or that are settled though an order did not follow; none when all is well.
func Check(ctx context.Context, q store.Querier) ([]string, error) {
	wrong, err := store.All[string](ctx, q, `SELECT g.id FROM buying_groups g
		LEFT JOIN (SELECT group_id, SUM(CASE WHEN state IN ('taken', 'paid') THEN 1 ELSE 0 END) AS seats, SUM(CASE WHEN state = 'paid' THEN 1 ELSE 0 END) AS paid FROM group_seats GROUP BY group_id) s ON s.group_id = g.id
		WHERE g.state IN ('opening', 'forming') AND (g.seats <> COALESCE(s.seats, 0) OR g.paid <> COALESCE(s.paid, 0)) OR g.state = 'failed' AND g.settled = TRUE AND COALESCE(s.seats, 0) > 0
			OR g.state = 'complete' AND g.paid <> g.size ORDER BY g.id LIMIT 1000`)
	if err != nil {
		return nil, err
	}
	people, err := quota.Check(ctx, q)
	return append(wrong, people...), err
}
