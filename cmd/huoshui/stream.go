package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"huoshui/internal/platform/config"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/telemetry"
)

var streamCommand = command{
	summary: "Move the stream, with everything in it, to a cluster or back",
	usage:   "move --to nats://HOST,HOST,HOST [--data DIR] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "stream")
		to := f.String("to", "", "nats://… of the servers that keep the stream from now on, or embedded for the data directory")
		format := f.formatFlag(formatText, formatJSON)
		words, cfg, err := f.parse(args, 1)
		if err != nil {
			return err
		}
		if words[0] != "move" {
			return usagef("want move, got %q", words[0])
		}
		target := cfg
		target.Stream = *to
		switch {
		case *to == "":
			return usagef("want --to: where the stream goes")
		case *to == "embedded":
			target.Stream = ""
		}
		if target.Stream == cfg.Stream {
			return usagef("the stream is there: --stream and --to are the same")
		}
		return moveStream(ctx, e, cfg, target, *format)
	},
}

// moveStream moves while nobody else works on the data directory.
func moveStream(ctx context.Context, e *env, cfg, target config.Config, format string) (err error) {
	lock, err := config.Acquire(cfg.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if _, err := os.Stat(streamAt(cfg).Dir); cfg.Stream == "" && err != nil {
		return fmt.Errorf("there is no stream in %s: nothing was kept there yet, start with --stream at once", cfg.Data)
	}
	begin := time.Now()
	moved, err := stream.Move(ctx, streamAt(cfg), streamAt(target), telemetry.NewLog(e.stderr, cfg.LogFormat, cfg.LogLevel))
	if err != nil {
		return err
	}
	next := "--stream " + target.Masked()["stream"]
	if target.Stream == "" {
		next = "without --stream"
	}
	if format == formatJSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"streams": moved, "seconds": time.Since(begin).Seconds(), "start": next})
	}
	for _, m := range moved {
		fmt.Fprintf(e.stdout, "%-8s %d messages up to position %d; %d copied now, all compared\n", m.Name, m.Messages, m.Last, m.Copied)
	}
	_, err = fmt.Fprintf(e.stdout, "The old stream is closed. Start every process %s from now on.\n", next)
	return err
}

func streamAt(cfg config.Config) stream.Config {
	return stream.Config{Dir: cfg.Path("stream"), URL: cfg.Stream}
}

// checkStream looks at the stream, and at how a cluster keeps it. monitor is a list of addresses of the servers' own
// monitoring, "" when there is none.
func checkStream(ctx context.Context, cfg config.Config, monitor string) []finding {
	const advice = "is the server at --stream there, with JetStream on?"
	s, err := stream.Open(ctx, streamAt(cfg), telemetry.NewLog(io.Discard, "text", "error"))
	if err != nil {
		return []finding{{Check: "stream", Detail: err.Error(), Advice: advice}}
	}
	defer s.Close()
	status, err := s.Status(ctx)
	last, lastErr := s.LastSeq(ctx)
	found := []finding{outcome("stream", fmt.Sprintf("holds messages up to %d", last), errors.Join(err, lastErr), advice)}
	if cfg.Stream == "" || err != nil {
		return found
	}
	found = append(found, checkCopies(status))
	if status.Cluster != "" && monitor == "" {
		return append(found, finding{Check: "sync", OK: true,
			Detail: "whether the servers sync every write is not known here; ask with --stream-monitor http://HOST:8222,…"})
	}
	for at := range strings.SplitSeq(monitor, ",") {
		if at = strings.TrimSpace(at); at != "" {
			found = append(found, checkSync(ctx, at))
		}
	}
	return found
}

// checkCopies looks whether the loss of a server would be survived.
func checkCopies(status stream.Status) finding {
	var good, bad []string
	for _, k := range status.Streams {
		text := fmt.Sprintf("%s: %d of %d copies have everything", k.Name, k.Current, k.Copies)
		if len(k.Away) > 0 {
			text += ", away: " + strings.Join(k.Away, ", ")
		}
		if k.Copies < 3 || k.Current < k.Copies {
			bad = append(bad, text)
		} else {
			good = append(good, text)
		}
	}
	switch {
	case status.Cluster == "":
		return finding{Check: "copies", OK: true, Detail: "a lone server at " + status.Where + ": what it loses is lost; a cluster of three survives the loss of one"}
	case len(bad) > 0:
		return finding{Check: "copies", Detail: strings.Join(bad, "; "), Advice: "start the servers that are away; a copy that catches up is whole by itself"}
	}
	return finding{Check: "copies", OK: true, Detail: "cluster " + status.Cluster + ", " + strings.Join(good, "; ")}
}

// checkSync asks a server's monitoring whether an acknowledged message is on its disk.
func checkSync(ctx context.Context, at string) finding {
	const advice = "set jetstream { sync_interval: always } in the server's configuration: without it a power cut of two servers at once may lose the last two minutes"
	var told struct {
		Config struct {
			SyncAlways   bool  `json:"sync_always"`
			SyncInterval int64 `json:"sync_interval"`
		} `json:"config"`
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(at, "/")+"/jsz?config=true", nil)
	if err != nil {
		return finding{Check: "sync", Detail: err.Error(), Advice: "want http://host:8222"}
	}
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		err = errors.Join(json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&told), res.Body.Close())
	}
	switch {
	case err != nil:
		return finding{Check: "sync", Detail: err.Error(), Advice: "is the server's monitoring at " + at + "? Its configuration has http_port: 8222"}
	case !told.Config.SyncAlways:
		return finding{Check: "sync", Detail: fmt.Sprintf("%s syncs every %s, not every write", at, time.Duration(told.Config.SyncInterval)), Advice: advice}
	}
	return finding{Check: "sync", OK: true, Detail: at + " syncs every write"}
}
