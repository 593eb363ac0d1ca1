package presale

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
)

// Books is where finance keeps the books.
type Books interface {
	Post(ctx context.Context, tx *store.Tx, e money.Entry) error
}

// Money takes deposits and gives them back. Keys are idempotency keys; what is given back is booked against the account of deposits.
type Money interface {
	// Most is how much of an amount a customer's balance may pay.
	Most(ctx context.Context, q store.Querier, customer uint32, fen int64) (int64, error)
	// Spend takes an amount from the balance for a booking; too little is a Conflict.
	Spend(ctx context.Context, tx *store.Tx, customer uint32, key, booking, layer string, fen int64) error
	// GiveBackBalance gives part of a spending back.
	GiveBackBalance(ctx context.Context, tx *store.Tx, key, spend string, fen int64, by string) error
	// GiveBackCash gives part of what WeChat Pay brought for a booking back.
	GiveBackCash(ctx context.Context, tx *store.Tx, key, booking string, fen int64, by string) error
	// Release says that a booking is not to be paid any more; what arrives all the same goes back.
	Release(ctx context.Context, tx *store.Tx, booking, reason string) error
}

// People is the customers.
type People interface {
	// Layer returns the layer of a customer; one who is erased or was merged is NotFound.
	Layer(ctx context.Context, q store.Querier, customer uint32) (string, error)
}

// Sales are the orders that pay tails.
type Sales interface {
	// CloseUnpaid ends an order that nobody paid; again changes nothing; one that was paid is a Conflict.
	CloseUnpaid(ctx context.Context, sale, reason string) error
}

// Parts are what a Service is made of; Sales is given by Hear.
type Parts struct {
	DB     *store.DB
	Now    func() time.Time
	Books  Books
	Money  Money
	People People
}

// Service keeps presales and what customers have of them.
type Service struct {
	Parts
	sales Sales
}

// NewService returns the service; Hear gives it the orders before it runs.
func NewService(p Parts) *Service { return &Service{Parts: p} }

// Hear sets which orders pay tails.
func (s *Service) Hear(sales Sales) { s.sales = sales }

// Full is a presale with its SKUs and where it stands.
type Full struct {
	Presale
	State State  `json:"state" enum:"draft,scheduled,on,waiting,tail,ended,stopped"`
	Items []Item `json:"items"`
}

// ErrNone says that there is no such presale, or none that the caller may see.
func ErrNone() error {
	return errs.New(errs.NotFound, "presale.not_found", "there is no such presale")
}

func get(ctx context.Context, q store.Querier, presale string) (Presale, error) {
	return getOne(ctx, q, presale, "")
}

func getOne(ctx context.Context, q store.Querier, presale, hold string) (Presale, error) {
	p, err := store.One[Presale](ctx, q, `SELECT * FROM presales WHERE id = ?`+hold, presale)
	if errs.Is(err, errs.NotFound) {
		err = ErrNone()
	}
	return p, err
}

func itemsOf(ctx context.Context, q store.Querier, presale, hold string) ([]Item, error) {
	return store.All[Item](ctx, q, `SELECT * FROM presale_items WHERE presale = ? ORDER BY sku`+hold, presale)
}

func (s *Service) full(ctx context.Context, q store.Querier, presale string) (Full, error) {
	p, err := get(ctx, q, presale)
	if err != nil {
		return Full{}, err
	}
	items, err := itemsOf(ctx, q, presale, "")
	return Full{Presale: p, State: p.StateAt(s.Now()), Items: items}, err
}

// Create writes a presale that nobody sees until it is published. It sells SKUs of goods that are sent, at most at their price.
func (s *Service) Create(ctx context.Context, d Draft, by string) (out Full, err error) {
	if err := d.check(); err != nil {
		return out, err
	}
	now := s.Now()
	p := Presale{ID: id.New("pre"), Version: 1, By: by, CreatedAt: now}
	p.set(&d, now)
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if err := d.fits(ctx, tx); err != nil {
			return err
		}
		if err := store.Insert(ctx, tx, "presales", p); err != nil {
			return err
		}
		if err := d.insert(ctx, tx, p.ID); err != nil {
			return err
		}
		out, err = s.full(ctx, tx, p.ID)
		return err
	})
	return out, err
}

