package customer

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// What a list can be sorted by; with "-" in front the largest or newest comes first.
const (
	SortRecent     = "recent"     // latest order; people without one come before all others
	SortSpent      = "spent"      // paid in all
	SortRegistered = "registered" // registration
)

// sorting is a column and a direction.
type sorting struct {
	by         string // as the caller said it, for the cursor
	column     string
	descending bool
}

func parseSort(text string) (sorting, error) {
	name, descending := strings.CutPrefix(text, "-")
	column, ok := sortColumns[name]
	if !ok {
		return sorting{}, errs.New(errs.Invalid, "customer.sort", "sort by recent, spent or registered").At("sort")
	}
	return sorting{text, column, descending}, nil
}

// Filter chooses customers. Zero fields choose everybody who is not erased.
type Filter struct {
	Search         string // part of a name, the beginning of a phone or e-mail, an id, a code, a card
	City           string
	Source         string
	Level          string
	RegisteredFrom time.Time
	RegisteredTo   time.Time // exclusive
	OrderedFrom    time.Time // latest order
	OrderedTo      time.Time // exclusive
	Buyers         string    // "yes" with an order, "no" without
	SpentMin       int64     // fen; 0 says nothing
	SpentMax       int64     // fen; 0 says nothing
	// Within are sets of customer numbers the person must all be in: a layer's, a segment's.
	Within []*roaring.Bitmap
}

// Page is one page of a list and where the next begins.
type Page struct {
	Items   []Customer
	Next    string // "" after the last
	Total   int64
	AtLeast bool // Total was counted only so far
}

// countTo is how far a filtered list is counted; above it the total says "at least".
const countTo = 10000

// smallSet is up to how many people a set is fetched whole instead of walking the sorted list past everybody else.
const smallSet = 5000

var sortColumns = map[string]string{
	SortRecent: "COALESCE(last_order_at, 0)", SortSpent: "spent_fen", SortRegistered: "registered_at",
}

func (c Customer) sortValue(by sorting) int64 {
	switch {
	case by.column == sortColumns[SortSpent]:
		return c.SpentFen
	case by.column == sortColumns[SortRegistered]:
		return c.RegisteredAt.UnixMicro()
	case c.LastOrderAt.IsZero():
		return 0
	}
	return c.LastOrderAt.UnixMicro()
}

// ByNumbers returns the customers with the numbers, in no particular order; at most 5,000 numbers.
func ByNumbers(ctx context.Context, q store.Querier, numbers []uint32) ([]Customer, error) {
	var w store.Where
	store.In(&w, "number", numbers)
	return store.All[Customer](ctx, q, `SELECT * FROM customers`+w.SQL(), w.Args()...)
}

// Get returns a customer by id ("cus_…") or by number.
func Get(ctx context.Context, q store.Querier, idOrNumber string) (Customer, error) {
	column, value := "id", any(idOrNumber)
	if n, err := strconv.ParseUint(idOrNumber, 10, 32); err == nil {
		column, value = "number", int64(n)
	}
	c, err := store.One[Customer](ctx, q, `SELECT * FROM customers WHERE `+column+` = ?`, value)
	if errs.Is(err, errs.NotFound) {
		return c, errs.New(errs.NotFound, "customer.not_found", "there is no such customer")
	}
	return c, err
}

// Keys returns what a customer is known by.
func Keys(ctx context.Context, q store.Querier, number uint32) ([]Key, error) {
	return store.All[Key](ctx, q, `SELECT kind, value FROM identity_keys WHERE customer = ? ORDER BY kind, value`, number)
}

// List returns a page of the customers that match, in the order asked for.
func List(ctx context.Context, q store.Querier, f Filter, by, after string, limit int) (Page, error) {
	order, err := parseSort(by)
	if err != nil {
		return Page{}, err
	}
	cursor, err := parseCursor(after, by)
	if err != nil {
		return Page{}, err
	}
	within, err := f.set(ctx, q)
	if err != nil {
		return Page{}, err
	}
	if within != nil && within.GetCardinality() > smallSet && !f.unconditional() {
		// A column may leave few people of a large set: then they are fetched whole, too.
		few, err := f.few(ctx, q)
		if err != nil {
			return Page{}, err
		}
		if few != nil {
			within.And(few)
		}
	}
	page := Page{Items: []Customer{}}
	switch {
	case within != nil && within.GetCardinality() <= smallSet:
		page, err = listSmall(ctx, q, f, order, cursor, limit, within)
	default:
		page.Items, err = walk(ctx, q, f, order, cursor, limit+1, within)
		if err == nil {
			page.Total, page.AtLeast, err = count(ctx, q, f, within)
		}
	}
	if err != nil {
		return Page{}, fmt.Errorf("list customers: %w", err)
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.Next = formatCursor(by, last.sortValue(order), last.Number)
	}
	return page, nil
}

// conditions returns the filter's conditions on columns.
func (f Filter) conditions() store.Where {
	w := f.columns()
	w.And("erased = FALSE")
	return w
}

