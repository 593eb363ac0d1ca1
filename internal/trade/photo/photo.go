// Package photo keeps the pictures that customers take: of broken goods, of goods in use. A picture belongs to who uploaded it and is
// shown to others only by what uses it. Only pixels are kept, encoded anew.
package photo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
)

// Limits of what a customer keeps.
const (
	MaxBytes = 8 << 20        // of one upload
	unused   = 30             // pictures of one customer that nothing uses yet
	lasts    = 24 * time.Hour // how long a picture that nothing uses is kept
)

// Photo is an uploaded picture.
type Photo struct {
	ID       string    `db:"id" json:"id"`
	Customer uint32    `db:"customer" json:"-"`
	UsedBy   string    `db:"used_by" json:"-"`
	Kind     string    `db:"kind" json:"kind" doc:"image/jpeg, or image/png when parts can be seen through"`
	Width    int64     `db:"width" json:"width"`
	Height   int64     `db:"height" json:"height"`
	At       time.Time `db:"at" json:"at"`
}

// Service keeps pictures.
type Service struct {
	db  *store.DB
	now func() time.Time
}

// NewService returns the pictures in db.
func NewService(db *store.DB, now func() time.Time) *Service { return &Service{db, now} }

// Upload reads a customer's picture by what is in it and keeps it encoded anew. Too many that nothing uses yet are a Limited error.
func (s *Service) Upload(ctx context.Context, customer uint32, r io.Reader) (Photo, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Photo{}, fmt.Errorf("photo: %w", err)
	}
	if len(raw) > MaxBytes {
		return Photo{}, errs.New(errs.Invalid, "picture.size", "a picture has at most %d MB", MaxBytes>>20).At("file")
	}
	p := Photo{ID: id.New("pho"), Customer: customer, At: s.now()}
	look, files, err := catalog.Encode(raw)
	if err != nil {
		return p, err
	}
	p.Kind, p.Width, p.Height = look.Kind, look.Width, look.Height
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM photos WHERE customer = ? AND used_by = ''`, int64(customer))
		if err != nil {
			return err
		}
		if n >= unused {
			return errs.New(errs.Limited, "picture.too_many", "at most %d pictures wait to be used", unused).With("most", unused)
		}
		if err := store.Insert(ctx, tx, "photos", p); err != nil {
			return err
		}
		for width, body := range files {
			if _, err := tx.Exec(ctx, `INSERT INTO photo_files (photo, width, body) VALUES (?, ?, ?)`, p.ID, width, body); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

// Get returns a picture's description; that of another customer's is NotFound when customer is not 0.
func (s *Service) Get(ctx context.Context, customer uint32, photoID string) (Photo, error) {
	p, err := store.One[Photo](ctx, s.db, `SELECT * FROM photos WHERE id = ?`, photoID)
	if errs.Is(err, errs.NotFound) || err == nil && customer != 0 && p.Customer != customer {
		return Photo{}, errs.New(errs.NotFound, "picture.not_found", "there is no such picture")
	}
	return p, err
}

// File returns a picture's bytes in the least of its widths that is not narrower than asked for, or in its widest.
func (s *Service) File(ctx context.Context, photoID string, width int) ([]byte, error) {
	body, err := store.One[[]byte](ctx, s.db, `SELECT body FROM photo_files WHERE photo = ?
		ORDER BY CASE WHEN width >= ? THEN 0 ELSE 1 END, CASE WHEN width >= ? THEN width ELSE -width END LIMIT 1`, photoID, width, width)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "picture.not_found", "there is no such picture")
	}
	return body, err
}

// Use says what shows a customer's pictures, at most most of them; it takes up the list's new ones and lets go of those that it showed
// before. One that is not hers, or is shown elsewhere, is Invalid.
func Use(ctx context.Context, tx *store.Tx, customer uint32, by string, ids []string, most int) error {
	if len(ids) > most {
		return errs.New(errs.Invalid, "picture.count", "at most %d pictures", most).At("pictures").With("most", most)
	}
	if _, err := tx.Exec(ctx, `UPDATE photos SET used_by = '' WHERE used_by = ? AND customer = ?`, by, int64(customer)); err != nil {
		return err
	}
	for i, one := range ids {
		if slices.Contains(ids[:i], one) {
			return errs.New(errs.Invalid, "picture.twice", "a picture is named twice").At(fmt.Sprintf("pictures.%d", i))
		}
		n, err := tx.Exec(ctx, `UPDATE photos SET used_by = ? WHERE id = ? AND customer = ? AND used_by = ''`, by, one, int64(customer))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Invalid, "picture.unknown", "there is no such picture to show").At(fmt.Sprintf("pictures.%d", i))
		}
	}
	return nil
}

// Sweep removes pictures that nothing used for a day, at most 200, and returns how many.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		ids, err := store.All[string](ctx, tx, `SELECT id FROM photos WHERE used_by = '' AND at < ? ORDER BY at LIMIT 200`+tx.SkipLocked(), s.now().Add(-lasts))
		n = len(ids)
		if err != nil || n == 0 {
			return err
		}
		return remove(ctx, tx, ids)
	})
	return n, err
}

func remove(ctx context.Context, tx *store.Tx, ids []string) error {
	for part := range slices.Chunk(ids, 1000) {
		for table, column := range map[string]string{"photo_files": "photo", "photos": "id"} {
			var w store.Where
			store.In(&w, column, part)
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+w.SQL(), w.Args()...); err != nil {
				return err
			}
		}
	}
	return nil
}

// Mover moves pictures between customers who turn out to be one, and back, and removes those of who is forgotten.
type Mover struct{}

// MoveCustomers gives the pictures of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "photos", "id", "", to)
	if err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives pictures back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "photos", "id", ids, holder, from)
}

// EraseCustomers removes the pictures.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for part := range slices.Chunk(numbers, 1000) {
		var w store.Where
		store.In(&w, "customer", part)
		ids, err := store.All[string](ctx, tx, `SELECT id FROM photos`+w.SQL(), w.Args()...)
		if err != nil {
			return err
		}
		if err := remove(ctx, tx, ids); err != nil {
			return err
		}
	}
	return nil
}
