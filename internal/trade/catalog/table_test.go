package catalog

import (
	"testing"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

func tableRows(rows ...map[string]string) []TableRow {
	out := make([]TableRow, len(rows))
	for i, r := range rows {
		out[i] = TableRow{Line: int64(i + 2), Cells: r}
	}
	return out
}

func TestGoodsFromATable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		s := NewService(db, func() time.Time { at = at.Add(time.Second); return at })
		above, err := s.SaveCategory(ctx, Category{Name: "猫咪"})
		if err != nil {
			t.Fatal(err)
		}
		below, err := s.SaveCategory(ctx, Category{Name: "零食", Parent: above.ID})
		if err != nil {
			t.Fatal(err)
		}
		rows := tableRows(
			map[string]string{ColTitle: "冻干", ColCategory: "猫咪/零食", ColKind: "消耗品", ColRole: "利润", ColRebuy: "30", ColSpecs: "口味：鸡肉；重量：1kg", ColCode: "A1", ColPrice: "¥1,059.90", ColCost: "29.95", ColStock: "12"},
			map[string]string{ColTitle: "冻干", ColSpecs: "口味:鱼肉;重量:1kg", ColCode: "A2", ColPrice: "69"},
			map[string]string{ColTitle: "坏价", ColCode: "B1", ColPrice: "1.234"},
			map[string]string{ColTitle: "坏价", ColCode: "B2", ColPrice: "5"},
			map[string]string{ColCode: "C1", ColPrice: "5"},
			map[string]string{ColTitle: "无分类", ColCode: "D1", ColPrice: "5", ColCategory: "没有"},
			map[string]string{ColTitle: "缺规格", ColCode: "E1", ColPrice: "5", ColSpecs: "口味:鸡肉"},
			map[string]string{ColTitle: "缺规格", ColCode: "E2", ColPrice: "5"},
			map[string]string{ColTitle: "负数", ColCode: "F1", ColPrice: "-5"},
		)
		goods, rejects, err := s.FromTable(ctx, rows)
		if err != nil || len(goods) != 1 {
			t.Fatalf("%+v, %v", goods, err)
		}
		g := goods[0]
		if g.ID != "" || g.Draft.Category != below.ID || g.Draft.Kind != KindConsumable || g.Draft.Role != RoleProfit || g.Draft.RebuyDays != 30 ||
			len(g.Draft.Specs) != 2 || len(g.Draft.SKUs) != 2 || g.Draft.SKUs[0].PriceFen != 105990 || g.Draft.SKUs[0].CostFen != 2995 || g.Stock["A1"] != 12 || len(g.Stock) != 1 {
			t.Errorf("%+v", g)
		}
		byLine := map[int64]Reject{}
		for _, r := range rejects {
			byLine[r.Line] = r
		}
		for line, want := range map[int64]string{4: "goods.price", 5: "goods.other_row", 6: "goods.title", 7: "goods.cell", 8: "goods.other_row", 9: "goods.sku_choice", 10: "goods.price"} {
			if byLine[line].Code != want {
				t.Errorf("line %d: %+v, want %s", line, byLine[line], want)
			}
		}
		made, err := s.Create(ctx, g.Draft, "stf_1")
		if err != nil {
			t.Fatal(err)
		}

		// the same goods again: what the table does not say stays
		goods, rejects, err = s.FromTable(ctx, tableRows(map[string]string{ColTitle: "冻干 2026", ColCode: "A2", ColPrice: "79"}))
		if err != nil || len(rejects) != 0 || len(goods) != 1 {
			t.Fatalf("%+v, %+v, %v", goods, rejects, err)
		}
		g = goods[0]
		if g.ID != made.ID || g.Seen != 1 || g.Draft.Title != "冻干 2026" || len(g.Draft.SKUs) != 2 || g.Draft.SKUs[1].PriceFen != 7900 || g.Draft.SKUs[0].PriceFen != 105990 || g.Draft.Category != below.ID {
			t.Errorf("%+v", g)
		}
		if _, err := s.Revise(ctx, g.ID, g.Seen, g.Draft, "stf_2"); err != nil {
			t.Fatal(err)
		}
		versions, err := s.Versions(ctx, made.ID)
		if err != nil || len(versions) != 2 || versions[0].Version != 2 || versions[0].By != "stf_2" || versions[0].Draft.SKUs[1].PriceFen != 7900 || versions[1].Draft.SKUs[1].PriceFen != 6900 {
			t.Errorf("%+v, %v", versions, err)
		}

		other, err := s.Create(ctx, GoodsDraft{Title: "猫砂", Kind: KindPhysical, SKUs: []SKU{{Code: "Z1", PriceFen: 100}}}, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, rejects, err := s.FromTable(ctx, tableRows(map[string]string{ColTitle: "混", ColCode: "A1"}, map[string]string{ColTitle: "混", ColCode: "Z1"})); err != nil || len(rejects) != 2 {
			t.Errorf("codes of two goods became one: %+v, %v", rejects, err)
		}
		for _, bad := range [][]Pair{{{Other: made.ID}}, {{Other: "gds_none"}}, {{Other: other.ID}, {Other: other.ID}}} {
			if err := s.SetPairs(ctx, made.ID, bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if err := s.SetPairs(ctx, made.ID, []Pair{{Other: other.ID}}); err != nil {
			t.Fatal(err)
		}
		if pairs, err := s.Pairs(ctx, made.ID); err != nil || len(pairs) != 1 || pairs[0].Title != "猫砂" || pairs[0].Source != "hand" {
			t.Errorf("%+v, %v", pairs, err)
		}
		beside := func() int {
			all, err := s.Beside(ctx, made.ID)
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		before := beside() // a draft is shown to nobody
		if err := s.SetStatus(ctx, other.ID, On, ""); err != nil {
			t.Fatal(err)
		}
		if on := beside(); before != 0 || on != 1 {
			t.Errorf("%d, then %d are shown beside", before, on)
		}
		if err := s.OrderCategories(ctx, "", []string{below.ID}); !errs.Is(err, errs.NotFound) {
			t.Errorf("a child was put among the parents: %v", err)
		}
		low := int64(0)
		if p, err := s.List(ctx, Filter{Low: &low}); err != nil || p.Total != 2 {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func FuzzTableGoods(f *testing.F) {
	f.Add("口味：鸡肉；重量：1kg", "¥1,059.90", "12", "消耗品")
	f.Add(";;:", "1e9", "-1", "")
	f.Add("a:b;a:b", "99999999999.99", "９", "实物")
	f.Fuzz(func(t *testing.T, specs, price, stock, kind string) {
		g := TableGoods{Stock: map[string]int64{}, Draft: GoodsDraft{Kind: KindPhysical}}
		bad := g.row(TableRow{1, map[string]string{ColTitle: "t", ColCode: "c", ColSpecs: specs, ColPrice: price, ColStock: stock, ColKind: kind}}, true, nil, nil)
		if bad != nil {
			return
		}
		g.Draft.Title = "t"
		if err := g.Draft.check(); err == nil && (g.Draft.SKUs[0].PriceFen <= 0 || g.Stock["c"] < 0) {
			t.Fatalf("%+v", g)
		}
	})
}
