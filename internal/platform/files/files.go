// Package files reads tables that people upload: CSV, gzipped CSV and XLSX, in the encodings, separators, dates and
// amounts that exports really use. Everything is streamed and bounded: a hostile file costs a limited amount of memory
// and time, and a broken line is a row with a problem, not the end of the file.
package files

import (
	"io"
	"os"

	"huoshui/internal/platform/errs"
)

// Kinds of file.
const (
	CSV  = "csv"
	XLSX = "xlsx"
)

// Encodings that Detect can find.
const (
	UTF8    = "utf-8"
	UTF16LE = "utf-16le"
	UTF16BE = "utf-16be"
	GB18030 = "gb18030" // and its subsets GBK and GB2312
)

// Problems of a row as a whole. The row's cells are what could be read.
const (
	ProblemQuotes   = "bad_quotes"    // a quote is opened and never closed
	ProblemTooLong  = "line_too_long" // the line or a field is above the limit
	ProblemEncoding = "bad_encoding"  // bytes that are no text in the file's encoding
)

// Limits bound what a file may cost. A zero field means the default of DefaultLimits.
type Limits struct {
	FileBytes  int64 // decompressed size of the whole file
	LineBytes  int   // one record, quotes and line breaks included
	FieldBytes int   // one field
	Fields     int   // fields in one record
	Entries    int   // files inside an XLSX archive
}

// DefaultLimits allows about ten million order lines.
func DefaultLimits() Limits {
	return Limits{FileBytes: 4 << 30, LineBytes: 256 << 10, FieldBytes: 32 << 10, Fields: 500, Entries: 5000}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.FileBytes > 0 {
		d.FileBytes = l.FileBytes
	}
	if l.LineBytes > 0 {
		d.LineBytes = l.LineBytes
	}
	if l.FieldBytes > 0 {
		d.FieldBytes = l.FieldBytes
	}
	if l.Fields > 0 {
		d.Fields = l.Fields
	}
	if l.Entries > 0 {
		d.Entries = l.Entries
	}
	return d
}

// Format is how a file is to be read. Detect proposes one; a person may correct it.
type Format struct {
	Kind      string   `json:"kind" enum:"csv,xlsx"`
	Gzip      bool     `json:"gzip"`
	Encoding  string   `json:"encoding,omitempty"`  // CSV only
	Separator string   `json:"separator,omitempty"` // CSV only: one of , ; | and tab
	Header    bool     `json:"header"`              // the first row names the columns
	Sheet     string   `json:"sheet,omitempty"`     // XLSX only
	Sheets    []string `json:"sheets,omitempty"`    // XLSX only: what may be chosen
}

// Row is one record.
type Row struct {
	Line    int64    // 1-based number of the line it starts on, as an editor or Excel shows it
	Cells   []string // valid until the next call of Next
	Problem string   // "" or one of the Problem constants
}

// Reader reads the rows of a file in order, blank ones left out.
type Reader struct {
	header []string
	next   func() (Row, error)
	closes []func() error
	file   *countingReader
	size   int64
}

// Open opens a file for reading in a format. The header row, if there is one, is consumed.
func Open(path string, format Format, limits Limits) (*Reader, error) {
	limits = limits.orDefault()
	f, err := os.Open(path)
	if err != nil {
		return nil, errs.Wrap(errs.NotFound, "file.not_found", err)
	}
	stat, err := f.Stat()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "file.unreadable", err)
	}
	r := &Reader{file: &countingReader{r: f}, size: stat.Size(), closes: []func() error{f.Close}}
	if format.Kind == XLSX {
		err = r.openXLSX(path, format, limits)
	} else {
		err = r.openCSV(format, limits)
	}
	if err != nil {
		_ = r.Close() // the first error is the one that matters
		return nil, err
	}
	if format.Header {
		row, err := r.Next()
		if err != nil && err != io.EOF {
			_ = r.Close()
			return nil, err
		}
		for _, c := range row.Cells {
			r.header = append(r.header, Text(c))
		}
	}
	return r, nil
}

// Header returns the column names; empty when the format has no header.
func (r *Reader) Header() []string { return r.header }

// Next returns the next row that is not blank, and io.EOF after the last.
func (r *Reader) Next() (Row, error) {
	for {
		row, err := r.next()
		if err != nil || row.Problem != "" || !blank(row.Cells) {
			return row, err
		}
	}
}

// Progress returns how many bytes of the file have been read, of how many.
func (r *Reader) Progress() (read, total int64) { return min(r.file.n, r.size), r.size }

// Close closes the file.
func (r *Reader) Close() error {
	var first error
	for i := len(r.closes) - 1; i >= 0; i-- {
		if err := r.closes[i](); err != nil && first == nil {
			first = err
		}
	}
	r.closes = nil
	return first
}

func blank(cells []string) bool {
	for _, c := range cells {
		if c != "" {
			return false
		}
	}
	return true
}

// countingReader counts what was read through it.
type countingReader struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// limitedReader fails, rather than ends, when more than left bytes are asked for.
type limitedReader struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errs.New(errs.Invalid, "file.too_large", "the file is larger than allowed when unpacked")
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}
