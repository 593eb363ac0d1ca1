// Package stream is the durable order of facts: NATS JetStream, embedded in the data directory or a cluster at a URL.
// A published message is on disk before Publish returns. Delivery is at least once.
package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
)

const (
	name        = "FACTS"
	prefix      = "facts."
	maybeHeader = "Huoshui-Maybe"
	// window is how long the stream itself refuses a second message of the same id. Beyond it the Maybe mark
	// makes the reader look.
	window = 2 * time.Minute
)

// Message is facts of one noun that were appended in one transaction.
type Message struct {
	ID    string       // the outbox row's id
	Noun  string       // "order", "message": the part of the facts' names before the dot
	Seq   uint64       // position in the stream, from 1; set when read
	Maybe bool         // it may already have been published once, outside the stream's own window
	Facts []event.Fact // never empty
}

// Stream is an open connection to the stream. Safe for concurrent use.
type Stream struct {
	server *server.Server // nil when the stream is elsewhere
	conn   *nats.Conn
	js     jetstream.JetStream
	log    *slog.Logger
}

// Config says where the stream is.
type Config struct {
	Dir      string // data folder of the embedded server; used when URL is empty
	URL      string // nats://… of a cluster
	Replicas int    // copies kept by a cluster; 0 means 1
}

// Open starts the embedded server or connects to the cluster, and creates the stream where it is new.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (s *Stream, err error) {
	s = &Stream{log: log}
	opened := s // a return of an error sets s to nil before what is deferred runs
	defer func() {
		if err != nil {
			opened.Close()
		}
	}()
	options := []nats.Option{nats.Name("huoshui"), nats.MaxReconnects(-1)}
	url := cfg.URL
	if url == "" {
		if s.server, err = embedded(cfg.Dir); err != nil {
			return nil, err
		}
		options = append(options, nats.InProcessServer(inProcess{s.server}))
	}
	if s.conn, err = nats.Connect(url, options...); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "stream.unavailable", err)
	}
	if s.js, err = jetstream.New(s.conn, jetstream.WithPublishAsyncMaxPending(4096)); err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	_, err = s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:       name,
		Subjects:   []string{prefix + ">"},
		Storage:    jetstream.FileStorage,
		Retention:  jetstream.LimitsPolicy,
		Replicas:   max(cfg.Replicas, 1),
		Duplicates: window,
		MaxMsgSize: 8 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("create stream: %w", err)
	}
	return s, nil
}

// inProcess refuses connections once the server has stopped, instead of blocking.
type inProcess struct{ *server.Server }

// InProcessConn implements nats.InProcessConnProvider.
func (p inProcess) InProcessConn() (net.Conn, error) { return p.Server.InProcessConn() }

func embedded(dir string) (*server.Server, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName: "huoshui",
		DontListen: true,
		JetStream:  true,
		StoreDir:   dir,
		SyncAlways: true, // an acknowledgement means the message is on disk
		NoSigs:     true,
		NoLog:      true,
		MaxPayload: 8 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		srv.Shutdown()
		return nil, errs.New(errs.Unavailable, "stream.unavailable", "the embedded stream did not start in 30 s; is its folder in use?")
	}
	return srv, nil
}

// Close stops the connection and the embedded server, if there is one.
func (s *Stream) Close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
}

// Ping reports whether the stream answers.
func (s *Stream) Ping(ctx context.Context) error {
	_, err := s.LastSeq(ctx)
	return err
}

// LastSeq returns the position of the newest message, 0 when there is none.
func (s *Stream) LastSeq(ctx context.Context) (uint64, error) {
	return lastSeq(ctx, s.js, name)
}

func lastSeq(ctx context.Context, js jetstream.JetStream, name string) (uint64, error) {
	st, err := js.Stream(ctx, name)
	if err != nil {
		return 0, errs.Wrap(errs.Unavailable, "stream.unavailable", err)
	}
	return st.CachedInfo().State.LastSeq, nil
}

