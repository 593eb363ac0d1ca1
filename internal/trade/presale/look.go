package presale

import (
	"context"
	"time"

	"huoshui/internal/platform/store"
)

// Numbers are what came of a presale.
type Numbers struct {
	Presale      string `db:"presale" json:"-"`
	Unpaid       int64  `db:"unpaid" json:"unpaid" doc:"Bookings whose deposit is not paid yet"`
	Deposits     int64  `db:"deposits" json:"deposits" doc:"Deposits that were paid, whatever became of them"`
	People       int64  `db:"people" json:"people" doc:"Who paid them"`
	Units        int64  `db:"units" json:"units" doc:"Units they are for"`
	Waiting      int64  `db:"waiting" json:"waiting" doc:"Of them, whose tail is not paid yet"`
	Tails        int64  `db:"tails" json:"tails" doc:"Tails that were paid"`
	Forfeited    int64  `db:"forfeited" json:"forfeited" doc:"Deposits that were lost"`
	Returned     int64  `db:"returned" json:"returned" doc:"Deposits that went back because no tail was paid"`
	DepositFen   int64  `db:"deposit_fen" json:"deposit_fen" doc:"Deposits that were paid"`
	HeldFen      int64  `db:"held_fen" json:"held_fen" doc:"Of it held until its tail is paid"`
	ForfeitedFen int64  `db:"forfeited_fen" json:"forfeited_fen"`
	ReturnedFen  int64  `db:"returned_fen" json:"returned_fen" doc:"Of it given back, after the tail was paid too"`
	SalesFen     int64  `db:"sales_fen" json:"sales_fen" doc:"Orders whose tail was paid, their deposits included, less what was given back"`
}

// Counted is a presale with what came of it.
type Counted struct {
	Full
	Numbers Numbers `json:"numbers"`
}

// numbers of presales, by id.
func (s *Service) numbers(ctx context.Context, presales []string) (map[string]Numbers, error) {
	var w store.Where
	store.In(&w, "b.presale", presales)
	out := map[string]Numbers{}
	const sum = `CAST(SUM(CASE WHEN `
	err := store.Each(ctx, s.DB, `SELECT b.presale, `+
		sum+`b.state = 'unpaid' THEN 1 ELSE 0 END) AS BIGINT) AS unpaid, `+
		sum+`b.paid_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS deposits, COUNT(DISTINCT CASE WHEN b.paid_at IS NOT NULL THEN b.customer END) AS people, `+
		sum+`b.paid_at IS NOT NULL THEN b.units ELSE 0 END) AS BIGINT) AS units, `+
		sum+`b.state = 'deposited' THEN 1 ELSE 0 END) AS BIGINT) AS waiting, `+
		sum+`b.state IN ('done', 'refunded') THEN 1 ELSE 0 END) AS BIGINT) AS tails, `+
		sum+`b.state = 'forfeited' THEN 1 ELSE 0 END) AS BIGINT) AS forfeited, `+
		sum+`b.state = 'returned' THEN 1 ELSE 0 END) AS BIGINT) AS returned, `+
		sum+`b.paid_at IS NOT NULL THEN b.deposit_fen ELSE 0 END) AS BIGINT) AS deposit_fen, `+
		sum+`b.state = 'deposited' THEN b.deposit_fen ELSE 0 END) AS BIGINT) AS held_fen, `+
		sum+`b.state = 'forfeited' THEN b.deposit_fen ELSE 0 END) AS BIGINT) AS forfeited_fen, CAST(SUM(b.returned_fen) AS BIGINT) AS returned_fen, `+
		sum+`b.state IN ('done', 'refunded') THEN COALESCE(s.total_fen - s.refunded_fen, 0) ELSE 0 END) AS BIGINT) AS sales_fen
		FROM presale_bookings b LEFT JOIN sales s ON s.id = b.sale`+w.SQL()+` GROUP BY b.presale`, w.Args(), func(n Numbers) error {
		out[n.Presale] = n
		return nil
	})
	return out, err
}

// Get returns a presale with what came of it.
func (s *Service) Get(ctx context.Context, presale string) (Counted, error) {
	p, err := get(ctx, s.DB, presale)
	if err != nil {
		return Counted{}, err
	}
	all, err := s.counted(ctx, []Presale{p})
	if err != nil {
		return Counted{}, err
	}
	return all[0], nil
}

