// Package stream is the durable order of facts: NATS JetStream, embedded in the data directory or a cluster at a URL.
// A published message is on disk before Publish returns. Delivery is at least once.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"reflect"
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
	logPrefix   = "log."
	maybeHeader = "Huoshui-Maybe"
	idHeader    = "Huoshui-Id" // the id of a copied message whose first of that id is in the stream's window
	// window is how long the stream itself refuses a second message of the same id. Beyond it the Maybe mark
	// makes the reader look.
	window = 2 * time.Minute
	// largest is how many bytes a message may have, on every server of a cluster.
	largest = 8 << 20
	// copies is how many servers of a cluster keep each message: one of them may be lost at any time.
	copies = 3
	// patience is how long a cluster is given to choose a leader before it counts as away.
	patience = 30 * time.Second
	again    = 250 * time.Millisecond // between two tries
)

// Marks on a stream, kept in its metadata.
const (
	movedMark   = "huoshui.moved"   // to where; nothing may be added any more
	copyingMark = "huoshui.copying" // it is a copy that is not whole yet
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
	where  string         // for people, without passwords
	conn   *nats.Conn
	js     jetstream.JetStream
	log    *slog.Logger
}

// Config says where the stream is.
type Config struct {
	Dir string // data folder of the embedded server; used when URL is empty
	// URL is nats://host:port or tls://host:port of servers of one cluster, separated by commas. A user, password and
	// scheme that the first names hold for those that name none. Servers of a cluster keep three copies of everything;
	// a lone server keeps one.
	URL string
}

// Open starts the embedded server or connects to the cluster, and creates the stream where it is new. A cluster that is
// choosing a leader is waited for, for half a minute. A stream that was moved elsewhere, or that is half a copy, is refused.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Stream, error) {
	s, err := connect(cfg, log)
	if err != nil {
		return nil, err
	}
	if err := s.ensure(ctx, factsConfig()); err != nil {
		s.Close()
		return nil, fmt.Errorf("stream at %s: %w", s.where, err)
	}
	return s, nil
}

func factsConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: name, Subjects: []string{prefix + ">"}, MaxBytes: -1, Duplicates: window,
		Discard: jetstream.DiscardOld, // of nothing: there is no limit
	}
}

// connect reaches the server without looking for streams.
func connect(cfg Config, log *slog.Logger) (s *Stream, err error) {
	s = &Stream{log: log, where: "embedded"}
	opened := s // a return of an error sets s to nil before what is deferred runs
	defer func() {
		if err != nil {
			opened.Close()
		}
	}()
	options := []nats.Option{nats.Name("huoshui"), nats.MaxReconnects(-1)}
	address := ""
	if cfg.URL == "" {
		if s.server, err = embedded(cfg.Dir); err != nil {
			return nil, err
		}
		options = append(options, nats.InProcessServer(inProcess{s.server}))
	} else {
		if address, s.where, err = servers(cfg.URL); err != nil {
			return nil, err
		}
		options = append(options, s.distant()...)
	}
	if s.conn, err = nats.Connect(address, options...); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "stream.unavailable", fmt.Errorf("connect to %s: %w", s.where, err))
	}
	if has := s.conn.MaxPayload(); has < largest {
		return nil, errs.New(errs.Conflict, "stream.max_payload",
			"the servers of the stream take messages of %d bytes; give each of them max_payload: %d", has, largest)
	}
	if s.js, err = jetstream.New(s.conn, jetstream.WithPublishAsyncMaxPending(4096)); err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	return s, nil
}

// distant are the options of a connection that may break: a server that says nothing for ten seconds is given up for
// another, and what cannot be sent now fails now, since whoever publishes tries again in order.
func (s *Stream) distant() []nats.Option {
	return []nats.Option{
		nats.Timeout(3 * time.Second), nats.ReconnectWait(again), nats.ReconnectBufSize(-1),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				s.log.Warn("the stream's server went away", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { s.log.Info("the stream is reached again", "server", c.ConnectedServerName()) }),
	}
}

