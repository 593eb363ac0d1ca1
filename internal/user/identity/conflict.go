package identity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// Conflict is something about who is who that a person must decide: the row, and the answer.
type Conflict struct {
	ID        string    `db:"id" json:"id"`
	Subject   string    `db:"subject" json:"-"`
	Kind      string    `db:"kind" json:"kind" enum:"disagree,shared_key,shared_device" doc:"disagree: keys of one sighting belong to two customers who differ in a key that one has one of; shared_key: a key is claimed by too many accounts; shared_device: a device was seen with too many customers and is used for nobody"`
	A         uint32    `db:"a" json:"a,omitempty" doc:"Number of one customer; the owner of a shared key"`
	B         uint32    `db:"b" json:"b,omitempty" doc:"Number of the other; disagree only"`
	KeyKind   string    `db:"key_kind" json:"key_kind,omitempty" doc:"The shared key; for disagree the kind in which the two differ, empty when merging is only switched off"`
	KeyValue  string    `db:"key_value" json:"key_value,omitempty"`
	Evidence  Evidence  `db:"evidence,json" json:"evidence"`
	Source    string    `db:"source" json:"source" doc:"Who told it last: a source's id, or import"`
	FirstAt   time.Time `db:"first_at" json:"first_at"`
	LastAt    time.Time `db:"last_at" json:"last_at"`
	Times     int64     `db:"times" json:"times" doc:"How often it was seen"`
	State     string    `db:"state" json:"state" enum:"open,merged,apart,blocked"`
	Note      string    `db:"note" json:"note"`
	DecidedBy string    `db:"decided_by" json:"decided_by" doc:"Staff id"`
	DecidedAt time.Time `db:"decided_at" json:"decided_at,omitzero"`
}

// Evidence is what a conflict was found by, as it was the last time.
type Evidence struct {
	Keys      []customer.Key `json:"keys,omitempty" doc:"What was seen together"`
	AKeys     []customer.Key `json:"a_keys,omitempty" doc:"What the one was known by"`
	BKeys     []customer.Key `json:"b_keys,omitempty" doc:"What the other was known by"`
	Decided   uint32         `json:"decided,omitempty" doc:"Whose the sighting was taken to be meanwhile"`
	Claims    []string       `json:"claims,omitempty" doc:"Accounts that claimed the key: kind:value"`
	Customers []uint32       `json:"customers,omitempty" doc:"Customers the device was seen with"`
}

// evidenceKeys is how many keys of one side a conflict keeps.
const evidenceKeys = 20

// conflict notes that a sighting's keys belong to two customers who cannot be one, and that it was taken to be a's.
func (r *resolving) conflict(s *Sighting, a, b uint32, why string) {
	kind, _, _ := strings.Cut(why, ":")
	c := &Conflict{Kind: Disagree, A: min(a, b), B: max(a, b), KeyKind: kind, Evidence: Evidence{Keys: slices.Clone(s.Keys), Decided: a}}
	r.note(s, fmt.Sprintf("pair/%d/%d", c.A, c.B), c)
}

func (r *resolving) sharedDevice(s *Sighting, d customer.Key, people []uint32) {
	c := &Conflict{Kind: SharedDevice, KeyKind: d.Kind, KeyValue: d.Value, Evidence: Evidence{Keys: slices.Clone(s.Keys), Customers: people}}
	r.note(s, "key/"+d.Kind+"/"+d.Value, c)
}

func (r *resolving) note(s *Sighting, subject string, c *Conflict) {
	c.Subject, c.Source, c.FirstAt, c.LastAt, c.Times = subject, s.Source, s.At, s.At, 1
	if was := r.conflicts[subject]; was != nil {
		c.Times, c.FirstAt = was.Times+1, was.FirstAt
	}
	r.conflicts[subject] = c
}

