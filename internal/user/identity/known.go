package identity

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// KeyKinds are the kinds of key that name a person, the strongest first; a device does not.
func KeyKinds() []string {
	return []string{customer.KeyPhone, customer.KeyUnionID, customer.KeyEmail, customer.KeyOpenID, customer.KeyExternalUser, customer.KeyCard, customer.KeyExternal, customer.KeyUser}
}

// completeSQL says when a customer c, whose kinds of key are the bits m.mask (phone and unionid the lowest), has a field.
var completeSQL = map[string]string{
	"phone_or_unionid": "(c.phone <> '' OR COALESCE(m.mask, 0) % 4 > 0)", "phone": "c.phone <> ''", "email": "c.email <> ''", "name": "c.name <> ''", "gender": "c.gender <> ''",
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

// Coverage counts how well customers are known: one pass over the keys in the order of their customers.
func (s *Service) Coverage(ctx context.Context) (Overall, error) {
	var out Overall
	rules, _, err := settings.Get(ctx, s.db, SettingName, DefaultRules())
	if err != nil {
		return out, err
	}
	kinds := append(KeyKinds(), customer.KeyDevice)
	var mask, parts []string
	for i, kind := range kinds {
		mask = append(mask, "MAX(CASE WHEN kind = '"+kind+"' THEN "+strconv.Itoa(1<<i)+" ELSE 0 END)")
	}
	for _, f := range rules.Complete {
		parts = append(parts, completeSQL[f])
	}
	rows, err := store.All[coverageRow](ctx, s.db, `WITH m AS MATERIALIZED (SELECT customer, `+strings.Join(mask, " + ")+` AS mask FROM identity_keys
			WHERE customer > 0 AND customer < ? GROUP BY customer)
		SELECT c.source, COALESCE(m.mask, 0) AS mask, CASE WHEN `+strings.Join(parts, " AND ")+` THEN 1 ELSE 0 END AS complete, COUNT(*) AS n
		FROM customers c LEFT JOIN m ON m.customer = c.number WHERE c.erased = FALSE GROUP BY 1, 2, 3`, int64(customer.FirstVisitor))
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
