package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
)

// tableRow is a row of an uploaded table.
type tableRow struct {
	Line  int64
	Cells []string // trimmed
}

// readTable reads an uploaded CSV or XLSX, whatever its encoding, and returns the names of its columns, where it has them, and
// its rows without the blank ones. A row that cannot be read comes without cells. More rows than most are Invalid.
func readTable(body io.Reader, most int) (header []string, rows []tableRow, err error) {
	f, err := os.CreateTemp("", "huoshui-table-*")
	if err != nil {
		return nil, nil, fmt.Errorf("table: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = io.Copy(f, body)
	if e := f.Close(); err == nil {
		err = e
	}
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return nil, nil, errs.New(errs.Invalid, "file.too_large", "the file is larger than %d MB", big.Limit>>20).With("most", big.Limit>>20)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("table: %w", err)
	}
	limits := files.Limits{FileBytes: 64 << 20}
	format, err := files.Detect(f.Name(), limits)
	if err != nil {
		return nil, nil, err
	}
	in, err := files.Open(f.Name(), format, limits)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	for {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			return in.Header(), rows, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if len(rows) == most {
			return nil, nil, errs.New(errs.Invalid, "file.too_many", "a file has at most %d rows", most).With("most", most)
		}
		r := tableRow{Line: row.Line}
		if row.Problem == "" {
			for _, c := range row.Cells {
				r.Cells = append(r.Cells, files.Text(c))
			}
		}
		rows = append(rows, r)
	}
}