// columns are the conditions that an index may answer by itself; sets hold no erased people anyway.
func (f Filter) columns() (w store.Where) {
	for column, value := range map[string]string{"city": f.City, "source": f.Source, "level": f.Level} {
		if value != "" {
			w.And(column+" = ?", value)
		}
	}
	if !f.RegisteredFrom.IsZero() {
		w.And("registered_at >= ?", f.RegisteredFrom)
	}
	if !f.RegisteredTo.IsZero() {
		w.And("registered_at < ?", f.RegisteredTo)
	}
	if !f.OrderedFrom.IsZero() {
		w.And("COALESCE(last_order_at, 0) >= ?", f.OrderedFrom)
	}
	if !f.OrderedTo.IsZero() {
		w.And("last_order_at < ?", f.OrderedTo)
	}
	if f.SpentMin > 0 {
		w.And("spent_fen >= ?", f.SpentMin)
	}
	if f.SpentMax > 0 {
		w.And("spent_fen <= ?", f.SpentMax)
	}
	switch f.Buyers {
	case "yes":
		w.And("COALESCE(last_order_at, 0) > 0")
	case "no":
		w.And("COALESCE(last_order_at, 0) = 0")
	}
	return w
}

// unconditional reports whether no column is asked for.
func (f Filter) unconditional() bool {
	return f.City == "" && f.Source == "" && f.Level == "" && f.Buyers == "" && f.SpentMin == 0 && f.SpentMax == 0 &&
		f.RegisteredFrom.IsZero() && f.RegisteredTo.IsZero() && f.OrderedFrom.IsZero() && f.OrderedTo.IsZero()
}

// fewPeople is up to how many numbers a condition on columns is read as a set, from its index alone.
const fewPeople = 100_000

// few returns the people whom the conditions on columns leave, or nil when they are many.
func (f Filter) few(ctx context.Context, q store.Querier) (*roaring.Bitmap, error) {
	w := f.columns()
	few := roaring.New()
	err := store.Each(ctx, q, `SELECT number FROM customers`+w.SQL()+` LIMIT ?`, w.Args(fewPeople+1), func(n uint32) error {
		few.Add(n)
		return nil
	})
	if err != nil || few.GetCardinality() > fewPeople {
		return nil, err
	}
	return few, nil
}

// set returns the people whom sets and the search leave; nil when neither says anything.
func (f Filter) set(ctx context.Context, q store.Querier) (*roaring.Bitmap, error) {
	var set *roaring.Bitmap
	for _, b := range f.Within {
		if set == nil {
			set = b.Clone()
		} else {
			set.And(b)
		}
	}
	if strings.TrimSpace(f.Search) == "" {
		return set, nil
	}
	found, err := search(ctx, q, strings.TrimSpace(f.Search))
	if err != nil {
		return nil, err
	}
	if set != nil {
		found.And(set)
	}
	return found, nil
}

// searchLimit is how many hits of one kind a search takes.
const searchLimit = 2000

// search finds people by the beginning of a name, phone or e-mail, or by an exact id, code or card; when nothing
// begins so, by any part of a name.
func search(ctx context.Context, q store.Querier, text string) (*roaring.Bitmap, error) {
	found := roaring.New()
	add := func(query string, args ...any) error {
		return store.Each(ctx, q, query, args, func(n uint32) error {
			found.Add(n)
			return nil
		})
	}
	end := text + "\U0010FFFF"
	lower := strings.ToLower(text)
	err := add(`SELECT * FROM (SELECT number FROM customers WHERE name >= ? AND name < ? LIMIT ?) a
		UNION ALL SELECT number FROM customers WHERE code = ? OR id = ?
		UNION ALL SELECT * FROM (SELECT customer FROM identity_keys WHERE kind = 'phone' AND value >= ? AND value < ? LIMIT ?) b
		UNION ALL SELECT * FROM (SELECT customer FROM identity_keys WHERE kind = 'email' AND value >= ? AND value < ? LIMIT ?) c
		UNION ALL SELECT customer FROM identity_keys WHERE kind = 'card' AND value = ?`,
		text, end, searchLimit, text, text, text, end, searchLimit, lower, lower+"\U0010FFFF", searchLimit, text)
	if err != nil || !found.IsEmpty() {
		return found, err
	}
	return found, add(`SELECT number FROM customers WHERE LOWER(name) LIKE LOWER(?) ESCAPE '\' LIMIT ?`, "%"+store.Like(text)+"%", searchLimit)
}

func listSmall(ctx context.Context, q store.Querier, f Filter, by sorting, after *cursor, limit int, within *roaring.Bitmap) (Page, error) {
	page := Page{Items: []Customer{}}
	if within.IsEmpty() {
		return page, nil
	}
	w := f.conditions()
	store.In(&w, "number", within.ToArray())
	all, err := store.All[Customer](ctx, q, `SELECT * FROM customers`+w.SQL(), w.Args()...)
	if err != nil {
		return page, err
	}
	slices.SortFunc(all, func(a, b Customer) int {
		if by.descending {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.sortValue(by), b.sortValue(by)), cmp.Compare(a.Number, b.Number))
	})
	page.Total = int64(len(all))
	for _, c := range all {
		if after.passed(by, c.sortValue(by), c.Number) && len(page.Items) <= limit {
			page.Items = append(page.Items, c)
		}
	}
	return page, nil
}

