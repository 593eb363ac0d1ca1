package identity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// KeyKinds are the kinds of key that name a person, the strongest first; a device does not.
func KeyKinds() []string {
	return []string{customer.KeyPhone, customer.KeyUnionID, customer.KeyEmail, customer.KeyOpenID, customer.KeyExternalUser, customer.KeyCard, customer.KeyExternal, customer.KeyUser}
}

// strongSQL says that a customer has a phone or a unionid among the kinds of key that are the bits m.mask, and strongExists
// says the same without m.
const (
	strongSQL    = "COALESCE(m.mask, 0) % 4 > 0"
	strongExists = "EXISTS (SELECT 1 FROM identity_keys k WHERE k.customer = c.number AND k.kind IN ('phone', 'unionid'))"
)

// completeSQL says when a customer c, whose kinds of key are the bits m.mask (phone and unionid the lowest), has a field.
var completeSQL = map[string]string{
	"phone_or_unionid": "(c.phone <> '' OR " + strongSQL + ")", "phone": "c.phone <> ''", "email": "c.email <> ''", "name": "c.name <> ''", "gender": "c.gender <> ''",
	"birthday": "c.birthday <> ''", "province": "c.province <> ''", "city": "c.city <> ''", "level": "c.level <> ''", "store": "c.store <> ''",
}

// Coverage is how well a group of customers is known.
type Coverage struct {
	Source    string        `json:"source" doc:"Source channel; empty in the whole, and for customers without one"`
	Customers int64         `json:"customers"`
	Kinds     []KindPresent `json:"kinds" doc:"Every kind of key, the strongest first"`
	Strong    int64         `json:"strong" doc:"Customers with a phone or a unionid"`
	StrongPct float64       `json:"strong_pct"`
	Complete  int64         `json:"complete" doc:"Customers with a complete profile, as the rules define it"`
	Pct       float64       `json:"complete_pct"`
}

// KindPresent is how many customers have a kind of key.
type KindPresent struct {
	Kind      string  `json:"kind" enum:"phone,unionid,email,openid,external_userid,card,external,user,device"`
	Customers int64   `json:"customers"`
	Pct       float64 `json:"pct"`
}

// Overall is the state of OneID.
type Overall struct {
	Coverage
	Sources       []Coverage `json:"sources" doc:"By source channel, the largest first; at most 100"`
	Visitors      int64      `json:"visitors" doc:"People whom only devices tell apart; no customers"`
	OpenConflicts int64      `json:"open_conflicts"`
	Merges        int64      `json:"merges" doc:"In force"`
	Blocked       int64      `json:"blocked_keys" doc:"Keys used for nobody"`
	Definition    []string   `json:"definition" doc:"What a complete profile has"`
}

// maxSources is how many sources are told apart.
const maxSources = 100

type coverageRow struct {
	Source   string `db:"source"`
	Mask     int64  `db:"mask"`
	Complete int64  `db:"complete"`
	N        int64  `db:"n"`
}

// counted keeps what the last count of everybody found: it takes seconds for a million people.
type counted struct {
	sync.Mutex
	at       time.Time
	complete []string
	rows     []coverageRow
}

// countFor is how long a count of everybody is good enough.
const countFor = 30 * time.Second

// groups counts customers by source, kinds of key and completeness: one pass over the keys in the order of their
// customers, at most every half minute.
func (s *Service) groups(ctx context.Context, kinds, complete []string) ([]coverageRow, error) {
	s.counted.Lock()
	defer s.counted.Unlock()
	now := s.now()
	if age := now.Sub(s.counted.at); s.counted.rows != nil && age >= 0 && age < countFor && slices.Equal(s.counted.complete, complete) {
		return s.counted.rows, nil
	}
	var bits, parts strings.Builder
	for i, kind := range kinds {
		fmt.Fprintf(&bits, " WHEN '%s' THEN %d", kind, 1<<i)
	}
	for _, f := range complete {
		parts.WriteString(" AND " + completeSQL[f])
	}
	rows, err := store.All[coverageRow](ctx, s.db, `WITH m AS MATERIALIZED (SELECT customer, CAST(SUM(DISTINCT CASE kind`+bits.String()+` ELSE 0 END) AS BIGINT) AS mask
			FROM identity_keys WHERE customer > 0 AND customer < ? GROUP BY customer)
		SELECT c.source, COALESCE(m.mask, 0) AS mask, CASE WHEN TRUE`+parts.String()+` THEN 1 ELSE 0 END AS complete, COUNT(*) AS n
		FROM customers c LEFT JOIN m ON m.customer = c.number WHERE c.erased = FALSE GROUP BY 1, 2, 3`, int64(customer.FirstVisitor))
	if err != nil {
		return nil, err
	}
	s.counted.at, s.counted.complete, s.counted.rows = now, slices.Clone(complete), rows
	return rows, nil
}

