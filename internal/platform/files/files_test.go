package files

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"huoshui/internal/platform/errs"
)

func write(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func encode(t *testing.T, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func readAll(t *testing.T, path string, format Format, limits Limits) (header []string, rows []Row) {
	t.Helper()
	r, err := Open(path, format, limits)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Header(), rows
		}
		if err != nil {
			t.Fatal(err)
		}
		row.Cells = append([]string(nil), row.Cells...)
		rows = append(rows, row)
	}
}

func TestDetectAndRead(t *testing.T) {
	const comma = "订单编号,买家会员名,金额\r\n1001,小鱼,\"1,234.50\"\r\n1002,\"大\"\"鱼\"\"\r\n二行\",5\r\n\r\n1003,鱼,6"
	want := []Row{
		{Line: 2, Cells: []string{"1001", "小鱼", "1,234.50"}},
		{Line: 3, Cells: []string{"1002", "大\"鱼\"\n二行", "5"}},
		{Line: 6, Cells: []string{"1003", "鱼", "6"}},
	}
	tabs := strings.NewReplacer(",", "\t", "1,234.50", "1,234.50").Replace("订单编号,买家会员名,金额\n1001,小鱼,9\n1002,大鱼,8\n")
	for name, c := range map[string]struct {
		bytes  []byte
		format Format
		rows   []Row
	}{
		"utf-8":   {[]byte(comma), Format{Kind: CSV, Encoding: UTF8, Separator: ",", Header: true}, want},
		"bom":     {[]byte("\xef\xbb\xbf" + comma), Format{Kind: CSV, Encoding: UTF8, Separator: ",", Header: true}, want},
		"gbk":     {encode(t, simplifiedchinese.GBK, comma), Format{Kind: CSV, Encoding: GB18030, Separator: ",", Header: true}, want},
		"gz":      {zipped(t, []byte(comma)), Format{Kind: CSV, Gzip: true, Encoding: UTF8, Separator: ",", Header: true}, want},
		"utf-16":  {encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), comma), Format{Kind: CSV, Encoding: UTF16LE, Separator: ",", Header: true}, want},
		"utf-16b": {encode(t, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "a,b,c\n1,2,3"), Format{Kind: CSV, Encoding: UTF16BE, Separator: ",", Header: true}, []Row{{Line: 2, Cells: []string{"1", "2", "3"}}}},
		"tab":     {[]byte(tabs), Format{Kind: CSV, Encoding: UTF8, Separator: "\t", Header: true}, []Row{{Line: 2, Cells: []string{"1001", "小鱼", "9"}}, {Line: 3, Cells: []string{"1002", "大鱼", "8"}}}},
		"bare":    {[]byte("1;2;3\n4;5;6\n"), Format{Kind: CSV, Encoding: UTF8, Separator: ";"}, []Row{{Line: 1, Cells: []string{"1", "2", "3"}}, {Line: 2, Cells: []string{"4", "5", "6"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, c.bytes)
			format, err := Detect(path, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.format, format); d != "" {
				t.Error(d)
			}
			header, rows := readAll(t, path, format, Limits{})
			if d := cmp.Diff(c.rows, rows); d != "" {
				t.Error(d)
			}
			if format.Header && len(header) != 3 {
				t.Errorf("header %q", header)
			}
		})
	}
}

