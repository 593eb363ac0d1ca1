package collect

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Sealer encrypts what must be kept but not read; secret.Keys is one.
type Sealer interface {
	Seal(purpose string, plain []byte) (string, error)
	Open(purpose, sealed string) ([]byte, error)
}

const (
	secretPurpose = "webhook sources"
	sourcesAge    = 5 * time.Second // how old the sources in memory may be before they are read again
)

// row is a source as the store has it: with the key it had before, and its secret sealed.
type row struct {
	Source
	OldKey   string    `db:"old_key,null"`
	OldUntil time.Time `db:"old_until"`
}

// Sources are the sources of the brand, kept in memory for the edge. Safe for concurrent use.
type Sources struct {
	db   *store.DB
	seal Sealer
	now  clock.Clock

	seen     atomic.Pointer[snapshot]
	reading  sync.Mutex
	renewing atomic.Bool
	tallies  sync.Map // source id → *tally
	strange  tally    // requests of nobody's
}

// snapshot is all sources at a moment.
type snapshot struct {
	began time.Time // when reading them began, by the machine's clock
	byKey map[string]*Source
	until map[string]time.Time // of keys that work only so long
	byID  map[string]*Source
}

// tally counts requests since the start of the process.
type tally struct{ accepted, refused, events, lastAt atomic.Int64 }

// SourceStats is what came from a source since this process began.
type SourceStats struct {
	Accepted int64     `json:"accepted" doc:"Requests that were kept, since the server began"`
	Refused  int64     `json:"refused" doc:"Requests that were not, since the server began"`
	Events   int64     `json:"events" doc:"Events in the requests that were kept, before repetitions are dropped"`
	LastAt   time.Time `json:"last_at" doc:"When the last request was kept; zero time when none was"`
}

// SourceView is a source and what came from it.
type SourceView struct {
	Source
	SourceStats
}

// NewSources returns the sources of a store. now is business time for records.
func NewSources(db *store.DB, seal Sealer, now clock.Clock) *Sources {
	return &Sources{db: db, seal: seal, now: now}
}

// List returns every source by name; whole shows keys and secrets.
func (s *Sources) List(ctx context.Context, whole bool) ([]SourceView, error) {
	rows, err := store.All[row](ctx, s.db, `SELECT * FROM sources ORDER BY LOWER(name), id`)
	if err != nil {
		return nil, err
	}
	out := make([]SourceView, len(rows))
	for i, r := range rows {
		if out[i], err = s.view(r.Source, whole); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Get returns one source; whole shows its key and secret.
func (s *Sources) Get(ctx context.Context, sourceID string, whole bool) (SourceView, error) {
	r, err := s.row(ctx, s.db, sourceID)
	if err != nil {
		return SourceView{}, err
	}
	return s.view(r.Source, whole)
}

func (s *Sources) view(src Source, whole bool) (SourceView, error) {
	v := SourceView{Source: src.masked(), SourceStats: s.Stats(src.ID)}
	if !whole {
		return v, nil
	}
	v.Source = src
	var err error
	v.Secret, err = s.unsealed(src.Secret)
	return v, err
}

func (s *Sources) unsealed(sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	plain, err := s.seal.Open(secretPurpose, sealed)
	return string(plain), err
}

func (s *Sources) row(ctx context.Context, q store.Querier, sourceID string) (row, error) {
	r, err := store.One[row](ctx, q, `SELECT * FROM sources WHERE id = ?`, sourceID)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "source.not_found", "there is no source %q", sourceID)
	}
	return r, err
}

// Create makes a source with a key of its own, and for a webhook a secret.
func (s *Sources) Create(ctx context.Context, d SourceDraft, by string) (SourceView, error) {
	r := row{Source: Source{ID: id.New("src"), WriteKey: newKey("wk"), CreatedAt: s.now(), ChangedBy: by}}
	if err := r.take(d); err != nil {
		return SourceView{}, err
	}
	r.ChangedAt = r.CreatedAt
	if r.Kind == Hook {
		var err error
		if r.Secret, err = s.seal.Seal(secretPurpose, []byte(newSecret())); err != nil {
			return SourceView{}, err
		}
	}
	err := s.db.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "sources", r) })
	if err != nil {
		return SourceView{}, err
	}
	s.forget()
	return s.view(r.Source, true)
}

// Update replaces what a person says of a source; its kind and keys stay.
func (s *Sources) Update(ctx context.Context, sourceID string, d SourceDraft, by string) (SourceView, error) {
	return s.change(ctx, sourceID, by, func(r *row) error {
		if d.Kind != r.Kind {
			return errs.New(errs.Conflict, "source.kind_fixed", "the kind of a source cannot change; make another").At("kind")
		}
		return r.take(d)
	})
}

// Rotate gives a source a new key, and a webhook a new secret. The old key goes on working for a while: 0 ends it at once,
// for a key that leaked. A secret has no such time.
func (s *Sources) Rotate(ctx context.Context, sourceID string, grace time.Duration, by string) (SourceView, error) {
	return s.change(ctx, sourceID, by, func(r *row) (err error) {
		r.OldKey, r.OldUntil = "", time.Time{}
		if grace > 0 {
			r.OldKey, r.OldUntil = r.WriteKey, s.now().Add(grace)
		}
		r.WriteKey = newKey("wk")
		if r.Kind == Hook {
			r.Secret, err = s.seal.Seal(secretPurpose, []byte(newSecret()))
		}
		return err
	})
}

