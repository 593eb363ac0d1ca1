package importing

import (
	"slices"
	"strings"

	"huoshui/internal/platform/files"
)

// Fields a column can be mapped to.
const (
	FieldOrder        = "order_no"
	FieldLine         = "line_id"
	FieldPaidAt       = "paid_at"
	FieldCreatedAt    = "ordered_at"
	FieldStatus       = "status"
	FieldProduct      = "product"
	FieldProductName  = "product_name"
	FieldCategory     = "category"
	FieldQuantity     = "quantity"
	FieldPrice        = "price"
	FieldAmount       = "amount"
	FieldOrderAmount  = "order_amount"
	FieldRefunded     = "refunded"
	FieldExternal     = "customer_id"
	FieldName         = "name"
	FieldPhone        = "phone"
	FieldEmail        = "email"
	FieldCard         = "card"
	FieldGender       = "gender"
	FieldBirthday     = "birthday"
	FieldProvince     = "province"
	FieldCity         = "city"
	FieldStore        = "store"
	FieldLevel        = "level"
	FieldZone         = "zone"
	FieldSource       = "source"
	FieldRegistered   = "registered_at"
	FieldConsentEmail = "consent_email"
	FieldConsentPhone = "consent_phone"
)

// Field is something a column can mean. Names are the headers that mean it, in lower case without spaces.
type Field struct {
	Code     string   `json:"code"`
	Required bool     `json:"required" doc:"The import cannot do without; alternatives are checked together"`
	Names    []string `json:"-"`
}

var personFields = []Field{
	{FieldExternal, false, []string{"customerid", "customer_id", "customer", "custid", "userid", "user_id", "buyerid", "买家会员名", "买家昵称", "买家旺旺", "会员名", "用户id", "客户id", "客户编号", "会员编号", "买家openid", "open_id", "buyer_open_uid", "昵称", "粉丝昵称", "会员id", "顾客编号"}},
	{FieldPhone, false, []string{"phone", "mobile", "tel", "telephone", "联系手机", "手机", "手机号", "手机号码", "收货人手机", "收货人手机号", "收件人手机号", "收件人手机", "买家手机", "买家手机号", "客户手机号", "会员手机号", "联系电话", "电话", "收货人电话"}},
	{FieldEmail, false, []string{"email", "e-mail", "mail", "emailaddress", "邮箱", "电子邮箱", "电子邮件", "买家邮箱"}},
	{FieldCard, false, []string{"card", "cardno", "membercard", "会员卡号", "会员卡", "卡号"}},
	{FieldName, false, []string{"name", "fullname", "customername", "姓名", "收货人姓名", "收货人", "收件人", "客户姓名", "会员姓名", "顾客姓名", "买家姓名", "收货人/提货人", "客户名称"}},
	{FieldProvince, false, []string{"province", "state", "省", "省份", "收货省份", "收货人省份", "所在省"}},
	{FieldCity, false, []string{"city", "市", "城市", "收货城市", "收货人城市", "所在市", "所在城市"}},
	{FieldStore, false, []string{"store", "shop", "门店", "门店编号", "店铺", "店铺名称", "网店名称", "归属店铺", "所属门店"}},
	{FieldLevel, false, []string{"level", "memberlevel", "tier", "会员等级", "等级", "客户等级"}},
}

var customerFields = append([]Field{
	{FieldGender, false, []string{"gender", "sex", "性别"}},
	{FieldBirthday, false, []string{"birthday", "birthdate", "dob", "生日", "出生日期"}},
	{FieldZone, false, []string{"zone", "timezone", "time_zone", "tz", "时区", "所在时区", "客户时区", "会员时区"}},
	{FieldSource, false, []string{"source", "channel", "来源", "来源渠道", "渠道", "客户来源"}},
	{FieldRegistered, false, []string{"registered", "registeredat", "registered_at", "createdat", "created_at", "joined", "注册时间", "注册日期", "入会时间", "成为会员时间", "成为客户时间", "创建时间", "首次添加时间"}},
	{FieldConsentEmail, false, []string{"consent_email", "emailconsent", "email_opt_in", "同意邮件", "接收邮件", "邮件订阅"}},
	{FieldConsentPhone, false, []string{"consent_phone", "phoneconsent", "phone_opt_in", "同意电话", "接收消息", "接收短信"}},
}, personFields...)

