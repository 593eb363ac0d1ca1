package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
)

// tryFor is how long one try to publish waits for its answer: longer than a leader that is there needs, shorter than
// whoever waits has patience.
const tryFor = 3 * time.Second

// Publish puts messages in the stream, in order, and returns when all of them are on disk. On an error any of them may or
// may not be there; publishing them again is harmless within the window, and after it when they are marked Maybe. A cluster
// that is choosing a leader is waited for, for half a minute.
func (s *Stream) Publish(ctx context.Context, messages []Message) error {
	all := make([]*nats.Msg, len(messages))
	for i, m := range messages {
		body, err := event.AppendFacts(nil, m.Facts)
		if err != nil {
			return fmt.Errorf("publish %s: %w", m.ID, err)
		}
		all[i] = &nats.Msg{Subject: prefix + m.Noun, Data: body, Header: nats.Header{jetstream.MsgIDHeader: {m.ID}}}
		if m.Maybe {
			all[i].Header.Set(maybeHeader, "1")
		}
	}
	if s.server != nil {
		return s.publishTogether(ctx, all)
	}
	// One after the other: of messages that are on their way together, a later one may find the new leader that an
	// earlier one did not.
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, m := range all {
		if _, err := s.publish(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// publishTogether has all messages on their way at once. The embedded server takes them in order or fails.
func (s *Stream) publishTogether(ctx context.Context, all []*nats.Msg) error {
	acks := make([]jetstream.PubAckFuture, 0, len(all))
	for _, m := range all {
		ack, err := s.js.PublishMsgAsync(m)
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

// publish puts one message with an id on disk and returns its position. While a cluster has no leader it is tried again
// until ctx ends; the id keeps a try whose answer was lost from counting twice.
func (s *Stream) publish(ctx context.Context, m *nats.Msg) (uint64, error) {
	if s.server != nil {
		ack, err := s.js.PublishMsg(ctx, m)
		if err != nil {
			return 0, errs.Wrap(errs.Unavailable, "stream.unavailable", err)
		}
		return ack.Sequence, nil
	}
	for {
		try, cancel := context.WithTimeout(ctx, tryFor)
		ack, err := s.js.PublishMsg(try, m, jetstream.WithRetryAttempts(0))
		cancel()
		if err == nil {
			return ack.Sequence, nil
		}
		if ctx.Err() != nil || final(err) {
			return 0, errs.Wrap(errs.Unavailable, "stream.unavailable", err)
		}
		pause(ctx, again)
	}
}

// final reports whether trying again cannot help: the connection was closed, or the stream refuses the message as it is.
func final(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrMaxPayload) || errors.As(err, &api) && api.Code < 500 && api.ErrorCode != inDoubt
}

// inDoubt is the server's answer to an id that is on its way already.
const inDoubt jetstream.ErrorCode = 10158
