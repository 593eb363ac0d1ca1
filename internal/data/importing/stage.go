package importing

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"huoshui/internal/platform/files"
)

// sortMemory is how many bytes of lines are sorted in memory before they go to disk.
const sortMemory = 48 << 20

// checkEvery is after how many lines reading looks at the clock and at whether it should stop.
const checkEvery = 4096

// staged is what the first pass leaves: the counts, the sorted lines, and the lines it refused, in the file's order.
type staged struct {
	counts Counts
	lines  *sorter
	total  int64 // lines to settle
}

// stage reads the whole file. tick is called now and then with the bytes read; an error of it ends the pass.
func (r *run) stage(ctx context.Context, tick func(done, total int64) error) (_ *staged, err error) {
	if err := os.MkdirAll(r.work, 0o700); err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	in, err := files.Open(r.file, r.imp.Format, r.limits)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	refusals, err := newRefusalWriter(filepath.Join(r.work, "refused"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, refusals.close()) }()
	p := newParser(r.imp.Target, r.imp.Spec, r.zone)
	s := &staged{lines: newSorter(r.work, sortMemory)}
	var key, value []byte
	last := time.Now()
	for {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		s.counts.LinesRead++
		if s.counts.LinesRead%checkEvery == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if now := time.Now(); now.Sub(last) > 300*time.Millisecond {
				last = now
				if err := tick(in.Progress()); err != nil {
					return nil, err
				}
			}
		}
		e, refused := p.parse(row)
		if refused != nil {
			s.counts.reject(refused.reason)
			if err := refusals.write(row.Line, *refused); err != nil {
				return nil, err
			}
			continue
		}
		key, value = e.sortKey(key[:0], r.imp.Target), e.encode(value[:0])
		if err := s.lines.add(key, value); err != nil {
			return nil, err
		}
		s.total++
	}
	return s, nil
}

// refusalWriter keeps the lines that reading refused: "line \t field \t reason".
type refusalWriter struct {
	f *os.File
	w *bufio.Writer
}

func newRefusalWriter(path string) (*refusalWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	return &refusalWriter{f, bufio.NewWriterSize(f, 64<<10)}, nil
}

func (w *refusalWriter) write(line int64, r refusal) error {
	_, err := fmt.Fprintf(w.w, "%d\t%s\t%s\n", line, r.field, r.reason)
	return err
}

func (w *refusalWriter) close() error { return errors.Join(w.w.Flush(), w.f.Close()) }
