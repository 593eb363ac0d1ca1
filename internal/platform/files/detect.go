package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"huoshui/internal/platform/errs"
)

// sampleBytes is how much of the text decides the encoding; a file may be ASCII for long before its first Chinese name.
const sampleBytes = 32 << 20

// Detect looks at a file's bytes (never at its name) and proposes how to read it.
func Detect(path string, limits Limits) (Format, error) {
	limits = limits.orDefault()
	f, err := os.Open(path)
	if err != nil {
		return Format{}, errs.Wrap(errs.NotFound, "file.not_found", err)
	}
	defer func() { _ = f.Close() }() // read only: nothing can be lost
	in := bufio.NewReaderSize(f, 64<<10)
	magic, err := in.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return Format{}, errs.Wrap(errs.Internal, "file.unreadable", err)
	}
	if len(magic) == 0 {
		return Format{}, errs.New(errs.Invalid, "file.empty", "the file is empty")
	}
	if bytes.HasPrefix(magic, []byte("PK\x03\x04")) {
		return detectXLSX(path, limits)
	}
	if bytes.HasPrefix(magic, []byte("\xd0\xcf\x11\xe0")) {
		return Format{}, errs.New(errs.Invalid, "file.xls", "this is an old .xls workbook: save it as .xlsx or CSV")
	}
	format := Format{Kind: CSV}
	var text io.Reader = in
	if bytes.HasPrefix(magic, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return Format{}, errs.New(errs.Invalid, "file.gzip", "the file is not gzip: %v", err)
		}
		format.Gzip, text = true, z
	}
	sample, err := io.ReadAll(io.LimitReader(text, min(sampleBytes, limits.FileBytes)))
	if err != nil {
		return Format{}, readError(err)
	}
	if format.Encoding, err = encodingOf(sample); err != nil {
		return Format{}, err
	}
	return detectShape(path, format, limits)
}

func detectXLSX(path string, limits Limits) (Format, error) {
	book, err := openWorkbook(path, limits)
	if err != nil {
		return Format{}, err
	}
	sheets := book.GetSheetList()
	if err := book.Close(); err != nil {
		return Format{}, errs.Wrap(errs.Internal, "file.unreadable", err)
	}
	if len(sheets) == 0 {
		return Format{}, errs.New(errs.Invalid, "file.xlsx", "the workbook has no sheet")
	}
	format := Format{Kind: XLSX, Sheet: sheets[0], Sheets: sheets}
	rows, err := sampleRows(path, format, limits, 20)
	if err != nil {
		return Format{}, err
	}
	format.Header = looksLikeHeader(rows)
	return format, nil
}

// encodingOf names the encoding of a sample that may end in the middle of a character.
func encodingOf(sample []byte) (string, error) {
	switch {
	case bytes.HasPrefix(sample, []byte("\xef\xbb\xbf")):
		return UTF8, nil
	case bytes.HasPrefix(sample, []byte("\xff\xfe")):
		return UTF16LE, nil
	case bytes.HasPrefix(sample, []byte("\xfe\xff")):
		return UTF16BE, nil
	}
	if zeros := bytes.Count(sample[:min(len(sample), 4096)], []byte{0}); zeros*5 > min(len(sample), 4096) {
		if len(sample) > 1 && sample[0] == 0 {
			return UTF16BE, nil
		}
		return UTF16LE, nil
	}
	for cut := 0; cut < utf8.UTFMax && cut < len(sample); cut++ {
		if utf8.Valid(sample[:len(sample)-cut]) {
			return UTF8, nil
		}
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(sample)
	if err != nil {
		return "", errs.New(errs.Invalid, "file.encoding", "the text is neither UTF-8 nor GB18030")
	}
	bad := bytes.Count(decoded, []byte("\uFFFD"))
	utf8Bad := invalidRunes(sample)
	switch {
	case bad <= 1+len(decoded)/5000:
		return GB18030, nil
	case utf8Bad <= 1+len(sample)/1000:
		return UTF8, nil // UTF-8 with a few damaged bytes: those lines are rejected one by one
	}
	return "", errs.New(errs.Invalid, "file.encoding", "the text is neither UTF-8 nor GB18030")
}

func invalidRunes(b []byte) (n int) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			n++
		}
		b = b[size:]
	}
	return n
}

// detectShape finds the separator (the one that gives most rows the same number of fields, more than one) and the header.
func detectShape(path string, format Format, limits Limits) (Format, error) {
	best, score := format, -1
	var bestRows [][]string
	for _, sep := range []string{",", "\t", ";", "|"} {
		try := format
		try.Separator = sep
		rows, err := sampleRows(path, try, limits, 50)
		if err != nil {
			return Format{}, err
		}
		counts := map[int]int{}
		for _, row := range rows {
			counts[len(row)]++
		}
		for fields, n := range counts {
			s := n*1000 + fields
			if fields == 1 {
				s = 0
			}
			if s > score {
				best, score, bestRows = try, s, rows
			}
		}
	}
	best.Header = looksLikeHeader(bestRows)
	return best, nil
}

func sampleRows(path string, format Format, limits Limits, n int) ([][]string, error) {
	format.Header = false
	r, err := Open(path, format, limits)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // read only: nothing can be lost
	var out [][]string
	for len(out) < n {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		out = append(out, append([]string(nil), row.Cells...))
	}
	return out, nil
}

// looksLikeHeader reports whether the first row names columns: its cells are distinct words, not values.
func looksLikeHeader(rows [][]string) bool {
	if len(rows) == 0 {
		return false
	}
	seen, words, filled := map[string]bool{}, 0, 0
	for _, c := range rows[0] {
		c = Text(c)
		if c == "" {
			continue
		}
		filled++
		if seen[strings.ToLower(c)] {
			return false
		}
		seen[strings.ToLower(c)] = true
		if _, err := Number(c); err == nil {
			continue
		}
		if strings.Contains(c, "@") || strings.ContainsAny(c[:1], "0123456789") {
			continue
		}
		words++
	}
	return filled > 0 && words*10 >= filled*9
}