// Publish puts messages in the stream and returns when all of them are on disk. On an error any of them may or may
// not be there; publishing them again is harmless within the window, and after it when they are marked Maybe.
func (s *Stream) Publish(ctx context.Context, messages []Message) error {
	acks := make([]jetstream.PubAckFuture, 0, len(messages))
	for _, m := range messages {
		body, err := json.Marshal(m.Facts)
		if err != nil {
			return fmt.Errorf("publish %s: %w", m.ID, err)
		}
		msg := nats.NewMsg(prefix + m.Noun)
		msg.Data = body
		if m.Maybe {
			msg.Header.Set(maybeHeader, "1")
		}
		ack, err := s.js.PublishMsgAsync(msg, jetstream.WithMsgID(m.ID))
		if err != nil {
			return errs.Wrap(errs.Unavailable, "stream.unavailable", err)
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return errs.Wrap(errs.Unavailable, "stream.unavailable", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Consume hears, as a named durable consumer, the messages of the given nouns (all when empty), from the first the
// name has not acknowledged, in batches of at most batch messages. When fn fails the batch comes again after a
// pause. It blocks until ctx ends.
func (s *Stream) Consume(ctx context.Context, durable string, nouns []string, batch int, fn func(ctx context.Context, batch []Message) error) error {
	cfg := jetstream.ConsumerConfig{
		Durable:       durable,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       2 * time.Minute,
		MaxAckPending: 2 * batch,
	}
	for _, n := range nouns {
		cfg.FilterSubjects = append(cfg.FilterSubjects, prefix+n)
	}
	consumer, err := s.js.CreateOrUpdateConsumer(ctx, name, cfg)
	if err != nil {
		return ended(ctx, fmt.Errorf("consumer %s: %w", durable, err))
	}
	for ctx.Err() == nil {
		fetched, messages, err := next(ctx, s, consumer, durable, batch, decode)
		if err == nil && len(messages) > 0 {
			err = fn(ctx, messages)
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "stream consumer failed; the batch comes again", "consumer", durable, "error", err)
			for _, raw := range fetched {
				logged(ctx, s.log, durable, raw.NakWithDelay(time.Second))
			}
			pause(ctx, time.Second)
		}
		for _, raw := range fetched {
			if err == nil {
				logged(ctx, s.log, durable, raw.Ack())
			}
		}
	}
	return nil
}

func logged(ctx context.Context, log *slog.Logger, who string, err error) {
	if err != nil && ctx.Err() == nil {
		log.WarnContext(ctx, "stream acknowledgement", "consumer", who, "error", err)
	}
}

// Read gives, to a reader that keeps its own position, every message from position from (1 is the first), in order,
// in batches of at most batch messages. When fn fails Read starts over at the batch that failed, after a pause.
// It blocks until ctx ends.
func (s *Stream) Read(ctx context.Context, from uint64, batch int, fn func(ctx context.Context, batch []Message) error) error {
	return readAll(ctx, s, name, max(from, 1), batch, decode, fn)
}

// placed is anything with a position.
type placed interface{ position() uint64 }

func (m Message) position() uint64 { return m.Seq }

func readAll[T placed](ctx context.Context, s *Stream, stream string, from uint64, batch int, decode func(jetstream.Msg) (T, error), fn func(context.Context, []T) error) error {
	for ctx.Err() == nil {
		err := readFrom(ctx, s, stream, &from, batch, decode, fn)
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "stream reader starts over", "stream", stream, "from", from, "error", err)
			pause(ctx, time.Second)
		}
	}
	return nil
}

func readFrom[T placed](ctx context.Context, s *Stream, stream string, from *uint64, batch int, decode func(jetstream.Msg) (T, error), fn func(context.Context, []T) error) error {
	consumer, err := s.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       *from,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		InactiveThreshold: 5 * time.Minute,
	})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		_, messages, err := next(ctx, s, consumer, "reader of "+stream, batch, decode)
		if err != nil {
			return err
		}
		if len(messages) == 0 {
			continue
		}
		if at := messages[0].position(); at < *from {
			return fmt.Errorf("position %d came after %d", at, *from)
		}
		if err := fn(ctx, messages); err != nil {
			return err
		}
		*from = messages[len(messages)-1].position() + 1
	}
	return nil
}

// next waits for a batch and reads it. A message that is not ours can never be understood and must not stop the
// rest: it is logged and passed over.
func next[T any](ctx context.Context, s *Stream, consumer jetstream.Consumer, who string, batch int, decode func(jetstream.Msg) (T, error)) ([]jetstream.Msg, []T, error) {
	fetched, err := fetch(ctx, consumer, batch)
	if err != nil {
		return nil, nil, err
	}
	messages := make([]T, 0, len(fetched))
	for _, raw := range fetched {
		m, err := decode(raw)
		if err != nil {
			s.log.ErrorContext(ctx, "stream message passed over", "consumer", who, "error", err)
			continue
		}
		messages = append(messages, m)
	}
	return fetched, messages, nil
}

// fetch waits for the first message, then takes what is there, up to n.
func fetch(ctx context.Context, consumer jetstream.Consumer, n int) ([]jetstream.Msg, error) {
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
	m, err := consumer.Next(jetstream.FetchContext(ctx))
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
		ID:    raw.Headers().Get(jetstream.MsgIDHeader),
		Noun:  strings.TrimPrefix(raw.Subject(), prefix),
		Seq:   meta.Sequence.Stream,
		Maybe: raw.Headers().Get(maybeHeader) != "",
	}
	if err := json.Unmarshal(raw.Data(), &m.Facts); err != nil {
		return Message{}, fmt.Errorf("message %s: %w", strconv.FormatUint(m.Seq, 10), err)
	}
	if len(m.Facts) == 0 {
		return Message{}, fmt.Errorf("message %d holds no facts", m.Seq)
	}
	return m, nil
}

func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
