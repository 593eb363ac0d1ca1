package tag

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// SampleSize is how many carriers an audit looks at, at most.
const SampleSize = 50

// Audit is a sample of carriers that somebody judges: does the tag say what is so?
type Audit struct {
	ID         string    `db:"id" json:"id"`
	Tag        string    `db:"tag_id" json:"tag"`
	Version    int64     `db:"version" json:"version" doc:"Of the tag when the sample was drawn"`
	Seed       string    `db:"seed" json:"seed" doc:"The same seed draws the same people from the same carriers"`
	People     int64     `db:"people" json:"people" doc:"Who carried it then"`
	Sampled    int64     `db:"sampled" json:"sampled"`
	Judged     int64     `db:"judged" json:"judged"`
	Right      int64     `db:"right_" json:"right"`
	StartedBy  string    `db:"started_by" json:"started_by"`
	StartedAt  time.Time `db:"started_at" json:"started_at"`
	FinishedAt time.Time `db:"finished_at" json:"finished_at,omitzero" doc:"When the last was judged"`
}

// Verdict is the judgement of one carrier.
type Verdict struct {
	Audit    string    `db:"audit_id" json:"-"`
	Place    int64     `db:"place" json:"place" doc:"From 0"`
	Customer uint32    `db:"customer" json:"customer"`
	Verdict  string    `db:"verdict" json:"verdict" enum:",right,wrong"`
	By       string    `db:"judged_by" json:"judged_by,omitempty"`
	At       time.Time `db:"judged_at" json:"judged_at,omitzero"`
}

// sample draws up to n of people by a seed, in the order in which they are looked at.
func sample(people *roaring.Bitmap, n int, seed string) []uint32 {
	size := people.GetCardinality()
	sum := sha256.Sum256([]byte(seed))
	chance := rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
	seen := map[uint32]bool{}
	var out []uint32
	for uint64(len(out)) < min(uint64(n), size) {
		one, err := people.Select(uint32(chance.Uint64N(size)))
		if err == nil && !seen[one] {
			seen[one] = true
			out = append(out, one)
		}
	}
	return out
}

// StartAudit draws a sample of who carries a tag now. An empty seed is made.
func (s *Service) StartAudit(ctx context.Context, tagID, seed, by string) (Audit, error) {
	t, err := byID(ctx, s.db, tagID)
	if err != nil {
		return Audit{}, err
	}
	people, err := roll.People(ctx, s.db, tagID)
	if err != nil {
		return Audit{}, err
	}
	if people.IsEmpty() {
		return Audit{}, errs.New(errs.Conflict, "tag.nobody", "nobody carries the tag")
	}
	a := Audit{ID: id.New("tga"), Tag: tagID, Version: t.Version, Seed: seed, People: int64(people.GetCardinality()), StartedBy: by, StartedAt: s.now()}
	if a.Seed == "" {
		a.Seed = a.ID
	}
	drawn := sample(people, SampleSize, a.Seed)
	a.Sampled = int64(len(drawn))
	return a, s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := store.Insert(ctx, tx, "tag_audits", a); err != nil {
			return err
		}
		rows := make([]Verdict, len(drawn))
		for i, n := range drawn {
			rows[i] = Verdict{Audit: a.ID, Place: int64(i), Customer: n}
		}
		_, err := store.InsertAll(ctx, tx, "tag_verdicts", rows, "")
		return err
	})
}

// Audits returns the audits of a tag, the newest first.
func (s *Service) Audits(ctx context.Context, tagID string) ([]Audit, error) {
	return store.All[Audit](ctx, s.db, `SELECT * FROM tag_audits WHERE tag_id = ? ORDER BY started_at DESC, id DESC`, tagID)
}

// Audit returns an audit with its sample, in the order in which it is looked at.
func (s *Service) Audit(ctx context.Context, auditID string) (Audit, []Verdict, error) {
	a, err := auditByID(ctx, s.db, auditID)
	if err != nil {
		return a, nil, err
	}
	all, err := store.All[Verdict](ctx, s.db, `SELECT * FROM tag_verdicts WHERE audit_id = ? ORDER BY place`, auditID)
	return a, all, err
}

func auditByID(ctx context.Context, q store.Querier, id string) (Audit, error) {
	a, err := store.One[Audit](ctx, q, `SELECT * FROM tag_audits WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "tag.no_audit", "there is no audit %s", id)
	}
	return a, err
}

// Judge notes or changes the judgement of one of the sample.
func (s *Service) Judge(ctx context.Context, auditID string, place int64, verdict, by string) (a Audit, err error) {
	if !slices.Contains([]string{"right", "wrong"}, verdict) {
		return a, invalid("verdict", "right or wrong")
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE tag_verdicts SET verdict = ?, judged_by = ?, judged_at = ? WHERE audit_id = ? AND place = ?`, verdict, by, s.now(), auditID, place)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "tag.no_audit", "there is no place %d in audit %s", place, auditID)
		}
		type counts struct {
			Judged int64 `db:"judged"`
			Right  int64 `db:"right_"`
		}
		c, err := store.One[counts](ctx, tx, `SELECT COUNT(*) FILTER (WHERE verdict <> '') AS judged, COUNT(*) FILTER (WHERE verdict = 'right') AS right_ FROM tag_verdicts WHERE audit_id = ?`, auditID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE tag_audits SET judged = ?, right_ = ?, finished_at = CASE WHEN sampled = ? THEN COALESCE(finished_at, ?) ELSE finished_at END WHERE id = ?`,
			c.Judged, c.Right, c.Judged, s.now(), auditID); err != nil {
			return err
		}
		a, err = auditByID(ctx, tx, auditID)
		return err
	})
	return a, err
}
