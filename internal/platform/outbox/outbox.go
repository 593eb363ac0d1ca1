// Package outbox carries facts from the transaction that caused them to the stream, at least once.
//
// The relay publishes rows with no transaction open and deletes them by id. Rows that it finds when it starts, or
// that it published without hearing an answer, may be in the stream already: they go out marked Maybe, so that the
// warehouse looks before it counts them. All others cannot have been published before.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
)

// perMessage is how many facts travel in one message; at some 400 bytes each far below the stream's limit.
const perMessage = 500

type row struct {
	ID    string `db:"id"`
	Noun  string `db:"noun"`
	Facts string `db:"facts"`
}

// Append records facts in the transaction that causes them. Facts of one noun travel together, in order.
func Append(ctx context.Context, tx *store.Tx, facts ...event.Fact) error {
	byNoun := map[string][]event.Fact{}
	var nouns []string
	for _, f := range facts {
		noun, _, ok := strings.Cut(f.Name, ".")
		if !ok || f.ID == "" || f.At.IsZero() {
			return fmt.Errorf("outbox: fact %q (id %q, at %s) needs a dotted name, an id and a time", f.Name, f.ID, f.At)
		}
		if _, seen := byNoun[noun]; !seen {
			nouns = append(nouns, noun)
		}
		f.At = f.At.UTC().Truncate(time.Microsecond)
		byNoun[noun] = append(byNoun[noun], f)
	}
	var rows []row
	for _, noun := range nouns {
		for all := byNoun[noun]; len(all) > 0; {
			n := min(len(all), perMessage)
			body, err := json.Marshal(all[:n])
			if err != nil {
				return fmt.Errorf("outbox: %w", err)
			}
			rows = append(rows, row{ID: id.New("msg"), Noun: noun, Facts: string(body)})
			all = all[n:]
		}
	}
	return store.InsertLater(ctx, tx, "outbox", rows, "")
}

// Relay publishes what the outbox holds.
type Relay struct {
	db     *store.DB
	stream *stream.Stream
	log    *slog.Logger
	fresh  string          // rows with a greater id were written after the relay started
	doubt  map[string]bool // published without an answer; small: one batch
	wake   chan struct{}
}

// NewRelay returns a relay from db to s. One relay at a time should run against a store.
func NewRelay(db *store.DB, s *stream.Stream, log *slog.Logger) *Relay {
	return &Relay{db: db, stream: s, log: log, doubt: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// Wake makes a running relay look at the outbox now: for callers who wait until it is empty.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run publishes until ctx ends.
func (r *Relay) Run(ctx context.Context) error {
	const atRest = 200 * time.Millisecond
	for ctx.Err() == nil {
		n, err := r.Once(ctx)
		wait := atRest
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			r.log.WarnContext(ctx, "outbox relay", "error", err)
			wait = time.Second
		case n > 0:
			wait = 0
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-time.After(wait):
		}
	}
	return nil
}

// Once publishes one batch and returns how many messages went; 0 when the outbox is empty.
func (r *Relay) Once(ctx context.Context) (int, error) {
	if r.fresh == "" {
		last, err := store.One[string](ctx, r.db, `SELECT COALESCE(MAX(id), 'msg_') FROM outbox`)
		if err != nil {
			return 0, err
		}
		r.fresh = last
	}
	rows, err := store.All[row](ctx, r.db, `SELECT id, noun, facts FROM outbox ORDER BY id LIMIT 256`)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	messages := make([]stream.Message, len(rows))
	ids := make([]string, len(rows))
	for i, w := range rows {
		m := stream.Message{ID: w.ID, Noun: w.Noun, Maybe: w.ID <= r.fresh || r.doubt[w.ID]}
		if err := json.Unmarshal([]byte(w.Facts), &m.Facts); err != nil {
			return 0, fmt.Errorf("outbox row %s: %w", w.ID, err)
		}
		messages[i], ids[i] = m, w.ID
	}
	for _, i := range ids { // until the rows are deleted, they may be published and still be here
		r.doubt[i] = true
	}
	if err := r.stream.Publish(ctx, messages); err != nil {
		return 0, err
	}
	var w store.Where
	store.In(&w, "id", ids)
	if _, err := r.db.Exec(ctx, `DELETE FROM outbox`+w.SQL(), w.Args()...); err != nil {
		return 0, err
	}
	clear(r.doubt)
	return len(rows), nil
}

// Drain publishes until the outbox is empty: for commands that end.
func (r *Relay) Drain(ctx context.Context) error {
	for {
		n, err := r.Once(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// Depth returns how many messages wait in the outbox.
func Depth(ctx context.Context, q store.Querier) (int64, error) {
	return store.One[int64](ctx, q, `SELECT COUNT(*) FROM outbox`)
}
