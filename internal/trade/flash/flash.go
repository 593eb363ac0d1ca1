// Package flash sells few units at a low price for a short while: no more than there are, no more to one person than is said.
package flash

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/pricing"
)

// Draft is a flash sale as an operator writes it.
type Draft struct {
	Name      string    `json:"name" maxLength:"40"`
	SKU       string    `json:"sku" maxLength:"64"`
	PriceFen  int64     `json:"price_fen" minimum:"1" maximum:"10000000000"`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	Units     int64     `json:"units" minimum:"1" maximum:"1000000" doc:"At this price, in all"`
	PerPerson int64     `json:"per_person" minimum:"1" maximum:"1000"`
	AtOnce    int64     `json:"at_once,omitempty" minimum:"0" maximum:"10000" doc:"How many may be at the checkout at once: the others wait in a room, in the order in which they came; 0 has no room"`
}

// Sale is a flash sale.
type Sale struct {
	ID        string    `db:"id" json:"id"`
	Name      string    `db:"name" json:"name"`
	SKU       string    `db:"sku" json:"sku"`
	PriceFen  int64     `db:"price_fen" json:"price_fen"`
	StartsAt  time.Time `db:"starts_at" json:"starts_at"`
	EndsAt    time.Time `db:"ends_at" json:"ends_at"`
	Units     int64     `db:"units" json:"units"`
	Taken     int64     `db:"taken" json:"taken" doc:"Units promised or sold"`
	PerPerson int64     `db:"per_person" json:"per_person"`
	AtOnce    int64     `db:"at_once" json:"at_once" doc:"How many may be at the checkout at once; 0: there is no waiting room"`
	Admitted  int64     `db:"admitted" json:"admitted" doc:"Of these so many have not ordered yet"`
	Arrived   int64     `db:"arrived" json:"arrived" doc:"How many places in the waiting room were given"`
	Stopped   bool      `db:"stopped" json:"stopped"`
	By        string    `db:"made_by" json:"by"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
}

// Open reports whether it sells at an instant.
func (s *Sale) Open(now time.Time) bool {
	return !s.Stopped && !now.Before(s.StartsAt) && now.Before(s.EndsAt)
}

func (d *Draft) check(now time.Time) error {
	d.Name = strings.TrimSpace(d.Name)
	bad := func(field, code, text string) error { return errs.New(errs.Invalid, code, "%s", text).At(field) }
	switch {
	case d.Name == "" || utf8.RuneCountInString(d.Name) > 40:
		return bad("name", "flash.name", "a flash sale has a name of up to 40 characters")
	case d.SKU == "":
		return bad("sku", "flash.sku", "a flash sale sells a SKU")
	case d.PriceFen < 1 || d.PriceFen > 1e10:
		return bad("price_fen", "flash.price", "the price is above zero")
	case d.Units < 1 || d.Units > 1e6:
		return bad("units", "flash.units", "a flash sale has 1 to 1,000,000 units")
	case d.PerPerson < 1 || d.PerPerson > 1000:
		return bad("per_person", "flash.per_person", "a person may have 1 to 1,000 units")
	case d.AtOnce < 0 || d.AtOnce > 10_000:
		return bad("at_once", "flash.at_once", "at most 10,000 may be at the checkout at once")
	case !d.EndsAt.After(d.StartsAt) || !d.EndsAt.After(now):
		return bad("ends_at", "flash.window", "it ends before it begins, or has ended")
	}
	return nil
}

// Service keeps flash sales.
type Service struct {
	db   *store.DB
	now  func() time.Time
	room *room
}

// NewService returns the service.
func NewService(db *store.DB, now func() time.Time) *Service { return &Service{db, now, newRoom()} }

// Create plans a flash sale.
func (s *Service) Create(ctx context.Context, d Draft, by string) (Sale, error) {
	return s.CreateAs(ctx, id.New("fls"), d, by)
}

// Get returns a flash sale.
func (s *Service) Get(ctx context.Context, flash string) (Sale, error) {
	sale, err := store.One[Sale](ctx, s.db, `SELECT * FROM flash_sales WHERE id = ?`, flash)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "flash.not_found", "there is no flash sale %q", flash)
	}
	return sale, err
}

// Checked is a draft as it would be planned now, or what is wrong with it.
func (s *Service) Checked(d Draft) (Draft, error) {
	err := d.check(s.now())
	return d, err
}

// CreateAs plans a flash sale under an id that its caller has made and keeps; of one that is there it changes nothing.
func (s *Service) CreateAs(ctx context.Context, flash string, d Draft, by string) (Sale, error) {
	if had, err := s.Get(ctx, flash); !errs.Is(err, errs.NotFound) {
		return had, err
	}
	now := s.now()
	if err := d.check(now); err != nil {
		return Sale{}, err
	}
	sale := Sale{
		ID: flash, Name: d.Name, SKU: d.SKU, PriceFen: d.PriceFen, StartsAt: d.StartsAt.UTC().Truncate(time.Microsecond), EndsAt: d.EndsAt.UTC().Truncate(time.Microsecond),
		Units: d.Units, PerPerson: d.PerPerson, AtOnce: d.AtOnce, By: by, CreatedAt: now,
	}
	return sale, s.db.Tx(ctx, func(tx *store.Tx) error {
		known, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM skus WHERE code = ? AND gone = FALSE`, d.SKU)
		if err == nil && known == 0 {
			err = errs.New(errs.Invalid, "flash.sku", "there is no SKU %q", d.SKU).At("sku")
		}
		if err != nil {
			return err
		}
		return store.Insert(ctx, tx, "flash_sales", sale)
	})
}