func (s *Service) counted(ctx context.Context, all []Presale) ([]Counted, error) {
	out, ids := make([]Counted, len(all)), make([]string, len(all))
	for i, p := range all {
		ids[i] = p.ID
	}
	numbers, err := s.numbers(ctx, ids)
	if err != nil {
		return nil, err
	}
	items, err := s.items(ctx, ids)
	now := s.Now()
	for i, p := range all {
		out[i] = Counted{Full: Full{Presale: p, State: p.StateAt(now), Items: items[p.ID]}, Numbers: numbers[p.ID]}
	}
	return out, err
}

func (s *Service) items(ctx context.Context, presales []string) (map[string][]Item, error) {
	var w store.Where
	store.In(&w, "presale", presales)
	out := map[string][]Item{}
	err := store.Each(ctx, s.DB, `SELECT * FROM presale_items`+w.SQL()+` ORDER BY presale, sku`, w.Args(), func(it Item) error {
		out[it.Presale] = append(out[it.Presale], it)
		return nil
	})
	return out, err
}

// List returns a page of presales with what came of them, the latest made first, below a cursor of the page before ("" for the first), and
// the cursor of the next ("" on the last).
func (s *Service) List(ctx context.Context, after string, limit int) (out []Counted, next string, err error) {
	var w store.Where
	if after != "" {
		micros, last, err := store.ReadCursor(after)
		if err != nil {
			return nil, "", err
		}
		w.And("(created_at, id) < (?, ?)", micros, last)
	}
	all, err := store.All[Presale](ctx, s.DB, `SELECT * FROM presales`+w.SQL()+` ORDER BY created_at DESC, id DESC LIMIT ?`, w.Args(limit+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(all) > limit {
		all = all[:limit]
		next = store.Cursor(all[limit-1].CreatedAt, all[limit-1].ID)
	}
	out, err = s.counted(ctx, all)
	return out, next, err
}

// Seen returns the presales that customers see: those that were published, are not stopped, and whose tails did not end; of goods where
// they are named. The first to begin comes first.
func (s *Service) Seen(ctx context.Context, goods string, limit int) ([]Full, error) {
	now := s.Now()
	var w store.Where
	w.And("published_at IS NOT NULL AND stopped_at IS NULL AND tail_ends_at > ?", now)
	if goods != "" {
		w.And("goods = ?", goods)
	}
	all, err := store.All[Presale](ctx, s.DB, `SELECT * FROM presales`+w.SQL()+` ORDER BY starts_at, id LIMIT ?`, w.Args(limit)...)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.ID
	}
	items, err := s.items(ctx, ids)
	out := make([]Full, len(all))
	for i, p := range all {
		out[i] = Full{Presale: p, State: p.StateAt(now), Items: items[p.ID]}
	}
	return out, err
}

// Booking returns a booking of a customer (0 for any): another's is NotFound.
func (s *Service) Booking(ctx context.Context, customer uint32, booking string) (Booking, error) {
	return one(ctx, s.DB, booking, customer, "")
}

// Filter narrows a list of bookings.
type Filter struct {
	Presale  string
	Customer uint32
	State    BookingState
	Sale     string
	After    string // cursor: what the page before returned
	Limit    int
}

// Bookings returns a page of bookings, the latest first, and the cursor of the next page ("" on the last).
func (s *Service) Bookings(ctx context.Context, f Filter) (out []Booking, next string, err error) {
	var w store.Where
	if f.Presale != "" {
		w.And("presale = ?", f.Presale)
	}
	if f.Customer != 0 {
		w.And("customer = ?", int64(f.Customer))
	}
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.Sale != "" {
		w.And("sale = ?", f.Sale)
	}
	if f.After != "" {
		micros, last, err := store.ReadCursor(f.After)
		if err != nil {
			return nil, "", err
		}
		w.And("(placed_at, id) < (?, ?)", micros, last)
	}
	out, err = store.All[Booking](ctx, s.DB, `SELECT * FROM presale_bookings`+w.SQL()+` ORDER BY placed_at DESC, id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if err == nil && len(out) > f.Limit {
		out = out[:f.Limit]
		next = store.Cursor(out[f.Limit-1].PlacedAt, out[f.Limit-1].ID)
	}
	return out, next, err
}

// PayableUntil is the end of the time in which the tail of a booking can be paid.
func (s *Service) PayableUntil(ctx context.Context, booking string) (time.Time, error) {
	b, err := one(ctx, s.DB, booking, 0, "")
	if err != nil {
		return time.Time{}, err
	}
	p, err := get(ctx, s.DB, b.Presale)
	return p.TailEndsAt, err
}
