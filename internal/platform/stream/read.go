package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"huoshui/internal/platform/event"
)

// Read gives, to a reader that keeps its own position, every message from position from (1 is the first), in order,
// in batches of at most batch messages. When fn fails Read starts over at the batch that failed, after a pause.
// It blocks until ctx ends.
func (s *Stream) Read(ctx context.Context, from uint64, batch int, fn func(ctx context.Context, batch []Message) error) error {
	return s.ReadOf(ctx, nil, from, batch, fn)
}

// ReadOf is Read of the messages of some nouns only; of all when there are none.
func (s *Stream) ReadOf(ctx context.Context, nouns []string, from uint64, batch int, fn func(ctx context.Context, batch []Message) error) error {
	var subjects []string
	for _, n := range nouns {
		subjects = append(subjects, prefix+n)
	}
	return readAll(ctx, s, name, subjects, max(from, 1), batch, decode, fn)
}

// Bare is a message as it lies in the stream, for a reader that wants few of its facts.
type Bare struct {
	Seq  uint64
	Body []byte // its facts, see event.ParseFacts and event.Mentions
}

func (b Bare) position() uint64 { return b.Seq }

// ReadBare is Read of messages whose facts are not read.
func (s *Stream) ReadBare(ctx context.Context, from uint64, batch int, fn func(ctx context.Context, batch []Bare) error) error {
	return readAll(ctx, s, name, nil, max(from, 1), batch, func(raw jetstream.Msg) (Bare, error) {
		meta, err := raw.Metadata()
		if err != nil {
			return Bare{}, err
		}
		return Bare{meta.Sequence.Stream, raw.Data()}, nil
	}, fn)
}

// placed is anything with a position.
type placed interface{ position() uint64 }

func (m Message) position() uint64 { return m.Seq }

func readAll[T placed](ctx context.Context, s *Stream, stream string, subjects []string, from uint64, batch int, decode func(jetstream.Msg) (T, error), fn func(context.Context, []T) error) error {
	for ctx.Err() == nil {
		err := readFrom(ctx, s, stream, subjects, &from, batch, decode, fn)
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "stream reader starts over", "stream", stream, "from", from, "error", err)
			pause(ctx, time.Second)
		}
	}
	return nil
}

func readFrom[T placed](ctx context.Context, s *Stream, stream string, subjects []string, from *uint64, batch int, decode func(jetstream.Msg) (T, error), fn func(context.Context, []T) error) error {
	try, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	consumer, err := s.js.CreateConsumer(try, stream, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       *from,
		FilterSubjects:    subjects,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		InactiveThreshold: 5 * time.Minute,
	})
	if err != nil {
		return err
	}
	for given := uint64(0); ctx.Err() == nil; {
		fetched, err := s.fetch(ctx, consumer, batch)
		if err != nil {
			return err
		}
		// What was on its way when a connection broke does not come again: then the numbers of what comes have a hole.
		for _, raw := range fetched {
			meta, err := raw.Metadata()
			if err != nil {
				return err
			}
			if given++; meta.Sequence.Consumer != given {
				return fmt.Errorf("delivery %d came after %d", meta.Sequence.Consumer, given-1)
			}
		}
		messages := understood(ctx, s, fetched, "reader of "+stream, decode)
		if len(messages) == 0 {
			continue
		}
		if err := fn(ctx, messages); err != nil {
			return err
		}
		*from = messages[len(messages)-1].position() + 1
	}
	return nil
}

// understood reads messages. One that is not ours can never be understood and must not stop the rest: it is logged and
// passed over.
func understood[T any](ctx context.Context, s *Stream, fetched []jetstream.Msg, who string, decode func(jetstream.Msg) (T, error)) []T {
	messages := make([]T, 0, len(fetched))
	for _, raw := range fetched {
		m, err := decode(raw)
		if err != nil {
			s.log.ErrorContext(ctx, "stream message passed over", "reader", who, "error", err)
			continue
		}
		messages = append(messages, m)
	}
	return messages
}

// fetch waits for the first message, then takes what is there, up to n. Of a cluster, a second without a sign of life of
// the consumer's server is an error.
func (s *Stream) fetch(ctx context.Context, consumer jetstream.Consumer, n int) ([]jetstream.Msg, error) {
	batch, err := consumer.FetchNoWait(n)
	if err != nil {
		return nil, err
	}
	out := make([]jetstream.Msg, 0, n)
	for m := range batch.Messages() {
		out = append(out, m)
	}
	if len(out) > 0 {
		return out, nil // an error after messages shows itself in the next fetch
	}
	if err := batch.Error(); err != nil && !quiet(err) {
		return nil, err
	}
	endless, cancel := context.WithCancel(context.WithoutCancel(ctx)) // a deadline would be the server's to keep
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	options := []jetstream.FetchOpt{jetstream.FetchContext(endless)}
	if s.server == nil {
		options = append(options, jetstream.FetchHeartbeat(time.Second))
	}
	m, err := consumer.Next(options...)
	if err != nil {
		if ctx.Err() != nil || quiet(err) {
			return nil, nil
		}
		return nil, err
	}
	return append(out, m), nil
}

func quiet(err error) bool {
	return errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages) || errors.Is(err, context.DeadlineExceeded)
}

func decode(raw jetstream.Msg) (Message, error) {
	meta, err := raw.Metadata()
	if err != nil {
		return Message{}, err
	}
	m := Message{
		ID:    idOf(raw),
		Noun:  strings.TrimPrefix(raw.Subject(), prefix),
		Seq:   meta.Sequence.Stream,
		Maybe: raw.Headers().Get(maybeHeader) != "",
	}
	if m.Facts, err = event.ParseFacts(raw.Data()); err != nil {
		return Message{}, fmt.Errorf("message %s: %w", strconv.FormatUint(m.Seq, 10), err)
	}
	if len(m.Facts) == 0 {
		return Message{}, fmt.Errorf("message %d holds no facts", m.Seq)
	}
	return m, nil
}

// idOf is what the publisher called a message.
func idOf(raw jetstream.Msg) string {
	if id := raw.Headers().Get(jetstream.MsgIDHeader); id != "" {
		return id
	}
	return raw.Headers().Get(idHeader)
}
