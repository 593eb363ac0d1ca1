package hook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/webhook"
)

// Stream is where changes come from.
type Stream interface {
	LastSeq(ctx context.Context) (uint64, error)
	ReadOf(ctx context.Context, nouns []string, from uint64, batch int, fn func(ctx context.Context, batch []stream.Message) error) error
}

// Sealer keeps secrets.
type Sealer interface {
	Seal(purpose string, plain []byte) (string, error)
	Open(purpose, sealed string) ([]byte, error)
}

const purpose = "segment hook"

// Service keeps hooks and delivers to them. Safe for concurrent use.
type Service struct {
	db     *store.DB
	stream Stream
	keys   Sealer
	now    clock.Clock
	rest   time.Duration // after a first failure

	mu   sync.Mutex
	bell chan struct{} // something was decided
	open map[bool]*http.Client
}

// NewService returns the service. now is the machine's time: other systems live by it, also where the brand's is moved.
func NewService(db *store.DB, s Stream, keys Sealer, now clock.Clock) *Service {
	return &Service{db: db, stream: s, keys: keys, now: now, rest: firstWait, bell: make(chan struct{}, 1), open: map[bool]*http.Client{}}
}

func (s *Service) client(allowPrivate bool) *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[allowPrivate] == nil {
		s.open[allowPrivate] = webhook.NewClient(4, allowPrivate)
	}
	return s.open[allowPrivate]
}

