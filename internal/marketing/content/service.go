package content

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// People knows what the variables about a person need. Unknown numbers are left out of the answer.
type People interface {
	// ValuesOf returns, by customer number, the values of the variables whose source is "person" or "orders".
	ValuesOf(ctx context.Context, customers []uint32) (map[uint32]Values, error)
}

// Service is the content library.
type Service struct {
	db     *store.DB
	people People
	now    clock.Clock
}

// NewService returns a library over a store.
func NewService(db *store.DB, people People, now clock.Clock) *Service {
	return &Service{db: db, people: people, now: now}
}

// Brand is who signs and where links lead when a text says {{brand}} and {{link}}.
type Brand struct {
	Name string `json:"name" minLength:"1" maxLength:"60"`
	Link string `json:"link" maxLength:"500" doc:"Where {{link}} leads: the brand's shop or mini-program page"`
}

const brandSetting = "brand"

// DefaultBrand is in force until an operator says who she is; its address is reserved for examples (RFC 2606).
func DefaultBrand() Brand { return Brand{Name: "本店", Link: "https://shop.example/"} }

// Brand returns the brand in force and its version.
func (s *Service) Brand(ctx context.Context) (Brand, int64, error) {
	return settings.Get(ctx, s.db, brandSetting, DefaultBrand())
}

// SetBrand stores a new version of the brand.
func (s *Service) SetBrand(ctx context.Context, b Brand, by string) (int64, error) {
	if b.Name == "" {
		return 0, errs.New(errs.Invalid, "brand.name_missing", "a brand needs a name").At("name")
	}
	if !allowedScheme.MatchString(b.Link) {
		return 0, errs.New(errs.Invalid, "content.address", "a link must begin with https://, http://, mailto: or tel:: %q", b.Link).At("link").With("address", b.Link)
	}
	var version int64
	err := s.db.Tx(ctx, func(tx *store.Tx) (err error) {
		version, err = settings.Put(ctx, tx, brandSetting, b, by, s.now())
		return err
	})
	return version, err
}

// List returns a page of contents, last changed first.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) { return list(ctx, s.db, f) }

// Get returns one content.
func (s *Service) Get(ctx context.Context, contentID string) (Content, error) {
	return byID(ctx, s.db, contentID)
}

// Versions returns what a content was, newest first.
func (s *Service) Versions(ctx context.Context, contentID string) ([]Content, error) {
	if _, err := byID(ctx, s.db, contentID); err != nil {
		return nil, err
	}
	return versions(ctx, s.db, contentID)
}

// Write saves a new content.
func (s *Service) Write(ctx context.Context, d Draft, by string) (Content, error) {
	return s.create(ctx, d, "", by)
}

// Clone copies a content, so that the copy can be changed.
func (s *Service) Clone(ctx context.Context, contentID, by string) (Content, error) {
	c, err := byID(ctx, s.db, contentID)
	if err != nil {
		return c, err
	}
	d := c.Draft()
	d.Name = copyName(d.Name)
	return s.create(ctx, d, c.ID, by)
}

func copyName(n Words) Words {
	if n.ZH != "" {
		n.ZH += "（副本）"
	}
	if n.EN != "" {
		n.EN += " (copy)"
	}
	return n
}

func (s *Service) create(ctx context.Context, d Draft, from, by string) (Content, error) {
	if err := d.check(); err != nil {
		return Content{}, err
	}
	now := s.now()
	c := Content{ID: id.New("con"), Version: 1, Name: d.Name, Note: d.Note, Layers: orEmpty(d.Layers), Bodies: d.Bodies,
		ClonedFrom: from, CreatedAt: now, ChangedAt: now, ChangedBy: by}
	err := s.db.Tx(ctx, func(tx *store.Tx) error { return insert(ctx, tx, c) })
	return c, err
}

