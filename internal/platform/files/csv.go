package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"huoshui/internal/platform/errs"
)

// maxResyncs is how many unclosed quotes are forgiven before the file is refused: each costs a second look at up to
// Limits.LineBytes.
const maxResyncs = 200

// csvSource splits text into records (RFC 4180, with the liberties exports take: bare quotes, ragged rows, \r\n or \n).
type csvSource struct {
	in      *bufio.Reader
	sep     byte
	limits  Limits
	strict  bool // check that lines are valid UTF-8
	line    int64
	pending [][]byte // physical lines given back after an unclosed quote
	resyncs int

	buf    []byte
	ends   []int
	cells  []string
	opened [][]byte
}

func (r *Reader) openCSV(format Format, limits Limits) error {
	text, closer, err := decoded(r.file, format, limits)
	if err != nil {
		return err
	}
	if closer != nil {
		r.closes = append(r.closes, closer)
	}
	sep := byte(',')
	switch format.Separator {
	case "", ",":
	case ";", "|", "\t":
		sep = format.Separator[0]
	default:
		return errs.New(errs.Invalid, "file.separator", "the separator is one of comma, semicolon, bar and tab").At("separator")
	}
	src := &csvSource{in: bufio.NewReaderSize(text, 64<<10), sep: sep, limits: limits, strict: format.Encoding == "" || format.Encoding == UTF8}
	if mark, err := src.in.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		if _, err := src.in.Discard(3); err != nil {
			return err
		}
	}
	r.next = src.next
	return nil
}

// decoded returns the file's text as UTF-8.
func decoded(file io.Reader, format Format, limits Limits) (io.Reader, func() error, error) {
	in := file
	var closer func() error
	if format.Gzip {
		z, err := gzip.NewReader(file)
		if err != nil {
			return nil, nil, errs.New(errs.Invalid, "file.gzip", "the file is not gzip: %v", err)
		}
		in, closer = z, z.Close
	}
	in = &limitedReader{r: in, left: limits.FileBytes}
	switch format.Encoding {
	case "", UTF8:
	case GB18030:
		in = transform.NewReader(in, simplifiedchinese.GB18030.NewDecoder())
	case UTF16LE:
		in = transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case UTF16BE:
		in = transform.NewReader(in, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	default:
		return nil, nil, errs.New(errs.Invalid, "file.encoding", "the encoding is one of utf-8, gb18030, utf-16le and utf-16be").At("encoding")
	}
	return in, closer, nil
}

// physical returns the next line without its line break; tooLong when it was cut at the limit.
// The slice is valid until the next call.
func (s *csvSource) physical() (line []byte, tooLong bool, err error) {
	if len(s.pending) > 0 {
		line, s.pending = s.pending[0], s.pending[1:]
		s.line++
		return line, false, nil
	}
	var long []byte
	for {
		part, err := s.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return nil, false, readError(err)
		}
		full := errors.Is(err, bufio.ErrBufferFull)
		if !full && long == nil {
			line = part
		} else if !tooLong {
			long = append(long, part...)
			tooLong = len(long) > s.limits.LineBytes
			line = long
		}
		if full {
			continue
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil, false, io.EOF
		}
		break
	}
	s.line++
	line = bytes.TrimSuffix(line, []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if len(line) > s.limits.LineBytes {
		line, tooLong = line[:s.limits.LineBytes], true
	}
	return line, tooLong, nil
}

func readError(err error) error {
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errs.New(errs.Invalid, "file.truncated", "the file is damaged or cut off: %v", err)
	}
	if errs.KindOf(err) != errs.Internal {
		return err
	}
	return errs.New(errs.Invalid, "file.unreadable", "the file cannot be read: %v", err)
}