func (p *Presale) set(d *Draft, now time.Time) {
	p.Name, p.Goods, p.Keep, p.PerPerson, p.UpdatedAt = d.Name, d.Goods, d.Keep, d.PerPerson, now
	p.StartsAt, p.EndsAt, p.TailStartsAt, p.TailEndsAt, p.ShipBy = d.StartsAt, d.EndsAt, d.TailStartsAt, d.TailEndsAt, d.ShipBy
}

func (d *Draft) insert(ctx context.Context, tx *store.Tx, presale string) error {
	rows := make([]Item, len(d.Items))
	for i, it := range d.Items {
		rows[i] = Item{Presale: presale, SKU: it.SKU, PriceFen: it.PriceFen, DepositFen: it.DepositFen, WorthFen: it.WorthFen, Units: it.Units}
	}
	_, err := store.InsertAll(ctx, tx, "presale_items", rows, "")
	return err
}

// fits checks a draft against the catalogue.
func (d *Draft) fits(ctx context.Context, q store.Querier) error {
	skus := make([]string, len(d.Items))
	for i, it := range d.Items {
		skus[i] = it.SKU
	}
	items, err := catalog.Items(ctx, q, skus)
	if err != nil {
		return err
	}
	for i, it := range d.Items {
		at := func(field string) string { return fmt.Sprintf("items.%d.%s", i, field) }
		switch item, ok := items[it.SKU]; {
		case !ok || item.Gone || item.GoodsID != d.Goods:
			return errs.New(errs.Invalid, "presale.sku", "the goods have no SKU %q", it.SKU).At(at("sku"))
		case item.Kind != catalog.KindPhysical && item.Kind != catalog.KindConsumable:
			return errs.New(errs.Invalid, "presale.kind", "presales sell goods that are sent").At(at("sku"))
		case it.PriceFen > item.PriceFen:
			return errs.New(errs.Invalid, "presale.price_high", "the presale's price is at most the price").At(at("price_fen")).With("price_fen", item.PriceFen)
		}
	}
	return nil
}

