package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"huoshui/internal/platform/id"
)

// Log is a second durable sequence in the same server, of entries that the stream does not look into: what came in from
// outside and waits to become facts. One reader keeps its own position.
type Log struct {
	s       *Stream
	name    string
	subject string
}

// LogConfig says how a log is kept.
type LogConfig struct {
	Name     string        // upper case, one word
	MaxAge   time.Duration // entries older than this are dropped; 0 keeps them
	MaxBytes int64         // a full log refuses new entries; 0 is no limit
}

// Entry is one entry of a log.
type Entry struct {
	Seq  uint64 // position, from 1
	At   time.Time
	Body []byte
}

func (e Entry) position() uint64 { return e.Seq }

// Log opens a log, making it where it is not there.
func (s *Stream) Log(ctx context.Context, cfg LogConfig) (*Log, error) {
	l := &Log{s: s, name: cfg.Name, subject: logPrefix + cfg.Name}
	want := jetstream.StreamConfig{
		Name:       cfg.Name,
		Subjects:   []string{l.subject},
		Discard:    jetstream.DiscardNew,
		MaxAge:     cfg.MaxAge,
		MaxBytes:   -1,
		Duplicates: logWindow,
	}
	if cfg.MaxBytes > 0 {
		want.MaxBytes = cfg.MaxBytes
	}
	if err := s.ensure(ctx, want); err != nil {
		return nil, fmt.Errorf("log %s: %w", cfg.Name, err)
	}
	return l, nil
}

// logWindow is how long a log knows an entry's id: longer than an append is tried.
const logWindow = time.Minute

// Append adds an entry and returns its position; it is on disk then. While a cluster has no leader it is tried until ctx
// ends or half a minute is over. An error says nothing about whether it is there: an answer may be lost, so whoever appends
// again must be able to tell two entries of one content. At most 8 MB.
func (l *Log) Append(ctx context.Context, body []byte) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return l.s.publish(ctx, &nats.Msg{Subject: l.subject, Data: body, Header: nats.Header{jetstream.MsgIDHeader: {id.New("ent")}}})
}

// Read gives every entry from position from (1 is the first), in order, in batches of at most batch entries. When fn fails
// Read starts over at the batch that failed, after a pause. It blocks until ctx ends. A reader that was away for longer than
// MaxAge continues at the oldest entry there is.
func (l *Log) Read(ctx context.Context, from uint64, batch int, fn func(ctx context.Context, batch []Entry) error) error {
	return readAll(ctx, l.s, l.name, nil, max(from, 1), batch, func(raw jetstream.Msg) (Entry, error) {
		meta, err := raw.Metadata()
		if err != nil {
			return Entry{}, err
		}
		return Entry{Seq: meta.Sequence.Stream, At: meta.Timestamp.UTC(), Body: raw.Data()}, nil
	}, fn)
}

// LastSeq is the position of the newest entry; 0 when there has been none.
func (l *Log) LastSeq(ctx context.Context) (uint64, error) { return l.s.lastSeq(ctx, l.name) }