func (s *csvSource) next() (Row, error) {
	line, tooLong, err := s.physical()
	if err != nil {
		return Row{}, err
	}
	row := Row{Line: s.line}
	s.buf, s.ends, s.opened = s.buf[:0], s.ends[:0], s.opened[:0]
	switch {
	case tooLong:
		row.Problem = ProblemTooLong
		s.split(line[:min(len(line), 1024)])
	case bytes.IndexByte(line, '"') < 0:
		s.split(line)
	default:
		closed, err := s.quoted(line)
		if err != nil {
			return Row{}, err
		}
		if !closed {
			row.Problem = ProblemQuotes
		}
	}
	s.finish(&row)
	return row, nil
}

// split appends the fields of a line whose quotes, if any, mean nothing.
func (s *csvSource) split(line []byte) {
	for {
		i := bytes.IndexByte(line, s.sep)
		if i < 0 {
			s.buf = append(s.buf, line...)
			s.ends = append(s.ends, len(s.buf))
			return
		}
		s.buf = append(s.buf, line[:i]...)
		s.ends = append(s.ends, len(s.buf))
		line = line[i+1:]
	}
}

// quoted appends the fields of a record that has quotes, reading on while one is open. It reports whether the last
// quote was closed; when not, the first line alone is the record and the rest is given back.
func (s *csvSource) quoted(line []byte) (closed bool, err error) {
	total := len(line)
	inside := s.walk(line, false)
	if !inside {
		return true, nil
	}
	start := s.line
	s.opened = append(s.opened, bytes.Clone(line))
	for inside {
		more, tooLong, err := s.physical()
		if err != nil && err != io.EOF {
			return false, err
		}
		total += len(more) + 1
		if err == nil {
			s.opened = append(s.opened, bytes.Clone(more))
		}
		if err == io.EOF || tooLong || total > s.limits.LineBytes {
			return false, s.giveBack(start)
		}
		s.buf = append(s.buf, '\n')
		inside = s.walk(more, true)
	}
	s.opened = s.opened[:0]
	return true, nil
}

func (s *csvSource) giveBack(start int64) error {
	if s.resyncs++; s.resyncs > maxResyncs {
		return errs.New(errs.Invalid, "file.quotes", "too many quotes are opened and never closed; the first of the last is on line %d", start)
	}
	first := s.opened[0]
	s.pending = append(append([][]byte{}, s.opened[1:]...), s.pending...)
	s.line = start
	s.buf, s.ends = s.buf[:0], s.ends[:0]
	s.split(first)
	return nil
}

// walk appends the fields of one physical line; inside says whether a quoted field is open at its start, and the
// result whether one is open at its end.
func (s *csvSource) walk(line []byte, inside bool) bool {
	i, atStart := 0, !inside
	for i < len(line) {
		c := line[i]
		switch {
		case inside && c == '"':
			if i+1 < len(line) && line[i+1] == '"' {
				s.buf = append(s.buf, '"')
				i++
			} else {
				inside = false
			}
		case inside:
			s.buf = append(s.buf, c)
		case c == s.sep:
			s.ends = append(s.ends, len(s.buf))
			atStart = true
			i++
			continue
		case c == '"' && atStart:
			inside = true
		default:
			s.buf = append(s.buf, c)
		}
		atStart = false
		i++
	}
	if !inside {
		s.ends = append(s.ends, len(s.buf))
	}
	return inside
}

// finish makes cells of the fields and checks them.
func (s *csvSource) finish(row *Row) {
	if bytes.IndexByte(s.buf, 0) >= 0 || s.strict && !utf8.Valid(s.buf) {
		row.Problem = ProblemEncoding
	}
	text := string(s.buf)
	s.cells = s.cells[:0]
	from := 0
	for _, end := range s.ends {
		if len(s.cells) == s.limits.Fields || end-from > s.limits.FieldBytes {
			row.Problem = ProblemTooLong
			break
		}
		s.cells = append(s.cells, text[from:end])
		from = end
	}
	if !s.strict && strings.Contains(text, "\uFFFD") {
		row.Problem = ProblemEncoding
	}
	if row.Problem == ProblemEncoding {
		for i, c := range s.cells {
			s.cells[i] = strings.ReplaceAll(strings.ToValidUTF8(c, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	row.Cells = s.cells
}