func (s *Service) ring() {
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// List returns the hooks of a segment, the oldest first. whole shows addresses as they are.
func (s *Service) List(ctx context.Context, segment string, whole bool) ([]Hook, error) {
	all, err := hooksOf(ctx, s.db, segment)
	for i := range all {
		all[i] = shown(all[i], whole)
	}
	return all, err
}

// shown is a hook for somebody who may see its address, or not: a path or query may hold a secret.
func shown(h Hook, whole bool) Hook {
	if u, err := url.Parse(h.URL); !whole && err == nil {
		h.URL = u.Scheme + "://" + u.Host
	}
	return h
}

// Deliveries returns the last requests to a hook, newest first.
func (s *Service) Deliveries(ctx context.Context, id string) ([]Delivery, error) {
	if _, err := hookByID(ctx, s.db, id); err != nil {
		return nil, err
	}
	return deliveriesOf(ctx, s.db, id)
}

// Create makes a hook of a segment, which hears what happens from now on, and returns it with its secret, which is shown
// only now.
func (s *Service) Create(ctx context.Context, segment string, d Draft, by string) (Hook, string, error) {
	if err := d.check(); err != nil {
		return Hook{}, "", err
	}
	if d.Secret == "" {
		var b [32]byte
		_, _ = rand.Read(b[:]) // it does not fail
		d.Secret = base64.RawURLEncoding.EncodeToString(b[:])
	}
	sealed, err := s.keys.Seal(purpose, []byte(d.Secret))
	if err != nil {
		return Hook{}, "", err
	}
	last, err := s.stream.LastSeq(ctx)
	if err != nil {
		return Hook{}, "", err
	}
	now := s.now()
	h := Hook{ID: id.New("hook"), SegmentID: segment, Name: d.Name, URL: d.URL, AllowPrivate: d.AllowPrivate, State: Active, Version: 1,
		CreatedBy: by, CreatedAt: now, UpdatedAt: now, Sealed: sealed, Seq: int64(last)}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		known, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM segments WHERE id = ?`, segment)
		if err == nil && known == 0 {
			err = errs.New(errs.NotFound, "segment.not_found", "there is no such segment")
		}
		if err != nil {
			return err
		}
		type count struct {
			All int64 `db:"everywhere"`
			Of  int64 `db:"of_one"`
		}
		n, err := store.One[count](ctx, tx, `SELECT COUNT(*) AS everywhere, COUNT(*) FILTER (WHERE segment_id = ?) AS of_one FROM segment_hooks`, segment)
		if err != nil {
			return err
		}
		if n.All >= mostHooks || n.Of >= mostOfOne {
			return errs.New(errs.Conflict, "hook.too_many", "a segment has at most %d webhooks, all together at most %d", mostOfOne, mostHooks)
		}
		return store.Insert(ctx, tx, "segment_hooks", h)
	})
	if err != nil {
		return Hook{}, "", err
	}
	s.ring()
	return h, d.Secret, nil
}

// Change replaces what a person says of a hook that was read at a version. It goes on where it was, and at once.
func (s *Service) Change(ctx context.Context, id string, version int64, d Draft) (Hook, error) {
	if err := d.check(); err != nil {
		return Hook{}, err
	}
	return s.decide(ctx, id, version, func(h *Hook) error {
		h.Name, h.URL, h.AllowPrivate = d.Name, d.URL, d.AllowPrivate
		if d.Secret == "" {
			return nil
		}
		var err error
		h.Sealed, err = s.keys.Seal(purpose, []byte(d.Secret))
		return err
	})
}

// Pause stops a hook, or starts it again where it was; skipping, it hears what happens from now on.
func (s *Service) Pause(ctx context.Context, id string, version int64, paused, skip bool) (Hook, error) {
	var last uint64
	if skip {
		var err error
		if last, err = s.stream.LastSeq(ctx); err != nil {
			return Hook{}, err
		}
	}
	return s.decide(ctx, id, version, func(h *Hook) error {
		h.State = Active
		if paused {
			h.State = Paused
		}
		if skip {
			h.Seq = max(h.Seq, int64(last))
		}
		return nil
	})
}

func (s *Service) decide(ctx context.Context, id string, version int64, change func(h *Hook) error) (Hook, error) {
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		h, err := hookByID(ctx, tx, id)
		if err != nil {
			return err
		}
		h.UpdatedAt = s.now()
		if err := change(&h); err != nil {
			return err
		}
		return decided(ctx, tx, h, version)
	})
	if err != nil {
		return Hook{}, err
	}
	s.ring()
	return hookByID(ctx, s.db, id)
}

// Remove ends a hook and forgets its deliveries.
func (s *Service) Remove(ctx context.Context, id string) error {
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := hookByID(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM segment_hook_deliveries WHERE hook_id = ?`, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM segment_hooks WHERE id = ?`, id)
		return err
	})
	s.ring()
	return err
}

// Try sends a request that says nothing of people, once, and returns what became of it.
func (s *Service) Try(ctx context.Context, hook string) (Delivery, error) {
	h, err := hookByID(ctx, s.db, hook)
	if err != nil {
		return Delivery{}, err
	}
	d, _, err := s.post(ctx, h, Request{ID: id.New("hks"), Type: "segment.test", Changes: []Change{}})
	if err != nil {
		return d, err
	}
	d.Test = true
	return d, s.db.Tx(ctx, func(tx *store.Tx) error { return tried(ctx, tx, h, d) })
}

// post sends one request. The error is ours: what the receiver did is in the delivery; gone says that it wants no more.
func (s *Service) post(ctx context.Context, h Hook, r Request) (d Delivery, gone bool, err error) {
	secret, err := s.keys.Open(purpose, h.Sealed)
	if err != nil {
		return d, false, fmt.Errorf("hook %s: %w", h.ID, err)
	}
	segment, err := store.One[Named](ctx, s.db, `SELECT id, name, version FROM segments WHERE id = ?`, h.SegmentID)
	if err != nil {
		return d, false, err
	}
	at := s.now()
	r.Hook, r.Segment, r.SentAt = h.ID, segment, at.UTC().Truncate(time.Millisecond)
	body, err := encode(r)
	if err != nil {
		return d, false, err
	}
	begin := time.Now()
	answer := webhook.Post(ctx, s.client(h.AllowPrivate), h.URL, secret, r.ID, body, at, nil)
	return Delivery{
		ID: id.New("hkd"), HookID: h.ID, At: at, Changes: int64(len(r.Changes)), Status: int64(answer.Status), OK: answer.OK(), Said: answer.Said,
		Millis: time.Since(begin).Milliseconds(),
	}, answer.Status == http.StatusGone, unanswered(ctx, answer)
}

// unanswered is the end of ctx, when that is why there was no answer.
func unanswered(ctx context.Context, a webhook.Answer) error {
	if a.Status != 0 {
		return nil
	}
	return ctx.Err()
}
