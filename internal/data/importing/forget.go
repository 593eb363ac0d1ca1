package importing

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"huoshui/internal/platform/named"
	"huoshui/internal/platform/store"
)

// Forget takes the lines that name one of the people out of the files of rejected lines, and out of the samples of dry runs. The files that were
// uploaded stay as they came until their imports are deleted.
func (s *Service) Forget(ctx context.Context, tx *store.Tx, people named.People) error {
	type tried struct {
		ID  string  `db:"id"`
		Dry *DryRun `db:"dry,json"`
	}
	all, err := store.All[tried](ctx, tx, `SELECT id, dry FROM imports`)
	if err != nil {
		return err
	}
	hers := func(cells []string) bool { return slices.ContainsFunc(cells, people.In) }
	for _, t := range all {
		if err := forgetRejects(filepath.Join(s.Folder(t.ID), "rejects.csv"), hers); err != nil {
			return fmt.Errorf("rejected lines of %s: %w", t.ID, err)
		}
		if t.Dry == nil || !slices.ContainsFunc(t.Dry.Samples, func(l RejectedLine) bool { return hers(l.Cells) }) {
			continue
		}
		t.Dry.Samples = slices.DeleteFunc(t.Dry.Samples, func(l RejectedLine) bool { return hers(l.Cells) })
		if _, err := tx.Exec(ctx, `UPDATE imports SET dry = ? WHERE id = ?`, asJSON(t.Dry), t.ID); err != nil {
			return err
		}
	}
	return nil
}

// forgetRejects writes a file of rejected lines without some of them, beside it, and puts it in its place. A file that is not there has none.
func forgetRejects(path string, hers func(cells []string) bool) (err error) {
	in, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	dropped, err := copyWithout(in, out, hers)
	if err = errors.Join(err, out.Close()); err != nil || dropped == 0 {
		return errors.Join(err, os.Remove(path+".part"))
	}
	return os.Rename(path+".part", path)
}

func copyWithout(in io.Reader, out io.Writer, hers func(cells []string) bool) (dropped int, err error) {
	r := csv.NewReader(bufio.NewReader(in)) // the byte order mark stays with the first cell
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	w := csv.NewWriter(out)
	w.UseCRLF = true
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			w.Flush()
			return dropped, w.Error()
		}
		if err != nil {
			return dropped, err
		}
		if hers(cells) {
			dropped++
		} else if err := w.Write(cells); err != nil {
			return dropped, err
		}
	}
}