// claim notes that an account of somebody else was seen with keys of a customer's.
func (r *resolving) claim(s *Sighting, n uint32, strong []customer.Key, by customer.Key) {
	for _, k := range strong {
		if k != by && r.owner(k) == n {
			r.claims = append(r.claims, claim{k.Kind, k.Value, by.Kind + ":" + by.Value, s, n})
		}
	}
}

// writeConflicts stores claims and conflicts. What a person has decided to keep apart is not asked again.
func (r *resolving) writeConflicts() error {
	if err := r.writeClaims(); err != nil {
		return err
	}
	if len(r.conflicts) == 0 {
		return nil
	}
	sides := map[uint32]bool{}
	rows := make([]Conflict, 0, len(r.conflicts))
	for _, c := range r.conflicts {
		if c.Kind == Disagree {
			sides[c.A], sides[c.B] = true, true
		}
		c.ID, c.State = id.New("idc"), Open
		rows = append(rows, *c)
	}
	slices.SortFunc(rows, func(a, b Conflict) int { return strings.Compare(a.Subject, b.Subject) })
	keys := map[uint32][]customer.Key{}
	for part := range slices.Chunk(sorted(sides), 5000) {
		var w store.Where
		store.In(&w, "customer", part)
		err := store.Each(r.ctx, r.tx, `SELECT kind, value, customer FROM identity_keys`+w.SQL()+` ORDER BY customer, kind, value`, w.Args(), func(k customer.KeyRow) error {
			if len(keys[k.Customer]) < evidenceKeys {
				keys[k.Customer] = append(keys[k.Customer], k.Key)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for i := range rows {
		rows[i].Evidence.AKeys, rows[i].Evidence.BKeys = keys[rows[i].A], keys[rows[i].B]
		if rows[i].Kind != Disagree {
			rows[i].Evidence.AKeys, rows[i].Evidence.BKeys = nil, nil
		}
	}
	_, err := store.InsertAll(r.ctx, r.tx, "identity_conflicts", rows, `ON CONFLICT (subject) DO UPDATE SET
		evidence = excluded.evidence, source = excluded.source, key_kind = excluded.key_kind,
		last_at = CASE WHEN excluded.last_at > identity_conflicts.last_at THEN excluded.last_at ELSE identity_conflicts.last_at END,
		times = identity_conflicts.times + excluded.times, state = CASE WHEN identity_conflicts.state = 'apart' THEN 'apart' ELSE 'open' END`)
	return err
}

// writeClaims stores the claims and finds the keys that have too many.
func (r *resolving) writeClaims() error {
	if len(r.claims) == 0 {
		return nil
	}
	if _, err := store.InsertAll(r.ctx, r.tx, "identity_claims", r.claims, "ON CONFLICT (kind, value, claim) DO NOTHING"); err != nil {
		return err
	}
	by := map[customer.Key]claim{}
	for _, c := range r.claims {
		by[customer.Key{Kind: c.Kind, Value: c.Value}] = c
	}
	for k, c := range by {
		claims, err := store.All[string](r.ctx, r.tx, `SELECT claim FROM identity_claims WHERE kind = ? AND value = ? ORDER BY claim LIMIT 100`, k.Kind, k.Value)
		if err != nil {
			return err
		}
		if len(claims) >= r.rules.SharedKey { // and the owner's own account is one more
			r.note(c.sight, "key/"+k.Kind+"/"+k.Value, &Conflict{Kind: SharedKey, A: r.final(c.owner), KeyKind: k.Kind, KeyValue: k.Value,
				Evidence: Evidence{Keys: slices.Clone(c.sight.Keys), Claims: claims}})
		}
	}
	return nil
}

// ConflictFilter narrows a list of conflicts; its zero value lists all.
type ConflictFilter struct {
	State    string
	Kind     string
	Customer uint32
	After    string // id of the last one of the page before
	Limit    int
}

// Conflicts returns a page of conflicts, the one seen last at the top, the cursor of the next page, and how many there are.
func (s *Service) Conflicts(ctx context.Context, f ConflictFilter) (page []Conflict, next string, total int64, err error) {
	var w store.Where
	if f.State != "" {
		w.And("state = ?", f.State)
	}
	if f.Kind != "" {
		w.And("kind = ?", f.Kind)
	}
	if f.Customer != 0 {
		w.And("a = ? OR b = ?", int64(f.Customer), int64(f.Customer))
	}
	if total, err = store.One[int64](ctx, s.db, `SELECT COUNT(*) FROM identity_conflicts`+w.SQL(), w.Args()...); err != nil {
		return nil, "", 0, err
	}
	if f.After != "" {
		w.And("(last_at, id) < (SELECT p.last_at, p.id FROM identity_conflicts p WHERE p.id = ?)", f.After)
	}
	page, err = store.All[Conflict](ctx, s.db, `SELECT * FROM identity_conflicts`+w.SQL()+` ORDER BY last_at DESC, id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = page[f.Limit-1].ID
	}
	return page, next, total, err
}

// Conflict returns one conflict, or a NotFound error.
func (s *Service) Conflict(ctx context.Context, conflictID string) (Conflict, error) {
	return conflictByID(ctx, s.db, conflictID)
}

func conflictByID(ctx context.Context, q store.Querier, conflictID string) (Conflict, error) {
	c, err := store.One[Conflict](ctx, q, `SELECT * FROM identity_conflicts WHERE id = ?`, conflictID)
	if errs.Is(err, errs.NotFound) {
		return c, errs.New(errs.NotFound, "identity.no_conflict", "there is no such conflict")
	}
	return c, err
}

// Decision is what a person says about a conflict.
type Decision struct {
	Decision string        `json:"decision" enum:"merge,apart,block" doc:"merge: the two are one person; apart: they are not and it is not asked again, or the shared key is in order and may be used; block: a key of it is used for nobody from now on"`
	Key      *customer.Key `json:"key,omitempty" doc:"Which key to block, one of those in evidence; left out: the shared key"`
	Note     string        `json:"note,omitempty" maxLength:"500"`
}

// Decide carries out what a person says about an open conflict.
func (s *Service) Decide(ctx context.Context, conflictID string, d Decision, by string) (c Conflict, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := gate(ctx, tx); err != nil {
			return err
		}
		if c, err = conflictByID(ctx, tx, conflictID); err != nil {
			return err
		}
		if c.State != Open {
			return errs.New(errs.Conflict, "identity.decided", "the conflict has been decided")
		}
		switch d.Decision {
		case "merge":
			c.State, err = DecidedMerge, s.decideMerge(ctx, tx, c, d, by)
		case "apart":
			c.State, err = DecidedApart, s.decideApart(ctx, tx, c)
		case "block":
			c.State, err = DecidedBlock, s.decideBlock(ctx, tx, c, d)
		default:
			err = errs.New(errs.Invalid, "identity.decision", "decide merge, apart or block").At("decision")
		}
		if err != nil {
			return err
		}
		c.Note, c.DecidedBy, c.DecidedAt = d.Note, by, s.now().UTC().Truncate(time.Microsecond)
		_, err = tx.Exec(ctx, `UPDATE identity_conflicts SET state = ?, note = ?, decided_by = ?, decided_at = ? WHERE id = ?`, c.State, c.Note, by, c.DecidedAt, c.ID)
		return err
	})
	return c, err
}

func (s *Service) decideMerge(ctx context.Context, tx *store.Tx, c Conflict, d Decision, by string) error {
	if c.Kind != Disagree {
		return errs.New(errs.Invalid, "identity.decision", "only two customers can be merged").At("decision")
	}
	a, err := survivor(ctx, tx, c.A)
	if err != nil {
		return err
	}
	b, err := survivor(ctx, tx, c.B)
	if err != nil || a == b { // one by now: what was to be decided is so
		return err
	}
	_, err = s.mergePair(ctx, tx, Merge{From: a, To: b, Cause: causeDecision, Reason: cmp.Or(d.Note, "conflict "+c.ID), Source: c.Source, By: by})
	return err
}

func (s *Service) decideApart(ctx context.Context, tx *store.Tx, c Conflict) error {
	switch c.Kind {
	case Disagree:
		a, err := survivor(ctx, tx, c.A)
		if err != nil {
			return err
		}
		b, err := survivor(ctx, tx, c.B)
		if err != nil {
			return err
		}
		if a == b {
			return errs.New(errs.Conflict, "identity.merged", "the two are one customer by now; undo the merge").With("customer", a)
		}
		return keepApart(ctx, tx, a, b)
	case SharedDevice: // it begins anew, as nobody's
		if _, err := tx.Exec(ctx, `DELETE FROM identity_devices WHERE value = ?`, c.KeyValue); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM identity_keys WHERE kind = ? AND value = ? AND state = 'shared'`, c.KeyKind, c.KeyValue); err != nil {
			return err
		}
		return bumpGeneration(ctx, tx)
	}
	return nil
}

func (s *Service) decideBlock(ctx context.Context, tx *store.Tx, c Conflict, d Decision) error {
	k := customer.Key{Kind: c.KeyKind, Value: c.KeyValue}
	if d.Key != nil {
		k = *d.Key
		all := slices.Concat(c.Evidence.Keys, c.Evidence.AKeys, c.Evidence.BKeys)
		if !slices.Contains(all, k) && (k.Kind != c.KeyKind || k.Value != c.KeyValue) {
			return errs.New(errs.Invalid, "identity.key", "the key is none of this conflict's").At("key")
		}
	}
	if k.Value == "" {
		return errs.New(errs.Invalid, "identity.key", "say which key to block").At("key")
	}
	return s.blockTx(ctx, tx, k)
}

// blockTx takes a key from its owner and uses it for nobody from now on.
func (s *Service) blockTx(ctx context.Context, tx *store.Tx, k customer.Key) error {
	rows, err := customer.KeyRows(ctx, tx, map[customer.Key]bool{k: true})
	if err != nil {
		return err
	}
	row := rows[k]
	if row == nil {
		now := s.now().UTC()
		row = &customer.KeyRow{Key: k, Since: now, SeenAt: now}
	}
	row.Customer, row.State = 0, Blocked
	if err := putKeys(ctx, tx, []customer.KeyRow{*row}); err != nil {
		return err
	}
	return bumpGeneration(ctx, tx)
}

// Blocked returns a page of the keys that are used for nobody, by kind and value, and the cursor of the next.
func (s *Service) Blocked(ctx context.Context, after string, limit int) (page []customer.KeyRow, next string, err error) {
	var w store.Where
	w.And("customer = 0")
	if kind, value, ok := strings.Cut(after, ":"); ok {
		w.And("(kind, value) > (?, ?)", kind, value)
	}
	page, err = store.All[customer.KeyRow](ctx, s.db, `SELECT * FROM identity_keys`+w.SQL()+` ORDER BY kind, value LIMIT ?`, w.Args(limit+1)...)
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Kind + ":" + page[limit-1].Value
	}
	return page, next, err
}

// Unblock lets a key be used again; it belongs to nobody until it is seen.
func (s *Service) Unblock(ctx context.Context, k customer.Key) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := gate(ctx, tx); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM identity_keys WHERE kind = ? AND value = ? AND customer = 0`, k.Kind, k.Value)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "identity.not_blocked", "the key is not blocked").At("value")
		}
		for _, table := range []string{"identity_claims WHERE kind = ? AND value = ?", "identity_devices WHERE ? = 'device' AND value = ?"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table, k.Kind, k.Value); err != nil {
				return err
			}
		}
		return bumpGeneration(ctx, tx)
	})
}

func keepApart(ctx context.Context, tx *store.Tx, a, b uint32) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_apart (a, b) VALUES (?, ?) ON CONFLICT (a, b) DO NOTHING`, int64(min(a, b)), int64(max(a, b)))
	return err
}
