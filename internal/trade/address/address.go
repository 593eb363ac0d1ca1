// Package address keeps where customers have things sent.
package address

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Most is how many addresses a customer keeps.
const Most = 20

// Draft is an address as a customer writes it.
type Draft struct {
	Name    string `db:"name" json:"name" minLength:"1" maxLength:"40" doc:"Who takes it"`
	Phone   string `db:"phone" json:"phone" minLength:"5" maxLength:"20"`
	Region  string `db:"region" json:"region" pattern:"^[1-9][0-9]{5}$" doc:"GB/T 2260 code, of a province at least"`
	Place   string `db:"place" json:"place" minLength:"1" maxLength:"60" doc:"Province, city and district in words"`
	Street  string `db:"street" json:"street" minLength:"1" maxLength:"120"`
	Default bool   `db:"-" json:"default,omitempty" doc:"Chosen unless she says otherwise; the first address always is"`
}

// Entry is an address in the book.
type Entry struct {
	ID string `db:"id" json:"id"`
	Draft
}

type row struct {
	ID          string    `db:"id"`
	Customer    uint32    `db:"customer"`
	Name        string    `db:"name"`
	Phone       string    `db:"phone"`
	Region      string    `db:"region"`
	Place       string    `db:"place"`
	Street      string    `db:"street"`
	PreferredAt time.Time `db:"preferred_at,null"`
	ChangedAt   time.Time `db:"changed_at"`
}

// check tidies a draft and reports the first thing that is wrong with it: an Invalid error "address.<field>".
func (d *Draft) check() error {
	for _, f := range []struct {
		name  string
		value *string
		most  int
	}{{"name", &d.Name, 40}, {"phone", &d.Phone, 20}, {"region", &d.Region, 6}, {"place", &d.Place, 60}, {"street", &d.Street, 120}} {
		*f.value = strings.Join(strings.Fields(*f.value), " ")
		if *f.value == "" || utf8.RuneCountInString(*f.value) > f.most {
			return errs.New(errs.Invalid, "address."+f.name, "the %s has 1 to %d characters", f.name, f.most).At(f.name).With("most", f.most)
		}
	}
	number, err := files.Phone(d.Phone)
	if err != nil || number == "" {
		return errs.New(errs.Invalid, "address.phone", "this is no phone number").At("phone")
	}
	d.Phone = number
	if len(d.Region) != 6 || strings.Trim(d.Region, "0123456789") != "" || d.Region[0] == '0' {
		return errs.New(errs.Invalid, "address.region", "this is no region's code").At("region")
	}
	return nil
}

// Service keeps the books.
type Service struct {
	db  *store.DB
	now func() time.Time
}

// NewService returns the service.
func NewService(db *store.DB, now func() time.Time) *Service { return &Service{db: db, now: now} }

// List returns a customer's addresses: the default first, then the last changed.
func (s *Service) List(ctx context.Context, customer uint32) ([]Entry, error) {
	return list(ctx, s.db, customer)
}

func list(ctx context.Context, q store.Querier, customer uint32) ([]Entry, error) {
	rows, err := store.All[row](ctx, q, `SELECT * FROM customer_addresses WHERE customer = ? ORDER BY preferred_at DESC NULLS LAST, changed_at DESC, id DESC`, int64(customer))
	out := make([]Entry, len(rows))
	for i, r := range rows {
		out[i] = Entry{r.ID, Draft{r.Name, r.Phone, r.Region, r.Place, r.Street, i == 0}}
	}
	return out, err
}

// Save writes an address into a customer's book: a new one for an empty id, else the one she has under that id, or a NotFound
// error "address.not_found". More than Most are a Conflict "address.full".
func (s *Service) Save(ctx context.Context, customer uint32, addressID string, d Draft) (saved Entry, err error) {
	if err := d.check(); err != nil {
		return saved, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		r := row{ID: addressID, Customer: customer, Name: d.Name, Phone: d.Phone, Region: d.Region, Place: d.Place, Street: d.Street, ChangedAt: now}
		if d.Default {
			r.PreferredAt = now
		}
		if addressID != "" {
			n, err := tx.Exec(ctx, `UPDATE customer_addresses SET name = ?, phone = ?, region = ?, place = ?, street = ?, changed_at = ?,
				preferred_at = CASE WHEN ? THEN ? ELSE preferred_at END WHERE id = ? AND customer = ?`,
				r.Name, r.Phone, r.Region, r.Place, r.Street, now, d.Default, now, addressID, int64(customer))
			if err == nil && n == 0 {
				err = errs.New(errs.NotFound, "address.not_found", "there is no such address")
			}
			if err != nil {
				return err
			}
		} else {
			r.ID = id.New("adr")
			n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM customer_addresses WHERE customer = ?`, int64(customer))
			if err != nil {
				return err
			}
			if n >= Most {
				return errs.New(errs.Conflict, "address.full", "a book holds %d addresses", Most).With("most", Most)
			}
			if err := store.Insert(ctx, tx, "customer_addresses", r); err != nil {
				return err
			}
		}
		all, err := list(ctx, tx, customer)
		for _, e := range all {
			if e.ID == r.ID {
				saved = e
			}
		}
		return err
	})
	return saved, err
}

// Remove takes an address out of a customer's book; one that is not there is no error.
func (s *Service) Remove(ctx context.Context, customer uint32, addressID string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM customer_addresses WHERE id = ? AND customer = ?`, addressID, int64(customer))
		return err
	})
}

// Mover moves addresses between customers who turn out to be one, and back, and forgets those of an erased customer.
type Mover struct{}

// MoveCustomers gives the addresses of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "customer_addresses", "id", "", to)
	if err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives addresses back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "customer_addresses", "id", ids, holder, from)
}

// EraseCustomers takes the addresses away.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for _, n := range numbers {
		if _, err := tx.Exec(ctx, `DELETE FROM customer_addresses WHERE customer = ?`, int64(n)); err != nil {
			return err
		}
	}
	return nil
}
