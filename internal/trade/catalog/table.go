package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/store"
)

// Columns of a table of goods, a row for each SKU, as workbooks call them.
const (
	ColTitle    = "商品名称"
	ColSubtitle = "副标题"
	ColCategory = "分类"
	ColKind     = "类型"
	ColRole     = "角色"
	ColRebuy    = "复购周期（天）"
	ColSpecs    = "规格"
	ColCode     = "规格编码"
	ColPrice    = "售价"
	ColMarket   = "划线价"
	ColCost     = "成本"
	ColWeight   = "重量（克）"
	ColBarcode  = "条码"
	ColStock    = "库存"
)

// Columns are the columns of a table of goods, in their order.
var Columns = []string{ColTitle, ColSubtitle, ColCategory, ColKind, ColRole, ColRebuy, ColSpecs, ColCode, ColPrice, ColMarket, ColCost, ColWeight, ColBarcode, ColStock}

// Words for kinds and roles in tables.
var (
	KindWords = map[string]string{KindPhysical: "实物", KindConsumable: "消耗品", KindService: "服务", KindCourse: "课程", KindVirtual: "虚拟"}
	RoleWords = map[string]string{RoleNone: "", RoleTraffic: "引流", RoleProfit: "利润", RoleImage: "形象"}
)

// TableRow is a row of a table of goods: its cells by column.
type TableRow struct {
	Line  int64
	Cells map[string]string
}