var orderFields = append([]Field{
	{FieldOrder, true, []string{"invoiceno", "invoice", "orderno", "order_no", "orderid", "order_id", "ordernumber", "order", "订单编号", "主订单编号", "订单号", "主订单号", "交易编号", "交易号", "订单id"}},
	{FieldLine, false, []string{"lineid", "line_id", "子订单编号", "子订单号", "子订单id", "商品单号", "商品订单号"}},
	{FieldPaidAt, false, []string{"paidat", "paid_at", "paymentdate", "订单付款时间", "付款时间", "买家付款时间", "支付时间", "支付完成时间", "订单支付时间"}},
	{FieldCreatedAt, false, []string{"invoicedate", "orderdate", "order_date", "orderedat", "ordered_at", "createdat", "created_at", "date", "time", "yyyymmdd", "订单创建时间", "下单时间", "订单提交时间", "创建时间", "成交时间", "日期", "时间", "销售时间"}},
	{FieldStatus, false, []string{"status", "orderstatus", "订单状态", "交易状态", "状态"}},
	{FieldProduct, false, []string{"stockcode", "sku", "skucode", "productid", "product_id", "productcode", "商家编码", "外部系统编号", "商品编码", "规格编码", "商品id", "货号", "商家sku编码", "sku编码", "商品条码", "商品编号"}},
	{FieldProductName, false, []string{"description", "product", "productname", "product_name", "title", "标题", "宝贝标题", "商品名称", "商品标题", "选购商品", "商品", "全部商品名称"}},
	{FieldCategory, false, []string{"category", "类目", "商品类目", "分类", "商品分类", "品类"}},
	{FieldQuantity, false, []string{"quantity", "qty", "number", "count", "购买数量", "宝贝总数量", "商品数量", "数量", "商品数量合计", "件数"}},
	{FieldPrice, false, []string{"unitprice", "unit_price", "price", "价格", "单价", "商品单价", "成交单价", "商品价格"}},
	{FieldAmount, false, []string{"amount", "lineamount", "line_amount", "linetotal", "value", "商品金额", "商品实际成交金额", "商品实付", "子订单实付金额", "买家应付货款小计", "金额", "小计", "实付小计"}},
	{FieldOrderAmount, false, []string{"orderamount", "order_amount", "total", "totalprice", "ordertotal", "买家实际支付金额", "买家实付金额", "实付金额", "订单实付金额", "订单应付金额", "订单金额", "支付金额", "实收金额"}},
	{FieldRefunded, false, []string{"refunded", "refund", "refundamount", "退款金额", "订单已退款金额", "已退款金额", "商品已退款金额"}},
}, personFields...)

// FieldsOf returns the fields of a target, in the order to show.
func FieldsOf(target string) []Field {
	if target == TargetCustomers {
		return customerFields
	}
	return orderFields
}

// Preset is what is known beforehand about one kind of export.
type Preset struct {
	Code    string `json:"code"`
	Target  string `json:"target" doc:"orders, customers, or empty for both"`
	Channel string `json:"channel" doc:"Channel, unless another is said"`
	// cancelPrefix marks order numbers that are cancellations of earlier purchases.
	cancelPrefix string
	// columns are headers that this export uses for fields, before the general names are tried.
	columns map[string][]string
	// marks are headers that only this export has.
	marks []string
}

var presets = []Preset{
	{Code: "generic"},
	{Code: "online-retail", Target: TargetOrders, Channel: "online", cancelPrefix: "C",
		columns: map[string][]string{FieldProvince: {"country"}}, marks: []string{"invoiceno", "stockcode", "unitprice", "customerid"}},
	{Code: "tmall", Channel: "tmall", marks: []string{"买家会员名", "买家实际支付金额", "宝贝标题", "宝贝总数量", "买家应付货款", "主订单编号"},
		columns: map[string][]string{FieldAmount: {"买家应付货款"}, FieldStore: {"店铺名称"}, FieldPhone: {"联系手机"}}},
	{Code: "youzan", Channel: "youzan", marks: []string{"粉丝昵称", "订单实付金额", "全部商品名称", "收货人/提货人", "订单已退款金额", "归属店铺"},
		columns: map[string][]string{FieldPhone: {"收货人手机号/提货人手机号", "买家手机号"}, FieldPaidAt: {"买家付款时间"}}},
	{Code: "douyin", Channel: "douyin", marks: []string{"主订单编号", "子订单编号", "选购商品", "商品id", "达人昵称", "订单提交时间"},
		columns: map[string][]string{FieldAmount: {"订单应付金额"}, FieldPaidAt: {"支付完成时间"}}},
}

// Presets returns every preset, in the order to show.
func Presets() []Preset { return presets }

// PresetByCode returns the preset with the code.
func PresetByCode(code string) (Preset, bool) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Code == code })
	if i < 0 {
		return Preset{}, false
	}
	return presets[i], true
}

// headerKey is a header without what exports vary in: case, spaces, brackets with units.
func headerKey(h string) string {
	h = strings.ToLower(files.Text(h))
	for _, open := range []string{"(", "\uFF08", "["} {
		if i := strings.Index(h, open); i > 0 {
			h = h[:i]
		}
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u3000' || r == '*' || r == ':' || r == '\uFF1A' {
			return -1
		}
		return r
	}, h)
}

// GuessPreset names the preset whose marks the header shows: at least two, the most of all.
func GuessPreset(target string, header []string) string {
	have := map[string]bool{}
	for _, h := range header {
		have[headerKey(h)] = true
	}
	best, most := "generic", 1
	for _, p := range presets {
		n := 0
		for _, m := range p.marks {
			if have[m] {
				n++
			}
		}
		if n > most && (p.Target == "" || p.Target == target) {
			best, most = p.Code, n
		}
	}
	return best
}

// GuessColumns maps fields to columns by the header: the preset's own words first, then the general ones, the
// earliest word of a field's list first. A column means one thing.
func GuessColumns(target, preset string, header []string) map[string]int {
	p, _ := PresetByCode(preset)
	at := map[string]int{}
	for i := len(header) - 1; i >= 0; i-- {
		at[headerKey(header[i])] = i
	}
	columns, used := map[string]int{}, map[int]bool{}
	take := func(field string, names []string) {
		if _, done := columns[field]; done {
			return
		}
		for _, name := range names {
			if i, ok := at[name]; ok && name != "" && !used[i] {
				columns[field], used[i] = i, true
				return
			}
		}
	}
	for _, f := range FieldsOf(target) {
		take(f.Code, p.columns[f.Code])
	}
	for _, f := range FieldsOf(target) {
		take(f.Code, f.Names)
	}
	return columns
}
