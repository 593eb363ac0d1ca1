package storefront

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/promo"
)

// Member is what a member card shows of a customer.
type Member struct {
	Name       string `json:"name"`
	Level      string `json:"level"`
	Points     int64  `json:"points"`
	BalanceFen int64  `json:"balance_fen" doc:"What she can spend: principal and gift"`
}

// People is what the storefront asks of who looks at it.
type People interface {
	// Layer returns the layer that a customer is in, "" when it is not known; asked for every page, it must be quick.
	Layer(ctx context.Context, customer uint32) string
	// Member returns what a member card shows.
	Member(ctx context.Context, customer uint32) (Member, error)
}

// Parts is what the storefront is made of.
type Parts struct {
	DB     *store.DB
	Now    func() time.Time
	Promos *promo.Service
	People People
}

// Service keeps the pages of the store and draws them.
type Service struct {
	Parts
	cache cache
	tops  tops
}

// NewService returns the service.
func NewService(p Parts) *Service { return &Service{Parts: p, cache: newCache()} }

func (s *Service) instant() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// List returns all pages with what is shown of them, home first.
func (s *Service) List(ctx context.Context) ([]Standing, error) {
	pages, err := store.All[Page](ctx, s.DB, `SELECT * FROM store_pages ORDER BY CASE WHEN name = 'home' THEN 0 ELSE 1 END, changed_at DESC, id LIMIT ?`, maxPages)
	if err != nil {
		return nil, err
	}
	now := s.instant()
	all, err := releases(ctx, s.DB, "", now)
	if err != nil {
		return nil, err
	}
	out := make([]Standing, len(pages))
	for i, p := range pages {
		if out[i], err = s.standing(ctx, s.DB, p, all[p.ID], now); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// maxPages is how many pages a store has at most.
const maxPages = 200

// Get returns a page with what is shown of it, or NotFound.
func (s *Service) Get(ctx context.Context, page string) (Standing, error) {
	return s.get(ctx, s.DB, page)
}

func (s *Service) get(ctx context.Context, q store.Querier, page string) (Standing, error) {
	p, err := byID(ctx, q, page)
	if err != nil {
		return Standing{}, err
	}
	now := s.instant()
	all, err := releases(ctx, q, page, now)
	if err != nil {
		return Standing{}, err
	}
	return s.standing(ctx, q, p, all[page], now)
}

func (s *Service) standing(ctx context.Context, q store.Querier, p Page, all []Release, now time.Time) (Standing, error) {
	last, err := latest(ctx, q, p.ID)
	out := Standing{Page: p, Latest: last.Version, Unsaid: last.Version == 0 || !same(p, last), Planned: []Release{}, Variants: []string{}}
	if r := current(all, now); r != nil {
		out.Live, out.Until = r.Version, r.EndsAt
	}
	for _, r := range all {
		if r.StartsAt.After(now) || !r.EndsAt.IsZero() {
			out.Planned = append(out.Planned, r)
		}
	}
	for _, l := range Layers() {
		if _, ok := p.Draft.Variants[l]; ok {
			out.Variants = append(out.Variants, l)
		}
	}
	return out, err
}

// same reports whether a page's draft is a version.
func same(p Page, v Version) bool {
	a, errA := json.Marshal(p.Draft)
	b, errB := json.Marshal(v.Design)
	return errA == nil && errB == nil && p.Title == v.Title && string(a) == string(b)
}

func checkTitle(title *string) error {
	if err := line("title", title, 1, 40); err != nil {
		return err
	}
	return nil
}

// Create makes a page that nobody sees yet.
func (s *Service) Create(ctx context.Context, name, title string, d Design, by string) (Standing, error) {
	name = strings.TrimSpace(name)
	if !pageName.MatchString(name) {
		return Standing{}, invalid("name", "page.name", "a page's address is 1 to 40 small letters, digits and -")
	}
	if err := checkTitle(&title); err != nil {
		return Standing{}, err
	}
	if err := d.Check(); err != nil {
		return Standing{}, err
	}
	now := s.instant()
	p := Page{ID: id.New("pge"), Name: name, Title: title, Draft: d, Revision: 1, MadeAt: now, ChangedAt: now, ChangedBy: by}
	err := s.DB.Tx(ctx, func(tx *store.Tx) error {
		n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM store_pages`)
		if err != nil {
			return err
		}
		if n >= maxPages {
			return errs.New(errs.Limited, "page.too_many_pages", "a store has at most %d pages", maxPages).With("most", maxPages)
		}
		taken, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM store_pages WHERE name = ?`, name)
		if err == nil && taken > 0 {
			err = errs.New(errs.Conflict, "page.name_taken", "there is a page at %q already", name).At("name")
		}
		if err != nil {
			return err
		}
		return store.Insert(ctx, tx, "store_pages", p)
	})
	if err != nil {
		return Standing{}, err
	}
	return s.Get(ctx, p.ID)
}

// Save stores the draft of a page; what people see stays. A stale author gets a Conflict.
func (s *Service) Save(ctx context.Context, page string, seen int64, title string, d Design, by string) (Standing, error) {
	if err := checkTitle(&title); err != nil {
		return Standing{}, err
	}
	if err := d.Check(); err != nil {
		return Standing{}, err
	}
	return s.change(ctx, page, func(tx *store.Tx, p Page) error {
		p.Title, p.Draft, p.Revision, p.ChangedAt, p.ChangedBy = title, d, seen+1, s.instant(), by
		return write(ctx, tx, p, seen)
	})
}

// change does something to a page in a transaction and returns how it stands after.
func (s *Service) change(ctx context.Context, page string, do func(tx *store.Tx, p Page) error) (out Standing, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		p, err := byID(ctx, tx, page)
		if err != nil {
			return err
		}
		if err := do(tx, p); err != nil {
			return err
		}
		out, err = s.get(ctx, tx, page)
		return err
	})
	s.cache.forget()
	return out, err
}