// Update changes a presale that an author saw in a version; another version now is a Conflict "presale.changed". Once somebody has units
// of it what was promised stays: its name, more units, more units per person, and later ends of deposits before the tail and of tails can
// still be written; anything else is a Conflict "presale.locked" that names the field.
func (s *Service) Update(ctx context.Context, presale string, d Draft, seen int64) (out Full, err error) {
	if err := d.check(); err != nil {
		return out, err
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		items, err := itemsOf(ctx, tx, presale, tx.Hold()) // who books holds one of them: see Book
		if err != nil {
			return err
		}
		p, err := getOne(ctx, tx, presale, tx.Hold())
		if err != nil {
			return err
		}
		now := s.Now()
		switch state := p.StateAt(now); {
		case p.Version != seen:
			return errs.New(errs.Conflict, "presale.changed", "somebody changed it meanwhile: load it again").With("version", p.Version)
		case state == Ended || state == Stopped:
			return errs.New(errs.Conflict, "presale.over", "a presale that is over is not changed")
		}
		booked, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM presale_bookings WHERE presale = ?`, presale)
		if err != nil {
			return err
		}
		if booked > 0 {
			err = s.extend(ctx, tx, &p, items, &d)
		} else if err = d.fits(ctx, tx); err == nil {
			if _, err = tx.Exec(ctx, `DELETE FROM presale_items WHERE presale = ?`, presale); err == nil {
				err = d.insert(ctx, tx, presale)
			}
		}
		if err != nil {
			return err
		}
		p.set(&d, now)
		_, err = tx.Exec(ctx, `UPDATE presales SET name = ?, goods = ?, keep = ?, per_person = ?, starts_at = ?, ends_at = ?, tail_starts_at = ?, tail_ends_at = ?, ship_by = ?, version = version + 1, updated_at = ? WHERE id = ?`,
			p.Name, p.Goods, p.Keep, p.PerPerson, p.StartsAt, p.EndsAt, p.TailStartsAt, p.TailEndsAt, p.ShipBy, now, presale)
		if err != nil {
			return err
		}
		if booked == 0 && !p.PublishedAt.IsZero() {
			if err := s.publishable(ctx, tx, presale); err != nil {
				return err
			}
		}
		out, err = s.full(ctx, tx, presale)
		return err
	})
	return out, err
}

// extend writes what may still change of a presale that people have units of.
func (s *Service) extend(ctx context.Context, tx *store.Tx, p *Presale, items []Item, d *Draft) error {
	locked := func(field string) error {
		return errs.New(errs.Conflict, "presale.locked", "people have paid a deposit on it: it stays as they agreed to").At(field).With("field", field)
	}
	now := s.Now()
	switch {
	case d.Goods != p.Goods:
		return locked("goods")
	case d.Keep != p.Keep:
		return locked("keep")
	case d.PerPerson < p.PerPerson:
		return locked("per_person")
	case !d.StartsAt.Equal(p.StartsAt):
		return locked("starts_at")
	case !d.EndsAt.Equal(p.EndsAt) && (d.EndsAt.Before(p.EndsAt) || !now.Before(p.EndsAt)):
		return locked("ends_at")
	case !d.TailStartsAt.Equal(p.TailStartsAt):
		return locked("tail_starts_at")
	case d.TailEndsAt.Before(p.TailEndsAt):
		return locked("tail_ends_at")
	case d.ShipBy.After(p.ShipBy):
		return locked("ship_by")
	case len(d.Items) != len(items):
		return locked("items")
	}
	had := map[string]Item{}
	for _, it := range items {
		had[it.SKU] = it
	}
	for i, it := range d.Items {
		at := func(field string) string { return fmt.Sprintf("items.%d.%s", i, field) }
		was, ok := had[it.SKU]
		switch {
		case !ok:
			return locked(at("sku"))
		case it.PriceFen != was.PriceFen:
			return locked(at("price_fen"))
		case it.DepositFen != was.DepositFen:
			return locked(at("deposit_fen"))
		case it.WorthFen != was.WorthFen:
			return locked(at("worth_fen"))
		case it.Units < was.Units:
			return locked(at("units"))
		}
		if _, err := tx.Exec(ctx, `UPDATE presale_items SET units = ? WHERE presale = ? AND sku = ?`, it.Units, p.ID, it.SKU); err != nil {
			return err
		}
	}
	return nil
}

// Finding is something that a look before publishing found.
type Finding struct {
	Code string `json:"code" doc:"Key of the text"`
	Hard bool   `json:"hard" doc:"It cannot be published so"`
	SKU  string `json:"sku,omitempty"`
	Want int64  `json:"want,omitempty" doc:"Units it wants to sell"`
	Have int64  `json:"have,omitempty" doc:"Units that can be promised"`
}

// Review says what speaks against publishing a presale now; nothing when all is well.
func (s *Service) Review(ctx context.Context, presale string) ([]Finding, error) {
	return s.review(ctx, s.DB, presale)
}

func (s *Service) review(ctx context.Context, q store.Querier, presale string) ([]Finding, error) {
	p, err := s.full(ctx, q, presale)
	if err != nil {
		return nil, err
	}
	out := []Finding{}
	now := s.Now()
	if !now.Before(p.EndsAt) {
		out = append(out, Finding{Code: "presale.check_over", Hard: true})
	}
	skus := make([]string, len(p.Items))
	for i, it := range p.Items {
		skus[i] = it.SKU
	}
	items, err := catalog.Items(ctx, q, skus)
	if err != nil {
		return nil, err
	}
	levels, err := inventory.Levels(ctx, q, inventory.Online, skus)
	if err != nil {
		return nil, err
	}
	for _, it := range p.Items {
		item, level := items[it.SKU], levels[it.SKU]
		if !item.Sold() {
			out = append(out, Finding{Code: "presale.check_not_sold", Hard: true, SKU: it.SKU})
		}
		if it.PriceFen > item.PriceFen {
			out = append(out, Finding{Code: "presale.check_price", Hard: true, SKU: it.SKU})
		}
		if free := level.Free(); free < it.Left() {
			out = append(out, Finding{Code: "presale.check_stock", SKU: it.SKU, Want: it.Left(), Have: max(free, 0)})
		}
		if it.WorthFen == it.DepositFen {
			out = append(out, Finding{Code: "presale.check_plain", SKU: it.SKU})
		}
	}
	var w store.Where
	w.And("p.id <> ? AND p.published_at IS NOT NULL AND p.stopped_at IS NULL AND p.starts_at < ? AND p.ends_at > ?", presale, p.EndsAt, p.StartsAt)
	store.In(&w, "i.sku", skus)
	meets, err := store.All[string](ctx, q, `SELECT DISTINCT i.sku FROM presale_items i JOIN presales p ON p.id = i.presale`+w.SQL()+` ORDER BY i.sku`, w.Args()...)
	for _, sku := range meets {
		out = append(out, Finding{Code: "presale.check_meets", Hard: true, SKU: sku})
	}
	return out, err
}

// act changes a presale once it is held; do reports whether it changed something.
func (s *Service) act(ctx context.Context, presale string, do func(tx *store.Tx, p *Presale, now time.Time) (bool, error)) (out Full, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		p, err := getOne(ctx, tx, presale, tx.Hold())
		if err != nil {
			return err
		}
		now := s.Now()
		changed, err := do(tx, &p, now)
		if err != nil {
			return err
		}
		if changed {
			if _, err := tx.Exec(ctx, `UPDATE presales SET starts_at = ?, ends_at = ?, tail_starts_at = ?, published_at = CAST(? AS BIGINT), stopped_at = CAST(? AS BIGINT), version = version + 1, updated_at = ? WHERE id = ?`,
				p.StartsAt, p.EndsAt, p.TailStartsAt, p.PublishedAt, p.StoppedAt, now, presale); err != nil {
				return err
			}
		}
		out, err = s.full(ctx, tx, presale)
		return err
	})
	return out, err
}

// publish makes a presale seen, unless something speaks against it.
func (s *Service) publish(ctx context.Context, tx *store.Tx, p *Presale, now time.Time) error {
	if !p.StoppedAt.IsZero() {
		return errs.New(errs.Conflict, "presale.over", "it was stopped")
	}
	p.PublishedAt = now
	return s.publishable(ctx, tx, p.ID)
}

// publishable is a Conflict for the first hard thing that a review finds.
func (s *Service) publishable(ctx context.Context, q store.Querier, presale string) error {
	found, err := s.review(ctx, q, presale)
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.Hard {
			return errs.New(errs.Conflict, f.Code, "it cannot be published: %s", f.Code).With("sku", f.SKU)
		}
	}
	return nil
}

// Publish lets customers see a presale, and pay deposits when its time comes; again changes nothing. What Review finds hard is a Conflict.
func (s *Service) Publish(ctx context.Context, presale string) (Full, error) {
	return s.act(ctx, presale, func(tx *store.Tx, p *Presale, now time.Time) (bool, error) {
		if !p.PublishedAt.IsZero() {
			return false, nil
		}
		return true, s.publish(ctx, tx, p, now)
	})
}

// Open publishes a presale if nobody did, and takes deposits from now on if it was to begin later; again changes nothing.
func (s *Service) Open(ctx context.Context, presale string) (Full, error) {
	return s.act(ctx, presale, func(tx *store.Tx, p *Presale, now time.Time) (changed bool, err error) {
		if p.PublishedAt.IsZero() {
			changed, err = true, s.publish(ctx, tx, p, now)
		}
		if err == nil && p.StateAt(now) == Scheduled {
			p.StartsAt, changed = now, true
		}
		return changed, err
	})
}

// OpenTail ends deposits and lets tails be paid from now on, before their time; again, or when it has come, it changes nothing.
func (s *Service) OpenTail(ctx context.Context, presale string) (Full, error) {
	return s.act(ctx, presale, func(_ *store.Tx, p *Presale, now time.Time) (bool, error) {
		switch p.StateAt(now) {
		case Tail, Ended:
			return false, nil
		case On, Waiting:
			if p.EndsAt.After(now) {
				p.EndsAt = now
			}
			p.TailStartsAt = now
			return true, nil
		default:
			return false, errs.New(errs.Conflict, "presale.not_begun", "no deposits were taken yet")
		}
	})
}

// Stop ends a presale before its time: no deposits and no tails are taken any more, and every deposit that is held goes back to where it
// came from; orders whose tail is paid go on. Again it changes nothing; of one that ended by itself it is a Conflict.
func (s *Service) Stop(ctx context.Context, presale string) (Full, error) {
	return s.act(ctx, presale, func(_ *store.Tx, p *Presale, now time.Time) (bool, error) {
		switch p.StateAt(now) {
		case Stopped:
			return false, nil
		case Ended:
			return false, errs.New(errs.Conflict, "presale.over", "it ended by itself")
		}
		p.StoppedAt = now
		return true, nil
	})
}
