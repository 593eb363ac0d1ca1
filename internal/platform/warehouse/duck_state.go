package warehouse

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// The state lies in a file of its own beside the warehouse's, Path+".state": as values of a table its bytes went through the engine's statistics, its
// log and a checkpoint, which at ten million people took longer than all of RFM and layers. What the file holds:
//
//	stateMagic, when the state was (int64), how many chunks follow (uint64), and the CRC-32C of all this (uint32)
//	of each chunk, in any order: the CRC-32C of what follows, its number, the length of its body (uint32 each), the body
//
// Numbers are little-endian. The file is written beside, synced and renamed, so that there is always a whole one.
const (
	stateMagic  = "huoshui state 1\n"
	stateHeader = len(stateMagic) + 20
	chunkHeader = 12
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// dropOldState drops what older versions kept the state in; the next refresh saves it anew.
func (e *duck) dropOldState(ctx context.Context) error {
	old, err := e.writer.QueryContext(ctx, `SELECT CASE WHEN table_type = 'VIEW' THEN 'VIEW ' ELSE 'TABLE ' END || table_name
		FROM information_schema.tables WHERE table_name IN ('state', 'state_rows', 'state_chunks', 'heat') ORDER BY table_name`)
	if err != nil {
		return fmt.Errorf("warehouse state: %w", err)
	}
	defer old.Close()
	var steps []string
	for old.Next() {
		var what string
		if err := old.Scan(&what); err != nil {
			return fmt.Errorf("warehouse state: %w", err)
		}
		steps = append(steps, "DROP "+what)
	}
	if err := errors.Join(old.Err(), old.Close()); err != nil {
		return fmt.Errorf("warehouse state: %w", err)
	}
	for _, q := range steps {
		if _, err := e.writer.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("warehouse state: %s: %w", q, err)
		}
	}
	return nil
}

// memoryState is the state of a warehouse without a file.
type memoryState struct {
	sync.Mutex
	asOf   int64
	bodies [][]byte
}

func (e *duck) saveState(ctx context.Context, asOf int64, chunks int, body func(chunk int, room []byte) []byte) error {
	if e.path == "" {
		bodies := make([][]byte, chunks)
		for chunk := range bodies {
			bodies[chunk] = body(chunk, nil)
		}
		e.kept.Lock()
		defer e.kept.Unlock()
		e.kept.asOf, e.kept.bodies = asOf, bodies
		return nil
	}
	path := e.path + ".state"
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(writeState(ctx, f, asOf, chunks, body), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path+".new"))
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// writeState fills a file and has it on disk; every processor packs and writes chunks.
func writeState(ctx context.Context, f *os.File, asOf int64, chunks int, body func(chunk int, room []byte) []byte) error {
	var next, written atomic.Int64
	var end atomic.Int64
	end.Store(int64(stateHeader))
	group, inside := errgroup.WithContext(ctx)
	for range min(runtime.GOMAXPROCS(0), chunks) {
		group.Go(func() error {
			var room []byte
			for chunk := int(next.Add(1)) - 1; chunk < chunks; chunk = int(next.Add(1)) - 1 {
				if err := inside.Err(); err != nil {
					return err
				}
				all := body(chunk, append(room[:0], make([]byte, chunkHeader)...))
				if all == nil {
					continue
				}
				room = all
				binary.LittleEndian.PutUint32(all[4:], uint32(chunk))
				binary.LittleEndian.PutUint32(all[8:], uint32(len(all)-chunkHeader))
				binary.LittleEndian.PutUint32(all, crc32.Checksum(all[4:], castagnoli))
				if _, err := f.WriteAt(all, end.Add(int64(len(all)))-int64(len(all))); err != nil {
					return err
				}
				written.Add(1)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	head := binary.LittleEndian.AppendUint64([]byte(stateMagic), uint64(asOf))
	head = binary.LittleEndian.AppendUint64(head, uint64(written.Load()))
	if _, err := f.WriteAt(binary.LittleEndian.AppendUint32(head, crc32.Checksum(head, castagnoli)), 0); err != nil {
		return err
	}
	return f.Sync()
}

func (e *duck) loadState(_ context.Context, take func(chunk uint32, asOf int64, body []byte) error) error {
	if e.path == "" {
		e.kept.Lock()
		defer e.kept.Unlock()
		for chunk, body := range slices.Backward(e.kept.bodies) {
			if body == nil {
				continue
			}
			if err := take(uint32(chunk), e.kept.asOf, body); err != nil {
				return err
			}
		}
		return nil
	}
	f, err := os.Open(e.path + ".state")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // none was saved yet
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return readState(f, take)
}

// readState gives the chunks of a file, the last first.
func readState(f *os.File, take func(chunk uint32, asOf int64, body []byte) error) error {
	head := make([]byte, stateHeader)
	if _, err := f.ReadAt(head, 0); err != nil {
		return errors.Join(errBody, err)
	}
	if rest, told := bytes.CutPrefix(head, []byte(stateMagic)); !told || crc32.Checksum(head[:stateHeader-4], castagnoli) != binary.LittleEndian.Uint32(rest[16:]) {
		return errBody
	}
	asOf := int64(binary.LittleEndian.Uint64(head[len(stateMagic):]))
	count := binary.LittleEndian.Uint64(head[len(stateMagic)+8:])
	type place struct {
		chunk, size uint32
		at          int64
	}
	var all []place
	at := int64(stateHeader)
	for range count {
		if _, err := f.ReadAt(head[:chunkHeader], at); err != nil {
			return errors.Join(errBody, err)
		}
		p := place{binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint32(head[8:]), at}
		all = append(all, p)
		at += chunkHeader + int64(p.size)
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Compare(b.chunk, a.chunk) })
	var body []byte
	for _, p := range all {
		if p.size > mostBody {
			return errBody
		}
		body = resize(body, chunkHeader+int(p.size))
		if _, err := f.ReadAt(body, p.at); err != nil {
			return errors.Join(errBody, err)
		}
		if crc32.Checksum(body[4:], castagnoli) != binary.LittleEndian.Uint32(body) {
			return errBody
		}
		if err := take(p.chunk, asOf, body[chunkHeader:]); err != nil {
			return err
		}
	}
	return nil
}
