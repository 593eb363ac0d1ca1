package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/telemetry"
	"huoshui/internal/platform/warehouse"
)

// finding is the outcome of one check; Advice says what to do when it is not OK.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Advice string `json:"advice,omitempty"`
}

var doctorCommand = command{
	summary: "Check that everything the server needs is there, and say what to do where it is not",
	usage:   "[--stream-monitor http://HOST:8222,…] [--data DIR] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "doctor")
		monitor := f.String("stream-monitor", "", "where the servers of --stream tell about themselves, to see whether they sync every write")
		format := f.formatFlag(formatText, formatJSON)
		_, cfg, err := f.parse(args, 0)
		if err != nil {
			return err
		}
		findings := examine(ctx, cfg, *monitor)
		bad := 0
		for _, found := range findings {
			if !found.OK {
				bad++
			}
		}
		if *format == formatJSON {
			out := json.NewEncoder(e.stdout)
			out.SetIndent("", "  ")
			err = out.Encode(map[string]any{"version": telemetry.Version(), "ok": bad == 0, "checks": findings, "settings": cfg.Masked()})
		} else {
			err = printFindings(e.stdout, cfg, findings)
		}
		if err == nil && bad > 0 {
			err = fmt.Errorf("%d of %d checks failed", bad, len(findings))
		}
		return err
	},
}

func printFindings(w io.Writer, cfg config.Config, findings []finding) error {
	fmt.Fprintf(w, "huoshui %s\n\n", telemetry.Version())
	if err := cfg.Print(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, found := range findings {
		mark := "ok  "
		if !found.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(w, "%s  %-10s %s\n", mark, found.Check, found.Detail)
		if found.Advice != "" {
			fmt.Fprintf(w, "      %-10s → %s\n", "", found.Advice)
		}
	}
	return nil
}

// examine makes every check. With a server running on the directory, its embedded engines cannot be opened beside it:
// then the server's own /readyz is the thing to ask, and doctor says so.
func examine(ctx context.Context, cfg config.Config, monitor string) []finding {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if missing := topmostMissing(cfg.Data); missing != "" { // the checks make it; whoever only looks leaves nothing behind
		defer os.RemoveAll(missing) //nolint:errcheck // it is empty but for what the checks made
	}
	findings := []finding{checkDirectory(cfg)}
	lock, err := config.Acquire(cfg.Data)
	switch {
	case errors.Is(err, config.ErrInUse):
		return append(findings, finding{Check: "lock", OK: true, Detail: "a server runs on this directory; ask it: " + cfg.BaseURL(cfg.Listen) + "/readyz"})
	case err != nil:
		return append(findings, finding{Check: "lock", Detail: err.Error(), Advice: "choose a directory this user can write, with --data"})
	}
	findings = append(findings, finding{Check: "lock", OK: true, Detail: "nobody else works on the directory"},
		checkDisk(cfg), checkKey(cfg), checkStore(ctx, cfg))
	findings = append(findings, checkStream(ctx, cfg, monitor)...)
	findings = append(findings, checkWarehouse(ctx, cfg), checkListen(ctx, cfg))
	if err := lock.Release(); err != nil {
		findings = append(findings, finding{Check: "lock", Detail: err.Error()})
	}
	return findings
}

// topmostMissing is the part of a path, from its root on, that is the first not to be there; "" when all of it is.
func topmostMissing(path string) string {
	path, err := filepath.Abs(path)
	missing := ""
	for err == nil {
		if _, stat := os.Lstat(path); !errors.Is(stat, os.ErrNotExist) {
			return missing
		}
		missing, path = path, filepath.Dir(path)
	}
	return missing
}

// outcome makes a finding of a check that either worked or says why not.
func outcome(check, good string, err error, advice string) finding {
	if err != nil {
		return finding{Check: check, Detail: err.Error(), Advice: advice}
	}
	return finding{Check: check, OK: true, Detail: good}
}

func checkDirectory(cfg config.Config) finding {
	full, err := filepath.Abs(cfg.Data)
	if err == nil {
		err = os.MkdirAll(cfg.Data, 0o700)
	}
	var probe *os.File
	if err == nil {
		probe, err = os.CreateTemp(cfg.Data, ".doctor-*")
	}
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	return outcome("data", full+" can be written", err, "choose a directory this user can write, with --data")
}

func checkDisk(cfg config.Config) finding {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(cfg.Data, &fs); err != nil {
		return finding{Check: "disk", Detail: err.Error()}
	}
	free := float64(fs.Bavail) * float64(fs.Bsize) / (1 << 30)
	found := finding{Check: "disk", OK: free >= 1, Detail: fmt.Sprintf("%.1f GiB free", free)}
	if !found.OK {
		found.Advice = "make room: a full disk stops every write"
	}
	return found
}

func checkKey(cfg config.Config) finding {
	_, err := secret.Load(cfg.MasterKey, cfg.Data)
	where := "from the settings"
	if cfg.MasterKey == "" {
		where = "in " + cfg.Path("master.key") + "; keep a copy: without it stored passwords cannot be read"
	}
	return outcome("key", where, err, "give back the key this data was made with")
}

func checkStore(ctx context.Context, cfg config.Config) finding {
	db, err := store.Open(ctx, app.StoreURL(cfg))
	if err != nil {
		return finding{Check: "store", Detail: err.Error(), Advice: "is the database there, and does its user exist? The address is --store"}
	}
	pending, err := store.Pending(ctx, db)
	detail := db.Engine() + " answers"
	if len(pending) > 0 {
		detail += fmt.Sprintf("; %d migrations wait and are applied at the next start", len(pending))
	}
	return outcome("store", detail, errors.Join(err, db.Close()), "restore the last backup, or run huoshui migrate")
}

func checkWarehouse(ctx context.Context, cfg config.Config) finding {
	w, err := warehouse.Open(ctx, warehouse.Config{Path: app.WarehousePath(cfg), MemoryMB: int(cfg.WarehouseBytes() >> 20)}, telemetry.NewLog(io.Discard, "text", "error"))
	if err != nil {
		advice := "huoshui rebuild makes it anew from the store and the stream"
		if warehouse.IsClickHouse(cfg.Warehouse) {
			advice = "is the server at --warehouse there, with its HTTP port? Shards and their cluster are in docs/scaling.md"
		}
		return finding{Check: "warehouse", Detail: err.Error(), Advice: advice}
	}
	mark := w.Watermark()
	return outcome("warehouse", fmt.Sprintf("%s: %d facts, loaded up to message %d", w.Engine(), mark.Facts, mark.Seq), w.Close(), "huoshui rebuild makes it anew from the store and the stream")
}

func checkListen(ctx context.Context, cfg config.Config) finding {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", cfg.Listen)
	if err == nil {
		err = l.Close()
	}
	return outcome("listen", cfg.Listen+" is free", err, "stop what listens there, or choose another with --listen")
}
