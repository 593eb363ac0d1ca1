package ledger

import (
	"context"
	"io"
	"time"

	"github.com/xuri/excelize/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// mostRows is how many lines a sheet of a workbook holds below its head.
const mostRows = 1_048_575

// Export writes the trial balance and every move of some days as an XLSX workbook; amounts are numbers in yuan. More moves
// than a sheet holds are Invalid: choose fewer days.
func Export(ctx context.Context, q store.Querier, w io.Writer, from, to string, zone *time.Location) (err error) {
	trial, err := TrialBalance(ctx, q, from, to)
	if err != nil {
		return err
	}
	n, err := store.One[int64](ctx, q, `SELECT COUNT(*) FROM ledger_moves WHERE day >= ? AND day <= ?`, from, to)
	if err != nil {
		return err
	}
	if n > mostRows {
		return errs.New(errs.Invalid, "ledger.too_many", "a sheet holds %d lines, these days have %d: choose fewer", mostRows, n)
	}
	book := excelize.NewFile()
	defer func() {
		if e := book.Close(); err == nil {
			err = e
		}
	}()
	if err := book.SetSheetName("Sheet1", "试算平衡"); err != nil {
		return err
	}
	sheet, err := newSheet(book, "试算平衡", []float64{10, 22, 16, 16, 16, 16}, "科目编号", "科目", "期初余额", "本期借方", "本期贷方", "期末余额")
	if err != nil {
		return err
	}
	for _, a := range trial.Accounts {
		if err := sheet.row(a.Number, a.Name, yuan(a.OpeningFen), yuan(a.DebitFen), yuan(a.CreditFen), yuan(a.ClosingFen)); err != nil {
			return err
		}
	}
	if err := sheet.row("", "合计", nil, yuan(trial.DebitFen), yuan(trial.CreditFen), yuan(trial.DifferenceFen)); err != nil {
		return err
	}
	if err := sheet.Flush(); err != nil {
		return err
	}
	if _, err := book.NewSheet("分录明细"); err != nil {
		return err
	}
	if err := exportMoves(ctx, q, book, from, to, zone); err != nil {
		return err
	}
	return book.Write(w)
}

func exportMoves(ctx context.Context, q store.Querier, book *excelize.File, from, to string, zone *time.Location) error {
	sheet, err := newSheet(book, "分录明细", []float64{12, 20, 32, 22, 18, 18, 14, 32, 32, 10, 16, 14, 24, 30},
		"记账日", "发生时间", "凭证号", "事由", "借方科目", "贷方科目", "金额", "订单", "关联单号", "客户编号", "活动", "分层", "记账人", "备注")
	if err != nil {
		return err
	}
	type line struct {
		Move
		At     time.Time `db:"at"`
		Reason string    `db:"reason"`
		Order  string    `db:"order_id"`
		Ref    string    `db:"ref"`
		By     string    `db:"posted_by"`
		Note   string    `db:"note"`
	}
	err = store.Each(ctx, q, `SELECT m.*, e.at, e.reason, e.order_id, e.ref, e.posted_by, e.note FROM ledger_moves m JOIN ledger_entries e ON e.id = m.entry_id
		WHERE m.day >= ? AND m.day <= ? ORDER BY m.day, m.entry_id, m.n`, []any{from, to}, func(l line) error {
		return sheet.row(l.Day, l.At.In(zone).Format(time.DateTime), l.Entry, l.Reason, byAccount[l.Debit].Name, byAccount[l.Credit].Name, yuan(l.AmountFen),
			l.Order, l.Ref, l.Customer, l.Campaign, l.Layer, l.By, l.Note)
	})
	if err != nil {
		return err
	}
	return sheet.Flush()
}

// yuan is an amount as a spreadsheet counts it; two decimals are exact far beyond what the books hold.
func yuan(fen int64) float64 { return float64(fen) / 100 }

// sheet is a sheet that is written row by row.
type sheet struct {
	*excelize.StreamWriter
	next int
}

func newSheet(book *excelize.File, name string, widths []float64, head ...any) (*sheet, error) {
	out, err := book.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	for i, w := range widths {
		if err := out.SetColWidth(i+1, i+1, w); err != nil {
			return nil, err
		}
	}
	s := &sheet{StreamWriter: out, next: 1}
	return s, s.row(head...)
}

func (s *sheet) row(cells ...any) error {
	at, err := excelize.CoordinatesToCellName(1, s.next)
	if err != nil {
		return err
	}
	s.next++
	return s.SetRow(at, cells)
}