// Delete takes a page away with all its versions. Home stays, and a page that is shown must be taken off first.
func (s *Service) Delete(ctx context.Context, page string) error {
	err := s.DB.Tx(ctx, func(tx *store.Tx) error {
		had, err := s.get(ctx, tx, page)
		if err != nil {
			return err
		}
		if had.Name == Home || had.Live != 0 || len(had.Planned) > 0 {
			return errs.New(errs.Conflict, "page.shown", "take the page off before you delete it; home stays")
		}
		for _, table := range []string{"store_page_releases WHERE page", "store_page_versions WHERE page", "store_pages WHERE id"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+` = ?`, page); err != nil {
				return err
			}
		}
		return nil
	})
	s.cache.forget()
	return err
}

// Publishing says what is shown, and when.
type Publishing struct {
	Seen  int64     `json:"revision" doc:"The revision of the draft that you saw"`
	Note  string    `json:"note,omitempty" maxLength:"120"`
	From  time.Time `json:"starts_at,omitzero" doc:"Left out: now"`
	Until time.Time `json:"ends_at,omitzero" doc:"Left out: until another one; else what was shown before comes back then"`
}

func (p *Publishing) check(now time.Time) error {
	if err := line("note", &p.Note, 0, 120); err != nil {
		return err
	}
	p.From, p.Until = p.From.UTC().Truncate(time.Microsecond), p.Until.UTC().Truncate(time.Microsecond)
	if p.From.IsZero() || p.From.Before(now) {
		p.From = now
	}
	if !p.Until.IsZero() && !p.Until.After(p.From) {
		return invalid("ends_at", "page.window", "it ends before it begins")
	}
	return nil
}

