package promo

import (
	"context"
	"crypto/rand"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Batch is codes that become coupons of a promotion.
type Batch struct {
	ID        string    `db:"id" json:"id"`
	Promotion string    `db:"promotion_id" json:"promotion"`
	Name      string    `db:"name" json:"name"`
	Codes     int64     `db:"codes" json:"codes" doc:"How many there are"`
	Uses      int64     `db:"uses" json:"uses" doc:"How many people each is good for"`
	Campaign  string    `db:"campaign" json:"campaign"`
	Stopped   bool      `db:"stopped" json:"stopped" doc:"No code of it is good any more"`
	MadeBy    string    `db:"made_by" json:"made_by"`
	MadeAt    time.Time `db:"made_at" json:"made_at"`
	Left      int64     `db:"-" json:"left" doc:"Uses that are left"`
}

// code is one code; what people type is compared without spaces, dashes and capitals.
type code struct {
	Code   string    `db:"code"`
	Shown  string    `db:"shown"`
	Batch  string    `db:"batch_id"`
	Uses   int64     `db:"uses"`
	LastAt time.Time `db:"last_at"`
}

// MaxCodes is how many codes a batch may have.
const MaxCodes = 200_000

// letters are those of codes: none that is taken for another (Crockford's base 32).
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLetters is how long a code is: 80 bits, so that nobody finds one of a million by trying.
const codeLetters = 16

// newCode returns a code that nobody can guess.
func newCode() (string, error) {
	var raw [codeLetters]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	for i, b := range raw {
		raw[i] = letters[b&31]
	}
	return string(raw[:]), nil
}

// canonical is a code as it is compared; what people take for one another is one letter.
func canonical(text string) string {
	return strings.NewReplacer(" ", "", "-", "", "　", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(strings.TrimSpace(text)))
}

// spelled is a new code as it is shown, in groups of four.
func spelled(code string) string {
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// NewBatch asks for codes: Count new ones, or one that is given.
type NewBatch struct {
	Name     string `json:"name" minLength:"1" maxLength:"80"`
	Count    int64  `json:"count,omitempty" minimum:"0" maximum:"200000"`
	Code     string `json:"code,omitempty" maxLength:"64" doc:"One code of your own, which many may use, instead of new ones"`
	Uses     int64  `json:"uses,omitempty" minimum:"0" maximum:"10000000" doc:"How many people each is good for; 0 is one"`
	Campaign string `json:"campaign,omitempty" maxLength:"64"`
}

// AddBatch makes a batch of codes.
func (s *Service) AddBatch(ctx context.Context, promotion string, in NewBatch, by string) (Batch, error) {
	own := canonical(in.Code)
	switch {
	case in.Code != "" && in.Count > 0, in.Code == "" && (in.Count < 1 || in.Count > MaxCodes):
		return Batch{}, invalid("count", "promo.codes", "1 to %d new codes, or one of your own", MaxCodes)
	case in.Code != "" && !plain(own):
		return Batch{}, invalid("code", "promo.code", "a code has 4 to 32 letters and digits")
	case in.Uses < 0 || in.Uses > 10_000_000:
		return Batch{}, invalid("uses", "promo.limits", "a code is good for 1 to 10,000,000 people")
	}
	codes := make([]code, 0, max(in.Count, 1))
	if own != "" {
		codes = append(codes, code{Code: own, Shown: strings.TrimSpace(in.Code)})
	}
	for range in.Count {
		c, err := newCode()
		if err != nil {
			return Batch{}, err
		}
		codes = append(codes, code{Code: c, Shown: spelled(c)})
	}
	b, written, err := s.addCodes(ctx, promotion, in, codes, by)
	if err == nil && written < b.Codes {
		err = errs.New(errs.Conflict, "promo.code_taken", "there is such a code already")
	}
	return b, err
}

// plain reports whether a code is of letters that can be typed.
func plain(code string) bool {
	return len(code) >= 4 && len(code) <= 32 && strings.Trim(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// addCodes writes a batch with the codes that are new, and nothing when a batch of one's own code is not.
func (s *Service) addCodes(ctx context.Context, promotion string, in NewBatch, codes []code, by string) (b Batch, written int64, err error) {
	name := strings.TrimSpace(in.Name)
	if name == "" {
		return b, 0, invalid("name", "promo.name", "a batch has a name")
	}
	b = Batch{ID: id.New("bat"), Promotion: promotion, Name: name, Codes: int64(len(codes)), Uses: max(in.Uses, 1), Campaign: in.Campaign, MadeBy: by, MadeAt: s.instant()}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		p, err := byID(ctx, tx, promotion)
		if err != nil {
			return err
		}
		if p.Terms.Coupon == nil {
			return invalid("promotion", "promo.no_coupon", "codes become coupons, and this is none")
		}
		if err := store.Insert(ctx, tx, "coupon_batches", b); err != nil {
			return err
		}
		for i := range codes {
			codes[i].Batch, codes[i].Uses = b.ID, b.Uses
		}
		if written, err = store.InsertAll(ctx, tx, "coupon_codes", codes, "ON CONFLICT (code) DO NOTHING"); err != nil {
			return err
		}
		if written == 0 {
			return errs.New(errs.Conflict, "promo.code_taken", "there is such a code already")
		}
		if written < b.Codes {
			_, err = tx.Exec(ctx, `UPDATE coupon_batches SET codes = ? WHERE id = ?`, written, b.ID)
		}
		return err
	})
	b.Left = written * b.Uses
	return b, written, err
}

// Imported is what a file of codes came to.
type Imported struct {
	Batch   Batch `json:"batch"`
	Rows    int64 `json:"rows"`
	Broken  int64 `json:"broken" doc:"Rows whose first cell is no code"`
	Doubled int64 `json:"doubled" doc:"Codes that were there already, in the file or before"`
}

// ImportCodes makes a batch of the codes in the first column of a CSV or XLSX file.
func (s *Service) ImportCodes(ctx context.Context, promotion string, in NewBatch, file io.Reader, by string) (out Imported, err error) {
	f, err := os.CreateTemp("", "huoshui-codes-*")
	if err != nil {
		return out, errs.Wrap(errs.Internal, "promo.file", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = io.Copy(f, file)
	if err = errors.Join(err, f.Close()); err != nil {
		return out, err
	}
	limits := files.Limits{FileBytes: 64 << 20}
	format, err := files.Detect(f.Name(), limits)
	if err != nil {
		return out, err
	}
	// A column of codes looks as if the first were its name: it is only when no digit is in it.
	headed := format.Header
	format.Header = false
	rows, err := files.Open(f.Name(), format, limits)
	if err != nil {
		return out, err
	}
	defer func() { _ = rows.Close() }() // read only: nothing can be lost
	var codes []code
	seen := map[string]bool{}
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		if headed = headed && (len(row.Cells) == 0 || !strings.ContainsAny(row.Cells[0], "0123456789")); headed {
			headed = false
			continue
		}
		if out.Rows++; out.Rows > MaxCodes {
			return out, invalid("file", "promo.codes", "a batch has at most %d codes", MaxCodes)
		}
		one := ""
		if len(row.Cells) > 0 {
			one = canonical(row.Cells[0])
		}
		switch {
		case row.Problem != "" || !plain(one):
			out.Broken++
		case seen[one]:
			out.Doubled++
		default:
			seen[one] = true
			codes = append(codes, code{Code: one, Shown: strings.TrimSpace(row.Cells[0])})
		}
	}
	if len(codes) == 0 {
		return out, invalid("file", "promo.no_codes", "there is no code in the first column")
	}
	var written int64
	if out.Batch, written, err = s.addCodes(ctx, promotion, in, codes, by); err != nil {
		return out, err
	}
	out.Doubled += int64(len(codes)) - written
	out.Batch.Codes = written
	return out, nil
}

// Batches returns the batches of a promotion, the newest first; at most 200.
func (s *Service) Batches(ctx context.Context, promotion string) ([]Batch, error) {
	all, err := store.All[Batch](ctx, s.db, `SELECT * FROM coupon_batches WHERE promotion_id = ? ORDER BY made_at DESC, id DESC LIMIT 200`, promotion)
	if err != nil || len(all) == 0 {
		return all, err
	}
	type row struct {
		Batch string `db:"batch_id"`
		Left  int64  `db:"left_"`
	}
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	var where store.Where
	store.In(&where, "batch_id", ids)
	left := map[string]int64{}
	err = store.Each(ctx, s.db, `SELECT batch_id, CAST(SUM(uses) AS BIGINT) AS left_ FROM coupon_codes`+where.SQL()+` GROUP BY batch_id`, where.Args(), func(r row) error {
		left[r.Batch] = r.Left
		return nil
	})
	for i := range all {
		all[i].Left = left[all[i].ID]
	}
	return all, err
}

// StopBatch makes the codes of a batch good for nothing, or good again.
func (s *Service) StopBatch(ctx context.Context, batch string, stopped bool) error {
	n, err := s.db.Exec(ctx, `UPDATE coupon_batches SET stopped = ? WHERE id = ?`, stopped, batch)
	if err == nil && n == 0 {
		err = errs.New(errs.NotFound, "promo.no_batch", "there is no batch %q", batch)
	}
	return err
}

// ClaimCode gives a customer the coupon that a code is good for. Repeating a request returns the coupon it gave. A code
// that does not exist is NotFound; one that has been used up, or is stopped, is Denied.
func (s *Service) ClaimCode(ctx context.Context, request, typed string, who Person) (out Coupon, err error) {
	c := canonical(typed)
	if !plain(c) {
		return out, errs.New(errs.NotFound, "coupon.code_unknown", "there is no such code")
	}
	var claiming Claiming
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		found, err := store.One[code](ctx, tx, `SELECT * FROM coupon_codes WHERE code = ?`, c)
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.NotFound, "coupon.code_unknown", "there is no such code")
		}
		if err != nil {
			return err
		}
		b, err := store.One[Batch](ctx, tx, `SELECT * FROM coupon_batches WHERE id = ?`, found.Batch)
		if err != nil {
			return err
		}
		claiming = Claiming{Request: "code/" + request, Promotion: b.Promotion, Person: who, Campaign: b.Campaign}
		if request == "" {
			return errs.New(errs.Invalid, "promo.request", "a claim has a request id")
		}
		if out, err = couponOf(ctx, tx, claiming.coupon()); err == nil || !errs.Is(err, errs.NotFound) {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE coupon_codes SET uses = uses - 1, last_at = ? WHERE code = ? AND uses > 0`, s.instant(), c)
		if err != nil {
			return err
		}
		if n == 0 || b.Stopped {
			return errs.New(errs.Denied, "coupon.code_used", "this code has been used")
		}
		out, err = s.claim(ctx, tx, claiming, SourceCode, b.ID)
		return err
	})
	return s.orHad(ctx, claiming, out, err)
}

// inert is a cell that no spreadsheet takes for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}

// ExportCodes writes the codes of a batch as CSV in UTF-8 with a BOM, in the order of codes; times are in the business zone.
func (s *Service) ExportCodes(ctx context.Context, w io.Writer, batch string) error {
	if _, err := store.One[Batch](ctx, s.db, `SELECT * FROM coupon_batches WHERE id = ?`, batch); err != nil {
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.NotFound, "promo.no_batch", "there is no batch %q", batch)
		}
		return err
	}
	if _, err := io.WriteString(w, "\xef\xbb\xbf"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write([]string{"code", "uses_left", "last_used"}); err != nil {
		return err
	}
	for after := ""; ; {
		page, err := store.All[code](ctx, s.db, `SELECT * FROM coupon_codes WHERE batch_id = ? AND code > ? ORDER BY code LIMIT 5000`, batch, after)
		if err != nil {
			return err
		}
		for _, c := range page {
			last := ""
			if !c.LastAt.IsZero() {
				last = c.LastAt.In(s.zone).Format("2006-01-02 15:04")
			}
			if err := out.Write([]string{inert(c.Shown), strconv.FormatInt(c.Uses, 10), last}); err != nil {
				return err
			}
			after = c.Code
		}
		if len(page) < 5000 {
			break
		}
	}
	out.Flush()
	return out.Error()
}
