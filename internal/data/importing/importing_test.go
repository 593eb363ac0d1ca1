package importing

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/platform/files"
	"huoshui/internal/platform/money"
)

func TestGuess(t *testing.T) {
	for name, c := range map[string]struct {
		target string
		header []string
		preset string
		want   map[string]int
	}{
		"tmall orders": {
			TargetOrders, []string{"订单编号", "买家会员名", "买家支付宝账号", "买家应付货款", "买家应付邮费", "总金额", "买家实际支付金额", "订单状态", "收货人姓名", "收货地址 ", "联系电话 ", "联系手机", "订单创建时间", "订单付款时间 ", "宝贝标题 ", "宝贝种类 ", "宝贝总数量 ", "退款金额"},
			"tmall", map[string]int{FieldOrder: 0, FieldExternal: 1, FieldAmount: 3, FieldOrderAmount: 6, FieldStatus: 7, FieldName: 8, FieldPhone: 11, FieldCreatedAt: 12, FieldPaidAt: 13, FieldProductName: 14, FieldQuantity: 16, FieldRefunded: 17},
		},
		"douyin lines": {
			TargetOrders, []string{"主订单编号", "子订单编号", "选购商品", "商品规格", "商品数量", "商品ID", "商家编码", "商品单价", "订单应付金额", "收件人", "收件人手机号", "省", "市", "订单提交时间", "支付完成时间", "订单状态", "达人昵称"},
			"douyin", map[string]int{FieldOrder: 0, FieldLine: 1, FieldProductName: 2, FieldQuantity: 4, FieldProduct: 6, FieldPrice: 7, FieldAmount: 8, FieldName: 9, FieldPhone: 10, FieldProvince: 11, FieldCity: 12, FieldCreatedAt: 13, FieldPaidAt: 14, FieldStatus: 15},
		},
		"youzan orders": {
			TargetOrders, []string{"订单号", "订单状态", "买家付款时间", "归属店铺", "全部商品名称", "商品种类数", "订单实付金额", "粉丝昵称", "买家手机号", "收货人/提货人", "收货人手机号/提货人手机号", "收货人省份", "收货人城市", "订单创建时间", "订单已退款金额"},
			"youzan", map[string]int{FieldOrder: 0, FieldStatus: 1, FieldPaidAt: 2, FieldStore: 3, FieldProductName: 4, FieldOrderAmount: 6, FieldExternal: 7, FieldPhone: 10, FieldName: 9, FieldProvince: 11, FieldCity: 12, FieldCreatedAt: 13, FieldRefunded: 14},
		},
		"online retail": {
			TargetOrders, []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"},
			"online-retail", map[string]int{FieldOrder: 0, FieldProduct: 1, FieldProductName: 2, FieldQuantity: 3, FieldCreatedAt: 4, FieldPrice: 5, FieldExternal: 6, FieldProvince: 7},
		},
		"crm": {
			TargetCustomers, []string{"会员编号", "姓名", "手机号(必填)", "性别", "生日", "注册时间", "会员等级"},
			"generic", map[string]int{FieldExternal: 0, FieldName: 1, FieldPhone: 2, FieldGender: 3, FieldBirthday: 4, FieldRegistered: 5, FieldLevel: 6},
		},
	} {
		t.Run(name, func(t *testing.T) {
			preset := GuessPreset(c.target, c.header)
			if preset != c.preset {
				t.Errorf("preset %q, want %q", preset, c.preset)
			}
			got := GuessColumns(c.target, preset, c.header)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if err := (Spec{Preset: preset, Columns: got, Channel: "x"}).check(c.target, len(c.header)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSpecSaysWhatIsMissing(t *testing.T) {
	full := map[string]int{FieldOrder: 0, FieldPaidAt: 1, FieldPrice: 2, FieldPhone: 3}
	without := func(fields ...string) map[string]int {
		out := map[string]int{}
		for f, c := range full {
			if !slices.Contains(fields, f) {
				out[f] = c
			}
		}
		return out
	}
	for want, spec := range map[string]Spec{
		"":                                    {Preset: "generic", Columns: full, Channel: "x"},
		"map the order number":                {Preset: "generic", Columns: without(FieldOrder), Channel: "x"},
		"map the time of payment or of order": {Preset: "generic", Columns: without(FieldPaidAt), Channel: "x"},
		"map a price or an amount":            {Preset: "generic", Columns: without(FieldPrice), Channel: "x"},
		"map at least one of customer id, phone, e-mail and card":   {Preset: "generic", Columns: without(FieldPhone), Channel: "x"},
		"say which channel the file comes from":                     {Preset: "generic", Columns: full},
		`there is no preset "nope"`:                                 {Preset: "nope", Columns: full, Channel: "x"},
		"phone is mapped to column 3 of 3":                          {Preset: "generic", Columns: full, Channel: "x"},
		"a statement of consent needs channels and how it is known": {Preset: "generic", Columns: full, Channel: "x", Consent: &Consent{Channels: []string{"email"}}},
	} {
		columns := 4
		if want == "phone is mapped to column 3 of 3" {
			columns = 3
		}
		err := spec.check(TargetOrders, columns)
		if want == "" && err != nil || want != "" && (err == nil || !bytes.Contains([]byte(err.Error()), []byte(want))) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// TestSorter: whatever fits in memory, records come out sorted, all of them, as they went in.
func TestSorter(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		s := newSorter(dir, rapid.IntRange(40, 4000).Draw(rt, "memory"))
		var want []string
		for range rapid.IntRange(0, 200).Draw(rt, "records") {
			key := rapid.SliceOfN(rapid.Byte(), 0, 6).Draw(rt, "key")
			value := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "value")
			want = append(want, fmt.Sprintf("%x %x", key, value))
			if err := s.add(key, value); err != nil {
				rt.Fatal(err)
			}
		}
		var got []string
		var last []byte
		err := s.each(func(key, value []byte) error {
			if bytes.Compare(last, key) > 0 {
				rt.Errorf("%x after %x", key, last)
			}
			last = bytes.Clone(key)
			got = append(got, fmt.Sprintf("%x %x", key, value))
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			rt.Errorf("%d of %d records, or others", len(got), len(want))
		}
		if err := s.drop(); err != nil {
			rt.Error(err)
		}
	})
}

func TestEntrySurvivesTheDisk(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var e entry
		for _, s := range e.texts() {
			*s = rapid.String().Draw(rt, "text")
		}
		for _, n := range e.numbers() {
			*n = rapid.Int64().Draw(rt, "number")
		}
		e.refund = rapid.Bool().Draw(rt, "refund")
		var back entry
		if err := back.decode(e.encode(nil)); err != nil || back != e {
			rt.Errorf("%+v came back as %+v, %v", e, back, err)
		}
		if err := back.decode(e.encode(nil)[1:]); err == nil && back == e {
			rt.Error("a damaged record was not noticed")
		}
	})
}

func TestParse(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	header := []string{FieldOrder, FieldExternal, FieldPhone, FieldPaidAt, FieldProduct, FieldQuantity, FieldPrice, FieldStatus}
	columns := map[string]int{}
	for i, f := range header {
		columns[f] = i
	}
	good := []string{"1", "n1", "13800000001", "2026-03-01 10:00:00", "A", "2", "1.005", "交易成功"}
	with := func(field, value string) []string {
		out := slices.Clone(good)
		out[columns[field]] = value
		return out
	}
	p := newParser(TargetOrders, Spec{Preset: "generic", Columns: columns}, zone)
	for reason, cells := range map[string][]string{
		"": good, ReasonNoOrder: with(FieldOrder, " "), ReasonScientific: with(FieldOrder, "1.2E+17"), ReasonNoDate: with(FieldPaidAt, ""),
		ReasonBadDate: with(FieldPaidAt, "soon"), ReasonAmbiguousDate: with(FieldPaidAt, "3/4/2026"), ReasonZeroQuantity: with(FieldQuantity, "0"),
		ReasonBadNumber: with(FieldQuantity, "two"), ReasonPrice: with(FieldPrice, "0.00"), ReasonBadAmount: with(FieldPrice, "free"), ReasonNotPaid: with(FieldStatus, "等待买家付款"),
		ReasonNoAmount: with(FieldPrice, ""),
	} {
		_, refused := p.parse(files.Row{Line: 2, Cells: cells})
		if (refused == nil) != (reason == "") || refused != nil && refused.reason != reason {
			t.Errorf("%q: %v", reason, refused)
		}
	}
	e, refused := p.parse(files.Row{Line: 7, Cells: with(FieldPhone, "0571-1234")})
	if refused != nil || e.phone != "" || e.amount != 201 || e.quantity != 2 || e.line != 7 || !micros(e.at).Equal(time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", e, refused)
	}
	both := with(FieldPhone, "0571-1234")
	both[columns[FieldExternal]] = ""
	if _, refused := p.parse(files.Row{Cells: both}); refused == nil || refused.reason != ReasonBadPhone {
		t.Errorf("an order of nobody: %v", refused)
	}
	if e, refused := p.parse(files.Row{Cells: with(FieldQuantity, "-3")}); refused != nil || !e.refund || e.quantity != 3 || e.amount != 302 {
		t.Errorf("%+v, %v", e, refused)
	}
	if _, refused := p.parse(files.Row{Cells: []string{"1"}, Problem: files.ProblemQuotes}); refused == nil || refused.reason != files.ProblemQuotes {
		t.Errorf("a broken line: %v", refused)
	}
}

// TestTimes: the quick way and the exact way never differ.
func TestTimes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		price := rapid.StringMatching(`[0-9]{1,6}(\.[0-9]{0,5})?`).Draw(rt, "price")
		quantity := rapid.Int64Range(0, 100000).Draw(rt, "quantity")
		got, quick := times(price, quantity)
		want, err := money.Times(price, fmt.Sprint(quantity))
		if quick && (err != nil || got != want) {
			rt.Errorf("%s × %d = %d, want %d, %v", price, quantity, got, want, err)
		}
	})
}

func TestSafeCells(t *testing.T) {
	got := safeCells([]string{"=1+1", "+8613", "@x", "-5", "-x", "123456789012345", "1234.5", "猫"}, 9)
	want := []string{"\t=1+1", "\t+8613", "\t@x", "-5", "\t-x", "\t123456789012345", "1234.5", "猫", ""}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