// Reject is a row of a table that was not taken, and why.
type Reject struct {
	Line   int64  `json:"line" doc:"From 1, the headings included"`
	Column string `json:"column" doc:"The heading; empty when it is the whole row"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// TableGoods are goods as rows of a table say them.
type TableGoods struct {
	ID    string // of goods that are there already, found by a code; empty makes new ones
	Seen  int64
	Draft GoodsDraft
	Stock map[string]int64 // units that lie of a SKU, by code, where the table says it
	Lines []int64
}

// FromTable reads goods from rows: rows of one title are one piece of goods, a row each SKU. Goods are those that have one of the
// codes already; what the table does not say of them stays, and a cell that is empty says nothing. Goods with a row that cannot be read
// are not taken at all: every row of them is told.
func (s *Service) FromTable(ctx context.Context, rows []TableRow) ([]TableGoods, []Reject, error) {
	categories, err := s.Categories(ctx)
	if err != nil {
		return nil, nil, err
	}
	var titles []string
	byTitle := map[string][]TableRow{}
	var rejects []Reject
	for _, r := range rows {
		title := r.Cells[ColTitle]
		if title == "" {
			rejects = append(rejects, Reject{r.Line, ColTitle, "goods.title", "a row names its goods"})
			continue
		}
		if byTitle[title] == nil {
			titles = append(titles, title)
		}
		byTitle[title] = append(byTitle[title], r)
	}
	var out []TableGoods
	for _, title := range titles {
		group := byTitle[title]
		g, bad, err := s.tableGoods(ctx, title, group, categories)
		if err != nil {
			return nil, nil, err
		}
		if bad == nil {
			if err := g.Draft.check(); err != nil {
				bad = RejectOf(group[0].Line, "", err)
			}
		}
		if bad == nil {
			out = append(out, g)
			continue
		}
		for _, r := range group {
			one := *bad
			if r.Line != bad.Line {
				one = Reject{r.Line, "", "goods.other_row", "another row of these goods cannot be read"}
			}
			rejects = append(rejects, one)
		}
	}
	return out, rejects, nil
}

// RejectOf tells an error of the business as a reject.
func RejectOf(line int64, column string, err error) *Reject {
	r := &Reject{line, column, "goods.unreadable", err.Error()}
	var e *errs.Error
	if errors.As(err, &e) {
		r.Code, r.Reason = e.Code, e.Message
	}
	return r
}

func (s *Service) tableGoods(ctx context.Context, title string, rows []TableRow, categories []Category) (TableGoods, *Reject, error) {
	g := TableGoods{Stock: map[string]int64{}, Draft: GoodsDraft{Kind: KindPhysical}}
	known := map[string]SKU{}
	codes := make([]string, len(rows))
	for i, r := range rows {
		codes[i] = r.Cells[ColCode]
	}
	var w store.Where
	store.In(&w, "code", codes)
	homes, err := store.All[string](ctx, s.db, `SELECT DISTINCT goods_id FROM skus`+w.SQL()+` ORDER BY goods_id LIMIT 2`, w.Args()...)
	if err != nil {
		return g, nil, err
	}
	if len(homes) > 1 {
		return g, &Reject{rows[0].Line, ColCode, "goods.sku_taken", "these codes belong to different goods"}, nil
	}
	if len(homes) == 1 {
		old, err := s.Get(ctx, homes[0])
		if err != nil {
			return g, nil, err
		}
		g.ID, g.Seen, g.Draft = old.ID, old.Version, old.Draft()
		for _, k := range g.Draft.SKUs {
			known[k.Code] = k
		}
	}
	g.Draft.Title = title
	for i, r := range rows {
		g.Lines = append(g.Lines, r.Line)
		if bad := g.row(r, i == 0, known, categories); bad != nil {
			return g, bad, nil
		}
	}
	return g, nil, nil
}

// row puts a row into goods; the first row of them also says what they have in common.
func (g *TableGoods) row(r TableRow, first bool, known map[string]SKU, categories []Category) *Reject {
	d := &g.Draft
	bad := func(column, code, format string, args ...any) *Reject {
		return &Reject{r.Line, column, code, fmt.Sprintf(format, args...)}
	}
	if first {
		if column, text := g.common(r.Cells, categories); column != "" {
			return bad(column, "goods.cell", "%s", text)
		}
	}
	k := SKU{Code: r.Cells[ColCode]}
	if k.Code == "" {
		return bad(ColCode, "goods.sku_code", "a row has the code of its SKU")
	}
	old, there := known[k.Code]
	if there {
		k = old
	}
	k.Gone = false
	choice := r.Cells[ColSpecs]
	if choice != "" || !there {
		names, values := specsOf(choice)
		if len(d.Specs) == 0 && len(d.SKUs) == 0 {
			for _, n := range names {
				d.Specs = append(d.Specs, Spec{Name: n})
			}
		}
		if len(names) != len(d.Specs) {
			return bad(ColSpecs, "goods.sku_choice", "the goods are chosen by %d specs, the row says %d", len(d.Specs), len(names))
		}
		for j, n := range names {
			if d.Specs[j].Name != n {
				return bad(ColSpecs, "goods.sku_choice", "the row chooses by %q, the goods by %q", n, d.Specs[j].Name)
			}
			if !slices.Contains(d.Specs[j].Values, values[j]) {
				d.Specs[j].Values = append(d.Specs[j].Values, values[j])
			}
		}
		k.Choice = values
	}
	for column, to := range map[string]*int64{ColPrice: &k.PriceFen, ColMarket: &k.MarketFen, ColCost: &k.CostFen} {
		if v := r.Cells[column]; v != "" {
			fen, err := fenOf(v)
			if err != nil {
				return bad(column, "goods.price", "%q is no amount of yuan", v)
			}
			*to = fen
		}
	}
	if v := r.Cells[ColWeight]; v != "" {
		n, err := files.Int(v)
		if err != nil {
			return bad(ColWeight, "goods.weight", "%q is no weight in grams", v)
		}
		k.WeightG = n
	}
	if v := r.Cells[ColStock]; v != "" {
		n, err := files.Int(v)
		if err != nil || n < 0 || n > 1e9 {
			return bad(ColStock, "inventory.quantity", "%q is no number of units", v)
		}
		if _, twice := g.Stock[k.Code]; !twice {
			g.Stock[k.Code] = n
		}
	}
	if v := r.Cells[ColBarcode]; v != "" {
		k.Barcode = v
	}
	if at := slices.IndexFunc(d.SKUs, func(o SKU) bool { return o.Code == k.Code }); at >= 0 && there {
		d.SKUs[at] = k
	} else {
		d.SKUs = append(d.SKUs, k)
	}
	return nil
}

// common reads what all SKUs of goods share; it returns the column that cannot be read, and why.
func (g *TableGoods) common(cells map[string]string, categories []Category) (column, text string) {
	d := &g.Draft
	if v := cells[ColSubtitle]; v != "" {
		d.Subtitle = v
	}
	if v := cells[ColCategory]; v != "" {
		id, ok := categoryOf(v, categories)
		if !ok {
			return ColCategory, fmt.Sprintf("there is no category %q", v)
		}
		d.Category = id
	}
	for word, c := range map[string]struct {
		words map[string]string
		to    *string
	}{ColKind: {KindWords, &d.Kind}, ColRole: {RoleWords, &d.Role}} {
		v := cells[word]
		if v == "" {
			continue
		}
		found := ""
		for _, code := range slices.Sorted(maps.Keys(c.words)) {
			if v == code || v == c.words[code] {
				found = code
			}
		}
		if found == "" {
			return word, fmt.Sprintf("there is no %q", v)
		}
		*c.to = found
	}
	if v := cells[ColRebuy]; v != "" {
		n, err := files.Int(v)
		if err != nil {
			return ColRebuy, fmt.Sprintf("%q is no number of days", v)
		}
		d.RebuyDays = n
	}
	return "", ""
}

// categoryOf finds a category by "above/below" or by a name that only one has.
func categoryOf(name string, all []Category) (string, bool) {
	byID, found := map[string]Category{}, ""
	for _, c := range all {
		byID[c.ID] = c
	}
	for _, c := range all {
		if whole := CategoryPath(c, byID); whole == name {
			return c.ID, true
		}
		if c.Name == name {
			if found != "" {
				return "", false
			}
			found = c.ID
		}
	}
	return found, found != ""
}

// CategoryPath is what tables call a category: with the name of the one above.
func CategoryPath(c Category, byID map[string]Category) string {
	if p, ok := byID[c.Parent]; ok && c.Parent != "" {
		return p.Name + "/" + c.Name
	}
	return c.Name
}

// specsOf reads "口味:鸡肉;重量:2kg", with colons and semicolons of either width.
func specsOf(s string) (names, values []string) {
	s = strings.NewReplacer("：", ":", "；", ";").Replace(s)
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, ":")
		if !ok {
			name, value = "规格", part
		}
		names, values = append(names, strings.TrimSpace(name)), append(values, strings.TrimSpace(value))
	}
	return names, values
}

// SpecsText is what specsOf reads.
func SpecsText(specs []Spec, choice []string) string {
	var parts []string
	for i, v := range choice {
		if i < len(specs) {
			parts = append(parts, specs[i].Name+":"+v)
		}
	}
	return strings.Join(parts, ";")
}

// fenOf reads an amount of yuan with at most two decimals, exactly.
func fenOf(s string) (int64, error) {
	text, err := files.Number(s)
	if err != nil {
		return 0, err
	}
	whole, frac, _ := strings.Cut(text, ".")
	frac = strings.TrimRight(frac, "0")
	if len(frac) > 2 || strings.HasPrefix(whole, "-") || len(whole) > 10 {
		return 0, files.ErrNotNumber
	}
	return strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
}

// Draft is what an operator could write to get these goods as they are.
func (g *Goods) Draft() GoodsDraft {
	d := GoodsDraft{
		Title: g.Title, Subtitle: g.Subtitle, Category: g.Category, Kind: g.Kind, Role: g.Role, Specs: g.Specs, Pictures: g.Pictures, Points: g.Points,
		Detail: g.Detail, RebuyDays: g.RebuyDays, Freight: g.Freight,
	}
	for _, k := range g.SKUs {
		if !k.Gone {
			d.SKUs = append(d.SKUs, k)
		}
	}
	return d
}
