package layer

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

// Setting is the name of the definition among the settings.
const Setting = "layering"

// Engine walks every customer's facts once, in time order; package audience has it.
type Engine interface {
	// Walk shows everybody's timeline, as of an instant, to the folds in one pass.
	Walk(ctx context.Context, asOf time.Time, folds ...audience.Fold) (*audience.Pass, error)
	// WalkOne shows one person's timeline to the folds.
	WalkOne(ctx context.Context, asOf time.Time, customer uint32, folds ...audience.Fold) (*audience.Pass, error)
	// State is the newest refresh's state; read only.
	State(ctx context.Context) (*audience.State, error)
}

// Service keeps definitions and snapshots, and answers from them.
type Service struct {
	db     *store.DB
	engine Engine
	now    clock.Clock
	zone   *time.Location

	saved   chan struct{} // a refresh has stored a snapshot
	filling sync.Mutex    // one reconstruction at a time
}

// NewService returns the service; zone is the business zone.
func NewService(db *store.DB, engine Engine, now clock.Clock, zone *time.Location) *Service {
	return &Service{db: db, engine: engine, now: now, zone: zone, saved: make(chan struct{}, 1)}
}

// Store is where the service keeps its snapshots; for reads beside them.
func (s *Service) Store() store.Querier { return s.db }

// Today is the day of the business zone, YYYY-MM-DD.
func (s *Service) Today() string { return s.now().In(s.zone).Format(time.DateOnly) }

// EndOf returns the last instant of a day (YYYY-MM-DD) of the business zone: "as of a day" includes the day. "" is now,
// and so is today.
func (s *Service) EndOf(day string) (time.Time, error) {
	now := s.now()
	if day == "" {
		return now, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, day, s.zone)
	if err != nil {
		return now, errs.New(errs.Invalid, "layer.day", "%q is not a day, YYYY-MM-DD", day).At("as_of")
	}
	y, m, d := t.Date()
	end := time.Date(y, m, d+1, 0, 0, 0, 0, s.zone).Add(-time.Microsecond).UTC()
	if day == now.In(s.zone).Format(time.DateOnly) {
		return now, nil
	}
	return end, nil
}

// refresh is the part of this package in one refresh of the audience engine.
type refresh struct {
	*Pass
	service *Service
	version int64
}

// Prepare reads the definition in force and returns the part it plays in one pass.
func (s *Service) Prepare(ctx context.Context, _ time.Time) (audience.LayerPass, error) {
	def, version, err := settings.Get(ctx, s.db, Setting, Default())
	if err != nil {
		return nil, err
	}
	return &refresh{Pass: NewPass(def), service: s, version: version}, nil
}

// Save stores the snapshot of the day and the facts of who changed layer since the snapshot before.
func (r *refresh) Save(ctx context.Context, _ time.Time, seq uint64) error {
	s := r.service
	r.seq = seq
	sets, err := r.sets(ctx)
	if err != nil {
		return err
	}
	snap := r.snapshot(sets, r.version, false, s.now())
	if err := s.announce(ctx, snap, sets); err != nil {
		return fmt.Errorf("announce who changed layer: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := putSnapshot(ctx, tx, snap, sets); err != nil {
			return err
		}
		return thin(ctx, tx, snap.Day)
	})
	if err != nil {
		return fmt.Errorf("save snapshot of %s: %w", snap.Day, err)
	}
	select {
	case s.saved <- struct{}{}:
	default: // somebody will look already
	}
	return nil
}

// changeProps is what a layer.changed fact says beyond its columns.
type changeProps struct {
	Cause string `json:"cause"` // "facts", or "definition" when the rules changed in between
}

// announce appends a layer.changed fact for everybody who is in another layer than in the last snapshot taken on its
// day; the first snapshot of all is where counting begins and announces nobody. Facts go out in batches before the
// snapshot is saved; a refresh that dies in between says the same again with the same ids.
func (s *Service) announce(ctx context.Context, snap Snapshot, sets []set) error {
	before, err := store.One[Snapshot](ctx, s.db, `SELECT * FROM layer_snapshots WHERE reconstructed = ? AND as_of <= ? ORDER BY as_of DESC LIMIT 1`, false, snap.AsOf)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	was := map[string]*roaring.Bitmap{}
	known := roaring.New()
	for _, l := range Layers[1:] {
		b, err := numbers(ctx, s.db, before.Day, KindLayer, string(l))
		if err != nil {
			return err
		}
		was[string(l)] = b
		known.Or(b)
	}
	props := changeProps{Cause: "facts"}
	if before.DefinitionVersion != snap.DefinitionVersion {
		props.Cause = "definition"
	}
	packed, err := json.Marshal(props)
	if err != nil {
		return err
	}
	batch := &batch{db: s.db}
	for _, now := range sets {
		if now.Kind != KindLayer {
			continue
		}
		moved := map[string]*roaring.Bitmap{"": roaring.AndNot(now.bitmap, known)}
		for from, b := range was {
			if from != now.Code {
				moved[from] = roaring.And(b, now.bitmap)
			}
		}
		for from, people := range moved {
			for it := people.Iterator(); it.HasNext(); {
				n := it.Next()
				err := batch.add(ctx, event.Fact{
					ID:   id.From("fact", event.LayerChanged, before.AsOf.Format(time.RFC3339Nano), strconv.FormatUint(uint64(n), 10), now.Code),
					Name: event.LayerChanged, Customer: n, At: snap.AsOf, Subject: now.Code, Detail: from + ">" + now.Code, Props: packed,
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return batch.flush(ctx)
}

// batch appends facts to the outbox a few thousand at a time, so that the store's one writer is never held for long.
type batch struct {
	db    *store.DB
	facts []event.Fact
}

func (b *batch) add(ctx context.Context, f event.Fact) error {
	b.facts = append(b.facts, f)
	if len(b.facts) < 5000 {
		return nil
	}
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.facts) == 0 {
		return nil
	}
	err := b.db.Tx(ctx, func(tx *store.Tx) error { return outbox.Append(ctx, tx, b.facts...) })
	b.facts = b.facts[:0]
	return err
}

// Compute runs one pass by a definition as of an instant, storing nothing.
func (s *Service) Compute(ctx context.Context, asOf time.Time, defs ...Definition) ([]*Pass, error) {
	passes := make([]*Pass, len(defs))
	folds := make([]audience.Fold, len(defs))
	for i, def := range defs {
		if err := def.Validate(); err != nil {
			return nil, err
		}
		passes[i] = NewPass(def)
		folds[i] = passes[i]
	}
	if _, err := s.engine.Walk(ctx, asOf, folds...); err != nil {
		return nil, err
	}
	for _, p := range passes {
		if _, err := p.Finish(ctx, nil); err != nil {
			return nil, err
		}
	}
	return passes, nil
}
