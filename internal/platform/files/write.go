package files

import (
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// WriteXLSX writes a workbook of one sheet: the head, then every row that rows puts. Texts stay texts: none is read as a formula.
func WriteXLSX(w io.Writer, name string, widths []float64, head []any, rows func(put func(cells ...any) error) error) (err error) {
	book := excelize.NewFile()
	defer func() {
		if e := book.Close(); err == nil && e != nil {
			err = fmt.Errorf("workbook: %w", e)
		}
	}()
	if err := book.SetSheetName("Sheet1", name); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	sheet, err := book.NewStreamWriter(name)
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	for i, width := range widths {
		if err := sheet.SetColWidth(i+1, i+1, width); err != nil {
			return fmt.Errorf("workbook: %w", err)
		}
	}
	next := 1
	put := func(cells ...any) error {
		at, err := excelize.CoordinatesToCellName(1, next)
		if err != nil {
			return err
		}
		next++
		return sheet.SetRow(at, cells)
	}
	if err := put(head...); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	if err := rows(put); err != nil {
		return err
	}
	if err := sheet.Flush(); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	return book.Write(w)
}