// Publish makes the draft a version, unless it is the newest already, and shows it from now on or in a window. A draft that names
// what is not there is Invalid and names block and field.
func (s *Service) Publish(ctx context.Context, page string, p Publishing, by string) (Standing, error) {
	now := s.instant()
	if err := p.check(now); err != nil {
		return Standing{}, err
	}
	return s.change(ctx, page, func(tx *store.Tx, at Page) error {
		if at.Revision != p.Seen {
			return stale(at.Revision)
		}
		if len(at.Draft.Blocks) == 0 {
			return invalid("blocks", "page.no_blocks", "a page that is shown has a block")
		}
		faults, err := s.missing(ctx, tx, &at.Draft)
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			return faults[0].err()
		}
		last, err := latest(ctx, tx, page)
		if err != nil {
			return err
		}
		version := last.Version
		if version == 0 || !same(at, last) {
			version++
			v := Version{Page: page, Version: version, Title: at.Title, Design: at.Draft, Note: p.Note, MadeBy: by, MadeAt: now}
			if err := store.Insert(ctx, tx, "store_page_versions", v); err != nil {
				return err
			}
		}
		return store.Insert(ctx, tx, "store_page_releases", Release{ID: id.New("rls"), Page: page, Version: version, StartsAt: p.From, EndsAt: p.Until, MadeBy: by, MadeAt: now})
	})
}

