package product

import (
	"strconv"

	"huoshui/internal/platform/errs"
)

// Table is a report as a sheet: money in yuan, shares as numbers from 0 to 1.
type Table struct {
	Name   string
	Widths []float64
	Head   []any
	Rows   [][]any
}

func yuan(fen int64) float64 { return float64(fen) / 100 }

// roleNames are roles as the console says them.
var roleNames = map[string]string{RoleTraffic: "引流", RoleProfit: "利润", RoleImage: "形象"}

// factorNames are causes as the console says them.
var factorNames = map[string]string{
	CauseTraffic: "流量", CauseConversion: "转化率", CauseQuantity: "人均件数", CauseBuyers: "买家数", CauseFrequency: "人均单数", CauseUnits: "单均件数", CausePrice: "件单价",
}

// Table is the swings as a sheet.
func (r Swings) Table() Table {
	t := Table{Name: "销售波动", Widths: []float64{22, 30}, Head: []any{"编号", "名称", "基期销售额", "本期销售额", "变化", "流量是否可知", "原因一", "影响", "原因二", "影响", "原因三", "影响", "原因四", "影响", "本期访客", "本期买家", "本期订单", "本期件数"}}
	add := func(l Swing, name string) {
		row := []any{l.Key, name, yuan(l.Base.SalesFen), yuan(l.Current.SalesFen), yuan(l.ChangeFen), yesNo(l.Traffic)}
		for _, c := range l.Causes {
			row = append(row, factorNames[c.Factor], yuan(c.EffectFen))
		}
		t.Rows = append(t.Rows, append(row, l.Current.Visitors, l.Current.Buyers, l.Current.Orders, l.Current.Units))
	}
	add(r.Total, "合计")
	for _, l := range r.Lines {
		add(l, l.Name)
	}
	return t
}

func yesNo(yes bool) string {
	if yes {
		return "是"
	}
	return "否"
}

// Table is what is bought again as a sheet.
func (r Repeats) Table() Table {
	within := strconv.Itoa(r.Horizon) + " 天"
	t := Table{Name: "复购", Widths: []float64{22, 30}, Head: []any{"编号", "名称", "买家", "复购买家", "满" + within + "的买家", within + "复购率", "区间下限", "区间上限", "复购周期（天）", "区间下限", "区间上限", "已设置（天）", "建议（天）", "该复购的人", "销售额"}}
	for _, l := range append([]Repeat{r.All}, r.Lines...) {
		name := l.Name
		if l.ID == "" {
			name = "全店"
		}
		t.Rows = append(t.Rows, []any{l.ID, name, l.Buyers, l.Repeaters, l.Rate.Of, l.Rate.Rate, l.Rate.Low, l.Rate.High, l.Cycle.Median, l.Cycle.Low, l.Cycle.High, l.SetDays, l.Suggested, l.DueNow, yuan(l.SalesFen)})
	}
	return t
}

// Table is what is bought together as a sheet.
func (r Pairs) Table() Table {
	t := Table{Name: "连带", Widths: []float64{22, 30, 22, 30}, Head: []any{"编号甲", "甲", "编号乙", "乙", "同单", "含甲的单", "含乙的单", "支持度", "甲带乙的置信度", "乙带甲的置信度", "提升度", "比随机多出的单", "p", "q", "可信"}}
	for _, p := range r.Pairs {
		t.Rows = append(t.Rows, []any{p.A.ID, p.A.Name, p.B.ID, p.B.Name, p.Baskets, p.WithA, p.WithB, p.Support, p.AtoB.Rate, p.BtoA.Rate, p.Lift, p.Extra, p.P, p.Q, yesNo(p.Firm)})
	}
	return t
}

// Table is what people begin with as a sheet.
func (r Journeys) Table() Table {
	within := strconv.Itoa(r.Days) + " 天"
	t := Table{Name: "首购商品", Widths: []float64{22, 30}, Head: []any{"编号", "名称", "首购人数", "满" + within + "的人", within + "内再下单", within + "人均价值", "区间下限", "区间上限"}}
	for _, f := range r.Firsts {
		t.Rows = append(t.Rows, []any{f.ID, f.Name, f.People, f.Again.Of, f.Again.Rate, f.ValueFen.Mean / 100, f.ValueFen.Low / 100, f.ValueFen.High / 100})
	}
	return t
}

// Table is the roles as a sheet.
func (r Roles) Table() Table {
	t := Table{Name: "商品角色", Widths: []float64{22, 30}, Head: []any{"编号", "名称", "销售额", "访客", "买家", "转化率", "首购占比", "连带率", "件单价", "毛利率", "现角色", "建议角色"}}
	for _, l := range r.Lines {
		var conversion, margin any
		if l.Traffic {
			conversion = l.Conversion.Rate
		}
		if l.CostKnown {
			margin = l.Margin
		}
		t.Rows = append(t.Rows, []any{l.ID, l.Name, yuan(l.SalesFen), l.Visitors, l.Buyers, conversion, l.First.Rate, l.Attach.Rate, yuan(l.PriceFen), margin, roleNames[l.Role], roleNames[l.Suggested]})
	}
	return t
}

// ErrReport is the answer to a report that there is not.
func ErrReport(name string) error {
	return errs.New(errs.Invalid, "product.report", "there is no report %q", name).At("report")
}
