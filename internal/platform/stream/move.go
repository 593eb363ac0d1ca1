package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"huoshui/internal/platform/errs"
)

// copyBatch is how many messages of a move are on their way at once.
const copyBatch = 256

// headers that hold a message's place; a copy has its own.
const expected = "Nats-Expected-Last-Sequence"

// Moved says what a move did with one stream.
type Moved struct {
	Name     string `json:"name"`     // "FACTS" or a log's
	First    uint64 `json:"first"`    // position of the oldest message, or the one that the next would get
	Last     uint64 `json:"last"`     // position of the newest
	Messages uint64 `json:"messages"` // that are there, and were compared
	Copied   uint64 `json:"copied"`   // by this run; what an earlier one copied is not copied again
}

// Move copies the stream and its logs from one place to another, every message at the position that it has, so that
// whoever keeps a position of its own goes on where it was; then it compares both, byte by byte, and closes the old ones:
// they refuse to be opened. It may be interrupted anywhere, also by the loss of a server, and be run again. Nobody else
// may write to either meanwhile. What is at the target and is no copy of these is refused, unless it is empty.
func Move(ctx context.Context, from, to Config, log *slog.Logger) ([]Moved, error) {
	source, err := connect(from, log)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	target, err := connect(to, log)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	m := &moving{source: source, target: target, log: log, done: map[string]bool{}}
	names, err := m.names(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Moved, len(names))
	for i, name := range names {
		if out[i], err = m.copy(ctx, name); err != nil {
			return nil, fmt.Errorf("move %s: %w", name, err)
		}
	}
	for i, name := range names {
		if m.done[name] {
			continue
		}
		if out[i].Messages, err = m.compare(ctx, name); err != nil {
			return nil, fmt.Errorf("compare %s: %w", name, err)
		}
	}
	// The old ones are closed before the new ones open: at no time can both be written to.
	for _, s := range []struct {
		of         *Stream
		set, clear string
		value      string
	}{{source, movedMark, "", target.where}, {target, "", copyingMark, ""}} {
		for _, name := range names {
			if err := s.of.mark(ctx, name, s.set, s.value, s.clear); err != nil {
				return nil, fmt.Errorf("close %s: %w", name, err)
			}
		}
	}
	return out, nil
}

type moving struct {
	source, target *Stream
	log            *slog.Logger
	done           map[string]bool // moved by an earlier run, to its end
}