// Show shows a version of a page within a window, the newest when version is 0, under an id that its caller has made and keeps: again, it
// changes nothing.
func (s *Service) Show(ctx context.Context, release, page string, version int64, from, until time.Time, by string) error {
	now := s.instant()
	p := Publishing{From: from, Until: until}
	if err := p.check(now); err != nil {
		return err
	}
	_, err := s.change(ctx, page, func(tx *store.Tx, _ Page) error {
		had, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM store_page_releases WHERE id = ?`, release)
		if err != nil || had > 0 {
			return err
		}
		v, err := latest(ctx, tx, page)
		if err == nil && version != 0 {
			v, err = versionOf(ctx, tx, page, version)
		}
		if err == nil && v.Version == 0 {
			err = errs.New(errs.NotFound, "page.no_version", "the page has no version yet")
		}
		if err != nil {
			return err
		}
		faults, err := s.missing(ctx, tx, &v.Design)
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			return faults[0].err()
		}
		return store.Insert(ctx, tx, "store_page_releases", Release{ID: release, Page: page, Version: v.Version, StartsAt: p.From, EndsAt: p.Until, MadeBy: by, MadeAt: now})
	})
	return err
}

// Release returns a window in which a version is shown, or NotFound.
func (s *Service) Release(ctx context.Context, release string) (Release, error) {
	r, err := store.One[Release](ctx, s.DB, `SELECT * FROM store_page_releases WHERE id = ?`, release)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "page.no_release", "there is no such window")
	}
	return r, err
}

// TakeOff shows nothing of a page, from an instant on; a zero one is now. Home is always shown.
func (s *Service) TakeOff(ctx context.Context, page string, from time.Time, by string) (Standing, error) {
	now := s.instant()
	from = from.UTC().Truncate(time.Microsecond)
	if from.Before(now) {
		from = now
	}
	return s.change(ctx, page, func(tx *store.Tx, p Page) error {
		if p.Name == Home {
			return errs.New(errs.Conflict, "page.home", "home is always shown; publish another version")
		}
		return store.Insert(ctx, tx, "store_page_releases", Release{ID: id.New("rls"), Page: page, StartsAt: from, MadeBy: by, MadeAt: now})
	})
}

// Cancel takes a planned window back, or ends one that holds: what was shown before comes back. Doing it twice changes nothing.
func (s *Service) Cancel(ctx context.Context, page, release string) (Standing, error) {
	return s.change(ctx, page, func(tx *store.Tx, _ Page) error {
		r, err := store.One[Release](ctx, tx, `SELECT * FROM store_page_releases WHERE id = ? AND page = ?`, release, page)
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.NotFound, "page.no_release", "there is no such window")
		}
		if err != nil {
			return err
		}
		if now := s.instant(); r.EndsAt.IsZero() && !r.StartsAt.After(now) {
			return errs.New(errs.Conflict, "page.no_window", "what is shown without an end is replaced by publishing")
		}
		_, err = tx.Exec(ctx, `UPDATE store_page_releases SET cancelled = TRUE WHERE id = ?`, release)
		return err
	})
}

// Versions returns what a page was, the newest first; at most 200.
func (s *Service) Versions(ctx context.Context, page string) ([]Version, error) {
	if _, err := byID(ctx, s.DB, page); err != nil {
		return nil, err
	}
	return store.All[Version](ctx, s.DB, `SELECT * FROM store_page_versions WHERE page = ? ORDER BY version DESC LIMIT 200`, page)
}

// Restore makes a version the draft again; what people see stays until it is published.
func (s *Service) Restore(ctx context.Context, page string, seen, version int64, by string) (Standing, error) {
	return s.change(ctx, page, func(tx *store.Tx, p Page) error {
		v, err := versionOf(ctx, tx, page, version)
		if err != nil {
			return err
		}
		p.Title, p.Draft, p.Revision, p.ChangedAt, p.ChangedBy = v.Title, v.Design, seen+1, s.instant(), by
		return write(ctx, tx, p, seen)
	})
}

// Fault is something that a design names and that is not there.
type Fault struct {
	Field string `json:"field" doc:"The path of the field in the design"`
	Block string `json:"block"`
	Kind  Kind   `json:"kind"`
	Code  string `json:"code"`
	ID    string `json:"id" doc:"What is not there"`
}

func (f Fault) err() error {
	return invalid(f.Field, f.Code, "%q is not there, or cannot be shown", f.ID).With("block", f.Block).With("kind", string(f.Kind)).With("id", f.ID)
}

// Missing returns what a design names and that is not there, in the order of its fields.
func (s *Service) Missing(ctx context.Context, d *Design) ([]Fault, error) {
	return s.missing(ctx, s.DB, d)
}

func (s *Service) missing(ctx context.Context, q store.Querier, d *Design) ([]Fault, error) {
	r := d.references()
	var out []Fault
	for _, look := range []struct {
		named map[string]place
		query string // of all; what follows says which
		code  string
	}{
		{r.goods, `SELECT id FROM goods WHERE status = 'on' AND id`, "page.no_goods"},
		{r.categories, `SELECT id FROM goods_categories WHERE hidden = FALSE AND id`, "page.no_category"},
		{r.pages, `SELECT name FROM store_pages WHERE name`, "page.no_page"},
		{r.coupons, `SELECT id FROM promotions WHERE kind = 'coupon' AND stopped = FALSE AND id`, "page.no_coupon"},
		{r.pictures, `SELECT id FROM pictures WHERE id`, "page.no_picture"},
	} {
		there, err := there(ctx, q, look.query, look.named)
		if err != nil {
			return nil, err
		}
		for id, p := range look.named {
			if !there[id] {
				out = append(out, Fault{p.at, p.block.ID, p.block.Kind, look.code, id})
			}
		}
	}
	claimable := map[string]bool{}
	if len(r.claimable) > 0 {
		var w store.Where
		store.In(&w, "id", slices.Sorted(maps.Keys(r.claimable)))
		err := store.Each(ctx, q, `SELECT * FROM promotions`+w.SQL(), w.Args(), func(p promo.Promotion) error {
			claimable[p.ID] = p.Terms.Coupon != nil && p.Terms.Coupon.Open && !p.Stopped
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for id, p := range r.claimable {
		if !claimable[id] {
			out = append(out, Fault{p.at, p.block.ID, p.block.Kind, "page.no_coupon", id})
		}
	}
	slices.SortFunc(out, func(a, b Fault) int { return strings.Compare(a.Field, b.Field) })
	return out, nil
}

// there returns which of the ids a query finds that ends in the column to compare them with.
func there(ctx context.Context, q store.Querier, query string, named map[string]place) (map[string]bool, error) {
	out := map[string]bool{}
	if len(named) == 0 {
		return out, nil
	}
	args := make([]any, 0, len(named))
	for id := range named {
		args = append(args, id)
	}
	found, err := store.All[string](ctx, q, query+` IN (`+store.Marks(len(args))+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("what a page names: %w", err)
	}
	for _, id := range found {
		out[id] = true
	}
	return out, nil
}
