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
	"strconv"
	"strings"

	"huoshui/internal/platform/files"
	"huoshui/internal/platform/store"
)

// Columns that the file of rejected lines adds after the original ones; an import of the corrected file ignores them.
var rejectColumns = []string{"row 行号", "column 列", "reason 原因"}

// writeRejects makes the file of rejected lines: the original columns and row, column and reason, UTF-8 with a byte
// order mark so that a spreadsheet opens it. It returns how many lines it wrote.
func (r *run) writeRejects(ctx context.Context, path string) (n int64, err error) {
	settled, err := store.All[rejectRow](ctx, r.s.db, `SELECT * FROM import_rejects WHERE import_id = ? ORDER BY line`, r.imp.ID)
	if err != nil {
		return 0, err
	}
	refused, err := os.Open(filepath.Join(r.work, "refused"))
	if err != nil {
		return 0, fmt.Errorf("rejects: %w", err)
	}
	defer func() { err = errors.Join(err, refused.Close()) }()
	next := mergeRefusals(bufio.NewScanner(refused), settled)
	in, err := files.Open(r.file, r.imp.Format, r.limits)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.Create(path + ".part")
	if err != nil {
		return 0, fmt.Errorf("rejects: %w", err)
	}
	n, err = copyRejects(ctx, in, out, next)
	if err = errors.Join(err, out.Close()); err != nil {
		return n, fmt.Errorf("rejects: %w", err)
	}
	return n, os.Rename(path+".part", path)
}

func copyRejects(ctx context.Context, in *files.Reader, out *os.File, next func() (rejectRow, bool, error)) (n int64, err error) {
	if _, err := out.WriteString("\xef\xbb\xbf"); err != nil {
		return 0, err
	}
	buffered := bufio.NewWriterSize(out, 64<<10)
	w := csv.NewWriter(buffered)
	w.UseCRLF = true
	header := in.Header()
	width := len(header)
	if width > 0 {
		if err := w.Write(append(safeCells(header, width), rejectColumns...)); err != nil {
			return 0, err
		}
	}
	want, more, err := next()
	for more && err == nil {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return n, ctx.Err()
		}
		row, e := in.Next()
		if e != nil {
			if errors.Is(e, io.EOF) {
				e = fmt.Errorf("line %d is not in the file any more", want.Line)
			}
			return n, e
		}
		if row.Line != want.Line {
			continue
		}
		cells := append(safeCells(row.Cells, max(width, len(row.Cells))), strconv.FormatInt(want.Line, 10), want.Field, want.Reason)
		if err := w.Write(cells); err != nil {
			return n, err
		}
		n++
		want, more, err = next()
	}
	if err != nil {
		return n, err
	}
	w.Flush()
	return n, errors.Join(w.Error(), buffered.Flush())
}

// safeCells pads a row to a width and keeps a spreadsheet from running a cell as a formula or rounding a long number:
// a tab in front makes it text, and reading takes the tab away again.
func safeCells(cells []string, width int) []string {
	out := make([]string, width, width+len(rejectColumns))
	for i, c := range cells {
		switch {
		case c == "":
		case strings.ContainsRune("=+@", rune(c[0])), c[0] == '-' && !isNumber(c), len(c) > 11 && isNumber(c) && !strings.Contains(c, "."):
			c = "\t" + c
		}
		out[i] = c
	}
	return out
}

func isNumber(s string) bool {
	_, err := files.Number(s)
	return err == nil
}

// mergeRefusals yields the refused lines of both passes in the order of the file.
func mergeRefusals(lines *bufio.Scanner, settled []rejectRow) func() (rejectRow, bool, error) {
	var held rejectRow
	var have bool
	read := func() error {
		have = lines.Scan()
		if !have {
			return lines.Err()
		}
		parts := strings.SplitN(lines.Text(), "\t", 3)
		if len(parts) != 3 {
			return fmt.Errorf("rejects: %q", lines.Text())
		}
		n, err := strconv.ParseInt(parts[0], 10, 64)
		held = rejectRow{Line: n, Field: parts[1], Reason: parts[2]}
		return err
	}
	err := read()
	return func() (rejectRow, bool, error) {
		if err != nil {
			return rejectRow{}, false, err
		}
		if have && (len(settled) == 0 || held.Line < settled[0].Line) {
			row := held
			err = read()
			return row, true, nil
		}
		if len(settled) > 0 {
			row := settled[0]
			settled = settled[1:]
			return row, true, nil
		}
		return rejectRow{}, false, nil
	}
}
