package demo

// pet is what lives with a person, as bits.
type pet uint8

const (
	cat pet = 1 << iota
	dog
)

// The role of a product in a basket.
const (
	food = iota
	treat
	litter
	toy
)

// product is one thing the brand sells. Cycle is the usual re-buy interval in days, 0 when it is not used up.
type product struct {
	SKU, Name, Category string
	Fen                 int64
	For                 pet
	Role                int
	Cycle               int
}

// products is the whole catalogue of the demo brand.
var products = []product{
	{"CF-2K", "全价成猫粮 2kg", "猫粮", 8900, cat, food, 30},
	{"CF-10K", "全价成猫粮 10kg", "猫粮", 32900, cat, food, 75},
	{"CF-KIT", "幼猫奶糕粮 1.5kg", "猫粮", 7900, cat, food, 28},
	{"CF-FD", "冻干双拼猫粮 1.8kg", "猫粮", 13900, cat, food, 30},
	{"CF-GI", "肠胃养护猫粮 2kg", "猫粮", 11800, cat, food, 32},
	{"DF-2K", "全价成犬粮 2.5kg", "狗粮", 8600, dog, food, 25},
	{"DF-15K", "全价成犬粮 15kg", "狗粮", 35900, dog, food, 70},
	{"DF-PUP", "幼犬粮 2kg", "狗粮", 8200, dog, food, 25},
	{"DF-SM", "小型犬鲜肉粮 3kg", "狗粮", 15800, dog, food, 35},
	{"DF-JT", "关节养护犬粮 2.5kg", "狗粮", 12800, dog, food, 30},
	{"CT-CAN", "金枪鱼猫罐头 12 罐", "猫零食", 7200, cat, treat, 18},
	{"CT-STK", "猫条鸡肉味 20 支", "猫零食", 3900, cat, treat, 14},
	{"CT-FD", "鸡肉冻干 100g", "猫零食", 4500, cat, treat, 20},
	{"CT-GRS", "猫草片", "猫零食", 1900, cat, treat, 30},
	{"DT-JRK", "鸭肉干 400g", "狗零食", 4900, dog, treat, 18},
	{"DT-CHW", "洁齿骨 30 支", "狗零食", 5900, dog, treat, 30},
	{"DT-CAN", "牛肉狗罐头 12 罐", "狗零食", 8800, dog, treat, 20},
	{"CL-TF", "豆腐猫砂 6L×4", "猫砂", 7900, cat, litter, 28},
	{"CL-MX", "混合猫砂 2.5kg×4", "猫砂", 9900, cat, litter, 30},
	{"CL-BT", "钠基膨润土猫砂 10kg", "猫砂", 5900, cat, litter, 25},
	{"DP-PAD", "宠物尿垫 100 片", "清洁护理", 5200, dog, litter, 30},
	{"DP-SHP", "低敏香波 500ml", "清洁护理", 4800, dog, litter, 60},
	{"CY-TSR", "羽毛逗猫棒", "玩具", 1500, cat, toy, 0},
	{"CY-SCR", "瓦楞纸猫抓板", "玩具", 2900, cat, toy, 0},
	{"CY-TNL", "猫隧道", "玩具", 4600, cat, toy, 0},
	{"DY-BAL", "耐咬橡胶球", "玩具", 2500, dog, toy, 0},
	{"DY-FRB", "软飞盘", "玩具", 3200, dog, toy, 0},
	{"DY-SNF", "嗅闻垫", "玩具", 6800, dog, toy, 0},
}

// shop is one place where the brand sells.
type shop struct {
	Code, Name, Channel, Province, City string
	Staff                               []string
}

// shops are the brand's stores, online first.
var shops = []shop{
	{"TM01", "天猫旗舰店", "tmall", "", "", []string{"客服一组", "客服二组"}},
	{"DY01", "抖音小店", "douyin", "", "", []string{"直播一组", "直播二组"}},
	{"YZ01", "有赞商城", "youzan", "", "", []string{"私域一组", "私域二组"}},
	{"S01", "徐汇店", "retail", "上海", "上海", []string{"徐汇导购 A", "徐汇导购 B"}},
	{"S02", "浦东店", "retail", "上海", "上海", []string{"浦东导购 A", "浦东导购 B"}},
	{"S03", "西湖店", "retail", "浙江", "杭州", []string{"西湖导购 A", "西湖导购 B"}},
	{"S04", "高新店", "retail", "四川", "成都", []string{"高新导购 A", "高新导购 B"}},
	{"S05", "南山店", "retail", "广东", "深圳", []string{"南山导购 A", "南山导购 B"}},
	{"S06", "朝阳店", "retail", "北京", "北京", []string{"朝阳导购 A", "朝阳导购 B"}},
}

// places are where online customers live, by weight.
var places = []struct {
	Province, City string
	Weight         float64
}{
	{"上海", "上海", 14}, {"北京", "北京", 12}, {"广东", "深圳", 10}, {"广东", "广州", 10}, {"浙江", "杭州", 9},
	{"四川", "成都", 9}, {"江苏", "南京", 6}, {"江苏", "苏州", 6}, {"湖北", "武汉", 6}, {"重庆", "重庆", 5},
	{"陕西", "西安", 4}, {"山东", "青岛", 3}, {"福建", "厦门", 3}, {"湖南", "长沙", 3},
}

var (
	catBreeds = []string{"橘猫", "布偶", "英短", "狸花", "三花", "奶牛猫", "缅因", "暹罗", "黑猫", "玄猫", "银渐层", "田园猫"}
	dogBreeds = []string{"金毛", "柯基", "柴犬", "泰迪", "边牧", "拉布拉多", "萨摩耶", "比熊", "雪纳瑞", "田园犬", "法斗", "博美"}
)

// shelf returns the products of a role for a pet, in catalogue order.
func shelf(p pet, role int) []int {
	return shelves[p&3][role]
}

var shelves = func() (s [4][4][]int) {
	for p := pet(1); p <= cat|dog; p++ {
		for i, it := range products {
			if it.For&p != 0 {
				s[p][it.Role] = append(s[p][it.Role], i)
			}
		}
	}
	return s
}()

// Item is a product of the demo brand as its store sells it.
type Item struct {
	SKU, Name, Category string
	Fen                 int64
	RebuyDays           int64  // 0 when it is not used up
	For                 string // "cat" or "dog"
}

// Range returns what the demo brand sells, by category.
func Range() []Item {
	out := make([]Item, len(products))
	for i, p := range products {
		out[i] = Item{SKU: p.SKU, Name: p.Name, Category: p.Category, Fen: p.Fen, RebuyDays: int64(p.Cycle), For: "cat"}
		if p.For == dog {
			out[i].For = "dog"
		}
	}
	return out
}
