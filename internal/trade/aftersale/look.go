package aftersale

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// Choice is a SKU that something can be exchanged for.
type Choice struct {
	SKU  string `json:"sku"`
	Name string `json:"name"`
	Free int64  `json:"free" doc:"Units that can be promised, at most 999"`
}

// Option is what can be asked about units of a line.
type Option struct {
	Key      string   `json:"key"`
	SKU      string   `json:"sku"`
	Name     string   `json:"name"`
	Picture  string   `json:"picture"`
	Left     int64    `json:"left" doc:"Units that nothing was asked about yet"`
	Kinds    []Kind   `json:"kinds" doc:"Empty: its time is over"`
	WorthFen []int64  `json:"worth_fen" doc:"What the first, the first two, … units give back, without freight"`
	Choices  []Choice `json:"choices" doc:"What it can be exchanged for"`
}

// Options is what can be asked about a sale.
type Options struct {
	Sale     string    `json:"sale"`
	Number   string    `json:"number"`
	State    string    `json:"state"`
	Days     int64     `json:"days" doc:"After receipt, in which something can be asked"`
	Until    time.Time `json:"until,omitzero" doc:"When that is over; missing while it is not received"`
	CoverFen int64     `json:"cover_fen" doc:"What the freight insurance pays at most when goods are sent back"`
	Lines    []Option  `json:"lines"`
	Cases    []Case    `json:"cases" doc:"What was asked before, the first first"`
}

// Options returns what can be asked about a sale; a customer other than 0 must be its buyer.
func (s *Service) Options(ctx context.Context, customer uint32, saleID string) (Options, error) {
	var sale checkout.Sale
	var err error
	if customer == 0 {
		sale, err = s.sales.Any(ctx, saleID)
	} else {
		sale, err = s.sales.Get(ctx, customer, saleID)
	}
	if err != nil {
		return Options{}, err
	}
	rules, err := s.rules(ctx, s.db)
	if err != nil {
		return Options{}, err
	}
	cases, given, err := s.around(ctx, s.db, sale.ID)
	if err != nil {
		return Options{}, err
	}
	out := Options{Sale: sale.ID, Number: sale.Number, State: string(sale.State), Days: rules.Days, CoverFen: rules.cover(&sale), Lines: []Option{}, Cases: cases}
	if !sale.FinishedAt.IsZero() {
		out.Until = sale.FinishedAt.AddDate(0, 0, int(rules.Days))
	}
	has := left(sale.Lines, sale.Quote.Lines, given, cases)
	for _, l := range sale.Lines {
		kinds := rules.kinds(&sale, l, s.now())
		for u, n := range has {
			if u.key == l.Key {
				o := Option{Key: l.Key, SKU: u.sku, Name: l.Name, Picture: l.Picture, Left: n, Kinds: kinds, WorthFen: []int64{}, Choices: []Choice{}}
				if o.Kinds == nil {
					o.Kinds = []Kind{}
				}
				for k := int64(1); k <= min(n, 999); k++ {
					if r, err := pricing.RefundOf(&sale.Quote, given, pricing.Giving{Units: map[string]int64{l.Key: k}}); err == nil {
						o.WorthFen = append(o.WorthFen, r.Fen())
					}
				}
				out.Lines = append(out.Lines, o)
			}
		}
	}
	slices.SortFunc(out.Lines, func(a, b Option) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.SKU, b.SKU)) })
	return out, s.choices(ctx, out.Lines)
}