// Pause stops or goes on keeping what a source sends.
func (s *Sources) Pause(ctx context.Context, sourceID string, paused bool, by string) (SourceView, error) {
	return s.change(ctx, sourceID, by, func(r *row) error { r.Paused = paused; return nil })
}

func (s *Sources) change(ctx context.Context, sourceID, by string, fn func(*row) error) (SourceView, error) {
	var r row
	err := s.db.Tx(ctx, func(tx *store.Tx) (err error) {
		if r, err = s.row(ctx, tx, sourceID); err != nil {
			return err
		}
		if err = fn(&r); err != nil {
			return err
		}
		r.ChangedAt, r.ChangedBy = s.now(), by
		_, err = store.InsertAll(ctx, tx, "sources", []row{r}, `ON CONFLICT (id) DO UPDATE SET name = excluded.name, protocols = excluded.protocols,
			write_key = excluded.write_key, old_key = excluded.old_key, old_until = excluded.old_until, secret = excluded.secret,
			origins = excluded.origins, trusted = excluded.trusted, paused = excluded.paused, mapping = excluded.mapping, channel = excluded.channel,
			changed_at = excluded.changed_at, changed_by = excluded.changed_by`)
		return err
	})
	if err != nil {
		return SourceView{}, err
	}
	s.forget()
	return s.view(r.Source, true)
}

// forget makes the next look read the store.
func (s *Sources) forget() { s.seen.Store(nil) }

// ByID returns a source as it is now, nil when there is none by that id.
func (s *Sources) ByID(ctx context.Context, sourceID string) (*Source, error) {
	return s.find(ctx, func(all *snapshot) *Source { return all.byID[sourceID] })
}

// byKey returns the source that the first known of some keys belongs to; nil only when the store has said that there is
// none.
func (s *Sources) byKey(ctx context.Context, keys []string) (*Source, error) {
	return s.find(ctx, func(all *snapshot) *Source {
		for _, key := range keys {
			if until, limited := all.until[key]; limited && s.now().After(until) {
				continue
			}
			if src := all.byKey[key]; src != nil {
				return src
			}
		}
		return nil
	})
}

// find looks among the sources in memory. What is not there is looked for in the store; what is there is good enough
// while the store does not answer.
func (s *Sources) find(ctx context.Context, look func(*snapshot) *Source) (*Source, error) {
	began := time.Now()
	if all := s.seen.Load(); all != nil {
		if src := look(all); src != nil {
			if began.Sub(all.began) > sourcesAge && s.renewing.CompareAndSwap(false, true) {
				go func() {
					defer s.renewing.Store(false)
					ctx, cancel := context.WithTimeout(context.Background(), sourcesAge)
					defer cancel()
					_, _ = s.read(ctx, began) // the next look tries again
				}()
			}
			return src, nil
		}
	}
	all, err := s.read(ctx, began)
	if err != nil {
		return nil, err
	}
	return look(all), nil
}

// read returns the sources as they were after a time, by reading the store unless somebody has.
func (s *Sources) read(ctx context.Context, after time.Time) (*snapshot, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if all := s.seen.Load(); all != nil && all.began.After(after) {
		return all, nil
	}
	all := &snapshot{began: time.Now(), byKey: map[string]*Source{}, until: map[string]time.Time{}, byID: map[string]*Source{}}
	rows, err := store.All[row](ctx, s.db, `SELECT * FROM sources`)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "collect.unavailable", err)
	}
	for _, r := range rows {
		src := r.Source
		if src.Secret, err = s.unsealed(src.Secret); err != nil {
			return nil, errs.Wrap(errs.Unavailable, "collect.unavailable", err)
		}
		all.byID[src.ID], all.byKey[src.WriteKey] = &src, &src
		if r.OldKey != "" {
			all.byKey[r.OldKey], all.until[r.OldKey] = &src, r.OldUntil
		}
	}
	s.seen.Store(all)
	return all, nil
}

func (s *Sources) tally(sourceID string) *tally {
	if sourceID == "" {
		return &s.strange
	}
	if t, ok := s.tallies.Load(sourceID); ok {
		return t.(*tally)
	}
	t, _ := s.tallies.LoadOrStore(sourceID, &tally{})
	return t.(*tally)
}

// Stats returns what came from a source since the process began; of "", what came with no source's key.
func (s *Sources) Stats(sourceID string) SourceStats {
	t := s.tally(sourceID)
	out := SourceStats{Accepted: t.accepted.Load(), Refused: t.refused.Load(), Events: t.events.Load()}
	if at := t.lastAt.Load(); at != 0 {
		out.LastAt = time.UnixMicro(at).UTC()
	}
	return out
}

// EachStats calls fn for every source that something came from, and with "" for what came with no source's key.
func (s *Sources) EachStats(fn func(sourceID string, stats SourceStats)) {
	fn("", s.Stats(""))
	s.tallies.Range(func(sourceID, _ any) bool {
		fn(sourceID.(string), s.Stats(sourceID.(string)))
		return true
	})
}