// Revise saves the next version of a content. seen is the version the author opened; when it is no longer the newest
// the answer is a Conflict.
func (s *Service) Revise(ctx context.Context, contentID string, seen int64, d Draft, by string) (Content, error) {
	if err := d.check(); err != nil {
		return Content{}, err
	}
	c, err := byID(ctx, s.db, contentID)
	if err != nil {
		return c, err
	}
	c.Name, c.Note, c.Layers, c.Bodies = d.Name, d.Note, orEmpty(d.Layers), d.Bodies
	c.Version, c.ChangedAt, c.ChangedBy = seen+1, s.now(), by
	err = s.db.Tx(ctx, func(tx *store.Tx) error { return replace(ctx, tx, c, seen) })
	return c, err
}

// Archive takes a content out of the library; what uses it goes on.
func (s *Service) Archive(ctx context.Context, contentID string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error { return setArchived(ctx, tx, contentID, s.now()) })
}

// Restore puts an archived content back.
func (s *Service) Restore(ctx context.Context, contentID string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error { return setArchived(ctx, tx, contentID, time.Time{}) })
}

// Offer is what a strategy gives; the values of {{benefit}}, {{coupon}} and {{link}}.
type Offer struct {
	Benefit string `json:"benefit,omitempty"`
	Coupon  string `json:"coupon,omitempty"`
	Link    string `json:"link,omitempty" maxLength:"500" doc:"Where {{link}} leads; empty: where the brand's does"`
}

// Common returns the values that are the same for everybody: the brand's and the offer's.
func (s *Service) Common(ctx context.Context, o Offer) (Values, error) {
	b, _, err := s.Brand(ctx)
	if err != nil {
		return nil, err
	}
	return Values{"brand": b.Name, "link": cmp.Or(o.Link, b.Link), "benefit": o.Benefit, "coupon": o.Coupon}, nil
}

// ValuesFor returns, by customer number, everything the variables need for sending to these people; ask for a few thousand
// at a time.
func (s *Service) ValuesFor(ctx context.Context, customers []uint32, o Offer) (map[uint32]Values, error) {
	common, err := s.Common(ctx, o)
	if err != nil {
		return nil, err
	}
	people, err := s.people.ValuesOf(ctx, customers)
	if err != nil {
		return nil, err
	}
	for _, v := range people {
		maps.Copy(v, common)
	}
	return people, nil
}

// Look is a draft as one person would get it.
type Look struct {
	Rendered
	Variables []Used `json:"variables"`
}

// Used is one variable of the look and what stood in its place.
type Used struct {
	Name     string `json:"name"`
	Value    string `json:"value" doc:"The person's value, empty when there is none"`
	Fallback bool   `json:"fallback" doc:"The text's fallback was used"`
}

// Preview renders a draft for one real customer, or with the samples of the variables when customer is 0. It
// sends nothing and stores nothing.
func (s *Service) Preview(ctx context.Context, d Draft, channel, language string, customer uint32, o Offer) (Look, error) {
	look := Look{Variables: []Used{}}
	body, err := d.For(channel, language)
	if err != nil {
		return look, err
	}
	values, err := s.previewValues(ctx, customer, o)
	if err != nil {
		return look, err
	}
	brand := values["brand"]
	if look.Rendered, err = body.Render(values, Envelope{Brand: brand}); err != nil {
		return look, err
	}
	for _, name := range body.Variables() {
		look.Variables = append(look.Variables, Used{Name: name, Value: values[name], Fallback: values[name] == ""})
	}
	return look, nil
}

func (s *Service) previewValues(ctx context.Context, customer uint32, o Offer) (Values, error) {
	if customer != 0 {
		all, err := s.ValuesFor(ctx, []uint32{customer}, o)
		if err != nil {
			return nil, err
		}
		if v, ok := all[customer]; ok {
			return v, nil
		}
		return nil, errs.New(errs.NotFound, "customer.not_found", "there is no customer number %d", customer).At("customer")
	}
	values, err := s.Common(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	for _, v := range Variables() {
		if values[v.Name] == "" {
			values[v.Name] = v.Sample
		}
	}
	return values, nil
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