// choices adds to lines that can be exchanged what for.
func (s *Service) choices(ctx context.Context, lines []Option) error {
	skus := make([]string, len(lines))
	for i, l := range lines {
		skus[i] = l.SKU
	}
	items, err := catalog.Items(ctx, s.db, skus)
	if err != nil {
		return err
	}
	for i := range lines {
		has, ok := items[lines[i].SKU]
		if !ok {
			continue
		}
		lines[i].Name = has.Name()
		if !slices.Contains(lines[i].Kinds, Exchange) {
			continue
		}
		others, err := store.All[string](ctx, s.db, `SELECT code FROM skus WHERE goods_id = ? AND gone = FALSE AND price_fen = ? ORDER BY place`, has.GoodsID, has.PriceFen)
		if err != nil {
			return err
		}
		named, err := catalog.Items(ctx, s.db, others)
		if err != nil {
			return err
		}
		levels, err := inventory.Levels(ctx, s.db, inventory.Online, others)
		if err != nil {
			return err
		}
		for _, code := range others {
			if item := named[code]; item.Sold() {
				lines[i].Choices = append(lines[i].Choices, Choice{SKU: code, Name: item.Name(), Free: min(max(levels[code].Free(), 0), 999)})
			}
		}
	}
	return nil
}

// Outlook is what agreeing would give back now.
type Outlook struct {
	Refund      pricing.Refund `json:"refund" doc:"Of its units, without the freight"`
	FreightFen  int64          `json:"freight_fen" doc:"What the freight adds; 0 when it cannot come back"`
	Freight     bool           `json:"freight" doc:"Whether it comes back unless staff say otherwise"`
	Trouble     string         `json:"trouble" doc:"Why nothing can be given back"`
	Unsent      bool           `json:"unsent" doc:"The order was not sent: its units return to the stock at once"`
	PaidFen     int64          `json:"paid_fen"`
	RefundedFen int64          `json:"refunded_fen" doc:"Of it given back before"`
}

// Detail is a case with its history and what it is about.
type Detail struct {
	Case    Case     `json:"case"`
	Past    []Past   `json:"past" doc:"The first first"`
	Outlook *Outlook `json:"outlook,omitempty" doc:"For staff, while it has not ended"`
}

// Get returns a case; a customer other than 0 must be who asked, and sees no names of staff.
func (s *Service) Get(ctx context.Context, customer uint32, caseID string) (Detail, error) {
	c, err := one(ctx, s.db, caseID, customer)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Case: c}
	if d.Past, err = store.All[Past](ctx, s.db, `SELECT * FROM after_sale_steps WHERE case_id = ? ORDER BY at, id`, c.ID); err != nil {
		return d, err
	}
	if customer != 0 {
		d.Case = c.Mine()
		for i := range d.Past {
			d.Past[i].By = ""
		}
		return d, nil
	}
	if c.State.Ended() {
		return d, nil
	}
	d.Outlook, err = s.outlook(ctx, c)
	return d, err
}

// Mine is a case as its customer sees it.
func (c Case) Mine() Case {
	c.MadeBy, c.Override, c.Trouble = "", "", ""
	return c
}

func (s *Service) outlook(ctx context.Context, c Case) (*Outlook, error) {
	sale, err := s.sales.Any(ctx, c.Sale)
	if err != nil {
		return nil, err
	}
	given, err := checkout.Given(ctx, s.db, sale.ID)
	if err != nil {
		return nil, err
	}
	o := Outlook{PaidFen: sale.TotalFen, RefundedFen: sale.RefundedFen, Unsent: sale.ShippedAt.IsZero() && sale.FinishedAt.IsZero(), Refund: pricing.Refund{Lines: []pricing.RefundLine{}, Coupons: []string{}}}
	r, err := pricing.RefundOf(&sale.Quote, given, c.giving(nil, false))
	if err != nil {
		o.Trouble = "after_sale.given_already"
		return &o, nil //nolint:nilerr // what cannot be given back is an answer
	}
	o.Refund = r
	can, does, must := freight(&sale, given, c.giving(nil, false).Units, c.Reason)
	o.Freight = does || must
	if can {
		o.FreightFen = sale.Quote.Freight.PayFen
	}
	return &o, nil
}

// Filter narrows a list of cases; its zero value lists all.
type Filter struct {
	Customer uint32
	State    State
	Open     bool // only cases that have not ended
	Kind     Kind
	Sale     string
	Search   string // the beginning of a case's or an order's number
	Oldest   bool   // the first asked first
	After    string // cursor: Next of the page before
	Limit    int    // 1–200; 0 means 50
}

// Page is a page of cases.
type Page struct {
	Items []Case
	Next  string
	Total int64 // -1 where it was not counted
}

