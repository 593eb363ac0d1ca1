package ledger

import (
	"slices"

	"huoshui/internal/platform/money"
)

// Kind says on which side of an account its balance stands.
type Kind string

// The kinds. Debits raise assets and costs; credits raise liabilities and income. A contra account is taken off income and
// behaves as a cost.
const (
	Asset     Kind = "asset"
	Liability Kind = "liability"
	Income    Kind = "income"
	Contra    Kind = "contra"
	Cost      Kind = "cost"
)

// AccountInfo is one line of the chart.
type AccountInfo struct {
	Account money.Account `json:"account"`
	Number  string        `json:"number" doc:"Number in the chart of accounts, after the Chinese standard"`
	Kind    Kind          `json:"kind" enum:"asset,liability,income,contra,cost"`
	Name    string        `json:"name" doc:"Chinese name, as in exported files"`
}

// DebitIsUp reports whether debits raise the account.
func (a AccountInfo) DebitIsUp() bool { return a.Kind != Liability && a.Kind != Income }

var chart = []AccountInfo{
	{money.Bank, "1002", Asset, "银行存款"},
	{money.Wechat, "1012", Asset, "微信支付待结算"},
	{money.ChannelReceivable, "1122", Asset, "渠道应收款"},
	{money.Inventory, "1405", Asset, "库存商品"},
	{money.Deferred, "2203", Liability, "预收订单款"},
	{money.Deposits, "2204", Liability, "预收定金"},
	{money.WalletPrincipal, "2205", Liability, "储值本金"},
	{money.WalletGift, "2206", Liability, "储值赠金"},
	{money.Points, "2207", Liability, "积分负债"},
	{money.RefundsPayable, "2241", Liability, "应退款"},
	{money.CommissionPayable, "2242", Liability, "应付佣金"},
	{money.Unclaimed, "2243", Liability, "待查收款"},
	{money.Revenue, "6001", Income, "商品销售收入"},
	{money.FreightIncome, "6002", Income, "运费收入"},
	{money.SalesReturns, "6003", Contra, "销售退回"},
	{money.Discounts, "6004", Contra, "促销折让"},
	{money.CouponCost, "6005", Contra, "优惠券折让"},
	{money.GiftBreakage, "6051", Income, "赠金失效收益"},
	{money.PointsBreakage, "6052", Income, "积分失效收益"},
	{money.DepositForfeited, "6053", Income, "没收定金收入"},
	{money.GoodsCost, "6401", Cost, "商品销售成本"},
	{money.GiftCost, "6601", Cost, "储值赠送成本"},
	{money.PointsCost, "6602", Cost, "积分成本"},
	{money.CommissionCost, "6603", Cost, "佣金支出"},
	{money.PaymentFee, "6604", Cost, "支付手续费"},
	{money.FreightCost, "6605", Cost, "发货运费"},
	{money.FreightInsurance, "6606", Cost, "退货运费险"},
	{money.MessageCost, "6607", Cost, "触达成本"},
	{money.PrizeCost, "6608", Cost, "奖品与奖励"},
	{money.CashDifference, "6901", Cost, "对账差额"},
}

var byAccount = func() map[money.Account]AccountInfo {
	out := make(map[money.Account]AccountInfo, len(chart))
	for _, a := range chart {
		out[a.Account] = a
	}
	return out
}()

// Chart returns the chart of accounts in the order of its numbers.
func Chart() []AccountInfo { return slices.Clone(chart) }

// Info returns a line of the chart; false when there is no such account.
func Info(a money.Account) (AccountInfo, bool) {
	info, ok := byAccount[a]
	return info, ok
}
