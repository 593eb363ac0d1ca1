package stream

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"

	"huoshui/internal/platform/errs"
)

// Status is where the stream is and how it is kept.
type Status struct {
	Where   string // "embedded", or the addresses
	Cluster string // its name; "" for a lone server
	Streams []Kept
}

// Kept says how one stream is kept.
type Kept struct {
	Name    string
	Copies  int      // that are asked for
	Current int      // of these, those that have everything
	Leader  string   // "" where there is none
	Away    []string // servers with a copy that do not answer
	Last    uint64   // position of the newest message
	Bytes   uint64
}

// Status asks how the stream and its logs are kept.
func (s *Stream) Status(ctx context.Context) (Status, error) {
	var out Status
	err := s.patiently(ctx, func(ctx context.Context) error {
		out = Status{Where: s.where, Cluster: s.conn.ConnectedClusterName()}
		all := s.js.ListStreams(ctx)
		for info := range all.Info() {
			out.Streams = append(out.Streams, kept(info))
		}
		return all.Err()
	})
	if err != nil {
		return Status{}, errs.Wrap(errs.Unavailable, "stream.unavailable", err)
	}
	return out, nil
}

func kept(info *jetstream.StreamInfo) Kept {
	k := Kept{Name: info.Config.Name, Copies: info.Config.Replicas, Current: 1, Last: info.State.LastSeq, Bytes: info.State.Bytes}
	if info.Cluster == nil {
		return k
	}
	k.Leader = info.Cluster.Leader
	for _, r := range info.Cluster.Replicas {
		switch {
		case r.Offline:
			k.Away = append(k.Away, r.Name)
		case r.Current:
			k.Current++
		}
	}
	return k
}