// Coverage counts how well customers are known; the shares may be half a minute old.
func (s *Service) Coverage(ctx context.Context) (Overall, error) {
	var out Overall
	rules, _, err := settings.Get(ctx, s.db, SettingName, DefaultRules())
	if err != nil {
		return out, err
	}
	kinds := append(KeyKinds(), customer.KeyDevice)
	rows, err := s.groups(ctx, kinds, rules.Complete)
	if err != nil {
		return out, err
	}
	by := map[string]*Coverage{}
	for _, row := range rows {
		if by[row.Source] == nil {
			by[row.Source] = &Coverage{Source: row.Source}
		}
		out.count(kinds, row)
		by[row.Source].count(kinds, row)
	}
	out.shares()
	out.Sources = []Coverage{}
	for _, c := range by {
		c.shares()
		out.Sources = append(out.Sources, *c)
	}
	slices.SortFunc(out.Sources, func(a, b Coverage) int {
		return cmp.Or(cmp.Compare(b.Customers, a.Customers), cmp.Compare(a.Source, b.Source))
	})
	out.Sources = out.Sources[:min(len(out.Sources), maxSources)]
	out.Definition = rules.Complete
	for query, to := range map[string]*int64{
		`SELECT COUNT(DISTINCT customer) FROM identity_keys WHERE customer >= 2147483648`: &out.Visitors,
		`SELECT COUNT(*) FROM identity_conflicts WHERE state = 'open'`:                    &out.OpenConflicts,
		`SELECT COUNT(*) FROM identity_merges WHERE undone_at IS NULL`:                    &out.Merges,
		`SELECT COUNT(*) FROM identity_keys WHERE customer = 0`:                           &out.Blocked,
	} {
		if *to, err = store.One[int64](ctx, s.db, query); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (c *Coverage) count(kinds []string, row coverageRow) {
	if c.Kinds == nil {
		for _, kind := range kinds {
			c.Kinds = append(c.Kinds, KindPresent{Kind: kind})
		}
	}
	c.Customers += row.N
	for i := range kinds {
		if row.Mask&(1<<i) != 0 {
			c.Kinds[i].Customers += row.N
		}
	}
	if row.Mask&3 != 0 { // the two strongest come first
		c.Strong += row.N
	}
	c.Complete += row.Complete * row.N
}

func (c *Coverage) shares() {
	if c.Kinds == nil {
		c.Kinds = []KindPresent{}
	}
	pct := func(n int64) float64 { return 100 * float64(n) / float64(max(c.Customers, 1)) }
	for i := range c.Kinds {
		c.Kinds[i].Pct = pct(c.Kinds[i].Customers)
	}
	c.StrongPct, c.Pct = pct(c.Strong), pct(c.Complete)
}

// KnownFilter chooses customers by how well they are known; its zero value chooses all.
type KnownFilter struct {
	Kind     string // a kind of key they have
	Lacking  string // a kind of key they do not have
	Complete string // "yes" or "no": a complete profile, as the rules define it
	Source   string // source channel
	After    uint32 // number of the last one of the page before
	Limit    int
}

// Known returns the numbers of a page of customers, those made last at the top, and how many there are in all. What it
// counts is what Coverage counts.
func (s *Service) Known(ctx context.Context, f KnownFilter) (numbers []uint32, total int64, err error) {
	rules, _, err := s.Rules(ctx)
	if err != nil {
		return nil, 0, err
	}
	var w store.Where
	w.And("c.erased = FALSE")
	const has = "EXISTS (SELECT 1 FROM identity_keys k WHERE k.customer = c.number AND k.kind = ?)"
	if f.Kind != "" {
		w.And(has, f.Kind)
	}
	if f.Lacking != "" {
		w.And("NOT "+has, f.Lacking)
	}
	if f.Source != "" {
		w.And("c.source = ?", f.Source)
	}
	if f.Complete != "" {
		parts := make([]string, len(rules.Complete))
		for i, field := range rules.Complete {
			parts[i] = strings.ReplaceAll(completeSQL[field], strongSQL, strongExists)
		}
		all := "(" + strings.Join(parts, " AND ") + ")"
		if f.Complete == "no" {
			all = "NOT " + all
		}
		w.And(all)
	}
	if total, err = store.One[int64](ctx, s.db, `SELECT COUNT(*) FROM customers c`+w.SQL(), w.Args()...); err != nil {
		return nil, 0, err
	}
	if f.After != 0 {
		w.And("c.number < ?", int64(f.After))
	}
	numbers, err = store.All[uint32](ctx, s.db, `SELECT c.number FROM customers c`+w.SQL()+` ORDER BY c.number DESC LIMIT ?`, w.Args(f.Limit)...)
	return numbers, total, err
}