func TestProblemsAreRows(t *testing.T) {
	limits := Limits{LineBytes: 100, FieldBytes: 50, Fields: 5}
	text := "a,b\n1,\xff\xfe\n2," + strings.Repeat("x", 200) + "\n3," + strings.Repeat("y", 60) + "\n\"4,open\n5,ok\n6,7,8,9,10,11\n12,z\x00\n13,last"
	_, rows := readAll(t, write(t, []byte(text)), Format{Kind: CSV, Encoding: UTF8, Separator: ",", Header: true}, limits)
	var got []string
	for _, r := range rows {
		got = append(got, r.Problem+":"+r.Cells[0])
	}
	want := []string{"bad_encoding:1", "line_too_long:2", "line_too_long:3", "bad_quotes:\"4", ":5", "line_too_long:6", "bad_encoding:12", ":13"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if last := rows[len(rows)-1]; last.Line != 9 {
		t.Errorf("the last row is on line %d", last.Line)
	}
}

func TestXLSX(t *testing.T) {
	book := excelize.NewFile()
	set := func(cell string, v any) {
		if err := book.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	set("A1", "订单编号")
	set("B1", "金额")
	set("C1", "时间")
	set("A2", "3391847562910238745")
	set("B2", 2.55)
	set("C2", 45717.336805555555)
	set("A4", 17850)
	set("B4", 0.1+0.2)
	path := filepath.Join(t.TempDir(), "b.xlsx")
	if err := book.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	format, err := Detect(path, Limits{})
	if err != nil || format.Kind != XLSX || !format.Header {
		t.Fatalf("%+v, %v", format, err)
	}
	header, rows := readAll(t, path, format, Limits{})
	if d := cmp.Diff([]string{"订单编号", "金额", "时间"}, header); d != "" {
		t.Error(d)
	}
	if len(rows) != 2 || rows[0].Cells[0] != "3391847562910238745" || rows[0].Cells[1] != "2.55" || rows[1].Line != 4 || rows[1].Cells[1] != "0.3" {
		t.Errorf("rows %+v", rows)
	}
	at, err := Time(rows[0].Cells[2], shanghai(t))
	if err != nil || at.Format("2006-01-02 15:04") != "2025-03-01 00:05" {
		t.Errorf("%v, %v", at, err)
	}
	if _, err := Open(path, format, Limits{FileBytes: 1000}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a workbook above the limit: %v", err)
	}
}

func TestHostileFiles(t *testing.T) {
	bomb := zipped(t, bytes.Repeat([]byte("0"), 8<<20))
	r, err := Open(write(t, bomb), Format{Kind: CSV, Gzip: true}, Limits{FileBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = r.Next()
	}
	if !errs.Is(err, errs.Invalid) {
		t.Errorf("a gzip bomb: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	quotes := strings.Repeat("\"a\n\"b", 20000)
	r, err = Open(write(t, []byte(quotes)), Format{Kind: CSV}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = r.Next()
	}
	if err != io.EOF && !errs.Is(err, errs.Invalid) {
		t.Errorf("open quotes: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	good := zipped(t, []byte("a,b\n1,2\n"))
	for name, b := range map[string][]byte{"empty": {}, "cut gzip": good[:len(good)-6], "xls": []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "cut zip": []byte("PK\x03\x04xxxx")} {
		if _, err := Detect(write(t, b), Limits{}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,b\n1,\"x\"\"y\n\"\r\n"), byte(0))
	f.Add([]byte("\"\n\"a;b"), byte(2))
	f.Add([]byte("\x1f\x8b\x08"), byte(1))
	f.Fuzz(func(t *testing.T, b []byte, how byte) {
		path := write(t, b)
		format := Format{Kind: CSV, Encoding: []string{UTF8, GB18030, UTF16LE, UTF16BE}[how%4], Separator: []string{",", ";", "\t", "|"}[how/4%4]}
		if how >= 128 {
			detected, err := Detect(path, Limits{FileBytes: 1 << 20})
			if err != nil {
				return
			}
			format = detected
		}
		limits := Limits{FileBytes: 1 << 20, LineBytes: 64, FieldBytes: 32, Fields: 4}
		r, err := Open(path, format, limits)
		if err != nil {
			return
		}
		defer func() { _ = r.Close() }()
		var line int64
		for {
			row, err := r.Next()
			if err != nil {
				break
			}
			if row.Line <= line && line > 0 {
				t.Fatalf("line %d after %d", row.Line, line)
			}
			line = row.Line
			if len(row.Cells) > limits.Fields {
				t.Fatalf("%d cells", len(row.Cells))
			}
		}
	})
}

func FuzzXLSX(f *testing.F) {
	book := excelize.NewFile()
	if err := book.SetCellValue("Sheet1", "A1", "x"); err != nil {
		f.Fatal(err)
	}
	b, err := book.WriteToBuffer()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		path := write(t, b)
		r, err := Open(path, Format{Kind: XLSX, Header: true}, Limits{FileBytes: 20 << 20})
		if err != nil {
			return
		}
		defer func() { _ = r.Close() }()
		for range 1000 {
			if _, err := r.Next(); err != nil {
				return
			}
		}
	})
}
