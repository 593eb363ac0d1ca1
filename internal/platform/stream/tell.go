package stream

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"huoshui/internal/platform/errs"
)

// told is the prefix of subjects that nothing keeps.
const told = "told."

// Shared reports whether other processes may be connected to the same stream.
func (s *Stream) Shared() bool { return s.server == nil }

// Tell says something about a subject, one word, to whoever hears it just now, in this process and others. Nothing keeps it:
// whoever does not listen misses it.
func (s *Stream) Tell(about string, body []byte) error {
	if err := s.conn.Publish(told+about, body); err != nil {
		return errs.Wrap(errs.Unavailable, "stream.unavailable", err)
	}
	return nil
}

// Hear calls fn with everything that is told about a subject, one after the other, until stop is called.
func (s *Stream) Hear(about string, fn func(body []byte)) (stop func() error, err error) {
	sub, err := s.conn.Subscribe(told+about, func(m *nats.Msg) { fn(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("hear %s: %w", about, err)
	}
	return sub.Unsubscribe, nil
}