// Stop ends a flash sale before its time; what was taken stays taken.
func (s *Service) Stop(ctx context.Context, flash string) error {
	n, err := s.db.Exec(ctx, `UPDATE flash_sales SET stopped = TRUE WHERE id = ?`, flash)
	if err == nil && n == 0 {
		err = errs.New(errs.NotFound, "flash.not_found", "there is no flash sale %q", flash)
	}
	return err
}

// List returns flash sales, the latest to end first; open ones only where asked.
func (s *Service) List(ctx context.Context, open bool, limit int) ([]Sale, error) {
	var w store.Where
	if open {
		now := s.now()
		w.And("stopped = FALSE AND ends_at > ? AND starts_at <= ?", now, now.Add(24*time.Hour))
	}
	return store.All[Sale](ctx, s.db, `SELECT * FROM flash_sales`+w.SQL()+` ORDER BY ends_at DESC, id LIMIT ?`, w.Args(limit)...)
}

// Offers returns the flash prices of SKUs that hold now for a customer, as pricing reads them.
func (s *Service) Offers(ctx context.Context, q store.Querier, customer uint32, skus []string, now time.Time) ([]pricing.Flash, error) {
	type row struct {
		Sale
		Had int64 `db:"had"`
	}
	var w store.Where
	w.And("f.stopped = FALSE AND f.starts_at <= ? AND f.ends_at > ?", now, now)
	w.And("(f.at_once = 0 OR EXISTS (SELECT 1 FROM flash_queue w WHERE w.flash = f.id AND w.customer = ? AND w.state = 'admitted' AND w.until > ?))", int64(customer), now)
	store.In(&w, "f.sku", skus)
	rows, err := store.All[row](ctx, q, `SELECT f.*, COALESCE(p.units, 0) AS had FROM flash_sales f LEFT JOIN flash_people p ON p.flash = f.id AND p.customer = ?`+w.SQL()+` ORDER BY f.id`,
		append([]any{int64(customer)}, w.Args()...)...)
	out := make([]pricing.Flash, len(rows))
	for i, r := range rows {
		out[i] = pricing.Flash{ID: r.ID, When: pricing.Window{From: r.StartsAt, Until: r.EndsAt}, SKU: r.SKU, PriceFen: r.PriceFen, PerPerson: r.PerPerson, Bought: r.Had, Left: r.Units - r.Taken - max(r.Admitted-1, 0)}
	}
	return out, err
}