// names are the streams of the product, the facts first.
func (m *moving) names(ctx context.Context) ([]string, error) {
	var out []string
	err := m.source.patiently(ctx, func(ctx context.Context) error {
		out = nil
		all := m.source.js.ListStreams(ctx)
		for info := range all.Info() {
			for _, s := range info.Config.Subjects {
				if strings.HasPrefix(s, prefix) || strings.HasPrefix(s, logPrefix) {
					out = append(out, info.Config.Name)
					break
				}
			}
		}
		return all.Err()
	})
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "stream.unavailable", err)
	}
	if !slices.Contains(out, name) {
		return nil, errs.New(errs.NotFound, "stream.none", "there is no stream of facts at %s", m.source.where)
	}
	slices.SortFunc(out, func(a, b string) int {
		if (a == name) != (b == name) {
			if a == name {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return out, nil
}

func (s *Stream) info(ctx context.Context, name string) (info *jetstream.StreamInfo, err error) {
	err = s.patiently(ctx, func(ctx context.Context) error {
		st, err := s.js.Stream(ctx, name)
		if err == nil {
			info = st.CachedInfo()
		}
		return err
	})
	return info, err
}

// mark sets and clears marks of a stream.
func (s *Stream) mark(ctx context.Context, name, set, value, unset string) error {
	return s.patiently(ctx, func(ctx context.Context) error {
		st, err := s.js.Stream(ctx, name)
		if err != nil {
			return err
		}
		cfg := st.CachedInfo().Config
		cfg.Metadata = maps.Clone(cfg.Metadata)
		if cfg.Metadata == nil {
			cfg.Metadata = map[string]string{}
		}
		delete(cfg.Metadata, unset)
		if set != "" {
			cfg.Metadata[set] = value
		}
		_, err = s.js.UpdateStream(ctx, cfg)
		return err
	})
}

// prepare makes the target's stream, beginning at the position of the source's oldest message, or takes up a copy that was
// begun, and returns the position of the last message that it has.
func (m *moving) prepare(ctx context.Context, src *jetstream.StreamInfo) (uint64, error) {
	cfg := src.Config
	has, err := m.target.info(ctx, cfg.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
	case err != nil:
		return 0, err
	case has.State.Msgs == 0 && has.State.LastSeq == 0, m.isCopy(has) && has.State.LastSeq+1 < src.State.FirstSeq:
		// nothing is in it; or all of it is older than what is kept by now
		if err := m.target.js.DeleteStream(ctx, cfg.Name); err != nil {
			return 0, err
		}
	case !m.isCopy(has):
		return 0, errs.New(errs.Conflict, "stream.not_empty", "%s holds messages that are no copy of these", m.target.where)
	default:
		return has.State.LastSeq, m.target.mark(ctx, cfg.Name, copyingMark, m.source.where, movedMark)
	}
	cfg.Replicas, cfg.FirstSeq = m.target.copies(), src.State.FirstSeq
	cfg.Metadata = map[string]string{copyingMark: m.source.where}
	cfg.Placement = nil
	err = m.target.patiently(ctx, func(ctx context.Context) error {
		_, err := m.target.js.CreateStream(ctx, cfg)
		return m.target.explain(err)
	})
	return src.State.FirstSeq - 1, err
}

// isCopy reports whether a stream at the target was begun as a copy of the source's, or is what the source once came from.
func (m *moving) isCopy(has *jetstream.StreamInfo) bool {
	return has.Config.Metadata[copyingMark] == m.source.where || has.Config.Metadata[movedMark] == m.source.where
}

func (m *moving) copy(ctx context.Context, name string) (Moved, error) {
	src, err := m.source.info(ctx, name)
	if err != nil {
		return Moved{}, err
	}
	if to := src.Config.Metadata[movedMark]; to != "" && to != m.target.where {
		return Moved{}, errs.New(errs.Conflict, "stream.moved", "the stream was moved to %s", to)
	}
	src.State.FirstSeq = max(src.State.FirstSeq, 1)
	out := Moved{Name: name, First: src.State.FirstSeq, Last: src.State.LastSeq}
	if done, err := m.target.info(ctx, name); err == nil && src.Config.Metadata[movedMark] != "" && !m.isCopy(done) {
		m.done[name] = true
		return out, nil
	}
	had, err := m.prepare(ctx, src)
	if err != nil {
		return Moved{}, err
	}
	from, reported := had, time.Now()
	bare := map[uint64]bool{} // positions of a second message of an id that the target still knows from the first
	for tries := 0; from < src.State.LastSeq; {
		cause := m.some(ctx, name, from, src.State.LastSeq, bare)
		if ctx.Err() != nil {
			return Moved{}, ctx.Err()
		}
		at, err := m.target.lastSeq(ctx, name)
		if err != nil {
			return Moved{}, err
		}
		if at == from {
			if tries++; tries > 20 {
				return Moved{}, errs.Wrap(errs.Unavailable, "stream.stuck", fmt.Errorf("message %d cannot be copied: %w", from+1, cause))
			}
			pause(ctx, again)
			continue
		}
		from = at
		tries = 0
		if time.Since(reported) > 5*time.Second {
			reported = time.Now()
			m.log.InfoContext(ctx, "moving", "stream", name, "at", from, "of", src.State.LastSeq)
		}
	}
	out.Copied = from - had
	return out, nil
}

// some copies what comes after a position until the end, or until something fails; the target knows how far it got.
func (m *moving) some(ctx context.Context, name string, after, last uint64, bare map[uint64]bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := after + 1
	err := readFrom(ctx, m.source, name, nil, &next, copyBatch, raw, func(ctx context.Context, batch []original) error {
		for whole := batch; len(whole) > 0; { // what lies without a gap goes together
			if err := m.fill(ctx, name, whole[0].msg.Subject(), next, whole[0].seq); err != nil {
				return err
			}
			n := 1
			for n < len(whole) && whole[n].seq == whole[n-1].seq+1 {
				n++
			}
			if err := m.put(ctx, whole[:n], bare); err != nil {
				return err
			}
			next, whole = whole[n-1].seq+1, whole[n:]
		}
		end := batch[len(batch)-1]
		if end.end && end.seq < last { // the newest were deleted
			if err := m.fill(ctx, name, end.msg.Subject(), next, last+1); err != nil {
				return err
			}
		}
		if end.end || end.seq >= last {
			cancel()
		}
		return nil
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// put publishes messages at their positions, all on their way at once: one that is not at its place is refused by the
// target, and all after it.
func (m *moving) put(ctx context.Context, batch []original, bare map[uint64]bool) error {
	acks := make([]jetstream.PubAckFuture, 0, len(batch))
	for _, o := range batch {
		ack, err := m.target.js.PublishMsgAsync(o.copy(bare[o.seq]), jetstream.WithRetryAttempts(0))
		if err != nil {
			return err
		}
		acks = append(acks, ack)
	}
	for i, ack := range acks {
		select {
		case got := <-ack.Ok():
			if got.Duplicate || got.Sequence != batch[i].seq {
				bare[batch[i].seq] = true
				return fmt.Errorf("message %d has the id of message %d", batch[i].seq, got.Sequence)
			}
		case err := <-ack.Err():
			return err
		case <-time.After(2 * tryFor):
			return nats.ErrTimeout
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// fill takes up positions whose messages were deleted: a message is put there and deleted again.
func (m *moving) fill(ctx context.Context, name, subject string, from, before uint64) error {
	if from >= before {
		return nil
	}
	st, err := m.target.js.Stream(ctx, name)
	for seq := from; err == nil && seq < before; seq++ {
		_, err = m.target.js.PublishMsg(ctx, &nats.Msg{Subject: subject}, jetstream.WithExpectLastSequence(seq-1))
		if err == nil {
			err = st.DeleteMsg(ctx, seq)
		}
	}
	return err
}

// original is a message as it lies in a stream.
type original struct {
	msg jetstream.Msg
	seq uint64
	end bool // nothing came after it when it was read
}

func (o original) position() uint64 { return o.seq }

func raw(m jetstream.Msg) (original, error) {
	meta, err := m.Metadata()
	if err != nil {
		return original{}, err
	}
	return original{m, meta.Sequence.Stream, meta.NumPending == 0}, nil
}

// copy is the message as it is put at the target. A bare one has its id where the target does not look.
func (o original) copy(bare bool) *nats.Msg {
	header := nats.Header(maps.Clone(map[string][]string(o.msg.Headers())))
	if header == nil {
		header = nats.Header{}
	}
	if id := header.Get(jetstream.MsgIDHeader); bare && id != "" {
		header.Del(jetstream.MsgIDHeader)
		header.Set(idHeader, id)
	}
	header.Set(expected, fmt.Sprint(o.seq-1))
	return &nats.Msg{Subject: o.msg.Subject(), Data: o.msg.Data(), Header: header}
}

// id is what the publisher called the message.
func (o original) id() string { return idOf(o.msg) }

// compare reads both streams side by side and returns how many messages they have.
func (m *moving) compare(ctx context.Context, name string) (uint64, error) {
	src, err := m.source.info(ctx, name)
	if err != nil {
		return 0, err
	}
	dst, err := m.target.info(ctx, name)
	if err != nil {
		return 0, err
	}
	if src.State.LastSeq != dst.State.LastSeq {
		return 0, fmt.Errorf("one ends at %d, its copy at %d", src.State.LastSeq, dst.State.LastSeq)
	}
	first := max(src.State.FirstSeq, dst.State.FirstSeq, 1) // the oldest may have grown too old meanwhile
	if src.State.Msgs == 0 || first > src.State.LastSeq {
		return 0, nil
	}
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	pairs := [2]chan original{make(chan original, copyBatch), make(chan original, copyBatch)}
	for i, s := range []*Stream{m.source, m.target} {
		go func() {
			defer close(pairs[i])
			_ = readAll(both, s, name, nil, first, copyBatch, raw, func(ctx context.Context, batch []original) error { // it ends with both
				for _, o := range batch {
					select {
					case pairs[i] <- o:
					case <-ctx.Done():
						return ctx.Err()
					}
				}
				return nil
			})
		}()
	}
	for n := uint64(1); ; n++ {
		a, more := <-pairs[0]
		b, also := <-pairs[1]
		if !more || !also {
			return 0, ctx.Err()
		}
		if a.seq != b.seq || a.msg.Subject() != b.msg.Subject() || a.id() != b.id() || a.msg.Headers().Get(maybeHeader) != b.msg.Headers().Get(maybeHeader) || !bytes.Equal(a.msg.Data(), b.msg.Data()) {
			return 0, errs.New(errs.Conflict, "stream.differs", "message %d is not what it was", a.seq)
		}
		if a.end {
			return n, nil
		}
	}
}
