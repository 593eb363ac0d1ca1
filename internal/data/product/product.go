// Package product analyses what sells: why sales of a product moved, whether and when it is bought again, what is bought together, where its
// buyers come from and go to, and which role it plays. Everything is counted in ordered passes over the facts, customer by customer, so
// that memory depends on how many products there are and not on how many lines were sold; the people behind a number are found by the same
// passes and so are exactly those who were counted.
//
// A product is goods of the catalogue where its code is one of theirs (all SKUs of one goods are one product), else the code itself. A basket
// is what one customer paid for at one instant: the lines of an order.
package product

import (
	"context"
	"reflect"
	"sync"
	"time"

	"huoshui/internal/data/effect"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// Goods is what analytics must know of something in the catalogue.
type Goods struct {
	ID        string
	Title     string
	Category  string // its name
	Role      string // as set: traffic, profit, image or ""
	RebuyDays int64  // as set; 0 is not said
	SKUs      []SKU
}

// SKU is one choice of goods.
type SKU struct {
	Code     string
	PriceFen int64
	CostFen  int64 // 0 is not known
}

// Named is what a product is called that is in no catalogue.
type Named struct{ Name, Category string }

// Catalogue knows what products are called, what they cost and which codes are one product.
type Catalogue interface {
	// Goods returns everything in the catalogue.
	Goods(ctx context.Context) ([]Goods, error)
	// Names returns what orders call products, by their codes; at most some thousand at once.
	Names(ctx context.Context, codes []string) (map[string]Named, error)
}

// Service answers questions about products.
type Service struct {
	w         *warehouse.Warehouse
	catalogue Catalogue
	people    effect.People
	now       clock.Clock
	zone      *time.Location

	mu    sync.Mutex // one pass at a time: whoever waits may find its answer here
	known map[any]*answer
}

// NewService returns a service that counts days in zone.
func NewService(w *warehouse.Warehouse, catalogue Catalogue, people effect.People, now clock.Clock, zone *time.Location) *Service {
	return &Service{w: w, catalogue: catalogue, people: people, now: now, zone: zone, known: map[any]*answer{}}
}

// Ref names a product.
type Ref struct {
	ID       string `json:"id" doc:"Id of the goods, else the code that orders name"`
	Name     string `json:"name"`
	Category string `json:"category,omitempty"`
	Goods    bool   `json:"goods" doc:"It is in the catalogue"`
}

// Days are whole days of the business, both included.
type Days struct {
	From string `json:"from" format:"date"`
	To   string `json:"to" format:"date"`
}

// maxDays bounds a period; DefaultDays is how long one is that nobody gave.
const (
	maxDays     = 1100
	DefaultDays = 180
)

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// span is a period in microseconds: from ≤ t < to.
type span struct{ from, to int64 }

func (p span) has(ts int64) bool { return ts >= p.from && ts < p.to }

// period fills what is missing of a period (the last fallback days up to yesterday) and returns it in microseconds.
func (s *Service) period(d Days, fallback int) (Days, span, error) {
	today := s.now().In(s.zone)
	last := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, s.zone).AddDate(0, 0, -1)
	if d.To != "" {
		day, err := time.ParseInLocation(time.DateOnly, d.To, s.zone)
		if err != nil || day.Year() < 1970 || day.Year() > 9000 {
			return d, span{}, errs.New(errs.Invalid, "product.day", "%q is not a day", d.To).At("to")
		}
		last = day
	}
	first := last.AddDate(0, 0, 1-fallback)
	if d.From != "" {
		day, err := time.ParseInLocation(time.DateOnly, d.From, s.zone)
		if err != nil || day.Year() < 1970 {
			return d, span{}, errs.New(errs.Invalid, "product.day", "%q is not a day", d.From).At("from")
		}
		first = day
	}
	if first.After(last) || first.AddDate(0, 0, maxDays).Before(last) {
		return d, span{}, errs.New(errs.Invalid, "product.days", "a period has between 1 and %d days", maxDays).At("from")
	}
	return Days{first.Format(time.DateOnly), last.Format(time.DateOnly)}, span{first.UnixMicro(), last.AddDate(0, 0, 1).UnixMicro()}, nil
}

// present is the business's present in microseconds, or the end of a period that ended before.
func (s *Service) present(p span) int64 { return min(p.to, s.now().UnixMicro()+1) }

// answer is what a question was answered with.
type answer struct {
	value   any
	version uint64
	at      time.Time // by the machine's clock
	cost    time.Duration
}

// maxKnown is how many answers are kept. An answer stands while no fact came since, or while it is young for what it cost.
const maxKnown = 48

// ask answers a question from memory, or by running it. One question runs at a time, so that nobody keeps the machine busy by asking. The
// question is a comparable struct that holds everything the answer depends on besides the facts.
func ask[T any](ctx context.Context, s *Service, question any, run func(ctx context.Context) (T, error)) (T, error) {
	key := struct {
		q any
		t reflect.Type
	}{question, reflect.TypeFor[T]()}
	s.mu.Lock()
	defer s.mu.Unlock()
	version := s.w.Watermark().Version
	if a := s.known[key]; a != nil {
		age := time.Since(a.at)
		if a.version == version && age < time.Minute || age < 20*a.cost && age < 10*time.Minute {
			return a.value.(T), nil
		}
	}
	began := time.Now()
	value, err := run(ctx)
	if err != nil {
		return value, err
	}
	if len(s.known) >= maxKnown {
		var oldest any
		for k, a := range s.known {
			if oldest == nil || a.at.Before(s.known[oldest].at) {
				oldest = k
			}
		}
		delete(s.known, oldest)
	}
	s.known[key] = &answer{value, version, time.Now(), time.Since(began)}
	return value, nil
}