// List returns a page of cases, the latest asked first unless said.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	var w store.Where
	for _, c := range [][2]string{{"state", string(f.State)}, {"kind", string(f.Kind)}, {"sale", f.Sale}} {
		if c[1] != "" {
			w.And(c[0]+" = ?", c[1])
		}
	}
	if f.Customer != 0 {
		w.And("customer = ?", int64(f.Customer))
	}
	if f.Open {
		w.And("ended_at IS NULL")
	}
	if f.Search != "" {
		w.And("((number >= ? AND number < ?) OR (sale_number >= ? AND sale_number < ?))", f.Search, f.Search+"\U0010FFFF", f.Search, f.Search+"\U0010FFFF")
	}
	page, order, than := Page{Total: -1}, "DESC", "<"
	if f.Oldest {
		order, than = "ASC", ">"
	}
	var err error
	if f.After == "" {
		if page.Total, err = store.One[int64](ctx, s.db, `SELECT COUNT(*) FROM after_sales`+w.SQL(), w.Args()...); err != nil {
			return page, err
		}
	} else {
		micros, last, err := store.ReadCursor(f.After)
		if err != nil {
			return page, err
		}
		w.And("(made_at, id) "+than+" (?, ?)", micros, last)
	}
	page.Items, err = store.All[Case](ctx, s.db, `SELECT * FROM after_sales`+w.SQL()+` ORDER BY made_at `+order+`, id `+order+` LIMIT ?`, w.Args(f.Limit+1)...)
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = store.Cursor(last.MadeAt, last.ID)
	}
	return page, err
}

// Counts returns how many cases stand where.
func (s *Service) Counts(ctx context.Context) (map[State]int64, error) {
	type row struct {
		State State `db:"state"`
		N     int64 `db:"n"`
	}
	out := map[State]int64{}
	err := store.Each(ctx, s.db, `SELECT state, COUNT(*) AS n FROM after_sales GROUP BY state`, nil, func(r row) error {
		out[r.State] = r.N
		return nil
	})
	return out, err
}

// Shows reports whether a case shows a picture: staff may look at such.
func Shows(ctx context.Context, q store.Querier, usedBy string) (bool, error) {
	caseID, _, _ := strings.Cut(usedBy, "/")
	n, err := store.One[int64](ctx, q, `SELECT COUNT(*) FROM after_sales WHERE id = ?`, caseID)
	return n > 0, err
}

// Difference is a case that does not agree with what was given back, or with its promises.
type Difference struct {
	Case string `db:"id"`
	Want int64  `db:"want"`
	Got  int64  `db:"got"`
}

// Check returns the cases whose refund is not what their sale gave back under their name, and exchanges on their way that promise other
// than they should; none when all is well.
func Check(ctx context.Context, q store.Querier) ([]Difference, error) {
	gave, err := store.All[Difference](ctx, q, `SELECT c.id, CASE WHEN c.state = 'refunded' THEN 1 ELSE 0 END AS want, CASE WHEN r.request IS NULL THEN 0 ELSE 1 END AS got
		FROM after_sales c LEFT JOIN sale_refunds r ON r.sale = c.sale AND r.request = c.id
		WHERE (c.state = 'refunded') <> (r.request IS NOT NULL) ORDER BY c.id LIMIT 1000`)
	if err != nil {
		return nil, err
	}
	promised, err := store.All[Difference](ctx, q, `SELECT c.id, CASE WHEN c.state IN ('awaiting', 'sent', 'replacing') THEN 1 ELSE 0 END AS want, CASE WHEN h.n > 0 THEN 1 ELSE 0 END AS got
		FROM after_sales c LEFT JOIN (SELECT reference, COUNT(*) AS n FROM stock_holds WHERE state = 'held' GROUP BY reference) h ON h.reference = c.id
		WHERE c.kind = 'exchange' AND (c.state IN ('awaiting', 'sent', 'replacing')) <> (h.n IS NOT NULL) ORDER BY c.id LIMIT 1000`)
	return append(gave, promised...), err
}
