package tag

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/store"
)

// Filed is what a file of tags came to.
type Filed struct {
	Rows     int64      `json:"rows"`
	Changed  int64      `json:"changed" doc:"Tags put on people who did not carry them"`
	Rejected []Rejected `json:"rejected"`
}

// Rejected is a row of a file that came to nothing.
type Rejected struct {
	Row  int64  `json:"row" doc:"From 1, the header left out"`
	Key  string `json:"key"`
	Tag  string `json:"tag"`
	Code string `json:"code" enum:"no_customer,no_tag,not_by_hand,ambiguous,broken"`
}

// filedRows is how many rows a file of tags may have.
const filedRows = 200_000

// keyed is a value that somebody is known by.
type keyed struct {
	Value    string `db:"value"`
	Customer uint32 `db:"customer"`
}

// File puts tags on the people of a CSV or XLSX file of two columns: what somebody is known by (a phone number, a code, an id of any
// kind), and the name of a tag that is put on people by hand or by files. Several tags are separated by 、 or ;.
func (s *Service) File(ctx context.Context, path, by string) (Filed, error) {
	out := Filed{Rejected: []Rejected{}}
	format, err := files.Detect(path, files.DefaultLimits())
	if err != nil {
		return out, err
	}
	rows, err := files.Open(path, format, files.DefaultLimits())
	if err != nil {
		return out, err
	}
	defer func() { _ = rows.Close() }() // read only: nothing can be lost
	var all []Rejected                  // rows, not rejected yet
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		if out.Rows++; out.Rows > filedRows {
			return out, errs.New(errs.Invalid, "tag.file_long", "a file has at most %d rows", filedRows)
		}
		if len(row.Cells) < 2 || strings.TrimSpace(row.Cells[0]) == "" || strings.TrimSpace(row.Cells[1]) == "" {
			out.Rejected = append(out.Rejected, Rejected{Row: out.Rows, Code: "broken"})
			continue
		}
		for _, name := range strings.FieldsFunc(row.Cells[1], func(r rune) bool { return strings.ContainsRune("、;；|", r) }) {
			all = append(all, Rejected{Row: out.Rows, Key: strings.TrimSpace(row.Cells[0]), Tag: strings.TrimSpace(name)})
		}
	}
	tags, err := s.byName(ctx)
	if err != nil {
		return out, err
	}
	people, err := s.known(ctx, all)
	if err != nil {
		return out, err
	}
	marks := map[string]*roaring.Bitmap{}
	for _, r := range all {
		who, known := people[r.Key]
		t, named := tags[r.Tag]
		switch {
		case !known:
			r.Code = "no_customer"
		case who == 0:
			r.Code = "ambiguous"
		case !named:
			r.Code = "no_tag"
		case !t.byHand():
			r.Code = "not_by_hand"
		}
		if r.Code != "" {
			out.Rejected = append(out.Rejected, r)
			continue
		}
		if marks[t.ID] == nil {
			marks[t.ID] = roaring.New()
		}
		marks[t.ID].Add(who)
	}
	for id, people := range marks {
		m, err := s.Mark(ctx, id, people, true, -1, false, Why{Code: "file", By: by})
		if err != nil {
			return out, err
		}
		out.Changed += m.Changed
	}
	slices.SortStableFunc(out.Rejected, func(a, b Rejected) int { return int(a.Row - b.Row) })
	return out, nil
}

// byName returns the tags by name; of several of a name, one that people put on by hand.
func (s *Service) byName(ctx context.Context) (map[string]Tag, error) {
	all, err := s.List(ctx, false)
	out := make(map[string]Tag, len(all))
	for _, t := range all {
		if had, ok := out[t.Name]; !ok || !had.byHand() {
			out[t.Name] = t
		}
	}
	return out, err
}

// known finds who is known by the keys of rows; 0 when a key could be of several.
func (s *Service) known(ctx context.Context, rows []Rejected) (map[string]uint32, error) {
	spelled := map[string][]string{} // as the store has it → as the file has it
	for _, r := range rows {
		for _, as := range spellings(r.Key) {
			if !slices.Contains(spelled[as], r.Key) {
				spelled[as] = append(spelled[as], r.Key)
			}
		}
	}
	values := make([]string, 0, len(spelled))
	for v := range spelled {
		values = append(values, v)
	}
	slices.Sort(values)
	out := map[string]uint32{}
	found := func(k keyed) error {
		for _, key := range spelled[k.Value] {
			if had, ok := out[key]; ok && had != k.Customer {
				out[key] = 0
			} else {
				out[key] = k.Customer
			}
		}
		return nil
	}
	const firstVisitor = int64(1) << 31 // numbers from here on are nobody's
	for part := range slices.Chunk(values, 5000) {
		for query, column := range map[string]string{
			`SELECT DISTINCT value, customer FROM identity_keys`:      "value",
			`SELECT id AS value, number AS customer FROM customers`:   "id",
			`SELECT code AS value, number AS customer FROM customers`: "code",
		} {
			var w store.Where
			store.In(&w, column, part)
			if column == "value" {
				w.And("customer > 0")
				w.And("customer < ?", firstVisitor)
			}
			if err := store.Each(ctx, s.db, query+w.SQL(), w.Args(), found); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// spellings are the ways in which the store may hold a key.
func spellings(key string) []string {
	out := []string{key, strings.ToLower(key)}
	if phone, err := files.Phone(key); err == nil && phone != "" {
		out = append(out, phone)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// FileFrom is File for what comes as a stream.
func (s *Service) FileFrom(ctx context.Context, in io.Reader, by string) (out Filed, err error) {
	f, err := os.CreateTemp("", "huoshui-tags-*")
	if err != nil {
		return out, errs.Wrap(errs.Internal, "tag.file", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = io.Copy(f, in)
	if err = errors.Join(err, f.Close()); err != nil {
		return out, err
	}
	return s.File(ctx, f.Name(), by)
}
