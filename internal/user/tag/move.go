package tag

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"huoshui/internal/platform/store"
)

// Mover keeps tags right that people, files, what was said and evidence put on customers who turn out to be one. Tags that are told from
// facts alone follow by themselves.
type Mover struct{}

// moved is what moving beliefs back needs; the lists stand beside it, as audience.Roll writes them.
type moved struct {
	Beliefs []joined `json:"beliefs,omitempty"`
}

// joined is one belief about who went, and what it made of the one about who stays.
type joined struct {
	Gone   belief  `json:"gone"`
	Before *belief `json:"before,omitempty"` // nothing was believed of who stays
	After  belief  `json:"after"`
}

// MoveCustomers replaces each key of to by its value among the carriers of such tags and among those who gave evidence, and joins what
// is believed of the two.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	lists, err := store.All[string](ctx, tx, `SELECT id FROM tags WHERE kind IN ('manual', 'import', 'keyword', 'fuzzy')
		UNION SELECT tag_id FROM tag_members WHERE tag_id LIKE '%/%' ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	out, err := roll.Move(ctx, tx, lists, to, resize)
	if err != nil {
		return nil, err
	}
	beliefs, err := joinBeliefs(ctx, tx, to)
	if err != nil {
		return nil, err
	}
	for n, all := range beliefs {
		if out[n], err = besides(out[n], moved{all}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// besides puts more names into a JSON object; nothing counts as an empty one.
func besides(object json.RawMessage, more any) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if len(object) > 0 {
		if err := json.Unmarshal(object, &all); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(more)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// about names a belief.
type about struct {
	tag      string
	customer uint32
}

// joinBeliefs lets the value of each key of to inherit what is believed of the key.
func joinBeliefs(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32][]joined, error) {
	numbers := map[uint32]bool{}
	for from, n := range to {
		numbers[from], numbers[n] = true, true
	}
	found := map[about]belief{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(numbers)), learnAtOnce) {
		var w store.Where
		store.In(&w, "customer", part)
		err := store.Each(ctx, tx, `SELECT * FROM tag_beliefs`+w.SQL(), w.Args(), func(b belief) error {
			found[about{b.Tag, b.Customer}] = b
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	fuzzy, err := fuzzyTags(ctx, tx)
	if err != nil {
		return nil, err
	}
	out := map[uint32][]joined{}
	for _, a := range slices.SortedFunc(maps.Keys(found), func(a, b about) int {
		return cmp.Or(cmp.Compare(a.customer, b.customer), cmp.Compare(a.tag, b.tag))
	}) {
		n, goes := to[a.customer]
		if !goes || fuzzy[a.tag] == nil {
			continue
		}
		one := joined{Gone: found[a]}
		if have, ok := found[about{a.tag, n}]; ok {
			one.Before = &have
		}
		one.After = together(fuzzy[a.tag], one.Gone, one.Before, n)
		found[about{a.tag, n}] = one.After
		if err := putBelief(ctx, tx, one.After); err != nil {
			return nil, err
		}
		out[a.customer] = append(out[a.customer], one)
	}
	return out, dropBeliefs(ctx, tx, slices.Sorted(maps.Keys(out)))
}

// fuzzyTags returns how each fuzzy tag believes.
func fuzzyTags(ctx context.Context, q store.Querier) (map[string]*Fuzzy, error) {
	all, err := store.All[Tag](ctx, q, `SELECT * FROM tags WHERE kind = ?`, string(ByBelief))
	out := make(map[string]*Fuzzy, len(all))
	for _, t := range all {
		out[t.ID] = t.Fuzzy
	}
	return out, err
}

// dropBeliefs forgets what is believed of some people.
func dropBeliefs(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for part := range slices.Chunk(numbers, learnAtOnce) {
		var w store.Where
		store.In(&w, "customer", part)
		if _, err := tx.Exec(ctx, `DELETE FROM tag_beliefs`+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}

// together is what is believed of n, who is both: the evidence of the two adds up, faded to the later of it; what a person decided about
// who stays outweighs what was decided about who went.
func together(f *Fuzzy, gone belief, stays *belief, n uint32) belief {
	if stays == nil {
		gone.Customer = n
		return gone
	}
	old, late := gone, *stays
	if old.At.After(late.At) {
		old, late = late, old
	}
	out := late
	out.Customer = n
	out.Confidence = strengthened(f.faded(old.Confidence, late.At.Sub(old.At)), late.Confidence)
	if out.Pinned = stays.Pinned; out.Pinned == "" {
		out.Pinned = gone.Pinned
	}
	return out
}

// ReturnCustomer gives who leaves her tags and what is believed of her back, and takes off the holder what she came to carry only by the
// merge: exactly where nothing was learnt since, otherwise as much as the other's evidence weighs by now.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, record json.RawMessage) error {
	if err := roll.Return(ctx, tx, from, holder, record, resize); err != nil {
		return err
	}
	var m moved
	if err := json.Unmarshal(record, &m); err != nil || len(m.Beliefs) == 0 {
		return err
	}
	fuzzy, err := fuzzyTags(ctx, tx)
	if err != nil {
		return err
	}
	for _, one := range m.Beliefs {
		f := fuzzy[one.Gone.Tag]
		if f == nil {
			continue
		}
		one.Gone.Customer = from
		if err := putBelief(ctx, tx, one.Gone); err != nil {
			return err
		}
		have, err := store.All[belief](ctx, tx, `SELECT * FROM tag_beliefs WHERE tag_id = ? AND customer = ?`, one.Gone.Tag, int64(holder))
		if err != nil {
			return err
		}
		if len(have) == 0 {
			continue
		}
		left := parted(f, have[0], one)
		if left == nil {
			_, err = tx.Exec(ctx, `DELETE FROM tag_beliefs WHERE tag_id = ? AND customer = ?`, one.Gone.Tag, int64(holder))
		} else {
			left.Customer = holder
			err = putBelief(ctx, tx, *left)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parted is what is left of a belief without what a merge added to it; nil when nothing is.
func parted(f *Fuzzy, have belief, one joined) *belief {
	after := one.After
	if have.At.Equal(after.At) && have.Confidence == after.Confidence && have.Pinned == after.Pinned {
		return one.Before
	}
	if have.Pinned == after.Pinned && (one.Before == nil || one.Before.Pinned != after.Pinned) {
		have.Pinned = ""
		if one.Before != nil {
			have.Pinned = one.Before.Pinned
		}
	}
	if share := f.faded(one.Gone.Confidence, have.At.Sub(one.Gone.At)); share < 1 {
		have.Confidence = min(max(1-(1-have.Confidence)/(1-share), 0), 1)
	}
	return &have
}

// EraseCustomers takes every tag off people, with what is believed of them, the evidence they gave and the samples they were in.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	if err := roll.Erase(ctx, tx, numbers); err != nil {
		return err
	}
	if err := dropBeliefs(ctx, tx, numbers); err != nil {
		return err
	}
	var w store.Where
	store.In(&w, "customer", numbers)
	_, err := tx.Exec(ctx, `UPDATE tag_verdicts SET customer = 0`+w.SQL(), w.Args()...)
	return err
}

func resize(ctx context.Context, tx *store.Tx, id string, size int64) error {
	_, err := tx.Exec(ctx, `UPDATE tags SET size = ? WHERE id = ?`, size, id)
	return err
}
