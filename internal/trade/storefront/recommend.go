package storefront

import (
	"context"
	"slices"
	"sync"
	"time"

	"huoshui/internal/platform/store"
)

// Reason is why goods are recommended to somebody.
type Reason string

// The reasons.
const (
	Pair       Reason = "pair"       // often bought with what she bought or looked at
	Viewed     Reason = "viewed"     // she looked at it, and did not buy it
	Rebuy      Reason = "rebuy"      // what she bought is used up by now
	Bestseller Reason = "bestseller" // many buy it
)

// Windows of what counts.
const (
	boughtWithin = 365 * 24 * time.Hour
	ownedFor     = 30 * 24 * time.Hour // what she has just bought is not what she wants now
	viewedWithin = 30 * 24 * time.Hour
)

// bought is goods that a customer bought, and when last.
type bought struct {
	Goods     string    `db:"goods_id"`
	Title     string    `db:"title"`
	RebuyDays int64     `db:"rebuy_days"`
	At        time.Time `db:"at"`
}

// viewed is goods that a customer looked at, and when last.
type viewed struct {
	Goods string    `db:"goods_id"`
	Title string    `db:"title"`
	At    time.Time `db:"at"`
}

// pair is goods that go with others: those chosen by hand first, then those that are bought together most.
type pair struct {
	Goods string  `db:"goods_id"`
	Other string  `db:"other"`
	Lift  float64 `db:"lift"`
}

// pick is goods to recommend, and why.
type pick struct {
	goods, because string
	reason         Reason
}

// choose returns what to recommend to somebody: what is used up, what goes with what she bought or saw, and what she saw and did
// not buy take turns; nothing she has just bought, nothing twice. all are the latest first; pairs the best first.
func choose(had []bought, saw []viewed, pairs []pair, now time.Time) []pick {
	titles, fresh, seen := map[string]string{}, map[string]bool{}, map[string]bool{}
	var used, with, looked []pick
	for _, b := range had {
		titles[b.Goods] = b.Title
		age := now.Sub(b.At)
		due := b.RebuyDays > 0 && age >= time.Duration(b.RebuyDays)*24*time.Hour*8/10
		fresh[b.Goods] = age < ownedFor && !due
		if due {
			used = append(used, pick{b.Goods, "", Rebuy})
		}
	}
	for _, v := range saw {
		if _, ok := titles[v.Goods]; !ok {
			titles[v.Goods] = v.Title
			looked = append(looked, pick{v.Goods, "", Viewed})
		}
	}
	for _, p := range pairs {
		with = append(with, pick{p.Other, titles[p.Goods], Pair})
	}
	var out []pick
	for lists := [][]pick{used, with, looked}; len(lists) > 0; {
		lists = slices.DeleteFunc(lists, func(l []pick) bool { return len(l) == 0 })
		for i := range lists {
			for len(lists[i]) > 0 {
				p := lists[i][0]
				lists[i] = lists[i][1:]
				if !seen[p.goods] && !fresh[p.goods] {
					seen[p.goods] = true
					out = append(out, p)
					break
				}
			}
		}
	}
	return out
}

// recommended returns goods on sale that a customer is likely to want, each with why; bestsellers fill what is missing.
func (s *Service) recommended(ctx context.Context, q store.Querier, customer uint32, limit int) ([]Card, error) {
	now := s.instant()
	had, err := store.All[bought](ctx, q, `SELECT g.id AS goods_id, g.title, g.rebuy_days, MAX(o.paid_at) AS at FROM orders o
		JOIN order_lines l ON l.order_id = o.id JOIN skus s ON s.code = l.product JOIN goods g ON g.id = s.goods_id
		WHERE o.customer = ? AND o.paid_at > ? AND l.quantity > l.refunded_quantity GROUP BY g.id, g.title, g.rebuy_days ORDER BY at DESC, g.id LIMIT 30`, int64(customer), now.Add(-boughtWithin))
	if err != nil {
		return nil, err
	}
	saw, err := store.All[viewed](ctx, q, `SELECT v.goods_id, g.title, MAX(v.at) AS at FROM store_views v JOIN goods g ON g.id = v.goods_id
		WHERE v.customer = ? AND v.at > ? GROUP BY v.goods_id, g.title ORDER BY at DESC, v.goods_id LIMIT 20`, int64(customer), now.Add(-viewedWithin))
	if err != nil {
		return nil, err
	}
	var pairs []pair
	if known := make([]string, 0, len(had)+len(saw)); len(had)+len(saw) > 0 {
		for _, b := range had {
			known = append(known, b.Goods)
		}
		for _, v := range saw {
			known = append(known, v.Goods)
		}
		var w store.Where
		store.In(&w, "goods_id", known)
		pairs, err = store.All[pair](ctx, q, `SELECT goods_id, other, lift FROM goods_pairs`+w.SQL()+` ORDER BY CASE source WHEN 'hand' THEN 0 ELSE 1 END, lift DESC, place, other LIMIT 60`, w.Args()...)
		if err != nil {
			return nil, err
		}
	}
	picks := choose(had, saw, pairs, now)
	picks = picks[:min(len(picks), 2*limit)] // some may be off the shelves
	ids := make([]string, len(picks))
	for i, p := range picks {
		ids[i] = p.goods
	}
	there, err := s.cardsOf(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	out, taken := make([]Card, 0, limit), map[string]bool{}
	for _, p := range picks {
		if c, ok := there[p.goods]; ok && c.Left > 0 && len(out) < limit {
			c.Reason, c.Because = p.reason, p.because
			out, taken[c.ID] = append(out, c), true
		}
	}
	best, err := s.tops.get(ctx, now, func(ctx context.Context) ([]Card, error) { return s.bestsellers(ctx, q, 2*maxShown) })
	if err != nil {
		return nil, err
	}
	for _, b := range had {
		if b.At.After(now.Add(-ownedFor)) {
			taken[b.Goods] = true
		}
	}
	for _, c := range best {
		if len(out) < limit && !taken[c.ID] && c.Left > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

// tops keeps the bestsellers for a while: they change slowly, and every customer's page needs them.
type tops struct {
	mu  sync.Mutex
	at  time.Time
	all []Card
}

func (t *tops) get(ctx context.Context, now time.Time, read func(ctx context.Context) ([]Card, error)) ([]Card, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if age := now.Sub(t.at); t.all != nil && age >= 0 && age < fresh {
		return t.all, nil
	}
	all, err := read(ctx)
	if err == nil {
		t.at, t.all = now, all
	}
	return all, err
}