// shelf tells which product a code of a fact is.
type shelf struct {
	w     *warehouse.Warehouse
	alias []uint32          // product code → its product's; codes beyond it are products themselves
	goods map[uint32]*Goods // by product
	ids   map[string]uint32 // goods id → product
}

func (s *Service) shelf(ctx context.Context) (*shelf, error) {
	all, err := s.catalogue.Goods(ctx)
	if err != nil {
		return nil, err
	}
	sh := &shelf{w: s.w, goods: map[uint32]*Goods{}, ids: map[string]uint32{}}
	for i := range all {
		g := &all[i]
		own := warehouse.NoCode // the least code that is known of its
		var codes []uint32
		for _, text := range append([]string{g.ID}, skuCodes(g.SKUs)...) {
			if c := s.w.Code(text); c != warehouse.NoCode && c != 0 {
				codes = append(codes, c)
				own = min(own, c)
			}
		}
		if own == warehouse.NoCode {
			continue // nobody ever looked at it
		}
		sh.goods[own], sh.ids[g.ID] = g, own
		for _, c := range codes {
			for int(c) >= len(sh.alias) {
				sh.alias = append(sh.alias, uint32(len(sh.alias)))
			}
			sh.alias[c] = own
		}
	}
	return sh, nil
}

func skuCodes(all []SKU) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = s.Code
	}
	return out
}

// unit is the product of a code.
func (sh *shelf) unit(code uint32) uint32 {
	if int(code) < len(sh.alias) {
		return sh.alias[code]
	}
	return code
}

// find is the product that an id names; warehouse.NoCode when no fact names it.
func (sh *shelf) find(id string) uint32 {
	if u, ok := sh.ids[id]; ok {
		return u
	}
	c := sh.w.Code(id)
	if c == warehouse.NoCode || c == 0 {
		return warehouse.NoCode
	}
	return sh.unit(c)
}

// refs names products.
func (s *Service) refs(ctx context.Context, sh *shelf, units []uint32) (map[uint32]Ref, error) {
	out := make(map[uint32]Ref, len(units))
	var strange []string
	for _, u := range units {
		if g := sh.goods[u]; g != nil {
			out[u] = Ref{ID: g.ID, Name: g.Title, Category: g.Category, Goods: true}
			continue
		}
		text := s.w.Text(u)
		out[u] = Ref{ID: text, Name: text}
		strange = append(strange, text)
	}
	for len(strange) > 0 {
		n := min(len(strange), 1000)
		names, err := s.catalogue.Names(ctx, strange[:n])
		if err != nil {
			return nil, err
		}
		for code, named := range names {
			u := s.w.Code(code)
			r, ok := out[u]
			if !ok {
				continue
			}
			if named.Name != "" {
				r.Name = named.Name
			}
			r.Category = named.Category
			out[u] = r
		}
		strange = strange[n:]
	}
	return out, nil
}

// The facts that passes read, by their places in lists.
var (
	lookFacts = []string{event.ProductViewed, event.PageViewed}
	lineFacts = []string{event.OrderLine}
	bothFacts = []string{event.OrderLine, event.ProductViewed, event.PageViewed}
)

const kindLine warehouse.Kind = 0 // in lineFacts, bothFacts

const workers = 2

// walk shows every customer's facts to one of the gatherers, which it returns; a customer is shown whole, in the order of time, and once.
func walk[F any](ctx context.Context, w *warehouse.Warehouse, spec warehouse.ScanSpec, newFold func() F, show func(f F, number uint32, b *warehouse.Block, from, to int)) ([]F, error) {
	spec.Workers = workers
	folds := make([]F, workers)
	for i := range folds {
		folds[i] = newFold()
	}
	_, err := w.Scan(ctx, spec, func(worker int, b *warehouse.Block) error {
		for i := range b.People {
			from, to := int(b.Start[i]), int(b.Start[i+1])
			if from < to && !b.People[i].Gone() {
				show(folds[worker], b.From+uint32(i), b, from, to)
			}
		}
		return ctx.Err()
	})
	return folds, err
}

// places gives products places in a list, in the order they are met.
type places struct {
	at    []int32 // product → its place + 1
	units []uint32
}

func (p *places) of(unit uint32) (place int, added bool) {
	for int(unit) >= len(p.at) {
		p.at = append(p.at, make([]int32, int(unit)+1024-len(p.at))...)
	}
	if p.at[unit] == 0 {
		p.units = append(p.units, unit)
		p.at[unit] = int32(len(p.units))
		added = true
	}
	return int(p.at[unit]) - 1, added
}

// lookup is the place of a product that has one, else -1.
func (p *places) lookup(unit uint32) int {
	if int(unit) >= len(p.at) {
		return -1
	}
	return int(p.at[unit]) - 1
}

// baskets calls fn for each basket among a customer's rows: the products in it, each once; the slice is only lent.
func (sh *shelf) baskets(b *warehouse.Block, from, to int, buffer []uint32, fn func(ts int64, first, last int, units []uint32)) []uint32 {
	for i := from; i < to; {
		if b.Kind[i] != kindLine {
			i++
			continue
		}
		ts, first := b.TS[i], i
		buffer = buffer[:0]
	rows:
		for ; i < to && b.TS[i] == ts; i++ {
			if b.Kind[i] != kindLine || b.Product[i] == 0 {
				continue
			}
			u := sh.unit(b.Product[i])
			for _, v := range buffer[max(0, len(buffer)-32):] { // large baskets are made unique below
				if v == u {
					continue rows
				}
			}
			buffer = append(buffer, u)
		}
		if len(buffer) > 32 {
			buffer = unique(buffer)
		}
		if len(buffer) > 0 {
			fn(ts, first, i, buffer)
		}
	}
	return buffer
}