// servers turns a list of addresses into one where each says all of what the first says, and one for people.
func servers(list string) (urls, shown string, err error) {
	var all, hosts []string
	var first *url.URL
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if first != nil && !strings.Contains(part, "://") {
			part = first.Scheme + "://" + part
		}
		u, err := url.Parse(part)
		if err != nil || u.Host == "" || (u.Scheme != "nats" && u.Scheme != "tls") {
			return "", "", errs.New(errs.Invalid, "stream.address", "want nats://host:port,host:port,… for the servers of the stream")
		}
		if first == nil {
			first = u
		}
		if u.User == nil {
			u.User = first.User
		}
		all, hosts = append(all, u.String()), append(hosts, u.Host)
	}
	return strings.Join(all, ","), first.Scheme + "://" + strings.Join(hosts, ","), nil
}

// ensure makes a stream, or makes one that is there what is wanted of it; more copies than wanted stay.
func (s *Stream) ensure(ctx context.Context, want jetstream.StreamConfig) error {
	return s.patiently(ctx, func(ctx context.Context) error {
		has, err := s.js.Stream(ctx, want.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			want.Storage, want.Retention, want.MaxMsgSize, want.Replicas = jetstream.FileStorage, jetstream.LimitsPolicy, largest, s.copies()
			_, err = s.js.CreateStream(ctx, want)
			return s.explain(err)
		case err != nil:
			return err
		}
		info := has.CachedInfo()
		if to := info.Config.Metadata[movedMark]; to != "" {
			return errs.New(errs.Conflict, "stream.moved", "the stream was moved to %s: start with --stream %s", to, to)
		}
		if from := info.Config.Metadata[copyingMark]; from != "" {
			return errs.New(errs.Conflict, "stream.half_moved", "%s holds half a copy of %s: end the move with huoshui stream move", s.where, from)
		}
		now := info.Config
		now.Subjects, now.MaxAge, now.MaxBytes, now.Duplicates, now.Discard = want.Subjects, want.MaxAge, want.MaxBytes, want.Duplicates, want.Discard
		now.MaxMsgSize, now.Replicas = largest, max(now.Replicas, s.copies())
		if reflect.DeepEqual(now, info.Config) {
			return nil
		}
		_, err = s.js.UpdateStream(ctx, now)
		return s.explain(err)
	})
}

// copies is how many copies are kept where the connection leads.
func (s *Stream) copies() int {
	if s.server == nil && s.conn.ConnectedClusterName() != "" {
		return copies
	}
	return 1
}

// explain says what to do about a cluster that is too small.
func (s *Stream) explain(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == noPlace || api.ErrorCode == noPeers) && s.copies() > 1 {
		return fmt.Errorf("three copies need three servers with JetStream: %w", err)
	}
	return err
}

// Codes of the server's API.
const (
	noPlace jetstream.ErrorCode = 10023 // insufficient resources
	noPeers jetstream.ErrorCode = 10005 // no suitable peers for placement
)

// patiently does what needs a leader, again while there is none and for as long as the cluster is given. The embedded
// server is asked once.
func (s *Stream) patiently(ctx context.Context, do func(ctx context.Context) error) error {
	end := time.Now().Add(patience)
	for {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := do(try)
		cancel()
		if err == nil || s.server != nil || ctx.Err() != nil || time.Now().After(end) || !errs.Is(err, errs.Internal) ||
			errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, nats.ErrConnectionClosed) {
			return err
		}
		pause(ctx, again)
	}
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
		MaxPayload: largest,
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

// LastSeq returns the position of the newest message, 0 when there is none. A cluster that is choosing a leader is waited
// for, at most half a minute.
func (s *Stream) LastSeq(ctx context.Context) (uint64, error) { return s.lastSeq(ctx, name) }

func (s *Stream) lastSeq(ctx context.Context, name string) (seq uint64, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		st, err := s.js.Stream(ctx, name)
		if err == nil {
			seq = st.CachedInfo().State.LastSeq
		}
		return err
	})
	if err != nil {
		return 0, errs.Wrap(errs.Unavailable, "stream.unavailable", err)
	}
	return seq, nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