// Take promises units of flash sales to a sale, by flash sale: no more than are left, and no more than one person may have; else
// it is a Conflict "flash.gone" or "flash.enough". Where there is a waiting room, only who was admitted may ("flash.wait"), and a
// unit is kept for everybody else who was.
func (s *Service) Take(ctx context.Context, tx *store.Tx, sale string, customer uint32, units map[string]int64) error {
	for _, w := range inOrder(units) {
		if w.n < 1 {
			return errs.New(errs.Invalid, "flash.units", "units are above zero")
		}
		rooms, err := store.All[int64](ctx, tx, `UPDATE flash_sales SET taken = taken + ?, admitted = CASE WHEN at_once > 0 THEN admitted - 1 ELSE 0 END
			WHERE id = ? AND stopped = FALSE AND (at_once = 0 OR admitted > 0) AND taken + ? + CASE WHEN at_once > 0 THEN admitted - 1 ELSE 0 END <= units RETURNING at_once`, w.n, w.flash, w.n)
		if err != nil {
			return err
		}
		if len(rooms) == 0 {
			return errs.New(errs.Conflict, "flash.gone", "nothing is left at this price").With("flash", w.flash)
		}
		if rooms[0] > 0 {
			if err := s.leave(ctx, tx, w.flash, customer); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `INSERT INTO flash_people (flash, customer, units) SELECT f.id, CAST(? AS BIGINT), CAST(? AS BIGINT) FROM flash_sales f WHERE f.id = ? AND f.per_person >= ?
			ON CONFLICT (flash, customer) DO UPDATE SET units = flash_people.units + excluded.units
			WHERE flash_people.units + excluded.units <= (SELECT f.per_person FROM flash_sales f WHERE f.id = excluded.flash)`, int64(customer), w.n, w.flash, w.n)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "flash.enough", "you have as many at this price as one person may").With("flash", w.flash)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO flash_takes (sale, flash, customer, units, given) VALUES (?, ?, ?, ?, FALSE)`, sale, w.flash, int64(customer), w.n); err != nil {
			return err
		}
	}
	return nil
}

// Return gives what a sale took back, so that others may have it; again changes nothing.
func (s *Service) Return(ctx context.Context, tx *store.Tx, sale string) error {
	type take struct {
		Flash    string `db:"flash"`
		Customer uint32 `db:"customer"`
		Units    int64  `db:"units"`
	}
	takes, err := store.All[take](ctx, tx, `UPDATE flash_takes SET given = TRUE WHERE sale = ? AND given = FALSE RETURNING flash, customer, units`, sale)
	if err != nil {
		return err
	}
	slices.SortFunc(takes, func(a, b take) int { return cmp.Compare(a.Flash, b.Flash) })
	for _, t := range takes {
		if _, err := tx.Exec(ctx, `UPDATE flash_sales SET taken = taken - ? WHERE id = ?`, t.Units, t.Flash); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE flash_people SET units = units - ? WHERE flash = ? AND customer = ?`, t.Units, t.Flash, int64(t.Customer)); err != nil {
			return err
		}
	}
	return nil
}

// Check returns the flash sales whose counts are not what sales took, or how many were admitted; none when all is well.
func Check(ctx context.Context, q store.Querier) ([]string, error) {
	return store.All[string](ctx, q, `SELECT f.id FROM flash_sales f
		LEFT JOIN (SELECT flash, SUM(units) AS units FROM flash_takes WHERE given = FALSE GROUP BY flash) t ON t.flash = f.id
		LEFT JOIN (SELECT flash, SUM(units) AS units FROM flash_people GROUP BY flash) p ON p.flash = f.id
		LEFT JOIN (SELECT flash, COUNT(*) AS n FROM flash_queue WHERE state = 'admitted' GROUP BY flash) w ON w.flash = f.id
		WHERE f.taken <> COALESCE(t.units, 0) OR f.taken <> COALESCE(p.units, 0) OR f.admitted <> COALESCE(w.n, 0) ORDER BY f.id LIMIT 1000`)
}
