package files

import (
	"archive/zip"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"huoshui/internal/platform/errs"
)

// xlsxMemory is how much of one part of a workbook is held in memory; larger parts go to a temporary file.
const xlsxMemory = 16 << 20

func openWorkbook(path string, limits Limits) (*excelize.File, error) {
	if err := checkArchive(path, limits); err != nil {
		return nil, err
	}
	book, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true, UnzipSizeLimit: max(limits.FileBytes, xlsxMemory), UnzipXMLSizeLimit: xlsxMemory})
	if err != nil {
		return nil, errs.New(errs.Invalid, "file.xlsx", "the workbook cannot be read: %v", err)
	}
	return book, nil
}

// checkArchive refuses an archive that would unpack to more than allowed, before anything is unpacked.
func checkArchive(path string, limits Limits) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return errs.New(errs.Invalid, "file.xlsx", "the workbook cannot be read: %v", err)
	}
	defer func() { _ = z.Close() }() // read only: nothing can be lost
	if len(z.File) > limits.Entries {
		return errs.New(errs.Invalid, "file.too_large", "the workbook has %d parts", len(z.File))
	}
	var total uint64
	for _, f := range z.File {
		total += f.UncompressedSize64
		if f.UncompressedSize64 > uint64(limits.FileBytes) || total > uint64(limits.FileBytes) {
			return errs.New(errs.Invalid, "file.too_large", "the workbook is larger than allowed when unpacked")
		}
	}
	return nil
}

func (r *Reader) openXLSX(path string, format Format, limits Limits) error {
	book, err := openWorkbook(path, limits)
	if err != nil {
		return err
	}
	r.closes = append(r.closes, book.Close)
	sheet := format.Sheet
	if sheet == "" {
		sheet = book.GetSheetName(0)
	}
	rows, err := book.Rows(sheet)
	if err != nil {
		return errs.New(errs.Invalid, "file.sheet", "the workbook has no sheet %q", sheet).At("sheet")
	}
	r.closes = append(r.closes, rows.Close)
	var line int64
	r.next = func() (Row, error) {
		if !rows.Next() {
			if err := rows.Error(); err != nil {
				return Row{}, errs.New(errs.Invalid, "file.xlsx", "the sheet cannot be read after row %d: %v", line, err)
			}
			return Row{}, io.EOF
		}
		line++
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return Row{}, errs.New(errs.Invalid, "file.xlsx", "row %d cannot be read: %v", line, err)
		}
		row := Row{Line: line, Cells: cells}
		if len(cells) > limits.Fields {
			row.Cells, row.Problem = cells[:limits.Fields], ProblemTooLong
		}
		for i, c := range row.Cells {
			if len(c) > limits.FieldBytes {
				row.Cells[i], row.Problem = strings.ToValidUTF8(c[:limits.FieldBytes], ""), ProblemTooLong
				continue
			}
			row.Cells[i] = shown(c)
		}
		return row, nil
	}
	return nil
}

// shown turns a stored binary fraction into the 15 digits Excel shows: 2.5499999999999998 is 2.55 to its author.
func shown(c string) string {
	if len(c) < 8 || !strings.ContainsAny(c, ".E") || strings.Trim(c, "0123456789.-+E") != "" || strings.Contains(c, "E+") {
		return c
	}
	f, err := strconv.ParseFloat(c, 64)
	if err != nil {
		return c
	}
	digits := len(strings.Trim(strings.NewReplacer(".", "", "-", "").Replace(c), "0"))
	if digits <= 15 && !strings.Contains(c, "E") {
		return c
	}
	f, err = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		return c
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
