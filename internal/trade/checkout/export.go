package checkout

import (
	"context"
	"io"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
)

// mostExported is how many sales one workbook holds.
const mostExported = 50_000

// stateNames and deliveryNames are what a workbook calls them.
var (
	stateNames    = map[State]string{Unpaid: "待付款", Paid: "待发货", Shipped: "已发货", Finished: "已完成", Closed: "已关闭", Refunded: "已退款"}
	deliveryNames = map[string]string{ByShip: "快递", ByPickup: "自提"}
)

// Export writes the sales of a filter as an XLSX workbook, a row for each line of a sale; amounts are numbers in yuan. More than
// 50,000 sales are Invalid: choose fewer days.
func (s *Service) Export(ctx context.Context, w io.Writer, f Filter, zone *time.Location) error {
	counts, err := s.Counts(ctx, f)
	if err != nil {
		return err
	}
	var n int64
	for state, c := range counts {
		if f.State == "" || f.State == state {
			n += c.Sales
		}
	}
	if n > mostExported {
		return errs.New(errs.Invalid, "sale.too_many", "a workbook holds %d orders, these are %d: choose fewer days", mostExported, n).With("most", mostExported).With("count", n)
	}
	when := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return at.In(zone).Format(time.DateTime)
	}
	yuan := func(fen int64) float64 { return float64(fen) / 100 }
	return files.WriteXLSX(w, "订单", []float64{26, 10, 10, 20, 20, 12, 30, 20, 8, 12, 12, 12, 12, 14, 18, 40, 16, 22, 30},
		[]any{"订单号", "状态", "配送", "下单时间", "付款时间", "客户编号", "商品", "规格编码", "数量", "原价", "实付", "订单实付", "订单已退", "收件人", "电话", "地址", "快递公司", "快递单号", "买家留言"},
		func(put func(cells ...any) error) error {
			return s.Each(ctx, f, mostExported, func(sale Sale) error {
				for i, l := range sale.Quote.Lines {
					total, back := any(nil), any(nil)
					if i == 0 { // once for each order, so that a column adds up
						total, back = yuan(sale.TotalFen), yuan(sale.RefundedFen)
					}
					a := sale.Address
					err := put(sale.Number, stateNames[sale.State], deliveryNames[sale.Delivery], when(sale.PlacedAt), when(sale.PaidAt), sale.Customer,
						sale.Lines[i].Name, l.SKU, l.Quantity, yuan(l.ListFen), yuan(l.PayFen), total, back, a.Name, a.Phone, a.Place+a.Street, sale.Carrier, sale.Tracking, sale.Remark)
					if err != nil {
						return err
					}
				}
				return nil
			})
		})
}