// walk goes down the sorted index, block by block, and keeps who is in the set.
func walk(ctx context.Context, q store.Querier, f Filter, by sorting, after *cursor, want int, within *roaring.Bitmap) ([]Customer, error) {
	out := []Customer{}
	block := want
	than, direction := " > ", " ASC"
	if by.descending {
		than, direction = " < ", " DESC"
	}
	for {
		w := f.conditions()
		if after != nil { // the second condition says nothing new but is what an index can use
			w.And(by.column+than+"? OR ("+by.column+" = ? AND number"+than+"?)", after.value, after.value, int64(after.number))
			w.And(by.column+strings.TrimSpace(than)+"= ?", after.value)
		}
		rows, err := store.All[Customer](ctx, q, `SELECT * FROM customers`+w.SQL()+` ORDER BY `+by.column+direction+`, number`+direction+` LIMIT ?`, w.Args(block)...)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			if within == nil || within.Contains(c.Number) {
				out = append(out, c)
				if len(out) == want {
					return out, nil
				}
			}
		}
		if len(rows) < block {
			return out, nil
		}
		last := rows[len(rows)-1]
		after = &cursor{last.sortValue(by), last.Number}
		block = 2000
	}
}

func count(ctx context.Context, q store.Querier, f Filter, within *roaring.Bitmap) (int64, bool, error) {
	if f.unconditional() {
		if within != nil {
			return int64(within.GetCardinality()), false, nil
		}
		// Numbers are dense: the highest is how many were ever made. Counting a million rows would take a second.
		n, err := store.One[int64](ctx, q, `SELECT COALESCE((SELECT MAX(number) FROM customers), 0) - (SELECT COUNT(*) FROM customers WHERE erased = TRUE)`)
		return n, false, err
	}
	w := f.columns()
	if within == nil { // an index alone answers both; together they leave out the erased
		n, err := store.One[int64](ctx, q, `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM customers`+w.SQL()+` LIMIT ?) a) -
			(SELECT COUNT(*) FROM customers`+w.SQL()+` AND erased = TRUE)`, append(w.Args(countTo+1), w.Args()...)...)
		return min(n, countTo), n >= countTo, err
	}
	var n int64
	err := store.Each(ctx, q, `SELECT number FROM customers`+w.SQL()+` LIMIT ?`, w.Args(50*countTo), func(number uint32) error {
		if within.Contains(number) {
			n++
		}
		return nil
	})
	return n, false, err
}

// cursor is the last row of a page: the next begins after it.
type cursor struct {
	value  int64
	number uint32
}

// passed reports whether a row comes after the cursor.
func (c *cursor) passed(by sorting, value int64, number uint32) bool {
	if c == nil {
		return true
	}
	if by.descending {
		return value < c.value || value == c.value && number < c.number
	}
	return value > c.value || value == c.value && number > c.number
}

func formatCursor(by string, value int64, number uint32) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", by, value, number))
}

func parseCursor(s, by string) (*cursor, error) {
	if s == "" {
		return nil, nil
	}
	bad := errs.New(errs.Invalid, "list.cursor", "the cursor is not one of this list").At("after")
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, bad
	}
	var c cursor
	var of string
	if n, err := fmt.Sscanf(string(b), "%s %d %d", &of, &c.value, &c.number); err != nil || n != 3 || of != by {
		return nil, bad
	}
	return &c, nil
}

// Facets are the values there are to filter by, in order.
type Facets struct {
	Cities  []string `json:"cities"`
	Sources []string `json:"sources"`
	Levels  []string `json:"levels"`
}

// facetValues is how many values of a column are offered.
const facetValues = 500

// ListFacets returns the cities, sources and levels that occur. It steps from value to value in the column's index, so
// that it costs as much as there are values, not as there are people.
func ListFacets(ctx context.Context, q store.Querier) (Facets, error) {
	var f Facets
	for column, to := range map[string]*[]string{"city": &f.Cities, "source": &f.Sources, "level": &f.Levels} {
		var err error
		*to, err = store.All[string](ctx, q, `WITH RECURSIVE v (x) AS (
			SELECT MIN(`+column+`) FROM customers WHERE `+column+` > ''
			UNION ALL SELECT (SELECT MIN(c.`+column+`) FROM customers c WHERE c.`+column+` > v.x) FROM v WHERE v.x IS NOT NULL)
			SELECT x FROM v WHERE x IS NOT NULL LIMIT ?`, facetValues)
		if err != nil {
			return f, fmt.Errorf("facets: %w", err)
		}
	}
	return f, nil
}
