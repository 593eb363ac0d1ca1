package tag

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

// Fuzzy is how sure one must be of a fuzzy tag, and what makes one surer. Confidence c lies between 0 and 1; evidence of weight w makes
// it 1−(1−c)(1−w); it fades by half in each half-life.
type Fuzzy struct {
	HalfLifeDays float64    `json:"half_life_days"`
	Threshold    float64    `json:"threshold" doc:"From this confidence on a person carries the tag"`
	Evidence     []Evidence `json:"evidence" minItems:"1" maxItems:"20"`
}

// Evidence is one thing that speaks for a fuzzy tag: beginning to meet a condition, or saying one of some words.
type Evidence struct {
	Weight   float64             `json:"weight"`
	Rule     *audience.Condition `json:"rule,omitempty"`
	Keywords *Keywords           `json:"keywords,omitempty"`
}

func (f *Fuzzy) check() error {
	if !(f.HalfLifeDays >= 1 && f.HalfLifeDays <= 3650) || !(f.Threshold > 0 && f.Threshold < 1) {
		return invalid("fuzzy", "a half-life is 1 to 3650 days, a threshold lies between 0 and 1")
	}
	if len(f.Evidence) == 0 || len(f.Evidence) > 20 {
		return invalid("fuzzy", "between 1 and 20 pieces of evidence are needed")
	}
	for _, e := range f.Evidence {
		if !(e.Weight > 0 && e.Weight < 1) || (e.Rule == nil) == (e.Keywords == nil) {
			return invalid("fuzzy", "evidence has a weight between 0 and 1, and either a rule or words")
		}
		if e.Keywords != nil {
			if err := e.Keywords.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// conditions are those of the evidence that is told by rules, in order.
func (f *Fuzzy) conditions() []audience.Condition {
	var out []audience.Condition
	for _, e := range f.Evidence {
		if e.Rule != nil {
			out = append(out, *e.Rule)
		}
	}
	return out
}

// strengthened is a confidence after evidence.
func strengthened(c, weight float64) float64 { return 1 - (1-c)*(1-weight) }

// faded is what is left of a confidence after some time.
func (f *Fuzzy) faded(c float64, since time.Duration) float64 {
	return c * math.Exp2(-max(since.Hours(), 0)/24/f.HalfLifeDays)
}

// belief is how sure a fuzzy tag is of somebody.
type belief struct {
	Tag        string    `db:"tag_id"`
	Customer   uint32    `db:"customer"`
	Confidence float64   `db:"confidence"`
	At         time.Time `db:"at"`
	Pinned     string    `db:"pinned"` // "yes", "no" or ""
	Why        Why       `db:"why,json"`
}

// now is how sure it is at an instant.
func (b *belief) now(f *Fuzzy, at time.Time) float64 {
	switch b.Pinned {
	case "yes":
		return 1
	case "no":
		return 0
	}
	return f.faded(b.Confidence, at.Sub(b.At))
}

// learn is evidence of one weight about people, in a transaction of the caller's.
func learn(ctx context.Context, tx *store.Tx, t Tag, people []uint32, weight float64, at time.Time, why func(uint32) Why) error {
	for _, n := range people {
		b, err := store.One[belief](ctx, tx, `SELECT * FROM tag_beliefs WHERE tag_id = ? AND customer = ?`, t.ID, int64(n))
		if errs.Is(err, errs.NotFound) {
			b, err = belief{Tag: t.ID, Customer: n, At: at}, nil
		}
		if err != nil {
			return err
		}
		b.Confidence = strengthened(t.Fuzzy.faded(b.Confidence, at.Sub(b.At)), weight)
		b.At, b.Why = at, why(n)
		if err := putBelief(ctx, tx, b); err != nil {
			return err
		}
	}
	return nil
}

func putBelief(ctx context.Context, tx *store.Tx, b belief) error {
	why, err := json.Marshal(b.Why)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO tag_beliefs (tag_id, customer, confidence, at, pinned, why) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tag_id, customer) DO UPDATE SET confidence = excluded.confidence, at = excluded.at, pinned = excluded.pinned, why = excluded.why`,
		b.Tag, int64(b.Customer), b.Confidence, b.At, b.Pinned, string(why))
	return err
}

// learnAtOnce is how many people one transaction learns of.
const learnAtOnce = 2000

// renewFuzzy learns from who began to meet the rules of the evidence and tells anew who carries a fuzzy tag; people are the
// answers to its conditions. Evidence counts once for who begins to meet a rule, whenever the process dies.
func (s *Service) renewFuzzy(ctx context.Context, t Tag, people []*roaring.Bitmap, asOf time.Time) (bool, error) {
	i := 0
	for place, e := range t.Fuzzy.Evidence {
		if e.Rule == nil {
			continue
		}
		if err := s.witness(ctx, t, evidenceList(t, place), e.Weight, people[i], asOf); err != nil {
			return false, err
		}
		i++
	}
	carriers, sure := roaring.New(), map[uint32]Why{}
	err := store.Each(ctx, s.db, `SELECT * FROM tag_beliefs WHERE tag_id = ?`, []any{t.ID}, func(b belief) error {
		c := b.now(t.Fuzzy, asOf)
		if c >= t.Fuzzy.Threshold {
			carriers.Add(b.Customer)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	before, err := roll.People(ctx, s.db, t.ID)
	if err != nil {
		return false, err
	}
	moved := roaring.Xor(before, carriers)
	for part := moved.Iterator(); part.HasNext(); {
		n := part.Next()
		b, err := store.One[belief](ctx, s.db, `SELECT * FROM tag_beliefs WHERE tag_id = ? AND customer = ?`, t.ID, int64(n))
		if err != nil && !errs.Is(err, errs.NotFound) {
			return false, err
		}
		w := Why{Code: "belief", Share: math.Round(b.now(t.Fuzzy, asOf)*1000) / 1000, Text: b.Why.Text, By: b.Why.By}
		sure[n] = w
	}
	came, left, err := s.replace(ctx, t, before, carriers, asOf, func(n uint32) Why { return sure[n] })
	return came+left > 0, err
}

// evidenceList is the list of who meets a rule of the evidence. Its words are part of its name: other words are other evidence.
func evidenceList(t Tag, place int) string {
	return t.ID + "/" + hashOf(t.Fuzzy.Evidence[place].Rule.String())
}

// witness learns from those of people who did not meet a rule before.
func (s *Service) witness(ctx context.Context, t Tag, list string, weight float64, people *roaring.Bitmap, at time.Time) error {
	met, err := roll.People(ctx, s.db, list)
	if err != nil {
		return err
	}
	for fresh := roaring.AndNot(people, met).ToArray(); len(fresh) > 0; {
		n := min(len(fresh), learnAtOnce)
		part := fresh[:n]
		fresh = fresh[n:]
		met.AddMany(part)
		err := s.db.Tx(ctx, func(tx *store.Tx) error {
			if err := learn(ctx, tx, t, part, weight, at, always(Why{Code: "belief"})); err != nil {
				return err
			}
			return roll.PutTouched(ctx, tx, list, met, roaring.BitmapOf(part...))
		})
		if err != nil {
			return err
		}
	}
	ceased := roaring.AndNot(met, people)
	if ceased.IsEmpty() {
		return nil
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error { return roll.PutTouched(ctx, tx, list, people, ceased) })
}

// Pin is a person's decision about a fuzzy tag of somebody: verdict "yes" or "no" holds until it is taken back by "".
func (s *Service) Pin(ctx context.Context, tagID string, customer uint32, verdict, by string) error {
	t, err := byID(ctx, s.db, tagID)
	if err != nil {
		return err
	}
	if t.Kind != ByBelief || t.Archived {
		return errs.New(errs.Conflict, "tag.not_fuzzy", "only a fuzzy tag is confirmed or denied")
	}
	if verdict != "" && verdict != "yes" && verdict != "no" {
		return invalid("verdict", "yes, no, or empty")
	}
	defer s.segments.Reworded()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		b, err := store.One[belief](ctx, tx, `SELECT * FROM tag_beliefs WHERE tag_id = ? AND customer = ?`, tagID, int64(customer))
		if errs.Is(err, errs.NotFound) {
			b, err = belief{Tag: tagID, Customer: customer, At: s.now()}, nil
		}
		if err != nil {
			return err
		}
		b.Pinned, b.Why.By, b.Why.Code = verdict, by, "belief"
		if err := putBelief(ctx, tx, b); err != nil {
			return err
		}
		c := b.now(t.Fuzzy, s.now())
		why := Why{Code: "hand", By: by}
		return s.mark(ctx, tx, t, roaring.BitmapOf(customer), c >= t.Fuzzy.Threshold, s.now(), always(why))
	})
}
